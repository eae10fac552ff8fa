/* Pooling: vectors of windows run over rows of the input, or over strips of them. */
#include "bring.tmpl.h"

/* `first` starts, `next` adds, `last` ends, `last_one` for one window. A block of vectors, of which the last is `apart`
 * from the first; windows are one apart in the strips, two apart where `pairs` of taps are read in place. */
#define POOL(name, first, next, last, last_one) \
    INLINE void FN(name##_block)(const int vectors, const int pairs, const cs_pooling *p, const T *x, \
                                 const int64_t *starts, int64_t n, T *y, int64_t apart, const T *divisors) \
    { \
        VEC sum[POOL_VECTORS], even, odd; \
        const int64_t taps = p->taps; \
        UNROLL \
        for (int j = 0; j < vectors; j++) sum[j] = FN(all)(first); \
        for (int64_t k = 0; k < n; k++) { \
            for (int64_t t = 0; t < taps; t += 1 + pairs) { \
                const T *at = x + starts[k] + p->off[t]; \
                UNROLL \
                for (int j = 0; j < vectors; j++) { \
                    const T *v = at + (1 + pairs) * (j < vectors - 1 ? j * LANES : apart); \
                    if (!pairs) { \
                        sum[j] = next(sum[j], FN(load)(v)); \
                    } else if (t + 1 < taps) { \
                        FN(unzip)(FN(load)(v), FN(load)(v + LANES), &even, &odd); \
                        sum[j] = next(next(sum[j], even), odd); \
                        __builtin_prefetch((const char *)v + AHEAD); \
                        __builtin_prefetch((const char *)(v + LANES) + AHEAD); \
                    } else { \
                        sum[j] = next(sum[j], FN(evens)(v)); \
                    } \
                } \
            } \
        } \
        (void)divisors, (void)even, (void)odd; \
        UNROLL \
        for (int j = 0; j < vectors; j++) { \
            const int64_t at = j < vectors - 1 ? j * LANES : apart; \
            FN(store)(y + at, last(sum[j], divisors + at)); \
        } \
    } \
    /* A row: blocks of vectors, of which the last overlaps the one before. */ \
    INLINE void FN(name##_row)(const int pairs, const cs_pooling *p, const T *x, const int64_t *starts, int64_t n, T *y, \
                               int64_t width, const T *divisors) \
    { \
        for (int64_t o = 0, some; o < width; o += some) { \
            const int64_t rest = width - o, vectors = !WIDE || rest <= LANES ? 1 : rest <= 3 * LANES ? 2 : 4; \
            some = rest < vectors * LANES ? rest : vectors * LANES; \
            const T *at = x + (1 + pairs) * o; \
            if (vectors == 4) { \
                FN(name##_block)(POOL_VECTORS, pairs, p, at, starts, n, y + o, some - LANES, divisors + o); \
            } else if (vectors == 2) { \
                FN(name##_block)(2, pairs, p, at, starts, n, y + o, some - LANES, divisors + o); \
            } else { \
                FN(name##_block)(1, pairs, p, at, starts, n, y + o, some - LANES, divisors + o); \
            } \
        } \
    } \
    /* One window, which may reach beyond the edges. */ \
    INLINE void FN(name##_edge)(const cs_pooling *p, const T *x, const int64_t *starts, int64_t n, int64_t o, T *y, \
                                const T *divisors) \
    { \
        VEC sum = FN(all)(first); \
        for (int64_t k = 0; k < n; k++) { \
            for (int64_t t = 0; t < p->taps; t++) { \
                const int64_t i = p->step * o + p->off[t]; \
                if (i >= 0 && i < p->in) sum = next(sum, FN(all)(x[starts[k] + i])); \
            } \
        } \
        (void)divisors; \
        y[o] = last_one(sum, divisors[o])[0]; \
    } \
    static void FN(name)(const void *x, const cs_pooling *p, void *to, void *strips, void *spare) \
    { \
        T *y = to; \
        for (int64_t r = 0; p->news && r < (p->rows.count < LEAD ? p->rows.count : LEAD); r++) \
            FN(bring)(p, r, x, strips, spare); \
        for (int64_t r = 0; r < p->rows.count; r++, y += p->ldy) { \
            const int64_t *starts = p->rows.starts + p->rows.from[r], n = p->rows.from[r + 1] - p->rows.from[r]; \
            const T *divisors = p->divisors ? (const T *)p->divisors + p->row_divisors[r] : NULL; \
            if (p->news && r + LEAD < p->rows.count) FN(bring)(p, r + LEAD, x, strips, spare); \
            const T *from = p->news ? strips : x, *first_from = from + p->from * p->step; \
            for (int64_t o = 0; o < p->from; o++) FN(name##_edge)(p, from, starts, n, o, y, divisors); \
            for (int64_t o = p->to; o < p->width; o++) FN(name##_edge)(p, from, starts, n, o, y, divisors); \
            if (p->width < LANES) { \
                T part[LANES]; \
                FN(name##_block)(1, 0, p, from, starts, n, part, 0, divisors); \
                memcpy(y, part, (size_t)p->width * sizeof(T)); \
            } else if (p->step == 2) { \
                FN(name##_row)(1, p, first_from, starts, n, y + p->from, p->to - p->from, divisors + p->from); \
            } else { \
                FN(name##_row)(0, p, first_from, starts, n, y + p->from, p->to - p->from, divisors + p->from); \
            } \
        } \
    }

#define SAME(a, divisor) (a)
#define ADD(a, x) ((a) + (x))
#define OVER(a, divisor) ((a) / FN(load)(divisor))
#define OVER_ALL(a, divisor) ((a) / FN(all)(divisor))
#define ADD_ABS(a, x) ((a) + FN(abs)(x))
#define ADD_SQUARE(a, x) FN(fma)(x, x, a)
#define ROOT_OF(a, divisor) FN(root)(a)

POOL(pool_any_max, LEAST, FN(max), SAME, SAME)

/* The greatest of two columns, read in place, for windows two apart from column i on, first over the rows. */
INLINE VEC FN(top_of_two)(const int64_t n, const T *x, const int64_t *starts, int64_t i)
{
    VEC even, odd;
    FN(unzip)(FN(top)(n, x, starts, i), FN(top)(n, x, starts, i + LANES), &even, &odd);
    return FN(max)(even, odd);
}

/* The same of three, and of four for windows four apart. Nothing beyond the last of them is read. */
INLINE VEC FN(top_of_some)(const int64_t n, const int taps, const T *x, const int64_t *starts, int64_t i)
{
    VEC even, odd;
    if (taps == 4) {
        FN(unzip)(FN(top_of_two)(n, x, starts, i), FN(top_of_two)(n, x, starts, i + 2 * LANES), &even, &odd);
        return FN(max)(even, odd);
    }
    const VEC two = FN(top_of_two)(n, x, starts, i);
    if (taps == 2) return two;
    FN(unzip)(FN(top)(n, x, starts, i + 1), FN(top)(n, x, starts, i + 1 + LANES), &even, &odd);
    return FN(max)(two, odd);
}

INLINE void FN(max_row)(const int64_t n, const int taps, const T *x, const int64_t *starts, T *y, int64_t width)
{
    const int step = taps == 4 ? 4 : 2;
    for (int64_t next = 0; next < width; next += LANES) {
        const int64_t o = next + LANES < width ? next : width - LANES;
        FN(store)(y + o, FN(top_of_some)(n, taps, x, starts, step * o));
    }
}

/* As a rule there are as many rows as columns. */
INLINE void FN(max_rows)(int64_t n, const int taps, const T *x, const int64_t *starts, T *y, int64_t width)
{
    if (WIDE && n == taps) {
        FN(max_row)(taps, taps, x, starts, y, width);
    } else if (n) {
        FN(max_row)(n, taps, x, starts, y, width);
    } else {
        for (int64_t o = 0; o < width; o++) y[o] = LEAST;
    }
}

static void FN(pool_max)(const void *x, const cs_pooling *p, void *to, void *strips, void *spare)
{
    if (p->step == 1) {
        FN(pool_any_max)(x, p, to, strips, spare);
        return;
    }
    T *y = to;
    for (int64_t r = 0; r < p->rows.count; r++, y += p->ldy) {
        const int64_t *starts = p->rows.starts + p->rows.from[r], n = p->rows.from[r + 1] - p->rows.from[r];
        const T *from = (const T *)x + p->off[0] + p->step * p->from;
        const int64_t width = p->to - p->from;
        for (int64_t o = 0; o < p->from; o++) FN(pool_any_max_edge)(p, x, starts, n, o, y, NULL);
        for (int64_t o = p->to; o < p->width; o++) FN(pool_any_max_edge)(p, x, starts, n, o, y, NULL);
        if (p->taps == 2) FN(max_rows)(n, 2, from, starts, y + p->from, width);
        if (p->taps == 3) FN(max_rows)(n, 3, from, starts, y + p->from, width);
        if (p->taps == 4) FN(max_rows)(n, 4, from, starts, y + p->from, width);
    }
}

#if FLOATING
INLINE VEC FN(root)(VEC x)
{
    for (int l = 0; l < LANES; l++) x[l] = ROOT(x[l]);
    return x;
}

POOL(pool_mean, 0, ADD, OVER, OVER_ALL)
POOL(pool_abs, 0, ADD_ABS, SAME, SAME)
POOL(pool_square, 0, ADD_SQUARE, ROOT_OF, ROOT_OF)

/* A sum becomes a mean. */
static void FN(divide)(void *p, const int64_t *count, int64_t times, int64_t n)
{
    T *y = p;
    for (int64_t i = 0; i < n; i++) y[i] = y[i] / (T)(count[i] * times);
}

/* What the sums of a row are divided by. */
static void FN(divisors)(void *to, const int64_t *count, int64_t times, int64_t n)
{
    for (int64_t i = 0; i < n; i++) ((T *)to)[i] = (T)(count[i] * times);
}

/* Any other order of the norm. The powers are computed in double for every dtype. */
static void FN(pool_power)(const void *x, const cs_pooling *p, void *to, void *strips, void *spare)
{
    T *y = to;
    const int64_t step = p->step;
    for (int64_t r = 0; r < p->rows.count; r++, y += p->ldy) {
        if (p->news) FN(bring)(p, r, x, strips, spare);
        const T *from = p->news ? strips : x;
        for (int64_t o = 0; o < p->width; o++) {
            double sum = 0;
            for (int64_t k = p->rows.from[r]; k < p->rows.from[r + 1]; k++)
                for (int64_t t = 0; t < p->taps; t++) {
                    const int64_t i = p->off[t] + step * o;
                    if (p->news || (i >= 0 && i < p->in))
                        sum += pow(__builtin_fabs((double)from[p->rows.starts[k] + i]), p->power);
                }
            y[o] = (T)pow(sum, 1 / p->power);
        }
    }
}
#endif

#undef POOL
#include "planes.tmpl.h"
#include "pool_mixed.tmpl.h"
#undef SAME
#undef ADD
#undef OVER
#undef OVER_ALL
#undef ADD_ABS
#undef ADD_SQUARE
#undef ROOT_OF
