/* The gradient by the weights through Winograd's tiles, F(4, 3), F(3, 5), F(4, 4) and F(4, 2): what is not in winograd.tmpl.h already. Lanes
 * are outputs; part of winograd.tmpl.h. */

/* Calls DO(form) for parts of so many taps along both axes. */
#define BY_TAPS(tap, DO) \
    if (tap == 3) { \
        DO(43); \
    } else if (tap == 5) { \
        DO(35); \
    } else if (tap == 4) { \
        DO(44); \
    } else { \
        DO(42); \
    }

/* The gradients of a tile's outputs along an axis become factors at its points: those of a polynomial. */
INLINE void FN(spread_points)(const int tap, VEC *d)
{
    if (tap == 2) {
        const VEC quarter = FN(all)((T)0.25), half = FN(all)((T)0.5), last = d[3];
        const VEC even = d[0] + d[2], odd = d[1] + last, far = FN(fma)(d[2], quarter, d[0]), far_odd = FN(fma)(last, quarter, d[1]) * half;
        d[0] = even + odd, d[1] = even - odd, d[2] = far + far_odd, d[3] = far - far_odd, d[4] = last;
        return;
    }
    if (tap > 3) {
        const T p[3] = SEVEN;
        const VEC first = d[0], second = d[1], third = d[2], fourth = d[3];
        UNROLL
        for (int i = 0; i < 3; i++) {
            const VEC square = FN(all)(p[i] * p[i]);
            const VEC even = FN(fma)(third, square, first), odd = (tap == 4 ? FN(fma)(fourth, square, second) : second) * FN(all)(p[i]);
            d[2 * i] = even + odd, d[2 * i + 1] = even - odd;
        }
        d[6] = tap == 4 ? fourth : third;
        return;
    }
    const VEC h = FN(all)(HALF_ROOT), s = FN(all)(WHOLE_ROOT), two = FN(all)(2), half = FN(all)((T)0.5);
    const VEC near = FN(fma)(d[2], half, d[0]), far = FN(fma)(d[2], two, d[0]);
    const VEC near_odd = FN(fma)(d[3], half, d[1]) * h, far_odd = FN(fma)(d[3], two, d[1]) * s;
    d[5] = d[3], d[1] = near + near_odd, d[2] = near - near_odd, d[3] = far + far_odd, d[4] = far - far_odd;
}

/* The sums at the points become those of the taps. */
INLINE void FN(taps_of)(const int tap, VEC *m)
{
    const VEC third = FN(all)((T)(1.0 / 3)), sixth = FN(all)((T)(1.0 / 6)), thirds = third + third;
    if (tap == 2) {
        const VEC a = m[0] - m[1], b = m[3] - m[2], c = m[0] + m[1], d = m[2] + m[3];
        m[0] = (FN(fma)(b, FN(all)(2), a)) * thirds, m[1] = FN(fma)(c - d, thirds, m[4]);
        return;
    }
    if (tap > 3) {
        const double p[3] = SEVEN;
        VEC t[5] = {{0}};
        UNROLL
        for (int i = 0; i < 3; i++) {
            const double square = p[i] * p[i], l = p[(i + 1) % 3], n = p[(i + 2) % 3];
            const double scale = 1 / (2 * p[i] * (square - l * l) * (square - n * n));
            const VEC even = m[2 * i] - m[2 * i + 1], odd = m[2 * i] + m[2 * i + 1];
            t[0] = FN(fma)(even, FN(all)((T)scale), t[0]), t[1] = FN(fma)(odd, FN(all)((T)(scale * p[i])), t[1]);
            t[2] = FN(fma)(even, FN(all)((T)(scale * square)), t[2]), t[3] = FN(fma)(odd, FN(all)((T)(scale * square * p[i])), t[3]);
            t[4] = FN(fma)(even, FN(all)((T)(scale * square * square)), t[4]);
        }
        m[0] = t[0], m[1] = t[1], m[2] = t[2], m[3] = tap == 4 ? t[3] + m[6] : t[3], m[4] = t[4] + m[6];
        return;
    }
    const VEC near = m[1] + m[2], far = m[3] + m[4];
    const VEC odd = FN(fma)(m[3] - m[4], FN(all)((T)0.5), m[2] - m[1]);
    m[0] = FN(fma)(far, sixth, FN(fma)(near, -thirds, m[0]));
    m[1] = odd * FN(all)((T)(1.41421356237309504880 / 3));
    m[2] = FN(fma)(far - near, third, m[5]);
}

/* A row of tiles of a vector of outputs, the rows of a strip: the columns, then each tile's rows. Tiles are `apart` elements from each
 * other in v, and points `step`. */
INLINE void FN(spread_row)(const int form, const T *strip, int64_t tiles, T *columns, T *v, int64_t apart, int64_t step)
{
    const int points = POINTS(form), side = SIDE(form);
    const int64_t pitch = tiles * side * LANES;
    VEC d[MOST_POINTS];
    for (int64_t c = 0; c < pitch; c += LANES) {
        UNROLL
        for (int i = 0; i < side; i++) d[i] = FN(load)(strip + i * pitch + c);
        FN(spread_points)(TAPS(form), d);
        UNROLL
        for (int i = 0; i < points; i++) FN(store)(columns + i * pitch + c, d[i]);
    }
    for (int64_t t = 0; t < tiles; t++, v += apart)
        for (int i = 0; i < points; i++) {
            UNROLL
            for (int j = 0; j < side; j++) d[j] = FN(load)(columns + i * pitch + (t * side + j) * LANES);
            FN(spread_points)(TAPS(form), d);
            UNROLL
            for (int j = 0; j < points; j++) FN(store)(v + (i * points + j) * step, d[j]);
        }
}

static void FN(spread_tiles)(int64_t tap, const void *strip, int64_t tiles, void *columns, void *v, int64_t apart, int64_t step)
{
#define SPREAD(form) FN(spread_row)(form, strip, tiles, columns, v, apart, step)
    BY_TAPS(tap, SPREAD)
#undef SPREAD
}

/* A column of sums at the points becomes one of taps. */
INLINE void FN(column_of_taps)(const int form, const T *m, int64_t step, VEC half[5][MOST_POINTS], const int j)
{
    const int points = POINTS(form), tap = TAPS(form);
    VEC p[MOST_POINTS];
    UNROLL
    for (int k = 0; k < points; k++) p[k] = FN(load)(m + (k * points + j) * step);
    FN(taps_of)(tap, p);
    UNROLL
    for (int k = 0; k < tap; k++) half[k][j] = p[k];
}

/* The taps of each channel, for `vectors` vectors of outputs: of the sums at the points, `step` elements apart, and added to
 * `partial`, and that to `total`, if there are any. */
INLINE void FN(gather_kernels)(const int form, const T *sums, int64_t step, int64_t channels, int64_t vectors, const T *partial,
                               const T *total, T *to)
{
    const int points = POINTS(form), tap = TAPS(form);
    const VEC scale = FN(all)(1 / (WINOGRAD_SCALE * WINOGRAD_SCALE));
    for (int64_t i = 0; i < channels * vectors; i++) {
        const T *m = sums + i * LANES;
        VEC half[5][MOST_POINTS];
        if (points == 7) {
            ROLLED
            for (int j = 0; j < points; j++) FN(column_of_taps)(form, m, step, half, j);
        } else {
            UNROLL
            for (int j = 0; j < points; j++) FN(column_of_taps)(form, m, step, half, j);
        }
        int64_t at = (i / vectors * tap * tap * vectors + i % vectors) * LANES;
        UNROLL
        for (int k = 0; k < tap; k++) {
            FN(taps_of)(tap, half[k]);
            UNROLL
            for (int j = 0; j < tap; j++, at += vectors * LANES) {
                VEC sum = half[k][j] * scale;
                if (partial) sum = FN(load)(partial + at) + sum;
                if (total) sum = FN(load)(total + at) + sum;
                FN(store)(to + at, sum);
            }
        }
    }
}

static void FN(gather_taps)(int64_t tap, const void *sums, int64_t step, int64_t channels, int64_t vectors, const void *partial,
                            const void *total, void *to)
{
#define GATHER(form) FN(gather_kernels)(form, sums, step, channels, vectors, partial, total, to)
    BY_TAPS(tap, GATHER)
#undef GATHER
}

/* Adds the magnitudes of some rows of vectors. */
static void FN(add_magnitudes)(const void *from, int64_t rows, int64_t columns, int64_t pitch, void *sum)
{
    const T *strip = from;
    VEC s = FN(load)(sum);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) s += FN(abs)(FN(load)(strip + (r * pitch + c) * LANES));
    FN(store)(sum, s);
}

/* Marks lanes whose part is less than a quarter of all. */
static void FN(exceeds_quarter)(const void *all, const void *part, char *marks)
{
    for (int l = 0; l < LANES; l++) marks[l] |= ((const T *)all)[l] > 4 * ((const T *)part)[l];
}

#undef BY_TAPS
