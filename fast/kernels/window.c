/* One task: the outputs of a few planes, rows and columns, from the input in place or from a padded strip of it. */
#include "window.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t h0, h1, w0, w1; /* rows and columns of the output */
} box;

/* A strip's geometry along an axis. */
typedef struct {
    const cs_axis *axis;
    cs_layout layout;
} side;

typedef struct {
    const cs_window *w;
    const cs_table *k;
    side side[3];
    int64_t *in_place, *in_strip; /* offsets of the terms */
    int64_t *rows;                /* where the rows of a strip are in a channel; -1 beyond the edges */
    int64_t *xs, *ys;             /* a list of tiles: their places in the input and the output */
    int64_t *counts;
    char *strip, *tile;
    int64_t d;             /* the outermost output index */
    int64_t from, to;      /* blocks */
    const char *x, *packed; /* the first channel of the group */
    char *y;               /* the group's first output at (d, 0, 0) */
} task;

/* The run and the place within a strip that tap t of output 0 has along an axis. */
static int64_t tap_slot(const side *s, int64_t t, int64_t *at)
{
    const cs_axis *a = s->axis;
    if (!s->layout.shared) return *at = 0, t;
    const int64_t far = a->gap < 0 ? (a->taps - 1 - t) * -a->gap : t * a->gap;
    *at = far / a->step;
    return (a->gap < 0 ? a->taps - 1 - t : t) % s->layout.slots;
}

/* The input position at which a run of the strip starts for output 0. */
static int64_t slot_start(const side *s, int64_t slot)
{
    const cs_axis *a = s->axis;
    if (!s->layout.shared) return a->first + slot * a->gap;
    const int64_t gap = a->gap < 0 ? -a->gap : a->gap;
    return cs_least(a->first, a->first + (a->taps - 1) * a->gap) + slot * gap % a->step;
}

/* The position in [0, n) of input i, or -1 where it is the fill value. */
static int64_t position(int64_t i, int64_t n, int64_t boundary)
{
    if (i >= 0 && i < n) return i;
    if (boundary == CS_FILL) return -1;
    if (boundary == CS_EDGE || n == 1) return i < 0 ? 0 : n - 1;
    const int64_t period = boundary == CS_WRAP ? n : boundary == CS_SYMM ? 2 * n : 2 * n - 2;
    const int64_t m = (i % period + period) % period;
    return m < n ? m : boundary == CS_SYMM ? period - 1 - m : period - m;
}

static void list_terms(task *t)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    const int64_t deep = t->side[0].layout.slots * t->side[0].layout.length;
    const int64_t high = t->side[1].layout.slots * t->side[1].layout.length, wide = t->side[2].layout.length;
    const int64_t run = deep * high * wide, channel = run * t->side[2].layout.slots;
    int64_t i = 0, d, h, v;
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t t0 = 0; t0 < a[0].taps; t0++)
            for (int64_t t1 = 0; t1 < a[1].taps; t1++)
                for (int64_t t2 = 0; t2 < a[2].taps; t2++, i++) {
                    const int64_t row0 = tap_slot(&t->side[0], t0, &d) * t->side[0].layout.length;
                    const int64_t row1 = tap_slot(&t->side[1], t1, &h) * t->side[1].layout.length;
                    const int64_t slot = tap_slot(&t->side[2], t2, &v);
                    t->in_strip[i] = c * channel + slot * run + ((row0 + d) * high + row1 + h) * wide + v;
                    t->in_place[i] = ((c * a[0].in + t0 * a[0].gap) * a[1].in + t1 * a[1].gap) * a[2].in + t2 * a[2].gap;
                }
}

/* Copies the input that a box of outputs needs: [channel][run of columns][row][column]. */
static void fill_strip(task *t, box b)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    const cs_layout *l0 = &t->side[0].layout, *l1 = &t->side[1].layout, *l2 = &t->side[2].layout;
    const int64_t rows = l0->slots * l0->length * l1->slots * l1->length, plane = a[0].in * a[1].in * a[2].in;
    const int64_t needed = l1->length - (w->height - (b.h1 - b.h0));
    for (int64_t i = 0; i < rows; i++) {
        const int64_t s0 = i / (l1->slots * l1->length), s1 = i % (l1->slots * l1->length);
        const int64_t p0 = slot_start(&t->side[0], s0 / l0->length) + (t->d + s0 % l0->length) * a[0].step;
        const int64_t p1 = slot_start(&t->side[1], s1 / l1->length) + (b.h0 + s1 % l1->length) * a[1].step;
        const int64_t i0 = position(p0, a[0].in, w->boundary), i1 = position(p1, a[1].in, w->boundary);
        t->rows[i] = s1 % l1->length >= needed ? -2 : i0 < 0 || i1 < 0 ? -1 : (i0 * a[1].in + i1) * a[2].in;
    }
    char *to = t->strip;
    for (int64_t c = 0; c < w->channels; c++) {
        for (int64_t slot = 0; slot < l2->slots; slot++) {
            cs_row r = {slot_start(&t->side[2], slot) + b.w0 * a[2].step, a[2].step, l2->length - (w->width - (b.w1 - b.w0)),
                        0, 0, a[2].in, w->boundary, w->fill};
            r.inside = cs_least(r.count, r.start < 0 ? cs_ceil(-r.start, r.step) : 0);
            r.outside = cs_most(r.inside, cs_least(r.count, r.start < r.in ? cs_ceil(r.in - r.start, r.step) : 0));
            for (int64_t i = 0; i < rows; i++, to += l2->length * w->size)
                if (t->rows[i] > -2) t->k->copy_row(to, t->rows[i] < 0 ? NULL : t->x + (c * plane + t->rows[i]) * w->size, &r);
        }
    }
    memset(to, 0, (size_t)(w->lanes * w->size));
}

/* Copies the lanes of one vector that are outputs of the box; x is its place among rows that are `pitch` apart. */
static void scatter(const task *t, const char *from, int64_t x, int64_t pitch, box b, char *y)
{
    const cs_window *w = t->w;
    const int64_t size = w->size, columns = b.w1 - b.w0;
    int64_t row = x / pitch, column = x % pitch;
    for (int64_t l = 0; l < w->lanes && row < b.h1 - b.h0; l += pitch - column, row++, column = 0) {
        const int64_t run = cs_least(columns - column, w->lanes - l);
        char *to = y + (row * w->axis[1].y + column * w->axis[2].y) * size;
        if (w->axis[2].y == 1) {
            memcpy(to, from + l * size, (size_t)(run * size));
        } else {
            for (int64_t i = 0; i < run; i++) memcpy(to + i * w->axis[2].y * size, from + (l + i) * size, (size_t)size);
        }
    }
}

/* The vectors that cover a box: where each starts, among rows that are `pitch` apart in the input. */
static int64_t list_vectors(const task *t, box b, int64_t pitch)
{
    const int64_t lanes = t->w->lanes, rows = b.h1 - b.h0, columns = b.w1 - b.w0;
    int64_t n = 0;
    if (columns >= lanes) {
        for (int64_t row = 0; row < rows; row++) {
            for (int64_t next = 0; next < columns; next += lanes, n++) {
                const int64_t column = cs_least(next, columns - lanes);
                t->xs[n] = row * pitch + column;
                t->ys[n] = row * t->w->axis[1].y + column;
            }
        }
        return n;
    }
    for (int64_t at = 0; at < rows * pitch; n++) {
        t->xs[n] = at;
        at += lanes;
        if (at % pitch >= columns) at += pitch - at % pitch;
    }
    return n;
}

static void pixel_tiles(const task *t, const char *src, int64_t pitch, const int64_t *off, box b, char *y)
{
    const cs_window *w = t->w;
    const int64_t size = w->size, count = list_vectors(t, b, pitch), vectors = w->vectors;
    const int direct = b.w1 - b.w0 >= w->lanes && w->axis[2].y == 1;
    for (int64_t block = t->from; block < t->to; block++) {
        const int64_t from = w->outputs * block / w->blocks, rows = w->outputs * (block + 1) / w->blocks - from;
        tile_pixels *kernel = w->kind == CS_FMA ? t->k->pixels[rows][vectors] : t->k->pool[w->kind];
        const void *weights = w->kind == CS_FMA ? t->packed + from * (w->terms + 1) * size : (const char *)&w->power;
        char *yb = y + from * w->y_plane * size;
        for (int64_t i = 0; i < count; i += vectors) {
            const void *px[MAX_VECTORS];
            void *py[MAX_VECTORS];
            for (int64_t j = 0; j < vectors; j++) {
                const int64_t v = cs_least(i + j, count - 1);
                px[j] = src + t->xs[v] * size;
                py[j] = direct ? yb + t->ys[v] * size : t->tile + j * w->lanes * size;
            }
            kernel(px, off, w->terms, weights, py, direct ? w->y_plane : vectors * w->lanes);
            for (int64_t r = 0; !direct && r < rows; r++)
                for (int64_t j = 0; j < cs_least(vectors, count - i); j++)
                    scatter(t, t->tile + (r * vectors + j) * w->lanes * size, t->xs[i + j], pitch, b, yb + r * w->y_plane * size);
        }
    }
}

/* Stores a panel of outputs, which is there pixel by pixel, output by output. */
static void store_panel(const task *t, box b, int64_t wide, int64_t outputs, char *y)
{
    const cs_window *w = t->w;
    const int64_t size = w->size, rows = b.h1 - b.h0, columns = b.w1 - b.w0;
    if (w->axis[2].y == 1 && (rows == 1 || w->axis[1].y == columns)) {
        t->k->transpose(y, w->y_plane, t->tile, wide, rows * columns, outputs);
        return;
    }
    for (int64_t r = 0; r < rows; r++) {
        const char *from = t->tile + r * columns * wide * size;
        char *to = y + r * w->axis[1].y * size;
        if (w->axis[2].y == 1) {
            t->k->transpose(to, w->y_plane, from, wide, columns, outputs);
            continue;
        }
        for (int64_t k = 0; k < outputs; k++)
            for (int64_t c = 0; c < columns; c++)
                memcpy(to + (k * w->y_plane + c * w->axis[2].y) * size, from + (c * wide + k) * size, (size_t)size);
    }
}

static void output_tiles(const task *t, const char *src, int64_t pitch, const int64_t *off, box b, char *y)
{
    const cs_window *w = t->w;
    const int64_t size = w->size, half = w->rows / 2, columns = b.w1 - b.w0, panel = w->vectors * w->lanes;
    int64_t count = 0;
    for (int64_t row = 0; row < b.h1 - b.h0; row++) {
        for (int64_t next = 0; next < columns; next += half, count++) {
            const int64_t column = cs_least(next, columns - half);
            t->xs[count] = row * pitch + column;
            t->ys[count] = row * columns + column;
        }
    }
    for (int64_t block = t->from; block < t->to; block++) {
        const int64_t from = block * panel, outputs = cs_least(panel, w->outputs - from), vectors = cs_ceil(outputs, w->lanes);
        const int64_t wide = vectors * w->lanes;
        const char *weights = t->packed + from * (w->terms + 1) * size;
        tile_outputs *kernel = t->k->outputs[w->rows][vectors];
        for (int64_t i = 0; i < count; i += 2) {
            const int64_t j = cs_least(i + 1, count - 1);
            kernel(src + t->xs[i] * size, src + t->xs[j] * size, off, w->terms, weights, t->tile + t->ys[i] * wide * size,
                   t->tile + t->ys[j] * wide * size);
        }
        store_panel(t, b, wide, outputs, y + from * w->y_plane * size);
    }
}

/* The number of taps of output o that a mean divides by. */
static int64_t tap_count(const cs_axis *a, int64_t o)
{
    const int64_t start = o * a->step + a->mean_first;
    const int64_t from = start < a->low ? cs_ceil(a->low - start, a->gap) : 0;
    const int64_t to = start < a->high ? cs_ceil(a->high - start, a->gap) : 0;
    return cs_most(0, cs_least(a->mean_taps, to) - from);
}

static void divide(const task *t, box b, char *y)
{
    const cs_axis *a = t->w->axis;
    for (int64_t i = b.w0; i < b.w1; i++) t->counts[i - b.w0] = tap_count(&a[2], i);
    for (int64_t r = b.h0; r < b.h1; r++, y += a[1].y * t->w->size)
        t->k->divide(y, t->counts, tap_count(&a[0], t->d) * tap_count(&a[1], r), b.w1 - b.w0);
}

/* The outputs [from, to) of an axis whose windows do not reach beyond the edges. */
static void interior(const cs_axis *a, int64_t *from, int64_t *to)
{
    const int64_t last = (a->taps - 1) * a->gap, low = a->first + cs_least(0, last), high = a->first + cs_most(0, last);
    *from = low < 0 ? cs_ceil(-low, a->step) : 0;
    *to = high < a->in ? cs_least(a->out, (a->in - 1 - high) / a->step + 1) : 0;
}

static void run_box(task *t, box b, int in_place)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    if (b.h0 >= b.h1 || b.w0 >= b.w1) return;
    const char *src = t->strip;
    int64_t pitch = t->side[2].layout.length;
    char *y = t->y + (b.h0 * a[1].y + b.w0 * a[2].y) * w->size;
    if (in_place) {
        const int64_t row = (t->d * a[0].step + a[0].first) * a[1].in + b.h0 * a[1].step + a[1].first;
        src = t->x + (row * a[2].in + b.w0 + a[2].first) * w->size;
        pitch = a[1].step * a[2].in;
    } else {
        fill_strip(t, b);
    }
    (w->by_pixels ? pixel_tiles : output_tiles)(t, src, pitch, in_place ? t->in_place : t->in_strip, b, y);
    if (w->kind == CS_MEAN) divide(t, b, y);
}

/* Cuts a box into an interior, done in place, and edges, each a vector wide. */
static void cut_box(task *t, box b)
{
    const cs_window *w = t->w;
    int64_t d0, d1, h0, h1, w0, w1;
    interior(&w->axis[0], &d0, &d1);
    interior(&w->axis[1], &h0, &h1);
    interior(&w->axis[2], &w0, &w1);
    h0 = cs_most(h0, b.h0), h1 = cs_least(h1, b.h1);
    const int64_t edge = cs_most(w->lanes, w->rows / 2);
    const int64_t left = w0 > b.w0 ? cs_most(w0, b.w0 + edge) : b.w0, right = w1 < b.w1 ? cs_least(w1, b.w1 - edge) : b.w1;
    if (!w->in_place || t->d < d0 || t->d >= d1 || h0 >= h1 || right - left < edge) {
        run_box(t, b, 0);
        return;
    }
    run_box(t, (box){b.h0, h0, b.w0, b.w1}, 0);
    run_box(t, (box){h1, b.h1, b.w0, b.w1}, 0);
    run_box(t, (box){h0, h1, b.w0, left}, 0);
    run_box(t, (box){h0, h1, right, b.w1}, 0);
    run_box(t, (box){h0, h1, left, right}, 1);
}

static char *aligned(void *p) { return (char *)(((uintptr_t)p + 63) & ~(uintptr_t)63); }

static void lay_out_scratch(task *t, char *scratch)
{
    const cs_window *w = t->w;
    const int64_t block[3] = {1, w->height, w->width};
    for (int i = 0; i < 3; i++) t->side[i] = (side){&w->axis[i], cs_lay_out(&w->axis[i], block[i])};
    const cs_layout *l0 = &t->side[0].layout, *l1 = &t->side[1].layout;
    t->in_place = (int64_t *)scratch;
    t->in_strip = t->in_place + w->terms;
    t->rows = t->in_strip + w->terms;
    t->xs = t->rows + l0->slots * l0->length * l1->slots * l1->length;
    t->ys = t->xs + cs_list_size(w);
    t->counts = t->ys + cs_list_size(w);
    t->strip = aligned(t->counts + w->width);
    t->tile = aligned(t->strip + cs_strip_size(w, w->height, w->width) * w->size);
}

static void run_task(const cs_window *w, int64_t i, const void *x, const void *weights, void *y, void *scratch)
{
    const cs_axis *a = w->axis;
    task t = {.w = w, .k = cs_kernels(w->dtype)};
    lay_out_scratch(&t, scratch);
    list_terms(&t);
    const int64_t share = i % w->shares, column = i / w->shares % w->width_tasks;
    const int64_t row = i / w->shares / w->width_tasks % w->height_tasks;
    const int64_t first = i / w->shares / w->width_tasks / w->height_tasks * w->planes;
    const int64_t planes = w->images * w->groups * a[0].out, packed = cs_packed_size(w) / cs_most(1, w->groups);
    const box b = {a[1].out * row / w->height_tasks, a[1].out * (row + 1) / w->height_tasks,
                   a[2].out * column / w->width_tasks, a[2].out * (column + 1) / w->width_tasks};
    t.from = w->blocks * share / w->shares, t.to = w->blocks * (share + 1) / w->shares;
    for (int64_t plane = first; plane < cs_least(planes, first + w->planes); plane++) {
        const int64_t image_group = plane / a[0].out, group = image_group % w->groups;
        t.d = plane % a[0].out;
        t.x = (const char *)x + image_group * w->channels * a[0].in * a[1].in * a[2].in * w->size;
        t.packed = (const char *)weights + group * packed;
        t.y = (char *)y + (w->y_base + image_group * w->outputs * w->y_plane + t.d * a[0].y) * w->size;
        cut_box(&t, b);
    }
}

void cs_run(const cs_window *w, int64_t i, const void *x, const void *weights, const void *bias, void *y, void *scratch)
{
    while (i >= w->tasks) i -= w++->tasks;
    if (w->kind == CS_LOCAL) {
        cs_local_task(w, i, x, weights, bias, y, scratch);
    } else {
        run_task(w, i, x, (const char *)weights + w->packed, y, scratch);
    }
}
