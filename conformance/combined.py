"""Cases by their features: what an operator's arguments, operands and memory may be like, the plainest value first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from convspec import GRADIENTS, IMAGE_OPERATORS
from convspec.conformance.case import ARGUMENTS, Case, make
from convspec.conformance.derived import base, gradient, result

Features = Mapping[str, Sequence[Any]]
Ints = tuple[int, ...]

_ARRAYS: Features = {
    "rank": (2, 1, 3),
    "dtype": ("float32", "float64", "int32", "uint8"),
    "layout": ("plain", "negative", "transposed", "channels_last", "sliced"),
    "width": (9, 19),
}
_WINDOWS: Features = {"stride": (1, 2, (3, 1, 2)), "dilation": (1, 2, (1, 2, 3)), "batch": (1, 3)}
_PADDING: Features = {"padding": (0, 1, ((1, 0), (0, 1), (2, 1)), "same", "same_lower", "valid", "full")}
_LAYER: Features = {**_ARRAYS, **_WINDOWS, "groups": (1, 2, "depthwise"), "bias": (False, True)}
_POOL: Features = {**_ARRAYS, **_WINDOWS, **_PADDING, "stride": (2, 1, (3, 1, 2)), "ceil_mode": (False, True)}
"""At stride 1 rounding up would show nothing."""
_EDGES = [
    ("full", "fill"),
    ("same", "fill"),
    ("valid", "fill"),
    *product(("full", "same"), ("wrap", "symm", "reflect", "edge")),
]
_IMAGE: Features = {**_ARRAYS, "edges": _EDGES, "fillvalue": (0, 3)}
_FEATURES: Mapping[str, Features] = {
    **dict.fromkeys(IMAGE_OPERATORS, _IMAGE),
    "conv": {**_LAYER, **_PADDING},
    "local_conv": {**_LAYER, **_PADDING},
    "tiled_conv": {**_LAYER, **_PADDING, "tile": ((1, 1, 1), (3, 1, 2))},
    "conv_transpose": {**_LAYER, "padding": _PADDING["padding"][:3], "output_padding": (0, 1)},
    "max_pool": _POOL,
    "avg_pool": {**_POOL, "count_include_pad": (False, True)},
    "lp_pool": {**_POOL, "p": (2, 1, 3)},
    "channel_pool": {**_ARRAYS, "batch": (1, 3), "stride": (None, 1, 3), "kind": ("max", "avg", "lp")},
}


def features(op: str) -> Features:
    """The features that cases of `op` may have; the bias does not tell in a gradient."""
    return {name: values for name, values in _FEATURES[base(op)].items() if name != "bias" or op not in GRADIENTS}


def combined(op: str, chosen: Mapping[str, Any]) -> Case:
    """The case with these features."""
    if op in GRADIENTS:
        return gradient(combined(base(op), {"bias": False, **chosen}), op)
    rank, dtype = chosen["rank"], chosen["dtype"]
    S, R = (6, 5, chosen["width"])[-rank:], (3, 2, 3)[-rank:]
    arguments = {name: along(chosen[name], rank) for name in ARGUMENTS[op] if chosen.get(name) is not None}
    rest = {"data": "small" if op in ("avg_pool", "lp_pool", "channel_pool") else "wide", "layout": chosen["layout"]}
    if op in IMAGE_OPERATORS:
        arguments["mode"], arguments["boundary"] = chosen["edges"]
        return make(op, {"in1": (S, dtype), "in2": (tuple(r | 1 for r in R), dtype)}, arguments, **rest)
    if op.endswith("_pool"):
        x = ((chosen["batch"], 7 if op == "channel_pool" else 3, *S), dtype)
        size = 3 if op == "channel_pool" else R
        return make(op, {"x": x}, {"size": size, **arguments}, **rest)
    return _layer(op, chosen, S, R, arguments, rest)


def _layer(op: str, chosen: Mapping[str, Any], S: Ints, R: Ints, arguments: dict[str, Any], rest: Any) -> Case:
    rank, dtype = chosen["rank"], chosen["dtype"]
    G, Cg, Kg = {1: (1, 2, 3), 2: (2, 2, 1), "depthwise": (5, 1, 1)}[chosen["groups"]]
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
