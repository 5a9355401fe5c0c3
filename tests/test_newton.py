"""Scores at the extremes, where shares of wins say nothing: against closed forms, and against roots found by scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from solvers.rewards.pairwise import newton
from solvers.rewards.pairwise.strengths import bradley_terry


def with_prior(wins: float, regularisation: float) -> float:
    """Half the difference of two scores of which one always won: wins σ(-2s) = λ s."""
    return float(brentq(lambda s: wins * expit(-2 * s) - regularisation * s, 0, 700, xtol=1e-13))


@pytest.mark.parametrize("regularisation", [1e-1, 1e-4, 1e-8, 1e-12, 1e-15, 1e-30])
def test_a_weak_prior_is_seen(regularisation: float) -> None:
    found = bradley_terry([[0, 9], [0, 0]], regularisation=regularisation)
    expected = with_prior(9, regularisation)
    assert found.converged
    assert found.scores[0] == pytest.approx(expected, abs=1e-7)
    share = 1 / (1 + np.exp(2 * expected))  # the information about s_0 - s_1 is 9 share (1 - share) + λ / 2
    error = 0.5 / np.sqrt(9 * share * (1 - share) + regularisation / 2)
    assert found.standard_errors[0] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize(("wins", "losses"), [(1e9, 1e-3), (1e12, 1), (1e15, 1), (1, 1e-15), (1e3, 1e-12)])
def test_rare_losses_are_seen(wins: float, losses: float) -> None:
    found = bradley_terry([[0, wins], [losses, 0]])
    assert found.converged
    assert found.scores[0] == pytest.approx(np.log(wins / losses) / 2, abs=1e-7)
    assert found.standard_errors[0] == pytest.approx(np.sqrt(1 / wins + 1 / losses) / 2, rel=1e-6)


def test_probit_sees_rare_losses() -> None:
    found = bradley_terry([[0, 1e9], [1e-2, 0]], model="probit")
    assert found.converged
    assert np.ptp(found.scores) == pytest.approx(float(norm.isf(1e-11 / (1 + 1e-11))), abs=1e-7)


@pytest.mark.parametrize("dense", [newton.DENSE, 0])
def test_a_chain_of_rare_losses_has_its_closed_form(monkeypatch: pytest.MonkeyPatch, dense: int) -> None:
    monkeypatch.setattr(newton, "DENSE", dense)
    odds = np.array([1e2, 1e10, 3.0, 1e6, 1e11])
    counts = np.zeros((6, 6))
    counts[np.arange(5), np.arange(1, 6)], counts[np.arange(1, 6), np.arange(5)] = odds, 1.0
    found = bradley_terry(counts)
    assert found.converged
    np.testing.assert_allclose(-np.diff(found.scores), np.log(odds), atol=1e-6)


@pytest.mark.parametrize("dense", [newton.DENSE, 0])
def test_an_item_that_only_lost_to_two_even_ones_is_placed_by_the_prior(
    monkeypatch: pytest.MonkeyPatch, dense: int
) -> None:
    """Or else the fit says that it did not converge: the two even ones were compared a million times as often."""
    monkeypatch.setattr(newton, "DENSE", dense)
    counts = [[0, 9e5, 9], [9e5, 0, 9], [0, 0, 0]]
    for regularisation in (1e-3, 1e-6, 1e-9):
        found = bradley_terry(counts, regularisation=regularisation)
        # With s_0 = s_1 = s and s_2 = -2s: 18 σ(-3s) = 2 λ s.
        expected = brentq(lambda s, ridge=regularisation: 18 * expit(-3 * s) - 2 * ridge * s, 0, 200, xtol=1e-13)
        assert found.converged
        assert found.scores[0] == pytest.approx(expected, abs=1e-6)
        assert found.standard_errors[2] > 0.1


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([[0, 1e300], [1e-5, 0]], "counts must be at most 1e"),
        ([[0, 10**400], [1, 0]], "counts must be finite"),
        ([[0, 5e-324], [1e-323, 0]], "counts must be zero, or at least 1e"),
        ([[0, 1e14], [1e-3, 0]], "counts differ too much"),
        ([[0, float(2**49)], [0.0625, 0]], "counts differ too much"),
    ],
)
def test_counts_beyond_double_precision_are_errors(counts: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bradley_terry(counts)
    if "must" in words:
        with pytest.raises(ValueError, match=words.replace("counts", "ties")):
            bradley_terry([[0, 1], [1, 0]], ties=np.array(counts) + np.array(counts).T)


def test_ties_and_counts_that_differ_too_much_are_errors() -> None:
    with pytest.raises(ValueError, match="counts differ too much"):
        bradley_terry([[0, 8], [8, 0]], ties=[[0, 1e-15], [1e-15, 0]])


@pytest.mark.parametrize("regularisation", [5e-324, 1e-200, 1e200])
def test_priors_beyond_double_precision_are_errors(regularisation: float) -> None:
    with pytest.raises(ValueError, match="regularisation must be zero, or between"):
        bradley_terry([[0, 9], [0, 0]], regularisation=regularisation)


def test_a_maximum_that_was_not_reached_is_told() -> None:
    found = bradley_terry([[0, 9], [0, 0]], regularisation=1e-30, max_iterations=20)
    assert not found.converged and "max_iterations" in str(found.diagnosis)
