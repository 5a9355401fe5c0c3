"""The von Neumann winner by whichever method suits the game: what to call unless a method is the question."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback
from solvers.games.game import PreferenceGame, exploitability, game_of, positive, require_game
from solvers.games.payoffs import Array, Dense, GameTooLarge
from solvers.games.second_order import double_oracle as oracle
from solvers.games.second_order.complementary_pivoting import complementary_pivoting
from solvers.games.second_order.interior_point import interior_point
from solvers.games.second_order.linear_program import linear_program
from solvers.games.second_order.threads import suited_to

Method = Literal["auto", "interior point", "complementary pivoting", "double oracle", "linear program"]

SMALL = 128  # actions from which on it pays to look for a small support in a stored matrix,
LARGE = 600  # and up to which pivoting finds it sooner than a double oracle
LOW = 1.6  # in units of √N: the stable rank up to which pivoting is tried; supports grow with the rank
RANDOM = 0.25  # in units of N: that of random payoffs, or more, for which a double oracle is hopeless;
SAMPLE = 300  # it is that between so many actions, or fewer, that are looked at
PIVOTS = 3  # pivoting may take a pivot for every 3 actions: no longer than the interior-point method
SHARE = 4  # a double oracle on a stored matrix may try 1/4 of the actions: it costs 5 to 20 % of what follows
SIMPLEX = 2000  # actions up to which the simplex is asked when all else has failed


def von_neumann_winner(
    game: PreferenceGame,
    tolerance: float = 1e-9,
    *,
    method: Method = "auto",
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """A policy π that no action beats: ``gap(π) = 2 max_y (Aπ)_y <= tolerance``.

    method: "auto" takes a (weak) Condorcet winner if there is one. If the game is one of factors, or its matrix is near
    one of low rank, it looks for a small support, by complementary pivoting for hundreds of actions, a double oracle
    for more, which makes no matrix. Else, or without success, it takes the interior-point method; if that has not
    converged, the simplex. `.method` of the answer says what found it. The winner need not be unique; which one is
    returned is deterministic. A tolerance below what float64 can do (some 1e-16 times the largest payoff) comes back
    not converged, with the best policy found; :func:`solvers.exact_von_neumann_winner` has no such limit. callback and
    progress: of each method that
    iterates; a Condorcet winner and a linear program have none. Raises ``TypeError`` for no game, ``ValueError`` for an
    unknown method or a tolerance that is not positive, ``GameTooLarge`` before work starts that would not fit.
    """
    require_game(game)
    within = positive(tolerance, "tolerance")
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, got {method!r}")
    if method == "interior point":
        return interior_point(game, tolerance=within, callback=callback, progress=progress)
    if method == "complementary pivoting":
        return complementary_pivoting(game, tolerance=within, callback=callback, progress=progress)
    if method == "double oracle":
        return oracle.double_oracle(game, tolerance=within, callback=callback, progress=progress)
    if method == "linear program":
        return linear_program(game, tolerance=within)

    stored = isinstance(game.payoffs, Dense)
    if not stored and game.size <= LARGE:  # the matrix is soon made, and what follows is faster with it
        found = von_neumann_winner(game_of(Dense(game.matrix)), within, callback=callback, progress=progress)
        gap = exploitability(game, found.policy)
        return replace(found, gap=gap, converged=gap <= within)
    tries: list[Equilibrium] = []
    if stored:
        condorcet = _condorcet(game, within)
        if condorcet is not None:
            return condorcet
    if stored and SMALL <= game.size <= LARGE and _stable_rank(game.matrix) <= LOW * game.size**0.5:
        most = game.size // PIVOTS
        tries.append(
            complementary_pivoting(game, tolerance=within, iterations=most, callback=callback, progress=progress)
        )
    elif not stored or (game.size > LARGE and _sampled_rank(game.matrix) <= RANDOM):
        largest = game.size // SHARE if stored else None
        tries.append(
            oracle.double_oracle(game, tolerance=within, largest=largest, callback=callback, progress=progress)
        )
    if tries and tries[-1].converged:
        return tries[-1]
    try:
        tries.append(interior_point(game, tolerance=within, callback=callback, progress=progress))
        if not tries[-1].converged and game.size <= SIMPLEX:
            tries.append(linear_program(game, tolerance=within))
    except GameTooLarge:
        if not tries:
            raise
    best = min(tries, key=lambda found: found.gap)
    if best.converged:
        return best
    return replace(best, reason="; ".join(f"{found.method}: {found.reason}" for found in tries))


def _stable_rank(A: Array) -> float:
    """``‖A‖_F² / ‖A‖₂²``, or more, by three steps of the power method; NaN for payoffs too large to be squared.

    It is at most the rank; if the payoffs are independent it is N/4 for large N, by the semicircle law.
    """
    with suited_to(len(A)), np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        x = A.sum(axis=1)
        y = A @ x
        z = A @ y
        return float(np.vdot(A, A) * (y @ y) / (z @ z))


def _sampled_rank(A: Array) -> float:
    """The stable rank of the payoffs between evenly spaced actions, in units of their number."""
    step = -(-len(A) // SAMPLE)
    sample = A[::step, ::step].copy()
    return _stable_rank(sample) / len(sample)


def _condorcet(game: PreferenceGame, within: float) -> Equilibrium | None:
    """The first action that no other is preferred to, as a point mass; one pass over the matrix."""
    unbeaten = np.flatnonzero(game.matrix.min(axis=1) >= 0)
    if not len(unbeaten):
        return None
    policy = np.zeros(game.size)
    policy[unbeaten[0]] = 1.0
    gap = exploitability(game, policy)
    return Equilibrium(
        policy=policy,
        gap=gap,
        converged=gap <= within,
        iterations=1,
        method="Condorcet winner",
        tolerance=within,
        history=np.array([gap]),
        last=policy,
        last_gap=gap,
    )
