"""Pictures of a data-set report as SVG: scores with intervals beside the von Neumann winner, and matrices of pairs.

A matrix is blue where the row is preferred and orange where the column is; pairs that were never compared are hatched.
Items are in the order of their scores, so that a blue triangle above the diagonal is what one reward can say.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

import numpy as np

from prefcore.heatmap import GREY
from prefcore.pictures.intransitivity import DIVERGING
from prefcore.pictures.svg import FAINT, FONT, INK, SIZE, XMLNS, extent, plain
from solvers.rewards.data_sets.report import DataSetReport, Score
from solvers.rewards.data_sets.tally import Floats, named

MOST_ROWS = 60  # items that are drawn
NUMBERED = 10  # items with numbers in the cells
SHOWN = 22  # characters of a label
ROW, PLOT, BAR = 22, 360, 150
NARROW, WIDE, CELL = 420, 620, 15  # of a matrix, and of a cell where there are many
BLUE, LINE = "#2166ac", "#9aa3ad"
LEGEND = 200


def scores_plot(report: DataSetReport) -> str:
    """Each item's score with its 95 % interval, and its part in the von Neumann winner."""
    rows = report.scores[:MOST_ROWS]
    labels = [named(s.item, SHOWN + 8) for s in rows]
    left = 14 + max(extent(label) for label in labels)
    known = [x for s in rows for x in (s.low, s.score, s.high) if isfinite(x)]
    low, high = (min(known), max(known)) if known else (-1.0, 1.0)
    low, high = min(low, -0.1), max(high, 0.1)
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    top, height = 34, 34 + ROW * len(rows) + 30
    won = report.winner is not None
    width = left + PLOT + (30 + BAR + 60 if won else 30)

    def at(x: float) -> float:
        return left + PLOT * (x - low) / (high - low)

    bottom = top + ROW * len(rows)
    parts = [_text(left + PLOT / 2, 18, "score (log-odds), 95 % interval", "middle")]
    for tick in ticks:
        dark = ' stroke-width="1.4"' if tick == 0 else ""
        parts.append(f'<path d="M{at(tick):.1f} {top}V{bottom}" stroke="{LINE if tick == 0 else "#e3e6ea"}"{dark}/>')
        parts.append(_text(at(tick), bottom + 18, f"{tick:g}", "middle", 12))
    if won:
        parts.append(_text(left + PLOT + 30, 18, "von Neumann winner", "start"))
    for k, (score, label) in enumerate(zip(rows, labels, strict=True)):
        y = top + ROW * (k + 0.5)
        parts.append(_text(left - 10, y + 5, label, "end"))
        parts += _dot(score, y, at)
        if won:
            parts += _part(score, left + PLOT + 30, y)
    return _svg(width, height, parts, "Scores of the items with their intervals")


def _dot(score: Score, y: float, at: object) -> list[str]:
    place = at if callable(at) else float
    if not isfinite(score.score):
        return []
    parts = []
    if isfinite(score.low):
        parts.append(
            f'<path d="M{place(score.low):.1f} {y:.1f}H{place(score.high):.1f}" stroke="{BLUE}" stroke-width="2.4"/>'
        )
    parts.append(f'<circle cx="{place(score.score):.1f}" cy="{y:.1f}" r="4" fill="{BLUE}"/>')
    return parts


def _part(score: Score, x: float, y: float) -> list[str]:
    """The item's probability as a bar; where data drawn anew put it as a tick."""
    parts = []
    if score.winner > 0:
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 6:.1f}" width="{max(BAR * score.winner, 1):.1f}" height="12" fill="{BLUE}"/>'
        )
        parts.append(
            _text(x + BAR * max(score.winner, _known(score)) + 8, y + 5, f"{100 * score.winner:.0f} %", "start", 12)
        )
    if _known(score) > 0.005:
        parts.append(f'<path d="M{x + BAR * score.resampled:.1f} {y - 9:.1f}v18" stroke="#b35806" stroke-width="2.4"/>')
    return parts


def _known(score: Score) -> float:
    return score.resampled if isfinite(score.resampled) else 0.0


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers, 0 among them, that cover what is shown."""
    step = 10 ** floor(log10((high - low) / 2))
    for factor in (5, 2, 1):
        if (high - low) / (step * factor) >= 3:
            step *= factor
            break
    first, last = floor(low / step), -floor(-high / step)
    return [round(k * step, 10) for k in range(first, last + 1)]


# -- matrices -------------------------------------------------------------------------------------------------------


def matrix_of(report: DataSetReport, values: Floats) -> tuple[Floats, list[str]]:
    """Values of the compared pairs as a skew-symmetric matrix in the order of the scores, NaN elsewhere; labels."""
    position = {item: k for k, item in enumerate(report.items)}
    order = [position[s.item] for s in report.scores][:MOST_ROWS] or list(range(min(len(report.items), MOST_ROWS)))
    place = np.full(len(report.items), -1)
    place[order] = np.arange(len(order))
    matrix = np.full((len(order), len(order)), np.nan)
    i, j = place[report.counts.i], place[report.counts.j]
    both = (i >= 0) & (j >= 0)
    matrix[i[both], j[both]], matrix[j[both], i[both]] = values[both], -values[both]
    return matrix, [named(report.items[k], SHOWN) for k in order]


def pairs_matrix(values: Floats, labels: Sequence[str], title: str, ends: tuple[str, str, str], name: str) -> str:
    """A skew-symmetric matrix as coloured cells. ends: what the legend says at its left, middle and right end."""
    size = len(labels)
    side = min(WIDE, max(NARROW, CELL * size))
    cell = side / size
    font = min(SIZE, max(7.0, cell * 0.8))
    longest = max(extent(label, font) for label in labels)
    left = 12 + longest
    upright = cell * 0.7 < font  # turned by half a right angle, neighbours would overlap
    top = 40 + longest * (1.0 if upright else 0.72)
    slant = 0.0 if upright else max(extent(labels[-1], font) * 0.72 - cell / 2, 0)
    most = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    parts = [
        f'<defs><pattern id="{name}-no" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/>'
        f'<path d="M0 0V6" stroke="#c4cad1" stroke-width="1.6"/></pattern>{_gradient(name)}</defs>',
        _text(left, 18, title, "start"),
    ]
    for i in range(size):
        x, y = left + cell * (i + 0.5), top + cell * (i + 0.5)
        parts.append(_text(left - 6, y + font * 0.36, labels[i], "end", font))
        foot = x + font * 0.36 if upright else x
        turned = f' transform="rotate({-90 if upright else -45} {foot:.1f} {top - 6:.1f})"'
        parts.append(_text(foot, top - 6, labels[i], "start", font, turned))
        for j in range(size):
            value = values[i, j]
            fill = GREY if i == j else _colour(value, most) if isfinite(value) else f"url(#{name}-no)"
            parts.append(
                f'<rect x="{left + cell * j:.1f}" y="{top + cell * i:.1f}" width="{cell:.1f}" height="{cell:.1f}" '
                f'fill="{fill}" stroke="#fff" stroke-width=".7">{_tip(labels, i, j, value)}</rect>'
            )
            if size <= NUMBERED and isfinite(value) and i != j:
                ink = "#fff" if most and abs(value) / most > 0.8 else INK
                parts.append(
                    _text(left + cell * (j + 0.5), top + cell * (i + 0.5) + 4, _number(value), "middle", 11.5, "", ink)
                )
    bottom = top + side + 16
    middle = left + side / 2
    parts.append(
        f'<rect x="{middle - LEGEND / 2:.1f}" y="{bottom:.1f}" width="{LEGEND}" height="12" '
        f'fill="url(#{name}-bar)" stroke="{FAINT}" stroke-width=".8"/>'
    )
    scaled = [end.format(most) for end in ends]
    for share, said in zip((0, 0.5, 1), scaled, strict=True):
        parts.append(_text(middle + LEGEND * (share - 0.5), bottom + 28, said, "middle", 12))
    return _svg(left + side + max(slant, 20), bottom + 38, parts, title)


def _tip(labels: Sequence[str], i: int, j: int, value: float) -> str:
    """What a cell says under the pointer."""
    if i == j:
        return ""
    said = _number(value) if isfinite(value) else "never compared"
    return f"<title>{plain(f'{labels[i]} over {labels[j]}: {said}')}</title>"


def _number(value: float) -> str:
    text = f"{value:+.2f}".replace("0.", ".", 1)
    return "0" if float(f"{value:.2f}") == 0 else text.replace("-", "−")


def _colour(value: float, most: float) -> str:
    """Interpolated: orange for -most, blue for +most."""
    at = (len(DIVERGING) - 1) * (0.5 + 0.5 * (value / most if most else 0.0))
    k = min(int(at), len(DIVERGING) - 2)
    mixed = [
        round(int(DIVERGING[k][c : c + 2], 16) * (k + 1 - at) + int(DIVERGING[k + 1][c : c + 2], 16) * (at - k))
        for c in (1, 3, 5)
    ]
    return f"#{mixed[0]:02x}{mixed[1]:02x}{mixed[2]:02x}"


def _gradient(name: str) -> str:
    stops = "".join(
        f'<stop offset="{k / (len(DIVERGING) - 1):.3f}" stop-color="{colour}"/>' for k, colour in enumerate(DIVERGING)
    )
    return f'<linearGradient id="{name}-bar">{stops}</linearGradient>'


def _text(x: float, y: float, text: str, anchor: str, size: float = SIZE, extra: str = "", ink: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{ink}"{extra}>'
        f"{plain(text)}</text>"
    )


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg {XMLNS} width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'font-family="{FONT}" role="img"><title>{plain(title)}</title>{"".join(parts)}</svg>'
    )
