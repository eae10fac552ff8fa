"""convspec.fast with algorithm="winograd": Winograd's tiles wherever there are any, whatever they cost."""

from functools import partial

from convspec import __version__, fast

conv = partial(fast.conv, algorithm="winograd")
conv_transpose = partial(fast.conv_transpose, algorithm="winograd")
conv_grad_input = partial(fast.conv_grad_input, algorithm="winograd")
conv_grad_weight = partial(fast.conv_grad_weight, algorithm="winograd")
conv_transpose_grad_input = partial(fast.conv_transpose_grad_input, algorithm="winograd")
LAYERS = ("conv", "conv_grad_input", "conv_grad_weight", "conv_transpose", "conv_transpose_grad_input")
numerics = dict.fromkeys(LAYERS, "fast")

__all__ = ["__version__", *LAYERS, "numerics"]
