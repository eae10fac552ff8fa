/* The gradient by the weights: its register tiles, the tasks that share them out, and the boxes of positions of a task. */
#include "gradient_task.h"

enum { BOX_BYTES = 384 << 10, BOX_POSITIONS = 1024, FEW_LANES = 2, TILES_OF_A_SHARE = 8, IMAGES_BYTES = 2 << 20 };

static int64_t most_rows(const cs_gradient *g)
{
    const cs_table *k = cs_kernels(g->window.dtype);
    int64_t rows = MAX_ROWS;
    if (!g->each) return cs_outer_rows(k, g->vectors);
    while (!k->each[rows]) rows--;
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
    const int64_t taps = cs_most(1, g->terms / cs_most(1, g->window.channels));
    if (g->each) return g->window.channels;
    const int64_t rows = cs_ceil(g->terms, g->tiles) * cs_ceil(g->tiles, g->row_shares);
    return cs_least(g->window.channels, rows / taps + 2);
}

cs_window cs_gradient_strip(const cs_gradient *g)
{
    cs_window w = g->window;
    w.channels = task_channels(g), w.height = g->height, w.width = g->width;
    w.terms = w.channels * w.axis[0].taps * w.axis[1].taps * w.axis[2].taps;
    w.by_pixels = w.rows = w.vectors = 1, w.in_place = g->in_place;
    return w;
}

int64_t cs_gradient_plane(const cs_gradient *g)
{
    const cs_axis *a = g->window.axis;
    return g->whole ? cs_least(cs_seen(&a[1], g->height), a[1].in) * a[2].in * g->window.lanes * g->window.size : 0;
}

int64_t cs_gradient_box(const cs_gradient *g)
{
    const cs_axis *a = g->window.axis;
    const cs_window w = cs_gradient_strip(g);
    if (!g->each) return cs_strip_size(&w, g->height, g->width) * w.size;
    return w.channels * a[0].taps * cs_seen(&a[1], g->height) * cs_seen(&a[2], g->width) * w.lanes * w.size;
}

static int too_large(const cs_gradient *g)
{
    return g->height * g->width > BOX_POSITIONS || (!g->in_place && cs_gradient_box(g) > BOX_BYTES);
}

int64_t cs_gradient_columns(const cs_gradient *g)
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
    g->whole = g->each && g->window.axis[2].in < 2 * g->window.lanes;
    share_out(g, threads);
    g->tasks = g->parts * g->output_shares * g->row_shares * g->image_shares;
    g->joins = g->image_shares > 1 ? g->parts * g->panels * g->tiles : 0;
    const int64_t boxes = g->window.axis[0].out * g->tall * g->wide;
    g->alone = images == 1 && boxes == 1;
    if (g->alone) g->sums = 0;
    g->common = g->sums * (g->joins ? images : boxes > 1 ? 2 : 1);
    const cs_window w = cs_gradient_strip(g);
    g->scratch = cs_scratch_bytes(&w) + cs_gradient_box(g) + cs_gradient_plane(g) + cs_gradient_columns(g) + (g->alone ? cs_panel_bytes(g) : 0) + 8 * VECTOR;
}
