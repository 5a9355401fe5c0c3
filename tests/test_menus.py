"""Finite menus: the rows of bits are the relation, and what is read off them is true."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_oracle import Point, holds

from prefcore import arrays, menus
from prefcore import formula as fm
from prefcore.formula import Formula, feature_values

ONE = Fraction(1)
Rows = list[int]


def lotteries(rng: Random, count: int, outcomes: int, finest: int = 6) -> list[Point]:
    """Random lotteries, some of them equal, with small denominators."""
    found: list[Point] = []
    while len(found) < count:
        weights = [rng.randint(0, finest) for _ in range(outcomes)]
        if any(weights):
            found.append(tuple(Fraction(w, sum(weights)) for w in weights))
    return found


def rows_by_hand(formula: Formula, points: list[Point]) -> Rows:
    return [sum(2**j for j, y in enumerate(points) if holds(formula, x, y)) for x in points]


def rows(formula: Formula, points: list[Point]) -> Rows:
    return menus.rows_of(formula, [feature_values(formula, enumerate(p)) for p in points])


def everything(scale: int, constant: Fraction) -> Formula:
    """A formula with nodes of every kind that arrays know; `scale` multiplies a payoff, `constant` is added."""
    nodes: tuple[fm.Node, ...] = (
        fm.Feature(0, 0),
        fm.Feature(1, 0),
        fm.Feature(0, 1),
        fm.Feature(1, 1),
        fm.Affine(constant, ((Fraction(-1, 3), 0), (Fraction(2, 7), 1))),
        fm.Product(0, 3),
        fm.Product(1, 2),
        fm.Affine(Fraction(0), ((ONE, 6), (-ONE, 5))),
        fm.Max((4, 7, 2)),
        fm.Min((4, 3)),
        fm.Atom(">", 7),
        fm.If(10, 8, 9),
        fm.Atom(">=", 11),
        fm.Atom("=", 4),
        fm.Not(13),
        fm.And((12, 14)),
        fm.Atom(">=", 7),
        fm.Or((15, 16)),
        fm.And(()),
        fm.And((17, 18)),
    )
    return Formula(4, ((0, scale, 2 * scale, 5 * scale), (3, 0, 1, 1)), nodes)


@pytest.mark.parametrize("count", [1, 2, 40, 41, 65, 130])
@pytest.mark.parametrize(
    ("scale", "constant"), [(1, Fraction(1, 5)), (10**300, Fraction(10**300, 7))], ids=["1", "big"]
)
def test_rows_are_the_relation_however_many_and_large(count: int, scale: int, constant: Fraction) -> None:
    formula = everything(scale, constant)
    points = lotteries(Random(count), count, 4)
    some = rows(formula, points)
    assert some == rows_by_hand(formula, points)
    assert count < 39 or 0 < sum(row.bit_count() for row in some) < count**2


@pytest.mark.parametrize("bits", range(25, 68, 3))
def test_values_around_the_word_size_do_not_overflow(bits: int) -> None:
    """Differences of products of payoffs as large as 2^bits: a 64-bit product wraps round from 2^32 on."""
    big = 2**bits
    vectors = ((0, big, big + 1), (big - 1, 0, big))
    nodes: tuple[fm.Node, ...] = (
        fm.Feature(0, 0),
        fm.Feature(1, 0),
        fm.Feature(0, 1),
        fm.Feature(1, 1),
        fm.Product(0, 3),
        fm.Product(1, 2),
        fm.Affine(Fraction(1), ((ONE, 5), (-ONE, 4))),
        fm.Atom(">=", 6),
    )
    formula = Formula(3, vectors, nodes)
    points = lotteries(Random(bits), 45, 3)
    assert rows(formula, points) == rows_by_hand(formula, points)


@pytest.mark.parametrize("weight", [2**61, 2**62 - 1, 2**62, 2**63, 2**64, 10**30])
@pytest.mark.parametrize("vector", [(0, 0, 0), (0, 0, 1), (-1, 0, 1)])
def test_large_weights_of_small_payoffs(weight: int, vector: tuple[int, ...]) -> None:
    nodes: tuple[fm.Node, ...] = (
        fm.Feature(0, 0),
        fm.Feature(1, 0),
        fm.Affine(Fraction(-1, 2), ((Fraction(weight), 0), (Fraction(-weight, 3), 1))),
        fm.Atom(">=", 2),
    )
    formula = Formula(3, (vector,), nodes)
    points = lotteries(Random(weight % 97), 41, 3, 2)
    try:
        found = rows(formula, points)
    except OverflowError:  # nothing is answered, and the kernel rejects
        assert not any(vector)
        return
    assert found == rows_by_hand(formula, points)


@pytest.mark.parametrize("block", [1, 41, 100, 1000])
def test_blocks_fit_together(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK", block)
    formula = everything(3, Fraction(1, 5))
    points = lotteries(Random(block), 53, 4)
    assert rows(formula, points) == rows_by_hand(formula, points)


def test_quotients_and_relations_that_read_nothing() -> None:
    quotient = (
        fm.Feature(0, 0),
        fm.Feature(1, 0),
        fm.Affine(ONE, ((ONE, 0),)),
        fm.Affine(Fraction(2), ((ONE, 1),)),
        fm.Quotient(2, 3),
        fm.Affine(Fraction(-1, 2), ((ONE, 4),)),
        fm.Atom(">=", 5),
    )
    formula = Formula(3, ((0, 1, 3),), quotient)
    points = lotteries(Random(5), 45, 3)
    assert rows(formula, points) == rows_by_hand(formula, points)
    always, never = Formula(3, (), (fm.And(()),)), Formula(3, (), (fm.Or(()),))
    assert rows(always, points) == [2**45 - 1] * 45 and rows(never, points) == [0] * 45


def test_one_side_only_is_spread_over_the_other() -> None:
    for side in (0, 1):
        formula = Formula(3, ((0, 1, 3),), (fm.Feature(side, 0), fm.Affine(-ONE, ((ONE, 0),)), fm.Atom(">", 1)))
        points = lotteries(Random(side), 50, 3)
        assert rows(formula, points) == rows_by_hand(formula, points)


# -- what the rows show ------------------------------------------------------------------------------------------------


@st.composite
def relations(draw: st.DrawFn) -> Rows:
    """Rows of bits: arbitrary, or transitively closed and then perhaps spoilt in a place or two."""
    n = draw(st.integers(1, 7))
    found = [draw(st.integers(0, 2**n - 1)) for _ in range(n)]
    if draw(st.booleans()):
        for k, i in product(range(n), repeat=2):
            if found[i] >> k & 1:
                found[i] |= found[k]
        for _ in range(draw(st.integers(0, 2))):
            found[draw(st.integers(0, n - 1))] ^= 1 << draw(st.integers(0, n - 1))
    return found


def bit(relation: Rows, i: int, j: int) -> bool:
    return bool(relation[i] >> j & 1)


def strictly(relation: Rows, i: int, j: int) -> bool:
    return bit(relation, i, j) and not bit(relation, j, i)


BROKEN: dict[str, tuple[int, Callable[..., bool]]] = {
    "reflexive": (1, lambda r, i: not bit(r, i, i)),
    "total": (2, lambda r, i, j: not bit(r, i, j) and not bit(r, j, i)),
    "transitive": (3, lambda r, i, j, k: bit(r, i, j) and bit(r, j, k) and not bit(r, i, k)),
    "quasi_transitive": (3, lambda r, i, j, k: strictly(r, i, j) and strictly(r, j, k) and not strictly(r, i, k)),
    "negatively_transitive": (
        3,
        lambda r, i, j, k: strictly(r, i, k) and not strictly(r, i, j) and not strictly(r, j, k),
    ),
}


@given(relations())
@settings(max_examples=200, deadline=None)
def test_a_violation_is_found_exactly_if_there_is_one(relation: Rows) -> None:
    n = range(len(relation))
    for axiom, (count, broken) in BROKEN.items():
        found = menus.violation(axiom, relation)
        expected = any(broken(relation, *chosen) for chosen in product(n, repeat=count))
        assert (found is not None) is expected, axiom
        assert found is None or broken(relation, *found), axiom
    found = menus.violation("preorder", relation)
    one, three = BROKEN["reflexive"][1], BROKEN["transitive"][1]
    assert (found is None) is all(menus.violation(a, relation) is None for a in ("reflexive", "transitive"))
    assert found is None or (one(relation, *found) if len(found) == 1 else three(relation, *found))


@given(relations())
@settings(max_examples=300, deadline=None)
def test_a_cycle_is_one_and_networkx_agrees(relation: Rows) -> None:
    n = range(len(relation))
    for edges, found in (
        ({(i, j) for i, j in product(n, n) if bit(relation, i, j)}, menus.cycle(relation)),
        ({(i, j) for i, j in product(n, n) if strictly(relation, i, j)}, menus.violation("acyclic", relation)),
    ):
        graph: Any = nx.DiGraph(list(edges))
        assert (found is None) is nx.is_directed_acyclic_graph(graph)
        if found is not None:
            assert len(set(found)) == len(found)
            assert all(pair in edges for pair in zip(found, (*found[1:], found[0]), strict=True))


@given(relations())
@settings(max_examples=100, deadline=None)
def test_converse_strict_part_and_complement(relation: Rows) -> None:
    n = range(len(relation))
    for i, j in product(n, n):
        assert bit(menus.columns(relation), i, j) is bit(relation, j, i)
        assert bit(menus.strict(relation), i, j) is strictly(relation, i, j)
        assert bit(menus.complement(relation), i, j) is not bit(relation, i, j)
    assert all(0 <= row < 2 ** len(relation) for row in menus.complement(relation))


@pytest.mark.parametrize("seed", range(12))
def test_one_missing_pair_in_a_large_order_is_found(seed: int) -> None:
    """Weak orders of many, in which the shortcut skips nearly all, and the same with one pair taken away or added."""
    rng = Random(seed)
    n = rng.randint(41, 130)
    rank = [rng.randrange(rng.choice((3, n))) for _ in range(n)]
    order = [sum(2**j for j in range(n) if rank[i] <= rank[j]) for i in range(n)]
    assert menus.intransitive(order) is None
    for _ in range(25):
        i, j = rng.randrange(n), rng.randrange(n)
        spoilt = list(order)
        spoilt[i] ^= 1 << j
        graph: Any = nx.DiGraph([(x, y) for x, y in product(range(n), repeat=2) if bit(spoilt, x, y)])
        expected = any(
            bit(spoilt, i, y) and not bit(spoilt, i, z) for x, y in ((i, k) for k in graph[i]) for z in graph[y]
        ) or any(bit(spoilt, x, i) and bit(spoilt, i, z) and not bit(spoilt, x, z) for x in range(n) for z in graph[i])
        found = menus.intransitive(spoilt)
        assert (found is not None) is expected
        assert found is None or BROKEN["transitive"][1](spoilt, *found)


def test_a_long_path_costs_no_stack_and_has_no_cycle() -> None:
    n = 3000
    path = [1 << (i + 1) if i + 1 < n else 0 for i in range(n)]
    assert menus.cycle(path) is None
    path[-1] = 1
    found = menus.cycle(path)
    assert found is not None and len(found) == n


def test_the_smallest_menus() -> None:
    for axiom in (*BROKEN, "preorder", "acyclic"):
        assert menus.violation(axiom, [1]) is None
        assert menus.violation(axiom, []) is None
    assert menus.violation("reflexive", [0]) == (0,)
    assert menus.violation("total", [0]) == (0, 0)
    assert menus.violation("acyclic", [2, 1]) is None, "indifference is no strict preference"
