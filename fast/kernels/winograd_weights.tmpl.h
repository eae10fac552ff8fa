/* The weights of Winograd's convolution at the points of its tiles, in double precision, rounded once; part of
 * winograd.tmpl.h. */

/* The taps of an axis, `step` vectors apart, become the factors at the points of a tile in place. */
INLINE void FN(kernel_points)(const int side, double (*u)[LANES], const int step)
{
    const double root = 1.41421356237309504880;
    for (int l = 0; l < LANES && side > 1; l++) {
        const double a = u[0][l], b = u[step][l], c = u[2 * step][l];
        if (side == 2) {
            u[step][l] = (a + c + b) * 0.5, u[2 * step][l] = (a + c - b) * 0.5, u[3 * step][l] = c;
        } else {
            const double near = (2 * a + c) / -3, far = (a + 2 * c) / 6, odd = b * (root / 3);
            u[step][l] = near - odd, u[2 * step][l] = near + odd;
            u[3 * step][l] = far + 0.5 * odd, u[4 * step][l] = far - 0.5 * odd, u[5 * step][l] = c;
        }
    }
}

/* Vectors of taps, in rows and columns that many elements apart, to vectors `step` elements apart, one for each point.
 * Computed in double and rounded once. */
INLINE void FN(kernels)(const int down, const int across, const T *w, int64_t row, int64_t column, T *u, int64_t step)
{
    double all[6 * 6][LANES];
    UNROLL
    for (int t = 0; t < TAPS(down) * TAPS(across); t++) {
        const int i = t / TAPS(across), j = t % TAPS(across);
        for (int l = 0; l < LANES; l++)
            all[6 * i + j][l] = w[i * row + j * column + l] * (double)WINOGRAD_SCALE;
    }
    UNROLL
    for (int j = 0; j < TAPS(across); j++) FN(kernel_points)(down, all + j, 6);
    UNROLL
    for (int i = 0; i < EDGE(down); i++) FN(kernel_points)(across, all + 6 * i, 1);
    for (int i = 0; i < EDGE(down); i++)
        for (int j = 0; j < EDGE(across); j++)
            for (int l = 0; l < LANES; l++) u[(i * EDGE(across) + j) * step + l] = (T)all[6 * i + j][l];
}

static void FN(kernel_vectors)(int64_t down, int64_t across, const void *taps, int64_t row, int64_t column, void *u,
                               int64_t step)
{
#define KERNELS(down, across) FN(kernels)(down, across, taps, row, column, u, step)
    BY_SIDES(down, across, KERNELS)
#undef KERNELS
}
