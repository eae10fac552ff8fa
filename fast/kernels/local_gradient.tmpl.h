/* Gradients of unshared kernels. */

/* to[c * all + taps[i]] = x[c * plane + places[i]] */
static void FN(take_terms)(void *to, int64_t all, const int64_t *taps, const void *from, int64_t plane, const int64_t *places,
                           int64_t inside, int64_t channels)
{
    T *patch = to;
    const T *x = from;
    for (int64_t c = 0; c < channels; c++, patch += all, x += plane)
        for (int64_t i = 0; i < inside; i++) patch[taps[i]] = x[places[i]];
}

/* sum[i] = fma(dy, x[i], sum[i]) */
static void FN(add_products)(void *to, const void *from, const void *factor, int64_t n)
{
    T *restrict sum = to;
    const T *restrict x = from;
    const VEC dy = FN(all)(*(const T *)factor);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) FN(store)(sum + i, FN(fma)(dy, FN(load)(x + i), FN(load)(sum + i)));
    for (; i < n; i++) {
        const VEC one = FN(fma)(dy, FN(all)(x[i]), FN(all)(sum[i]));
        sum[i] = one[0];
    }
}

/* to[i] = the sum of fma(dy[m], x[m][i], 0) over m < images, which goes on if there is `more` than these. */
static void FN(sum_products)(void *to, const void *from, int64_t ldx, const void *factors, int64_t images, int64_t n, int more)
{
    T *y = to;
    const T *x = from, *dy = factors;
    int64_t i = 0;
    for (; i + PASS_VECTORS * LANES <= n; i += PASS_VECTORS * LANES) {
        VEC sum[PASS_VECTORS];
        UNROLL
        for (int j = 0; j < PASS_VECTORS; j++) sum[j] = more ? FN(load)(y + i + j * LANES) : (VEC){0};
        for (int64_t m = 0; m < images; m++) {
            const VEC d = FN(all)(dy[m]);
            UNROLL
            for (int j = 0; j < PASS_VECTORS; j++)
                sum[j] += FN(fma)(d, FN(load)(x + m * ldx + i + j * LANES), (VEC){0});
        }
        UNROLL
        for (int j = 0; j < PASS_VECTORS; j++) FN(store)(y + i + j * LANES, sum[j]);
    }
    for (; i < n; i++) {
        VEC sum = more ? FN(all)(y[i]) : (VEC){0};
        for (int64_t m = 0; m < images; m++) sum += FN(fma)(FN(all)(dy[m]), FN(all)(x[m * ldx + i]), (VEC){0});
        y[i] = sum[0];
    }
}

/* total[i] += image[i] */
static void FN(add_rows)(void *to, const void *from, int64_t n)
{
    T *restrict total = to;
    const T *restrict image = from;
    for (int64_t i = 0; i < n; i++) total[i] += image[i];
}
