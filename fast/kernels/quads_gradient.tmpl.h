/* The gradients of windows of two rows and two columns, two apart: each element is in one window, so that a row of them is read,
 * and what they pass on is written, once and in order. */
#if FLOATING

/* Rows of windows, from the first of a vector of them on, the elements that they see, and those that there are. */
typedef struct {
    const T *x[2], *dy, *norm, *divisors;
    T *dx[2];
    FN(mask) windows, seen[2];
} FN(quad_row);

/* What a vector of windows passes on: dy, of a mean over its divisor, of norms nothing where the norm is 0; 0 where there is no
 * window. */
INLINE VEC FN(quad_slopes)(const int kind, const int edge, const FN(quad_row) *r, int64_t o)
{
    const VEC zero = FN(all)(0), one = FN(all)(1);
    VEC q = FN(square_load)(edge, zero, r->dy + o, r->windows);
    if (kind == CS_MEAN) q /= FN(square_load)(edge, one, r->divisors + o, r->windows);
    if (kind == CS_MAX || kind == CS_MEAN) return q + zero; /* as sums do */
    const VEC norm = FN(square_load)(edge, one, r->norm + o, r->windows);
    if (kind == CS_SQUARE) q /= norm;
    return (VEC)((FN(places))q & (FN(places))(norm != 0));
}

/* The first of the greatest of four elements gets q, the others 0. */
INLINE void FN(quad_choose)(VEC q, VEC (*v)[2], VEC (*part)[2])
{
    const VEC zero = FN(all)(0);
    FN(choice) right[2];
    VEC best[2], own[2];
    UNROLL
    for (int i = 0; i < 2; i++) {
        right[i] = FN(above)(v[i][1], v[i][0]);
        best[i] = FN(either)(right[i], v[i][1], v[i][0]);
    }
    const FN(choice) lower = FN(above)(best[1], best[0]);
    own[0] = FN(either)(lower, zero, q), own[1] = FN(either)(lower, q, zero);
    UNROLL
    for (int i = 0; i < 2; i++)
        part[i][0] = FN(either)(right[i], zero, own[i]), part[i][1] = FN(either)(right[i], own[i], zero);
}

/* The n first of two vectors of elements. */
INLINE void FN(quad_put)(T *dx, const VEC *part, int64_t n)
{
    T some[2 * LANES], *to = n < 2 * LANES ? some : dx;
    FN(store)(to, ZIP_LOW(part[0], part[1]));
    FN(store)(to + LANES, ZIP_HIGH(part[0], part[1]));
    if (n < 2 * LANES) memcpy(dx, some, (size_t)n * sizeof(T));
}

/* A vector of windows from window o on; `edge`: some are not there, or their second columns. Of the elements from there on the n
 * first are written, or all, also of what is written after them. */
INLINE void FN(quad_block)(const int kind, const int edge, const FN(quad_row) *r, int64_t o, int64_t n, int64_t ahead)
{
    const VEC zero = FN(all)(0), none = FN(all)(kind == CS_MAX ? LEAST : 0), q = FN(quad_slopes)(kind, edge, r, o);
    VEC v[2][2], part[2][2];
    UNROLL
    for (int i = 0; i < 2; i++) {
        v[i][0] = v[i][1] = none;
        if (kind == CS_MEAN || !r->x[i]) continue;
        const T *x = r->x[i] + 2 * o;
        FN(fetch)(2, x, ahead);
        FN(square_pairs)(edge, none, x, r->seen, v[i]);
    }
    if (kind == CS_MAX) FN(quad_choose)(q, v, part);
    UNROLL
    for (int i = 0; i < 2; i++) {
        UNROLL
        for (int c = 0; c < 2 && kind != CS_MAX; c++)
            part[i][c] = kind == CS_MEAN ? q : kind == CS_ABS ? q * FN(signs)(v[i][c]) + zero : FN(fma)(v[i][c], q, zero);
        if (!r->dx[i]) continue;
        FN(fetch)(2, r->dx[i] + 2 * o, ahead);
        FN(quad_put)(r->dx[i] + 2 * o, part[i], n);
    }
}

/* Whole vectors of windows, the last over the one before, and one for the rest of the row. */
INLINE void FN(quads_back)(const int kind, const cs_quads *p)
{
    const int64_t in = p->in, inner = in / 2 < LANES ? 0 : in / 2, seen = (in < 2 * p->width ? in : 2 * p->width) - 2 * inner;
    FN(quad_row) row = {.windows = FN(inside)(0, p->width - inner), .divisors = p->divisors,
                        .seen = {FN(inside)(0, seen), FN(inside)(0, seen - LANES)}};
    for (int64_t r = 0; r < p->rows; r++) {
        const int64_t at = 2 * r * in, ahead = p->ahead;
        const int two = 2 * r + 1 < p->height;
        const T *x = p->x;
        T *dx = (T *)p->dx + at;
        row.dy = (const T *)p->dy + r * p->ldy, row.dx[0] = dx, row.dx[1] = two ? dx + in : NULL;
        if (kind != CS_MEAN) row.x[0] = x + at, row.x[1] = two ? x + at + in : NULL;
        if (kind == CS_ABS || kind == CS_SQUARE) row.norm = (const T *)p->norm + r * p->ldy;
        for (int64_t next = 0; next < inner; next += LANES)
            FN(quad_block)(kind, 0, &row, next + LANES <= inner ? next : inner - LANES, 2 * LANES, ahead);
        if (2 * inner == in) continue;
        const int over = inner == 0 && dx + in + 2 * LANES <= (T *)p->end;
        FN(quad_block)(kind, 1, &row, inner, over ? 2 * LANES : in - 2 * inner, ahead);
    }
}

#define QUADS(name, kind) \
    static void FN(name)(const cs_quads *p) \
    { \
        FN(quads_back)(kind, p); \
    }
QUADS(quads_max_back, CS_MAX)
QUADS(quads_mean_back, CS_MEAN)
QUADS(quads_abs_back, CS_ABS)
QUADS(quads_square_back, CS_SQUARE)
#undef QUADS
#endif
