/* Winograd's convolution: three neighbouring taps one output apart, along the columns, the rows or both, over tiles of
 * outputs; all other taps are summed over as if they were channels, three at a time along the axes of the tiles. */
#ifndef CONVSPEC_WINOGRAD_H
#define CONVSPEC_WINOGRAD_H

#include "kernels.h"

typedef struct {
    cs_window window;                            /* the same convolution by the direct algorithm, for special values */
    cs_axis axis[3];                             /* its axes, with taps in ascending order */
    int64_t base;                                /* where its weights begin then */
    int64_t down, across;                        /* outputs of a tile; 1 along an axis that is summed over */
    int64_t points, slabs, slab[3];              /* a tile is the sum of so many products of matrices; parts of the taps
                                                  * that are summed over, along the axes */
    int64_t blocks, vectors, panels;             /* vectors of channels; vectors of outputs in a panel, and panels */
    int64_t tall, wide, packed;                  /* tiles down and across; bytes of the transformed weights */
    int64_t planes, height, width, tiles;        /* a box: tiles of a few images */
    int64_t rows, columns;                       /* of the inputs of a box in an image */
    int64_t plane_boxes, tall_boxes, wide_boxes; /* for each group and depth; down and across */
    int64_t shared, input_tasks, output_tasks;   /* shared: all threads transform the inputs before any uses them */
    int64_t some;                                /* channels whose weights are transformed where they are used, or 0 */
    int64_t common, scratch;                     /* bytes of the shared inputs, and for each thread */
    double direct_cycles, tiled_cycles;          /* by the yardstick, for one image and group */
} cs_winograd;

/* 1 where Winograd's algorithm computes this window, chosen already; by its cost, or wherever it can if `forced`. What
 * it decides by is the shape of one image and the weights. */
int cs_winograd_choose(cs_winograd *g, const cs_window *w, int forced);
void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed);
/* Weights that are used `once` may stay as they are. */
void cs_winograd_split(cs_winograd *g, int64_t images, int threads, int once);

/* Vectors of taps that are transformed at once. */
enum { STAGED_VECTORS = 512 };

/* Elements of the weights from the first to the last tap of a channel, all of them: those of conv and its kin. */
int64_t cs_winograd_span(const cs_window *w);

/* Elements of a group's packed weights, with its biases; before a panel, and before the biases; and of some channels'
 * transformed weights. */
int64_t cs_winograd_group(const cs_winograd *g);
int64_t cs_winograd_panel(const cs_winograd *g, int64_t panel);
int64_t cs_winograd_bias(const cs_winograd *g);
int64_t cs_winograd_some(const cs_winograd *g);

/* The weights of channels [from, to) of a panel at the points of the tiles, in a panel of `channels` channels. */
void cs_winograd_transform(const cs_winograd *g, int64_t group, int64_t panel, int64_t from, int64_t to,
                           const void *weights, void *points, int64_t channels);

/* The rows of the register tile for that many tiles and vectors of outputs. */
int64_t cs_winograd_rows(const cs_winograd *g, int64_t tiles, int64_t vectors);

/* Inputs that a tile of `side` outputs sees along an axis, beyond as many as there are outputs. */
static inline int64_t cs_halo(int64_t side)
{
    return side == 1 ? 0 : 2;
}

/* The taps of a part along an axis with tiles. */
static inline int64_t cs_part(int64_t side)
{
    return side == 1 ? 1 : 3;
}

/* The first tap of a slab along each axis, and how many of its taps belong to the part before: the last part of an axis has
 * only taps of the window, so that nothing is read that no output sees. */
typedef struct {
    int64_t at[3], before[3];
} cs_slab;

static inline cs_slab cs_find_slab(const cs_winograd *g, int64_t slab)
{
    const int64_t part[3] = {1, cs_part(g->down), cs_part(g->across)};
    cs_slab s;
    for (int i = 2; i >= 0; slab /= g->slab[i--]) {
        const int64_t first = slab % g->slab[i] * part[i], last = g->axis[i].taps - part[i];
        s.at[i] = first < last ? first : last, s.before[i] = first - s.at[i];
    }
    return s;
}

/* Bytes of the transformed inputs of a box, and of those with the peaks of its pixels where they are shared. */
int64_t cs_winograd_inputs(const cs_winograd *g);
int64_t cs_winograd_common(const cs_winograd *g);

int64_t cs_winograd_boxes(const cs_winograd *g);

/* The greatest number of columns that are computed again at once. */
int64_t cs_again_columns(const cs_window *w);

/* Tasks of the first and second phase; without shared inputs there is only the second. `direct` are the weights packed
 * for the window; without them the result is not right where 1 is returned. `packed` are the weights themselves where `some`
 * of them are transformed at a time; then there is no bias. */
void cs_winograd_input(const cs_winograd *g, int64_t task, const void *x, void *common, void *scratch);
int cs_winograd_output(const cs_winograd *g, int64_t task, const void *x, const void *packed, const void *direct,
                       void *y, void *common, void *scratch);

#endif
