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

static void FN(copy_row)(void *to, const void *row, const cs_row *r)
{
    T *y = to, fill;
    const T *x = row;
    memcpy(&fill, &r->fill, sizeof(T));
    if (!x) {
        for (int64_t i = 0; i < r->count; i++) y[i] = fill;
        return;
    }
    for (int64_t i = 0; i < r->inside; i++)
        y[i] = r->boundary == CS_FILL ? fill : x[FN(beyond)(r->start + i * r->step, r->in, r->boundary)];
    x += r->start;
    if (r->step == 1) {
        memcpy(y + r->inside, x + r->inside, (size_t)(r->outside - r->inside) * sizeof(T));
    } else if (r->step == 2) {
        for (int64_t i = r->inside; i < r->outside; i++) y[i] = x[2 * i];
    } else {
        for (int64_t i = r->inside; i < r->outside; i++) y[i] = x[i * r->step];
    }
    x -= r->start;
    for (int64_t i = r->outside; i < r->count; i++)
        y[i] = r->boundary == CS_FILL ? fill : x[FN(beyond)(r->start + i * r->step, r->in, r->boundary)];
}

#if SUMS
/* y[j][i] = x[i][j], i < rows, j < columns; the rows of x can be read up to a whole number of vectors. */
static void FN(transpose)(void *to, int64_t ldy, const void *from, int64_t ldx, int64_t rows, int64_t columns)
{
    T *y = to;
    const T *x = from;
    if (rows < LANES) {
        for (int64_t j = 0; j < columns; j++)
            for (int64_t i = 0; i < rows; i++) y[j * ldy + i] = x[i * ldx + j];
        return;
    }
    for (int64_t j = 0; j < columns; j += LANES) {
        for (int64_t step = 0; step < rows; step += LANES) {
            const int64_t i = step + LANES <= rows ? step : rows - LANES; /* the last block overlaps the one before */
            VEC v[LANES];
            UNROLL
            for (int l = 0; l < LANES; l++) v[l] = FN(load)(x + (i + l) * ldx + j);
            FN(turn)(v);
            if (j + LANES <= columns) {
                UNROLL
                for (int l = 0; l < LANES; l++) FN(store)(y + (j + l) * ldy + i, v[l]);
            } else {
                UNROLL
                for (int l = 0; l < LANES; l++)
                    if (j + l < columns) FN(store)(y + (j + l) * ldy + i, v[l]);
            }
        }
    }
}
#endif
