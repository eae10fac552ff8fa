"""Judgements beyond one case and its oracle: whole results, typical errors, locality, the adjoint, the chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec import GRADIENTS
from convspec.conformance import innocent, innocent_gradients
from convspec.conformance.case import Case, Put
from convspec.conformance.data import build
from convspec.conformance.expect import Expectation
from convspec.conformance.judge import Trial
from convspec.conformance.limits import terms
from convspec.conformance.observe import positional
from convspec.conformance.verdict import VIOLATES, Difference, Outcome
from convspec.conformance.verify import compare, graded, ratio, verify
from convspec.policies import DEFAULTS

Array = np.ndarray[Any, Any]


def evaluated(e: Expectation, arrays: dict[str, Array]) -> Array:
    """All elements of a result at once by plain numpy, in float64 or int64: exact where every order of summation is."""
    first, keywords = positional(e.case, arrays)
    room = innocent_gradients if e.case.op in GRADIENTS else innocent
    with np.errstate(all="ignore"):
        result: Array = getattr(room, e.case.op)(*first, **keywords, policies=e.shaping)
    return result


def whole(trial: Trial, case: Case) -> bool:
    """Judges every element of a large exact result, if it is offered: numpy finds the suspects, and the oracle judges them.

    Besides, it judges a sample, a tenth of the usual one.
    """
    e = trial.expect(case, times=0.1)
    seen = trial.observe(case)
    offered = trial.settle(case, trial.count(verify(e, seen)))
    if offered and e.refusal is None:
        wide = np.float64 if e.params.dtype.kind == "f" else np.int64
        exact = evaluated(e, {name: a.astype(wide) for name, a in e.arrays.items()})
        with np.errstate(all="ignore"):
            apart = np.nan_to_num(np.abs(exact - seen.value), nan=np.inf).ravel()
        suspects = np.argsort(apart)[-8:]
        if apart.size and apart[suspects[-1]] > 0:
            at = [tuple(map(int, np.unravel_index(s, exact.shape))) for s in suspects]
            trial.settle(case, compare(Expectation(case, e.policies, e.numerics, e.budget, at), seen.value))
    return offered


def typical(trial: Trial, case: Case) -> None:
    """The root mean square of the error in units of u B, over all elements of a float32 result.

    Values and B come from numpy in float64, where the error of any order is below n 2^-53 B, a millionth of the unit.
    """
    e = trial.expect(case)
    seen = trial.observe(case)
    if not trial.settle(case, trial.count(verify(e, seen))):
        return
    arrays = {name: a.astype(np.float64) for name, a in e.arrays.items()}
    value, B = evaluated(e, arrays), evaluated(e, {name: np.abs(a) for name, a in arrays.items()})
    scaled = (np.abs(seen.value - value) / (2.0**-24 * B))[B > 0]
    allowed, grade = 16 if trial.numerics == "direct" else 64, graded(terms(e.params), scaled)
    if grade is not None:
        trial.record.grades.append(grade)
    rms = grade.rms if grade is not None else np.inf
    if not rms <= allowed:
        told = Difference(f"an rms error of at most {allowed} u B", f"{rms:.4g} u B", None, ratio(rms, allowed))
        trial.accuse(case, told)


def local(trial: Trial, case: Case, put: Put) -> None:
    """Elements that do not see the placed value must be as good as if it were not there."""
    spoilt = case.but(put=(put,))
    seen = trial.observe(spoilt)
    if not trial.settle(spoilt, trial.count(verify(trial.expect(spoilt, times=8), seen))):
        return
    e = trial.expect(case, times=8)
    marked = case.but(put=(Put(put.array, put.index, "nan"),))
    seeing = np.isnan(Expectation(marked, DEFAULTS, "direct", e.budget, e.at).oracle())
    away = np.flatnonzero(~seeing)
    if len(away):
        at = [e.at[i] for i in away]
        trial.settle(spoilt, compare(Expectation(case, e.policies, e.numerics, e.budget, at), seen.value))


def adjoint(trial: Trial, case: Case) -> None:
    """<conv(u), x> = <u, conv_transpose(x)> for a conv_transpose without bias, with integers, so exactly.

    What a fast algorithm gives is rounded to integers first, from which its bound keeps it by far less than a half.
    """
    e = trial.expect(case)
    forward = trial.observe(case)
    if (
        not trial.settle(case, trial.count(verify(e, forward, upto=2)))
        or "conv" not in trial.run.host.profile.operators
    ):
        return
    x, w = (build(case)[name] for name in ("x", "w"))
    u = np.arange(np.prod(e.params.shape)).reshape(e.params.shape) % 7 - 3
    keywords = {key: value for key, value in case.arguments if key != "output_padding"}
    back = trial.observe(("conv", (u.astype(x.dtype), w), keywords))
    if back.kind != "result" or not isinstance(back.value, np.ndarray):
        return
    part, whole = innocent.trailing(back.value, map(slice, x.shape[2:])), forward.value
    if "fast" in (trial.numerics, trial.run.host.profile.numerics_of("conv")):
        part, whole = np.rint(part), np.rint(whole)
    left, right = float(np.vdot(part, x)), float(np.vdot(u, whole))
    if left != right:
        trial.accuse(case, Difference(f"<conv(u), x> = {left}", f"<u, conv_transpose(x)> = {right}"))


def chained(trial: Trial, case: Case) -> None:
    """The result must be the chain of the law, bit for bit."""
    e = trial.expect(case)
    seen = trial.observe(case)
    if not trial.settle(case, trial.count(verify(e, seen))):
        return
    chain = e.oracle(stepwise=True)
    got = seen.value[tuple(np.array(e.at).T)]
    differ = ~((got == chain) | (np.isnan(got) & np.isnan(chain)))
    if differ.any():
        i = int(np.argmax(differ))
        trial.settle(case, Outcome(VIOLATES, Difference(float(chain[i]).hex(), float(got[i]).hex(), e.at[i])))
