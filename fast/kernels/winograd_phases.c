/* Winograd's convolution of windows whose outputs alternate: a transposed convolution whose outputs are two apart is four of
 * as many taps an axis, or one less, by the phase of their outputs. They see the same inputs at the same points, those of F(4, 2) or
 * F(4, 3), where one tap less is nothing at infinity, so that one input less makes four outputs then. */
#include "window.h"
#include "winograd.h"

int64_t cs_ascend(const cs_winograd *g, int64_t phase, cs_axis *axis)
{
    const cs_window *w = &g->windows[phase];
    int64_t base = w->w_base;
    for (int i = 0; i < 3; i++) {
        cs_axis *a = &axis[i];
        *a = g->phases > 1 ? w->apart[i] : w->axis[i]; /* those of one tap may have been merged */
        if (a->gap > 0) continue;
        const int64_t last = a->taps - 1;
        a->first += last * a->gap, base += last * a->w, a->gap = -a->gap, a->w = -a->w;
    }
    return base;
}

/* Along an axis, for both phases, of which a's first output is at a_place of the result: whether their outputs alternate, and
 * how. */
static int find_places(cs_winograd *g, const cs_axis *a, const cs_axis *b, int64_t taps, int64_t a_place, int axis)
{
    const int64_t b_place = 1 - a_place, more = a_place ? b->out - a->out : a->out - b->out;
    const int64_t origin = cs_least(a->first, b->first);
    const int64_t a_skip = a->first - origin, b_skip = b->first - origin;
    const int64_t a_at = a_place - 2 * a_skip, b_at = b_place - 2 * b_skip, lead = -cs_least(a_at, b_at);
    if (cs_most(a->taps, b->taps) != taps || cs_least(a->taps, b->taps) < taps - 1 || a->in != b->in) return 0;
    if (a->step != 1 || b->step != 1 || a->gap != 1 || b->gap != 1) return 0;
    if (a_at + b_at + 2 * lead != 1 || more < 0 || more > 1) return 0;
    for (int64_t p = 0; p < 4; p++) {
        const int second = axis == 1 ? p / 2 : p % 2;
        cs_phase *one = &g->phase[p];
        one->lacks[axis] = (second ? b : a)->taps < taps;
        one->place[axis] = (second ? b_at : a_at) + lead, one->skip[axis] = second ? b_skip : a_skip;
    }
    g->axis[axis] = a->taps == taps ? *a : *b;
    g->axis[axis].first = origin, g->axis[axis].y /= 2, g->axis[axis].out = cs_most(a->out + a_skip, b->out + b_skip);
    g->lead[axis] = lead, g->all[axis] = a->out + b->out;
    return 1;
}

/* With so few outputs a vector has little to do, and windows may be computed in pairs. */
enum { FEW_OUTPUTS = 2 };

/* Whether the first window's place in the result is the phase (down, across), and those of the others follow. */
static int alternate(const cs_window *w, int64_t down, int64_t across, int64_t row, int64_t column)
{
    for (int64_t p = 0; p < 4; p++)
        if (w[p].y_base - w->y_base != (p / 2) * (1 - 2 * down) * row + (p % 2) * (1 - 2 * across) * column) return 0;
    return column > 0;
}

int64_t cs_lay_phases(cs_winograd *g, const cs_window *w)
{
    cs_axis a[4][3];
    int64_t least = w->y_base;
    g->windows = w, g->phases = 4, g->step = g->apart = 1;
    for (int i = 0; i < 4; i++) cs_ascend(g, i, a[i]), least = cs_least(least, w[i].y_base);
    const int64_t row = a[0][1].y / 2, column = a[0][2].y / 2, first = w->y_base - least;
    const int64_t down = first >= row, across = first - down * row >= column;
    if (w->outputs <= FEW_OUTPUTS || !alternate(w, down, across, row, column)) return 0;
    if (a[0][0].taps != 1 || a[0][0].in != a[0][0].out || a[0][0].first) return 0;
    const int64_t taps = cs_most(a[0][1].taps, a[2][1].taps);
    if (taps < 2 || taps > 3) return 0;
    if (!find_places(g, &a[0][1], &a[2][1], taps, down, 1) || !find_places(g, &a[0][2], &a[1][2], taps, across, 2)) return 0;
    g->axis[0] = a[0][0];
    g->window.y_base = least;
    for (int i = 0; i < 3; i++) {
        g->window.axis[i] = g->axis[i];
        if (g->axis[i].w < 0) g->window.axis[i].w = -g->axis[i].w;
        g->window.apart[i] = g->window.axis[i];
    }
    return 40 + taps;
}
