"""The gradients of PyTorch: torch.autograd.grad. https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional


def pulled(name: str, tensors: list[Any], at: int, dy: torch.Tensor, **keywords: Any) -> Any:
    """The gradient of a function of torch.nn.functional by one of its tensors."""
    tensors[at].requires_grad_()
    function: Callable[..., torch.Tensor] = getattr(functional, name)
    with torch.enable_grad():
        (found,) = torch.autograd.grad(function(*tensors, **keywords), tensors[at], dy)
    return found.detach().clone().numpy()
