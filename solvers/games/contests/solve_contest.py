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

from solvers.games.contests.contest_dynamics import contest_double_oracle
from solvers.games.contests.decision_contest import (
    ContestSolution,
    DecisionContest,
    gap_of,
    occupancy_of,
    policy_of_occupancy,
    require_contest,
)
from solvers.games.game import positive
from solvers.games.payoffs import Array, Factored, require_memory

# for HiGHS; with a discount near 1 its simplex may fail at the tightest tolerance
MENDING = 100  # iterations of the double oracle where HiGHS did not do
ATTEMPTS = (("highs", 1e-10), ("highs-ds", 1e-7), ("highs-ipm", 1e-10))


def solve_contest(contest: DecisionContest, tolerance: float = 1e-9) -> ContestSolution:
    """A stationary policy that no policy beats, by HiGHS.

    In states that the policy never reaches it is uniform. Where HiGHS's policy is not within the tolerance (it leaves
    out coefficients below 1e-9, and may fail with a discount near 1) a double oracle of a hundred iterations is tried.
    tolerance is absolute, in units of the comparison. A dense comparison of 600 pairs takes some half a minute. Raises
    ``GameTooLarge`` if the program would not fit, ``TypeError`` for what is no contest, ``ValueError`` for a tolerance
    that is not positive.
    """
    require_contest(contest)
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
        rank, factors, skew = payoffs.factors.shape[1], _scaled(payoffs.factors), _scaled(payoffs.skew)
        rows = block_array([[csr_array((n, n)), csr_array(factors), -drift]])
        equal = block_array([[drift.T, None, csr_array((S, S))], [csr_array(skew @ factors.T), -eye_array(rank), None]])
        right, free = np.concatenate([start, np.zeros(rank)]), rank + S
    else:
        rows = block_array([[csr_array(_scaled(payoffs.dense())), -drift]])
        equal = block_array([[drift.T, csr_array((S, S))]])
        right, free = start, S
    policy, reason, iterations = np.full((S, A), 1 / A), "", 0
    gap = gap_of(contest, policy)
    for method, feasible in ATTEMPTS:
        found = linprog(
            np.concatenate([np.zeros(n + free - S), contest.initial]),
            A_ub=rows,
            b_ub=np.zeros(n),
            A_eq=equal,
            b_eq=right,
            bounds=[(0, None)] * n + [(None, None)] * free,
            method=method,
            options={"primal_feasibility_tolerance": feasible, "dual_feasibility_tolerance": feasible},
        )
        iterations += int(found.nit or 0)
        reason = f"the best of HiGHS's policies was not within {within:g}; at last it said: {found.message}"
        if found.x is not None:
            tried = policy_of_occupancy(contest, found.x[:n])
            gap, policy = min((gap, policy), (gap_of(contest, tried), tried), key=lambda judged: judged[0])
        if gap <= within:
            break
    else:
        mended = contest_double_oracle(contest, MENDING, tolerance=within, progress=False)
        iterations += mended.iterations
        gap, policy = min((gap, policy), (mended.gap, mended.policy), key=lambda judged: judged[0])
    return ContestSolution(
        policy=policy,
        occupancy=occupancy_of(contest, policy),
        gap=gap,
        converged=gap <= within,
        iterations=iterations,
        method="linear program",
        tolerance=within,
        history=np.array([gap]),
        reason="" if gap <= within else reason,
        last=policy,
        last_gap=gap,
    )


def _scaled(matrix: Array) -> Array:
    """The matrix over its largest entry: tolerances of HiGHS are absolute, and the winners are the same."""
    return np.asarray(matrix / (float(np.abs(matrix).max()) or 1.0))
