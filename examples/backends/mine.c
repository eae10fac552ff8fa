/* A backend in C: conv with its gradients, and max_pool, of float32 and float64; sums of conv in double.
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

static int wide(const convspec_array *a, const convspec_array *b, const convspec_array *c) {
    int one = a->dtype == CONVSPEC_FLOAT64 || b->dtype == CONVSPEC_FLOAT64 || c->dtype == CONVSPEC_FLOAT64;
    return one ? CONVSPEC_FLOAT64 : CONVSPEC_FLOAT32;
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
        y->dtype = wide(x, w, b);
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

/* An operand that is given by its shape alone. */
static convspec_array shaped(const convspec_arguments *v, int dtype) {
    convspec_array a = {NULL, dtype, v->axes, {0}};
    for (int i = 0; i < v->axes; i++) a.shape[i] = v->shape[i];
    return a;
}

static int same_shape(const convspec_array *a, const convspec_array *b) {
    if (a->axes != b->axes) return 0;
    for (int i = 0; i < a->axes; i++)
        if (a->shape[i] != b->shape[i]) return 0;
    return 1;
}

static int64_t elements(const convspec_array *a) {
    int64_t count = 1;
    for (int i = 0; i < a->axes; i++) count *= a->shape[i];
    return count;
}

/* What output o of filter k passes on: dy times the weight to an element of x, dy times that element to the weight. */
static void pass_on(const convspec_array *x, const convspec_array *w, const axis a[3], int64_t n, int64_t k, int64_t c0,
                    const int64_t o[3], double dy, int by_input, convspec_array *d) {
    int64_t taps = a[0].k * a[1].k * a[2].k;
    for (int64_t c = 0; c < w->shape[1]; c++) {
        int64_t r[3] = {0, 0, 0}, tap = 0;
        do {
            int64_t at = meets(a, o, r), j = (k * w->shape[1] + c) * taps + tap++;
            int64_t i = (n * x->shape[1] + c0 + c) * planes(a) + at;
            if (at >= 0 && by_input) put(d, i, get(d, i) + get(w, j) * dy);
            if (at >= 0 && !by_input) put(d, j, get(d, j) + get(x, i) * dy);
        } while (next(r, a[0].k, a[1].k, a[2].k));
    }
}

/* The gradient d by x or by w, whichever has no elements. */
static int gradient(const convspec_array *dy, const convspec_array *x, const convspec_array *w, const convspec_arguments *v,
                    int by_input, convspec_array *d) {
    convspec_array none = {0}, y = {0};
    axis a[3];
    int status = is_float(dy) ? check_conv(x, w, &none, v->groups) : refuse(CONVSPEC_NOT_OFFERED, "floats only");
    if (status || (status = windows(x, w->shape + 2, v, a))) return status;
    shape_of(&y, x, w->shape[0], a);
    if (!same_shape(dy, &y)) return refuse(CONVSPEC_INVALID, "dy has the shape of the result");
    if (!d->data) {
        *d = by_input ? *x : *w;
        d->data = NULL;
        d->dtype = wide(dy, x, w);
        return CONVSPEC_OK;
    }
    int64_t K = w->shape[0], Kg = K / v->groups, i = 0;
    for (int64_t j = 0; j < elements(d); j++) put(d, j, 0);
    for (int64_t n = 0; n < x->shape[0]; n++)
        for (int64_t k = 0; k < K; k++) {
            int64_t o[3] = {0, 0, 0};
            do
                pass_on(x, w, a, n, k, k / Kg * w->shape[1], o, get(dy, i++), by_input, d);
            while (next(o, a[0].o, a[1].o, a[2].o));
        }
    return CONVSPEC_OK;
}

int convspec_conv_grad_input(const convspec_array *operands, const convspec_arguments *v, convspec_array *dx) {
    convspec_array x = shaped(v, operands->dtype);
    return gradient(operands, &x, operands + 1, v, 1, dx);
}

int convspec_conv_grad_weight(const convspec_array *operands, const convspec_arguments *v, convspec_array *dw) {
    convspec_array w = shaped(v, operands->dtype);
    return gradient(operands, operands + 1, &w, v, 0, dw);
}

int convspec_conv_grad_bias(const convspec_array *dy, const convspec_arguments *v, convspec_array *db) {
    (void)v;
    if (!is_float(dy)) return refuse(CONVSPEC_NOT_OFFERED, "float32 and float64 only");
    if (dy->axes < 3 || dy->axes > 5) return refuse(CONVSPEC_INVALID, "axes of dy");
    int64_t N = dy->shape[0], K = dy->shape[1], O = 1;
    for (int i = 2; i < dy->axes; i++) O *= dy->shape[i];
    db->dtype = dy->dtype;
    db->axes = 1;
    db->shape[0] = K;
    for (int64_t k = 0; db->data && k < K; k++) {
        double total = 0;
        for (int64_t n = 0; n < N; n++)
            for (int64_t o = 0; o < O; o++) total += get(dy, (n * K + k) * O + o);
        put(db, k, total);
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
