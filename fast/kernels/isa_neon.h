/* The vocabulary of AArch64's Advanced SIMD: 32 registers of 128 bits, on every such machine. */
#include <arm_neon.h>

#define ISA neon
#define VBITS 128
#define KEEP(v) (void)(v)
#define FMA_f32(a, b, c) ((VEC)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define FMA_f64(a, b, c) ((VEC)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))
#define MAX_f32(a, x) ((VEC)vmaxq_f32((float32x4_t)(a), (float32x4_t)(x)))
#define MAX_f64(a, x) ((VEC)vmaxq_f64((float64x2_t)(a), (float64x2_t)(x)))
#define LARGER_f32 MAX_f32
#define LARGER_f64 MAX_f64
#include "tiles_32.h"
