"""How the lotteries over three outcomes stand to one of them: regions, borders and rim of a triangle, exactly.

The relation is asked how each vertex of a fine triangular grid stands to the reference lottery; where two neighbours
differ, the place of the change is found by bisection on the edge between them (marching triangles). The vertices are
moved inwards by less than half a pixel, so that the regions show the inside of the triangle; its edges, which a
relation may treat differently, are asked separately. Where better meets worse, the relation is asked at the very place
of the change, which is known exactly if no lottery is multiplied by itself: are the lotteries on the border
indifferent?

``contours`` does this for a handful of references, which together show the indifference sets of the relation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import atan2, degrees, hypot, lcm
from typing import Any

from prefcore.claims import BlackBox
from prefcore.closures import is_closed
from prefcore.distribution import Distribution, mix
from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Not,
    Or,
    Product,
    evaluate,
    feature_values,
    node_values,
)

BETTER, WORSE, SAME, APART = "better", "worse", "indifferent", "incomparable"
JUMP, BORDER = "jump", "border"  # kinds of border besides SAME: nothing indifferent on it; not decided

SPLITS = 8  # into how many parts the edge of a cell with several borders is split
SPECK = 3.0  # length of a border that is too short to be shown
BENT = 0.6  # pixels that a border may run beside its chord
STEPS = 7  # bisections of a cell's edge: its 128th part is a tenth of a pixel
INWARDS = (31, 53, 43)  # against GRAIN at each grid step: a vertex on no line of small numbers
GRAIN = 1000
DEEP = 24
BESIDE = 8.0  # how far beside a curve it is asked which side is better
APART_BY = 22.0  # references of a map are at least so far from one another's curves
TURNED = 25.0  # degrees
AT_MOST = 4  # references of an intransitive relation
ASIDE = 20  # a path of references along an edge leaves a part in so many to the third outcome
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
        return isinstance(self.formula, Formula) and _bilinear(self.formula)

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
        exact = self.exact
        places = self._sign_changes(a, b, reference) if exact else ()
        if any(self.stand(self.between(a, b, t), reference) == SAME for t in places):
            return SAME
        # Where a minimum or a maximum bends between the two, the place is missed.
        closed = self._closed_in(a, b, reference)
        return JUMP if exact and closed == BORDER else closed

    def _closed_in(self, a: Any, b: Any, reference: Any) -> str:
        """The same where the place is not known. Two closed sets that cover a segment meet (T7).

        That the better and the worse cover it is tested to a part in 2^DEEP of the segment, far below what is drawn.
        """
        if not isinstance(self.formula, Formula) or not is_closed(self.formula):
            return BORDER
        before = self.stand(a, reference)
        for _ in range(DEEP):
            middle = self.between(a, b, Fraction(1, 2))
            stand = self.stand(middle, reference)
            if stand in (SAME, APART):
                return SAME if stand == SAME else BORDER
            a, b = (middle, b) if stand == before else (a, middle)
        return SAME

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


def _bilinear(formula: Formula) -> bool:
    """Whether every term is affine in each lottery when the other is fixed, piece by piece."""
    powers: list[tuple[int, int]] = []
    for node in formula.nodes:
        match node:
            case Feature(side, _):
                degree = (1, 0) if side == 0 else (0, 1)
            case Product(left, right):
                degree = (powers[left][0] + powers[right][0], powers[left][1] + powers[right][1])
            case Affine(_, terms):
                degree = _highest([powers[i] for _, i in terms])
            case Max(terms) | Min(terms):
                degree = _highest([powers[i] for i in terms])
            case If(_, then, otherwise):
                degree = _highest([powers[then], powers[otherwise]])
            case Atom() | Not() | And() | Or():
                degree = (0, 0)
            case _:
                return False
        powers.append(degree)
    return all(max(degree) <= 1 for degree in powers)


def _highest(degrees: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return max((a for a, _ in degrees), default=0), max((b for _, b in degrees), default=0)


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
    """The map of the triangle seen from a reference, with n grid cells on a side, smaller ones where borders bend."""
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


def _turn(start: XY, end: XY, point: XY) -> float:
    """Twice the area of the triangle, with its sign."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


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


# -- several references: the indifference sets -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Level:
    """A reference lottery, by its weights on the corners, and how the triangle stands to it."""

    weights: Weights
    chart: Chart

    @property
    def place(self) -> XY:
        return place(self.weights)


@dataclass(frozen=True, slots=True)
class Rim:
    """The runs of one stand on an edge, compared with a lottery on it, or with the inside beside them."""

    fixed: Weights | None
    runs: tuple[tuple[str, XY, XY], ...]


@dataclass(frozen=True, slots=True)
class Contours:
    """The indifference sets through some references.

    arrows: short ways across the curves, from worse to better. rim: the edges of the triangle at which the relation is
    not continuous, as runs of one stand: where an edge is ordered strictly, and just inside it isn't, or otherwise, the
    stand is to the lottery that is given with it; else it is to the inside beside it.
    chain: three lotteries X ≼ Y ≼ Z with not X ≼ Z, if some were met. crossing: whether curves that are drawn cross.
    """

    levels: tuple[Level, ...]
    arrows: tuple[tuple[XY, XY], ...]
    rim: tuple[Rim, ...]
    chain: tuple[Weights, Weights, Weights] | None
    crossing: bool

    @property
    def partial(self) -> bool:
        """Whether incomparable lotteries were met."""
        return any(APART in level.chart.regions for level in self.levels)


def weights_of(corners: Sequence[Any], lottery: Distribution) -> Weights:
    """Whole numbers in the proportion of the lottery's probabilities."""
    scale = lcm(*(lottery[o].denominator for o in corners))
    first, second, third = (int(lottery[o] * scale) for o in corners)
    return first, second, third


def contours(preference: Preference, references: int | Sequence[Weights], n: int) -> Contours:
    """The indifference sets through the references, each surveyed with n grid cells on a side.

    With a number, so many references are chosen: evenly from the worst corner to the best, then where curves are far.
    """
    broken = _broken_chain(preference, [])
    if isinstance(references, int):
        transitive = broken is None
        levels = _chosen_levels(preference, references if transitive else min(references, AT_MOST), n)
        if transitive and APART not in levels[0].chart.regions:
            levels += _beside_edges(preference, levels, n)
    else:
        levels = [_level(preference, w, n) for w in references]
    chain = broken or _broken_chain(preference, [level.weights for level in levels])
    references = [preference.at(level.weights) for level in levels]
    rim = [edge for k in range(3) if (edge := _odd_edge(preference, references, k, n))]
    arrows = tuple(_arrows(preference, levels, chain is not None))
    return Contours(tuple(levels), arrows, tuple(rim), chain, _crossing_curves(levels))


def _level(preference: Preference, weights: Weights, n: int) -> Level:
    return Level(weights, survey(preference, preference.at(weights), n))


def _chosen_levels(preference: Preference, count: int, n: int) -> list[Level]:
    levels: list[Level] = []

    def add(weights: Weights, near: float) -> None:
        seen = preference.at(weights)
        if any(preference.stand(seen, preference.at(level.weights)) == SAME for level in levels):
            return
        if all(_off(place(weights), level.chart) >= near for level in levels):
            levels.append(_level(preference, weights, n))

    add((7, 6, 7), 0.0)
    if APART in levels[0].chart.regions:
        count = min(count, 3 if levels[0].chart.borders else 1)  # cones of several lotteries hide one another
    else:
        levels.clear()
        for weights in _path(preference, count):
            add(weights, 10.0)
    # The cones of lotteries near the corners show little.
    spare = [w for w in interior(8) if min(w) > 3 or APART not in levels[0].chart.regions]
    while len(levels) < count and spare:
        far = max(spare, key=lambda w: min((_off(place(w), level.chart) for level in levels), default=0.0))
        spare.remove(far)
        add(far, APART_BY)
    return levels


def _beside_edges(preference: Preference, levels: Sequence[Level], n: int) -> list[Level]:
    """References in strips beside the edges, which may be ordered in another way than the places met so far."""
    found: list[Level] = []
    for k in range(3):
        for share in (8, 12, 4):
            weights = [1, 1, 1]
            weights[k], weights[k - 1] = share, 16 - share
            level = Level((weights[0], weights[1], weights[2]), Chart({}, {}))
            known = [*levels, *found]
            if len(found) < 3 and all(_off(level.place, other.chart) > 3 for other in known):
                level = _level(preference, level.weights, n // 3)
                if all(_angle(level, other) > TURNED for other in known):
                    found.append(_level(preference, level.weights, n))
    return found


def _angle(level: Level, other: Level) -> float:
    """The angle in degrees between two curves, each where it is nearest to the first one's reference."""
    directions = []
    for chart in (level.chart, other.chart):
        pairs = [pair for lines in chart.borders.values() for line in lines for pair in pairwise(line)]
        if not pairs:
            return 0.0
        (x, y), (u, v) = min(pairs, key=lambda pair: _distance(level.place, *pair))
        directions.append(degrees(atan2(v - y, u - x)))
    turn = abs(directions[0] - directions[1]) % 180
    return min(turn, 180 - turn)


def _path(preference: Preference, count: int) -> list[Weights]:
    """Lotteries evenly along the edge from the worst to the best corner, a little inside."""
    sure = [preference.at((int(k == 0), int(k == 1), int(k == 2))) for k in range(3)]
    rank = [sum(preference.holds(other, x) for other in sure) for x in sure]
    worst, middle, best = sorted(range(3), key=lambda k: rank[k])
    result = []
    for step in range(1, count + 1):
        weights = [0, 0, 0]
        weights[worst], weights[best] = ASIDE * (count + 1 - step), ASIDE * step
        weights[middle] = count + 1
        result.append((weights[0], weights[1], weights[2]))
    return result


def _off(p: XY, chart: Chart) -> float:
    """How far a place is from the borders of a chart."""
    segments = (pair for lines in chart.borders.values() for line in lines for pair in pairwise(line))
    return min((_distance(p, start, end) for start, end in segments), default=float("inf"))


def _broken_chain(preference: Preference, references: Sequence[Weights]) -> tuple[Weights, Weights, Weights] | None:
    """X ≼ Y ≼ Z with not X ≼ Z among the references and a small grid, decided exactly."""
    asked = [*references, *interior(5)]
    seen = [preference.at(w) for w in asked]
    above = [sum(1 << k for k, other in enumerate(seen) if preference.holds(x, other)) for x in seen]
    for x, over in enumerate(above):
        for y in range(len(asked)):
            missing = above[y] & ~over
            if over >> y & 1 and missing:
                return asked[x], asked[y], asked[missing.bit_length() - 1]
    return None


def _odd_edge(preference: Preference, references: Sequence[Any], k: int, n: int) -> Rim | None:
    """The edge from corner k, if the relation is not continuous there.

    The inside beside it is the edge mixed with the opposite corner. In the limit a strict preference may become an
    indifference; what was none may not become strict.
    """
    j, opposite = (k + 1) % 3, (k + 2) % 3
    step = 200

    def along(share: int, inside: int) -> Weights:
        weights = [0, 0, 0]
        weights[k], weights[j], weights[opposite] = (n * step - share) * GRAIN, share * GRAIN, inside * n
        return weights[0], weights[1], weights[2]

    shares = [step * m + step // 2 for m in range(n)]
    edge = [preference.at(along(share, 0)) for share in shares]
    inner = [preference.at(along(share, 100)) for share in shares]

    def stands(on: Any, beside: Any) -> list[str] | None:
        found = [preference.stand(x, on) for x in edge]
        limits = [preference.stand(x, beside) for x in inner]
        odd = sum(a not in (SAME, b) and b != APART for a, b in zip(found, limits, strict=True))
        return found if odd > 2 else None  # a border ends at one or two of the places asked

    # Not at the middle: thresholds tend to be simple numbers.
    fixed: Weights | None = along(93 * n, 0)
    found = stands(preference.at(along(93 * n, 0)), preference.at(along(93 * n, 100)))
    if found is None:
        if not any(stands(reference, reference) for reference in references):
            return None
        fixed, found = None, [preference.stand(x, y) for x, y in zip(edge, inner, strict=True)]
    runs, start = [], 0
    for m in range(1, n + 1):
        if m == n or found[m] != found[start]:
            ends = [_outwards(place(along(step * e, 0)), k) for e in (start, m)]
            runs.append((found[start], ends[0], ends[1]))
            start = m
    return Rim(fixed, tuple(runs))


def _arrows(preference: Preference, levels: Sequence[Level], beside: bool) -> Iterator[tuple[XY, XY]]:
    """Across each border, from worse to better: in its middle, or `beside` the reference."""
    if any(APART in level.chart.regions for level in levels):
        return
    tails: list[XY] = []
    for level in levels:
        for line in (line for lines in level.chart.borders.values() for line in lines):
            found = _across(preference, level, line, beside)
            if found and all(hypot(found[0][0] - x, found[0][1] - y) > APART_BY for x, y in tails):
                tails.append(found[0])
                yield found


def _across(preference: Preference, level: Level, line: Sequence[XY], beside: bool) -> tuple[XY, XY] | None:
    start, end = max(pairwise(line), key=lambda pair: hypot(pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]))
    length = hypot(end[0] - start[0], end[1] - start[1])
    if length < 2 * BESIDE:
        return None
    t = 0.5
    if beside:
        (u, v), away = level.place, 3 * BESIDE / length
        t = ((u - start[0]) * (end[0] - start[0]) + (v - start[1]) * (end[1] - start[1])) / length**2
        t = min(0.9, max(0.1, t + (away if t < 0.5 else -away)))
    x, y = start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])
    dx, dy = (end[1] - start[1]) / length * BESIDE, (start[0] - end[0]) / length * BESIDE
    ends = [(x - dx, y - dy), (x + dx, y + dy)]
    weights = [_weights_at(p) for p in ends]
    if any(min(w) <= 0 for w in weights):
        return None
    order = {WORSE: 0, SAME: 1, BETTER: 2}
    reference = preference.at(level.weights)
    stands = [order.get(preference.stand(preference.at(w), reference), 3) for w in weights]
    if stands[0] == stands[1] or 3 in stands:
        return None
    return (ends[0], ends[1]) if stands[0] < stands[1] else (ends[1], ends[0])


def _weights_at(p: XY) -> Weights:
    """The inverse of ``place``, in whole thousandths of the height."""
    (left, bottom), (right, _), (_, top) = CORNERS
    third = (bottom - p[1]) / (bottom - top)
    second = (p[0] - left) / (right - left) - third / 2
    return round(1000 * (1 - second - third)), round(1000 * second), round(1000 * third)


def _crossing_curves(levels: Sequence[Level]) -> bool:
    curves = [
        [pair for kind in (SAME, JUMP) for line in level.chart.borders.get(kind, []) for pair in pairwise(line)]
        for level in levels
    ]
    return any(_cross(p, q) for k, first in enumerate(curves) for second in curves[:k] for p in first for q in second)


def _cross(first: tuple[XY, XY], second: tuple[XY, XY]) -> bool:
    """Whether two segments cross, by so much that it is not the drawing's tolerance."""

    def sides(line: tuple[XY, XY], other: tuple[XY, XY]) -> bool:
        length = hypot(line[1][0] - line[0][0], line[1][1] - line[0][1]) or 1.0
        a, b = (_turn(*line, p) / length for p in other)
        return min(a, b) < -1.5 and max(a, b) > 1.5

    return sides(first, second) and sides(second, first)
