/* The gradients of pooling: each window adds to the gradients of its elements, windows in order. */
#ifndef CONVSPEC_POOL_GRADIENT_H
#define CONVSPEC_POOL_GRADIENT_H

#include "kernels.h"

typedef struct cs_pool_gradient cs_pool_gradient;
/* x is not read for means; `norm` is the result of the operator, for norms only. */
typedef void pool_gradient_task(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                                char *scratch);

struct cs_pool_gradient {
    cs_window window; /* the operator; its dtype is that of x */
    int64_t dtype;    /* of dy and the result */
    int64_t shares;   /* of the columns of a plane, where windows are one column wide */
    pool_gradient_task *run; /* that of the first of those below that suit; NULL: a row of windows and one tap at a time */
    int64_t band;     /* of squares: rows of elements at a time */
    int64_t rows, columns, tall, wide; /* boxes of so many elements at most, and their number down and across */
    int64_t planes;                           /* of a task */
    int64_t tasks, scratch;
    double power;
};

void cs_pool_gradient_split(cs_pool_gradient *g, int64_t images, int threads);
void cs_pool_gradient_run(const cs_pool_gradient *g, int64_t task, const void *x, const void *dy, const void *norm,
                          void *dx, void *scratch);

/* Each is 0, or sets `run` and what it needs, if it suits: maxima over planes of so many columns at most, a vector of planes at a time;
 * squares of two rows and columns, two apart, a row of windows at a time; those of windows in floating point, a band of rows at a
 * time; averages that have no element in common; maxima, a row of windows at a time; boxes of elements of planes. */
int cs_pool_quads_split(cs_pool_gradient *g, int64_t planes, int threads);
int cs_pool_squares_split(cs_pool_gradient *g, int64_t planes, int threads);
int cs_pool_apart_split(cs_pool_gradient *g, int64_t planes, int threads);
int cs_pool_planes_split(cs_pool_gradient *g, int64_t planes, int threads, int64_t widest);
int cs_pool_max_split(cs_pool_gradient *g, int64_t planes, int threads);
int cs_pool_boxes_split(cs_pool_gradient *g, int64_t planes, int threads);

#endif
