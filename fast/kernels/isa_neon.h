/* The vocabulary of AArch64's Advanced SIMD: 32 registers of 128 bits, on every such machine. */
#include <arm_neon.h>

#define ISA neon
#define VBITS 128
#define KEEP(v) (void)(v)
#define ONCE(v) (void)(v)
#define STORES_INSIDE 0
#define FMA_f32(a, b, c) ((VEC)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define FMA_f64(a, b, c) ((VEC)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))
#define MAX_f32(a, x) ((VEC)vmaxq_f32((float32x4_t)(a), (float32x4_t)(x)))
#define MAX_f64(a, x) ((VEC)vmaxq_f64((float64x2_t)(a), (float64x2_t)(x)))
#define MAX_i8(a, x) ((VEC)vmaxq_s8((int8x16_t)(a), (int8x16_t)(x)))
#define MAX_u8(a, x) ((VEC)vmaxq_u8((uint8x16_t)(a), (uint8x16_t)(x)))
#define MAX_i16(a, x) ((VEC)vmaxq_s16((int16x8_t)(a), (int16x8_t)(x)))
#define MAX_u16(a, x) ((VEC)vmaxq_u16((uint16x8_t)(a), (uint16x8_t)(x)))
#define MAX_i32(a, x) ((VEC)vmaxq_s32((int32x4_t)(a), (int32x4_t)(x)))
#define MAX_u32(a, x) ((VEC)vmaxq_u32((uint32x4_t)(a), (uint32x4_t)(x)))
#define MAX_i64 CHOSEN
#define MAX_u64 CHOSEN
#define LARGER_f32 MAX_f32
#define LARGER_f64 MAX_f64
#include "tiles_32.h"
