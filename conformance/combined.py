"""Cases by their features: what an operator's arguments, operands and memory may be like, the plainest value first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from convspec import GRADIENTS, IMAGE_OPERATORS
from convspec.conformance.case import ARGUMENTS, Case, make
from convspec.conformance.data import wide_or_small
from convspec.conformance.derived import base, gradient, result

Features = Mapping[str, Sequence[Any]]
Ints = tuple[int, ...]

_ARRAYS: Features = {
    "rank": (2, 1, 3),
    "dtype": ("float32", "float64", "int8", "uint8", "int16", "int32", "int64"),
    "layout": ("plain", "negative", "transposed", "channels_last", "sliced"),
    "width": (9, 19, 37, 70),
    "height": (5, 11),
}
_TAPS: Features = {"taps": ((3, 2, 3), 3, (2, 5, 5), 1, 2, (1, 1, 7), (1, 9, 1))}
_WINDOWS: Features = {**_TAPS, "stride": (1, 2, (3, 1, 2)), "dilation": (1, 2, (1, 2, 3)), "batch": (1, 3, 6)}
_PADDING: Features = {"padding": (0, 1, ((1, 0), (0, 1), (2, 1)), "same", "same_lower", "valid", "full")}
_LAYER: Features = {
    **_ARRAYS,
    **_WINDOWS,
    "groups": (1, 2, "depthwise"),
    "inputs": ("few", "many"),
    "outputs": ("few", "many"),
    "bias": (False, True),
}
_POOL: Features = {
    **_ARRAYS,
    **_WINDOWS,
    **_PADDING,
    "channels": (3, 20),
    "stride": (2, 1, (3, 1, 2)),
    "ceil_mode": (False, True),
}
"""At stride 1 rounding up would show nothing."""
_EDGES = [
    ("full", "fill"),
    ("same", "fill"),
    ("valid", "fill"),
    *product(("full", "same"), ("wrap", "symm", "reflect", "edge")),
]
_IMAGE: Features = {**_ARRAYS, **_TAPS, "edges": _EDGES, "fillvalue": (0, 3)}
_FEATURES: Mapping[str, Features] = {
    **dict.fromkeys(IMAGE_OPERATORS, _IMAGE),
    "conv": {**_LAYER, **_PADDING},
    "local_conv": {**_LAYER, **_PADDING},
    "tiled_conv": {**_LAYER, **_PADDING, "tile": ((1, 1, 1), (3, 1, 2))},
    "conv_transpose": {**_LAYER, "padding": _PADDING["padding"][:3], "output_padding": (0, 1)},
    "max_pool": _POOL,
    "avg_pool": {**_POOL, "count_include_pad": (False, True)},
    "lp_pool": {**_POOL, "p": (2, 1, 3)},
    "channel_pool": {
        **_ARRAYS,
        "size": (3, 1, 2, 7),
        "channels": (7, 20),
        "batch": (1, 3, 6),
        "stride": (None, 1, 3),
        "kind": ("max", "avg", "lp"),
    },
}


def features(op: str) -> Features:
    """The features that cases of `op` may have; the bias does not tell in a gradient."""
    return {name: values for name, values in _FEATURES[base(op)].items() if name != "bias" or op not in GRADIENTS}


def combined(op: str, chosen: Mapping[str, Any]) -> Case:
    """The case with these features."""
    if op in GRADIENTS:
        return gradient(combined(base(op), {"bias": False, **chosen}), op)
    rank, dtype = chosen["rank"], chosen["dtype"]
    taps = np.broadcast_to(along(chosen.get("taps", 1), rank), rank)
    steps = 0 if op == "conv_transpose" else along(chosen.get("dilation", 1), rank)  # its windows need not fit
    S = tuple(map(max, (4, chosen["height"], chosen["width"])[-rank:], ((taps - 1) * steps + 1).tolist()))
    R = tuple(taps.tolist())
    arguments = {name: along(chosen[name], rank) for name in ARGUMENTS[op] if chosen.get(name) is not None}
    rest = {"data": wide_or_small(op, prod(S) * chosen.get("batch", 1)), "layout": chosen["layout"]}
    if op in IMAGE_OPERATORS:
        arguments["mode"], arguments["boundary"] = chosen["edges"]
        return make(op, {"in1": (S, dtype), "in2": (tuple(r | 1 for r in R), dtype)}, arguments, **rest)
    if op.endswith("_pool"):
        x = ((chosen["batch"], chosen["channels"], *S), dtype)
        return make(op, {"x": x}, {"size": R, **arguments}, **rest)
    return _layer(op, chosen, S, R, arguments, rest)


GROUPS: Mapping[Any, Any] = {1: ((2, 3), (19, 21)), 2: ((2, 1), (10, 9)), "depthwise": ((1, 1), (1, 2))}
"""The channels and the filters of each group, few and many."""


def _layer(op: str, chosen: Mapping[str, Any], S: Ints, R: Ints, arguments: dict[str, Any], rest: Any) -> Case:
    rank, dtype = chosen["rank"], chosen["dtype"]
    many = chosen["inputs"] == "many"
    Cg, Kg = GROUPS[chosen["groups"]][many][0], GROUPS[chosen["groups"]][chosen["outputs"] == "many"][1]
    G = (19 if many else 5) if chosen["groups"] == "depthwise" else chosen["groups"]
    K, arguments["groups"] = G * Kg, G
    x = ((chosen["batch"], G * Cg, *S), dtype)
    if op == "conv_transpose":
        steps = np.maximum(np.broadcast_to(arguments["stride"], rank), arguments["dilation"])
        arguments["output_padding"] = tuple(min(chosen["output_padding"], s - 1) for s in steps.tolist())
        w, b = (G * Cg, Kg, *R), (K,)
    else:
        O = result(make("conv", {"x": x, "w": ((K, Cg, *R), dtype)}, arguments))[2:]
        tile = {"conv": (), "tiled_conv": along(chosen.get("tile"), rank), "local_conv": O}[op]
        w, b = (K, *tile, Cg, *R), (K, *tile)
    return make(op, {"x": x, "w": (w, dtype)} | ({"b": (b, dtype)} if chosen["bias"] else {}), arguments, **rest)


def along(value: Any, rank: int) -> Any:
    """The last `rank` of a value an axis, or the one for all."""
    return value[-rank:] if isinstance(value, tuple) else value
