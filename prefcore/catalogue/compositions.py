"""Relations made of relations: and, or, one after the other, and side by side."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, conjoined, named
from prefcore.claims import BlackBox
from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Not,
    Or,
    Product,
    Quotient,
)
from prefcore.relations import Relation, formula_of
from prefcore.tracing import Condition, Lottery, Term, maximum, minimum, outcomes_of


def conjunction(*relations: AnyRelation) -> AnyRelation:
    """``A ≼ B`` iff every one of the relations says so [Dushnik and Miller 1941]."""
    parts = _relations(relations, "conjunction")
    return named("conjunction", lambda A, B: conjoined(part(A, B) for part in parts))


def disjunction(*relations: AnyRelation) -> AnyRelation:
    """``A ≼ B`` iff at least one of the relations says so: a justifiable preference [Lehrer and Teper 2011]."""
    parts = _relations(relations, "disjunction")

    def order(A: Any, B: Any) -> Any:
        result: Any = False
        for part in parts:
            result = part(A, B) | result
        return result

    return named("disjunction", order)


def lexicographic_composition(*relations: AnyRelation) -> AnyRelation:
    """First by the first relation; where that is indifferent, by the second, and so on [Fishburn 1974].

    ``A ≼ B`` iff ``A ≺_1 B``, or ``A ~_1 B`` and A ≼ B by the rest. What the first relation cannot compare stays
    incomparable.
    """
    parts = _relations(relations, "lexicographic_composition")

    def order(A: Any, B: Any) -> Any:
        result: Any = True
        for part in reversed(parts):
            back = part(B, A)
            strictly = not back if isinstance(back, bool) else ~back
            result = part(A, B) & (strictly | result)
        return result

    return named("lexicographic_composition", order)


def product(*relations: AnyRelation) -> AnyRelation:
    """Outcomes are tuples, one coordinate for each relation: ``A ≼ B`` iff ``A_k ≼_k B_k`` for each k.

    ``A_k`` is the marginal of coordinate k, ``A.map(lambda o: o[k])``, over the values that coordinate k takes. Raises
    ``ValueError`` naming an outcome that is no tuple of that length.
    """
    parts = _relations(relations, "product")

    def order(A: Any, B: Any) -> Any:
        for outcome in outcomes_of(A) if isinstance(A, Lottery) else (*A, *B):
            if not isinstance(outcome, tuple) or len(outcome) != len(parts):
                raise ValueError(f"each outcome must be a tuple of {len(parts)} coordinates, got {outcome!r}")
        return conjoined(_on_marginals(part, A, B, k) for k, part in enumerate(parts))

    return named("product", order)


def _relations(relations: tuple[AnyRelation, ...], name: str) -> tuple[AnyRelation, ...]:
    if not relations:
        raise ValueError(f"{name} needs at least one relation")
    for part in relations:
        if not isinstance(part, Relation):
            raise TypeError(f"{name} takes relations: decorate the function with @pc.relation, got {part!r}")
    return relations


def _on_marginals(part: AnyRelation, A: Any, B: Any, k: int) -> Any:
    """The relation on the marginals of coordinate k, traced over the values it takes on the outcomes at hand."""
    if not isinstance(A, Lottery):
        return part(*(lottery.map(lambda o: o[k]) for lottery in (A, B)))
    coordinates = [o[k] for o in outcomes_of(A)]
    values = tuple(dict.fromkeys(coordinates))
    formula = formula_of(part, values, A.trace.closed)
    if isinstance(formula, BlackBox):
        raise TypeError(f"the relation {part.name} is a black box: {formula.reason}")
    place = {value: i for i, value in enumerate(values)}
    return _read(formula, (A, B), [place[value] for value in coordinates])


def _read(formula: Formula, lotteries: tuple[Lottery, Lottery], places: list[int]) -> Any:
    """The formula as a condition on lotteries over other outcomes, o being what it calls ``places[o]``."""
    trace = lotteries[0].trace
    values: list[Any] = []
    for node in formula.nodes:
        value: Any
        match node:
            case Feature(side, k):
                value = trace.functional(lotteries[side].side, [formula.features[k][place] for place in places])
            case Affine(constant, terms):
                value = sum((values[i] * weight for weight, i in terms), Term(trace, constant, {}))
            case Product(left, right):
                value = values[left] * values[right]
            case Quotient(left, right):
                value = values[left] / values[right]
            case Max(terms):
                value = maximum(*(values[i] for i in terms))
            case Min(terms):
                value = minimum(*(values[i] for i in terms))
            case If(condition, then, otherwise):
                chosen = If(values[condition].index, trace.number(values[then]), trace.number(values[otherwise]))
                value = Term(trace, Fraction(0), {trace.node(chosen): Fraction(1)})
            case Atom(">=", term):
                value = values[term] >= 0
            case Atom(">", term):
                value = values[term] > 0
            case Atom(_, term):
                value = values[term] == 0
            case Not(condition):
                value = ~values[condition]
            case And(conditions) | Or(conditions):
                value = Condition(trace, trace.join(type(node), [values[i].index for i in conditions]))
        values.append(value)
    return values[-1]
