"""Treeplexes: a player's decisions in a tree as arrays, and his policies as vectors over sequences.

An information set j is reached by one sequence ``parent(j)`` of the player's own actions (perfect recall), 0 being the
empty one; each of its actions a makes a new sequence ``ja``. A *behaviour* b gives each set a distribution over its
actions; its *realisation plan* x is what it makes of sequences,

    x_0 = 1,   x_{ja} = b_{ja} x_{parent(j)}   (so that Σ_a x_{ja} = x_{parent(j)}),

in which payoffs are bilinear (von Stengel 1996; Koller, Megiddo and von Stengel 1996). The *dilated divergence*

    D(x ‖ x') = Σ_j w_j x_{parent(j)} KL(b_j ‖ b'_j)

with weights w is the Bregman divergence of the dilated entropy (Hoda et al. 2010); with w_j the probability with which
chance allows j it is the KL divergence of the two policies' distributions over trajectories.

Information sets are numbered level by level, within a level by their parent, so that the sets below a sequence, and
the sequences of a set, lie together: every recursion is a few array operations for each level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import rel_entr

from solvers.arguments import real_array, real_number
from solvers.games.divergences import divergence_terms
from solvers.games.game import SUMS_TO_ONE
from solvers.games.payoffs import Array, Indices


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The information sets of one depth.

    sets, sequences: where they and their sequences lie. starts: where each set's sequences start, from the level's
    first. owner: of each sequence, its set's number within the level. before: of each sequence, the parent of its set.
    above, below: the different parents, and where each one's sets start.
    """

    sets: slice
    sequences: slice
    starts: Indices
    owner: Indices
    before: Indices
    above: Indices
    below: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Treeplex:
    """A player's information sets and sequences.

    parent: (J,) the sequence that leads to each information set. first: (J + 1,) where its sequences start; the first
    is 1, the last the number of sequences. labels: what the sets are called. actions: of each set, its actions'
    labels. weights: (J,) positive, of the dilated divergence; 1 unless given. Sets must be in the order of the
    module's text (:func:`treeplex_of` sorts): a ``ValueError`` says where they are not.
    """

    parent: Indices
    first: Indices
    labels: Sequence[Any]
    actions: Sequence[Sequence[Any]]
    weights: Array
    levels: tuple[Level, ...] = field(init=False)

    def __post_init__(self) -> None:
        J = len(self.parent)
        if (np.diff(self.parent) < 0).any() or (J and self.parent[0] != 0):
            raise ValueError("parent: information sets must be sorted by the sequence that leads to them, from 0 on")
        if len(self.first) != J + 1 or self.first[0] != 1 or not (np.diff(self.first) > 0).all():
            raise ValueError("first: must start at 1 and grow, with one entry more than there are information sets")
        if not len(self.labels) == len(self.actions) == len(self.weights) == J:
            raise ValueError(f"labels, actions and weights: give one for each of the {J} information sets")
        if len(set(self.labels)) != J:
            raise ValueError("labels: two information sets are called the same")
        if not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise ValueError("weights: must be positive and finite")
        object.__setattr__(self, "levels", tuple(self._levels()))
        for array in (self.parent, self.first, self.weights):
            array.setflags(write=False)

    def _levels(self) -> list[Level]:
        levels = []
        start, known = 0, 1  # sets so far, sequences of the levels above
        while start < len(self.parent):
            stop = int(np.searchsorted(self.parent, known, side="left"))
            parents = self.parent[start:stop]
            if stop == start:
                raise ValueError(f"parent: information set {start} comes before the sequence that leads to it")
            sizes = np.diff(self.first[start : stop + 1])
            owner = np.repeat(np.arange(stop - start), sizes)
            above, below = np.unique(parents, return_index=True)
            ends = int(self.first[start]), int(self.first[stop])
            starts = self.first[start:stop] - ends[0]
            levels.append(Level(slice(start, stop), slice(*ends), starts, owner, parents[owner], above, below))
            start, known = stop, ends[1]
        return levels

    @property
    def sequences(self) -> int:
        """The number S of sequences, the empty one among them."""
        return int(self.first[-1])

    @property
    def sets(self) -> int:
        """The number J of information sets."""
        return len(self.parent)

    def __repr__(self) -> str:
        return f"Treeplex({self.sets} information sets, {self.sequences} sequences, {len(self.levels)} levels)"


def require_treeplex(treeplex: object) -> Treeplex:
    """The treeplex itself; ``TypeError`` for anything else, a game above all."""
    if not isinstance(treeplex, Treeplex):
        raise TypeError(
            f"treeplex must be a Treeplex, got {type(treeplex).__name__}: pass game.players[0], or that of the other"
        )
    return treeplex


def _require_sequences(treeplex: object, values: object, name: str) -> None:
    """Raises ``TypeError`` unless it is a treeplex and an array, ``ValueError`` unless that has S numbers."""
    count = require_treeplex(treeplex).sequences
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{name} must be an array, got {type(values).__name__}; read_policy reads other policies")
    if values.shape != (count,):
        raise ValueError(f"{name}: has shape {values.shape}; give {count} numbers, one for each sequence")


def treeplex_of(
    sets: Sequence[tuple[Any, tuple[int, int] | None, Sequence[Any]]], weights: Sequence[float] | None = None
) -> tuple[Treeplex, Indices]:
    """The treeplex of information sets ``(label, (set before, its action) or None, actions)``, and their numbers in it.

    The action before is named by its position. Raises ``ValueError`` for a set without actions or with an unknown one
    before it, or one that is its own ancestor, ``TypeError`` for what is no sequence of sets.
    """
    if not isinstance(sets, Sequence):
        raise TypeError(f"sets must be a sequence of (label, before, actions), got {type(sets).__name__}")
    count = len(sets)
    depth = np.full(count, -1)
    for i in range(count):  # parents come first in most orders; otherwise follow them
        chain = []
        at: int | None = i
        while at is not None and depth[at] < 0:
            chain.append(at)
            if len(chain) > count:
                raise ValueError(f"information set {sets[i][0]!r} is its own ancestor")
            before = sets[at][1]
            if before is not None and not (0 <= before[0] < count and 0 <= before[1] < len(sets[before[0]][2])):
                raise ValueError(f"information set {sets[at][0]!r} follows the unknown action {before}")
            at = None if before is None else before[0]
        level = -1 if at is None else int(depth[at])
        for k, member in enumerate(reversed(chain), 1):
            depth[member] = level + k
    number = np.zeros(count, dtype=np.intp)
    order: list[int] = []
    parent: list[int] = []
    first = [1]
    for level in range(int(depth.max(initial=-1)) + 1):

        def sequence(i: int) -> int:
            before = sets[i][1]
            return 0 if before is None else first[number[before[0]]] + before[1]

        for i in sorted(np.flatnonzero(depth == level).tolist(), key=sequence):
            if not len(sets[i][2]):
                raise ValueError(f"information set {sets[i][0]!r} has no actions")
            number[i] = len(order)
            order.append(i)
            parent.append(sequence(i))
            first.append(first[-1] + len(sets[i][2]))
    weighted = np.ones(count) if weights is None else np.array([float(weights[i]) for i in order])
    plex = Treeplex(
        np.array(parent, dtype=np.intp),
        np.array(first, dtype=np.intp),
        tuple(sets[i][0] for i in order),
        tuple(tuple(sets[i][2]) for i in order),
        weighted,
    )
    return plex, number


# -- policies -------------------------------------------------------------------------------------------------------


def uniform_behaviour(treeplex: Treeplex) -> Array:
    """(S,): every action of a set is as likely as the others; 1 for the empty sequence."""
    sizes = np.diff(treeplex.first)
    return np.concatenate(([1.0], np.repeat(1 / sizes, sizes)))


def plan_of(treeplex: Treeplex, behaviour: Array) -> Array:
    """The realisation plan (S,) of a behaviour (S,), forwards; ``TypeError`` and ``ValueError`` for other arrays."""
    _require_sequences(treeplex, behaviour, "behaviour")
    plan = np.empty(treeplex.sequences)
    plan[0] = 1.0
    for level in treeplex.levels:
        np.multiply(behaviour[level.sequences], plan[level.before], out=plan[level.sequences])
    return plan


def behaviour_of(treeplex: Treeplex, plan: Array) -> Array:
    """The behaviour (S,) of a realisation plan; uniform at information sets that the plan does not reach.

    Raises ``TypeError`` and ``ValueError`` for arrays of another shape; whether the flow is right is read_policy's.
    """
    _require_sequences(treeplex, plan, "plan")
    behaviour = uniform_behaviour(treeplex)
    for level in treeplex.levels:
        total = np.add.reduceat(plan[level.sequences], level.starts)[level.owner]
        at = behaviour[level.sequences]  # a view
        np.divide(plan[level.sequences], total, out=at, where=total > 0)
    return behaviour


def policy_at(treeplex: Treeplex, behaviour: Array) -> dict[Any, dict[Any, float]]:
    """A behaviour by labels: information set -> action -> probability; errors as :func:`plan_of`'s."""
    _require_sequences(treeplex, behaviour, "behaviour")
    values = behaviour.tolist()
    bounds = treeplex.first.tolist()
    return {
        label: dict(zip(actions, values[i:j], strict=True))
        for label, actions, i, j in zip(treeplex.labels, treeplex.actions, bounds, bounds[1:], strict=False)
    }


def read_policy(treeplex: Treeplex, policy: Any, name: str = "policy") -> Array:
    """The behaviour (S,) of a policy: a mapping ``information set -> action -> probability``, or a realisation plan.

    A mapping must name every information set; actions that it leaves out have probability 0. Raises ``TypeError`` and
    ``ValueError`` that name the information set whose probabilities are negative, not finite, or do not sum to 1 within
    1e-9; for plans, where flow into a set and out of it differ by as much.
    """
    require_treeplex(treeplex)
    if isinstance(policy, Mapping):
        behaviour = np.ones(treeplex.sequences)
        unknown = set(policy) - set(treeplex.labels)
        if unknown:
            raise ValueError(f"{name}: {unknown.pop()!r} is no information set of this player")
        k = 1
        for label, actions in zip(treeplex.labels, treeplex.actions, strict=True):
            if label not in policy or not isinstance(policy[label], Mapping):
                raise ValueError(f"{name}: give the information set {label!r} a mapping action -> probability")
            row = policy[label]
            strange = next((a for a in row if a not in actions), None)
            if strange is not None:
                raise ValueError(f"{name}: {strange!r} is no action at {label!r}, where {tuple(actions)!r} are")
            for a in actions:
                behaviour[k] = real_number(row.get(a, 0), f"{name}[{label!r}][{a!r}]")
                k += 1
        _require_flow(treeplex, behaviour, np.ones(treeplex.sets), name)
        return behaviour
    plan = real_array(policy, name)
    if plan.shape != (treeplex.sequences,):
        raise ValueError(
            f"{name}: has shape {plan.shape}; give a realisation plan over {treeplex.sequences} sequences, or a "
            "mapping information set -> action -> probability"
        )
    if abs(plan[0] - 1) > SUMS_TO_ONE:
        raise ValueError(f"{name}: the empty sequence of a realisation plan has weight 1, not {plan[0]:g}")
    _require_flow(treeplex, plan, plan[treeplex.parent], name)
    return behaviour_of(treeplex, plan)


def _require_flow(treeplex: Treeplex, values: Array, totals: Array, name: str) -> None:
    bad = np.flatnonzero(~(values >= 0) | ~np.isfinite(values))
    if len(bad):
        j = int(np.searchsorted(treeplex.first, bad[0], side="right")) - 1
        where = f"at {treeplex.labels[j]!r}" if j >= 0 else "of the empty sequence"
        raise ValueError(f"{name}: {values[bad[0]]:g} {where} is no probability")
    if not treeplex.sets:
        return
    out = np.add.reduceat(values, treeplex.first[:-1])
    wrong = np.flatnonzero(np.abs(out - totals) > SUMS_TO_ONE)
    if len(wrong):
        j = int(wrong[0])
        raise ValueError(f"{name}: sums to {out[j]:.12g} at {treeplex.labels[j]!r}, not to {totals[j]:.12g}")


# -- recursions backwards -------------------------------------------------------------------------------------------


def best_values(treeplex: Treeplex, gains: Array) -> Array:
    """(S,): of each sequence, the most that gains (S,) can still add up to from it on; [0] is ``max_x gains·x``."""
    values = gains.copy()
    for level in reversed(treeplex.levels):
        best = np.maximum.reduceat(values[level.sequences], level.starts)
        values[level.above] += np.add.reduceat(best, level.below)
    return values


def greedy(treeplex: Treeplex, values: Array) -> Array:
    """The behaviour that takes, of each set's sequences, the first of largest value."""
    behaviour = np.ones(treeplex.sequences)
    for level in treeplex.levels:
        at = values[level.sequences]
        largest = at == np.maximum.reduceat(at, level.starts)[level.owner]
        earlier = np.cumsum(largest)
        offset = earlier[level.starts] - largest[level.starts]
        behaviour[level.sequences] = largest & (earlier - offset[level.owner] == 1)
    return behaviour


def proximal(treeplex: Treeplex, base: Array, gains: Array, weight: float) -> tuple[Array, Array, float]:
    """``argmax_x gains·x - weight D(x ‖ base)`` as log-behaviour (S,); V (J,), and the maximum.

    base (S,): log-weights of actions, which need not be normalised. Backwards, with ``c_j = weight w_j``:

        logits_{ja} = base_{ja} + (gains_{ja} + Σ_{sets i below ja} c_i V_i) / c_j,   V_j = logsumexp_a logits_{ja}.
    """
    values = gains.copy()
    log_behaviour, soft = np.zeros(treeplex.sequences), np.empty(treeplex.sets)
    for level in reversed(treeplex.levels):
        scale = weight * treeplex.weights[level.sets]
        logits = base[level.sequences] + values[level.sequences] / scale[level.owner]
        largest = np.maximum.reduceat(logits, level.starts)
        logits -= largest[level.owner]
        partition = np.log(np.add.reduceat(np.exp(logits), level.starts))
        np.subtract(logits, partition[level.owner], out=log_behaviour[level.sequences])
        soft[level.sets] = largest + partition
        values[level.above] += np.add.reduceat(scale * soft[level.sets], level.below)
    return log_behaviour, soft, float(values[0])


def divergence(treeplex: Treeplex, behaviour: Array, other: Array) -> float:
    """``D(x ‖ x') = Σ_j w_j x_{parent(j)} KL(b_j ‖ b'_j)``; infinite if x takes an action that x' never takes."""
    if not treeplex.sets:
        return 0.0
    plan = plan_of(treeplex, behaviour)
    each = np.add.reduceat(rel_entr(behaviour, other), treeplex.first[:-1])
    reached = treeplex.weights * plan[treeplex.parent]
    each[reached == 0] = 0.0  # what is never reached costs nothing, however it differs
    return float(reached @ each)


def log_divergence(treeplex: Treeplex, logs: Array, others: Array) -> float:
    """``D(x ‖ x')`` of log-behaviours, all terms non-negative: of policies that are close no digits are lost.

    An action that x never takes has -inf; where x' has one, x must, too.
    """
    if not treeplex.sets:
        return 0.0
    reached = treeplex.weights * plan_of(treeplex, np.exp(logs))[treeplex.parent]
    return float(reached @ np.add.reduceat(divergence_terms(logs, others), treeplex.first[:-1]))
