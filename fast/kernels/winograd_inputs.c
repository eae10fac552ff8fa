/* Winograd's convolution: the inputs of a box at the points of its tiles. The parts of the taps along the axes of the tiles see
 * one strip of inputs. */
#include <string.h>

#include "winograd_box.h"

/* The part of a strip that is inside the input: runs of pixels, and where each of them goes; elements between channels, and pixels. */
typedef struct {
    int64_t start, pitch, runs, length, channel, pixel;
} cs_inside;

/* Of the strip that a slab sees. */
static cs_inside list_places(const cs_tile_box *b, int64_t slab)
{
    const cs_winograd *g = b->g;
    const cs_axis *a = g->axis;
    const cs_slab tap = cs_find_slab(g, slab);
    const int64_t *x = g->window.x, step = g->high > 1 ? 1 : a[1].step;
    const int64_t d = b->depth * a[0].step + a[0].first + tap.at[0] * a[0].gap;
    const int64_t top = b->h0 * g->down * a[1].step + a[1].first + tap.at[1] * a[1].gap;
    const int64_t left = b->w0 * g->across * a[2].step + a[2].first;
    const int64_t r0 = top < 0 ? cs_ceil(-top, step) : 0;
    const int64_t r1 = top < a[1].in ? cs_least(b->rows, cs_ceil(a[1].in - top, step)) : 0;
    const int64_t c0 = cs_most(0, -left), c1 = cs_least(b->columns, a[2].in - left);
    int64_t n = 0;
    if (d < 0 || d >= a[0].in || r0 >= r1 || c0 >= c1) return (cs_inside){0};
    for (int64_t r = r0; r < r1; r++)
        for (int64_t c = c0; c < c1; c++) b->places[n++] = r * b->columns + c;
    cs_inside s = {d * x[0] + (top + r0 * step) * x[1] + (left + c0) * x[2], step * x[1], r1 - r0, c1 - c0, g->window.x_channel, x[2]};
    if (s.length * x[2] == s.pitch) s.length *= s.runs, s.runs = 1;
    return s;
}

/* Of a folded strip everything. */
static cs_inside list_all(const cs_tile_box *b)
{
    const int64_t pixels = b->rows * b->columns;
    for (int64_t i = 0; i < pixels; i++) b->places[i] = i;
    return (cs_inside){0, 0, 1, pixels, pixels, 1};
}

/* A vector of channels of an image and group to the strip, and the greatest |x| of each pixel among them and those before. */
static void fill_strip(const cs_tile_box *b, const cs_inside *s, const char *image, int64_t block)
{
    const int64_t lanes = b->g->window.lanes, size = b->g->window.size, first = block * lanes;
    const char *in = image + (first * s->channel + s->start) * size;
    for (int64_t r = 0; r < s->runs; r++)
        b->k->gather(b->strip, b->places + r * s->length, in + r * s->pitch * size, s->channel, s->pixel,
                     cs_least(lanes, b->g->channels - first), s->length, b->run + r * s->length * size);
}

/* A row of tiles from the rows of the strip that part i of the rows of taps sees: v[point][slab][vector][tile], of its slabs. */
static void transform_row(const cs_tile_box *b, const char *rows, int64_t i, char *v)
{
    const cs_winograd *g = b->g;
    const int64_t size = g->window.size, vector = g->window.lanes * size, pitch = b->columns * g->window.lanes;
    const cs_points down = cs_points_of(g, 1, i);
    if (g->high > 1) {
        b->k->down(g->high, rows, g->apart * pitch, b->columns, b->lines);
        rows = b->lines;
    }
    rows += down.from * pitch * size, v += down.from * g->broad * b->step * size;
    for (int64_t j = 0; j < cs_column_parts(g); j++, v += g->blocks * b->tiles * vector) {
        const cs_points across = cs_points_of(g, 2, j);
        b->k->across(g->broad, g->across, g->apart, across.to - across.from < g->broad, rows + b->at[j] * vector, down.to - down.from, pitch,
                     b->w1 - b->w0, v, b->step);
    }
}

/* All images, for the slabs from `slab` on that see the same strip, and their peaks. */
static void transform_slabs(const cs_tile_box *b, const char *x, int64_t slab)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t size = w->size, vector = w->lanes * size, pixels = b->rows * b->columns;
    const cs_inside s = g->folded ? list_all(b) : list_places(b, slab);
    if (s.runs * s.length < pixels) memset(b->strip, 0, (size_t)(pixels * vector));
    for (int64_t n = 0; n < b->images; n++) {
        const char *image = x + ((b->image + n) * w->x_image + b->group * w->channels * w->x_channel) * size;
        char *peaks = b->peaks + n * cs_peaks(g) * size;
        memset(b->run, 0, (size_t)(s.runs * s.length * size));
        if (g->folded) {
            cs_fold_inputs(b, image, 0), cs_peaks_of_all(b, peaks + g->rows * g->columns * size);
            image = b->folded;
        }
        for (int64_t block = 0; block < g->blocks; block++) {
            fill_strip(b, &s, image, block);
            for (int64_t i = 0; i < cs_row_parts(g); i++) {
                const int64_t top = cs_find_slab(g, i * g->slab[2]).at[1];
                char *v = b->v + ((slab + i * g->slab[2]) * g->blocks + block) * b->tiles * vector;
                for (int64_t h = b->h0; h < b->h1; h++)
                    transform_row(b, b->strip + ((h - b->h0) * g->down * g->apart + top) * b->columns * vector, i,
                                  v + cs_first_tile(b, n, h) * vector);
            }
        }
        b->k->spread_peaks(peaks, b->places, b->run, 1, s.runs * s.length);
    }
}

void cs_transform_inputs(const cs_tile_box *b, const char *x)
{
    const cs_winograd *g = b->g;
    memset(b->peaks, 0, (size_t)(b->images * cs_peaks(g) * g->window.size));
    if (g->by_tiles) cs_transform_lanes(b, x);
    for (int64_t i = 0; i < cs_strips(g) && !g->by_tiles; i++) transform_slabs(b, x, i * cs_strip_slabs(g));
}
