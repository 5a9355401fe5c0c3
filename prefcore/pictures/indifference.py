"""The map of indifference: the curves of several references in a triangle, shades, and arrows from worse to better."""

from __future__ import annotations

from math import hypot
from textwrap import wrap
from typing import Any

from prefcore.pictures.contours import Contours
from prefcore.pictures.plane import XY, place
from prefcore.pictures.stands import APART, BETTER, BORDER, JUMP, SAME, WORSE
from prefcore.pictures.svg import FAINT, INK, XMLNS, path, stroke
from prefcore.pictures.triangles import (
    FIRST,
    HEIGHT,
    RIM,
    Row,
    border,
    canvas,
    closed,
    corner_labels,
    curves,
    fill_of,
    frame,
    laid_out,
    patterns,
    regions,
    rim,
)

SEVERAL = ("#2171b5", "#d95f02", "#1b7f62", "#7b3294")  # curves that cross  # curves that cross


def drawing(corners: tuple[Any, ...], shown: Contours, title: str, name: str) -> str:
    levels = shown.levels
    parts: list[str] = []
    if shown.partial:
        parts += regions(levels[0].chart, name)
    else:
        if shown.chain is None:
            # Each reference's better side once: the better a lottery, the darker.
            better = [loops for level in levels if (loops := level.chart.regions.get(BETTER))]
            parts += [f'<path d="{closed(x)}" fill="{FIRST}" fill-opacity="{0.45 / len(better):.3f}"/>' for x in better]
        thick = [loops for level in levels if (loops := level.chart.regions.get(SAME))]
        parts += [f'<path d="{closed(loops)}" fill="url(#{name}-thick)"/>' for loops in thick]
    parts.append(frame())
    for edge in shown.rim:
        parts += rim(edge.runs)
    for k, level in enumerate(levels):
        parts += curves(level.chart, *map_stroke(shown, k))
    parts += [_arrow(start, end) for start, end in shown.arrows]
    if shown.partial:
        parts += [_spot(level.place, k == 0) for k, level in enumerate(levels)]
    elif shown.chain:
        parts += [_spot(level.place, True, map_stroke(shown, k)[0]) for k, level in enumerate(levels)]
    parts += [_spot(place(edge.fixed), False) for edge in shown.rim if edge.fixed]
    parts += corner_labels(corners)
    legend, bottom = laid_out(_map_legend(shown, name))
    spoken = f"Indifference sets of {title} on the lotteries over {', '.join(map(str, corners))}"
    return canvas(spoken, patterns(name, thick=True), [*parts, *legend], max(HEIGHT, round(bottom)), XMLNS)


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
    return f'{stroke([start, back], INK, 1.4)}<path d="{path([wings[0], tip, wings[1]])}Z" fill="{INK}"/>'


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


def _map_legend(shown: Contours, name: str) -> list[Row]:
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
        "curve": stroke(ends, FIRST, 2.2),
        "thick": swatch.format(f"url(#{name}-thick)"),
        "jump": border(ends, JUMP, FIRST, 2.2),
        "border": border(ends, BORDER, FIRST, 2.2),
        "other": border(half, BORDER, FAINT, 1.1) + _spot((19, -4), False),
        "rim": stroke(half, RIM[WORSE], 5) + stroke([(13, -4), (26, -4)], RIM[BETTER], 5),
        "step": stroke(half, RIM[WORSE], 5) + stroke([(13, -4), (26, -4)], RIM[BETTER], 5),
        "note": "",
    } | {stand: swatch.format(fill_of(stand, name)) for stand in (BETTER, WORSE, SAME, APART)}
    return [(symbols[key], wrap(text, 33 if key == "note" else 31)) for key, text in map_words(shown).items()]
