/* The planes of an array that has its channels last in memory. */
#include "window.h"

enum { PIECE = 1024 }; /* pixels */

static int64_t pieces(int64_t pixels)
{
    return cs_ceil(pixels, PIECE);
}

int64_t cs_unmix_tasks(int64_t images, int64_t pixels)
{
    return images * pieces(pixels);
}

void cs_turn_pixels(const cs_table *k, char *to, int64_t apart, const char *from, int64_t channels, int64_t count)
{
    static const int64_t first = 0;
    const cs_row r = {0, 1, count, 0, count, count, CS_FILL, 0, channels, channels, 1};
    k->copy_rows(to, apart, count, from, &first, 1, &r);
}

void cs_unmix(int64_t task, const void *x, int64_t channels, int64_t pixels, int64_t size, void *y)
{
    const cs_table *k = cs_kernels(size == 1 ? CS_U8 : size == 2 ? CS_U16 : size == 4 ? CS_U32 : CS_U64);
    const int64_t image = task / pieces(pixels), from = task % pieces(pixels) * PIECE, count = cs_least(PIECE, pixels - from);
    const int64_t before = image * channels * pixels;
    cs_turn_pixels(k, (char *)y + (before + from) * size, pixels, (const char *)x + (before + from * channels) * size, channels, count);
}
