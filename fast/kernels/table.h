/* What an instruction set provides for one dtype, and the numbers that the choice of tiles needs. */
#ifndef CONVSPEC_TABLE_H
#define CONVSPEC_TABLE_H

#include "kernels.h"
#include "winograd_lanes.h"

enum { MAX_ROWS = 14, MAX_VECTORS = 8, DTYPES = 12, KINDS = 7, ROW_TILE = 4, DOT_ROWS = 4, PASS_VECTORS = 4 };
/* AHEAD: bytes to prefetch ahead; LATER: the same of rows that are read or written in turn; STREAMED: the same of weights that are
 * read once; LEAD: rows of strips */
enum { POOL_VECTORS = 4, MIXED_VECTORS = 4, AHEAD = 4096, LATER = 6 << 10, STREAMED = 2048, LEAD = 2 };
enum { FEW_PIXELS = 6, SLICE_TILES = 16, SLICE_BLOCKS = 16 }; /* SLICE: so many of which sums wait for each other */
enum { DEPTH_ROWS = 4, EDGE_VECTORS = 4, PAIR_TAPS = 4, JOINED = 8, TURNED = 2, SQUARE = 5, LINE_TAPS = 11 }; /* TURNED: vectors of planes at once */

/* The terms of a sum, which see x at `off`: from `first` on, `slabs` times `run` of them with `skip` between that are left
 * out. ahead: bytes from a tile's first pixel to the last one of the next tile. sums: of the terms before, the tile's vectors
 * one after the other; NULL: the weights' initial values. */
typedef struct {
    const int64_t *off;
    int64_t first, run, skip, slabs, ahead;
    const void *sums;
} cs_terms;

/* Vectors over pixels: rows outputs x vectors pixels. xs, ys: where the vectors start in x and y; w: rows initial values,
 * then rows weights a term; ldy: elements of y from one output to the next. */
typedef void tile_pixels(const void *x, const int64_t *xs, const cs_terms *t, const void *w, void *y, const int64_t *ys,
                         int64_t ldy);

/* Vectors over outputs: two runs of rows / 2 pixels, `step` elements of x apart, x vectors of outputs. w: initial values,
 * then weights, a whole vector each; ya, yb: a row of vectors for each pixel, `ldy` elements apart. */
typedef void tile_outputs(const void *xa, const void *xb, int64_t step, const cs_terms *t, const void *w, void *ya,
                          void *yb, int64_t ldy);

/* ROW_TILE neighbouring rows of vectors of one output: inputs are loaded once for all of them. The terms are `slabs` of
 * taps x columns; off: the columns of each slab's first row; pitch, ldy: elements from one row to the next. */
typedef void tile_rows(const void *x, const int64_t *xs, int64_t pitch, const int64_t *off, int64_t slabs, int64_t taps,
                       int64_t columns, const void *w, void *y, const int64_t *ys, int64_t ldy);

/* The gradient by the weights over some positions: term i sees x[at[i] + places[n]]; dy: vectors of outputs for each
 * position. Sums go on from `partial`, if these are not an image's first, and end there, or, after its last, are added to
 * `total`. */
typedef struct {
    const void *x, *dy;
    const int64_t *at, *places;
    int64_t count;
    void *partial, *total;
    int first, last;
} cs_outer;
typedef void tile_outer(const cs_outer *o);

/* A point of Winograd's algorithm: a few tiles of all channels of all slabs, whose vectors are `block` elements apart, by
 * weights, from 0 on or added to what is there. */
typedef void tile_product(const void *v, int64_t block, const void *u, int64_t channels, int64_t slabs, void *m, int more);

/* `slabs` x `taps` rows of `groups` lanes of weights over the rows of a strip; described in dots.tmpl.h. ldy: bytes. */
typedef void dot_tile(const void *x, int64_t pitch, int64_t slabs, int64_t slab, int64_t taps, int64_t groups,
                      const int32_t *w, int32_t start, void *y, int64_t ldy, int64_t size);

/* Joins `channels` inputs of `width` bits to lanes; described in join.tmpl.h. */
typedef void join(uint32_t *y, const void *x, int64_t width, int64_t channels, int64_t pixel, int64_t channel,
                  uint32_t flip, int64_t n);

typedef struct { /* a plane of outputs that is read from rows of inputs: see depthwise.tmpl.h */
    const void *const *rows; /* those that tap 0 of each row of outputs sees, then those of the other taps */
    int64_t slab, slabs;     /* pointers from one slab of the terms to the next, and their number */
    int64_t taps, columns;   /* of a slab */
    int64_t step, row_gap, column_gap, first, last; /* first: the column that output 0 sees; last: the last vector's output */
    int64_t in, height, width, apart;               /* columns of the input; of the outputs, whose tiles' rows are `apart` */
    int64_t y_row;
    const void **copied; /* room for a copy of a stripe: a pointer a row, and the rows */
    void *copies;
    const void *divisors;        /* of the sums, or NULL */
    const int64_t *row_divisors; /* where those of each row start */
    const void *ends[2];         /* copies of what the first and the last outputs see of each row, `end` elements apart, or NULL */
    int64_t end;
} cs_depth;

/* w: an initial value, then the weights. */
typedef void tile_depthwise(const cs_depth *d, const void *w, void *y);

/* Neighbouring pixels of all groups, a multiple of the lanes: rows of inputs at the first tap of the first pixel, each with its pixels
 * `apart`; w: for each vector of groups an initial value, then the weights. */
typedef void tile_last(const void *const *rows, const int64_t *apart, int64_t taps, int64_t groups, const void *w, void *y, int64_t ldy);
typedef void pixel_last(const void *const *places, int64_t terms, int64_t groups, const void *w, void *y);
typedef struct {
    tile_last *tile;
    int64_t pixels; /* at once */
} cs_last;

/* The same for two windows whose columns alternate; the first has the first column. */
typedef void tile_depthwise_pair(const cs_depth d[2], const void *const w[2], void *y);

typedef struct { /* rows of inputs start + i * step, i < count, of which [inside, outside) lie between the edges */
    int64_t start, step, count, inside, outside, in, boundary;
    uint64_t fill;
    int64_t pixel, channels, channel; /* elements between inputs; the channels, and elements between them */
} cs_row;

typedef struct { /* the greatest elements of windows in a row, their columns, and the place of the row */
    const void *greatest;
    const int32_t *where;
    int64_t place;
} cs_greatest;

typedef struct { /* described in pool_gradient.tmpl.h */
    int64_t length, count;
    const int64_t *shifts, *terms;
    const int32_t *chosen;
    const void *slopes;
} cs_passing;

enum { NOWHERE = INT32_MIN };
typedef struct { /* row r is made of the rows that start at starts[i], from[r] <= i < from[r + 1] */
    int64_t count;
    const int64_t *from, *starts;
} cs_rows;

typedef struct { /* inputs start + i * step of a row, of which those of [inside, outside) lie between the edges */
    int64_t start, inside, outside, length, at;
} cs_span;

typedef struct { /* `count` runs of inputs, which start `at` their places in a strip; all are in [from, to) */
    const cs_span *spans;
    int64_t count, step, pitch, from, to;
    uint64_t fill;
    int64_t pixel; /* elements of x between inputs */
} cs_strip;

typedef struct { /* rows of `width` windows, `ldy` elements apart; off: the taps of a row */
    cs_rows rows;
    const int64_t *off;
    int64_t taps, width, ldy, step; /* step: windows read in place are so far apart; 1 in strips */
    int64_t from, to, in;            /* the windows of a row that do not reach beyond its `in` inputs */
    /* Row r first brings the strips [news[r], news[r + 1]), each the greatest of some rows of x; NULL: read in place. */
    const int64_t *news;
    cs_rows brought;
    cs_strip strip;
    int64_t kept; /* so many strips, used in turn */
    const void *divisors;
    const int64_t *row_divisors; /* where the divisors of each row start */
    double power;
} cs_pooling;

typedef struct { /* rows of `in` inputs and `width` windows, of the columns first, first + gap ... before end */
    cs_rows rows;
    int64_t in, width, gap;
    const int64_t *first, *end;
    const void *divisors;
    const int64_t *row_divisors;
} cs_planes;

typedef struct { /* windows of planes that are neighbours in x, whose pixels are so far apart; rows and windows of the result */
    cs_planes windows;
    int64_t planes, pixel, row, apart;
} cs_mixed_planes;

typedef struct { /* `count` rows of `width` windows of side x side, `step` apart; rows: the inputs' starts, or ROW_OUTSIDE */
    const int64_t *rows;
    int64_t side, step, count, width, ldy, first, in; /* first: the column that output 0 sees */
    int64_t ahead;               /* bytes to the band of rows that comes next, to fetch it meanwhile */
    const void *divisors;
    const int64_t *row_divisors; /* where the divisors of each row start */
} cs_squares;

typedef struct { /* a band of rows of windows, and what they pass on to rows of elements; ldy: of dy */
    cs_squares windows;
    void *spare;           /* room for each row of elements, two vectors of them */
    void *slopes, *places; /* of window 0 of each row, rows `pitch` apart; before it and after the last there is room */
    int64_t pitch, before, rows; /* rows, of which there are so many before the windows': they pass nothing on */
    int64_t top, height;         /* the row of elements that the first of them sees first; rows of elements */
    int64_t ahead;               /* bytes to the next band's dy */
    int64_t seen, seen_count;    /* the elements of x in the rows that they see */
    const int32_t *firsts;       /* the first tap of each column of windows that exists */
} cs_passing_squares;

typedef struct { /* some rows of windows of two rows and two columns, and the elements that they see, a window's second row not of all */
    const void *x, *dy, *norm, *divisors;
    void *dx, *end; /* what is written later may be overwritten up to there */
    int64_t rows, width, ldy, height, in, ahead; /* of windows, of elements; ahead: bytes to rows of a while later */
} cs_quads;

#define ROW_OUTSIDE INT64_MIN
#define ROW_UNUSED (INT64_MIN + 1)

typedef struct {
    int64_t lanes, size;
    tile_pixels *pixels[MAX_ROWS + 1][MAX_VECTORS + 1];
    tile_outputs *outputs[MAX_ROWS + 1][MAX_VECTORS + 1];
    tile_outputs *groups[MAX_ROWS + 1]; /* a vector of groups of one channel and one output */
    tile_outputs *slide[MAX_ROWS + 1][MAX_VECTORS + 1]; /* so many neighbouring taps a row, one step apart */
    tile_rows *row_tile;
    int64_t row_vectors;
    int64_t registers; /* of vectors */
    dot_tile *dots[2]; /* one row, or DOT_ROWS, of dot_outputs columns; of bytes and of words only */
    int64_t dot_outputs;
    join *join; /* of 8 and 16 bits only */
    tile_depthwise *depthwise;
    tile_depthwise *lines[3][LINE_TAPS + 1][LINE_TAPS + 1]; /* by step, rows and columns of the kernel */
    cs_last last[3][MAX_VECTORS + 1]; /* by step and columns of the kernel */
    pixel_last *last_pixel;
    tile_depthwise_pair *depthwise_pair;
    /* Copies rows of x, which start where `starts` says, to `length` elements each; a channel is `apart` from the next. */
    void (*copy_rows)(void *to, int64_t apart, int64_t length, const void *x, const int64_t *starts, int64_t rows,
                      const cs_row *r);
    void (*turn_planes)(void *to, int64_t apart, const void *from, int64_t plane, int64_t by, int64_t channels,
                        int64_t pixels); /* to[i][c] = from[c][by * i] */
    void (*pad)(const cs_pooling *p, void *strips);
    void (*pool[KINDS])(const void *x, const cs_pooling *p, void *y, void *strips, void *spare);
    /* The same with a vector for each position of as many planes: `gather_planes` makes the strips. */
    void (*gather_planes)(void *strips, const void *x, int64_t plane, int64_t n);
    /* y[i][l] = x[l][i], i < n, l < planes; planes and pixels may be any distance apart. */
    void (*gather_groups)(void *y, const void *x, int64_t plane, int64_t pixel, int64_t planes, int64_t n);
    void (*planes[KINDS])(const void *strips, const cs_planes *p, void *y, void *spare);
    void (*mixed[KINDS])(const void *x, const cs_mixed_planes *m, void *y);
    /* A window of n neighbouring inputs of each of at least LANES planes, to results that are `step` apart. */
    void (*whole[KINDS])(const void *x, int64_t plane, int64_t planes, int64_t n, const void *divisor, void *y, int64_t step);
    void (*squares[KINDS])(const void *x, const cs_squares *p, void *y); /* at least LANES windows a row */
    void (*quads[KINDS])(const void *x, const cs_squares *p, void *y);   /* of two rows and columns, two apart */
    void (*squares_back[KINDS])(const void *x, const cs_passing_squares *b, const void *dy, void *dx);
    void (*quads_back[KINDS])(const cs_quads *p);
    int (*finite)(const void *x, int64_t n);
    void (*divide)(void *y, const int64_t *count, int64_t times, int64_t n);
    void (*planes_back)(const void *strips, const cs_planes *p, const void *dy, void *dx); /* of maxima */
    void (*repeat)(void *y, int64_t rows, int64_t in, void *row, const void *slopes, int64_t windows, int64_t first, int64_t step,
                   int64_t taps);
    void (*repeat_planes)(void *y, const void *seen, int64_t n, const void *slopes, int64_t planes);
    void (*divisors)(void *to, const int64_t *count, int64_t times, int64_t n);
    void (*transpose)(void *y, int64_t ldy, const void *x, int64_t ldx, int64_t rows,
                      int64_t columns);                              /* y[j][i] = x[i][j] */
    void (*transpose_apart)(void *y, int64_t ldy, int64_t step, const void *x, int64_t ldx, int64_t rows,
                            int64_t columns);                        /* y[j][step * i] = x[i][j] */
    void (*gather_columns)(void *y, int64_t ldy, const void *x, int64_t ldx, int64_t rows, const int64_t *columns,
                           int64_t n);                               /* y[j][i] = x[i][columns[j]], LANES rows or more */
    void (*spread)(void *y, int64_t step, const void *x, int64_t n); /* y[i * step] = x[i] */
    void (*local)(const void *const *w, int64_t terms, const void *x, int64_t ldx, int64_t images, void *sums,
                  void *spare);
    void (*turn_rows)(const void *const *w, int64_t from, int64_t terms, void *to, void *spare);
    void (*add_turned)(void *sums, int64_t plane, const int64_t *at, int64_t taps, const void *w, int64_t all, const void *dy,
                       int64_t channels);
    void (*line_up)(void *y, const void *x, const int64_t *at, int64_t n, int64_t vectors);
    tile_outer *outer[MAX_ROWS + 1][MAX_VECTORS + 1];    /* rows of terms x vectors of outputs */
    tile_outer *unshared[MAX_ROWS + 1][MAX_VECTORS + 1]; /* x[at[i] + n] by the vectors at dy[places[n]] */
    tile_outer *each[MAX_ROWS + 1];                      /* inputs are vectors too */
    void (*interleave)(void *y, int64_t wide, const void *const *x, int64_t step, int64_t n); /* y[i][l] = x[l][i] */
    void (*ones)(void *y, int64_t n);
    void (*add_products)(void *sum, const void *x, const void *dy, int64_t n); /* these are in local_gradient.tmpl.h */
    void (*add_rows)(void *total, const void *image, int64_t n);
    void (*sum_products)(void *y, const void *x, int64_t ldx, const void *dy, int64_t images, int64_t n, int more);
    void (*take_terms)(void *y, int64_t all, const int64_t *taps, const void *x, int64_t plane, const int64_t *places,
                       int64_t inside, int64_t channels);
    /* These are described in pool_gradient.tmpl.h. */
    void (*choose_greatest)(const void *x, int64_t step, int64_t n, int32_t place, int32_t *places, void *best);
    void (*greatest_of_row)(const void *x, int64_t step, int64_t taps, int64_t gap, int64_t n, int32_t first, void *greatest,
                            int32_t *where);
    void (*greatest_of_rows)(const cs_greatest *rows, int64_t count, int64_t n, int32_t *chosen);
    void (*add_at)(void *dx, int64_t from, int64_t to, int64_t base, const int32_t *places, int64_t step, const void *dy,
                   int64_t n);
    void (*slopes)(int64_t kind, void *q, const void *dy, const void *norms, int64_t n);
    void (*pass_on)(int64_t kind, void *dx, const void *x, const void *slopes, const void *norms, int64_t step,
                    int64_t n, double power);
    void (*choose_terms)(const void *x, const int64_t *off, int64_t terms, int64_t n, int32_t *chosen);
    void (*pass)(int64_t kind, const cs_passing *p, void *dx, const void *x);
    void (*weave)(void *y, int64_t step, const void *x, int64_t length, int64_t from, int64_t to);
    tile_product *products[MAX_ROWS + 1][MAX_VECTORS + 1]; /* these are described in winograd.tmpl.h */
    void (*gather)(void *to, const int64_t *places, const void *from, int64_t channel, int64_t pixel, int64_t channels,
                   int64_t n, void *peaks);
    void (*spread_peaks)(void *to, const int64_t *places, const void *from, int64_t step, int64_t n);
    void (*peaks_of_planes)(void *to, const void *from, int64_t n, int64_t planes);
    int (*uneven)(int64_t high, int64_t broad, const void *peaks, const void *seen, int64_t pitch, int64_t rows, int64_t columns,
                  void *spare, char *marks);
    void (*see_outputs)(const void *peaks, int64_t pitch, const cs_view *s, void *least);
    int (*uneven_least)(const void *peaks, int64_t pitch, int64_t points, int64_t tiles, const void *least, char *marks);
    void (*down)(int64_t high, const void *rows, int64_t pitch, int64_t columns, void *to);
    void (*across)(int64_t broad, int64_t side, int64_t apart, int lacks, const void *from, int64_t rows, int64_t pitch, int64_t tiles, void *v,
                   int64_t step);
    void (*backward)(int64_t high, int64_t broad, const void *m, int64_t step, int64_t apart, int64_t columns,
                     int64_t rows, const void *bias, void *y, int64_t row, int64_t pixel, void *flags, void *any);
    void (*tile_row)(int64_t points, const void *rows, int64_t pitch, int64_t tiles, void *lines, void *v, int64_t step);
    void (*tile_lanes)(const cs_lanes *t, void *any);
    void (*kernels)(int64_t high, int64_t broad, const void *taps, int64_t row, int64_t column, const cs_slab *slab,
                    void *u, int64_t step);
    void (*spread_tiles)(int64_t tap, const void *strip, int64_t tiles, void *columns, void *v, int64_t apart, int64_t step);
    void (*gather_taps)(int64_t tap, const void *sums, int64_t step, int64_t channels, int64_t vectors, const void *partial, const void *total,
                        void *to); /* these are described in winograd_gradient.tmpl.h */
    void (*add_magnitudes)(const void *strip, int64_t rows, int64_t columns, int64_t pitch, void *sum);
    void (*exceeds_quarter)(const void *all, const void *part, char *marks);
} cs_table;

const cs_table *cs_kernels(int64_t dtype);
const cs_table *cs_short_kernels(int64_t dtype); /* the same, or those of 256 bits where vectors are longer */
int cs_has_byte_dots(void); /* whether the processor has the instruction that the table's kernel of bytes needs */

#endif
