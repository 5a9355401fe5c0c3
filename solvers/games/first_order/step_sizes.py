"""Step sizes of the regularised methods, as theory has them and as they are given."""

from __future__ import annotations

from typing import Any

from solvers.games.first_order.norms import largest_payoff
from solvers.games.game import positive
from solvers.games.payoffs import Payoffs


def at_most_inverse(step: Any, tau: float) -> float:
    """A given η; ``ValueError`` unless ``0 < ητ <= 1``, as policies are raised to the power 1 - ητ."""
    eta = positive(step, "step")
    if eta * tau > 1:
        raise ValueError(f"step: must be at most 1/tau = {1 / tau:g}, got {step}")
    return eta


def magnetic(payoffs: Payoffs, tau: float) -> float:
    """``τ / max|A|²``, within which magnetic mirror descent converges [2206.05825, Theorem 3.4]; ``1/τ`` if A = 0."""
    largest = largest_payoff(payoffs)
    return tau / largest**2 if largest else 1 / tau
