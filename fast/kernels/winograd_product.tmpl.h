/* The products of matrices at a point of Winograd's tiles; part of winograd.tmpl.h. */

/* rows tiles of all channels of all slabs, each vector of which is `block` elements on, times a panel of weights; `more`: to
 * the sums that are there. */
INLINE void FN(product)(const int rows, const int vectors, const T *v, int64_t block, const T *u, int64_t channels,
                        int64_t slabs, T *m, int more)
{
    VEC sum[MAX_ROWS][MAX_VECTORS], uv[MAX_VECTORS];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = more ? FN(load)(m + (i * vectors + j) * LANES) : (VEC){0};
    }
    for (int64_t left = channels; slabs; v += block) {
        const int64_t some = left < LANES ? left : LANES;
        UNROLL_TWICE
        for (int64_t c = 0; c < some; c++, u += vectors * LANES) {
            UNROLL
            for (int j = 0; j < vectors; j++) {
                uv[j] = FN(load)(u + j * LANES);
                __builtin_prefetch((const char *)(u + j * LANES) + STREAMED);
            }
            UNROLL
            for (int i = 0; i < rows; i++) {
                const VEC vv = FN(all)(v[i * LANES + c]);
                UNROLL
                for (int j = 0; j < vectors; j++) sum[i][j] = FN(fma)(vv, uv[j], sum[i][j]);
            }
        }
        left -= some;
        if (left == 0) left = channels, slabs--;
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) FN(store)(m + (i * vectors + j) * LANES, sum[i][j]);
    }
}

#define TILE(rows, vectors) \
    static void FN(product_##rows##_##vectors)(const void *v, int64_t block, const void *u, int64_t channels, \
                                               int64_t slabs, void *m, int more) \
    { \
        FN(product)(rows, vectors, v, block, u, channels, slabs, m, more); \
    }
PRODUCT_TILES(TILE)
#undef TILE
