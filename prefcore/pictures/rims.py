"""The edges of a triangle, where an outcome is impossible: a relation may treat them unlike the inside beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from prefcore.pictures.chart import GRAIN, INWARDS
from prefcore.pictures.plane import CORNERS, XY, place
from prefcore.pictures.stands import APART, SAME, Preference, Weights


@dataclass(frozen=True, slots=True)
class Rim:
    """The runs of one stand on an edge, compared with a lottery on it, or with the inside beside them."""

    fixed: Weights | None
    runs: tuple[tuple[str, XY, XY], ...]


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
                places = (place([(n - e) * a + e * b for a, b in zip(*ends, strict=True)]) for e in (start, m))
                first, last = (_outwards(p, k) for p in places)
                runs.append((stands[start], first, last))
                start = m
    # A line that runs along an edge by chance meets one or two of the places asked.
    return runs if different > 2 else []


def odd_edge(preference: Preference, references: Sequence[Any], k: int, n: int) -> Rim | None:
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


def _outwards(point: XY, k: int, by: float = 6.5) -> XY:
    """A place on the edge from corner k to the next, moved out of the triangle."""
    opposite, middle = CORNERS[k - 1], place([int(c != (k + 2) % 3) for c in range(3)])
    length = hypot(middle[0] - opposite[0], middle[1] - opposite[1])
    return point[0] + by * (middle[0] - opposite[0]) / length, point[1] + by * (middle[1] - opposite[1]) / length
