/* Pooling over POOL_VECTORS vectors of windows, one input or two apart: `first` starts, `next` adds, `last` ends. */

#define POOL_STEP(name, load, first, next, last) \
    static void FN(name)(const void *x, const int64_t *xs, const int64_t *off, int64_t terms, const void *w, void *y, \
                         const int64_t *ys, int64_t ldy) \
    { \
        VEC sum[POOL_VECTORS]; \
        (void)w, (void)ldy; \
        UNROLL \
        for (int j = 0; j < POOL_VECTORS; j++) sum[j] = FN(all)(first); \
        for (int64_t k = 0; k < terms; k++) { \
            UNROLL \
            for (int j = 0; j < POOL_VECTORS; j++) { \
                const VEC v = load((const T *)x + xs[j] + off[k]); \
                sum[j] = next(sum[j], v); \
            } \
        } \
        for (int j = 0; j < POOL_VECTORS; j++) FN(store)((T *)y + ys[j], last(sum[j])); \
    }

#define POOL(name, first, next, last) \
    POOL_STEP(name##_1, FN(load), first, next, last) \
    POOL_STEP(name##_2, FN(evens), first, next, last)

#define SAME(a) (a)
#define ADD(a, x) ((a) + (x))
#define ADD_ABS(a, x) ((a) + FN(abs)(x))
#define ADD_SQUARE(a, x) FN(fma)(x, x, a)

POOL(pool_max, LEAST, FN(max), SAME)

#if FLOATING
INLINE VEC FN(root)(VEC x)
{
    for (int l = 0; l < LANES; l++) x[l] = ROOT(x[l]);
    return x;
}

POOL(pool_mean, 0, ADD, SAME)
POOL(pool_abs, 0, ADD_ABS, SAME)
POOL(pool_square, 0, ADD_SQUARE, FN(root))

/* A sum becomes a mean. */
static void FN(divide)(void *p, const int64_t *count, int64_t times, int64_t n)
{
    T *y = p;
    for (int64_t i = 0; i < n; i++) y[i] = y[i] / (T)(count[i] * times);
}

/* Any other order of the norm; `w` is the exponent. The powers are computed in double for every dtype. */
static void FN(pool_power)(const void *x, const int64_t *xs, const int64_t *off, int64_t terms, const void *w, void *y,
                           const int64_t *ys, int64_t ldy)
{
    const double power = *(const double *)w;
    (void)ldy;
    for (int j = 0; j < POOL_VECTORS; j++) {
        for (int l = 0; l < LANES; l++) {
            double sum = 0;
            for (int64_t k = 0; k < terms; k++)
                sum += pow(__builtin_fabs((double)((const T *)x)[xs[j] + off[k] + l]), power);
            ((T *)y)[ys[j] + l] = (T)pow(sum, 1 / power);
        }
    }
}
#endif

#undef POOL
#undef POOL_STEP
#undef SAME
#undef ADD
#undef ADD_ABS
#undef ADD_SQUARE
