"""The linear ordering problem: rank items so that the pairs ranked against their cost least.

``costs[i, j] >= 0`` is what ranking i above j costs; at most one of ``costs[i, j]`` and ``costs[j, i]`` is positive.
Then the least cost is that of a minimum feedback arc set, and strongly connected components are ordered one by one:
up to ``TABLE`` items by dynamic programming over subsets (Held and Karp's recursion), up to ``PROGRAM`` by integer
programming with the three-cycle inequalities (Grötschel, Jünger and Reinelt 1984; HiGHS), beyond by moving single
items, which proves nothing.
"""

from __future__ import annotations

import time
from itertools import combinations

import networkx
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from solvers.rewards.pairwise.win_counts import Floats

TABLE = 14
PROGRAM = 45


def best_order(costs: Floats, seconds: float) -> tuple[list[int], float, bool]:
    """The items, the best first; a lower bound of the least cost; and whether this order attains it."""
    until = time.monotonic() + seconds
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(costs)))
    graph.add_edges_from(np.argwhere(costs.T > 0).tolist())  # i → j: ranking j above i costs something
    parts = networkx.condensation(graph)
    order: list[int] = []
    bound, proved = 0.0, True
    for part in networkx.lexicographical_topological_sort(parts, key=lambda k: min(parts.nodes[k]["members"])):
        members = sorted(parts.nodes[part]["members"])
        inside = costs[np.ix_(members, members)]
        found, least, sure = _component(inside, max(0.0, until - time.monotonic()))
        order += [members[k] for k in found]
        bound, proved = bound + least, proved and sure
    return order, bound, proved


def orders_of_subsets(costs: Floats) -> Floats:
    """The least cost of ranking each subset of the items, given by its bits: 2^n entries."""
    return _table(costs)[0]


def _table(costs: Floats) -> tuple[Floats, list[int]]:
    size = len(costs)
    below = []  # below[i][S]: what ranking i above all of S costs
    for i in range(size):
        sums = np.zeros(1)
        for j in range(size):
            sums = np.concatenate([sums, sums + costs[i, j]])
        below.append(sums)
    subsets = np.arange(1 << size)
    number = np.bitwise_count(subsets)
    least = np.full(1 << size, np.inf)
    least[0] = 0.0
    for k in range(1, size + 1):
        level = subsets[number == k]
        for i in range(size):
            inside = level[(level >> i & 1) == 1]
            rest = inside ^ (1 << i)
            least[inside] = np.minimum(least[inside], least[rest] + below[i][rest])
    order, left = [], (1 << size) - 1
    while left:
        items = [i for i in range(size) if left >> i & 1]
        first = min(items, key=lambda i: float(least[left ^ (1 << i)] + below[i][left ^ (1 << i)]))
        order.append(first)
        left ^= 1 << first
    return least, order


def _component(costs: Floats, seconds: float) -> tuple[list[int], float, bool]:
    size = len(costs)
    if size == 1:
        return [0], 0.0, True
    if size <= TABLE:
        least, order = _table(costs)
        return order, float(least[-1]), True
    order = _moved(costs)
    if size > PROGRAM or seconds <= 0:
        return order, 0.0, False
    return _programme(costs, order, seconds)


def _moved(costs: Floats) -> list[int]:
    """An order that no move of a single item improves, from the balance of each item's costs."""
    size = len(costs)
    order: list[int] = np.argsort(costs.sum(axis=1) - costs.sum(axis=0), kind="stable").tolist()
    better = True
    while better:
        better = False
        for item in range(size):
            others = [k for k in order if k != item]
            # What it costs to put the item at each place: above all from there on, below all before.
            above = np.concatenate([np.cumsum(costs[item, others][::-1])[::-1], [0.0]])
            under = np.concatenate([[0.0], np.cumsum(costs[others, item])])
            at, place = order.index(item), int(np.argmin(above + under))
            if above[place] + under[place] < above[at] + under[at] - 1e-9:
                order, better = [*others[:place], item, *others[place:]], True
    return order


def _programme(costs: Floats, start: list[int], seconds: float) -> tuple[list[int], float, bool]:
    """x_ij = 1 if i is above j, i < j; for i < j < k: 0 <= x_ij + x_jk - x_ik <= 1."""
    size = len(costs)
    number = {pair: k for k, pair in enumerate(combinations(range(size), 2))}
    i, j = np.array(list(number)).T
    triples = list(combinations(range(size), 3))
    rows = np.repeat(np.arange(len(triples)), 3)
    columns = np.array([[number[a, b], number[b, c], number[a, c]] for a, b, c in triples]).ravel()
    values = np.tile([1.0, 1.0, -1.0], len(triples))
    cycles = LinearConstraint(csr_array((values, (rows, columns)), (len(triples), len(number))), 0, 1)
    weights = costs[i, j] - costs[j, i]
    options = {"time_limit": seconds, "mip_rel_gap": 0.0}
    found = milp(weights, constraints=cycles, bounds=Bounds(0, 1), integrality=np.ones(len(number)), options=options)
    constant = float(costs[j, i].sum())
    bound = constant + float(found.mip_dual_bound if found.mip_dual_bound is not None else -np.inf)
    order = start
    if found.x is not None:
        above = np.zeros((size, size))
        above[i, j] = np.rint(found.x)
        above[j, i] = 1 - above[i, j]
        candidate = np.argsort(-above.sum(axis=1), kind="stable").tolist()
        order = min(order, candidate, key=lambda o: float(np.triu(costs[np.ix_(o, o)], 1).sum()))
    cost = float(np.triu(costs[np.ix_(order, order)], 1).sum())
    return order, max(0.0, min(bound, cost)), bool(found.status == 0 and cost <= bound + 1e-6 * (1 + cost))
