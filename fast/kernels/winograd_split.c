/* Winograd's convolution: how its tiles are split into boxes, and tasks. */
#include "winograd_box.h"

/* The transformed inputs of a box and some sums; more of them where many weights are read for each box. */
enum { BOX_BYTES = 3 << 19, LARGE_BOX_BYTES = 5 << 19, MANY_BYTES = 12 << 20 };

/* What a thread takes in all. */
enum { MOST_BYTES = 13 << 18 };

/* So many boxes of a group transform the same weights again, of so many channels at a time. */
enum { FEW_BOXES = 3, SOME_CHANNELS = 48 };

int64_t cs_box_bytes(int64_t weights)
{
    return weights > MANY_BYTES ? LARGE_BOX_BYTES : BOX_BYTES;
}

/* Of what a tile takes besides its inputs, the sums and the strip are some vectors a point, and flags one a vector of
 * outputs. */
int64_t cs_box_tiles(const cs_winograd *g)
{
    const int64_t vector = g->window.lanes * g->window.size, outputs = cs_ceil(g->window.outputs, g->window.lanes);
    const int64_t strip = cs_most(g->points, cs_reach(g, 1, 2) * cs_reach(g, 2, 2) / 4) * (1 + g->folded * g->blocks);
    const int64_t staged = g->phases > 1 ? cs_breadth(g, 1) * cs_breadth(g, 2) * cs_most(g->vectors, 1) : 0;
    const int64_t one = (g->points * (cs_layers(g) * g->blocks + 1) + strip + staged) * vector;
    const int64_t all = one + (g->points * (g->vectors + 3) + g->phases * outputs) * vector;
    const int64_t weights = g->points * g->slabs * g->phases * g->window.channels * g->window.outputs * g->window.size;
    return cs_most(1, cs_least(cs_box_bytes(weights) / one, MOST_BYTES / all));
}

int64_t cs_winograd_inputs(const cs_winograd *g)
{
    const int64_t point = g->by_tiles ? cs_lane_point(g) : (cs_layers(g) * g->blocks * g->tiles + 1) * g->window.lanes;
    return (g->points * point * g->window.size + 63) & -64;
}

/* Bytes of the parts of the scratch: see winograd_run.c. */
static void measure_scratch(cs_winograd *g)
{
    const cs_window *w = &g->window;
    const int64_t lanes = w->lanes, pixels = g->rows * g->columns, outputs = cs_ceil(w->outputs, lanes);
    const int64_t input = ((pixels + 4) * lanes + cs_lines_size(g)) * w->size + pixels * (8 + w->size) +
                          (g->slab[2] + g->rows) * 8 + g->maps * cs_map_size(g) + cs_folded_size(g) * w->size;
    const int64_t sums = (g->by_tiles ? 0 : g->points * (g->tiles * g->vectors + 1)) + cs_winograd_some(g) / lanes;
    const int64_t output = cs_stage_vectors(g) + cs_flag_vectors(g);
    g->scratch = input + cs_winograd_inputs(g) + g->planes * cs_peaks(g) * w->size + (sums + output) * lanes * w->size + g->tiles +
                 cs_again_scratch(g) + w->outputs * g->down * cs_again_columns(w) * w->size + 13 * 64;
}

int64_t cs_winograd_boxes(const cs_winograd *g)
{
    return g->plane_boxes * g->window.groups * g->window.axis[0].out * g->tall_boxes * g->wide_boxes;
}

/* Boxes of so many rows and columns of tiles, or one less. */
static int64_t count_boxes(cs_winograd *g, int64_t tall_boxes, int64_t wide_boxes)
{
    g->plane_boxes = cs_ceil(g->window.images, g->planes);
    g->tall_boxes = tall_boxes, g->height = cs_ceil(g->tall, tall_boxes);
    g->wide_boxes = wide_boxes, g->width = cs_ceil(g->wide, wide_boxes);
    return cs_winograd_boxes(g);
}

/* Images in a box, at most so many, that no thread has more to do than its share. */
static int64_t even_planes(int64_t images, int64_t most, int threads)
{
    int64_t best = 1, least = cs_ceil(images, threads);
    for (int64_t planes = 2; planes <= cs_least(most, least); planes++)
        if (cs_ceil(cs_ceil(images, planes), threads) * planes <= least) best = planes;
    return best;
}

/* Whether to transform the inputs of a box is more than to transform the weights of a group. */
static int inputs_exceed(const cs_winograd *g)
{
    const int64_t tiles = g->planes * g->height * g->width, outputs = cs_ceil(g->window.outputs, g->window.lanes);
    return tiles * g->blocks > g->channels * outputs;
}

/* Rows of tiles before box i. */
static int64_t rows_before(const cs_winograd *g, int64_t i)
{
    i /= g->wide_boxes;
    return i / g->tall_boxes * g->tall + i % g->tall_boxes * g->tall / g->tall_boxes;
}

/* What the thread with most to do has: the rows of its boxes, and those of the inputs that boxes have in common. */
static int64_t most_rows(const cs_winograd *g, int threads)
{
    const int64_t boxes = cs_winograd_boxes(g);
    int64_t most = 0;
    for (int i = 0; i < threads; i++) {
        const int64_t from = boxes * i / threads, to = boxes * (i + 1) / threads;
        most = cs_most(most, 2 * (rows_before(g, to) - rows_before(g, from)) + cs_ceil(to - from, g->wide_boxes));
    }
    return most;
}

/* So many boxes down a plane, at least `fewest`, that the thread with most to do has least. */
static int64_t even_boxes(cs_winograd *g, int64_t fewest, int threads)
{
    const int64_t to = cs_least(g->tall, fewest + 2 * threads);
    int64_t best = 0, least = 0;
    for (int64_t n = fewest; n <= to; n++) {
        count_boxes(g, n, g->wide_boxes);
        const int64_t cost = most_rows(g, threads);
        if (best == 0 || cost < least) best = n, least = cost;
    }
    return best;
}

/* Boxes of whole rows of tiles where they fit; as few as are needed, of nearly equal size, and as much for every thread. */
static int64_t choose_boxes(cs_winograd *g, int threads)
{
    const int64_t most = cs_box_tiles(g), wide = cs_ceil(g->wide, most);
    const int64_t tall = cs_ceil(g->tall, cs_most(1, most / cs_ceil(g->wide, wide)));
    g->planes = tall * wide == 1 ? even_planes(g->window.images, most / (g->tall * g->wide), threads) : 1;
    const int even = count_boxes(g, tall, wide) >= threads || g->panels < threads || g->folded || inputs_exceed(g);
    return count_boxes(g, even ? even_boxes(g, tall, threads) : tall, wide);
}

/* Channels whose weights are transformed at once, by every box that needs them: weights that few boxes use never leave the
 * caches then. 0 where they are better transformed before. */
static int64_t some_channels(const cs_winograd *g, int64_t boxes)
{
    if (g->folded && g->window.channels % g->window.lanes) return 0; /* a part's are not whole vectors */
    return boxes <= FEW_BOXES * g->window.groups ? SOME_CHANNELS : 0;
}

void cs_winograd_split(cs_winograd *g, int64_t images, int threads, int once)
{
    g->window.images = images;
    g->by_tiles = cs_lanes_are_tiles(g) && !(once && g->slabs > 1);
    /* Weights that are transformed where they are used are by every box: panels make tasks for more threads than boxes. */
    int64_t boxes = choose_boxes(g, once && g->panels < threads ? (int)cs_ceil(threads, g->panels) : threads);
    g->some = once ? some_channels(g, boxes) : 0;
    if (!g->some) boxes = choose_boxes(g, threads);
    g->tiles = g->planes * g->height * g->width;
    g->rows = cs_reach(g, 1, g->height), g->columns = cs_reach(g, 2, g->width);
    /* Of a few boxes each thread takes some outputs, and transforms all inputs for itself: in common they would be lines of other threads'
     * caches, which cost more. */
    g->tasks = boxes * (boxes < threads ? cs_least(g->panels, cs_ceil(threads, cs_most(1, boxes))) : 1);
    measure_scratch(g);
}
