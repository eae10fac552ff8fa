/* Pooling: rows of the input are brought into strips, maxima taken on the way, and vectors of windows run over them. */

/* The even and the odd elements of two neighbouring vectors. */
INLINE void FN(part)(VEC a, VEC b, VEC *even, VEC *odd)
{
    KEEP(a);
    KEEP(b);
#if LANES == 16
    *even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif LANES == 8
    *even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
    *odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#elif LANES == 4
    *even = __builtin_shufflevector(a, b, 0, 2, 4, 6);
    *odd = __builtin_shufflevector(a, b, 1, 3, 5, 7);
#elif LANES == 2
    *even = __builtin_shufflevector(a, b, 0, 2);
    *odd = __builtin_shufflevector(a, b, 1, 3);
#elif LANES == 1
    *even = a, *odd = b;
#else
    *even = *odd = (VEC){0};
    for (int l = 0; l < LANES / 2; l++) {
        (*even)[l] = a[2 * l], (*even)[l + LANES / 2] = b[2 * l];
        (*odd)[l] = a[2 * l + 1], (*odd)[l + LANES / 2] = b[2 * l + 1];
    }
#endif
}

/* The greatest of the n rows at x + starts[k] + i, in a vector of columns, and in one; a copy where n is 1. */
INLINE VEC FN(top)(const int64_t n, const T *x, const int64_t *starts, int64_t i)
{
    VEC v = FN(load)(x + starts[0] + i);
    if (n <= 2) __builtin_prefetch((const char *)(x + starts[0] + i) + AHEAD);
    UNROLL
    for (int64_t k = 1; k < n; k++) {
        v = FN(max)(v, FN(load)(x + starts[k] + i));
        if (k >= n - 2) __builtin_prefetch((const char *)(x + starts[k] + i) + AHEAD);
    }
    return v;
}

INLINE T FN(top_one)(int64_t n, const T *x, const int64_t *starts, int64_t i)
{
    T v = x[starts[0] + i];
    for (int64_t k = 1; k < n; k++) {
        const T u = x[starts[k] + i];
        v = u > v || u != u ? u : v;
    }
    return v;
}

INLINE void FN(top_row)(const int64_t n, T *y, const T *x, const int64_t *starts, int64_t length)
{
    if (length < LANES) {
        for (int64_t i = 0; i < length; i++) y[i] = FN(top_one)(n, x, starts, i);
        return;
    }
    for (int64_t i = 0; i < length - LANES; i += LANES) FN(store)(y + i, FN(top)(n, x, starts, i));
    FN(store)(y + length - LANES, FN(top)(n, x, starts, length - LANES));
}

/* The even columns of `length` pairs into y, the odd ones into z. */
INLINE void FN(top_pairs)(const int64_t n, T *y, T *z, const T *x, const int64_t *starts, int64_t length)
{
    if (length < LANES) {
        for (int64_t i = 0; i < length; i++) {
            y[i] = FN(top_one)(n, x, starts, 2 * i);
            z[i] = FN(top_one)(n, x, starts, 2 * i + 1);
        }
        return;
    }
    for (int64_t next = 0; next < length; next += LANES) {
        const int64_t i = next + LANES < length ? next : length - LANES;
        VEC even, odd;
        FN(part)(FN(top)(n, x, starts, 2 * i), FN(top)(n, x, starts, 2 * i + LANES), &even, &odd);
        FN(store)(y + i, even);
        FN(store)(z + i, odd);
    }
}

/* One strip: the inputs between the edges; what is beyond has been filled before. */
INLINE void FN(bring_row)(const int64_t n, T *y, const T *x, const int64_t *starts, const cs_strip *s, T *spare)
{
    const cs_span *r = s->spans;
    if (s->count == 1 && s->step == 1) {
        FN(top_row)(n, y + r->at + r->inside, x + r->start + r->inside, starts, r->outside - r->inside);
        return;
    }
    if (s->count == 2 && s->step == 2 && r[1].start == r[0].start + 1) {
        const int late = r[1].inside < r[0].inside; /* the second run has the first input */
        const cs_span *one = r + late, *other = r + !late;
        const int64_t pairs = other->outside - other->inside, from = one->start + 2 * one->inside;
        T *first = y + one->at + one->inside;
        FN(top_pairs)(n, first, y + other->at + other->inside, x + from, starts, pairs);
        if (one->outside - one->inside > pairs) first[pairs] = FN(top_one)(n, x, starts, from + 2 * pairs);
        return;
    }
    const T *row = x + starts[0];
    if (n > 1) {
        FN(top_row)(n, spare, x + s->from, starts, s->to - s->from);
        row = spare - s->from;
    }
    for (int64_t k = 0; k < s->count; k++, r++)
        for (int64_t i = r->inside; i < r->outside; i++) y[r->at + i] = row[r->start + i * s->step];
}

/* The strips that the windows of row r are the first to see. */
static void FN(bring)(const cs_pooling *p, int64_t r, const T *x, T *strips, T *spare)
{
    const cs_strip *s = &p->strip;
    for (int64_t i = p->news[r]; i < p->news[r + 1]; i++) {
        const int64_t *starts = p->brought.starts + p->brought.from[i], n = p->brought.from[i + 1] - p->brought.from[i];
        T *y = strips + i % p->kept * s->pitch;
        if (n == 1) {
            FN(bring_row)(1, y, x, starts, s, spare);
        } else if (n == 2) {
            FN(bring_row)(2, y, x, starts, s, spare);
        } else if (n == 3) {
            FN(bring_row)(3, y, x, starts, s, spare);
        } else if (n) {
            FN(bring_row)(n, y, x, starts, s, spare);
        } else {
            for (int64_t j = 0; j < s->pitch; j++) y[j] = LEAST; /* only maxima are taken over no row */
        }
    }
}

/* What strips hold beyond the edges. */
static void FN(pad)(const cs_pooling *p, void *strips)
{
    const cs_strip *s = &p->strip;
    T *y = strips, fill;
    memcpy(&fill, &s->fill, sizeof fill);
    for (int64_t k = 0; k < p->kept; k++, y += s->pitch)
        for (const cs_span *r = s->spans; r < s->spans + s->count; r++) {
            for (int64_t j = 0; j < r->inside; j++) y[r->at + j] = fill;
            for (int64_t j = r->outside; j < r->length; j++) y[r->at + j] = fill;
        }
}

/* `first` starts, `next` adds, `last` ends, `last_one` for one window. A block of vectors, of which the last is `apart` from the first; windows are
 * one apart in the strips, two apart where `pairs` of taps are read in place. */
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
                        FN(part)(FN(load)(v), FN(load)(v + LANES), &even, &odd); \
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
        int64_t o = 0; \
        const int64_t step = 1 + pairs; \
        for (; width - o > POOL_VECTORS * LANES; o += POOL_VECTORS * LANES) \
            FN(name##_block)(POOL_VECTORS, pairs, p, x + step * o, starts, n, y + o, (POOL_VECTORS - 1) * LANES, \
                             divisors + o); \
        const int64_t rest = width - o, vectors = (rest + LANES - 1) / LANES, apart = rest - LANES; \
        if (vectors == 1) { \
            FN(name##_block)(1, pairs, p, x + step * o, starts, n, y + o, apart, divisors + o); \
        } else if (vectors == 2) { \
            FN(name##_block)(2, pairs, p, x + step * o, starts, n, y + o, apart, divisors + o); \
        } else if (vectors == 3) { \
            FN(name##_block)(3, pairs, p, x + step * o, starts, n, y + o, apart, divisors + o); \
        } else { \
            FN(name##_block)(4, pairs, p, x + step * o, starts, n, y + o, apart, divisors + o); \
        } \
    } \
    /* One window, which may reach beyond the edges. */ \
    INLINE void FN(name##_edge)(const cs_pooling *p, const T *x, const int64_t *starts, int64_t n, int64_t o, T *y, \
                                const T *divisors) \
    { \
        VEC sum = FN(all)(first); \
        for (int64_t k = 0; k < n; k++) { \
            for (int64_t t = 0; t < p->taps; t++) { \
                const int64_t i = (1 + p->pairs) * o + p->off[t]; \
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
            const T *from = p->news ? strips : x, *first_from = from + p->from * (1 + p->pairs); \
            for (int64_t o = 0; o < p->from; o++) FN(name##_edge)(p, from, starts, n, o, y, divisors); \
            for (int64_t o = p->to; o < p->width; o++) FN(name##_edge)(p, from, starts, n, o, y, divisors); \
            if (p->width < LANES) { \
                T part[LANES]; \
                FN(name##_block)(1, 0, p, from, starts, n, part, 0, divisors); \
                memcpy(y, part, (size_t)p->width * sizeof(T)); \
            } else if (p->pairs) { \
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

/* The greatest of two or three columns, two apart and read in place, first over the rows. */
INLINE void FN(max_pairs)(const int64_t n, const int taps, const T *x, const int64_t *starts, T *y, int64_t width)
{
    for (int64_t next = 0; next < width; next += LANES) {
        const int64_t o = next + LANES < width ? next : width - LANES;
        VEC even, odd, third, fourth;
        FN(part)(FN(top)(n, x, starts, 2 * o), FN(top)(n, x, starts, 2 * o + LANES), &even, &odd);
        VEC v = FN(max)(even, odd);
        if (taps == 3) {
            /* The last of these windows ends where the vectors do. */
            FN(part)(FN(top)(n, x + 1, starts, 2 * o), FN(top)(n, x + 1, starts, 2 * o + LANES), &third, &fourth);
            v = FN(max)(v, fourth);
        }
        FN(store)(y + o, v);
    }
}

static void FN(pool_max)(const void *x, const cs_pooling *p, void *to, void *strips, void *spare)
{
    if (!p->pairs || p->taps < 2 || p->taps > 3) {
        FN(pool_any_max)(x, p, to, strips, spare);
        return;
    }
    T *y = to;
    for (int64_t r = 0; r < p->rows.count; r++, y += p->ldy) {
        const int64_t *starts = p->rows.starts + p->rows.from[r], n = p->rows.from[r + 1] - p->rows.from[r];
        const T *from = (const T *)x + p->off[0] + 2 * p->from;
        for (int64_t o = 0; o < p->from; o++) FN(pool_any_max_edge)(p, x, starts, n, o, y, NULL);
        for (int64_t o = p->to; o < p->width; o++) FN(pool_any_max_edge)(p, x, starts, n, o, y, NULL);
        if (n == 2 && p->taps == 2) {
            FN(max_pairs)(2, 2, from, starts, y + p->from, p->to - p->from);
        } else if (n == 3 && p->taps == 3) {
            FN(max_pairs)(3, 3, from, starts, y + p->from, p->to - p->from);
        } else if (n) {
            if (p->taps == 3) {
                FN(max_pairs)(n, 3, from, starts, y + p->from, p->to - p->from);
            } else {
                FN(max_pairs)(n, 2, from, starts, y + p->from, p->to - p->from);
            }
        } else {
            for (int64_t o = p->from; o < p->to; o++) y[o] = LEAST;
        }
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
    const int64_t step = 1 + p->pairs;
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
#undef SAME
#undef ADD
#undef OVER
#undef OVER_ALL
#undef ADD_ABS
#undef ADD_SQUARE
#undef ROOT_OF
