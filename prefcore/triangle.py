"""The Machina triangle: a relation on the lotteries over three outcomes, drawn exactly as inline SVG.

A lottery over three outcomes is a point of a triangle whose corners are the sure outcomes [Marschak 1950; Machina
1982]. Mixing is drawn as it is: ``αA + (1-α)C`` divides the segment from C to A, so the segment between the mixtures
``αA + (1-α)C`` and ``αB + (1-α)C`` is parallel to the one between A and B. For expected reward the indifference sets
are parallel lines; each axiom that fails shows as a picture in which they are not.

``machina_triangle`` draws a counterexample, ``indifference_map`` the indifference sets of any relation. Both draw what
:mod:`prefcore.chart` surveyed, and so does :mod:`prefcore.figures`. A border between better and worse is drawn solid
if the lotteries on it are indifferent, and dotted if they are not; edges that a relation treats differently from the
inside beside them are shown as a rim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from itertools import combinations
from math import hypot
from textwrap import wrap
from typing import Any
from unicodedata import east_asian_width

from prefcore.chart import (
    APART,
    BETTER,
    BORDER,
    CORNERS,
    JUMP,
    SAME,
    WORSE,
    XY,
    Chart,
    Contours,
    Preference,
    contours,
    interior,
    place,
    rim_of,
    survey,
    weights_of,
)
from prefcore.claims import BlackBox
from prefcore.distribution import Distribution, mix
from prefcore.relations import Relation, formula_of

FINE, COARSE, ASKED = 32, 16, 14  # cells on a side: for the reference, for other lotteries, for a black box
MAPPED = 24  # for each reference of a map
LEVELS = 7
OTHERS = ((5, 2, 1), (1, 6, 2), (2, 1, 5), (3, 2, 2), (1, 19, 11))
CANDIDATES = 8  # outcomes that are tried as a further corner

WIDTH, HEIGHT = 788, 452
LEGEND = 528.0
SIZE = 14.0

SEVERAL = ("#2171b5", "#d95f02", "#1b7f62", "#7b3294")  # curves that cross
FILL = {BETTER: "#b3d3ee", WORSE: "#fdead0"}  # the others are patterns, so that greys tell them apart, too
RIM = {BETTER: "#2b7bba", WORSE: "#e08214", SAME: "#6e6e6e", APART: "#ffffff"}
INK, FIRST, SECOND, FAINT = "#111111", "#2171b5", "#b07cc6", "#5f6b76"
THICK, THICKER = 3.0, 5.0  # the curve of the mixture is seen on both sides of a segment that runs along it
DOTS, DASHES = "0.1 5.5", "2.5 3"  # of thick and of thin jumps
MIXED = "7 4"
XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
FONT = "'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

_Row = tuple[str, list[str]]  # of a legend: a symbol, 26 wide, and the lines of a text


@dataclass(frozen=True, slots=True)
class Scene:
    """A counterexample as it is drawn: the marked lotteries, and the maps seen from one or two of them.

    first, second: the labels of the reference and of the other lottery whose borders are drawn, ``""`` if there is none
    mixed: the curve of the reference, mixed as the counterexample mixes; by independence it would be that of `second`.
    """

    corners: tuple[Any, ...]
    places: dict[str, XY]
    first: str
    second: str
    main: Chart
    beside: Chart | None
    others: tuple[Chart, ...]
    rim: tuple[tuple[str, XY, XY], ...]
    mixed: tuple[tuple[XY, ...], ...]


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


def _three(corners: Sequence[Any]) -> tuple[Any, ...]:
    outcomes = tuple(corners)
    if len(outcomes) != 3 or len(set(outcomes)) != 3:
        raise ValueError(f"corners must be three different outcomes, got {corners!r}")
    return outcomes


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
    return "" if surveyed is None else _drawing(surveyed, alpha, axiom, name)


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
    return _map(_three(corners), contours_of(relation, corners, levels), relation.name, name)


def choose_corners(
    relation: Relation[Any], outcomes: Sequence[Any], lotteries: Sequence[Distribution]
) -> tuple[Any, Any, Any] | None:
    """Three outcomes over which the lotteries can be drawn, the worst first and the best last; ``None`` if none are.

    Where the lotteries need fewer than three, the missing ones are chosen among the first few outcomes such that better
    and worse than the second lottery (the first, if there is one only) share the triangle most evenly.
    """
    needed = tuple(dict.fromkeys(o for lottery in lotteries for o in lottery.support))
    spare = [o for o in outcomes if o not in needed][:CANDIDATES]
    missing = 3 - len(needed)
    if missing < 0 or missing > len(spare):
        return None
    sets = [needed + extra for extra in combinations(spare, missing)]
    reference = lotteries[min(1, len(lotteries) - 1)]
    chosen = max(sets, key=lambda corners: _variety(relation, corners, reference)) if len(sets) > 1 else sets[0]
    preference = Preference(chosen, formula_of(relation, chosen, closed=False))
    sure = [preference.seen(Distribution.point(o)) for o in chosen]
    # Sorted by how many of the others an outcome is at least as good as; the given order decides ties.
    rank = [sum(preference.holds(other, x) for other in sure) for x in sure]
    first, second, third = (chosen[i] for i in sorted(range(3), key=lambda i: rank[i]))
    return first, second, third


def _variety(relation: Relation[Any], corners: tuple[Any, ...], reference: Distribution) -> int:
    """How evenly the stands to the reference share a small sample of the triangle: minus the largest share."""
    preference = Preference(corners, formula_of(relation, corners, closed=False))
    fixed = preference.seen(reference)
    stands = [preference.stand(preference.at(w), fixed) for w in interior(5)]
    return -max(stands.count(s) for s in (BETTER, WORSE, SAME, APART))


# -- the drawing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, p: XY) -> bool:
        return self.left <= p[0] <= self.right and self.top <= p[1] <= self.bottom


def _drawing(shown: Scene, alpha: Fraction | None, axiom: str, name: str) -> str:
    joins = joins_of(shown.places, axiom)
    parts = _regions(shown.main, name)
    parts += [curve for each in shown.others for curve in _curves(each, FAINT, 0.9)]
    parts.append(_frame())
    parts += _rim(shown.rim)
    parts += _curves(shown.beside, SECOND, THICKER) if shown.beside else []
    parts += _curves(shown.main, FIRST, THICK)
    parts += [_line(line, FIRST, 1.6, MIXED) for line in shown.mixed]
    parts += _joined(joins)
    # The reference last: it stays seen where points coincide.
    by_reference = sorted(shown.places, key=lambda label: label == shown.first)
    parts += [_dot(shown.places[label], label == shown.first) for label in by_reference]
    parts += _corner_labels(shown.corners)
    segments = [*joins.dashed, *joins.solid, *joins.arrows, *((p, q) for _, p, q in shown.rim)]
    parts += _point_labels(shown.places, segments, shown.corners)
    legend, bottom = _laid_out(_legend(shown, alpha, name))
    spoken = f"Lotteries over {', '.join(map(str, shown.corners))}, compared with {shown.first}"
    return _svg(spoken, _patterns(name), [*parts, *legend], max(HEIGHT, round(bottom)), 'class="machina"')


def _svg(title: str, defs: str, parts: Iterable[str], height: int, attribute: str) -> str:
    return (
        f'<svg {attribute} viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'font-family="{FONT}" font-size="{SIZE:g}" style="max-width:100%;height:auto">'
        f"<title>{plain(title)}</title>{defs}"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _regions(chart: Chart, name: str) -> list[str]:
    return [f'<path d="{_closed(loops)}" fill="{_fill(stand, name)}"/>' for stand, loops in chart.regions.items()]


def _closed(loops: Iterable[Sequence[XY]]) -> str:
    return " ".join(_path(loop[:-1]) + "Z" for loop in loops)


def _frame() -> str:
    return f'<path d="{_path(CORNERS)}Z" fill="none" stroke="{FAINT}" stroke-width="1.2"/>'


def _rim(runs: Iterable[tuple[str, XY, XY]]) -> list[str]:
    return [_line([p, q], RIM[stand], 5, edge=stand == APART) for stand, p, q in runs]


# -- the map of indifference ----------------------------------------------------------------------------------------


def _map(corners: tuple[Any, ...], shown: Contours, title: str, name: str) -> str:
    levels = shown.levels
    parts: list[str] = []
    if shown.partial:
        parts += _regions(levels[0].chart, name)
    else:
        if shown.chain is None:
            # Each reference's better side once: the better a lottery, the darker.
            better = [loops for level in levels if (loops := level.chart.regions.get(BETTER))]
            parts += [
                f'<path d="{_closed(x)}" fill="{FIRST}" fill-opacity="{0.45 / len(better):.3f}"/>' for x in better
            ]
        thick = [loops for level in levels if (loops := level.chart.regions.get(SAME))]
        parts += [f'<path d="{_closed(loops)}" fill="url(#{name}-thick)"/>' for loops in thick]
    parts.append(_frame())
    for edge in shown.rim:
        parts += _rim(edge.runs)
    for k, level in enumerate(levels):
        parts += _curves(level.chart, *map_stroke(shown, k))
    parts += [_arrow(start, end) for start, end in shown.arrows]
    if shown.partial:
        parts += [_spot(level.place, k == 0) for k, level in enumerate(levels)]
    elif shown.chain:
        parts += [_spot(level.place, True, map_stroke(shown, k)[0]) for k, level in enumerate(levels)]
    parts += [_spot(place(edge.fixed), False) for edge in shown.rim if edge.fixed]
    parts += _corner_labels(corners)
    legend, bottom = _laid_out(_map_legend(shown, name))
    spoken = f"Indifference sets of {title} on the lotteries over {', '.join(map(str, corners))}"
    return _svg(spoken, _patterns(name, thick=True), [*parts, *legend], max(HEIGHT, round(bottom)), XMLNS)


def map_stroke(shown: Contours, k: int) -> tuple[str, float]:
    """The colour and the width of the curves of the reference at index k."""
    if shown.partial:
        return (FIRST, 2.2) if k == 0 else (FAINT, 1.1)
    return SEVERAL[k % len(SEVERAL)] if shown.chain else FIRST, 2.2


def _spot(p: XY, solid: bool, colour: str = INK) -> str:
    fill = colour if solid else "#ffffff"
    return f'<circle cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="3.4" fill="{fill}" stroke="{INK}" stroke-width="1.4"/>'


def _arrow(start: XY, end: XY) -> str:
    """A short arrow; the head's tip is its end."""
    length = hypot(end[0] - start[0], end[1] - start[1])
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    tip, back = (end[0] + 3 * dx, end[1] + 3 * dy), (end[0] - 5 * dx, end[1] - 5 * dy)
    wings = [(back[0] - 4 * dy, back[1] + 4 * dx), (back[0] + 4 * dy, back[1] - 4 * dx)]
    return f'{_line([start, back], INK, 1.4)}<path d="{_path([wings[0], tip, wings[1]])}Z" fill="{INK}"/>'


def map_words(shown: Contours) -> dict[str, str]:
    """What each kind of mark in a map of indifference means, each only if it is there.

    The keys: ``"dot"``, the stands (of regions around one reference), ``"shade"``, ``"arrow"``, ``"curve"``,
    ``"thick"``, ``"jump"``, ``"border"``, ``"other"``, ``"rim"``, ``"step"``, and ``"note"`` for what has no mark.
    """
    charts = [level.chart for level in shown.levels]
    kinds = {kind for chart in charts for kind in chart.borders}
    thick = any(SAME in chart.regions for chart in charts)
    words: dict[str, str] = {}
    if shown.partial:
        words["dot"] = "a lottery, and seen from it:"
        stands = {BETTER: "better", WORSE: "worse", SAME: "indifferent", APART: "incomparable"}
        words |= {stand: word for stand, word in stands.items() if stand in charts[0].regions}
        if len(charts) > 1 and any(chart.borders for chart in charts[1:]):
            words["other"] = "the same regions' edges, seen from other lotteries"
        if all(set(chart.regions) == {APART} for chart in charts):
            words["note"] = "No two of these lotteries are comparable with one another."
    else:
        if shown.chain:
            words["dot"] = "a lottery, and in its colour what is indifferent to it"
        elif any(BETTER in chart.regions for chart in charts):
            words["shade"] = "the darker, the better"
    if shown.arrows:
        words["arrow"] = "from worse to better"
    if SAME in kinds:
        words["curve"] = "indifference curve"
    if thick and not shown.partial:
        words["thick"] = "thick indifference set: all in it are indifferent"
    if JUMP in kinds:
        words["jump"] = "jump: better meets worse, nothing on the line is indifferent"
    if BORDER in kinds and not shown.partial:
        words["border"] = "edge of a thick set" if thick else "better meets worse"
    if any(edge.fixed for edge in shown.rim):
        words["rim"] = "an edge, where an outcome is impossible, is ordered unlike the inside; compared with ○"
    if any(edge.fixed is None for edge in shown.rim):
        words["step"] = "an edge, where an outcome is impossible, worse or better than the inside beside it"
    if JUMP in kinds and SAME not in kinds and not thick and not shown.partial:
        words["note"] = "No indifference curves: every line is a jump, as for lexicographic relations."
    if shown.crossing and shown.chain:
        words["note"] = "The curves cross: the relation is not transitive."
    elif shown.chain:
        words["note"] = "The relation is not transitive."
    return words


def _map_legend(shown: Contours, name: str) -> list[_Row]:
    ends = [(0.0, -4.0), (26.0, -4.0)]
    half = [(0.0, -4.0), (13.0, -4.0)]
    swatch = '<rect x="0" y="-11" width="26" height="14" fill="{}" stroke="' + FAINT + '" stroke-width=".8"/>'
    steps = "".join(
        f'<rect x="{k * 6.5:g}" y="-11" width="6.5" height="14" fill="{FIRST}" fill-opacity="{0.03 + 0.12 * k:.2f}"/>'
        for k in range(4)
    )
    symbols = {
        "dot": _spot((13, -4), True),
        "shade": steps + swatch.format("none"),
        "arrow": _arrow((4, -4), (20, -4)),
        "curve": _line(ends, FIRST, 2.2),
        "thick": swatch.format(f"url(#{name}-thick)"),
        "jump": _border(ends, JUMP, FIRST, 2.2),
        "border": _border(ends, BORDER, FIRST, 2.2),
        "other": _border(half, BORDER, FAINT, 1.1) + _spot((19, -4), False),
        "rim": _line(half, RIM[WORSE], 5) + _line([(13, -4), (26, -4)], RIM[BETTER], 5),
        "step": _line(half, RIM[WORSE], 5) + _line([(13, -4), (26, -4)], RIM[BETTER], 5),
        "note": "",
    } | {stand: swatch.format(_fill(stand, name)) for stand in (BETTER, WORSE, SAME, APART)}
    return [(symbols[key], wrap(text, 33 if key == "note" else 31)) for key, text in map_words(shown).items()]


# -- elements -------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text for HTML and XML: escaped, and without the characters that XML forbids."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text))


def shortened(text: str, limit: int) -> str:
    """The text on one line, cut to `limit` characters, the last being an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _fill(stand: str, name: str) -> str:
    return FILL.get(stand, f"url(#{name}-{stand})")


def _patterns(name: str, thick: bool = False) -> str:
    """Hatching for what is incomparable, dots for what is indifferent; `thick` dots let the shade below be seen."""
    frame = 'width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    hatch = '<rect width="7" height="7" fill="#ffffff"/><path d="M0 0V7" stroke="#a8a8a8" stroke-width="1.6"/>'
    dots = '<rect width="7" height="7" fill="#dedede"/><circle cx="3.5" cy="3.5" r="1.2" fill="#6e6e6e"/>'
    patterns = {APART: hatch, SAME: dots}
    patterns |= {"thick": '<circle cx="3.5" cy="3.5" r="1.1" fill="#4a525b"/>'} if thick else {}
    drawn = (f'<pattern id="{name}-{key}" {frame}>{body}</pattern>' for key, body in patterns.items())
    return f"<defs>{''.join(drawn)}</defs>"


def _path(points: Iterable[XY]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _line(points: Sequence[XY], colour: str, width: float, dash: str = "", edge: bool = False) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    cap = ' stroke-linecap="round"' if dash == DOTS else ""
    under = f'<path d="{_path(points)}" fill="none" stroke="{FAINT}" stroke-width="{width + 1.4:g}"/>' if edge else ""
    return (
        f'{under}<path d="{_path(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-linejoin="round"{cap}{dashes}/>'
    )


def _curves(chart: Chart, colour: str, width: float) -> list[str]:
    """The borders of a map, by their kind."""
    return [_border(line, kind, colour, width) for kind, lines in chart.borders.items() for line in lines]


def _border(line: Sequence[XY], kind: str, colour: str, width: float) -> str:
    """A border; thinner around regions, which have their own colour, than where better meets worse."""
    dash = (DOTS if width > 2 else DASHES) if kind == JUMP else ""
    return _line(line, colour, max(0.9, 0.7 * width) if kind == BORDER else width, dash)


def _dot(p: XY, solid: bool) -> str:
    fill = INK if solid else "#ffffff"
    return f'<circle cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="4.5" fill="{fill}" stroke="{INK}" stroke-width="1.8"/>'


@dataclass(frozen=True, slots=True)
class Joins:
    """The segments of a counterexample: what is compared, mixing, and a preference as an arrow."""

    solid: tuple[tuple[XY, XY], ...]
    dashed: tuple[tuple[XY, XY], ...]
    arrows: tuple[tuple[XY, XY], ...]


def joins_of(places: Mapping[str, XY], axiom: str) -> Joins:
    """The segments between the marked lotteries that tell the axiom's counterexample."""
    solid = [("A", "B"), ("A′", "B′")] if "A′" in places else []
    dashed = [("A", "C"), ("B", "C")] if "A′" in places else [("A", "C")] if axiom == "interpolation" else []
    cycle = [label for label in places if label[0] == "A" and label not in ("A", "A′")]
    arrows = list(zip(cycle, (*cycle[1:], *cycle[:1]), strict=True)) if cycle else [("A", "B"), ("B", "C")]
    if "limit B" in places:
        dashed = [("C", "limit B")]
    if solid or dashed:
        arrows = []

    def segments(pairs: list[tuple[str, str]]) -> tuple[tuple[XY, XY], ...]:
        there = [(places[x], places[y]) for x, y in pairs if x in places and y in places]
        return tuple((p, q) for p, q in there if p != q)

    return Joins(segments(solid), segments(dashed), segments(arrows))


def _joined(joins: Joins) -> list[str]:
    drawn: list[str] = []
    for p, q in joins.dashed:
        # Dashes are seen along an edge of the triangle, too.
        drawn += [_line([p, q], "#ffffff", 2.3), _line([p, q], INK, 1.3, "6 4")]
    drawn += [_line([p, q], INK, 2.2) for p, q in joins.solid]
    for p, q in joins.arrows:
        drawn += [_line([p, q], INK, 1.8), _arrow_head(p, q)]
    return drawn


def _arrow_head(start: XY, end: XY) -> str:
    length = hypot(end[0] - start[0], end[1] - start[1])
    if length < 24:
        return ""
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    tip = (end[0] - 6 * dx, end[1] - 6 * dy)
    back = (tip[0] - 11 * dx, tip[1] - 11 * dy)
    wings = [(back[0] - 4.5 * dy, back[1] + 4.5 * dx), (back[0] + 4.5 * dy, back[1] - 4.5 * dx)]
    return f'<path d="{_path([wings[0], tip, wings[1]])}Z" fill="{INK}"/>'


# -- text -----------------------------------------------------------------------------------------------------------


def extent(text: str, size: float = SIZE) -> float:
    """An upper estimate of the width of a text."""
    return sum(size * (1.05 if east_asian_width(c) in "WF" else 0.36 if c in "il.,' |" else 0.62) for c in text)


def _text(x: float, y: float, text: str, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{text}</text>'


def _corner_places(corners: Sequence[Any]) -> list[tuple[str, str, _Box]]:
    """The shown label of each corner, its full text, and its box below or above the corner."""
    result = []
    for (x, y), outcome in zip(CORNERS, corners, strict=True):
        label = str(outcome)
        shown = label
        limit = 24
        while extent(shown) > 170 and limit > 2:
            shown, limit = shortened(label, limit), limit - 1
        shown = shortened(shown, 24)
        half = extent(shown) / 2
        centre = min(max(x, half + 6), LEGEND - 8 - half)
        top = y - 36 if y < HEIGHT / 2 else y + 16
        result.append((shown, label, _Box(centre - half, top, centre + half, top + 18)))
    return result


def _corner_labels(corners: Sequence[Any]) -> list[str]:
    return [
        _text(
            (box.left + box.right) / 2,
            box.bottom - 4,
            f"<title>{plain(label)}</title>{plain(shown)}" if shown != label else plain(shown),
            "middle",
            ' font-weight="600"',
        )
        for shown, label, box in _corner_places(corners)
    ]


def _point_labels(places: Mapping[str, XY], segments: Sequence[tuple[XY, XY]], corners: Sequence[Any]) -> list[str]:
    """The letters beside the points, each at the first of the best places around: labels never meet."""
    joined: dict[XY, list[str]] = {}
    for label, p in places.items():
        # Points nearer than their discs share one label.
        near = next((q for q in joined if hypot(p[0] - q[0], p[1] - q[1]) < 2), p)
        joined.setdefault(near, []).append(label)
    taken = [box for _, _, box in _corner_places(corners)]
    discs = [_Box(x - 6, y - 6, x + 6, y + 6) for x, y in joined]
    result = []
    for (x, y), labels in joined.items():
        text = ", ".join(labels)
        best = min(_around(x, y, extent(text, 16)), key=lambda box: _cost(box, (x, y), taken, discs, segments))
        taken.append(best)
        halo = ' font-size="16" font-style="italic" font-weight="600" stroke="#ffffff" stroke-width="3.5"'
        halo += ' stroke-linejoin="round" paint-order="stroke"'
        result.append(_text((best.left + best.right) / 2, best.bottom - 4, plain(text), "middle", halo))
    return result


def _around(x: float, y: float, width: float) -> Iterator[_Box]:
    half, high = width / 2 + 1, 9.0
    for far in (6.0, 12.0, 20.0, 32.0):
        for dx, dy in ((1, -1), (-1, -1), (1, 1), (-1, 1), (1, 0), (-1, 0), (0, -1), (0, 1)):
            reach = far * 0.6 if dx and dy else far + 1
            cx, cy = x + dx * (half + reach), y + dy * (high + reach)
            yield _Box(cx - half, cy - high, cx + half, cy + high)


def _cost(
    box: _Box, point: XY, taken: Sequence[_Box], discs: Sequence[_Box], segments: Sequence[tuple[XY, XY]]
) -> float:
    crossed = 0
    for p, q in segments:
        steps = [k / 40 for k in range(41)]
        crossed += any(box.holds((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1]))) for t in steps)
    outside = box.left < 4 or box.right > LEGEND - 22 or box.top < 4 or box.bottom > HEIGHT - 4
    centre = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    far = hypot(centre[0] - point[0], centre[1] - point[1])
    hidden = sum(box.meets(other) for other in taken) + outside
    return 1000.0 * hidden + 300.0 * sum(box.meets(disc) for disc in discs) + 40.0 * crossed + far


def scene_words(shown: Scene) -> dict[str, str]:
    """What the colours and lines of a counterexample mean, each only if it is there, in lines of a legend.

    The keys: the stands; ``"first"``, ``"second"`` and ``"other"`` with a kind of border; ``"mixed"`` and ``"rim"``.
    """
    main, first, second = shown.main, shown.first, shown.second
    seen = {stand for stand, _, _ in shown.rim} | set(main.regions)
    stands = {BETTER: "better than", WORSE: "worse than", SAME: "indifferent to", APART: "incomparable with"}
    words = {stand: f"{word} {first}" for stand, word in stands.items() if stand in seen}
    # The edges of the regions of the first map need no words: its regions have their colours.
    words |= _line_words("first", [Chart({}, {k: v for k, v in main.borders.items() if k != BORDER})], first)
    words |= _line_words("second", [shown.beside], second) if shown.beside else {}
    if shown.mixed:
        words["mixed"] = f"that of {first} mixed with C: where\nindependence puts that of {second}"
    words |= _line_words("other", shown.others, "other lotteries")
    if shown.rim:
        words["rim"] = "the rim: the edges, where\nan outcome is impossible"
    return words


def _line_words(whose: str, charts: Sequence[Chart], label: str) -> dict[str, str]:
    """What the borders of each kind mean, for maps seen from the same lottery or lotteries."""
    words = {
        SAME: f"indifferent to {label}",
        JUMP: f"better meets worse than {label},\nnothing between is indifferent",
        BORDER: f"better meets worse\nthan {label}",
    }
    if any(APART in chart.regions for chart in charts):
        words[BORDER] = f"edge of a region\nseen from {label}"
    elif any(SAME in chart.regions for chart in charts):
        words[BORDER] = f"edge of what is\nindifferent to {label}"
    if len(charts) > 1:
        words[JUMP] = f"better meets worse\nthan {label}"
    kinds = {kind for chart in charts for kind in chart.borders}
    if SAME in kinds:
        kinds.discard(BORDER)  # one row serves for lines and for regions
    return {f"{whose} {kind}": text for kind, text in words.items() if kind in kinds}


def _legend(shown: Scene, alpha: Fraction | None, name: str) -> list[_Row]:
    rows: list[_Row] = []
    ends = [(0.0, -4.0), (26.0, -4.0)]
    strokes = {"first": (FIRST, THICK), "second": (SECOND, THICKER), "other": (FAINT, 0.9)}
    for key, text in scene_words(shown).items():
        whose, _, kind = key.partition(" ")
        if whose in strokes:
            symbol = _border(ends, kind, *strokes[whose])
        elif key == "mixed":
            symbol = _line(ends, FIRST, 1.6, MIXED)
        elif key == "rim":
            symbol = "".join(_line([(x, -4), (x + 13, -4)], RIM[s], 5) for x, s in ((0, BETTER), (13, WORSE)))
        else:
            fill = _fill(key, name)
            symbol = f'<rect x="0" y="-11" width="26" height="14" fill="{fill}" stroke="{FAINT}" stroke-width=".8"/>'
        rows.append((symbol, text.split("\n")))
    if shown.second == "B′" and alpha is not None:
        rows.append(("", [""]))  # a gap
        rows += [(_mark(x), [f"= α{x} + (1-α)C"]) for x in ("A", "B")]
        rows.append(("", [f"with α = {shortened(str(alpha), 22)}"]))
    return rows


def _laid_out(rows: Iterable[_Row]) -> tuple[list[str], float]:
    """A legend's elements, and where it ends."""
    result = []
    y = 44.0
    for symbol, lines in rows:
        if symbol:
            result.append(f'<g transform="translate({LEGEND:g} {y:g})">{symbol}</g>')
        for line in lines:
            result.append(_text(LEGEND + 36, y, plain(line)))
            y += 18
        y += 6
    return result, y


def _mark(x: str) -> str:
    return f'<text x="6" y="0" font-size="16" font-style="italic" font-weight="600">{x}′</text>'
