"""Counterfactual regret minimisation⁺, and its predictive form: a regret matcher⁺ at each information set.

With u the gains of a player's sequences against the opponent's plan, backwards over his information sets:

    q_{ja} = u_{ja} + Σ_{sets i below ja} b_i·q_i,   R_{ja} ← [R_{ja} + q_{ja} - b_j·q_j]₊,   b_j ∝ R_j

Players alternate, each against the other's newest plan; the answer is the average plan, iteration t with weight t
(t² in the predictive form, where ``b_j ∝ [R_j + last regret]₊``). The average's gap falls as O(1/√T) by theory, much
faster in practice. Sources: Zinkevich et al. 2007; Tammelin 2014 (1407.5042); Farina, Kroer and Sandholm 2021
(2007.14358).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solvers.games.payoffs import Array
from solvers.games.trees.equilibrium import Plans, TreeCallback, TreeEquilibrium, TreeIterate, run
from solvers.games.trees.tree_game import TreeGame, require_tree_game
from solvers.games.trees.treeplex import Treeplex, plan_of, uniform_behaviour


def counterfactual_regret_plus(
    game: TreeGame,
    iterations: int = 10_000,
    *,
    predictive: bool = False,
    tolerance: float = 1e-4,
    every: int = 10,
    callback: TreeCallback | None = None,
    progress: bool | None = None,
) -> TreeEquilibrium:
    """CFR⁺ from uniform policies; the answer is the average (of both players' averages, if the game is symmetric).

    predictive: PCFR⁺. every: judge each so many iterations. Stops when the gap is within `tolerance`, in units of the
    payoffs. Raises ``TypeError`` for no game, ``ValueError``/``TypeError`` for iterations or every < 1, a tolerance
    that is not positive or a callback that is none, and ``FloatingPointError`` if the first iterate overflows.
    """
    require_tree_game(game)
    return run(
        game,
        _steps(game, predictive),
        method="predictive CFR⁺" if predictive else "CFR⁺",
        iterations=iterations,
        tolerance=tolerance,
        every=every,
        callback=callback,
        progress=progress,
    )


def _steps(game: TreeGame, predictive: bool) -> Iterator[TreeIterate]:
    regrets = [np.zeros(plex.sequences) for plex in game.players]
    behaviours = [uniform_behaviour(plex) for plex in game.players]
    plans = [plan_of(plex, b) for plex, b in zip(game.players, behaviours, strict=True)]
    sums = [np.zeros(plex.sequences) for plex in game.players]
    weights = 0.0
    t = 0
    while True:
        t += 1
        weight = float(t * t if predictive else t)
        weights += weight
        for player, plex in enumerate(game.players):
            gains = game.gains(player, plans[1 - player])
            _match(plex, gains, regrets[player], behaviours[player], predictive)
            plans[player] = plan_of(plex, behaviours[player])
            sums[player] += weight * plans[player]

        def average(total: float = weights) -> Plans:
            first, second = sums[0] / total, sums[1] / total
            if game.symmetric:
                both = (first + second) / 2
                return both, both
            return first, second

        yield TreeIterate((plans[0], plans[1]), average)


def _match(plex: Treeplex, gains: Array, regrets: Array, behaviour: Array, predictive: bool) -> None:
    """One player's update, in place: regrets by the gains against his behaviour, then the behaviour."""
    values = gains.copy()
    for level in reversed(plex.levels):
        at = level.sequences
        met = np.add.reduceat(behaviour[at] * values[at], level.starts)
        regret = values[at] - met[level.owner]
        values[level.above] += np.add.reduceat(met, level.below)
        total = regrets[at]  # a view
        total += regret
        np.maximum(total, 0.0, out=total)
        chosen = np.maximum(total + regret, 0.0) if predictive else total
        mass = np.add.reduceat(chosen, level.starts)
        idle = mass <= 0
        if idle.any():
            sizes = np.diff(np.append(level.starts, len(regret)))
            chosen = np.where(idle[level.owner], 1.0, chosen)
            mass = np.where(idle, sizes, mass)
        np.divide(chosen, mass[level.owner], out=behaviour[at])
