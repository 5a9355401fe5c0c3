"""Markov decision contests: two policies of one Markov process, compared by what they do where.

A process ``(S, A, P, ι, γ)`` without a reward, γ in [0, 1), and a skew-symmetric comparison φ of state–action pairs.
The normalised discounted occupancy of a policy π,

    d_π(s, a) = (1-γ) Σ_t γ^t Pr(s_t = s, a_t = a),      Σ_a d(s', a) = (1-γ) ι(s') + γ Σ_{s,a} P(s' | s, a) d(s, a),

is a distribution; the two policies play their processes independently, a moment is drawn from each, with
probability (1-γ)γ^t, and π is preferred to π' by ``d_πᵀ φ d_π'`` (with probability 1/2 + that, where φ = p - 1/2 is one
of probabilities). The occupancies of stationary policies are all that the flow constraints above allow, and of
history-dependent policies there are no others (Puterman 1994, section 6.9 and Theorem 5.5.1): so the contest is a
symmetric bilinear game over a polytope. Against a fixed π' it is a Markov decision process with the reward
``r = φ d_π'``, whose best reply policy iteration finds, and THE JUDGE is

    gap(π) = 2 max_{π'} d_π'ᵀ φ d_π,    zero exactly where no policy, of whatever memory, beats π.

Source: Colaço Carr, Panangaden, Precup and Van Roy, *Reinforcement Learning with Pairwise Preferences in Long-Term
Decision Problems*, 2026 (2606.00367): stationary policies suffice (Theorem 5.6), and an exact solution is in P
(Theorem 6.1); the numbers are those of a reproduction's list, the paper's text was not at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solvers.arguments import real_array, real_number
from solvers.games.game import PreferenceGame, game_of, policy_of
from solvers.games.payoffs import Array, Dense, Factored, Indices, require_memory
from solvers.rewards.markov.markov_models import MarkovModel

SUMS = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class DecisionContest:
    """A Markov decision contest.

    transitions: (S, A, S), ``P(s' | s, a)``. initial: (S,), ι. discount: γ in [0, 1). comparison: a
    :class:`PreferenceGame` whose actions are the state–action pairs in the order ``s * A + a`` (for skew-symmetric
    payoffs :func:`solvers.games.skew_game`), ``Dense`` or ``Factored`` payoffs, or an array of probabilities p,
    (S A, S A) or (S, A, S, A), with ``p + pᵀ = 1``. Raises ``ValueError``/``TypeError`` naming the argument.
    """

    transitions: Any
    initial: Any
    discount: float
    comparison: Any

    def __post_init__(self) -> None:
        P = real_array(self.transitions, "transitions")
        if P.ndim != 3 or P.shape[0] != P.shape[2] or not P.size:
            raise ValueError(f"transitions: has shape {P.shape}; give (S, A, S)")
        bad = np.argwhere(~((P >= 0).all(axis=2) & (np.abs(P.sum(axis=2) - 1) <= SUMS)))
        if len(bad):
            s, a = bad[0].tolist()
            raise ValueError(
                f"transitions: from state {s} by action {a} there are {P[s, a].tolist()}, no distribution over states"
            )
        states, actions = P.shape[:2]
        require_memory(3.0 * states * states * actions, f"a process of {states:,} states and {actions:,} actions")
        gamma = real_number(self.discount, "discount")
        if not 0 <= gamma < 1:
            raise ValueError(f"discount: must be in [0, 1), got {self.discount}")
        comparison = self.comparison
        if isinstance(comparison, Dense | Factored):
            comparison = game_of(comparison)
        elif not isinstance(comparison, PreferenceGame):
            shape = np.shape(comparison)
            if shape == (states, actions, states, actions):
                comparison = np.asarray(comparison).reshape(states * actions, states * actions)
            comparison = PreferenceGame(comparison)
        if comparison.size != states * actions:
            raise ValueError(
                f"comparison: of {comparison.size} pairs; there are {states} states times {actions} actions, "
                f"{states * actions}"
            )
        initial = real_array(self.initial, "initial")
        if initial.shape != (states,):
            raise ValueError(f"initial: has shape {initial.shape}; give {states} probabilities, one for each state")
        P.setflags(write=False)
        for name, value in {
            "transitions": P,
            "initial": policy_of(initial, states, "initial"),
            "discount": gamma,
            "comparison": comparison,
        }.items():
            object.__setattr__(self, name, value)

    @property
    def states(self) -> int:
        """S."""
        return int(self.transitions.shape[0])

    @property
    def actions(self) -> int:
        """A."""
        return int(self.transitions.shape[1])

    def reward(self, occupancy: Array) -> Array:
        """``φ d`` (S, A): the reward of the decision process that an opponent with occupancy d makes of the contest."""
        shape = (self.states, self.actions)
        return np.asarray(self.comparison.advantages(occupancy.reshape(-1)).reshape(shape))


def require_contest(contest: object) -> DecisionContest:
    """The contest itself; ``TypeError`` for anything else."""
    if not isinstance(contest, DecisionContest):
        raise TypeError(
            f"contest must be a DecisionContest, got {type(contest).__name__}: DecisionContest(transitions, initial, "
            "discount, comparison) or contest_of(model, comparison) makes one"
        )
    return contest


def require_model(model: object) -> MarkovModel:
    """The model itself; ``TypeError`` for anything else."""
    if not isinstance(model, MarkovModel):
        raise TypeError(f"model must be a MarkovModel, got {type(model).__name__}; arrays make a DecisionContest")
    return model


def contest_of(model: MarkovModel, comparison: Any) -> DecisionContest:
    """The contest on a :class:`MarkovModel`, in float64; comparison as for :class:`DecisionContest`.

    Raises ``TypeError`` for what is no model, ``GameTooLarge``, and what :class:`DecisionContest` does.
    """
    states, actions = len(require_model(model).states), len(model.actions)
    require_memory(3.0 * states * states * actions, f"a process of {states:,} states and {actions:,} actions")
    index = {s: i for i, s in enumerate(model.states)}
    P = np.zeros((len(index), len(model.actions), len(index)))
    for i, s in enumerate(model.states):
        for j, a in enumerate(model.actions):
            for following, p in model.rows[s, a].items():
                P[i, j, index[following]] = float(p)
    initial = np.zeros(len(index))
    for s, p in model.start.items():
        initial[index[s]] = float(p)
    return DecisionContest(P, initial, float(model.discount), comparison)


def stationary_policy(contest: DecisionContest, policy: ArrayLike, name: str = "policy") -> Array:
    """A stationary policy as float64 (S, A): a distribution over actions for each state; or ``ValueError``.

    ``TypeError`` for what is no contest.
    """
    require_contest(contest)
    pi = real_array(policy, name)
    if pi.shape != (contest.states, contest.actions):
        raise ValueError(f"{name}: has shape {pi.shape}; give ({contest.states}, {contest.actions}), a row per state")
    for s, row in enumerate(pi):
        policy_of(row, contest.actions, f"{name}, state {s}")
    return pi


def contest_occupancy(contest: DecisionContest, policy: ArrayLike) -> Array:
    """``d_π`` (S, A), which sums to 1, by one linear system; `solvers.occupancy` is exact, and sums to 1/(1-γ)."""
    return occupancy_of(contest, stationary_policy(contest, policy))


def occupancy_of(contest: DecisionContest, pi: Array) -> Array:
    """:func:`contest_occupancy` of what is known to be a policy."""
    gamma = contest.discount
    moves = np.einsum("sa,sat->st", pi, contest.transitions)
    visits = np.linalg.solve(np.eye(contest.states) - gamma * moves.T, (1 - gamma) * contest.initial)
    visits = np.maximum(visits, 0)  # a state that is never reached may come out as -1e-20
    return np.asarray((visits / visits.sum())[:, None] * pi)


def policy_of_occupancy(contest: DecisionContest, occupancy: Array) -> Array:
    """The stationary policy of an occupancy, ``π(a | s) = d(s, a) / Σ d(s, ·)``; uniform where d never is."""
    d = np.maximum(occupancy.reshape(contest.states, contest.actions), 0)
    visits = d.sum(axis=1, keepdims=True)
    seen = visits > 1e-15
    return np.where(seen, d / np.where(seen, visits, 1), 1 / contest.actions)


@dataclass(frozen=True, slots=True, eq=False)
class BestReply:
    """A deterministic policy (S,) of actions, its value in units of φ, and an upper bound on every policy's value."""

    actions: Indices
    value: float
    bound: float


def best_reply_to(contest: DecisionContest, occupancy: Array) -> BestReply:
    """The best reply to an opponent's occupancy (S, A), by Howard's policy iteration.

    The bound holds for whatever V it stopped at: ``max d·r <= (1-γ) ι·V + max_{s,a} (r + γ P V - V)₊``, as adding
    δ/(1-γ) to V makes it superharmonic.
    """
    r, gamma, P = contest.reward(occupancy), contest.discount, contest.transitions
    every = np.arange(contest.states)
    chosen = r.argmax(axis=1)
    for _ in range(
        1000
    ):  # some ten in practice; in rounding's reach it might go in circles, and the bound holds anyway
        V = np.linalg.solve(np.eye(contest.states) - gamma * P[every, chosen], r[every, chosen])
        Q = r + gamma * (P @ V)
        excess = Q - V[:, None]
        better = excess.max(axis=1) > 1e-13 * max(1.0, float(np.abs(V).max()))  # no changes among ties of rounding
        if not better.any():
            break
        chosen = np.where(better, excess.argmax(axis=1), chosen)
    value = (1 - gamma) * float(contest.initial @ V)
    return BestReply(chosen, value, value + max(0.0, float(excess.max())))


def contest_gap(contest: DecisionContest, policy: ArrayLike) -> float:
    """THE JUDGE: ``2 max_π' d_π'ᵀ φ d_π``, an upper bound exact up to rounding; >= 0 but for rounding.

    Raises ``TypeError`` for what is no contest, ``ValueError`` for what is no policy (S, A).
    """
    return gap_of(contest, stationary_policy(contest, policy))


def gap_of(contest: DecisionContest, pi: Array) -> float:
    """:func:`contest_gap` of what is known to be a policy."""
    return 2 * best_reply_to(contest, occupancy_of(contest, pi)).bound


@dataclass(frozen=True, slots=True, eq=False)
class ContestSolution:
    """A stationary policy (S, A) and its certified gap.

    occupancy: (S, A), normalised. gap: of `policy`, recomputed by :func:`contest_gap`. converged: gap <= tolerance; if
    not, `reason` says why, and the policy is no answer, only the best so far. `policy` is the best seen of the last
    ones and of those of the average occupancy, which are told apart; history, average_history: their gaps after each
    iteration, NaN where they were not judged.
    """

    policy: Array
    occupancy: Array
    gap: float
    converged: bool
    iterations: int
    method: str
    tolerance: float
    history: Array
    reason: str = ""
    last: Array | None = None
    last_gap: float = np.nan
    average: Array | None = None
    average_gap: float = np.nan
    average_history: Array | None = None

    def __repr__(self) -> str:
        state = "converged" if self.converged else f"NOT CONVERGED ({self.reason})"
        states, actions = self.policy.shape
        return (
            f"ContestSolution({self.method}: {state}, gap {self.gap:.2e}, tolerance {self.tolerance:.0e}, "
            f"{self.iterations} iterations, {states} states × {actions} actions)"
        )
