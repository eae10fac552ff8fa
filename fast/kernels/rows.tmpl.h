/* A tile of neighbouring output rows: an input row is loaded once for all outputs that see it. Each output still runs
 * through its taps in row-major order, because input rows come in ascending order. */

/* ROW_TILE rows over `taps` rows of the kernel, at most ROW_TILE of them. */
INLINE void FN(row_block)(const int taps, VEC sum[ROW_TILE][MAX_VECTORS], const T *const *px, int64_t pitch,
                          const int64_t *off, int64_t columns, const T *w)
{
    UNROLL
    for (int i = 0; i < ROW_TILE + taps - 1; i++) {
        for (int64_t c = 0; c < columns; c++) {
            VEC xv[ROW_VECTORS];
            UNROLL
            for (int j = 0; j < ROW_VECTORS; j++) xv[j] = FN(load)(px[j] + i * pitch + off[c]);
            UNROLL
            for (int r = 0; r < ROW_TILE; r++) {
                if (i - r < 0 || i - r >= taps) continue;
                const VEC wv = FN(all)(w[(i - r) * columns + c]);
                UNROLL
                for (int j = 0; j < ROW_VECTORS; j++) sum[r][j] = FN(fma)(xv[j], wv, sum[r][j]);
            }
        }
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
    const int64_t parts = (taps + ROW_TILE - 1) / ROW_TILE;
    for (int64_t slab = 0; slab < slabs; slab++, off += taps * columns) {
        for (int64_t part = 0; part < parts; part++) {
            const int64_t from = taps * part / parts, some = taps * (part + 1) / parts - from;
            const T *px[ROW_VECTORS];
            UNROLL
            for (int j = 0; j < ROW_VECTORS; j++) px[j] = (const T *)x + xs[j] + from * pitch;
            if (some == 4) {
                FN(row_block)(4, sum, px, pitch, off, columns, w);
            } else if (some == 3) {
                FN(row_block)(3, sum, px, pitch, off, columns, w);
            } else if (some == 2) {
                FN(row_block)(2, sum, px, pitch, off, columns, w);
            } else {
                FN(row_block)(1, sum, px, pitch, off, columns, w);
            }
            w += some * columns;
        }
    }
    UNROLL
    for (int r = 0; r < ROW_TILE; r++) {
        UNROLL
        for (int j = 0; j < ROW_VECTORS; j++) FN(store)((T *)y + ys[j] + r * ldy, sum[r][j]);
    }
}
