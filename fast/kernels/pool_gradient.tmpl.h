/* The gradients of pooling, a row of windows and one tap of each at a time. Plain loops, which compilers turn into
 * vectors. */

/* Window i of a row sees x[i * step]: its place becomes that of the greatest element so far, if it is the first or greater;
 * a NaN is greater than any number. */
static void FN(choose_greatest)(const void *from, int64_t step, int64_t n, int32_t place, int32_t *restrict places,
                                void *greatest)
{
    const T *restrict x = from;
    T *restrict best = greatest;
#define STEP(step) \
    for (int64_t i = 0; i < n; i++) { \
        const T v = x[i * (step)], b = best[i]; \
        const int take = (places[i] == NOWHERE) | (v > b) | ((v != v) & (b == b)); \
        best[i] = take ? v : b; \
        places[i] = take ? place : places[i]; \
    }
    if (step == 1) {
        STEP(1)
    } else if (step == 2) {
        STEP(2)
    } else {
        STEP(step)
    }
#undef STEP
}

#if SUMS
/* dx[places[i] + i * step] += dy[i], but for windows without an element. */
static void FN(add_at)(void *to, const int32_t *places, int64_t step, const void *from, int64_t n)
{
    T *dx = to;
    const T *dy = from;
    for (int64_t i = 0; i < n; i++)
        if (places[i] != NOWHERE) dx[places[i] + i * step] += dy[i];
}
#endif

#if FLOATING
/* What a window of a norm passes on, before the factor that its element makes: nothing where the norm is 0. */
static void FN(slopes)(int64_t kind, void *to, const void *from, const void *norms, int64_t n)
{
    T *restrict q = to;
    const T *restrict dy = from, *restrict norm = norms;
    for (int64_t i = 0; i < n; i++) q[i] = norm[i] == 0 ? 0 : kind == CS_SQUARE ? dy[i] / norm[i] : dy[i];
}

/* y[i * step] = x[i], with zeros between. */
static void FN(stuff)(void *to, int64_t step, const void *from, int64_t n)
{
    T *restrict y = to;
    const T *restrict x = from;
    if (step == 2) {
        for (int64_t i = 0; i < n; i++) y[2 * i] = x[i], y[2 * i + 1] = 0;
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        y[i * step] = x[i];
        for (int64_t j = 1; j < step; j++) y[i * step + j] = 0;
    }
}

INLINE T FN(sign)(T x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

/* dx[i * step] gets what window i passes on to x[i * step]. */
static void FN(pass_on)(int64_t kind, void *to, const void *from, const void *slopes, const void *norms, int64_t step,
                        int64_t n, double power)
{
    T *restrict dx = to;
    const T *restrict x = from, *restrict q = slopes, *restrict norm = norms;
    if (kind == CS_MEAN) {
        for (int64_t i = 0; i < n; i++) dx[i] += q[i];
    } else if (kind == CS_ABS) {
        for (int64_t i = 0; i < n; i++) dx[i * step] += q[i] * FN(sign)(x[i * step]);
    } else if (kind == CS_SQUARE) {
        for (int64_t i = 0; i < n; i++) {
            const VEC one = FN(fma)(FN(all)(x[i * step]), FN(all)(q[i]), FN(all)(dx[i * step]));
            dx[i * step] = one[0];
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            const double ratio = norm[i] == 0 ? 0 : __builtin_fabs((double)x[i * step]) / (double)norm[i];
            dx[i * step] += (T)((double)(q[i] * FN(sign)(x[i * step])) * pow(ratio, power - 1));
        }
    }
}
#endif
