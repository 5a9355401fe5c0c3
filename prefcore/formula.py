"""The formula of a relation: what is evaluated, proved and stored. Trusted.

A relation ``A ≼ B`` sees a lottery only through finitely many linear functionals, its *features*
``f_k : outcomes -> integers`` (every functional is ``scale·f + shift`` for such an f with ``min f = 0`` and greatest
common divisor 1). A formula is a list of nodes in topological order, the last being the relation itself:

    Feature(side, k)        E_A f_k for side 0, E_B f_k for side 1                                        a term
    Affine(c, ((w, i), …))  c + Σ w·node_i;  Product(i, j);  Max((i, …));  Min((i, …));  If(b, i, j)      terms
    Quotient(i, j)          node_i / node_j, node_j being linear and positive at every outcome             a term
    Atom(op, i)             node_i op 0, op one of ">=", ">", "="                                         a condition
    Not(i), And((i, …)), Or((i, …))                                                                       conditions

Nothing here is Python code of the user's. Everything is walked with loops, so depth costs no stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore.distribution import is_exact


@dataclass(frozen=True, slots=True)
class Feature:
    side: int
    index: int


@dataclass(frozen=True, slots=True)
class Affine:
    constant: Fraction
    terms: tuple[tuple[Fraction, int], ...]


@dataclass(frozen=True, slots=True)
class Product:
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Quotient:
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Max:
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Min:
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class If:
    condition: int
    then: int
    otherwise: int


@dataclass(frozen=True, slots=True)
class Atom:
    op: str
    term: int


@dataclass(frozen=True, slots=True)
class Not:
    condition: int


@dataclass(frozen=True, slots=True)
class And:
    conditions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Or:
    conditions: tuple[int, ...]


Node = Feature | Affine | Product | Quotient | Max | Min | If | Atom | Not | And | Or
CONDITIONS = (Atom, Not, And, Or)


def parts(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The nodes that `node` refers to: its terms and its conditions."""
    match node:
        case Feature():
            return (), ()
        case Affine(_, terms):
            return tuple(i for _, i in terms), ()
        case Product(left, right) | Quotient(left, right):
            return (left, right), ()
        case Max(terms) | Min(terms):
            return terms, ()
        case If(condition, then, otherwise):
            return (then, otherwise), (condition,)
        case Atom(_, term):
            return (term,), ()
        case Not(condition):
            return (), (condition,)
        case And(conditions) | Or(conditions):
            return (), conditions


def renumbered(node: Node, number: Mapping[int, int], feature: Mapping[int, int]) -> Node:
    """The node with its references to nodes and features renumbered."""
    match node:
        case Feature(side, index):
            return Feature(side, feature[index])
        case Affine(constant, terms):
            return Affine(constant, tuple((w, number[i]) for w, i in terms))
        case Product(left, right):
            return Product(number[left], number[right])
        case Quotient(numerator, denominator):
            return Quotient(number[numerator], number[denominator])
        case Max(terms):
            return Max(tuple(number[i] for i in terms))
        case Min(terms):
            return Min(tuple(number[i] for i in terms))
        case If(condition, then, otherwise):
            return If(number[condition], number[then], number[otherwise])
        case Atom(op, term):
            return Atom(op, number[term])
        case Not(condition):
            return Not(number[condition])
        case And(conditions):
            return And(tuple(number[i] for i in conditions))
        case Or(conditions):
            return Or(tuple(number[i] for i in conditions))


@dataclass(frozen=True, slots=True)
class Formula:
    """A relation over `outcomes` outcomes, known by their index. Raises ``ValueError`` when malformed.

    `features` holds one integer per outcome for each feature. The entries are checked to be plain integers and
    ``Fraction`` coefficients: a float inside a formula would make every proof about it void.
    """

    outcomes: int
    features: tuple[tuple[int, ...], ...]
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if type(self.outcomes) is not int or self.outcomes < 1:
            raise ValueError("a formula needs at least one outcome")
        if type(self.features) is not tuple or type(self.nodes) is not tuple or not self.nodes:
            raise ValueError("a formula has a tuple of features and a non-empty tuple of nodes")
        for vector in self.features:
            if type(vector) is not tuple or len(vector) != self.outcomes or set(map(type, vector)) != {int}:
                raise ValueError(f"a feature must have one integer for each of the {self.outcomes} outcomes")
        for index, node in enumerate(self.nodes):
            self._check(index, node)
        if type(self.nodes[-1]) not in CONDITIONS:
            raise ValueError("the last node of a formula must be a condition")

    def _check(self, index: int, node: Node) -> None:
        match node:
            case Feature(side, feature):
                good = type(side) is int and side in (0, 1) and type(feature) is int
                good = good and 0 <= feature < len(self.features)
            case Affine(constant, terms):
                good = is_exact(constant) and type(terms) is tuple
                good = good and all(type(t) is tuple and len(t) == 2 and is_exact(t[0]) for t in terms)
            case Max(terms) | Min(terms):
                good = type(terms) is tuple and len(terms) > 0
            case Atom(op, _):
                good = op in (">=", ">", "=")
            case And(conditions) | Or(conditions):
                good = type(conditions) is tuple
            case Product() | Quotient() | If() | Not():
                good = True
            case _:
                good = False
        if not good:
            raise ValueError(f"node {index} of a formula is malformed: {node!r}")
        terms, conditions = parts(node)
        for kinds, references in ((False, terms), (True, conditions)):
            for i in references:
                if type(i) is not int or not 0 <= i < index or (type(self.nodes[i]) in CONDITIONS) is not kinds:
                    raise ValueError(f"node {index} of a formula refers to an unfit node {i!r}")
        if isinstance(node, Quotient):
            bounds = range_of(self.nodes, self.features, node.denominator)
            if bounds is None or bounds[0] <= 0:
                raise ValueError(f"node {index} of a formula divides by what is not linear and positive")


def range_of(nodes: Sequence[Node], features: Sequence[tuple[int, ...]], term: int) -> tuple[Fraction, Fraction] | None:
    """Bounds of a term that is linear in the features, over all pairs of lotteries; None for any other term."""
    node = nodes[term]
    constant, terms = (node.constant, node.terms) if isinstance(node, Affine) else (Fraction(0), ((Fraction(1), term),))
    low = high = constant
    for weight, i in terms:
        of = nodes[i]
        if not isinstance(of, Feature):
            return None
        ends = weight * min(features[of.index]), weight * max(features[of.index])
        low, high = low + min(ends), high + max(ends)
    return low, high


def feature_values(formula: Formula, lottery: Iterable[tuple[int, Fraction]]) -> list[Fraction]:
    """``E f_k`` for each feature; the lottery is given as ``(outcome index, probability)`` pairs."""
    pairs = tuple(lottery)
    return [sum((p * f[o] for o, p in pairs), Fraction(0)) for f in formula.features]


def node_values(formula: Formula, a: Sequence[Fraction], b: Sequence[Fraction]) -> list[Any]:
    """The value of every node at two lotteries given by their feature values: a ``Fraction`` or a truth value."""
    sides = (a, b)
    values: list[Any] = []
    for node in formula.nodes:
        value: Any
        match node:
            case Feature(side, index):
                value = sides[side][index]
            case Affine(constant, terms):
                value = constant
                for weight, i in terms:
                    value += weight * values[i]
            case Product(left, right):
                value = values[left] * values[right]
            case Quotient(left, right):
                value = values[left] / values[right]
            case Max(terms):
                value = max(values[i] for i in terms)
            case Min(terms):
                value = min(values[i] for i in terms)
            case If(condition, then, otherwise):
                value = values[then] if values[condition] else values[otherwise]
            case Atom(op, term):
                signed = values[term]
                value = signed >= 0 if op == ">=" else signed > 0 if op == ">" else signed == 0
            case Not(condition):
                value = not values[condition]
            case And(conditions):
                value = all(values[i] for i in conditions)
            case Or(conditions):
                value = any(values[i] for i in conditions)
        values.append(value)
    return values


def evaluate(formula: Formula, a: Sequence[Fraction], b: Sequence[Fraction]) -> bool:
    """Whether ``A ≼ B``, for lotteries given by their feature values."""
    return node_values(formula, a, b)[-1] is True


def continuous(formula: Formula, term: int) -> bool:
    """Whether a node is a term without case distinctions, so that it is continuous in the lotteries."""
    stack = [term]
    while stack:
        node = formula.nodes[stack.pop()]
        if isinstance(node, (If, *CONDITIONS)):
            return False
        stack.extend(parts(node)[0])
    return True


def feature_terms(formula: Formula) -> tuple[int, ...]:
    """A node for each feature that the formula uses."""
    first: dict[int, int] = {}
    for i, node in enumerate(formula.nodes):
        if isinstance(node, Feature):
            first.setdefault(node.index, i)
    return tuple(first.values())
