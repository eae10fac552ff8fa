/* A tile of neighbouring output rows: an input row is loaded once for all outputs that see it. Each output still runs
 * through its taps in row-major order, because input rows come in ascending order. */

/* The terms of a row of inputs in rows [from, to) of the tile; w is where the first row's weights for it would be. */
INLINE void FN(row_terms)(const int from, const int to, VEC sum[ROW_TILE][MAX_VECTORS], const T *const *px,
                          const int64_t *off, int64_t columns, const T *w)
{
    for (int64_t c = 0; c < columns; c++) {
        VEC xv[ROW_VECTORS];
        UNROLL
        for (int j = 0; j < ROW_VECTORS; j++) xv[j] = FN(load)(px[j] + off[c]);
        UNROLL
        for (int r = from; r < to; r++) {
            const VEC wv = FN(all)(w[c - r * columns]);
            UNROLL
            for (int j = 0; j < ROW_VECTORS; j++) sum[r][j] = FN(accumulate)(xv[j], wv, sum[r][j]);
        }
    }
}

/* Few rows of the kernel. */
INLINE void FN(row_block)(const int taps, VEC sum[ROW_TILE][MAX_VECTORS], const T **px, int64_t pitch,
                          const int64_t *off, int64_t columns, const T *w)
{
    UNROLL
    for (int i = 0; i < ROW_TILE + taps - 1; i++) {
        FN(row_terms)(i < taps ? 0 : i - taps + 1, i < ROW_TILE ? i + 1 : ROW_TILE, sum, px, off, columns, w + i * columns);
        UNROLL
        for (int j = 0; j < ROW_VECTORS; j++) px[j] += pitch;
    }
}

/* Any number: at most ROW_TILE - 1 rows of inputs before, and as many after, those that all rows of the tile see. */
INLINE void FN(row_blocks)(int64_t taps, VEC sum[ROW_TILE][MAX_VECTORS], const T **px, int64_t pitch, const int64_t *off,
                           int64_t columns, const T *w)
{
    for (int64_t i = 0; i < ROW_TILE + taps - 1; i++, w += columns) {
        const int64_t from = i < taps ? 0 : i - taps + 1, to = i < ROW_TILE ? i + 1 : ROW_TILE;
        switch (from * 8 + to) {
            case 1: FN(row_terms)(0, 1, sum, px, off, columns, w); break;
            case 2: FN(row_terms)(0, 2, sum, px, off, columns, w); break;
            case 3: FN(row_terms)(0, 3, sum, px, off, columns, w); break;
            case 4: FN(row_terms)(0, 4, sum, px, off, columns, w); break;
            case 12: FN(row_terms)(1, 4, sum, px, off, columns, w); break;
            case 20: FN(row_terms)(2, 4, sum, px, off, columns, w); break;
            default: FN(row_terms)(3, 4, sum, px, off, columns, w); break;
        }
        UNROLL
        for (int j = 0; j < ROW_VECTORS; j++) px[j] += pitch;
    }
}

static void FN(row_tile)(const void *x, const int64_t *xs, int64_t pitch, const int64_t *off, int64_t slabs,
                         int64_t taps, int64_t columns, const void *weights, void *y, const int64_t *ys, int64_t ldy)
{
    const T *w = weights;
    VEC sum[ROW_TILE][MAX_VECTORS];
    UNROLL
    for (int r = 0; r < ROW_TILE; r++) {
        UNROLL
        for (int j = 0; j < ROW_VECTORS; j++) sum[r][j] = FN(all)(w[0]);
    }
    w++;
    for (int64_t slab = 0; slab < slabs; slab++, off += taps * columns, w += taps * columns) {
        const T *px[ROW_VECTORS];
        UNROLL
        for (int j = 0; j < ROW_VECTORS; j++) px[j] = (const T *)x + xs[j];
        if (taps == 2) {
            FN(row_block)(2, sum, px, pitch, off, columns, w);
        } else if (taps == 3) {
            FN(row_block)(3, sum, px, pitch, off, columns, w);
        } else if (taps == 4) {
            FN(row_block)(4, sum, px, pitch, off, columns, w);
        } else {
            FN(row_blocks)(taps, sum, px, pitch, off, columns, w);
        }
    }
    UNROLL
    for (int r = 0; r < ROW_TILE; r++) {
        UNROLL
        for (int j = 0; j < ROW_VECTORS; j++) FN(store)((T *)y + ys[j] + r * ldy, sum[r][j]);
    }
}
