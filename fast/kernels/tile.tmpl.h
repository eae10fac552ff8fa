/* The chain of fused multiply-adds over a register tile. Every lane is one output element; all see the same terms. */

INLINE void FN(pixels)(const int rows, const int vectors, const T *x, const int64_t *xs, const cs_terms *t, const T *w,
                       T *y, const int64_t *ys, int64_t ldy)
{
    const int64_t *off = t->off + t->first;
    VEC sum[MAX_ROWS][MAX_VECTORS], xv[MAX_VECTORS];
    const T *px[MAX_VECTORS];
    UNROLL
    for (int j = 0; j < vectors; j++) px[j] = x + xs[j];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = FN(all)(w[i]);
    }
    w += t->first * rows;
    for (int64_t slab = 0; slab < t->slabs; slab++, off += t->run + t->skip, w += t->skip * rows)
        for (int64_t k = 0; k < t->run; k++) {
            w += rows;
            UNROLL
            for (int j = 0; j < vectors; j++) xv[j] = FN(load)(px[j] + off[k]);
            UNROLL
            for (int i = 0; i < rows; i++) {
                const VEC wv = FN(all)(w[i]);
                UNROLL
                for (int j = 0; j < vectors; j++) sum[i][j] = FN(fma)(xv[j], wv, sum[i][j]);
            }
        }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) FN(store)(y + ys[j] + i * ldy, sum[i][j]);
    }
}

/* The i-th of up to seven pixels that are s1 bytes apart; s3 and s5 are three and five times as many. The processor adds that up
 * with the load: additions by themselves take the places of multiply-adds. */
INLINE const T *FN(pixel)(const char *p, const int i, int64_t s1, int64_t s3, int64_t s5)
{
    return (const T *)(i == 3 ? p + s3 : i == 5 ? p + s5 : i == 6 ? p + 2 * s3 : p + i * s1);
}

/* each: a pixel is a vector too, one channel for each of the outputs. */
INLINE void FN(outputs)(const int rows, const int vectors, const int each, const T *xa, const T *xb, int64_t step,
                        const cs_terms *t, const T *w, T *ya, T *yb, int64_t ldy)
{
    const int64_t *off = t->off + t->first, ahead = t->ahead, s1 = step * (int64_t)sizeof(T);
    int64_t s3 = 3 * s1, s5 = 5 * s1;
    __asm__("" : "+r"(s3), "+r"(s5)); /* lest they be added up from s1 */
    VEC sum[MAX_ROWS][MAX_VECTORS], wv[MAX_VECTORS];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = FN(load)(w + j * LANES);
    }
    w += t->first * vectors * LANES;
    for (int64_t slab = 0; slab < t->slabs; slab++, off += t->run + t->skip, w += t->skip * vectors * LANES) {
        UNROLL_TWICE
        for (int64_t k = 0; k < t->run; k++) {
            const char *a = (const char *)(xa + off[k]), *b = (const char *)(xb + off[k]);
            w += vectors * LANES;
            if (vectors > 1) __builtin_prefetch(a + ahead);
            UNROLL
            for (int j = 0; j < vectors; j++) wv[j] = FN(load)(w + j * LANES);
            UNROLL
            for (int i = 0; i < rows; i++) {
                const T *p = i < rows / 2 ? FN(pixel)(a, i, s1, s3, s5) : FN(pixel)(b, i - rows / 2, s1, s3, s5);
                const VEC xv = each ? FN(load)(p) : FN(all)(*p);
                UNROLL
                for (int j = 0; j < vectors; j++) sum[i][j] = FN(fma)(xv, wv[j], sum[i][j]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        T *y = i < rows / 2 ? ya + i * ldy : yb + (i - rows / 2) * ldy;
        UNROLL
        for (int j = 0; j < vectors; j++) FN(store)(y + j * LANES, sum[i][j]);
    }
}

#define TILE(rows, vectors) \
    static void FN(pixels_##rows##_##vectors)(const void *x, const int64_t *xs, const cs_terms *t, const void *w, void *y, \
                                              const int64_t *ys, int64_t ldy) \
    { \
        FN(pixels)(rows, vectors, x, xs, t, w, y, ys, ldy); \
    }
PIXEL_TILES(TILE)
#undef TILE

#define TILE(rows, vectors) \
    static void FN(outputs_##rows##_##vectors)(const void *xa, const void *xb, int64_t step, const cs_terms *t, \
                                               const void *w, void *ya, void *yb, int64_t ldy) \
    { \
        FN(outputs)(rows, vectors, 0, xa, xb, step, t, w, ya, yb, ldy); \
    }
OUTPUT_TILES(TILE)
#undef TILE

/* The same where the taps of a row are neighbours, like the pixels: a vector is loaded once for all pixels that see it. */
INLINE void FN(slide)(const int rows, const int taps, const T *xa, const T *xb, const cs_terms *t, const T *w, T *ya, T *yb,
                      int64_t ldy)
{
    const int64_t *off = t->off + t->first;
    VEC sum[MAX_ROWS], wv[MAX_ROWS];
    UNROLL
    for (int i = 0; i < rows; i++) sum[i] = FN(load)(w);
    w += t->first * LANES;
    for (int64_t slab = 0; slab < t->slabs; slab++, off += t->run + t->skip, w += t->skip * LANES)
        for (int64_t k = 0; k < t->run; k += taps) {
            UNROLL
            for (int s = 0; s < taps; s++) wv[s] = FN(load)(w += LANES);
            UNROLL
            for (int part = 0; part < 2; part++) {
                const T *x = (part ? xb : xa) + off[k];
                UNROLL
                for (int j = 0; j < rows / 2 + taps - 1; j++) {
                    const VEC xv = FN(load)(x + j * LANES);
                    UNROLL
                    for (int s = 0; s < taps; s++)
                        if (j - s >= 0 && j - s < rows / 2) {
                            const int i = part * (rows / 2) + j - s;
                            sum[i] = FN(fma)(xv, wv[s], sum[i]);
                        }
                }
            }
        }
    UNROLL
    for (int i = 0; i < rows; i++) FN(store)(i < rows / 2 ? ya + i * ldy : yb + (i - rows / 2) * ldy, sum[i]);
}

#define TILE(rows) \
    static void FN(groups_##rows)(const void *xa, const void *xb, int64_t step, const cs_terms *t, const void *w, void *ya, \
                                  void *yb, int64_t ldy) \
    { \
        FN(outputs)(rows, 1, 1, xa, xb, step, t, w, ya, yb, ldy); \
    }
GROUP_TILES(TILE)
#undef TILE

#define TILE(rows, taps) \
    static void FN(slide_##rows##_##taps)(const void *xa, const void *xb, int64_t step, const cs_terms *t, const void *w, \
                                          void *ya, void *yb, int64_t ldy) \
    { \
        (void)step; \
        FN(slide)(rows, taps, xa, xb, t, w, ya, yb, ldy); \
    }
SLIDE_TILES(TILE)
#undef TILE
