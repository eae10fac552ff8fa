/* Winograd's convolution: three neighbouring taps one output apart, along the columns, the rows or both, over tiles of
 * outputs; all other taps are summed over as if they were channels, three or four at a time along the axes of the tiles. Where outputs
 * are two apart, taps are too, two at a time; transposed by two, outputs alternate between four windows. Few channels whose
 * outputs are further apart, or as far, are folded: all that taps with the same remainder see is a channel of its own. */
#ifndef CONVSPEC_WINOGRAD_H
#define CONVSPEC_WINOGRAD_H

#include "kernels.h"

/* One of the windows whose outputs alternate. Along an axis: whether it has one tap less, so that it is nothing at infinity; its
 * place among the outputs of a tile, of which every second one is its own; its outputs of the first tile that there are not. */
typedef struct {
    int64_t lacks[3], place[3], skip[3];
} cs_phase;

typedef struct {
    cs_window window;                            /* the same convolution by the direct algorithm, for special values */
    const cs_window *windows;                    /* as it was; or 4 whose outputs alternate along rows and columns */
    int64_t phases;                              /* so many */
    cs_phase phase[4];
    int64_t lead[3], all[3];                     /* outputs of the first tile that are not in the result; all that are */
    int64_t step, apart;                         /* inputs from output to output; pixels of a strip: as many, if not folded */
    int64_t folded, channels;                    /* 1: the parts of the taps are channels of the inputs; that many in all */
    cs_axis axis[3];                             /* its axes, with taps in ascending order */
    int64_t high, broad;                         /* points of a tile down and across; 1 along an axis that is summed over */
    int64_t down, across;                        /* its outputs, for which it sees as many inputs as there are points */
    int64_t points, slabs, slab[3];              /* a tile is the sum of so many products of matrices; parts of the taps
                                                  * that are summed over, along the axes */
    int64_t lacks[3], far[3];                    /* 1 where the last part is nothing at one of the points; the inputs from
                                                  * the first tap of the first part to that of the furthest */
    int64_t maps;                                /* of the peaks of several parts: 2 where some may lack taps */
    int64_t blocks, vectors, panels;             /* vectors of channels; vectors of outputs in a panel, and panels */
    int64_t tall, wide, packed;                  /* tiles down and across; bytes of the transformed weights */
    int64_t planes, height, width, tiles;        /* a box: tiles of a few images */
    int64_t rows, columns;                       /* of the strip of inputs of a box in an image */
    int64_t plane_boxes, tall_boxes, wide_boxes; /* for each group and depth; down and across */
    int64_t tasks;                               /* some outputs of a box each */
    int64_t by_tiles;                            /* 1: lanes are tiles, not channels and outputs */
    int64_t some;                                /* channels whose weights are transformed where they are used, or 0 */
    int64_t scratch;                             /* bytes for each thread */
    double direct_cycles, tiled_cycles;          /* by the yardstick, for one image and group */
} cs_winograd;

/* 1 where Winograd's algorithm computes these windows, chosen already; by its cost, or wherever it can if `forced`. What
 * it decides by is the shape of one image and the weights. The windows must outlive it. */
int cs_winograd_choose(cs_winograd *g, const cs_window *w, int64_t windows, int forced);
void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed);
/* Whole vectors of the biases of a panel; 0 for outputs that do not exist, and where there is no bias. */
void cs_winograd_take_bias(const cs_winograd *g, int64_t group, int64_t panel, const void *bias, char *to);
/* Bytes of the transformed inputs of a box, by those of the weights; the most tiles of a box. */
int64_t cs_box_bytes(int64_t weights);
int64_t cs_box_tiles(const cs_winograd *g);

/* Whether tiles are better side by side in the lanes of vectors than channels and outputs are, which changes no bit. */
int cs_lanes_are_tiles(const cs_winograd *g);

/* Weights that are used `once` may stay as they are. */
void cs_winograd_split(cs_winograd *g, int64_t images, int threads, int once);

/* Vectors of taps that are transformed at once. */
enum { STAGED_VECTORS = 512 };

/* Elements of the weights from the first to the last tap of a channel, all of them: those of conv and its kin. */
int64_t cs_winograd_span(const cs_window *w);

/* Elements of a group's packed weights, with its biases; before a panel, and before the biases; and of some channels'
 * transformed weights. */
int64_t cs_winograd_group(const cs_winograd *g);
int64_t cs_winograd_panel(const cs_winograd *g, int64_t panel);
int64_t cs_winograd_phase(const cs_winograd *g, int64_t panel, int64_t phase); /* from the panel's */
int64_t cs_winograd_bias(const cs_winograd *g);
int64_t cs_winograd_some(const cs_winograd *g);

/* Elements from a point to the next in a panel `wide` outputs wide: a vector more than so many terms, as the caches would have
 * one place for all points if they were a power of two apart. */
int64_t cs_point_size(const cs_winograd *g, int64_t terms, int64_t wide);
/* Outputs of a panel, with those that do not exist. */
int64_t cs_wide_panel(const cs_winograd *g, int64_t panel);

/* The axes of a phase's window with their taps in ascending order; returned is where the weights begin then. */
int64_t cs_ascend(const cs_winograd *g, int64_t phase, cs_axis *axis);

/* Phases, if the windows are those of a transposed convolution whose outputs are two apart: the form of its tiles along both axes,
 * or 0. */
int64_t cs_lay_phases(cs_winograd *g, const cs_window *w);

/* Weights of a slab: phases [phase, end) of channels [from, to) of a panel, at whose points there are so many terms. */
typedef struct {
    int64_t group, panel, phase, end, slab, from, to, terms;
} cs_weights;

/* These at the points of the tiles. */
void cs_winograd_transform(const cs_winograd *g, const cs_weights *t, const void *weights, void *points);

/* The rows of the register tile for that many tiles and vectors of outputs. */
int64_t cs_winograd_rows(const cs_winograd *g, int64_t tiles, int64_t vectors);

/* Along an axis: the outputs of a tile, the taps of a part; and the form F(outputs, taps), 10 times these and those. */
static inline int64_t cs_tile_side(const cs_winograd *g, int axis)
{
    return axis == 0 ? 1 : axis == 1 ? g->down : g->across;
}
static inline int64_t cs_part(const cs_winograd *g, int axis)
{
    return axis == 0 ? 1 : (axis == 1 ? g->high : g->broad) - cs_tile_side(g, axis) + 1;
}
static inline int64_t cs_form(const cs_winograd *g, int axis)
{
    return 10 * cs_tile_side(g, axis) + cs_part(g, axis);
}

/* Parts of the taps of an axis, of so many each: those of each remainder by the distance of outputs by themselves. */
int64_t cs_parts(int64_t taps, int64_t part, int64_t step);

/* The last part of an axis begins early, so that nothing is read that no output sees, unless there are too few taps. */
cs_slab cs_find_slab(const cs_winograd *g, int64_t slab);

/* What the parts lack, and how far they are from each other. */
void cs_measure_parts(cs_winograd *g);

/* Parts down that see the same strip of inputs: rows that are summed over one by one have strips of their own. */
static inline int64_t cs_row_parts(const cs_winograd *g)
{
    return g->high > 1 && !g->folded ? g->slab[1] : 1;
}

/* Parts whose inputs at the points are apart. */
static inline int64_t cs_layers(const cs_winograd *g)
{
    return g->folded ? 1 : g->slabs;
}

/* Terms of a tile's sum at a point, but for those that see the same strip in other parts. */
static inline int64_t cs_lane_terms(const cs_winograd *g)
{
    return cs_layers(g) * g->channels;
}

/* Parts across, which always do; slabs that see the same strip, and strips. */
static inline int64_t cs_column_parts(const cs_winograd *g)
{
    return g->folded ? 1 : g->slab[2];
}
static inline int64_t cs_strip_slabs(const cs_winograd *g)
{
    return cs_row_parts(g) * cs_column_parts(g);
}
static inline int64_t cs_strips(const cs_winograd *g)
{
    return cs_layers(g) / cs_strip_slabs(g);
}

/* The points at which a part of an axis is something: a part whose first taps are zeros is nothing at 0, the first point,
 * and one whose last taps are at infinity, the last. Only the last part has such taps. */
typedef struct {
    int64_t from, to;
} cs_points;
static inline cs_points cs_points_of(const cs_winograd *g, int axis, int64_t part)
{
    const int64_t points = axis == 1 ? g->high : g->broad, less = g->lacks[axis] && part == g->slab[axis] - 1;
    return g->apart > 1 ? (cs_points){0, points - less} : (cs_points){less, points};
}

/* The points of all slabs and phases. */
int64_t cs_slab_points(const cs_winograd *g);

/* Whether all slabs, one of them, or a phase are something at a point. */
int cs_all_have(const cs_winograd *g, int64_t point);
int cs_has_point(const cs_winograd *g, int64_t slab, int64_t point);
int cs_phase_has(const cs_winograd *g, int64_t phase, int64_t point);

/* Inputs along an axis that so many tiles see. */
static inline int64_t cs_reach(const cs_winograd *g, int axis, int64_t tiles)
{
    const int64_t points = axis == 1 ? g->high : g->broad;
    return points == 1 ? tiles : (tiles * cs_tile_side(g, axis) + cs_part(g, axis) - 2) * g->apart + 1 + g->far[axis];
}

/* Outputs of a tile along an axis, of all phases. */
static inline int64_t cs_breadth(const cs_winograd *g, int axis)
{
    return (axis == 1 ? g->down : g->across) * (g->phases > 1 ? 2 : 1);
}

/* Vectors of outputs that are on their way to the result: of all phases those of a panel. */
static inline int64_t cs_stage_vectors(const cs_winograd *g)
{
    const int64_t tile = cs_breadth(g, 1) * cs_breadth(g, 2);
    return tile * (g->phases > 1 ? g->tiles * g->vectors : g->height * g->width);
}

/* Whether each output sees all inputs that the parts reach from it. */
int cs_whole(const cs_winograd *g, const cs_slab *s);

/* Elements of the channels of a strip of folded inputs, or of those for lanes of tiles, one after the other. */
static inline int64_t cs_folded_size(const cs_winograd *g)
{
    return (g->folded | g->by_tiles) * g->channels * g->rows * g->columns;
}

/* Bytes of the transformed inputs of a box. */
int64_t cs_winograd_inputs(const cs_winograd *g);

int64_t cs_winograd_boxes(const cs_winograd *g);

/* Bytes of a map of the peaks of a box's pixels, which can be read two vectors beyond. */
static inline int64_t cs_map_size(const cs_winograd *g)
{
    return (g->rows * g->columns + 2 * g->window.lanes) * g->window.size;
}

/* Elements of the peaks of an image's part of a box: of folded inputs also those that all outputs beside them see. */
static inline int64_t cs_peaks(const cs_winograd *g)
{
    return (1 + g->folded) * g->rows * g->columns;
}

/* The greatest number of columns that are computed again at once. */
int64_t cs_again_columns(const cs_window *w);
/* Bytes that this takes. */
int64_t cs_again_scratch(const cs_winograd *g);

/* A task. `direct` are the weights packed for the window; without them the result is not right where 1 is returned. `packed` are the
 * weights themselves where `some` of them are transformed at a time, beside their bias, if there is one. */
int cs_winograd_run(const cs_winograd *g, int64_t task, const void *x, const void *packed, const void *bias, const void *direct, void *y,
                    void *scratch);

#endif
