"""The corpus of known bugs: public issues of convolution and pooling libraries as cases that are tried before all others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from convspec.conformance import known
from convspec.conformance.case import Case, parse
from convspec.conformance.planted import Bug, bugs

HOMES = {
    "KernelBench": "ScalingIntelligence", "NNPACK": "Maratyszcza", "NNlib.jl": "FluxML", "Paddle": "PaddlePaddle",
    "TensorRT": "NVIDIA", "XNNPACK": "google", "bayesian-torch": "IntelLabs", "coremltools": "apple",
    "executorch": "pytorch", "llama.cpp": "ggml-org", "mlx": "ml-explore", "mxnet": "apache", "oneDNN": "uxlfoundation",
    "onnxruntime": "microsoft", "openvino": "openvinotoolkit", "pytorch-image-models": "huggingface", "root": "root-project",
    "rten": "robertknight", "torch-mlir": "llvm", "tvm": "apache", "xla": "openxla",
}  # fmt: skip
"""The accounts on GitHub of projects that are not their own."""

PULLS = {
    "NNlib.jl#763", "coremltools#2844", "executorch#18616", "llama.cpp#28503", "mlx#4242", "onnx#8446", "onnxruntime#1320",
    "onnxruntime#27249", "onnxruntime#29631", "openvino#36714", "pytorch#18463", "pytorch#23161", "pytorch-image-models#2779",
    "rten#1416", "scipy#26105", "tinygrad#605", "tinygrad#7579", "tinygrad#7726", "torch-mlir#3460", "tvm#18641",
}  # fmt: skip
"""Those that are pull requests."""


@dataclass(frozen=True)
class Issue:
    """A public issue: where it is, the class of its bug, the clause that the bug broke, and a case that shows it."""

    project: str
    number: int
    kind: str
    slug: str
    case: Case
    bug: str
    """The planted bug of the same class that the case catches."""

    @property
    def name(self) -> str:
        return f"{self.project}#{self.number}"

    @property
    def link(self) -> str:
        """Where to read it."""
        kind = "pull" if self.name in PULLS else "issues"
        return f"https://github.com/{HOMES.get(self.project, self.project)}/{self.project}/{kind}/{self.number}"

    def planted(self) -> Bug:
        """The planted bug that the case must catch; LookupError if there is none of the name."""
        for bug in bugs():
            if bug.op == self.case.op and bug.name == self.bug:
                return bug
        raise LookupError(f"{self.name}: no planted bug of {self.case.op} is called {self.bug!r}")


@lru_cache
def issues() -> tuple[Issue, ...]:
    """All known bugs, in the order of the list."""
    return tuple(_read(known.ISSUES))


def _read(text: str) -> Iterator[Issue]:
    lines = iter(text.strip().splitlines())
    for head in lines:
        about, _, bug = head.partition(": ")
        name, kind, slug = about.split()
        project, _, number = name.partition("#")
        yield Issue(project, int(number), kind, slug, parse(next(lines)), bug)
