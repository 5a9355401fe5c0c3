"""The clauses of a negated axiom in z3's terms, and the way back from z3's atoms to our literals.

A feature of a lottery is a real variable or, where there is a variable for each vertex, a combination of those; a
product of variables is a variable of its own. An atom is a row, a linear expression that is at least 0, scaled to
coprime integers: so z3's rewritten atoms are known again. All goes through SMT-LIB text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import Any, TypeAlias

import z3

from prefcore.axioms import ALPHA, ONE, REST
from prefcore.clauses import Clauses, Exact, FeatureOf, Mass, Monomial

Row = dict[str, Fraction]  # a linear expression over z3's names; "" is the constant
Canonical = tuple[tuple[str, int], ...]
Parsed: TypeAlias = Any  # a token, or a list of them: far faster than walking z3's own expressions

MASSES: dict[str, Row] = {
    ONE: {"": Fraction(1)},
    ALPHA: {"alpha": Fraction(1)},
    REST: {"": Fraction(1), "alpha": Fraction(-1)},
}


@dataclass(slots=True)
class Encoding:
    """The clauses in z3's terms, and the way back from its atoms to our literals."""

    system: Clauses
    columns: Sequence[Sequence[Exact]] | None  # the features' values at each vertex, if there is a variable for each
    values: dict[int, Row] = field(default_factory=dict)  # by variable number
    weights: dict[int, list[Row]] = field(default_factory=dict)  # by measure, explicit only
    atoms: dict[int, str] = field(default_factory=dict)
    numbers: dict[Canonical, int] = field(default_factory=dict)  # of "row >= 0"
    names: dict[str, None] = field(default_factory=dict)  # real variables
    _known: dict[int, tuple[z3.ExprRef, int | None]] = field(default_factory=dict)  # by z3's id of the expression

    def __post_init__(self) -> None:
        self.names["alpha"] = None
        if self.columns is not None:
            for m, kind in enumerate(self.system.statement.masses):
                first: list[Row] = [{f"x{m}_{o}": Fraction(1)} for o in range(len(self.columns) - 1)]
                last = dict(MASSES[kind])
                for x in first:
                    self.names.update(dict.fromkeys(x))
                    add(last, x, Fraction(-1))
                self.weights[m] = [*first, last]
        for number, variable in enumerate(self.system.variables):
            match variable:
                case Mass():
                    self.values[number] = {"alpha": Fraction(1)}
                case FeatureOf(measure, feature) if self.columns is not None:
                    value: Row = {}
                    for x, column in zip(self.weights[measure], self.columns, strict=True):
                        if column[feature]:
                            add(value, x, column[feature])
                    self.values[number] = value
                case _:
                    self.values[number] = {f"v{number}": Fraction(1)}
                    self.names[f"v{number}"] = None
        for literal, p in self.system.atoms.items():
            row: Row = {}
            for monomial, c in p.items():
                add(row, self.monomial(monomial), c)
            self.atoms[literal] = at_least_zero(row)
            self.numbers.setdefault(_canonical(row), literal)

    def monomial(self, monomial: Monomial) -> Row:
        """A product of variables is a variable of its own: a relaxation."""
        if len(monomial) == 1:
            return self.values[monomial[0]]
        name = "m" + "_".join(map(str, monomial)) if monomial else ""
        if name:
            self.names[name] = None
        return {name: Fraction(1)}

    def literal(self, literal: int) -> str:
        positive = self.atoms.get(abs(literal), f"b{abs(literal)}")
        return positive if literal > 0 else f"(not {positive})"

    def domain(self) -> list[str]:
        """Declarations, ``0 < α < 1`` and non-negative weights."""
        lines = [f"(declare-const {name} Real)" for name in self.names]
        lines.append("(assert (and (> alpha 0.0) (< alpha 1.0)))")
        lines += [f"(assert {at_least_zero(x)})" for row in self.weights.values() for x in row]
        return lines

    def problem(self) -> str:
        """The domain and the clauses."""
        booleans = {abs(x) for clause in self.system.clauses for x in clause} - self.atoms.keys()
        lines = self.domain() + [f"(declare-const b{n} Bool)" for n in sorted(booleans)]
        lines += [f"(assert (or {' '.join(map(self.literal, clause))}))" for clause in self.system.clauses]
        return "\n".join(lines)

    def back(self, expression: z3.ExprRef) -> int | None:
        """Our literal for one of z3's, or None for a fact about the domain."""
        key = expression.get_id()
        if key not in self._known:  # the expression is kept, or z3 would give its id to another
            self._known[key] = expression, self._read(expression)
        return self._known[key][1]

    def _read(self, expression: z3.ExprRef) -> int | None:
        parsed = _parse(expression.sexpr())
        sign = 1
        while isinstance(parsed, list) and parsed[0] == "not":
            sign, parsed = -sign, parsed[1]
        if isinstance(parsed, str):
            return sign * int(parsed[1:]) if parsed.startswith("b") else None
        if parsed[0] not in ("<=", ">=", "<", ">"):
            return None
        left, right = (_linear(side) for side in parsed[1:])
        if left is None or right is None:
            return None
        if parsed[0] in ("<", ">"):  # the denial of >= or <=
            sign = -sign
        if parsed[0] in ("<=", ">"):
            left, right = right, left
        number = self.numbers.get(_canonical(add(left, right, -1)))
        return None if number is None else sign * number


def add(into: Row, other: Row, weight: int | Fraction) -> Row:
    for name, c in other.items():
        into[name] = into.get(name, Fraction(0)) + weight * c
    return into


def _canonical(row: Row) -> Canonical:
    """The row scaled to coprime integers."""
    kept = {name: c for name, c in row.items() if c}
    scale = lcm(*(c.denominator for c in kept.values()))
    integers = {name: c.numerator * (scale // c.denominator) for name, c in kept.items()}
    content = gcd(*integers.values()) or 1
    return tuple(sorted((name, c // content) for name, c in integers.items()))


def at_least_zero(row: Row) -> str:
    """``row >= 0`` in SMT-LIB; text is parsed by z3 itself, far faster than expressions are built through Python."""
    terms = [f"(* {_number(c)} {name})" if name else _number(c) for name, c in _canonical(row)]
    return f"(>= (+ 0.0 {' '.join(terms)}) 0.0)" if terms else "true"


def _number(value: int) -> str:
    return f"{value}.0" if value >= 0 else f"(- {-value}.0)"


def _parse(text: str) -> Parsed:
    """An s-expression as nested lists."""
    stack: list[list[Parsed]] = [[]]
    for token in text.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    return stack[0][0]


def _constant(parsed: Parsed) -> Fraction | None:
    """The number that an s-expression writes, if it is one."""
    if isinstance(parsed, str):
        return Fraction(parsed) if parsed[0].isdigit() else None
    values = [_constant(part) for part in parsed[1:]]
    if parsed[0] == "-" and len(values) == 1 and values[0] is not None:
        return -values[0]
    if parsed[0] == "/" and len(values) == 2 and values[0] is not None and values[1]:
        return values[0] / values[1]
    return None


def _linear(parsed: Parsed) -> Row | None:
    """A linear s-expression as a row; None if it isn't linear."""
    row: Row = {}
    terms = parsed[1:] if isinstance(parsed, list) and parsed[0] == "+" else [parsed]
    for term in terms:
        scale, name = Fraction(1), ""
        for factor in term[1:] if isinstance(term, list) and term[0] == "*" else [term]:
            value = _constant(factor)
            if value is not None:
                scale *= value
            elif isinstance(factor, str) and not name:
                name = factor
            else:
                return None
        row[name] = row.get(name, Fraction(0)) + scale
    return row
