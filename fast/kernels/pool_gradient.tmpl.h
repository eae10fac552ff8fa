/* The gradients of pooling, a row of windows and one tap of each at a time. Plain loops, which compilers turn into
 * vectors. */

/* Window i of a row sees x[i * step]: its place becomes that of the greatest element so far, if it is the first or greater;
 * a NaN is greater than any number. */
static void FN(choose_greatest)(const void *from, int64_t step, int64_t n, int32_t place, int32_t *restrict places,
                                void *greatest)
{
    const T *restrict x = from;
    T *restrict best = greatest;
#define STEP(step) \
    for (int64_t i = 0; i < n; i++) { \
        const T v = x[i * (step)], b = best[i]; \
        const int take = (places[i] == NOWHERE) | (v > b) | ((v != v) & (b == b)); \
        best[i] = take ? v : b; \
        places[i] = take ? place : places[i]; \
    }
    if (step == 1) {
        STEP(1)
    } else if (step == 2) {
        STEP(2)
    } else {
        STEP(step)
    }
#undef STEP
}

#if SUMS
/* dx[base + places[i] + i * step] += dy[i], where that lies in [from, to). */
static void FN(add_at)(void *to_, int64_t from, int64_t to, int64_t base, const int32_t *places, int64_t step, const void *dy_,
                       int64_t n)
{
    T *dx = (T *)to_ + from;
    const T *dy = dy_;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t at = (uint64_t)(base - from + i * step + places[i]);
        if (at < (uint64_t)(to - from)) dx[at] += dy[i];
    }
}
#endif

#if FLOATING
/* What a window of a norm passes on, before the factor that its element makes: nothing where the norm is 0. */
static void FN(slopes)(int64_t kind, void *to, const void *from, const void *norms, int64_t n)
{
    T *restrict q = to;
    const T *restrict dy = from, *restrict norm = norms;
    for (int64_t i = 0; i < n; i++) q[i] = norm[i] == 0 ? 0 : kind == CS_SQUARE ? dy[i] / norm[i] : dy[i];
}

INLINE T FN(sign)(T x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

/* dx[i * step] gets what window i passes on to x[i * step]. */
static void FN(pass_on)(int64_t kind, void *to, const void *from, const void *slopes, const void *norms, int64_t step,
                        int64_t n, double power)
{
    T *restrict dx = to;
    const T *restrict x = from, *restrict q = slopes, *restrict norm = norms;
    if (kind == CS_MEAN) {
        for (int64_t i = 0; i < n; i++) dx[i * step] += q[i];
    } else if (kind == CS_ABS) {
        for (int64_t i = 0; i < n; i++) dx[i * step] += q[i] * FN(sign)(x[i * step]);
    } else if (kind == CS_SQUARE) {
        for (int64_t i = 0; i < n; i++) {
            const VEC one = FN(fma)(FN(all)(x[i * step]), FN(all)(q[i]), FN(all)(dx[i * step]));
            dx[i * step] = one[0];
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            const double ratio = norm[i] == 0 ? 0 : __builtin_fabs((double)x[i * step]) / (double)norm[i];
            dx[i * step] += (T)((double)(q[i] * FN(sign)(x[i * step])) * pow(ratio, power - 1));
        }
    }
}
#endif

/* A run of windows, of which term k of window i is x[off[k] + i]: the first term of its greatest element. `chosen`
 * holds the first term that exists, for windows without anything above the least value. */
static void FN(choose_terms)(const void *from, const int64_t *off, int64_t terms, int64_t n, int32_t *chosen)
{
    const T *x = from;
#if FLOATING
    typedef INTEGER FN(ints) __attribute__((vector_size(VBITS / 8)));
    typedef int32_t FN(places) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
    for (int64_t i = 0; i < n; i += PASS_VECTORS * LANES) {
        FN(ints) where[PASS_VECTORS];
        VEC best[PASS_VECTORS];
        UNROLL
        for (int j = 0; j < PASS_VECTORS; j++) {
            where[j] = __builtin_convertvector(*(const FN(places) *)(chosen + i + j * LANES), FN(ints));
            best[j] = FN(all)(LEAST);
        }
        for (int64_t k = 0; k < terms; k++) {
            const FN(ints) term = (FN(ints)){0} + (INTEGER)k;
            UNROLL
            for (int j = 0; j < PASS_VECTORS; j++) {
                const VEC v = FN(load)(x + off[k] + i + j * LANES);
                const FN(ints) take = ~(v <= best[j]) & (best[j] == best[j]);
                best[j] = (VEC)((take & (FN(ints))v) | (~take & (FN(ints))best[j]));
                where[j] = (take & term) | (~take & where[j]);
            }
        }
        UNROLL
        for (int j = 0; j < PASS_VECTORS; j++)
            *(FN(places) *)(chosen + i + j * LANES) = __builtin_convertvector(where[j], FN(places));
    }
#else
    for (int64_t i = 0; i < n; i++) {
        T best = LEAST;
        int32_t where = chosen[i];
        for (int64_t k = 0; k < terms; k++) {
            const T v = x[off[k] + i];
            where = v > best ? (int32_t)k : where, best = v > best ? v : best;
        }
        chosen[i] = where;
    }
#endif
}

#if SUMS
#if FLOATING
INLINE VEC FN(signs)(VEC x)
{
    typedef INTEGER FN(ints) __attribute__((vector_size(VBITS / 8)));
    const FN(ints) above = x > 0, below = x < 0;
    const VEC one = FN(all)(1);
    return (VEC)((above & (FN(ints))one) | (below & (FN(ints))-one) | (~(above | below) & (FN(ints))x));
}
#endif

/* A run of elements, to each of which windows that many `shifts` before it pass on, one after the other. Windows count
 * where the tap that they have chosen is the one of that number, or, for norms, 0. */
INLINE void FN(pass_to)(const int kind, const cs_passing *p, T *to, const T *x)
{
    typedef JOIN(SIGNED, BITS) FN(ints) __attribute__((vector_size(VBITS / 8)));
    typedef int32_t FN(places) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
    for (int64_t i = 0; i < p->length; i += PASS_VECTORS * LANES) {
        VEC sum[PASS_VECTORS] = {{0}};
        for (int64_t t = 0; t < p->count; t++) {
            const int64_t at = i - p->shifts[t];
            const FN(ints) term = (FN(ints)){0} + (JOIN(SIGNED, BITS))(kind == CS_MAX ? p->terms[t] : 0);
            UNROLL
            for (int j = 0; j < PASS_VECTORS; j++) {
                const VEC q = FN(load)((const T *)p->slopes + at + j * LANES);
                if (kind == CS_MEAN) {
                    sum[j] = q + sum[j];
                    continue;
                }
                const FN(places) *chosen = (const FN(places) *)(p->chosen + at + j * LANES);
                const FN(ints) here = __builtin_convertvector(*chosen, FN(ints)) == term;
                if (kind == CS_MAX) sum[j] = (VEC)(here & (FN(ints))q) + sum[j];
#if FLOATING
                const VEC v = kind == CS_MAX ? q : FN(load)(x + i + j * LANES);
                if (kind == CS_ABS) sum[j] = (VEC)(here & (FN(ints))(q * FN(signs)(v))) + sum[j];
                if (kind == CS_SQUARE)
                    sum[j] = (VEC)((here & (FN(ints))FN(fma)(v, q, sum[j])) | (~here & (FN(ints))sum[j]));
#endif
            }
        }
        UNROLL
        for (int j = 0; j < PASS_VECTORS; j++) FN(store)(to + i + j * LANES, sum[j]);
    }
}

static void FN(pass)(int64_t kind, const cs_passing *p, void *to, const void *x)
{
    if (kind == CS_MAX) {
        FN(pass_to)(CS_MAX, p, to, x);
    } else if (kind == CS_MEAN) {
        FN(pass_to)(CS_MEAN, p, to, x);
#if FLOATING
    } else if (kind == CS_ABS) {
        FN(pass_to)(CS_ABS, p, to, x);
    } else {
        FN(pass_to)(CS_SQUARE, p, to, x);
#endif
    }
}

/* y[p] = x[p % step][p / step], from <= p < to, where rows of x are `length` long. */
static void FN(weave)(void *y_, int64_t step, const void *x_, int64_t length, int64_t from, int64_t to)
{
    T *restrict y = y_;
    const T *restrict x = x_;
    if (step == 1) {
        if (from < to) memcpy(y + from, x + from, (size_t)(to - from) * sizeof(T));
        return;
    }
    if (step == 2) {
        if (from % 2 && from < to) y[from] = x[length + from / 2], from++;
        if (to % 2 && from < to) to--, y[to] = x[to / 2];
        for (int64_t at = from; at < to && to - from >= 2 * LANES; at += 2 * LANES) {
            const int64_t p = at + 2 * LANES <= to ? at : to - 2 * LANES; /* the last block overlaps the one before */
            const VEC a = FN(load)(x + p / 2), b = FN(load)(x + length + p / 2);
            FN(store)(y + p, ZIP_LOW(a, b)), FN(store)(y + p + LANES, ZIP_HIGH(a, b));
        }
        for (int64_t p = from; p < to && to - from < 2 * LANES; p++) y[p] = x[p % 2 * length + p / 2];
        return;
    }
    for (int64_t p = from, run = from % step, i = from / step; p < to; p++) {
        y[p] = x[run * length + i];
        if (++run == step) run = 0, i++;
    }
}
#endif

#if FLOATING
/* `rows` rows of y, each of `in` elements: window j's slope for those from first + j * step on, 0 for others. They are put together in
 * `row`, which has room for a vector more. */
static void FN(repeat)(void *to, int64_t rows, int64_t in, void *row, const void *slopes, int64_t windows, int64_t first, int64_t step,
                       int64_t taps)
{
    T *y = row;
    int64_t end = 0;
    for (int64_t j = 0; j < windows; j++) {
        const int64_t start = first + j * step, stop = start + taps < in ? start + taps : in;
        const VEC v = FN(all)(((const T *)slopes)[j]) + FN(all)(0);
        if (stop <= end || start >= in) continue;
        for (; end < start; end++) y[end] = 0;
        for (; end < stop; end += LANES) FN(store)(y + end, v); /* what comes after is written later */
        end = stop;
    }
    for (; end < in; end++) y[end] = 0;
    for (int64_t r = 0; r < rows; r++, to = (T *)to + in)
        for (int64_t i = 0; i < in; i += LANES) FN(store_some)((T *)to + i, FN(load)(y + i), in - i);
}

/* Some planes of n elements, each with its slope where the bits of `seen` are set, and 0 elsewhere. */
static void FN(repeat_planes)(void *to, const void *seen, int64_t n, const void *slopes, int64_t planes)
{
    T *y = to;
    for (int64_t p = 0; p < planes; p++, y += n) {
        const VEC v = FN(all)(((const T *)slopes)[p]) + FN(all)(0);
        for (int64_t i = 0; i < n; i += LANES) FN(store_some)(y + i, FN(masked)(v, FN(load)((const T *)seen + i)), n - i);
    }
}
#endif
