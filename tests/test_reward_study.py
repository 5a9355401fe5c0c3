"""The reward study's judge, data, games and statistics, against enumeration and other solvers; and its page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize
from scipy.special import logit, softmax

ROOT = Path(__file__).parent.parent
Array = NDArray[np.float64]
DICE = ((2, 4, 9), (1, 6, 8), (3, 5, 7))  # each beats the next 5 times in 9


@pytest.fixture(scope="module", autouse=True)
def benchmarks() -> Iterator[None]:
    """The scripts import each other by their bare names, as they do when they are run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield
    for name in ("tables", "reward_routes", "reward_trial", "reward_study"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def routes() -> ModuleType:
    import reward_routes

    return reward_routes


@pytest.fixture(scope="module")
def trial() -> ModuleType:
    import reward_trial

    return reward_trial


@pytest.fixture(scope="module")
def study() -> ModuleType:
    import reward_study

    return reward_study


def skew(source: np.random.Generator, batch: int, items: int) -> Array:
    upper = np.triu(source.uniform(-0.5, 0.5, size=(batch, items, items)), 1)
    return np.asarray(upper - np.swapaxes(upper, -1, -2))


# -- the judge ------------------------------------------------------------------------------------------------------


def test_the_judge_agrees_with_enumeration_in_exact_arithmetic(trial: ModuleType) -> None:
    source = np.random.default_rng(0)
    A = skew(source, 3, 4)
    policy, other = source.dirichlet(np.ones(4), size=(2, 3, 2))
    found, wins = trial.exploitability(A, policy), trial.win_rate(A, policy, other)
    for b, r in product(range(3), range(2)):
        P = [[Fraction(float(x)) + Fraction(1, 2) for x in row] for row in A[b]]
        p, q = ([Fraction(float(x)) for x in y[b, r]] for y in (policy, other))
        p, q = ([x / sum(y) for x in y] for y in (p, q))
        won = [sum(q[j] * P[i][j] for j in range(4)) for i in range(4)]
        assert wins[b, r] == pytest.approx(float(sum(x * w for x, w in zip(p, won, strict=True))), abs=1e-12)
        replies = [sum(P[y][i] * p[i] for i in range(4)) for y in range(4)]  # how often y is preferred to the policy
        assert found[b, r] == pytest.approx(float(2 * max(replies) - 1), abs=1e-12)


def test_the_parts_of_the_exploitability_add_up(trial: ModuleType, study: ModuleType) -> None:
    design = study.QUICK
    problems = trial.draw(design, 5)
    P = problems.preference(0.3)
    cell = trial.judge(problems, design, 0.1, 40)[design.levels.index(0.3)]
    fixed = cell.chosen["fixed"]["reward"]
    for outcomes in cell.chosen.values():
        for outcome in outcomes.values():
            assert outcome.total.shape == (design.test,)
            assert np.all(outcome.spread >= -1e-12)  # the exploitability is convex in the policy
            assert np.all((outcome.bias >= -1e-12) & (outcome.total >= -1e-12) & (outcome.total <= 1))
            assert np.all((outcome.variance >= 0) & (outcome.variance <= 1))
    # Once more by hand: one route, fixed settings.
    counts = trial.count(problems, trial.flipped(P, 0.1), 40)[design.held_out :]
    mu, A = problems.reference[design.held_out :], P[design.held_out :] - 0.5
    for k in range(design.test):
        fitted = [fitted_by_search(c + 0.5 * (1 - np.eye(design.items))) for c in counts[k]]
        chosen = [softmax(np.log(mu[k]) + r / 0.1) for r in fitted]
        each = np.mean([2 * (A[k] @ p).max() for p in chosen])
        middle = 2 * (A[k] @ np.mean(chosen, axis=0)).max()
        assert fixed.total[k] == pytest.approx(each, abs=1e-4)
        assert fixed.spread[k] == pytest.approx(each - middle, abs=1e-4)
        pairs = np.outer(mu[k], mu[k]) * (1 - np.eye(design.items))
        shares = pairs / pairs.sum() * 2 * trial.flipped(P, 0.1)[design.held_out + k]
        scores = []
        for known in (40 * shares + 0.5 * (1 - np.eye(design.items)), shares):  # with the prior; without end
            scores.append(2 * (A[k] @ softmax(np.log(mu[k]) + fitted_by_search(known) / 0.1)).max())
        assert fixed.bias[k] == pytest.approx(scores[1], abs=1e-4)
        assert fixed.prior[k] == pytest.approx(scores[0] - scores[1], abs=1e-4)


def fitted_by_search(counts: Array) -> Array:
    """Bradley–Terry scores by a general optimiser."""

    def loss(r: Array) -> float:
        return float(np.sum(counts * np.logaddexp(0, r - r[:, None])))

    found = minimize(loss, np.zeros(len(counts)), method="BFGS", options={"gtol": 1e-7})
    return np.asarray(found.x - found.x.mean())


# -- problems and data ----------------------------------------------------------------------------------------------


def test_the_two_parts_of_the_log_odds_are_what_they_are_called(trial: ModuleType) -> None:
    design = trial.Design(items=7, sizes=(10,), held_out=1, test=4, sets=1)
    problems = trial.draw(design, 1)
    upper = np.triu_indices(7, 1)
    for level in (0.0, 0.25, 1.0):
        odds = logit(problems.preference(level))
        np.testing.assert_allclose(odds + np.swapaxes(odds, -1, -2), 0, atol=1e-12)
        borda = odds.mean(-1)
        gradient = borda[:, :, None] - borda[:, None, :]  # Hodge's transitive part: least squares by differences
        share = 1 - np.sum(gradient**2, (1, 2)) / np.sum(odds**2, (1, 2))
        np.testing.assert_allclose(share, level, atol=1e-12)
        np.testing.assert_allclose(np.sqrt(np.mean(odds[:, *upper] ** 2, -1)), trial.SCALE, rtol=1e-12)
    assert np.linalg.matrix_rank(problems.cyclic[0]) == 4


def test_data_are_counted_nested_and_follow_the_preference(trial: ModuleType) -> None:
    design = trial.Design(items=4, sizes=(30, 4000), held_out=1, test=2, sets=2)
    problems = trial.draw(design, 2)
    P = trial.flipped(problems.preference(0.4), 0.2)
    few, many = (trial.count(problems, P, size) for size in design.sizes)
    assert np.all(few <= many) and np.all(few.sum((-1, -2)) == 30) and np.all(many.sum((-1, -2)) == 4000)
    expected = np.zeros((4, 4))
    for i, j, u in zip(problems.first[1, 1, :30], problems.second[1, 1, :30], problems.uniform[1, 1, :30], strict=True):
        winner, loser = (i, j) if u < P[1, i, j] else (j, i)
        expected[winner, loser] += 1
    np.testing.assert_array_equal(few[1, 1], expected)
    for pairs in ("reference", "uniform"):
        counted = trial.count(trial.draw(trial.Design(4, (4000,), held_out=1, test=2, sets=2, pairs=pairs), 2), P, 4000)
        error = counted / 4000 - 2 * problems.coverage(pairs)[:, None] * P[:, None]
        assert np.abs(error).max() < 5 * np.sqrt(0.25 / 4000)


def test_problems_do_not_depend_on_how_many_there_are(trial: ModuleType) -> None:
    few, more = (trial.draw(trial.Design(5, (20,), held_out=1, test=n, sets=2), 3) for n in (2, 4))
    np.testing.assert_array_equal(few.utility, more.utility[:3])
    np.testing.assert_array_equal(few.uniform, more.uniform[:3])


# -- the routes -----------------------------------------------------------------------------------------------------


def test_games_are_solved(routes: ModuleType) -> None:
    source = np.random.default_rng(4)
    A = skew(source, 20, 6)
    mu = softmax(source.standard_normal((20, 6)), axis=-1)
    found = routes.equilibria(A, mu)
    for k, tau in enumerate(routes.TAUS):
        policy = found[:, k]
        np.testing.assert_allclose(policy.sum(-1), 1, atol=1e-12)
        best = softmax(np.log(mu) + np.einsum("bij,bj->bi", A, policy) / tau, axis=-1)
        np.testing.assert_allclose(policy, best, atol=1e-6 / tau)  # it is its own regularised best response
        for b in range(3):  # the gap's closed form: twice what the best regularised reply gains

            def loss(logits: Array, b: int = b, tau: float = tau, policy: Array = policy) -> float:
                reply = softmax(logits)
                own = policy[b] @ np.log(policy[b] / mu[b])
                return float(-reply @ A[b] @ policy[b] + tau * (reply @ np.log(reply / mu[b]) - own))

            other = softmax(source.standard_normal(6))
            gain = -minimize(lambda z, b=b, o=other: loss(z, b, policy=np.tile(o, (20, 1))), np.zeros(6)).fun
            assert routes.gaps(A[b], mu[b], other, tau) == pytest.approx(2 * gain, abs=1e-4)
    value = [2 * (A[b] @ found[b, -1]).max() for b in range(20)]
    assert max(value) <= 2 * routes.TAUS[-1] * np.log(1 / mu.min())  # 0 at the equilibrium without regularisation
    for b in range(5):
        solved = linprog(np.r_[np.zeros(6), 1], np.c_[A[b], -np.ones(6)], np.zeros(6), [[*np.ones(6), 0]], [1])
        assert solved.fun == pytest.approx(0, abs=1e-9)
        np.testing.assert_allclose(solved.x[:6], found[b, -1], atol=0.1)


def test_dice_are_thrown_evenly(routes: ModuleType) -> None:
    P = np.array([[np.mean([[(x > y) + (x == y) / 2 for y in b] for x in a]) for b in DICE] for a in DICE])
    assert P[0, 1] == P[1, 2] == P[2, 0] == pytest.approx(5 / 9)
    even = routes.equilibria(P - 0.5, np.full(3, 1 / 3))
    np.testing.assert_allclose(even, 1 / 3, atol=1e-9)
    pulled = routes.equilibria(P - 0.5, np.array([0.6, 0.3, 0.1]))
    assert np.abs(pulled[-1] - 1 / 3).max() < 0.05 < 0.2 < np.abs(pulled[0] - 1 / 3).max()


def test_flips_rescale_the_game_only(routes: ModuleType, trial: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    A = skew(np.random.default_rng(6), 4, 5)
    mu = np.full((4, 5), 0.2)
    monkeypatch.setattr(routes, "TAUS", (1.0, 0.25))
    flipped = routes.equilibria(trial.flipped(A + 0.5, 0.25) - 0.5, mu)
    monkeypatch.setattr(routes, "TAUS", (2.0, 0.5))
    np.testing.assert_allclose(flipped, routes.equilibria(A, mu), atol=1e-6)


def test_endless_data_show_what_a_route_is_after(routes: ModuleType, trial: ModuleType) -> None:
    design = trial.Design(items=6, sizes=(10,), held_out=1, test=5, sets=1)
    problems = trial.draw(design, 7)
    mu, coverage, tau = problems.reference, problems.coverage("reference"), routes.TAUS.index(0.1)
    honest = routes.limits(problems.preference(0.0), coverage, mu)["reward"][:, tau]
    np.testing.assert_allclose(honest, softmax(np.log(mu) + problems.utility / 0.1, axis=-1), atol=1e-9)
    P = problems.preference(0.6)
    gains = np.einsum("bij,bj->bi", P - 0.5, mu)
    reply = routes.limits(P, coverage, mu)["IPO"][:, tau]
    np.testing.assert_allclose(reply, softmax(np.log(mu) + gains / 0.1, axis=-1), atol=1e-9)


def test_data_without_end_lead_every_route_to_its_limit(routes: ModuleType, trial: ModuleType) -> None:
    problems = trial.draw(trial.Design(items=5, sizes=(10,), held_out=1, test=3, sets=1), 8)
    P, coverage = problems.preference(0.5), problems.coverage("uniform")
    found = routes.policies((1e9 * coverage * P)[:, None], problems.reference)
    limits = routes.limits(P, coverage, problems.reference)
    mild = routes.TAUS.index(0.3)
    for route in routes.ROUTES:  # the last number of DPO's steps, and the weakest prior of the others
        setting = -1 if route == routes.DPO else 0
        np.testing.assert_allclose(found[route][:, 0, setting, mild], limits[route][:, mild], atol=1e-3)


# -- what must hold of the results ----------------------------------------------------------------------------------


def test_more_data_and_fewer_flips_are_better_and_rewards_win_where_there_is_one(trial: ModuleType) -> None:
    design = trial.Design(8, (40, 1500), (0.0, 1.0), (0.0, 0.3), held_out=8, test=12, sets=4)
    cells = {(c.noise, c.size, c.level): c for c in trial.study(design, 9)}
    for route in ("reward", "DPO", "IPO", "Nash, smoothed by BT"):
        few, many, noisy = (cells[key].tuned[route] for key in ((0.0, 40, 0.0), (0.0, 1500, 0.0), (0.3, 40, 0.0)))
        assert many.total.mean() < few.total.mean() and many.regret.mean() < few.regret.mean()
        assert few.total.mean() < noisy.total.mean() and many.wins.mean() > few.wins.mean()
    assert trial.interval(trial.advantage(cells[0.0, 40, 0.0], "Nash"))[2] < 0
    assert trial.interval(trial.advantage(cells[0.0, 1500, 1.0], "Nash"))[1] > 0


def test_the_crossing_is_where_the_sign_changes_for_good(trial: ModuleType) -> None:
    levels = (0.0, 0.1, 0.5, 1.0)

    def crossing(*means: float) -> float:
        return float(trial.crossing(levels, np.array(means)[:, None] + np.array([-1.0, 1.0])))

    assert crossing(-1, -1, 1, 2) == pytest.approx(0.3)
    assert crossing(-1, 1, -3, 1) == pytest.approx(0.875)
    assert crossing(1, 1, 1, 1) == 0.0
    assert crossing(1, 1, 1, -1) == float("inf")
    spread = np.random.default_rng(0).normal(np.array([-1, -1, 1, 2])[:, None], 0.5, size=(4, 40))
    middle, low, high = trial.crossing_interval(levels, spread, 1)
    assert 0.1 < low < middle < high < 0.5
    assert trial.interval(np.array([1.0, 2.0, 3.0])) == pytest.approx((2, 2 - 2.4841377, 2 + 2.4841377))  # t = 4.3027


def test_significance_is_read_from_both_ends(trial: ModuleType, study: ModuleType) -> None:
    zero, noise = np.zeros(20), np.random.default_rng(0).normal(0, 0.1, 20)

    def outcome(total: Array) -> object:
        return trial.Outcome((0, 0), total, *[zero] * 7)

    def cell(level: float, outcomes: dict[str, object]) -> object:
        return trial.Cell(0.1, 40, level, {"tuned": outcomes})

    def cells(*advantages: float) -> list[object]:
        return [
            cell(k / 10, {route: outcome(0.5 + noise - gain * (route != "reward")) for route in ROUTES})
            for k, gain in enumerate(advantages)
        ]

    ROUTES = ("reward", "Nash", "Nash, smoothed by BT")
    assert study.significant(cells(-0.2, -0.2, 0.1, -0.2, 0.2, 0.3)) == ("0.1", "0.4")
    assert study.significant(cells(0.2, 0.2)) == ("-", "0") and study.significant(cells(-0.2)) == ("0", "-")
    assert study.tally(cells(-0.2, 0.2, 0.2), "tuned") == "2 / 1"
    unsure = cell(0.0, {r: outcome(noise + 0.5 if r == "Nash" else zero + 0.5) for r in ROUTES})
    assert study.significant([unsure]) == ("-", "-")


def test_a_quick_study_is_written_twice_alike(
    study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = []
    for name in ("once", "again"):
        out, figure = tmp_path / f"{name}.md", tmp_path / f"{name}.svg"
        monkeypatch.setattr(sys, "argv", ["reward_study.py", "--quick", "--out", str(out), "--chart", str(figure)])
        assert study.main() == 0
        pages.append((out.read_text(encoding="utf-8"), figure.read_text(encoding="utf-8")))
    assert pages[0] == pages[1]
    assert "| reference |" in pages[0][0] and "| uniform " in pages[0][0] and pages[0][1].count("<path") > 20
    assert capsys.readouterr().out == 2 * pages[0][0]


def test_the_documentation_quotes_the_published_table(study: ModuleType) -> None:
    published = study.TABLE.read_text(encoding="utf-8").splitlines()
    page = (ROOT / "docs" / "reward-or-preference.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) >= 5 and set(rows) <= set(published)
    assert study.CHART.is_file() and f"../benchmarks/results/{study.CHART.name}" in page
