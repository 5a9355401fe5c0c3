"""Online mirror descent of the KL-regularised game in self-play (exact INPO).

    π⁺ ∝ π^{1-ητ} μ^{ητ} exp(η Aπ)

It is magnetic mirror descent with step size ``η/(1-ητ)``, which asks for ``η/(1-ητ) <= τ/a²``, a = max|A|: that is
``η <= τ/(a² + τ²)``, the default, and then ``KL(π*‖π_T) <= (1-ητ)^T KL(π*‖μ)``. Larger steps often converge faster, but
not always: with ω the largest eigenvalue of ``√D A √D`` at the equilibrium, ``D = diag(π*) - π*π*ᵀ``, they spiral away
if ``η > 2τ/(τ² + ω²)``. The average of the T + 1 policies so far has a theorem for every step, with ``η' = η/(1-ητ)``,

    gap_τ <= 2 [ log(1/min μ) / (η' (T+1)) + η' a² / 2 ],

the regret of steps that are exact in the KL term: O(1/√T) for steps of about 1/√T [2312.00886, section 6].
Sources: Munos et al. 2024 (2312.00886); Zhang et al. 2024 (2407.00617); Sokota et al. 2023 (2206.05825, Theorem 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.averages import with_average
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.first_order.norms import largest_payoff
from solvers.games.first_order.step_sizes import at_most_inverse
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array


def mirror_descent(
    game: PreferenceGame,
    reference: ArrayLike | None,
    tau: float,
    iterations: int,
    *,
    step: float | None = None,
    tolerance: float = 1e-9,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Online mirror descent from the reference (``None``: uniform); the answer is the last iterate, by gap_τ.

    `average` is that of all policies so far. step: η, at most 1/τ; by default ``τ/(max|A|² + τ²)``. tolerance: of
    gap_τ. every, callback, progress: :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError``
    naming the argument, for τ = 0 and references with zero mass, too.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    largest = largest_payoff(game.payoffs)
    eta = weight / (largest**2 + weight**2) if step is None else at_most_inverse(step, weight)
    return run(
        game,
        with_average(game, mu, steps(game, np.log(mu), np.log(mu), weight, eta)),
        method="online mirror descent",
        answer="last",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        tau=weight,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, start: Array, magnet: Array, tau: float, eta: float) -> Iterator[Iterate]:
    """The iterates, from log-policies `start` and `magnet` (log μ)."""
    z = start
    gain = game.advantages(np.exp(z))
    while True:
        z = log_softmax((1 - eta * tau) * z + eta * tau * magnet + eta * gain)
        policy = np.exp(z)
        gain = game.advantages(policy)
        yield Iterate(policy, None, gain)
