"""Finite menus: the relation's rows of bits decide the axioms without mixtures, at thousands of lotteries.

Axioms with mixtures speak of all α for each triple of the menu: the triples are gone through, α by its break points, if
they are few.
"""

from __future__ import annotations

import time
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import product

import networkx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from prefcore import kernel, menus
from prefcore.axioms import ACYCLIC, DOMINANCE, EXISTENTIAL, NEEDS
from prefcore.claims import Axiom, Menu
from prefcore.dominances import violation
from prefcore.evidence import Counterexample, Cycle, Evidence
from prefcore.formula import Formula, Quotient, feature_values
from prefcore.records import EvidenceRejected
from prefcore.search import grid
from prefcore.search.hulls import Mixed
from prefcore.search.semilinear import Deadline
from prefcore.segments import line, truths
from prefcore.stochastic import Enumerated
from prefcore.tracing import fits

LARGEST = 20_000  # lotteries whose rows of bits are made
ONE_BY_ONE = 1_000  # lotteries where each pair is evaluated by itself
SAMPLE = 200  # lotteries whose pairs are compared to see how long all will take
TRIPLES = 30_000  # of lotteries, each with all its α
CYCLES = {2: 12, 3: 8, 4: 6}  # denominators among which cycles are looked for, by the number of outcomes
ALPHAS = (Fraction(1, 2), Fraction(1, 4), Fraction(9, 10))


def find(claim: Axiom, formula: Formula, menu: Menu, deadline: Deadline) -> tuple[Evidence | None, str]:
    """Evidence for or against an axiom on a menu; without any, why not."""
    count = len(menu.lotteries)
    slow = any(isinstance(node, Quotient) for node in formula.nodes)
    if count > (ONE_BY_ONE if slow else LARGEST):
        return None, f"a menu of {count} lotteries has {count**2} pairs, too many to compare"
    if claim.axiom in EXISTENTIAL or NEEDS.get(claim.axiom, (0, False))[1]:
        return _mixing(claim, formula, menu, deadline)
    if claim.axiom in DOMINANCE:
        assert claim.value is not None
        fits(len(formula.features) + len(set(claim.value)), menu.outcomes)
        formula = violation(formula, claim.axiom, claim.value)
    values = _values(formula, menu)
    if count > SAMPLE:
        start = time.monotonic()
        menus.rows_of(formula, values[:SAMPLE])
        seconds = 2 * (time.monotonic() - start) * (count / SAMPLE) ** 2  # the kernel compares them all once more
        if seconds > 2 * deadline.left:
            return None, f"to compare {count**2} pairs would take about {seconds:.0f} s, beyond the budget"
    rows = menus.rows_of(formula, values)
    if claim.axiom in DOMINANCE:
        pair = next(((i, row.bit_length() - 1) for i, row in enumerate(rows) if row), None)
        return (Enumerated() if pair is None else _of(menu, pair)), ""
    found = menus.violation(claim.axiom, rows)
    if found is None:
        return Enumerated(), ""
    if claim.axiom == ACYCLIC:
        return Cycle(tuple(menu.lotteries[i] for i in found)), ""
    return _of(menu, found), ""


def _values(formula: Formula, menu: Menu) -> list[list[Fraction]]:
    index = {o: i for i, o in enumerate(menu.outcomes)}
    return [feature_values(formula, [(index[o], p) for o, p in x.items()]) for x in menu.lotteries]


def _of(menu: Menu, members: tuple[int, ...], alpha: Fraction | None = None) -> Counterexample:
    A, B, C = [*(menu.lotteries[i] for i in members), None, None][:3]
    assert A is not None
    return Counterexample(A, B, C, alpha)


def _mixing(claim: Axiom, formula: Formula, menu: Menu, deadline: Deadline) -> tuple[Evidence | None, str]:
    """The triples one after the other, each at the α where an atom of the mixtures changes, and between."""
    count = NEEDS[claim.axiom][0]
    values = _values(formula, menu)
    tried = 0
    for members in product(range(len(values)), repeat=count):
        if tried >= TRIPLES or not deadline.left:
            return None, f"{tried} of the menu's {len(values) ** count} tuples of {count} lotteries were tried"
        tried += 1
        chosen = [values[i] for i in members]
        alphas: list[Fraction | None] = [None]
        if claim.axiom not in EXISTENTIAL:
            first, second = line(chosen[-1], chosen[0]), line(chosen[-1], chosen[1])
            try:
                starts = sorted({s for pair in ((first, second), (second, first)) for s, _ in truths(formula, *pair)})
            except EvidenceRejected:  # not piecewise linear
                starts = [Fraction(0), *ALPHAS]
            alphas = [a for s, e in zip(starts, [*starts[1:], Fraction(1)], strict=True) for a in (s, (s + e) / 2) if a]
        for alpha in alphas:
            found = _of(menu, members, alpha)
            try:
                kernel.check(claim, found)
            except EvidenceRejected:
                continue
            return found, ""
    return Enumerated(), ""


def classes(formula: Formula, menu: Menu) -> list[list[int]]:
    """The condensation of the relation on a menu: lotteries that chains of ≼ join in both ways, from low to high.

    A class never comes after one that is reached from it. Raises ``ValueError`` for more than LARGEST lotteries.
    """
    if len(menu.lotteries) > LARGEST:
        raise ValueError(f"a menu of {len(menu.lotteries)} lotteries has too many pairs to compare")
    rows = menus.rows_of(formula, _values(formula, menu))
    n = len(rows)
    packed = np.frombuffer(b"".join(row.to_bytes(-(-n // 8), "little") for row in rows), dtype=np.uint8).reshape(n, -1)
    matrix = np.unpackbits(packed, axis=1, count=n, bitorder="little").astype(bool)
    count, label = connected_components(csr_array(matrix), directed=True, connection="strong")
    members: list[list[int]] = [[] for _ in range(count)]
    for i, c in enumerate(label):
        members[c].append(i)
    graph = np.zeros((count, count), dtype=bool)
    for c, of in enumerate(members):
        graph[c, label[np.logical_or.reduce(matrix[of], axis=0)]] = True
    np.fill_diagonal(graph, False)
    below = graph.sum(axis=0)  # how many classes lie directly below each
    ready = [(members[c][0], c) for c in range(count) if not below[c]]
    heapify(ready)
    order: list[list[int]] = []
    while ready:
        _, c = heappop(ready)
        order.append(members[c])
        below -= graph[c]
        for d in np.flatnonzero(graph[c] & (below == 0)):
            heappush(ready, (members[d][0], int(d)))
    return order


def shortest_cycle_on_grid(formula: Formula) -> list[Mixed] | None:
    """The shortest cycle of strict preferences among simple lotteries over a formula's few outcomes."""
    slow = any(isinstance(node, Quotient) for node in formula.nodes)
    finest = 3 if slow else CYCLES.get(formula.outcomes, 3)
    points = [tuple(x.items()) for x in grid.lotteries(range(formula.outcomes), finest)]
    strict = menus.strict(menus.rows_of(formula, [feature_values(formula, x) for x in points]))
    if menus.cycle(strict) is None:
        return None
    graph = networkx.DiGraph((i, j) for i, row in enumerate(strict) for j in range(len(points)) if row >> j & 1)
    for length in range(2, len(points) + 1):
        found = next(networkx.simple_cycles(graph, length_bound=length), None)
        if found is not None:
            return [points[i] for i in found]
    return None
