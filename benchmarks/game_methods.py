"""How each solver of a matrix game is called, for ``games.py``: ours and the peers', each in the form that it takes.

A method makes of a game a function of the gap that is asked for; only that function is timed. It returns the row
player's policy. Peers get A as an array, games of factors written out; those without a tolerance ignore the gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from solvers.games.building.generators import random_low_rank_game, random_tournament, random_uniform_game
from solvers.games.game import PreferenceGame, skew_game

KINDS = ("uniform", "tournament", "low rank")
RANK = 8
Solve = Callable[[float], Any]


def drawn(kind: str, size: int) -> PreferenceGame:
    """The game of this kind and size, always the same."""
    generator = np.random.default_rng([KINDS.index(kind), size])
    if kind == "low rank":
        return random_low_rank_game(size, RANK, generator)
    return {"uniform": random_uniform_game, "tournament": random_tournament}[kind](size, generator)


@dataclass(frozen=True, slots=True)
class Method:
    """prepare: what is done before the clock starts. ours: no peer. patient: run whatever it takes. tolerant:
    takes a tolerance; else one run is judged at all gaps. kinds, largest: where it is run. least: the smallest gap that
    it is asked for. needs: a package.
    """

    prepare: Callable[[PreferenceGame], Solve]
    ours: bool = False
    patient: bool = False
    tolerant: bool = True
    kinds: tuple[str, ...] = KINDS
    largest: int = 10**9
    least: float = 0.0
    needs: str = "numpy"

    @property
    def installed(self) -> bool:
        return find_spec(self.needs) is not None


# -- ours -----------------------------------------------------------------------------------------------------------


def _winner(game: PreferenceGame, method: Any = "auto", stored: bool = False) -> Solve:
    from solvers.games.second_order.winner import von_neumann_winner

    given = skew_game(game.matrix) if stored else game
    return lambda gap: von_neumann_winner(given, gap, method=method, progress=False).policy


def _primal_dual(game: PreferenceGame) -> Solve:
    from solvers.games.first_order.primal_dual import restarted_primal_dual

    return lambda gap: restarted_primal_dual(game, iterations=10**6, tolerance=gap, every=10, progress=False).policy


def _matching(game: PreferenceGame) -> Solve:
    from solvers.games.first_order.regret_matching import predictive_regret_matching_plus as matching

    return lambda gap: matching(game, iterations=10**6, tolerance=gap, every=10, progress=False).policy


# -- peers ----------------------------------------------------------------------------------------------------------


def _quantecon(game: PreferenceGame) -> Solve:
    from quantecon.optimize import minmax

    A = np.array(game.matrix)
    return lambda gap: minmax(A)[1]


def _highs(game: PreferenceGame, method: str) -> Solve:
    """The least v with ``A p <= v``, as scipy takes it."""
    from scipy.optimize import linprog

    size = game.size
    program = {
        "c": np.append(np.zeros(size), 1.0),
        "A_ub": np.hstack([game.matrix, np.full((size, 1), -1.0)]),
        "b_ub": np.zeros(size),
        "A_eq": np.append(np.ones(size), 0.0)[None],
        "b_eq": np.ones(1),
        "bounds": [*[(0, None)] * size, (None, None)],
        "method": method,
    }

    def solve(gap: float) -> Any:
        within = min(1e-7, max(1e-10, gap / 4))  # 1e-7 is HiGHS's own, 1e-10 the least that it takes
        options = {"primal_feasibility_tolerance": within, "dual_feasibility_tolerance": within}
        if method == "highs-ipm":
            options["ipm_optimality_tolerance"] = within / 10
        return linprog(**program, options=options).x[:size]

    return solve


def _nashpy(game: PreferenceGame) -> Solve:
    import nashpy

    taken = nashpy.Game(np.array(game.matrix))
    return lambda gap: taken.linear_program()[0]


def _openspiel(game: PreferenceGame) -> Solve:
    import pyspiel
    from open_spiel.python.algorithms import lp_solver

    A = game.matrix
    taken = pyspiel.create_matrix_game(A.tolist(), (-A).tolist())
    return lambda gap: lp_solver.solve_zero_sum_matrix_game(taken)[0]


def _gambit(game: PreferenceGame) -> Solve:
    import pygambit

    A = game.matrix
    taken = pygambit.Game.from_arrays(A, -A)
    strategies = list(next(iter(taken.players)).strategies)

    def solve(gap: float) -> Any:
        profile = pygambit.nash.lp_solve(taken, rational=False).equilibria[0]
        return np.array([float(profile[s]) for s in strategies])

    return solve


METHODS = {
    "ours": Method(_winner, ours=True, patient=True),
    "ours, stored": Method(partial(_winner, stored=True), ours=True, patient=True, kinds=("low rank",)),
    "interior point": Method(
        partial(_winner, method="interior point"), ours=True, kinds=("tournament", "low rank"), largest=2001
    ),
    "complementary pivoting": Method(
        partial(_winner, method="complementary pivoting"), ours=True, kinds=("low rank",), largest=1001
    ),
    "double oracle": Method(partial(_winner, method="double oracle"), ours=True, kinds=("uniform",), largest=1001),
    "PRM⁺": Method(_matching, ours=True, least=1e-6),
    "primal–dual": Method(_primal_dual, ours=True, least=1e-6),
    "quantecon": Method(_quantecon, tolerant=False, needs="quantecon"),
    "HiGHS simplex": Method(partial(_highs, method="highs-ds")),
    "HiGHS ipm": Method(partial(_highs, method="highs-ipm")),
    "nashpy": Method(_nashpy, tolerant=False, needs="nashpy"),
    "OpenSpiel": Method(_openspiel, tolerant=False, largest=200, needs="ecos"),
    "gambit": Method(_gambit, tolerant=False, largest=200, needs="pygambit"),
}
PEERS = tuple(name for name, method in METHODS.items() if not method.ours)
