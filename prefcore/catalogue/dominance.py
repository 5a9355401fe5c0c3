"""Dominance: better for everyone in a class.

Pareto: for every payoff in a list. Stochastic dominance of order k in a payoff x: for every utility of x in a class,
which comes down to ``E_B (t - x)₊^(k-1) <= E_A (t - x)₊^(k-1)`` for every t, that being ``P(x <= t)`` for k = 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise as neighbours
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, conjoined, named, payoff_of, payoffs_of, values_at
from prefcore.distribution import Payoff
from prefcore.tracing import cumulative_of, fits, outcomes_of


def pareto(*payoffs: Payoff) -> AnyRelation:
    """``A ≼ B`` if no expected payoff is lower in B: a partial order."""
    us = payoffs_of(payoffs, "payoffs")
    return named("pareto", lambda A, B: conjoined(A.expect(u) <= B.expect(u) for u in us))


def stochastic_dominance(payoff: Payoff) -> AnyRelation:
    """First-order: ``P_B(payoff <= t) <= P_A(payoff <= t)`` for every t [Hadar and Russell 1969].

    Every increasing utility of the payoff agrees. The thresholds t range over the payoffs of all outcomes at hand.
    """
    u = payoff_of(payoff)

    def order(A: Any, B: Any) -> Any:
        return conjoined(b <= a for a, b in zip(cumulative_of(A, u), cumulative_of(B, u), strict=True))

    return named("stochastic_dominance", order)


def second_order_dominance(payoff: Payoff) -> AnyRelation:
    """Second-order: ``E_B (t - payoff)⁺ <= E_A (t - payoff)⁺`` for every t [Hadar and Russell 1969].

    Every increasing concave utility of the payoff agrees [Rothschild and Stiglitz 1970]. The shortfall is linear in t
    between the payoffs of the outcomes at hand, and beyond the largest its slope is 1 for both, so it is enough that t
    ranges over those payoffs and that ``E_A <= E_B``, which is the shortfall at the largest.
    """
    u = payoff_of(payoff)

    def order(A: Any, B: Any) -> Any:
        return conjoined(b <= a for a, b in zip(_shortfalls(A, u, 1), _shortfalls(B, u, 1), strict=True))

    return named("second_order_dominance", order)


def third_order_dominance(payoff: Payoff) -> AnyRelation:
    """Third-order: ``E_B (t - x)₊² <= E_A (t - x)₊²`` for every real t, x the payoff [Whitmore 1970].

    Every increasing concave utility with ``u''' >= 0`` agrees. Let ``D(t) = E_A (t - x)₊² - E_B (t - x)₊²``,
    ``S(t) = E_A (t - x)⁺ - E_B (t - x)⁺`` and ``G(t) = F_A(t) - F_B(t)``. From one payoff t to the next t' the
    difference is a quadratic, ``D(t + s) = D(t) + 2s·S(t) + s²·G(t)``, with derivative ``2·S``. It is nowhere negative
    on [t, t'] iff it is not so at the ends and not at an inner minimum, which exists iff ``S(t) < 0 < S(t')`` and then
    has the value ``D(t) - S(t)²/G(t)``. Beyond the largest payoff T, ``D(T + s) = D(T) + 2s·S(T)``, where
    ``S(T) = E_B x - E_A x``. Hence, exactly, with products of expectations and no approximation,

        D(t) >= 0 for each payoff t;   S(T) >= 0;   S(t) >= 0 or S(t') <= 0 or D(t)·G(t) >= S(t)² for neighbours t, t'.
    """
    u = payoff_of(payoff)

    def order(A: Any, B: Any) -> Any:
        second, first = (
            [a - b for a, b in zip(_shortfalls(A, u, k), _shortfalls(B, u, k), strict=True)] for k in (2, 1)
        )
        steps = [a - b for a, b in zip(cumulative_of(A, u), cumulative_of(B, u), strict=True)]
        inner = (
            (s >= 0) | (s_next <= 0) | (d * g >= s * s)
            for d, g, (s, s_next) in zip(second, steps, neighbours(first), strict=False)
        )
        return conjoined([*(d >= 0 for d in second), first[-1] >= 0, *inner])

    return named("third_order_dominance", order)


def _shortfalls(lottery: Any, payoff: Payoff, power: int) -> Iterator[Any]:
    """``E (t - payoff)₊^power`` for each value t of the payoff on the outcomes at hand, ascending."""
    values = values_at(lottery, payoff)
    thresholds = sorted(set(values.values()))
    fits(len(thresholds), outcomes_of(lottery))
    return (lottery.expect({o: max(Fraction(0), t - x) ** power for o, x in values.items()}) for t in thresholds)
