"""ncnn as a backend: networks of one layer on the CPU, in float32 throughout, one image at a time.

* https://github.com/Tencent/ncnn/blob/master/docs/developer-guide/operators.md (Convolution, ConvolutionDepthWise, Deconvolution,
  Pooling and their kin of one and three axes)
* https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure

Winograd's algorithm is on, as it is by default, so the class is "fast". A network's parameters are a text of integers. Rounding up is the
pad_mode "full"; pooling has no dilation, and deconvolution is offered without groups. The image is cloned, which gives its channels
the alignment that the layers count on (docs/findings/ncnn-mat-from-numpy.md).
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import ncnn
import numpy as np
from ncnn import __version__

from convspec.conformance.backends._plumbing import axes, one_dtype, only, pairs, rank_of
from convspec.conformance.backends._words import Words

__all__ = ["__version__", "avg_pool", "conv", "conv_transpose", "max_pool", "numerics", "policies", "snippet"]

policies = {
    "padded_tap": "any", "max_nan": "any", "empty_window": "any", "subnormals": "flushed", "ceil_drop": "no", "ceil_divisor": "full"
}  # fmt: skip
"""Not documented; observed. That subnormals are flushed is (flush_denormals): https://github.com/Tencent/ncnn/blob/master/src/option.h"""
numerics = {"*": "direct", "conv": "fast", "conv_transpose": "fast"}

KERNEL, DILATION, STRIDE = (1, 11, 21), (2, 12, 22), (3, 13, 23)
PADS = ((4, 15), (14, 16), (24, 17))
EXTRA = (18, 19, 20)
POOL_STRIDE, POOL_PADS = (2, 12, 22), ((3, 14), (13, 15), (23, 16))
"""The numbers of the parameters for the last axis, the one before it and the one before that."""
SAME = {"same": -233, "same_lower": -234, "valid": 0}
SUFFIX = {1: "1D", 2: "", 3: "3D"}

words = Words("import tempfile\nfrom pathlib import Path\nfrom typing import Any\nimport ncnn")
snippet = words.snippet


@words
def conv(x: Any, w: Any, b: Any = None, *, groups: Any = 1, **keywords: Any) -> Any:
    """Convolution, or with groups ConvolutionDepthWise."""
    if groups == 1:
        return _convolution("Convolution", 0, x, w, b, {}, **keywords)
    return _convolution("ConvolutionDepthWise", 0, x, w, b, {7: groups}, **keywords)


@words
def conv_transpose(x: Any, w: Any, b: Any = None, *, groups: Any = 1, output_padding: Any = 0, **keywords: Any) -> Any:
    """Deconvolution."""
    only("groups", groups, 1)
    if isinstance(keywords.get("padding"), str):
        raise NotImplementedError("the strings of Deconvolution mean something else")
    return _convolution("Deconvolution", 1, x, w, b, _each(EXTRA, output_padding, _asked(x, w, b)), **keywords)


def _convolution(
    layer: str, outputs: int, x: Any, w: Any, b: Any, found: dict[int, Any], *, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1,
) -> partial[Any]:  # fmt: skip
    """The call of a layer, the axis `outputs` of whose weights is that of the output channels."""
    rank = _asked(x, w, b)
    found |= {0: np.shape(w)[outputs], 5: int(b is not None), 6: np.size(w)} | _pads(PADS, padding, rank)
    found |= _each(KERNEL, np.shape(w)[2:], rank) | _each(STRIDE, stride, rank) | _each(DILATION, dilation, rank)
    return _spelt(layer + SUFFIX[rank], found, x, w, b)


@words
def max_pool(x: Any, size: Any, **keywords: Any) -> Any:
    """Pooling of type 0."""
    return _pool(x, size, {0: 0}, **keywords)


@words
def avg_pool(x: Any, size: Any, *, count_include_pad: Any = False, **keywords: Any) -> Any:
    """Pooling of type 1."""
    return _pool(x, size, {0: 1, 6: int(count_include_pad)}, **keywords)


def _pool(
    x: Any, size: Any, found: dict[int, Any], *, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: Any = False,
) -> Any:  # fmt: skip
    rank = _asked(x)
    only("dilation", dilation, 1, (1, 1))
    only("ceil_mode", ceil_mode, False, True)
    found |= _each(KERNEL, size, rank) | _each(POOL_STRIDE, size if stride is None else stride, rank)
    if isinstance(padding, str) and padding != "valid":
        only("padding", padding, "same", "same_lower")
        return _spelt("Pooling" + SUFFIX[rank], found | {5: 2 if padding == "same" else 3}, x)
    found |= _pads(POOL_PADS, 0 if padding == "valid" else padding, rank) | {5: 0 if ceil_mode else 1}
    return _spelt("Pooling" + SUFFIX[rank], found, x)


def _asked(x: Any, *operands: Any) -> int:
    if np.shape(x)[:1] != (1,) or 0 in np.shape(x) or one_dtype(x, *operands) != np.float32:
        raise NotImplementedError("one image of float32 at a time")
    return rank_of(x)


def _each(numbers: tuple[int, ...], value: Any, rank: int) -> dict[int, Any]:
    """The parameters of one argument, the last axis first."""
    values = axes(value, rank)
    if len(values) != rank or not all(type(v) is int for v in values):
        raise NotImplementedError("a layer has one integer for each axis")
    return dict(zip(numbers, reversed(values), strict=False))


def _spelt(layer: str, parameters: dict[int, Any], x: Any, *weights: Any) -> partial[Any]:
    return partial(run, layer, " ".join(f"{key}={value}" for key, value in parameters.items()), x, *weights)


def _pads(numbers: Any, padding: Any, rank: int) -> dict[int, Any]:
    if isinstance(padding, str):
        only("padding", padding, *SAME)
        return {number: SAME[padding] for both in numbers[:rank] for number in both}
    each = pairs(padding, rank)
    if len(each) != rank or not all(len(p) == 2 and type(n) is int for p in each for n in p):
        raise NotImplementedError("a layer has two integers for each axis")
    flat = zip(numbers, reversed(each), strict=False)
    return {number: value for both, pair in flat for number, value in zip(both, pair, strict=True)}


def run(layer: str, parameters: str, x: Any, w: Any = None, b: Any = None) -> Any:
    """The result of a network of one layer. Its weights are a flag, which says float32, and the raw numbers."""
    net = ncnn.Net()
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "vulkan_compute"):
        setattr(net.opt, f"use_{option}", False)
    if w is not None and layer.startswith("Deconvolution"):
        w = np.swapaxes(w, 0, 1)
    raw = [np.asarray(a, np.float32).tobytes() for a in (w, b) if a is not None]
    refused = net.load_param_mem(f"7767517\n2 2\nInput x 0 1 x\n{layer} y 1 1 x y {parameters}\n")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.bin"
        file.write_bytes(b"".join([bytes(4), *raw] if raw else []))
        refused = refused or net.load_model(str(file))
    extractor = net.create_extractor()
    extractor.input("x", ncnn.Mat(np.asarray(x)[0]).clone())
    status, y = (refused, None) if refused else extractor.extract("y")
    if status:
        raise ValueError(f"ncnn gives status {status} for {layer} {parameters}")
    return np.array(y)[None]
