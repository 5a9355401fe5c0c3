"""Heat maps of intransitivity as whole SVG files; :mod:`prefcore.pictures.intransitivity` computes what they show."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from prefcore.pictures.intransitivity import SHOWN, TWO, Heat, View, heat
from prefcore.pictures.svg import FAINT, FONT, INK, SIZE, XMLNS, extent, plain, shortened

LABELLED, NUMBERED = 40, 10  # items with labels, and with numbers in the cells
SIDE, LEGEND_WIDTH = 400, 262

GREY = "#e3e3e3"  # the diagonal
CYCLE, CLASS = "#d95f02", "#111111"  # outlines of components


def heatmap(
    matrix: Sequence[Sequence[Any]] | NDArray[Any],
    labels: Sequence[Any] | None = None,
    view: View | None = None,
    order: Literal["copeland", "given"] = "copeland",
    components: Sequence[Sequence[int]] | None = None,
    name: str = "heat",
) -> str:
    """A matrix of preferences as a whole ``<svg>`` file, its intransitivity marked.

    matrix: (n, n), the probabilities ``P[i][j]`` that i is preferred to j, in the forms that lotteries take (the
    diagonal is not read), or truth values ``M[i][j]`` of i ≼ j. labels: of the items, shown up to 40 of them. view:
    ``"preference"`` (default) shows the probabilities, marks the entries of cyclic triples and outlines the worst
    violating triple, of weak stochastic transitivity if there is one and of strong else; ``"weak"`` and ``"strong"``
    show for each pair its largest violation. A Boolean matrix has the view ``"relation"``, with its strongly connected
    components outlined. order: ``"copeland"``, best first, or as ``"given"``. components: of a Boolean matrix, as lists
    of indices, the best first; found if they are not given. name: a prefix for the element's ids.

    More than 200 items are averaged in blocks; triples are searched up to 500. Raises ``ValueError`` for a matrix that
    is not square, probabilities outside [0, 1] or with P_ij + P_ji ≠ 1, and arguments that don't fit.
    """
    return _drawing(heat(matrix, labels, view, order, components), name)


def colour(shown: Heat, value: float) -> str:
    """The colour of a value, ``#rrggbb``; grey for NaN."""
    if np.isnan(value):
        return GREY
    stops = shown.colours
    t = min(1.0, max(0.0, value / shown.highest)) * (len(stops) - 1) if shown.highest else 0.0
    k = min(int(t), len(stops) - 2)
    low, high = (tuple(int(stops[m][p : p + 2], 16) for p in (1, 3, 5)) for m in (k, k + 1))
    return "#" + "".join(f"{round(a + (t - k) * (b - a)):02x}" for a, b in zip(low, high, strict=True))


def triple_cells(shown: Heat) -> tuple[tuple[int, int, bool], ...]:
    """``(row, column, fails)`` of the outlined cells: two premises and what fails to follow."""
    if shown.triple is None:
        return ()
    i, j, k = shown.triple
    return (i, j, False), (j, k, False), (i, k, True)


def _drawing(shown: Heat, name: str) -> str:
    n = len(shown.values)
    size = 13.0 if n <= 20 else 9.5
    names = [shortened(label, SHOWN) for label in shown.labels] if n <= LABELLED and shown.together == 1 else []
    margin = max((extent(label, size) for label in names), default=0.0) + 10
    left, top = max(24.0, margin), max(24.0, margin)
    cell = SIDE / n
    numbered = n <= NUMBERED and shown.view != "relation"
    parts = list(_numbers(shown, left, top, cell)) if numbered else cells_image(shown, left, top)
    parts += _marks(shown, left, top, cell, numbered)
    for k, label in enumerate(names):
        at = (k + 0.5) * cell
        parts.append(_label(left - 6, top + at + size * 0.35, label, size, "end"))
        turn = f' transform="rotate(-90 {left + at + size * 0.35:.1f} {top - 6:g})"'
        parts.append(_label(left + at + size * 0.35, top - 6, label, size, "start", turn))
    for start, stop, cyclic in shown.blocks:
        side = (stop - start) * cell
        stroke, width = (CYCLE, 2.4) if cyclic else (CLASS, 1.2)
        x, y = left + start * cell, top + start * cell
        parts += [_outline(x, y, side, "#ffffff", width + 2), _outline(x, y, side, stroke, width)]
    for row, column, fails in triple_cells(shown):
        side = max(cell - 2, 9)
        x, y = left + (column + 0.5) * cell - side / 2, top + (row + 0.5) * cell - side / 2
        parts += [_outline(x, y, side, "#ffffff", 4.4), _outline(x, y, side, INK, 2.2, "4 2.5" if fails else "")]
    parts.append(_outline(left, top, SIDE, FAINT, 1))
    legend, bottom = _legend(shown, left + SIDE + 24, max(top, 24.0), name)
    width, height = round(left + SIDE + 24 + LEGEND_WIDTH), max(round(top + SIDE + 14), round(bottom))
    return (
        f'<svg {XMLNS} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="{FONT}" font-size="{SIZE:g}" style="max-width:100%;height:auto">'
        f"<title>{plain(f'{len(shown.order)} items; {shown.meaning}')}</title>{_bar(shown, name)}"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}{"".join(legend)}</svg>'
    )


def _numbers(shown: Heat, left: float, top: float, cell: float) -> Iterable[str]:
    for (i, j), value in np.ndenumerate(shown.values):
        x, y = left + j * cell, top + i * cell
        fill = colour(shown, float(value))
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell:.1f}" fill="{fill}"/>'
        if not np.isnan(value) and (value > 0 or shown.view == "preference"):
            text = f"{value:.2f}".removeprefix("0") if value < 1 else "1"
            yield _label(x + cell / 2, y + cell / 2 + 4, text, 12, "middle", f' fill="{_ink(fill)}"')


def _marks(shown: Heat, left: float, top: float, cell: float, numbered: bool) -> list[str]:
    """Dots, as lines without length that have round ends; in the corner, beside a number."""
    if len(shown.values) > LABELLED:
        return []
    across = 0.84 if numbered else 0.5
    width = 6.0 if numbered else max(2.6, min(6.0, cell * 0.34))
    dots: dict[str, list[str]] = {}
    for i, j in sorted(shown.marked):
        at = f"M{left + (j + across) * cell:.1f} {top + (i + 1 - across) * cell:.1f}h0"
        dots.setdefault(_ink(colour(shown, float(shown.values[i, j]))), []).append(at)
    return [
        f'<path d="{"".join(d)}" stroke="{ink}" stroke-width="{width:.1f}" stroke-linecap="round"/>'
        for ink, d in dots.items()
    ]


def _ink(fill: str) -> str:
    return "#ffffff" if _dark(fill) else INK


def _dark(fill: str) -> bool:
    red, green, blue = (int(fill[k : k + 2], 16) for k in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue < 128


def cells_image(shown: Heat, left: float, top: float) -> list[str]:
    """All cells as one picture: thousands of rectangles would take megabytes."""
    palette = [GREY, *(colour(shown, shown.highest * k / 254) for k in range(255))]
    scaled = np.nan_to_num(shown.values / (shown.highest or 1.0), nan=-1.0)
    indices = np.where(scaled < 0, 0, 1 + np.rint(np.clip(scaled, 0, 1) * 254)).astype(np.uint8)
    data = b64encode(_png(indices, palette)).decode()
    return [
        f'<image x="{left:g}" y="{top:g}" width="{SIDE}" height="{SIDE}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
    ]


def _png(indices: NDArray[np.uint8], palette: Sequence[str]) -> bytes:
    """A PNG with a palette [ISO/IEC 15948]: the filter byte 0 stands before each row."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = indices.shape
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), indices], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = b"".join(bytes.fromhex(c[1:]) for c in palette)
    parts = (chunk(b"IHDR", head), chunk(b"PLTE", colours), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _label(x: float, y: float, text: str, size: float, anchor: str, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{extra}>{plain(text)}</text>'


def _outline(x: float, y: float, side: float, stroke: str, width: float, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" fill="none" stroke="{stroke}" '
        f'stroke-width="{width:g}"{dashes}/>'
    )


def _bar(shown: Heat, name: str) -> str:
    stops = "".join(
        f'<stop offset="{k / (len(shown.colours) - 1):.3f}" stop-color="{c}"/>' for k, c in enumerate(shown.colours)
    )
    return f'<defs><linearGradient id="{name}-bar">{stops}</linearGradient></defs>'


def legend_words(shown: Heat) -> dict[str, str]:
    """What each mark means, each only if it is there: ``"mark"``, ``"triple"``, ``"cycle"``, ``"class"``."""
    words: dict[str, str] = {}
    if shown.marked and len(shown.values) <= LABELLED:
        words["mark"] = "in a cycle of majorities"
    if shown.triple:
        words["triple"] = "the triple named below; dashed: what should follow"
    if any(cyclic for *_, cyclic in shown.blocks):
        words["cycle"] = "component with a cycle"
    if any(not cyclic for *_, cyclic in shown.blocks):
        words["class"] = "indifference class"
    return words


def _legend(shown: Heat, x: float, y: float, name: str) -> tuple[list[str], float]:
    parts: list[str] = []
    if shown.view == "relation":
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="14" height="14" fill="{TWO[1]}"/>')
        parts.append(_label(x + 36, y + 12, "row ≼ column", SIZE, "start"))
        y += 40
    else:
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="200" height="14" fill="url(#{name}-bar)" stroke="{FAINT}" '
            'stroke-width=".8"/>'
        )
        middle = "1/2" if shown.view == "preference" else f"{shown.highest / 2:.2g}"
        ticks = [("0", 0, "start"), (middle, 100, "middle"), (f"{shown.highest:.2g}", 200, "end")]
        # A matrix without violations has one colour only.
        parts += [_label(x + at, y + 30, text, 12, anchor) for text, at, anchor in ticks[: 3 if shown.highest else 1]]
        for k, line in enumerate(wrap(shown.meaning, 33)):
            parts.append(_label(x, y + 50 + 18 * k, line, SIZE, "start"))
        y += 62 + 18 * len(wrap(shown.meaning, 33))
    symbols = {
        "mark": f'<circle cx="{x + 7:g}" cy="{{0:g}}" r="3" fill="{INK}"/>',
        "triple": _outline(x, 0, 12, INK, 2.2).replace('y="0.0"', 'y="{1:g}"')
        + _outline(x + 17, 0, 12, INK, 2.2, "4 2.5").replace('y="0.0"', 'y="{1:g}"'),
        "cycle": _outline(x, 0, 12, CYCLE, 2.4).replace('y="0.0"', 'y="{1:g}"'),
        "class": _outline(x, 0, 12, CLASS, 1.2).replace('y="0.0"', 'y="{1:g}"'),
    }
    for key, text in legend_words(shown).items():
        parts.append(symbols[key].format(y + 7, y + 1))
        for line in wrap(text, 28):
            parts.append(_label(x + 36, y + 12, line, SIZE, "start"))
            y += 18
        y += 6
    y += 10
    for note in shown.notes:
        for line in wrap(note, 33):
            parts.append(_label(x, y + 12, line, SIZE, "start"))
            y += 18
        y += 6
    return parts, y + 10
