/* The same as depthwise.tmpl.h for some small kernels, one output from one channel, along whole rows. What a tile looks up there -
 * where rows start, how far columns are apart, the weights - stays in registers from tile to tile, as far as there are registers.
 * Each output runs through its taps in the same order. Where a vector reaches beyond the ends of the rows, the lanes that exist
 * are loaded, and 0 for the others. */

/* The lanes of a vector that lie in the row, for each of its loads; with step 2 a pair of columns is two loads. */
typedef FN(mask) FN(masks)[LINE_TAPS + 1];

/* Vectors of a tile at an edge, and their lanes that exist of inputs and of outputs. */
#define LINE_EDGE (1 + STORES_INSIDE)
typedef struct {
    FN(masks) in[LINE_EDGE];
    FN(mask) out[LINE_EDGE];
} FN(edge);

INLINE VEC FN(take)(const int edge, const T *p, FN(mask) m)
{
    return edge ? FN(load_inside)(p, m) : FN(load)(p);
}

/* What all tiles of some rows share; the rows of inputs start at the column that output 0 sees. */
typedef struct {
    const T *x[2 * (DEPTH_ROWS - 1) + LINE_TAPS];
    int64_t gap, first, in, width, rows, pitch;
    VEC w[1 + LINE_TAPS * LINE_TAPS];
    T *y;
} FN(line);

/* The first edge and another one, which starts at `from`, of all rows. */
typedef struct {
    FN(edge) m[2];
    int64_t from[2];
} FN(ends);

/* Where load c of a vector starts, from the column that its first output sees. */
INLINE int64_t FN(load_at)(const int step, const int columns, int64_t gap, int c)
{
    return step == 1 ? c * gap : c % 2 == 0 ? c : c - 1 + (c < columns ? LANES : LANES - 1);
}

/* Columns c and c + 1 of a row of inputs by step 2, for all outputs of a vector. */
INLINE void FN(line_pair)(const int edge, const int columns, const int c, const T *p, const FN(mask) * m, VEC *even, VEC *odd)
{
    if (edge) {
        const VEC low = FN(take)(1, p, m[c]), high = FN(take)(1, p + (c + 1 < columns ? LANES : LANES - 1), m[c + 1]);
        *even = c + 1 < columns ? UNZIP_LOW(low, high) : EVENS(low, high), *odd = UNZIP_HIGH(low, high);
    } else if (c + 1 < columns) {
        FN(evens_and_odds)(p, even, odd);
    } else {
        *even = FN(evens)(p);
    }
}

/* Column c of row i of inputs, which is x, for all outputs that see it. */
INLINE void FN(line_terms)(const int step, const int taps, const int columns, const int vectors, const int i, const int c,
                           VEC sum[DEPTH_ROWS][DEPTH_VECTORS], const VEC *x, const VEC *w)
{
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) {
        const int r = i - k * step;
        if (r < 0 || r >= taps) continue;
        UNROLL
        for (int v = 0; v < vectors; v++) sum[k][v] = FN(fma)(x[v], w[r * columns + c], sum[k][v]);
    }
}

/* Stores a vector of outputs; at an edge those that exist. */
INLINE void FN(line_store)(const int edge, const FN(line) * l, T *to, VEC v, FN(mask) m)
{
#if STORES_INSIDE
    if (edge) {
        FN(store_inside)(to, v, m);
        return;
    }
#endif
    if (!edge || l->width >= LANES) {
        FN(store)(to, v);
    } else {
        for (int i = 0; i < l->width; i++) to[i] = v[i];
    }
}

/* The edge that starts at `from`. */
INLINE const FN(edge) *FN(edge_at)(const int step, const int columns, const FN(line) * l, int64_t from, FN(ends) * e)
{
    FN(edge) *m = &e->m[from > 0];
    if (e->from[from > 0] == from) return m;
    for (int v = 0; v < LINE_EDGE; v++) {
        const int64_t o = from + v * LANES;
        UNROLL
        for (int c = 0; c < columns + columns % step; c++) {
            const int64_t p = l->first + step * o + FN(load_at)(step, columns, l->gap, c);
            m->in[v][c] = FN(inside)(-p, l->in - p);
        }
        m->out[v] = FN(inside)(0, l->width - o);
    }
    e->from[from > 0] = from;
    return m;
}

/* Outputs of all rows from column `from` on; edge: not all lanes of the inputs exist. */
INLINE void FN(line_tile)(const int step, const int edge, const int taps, const int columns, const int vectors, const FN(line) * l,
                          int64_t from, FN(ends) * e)
{
    VEC sum[DEPTH_ROWS][DEPTH_VECTORS];
    FN(edge) none;
    const FN(edge) *m = edge ? FN(edge_at)(step, columns, l, from, e) : &none;
    int64_t at[LINE_TAPS];
    UNROLL
    for (int c = 0; c < columns; c += step) {
        at[c] = step * from + (step == 1 ? c * l->gap : c);
        if (step == 1) OWN(at[c]);
    }
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) {
        UNROLL
        for (int v = 0; v < vectors; v++) sum[k][v] = l->w[0];
    }
    UNROLL
    for (int i = 0; i < (DEPTH_ROWS - 1) * step + taps; i++) {
        UNROLL
        for (int c = 0; c < columns; c += step) {
            const T *p = l->x[i] + at[c];
            VEC x[DEPTH_VECTORS], odd[DEPTH_VECTORS];
            UNROLL
            for (int v = 0; v < vectors; v++) {
                if (step == 1) {
                    x[v] = FN(take)(edge, p + v * LANES, m->in[v % LINE_EDGE][c]);
                    if (!edge && taps > 1) ONCE(x[v]);
                } else {
                    FN(line_pair)(edge, columns, c, p + step * v * LANES, m->in[v % LINE_EDGE], &x[v], &odd[v]);
                }
            }
            FN(line_terms)(step, taps, columns, vectors, i, c, sum, x, l->w + 1);
            if (step == 2 && c + 1 < columns) FN(line_terms)(step, taps, columns, vectors, i, c + 1, sum, odd, l->w + 1);
        }
    }
    UNROLL
    for (int k = 0; k < DEPTH_ROWS; k++) {
        if (k >= l->rows) break;
        UNROLL
        for (int v = 0; v < vectors; v++)
            FN(line_store)(edge, l, l->y + k * l->pitch + from + v * LANES, sum[k][v], m->out[v % LINE_EDGE]);
    }
}

/* What the tiles of some rows see: rows of inputs, or copies of their first or last columns. */
INLINE void FN(line_rows)(const int step, const int taps, const cs_depth *d, int64_t top, const int64_t which, FN(line) * l)
{
    UNROLL
    for (int i = 0; i < (DEPTH_ROWS - 1) * step + taps; i++) {
        const int64_t row = top * step + i * d->row_gap;
        l->x[i] = which < 0 ? (const T *)d->rows[row] + d->first : (const T *)d->ends[which] + row * d->end;
    }
}

/* All columns of some rows. What is too short for a whole tile is taken as an edge, and so is a row that is shorter than a vector,
 * even if its inputs are not; where there are copies of the ends, these are what a tile there sees. Where stores are of whole vectors,
 * the last one overlaps the one before. */
INLINE void FN(line_columns)(const int step, const int taps, const int columns, const int vectors, const int edges,
                             const cs_depth *d, int64_t top, FN(line) * l, FN(ends) * e)
{
    const int64_t span = (columns - 1) * l->gap, last = l->width - LANES;
    const int64_t first = -l->first - (span < 0 ? span : 0), to = l->in - l->first - (span > 0 ? span : 0) - step * (LANES - 1) - 1;
    const int64_t end = last < 0 || to < 0 ? -1 : (to < step * last ? to / step : last) - (vectors - 1) * LANES;
    const int64_t right = l->width - vectors * LANES; /* where the last tile starts that sees copies */
    for (int64_t c = 0; c < l->width; c += LANES) {
        if (d->ends[0] && c > 0 && c > end) c = c < right ? end : right;
        const int copied = d->ends[0] && (step * c < first || c > end);
        if (copied) FN(line_rows)(step, taps, d, top, c > 0, l);
        const int64_t low = copied ? 0 : first, high = copied ? c : end;
        for (; step * c >= low && c <= high; c += vectors * LANES) FN(line_tile)(step, 0, taps, columns, vectors, l, c, e);
        if (d->ends[0]) {
            if (copied) FN(line_rows)(step, taps, d, top, -1, l);
            c -= LANES;
            continue;
        }
        if (c >= l->width) break;
        const int64_t from = STORES_INSIDE || c < last ? c : last < 0 ? 0 : last;
        if (edges > 1 && l->width - c > LANES) {
            FN(line_tile)(step, 1, taps, columns, edges, l, from, e);
            c += (edges - 1) * LANES;
        } else {
            FN(line_tile)(step, 1, taps, columns, 1, l, from, e);
        }
    }
}

INLINE void FN(lines)(const int step, const int taps, const int columns, const int vectors, const int edges, const cs_depth *d,
                      const T *w, T *y)
{
    FN(line) l; /* most of it is not needed, and zeros would take as long as a tile */
    FN(ends) e;
    l.gap = d->column_gap, l.first = d->first, l.in = d->in, l.width = d->width, l.pitch = d->apart * d->y_row;
    e.from[0] = e.from[1] = -1;
    UNROLL
    for (int i = 0; i < 1 + taps * columns; i++) l.w[i] = FN(all)(w[i]);
    for (int64_t phase = 0; phase < d->apart; phase++) {
        for (int64_t top = phase; top < d->height; top += DEPTH_ROWS * d->apart) {
            l.rows = (d->height - top + d->apart - 1) / d->apart, l.y = y + top * d->y_row;
            FN(line_rows)(step, taps, d, top, -1, &l);
            FN(line_columns)(step, taps, columns, vectors, edges, d, top, &l, &e);
        }
    }
}

#define LINES(step, taps, columns, vectors) \
    static void FN(lines_##step##_##taps##_##columns)(const cs_depth *d, const void *w, void *y) \
    { \
        FN(lines)(step, taps, columns, vectors, taps == columns && taps % 2 == 1 ? LINE_EDGE : 1, d, w, y); /* layers' kernels */ \
    }
LINE_TILES(LINES)
#undef LINES
