"""How the lotteries over three outcomes stand to one of them: regions and borders of a triangle.

The relation is asked how each vertex of a fine triangular grid stands to the reference lottery; where two neighbours
differ, the place of the change is found by bisection on the edge between them (marching triangles). The vertices are
moved inwards by less than half a pixel, so that the regions show the inside of the triangle; its edges, which a
relation may treat differently, are asked separately (:mod:`prefcore.pictures.rims`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import hypot
from typing import Any

from prefcore.pictures.plane import XY, length, outlines, place, polylines
from prefcore.pictures.stands import APART, BETTER, BORDER, JUMP, SAME, WORSE, Preference

SPLITS = 8  # into how many parts the edge of a cell with several borders is split
SPECK = 3.0  # length of a border that is too short to be shown
BENT = 0.6  # pixels that a border may run beside its chord
STEPS = 7  # bisections of a cell's edge: its 128th part is a tenth of a pixel
INWARDS = (31, 53, 43)  # against GRAIN at each grid step: a vertex on no line of small numbers
GRAIN = 1000

_Node = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chart:
    """How the inside of the triangle stands to one reference: outlines of the regions, and borders by kind."""

    regions: dict[str, list[list[XY]]]
    borders: dict[str, list[list[XY]]]


def survey(preference: Preference, reference: Any, n: int) -> Chart:
    """The map of the triangle seen from a reference, with n grid cells on a side, smaller ones where borders bend."""
    grid = _Grid(preference, reference, n * SPLITS)
    for cell in _cells(n):
        grid.march((cell[0], cell[1], cell[2]), SPLITS)
    borders = {kind: polylines(parts) for kind, parts in grid.segments.items()}
    return Chart(
        {stand: outlines(polygons) for stand, polygons in grid.cells.items()},
        {kind: lines for kind, lines in borders.items() if sum(map(length, lines)) > SPECK},
    )


def _cells(n: int) -> Iterator[tuple[_Node, _Node, _Node]]:
    """The cells of the coarse grid, all turning the same way, in the fine grid's coordinates."""
    for i in range(0, n * SPLITS, SPLITS):
        for j in range(0, n * SPLITS - i, SPLITS):
            yield (i, j), (i + SPLITS, j), (i, j + SPLITS)
            if i + j < (n - 1) * SPLITS:
                yield (i + SPLITS, j), (i + SPLITS, j + SPLITS), (i, j + SPLITS)


@dataclass(frozen=True, slots=True)
class _Vertex:
    place: XY
    seen: Any
    stand: str


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Where the stand changes on an edge of the grid, and what lies there if better meets worse."""

    place: XY
    kind: str


@dataclass(slots=True)
class _Grid:
    """A map under construction. A node (i, j) is the lottery of weights ``i, j, size - i - j``."""

    preference: Preference
    reference: Any
    size: int
    vertices: dict[_Node, _Vertex] = field(default_factory=dict)
    crossings: dict[tuple[_Node, _Node], _Crossing] = field(default_factory=dict)
    cells: dict[str, list[list[XY]]] = field(default_factory=dict)
    segments: dict[str, list[tuple[XY, XY]]] = field(default_factory=dict)

    def vertex(self, node: _Node) -> _Vertex:
        if node not in self.vertices:
            i, j = node
            weights = (i, j, self.size - i - j)
            x, y, z = (w * GRAIN + inwards for w, inwards in zip(weights, INWARDS, strict=True))
            seen = self.preference.at((x, y, z))
            stand = self.preference.stand(seen, self.reference)
            self.vertices[node] = _Vertex(place(weights), seen, stand)
        return self.vertices[node]

    def crossing(self, p: _Node, q: _Node) -> _Crossing:
        key = (p, q) if p < q else (q, p)
        if key not in self.crossings:
            self.crossings[key] = _crossing(self.preference, self.vertex(key[0]), self.vertex(key[1]), self.reference)
        return self.crossings[key]

    def march(self, nodes: tuple[_Node, _Node, _Node], size: int) -> None:
        """Adds what a cell shows; a cell with more than one border in it, or with a bend, is split in four first."""
        corners = [self.vertex(node) for node in nodes]
        # With (a, b) and (c, a) crossed, a is alone on its side of the border.
        met = [
            self.crossing(nodes[k], nodes[k - 2]) if corners[k].stand != corners[k - 2].stand else None
            for k in range(3)
        ]
        changes = [m for m in met if m is not None]
        several = len(changes) == 3 or len({m.kind for m in changes}) == 2
        if size > 1 and (several or (len(changes) == 2 and self._bends(corners, met))):
            self._split(nodes, size)
        elif not changes:
            self._add(corners[0].stand, [c.place for c in corners])
        elif len(changes) == 2:
            k = next(k for k in range(3) if met[k - 2] is None)
            a, b, c = corners[k], corners[k - 2], corners[k - 1]
            first, second = (m for m in (met[k], met[k - 1]) if m is not None)
            self._add(a.stand, [a.place, first.place, second.place])
            self._add(b.stand, [first.place, b.place, c.place, second.place])
            kind = JUMP if {first.kind, second.kind} == {JUMP, SAME} else first.kind
            self.segments.setdefault(kind, []).append((first.place, second.place))
        else:
            centre = (sum(m.place[0] for m in changes) / 3, sum(m.place[1] for m in changes) / 3)
            for k in range(3):
                self._add(corners[k].stand, [corners[k].place, changes[k].place, centre, changes[k - 1].place])
                self.segments.setdefault(changes[k].kind, []).append((changes[k].place, centre))

    def _bends(self, corners: Sequence[_Vertex], met: Sequence[_Crossing | None]) -> bool:
        """Whether the stand on a median of the cell doesn't change where a straight border would cross it."""
        k = next(k for k in range(3) if met[k - 2] is None)
        alone, b, c = corners[k], corners[k - 2], corners[k - 1]
        to_b, to_c = (_share(alone.place, other.place, m) for other, m in ((b, met[k]), (c, met[k - 1])))
        middle = self.preference.between(b.seen, c.seen, Fraction(1, 2))
        far = hypot((b.place[0] + c.place[0]) / 2 - alone.place[0], (b.place[1] + c.place[1]) / 2 - alone.place[1])
        expected = 2 * to_b * to_c / (to_b + to_c)
        for t, stand in ((expected - BENT / far, alone.stand), (expected + BENT / far, b.stand)):
            if 0 < t < 1:
                asked = self.preference.between(alone.seen, middle, Fraction(round(t * GRAIN), GRAIN))
                if self.preference.stand(asked, self.reference) != stand:
                    return True
        return False

    def _add(self, stand: str, polygon: list[XY]) -> None:
        self.cells.setdefault(stand, []).append(polygon)

    def _split(self, nodes: tuple[_Node, _Node, _Node], size: int) -> None:
        (a, b, c) = nodes
        ab, bc, ca = (((p[0] + q[0]) // 2, (p[1] + q[1]) // 2) for p, q in ((a, b), (b, c), (c, a)))
        for cell in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)):
            self.march(cell, size // 2)


def _crossing(preference: Preference, p: _Vertex, q: _Vertex, reference: Any) -> _Crossing:
    low, high, t, step = p.seen, q.seen, 0.0, 1.0
    there = q.stand
    for _ in range(STEPS):
        middle = preference.between(low, high, Fraction(1, 2))
        stand = preference.stand(middle, reference)
        step /= 2
        if stand == p.stand:
            low, t = middle, t + step
        else:
            high, there = middle, stand
    t += step / 2
    met = (p.place[0] + t * (q.place[0] - p.place[0]), p.place[1] + t * (q.place[1] - p.place[1]))
    if {p.stand, q.stand} != {BETTER, WORSE} or there == APART:
        return _Crossing(met, BORDER)
    return _Crossing(met, SAME if there == SAME else preference.meeting(low, high, reference))


def _share(start: XY, end: XY, met: _Crossing | None) -> float:
    """How far along a segment it is met."""
    assert met is not None
    return hypot(met.place[0] - start[0], met.place[1] - start[1]) / hypot(end[0] - start[0], end[1] - start[1])
