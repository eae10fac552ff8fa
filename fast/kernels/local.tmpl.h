/* Unshared kernels: every lane has its own row of weights, and the row to be read after it, which is fetched. Blocks of
 * LANES x LANES weights are read along their rows and turned in registers. */

/* Vectors from where they are listed, one after the other, `vectors` at a place. */
static void FN(line_up)(void *to, const void *from, const int64_t *at, int64_t n, int64_t vectors)
{
    T *y = to;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < vectors; j++, y += LANES) FN(store)(y, FN(load)((const T *)from + at[i] + j * LANES));
}

/* The first `count` terms of the rows, a vector each. */
INLINE void FN(turn_terms)(const T *const *w, int64_t k, const int count, T *part, VEC v[LANES])
{
    if (count == LANES) {
        UNROLL
        for (int l = 0; l < LANES; l++) {
            v[l] = FN(load)(w[l] + k);
            __builtin_prefetch(w[LANES + l] + k, 0, 2);
        }
    } else {
        for (int l = 0; l < LANES; l++)
            for (int i = 0; i < LANES; i++) part[l * LANES + i] = i < count ? w[l][k + i] : 0;
        UNROLL
        for (int l = 0; l < LANES; l++) v[l] = FN(load)(part + l * LANES);
    }
    FN(turn)(v);
}

/* to[i][l] = w[l][from + i], i < terms, and up to a whole block: interleave, but for the rows that are fetched, which is 1.2 times as fast. */
static void FN(turn_rows)(const void *const *rows, int64_t from, int64_t terms, void *to, void *spare)
{
    const T *const *w = (const T *const *)rows;
    T *y = to;
    for (int64_t k = 0; k < terms; k += LANES, y += LANES * LANES) {
        VEC v[LANES];
        if (terms - k < LANES) {
            FN(turn_terms)(w, from + k, (int)(terms - k), spare, v);
        } else {
            FN(turn_terms)(w, from + k, LANES, spare, v);
        }
        UNROLL
        for (int l = 0; l < LANES; l++) FN(store)(y + l * LANES, v[l]);
    }
}

/* sums[c * plane + at[t] + l] += w[c][t][l] * dy[l], where a channel has `all` taps: one channel after the other, since what has just
 * been stored is not yet there to be loaded from one element on. */
static void FN(add_turned)(void *sums, int64_t plane, const int64_t *at, int64_t taps, const void *weights, int64_t all,
                           const void *factors, int64_t channels)
{
    const VEC dy = FN(load)((const T *)factors);
    for (int64_t t = 0; t < taps; t++) {
        T *y = (T *)sums + at[t];
        const T *w = (const T *)weights + t * LANES;
        for (int64_t c = 0; c < channels; c++, y += plane, w += all * LANES)
            FN(store)(y, FN(fma)(FN(load)(w), dy, FN(load)(y)));
    }
}

/* Blocks are used for every image. x holds, for each image, a vector of inputs for each term; sums a vector for each image. */
static void FN(local)(const void *const *rows, int64_t terms, const void *in, int64_t ldx, int64_t images, void *to,
                      void *spare)
{
    const T *const *w = (const T *const *)rows;
    const T *x = in;
    T *sums = to, *part = spare;
    for (int64_t k = 0; k < terms; k += LANES) {
        const int count = terms - k < LANES ? (int)(terms - k) : LANES;
        VEC v[LANES];
        FN(turn_terms)(w, k, count, part, v);
        if (count < LANES) {
            for (int i = 0; i < LANES; i++) FN(store)(part + i * LANES, v[i]);
        }
        int64_t n = 0;
        for (; count == LANES && n + 4 <= images; n += 4) {
            VEC sum[4];
            UNROLL
            for (int j = 0; j < 4; j++) sum[j] = FN(load)(sums + (n + j) * LANES);
            UNROLL
            for (int i = 0; i < LANES; i++) {
                UNROLL
                for (int j = 0; j < 4; j++)
                    sum[j] = FN(fma)(FN(load)(x + (n + j) * ldx + (k + i) * LANES), v[i], sum[j]);
            }
            UNROLL
            for (int j = 0; j < 4; j++) FN(store)(sums + (n + j) * LANES, sum[j]);
        }
        for (; n < images; n++) {
            const T *xn = x + n * ldx + k * LANES;
            VEC sum = FN(load)(sums + n * LANES);
            if (count == LANES) {
                UNROLL
                for (int i = 0; i < LANES; i++) sum = FN(fma)(FN(load)(xn + i * LANES), v[i], sum);
            } else {
                for (int i = 0; i < count; i++)
                    sum = FN(fma)(FN(load)(xn + i * LANES), FN(load)(part + i * LANES), sum);
            }
            FN(store)(sums + n * LANES, sum);
        }
    }
}
