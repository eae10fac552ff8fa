/* Windows that are squares of a few rows and columns, one or two apart or side by side, of rows that are read in place: vectors of columns run
 * down the rows, and what windows have in common stays in registers. Of maxima that is the greatest of a row's columns, which
 * is found once. Sums have their own order, in which each row is added to all windows that see it. */
#if BITS >= 32

/* The lanes of each load that lie in the row. */
typedef FN(mask) FN(square_masks)[2 * SQUARE];

INLINE VEC FN(square_load)(const int edge, VEC outside, const T *p, FN(mask) m)
{
    return edge ? FN(load_over)(outside, p, m) : FN(load)(p);
}

/* Where the loads of the columns start; those of windows two apart are two for each pair, the last of them one early; three
 * apart, three for each column. */
INLINE int64_t FN(square_place)(const int step, const int side, int i)
{
    if (step == 1) return i;
    if (step == 3) return i / 3 + (i % 3 == 2 ? 2 * LANES - 2 : i % 3 * LANES);
    if (step == 4) return i * LANES;
    return i / 2 * 2 + (i % 2 ? LANES - (i == side) : 0);
}

/* What the next band reads and writes where this one has some vectors: columns are no order that processors foresee. */
INLINE void FN(fetch)(const int vectors, const T *p, int64_t ahead)
{
    UNROLL
    for (int64_t bytes = 0; bytes < vectors * VBITS / 8; bytes += 64)
        __builtin_prefetch((const char *)p + ahead + bytes, 0, 2);
}

/* The even and the odd elements of two vectors from p on. */
INLINE void FN(square_pairs)(const int edge, VEC outside, const T *p, const FN(mask) *m, VEC *v)
{
    if (edge) {
        const VEC a = FN(load_over)(outside, p, m[0]), b = FN(load_over)(outside, p + LANES, m[1]);
        v[0] = UNZIP_LOW(a, b), v[1] = UNZIP_HIGH(a, b);
    } else {
        FN(evens_and_odds)(p, &v[0], &v[1]);
    }
}

#if FLOATING && LANES > 2
/* Every third element from each of three on, or every fourth from each of four. */
INLINE void FN(square_apart)(const int edge, const int step, VEC outside, const T *p, const FN(mask) *m, VEC *v)
{
    VEC in[9];
    UNROLL
    for (int i = 0; i < (step == 3 ? 9 : 4); i++) in[i] = FN(square_load)(edge, outside, p + FN(square_place)(step, step, i), m[i]);
    if (step == 3) {
        UNROLL
        for (int c = 0; c < 3; c++) v[c] = MORE_THIRDS(THIRDS(in[3 * c], in[3 * c + 1]), in[3 * c + 2]);
        return;
    }
    const VEC even = UNZIP_LOW(in[0], in[1]), odd = UNZIP_HIGH(in[0], in[1]), even2 = UNZIP_LOW(in[2], in[3]),
              odd2 = UNZIP_HIGH(in[2], in[3]);
    v[0] = UNZIP_LOW(even, even2), v[1] = UNZIP_LOW(odd, odd2), v[2] = UNZIP_HIGH(even, even2), v[3] = UNZIP_HIGH(odd, odd2);
}
#endif

/* The columns of one row, from its first tap on; beyond the edges there is `outside`. */
INLINE void FN(square_row)(const int edge, const int step, const int side, T outside, const T *x, int64_t row,
                           const cs_squares *p, const FN(mask) *m, VEC *v)
{
    const VEC none = FN(all)(outside);
    UNROLL
    for (int c = 0; c < side; c++) v[c] = none;
    if (row == ROW_OUTSIDE) return;
    FN(fetch)(step, x + row, p->ahead);
#if FLOATING && LANES > 2
    if (step > 2) {
        FN(square_apart)(edge, step, none, x + row, m, v);
        return;
    }
#endif
    UNROLL
    for (int c = 0; c < side; c += step) {
        const T *at = x + row + FN(square_place)(step, side, c);
        if (step == 2 && c + 1 < side) {
            FN(square_pairs)(edge, none, at, m + c, v + c);
        } else {
            const VEC a = FN(square_load)(edge, none, at, m[c]);
            v[c] = step == 1 ? a : EVENS(a, FN(square_load)(edge, none, x + row + FN(square_place)(step, side, c + 1), m[c + 1]));
        }
    }
}

INLINE VEC FN(square_top)(const int edge, const int step, const int side, const T *x, int64_t row, const cs_squares *p,
                          const FN(mask) *m)
{
    VEC v[SQUARE + 1];
    FN(square_row)(edge, step, side, LEAST, x, row, p, m, v);
    UNROLL
    for (int c = 1; c < side; c++) v[0] = FN(max)(v[0], v[c]);
    return v[0];
}

/* A vector of columns down the windows, two rows of them at a time, whose common rows are compared once. */
INLINE void FN(square_max)(const int edge, const int step, const int side, const T *x, const cs_squares *p, const FN(mask) *m,
                           const T *divisors, T *y)
{
    VEC top[SQUARE + 2];
    (void)divisors;
    UNROLL
    for (int i = 0; i < side - step; i++) top[i] = FN(square_top)(edge, step, side, x, p->rows[i], p, m);
    for (int64_t r = 0; r < p->count; r += 2, y += 2 * p->ldy) {
        UNROLL
        for (int i = side - step; i < side + step; i++)
            top[i] = FN(square_top)(edge, step, side, x, p->rows[r * step + i], p, m);
        VEC first = top[0], second = top[side];
        UNROLL
        for (int i = 1; i < step; i++) first = FN(max)(first, top[i]), second = FN(max)(second, top[side + i]);
        if (side > step) {
            VEC both = top[step];
            UNROLL
            for (int i = step + 1; i < side; i++) both = FN(max)(both, top[i]);
            first = FN(max)(first, both), second = FN(max)(second, both);
        }
        FN(store)(y, first);
        if (r + 1 < p->count) FN(store)(y + p->ldy, second);
        UNROLL
        for (int i = 0; i < side - step; i++) top[i] = top[i + 2 * step];
    }
}

#if FLOATING
/* Adds row i of a window, and of those that begin after it, to their sums. */
INLINE void FN(square_add)(const int edge, const int step, const int side, const T *x, int64_t row, const cs_squares *p,
                           const FN(mask) *m, const int i, VEC *sum)
{
    VEC v[SQUARE + 1];
    FN(square_row)(edge, step, side, 0, x, row, p, m, v);
    UNROLL
    for (int k = 0; k * step <= i; k++) {
        UNROLL
        for (int c = 0; c < side; c++) sum[k] += v[c];
    }
}

INLINE void FN(square_mean)(const int edge, const int step, const int side, const T *x, const cs_squares *p, const FN(mask) *m,
                            const T *divisors, T *y)
{
    VEC sum[SQUARE + 1] = {{0}};
    UNROLL
    for (int i = 0; i < side - step; i++) FN(square_add)(edge, step, side, x, p->rows[i], p, m, i, sum);
    for (int64_t r = 0; r < p->count; r++, y += p->ldy) {
        UNROLL
        for (int i = side - step; i < side; i++)
            FN(square_add)(edge, step, side, x, p->rows[r * step + i], p, m, i, sum);
        FN(store)(y, sum[0] / FN(load)(divisors + p->row_divisors[r]));
        UNROLL
        for (int k = 0; k * step < side; k++) sum[k] = sum[k + 1];
    }
}
#endif

#define SQUARES(name, column, APART) \
    INLINE void FN(name##_columns)(const int step, const int side, const T *x, const cs_squares *p, T *y) \
    { \
        const int loads = step == 3 ? 9 : (side + step - 1) / step * step; \
        for (int64_t next = 0; next < p->width; next += LANES) { \
            const int64_t o = next + LANES < p->width ? next : p->width - LANES, at = p->first + step * o; \
            const T *divisors = p->divisors ? (const T *)p->divisors + o : NULL; \
            FN(square_masks) m; \
            int inside = 1; \
            for (int i = 0; i < loads; i++) { \
                const int64_t from = at + FN(square_place)(step, side, i); \
                m[i] = FN(inside)(-from, p->in - from); \
                inside &= from >= 0 && from + LANES <= p->in; \
            } \
            if (inside) { \
                FN(column)(0, step, side, x + at, p, m, divisors, y + o); \
            } else { \
                FN(column)(1, step, side, x + at, p, m, divisors, y + o); \
            } \
        } \
    } \
    static void FN(name)(const void *x, const cs_squares *p, void *y) \
    { \
        switch (p->side * 2 + p->step) { \
            case 5: FN(name##_columns)(1, 2, x, p, y); break; \
            case 7: FN(name##_columns)(1, 3, x, p, y); break; \
            case 8: FN(name##_columns)(2, 3, x, p, y); break; \
            case 11: FN(name##_columns)(1, 5, x, p, y); break; \
            APART(9, 3, name) APART(12, 4, name) \
        } \
    }

#define NONE_APART(at, side, name)
#if LANES > 2
#define ALL_APART(at, side, name) case at: FN(name##_columns)(side, side, x, p, y); break;
#else
#define ALL_APART(at, side, name)
#endif
SQUARES(squares_max, square_max, NONE_APART)
#if FLOATING
SQUARES(squares_mean, square_mean, ALL_APART)
#endif
#undef SQUARES
#undef NONE_APART
#undef ALL_APART
#endif
