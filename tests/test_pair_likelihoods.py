"""Likelihoods of paired comparisons: derivatives against finite differences, and their numbers at the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solvers.rewards.pairwise.pair_likelihoods import LIKELIHOODS, chances, evaluate, saturated
from solvers.rewards.pairwise.win_counts import read_counts

KINDS = ("logit", "probit", "davidson", "rao-kupper")


def random_counts(generator: np.random.Generator, size: int) -> np.ndarray[Any, Any]:
    return generator.poisson(4, (size, size)) * (1 - np.eye(size))


def random_ties(generator: np.random.Generator, size: int) -> np.ndarray[Any, Any]:
    upper = np.triu(generator.poisson(2, (size, size)), 1).astype(float)
    return upper + upper.T


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_are_those_of_finite_differences(kind: str) -> None:
    generator = np.random.default_rng(4)
    counts = read_counts(random_counts(generator, 5) + 1 - np.eye(5), random_ties(generator, 5) + 1 - np.eye(5))
    if kind in ("logit", "probit"):
        counts = read_counts(random_counts(generator, 5) + 1 - np.eye(5))
    likelihood = LIKELIHOODS[kind]
    x, tie, h = generator.normal(size=len(counts.i)) * 2, 0.6, 1e-5
    at = likelihood(counts, x, tie)
    for k in range(len(x)):
        step = np.eye(len(x))[k] * h
        above, below = likelihood(counts, x + step, tie), likelihood(counts, x - step, tie)
        assert at.by_x[k] == pytest.approx((above.value - below.value) / (2 * h), abs=1e-6)
        assert at.curvature[k] == pytest.approx(-(above.by_x[k] - below.by_x[k]) / (2 * h), abs=1e-6)
    above, below = likelihood(counts, x, tie + h), likelihood(counts, x, tie - h)
    if at.mixed is not None:
        assert at.by_tie == pytest.approx((above.value - below.value) / (2 * h), abs=1e-6)
        assert at.tie_curvature == pytest.approx(-(above.by_tie - below.by_tie) / (2 * h), abs=1e-5)
        np.testing.assert_allclose(at.mixed, -(above.by_x - below.by_x) / (2 * h), atol=1e-6)
    parts = chances(kind, x, tie)
    np.testing.assert_allclose(sum(parts), 1, atol=1e-14)
    logs = [np.log(part) for part, k in zip(parts, (counts.wins, counts.losses, counts.ties), strict=True) if k.any()]
    weights = [k for k in (counts.wins, counts.losses, counts.ties) if k.any()]
    assert at.value == pytest.approx(sum(float(k @ log) for k, log in zip(weights, logs, strict=True)), abs=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_extreme_differences_give_finite_derivatives(kind: str) -> None:
    counts = read_counts([[0, 3], [2, 0]], [[0, 1], [1, 0]] if kind in ("davidson", "rao-kupper") else None)
    for x in (-30.0, 30.0, -700.0, 700.0):
        at = LIKELIHOODS[kind](counts, np.array([x]), 0.5)
        assert np.isfinite([at.value, at.by_x[0], at.curvature[0], at.by_tie, at.tie_curvature]).all()
        assert at.curvature[0] >= 0 and np.sign(at.by_x[0]) == -np.sign(x)


@pytest.mark.parametrize("kind", KINDS)
def test_the_likelihood_in_chunks_is_that_of_all_pairs(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    generator = np.random.default_rng(16)
    ties = random_ties(generator, 9) if kind in ("davidson", "rao-kupper") else None
    counts = read_counts(random_counts(generator, 9) + 1 - np.eye(9), ties)
    x = generator.normal(size=len(counts.i))
    whole, top = evaluate(kind, counts, x, 0.4), saturated(counts)
    monkeypatch.setattr("solvers.rewards.pairwise.pair_likelihoods.CHUNK", 10)
    parts = evaluate(kind, counts, x, 0.4)
    for name in ("value", "by_tie", "tie_curvature"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-12)
    np.testing.assert_array_equal(parts.by_x, whole.by_x)
    np.testing.assert_array_equal(parts.curvature, whole.curvature)
    assert (parts.mixed is None) == (whole.mixed is None)
    np.testing.assert_array_equal(parts.mixed if parts.mixed is not None else 0, 0 if ties is None else whole.mixed)
    assert saturated(counts) == pytest.approx(top, rel=1e-12)


def test_the_saturated_likelihood_is_that_of_frequencies() -> None:
    counts = read_counts([[0, 3, 0], [1, 0, 2], [4, 2, 0]], [[0, 2, 0], [2, 0, 0], [0, 0, 0]])
    expected = 3 * np.log(3 / 6) + np.log(1 / 6) + 2 * np.log(2 / 6) + 4 * np.log(1) + 4 * np.log(1 / 2)
    assert saturated(counts) == pytest.approx(expected)
