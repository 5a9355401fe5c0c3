"""Counts of comparisons: what is read, what is an error at the door, and cycles of majorities."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from solvers.rewards.pairwise.strengths import bradley_terry
from solvers.rewards.pairwise.win_counts import comparison_counts, majority_cycle, read_counts

COUNTS = [[0, 7, 9], [6, 0, 5], [2, 8, 0]]


def test_lists_arrays_sparse_matrices_and_fractions_are_read_alike() -> None:
    found = bradley_terry(COUNTS)
    exact = [[Fraction(x) for x in row] for row in COUNTS]
    for same in (np.array(COUNTS), np.array(COUNTS, dtype=float), csr_array(np.array(COUNTS)), exact):
        np.testing.assert_array_equal(bradley_terry(same).scores, found.scores)
    ties = np.array([[0, 2, 0], [2, 0, 1], [0, 1, 0]])
    dense, sparse = bradley_terry(COUNTS, ties=ties), bradley_terry(csr_array(np.array(COUNTS)), ties=csr_array(ties))
    np.testing.assert_array_equal(dense.scores, sparse.scores)


# -- errors at the door ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([], "empty"),
        (np.zeros((0, 0)), "empty"),
        ([[0]], "single item"),
        ([[0, 1, 2], [1, 0, 2]], "square"),
        ([1, 2, 3], "square"),
        ([[0, -1], [1, 0]], "zero or more"),
        ([[0, float("nan")], [1, 0]], "finite"),
        ([[0, float("inf")], [1, 0]], "finite"),
        ([[0, 1], [1, 2]], "with itself"),
        ([[0, 0], [0, 0]], "all zero"),
    ],
)
def test_wrong_counts_are_errors(counts: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bradley_terry(counts)
    if np.ndim(counts) == 2 and np.size(counts):
        with pytest.raises(ValueError, match=words):
            bradley_terry(csr_array(np.array(counts, dtype=float)))


@pytest.mark.parametrize("counts", [[["0", "1"], ["1", "0"]], [[0, 1j], [1, 0]]])
def test_what_is_no_number_is_an_error(counts: Any) -> None:
    with pytest.raises(TypeError, match="real numbers"):
        bradley_terry(counts)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ties": [[0, 1], [2, 0]]}, "symmetric"),
        ({"ties": [[0, 1, 0], [1, 0, 0], [0, 0, 0]]}, "shape"),
        ({"ties": [[1, 0], [0, 0]]}, "with itself"),
        ({"ties": [[0, 1], [1, 0]], "model": "probit"}, "tie_model"),
        ({"tie_model": "thirds"}, "tie_model"),
        ({"model": "linear"}, "model"),
        ({"regularisation": -1}, "regularisation"),
        ({"regularisation": float("nan")}, "regularisation"),
        ({"tolerance": 0}, "tolerance"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"bootstrap": 10}, "generator"),
        ({"items": ["only one"]}, "items"),
    ],
)
def test_wrong_arguments_are_errors(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bradley_terry([[0, 1], [1, 0]], **arguments)


def test_positions_out_of_range_and_too_many_items_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    found = bradley_terry(COUNTS)
    with pytest.raises(ValueError, match="from 0 to 2"):
        found.standard_errors_of([3])
    monkeypatch.setattr("solvers.rewards.pairwise.strengths.LARGEST", 2)
    with pytest.raises(ValueError, match="standard_errors_of"):
        assert len(bradley_terry(COUNTS).standard_errors) == 3


def test_too_few_iterations_are_told() -> None:
    found = bradley_terry(COUNTS, max_iterations=1)
    assert not found.converged and "max_iterations" in str(found.diagnosis)


# -- records --------------------------------------------------------------------------------------------------------


def test_records_are_counted() -> None:
    records = [("naïve", "日本"), ("日本", "ø"), ("naïve", "日本"), ["ø", "naïve"]]
    items, counts = comparison_counts(iter(records))
    assert items == ("naïve", "日本", "ø")
    np.testing.assert_array_equal(counts.toarray(), [[0, 2, 0], [0, 0, 1], [1, 0, 0]])
    _, weighted = comparison_counts(records, [0.5, 1, 2, 3])
    np.testing.assert_array_equal(weighted.toarray(), [[0, 2.5, 0], [0, 0, 1], [3, 0, 0]])
    assert bradley_terry(counts, items=items).converged


@pytest.mark.parametrize(
    ("records", "weights", "words"),
    [
        ([], None, "empty"),
        ([("a", "b"), ("c", "c")], None, "record 2 compares 'c' with itself"),
        ([("a", "b"), "ab"], None, "record 2 must be a pair"),
        ([("a", "b", "c")], None, "record 1 must be a pair"),
        ([("a", "b"), ("b", "a")], [1, 0], "record 2 has weight 0"),
        ([("a", "b")], [-1], "positive"),
        ([("a", "b")], [float("nan")], "positive"),
        ([("a", "b")], [1, 2], "more weights than the 1 records"),
        ([("a", "b"), ("b", "a")], [1], "more records than the 1 weights"),
    ],
)
def test_wrong_records_are_errors(records: Any, weights: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        comparison_counts(records, weights)


def test_records_are_numbered_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solvers.rewards.pairwise.win_counts.CHUNK", 3)
    good: list[Any] = [("a", "b"), ["b", "c"], ("c", "a"), ("a", "b"), ("b", "d")]
    items, counts = comparison_counts(iter(good))
    assert items == ("a", "b", "c", "d") and counts.sum() == 5 and counts[0, 1] == 2
    with pytest.raises(ValueError, match="record 6 compares 'd' with itself"):
        comparison_counts(iter([*good, ("d", "d"), ("a", "b")]))


def test_majority_cycles_are_found_where_brute_force_finds_them() -> None:
    generator = np.random.default_rng(15)
    seen = set()
    for _ in range(80):
        size = int(generator.integers(3, 6))
        counts = generator.poisson(0.8, (size, size)) * (1 - np.eye(size))
        if not counts.any():
            continue
        beats = counts > counts.T
        reach = beats.copy()
        for k in range(size):
            reach |= reach[:, [k]] & reach[[k], :]
        cycle = majority_cycle(read_counts(counts))
        seen.add(bool(cycle))
        assert bool(cycle) == bool(reach.diagonal().any())
        assert all(beats[a, b] for a, b in zip(cycle, cycle[1:] + cycle[:1], strict=True))
    assert seen == {True, False}
