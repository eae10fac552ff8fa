/* Memory, and the tasks of threads. Blocks so large that the library maps them anew each time come in huge pages, if the system gives them when
 * asked: mapping small ones takes longer than to fill them. Smaller ones do if they last: they are read faster. */
#define _DEFAULT_SOURCE
#include <stdlib.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "kernels.h"

enum { LINE = 64, HUGE_PAGE = 2 << 20, LARGE_LASTING = 2 << 20, LARGE = 32 << 20 };

void *cs_allocate(int64_t bytes, int lasting)
{
    const int64_t unit = bytes < (lasting ? LARGE_LASTING : LARGE) ? LINE : HUGE_PAGE;
    if (bytes < 0 || bytes > INT64_MAX - unit) return NULL;
    const size_t whole = (size_t)(bytes / unit + 1) * (size_t)unit;
    void *p = aligned_alloc((size_t)unit, whole);
#ifdef MADV_HUGEPAGE
    if (p && unit == HUGE_PAGE) madvise(p, whole, MADV_HUGEPAGE);
#endif
    return p;
}

void cs_share_out(int64_t *next, int64_t tasks, int threads)
{
    for (int t = 0; t < threads; t++) next[t * CS_APART] = tasks * t / threads;
}

int64_t cs_take(int64_t *next, int64_t tasks, int share, int threads)
{
    const int64_t i = __atomic_fetch_add(&next[share * CS_APART], 1, __ATOMIC_RELAXED);
    return i < tasks * (share + 1) / threads ? i : -1;
}

/* The block that was given back last: pages that are new cost more than to use them. Its first line holds its size. */
static int64_t *kept;
enum { MOST_KEPT = 16 << 20 };

void *cs_borrow(int64_t bytes)
{
    int64_t *block = __atomic_exchange_n(&kept, NULL, __ATOMIC_ACQUIRE);
    if (block && *block >= bytes) return (char *)block + LINE;
    free(block);
    block = bytes > INT64_MAX - LINE ? NULL : cs_allocate(bytes + LINE, bytes <= MOST_KEPT);
    if (!block) return NULL;
    *block = bytes;
    return (char *)block + LINE;
}

void cs_give_back(void *p)
{
    int64_t *block = (int64_t *)((char *)p - LINE);
    if (*block <= MOST_KEPT) block = __atomic_exchange_n(&kept, block, __ATOMIC_ACQ_REL);
    free(block);
}
