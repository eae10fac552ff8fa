/* Winograd's convolution: from the sums at the points of the tiles to the result. */
#include <string.h>

#include "winograd_box.h"

/* Rows or columns of a box's outputs: so many before the result, the first that is in it, and their count. */
typedef struct {
    int64_t skip, first, count;
} span;

static span find_span(const cs_winograd *g, int axis, int64_t from, int64_t to)
{
    const int64_t side = cs_breadth(g, axis), low = cs_most(from * side, g->lead[axis]);
    return (span){low - from * side, low - g->lead[axis], cs_least(to * side, g->lead[axis] + g->all[axis]) - low};
}

/* A vector of outputs of one image: its lanes in use, its place in the result, and the stage where its tiles are put
 * together, with the elements between its rows and pixels. */
typedef struct {
    span down, across;
    int64_t lanes, row, pixel;
    char *result, *to;
} stage;

/* The stage of several phases has all their outputs; that of one has the columns of the result, which is its own stage where
 * the outputs of a pixel are neighbours. */
static stage find_stage(const cs_tile_box *b, const cs_outputs *o, char *y)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const cs_axis *a = g->axis;
    stage s = {.down = find_span(g, 1, b->h0, b->h1), .across = find_span(g, 2, b->w0, b->w1), .pixel = w->lanes};
    s.lanes = cs_least(w->lanes, w->outputs - o->vector * w->lanes);
    s.result = y + (w->y_base + (b->image + o->image) * w->y_image + b->group * w->y_group + o->vector * w->lanes * w->y_plane +
                    b->depth * a[0].y + s.down.first * a[1].y + s.across.first * a[2].y) * w->size;
    s.to = b->stage, s.row = s.across.count * w->lanes;
    if (g->phases > 1) {
        s.row = (b->w1 - b->w0) * cs_breadth(g, 2) * w->lanes;
        s.to += o->slot * (b->h1 - b->h0) * cs_breadth(g, 1) * s.row * w->size;
    } else if (w->y_plane == 1 && s.lanes == w->lanes) {
        s.to = s.result, s.row = a[1].y, s.pixel = a[2].y;
    }
    return s;
}

static void put(const cs_tile_box *b, const stage *s)
{
    const cs_window *w = &b->g->window;
    const int64_t size = w->size, row = b->g->axis[1].y, pixel = b->g->axis[2].y, rows = s->down.count, columns = s->across.count;
    const char *from = s->to + (s->down.skip * s->row + s->across.skip * s->pixel) * size;
    if (w->y_plane == 1) {
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++)
                memcpy(s->result + (r * row + c * pixel) * size, from + (r * s->row + c * s->pixel) * size, (size_t)(s->lanes * size));
    } else if (row == columns && s->row == columns * w->lanes) {
        b->k->transpose(s->result, w->y_plane, from, w->lanes, rows * columns, s->lanes);
    } else {
        for (int64_t r = 0; r < rows; r++)
            b->k->transpose(s->result + r * row * size, w->y_plane, from + r * s->row * size, w->lanes, columns, s->lanes);
    }
}

void cs_finish_outputs(const cs_tile_box *b, cs_outputs o, const char *sums, int64_t vectors, const char *bias, char *y, void *any)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t size = w->size, vector = w->lanes * size, every = g->phases > 1 ? 2 : 1, *place = g->phase[o.phase].place;
    const stage s = find_stage(b, &o, y);
    const int64_t rows = g->phases > 1 ? (b->h1 - b->h0) * g->down : s.down.count;
    const int64_t columns = g->phases > 1 ? (b->w1 - b->w0) * g->across : s.across.count;
    char *flags = b->flags + (o.phase * cs_ceil(w->outputs, w->lanes) + o.vector) * b->tiles * vector;
    for (int64_t h = b->h0; h < b->h1; h++) {
        const int64_t first = cs_first_tile(b, o.image, h), top = (h - b->h0) * g->down;
        b->k->backward(cs_form(g, 1), cs_form(g, 2), sums + first * vectors * vector, (b->tiles * vectors + 1) * w->lanes, vectors * w->lanes,
                       columns, rows - top, bias, s.to + ((top * every + place[1]) * s.row + place[2] * s.pixel) * size, every * s.row,
                       every * s.pixel, flags + first * vector, any);
    }
    if (o.phase == g->phases - 1 && s.to != s.result) put(b, &s);
}
