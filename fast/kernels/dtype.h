/* All algorithms for one dtype, and its entry of the table. */
#include "words.h"

#include "move.tmpl.h"
#include "pool.tmpl.h"
#if FLOATING
#include "winograd.tmpl.h"
#endif
#if SUMS
#include "tile.tmpl.h"
#include "rows.tmpl.h"
#include "local.tmpl.h"
#endif

#define TILE(rows, vectors) .pixels[rows][vectors] = FN(pixels_##rows##_##vectors),
#define PRODUCT_TILE(rows, vectors) .products[rows][vectors] = FN(product_##rows##_##vectors),
#define OUTPUT_TILE(rows, vectors) .outputs[rows][vectors] = FN(outputs_##rows##_##vectors),
static const cs_table FN(table) = {
    .lanes = LANES,
    .size = sizeof(T),
    .copy_rows = FN(copy_rows),
    .pool[CS_MAX] = {FN(pool_max_1), FN(pool_max_2)},
#if SUMS
    PIXEL_TILES(TILE) OUTPUT_TILES(OUTPUT_TILE).row_tile = FN(row_tile),
    .row_vectors = ROW_VECTORS,
    .transpose = FN(transpose),
    .spread = FN(spread),
    .local = FN(local),
#endif
#if FLOATING
    .pool[CS_MEAN] = {FN(pool_mean_1), FN(pool_mean_2)},
    .pool[CS_ABS] = {FN(pool_abs_1), FN(pool_abs_2)},
    .pool[CS_SQUARE] = {FN(pool_square_1), FN(pool_square_2)},
    .pool[CS_POWER] = {FN(pool_power)},
    .divide = FN(divide),
    PRODUCT_TILES(PRODUCT_TILE).gather = FN(gather),
    .spread_peaks = FN(spread_peaks),
    .uneven = FN(uneven),
    .forward = FN(forward_row),
    .backward = FN(backward_row),
    .kernels = FN(kernels),
#endif
};

#undef TILE
#undef OUTPUT_TILE
#undef PRODUCT_TILE
#undef JOIN2
#undef JOIN
#undef FN
#undef VEC
#undef LANES
#undef INLINE
#undef UNROLL
#undef ZIP_LOW
#undef ZIP_HIGH
#undef EVENS
#undef T
#undef DT
#undef BITS
#undef FLOATING
#undef SUMS
#undef LEAST
#undef ABS
#undef INTEGER
#undef ROOT
