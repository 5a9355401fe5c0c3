"""Where a contour set is not closed: lotteries such that on the way from C to B the relation to A jumps at B."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from prefcore.formula import Formula, evaluate, feature_values
from prefcore.search import grid
from prefcore.search.hulls import Hull, Mixed
from prefcore.search.semilinear import Deadline
from prefcore.segments import at_the_start, line

Values = Sequence[Fraction]


def jumps(formula: Formula, a: Values, b: Values, c: Values) -> bool:
    """Whether near B, towards C, everything is ≽ A and B is not, or everything is ≼ A and B is not."""
    fixed, towards = [(x, Fraction(0)) for x in a], line(b, c)
    if not evaluate(formula, a, b) and at_the_start(formula, fixed, towards):
        return True
    return not evaluate(formula, b, a) and at_the_start(formula, towards, fixed)


def on_grid(formula: Formula, deadline: Deadline) -> list[Mixed] | None:
    """A jump among simple lotteries over a formula's few outcomes."""
    points = grid.lotteries(range(formula.outcomes))
    values = [feature_values(formula, x.items()) for x in points]
    n = range(len(points))
    for a, b in product(n, n):
        if evaluate(formula, values[a], values[b]) and evaluate(formula, values[b], values[a]):
            continue
        for c in n:
            if c != b and jumps(formula, values[a], values[b], values[c]):
                return [tuple(points[i].items()) for i in (a, b, c)]
        if not deadline.left:
            return None
    return None


def near(formula: Formula, hull: Hull, pair: Sequence[Mixed], side: int) -> list[Mixed] | None:
    """A jump at a pair where the closure of the relation holds and the relation does not, towards some vertex."""
    a, b = pair if side == 1 else pair[::-1]

    def values(mixed: Mixed) -> list[Fraction]:
        return [sum((p * hull.values[i][k] for i, p in mixed), Fraction(0)) for k in range(len(formula.features))]

    middle = [(i, Fraction(1, len(hull.vertices))) for i in range(len(hull.vertices))]
    ways: list[Mixed] = [*([(i, Fraction(1))] for i in range(len(hull.vertices))), middle]
    for c in ways:
        if jumps(formula, values(a), values(b), values(c)):
            return [a, b, c]
    return None
