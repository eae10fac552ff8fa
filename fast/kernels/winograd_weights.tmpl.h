/* The weights of Winograd's convolution at the points of its tiles, in double precision, rounded once; part of
 * winograd.tmpl.h. */

/* Half a vector of floats is a whole one of doubles. */
#define PARTS (BITS == 32 && LANES > 1 ? 2 : 1)
typedef T FN(part) __attribute__((vector_size(VBITS / 8 / PARTS), aligned(BITS / 8), may_alias));
typedef double FN(exact) __attribute__((vector_size(LANES / PARTS * 8)));

/* Some compilers convert half of them at a time. */
#if BITS == 32 && defined DOUBLES
#define EXACT(p) (FN(exact))DOUBLES(p)
#else
#define EXACT(p) __builtin_convertvector(*(const FN(part) *)(p), FN(exact))
#endif

/* The taps of an axis, `step` vectors apart, become the factors at the points of a tile in place. One tap of F(4, 2) is nothing
 * at the last. */
INLINE void FN(kernel_points)(const int points, const int taps, FN(exact) *u, const int step)
{
    const double root = 1.41421356237309504880;
    if (points == 1) return;
    if (points == 5 && taps == 1) {
        const FN(exact) near = u[0] * (2.0 / 3), far = u[0] * (4.0 / 3);
        u[0] = near, u[step] = -near, u[2 * step] = -far, u[3 * step] = far;
        return;
    }
    if (points == 5) {
        const FN(exact) one = u[0], other = u[step], half = other * 0.5;
        u[0] = (one + other) * (2.0 / 3), u[step] = (other - one) * (2.0 / 3);
        u[2 * step] = (one + half) * (-4.0 / 3), u[3 * step] = (one - half) * (4.0 / 3), u[4 * step] = other;
        return;
    }
    const FN(exact) a = u[0], b = u[step], c = u[2 * step];
    if (points == 7) {
        const double p[3] = SEVEN;
        const FN(exact) fourth = u[3 * step], fifth = taps == 5 ? u[4 * step] : (FN(exact)){0};
        UNROLL
        for (int i = 0; i < 3; i++) {
            const double square = p[i] * p[i], l = p[(i + 1) % 3], m = p[(i + 2) % 3];
            const double scale = 1 / (2 * p[i] * (square - l * l) * (square - m * m));
            const FN(exact) even = (a + c * square + fifth * (square * square)) * scale, odd = (b + fourth * square) * (p[i] * scale);
            u[2 * i * step] = even + odd, u[(2 * i + 1) * step] = odd - even;
        }
        u[6 * step] = taps == 5 ? fifth : fourth;
        return;
    }
    if (points == 4) {
        u[step] = (a + c + b) * 0.5, u[2 * step] = (a + c - b) * 0.5, u[3 * step] = c;
        return;
    }
    const FN(exact) near = (a + a + c) * (-1.0 / 3), far = (a + c + c) * (1.0 / 6), odd = b * (root / 3), half = odd * 0.5;
    u[step] = near - odd, u[2 * step] = near + odd;
    u[3 * step] = far + half, u[4 * step] = far - half, u[5 * step] = c;
}

/* A column of taps, `row` elements apart, in double and at the points down. */
INLINE void FN(kernel_column)(const int high, const int down, const T *w, int64_t row, FN(exact) *column)
{
    UNROLL
    for (int i = 0; i < down; i++) column[i * MOST_POINTS] = EXACT(w + i * row) * (double)WINOGRAD_SCALE;
    FN(kernel_points)(high, down, column, MOST_POINTS);
}

/* A row of points from the taps across, rounded once, to vectors `step` elements apart. */
INLINE void FN(kernel_row)(const int broad, const int across, FN(exact) *row, T *u, int64_t step)
{
    FN(kernel_points)(broad, across, row, 1);
    UNROLL
    for (int j = 0; j < broad - (broad == 5 && across == 1); j++)
        *(FN(part) *)(u + j * step) = __builtin_convertvector(row[j], FN(part));
}

/* So many vectors of taps, in rows and columns that many elements apart, to vectors `step` elements apart, one for each point but
 * those where F(4, 2) is nothing. */
INLINE void FN(kernels)(const int high, const int broad, const int down, const int across, const T *w, int64_t row, int64_t column,
                        T *u, int64_t step)
{
    for (int l = 0; l < LANES; l += LANES / PARTS) {
        FN(exact) all[MOST_POINTS * MOST_POINTS];
        if (high * broad == 49) {
            ROLLED
            for (int j = 0; j < across; j++) FN(kernel_column)(high, down, w + j * column + l, row, all + j);
            ROLLED
            for (int i = 0; i < high; i++) FN(kernel_row)(broad, across, all + MOST_POINTS * i, u + i * broad * step + l, step);
            continue;
        }
        UNROLL
        for (int j = 0; j < across; j++) FN(kernel_column)(high, down, w + j * column + l, row, all + j);
        UNROLL
        for (int i = 0; i < high - (high == 5 && down == 1); i++)
            FN(kernel_row)(broad, across, all + MOST_POINTS * i, u + i * broad * step + l, step);
    }
}

static void FN(kernel_vectors)(int64_t high, int64_t broad, const void *taps, int64_t row, int64_t column, const cs_slab *s,
                               void *u, int64_t step)
{
    enum { MOST = 5 };
    const T *w = taps;
    T padded[MOST * MOST * LANES];
    const int64_t down = s->to[1] - s->from[1], across = s->to[2] - s->from[2];
    if (high == 42 && s->from[1] + s->from[2] == 0 && down + across < 4) {
        if (down > 1) FN(kernels)(5, 5, 2, 1, w, row, column, u, step);
        else if (across > 1) FN(kernels)(5, 5, 1, 2, w, row, column, u, step);
        else FN(kernels)(5, 5, 1, 1, w, row, column, u, step);
        return;
    }
    if (down < TAPS(high) || across < TAPS(broad)) { /* those that are missing are zeros */
        memset(padded, 0, sizeof padded);
        for (int64_t i = s->from[1]; i < s->to[1]; i++)
            for (int64_t j = s->from[2]; j < s->to[2]; j++)
                FN(store)(padded + (i * MOST + j) * LANES, FN(load)(w + i * row + j * column));
        w = padded, row = MOST * LANES, column = LANES;
    }
#define KERNELS(high, broad) FN(kernels)(POINTS(high), POINTS(broad), TAPS(high), TAPS(broad), w, row, column, u, step)
    BY_FORMS(high, broad, KERNELS)
#undef KERNELS
}

#undef PARTS
#undef EXACT
