"""THE JUDGE of policies in trees: exact best responses, and the duality gap that they make.

    gap(x, y)   = max_{x'} x'ᵀUy - min_{y'} xᵀUy'                       2 max_{x'} x'ᵀUx in a symmetric game at (x, x)
    gap_τ(x, y) = max_{x'} [x'ᵀUy - τ D(x'‖μ)] + max_{y'} [-xᵀUy' - τ D(y'‖ν)] + τ D(x‖μ) + τ D(y‖ν)
                = τ D(x‖x*) + τ D(y‖y*)

with D the dilated divergence of :mod:`~solvers.games.trees.treeplex`. Both maxima are backward recursions: the largest
of each information set's values, or ``τ logsumexp`` of them, met at x* and y*. As D is a Bregman divergence and x* an
interior point, ``D(x‖x*)`` is what x lacks of the maximum: a sum without a negative term, that loses no digits. gap is
what others call NashConv.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from solvers.games.game import positive
from solvers.games.payoffs import Array
from solvers.games.trees.tree_game import TreeGame, require_tree_game
from solvers.games.trees.treeplex import (
    Treeplex,
    best_values,
    greedy,
    log_divergence,
    plan_of,
    policy_at,
    proximal,
    read_policy,
    uniform_behaviour,
)

ExactPolicy = Mapping[Any, Mapping[Any, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class BestResponse:
    """value: the most a player can get against the opponent's policy; plan: a deterministic policy that gets it.

    policy: the same by labels.
    """

    value: float
    plan: Array
    policy: dict[Any, dict[Any, float]]


def best_response(game: TreeGame, policy: Any, player: int = 1) -> BestResponse:
    """The best that `player` (0 or 1) can do against the other player's `policy`.

    policy: a mapping information set -> action -> probability, or a realisation plan. Of actions that are equally good
    the first is taken, at information sets that chance or the opponent rules out, too. Raises as
    :func:`tree_exploitability` does.
    """
    _require_player(require_tree_game(game), player)
    theirs = game.players[1 - player]
    gains = game.gains(player, plan_of(theirs, read_policy(theirs, policy)))
    values = best_values(game.players[player], gains)
    behaviour = greedy(game.players[player], values)
    return BestResponse(
        float(values[0]), plan_of(game.players[player], behaviour), policy_at(game.players[player], behaviour)
    )


def tree_exploitability(
    game: TreeGame, policy: Any, second: Any = None, *, reference: Any = None, tau: float | None = None
) -> float:
    """THE JUDGE: the gap of a pair of policies, in a symmetric game of one policy that both play.

    policy, second: of the first and second player, each a mapping information set -> action -> probability, or a
    realisation plan. reference and tau: of the regularised game; reference is a policy (a pair of policies in a game
    that is not symmetric) with mass on every action. Raises ``ValueError`` naming the information set for what is no
    policy; for tau <= 0, only one of reference and tau, or a gap beyond all floats; ``TypeError`` for no game.
    """
    require_tree_game(game)
    if (reference is None) is not (tau is None):
        raise ValueError("reference and tau go together: give both for the regularised gap, none for the original one")
    behaviours = _pair(game, policy, second)
    if tau is None:
        return pair_gap(game, behaviours, None, 0.0)
    weight = positive(tau, "tau")
    gap = pair_gap(game, behaviours, references_of(game, reference), weight)
    if not np.isfinite(gap):
        raise ValueError(f"tau: no gap can be computed in float64 with tau = {weight:g} and such payoffs; rescale both")
    return gap


def pair_gap(
    game: TreeGame, behaviours: tuple[Array, Array], references: tuple[Array, Array] | None, tau: float
) -> float:
    """The gap of two behaviours (S,), regularised if there are references."""
    if references is not None:
        return regularised_tree_gap(game, behaviours, references, tau)
    first = plan_of(game.players[0], behaviours[0])
    second = first if behaviours[0] is behaviours[1] else plan_of(game.players[1], behaviours[1])
    return gap_of(game, first, second)


def gap_of(game: TreeGame, first: Array, second: Array) -> float:
    """The original gap of two realisation plans."""
    mine = float(best_values(game.players[0], game.gains(0, second))[0])
    if game.symmetric and first is second:
        return 2 * mine
    return mine + float(best_values(game.players[1], game.gains(1, first))[0])


def regularised_tree_gap(
    game: TreeGame, behaviours: tuple[Array, Array], references: tuple[Array, Array], tau: float
) -> float:
    """``gap_τ`` of two behaviours (S,)."""

    def side(player: int) -> float:
        plex, b, mu = game.players[player], behaviours[player], references[player]
        theirs = plan_of(game.players[1 - player], behaviours[1 - player])
        # log 0: an action that the policy never takes; what overflows is not finite, as its result says
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            best = proximal(plex, np.log(mu), game.gains(player, theirs), tau)[0]
            return tau * log_divergence(plex, np.log(b), best)

    if game.symmetric and behaviours[0] is behaviours[1]:
        return 2 * side(0)
    return side(0) + side(1)


def references_of(game: TreeGame, reference: Any) -> tuple[Array, Array]:
    """The references' behaviours, with mass everywhere; uniform if ``None``."""
    if reference is None:
        behaviours = uniform_behaviour(game.players[0]), uniform_behaviour(game.players[1])
        return (behaviours[0], behaviours[0]) if game.symmetric else behaviours
    if game.symmetric:
        mu = _read_reference(game.players[0], reference)
        return mu, mu
    if not isinstance(reference, tuple) or len(reference) != 2:
        raise ValueError("reference: give a pair of policies, the first player's and the second's")
    return _read_reference(game.players[0], reference[0]), _read_reference(game.players[1], reference[1])


def _read_reference(plex: Treeplex, reference: Any) -> Array:
    mu = read_policy(plex, reference, "reference")
    empty = np.flatnonzero(mu == 0)
    if len(empty):
        j = int(np.searchsorted(plex.first, empty[0], side="right")) - 1
        raise ValueError(
            f"reference: gives an action at {plex.labels[j]!r} no mass: leave such actions out of the game"
        )
    return mu


def _pair(game: TreeGame, policy: Any, second: Any) -> tuple[Array, Array]:
    first = read_policy(game.players[0], policy)
    if second is not None:
        return first, read_policy(game.players[1], second, "second")
    _require_second(game, second)
    return first, first


def _require_second(game: TreeGame, second: object) -> None:
    if second is None and not game.symmetric:
        raise ValueError("second: the game is not symmetric; give the second player's policy, too")


def _require_player(game: TreeGame, player: int) -> None:
    if player not in range(len(game.players)):
        raise ValueError(f"player: must be 0 or 1, the one who responds, got {player!r}")


# -- in rationals ---------------------------------------------------------------------------------------------------


def exact_tree_exploitability(game: TreeGame, policy: ExactPolicy, second: ExactPolicy | None = None) -> Fraction:
    """The gap in rationals, of policies whose probabilities are exact (int, Fraction, "1/3"), by labels.

    A game of floats is taken to be the exact numbers that it stores. Raises ``TypeError`` for floats in the policy and
    for no game, ``ValueError`` unless they sum to 1 exactly at every information set, and for other labels.
    """
    _require_second(require_tree_game(game), second)
    mine = exact_best_response(game, policy, 1)[0]
    if second is None:
        return 2 * mine
    return mine + exact_best_response(game, second, 0)[0]


def exact_best_response(game: TreeGame, policy: ExactPolicy, player: int = 1) -> tuple[Fraction, dict[Any, Any]]:
    """The most that `player` can get against the other's policy, in rationals, and at each information set an action.

    Raises as :func:`exact_tree_exploitability` does.
    """
    _require_player(require_tree_game(game), player)
    plex, theirs = game.players[player], game.players[1 - player]
    values = game.exact_gains(player, exact_plan(theirs, policy))
    first = plex.first.tolist()
    chosen: dict[Any, Any] = {}
    for j in range(plex.sets - 1, -1, -1):
        options = values[first[j] : first[j + 1]]
        best = max(options)
        chosen[plex.labels[j]] = plex.actions[j][options.index(best)]
        values[plex.parent[j]] += best
    return values[0], chosen


def exact_plan(plex: Treeplex, policy: ExactPolicy) -> list[Fraction]:
    """The realisation plan of an exact policy, by labels."""
    plan = [Fraction(1)]
    if not isinstance(policy, Mapping):
        raise TypeError("policy must be a mapping information set -> action -> exact probability")
    unknown = set(policy) - set(plex.labels)
    if unknown:
        raise ValueError(f"policy: {unknown.pop()!r} is no information set of this player")
    for j, (label, actions) in enumerate(zip(plex.labels, plex.actions, strict=True)):
        row = policy.get(label)
        if not isinstance(row, Mapping):
            raise ValueError(f"policy: give the information set {label!r} a mapping action -> exact probability")
        if any(isinstance(row.get(a, 0), float) for a in actions):
            raise TypeError(f"policy: at {label!r} a probability is a float; give int, Fraction or text such as '1/3'")
        try:
            shares = [Fraction(row.get(a, 0)) for a in actions]
        except TypeError as error:
            raise TypeError(f"policy: at {label!r}: give int, Fraction or text such as '1/3': {error}") from error
        except (ValueError, OverflowError, ZeroDivisionError) as error:
            raise ValueError(f"policy: at {label!r} a probability is no finite number: {error}") from error
        if min(shares) < 0 or sum(shares) != 1 or not set(row) <= set(actions):
            raise ValueError(f"policy: give {label!r} probabilities of {tuple(actions)!r} that sum to 1 exactly")
        plan.extend(plan[plex.parent[j]] * share for share in shares)
    return plan


def exact_tree_value(game: TreeGame, policy: ExactPolicy, second: ExactPolicy | None = None) -> Fraction:
    """The first player's expected payoff in rationals. Raises as :func:`exact_tree_exploitability` does."""
    _require_second(require_tree_game(game), second)
    gains = game.exact_gains(0, exact_plan(game.players[1], policy if second is None else second))
    return sum((x * g for x, g in zip(exact_plan(game.players[0], policy), gains, strict=True) if x), Fraction(0))
