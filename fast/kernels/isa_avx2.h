/* The vocabulary of AVX2 with FMA: 16 registers of 256 bits. */
#include <immintrin.h>
#ifdef __clang__
#define CLANG_TARGET /* dtypes.h ends it */
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define ISA avx2
#define VBITS 256
#define KEEP(v) __asm__("" : "+x"(v)) /* in a register, lest it be read twice */
#define ONCE(v) (void)(v)
#define STORES_INSIDE 0
#define FMA_f32(a, b, c) ((VEC)_mm256_fmadd_ps((a), (b), (c)))
#define FMA_f64(a, b, c) ((VEC)_mm256_fmadd_pd((a), (b), (c)))
/* c += a * b where it is: compilers that are free to choose move the sums of a tile about, which fill the registers. */
#define ACCUMULATE_f32(c, a, b) __asm__("vfmadd231ps %2, %1, %0" : "+x"(c) : "x"(a), "x"(b))
#define ACCUMULATE_f64(c, a, b) __asm__("vfmadd231pd %2, %1, %0" : "+x"(c) : "x"(a), "x"(b))
#define LARGER_f32(a, x) ((VEC)_mm256_max_ps((a), (x)))
#define LARGER_f64(a, x) ((VEC)_mm256_max_pd((a), (x)))
/* A vector of two parts of 128 bits. */
#define LOAD_PARTS(p, q) \
    _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps((const float *)(p))), _mm_loadu_ps((const float *)(q)), 1)
/* Elements of 32 bits of two vectors, two of each half of either: the even ones, the odd ones, or the odd ones of the second only.
 * A vpermd for each vector, which is what compilers make of it, takes twice as long. */
#define PICK_32(a, b, which) \
    _mm256_permute4x64_pd(_mm256_castps_pd(_mm256_shuffle_ps((__m256)(a), (__m256)(b), (which))), 0xD8)
enum { PICK_EVEN = 0x88, PICK_ODD = 0xDD, PICK_LATE = 0xD8 };
/* vmaxps gives its second operand where either is NaN: keep the first, which does not wait for others, where it is. */
#define MAX_f32(a, x) ((VEC)_mm256_blendv_ps(_mm256_max_ps((x), (a)), (x), _mm256_cmp_ps((x), (x), _CMP_UNORD_Q)))
#define MAX_f64(a, x) ((VEC)_mm256_blendv_pd(_mm256_max_pd((x), (a)), (x), _mm256_cmp_pd((x), (x), _CMP_UNORD_Q)))
#include "maxima_x86.h"
#define MAX_i32(a, x) ((VEC)_mm256_max_epi32((__m256i)(a), (__m256i)(x)))
#define MAX_u32(a, x) ((VEC)_mm256_max_epu32((__m256i)(a), (__m256i)(x)))
#define MAX_i64 CHOSEN
#define MAX_u64 CHOSEN
/* Lanes of 32 bits: sums of products of two signed words; and of a tile, the additions of whose terms compilers put off if they see
 * them, which fills the registers. */
#define DOT_i16(sum, x, w) ((sum) += (__typeof__(sum))_mm256_madd_epi16((__m256i)(x), (__m256i)(w)))
#define TILE_DOT_i16(sum, x, w) __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(_mm256_madd_epi16((__m256i)(x), (__m256i)(w))))
#define DOT_VECTORS 2
#define MASK_32 __m256i
#define MASK_64 __m256i
#define INSIDE_32(from, to) \
    _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(from), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)), \
                        _mm256_cmpgt_epi32(_mm256_set1_epi32(to), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)))
#define INSIDE_64(from, to) \
    _mm256_andnot_si256(_mm256_cmpgt_epi64(_mm256_set1_epi64x(from), _mm256_setr_epi64x(0, 1, 2, 3)), \
                        _mm256_cmpgt_epi64(_mm256_set1_epi64x(to), _mm256_setr_epi64x(0, 1, 2, 3)))
#define LOAD_INSIDE_32(p, m) _mm256_maskload_epi32((const int *)(p), (m))
#define LOAD_INSIDE_64(p, m) _mm256_maskload_epi64((const long long *)(p), (m))
#define LOAD_OVER_32(v, p, m) _mm256_blendv_epi8((__m256i)(v), LOAD_INSIDE_32(p, m), (m))
#define LOAD_OVER_64(v, p, m) _mm256_blendv_epi8((__m256i)(v), LOAD_INSIDE_64(p, m), (m))
/* clang-format off */
#define PIXEL_TILES(TILE) \
    TILE(1, 8) TILE(1, 4) TILE(2, 4) TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3) \
    TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)
#define OUTPUT_TILES(TILE) \
    TILE(2, 1) TILE(4, 1) TILE(6, 1) TILE(8, 1) TILE(12, 1) TILE(2, 2) TILE(4, 2) TILE(6, 2) TILE(2, 3) TILE(4, 3)
#define GROUP_TILES(TILE) TILE(2) TILE(4) TILE(6) TILE(8) TILE(10) TILE(12)
#define SLIDE_TILES(TILE)
#define SQUARE_VECTORS 1 /* of lines of 3 x 3 */
#define PRODUCT_TILES(TILE) \
    TILE(1, 1) TILE(2, 1) TILE(4, 1) TILE(8, 1) TILE(12, 1) TILE(1, 2) TILE(2, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2) \
    TILE(1, 3) TILE(2, 3) TILE(4, 3)
#define OUTER_TILES(TILE) \
    TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1) \
    TILE(7, 1) TILE(8, 1) TILE(9, 1) TILE(10, 1) TILE(11, 1) TILE(12, 1) \
    TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)
#define EACH_TILES(TILE) TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) \
    TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
#define REGISTERS 16
#define ROW_VECTORS (FLOATING ? 3 : 2) /* products of integers need registers of their own */
#define DEPTH_VECTORS 3
/* clang-format on */
#include "tiles_wide.h"
