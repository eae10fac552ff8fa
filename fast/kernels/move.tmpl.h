/* Moving elements: strips of padded input, transposed results. */

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
    } else {
        for (int64_t i = 0; i < n; i++) y[i] = x[step * i];
    }
}

static void FN(copy_rows)(void *to, int64_t length, const void *from, const int64_t *starts, int64_t rows,
                          const cs_row *r)
{
    T *y = to, fill;
    memcpy(&fill, &r->fill, sizeof(T));
    for (int64_t k = 0; k < rows; k++, y += length) {
        if (starts[k] == ROW_UNUSED) continue;
        if (starts[k] == ROW_OUTSIDE) {
            for (int64_t i = 0; i < r->count; i++) y[i] = fill;
            continue;
        }
        const T *x = (const T *)from + starts[k];
        for (int64_t i = 0; i < r->inside; i++)
            y[i] = r->boundary == CS_FILL ? fill : x[FN(beyond)(r->start + i * r->step, r->in, r->boundary)];
        if (r->outside > r->inside)
            FN(copy)(y + r->inside, x + r->start + r->inside * r->step, r->step, r->outside - r->inside);
        for (int64_t i = r->outside; i < r->count; i++)
            y[i] = r->boundary == CS_FILL ? fill : x[FN(beyond)(r->start + i * r->step, r->in, r->boundary)];
    }
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

INLINE void FN(store_apart)(T *y, int64_t step, VEC v)
{
    if (step == 1) {
        FN(store)(y, v);
    } else if (step == 2) {
        FN(store_evens)(y, v);
    } else {
        for (int l = 0; l < LANES; l++) y[step * l] = v[l];
    }
}

/* y[j][step * i] = x[i][j], i < rows, j < columns; the rows of x can be read up to a whole number of vectors. */
INLINE void FN(transpose_by)(T *y, int64_t ldy, int64_t step, const T *x, int64_t ldx, int64_t rows, int64_t columns)
{
    if (rows < LANES) {
        for (int64_t j = 0; j < columns; j++)
            for (int64_t i = 0; i < rows; i++) y[j * ldy + i * step] = x[i * ldx + j];
        return;
    }
    for (int64_t j = 0; j < columns; j += LANES) {
        for (int64_t next = 0; next < rows; next += LANES) {
            const int64_t i = next + LANES <= rows ? next : rows - LANES; /* the last block overlaps the one before */
            VEC v[LANES];
            UNROLL
            for (int l = 0; l < LANES; l++) v[l] = FN(load)(x + (i + l) * ldx + j);
            FN(turn)(v);
            if (j + LANES <= columns) {
                UNROLL
                for (int l = 0; l < LANES; l++) FN(store_apart)(y + (j + l) * ldy + i * step, step, v[l]);
            } else {
                UNROLL
                for (int l = 0; l < LANES; l++)
                    if (j + l < columns) FN(store_apart)(y + (j + l) * ldy + i * step, step, v[l]);
            }
        }
    }
}

static void FN(transpose)(void *to, int64_t ldy, const void *from, int64_t ldx, int64_t rows, int64_t columns)
{
    FN(transpose_by)(to, ldy, 1, from, ldx, rows, columns);
}

static void FN(transpose_apart)(void *to, int64_t ldy, int64_t step, const void *from, int64_t ldx, int64_t rows,
                                int64_t columns)
{
    if (step == 2) {
        FN(transpose_by)(to, ldy, 2, from, ldx, rows, columns);
    } else {
        FN(transpose_by)(to, ldy, step, from, ldx, rows, columns);
    }
}
#endif

static void FN(ones)(void *to, int64_t n)
{
    T *y = to;
    for (int64_t i = 0; i < n; i++) y[i] = 1;
}
