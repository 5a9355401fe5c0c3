"""Online mirror descent of the KL-regularised game in self-play (exact INPO); τ = 0: multiplicative weights.

    π⁺ ∝ π^{1-ητ} μ^{ητ} exp(η Aπ)

The average iterate's gap falls as O(1/√T). The last iterate converges linearly if η is small enough, as the iteration
is that of magnetic mirror descent with step size ``η/(1-ητ)``, which asks for ``η/(1-ητ) <= τ/max|A|²``.
Sources: Munos et al. 2024 (2312.00886, section 6); Zhang et al. 2024 (2407.00617); Sokota et al. 2023 (2206.05825).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run
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
    """Online mirror descent from the reference; the answer is the last iterate."""
    mu = reference_of(reference, game.size)
    weight = positive(tau, "tau")
    eta = 0.1 if step is None else positive(step, "step")
    return run(
        game,
        steps(game, np.log(mu), np.log(mu), weight, eta),
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
