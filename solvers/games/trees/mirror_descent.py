"""Mirror descent with the dilated entropy: the regularised methods for matrices, on trees, a backward recursion a step.

With ``x ⊕ g = argmax_x' η g·x' - (1-ητ) D(x'‖x) - ητ D(x'‖μ)`` (:func:`solvers.games.soft_recursion`) and u(x) the
gains of sequences against x (here in self-play; in a game that is not symmetric both players step at once):

    mirror descent   x⁺ = x ⊕ u(x)
    Nash-MD          m = x ⊕ 0, x⁺ = x ⊕ u(m)         η_t = 2/(τ(t+2)) unless a step is given
    extragradient    half = x ⊕ u(x), x⁺ = x ⊕ u(half)

Over the tree of complete strings these are the steps of the methods for matrices, leaf by leaf. Extragradient chooses
its steps by backtracking: the distance to the equilibrium falls by the factor 1-ητ at least, whenever
``D(half‖x⁺) <= (1-ητ) D(half‖x)``; the argument in :mod:`solvers.games.first_order.extragradient` is that of any
Bregman divergence. In a process's game, where D is the KL divergence of trajectories, ``η <= 1/(τ + 2 max|φ|)``
always qualifies. Without regularisation (τ = 0) the answer is the average plan, weighted by the steps (mirror-prox).
Sources: Hoda et al. 2010; Kroer et al. 2020; Munos et al. 2024 (2312.00886); Cen, Wei and Chi 2021 (2105.15186);
Nemirovski 2004.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from solvers.arguments import real_number
from solvers.games.first_order.extragradient import GROWTH, ROUNDING, SHRINKAGE
from solvers.games.first_order.step_sizes import at_most_inverse
from solvers.games.game import positive
from solvers.games.payoffs import Array
from solvers.games.trees.equilibrium import Plans, TreeCallback, TreeEquilibrium, TreeIterate, run
from solvers.games.trees.judge import references_of
from solvers.games.trees.recursion import mixed
from solvers.games.trees.tree_game import TreeGame, require_tree_game
from solvers.games.trees.treeplex import log_divergence, plan_of, proximal

LONGEST = 1000.0  # step without regularisation, in units of the largest payoff

Rule = Literal["mirror descent", "Nash-MD", "extragradient"]
RULES = ("mirror descent", "Nash-MD", "extragradient")


def dilated_mirror_descent(
    game: TreeGame,
    reference: Any,
    tau: float,
    iterations: int,
    *,
    rule: Rule = "extragradient",
    step: float | None = None,
    tolerance: float = 1e-9,
    every: int = 1,
    callback: TreeCallback | None = None,
    progress: bool | None = None,
) -> TreeEquilibrium:
    """Mirror descent from the reference; the answer is the last iterate, for τ = 0 the average.

    reference: a policy, a pair of them in a game that is not symmetric, ``None`` for uniform. tau: of the regularised
    game, or 0 for the original one (not with Nash-MD). step: η, at most 1/τ; by default extragradient's is found by
    backtracking, Nash-MD's is Theorem 1's, and mirror descent's ``τ/(a² + τ²)``, a the largest payoff, ``1/a`` for
    τ = 0 (which promises convergence in a process's game only). tolerance: of the gap, in units of the payoffs. Raises
    ``ValueError``/``TypeError`` naming the argument, and ``FloatingPointError`` if the first iterate overflows.
    """
    require_tree_game(game)
    if rule not in RULES:
        raise ValueError(f"rule: must be one of {RULES}, got {rule!r}")
    weight = real_number(tau, "tau")
    if weight != 0 or rule == "Nash-MD":
        weight = positive(tau, "tau")
    eta = None if step is None else at_most_inverse(step, weight) if weight else positive(step, "step")
    references = references_of(game, reference)
    logs = _each(game, np.log(references[0]), np.log(references[1]))
    largest = game.payoffs.bound or 1.0
    if rule == "Nash-MD":
        steps = _nash(game, logs, weight, eta)
    elif rule == "mirror descent":
        steps = _plain(game, logs, weight, eta or _plain_step(largest, weight))
    else:
        steps = _extra(game, logs, weight, eta or 1 / (weight + 2 * largest), eta is None)
    return run(
        game,
        steps,
        method=f"dilated {rule}" if rule == "mirror descent" else f"dilated mirror descent, {rule}",
        iterations=iterations,
        tolerance=tolerance,
        tau=weight,
        references=references if weight else None,
        every=every,
        callback=callback,
        progress=progress,
    )


def _plain_step(largest: float, tau: float) -> float:
    """``τ/(a² + τ²)``, without squares that would overflow."""
    step = 1 / (tau + largest * (largest / tau)) if tau else 1 / largest
    if not step:
        raise ValueError(f"tau: {tau:g} is too small for payoffs of up to {largest:g}; rescale both")
    return step


def _each(game: TreeGame, first: Array, second: Array) -> Plans:
    """A pair; the same array twice in a symmetric game, which shows :func:`_step` that one is enough."""
    return (first, first) if game.symmetric else (first, second)


def _plans(game: TreeGame, logs: Plans) -> Plans:
    first = plan_of(game.players[0], np.exp(logs[0]))
    return (first, first) if game.symmetric else (first, plan_of(game.players[1], np.exp(logs[1])))


def _step(game: TreeGame, logs: Plans, magnets: Plans, share: float, eta: float, gains: list[Array]) -> Plans:
    """``x ⊕ gains``, as log-behaviours, with ``share = ητ``."""
    found = [
        proximal(game.players[player], mixed(logs[player], magnets[player], share), gains[player], 1 / eta)[0]
        for player in range(len(gains))
    ]
    return found[0], found[-1]


def _gains(game: TreeGame, plans: Plans) -> list[Array]:
    """Of each player; of the first alone in a symmetric game."""
    return [game.gains(player, plans[1 - player]) for player in range(1 if game.symmetric else 2)]


def _plain(game: TreeGame, magnets: Plans, tau: float, eta: float) -> Iterator[TreeIterate]:
    logs = magnets
    plans = _plans(game, logs)
    mean = _Mean()
    while True:
        if not tau:
            mean.add(plans, eta)
        logs = _step(game, logs, magnets, eta * tau, eta, _gains(game, plans))
        plans = _plans(game, logs)
        yield TreeIterate(plans, None if tau else mean.plans)


def _nash(game: TreeGame, magnets: Plans, tau: float, eta: float | None) -> Iterator[TreeIterate]:
    logs = magnets
    nothing = [np.zeros(plex.sequences) for plex in game.players[: 1 if game.symmetric else 2]]
    t = 0
    while True:
        share = 2 / (t + 2) if eta is None else eta * tau
        mixture = _step(game, logs, magnets, share, share / tau, nothing)
        logs = _step(game, logs, magnets, share, share / tau, _gains(game, _plans(game, mixture)))
        yield TreeIterate(_plans(game, logs))
        t += 1


def _extra(game: TreeGame, magnets: Plans, tau: float, eta: float, adaptive: bool) -> Iterator[TreeIterate]:
    logs = magnets
    least = eta if game.symmetric else 0.0  # theory's step where D is the divergence of trajectories
    longest = 1 / tau if tau else LONGEST / (game.payoffs.bound or 1.0)
    mean = _Mean()
    plans = _plans(game, logs)
    while True:
        gains = _gains(game, plans)
        while True:
            half = _step(game, logs, magnets, eta * tau, eta, gains)
            middle = _plans(game, half)
            found = _step(game, logs, magnets, eta * tau, eta, _gains(game, middle))
            if not adaptive or eta <= least:
                break
            bound = (1 - eta * tau) * _distance(game, half, logs)
            if _distance(game, half, found) <= max(bound, ROUNDING):
                break
            eta = max(SHRINKAGE * eta, least)
        if not tau:
            mean.add(middle, eta)
        logs = found
        plans = _plans(game, logs)
        yield TreeIterate(plans, None if tau else mean.plans)
        if adaptive:
            eta = min(GROWTH * eta, longest)


def _distance(game: TreeGame, one: Plans, other: Plans) -> float:
    players = range(1 if game.symmetric else 2)
    return sum(log_divergence(game.players[player], one[player], other[player]) for player in players)


class _Mean:
    """The average of plans, weighted by steps."""

    def __init__(self) -> None:
        self.weight = 0.0
        self.sums: list[Array] = []

    def add(self, plans: Plans, weight: float) -> None:
        self.weight += weight
        if not self.sums:
            self.sums = [weight * plans[0]] if plans[0] is plans[1] else [weight * plan for plan in plans]
            return
        for total, plan in zip(self.sums, plans, strict=False):
            total += weight * plan

    def plans(self) -> Plans:
        means = [total / self.weight for total in self.sums]
        return means[0], means[-1]
