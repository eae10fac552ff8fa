/* Pooling of small planes: a vector holds one position of LANES planes, so windows need no padding. */
#if BITS >= 32

#ifdef MOVES
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

/* A window of n neighbouring inputs of each plane, which are not stored on the way: some vectors of planes at once, since
 * additions wait for each other. Longer vectors would need the shuffles that cost most. */
#if VBITS <= 256
#define WHOLE(name, start, next, last) \
    INLINE void FN(name##_some)(const int some, const T *x, int64_t plane, int64_t n, const void *divisor, T *y, int64_t step) \
    { \
        VEC sum[TURNED], v[PART]; \
        int64_t i = 0; \
        UNROLL \
        for (int j = 0; j < some; j++) sum[j] = FN(all)(start); \
        for (; i + PART <= n; i += PART) { \
            UNROLL \
            for (int64_t bytes = 0; bytes < PART * some * VBITS / 8; bytes += 64) \
                __builtin_prefetch((const char *)(x + i * some * LANES) + bytes + AHEAD); \
            UNROLL \
            for (int j = 0; j < some; j++) { \
                FN(turn_part)(v, x + j * LANES * plane + i, plane); \
                UNROLL \
                for (int l = 0; l < PART; l++) sum[j] = next(sum[j], v[l]); \
            } \
        } \
        if (i < n && n >= PART) { \
            UNROLL \
            for (int j = 0; j < some; j++) { \
                FN(turn_part)(v, x + j * LANES * plane + n - PART, plane); \
                UNROLL \
                for (int l = 1; l < PART; l++) \
                    if (l >= PART - (n - i)) sum[j] = next(sum[j], v[l]); \
            } \
            i = n; \
        } \
        for (; i < n; i++) { \
            UNROLL \
            for (int j = 0; j < some; j++) { \
                for (int l = 0; l < LANES; l++) v[0][l] = x[(j * LANES + l) * plane + i]; \
                sum[j] = next(sum[j], v[0]); \
            } \
        } \
        (void)divisor; \
        UNROLL \
        for (int j = 0; j < some; j++) { \
            sum[j] = last(sum[j], *(const T *)divisor); \
            if (step == 1) { \
                FN(store)(y + j * LANES, sum[j]); \
            } else { \
                for (int l = 0; l < LANES; l++) y[(j * LANES + l) * step] = sum[j][l]; \
            } \
        } \
    } \
    /* The last vectors overlap those before. */ \
    static void FN(name)(const void *from, int64_t plane, int64_t planes, int64_t n, const void *divisor, void *to, int64_t step) \
    { \
        const T *x = from; \
        T *y = to; \
        int64_t next_plane = 0; \
        for (; next_plane + TURNED * LANES <= planes; next_plane += TURNED * LANES) \
            FN(name##_some)(TURNED, x + next_plane * plane, plane, n, divisor, y + next_plane * step, step); \
        for (; next_plane < planes; next_plane += LANES) { \
            const int64_t i = next_plane + LANES < planes ? next_plane : planes - LANES; \
            FN(name##_some)(1, x + i * plane, plane, n, divisor, y + i * step, step); \
        } \
    }

WHOLE(whole_max, LEAST, FN(max), SAME)
#if FLOATING
WHOLE(whole_mean, 0, ADD, OVER_ALL)
WHOLE(whole_abs, 0, ADD_ABS, SAME)
WHOLE(whole_square, 0, ADD_SQUARE, ROOT_OF)
#endif
#undef WHOLE
#endif

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
