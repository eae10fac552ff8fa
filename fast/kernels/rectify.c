/* ReLU and its gradient. */
#include "rectify.h"

/* Each element by itself, so that where it comes from may be where it goes. */
#define RECTIFY(name, type) \
    static void name(const type *x, const type *gate, type *y, int64_t n) \
    { \
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) { \
            const type v = x[i]; \
            y[i] = gate[i] <= 0 ? 0 : v; \
        } \
    }
RECTIFY(floats, float)
RECTIFY(doubles, double)

void cs_rectify(const void *x, const void *gate, void *y, int64_t n, int64_t size)
{
    if (size == 4) floats(x, gate, y, n);
    else doubles(x, gate, y, n);
}
