"""Tabular Markov models without a reward, and the discounted occupancies of their policies, exactly.

A model is ``(S, A, P, d, γ)``: finite states and actions, transitions ``P(s' | s, a)``, a start distribution d and a
discount γ in [0, 1); every action can be taken in every state. The *occupancy* of a policy π is

    x_π(s, a) = Σ_t γ^t Pr(s_t = s, a_t = a),

which solves the linear system ``x(s') = d(s') + γ Σ_{s,a} P(s' | s, a) x(s, a)`` with ``x(s, a) = π(a | s) x(s)``
(Puterman, *Markov Decision Processes*, 1994, section 6.9). All occupancies sum to 1/(1-γ). The value of π at the start
is linear in the reward, ``V_R(π) = Σ x_π(s, a) R(s, a)``, so that what policies are worth under *some* Markov reward is
a question about finitely many vectors x_π. Everything is a ``Fraction``; the systems are solved by python-flint.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from flint import fmpq, fmpq_mat

from prefcore.distribution import Distribution, exact
from prefcore.processes import distribution_over

Transitions = Mapping[tuple[Any, Any], Any] | Callable[[Any, Any], Any]
SHAPES = ("state-action", "state", "transition")
Choice = tuple[Any, ...]  # a deterministic policy: the action of each state, in the order of the states


def _labels(labels: object, name: str) -> tuple[Any, ...]:
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise TypeError(f"{name} must be a sequence of labels, got {labels!r}")
    listed = tuple(labels)
    if not listed or not all(isinstance(label, Hashable) for label in listed) or len(set(listed)) < len(listed):
        raise ValueError(f"{name} must be at least one distinct hashable label, got {listed!r}")
    return listed


@dataclass(frozen=True, eq=False)
class MarkovModel:
    """A controlled Markov process: a Markov decision process whose reward is still to be found.

    states, actions: distinct hashable labels.
    transitions: a mapping ``(state, action) -> {next state: probability}`` or a function of both.
    start: a state, or ``{state: probability}``.
    discount: γ in [0, 1), exact (the float .9 is the dyadic number that it stores: write "9/10").

    Afterwards ``transitions[state, action]`` and ``start`` are Distributions, and ``discount`` a Fraction. Raises
    ``ValueError``/``TypeError`` naming the argument for unknown labels, rows that are missing or do not sum to one,
    and a discount outside [0, 1).
    """

    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    transitions: Transitions
    start: Any
    discount: Any
    rows: Mapping[tuple[Any, Any], Distribution] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        states, actions = _labels(self.states, "states"), _labels(self.actions, "actions")
        discount = exact(self.discount, "discount")
        if not 0 <= discount < 1:
            raise ValueError(f"discount must be in [0, 1), got {discount}")
        given = self.transitions
        if not isinstance(given, Mapping) and not callable(given):
            raise TypeError(f"transitions must be a mapping (state, action) -> distribution, got {given!r}")
        pairs = list(product(states, actions))
        if isinstance(given, Mapping):
            for key in given:
                if key not in set(pairs):
                    raise ValueError(f"transitions has a row for {key!r}, which is no (state, action) of the model")
        rows = {}
        for state, action in pairs:
            if isinstance(given, Mapping):
                if (state, action) not in given:
                    raise ValueError(f"transitions has no row for state {state!r} and action {action!r}")
                row = given[state, action]
            else:
                row = given(state, action)
            where = f"the transition from state {state!r} by action {action!r}"
            rows[state, action] = distribution_over(row, states, "states", where)
        start = self.start
        if not isinstance(start, (Mapping, Distribution)):
            if not isinstance(start, Hashable) or start not in states:
                raise ValueError(f"start must be a state or a distribution over states {states!r}, got {start!r}")
            start = Distribution.point(start)
        settled = {"states": states, "actions": actions, "discount": discount, "rows": rows, "transitions": rows}
        for name, value in {**settled, "start": distribution_over(start, states, "states", "start")}.items():
            object.__setattr__(self, name, value)

    @property
    def policies(self) -> int:
        """The number of deterministic stationary policies, ``|A|^|S|``."""
        return int(len(self.actions) ** len(self.states))


def deterministic_policies(model: MarkovModel) -> Iterator[Choice]:
    """All deterministic stationary policies: for each, the actions in the order of ``model.states``."""
    return product(model.actions, repeat=len(model.states))


def as_choice(model: MarkovModel, policy: object) -> Choice:
    """A deterministic policy as the tuple of its actions in the order of ``model.states``.

    policy: ``{state: action}``, a function of the state, or a sequence of actions in that order. Raises
    ``ValueError``/``TypeError`` for a state without an action, an unknown state or action, a wrong length, and a
    randomised choice.
    """
    if isinstance(policy, Mapping):
        for state in policy:
            if state not in model.states:
                raise ValueError(f"the policy has an action for {state!r}, which is not among the states")
        for state in model.states:
            if state not in policy:
                raise ValueError(f"the policy has no action for state {state!r}: give every state one")
        actions = tuple(policy[state] for state in model.states)
    elif callable(policy):
        actions = tuple(policy(state) for state in model.states)
    elif isinstance(policy, Sequence) and not isinstance(policy, (str, bytes)):
        actions = tuple(policy)
        if len(actions) != len(model.states):
            raise ValueError(f"the policy {actions!r} has {len(actions)} actions for {len(model.states)} states")
    else:
        raise TypeError(f"a policy is {{state: action}}, a function or a sequence of actions, got {policy!r}")
    for state, action in zip(model.states, actions, strict=True):
        if isinstance(action, (Mapping, Distribution)):
            raise TypeError(f"the policy randomises at state {state!r}: only deterministic policies are meant here")
        if action not in model.actions:
            raise ValueError(f"the policy takes {action!r} at state {state!r}: the actions are {model.actions!r}")
    return actions


def occupancy(model: MarkovModel, policy: object) -> dict[tuple[Any, Any], Fraction]:
    """``x_π``: for each (state, action) the expected discounted number of times that it is taken, exactly.

    policy: deterministic as in :func:`as_choice`, or ``{state: {action: probability}}``. All keys are present; the
    values sum to 1/(1-γ).
    """
    randomised = isinstance(policy, Mapping) and any(isinstance(v, (Mapping, Distribution)) for v in policy.values())
    if not randomised:
        actions = as_choice(model, policy)
        visits = state_visits(model, actions)
        return {
            (s, a): visits[i] if a == actions[i] else Fraction(0)
            for i, s in enumerate(model.states)
            for a in model.actions
        }
    assert isinstance(policy, Mapping)
    taken = []
    for state in model.states:
        if state not in policy:
            raise ValueError(f"the policy has no action for state {state!r}: give every state one")
        choice = policy[state]
        row = Distribution(choice) if isinstance(choice, Mapping) else choice
        row = row if isinstance(row, Distribution) else Distribution.point(row)
        for action in row:
            if action not in model.actions:
                raise ValueError(f"the policy takes {action!r} at state {state!r}: the actions are {model.actions!r}")
        taken.append(row)
    mixed = []
    for state, row in zip(model.states, taken, strict=True):
        blend: dict[Any, Fraction] = {}
        for action, share in row.items():
            for following, p in model.rows[state, action].items():
                blend[following] = blend.get(following, Fraction(0)) + share * p
        mixed.append(Distribution(blend))
    visits = _visits(model, mixed)
    return {(s, a): visits[i] * taken[i][a] for i, s in enumerate(model.states) for a in model.actions}


def state_visits(model: MarkovModel, actions: Choice) -> list[Fraction]:
    """``Σ_t γ^t Pr(s_t = s)`` for each state in order, under the deterministic policy with these actions."""
    return _visits(model, [model.rows[s, a] for s, a in zip(model.states, actions, strict=True)])


def _visits(model: MarkovModel, following: Sequence[Distribution]) -> list[Fraction]:
    """Solves ``(I - γ Pᵀ) x = d``, whose matrix is strictly diagonally dominant by columns, so regular."""
    n, index = len(model.states), {s: i for i, s in enumerate(model.states)}
    matrix = fmpq_mat(n, n)
    for i in range(n):
        matrix[i, i] = fmpq(1)
    for j, row in enumerate(following):
        for state, p in row.items():
            entry = model.discount * p
            matrix[index[state], j] -= fmpq(entry.numerator, entry.denominator)
    right = fmpq_mat(n, 1)
    for state, p in model.start.items():
        right[index[state], 0] = fmpq(p.numerator, p.denominator)
    solution = matrix.solve(right)
    return [Fraction(int(solution[i, 0].p), int(solution[i, 0].q)) for i in range(n)]


def reward_keys(model: MarkovModel, shape: str) -> list[Any]:
    """What a reward of a shape is a function of, in a fixed order.

    shape: "state-action" (R(s, a)), "state" (R(s)) or "transition" (R(s, a, s'), of possible transitions).
    """
    if shape == "state-action":
        return list(model.rows)
    if shape == "state":
        return list(model.states)
    if shape == "transition":
        return [(s, a, following) for (s, a), row in model.rows.items() for following in row]
    raise ValueError(f"shape must be one of {', '.join(map(repr, SHAPES))}, got {shape!r}")


def expected_visits(model: MarkovModel, actions: Choice, shape: str) -> dict[Any, Fraction]:
    """``∂V_R(π)/∂R``: how often each key of a reward of this shape is met, discounted; zeros are left out."""
    visits = {s: x for s, x in zip(model.states, state_visits(model, actions), strict=True) if x}
    if shape == "state":
        return dict(visits)
    taken = dict(zip(model.states, actions, strict=True))
    if shape == "state-action":
        return {(s, taken[s]): x for s, x in visits.items()}
    return {
        (s, taken[s], following): x * p for s, x in visits.items() for following, p in model.rows[s, taken[s]].items()
    }


def start_value(model: MarkovModel, policy: object, reward: Mapping[Any, Any], shape: str = "state-action") -> Fraction:
    """``V_R(π)`` of a deterministic policy at the start distribution, exactly; the reward covers every key it meets."""
    reward_keys(model, shape)
    total = Fraction(0)
    for key, visits in expected_visits(model, as_choice(model, policy), shape).items():
        if key not in reward:
            raise ValueError(f"the reward has no value for {key!r}, which the policy meets: give every one a number")
        total += visits * exact(reward[key], f"the reward of {key!r}")
    return total
