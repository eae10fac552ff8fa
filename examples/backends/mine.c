/* A backend in C: conv and max_pool of float32 and float64, sums in double.
 *
 *     cc -O2 -shared -fPIC -I "$(python -c 'import convspec.conformance as c; print(c.__path__[0])')" mine.c -o libmine.so
 *     convspec check ./libmine.so
 *
 * Plane indices run over three spatial axes; an image of fewer has leading axes of one element.
 */
#include <math.h>
#include <stddef.h>

#include "convspec_backend.h"

static const char *message = "";

const char *convspec_about(void) {
    return "{\"version\": \"1.0\", \"policies\": {\"padded_tap\": \"skipped\"}}";
}

const char *convspec_message(void) { return message; }

static int refuse(int status, const char *why) {
    message = why;
    return status;
}

/* One spatial axis: elements, taps, results, stride, dilation, padding. */
typedef struct {
    int64_t n, k, o, s, d, before;
} axis;

static int is_float(const convspec_array *a) { return a->dtype == CONVSPEC_FLOAT32 || a->dtype == CONVSPEC_FLOAT64; }

static double get(const convspec_array *a, int64_t i) {
    return a->dtype == CONVSPEC_FLOAT32 ? ((const float *)a->data)[i] : ((const double *)a->data)[i];
}

static void put(convspec_array *a, int64_t i, double value) {
    if (a->dtype == CONVSPEC_FLOAT32)
        ((float *)a->data)[i] = (float)value;
    else
        ((double *)a->data)[i] = value;
}

/* Fills in the last of three axes from the windows' arguments; sizes of the results that do not exist are refused. */
static int windows(const convspec_array *x, const int64_t *taps, const convspec_arguments *v, axis found[3]) {
    int rank = x->axes - 2;
    for (int i = 0; i < 3; i++) found[i] = (axis){1, 1, 1, 1, 1, 0};
    for (int i = 0; i < rank; i++) {
        axis a = {x->shape[2 + i], taps[i], 0, v->stride[i], v->dilation[i], v->before[i]};
        if (a.n < 1 || a.k < 1 || a.s < 1 || a.d < 1 || a.before < 0 || v->after[i] < 0)
            return refuse(CONVSPEC_INVALID, "sizes, strides and dilations are at least 1, padding is at least 0");
        int64_t slack = a.n + a.before + v->after[i] - ((a.k - 1) * a.d + 1);
        if (slack < 0) return refuse(CONVSPEC_INVALID, "the window does not fit");
        a.o = slack / a.s + 1;
        if (v->ceil_mode && slack % a.s && a.o * a.s < a.n + a.before) a.o++;
        found[3 - rank + i] = a;
    }
    return CONVSPEC_OK;
}

/* The position in the plane that tap r of window o meets, or -1 in the padding. */
static int64_t meets(const axis a[3], const int64_t o[3], const int64_t r[3]) {
    int64_t position = 0;
    for (int i = 0; i < 3; i++) {
        int64_t at = o[i] * a[i].s - a[i].before + r[i] * a[i].d;
        if (at < 0 || at >= a[i].n) return -1;
        position = position * a[i].n + at;
    }
    return position;
}

/* The next index of three, row-major; 0 after the last. */
static int next(int64_t index[3], int64_t n0, int64_t n1, int64_t n2) {
    const int64_t n[3] = {n0, n1, n2};
    for (int i = 2; i >= 0; i--) {
        if (++index[i] < n[i]) return 1;
        index[i] = 0;
    }
    return 0;
}

static int64_t planes(const axis a[3]) { return a[0].n * a[1].n * a[2].n; }

static void shape_of(convspec_array *y, const convspec_array *x, int64_t channels, const axis a[3]) {
    y->axes = x->axes;
    y->shape[0] = x->shape[0];
    y->shape[1] = channels;
    for (int i = 2; i < x->axes; i++) y->shape[i] = a[3 - (x->axes - 2) + i - 2].o;
}

static int check_conv(const convspec_array *x, const convspec_array *w, const convspec_array *b, int64_t groups) {
    if (!is_float(x) || !is_float(w) || (b->data && !is_float(b)))
        return refuse(CONVSPEC_NOT_OFFERED, "float32 and float64 only");
    if (x->axes < 3 || x->axes > 5 || w->axes != x->axes) return refuse(CONVSPEC_INVALID, "axes of x and w");
    if (groups < 1 || x->shape[1] % groups || w->shape[0] % groups || w->shape[1] != x->shape[1] / groups)
        return refuse(CONVSPEC_INVALID, "groups must divide the channels");
    if (w->shape[0] < 1) return refuse(CONVSPEC_INVALID, "no output channels");
    if (b->data && (b->axes != 1 || b->shape[0] != w->shape[0])) return refuse(CONVSPEC_INVALID, "shape of b");
    return CONVSPEC_OK;
}

/* One output element: the taps of all channels of the group. */
static double sum(const convspec_array *x, const convspec_array *w, const axis a[3], int64_t n, int64_t k, int64_t c0,
                  const int64_t o[3], double start) {
    int64_t taps = a[0].k * a[1].k * a[2].k;
    for (int64_t c = 0; c < w->shape[1]; c++) {
        int64_t r[3] = {0, 0, 0}, tap = 0;
        do {
            int64_t at = meets(a, o, r);
            if (at >= 0)
                start += get(x, (n * x->shape[1] + c0 + c) * planes(a) + at) * get(w, (k * w->shape[1] + c) * taps + tap);
            tap++;
        } while (next(r, a[0].k, a[1].k, a[2].k));
    }
    return start;
}

int convspec_conv(const convspec_array *operands, const convspec_arguments *v, convspec_array *y) {
    const convspec_array *x = operands, *w = operands + 1, *b = operands + 2;
    axis a[3];
    int status = check_conv(x, w, b, v->groups);
    if (status || (status = windows(x, w->shape + 2, v, a))) return status;
    if (!y->data) {
        int wide = x->dtype == CONVSPEC_FLOAT64 || w->dtype == CONVSPEC_FLOAT64 || b->dtype == CONVSPEC_FLOAT64;
        y->dtype = wide ? CONVSPEC_FLOAT64 : CONVSPEC_FLOAT32;
        shape_of(y, x, w->shape[0], a);
        return CONVSPEC_OK;
    }
    int64_t K = w->shape[0], Kg = K / v->groups, i = 0;
    for (int64_t n = 0; n < x->shape[0]; n++)
        for (int64_t k = 0; k < K; k++) {
            int64_t o[3] = {0, 0, 0};
            do
                put(y, i++, sum(x, w, a, n, k, k / Kg * w->shape[1], o, b->data ? get(b, k) : 0));
            while (next(o, a[0].o, a[1].o, a[2].o));
        }
    return CONVSPEC_OK;
}

int convspec_max_pool(const convspec_array *x, const convspec_arguments *v, convspec_array *y) {
    axis a[3];
    if (!is_float(x)) return refuse(CONVSPEC_NOT_OFFERED, "float32 and float64 only");
    if (x->axes < 3 || x->axes > 5) return refuse(CONVSPEC_INVALID, "axes of x");
    int status = windows(x, v->size, v, a);
    if (status) return status;
    if (!y->data) {
        y->dtype = x->dtype;
        shape_of(y, x, x->shape[1], a);
        return CONVSPEC_OK;
    }
    int64_t i = 0;
    for (int64_t plane = 0; plane < x->shape[0] * x->shape[1]; plane++) {
        int64_t o[3] = {0, 0, 0};
        do {
            double most = -INFINITY;
            int64_t r[3] = {0, 0, 0};
            do {
                int64_t at = meets(a, o, r);
                double value = at < 0 ? -INFINITY : get(x, plane * planes(a) + at);
                if (value > most || isnan(value)) most = value;
                if (isnan(most)) break;
            } while (next(r, a[0].k, a[1].k, a[2].k));
            put(y, i++, most);
        } while (next(o, a[0].o, a[1].o, a[2].o));
    }
    return CONVSPEC_OK;
}
