/* Pooling of small planes: a vector holds one position of LANES planes, so windows need no padding. */
#if BITS >= 32

/* strip[i][l] = x[l][i], i < n: whole blocks, of which the last overlaps the one before, and single columns. */
static void FN(gather_planes)(void *to, const void *from, int64_t plane, int64_t n)
{
    T *strip = to;
    const T *x = from;
    const int64_t rest = n % LANES, whole = n < LANES ? 0 : rest > LANES / 4 ? n : n - rest;
    for (int64_t next = 0; next < whole; next += LANES) {
        const int64_t i = next + LANES < n ? next : n - LANES;
        VEC v[LANES];
        UNROLL
        for (int l = 0; l < LANES; l++) v[l] = FN(load)(x + l * plane + i);
        FN(turn)(v);
        UNROLL
        for (int l = 0; l < LANES; l++) FN(store)(strip + (i + l) * LANES, v[l]);
    }
    for (int64_t i = whole; i < n; i++)
        for (int l = 0; l < LANES; l++) strip[i * LANES + l] = x[l * plane + i];
}

#if SUMS
/* The same of planes and pixels that are any distance apart, and of fewer planes. */
static void FN(gather_groups)(void *to, const void *from, int64_t plane, int64_t pixel, int64_t planes, int64_t n)
{
    T *y = to;
    const T *x = from;
    if (planes == LANES && pixel == 1) {
        FN(gather_planes)(to, from, plane, n);
    } else if (planes == LANES && plane == 1) {
        for (int64_t i = 0; i < n; i++) FN(store)(y + i * LANES, FN(load)(x + i * pixel));
    } else {
        for (int64_t i = 0; i < n; i++)
            for (int64_t l = 0; l < planes; l++) y[i * LANES + l] = x[l * plane + i * pixel];
    }
}
#endif

/* The greatest of the rows of each column, then of the columns of each window. */
static void FN(planes_max)(const void *strips, const cs_planes *p, void *to, void *spare)
{
    T *y = to, *row = spare;
    for (int64_t r = 0; r < p->rows.count; r++) {
        const int64_t *starts = p->rows.starts + p->rows.from[r], n = p->rows.from[r + 1] - p->rows.from[r];
        for (int64_t i = 0; i < p->in; i++) {
            VEC v = FN(all)(LEAST);
            for (int64_t k = 0; k < n; k++) v = FN(max)(v, FN(load)((const T *)strips + (starts[k] + i) * LANES));
            FN(store)(row + i * LANES, v);
        }
        for (int64_t o = 0; o < p->width; o++, y += LANES) {
            VEC v = FN(all)(LEAST);
            for (int64_t i = p->first[o]; i < p->end[o]; i += p->gap) v = FN(max)(v, FN(load)(row + i * LANES));
            FN(store)(y, v);
        }
    }
}

/* A window of n neighbouring inputs, which are not stored on the way. */
#define WHOLE(name, start, next, last) \
    static void FN(name)(const void *from, int64_t plane, int64_t n, const void *divisor, void *to, int64_t step) \
    { \
        const T *x = from; \
        VEC sum = FN(all)(start), v[LANES]; \
        int64_t i = 0; \
        for (; i + LANES <= n; i += LANES) { \
            UNROLL \
            for (int l = 0; l < LANES; l++) v[l] = FN(load)(x + l * plane + i); \
            FN(turn)(v); \
            UNROLL \
            for (int l = 0; l < LANES; l++) sum = next(sum, v[l]); \
        } \
        for (; i < n; i++) { \
            VEC one = {0}; \
            for (int l = 0; l < LANES; l++) one[l] = x[l * plane + i]; \
            sum = next(sum, one); \
        } \
        (void)divisor; \
        sum = last(sum, *(const T *)divisor); \
        if (step == 1) { \
            FN(store)(to, sum); \
        } else { \
            for (int l = 0; l < LANES; l++) ((T *)to)[l * step] = sum[l]; \
        } \
    }

WHOLE(whole_max, LEAST, FN(max), SAME)
#if FLOATING
WHOLE(whole_mean, 0, ADD, OVER_ALL)
WHOLE(whole_abs, 0, ADD_ABS, SAME)
WHOLE(whole_square, 0, ADD_SQUARE, ROOT_OF)
#endif
#undef WHOLE

#if FLOATING
#define POOL(name, next, last) \
    static void FN(name)(const void *strips, const cs_planes *p, void *to, void *spare) \
    { \
        T *y = to; \
        (void)spare; \
        for (int64_t r = 0; r < p->rows.count; r++) { \
            for (int64_t o = 0; o < p->width; o++, y += LANES) { \
                VEC sum = {0}; \
                for (int64_t k = p->rows.from[r]; k < p->rows.from[r + 1]; k++) { \
                    const T *row = (const T *)strips + p->rows.starts[k] * LANES; \
                    for (int64_t i = p->first[o]; i < p->end[o]; i += p->gap) \
                        sum = next(sum, FN(load)(row + i * LANES)); \
                } \
                FN(store)(y, last(sum, ((const T *)p->divisors)[p->row_divisors[r] + o])); \
            } \
        } \
    }

POOL(planes_mean, ADD, OVER_ALL)
POOL(planes_abs, ADD_ABS, SAME)
POOL(planes_square, ADD_SQUARE, ROOT_OF)
#undef POOL
#endif
#endif
