/* One task: the outputs of a few planes, rows and columns, from the input in place or from a padded strip of it. */
#include <stddef.h>

#include "task.h"

enum { CACHE_WAY = 4096, NEAR = 512 << 10 };

/* Whether the input has its own rows where windows are not padded; a row of outputs is found by that of its inputs where
 * its neighbours are apart. Pixels that are loaded one by one may be anywhere, but not
 * all where the first-level cache has the same few lines for them. */
static int reads_in_place(const cs_window *w)
{
    if (w->by_groups) return w->in_place && w->x_channel == 1 && w->x[2] != 1 && w->groups % w->lanes == 0;
    if (!w->by_pixels) return w->in_place && !cs_turned(w) && w->axis[2].step * w->x[2] * w->size % CACHE_WAY != 0;
    return w->in_place && w->x[2] == 1 && (w->axis[2].y == 1 || w->axis[1].step * w->x[1] >= w->axis[2].in);
}

static void run_box(cs_state *t, cs_box b, int in_place)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    if (b.h0 >= b.h1 || b.w0 >= b.w1) return;
    const char *src = t->strip, *first = t->packed;
    int64_t pitch = t->side[2].layout.length;
    t->pixel = a[2].step / t->side[2].layout.step;
    if (in_place) {
        const int64_t place = (t->d * a[0].step + a[0].first) * w->x[0] + (b.h0 * a[1].step + a[1].first) * w->x[1] +
                              (b.w0 * a[2].step + a[2].first) * w->x[2];
        src = t->x + place * w->size;
        pitch = a[1].step * w->x[1], t->pixel = a[2].step * w->x[2];
    } else if (w->by_groups) {
        cs_fill_groups(t, b);
        pitch *= w->lanes, t->pixel *= w->lanes;
    } else {
        cs_fill_strip(t, b, t->groups * w->channels);
        if (w->mixed) pitch *= w->mixed, t->pixel *= w->mixed;
    }
    const int64_t *off = t->terms + in_place * w->terms;
    for (int64_t g = 0; g < (w->by_groups ? 1 : t->groups); g++) {
        char *y = t->y + (g * w->y_group + b.h0 * a[1].y + b.w0 * a[2].y) * w->size;
        t->packed = first + g * t->packed_group;
        const char *from = src + g * w->channels * (in_place ? w->x_channel : t->channel) * w->size;
        if (w->by_pixels) {
            cs_pixel_tiles(t, from, pitch, off, b, y);
        } else {
            cs_output_tiles(t, from, pitch, off, b, y);
        }
    }
    t->packed = first;
}

/* Cuts a box into an interior, done in place, and edges, each a vector wide. */
static void cut_box(cs_state *t, cs_box b)
{
    const cs_window *w = t->w;
    const int64_t edge = w->by_pixels ? w->lanes : w->rows / 2;
    int64_t d0, d1, h0, h1, w0, w1;
    cs_interior(&w->axis[0], &d0, &d1);
    cs_interior(&w->axis[1], &h0, &h1);
    cs_interior(&w->axis[2], &w0, &w1);
    t->plain = t->d < d0 || t->d >= d1 ? (cs_box){0} : (cs_box){h0, h1, w0 - edge + 1, w1 + edge - 1};
    h0 = cs_most(h0, b.h0), h1 = cs_least(h1, b.h1);
    const int64_t left = w0 > b.w0 ? cs_most(w0, b.w0 + edge) : b.w0,
                  right = w1 < b.w1 ? cs_least(w1, b.w1 - edge) : b.w1;
    if (!reads_in_place(w) || t->d < d0 || t->d >= d1 || h0 >= h1 || right - left < edge) {
        run_box(t, b, 0);
        return;
    }
    run_box(t, (cs_box){b.h0, h0, b.w0, b.w1}, 0);
    run_box(t, (cs_box){h1, b.h1, b.w0, b.w1}, 0);
    run_box(t, (cs_box){h0, h1, b.w0, left}, 0);
    run_box(t, (cs_box){h0, h1, right, b.w1}, 0);
    run_box(t, (cs_box){h0, h1, left, right}, 1);
}

void cs_lay_out_scratch(cs_state *t, char *scratch)
{
    const cs_window *w = t->w;
    const int64_t block[3] = {1, w->height, w->width};
    for (int i = 0; i < 3; i++)
        t->side[i] = (cs_side){&w->axis[i], i < 2 ? cs_lay_out(&w->axis[i], block[i]) : cs_lay_out_columns(w, block[i])};
    const cs_layout *l0 = &t->side[0].layout, *l1 = &t->side[1].layout;
    t->terms = (int64_t *)scratch;
    t->rows = t->terms + (1 + w->in_place) * w->terms;
    t->xs = t->rows + l0->slots * l0->length * l1->slots * l1->length;
    t->ys = t->xs + cs_list_size(w);
    t->boxes = (cs_box *)(t->ys + cs_list_size(w));
    t->fresh = cs_aligned(t->boxes + cs_list_size(w));
    t->strip = t->fresh + (w->fresh ? cs_block_bytes(w) : 0);
    t->channel = l0->slots * l0->length * l1->slots * l1->length * t->side[2].layout.slots * t->side[2].layout.length;
    if (w->mixed) t->channel = 1;
    t->tile = cs_aligned(t->strip + cs_strip_size(w, w->height, w->width) * w->size);
    t->sums = cs_aligned(t->tile + cs_tile_size(w) * w->size);
}

/* What task i computes: planes [first, last) of groups and depths of images, a share of the outputs, and part of each plane. */
typedef struct {
    int64_t first, last, share;
    cs_box box;
} portion;

static portion portion_of(const cs_window *w, int64_t i)
{
    const cs_axis *a = w->axis;
    const int64_t column = i % w->width_tasks, row = i / w->width_tasks % w->height_tasks;
    const int64_t rest = i / w->width_tasks / w->height_tasks, first = rest / w->shares * w->planes;
    return (portion){first, cs_least(cs_plane_count(w), first + w->planes), rest % w->shares,
                     {a[1].out * row / w->height_tasks, a[1].out * (row + 1) / w->height_tasks,
                      a[2].out * column / w->width_tasks, a[2].out * (column + 1) / w->width_tasks}};
}

/* All groups of some images. */
static void run_channels_last(const cs_window *w, int64_t i, const void *x, const void *weights, void *y, void *scratch)
{
    const portion p = portion_of(w, i);
    const int64_t bundles = cs_ceil(w->groups, w->bundle);
    for (int64_t image = p.first / bundles; image < p.last / bundles; image++)
        cs_channels_last_task(w, p.box, (const char *)x + image * w->x_image * w->size, weights,
                              (char *)y + (w->y_base + image * w->y_image) * w->size, scratch);
}

static int run_task(const cs_window *w, int64_t i, const void *x, const void *weights, const void *bias, void *y, void *scratch)
{
    const cs_axis *a = w->axis;
    const portion p = portion_of(w, i);
    const int64_t bundles = cs_ceil(w->groups, w->bundle), padded = cs_padded(w);
    cs_state t = {.w = w, .k = cs_kernels(w->dtype), .raw = w->fresh ? weights : NULL, .bias = bias,
                  .fresh_block = -1, .all_finite = 1};
    cs_lay_out_scratch(&t, scratch);
    cs_list_terms(&t);
    t.packed_group = w->by_groups ? (w->terms + 1) * w->size : cs_packed_size(w) / cs_most(1, w->groups);
    t.from = w->blocks * p.share / w->shares, t.to = w->blocks * (p.share + 1) / w->shares;
    for (int64_t plane = p.first; plane < p.last; plane++) {
        const int64_t image = plane / a[0].out / bundles, group = plane / a[0].out % bundles * w->bundle;
        t.d = plane % a[0].out;
        t.groups = cs_least(w->bundle, w->groups - group);
        t.x = (const char *)x + (image * w->x_image + group * w->channels * w->x_channel) * w->size;
        t.packed = (const char *)weights + group * t.packed_group;
        t.finite = !padded ? -1 : cs_flags(w) + (w->by_groups ? group / w->lanes * w->size - group * t.packed_group : 0);
        t.y = (char *)y + (w->y_base + image * w->y_image + group * w->y_group + t.d * a[0].y) * w->size;
        cut_box(&t, p.box);
    }
    return (int)t.all_finite;
}

/* The tasks of window n that a share has, from *from on; how many. */
static int64_t share_of(const cs_window *w, int64_t n, int share, int threads, int64_t *from)
{
    *from = (w->tasks * share + n % threads) / threads;
    return (w->tasks * (share + 1) + n % threads) / threads - *from;
}

/* The windows take turns, as long as each has tasks, since they read the same inputs and write the same lines, unless their
 * weights are too many to stay in the second-level cache meanwhile. */
int64_t cs_take_within(const cs_window *w, int64_t windows, int64_t *next, int share, int threads)
{
    int64_t i = __atomic_fetch_add(&next[share * CS_APART], 1, __ATOMIC_RELAXED), before = 0, from, some = 0;
    int64_t turns = w[windows - 1].packed < NEAR ? INT64_MAX : 0;
    for (int64_t n = 0; n < windows; n++)
        if (w[n].tasks) turns = cs_least(turns, share_of(w + n, some++, share, threads, &from));
    const int64_t all = some ? turns * some : 0;
    for (int64_t n = 0, turn = 0; n < windows; before += w[n++].tasks) {
        if (!w[n].tasks) continue;
        const int64_t count = share_of(w + n, turn, share, threads, &from);
        if (i < all && i % some == turn) return before + from + i / some;
        if (i >= all && i - all < count - turns) return before + from + turns + i - all;
        if (i >= all) i -= count - turns;
        turn++;
    }
    return -1;
}

int cs_run(const cs_window *w, int64_t i, const void *x, const void *weights, const void *bias, void *y, void *scratch)
{
    while (i >= w->tasks) i -= w++->tasks;
    if (w->kind == CS_LOCAL) {
        cs_local_task(w, i, x, weights, bias, y, scratch);
    } else if (w->depthwise) {
        cs_depthwise_task(w, i, x, (const char *)weights + w->packed, y, scratch);
    } else if (w->kind != CS_FMA) {
        cs_pool_task(w, i, x, y, scratch);
    } else if (cs_channels_last(w)) {
        run_channels_last(w, i, x, (const char *)weights + w->packed, y, scratch);
    } else {
        return run_task(w, i, x, (const char *)weights + (w->fresh ? 0 : w->packed), bias, y, scratch);
    }
    return 1;
}
