"""Counterexamples among simple lotteries: exact points of small denominator on a face, for any relation.

It needs nothing but answers, so it serves black boxes and polynomial relations; whatever it finds is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from prefcore import menus
from prefcore.axioms import DOMINANCE, NEEDS, UNIVERSAL, Comparison, Mixture
from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample
from prefcore.formula import Formula, evaluate, feature_values
from prefcore.search.hulls import Mixed
from prefcore.search.semilinear import Deadline

FINE = {2: 12, 3: 8, 4: 4}  # denominators, by the number of outcomes
ALPHAS = (Fraction(1, 2), Fraction(1, 4), Fraction(9, 10))


def lotteries(outcomes: Sequence[Any], denominator: int = 3) -> list[Distribution]:
    """All lotteries over the outcomes whose probabilities are multiples of 1/d for some d up to `denominator`."""
    found: dict[Distribution, None] = {}
    for d in range(1, denominator + 1):
        for counts in product(range(d + 1), repeat=len(outcomes)):
            if sum(counts) == d:
                weights = {o: Fraction(c, d) for o, c in zip(outcomes, counts, strict=True) if c}
                found[Distribution(weights)] = None
    return list(found)


def counterexample(
    axiom: str,
    holds: Callable[[Distribution, Distribution], bool],
    points: Sequence[Distribution],
    deadline: Deadline,
) -> tuple[Counterexample | None, int]:
    """The first counterexample to a universal axiom among these lotteries (mixed with a few α); how many were tried."""
    tried = 0
    answers: dict[tuple[Distribution, Distribution], bool] = {}
    mixtures: dict[tuple[Fraction, Distribution, Distribution], Distribution] = {}
    count, with_alpha = NEEDS[axiom]
    statement = UNIVERSAL[axiom]

    def lottery(mixture: Mixture, lotteries: Sequence[Distribution], alpha: Fraction | None) -> Distribution:
        first, *second = (lotteries[i] for _, i in mixture)
        if not second or alpha is None:
            return first
        if (alpha, first, second[0]) not in mixtures:  # each serves many others
            mixtures[alpha, first, second[0]] = mix(alpha, first, second[0])
        return mixtures[alpha, first, second[0]]

    def true(said: Comparison, lotteries: Sequence[Distribution], alpha: Fraction | None) -> bool:
        key = lottery(said.left, lotteries, alpha), lottery(said.right, lotteries, alpha)
        if key not in answers:
            answers[key] = holds(*key)
        return answers[key]

    for lotteries in product(points, repeat=count):
        for alpha in ALPHAS if with_alpha else (None,):
            tried += 1
            if all(
                any(true(said, lotteries, alpha) is wanted for wanted, said in clause if isinstance(said, Comparison))
                for clause in statement.negation
            ):
                A, B, C = [*lotteries, None, None][:3]
                assert A is not None
                return Counterexample(A, B, C, alpha), tried
        if not deadline.left:
            break
    return None, tried


def on_formula(axiom: str, formula: Formula, deadline: Deadline) -> tuple[list[Mixed], Fraction | None] | None:
    """Simple lotteries (and an α) over a formula's few outcomes at which a universal axiom fails.

    Without mixtures all pairs are compared at once, so that the lotteries may be less simple.
    """
    if axiom in DOMINANCE or not NEEDS[axiom][1]:
        found: tuple[int, ...] | None
        for finest in (1, 2, 3, FINE.get(formula.outcomes, 3)):  # the simplest that will do
            if not deadline.left:
                return None
            points = lotteries(range(formula.outcomes), finest)
            rows = menus.rows_of(formula, [feature_values(formula, x.items()) for x in points])
            if axiom in DOMINANCE:  # the formula is the violation itself
                found = next(((i, row.bit_length() - 1) for i, row in enumerate(rows) if row), None)
            else:
                found = menus.violation(axiom, rows)
            if found is not None:
                return [tuple(points[i].items()) for i in found], None
        return None
    if NEEDS[axiom][0] == 3:
        for finest in (2, 4) if formula.outcomes <= 3 else (2,):
            found_mixed = _mixed(axiom, formula, lotteries(range(formula.outcomes), finest), deadline)
            if found_mixed is not None:
                return found_mixed
        return None
    values: dict[Distribution, list[Fraction]] = {}

    def of(x: Distribution) -> list[Fraction]:
        if x not in values:
            values[x] = feature_values(formula, x.items())
        return values[x]

    points = lotteries(range(formula.outcomes), FINE.get(formula.outcomes, 3))
    simple, _ = counterexample(axiom, lambda a, b: evaluate(formula, of(a), of(b)), points, deadline)
    if simple is None:
        return None
    chosen = (x for x in (simple.A, simple.B, simple.C) if x is not None)
    return [tuple(x.items()) for x in chosen], simple.alpha


def _mixed(
    axiom: str, formula: Formula, points: Sequence[Distribution], deadline: Deadline
) -> tuple[list[Mixed], Fraction] | None:
    """A, B, C and α at which consistency or convexity fails; the features are mixed, as they are all that is seen."""
    values = [feature_values(formula, x.items()) for x in points]
    below = [[evaluate(formula, a, b) for b in values] for a in values]
    n = range(len(points))
    for alpha, c in product(ALPHAS, n):
        if not deadline.left:
            return None
        mixtures = [[alpha * x + (1 - alpha) * z for x, z in zip(a, values[c], strict=True)] for a in values]
        for a, b in product(n, n):
            asked = a != b and (below[a][b] or axiom == "convex")
            if asked and evaluate(formula, mixtures[a], mixtures[b]) is not below[a][b]:
                return [tuple(points[i].items()) for i in (a, b, c)], alpha
    return None
