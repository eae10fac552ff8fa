/* Depthwise sums of neighbouring pixels whose channels are neighbours: all groups, a vector at a time, so that cache lines are read
 * whole. Each input of a row is loaded once for all outputs of the tile that see it. */

/* The j-th of up to nine pixels; s1, s3, s5, s7: bytes to the first, third, fifth and seventh. */
INLINE const T *FN(near)(const char *p, const int j, int64_t s1, int64_t s3, int64_t s5, int64_t s7)
{
    return (const T *)(j == 3 ? p + s3 : j == 5 ? p + s5 : j == 6 ? p + 2 * s3 : j == 7 ? p + s7 : p + j * s1);
}

INLINE void FN(last_tile)(const int step, const int columns, const int pixels, const T *const *rows, const int64_t *apart, int64_t taps,
                          int64_t groups, const T *w, T *y, int64_t ldy)
{
    for (int64_t g = 0; g < groups; g += LANES, w += LANES) {
        VEC sum[MAX_ROWS];
        UNROLL
        for (int i = 0; i < pixels; i++) sum[i] = FN(load)(w);
        for (int64_t r = 0; r < taps; r++) {
            const int64_t s1 = apart[r] * (int64_t)sizeof(T), s3 = 3 * s1, s5 = 5 * s1, s7 = 7 * s1;
            const char *p = (const char *)(rows[r] + g);
            VEC wv[MAX_VECTORS];
            UNROLL
            for (int s = 0; s < columns; s++) wv[s] = FN(load)(w += LANES);
            UNROLL
            for (int j = 0; j < (pixels - 1) * step + columns; j++) {
                VEC x = FN(load)(FN(near)(p, j, s1, s3, s5, s7));
                ONCE(x);
                UNROLL
                for (int s = 0; s < columns; s++)
                    if (j >= s && (j - s) % step == 0 && (j - s) / step < pixels)
                        sum[(j - s) / step] = FN(fma)(x, wv[s], sum[(j - s) / step]);
            }
        }
        UNROLL
        for (int i = 0; i < pixels; i++) FN(store)(y + i * ldy + g, sum[i]);
    }
}

/* One pixel, of which each term has a place of its own. */
static void FN(last_pixel)(const void *const *places, int64_t terms, int64_t groups, const void *weights, void *to)
{
    const T *w = weights;
    for (int64_t g = 0; g < groups; g += LANES, w += LANES) {
        VEC sum = FN(load)(w);
        for (int64_t i = 0; i < terms; i++) sum = FN(fma)(FN(load)((const T *)places[i] + g), FN(load)(w += LANES), sum);
        FN(store)((T *)to + g, sum);
    }
}

#define LAST(step, columns, pixels) \
    static void FN(last_##step##_##columns)(const void *const *rows, const int64_t *apart, int64_t taps, int64_t groups, const void *w, \
                                            void *y, int64_t ldy) \
    { \
        FN(last_tile)(step, columns, pixels, (const T *const *)rows, apart, taps, groups, w, y, ldy); \
    }
LAST_TILES(LAST)
#undef LAST
