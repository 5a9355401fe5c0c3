"""Bounds of polynomials in the features of lotteries. Trusted.

``E_A f · E_A g · E_B h`` is the mean of ``f(x) g(x') h(y)`` over independent draws x, x' from A and y from B, and so is
any polynomial that has at most d_m features of lottery m in each monomial, with d_m draws from it. Its largest value is
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

LARGEST = 200_000  # tuples of outcomes that are gone through

Draws = tuple[tuple[int, ...], ...]  # for each measure, the outcomes drawn from it


def upper_bound(p: Polynomial, system: Clauses) -> Fraction:
    """An upper bound of p over all lotteries; raises ``EvidenceRejected`` if p is about anything else than those."""
    measures = {
        v.measure for monomial in p for number in monomial if isinstance(v := system.variables[number], FeatureOf)
    }
    if any(system.statement.masses[m] != "1" for m in measures):
        raise EvidenceRejected("a product of measures whose mass is not one")
    degrees = degrees_of([p], system)
    if size_of(degrees, system) > LARGEST:
        raise EvidenceRejected("a product with too many draws")
    return max(
        sum((c * mean_value(monomial, drawn, system) for monomial, c in p.items()), Fraction(0))
        for drawn in draws(degrees, system)
    )


def degrees_of(polynomials: Sequence[Polynomial], system: Clauses) -> tuple[int, ...]:
    """How many draws from each measure the monomials need at most; ``EvidenceRejected`` for an opaque term or α."""
    degrees = [0] * len(system.statement.masses)
    for p in polynomials:
        for monomial in p:
            for m, features in _by_measure(monomial, system).items():
                degrees[m] = max(degrees[m], len(features))
    return tuple(degrees)


def size_of(degrees: Sequence[int], system: Clauses) -> int:
    """The number of tuples of outcomes."""
    return prod(comb(system.formula.outcomes + d - 1, d) for d in degrees)


def draws(degrees: Sequence[int], system: Clauses) -> Iterator[Draws]:
    """All tuples of outcomes, the order within a measure set aside."""
    outcomes = range(system.formula.outcomes)
    return product(*(tuple(combinations_with_replacement(outcomes, d)) for d in degrees))


def _by_measure(monomial: Monomial, system: Clauses) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for number in monomial:
        variable = system.variables[number]
        if not isinstance(variable, FeatureOf):
            raise EvidenceRejected("a nonlinear or opaque term does not cancel in a lemma")
        found.setdefault(variable.measure, []).append(variable.feature)
    return found


def mean_value(monomial: Monomial, drawn: Draws, system: Clauses) -> Fraction:
    """The product of the features at the draws, averaged over which draw each feature gets."""
    value = Fraction(1)
    for m, features in _by_measure(monomial, system).items():
        vectors = [system.formula.features[k] for k in features]
        of = drawn[m]
        if len(of) == 1:
            value *= vectors[0][of[0]]
        else:
            ways = permutations(of, len(vectors))
            total = sum(prod(f[o] for f, o in zip(vectors, way, strict=True)) for way in ways)
            value *= Fraction(total * factorial(len(of) - len(vectors)), factorial(len(of)))
    return value
