"""A Markov decision contest as one linear program, in floats or exactly.

The best reply to an occupancy d is worth ``min (1-γ) ι·V`` over ``V(s) >= (φd)(s, a) + γ Σ P(s' | s, a) V(s')``, the
dual of its decision process; minimised over d, too,

    min (1-γ) ι·V   over d >= 0 and V:   V(s) - γ Σ_s' P(s' | s, a) V(s') - (φd)(s, a) >= 0,
                                         Σ_a d(s', a) - γ Σ P(s' | s, a) d(s, a) = (1-γ) ι(s'),

which is 0 by symmetry: S A + S unknowns, S A + S rows, so polynomial time (2606.00367, Theorem 6.1). A comparison of
low rank enters as ``φd = U w``, ``w = S Uᵀ d``, and φ is never formed.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, eye_array

from solvers.games.contests.decision_contest import (
    ContestSolution,
    DecisionContest,
    gap_of,
    occupancy_of,
    policy_of_occupancy,
)
from solvers.games.game import positive
from solvers.games.payoffs import Factored, require_memory


def solve_contest(contest: DecisionContest, tolerance: float = 1e-9) -> ContestSolution:
    """A stationary policy that no policy beats, by HiGHS.

    In states that the policy never reaches it is uniform. Raises ``GameTooLarge`` if the program would not fit.
    """
    within = positive(tolerance, "tolerance")
    S, A, gamma = contest.states, contest.actions, contest.discount
    n, payoffs = S * A, contest.comparison.payoffs
    low_rank = isinstance(payoffs, Factored) and payoffs.link == "identity"
    require_memory(3 * n * (n + S) if not low_rank else 3 * n * S, f"the linear program of {n:,} state–action pairs")
    P = csr_array(contest.transitions.reshape(n, S))
    own = csr_array((np.ones(n), (np.arange(n), np.repeat(np.arange(S), A))), shape=(n, S))
    drift = own - gamma * P  # (S A, S): V(s) - γ Σ P V; its transpose is the flow
    start = n * (1 - gamma) * contest.initial  # HiGHS's tolerances are absolute: entries of d of some 1, not 1/n
    if isinstance(payoffs, Factored) and low_rank:
        rank = payoffs.factors.shape[1]
        rows = block_array([[csr_array((n, n)), csr_array(payoffs.factors), -drift]])
        equal = block_array(
            [[drift.T, None, csr_array((S, S))], [csr_array(payoffs.skew @ payoffs.factors.T), -eye_array(rank), None]]
        )
        right, free = np.concatenate([start, np.zeros(rank)]), rank + S
    else:
        rows = block_array([[csr_array(payoffs.dense()), -drift]])
        equal = block_array([[drift.T, csr_array((S, S))]])
        right, free = start, S
    found = linprog(
        np.concatenate([np.zeros(n + free - S), start]),
        A_ub=rows,
        b_ub=np.zeros(n),
        A_eq=equal,
        b_eq=right,
        bounds=[(0, None)] * n + [(None, None)] * free,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.x is None:  # both sides are feasible, so HiGHS failed
        policy, reason = np.full((S, A), 1 / A), f"HiGHS: {found.message}"
    else:
        policy, reason = policy_of_occupancy(contest, found.x[:n]), f"HiGHS's policy was not within {within:g}"
    gap = gap_of(contest, policy)
    return ContestSolution(
        policy=policy,
        occupancy=occupancy_of(contest, policy),
        gap=gap,
        converged=gap <= within,
        iterations=int(found.nit),
        method="linear program",
        tolerance=within,
        history=np.array([gap]),
        reason="" if gap <= within else reason,
        last=policy,
        last_gap=gap,
    )
