/* The gradient by the weights through Winograd's tiles: a task, some channels and outputs of a group, over all boxes of all images. */
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

cs_block cs_find_block(const cs_tile_gradient *g, int64_t block)
{
    const cs_window *w = &g->direct.window;
    const int64_t blocks = g->blocks / g->slabs, first = block % blocks * w->lanes;
    return (cs_block){block / blocks, first, cs_least(w->lanes, w->channels - first)};
}

/* The last part of an axis begins early, so that no tap of it is beyond the others. */
cs_axis cs_part_axis(const cs_tile_gradient *g, int64_t slab, int axis, int64_t *skip)
{
    cs_axis a = g->direct.window.axis[axis];
    const int64_t i = axis == 1 ? slab / g->slab[2] : slab % g->slab[2];
    *skip = cs_least(i * g->tap, a.taps - g->tap);
    a.first += *skip, a.taps = g->tap;
    return a;
}

/* The strip of the inputs that a part of the taps sees in the box, outside of the plane 0. */
static strip begin_strip(const cs_tile_task *t, int64_t slab)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    int64_t skip;
    const cs_axis down = cs_part_axis(g, slab, 1, &skip), across = cs_part_axis(g, slab, 2, &skip);
    const int64_t rows = (t->h1 - t->h0) * g->side + g->seen - g->side, columns = (t->w1 - t->w0) * g->side + g->seen - g->side;
    memset(t->strip, 0, (size_t)(rows * columns * w->lanes * w->size));
    return list_places((strip){.top = down.first + t->h0 * g->side, .left = across.first + t->w0 * g->side, .across = columns}, rows,
                       down.in, across.in, w->x[1], w->x[2], t->places);
}

/* The inputs of the box at the points: v[point][vector of channels][tile]. */
static void transform_inputs(const cs_tile_task *t, int note)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const int64_t vector = w->lanes * w->size, wide = t->w1 - t->w0;
    strip s = {0};
    for (int64_t b = 0, slab = -1; b < t->blocks; b++) {
        const cs_block block = cs_find_block(g, t->block + b);
        const int64_t channel = t->part * w->channels + block.first;
        if (block.slab != slab) slab = block.slab, s = begin_strip(t, slab);
        fill(t, &s, t->x + (t->image * w->x_image + channel * w->x_channel + w->axis[0].first * w->x[0]) * w->size, w->x_channel, w->x[2],
             block.count, t->strip);
        if (note) cs_note_seen(t, b);
        for (int64_t h = 0; h < t->h1 - t->h0; h++) {
            t->k->down(g->seen, t->strip + h * g->side * s.across * vector, s.across * w->lanes, s.across, t->columns);
            t->k->across(g->seen, g->side, 1, 0, t->columns, g->seen, s.across * w->lanes, wide,
                         t->v + (b * t->tiles + h * wide) * vector, t->step);
        }
    }
}

/* The gradients of a panel's outputs at the points: v_dy[point][tile][vector of outputs]. */
static void transform_outputs(const cs_tile_task *t, int64_t panel, int64_t vectors)
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
            t->k->spread_tiles(g->seen, t->strip_dy + h * g->side * across * vector, t->w1 - t->w0, t->columns,
                               t->v_dy + (h * (t->w1 - t->w0) * vectors + j) * vector, vectors * w->lanes, t->step_dy);
    }
}

/* At each point the sums over the tiles: sums[point][channel][vector of outputs]. */
static void multiply(const cs_tile_task *t, int64_t from, int64_t count, int64_t vectors)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const int64_t vector = w->lanes * w->size, blocks = cs_ceil(count, cs_outer_rows(t->k, vectors));
    for (int64_t p = 0; p < g->points; p++)
        for (int64_t i = 0; i < blocks; i++) {
            const int64_t low = count * i / blocks, rows = count * (i + 1) / blocks - low;
            char *to = t->sums + (p * (g->some * vectors + 1) + low * vectors) * vector;
            const cs_outer o = {.x = t->v + p * t->step * w->size, .dy = t->v_dy + p * t->step_dy * w->size, .at = t->at + from + low,
                                .places = t->tile_places, .count = t->tiles, .partial = to, .total = to, .first = 1};
            t->k->outer[rows][vectors](&o);
        }
}

/* Channels of the parts before a vector of them. */
static int64_t channels_before(const cs_tile_gradient *g, int64_t block)
{
    const cs_block b = cs_find_block(g, block);
    return b.slab * g->direct.window.channels + b.first;
}

/* Bytes before a panel's sums of the taps of this task's channels. */
static int64_t before_panel(const cs_tile_task *t, int64_t panel)
{
    const cs_tile_gradient *g = t->g;
    const cs_gradient *d = &g->direct;
    const int64_t wide = cs_panel_vectors(d, panel) * d->window.lanes;
    return cs_tile_sums(g, t->part * d->panels + panel) + channels_before(g, t->block) * g->taps * wide * d->window.size;
}

/* A panel's part of a box. The first box begins a partial sum, and the last adds it to the total, which the first image begins. */
static void run_panel(const cs_tile_task *t, int64_t panel, int first, int last)
{
    const cs_tile_gradient *g = t->g;
    const int64_t vectors = cs_panel_vectors(&g->direct, panel), before = before_panel(t, panel);
    const cs_window *w = &g->direct.window;
    transform_outputs(t, panel, vectors);
    for (int64_t from = 0, count; from < t->channels; from += count) {
        count = cs_least(g->some, t->channels - from);
        const int64_t at = before + from * g->taps * vectors * w->lanes * w->size;
        multiply(t, from, count, vectors);
        t->k->gather_taps(g->seen, t->sums, (g->some * vectors + 1) * w->lanes, count, vectors, first ? NULL : t->partial + at,
                          last && t->image > t->begun ? t->total + at : NULL, (last ? t->total : t->partial) + at);
    }
}

static void lay_out(cs_tile_task *t, char *scratch)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const int64_t vector = w->lanes * w->size, pixels = cs_tile_rows(g) * cs_tile_columns(g), tiles = g->height * g->width;
    t->places = (int64_t *)cs_aligned(scratch), t->tile_places = t->places + pixels, t->at = t->tile_places + tiles;
    t->peaks = cs_aligned(t->at + cs_tile_blocks(g) * w->lanes);
    t->strip = cs_aligned(t->peaks + pixels * w->size + VECTOR), t->strip_dy = cs_aligned(t->strip + pixels * vector);
    t->columns = cs_aligned(t->strip_dy + pixels * vector);
    t->seen = cs_aligned(t->columns + g->seen * cs_tile_columns(g) * vector);
    t->v = cs_aligned(t->seen + cs_seen_vectors(g) * cs_tile_blocks(g) * vector);
    t->v_dy = cs_aligned(t->v + g->points * (cs_tile_blocks(g) * tiles + 1) * vector);
    t->sums = cs_aligned(t->v_dy + g->points * (tiles * g->direct.vectors + 1) * vector);
    memset(t->peaks, 0, (size_t)(pixels * w->size));
    for (int64_t i = 0; i < tiles; i++) t->tile_places[i] = i * w->lanes;
}

static void enter_box(cs_tile_task *t, int64_t box)
{
    const cs_tile_gradient *g = t->g;
    const int64_t down = g->boxes / g->boxes_across, row = box / g->boxes_across, column = box % g->boxes_across;
    t->h0 = g->tall * row / down, t->h1 = g->tall * (row + 1) / down;
    t->w0 = g->wide * column / g->boxes_across, t->w1 = g->wide * (column + 1) / g->boxes_across;
    t->tiles = (t->h1 - t->h0) * (t->w1 - t->w0);
    const int64_t lanes = g->direct.window.lanes;
    t->step = (t->blocks * t->tiles + 1) * lanes;
    int64_t *at = t->at;
    for (int64_t b = 0; b < t->blocks; b++)
        for (int64_t c = 0, count = cs_find_block(g, t->block + b).count; c < count; c++) *at++ = b * t->tiles * lanes + c;
}

/* A panel's sums of a channel and part to the gradient, but for taps that the part before has too. */
static void store_part(const cs_tile_task *t, const cs_block *b, int64_t channel, const char *sums, int64_t lanes, int64_t outputs, char *dw)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    int64_t top, left;
    cs_part_axis(g, b->slab, 1, &top), cs_part_axis(g, b->slab, 2, &left);
    const int64_t row = b->slab / g->slab[2] * g->tap - top, column = b->slab % g->slab[2] * g->tap - left;
    for (int64_t i = row; i < g->tap; i++)
        t->k->transpose(dw + (((b->first + channel) * w->axis[1].taps + top + i) * w->axis[2].taps + left + column) * w->size, w->w_output,
                        sums + (i * g->tap + column) * lanes * w->size, lanes, g->tap - column, outputs);
}

/* Brings a panel's sums to the gradient. Whether one of them is not finite. */
static int store_panel(const cs_tile_task *t, int64_t panel)
{
    const cs_tile_gradient *g = t->g;
    const cs_gradient *d = &g->direct;
    const cs_window *w = &d->window;
    const int64_t first = panel * d->vectors * w->lanes, row = t->part * d->outputs + first, lanes = cs_panel_vectors(d, panel) * w->lanes;
    const int64_t outputs = cs_least(d->vectors * w->lanes, d->outputs - first), kernel = g->taps * lanes * w->size;
    const char *sums = t->total + before_panel(t, panel), *next = sums;
    char *dw = t->dw + (w->w_base + row * w->w_output) * w->size;
    if (g->slabs == 1) {
        t->k->transpose(dw + t->block * w->lanes * g->taps * w->size, w->w_output, sums, lanes, t->channels * g->taps, outputs);
    }
    for (int64_t i = 0; i < t->blocks && g->slabs > 1; i++) {
        const cs_block b = cs_find_block(g, t->block + i);
        for (int64_t c = 0; c < b.count; c++, next += kernel) store_part(t, &b, c, next, lanes, outputs, dw);
    }
    return !t->k->finite(sums, t->channels * g->taps * lanes);
}

static void take_blocks(cs_tile_task *t, int64_t from, int64_t to)
{
    const cs_tile_gradient *g = t->g;
    t->block = from, t->blocks = to - from;
    t->channels = (to < g->blocks ? channels_before(g, to) : g->slabs * g->direct.window.channels) - channels_before(g, from);
}

/* A task's part of an image: panels [from, to). */
static void run_image(cs_tile_task *t, int64_t from, int64_t to, int note)
{
    const cs_tile_gradient *g = t->g;
    for (int64_t box = 0; box < g->boxes; box++) {
        enter_box(t, box);
        transform_inputs(t, note);
        for (int64_t panel = from; panel < to; panel++) {
            t->step_dy = (t->tiles * cs_panel_vectors(&g->direct, panel) + 1) * g->direct.window.lanes;
            run_panel(t, panel, box == 0, box == g->boxes - 1);
        }
    }
}

int cs_tile_gradient_run(const cs_tile_gradient *g, int64_t task, const void *x, const void *dy, void *common, void *dw,
                         char *marks, void *scratch)
{
    const cs_gradient *d = &g->direct;
    const cs_window *w = &d->window;
    const int64_t image_share = task % g->image_shares, channel_share = task / g->image_shares % g->channel_shares;
    const int64_t rest = task / g->image_shares / g->channel_shares, output_share = rest % g->output_shares;
    const int64_t from = d->panels * output_share / g->output_shares, to = d->panels * (output_share + 1) / g->output_shares;
    const int64_t end = w->images * (image_share + 1) / g->image_shares;
    cs_tile_task t = {.g = g, .k = cs_kernels(w->dtype), .part = rest / g->output_shares, .x = x, .dy = dy, .dw = dw};
    t.total = cs_aligned(common), t.partial = t.total + g->sums;
    take_blocks(&t, g->blocks * channel_share / g->channel_shares, g->blocks * (channel_share + 1) / g->channel_shares);
    lay_out(&t, scratch);
    int again = 0;
    for (t.image = w->images * image_share / g->image_shares; t.image < end; t.image++) {
        if (g->joins) t.begun = t.image, t.total = t.partial = cs_aligned(common) + t.image * g->sums;
        memset(t.seen, 0, (size_t)(cs_seen_vectors(g) * t.blocks * w->lanes * w->size));
        run_image(&t, from, to, output_share == 0);
        if (output_share == 0) again |= cs_mark_channels(&t, marks + image_share * w->groups * w->channels);
    }
    for (int64_t panel = from; panel < to && !g->joins; panel++) again |= store_panel(&t, panel);
    return again;
}

int cs_tile_gradient_join(const cs_tile_gradient *g, int64_t join, void *common, void *dw)
{
    const cs_gradient *d = &g->direct;
    const cs_window *w = &d->window;
    const int64_t block = join % g->blocks, panel = join / g->blocks % d->panels;
    cs_tile_task t = {.g = g, .k = cs_kernels(w->dtype), .part = join / g->blocks / d->panels, .dw = dw, .total = cs_aligned(common)};
    take_blocks(&t, block, block + 1);
    char *sums = t.total + before_panel(&t, panel);
    for (int64_t image = 1; image < w->images; image++)
        t.k->add_rows(sums, sums + image * g->sums, t.channels * g->taps * cs_panel_vectors(d, panel) * w->lanes);
    return store_panel(&t, panel);
}
