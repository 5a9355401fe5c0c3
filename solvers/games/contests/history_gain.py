"""What a deviation with memory gains against a policy: the whole tree of histories, and a bound on its tail.

A deviation chooses an action at each history ``(s_0, a_0, …, s_t)``; its payoff against a fixed opponent is
``(1-γ) Σ_t γ^t E r(s_t, a_t)``, ``r = φ d``. :func:`history_dependent_gain` maximises it over the choices at all
histories of up to H steps by backward induction *on histories*: no two are merged, even where they end in the same
state, so it does not take for granted that the state suffices. From step H on,

* the deviation that goes back to the policy itself is a possible one: the *lower* bound, attained;
* no continuation is worth more than ``γ^H max r``: the *upper* bound.

For a policy that solves the contest the lower bound is 0, and the upper one falls to 0 as γ^H; of any policy the best
gain is half its gap (2606.00367, Theorem 5.6; Puterman 1994, Theorem 5.5.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from solvers.arguments import whole_number
from solvers.games.contests.decision_contest import DecisionContest, occupancy_of, stationary_policy
from solvers.games.payoffs import require_memory

LONGEST = 100_000  # steps


@dataclass(frozen=True, slots=True, eq=False)
class HistoryGain:
    """``lower <= max over history-dependent deviations of d'ᵀ φ d_π <= upper``; histories: how many were decided at."""

    lower: float
    upper: float
    histories: int
    horizon: int


def history_dependent_gain(contest: DecisionContest, policy: ArrayLike, horizon: int) -> HistoryGain:
    """The best gain of a history-dependent deviation from a stationary policy (S, A), in units of φ.

    horizon: H >= 1; there are S (S A)^t histories of t steps. Raises ``GameTooLarge`` if they would not fit,
    ``ValueError``/``TypeError`` for what is no contest, no policy (S, A), or no horizon.
    """
    pi = stationary_policy(contest, policy)
    H = whole_number(horizon, "horizon", 1)
    S, A, gamma, P = contest.states, contest.actions, contest.discount, contest.transitions
    # beyond floats, or, of a single state and action, for ever
    endless = H > LONGEST or H * np.log(S * A) > 600
    cells = np.inf if endless else 6.0 * S * float(S * A) ** H
    require_memory(cells, f"the tree of histories of {H} steps")
    r = contest.reward(occupancy_of(contest, pi))
    moves = np.einsum("sa,sat->st", pi, P)
    V = np.linalg.solve(np.eye(S) - gamma * moves, (pi * r).sum(axis=1))
    bounds = []
    for tail in (V, np.full(S, r.max() / (1 - gamma))):
        # worth[h, s]: of the history h that ends in s, the oldest state first; at the horizon it is the tail's
        worth = np.broadcast_to(tail, ((S * A) ** H, S))
        for t in reversed(range(H)):
            following = worth.reshape((S * A) ** t, S, A, S)
            worth = (r + gamma * (following * P).sum(axis=3)).max(axis=2)
        bounds.append((1 - gamma) * float(contest.initial @ worth[0]))
    return HistoryGain(bounds[0], bounds[1], sum(S * (S * A) ** t for t in range(H)), H)
