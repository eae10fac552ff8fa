/* One output from one channel, or few: DEPTH_ROWS rows of outputs x a few vectors, read from the input's own rows.
 * An input row is loaded once for all outputs that see it; each output still runs through its taps in row-major order,
 * because input rows come in ascending order. Vectors that reach beyond the ends of the rows read a padded copy of those
 * columns. */

/* A column of a row of inputs, or two with step 2, for rows [from, to) of outputs; w is where row 0's weight for it would be. */
INLINE void FN(depth_column)(const int step, const int some, const int from, const int to, const int vectors,
                             VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const T *p, int64_t columns, const T *w)
{
    VEC x[2][DEPTH_VECTORS];
    UNROLL
    for (int v = 0; v < vectors; v++) {
        if (step == 1) {
            x[0][v] = FN(load)(p + v * LANES);
            if (to - from > 1) ONCE(x[0][v]);
        } else if (some == 2) {
            FN(evens_and_odds)(p + 2 * v * LANES, &x[0][v], &x[1][v]);
        } else {
            x[0][v] = FN(evens)(p + 2 * v * LANES);
        }
    }
    UNROLL
    for (int s = 0; s < some; s++) {
        UNROLL
        for (int k = from; k < to; k++) {
            const VEC wv = FN(all)(w[s - k * step * columns]);
            UNROLL
            for (int v = 0; v < vectors; v++) sum[k][v] = FN(accumulate)(x[s][v], wv, sum[k][v]);
        }
    }
}

INLINE void FN(depth_row)(const int step, const int from, const int to, const int vectors, VEC sum[DEPTH_ROWS][DEPTH_VECTORS],
                          const cs_depth *d, const T *p, const T *w)
{
    int64_t c = 0;
    for (; c + step <= d->columns; c += step, p += step * d->column_gap)
        FN(depth_column)(step, step, from, to, vectors, sum, p, d->columns, w + c);
    if (c < d->columns) FN(depth_column)(step, 1, from, to, vectors, sum, p, d->columns, w + c);
}

/* The taps of a slab of one row, with step 1: no row of inputs is in two sums, so all rows of outputs take turns. */
INLINE void FN(depth_flat)(const int vectors, VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const cs_depth *d, const void *const *rows,
                           int64_t column, const T *w)
{
    const T *px[DEPTH_ROWS];
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) px[k] = (const T *)rows[k * d->row_gap] + column;
    for (int64_t c = 0, at = 0; c < d->columns; c++, at += d->column_gap) {
        const VEC wv = FN(all)(w[c]);
        UNROLL
        for (int k = 0; k < DEPTH_ROWS; k++) {
            UNROLL
            for (int v = 0; v < vectors; v++) sum[k][v] = FN(fma)(FN(load)(px[k] + at + v * LANES), wv, sum[k][v]);
        }
    }
}

/* All taps of a slab: each row of inputs for the rows of outputs that see it. */
INLINE void FN(depth_slab)(const int step, const int vectors, VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const cs_depth *d,
                           const void *const *rows, int64_t column, const T *w)
{
    if (step == 1 && d->taps == 1) {
        FN(depth_flat)(vectors, sum, d, rows, column, w);
        return;
    }
    for (int64_t i = 0; i < (DEPTH_ROWS - 1) * step + d->taps; i++, rows += d->row_gap, w += d->columns) {
        const int64_t from = i < d->taps ? 0 : (i - d->taps) / step + 1, to = i / step + 1 < DEPTH_ROWS ? i / step + 1 : DEPTH_ROWS;
        const T *p = (const T *)*rows + column;
        switch (from * 8 + to) {
#define SEEN(from, to) \
    case from * 8 + to: FN(depth_row)(step, from, to, vectors, sum, d, p, w); break;
            SEEN(0, 1) SEEN(0, 2) SEEN(0, 3) SEEN(0, 4) SEEN(1, 2) SEEN(1, 3) SEEN(1, 4) SEEN(2, 3) SEEN(2, 4) SEEN(3, 4)
#undef SEEN
        }
    }
}

/* Sums become means, and are stored. */
INLINE void FN(depth_store)(const int vectors, const cs_depth *d, int64_t row, int64_t column, VEC sum[DEPTH_VECTORS], T *y)
{
    T *to = y + row * d->y_row + column;
    UNROLL
    for (int v = 0; v < vectors; v++) {
        if (d->divisors) sum[v] /= FN(load)((const T *)d->divisors + d->row_divisors[row] + column + v * LANES);
        if (d->width >= LANES) FN(store)(to + v * LANES, sum[v]);
    }
    for (int l = 0; d->width < LANES && l < d->width; l++) to[l] = sum[0][l];
}

/* A tile, whose first outputs are in column `column`. */
INLINE void FN(depth_tile)(const int step, const int vectors, const cs_depth *d, int64_t top, int64_t column, const T *w, T *y)
{
    const void *const *rows = d->rows + top * step;
    VEC sum[DEPTH_ROWS][DEPTH_VECTORS];
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) {
        UNROLL
        for (int v = 0; v < vectors; v++) sum[k][v] = FN(all)(w[0]);
    }
    w++;
    for (int64_t slab = 0; slab < d->slabs; slab++, rows += d->slab, w += d->taps * d->columns)
        FN(depth_slab)(step, vectors, sum, d, rows, d->first + step * column, w);
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) {
        if (top + k * d->apart >= d->height) break;
        FN(depth_store)(vectors, d, top + k * d->apart, column, sum[k], y);
    }
}

/* A stripe: some vectors of columns down all rows. */
INLINE void FN(depth_columns)(const int step, const cs_depth *d, const T *w, T *y)
{
    const int most = step == 1 || DEPTH_VECTORS < 2 ? DEPTH_VECTORS : 2;
    for (int64_t phase = 0; phase < d->apart; phase++) {
        for (int64_t top = phase; top < d->height; top += DEPTH_ROWS * d->apart) {
            for (int64_t c = 0, some; c < d->last + LANES; c += some * LANES) {
                const int64_t left = (d->last - c) / LANES + 1;
                some = left == 4 && most == 3 ? 2 : left >= most ? most : left > 1 ? 2 : 1;
                if (most > 2 && some == most) {
                    FN(depth_tile)(step, most, d, top, c, w, y);
                } else if (most > 1 && some == 2) {
                    FN(depth_tile)(step, 2, d, top, c, w, y);
                } else {
                    some = 1;
                    FN(depth_tile)(step, 1, d, top, c < d->last ? c : d->last, w, y);
                }
            }
        }
    }
}

/* Makes `d` read copies of some columns from `first` on, with zeros beyond the ends of the rows. */
static void FN(depth_copy)(cs_depth *d, int64_t first, int64_t columns)
{
    const int64_t pitch = (columns + LANES - 1) / LANES * LANES, rows = d->slabs * d->slab;
    T *to = d->copies;
    for (int64_t c = 0; c < columns; c += LANES) {
        const int64_t p = first + c;
        const FN(mask) m = FN(inside)(-p, d->in - p);
        for (int64_t i = 0; i < rows; i++)
            FN(store)(to + i * pitch + c, FN(load_inside)((const T *)d->rows[i] + p, m));
    }
    for (int64_t i = 0; i < rows; i++) d->copied[i] = to + i * pitch;
    d->rows = d->copied, d->first -= first;
}

/* Stripes: all columns that read what is there, if they are many, and before and behind these up to EDGE_VECTORS vectors. */
INLINE void FN(depth_stripes)(const int step, const cs_depth *d, const T *w, T *y)
{
    const int64_t last = d->width < LANES ? 0 : d->width - LANES, span = (d->columns - 1) * d->column_gap;
    const int64_t low = d->first + (span < 0 ? span : 0), high = d->first + (LANES - 1) * step + (span > 0 ? span : 0);
    for (int64_t column = 0, from; column < d->width; column = from + LANES) {
        cs_depth some = *d;
        from = column < last ? column : last;
        const int64_t next = from + LANES;
        const int inside = low + from * step >= 0 && high + from * step < d->in;
        const int alone = low + next * step >= 0 && high + next * step < d->in && d->width - next > EDGE_VECTORS * LANES;
        const int64_t end = inside ? (d->in - 1 - high) / step : alone ? from : from + (EDGE_VECTORS - 1) * LANES;
        some.first += from * step, some.last = (end < last ? end : last) - from;
        if (d->divisors) some.divisors = (const T *)d->divisors + from;
        if (!inside) FN(depth_copy)(&some, low + from * step, high - low + some.last * step + 1);
        FN(depth_columns)(step, &some, w, y + from);
        from += some.last;
    }
}

static void FN(depthwise)(const cs_depth *d, const void *w, void *y)
{
    if (d->step == 1) {
        FN(depth_stripes)(1, d, w, y);
    } else {
        FN(depth_stripes)(2, d, w, y);
    }
}
