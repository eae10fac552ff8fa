/* Winograd's convolution of 3 taps along one axis or two: F(4, 3) with the points 0, +-sqrt(1/2), +-sqrt(2) and infinity, F(2, 3) with 0,
 * +-1 and infinity (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016; the points as in ncnn); of 4 taps F(4, 4), and
 * of 5 along both axes F(3, 5), with +-7/8, +-3/8, +-7/4 and infinity; of 2 along both F(4, 2) with +-1, +-1/2 and infinity. An axis whose
 * taps are summed over one by one has tiles of 1. Lanes are channels of the input, then outputs. Inputs and weights are scaled by
 * a power of two, so that subnormal numbers keep their digits. */

#define HALF_ROOT ((T)0.70710678118654752440)
#define WHOLE_ROOT ((T)1.41421356237309504880)
#define WINOGRAD_SCALE ((T)(BITS == 32 ? 0x1p26 : 0x1p56))
#define WINOGRAD_EVEN ((T)16)
#define MOST_POINTS 7
/* Of F(4, 4) and F(3, 5), besides infinity, and their negatives: eighths, whose powers are exact. */
#define SEVEN {(T)0.875, (T)0.375, (T)1.75}
/* A form of tiles along an axis, F(outputs, taps), is 10 times these and those: the outputs of a tile, the taps of each, and the points. */
#define SIDE(form) ((form) / 10)
#define TAPS(form) ((form) % 10)
#define POINTS(form) (SIDE(form) + TAPS(form) - 1)
/* Calls DO(high, broad) for the tiles there are. */
#define BY_FORMS(high, broad, DO) \
    if (high == 43 && broad == 43) { \
        DO(43, 43); \
    } else if (high == 42) { \
        DO(42, 42); \
    } else if (high == 35) { \
        DO(35, 35); \
    } else if (high == 44 && broad == 44) { \
        DO(44, 44); \
    } else if (high == 44) { \
        DO(44, 11); \
    } else if (high == 23 && broad == 43) { \
        DO(23, 43); \
    } else if (high == 23) { \
        DO(23, 23); \
    } else if (high == 11 && broad == 43) { \
        DO(11, 43); \
    } else if (high == 11) { \
        DO(11, 44); \
    } else { \
        DO(43, 11); \
    }

/* LANES pixels of up to LANES channels: v[pixel][channel], unscaled, and the greatest |x| of each pixel and `most`. */
INLINE VEC FN(gather_block)(VEC *v, const T *x, int64_t channel, int64_t pixel, int64_t channels, VEC most)
{
    VEC turned[LANES];
    UNROLL
    for (int l = 0; l < LANES; l++) {
        if (channel == 1) {
            __builtin_prefetch(x + (l + 2 * LANES) * pixel); /* pixels that are apart are lines that are not foreseen */
            v[l] = FN(load_inside)(x + l * pixel, FN(inside)(0, channels));
        } else if (pixel == 1) {
            v[l] = l < channels ? FN(load)(x + l * channel) : (VEC){0};
        } else {
            v[l] = (VEC){0};
            for (int k = 0; l < channels && k < LANES; k++) v[l][k] = x[l * channel + k * pixel];
        }
        turned[l] = v[l];
    }
    FN(turn)(turned);
    UNROLL
    for (int l = 0; l < LANES; l++) most = FN(larger)(most, FN(abs)(channel == 1 ? turned[l] : v[l]));
    UNROLL
    for (int l = 0; l < LANES && channel != 1; l++) v[l] = turned[l];
    return most;
}

/* A run of n pixels of up to LANES channels, so many elements apart, to the places given. Their peaks become the greatest
 * |x| that is among them, taken in the same order whatever the strides. */
static void FN(gather)(void *to, const int64_t *places, const void *from, int64_t channel, int64_t pixel, int64_t channels,
                       int64_t n, void *peaks)
{
    T *strip = to, *peak = peaks;
    const T *x = from;
    const VEC scale = FN(all)(WINOGRAD_SCALE);
    const int64_t rest = n % LANES, whole = n < LANES ? 0 : rest > LANES / 4 ? n : n - rest;
    for (int64_t i = 0; i < whole; i += LANES) {
        const int64_t p = i + LANES <= n ? i : n - LANES; /* the last block overlaps the one before */
        VEC v[LANES], most = FN(load)(peak + p);
        if (pixel == 1 && channel != 1) {
            most = FN(gather_block)(v, x + p, channel, 1, channels, most);
        } else if (channel == 1) {
            most = FN(gather_block)(v, x + p * pixel, 1, pixel, channels, most);
        } else {
            most = FN(gather_block)(v, x + p * pixel, channel, pixel, channels, most);
        }
        FN(store)(peak + p, most);
        UNROLL
        for (int l = 0; l < LANES; l++) FN(store)(strip + places[p + l] * LANES, v[l] * scale);
    }
    for (int64_t i = whole; i < n; i++)
        for (int l = 0; l < LANES; l++) {
            const T one = l < channels ? x[l * channel + i * pixel] : 0;
            strip[places[i] * LANES + l] = one * WINOGRAD_SCALE;
            peak[i] = peak[i] > ABS(one) ? peak[i] : ABS(one);
        }
}

/* The inputs of a tile along an axis become the factors at as many points. */
INLINE void FN(points)(const int points, VEC *d)
{
    if (points == 1) return;
    if (points == 5) {
        const VEC quarter = FN(all)((T)-0.25), some = FN(all)((T)-1.25);
        const VEC even = FN(fma)(d[0], quarter, d[2]), odd = FN(fma)(d[1], quarter, d[3]);
        const VEC far_even = (d[2] - d[0]) * FN(all)((T)0.5), far_odd = d[3] - d[1];
        const VEC last = FN(fma)(d[2], some, FN(fma)(d[0], -quarter, d[4]));
        d[0] = odd + even, d[1] = odd - even, d[2] = far_odd + far_even, d[3] = far_odd - far_even, d[4] = last;
        return;
    }
    if (points == 7) {
        const T p[3] = SEVEN, q[3] = {p[0] * p[0], p[1] * p[1], p[2] * p[2]};
        const VEC last = FN(fma)(d[4], FN(all)(-(q[0] + q[1] + q[2])), d[6]);
        const VEC rest = FN(fma)(d[2], FN(all)(q[0] * q[1] + (q[0] + q[1]) * q[2]), d[0] * FN(all)(-(q[0] * q[1] * q[2])));
        VEC even[3], odd[3];
        UNROLL
        for (int i = 0; i < 3; i++) {
            const T a = q[(i + 1) % 3], b = q[(i + 2) % 3];
            even[i] = FN(fma)(d[0], FN(all)(a * b), FN(fma)(d[2], FN(all)(-(a + b)), d[4])) * FN(all)(p[i]);
            odd[i] = FN(fma)(d[1], FN(all)(a * b), FN(fma)(d[3], FN(all)(-(a + b)), d[5]));
        }
        UNROLL
        for (int i = 0; i < 3; i++) d[2 * i] = odd[i] + even[i], d[2 * i + 1] = odd[i] - even[i];
        d[6] = last + rest;
        return;
    }
    if (points == 4) {
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

/* The products at the points become outputs. */
INLINE void FN(outputs_of)(const int points, const int side, VEC *m)
{
    if (points == 1) return;
    if (points == 5) {
        const VEC half = FN(all)((T)0.5), quarter = FN(all)((T)0.25), eighth = FN(all)((T)0.125);
        const VEC a = m[0] + m[1], b = m[0] - m[1], c = m[2] + m[3], d = m[2] - m[3];
        m[0] = a + c, m[1] = FN(fma)(d, half, b), m[2] = FN(fma)(c, quarter, a), m[3] = FN(fma)(d, eighth, b + m[4]);
        return;
    }
    if (points == 7) {
        const T p[3] = SEVEN;
        VEC sum = m[0] + m[1], difference = (m[0] - m[1]) * FN(all)(p[0]), y[4] = {sum, difference};
        const VEC even = sum * FN(all)(p[0] * p[0]);
        y[2] = side == 3 ? even + m[6] : even, y[3] = FN(fma)(difference, FN(all)(p[0] * p[0]), m[6]);
        UNROLL
        for (int i = 1; i < 3; i++) {
            const VEC square = FN(all)(p[i] * p[i]);
            sum = m[2 * i] + m[2 * i + 1], difference = (m[2 * i] - m[2 * i + 1]) * FN(all)(p[i]);
            y[0] += sum, y[1] += difference, y[2] = FN(fma)(sum, square, y[2]), y[3] = FN(fma)(difference, square, y[3]);
        }
        m[0] = y[0], m[1] = y[1], m[2] = y[2], m[3] = y[3];
        return;
    }
    if (points == 4) {
        const VEC a = m[0] + m[1] + m[2], b = m[1] - m[2] - m[3];
        m[0] = a, m[1] = b;
        return;
    }
    const VEC h = FN(all)(HALF_ROOT), s = FN(all)(WHOLE_ROOT), two = FN(all)(2), half = FN(all)((T)0.5);
    const VEC a = m[1] + m[2], b = (m[1] - m[2]) * h, c = m[3] + m[4], d = (m[3] - m[4]) * s;
    m[0] = m[0] + a + c, m[1] = b + d;
    m[2] = FN(fma)(a, half, c * two), m[3] = FN(fma)(b, half, FN(fma)(d, two, m[5]));
}

/* For a row of tiles: so many columns of rows `pitch` elements apart, scaled, become as many at each point. */
INLINE void FN(down)(const int points, const T scale, const T *rows, int64_t pitch, int64_t columns, T *to)
{
    VEC d[MOST_POINTS];
    for (int64_t c = 0; c < columns * LANES; c += LANES) {
        UNROLL
        for (int i = 0; i < points; i++) d[i] = FN(load)(rows + i * pitch + c) * FN(all)(scale);
        FN(points)(points, d);
        UNROLL
        for (int i = 0; i < points; i++) FN(store)(to + i * columns * LANES + c, d[i]);
    }
}

/* Rows of the tiles, `pitch` elements apart, become those at the points across, of every vector or every second one, but for
 * one point that they lack: see cs_points_of. v: the first tile's vector at the first point; the next point's is `step` elements further on. */
INLINE void FN(across)(const int points, int64_t side, const int apart, const int lack, const T *from, int64_t rows, int64_t pitch,
                       int64_t tiles, T *v, int64_t step)
{
    VEC d[MOST_POINTS];
    for (int64_t t = 0; t < tiles; t++, from += side * apart * LANES, v += LANES)
        for (int64_t i = 0; i < rows; i++) {
            UNROLL
            for (int j = 0; j < points; j++) d[j] = FN(load)(from + i * pitch + j * apart * LANES);
            FN(points)(points, d);
            UNROLL
            for (int j = 0; j < points; j++)
                if (j != lack) FN(store)(v + (i * points + j) * step, d[j]);
        }
}

/* A column of points becomes one of outputs. */
INLINE void FN(column_of)(const int high, const int broad, const T *m, int64_t step, VEC half[4][MOST_POINTS], const int j)
{
    VEC p[MOST_POINTS];
    UNROLL
    for (int i = 0; i < POINTS(high); i++) p[i] = FN(load)(m + i * POINTS(broad) * step);
    FN(outputs_of)(POINTS(high), SIDE(high), p);
    UNROLL
    for (int i = 0; i < SIDE(high); i++) half[i][j] = p[i];
}

/* A row of tiles of one vector of outputs, `apart` elements from each other and `step` from point to point, to rows of
 * `columns` vectors, of which there are `rows`; y has them `row` and `pixel` elements apart. A tile's flag is 0 in every lane whose outputs are all finite, and NaN
 * elsewhere; what they add up to is returned by `any`. */
INLINE void FN(backward)(const int high, const int broad, const T *m, int64_t step, int64_t apart, int64_t columns,
                         int64_t rows, const T *bias, T *y, int64_t row, int64_t pixel, T *flags, T *any)
{
    const VEC b = FN(load)(bias), scale = FN(all)(1 / (WINOGRAD_SCALE * WINOGRAD_SCALE));
    VEC some = FN(load)(any);
    for (int64_t at = 0; at < columns; at += SIDE(broad), m += apart, flags += LANES) {
        VEC half[4][MOST_POINTS], flag = {0};
        if (POINTS(high) * POINTS(broad) == 49) {
            ROLLED
            for (int j = 0; j < POINTS(broad); j++) FN(column_of)(high, broad, m + j * step, step, half, j);
        } else {
            UNROLL
            for (int j = 0; j < POINTS(broad); j++) FN(column_of)(high, broad, m + j * step, step, half, j);
        }
        UNROLL
        for (int i = 0; i < SIDE(high); i++) {
            FN(outputs_of)(POINTS(broad), SIDE(broad), half[i]);
            UNROLL
            for (int j = 0; j < SIDE(broad); j++) {
                const VEC sum = FN(fma)(half[i][j], scale, b);
                flag = FN(fma)(sum, (VEC){0}, flag);
                if (i < rows && at + j < columns) FN(store)(y + i * row + (at + j) * pixel, sum);
            }
        }
        FN(store)(flags, flag);
        some += flag;
    }
    FN(store)(any, some);
}

static void FN(down_row)(int64_t high, const void *rows, int64_t pitch, int64_t columns, void *to)
{
    if (high == 6) FN(down)(6, 1, rows, pitch, columns, to);
    else if (high == 7) FN(down)(7, 1, rows, pitch, columns, to);
    else if (high == 5) FN(down)(5, 1, rows, pitch, columns, to);
    else FN(down)(4, 1, rows, pitch, columns, to);
}

static void FN(across_rows)(int64_t broad, int64_t side, int64_t apart, int lacks, const void *from, int64_t rows, int64_t pitch, int64_t tiles,
                            void *v, int64_t step)
{
#define ACROSS(points, apart, lack) FN(across)(points, side, apart, lack, from, rows, pitch, tiles, v, step)
    if (broad == 6 && lacks) ACROSS(6, 1, 0);
    else if (broad == 6) ACROSS(6, 1, -1);
    else if (broad == 7) ACROSS(7, 1, -1);
    else if (broad == 5 && apart == 1) ACROSS(5, 1, -1);
    else if (broad == 5 && lacks) ACROSS(5, 2, 4);
    else if (broad == 5) ACROSS(5, 2, -1);
    else if (broad == 4 && lacks) ACROSS(4, 1, 0);
    else if (broad == 4) ACROSS(4, 1, -1);
    else ACROSS(1, 1, -1);
#undef ACROSS
}

static void FN(backward_row)(int64_t high, int64_t broad, const void *m, int64_t step, int64_t apart, int64_t columns,
                             int64_t rows, const void *bias, void *y, int64_t row, int64_t pixel, void *flags, void *any)
{
#define BACKWARD(high, broad) FN(backward)(high, broad, m, step, apart, columns, rows, bias, y, row, pixel, flags, any)
    BY_FORMS(high, broad, BACKWARD)
#undef BACKWARD
}

#include "winograd_peaks.tmpl.h"
#include "winograd_product.tmpl.h"
#include "winograd_lanes.tmpl.h"
#include "winograd_weights.tmpl.h"
#include "winograd_gradient.tmpl.h"

#undef HALF_ROOT
#undef WHOLE_ROOT
#undef WINOGRAD_SCALE
#undef WINOGRAD_EVEN
#undef MOST_POINTS
#undef SEVEN
#undef SIDE
#undef TAPS
#undef POINTS
#undef BY_FORMS
