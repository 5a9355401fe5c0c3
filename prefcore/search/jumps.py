"""Where a contour set is not closed: lotteries such that on the way from C to B the relation to A jumps at B."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from prefcore.formula import Formula, evaluate, feature_values
from prefcore.records import EvidenceRejected
from prefcore.search import grid
from prefcore.search.hulls import Hull, Mixed
from prefcore.search.semilinear import Deadline
from prefcore.segments import at_the_start, line, truths

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


def at_break_points(formula: Formula, deadline: Deadline) -> list[Mixed] | None:
    """A jump where the relation to a simple lottery changes on a segment between simple lotteries."""
    points = [tuple(x.items()) for x in grid.lotteries(range(formula.outcomes), 2)]
    values = [feature_values(formula, x) for x in points]
    n = range(len(points))
    for a, start, end in product(n, n, n):
        if start == end or not deadline.left:
            continue
        way, fixed = line(values[start], values[end]), [(x, Fraction(0)) for x in values[a]]
        try:
            breaks = {s for pair in ((fixed, way), (way, fixed)) for s, _ in truths(formula, *pair)}
        except EvidenceRejected:  # not piecewise linear
            return None
        for alpha in sorted(breaks - {0}):
            b = [p + q * alpha for p, q in way]
            if jumps(formula, values[a], b, values[end]):
                return [points[a], _mixed(alpha, points[end], points[start]), points[end]]
    return None


def _mixed(alpha: Fraction, first: Mixed, second: Mixed) -> Mixed:
    """``α·first + (1-α)·second``."""
    total: dict[int, Fraction] = {}
    for share, mixed in ((alpha, first), (1 - alpha, second)):
        for i, p in mixed:
            total[i] = total.get(i, Fraction(0)) + share * p
    return tuple(total.items())


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
