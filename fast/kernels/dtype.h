/* All algorithms for one dtype, and its entry of the table. */
#include "words.h"

#include "transpose.tmpl.h"
#include "move.tmpl.h"
#include "pool.tmpl.h"
#include "squares.tmpl.h"
#include "quads.tmpl.h"
#include "pool_gradient.tmpl.h"
#include "pool_greatest.tmpl.h"
#include "planes_gradient.tmpl.h"
#include "squares_gradient.tmpl.h"
#include "quads_gradient.tmpl.h"
#if FLOATING
#include "winograd.tmpl.h"
#include "depthwise.tmpl.h"
#include "lines.tmpl.h"
#include "channels_last.tmpl.h"
#include "depthwise_pair.tmpl.h"
#endif
#ifdef DOTS
#include "dots.tmpl.h"
#endif
#if BITS <= 16 && defined DOT_i16
#include "join.tmpl.h"
#endif
#if SUMS
#include "tile.tmpl.h"
#include "rows.tmpl.h"
#include "local.tmpl.h"
#include "gradient.tmpl.h"
#include "local_gradient.tmpl.h"
#endif

#if BITS == 8
#define MOVER(name) JOIN(name, u8)
#elif BITS == 16
#define MOVER(name) JOIN(name, u16)
#elif BITS == 32
#define MOVER(name) JOIN(name, u32)
#else
#define MOVER(name) JOIN(name, u64)
#endif
#if FLOATING /* integer instructions in their place make tiles slower by 2 % */
#define TRANSPOSER(name) FN(name)
#else
#define TRANSPOSER(name) MOVER(name)
#endif
#define TILE(rows, vectors) .pixels[rows][vectors] = FN(pixels_##rows##_##vectors),
#define PRODUCT_TILE(rows, vectors) .products[rows][vectors] = FN(product_##rows##_##vectors),
#define OUTER_TILE(rows, vectors) .outer[rows][vectors] = FN(outer_##rows##_##vectors),
#define UNSHARED_TILE(rows, vectors) .unshared[rows][vectors] = FN(unshared_##rows##_##vectors),
#define EACH_TILE(rows) .each[rows] = FN(outer_each_##rows),
#define SLIDE_TILE(rows, taps) .slide[rows][taps] = FN(slide_##rows##_##taps),
#define GROUP_TILE(rows) .groups[rows] = FN(groups_##rows),
#define LINE_TILE(step, taps, columns, vectors) .lines[step][taps][columns] = FN(lines_##step##_##taps##_##columns),
#define LAST_TILE(step, columns, pixels) .last[step][columns] = {FN(last_##step##_##columns), pixels},
#define OUTPUT_TILE(rows, vectors) .outputs[rows][vectors] = FN(outputs_##rows##_##vectors),
static const cs_table FN(table) = {
    .lanes = LANES,
    .size = sizeof(T),
    .copy_rows = MOVER(copy_rows),
    .choose_greatest = FN(choose_greatest),
    .choose_terms = FN(choose_terms),
    .greatest_of_row = FN(greatest_of_row),
    .greatest_of_rows = FN(greatest_of_rows),
    .pad = FN(pad),
    .pool[CS_MAX] = FN(pool_max),
    .mixed[CS_MAX] = FN(mixed_max),
#if BITS <= 16 && defined DOT_i16
    .join = FN(join),
#elif BITS >= 32
    .turn_planes = MOVER(turn_planes),
    .transpose = TRANSPOSER(transpose),
    .transpose_apart = TRANSPOSER(transpose_apart),
    .gather_columns = MOVER(gather_columns),
    .spread = MOVER(spread),
    .gather_planes = MOVER(gather_planes),
    .planes[CS_MAX] = FN(planes_max),
    .squares[CS_MAX] = FN(squares_max),
    .quads[CS_MAX] = FN(quads_max),
#if VBITS <= 256
    .whole[CS_MAX] = FN(whole_max),
#endif
#endif
#if SUMS
    PIXEL_TILES(TILE) OUTPUT_TILES(OUTPUT_TILE) GROUP_TILES(GROUP_TILE) SLIDE_TILES(SLIDE_TILE).row_tile = FN(row_tile),
    .gather_groups = MOVER(gather_groups),
    .row_vectors = ROW_VECTORS,
    .registers = REGISTERS,
    .local = FN(local),
    .turn_rows = FN(turn_rows),
    .add_turned = FN(add_turned),
    .line_up = FN(line_up),
    OUTER_TILES(OUTER_TILE) OUTER_TILES(UNSHARED_TILE) EACH_TILES(EACH_TILE).interleave = FN(interleave),
    .ones = FN(ones),
    .add_products = FN(add_products),
    .add_rows = FN(add_rows),
    .sum_products = FN(sum_products),
    .take_terms = FN(take_terms),
    .add_at = FN(add_at),
    .pass = FN(pass),
    .weave = FN(weave),
#endif
#ifdef DOTS
    .dots = {FN(dots_flat), FN(dots_tall)},
    .dot_outputs = DOT_VECTORS * (VBITS / 32),
#endif
#if FLOATING
    .finite = FN(finite),
    .divide = FN(divide),
    .repeat = FN(repeat),
    .repeat_planes = FN(repeat_planes),
    .planes_back = FN(planes_max_back),
    .slopes = FN(slopes),
    .pass_on = FN(pass_on),
    LINE_TILES(LINE_TILE) LAST_TILES(LAST_TILE).last_pixel = FN(last_pixel),
    .depthwise = FN(depthwise),
    .depthwise_pair = FN(depthwise_pair),
    .pool[CS_MEAN] = FN(pool_mean),
    .pool[CS_ABS] = FN(pool_abs),
    .pool[CS_SQUARE] = FN(pool_square),
    .pool[CS_POWER] = FN(pool_power),
#if VBITS <= 256
    .whole[CS_MEAN] = FN(whole_mean),
    .whole[CS_ABS] = FN(whole_abs),
    .whole[CS_SQUARE] = FN(whole_square),
#endif
    .squares[CS_MEAN] = FN(squares_mean),
    .quads[CS_MEAN] = FN(quads_mean),
    .quads[CS_ABS] = FN(quads_abs),
    .quads[CS_SQUARE] = FN(quads_square),
#if BITS == 32
    .squares_back[CS_MAX] = FN(squares_max_back),
#endif
    .squares_back[CS_MEAN] = FN(squares_mean_back),
    .quads_back[CS_MAX] = FN(quads_max_back),
    .quads_back[CS_MEAN] = FN(quads_mean_back),
    .quads_back[CS_ABS] = FN(quads_abs_back),
    .quads_back[CS_SQUARE] = FN(quads_square_back),
    .planes[CS_MEAN] = FN(planes_mean),
    .planes[CS_ABS] = FN(planes_abs),
    .planes[CS_SQUARE] = FN(planes_square),
    .mixed[CS_MEAN] = FN(mixed_mean),
    .mixed[CS_ABS] = FN(mixed_abs),
    .mixed[CS_SQUARE] = FN(mixed_square),
    .divisors = FN(divisors),
    PRODUCT_TILES(PRODUCT_TILE).gather = FN(gather),
    .spread_peaks = FN(spread_peaks),
    .peaks_of_planes = FN(peaks_of_planes),
    .uneven = FN(uneven),
    .see_outputs = FN(see_outputs),
    .uneven_least = FN(uneven_least),
    .down = FN(down_row),
    .across = FN(across_rows),
    .backward = FN(backward_row),
    .tile_row = FN(tile_row),
    .tile_lanes = FN(lanes),
    .kernels = FN(kernel_vectors),
    .spread_tiles = FN(spread_tiles),
    .gather_taps = FN(gather_taps),
    .add_magnitudes = FN(add_magnitudes),
    .exceeds_quarter = FN(exceeds_quarter),
#endif
};

#undef MOVER
#undef TRANSPOSER
#undef MOVES
#undef TILE
#undef OUTPUT_TILE
#undef GROUP_TILE
#undef SLIDE_TILE
#undef LINE_TILE
#undef LAST_TILE
#undef OUTER_TILE
#undef UNSHARED_TILE
#undef EACH_TILE
#undef PRODUCT_TILE
#include "end.h"
