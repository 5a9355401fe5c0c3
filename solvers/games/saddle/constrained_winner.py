"""The von Neumann winner among the policies of a polytope: a linear program with a certificate of best replies.

For ``X = {π in the simplex: G π <= h, E π = f}`` (policies that an appeal to fairness, safety or a parameterisation
allows), π is a winner of X if no policy of X beats it: ``max_{ν in X} νᵀAπ <= 0``. The inner maximum is dualised,

    min  λ·h + ρ·f + v    over  π in X, λ >= 0, ρ, v   with   v 1 + Gᵀλ + Eᵀρ >= Aπ,

whose value is 0 by symmetry. The gap over X, ``2 max_{ν in X} νᵀAπ``, is recomputed from π, bounded by the multipliers
of a second linear program. The unrestricted gap of such a policy is in general positive.
Example (Munos et al. 2024, 2312.00886, appendix): Bradley–Terry scores (0, log 9, log 2) and π(y1) = 2 π(y2): the
policy of the best mean score, (2/3, 1/3, 0), loses to (0, 0, 1), which wins with probability 50/99 (it with 49/99).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linprog

from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, policy_of, positive
from solvers.games.payoffs import require_memory
from solvers.games.saddle.polytope import Polytope, linear_maximum, require_in


def constrained_winner(game: PreferenceGame, polytope: Polytope, tolerance: float = 1e-9) -> Equilibrium:
    """A policy of the polytope that no policy of the polytope beats.

    Returns an :class:`Equilibrium` whose gap is the one over the polytope (:func:`constrained_gap`). Raises
    ``ValueError`` if the sizes differ, ``GameTooLarge`` if the program would not fit.
    """
    within = positive(tolerance, "tolerance")
    _require_size(game, polytope)
    n, k, m = game.size, len(polytope.h), len(polytope.f)
    require_memory(4 * n * (n + k + m), f"the linear program of {n:,} actions")
    A = game.matrix
    scale = float(np.abs(A).max()) or 1.0
    # unknowns: π, λ, ρ, v
    replies = np.hstack([A / scale, -polytope.G.T, -polytope.E.T, -np.ones((n, 1))])
    inside = np.hstack([polytope.G, np.zeros((k, k + m + 1))])
    equal = np.vstack(
        [
            np.hstack([polytope.E, np.zeros((m, k + m + 1))]),
            np.hstack([np.ones(n), np.zeros(k + m + 1)]),
        ]
    )
    found = linprog(
        np.concatenate([np.zeros(n), polytope.h, polytope.f, [1.0]]),
        A_ub=np.vstack([replies, inside]),
        b_ub=np.concatenate([np.zeros(n), polytope.h]),
        A_eq=equal,
        b_eq=np.append(polytope.f, 1.0),
        bounds=[(0, None)] * (n + k) + [(None, None)] * (m + 1),
        method="highs",
    )
    if found.x is None:  # both sides are feasible, so HiGHS failed; the inside of X is the best there is
        policy, reason = polytope.interior, f"HiGHS: {found.message}"
    else:
        policy, reason = np.maximum(found.x[:n], 0), f"the gap of HiGHS's policy was not within {within:g}"
        policy /= policy.sum()
    gap = constrained_gap(game, polytope, policy)
    return Equilibrium(
        policy=policy,
        gap=gap,
        converged=gap <= within,
        iterations=int(found.nit),
        method="linear program over a polytope",
        tolerance=within,
        history=np.array([gap]),
        reason="" if gap <= within else reason,
        last=policy,
        last_gap=gap,
    )


def constrained_gap(game: PreferenceGame, polytope: Polytope, policy: ArrayLike) -> float:
    """``2 max_{ν in X} νᵀAπ``, an upper bound from multipliers; ``ValueError`` unless π is a policy of X."""
    _require_size(game, polytope)
    pi = policy_of(policy, game.size)
    require_in(polytope, pi, "policy")
    return 2 * linear_maximum(polytope, game.advantages(pi)).bound


def _require_size(game: PreferenceGame, polytope: Polytope) -> None:
    if game.size != polytope.size:
        raise ValueError(f"polytope: is one of policies over {polytope.size} actions; the game has {game.size}")
