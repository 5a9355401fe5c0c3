"""Hypothesis strategies for a test suite of one's own: lotteries, relations, processes and what goes with them.

Everything drawn is exact, small and says in its ``repr`` what it is, in code that can be pasted into a regression test.
A failing example shrinks towards few outcomes, the first outcome for certain, small denominators, payoffs of zero,
expected reward, horizon 1 and the first action. A lottery of denominator d is drawn as a list of d outcomes, each of
weight 1/d, so that a shorter list is a simpler lottery. Nothing is drawn after the fact: an environment or a policy is
a finite table, and a function of the history alone.

Source: MacIver and Donaldson, *Test-Case Reduction via Test-Case Generation: Insights from the Hypothesis Reducer*,
ECOOP 2020.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from prefcore import catalogue
from prefcore.comparisons import Comparisons, Pair
from prefcore.distribution import Distribution
from prefcore.processes import DirectPreferenceProcess, tabulate, whole_number
from prefcore.relations import Relation, compare, outcomes_tuple
from prefcore.trees import History

AnyRelation = Relation[Any]

# The catalogue's relations by what they take: a payoff, several, a payoff and a share in (0, 1], or as they need.
OF_PAYOFF = (
    *("expected_reward", "stochastic_dominance", "second_order_dominance", "third_order_dominance"),
    *("worst_case", "best_case", "support_lexicographic", "outperforming"),
)
OF_PAYOFFS = ("pareto", "unanimity", "majority", "maxmin", "maxmax")
OF_SHARE = ("cvar", "quantile", "semiorder", "mean_variance", "mean_semideviation", "disappointment_aversion")
OTHERS = ("lexicographic", "excess_risk", "chance_constraint", "skew_symmetric", "indifference", "equality")
KINDS = (*OF_PAYOFF, *OF_PAYOFFS, *OF_SHARE, *OTHERS, "semilinear")

SHARES = tuple(Fraction(n, d) for n, d in ((1, 1), (1, 2), (1, 3), (2, 3), (1, 4), (3, 4)))
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
}
THRESHOLDS = {text: Fraction(text) for text in ("0", "1", "1/2", "1/4", "3/4", "-1", "2")}


# -- lotteries, payoffs, events -------------------------------------------------------------------------------------


def lotteries(outcomes: Iterable[Any], max_denominator: int = 6) -> st.SearchStrategy[Distribution]:
    """Lotteries over `outcomes` whose probabilities have a common denominator of at most `max_denominator`.

    Each of them can be drawn. Shrinks to a smaller denominator, then to earlier outcomes: at last to the first outcome
    for certain. Raises ``ValueError``/``TypeError`` for malformed outcomes or a denominator that is no whole number.
    """
    listed = outcomes_tuple(outcomes)
    whole_number(max_denominator, "max_denominator")

    def lottery(drawn: list[Any]) -> Distribution:
        return Distribution({o: Fraction(drawn.count(o), len(drawn)) for o in listed if o in drawn})

    return st.lists(st.sampled_from(listed), min_size=1, max_size=max_denominator).map(lottery)


def payoffs(outcomes: Iterable[Any], bound: int = 3, max_denominator: int = 1) -> st.SearchStrategy[dict[Any, Any]]:
    """Payoffs ``{outcome: number}`` for all `outcomes`, each in [-bound, bound] with a denominator of 1 to the given.

    Whole numbers are ints, others are Fractions. Shrinks to whole numbers, then to all zeros.
    """
    listed = outcomes_tuple(outcomes)
    whole_number(bound, "bound")
    whole_number(max_denominator, "max_denominator")

    def of_denominator(d: int) -> st.SearchStrategy[dict[Any, Any]]:
        numerators = st.tuples(*(st.integers(-bound * d, bound * d) for _ in listed))
        return numerators.map(lambda drawn: {o: _number(Fraction(n, d)) for o, n in zip(listed, drawn, strict=True)})

    return st.integers(1, max_denominator).flatmap(of_denominator)


def _number(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


def events(outcomes: Iterable[Any], min_size: int = 0) -> st.SearchStrategy[frozenset[Any]]:
    """Events: sets of at least `min_size` of the `outcomes`. Shrinks to fewer, then to earlier ones."""
    listed = outcomes_tuple(outcomes)
    if not 0 <= min_size <= len(listed):
        raise ValueError(f"min_size must be between 0 and the number of outcomes, {len(listed)}, got {min_size!r}")
    return st.frozensets(st.sampled_from(listed), min_size=min_size)


# -- relations ------------------------------------------------------------------------------------------------------


def relations(outcomes: Iterable[Any], kinds: Sequence[str] | None = None) -> st.SearchStrategy[AnyRelation]:
    """Relations on the lotteries over `outcomes`: from the catalogue with random parameters, and semilinear ones.

    kinds: some of ``KINDS``, all by default: the catalogue's names, and ``"semilinear"`` for
    :func:`semilinear_relations`. A relation's name is the call that builds it, such as
    ``expected_reward({'a': 0, 'b': 1})``. Shrinks to the first of `kinds` (by default the expected reward), with the
    simplest parameters. Raises ``ValueError`` for an unknown kind.
    """
    listed = outcomes_tuple(outcomes)
    if isinstance(kinds, str):
        raise TypeError(f"kinds must be a sequence of names, got {kinds!r}: write [{kinds!r}]")
    names = KINDS if kinds is None else tuple(kinds)
    if not names:
        raise ValueError(f"kinds must name at least one of {', '.join(KINDS)}")
    for name in names:
        if name not in KINDS:
            raise ValueError(f"unknown kind {name!r}: choose from {', '.join(KINDS)}")
    # Every kind draws a payoff, needed or not: Hypothesis holds the shortest example for the simplest, and without
    # this it would leave the first kind for one that has no parameters.
    drawn = st.tuples(st.sampled_from(names), payoffs(listed))
    return drawn.flatmap(lambda pair: _of_kind(pair[0], listed, pair[1]))


def semilinear_relations(outcomes: Iterable[Any], depth: int = 2) -> st.SearchStrategy[AnyRelation]:
    """Boolean combinations, at most `depth` deep, of affine comparisons of expectations and probabilities.

    A comparison is ``A.expect(u) <= B.expect(u)`` with any of the six operators, or has a number or another functional
    on its right. Denials are not drawn: they are the opposite operators. A relation's name is its formula as Python
    code. Most of them satisfy no axiom: they are for testing code, not for finding preferences. Shrinks to one
    comparison, of ``<=`` and of the same functional of both lotteries.
    """
    listed = outcomes_tuple(outcomes)
    if type(depth) is not int or depth < 0:
        raise ValueError(f"depth must be a whole number of at least 0, got {depth!r}")
    return _combination(listed, depth)


def _named(made: AnyRelation, text: str) -> AnyRelation:
    return Relation(made.function, text)


def _shown(payoff: Mapping[Any, Any]) -> str:
    """A payoff as code: fractions as strings, which payoffs may be."""
    return "{" + ", ".join(f"{o!r}: {v if type(v) is int else repr(str(v))}" for o, v in payoff.items()) + "}"


def _listed(event: frozenset[Any], outcomes: tuple[Any, ...]) -> str:
    """An event as code, in the order of the outcomes (a set's own order changes from run to run)."""
    return "{" + ", ".join(repr(o) for o in outcomes if o in event) + "}" if event else "set()"


def _of_kind(kind: str, outcomes: tuple[Any, ...], u: dict[Any, Any]) -> st.SearchStrategy[AnyRelation]:
    """Relations of one kind, whose first payoff is u."""
    if kind == "semilinear":
        return _combination(outcomes, 2)
    build, text = getattr(catalogue, kind), _shown(u)
    if kind in OF_PAYOFF:
        return st.just(_named(build(u), f"{kind}({text})"))
    if kind in OF_PAYOFFS:
        others = st.lists(payoffs(outcomes), max_size=2)
        return others.map(lambda us: _named(build(u, *us), f"{kind}({', '.join(map(_shown, (u, *us)))})"))
    if kind in OF_SHARE:
        return st.sampled_from(SHARES).map(lambda share: _named(build(u, share), f"{kind}({text}, {str(share)!r})"))
    match kind:
        case "lexicographic":
            return st.lists(_objectives(outcomes), min_size=1, max_size=3).map(_lexicographic)
        case "excess_risk":
            return st.tuples(*(st.integers(0, 3) for _ in outcomes)).map(lambda drawn: _excess_risk(drawn, u))
        case "chance_constraint":
            limit = st.sampled_from((Fraction(0), *SHARES))
            return st.builds(lambda e, x: _chance_constraint(outcomes, e, x, u), events(outcomes), limit)
        case "skew_symmetric":
            above = [(x, y) for i, x in enumerate(outcomes) for y in outcomes[i + 1 :]]
            entries = st.tuples(*(st.integers(-3, 3) for _ in above))
            return entries.map(lambda drawn: _skew_symmetric(dict(zip(above, drawn, strict=True))))
    return st.just(_named(build(), f"{kind}()"))


Spoken = tuple[str, Any]  # an object, and the code that builds it


def _functionals(outcomes: tuple[Any, ...]) -> st.SearchStrategy[Spoken]:
    expectations = payoffs(outcomes).map(lambda u: (f"expect({_shown(u)})", catalogue.expect(u)))
    probabilities = events(outcomes, 1).map(lambda e: (f"prob({_listed(e, outcomes)})", catalogue.prob(e)))
    return st.one_of(expectations, probabilities)


def _objectives(outcomes: tuple[Any, ...]) -> st.SearchStrategy[Spoken]:
    def objective(direction: str, functional: Spoken) -> Spoken:
        text, value = functional
        made = catalogue.maximize(value) if direction == "maximize" else catalogue.minimize(value)
        return f"{direction}({text})", made

    return st.builds(objective, st.sampled_from(("maximize", "minimize")), _functionals(outcomes))


def _lexicographic(objectives: list[Spoken]) -> AnyRelation:
    made = catalogue.lexicographic(*(value for _, value in objectives))
    return _named(made, f"lexicographic({', '.join(text for text, _ in objectives)})")


def _excess_risk(penalties: tuple[int, ...], payoff: dict[Any, Any]) -> AnyRelation:
    penalty = {o: p for o, p in zip(payoff, penalties, strict=True) if p}
    return _named(catalogue.excess_risk(penalty, payoff), f"excess_risk({_shown(penalty)}, {_shown(payoff)})")


def _chance_constraint(
    outcomes: tuple[Any, ...], event: frozenset[Any], limit: Fraction, payoff: dict[Any, Any]
) -> AnyRelation:
    text = f"chance_constraint({_listed(event, outcomes)}, {str(limit)!r}, {_shown(payoff)})"
    return _named(catalogue.chance_constraint(event, limit, payoff), text)


def _skew_symmetric(above: dict[tuple[Any, Any], int]) -> AnyRelation:
    """φ from its entries above the diagonal; zeros are left out of the text."""

    def phi(x: Any, y: Any) -> int:
        return above.get((x, y), 0) - above.get((y, x), 0)

    table = {pair: value for pair, value in above.items() if value}
    text = f"skew_symmetric(lambda x, y: (phi := {table}).get((x, y), 0) - phi.get((y, x), 0))"
    return _named(catalogue.skew_symmetric(phi), text)


@st.composite
def _comparison(draw: st.DrawFn, outcomes: tuple[Any, ...]) -> AnyRelation:
    """``E_A u <= E_B u``; or a number, or another functional, on the right."""
    op = draw(st.sampled_from(tuple(OPERATORS)))
    left, f = draw(_functionals(outcomes))
    holds = OPERATORS[op]
    match draw(st.sampled_from(("same", "number", "other"))):
        case "same":
            return Relation(lambda A, B: holds(f(A), f(B)), f"A.{left} {op} B.{left}")
        case "number":
            bound = draw(st.sampled_from(tuple(THRESHOLDS)))
            number = THRESHOLDS[bound]
            if draw(st.sampled_from("BA")) == "B":
                return Relation(lambda A, B: holds(f(B), number), f"B.{left} {op} {bound}")
            return Relation(lambda A, B: holds(f(A), number), f"A.{left} {op} {bound}")
    right, g = draw(_functionals(outcomes))
    return Relation(lambda A, B: holds(f(A), g(B)), f"A.{left} {op} B.{right}")


@st.composite
def _combination(draw: st.DrawFn, outcomes: tuple[Any, ...], depth: int) -> AnyRelation:
    """A comparison, or two combinations of smaller depth joined."""
    joint = draw(st.sampled_from(("", "&", "|"))) if depth else ""
    if not joint:
        return draw(_comparison(outcomes))
    first, second = (draw(_combination(outcomes, depth - 1)) for _ in range(2))
    p, q = first.function, second.function
    text = f"({first.name}) {joint} ({second.name})"
    if joint == "&":
        return Relation(lambda A, B: p(A, B) & q(A, B), text)
    return Relation(lambda A, B: p(A, B) | q(A, B), text)


# -- processes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TabledEnvironment:
    """An environment given by a finite table, for histories of any length.

    first: the distribution of o_0. after: the next observation's distribution after a sequence
    ``(o_s, a_s, …, o_t, a_t)`` of last observations and actions; of several that fit, the longest counts. otherwise:
    the distribution where none fits.
    """

    first: Distribution
    otherwise: Distribution
    after: Mapping[History, Distribution]

    def __call__(self, history: History, action: Any) -> dict[Any, Fraction]:
        """``e(· | history, action)``, and the distribution of o_0 at ``((), None)``."""
        path = (*history, action)
        ends = (path[start:] for start in range(0, len(path), 2))
        row = next((self.after[end] for end in ends if end in self.after), self.otherwise) if history else self.first
        return dict(row.items())


@dataclass(frozen=True)
class TabledActions:
    """The available actions given by a table from the last observation; `otherwise` where it has none."""

    after: Mapping[Any, tuple[Any, ...]]
    otherwise: tuple[Any, ...]

    def __call__(self, history: History) -> tuple[Any, ...]:
        return self.after.get(history[-1], self.otherwise)


@dataclass(frozen=True)
class TabledPolicy:
    """A policy given by a table: ``{history: action, or a Distribution over actions}``."""

    choices: Mapping[History, Any]

    def __call__(self, history: History) -> Any:
        """The action, or ``{action: probability}``; a ``ValueError`` for a history that is not in the table."""
        if history not in self.choices:
            raise ValueError(f"the policy has no action at {history!r}: it is no attainable history of its process")
        choice = self.choices[history]
        return dict(choice.items()) if isinstance(choice, Distribution) else choice


@dataclass(frozen=True)
class LastObservation:
    """The outcome of a trajectory is its last observation."""

    def __call__(self, trajectory: History) -> Any:
        return trajectory[-1]


def _labels(labels: Iterable[Any], name: str) -> tuple[Any, ...]:
    """Distinct labels as a tuple; the error names the argument."""
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise TypeError(f"{name} must be a sequence of labels, got {labels!r}")
    listed = tuple(labels)
    if not listed or len(set(listed)) < len(listed):
        raise ValueError(f"{name} must be distinct, and at least one, got {listed!r}")
    return listed


def environments(
    observations: Iterable[Any], actions: Iterable[Any], memory: int = 2, max_denominator: int = 3
) -> st.SearchStrategy[TabledEnvironment]:
    """Environments that may depend on the last `memory` observations and actions, as finite tables.

    They give o_0 at ``((), None)``. With the horizon for `memory` they may depend on the whole history. Shrinks to the
    first observation for certain, at every history.
    """
    seen, taken = _labels(observations, "observations"), _labels(actions, "actions")
    whole_number(memory, "memory")
    row = lotteries(seen, max_denominator)
    step = st.tuples(st.sampled_from(seen), st.sampled_from(taken))
    steps = st.lists(step, min_size=1, max_size=memory)
    ends = steps.map(lambda drawn: tuple(label for pair in drawn for label in pair))
    return st.builds(TabledEnvironment, first=row, otherwise=row, after=st.dictionaries(ends, row, max_size=6))


def processes(
    preference: AnyRelation | st.SearchStrategy[AnyRelation] | None = None,
    horizon: int = 2,
    observations: Iterable[Any] = ("low", "half", "full"),
    actions: Iterable[Any] = ("hold", "release"),
) -> st.SearchStrategy[DirectPreferenceProcess]:
    """Processes of horizon 1 to `horizon` whose outcome is the last observation.

    preference: a relation over lotteries on `observations`, or a strategy for one; by default any of
    :func:`relations`. The environment may depend on the whole history; some processes restrict the actions by the last
    observation. Shrinks to horizon 1, all actions available, the first observation for certain and the simplest
    preference. A process has at most ``|O| (|A||O|)^T`` trajectories: keep the horizon small.
    """
    seen, taken = _labels(observations, "observations"), _labels(actions, "actions")
    whole_number(horizon, "horizon")
    if preference is None:
        preferences = relations(seen)
    elif isinstance(preference, Relation):
        preferences = st.just(preference)
    elif isinstance(preference, st.SearchStrategy):
        preferences = preference
    else:
        raise TypeError(f"preference must be a relation or a strategy for relations, got {preference!r}")
    offered = st.sets(st.sampled_from(taken), min_size=1).map(lambda some: tuple(a for a in taken if a in some))
    tables = st.dictionaries(st.sampled_from(seen), offered, min_size=1, max_size=2)
    return st.builds(
        DirectPreferenceProcess,
        observations=st.just(seen),
        actions=st.just(taken),
        horizon=st.integers(1, horizon),
        environment=environments(seen, taken, memory=horizon),
        preference=preferences,
        outcome=st.just(LastObservation()),
        available=st.none() | st.builds(TabledActions, tables, st.just(taken)),
    )


def policies(
    process: DirectPreferenceProcess, deterministic: bool = False, max_denominator: int = 4, limit: int = 1000
) -> st.SearchStrategy[TabledPolicy]:
    """Policies of a process, as tables over its attainable histories.

    deterministic: only those that take one action at each history; otherwise stochastic ones, too. Shrinks to the
    first available action at every history. For a process that is drawn itself, write
    ``data.draw(policies(process))`` with ``st.data()``. Raises ``ProcessTooLarge`` if the process has more than
    `limit` trajectories: a table of many choices can neither be drawn nor read.
    """
    whole_number(max_denominator, "max_denominator")
    tabulation = tabulate(process, limit)

    def choice(allowed: Sequence[Any]) -> st.SearchStrategy[Any]:
        if deterministic:
            return st.sampled_from(allowed)
        return lotteries(allowed, max_denominator).map(lambda p: next(iter(p)) if len(p) == 1 else p)

    choices = {h: choice(allowed) for h, allowed in zip(tabulation.histories, tabulation.actions, strict=True)}
    return st.fixed_dictionaries(choices).map(TabledPolicy)


# -- comparisons ----------------------------------------------------------------------------------------------------


def comparison_sets(
    outcomes: Iterable[Any], relation: AnyRelation | None = None, max_size: int = 3, max_denominator: int = 4
) -> st.SearchStrategy[Comparisons]:
    """Up to `max_size` strict and as many weak comparisons of lotteries over `outcomes`.

    Without `relation` they are arbitrary, and may contradict each other. With one, all of them hold in it: a pair that
    it ranks the other way is turned round, and a pair that it does not rank is left out. Shrinks to no comparison at
    all, or to the fewest, of the simplest lotteries.
    """
    whole_number(max_size, "max_size")
    lottery = lotteries(outcomes, max_denominator)
    some = st.lists(st.tuples(lottery, lottery), max_size=max_size).map(tuple)
    if relation is None:
        return st.builds(Comparisons, strict=some, weak=some)
    if not isinstance(relation, Relation):
        raise TypeError(f"relation must be a relation, got {relation!r}")

    def held(strict: tuple[Pair, ...], weak: tuple[Pair, ...]) -> Comparisons:
        return Comparisons(_holding(relation, strict, "≺"), _holding(relation, weak, "≺~"))

    return st.builds(held, some, some)


def _holding(relation: AnyRelation, pairs: tuple[Pair, ...], signs: str) -> tuple[Pair, ...]:
    """The pairs that stand so in the relation, as they are or turned round."""
    turned = ((A, B) if compare(relation, A, B) != "≻" else (B, A) for A, B in pairs)
    return tuple((A, B) for A, B in turned if compare(relation, A, B) in signs)
