/* Winograd's convolution of few channels: lanes are tiles, row by row of them, as the strips' channels are one after the other. */
#include <string.h>

#include "winograd_box.h"

/* A result so large is not in the caches. */
enum { MANY_BYTES = 8 << 20, TILES = 4 };

void cs_transform_lanes(const cs_tile_box *b, const char *x)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t size = w->size, pixels = b->rows * b->columns, term = cs_lanes_of_box(g), pitch = cs_lane_pitch(g);
    for (int64_t n = 0; n < b->images; n++) {
        const char *image = x + ((b->image + n) * w->x_image + b->group * w->channels * w->x_channel) * size;
        char *peaks = b->peaks + n * cs_peaks(g) * size;
        for (int64_t layer = 0; layer < cs_layers(g); layer++) {
            cs_fold_inputs(b, image, layer);
            b->k->peaks_of_planes(peaks, b->folded, pixels, g->channels);
            for (int64_t c = 0; c < g->channels; c++)
                for (int64_t h = b->h0; h < b->h1; h++)
                    b->k->tile_row(g->high, b->folded + (c * pixels + (h - b->h0) * g->down * b->columns) * size, b->columns, b->w1 - b->w0, b->lines,
                                   b->v + ((layer * g->channels + c) * term + (n * (b->h1 - b->h0) + h - b->h0) * pitch) * size, b->step);
        }
        if (g->folded) cs_peaks_of_all(b, peaks + g->rows * g->columns * size);
    }
}

/* Where pixel `pixel` of a row of all tiles is in the result, of which `columns` are to be stored. */
static void find_place(const cs_tile_box *b, int64_t pixel, int64_t columns, int64_t i, cs_lanes *t)
{
    const cs_axis *a = b->g->axis;
    const int64_t pitch = cs_lane_pitch(b->g), tall = b->h1 - b->h0, row = pixel / 4 / pitch, n = row / tall, h = row % tall;
    const int64_t column = pixel - row * pitch * 4, wide = cs_least(b->w1 * 4, a[2].out) - b->w0 * 4;
    t->rows[i] = n < b->images && column < wide ? cs_least(4, a[1].out - (b->h0 + h) * 4) : 0;
    t->columns[i] = cs_least(columns, wide - column);
    t->places[i] = n * b->g->window.y_image + h * 4 * a[1].y + column * a[2].y;
}

/* All bits of the lanes of a vector whose tiles there are: whose first pixels are in the result. */
static void find_existing(const cs_lanes *t, int64_t lanes, int64_t size, char *exists)
{
    for (int64_t l = 0; l < lanes; l++) {
        const int64_t q = l * 4 / lanes, there = t->rows[q] > 0 && t->columns[q] > l * 4 % lanes;
        memset(exists + l * size, there ? 0xff : 0, (size_t)size);
    }
}

/* Where the weights, biases and outputs of a panel are, and what is between them: those of some tiles are set with these. */
static void take_panel(const cs_tile_box *b, int64_t panel, const char *weights, const char *bias, char *y, cs_lanes *t)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const cs_axis *a = g->axis;
    const int64_t lanes = w->lanes, output = panel * g->vectors * lanes, wide = cs_wide_panel(g, panel);
    const int64_t point = cs_point_size(g, t->terms, wide);
    t->x_point = t->of_tiles ? b->step : point, t->x_term = t->of_tiles ? cs_lanes_of_box(g) : wide;
    t->w_point = t->of_tiles ? point : b->step, t->w_term = t->of_tiles ? wide : cs_lanes_of_box(g);
    t->x = t->w = weights, t->bias = bias, t->count = cs_least(wide, w->outputs - output);
    t->y = y + (w->y_base + b->image * w->y_image + b->group * w->y_group + b->depth * a[0].y + b->h0 * 4 * a[1].y + b->w0 * 4 * a[2].y +
                output * w->y_plane) * w->size;
    t->flags = (char *)cs_lane_flag(b, output, 0);
}

/* A vector of tiles by all outputs of a panel. */
static void finish_vector(const cs_tile_box *b, int64_t tile, cs_lanes *t, void *any)
{
    const int64_t size = b->g->window.size;
    t->x = b->v + tile * size, t->flags = (char *)t->flags + tile * size;
    b->k->tile_lanes(t, any);
}

/* A few tiles by a panel's vectors of outputs. */
static void finish_few(const cs_tile_box *b, int64_t tile, cs_lanes *t, void *any)
{
    const int64_t size = b->g->window.size, lanes = b->g->window.lanes, step = lanes * size;
    t->w = b->v + tile * size, t->flags = (char *)t->flags + tile * t->flag_plane * size;
    const int64_t outputs = t->count;
    t->count = cs_least(TILES, cs_lanes_of_box(b->g) - tile);
    for (t->lanes = outputs; t->lanes > 0; t->lanes -= lanes) {
        b->k->tile_lanes(t, any);
        t->x = (const char *)t->x + step, t->bias = (const char *)t->bias + step, t->y = (char *)t->y + step, t->flags = (char *)t->flags + step;
    }
}

void cs_finish_lanes(const cs_tile_box *b, int64_t from, int64_t to, const char *weights, const char *bias, char *y, void *any)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t lanes = w->lanes, size = w->size, of_tiles = g->axis[2].y == 1, all = b->images * (b->h1 - b->h0) * cs_lane_pitch(g);
    const int64_t places = of_tiles ? 4 : TILES, pixels = of_tiles ? lanes : 4;
    _Alignas(64) char exists[64];
    cs_lanes t = {.points = g->high, .of_tiles = of_tiles, .fetched = w->images * w->y_image * size > MANY_BYTES, .exists = exists,
                  .terms = cs_lane_terms(g), .plane = w->y_plane, .row = g->axis[1].y, .pixel = g->axis[2].y,
                  .flag_plane = of_tiles ? cs_lanes_of_box(g) : cs_lane_outputs(g)};
    memset(exists, 0xff, sizeof exists);
    for (int64_t tile = 0; tile < all; tile += places * pixels / 4) {
        for (int64_t i = 0; i < places; i++) find_place(b, tile * 4 + i * pixels, pixels, i, &t);
        if (of_tiles) find_existing(&t, lanes, size, exists);
        for (int64_t panel = from; panel < to; panel++) {
            const int64_t first = (panel - from) * g->vectors * lanes;
            take_panel(b, panel, weights + (panel - from) * cs_winograd_panel(g, 1) * size, bias + first * size, y, &t);
            (of_tiles ? finish_vector : finish_few)(b, tile, &t, any);
        }
    }
}
