/* Runs recorded calls of the kernels without Python: driver ISA THREADS CALLS RESULTS.
 *
 * It does what fast/_kernels.pyx does, with threads of its own, so that it runs on any machine and under any tool: task i of
 * a phase is done by thread i % THREADS, however small the call, and nothing but the end of a phase comes between tasks.
 * With THREADS below 0 as many threads do each task all at once: a race, which a tool has to see. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dots.h"
#include "gradient.h"
#include "join.h"
#include "local_gradient.h"
#include "pool_gradient.h"
#include "winograd_gradient.h"
#include "recorded.h"
#include "winograd.h"

enum { LINE = 64, ONCE = 4 };

typedef void task(call *c, int64_t i, char *scratch);
typedef struct {
    task *run;
    call *c;
    int64_t tasks;
    int me;
} member;

static int threads, together;

static void *work(void *of)
{
    const member *m = of;
    const int64_t first = together ? 0 : m->me, step = together ? 1 : threads;
    for (int64_t i = first; i < m->tasks; i += step) m->run(m->c, i, m->c->scratch + m->me * m->c->scratch_size);
    return NULL;
}

static void phase(call *c, int64_t tasks, task *run)
{
    pthread_t team[threads];
    member members[threads];
    for (int t = 0; t < threads; t++) {
        members[t] = (member){run, c, tasks, t};
        if (pthread_create(&team[t], NULL, work, &members[t])) fail("no thread");
    }
    for (int t = 0; t < threads; t++) pthread_join(team[t], NULL);
}

static void allocate_scratch(call *c, int64_t bytes)
{
    c->scratch_size = (bytes + LINE - 1) / LINE * LINE;
    c->scratch = checked(cs_allocate(c->scratch_size * threads, 0));
}

static cs_window window_of(const call *c, int64_t n)
{
    cs_window w = {0};
    memcpy(&w, c->fields + n * CS_FIELDS, CS_FIELDS * sizeof(int64_t));
    w.fill = c->h.fill, w.power = c->h.power;
    cs_lay(&w, NULL);
    return w;
}

static void pack_window(call *c, int64_t i, char *scratch)
{
    cs_pack(c->parameters, i, i + 1, c->a[1], c->a[2], c->packed);
}

static void run_window(call *c, int64_t i, char *scratch)
{
    cs_run(c->parameters, i, c->a[0], c->weights, c->a[2], c->y, scratch);
}

static void pack_tiles(call *c, int64_t i, char *scratch)
{
    cs_winograd_pack(c->parameters, i, c->a[1], c->a[2], c->packed);
}

static void run_tiles(call *c, int64_t i, char *scratch)
{
    if (cs_winograd_run(c->parameters, i, c->a[0], c->packed, c->a[2], c->direct, c->y, scratch))
        __atomic_store_n(&c->missed, 1, __ATOMIC_RELAXED);
}

/* Weights in the direct algorithm's order; the caller frees them. */
static char *pack_windows(call *c, cs_window *w)
{
    int64_t size = 0;
    for (int64_t n = 0; n < c->h.windows; n++) {
        w[n].packed = size;
        size += (cs_packed_size(&w[n]) + LINE - 1) / LINE * LINE;
    }
    char *packed = checked(cs_allocate(size, 1));
    for (int64_t n = 0; n < c->h.windows && c->a[1]; n++) {
        c->parameters = &w[n], c->packed = packed + w[n].packed;
        phase(c, w[n].groups * w[n].blocks, pack_window);
    }
    return packed;
}

static void run_tiled(call *c, cs_winograd *g, cs_window *w)
{
    char *own = checked(cs_allocate(g->packed, 0)), *packed = own, *direct = NULL;
    cs_winograd_split(g, c->h.images, threads, c->h.choice >= ONCE);
    c->parameters = g, c->packed = packed;
    if (g->some) packed = c->a[1]; /* transformed where they are used */
    if (!g->some) phase(c, g->window.groups * g->panels, pack_tiles);
    allocate_scratch(c, g->scratch);
    for (int again = 0; again < 2; again++) {
        c->missed = 0, c->parameters = g, c->packed = packed, c->direct = direct;
        phase(c, g->tasks, run_tiles);
        if (!c->missed) break;
        direct = pack_windows(c, w);
    }
    free(own), free(direct);
}

static void run_plan(call *c)
{
    int64_t tasks = 0, scratch = 0;
    cs_winograd g = {0};
    cs_window *w = checked(calloc((size_t)c->h.windows + 1, sizeof *w));
    for (int64_t n = 0; n < c->h.windows; n++) {
        w[n] = window_of(c, n);
        w[n].tiled = c->h.choice % ONCE > 1;
        cs_choose(&w[n]);
    }
    cs_choose_pairs(w, c->h.windows);
    for (int64_t n = 0; n < c->h.windows && c->h.strides[4]; n++) cs_lay(&w[n], c->h.strides);
    const int local = c->h.windows && w->kind == CS_LOCAL;
    const int tiles = c->a[1] && !local && c->h.choice % ONCE && c->h.images;
    if (tiles && cs_winograd_choose(&g, w, c->h.windows, c->h.choice % ONCE > 1)) {
        run_tiled(c, &g, w);
    } else {
        w->once = c->a[1] && !local && c->h.windows == 1 && c->h.choice >= ONCE;
        for (int64_t n = 0; n < c->h.windows; n++) {
            cs_split(&w[n], c->h.images, threads);
            tasks += w[n].tasks;
            if (w[n].scratch > scratch) scratch = w[n].scratch;
        }
        const int raw = local || w->fresh; /* weights are packed where they are used */
        char *packed = raw ? NULL : pack_windows(c, w);
        allocate_scratch(c, scratch);
        c->parameters = w, c->weights = raw ? c->a[1] : packed;
        phase(c, tasks, run_window);
        free(packed);
    }
    free(w);
}

static void add_gradient(call *c, int64_t i, char *scratch)
{
    const cs_gradient *g = c->parameters;
    cs_gradient_run(g, i, c->a[0], c->a[1], c->common, c->y, scratch);
}

static void join_gradient(call *c, int64_t i, char *scratch)
{
    (void)scratch;
    cs_gradient_join(c->parameters, i, c->common, c->y);
}

static void weight_gradient(call *c)
{
    for (int64_t n = 0; n < c->h.windows; n++) {
        cs_gradient g;
        const cs_window w = window_of(c, n);
        cs_gradient_choose(&g, &w, !c->a[0]);
        cs_gradient_split(&g, c->h.images, threads);
        c->common = checked(malloc((size_t)(g.common + LINE)));
        allocate_scratch(c, g.scratch);
        c->parameters = &g;
        phase(c, g.tasks, add_gradient);
        phase(c, g.joins, join_gradient);
        free(c->common);
        if (n + 1 < c->h.windows) free(c->scratch);
    }
}

static void add_tiles(call *c, int64_t i, char *scratch)
{
    (void)cs_tile_gradient_run(c->parameters, i, c->a[0], c->a[1], c->common, c->y, c->packed, scratch);
}

static void join_tiles(call *c, int64_t i, char *scratch)
{
    (void)scratch;
    (void)cs_tile_gradient_join(c->parameters, i, c->common, c->y);
}

static void tile_gradient(call *c)
{
    cs_tile_gradient g;
    const cs_window w = window_of(c, 0);
    if (!cs_tile_gradient_choose(&g, &w, 1)) fail("no tiles");
    cs_tile_gradient_split(&g, c->h.images, threads);
    c->common = checked(malloc((size_t)(g.common + LINE)));
    c->packed = checked(malloc((size_t)(g.image_shares * w.groups * w.channels))); /* the channels that are marked */
    allocate_scratch(c, g.scratch);
    c->parameters = &g;
    phase(c, g.tasks, add_tiles);
    phase(c, g.joins, join_tiles);
    free(c->common), free(c->packed);
}

static void local_weights(call *c, int64_t i, char *scratch)
{
    cs_local_weights_run(c->parameters, i, c->a[0], c->a[1], c->y, scratch);
}

static void local_input(call *c, int64_t i, char *scratch)
{
    cs_local_input_run(c->parameters, i, c->a[0], c->a[1], c->y, scratch);
}

static void local_gradient(call *c)
{
    cs_local_gradient g;
    const cs_window w = window_of(c, 0);
    const int by_weights = c->h.kind == LOCAL_WEIGHT_GRADIENT;
    if (by_weights) cs_local_weights_split(&g, &w, c->h.images);
    if (!by_weights) cs_local_input_split(&g, &w, c->h.images, threads);
    allocate_scratch(c, g.scratch);
    c->parameters = &g;
    phase(c, g.tasks, by_weights ? local_weights : local_input);
}

static void add_pooled(call *c, int64_t i, char *scratch)
{
    cs_pool_gradient_run(c->parameters, i, c->a[0], c->a[1], c->a[2], c->y, scratch);
}

static void pool_gradient(call *c)
{
    cs_pool_gradient g = {.window = window_of(c, 0), .dtype = c->h.choice, .power = c->h.power};
    cs_pool_gradient_split(&g, c->h.images, threads);
    allocate_scratch(c, g.scratch);
    c->parameters = &g;
    phase(c, g.tasks, add_pooled);
}

static void run_dots(call *c, int64_t i, char *scratch)
{
    cs_dots_run(c->parameters, i, c->a[0], (const int32_t *)c->a[1], c->y, scratch);
}

static void dots(call *c)
{
    cs_dots d = {0};
    memcpy(&d, c->fields, CS_DOTS_FIELDS * sizeof(int64_t));
    d.x[2] = 1, d.x[1] = d.in[2], d.x[0] = d.in[1] * d.in[2];
    cs_dots_split(&d, threads);
    allocate_scratch(c, d.scratch);
    c->parameters = &d;
    phase(c, d.tasks, run_dots);
}

static void run_join(call *c, int64_t i, char *scratch)
{
    (void)scratch;
    cs_join_run(c->parameters, i, c->a[0], (uint32_t *)c->y);
}

/* x is contiguous here. */
static void join_lanes(call *c)
{
    cs_join j = {0};
    memcpy(&j, c->fields, CS_JOIN_FIELDS * sizeof(int64_t));
    const int64_t row = j.in[2], plane = row * j.in[1], all = plane * j.in[0];
    cs_join_lay(&j, (int64_t[]){all * j.groups * j.channels, all, plane, row, 1});
    c->parameters = &j;
    phase(c, j.tasks, run_join);
}

int main(int count, char **words)
{
    static void (*const run[])(call *) = {run_plan, weight_gradient, local_gradient, local_gradient, pool_gradient, dots,
                                         join_lanes, tile_gradient};
    call c;
    if (count != 5 || !(threads = atoi(words[2]))) fail("driver ISA THREADS CALLS RESULTS");
    together = threads < 0, threads = abs(threads);
    if (cs_select(words[1])) fail("that instruction set is not available");
    FILE *calls = checked(fopen(words[3], "rb")), *results = checked(fopen(words[4], "wb"));
    while (read_call(&c, calls)) {
        run[c.h.kind](&c);
        if (fwrite(c.y, 1, (size_t)c.size, results) != (size_t)c.size) fail("a result cannot be written");
        free_call(&c);
    }
    return fclose(results) ? 2 : 0;
}
