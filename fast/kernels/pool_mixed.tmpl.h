/* Pooling of planes that are neighbours in x: a vector holds one position of LANES planes, and some of them are taken at once, so
 * that x is read from one element to the next. Windows need no padding. */

/* Fewer elements than a vector has. */
INLINE VEC FN(load_few)(const T *x, int64_t few)
{
#if BITS >= 32
    return FN(load_inside)(x, FN(inside)(0, few));
#else
    T part[LANES] = {0};
    for (int64_t l = 0; l < few; l++) part[l] = x[l];
    return FN(load)(part);
#endif
}

/* The result of a window for some vectors of planes; one may have `few`. */
#define MIXED(name, start, add, end_of) \
    INLINE void FN(name##_some)(const int some, int64_t few, const T *x, const cs_mixed_planes *m, int64_t r, int64_t o, T *y) \
    { \
        const cs_planes *p = &m->windows; \
        VEC sum[MIXED_VECTORS]; \
        UNROLL \
        for (int j = 0; j < some; j++) sum[j] = FN(all)(start); \
        for (int64_t k = p->rows.from[r]; k < p->rows.from[r + 1]; k++) \
            for (int64_t i = p->first[o]; i < p->end[o]; i += p->gap) { \
                const T *from = x + p->rows.starts[k] + i * m->pixel; \
                UNROLL \
                for (int j = 0; j < some; j++) \
                    sum[j] = add(sum[j], some == 1 && few < LANES ? FN(load_few)(from, few) : FN(load)(from + j * LANES)); \
            } \
        UNROLL \
        for (int j = 0; j < some; j++) { \
            sum[j] = end_of(sum[j], ((const T *)p->divisors)[p->row_divisors[r] + o]); \
            if (some > 1 || few == LANES) FN(store)(y + j * LANES, sum[j]); \
        } \
        for (int64_t l = 0; l < few && few < LANES; l++) y[l] = sum[0][l]; \
    } \
    /* The last vector overlaps the one before. */ \
    static void FN(name)(const void *from, const cs_mixed_planes *m, void *to) \
    { \
        const T *x = from; \
        for (int64_t r = 0; r < m->windows.rows.count; r++) \
            for (int64_t o = 0; o < m->windows.width; o++) { \
                T *y = (T *)to + r * m->row + o * m->apart; \
                int64_t n = 0; \
                for (; n + MIXED_VECTORS * LANES <= m->planes; n += MIXED_VECTORS * LANES) \
                    FN(name##_some)(MIXED_VECTORS, LANES, x + n, m, r, o, y + n); \
                for (; n < m->planes; n += LANES) { \
                    const int64_t few = m->planes < LANES ? m->planes : LANES, at = n + few < m->planes ? n : m->planes - few; \
                    FN(name##_some)(1, few, x + at, m, r, o, y + at); \
                } \
            } \
    }

MIXED(mixed_max, LEAST, FN(max), SAME)
#if FLOATING
MIXED(mixed_mean, 0, ADD, OVER_ALL)
MIXED(mixed_abs, 0, ADD_ABS, SAME)
MIXED(mixed_square, 0, ADD_SQUARE, ROOT_OF)
#endif
#undef MIXED
