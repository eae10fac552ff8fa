/* Images of small integers: a task copies the rows that it needs into a strip, as bytes or words, and runs tiles over
 * it. */
#include <string.h>

#include "dots.h"
#include "window.h"

enum { STRIP = 128 << 10, WIDEST = 8192, SLACK = 160 };

static const cs_table *kernels(int64_t words)
{
    return cs_kernels(words ? CS_I16 : CS_U8);
}

int cs_dots_available(int64_t words)
{
    return kernels(words)->dots[0] != NULL && (words || cs_has_byte_dots());
}

static int64_t strip_rows(const cs_dots *d)
{
    return d->taps[0] * (d->height + d->taps[1] - 1);
}

void cs_dots_split(cs_dots *d, int threads)
{
    const int64_t across = kernels(d->words)->dot_outputs, size = d->words ? 2 : 1;
    d->flip = d->from == (d->words ? CS_U16 : CS_I8);
    d->width = cs_least(d->out[2], WIDEST), d->height = d->out[1];
    d->width = cs_ceil(d->out[2], cs_ceil(d->out[2], d->width));
    d->length = cs_ceil(cs_ceil(d->width, across) * across + d->groups * (d->words ? 2 : 4) + SLACK, 64) * 64;
    while (d->height > DOT_ROWS && strip_rows(d) * d->length * size > STRIP) d->height = cs_ceil(d->height, 2);
    while (threads > 1 && d->height > 4 * DOT_ROWS &&
           d->out[0] * cs_ceil(d->out[1], d->height) * cs_ceil(d->out[2], d->width) < 8 * threads)
        d->height = cs_ceil(d->height, 2);
    d->tall_tasks = cs_ceil(d->out[1], d->height), d->wide_tasks = cs_ceil(d->out[2], d->width);
    d->height = cs_ceil(d->out[1], d->tall_tasks);
    d->tasks = d->out[0] * d->tall_tasks * d->wide_tasks;
    d->scratch = strip_rows(d) * (d->length * 4 + 8) + DOT_ROWS * across * 8 + 256;
}

/* The rows that outputs from (plane, top, left) on need, as they are in the image. */
static void fill(const cs_dots *d, int64_t plane, int64_t top, int64_t left, int64_t columns, const void *x,
                 int64_t *starts, void *strip)
{
    const int64_t start = left + d->first[2], count = columns + d->taps[2] - 1, in = d->in[2];
    const int64_t inside = cs_least(count, cs_most(0, -start));
    const int64_t outside = cs_most(inside, cs_least(count, in - start));
    const cs_row row = {start, 1, count, inside, outside, in, d->boundary, (uint64_t)d->fill, d->x[2], 1, 0};
    int64_t n = 0;
    for (int64_t s = 0; s < d->taps[0]; s++) {
        const int64_t p0 = cs_position(plane + d->first[0] + s, d->in[0], d->boundary);
        for (int64_t r = 0; r < d->height + d->taps[1] - 1; r++, n++) {
            const int64_t p1 = cs_position(top + d->first[1] + r, d->in[1], d->boundary);
            starts[n] = p0 < 0 || p1 < 0 ? ROW_OUTSIDE : p0 * d->x[0] + p1 * d->x[1];
        }
    }
    cs_kernels(d->from)->copy_rows(strip, 0, d->length, x, starts, n, &row);
}

/* Elements of the strip as the kernel takes them. */
static void convert(const cs_dots *d, void *restrict to, void *restrict strip, int64_t n)
{
    if (d->from == CS_U8) {
        for (int64_t i = 0; i < n; i++) ((int16_t *)to)[i] = ((uint8_t *)strip)[i];
    } else if (d->words && d->from == CS_I8) {
        for (int64_t i = 0; i < n; i++) ((int16_t *)to)[i] = ((int8_t *)strip)[i];
    } else if (d->words) {
        for (int64_t i = 0; i < n; i++) ((uint16_t *)to)[i] = ((uint16_t *)strip)[i] ^ 0x8000;
    } else {
        for (int64_t i = 0; i < n; i++) ((uint8_t *)to)[i] = ((uint8_t *)strip)[i] ^ 0x80;
    }
}

/* All tiles of a task; y is where its first output goes. */
static void run_tiles(const cs_dots *d, const char *strip, int64_t rows, int64_t columns, const int32_t *w, char *y,
                      char *tile)
{
    const cs_table *k = kernels(d->words);
    const int64_t across = k->dot_outputs, size = d->size, each = d->words ? 2 : 1, ldy = d->out[2] * size;
    const int64_t tall = rows >= DOT_ROWS ? DOT_ROWS : 1, slab = (d->height + d->taps[1] - 1) * d->length;
    for (int64_t next = 0; next < rows; next += tall) {
        const int64_t row = cs_least(next, rows - tall);
        for (int64_t at = 0; at < columns; at += across) {
            const int64_t column = columns < across ? 0 : cs_least(at, columns - across);
            const char *x = strip + (row * d->length + column) * each;
            char *to = y + row * ldy + column * size;
            k->dots[tall > 1](x, d->length, d->taps[0], slab, d->taps[1], d->groups, w, (int32_t)d->start,
                              columns < across ? tile : to, columns < across ? across * size : ldy, size);
            for (int64_t r = 0; columns < across && r < tall; r++)
                memcpy(to + r * ldy, tile + r * across * size, (size_t)(columns * size));
        }
    }
}

void cs_dots_run(const cs_dots *d, int64_t task, const void *x, const int32_t *w, void *y, void *scratch)
{
    const int64_t column = task % d->wide_tasks, row = task / d->wide_tasks % d->tall_tasks,
                  plane = task / d->wide_tasks / d->tall_tasks;
    const int64_t top = d->out[1] * row / d->tall_tasks, left = d->out[2] * column / d->wide_tasks;
    const int64_t rows = d->out[1] * (row + 1) / d->tall_tasks - top,
                  columns = d->out[2] * (column + 1) / d->wide_tasks - left, n = strip_rows(d) * d->length;
    int64_t *starts = scratch;
    char *tile = cs_aligned(starts + strip_rows(d));
    char *raw = tile + DOT_ROWS * kernels(d->words)->dot_outputs * 8, *strip = raw;
    fill(d, plane, top, left, columns, x, starts, raw);
    if (d->flip || (d->words && d->from <= CS_U8)) {
        strip = raw + n * (d->from <= CS_U8 ? 1 : 2);
        convert(d, strip, raw, n);
    }
    run_tiles(d, strip, rows, columns, w, (char *)y + ((plane * d->out[1] + top) * d->out[2] + left) * d->size, tile);
}
