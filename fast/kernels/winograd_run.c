/* Winograd's convolution: one box of tiles, from the input to the result. Each tile's arithmetic is its own, so that
 * neither boxes nor threads change a bit. */
#include <string.h>

#include "winograd_box.h"

static void lay_out(cs_tile_box *b, char *scratch)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t vector = w->lanes * w->size, pixels = g->rows * g->columns;
    b->places = (int64_t *)cs_aligned(scratch);
    b->strip = cs_aligned(b->places + pixels);
    b->columns = cs_aligned(b->strip + (pixels + 3) * vector + (g->maps - 1) * cs_map_size(g));
    b->run = cs_aligned(b->columns + (g->high + 1) * g->columns * vector);
    b->v = cs_aligned(b->run + pixels * w->size + vector);
    b->peaks = b->v + cs_winograd_inputs(g);
    b->sums = g->shared ? b->v : cs_aligned(b->v + cs_winograd_common(g));
    b->some = cs_aligned(b->sums + g->points * (g->tiles * g->vectors + 1) * vector);
    b->stage = cs_aligned(b->some + cs_winograd_some(g) * w->size);
    b->flags = cs_aligned(b->stage + g->height * g->width * g->down * g->across * vector);
    b->uneven = cs_aligned(b->flags + g->tiles * cs_ceil(w->outputs, w->lanes) * vector);
    b->direct = cs_aligned(b->uneven + g->tiles);
    b->spare = cs_aligned(b->direct + w->outputs * g->down * cs_again_columns(w) * w->size);
}

/* The box with that number; shared inputs are in `common`. */
static cs_tile_box find_box(const cs_winograd *g, int64_t i, char *common, char *scratch)
{
    const cs_window *w = &g->window;
    cs_tile_box b = {.g = g, .k = cs_kernels(w->dtype)};
    lay_out(&b, scratch);
    if (g->shared) {
        b.v = cs_aligned(common) + i * cs_winograd_common(g);
        b.peaks = b.v + cs_winograd_inputs(g);
    }
    const int64_t column = i % g->wide_boxes, row = i / g->wide_boxes % g->tall_boxes;
    i = i / g->wide_boxes / g->tall_boxes;
    b.depth = i % w->axis[0].out, i /= w->axis[0].out;
    b.group = i % w->groups, i /= w->groups;
    b.image = i * g->planes, b.images = cs_least(g->planes, w->images - b.image);
    b.h0 = row * g->height, b.h1 = cs_least(g->tall, b.h0 + g->height);
    b.w0 = column * g->width, b.w1 = cs_least(g->wide, b.w0 + g->width);
    b.tiles = b.images * (b.h1 - b.h0) * (b.w1 - b.w0);
    b.step = (g->slabs * g->blocks * b.tiles + 1) * w->lanes;
    return b;
}

/* The part of the strip that is inside the input: runs of pixels, and where each of them goes. */
typedef struct {
    int64_t start, pitch, runs, length, whole;
} cs_inside;

/* For a slab. */
static cs_inside list_places(cs_tile_box *b, int64_t slab)
{
    const cs_winograd *g = b->g;
    const cs_axis *a = g->axis;
    const cs_slab tap = cs_find_slab(g, slab);
    const int64_t d = b->depth * a[0].step + a[0].first + tap.at[0] * a[0].gap;
    const int64_t top = b->h0 * g->down * a[1].step + a[1].first + tap.at[1] * a[1].gap;
    const int64_t left = b->w0 * g->across * a[2].step + a[2].first + tap.at[2];
    const int64_t down = (b->h1 - b->h0) * g->down + g->high - g->down;
    const int64_t across = (b->w1 - b->w0) * g->across + g->broad - g->across;
    const int64_t r0 = top < 0 ? cs_ceil(-top, a[1].step) : 0;
    const int64_t r1 = top < a[1].in ? cs_least(down, cs_ceil(a[1].in - top, a[1].step)) : 0;
    const int64_t c0 = left < 0 ? cs_ceil(-left, a[2].step) : 0;
    const int64_t c1 = left < a[2].in ? cs_least(across, cs_ceil(a[2].in - left, a[2].step)) : 0;
    int64_t n = 0;
    if (d < 0 || d >= a[0].in || r0 >= r1 || c0 >= c1) return (cs_inside){0, 0, 0, 0, 0};
    for (int64_t r = r0; r < r1; r++)
        for (int64_t c = c0; c < c1; c++) b->places[n++] = r * across + c;
    const int64_t *x = g->window.x, column = (left + c0 * a[2].step) * x[2];
    cs_inside s = {d * x[0] + (top + r0 * a[1].step) * x[1] + column, a[1].step * x[1], r1 - r0, c1 - c0, cs_whole(g, &tap)};
    if (s.length * a[2].step * x[2] == s.pitch) s.length *= s.runs, s.runs = 1;
    return s;
}

/* Vectors [from, to) of the channels of a slab in one image, at the points of the transform: v[point][slab][vector]
 * [tile]; and the greatest |x| of each pixel among all that went there before. */
static void transform_slab(cs_tile_box *b, const char *x, const cs_inside *s, int64_t n, int64_t slab, int64_t from,
                           int64_t to, char *peaks)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t size = w->size, columns = (b->w1 - b->w0) * g->across + g->broad - g->across;
    memset(b->run, 0, (size_t)(s->runs * s->length * size));
    for (int64_t block = from; block < to; block++) {
        const int64_t first = block * w->lanes, some = cs_least(w->lanes, w->channels - first);
        const int64_t channel = b->group * w->channels + first;
        const char *in = x + ((b->image + n) * w->x_image + channel * w->x_channel + s->start) * size;
        for (int64_t r = 0; r < s->runs; r++)
            b->k->gather(b->strip, b->places + r * s->length, in + r * s->pitch * size, w->x_channel, w->axis[2].step * w->x[2], some,
                         s->length, b->run + r * s->length * size);
        char *v = b->v + (slab * g->blocks + block) * b->tiles * w->lanes * size;
        for (int64_t h = b->h0; h < b->h1; h++)
            b->k->forward(g->high, g->broad, b->strip + (h - b->h0) * g->down * columns * w->lanes * size,
                          b->w1 - b->w0, b->columns, v + cs_first_tile(b, n, h) * w->lanes * size, b->step);
    }
    b->k->spread_peaks(peaks, b->places, b->run, s->runs * s->length);
    if (g->maps > 1 && s->whole)
        b->k->spread_peaks(peaks + g->rows * g->columns * size, b->places, b->run, s->runs * s->length);
}

/* A share of all slabs and vectors of channels; peaks[image][share][map][pixel], of which the last map has those of slabs that
 * are whole. */
static void transform_inputs(cs_tile_box *b, const char *x, int64_t share, int64_t shares)
{
    const cs_winograd *g = b->g;
    const int64_t all = g->slabs * g->blocks, to = all * (share + 1) / shares, pixels = g->rows * g->columns;
    const int64_t maps = g->maps * pixels * g->window.size;
    for (int64_t n = 0; n < b->images; n++) memset(b->peaks + (n * shares + share) * maps, 0, (size_t)maps);
    for (int64_t from = all * share / shares, next; from < to; from = next) {
        const int64_t slab = from / g->blocks, first = slab * g->blocks;
        const cs_inside s = list_places(b, slab);
        next = cs_least(to, first + g->blocks);
        memset(b->strip, 0, (size_t)(pixels * g->window.lanes * g->window.size));
        for (int64_t n = 0; n < b->images; n++)
            transform_slab(b, x, &s, n, slab, from - first, next - first,
                           b->peaks + (n * shares + share) * maps);
    }
}

/* Terms of a panel's sums: channels [from, from + channels) of some slabs, whose weights at the points are u. */
typedef struct {
    int64_t slab, slabs, from, channels;
    const char *u;
} terms;

/* The sums over them at each point, for `vectors` vectors of outputs; those of the first terms start from 0. */
static void multiply(const cs_tile_box *b, int64_t vectors, terms t)
{
    const cs_window *w = &b->g->window;
    const int64_t vector = w->lanes * w->size, most = cs_winograd_rows(b->g, b->tiles, vectors);
    const int64_t first = (t.slab * b->g->blocks * w->lanes + t.from) * b->tiles;
    for (int64_t p = 0; p < b->g->points; p++, t.u += (t.slabs * t.channels * vectors + 1) * vector) {
        const char *v = b->v + (p * b->step + first) * w->size;
        char *m = b->sums + p * (b->tiles * vectors + 1) * vector;
        for (int64_t i = 0, rows = most; i < b->tiles; i += rows) {
            while (rows > b->tiles - i || !b->k->products[rows][vectors]) rows--;
            b->k->products[rows][vectors](v + i * vector, b->tiles * w->lanes, t.u, t.channels, t.slabs,
                                          m + i * vectors * vector, first > 0);
        }
    }
}

/* The sums over all terms; `weights` are the panel's, or all as they are where they are transformed here. */
static void multiply_panel(const cs_tile_box *b, const char *weights, int64_t panel, int64_t vectors)
{
    const cs_winograd *g = b->g;
    const int64_t channels = g->window.channels;
    if (!g->some) {
        multiply(b, vectors, (terms){0, g->slabs, 0, channels, weights + cs_winograd_panel(g, panel) * g->window.size});
        return;
    }
    for (int64_t slab = 0; slab < g->slabs; slab++)
        for (int64_t from = 0; from < channels; from += g->some) {
            const int64_t to = cs_least(channels, from + g->some);
            cs_winograd_transform(g, b->group, panel, slab, from, to, weights, b->some, to - from);
            multiply(b, vectors, (terms){slab, 1, from, to - from, b->some});
        }
}

/* One vector of outputs of one image: their tiles, then their places in the result. */
static void store_outputs(const cs_tile_box *b, int64_t n, int64_t output, const char *m, int64_t vectors,
                          const char *bias, char *y, void *any)
{
    const cs_window *w = &b->g->window;
    const cs_axis *a = w->axis;
    const int64_t size = w->size, down = b->g->down, across = b->g->across, vector = w->lanes * size;
    const int64_t columns = cs_least(b->w1 * across, a[2].out) - b->w0 * across;
    const int64_t rows = cs_least(b->h1 * down, a[1].out) - b->h0 * down, some = cs_least(w->lanes, w->outputs - output);
    char *to = y + (cs_tile_place(b, n, b->h0, b->w0) + output * w->y_plane) * size;
    const int there = w->y_plane == 1 && some == w->lanes; /* the outputs of a pixel are neighbours in the result too */
    const int64_t row = there ? a[1].y : columns * w->lanes, pixel = there ? a[2].y : w->lanes;
    char *staged = there ? to : b->stage;
    for (int64_t h = b->h0; h < b->h1; h++) {
        const int64_t first = cs_first_tile(b, n, h), top = (h - b->h0) * down;
        b->k->backward(b->g->high, b->g->broad, m + first * vectors * vector, (b->tiles * vectors + 1) * w->lanes, vectors * w->lanes,
                       columns, rows - top, bias, staged + top * row * size, row, pixel,
                       b->flags + (output / w->lanes * b->tiles + first) * vector, any);
    }
    if (there) return;
    if (w->y_plane == 1) {
        for (int64_t i = 0; i < rows * columns; i++)
            memcpy(to + (i / columns * a[1].y + i % columns * a[2].y) * size, b->stage + i * vector, (size_t)(some * size));
        return;
    }
    if (a[1].y == columns) {
        b->k->transpose(to, w->y_plane, b->stage, w->lanes, rows * columns, some);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        b->k->transpose(to + r * a[1].y * size, w->y_plane, b->stage + r * columns * vector, w->lanes, columns, some);
}

void cs_winograd_input(const cs_winograd *g, int64_t task, const void *x, void *common, void *scratch)
{
    const int64_t shares = g->input_tasks / cs_winograd_boxes(g);
    cs_tile_box b = find_box(g, task / shares, common, scratch);
    transform_inputs(&b, x, task % shares, shares);
}

int cs_winograd_output(const cs_winograd *g, int64_t task, const void *x, const void *packed, const void *bias, const void *direct,
                       void *y, void *common, void *scratch)
{
    enum { VECTOR = 64 };
    _Alignas(VECTOR) char any[VECTOR] = {0}, own[MAX_VECTORS * VECTOR];
    const cs_window *w = &g->window;
    const int64_t boxes = cs_winograd_boxes(g), shares = g->output_tasks / boxes, share = task % shares;
    const int64_t all = cs_ceil(w->outputs, w->lanes), size = w->size, vector = w->lanes * size;
    cs_tile_box b = find_box(g, task / shares, common, scratch);
    if (!g->shared) transform_inputs(&b, x, 0, 1);
    int again = cs_find_uneven(&b, g->shared ? g->input_tasks / boxes : 1);
    const char *u = (const char *)packed + (g->some ? 0 : b.group * (g->packed / w->groups));
    const int64_t from = g->panels * share / shares, to = g->panels * (share + 1) / shares;
    for (int64_t panel = from; panel < to; panel++) {
        const int64_t first = panel * g->vectors, vectors = cs_least(g->vectors, all - first);
        const char *biases = g->some ? own : u + (cs_winograd_bias(g) + first * w->lanes) * size;
        if (g->some) cs_winograd_take_bias(g, b.group, first * w->lanes, vectors * w->lanes, bias, own);
        multiply_panel(&b, u, panel, vectors);
        for (int64_t j = 0; j < vectors; j++)
            for (int64_t n = 0; n < b.images; n++)
                store_outputs(&b, n, (first + j) * w->lanes, b.sums + j * vector, vectors,
                              biases + j * vector, y, any);
    }
    for (int64_t i = 0; i < vector; i++) again |= any[i];
    if (!again) return 0;
    if (!direct) return 1;
    cs_compute_again(&b, from * g->vectors * w->lanes, cs_least(w->outputs, to * g->vectors * w->lanes), x, direct, y);
    return 0;
}
