/* All algorithms for all dtypes, in the words of the instruction set that was included before. Sums of integers are
 * modulo 2^k, so unsigned elements serve both signs; maxima need each dtype by itself. What moves elements is mostly that of the unsigned
 * ones of their size, which come first. */

#define T uint8_t
#ifdef DOT_u8
#define DOTS 4
#endif
#define DT u8
#define BITS 8
#define FLOATING 0
#define MOVES
#define SUMS 0
#define LEAST 0
#include "dtype.h"

#define T int8_t
#define DT i8
#define BITS 8
#define FLOATING 0
#define SUMS 0
#define LEAST INT8_MIN
#include "dtype.h"

#define T uint16_t
#define DT u16
#define BITS 16
#define FLOATING 0
#define MOVES
#define SUMS 0
#define LEAST 0
#include "dtype.h"

#define T int16_t
#ifdef DOT_i16
#define DOTS 2
#endif
#define DT i16
#define BITS 16
#define FLOATING 0
#define SUMS 0
#define LEAST INT16_MIN
#include "dtype.h"

#define T uint32_t
#define DT u32
#define BITS 32
#define FLOATING 0
#define MOVES
#define SUMS 1
#define LEAST 0
#include "dtype.h"

#define T int32_t
#define DT i32
#define BITS 32
#define FLOATING 0
#define SUMS 0
#define LEAST INT32_MIN
#include "dtype.h"

#ifdef DOT_u8
#define T uint32_t
#define MULTIPLY DOT_u8
#define DT bytes
#define BITS 32
#define FLOATING 0
#include "lanes.h"
#define BYTES &table_bytes
#else
#define BYTES NULL
#endif

#ifdef DOT_i16
#ifndef TILE_DOT_i16
#define TILE_DOT_i16 DOT_i16
#endif
#define T uint32_t
#define MULTIPLY TILE_DOT_i16
#define DT words
#define BITS 32
#define FLOATING 0
#include "lanes.h"
#define WORDS &table_words
#else
#define WORDS NULL
#endif

#define T uint64_t
#define DT u64
#define BITS 64
#define FLOATING 0
#define MOVES
#define SUMS 1
#define LEAST 0
#include "dtype.h"

#define T int64_t
#define DT i64
#define BITS 64
#define FLOATING 0
#define SUMS 0
#define LEAST INT64_MIN
#include "dtype.h"

#define T float
#define INTEGER int32_t
#define DT f32
#define BITS 32
#define FLOATING 1
#define SUMS 1
#define LEAST -__builtin_inff()
#define ABS __builtin_fabsf
#define ROOT __builtin_sqrtf
#include "dtype.h"

#define T double
#define INTEGER int64_t
#define DT f64
#define BITS 64
#define FLOATING 1
#define SUMS 1
#define LEAST -__builtin_inf()
#define ABS __builtin_fabs
#define ROOT __builtin_sqrt
#include "dtype.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b) JOIN2(a, b)
const cs_table *const JOIN(cs_tables, ISA)[DTYPES] = {
    [CS_I8] = &table_i8,   [CS_U8] = &table_u8,   [CS_I16] = &table_i16, [CS_U16] = &table_u16, [CS_I32] = &table_i32,
    [CS_U32] = &table_u32, [CS_I64] = &table_i64, [CS_U64] = &table_u64, [CS_F32] = &table_f32, [CS_F64] = &table_f64,
    [CS_BYTES] = BYTES,    [CS_WORDS] = WORDS,
};

#if defined(__clang__) && defined(CLANG_TARGET)
#pragma clang attribute pop
#endif
