/* Unshared and sparsely shared kernels over few images: a task holds the inputs of one vector of output positions and runs all
 * outputs over it. */
#include <string.h>

#include "local.h"

enum { COLUMN_BYTES = 768 << 10, POSITIONS = 64 };

static int64_t row_bytes(const cs_window *w)
{
    return (w->terms + 1) * w->lanes * w->size;
}

double cs_local_cycles(const cs_window *w)
{
    return (double)(cs_ceil(cs_positions(w), w->lanes) * w->terms * w->outputs) * 8;
}

void cs_local_split(cs_window *w, int threads)
{
    const int64_t vectors = cs_ceil(cs_positions(w), w->lanes);
    if (cs_local_suits_images(w)) {
        cs_local_images_split(w, threads);
        return;
    }
    w->planes = cs_most(1, cs_least(w->images, COLUMN_BYTES / row_bytes(w)));
    w->plane_tasks = w->groups * cs_ceil(w->images, w->planes);
    w->height_tasks = vectors, w->width_tasks = 1;
    w->shares = cs_most(1, cs_least(w->outputs, 2 * threads / cs_most(1, vectors * w->plane_tasks)));
    w->tasks = w->outputs ? w->plane_tasks * vectors * w->shares : 0;
    w->scratch = w->planes * row_bytes(w) + w->lanes * w->lanes * w->size + 256;
}

/* Where the lanes of a vector of positions are: their coordinates, and the kernel each uses. */
typedef struct {
    int64_t o[POSITIONS][3], kernel[POSITIONS], count, kernels;
} lanes;

static void list_lanes(const cs_window *w, int64_t first, lanes *l)
{
    const cs_axis *a = w->axis;
    l->kernels = a[0].tile * a[1].tile * a[2].tile;
    l->count = cs_least(w->lanes, cs_positions(w) - first);
    for (int64_t i = 0; i < w->lanes; i++) {
        const int64_t p = first + cs_least(i, l->count - 1);
        int64_t *o = l->o[i];
        o[0] = p / (a[1].out * a[2].out), o[1] = p / a[2].out % a[1].out, o[2] = p % a[2].out;
        l->kernel[i] = cs_kernel_at(a, o[0], o[1], o[2]);
    }
}

/* The inputs of lanes [from, to), which are neighbours in a row of outputs, for every term. */
static void gather_run(const cs_window *w, const cs_table *k, const lanes *l, int64_t from, int64_t to, const char *x,
                       char *column)
{
    const cs_axis *a = w->axis;
    const int64_t *o = l->o[from];
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t t0 = 0; t0 < a[0].taps; t0++)
            for (int64_t t1 = 0; t1 < a[1].taps; t1++) {
                const int64_t p0 = o[0] * a[0].step + a[0].first + t0 * a[0].gap,
                              p1 = o[1] * a[1].step + a[1].first + t1 * a[1].gap;
                const int inside = p0 >= 0 && p0 < a[0].in && p1 >= 0 && p1 < a[1].in;
                const int64_t start = inside ? c * w->x_channel + p0 * w->x[0] + p1 * w->x[1] : ROW_OUTSIDE;
                for (int64_t t2 = 0; t2 < a[2].taps; t2++, column += w->lanes * w->size) {
                    const cs_row r = cs_row_of(w, o[2] * a[2].step + a[2].first + t2 * a[2].gap, a[2].step, to - from);
                    k->copy_rows(column + from * w->size, 0, 0, x, &start, 1, &r);
                }
            }
}

static void gather(const cs_window *w, const cs_table *k, const lanes *l, const char *x, char *column)
{
    for (int64_t from = 0, to; from < w->lanes; from = to) {
        for (to = from + 1; to < w->lanes && l->o[to][2] == l->o[to - 1][2] + 1; to++) {}
        gather_run(w, k, l, from, to, x, column);
    }
}

void cs_local_task(const cs_window *w, int64_t i, const void *x, const void *weights, const void *bias, void *y,
                   void *scratch)
{
    if (w->vectors) {
        cs_local_images_task(w, i, x, weights, bias, y, scratch);
        return;
    }
    const cs_table *k = cs_kernels(w->dtype);
    const int64_t size = w->size, wide = w->lanes * size, all = w->groups * w->outputs, places = cs_positions(w);
    const int64_t share = i % w->shares, vector = i / w->shares % w->height_tasks,
                  rest = i / w->shares / w->height_tasks;
    const int64_t group = rest % w->groups, image = rest / w->groups * w->planes;
    const int64_t images = cs_least(w->planes, w->images - image);
    char *columns = cs_aligned(scratch), *sums = columns + w->planes * w->terms * wide;
    char *spare = sums + w->planes * wide;
    lanes l;
    list_lanes(w, vector * w->lanes, &l);
    for (int64_t n = 0; n < images; n++)
        gather(w, k, &l, (const char *)x + ((image + n) * w->x_image + group * w->channels * w->x_channel) * size,
               columns + n * w->terms * wide);
    for (int64_t o = w->outputs * share / w->shares; o < w->outputs * (share + 1) / w->shares; o++) {
        const int64_t output = group * w->outputs + o;
        const void *rows[2 * POSITIONS];
        const int64_t ahead = o + 1 < w->outputs ? l.kernels * w->terms * size : 0;
        for (int64_t j = 0; j < w->lanes; j++) {
            const int64_t kernel = output * l.kernels + l.kernel[j];
            rows[j] = (const char *)weights + kernel * w->terms * size;
            rows[w->lanes + j] = (const char *)rows[j] + ahead;
            if (bias) memcpy(sums + j * size, (const char *)bias + kernel * size, (size_t)size);
        }
        if (!bias) memset(sums, 0, (size_t)wide);
        for (int64_t n = 1; n < images; n++) memcpy(sums + n * wide, sums, (size_t)wide);
        k->local(rows, w->terms, columns, w->terms * w->lanes, images, sums, spare);
        for (int64_t n = 0; n < images; n++)
            memcpy((char *)y + (((image + n) * all + output) * places + vector * w->lanes) * size, sums + n * wide,
                   (size_t)(l.count * size));
    }
}
