"""Utilities that are not expectations: weighted, rank-dependent, disappointment-averse, quadratic in probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise as neighbours
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, payoff_of, share_of, values_at
from prefcore.distribution import Number, Payoff, exact
from prefcore.tracing import at_the_door, cumulative_of, fits, maximum, minimum, outcomes_of


def weighted_utility(payoff: Payoff, weight: Payoff) -> AnyRelation:
    """Compares ``E[w·u] / E[w]``, w the weight, positive [Chew 1983].

    Raises ``ValueError`` naming an outcome whose weight is not positive.
    """
    u, w = payoff_of(payoff), payoff_of(weight, "weight")

    def value(lottery: Any) -> Any:
        weights = values_at(lottery, w)
        for outcome, x in weights.items():
            if x <= 0:
                raise ValueError(f"the weight of outcome {outcome!r} must be positive, got {x}")
        gains = {o: x * weights[o] for o, x in values_at(lottery, u).items()}
        return lottery.expect(gains) / lottery.expect(weights)

    return named("weighted_utility", lambda A, B: value(A) <= value(B))


def rank_dependent(payoff: Payoff, weighting: Mapping[Number, Number]) -> AnyRelation:
    """Compares ``∫ w(P(u > t)) dt``, the Choquet integral: ``u_1 + Σ_i (u_{i+1} - u_i)·w(P(u > u_i))``.

    [Quiggin 1982; Yaari 1987]. `weighting` gives the breakpoints ``{p: w(p)}`` of a continuous, piecewise-linear,
    non-decreasing w with ``w(0) = 0`` and ``w(1) = 1``. It weights the chance of getting *more*, so a convex w is
    pessimistic (Quiggin's own weights the distribution function: his is ``1 - w(1 - p)``). Exactly
    ``w(p) = s_1·p + Σ_i (s_{i+1} - s_i)·max(0, p - p_i)``, with slopes s_i and inner breakpoints p_i.
    """
    u = payoff_of(payoff)
    slopes = _slopes(weighting)

    def value(lottery: Any) -> Any:
        levels = sorted(set(values_at(lottery, u).values()))
        total: Any = levels[0]
        for (x, higher), below in zip(neighbours(levels), cumulative_of(lottery, u), strict=False):
            more = 1 - below
            (_, first), *inner = slopes
            weighted = more * first + sum(maximum(0, more - p) * change for p, change in inner)
            total = total + weighted * (higher - x)
        return total

    return named("rank_dependent", lambda A, B: value(A) <= value(B))


def _slopes(weighting: Mapping[Number, Number]) -> list[tuple[Fraction, Fraction]]:
    """The breakpoints but the last, each with the change of slope there."""
    if not isinstance(weighting, Mapping):
        raise TypeError(f"weighting must be a mapping probability -> weight, got {weighting!r}")
    points = sorted((share_of(p, "a breakpoint"), share_of(w, f"the weight of {p}")) for p, w in weighting.items())
    if not points or any(points[0]) or points[-1] != (Fraction(1), Fraction(1)):
        raise ValueError("weighting must include 0: 0 and 1: 1")
    changes, slope = [], Fraction(0)
    for (p, low), (q, high) in neighbours(points):
        if p == q or low > high:
            raise ValueError(f"weighting must not decrease: {p} has {low}, {q} has {high}")
        changes.append((p, (high - low) / (q - p) - slope))
        slope = (high - low) / (q - p)
    return [changes[0], *((p, change) for p, change in changes[1:] if change)]


def disappointment_aversion(payoff: Payoff, beta: Number) -> AnyRelation:
    """Compares the V with ``V = E u - β·E (V - u)⁺``, for β > -1 [Gul 1991, theorem 1].

    Outcomes below V disappoint, and weigh 1 + β times as much. V is a smallest or a largest quotient: for β >= 0

        V = min_t (E u + β·E[u; u <= t]) / (1 + β·F(t)),   and the largest for -1 < β < 0,

    over the payoffs t of the outcomes at hand; t below them all gives ``E u``, as the largest does. *Proof.* The
    function ``g(v) = v + β·E (v - u)⁺`` increases strictly, and V is where it is ``E u``. As ``E (v - u)⁺`` is the
    largest ``E[v - u; u <= t]``, for β >= 0 one has ``g(v) <= E u`` iff ``v·(1 + β·F(t)) <= E u + β·E[u; u <= t]``
    for all t, that is, iff v is at most each quotient; for β < 0 the largest becomes the least, and ``g(v) >= E u`` iff
    v is at least each quotient. ∎
    """
    u, b = payoff_of(payoff), exact(beta, "beta")
    if b <= -1:
        raise ValueError(f"beta must be greater than -1, got {beta!r}")
    extremum = minimum if b >= 0 else maximum

    def value(lottery: Any) -> Any:
        values, mean = values_at(lottery, u), lottery.expect(u)
        quotients = [mean]
        for t, below in zip(sorted(set(values.values()))[:-1], cumulative_of(lottery, u), strict=False):
            lost = lottery.expect({o: x if x <= t else 0 for o, x in values.items()})
            quotients.append((mean + lost * b) / (1 + below * b))
        return extremum(*quotients)

    return named("disappointment_aversion", lambda A, B: value(A) <= value(B))


def mixture_symmetric(phi: Callable[[Any, Any], Any]) -> AnyRelation:
    """Compares ``E φ(X, Y)`` for independent X, Y from the same lottery [Chew, Epstein and Segal 1991].

    A utility that is quadratic in the probabilities. φ must be symmetric: a ``ValueError`` names the first pair where
    it is not. Mean-variance is the case ``φ(x, y) = (u(x) + u(y))/2 - λ·(u(x) - u(y))²/2``.
    """
    if not callable(phi):
        raise TypeError(f"phi must be a function of two outcomes, got {phi!r}")

    def order(A: Any, B: Any) -> Any:
        outcomes = outcomes_of(A)
        fits(len(outcomes), outcomes)
        with at_the_door():
            rows = {x: {y: exact(phi(x, y), f"φ({x!r}, {y!r})") for y in outcomes} for x in outcomes}
        for i, x in enumerate(outcomes):
            for y in outcomes[:i]:
                if rows[x][y] != rows[y][x]:
                    raise ValueError(f"phi is not symmetric: φ({x!r}, {y!r}) = {rows[x][y]}, not {rows[y][x]}")
        a, b = (sum(lottery[x] * lottery.expect(rows[x]) for x in outcomes) for lottery in (A, B))
        return a <= b

    return named("mixture_symmetric", order)
