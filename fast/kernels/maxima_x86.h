/* The greater of 16 integers of 8 or 16 bits, in the same registers under AVX2 and AVX-512. */
#define MAX_i8(a, x) ((VEC)_mm_max_epi8((__m128i)(a), (__m128i)(x)))
#define MAX_u8(a, x) ((VEC)_mm_max_epu8((__m128i)(a), (__m128i)(x)))
#define MAX_i16(a, x) ((VEC)_mm256_max_epi16((__m256i)(a), (__m256i)(x)))
#define MAX_u16(a, x) ((VEC)_mm256_max_epu16((__m256i)(a), (__m256i)(x)))
