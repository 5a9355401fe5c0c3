"""How lotteries over three outcomes stand to one another: better, worse, indifferent or incomparable, exactly.

Between two close lotteries of which one is better and one worse than a third, the relation is asked at the very place
of the change, which is known exactly if no lottery is multiplied by itself: are the lotteries there indifferent?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from prefcore.claims import BlackBox
from prefcore.closures import is_closed
from prefcore.distribution import Distribution, mix
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
    evaluate,
    feature_values,
    node_values,
)

BETTER, WORSE, SAME, APART = "better", "worse", "indifferent", "incomparable"
JUMP, BORDER = "jump", "border"  # kinds of border besides SAME: nothing indifferent on it; not decided

DEEP = 24

Weights = tuple[int, int, int]


def interior(n: int) -> list[Weights]:
    return [(3 * i + 1, 3 * j + 1, 3 * (n - i - j) + 1) for i in range(n + 1) for j in range(n + 1 - i)]


def weights_of(corners: Sequence[Any], lottery: Distribution) -> Weights:
    """Whole numbers in the proportion of the lottery's probabilities."""
    scale = lcm(*(lottery[o].denominator for o in corners))
    first, second, third = (int(lottery[o] * scale) for o in corners)
    return first, second, third


@dataclass(frozen=True, slots=True)
class Preference:
    """The relation on the lotteries over three outcomes. It sees a lottery through its features, or as it is."""

    corners: tuple[Any, ...]
    formula: Formula | BlackBox

    @property
    def exact(self) -> bool:
        """Whether the place of a change can be computed: then terms are affine between close lotteries."""
        return isinstance(self.formula, Formula) and _bilinear(self.formula)

    def seen(self, lottery: Distribution) -> Any:
        if isinstance(self.formula, BlackBox):
            return lottery
        return feature_values(self.formula, [(i, lottery[o]) for i, o in enumerate(self.corners)])

    def at(self, weights: Weights) -> Any:
        total = sum(weights)
        if isinstance(self.formula, BlackBox):
            return Distribution({o: Fraction(w, total) for o, w in zip(self.corners, weights, strict=True) if w})
        x, y, z = weights
        return [Fraction(f[0] * x + f[1] * y + f[2] * z, total) for f in self.formula.features]

    def between(self, a: Any, b: Any, t: Fraction) -> Any:
        """What is seen of the lottery that divides the segment from a to b at t."""
        if isinstance(self.formula, BlackBox):
            return mix(t, b, a)
        return [u + t * (v - u) for u, v in zip(a, b, strict=True)]

    def holds(self, a: Any, b: Any) -> bool:
        if isinstance(self.formula, BlackBox):
            return bool(self.formula.function(a, b))
        return evaluate(self.formula, a, b)

    def stand(self, a: Any, reference: Any) -> str:
        up, down = self.holds(reference, a), self.holds(a, reference)
        return (SAME if down else BETTER) if up else (WORSE if down else APART)

    def meeting(self, a: Any, b: Any, reference: Any) -> str:
        """What lies between two close lotteries of which one is better and one worse than the reference."""
        exact = self.exact
        places = self._sign_changes(a, b, reference) if exact else ()
        if any(self.stand(self.between(a, b, t), reference) == SAME for t in places):
            return SAME
        # Where a minimum or a maximum bends between the two, the place is missed.
        closed = self._closed_in(a, b, reference)
        return JUMP if exact and closed == BORDER else closed

    def _closed_in(self, a: Any, b: Any, reference: Any) -> str:
        """The same where the place is not known. Two closed sets that cover a segment meet (T7).

        That the better and the worse cover it is tested to a part in 2^DEEP of the segment, far below what is drawn.
        """
        if not isinstance(self.formula, Formula) or not is_closed(self.formula):
            return BORDER
        before = self.stand(a, reference)
        for _ in range(DEEP):
            middle = self.between(a, b, Fraction(1, 2))
            stand = self.stand(middle, reference)
            if stand in (SAME, APART):
                return SAME if stand == SAME else BORDER
            a, b = (middle, b) if stand == before else (a, middle)
        return SAME

    def _sign_changes(self, a: Any, b: Any, reference: Any) -> set[Fraction]:
        formula = self.formula
        assert isinstance(formula, Formula)
        places: set[Fraction] = set()
        for left, right in (((a, reference), (b, reference)), ((reference, a), (reference, b))):
            before, after = node_values(formula, *left), node_values(formula, *right)
            for node in formula.nodes:
                if isinstance(node, Atom):
                    u, v = before[node.term], after[node.term]
                    if u != v and u * v <= 0:
                        places.add(Fraction(u, u - v))
        return places


def _bilinear(formula: Formula) -> bool:
    """Whether every term is affine in each lottery when the other is fixed, piece by piece."""
    powers: list[tuple[int, int]] = []
    for node in formula.nodes:
        match node:
            case Feature(side, _):
                degree = (1, 0) if side == 0 else (0, 1)
            case Product(left, right):
                degree = (powers[left][0] + powers[right][0], powers[left][1] + powers[right][1])
            case Affine(_, terms):
                degree = _highest([powers[i] for _, i in terms])
            case Max(terms) | Min(terms):
                degree = _highest([powers[i] for i in terms])
            case If(_, then, otherwise):
                degree = _highest([powers[then], powers[otherwise]])
            case Atom() | Not() | And() | Or():
                degree = (0, 0)
            case _:
                return False
        powers.append(degree)
    return all(max(degree) <= 1 for degree in powers)


def _highest(degrees: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return max((a for a, _ in degrees), default=0), max((b for _, b in degrees), default=0)
