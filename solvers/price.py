"""From a failure of interpolation to a pair of lotteries that no price separates.

``A ≼ B ≼ C``, and no α in [0, 1] makes the mixture ``M_α = αA+(1-α)C`` as good as B. At α = 0 it is better than B, at
α = 1 worse, and somewhere it stops being better without ever being equally good: at the switch point α*. A utility
prices ``M_α`` by ``α·u(A) + (1-α)·u(C)``, which is continuous. If ``M_α`` is better than B below α* and worse above it,
every utility that agrees gives ``M_α*`` and B the same price; yet one of the two is strictly better. (If α* is 0 or 1,
one side is missing: the limit of the other contradicts how ``M_α*`` itself stands to B.)

The switch point is exact: it is a break point of the formula along the segment (:mod:`prefcore.segments`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from prefcore import segments
from prefcore.claims import BlackBox
from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample
from prefcore.formula import Formula, evaluate, feature_values
from prefcore.records import EvidenceRejected
from prefcore.relations import Relation, formula_of
from prefcore.verdicts import Refuted
from solvers.refuted import evidence_of, lotteries_of, preference_of

ONE = Fraction(1)

WORDS = {"≻": "better than B", "≺": "worse than B", "~": "as good as B", "incomparable": "not comparable with B"}
STANDS = {(True, False): "≺", (True, True): "~", (False, True): "≻", (False, False): "incomparable"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """The α from `low` to `high`, each included or not, at which the mixture stands to B in the same way.

    stands: ``"≻"`` (the mixture is better), ``"≺"`` (worse) or ``"incomparable"``.
    """

    low: Fraction
    high: Fraction
    with_low: bool
    with_high: bool
    stands: str

    def __str__(self) -> str:
        if self.low == self.high:
            return f"at α = {self.low} the mixture is {WORDS[self.stands]}"
        left, right = "[" if self.with_low else "(", "]" if self.with_high else ")"
        return f"for α in {left}{self.low}, {self.high}{right} the mixture is {WORDS[self.stands]}"


@dataclass(frozen=True, slots=True, repr=False)
class Unpriced:
    """Lotteries ``A ≼ B ≼ C`` such that no mixture of A and C is as good as B, and where the preference jumps.

    alpha: the switch point α*, where the mixtures αA+(1-α)C stop being better than B. mixture: the lottery there.
    below, at, above: how the mixtures just below α*, at it and just above it stand to B (``"≻"``, ``"≺"`` or
    ``"incomparable"``); None where that is outside of [0, 1].
    stretches: the whole segment, from α = 0, which is C, to α = 1, which is A.
    """

    A: Distribution
    B: Distribution
    C: Distribution
    alpha: Fraction
    mixture: Distribution
    below: str | None
    at: str
    above: str | None
    stretches: tuple[Stretch, ...]

    @property
    def sharp(self) -> bool:
        """Whether the preference jumps at α* from better to worse, with nothing that does not compare in between."""
        return self.above in (None, "≺") and self.at != "incomparable"

    def __str__(self) -> str:
        return "\n".join(_words(self))

    def __repr__(self) -> str:
        return f"Unpriced(alpha={self.alpha}, {self.mixture} is {WORDS[self.at]}, B = {self.B})"


def unpriced(counterexample: Refuted | Counterexample, relation: Relation[Any] | None = None) -> Unpriced:
    """The pair of lotteries that no price separates, from a failure of interpolation.

    counterexample: a ``Refuted`` verdict on "interpolation", or its evidence together with
    relation: the preference, which must be traceable and piecewise linear along the segment.

    Checked exactly: ``A ≼ B ≼ C``, and no α in [0, 1] makes the mixture as good as B. Raises ``ValueError`` with advice
    if it is not so, or the verdict is another; ``TypeError`` for what is neither verdict nor counterexample.
    """
    evidence = evidence_of(counterexample, ("interpolation",), "unpriced")
    A, B, C, _ = lotteries_of(evidence, "unpriced", alpha=False)
    formula, outcomes = _formula(counterexample, relation, (A, B, C))
    index = {o: i for i, o in enumerate(outcomes)}
    a, b, c = (feature_values(formula, [(index[o], p) for o, p in x.items()]) for x in (A, B, C))
    if not (evaluate(formula, a, b) and evaluate(formula, b, c)):
        raise ValueError(
            "A ≼ B ≼ C does not hold for this relation: give unpriced its counterexample to 'interpolation'"
        )
    stretches = _stretches(formula, a, b, c)
    for stretch in stretches:
        if stretch.stands == "~":
            raise ValueError(
                f"{stretch}, so interpolation does not fail at these lotteries: give unpriced the verdict on "
                "'interpolation' (not 'interpolation_open', which leaves out α = 0 and α = 1)"
            )
    alpha = stretches[0].high
    at, below, above = (_stand_at(stretches, alpha, side) for side in (0, -1, 1))
    assert at is not None
    return Unpriced(A, B, C, alpha, mix(alpha, A, C), below, at, above, stretches)


def _formula(
    given: Any, relation: Relation[Any] | None, lotteries: tuple[Distribution, ...]
) -> tuple[Formula, Sequence[Any]]:
    """The formula of the preference, and the outcomes that it numbers."""
    preference = preference_of(given, relation)
    if preference is None:
        raise ValueError(
            "the lotteries alone do not say where the preference jumps: give unpriced the verdict "
            "report['interpolation'], or the relation as its second argument"
        )
    if relation is None and isinstance(given.claim.relation, Formula):
        return given.claim.relation, given.claim.domain.outcomes
    outcomes = tuple(dict.fromkeys(o for lottery in lotteries for o in lottery))
    traced = formula_of(preference, outcomes, closed=False)
    if isinstance(traced, BlackBox):
        raise ValueError(
            f"the relation {preference.name} is a black box ({traced.reason}), so no finite number of its answers "
            "shows that there is no α: write it with expectations and probabilities"
        )
    return traced, outcomes


# -- along the segment ----------------------------------------------------------------------------------------------


def _stretches(
    formula: Formula, a: Sequence[Fraction], b: Sequence[Fraction], c: Sequence[Fraction]
) -> tuple[Stretch, ...]:
    """How αA+(1-α)C stands to B, from α = 0 to α = 1."""
    mixture, fixed = segments.line(c, a), segments.line(b, b)
    try:
        there, back = segments.truths(formula, mixture, fixed), segments.truths(formula, fixed, mixture)
    except EvidenceRejected as error:
        raise ValueError(
            f"the relation can't be followed along the segment from C to A: {error}; its switch point may be irrational"
        ) from error
    stretches: list[Stretch] = []

    def extend(low: Fraction, high: Fraction, closed: bool, stands: str) -> None:
        if stretches and stretches[-1].stands == stands:
            last = stretches.pop()
            stretches.append(Stretch(last.low, high, last.with_low, closed, stands))
        else:
            stretches.append(Stretch(low, high, closed, closed, stands))

    points = [*sorted({start for start, _ in (*there, *back)}), ONE]
    for start, stop in pairwise((*points, ONE)):
        here = [p + q * start for p, q in mixture]
        extend(start, start, True, STANDS[evaluate(formula, here, b), evaluate(formula, b, here)])
        if start < ONE:
            extend(start, stop, False, STANDS[segments.at(there, start), segments.at(back, start)])
    return tuple(stretches)


def _stand_at(stretches: tuple[Stretch, ...], alpha: Fraction, side: int) -> str | None:
    """How the mixture stands to B at α (side 0), just below it (-1) or just above it (1)."""
    for s in stretches:
        if side < 0 and s.low < alpha <= s.high:
            return s.stands
        if side > 0 and s.low <= alpha < s.high:
            return s.stands
        if side == 0 and (
            s.low < alpha < s.high or (alpha == s.low and s.with_low) or (alpha == s.high and s.with_high)
        ):
            return s.stands
    return None


# -- in words -------------------------------------------------------------------------------------------------------


def _words(found: Unpriced) -> Iterator[str]:
    yield "B lies between A and C, yet no mixture αA+(1-α)C is as good as B."
    yield from (f"{name} = {lottery}" for name, lottery in (("A", found.A), ("B", found.B), ("C", found.C)))
    told = "; ".join(map(str, found.stretches))
    yield f"{told[:1].upper()}{told[1:]}."
    yield (
        f"The switch is at α* = {found.alpha}. There the mixture is {found.mixture}, which is {WORDS[found.at]}."
        if 0 < found.alpha < 1
        else f"The switch is at α* = {found.alpha} itself: the mixture there is {found.mixture}, {WORDS[found.at]}."
    )
    after = found.above or found.at
    yield (
        "Whatever the utility, moving α by ε moves the price of the mixture by as little as you like, yet the "
        f"preference jumps there from {WORDS['≻']} to {WORDS[after]}."
    )
    if not found.sharp:
        yield (
            "A utility that ranks A, B, C as the preference does prices some mixture of A and C exactly like B: no "
            "price separates the two, although the preference does not hold them equally good."
        )
    elif 0 < found.alpha < 1:
        yield (
            "A utility that agrees on both sides must give this mixture and B the same price: no price separates the "
            f"two, although the mixture is {WORDS[found.at]}."
        )
    else:
        side, most = ("above", "at most") if found.alpha == 0 else ("below", "at least")
        yield (
            f"A utility that agrees {side} it must price this mixture {most} like B, although the mixture is "
            f"{WORDS[found.at]}."
        )
