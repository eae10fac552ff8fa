/* The gradient by the weights through Winograd's tiles, F(4, 3): what is not in winograd.tmpl.h already. Lanes are outputs; part of
 * winograd.tmpl.h. */

/* The gradients of a tile's outputs along an axis, of which there are four, become factors at its points: those of a polynomial. */
INLINE void FN(spread_points)(VEC *d)
{
    const VEC h = FN(all)(HALF_ROOT), s = FN(all)(WHOLE_ROOT), two = FN(all)(2), half = FN(all)((T)0.5);
    const VEC near = FN(fma)(d[2], half, d[0]), far = FN(fma)(d[2], two, d[0]);
    const VEC near_odd = FN(fma)(d[3], half, d[1]) * h, far_odd = FN(fma)(d[3], two, d[1]) * s;
    d[5] = d[3], d[1] = near + near_odd, d[2] = near - near_odd, d[3] = far + far_odd, d[4] = far - far_odd;
}

/* The sums at the points become those of three taps. */
INLINE void FN(taps_of)(VEC *m)
{
    const VEC near = m[1] + m[2], far = m[3] + m[4], third = FN(all)((T)(1.0 / 3)), sixth = FN(all)((T)(1.0 / 6));
    const VEC odd = FN(fma)(m[3] - m[4], FN(all)((T)0.5), m[2] - m[1]);
    m[0] = FN(fma)(far, sixth, FN(fma)(near, FN(all)((T)(-2.0 / 3)), m[0]));
    m[1] = odd * FN(all)((T)(1.41421356237309504880 / 3));
    m[2] = FN(fma)(far - near, third, m[5]);
}

/* A row of tiles of a vector of outputs, four rows of a strip: the columns, then each tile's rows. Tiles are `apart` elements from each
 * other in v, and points `step`. */
static void FN(spread_tiles)(const void *from, int64_t tiles, void *spare, void *to, int64_t apart, int64_t step)
{
    const T *strip = from;
    T *columns = spare, *v = to;
    const int64_t pitch = tiles * 4 * LANES;
    VEC d[6];
    for (int64_t c = 0; c < pitch; c += LANES) {
        UNROLL
        for (int i = 0; i < 4; i++) d[i] = FN(load)(strip + i * pitch + c);
        FN(spread_points)(d);
        UNROLL
        for (int i = 0; i < 6; i++) FN(store)(columns + i * pitch + c, d[i]);
    }
    for (int64_t t = 0; t < tiles; t++, v += apart)
        for (int i = 0; i < 6; i++) {
            UNROLL
            for (int j = 0; j < 4; j++) d[j] = FN(load)(columns + i * pitch + (t * 4 + j) * LANES);
            FN(spread_points)(d);
            UNROLL
            for (int j = 0; j < 6; j++) FN(store)(v + (i * 6 + j) * step, d[j]);
        }
}

/* The nine taps of each channel, for `vectors` vectors of outputs: of the sums at the points, `step` elements apart, and added to
 * `partial`, and that to `total`, if there are any. */
static void FN(gather_taps)(const void *sums, int64_t step, int64_t channels, int64_t vectors, const void *partial, const void *total,
                            void *to)
{
    const VEC scale = FN(all)(1 / (WINOGRAD_SCALE * WINOGRAD_SCALE));
    for (int64_t i = 0; i < channels * vectors; i++) {
        const T *m = (const T *)sums + i * LANES;
        const int64_t first = (i / vectors * 9 * vectors + i % vectors) * LANES;
        VEC half[3][6];
        UNROLL
        for (int j = 0; j < 6; j++) {
            VEC p[6];
            UNROLL
            for (int k = 0; k < 6; k++) p[k] = FN(load)(m + (k * 6 + j) * step);
            FN(taps_of)(p);
            UNROLL
            for (int k = 0; k < 3; k++) half[k][j] = p[k];
        }
        UNROLL
        for (int k = 0; k < 3; k++) {
            FN(taps_of)(half[k]);
            UNROLL
            for (int j = 0; j < 3; j++) {
                const int64_t at = first + (k * 3 + j) * vectors * LANES;
                VEC sum = half[k][j] * scale;
                if (partial) sum = FN(load)((const T *)partial + at) + sum;
                if (total) sum = FN(load)((const T *)total + at) + sum;
                FN(store)((T *)to + at, sum);
            }
        }
    }
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

/* Lanes whose part is less than a quarter of all. */
static void FN(exceeds_quarter)(const void *all, const void *part, char *marks)
{
    for (int l = 0; l < LANES; l++) marks[l] = ((const T *)all)[l] > 4 * ((const T *)part)[l];
}
