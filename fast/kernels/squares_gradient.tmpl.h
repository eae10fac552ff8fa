/* The gradients of windows that are squares, a band of rows of windows at a time: first what each window passes on, and, of a
 * maximum, which of its taps it chooses; then every element takes what the windows that see it pass on, in their order. Vectors
 * of columns run down the rows in both, so each row of windows is loaded once for all rows of elements that it sees. */
#if FLOATING

INLINE FN(choice) FN(chosen)(VEC places, VEC place)
{
#ifdef SAME_32
    return JOIN(SAME, BITS)(places, place);
#else
    return (FN(places))places == (FN(places))place;
#endif
}

INLINE VEC FN(add_where)(FN(choice) m, VEC sum, VEC v)
{
#ifdef SAME_32
    return FN(either)(m, sum + v, sum);
#else
    return sum + (VEC)(m & (FN(places))v);
#endif
}

INLINE FN(choice) FN(exceeds)(const int finite, VEC v, VEC best)
{
#ifdef GREATER_f32
    return finite ? JOIN(GREATER, DT)(v, best) : FN(above)(v, best);
#else
    return finite ? v > best : FN(above)(v, best);
#endif
}

/* The greatest element of a row of each window, and its column; `first` where none is above the least value. */
INLINE void FN(square_greatest)(const int edge, const int finite, const int step, const int side, const T *x, int64_t row,
                                const cs_squares *p, const FN(mask) *m, VEC first, VEC *best, VEC *column)
{
    VEC v[SQUARE + 1];
    FN(square_row)(edge, step, side, LEAST, x, row, p, m, v);
    *best = v[0], *column = first;
    UNROLL
    for (int c = 1; c < side; c++) {
        const FN(choice) take = FN(exceeds)(finite, v[c], *best);
        *best = FN(either)(take, v[c], *best), *column = FN(either)(take, FN(every_place)(c), *column);
    }
}

/* A vector of columns down the windows. */
INLINE void FN(square_choose)(const int edge, const int finite, const int step, const int side, const T *x, const cs_squares *p,
                              const FN(mask) *m, VEC first, T *places, int64_t pitch)
{
    VEC best[SQUARE + 2], column[SQUARE + 2];
    UNROLL
    for (int i = 0; i < side - step; i++)
        FN(square_greatest)(edge, finite, step, side, x, p->rows[i], p, m, first, &best[i], &column[i]);
    for (int64_t r = 0; r < p->count; r++, places += pitch) {
        const int64_t *rows = p->rows + r * step;
        UNROLL
        for (int i = side - step; i < side; i++)
            FN(square_greatest)(edge, finite, step, side, x, rows[i], p, m, first, &best[i], &column[i]);
        VEC greatest = best[0], place = column[0];
        for (int top = 0; top < side - 1 && rows[top] == ROW_OUTSIDE; top++) place = FN(add_places)(place, side);
        UNROLL
        for (int i = 1; i < side; i++) {
            const FN(choice) take = FN(exceeds)(finite, best[i], greatest);
            greatest = FN(either)(take, best[i], greatest);
            place = FN(either)(take, FN(add_places)(column[i], i * side), place);
        }
        FN(store)(places, place);
        UNROLL
        for (int i = 0; i < side - step; i++) best[i] = best[i + step], column[i] = column[i + step];
    }
}

INLINE void FN(square_places)(const int step, const int side, const T *x, const cs_passing_squares *b)
{
    const cs_squares *p = &b->windows;
    const int loads = (side + step - 1) / step * step, finite = FN(finite)(x + b->seen, b->seen_count);
    for (int64_t next = 0; next < p->width; next += LANES) {
        const int64_t o = next + LANES <= p->width || p->width < LANES ? next : p->width - LANES, at = p->first + step * o;
        T *places = (T *)b->places + b->before * b->pitch + o;
        const VEC first = FN(load_places)(b->firsts + o);
        FN(square_masks) m;
        int inside = 1;
        for (int i = 0; i < loads; i++) {
            const int64_t from = at + FN(square_place)(step, side, i);
            m[i] = FN(inside)(-from, p->in - from);
            inside &= from >= 0 && from + LANES <= p->in;
        }
        if (!finite) {
            FN(square_choose)(1, 0, step, side, x + at, p, m, first, places, b->pitch);
        } else if (inside) {
            FN(square_choose)(0, 1, step, side, x + at, p, m, first, places, b->pitch);
        } else {
            FN(square_choose)(1, 1, step, side, x + at, p, m, first, places, b->pitch);
        }
    }
}

/* A vector of them; `few`: of a row that is shorter. */
INLINE void FN(square_slope)(const int kind, const int few, const cs_passing_squares *b, const T *dy, const T *divisors, T *to,
                             FN(mask) m)
{
    const VEC v = FN(square_load)(few, FN(all)(0), dy, m);
    FN(fetch)(1, dy, b->ahead);
    FN(store)(to, kind == CS_MEAN ? v / FN(square_load)(few, FN(all)(1), divisors, m) : v);
}

/* What the windows pass on: dy, of a mean over its divisor; after the last of a short row 0. */
INLINE void FN(square_slopes)(const int kind, const cs_passing_squares *b, const T *dy)
{
    const cs_squares *p = &b->windows;
    const int64_t width = p->width, last = width - LANES;
    const FN(mask) m = FN(inside)(0, width);
    for (int64_t r = 0; r < p->count; r++, dy += p->ldy) {
        T *to = (T *)b->slopes + (b->before + r) * b->pitch;
        const T *divisors = kind == CS_MEAN ? (const T *)p->divisors + p->row_divisors[r] : dy;
        if (last < 0) FN(square_slope)(kind, 1, b, dy, divisors, to, m);
        for (int64_t o = 0; o < last; o += LANES) FN(square_slope)(kind, 0, b, dy + o, divisors + o, to + o, m);
        if (last >= 0) FN(square_slope)(kind, 0, b, dy + last, divisors + last, to + last, m);
    }
}

/* What a row of windows passes on to the rows of elements that it sees; of each, where windows are two apart, to those elements
 * that even taps see and to those that odd ones do, of which the latter come first where `odd`. */
INLINE void FN(square_pass)(const int kind, const int step, const int side, const int odd, const T *slopes, const T *places,
                            const VEC *taps, VEC (*sum)[2])
{
    const int n = (side + step - 1) / step;
    VEC q[SQUARE], place[SQUARE];
    UNROLL
    for (int k = 0; k < n; k++) {
        q[k] = FN(load)(slopes + k);
        if (kind == CS_MAX) place[k] = FN(load)(places + k);
    }
    UNROLL
    for (int i = 0; i < side; i++) {
        UNROLL
        for (int c = side - 1; c >= 0; c--) {
            const int run = c % step, k = n - 1 - c / step - (odd && run);
            const FN(choice) here = kind == CS_MAX ? FN(chosen)(place[k], taps[i * side + c]) : (FN(choice)){0};
            sum[i][run] = kind == CS_MAX ? FN(add_where)(here, sum[i][run], q[k]) : sum[i][run] + q[k];
        }
    }
}

/* A vector of elements down the rows of a band, or two, to rows that are `apart`. The sums stay in registers as nothing is called. */
INLINE void FN(square_column)(const int kind, const int step, const int side, const int odd, const cs_passing_squares *b,
                              int64_t at, const VEC *taps, T *to, int64_t apart, int64_t ahead)
{
    const T *slopes = (const T *)b->slopes + at, *places = (const T *)b->places + at;
    const int64_t pitch = b->pitch, rows = b->rows, height = b->height;
    int64_t row = b->top;
    VEC sum[SQUARE + 2][2] = {{{0}}};
    for (int64_t r = 0; r < rows; r++, slopes += pitch, places += pitch) {
        FN(square_pass)(kind, step, side, odd, slopes, places, taps, sum);
        UNROLL
        for (int i = 0; i < step; i++, row++) {
            if (row < 0 || row >= height) continue;
            FN(fetch)(step, to + row * apart, ahead);
            if (step == 1) {
                FN(store)(to + row * apart, sum[i][0]);
            } else {
                FN(store)(to + row * apart, ZIP_LOW(sum[i][odd], sum[i][!odd]));
                FN(store)(to + row * apart + LANES, ZIP_HIGH(sum[i][odd], sum[i][!odd]));
            }
        }
        UNROLL
        for (int i = 0; i < side; i++) {
            UNROLL
            for (int run = 0; run < step; run++) sum[i][run] = i + step < side ? sum[i + step][run] : (VEC){0};
        }
    }
}

/* The columns of elements, the last over those before; where that cannot be, they come into a spare band first. */
INLINE void FN(square_back)(const int kind, const int step, const int side, const int odd, const cs_passing_squares *b, T *dx)
{
    const int64_t in = b->windows.in, all = step * LANES, first = b->windows.first;
    VEC taps[SQUARE * SQUARE];
    UNROLL
    for (int k = 0; k < side * side; k++) {
        taps[k] = FN(every_place)(k);
        if (kind == CS_MAX) KEEP(taps[k]);
    }
    for (int64_t next = 0; next < in; next += all) {
        const int64_t j = next + all <= in || in < all || in % step ? next : in - all, n = in - j < all ? in - j : all;
        const int64_t at = odd ? (j - first - 1) / 2 : (j - first) / step - (side - 1) / step;
        T *to = n < all ? b->spare : dx + j;
        FN(square_column)(kind, step, side, odd, b, at, taps, to, n < all ? all : in, b->windows.ahead);
        for (int64_t r = 0; r < b->height && n < all; r++) memcpy(dx + r * in + j, to + r * all, (size_t)n * sizeof(T));
    }
}

#define SQUARES(name, kind) \
    INLINE void FN(name##_by)(const int step, const int side, const void *x, const cs_passing_squares *b, const void *dy, \
                              void *dx) \
    { \
        if (kind == CS_MAX) FN(square_places)(step, side, x, b); \
        FN(square_slopes)(kind, b, dy); \
        if (side % step && b->windows.first % 2) { \
            FN(square_back)(kind, step, side, side % step, b, dx); \
        } else { \
            FN(square_back)(kind, step, side, 0, b, dx); \
        } \
    } \
    static void FN(name)(const void *x, const cs_passing_squares *b, const void *dy, void *dx) \
    { \
        switch (b->windows.side * 2 + b->windows.step) { \
            case 7: FN(name##_by)(1, 3, x, b, dy, dx); break; \
            case 8: FN(name##_by)(2, 3, x, b, dy, dx); break; \
        } \
    }

#if BITS == 32 /* the rarer doubles have the kernels of other windows, so that the library stays small */
SQUARES(squares_max_back, CS_MAX)
#endif
SQUARES(squares_mean_back, CS_MEAN)
#undef SQUARES
#endif
