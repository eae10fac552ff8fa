/* The gradient by the weights: a task's sums of a panel of outputs, and their way to the gradient. */
#include <string.h>

#include "gradient_task.h"

int64_t cs_panel_bytes(const cs_gradient *g)
{
    const int64_t rows = cs_ceil(g->tiles, g->row_shares) * cs_ceil(g->terms, g->tiles);
    return rows * g->vectors * g->window.lanes * g->window.size;
}

static int64_t panel_lanes(const cs_gradient *g, int64_t panel)
{
    return cs_panel_vectors(g, panel) * g->window.lanes;
}

char *cs_panel_sums(const cs_outer_task *k, char *all, int64_t panel)
{
    const cs_gradient *g = k->g;
    if (g->alone) return k->own;
    const int64_t before = (k->part * g->panels + panel) * g->vectors * g->window.lanes * g->terms;
    return all + (before + cs_tile_start(g, k->first) * panel_lanes(g, panel)) * g->window.size;
}

static int64_t task_terms(const cs_outer_task *k)
{
    return cs_tile_start(k->g, k->last) - cs_tile_start(k->g, k->first);
}

void cs_clear_panel(const cs_outer_task *k, int64_t panel)
{
    memset(cs_panel_sums(k, k->total, panel), 0, (size_t)(task_terms(k) * panel_lanes(k->g, panel) * k->g->window.size));
}

void cs_store_panel(const cs_outer_task *k, int64_t panel)
{
    const cs_gradient *g = k->g;
    const cs_window *w = &g->window;
    const int64_t first = panel * g->vectors * w->lanes, row = k->part * g->outputs + first;
    char *to = k->dw + (w->w_base + row * w->w_output + cs_tile_start(g, k->first)) * w->size;
    k->t.k->transpose(to, w->w_output, cs_panel_sums(k, k->total, panel), panel_lanes(g, panel), task_terms(k),
                      cs_least(g->vectors * w->lanes, g->outputs - first));
}
