/* The chain of fused multiply-adds over a register tile. Every lane is one output element; all see the same terms. */

/* The sums so far, or initial values: a vector each, or one for all lanes. */
INLINE VEC FN(begin)(const cs_terms *t, int at, const T *w, const int each)
{
    return t->sums ? FN(load)((const T *)t->sums + at * LANES) : each ? FN(load)(w) : FN(all)(*w);
}

INLINE void FN(pixels_term)(const int rows, const int vectors, const T *const *px, int64_t off, const T *w,
                            VEC sum[MAX_ROWS][MAX_VECTORS])
{
    VEC xv[MAX_VECTORS];
    OWN(off);
    UNROLL
    for (int j = 0; j < vectors; j++) xv[j] = FN(load)(px[j] + off);
    UNROLL
    for (int i = 0; i < rows; i++) {
        const VEC wv = FN(all)(w[i]);
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = FN(fma)(xv[j], wv, sum[i][j]);
    }
}

INLINE void FN(pixels)(const int rows, const int vectors, const T *x, const int64_t *xs, const cs_terms *t, const T *w,
                       T *y, const int64_t *ys, int64_t ldy)
{
    const int64_t *off = t->off + t->first;
    VEC sum[MAX_ROWS][MAX_VECTORS];
    const T *px[MAX_VECTORS];
    UNROLL
    for (int j = 0; j < vectors; j++) {
        px[j] = x + xs[j];
        OWN(px[j]);
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = FN(begin)(t, i * vectors + j, w + i, 0);
    }
    w += (t->first + 1) * rows;
    for (int64_t slab = 0; slab < t->slabs; slab++, off += t->skip, w += t->skip * rows) {
        const int64_t *end = off + t->run;
        for (; PAIRED(rows, vectors) && off < end - 1; off += 2, w += 2 * rows) {
            FN(pixels_term)(rows, vectors, px, off[0], w, sum);
            FN(pixels_term)(rows, vectors, px, off[1], w + rows, sum);
        }
        for (; off < end; off++, w += rows) FN(pixels_term)(rows, vectors, px, *off, w, sum);
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

/* Pixels of a tile: two runs. Each has its address in a register where a tile has few, and instructions count. */
#define OWN_PIXELS(rows) (REGISTERS == 16 && (rows) <= FEW_PIXELS)
typedef struct {
    const T *a, *b, *each[FEW_PIXELS];
    int64_t s1, s3, s5, ahead;
} FN(run);

/* each: a pixel is a vector too, one channel for each of the outputs. */
INLINE void FN(outputs_term)(const int rows, const int vectors, const int each, const FN(run) * x, int64_t off, const T *w,
                             VEC sum[MAX_ROWS][MAX_VECTORS])
{
    VEC wv[MAX_VECTORS];
    OWN(off);
    const char *a = (const char *)(x->a + off), *b = (const char *)(x->b + off);
    if (vectors > 1 && !OWN_PIXELS(rows)) __builtin_prefetch(a + x->ahead);
    UNROLL
    for (int j = 0; j < vectors; j++) wv[j] = FN(load)(w + j * LANES);
    UNROLL
    for (int i = 0; i < rows; i++) {
        const T *p = OWN_PIXELS(rows) ? x->each[i] + off
                     : i < rows / 2   ? FN(pixel)(a, i, x->s1, x->s3, x->s5)
                                      : FN(pixel)(b, i - rows / 2, x->s1, x->s3, x->s5);
        const VEC xv = each ? FN(load)(p) : FN(all)(*p);
        UNROLL
        for (int j = 0; j < vectors; j++)
            sum[i][j] = vectors > 2 ? FN(accumulate)(xv, wv[j], sum[i][j]) : FN(fma)(xv, wv[j], sum[i][j]);
    }
}

INLINE void FN(outputs)(const int rows, const int vectors, const int each, const T *xa, const T *xb, int64_t step,
                        const cs_terms *t, const T *w, T *ya, T *yb, int64_t ldy)
{
    const int64_t *off = t->off + t->first, s1 = step * (int64_t)sizeof(T);
    FN(run) x = {.a = xa, .b = xb, .s1 = s1, .s3 = 3 * s1, .s5 = 5 * s1, .ahead = t->ahead};
    VEC sum[MAX_ROWS][MAX_VECTORS];
    UNROLL
    for (int i = 0; i < rows && OWN_PIXELS(rows); i++) {
        x.each[i] = i < rows / 2 ? xa + i * step : xb + (i - rows / 2) * step;
        OWN(x.each[i]);
    }
    OWN(x.s3);
    OWN(x.s5);
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = FN(begin)(t, i * vectors + j, w + j * LANES, 1);
    }
    const int64_t wide = vectors * LANES;
    w += (t->first + 1) * wide;
    for (int64_t slab = 0; slab < t->slabs; slab++, off += t->skip, w += t->skip * wide) {
        const int64_t *end = off + t->run;
        for (; off < end - 1; off += 2, w += 2 * wide) {
            FN(outputs_term)(rows, vectors, each, &x, off[0], w, sum);
            FN(outputs_term)(rows, vectors, each, &x, off[1], w + wide, sum);
        }
        if (off < end) {
            FN(outputs_term)(rows, vectors, each, &x, off[0], w, sum);
            off++, w += wide;
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        T *y = i < rows / 2 ? ya + i * ldy : yb + (i - rows / 2) * ldy;
        UNROLL
        for (int j = 0; j < vectors; j++) FN(store)(y + j * LANES, sum[i][j]);
    }
}

#undef OWN_PIXELS

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
