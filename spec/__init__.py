"""The law of convspec: clauses, signatures, shape arithmetic and validation of the operators of convolutional networks.

Two more rooms stand on it, `convspec.reference` (the oracle) and `convspec.fast` (the fast backend), and a third,
`convspec.conformance` (the judge), on all of them. Importing the law imports none of the others.
"""

from convspec.errors import SpecError, SpecTypeError, SpecValueError
from convspec.shapes import (
    Layer,
    ReceptiveField,
    connections,
    dense_connections,
    multiply_adds,
    named_padding,
    output_size,
    parameters,
    receptive_field,
    same_padding,
    transposed_size,
)

__version__ = "0.1.0"

IMAGE_OPERATORS = ("convolve", "correlate")
LAYER_OPERATORS = ("conv", "conv_transpose", "local_conv", "tiled_conv")
POOL_OPERATORS = ("max_pool", "avg_pool", "lp_pool", "channel_pool")
FORWARD = IMAGE_OPERATORS + LAYER_OPERATORS + POOL_OPERATORS
LAYER_GRADIENTS = tuple(f"{op}_grad_{what}" for op in LAYER_OPERATORS for what in ("input", "weight", "bias"))
POOL_GRADIENTS = tuple(f"{op}_grad" for op in POOL_OPERATORS)
GRADIENTS = LAYER_GRADIENTS + POOL_GRADIENTS
OPERATORS = FORWARD + GRADIENTS

__all__ = [
    "FORWARD",
    "GRADIENTS",
    "IMAGE_OPERATORS",
    "LAYER_GRADIENTS",
    "LAYER_OPERATORS",
    "OPERATORS",
    "POOL_GRADIENTS",
    "POOL_OPERATORS",
    "Layer",
    "ReceptiveField",
    "SpecError",
    "SpecTypeError",
    "SpecValueError",
    "connections",
    "dense_connections",
    "multiply_adds",
    "named_padding",
    "output_size",
    "parameters",
    "receptive_field",
    "same_padding",
    "transposed_size",
]
