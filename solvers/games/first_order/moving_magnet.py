"""Magnetic mirror descent with a moving magnet: it converges in the original game (magnetic preference optimisation).

    π⁺ ∝ (π ρ^{ητ} exp(η Aπ))^{1/(1+ητ)},   and the magnet ρ ← π after every K steps

K steps solve, roughly, the game regularised towards ρ; moving the magnet there is a step of the proximal-point method,
whose last iterate converges to an equilibrium of the original game, for every τ > 0. With ρ fixed it would stall at the
original gap of the regularised equilibrium.
Source: Wang et al. 2024 (2410.16714, Algorithm 1 and Theorem 4.3).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from solvers.arguments import whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.first_order.magnetic_mirror_descent import next_log_policy
from solvers.games.first_order.step_sizes import magnetic
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array


def moving_magnet(
    game: PreferenceGame,
    reference: ArrayLike | None,
    tau: float,
    iterations: int,
    *,
    step: float | None = None,
    inner: int | None = None,
    tolerance: float = 1e-9,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """The moving magnet, which starts at the reference (``None``: uniform); the last iterate, by the ORIGINAL gap.

    tau: by how much a magnet pulls. iterations: steps of magnetic mirror descent, in all. step: η > 0; by default
    ``τ/max|A|²`` (``1/τ`` if A = 0). inner: K; by default so many that the distance to the equilibrium of the game
    with a fixed magnet falls to a tenth, ``log 10 / log(1 + ητ)``. tolerance: of the original gap. every, callback,
    progress: :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument, for
    τ = 0 and references with zero mass, too.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    eta = magnetic(game.payoffs, weight) if step is None else positive(step, "step")
    stay = int(np.ceil(np.log(10) / np.log1p(eta * weight))) if inner is None else whole_number(inner, "inner", 1)
    return run(
        game,
        steps(game, np.log(mu), weight, eta, stay),
        method="moving magnet",
        answer="last",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, start: Array, tau: float, eta: float, inner: int) -> Iterator[Iterate]:
    """The iterates, from a log-policy, which is the first magnet."""
    z = start
    gain = game.advantages(np.exp(z))
    while True:
        magnet = z
        for _ in range(inner):
            z = next_log_policy(z, gain, magnet, tau, eta)
            policy = np.exp(z)
            gain = game.advantages(policy)
            yield Iterate(policy, None, gain)
