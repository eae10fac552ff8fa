/* The words that all instruction sets share, from the compiler's vector extensions, for one dtype: T, of BITS bits. */
#define JOIN2(a, b) a##_##b
#define JOIN(a, b) JOIN2(a, b)
#define FN(name) JOIN(name, DT)
#define VEC FN(vec)
/* At most 16: few enough for cheap shuffles, and for the rows of small images. */
#define LANES (VBITS > 16 * BITS ? 16 : VBITS / BITS)
/* Whether forms for one number of vectors, rows or taps are worth their code; those for any number compute the same. */
#define WIDE (LANES > 1)
/* Whether a tile over pixels takes its terms in pairs: where registers are few a loop's own instructions cost most, and one is left. */
#define PAIRED(rows, vectors) (FLOATING && REGISTERS == 16 && ((rows) + 1) * (vectors) + 1 < REGISTERS)
#define INLINE static inline __attribute__((always_inline))
#define SIGNED_32 int32_t
#define SIGNED_64 int64_t
/* The greater integers, where there is no instruction for them; compilers do not find them in a loop over the lanes. */
#define CHOSEN(a, x) (((x) & (VEC)((x) > (a))) | ((a) & ~(VEC)((x) > (a))))
#define UNROLL _Pragma("GCC unroll 16")
#define ROLLED _Pragma("GCC unroll 1") /* where it would be long, and no faster */
#define UNROLL_TWICE _Pragma("GCC unroll 2")
#define OWN(p) __asm__("" : "+r"(p)) /* a register of its own, lest it be added up from others again and again */
/* Sanitizers do not see what instructions with a mask read and write, so they are given loops, which are not repeated
 * wherever they are used. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define WATCHED
#define RARE static __attribute__((noinline, unused))
#else
#define RARE INLINE
#endif

typedef T VEC __attribute__((vector_size(LANES * BITS / 8)));
typedef T FN(loose) __attribute__((vector_size(LANES * BITS / 8), aligned(BITS / 8), may_alias));

INLINE VEC FN(load)(const T *p)
{
    return *(const FN(loose) *)p;
}

INLINE void FN(store)(T *p, VEC v)
{
    *(FN(loose) *)p = v;
}
/* s - 0 is s, for -0 too, and compiles to a broadcast. */
INLINE VEC FN(all)(T s)
{
    return s - (VEC){0};
}

#if FLOATING
INLINE VEC FN(fma)(VEC a, VEC b, VEC c)
{
    return JOIN(FMA, DT)(a, b, c);
}
/* The larger, and of a NaN and a number either. */
INLINE VEC FN(larger)(VEC a, VEC x)
{
    return JOIN(LARGER, DT)(a, x);
}
INLINE VEC FN(abs)(VEC x)
{
    typedef INTEGER FN(bits) __attribute__((vector_size(VBITS / 8)));
    return (VEC)((FN(bits))x & ~(FN(bits))-(VEC){0});
}
#elif defined MULTIPLY
INLINE VEC FN(fma)(VEC a, VEC b, VEC c)
{
    MULTIPLY(c, a, b);
    return c;
}
#else
INLINE VEC FN(fma)(VEC a, VEC b, VEC c)
{
    return a * b + c;
}
#endif
/* The same for a sum of a tile. */
INLINE VEC FN(accumulate)(VEC a, VEC b, VEC c)
{
#if FLOATING && defined ACCUMULATE_f32
    JOIN(ACCUMULATE, DT)(c, a, b);
    return c;
#else
    return FN(fma)(a, b, c);
#endif
}

#ifndef MULTIPLY
INLINE VEC FN(max)(VEC a, VEC x)
{
    return JOIN(MAX, DT)(a, x);
}
#endif

/* Some lanes of a vector, 0 or those of v in the others; nothing else is read, or written. */
#if BITS >= 32 && defined MASK_32 && !defined WATCHED
typedef JOIN(MASK, BITS) FN(mask);

/* The lanes l with from <= l < to. */
INLINE FN(mask) FN(inside)(int64_t from, int64_t to)
{
    from = from < 0 ? 0 : from > LANES ? LANES : from, to = to < 0 ? 0 : to > LANES ? LANES : to;
    return JOIN(INSIDE, BITS)((int)from, (int)to);
}
INLINE VEC FN(load_inside)(const T *p, FN(mask) m)
{
    return (VEC)JOIN(LOAD_INSIDE, BITS)(p, m);
}
INLINE VEC FN(load_over)(VEC v, const T *p, FN(mask) m)
{
    return (VEC)JOIN(LOAD_OVER, BITS)(v, p, m);
}
#if STORES_INSIDE
INLINE void FN(store_inside)(T *p, VEC v, FN(mask) m)
{
    JOIN(STORE_INSIDE, BITS)(p, m, v);
}
#endif
#elif BITS >= 32
typedef struct {
    int64_t from, to;
} FN(mask);

INLINE FN(mask) FN(inside)(int64_t from, int64_t to)
{
    return (FN(mask)){from, to};
}
RARE VEC FN(load_inside)(const T *p, FN(mask) m)
{
    VEC v = {0};
    for (int l = 0; l < LANES; l++)
        if (m.from <= l && l < m.to) v[l] = p[l];
    return v;
}
RARE VEC FN(load_over)(VEC v, const T *p, FN(mask) m)
{
    for (int l = 0; l < LANES; l++)
        if (m.from <= l && l < m.to) v[l] = p[l];
    return v;
}
#if STORES_INSIDE
RARE void FN(store_inside)(T *p, VEC v, FN(mask) m)
{
    for (int l = 0; l < LANES; l++)
        if (m.from <= l && l < m.to) p[l] = v[l];
}
#endif
#endif

/* Interleave the lower, and the upper, halves of two vectors; take the even, and the odd, elements of two vectors, and the
 * even ones of a run, with b one early; the thirds of two vectors, and of a third, which is two early. */
#if LANES == 16
#define UNZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define UNZIP_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31)
#define THIRDS(a, b) __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 30, 30, 30, 30, 30)
#define MORE_THIRDS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 19, 22, 25, 28, 31)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif LANES == 8
#if defined PICK_32 && BITS == 32
#define UNZIP_LOW(a, b) ((VEC)PICK_32(a, b, PICK_EVEN))
#define UNZIP_HIGH(a, b) ((VEC)PICK_32(a, b, PICK_ODD))
#define EVENS(a, b) ((VEC)PICK_32(a, b, PICK_LATE))
#else
#define UNZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define UNZIP_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 9, 11, 13, 15)
#endif
#define THIRDS(a, b) __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 15, 15)
#define MORE_THIRDS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 12, 15)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif LANES == 4
#define UNZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define UNZIP_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#define EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 5, 7)
#define THIRDS(a, b) __builtin_shufflevector(a, b, 0, 3, 6, 6)
#define MORE_THIRDS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 7)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#elif LANES == 2
#define UNZIP_LOW(a, b) ZIP_LOW(a, b)
#define UNZIP_HIGH(a, b) ZIP_HIGH(a, b)
#define EVENS(a, b) __builtin_shufflevector(a, b, 0, 3)
#define THIRDS(a, b) __builtin_shufflevector(a, b, 0, 3)
#define MORE_THIRDS(a, b) (a)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#else
#define UNZIP_LOW(a, b) (a)
#define UNZIP_HIGH(a, b) (b)
#define EVENS(a, b) (a)
#define ZIP_LOW(a, b) (a)
#define ZIP_HIGH(a, b) (b)
#endif

/* Every other element from p on, and nothing beyond the last of them; the even and the odd ones of two vectors. Halves that are
 * loaded where they are needed save a permutation across them. */
INLINE VEC FN(evens)(const T *p)
{
#if defined LOAD_PARTS && BITS == 32
    return (VEC)_mm256_shuffle_ps(LOAD_PARTS(p, p + 8), LOAD_PARTS(p + 3, p + 11), PICK_LATE);
#else
    return EVENS(FN(load)(p), FN(load)(p + LANES - 1));
#endif
}
INLINE void FN(evens_and_odds)(const T *p, VEC *even, VEC *odd)
{
#if defined LOAD_PARTS && BITS == 32
    const __m256 a = LOAD_PARTS(p, p + 8), b = LOAD_PARTS(p + 4, p + 12);
    *even = (VEC)_mm256_shuffle_ps(a, b, PICK_EVEN), *odd = (VEC)_mm256_shuffle_ps(a, b, PICK_ODD);
#else
    const VEC a = FN(load)(p), b = FN(load)(p + LANES);
    *even = UNZIP_LOW(a, b), *odd = UNZIP_HIGH(a, b);
#endif
}

/* Every third, and every fourth. */
INLINE VEC FN(thirds)(const T *p)
{
#if LANES > 1
    const VEC low = THIRDS(FN(load)(p), FN(load)(p + LANES));
    return LANES > 2 ? MORE_THIRDS(low, FN(load)(p + 2 * LANES - 2)) : low;
#else
    return FN(load)(p);
#endif
}

INLINE VEC FN(fourths)(const T *p)
{
    return EVENS(FN(evens)(p), FN(evens)(p + 2 * (LANES - 1)));
}

#if BITS >= 32
/* To every other element from p on; those between are not written, as other threads may. */
RARE void FN(store_evens)(T *p, VEC v)
{
#if defined STORE_EVENS_32 && !defined WATCHED
    const int odd = (uintptr_t)p / sizeof(T) % 2; /* from an even place on, where fewer vectors cross cache lines */
    JOIN(STORE_EVENS, BITS)(p - odd, ZIP_LOW(v, v), odd);
    JOIN(STORE_EVENS, BITS)(p - odd + LANES, ZIP_HIGH(v, v), odd);
#else
    for (int l = 0; l < LANES; l++) p[2 * l] = v[l];
#endif
}

/* The lanes of each 128 bits by themselves, where vectors have two of them. */
#ifdef LOAD_PARTS
#define PART (128 / BITS)
#if BITS == 32
#define PARTS_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define PARTS_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#else
#define PARTS_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define PARTS_HIGH(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#endif
#else
#define PART LANES
#define PARTS_LOW ZIP_LOW
#define PARTS_HIGH ZIP_HIGH
#endif

/* Transposes n vectors, or in parts those of n lanes: each perfect shuffle turns the address (row, lane) by one bit. */
INLINE void FN(shuffle)(const int n, const int parts, VEC *v)
{
    VEC t[LANES];
    UNROLL
    for (int bit = 1; bit < n; bit *= 2) {
        UNROLL
        for (int i = 0; i < n / 2; i++) {
            t[2 * i] = parts ? PARTS_LOW(v[i], v[i + n / 2]) : ZIP_LOW(v[i], v[i + n / 2]);
            t[2 * i + 1] = parts ? PARTS_HIGH(v[i], v[i + n / 2]) : ZIP_HIGH(v[i], v[i + n / 2]);
        }
        UNROLL
        for (int i = 0; i < n; i++) v[i] = t[i];
    }
}
#undef PARTS_LOW
#undef PARTS_HIGH

/* Transposes LANES vectors. */
INLINE void FN(turn)(VEC *v)
{
    FN(shuffle)(LANES, 0, v);
}

/* Transposes a part of LANES rows: v[i][l] = x[l * row + i], i < PART. Shuffles within 128 bits cost a third of others, once
 * loads have put these where they belong. */
INLINE void FN(turn_part)(VEC *v, const T *x, int64_t row)
{
    UNROLL
#ifdef LOAD_PARTS
    for (int l = 0; l < PART; l++) v[l] = (VEC)LOAD_PARTS(x + l * row, x + (l + PART) * row);
#else
    for (int l = 0; l < PART; l++) v[l] = FN(load)(x + l * row);
#endif
    FN(shuffle)(PART, 1, v);
}
#endif
