"""From a negated axiom and a formula to numbered clauses over affine literals. Trusted.

Every comparison of the statement instantiates the formula. Terms become polynomials over *variables*: the value of a
feature on a measure, α, or an opaque term (a maximum, minimum, case distinction or quotient), keyed by its structure so
that ``V(A)`` is the same variable wherever it occurs. In a comparison at mass α the terms are homogenised: a constant k
becomes kα, a product of two terms has degree two. Conditions become literals by Tseitin's translation: a positive
integer v or its denial -v. The only atoms are ``p >= 0``; ``p > 0`` is the denial of ``-p >= 0``, and ``p = 0`` the
conjunction of ``p >= 0`` and ``-p >= 0``, so that a denied equality is "< or >".

With ``definitions`` the opaque terms are also defined: m = max(a, b) by ``m >= a``, ``m >= b``, ``m <= a or m <= b``;
and a quotient is kept as one, ``p/q >= 0`` being ``p >= 0`` for the positive q.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import gcd, lcm

from prefcore.axioms import ALPHA, ONE, AtLeast, Comparison, Mixture, Statement
from prefcore.formula import Affine, And, Atom, Feature, Formula, If, Max, Min, Not, Or, Product, Quotient

Exact = int | Fraction  # whole numbers are kept as ints, which is where the time goes
Monomial = tuple[int, ...]  # the variables multiplied, ascending; () is the constant
Polynomial = dict[Monomial, Exact]
Key = tuple[tuple[Monomial, Exact], ...]


@dataclass(frozen=True, slots=True)
class FeatureOf:
    """The value of a feature on a measure."""

    measure: int
    feature: int


@dataclass(frozen=True, slots=True)
class Mass:
    """The number α."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A nonlinear functional of the given measures, known by its structure only."""

    structure: tuple[object, ...]
    measures: frozenset[int]


Variable = FeatureOf | Mass | Opaque

# By node: the term and its degree; the literal, and the measures it depends on.
Instance = tuple[dict[int, tuple["Ratio", int]], dict[int, tuple[int, frozenset[int]]]]


def whole(value: Exact) -> Exact:
    """The same number, as an int if it is one."""
    return value.numerator if value.denominator == 1 else value


def add(into: Polynomial, other: Polynomial, weight: Exact) -> None:
    """``into += weight · other``, dropping zeros."""
    weight = whole(weight)
    for monomial, coefficient in other.items():
        value = into.get(monomial, 0) + weight * coefficient
        if value:
            into[monomial] = value
        else:
            into.pop(monomial, None)


def multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    result: Polynomial = {}
    for m, c in p.items():
        add(result, {tuple(sorted(m + n)): d for n, d in q.items()}, c)
    return result


def _without(monomial: Monomial, variable: int) -> Monomial:
    at = monomial.index(variable)
    return monomial[:at] + monomial[at + 1 :]


def _divided(p: Polynomial, alpha: int) -> Polynomial | None:
    """``p / (1-α)`` if that is a polynomial and α occurs, by synthetic division in the powers of α; else None."""
    powers: dict[int, Polynomial] = {}
    for monomial, c in p.items():
        powers.setdefault(monomial.count(alpha), {})[tuple(v for v in monomial if v != alpha)] = c
    if not powers or max(powers) == 0:
        return None
    result: Polynomial = {}
    carry: Polynomial = {}
    for k in range(max(powers)):  # p_k + carried: the coefficient of α^k
        add(carry, powers.get(k, {}), 1)
        add(result, {tuple(sorted((*m, *((alpha,) * k)))): c for m, c in carry.items()}, 1)
    add(carry, powers[max(powers)], 1)
    return None if carry else result


def key_of(p: Polynomial) -> Key:
    return tuple(sorted(p.items()))


@dataclass(frozen=True, slots=True)
class Ratio:
    """A term's value ``above / below``; below is positive, and 1 where it is None."""

    above: Polynomial
    below: Polynomial | None = None

    def key(self) -> tuple[Key, ...]:
        """What makes it the same value."""
        return (key_of(self.above),) if self.below is None else (key_of(self.above), key_of(self.below))


def _sum(p: Ratio, q: Ratio, weight: Exact) -> Ratio:
    """``p + weight · q``."""
    if p.below == q.below:
        total = dict(p.above)
        add(total, q.above, weight)
        return Ratio(total, p.below)
    one: Polynomial = {(): 1}
    total = multiply(p.above, q.below or one)
    add(total, multiply(q.above, p.below or one), weight)
    return Ratio(total, multiply(p.below or one, q.below or one))


def _product(p: Ratio, q: Ratio) -> Ratio:
    below = q.below if p.below is None else p.below if q.below is None else multiply(p.below, q.below)
    return Ratio(multiply(p.above, q.above), below)


@dataclass(slots=True)
class Clauses:
    """The clauses so far, and the tables behind their numbers."""

    statement: Statement
    formula: Formula
    definitions: bool
    clauses: list[tuple[int, ...]] = field(default_factory=list)
    atoms: dict[int, Polynomial] = field(default_factory=dict)  # literal number -> p of "p >= 0"
    variables: list[Variable] = field(default_factory=list)
    _numbers: dict[Variable, int] = field(default_factory=dict)
    _literals: dict[object, int] = field(default_factory=dict)
    _instances: dict[Comparison, Instance] = field(default_factory=dict)

    # -- literals -----------------------------------------------------------------------------------------------

    def _fresh(self, key: object) -> tuple[int, bool]:
        number = self._literals.get(key)
        if number is not None:
            return number, False
        self._literals[key] = number = len(self._literals) + 1
        return number, True

    def at_least_zero(self, p: Polynomial) -> int:
        """The literal of ``p >= 0``, p divided by common factors α and 1-α > 0 and scaled to coprime integers."""
        alpha = self._numbers.get(Mass())
        while p and alpha is not None and all(alpha in m for m in p):
            p = {_without(m, alpha): c for m, c in p.items()}
        while alpha is not None and (quotient := _divided(p, alpha)):
            p = quotient
        scale = lcm(*(c.denominator for c in p.values())) if p else 1
        content = gcd(*(c.numerator * (scale // c.denominator) for c in p.values())) if p else 1
        primitive: Polynomial = {m: c.numerator * (scale // c.denominator) // content for m, c in p.items()}
        number, new = self._fresh(("atom", key_of(primitive)))
        if new:
            self.atoms[number] = primitive
        return number

    def conjunction(self, literals: Iterable[int]) -> int:
        """A literal equivalent to the conjunction of `literals`."""
        members = tuple(sorted(set(literals)))
        if len(members) == 1:
            return members[0]
        number, new = self._fresh(("and", members))
        if new:
            self.clauses.extend((-number, literal) for literal in members)
            self.clauses.append((number, *(-literal for literal in members)))
        return number

    def atom(self, op: str, p: Polynomial) -> int:
        minus = {m: -c for m, c in p.items()}
        if op == ">=":
            return self.at_least_zero(p)
        if op == ">":
            return -self.at_least_zero(minus)
        return self.conjunction((self.at_least_zero(p), self.at_least_zero(minus)))

    # -- variables ----------------------------------------------------------------------------------------------

    def variable(self, variable: Variable) -> int:
        number = self._numbers.get(variable)
        if number is None:
            self._numbers[variable] = number = len(self.variables)
            self.variables.append(variable)
        return number

    def measures_of(self, p: Polynomial) -> frozenset[int]:
        """The measures on which p depends."""
        found: set[int] = set()
        for monomial in p:
            for number in monomial:
                match self.variables[number]:
                    case FeatureOf(measure, _):
                        found.add(measure)
                    case Opaque(_, measures):
                        found |= measures
        return frozenset(found)

    def _opaque(self, structure: tuple[object, ...], measures: frozenset[int]) -> tuple[Ratio, bool]:
        variable = Opaque(structure, measures)
        new = variable not in self._numbers
        return Ratio({(self.variable(variable),): 1}), new and self.definitions

    def _difference(self, p: Ratio, q: Ratio) -> int:
        """The literal of ``p >= q``."""
        return self.at_least_zero(_sum(p, q, -1).above)

    def measures_of_ratio(self, p: Ratio) -> frozenset[int]:
        """The measures on which a term depends."""
        return self.measures_of(p.above) | self.measures_of(p.below or {})

    def extremum(self, sign: int, arguments: list[Ratio]) -> Ratio:
        """The variable for the maximum (sign 1) or minimum (sign -1) of the arguments."""
        distinct = {p.key(): p for p in arguments}
        if len(distinct) == 1:
            return arguments[0]
        keys = tuple(sorted(distinct))
        measures = frozenset[int]().union(*(self.measures_of_ratio(p) for p in arguments))
        m, define = self._opaque(("max" if sign > 0 else "min", keys), measures)
        if define:
            bounds = [(distinct[key], m) if sign > 0 else (m, distinct[key]) for key in keys]
            self.clauses.extend((self._difference(high, low),) for low, high in bounds)
            self.clauses.append(tuple(self._difference(low, high) for low, high in bounds))
        return m

    def case(self, condition: int, then: Ratio, otherwise: Ratio, measures: frozenset[int]) -> Ratio:
        """The variable for "then if condition else otherwise"."""
        if then.key() == otherwise.key():
            return then
        measures = measures | self.measures_of_ratio(then) | self.measures_of_ratio(otherwise)
        v, define = self._opaque(("if", condition, then.key(), otherwise.key()), measures)
        if define:
            for guard, branch in ((-condition, then), (condition, otherwise)):
                self.clauses.append((guard, self._difference(v, branch)))
                self.clauses.append((guard, self._difference(branch, v)))
        return v

    def quotient(self, above: Ratio, below: Ratio) -> Ratio:
        """``above / below``, where below is a polynomial: kept as it is with definitions, else a variable."""
        if self.definitions:
            assert below.below is None
            return _product(above, Ratio({(): 1}, below.above))
        measures = self.measures_of_ratio(above) | self.measures_of_ratio(below)
        return self._opaque(("quotient", above.key(), below.key()), measures)[0]

    # -- the formula --------------------------------------------------------------------------------------------

    def mass(self, kind: str) -> Polynomial:
        """The number 1, α or 1-α."""
        if kind == ONE:
            return {(): 1}
        alpha = (self.variable(Mass()),)
        return {alpha: 1} if kind == ALPHA else {(): 1, alpha: -1}

    def _feature(self, mixture: Mixture, feature: int) -> Polynomial:
        result: Polynomial = {}
        for weight, measure in mixture:
            value: Polynomial = {(self.variable(FeatureOf(measure, feature)),): 1}
            if isinstance(weight, str):
                add(result, multiply(self.mass(weight), value), 1)
            else:
                add(result, value, weight)
        return result

    def literal(self, said: Comparison | AtLeast) -> int:
        """The literal of a comparison of lotteries, or of a term's values at two of them."""
        if isinstance(said, Comparison):
            return self.comparison(said)
        values = []
        for measure in (said.larger, said.smaller):
            point = ((Fraction(1), measure),)
            values.append(self._instance(Comparison(point, point))[0][said.term][0])
        return self._difference(*values)

    def comparison(self, comparison: Comparison) -> int:
        """The literal of ``left ≼ right``."""
        return self._instance(comparison)[1][len(self.formula.nodes) - 1][0]

    def _instance(self, comparison: Comparison) -> Instance:
        """The formula's terms and conditions at two lotteries."""
        if comparison in self._instances:
            return self._instances[comparison]
        mass = Ratio(self.mass(comparison.mass))
        sides = (comparison.left, comparison.right)
        terms: dict[int, tuple[Ratio, int]] = {}
        literals: dict[int, tuple[int, frozenset[int]]] = {}

        def lift(i: int, degree: int) -> Ratio:
            p, have = terms[i]
            for _ in range(degree - have if comparison.mass != ONE else 0):
                p = _product(p, mass)
            return p

        for index, node in enumerate(self.formula.nodes):
            match node:
                case Feature(side, feature):
                    terms[index] = Ratio(self._feature(sides[side], feature)), 1
                case Affine(constant, summands):
                    # A number by itself is a multiple of the mass, so that what is made of it adds to expectations.
                    degree = max((*(terms[i][1] for _, i in summands), 0)) if summands else 1
                    terms[index] = Ratio({(): whole(constant)} if constant else {}), 0
                    total = lift(index, degree)
                    for weight, i in summands:
                        total = _sum(total, lift(i, degree), weight)
                    terms[index] = total, degree
                case Product(left, right):
                    terms[index] = _product(terms[left][0], terms[right][0]), terms[left][1] + terms[right][1]
                case Quotient(left, right):
                    terms[index] = self.quotient(terms[left][0], terms[right][0]), terms[left][1] - terms[right][1]
                case Max(arguments) | Min(arguments):
                    degree = max(terms[i][1] for i in arguments)
                    sign = 1 if isinstance(node, Max) else -1
                    terms[index] = self.extremum(sign, [lift(i, degree) for i in arguments]), degree
                case If(condition, then, otherwise):
                    degree = max(terms[then][1], terms[otherwise][1])
                    literal, measures = literals[condition]
                    value = self.case(literal, lift(then, degree), lift(otherwise, degree), measures)
                    terms[index] = value, degree
                case Atom(op, term):
                    p = terms[term][0]
                    literals[index] = self.atom(op, p.above), self.measures_of_ratio(p)
                case Not(condition):
                    literals[index] = -literals[condition][0], literals[condition][1]
                case And(conditions) | Or(conditions):
                    flip = 1 if isinstance(node, And) else -1
                    joint = flip * self.conjunction(flip * literals[i][0] for i in conditions)
                    literals[index] = joint, frozenset[int]().union(*(literals[i][1] for i in conditions))
        self._instances[comparison] = terms, literals
        return terms, literals

    def tie(self, first: Comparison, second: Comparison) -> None:
        """Clauses that say that every atom has the same truth in both comparisons."""
        one, other = (self._instance(comparison)[1] for comparison in (first, second))
        for index, node in enumerate(self.formula.nodes):
            if isinstance(node, Atom) and one[index][0] != other[index][0]:
                self.clauses.append((-one[index][0], other[index][0]))
                self.clauses.append((one[index][0], -other[index][0]))


def clauses_of(statement: Statement, formula: Formula, definitions: bool) -> Clauses:
    """The clauses whose unsatisfiability proves the axiom that `statement` negates."""
    result = Clauses(statement, formula, definitions)
    for clause in statement.negation:
        literals = [(wanted, result.literal(said)) for wanted, said in clause]
        result.clauses.append(tuple(literal if wanted else -literal for wanted, literal in literals))
    for group in statement.same:
        for first, second in pairwise(group):
            result.tie(first, second)
    return result
