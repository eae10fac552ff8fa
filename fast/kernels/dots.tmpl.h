/* Sums of products of small integers, modulo 2^32: a lane takes DOTS neighbouring inputs by as many taps at once. Vector
 * j of a block of DOTS sees the inputs from j on, so its lanes are every DOTS-th output; they are put in order before
 * they are stored. */

#ifndef ZIP_LOW_32
#if VBITS == 512
#define ZIP_LOW_32(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH_32(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#else
#define ZIP_LOW_32(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH_32(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#endif
#endif

typedef int32_t FN(sums) __attribute__((vector_size(VBITS / 8)));
typedef int32_t FN(some) __attribute__((vector_size(VBITS / 8), aligned(1), may_alias));
typedef int64_t FN(to_8) __attribute__((vector_size(VBITS / 4), aligned(1), may_alias));
typedef int16_t FN(to_2) __attribute__((vector_size(VBITS / 16), aligned(1), may_alias));
typedef int8_t FN(to_1) __attribute__((vector_size(VBITS / 32), aligned(1), may_alias));

INLINE void FN(dot_block)(const int rows, const int taps, FN(sums) sum[DOT_ROWS][DOT_VECTORS], const T *x,
                          int64_t pitch, int64_t groups, const int32_t *w)
{
    UNROLL
    for (int i = 0; i < rows + taps - 1; i++) {
        const T *p = x + i * pitch;
        for (int64_t g = 0; g < groups; g++, p += DOTS) {
            FN(sums) xv[DOT_VECTORS];
            UNROLL
            for (int j = 0; j < DOT_VECTORS; j++) xv[j] = *(const FN(some) *)(p + j / DOTS * (VBITS / BITS) + j % DOTS);
            UNROLL
            for (int r = 0; r < rows; r++) {
                if (i - r < 0 || i - r >= taps) continue;
                const FN(sums) wv = w[(i - r) * groups + g] - (FN(sums)){0};
                UNROLL
                for (int j = 0; j < DOT_VECTORS; j++) JOIN(DOT, DT)(sum[r][j], xv[j], wv);
            }
        }
    }
}

INLINE void FN(store_sums)(char *y, int64_t size, FN(sums) v)
{
    if (size == 4) {
        *(FN(some) *)y = v;
    } else if (size == 2) {
        *(FN(to_2) *)y = __builtin_convertvector(v, FN(to_2));
    } else if (size == 1) {
        *(FN(to_1) *)y = __builtin_convertvector(v, FN(to_1));
    } else {
        *(FN(to_8) *)y = __builtin_convertvector(v, FN(to_8));
    }
}

/* A row of a tile; lanes of neighbouring vectors interleave. */
INLINE void FN(store_row)(char *y, int64_t size, FN(sums) * v)
{
    UNROLL
    for (int j = 0; j < DOT_VECTORS; j += DOTS) {
#if DOTS == 4
        const FN(sums) even[2] = {ZIP_LOW_32(v[j], v[j + 2]), ZIP_HIGH_32(v[j], v[j + 2])};
        const FN(sums) odd[2] = {ZIP_LOW_32(v[j + 1], v[j + 3]), ZIP_HIGH_32(v[j + 1], v[j + 3])};
#else
        const FN(sums) even[1] = {v[j]}, odd[1] = {v[j + 1]};
#endif
        UNROLL
        for (int i = 0; i < DOTS / 2; i++) {
            v[j + 2 * i] = ZIP_LOW_32(even[i], odd[i]);
            v[j + 2 * i + 1] = ZIP_HIGH_32(even[i], odd[i]);
        }
    }
    UNROLL
    for (int j = 0; j < DOT_VECTORS; j++) FN(store_sums)(y + j * (VBITS / 32) * size, size, v[j]);
}

INLINE void FN(dot_tile)(const int rows, const void *from, int64_t pitch, int64_t slabs, int64_t slab, int64_t taps,
                         int64_t groups, const int32_t *w, int32_t start, char *y, int64_t ldy, int64_t size)
{
    FN(sums) sum[DOT_ROWS][DOT_VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int j = 0; j < DOT_VECTORS; j++) sum[r][j] = start - (FN(sums)){0};
    }
    for (int64_t s = 0; s < slabs; s++) {
        const T *x = (const T *)from + s * slab;
        for (int64_t left = taps; left > 0; left -= 3, x += 3 * pitch, w += 3 * groups) {
            if (left >= 3) {
                FN(dot_block)(rows, 3, sum, x, pitch, groups, w);
            } else if (left == 2) {
                FN(dot_block)(rows, 2, sum, x, pitch, groups, w);
            } else {
                FN(dot_block)(rows, 1, sum, x, pitch, groups, w);
            }
        }
        w += (taps % 3 ? taps % 3 - 3 : 0) * groups;
    }
    UNROLL
    for (int r = 0; r < rows; r++) FN(store_row)(y + r * ldy, size, sum[r]);
}

static void FN(dots_tall)(const void *x, int64_t pitch, int64_t slabs, int64_t slab, int64_t taps, int64_t groups,
                          const int32_t *w, int32_t start, void *y, int64_t ldy, int64_t size)
{
    FN(dot_tile)(DOT_ROWS, x, pitch, slabs, slab, taps, groups, w, start, y, ldy, size);
}

static void FN(dots_flat)(const void *x, int64_t pitch, int64_t slabs, int64_t slab, int64_t taps, int64_t groups,
                          const int32_t *w, int32_t start, void *y, int64_t ldy, int64_t size)
{
    FN(dot_tile)(1, x, pitch, slabs, slab, taps, groups, w, start, y, ldy, size);
}
