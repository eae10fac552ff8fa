/* Winograd's convolution: where a box of tiles is, and where its parts lie in the scratch. */
#include "winograd_box.h"

static void lay_out(cs_tile_box *b, char *scratch)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t vector = w->lanes * w->size, pixels = g->rows * g->columns;
    b->places = (int64_t *)cs_aligned(scratch);
    b->at = b->places + pixels;
    b->starts = b->at + g->slab[2];
    b->folded = cs_aligned(b->starts + g->rows);
    b->strip = cs_aligned(b->folded + cs_folded_size(g) * w->size);
    b->maps = b->strip + (pixels + 3) * vector;
    b->lines = cs_aligned(b->maps + g->maps * cs_map_size(g));
    b->run = cs_aligned(b->lines + cs_lines_size(g) * w->size);
    b->v = cs_aligned(b->run + pixels * w->size + vector);
    b->peaks = b->v + cs_winograd_inputs(g);
    b->sums = cs_aligned(b->peaks + g->planes * cs_peaks(g) * w->size);
    b->some = g->by_tiles ? b->sums : cs_aligned(b->sums + g->points * (g->tiles * g->vectors + 1) * vector);
    b->stage = cs_aligned(b->some + cs_winograd_some(g) * w->size);
    b->flags = cs_aligned(b->stage + cs_stage_vectors(g) * vector);
    b->uneven = cs_aligned(b->flags + cs_flag_vectors(g) * vector);
    b->direct = cs_aligned(b->uneven + g->tiles);
    b->spare = cs_aligned(b->direct + w->outputs * g->down * cs_again_columns(w) * w->size);
}

cs_tile_box cs_find_box(const cs_winograd *g, int64_t i, char *scratch)
{
    const cs_window *w = &g->window;
    cs_tile_box b = {.g = g, .k = cs_kernels(w->dtype)};
    lay_out(&b, scratch);
    const int64_t column = i % g->wide_boxes, row = i / g->wide_boxes % g->tall_boxes;
    i = i / g->wide_boxes / g->tall_boxes;
    b.depth = i % w->axis[0].out, i /= w->axis[0].out;
    b.group = i % w->groups, i /= w->groups;
    b.image = i * g->planes, b.images = cs_least(g->planes, w->images - b.image);
    b.h0 = g->tall * row / g->tall_boxes, b.h1 = g->tall * (row + 1) / g->tall_boxes;
    b.w0 = g->wide * column / g->wide_boxes, b.w1 = g->wide * (column + 1) / g->wide_boxes;
    b.rows = cs_reach(g, 1, b.h1 - b.h0), b.columns = cs_reach(g, 2, b.w1 - b.w0);
    b.tiles = b.images * (b.h1 - b.h0) * (b.w1 - b.w0);
    b.step = g->by_tiles ? cs_lane_point(g) : (cs_layers(g) * g->blocks * b.tiles + 1) * w->lanes;
    for (int64_t j = 0; j < g->slab[2]; j++) b.at[j] = cs_find_slab(g, j).at[2];
    return b;
}
