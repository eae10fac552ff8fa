/* The gradient by the weights through Winograd's tiles: what each tap sees of a channel. A tap's error goes with all that there is of the
 * channel in an image, so where the tap sees little of that the channel is computed by the direct algorithm. */
#include <string.h>

#include "winograd_gradient_task.h"

/* Rows, or columns, that the same taps see are a cell. Of those from the first that the first tap sees on, the rows at both edges, of which
 * a tap sees some, are cells of their own; beyond what taps see is the last one. */
static int64_t cell_of(const cs_axis *a, int64_t row)
{
    return row < a->taps - 1 ? row : cs_least(cs_most(a->taps - 1, row - a->out + a->taps), 2 * a->taps - 1);
}

/* Where the cell of a row ends, at most at `end`. */
static int64_t end_of_cell(const cs_axis *a, int64_t row, int64_t end)
{
    if (row >= a->out + a->taps - 1) return end;
    return row >= a->taps - 1 && row < a->out ? cs_least(end, a->out) : row + 1;
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
    int64_t skip;
    const int64_t slab = cs_find_block(g, t->block + block).slab;
    const cs_axis down = cs_part_axis(g, slab, 1, &skip), across = cs_part_axis(g, slab, 2, &skip);
    const int64_t vector = w->lanes * w->size, more = g->seen - g->side, top = t->h0 * g->side, left = t->w0 * g->side;
    const int64_t bottom = t->h1 * g->side + more, right = t->w1 * g->side + more;
    char *seen = t->seen + block * cs_seen_vectors(g) * vector;
    for (int64_t r = top, below; r < bottom; r = below) {
        below = end_of_cell(&down, r, bottom);
        for (int64_t c = left, next; c < right; c = next) {
            next = end_of_cell(&across, c, right);
            t->k->add_magnitudes(t->strip + ((r - top) * (right - left) + c - left) * vector, below - r, next - c, right - left,
                                 seen + (cell_of(&down, r) * cells(g) + cell_of(&across, c)) * vector);
        }
    }
}

/* What a tap of a part sees: of cells that have been noted. */
static void sum_seen(const cs_tile_task *t, int64_t slab, const char *seen, int64_t tap, char *sum)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    int64_t skip;
    const cs_axis a = cs_part_axis(g, slab, 1, &skip), b = cs_part_axis(g, slab, 2, &skip), *down = &a, *across = &b;
    const int64_t row = tap / g->tap, column = tap % g->tap, top = cell_of(down, row), left = cell_of(across, column);
    memset(sum, 0, VECTOR);
    t->k->add_magnitudes(seen + (top * cells(g) + left) * w->lanes * w->size, cell_of(down, row + down->out - 1) + 1 - top,
                         cell_of(across, column + across->out - 1) + 1 - left, cells(g), sum);
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
            sum_seen(t, block.slab, seen, i, some);
            t->k->exceeds_quarter(all, some, uneven);
        }
        for (int64_t l = 0; l < block.count; l++)
            if (uneven[l]) found = marks[t->part * w->channels + block.first + l] = 1;
    }
    return found;
}
