"""The oracle of convspec: every operator as a literal loop over its formula, in pure Python, correct and slow.

Results are correctly rounded: the exact sum, rounded once. Each function has its operator's signature and three more
keywords. `at`, a list of output indices, computes only those elements and returns them as a vector. `stepwise` computes
the law's chain of fused multiply-adds in the result's dtype instead of the exact sum. `policies` are those of the law's
chapter on policies, all of them.
"""

from convspec.reference.images import convolve, correlate
from convspec.reference.layers import conv, conv_transpose, local_conv, tiled_conv
from convspec.reference.layers_gradients import (
    conv_grad_bias,
    conv_grad_input,
    conv_grad_weight,
    conv_transpose_grad_bias,
    conv_transpose_grad_input,
    conv_transpose_grad_weight,
    local_conv_grad_bias,
    local_conv_grad_input,
    local_conv_grad_weight,
    tiled_conv_grad_bias,
    tiled_conv_grad_input,
    tiled_conv_grad_weight,
)
from convspec.reference.pooling import avg_pool, channel_pool, lp_pool, max_pool
from convspec.reference.pooling_gradients import avg_pool_grad, channel_pool_grad, lp_pool_grad, max_pool_grad

__all__ = [
    "avg_pool",
    "avg_pool_grad",
    "channel_pool",
    "channel_pool_grad",
    "conv",
    "conv_grad_bias",
    "conv_grad_input",
    "conv_grad_weight",
    "conv_transpose",
    "conv_transpose_grad_bias",
    "conv_transpose_grad_input",
    "conv_transpose_grad_weight",
    "convolve",
    "correlate",
    "local_conv",
    "local_conv_grad_bias",
    "local_conv_grad_input",
    "local_conv_grad_weight",
    "lp_pool",
    "lp_pool_grad",
    "max_pool",
    "max_pool_grad",
    "tiled_conv",
    "tiled_conv_grad_bias",
    "tiled_conv_grad_input",
    "tiled_conv_grad_weight",
]
