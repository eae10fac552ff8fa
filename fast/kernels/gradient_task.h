/* The state of a task of the gradient by the weights, which its parts share. */
#ifndef CONVSPEC_GRADIENT_TASK_H
#define CONVSPEC_GRADIENT_TASK_H

#include "gradient.h"
#include "task.h"

enum { VECTOR = 64 }; /* lanes at most, and bytes */

typedef struct {
    const cs_gradient *g;
    cs_state t;
    cs_window w; /* the strip's */
    int64_t part, image;
    int64_t first, last;  /* register tiles */
    int64_t channel;      /* the first of the strip */
    const char *x, *dy;
    char *total, *partial, *dw, *columns, *wide, *plane, *own;
    int64_t *places;
} cs_outer_task;

/* Rows or columns of inputs that so many outputs see. */
static inline int64_t cs_seen(const cs_axis *a, int64_t outputs)
{
    return (outputs - 1) * a->step + (a->taps - 1) * a->gap + 1;
}

/* The first term of a register tile. */
static inline int64_t cs_tile_start(const cs_gradient *g, int64_t tile)
{
    return g->terms * tile / g->tiles;
}

/* The window of a task's strip; bytes of it, and of the gradients of a panel's outputs over a box and its positions. */
cs_window cs_gradient_strip(const cs_gradient *g);
int64_t cs_gradient_box(const cs_gradient *g);
int64_t cs_gradient_plane(const cs_gradient *g); /* of rows that are turned at once */
int64_t cs_gradient_columns(const cs_gradient *g);

/* Bytes of the sums of a panel that a task has; where they are, among those of all panels or the task's own; zeros there; and from
 * there to their place in the gradient. */
int64_t cs_panel_bytes(const cs_gradient *g);
static inline int64_t cs_panel_vectors(const cs_gradient *g, int64_t panel)
{
    return cs_least(g->vectors, cs_ceil(g->outputs, g->window.lanes) - panel * g->vectors);
}
char *cs_panel_sums(const cs_outer_task *k, char *all, int64_t panel);
void cs_clear_panel(const cs_outer_task *k, int64_t panel);
void cs_store_panel(const cs_outer_task *k, int64_t panel);

/* The inputs of a vector of outputs from `first` on, a vector for each place, all columns whatever the step, zeros beyond the edges;
 * of a narrow plane by all its rows at once. And where terms are in them. */
void cs_turn_inputs(const cs_outer_task *k, cs_box b, int64_t first);
void cs_list_input_terms(const cs_outer_task *k);

#endif
