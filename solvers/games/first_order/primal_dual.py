"""Primal–dual hybrid gradient with adaptive restarts (what PDLP does to linear programs, for a game).

    x⁺ = Π(x + η A y),   y⁺ = Π(y + η A (2x⁺ - x)),   η ‖A‖₂ < 1,   Π the projection onto the simplex

(in general ``y⁺ = Π(y - η Aᵀ(2x⁺ - x))``, here ``Aᵀ = -A``). The average of the pairs since the last restart has a
duality gap ``max A x̄ + max A ȳ`` of O(1/T); as soon as the better of the average and the newest pair has a given part
of the duality gap of the last restart, it is where the method starts anew. As games are sharp, that converges linearly,
at a rate which depends on the game. An iteration takes two products with A; those of averages are sums of them. The
duality gap of a pair bounds the gap of ``(x + y) / 2``, and such means are the policies that are returned.

The adaptive step may be longer than 1/‖A‖₂: what is needed is ``2η |Δyᵀ A Δx| <= ‖Δx‖² + ‖Δy‖²`` for the step that was
made, else it is made again, shorter. On games of low rank, whose norm is that of actions nobody plays, this takes
hundreds of times fewer iterations. Averages then weigh pairs by their η. Sources: Chambolle and Pock 2011; Applegate,
Hinder, Lu and Lubin 2021 (2105.12715, Algorithm 1); Applegate et al. 2021 (2106.04756, PDLP, Algorithm 3).
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


def restarted_primal_dual(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 100_000,
    *,
    step: float | None = None,
    restart: float = 0.2,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Restarted primal–dual hybrid gradient; the answer is the average since the last restart, or the newest pair's.

    reference: where both policies start (``None``: uniform). tau must be 0 (``extragradient`` solves the regularised
    game). step: η, less than 1/‖A‖₂; by default it is adaptive, and starts there. restart: when the duality gap is at
    most so many times that of the last restart; 1/5 took the fewest iterations on most random games. `last` is the
    newest pair's mean. every, callback, progress: :func:`solvers.games.first_order.loop.run`. Raises
    ``ValueError``/``TypeError`` naming the argument.
    """
    unregularised(tau, "restarted primal–dual hybrid gradient", "extragradient")
    mu = reference_of(reference, game)
    part = positive(restart, "restart")
    if part >= 1:
        raise ValueError(f"restart: must be less than 1, the part of the gap at which to start anew, got {restart}")
    norm = spectral_norm(game.payoffs)
    fixed = step is not None
    eta = positive(step, "step") if fixed else 1 / norm if norm else 1.0
    if fixed and eta * norm >= 1:
        raise ValueError(f"step: step * ‖A‖₂ must be less than 1, got {eta * norm:g}; ‖A‖₂ = {norm:g} here")
    return run(
        game,
        steps(game, mu, eta, part, adaptive=not fixed),
        method="restarted primal–dual hybrid gradient",
        answer="average",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, start: Array, eta: float, restart: float, *, adaptive: bool) -> Iterator[Iterate]:
    """The iterates, from a policy."""
    nothing = np.zeros_like(start)
    x = y = start
    gain_x = gain_y = game.advantages(start)
    before = 2 * float(gain_x.max())  # the duality gap at the last restart
    sum_x = sum_y = sum_gain_x = sum_gain_y = nothing
    total, tried = 0.0, 0
    while True:
        while True:
            new_x = onto_simplex(x + eta * gain_y)
            new_gain_x = game.advantages(new_x)
            new_y = onto_simplex(y + eta * (2 * new_gain_x - gain_x))
            made = eta
            if not adaptive:
                break
            tried += 1
            moved_x, moved_y = new_x - x, new_y - y
            crossed = 2 * abs(float(moved_y @ (new_gain_x - gain_x)))
            limit = float(moved_x @ moved_x + moved_y @ moved_y) / crossed if crossed else np.inf
            eta = min((1 - (tried + 1) ** -0.3) * limit, (1 + (tried + 1) ** -0.6) * eta)
            if made <= limit:
                break
        x, y, gain_x, gain_y = new_x, new_y, new_gain_x, game.advantages(new_y)
        total += made
        sum_x, sum_y = sum_x + made * x, sum_y + made * y
        sum_gain_x, sum_gain_y = sum_gain_x + made * gain_x, sum_gain_y + made * gain_y
        newest = float(gain_x.max() + gain_y.max())
        averaged = float(sum_gain_x.max() + sum_gain_y.max()) / total
        last, last_gain = (x + y) / 2, (gain_x + gain_y) / 2
        if newest < averaged:
            yield Iterate(last, last, last_gain, last_gain)
        else:
            yield Iterate(last, (sum_x + sum_y) / (2 * total), last_gain, (sum_gain_x + sum_gain_y) / (2 * total))
        better = min(newest, averaged)
        if better <= restart * before:
            if averaged <= newest:
                x, y, gain_x, gain_y = sum_x / total, sum_y / total, sum_gain_x / total, sum_gain_y / total
            before, total = better, 0.0
            sum_x = sum_y = sum_gain_x = sum_gain_y = nothing


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
