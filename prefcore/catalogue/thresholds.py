"""Differences too small to notice: intransitive indifference.

``A ≺ B`` needs a difference that exceeds a threshold, so a chain of indifferences can add up to a preference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, no_less, numbers_of, payoff_of, payoffs_of, values_at
from prefcore.distribution import Number, Payoff


def interval_order(low: Payoff, high: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ E_A low <= E_B high``: ``B ≺ A`` iff A's whole interval lies above B's [Fishburn 1970].

    Raises ``ValueError`` naming an outcome with ``low > high``.
    """
    lower, upper = payoff_of(low, "low"), payoff_of(high, "high")

    def order(A: Any, B: Any) -> Any:
        tops = values_at(A, upper)
        for outcome, bottom in values_at(A, lower).items():
            if bottom > tops[outcome]:
                raise ValueError(
                    f"low must be at most high, but outcome {outcome!r} has low {bottom} and high {tops[outcome]}"
                )
        return A.expect(lower) <= B.expect(upper)

    return named("interval_order", order)


def semiorder(payoff: Payoff, threshold: Number) -> AnyRelation:
    """``A ≼ B ⇔ E_A u <= E_B u + threshold``: a just noticeable difference, at least 0 [Luce 1956]."""
    u, margin = payoff_of(payoff), no_less(threshold, 0, "threshold")
    return named("semiorder", lambda A, B: A.expect(u) <= B.expect(u) + margin)


def lexicographic_semiorder(payoffs: Sequence[Payoff], thresholds: Sequence[Number]) -> AnyRelation:
    """The first payoff whose difference exceeds its threshold decides; if none does, indifferent [Tversky 1969].

    `thresholds` holds a number, at least 0, for each payoff. Even strict preference may be cyclic.
    """
    us = payoffs_of(payoffs, "payoffs")
    margins = numbers_of(thresholds, len(us), "thresholds", "payoffs")

    def order(A: Any, B: Any) -> Any:
        result: Any = True
        for u, margin in zip(reversed(us), reversed(margins), strict=True):
            gain = B.expect(u) - A.expect(u)
            result = (gain > margin) | ((gain >= -margin) & result)
        return result

    return named("lexicographic_semiorder", order)
