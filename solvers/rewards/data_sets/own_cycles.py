"""Cycles inside each judge's own answers, and in the majorities of all.

Within a group (a judge, or a judge in one context: a round) item a is above b if the group preferred a to b more often
than b to a. A group contains a cycle exactly if some strongly connected component of that relation has several items;
a *cyclic triad* is three items each above the next [Kendall and Babington Smith 1940, Biometrika 31]. Of random answers
a quarter of the triads are cyclic. All groups are looked at together, as one graph with a part for each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from solvers.rewards.data_sets.tally import Answers, Floats, Ints

MOST_STEPS = 200_000_000  # paths of two arcs that are gone through for triads


@dataclass(frozen=True, slots=True)
class GroupCycles:
    """Cycles within groups.

    kind: ``"rounds"`` (one judge in one context), ``"judges"`` or ``"contexts"``. complete: groups that compared every
    two items. cyclic: groups whose own answers contain a cycle. triads, cyclic_triads: three items compared with a
    decision each, and those of them in a circle, over all groups; ``None`` if they are too many to count.
    contradictions: pairs that one group answered both ways, repeats: pairs it answered more than once.
    """

    kind: str
    groups: int
    complete: int
    cyclic: int
    triads: int | None
    cyclic_triads: int | None
    contradictions: int
    repeats: int

    @property
    def share(self) -> float:
        """Of the groups, those with a cycle."""
        return self.cyclic / self.groups if self.groups else 0.0


def group_cycles(answers: Answers, kind: str, items: int) -> GroupCycles:
    """The cycles of each group. kind: which of judge and context make a group; ``"all"`` for one group of all."""
    judge = answers.judge if kind in ("rounds", "judges") else np.zeros_like(answers.judge)
    context = answers.context if kind in ("rounds", "contexts") else np.zeros_like(answers.context)
    known = ((judge > 0) | (kind not in ("rounds", "judges"))) & ((context > 0) | (kind not in ("rounds", "contexts")))
    low, high = np.minimum(answers.winner, answers.loser), np.maximum(answers.winner, answers.loser)
    group, groups = _distinct(judge[known], context[known])
    pair, pairs = _distinct(group, low[known], high[known])
    up = (~answers.tie & (answers.winner == low))[known]
    down = (~answers.tie & (answers.winner == high))[known]
    weight, records = answers.weight[known], answers.records[known]
    ups = np.bincount(pair, weight * up, minlength=len(pairs))
    downs = np.bincount(pair, weight * down, minlength=len(pairs))
    times = np.bincount(pair, records, minlength=len(pairs))
    at, first, second = pairs.T
    above, below = np.where(ups > downs, first, second), np.where(ups > downs, second, first)
    decided = ups != downs
    size = np.bincount(at, minlength=len(groups))
    cyclic, triads, circles = _cycles(at[decided], above[decided], below[decided], items, len(groups))
    return GroupCycles(
        kind=kind,
        groups=len(groups),
        complete=int((size == items * (items - 1) // 2).sum()) if items > 2 else 0,
        cyclic=cyclic,
        triads=triads,
        cyclic_triads=circles,
        contradictions=int(((ups > 0) & (downs > 0)).sum()),
        repeats=int((times > 1).sum()),
    )


def cyclic_by_chance(
    answers: Answers, kind: str, items: int, scores: Floats, generator: np.random.Generator, times: int = 40
) -> tuple[float, float, float]:
    """How many groups would contain a cycle if all answered by the same scores, independently: the mean, and a range.

    The answers that are no ties are drawn anew ``times`` times; the range holds 95 % of the draws.
    """
    kept = ~answers.tie & (answers.records > 0)
    low, high = np.minimum(answers.winner, answers.loser), np.maximum(answers.winner, answers.loser)
    number, rows = _distinct(answers.judge[kept], answers.context[kept], low[kept], high[kept])
    asked = np.bincount(number, answers.records[kept]).astype(np.int64)
    chance = expit(scores[rows[:, 2]] - scores[rows[:, 3]])
    found = []
    for _ in range(times):
        ups = generator.binomial(asked, chance)
        both = np.concatenate([ups, asked - ups])
        judge, context, first, second = (np.concatenate([column, column]) for column in rows.T)
        swap = np.arange(len(both)) >= len(ups)
        drawn = Answers(
            judge,
            context,
            np.where(swap, second, first),
            np.where(swap, first, second),
            np.zeros(len(both), dtype=bool),
            both,
            both.astype(float),
        )
        found.append(group_cycles(drawn, kind, items).cyclic)
    return float(np.mean(found)), float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def _distinct(*columns: Ints) -> tuple[Ints, Ints]:
    """The number of each row among the distinct ones, and the distinct rows."""
    rows = np.stack(columns, axis=1)
    if not len(rows):
        return np.zeros(0, dtype=np.int64), rows
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    number = np.empty(len(rows), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number, ordered[new]


def _cycles(at: Ints, above: Ints, below: Ints, items: int, groups: int) -> tuple[int, int | None, int | None]:
    """Groups with a cycle, triads with three decisions, and those in a circle."""
    if not len(at):
        return 0, 0, 0
    nodes, places = np.unique(np.concatenate([at * items + above, at * items + below]), return_inverse=True)
    tails, heads = places[: len(at)], places[len(at) :]
    size = len(nodes)
    ones = np.ones(len(at), dtype=np.int64)
    arcs = csr_array((ones, (tails, heads)), (size, size))
    _, label = connected_components(arcs, directed=True, connection="strong")
    several = np.bincount(label)[label] > 1
    cyclic = len(np.unique(nodes[several] // items))
    degree = np.bincount(np.concatenate([tails, heads]), minlength=size).astype(float)
    if float(degree @ degree) > MOST_STEPS:
        return cyclic, None, None
    circles = int((arcs @ arcs).multiply(arcs.T).sum()) // 3
    either = arcs + arcs.T
    return cyclic, int((either @ either).multiply(either).sum()) // 6, circles


def share_of_cyclic_triads(cycles: GroupCycles) -> float | None:
    """Of the triads, those in a circle; random answers give 1/4."""
    if not cycles.triads or cycles.cyclic_triads is None:
        return None
    return cycles.cyclic_triads / cycles.triads
