"""convspec.fast as a backend, with the algorithm that it chooses by itself. fast:avx2 and its kin force an instruction set.

A convolution may be Winograd's; every other result is claimed to be the chain.
"""

from convspec import __version__
from convspec.fast import (
    avg_pool,
    channel_pool,
    conv,
    conv_transpose,
    convolve,
    correlate,
    local_conv,
    lp_pool,
    max_pool,
    tiled_conv,
)

chain = True
numerics = {"conv": "fast"}

__all__ = [
    "__version__", "avg_pool", "chain", "channel_pool", "conv", "conv_transpose", "convolve", "correlate", "local_conv",
    "lp_pool", "max_pool", "numerics", "tiled_conv",
]  # fmt: skip
