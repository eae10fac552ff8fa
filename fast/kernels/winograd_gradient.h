/* The gradient by the weights through Winograd's tiles: of F(4, 3), or another, along the rows and the columns, what its products are
 * differentiated by. A box of tiles of an image gives each point of each kernel a sum over its tiles, and these the taps; boxes
 * and then images are added in order. More taps are parts, each with channels of its own; so are the taps with the same remainder by the
 * stride, whose inputs are as far from each other as outputs. */
#ifndef CONVSPEC_WINOGRAD_GRADIENT_H
#define CONVSPEC_WINOGRAD_GRADIENT_H

#include "gradient.h"

typedef struct {
    cs_gradient direct;                    /* the same by the direct algorithm: its window, and its panels of outputs */
    int64_t side, seen, points;            /* of a tile: outputs and inputs of an axis, and points */
    int64_t tap, taps, slab[3], slabs;     /* of a part of the taps: those of an axis, and all; parts along the axes, and all */
    int64_t folded;                        /* 1: the parts are by the remainder, and their channels are beside each other */
    int64_t blocks, sums;                  /* vectors of channels, and bytes of the sums of all kernels, of all parts */
    int64_t tall, wide;                    /* tiles of an image, down and across */
    int64_t height, width, boxes_across, boxes; /* of a box, at most; boxes of an image */
    int64_t some;                          /* channels whose sums at the points are kept at a time */
    int64_t channel_shares, output_shares, image_shares, tasks;
    int64_t joins;                         /* where images are shared: tasks that add their sums afterwards */
    int64_t common, scratch;               /* bytes of what tasks share, and for each thread */
} cs_tile_gradient;

/* 1 where it computes this window: by its cost, or wherever it can if `forced`. Decided by the shape of one image, on any machine. */
int cs_tile_gradient_choose(cs_tile_gradient *g, const cs_window *w, int forced);
void cs_tile_gradient_split(cs_tile_gradient *g, int64_t images, int threads);
/* `marks` has a row for each share of the images and a byte for each channel, which is set where some tap sees too little of the channel
 * for the error of its tiles. Returned is whether there is such a channel, or a result that is not finite: these are not right. */
int cs_tile_gradient_run(const cs_tile_gradient *g, int64_t task, const void *x, const void *dy, void *common, void *dw,
                         char *marks, void *scratch);
int cs_tile_gradient_join(const cs_tile_gradient *g, int64_t join, void *common, void *dw);

#endif
