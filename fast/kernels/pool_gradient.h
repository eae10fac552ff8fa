/* The gradients of pooling: each window adds to the gradients of its elements, windows in order. */
#ifndef CONVSPEC_POOL_GRADIENT_H
#define CONVSPEC_POOL_GRADIENT_H

#include "kernels.h"

typedef struct {
    cs_window window; /* the operator; its dtype is that of x */
    int64_t dtype;    /* of dy and the result */
    int64_t shares;   /* of the columns of a plane, where windows are one column wide */
    int64_t squares, band; /* of windows, as forward pools have them; rows of elements at a time */
    int64_t maxima;   /* by rows */
    int64_t quads;    /* by rows, each window by itself */
    int64_t boxes, rows, columns, tall, wide; /* boxes of so many elements at most, and their number down and across */
    int64_t planes;                           /* of a task */
    int64_t tasks, scratch;
    double power;
} cs_pool_gradient;

void cs_pool_gradient_split(cs_pool_gradient *g, int64_t images, int threads);
/* x is not read for means; `norm` is the result of the operator, for norms only. */
void cs_pool_gradient_run(const cs_pool_gradient *g, int64_t task, const void *x, const void *dy, const void *norm,
                          void *dx, void *scratch);

/* Squares of windows in floating point, a band of rows at a time; 0 where they do not suit. */
int cs_pool_squares_split(cs_pool_gradient *g, int64_t planes, int threads);
void cs_pool_squares_run(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, char *dx, char *scratch);

/* Two rows and two columns, two apart, a row of windows at a time; 0 where they do not suit. */
int cs_pool_quads_split(cs_pool_gradient *g, int64_t planes, int threads);
void cs_pool_quads_run(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                       char *scratch);

/* Maxima, a row of windows at a time, and boxes of elements of planes; 0 where they do not suit. */
int cs_pool_max_split(cs_pool_gradient *g, int64_t planes, int threads);
void cs_pool_max_run(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, char *dx, char *scratch);

int cs_pool_boxes_split(cs_pool_gradient *g, int64_t planes, int threads);
void cs_pool_box_run(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                     char *scratch);

#endif
