"""Extragradient of the KL-regularised game in self-play (EGPO), with steps as long as convergence allows.

    half ∝ π^{1-ητ} μ^{ητ} exp(η Aπ),   π⁺ ∝ π^{1-ητ} μ^{ητ} exp(η A half)

With π* the equilibrium, ``log π⁺ - (1-ητ) log π - ητ log π* = η A(half - π*) + constant``. Multiplied by half - π*, the
right-hand side is zero, as A is skew; what is left is, for every η,

    KL(π*‖π⁺) = (1-ητ) KL(π*‖π) + [KL(half‖π⁺) - (1-ητ) KL(half‖π)] - ητ KL(half‖π*).

Whenever the bracket is not positive, which can be seen, the distance to π* falls by the factor 1-ητ at least. The
adaptive step is the largest such η that backtracking finds; no norm of A is involved. ``η <= 1/(τ + 2a)``, a = max|A|,
always qualifies, by Pinsker's inequality: that is the theory's step, at which backtracking ends at worst.
Sources: Cen, Wei and Chi 2021 (2105.15186, Theorem 1); Zhou et al. 2025 (2503.08942); backtracking on the terms of the
analysis as in mirror-prox (Nemirovski 2004), here with an identity in place of bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.games.divergences import log_divergence
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.averages import with_average
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.first_order.norms import largest_payoff
from solvers.games.first_order.step_sizes import at_most_inverse
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array

GROWTH = 1.5  # of the step, after one that was accepted
SHRINKAGE = 0.7  # of the step, after one that was not
ROUNDING = 1e-28  # what a divergence may miss because logarithms are rounded


def extragradient(
    game: PreferenceGame,
    reference: ArrayLike | None,
    tau: float,
    iterations: int,
    *,
    step: float | Literal["adaptive", "theory"] | None = None,
    tolerance: float = 1e-9,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Extragradient from the reference (``None``: uniform); the answer is the last iterate, by gap_τ.

    `average` is that of all policies so far. step: "adaptive" (the default, by backtracking; an iteration may then need
    several products with A), "theory" for ``1/(τ + 2 max|A|)``, or a number, η <= 1/τ. tolerance: of gap_τ. every,
    callback, progress: :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the
    argument, for τ = 0 and references with zero mass, too.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    if isinstance(step, str) and step not in ("adaptive", "theory"):
        raise ValueError(f"step: must be 'adaptive', 'theory' or a number, got {step!r}")
    named = step is None or isinstance(step, str)
    eta = theory_step(game, weight) if named else at_most_inverse(step, weight)
    found = log_policies(game, np.log(mu), np.log(mu), weight, eta, named and step != "theory")
    return run(
        game,
        with_average(game, mu, (Iterate(np.exp(z), None, gain) for z, gain in found)),
        method="extragradient",
        answer="last",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        tau=weight,
        every=every,
        callback=callback,
        progress=progress,
    )


def log_policies(
    game: PreferenceGame, start: Array, magnet: Array, tau: float, eta: float, adaptive: bool
) -> Iterator[tuple[Array, Array]]:
    """log π and Aπ after each step, from log-policies `start` and `magnet` (log μ).

    eta: the constant step, or the one from which backtracking starts, and below which it never goes.
    """
    z = start
    gain = game.advantages(np.exp(z))
    least = eta
    while True:
        half, found = _step(game, z, gain, magnet, tau, eta)
        while eta > least:
            bound = (1 - eta * tau) * log_divergence(half, z)
            if log_divergence(half, found) <= max(bound, ROUNDING):
                break
            eta = max(SHRINKAGE * eta, least)
            half, found = _step(game, z, gain, magnet, tau, eta)
        z = found
        gain = game.advantages(np.exp(z))
        yield z, gain
        if adaptive:
            eta = min(GROWTH * eta, 1 / tau)


def theory_step(game: PreferenceGame, tau: float) -> float:
    """``1/(τ + 2 max|A|)``."""
    return 1 / (tau + 2 * largest_payoff(game.payoffs))


def _step(game: PreferenceGame, z: Array, gain: Array, magnet: Array, tau: float, eta: float) -> tuple[Array, Array]:
    """log half and log π⁺, given log π, Aπ and log μ."""
    kept = (1 - eta * tau) * z + eta * tau * magnet
    half = log_softmax(kept + eta * gain)
    return half, log_softmax(kept + eta * game.advantages(np.exp(half)))
