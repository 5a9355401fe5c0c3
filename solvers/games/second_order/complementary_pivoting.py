"""Complementary pivoting for the original game: from a rough policy to an exact equilibrium along a path of policies.

With the slacks ``s = v 1 - A p``, an equilibrium is ``p >= 0, s >= 0, Σp = 1, p_i s_i = 0``: a linear complementarity
problem whose matrix is skew-symmetric. Let every action y pay θ d_y for being played, so that

    s = v 1 - A p + θ d.

Any policy q on a set S of actions is the equilibrium at θ = 1 for penalties ``d = A q`` on S and a little more than
``max(A q, 0)`` elsewhere. The equilibrium at θ has ``p = 0`` outside S and ``s = 0`` on S, and is linear in θ as long
as S stays. At θ = 0 it is that of the game; on the way there,

1. the first entry to reach 0 of ``p_S`` or of s outside S, that of an action r, is to change sides: r leaves or enters;
2. with θ fixed, the other of p_r and s_r grows from 0 and moves all others, until one of them, that of c, is 0 as well:
   c changes sides, too, and θ can fall further.

A skew-symmetric matrix has no diagonal to pivot on, so it is always two actions that change sides: S stays odd and

    [ 0   1ᵀ    ] [v  ]   [  1    ]
    [ 1  -A_SS  ] [p_S] = [-θ d_S ]

regular. One system of |S| + 1 equations a pivot and two products with |S| rows of A: a pivot costs O(|S|³ + N |S|), and
where supports are small some 20 to 60 of them are all there is to do. Without ties θ falls at each pivot, so that no S
comes back and the path ends; ties are broken by penalties that differ. The policy that it starts with is the average of
a few iterations of predictive regret matching⁺, on the actions that weigh most in it.

Sources: Dantzig 1963, section 11.3 (the self-dual parametric method); Lemke 1965; Murty 1988, chapter 2; for the start
Farina, Kroer and Sandholm 2021 (2007.14358, Algorithm 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import DELAY, Callback, Seen
from solvers.games.game import PreferenceGame, exploitability, positive, require_game
from solvers.games.payoffs import Array, Indices, require_memory
from solvers.games.second_order.threads import suited_to

METHOD = "complementary pivoting"
MATRICES = 4  # N × N arrays held at once
ROUGHLY = 20  # iterations of regret matching for the start
FIRST = 15  # actions of the start, odd
MARGIN = 0.05  # what actions outside it pay at least, in units of the largest payoff
GOLDEN = (5**0.5 - 1) / 2
ZERO = 1e-14  # numbers that are not negative count as so much at least when divided by
REGULAR = 1e-9  # the least pivot of the first system, in units of the largest payoff


class Vertex(NamedTuple):
    """Where a linear piece of the path ends: the actions S, their weights ``constant + θ slope``, and θ."""

    actions: Indices
    constant: Array
    slope: Array
    theta: float

    def policy(self, size: int) -> Array:
        """The policy of all actions."""
        policy = np.zeros(size)
        policy[self.actions] = np.maximum(self.constant + self.theta * self.slope, 0.0)  # rounding leaves -1e-17
        return np.asarray(policy / policy.sum())


def complementary_pivoting(
    game: PreferenceGame,
    *,
    tolerance: float = 1e-9,
    iterations: int = 10_000,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """A von Neumann winner by complementary pivoting: the fastest for hundreds of actions of which few are played.

    iterations: of pivots; where many actions are played they are many, and dear. The policy is exact to rounding, with
    zeros outside its support. tolerance: of the gap, absolute; it does not end the path, the answer is judged by it.
    Degenerate games may end in rounding: not converged. callback and progress: as in
    :func:`solvers.games.first_order.loop.run`; without a callback the gap is not looked at before the end, and
    `history` is NaN there. Raises ``TypeError`` for no game, ``ValueError`` for a tolerance or iterations that are not
    positive, ``GameTooLarge``.
    """
    require_game(game)
    within = positive(tolerance, "tolerance")
    count = whole_number(iterations, "iterations", 1)
    require_memory(MATRICES * game.size**2, f"complementary pivoting with {game.size:,} actions")
    policy = np.full(game.size, 1 / game.size)
    theta = 1.0
    gaps: list[float] = []
    disable = None if progress is None else not progress
    with suited_to(game.size), tqdm(total=count, desc=METHOD, disable=disable, delay=DELAY, leave=False) as bar:
        for vertex in equilibrium_path(game.matrix):
            theta = vertex.theta
            gaps.append(np.nan)
            if callback is not None:
                policy = vertex.policy(game.size)
                gaps[-1] = exploitability(game, policy)
                callback(Seen(len(gaps), policy, gaps[-1], None, np.nan))
            bar.update(1)
            if len(gaps) == count:
                break
        if gaps:
            policy = vertex.policy(game.size)
    gap = exploitability(game, policy)
    if gaps:
        gaps[-1] = gap
    reason = ""
    if not gap <= within:
        spent = f"after {count:,} pivots" if theta and len(gaps) == count else "and rounding lets it go no further"
        reason = f"the gap was not within {within:g} {spent}"
    return Equilibrium(
        policy=policy,
        gap=gap,
        converged=gap <= within,
        iterations=len(gaps),
        method=METHOD,
        tolerance=within,
        history=np.array(gaps),
        reason=reason,
        last=policy,
        last_gap=gap,
    )


def equilibrium_path(A: Array) -> Iterator[Vertex]:
    """The path's vertices, θ falling, the last at θ = 0 unless rounding ends it; each is good until the next."""
    largest = float(A.max())
    if largest and not 1e-3 < largest < 1e3:  # p and s are to be of a size
        yield from equilibrium_path(A / largest)
        return
    basis, d = _start(A, largest)
    theta = 1.0
    while basis.factorise():
        S = basis.actions
        k = len(S) + 1
        right = np.zeros((k, 2), order="F")
        right[0, 0] = 1.0
        right[1:, 1] = -d[S]
        x, x_slope = basis.solve(right).T  # (v, p_S), its constant part and that in θ
        constant, slope = x @ basis.rows[:k], x_slope @ basis.rows[:k]
        slope += d
        constant[S], slope[S] = x[1:], x_slope[1:]  # p on S, s outside it
        rates = slope / np.maximum(constant + theta * slope, ZERO)
        r = int(rates.argmax())
        rate = float(rates[r])
        if not isfinite(rate):
            return
        if rate * theta <= 1 + 1e-12:
            yield Vertex(S, x[1:], x_slope[1:], 0.0)
            return
        theta -= 1 / rate
        yield Vertex(S, x[1:], x_slope[1:], theta)
        place = basis.places[r]
        if place:  # p_r has reached 0: s_r grows
            force = np.zeros(k)
            force[place] = 1.0
        else:
            force = basis.rows[:k, r].copy()  # A_Sr; p_r grows
            force[0] = -1.0
        y = basis.solve(force)
        change = y @ basis.rows[:k]
        if not place:
            change += A[r]
        change[S] = y[1:]
        change[r] = 0.0
        change /= np.maximum(constant + theta * slope, ZERO)
        c = int(change.argmin())
        if not change[c] < 0:
            return
        basis.exchange(r, c)


class _Basis:
    """S with its rows of A and its system, in storage that grows with S in place."""

    __slots__ = ("A", "actions", "factors", "pivots", "places", "rows", "stored", "system")

    def __init__(self, A: Array, actions: Indices) -> None:
        size, k = len(A), len(actions) + 1
        self.A = A
        self.stored = np.empty(size, dtype=np.intp)
        self.stored[: k - 1] = actions
        self.actions = self.stored[: k - 1]  # S
        self.places = [0] * size  # where an action is in the system, 0: not in S
        self.rows = np.empty((size + 1, size))  # ones, then the rows of A
        self.system = np.empty((size + 1, size + 1), order="F")
        self.rows[0] = 1.0
        self.rows[1:k] = A[actions]
        self.system[0], self.system[:, 0] = 1.0, 1.0
        self.system[0, 0] = 0.0
        self.system[1:k, 1:k] = self.rows[1:k, actions].T
        for place, action in enumerate(actions.tolist(), 1):
            self.places[action] = place

    def factorise(self) -> bool:
        """Whether the system is regular."""
        k = len(self.actions) + 1
        self.factors, self.pivots, failed = dgetrf(self.system[:k, :k])
        return not failed

    def solve(self, right: Array) -> Array:
        """The system's solution, with the factors made last; overwrites the right side."""
        return np.asarray(dgetrs(self.factors, self.pivots, right, overwrite_b=1)[0])

    def exchange(self, r: int, c: int) -> None:
        """Both change sides."""
        r_leaves, c_leaves = self.places[r] > 0, self.places[c] > 0
        if r_leaves and c_leaves:
            self._remove(r)
            self._remove(c)
        elif r_leaves or c_leaves:
            out, new = (r, c) if r_leaves else (c, r)
            place = self.places[out]
            self.places[out] = 0
            self._put(new, place)
        else:
            for action in (r, c):
                self.actions = self.stored[: len(self.actions) + 1]
                self._put(action, len(self.actions))

    def _put(self, action: int, place: int) -> None:
        k = len(self.actions) + 1
        self.actions[place - 1] = action
        self.places[action] = place
        self.rows[place] = self.A[action]
        self.system[place, 1:k] = self.rows[1:k, action]
        self.system[1:k, place] = self.rows[place, self.actions]

    def _remove(self, action: int) -> None:
        """The last action takes its place."""
        place, last = self.places[action], int(self.actions[-1])
        self.actions = self.actions[:-1]
        self.places[action] = 0
        if last != action:
            self._put(last, place)


def _start(A: Array, largest: float) -> tuple[_Basis, Array]:
    """The first S, odd and with a regular system, and the penalties for which a policy on it is an equilibrium."""
    size = len(A)
    rough = _rough_policy(A)
    first = min(FIRST, size - 1 + size % 2)
    for actions in (np.argpartition(-rough, first - 1)[:first], np.array([rough.argmax()])):
        basis = _Basis(A, actions)
        if basis.factorise() and np.abs(basis.factors.diagonal()).min() > REGULAR * largest:
            break
    q = rough[actions] / rough[actions].sum()
    gain = -(q @ A[actions])
    # Multiples of the golden ratio lie evenly and differ: no two actions outside S are tied.
    d = np.maximum(gain, 0.0) + MARGIN * largest * (1 + GOLDEN * np.arange(size) % 1)
    d[actions] = gain[actions]
    return basis, d


def _rough_policy(A: Array) -> Array:
    """The quadratic average of a few iterations of predictive regret matching⁺ against itself: ``p·Ap = 0``."""
    size = len(A)
    p = np.full(size, 1 / size)
    gain = A @ p
    regrets, total = np.zeros(size), np.zeros(size)
    for t in range(1, ROUGHLY + 1):
        regrets += gain
        np.maximum(regrets, 0.0, out=regrets)
        predicted = np.maximum(regrets + gain, 0.0)
        weight = predicted.sum()
        if weight > 0:
            p = predicted / weight
        gain = A @ p
        total += t * t * p
    return np.asarray(total / total.sum())
