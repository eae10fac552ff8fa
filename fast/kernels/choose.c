/* Which register tile suits a window. How its outputs are split into tasks is in split.c. */
#include <string.h>

#include "window.h"

enum { LATENCY = 4, LINE = 64, PAGE = 4096, FEW_PLANES = 8, NEAR = 16 << 10 };

/* Cycles a term for addresses and the loop, which take places of multiply-adds where vectors go over outputs; for a vector of
 * pixels that comes from the second-level cache, or where those of all channels stay in the first; for a line of a run of
 * pixels, also where terms go slice by slice; for an input that goes into a strip, also where only some do. */
static const double ADDRESSES = 1, PIXELS = 6, PIXELS_NEAR = 1.5, RUN = 2, RUN_IN_SLICES = 1, FILL = 0.15, FILL_BY_STEPS = 1;

/* Tiles of few registers have more loads and broadcasts for a multiply-add: instructions a cycle, of which each term has some for
 * itself; cycles for a vector of pixels that lies on two cache lines. */
static const double DISPATCHED = 3.5, LOOP = 3, STRADDLED = 0.2;

/* Wide rows with few multiply-adds an input are read in place rather than through a strip. */
enum { FEW = 64, WIDE = 256 };

/* Taps, columns of outputs, and cycles to turn a vector of planes and back. */
enum { MANY = 20, NARROW = 8, MOVED = 14 };

int64_t cs_vectors(int64_t rows, int64_t columns, int64_t pitch, int64_t lanes)
{
    if (columns >= lanes) return rows * cs_ceil(columns, lanes);
    int64_t count = 0;
    for (int64_t at = 0; at < rows * pitch; count++) {
        at += lanes;
        if (at % pitch >= columns) at += pitch - at % pitch;
    }
    return count;
}

/* Clock cycles for one tile: two multiply-adds a cycle, chains that wait for their latency, loads a term, stores. */
static double tile_cycles(const cs_window *w, int64_t rows, int64_t vectors, double load, double store)
{
    const double fma = cs_most(rows * vectors, 2 * LATENCY) / 2.0;
    const double all = cs_few_registers(w) ? ((double)(rows * vectors + rows + vectors) + LOOP) / DISPATCHED : 0;
    const double busy = load > all ? load : all;
    return w->terms * (fma > busy ? fma : busy) + 12 + rows * vectors * store;
}

/* What it costs more to store a vector whose outputs are not neighbours; where those of a pixel are, it is turned with others. */
static double apart_cycles(const cs_window *w)
{
    return w->axis[2].y == 1 ? 0 : w->axis[2].y == 2 ? 3 : (double)(w->y_plane == 1 ? w->lanes / 2 + 1 : w->lanes);
}

/* What a vector of pixels costs to store: more where the planes of a tile share the few cache lines of a set. */
static double store_cycles(const cs_window *w, int64_t rows)
{
    return (rows > FEW_PLANES && w->y_plane * w->size % PAGE == 0 ? 1.6 : 1) + apart_cycles(w);
}

static double fill_cycles(const cs_window *w, int by_pixels)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    return (double)(w->channels * h->out * h->step * v->out * v->step) * (by_pixels && v->step > 1 ? FILL_BY_STEPS : FILL);
}

/* Loads that straddle cache lines, broadcasts, and lines that come from the second-level cache, once for all taps. */
static double pixels_tile(const cs_window *w, int64_t rows, int64_t vectors)
{
    const int64_t taps = w->terms / cs_most(1, w->channels);
    const int near = w->channels * vectors * LINE < NEAR;
    const double load = (1.75 * vectors + rows) / 2, lines = (near ? PIXELS_NEAR : PIXELS) * vectors / cs_most(1, taps);
    const double straddled = cs_few_registers(w) ? STRADDLED * vectors : 0;
    return tile_cycles(w, rows, vectors, load, store_cycles(w, rows)) + w->terms * (lines + straddled);
}

/* Weights stream from the second-level cache, and lines of two runs of pixels come from there once for all taps. */
static double outputs_tile(const cs_window *w, int64_t rows, int64_t vectors)
{
    const int64_t taps = w->terms / cs_most(1, w->channels);
    const double load = (rows + vectors) / 2.0, stream = w->lanes * w->size * vectors / 24.0;
    const int few = cs_few_registers(w);
    const double lines = (few ? RUN_IN_SLICES : RUN) * (2 + (double)(rows * w->size) / LINE) / cs_most(1, taps);
    return tile_cycles(w, rows, vectors, load > stream ? load : stream, w->y_plane == 1 ? 2 : 5 + apart_cycles(w)) +
           w->terms * ((few ? 0 : ADDRESSES) + lines);
}

static double pixels_cycles(const cs_window *w, int64_t rows, int64_t vectors)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const int64_t some = cs_least(h->out, 64), pitch = cs_lay_out(v, v->out).length;
    const int64_t tiles = cs_ceil(cs_vectors(some, v->out, pitch, w->lanes), vectors);
    const int64_t blocks = cs_ceil(w->outputs, rows), least = w->outputs / blocks, taller = w->outputs % blocks;
    const double one =
        (blocks - taller) * pixels_tile(w, least, vectors) + (taller ? taller * pixels_tile(w, least + 1, vectors) : 0);
    return one * (double)tiles * (double)h->out / (double)some + fill_cycles(w, 1);
}

static double outputs_cycles(const cs_window *w, int64_t rows, int64_t vectors)
{
    const int64_t runs = w->axis[1].out * cs_ceil(w->axis[2].out, rows / 2), panel = vectors * w->lanes;
    const int64_t full = w->outputs / panel, rest = cs_ceil(w->outputs % panel, w->lanes),
                  small = cs_single_run(rows / 2);
    double one = full * outputs_tile(w, rows, vectors), odd = full * outputs_tile(w, small, vectors);
    if (rest) one += outputs_tile(w, rows, rest), odd += outputs_tile(w, small, rest);
    return (double)(runs / 2) * one + runs % 2 * odd + fill_cycles(w, 0);
}

/* Tiles of neighbouring rows load an input once for several of them. */
static double rows_cycles(const cs_window *w, int64_t vectors)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const double loads = 1.75 * (double)(ROW_TILE + h->taps - 1) / (double)(ROW_TILE * h->taps);
    const double tile = ROW_TILE * vectors, load = (loads * tile + ROW_TILE) / 2;
    return (double)(cs_ceil(h->out, ROW_TILE) * cs_ceil(v->out, w->lanes)) / (double)vectors *
           (w->terms * load + 12 + tile);
}

static void choose_rows(cs_window *w, const cs_table *k)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    if (w->outputs > 1 || h->taps < 2 || h->step > 1 || (h->gap != 1 && h->gap != -1) || h->out < ROW_TILE || v->out < w->lanes ||
        v->y > 1)
        return;
    const double cost = rows_cycles(w, k->row_vectors);
    if (cost < w->cost)
        w->cost = cost, w->by_pixels = 1, w->by_rows = 1, w->rows = 1, w->vectors = k->row_vectors, w->blocks = 1;
}

/* Whether the groups are neighbours in the result. */
static int last(const cs_window *w)
{
    return w->y_plane == 1 && w->axis[2].y > 1;
}

/* A vector of groups of one channel and one output: more moves, but for groups that are neighbours in the result, and all loads
 * are whole cache lines. Not where Winograd's algorithm is asked for. */
static void choose_groups(cs_window *w, const cs_table *k)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    int64_t rows = MAX_ROWS;
    if (w->channels > 1 || w->outputs > 1 || w->groups < w->lanes || w->boundary != CS_FILL || w->fill) return;
    if (w->tiled && (cs_may_tile(w, h) || cs_may_tile(w, v))) return;
    while (rows && !(k->groups[rows] && rows / 2 <= v->out)) rows -= 2;
    if (rows == 0) return;
    w->by_groups = 1, w->by_pixels = w->by_rows = 0, w->rows = rows, w->vectors = w->blocks = 1;
    w->in_place = h->step > 1 && v->step > 1; /* no input is seen often */
    const double moved = (double)(h->out * v->out) * (last(w) ? 0 : MOVED);
    w->cost = (double)w->axis[0].out * (outputs_cycles(w, rows, 1) + moved) / (double)w->lanes;
}

/* Narrow planes have no whole vectors of their own, and those of many taps no better kernel. */
static int suits_groups(const cs_window *w)
{
    const cs_axis *v = &w->axis[2];
    if (last(w)) return 1;
    if (v->y > 1) return v->out < w->lanes / 2 - 1;
    return v->out < cs_least(NARROW, w->lanes - 1) || (w->terms >= MANY && !cs_lines(w));
}

static void choose_tile(cs_window *w, const cs_table *k)
{
    w->cost = -1;
    for (int64_t rows = 1; rows <= MAX_ROWS; rows++) {
        for (int64_t vectors = 1; vectors <= MAX_VECTORS; vectors++) {
            double cost;
            if (k->pixels[rows][vectors] && rows <= w->outputs) {
                cost = pixels_cycles(w, rows, vectors);
                if (w->cost < 0 || cost < w->cost)
                    w->cost = cost, w->by_pixels = 1, w->rows = rows, w->vectors = vectors,
                    w->blocks = cs_ceil(w->outputs, rows);
            }
            if (k->outputs[rows][vectors] && rows / 2 <= w->axis[2].out && (vectors - 1) * w->lanes < w->outputs) {
                cost = outputs_cycles(w, rows, vectors);
                if (w->cost < 0 || cost < w->cost)
                    w->cost = cost, w->by_pixels = 0, w->rows = rows, w->vectors = vectors,
                    w->blocks = cs_ceil(w->outputs, vectors * w->lanes);
            }
        }
    }
}

/* Whether the input is read once, or is wide with little to do; vectors of pixels must be neighbours there. */
static int suits_in_place(const cs_window *w, int64_t taps)
{
    const cs_axis *a = w->axis;
    const int once = a[0].taps <= a[0].step && a[1].taps <= a[1].step && a[2].taps <= a[2].step;
    if (w->by_pixels && a[2].step > 1) return 0;
    return once || taps == 1 || (w->outputs * taps < FEW && a[2].out >= WIDE);
}

static void choose_depthwise(cs_window *w)
{
    w->depthwise = w->by_pixels = 1, w->by_rows = 0, w->rows = 1, w->blocks = w->outputs;
    w->cost = (double)w->axis[0].out * cs_depthwise_cycles(w);
}

void cs_choose(cs_window *w)
{
    const cs_table *k = cs_kernels(w->dtype);
    w->lanes = k->lanes, w->size = k->size, w->registers = k->registers;
    for (int i = 0; i < 3; i++)
        if (w->axis[i].out == 1) w->axis[i].step = 1;
    memcpy(w->apart, w->axis, sizeof w->axis);
    cs_merge(w);
    const int64_t taps = w->axis[0].taps * w->axis[1].taps * w->axis[2].taps;
    w->terms = w->channels * taps;
    if (w->outputs == 0) return;
    if (w->kind == CS_LOCAL) {
        w->cost = cs_local_cycles(w);
        return;
    }
    if (w->kind == CS_FMA) {
        choose_tile(w, k);
        choose_rows(w, k);
        w->in_place = suits_in_place(w, taps);
    } else {
        w->cost = cs_pool_cycles(w);
    }
    w->cost *= (double)w->axis[0].out;
    if (w->kind == CS_FMA && suits_groups(w)) choose_groups(w, k);
    if (!w->by_groups && w->axis[2].y == 1 && cs_depthwise_suits(w)) choose_depthwise(w);
}

/* Windows whose columns alternate, those of a gradient by stride 2, the one with the first column first. */
static int alternate(const cs_window *l, const cs_window *r)
{
    const cs_axis *a = &l->axis[2], *b = &r->axis[2];
    if (memcmp(l->axis, r->axis, 2 * sizeof(cs_axis)) || l->kind != CS_FMA || l->by_groups || r->by_groups) return 0;
    if (a->y != 2 || b->y != 2 || r->y_base != l->y_base + 1 || (a->out != b->out && a->out != b->out + 1)) return 0;
    if (a->step != 1 || l->axis[1].taps > PAIR_TAPS || a->taps > PAIR_TAPS || b->taps > PAIR_TAPS) return 0;
    return cs_depthwise_suits(l) && cs_depthwise_suits(r);
}

void cs_choose_pairs(cs_window *w, int64_t windows)
{
    for (int64_t n = 0; n < windows; n++) {
        const int more = n + 1 < windows;
        if (more && alternate(w + n + 1, w + n)) {
            const cs_window first = w[n + 1];
            w[n + 1] = w[n], w[n] = first;
        }
        if (more && alternate(w + n, w + n + 1)) {
            choose_depthwise(w + n), choose_depthwise(w + n + 1);
            w[n].half = 1, w[++n].half = 2;
        } else if (w[n].kind == CS_FMA && w[n].axis[2].y > 1 && !last(w + n)) {
            choose_groups(w + n, cs_kernels(w->dtype));
        }
    }
}
