/* The gradient by the weights through Winograd's tiles: what each tap sees of a channel. A tap's error goes with all that there is of the
 * channel in an image, so where the tap sees little of that the channel is computed by the direct algorithm. */
#include <string.h>

#include "winograd_gradient_task.h"

/* Of the rows of a strip, or its columns, those that the same taps see are a cell: at both edges of the outputs', of which a tap sees some,
 * each row is one; beyond what taps see is the last. */
static int64_t cell_of(int64_t row, int64_t taps, int64_t outputs)
{
    return row < taps - 1 ? row : cs_least(cs_most(taps - 1, row - outputs + taps), 2 * taps - 1);
}

/* Where the cell of a row ends, at most at `end`. */
static int64_t end_of_cell(int64_t row, int64_t taps, int64_t outputs, int64_t end)
{
    if (row >= outputs + taps - 1) return end;
    return row >= taps - 1 && row < outputs ? cs_least(end, outputs) : row + 1;
}

/* Cells down, or across. */
static int64_t cells(const cs_tile_gradient *g)
{
    return 2 * g->tap;
}

int64_t cs_seen_vectors(const cs_tile_gradient *g)
{
    return cells(g) * cells(g);
}

void cs_note_seen(const cs_tile_task *t, int64_t block)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const int64_t vector = w->lanes * w->size, more = g->seen - g->side, tall = w->axis[1].out, wide = w->axis[2].out;
    const int64_t top = t->h0 * g->side, left = t->w0 * g->side, bottom = t->h1 * g->side + more, right = t->w1 * g->side + more;
    char *seen = t->seen + block * cs_seen_vectors(g) * vector;
    for (int64_t r = top, below; r < bottom; r = below) {
        below = end_of_cell(r, g->tap, tall, bottom);
        for (int64_t c = left, next; c < right; c = next) {
            next = end_of_cell(c, g->tap, wide, right);
            t->k->add_magnitudes(t->strip + ((r - top) * (right - left) + c - left) * vector, below - r, next - c, right - left,
                                 seen + (cell_of(r, g->tap, tall) * cells(g) + cell_of(c, g->tap, wide)) * vector);
        }
    }
}

/* What a tap of a part sees, of cells that have been noted. */
static void sum_seen(const cs_tile_task *t, const char *seen, int64_t tap, char *sum)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const int64_t row = tap / g->tap, column = tap % g->tap, tall = w->axis[1].out, wide = w->axis[2].out;
    const int64_t top = cell_of(row, g->tap, tall), left = cell_of(column, g->tap, wide);
    memset(sum, 0, VECTOR);
    t->k->add_magnitudes(seen + (top * cells(g) + left) * w->lanes * w->size, cell_of(row + tall - 1, g->tap, tall) + 1 - top,
                         cell_of(column + wide - 1, g->tap, wide) + 1 - left, cells(g), sum);
}

int cs_mark_channels(const cs_tile_task *t, char *marks)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    int found = 0;
    for (int64_t b = 0; b < t->blocks; b++) {
        const cs_block block = cs_find_block(g, t->block + b);
        const char *seen = t->seen + b * cs_seen_vectors(g) * w->lanes * w->size;
        _Alignas(VECTOR) char all[VECTOR] = {0}, some[VECTOR], uneven[VECTOR] = {0};
        t->k->add_magnitudes(seen, cells(g), cells(g), cells(g), all);
        for (int64_t i = 0; i < g->taps; i++) {
            sum_seen(t, seen, i, some);
            t->k->exceeds_quarter(all, some, uneven);
        }
        for (int64_t l = 0; l < block.count; l++)
            if (uneven[l]) found = marks[t->part * w->channels + cs_find_channel(g, block.first + l).channel] = 1;
    }
    return found;
}
