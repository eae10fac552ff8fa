"""The fast backend: the law's operators and their gradients under the same names and arguments, compiled.

Every operator takes three more keywords: `out`, an array for the result; `num_threads`, by default what OpenMP would
use; and `algorithm`, "auto", "direct", "winograd", "fft" or "separable"; and those that are sums `dtype`, for an
integer result. Results are bit for bit the law's chain of summation, or, where that is faster, of conv and its
gradients Winograd's and of images Fourier's or one pass an axis, within the law's bound: the same bits whatever the
instruction set, the number of threads, the split of a batch or the layout of the operands. Arrays with their channels
last in memory, as views, are read where they are, and convolutions, pools and gradients by the input write such an
`out` where it is.
`relu` and `relu_grad` are the law's functions of those names, of `convspec.learning`, by all threads.

The environment variable CONVSPEC_ISA, read at import, forces one of `available_isas()`.
"""

from __future__ import annotations

import os

from convspec.fast._kernels import available_isas, isa, openmp, select
from convspec.fast.gradients import (
    avg_pool_grad,
    channel_pool_grad,
    conv_grad_bias,
    conv_grad_input,
    conv_grad_weight,
    conv_transpose_grad_bias,
    conv_transpose_grad_input,
    conv_transpose_grad_weight,
    local_conv_grad_bias,
    local_conv_grad_input,
    local_conv_grad_weight,
    lp_pool_grad,
    max_pool_grad,
    tiled_conv_grad_bias,
    tiled_conv_grad_input,
    tiled_conv_grad_weight,
)
from convspec.fast.images import convolve, correlate
from convspec.fast.operators import (
    avg_pool,
    channel_pool,
    conv,
    conv_transpose,
    local_conv,
    lp_pool,
    max_pool,
    tiled_conv,
)
from convspec.fast.plans import plan_conv, plan_conv_transpose
from convspec.fast.rectifier import relu, relu_grad
from convspec.fast.scipy_names import convolve2d, correlate2d

_forced = os.environ.get("CONVSPEC_ISA") or available_isas()[0]
if not select(_forced):
    raise ImportError(f"CONVSPEC_ISA={_forced} is not available here: {', '.join(available_isas())} are")

__all__ = [
    "available_isas",
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
    "convolve2d",
    "correlate",
    "correlate2d",
    "isa",
    "local_conv",
    "local_conv_grad_bias",
    "local_conv_grad_input",
    "local_conv_grad_weight",
    "lp_pool",
    "lp_pool_grad",
    "max_pool",
    "max_pool_grad",
    "openmp",
    "plan_conv",
    "plan_conv_transpose",
    "relu",
    "relu_grad",
    "tiled_conv",
    "tiled_conv_grad_bias",
    "tiled_conv_grad_input",
    "tiled_conv_grad_weight",
]
