"""Which three of many outcomes a triangle shows: those that lotteries need, or over which a relation shows best."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from prefcore.distribution import Distribution
from prefcore.pictures.stands import APART, BETTER, SAME, WORSE, Preference, interior
from prefcore.relations import Relation, formula_of

CANDIDATES = 8  # outcomes that are tried as a further corner
MAPPED_OUTCOMES = 5  # among which the corners of a map are chosen


def choose_corners(
    relation: Relation[Any], outcomes: Sequence[Any], lotteries: Sequence[Distribution]
) -> tuple[Any, Any, Any] | None:
    """Three outcomes over which the lotteries can be drawn, the worst first and the best last; ``None`` if none are.

    Where the lotteries need fewer than three, the missing ones are chosen among the first few outcomes such that better
    and worse than the second lottery (the first, if there is one only) share the triangle most evenly.
    """
    needed = tuple(dict.fromkeys(o for lottery in lotteries for o in lottery.support))
    spare = [o for o in outcomes if o not in needed][:CANDIDATES]
    missing = 3 - len(needed)
    if missing < 0 or missing > len(spare):
        return None
    sets = [needed + extra for extra in combinations(spare, missing)]
    reference = lotteries[min(1, len(lotteries) - 1)]
    chosen = max(sets, key=lambda corners: _variety(relation, corners, reference)) if len(sets) > 1 else sets[0]
    preference = Preference(chosen, formula_of(relation, chosen, closed=False))
    sure = [preference.seen(Distribution.point(o)) for o in chosen]
    # Sorted by how many of the others an outcome is at least as good as; the given order decides ties.
    rank = [sum(preference.holds(other, x) for other in sure) for x in sure]
    first, second, third = (chosen[i] for i in sorted(range(3), key=lambda i: rank[i]))
    return first, second, third


def _variety(relation: Relation[Any], corners: tuple[Any, ...], reference: Distribution) -> int:
    """How evenly the stands to the reference share a small sample of the triangle: minus the largest share."""
    preference = Preference(corners, formula_of(relation, corners, closed=False))
    fixed = preference.seen(reference)
    stands = [preference.stand(preference.at(w), fixed) for w in interior(5)]
    return -max(stands.count(s) for s in (BETTER, WORSE, SAME, APART))


def map_corners(relation: Relation[Any], outcomes: Sequence[Any]) -> tuple[Any, Any, Any] | None:
    """Three outcomes over which a relation shows best, the worst first; ``None`` if there are fewer.

    Among a few of many outcomes, evenly spread, those over which it differs most from an expected reward; then those
    whose triangle is shared most evenly by better, worse, indifferent and incomparable, seen from its centre.
    """
    if len(outcomes) < 3:
        return None
    last = min(len(outcomes), MAPPED_OUTCOMES) - 1
    tried = [outcomes[k * (len(outcomes) - 1) // last] for k in range(last + 1)]
    faces = list(combinations(tried, 3))
    chosen = max(faces, key=lambda corners: _character(relation, corners)) if len(faces) > 1 else faces[0]
    return choose_corners(relation, chosen, [Distribution.point(o) for o in chosen])


def _character(relation: Relation[Any], corners: tuple[Any, ...]) -> tuple[int, int, int]:
    """What fails in a small sample of the triangle, how often, and minus the largest share seen from the centre.

    It may fail independence, transitivity and totality, of which each counts one, and how often the first two. Pairs
    are compared once more after half of a corner is mixed in; the sample has corners and middles of edges.
    """
    preference = Preference(corners, formula_of(relation, corners, closed=False))
    total = sum(interior(3)[0])
    ends = [(total * (k == 0), total * (k == 1), total * (k == 2)) for k in range(3)]
    middles = [(total - x, total - y, total - z) for x, y, z in ends]
    weights = [*interior(3), *ends, *middles]
    seen = [preference.at(w) for w in weights]
    pairs = list(combinations(range(len(seen)), 2))
    stands = {(i, j): preference.stand(seen[i], seen[j]) for i, j in pairs}
    broken = 0
    for end in ends:
        mixed = [preference.at((u + end[0], v + end[1], w + end[2])) for u, v, w in weights]
        broken += sum(preference.stand(mixed[i], mixed[j]) != stands[i, j] for i, j in pairs)
    below = {pair for (i, j), stand in stands.items() for pair in _below(i, j, stand)}
    cyclic = sum((i, k) not in below for i, j in below for j_, k in below if j == j_ and i != k)
    failing = (broken > 0) + (cyclic > 0) + (APART in stands.values())
    centre = preference.at((1, 1, 1))
    around = [preference.stand(x, centre) for x in seen]
    return failing, broken + cyclic, -max(around.count(stand) for stand in around)


def _below(i: int, j: int, stand: str) -> list[tuple[int, int]]:
    """The pairs of ≼ among two lotteries, of which the first stands so to the second."""
    return [(i, j)] * (stand in (WORSE, SAME)) + [(j, i)] * (stand in (BETTER, SAME))
