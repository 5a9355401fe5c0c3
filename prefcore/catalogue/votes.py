"""Votes: each payoff is a voter, who agrees to ``A ≼ B`` if ``E_A u <= E_B u``; enough of them decide."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, numbers_of, payoffs_of
from prefcore.distribution import Number, Payoff
from prefcore.tracing import FormulaTooLarge

MAX_COUNTS = 1_000_000  # pairs of a voter and what is still missing when he votes


def majority(*payoffs: Payoff) -> AnyRelation:
    """``A ≼ B`` if at least half of the voters have ``E_A u <= E_B u``: total, but cyclic [Condorcet 1785]."""
    us = payoffs_of(payoffs, "payoffs")
    return named("majority", lambda A, B: _enough(A, B, us, (Fraction(1),) * len(us)))


def weighted_majority(payoffs: Sequence[Payoff], weights: Sequence[Number]) -> AnyRelation:
    """``A ≼ B`` if voters of at least half of the weight have ``E_A u <= E_B u`` [Shapley and Shubik 1954].

    `weights` holds a non-negative number for each payoff, not all zero. A shareholder with more than half of them is a
    dictator.
    """
    us = payoffs_of(payoffs, "payoffs")
    ws = numbers_of(weights, len(us), "weights", "payoffs")
    if not any(ws):
        raise ValueError("weights must not all be zero")
    return named("weighted_majority", lambda A, B: _enough(A, B, us, ws))


def _enough(A: Any, B: Any, payoffs: Sequence[Payoff], weights: Sequence[Fraction]) -> Any:
    """Whether the voters that agree have at least half of the weight; no denial, so the formula stays closed."""
    left = [sum(weights[k:], Fraction(0)) for k in range(len(weights))]
    missing = [{left[0] / 2}]  # what may still be missing when voter k comes
    for k, weight in enumerate(weights[:-1]):
        after = {m - w for m in missing[-1] for w in (weight, Fraction(0))}
        missing.append({m for m in after if 0 < m <= left[k + 1]})
        if sum(map(len, missing)) > MAX_COUNTS:
            raise FormulaTooLarge(f"the votes can be counted in more than {MAX_COUNTS} ways: give rounder weights")
    rest: dict[Fraction, Any] = {}
    for u, weight, counts in zip(reversed(payoffs), reversed(weights), reversed(missing), strict=True):
        agrees = A.expect(u) <= B.expect(u)
        yes = {m: m <= weight or rest.get(m - weight, False) for m in counts}
        rest = {m: (agrees & yes[m]) | rest.get(m, False) for m in counts}
    return rest[left[0] / 2]
