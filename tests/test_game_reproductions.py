"""The reproductions of published experiments with preference games, small; and the benchmarks' own arithmetic."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from solvers.games.building.generators import random_uniform_game
from solvers.games.first_order.nash_md import nash_md
from solvers.games.game import PreferenceGame, exploitability
from solvers.games.second_order.newton import regularised_equilibrium

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
Array = NDArray[np.float64]
REPRODUCTIONS = ("nlhf_rate", "egpo_table", "comal", "nlhf_examples", "perturbed_rps", "ipo_md", "meta_game")


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    """Scripts import each other by their bare names, as they do when they are run."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield import_module
    for name in set(sys.modules) - before:
        if (ROOT / "benchmarks" / f"{name}.py").is_file():
            del sys.modules[name]


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_pages_agree_with_what_was_published(name: str) -> None:
    page = (RESULTS / f"{name}.md").read_text(encoding="utf-8")
    assert "DISAGREES" not in page and "FAILS" not in page and "| NO" not in page
    for chart in [line[line.index("(") + 1 : -1] for line in page.splitlines() if line.startswith("![")]:
        assert (RESULTS / chart).is_file()


# -- NLHF's rate ----------------------------------------------------------------------------------------------------


def test_the_bound_of_theorem_1_holds_at_every_step(script: Any) -> None:
    rate = script("nlhf_rate")
    generator = np.random.default_rng(1)
    for game in (script("reproduction").comal(), random_uniform_game(7, generator)):
        reference = script("reproduction").normal_softmax(game.size, generator)
        for tau in (1.0, 0.1):
            found = rate.by_theorem(game, reference, tau, 500)
            assert (found <= rate.bounds(tau, 500)).all()
            goal = rate.equilibrium(game, reference, tau)
            assert rate.step_by_step(found, float((goal * np.log(goal / reference)).sum()), tau)
            if tau == 1:  # long past the start; faster than the theorem's -1
                assert rate.slope(found) == pytest.approx(-2, abs=0.1)
            last = nash_md(game, reference, tau, 500, tolerance=1e-15, progress=False).policy
            assert found[-1] == pytest.approx(float((goal * np.log(goal / last)).sum()), rel=1e-6, abs=1e-15)


def test_the_bound_is_nash_mds_at_the_first_step(script: Any) -> None:
    """η₀ = 1/τ: π₁ is the best response to the reference, whatever came before."""
    game, tau = script("reproduction").comal(), 0.2
    mu = np.array([0.2, 0.5, 0.3])
    goal = regularised_equilibrium(game, mu, tau, tolerance=1e-13).policy
    first = softmax(np.log(mu) + game.matrix @ mu / tau)
    expected = float((goal * np.log(goal / first)).sum())
    assert script("nlhf_rate").by_theorem(game, mu, tau, 1)[0] == pytest.approx(expected, rel=1e-10)


# -- EGPO -----------------------------------------------------------------------------------------------------------


def test_egpo_arrives_where_mirror_descent_does_not(script: Any) -> None:
    table = script("egpo_table")
    drawn = table.games()
    first, second = (table.setting_of(*s) for s in table.SETTINGS[:2])
    assert first.step == pytest.approx(0.4) and second.step == pytest.approx(0.8)
    run = {name: method for name, (_, method) in table.METHODS.items()}
    egpo, online = (table.updates(run[name], first, drawn) for name in ("EGPO", "OMD (online IPO)"))
    assert None not in egpo and None not in online
    assert 110 < np.median(egpo) < 180 and 110 < np.median(online) < 190  # 142 and 149 were measured on other draws
    few = table.updates(run["OMD (online IPO)"], second, drawn[:4])
    assert None in few and None not in table.updates(run["EGPO"], second, drawn[:4])
    newton = table.updates(run["Newton, factorisations"], second, drawn)
    assert max(newton) <= 45


# -- COMAL ----------------------------------------------------------------------------------------------------------


def test_regularised_methods_stall_where_comal_converges(script: Any) -> None:
    comal = script("comal")
    third = np.full(3, 1 / 3)
    ends = {}
    for name, (method, tau, iterations, how) in comal.methods().items():
        gaps, _ = comal.gaps(method, third, tau, min(iterations, 600), **how)
        ends[name] = gaps[-1]
    for name in ("INPO (mirror descent)", "Nash-MD", "EGPO (extragradient)"):
        assert ends[name] == pytest.approx(0.0245, abs=2e-4)
    assert ends["multiplicative weights"] > 0.1
    assert ends["COMAL, steps"] < 1e-9 and ends["optimistic MW"] < 1e-9 and ends["moving magnet"] < 1e-6


# -- examples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [Fraction(-1, 5), Fraction(0), Fraction(1, 7)])
def test_three_types_of_people(script: Any, epsilon: Fraction) -> None:
    examples = script("nlhf_examples")
    game = examples.three_types(epsilon)
    assert examples.exact_von_neumann_winner(game).policy == examples.published(epsilon)
    # y2 ≻ y1 for a share 1/3 - ε, otherwise tie.
    assert game.preferences[1, 0] - game.preferences[0, 1] == pytest.approx(1 / 3 - float(epsilon))
    best = examples.rewarded(game)
    assert best == {-1: [1], 0: [0, 1, 2], 1: [0]}[(epsilon > 0) - (epsilon < 0)]


def test_the_elo_winner_loses_where_policies_are_constrained(script: Any) -> None:
    examples = script("nlhf_examples")
    game = examples.bradley_terry_game()
    elo, other = (Fraction(2, 3), Fraction(1, 3), Fraction(0)), (Fraction(0), Fraction(0), Fraction(1))
    assert examples.wins(game, elo, other) == Fraction(49, 99)
    polytope = examples.Polytope(3, E=[[1, -2, 0]], f=[0])
    assert np.allclose(examples.constrained_winner(game, polytope).policy, [0, 0, 1], atol=1e-9)


def test_perturbed_rock_paper_scissors(script: Any) -> None:
    perturbed = script("perturbed_rps")
    game = perturbed.perturbed_rock_paper_scissors()
    assert perturbed.exact_von_neumann_winner(game).policy == perturbed.WINNER
    _, found = perturbed.divergences(1.0, 100)
    assert (found[1:] <= found[:-1] / (1 + 1 / 9) + 1e-14).all() and found[-1] < 1e-5


# -- IPO-MD ---------------------------------------------------------------------------------------------------------


def test_gradients_by_complex_steps_are_those_of_differences(script: Any) -> None:
    ipo = script("ipo_md")
    generator = np.random.default_rng(2)
    P, mu, theta = random_uniform_game(4, generator).preferences, np.full(4, 0.25), generator.standard_normal(4)
    sampled = ipo.mixture(theta, mu, 0.3)
    for loss in (ipo.ipo_loss, ipo.dpo_loss):
        gradient = ipo.ipo_gradient(P, mu, 0.5, 0.3, loss)(theta)
        for k, step in enumerate(np.eye(4) * 1e-6):
            rise = loss(theta + step, sampled, P, mu, 0.5) - loss(theta - step, sampled, P, mu, 0.5)
            assert gradient[k] == pytest.approx(rise / 2e-6, abs=1e-7)


@pytest.mark.parametrize("beta", [0.0, 0.25, 0.8, 1.0])
def test_stationary_points_of_ipo_md(script: Any, monkeypatch: pytest.MonkeyPatch, beta: float) -> None:
    ipo = script("ipo_md")
    monkeypatch.setattr(ipo, "STARTS", 4)
    generator = np.random.default_rng(3)
    game, tau = random_uniform_game(4, generator), 0.3
    mu = script("reproduction").normal_softmax(4, generator)
    gradient = ipo.ipo_gradient(game.preferences, mu, tau, beta)
    roots = ipo.stationary(gradient, mu, beta, generator)
    assert len(roots) == 4
    for policy in roots:
        mixed = ipo.mixture(np.log(policy), mu, beta)
        reply = softmax(np.log(mu) + game.preferences @ mixed / tau)  # equation (13)
        assert np.allclose(policy, reply, atol=1e-10)
        if beta < 1:  # proposition 5.2
            assert exploitability(game, mixed, reference=mu, tau=tau / (1 - beta)) < 1e-12


def test_gradients_of_ipo_md_are_a_centred_field(script: Any) -> None:
    ipo = script("ipo_md")
    generator = np.random.default_rng(4)
    P, tau = random_uniform_game(5, generator).preferences, 0.4
    mu = script("reproduction").normal_softmax(5, generator)
    theta = generator.standard_normal(5)
    for beta in (0.0, 0.5):
        gradient = ipo.ipo_gradient(P, mu, tau, beta)(theta)
        centred, plain = (-4 / tau * ipo.field(P, mu, tau, beta, theta, centred=c) for c in (True, False))
        assert np.allclose(gradient, centred, atol=1e-12)
        assert np.allclose(gradient, plain, atol=1e-12) is (beta == 0)
    online = ipo.ipo_gradient(P, mu, tau, 0.0)(theta)
    assert np.allclose(online, -4 / tau * ipo.self_play_gradient(P, mu, tau)(theta), atol=1e-12)


def test_online_dpo_is_no_nash_method(script: Any) -> None:
    ipo = script("ipo_md")
    half = np.full(2, 0.5)
    for p, moves in ((0.5, False), (0.7, True)):
        game = PreferenceGame([[0.5, p], [1 - p, 0.5]])
        nash = regularised_equilibrium(game, half, 0.2).policy
        assert nash[0] / nash[1] == pytest.approx(np.exp((p - 0.5) / 0.2))
        assert (ipo.dpo_at(game, nash, half, 0.2) > 1e-4) is moves
    rewards, transitive = ipo.bradley_terry(4, np.random.default_rng(5))
    assert ipo.dpo_at(transitive, softmax(rewards / 0.5), np.full(4, 0.25), 0.5) < 1e-12


# -- games between policies -----------------------------------------------------------------------------------------


def test_the_winner_of_nlhfs_table_does_not_depend_on_what_is_missing(script: Any) -> None:
    meta = script("meta_game")
    wins = meta.published()
    assert all(wins[i, j] + wins[j, i] == 1 for i, j in wins) and len(wins) == 2 * (8 + 7 + 6)
    best = meta.POLICIES.index("MD1")
    generator = np.random.default_rng(6)
    for lowered in (None, best):
        game = meta.completed(wins, len(meta.POLICIES), generator, lowered)
        assert meta.winners(game) == ("MD1",)
    lost = dict(wins)  # were MD1 to lose once, it would not win alone
    other = meta.POLICIES.index("MD3")
    lost[best, other], lost[other, best] = lost[other, best], lost[best, other]
    assert meta.winners(meta.completed(lost, len(meta.POLICIES), generator)) != ("MD1",)
    assert meta.winners(meta.drawn(None)) == ("IPO",)


# -- the benchmark --------------------------------------------------------------------------------------------------


def test_measurements_are_kept_and_judged(script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    games, file = script("games"), tmp_path / "cells"
    names = ["ours", "HiGHS simplex"]
    for name in names:
        monkeypatch.setitem(games.METHODS, name, replace(games.METHODS[name], kinds=("uniform",)))
    found = games.measured([1], [6], names, 20.0, file)
    assert len(found) == 2 * 2 and all(cell.answers for cell in found.values())
    lines = file.read_text(encoding="utf-8").splitlines()
    assert games.measured([1], [6], names, 20.0, file) == found  # nothing is measured again
    assert file.read_text(encoding="utf-8").splitlines() == lines == list(dict.fromkeys(lines))
    rows = games.table(found, 1, [6], names)
    assert len(rows) == 2 + 6 and all("(" not in row for row in rows[2:])
    assert {point[0] for point in games.points(found, 1, [6], names)} == set(names)


def test_a_peer_that_misses_the_gap_is_no_rival(script: Any) -> None:
    games = script("games")
    cells = [
        games.Cell(1, "ours", "uniform", 200, 1e-6, 0.002, 1e-9),
        games.Cell(1, "quantecon", "uniform", 200, 1e-10, 0.001, 3e-7),  # one run, judged at both gaps
        games.Cell(1, "HiGHS ipm", "uniform", 200, 1e-6, 0.03, 0.0),
        games.Cell(1, "HiGHS simplex", "uniform", 200, 1e-6, float("nan"), float("nan"), "> 40,000"),
    ]
    found = {cell.key: cell for cell in cells}
    assert games.rival(found, 1, "uniform", 200, 1e-6).method == "quantecon"
    assert games.rival(found, 1, "uniform", 200, 1e-10) is None
    assert games.text_of(games.looked_up(found, 1, "quantecon", "uniform", 200, 1e-10)) == "1 (3e-07)"
    assert games.text_of(cells[3]) == "> 40,000"
    said = "\n".join(games.aims(found, [1], [200]))
    assert "quantecon 2 times as fast" in said
    # What was killed keeps larger games from being tried, also when the run is resumed.
    assert not list(
        games.cells_of(
            "HiGHS simplex",
            1,
            [200, 1001],
            40.0,
            found
            | {
                key: games.Cell(*key, float("nan"), float("nan"), "> 40,000")
                for kind in games.KINDS
                for key in [(1, "HiGHS simplex", kind, 200, gap) for gap in games.GAPS]
            },
        )
    )


def test_poker_by_opponents_judge(script: Any) -> None:
    trees = script("tree_games")
    for run in (trees._ours("kuhn_poker", 5.0, False), trees._spiel_cpp("kuhn_poker", 5.0)):
        assert None not in run.reached and run.best <= 1e-4
        assert run.reached[0][0] < run.reached[1][0] < 2000
    assert trees._our_program("kuhn_poker", 5.0).best < 1e-9
