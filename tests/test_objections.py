"""What the test of fit says where it can't know: no reassurance, no p-value to be used, and what to do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from solvers.rewards.pairwise.strengths import bradley_terry

CYCLE = [[0, 9, 1], [1, 0, 9], [9, 1, 0]]
THIN = [[0, 5, 0], [1, 0, 4], [4, 0, 0]]


def test_99_data_sets_are_enough_to_reject_at_one_in_a_hundred() -> None:
    found = bradley_terry(CYCLE, bootstrap=99, generator=np.random.default_rng(0))
    assert found.goodness_of_fit.p_value == 0.01 and found.goodness_of_fit.rejects
    assert found.diagnosis.misfit and "Don't trust" in found.diagnosis.advice


def test_too_few_data_sets_to_reject_do_not_reassure() -> None:
    found = bradley_terry(CYCLE, bootstrap=98, generator=np.random.default_rng(0))
    words = str(found.diagnosis)
    assert not found.goodness_of_fit.conclusive and not found.diagnosis.misfit
    assert "can't be as small as 0.01" in found.goodness_of_fit.note
    assert "Chance may" not in words and "None needed" not in words and "bootstrap" in found.diagnosis.advice


def test_a_cycle_of_thin_counts_advises_the_test_that_it_asks_for() -> None:
    found = bradley_terry(THIN)
    assert found.diagnosis.intransitive and not found.goodness_of_fit.conclusive
    assert "None needed" not in str(found.diagnosis) and "test_of_fit" in found.diagnosis.advice
    tested = found.test_of_fit(np.random.default_rng(1))  # the advice can be followed
    assert tested.conclusive and tested.rejects
    weighted = bradley_terry(np.array(THIN) / 2).diagnosis  # where it can't be
    assert "test_of_fit" not in weighted.advice and "more" in weighted.advice


def test_the_thinnest_counts_have_no_p_value() -> None:
    generator = np.random.default_rng(2)
    for counts in (
        [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
        np.triu(np.ones((30, 30)), 1) + np.tril(generator.poisson(0.05, (30, 30)), -1),
    ):
        thin = bradley_terry(counts).goodness_of_fit
        assert thin.thin and np.isnan(thin.p_value) and not thin.rejects and thin.statistic > 0
        assert "no p-value" in str(thin) and "nan" not in str(thin)
    thick = bradley_terry(CYCLE).goodness_of_fit
    assert not thick.thin and thick.p_value == pytest.approx(chi2.sf(thick.statistic, 1))


def test_a_p_value_at_its_floor_is_shown_as_a_bound() -> None:
    found = bradley_terry(CYCLE)
    assert "p ≤ 1/200 (199 parametric bootstraps)" in str(found.test_of_fit(np.random.default_rng(3), 199))
    fair = bradley_terry([[0, 9, 8], [7, 0, 9], [6, 8, 0]]).test_of_fit(np.random.default_rng(3), 199)
    assert f"p = {fair.p_value:.3g} (199 parametric bootstraps)" in str(fair) and fair.p_value > 0.1


def test_a_cycle_within_chance_is_told_with_its_p_value() -> None:
    found = bradley_terry([[0, 8, 7], [7, 0, 8], [8, 7, 0]])
    p = found.goodness_of_fit.p_value
    assert found.diagnosis.intransitive and p > 0.3
    assert f"doesn't reject at 1% (p = {p:.3g})" in str(found.diagnosis) and found.diagnosis.advice == "None needed."
