/* The gradient by the weights through Winograd's tiles: a task, some channels and outputs of a group, over all boxes of all images. */
#include <string.h>

#include "winograd_gradient_task.h"

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

/* Bytes before a panel's sums of the taps of this task's channels. */
static int64_t before_panel(const cs_tile_task *t, int64_t panel)
{
    const cs_tile_gradient *g = t->g;
    const cs_gradient *d = &g->direct;
    const int64_t wide = cs_panel_vectors(d, panel) * d->window.lanes;
    return cs_tile_sums(g, t->part * d->panels + panel) + cs_find_block(g, t->block).first * g->taps * wide * d->window.size;
}

/* A panel's part of a box. The first box begins a partial sum, and the last adds it to the total, which the first image begins. */
static void run_panel(const cs_tile_task *t, int64_t panel, int first, int last)
{
    const cs_tile_gradient *g = t->g;
    const int64_t vectors = cs_panel_vectors(&g->direct, panel), before = before_panel(t, panel);
    const cs_window *w = &g->direct.window;
    cs_tile_outputs(t, panel, vectors);
    for (int64_t from = 0, count; from < t->channels; from += count) {
        count = cs_least(g->some, t->channels - from);
        const int64_t at = before + from * g->taps * vectors * w->lanes * w->size;
        multiply(t, from, count, vectors);
        t->k->gather_taps(g->tap, t->sums, (g->some * vectors + 1) * w->lanes, count, vectors, first ? NULL : t->partial + at,
                          last && t->image > t->begun ? t->total + at : NULL, (last ? t->total : t->partial) + at);
    }
}

static void lay_out(cs_tile_task *t, char *scratch)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const int64_t vector = w->lanes * w->size, pixels = cs_tile_rows(g) * cs_tile_columns(g), tiles = g->height * g->width;
    t->places = (int64_t *)cs_aligned(scratch), t->tile_places = t->places + pixels, t->at = t->tile_places + tiles;
    t->starts = t->at + cs_tile_blocks(g) * w->lanes, t->peaks = cs_aligned(t->starts + cs_tile_rows(g));
    t->strip = cs_aligned(t->peaks + pixels * w->size + VECTOR), t->strip_dy = cs_aligned(t->strip + pixels * vector);
    t->folded = cs_aligned(t->strip_dy + pixels * vector);
    t->columns = cs_aligned(t->folded + g->folded * pixels * vector);
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

/* A panel's sums of a channel of the parts to the gradient, but for taps that the part before has too, or that there are not. */
static void store_channel(const cs_tile_task *t, int64_t channel, const char *sums, int64_t lanes, int64_t outputs, char *dw)
{
    const cs_tile_gradient *g = t->g;
    const cs_window *w = &g->direct.window;
    const cs_axis *a = w->axis;
    const cs_part_channel c = cs_find_channel(g, channel);
    const cs_part_taps down = cs_find_part(g, c.slab, 1), across = cs_find_part(g, c.slab, 2);
    for (int64_t i = down.known; i < g->tap && down.first + i * a[1].step < a[1].taps; i++)
        for (int64_t j = across.known; j < g->tap && across.first + j * a[2].step < a[2].taps; j++) {
            char *to = dw + ((c.channel * a[1].taps + down.first + i * a[1].step) * a[2].taps + across.first + j * a[2].step) * w->size;
            const char *from = sums + (i * g->tap + j) * lanes * w->size;
            for (int64_t k = 0; k < outputs; k++) memcpy(to + k * w->w_output * w->size, from + k * w->size, (size_t)w->size);
        }
}

/* Brings a panel's sums to the gradient. Whether one of them is not finite. */
static int store_panel(const cs_tile_task *t, int64_t panel)
{
    const cs_tile_gradient *g = t->g;
    const cs_gradient *d = &g->direct;
    const cs_window *w = &d->window;
    const int64_t first = panel * d->vectors * w->lanes, row = t->part * d->outputs + first, lanes = cs_panel_vectors(d, panel) * w->lanes;
    const int64_t outputs = cs_least(d->vectors * w->lanes, d->outputs - first), channel = cs_find_block(g, t->block).first;
    const char *sums = t->total + before_panel(t, panel);
    char *dw = t->dw + (w->w_base + row * w->w_output) * w->size;
    if (g->slabs == 1)
        t->k->transpose(dw + channel * g->taps * w->size, w->w_output, sums, lanes, t->channels * g->taps, outputs);
    for (int64_t c = 0; c < t->channels && g->slabs > 1; c++)
        store_channel(t, channel + c, sums + c * g->taps * lanes * w->size, lanes, outputs, dw);
    return !t->k->finite(sums, t->channels * g->taps * lanes);
}

static void take_blocks(cs_tile_task *t, int64_t from, int64_t to)
{
    const cs_block last = cs_find_block(t->g, to - 1);
    t->block = from, t->blocks = to - from, t->channels = last.first + last.count - cs_find_block(t->g, from).first;
}

/* A task's part of an image: panels [from, to). */
static void run_image(cs_tile_task *t, int64_t from, int64_t to, int note)
{
    const cs_tile_gradient *g = t->g;
    for (int64_t box = 0; box < g->boxes; box++) {
        enter_box(t, box);
        cs_tile_inputs(t, note);
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
