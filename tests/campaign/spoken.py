"""A tree as the Python function that a user would have written, for ``@pc.relation`` to trace."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import prefcore as pc

from .trees import (
    OPERATORS,
    AtMost,
    Cases,
    Choice,
    Compare,
    Condition,
    Every,
    Extremum,
    Functional,
    Not,
    Number,
    Quantile,
    Same,
    Some,
    Tail,
    Term,
    Truth,
    Weighted,
)


def outcomes_for(n: int) -> list[str]:
    return [f"o{i}" for i in range(n)]


def payoff(values: tuple[Fraction, ...]) -> dict[str, Fraction]:
    return dict(zip(outcomes_for(len(values)), values, strict=True))


def relation_of(tree: Condition) -> pc.Relation[Any]:
    """The relation of a tree, as a function that asks of A and B what the tree says."""

    def random_relation(A: Any, B: Any) -> Any:
        return _condition(tree, (A, B))

    return pc.relation(random_relation)


def _term(term: Term, pair: tuple[Any, Any]) -> Any:
    match term:
        case Number(value):
            return value
        case Functional(side, values, "prob"):
            return pair[side].prob({f"o{i}" for i, v in enumerate(values) if v})
        case Functional(side, values, "predicate"):
            inside = payoff(values)
            return pair[side].prob(lambda o: inside[o] == 1)
        case Functional(side, values, "item"):
            return pair[side][f"o{values.index(Fraction(1))}"]
        case Functional(side, values, _):
            return pair[side].expect(payoff(values))
        case AtMost(side, values, bound):
            return pair[side].at_most(payoff(values), bound)
        case Tail(side, values, level):
            return pair[side].cvar(payoff(values), level)
        case Quantile(side, values, level):
            return pair[side].quantile(payoff(values), level)
        case Weighted(constant, parts):
            return sum((w * _term(t, pair) for w, t in parts), constant)
        case Extremum(largest, terms):
            return (pc.maximum if largest else pc.minimum)(*(_term(t, pair) for t in terms))
        case Choice(condition, then, otherwise):
            return _term(then, pair) if _condition(condition, pair) else _term(otherwise, pair)


def _denied(value: Any) -> Any:
    return not value if isinstance(value, bool) else ~value


def _condition(condition: Condition, pair: tuple[Any, Any]) -> Any:
    match condition:
        case Truth(value):
            return value
        case Compare(op, left, right):
            return OPERATORS[op](_term(left, pair), _term(right, pair))
        case Same():
            return pair[0] == pair[1]
        case Not(inner, forks):
            return not _condition(inner, pair) if forks else _denied(_condition(inner, pair))
        case Every((first, *rest), forks):
            value = _condition(first, pair)
            for c in rest:  # as Python's `and` does it, or `&`
                value = (value and _condition(c, pair)) if forks else value & _condition(c, pair)
            return value
        case Some((first, *rest), forks):
            value = _condition(first, pair)
            for c in rest:
                value = (value or _condition(c, pair)) if forks else value | _condition(c, pair)
            return value
        case Cases(asked, then, otherwise, forks):
            if forks:
                return _condition(then, pair) if _condition(asked, pair) else _condition(otherwise, pair)
            case_of = _condition(asked, pair)
            return (case_of & _condition(then, pair)) | (_denied(case_of) & _condition(otherwise, pair))
    raise AssertionError(condition)
