"""How the lotteries over three outcomes stand to one of them: regions, borders and rim of a triangle, exactly.

The relation is asked how each vertex of a fine triangular grid stands to the reference lottery; where two neighbours
differ, the place of the change is found by bisection on the edge between them (marching triangles). The vertices are
moved inwards by less than half a pixel, so that the regions show the inside of the triangle; its edges, which a
relation may treat differently, are asked separately. Where better meets worse, the relation is asked at the very place
of the change, which is known exactly if the formula has no products: are the lotteries on the border indifferent?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import hypot
from typing import Any

from prefcore.claims import BlackBox
from prefcore.distribution import Distribution, mix
from prefcore.formula import Atom, Formula, Product, evaluate, feature_values, node_values

BETTER, WORSE, SAME, APART = "better", "worse", "indifferent", "incomparable"
JUMP, BORDER = "jump", "border"  # kinds of border besides SAME: nothing indifferent on it; not decided

SPLITS = 4  # into how many parts the edge of a cell with several borders is split
SPECK = 3.0  # length of a border that is too short to be shown
STEPS = 7  # bisections of a cell's edge: its 128th part is a tenth of a pixel
INWARDS = (31, 53, 43)  # against GRAIN at each grid step: a vertex on no line of small numbers
GRAIN = 1000
CORNERS: tuple[XY, XY, XY] = ((62.0, 396.0), (462.0, 396.0), (262.0, 49.6))  # of the first, second, third outcome

XY = tuple[float, float]
Weights = tuple[int, int, int]
_Node = tuple[int, int]


def interior(n: int) -> list[Weights]:
    return [(3 * i + 1, 3 * j + 1, 3 * (n - i - j) + 1) for i in range(n + 1) for j in range(n + 1 - i)]


# -- asking the relation --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preference:
    """The relation on the lotteries over three outcomes. It sees a lottery through its features, or as it is."""

    corners: tuple[Any, ...]
    formula: Formula | BlackBox

    @property
    def exact(self) -> bool:
        """Whether the place of a change can be computed: then terms are affine between close lotteries."""
        return isinstance(self.formula, Formula) and not any(isinstance(node, Product) for node in self.formula.nodes)

    def seen(self, lottery: Distribution) -> Any:
        if isinstance(self.formula, BlackBox):
            return lottery
        return feature_values(self.formula, [(i, lottery[o]) for i, o in enumerate(self.corners)])

    def at(self, weights: Weights) -> Any:
        total = sum(weights)
        if isinstance(self.formula, BlackBox):
            return Distribution({o: Fraction(w, total) for o, w in zip(self.corners, weights, strict=True) if w})
        x, y, z = weights
        return [Fraction(f[0] * x + f[1] * y + f[2] * z, total) for f in self.formula.features]

    def between(self, a: Any, b: Any, t: Fraction) -> Any:
        """What is seen of the lottery that divides the segment from a to b at t."""
        if isinstance(self.formula, BlackBox):
            return mix(t, b, a)
        return [u + t * (v - u) for u, v in zip(a, b, strict=True)]

    def holds(self, a: Any, b: Any) -> bool:
        if isinstance(self.formula, BlackBox):
            return bool(self.formula.function(a, b))
        return evaluate(self.formula, a, b)

    def stand(self, a: Any, reference: Any) -> str:
        up, down = self.holds(reference, a), self.holds(a, reference)
        return (SAME if down else BETTER) if up else (WORSE if down else APART)

    def meeting(self, a: Any, b: Any, reference: Any) -> str:
        """What lies between two close lotteries of which one is better and one worse than the reference."""
        if not self.exact:
            return BORDER
        places = self._sign_changes(a, b, reference)
        return SAME if any(self.stand(self.between(a, b, t), reference) == SAME for t in places) else JUMP

    def _sign_changes(self, a: Any, b: Any, reference: Any) -> set[Fraction]:
        formula = self.formula
        assert isinstance(formula, Formula)
        places: set[Fraction] = set()
        for left, right in (((a, reference), (b, reference)), ((reference, a), (reference, b))):
            before, after = node_values(formula, *left), node_values(formula, *right)
            for node in formula.nodes:
                if isinstance(node, Atom):
                    u, v = before[node.term], after[node.term]
                    if u != v and u * v <= 0:
                        places.add(Fraction(u, u - v))
        return places


# -- regions and borders: marching triangles ------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Chart:
    """How the inside of the triangle stands to one reference: outlines of the regions, and borders by kind."""

    regions: dict[str, list[list[XY]]]
    borders: dict[str, list[list[XY]]]


def place(weights: Sequence[Fraction | int]) -> XY:
    total = float(sum(weights))
    x, y = (sum(float(w) * corner[axis] for w, corner in zip(weights, CORNERS, strict=True)) for axis in (0, 1))
    return x / total, y / total


def survey(preference: Preference, reference: Any, n: int) -> Chart:
    """The map of the triangle seen from a reference, with n grid cells on a side."""
    grid = _Grid(preference, reference, n * SPLITS)
    for cell in _cells(n):
        grid.march((cell[0], cell[1], cell[2]), SPLITS)
    borders = {kind: _polylines(parts) for kind, parts in grid.segments.items()}
    return Chart(
        {stand: _outlines(polygons) for stand, polygons in grid.cells.items()},
        {kind: lines for kind, lines in borders.items() if sum(map(_length, lines)) > SPECK},
    )


def _cells(n: int) -> Iterator[tuple[_Node, _Node, _Node]]:
    """The cells of the coarse grid, all turning the same way, in the fine grid's coordinates."""
    for i in range(0, n * SPLITS, SPLITS):
        for j in range(0, n * SPLITS - i, SPLITS):
            yield (i, j), (i + SPLITS, j), (i, j + SPLITS)
            if i + j < (n - 1) * SPLITS:
                yield (i + SPLITS, j), (i + SPLITS, j + SPLITS), (i, j + SPLITS)


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
        """Adds what a cell shows; a cell with more than one border in it is split in four first."""
        corners = [self.vertex(node) for node in nodes]
        # With (a, b) and (c, a) crossed, a is alone on its side of the border.
        met = [
            self.crossing(nodes[k], nodes[k - 2]) if corners[k].stand != corners[k - 2].stand else None
            for k in range(3)
        ]
        changes = [m for m in met if m is not None]
        if size > 1 and (len(changes) == 3 or len({m.kind for m in changes}) == 2):
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


def _outlines(polygons: list[list[XY]]) -> list[list[XY]]:
    """The outline of a union of equally oriented polygons: edges that two of them share cancel."""
    edges: dict[tuple[XY, XY], None] = {}
    for polygon in polygons:
        for k, p in enumerate(polygon):
            q = polygon[(k + 1) % len(polygon)]
            if p == q:
                continue
            if (q, p) in edges:
                del edges[q, p]
            else:
                edges[p, q] = None
    onward: dict[XY, list[XY]] = {}
    for p, q in edges:
        onward.setdefault(p, []).append(q)
    loops = []
    for start in list(onward):
        while onward[start]:
            loop = [start]
            while onward.get(loop[-1]):
                loop.append(onward[loop[-1]].pop())
            loops.append(_simplified(loop))
    return [loop for loop in loops if len(loop) > 3]


def _polylines(segments: list[tuple[XY, XY]]) -> list[list[XY]]:
    """Segments joined at their ends to lines, as long as they go."""
    at: dict[XY, dict[int, None]] = {}
    for k, ends in enumerate(segments):
        for p in ends:
            at.setdefault(p, {})[k] = None
    lines = []
    # Ends of lines first, so that only closed lines begin in their middle.
    for start in sorted(at, key=lambda p: len(at[p]) != 1):
        while at[start]:
            line = [start]
            while at[line[-1]]:
                k = next(iter(at[line[-1]]))
                p, q = segments[k]
                for end in (p, q):
                    at[end].pop(k, None)
                line.append(q if line[-1] == p else p)
            lines.append(_simplified(line))
    return lines


def _simplified(line: list[XY], tolerance: float = 0.3) -> list[XY]:
    """The line without the points that are within the tolerance of it [Douglas and Peucker 1973]."""
    kept = {0, len(line) - 1}
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        far, k = max(((_distance(line[k], line[first], line[last]), k) for k in range(first + 1, last)), default=(0, 0))
        if far > tolerance:
            kept.add(k)
            stack += [(first, k), (k, last)]
    return [line[k] for k in sorted(kept)]


def _length(line: Sequence[XY]) -> float:
    return sum(hypot(q[0] - p[0], q[1] - p[1]) for p, q in pairwise(line))


def _distance(point: XY, start: XY, end: XY) -> float:
    """From a point to a segment."""
    (x, y), (dx, dy) = (point[0] - start[0], point[1] - start[1]), (end[0] - start[0], end[1] - start[1])
    square = dx * dx + dy * dy
    t = min(1.0, max(0.0, (x * dx + y * dy) / square)) if square else 0.0
    return hypot(x - t * dx, y - t * dy)


# -- the edges of the triangle --------------------------------------------------------------------------------------


def rim_of(preference: Preference, reference: Any, n: int) -> list[tuple[str, XY, XY]]:
    """Runs of one stand on the triangle's edges, if an edge is treated differently from the inside beside it."""
    runs: list[tuple[str, XY, XY]] = []
    different = 0
    for k in range(3):
        ends = [0, 0, 0], [0, 0, 0]
        ends[0][k], ends[1][(k + 1) % 3] = 1, 1
        stands = []
        for m in range(n):
            weights = [0, 0, 0]
            weights[k], weights[(k + 1) % 3] = 2 * (n - m) - 1, 2 * m + 1
            x, y, z = weights
            inside = (x * GRAIN + INWARDS[0], y * GRAIN + INWARDS[1], z * GRAIN + INWARDS[2])
            stands.append(preference.stand(preference.at((x, y, z)), reference))
            different += stands[-1] != preference.stand(preference.at(inside), reference)
        start = 0
        for m in range(1, n + 1):
            if m == n or stands[m] != stands[start]:
                ends_at = [place([(n - e) * a + e * b for a, b in zip(*ends, strict=True)]) for e in (start, m)]
                runs.append((stands[start], *(_outwards(p, k) for p in ends_at)))  # type: ignore[arg-type]
                start = m
    # A line that runs along an edge by chance meets one or two of the places asked.
    return runs if different > 2 else []


def _outwards(point: XY, k: int, by: float = 6.5) -> XY:
    """A place on the edge from corner k to the next, moved out of the triangle."""
    opposite, middle = CORNERS[k - 1], place([int(c != (k + 2) % 3) for c in range(3)])
    length = hypot(middle[0] - opposite[0], middle[1] - opposite[1])
    return point[0] + by * (middle[0] - opposite[0]) / length, point[1] + by * (middle[1] - opposite[1]) / length
