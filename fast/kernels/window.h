/* What the choice of blocks and the execution of a task have in common: the shape of a strip of padded input. */
#ifndef CONVSPEC_WINDOW_H
#define CONVSPEC_WINDOW_H

#include "table.h"

/* Along an axis, a strip for n outputs holds `slots` runs of `length` inputs, one step apart: a run for each remainder of a tap's
 * position by the step, or one for each tap where that is less. Neighbouring outputs are then neighbours in the strip. */
typedef struct {
    int64_t slots, length, shared;
} cs_layout;

static inline int64_t cs_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t cs_most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t cs_ceil(int64_t a, int64_t b) { return (a + b - 1) / b; }

cs_layout cs_lay_out(const cs_axis *a, int64_t n);

/* Elements of a strip and of the tile that outputs pass through, and the number of tiles, for the chosen blocks. */
int64_t cs_strip_size(const cs_window *w, int64_t height, int64_t width);
int64_t cs_tile_size(const cs_window *w);
int64_t cs_list_size(const cs_window *w);

/* The number of vectors that cover rows x columns pixels; narrow rows, `pitch` apart, share vectors. */
int64_t cs_vectors(int64_t rows, int64_t columns, int64_t pitch, int64_t lanes);

void cs_local_split(cs_window *w, int threads);
void cs_local_task(const cs_window *w, int64_t task, const void *x, const void *weights, const void *bias, void *y, void *scratch);

#endif
