"""Pictures of games and of runs: well-formed, and showing the numbers that they are of."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, cast
from xml.etree import ElementTree

import numpy as np
import pytest

from solvers.games.building.builders import game_from_scores, game_from_voters
from solvers.games.building.generators import cyclic_game, random_low_rank_game, random_uniform_game
from solvers.games.contests.contest_dynamics import contest_hedge
from solvers.games.contests.decision_contest import DecisionContest
from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, skew_game
from solvers.games.pictures.convergence_picture import draw_convergence
from solvers.games.pictures.game_picture import BAR, BARS, draw_game
from solvers.games.saddle.mirror_prox import mirror_prox
from solvers.games.saddle.saddle_problem import bilinear_problem
from solvers.games.second_order.interior_point import interior_point
from solvers.games.second_order.newton import regularised_equilibrium
from solvers.games.second_order.winner import von_neumann_winner
from solvers.games.trees.builders import token_game
from solvers.games.trees.regret_matching import counterfactual_regret_plus

SVG = "{http://www.w3.org/2000/svg}"
DRINKS = [
    ["tea", "coffee", "<milk>"],
    ["coffee", "<milk>", "tea"],
    ["<milk>", "tea", "coffee"],
    ["tea", "coffee", "<milk>"],
]


def texts(svg: str) -> list[str]:
    return ["".join(t.itertext()) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def bars(svg: str) -> list[float]:
    rects = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [float(r.attrib["width"]) for r in rects if r.attrib.get("fill") == BAR]


def run(history: Any, converged: bool = True, **more: Any) -> Equilibrium:
    gaps = np.array(history, dtype=float)
    return Equilibrium(np.ones(1), float(gaps[-1]), converged, len(gaps), "a method", 1e-9, gaps, **more)


def test_a_game_shows_its_preferences_labels_and_policy() -> None:
    game = game_from_voters(DRINKS)
    policy = von_neumann_winner(game).policy
    svg = draw_game(game, policy)
    shown = texts(svg)
    assert shown.count("<milk>") == 2
    assert sum(bool(re.fullmatch(r"\.\d\d|1|0", t)) for t in shown) >= 6
    order = [x for x in shown if x in ("tea", "coffee", "<milk>")][::2]
    assert order == [game.label(i) for i in np.argsort(-policy, kind="stable")]
    assert sorted(bars(svg), reverse=True) == pytest.approx(
        sorted((BARS * policy[policy > 0] / policy.max()).tolist(), reverse=True), abs=0.06
    )
    assert f"{policy.max():.4f}" in shown
    assert any("gap" in t for t in shown)


def test_the_given_order_is_kept_and_without_a_policy_there_are_no_bars() -> None:
    game = game_from_scores([0, 2, 1], labels=["low", "high", "middle"])
    given, best = draw_game(game, order="given"), draw_game(game)
    assert [t for t in texts(given) if t in ("low", "high", "middle")][::2] == ["low", "high", "middle"]
    assert [t for t in texts(best) if t in ("low", "high", "middle")][::2] == ["high", "middle", "low"]
    assert not bars(given)


def test_payoffs_that_are_no_probabilities_have_their_own_scale() -> None:
    shown = texts(draw_game(skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]])))
    assert "-3" in shown
    assert "what the row gains against the column" in shown


@pytest.mark.parametrize("size", [1, 2, 11, 41, 200])
def test_games_of_every_size_are_well_formed(size: int) -> None:
    game = random_uniform_game(size, np.random.default_rng(0))
    root = ElementTree.fromstring(draw_game(game, np.full(size, 1 / size)))
    assert root.tag == f"{SVG}svg"
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for rect in root.iter(f"{SVG}rect"):
        x, y = float(rect.attrib.get("x", 0)), float(rect.attrib.get("y", 0))
        assert x + float(rect.attrib["width"]) <= width
        assert y + float(rect.attrib["height"]) <= height


def test_of_a_large_game_the_best_are_drawn_and_the_picture_says_so() -> None:
    game = random_low_rank_game(5000, 4, np.random.default_rng(1))
    svg = draw_game(game, von_neumann_winner(game).policy, most=50)
    assert len(svg) < 40_000
    assert "A game of 5,000 actions, of which the best 50 are drawn" in texts(svg)
    assert any("1 of its probability is on those drawn" in t for t in texts(svg))


def test_all_ties_are_drawn_in_the_middle_colour() -> None:
    root = ElementTree.fromstring(draw_game(PreferenceGame([[0.5, 0.5], [0.5, 0.5]])))
    assert sum(r.attrib.get("fill") == "#f7f7f7" for r in root.iter(f"{SVG}rect")) == 2


def test_a_run_is_a_falling_curve_of_its_gaps() -> None:
    svg = draw_convergence(run([1e-1, 1e-3, 1e-5, 1e-7]))
    (path,) = [p for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.attrib.get("stroke") == "#0072b2"][:1]
    points = [tuple(map(float, p.split())) for p in path.attrib["d"].removeprefix("M").split("L")]
    steps = [b[1] - a[1] for a, b in pairwise(points)]
    assert len(points) == 4
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)  # equal factors are equal steps
    assert points[1][0] - points[0][0] == pytest.approx(points[3][0] - points[1][0], abs=0.2)  # 1 to 2, 2 to 4


def test_averages_are_dashed_and_runs_without_an_answer_open() -> None:
    found = run([1, 0.1], False, average_history=np.array([1, 0.5]))
    svg = draw_convergence(found, run([1, 1e-12]), labels=["Nash & co", "other"])
    assert {"Nash & co", "Nash & co, average", "other", "not within its tolerance"} <= {*texts(svg)}
    assert svg.count("stroke-dasharray") == 2  # the curve and its legend
    assert "not within its tolerance" not in texts(draw_convergence(run([1, 1e-12])))
    assert any("τ = 0.1" in t for t in texts(draw_convergence(run([1, 0.1], tau=0.1))))


def test_gaps_of_zero_and_gaps_not_looked_at_are_drawn_honestly() -> None:
    svg = draw_convergence(run([0.1, np.nan, np.nan, 0.0]))
    assert "≤ 1e-17" in texts(svg)
    assert "nan" not in svg
    assert "≤ 1e-17" not in texts(draw_convergence(run([0.1, 1e-16])))


def test_long_runs_keep_their_extremes() -> None:
    generator = np.random.default_rng(0)
    gaps = np.exp(-np.linspace(0, 20, 100_000)) * generator.uniform(0.5, 1, 100_000)
    gaps[54_321] = 1e-16
    svg = draw_convergence(run(gaps))
    assert len(svg) < 30_000
    assert "1e-16" in texts(svg)


def test_solvers_runs_are_drawn() -> None:
    game = random_uniform_game(12, np.random.default_rng(0))
    shown = texts(draw_convergence(interior_point(game), von_neumann_winner(cyclic_game(3))))
    assert "interior point" in shown


def test_runs_of_trees_saddle_problems_and_contests_are_drawn() -> None:
    games = {None: random_uniform_game(4, np.random.default_rng(0))}
    tree = counterfactual_regret_plus(token_game(None, ["a", "b"], 2, games=games), 20)
    saddle = mirror_prox(bilinear_problem(np.random.default_rng(1).normal(size=(3, 4))), 20, tolerance=1e-12)
    still = np.full((2, 2, 2), 0.5)
    contest = contest_hedge(DecisionContest(still, [0.5, 0.5], 0.5, games[None]), 20, tolerance=1e-12)
    svg = draw_convergence(tree, saddle, contest, regularised_equilibrium(games[None], None, 0.1))
    shown = texts(svg)
    assert {tree.method, saddle.method, contest.method, "Newton with homotopy (τ = 0.1)"} <= {*shown}
    strokes = [p.attrib.get("stroke") for p in ElementTree.fromstring(svg).iter(f"{SVG}path")]
    assert {"#0072b2", "#d55e00", "#009e73"} <= {*strokes}


def test_a_run_without_a_history_is_a_point_at_its_gap() -> None:
    found = Equilibrium(np.ones(1), 1e-5, True, 0, "a method", 1e-3, np.zeros(0))
    root = ElementTree.fromstring(draw_convergence(found, run([1e-1, 1e-5])))
    point, end = (c for c in root.iter(f"{SVG}circle"))
    assert point.attrib["cy"] == end.attrib["cy"] and point.attrib["cx"] != end.attrib["cx"]


@pytest.mark.parametrize("name", ["my game", "", "3rd", "a)b", 'a"b', "é"])
def test_names_that_cannot_be_a_part_of_ids_are_refused(name: str) -> None:
    game = cyclic_game(3)
    with pytest.raises(ValueError, match="name: must be letters, digits, - and _, a letter first"):
        draw_game(game, name=name)
    svg = draw_game(game, name="my-game_2")
    (gradient,) = ElementTree.fromstring(svg).iter(f"{SVG}linearGradient")
    assert gradient.attrib["id"] == "my-game_2-bar" and "url(#my-game_2-bar)" in svg


def test_what_cannot_be_drawn_is_refused() -> None:
    game = cyclic_game(3)
    with pytest.raises(ValueError, match="policy: sums to"):
        draw_game(game, [1, 1, 1])
    with pytest.raises(ValueError, match="order: must be"):
        draw_game(game, order=cast(Any, "copeland"))
    with pytest.raises(TypeError, match="must be a PreferenceGame"):
        draw_game(cast(Any, [[0.5]]))
    with pytest.raises(ValueError, match="give one or more"):
        draw_convergence()
    with pytest.raises(ValueError, match="labels: 1 for 2"):
        draw_convergence(run([1]), run([1]), labels=["x"])
    with pytest.raises(ValueError, match="none has a gap"):
        draw_convergence(run([np.nan]))
    with pytest.raises(TypeError, match="number 1 is no solver's record but PreferenceGame, without history"):
        draw_convergence(run([1]), cast(Any, game))
