"""Nash mirror descent: each step plays against the geometric mixture of the policy and the reference.

    m = π^{1-ητ} μ^{ητ} / Z,   π⁺ ∝ m exp(η Pm)

With ``η_t = 2/(τ(t+2))``, t = 0, 1, …, and preferences between 0 and 1, the last iterate converges to the equilibrium
π*_τ of the regularised game: ``KL(π*_τ‖π_T) <= 8/(τ²(T+1))`` after T steps (Theorem 1). With a constant step there is
a floor: where π = π⁺, the policy answers the mixture m and not itself; the bias vanishes with η only.
Source: Munos et al. 2024 (2312.00886, equation 4 and Theorem 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.averages import with_average
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.first_order.step_sizes import at_most_inverse
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array


def nash_md(
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
    """Nash mirror descent from the reference (``None``: uniform); the answer is the last iterate, by gap_τ.

    `average` is that of all policies so far. step: ``None`` for Theorem 1's decreasing steps, a number for a constant
    η, at most 1/τ, and its bias. tolerance: of gap_τ. every, callback, progress:
    :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument, for τ = 0 and
    references with zero mass, too.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    eta = None if step is None else at_most_inverse(step, weight)
    return run(
        game,
        with_average(game, mu, steps(game, np.log(mu), np.log(mu), weight, eta)),
        method="Nash mirror descent",
        answer="last",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        tau=weight,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, start: Array, magnet: Array, tau: float, eta: float | None) -> Iterator[Iterate]:
    """The iterates, from log-policies `start` and `magnet` (log μ); eta: ``None`` for Theorem 1's."""
    z = start
    for t in count():
        pull = 2 / (t + 2) if eta is None else eta * tau  # ητ
        mixture = log_softmax((1 - pull) * z + pull * magnet)
        z = log_softmax(mixture + pull / tau * game.advantages(np.exp(mixture)))  # Pm = Am + 1/2
        yield Iterate(np.exp(z))
