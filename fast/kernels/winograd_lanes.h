/* What the kernels of Winograd's tiles of few channels are told: see winograd_lanes.tmpl.h. */
#ifndef CONVSPEC_WINOGRAD_LANES_H
#define CONVSPEC_WINOGRAD_LANES_H

#include <stdint.h>

/* A vector of Winograd's tiles by some outputs, or of outputs by some tiles. */
typedef struct {
    int64_t points;
    int of_tiles, fetched;                           /* which; whether the lines of the result are brought to the caches before */
    const void *x, *w, *bias, *exists;               /* of vectors, and of `count`; exists: lanes of tiles that there are, by their bits */
    int64_t x_point, x_term, w_point, w_term, terms; /* elements from point to point, and from term to term */
    int64_t count, lanes;                            /* lanes: outputs that there are */
    void *y, *flags;
    int64_t plane, row, pixel, flag_plane; /* elements between outputs, rows, pixels, and the flags of one of `count` */
    /* Of the 4 vectors that a row of pixels of a vector of tiles becomes, or of each tile: where in the result, and how many rows and
     * columns are in it. */
    int64_t places[4], rows[4], columns[4];
} cs_lanes;

/* Elements of a point's row of tiles: their columns, and others that are read with them. */
static inline int64_t cs_lane_room(int64_t tiles, int64_t lanes)
{
    return ((tiles + lanes - 1) / lanes * 4 + 4) * lanes;
}

#endif
