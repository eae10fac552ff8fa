/* The gradient of a window by its weights: for each image a sum of dy x over its output positions, in order, and then
 * the sum of these. A row of it holds the terms of one output, as a row of the weights does. */
#ifndef CONVSPEC_GRADIENT_H
#define CONVSPEC_GRADIENT_H

#include "kernels.h"

typedef struct {
    cs_window window;       /* the operator: its input is x, and its outputs are where dy is */
    int64_t ones;           /* x is 1 everywhere, for the gradient by the bias */
    int64_t each, parts;    /* each: vectors over outputs of all groups, with inputs of their own; else a part a group */
    int64_t outputs, terms; /* rows of a part, and elements of a row */
    int64_t vectors, panels, tiles;   /* panels of so many vectors of outputs; register tiles over the terms */
    int64_t output_shares, row_shares, image_shares, tasks; /* a task: some panels and tiles of a part, for some images */
    int64_t joins; /* where images are shared: of so many tiles of all panels, whose images' sums are added afterwards */
    int64_t whole; /* each: rows are narrow and turned all at once */
    int64_t in_place, height, width, tall, wide; /* positions of a box, and the number of boxes down and across */
    int64_t alone;                    /* one box of one image: a task's sums of a panel are whole at once */
    int64_t sums, common, scratch;    /* bytes of the sums of all parts, of what tasks share, and for each thread */
} cs_gradient;

void cs_gradient_choose(cs_gradient *g, const cs_window *w, int64_t ones);
void cs_gradient_split(cs_gradient *g, int64_t images, int threads);
void cs_gradient_run(const cs_gradient *g, int64_t task, const void *x, const void *dy, void *common, void *dw, void *scratch);
void cs_gradient_join(const cs_gradient *g, int64_t join, void *common, void *dw);

#endif
