"""The elements of an SVG picture: its colours and letters, text that fits, lines and paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from unicodedata import east_asian_width

from prefcore.pictures.plane import XY

INK, FAINT = "#111111", "#5f6b76"
SIZE = 14.0
XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
FONT = "'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
DOTS, DASHES = "0.1 5.5", "2.5 3"  # of thick and of thin jumps


def plain(text: str) -> str:
    """Text for HTML and XML: escaped, and without the characters that XML forbids."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text))


def shortened(text: str, limit: int) -> str:
    """The text on one line, cut to `limit` characters, the last being an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def extent(text: str, size: float = SIZE) -> float:
    """An upper estimate of the width of a text."""
    return sum(size * (1.05 if east_asian_width(c) in "WF" else 0.36 if c in "il.,' |" else 0.62) for c in text)


def text_at(x: float, y: float, text: str, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{text}</text>'


def path(points: Iterable[XY]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def stroke(points: Sequence[XY], colour: str, width: float, dash: str = "", edge: bool = False) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    cap = ' stroke-linecap="round"' if dash == DOTS else ""
    under = f'<path d="{path(points)}" fill="none" stroke="{FAINT}" stroke-width="{width + 1.4:g}"/>' if edge else ""
    return (
        f'{under}<path d="{path(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-linejoin="round"{cap}{dashes}/>'
    )
