"""Measures of risk: tails, quantiles, spread.

``F`` is the distribution function of the payoff u; its lower quantile is ``q⁻(p) = min {x : F(x) >= p}``, its upper
quantile ``q⁺(p) = inf {x : F(x) > p} = max {x : P(u < x) <= p}``, and ``q⁺_u(p) = -q⁻_{-u}(1 - p)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, no_less, payoff_of, values_at
from prefcore.distribution import Number, Payoff, exact, tail_level
from prefcore.tracing import cumulative_of, maximum


def cvar(payoff: Payoff, level: Number) -> AnyRelation:
    """Compares the mean of the worst `level` share of the payoff [Rockafellar and Uryasev 2000]."""
    u, share = payoff_of(payoff), tail_level(level)
    return named("cvar", lambda A, B: A.cvar(u, share) <= B.cvar(u, share))


def spectral_risk(payoff: Payoff, weights: Mapping[Number, Number]) -> AnyRelation:
    """Compares ``Σ_p weights[p] · CVaR_p``: a spectral measure of risk whose spectrum is a step function.

    [Acerbi 2002; Kusuoka 2001]. `weights` maps levels in (0, 1] to non-negative weights
    that sum to one. Convex combinations of CVaRs are exactly the rank-dependent utilities with a piecewise-linear
    convex weighting that is continuous at 1, so nothing is approximated.
    """
    u = payoff_of(payoff)
    if not isinstance(weights, Mapping):
        raise TypeError(f"weights must be a mapping level -> weight, got {weights!r}")
    if not weights:
        raise ValueError("weights must hold at least one level")
    mixed = [(tail_level(p), no_less(w, 0, f"the weight of level {p}")) for p, w in weights.items()]
    if sum(w for _, w in mixed) != 1:
        raise ValueError(f"the weights must sum to 1, they sum to {sum(w for _, w in mixed)}")

    def value(lottery: Any) -> Any:
        return sum(lottery.cvar(u, p) * w for p, w in mixed)

    return named("spectral_risk", lambda A, B: value(A) <= value(B))


def quantile(payoff: Payoff, level: Number) -> AnyRelation:
    """Compares the lower quantile ``min {x : P(payoff <= x) >= level}`` [Manski 1988; Rostek 2010]."""
    u, share = payoff_of(payoff), tail_level(level)
    return named("quantile", lambda A, B: A.quantile(u, share) <= B.quantile(u, share))


def upper_quantile(payoff: Payoff, level: Number) -> AnyRelation:
    """Compares the upper quantile ``inf {x : P(payoff <= x) > level}``, for a level in [0, 1) [Manski 1988]."""
    u, share = payoff_of(payoff), exact(level, "level")
    if not 0 <= share < 1:
        raise ValueError(f"level must be in [0, 1) for an upper quantile, got {level!r}")

    def order(A: Any, B: Any) -> Any:
        losses = {o: -x for o, x in values_at(A, u).items()}
        return B.quantile(losses, 1 - share) <= A.quantile(losses, 1 - share)

    return named("upper_quantile", order)


def value_at_risk(payoff: Payoff, level: Number, *, upper: bool = True) -> AnyRelation:
    """Less value at risk is better, ``VaR_level = -q⁺(level)`` [Artzner, Delbaen, Eber and Heath 1999, definition 3.3].

    The convention: `level` is the small probability of the bad tail (1/20, say), the payoff is gain, not loss, and the
    value at risk is minus the *upper* quantile; ``upper=False`` takes the lower one, ``VaR_level = -q⁻(level)``. So it
    is :func:`upper_quantile` or :func:`quantile` under the name that the banks use. `level` is in (0, 1).
    """
    share = exact(level, "level")
    if not 0 < share < 1:
        raise ValueError(f"level must be in (0, 1), got {level!r}")
    if not isinstance(upper, bool):
        raise TypeError(f"upper must be True or False, got {upper!r}")
    order = upper_quantile(payoff, share) if upper else quantile(payoff, share)
    return named("value_at_risk", order.function)


def mean_variance(payoff: Payoff, risk_aversion: Number) -> AnyRelation:
    """Compares ``E u - λ Var u``, λ the risk aversion, at least 0 [Markowitz 1952]: quadratic in the probabilities."""
    u, weight = payoff_of(payoff), no_less(risk_aversion, 0, "risk_aversion")

    def value(lottery: Any) -> Any:
        squares = {o: x * x for o, x in values_at(lottery, u).items()}
        mean = lottery.expect(u)
        return mean - (lottery.expect(squares) - mean * mean) * weight

    return named("mean_variance", lambda A, B: value(A) <= value(B))


def mean_semideviation(payoff: Payoff, weight: Number) -> AnyRelation:
    """Compares ``E u - w·E (E u - u)⁺``, w the weight, at least 0 [Ogryczak and Ruszczyński 1999].

    The absolute lower semideviation, of order one. Second-order dominance is respected for w <= 1. A positive part is
    largest over events, so ``E (m - u)⁺ = max_t m·F(t) - E[u; u <= t]`` over the payoff's values t, and the rest are
    products of two expectations.
    """
    u, w = payoff_of(payoff), no_less(weight, 0, "weight")

    def value(lottery: Any) -> Any:
        values, mean = values_at(lottery, u), lottery.expect(u)
        pieces = []
        for t, below in zip(sorted(set(values.values())), cumulative_of(lottery, u), strict=True):
            lost = lottery.expect({o: x if x <= t else 0 for o, x in values.items()})
            pieces.append(mean * below - lost)
        return mean - maximum(*pieces) * w

    return named("mean_semideviation", lambda A, B: value(A) <= value(B))
