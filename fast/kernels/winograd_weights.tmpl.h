/* The weights of Winograd's convolution at the points of its tiles, in double precision, rounded once; part of
 * winograd.tmpl.h. */

/* Half a vector of floats is a whole one of doubles. */
#define PARTS (BITS == 32 && LANES > 1 ? 2 : 1)
typedef T FN(part) __attribute__((vector_size(VBITS / 8 / PARTS), aligned(BITS / 8), may_alias));
typedef double FN(exact) __attribute__((vector_size(LANES / PARTS * 8)));

/* The taps of an axis, `step` vectors apart, become the factors at the points of a tile in place. */
INLINE void FN(kernel_points)(const int side, FN(exact) *u, const int step)
{
    const double root = 1.41421356237309504880;
    if (side == 1) return;
    const FN(exact) a = u[0], b = u[step], c = u[2 * step];
    if (side == 2) {
        u[step] = (a + c + b) * 0.5, u[2 * step] = (a + c - b) * 0.5, u[3 * step] = c;
        return;
    }
    const FN(exact) near = (a + a + c) * (-1.0 / 3), far = (a + c + c) * (1.0 / 6), odd = b * (root / 3), half = odd * 0.5;
    u[step] = near - odd, u[2 * step] = near + odd;
    u[3 * step] = far + half, u[4 * step] = far - half, u[5 * step] = c;
}

/* Vectors of taps, in rows and columns that many elements apart, to vectors `step` elements apart, one for each point. Of
 * the first rows and columns so many count as zeros. Computed in double and rounded once. */
INLINE void FN(kernels)(const int down, const int across, const T *w, int64_t row, int64_t column, const int64_t *before,
                        T *u, int64_t step)
{
    for (int l = 0; l < LANES; l += LANES / PARTS) {
        FN(exact) all[6 * 6];
        UNROLL
        for (int t = 0; t < TAPS(down) * TAPS(across); t++) {
            const int i = t / TAPS(across), j = t % TAPS(across);
            const FN(part) taps = *(const FN(part) *)(w + i * row + j * column + l);
            const double scale = i < before[0] || j < before[1] ? 0 : (double)WINOGRAD_SCALE;
            all[6 * i + j] = scale ? __builtin_convertvector(taps, FN(exact)) * scale : (FN(exact)){0};
        }
        UNROLL
        for (int j = 0; j < TAPS(across); j++) FN(kernel_points)(down, all + j, 6);
        UNROLL
        for (int i = 0; i < EDGE(down); i++) {
            FN(kernel_points)(across, all + 6 * i, 1);
            UNROLL
            for (int j = 0; j < EDGE(across); j++)
                *(FN(part) *)(u + (i * EDGE(across) + j) * step + l) =
                    __builtin_convertvector(all[6 * i + j], FN(part));
        }
    }
}

static void FN(kernel_vectors)(int64_t down, int64_t across, const void *taps, int64_t row, int64_t column,
                               const int64_t *before, void *u, int64_t step)
{
#define KERNELS(down, across) FN(kernels)(down, across, taps, row, column, before, u, step)
    BY_SIDES(down, across, KERNELS)
#undef KERNELS
}

#undef PARTS
