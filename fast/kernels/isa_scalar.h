/* The vocabulary of plain C: vectors of one lane, and C's own fma. Everything that any instruction set offers exists
 * here. */
#define ISA scalar
#define VBITS BITS
#define KEEP(v) (void)(v)
#define ONCE(v) (void)(v)
#define STORES_INSIDE 0
#define FMA_f32(a, b, c) ((VEC){__builtin_fmaf((a)[0], (b)[0], (c)[0])})
#define FMA_f64(a, b, c) ((VEC){__builtin_fma((a)[0], (b)[0], (c)[0])})
#define MAX_f32(a, x) ((VEC){(x)[0] > (a)[0] || (x)[0] != (x)[0] ? (x)[0] : (a)[0]})
#define MAX_f64 MAX_f32
#define MAX_i8 MAX_f32
#define MAX_u8 MAX_f32
#define MAX_i16 MAX_f32
#define MAX_u16 MAX_f32
#define MAX_i32 MAX_f32
#define MAX_u32 MAX_f32
#define MAX_i64 MAX_f32
#define MAX_u64 MAX_f32
#define LARGER_f32(a, x) ((VEC){(a)[0] > (x)[0] ? (a)[0] : (x)[0]})
#define LARGER_f64 LARGER_f32
/* The register tiles: TILE(rows, vectors), for every vectors all rows from 1 on. */
#define PIXEL_TILES(TILE) TILE(1, 4) TILE(2, 4) TILE(3, 4) TILE(4, 4)
#define OUTPUT_TILES(TILE)
#define GROUP_TILES(TILE)
#define SLIDE_TILES(TILE)
#define LINE_TILES(TILE)
#define LAST_TILES(TILE)
#define PRODUCT_TILES(TILE) TILE(1, 1) TILE(1, 2) TILE(1, 3) TILE(1, 4) TILE(4, 1) TILE(4, 2) TILE(4, 3) TILE(4, 4)
#define OUTER_TILES(TILE) TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) \
    TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2)
#define EACH_TILES(TILE) TILE(1) TILE(2) TILE(3) TILE(4)
#define REGISTERS 32
#define ROW_VECTORS 4
#define DEPTH_VECTORS 1
