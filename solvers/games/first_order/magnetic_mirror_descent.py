"""Magnetic mirror descent in self-play, with the reference as the magnet.

    π⁺ ∝ (π μ^{ητ} exp(η Aπ))^{1/(1+ητ)}

For every step, with π* the equilibrium (multiply the logarithm of the step by π* - π, and ``(Aπ - Aπ*)·(π - π*) = 0``),

    (1+ητ) KL(π*‖π⁺) = KL(π*‖π) + (1+ητ) KL(π‖π⁺) - ητ KL(π‖π*),

and for ``η <= τ/a²``, a = max|A|, the last two terms are together not positive: ``KL(π*‖π_T) <= (1+ητ)^{-T} KL(π*‖μ)``.
The iterates are those of online mirror descent with step size ``η/(1+ητ)``.
Source: Sokota et al. 2023 (2206.05825, Theorem 3.4 and Algorithm 3.6).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.averages import with_average
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.first_order.step_sizes import magnetic
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array


def magnetic_mirror_descent(
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
    """Magnetic mirror descent from the reference (``None``: uniform); the answer is the last iterate, by gap_τ.

    `average` is that of all policies so far. step: η > 0; by default ``τ/max|A|²`` (``1/τ`` if A = 0). tolerance: of
    gap_τ. every, callback, progress: :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError``
    naming the argument, for τ = 0 and references with zero mass, too.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    eta = magnetic(game.payoffs, weight) if step is None else positive(step, "step")
    return run(
        game,
        with_average(game, mu, steps(game, np.log(mu), np.log(mu), weight, eta)),
        method="magnetic mirror descent",
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
        z = next_log_policy(z, gain, magnet, tau, eta)
        policy = np.exp(z)
        gain = game.advantages(policy)
        yield Iterate(policy, None, gain)


def next_log_policy(z: Array, gain: Array, magnet: Array, tau: float, eta: float) -> Array:
    """log π⁺, given log π, Aπ and log μ."""
    return np.asarray(log_softmax((z + eta * tau * magnet + eta * gain) / (1 + eta * tau)))
