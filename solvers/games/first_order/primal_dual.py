"""Primal–dual hybrid gradient with adaptive restarts (what PDLP does to linear programs, for a game).

    x⁺ = Π(x + η A y),   y⁺ = Π(y + η A (2x⁺ - x)),   η ‖A‖₂ < 1,   Π the projection onto the simplex

(games have ``y⁺ = Π(y - η Aᵀ(2x⁺ - x))`` and ``Aᵀ = -A``). The average of the pairs since the last restart has a
duality gap ``max A x̄ + max A ȳ`` of O(1/T); whenever the better of the average and the newest pair has half the gap
of the pair of the last restart, it is where the method starts anew. As games are sharp, that converges linearly, at a
rate which depends on the game. An iteration takes two products with A; the averages' are sums of those. The duality
gap bounds the gap of ``(x + y) / 2``, and the policies are such means: `average` of the better pair, `last` of the
newest. Sources: Chambolle and Pock 2011; Applegate, Hinder, Lu and Lubin 2021 (2105.12715, Algorithm 1).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run, unregularised
from solvers.games.first_order.norms import spectral_norm
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array

SAFETY = 0.99  # η ‖A‖₂ by default; the norm is known to some 1e-4 of it


def restarted_primal_dual(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 100_000,
    *,
    step: float | None = None,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Restarted primal–dual hybrid gradient; the answer is the average since the last restart, or the newest pair's.

    reference: where both policies start (``None``: uniform). tau must be 0 (``extragradient`` solves the regularised
    game). step: η, by default .99/‖A‖₂. every, callback, progress: :func:`solvers.games.first_order.loop.run`.
    Raises ``ValueError``/``TypeError`` naming the argument; ``ValueError`` for a step of 1/‖A‖₂ or more.
    """
    unregularised(tau, "restarted primal–dual hybrid gradient", "extragradient")
    mu = reference_of(reference, game.size)
    norm = spectral_norm(game.payoffs)
    if step is None:
        eta = SAFETY / norm if norm else 1.0
    else:
        eta = positive(step, "step")
        if eta * norm >= 1:
            raise ValueError(f"step: step * ‖A‖₂ must be less than 1, got {eta * norm:g}; ‖A‖₂ = {norm:g} here")
    return run(
        game,
        steps(game, mu, eta),
        method="restarted primal–dual hybrid gradient",
        answer="average",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, start: Array, eta: float) -> Iterator[Iterate]:
    """The iterates, from a policy."""
    x = y = start
    gain_x = gain_y = game.advantages(start)
    before = 2 * float(gain_x.max())  # the duality gap at the last restart
    sum_x = sum_y = sum_gain_x = sum_gain_y = np.zeros_like(start)
    count = 0
    while True:
        new_x = onto_simplex(x + eta * gain_y)
        new_gain_x = game.advantages(new_x)
        y = onto_simplex(y + eta * (2 * new_gain_x - gain_x))
        x, gain_x, gain_y = new_x, new_gain_x, game.advantages(y)
        count += 1
        sum_x, sum_y = sum_x + x, sum_y + y
        sum_gain_x, sum_gain_y = sum_gain_x + gain_x, sum_gain_y + gain_y
        newest = float(gain_x.max() + gain_y.max())
        averaged = float(sum_gain_x.max() + sum_gain_y.max()) / count
        last, last_gain = (x + y) / 2, (gain_x + gain_y) / 2
        if newest < averaged:
            yield Iterate(last, last, last_gain, last_gain)
        else:
            yield Iterate(last, (sum_x + sum_y) / (2 * count), last_gain, (sum_gain_x + sum_gain_y) / (2 * count))
        if min(newest, averaged) <= before / 2:
            if averaged <= newest:
                x, y, gain_x, gain_y = sum_x / count, sum_y / count, sum_gain_x / count, sum_gain_y / count
            before = min(newest, averaged)
            sum_x = sum_y = sum_gain_x = sum_gain_y = np.zeros_like(start)
            count = 0


def onto_simplex(point: Array) -> Array:
    """The nearest distribution, ``[v - γ]₊`` with γ such that it sums to 1; by sorting, in O(N log N).

    Source: Held, Wolfe and Crowder 1974; Duchi et al. 2008, Figure 1.
    """
    descending = np.sort(point)[::-1]
    excess = np.cumsum(descending) - 1
    number = np.arange(1, len(point) + 1)
    k = int(np.count_nonzero(number * descending > excess))
    nearest = np.maximum(point - excess[k - 1] / k, 0.0)
    return np.asarray(nearest / nearest.sum())  # the sum of points far from the simplex would miss 1 by rounding
