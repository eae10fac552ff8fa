/* A recorded call: a header, the fields of its windows, three operands and what the result holds before; see kernel_calls.py. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dots.h"
#include "join.h"

enum { PLAN, WEIGHT_GRADIENT, LOCAL_WEIGHT_GRADIENT, LOCAL_INPUT_GRADIENT, POOL_GRADIENT, DOTS, JOIN, TILE_GRADIENT };

typedef struct {
    int64_t kind, windows, choice, images; /* choice: Winograd's tiles, and ONCE for a plan that runs once; or a dtype */
    uint64_t fill;
    double power;
    int64_t strides[5]; /* of x, in elements; of a plan only, and 0 where it is contiguous */
} header;

typedef struct {
    header h;
    int64_t *fields;
    char *a[3], *y;
    int64_t size; /* bytes of y */
    /* What tasks are given. */
    const void *parameters;
    const char *weights, *direct;
    char *packed, *common, *scratch;
    int64_t scratch_size;
    int missed;
} call;

static _Noreturn void fail(const char *words)
{
    fprintf(stderr, "%s\n", words);
    exit(2);
}

static void *checked(void *p)
{
    if (!p) fail("out of memory, or a file that cannot be opened");
    return p;
}

static void *read_bytes(FILE *f, int64_t bytes)
{
    void *p = checked(malloc((size_t)bytes + 1));
    if (fread(p, 1, (size_t)bytes, f) != (size_t)bytes) fail("a call is cut short");
    return p;
}

static void *read_array(FILE *f, int64_t *bytes)
{
    if (fread(bytes, sizeof *bytes, 1, f) != 1) fail("a call is cut short");
    return *bytes < 0 ? NULL : read_bytes(f, *bytes);
}

/* 0: there is none left. */
static int read_call(call *c, FILE *f)
{
    memset(c, 0, sizeof *c);
    if (fread(&c->h, sizeof c->h, 1, f) != 1) return 0;
    const int64_t fields = c->h.kind == DOTS ? CS_DOTS_FIELDS : c->h.kind == JOIN ? CS_JOIN_FIELDS : CS_FIELDS;
    c->fields = read_bytes(f, c->h.windows * fields * 8);
    for (int i = 0; i < 3; i++) c->a[i] = read_array(f, &c->size);
    c->y = read_array(f, &c->size);
    return 1;
}

static void free_call(call *c)
{
    free(c->fields), free(c->a[0]), free(c->a[1]), free(c->a[2]), free(c->y), free(c->scratch);
}
