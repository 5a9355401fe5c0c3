"""Complementary pivoting: against exact winners, scipy's linear programs and the path's own definition."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from solvers.games.building.generators import random_low_rank_game, random_tournament, random_uniform_game
from solvers.games.equilibrium import Equilibrium
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.first_order.loop import Seen
from solvers.games.game import PreferenceGame, exploitability, skew_game
from solvers.games.payoffs import Array
from solvers.games.second_order.complementary_pivoting import complementary_pivoting, equilibrium_path
from solvers.games.second_order.winner import von_neumann_winner


def low_rank(size: int, seed: int, rank: int = 8) -> PreferenceGame:
    return PreferenceGame(random_low_rank_game(size, rank, np.random.default_rng(seed)).preferences)


def rank_two(size: int, seed: int) -> Array:
    """``u_i v_j - v_i u_j`` of small whole numbers: clones, ties and degenerate pivots throughout."""
    u, v = np.random.default_rng(seed).integers(-3, 4, (2, size)) / 6
    return np.asarray(np.outer(u, v) - np.outer(v, u))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8).flatmap(lambda n: st.lists(st.integers(-3, 3), min_size=n * n, max_size=n * n)))
def test_exact_winners_of_small_games_where_unique(entries: list[int]) -> None:
    size = round(len(entries) ** 0.5)
    half = Fraction(1, 2)
    rows = [[half] * size for _ in range(size)]
    for i in range(size):
        for j in range(i):
            rows[i][j] = half + Fraction(2 * entries[i * size + j] + 1, 20)  # an odd number of tenths: no ties
            rows[j][i] = 1 - rows[i][j]
    game = PreferenceGame(rows)
    found = complementary_pivoting(game)
    assert found.converged
    exact = [float(x) for x in exact_von_neumann_winner(game).policy]  # unique: odd numerators [Laffond et al. 1997]
    assert np.abs(found.policy - exact).max() < 1e-12


@pytest.mark.parametrize("size", [128, 200, 300, 400])
def test_low_rank_games_in_few_pivots_exactly(size: int) -> None:
    for seed in range(4):
        game = low_rank(size, seed)
        found = von_neumann_winner(game, 1e-13)
        assert found.converged and found.method == "complementary pivoting" and found.iterations <= size // 3
        assert (found.policy > 0).sum() % 2 == 1
        if seed == 0:
            A = game.matrix
            lp = linprog(
                np.zeros(size), A_ub=A, b_ub=np.zeros(size), A_eq=np.ones((1, size)), b_eq=[1.0], method="highs-ds"
            )
            assert np.abs(found.policy - lp.x).max() < 1e-6


@pytest.mark.parametrize("make", [random_uniform_game, random_tournament])
def test_wide_supports_too(make: Callable[[int, np.random.Generator], PreferenceGame]) -> None:
    for size in (60, 151):
        game = make(size, np.random.default_rng(size))
        found = complementary_pivoting(game, tolerance=1e-13)
        assert found.converged and (found.policy > 0).sum() > size / 3
        assert np.abs(found.policy - von_neumann_winner(game, method="interior point").policy).max() < 1e-11


def test_degenerate_games() -> None:
    for seed in range(60):
        A = rank_two(10 + 2 * seed, seed)
        found = complementary_pivoting(skew_game(A))
        assert found.converged and 2 * (A @ found.policy).max() <= 1e-9


def test_each_vertex_is_an_equilibrium_with_penalties_that_shrink() -> None:
    """With one set of penalties d for the whole path, ``θ d`` is ``A p`` up to a constant on each vertex's support."""
    for size in (30, 200):
        game = low_rank(size, 1)
        A = game.matrix
        vertices = [(v.actions.tolist(), v.policy(size), v.theta) for v in equilibrium_path(A)]
        thetas = [theta for _, _, theta in vertices]
        assert thetas[-1] == 0 and all(a > b for a, b in pairwise(thetas)) and thetas[0] < 1
        seen: dict[tuple[int, int], float] = {}  # differences d_i - d_j, which every vertex must agree on
        agreed = 0
        for actions, p, theta in vertices:
            assert len(actions) % 2 == 1 and p.min() >= 0 and abs(p.sum() - 1) < 1e-12
            assert not np.delete(p, actions).any()
            if theta < 1e-3:
                continue
            gain = A @ p
            first = min(actions)
            for action in actions:
                difference = (gain[action] - gain[first]) / theta
                if (first, action) in seen:
                    agreed += first != action
                    assert abs(seen[first, action] - difference) < 1e-9
                seen[first, action] = difference
        assert agreed > 10


# -- the record --------------------------------------------------------------------------------------------------------


def test_a_callback_sees_each_pivot_and_changes_nothing() -> None:
    game = low_rank(200, 2)
    seen: list[Seen] = []
    watched, alone = complementary_pivoting(game, callback=seen.append), complementary_pivoting(game)
    assert [s.iteration for s in seen] == list(range(1, watched.iterations + 1))
    assert [s.last_gap for s in seen] == watched.history.tolist()
    assert all(s.last_gap == exploitability(game, s.last) for s in seen)
    assert alone.policy.tobytes() == watched.policy.tobytes() and alone.iterations == watched.iterations
    assert np.isnan(alone.history[:-1]).all() and alone.history[-1] == alone.gap == watched.gap


def test_a_path_that_is_cut_short_is_no_answer() -> None:
    game = random_uniform_game(200, np.random.default_rng(1))
    found = complementary_pivoting(game, iterations=3)
    assert not found.converged and found.iterations == 3 and "after 3 pivots" in found.reason
    assert found.gap == exploitability(game, found.policy) > 1e-9


def test_a_tolerance_beyond_floats_is_not_claimed() -> None:
    found = complementary_pivoting(low_rank(200, 3), tolerance=1e-30)
    assert not found.converged and "rounding" in found.reason and found.gap < 1e-14


def test_the_winner_falls_back_on_the_interior_point_method() -> None:
    game = low_rank(128, 5, rank=16)
    assert complementary_pivoting(game).iterations > 128 // 3
    found: Equilibrium = von_neumann_winner(game)
    assert found.converged and found.method == "interior point"
    assert np.abs(found.policy - complementary_pivoting(game).policy).max() < 1e-12


def test_bad_arguments() -> None:
    game = low_rank(10, 0)
    for tolerance in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="tolerance"):
            complementary_pivoting(game, tolerance=tolerance)
    with pytest.raises(ValueError, match="iterations"):
        complementary_pivoting(game, iterations=0)
