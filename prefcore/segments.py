"""A relation along a segment of lotteries, exactly. Trusted.

On the segment ``αA + (1-α)C`` every feature is affine in α. ``truths`` gives the truth of the relation on the open
intervals of α between the break points of its atoms, for terms that are piecewise linear in α (products of two such
and quotients are refused, unless one factor is constant); ``no_mixture`` uses it to see that no α is a witness for
interpolation. For other terms it halves [0, 1] until interval arithmetic decides each part: that settles what fails by
a strict inequality everywhere. ``at_the_start`` asks for the truth for all small enough ε > 0 at features
``b + ε(c - b)``: it calculates with polynomials in ε, whose sign is that of their first coefficient, so that any term
is fine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Not,
    Or,
    Product,
    Quotient,
    evaluate,
    parts,
)
from prefcore.records import EvidenceRejected

ZERO, ONE = Fraction(0), Fraction(1)
PARTS = 500  # of [0, 1] that interval arithmetic may look at


class NotPiecewiseLinear(EvidenceRejected):
    """A term of the relation is not piecewise linear along the segment."""


Values = Sequence[Fraction]  # of the features
Line = tuple[Fraction, Fraction]  # (p, q) for p + qα
Pieces = list[tuple[Fraction, Any]]  # on the open interval from each start to the next: a Line, or a truth value


def line(start: Values, end: Values) -> list[Line]:
    """The features along the segment, from α = 0 at `start` to α = 1 at `end`."""
    return [(p, q - p) for p, q in zip(start, end, strict=True)]


def at(pieces: Pieces, alpha: Fraction) -> Any:
    """What holds on the interval that begins at, or contains, alpha."""
    return pieces[bisect_right(pieces, alpha, key=lambda piece: piece[0]) - 1][1]


def no_mixture(formula: Formula, values: Sequence[Values], closed: bool, halving: bool = True) -> None:
    """Accepts if ``A ≼ B ≼ C`` and no α in [0, 1] (or in (0, 1)) has ``αAC ~ B``; else raises ``EvidenceRejected``."""
    a, b, c = values
    if not (evaluate(formula, a, b) and evaluate(formula, b, c)):
        raise EvidenceRejected("A ≼ B ≼ C does not hold")
    mixture, fixed = line(c, a), [(y, ZERO) for y in b]
    try:
        below, above = truths(formula, mixture, fixed), truths(formula, fixed, mixture)
    except NotPiecewiseLinear:
        if not halving:
            raise
        return _halved(formula, mixture, fixed)
    starts = sorted({start for start, _ in (*below, *above)})
    for start in starts:
        if at(below, start) and at(above, start):
            raise EvidenceRejected("an interval of α makes the mixture indifferent to B")
    for alpha in (*starts, ONE) if closed else starts[1:]:
        x = [p + q * alpha for p, q in mixture]
        if evaluate(formula, x, b) and evaluate(formula, b, x):
            raise EvidenceRejected(f"α = {alpha} makes the mixture indifferent to B")


def serving(formula: Formula, values: Sequence[Values], closed: bool) -> Fraction | None:
    """An α in [0, 1] (or in (0, 1)) at which ``αAC ~ B``: a break point of the atoms, or between two; or None."""
    a, b, c = values
    mixture, fixed = line(c, a), [(y, ZERO) for y in b]
    starts = {s for pair in ((mixture, fixed), (fixed, mixture)) for s, _ in truths(formula, *pair)}
    ends = sorted({*starts, ONE})
    for alpha in (*((s + e) / 2 for s, e in pairwise(ends)), *(ends if closed else ends[1:-1])):
        x = [p + q * alpha for p, q in mixture]
        if evaluate(formula, x, b) and evaluate(formula, b, x):
            return alpha
    return None


def _halved(formula: Formula, mixture: Sequence[Line], fixed: Sequence[Line]) -> None:
    """Accepts if on each part of [0, 1] the mixture is not ≼ B throughout, or B not ≼ the mixture."""
    parts = [(ZERO, ONE)]
    for _ in range(PARTS):
        if not parts:
            return
        start, end = parts.pop()
        x, y = ([_range((p + q * start, p + q * end)) for p, q in side] for side in (mixture, fixed))
        if _throughout(formula, x, y) is not False and _throughout(formula, y, x) is not False:
            middle = (start + end) / 2
            parts += [(start, middle), (middle, end)]
    raise EvidenceRejected("interval arithmetic does not see that no mixture is indifferent to B")


def _range(values: Sequence[Fraction]) -> Line:
    return min(values), max(values)


def _throughout(formula: Formula, left: Sequence[Line], right: Sequence[Line]) -> bool | None:
    """The relation's truth for all features within these bounds; None if they leave it open."""
    table: list[Any] = []
    for node in formula.nodes:
        value: Any = None
        match node:
            case Feature(side, index):
                value = (left, right)[side][index]
            case Affine(constant, terms):
                ends = [sorted((w * table[i][0], w * table[i][1])) for w, i in terms]
                value = constant + sum((e[0] for e in ends), ZERO), constant + sum((e[1] for e in ends), ZERO)
            case Product(i, j):
                value = _range([p * q for p in table[i] for q in table[j]])
            case Quotient(i, j):  # the divisor is positive at both of its bounds, which features take
                value = _range([p / q for p in table[i] for q in table[j]])
            case Max(terms):
                value = max(table[i][0] for i in terms), max(table[i][1] for i in terms)
            case Min(terms):
                value = min(table[i][0] for i in terms), min(table[i][1] for i in terms)
            case If(condition, i, j):
                known = table[condition]
                value = _range([*table[i], *table[j]]) if known is None else table[i if known else j]
            case Atom(op, term):
                low, high = table[term]
                if op == "=":
                    value = True if low == high == 0 else False if low > 0 or high < 0 else None
                elif op == ">=":
                    value = True if low >= 0 else False if high < 0 else None
                else:
                    value = True if low > 0 else False if high <= 0 else None
            case Not(condition):
                value = None if table[condition] is None else not table[condition]
            case And(conditions) | Or(conditions):
                decisive = isinstance(node, Or)
                found = {table[i] for i in conditions}
                value = decisive if decisive in found else None if None in found else not decisive
        table.append(value)
    truth: bool | None = table[-1]
    return truth


def everywhere(formula: Formula, left: Sequence[Line], right: Sequence[Line]) -> set[bool]:
    """The truth values that the relation takes for α in (0, 1)."""
    pieces = truths(formula, left, right)
    found = {truth for _, truth in pieces}
    for alpha, _ in pieces[1:]:
        found.add(evaluate(formula, *([p + q * alpha for p, q in side] for side in (left, right))))
    return found


def truths(formula: Formula, left: Sequence[Line], right: Sequence[Line]) -> Pieces:
    """The truth of the relation on the open intervals of α in (0, 1) where its features are affine in α.

    Each node becomes pieces: a term is affine, a condition constant, between consecutive starts.
    """
    table: list[Pieces] = []
    for node in formula.nodes:
        if isinstance(node, Feature):
            table.append([(ZERO, (left, right)[node.side][node.index])])
            continue
        operands = [i for kind in parts(node) for i in kind]
        starts = sorted({ZERO, *(start for i in operands for start, _ in table[i])})
        pieces: Pieces = []
        for start, end in zip(starts, [*starts[1:], ONE], strict=True):
            now = {i: at(table[i], start) for i in operands}
            match node:
                case Affine(constant, terms):
                    p = constant + sum((w * now[i][0] for w, i in terms), ZERO)
                    pieces.append((start, (p, sum((w * now[i][1] for w, i in terms), ZERO))))
                case Product(i, j):
                    (p, q), (r, s) = now[i], now[j]
                    if q and s:
                        raise NotPiecewiseLinear("a term is not piecewise linear in α")
                    pieces.append((start, (p * r, p * s + q * r)))
                case Quotient(i, j):
                    (p, q), (r, s) = now[i], now[j]
                    if s:
                        raise NotPiecewiseLinear("a term is not piecewise linear in α")
                    pieces.append((start, (p / r, q / r)))
                case Max(terms):
                    pieces += _envelope([now[i] for i in terms], start, end)
                case Min(terms):
                    flipped = _envelope([(-now[i][0], -now[i][1]) for i in terms], start, end)
                    pieces += [(s, (-p, -q)) for s, (p, q) in flipped]
                case If(condition, then, otherwise):
                    pieces.append((start, now[then] if now[condition] else now[otherwise]))
                case Atom(op, term):
                    p, q = now[term]
                    root = -p / q if q else start
                    for s in (start, root) if start < root < end else (start,):
                        stop = root if s < root < end else end
                        value = p + q * (s + stop) / 2
                        truth = value >= 0 if op == ">=" else value > 0 if op == ">" else p == q == 0
                        pieces.append((s, truth))
                case Not(condition):
                    pieces.append((start, not now[condition]))
                case And(conditions):
                    pieces.append((start, all(now[i] for i in conditions)))
                case Or(conditions):
                    pieces.append((start, any(now[i] for i in conditions)))
        table.append(pieces)
    return table[-1]


def _envelope(lines: list[Line], start: Fraction, end: Fraction) -> Pieces:
    """The maximum of the lines p + qα on (start, end), piece by piece."""
    pieces: Pieces = []
    distinct = set(lines)
    while True:
        p, q = max(distinct, key=lambda line: (line[0] + line[1] * start, line[1]))
        pieces.append((start, (p, q)))
        crossings = [(p - r) / (s - q) for r, s in distinct if s > q]
        if not crossings or min(crossings) >= end:
            return pieces
        start = min(crossings)


# -- infinitely near the start --------------------------------------------------------------------------------------

Germ = tuple[Fraction, ...]  # Σ g_k ε^k
Fractional = tuple[Germ, Germ]  # numerator and positive denominator


def at_the_start(formula: Formula, left: Sequence[Line], right: Sequence[Line]) -> bool:
    """The truth of the relation for all small enough ε > 0, where its features are ``p + qε``."""
    table: list[Any] = []

    def difference(x: Fractional, y: Fractional) -> Germ:
        return _plus(_times(x[0], y[1]), _times(y[0], x[1]), Fraction(-1))

    for node in formula.nodes:
        value: Any
        match node:
            case Feature(side, index):
                value = (left, right)[side][index], (ONE,)
            case Affine(constant, terms):
                value = (constant,), (ONE,)
                for weight, i in terms:
                    above, below = table[i]
                    value = _plus(_times(value[0], below), _times(above, value[1]), weight), _times(value[1], below)
            case Product(i, j):
                value = _times(table[i][0], table[j][0]), _times(table[i][1], table[j][1])
            case Quotient(i, j):  # the divisor is positive, also at ε = 0
                value = _times(table[i][0], table[j][1]), _times(table[i][1], table[j][0])
            case Max(terms) | Min(terms):
                value, sign = table[terms[0]], 1 if isinstance(node, Max) else -1
                for i in terms[1:]:
                    value = table[i] if sign * _sign(difference(table[i], value)) > 0 else value
            case If(condition, then, otherwise):
                value = table[then] if table[condition] else table[otherwise]
            case Atom(op, term):
                s = _sign(table[term][0])
                value = s >= 0 if op == ">=" else s > 0 if op == ">" else s == 0
            case Not(condition):
                value = not table[condition]
            case And(conditions):
                value = all(table[i] for i in conditions)
            case Or(conditions):
                value = any(table[i] for i in conditions)
        table.append(value)
    return table[-1] is True


def _plus(x: Germ, y: Germ, weight: Fraction) -> Germ:
    size = max(len(x), len(y))
    padded = (tuple(z) + (ZERO,) * (size - len(z)) for z in (x, y))
    return tuple(p + weight * q for p, q in zip(*padded, strict=True))


def _times(x: Germ, y: Germ) -> Germ:
    if y == (ONE,):
        return x
    result = [ZERO] * (len(x) + len(y) - 1)
    for i, p in enumerate(x):
        for j, q in enumerate(y):
            result[i + j] += p * q
    return tuple(result)


def _sign(x: Germ) -> int:
    first = next((c for c in x if c), ZERO)
    return (first > 0) - (first < 0)
