"""Relations as trees, their exact value, and where it may change along a segment.

A tree says ``A ≼ B`` of two lotteries a, b (tuples of n rationals, sum one). Terms: E of a payoff, a distribution
function at a bound, CVaR (mean of the worst share), lower quantile, weighted sums, max, min, case distinction.
Conditions: comparisons of terms, equality of the lotteries, not, and, or, case distinction. Every term is piecewise
affine along a segment, so that finitely many points and the midpoints between them show all that happens there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import pairwise
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeVar

Lottery = tuple[Fraction, ...]
Pair = tuple[Lottery, Lottery]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"<=": le, "<": lt, ">=": ge, ">": gt, "=": eq, "!=": ne}


@dataclass(frozen=True, slots=True)
class Number:
    value: Fraction


@dataclass(frozen=True, slots=True)
class Functional:
    """``Σ_o values[o]·L[o]`` for the lottery on that side; `read` is how the Python function asks for it."""

    side: int
    values: Lottery
    read: str = "expect"


@dataclass(frozen=True, slots=True)
class AtMost:
    """``P(payoff <= bound)``."""

    side: int
    payoff: Lottery
    bound: Fraction


@dataclass(frozen=True, slots=True)
class Tail:
    """CVaR: the mean of the worst `level` share of the payoff."""

    side: int
    payoff: Lottery
    level: Fraction


@dataclass(frozen=True, slots=True)
class Quantile:
    """``min {x : P(payoff <= x) >= level}``."""

    side: int
    payoff: Lottery
    level: Fraction


@dataclass(frozen=True, slots=True)
class Weighted:
    constant: Fraction
    parts: tuple[tuple[Fraction, Term], ...]


@dataclass(frozen=True, slots=True)
class Extremum:
    largest: bool
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Condition
    then: Term
    otherwise: Term


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool


@dataclass(frozen=True, slots=True)
class Compare:
    op: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Same:
    """``A = B``, outcome by outcome."""


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition
    forks: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    conditions: tuple[Condition, ...]
    forks: bool = False


@dataclass(frozen=True, slots=True)
class Some:
    conditions: tuple[Condition, ...]
    forks: bool = False


@dataclass(frozen=True, slots=True)
class Cases:
    condition: Condition
    then: Condition
    otherwise: Condition
    forks: bool = False


Term = Number | Functional | AtMost | Tail | Quantile | Weighted | Extremum | Choice
Condition = Truth | Compare | Same | Not | Every | Some | Cases
Tree = TypeVar("Tree", bound="Term | Condition")


def rewritten(tree: Any, change: Callable[[Any], Any]) -> Any:
    """The tree with `change` applied to every node, from the leaves up."""
    if isinstance(tree, tuple):
        return tuple(rewritten(part, change) for part in tree)
    if isinstance(tree, (Fraction, bool, int, str)):
        return tree
    return change(replace(tree, **{f.name: rewritten(getattr(tree, f.name), change) for f in fields(tree)}))


def moved(tree: Tree, sides: tuple[int, int]) -> Tree:
    """The tree about other lotteries: side 0 becomes ``sides[0]``, side 1 ``sides[1]``."""

    def change(node: Any) -> Any:
        return replace(node, side=sides[node.side]) if hasattr(node, "side") else node

    result: Tree = rewritten(tree, change)
    return result


def size(tree: Any) -> int:
    """How many nodes the tree has."""
    count = 0

    def change(node: Any) -> Any:
        nonlocal count
        count += 1
        return node

    rewritten(tree, change)
    return count


# -- values ---------------------------------------------------------------------------------------------------------


def expectation(values: Lottery, lottery: Lottery) -> Fraction:
    return sum((v * p for v, p in zip(values, lottery, strict=True) if p), Fraction(0))


def tail_mean(payoff: Lottery, level: Fraction, lottery: Lottery) -> Fraction:
    """Fills the share `level` with the worst outcomes first, and takes the mean."""
    left, total = level, Fraction(0)
    for value, probability in sorted(zip(payoff, lottery, strict=True)):
        taken = min(left, probability)
        total += taken * value
        left -= taken
    return total / level


def lower_quantile(payoff: Lottery, level: Fraction, lottery: Lottery) -> Fraction:
    reached = Fraction(0)
    for value, probability in sorted(zip(payoff, lottery, strict=True)):
        reached += probability
        if reached >= level:
            return value
    raise AssertionError("the probabilities sum to less than one")


def amount(term: Term, pair: Pair) -> Fraction:
    """The value of a term at two lotteries."""
    match term:
        case Number(value):
            return value
        case Functional(side, values, _):
            return expectation(values, pair[side])
        case AtMost(side, payoff, bound):
            return sum((p for v, p in zip(payoff, pair[side], strict=True) if v <= bound), Fraction(0))
        case Tail(side, payoff, level):
            return tail_mean(payoff, level, pair[side])
        case Quantile(side, payoff, level):
            return lower_quantile(payoff, level, pair[side])
        case Weighted(constant, parts):
            return constant + sum((w * amount(t, pair) for w, t in parts), Fraction(0))
        case Extremum(largest, terms):
            return (max if largest else min)(amount(t, pair) for t in terms)
        case Choice(condition, then, otherwise):
            return amount(then if holds(condition, pair) else otherwise, pair)


def holds(condition: Condition, pair: Pair) -> bool:
    """Whether the condition is true of two lotteries, exactly."""
    match condition:
        case Truth(value):
            return value
        case Compare(op, left, right):
            return bool(OPERATORS[op](amount(left, pair), amount(right, pair)))
        case Same():
            return pair[0] == pair[1]
        case Not(inner, _):
            return not holds(inner, pair)
        case Every(conditions, _):
            return all(holds(c, pair) for c in conditions)
        case Some(conditions, _):
            return any(holds(c, pair) for c in conditions)
        case Cases(asked, then, otherwise, _):
            return holds(then if holds(asked, pair) else otherwise, pair)


# -- segments -------------------------------------------------------------------------------------------------------


def mixed(weight: Fraction, first: Lottery, second: Lottery) -> Lottery:
    """``weight·first + (1-weight)·second``."""
    return tuple(weight * x + (1 - weight) * y for x, y in zip(first, second, strict=True))


Segment = tuple[Pair, Pair]  # at 0 and at 1


def at(segment: Segment, t: Fraction) -> Pair:
    (a, b), (c, d) = segment
    return mixed(t, c, a), mixed(t, d, b)


def crossings(segment: Segment, left: Term, right: Term, cuts: Iterable[Fraction]) -> set[Fraction]:
    """Where ``left = right`` between the cuts, if only there: both are affine from one cut to the next."""
    points = sorted({Fraction(0), *cuts, Fraction(1)})
    found: set[Fraction] = set()
    for p, q in pairwise(points):
        x, y = (2 * p + q) / 3, (p + 2 * q) / 3
        here, there = at(segment, x), at(segment, y)
        dx = amount(left, here) - amount(right, here)
        dy = amount(left, there) - amount(right, there)
        if dx != dy:
            zero = x - dx * (y - x) / (dy - dx)
            if p < zero < q:
                found.add(zero)
    return found


def cuts_of(node: Term | Condition, segment: Segment) -> set[Fraction]:
    """Points of [0, 1] between which the term is affine, or the condition does not change."""
    match node:
        case Number() | Functional() | AtMost() | Truth():
            return set()
        case Tail(side, payoff, level) | Quantile(side, payoff, level):
            share = Number(level)
            return set().union(*(crossings(segment, AtMost(side, payoff, v), share, ()) for v in set(payoff)))
        case Weighted(_, parts):
            return set().union(*(cuts_of(t, segment) for _, t in parts))
        case Extremum(_, terms):
            cuts: set[Fraction] = set().union(*(cuts_of(t, segment) for t in terms))
            pairs = [(s, t) for i, s in enumerate(terms) for t in terms[:i]]
            return cuts.union(*(crossings(segment, s, t, cuts) for s, t in pairs))
        case Choice(condition, then, otherwise):
            return cuts_of(condition, segment) | cuts_of(then, segment) | cuts_of(otherwise, segment)
        case Compare(_, left, right):
            cuts = cuts_of(left, segment) | cuts_of(right, segment)
            return cuts | crossings(segment, left, right, cuts)
        case Same():
            n = len(segment[0][0])
            units = [tuple(Fraction(i == j) for j in range(n)) for i in range(n)]
            return set().union(*(crossings(segment, Functional(0, u), Functional(1, u), ()) for u in units))
        case Not(inner, _):
            return cuts_of(inner, segment)
        case Every(conditions, _) | Some(conditions, _):
            return set().union(*(cuts_of(c, segment) for c in conditions))
        case Cases(asked, then, otherwise, _):
            return cuts_of(asked, segment) | cuts_of(then, segment) | cuts_of(otherwise, segment)


def telling(cuts: Iterable[Fraction]) -> list[Fraction]:
    """0, 1, the cuts and the midpoints between them."""
    points = sorted({Fraction(0), *cuts, Fraction(1)})
    return sorted({*points, *((p + q) / 2 for p, q in pairwise(points))})


def indifferent_points(tree: Condition, A: Lottery, B: Lottery, C: Lottery) -> list[Fraction]:
    """Telling α of [0, 1] with ``αA + (1-α)C ~ B``; none is returned exactly if there is none."""
    cuts = cuts_of(tree, ((C, B), (A, B))) | cuts_of(tree, ((B, C), (B, A)))
    found = []
    for alpha in telling(cuts):
        X = mixed(alpha, A, C)
        if holds(tree, (X, B)) and holds(tree, (B, X)):
            found.append(alpha)
    return found
