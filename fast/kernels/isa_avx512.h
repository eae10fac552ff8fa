/* The vocabulary of AVX-512: 32 registers of 512 bits. */
#include <immintrin.h>
#ifdef __clang__
#define CLANG_TARGET /* dtypes.h ends it */
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512")
#endif

#define ISA avx512
#define VBITS 512
#define KEEP(v) __asm__("" : "+v"(v)) /* in a register, lest it be read twice */
#define ONCE KEEP /* where loads count as much as multiply-adds, or more */
#define FMA_f32(a, b, c) ((VEC)_mm512_fmadd_ps((a), (b), (c)))
#define FMA_f64(a, b, c) ((VEC)_mm512_fmadd_pd((a), (b), (c)))
#define LARGER_f32(a, x) ((VEC)_mm512_max_ps((a), (x)))
#define LARGER_f64(a, x) ((VEC)_mm512_max_pd((a), (x)))
/* vmaxps gives its second operand where either is NaN: keep the first, which does not wait for others, where it is. */
#define MAX_f32(a, x) ((VEC)_mm512_mask_max_ps((x), _mm512_cmp_ps_mask((x), (x), _CMP_ORD_Q), (x), (a)))
#define MAX_f64(a, x) ((VEC)_mm512_mask_max_pd((x), _mm512_cmp_pd_mask((x), (x), _CMP_ORD_Q), (x), (a)))
#include "maxima_x86.h"
#define MAX_i32(a, x) ((VEC)_mm512_max_epi32((__m512i)(a), (__m512i)(x)))
#define MAX_u32(a, x) ((VEC)_mm512_max_epu32((__m512i)(a), (__m512i)(x)))
#define MAX_i64(a, x) ((VEC)_mm512_max_epi64((__m512i)(a), (__m512i)(x)))
#define MAX_u64(a, x) ((VEC)_mm512_max_epu64((__m512i)(a), (__m512i)(x)))
#define ABOVE_f32(v, best) \
    _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask((best), (best), _CMP_ORD_Q), (v), (best), _CMP_NLE_UQ)
#define ABOVE_f64(v, best) \
    _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask((best), (best), _CMP_ORD_Q), (v), (best), _CMP_NLE_UQ)
#define GREATER_f32(v, best) _mm512_cmp_ps_mask((v), (best), _CMP_GT_OQ)
#define GREATER_f64(v, best) _mm512_cmp_pd_mask((v), (best), _CMP_GT_OQ)
#define SAME_32(a, b) _mm512_cmpeq_epi32_mask((__m512i)(a), (__m512i)(b))
#define SAME_64(a, b) _mm512_cmpeq_epi64_mask((__m512i)(a), (__m512i)(b))
#define EITHER_f32(m, a, b) _mm512_mask_mov_ps((b), (m), (a))
#define EITHER_f64(m, a, b) _mm512_mask_mov_pd((b), (m), (a))
/* Lanes of 32 bits: sums of products of four unsigned bytes by signed ones, of two signed words. The former is asked of
 * the processor by itself (cs_has_byte_dots), so the compiler may not use it elsewhere. */
#define DOT_u8(sum, x, w) __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w))
#define DOT_i16(sum, x, w) ((sum) += (__typeof__(sum))_mm512_madd_epi16((__m512i)(x), (__m512i)(w)))
#define DOT_VECTORS 4
#define MASK_32 __mmask16
#define MASK_64 __mmask8
#define INSIDE_32(from, to) ((__mmask16)(((1u << (to)) - 1) & (~0u << (from))))
#define INSIDE_64(from, to) ((__mmask8)(((1u << (to)) - 1) & (~0u << (from))))
#define LOAD_INSIDE_32(p, m) _mm512_maskz_loadu_epi32((m), (p))
#define LOAD_INSIDE_64(p, m) _mm512_maskz_loadu_epi64((m), (p))
#define LOAD_OVER_32(v, p, m) _mm512_mask_loadu_epi32((__m512i)(v), (m), (p))
#define LOAD_OVER_64(v, p, m) _mm512_mask_loadu_epi64((__m512i)(v), (m), (p))
#define STORES_INSIDE 1
#define STORE_INSIDE_32(p, m, v) _mm512_mask_storeu_epi32((p), (m), (__m512i)(v))
#define STORE_INSIDE_64(p, m, v) _mm512_mask_storeu_epi64((p), (m), (__m512i)(v))
#define STORE_EVENS_32(p, v, odd) _mm512_mask_storeu_epi32((p), (__mmask16)(0x5555 << (odd)), (__m512i)(v))
#define STORE_EVENS_64(p, v, odd) _mm512_mask_storeu_epi64((p), (__mmask8)(0x55 << (odd)), (__m512i)(v))
#define DOUBLES(p) _mm512_cvtps_pd(_mm256_loadu_ps(p))
#include "tiles_32.h"
