/* Tiles of 4 x 4 outputs of few channels, from their inputs at the points to the result without sums in memory: vectors of tiles by outputs
 * one by one, whose pixels are stored as rows of a plane, or, where outputs are neighbours, vectors of outputs by tiles one by one. No
 * channel is a lane that is not used. The arithmetic of a tile is the same; part of winograd.tmpl.h. */

/* Outputs, or tiles, that are computed together, whose sums at the points of a column are in registers. */
#define TOGETHER (LANES < 4 ? LANES : REGISTERS == 16 ? 2 : 4)

/* The inputs of a row of tiles, in so many rows of a channel's strip, at the points: v[point][tile]. Beyond the last tile as many as make
 * whole vectors are read, and written. */
INLINE void FN(tile_row_of)(const int points, const T *rows, int64_t pitch, int64_t tiles, T *lines, T *v, int64_t step)
{
    const int64_t columns = (4 * tiles + points - 4 + LANES - 1) / LANES, room = columns * LANES;
    VEC d[MOST_POINTS];
    FN(down)(points, WINOGRAD_SCALE, rows, pitch, columns, lines);
    for (const T *p = lines; p < lines + points * room; p += room, v += points * step)
        for (int64_t t = 0; t < tiles; t += LANES) {
            VEC even[4], odd[4]; /* columns: of the tiles' first 4, and of the next tiles' */
            for (int i = 0; i < 4; i++) FN(evens_and_odds)(p + 4 * t + i % 2 * 2 * LANES + i / 2 * 4, &even[i], &odd[i]);
            for (int i = 0; i < 2; i++) {
                d[4 * i] = UNZIP_LOW(even[2 * i], even[2 * i + 1]), d[4 * i + 2] = UNZIP_HIGH(even[2 * i], even[2 * i + 1]);
                d[4 * i + 1] = UNZIP_LOW(odd[2 * i], odd[2 * i + 1]);
                if (i == 0) d[3] = UNZIP_HIGH(odd[0], odd[1]);
            }
            FN(points)(points, d);
            UNROLL
            for (int j = 0; j < points; j++) FN(store)(v + j * step + t, d[j]);
        }
}

static void FN(tile_row)(int64_t points, const void *rows, int64_t pitch, int64_t tiles, void *lines, void *v, int64_t step)
{
    if (points == 6) FN(tile_row_of)(6, rows, pitch, tiles, lines, v, step);
    else FN(tile_row_of)(7, rows, pitch, tiles, lines, v, step);
}

/* The products at the points of a column become those of its outputs. */
INLINE void FN(tile_column)(const int points, const cs_lanes *t, const T *x, const T *w, VEC half[TOGETHER][4][MOST_POINTS], int64_t j)
{
    VEC sum[TOGETHER][MOST_POINTS];
    const int64_t x_row = points * t->x_point, w_row = points * t->w_point, x_term = t->x_term, w_term = t->w_term;
    UNROLL
    for (int k = 0; k < TOGETHER; k++) {
        UNROLL
        for (int i = 0; i < points; i++) sum[k][i] = (VEC){0};
    }
    for (int64_t left = t->terms; left > 0; left--, x += x_term, w += w_term) {
        const T *xi = x, *wi = w;
        UNROLL
        for (int i = 0; i < points; i++, xi += x_row, wi += w_row) {
            OWN(xi);
            OWN(wi);
            VEC lanes = FN(load)(xi);
            KEEP(lanes);
            UNROLL
            for (int k = 0; k < TOGETHER; k++) sum[k][i] = FN(fma)(FN(all)(wi[k]), lanes, sum[k][i]);
        }
    }
    UNROLL
    for (int k = 0; k < TOGETHER; k++) {
        FN(outputs_of)(points, 4, sum[k]);
        UNROLL
        for (int i = 0; i < 4; i++) half[k][i][j] = sum[k][i];
    }
}

/* A row of the pixels of a vector of tiles, of one output. */
INLINE void FN(store_pixels)(const cs_lanes *t, const VEC *m, int64_t row, T *y)
{
    const VEC even[2] = {ZIP_LOW(m[0], m[2]), ZIP_HIGH(m[0], m[2])}, odd[2] = {ZIP_LOW(m[1], m[3]), ZIP_HIGH(m[1], m[3])};
    UNROLL
    for (int q = 0; q < 4; q++) {
        const VEC pixels = q % 2 ? ZIP_HIGH(even[q / 2], odd[q / 2]) : ZIP_LOW(even[q / 2], odd[q / 2]);
        if (row < t->rows[q]) FN(store_some)(y + t->places[q], pixels, t->columns[q]);
    }
}

/* Output, or tile, k. Its flags are 0 where all pixels are finite, and NaN elsewhere. */
INLINE VEC FN(finish_tiles)(const int points, const int of_tiles, const cs_lanes *t, VEC half[4][MOST_POINTS], int64_t k)
{
    const VEC b = of_tiles ? FN(all)(((const T *)t->bias)[k]) : FN(load)(t->bias), scale = FN(all)(1 / (WINOGRAD_SCALE * WINOGRAD_SCALE));
    VEC flag = {0};
    T *y = (T *)t->y + (of_tiles ? k * t->plane : t->places[k]);
    ROLLED
    for (int64_t i = 0; i < (of_tiles ? 4 : t->rows[k]); i++, y += t->row) {
        VEC m[MOST_POINTS];
        UNROLL
        for (int j = 0; j < points; j++) m[j] = half[i][j];
        FN(outputs_of)(points, 4, m);
        UNROLL
        for (int j = 0; j < 4; j++) {
            m[j] = FN(fma)(m[j], scale, b);
            flag += m[j] - m[j];
        }
        if (of_tiles) {
            FN(store_pixels)(t, m, i, y);
        } else {
            UNROLL
            for (int j = 0; j < 4; j++)
                if (j < t->columns[k]) FN(store_some)(y + j * t->pixel, m[j], t->lanes);
        }
    }
    return flag;
}

/* The lines that some outputs, or tiles, will go to are brought to the caches. */
INLINE void FN(fetch_tiles)(const int of_tiles, const cs_lanes *t, int64_t from)
{
    ROLLED
    for (int64_t i = 0; i < TOGETHER * 4; i++) {
        const int64_t k = from + i / 4;
        const T *line = (const T *)t->y + i % 4 * t->row + (of_tiles ? k * t->plane : t->places[k]);
        UNROLL
        for (int q = 0; q < 4; q += of_tiles ? 64 / (int)sizeof(VEC) : 1) __builtin_prefetch(line + (of_tiles ? t->places[q] : q * t->pixel), 1);
    }
}

/* A vector for all of `count`; `any` adds up to something where one that exists is not finite. */
INLINE void FN(all_lanes)(const int points, const int of_tiles, const cs_lanes *t, void *any)
{
    const VEC exists = FN(load)(t->exists);
    VEC some = FN(load)(any);
    for (int64_t k = 0; k < t->count; k += TOGETHER) {
        VEC half[TOGETHER][4][MOST_POINTS];
        if (t->fetched) FN(fetch_tiles)(of_tiles, t, k);
        ROLLED
        for (int64_t j = 0; j < points; j++)
            FN(tile_column)(points, t, (const T *)t->x + j * t->x_point, (const T *)t->w + j * t->w_point + k, half, j);
        ROLLED
        for (int64_t i = k; i < k + TOGETHER && i < t->count; i++) {
            const VEC flag = FN(finish_tiles)(points, of_tiles, t, half[i - k], i);
            FN(store)((T *)t->flags + i * t->flag_plane, flag);
            some += FN(masked)(flag, exists);
        }
    }
    FN(store)(any, some);
}

static void FN(lanes)(const cs_lanes *t, void *any)
{
    if (t->points == 6 && t->of_tiles) FN(all_lanes)(6, 1, t, any);
    else if (t->points == 6) FN(all_lanes)(6, 0, t, any);
    else if (t->of_tiles) FN(all_lanes)(7, 1, t, any);
    else FN(all_lanes)(7, 0, t, any);
}

#undef TOGETHER
