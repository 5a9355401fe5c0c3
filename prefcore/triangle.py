"""The Machina triangle: a relation on the lotteries over three outcomes, drawn exactly as inline SVG.

A lottery over three outcomes is a point of a triangle whose corners are the sure outcomes [Marschak 1950; Machina
1982]. Mixing is drawn as it is: ``αA + (1-α)C`` divides the segment from C to A, so the segment between the mixtures
``αA + (1-α)C`` and ``αB + (1-α)C`` is parallel to the one between A and B. For expected reward the indifference sets
are parallel lines; each axiom that fails shows as a picture in which they are not.

Regions and borders come from :mod:`prefcore.chart`. A border between better and worse is drawn solid if the
lotteries on it are indifferent, and dotted if they are not; edges that a relation treats differently from the inside
beside them are shown as a rim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from itertools import combinations
from math import hypot
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
    Preference,
    interior,
    place,
    rim_of,
    survey,
)
from prefcore.claims import BlackBox
from prefcore.distribution import Distribution, mix
from prefcore.relations import Relation, formula_of

FINE, COARSE, ASKED = 32, 16, 14  # cells on a side: for the reference, for other lotteries, for a black box
OTHERS = ((5, 2, 1), (1, 6, 2), (2, 1, 5), (3, 2, 2), (1, 19, 11))
CANDIDATES = 8  # outcomes that are tried as a further corner

WIDTH, HEIGHT = 788, 452
LEGEND = 528.0
SIZE = 14.0

FILL = {BETTER: "#b3d3ee", WORSE: "#fdead0"}  # the others are patterns, so that greys tell them apart, too
RIM = {BETTER: "#2b7bba", WORSE: "#e08214", SAME: "#6e6e6e", APART: "#ffffff"}
INK, FIRST, SECOND, FAINT = "#111111", "#2171b5", "#b07cc6", "#5f6b76"
THICK, THICKER = 3.0, 5.0  # the curve of the mixture is seen on both sides of a segment that runs along it
DOTS, DASHES = "0.1 5.5", "2.5 3"  # of thick and of thin jumps


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
    alpha: with it, the mixtures ``A′ = αA + (1-α)C`` and ``B′ = αB + (1-α)C`` are drawn too. axiom: ``"interpolation"``
    draws the segment from A to C, any other name without `alpha` draws arrows from A to B and from B to C. name: a
    prefix for the element's ids, different for each picture on a page.

    Returns ``""`` if some lottery needs a fourth outcome. Raises ``ValueError`` for other than three different corners
    or no points, and whatever a relation that could not be traced raises when it is asked.
    """
    outcomes = tuple(corners)
    if len(outcomes) != 3 or len(set(outcomes)) != 3:
        raise ValueError(f"corners must be three different outcomes, got {corners!r}")
    if not points:
        raise ValueError("points must name at least one lottery")
    if not all(set(lottery.support) <= set(outcomes) for lottery in points.values()):
        return ""
    marked = dict(points)
    if alpha is not None and points.keys() >= {"A", "B", "C"}:
        marked |= {f"{x}′": mix(alpha, points[x], points["C"]) for x in ("A", "B")}
    preference = Preference(outcomes, formula_of(relation, outcomes, closed=False))
    return _drawing(preference, marked, alpha, axiom, name)


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


def _drawing(
    preference: Preference, marked: Mapping[str, Distribution], alpha: Fraction | None, axiom: str, name: str
) -> str:
    opaque = isinstance(preference.formula, BlackBox)
    first = "B" if "B" in marked else next(iter(marked))
    second = "B′" if "B′" in marked else "A" if axiom in ("transitive", "preorder") and "A" in marked else ""
    reference = preference.seen(marked[first])
    main = survey(preference, reference, ASKED if opaque else FINE)
    beside = survey(preference, preference.seen(marked[second]), ASKED if opaque else FINE) if second else None
    # Borders seen from other lotteries cross one another, and hide everything, unless ≼ is total and transitive.
    faint = () if opaque or APART in main.regions or axiom in ("transitive", "preorder") else OTHERS
    others = [survey(preference, preference.at(w), COARSE) for w in faint]
    rim = rim_of(preference, reference, ASKED if opaque else FINE)
    places = {label: place([lottery[o] for o in preference.corners]) for label, lottery in marked.items()}
    lines = _joins(places, axiom)

    parts: list[str] = []
    for stand, loops in main.regions.items():
        fill = _fill(stand, name)
        parts.append(f'<path d="{" ".join(_path(loop[:-1]) + "Z" for loop in loops)}" fill="{fill}"/>')
    parts += [curve for each in others for curve in _curves(each, FAINT, 0.9)]
    parts.append(f'<path d="{_path(CORNERS)}Z" fill="none" stroke="{FAINT}" stroke-width="1.2"/>')
    parts += [_line([p, q], RIM[stand], 5, edge=stand == APART) for stand, p, q in rim]
    parts += _curves(beside, SECOND, THICKER) if beside else []
    parts += _curves(main, FIRST, THICK)
    parts += lines.drawn
    # The reference last: it stays seen where points coincide.
    parts += [_dot(places[label], label == first) for label in sorted(places, key=lambda label: label == first)]
    parts += _corner_labels(preference.corners)
    parts += _point_labels(places, [*lines.segments, *((p, q) for _, p, q in rim)], preference.corners)
    legend, bottom = _legend(main, beside, others, first, second, rim, alpha, name)
    parts += legend
    height = max(HEIGHT, round(bottom))
    spoken = f"Lotteries over {', '.join(map(str, preference.corners))}, compared with {first}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" class="machina" '
        f"font-family=\"'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\" "
        f'font-size="{SIZE:g}" style="max-width:100%;height:auto">'
        f"<title>{plain(spoken)}</title>{_patterns(name)}"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def plain(text: str) -> str:
    """Text for HTML and XML: escaped, and without the characters that XML forbids."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text))


def shortened(text: str, limit: int) -> str:
    """The text on one line, cut to `limit` characters, the last being an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _fill(stand: str, name: str) -> str:
    return FILL.get(stand, f"url(#{name}-{stand})")


def _patterns(name: str) -> str:
    """Hatching for what is incomparable, dots for what is indifferent."""
    frame = 'width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    hatch = '<rect width="7" height="7" fill="#ffffff"/><path d="M0 0V7" stroke="#a8a8a8" stroke-width="1.6"/>'
    dots = '<rect width="7" height="7" fill="#dedede"/><circle cx="3.5" cy="3.5" r="1.2" fill="#6e6e6e"/>'
    return (
        f'<defs><pattern id="{name}-{APART}" {frame}>{hatch}</pattern>'
        f'<pattern id="{name}-{SAME}" {frame}>{dots}</pattern></defs>'
    )


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
class _Joins:
    drawn: list[str]
    segments: list[tuple[XY, XY]]


def _joins(places: Mapping[str, XY], axiom: str) -> _Joins:
    """The segments of a counterexample: mixing dashed, what is compared solid, a preference as an arrow."""
    solid = [("A", "B"), ("A′", "B′")] if "A′" in places else []
    dashed = [("A", "C"), ("B", "C")] if "A′" in places else [("A", "C")] if axiom == "interpolation" else []
    arrows = [] if solid or dashed else [("A", "B"), ("B", "C")]
    drawn: list[str] = []
    segments: list[tuple[XY, XY]] = []
    for pairs, dash, width in ((dashed, "6 4", 1.3), (solid, "", 2.2), (arrows, "", 1.8)):
        for x, y in pairs:
            if x in places and y in places and places[x] != places[y]:
                segments.append((places[x], places[y]))
                # Dashes are seen along an edge of the triangle, too.
                drawn += [_line([places[x], places[y]], "#ffffff", width + 1)] if dash else []
                drawn.append(_line([places[x], places[y]], INK, width, dash))
                drawn += [_arrow_head(places[x], places[y])] if pairs is arrows else []
    return _Joins(drawn, segments)


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


def _extent(text: str, size: float = SIZE) -> float:
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
        while _extent(shown) > 170 and limit > 2:
            shown, limit = shortened(label, limit), limit - 1
        shown = shortened(shown, 24)
        half = _extent(shown) / 2
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
        best = min(_around(x, y, _extent(text, 16)), key=lambda box: _cost(box, (x, y), taken, discs, segments))
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


def _legend(
    main: Chart,
    beside: Chart | None,
    others: Sequence[Chart],
    first: str,
    second: str,
    rim: Sequence[tuple[str, XY, XY]],
    alpha: Fraction | None,
    name: str,
) -> tuple[list[str], float]:
    """What the colours and lines mean, each only if it is there, and where the legend ends."""
    rows: list[tuple[str, list[str]]] = []
    shown = {stand for stand, _, _ in rim} | set(main.regions)
    words = {BETTER: "better than", WORSE: "worse than", SAME: "indifferent to", APART: "incomparable with"}
    for stand, word in words.items():
        if stand in shown:
            fill = _fill(stand, name)
            swatch = f'<rect x="0" y="-11" width="26" height="14" fill="{fill}" stroke="{FAINT}" stroke-width=".8"/>'
            rows.append((swatch, [f"{word} {first}"]))
    # The edges of the regions of the first map need no words: its regions have their colours.
    rows += _line_rows([Chart({}, {k: v for k, v in main.borders.items() if k != BORDER})], first, FIRST, THICK)
    rows += _line_rows([beside], second, SECOND, THICKER) if beside else []
    rows += _line_rows(others, "other lotteries", FAINT, 0.9)
    if rim:
        band = "".join(_line([(x, -4), (x + 13, -4)], RIM[s], 5) for x, s in ((0, BETTER), (13, WORSE)))
        rows.append((band, ["the rim: the edges, where", "an outcome is impossible"]))
    if second == "B′" and alpha is not None:
        rows.append(("", [""]))  # a gap
        rows += [(_mark(x), [f"= α{x} + (1-α)C"]) for x in ("A", "B")]
        rows.append(("", [f"with α = {shortened(str(alpha), 22)}"]))
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


def _line_rows(charts: Sequence[Chart], label: str, colour: str, width: float) -> list[tuple[str, list[str]]]:
    """What the borders of each kind mean, for maps seen from the same lottery or lotteries."""
    words = {
        SAME: [f"indifferent to {label}"],
        JUMP: [f"better meets worse than {label},", "nothing between is indifferent"],
        BORDER: ["better meets worse", f"than {label}"],
    }
    if any(APART in chart.regions for chart in charts):
        words[BORDER] = ["edge of a region", f"seen from {label}"]
    elif any(SAME in chart.regions for chart in charts):
        words[BORDER] = ["edge of what is", f"indifferent to {label}"]
    if len(charts) > 1:
        words[JUMP] = ["better meets worse", f"than {label}"]
    kinds = {kind for chart in charts for kind in chart.borders}
    ends = [(0.0, -4.0), (26.0, -4.0)]
    if SAME in kinds:
        kinds.discard(BORDER)  # one row serves for lines and for regions
    return [(_border(ends, kind, colour, width), text) for kind, text in words.items() if kind in kinds]
