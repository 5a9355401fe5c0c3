"""Iterative algorithms for Markov decision contests: Hedge in each state, and repeated best replies.

They face, in iteration k, the decision process whose reward is ``r_k = φ d_k``, d_k the occupancy of their own policy
(self-play). With the marginal value ``Q_k(s, a) = r_k(s, a) + γ Σ P V_k`` of an action, the performance difference
lemma

    d_π·r_k - d_k·r_k = Σ_{s,a} d_π(s) (π(a | s) - π_k(a | s)) Q_k(s, a)

makes the regret against any π a sum of regrets of the states, weighted by d_π(s). So with Hedge in each state,
``π_{k+1}(a | s) ∝ exp(η Σ_{j<=k} Q_j(s, a))``, and as ``d_k·r_k = 0`` by skewness, the *average occupancy* of K
iterations has, for ``η = √(8 log A / K) / ρ`` and ρ a bound on the range of Q, at most the gap

    2 ρ √(log A / (2 K)),        ρ = 2 max|φ| / (1-γ).

The last iterate may circle, and with optimism it may be the better one: both are judged. This is what 2606.00367 does
in kind: its iterative algorithm is built on marginal values and that lemma (7.3, 7.4), and converges as O(1/√K)
(Theorem 7.5); its text was not at hand, so that its step and its constants may differ. The default step is adaptive,
``η_k(s)² = log A / Σ_{j<=k} range_a(Q_j(s, a) - guess_j(s, a))²``, with the guess 0, or, for optimistic Hedge, which
adds the guess of the next Q once more, Q_{j-1} (Rakhlin & Sridharan 2013): O(1/√K) again, mostly better. Fictitious
play (Brown 1951; on occupancies: Frank–Wolfe) replies to the average occupancy by policy iteration, the double oracle
to the winner among its past replies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.contests.decision_contest import (
    ContestSolution,
    DecisionContest,
    best_reply_to,
    gap_of,
    occupancy_of,
    policy_of_occupancy,
    require_contest,
)
from solvers.games.first_order.loop import DELAY
from solvers.games.first_order.norms import largest_payoff
from solvers.games.game import positive, skew_game
from solvers.games.payoffs import Array
from solvers.games.saddle.constrained_winner import constrained_winner
from solvers.games.saddle.polytope import Polytope


@dataclass(frozen=True, slots=True, eq=False)
class ContestSeen:
    """What a callback is told after each judged iteration."""

    iteration: int
    last: Array
    last_gap: float
    average: Array
    average_gap: float


ContestCallback = Callable[[ContestSeen], object]


def hedge_step(contest: DecisionContest, iterations: int) -> tuple[float, float]:
    """``η = √(8 log A / K) / ρ`` for K iterations, and ``2 ρ √(log A / (2 K))``, which the average's gap then obeys.

    ρ of factored payoffs is by a bound on the largest, so that no matrix is made. Raises ``TypeError`` for what is no
    contest, ``ValueError``/``TypeError`` unless `iterations` is a whole number of at least 1.
    """
    largest = largest_payoff(require_contest(contest).comparison.payoffs)
    count = whole_number(iterations, "iterations", 1)
    spread, nats = 2 * largest / (1 - contest.discount) or 1.0, float(np.log(max(2, contest.actions)))
    return float(np.sqrt(8 * nats / count)) / spread, 2 * spread * float(np.sqrt(nats / (2 * count)))


def contest_hedge(
    contest: DecisionContest,
    iterations: int,
    *,
    step: float | None = None,
    optimistic: bool = False,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: ContestCallback | None = None,
    progress: bool | None = None,
) -> ContestSolution:
    """Hedge in each state from the uniform policy, in log space.

    step: a constant η, as by :func:`hedge_step`; ``None``: the adaptive one. One linear system of the size of the
    states an iteration. tolerance: absolute, in units of the comparison. Raises ``ValueError``/``TypeError`` for
    arguments.
    """
    count = whole_number(iterations, "iterations", 1)
    eta = None if step is None else positive(step, "step")
    method = "optimistic Hedge in each state" if optimistic else "Hedge in each state"
    return _run(contest, _hedge(contest, eta, optimistic), method, count, tolerance, every, callback, progress)


def contest_fictitious_play(
    contest: DecisionContest,
    iterations: int,
    *,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: ContestCallback | None = None,
    progress: bool | None = None,
) -> ContestSolution:
    """Best replies to the average occupancy, from the uniform policy's.

    Arguments and errors as of :func:`contest_hedge`. Ties go to the first action.
    """
    count = whole_number(iterations, "iterations", 1)
    return _run(contest, _fictitious(contest), "fictitious play", count, tolerance, every, callback, progress)


def contest_double_oracle(
    contest: DecisionContest,
    iterations: int = 1000,
    *,
    tolerance: float = 1e-9,
    every: int = 1,
    callback: ContestCallback | None = None,
    progress: bool | None = None,
) -> ContestSolution:
    """The winner among the policies so far, by a linear program; the best reply to it joins them, until none gains.

    Starts from the best reply to the uniform policy. Finite, as there are finitely many deterministic policies
    (McMahan, Gordon and Blum 2003); the average of the record is the mixture's occupancy, the last policy the best
    reply. Arguments and errors as of :func:`contest_hedge`.
    """
    count = whole_number(iterations, "iterations", 1)
    return _run(contest, _oracle(contest), "double oracle", count, tolerance, every, callback, progress)


def _hedge(contest: DecisionContest, step: float | None, optimistic: bool) -> Iterator[tuple[Array, Array]]:
    """Each policy with the average of the occupancies so far, its own included."""
    S, A, gamma, P = contest.states, contest.actions, contest.discount, contest.transitions
    logs, average, k = np.full((S, A), -np.log(A)), np.zeros((S, A)), 0
    sums, guess, squares = np.zeros((S, A)), np.zeros((S, A)), np.zeros((S, 1))
    while True:
        pi = np.exp(logs)
        d = occupancy_of(contest, pi)
        k += 1
        average = average + (d - average) / k
        yield pi, average
        r = contest.reward(d)
        moves = np.einsum("sa,sat->st", pi, P)
        Q = r + gamma * (P @ np.linalg.solve(np.eye(S) - gamma * moves, (pi * r).sum(axis=1)))
        sums += Q
        squares += np.ptp(Q - guess, axis=1, keepdims=True) ** 2
        guess = Q if optimistic else guess
        # a state whose actions were all alike so far stays uniform whatever the step is
        eta = np.sqrt(np.log(A) / np.where(squares > 0, squares, 1.0)) if step is None else step
        logs = log_softmax(eta * (sums + guess), axis=1)


def _fictitious(contest: DecisionContest) -> Iterator[tuple[Array, Array]]:
    states = np.arange(contest.states)
    pi = np.full((contest.states, contest.actions), 1 / contest.actions)
    average, k = occupancy_of(contest, pi), 1
    while True:
        yield pi, average
        pi = np.zeros_like(pi)
        pi[states, best_reply_to(contest, average).actions] = 1.0
        k += 1
        average = average + (occupancy_of(contest, pi) - average) / k


def _oracle(contest: DecisionContest) -> Iterator[tuple[Array, Array]]:
    states, shape = np.arange(contest.states), (contest.states, contest.actions)
    occupancies = np.zeros((0, contest.states * contest.actions))
    rewards, table = np.zeros_like(occupancies), np.zeros((0, 0))
    mixture = occupancy_of(contest, np.full(shape, 1 / contest.actions))
    while True:
        pi = np.zeros(shape)
        pi[states, best_reply_to(contest, mixture).actions] = 1.0
        new = occupancy_of(contest, pi)
        if (occupancies == new.reshape(-1)).all(axis=1).any():
            return  # what it gains against the mixture is rounding
        gains = rewards @ new.reshape(-1)  # of the new one against the old ones
        table = np.block([[table, -gains[:, None]], [gains[None], np.zeros((1, 1))]])
        occupancies = np.vstack([occupancies, new.reshape(1, -1)])
        rewards = np.vstack([rewards, contest.reward(new).reshape(1, -1)])
        weights = constrained_winner(skew_game(table), Polytope(len(table))).policy
        mixture = (weights @ occupancies).reshape(shape)
        yield pi, mixture


def _run(
    contest: DecisionContest,
    steps: Iterator[tuple[Array, Array]],
    method: str,
    count: int,
    tolerance: float,
    every: int,
    callback: ContestCallback | None,
    progress: bool | None,
) -> ContestSolution:
    require_contest(contest)
    within, stride = positive(tolerance, "tolerance"), whole_number(every, "every", 1)
    last_gaps, average_gaps = np.full(count, np.nan), np.full(count, np.nan)
    done, best = 0, (np.inf, np.zeros((0, 0)))
    reason = f"the gap was not within {within:g} after {count:,} iterations"
    disable = None if progress is None else not progress
    with tqdm(total=count, desc=method, disable=disable, delay=DELAY, leave=False) as bar:
        while True:
            step = next(steps, None)
            if step is not None:
                last, occupancy = step
                done += 1
                if done % stride and done < count:
                    continue
            else:
                reason = f"no reply is new after {done:,} iterations: rounding keeps the gap above {within:g}"
            average = policy_of_occupancy(contest, occupancy)
            for shown in (last, average):  # to callbacks: writing to it would change the run
                shown.setflags(write=False)
            last_gap, average_gap = gap_of(contest, last), gap_of(contest, average)
            last_gaps[done - 1], average_gaps[done - 1] = last_gap, average_gap
            best = min(best, (last_gap, last), (average_gap, average), key=lambda judged: judged[0])
            if callback is not None:
                callback(ContestSeen(done, last, last_gap, average, average_gap))
            bar.update(done - bar.n)
            if step is None or done == count or best[0] <= within:
                break
    gap = gap_of(contest, best[1])
    return ContestSolution(
        policy=best[1],
        occupancy=occupancy_of(contest, best[1]),
        gap=gap,
        converged=gap <= within,
        iterations=done,
        method=method,
        tolerance=within,
        history=last_gaps[:done],
        reason="" if gap <= within else reason,
        last=last,
        last_gap=last_gap,
        average=average,
        average_gap=average_gap,
        average_history=average_gaps[:done],
    )
