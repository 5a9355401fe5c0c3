"""Questions whose answers follow from the utilities found, if there are any: an audit of von Neumann–Morgenstern.

A lottery L with utilities between l and h must satisfy ``M_l ≼ L ≼ M_h``, ``M_α = α best + (1-α) worst`` being the
standard gamble. The audit asks both of

* all outcomes, equally likely (independence as a whole: catches what is convex or concave in the probabilities);
* ``½o + ½best`` and ``½o + ½worst`` (Allais' certainty effect and the common ratio), ``½o + ½o'``;

likewise of two outcomes, the worse of which is mixed with the best until they should be as good as each other (cycles);
and besides ``not M_⅔ ≼ M_⅓`` (the scale rises), ``worst ≼ best`` (the other direction of a strict answer),
``M_l ≼ o`` or, where u(o) was found exactly, ``not M_{u(o)+δ} ≼ o`` (nothing is incomparable, and indifference is
thin), and the order of the outcomes; then, for as long as it may, about all lotteries whose probabilities have the
common denominators 3, 4, … An answer that differs contradicts the earlier ones: with them it has no utility (T9).

Sources: Allais 1953; Kahneman and Tversky, *Prospect theory*, 1979 (common ratio); Luce, *Semiorders*, 1956 (thick
indifference).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, count, pairwise
from typing import Any

from prefcore.distribution import Distribution, mix
from solvers.rewards.elicitation.farey import simplest_inside
from solvers.rewards.elicitation.intervals import Interval

HALF, THIRD, ONE = Fraction(1, 2), Fraction(1, 3), Fraction(1)


@dataclass(frozen=True, slots=True)
class Audit:
    """A question, ``A ≼ B``, and the answer that the utilities imply; None if they imply none."""

    A: Distribution
    B: Distribution
    expected: bool | None
    purpose: str


@dataclass(frozen=True)
class _Found:
    """The intervals, and the ends of the scale."""

    intervals: Mapping[Any, Interval]
    worst: Any
    best: Any

    @property
    def is_flat(self) -> bool:
        """Whether everything was found indifferent."""
        return not any(x.high for x in self.intervals.values())

    def gamble(self, alpha: Fraction) -> Distribution:
        """``α best + (1-α) worst``."""
        return mix(alpha, Distribution.point(self.best), Distribution.point(self.worst))

    def bounds(self, lottery: Distribution) -> tuple[Fraction, Fraction]:
        """The least and the largest utility that the lottery can have."""
        ends = [(p * self.intervals[o].low, p * self.intervals[o].high) for o, p in lottery.items()]
        return sum((low for low, _ in ends), Fraction(0)), sum((high for _, high in ends), Fraction(0))


def audit_questions(intervals: Mapping[Any, Interval], worst: Any, best: Any, denominator: int) -> Iterator[Audit]:
    """Audit questions, the most telling first; an oracle with a utility in these intervals answers as expected.

    They never end. With two outcomes of which one is better every lottery is a gamble: a better chance is better.
    """
    found = _Found(intervals, worst, best)
    inner = [o for o in intervals if o not in (worst, best)]
    yield from _bracket(found, Distribution({o: Fraction(1, len(intervals)) for o in intervals}), "all equally likely")
    if not found.is_flat:
        yield Audit(found.gamble(2 * THIRD), found.gamble(THIRD), False, "a better chance of the best is better")
        yield Audit(Distribution.point(worst), Distribution.point(best), True, "the other direction")
    yield from _order(intervals)
    for turn in range(4):
        for i, o in enumerate(inner):
            yield from _about(found, o, inner[(i + 1) % len(inner)], (i + turn) % 4)
            if turn == 0 and not found.is_flat:
                yield from _thin(found, o, denominator)
    yield from _enumerated(found) if inner or found.is_flat else _rungs(found)


def _about(found: _Found, o: Any, other: Any, kind: int) -> Iterator[Audit]:
    """One of the four mixtures with an outcome."""
    point = Distribution.point
    match kind:
        case 0:
            yield from _bracket(found, mix(HALF, point(o), point(found.best)), f"half of {o}, half of the best")
        case 1 if other != o:
            yield from _level(found, point(o), point(other), f"{o} and {other}, one of them improved")
        case 2 if other != o:
            yield from _bracket(found, mix(HALF, point(o), point(other)), f"half of {o}, half of {other}")
        case 3:
            yield from _bracket(found, mix(HALF, point(o), point(found.worst)), f"half of {o}, half of the worst")


def _bracket(found: _Found, lottery: Distribution, purpose: str) -> Iterator[Audit]:
    """The lottery is between the gambles of its least and its largest utility."""
    low, high = found.bounds(lottery)
    yield Audit(lottery, found.gamble(high), True, purpose)
    yield Audit(found.gamble(low), lottery, True, purpose)


def _level(found: _Found, worse: Distribution, better: Distribution, purpose: str) -> Iterator[Audit]:
    """The worse lottery, mixed with the best outcome so that it is just as good as the better one."""
    (low, high), (least, most) = sorted((found.bounds(worse), found.bounds(better)))
    if found.bounds(worse) > found.bounds(better):
        worse, better = better, worse
    best = Distribution.point(found.best)
    if low < 1:
        yield Audit(better, mix((most - low) / (1 - low), best, worse), True, purpose)
    if high < 1 and high <= least:
        yield Audit(mix((least - high) / (1 - high), best, worse), better, True, purpose)


def _thin(found: _Found, o: Any, denominator: int) -> Iterator[Audit]:
    """A gamble just above an exact utility is better; the gamble at a lower bound is no better."""
    point, interval = Distribution.point(o), found.intervals[o]
    if not interval.is_point:
        yield Audit(found.gamble(interval.low), point, True, f"the other direction, at {o}")
    elif interval.low < 1:
        above = simplest_inside(interval.low, min(interval.low + Fraction(1, denominator), ONE))
        yield Audit(found.gamble(above), point, False, f"a gamble just better than {o}")


def _enumerated(found: _Found) -> Iterator[Audit]:
    """All lotteries in parts of 1/3, 1/4, …, and each with the one before it."""
    for parts in count(3):
        before = None
        for drawn in combinations_with_replacement(found.intervals, parts):
            lottery = Distribution({o: Fraction(n, parts) for o, n in Counter(drawn).items()})
            if not found.is_flat and lottery.support <= {found.worst, found.best}:
                continue  # a gamble itself
            purpose = f"a lottery in parts of 1/{parts}"
            yield from _bracket(found, lottery, purpose)
            if before is not None:
                yield from _level(found, before, lottery, f"{purpose} and another, one of them improved")
            before = lottery


def _rungs(found: _Found) -> Iterator[Audit]:
    """Neighbouring gambles in parts of 1/3, 1/4, …: the better chance is strictly better."""
    for parts in count(3):
        for k in range(parts):
            rungs = found.gamble(Fraction(k + 1, parts)), found.gamble(Fraction(k, parts))
            yield Audit(*rungs, False, f"a better chance of the best is better, in parts of 1/{parts}")


def _order(intervals: Mapping[Any, Interval]) -> Iterator[Audit]:
    """Neighbours in the order of utilities, from above to below; also where the intervals leave it open."""
    ranked = sorted(intervals, key=lambda o: (intervals[o].low, intervals[o].high))
    for lower, higher in pairwise(ranked):
        x, y = intervals[lower], intervals[higher]
        apart = x.high < y.low or (x.high == y.low and (x.high_open or y.low_open))
        same = x.is_point and y.is_point and x.low == y.low
        downwards = Distribution.point(higher), Distribution.point(lower)
        yield Audit(*downwards, False if apart else True if same else None, "order of the outcomes")
