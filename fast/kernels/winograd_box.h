/* One box of tiles of Winograd's convolution, and the memory that its parts share. */
#ifndef CONVSPEC_WINOGRAD_BOX_H
#define CONVSPEC_WINOGRAD_BOX_H

#include "window.h"
#include "winograd.h"

typedef struct {
    const cs_winograd *g;
    const cs_table *k;
    int64_t image, images, group, depth, h0, h1, w0, w1; /* rows and columns of tiles */
    int64_t rows, columns;                               /* of the strip of inputs */
    int64_t tiles, step;                                 /* elements from point to point of v */
    int64_t *places, *at, *starts;                       /* of the strip's pixels; of its columns for each part across; of rows */
    char *folded, *strip, *maps, *lines, *run, *v, *peaks, *sums, *some, *stage, *flags, *uneven, *direct, *spare;
} cs_tile_box;

/* The box with that number; shared inputs are in `common`. */
cs_tile_box cs_find_box(const cs_winograd *g, int64_t i, char *common, char *scratch);

/* The channels that the folded inputs of an image and group are: [channel][row][column] of the strip. */
void cs_fold_inputs(const cs_tile_box *b, const char *image);
/* Of those that have all taps, whose inputs each output beside them sees, to what is 0 in the beginning. */
void cs_peaks_of_all(const cs_tile_box *b, char *peaks);

/* A share of all strips and vectors of channels of the inputs, at the points; peaks[image][share][pixel]. */
void cs_transform_inputs(const cs_tile_box *b, const char *x, int64_t share, int64_t shares);

/* The first tile of a row, among those of the box. */
static inline int64_t cs_first_tile(const cs_tile_box *b, int64_t n, int64_t h)
{
    return (n * (b->h1 - b->h0) + h - b->h0) * (b->w1 - b->w0);
}

/* A vector of outputs of an image of the box in one phase, and their stage among those of a panel. */
typedef struct {
    int64_t image, vector, phase, slot;
} cs_outputs;

/* Their sums at the points, which have so many vectors, become the result with the last phase. `any` adds up to something where
 * some output is not finite, and flags tell which. */
void cs_finish_outputs(const cs_tile_box *b, cs_outputs o, const char *sums, int64_t vectors, const char *bias, char *y, void *any);

/* Marks the tiles of the box in which some output sees only inputs that are far below others of the tile; whether there
 * are any. The peaks of `shares` shares of the channels count together. */
int cs_find_uneven(cs_tile_box *b, int64_t shares);

/* Computes the marked tiles, and those with outputs that are not finite, by the direct algorithm. */
void cs_compute_again(const cs_tile_box *b, int64_t from, int64_t to, const char *x, const char *weights, char *y);

#endif
