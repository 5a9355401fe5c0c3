"""What a refuted axiom brings along: the lotteries at which it fails, and the relation that it fails for.

A verdict names its relation by a formula over numbered outcomes; here the formula becomes a relation again, which
evaluates that formula exactly and can be traced. Lotteries that come without a relation stand for the least reflexive
relation that says what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from prefcore import maximum, minimum
from prefcore.claims import Axiom, BlackBox
from prefcore.distribution import Distribution
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
    evaluate,
    feature_values,
    parts,
)
from prefcore.relations import Relation
from prefcore.verdicts import Proved, Refuted, Unknown


def relation_of(formula: Formula, outcomes: Sequence[Any], name: str = "preference") -> Relation[Any]:
    """The relation that a formula over these outcomes stands for.

    Two distributions are compared by evaluating the formula; it raises ``ValueError`` for an outcome that is none of
    these. Traced, it gives an equivalent formula.
    """
    index = {outcome: i for i, outcome in enumerate(outcomes)}

    def number(outcome: Any) -> int:
        if outcome not in index:
            raise ValueError(f"outcome {outcome!r} is none of the {len(index)} that the verdict on {name} is about")
        return index[outcome]

    def function(A: Any, B: Any) -> Any:
        if isinstance(A, Distribution) and isinstance(B, Distribution):
            a, b = (feature_values(formula, [(number(o), p) for o, p in x.items()]) for x in (A, B))
            return evaluate(formula, a, b)
        return _condition(formula, lambda node: (A, B)[node.side].expect(_payoff(formula.features[node.index], number)))

    function.__name__ = name
    return Relation(function, name)


def _payoff(feature: Sequence[int], number: Callable[[Any], int]) -> Callable[[Any], int]:
    return lambda outcome: feature[number(outcome)]


def _condition(formula: Formula, value: Callable[[Feature], Any]) -> Any:
    """The last node's condition, written with what relations offer.

    Only what is needed is looked at, as a case distinction forks the trace.
    """
    known: dict[int, Any] = {}
    stack = [len(formula.nodes) - 1]
    while stack:
        i = stack[-1]
        node = formula.nodes[i]
        if isinstance(node, If):
            needed = [node.condition]
            if node.condition in known:
                needed = [node.then if known[node.condition] else node.otherwise]
                if needed[0] in known:
                    known[i] = known[needed[0]]
        else:
            terms, conditions = parts(node)
            needed = [*terms, *conditions]
            if all(j in known for j in needed):
                known[i] = _value(node, known, value)
        if i in known:
            stack.pop()
        else:
            stack += [j for j in needed if j not in known]
    return known[len(formula.nodes) - 1]


def _value(node: Any, known: dict[int, Any], value: Callable[[Feature], Any]) -> Any:
    match node:
        case Feature():
            return value(node)
        case Affine(constant, terms):
            return sum((known[i] * weight for weight, i in terms), constant)
        case Product(left, right):
            return known[left] * known[right]
        case Quotient(left, right):
            return known[left] / known[right]
        case Max(terms):
            return maximum(*(known[i] for i in terms))
        case Min(terms):
            return minimum(*(known[i] for i in terms))
        case Atom(op, term):
            signed = known[term]
            return signed >= 0 if op == ">=" else signed > 0 if op == ">" else signed == 0
        case Not(condition):
            return (not known[condition]) if isinstance(known[condition], bool) else ~known[condition]
        case And(conditions):
            every: Any = True
            for i in conditions:
                every = known[i] & every
            return every
        case Or(conditions):
            some: Any = False
            for i in conditions:
                some = known[i] | some
            return some
        case _:  # it is still evaluated; only its trace ends here, so that it stays a black box
            raise NotImplementedError(f"a {type(node).__name__} cannot be written as a relation")


def least_relation(*pairs: tuple[Distribution, Distribution]) -> Relation[Any]:
    """The least reflexive relation in which ``X ≼ Y`` for these pairs; a formula of equalities, so it is traceable."""

    def least(A: Any, B: Any) -> Any:
        result: Any = A == B
        for worse, better in pairs:
            result = result | ((worse == A) & (better == B))
        return result

    return Relation(least, "least_reflexive")


def evidence_of(given: Any, axioms: tuple[str, ...], caller: str) -> Any:
    """The evidence of a refuted axiom, one of `axioms`; what is no verdict is taken to be evidence itself.

    Raises ``ValueError``, with advice, for a verdict of another kind or about another axiom.
    """
    wanted = f"give {caller} the Refuted verdict report[{axioms[0]!r}], or its evidence"
    match given:
        case Refuted(Axiom(_, axiom, _), evidence):
            if axiom not in axioms:
                raise ValueError(f"the verdict refutes the axiom {axiom}: {wanted}")
            return evidence
        case Refuted():
            raise ValueError(f"the verdict is about a policy, not about an axiom: {wanted}")
        case Proved(claim, _):
            what = f"the axiom {claim.axiom}" if isinstance(claim, Axiom) else "optimality"
            raise ValueError(f"the verdict proves {what}, so there is no counterexample: {wanted}")
        case Unknown(_, reason, advice, _):
            raise ValueError(f"the verdict is Unknown ({reason}), so there is no counterexample: {advice}; {wanted}")
        case _:
            return given


def preference_of(given: Any, relation: Relation[Any] | None) -> Relation[Any] | None:
    """`relation`, or else the one of the verdict; None if there is neither.

    Raises ``TypeError`` if `relation` is none.
    """
    if relation is not None:
        if not isinstance(relation, Relation):
            raise TypeError(f"relation must be a relation: decorate the function with @pc.relation, got {relation!r}")
        return relation
    if not isinstance(given, Refuted) or not isinstance(given.claim, Axiom):
        return None
    claim = given.claim
    if isinstance(claim.relation, BlackBox):
        return Relation(claim.relation.function, claim.relation.name)
    return relation_of(claim.relation, claim.domain.outcomes)


def holds(preference: Relation[Any], left: Distribution, right: Distribution) -> bool:
    """``left ≼ right``, exactly."""
    return bool(preference(left, right))


def lotteries_of(evidence: Any, caller: str, alpha: bool) -> tuple[Distribution, Distribution, Distribution, Fraction]:
    """A, B, C and α of a counterexample (α = 1 if the axiom has none). Raises at the door."""
    axiom = "consistent" if alpha else "transitive"
    advice = f"give {caller} a Counterexample with A, B, C" + (", alpha" if alpha else "")
    named: list[Any] = [getattr(evidence, name, None) for name in "ABC"]
    share = getattr(evidence, "alpha", None)
    if all(x is None for x in named):
        raise TypeError(f"expected a verdict or a Counterexample, got a {type(evidence).__name__}: {advice}")
    if not all(isinstance(x, Distribution) for x in named):
        raise ValueError(f"the counterexample does not have the lotteries A, B, C, so it is not of {axiom!r}: {advice}")
    if alpha is not (share is not None):
        have = "no alpha" if share is None else "an alpha"
        raise ValueError(f"the counterexample has {have}, so it is to another axiom: {advice}")
    if share is not None and (type(share) is not Fraction or not 0 < share < 1):
        raise ValueError(f"alpha must be a Fraction in (0, 1), got {share!r}: {advice}")
    A, B, C = named
    return A, B, C, Fraction(1) if share is None else share
