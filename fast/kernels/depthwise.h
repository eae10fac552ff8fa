/* Depthwise convolution: how a task sees rows of inputs, and the sizes of what it needs for that. */
#ifndef CONVSPEC_DEPTHWISE_H
#define CONVSPEC_DEPTHWISE_H

#include "pool.h"

/* What a task holds, beside the windows: what the kernel sees, and where that is. */
typedef struct {
    const cs_window *w;
    tile_depthwise *kernel;
    cs_depth d[2]; /* d[1]: of the window that is computed with this one */
    const void **rows, *zeros; /* zeros, or the fill value: a row beyond the edges */
    int64_t *starts; /* of rows that are copied, or whose ends are */
    char *brought;   /* the copies, channel by channel */
    char *ends;      /* copies of the first columns of rows, then of the last */
    const char *x;   /* the first channel of the bundle */
    int64_t depth, top, groups;
    const char *weights[2];
    int64_t each[2]; /* bytes from the weights of one output to the next */
} cs_band;

/* Whether what lies beyond the edges is not zeros: outputs near the ends of the rows see copies of these, with what is beyond. */
static inline int cs_bounded(const cs_window *w)
{
    return w->boundary != CS_FILL || w->fill;
}

/* Columns of a copy of an end, which two vectors of outputs see. */
static inline int64_t cs_end_columns(const cs_window *w)
{
    return 2 * w->lanes + (w->axis[2].taps - 1) * cs_gap(&w->axis[2]);
}

/* Rows of outputs that are apart where those of inputs are. */
static inline int64_t cs_apart(const cs_window *w)
{
    return w->axis[1].step == 1 ? cs_gap(&w->axis[1]) : 1;
}

/* Rows of outputs that a list of rows is for, and of inputs that some rows of outputs see in whole tiles. */
int64_t cs_near_rows(const cs_window *w);
int64_t cs_row_count(const cs_window *w, int64_t height);

/* Bytes of the copies of stripes; of the rows that are copied for one group, if they are; and of all ends. */
int64_t cs_copy_size(const cs_window *w);
int64_t cs_brought_size(const cs_window *w);
int64_t cs_ends_size(const cs_window *w);

/* Copies of the rows of all groups of the bundle; the rows that a band of outputs of a group sees, whole tiles of it; and copies
 * of their ends. */
void cs_bring(cs_band *b);
void cs_list_rows(cs_band *b, int64_t group);
void cs_list_ends(cs_band *b, int64_t group);

#endif
