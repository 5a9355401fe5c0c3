"""Optimistic multiplicative weights (OMWU; ONPO is this iteration), of the original and the KL-regularised game.

    τ = 0:   z⁺ = z + η (2g_t - g_{t-1}),   π = softmax(z),   g = Aπ
    τ > 0:   z⁺ = (1-ητ) z + ητ log μ + η [ (2-ητ) g_t - (1-ητ) g_{t-1} ]

which is the method of two sequences, ``w_t = (1-ητ) w_{t-1} + ητ log μ + η g_t`` and ``z_{t+1} = (1-ητ) w_t + ητ log μ
+ η g_t``, with w eliminated. For τ > 0 and ``η <= min(1/(2τ + 2a), 1/(4a))``, a = max |A|, the last iterate converges
as ``KL(π*‖π_t) <= 2 (1-ητ)^{t-1} KL(π*‖μ)``; for τ = 0 linearly, at a rate that depends on the game, if the equilibrium
is unique or one has full support, and the average's gap falls as O(log N / T).

The adaptive step takes, instead of the bound a on ``‖g(π) - g(π')‖∞ / ‖π - π'‖₁``, what the last two iterates showed.
Sources: Daskalakis and Panageas 2019 (1807.04252); Wei et al. 2021 (2006.09517); Cen, Wei and Chi 2021 (2105.15186,
Theorem 1 with equation 12); Zhang et al. 2025 (2502.16852).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from solvers.arguments import real_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.first_order.norms import largest_payoff
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array

LOCAL = 0.6  # of the inverse of the Lipschitz constant that the last two iterates show
GROWTH = 1.1  # by how much a step may exceed the one before


def optimistic_multiplicative_weights(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 100_000,
    *,
    step: float | None = None,
    adaptive: bool = True,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Optimistic multiplicative weights from the reference (``None``: uniform); the answer is the last iterate.

    tau: 0 for the original game, else the weight of the KL divergence from the reference. step: η; with `adaptive` the
    first one, which later ones may exceed, otherwise all. Default: the largest that the theory allows. The average of
    the iterates, weighted by their steps, is in `average`. every, callback, progress:
    :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument.
    """
    mu = reference_of(reference, game)
    weight = real_number(tau, "tau")
    if not 0 <= weight < np.inf:
        raise ValueError(f"tau: must be 0 (the original game) or positive and finite, got {tau}")
    largest = largest_payoff(game.payoffs)
    allowed = 1 / max(2 * weight + 2 * largest, 4 * largest) if weight or largest else 1.0
    eta = allowed if step is None else positive(step, "step")
    if eta * weight >= 1:
        raise ValueError(f"step: step * tau must be less than 1, got {eta * weight:g}; 1/(2 tau + 2 max|A|) is safe")
    return run(
        game,
        steps(game, np.log(mu), weight, eta, adaptive),
        method="optimistic multiplicative weights",
        answer="last",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        tau=weight,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, magnet: Array, tau: float, eta: float, adaptive: bool) -> Iterator[Iterate]:
    """The iterates, from the log-policy log μ, to which the KL term draws, too."""
    w = magnet
    policy = np.exp(magnet)
    gain = game.advantages(policy)
    policies, gains, total = np.zeros_like(policy), np.zeros_like(policy), 0.0
    ceiling = 0.5 / tau if tau else np.inf
    while True:
        kept = 1 - eta * tau
        pull = eta * tau * magnet + eta * gain if tau else eta * gain
        z = kept * w + pull
        z = z - z.max()
        after = np.exp(z)
        after /= after.sum()
        new = game.advantages(after)
        w = kept * w + eta * (tau * magnet + new if tau else new)
        w = w - w.max()
        policies, gains, total = policies + eta * after, gains + eta * new, total + eta
        yield Iterate(after, policies / total, new, gains / total)
        if adaptive:
            moved, turned = float(np.abs(after - policy).sum()), float(np.abs(new - gain).max())
            eta = min(GROWTH * eta, ceiling, LOCAL * moved / turned if turned > 0 else np.inf)
        policy, gain = after, new
