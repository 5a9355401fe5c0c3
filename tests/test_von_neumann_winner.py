"""The von Neumann winner of a game: every method against scipy's linear programs, published answers and identities."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from threadpoolctl import ThreadpoolController, threadpool_limits

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Seen
from solvers.games.game import PreferenceGame, exploitability, game_of, skew_game
from solvers.games.payoffs import Array, Factored, GameTooLarge
from solvers.games.second_order.complementary_pivoting import complementary_pivoting
from solvers.games.second_order.double_oracle import double_oracle
from solvers.games.second_order.interior_point import interior_point
from solvers.games.second_order.linear_program import Solver as Program
from solvers.games.second_order.linear_program import linear_program
from solvers.games.second_order.winner import Method, von_neumann_winner

Solver = Callable[[PreferenceGame], Equilibrium]

SOLVERS: dict[str, Solver] = {
    "interior point": interior_point,
    "complementary pivoting": complementary_pivoting,
    "double oracle": double_oracle,
    "simplex": linear_program,
    "ipm": lambda game: linear_program(game, solver="ipm"),
    "auto": von_neumann_winner,
}

each = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS.keys())


def uniform(size: int, seed: int) -> Array:
    upper = np.triu(np.random.default_rng(seed).random((size, size)) - 0.5, 1)
    return upper - upper.T


def tournament(size: int, seed: int) -> Array:
    upper = np.triu(np.random.default_rng(seed).integers(0, 2, (size, size)) - 0.5, 1)
    return upper - upper.T


def factored(size: int, seed: int, rank: int = 8) -> PreferenceGame:
    """``P = σ(uᵀJu' + (r - r')/2)``: a learned preference model of low rank."""
    rng = np.random.default_rng(seed)
    factors = np.hstack([rng.standard_normal((size, rank + 1)), np.ones((size, 1))])
    skew = np.zeros((rank + 2, rank + 2))
    for k in range(0, rank, 2):
        skew[k, k + 1] = 1.0
    skew[rank, rank + 1] = 0.5
    return game_of(Factored(factors, skew - skew.T, "logistic"))


def low_rank(size: int, seed: int) -> Array:
    return factored(size, seed).matrix


KINDS = {"uniform": uniform, "tournament": tournament, "low rank": low_rank}


def by_linprog(A: Array) -> Array:
    """The policy of scipy's simplex, for a program written down anew: maximise v with pᵀA >= v."""
    size = len(A)
    found = linprog(
        np.append(np.zeros(size), -1.0),
        A_ub=np.hstack([-A.T, np.ones((size, 1))]),
        b_ub=np.zeros(size),
        A_eq=np.append(np.ones(size), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * size + [(None, None)],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return np.asarray(found.x[:size])


def check(game: PreferenceGame, found: Equilibrium, tolerance: float = 1e-9) -> None:
    A = game.matrix
    assert found.converged and not found.reason
    assert found.policy.min() >= 0 and abs(found.policy.sum() - 1) < 1e-12
    assert 2 * (A @ found.policy).max() <= tolerance
    assert found.gap == exploitability(game, found.policy)
    assert found.history[-1] <= tolerance


# -- against an independent solver -------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 10, 51, 120])
def test_the_unique_winner_is_that_of_linprog(solver: Solver, kind: str, size: int) -> None:
    for seed in range(2):
        A = KINDS[kind](size, seed)
        game = skew_game(A)
        found = solver(game)
        check(game, found)
        if kind != "tournament" or size > 3:  # their supports are odd and the winner is unique
            assert np.abs(found.policy - by_linprog(A)).max() < 1e-7


@pytest.mark.parametrize("kind", KINDS)
def test_hundreds_of_actions_to_a_tiny_gap(kind: str) -> None:
    for size in (200, 401):
        A = KINDS[kind](size, size)
        game = skew_game(A)
        found = interior_point(game, tolerance=1e-12)
        check(game, found, 1e-12)
        assert np.abs(found.policy - by_linprog(A)).max() < 1e-7


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 9).flatmap(lambda n: st.lists(st.integers(-2, 2), min_size=n * n, max_size=n * n)))
def test_small_integer_games_with_ties_everywhere(entries: list[int]) -> None:
    size = round(len(entries) ** 0.5)
    upper = np.triu(np.array(entries, dtype=float).reshape(size, size), 1) / 4
    game = skew_game(upper - upper.T)
    for solver in SOLVERS.values():
        check(game, solver(game))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.integers(0, 2**32 - 1), st.sampled_from(sorted(KINDS)))
def test_clones_leave_the_mass_of_their_original(size: int, seed: int, kind: str) -> None:
    A = KINDS[kind](2 * size - 1, seed)
    rng = np.random.default_rng(seed)
    original = np.concatenate([np.arange(len(A)), rng.integers(0, len(A), size)])
    game = skew_game(A[np.ix_(original, original)])
    plain = by_linprog(A)
    for solver in SOLVERS.values():
        found = solver(game)
        check(game, found)
        mass = np.bincount(original, found.policy, len(A))
        assert np.abs(mass - plain).max() < 1e-7


# -- published answers -------------------------------------------------------------------------------------------------

PUBLISHED = {
    "dice": ([["1/2", "5/9", "4/9"], ["4/9", "1/2", "5/9"], ["5/9", "4/9", "1/2"]], [1 / 3, 1 / 3, 1 / 3]),
    "COMAL": ([[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]], [4 / 11, 3 / 11, 4 / 11]),
}


@each
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_winners(solver: Solver, name: str) -> None:
    preferences, answer = PUBLISHED[name]
    game = PreferenceGame(preferences)
    found = solver(game)
    check(game, found)
    assert np.allclose(found.policy, answer, atol=1e-9)


@each
@pytest.mark.parametrize("epsilon", [0.3, 0.1, 0.01])
def test_three_types_of_raters(solver: Solver, epsilon: float) -> None:
    """NLHF section 3.2: y2 ≻ y1 for a share 1/3 - ε, y1 ≻ y3 and y3 ≻ y2 for 1/3 + ε/2 each, otherwise ties."""
    few, many = 1 / 3 - epsilon, 1 / 3 + epsilon / 2
    game = skew_game(np.array([[0, -few, many], [few, 0, -many], [-many, many, 0]]) / 2)
    assert np.allclose(solver(game).policy, [many, many, few], atol=1e-9)


@each
def test_perturbed_rock_paper_scissors(solver: Solver) -> None:
    found = solver(skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]]))
    assert np.allclose(found.policy, [3 / 7, 3 / 7, 1 / 7], atol=1e-9)


# -- degenerate games --------------------------------------------------------------------------------------------------


@each
def test_one_action(solver: Solver) -> None:
    assert solver(PreferenceGame([[0.5]])).policy.tolist() == [1.0]


@each
@pytest.mark.parametrize("size", [2, 5, 300])
def test_all_ties(solver: Solver, size: int) -> None:
    game = PreferenceGame(np.full((size, size), 0.5))
    check(game, solver(game))


@each
def test_a_condorcet_winner_takes_all(solver: Solver) -> None:
    for size in (2, 40, 300):
        A = uniform(size, size)
        winner = size // 3
        A[winner], A[:, winner] = 0.25, -0.25
        A[winner, winner] = 0.0
        found = solver(skew_game(A))
        assert np.flatnonzero(found.policy).tolist() == [winner]
        assert found.policy[winner] == 1.0


@each
def test_clones_of_a_cycle_with_certain_preferences(solver: Solver) -> None:
    cycle = np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]]) / 2
    for copies in (2, 100):
        game = skew_game(np.kron(cycle, np.ones((copies, copies))))
        found = solver(game)
        check(game, found)
        assert np.allclose(found.policy.reshape(3, copies).sum(axis=1), 1 / 3, atol=1e-9)


@each
def test_hundreds_of_actions_with_ties_everywhere(solver: Solver) -> None:
    upper = np.triu(np.random.default_rng(0).integers(-1, 2, (300, 300)), 1) / 2
    check(skew_game(upper - upper.T), solver(skew_game(upper - upper.T)))
    orders = [np.argsort(np.random.default_rng(k).permutation(300)) for k in range(6)]
    votes = sum(np.sign(np.subtract.outer(order, order)) for order in orders) / 12
    check(skew_game(votes), solver(skew_game(votes)))


@each
@pytest.mark.parametrize("noise", [1e-6, 1e-9, 1e-13])
def test_ties_that_are_none_by_a_hair(solver: Solver, noise: float) -> None:
    rng = np.random.default_rng(1)
    upper = np.triu(rng.integers(-1, 2, (40, 40)) / 4 + noise * rng.standard_normal((40, 40)), 1)
    check(skew_game(upper - upper.T), solver(skew_game(upper - upper.T)))


def test_payoffs_of_very_different_sizes() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        size = (20, 60, 270)[seed % 3]
        upper = np.triu(rng.standard_normal((size, size)) * 10 ** rng.uniform(-8, 0, (size, size)), 1)
        game = skew_game(upper - upper.T)
        for solver in (interior_point, double_oracle):
            check(game, solver(game, tolerance=1e-12), 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_actions(kind: str) -> None:
    for size in (1001, 2001):
        game = skew_game(KINDS[kind](size, 0))
        found = interior_point(game, tolerance=1e-12)
        check(game, found, 1e-12)
        assert (found.policy > 0).sum() % 2 == 1  # a unique winner's support is odd (Fisher and Ryan 1992)
        assert found.iterations <= 20


@pytest.mark.parametrize("method", get_args(Method))
def test_payoffs_of_any_size(method: Method) -> None:
    for size in (31, 140):
        A = uniform(size, 0)
        plain = by_linprog(A)
        for factor in (1e-290, 1e-30, 1e-3, 1e3, 1e30, 1e300):
            game = skew_game(factor * A)
            found = von_neumann_winner(game, 1e-9 * factor, method=method)
            check(game, found, 1e-9 * factor)
            assert np.abs(found.policy - plain).max() < 1e-7


# -- the record --------------------------------------------------------------------------------------------------------


def test_the_answer_is_the_same_each_time() -> None:
    game = skew_game(uniform(151, 3))
    for solver in (interior_point, double_oracle, linear_program, von_neumann_winner):
        assert solver(game).policy.tobytes() == solver(game).policy.tobytes()


def test_callbacks_see_each_iteration() -> None:
    for solver in (interior_point, double_oracle):
        seen: list[Seen] = []
        found = solver(skew_game(uniform(60, 1)), callback=seen.append)
        assert [s.iteration for s in seen] == list(range(1, found.iterations + 1))
        assert [s.last_gap for s in seen] == found.history.tolist()


def test_a_run_that_is_cut_short_says_so() -> None:
    for solver in (interior_point, double_oracle):
        found = solver(skew_game(uniform(200, 1)), iterations=2)
        assert not found.converged and found.iterations == 2 and "after 2" in found.reason
        assert found.gap == exploitability(skew_game(uniform(200, 1)), found.policy) > 1e-9


@pytest.mark.parametrize("solver", get_args(Program))
def test_a_linear_program_without_time_says_so(solver: Program) -> None:
    game = skew_game(uniform(300, 1))
    found = linear_program(game, solver=solver, seconds=1e-9)
    assert not found.converged and "Time limit" in found.reason and "uniform policy" in found.reason
    assert found.gap == exploitability(game, np.full(300, 1 / 300)) > 1e-9


def test_a_double_oracle_stops_at_the_largest_restricted_game() -> None:
    game = skew_game(uniform(200, 1))
    found = double_oracle(game, largest=40)
    assert not found.converged and "more than 40 actions" in found.reason
    assert (found.policy > 0).sum() <= 40 and found.gap == exploitability(game, found.policy)


def test_a_tolerance_beyond_floats_is_not_claimed() -> None:
    for solver in (interior_point, double_oracle, von_neumann_winner):
        found = solver(skew_game(uniform(60, 1)), tolerance=1e-30)
        assert not found.converged and "rounding" in found.reason
        assert 1e-30 < found.gap < 1e-14
        assert found.iterations < 20


def test_auto_picks_by_the_game() -> None:
    condorcet = np.triu(np.ones((9, 9)), 1) / 2
    assert von_neumann_winner(skew_game(condorcet - condorcet.T)).method == "Condorcet winner"
    assert von_neumann_winner(skew_game(uniform(50, 0))).method == "interior point"
    assert von_neumann_winner(skew_game(uniform(300, 0))).method == "interior point"
    assert von_neumann_winner(skew_game(low_rank(200, 0))).method == "complementary pivoting"
    assert von_neumann_winner(skew_game(low_rank(1001, 0))).method == "double oracle"
    assert von_neumann_winner(factored(200, 0)).method == "complementary pivoting"
    assert von_neumann_winner(factored(601, 0)).method == "double oracle"


def test_the_method_is_the_one_asked_for() -> None:
    game = skew_game(uniform(30, 0))
    assert von_neumann_winner(game, method="interior point").method == "interior point"
    assert von_neumann_winner(game, method="complementary pivoting").method == "complementary pivoting"
    assert von_neumann_winner(game, method="double oracle").method == "double oracle"
    assert von_neumann_winner(game, method="linear program").method == "linear program (simplex)"
    with pytest.raises(ValueError, match="interior point, complementary pivoting, double oracle, linear program"):
        von_neumann_winner(game, method="simplex")


# -- games of factors --------------------------------------------------------------------------------------------------


def test_ten_thousand_actions_of_low_rank_without_their_matrix() -> None:
    game = factored(10_000, 0)
    found = von_neumann_winner(game)
    assert found.converged and found.method == "double oracle"
    assert found.gap == exploitability(game, found.policy) <= 1e-9
    assert 1 < (found.policy > 0).sum() < 100


def test_factors_and_their_matrix_have_the_same_winner() -> None:
    game = factored(400, 3)
    assert np.abs(double_oracle(game).policy - by_linprog(game.matrix)).max() < 1e-7


def test_a_bilinear_game_of_rank_r() -> None:
    rng = np.random.default_rng(0)
    skew = np.triu(rng.standard_normal((4, 4)), 1)
    game = game_of(Factored(rng.standard_normal((20_000, 4)), skew - skew.T, "identity"))
    found = double_oracle(game)
    assert found.converged and found.gap <= 1e-9


# -- at the door -------------------------------------------------------------------------------------------------------


@each
def test_what_is_no_game(solver: Solver) -> None:
    with pytest.raises(TypeError, match=r"PreferenceGame\(P\)"):
        solver(np.zeros((2, 2)))


def test_bad_tolerances_and_counts() -> None:
    game = skew_game(uniform(4, 0))
    for tolerance in (0.0, -1.0, np.nan, np.inf):
        for call in (interior_point, double_oracle, linear_program, von_neumann_winner):
            with pytest.raises(ValueError, match="tolerance"):
                call(game, tolerance=tolerance)
    with pytest.raises(ValueError, match="iterations"):
        interior_point(game, iterations=0)
    with pytest.raises(ValueError, match="largest"):
        double_oracle(game, largest=0)
    with pytest.raises(ValueError, match="simplex, ipm, pdlp"):
        linear_program(game, solver="newton")


def test_work_that_would_not_fit_is_refused() -> None:
    game = factored(1_000_000, 0, 2)
    for solve in (interior_point, linear_program):
        with pytest.raises(GameTooLarge, match="1,000,000 actions"):
            solve(game)


def test_exact_games_too() -> None:
    half = Fraction(1, 2)
    game = PreferenceGame([[half, 1, 0], [0, half, 1], [1, 0, half]])
    assert np.allclose(von_neumann_winner(game).policy, 1 / 3, atol=1e-15)


# -- threads -----------------------------------------------------------------------------------------------------------


def test_one_thread_of_blas_meanwhile_and_as_many_as_before_afterwards() -> None:
    def threads() -> list[int]:
        return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]

    seen: list[int] = []
    with threadpool_limits(2, "blas"):
        before = threads()
        assert 2 in before  # a library that was built for one thread stays at one
        for method in ("interior point", "double oracle", "complementary pivoting"):
            game = skew_game(uniform(60, 0))
            von_neumann_winner(game, method=method, callback=lambda _: seen.append(max(threads())))
        assert threads() == before
        with pytest.raises(ZeroDivisionError):
            von_neumann_winner(skew_game(uniform(60, 0)), callback=lambda _: 1 / 0)
        assert threads() == before
    assert len(seen) > 3 and set(seen) == {1}
