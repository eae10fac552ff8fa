/* The tiles of vectors of several lanes that are alike with 16 and with 32 registers. */
/* clang-format off */
#define LINE_TILES(TILE) \
    TILE(1, 1, 2, 2) TILE(1, 1, 3, 2) TILE(1, 1, 4, 2) TILE(1, 1, 5, 2) TILE(1, 1, 7, 2) TILE(1, 1, 9, 2) TILE(1, 1, 11, 2) \
    TILE(1, 2, 1, 2) TILE(1, 3, 1, 2) TILE(1, 4, 1, 2) TILE(1, 5, 1, 2) TILE(1, 7, 1, 2) TILE(1, 9, 1, 2) TILE(1, 11, 1, 2) \
    TILE(1, 2, 2, 2) TILE(1, 2, 3, 2) TILE(1, 3, 2, 2) TILE(1, 3, 3, SQUARE_VECTORS) TILE(1, 4, 4, 2) TILE(1, 5, 5, 2) \
    TILE(2, 2, 2, 2) TILE(2, 3, 3, SQUARE_VECTORS)
#define LAST_TILES(TILE) TILE(1, 3, 5) TILE(2, 3, 4) TILE(1, 5, 5) TILE(2, 5, 3)
/* clang-format on */
