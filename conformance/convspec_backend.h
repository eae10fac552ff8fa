/* The C interface of a backend that `convspec check ./libmine.so` puts on trial.
 *
 * A library defines the operators that it offers, each under its own name, and leaves out the others. Operands are in C
 * order, native byte order and aligned to their elements; their memory is read-only, and pages that nobody may touch lie
 * around operands and results. The shape of an operand is that of the law: x is (N, C, S...), w and b as each operator
 * has them.
 *
 * An operator is called twice. First result->data is NULL: it checks the call, and fills in dtype, axes and shape of the
 * result. Then result->data has room for that many elements, of undefined contents, and the operator writes all of them.
 */
#ifndef CONVSPEC_BACKEND_H
#define CONVSPEC_BACKEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CONVSPEC_AXES = 8 };

enum convspec_dtype {
    CONVSPEC_FLOAT32 = 1, CONVSPEC_FLOAT64, CONVSPEC_INT8, CONVSPEC_INT16, CONVSPEC_INT32, CONVSPEC_INT64,
    CONVSPEC_UINT8, CONVSPEC_UINT16, CONVSPEC_UINT32, CONVSPEC_UINT64
};

enum convspec_status {
    CONVSPEC_OK = 0,
    CONVSPEC_NOT_OFFERED = 1, /* a valid call that this library does not implement */
    CONVSPEC_INVALID = 2      /* a call that the law forbids */
};

typedef struct {
    void *data;              /* NULL: a bias that is not there, or a result that is asked for its shape */
    int32_t dtype;           /* an enum convspec_dtype */
    int32_t axes;
    int64_t shape[CONVSPEC_AXES];
} convspec_array;

/* What an operator does not have is 0 or NULL. Lists have an entry for each spatial axis; channel_pool uses the first. */
typedef struct {
    int64_t size[CONVSPEC_AXES], stride[CONVSPEC_AXES], dilation[CONVSPEC_AXES];
    int64_t before[CONVSPEC_AXES], after[CONVSPEC_AXES]; /* padding; its names are given as numbers */
    int64_t output_padding[CONVSPEC_AXES];
    int64_t groups;
    int32_t ceil_mode, count_include_pad;
    double p, fillvalue;
    const char *kind, *mode, *boundary;
    int32_t axes;                  /* gradients: x_shape, w_shape or b_shape, the shape of the result, where the law has it */
    int64_t shape[CONVSPEC_AXES];
} convspec_arguments;

/* operands: x and for layers w and b; in1 and in2; for gradients dy, and then x or w where the law has one. */
typedef int convspec_operator(const convspec_array *operands, const convspec_arguments *arguments, convspec_array *result);

convspec_operator convspec_convolve, convspec_correlate, convspec_conv, convspec_conv_transpose, convspec_local_conv,
    convspec_tiled_conv, convspec_max_pool, convspec_avg_pool, convspec_lp_pool, convspec_channel_pool,
    convspec_conv_grad_input, convspec_conv_grad_weight, convspec_conv_grad_bias, convspec_conv_transpose_grad_input,
    convspec_conv_transpose_grad_weight, convspec_conv_transpose_grad_bias, convspec_local_conv_grad_input,
    convspec_local_conv_grad_weight, convspec_local_conv_grad_bias, convspec_tiled_conv_grad_input,
    convspec_tiled_conv_grad_weight, convspec_tiled_conv_grad_bias, convspec_max_pool_grad, convspec_avg_pool_grad,
    convspec_lp_pool_grad, convspec_channel_pool_grad;

/* Both optional. JSON: {"version": "1.0", "policies": {"padded_tap": "skipped"}, "numerics": {"*": "direct"}} */
const char *convspec_about(void);
/* Why the last call was refused. */
const char *convspec_message(void);

#ifdef __cplusplus
}
#endif
#endif
