"""Linear rewards against Bradley–Terry scores, finite differences (and torch, if installed), and linear programs."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq, linprog
from scipy.special import expit

from solvers.rewards.pairwise.features import bradley_terry_hessian, bradley_terry_loss, linear_reward
from solvers.rewards.pairwise.strengths import bradley_terry


def sampled(
    generator: np.random.Generator, items: int, size: int, comparisons: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    features, theta = generator.normal(size=(items, size)), generator.normal(size=size)
    i = generator.integers(items, size=comparisons)
    j = (i + 1 + generator.integers(items - 1, size=comparisons)) % items
    first = generator.random(comparisons) < 1 / (1 + np.exp((features[j] - features[i]) @ theta))
    pairs = np.stack([np.where(first, i, j), np.where(first, j, i)], axis=1)
    return features, pairs, theta


@pytest.mark.parametrize("regularisation", [0.0, 1.3])
def test_the_loss_has_the_gradient_of_finite_differences_and_of_torch(regularisation: float) -> None:
    generator = np.random.default_rng(1)
    rows, theta, weights = generator.normal(size=(30, 4)) * 3, generator.normal(size=4), generator.random(30) + 0.1
    value, gradient = bradley_terry_loss(theta, rows, weights, regularisation)
    hessian = bradley_terry_hessian(theta, rows, weights, regularisation)
    direct = -(weights @ np.log(1 / (1 + np.exp(-rows @ theta)))) + regularisation / 2 * theta @ theta
    assert value == pytest.approx(direct)
    for k in range(4):
        step = np.eye(4)[k] * 1e-6
        above, below = (bradley_terry_loss(theta + s, rows, weights, regularisation) for s in (step, -step))
        assert gradient[k] == pytest.approx((above[0] - below[0]) / 2e-6, rel=1e-6, abs=1e-6)
        np.testing.assert_allclose(hessian[k], (above[1] - below[1]) / 2e-6, rtol=1e-6, atol=1e-6)
    if find_spec("torch") is not None:
        torch: Any = import_module("torch")
        at = torch.tensor(theta, requires_grad=True)
        margins = torch.tensor(rows) @ at
        loss = -(torch.tensor(weights) * torch.nn.functional.logsigmoid(margins)).sum()
        (loss + regularisation / 2 * (at @ at)).backward()
        np.testing.assert_allclose(gradient, at.grad.numpy(), rtol=1e-10)


def test_the_loss_does_not_overflow() -> None:
    for theta in (1e4, -1e4):
        value, gradient = bradley_terry_loss([theta], [[1.0], [-1.0]])
        assert value == pytest.approx(1e4) and gradient[0] == pytest.approx(np.sign(theta))


@pytest.mark.parametrize("regularisation", [0.0, 0.4])
def test_indicators_of_items_give_bradley_terry_scores(regularisation: float) -> None:
    generator = np.random.default_rng(2)
    counts = (generator.poisson(4, (6, 6)) + 1) * (1 - np.eye(6))
    pairs = np.argwhere(counts > 0)
    weights = counts[pairs[:, 0], pairs[:, 1]]
    expected = bradley_terry(counts, regularisation=regularisation)
    basis = np.linalg.svd(np.ones((1, 6)))[2][1:].T  # scores of mean zero: |θ|² = |s|²
    found = linear_reward(basis, pairs, weights=weights, regularisation=regularisation)
    assert found.converged and found.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-9)
    np.testing.assert_allclose(found.rewards(basis), expected.scores, atol=1e-7)
    np.testing.assert_allclose(basis @ found.covariance @ basis.T, expected.covariance, atol=1e-6)
    assert "no objection" in str(found.diagnosis)


def test_weights_are_recovered_within_their_standard_errors() -> None:
    features, pairs, theta = sampled(np.random.default_rng(3), 200, 5, 20_000)
    found = linear_reward(features, pairs)
    assert found.converged
    z = (found.theta - theta) / found.standard_errors
    assert np.abs(z).max() < 4 and found.standard_errors.max() < 0.1
    rows = features[pairs[:, 0]] - features[pairs[:, 1]]
    np.testing.assert_allclose(linear_reward(None, rows).theta, found.theta, atol=1e-9)
    doubled = linear_reward(features, pairs, weights=np.full(len(pairs), 2.0))
    np.testing.assert_allclose(doubled.theta, found.theta, atol=1e-7)
    np.testing.assert_allclose(doubled.standard_errors * np.sqrt(2), found.standard_errors, rtol=1e-6)


def test_the_scale_of_features_does_not_matter() -> None:
    features, pairs, _ = sampled(np.random.default_rng(4), 30, 3, 500)
    scale = np.array([1e-6, 1.0, 1e6])
    found, scaled = linear_reward(features, pairs), linear_reward(features * scale, pairs)
    assert scaled.converged
    np.testing.assert_allclose(scaled.theta * scale, found.theta, atol=1e-7)
    np.testing.assert_allclose(scaled.standard_errors * scale, found.standard_errors, rtol=1e-6)


def test_it_converges_exactly_if_nothing_separates_and_nothing_is_collinear() -> None:
    generator = np.random.default_rng(5)
    seen = {True: 0, False: 0}
    for _ in range(60):
        size, count = int(generator.integers(1, 4)), int(generator.integers(2, 14))
        rows = generator.integers(-2, 3, (count, size)).astype(float)
        found = linear_reward(None, rows)
        flat = np.linalg.matrix_rank(rows) < size
        aims = [linprog(-row, A_ub=-rows, b_ub=np.zeros(count), bounds=(-1, 1)).fun for row in rows]
        separable = min(aims) < -1e-9
        seen[separable or flat] += 1
        assert found.diagnosis.separable == separable
        assert bool(found.diagnosis.collinear) == flat
        assert found.converged == (not separable and not flat) == bool(np.isfinite(found.theta).all())
        if separable:
            margin = rows @ np.array(found.diagnosis.direction)
            assert margin.min() >= -1e-7 and margin.max() > 0
        assert linear_reward(None, rows, regularisation=0.1).converged
    assert min(seen.values()) > 8


@pytest.mark.parametrize(("wins", "losses"), [(1e9, 1e-3), (1e12, 1.0), (1.0, 1e-15)])
def test_rare_losses_are_seen(wins: float, losses: float) -> None:
    rows = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
    found = linear_reward(None, rows, weights=[wins, losses, 3, 1])
    assert found.converged and not found.diagnosis.separable
    np.testing.assert_allclose(found.theta, [np.log(wins / losses), np.log(3)], atol=1e-6)
    errors = np.sqrt([1 / wins + 1 / losses, 1 / 3 + 1])
    np.testing.assert_allclose(found.standard_errors, errors, rtol=1e-5)


@pytest.mark.parametrize("regularisation", [1e-4, 1e-8, 1e-12])
def test_a_weak_prior_is_seen(regularisation: float) -> None:
    found = linear_reward(None, [[1.0]], weights=[9], regularisation=regularisation)
    expected = brentq(lambda s: 9 * expit(-s) - regularisation * s, 0, 500, xtol=1e-13)
    assert found.converged and found.theta[0] == pytest.approx(expected, abs=1e-6)
    early = linear_reward(None, [[1.0]], weights=[9], regularisation=regularisation, max_iterations=5)
    assert not early.converged and "max_iterations" in str(early.diagnosis)


def test_collinear_features_are_named() -> None:
    features, pairs, _ = sampled(np.random.default_rng(6), 30, 2, 400)
    more = np.column_stack([features, features @ [2, -1], np.ones(30), features[:, 0]])
    found = linear_reward(more, pairs, names=["length", "tone", "both", "constant", "length again"])
    said = dict(found.diagnosis.collinear)
    assert not found.converged and np.isnan(found.theta).all() and not found.diagnosis.separable
    assert said["constant"] == () and len(said) == 3
    assert "collinear: constant is the same for winner and loser" in str(found.diagnosis)
    with_prior = linear_reward(more, pairs, regularisation=1e-3)
    assert with_prior.converged and with_prior.diagnosis.collinear


def test_separable_comparisons_are_told_with_the_direction() -> None:
    rows = [[1.0, 0.5], [2.0, -1.0], [1.0, 0.0]]
    found = linear_reward(None, rows, names=["taste", "price"])
    assert not found.converged and found.diagnosis.separable and np.isnan(found.standard_errors).all()
    assert "separable" in str(found.diagnosis) and "taste" in str(found.diagnosis)
    assert linear_reward(None, rows, regularisation=0.5).converged


@pytest.mark.parametrize(
    ("features", "comparisons", "arguments", "words"),
    [
        ([[1.0], [2.0]], [], {}, "empty"),
        ([], [[0, 1]], {}, "empty"),
        ([[1.0]], [[0, 0]], {}, "single"),
        ([[1.0], [2.0]], [[0, 2]], {}, "comparison 1"),
        ([[1.0], [2.0]], [[0, 1], [1, 1]], {}, "comparison 2 compares item 1 with itself"),
        ([[1.0], [2.0]], [[0, 1, 1]], {}, "pairs"),
        ([[1.0], [float("nan")]], [[0, 1]], {}, "row 1"),
        (None, [1.0, 2.0], {}, "matrix"),
        (None, [[1.0]], {"weights": [0]}, "positive"),
        (None, [[1.0]], {"weights": [1, 2]}, "one for each"),
        (None, [[1.0]], {"regularisation": -1}, "regularisation"),
        (None, [[1.0]], {"names": ["a", "b"]}, "names"),
        (None, [[1.0]], {"tolerance": 0}, "tolerance"),
    ],
)
def test_wrong_data_are_errors(features: Any, comparisons: Any, arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        linear_reward(features, comparisons, **arguments)


def test_names_are_no_positions() -> None:
    with pytest.raises(TypeError, match="row numbers"):
        linear_reward([[1.0], [2.0]], [["a", "b"]])
    with pytest.raises(TypeError, match="real numbers"):
        linear_reward(None, [["a", "b"]])
