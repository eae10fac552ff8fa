/* Moving elements: strips of padded input. */
#ifdef MOVES

/* The position inside [0, n) that stands for position i beyond the edges. */
static int64_t FN(beyond)(int64_t i, int64_t n, int64_t boundary)
{
    if (boundary == CS_EDGE || n == 1) return i < 0 ? 0 : n - 1;
    const int64_t period = boundary == CS_WRAP ? n : boundary == CS_SYMM ? 2 * n : 2 * n - 2;
    int64_t m = i % period;
    if (m < 0) m += period;
    return m < n ? m : boundary == CS_SYMM ? period - 1 - m : period - m;
}

/* y[i] = x[step * i], i < n: vectors, of which the last overlaps the one before. */
INLINE void FN(copy)(T *restrict y, const T *restrict x, int64_t step, int64_t n)
{
    if (step == 1 && n >= LANES) {
        for (int64_t i = 0; i < n - LANES; i += LANES) FN(store)(y + i, FN(load)(x + i));
        FN(store)(y + n - LANES, FN(load)(x + n - LANES));
    } else if (step == 2 && n >= LANES) {
        for (int64_t i = 0; i < n - LANES; i += LANES) FN(store)(y + i, FN(evens)(x + 2 * i));
        FN(store)(y + n - LANES, FN(evens)(x + 2 * (n - LANES)));
#if BITS >= 32
    } else if (step == 1) {
        FN(copy_few)(y, x, n);
#endif
    } else {
        for (int64_t i = 0; i < n; i++) y[i] = x[step * i];
    }
}

/* Elements [from, to) of a row, which lie beyond the edges. */
INLINE void FN(copy_beyond)(T *y, const T *x, const cs_row *r, T fill, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        y[i] = r->boundary == CS_FILL ? fill : x[FN(beyond)(r->start + i * r->step, r->in, r->boundary) * r->pixel];
}

/* y[c][i] = x[i][by * c], c < count, i < n: neighbours, or those `by` apart, become rows. */
static void FN(copy_each_turned)(T *y, int64_t apart, const T *x, int64_t step, int64_t by, int64_t count, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < count; c++) y[c * apart + i] = x[i * step + by * c];
}

#if BITS >= 32
/* The last block overlaps the one before. */
static void FN(copy_turned)(T *y, int64_t apart, const T *x, int64_t step, int64_t by, int64_t count, int64_t n)
{
    const int whole = count >= LANES && n >= LANES;
    if (by > 2 || (by == 2 && !whole)) {
        FN(copy_each_turned)(y, apart, x, step, by, count, n);
        return;
    }
    for (int64_t next = 0; next < n; next += LANES)
        for (int64_t some = 0; some < count; some += LANES) {
            const int64_t i = n < LANES || next + LANES <= n ? next : n - LANES;
            const int64_t c = count < LANES || some + LANES <= count ? some : count - LANES;
            if (by == 2) {
                FN(turn_block)(1, 2, y + c * apart + i, apart, x + i * step + 2 * c, step, LANES, LANES);
            } else if (whole) {
                FN(turn_block)(1, 1, y + c * apart + i, apart, x + i * step + c, step, LANES, LANES);
            } else {
                FN(turn_some)(y + c * apart + i, apart, x + i * step + c, step, count, n);
            }
        }
}

/* to[i][c] = from[c][by * i], c < channels, i < pixels: planes become pixels. */
static void FN(turn_planes)(void *to, int64_t apart, const void *from, int64_t plane, int64_t by, int64_t channels, int64_t pixels)
{
    FN(copy_turned)(to, apart, from, plane, by, pixels, channels);
}
#else
static void FN(copy_turned)(T *y, int64_t apart, const T *x, int64_t step, int64_t by, int64_t count, int64_t n)
{
    FN(copy_each_turned)(y, apart, x, step, by, count, n);
}
#endif

/* `count` rows of y, which are `apart`, from neighbours in x. */
INLINE void FN(copy_neighbours)(T *y, int64_t apart, const T *x, int64_t count, const cs_row *r, T fill)
{
    for (int64_t k = 0; k < count; k++) {
        FN(copy_beyond)(y + k * apart, x + k, r, fill, 0, r->inside);
        FN(copy_beyond)(y + k * apart, x + k, r, fill, r->outside, r->count);
    }
    FN(copy_turned)(y + r->inside, apart, x + (r->start + r->inside * r->step) * r->pixel, r->step * r->pixel, 1, count,
                    r->outside - r->inside);
}

#if BITS >= 32
/* A row of neighbours, with a few zeros, or what stands for them, at its ends, which are written first. */
INLINE void FN(copy_padded)(T *y, const T *x, const cs_row *r, VEC fill)
{
    const int64_t n = r->outside - r->inside;
    FN(store)(y, fill);
    FN(store)(y + r->count - LANES, fill);
    y += r->inside, x += r->start + r->inside;
    if (n < LANES) {
        FN(copy_few)(y, x, n);
    } else {
        for (int64_t i = 0; i < n - LANES; i += LANES) FN(store)(y + i, FN(load)(x + i));
        FN(store)(y + n - LANES, FN(load)(x + n - LANES));
    }
}
#endif

#if BITS >= 32 && STORES_INSIDE
/* Rows of neighbours that are shorter than a vector, with zeros beyond the edges. */
static void FN(copy_short)(T *y, int64_t length, const T *x, const int64_t *starts, int64_t rows, const cs_row *r)
{
    const FN(mask) inside = FN(inside)(r->inside, r->outside), all = FN(inside)(0, r->count);
    for (int64_t k = 0; k < rows; k++, y += length) {
        if (starts[k] == ROW_UNUSED) continue;
        FN(store_inside)(y, starts[k] == ROW_OUTSIDE ? FN(all)(0) : FN(load_inside)(x + starts[k] + r->start, inside), all);
    }
}
#endif

/* A row, or several that are neighbours in x; how many. */
INLINE int64_t FN(copy_some)(T *y, int64_t length, const T *x, const int64_t *starts, int64_t rows, const cs_row *r, T fill)
{
    int64_t some = 1;
    if (starts[0] == ROW_UNUSED) return 1;
    if (starts[0] == ROW_OUTSIDE) {
        for (int64_t i = 0; i < r->count; i++) y[i] = fill;
        return 1;
    }
    x += starts[0];
    while (r->step * r->pixel > 2 && some < rows && starts[some] == starts[0] + some) some++;
    if (some > 1) {
        FN(copy_neighbours)(y, length, x, some, r, fill);
        return some;
    }
    FN(copy_beyond)(y, x, r, fill, 0, r->inside);
    FN(copy)(y + r->inside, x + (r->start + r->inside * r->step) * r->pixel, r->step * r->pixel, r->outside - r->inside);
    FN(copy_beyond)(y, x, r, fill, r->outside, r->count);
    return 1;
}

static void FN(copy_rows)(void *to, int64_t apart, int64_t length, const void *from, const int64_t *starts, int64_t rows,
                          const cs_row *r)
{
    const T *x = from;
    T *y = to, fill;
    memcpy(&fill, &r->fill, sizeof(T));
    if (r->channels > 1 && r->channel == 1 && r->step * r->pixel > 2) {
        for (int64_t k = 0; k < rows; k++)
            if (starts[k] > ROW_UNUSED) FN(copy_neighbours)(y + k * length, apart, x + starts[k], r->channels, r, fill);
        for (int64_t c = 0; c < r->channels; c++)
            for (int64_t k = 0; k < rows; k++)
                for (int64_t i = 0; starts[k] == ROW_OUTSIDE && i < r->count; i++) y[c * apart + k * length + i] = fill;
        return;
    }
#if BITS >= 32
    if (r->step * r->pixel == 1 && r->boundary == CS_FILL && r->count >= LANES && r->inside <= LANES &&
        r->count - r->outside <= LANES) {
        for (int64_t c = 0; c < r->channels; c++)
            for (int64_t k = 0; k < rows; k++)
                if (starts[k] > ROW_UNUSED) {
                    FN(copy_padded)(y + c * apart + k * length, x + c * r->channel + starts[k], r, FN(all)(fill));
                } else {
                    FN(copy_some)(y + c * apart + k * length, length, x, starts + k, 1, r, fill);
                }
        return;
    }
#if STORES_INSIDE
    if (r->step * r->pixel == 1 && r->boundary == CS_FILL && fill == 0 && r->count < LANES) {
        for (int64_t c = 0; c < r->channels; c++) FN(copy_short)(y + c * apart, length, x + c * r->channel, starts, rows, r);
        return;
    }
#endif
#endif
    for (int64_t c = 0; c < r->channels; c++)
        for (int64_t k = 0; k < rows;)
            k += FN(copy_some)(y + c * apart + k * length, length, x + c * r->channel, starts + k, rows - k, r, fill);
}

#if BITS >= 32
/* y[step * i] = x[i], i < n; what lies between stays. */
static void FN(spread)(void *to, int64_t step, const void *from, int64_t n)
{
    T *restrict y = to;
    const T *restrict x = from;
    if (step == 2) {
        int64_t i = 0;
#ifdef STORE_EVENS_32
        for (; i + LANES <= n; i += LANES) FN(store_evens)(y + 2 * i, FN(load)(x + i));
#endif
        for (; i < n; i++) y[2 * i] = x[i];
    } else {
        for (int64_t i = 0; i < n; i++) y[step * i] = x[i];
    }
}
#endif

#endif

#if FLOATING
/* Whether there is neither an infinity nor a NaN, which times 0 would be NaN. */
static int FN(finite)(const void *from, int64_t n)
{
    const T *x = from;
    VEC sum[PASS_VECTORS] = {{0}};
    int64_t i = 0;
    for (; i + PASS_VECTORS * LANES <= n; i += PASS_VECTORS * LANES) {
        UNROLL
        for (int j = 0; j < PASS_VECTORS; j++) sum[j] = FN(fma)(FN(load)(x + i + j * LANES), FN(all)(0), sum[j]);
    }
    for (; i < n; i += LANES) sum[0] = FN(fma)(FN(load_inside)(x + i, FN(inside)(0, n - i)), FN(all)(0), sum[0]);
    for (int j = 1; j < PASS_VECTORS; j++) sum[0] += sum[j];
    for (int l = 1; l < LANES; l++) sum[0][0] += sum[0][l];
    return sum[0][0] == 0;
}
#endif

static void FN(ones)(void *to, int64_t n)
{
    T *y = to;
    for (int64_t i = 0; i < n; i++) y[i] = 1;
}
