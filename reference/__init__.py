"""The oracle of convspec: every operator as a literal loop over its formula, in pure Python, correct and slow.

Results are correctly rounded: the exact sum, rounded once. Each function has its operator's signature and three more
keywords. `at`, a list of output indices, computes only those elements and returns them as a vector. `stepwise` computes
the law's chain of fused multiply-adds in the result's dtype instead of the exact sum. `policies` are those of the law's
chapter on policies, all of them.
"""

from convspec.reference.images import convolve, correlate
from convspec.reference.layers import conv, conv_transpose, local_conv, tiled_conv
from convspec.reference.pooling import avg_pool, channel_pool, lp_pool, max_pool

__all__ = [
    "avg_pool",
    "channel_pool",
    "conv",
    "conv_transpose",
    "convolve",
    "correlate",
    "local_conv",
    "lp_pool",
    "max_pool",
    "tiled_conv",
]
