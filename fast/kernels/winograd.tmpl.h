/* Winograd's convolution of 3 x 3 taps: F(4, 3) with the points 0, +-sqrt(1/2), +-sqrt(2) and infinity, F(2, 3) with 0,
 * +-1 and infinity (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016; the points as in ncnn).
 * Lanes are channels of the input, then outputs. Inputs and weights are scaled by a power of two, so that subnormal
 * numbers keep their digits. */

#define HALF_ROOT ((T)0.70710678118654752440)
#define WHOLE_ROOT ((T)1.41421356237309504880)
#define WINOGRAD_SCALE ((T)(BITS == 32 ? 0x1p26 : 0x1p56))
#define WINOGRAD_EVEN ((T)16)

/* A run of n neighbouring pixels of up to LANES channels, `plane` elements apart, to the places given. Their peaks become
 * the greatest |x| that is among them. */
static void FN(gather)(void *to, const int64_t *places, const void *from, int64_t plane, int64_t channels, int64_t n,
                       void *peaks)
{
    T *strip = to, *peak = peaks;
    const T *x = from;
    const VEC scale = FN(all)(WINOGRAD_SCALE);
    for (int64_t i = 0; i < n && n >= LANES; i += LANES) {
        const int64_t p = i + LANES <= n ? i : n - LANES; /* the last block overlaps the one before */
        VEC v[LANES], most = FN(load)(peak + p);
        UNROLL
        for (int l = 0; l < LANES; l++) {
            v[l] = l < channels ? FN(load)(x + l * plane + p) : (VEC){0};
            most = FN(larger)(most, FN(abs)(v[l]));
            v[l] *= scale;
        }
        FN(store)(peak + p, most);
        FN(turn)(v);
        UNROLL
        for (int l = 0; l < LANES; l++) FN(store)(strip + places[p + l] * LANES, v[l]);
    }
    for (int64_t i = 0; i < n && n < LANES; i++)
        for (int l = 0; l < LANES; l++) {
            const T one = l < channels ? x[l * plane + i] : 0;
            strip[places[i] * LANES + l] = one * WINOGRAD_SCALE;
            peak[i] = peak[i] > ABS(one) ? peak[i] : ABS(one);
        }
}

/* Peaks to their places, where there are none greater yet. */
static void FN(spread_peaks)(void *to, const int64_t *places, const void *from, int64_t n)
{
    T *y = to;
    const T *x = from;
    for (int64_t i = 0; i < n; i++) y[places[i]] = y[places[i]] > x[i] ? y[places[i]] : x[i];
}

/* The greatest of three neighbours, for each lane. */
INLINE VEC FN(greatest)(const T *p)
{
    return FN(larger)(FN(larger)(FN(load)(p), FN(load)(p + 1)), FN(load)(p + 2));
}

/* For each column of a row of tiles: the greatest peak, and the least of what its outputs see at most. */
INLINE void FN(see)(const int side, const T *p, int64_t pitch, int64_t rows, T *greatest, T *least)
{
    VEC all = FN(load)(p), seen[6], low;
    UNROLL
    for (int i = 0; i < side + 2; i++) {
        all = FN(larger)(all, FN(load)(p + i * pitch));
        seen[i] = FN(greatest)(p + i * pitch);
    }
    UNROLL
    for (int i = 0; i < side; i++) {
        const VEC one = -FN(larger)(FN(larger)(seen[i], seen[i + 1]), seen[i + 2]);
        low = i ? i < rows ? FN(larger)(low, one) : low : one;
    }
    FN(store)(greatest, all);
    FN(store)(least, -low);
}

/* Marks the tiles of a row in which an output sees only inputs below a WINOGRAD_EVEN-th of the tile's greatest; whether
 * there are any. Outputs are `rows` x `columns`; peaks can be read two vectors beyond. */
static int FN(uneven)(int64_t side, const void *peaks, int64_t pitch, int64_t rows, int64_t columns, void *spare,
                      char *marks)
{
    T *greatest = spare, *least = greatest + pitch + LANES;
    const T *p = peaks;
    int any = 0;
    for (int64_t c = 0; c < pitch; c += LANES) {
        if (side == 4) {
            FN(see)(4, p + c, pitch, rows, greatest + c, least + c);
        } else {
            FN(see)(2, p + c, pitch, rows, greatest + c, least + c);
        }
    }
    for (int64_t at = 0; at < columns; at += side, marks++) {
        T most = greatest[at], low = least[at];
        for (int64_t c = at + 1; c < at + side + 2; c++) most = greatest[c] > most ? greatest[c] : most;
        for (int64_t c = at + 1; c < at + side && c < columns; c++) low = least[c] < low ? least[c] : low;
        *marks = low < most * (1 / WINOGRAD_EVEN);
        any |= *marks;
    }
    return any;
}

/* side + 2 inputs along an axis become the factors at as many points. */
INLINE void FN(points)(const int side, VEC *d)
{
    if (side == 2) {
        const VEC a = d[0] - d[2], b = d[1] + d[2], c = d[2] - d[1], e = d[1] - d[3];
        d[0] = a, d[1] = b, d[2] = c, d[3] = e;
        return;
    }
    const VEC h = FN(all)(HALF_ROOT), s = FN(all)(WHOLE_ROOT), most = FN(all)((T)-2.5), two = FN(all)(-2),
              half = FN(all)((T)-0.5);
    const VEC first = FN(fma)(d[2], most, d[0] + d[4]), last = FN(fma)(d[3], most, d[1] + d[5]);
    const VEC even = FN(fma)(d[2], two, d[4]), odd = FN(fma)(d[1], two, d[3]) * h;
    const VEC far_even = FN(fma)(d[2], half, d[4]), far_odd = FN(fma)(d[1], half, d[3]) * s;
    d[0] = first, d[1] = even + odd, d[2] = even - odd;
    d[3] = far_even + far_odd, d[4] = far_even - far_odd, d[5] = last;
}

/* The products at the points become `side` outputs. */
INLINE void FN(outputs_of)(const int side, VEC *m)
{
    if (side == 2) {
        const VEC a = m[0] + m[1] + m[2], b = m[1] - m[2] - m[3];
        m[0] = a, m[1] = b;
        return;
    }
    const VEC h = FN(all)(HALF_ROOT), s = FN(all)(WHOLE_ROOT), two = FN(all)(2), half = FN(all)((T)0.5);
    const VEC a = m[1] + m[2], b = (m[1] - m[2]) * h, c = m[3] + m[4], d = (m[3] - m[4]) * s;
    m[0] = m[0] + a + c, m[1] = b + d;
    m[2] = FN(fma)(a, half, c * two), m[3] = FN(fma)(b, half, FN(fma)(d, two, m[5]));
}

/* A row of tiles: the strip's columns of side + 2 rows, then each tile's rows. v: the first tile's vector at the first
 * point; the next point's is `step` elements further on. */
INLINE void FN(forward)(const int side, const T *strip, int64_t tiles, T *columns, T *v, int64_t step)
{
    const int edge = side + 2;
    const int64_t pitch = (tiles * side + 2) * LANES;
    VEC d[6];
    for (int64_t c = 0; c < pitch; c += LANES) {
        UNROLL
        for (int i = 0; i < edge; i++) d[i] = FN(load)(strip + i * pitch + c);
        FN(points)(side, d);
        UNROLL
        for (int i = 0; i < edge; i++) FN(store)(columns + i * pitch + c, d[i]);
    }
    for (int64_t t = 0; t < tiles; t++) {
        const T *from = columns + t * side * LANES;
        T *to = v + t * LANES;
        UNROLL
        for (int i = 0; i < edge; i++) {
            UNROLL
            for (int j = 0; j < edge; j++) d[j] = FN(load)(from + i * pitch + j * LANES);
            FN(points)(side, d);
            UNROLL
            for (int j = 0; j < edge; j++) FN(store)(to + (i * edge + j) * step, d[j]);
        }
    }
}

/* A row of tiles of one vector of outputs, `apart` elements from each other and `step` from point to point, to rows of
 * `columns` vectors, of which there are `rows`. A tile's flag is 0 in every lane whose outputs are all finite, and NaN
 * elsewhere; what they add up to is returned by `any`. */
INLINE void FN(backward)(const int side, const T *m, int64_t step, int64_t apart, int64_t columns, int64_t rows,
                         const T *bias, T *y, T *flags, T *any)
{
    const int edge = side + 2;
    const VEC b = FN(load)(bias), scale = FN(all)(1 / (WINOGRAD_SCALE * WINOGRAD_SCALE));
    VEC some = FN(load)(any);
    for (int64_t at = 0; at < columns; at += side, m += apart, flags += LANES) {
        VEC half[4][6], flag = {0};
        UNROLL
        for (int j = 0; j < edge; j++) {
            VEC p[6];
            UNROLL
            for (int i = 0; i < edge; i++) p[i] = FN(load)(m + (i * edge + j) * step);
            FN(outputs_of)(side, p);
            UNROLL
            for (int i = 0; i < side; i++) half[i][j] = p[i];
        }
        UNROLL
        for (int i = 0; i < side; i++) {
            FN(outputs_of)(side, half[i]);
            UNROLL
            for (int j = 0; j < side; j++) {
                const VEC sum = FN(fma)(half[i][j], scale, b);
                flag = FN(fma)(sum, (VEC){0}, flag);
                if (i < rows && at + j < columns) FN(store)(y + (i * columns + at + j) * LANES, sum);
            }
        }
        FN(store)(flags, flag);
        some += flag;
    }
    FN(store)(any, some);
}

static void FN(forward_row)(int64_t side, const void *strip, int64_t tiles, void *columns, void *v, int64_t step)
{
    if (side == 4) {
        FN(forward)(4, strip, tiles, columns, v, step);
    } else {
        FN(forward)(2, strip, tiles, columns, v, step);
    }
}

static void FN(backward_row)(int64_t side, const void *m, int64_t step, int64_t apart, int64_t columns, int64_t rows,
                             const void *bias, void *y, void *flags, void *any)
{
    if (side == 4) {
        FN(backward)(4, m, step, apart, columns, rows, bias, y, flags, any);
    } else {
        FN(backward)(2, m, step, apart, columns, rows, bias, y, flags, any);
    }
}

/* rows tiles of all channels, each vector of which is `block` elements on, times a panel of weights. */
INLINE void FN(product)(const int rows, const int vectors, const T *v, int64_t block, const T *u, int64_t channels,
                        T *m)
{
    VEC sum[MAX_ROWS][MAX_VECTORS], uv[MAX_VECTORS];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = (VEC){0};
    }
    for (int64_t from = 0; from < channels; from += LANES, v += block) {
        const int64_t some = channels - from < LANES ? channels - from : LANES;
        for (int64_t c = 0; c < some; c++, u += vectors * LANES) {
            UNROLL
            for (int j = 0; j < vectors; j++) uv[j] = FN(load)(u + j * LANES);
            UNROLL
            for (int i = 0; i < rows; i++) {
                const VEC vv = FN(all)(v[i * LANES + c]);
                UNROLL
                for (int j = 0; j < vectors; j++) sum[i][j] = FN(fma)(vv, uv[j], sum[i][j]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) FN(store)(m + (i * vectors + j) * LANES, sum[i][j]);
    }
}

#define TILE(rows, vectors) \
    static void FN(product_##rows##_##vectors)(const void *v, int64_t block, const void *u, int64_t channels, void *m) \
    { \
        FN(product)(rows, vectors, v, block, u, channels, m); \
    }
PRODUCT_TILES(TILE)
#undef TILE

/* Three taps become the factors at side + 2 points. */
INLINE void FN(kernel_points)(const int side, double *u, int64_t step, double a, double b, double c)
{
    if (side == 2) {
        u[0] = a, u[step] = (a + c + b) * 0.5, u[2 * step] = (a + c - b) * 0.5, u[3 * step] = c;
        return;
    }
    const double root = 1.41421356237309504880, near = (2 * a + c) / 3, far = (a + 2 * c) / 6, odd = b * (root / 3);
    u[0] = a, u[step] = -near - odd, u[2 * step] = odd - near;
    u[3 * step] = far + 0.5 * odd, u[4 * step] = far - 0.5 * odd, u[5 * step] = c;
}

/* Nine vectors of taps, row by row, to vectors `step` elements apart, one for each point. Computed in double and
 * rounded once. */
static void FN(kernels)(int64_t side, const void *from, void *to, int64_t step)
{
    const T *w = from;
    T *u = to;
    const int edge = (int)side + 2;
    double rows[6][3][LANES], all[36][LANES];
    for (int j = 0; j < 3; j++)
        for (int l = 0; l < LANES; l++) {
            const double scale = WINOGRAD_SCALE, a = w[j * LANES + l] * scale, b = w[(3 + j) * LANES + l] * scale,
                         c = w[(6 + j) * LANES + l] * scale;
            if (side == 4) {
                FN(kernel_points)(4, &rows[0][j][l], 3 * LANES, a, b, c);
            } else {
                FN(kernel_points)(2, &rows[0][j][l], 3 * LANES, a, b, c);
            }
        }
    for (int i = 0; i < edge; i++)
        for (int l = 0; l < LANES; l++) {
            if (side == 4) {
                FN(kernel_points)(4, &all[6 * i][l], LANES, rows[i][0][l], rows[i][1][l], rows[i][2][l]);
            } else {
                FN(kernel_points)(2, &all[4 * i][l], LANES, rows[i][0][l], rows[i][1][l], rows[i][2][l]);
            }
        }
    for (int p = 0; p < edge * edge; p++)
        for (int l = 0; l < LANES; l++) u[p * step + l] = (T)all[p][l];
}

#undef HALF_ROOT
#undef WHOLE_ROOT
#undef WINOGRAD_SCALE
#undef WINOGRAD_EVEN
