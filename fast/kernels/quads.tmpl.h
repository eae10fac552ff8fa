/* Windows of two rows and two columns, two apart, have nothing in common: a row of them at a time, as their inputs lie in memory. */
#if BITS >= 32

/* A vector of windows from column `from` on, whose rows start at x[top] and x[low]; `edge`: some inputs are not there. */
INLINE VEC FN(quad_windows)(const int kind, const int edge, const T *x, int64_t top, int64_t low, int64_t from, const cs_squares *p,
                            const T *divisors)
{
    const FN(mask) m[2] = {FN(inside)(-from, p->in - from), FN(inside)(-from - LANES, p->in - from - LANES)};
    VEC v[2][2], sum = FN(all)(0);
    FN(square_row)(edge, 2, 2, kind == CS_MAX ? LEAST : 0, x + from, top, p, m, v[0]);
    FN(square_row)(edge, 2, 2, kind == CS_MAX ? LEAST : 0, x + from, low, p, m, v[1]);
    if (kind == CS_MAX) return FN(max)(FN(max)(v[0][0], v[0][1]), FN(max)(v[1][0], v[1][1]));
#if FLOATING
    UNROLL
    for (int k = 0; k < 4; k++) {
        const VEC u = v[k / 2][k % 2];
        sum = kind == CS_SQUARE ? FN(fma)(u, u, sum) : sum + (kind == CS_ABS ? FN(abs)(u) : u);
    }
    return kind == CS_MEAN ? sum / FN(load)(divisors) : kind == CS_SQUARE ? FN(root)(sum) : sum;
#endif
    return sum;
}

/* The last vector of a row overlaps the one before. */
INLINE void FN(quads_by)(const int kind, const T *x, const cs_squares *p, T *y)
{
    const int64_t last = p->width - LANES;
    for (int64_t r = 0; r < p->count; r++, y += p->ldy) {
        const int64_t top = p->rows[2 * r], low = p->rows[2 * r + 1];
        const T *divisors = kind == CS_MEAN ? (const T *)p->divisors + p->row_divisors[r] : y;
        for (int64_t next = 0; next < p->width; next += LANES) {
            const int64_t o = next < last ? next : last, from = p->first + 2 * o;
            if (from >= 0 && from + 2 * LANES <= p->in) {
                FN(store)(y + o, FN(quad_windows)(kind, 0, x, top, low, from, p, divisors + o));
            } else {
                FN(store)(y + o, FN(quad_windows)(kind, 1, x, top, low, from, p, divisors + o));
            }
        }
    }
}

#define QUADS(name, kind) \
    static void FN(name)(const void *x, const cs_squares *p, void *y) \
    { \
        FN(quads_by)(kind, x, p, y); \
    }
QUADS(quads_max, CS_MAX)
#if FLOATING
QUADS(quads_mean, CS_MEAN)
QUADS(quads_abs, CS_ABS)
QUADS(quads_square, CS_SQUARE)
#endif
#undef QUADS
#endif
