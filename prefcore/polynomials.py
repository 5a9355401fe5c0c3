"""Bounds of polynomials in lotteries. Trusted.

``E_A f · E_A g · E_B h`` is the mean of ``f(x) g(x') h(y)`` over independent draws x, x' from A and y from B, and so is
any polynomial that has at most d_m factors of lottery m in each monomial, with d_m draws from it. Its largest value is
therefore at most the largest of the integrand over all tuples of outcomes; the integrand may be averaged over the order
of the draws from one lottery, which makes the bound the best of its kind (Bernstein's; for products it is exact).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, permutations, product
from math import comb, factorial, prod

from prefcore.clauses import Clauses, FeatureOf, Monomial, Polynomial
from prefcore.records import EvidenceRejected

LARGEST = 100_000  # tuples of outcomes that are gone through
HIGHEST = 5  # draws from one lottery, whose orders are gone through

Draws = tuple[tuple[int, ...], ...]  # for each measure, the outcomes drawn from it
Probabilities = tuple[tuple[int, int], ...]  # measures, and outcomes that stand for all of their kind
Product = tuple[Fraction, Probabilities, Polynomial]  # coefficient · probabilities · polynomial


def upper_bound(products: Sequence[Product], system: Clauses) -> Fraction:
    """An upper bound of the sum of the products over all lotteries; ``EvidenceRejected`` if it is of anything else."""
    if any(mass != "1" for mass in system.statement.masses):
        raise EvidenceRejected("a product of measures whose mass is not one")
    degrees, kinds = degrees_of(products, system), kinds_of(system)
    if size_of(degrees, len(kinds)) > LARGEST:
        raise EvidenceRejected("a product with too many draws")
    return max(sum((value_at(p, drawn, system) for p in products), Fraction(0)) for drawn in draws(degrees, kinds))


def degrees_of(products: Sequence[Product], system: Clauses) -> tuple[int, ...]:
    """How many draws from each measure the products need; ``EvidenceRejected`` for an opaque term or α."""
    degrees = [0] * len(system.statement.masses)
    for _, probabilities, p in products:
        for monomial in p:
            for m, vectors in _factors(probabilities, monomial, system).items():
                degrees[m] = max(degrees[m], len(vectors))
    if max(degrees, default=0) > HIGHEST:
        raise EvidenceRejected("a product of too high a degree")
    return tuple(degrees)


def kinds_of(system: Clauses) -> list[int]:
    """One outcome of each kind: outcomes that all features take to be the same are interchangeable."""
    first: dict[tuple[int, ...], int] = {}
    for outcome, column in enumerate(zip(*system.formula.features, strict=True)):
        first.setdefault(column, outcome)
    return list(first.values()) or [0]


def size_of(degrees: Sequence[int], kinds: int) -> int:
    """The number of tuples of outcomes."""
    return prod(comb(kinds + d - 1, d) for d in degrees)


def draws(degrees: Sequence[int], kinds: Sequence[int]) -> Iterator[Draws]:
    """All tuples of outcomes of different kinds, the order within a measure set aside."""
    return product(*(tuple(combinations_with_replacement(kinds, d)) for d in degrees))


@dataclass(frozen=True, slots=True)
class _Like:
    """The indicator of the outcomes of one kind."""

    features: tuple[tuple[int, ...], ...]
    outcome: int

    def __getitem__(self, other: int) -> int:
        return int(all(f[other] == f[self.outcome] for f in self.features))


Factor = Sequence[int] | _Like


def _factors(probabilities: Probabilities, monomial: Monomial, system: Clauses) -> dict[int, list[Factor]]:
    """By measure, the functions of an outcome that are multiplied."""
    found: dict[int, list[Factor]] = {}
    for m, outcome in probabilities:
        found.setdefault(m, []).append(_Like(system.formula.features, outcome))
    for number in monomial:
        variable = system.variables[number]
        if not isinstance(variable, FeatureOf):
            raise EvidenceRejected("a nonlinear or opaque term in a product")
        found.setdefault(variable.measure, []).append(system.formula.features[variable.feature])
    return found


def value_at(item: Product, drawn: Draws, system: Clauses) -> Fraction:
    """The integrand of a product at the draws, averaged over which draw each factor gets."""
    coefficient, probabilities, p = item
    total = Fraction(0)
    for monomial, c in p.items():
        value = Fraction(c)
        for m, vectors in _factors(probabilities, monomial, system).items():
            of = drawn[m]
            ways = permutations(of, len(vectors))
            summed = sum(prod(f[o] for f, o in zip(vectors, way, strict=True)) for way in ways)
            value *= Fraction(summed * factorial(len(of) - len(vectors)), factorial(len(of)))
        total += value
    return coefficient * total
