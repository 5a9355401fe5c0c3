"""Faces of the simplex on which to look for counterexamples: few outcomes that the formula tells apart.

A counterexample on a face is one on the whole simplex, and three outcomes mostly suffice. Outcomes with the same
features are interchangeable, so one of each kind is kept; of many kinds, those that differ most come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from prefcore.formula import Formula

KINDS = 7  # different outcomes from which faces are made
SHOWN = 12  # features that decide which outcomes differ most


def faces(formula: Formula, size: int) -> Iterator[tuple[int, ...]]:
    """Faces of `size` outcomes by index (fewer if there are fewer kinds), the most varied first."""
    kinds = _kinds(formula)
    if len(kinds) <= size:
        yield tuple(kinds)
        return
    yield from combinations(kinds, size)


def _kinds(formula: Formula) -> list[int]:
    features = formula.features
    if len(features) > SHOWN:
        features = tuple(features[(len(features) - 1) * i // (SHOWN - 1)] for i in range(SHOWN))
    first: dict[tuple[int, ...], int] = {}
    for outcome, column in enumerate(zip(*features, strict=True)):
        first.setdefault(column, outcome)
    if not first:
        return [0]
    columns = list(first)
    if len(columns) > KINDS:
        heights = [max(f) for f in features]
        scaled = [[v / h for v, h in zip(column, heights, strict=True)] for column in columns]
        chosen = [min(range(len(columns)), key=lambda i: sum(scaled[i]))]
        distance = [float("inf")] * len(columns)
        while len(chosen) < KINDS:  # farthest point first
            for i, point in enumerate(scaled):
                gap = max(abs(a - b) for a, b in zip(point, scaled[chosen[-1]], strict=True))
                distance[i] = min(distance[i], gap)
            chosen.append(max(range(len(columns)), key=distance.__getitem__))
        columns = [columns[i] for i in chosen]
    return [first[column] for column in columns]
