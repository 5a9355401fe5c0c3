"""Likelihoods under stochastic transitivity against convex programs over all rankings, and known cases."""

from __future__ import annotations

from itertools import combinations, permutations, product
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from solvers.rewards.pairwise import linear_order
from solvers.rewards.pairwise.linear_order import best_order
from solvers.rewards.pairwise.stochastic_orders import StochasticOrder, stochastic_transitivity
from solvers.rewards.pairwise.strengths import bradley_terry

KINDS = ("weak", "moderate", "strong")
CYCLE = [[0, 9, 1], [1, 0, 9], [9, 1, 0]]


def random_counts(generator: np.random.Generator, size: int, mean: float = 5.0) -> np.ndarray[Any, Any]:
    return generator.poisson(mean, (size, size)) * (1 - np.eye(size))


def convex_maximum(counts: Any, order: tuple[int, ...], arcs: list[tuple[Any, Any]]) -> float:
    """The largest log-likelihood with p >= 1/2 for each pair in this order and p[a] >= p[b], by Clarabel."""
    pairs = list(combinations(order, 2))
    p = {pair: cp.Variable() for pair in pairs}
    terms = []
    for i, j in pairs:
        if counts[i][j]:
            terms.append(counts[i][j] * cp.log(p[i, j]))
        if counts[j][i]:
            terms.append(counts[j][i] * cp.log(1 - p[i, j]))
    limits = [x >= 0.5 for x in p.values()] + [x <= 1 for x in p.values()] + [p[a] >= p[b] for a, b in arcs]
    problem = cp.Problem(cp.Maximize(cp.sum(cp.hstack(terms))), limits)
    problem.solve(solver=cp.CLARABEL)
    return float(problem.value)


def by_enumeration(counts: Any, kind: str) -> float:
    """The maximum over all rankings and, for the moderate kind, over all choices of a side for each triple."""
    best = -np.inf
    for order in permutations(range(len(counts))):
        triples = list(combinations(order, 3))
        first = [((i, k), (i, j)) for i, j, k in triples]
        second = [((i, k), (j, k)) for i, j, k in triples]
        if kind == "weak":
            choices: list[list[Any]] = [[]]
        elif kind == "strong":
            choices = [first + second]
        else:
            choices = [list(choice) for choice in product(*zip(first, second, strict=True))]
        best = max(best, *(convex_maximum(counts, order, arcs) for arcs in choices))
    return best


def is_transitive(p: Any, kind: str) -> bool:
    """For all triples whose premises hold clearly."""
    threshold = {"weak": lambda a, b: 0.5, "moderate": min, "strong": max}[kind]
    return all(
        p[i][k] >= threshold(p[i][j], p[j][k]) - 1e-7
        for i, j, k in permutations(range(len(p)), 3)
        if p[i][j] > 0.5 + 1e-7 and p[j][k] > 0.5 + 1e-7
    )


def log_likelihood(counts: Any, p: Any) -> float:
    return sum(float(n) * float(np.log(p[i][j])) for (i, j), n in np.ndenumerate(counts) if n)


@pytest.mark.parametrize("kind", KINDS)
def test_the_maximum_is_that_of_convex_programs_over_all_rankings(kind: str) -> None:
    generator = np.random.default_rng(1)
    sizes = (3, 3, 3) if kind == "moderate" else (3, 4)
    for size in sizes:
        counts = random_counts(generator, size)
        found = stochastic_transitivity(counts, kind)
        assert found.exact and found.upper_bound == found.log_likelihood
        assert found.log_likelihood == pytest.approx(by_enumeration(counts, kind), abs=2e-5)


@pytest.mark.parametrize(
    "counts",
    [
        [[0, 3, 7, 1], [4, 0, 5, 4], [2, 6, 0, 7], [5, 2, 4, 0]],
        [[0, 3, 6, 2], [6, 0, 6, 8], [6, 4, 0, 2], [0, 7, 4, 0]],
    ],
)
def test_the_search_finds_what_moving_single_items_does_not(counts: Any) -> None:
    found = stochastic_transitivity(counts, "strong")
    assert found.exact and found.log_likelihood == pytest.approx(by_enumeration(counts, "strong"), abs=2e-5)


@pytest.mark.parametrize("seed", [0, 1])
def test_pairs_that_were_never_compared_cost_nothing(seed: int) -> None:
    counts = random_counts(np.random.default_rng(seed), 4, 3.0)
    counts[0, 2] = counts[2, 0] = counts[1, 3] = counts[3, 1] = 0
    counts[0, 1] += 9
    counts[3, 0] += 9
    found = stochastic_transitivity(counts, "strong")
    assert found.exact and found.log_likelihood == pytest.approx(by_enumeration(counts, "strong"), abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.8, 4.0])
def test_the_moderate_maximum_of_four_items(mean: float) -> None:
    counts = random_counts(np.random.default_rng(2), 4, mean)
    counts[0, 1] += 1
    found = stochastic_transitivity(counts, "moderate")
    assert found.exact and found.log_likelihood == pytest.approx(by_enumeration(counts, "moderate"), abs=2e-5)


@pytest.mark.slow
def test_the_strong_maximum_of_five_items_some_never_compared() -> None:
    generator = np.random.default_rng(3)
    counts = random_counts(generator, 5, 3.0)
    for i, j in ((0, 3), (1, 4), (2, 3)):
        counts[i, j] = counts[j, i] = 0
    found = stochastic_transitivity(counts, "strong")
    assert found.exact and found.log_likelihood == pytest.approx(by_enumeration(counts, "strong"), abs=2e-5)


@pytest.mark.parametrize("seed", range(6))
def test_the_chances_returned_are_transitive_and_attain_the_likelihood(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size = int(generator.integers(3, 7))
    counts = random_counts(generator, size, 6.0) + 1 - np.eye(size)
    values = [bradley_terry(counts).log_likelihood]
    for kind in reversed(KINDS):
        found = stochastic_transitivity(counts, kind)
        assert is_transitive(found.probabilities, kind)
        np.testing.assert_allclose(found.probabilities + found.probabilities.T, 1, atol=1e-12)
        assert (found.probabilities[np.ix_(found.order, found.order)][np.triu_indices(size, 1)] >= 0.5).all()
        assert found.log_likelihood == pytest.approx(log_likelihood(counts, found.probabilities), abs=1e-8)
        assert found.statistic == pytest.approx(2 * (found.saturated_log_likelihood - found.log_likelihood), abs=1e-8)
        values.append(found.log_likelihood)
    # Bradley–Terry chances are strongly transitive, strong ones moderately, moderate ones weakly.
    assert all(a <= b + 1e-8 for a, b in zip(values, [*values[1:], found.saturated_log_likelihood], strict=True))


def test_transitive_frequencies_cost_nothing() -> None:
    s = np.array([2.0, 1.0, 0.0, -1.0, -1.5])
    counts = 40 / (1 + np.exp(s[None, :] - s[:, None])) * (1 - np.eye(5))
    for kind in KINDS:
        found = stochastic_transitivity(counts, kind)
        assert found.exact and found.order == (0, 1, 2, 3, 4) and found.statistic == pytest.approx(0, abs=1e-9)


def test_a_cycle_costs_one_pair_weakly_and_two_pairs_strongly() -> None:
    """Nine to one in a circle: the reversed pair goes to 1/2, and another with it, as no chance between exceeds it."""
    one = 2 * (9 * np.log(0.9 / 0.5) + np.log(0.1 / 0.5))
    for kind, pairs in (("weak", 1), ("moderate", 2), ("strong", 2)):
        assert stochastic_transitivity(CYCLE, kind).statistic == pytest.approx(pairs * one)


def test_the_bootstrap_rejects_a_cycle_and_not_an_order() -> None:
    generator = np.random.default_rng(4)
    for kind in KINDS:
        cycle = stochastic_transitivity(np.array(CYCLE) * 3, kind, generator, 99)
        assert cycle.p_value == 0.01 and cycle.repetitions == 99
    ordered = stochastic_transitivity([[0, 6, 8], [4, 0, 6], [2, 4, 0]], "strong", generator)
    assert ordered.p_value == 1.0 and ordered.repetitions == 199
    assert stochastic_transitivity(CYCLE).p_value is None


def test_the_bootstrap_holds_its_level_where_chances_are_apart() -> None:
    generator = np.random.default_rng(5)
    p = np.array([[0.5, 0.55, 0.6], [0.45, 0.5, 0.55], [0.4, 0.45, 0.5]])
    small = 0
    for _ in range(100):
        wins = np.triu(generator.binomial(20, p), 1)
        found = stochastic_transitivity(wins + np.tril(20 - wins.T, -1), "weak", generator, 39)
        small += found.p_value is not None and found.p_value <= 0.1
    assert small <= 20  # a level of 0.1 would give more with a chance below 0.001


def test_eight_items_take_seconds() -> None:
    counts = random_counts(np.random.default_rng(6), 8, 6.0)
    found = {kind: stochastic_transitivity(counts, kind) for kind in ("weak", "strong")}
    assert all(x.exact for x in found.values())


def test_beyond_the_search_there_are_bounds_named_so() -> None:
    counts = random_counts(np.random.default_rng(7), 13, 6.0)
    for kind in ("moderate", "strong"):
        found: StochasticOrder = stochastic_transitivity(counts, kind)
        assert not found.exact and found.log_likelihood < found.upper_bound <= found.saturated_log_likelihood
        assert is_transitive(found.probabilities, kind)
    early = stochastic_transitivity(counts[:8, :8], "strong", limit=10)
    full = stochastic_transitivity(counts[:8, :8], "strong")
    assert not early.exact and full.exact
    assert early.log_likelihood <= full.log_likelihood + 1e-9 and full.log_likelihood <= early.upper_bound + 1e-9


# -- the linear ordering problem ------------------------------------------------------------------------------------


def cost_of(costs: Any, order: Any) -> float:
    return float(np.triu(costs[np.ix_(order, order)], 1).sum())


def one_sided(generator: np.random.Generator, size: int) -> np.ndarray[Any, Any]:
    costs = generator.integers(0, 20, (size, size)).astype(float)
    return np.maximum(costs - costs.T, 0)


@pytest.mark.parametrize("method", ["table", "programme"])
def test_orders_are_the_cheapest_of_all(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    if method == "programme":
        monkeypatch.setattr(linear_order, "TABLE", 1)
    generator = np.random.default_rng(8)
    for _ in range(12):
        costs = one_sided(generator, 6)
        order, bound, proved = best_order(costs, 60.0)
        least = min(cost_of(costs, list(tried)) for tried in permutations(range(6)))
        assert proved and sorted(order) == list(range(6))
        assert cost_of(costs, order) == pytest.approx(least) and bound == pytest.approx(least)


def test_table_and_programme_agree_on_larger_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(9)
    costs = one_sided(generator, 14)
    table = best_order(costs, 60.0)
    monkeypatch.setattr(linear_order, "TABLE", 1)
    programme = best_order(costs, 60.0)
    assert table[2] and programme[2] and table[1] == pytest.approx(programme[1])
    monkeypatch.setattr(linear_order, "PROGRAM", 1)
    order, bound, proved = best_order(costs, 60.0)
    assert not proved and bound <= table[1] <= cost_of(costs, order)


# -- errors ---------------------------------------------------------------------------------------------------------


def test_errors_at_the_door() -> None:
    with pytest.raises(ValueError, match="kind"):
        stochastic_transitivity(CYCLE, "medium")
    with pytest.raises(ValueError, match="generator"):
        stochastic_transitivity(CYCLE, bootstrap=10)
    with pytest.raises(ValueError, match="whole"):
        stochastic_transitivity([[0, 1.5], [1, 0]], generator=np.random.default_rng(0))
    with pytest.raises(ValueError, match="40 items"):
        stochastic_transitivity(np.ones((41, 41)) - np.eye(41), "strong")
    with pytest.raises(ValueError, match="all zero"):
        stochastic_transitivity(np.zeros((3, 3)))
