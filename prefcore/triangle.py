"""The Machina triangle: a relation on the lotteries over three outcomes, drawn exactly as inline SVG.

A lottery over three outcomes is a point of a triangle whose corners are the sure outcomes [Marschak 1950; Machina
1982]. Mixing is drawn as it is: ``αA + (1-α)C`` divides the segment from C to A, so the segment between the mixtures
``αA + (1-α)C`` and ``αB + (1-α)C`` is parallel to the one between A and B. For expected reward the indifference sets
are parallel lines; each axiom that fails shows as a picture in which they are not.

``machina_triangle`` draws a counterexample, ``indifference_map`` the indifference sets of any relation. Both draw what
:mod:`prefcore.pictures` surveyed, and so does :mod:`prefcore.figures`. A border between better and worse is drawn solid
if the lotteries on it are indifferent, and dotted if they are not; edges that a relation treats differently from the
inside beside them are shown as a rim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from prefcore.claims import BlackBox
from prefcore.distribution import Distribution, mix
from prefcore.pictures import counterexamples, indifference
from prefcore.pictures.chart import survey
from prefcore.pictures.contours import Contours, contours
from prefcore.pictures.corners import choose_corners
from prefcore.pictures.counterexamples import Scene
from prefcore.pictures.plane import XY, place
from prefcore.pictures.rims import rim_of
from prefcore.pictures.stands import APART, JUMP, SAME, Preference, weights_of
from prefcore.relations import Relation, formula_of

__all__ = [
    "choose_corners",
    "contours_of",
    "indifference_map",
    "machina_triangle",
    "scene",
]

FINE, COARSE, ASKED = 32, 16, 14  # cells on a side: for the reference, for other lotteries, for a black box
MAPPED = 24  # for each reference of a map
LEVELS = 7
OTHERS = ((5, 2, 1), (1, 6, 2), (2, 1, 5), (3, 2, 2), (1, 19, 11))


def machina_triangle(
    relation: Relation[Any],
    corners: Sequence[Any],
    points: Mapping[str, Distribution],
    alpha: Fraction | None = None,
    axiom: str = "",
    name: str = "machina",
) -> str:
    """The triangle over three outcomes with a counterexample in it, as an ``<svg>`` element for an HTML page.

    corners: the three outcomes, at the bottom left, the bottom right and the top. points: the lotteries ``"A"``,
    ``"B"`` and ``"C"``; regions are better, worse, indifferent and incomparable *than B* (than A where there is no B).
    alpha: with it, the mixtures ``A′ = αA + (1-α)C`` and ``B′ = αB + (1-α)C`` are drawn too, with the curve through B′
    and, dashed, the curve through B mixed with C, which independence would put in the same place. axiom:
    ``"interpolation"`` draws the segment from A to C, any other name without `alpha` draws arrows from A to B and from
    B to C. name: a prefix for the element's ids, different for each picture on a page.

    Returns ``""`` if some lottery needs a fourth outcome. Raises ``ValueError`` for other than three different corners
    or no points, and whatever a relation that could not be traced raises when it is asked.
    """
    surveyed = scene(relation, corners, points, alpha, axiom)
    return "" if surveyed is None else counterexamples.drawing(surveyed, alpha, axiom, name)


def indifference_map(
    relation: Relation[Any],
    corners: Sequence[Any],
    levels: int | Sequence[Distribution] = LEVELS,
    name: str = "indifference",
) -> str:
    """The indifference sets of a relation on the lotteries over three outcomes, as a whole ``<svg>`` file.

    corners: the three outcomes, at the bottom left, the bottom right and the top. levels: the lotteries through which
    the sets are drawn, or how many to choose: evenly between the worst corner and the best, then wherever curves are
    far. Better lies where the blue is darker, and where the arrows point. Dotted lines are jumps, on which nothing is
    indifferent; dots fill sets of more than one dimension; where lotteries are incomparable, the regions of one
    reference are coloured. name: a prefix for the element's ids.

    Raises ``ValueError`` for other than three different corners, for no levels, and for levels with other outcomes.
    """
    return indifference.drawing(_three(corners), contours_of(relation, corners, levels), relation.name, name)


def scene(
    relation: Relation[Any],
    corners: Sequence[Any],
    points: Mapping[str, Distribution],
    alpha: Fraction | None = None,
    axiom: str = "",
) -> Scene | None:
    """What ``machina_triangle`` draws, with the same arguments; ``None`` if some lottery needs a fourth outcome."""
    outcomes = _three(corners)
    if not points:
        raise ValueError("points must name at least one lottery")
    if not all(set(lottery.support) <= set(outcomes) for lottery in points.values()):
        return None
    marked = dict(points)
    if alpha is not None and points.keys() >= {"A", "B", "C"}:
        marked |= {f"{x}′": mix(alpha, points[x], points["C"]) for x in ("A", "B")}
    preference = Preference(outcomes, formula_of(relation, outcomes, closed=False))
    opaque = isinstance(preference.formula, BlackBox)
    fine = ASKED if opaque else FINE
    first = "B" if "B" in marked else next(iter(marked))
    second = "B′" if "B′" in marked else "A" if axiom in ("transitive", "preorder") and "A" in marked else ""
    reference = preference.seen(marked[first])
    places = {label: place([lottery[o] for o in outcomes]) for label, lottery in marked.items()}
    main = survey(preference, reference, fine)
    beside = survey(preference, preference.seen(marked[second]), fine) if second else None
    # Borders seen from other lotteries cross one another, and hide everything, unless ≼ is total and transitive.
    faint = () if opaque or APART in main.regions or axiom in ("transitive", "preorder") else OTHERS
    others = tuple(survey(preference, preference.at(w), COARSE) for w in faint)
    mixed: tuple[tuple[XY, ...], ...] = ()
    if second == "B′" and alpha is not None and APART not in main.regions:
        lines = [line for kind in (SAME, JUMP) for line in main.borders.get(kind, [])]
        mixed = tuple(tuple(_towards(places["C"], p, float(alpha)) for p in line) for line in lines)
    rim = tuple(rim_of(preference, reference, fine))
    return Scene(outcomes, places, first, second, main, beside, others, rim, mixed)


def _towards(c: XY, p: XY, alpha: float) -> XY:
    return c[0] + alpha * (p[0] - c[0]), c[1] + alpha * (p[1] - c[1])


def contours_of(
    relation: Relation[Any], corners: Sequence[Any], levels: int | Sequence[Distribution] = LEVELS
) -> Contours:
    """What ``indifference_map`` draws, with the same arguments."""
    outcomes = _three(corners)
    references: int | list[tuple[int, int, int]]
    if isinstance(levels, int):
        if not 1 <= levels <= 20:
            raise ValueError(f"levels must be 1 to 20 references, or a sequence of lotteries, got {levels}")
        references = levels
    else:
        if not levels:
            raise ValueError("levels must hold at least one lottery, or be the number of references")
        for lottery in levels:
            if not isinstance(lottery, Distribution) or not set(lottery.support) <= set(outcomes):
                raise ValueError(f"levels must be lotteries over the corners {outcomes!r}, got {lottery!r}")
        references = [weights_of(outcomes, lottery) for lottery in levels]
    preference = Preference(outcomes, formula_of(relation, outcomes, closed=False))
    return contours(preference, references, ASKED if isinstance(preference.formula, BlackBox) else MAPPED)


def _three(corners: Sequence[Any]) -> tuple[Any, ...]:
    outcomes = tuple(corners)
    if len(outcomes) != 3 or len(set(outcomes)) != 3:
        raise ValueError(f"corners must be three different outcomes, got {corners!r}")
    return outcomes
