"""The linear program of a game in sequence form, by HiGHS.

    max v_0   over realisation plans x   s.t.   v_{set of σ} - Σ_{sets i below σ} v_i <= (Uᵀx)_σ   for every sequence σ

of the second player, v_0 standing for the set of the empty one; his plan is the dual solution. The program has as many
rows and columns as there are sequences and information sets, not strategies. Where U has known low-rank factors,
``U = L M``, the numbers ``z = Lᵀ x`` are variables, and U is not formed. HiGHS, whose tolerances are absolute, gets
payoffs and factors of at most 1.
Sources: von Stengel 1996; Koller, Megiddo and von Stengel 1996, theorem 4.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from solvers.games.game import positive
from solvers.games.payoffs import Array
from solvers.games.second_order.linear_program import LEAST
from solvers.games.trees.equilibrium import TreeEquilibrium, judged
from solvers.games.trees.tree_game import TreeGame, require_tree_game
from solvers.games.trees.treeplex import Treeplex, behaviour_of, plan_of

METHODS = {"simplex": "highs-ds", "interior point": "highs-ipm"}


def sequence_form_program(
    game: TreeGame, *, tolerance: float = 1e-7, method: str = "interior point"
) -> TreeEquilibrium:
    """The equilibrium by linear programming.

    tolerance: of the gap, in units of the payoffs. method: HiGHS's "interior point" (with crossover) or "simplex". The
    solver's plans, which satisfy their equations to some 1e-9, are put exactly on the treeplexes (negative flow to 0,
    then each set's flow to what reaches it) before THE JUDGE sees them. Raises ``ValueError`` for another method or a
    tolerance that is not positive, ``TypeError`` for no game, ``GameTooLarge`` for payoffs that would not fit, and
    ``RuntimeError`` with HiGHS's words should it find no solution.
    """
    require_tree_game(game)
    if method not in tuple(METHODS):
        raise ValueError(f"method: must be one of {sorted(METHODS)}, got {method!r}")
    within = positive(tolerance, "tolerance")
    first, second = game.players
    factors = game.payoffs.factors()
    L, M = (None, game.payoffs.sequence_matrix()) if factors is None else _balanced(*factors)
    largest = game.payoffs.bound or 1.0
    M = M / largest
    close = within / largest / 4
    latent = 0 if L is None else L.shape[1]
    flows, ours = flow_matrix(second).T, first.sequences  # rows σ: the set of σ less the sets below it
    # Variables: x, v, and z if there are factors.
    payoffs = M.T if L is None else sparse.csr_matrix((second.sequences, ours))
    rows = [-payoffs, flows] if L is None else [-payoffs, flows, -M.T]
    equal: list[list[Any]] = [[flow_matrix(first), sparse.csr_matrix((first.sets + 1, second.sets + 1))]]
    if L is not None:
        equal[0].append(sparse.csr_matrix((first.sets + 1, latent)))
        equal.append([L.T, sparse.csr_matrix((latent, second.sets + 1)), -sparse.eye(latent)])
    right = np.zeros(first.sets + 1 + latent)
    right[0] = 1.0
    cost = np.zeros(ours + second.sets + 1 + latent)
    cost[ours] = -1.0
    bounds = [(0, None)] * ours + [(None, None)] * (len(cost) - ours)
    solution = linprog(
        cost,
        A_ub=sparse.hstack(rows, format="csr"),
        b_ub=np.zeros(second.sequences),
        A_eq=sparse.bmat(equal, format="csr"),
        b_eq=right,
        bounds=bounds,
        method=METHODS[method],
        options=_tolerances(method, close),
    )
    if solution.x is None:
        raise RuntimeError(f"HiGHS found no solution of the sequence-form program: {solution.message}")
    x = _on(first, solution.x[:ours])
    plans = x, x if game.symmetric else _on(second, -solution.ineqlin.marginals)
    return judged(
        game,
        plans,
        method=f"sequence-form program, {method}",
        tolerance=within,
        iterations=int(solution.nit),
        reason=f"HiGHS ended with {solution.message!r} and a gap above {within:g}",
        last=plans,
    )


def _tolerances(method: str, close: float) -> dict[str, float]:
    """HiGHS's, for payoffs of at most 1: as for matrices, between its least and its default."""
    feasible = min(1e-7, max(LEAST, close))
    options = {"primal_feasibility_tolerance": feasible, "dual_feasibility_tolerance": feasible}
    if method == "interior point":
        options["ipm_optimality_tolerance"] = min(1e-8, max(1e-12, close))
    return options


def _balanced(L: Any, M: Any) -> tuple[Any, Any]:
    """The same product, the largest entry of each of L's columns being 1."""
    largest = np.ravel(abs(L).max(axis=0).toarray())
    scale = np.where(largest > 0, largest, 1.0)
    return L @ sparse.diags(1 / scale), sparse.diags(scale) @ M


def flow_matrix(plex: Treeplex) -> Any:
    """(J + 1, S), sparse: row 0 is ``x_0``; row 1 + j the sequences of set j, less the one that leads to it."""
    sets = np.arange(1, plex.sets + 1)
    rows = np.concatenate(([0], np.repeat(sets, np.diff(plex.first)), sets))
    columns = np.concatenate((np.arange(plex.sequences), plex.parent))
    values = np.concatenate((np.ones(plex.sequences), -np.ones(plex.sets)))
    return sparse.csr_matrix((values, (rows, columns)), shape=(plex.sets + 1, plex.sequences))


def _on(plex: Treeplex, plan: Array) -> Array:
    """The plan that flows as the solver's does."""
    return plan_of(plex, behaviour_of(plex, np.maximum(plan, 0.0)))
