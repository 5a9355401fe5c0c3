"""Questions whose answers follow from the utilities found, if there are any: an audit of von Neumann–Morgenstern.

A lottery L with utilities between l and h must satisfy ``M_l ≼ L ≼ M_h``, ``M_α = α best + (1-α) worst`` being the
standard gamble. The audit asks both of

* all outcomes, equally likely (independence as a whole: catches what is convex or concave in the probabilities);
* ``½o + ½best`` and ``½o + ½worst`` (Allais' certainty effect and the common ratio), ``½o + ½o'``, ``¼o + ¾worst``;

and besides ``not M_⅔ ≼ M_⅓`` (the scale rises), ``worst ≼ best`` (the other direction of a strict answer),
``M_l ≼ o`` or, where u(o) was found exactly, ``not M_{u(o)+δ} ≼ o`` (nothing is incomparable, and indifference is
thin), and the order of the outcomes; then, for as long as it may, about all lotteries whose probabilities have the
common denominators 3, 4, … An answer that differs contradicts the earlier ones: with them it has no utility
(T9).

Sources: Allais 1953; Kahneman and Tversky, *Prospect theory*, 1979 (common ratio); Luce, *Semiorders*, 1956 (thick
indifference).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, count, pairwise
from typing import Any

from prefcore.distribution import Distribution, mix
from solvers.rewards.farey import simplest_inside
from solvers.rewards.intervals import Interval, weighted

HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Audit:
    """A question, ``A ≼ B``, and the answer that the utilities imply; None if they imply none."""

    A: Distribution
    B: Distribution
    expected: bool | None
    purpose: str


def audits(intervals: Mapping[Any, Interval], worst: Any, best: Any, denominator: int) -> Iterator[Audit]:
    """Audit questions, the most telling first; an oracle with a utility in these intervals answers as expected.

    They end only where every lottery is a standard gamble, with two outcomes of which one is better.
    """
    inner = [o for o in intervals if o not in (worst, best)]
    yield from _bracket(
        Distribution({o: Fraction(1, len(intervals)) for o in intervals}), intervals, worst, best, "all equally likely"
    )
    point = Distribution.point
    if not _flat(intervals):
        low, high = (_gamble(Fraction(k, 3), worst, best) for k in (1, 2))
        yield Audit(high, low, False, "a better chance of the best is better")
        yield Audit(point(worst), point(best), True, "the other direction")
    yield from _order(intervals)
    for turn in range(4):
        for i, o in enumerate(inner):
            mixture, purpose = _mixture(o, inner, worst, best, (i + turn) % 4)
            if mixture is not None:
                yield from _bracket(mixture, intervals, worst, best, purpose)
            if turn == 0 and not _flat(intervals):
                yield from _thin(o, intervals[o], worst, best, denominator)
    if inner or _flat(intervals):
        for parts in count(3):
            for drawn in combinations_with_replacement(intervals, parts):
                lottery = Distribution({o: Fraction(n, parts) for o, n in Counter(drawn).items()})
                if not inner or not lottery.support <= {worst, best}:
                    yield from _bracket(lottery, intervals, worst, best, f"a lottery in parts of 1/{parts}")


def _flat(intervals: Mapping[Any, Interval]) -> bool:
    """Whether everything was found indifferent."""
    return not any(x.high for x in intervals.values())


def _gamble(alpha: Fraction, worst: Any, best: Any) -> Distribution:
    return mix(alpha, Distribution.point(best), Distribution.point(worst))


def _bracket(
    lottery: Distribution, intervals: Mapping[Any, Interval], worst: Any, best: Any, purpose: str
) -> Iterator[Audit]:
    """The lottery is between the gambles of its least and its largest utility."""
    low, high = weighted((p, intervals[o]) for o, p in lottery.items())
    yield Audit(lottery, _gamble(high, worst, best), True, purpose)
    yield Audit(_gamble(low, worst, best), lottery, True, purpose)


def _mixture(o: Any, inner: Sequence[Any], worst: Any, best: Any, kind: int) -> tuple[Distribution | None, str]:
    point = Distribution.point
    match kind:
        case 0:
            return mix(HALF, point(o), point(best)), f"half of {o}, half of the best"
        case 1:
            return mix(HALF, point(o), point(worst)), f"half of {o}, half of the worst"
        case 2:
            other = inner[(inner.index(o) + 1) % len(inner)]
            return (None if other == o else mix(HALF, point(o), point(other))), f"half of {o}, half of {other}"
    return mix(QUARTER, point(o), point(worst)), f"a quarter of {o}, else the worst"


def _thin(o: Any, interval: Interval, worst: Any, best: Any, denominator: int) -> Iterator[Audit]:
    """A gamble just above an exact utility is better; the gamble at a lower bound is no better."""
    point = Distribution.point(o)
    if not interval.is_point:
        yield Audit(_gamble(interval.low, worst, best), point, True, f"the other direction, at {o}")
    elif interval.low < 1:
        above = simplest_inside(interval.low, min(interval.low + Fraction(1, denominator), Fraction(1)))
        yield Audit(_gamble(above, worst, best), point, False, f"a gamble just better than {o}")


def _order(intervals: Mapping[Any, Interval]) -> Iterator[Audit]:
    """Neighbours in the order of utilities, from above to below; also where the intervals leave it open."""
    ranked = sorted(intervals, key=lambda o: (intervals[o].low, intervals[o].high))
    for lower, higher in pairwise(ranked):
        x, y = intervals[lower], intervals[higher]
        apart = x.high < y.low or (x.high == y.low and (x.high_open or y.low_open))
        same = x.is_point and y.is_point and x.low == y.low
        downwards = Distribution.point(higher), Distribution.point(lower)
        yield Audit(*downwards, False if apart else True if same else None, "order of the outcomes")
