/* The register tiles of a machine with 32 vector registers: rows * vectors sums, vectors operands and a broadcast. */
/* clang-format off */
#define PIXEL_TILES(TILE) \
    TILE(1, 8) TILE(2, 8) \
    TILE(1, 6) TILE(2, 6) TILE(3, 6) TILE(4, 6) \
    TILE(1, 4) TILE(2, 4) TILE(3, 4) TILE(4, 4) TILE(5, 4) TILE(6, 4) \
    TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3) TILE(5, 3) TILE(6, 3) TILE(7, 3) TILE(8, 3) \
    TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2) TILE(9, 2) TILE(10, 2) \
    TILE(11, 2) TILE(12, 2)
#define OUTPUT_TILES(TILE) \
    TILE(2, 1) TILE(4, 1) TILE(6, 1) TILE(8, 1) TILE(10, 1) TILE(12, 1) TILE(14, 1) \
    TILE(2, 2) TILE(4, 2) TILE(6, 2) TILE(8, 2) TILE(10, 2) TILE(12, 2) TILE(14, 2) \
    TILE(2, 3) TILE(4, 3) TILE(6, 3) TILE(8, 3) \
    TILE(2, 4) TILE(4, 4) TILE(6, 4)
#define GROUP_TILES(TILE) TILE(2) TILE(4) TILE(6) TILE(8) TILE(10) TILE(12) TILE(14)
#define SLIDE_TILES(TILE) TILE(8, 5) TILE(14, 5) TILE(8, 7) TILE(14, 7)
#define SQUARE_VECTORS 2 /* of lines of 3 x 3 */
#define PRODUCT_TILES(TILE) \
    TILE(1, 1) TILE(2, 1) TILE(4, 1) TILE(8, 1) TILE(14, 1) \
    TILE(1, 2) TILE(2, 2) TILE(4, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2) TILE(10, 2) TILE(12, 2) TILE(14, 2) \
    TILE(1, 3) TILE(2, 3) TILE(4, 3) TILE(6, 3) TILE(7, 3) TILE(8, 3) TILE(9, 3)
#define OUTER_TILES(TILE) \
    TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1) TILE(9, 1) TILE(10, 1) \
    TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2) TILE(9, 2) TILE(10, 2) \
    TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3) TILE(5, 3) TILE(6, 3) TILE(7, 3) TILE(8, 3) TILE(9, 3)
#define EACH_TILES(TILE) \
    TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7)  \
    TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
#define REGISTERS 32
#define ROW_VECTORS 4
#define DEPTH_VECTORS 4
/* clang-format on */
#include "tiles_wide.h"
