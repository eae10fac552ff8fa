/* Rows of the gradient of unshared kernels. */

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

/* total[i] += image[i] */
static void FN(add_rows)(void *to, const void *from, int64_t n)
{
    T *restrict total = to;
    const T *restrict image = from;
    for (int64_t i = 0; i < n; i++) total[i] += image[i];
}

/* One output's share of the gradients of its inputs, of `images` images, a vector of them or one, side by side: for each
 * channel, at the places of the taps that lie inside. */
static void FN(scatter)(void *to, int64_t plane, const int64_t *places, const int64_t *taps, int64_t inside,
                        const void *weights, int64_t all, int64_t channels, const void *dy, int64_t images)
{
    T *dx = to;
    const T *w = weights;
    const VEC d = images == 1 ? FN(all)(*(const T *)dy) : FN(load)(dy);
    for (int64_t c = 0; c < channels; c++, w += all, dx += plane * images)
        for (int64_t i = 0; i < inside; i++) {
            T *p = dx + places[i] * images;
            if (images == 1) {
                const VEC one = FN(fma)(d, FN(all)(w[taps[i]]), FN(all)(*p));
                *p = one[0];
            } else {
                FN(store)(p, FN(fma)(d, FN(all)(w[taps[i]]), FN(load)(p)));
            }
        }
}
