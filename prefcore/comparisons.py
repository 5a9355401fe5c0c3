"""Finite data: strict and weak comparisons of lotteries. Trusted.

``A_i ≺ B_i`` and ``C_j ≼ D_j`` are compatible with an expected utility u if ``E u`` rises strictly from A_i to B_i, and
does not fall from C_j to D_j: a system of linear inequalities in the utilities of the outcomes (T9).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from prefcore.distribution import Distribution, is_exact
from prefcore.systems import LinearSystem, Motzkin, Terms

Pair = tuple[Distribution, Distribution]
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True, init=False)
class Comparisons:
    """What was said about some lotteries: ``A ≺ B`` for each strict pair (A, B), ``C ≼ D`` for each weak one.

    `outcomes` are those of the lotteries, in the order in which they appear, or as given. Raises ``TypeError`` for what
    is no pair of Distributions, ``ValueError`` for outcomes that are repeated or leave one out.
    """

    strict: tuple[Pair, ...]
    weak: tuple[Pair, ...]
    outcomes: Sequence[Any]

    def __init__(
        self, strict: Iterable[Pair] = (), weak: Iterable[Pair] = (), outcomes: Iterable[Any] | None = None
    ) -> None:
        object.__setattr__(self, "strict", _pairs(strict, "strict"))
        object.__setattr__(self, "weak", _pairs(weak, "weak"))
        met = dict.fromkeys(o for pair in (*self.strict, *self.weak) for lottery in pair for o in lottery)
        object.__setattr__(self, "outcomes", tuple(met) if outcomes is None else _listed(outcomes, met))

    def __len__(self) -> int:
        return len(self.strict) + len(self.weak)


def _pairs(given: Iterable[Pair], name: str) -> tuple[Pair, ...]:
    if isinstance(given, (str, bytes, Distribution)) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be pairs of Distributions, got {given!r}")
    pairs = tuple(given)
    for i, pair in enumerate(pairs):
        if type(pair) not in (tuple, list) or len(pair) != 2 or not all(isinstance(x, Distribution) for x in pair):
            raise TypeError(
                f"{name} must hold pairs (A, B) of Distributions, got {pair!r} at position {i}: write"
                " pc.Distribution({o: p, …}) for a lottery, pc.Distribution.point(o) for an outcome"
            )
    return tuple((A, B) for A, B in pairs)


def _listed(outcomes: Iterable[Any], met: Iterable[Any]) -> Sequence[Any]:
    if isinstance(outcomes, (str, bytes)) or not isinstance(outcomes, Iterable):
        raise TypeError(f"outcomes must be a sequence of outcomes, got {outcomes!r}")
    listed = outcomes if isinstance(outcomes, range) else tuple(outcomes)
    if not isinstance(listed, range) and not all(isinstance(o, Hashable) for o in listed):
        raise TypeError(f"outcomes must be hashable, got {listed!r}")
    known = _places(listed)
    for outcome in met:
        if outcome not in known:
            raise ValueError(f"outcomes leave out {outcome!r}, which a lottery can give")
    return listed


def _places(outcomes: Sequence[Any]) -> Mapping[Any, int] | range:
    """The place of each outcome; a range, of whatever length, has its numbers at their own places."""
    if isinstance(outcomes, range) and outcomes == range(outcomes.stop):
        return outcomes
    places = {o: i for i, o in enumerate(outcomes)}
    if len(places) < len(outcomes):
        raise ValueError("outcomes must be different from each other")
    return places


def place_in(outcomes: Sequence[Any]) -> Callable[[Any], int]:
    """The place of an outcome among different ones; raises ``KeyError`` or ``ValueError`` for one that is not there."""
    places = _places(outcomes)
    return places.index if isinstance(places, range) else places.__getitem__


def gain(lower: Distribution, higher: Distribution, place: Callable[[Any], int]) -> Terms:
    """``E u`` of the higher less that of the lower lottery, as a linear function of the utilities."""
    terms = {place(outcome): p for outcome, p in higher.items()}
    for outcome, p in lower.items():
        i = place(outcome)
        terms[i] = terms[i] - p if i in terms else -p
    return tuple((i, c) for i, c in terms.items() if c)


def system_of(comparisons: Comparisons) -> LinearSystem:
    """The inequalities that a utility must satisfy, over the outcomes in their order.

    Raises ``ValueError`` for a lottery that is not an exact distribution over them.
    """
    for lottery in {id(x): x for pair in (*comparisons.strict, *comparisons.weak) for x in pair}.values():
        if not _is_exact_distribution(lottery):
            raise ValueError("a lottery is not an exact distribution")
    place = place_in(comparisons.outcomes)
    strict, weak = (
        tuple((gain(A, B, place), ZERO) for A, B in pairs) for pairs in (comparisons.strict, comparisons.weak)
    )
    return LinearSystem(len(comparisons.outcomes), strict, weak)


def weighted_part(comparisons: Comparisons, weights: Motzkin) -> tuple[Comparisons, Motzkin]:
    """The comparisons that have weights, and these: what contradicts itself among them does so among all.

    Raises ``IndexError`` for a weight on a comparison that is not there.
    """
    parts = []
    for pairs, chosen in ((comparisons.strict, weights.strict), (comparisons.weak, weights.weak)):
        if any(not 0 <= i < len(pairs) for i, _ in chosen):
            raise IndexError("a weight on a comparison that is not there")
        parts.append((tuple(pairs[i] for i, _ in chosen), tuple((k, w) for k, (_, w) in enumerate(chosen))))
    (strict, first), (weak, second) = parts
    return Comparisons(strict, weak, comparisons.outcomes), Motzkin(first, second, weights.equal)


def _is_exact_distribution(lottery: Distribution) -> bool:
    probabilities = [p for _, p in lottery.items()]
    if not all(is_exact(p) and p.numerator > 0 for p in probabilities):
        return False
    unit = lcm(*(p.denominator for p in probabilities))
    return sum(p.numerator * (unit // p.denominator) for p in probabilities) == unit
