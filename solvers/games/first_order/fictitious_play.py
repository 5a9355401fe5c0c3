"""Fictitious play: each policy is a best response to the average of those before.

    b_t = min argmax_y (A x̄_{t-1})_y,   x̄_t = (μ + b_1 + … + b_t) / (t + 1)

Ties go to the lowest number, so that runs are the same every time. Robinson (1951) proved that the average's gap goes
to 0: in practice as t^{-1/2}, but for some tie-breaking as slowly as t^{-1/N} (Daskalakis and Pan 2014, 1412.4840). An
iteration reads one column of A, and takes O(N). Sources: Brown 1951; Robinson 1951 (Annals of Mathematics 54, 296–301).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run, unregularised
from solvers.games.game import PreferenceGame, reference_of
from solvers.games.payoffs import Array


def fictitious_play(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 10_000,
    *,
    tolerance: float = 1e-3,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Fictitious play; the answer is the average, `last` the last best response.

    reference: the belief to begin with, which counts as one play (``None``: uniform). tau must be 0
    (``past_policy_mixture`` with uniform weights is the regularised form). every, callback, progress:
    :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument.
    """
    unregularised(tau, "fictitious play", "past_policy_mixture with weights='uniform'")
    mu = reference_of(reference, game)
    return run(
        game,
        steps(game, mu),
        method="fictitious play",
        answer="average",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, start: Array) -> Iterator[Iterate]:
    """The iterates, from a belief."""
    plays, gains, total = start.copy(), game.advantages(start).copy(), 1
    while True:
        best = int(gains.argmax())
        column = game.payoffs.columns(np.array([best]))[:, 0]
        plays[best] += 1
        gains += column
        total += 1
        response = np.zeros_like(start)
        response[best] = 1.0
        yield Iterate(response, plays / total, column, gains / total)
