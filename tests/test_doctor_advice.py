"""What the data-set doctor advises where position, length or chance alone make the data look like preferences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from preference_data import drawn, scores_matrix, sigmoid
from scipy.optimize import minimize
from scipy.stats import chi2

from solvers.rewards.data_sets.adjusted import adjusted
from solvers.rewards.data_sets.advice import MORE, NASH, REWARD
from solvers.rewards.data_sets.doctor import diagnose, pooled
from solvers.rewards.data_sets.misfit import coin
from solvers.rewards.data_sets.reading import count
from solvers.rewards.data_sets.tally import Judgement
from solvers.rewards.pairwise.win_counts import WinCounts

RING = np.array([[0, 0.9, 0.1], [0.1, 0, 0.9], [0.9, 0.1, 0]])


def ordered(
    chance: Any, effect: float, swaps: float, answers: int, seed: int, lengths: bool = False
) -> list[Judgement]:
    """Answers to the pairs of a ring, asked along it but for a share of swaps; being first (or longer) helps."""
    generator = np.random.default_rng(seed)
    found = []
    for k in range(answers):
        a, b = [(0, 1), (1, 2), (2, 0)][k % 3]
        a, b = (b, a) if generator.random() < swaps else (a, b)
        log_odds = np.log(chance[a][b] / chance[b][a]) + effect
        first = generator.random() < sigmoid(log_odds)
        winner, loser = (a, b) if first else (b, a)
        if lengths:
            sizes = (400, 100) if first else (100, 400)
            found.append(Judgement(winner, loser, winner_length=sizes[0], loser_length=sizes[1]))
        else:
            found.append(Judgement(winner, loser, first=a))
    return found


# -- position and length --------------------------------------------------------------------------------------------

EVEN = np.full((3, 3), 0.5)


@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("swaps", [0.1, 0.0])
def test_a_circle_that_position_or_length_makes_is_no_case_for_nash(swaps: float, lengths: bool) -> None:
    report = diagnose(ordered(EVEN, 1.046, swaps, 6000, 1, lengths))
    assert report.misfit is not None and report.misfit.excess.low > 0.01  # for scores alone it looks like one
    advice = report.recommendation
    assert advice.method == MORE and "No scores can say this" not in str(report), str(advice)
    name = "length" if lengths else "position"
    assert f"the effect of {name}" in advice.reason and f"beside {name}" in str(report)
    assert report.adjusted is not None and report.adjusted.log_odds[0] == pytest.approx(1.046, abs=0.1)
    assert (report.adjusted.misfit is None) == (swaps == 0)


def test_scores_with_an_effect_of_position_are_fitted_together() -> None:
    report = diagnose(ordered(scores_matrix(np.array([0.8, 0, -0.8])), 1.0, 0.1, 6000, 1))
    assert report.misfit is not None and report.misfit.excess.low > 0.01
    assert (report.recommendation.method, report.recommendation.tentative) == (REWARD, False)
    assert "scores and the effect of position" in report.recommendation.reason


def test_a_true_cycle_is_still_seen_beside_position() -> None:
    even = diagnose(ordered(RING, 0.0, 0.5, 3000, 2)).recommendation
    assert (even.method, even.tentative) == (NASH, False)
    advice = diagnose(ordered(RING, 0.7, 0.5, 3000, 2)).recommendation
    assert (advice.method, advice.tentative) == (NASH, True) and "No scores can say this" not in advice.reason


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_beside_effects_is_that_of_another_optimiser(seed: int) -> None:
    generator = np.random.default_rng(seed)
    records = []
    for _ in range(400):
        i, j = generator.choice(4, 2, replace=False).tolist()
        first = (None, i, j)[generator.integers(3)]
        sizes = generator.integers(1, 4, 2).tolist()
        winner, loser = (i, j) if generator.random() < 0.6 else (j, i)
        tie, weight = bool(generator.random() < 0.1), int(generator.integers(1, 4))
        records.append(Judgement(winner, loser, tie, None, None, weight, first, sizes[0], sizes[1]))
    tally = count(records)
    found = adjusted(pooled(tally.answers(), 4), tally.cells, generator)
    rows, own, effects, weights = [], [], [], []
    for r in records:
        if not r.tie:
            assert r.winner_length is not None and r.loser_length is not None
            assert isinstance(r.winner, int) and isinstance(r.loser, int)
            row, pair = np.zeros(4), np.zeros(16)
            row[r.winner], row[r.loser] = 1, -1
            low, high = sorted((r.winner, r.loser))
            pair[4 * low + high] = 1 if r.winner == low else -1
            first = 0 if r.first is None else 1 if r.first == r.winner else -1
            effects.append([first, np.sign(r.winner_length - r.loser_length)])
            rows.append(row)
            own.append(pair)
            weights.append(r.weight)

    def best(*parts: Any) -> tuple[float, Any]:
        X, w = np.hstack([np.array(part, dtype=float) for part in parts]), np.array(weights, dtype=float)
        gone = minimize(
            lambda b: w @ np.logaddexp(0, -X @ b) / w.sum(), np.zeros(X.shape[1]), method="BFGS", options={"gtol": 1e-9}
        )
        return -float(gone.fun) * w.sum(), gone.x

    (both, at), (alone, _), (bare, _) = best(rows, effects), best(rows), best(effects)
    saturated, _ = best(own, effects)
    assert found is not None and found.misfit is not None and found.names == ("position", "length")
    assert found.log_odds == pytest.approx(at[-2:].tolist(), abs=1e-4)
    assert found.p_value == pytest.approx(chi2.sf(2 * (both - alone), 2), abs=1e-4)
    assert found.coin == pytest.approx(chi2.sf(2 * (both - bare), 3), abs=1e-4)
    assert found.misfit.statistic == pytest.approx(2 * (saturated - both), abs=1e-3)
    assert found.misfit.degrees_of_freedom == 3 and found.misfit.answers == sum(weights)


def test_the_test_beside_effects_keeps_its_size() -> None:
    rejected = {10: 0, 400: 0}
    for answers in rejected:  # of each of six pairs: by drawn data, by chi-square
        for seed in range(16 if answers == 10 else 120):
            generator = np.random.default_rng(seed)
            s = generator.normal(0, 0.7, 4)
            records = []
            for i in range(4):
                for j in range(i):
                    for _ in range(answers):
                        first = i if generator.random() < 0.8 else j
                        won = generator.random() < sigmoid(s[i] - s[j] + (0.8 if first == i else -0.8))
                        records.append(Judgement(*((i, j) if won else (j, i)), first=first))
            tally = count(records)
            found = adjusted(pooled(tally.answers(), len(tally.labels)), tally.cells, generator)
            assert found is not None and found.misfit is not None
            rejected[answers] += found.misfit.p_value < 0.05
    assert rejected[10] <= 4 and 1 <= rejected[400] <= 14  # of 0.8 and 6 expected


# -- chance ---------------------------------------------------------------------------------------------------------


def test_coin_tosses_are_called_so() -> None:
    generator = np.random.default_rng(0)
    report = diagnose([tuple(generator.choice(6, 2, replace=False)) for _ in range(5000)])
    assert report.recommendation.method == MORE and "no preference is visible" in report.recommendation.reason
    assert diagnose([("a", "b"), ("b", "a")] * 30).recommendation.method == MORE


@pytest.mark.parametrize(("each", "spread", "least", "most"), [(5, 0, 3, 25), (200, 0, 3, 20), (200, 0.15, 180, 200)])
def test_the_test_against_a_coin_keeps_its_size_and_has_power(each: int, spread: float, least: int, most: int) -> None:
    generator = np.random.default_rng(each)
    P, visible = scores_matrix(spread * np.linspace(2, -2, 5)), 0
    i, j = np.triu_indices(5, 1)
    for _ in range(200):
        wins = generator.binomial(each, P[i, j]).astype(float)
        p = coin(WinCounts(5, i, j, wins, each - wins, np.zeros(10)))
        assert p is not None
        visible += p < 0.05
    assert least <= visible <= most  # of 10 at the level


def test_judges_that_answered_once_cannot_be_compared() -> None:
    generator = np.random.default_rng(1)
    taste = scores_matrix(np.array([2.0, 0, -2]))
    records = [r for k in range(4000) for r in drawn(taste if k % 2 else taste.T, 1, generator, judge=k)]
    advice = diagnose(records).recommendation
    assert advice.method == MORE
    assert "Whether judges differ cannot be tested: 4,000 judges, with one answer each" in advice.reason
    clear = diagnose([r for k in range(300) for r in drawn(taste, 1, generator, judge=k)]).recommendation
    assert clear.method == REWARD and any("judges differ cannot be tested" in caution for caution in clear.cautions)
