/* Rows of the input, brought into the strips that windows are pooled from; maxima are taken on the way. */

/* The even and the odd elements of two neighbouring vectors. */
INLINE void FN(unzip)(VEC a, VEC b, VEC *even, VEC *odd)
{
    KEEP(a);
    KEEP(b);
    *even = UNZIP_LOW(a, b), *odd = UNZIP_HIGH(a, b);
}

/* The greatest of the n rows at x + starts[k] + i, in a vector of columns, and in one; a copy where n is 1. Few known rows
 * are unrolled by the compiler; a loop of any number, of which there are many, is not to be. */
INLINE VEC FN(top)(const int64_t n, const T *x, const int64_t *starts, int64_t i)
{
    VEC v = FN(load)(x + starts[0] + i);
    if (n <= 2) __builtin_prefetch((const char *)(x + starts[0] + i) + AHEAD);
    for (int64_t k = 1; k < n; k++) {
        v = FN(max)(v, FN(load)(x + starts[k] + i));
        if (k >= n - 2) __builtin_prefetch((const char *)(x + starts[k] + i) + AHEAD);
    }
    return v;
}

/* The same for a few columns, `step` elements apart. */
static __attribute__((noinline)) void FN(top_few)(int64_t n, T *y, const T *x, const int64_t *starts, int64_t step, int64_t length)
{
    for (int64_t i = 0; i < length; i++, x += step) {
        T v = x[starts[0]];
        for (int64_t k = 1; k < n; k++) {
            const T u = x[starts[k]];
            v = u > v || u != u ? u : v;
        }
        y[i] = v;
    }
}

INLINE void FN(top_row)(const int64_t n, T *y, const T *x, const int64_t *starts, int64_t length)
{
    if (length < LANES) {
        FN(top_few)(n, y, x, starts, 1, length);
        return;
    }
    for (int64_t i = 0; i < length - LANES; i += LANES) FN(store)(y + i, FN(top)(n, x, starts, i));
    FN(store)(y + length - LANES, FN(top)(n, x, starts, length - LANES));
}

/* The even columns of `length` pairs into y, the odd ones into z. */
INLINE void FN(top_pairs)(const int64_t n, T *y, T *z, const T *x, const int64_t *starts, int64_t length)
{
    if (length < LANES) {
        FN(top_few)(n, y, x, starts, 2, length);
        FN(top_few)(n, z, x + 1, starts, 2, length);
        return;
    }
    for (int64_t next = 0; next < length; next += LANES) {
        const int64_t i = next + LANES < length ? next : length - LANES;
        VEC even, odd;
        FN(unzip)(FN(top)(n, x, starts, 2 * i), FN(top)(n, x, starts, 2 * i + LANES), &even, &odd);
        FN(store)(y + i, even);
        FN(store)(z + i, odd);
    }
}

/* y[i] = x[i * step]; the last vector overlaps the one before. */
INLINE void FN(pick_vectors)(const int step, T *y, const T *x, int64_t n)
{
    for (int64_t next = 0; next < n; next += LANES) {
        const int64_t i = next + LANES < n ? next : n - LANES;
        FN(store)(y + i, step == 2 ? FN(evens)(x + 2 * i) : step == 3 ? FN(thirds)(x + 3 * i) : FN(fourths)(x + 4 * i));
    }
}

static __attribute__((noinline)) void FN(pick)(T *y, const T *x, int64_t step, int64_t n)
{
    if (step == 2 && n >= LANES) {
        FN(pick_vectors)(2, y, x, n);
    } else if (step == 3 && n >= LANES) {
        FN(pick_vectors)(3, y, x, n);
    } else if (step == 4 && n >= LANES) {
        FN(pick_vectors)(4, y, x, n);
    } else {
        for (int64_t i = 0; i < n; i++) y[i] = x[i * step];
    }
}

/* One strip: the inputs between the edges; what is beyond has been filled before. */
INLINE void FN(bring_row)(const int64_t n, T *y, const T *x, const int64_t *starts, const cs_strip *s, T *spare)
{
    const cs_span *r = s->spans;
    if (s->count == 1 && s->step == 1) {
        FN(top_row)(n, y + r->at + r->inside, x + r->start + r->inside, starts, r->outside - r->inside);
        return;
    }
    if (s->count == 2 && s->step == 2 && r[1].start == r[0].start + 1) {
        const int late = r[1].inside < r[0].inside; /* the second run has the first input */
        const cs_span *one = r + late, *other = r + !late;
        const int64_t pairs = other->outside - other->inside, from = one->start + 2 * one->inside;
        T *first = y + one->at + one->inside;
        FN(top_pairs)(n, first, y + other->at + other->inside, x + from, starts, pairs);
        if (one->outside - one->inside > pairs) FN(top_few)(n, first + pairs, x + from + 2 * pairs, starts, 1, 1);
        return;
    }
    const T *row = x + starts[0];
    if (n > 1) {
        FN(top_row)(n, spare, x + s->from, starts, s->to - s->from);
        row = spare - s->from;
    }
    for (int64_t k = 0; k < s->count; k++, r++)
        FN(pick)(y + r->at + r->inside, row + r->start + r->inside * s->step, s->step, r->outside - r->inside);
}

/* The strips that the windows of row r are the first to see. */
static void FN(bring)(const cs_pooling *p, int64_t r, const T *x, T *strips, T *spare)
{
    const cs_strip *s = &p->strip;
    for (int64_t i = p->news[r]; i < p->news[r + 1]; i++) {
        const int64_t *starts = p->brought.starts + p->brought.from[i], n = p->brought.from[i + 1] - p->brought.from[i];
        T *y = strips + i % p->kept * s->pitch;
        if (n && s->pixel != 1) {
            for (const cs_span *c = s->spans; c < s->spans + s->count; c++)
                FN(top_few)(n, y + c->at + c->inside, x + (c->start + c->inside * s->step) * s->pixel, starts, s->step * s->pixel,
                            c->outside - c->inside);
        } else if (WIDE && n == 1) {
            FN(bring_row)(1, y, x, starts, s, spare);
        } else if (WIDE && n == 2) {
            FN(bring_row)(2, y, x, starts, s, spare);
        } else if (WIDE && n == 3) {
            FN(bring_row)(3, y, x, starts, s, spare);
        } else if (n) {
            FN(bring_row)(n, y, x, starts, s, spare);
        } else {
            for (int64_t j = 0; j < s->pitch; j++) y[j] = LEAST; /* only maxima are taken over no row */
        }
    }
}

/* What strips hold beyond the edges. */
static void FN(pad)(const cs_pooling *p, void *strips)
{
    const cs_strip *s = &p->strip;
    T *y = strips, fill;
    memcpy(&fill, &s->fill, sizeof fill);
    for (int64_t k = 0; k < p->kept; k++, y += s->pitch)
        for (const cs_span *r = s->spans; r < s->spans + s->count; r++) {
            for (int64_t j = 0; j < r->inside; j++) y[r->at + j] = fill;
            for (int64_t j = r->outside; j < r->length; j++) y[r->at + j] = fill;
        }
}
