/* Unshared and sparsely shared kernels over several images: a task holds the inputs of neighbouring output positions, a vector of
 * images each, and runs some outputs at a time over one position after the other. Each row of weights is read once, for all
 * these images. */
#include <string.h>

#include "local.h"

enum { STRIP_BYTES = 384 << 10, RUN = 32, MOST_VECTORS = 3, TASKS = 8, LINE = 64 };

/* Inputs of an axis, every `unit`-th of them, that so many neighbouring outputs see. */
static int64_t reach(const cs_axis *a, int64_t outputs, int64_t unit)
{
    return (outputs - 1) * a->step + (a->taps - 1) * a->gap / unit + 1;
}

/* Of rows of inputs, one row of outputs sees every so many. */
static int64_t unit(const cs_window *w)
{
    return w->height == 1 ? cs_most(1, w->axis[1].gap) : 1;
}

static int64_t seen_rows(const cs_window *w, int64_t height)
{
    return reach(&w->axis[1], height, unit(w));
}

static int64_t seen_columns(const cs_window *w, int64_t width)
{
    return reach(&w->axis[2], width, 1);
}

/* Elements of the strip. */
static int64_t strip_size(const cs_window *w)
{
    return w->channels * w->axis[0].taps * seen_rows(w, w->height) * seen_columns(w, w->width) * w->vectors * w->lanes;
}

static int fits(const cs_window *w)
{
    return strip_size(w) * w->size <= STRIP_BYTES;
}

int cs_local_suits_images(cs_window *w)
{
    const int64_t out = w->axis[2].out;
    w->vectors = 0;
    if (w->terms == 0 || w->lanes < 4 || 2 * w->images < w->lanes) return 0;
    w->vectors = cs_least(MOST_VECTORS, cs_ceil(w->images, w->lanes));
    while (!cs_kernels(w->dtype)->outer[1][w->vectors]) w->vectors--;
    w->vectors = cs_ceil(w->images, w->lanes * cs_ceil(w->images, w->lanes * w->vectors));
    w->height = 1;
    w->width = cs_ceil(out, cs_ceil(out, RUN));
    while (w->width > 1 && !fits(w)) w->width = cs_ceil(w->width, 2);
    while (w->vectors > 0 && !fits(w)) w->vectors--;
    return w->vectors > 0;
}

void cs_local_images_split(cs_window *w, int threads)
{
    const cs_axis *a = w->axis;
    w->planes = w->vectors * w->lanes;
    w->plane_tasks = w->groups * cs_ceil(w->images, w->planes);
    const int64_t rows = a[0].out * a[1].out * cs_ceil(a[2].out, w->width) * w->plane_tasks; /* of positions */
    const int64_t most = cs_least(a[1].out, cs_most(1, rows / (TASKS * threads)));
    w->height = most;
    while (w->height > 1 && (!fits(w) || seen_rows(w, w->height) > w->height * a[1].taps)) w->height--; /* rows that are shared */
    w->width_tasks = cs_ceil(a[2].out, w->width), w->height_tasks = a[0].out * cs_ceil(a[1].out, w->height);
    const int64_t tasks = w->plane_tasks * w->height_tasks * w->width_tasks;
    w->shares = cs_most(1, cs_least(w->outputs, 2 * threads / cs_most(1, tasks)));
    w->tasks = w->outputs ? tasks * w->shares : 0;
    const int64_t sums = MAX_ROWS * w->width * w->planes;
    w->scratch = w->terms * (int64_t)sizeof(int64_t) + (strip_size(w) + sums) * w->size + 3 * LINE;
}

/* A task: `rows` x `count` output positions from (d, h, first) on, for some images of a group. */
typedef struct {
    const cs_window *w;
    const cs_table *k;
    int64_t d, h, first, rows, count, group, image;
    const char *x, *weights, *bias;
    char *y, *strip, *sums;
    int64_t *terms; /* where terms are in the strip */
    int64_t kernels, apart[MAX_ROWS]; /* of an output; where the rows of weights of neighbouring outputs are */
} run;

/* A row of inputs; zeros beyond the edges. */
static void fill_row(const run *r, int64_t channel, int64_t depth, int64_t row, char *to)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    const int64_t bytes = w->planes * w->size, columns = seen_columns(w, r->count);
    const cs_row seen = cs_row_of(w, r->first * a[2].step + a[2].first, 1, columns);
    const int inside = depth >= 0 && depth < a[0].in && row >= 0 && row < a[1].in;
    const int64_t low = seen.inside, high = inside ? seen.outside : low;
    const int64_t at = channel * w->x_channel + depth * w->x[0] + row * w->x[1] + (seen.start + low) * w->x[2];
    const void *from[MOST_VECTORS * 64];
    memset(to, 0, (size_t)(low * bytes));
    memset(to + high * bytes, 0, (size_t)((columns - high) * bytes));
    if (low == high) return;
    for (int64_t n = 0; n < w->planes; n++)
        from[n] = r->x + (cs_least(r->image + n, w->images - 1) * w->x_image + at) * w->size;
    for (int64_t v = 0; v < w->vectors; v++)
        r->k->interleave(to + low * bytes + v * w->lanes * w->size, w->planes, from + v * w->lanes, w->x[2], high - low);
}

static void fill_strip(const run *r)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    const int64_t pitch = seen_columns(w, w->width) * w->planes * w->size, some = seen_rows(w, r->rows), apart = seen_rows(w, w->height);
    for (int64_t slab = 0; slab < w->channels * a[0].taps; slab++) {
        const int64_t channel = r->group * w->channels + slab / a[0].taps;
        const int64_t depth = r->d * a[0].step + a[0].first + slab % a[0].taps * a[0].gap;
        char *to = r->strip + slab * apart * pitch;
        for (int64_t i = 0; i < some; i++)
            fill_row(r, channel, depth, r->h * a[1].step + a[1].first + i * unit(w), to + i * pitch);
    }
}

static void list_terms(const run *r)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    const int64_t pitch = seen_columns(w, w->width), apart = seen_rows(w, w->height);
    for (int64_t i = 0; i < w->terms; i++) {
        const int64_t row = i / a[2].taps % a[1].taps * a[1].gap / unit(w), slab = i / a[2].taps / a[1].taps;
        r->terms[i] = ((slab * apart + row) * pitch + i % a[2].taps * a[2].gap) * w->planes;
    }
}

static int64_t kernel_of(const run *r, int64_t row, int64_t column)
{
    const cs_axis *a = r->w->axis;
    return cs_kernel_at(a, r->d, r->h + row, r->first + column);
}

/* The bias of an output is that of its kernel, in each lane. */
static void set_bias(const run *r, int64_t kernel, char *sums)
{
    const int64_t size = r->w->size;
    for (int64_t n = 0; n < r->w->planes; n++, sums += size) memcpy(sums, r->bias + kernel * size, size == 4 ? 4 : 8);
}

/* The outputs [from, to) of all groups at a position: a row of vectors for each of them. */
static void run_position(const run *r, int64_t row, int64_t column, int64_t from, int64_t to, char *sums)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    const int64_t first = from * r->kernels + kernel_of(r, row, column);
    const int64_t place = (row * a[1].step * seen_columns(w, w->width) + column * a[2].step) * w->planes;
    for (int64_t i = 0; i < to - from && r->bias; i++) set_bias(r, first + i * r->kernels, sums + i * w->planes * w->size);
    const cs_outer o = {.x = r->weights + first * w->terms * w->size, .at = r->apart, .places = r->terms, .count = w->terms,
                        .dy = r->strip + place * w->size, .partial = sums, .first = !r->bias};
    r->k->unshared[to - from][w->vectors](&o);
}

/* A row of positions of some outputs of each image. */
static void store(const run *r, int64_t row, int64_t from, int64_t to)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    const int64_t all = w->groups * w->outputs, places = cs_positions(w), outputs = to - from;
    const int64_t position = (r->d * a[1].out + r->h + row) * a[2].out + r->first;
    for (int64_t o = from; o < to; o++)
        for (int64_t v = 0; v < w->vectors; v++) {
            const int64_t image = r->image + v * w->lanes, images = cs_least(w->lanes, w->images - image);
            if (images > 0)
                r->k->transpose(r->y + ((image * all + o) * places + position) * w->size, all * places,
                                r->sums + ((o - from) * w->vectors + v) * w->lanes * w->size, outputs * w->planes, r->count, images);
        }
}

void cs_local_images_task(const cs_window *w, int64_t i, const void *x, const void *weights, const void *bias, void *y,
                          void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t share = i % w->shares, column = i / w->shares % w->width_tasks, rest = i / w->shares / w->width_tasks;
    const int64_t band = rest % w->height_tasks, plane = rest / w->height_tasks, bands = w->height_tasks / a[0].out;
    run r = {.w = w, .k = cs_kernels(w->dtype), .d = band / bands, .h = a[1].out * (band % bands) / bands, .group = plane % w->groups,
             .image = plane / w->groups * w->planes, .x = x, .weights = weights, .bias = bias, .y = y};
    r.rows = a[1].out * (band % bands + 1) / bands - r.h;
    r.first = a[2].out * column / w->width_tasks, r.count = a[2].out * (column + 1) / w->width_tasks - r.first;
    r.terms = (int64_t *)cs_aligned(scratch), r.strip = cs_aligned(r.terms + w->terms);
    r.sums = cs_aligned(r.strip + strip_size(w) * w->size);
    r.kernels = a[0].tile * a[1].tile * a[2].tile;
    for (int64_t o = 0; o < MAX_ROWS; o++) r.apart[o] = o * r.kernels * w->terms;
    list_terms(&r);
    fill_strip(&r);
    const int64_t first = w->outputs * share / w->shares, outputs = w->outputs * (share + 1) / w->shares - first;
    const int64_t blocks = cs_ceil(outputs, cs_outer_rows(r.k, w->vectors)), base = r.group * w->outputs + first;
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t from = base + outputs * block / blocks, to = base + outputs * (block + 1) / blocks;
        for (int64_t row = 0; row < r.rows; row++) {
            for (int64_t place = 0; place < r.count; place++)
                run_position(&r, row, place, from, to, r.sums + place * (to - from) * w->planes * w->size);
            store(&r, row, from, to);
        }
    }
}
