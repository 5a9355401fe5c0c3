"""Multiplicative weights in self-play (Hedge; SPO and exact SPPO are this iteration).

    π⁺ ∝ π exp(η Aπ),   average = (π_0 + … + π_{T-1}) / T

As ``πᵀAπ = 0``, the gap of the average is twice the average regret, for every T and every η at most

    gap(average) <= 2 [ log(1 / min μ) / (ηT) + η a² / 2 ],   a = max |A|,

which the default ``η = √(2 log(1 / min μ) / T) / a`` (√(8 log N / T) for probabilities and a uniform start) brings to
``2a √(2 log(1 / min μ) / T)``. The last iterate spirals away from an equilibrium with several actions.
Sources: Freund and Schapire 1999 (Games and Economic Behavior 29, 79–103), with Hoeffding's lemma as in Cesa-Bianchi
and Lugosi 2006, Theorem 2.2; Swamy et al. 2024 (2401.04056); Wu et al. 2024 (2405.00675).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.arguments import whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run, unregularised
from solvers.games.first_order.norms import largest_payoff
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array


def multiplicative_weights(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 10_000,
    *,
    step: float | None = None,
    tolerance: float = 1e-3,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Multiplicative weights from the reference (``None``: uniform); the answer is the average, `last` diverges.

    tau must be 0 (``mirror_descent`` is the regularised form). step: η, by default the best one for so many
    iterations. tolerance: of the average's gap, which falls as 1/√T only. every, callback, progress:
    :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument.
    """
    unregularised(tau, "multiplicative weights", "mirror_descent")
    mu = reference_of(reference, game)
    count = whole_number(iterations, "iterations", 1)
    if step is None:
        largest = largest_payoff(game.payoffs)
        eta = np.sqrt(-2 * np.log(mu.min()) / count) / largest if largest and game.size > 1 else 1.0
    else:
        eta = positive(step, "step")
    return run(
        game,
        steps(game, np.log(mu), float(eta)),
        method="multiplicative weights",
        answer="average",
        iterations=count,
        tolerance=tolerance,
        reference=mu,
        every=every,
        callback=callback,
        progress=progress,
    )


def steps(game: PreferenceGame, start: Array, eta: float) -> Iterator[Iterate]:
    """The iterates, from a log-policy; an average is that of the policies before the last."""
    policy = np.exp(start)
    gain = game.advantages(policy)
    policies, gains = np.zeros_like(policy), np.zeros_like(policy)
    played = 0
    while True:
        policies = policies + policy
        gains = gains + gain
        played += 1
        policy = np.exp(log_softmax(start + eta * gains))
        gain = game.advantages(policy)
        yield Iterate(policy, policies / played, gain, gains / played)
