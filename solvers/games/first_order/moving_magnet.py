"""Magnetic mirror descent with a moving magnet: it converges in the original game (magnetic preference optimisation).

    π⁺ ∝ (π ρ^{ητ} exp(η Aπ))^{1/(1+ητ)},   and the magnet ρ moves on after K steps

The steps solve, roughly, the game regularised towards ρ; moving the magnet there is a step of the proximal-point
method. With ρ fixed they would stall at the original gap of the regularised equilibrium. As published, K is a number
and ρ ← π; the theorem has each game solved exactly, and there is none for a fixed K. With few steps the iterates
diverge: K = 1 is multiplicative weights, of step size ``η/(1+ητ)``.

The default needs no K. Let q be the best response to π, ``q ∝ ρ exp(Aπ/τ)``. For any equilibrium π* of the original
game, as A is skew and ``(Aπ*)·π <= 0``,

    KL(π*‖q) <= KL(π*‖ρ) - KL(π‖ρ) + KL(π‖q).

So steps are made until ``KL(π‖q) <= KL(π‖ρ) / 5``, which steps with ``η <= τ/a²``, a = max|A|, attain for every τ, and
ρ ← π ← q, which needs no product with A but the one after it: the magnet comes nearer to all equilibria every time.
Sources: Wang et al. 2024 (2410.16714, Algorithm 1 and Theorem 4.3); Solodov and Svaiter 1999 (Set-Valued Analysis 7,
the relative error within which a proximal step followed by an extragradient step converges).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.arguments import whole_number
from solvers.games.divergences import log_divergence
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.first_order.magnetic_mirror_descent import next_log_policy
from solvers.games.first_order.step_sizes import magnetic
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array

RELATIVE = 0.2  # KL(π‖best response) / KL(π‖magnet) at which the magnet moves


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

    tau: by how much a magnet pulls. iterations: products with A, in all: steps of magnetic mirror descent, and moves of
    the magnet. step: η > 0; by default ``τ/max|A|²`` (``1/τ`` if A = 0); with longer ones the magnet may never move.
    inner: ``None`` for as many steps as convergence needs, or the published K; too few of them for `tau` and `step`
    make the iterates diverge. tolerance: of the original gap. every, callback, progress:
    :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument, for τ = 0 and
    references with zero mass, too.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    eta = magnetic(game.payoffs, weight) if step is None else positive(step, "step")
    stay = None if inner is None else whole_number(inner, "inner", 1)
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


def steps(game: PreferenceGame, start: Array, tau: float, eta: float, inner: int | None = None) -> Iterator[Iterate]:
    """The iterates, from a log-policy, which is the first magnet; inner: ``None``, or the published K."""
    z = start
    gain = game.advantages(np.exp(z))
    while True:
        magnet = z
        for made in count(1):
            z = next_log_policy(z, gain, magnet, tau, eta)
            policy = np.exp(z)
            gain = game.advantages(policy)
            yield Iterate(policy, None, gain)
            if inner is None:
                best = log_softmax(magnet + gain / tau)
                if log_divergence(z, best) <= RELATIVE * log_divergence(z, magnet):
                    z, policy = best, np.exp(best)
                    gain = game.advantages(policy)
                    yield Iterate(policy, None, gain)
                    break
            elif made == inner:
                break
