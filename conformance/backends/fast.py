"""convspec.fast as a backend, with the algorithm that it chooses by itself. fast:avx2 and its kin force an instruction set.

conv, conv_transpose and their gradients by the input and the weights may be Winograd's and image operators Fourier's; every other result is
claimed to be the chain.
"""

from convspec import OPERATORS, __version__, fast

chain = True
LAYERS = (
    "conv", "conv_transpose",
    "conv_grad_input", "conv_grad_weight", "conv_transpose_grad_input", "conv_transpose_grad_weight",
)  # fmt: skip
numerics = dict.fromkeys((*LAYERS, "convolve", "correlate"), "fast")

__all__ = [*OPERATORS, "__version__", "chain", "numerics"]

for _op in OPERATORS:
    globals()[_op] = getattr(fast, _op)
