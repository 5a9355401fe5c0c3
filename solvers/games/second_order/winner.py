"""The von Neumann winner by whichever method suits the game: what to call unless a method is the question."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback
from solvers.games.game import PreferenceGame, exploitability, positive
from solvers.games.payoffs import Array, Dense, GameTooLarge
from solvers.games.second_order import double_oracle as oracle
from solvers.games.second_order.complementary_pivoting import complementary_pivoting
from solvers.games.second_order.interior_point import interior_point
from solvers.games.second_order.linear_program import linear_program

Method = Literal["auto", "interior point", "complementary pivoting", "double oracle", "linear program"]

SMALL = 128  # actions from which on it pays to look for a small support in a stored matrix,
LARGE = 600  # and up to which pivoting finds it faster than a double oracle
SHARE = 4  # it may take a pivot for every four actions, or try a quarter of them: what follows takes longer
RANDOM = 2.0  # the spectral norm of a random skew-symmetric matrix, for many actions, in units of the rows' mean norm
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

    method: "auto" takes a (weak) Condorcet winner if there is one, else looks for a small support, by complementary
    pivoting for hundreds of actions or a double oracle for more, if the game is one of factors or its matrix is not like
    a random one; else, or without success, the interior-point method; if that has not converged, the simplex. `.method`
    of the answer says what found it. The winner need not be unique; which one is returned is deterministic. A tolerance
    below what float64 can do (some 1e-16 times the largest payoff) comes back not converged, with the best policy
    found; :func:`solvers.exact_von_neumann_winner` has no such limit. callback and progress: of each method that runs.
    Raises ``TypeError`` for no game, ``ValueError`` for an unknown method or a tolerance that is not positive,
    ``GameTooLarge`` before work starts that would not fit.
    """
    if not isinstance(game, PreferenceGame):
        raise TypeError(f"game must be a PreferenceGame, got {type(game).__name__}: pass PreferenceGame(P)")
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
    tries: list[Equilibrium] = []
    if stored:
        condorcet = _condorcet(game, within)
        if condorcet is not None:
            return condorcet
    share = game.size // SHARE
    if not stored:
        tries.append(oracle.double_oracle(game, tolerance=within, callback=callback, progress=progress))
    elif game.size >= SMALL and _structured(game.matrix):
        if game.size <= LARGE:
            found = complementary_pivoting(
                game, tolerance=within, iterations=share, callback=callback, progress=progress
            )
        else:
            found = oracle.double_oracle(game, tolerance=within, largest=share, callback=callback, progress=progress)
        tries.append(found)
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


def _structured(A: Array) -> bool:
    """Whether three steps of the power method show a spectral norm that is too large for independent entries.

    With independent entries of variance σ² above the diagonal the norm is 2σ√N, by the semicircle law, and supports are
    wide; a matrix that is near one of rank r has a norm of σN/√r or more, and its supports tend to be small.
    """
    x = A.sum(axis=1)
    y = A @ x
    z = A @ y
    return bool(z @ z > RANDOM**2 * (y @ y) * np.vdot(A, A) / len(A))


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
