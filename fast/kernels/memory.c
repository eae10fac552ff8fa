/* Blocks of memory so large that the library maps them anew each time come in huge pages, if the system gives them when
 * asked: mapping small ones takes longer than to fill them. */
#define _DEFAULT_SOURCE
#include <stdlib.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "kernels.h"

enum { LINE = 64, HUGE_PAGE = 2 << 20, LARGE = 32 << 20 };

void *cs_allocate(int64_t bytes)
{
    const int64_t unit = bytes < LARGE ? LINE : HUGE_PAGE;
    if (bytes < 0 || bytes > INT64_MAX - unit) return NULL;
    const size_t whole = (size_t)(bytes / unit + 1) * (size_t)unit;
    void *p = aligned_alloc((size_t)unit, whole);
#ifdef MADV_HUGEPAGE
    if (p && unit == HUGE_PAGE) madvise(p, whole, MADV_HUGEPAGE);
#endif
    return p;
}
