"""The plane in which a triangle is drawn: where its lotteries lie, and the geometry of outlines and curves.

Places are in pixels, x to the right and y downwards. A lottery over three outcomes lies at the mean of the corners,
weighted by its probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import hypot

XY = tuple[float, float]

CORNERS: tuple[XY, XY, XY] = ((62.0, 396.0), (462.0, 396.0), (262.0, 49.6))  # of the first, second, third outcome


def place(weights: Sequence[Fraction | int]) -> XY:
    total = float(sum(weights))
    x, y = (sum(float(w) * corner[axis] for w, corner in zip(weights, CORNERS, strict=True)) for axis in (0, 1))
    return x / total, y / total


def length(line: Sequence[XY]) -> float:
    return sum(hypot(q[0] - p[0], q[1] - p[1]) for p, q in pairwise(line))


def turn(start: XY, end: XY, point: XY) -> float:
    """Twice the area of the triangle, with its sign."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def distance(point: XY, start: XY, end: XY) -> float:
    """From a point to a segment."""
    (x, y), (dx, dy) = (point[0] - start[0], point[1] - start[1]), (end[0] - start[0], end[1] - start[1])
    square = dx * dx + dy * dy
    t = min(1.0, max(0.0, (x * dx + y * dy) / square)) if square else 0.0
    return hypot(x - t * dx, y - t * dy)


def cross(first: tuple[XY, XY], second: tuple[XY, XY]) -> bool:
    """Whether two segments cross, by so much that it is not the drawing's tolerance."""

    def sides(line: tuple[XY, XY], other: tuple[XY, XY]) -> bool:
        length = hypot(line[1][0] - line[0][0], line[1][1] - line[0][1]) or 1.0
        a, b = (turn(*line, p) / length for p in other)
        return min(a, b) < -1.5 and max(a, b) > 1.5

    return sides(first, second) and sides(second, first)


def outlines(polygons: list[list[XY]]) -> list[list[XY]]:
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
            loops.append(simplified(loop))
    return [loop for loop in loops if len(loop) > 3]


def polylines(segments: list[tuple[XY, XY]]) -> list[list[XY]]:
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
            lines.append(simplified(line))
    return lines


def simplified(line: list[XY], tolerance: float = 0.3) -> list[XY]:
    """The line without the points that are within the tolerance of it [Douglas and Peucker 1973]."""
    kept = {0, len(line) - 1}
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        far, k = max(((distance(line[k], line[first], line[last]), k) for k in range(first + 1, last)), default=(0, 0))
        if far > tolerance:
            kept.add(k)
            stack += [(first, k), (k, last)]
    return [line[k] for k in sorted(kept)]
