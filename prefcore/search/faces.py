"""Faces of the simplex on which to look for counterexamples: few outcomes that the formula tells apart.

A counterexample on a face is one on the whole simplex, and three outcomes mostly suffice. Outcomes with the same
features are interchangeable, so one of each kind is kept; of many kinds, those that differ most come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from prefcore.formula import Formula

AXES = 8  # features in which an outcome of its own is looked for
KINDS = 8  # different outcomes from which faces are made
MANY = 2000  # outcomes beyond which only some are looked at
SHOWN = 12  # features that decide which outcomes differ most


def faces(kinds: Sequence[int], size: int) -> Iterator[tuple[int, ...]]:
    """Faces of `size` of these outcomes (fewer if there are fewer), the most varied first."""
    if len(kinds) <= size:
        yield tuple(kinds)
        return
    yield from combinations(kinds, size)


def kinds_of(formula: Formula) -> list[int]:
    """A few outcomes that the features tell apart, those that differ most first."""
    features = formula.features
    if len(features) > SHOWN:
        features = tuple(features[(len(features) - 1) * i // (SHOWN - 1)] for i in range(SHOWN))
    first: dict[tuple[int, ...], int] = {}
    for outcome in _candidates(features, formula.outcomes):
        first.setdefault(tuple(f[outcome] for f in features), outcome)
    columns = list(first)
    if len(columns) > KINDS:
        heights = [max(f) or 1 for f in features]
        scaled = [[v / h for v, h in zip(column, heights, strict=True)] for column in columns]
        base = min(range(len(columns)), key=lambda i: sum(scaled[i]))
        chosen = list(dict.fromkeys([base, *_along_axes(scaled, base)]))
        distance = [float("inf")] * len(columns)
        seen = 0
        while len(chosen) < KINDS:  # farthest point first
            for c in chosen[seen:]:
                for i, point in enumerate(scaled):
                    gap = max(abs(a - b) for a, b in zip(point, scaled[c], strict=True))
                    distance[i] = min(distance[i], gap)
            seen = len(chosen)
            chosen.append(max(range(len(columns)), key=distance.__getitem__))
        columns = [columns[i] for i in chosen]
    return [first[column] for column in columns]


def _along_axes(scaled: Sequence[Sequence[float]], base: int) -> list[int]:
    """For each of a few features, the outcome that differs from the base most in it and least in the others."""
    found = []
    for k in range(min(AXES, len(scaled[base]))):
        differences = [[abs(a - b) for a, b in zip(point, scaled[base], strict=True)] for point in scaled]
        found.append(max(range(len(scaled)), key=lambda i: 2 * differences[i][k] - sum(differences[i])))
    return found


def _candidates(features: Sequence[tuple[int, ...]], outcomes: int) -> Sequence[int]:
    """All outcomes, or of many the features' extremes and some others."""
    if outcomes <= MANY:
        return range(outcomes)
    extremes = {f.index(pick(f)) for f in features for pick in (min, max)}
    return sorted(extremes | set(range(0, outcomes, outcomes // MANY)))
