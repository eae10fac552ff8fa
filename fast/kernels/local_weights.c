/* The gradient of unshared and sparsely shared kernels by the weights. */
#include <string.h>

#include "local_gradient.h"

enum { PATCH_BYTES = 256 << 10, FACTOR_BYTES = 64 << 10, PART_BYTES = 24 << 10, SLACK = 256 };

static int64_t list_bytes(const cs_local_gradient *g)
{
    return 16 * (g->terms / cs_most(1, g->window.channels)) + 64;
}

void cs_local_weights_split(cs_local_gradient *g, const cs_window *w, int64_t images)
{
    *g = cs_local_describe(w, images);
    const int64_t row = g->terms * g->window.size;
    if (g->terms == 0) return;
    g->tasks = w->groups * g->kernels;
    const int64_t images_of_outputs = FACTOR_BYTES / cs_most(1, w->outputs * g->window.size);
    g->block = cs_most(1, cs_least(images, cs_least(PATCH_BYTES / row, images_of_outputs)));
    g->some = cs_most(1, cs_least(w->outputs, PATCH_BYTES / row));
    g->scratch = list_bytes(g) + cs_most(g->block, g->some + 1) * row + g->block * w->outputs * g->window.size + SLACK;
}

/* A task: a kernel of a group, and the first position that uses it. */
typedef struct {
    const cs_local_gradient *g;
    const cs_table *k;
    int64_t group, kernel, at[3];
    const char *x, *dy;
    char *dw, *patches, *factors;
    int64_t *taps, *places, inside; /* of a position: the taps that see no padding, and where in a channel */
} local_task;

static void list_inside(local_task *t, const int64_t *o)
{
    const cs_axis *a = t->g->window.axis;
    int64_t tap = 0;
    t->inside = 0;
    for (int64_t t0 = 0; t0 < a[0].taps; t0++)
        for (int64_t t1 = 0; t1 < a[1].taps; t1++)
            for (int64_t t2 = 0; t2 < a[2].taps; t2++, tap++) {
                const int64_t i0 = cs_seen_at(&a[0], o[0], t0), i1 = cs_seen_at(&a[1], o[1], t1), i2 = cs_seen_at(&a[2], o[2], t2);
                if (i0 < 0 || i1 < 0 || i2 < 0) continue;
                t->taps[t->inside] = tap, t->places[t->inside++] = (i0 * a[1].in + i1) * a[2].in + i2;
            }
}

/* What a position sees of an image, term by term. */
static void take_patch(const local_task *t, int64_t image, char *patch)
{
    const cs_window *w = &t->g->window;
    const int64_t all = t->g->terms / w->channels;
    if (t->inside < all) memset(patch, 0, (size_t)(t->g->terms * w->size));
    t->k->take_terms(patch, all, t->taps, t->x + (image * w->groups + t->group) * w->channels * cs_inputs(w) * w->size,
                     cs_inputs(w), t->places, t->inside, w->channels);
}

static const char *dy_at(const local_task *t, int64_t image, int64_t output, const int64_t *o)
{
    const cs_window *w = &t->g->window;
    const int64_t plane = (image * w->groups + t->group) * w->outputs + output;
    return t->dy + (plane * cs_positions(w) + (o[0] * w->axis[1].out + o[1]) * w->axis[2].out + o[2]) * w->size;
}

static char *row_of(const local_task *t, int64_t output)
{
    const cs_local_gradient *g = t->g;
    return t->dw + ((t->group * g->window.outputs + output) * g->kernels + t->kernel) * g->terms * g->window.size;
}

/* One position uses the kernel: each row is a sum over the images. Of their patches a part at a time, which stays in the first-level
 * cache. */
static void sum_images(local_task *t)
{
    const cs_local_gradient *g = t->g;
    const cs_window *w = &g->window;
    const int64_t size = w->size, least = PASS_VECTORS * w->lanes;
    const int64_t part = cs_ceil(cs_most(1, PART_BYTES / (cs_most(1, g->block) * size)), least) * least;
    list_inside(t, t->at);
    for (int64_t first = 0; first == 0 || first < w->images; first += g->block) {
        const int64_t images = cs_least(g->block, w->images - first);
        for (int64_t n = 0; n < images; n++) {
            take_patch(t, first + n, t->patches + n * g->terms * size);
            for (int64_t k = 0; k < w->outputs; k++)
                memcpy(t->factors + (k * images + n) * size, dy_at(t, first + n, k, t->at), size == 4 ? 4 : 8);
        }
        for (int64_t from = 0; from < g->terms; from += part)
            for (int64_t k = 0; k < w->outputs; k++)
                t->k->sum_products(row_of(t, k) + from * size, t->patches + from * size, g->terms,
                                   t->factors + k * images * size, images, cs_least(part, g->terms - from), first > 0);
    }
}

/* For each image sums over the positions, of some outputs, and then the sums of these. */
static void sum_positions(local_task *t, int64_t from, int64_t to)
{
    const cs_local_gradient *g = t->g;
    const cs_axis *a = g->window.axis;
    const int64_t row = g->terms * g->window.size;
    char *sums = t->patches + row;
    for (int64_t output = from; output < to; output++) memset(row_of(t, output), 0, (size_t)row);
    for (int64_t n = 0; n < g->window.images; n++) {
        memset(sums, 0, (size_t)((to - from) * row));
        for (int64_t o0 = t->at[0]; o0 < a[0].out; o0 += a[0].tile)
            for (int64_t o1 = t->at[1]; o1 < a[1].out; o1 += a[1].tile)
                for (int64_t o2 = t->at[2]; o2 < a[2].out; o2 += a[2].tile) {
                    const int64_t o[3] = {o0, o1, o2};
                    list_inside(t, o);
                    take_patch(t, n, t->patches);
                    for (int64_t output = from; output < to; output++)
                        t->k->add_products(sums + (output - from) * row, t->patches, dy_at(t, n, output, o), g->terms);
                }
        for (int64_t output = from; output < to; output++)
            t->k->add_rows(row_of(t, output), sums + (output - from) * row, g->terms);
    }
}

void cs_local_weights_run(const cs_local_gradient *g, int64_t task, const void *x, const void *dy, void *dw,
                          void *scratch)
{
    const cs_axis *a = g->window.axis;
    local_task t = {.g = g, .k = cs_kernels(g->window.dtype), .group = task / g->kernels, .kernel = task % g->kernels,
                    .x = x, .dy = dy, .dw = dw, .taps = scratch};
    t.at[2] = t.kernel % a[2].tile, t.at[1] = t.kernel / a[2].tile % a[1].tile, t.at[0] = t.kernel / a[2].tile / a[1].tile;
    t.places = t.taps + g->terms / g->window.channels;
    t.patches = cs_aligned((char *)scratch + list_bytes(g));
    t.factors = cs_aligned(t.patches + g->block * g->terms * g->window.size);
    int once = 1;
    for (int i = 0; i < 3; i++) once = once && t.at[i] < a[i].out && t.at[i] + a[i].tile >= a[i].out;
    if (once) {
        sum_images(&t);
        return;
    }
    for (int64_t first = 0; first < g->window.outputs; first += g->some)
        sum_positions(&t, first, cs_least(g->window.outputs, first + g->some));
}
