"""Which tasks can a Markov reward express? The three task types of Abel et al. 2021, decided exactly.

On a Markov model without a reward (:class:`solvers.rewards.markov.markov_models.MarkovModel`) a task is

* a **set of acceptable policies** (SOAP) Π_G, not empty, of deterministic stationary policies. A reward R realises it
  with *equal* values if ``V_R(g) = V_R(g') > V_R(b)`` for all g, g' in Π_G and b outside, or as a *range* if
  ``V_R(g) > V_R(b)`` for all of them, V being the value at the start;
* a **policy order** (PO): some pairs of policies with ``<``, ``≤`` or ``=`` between them, which the values must obey;
* a **trajectory order** (TO): the same for trajectories of one length N, by their return ``Σ_{t<N} γ^t R``.

Values and returns are linear in R, so each task is a system of linear inequalities in R: a point of it is a reward, and
Motzkin weights show that there is none. Read as weights on policies they say: these mixtures of policies have the same
discounted occupancy, so *no* Markov reward tells them apart, while the task asks it to. A reward may be a function of
(s, a), of s, or of (s, a, s'): for policies the last expresses no more than the first, for trajectories it does.

**The fringe suffices.** Let F be the policies outside Π_G that differ from a member in a single state. If some c has
``V(g) >= c`` on Π_G and ``V(f) < c`` on F, then ``V(b) < c`` for every policy b outside Π_G. *Proof.* Suppose
``V(b) >= c``. While a policy is not optimal at every state, changing its action in one state raises its value at some
state and lowers it at none (policy improvement), so such changes lead from b to a policy b* that is optimal everywhere,
and V at the start never falls. If a change enters Π_G, the policy just before is in F and has ``V >= c``, a
contradiction; so b* is outside. Likewise changes lead from a member g to some g* optimal everywhere; the first step out
of Π_G would be in F with ``V >= c``, so g* is a member. From g* to b*, changing one state after another, all policies
are optimal everywhere, and the first one outside is in F with ``V = V(b*) >= c``, a contradiction. ∎ This is the
construction behind Theorem 4.3 of the paper, which takes a polynomial number of constraints; the proof here covers both
kinds. Where the policies are few all of them are in the claim nevertheless, so that its proof needs no theorem.

Source: Abel, Dabney, Harutyunyan, Ho, Littman, Precup, Singh, *On the Expressivity of Markov Reward*, NeurIPS 2021,
arXiv 2111.00876.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from prefcore import kernel
from prefcore.claims import Solvable
from prefcore.processes import whole_number
from prefcore.systems import LinearSystem, Motzkin, Point, Row
from prefcore.verdicts import Proved, Refuted, Verdict
from solvers.rewards.linear import solve_system
from solvers.rewards.markov.markov_models import (
    Choice,
    MarkovModel,
    as_choice,
    deterministic_policies,
    expected_visits,
    reward_keys,
)

KINDS = ("equal", "range")
DEFAULT_LIMIT = 4096  # policies that are all put into the claim

Visits = dict[Any, Fraction]
Pairs = Iterable[tuple[Any, Any]]


@dataclass(frozen=True, eq=False)
class TaskAnswer:
    """Whether a Markov reward realises a task.

    verdict: ``Proved`` (there is one), ``Refuted`` (there is none) or ``Unknown``; its claim is ``Solvable`` of the
    task's inequalities. reward: ``{key: Fraction}`` where proved, else None. weights: where refuted, else empty. For
    acceptable policies ``{policy: weight}``, policies as tuples of actions in the order of the states, such that
    ``Σ weight · occupancy = 0``: those outside have negative weights that sum to -1, those inside sum to 1, so the
    task asks of the weighted values to be positive. For orders ``{(x, sign, y): weight}`` with sign "<", "≤" or "=",
    such that ``Σ weight · (occupancy of y - occupancy of x) = 0``. constraints: the number of policies or pairs that
    the claim is about. complete: whether these are all there are; else the theorem of the module about the fringe
    stands between a proved claim and the task (a refuted one needs no theorem). accepted: Π_G.
    """

    verdict: Verdict
    task: str
    shape: str
    reward: Mapping[Any, Fraction] | None
    weights: Mapping[Any, Fraction]
    constraints: int
    complete: bool
    accepted: frozenset[Choice] = frozenset()

    def __str__(self) -> str:
        return _told(self)


def acceptable_policies(
    model: MarkovModel,
    policies: Iterable[Any],
    kind: str = "equal",
    *,
    shape: str = "state-action",
    limit: int = DEFAULT_LIMIT,
) -> TaskAnswer:
    """Is there a Markov reward under which exactly these deterministic policies are acceptable (SOAP)?

    policies: as ``{state: action}``, functions of the state, or tuples of actions in the order of ``model.states``.
    kind: "equal" (all of them optimal, nothing else is) or "range" (each better than any other policy). shape:
    "state-action", "state" or "transition". limit: up to so many policies of the model all are put into the claim and
    checked; beyond, those of the fringe, which suffice (see the module).

    Raises ``ValueError`` for an empty set, an unknown kind or shape, and policies that miss a state or know others.
    """
    _model(model)
    whole_number(limit, "limit")
    if kind not in KINDS:
        raise ValueError(f'kind must be "equal" or "range", got {kind!r}')
    if isinstance(policies, Mapping) or not isinstance(policies, Iterable):
        raise TypeError(f"policies must be a collection of policies, got {policies!r}")
    accepted = dict.fromkeys(as_choice(model, policy) for policy in policies)
    if not accepted:
        raise ValueError("policies is empty: a set of acceptable policies has at least one member")
    keys = {key: i for i, key in enumerate(reward_keys(model, shape))}
    inside = [(policy, expected_visits(model, policy, shape)) for policy in accepted]
    outside = [(policy, expected_visits(model, policy, shape)) for policy in fringe(model, list(accepted))]
    system, chosen = _soap_system(keys, kind, inside, outside)
    verdict = solve_system(system)
    complete = model.policies == len(accepted) + len(outside)
    if isinstance(verdict, Proved) and not complete and model.policies <= limit:
        assert isinstance(verdict.evidence, Point)
        known = {policy for policy, _ in outside} | set(accepted)
        rest = (policy for policy in deterministic_policies(model) if policy not in known)
        outside += [(policy, expected_visits(model, policy, shape)) for policy in rest]
        system, chosen = _soap_system(keys, kind, inside, outside)
        verdict, complete = kernel.check(Solvable(system), verdict.evidence), True
    weights: dict[Any, Fraction] = {}
    if isinstance(verdict, Refuted):
        assert isinstance(verdict.evidence, Motzkin)
        total = sum(weight for _, weight in verdict.evidence.strict)
        for row, weight in verdict.evidence.strict:
            weights[chosen[row]] = -weight / total
        for row, weight in verdict.evidence.weak or verdict.evidence.equal:
            weights[inside[row][0]] = weight / total
        weights = {policy: w for policy, w in weights.items() if w}
    count = len(inside) + len(outside)
    task = f"acceptable policies, {kind}"
    return _answer(verdict, keys, task, shape, weights, count, complete, frozenset(accepted))


def _model(model: object) -> None:
    if not isinstance(model, MarkovModel):
        raise TypeError(f"model must be a MarkovModel, got {model!r}")


def fringe(model: MarkovModel, policies: Sequence[Choice]) -> list[Choice]:
    """The deterministic policies outside a set that differ from a member in a single state."""
    found: dict[Choice, None] = {}
    members = set(policies)
    for policy in policies:
        for i in range(len(model.states)):
            for action in model.actions:
                neighbour = (*policy[:i], action, *policy[i + 1 :])
                if neighbour not in members:
                    found.setdefault(neighbour)
    return list(found)


def policy_order(
    model: MarkovModel,
    strict: Pairs = (),
    weak: Pairs = (),
    equal: Pairs = (),
    *,
    shape: str = "state-action",
) -> TaskAnswer:
    """Is there a Markov reward whose values at the start obey this order of deterministic policies (PO)?

    strict: pairs (π1, π2) with π1 < π2; weak: π1 ≤ π2; equal: π1 = π2. What is not listed is free. Contradictory pairs
    are no error: they are refuted. Raises ``ValueError`` where no pair is given, and as
    :func:`acceptable_policies` does.
    """
    _model(model)
    keys = {key: i for i, key in enumerate(reward_keys(model, shape))}

    def visits(policy: Any) -> tuple[Any, Visits]:
        choice = as_choice(model, policy)
        return choice, expected_visits(model, choice, shape)

    return _order(keys, visits, "policy order", shape, strict, weak, equal)


def trajectory_order(
    model: MarkovModel,
    strict: Pairs = (),
    weak: Pairs = (),
    equal: Pairs = (),
    *,
    shape: str = "state-action",
) -> TaskAnswer:
    """Is there a Markov reward whose discounted returns obey this order of trajectories of one length (TO)?

    A trajectory is ``(s_0, a_0, …, s_{N-1}, a_{N-1})``, or the same with s_N, which shape "transition" needs; its
    return is ``Σ_{t<N} γ^t`` times the reward of (s_t, a_t), of s_t, or of (s_t, a_t, s_{t+1}). Pairs as in
    :func:`policy_order`. Raises ``ValueError`` for unknown labels, steps of probability zero, and lengths that differ.
    """
    _model(model)
    keys = {key: i for i, key in enumerate(reward_keys(model, shape))}
    lengths: dict[int, Any] = {}

    def visits(trajectory: Any) -> tuple[Any, Visits]:
        steps = _steps(model, trajectory, shape)
        lengths.setdefault(len(trajectory), trajectory)
        if len(lengths) > 1:
            one, other = lengths.values()
            raise ValueError(f"the trajectories must have one length, got {one!r} and {other!r}")
        met: Visits = {}
        for t, key in enumerate(steps):
            met[key] = met.get(key, Fraction(0)) + model.discount**t
        return tuple(trajectory), {key: x for key, x in met.items() if x}

    return _order(keys, visits, "trajectory order", shape, strict, weak, equal)


def _steps(model: MarkovModel, trajectory: Any, shape: str) -> list[Any]:
    """The reward's key at each step of a trajectory, once it is seen that it can happen."""
    if isinstance(trajectory, (str, bytes)) or not isinstance(trajectory, Sequence) or len(trajectory) < 2:
        raise TypeError(f"a trajectory is a sequence (s_0, a_0, s_1, …) of at least one action, got {trajectory!r}")
    if shape == "transition" and len(trajectory) % 2 == 0:
        raise ValueError(f'shape "transition" needs the last state of the trajectory, too, got {trajectory!r}')
    for i, label in enumerate(trajectory):
        if label not in (model.actions if i % 2 else model.states):
            kind = "an action" if i % 2 else "a state"
            raise ValueError(f"the trajectory {trajectory!r} has {label!r} at position {i}, which is not {kind}")
    if not model.start[trajectory[0]]:
        raise ValueError(f"the trajectory {trajectory!r} cannot happen: {trajectory[0]!r} is no start")
    keys: list[Any] = []
    for t in range(0, len(trajectory) - 1, 2):
        state, action = trajectory[t], trajectory[t + 1]
        if t + 2 < len(trajectory) and not model.rows[state, action][trajectory[t + 2]]:
            raise ValueError(
                f"the trajectory {trajectory!r} cannot happen: {action!r} never leads from {state!r}"
                f" to {trajectory[t + 2]!r}"
            )
        match shape:
            case "state-action":
                keys.append((state, action))
            case "state":
                keys.append(state)
            case _:
                keys.append((state, action, trajectory[t + 2]))
    return keys


# -- systems --------------------------------------------------------------------------------------------------------


def _soap_system(
    keys: Mapping[Any, int], kind: str, inside: list[tuple[Choice, Visits]], outside: list[tuple[Choice, Visits]]
) -> tuple[LinearSystem, list[Choice]]:
    """``V(g) = c`` or ``V(g) >= c`` on the members and ``c > V(b)`` on the others, in R and c, the last variable.

    Policies outside that have the same occupancy share a row; also the policy of each strict row.
    """
    level = len(keys)
    members = tuple(_row(keys, visits, {}, ((level, Fraction(-1)),)) for _, visits in inside)
    rows: dict[Row, Choice] = {}
    for policy, visits in outside:
        rows.setdefault(_row(keys, {}, visits, ((level, Fraction(1)),)), policy)
    strict, chosen = tuple(rows), list(rows.values())
    if kind == "equal":
        return LinearSystem(level + 1, strict=strict, equal=members), chosen
    return LinearSystem(level + 1, strict=strict, weak=members), chosen


def _row(keys: Mapping[Any, int], higher: Visits, lower: Visits, further: tuple[tuple[int, Fraction], ...] = ()) -> Row:
    """``Σ (higher - lower) R``, and further terms, against a bound of zero."""
    gain = {key: higher.get(key, Fraction(0)) - lower.get(key, Fraction(0)) for key in {**higher, **lower}}
    return (*sorted((keys[key], c) for key, c in gain.items() if c), *further), Fraction(0)


def _order(
    keys: Mapping[Any, int],
    visits: Callable[[Any], tuple[Any, Visits]],
    task: str,
    shape: str,
    strict: Pairs,
    weak: Pairs,
    equal: Pairs,
) -> TaskAnswer:
    """The system of an order, one row for each pair, and its answer."""
    named: dict[str, list[tuple[Any, str, Any]]] = {}
    rows: dict[str, tuple[Row, ...]] = {}
    for name, sign, pairs in (("strict", "<", strict), ("weak", "≤", weak), ("equal", "=", equal)):
        made = [(*visits(x), *visits(y)) for x, y in _pairs(pairs, name)]
        named[name] = [(x, sign, y) for x, _, y, _ in made]
        rows[name] = tuple(_row(keys, higher, lower) for _, lower, _, higher in made)
    count = sum(map(len, rows.values()))
    if not count:
        raise ValueError("the order is empty: give at least one pair in strict=, weak= or equal=")
    verdict = solve_system(LinearSystem(len(keys), **rows))
    weights: dict[Any, Fraction] = {}
    if isinstance(verdict, Refuted):
        assert isinstance(verdict.evidence, Motzkin)
        for name, listed in named.items():
            for row, weight in getattr(verdict.evidence, name):
                if weight:
                    weights[listed[row]] = weights.get(listed[row], Fraction(0)) + weight
    return _answer(verdict, keys, task, shape, weights, count, True)


def _pairs(pairs: Pairs, name: str) -> list[tuple[Any, Any]]:
    if isinstance(pairs, (str, bytes)) or not isinstance(pairs, Iterable):
        raise TypeError(f"{name} must be a collection of pairs, got {pairs!r}")
    listed = list(pairs)
    for pair in listed:
        if isinstance(pair, (str, bytes)) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise TypeError(f"{name} must be a collection of pairs, got {pair!r} in it")
    return [(x, y) for x, y in listed]


def _answer(
    verdict: Verdict,
    keys: Mapping[Any, int],
    task: str,
    shape: str,
    weights: Mapping[Any, Fraction],
    constraints: int,
    complete: bool,
    accepted: frozenset[Choice] = frozenset(),
) -> TaskAnswer:
    reward = None
    if isinstance(verdict, Proved):
        assert isinstance(verdict.evidence, Point)
        reward = dict(zip(keys, islice(verdict.evidence.values, len(keys)), strict=True))
    return TaskAnswer(verdict, task, shape, reward, weights, constraints, complete, accepted)


# -- words ----------------------------------------------------------------------------------------------------------

ARGUMENTS = {"state-action": "R(s, a)", "state": "R(s)", "transition": "R(s, a, s')"}
MET = {"state-action": "state and action", "state": "state", "transition": "transition"}
SHOWN = 12  # rewards or weights that are written out


def _told(answer: TaskAnswer) -> str:
    reward = f"Markov reward {ARGUMENTS[answer.shape]}"
    if isinstance(answer.verdict, Proved):
        assert answer.reward is not None
        found = ", ".join(_some([f"{_name(key)}: {value}" for key, value in answer.reward.items()]))
        many = answer.constraints
        if not answer.accepted:
            how = "which obeys the given pair" if many == 1 else f"which obeys all {many} pairs"
        else:
            how = f"compared over {'all ' if answer.complete else ''}{many} policies"
            how += "" if answer.complete else ", the acceptable ones and their fringe, which suffices"
        return f"Expressible ({answer.task}) by a {reward}, {how}: {found}."
    if not isinstance(answer.verdict, Refuted):
        return f"Unknown ({answer.task}): {answer.verdict.reason}"
    equally = f"every {MET[answer.shape]} equally often, discounted, so every {reward} gives both the same"
    if not answer.accepted:
        pairs = _sum({f"[{_name(x)} {sign} {_name(y)}]": w for (x, sign, y), w in answer.weights.items()})
        return (
            f"Not expressible ({answer.task}): add up {pairs}. The left and the right sides then meet"
            f" {equally}, while the order asks for a difference."
        )
    inside = _sum({_name(p): w for p, w in answer.weights.items() if p in answer.accepted})
    outside = _sum({_name(p): -w for p, w in answer.weights.items() if p not in answer.accepted})
    return (
        f"Not expressible ({answer.task}): the acceptable {inside} and the other {outside} meet {equally} value, while"
        " the acceptable policies should have more."
    )


def _sum(weights: Mapping[str, Fraction]) -> str:
    """A weighted sum in words; weights of one are left out."""
    terms: list[str] = []
    for name, w in sorted(weights.items(), key=lambda item: item[1] < 0):
        sign = ("-" if w < 0 else "+") if terms or w < 0 else ""
        terms.append(f"{sign} {name if abs(w) == 1 else f'{abs(w)} · {name}'}".strip())
    return " ".join(_some(terms))


def _name(label: Any) -> str:
    return f"({', '.join(map(str, label))})" if isinstance(label, tuple) else str(label)


def _some(texts: list[str]) -> list[str]:
    left = len(texts) - SHOWN
    return texts if left <= 0 else [*texts[:SHOWN], f"… ({left} more)"]
