/* The gradient by the weights: a task goes through its boxes of positions, and register tiles through each. */
#include <string.h>

#include "gradient_task.h"

/* Where the gradients of an output are, at (d, 0, 0). */
static const char *output_place(const cs_outer_task *k, int64_t output)
{
    const cs_window *w = &k->g->window;
    const int64_t plane = k->part * k->g->outputs + cs_least(output, k->g->outputs - 1);
    return k->dy + (w->y_base + k->image * w->y_image + plane * w->y_plane + k->t.d * w->axis[0].y) * w->size;
}

/* The gradients of a panel's outputs that are neighbours, position by position. */
static void copy_outputs(const cs_outer_task *k, cs_box b, int64_t panel, int64_t vectors)
{
    const cs_window *w = &k->g->window;
    const cs_axis *a = w->axis;
    const int64_t first = panel * k->g->vectors * w->lanes, wide = vectors * w->lanes * w->size;
    const int64_t bytes = cs_least(wide, (k->g->outputs - first) * w->size);
    char *to = k->columns;
    for (int64_t h = b.h0; h < b.h1; h++) {
        const char *from = output_place(k, first) + (h * a[1].y + b.w0 * a[2].y) * w->size;
        for (int64_t i = b.w0; i < b.w1; i++, to += wide, from += a[2].y * w->size) memcpy(to, from, (size_t)bytes);
    }
}

/* The same of outputs that are apart. */
static void turn_outputs(const cs_outer_task *k, cs_box b, int64_t panel, int64_t vectors)
{
    const cs_window *w = &k->g->window;
    const cs_axis *a = w->axis;
    const int64_t lanes = w->lanes, size = w->size, wide = vectors * lanes;
    int64_t rows = b.h1 - b.h0, columns = b.w1 - b.w0;
    if (a[2].y == 1 && a[1].y == columns) columns *= rows, rows = 1;
    for (int64_t j = 0; j < vectors; j++)
        for (int64_t r = 0; r < rows; r++) {
            const void *from[VECTOR];
            for (int64_t l = 0; l < lanes; l++)
                from[l] = output_place(k, (panel * k->g->vectors + j) * lanes + l) +
                          ((b.h0 + r) * a[1].y + b.w0 * a[2].y) * size;
            k->t.k->interleave(k->columns + (r * columns * wide + j * lanes) * size, wide, from, a[2].y, columns);
        }
}

static void fill(cs_outer_task *k, cs_box b, int64_t channel)
{
    const cs_window *w = &k->g->window;
    k->t.x = k->x + (k->image * w->x_image + channel * w->x_channel) * w->size;
    if (!k->g->ones && !k->g->in_place) cs_fill_strip(&k->t, b, k->w.channels);
}

/* All register tiles of a panel over one box. */
static void run_tiles(const cs_outer_task *k, cs_box b, int64_t panel, int64_t vectors, int first, int last)
{
    const cs_gradient *g = k->g;
    const cs_axis *a = g->window.axis;
    const int64_t start = cs_tile_start(g, k->first), row = vectors * g->window.lanes * g->window.size;
    char *total = cs_panel_sums(k, k->total, panel), *partial = cs_panel_sums(k, k->partial, panel);
    cs_outer o = {.x = g->each ? k->wide : k->t.strip, .dy = k->columns, .places = k->places,
                  .count = (b.h1 - b.h0) * (b.w1 - b.w0), .first = first, .last = last && !g->alone && !g->joins};
    const int64_t *at = k->t.terms;
    if (g->in_place && !g->ones) {
        const int64_t *x = g->window.x, depth = (k->t.d * a[0].step + a[0].first) * x[0];
        o.x = k->t.x + (depth + (b.h0 * a[1].step + a[1].first) * x[1] + (b.w0 + a[2].first) * x[2]) * g->window.size;
        at += k->w.terms;
    }
    const int64_t skip = g->each ? 0 : k->channel * (g->terms / g->window.channels);
    for (int64_t tile = k->first; tile < k->last; tile++) {
        const int64_t from = cs_tile_start(g, tile), rows = cs_tile_start(g, tile + 1) - from;
        o.at = at + from - skip;
        o.total = total + (from - start) * row, o.partial = partial + (from - start) * row;
        (g->each ? k->t.k->each[rows] : k->t.k->outer[rows][vectors])(&o);
    }
}

/* The positions of a box, in the strip or in place. */
static void list_places(const cs_outer_task *k, cs_box b)
{
    const cs_axis *a = k->g->window.axis;
    const int64_t *x = k->g->window.x, pitch = k->g->in_place ? a[1].step * x[1]
                          : k->g->each   ? a[1].step * cs_seen(&a[2], k->g->width)
                                         : k->t.side[2].layout.length;
    const int64_t step = k->g->each ? a[2].step : k->g->in_place ? x[2] : 1;
    int64_t n = 0;
    for (int64_t h = 0; h < b.h1 - b.h0; h++)
        for (int64_t w = 0; w < b.w1 - b.w0; w++) k->places[n++] = k->g->ones ? 0 : h * pitch + w * step;
}

static void run_box(cs_outer_task *k, cs_box b, int64_t from, int64_t to, int first, int last)
{
    const cs_gradient *g = k->g;
    const int64_t lanes = g->window.lanes;
    list_places(k, b);
    if (!g->each) fill(k, b, k->part * g->window.channels + k->channel);
    for (int64_t panel = from; panel < to; panel++) {
        const int64_t vectors = cs_panel_vectors(g, panel);
        if (g->each) cs_turn_inputs(k, b, panel * lanes);
        if (g->window.y_plane == 1) {
            copy_outputs(k, b, panel, vectors);
        } else {
            turn_outputs(k, b, panel, vectors);
        }
        run_tiles(k, b, panel, vectors, first, last);
        if (g->alone) cs_store_panel(k, panel);
    }
}

static void lay_out(cs_outer_task *k, void *scratch)
{
    const int64_t strip = cs_gradient_box(k->g);
    k->t.w = &k->w, k->t.k = cs_kernels(k->w.dtype);
    k->places = scratch;
    k->columns = cs_aligned(k->places + k->g->height * k->g->width);
    k->wide = cs_aligned((char *)scratch + VECTOR + cs_gradient_columns(k->g));
    k->plane = cs_aligned(k->wide + strip);
    k->own = cs_aligned(k->plane + cs_gradient_plane(k->g));
    cs_lay_out_scratch(&k->t, cs_aligned(k->own + (k->g->alone ? cs_panel_bytes(k->g) : 0)));
    if (k->g->each) {
        cs_list_input_terms(k);
    } else {
        cs_list_terms(&k->t);
    }
    if (k->g->ones) k->t.k->ones(k->t.strip, 1), memset(k->t.terms, 0, (size_t)k->w.terms * 8);
}

/* All boxes of an image. */
static void run_image(cs_outer_task *k, int64_t from, int64_t to)
{
    const cs_gradient *g = k->g;
    const cs_axis *a = g->window.axis;
    for (k->t.d = 0; k->t.d < a[0].out; k->t.d++)
        for (int64_t i = 0; i < g->tall; i++)
            for (int64_t j = 0; j < g->wide; j++) {
                const cs_box b = {a[1].out * i / g->tall, a[1].out * (i + 1) / g->tall, a[2].out * j / g->wide,
                                  a[2].out * (j + 1) / g->wide};
                run_box(k, b, from, to, k->t.d + i + j == 0,
                        k->t.d == a[0].out - 1 && i == g->tall - 1 && j == g->wide - 1);
            }
}

void cs_gradient_run(const cs_gradient *g, int64_t task, const void *x, const void *dy, void *common, void *dw, void *scratch)
{
    const int64_t image_share = task % g->image_shares, rest = task / g->image_shares;
    const int64_t share = rest % g->row_shares, outputs = rest / g->row_shares % g->output_shares;
    const int64_t from = g->panels * outputs / g->output_shares, to = g->panels * (outputs + 1) / g->output_shares;
    const int64_t images = g->window.images, end = images * (image_share + 1) / g->image_shares;
    const int whole = !g->alone && !g->joins;
    cs_outer_task k = {.g = g, .w = cs_gradient_strip(g), .x = x, .dy = dy, .total = common, .partial = (char *)common + g->sums, .dw = dw};
    k.part = rest / g->row_shares / g->output_shares;
    k.first = g->tiles * share / g->row_shares, k.last = g->tiles * (share + 1) / g->row_shares;
    if (!g->each) {
        const int64_t taps = g->terms / g->window.channels;
        k.channel = cs_tile_start(g, k.first) / taps;
        k.w.channels = cs_ceil(cs_tile_start(g, k.last), taps) - k.channel, k.w.terms = k.w.channels * taps;
    }
    lay_out(&k, scratch);
    for (int64_t panel = from; panel < to && whole; panel++) cs_clear_panel(&k, panel);
    for (k.image = images * image_share / g->image_shares; k.image < end; k.image++) {
        if (g->joins) k.partial = (char *)common + k.image * g->sums;
        run_image(&k, from, to);
    }
    for (int64_t panel = from; panel < to && whole; panel++) cs_store_panel(&k, panel);
}

/* A register tile's images in order: a tile over no position adds what is unfinished to the total. */
void cs_gradient_join(const cs_gradient *g, int64_t join, void *common, void *dw)
{
    static const int64_t nowhere[MAX_ROWS] = {0};
    const int64_t tile = join % g->tiles, panel = join / g->tiles % g->panels;
    const int64_t rows = cs_tile_start(g, tile + 1) - cs_tile_start(g, tile), vectors = cs_panel_vectors(g, panel);
    const cs_table *kernels = cs_kernels(g->window.dtype);
    const cs_outer_task k = {.g = g, .t.k = kernels, .part = join / g->tiles / g->panels, .first = tile, .last = tile + 1, .total = common, .dw = dw};
    cs_outer o = {.x = common, .dy = common, .at = nowhere, .places = nowhere, .last = 1, .total = cs_panel_sums(&k, common, panel)};
    for (int64_t image = 1; image < g->window.images; image++) {
        o.partial = (char *)o.total + image * g->sums;
        (g->each ? kernels->each[rows] : kernels->outer[rows][vectors])(&o);
    }
    cs_store_panel(&k, panel);
}
