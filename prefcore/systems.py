"""Systems of linear inequalities: what solves them, and what shows that nothing does. Trusted.

A row is ``(((variable, coefficient), …), bound)``. A point x solves a system if

    Σ c x > bound  for each strict row,   Σ c x >= bound  for each weak row,   Σ c x = bound  for each equal row.

By Motzkin's transposition theorem there is no such x if and only if some weights, non-negative on strict and weak rows
and of any sign on equal rows, make every variable's coefficient zero and the bounds' sum positive, or zero with a
positive weight on a strict row. So each answer has evidence of its own: a point, or weights.
Source: Motzkin 1936; Schrijver, *Theory of linear and integer programming*, 1986, corollary 7.1k.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

Terms = tuple[tuple[int, Fraction], ...]  # (variable, coefficient)
Row = tuple[Terms, Fraction]
Weights = tuple[tuple[int, Fraction], ...]  # (row, weight)


@dataclass(frozen=True, slots=True)
class LinearSystem:
    """Rows over so many variables, which are known by their number."""

    variables: int
    strict: tuple[Row, ...] = ()
    weak: tuple[Row, ...] = ()
    equal: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """A value for each variable that solves the system."""

    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Motzkin:
    """Weights on rows that contradict each other; rows that are not listed have weight zero."""

    strict: Weights = ()
    weak: Weights = ()
    equal: Weights = ()


def well_formed(system: LinearSystem) -> bool:
    """Whether every row of a well-typed system is about its variables."""
    rows = (*system.strict, *system.weak, *system.equal)
    return system.variables >= 0 and all(0 <= i < system.variables for terms, _ in rows for i, _ in terms)


def solves(system: LinearSystem, values: Sequence[Fraction]) -> bool:
    """Whether the point satisfies every row."""
    if len(values) != system.variables:
        return False
    scale = lcm(*(v.denominator for v in values))
    whole = [v.numerator * (scale // v.denominator) for v in values]  # in whole numbers, which is where the time goes

    def excess(rows: Iterable[Row]) -> Iterable[int]:
        """A number with the sign of ``Σ c x - bound`` for each row."""
        for terms, bound in rows:
            unit = lcm(bound.denominator, *(c.denominator for _, c in terms))
            total = sum(c.numerator * (unit // c.denominator) * whole[i] for i, c in terms)
            yield total - bound.numerator * (unit // bound.denominator) * scale

    return (
        all(x > 0 for x in excess(system.strict))
        and all(x >= 0 for x in excess(system.weak))
        and all(x == 0 for x in excess(system.equal))
    )


def contradicts(system: LinearSystem, weights: Motzkin) -> bool:
    """Whether the weights show that no point satisfies every row."""
    sums: dict[int, Fraction] = {}
    total = Fraction(0)
    for rows, chosen, signed in (
        (system.strict, weights.strict, False),
        (system.weak, weights.weak, False),
        (system.equal, weights.equal, True),
    ):
        for row, weight in chosen:
            if not 0 <= row < len(rows) or (weight < 0 and not signed):
                return False
            terms, bound = rows[row]
            total += weight * bound
            for i, c in terms:
                sums[i] = sums.get(i, Fraction(0)) + weight * c
    if any(sums.values()):
        return False
    return total > 0 or (total == 0 and any(w > 0 for _, w in weights.strict))
