/* Unshared and sparsely shared kernels over several images: a task holds the inputs of neighbouring output positions in a row, a
 * vector of images each, and runs its outputs over one position after the other. Each reads its row of weights once, for all
 * these images. */
#include <string.h>

#include "local.h"

enum { STRIP_BYTES = 1 << 20, SUMS_BYTES = 384 << 10, MOST_VECTORS = 3, RUN = 32, CHUNK_BYTES = 256, LINE = 64 };

/* Columns of inputs that so many neighbouring outputs see. */
static int64_t seen(const cs_window *w, int64_t outputs)
{
    const cs_axis *a = &w->axis[2];
    return (outputs - 1) * a->step + (a->taps - 1) * a->gap + 1;
}

static int64_t rows(const cs_window *w)
{
    return w->channels * w->axis[0].taps * w->axis[1].taps;
}

static int64_t strip_bytes(const cs_window *w)
{
    return rows(w) * seen(w, w->width) * w->vectors * w->lanes * w->size;
}

static int64_t patch_bytes(const cs_window *w)
{
    return w->terms * w->vectors * w->lanes * w->size;
}

/* Outputs whose sums are kept until the run ends. */
static int64_t batch(const cs_window *w)
{
    return cs_most(1, cs_least(w->outputs, SUMS_BYTES / (w->width * w->vectors * w->lanes * w->size)));
}

int cs_local_suits_images(cs_window *w)
{
    const int64_t out = w->axis[2].out;
    w->vectors = 0;
    if (w->terms == 0 || w->lanes < 4 || 2 * w->images < w->lanes) return 0;
    w->vectors = cs_least(MOST_VECTORS, cs_ceil(w->images, w->lanes));
    while (!cs_kernels(w->dtype)->outer[1][w->vectors]) w->vectors--;
    w->vectors = cs_ceil(w->images, w->lanes * cs_ceil(w->images, w->lanes * w->vectors));
    w->width = cs_ceil(out, cs_ceil(out, RUN));
    while (w->width > 1 && strip_bytes(w) > STRIP_BYTES) w->width = cs_ceil(w->width, 2);
    while (w->vectors > 0 && strip_bytes(w) > STRIP_BYTES) w->vectors--;
    return w->vectors > 0;
}

void cs_local_images_split(cs_window *w, int threads)
{
    const cs_axis *a = w->axis;
    w->planes = w->vectors * w->lanes;
    w->plane_tasks = w->groups * cs_ceil(w->images, w->planes);
    w->width_tasks = cs_ceil(a[2].out, w->width), w->height_tasks = a[0].out * a[1].out;
    const int64_t tasks = w->plane_tasks * w->height_tasks * w->width_tasks;
    w->shares = cs_most(1, cs_least(w->outputs, 2 * threads / cs_most(1, tasks)));
    w->tasks = w->outputs ? tasks * w->shares : 0;
    const int64_t sums = batch(w) * w->width * w->vectors * w->lanes * w->size;
    w->scratch = 2 * w->terms * (int64_t)sizeof(int64_t) + strip_bytes(w) + patch_bytes(w) + sums + 4 * LINE;
}

/* A task: output positions (d, h, first) and after it, those of one row, for some images of a group. */
typedef struct {
    const cs_window *w;
    const cs_table *k;
    int64_t d, h, first, count, group, image;
    const char *x, *weights, *bias;
    char *y, *strip, *patch, *sums;
    int64_t *terms, *places; /* where terms are in the strip; 0, 1, ... */
} run;

/* The inputs that the run sees, row by row of each channel; zeros beyond the edges. */
static void fill_strip(const run *r)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    const int64_t wide = w->vectors * w->lanes * w->size, columns = seen(w, r->count), pitch = seen(w, w->width);
    const int64_t start = r->first * a[2].step + a[2].first;
    const int64_t low = cs_least(columns, cs_most(0, -start)), high = cs_most(low, cs_least(columns, a[2].in - start));
    const void *from[MOST_VECTORS * 64];
    for (int64_t i = 0; i < rows(w); i++) {
        const int64_t slab = i / a[1].taps, channel = r->group * w->channels + slab / a[0].taps;
        const int64_t depth = r->d * a[0].step + a[0].first + slab % a[0].taps * a[0].gap;
        const int64_t row = r->h * a[1].step + a[1].first + i % a[1].taps * a[1].gap;
        const int inside = depth >= 0 && depth < a[0].in && row >= 0 && row < a[1].in && low < high;
        const int64_t left = inside ? low : columns, right = inside ? high : columns;
        const int64_t at = channel * w->x_channel + depth * w->x[0] + row * w->x[1] + (start + left) * w->x[2];
        char *to = r->strip + i * pitch * wide;
        memset(to, 0, (size_t)(left * wide));
        memset(to + right * wide, 0, (size_t)((columns - right) * wide));
        for (int64_t n = 0; n < w->planes && inside; n++)
            from[n] = r->x + (cs_least(r->image + n, w->images - 1) * w->x_image + at) * w->size;
        for (int64_t v = 0; v < w->vectors && inside; v++)
            r->k->interleave(to + left * wide + v * w->lanes * w->size, w->planes, from + v * w->lanes, w->x[2], right - left);
    }
}

static void list_terms(const run *r)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    for (int64_t i = 0; i < w->terms; i++) {
        r->terms[i] = (i / a[2].taps * seen(w, w->width) + i % a[2].taps * a[2].gap) * w->planes;
        r->places[i] = i;
    }
}

static int64_t kernel_of(const run *r, int64_t position)
{
    const cs_axis *a = r->w->axis;
    return (r->d % a[0].tile * a[1].tile + r->h % a[1].tile) * a[2].tile + (r->first + position) % a[2].tile;
}

static int64_t kernels_of(const cs_window *w)
{
    return w->axis[0].tile * w->axis[1].tile * w->axis[2].tile;
}

/* The bias of an output is that of its kernel, in each lane. */
static void set_bias(const run *r, int64_t row, char *sums)
{
    const int64_t size = r->w->size;
    const char *from = r->bias + row * size;
    for (int64_t n = 0; n < r->w->planes; n++, sums += size) memcpy(sums, from, size == 4 ? 4 : 8);
}

/* Some outputs at one position. The next rows of weights are in places that the processor does not foresee: those of `next` are
 * fetched meanwhile. */
static void run_outputs(const run *r, int64_t row, int64_t count, char *sums, const char *next)
{
    const cs_window *w = r->w;
    const int64_t kernels = kernels_of(w), wide = w->planes * w->size, apart = kernels * w->terms, chunk = CHUNK_BYTES / w->size;
    int64_t at[MAX_ROWS];
    for (int64_t i = 0; i < count; i++) at[i] = i * apart;
    for (int64_t i = 0; i < count && r->bias; i++) set_bias(r, row + i * kernels, sums + i * wide);
    for (int64_t t = 0; t < w->terms; t += chunk) {
        const int64_t some = cs_least(chunk, w->terms - t);
        for (int64_t i = 0; i < count; i++)
            for (int64_t b = 0; b < some * w->size; b += LINE) __builtin_prefetch(next + (i * apart + t) * w->size + b, 0, 2);
        const cs_outer o = {.x = r->weights + row * w->terms * w->size, .dy = r->patch + t * wide, .at = at,
                            .places = r->places + t, .count = some, .partial = sums, .total = sums,
                            .first = t == 0 && !r->bias};
        r->k->outer[count][w->vectors](&o);
    }
}

/* The outputs [first, last) of a group. */
static void run_position(const run *r, int64_t position, int64_t first, int64_t last)
{
    const cs_window *w = r->w;
    const int64_t kernels = kernels_of(w), wide = w->planes * w->size, group = r->group * w->outputs, outputs = last - first;
    const int64_t kernel = kernel_of(r, position), after = kernel_of(r, cs_least(position + 1, r->count - 1));
    const int64_t blocks = cs_ceil(outputs, cs_outer_rows(r->k, w->vectors));
    char *sums = r->sums + position * outputs * wide;
    r->k->line_up(r->patch, r->strip + position * w->axis[2].step * wide, r->terms, w->terms, w->vectors);
    for (int64_t i = 0; i < blocks; i++) {
        const int64_t from = first + outputs * i / blocks, to = first + outputs * (i + 1) / blocks;
        const int64_t next = i + 1 < blocks ? (group + to) * kernels + kernel : (group + first) * kernels + after;
        run_outputs(r, (group + from) * kernels + kernel, to - from, sums + (from - first) * wide,
                    r->weights + next * w->terms * w->size);
    }
}

/* A row of positions of each output and image. */
static void store(const run *r, int64_t first, int64_t last)
{
    const cs_window *w = r->w;
    const cs_axis *a = w->axis;
    const int64_t all = w->groups * w->outputs, places = cs_positions(w), vector = w->lanes * w->size;
    const int64_t position = (r->d * a[1].out + r->h) * a[2].out + r->first;
    for (int64_t o = first; o < last; o++)
        for (int64_t v = 0; v < w->vectors; v++) {
            const int64_t image = r->image + v * w->lanes, images = cs_least(w->lanes, w->images - image);
            const int64_t plane = image * all + r->group * w->outputs + o;
            if (images > 0)
                r->k->transpose(r->y + (plane * places + position) * w->size, all * places,
                                r->sums + ((o - first) * w->vectors + v) * vector, (last - first) * w->planes, r->count, images);
        }
}

void cs_local_images_task(const cs_window *w, int64_t i, const void *x, const void *weights, const void *bias, void *y,
                          void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t share = i % w->shares, column = i / w->shares % w->width_tasks, rest = i / w->shares / w->width_tasks;
    const int64_t row = rest % w->height_tasks, plane = rest / w->height_tasks, some = batch(w);
    run r = {.w = w, .k = cs_kernels(w->dtype), .d = row / a[1].out, .h = row % a[1].out, .group = plane % w->groups,
             .image = plane / w->groups * w->planes, .x = x, .weights = weights, .bias = bias, .y = y};
    r.first = a[2].out * column / w->width_tasks, r.count = a[2].out * (column + 1) / w->width_tasks - r.first;
    r.terms = (int64_t *)cs_aligned(scratch), r.places = r.terms + w->terms;
    r.strip = cs_aligned(r.places + w->terms), r.patch = cs_aligned(r.strip + strip_bytes(w));
    r.sums = cs_aligned(r.patch + patch_bytes(w));
    list_terms(&r);
    fill_strip(&r);
    const int64_t from = w->outputs * share / w->shares, to = w->outputs * (share + 1) / w->shares;
    for (int64_t first = from, last; first < to; first = last) {
        last = cs_least(to, first + some);
        for (int64_t position = 0; position < r.count; position++) run_position(&r, position, first, last);
        store(&r, first, last);
    }
}
