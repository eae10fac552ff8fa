"""The oracle as a backend: the judge must find nothing, and takes its time."""

from convspec import __version__
from convspec.reference import (
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

__all__ = [
    "__version__", "avg_pool", "channel_pool", "conv", "conv_transpose", "convolve", "correlate", "local_conv", "lp_pool",
    "max_pool", "tiled_conv",
]  # fmt: skip
