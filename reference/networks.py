"""What stands between layers, element by element: ReLU, and softmax cross-entropy in fifty digits."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DIGITS = Context(prec=50)


def relu(x: Array) -> Array:
    """x where it is positive or NaN, else 0."""
    y = np.zeros_like(x)
    for i, v in np.ndenumerate(x):
        if v > 0 or v != v:
            y[i] = v  # [network.relu]
    return y


def relu_grad(dy: Array, y: Array) -> Array:
    """dy where ReLU's result is positive or NaN, else 0."""
    dx = np.zeros_like(dy)
    for i, v in np.ndenumerate(y):
        if v > 0 or v != v:
            dx[i] = dy[i]  # [network.relu-grad]
    return dx


def cross_entropy(z: Array, labels: Array) -> tuple[list[Decimal], list[list[Decimal]]]:
    """The loss of each image, and its gradient by the image's scores, not divided by the number of images."""
    losses, gradients = [], []
    for row, label in zip(z.tolist(), labels.tolist(), strict=True):
        exps = [DIGITS.exp(Decimal(v)) for v in row]
        total = sum(exps, Decimal(0))
        losses.append(DIGITS.subtract(DIGITS.ln(total), Decimal(row[label])))  # [network.cross-entropy]
        gradients.append(
            [DIGITS.divide(e, total) - (k == label) for k, e in enumerate(exps)]  # [network.cross-entropy-grad]
        )
    return losses, gradients
