/* The gradient by the weights through Winograd's tiles: inputs, and gradients of outputs, at the points of a box's tiles. */
#include <string.h>

#include "winograd_gradient_task.h"

/* A strip of a box, which begins at (top, left) of a plane: runs of pixels inside the plane, of whole rows if these are neighbours in memory
 * too, and the place of each pixel. */
typedef struct {
    int64_t top, left, across, start, pitch, runs, length; /* of runs, in elements */
    const int64_t *places;
} strip;

/* `row` and `pixel`: elements between the rows and the pixels of a plane of height x width. */
static strip list_places(strip s, int64_t rows, int64_t height, int64_t width, int64_t row, int64_t pixel, int64_t *places)
{
    const int64_t r0 = cs_most(0, -s.top), r1 = cs_least(rows, height - s.top);
    const int64_t c0 = cs_most(0, -s.left), c1 = cs_least(s.across, width - s.left);
    s.places = places, s.start = (s.top + r0) * row + (s.left + c0) * pixel, s.pitch = row;
    if (r0 >= r1 || c0 >= c1) return s;
    for (int64_t r = r0; r < r1; r++)
        for (int64_t c = c0; c < c1; c++) *places++ = r * s.across + c;
    s.runs = r1 - r0, s.length = c1 - c0;
    if (s.length * pixel == row) s.length *= s.runs, s.runs = 1;
    return s;
}

/* A vector of planes, `plane` elements apart, to the strip. What is outside stays as it is. */
static void fill(const cs_tile_task *t, const strip *s, const char *from, int64_t plane, int64_t pixel, int64_t planes, char *to)
{
    for (int64_t r = 0; r < s->runs; r++)
        t->k->gather(to, s->places + r * s->length, from + (s->start + r * s->pitch) * t->g->direct.window.size, plane, pixel, planes,
                     s->length, t->peaks);
}

/* The channels of this task's image and group, at the plane that is seen. */
static const char *plane_of(const cs_tile_task *t, int64_t channel)
{
    const cs_window *w = &t->g->direct.window;
    return t->x + (t->image * w->x_image + (t->part * w->channels + channel) * w->x_channel + w->axis[0].first * w->x[0]) * w->size;
}

/* The strip of the inputs that a part of the taps sees in the box, outside of the plane 0. */
static strip begin_strip(const cs_tile_task *t, int64_t slab, int64_t rows, int64_t columns)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const cs_axis *a = w->axis;
    memset(t->strip, 0, (size_t)(rows * columns * w->lanes * w->size));
    const strip s = {.top = a[1].first + cs_find_part(g, slab, 1).first + t->h0 * g->side,
                     .left = a[2].first + cs_find_part(g, slab, 2).first + t->w0 * g->side, .across = columns};
    return list_places(s, rows, a[1].in, a[2].in, w->x[1], w->x[2], t->places);
}

/* What a channel of a part sees: every input that is as far from the next as outputs are. */
static void fold(const cs_tile_task *t, int64_t channel, int64_t rows, int64_t columns, char *to)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const cs_axis *a = w->axis;
    const cs_part_channel c = cs_find_channel(g, channel);
    const int64_t top = a[1].first + cs_find_part(g, c.slab, 1).first + t->h0 * g->side * a[1].step;
    const int64_t left = a[2].first + cs_find_part(g, c.slab, 2).first + t->w0 * g->side * a[2].step;
    cs_list_starts(w, 0, top, rows, t->starts);
    cs_row r = cs_row_of(w, left, a[2].step, columns);
    t->k->copy_rows(to, 0, columns, plane_of(t, c.channel), t->starts, rows, &r);
}

/* A vector of channels of the parts to the strip. */
static void fill_folded(const cs_tile_task *t, const cs_block *b, int64_t rows, int64_t columns)
{
    const int64_t pixels = rows * columns;
    for (int64_t i = 0; i < b->count; i++) fold(t, b->first + i, rows, columns, t->folded + i * pixels * t->g->direct.window.size);
    t->k->gather(t->strip, t->places, t->folded, pixels, 1, b->count, pixels, t->peaks);
}

void cs_tile_inputs(const cs_tile_task *t, int note)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const int64_t vector = w->lanes * w->size, tall = t->h1 - t->h0, wide = t->w1 - t->w0, more = g->seen - g->side;
    const int64_t rows = tall * g->side + more, columns = wide * g->side + more;
    strip s = {0};
    for (int64_t i = 0; i < rows * columns && g->folded; i++) t->places[i] = i;
    for (int64_t b = 0, slab = -1; b < t->blocks; b++) {
        const cs_block block = cs_find_block(g, t->block + b);
        if (g->folded) {
            fill_folded(t, &block, rows, columns);
        } else {
            const cs_part_channel c = cs_find_channel(g, block.first);
            if (c.slab != slab) slab = c.slab, s = begin_strip(t, slab, rows, columns);
            fill(t, &s, plane_of(t, c.channel), w->x_channel, w->x[2], block.count, t->strip);
        }
        if (note) cs_note_seen(t, b);
        for (int64_t h = 0; h < tall; h++) {
            t->k->down(g->seen, t->strip + h * g->side * columns * vector, columns * w->lanes, columns, t->columns);
            t->k->across(g->seen, g->side, 1, 0, t->columns, g->seen, columns * w->lanes, wide, t->v + (b * t->tiles + h * wide) * vector,
                         t->step);
        }
    }
}

void cs_tile_outputs(const cs_tile_task *t, int64_t panel, int64_t vectors)
{
    const cs_tile_gradient *g = t->g;
    const cs_gradient *d = &g->direct;
    const cs_window *w = &d->window;
    const cs_axis *a = w->axis;
    const int64_t vector = w->lanes * w->size, rows = (t->h1 - t->h0) * g->side, across = (t->w1 - t->w0) * g->side;
    const strip s = list_places((strip){.top = t->h0 * g->side, .left = t->w0 * g->side, .across = across}, rows, a[1].out, a[2].out,
                                a[1].y, a[2].y, t->places);
    memset(t->strip_dy, 0, (size_t)(rows * across * vector));
    for (int64_t j = 0; j < vectors; j++) {
        const int64_t first = (panel * d->vectors + j) * w->lanes, output = t->part * d->outputs + first;
        fill(t, &s, t->dy + (w->y_base + t->image * w->y_image + output * w->y_plane) * w->size, w->y_plane, a[2].y,
             cs_least(w->lanes, d->outputs - first), t->strip_dy);
        for (int64_t h = 0; h < t->h1 - t->h0; h++)
            t->k->spread_tiles(g->tap, t->strip_dy + h * g->side * across * vector, t->w1 - t->w0, t->columns,
                               t->v_dy + (h * (t->w1 - t->w0) * vectors + j) * vector, vectors * w->lanes, t->step_dy);
    }
}
