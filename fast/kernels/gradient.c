/* The gradient by the weights: register tiles, tasks, and the boxes of positions that a task goes through. */
#include <string.h>

#include "gradient_task.h"

enum { BOX_BYTES = 384 << 10, BOX_POSITIONS = 1024, FEW_LANES = 2, TILES_OF_A_SHARE = 8, IMAGES_BYTES = 2 << 20 };

static int64_t most_rows(const cs_gradient *g)
{
    const cs_table *k = cs_kernels(g->window.dtype);
    int64_t rows = MAX_ROWS;
    while (!(g->each ? k->each[rows] : k->outer[rows][g->vectors])) rows--;
    return rows;
}

/* Panels of three vectors where those leave none over, or two where pairs do; one alone is the poorest. */
static int64_t panel_vectors(const cs_table *k, int64_t all)
{
    if (k->outer[1][3] && all > 2 && all % 3 != 1 && (all % 3 == 0 || all % 2)) return 3;
    return cs_least(all, 2);
}

void cs_gradient_choose(cs_gradient *g, const cs_window *w, int64_t ones)
{
    *g = (cs_gradient){.window = *w, .ones = ones};
    const cs_table *k = cs_kernels(w->dtype);
    const int64_t lanes = k->lanes;
    g->window.lanes = lanes, g->window.size = k->size;
    for (int i = 0; i < 3; i++)
        if (g->window.axis[i].out == 1) g->window.axis[i].step = 1;
    g->terms = w->channels * w->axis[0].taps * w->axis[1].taps * w->axis[2].taps;
    g->each = w->groups > 1 && w->outputs * FEW_LANES <= lanes;
    g->parts = g->each ? 1 : w->groups, g->outputs = g->each ? w->groups * w->outputs : w->outputs;
    if (g->terms == 0 || g->outputs == 0) return;
    const int64_t all = cs_ceil(g->outputs, lanes);
    g->vectors = g->each ? 1 : panel_vectors(k, all);
    g->panels = cs_ceil(all, g->vectors);
    g->tiles = cs_ceil(g->terms, most_rows(g));
    g->sums = cs_ceil(g->parts * g->panels * g->vectors * lanes * g->terms * g->window.size, VECTOR) * VECTOR;
}

/* Whether no window of any position reaches beyond the input, and neighbours are neighbours. */
static int reads_in_place(const cs_window *w)
{
    for (int i = 0; i < 3; i++) {
        const cs_axis *a = &w->axis[i];
        const int64_t span = (a->taps - 1) * a->gap, last = (a->out - 1) * a->step + a->first;
        if (a->first + cs_least(0, span) < 0 || last + cs_most(0, span) >= a->in) return 0;
    }
    return w->axis[2].step == 1;
}

/* The channels of a task that has `tiles` register tiles. */
static int64_t task_channels(const cs_gradient *g)
{
    const int64_t taps = cs_most(1, g->terms / cs_most(1, g->window.channels)), lanes = g->window.lanes;
    if (g->each) return cs_least(g->window.groups, (lanes - 1) / g->window.outputs + 2) * g->window.channels;
    const int64_t rows = cs_ceil(g->terms, g->tiles) * cs_ceil(g->tiles, g->row_shares);
    return cs_least(g->window.channels, rows / taps + 2);
}

static cs_window strip_window(const cs_gradient *g)
{
    cs_window w = g->window;
    w.channels = task_channels(g), w.height = g->height, w.width = g->width;
    w.terms = w.channels * w.axis[0].taps * w.axis[1].taps * w.axis[2].taps;
    w.by_pixels = w.rows = w.vectors = 1, w.in_place = g->in_place;
    return w;
}

static int64_t box_bytes(const cs_gradient *g)
{
    const cs_axis *a = g->window.axis;
    if (g->lines)
        return g->window.channels * a[0].taps * cs_seen(&a[1], g->height) * cs_seen(&a[2], g->width) * g->window.lanes * g->window.size;
    const cs_window w = strip_window(g);
    const int64_t strip = cs_strip_size(&w, g->height, g->width) * w.size;
    return g->each ? strip + strip / w.channels * g->window.channels * w.lanes : strip;
}

static int too_large(const cs_gradient *g)
{
    return g->height * g->width > BOX_POSITIONS || (!g->in_place && box_bytes(g) > BOX_BYTES);
}

static int64_t columns_bytes(const cs_gradient *g)
{
    return (g->height * g->width + 2) * (g->vectors * g->window.lanes * g->window.size + 8);
}

/* As few boxes as their strips and the gradients of their outputs leave in the second-level cache. */
static void choose_box(cs_gradient *g)
{
    const int64_t h = g->window.axis[1].out, v = g->window.axis[2].out;
    g->height = h, g->width = v;
    while (g->height > 1 && too_large(g)) g->height = cs_ceil(g->height, 2);
    while (g->width > 8 * g->window.lanes && too_large(g)) g->width = cs_ceil(g->width, 2);
    g->height = cs_ceil(h, cs_ceil(h, g->height)), g->width = cs_ceil(v, cs_ceil(v, g->width));
    g->tall = cs_ceil(h, g->height), g->wide = cs_ceil(v, g->width);
}

/* Shares of the terms first: they turn the same gradients again, which costs less than the same strip filled again. Where that
 * leaves threads without a task, images are shared, or else tiles, down to one a task. */
static void share_out(cs_gradient *g, int64_t threads)
{
    g->row_shares = cs_least(cs_ceil(g->tiles, TILES_OF_A_SHARE), cs_ceil(threads, g->parts));
    g->output_shares = cs_least(g->panels, cs_ceil(threads, g->parts * g->row_shares));
    g->image_shares = 1;
    for (choose_box(g); !g->each && g->row_shares < g->tiles && too_large(g); choose_box(g)) g->row_shares++;
    const int64_t shares = g->parts * g->output_shares * g->row_shares, images = g->window.images;
    if (shares % threads == 0 || shares > 4 * threads) return;
    if (images > 1 && images * g->sums <= IMAGES_BYTES * threads) {
        g->image_shares = cs_least(images, cs_ceil(2 * threads, shares));
    } else if (shares < threads) {
        g->row_shares = cs_least(g->tiles, cs_ceil(threads, g->parts * g->output_shares));
        choose_box(g);
    }
}

void cs_gradient_split(cs_gradient *g, int64_t images, int threads)
{
    g->window.images = images;
    if (g->panels == 0) return;
    g->in_place = !g->each && reads_in_place(&g->window);
    g->lines = g->each && g->window.axis[2].in >= 2 * g->window.lanes;
    share_out(g, threads);
    g->tasks = g->parts * g->output_shares * g->row_shares * g->image_shares;
    g->joins = g->image_shares > 1 ? g->parts * g->panels * g->tiles : 0;
    const int64_t boxes = g->window.axis[0].out * g->tall * g->wide;
    g->alone = images == 1 && boxes == 1;
    if (g->alone) g->sums = 0;
    g->common = g->sums * (g->joins ? images : boxes > 1 ? 2 : 1);
    const cs_window w = strip_window(g);
    g->scratch = cs_scratch_bytes(&w) + box_bytes(g) + columns_bytes(g) + (g->alone ? cs_panel_bytes(g) : 0) + 7 * VECTOR;
}

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
                          : k->g->lines  ? a[1].step * cs_seen(&a[2], k->g->width)
                                         : k->t.side[2].layout.length;
    const int64_t step = k->g->lines ? a[2].step : k->g->in_place ? x[2] : 1;
    int64_t n = 0;
    for (int64_t h = 0; h < b.h1 - b.h0; h++)
        for (int64_t w = 0; w < b.w1 - b.w0; w++) k->places[n++] = k->g->ones ? 0 : h * pitch + w * step;
}

static void run_box(cs_outer_task *k, cs_box b, int64_t from, int64_t to, int first, int last)
{
    const cs_gradient *g = k->g;
    const int64_t lanes = g->window.lanes, all = cs_ceil(g->outputs, lanes);
    list_places(k, b);
    if (!g->each) fill(k, b, k->part * g->window.channels + k->channel);
    for (int64_t panel = from; panel < to; panel++) {
        const int64_t vectors = cs_least(g->vectors, all - panel * g->vectors), group = panel * lanes / g->window.outputs;
        if (g->lines) {
            cs_turn_lines(k, b, panel * lanes);
        } else if (g->each) {
            const int64_t last_group = cs_least(panel * lanes + lanes, g->outputs) - 1;
            k->w.channels = (last_group / g->window.outputs - group + 1) * g->window.channels;
            fill(k, b, group * g->window.channels);
            cs_turn_inputs(k, panel * lanes, group);
        }
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
    const int64_t strip = box_bytes(k->g);
    k->t.w = &k->w, k->t.k = cs_kernels(k->w.dtype);
    k->places = scratch;
    k->columns = cs_aligned(k->places + k->g->height * k->g->width);
    k->wide = cs_aligned((char *)scratch + VECTOR + columns_bytes(k->g));
    k->own = cs_aligned(k->wide + strip);
    cs_lay_out_scratch(&k->t, cs_aligned(k->own + (k->g->alone ? cs_panel_bytes(k->g) : 0)));
    cs_list_terms(&k->t);
    if (k->g->lines) cs_list_line_terms(k);
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
    cs_outer_task k = {.g = g, .w = strip_window(g), .x = x, .dy = dy, .total = common, .partial = (char *)common + g->sums, .dw = dw};
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
    const int64_t lanes = g->window.lanes, rows = cs_tile_start(g, tile + 1) - cs_tile_start(g, tile);
    const int64_t vectors = cs_least(g->vectors, cs_ceil(g->outputs, lanes) - panel * g->vectors);
    const cs_table *kernels = cs_kernels(g->window.dtype);
    const cs_outer_task k = {.g = g, .t.k = kernels, .part = join / g->tiles / g->panels, .first = tile, .last = tile + 1, .total = common, .dw = dw};
    cs_outer o = {.x = common, .dy = common, .at = nowhere, .places = nowhere, .last = 1, .total = cs_panel_sums(&k, common, panel)};
    for (int64_t image = 1; image < g->window.images; image++) {
        o.partial = (char *)o.total + image * g->sums;
        (g->each ? kernels->each[rows] : kernels->outer[rows][vectors])(&o);
    }
    cs_store_panel(&k, panel);
}
