"""A counterexample in the triangle: its lotteries, the curves through one or two of them, and what its axiom joins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import hypot
from typing import Any

from prefcore.pictures.chart import Chart
from prefcore.pictures.plane import XY
from prefcore.pictures.stands import APART, BETTER, BORDER, JUMP, SAME, WORSE
from prefcore.pictures.svg import FAINT, INK, extent, path, plain, shortened, stroke, text_at
from prefcore.pictures.triangles import (
    FIRST,
    HEIGHT,
    LEGEND,
    RIM,
    Box,
    Row,
    border,
    canvas,
    corner_labels,
    corner_places,
    curves,
    fill_of,
    frame,
    laid_out,
    patterns,
    regions,
    rim,
)

SECOND = "#b07cc6"
THICK, THICKER = 3.0, 5.0  # the curve of the mixture is seen on both sides of a segment that runs along it
MIXED = "7 4"


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


def drawing(shown: Scene, alpha: Fraction | None, axiom: str, name: str) -> str:
    joins = joins_of(shown.places, axiom)
    parts = regions(shown.main, name)
    parts += [curve for each in shown.others for curve in curves(each, FAINT, 0.9)]
    parts.append(frame())
    parts += rim(shown.rim)
    parts += curves(shown.beside, SECOND, THICKER) if shown.beside else []
    parts += curves(shown.main, FIRST, THICK)
    parts += [stroke(line, FIRST, 1.6, MIXED) for line in shown.mixed]
    parts += _joined(joins)
    # The reference last: it stays seen where points coincide.
    by_reference = sorted(shown.places, key=lambda label: label == shown.first)
    parts += [_dot(shown.places[label], label == shown.first) for label in by_reference]
    parts += corner_labels(shown.corners)
    segments = [*joins.dashed, *joins.solid, *joins.arrows, *((p, q) for _, p, q in shown.rim)]
    parts += _point_labels(shown.places, segments, shown.corners)
    legend, bottom = laid_out(_legend(shown, alpha, name))
    spoken = f"Lotteries over {', '.join(map(str, shown.corners))}, compared with {shown.first}"
    return canvas(spoken, patterns(name), [*parts, *legend], max(HEIGHT, round(bottom)), 'class="machina"')


def _joined(joins: Joins) -> list[str]:
    drawn: list[str] = []
    for p, q in joins.dashed:
        # Dashes are seen along an edge of the triangle, too.
        drawn += [stroke([p, q], "#ffffff", 2.3), stroke([p, q], INK, 1.3, "6 4")]
    drawn += [stroke([p, q], INK, 2.2) for p, q in joins.solid]
    for p, q in joins.arrows:
        drawn += [stroke([p, q], INK, 1.8), _arrow_head(p, q)]
    return drawn


def _arrow_head(start: XY, end: XY) -> str:
    length = hypot(end[0] - start[0], end[1] - start[1])
    if length < 24:
        return ""
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    tip = (end[0] - 6 * dx, end[1] - 6 * dy)
    back = (tip[0] - 11 * dx, tip[1] - 11 * dy)
    wings = [(back[0] - 4.5 * dy, back[1] + 4.5 * dx), (back[0] + 4.5 * dy, back[1] - 4.5 * dx)]
    return f'<path d="{path([wings[0], tip, wings[1]])}Z" fill="{INK}"/>'


def _dot(p: XY, solid: bool) -> str:
    fill = INK if solid else "#ffffff"
    return f'<circle cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="4.5" fill="{fill}" stroke="{INK}" stroke-width="1.8"/>'


def _point_labels(places: Mapping[str, XY], segments: Sequence[tuple[XY, XY]], corners: Sequence[Any]) -> list[str]:
    """The letters beside the points, each at the first of the best places around: labels never meet."""
    joined: dict[XY, list[str]] = {}
    for label, p in places.items():
        # Points nearer than their discs share one label.
        near = next((q for q in joined if hypot(p[0] - q[0], p[1] - q[1]) < 2), p)
        joined.setdefault(near, []).append(label)
    taken = [box for _, _, box in corner_places(corners)]
    discs = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in joined]
    result = []
    for (x, y), labels in joined.items():
        text = ", ".join(labels)
        best = min(_around(x, y, extent(text, 16)), key=lambda box: _cost(box, (x, y), taken, discs, segments))
        taken.append(best)
        halo = ' font-size="16" font-style="italic" font-weight="600" stroke="#ffffff" stroke-width="3.5"'
        halo += ' stroke-linejoin="round" paint-order="stroke"'
        result.append(text_at((best.left + best.right) / 2, best.bottom - 4, plain(text), "middle", halo))
    return result


def _around(x: float, y: float, width: float) -> Iterator[Box]:
    half, high = width / 2 + 1, 9.0
    for far in (6.0, 12.0, 20.0, 32.0):
        for dx, dy in ((1, -1), (-1, -1), (1, 1), (-1, 1), (1, 0), (-1, 0), (0, -1), (0, 1)):
            reach = far * 0.6 if dx and dy else far + 1
            cx, cy = x + dx * (half + reach), y + dy * (high + reach)
            yield Box(cx - half, cy - high, cx + half, cy + high)


def _cost(box: Box, point: XY, taken: Sequence[Box], discs: Sequence[Box], segments: Sequence[tuple[XY, XY]]) -> float:
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


def _legend(shown: Scene, alpha: Fraction | None, name: str) -> list[Row]:
    rows: list[Row] = []
    ends = [(0.0, -4.0), (26.0, -4.0)]
    strokes = {"first": (FIRST, THICK), "second": (SECOND, THICKER), "other": (FAINT, 0.9)}
    for key, text in scene_words(shown).items():
        whose, _, kind = key.partition(" ")
        if whose in strokes:
            symbol = border(ends, kind, *strokes[whose])
        elif key == "mixed":
            symbol = stroke(ends, FIRST, 1.6, MIXED)
        elif key == "rim":
            symbol = "".join(stroke([(x, -4), (x + 13, -4)], RIM[s], 5) for x, s in ((0, BETTER), (13, WORSE)))
        else:
            fill = fill_of(key, name)
            symbol = f'<rect x="0" y="-11" width="26" height="14" fill="{fill}" stroke="{FAINT}" stroke-width=".8"/>'
        rows.append((symbol, text.split("\n")))
    if shown.second == "B′" and alpha is not None:
        rows.append(("", [""]))  # a gap
        rows += [(_mark(x), [f"= α{x} + (1-α)C"]) for x in ("A", "B")]
        rows.append(("", [f"with α = {shortened(str(alpha), 22)}"]))
    return rows


def _mark(x: str) -> str:
    return f'<text x="6" y="0" font-size="16" font-style="italic" font-weight="600">{x}′</text>'
