"""Counterexamples among simple lotteries: exact points of small denominator on a face, for any relation.

It needs nothing but answers, so it serves black boxes and polynomial relations; whatever it finds is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from prefcore.axioms import NEEDS
from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample
from prefcore.search.semilinear import Deadline

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
) -> Counterexample | None:
    """The first counterexample to a universal axiom among these lotteries (mixed with a few α)."""
    answers: dict[tuple[Distribution, Distribution], bool] = {}

    def ask(a: Distribution, b: Distribution) -> bool:
        if (a, b) not in answers:
            answers[a, b] = holds(a, b)
        return answers[a, b]

    for found in _candidates(axiom, ask, points):
        if found is not None:
            return found
        if not deadline.left:
            return None
    return None


def _candidates(
    axiom: str, ask: Callable[[Distribution, Distribution], bool], points: Sequence[Distribution]
) -> Iterator[Counterexample | None]:
    """Counterexamples as they are found; None now and then, so that the caller can look at the clock."""
    for a in points:
        if axiom in ("reflexive", "preorder") and not ask(a, a):
            yield Counterexample(a)
        yield None
        for b in points if NEEDS[axiom][0] > 1 else ():
            if axiom == "total" and not ask(a, b) and not ask(b, a):
                yield Counterexample(a, b)
            for c in points if NEEDS[axiom][0] > 2 else ():
                if axiom in ("transitive", "preorder"):
                    if ask(a, b) and ask(b, c) and not ask(a, c):
                        yield Counterexample(a, b, c)
                    continue
                for alpha in ALPHAS:
                    before, after = ask(a, b), ask(mix(alpha, a, c), mix(alpha, b, c))
                    if before is not after and (axiom == "convex" or before):
                        yield Counterexample(a, b, c, alpha)
            yield None
