"""How likely counts can be if the chances of preference are weakly, moderately or strongly stochastically transitive.

With P_ij the chance that i is preferred to j (P_ij + P_ji = 1), for all i, j, k with P_ij >= 1/2 and P_jk >= 1/2:

* weak: P_ik >= 1/2; moderate: P_ik >= min(P_ij, P_jk); strong: P_ik >= max(P_ij, P_jk).

Each says that under some ranking the chances satisfy this for i above j above k, and P_ij >= 1/2 for i above j (its
closure does: where some of these chances are 1/2, chances nearby are transitive strictly). Given the ranking:

* weak: each pair is by itself, so rankings cost ``Σ n KL(f, 1/2)`` over the pairs whose frequency f disagrees: the
  linear ordering problem (``solvers.rewards.pairwise.linear_order``).
* strong: the chance of a pair is at least that of any pair ranked between. That is isotonic regression: the binomial
  maximum is the weighted least squares one, cut off at 1/2 (Robertson, Wright and Dykstra 1988, *Order Restricted
  Statistical Inference*, §1.5), which non-negative least squares finds as the multipliers of the constraints.
* moderate: for each triple one of two such constraints; we branch on a violated triple.

Rankings are searched depth first from the top. The pairs of an item already ranked cost at least their regression under
the constraints that are already known, the others at least what weak transitivity asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from solvers.arguments import real_number, require_generator, whole_number
from solvers.rewards.pairwise.linear_order import best_order, orders_of_subsets
from solvers.rewards.pairwise.pair_likelihoods import saturated
from solvers.rewards.pairwise.win_counts import Floats, WinCounts, read_counts

SEARCHED = 12  # items up to which rankings are searched for the moderate and the strong kind
LARGEST = 40  # items up to which one ranking is fitted for them
REPETITIONS = 199
UNSEEN = 1e-7  # weight of a pair that was never compared, as a share of the smallest of the others
SLACK = 1e-9

Arcs = list[tuple[int, int]]  # of positions in a list of pairs: the first has at least the chance of the second


@dataclass(frozen=True, eq=False)
class StochasticOrder:
    """The largest likelihood under one kind of stochastic transitivity.

    ``log_likelihood`` and ``saturated_log_likelihood`` in nats, without binomial coefficients; ``statistic`` is twice
    their difference. ``order``: a ranking, the best first, under which it is attained. ``probabilities``: n × n, the
    chances there. ``exact``: whether no ranking does better, to within about 1e-6 nats; if not, ``log_likelihood`` is a
    lower bound of the maximum (what the best ranking found gives) and ``upper_bound`` an upper one; if so, they are the
    same. ``p_value``: by ``repetitions`` parametric bootstraps, None without.
    """

    kind: str
    log_likelihood: float
    saturated_log_likelihood: float
    statistic: float
    p_value: float | None
    repetitions: int
    order: tuple[int, ...]
    probabilities: Floats
    exact: bool
    upper_bound: float


def stochastic_transitivity(
    counts: Any,
    kind: Literal["weak", "moderate", "strong"] = "weak",
    generator: np.random.Generator | None = None,
    bootstrap: int = 0,
    *,
    seconds: float = 60.0,
    limit: int = 100_000,
) -> StochasticOrder:
    """The likelihood of pairwise counts under weak, moderate or strong stochastic transitivity.

    ``counts[i, j]``: times i was preferred to j (count a tie as half a win for both). With a ``generator`` the p-value
    is by parametric bootstrap: ``bootstrap`` data sets (0 means 199) are drawn from the fitted chances, with as many
    comparisons of each pair, and each is fitted; it is the share of those, the data themselves included, whose
    statistic is as large. At the boundary of the constraints this is an approximation (Andrews 2000, Econometrica 68).

    Weak: exact for a majority graph whose cyclic components have up to some 30 items, if HiGHS ends within ``seconds``;
    beyond, a bound. Moderate and strong: exact for up to about eight items, and for up to twelve if the search ends
    within ``limit`` regressions; up to 40 items a bound, for which the ranking and the chances of the strong kind serve
    the moderate, too; beyond that ``ValueError``. With twelve items 100,000 regressions take half a minute, for each
    data set of a bootstrap, too: ``seconds`` does not bound them, a lower ``limit`` does. Raises ``ValueError`` as
    ``bradley_terry`` does, and for a bootstrap of weights that are no whole numbers.
    """
    if kind not in ("weak", "moderate", "strong"):
        raise ValueError(f'kind must be "weak", "moderate" or "strong", got {kind!r}')
    if whole_number(bootstrap, "bootstrap", 0) and generator is None:
        raise ValueError("bootstrap needs a generator: pass generator=numpy.random.default_rng(seed)")
    if generator is not None:
        require_generator(generator)
    whole_number(limit, "limit", 1)
    if not real_number(seconds, "seconds") >= 0:
        raise ValueError(f"seconds must be zero or more, got {seconds}")
    given = read_counts(counts)
    if kind != "weak" and given.size > LARGEST:
        raise ValueError(f'kind="{kind}" takes up to {LARGEST} items, got {given.size}; "weak" takes more')
    found = _fit(given, kind, seconds, limit)
    if generator is None:
        return found
    whole = (given.wins == np.rint(given.wins)) & (given.losses == np.rint(given.losses))
    if not whole.all():
        raise ValueError("a bootstrap draws whole comparisons: counts must be whole numbers")
    repetitions, larger = bootstrap or REPETITIONS, 0
    chances = np.clip(found.probabilities[given.i, given.j], 0.0, 1.0)
    for _ in range(repetitions):
        wins = generator.binomial(given.totals.astype(np.int64), chances).astype(np.float64)
        sample = WinCounts(given.size, given.i, given.j, wins, given.totals - wins, given.ties)
        larger += _fit(sample, kind, seconds, limit).statistic >= found.statistic - 1e-7 * (1 + found.statistic)
    return replace(found, p_value=(1 + larger) / (1 + repetitions), repetitions=repetitions)


def _fit(counts: WinCounts, kind: str, seconds: float, limit: int) -> StochasticOrder:
    n, wins = np.zeros((2, counts.size, counts.size))
    wins[counts.i, counts.j], wins[counts.j, counts.i] = counts.wins, counts.losses
    n = wins + wins.T
    costs = _disagreement(wins, n)
    order, lowest, proved = best_order(costs, seconds)
    if kind == "weak":
        chances, cost = _weak(wins, n, order), _cost_of(costs, order)
    else:
        order, chances, cost, lowest, proved = _Search(wins, n, costs, kind, limit).run(order, lowest)
    top = saturated(counts)
    bound = top - cost if proved else top - lowest
    return StochasticOrder(
        kind, top - cost, top, 2 * cost, None, 0, tuple(order), chances, proved, max(bound, top - cost)
    )


def _disagreement(wins: Floats, n: Floats) -> Floats:
    """``[i, j]``: the nats that ranking i above j costs, which is something only if most preferred j."""
    return np.where(wins < wins.T, _divergence(wins, n, np.full_like(n, 0.5)), 0.0)


def _divergence(wins: Floats, n: Floats, p: Floats) -> Floats:
    """``n KL(wins / n, p)``, entry by entry, in nats."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(wins > 0, wins * np.log(wins / (n * p)), 0.0)
        second = np.where(n > wins, (n - wins) * np.log((n - wins) / (n * (1 - p))), 0.0)
    return np.asarray(first + second, dtype=np.float64)


def _cost_of(costs: Floats, order: list[int]) -> float:
    return float(np.triu(costs[np.ix_(order, order)], 1).sum())


def _weak(wins: Floats, n: Floats, order: list[int]) -> Floats:
    """The frequencies, cut off at 1/2 where they disagree with the ranking; 1/2 where there are none."""
    frequency = np.where(n > 0, wins / np.maximum(n, np.finfo(float).tiny), 0.5)
    above = np.zeros_like(n, dtype=np.bool_)
    above[np.ix_(order, order)] = np.triu(np.ones_like(n, dtype=np.bool_), 1)
    return np.where(above, np.maximum(frequency, 0.5), np.minimum(frequency, 0.5))


# -- rankings for the moderate and the strong kind ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Regression:
    """What the chances of some pairs, each the higher ranked first, cost at least under some constraints."""

    cost: float
    chances: Floats
    pairs: list[tuple[int, int]]


class _Exhausted(Exception):
    """As many regressions as were allowed."""


class _Search:
    """Branch and bound over rankings."""

    def __init__(self, wins: Floats, n: Floats, costs: Floats, kind: str, limit: int) -> None:
        self.size, self.costs, self.kind, self.limit = len(n), costs, kind, limit
        self.wins, self.n = wins, n
        smallest = n[n > 0].min()
        self.weights = np.where(n > 0, n, UNSEEN * smallest)
        self.frequencies = np.where(n > 0, wins / self.weights, 0.5)
        self.regressions = 0

    def run(self, order: list[int], weak: float) -> tuple[list[int], Floats, float, float, bool]:
        """The best ranking found, its chances and cost, a lower bound of the cost, and whether that is proved best."""
        self.order, self.best = order, self.regress(order, [], np.inf, "strong")  # which is moderate, too
        proved = self.best.cost <= weak + SLACK
        if not proved and self.size <= SEARCHED:
            try:
                self.take(order)
                self.improve()
                self.rest = orders_of_subsets(self.costs)
                self.descend([], (1 << self.size) - 1)
                proved = True
            except _Exhausted:
                pass
        return self.order, self.matrix(), self.best.cost, self.best.cost if proved else weak, proved

    def take(self, order: list[int]) -> bool:
        """Whether this ranking is better than the best so far, which it then becomes."""
        found = self.regress(order, [], self.best.cost, self.kind)
        better = found.cost < self.best.cost - SLACK
        if better:
            self.order, self.best = order, found
        return better

    def improve(self) -> None:
        """Moves one item at a time while that helps."""
        better = True
        while better:
            better = False
            for item, place in product(range(self.size), repeat=2):
                others = [k for k in self.order if k != item]
                tried = [*others[:place], item, *others[place:]]
                if _cost_of(self.costs, tried) < self.best.cost - SLACK:
                    better = self.take(tried) or better

    def descend(self, ranked: list[int], left: int) -> None:
        """All rankings that begin so, but for those that can't be better; ``left``: the bits of the other items."""
        items = [k for k in range(self.size) if left >> k & 1]
        if len(items) <= 1:
            self.take([*ranked, *items])
            return
        children = []
        for item in items:
            rest = float(self.rest[left ^ 1 << item])
            room = self.best.cost - rest
            found = self.regress([*ranked, item], [k for k in items if k != item], room, self.kind)
            if found.cost < room - SLACK:
                children.append((found.cost + rest, item))
        for bound, item in sorted(children):
            if bound < self.best.cost - SLACK:
                self.descend([*ranked, item], left ^ 1 << item)

    def regress(self, ranked: list[int], others: list[int], room: float, kind: str) -> Regression:
        """The least cost of the pairs with a ranked item, the others being below in an unknown order.

        Once it is known to reach ``room``, any cost of at least that.
        """
        place: dict[tuple[int, int], int] = {}
        for position, a in enumerate(ranked):
            for b in (*ranked[position + 1 :], *others):
                place[a, b] = len(place)
        pairs = list(place)
        first, second = (np.array(x, dtype=np.int64) for x in zip(*pairs, strict=True))
        isotone = _Isotone(
            self.frequencies[first, second],
            self.weights[first, second],
            lambda p: float(_divergence(self.wins[first, second], self.n[first, second], p).sum()),
        )
        if kind == "strong":
            self.count()
            return Regression(*isotone.fit(_covers(ranked, others, place)), pairs)
        triples = [
            (place[a, c], place[a, b], place[b, c])
            for (_, a), (t, b) in combinations(enumerate(ranked), 2)
            for c in (*ranked[t + 1 :], *others)
        ]
        return Regression(*self.branch(isotone, triples, [], room), pairs)

    def branch(
        self, isotone: _Isotone, triples: list[tuple[int, int, int]], arcs: Arcs, room: float
    ) -> tuple[float, Floats]:
        """The cheapest chances with ``p[x] >= min(p[y], p[z])`` for each triple, unless they cost ``room``."""
        self.count()
        cost, chances = isotone.fit(arcs)
        if cost >= room or not triples:
            return cost, chances
        x, y, z = np.array(triples).T
        short = np.minimum(chances[y], chances[z]) - chances[x]
        worst = int(np.argmax(short))
        if short[worst] <= SLACK:
            return cost, chances
        best, found = np.inf, chances
        sides = (int(y[worst]), int(z[worst]))
        for side in sorted(sides, key=lambda k: chances[k]):
            tried, values = self.branch(isotone, triples, [*arcs, (int(x[worst]), side)], min(room, best))
            if tried < best:
                best, found = tried, values
        return best, found

    def count(self) -> None:
        self.regressions += 1
        if self.regressions > self.limit:
            raise _Exhausted

    def matrix(self) -> Floats:
        chances = np.full((self.size, self.size), 0.5)
        for (a, b), p in zip(self.best.pairs, self.best.chances, strict=True):
            chances[a, b], chances[b, a] = p, 1 - p
        return chances


def _covers(ranked: list[int], others: list[int], place: dict[tuple[int, int], int]) -> Arcs:
    """Strong transitivity among known pairs, without what follows: the next pair inside, from either end."""
    arcs = []
    for (a, c), at in place.items():
        position = ranked.index(a)
        end = ranked.index(c) if c in ranked else len(ranked)
        if position + 1 < end:
            arcs.append((at, place[a, ranked[end - 1]]))
            arcs.append((at, place[ranked[position + 1], c]))
    return arcs


@dataclass(frozen=True, eq=False)
class _Isotone:
    """Frequencies and weights of some pairs, and what chances of theirs cost."""

    frequencies: Floats
    weights: Floats
    cost: Callable[[Floats], float]

    def fit(self, arcs: Arcs) -> tuple[float, Floats]:
        """The cheapest chances, at least 1/2, with ``p[a] >= p[b]`` for each arc (a, b)."""
        free = np.maximum(self.frequencies, 0.5)
        upper, lower = (np.array(x, dtype=np.int64) for x in zip(*arcs, strict=True)) if arcs else (_NONE, _NONE)
        if (free[upper] >= free[lower]).all():
            return self.cost(free), free
        root = np.sqrt(self.weights)
        columns = np.arange(len(arcs))
        matrix = np.zeros((len(root), len(arcs)))
        matrix[upper, columns] += 1 / root[upper]
        matrix[lower, columns] -= 1 / root[lower]
        multipliers, _ = nnls(matrix, -root * self.frequencies, maxiter=50 * len(arcs))
        chances = np.clip(self.frequencies + (matrix @ multipliers) / root, 0.5, 1.0)
        return self.cost(chances), chances


_NONE: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
