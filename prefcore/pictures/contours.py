"""The indifference sets of a relation on the lotteries over three outcomes, through a handful of references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, degrees, hypot

from prefcore.pictures.chart import Chart, survey
from prefcore.pictures.plane import CORNERS, XY, cross, distance, place
from prefcore.pictures.rims import Rim, odd_edge
from prefcore.pictures.stands import APART, BETTER, JUMP, SAME, WORSE, Preference, Weights, interior

BESIDE = 8.0  # how far beside a curve it is asked which side is better
APART_BY = 22.0  # references of a map are at least so far from one another's curves
TURNED = 25.0  # degrees
AT_MOST = 4  # references of an intransitive relation
ASIDE = 20  # a path of references along an edge leaves a part in so many to the third outcome


@dataclass(frozen=True, slots=True)
class Level:
    """A reference lottery, by its weights on the corners, and how the triangle stands to it."""

    weights: Weights
    chart: Chart

    @property
    def place(self) -> XY:
        return place(self.weights)


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
    rim = [edge for k in range(3) if (edge := odd_edge(preference, references, k, n))]
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
        (x, y), (u, v) = min(pairs, key=lambda pair: distance(level.place, *pair))
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
    return min((distance(p, start, end) for start, end in segments), default=float("inf"))


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
    return any(cross(p, q) for k, first in enumerate(curves) for second in curves[:k] for p in first for q in second)
