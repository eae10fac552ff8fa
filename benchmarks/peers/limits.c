/* What the machine can do: fused multiply-adds a second on all threads, and bytes copied. Prints both, in giga. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __AVX512F__
typedef float vec __attribute__((vector_size(64)));
#else
typedef float vec __attribute__((vector_size(32)));
#endif
enum { LANES = sizeof(vec) / 4, CHAINS = 12, STEPS = 200000 };

static float multiply_add(void)
{
    vec sum[CHAINS];
    float total = 0;
    for (int i = 0; i < CHAINS; i++) sum[i] = (vec){(float)i};
    vec a = {0.5f}, b = {1e-3f};
    for (long n = 0; n < STEPS; n++) {
        __asm__ volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * a + b;
    }
    for (int i = 0; i < CHAINS; i++) total += sum[i][0];
    return total;
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1;
    const size_t bytes = (size_t)64 << 20;
    char *from = malloc(bytes), *to = malloc(bytes);
    double peak = 0, copy = 0;
    float sink = 0;
    memset(from, 1, bytes), memset(to, 2, bytes);
    for (int round = 0; round < 20; round++) {
        double start = omp_get_wtime();
#pragma omp parallel num_threads(threads) reduction(+ : sink)
        sink += multiply_add();
        const double flops = 2.0 * LANES * CHAINS * STEPS * threads / (omp_get_wtime() - start);
        start = omp_get_wtime();
#pragma omp parallel for num_threads(threads)
        for (int t = 0; t < threads; t++) memcpy(to + bytes / threads * t, from + bytes / threads * t, bytes / threads);
        const double moved = 2.0 * bytes / (omp_get_wtime() - start);
        if (flops > peak) peak = flops;
        if (moved > copy) copy = moved;
    }
    printf("%.1f %.1f %g\n", peak / 1e9, copy / 1e9, sink * 0);
    return 0;
}
