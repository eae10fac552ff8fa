/* Two windows whose columns alternate, with step 1 and few taps, as in depthwise.tmpl.h: both sums are woven to whole
 * vectors, so that a line of the result is written once. All loads are of the lanes that exist. */

/* The sums of `rows` and what follows; `taps` and `known` columns, or 0 for any number. */
INLINE void FN(pair_sums)(const int vectors, const int taps, const int known, VEC sum[DEPTH_ROWS][DEPTH_VECTORS],
                          const cs_depth *d, int64_t top, FN(masks) m, const T *w)
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
    case taps: FN(depth_taps)(1, 1, vectors, taps, known, sum, d, rows, m, w); break;
            TAPS(1) TAPS(2) TAPS(3) TAPS(4)
#undef TAPS
        }
    }
}

/* Stores the first `count` elements of two vectors that are interleaved. */
INLINE void FN(store_pair)(T *to, VEC even, VEC odd, int64_t count)
{
    T both[2 * LANES];
    T *at = count < 2 * LANES ? both : to;
    FN(store)(at, ZIP_LOW(even, odd)), FN(store)(at + LANES, ZIP_HIGH(even, odd));
    if (count < 2 * LANES) memcpy(to, both, (size_t)count * sizeof(T));
}

/* A stripe down all rows, `left` elements of each; even, odd: the columns of the two windows, or 0. */
INLINE void FN(pair_columns)(const int vectors, const int taps, const int even, const int odd, const cs_depth *d, int64_t left,
                             FN(masks) *m, const void *const *w, T *y)
{
    for (int64_t phase = 0; phase < d->apart; phase++) {
        for (int64_t top = phase; top < d->height; top += DEPTH_ROWS * d->apart) {
            VEC sum[2][DEPTH_ROWS][DEPTH_VECTORS];
            if (taps) {
                FN(pair_sums)(vectors, taps, even, sum[0], d, top, m[0], w[0]);
                FN(pair_sums)(vectors, taps, odd, sum[1], d + 1, top, m[1], w[1]);
            } else {
                for (int half = 0; half < 2; half++) FN(pair_sums)(vectors, 0, 0, sum[half], d + half, top, m[half], w[half]);
            }
            UNROLL
            for (int k = 0; k < DEPTH_ROWS; k++) {
                const int64_t row = top + k * d->apart;
                if (row >= d->height) break;
                UNROLL
                for (int v = 0; v < vectors; v++) {
                    const int64_t at = 2 * FN(place)(d, v);
                    FN(store_pair)(y + row * d->y_row + at, sum[0][k][v], sum[1][k][v], left - at);
                }
            }
        }
    }
}

/* Kernels of 3 x 3 leave one or two taps a row and column, which are unrolled for rows of several vectors. */
INLINE void FN(pair_stripe)(const int vectors, const cs_depth *d, int64_t left, const void *const *w, T *y)
{
    FN(masks) m[2];
    for (int half = 0; half < 2; half++) {
        for (int v = 0; v < vectors; v++) {
            for (int64_t c = 0; c < d[half].columns; c++) {
                const int64_t p = d[half].first + FN(place)(d, v) + c * d[half].column_gap;
                m[half][v][c] = FN(inside)(-p, d->in - p);
            }
        }
    }
    switch (vectors > 1 && d->taps < 3 ? d->taps * 100 + d[0].columns * 10 + d[1].columns : 0) {
#define KNOWN(taps, even, odd) \
    case taps * 100 + even * 10 + odd: FN(pair_columns)(vectors, taps, even, odd, d, left, m, w, y); break;
        KNOWN(1, 1, 2) KNOWN(1, 2, 1) KNOWN(2, 1, 2) KNOWN(2, 2, 1)
#undef KNOWN
    default: FN(pair_columns)(vectors, 0, 0, 0, d, left, m, w, y);
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
