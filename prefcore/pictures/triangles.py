"""What all pictures of a triangle have: frame and corners, regions and borders by their kind, a legend beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from prefcore.pictures.chart import Chart
from prefcore.pictures.plane import CORNERS, XY
from prefcore.pictures.stands import APART, BETTER, BORDER, JUMP, SAME, WORSE
from prefcore.pictures.svg import DASHES, DOTS, FAINT, FONT, SIZE, extent, path, plain, shortened, stroke, text_at

WIDTH, HEIGHT = 788, 452
LEGEND = 528.0

FIRST = "#2171b5"  # the curves of the first reference
FILL = {BETTER: "#b3d3ee", WORSE: "#fdead0"}  # the others are patterns, so that greys tell them apart, too
RIM = {BETTER: "#2b7bba", WORSE: "#e08214", SAME: "#6e6e6e", APART: "#ffffff"}

Row = tuple[str, list[str]]  # of a legend: a symbol, 26 wide, and the lines of a text


def canvas(title: str, defs: str, parts: Iterable[str], height: int, attribute: str) -> str:
    return (
        f'<svg {attribute} viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'font-family="{FONT}" font-size="{SIZE:g}" style="max-width:100%;height:auto">'
        f"<title>{plain(title)}</title>{defs}"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, p: XY) -> bool:
        return self.left <= p[0] <= self.right and self.top <= p[1] <= self.bottom


def frame() -> str:
    return f'<path d="{path(CORNERS)}Z" fill="none" stroke="{FAINT}" stroke-width="1.2"/>'


def corner_places(corners: Sequence[Any]) -> list[tuple[str, str, Box]]:
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
        result.append((shown, label, Box(centre - half, top, centre + half, top + 18)))
    return result


def corner_labels(corners: Sequence[Any]) -> list[str]:
    return [
        text_at(
            (box.left + box.right) / 2,
            box.bottom - 4,
            f"<title>{plain(label)}</title>{plain(shown)}" if shown != label else plain(shown),
            "middle",
            ' font-weight="600"',
        )
        for shown, label, box in corner_places(corners)
    ]


def regions(chart: Chart, name: str) -> list[str]:
    return [f'<path d="{closed(loops)}" fill="{fill_of(stand, name)}"/>' for stand, loops in chart.regions.items()]


def closed(loops: Iterable[Sequence[XY]]) -> str:
    return " ".join(path(loop[:-1]) + "Z" for loop in loops)


def fill_of(stand: str, name: str) -> str:
    return FILL.get(stand, f"url(#{name}-{stand})")


def patterns(name: str, thick: bool = False) -> str:
    """Hatching for what is incomparable, dots for what is indifferent; `thick` dots let the shade below be seen."""
    frame = 'width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    hatch = '<rect width="7" height="7" fill="#ffffff"/><path d="M0 0V7" stroke="#a8a8a8" stroke-width="1.6"/>'
    dots = '<rect width="7" height="7" fill="#dedede"/><circle cx="3.5" cy="3.5" r="1.2" fill="#6e6e6e"/>'
    patterns = {APART: hatch, SAME: dots}
    patterns |= {"thick": '<circle cx="3.5" cy="3.5" r="1.1" fill="#4a525b"/>'} if thick else {}
    drawn = (f'<pattern id="{name}-{key}" {frame}>{body}</pattern>' for key, body in patterns.items())
    return f"<defs>{''.join(drawn)}</defs>"


def curves(chart: Chart, colour: str, width: float) -> list[str]:
    """The borders of a map, by their kind."""
    return [border(line, kind, colour, width) for kind, lines in chart.borders.items() for line in lines]


def border(line: Sequence[XY], kind: str, colour: str, width: float) -> str:
    """A border; thinner around regions, which have their own colour, than where better meets worse."""
    dash = (DOTS if width > 2 else DASHES) if kind == JUMP else ""
    return stroke(line, colour, max(0.9, 0.7 * width) if kind == BORDER else width, dash)


def rim(runs: Iterable[tuple[str, XY, XY]]) -> list[str]:
    return [stroke([p, q], RIM[stand], 5, edge=stand == APART) for stand, p, q in runs]


def laid_out(rows: Iterable[Row]) -> tuple[list[str], float]:
    """A legend's elements, and where it ends."""
    result = []
    y = 44.0
    for symbol, lines in rows:
        if symbol:
            result.append(f'<g transform="translate({LEGEND:g} {y:g})">{symbol}</g>')
        for line in lines:
            result.append(text_at(LEGEND + 36, y, plain(line)))
            y += 18
        y += 6
    return result, y
