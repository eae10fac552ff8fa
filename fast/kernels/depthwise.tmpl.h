/* One output from one channel, or few: DEPTH_ROWS rows of outputs x a few vectors, read from the input's own rows.
 * An input row is loaded once for all outputs that see it; each output still runs through its taps in row-major order,
 * because input rows come in ascending order. Where a vector reaches beyond the ends of the rows, kernels of 3 x 3 load
 * the lanes that exist, and 0 for the others; larger ones read a padded copy of those columns. */

/* The lanes of each vector that lie in the row, for each of its loads; with step 2 a pair of columns is two loads. */
typedef FN(mask) FN(masks)[DEPTH_VECTORS][4];

/* Where vector v of a stripe starts among its columns: the last overlaps the one before. */
INLINE int64_t FN(place)(const cs_depth *d, int v)
{
    return v * LANES < d->last ? v * LANES : d->last;
}

INLINE VEC FN(take)(const int edge, const T *p, FN(mask) m)
{
    return edge ? FN(load_inside)(p, m) : FN(load)(p);
}

/* A column of a row of inputs, with step 2 a pair, for all outputs that see it; i is the row's number. */
INLINE void FN(depth_column)(const int step, const int edge, const int vectors, const int taps, const int i,
                             const int64_t columns, VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const T *const *px,
                             FN(masks) m, int64_t c, const T *w)
{
    const int far = c + 1 < columns ? LANES : LANES - 1, at = edge ? (int)c : 0;
    VEC x[DEPTH_VECTORS][2];
    UNROLL
    for (int v = 0; v < vectors; v++) {
        if (step == 2 && !edge) {
            if (c + 1 < columns) {
                FN(evens_and_odds)(px[v], &x[v][0], &x[v][1]);
            } else {
                x[v][0] = FN(evens)(px[v]);
            }
            continue;
        }
        x[v][0] = FN(take)(edge, px[v], m[v][at]);
        if (step == 1) continue;
        const VEC next = FN(take)(edge, px[v] + far, m[v][at + 1]);
        x[v][1] = UNZIP_HIGH(x[v][0], next);
        x[v][0] = c + 1 < columns ? UNZIP_LOW(x[v][0], next) : EVENS(x[v][0], next);
    }
    UNROLL
    for (int s = 0; s < step; s++) {
        if (c + s >= columns) break;
        UNROLL
        for (int k = 0; k < DEPTH_ROWS; k++) {
            const int r = i - k * step;
            if (r < 0 || r >= taps) continue;
            const VEC wv = FN(all)(w[r * columns + c + s]);
            UNROLL
            for (int v = 0; v < vectors; v++) sum[k][v] = FN(fma)(x[v][s], wv, sum[k][v]);
        }
    }
}

/* `taps` rows of the kernel, at most DEPTH_TAPS; a `known` number of columns is unrolled. */
INLINE void FN(depth_taps)(const int step, const int edge, const int vectors, const int taps, const int known,
                           VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const cs_depth *d, const void *const *rows, FN(masks) m,
                           const T *w)
{
    int64_t at[DEPTH_VECTORS];
    UNROLL
    for (int v = 0; v < vectors; v++) at[v] = d->first + step * FN(place)(d, v);
    UNROLL
    for (int i = 0; i < (DEPTH_ROWS - 1) * step + taps; i++) {
        const T *px[DEPTH_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++) px[v] = (const T *)rows[i * d->row_gap] + at[v];
        if (known) {
            UNROLL
            for (int c = 0; c < known; c += step) {
                FN(depth_column)(step, edge, vectors, taps, i, known, sum, px, m, c, w);
                UNROLL
                for (int v = 0; v < vectors; v++) px[v] += step * d->column_gap;
            }
        } else {
            for (int64_t c = 0; c < d->columns; c += step) {
                FN(depth_column)(step, edge, vectors, taps, i, d->columns, sum, px, m, c, w);
                UNROLL
                for (int v = 0; v < vectors; v++) px[v] += step * d->column_gap;
            }
        }
    }
}

/* All taps of one tile. */
INLINE void FN(depth_tile)(const int step, const int edge, const int vectors, const int three,
                           VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const cs_depth *d, const void *const *rows, FN(masks) m,
                           const T *w)
{
    const int64_t parts = (d->taps + DEPTH_TAPS - 1) / DEPTH_TAPS;
    for (int64_t slab = 0; slab < d->slabs; slab++, rows += d->slab) {
        for (int64_t part = 0; part < (three ? 1 : parts); part++) {
            const int64_t from = d->taps * part / parts, some = d->taps * (part + 1) / parts - from;
            const void *const *some_rows = rows + from * d->row_gap;
            switch (three ? 3 : some) {
#define TAPS(taps) \
    case taps: FN(depth_taps)(step, edge, vectors, taps, three ? 3 : 0, sum, d, some_rows, m, w); break;
                TAPS(1) TAPS(2) TAPS(3) TAPS(4) TAPS(5) TAPS(6) TAPS(7)
#undef TAPS
            }
            w += three ? 9 : some * d->columns;
        }
    }
}

/* Sums become means. */
INLINE void FN(depth_divide)(const int vectors, const cs_depth *d, int64_t row, VEC sum[DEPTH_VECTORS])
{
    const T *divisors = (const T *)d->divisors + d->row_divisors[row];
    UNROLL
    for (int v = 0; v < vectors; v++) sum[v] /= FN(load)(divisors + FN(place)(d, v));
}

/* A stripe: some vectors of columns down all rows. */
INLINE void FN(depth_columns)(const int step, const int edge, const int vectors, const int three,
                              const cs_depth *d, FN(masks) m, const T *w, T *y)
{
    for (int64_t phase = 0; phase < d->apart; phase++) {
        for (int64_t top = phase; top < d->height; top += DEPTH_ROWS * d->apart) {
            VEC sum[DEPTH_ROWS][DEPTH_VECTORS];
            UNROLL
            for (int k = 0; k < DEPTH_ROWS; k++) {
                UNROLL
                for (int v = 0; v < vectors; v++) sum[k][v] = FN(all)(w[0]);
            }
            FN(depth_tile)(step, edge, vectors, three, sum, d, d->rows + top * step, m, w + 1);
            UNROLL
            for (int k = 0; k < DEPTH_ROWS; k++) {
                const int64_t row = top + k * d->apart;
                T *to = y + row * d->y_row;
                if (row >= d->height) break;
                if (d->divisors) FN(depth_divide)(vectors, d, row, sum[k]);
                if (vectors == 1 && d->width < LANES) {
                    for (int l = 0; l < d->width; l++) to[l] = sum[k][0][l];
                    continue;
                }
                UNROLL
                for (int v = 0; v < vectors; v++) FN(store)(to + FN(place)(d, v), sum[k][v]);
            }
        }
    }
}

/* Kernels of 3 x 3. */
INLINE void FN(depth_three)(const int step, const int vectors, const cs_depth *d, int inside, const T *w, T *y)
{
    FN(masks) m = {0};
    if (inside) {
        FN(depth_columns)(step, 0, vectors, 1, d, m, w, y);
        return;
    }
    for (int v = 0; v < vectors; v++) {
        for (int c = 0; c < 4; c++) {
            const int64_t from = step == 1 ? c * d->column_gap : c == 1 ? LANES : c == 3 ? LANES + 1 : c;
            const int64_t p = d->first + step * FN(place)(d, v) + from;
            m[v][c] = FN(inside)(-p, d->in - p);
        }
    }
    FN(depth_columns)(step, 1, vectors, 1, d, m, w, y);
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

INLINE void FN(depth)(const int step, const int vectors, const int three, cs_depth *d, const T *w, T *y)
{
    const int64_t span = (d->columns - 1) * d->column_gap, from = d->first + (span < 0 ? span : 0);
    const int64_t end = d->first + (d->last + LANES - 1) * step + (span > 0 ? span : 0) + 1;
    const int inside = from >= 0 && end <= d->in;
    if (three) {
        FN(depth_three)(step, vectors, d, inside, w, y);
    } else {
        if (!inside) FN(depth_copy)(d, from, end - from);
        FN(masks) m;
        FN(depth_columns)(step, 0, vectors, 0, d, m, w, y);
    }
}

INLINE void FN(depth_stripes)(const int step, const int three, const cs_depth *d, const T *w, T *y)
{
    const int64_t last = d->width < LANES ? 0 : d->width - LANES;
    const int most = three && DEPTH_VECTORS > 2 ? 2 : DEPTH_VECTORS;
    for (int64_t column = 0; column < d->width; column += most * LANES) {
        const int64_t from = column < last ? column : last;
        cs_depth some = *d;
        some.first += from * step, some.last = last - from < (most - 1) * LANES ? last - from : (most - 1) * LANES;
        T *to = y + from;
        if (d->divisors) some.divisors = (const T *)d->divisors + from;
        if (most == 1 || some.last == 0) {
            FN(depth)(step, 1, three, &some, w, to);
        } else if (some.last <= LANES || most == 2) {
            FN(depth)(step, 2, three, &some, w, to);
        } else {
            FN(depth)(step, most, three, &some, w, to);
        }
    }
}

static void FN(depthwise)(const cs_depth *d, const void *w, void *y)
{
    const int three = d->taps == 3 && d->columns == 3;
    if (d->step == 1 && three) {
        FN(depth_stripes)(1, 1, d, w, y);
    } else if (d->step == 1) {
        FN(depth_stripes)(1, 0, d, w, y);
    } else if (three) {
        FN(depth_stripes)(2, 1, d, w, y);
    } else {
        FN(depth_stripes)(2, 0, d, w, y);
    }
}
