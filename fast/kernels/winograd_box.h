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

/* Lanes of tiles: from row to row of these, of which no vector of outputs is in two; of a box, with what is written beyond the last;
 * the size of a point's transformed inputs, which is no power of two. */
static inline int64_t cs_lane_pitch(const cs_winograd *g)
{
    const int64_t tiles = g->window.axis[2].y == 1 ? cs_most(1, g->window.lanes / 4) : 1;
    return cs_ceil(g->width, tiles) * tiles;
}
static inline int64_t cs_lanes_of_box(const cs_winograd *g)
{
    const int64_t lanes = g->window.lanes;
    return ((cs_ceil(g->planes * g->height * cs_lane_pitch(g), lanes) + 1) | 1) * lanes;
}
static inline int64_t cs_lane_point(const cs_winograd *g)
{
    return cs_lane_terms(g) * cs_lanes_of_box(g) + g->window.lanes;
}
/* Elements of a strip's rows at the points. */
static inline int64_t cs_lines_size(const cs_winograd *g)
{
    return g->by_tiles ? g->high * cs_lane_room(g->width, g->window.lanes) : (g->high + 1) * g->columns * g->window.lanes;
}

/* Vectors of the flags of all outputs. */
static inline int64_t cs_flag_vectors(const cs_winograd *g)
{
    const int64_t outputs = cs_ceil(g->window.outputs, g->window.lanes);
    return outputs * (g->by_tiles ? cs_lanes_of_box(g) : g->phases * g->tiles);
}

/* Outputs of a group, with those that make the last vector whole. */
static inline int64_t cs_lane_outputs(const cs_winograd *g)
{
    return cs_ceil(g->window.outputs, g->window.lanes) * g->window.lanes;
}

/* The box with that number. */
cs_tile_box cs_find_box(const cs_winograd *g, int64_t i, char *scratch);

/* The channels of an image and group that a tap along the depth sees, or that folded inputs are: [channel][row][column] of the strip. */
void cs_fold_inputs(const cs_tile_box *b, const char *image, int64_t tap);
/* Of those that have all taps, whose inputs each output beside them sees, to what is 0 in the beginning. */
void cs_peaks_of_all(const cs_tile_box *b, char *peaks);

/* All strips and vectors of channels of the inputs, at the points; peaks[image][pixel]. */
void cs_transform_inputs(const cs_tile_box *b, const char *x);

/* The same where lanes are tiles. */
void cs_transform_lanes(const cs_tile_box *b, const char *x);

/* The first tile of a row, among those of the box. */
static inline int64_t cs_first_tile(const cs_tile_box *b, int64_t n, int64_t h)
{
    return (n * (b->h1 - b->h0) + h - b->h0) * (b->w1 - b->w0);
}

/* Where the flag of an output of a tile is: those of a vector are beside each other. */
static inline const char *cs_lane_flag(const cs_tile_box *b, int64_t output, int64_t tile)
{
    const cs_winograd *g = b->g;
    const int64_t wide = b->w1 - b->w0, lane = tile / wide * cs_lane_pitch(g) + tile % wide;
    return b->flags + (g->axis[2].y == 1 ? output * cs_lanes_of_box(g) + lane : lane * cs_lane_outputs(g) + output) * g->window.size;
}

/* A vector of outputs of an image of the box in one phase, and their stage among those of a panel. */
typedef struct {
    int64_t image, vector, phase, slot;
} cs_outputs;

/* Their sums at the points, which have so many vectors, become the result with the last phase. `any` adds up to something where
 * some output is not finite, and flags tell which. */
void cs_finish_outputs(const cs_tile_box *b, cs_outputs o, const char *sums, int64_t vectors, const char *bias, char *y, void *any);

/* The same for panels [from, to) where lanes are tiles, from inputs and weights at the points, all tiles that are beside each other by
 * all panels. */
void cs_finish_lanes(const cs_tile_box *b, int64_t from, int64_t to, const char *weights, const char *bias, char *y, void *any);

/* Marks the tiles of the box in which some output sees only inputs that are far below others of the tile; whether there
 * are any. */
int cs_find_uneven(const cs_tile_box *b);

/* Computes the marked tiles, and those with outputs that are not finite, by the direct algorithm. */
void cs_compute_again(const cs_tile_box *b, int64_t from, int64_t to, const char *x, const char *weights, char *y);

#endif
