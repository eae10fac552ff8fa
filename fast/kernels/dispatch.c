/* One table a dtype: plain C fills it, the best instruction set this machine runs replaces its entries. */
#include <stddef.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "table.h"

extern const cs_table *const cs_tables_scalar[DTYPES];
#ifdef __x86_64__
extern const cs_table *const cs_tables_avx2[DTYPES];
extern const cs_table *const cs_tables_avx512[DTYPES];
static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif
#ifdef __aarch64__
extern const cs_table *const cs_tables_neon[DTYPES];
#endif
static int always(void)
{
    return 1;
}

static const struct {
    const char *name;
    int (*supported)(void);
    const cs_table *const *tables;
} sets[] = {
#ifdef __x86_64__
    {"avx512", has_avx512, cs_tables_avx512},
    {"avx2", has_avx2, cs_tables_avx2},
#endif
#ifdef __aarch64__
    {"neon", always, cs_tables_neon},
#endif
    {"scalar", always, cs_tables_scalar},
};
enum { SETS = sizeof sets / sizeof *sets };

static int chosen = SETS - 1;

const cs_table *cs_kernels(int64_t dtype)
{
    return sets[chosen].tables[dtype];
}

const cs_table *cs_short_kernels(int64_t dtype)
{
    return sets[chosen + (cs_kernels(dtype)->lanes * cs_kernels(dtype)->size > 32)].tables[dtype];
}

int cs_has_byte_dots(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx512vnni");
#else
    return 0;
#endif
}

const char *cs_isa(void)
{
    return sets[chosen].name;
}

const char *cs_isa_name(int index)
{
    for (int i = 0; i < SETS; i++)
        if (sets[i].supported() && index-- == 0) return sets[i].name;
    return NULL;
}

int cs_select(const char *name)
{
    for (int i = 0; i < SETS; i++) {
        if (sets[i].supported() && strcmp(sets[i].name, name) == 0) {
            chosen = i;
            return 0;
        }
    }
    return -1;
}

int cs_max_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

int cs_openmp(void)
{
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}
