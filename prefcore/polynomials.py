"""Bounds of polynomials in lotteries. Trusted.

``E_A f · E_A g · E_B h`` is the mean of ``f(x) g(x') h(y)`` over independent draws x, x' from A and y from B, and so is
any polynomial that has at most d_m factors of lottery m in each monomial, with d_m draws from it. Its largest value is
therefore at most the largest of the integrand over all tuples of outcomes; the integrand may be averaged over the order
of the draws from one lottery, which makes the bound the best of its kind (Bernstein's; for products it is exact).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, permutations, product
from math import comb, factorial, prod

from prefcore.clauses import Clauses, FeatureOf, Monomial, Polynomial
from prefcore.records import EvidenceRejected

LARGEST = 100_000  # tuples of outcomes that are gone through
HIGHEST = 5  # draws from one lottery, whose orders are gone through

Draws = tuple[tuple[int, ...], ...]  # for each measure, the outcomes drawn from it
Probabilities = tuple[tuple[int, int], ...]  # of outcomes, each with its measure
Product = tuple[Fraction, Probabilities, Polynomial]  # coefficient · probabilities · polynomial


def upper_bound(products: Sequence[Product], system: Clauses) -> Fraction:
    """An upper bound of the sum of the products over all lotteries; ``EvidenceRejected`` if it is of anything else."""
    if any(mass != "1" for mass in system.statement.masses):
        raise EvidenceRejected("a product of measures whose mass is not one")
    degrees = degrees_of(products, system)
    if size_of(degrees, system) > LARGEST:
        raise EvidenceRejected("a product with too many draws")
    return max(sum((value_at(p, drawn, system) for p in products), Fraction(0)) for drawn in draws(degrees, system))


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


def size_of(degrees: Sequence[int], system: Clauses) -> int:
    """The number of tuples of outcomes."""
    return prod(comb(system.formula.outcomes + d - 1, d) for d in degrees)


def draws(degrees: Sequence[int], system: Clauses) -> Iterator[Draws]:
    """All tuples of outcomes, the order within a measure set aside."""
    outcomes = range(system.formula.outcomes)
    return product(*(tuple(combinations_with_replacement(outcomes, d)) for d in degrees))


def _factors(probabilities: Probabilities, monomial: Monomial, system: Clauses) -> dict[int, list[Sequence[int]]]:
    """By measure, the functions of an outcome that are multiplied."""
    found: dict[int, list[Sequence[int]]] = {}
    for m, outcome in probabilities:
        found.setdefault(m, []).append([int(o == outcome) for o in range(system.formula.outcomes)])
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
