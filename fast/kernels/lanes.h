/* The tiles of a dtype whose elements are lanes of several small integers: a multiply-add is MULTIPLY, and sums are of 32
 * bits. What moves elements is that of other elements of 32 bits. */
#include "words.h"

#include "tile.tmpl.h"
#include "rows.tmpl.h"

/* Sums, vectors, a broadcast and the products before they are added. */
#define FITS(rows, vectors) ((rows) * (vectors) + (vectors) + 2 <= REGISTERS)
#define TILE(rows, vectors) .pixels[rows][vectors] = FITS(rows, vectors) ? FN(pixels_##rows##_##vectors) : NULL,
#define OUTPUT_TILE(rows, vectors) .outputs[rows][vectors] = FITS(rows, vectors) ? FN(outputs_##rows##_##vectors) : NULL,
static const cs_table FN(table) = {
    .lanes = LANES,
    .size = sizeof(T),
    .copy_rows = JOIN(copy_rows, u32),
    .transpose = JOIN(transpose, u32),
    .transpose_apart = JOIN(transpose_apart, u32),
    .gather_columns = JOIN(gather_columns, u32),
    .spread = JOIN(spread, u32),
    PIXEL_TILES(TILE) OUTPUT_TILES(OUTPUT_TILE).row_tile = FN(row_tile),
    .row_vectors = ROW_VECTORS,
    .registers = REGISTERS,
};

#undef TILE
#undef OUTPUT_TILE
#undef FITS
#undef MULTIPLY
#include "end.h"
