"""Whatever is passed to the pairwise solvers, an error names the argument: numpy's own words would name nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from solvers.rewards.direct import dpo, ipo
from solvers.rewards.pairwise.features import bradley_terry_loss, linear_reward
from solvers.rewards.pairwise.stochastic_orders import stochastic_transitivity
from solvers.rewards.pairwise.strengths import bradley_terry
from solvers.rewards.pairwise.win_counts import comparison_counts

TWO = [[0, 2], [1, 0]]
EVEN = [0.5, 0.5]
CYCLE = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
MASKED = np.ma.array(TWO, mask=[[0, 1], [0, 0]])
HUGE, RAGGED, WORDS, SPARSE = [[0, 10**400], [1, 0]], [[0, 1], [1]], [["0", "1"], ["1", "0"]], csr_array(np.array(TWO))
GENERATOR = np.random.default_rng(0)
ROWS = [[1.0], [-0.5]]


def solved(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda counts: method(counts, EVEN, 1.0)


@pytest.mark.parametrize("method", [bradley_terry, stochastic_transitivity, solved(dpo), solved(ipo)])
@pytest.mark.parametrize("counts", [HUGE, RAGGED, WORDS, MASKED, None, [[0, None], [1, 0]], [[0, {}], [1, 0]]])
def test_counts_are_named(method: Callable[..., Any], counts: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^counts"):
        method(counts)


@pytest.mark.parametrize("method", [solved(dpo), solved(ipo)])
def test_sparse_counts_are_refused_where_they_are_not_taken(method: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="toarray"):
        method(SPARSE)
    with pytest.raises(ValueError, match=r"^counts: must be at most 1e"):
        method([[0, 1e300], [1, 0]])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"bootstrap": 10, "generator": 3}, TypeError, "^generator must be numpy"),
        ({"generator": 3}, TypeError, "^generator"),
        ({"bootstrap": 1.5, "generator": GENERATOR}, TypeError, "^bootstrap"),
        ({"bootstrap": -1}, ValueError, "^bootstrap"),
        ({"regularisation": "1"}, TypeError, "^regularisation"),
        ({"regularisation": [1.0, 2.0]}, TypeError, "^regularisation"),
        ({"tolerance": "small"}, TypeError, "^tolerance"),
        ({"tolerance": float("nan")}, ValueError, "^tolerance"),
        ({"max_iterations": 1.5}, TypeError, "^max_iterations"),
        ({"max_iterations": 0}, ValueError, "^max_iterations"),
        ({"items": 3}, TypeError, "^items"),
        ({"ties": HUGE}, ValueError, "^ties"),
        ({"ties": RAGGED}, ValueError, "^ties"),
        ({"ties": np.ma.array([[0, 1], [1, 0]], mask=[[0, 1], [1, 0]])}, ValueError, "^ties"),
    ],
)
def test_bradley_terry_names_its_arguments(arguments: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        bradley_terry(TWO, **arguments)


def test_the_test_of_fit_names_its_arguments() -> None:
    test: Callable[..., Any] = bradley_terry(TWO).test_of_fit
    with pytest.raises(TypeError, match=r"^generator"):
        test(3)
    with pytest.raises(TypeError, match=r"^repetitions"):
        test(GENERATOR, 2.5)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"limit": 0}, ValueError, "^limit must be at least 1"),
        ({"limit": 1.5}, TypeError, "^limit"),
        ({"generator": 3}, TypeError, "^generator"),
        ({"bootstrap": 1.5, "generator": GENERATOR}, TypeError, "^bootstrap"),
        ({"seconds": -1}, ValueError, "^seconds"),
        ({"seconds": float("nan")}, ValueError, "^seconds"),
        ({"seconds": "1"}, TypeError, "^seconds"),
    ],
)
def test_stochastic_transitivity_names_its_arguments(arguments: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        stochastic_transitivity(CYCLE, "strong", **arguments)


@pytest.mark.parametrize("kind", ["moderate", "strong"])
def test_a_single_regression_gives_a_bound(kind: Any) -> None:
    found = stochastic_transitivity([[0, 9, 1], [1, 0, 9], [9, 1, 0]], kind, limit=1)
    assert not found.exact and found.log_likelihood <= found.upper_bound


def test_a_bootstrap_of_counts_beyond_whole_floats_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^counts must be at most 1e"):
        stochastic_transitivity([[0, 10**300], [1, 0]], "weak", GENERATOR, 5)
    with pytest.raises(ValueError, match=r"^counts must be at most 1e"):
        bradley_terry([[0, 10**300], [10**300, 0]], bootstrap=5, generator=GENERATOR)


# -- features -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1.0], ROWS, [1, -1]), ValueError, "^weights"),
        (([1.0], ROWS, [1, float("nan")]), ValueError, "^weights"),
        (([1.0], ROWS, [1, 2, 3]), ValueError, "^weights"),
        (([1.0], ROWS, "ab"), TypeError, "^weights"),
        (([1.0], ROWS, None, -0.1), ValueError, "^regularisation"),
        (([1.0], ROWS, None, float("nan")), ValueError, "^regularisation"),
        (([1.0], ROWS, None, "1"), TypeError, "^regularisation"),
        (([1.0, 2.0], ROWS), ValueError, "^theta"),
        (([float("nan")], ROWS), ValueError, "^theta"),
        (([[1.0]], ROWS), ValueError, "^theta"),
        ((["a"], ROWS), TypeError, "^theta"),
        (([1.0], [1.0, 2.0]), ValueError, "^differences"),
        (([1.0], [[1.0], [float("inf")]]), ValueError, "^differences"),
        (([1.0], [[1.0], [1.0, 2.0]]), ValueError, "^differences"),
        (([1.0], csr_array(np.array(ROWS))), TypeError, "^differences"),
    ],
)
def test_the_loss_names_its_arguments(arguments: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        bradley_terry_loss(*arguments)


@pytest.mark.parametrize(
    ("features", "comparisons", "arguments", "error", "words"),
    [
        ([[1.0], [2.0, 3.0]], [[0, 1]], {}, ValueError, "^features"),
        (csr_array(np.array(ROWS)), [[0, 1]], {}, TypeError, "^features"),
        (ROWS, [[0, 1], [1]], {}, ValueError, "^comparisons"),
        (ROWS, csr_array(np.array([[0, 1]])), {}, TypeError, "^comparisons"),
        (ROWS, None, {}, TypeError, "^comparisons"),
        ([[10**400], [1]], [[0, 1]], {}, ValueError, "^features"),
        (None, [[10**400], [1]], {}, ValueError, "^comparisons"),
        (None, ROWS, {"weights": "ab"}, TypeError, "^weights"),
        (None, ROWS, {"weights": [1e200, 1]}, ValueError, "^weights"),
        (None, ROWS, {"regularisation": "1"}, TypeError, "^regularisation"),
        (None, ROWS, {"max_iterations": 1.5}, TypeError, "^max_iterations"),
        (None, ROWS, {"tolerance": "1"}, TypeError, "^tolerance"),
        (None, ROWS, {"names": 3}, TypeError, "^names"),
        (np.array(ROWS) * 1e200, [[0, 1]], {}, ValueError, "feature 0 .* rescale"),
        ([[1e308], [-1e308]], [[0, 1]], {}, ValueError, "feature 0 .* rescale"),
        (np.array(ROWS) * 1e-200, [[0, 1]], {}, ValueError, "feature 0 .* rescale"),
    ],
)
def test_linear_reward_names_its_arguments(
    features: Any, comparisons: Any, arguments: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        linear_reward(features, comparisons, **arguments)


def test_features_of_any_sane_scale_give_the_same_rewards() -> None:
    rows = GENERATOR.normal(size=(40, 2))
    found = linear_reward(None, rows)
    for scale in (1e-90, 1e90):
        again = linear_reward(None, rows * scale)
        assert again.converged and not again.diagnosis.collinear
        np.testing.assert_allclose(again.theta * scale, found.theta, rtol=1e-6)
        np.testing.assert_allclose(again.standard_errors * scale, found.standard_errors, rtol=1e-6)


# -- records --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "weights", "error", "words"),
    [
        (None, None, TypeError, "^records"),
        (3, None, TypeError, "^records"),
        (Counter({("a", "b"): 300}), None, TypeError, "^records must not be a mapping.*weights="),
        ([("a", "b"), (["c"], "d")], None, TypeError, "^record 2 .*hashable"),
        ([("a", "b"), ({}, "d")], [1, 1], TypeError, "^record 2 .*hashable"),
        ([("a", "b")], ["x"], TypeError, "^record 1 has weight 'x'"),
        ([("a", "b")], [None], TypeError, "^record 1 has weight None"),
        ([("a", "b")], 3, TypeError, "^weights"),
        ([("a", "b")], [10**400], ValueError, "^record 1 has weight"),
        ([("a", "b")] * 3, [1e308] * 3, ValueError, "^record 1 has weight"),
        ([("a", "b")] * 3, [6e14] * 3, ValueError, "^weights of 'a' over 'b' add up to 1.8e"),
    ],
)
def test_comparison_counts_names_its_arguments(records: Any, weights: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        comparison_counts(records, weights)


# -- direct preference optimisation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [dpo, ipo])
@pytest.mark.parametrize(
    ("reference", "tau", "options", "words"),
    [
        (["a", "b"], 1.0, {}, "^reference"),
        (None, 1.0, {}, "^reference"),
        (EVEN, "a", {}, "^tau"),
        (EVEN, [1.0, 2.0], {}, "^tau"),
        (EVEN, 1.0, {"prior": "1"}, "^prior"),
    ],
)
def test_direct_methods_name_their_arguments(
    method: Callable[..., Any], reference: Any, tau: Any, options: Any, words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        method(TWO, reference, tau, **options)


def test_steps_are_whole() -> None:
    steps: Any = 1.5
    with pytest.raises(TypeError, match=r"^steps"):
        dpo(TWO, EVEN, 1.0, steps=steps)


@pytest.mark.parametrize(("wins", "losses"), [(1e15, 1.0), (1e9, 1e-3), (1.0, 1e-12), (1.0, 1e15)])
def test_dpo_of_rare_losses_has_its_closed_form(wins: float, losses: float) -> None:
    policy = dpo([[0, wins], [losses, 0]], EVEN, 10.0)  # the odds are those of winning, to the power of 1 / τ
    assert np.log(policy[0] / policy[1]) == pytest.approx(np.log(wins / losses) / 10, rel=1e-9)
