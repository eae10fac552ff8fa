/* Two windows whose columns alternate, with step 1 and few taps, as in depthwise.tmpl.h: both sums are woven to whole
 * vectors, so that a line of the result is written once. All loads are of the lanes that exist. */

/* Where vector v of a stripe starts among its columns: the last overlaps the one before. */
INLINE int64_t FN(place)(const cs_depth *d, int v)
{
    return v * LANES < d->last ? v * LANES : d->last;
}

/* The lanes that exist of the vectors of a stripe. */
typedef FN(masks) FN(pair_masks)[DEPTH_VECTORS];

/* Column c of row i of inputs, which starts at p, for all outputs that see it. */
INLINE void FN(pair_column)(const int edge, const int vectors, const int taps, const int i, const int64_t columns,
                            VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const cs_depth *d, const T *p, FN(pair_masks) m, int64_t c, const T *w)
{
    VEC x[DEPTH_VECTORS];
    UNROLL
    for (int v = 0; v < vectors; v++) x[v] = FN(take)(edge, p + FN(place)(d, v) + c * d->column_gap, m[v][c]);
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) {
        if (i - k < 0 || i - k >= taps) continue;
        const VEC wv = FN(all)(w[(i - k) * columns + c]);
        UNROLL
        for (int v = 0; v < vectors; v++) sum[k][v] = FN(fma)(x[v], wv, sum[k][v]);
    }
}

/* `taps` rows of the kernel, at most PAIR_TAPS; a `known` number of columns is unrolled. */
INLINE void FN(pair_taps)(const int edge, const int vectors, const int taps, const int known, VEC sum[DEPTH_ROWS][DEPTH_VECTORS],
                          const cs_depth *d, const void *const *rows, FN(pair_masks) m, const T *w)
{
    UNROLL
    for (int i = 0; i < DEPTH_ROWS - 1 + taps; i++) {
        const T *p = (const T *)rows[i * d->row_gap] + d->first;
        if (known) {
            UNROLL
            for (int c = 0; c < known; c++) FN(pair_column)(edge, vectors, taps, i, known, sum, d, p, m, c, w);
        } else {
            for (int64_t c = 0; c < d->columns; c++) FN(pair_column)(edge, vectors, taps, i, d->columns, sum, d, p, m, c, w);
        }
    }
}

/* The sums of `rows` and what follows; `taps` and `known` columns, or 0 for any number; edge: not all lanes exist. */
INLINE void FN(pair_sums)(const int edge, const int vectors, const int taps, const int known, VEC sum[DEPTH_ROWS][DEPTH_VECTORS],
                          const cs_depth *d, int64_t top, FN(pair_masks) m, const T *w)
{
    const void *const *rows = d->rows + top;
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) {
        UNROLL
        for (int v = 0; v < vectors; v++) sum[k][v] = FN(all)(w[0]);
    }
    w++;
    for (int64_t slab = 0; slab < d->slabs; slab++, rows += d->slab, w += d->taps * d->columns) {
        switch (taps ? taps : d->taps) {
#define TAPS(taps) \
    case taps: FN(pair_taps)(edge, vectors, taps, known, sum, d, rows, m, w); break;
            TAPS(1) TAPS(2) TAPS(3) TAPS(4)
#undef TAPS
        }
    }
}

/* The first `count` elements of two vectors that are interleaved. */
INLINE void FN(store_pair)(T *to, VEC even, VEC odd, int64_t count)
{
    FN(store_some)(to, ZIP_LOW(even, odd), count);
    FN(store_some)(to + LANES, ZIP_HIGH(even, odd), count - LANES);
}

/* Some rows of a stripe, `left` elements of each; even, odd: the columns of the two windows, or 0. */
INLINE void FN(pair_rows)(const int edge, const int vectors, const int taps, const int even, const int odd, const cs_depth *d,
                          int64_t top, int64_t left, FN(pair_masks) *m, const void *const *w, T *y)
{
    VEC sum[2][DEPTH_ROWS][DEPTH_VECTORS];
    if (taps) {
        FN(pair_sums)(edge, vectors, taps, even, sum[0], d, top, m[0], w[0]);
        FN(pair_sums)(edge, vectors, taps, odd, sum[1], d + 1, top, m[1], w[1]);
    } else {
        for (int half = 0; half < 2; half++) FN(pair_sums)(1, vectors, 0, 0, sum[half], d + half, top, m[half], w[half]);
    }
    T *to = y + top * d->y_row;
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++, to += d->apart * d->y_row) {
        if (top + k * d->apart >= d->height) break;
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const int64_t at = 2 * FN(place)(d, v);
            FN(store_pair)(to + at, sum[0][k][v], sum[1][k][v], edge ? left - at : 2 * LANES);
        }
    }
}

INLINE void FN(pair_columns)(const int edge, const int vectors, const int taps, const int even, const int odd, const cs_depth *d,
                             int64_t left, FN(pair_masks) *m, const void *const *w, T *y)
{
    for (int64_t phase = 0; phase < d->apart; phase++) {
        for (int64_t top = phase; top < d->height; top += DEPTH_ROWS * d->apart)
            FN(pair_rows)(edge, vectors, taps, even, odd, d, top, left, m, w, y);
    }
}

/* A stripe down all rows. Kernels of 3 x 3 leave one or two taps a row and column, which are unrolled. */
INLINE void FN(pair_stripe)(const int vectors, const cs_depth *d, int64_t left, const void *const *w, T *y)
{
    FN(pair_masks) m[2];
    int edge = left - 2 * FN(place)(d, vectors - 1) < 2 * LANES;
    for (int half = 0; half < 2; half++) {
        for (int v = 0; v < vectors; v++) {
            for (int64_t c = 0; c < d[half].columns; c++) {
                const int64_t p = d[half].first + FN(place)(d, v) + c * d[half].column_gap;
                m[half][v][c] = FN(inside)(-p, d->in - p);
                edge |= p < 0 || p + LANES > d->in;
            }
        }
    }
    edge |= vectors == 1 || STORES_INSIDE; /* nothing is gained without masks */
    switch (d->taps < 3 ? edge * 1000 + d->taps * 100 + d[0].columns * 10 + d[1].columns : 0) {
#define KNOWN(edge, taps, even, odd) \
    case edge * 1000 + taps * 100 + even * 10 + odd: \
        if (edge || !(vectors == 1 || STORES_INSIDE)) FN(pair_columns)(edge, vectors, taps, even, odd, d, left, m, w, y); \
        break;
        KNOWN(0, 1, 1, 2) KNOWN(0, 1, 2, 1) KNOWN(0, 2, 1, 2) KNOWN(0, 2, 2, 1)
        KNOWN(1, 1, 1, 2) KNOWN(1, 1, 2, 1) KNOWN(1, 2, 1, 2) KNOWN(1, 2, 2, 1)
#undef KNOWN
    default: FN(pair_columns)(1, vectors, 0, 0, 0, d, left, m, w, y);
    }
}

static void FN(depthwise_pair)(const cs_depth d[2], const void *const w[2], void *y)
{
    const int most = DEPTH_VECTORS > 2 ? 2 : DEPTH_VECTORS;
    const int64_t last = d->width < LANES ? 0 : d->width - LANES;
    for (int64_t column = 0; column < d->width; column += most * LANES) {
        const int64_t from = column < last ? column : last, left = d[0].width + d[1].width - 2 * from;
        cs_depth some[2] = {d[0], d[1]};
        for (int half = 0; half < 2; half++)
            some[half].first += from, some[half].last = last - from < (most - 1) * LANES ? last - from : (most - 1) * LANES;
        if (most > 1 && some->last) {
            FN(pair_stripe)(2, some, left, w, (T *)y + 2 * from);
        } else {
            FN(pair_stripe)(1, some, left, w, (T *)y + 2 * from);
        }
    }
}
