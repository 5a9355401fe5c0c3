"""Restarted primal–dual hybrid gradient: projection, single steps, restarts, norms, and what it solves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog
from scipy.special import expit

from solvers.games.first_order.loop import Seen
from solvers.games.first_order.norms import largest_payoff, spectral_norm
from solvers.games.first_order.primal_dual import onto_simplex, restarted_primal_dual
from solvers.games.first_order.regret_matching import Player, increasing, on_sphere
from solvers.games.game import PreferenceGame, exploitability, game_of, skew_game
from solvers.games.payoffs import Dense, Factored

ROTATION = np.array([[0.0, 1.0], [-1.0, 0.0]])


def uniform_game(n: int, seed: int) -> PreferenceGame:
    P = np.triu(np.random.default_rng(seed).uniform(size=(n, n)), 1)
    return PreferenceGame(P + np.tril(1 - P.T, -1) + np.eye(n) / 2)


def low_rank_game(n: int, seed: int) -> PreferenceGame:
    """Rank 8 within the logistic curve, with Bradley–Terry scores: what preference models learn."""
    generator = np.random.default_rng(seed)
    factors, scores = generator.normal(size=(n, 8)), generator.normal(size=n)
    probabilities = expit(factors @ np.kron(np.eye(4), ROTATION) @ factors.T + (scores[:, None] - scores) / 2)
    return skew_game((probabilities - probabilities.T) / 2)


points = arrays(np.float64, st.integers(1, 9), elements=st.floats(-50, 50))


@settings(deadline=None)
@given(points)
def test_the_projection_is_the_nearest_distribution(point: np.ndarray) -> None:
    """The optimality condition ⟨v - x, z - x⟩ <= 0, for z in the corners of the simplex, and so for all z."""
    nearest = onto_simplex(point)
    assert (nearest >= 0).all() and nearest.sum() == pytest.approx(1, abs=1e-14)
    away = point - nearest
    assert (away - away @ nearest).max() <= 1e-12 * (1 + np.abs(point).max())
    np.testing.assert_allclose(onto_simplex(nearest), nearest, atol=1e-15)


@settings(deadline=None)
@given(points, st.floats(1e-6, 300))
def test_a_shift_onto_the_sphere_has_the_norm_that_was_asked_for(vector: np.ndarray, norm: float) -> None:
    shifted = on_sphere(vector, norm)
    assert np.linalg.norm(shifted) == pytest.approx(norm, rel=1e-7)
    left = shifted > 0
    shift = (vector - shifted)[left]
    np.testing.assert_allclose(shift, shift[0], atol=1e-12 * (norm + 50))  # one γ for all that is left,
    assert (vector[~left] <= shift[0] + 1e-12 * (norm + 50)).all()  # and below it lies what is not
    np.testing.assert_array_equal(on_sphere(vector, 0.0), 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10**6))
def test_increasing_regrets_never_shrink_and_bound_what_was_missed(size: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    player, missed, before = Player(np.zeros(size), np.full(size, 1 / size)), np.zeros(size), 0.0
    for t in range(60):
        gains = generator.normal(size=size) * (1 if t % 7 else 50)  # an opponent that predictions do not foresee
        missed += gains - gains @ player.policy
        player = increasing(player, gains)
        norm = float(np.linalg.norm(player.regrets))
        assert norm >= before * (1 - 1e-9)
        assert (player.regrets >= missed - 1e-9).all()
        assert player.policy.sum() == pytest.approx(1, abs=1e-12)
        before = norm


def test_fixed_steps_and_restarts_are_those_of_the_definition() -> None:
    game, eta, part = uniform_game(6, 1), 0.9, 0.5
    A = game.matrix
    x = y = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    pairs: list[tuple[np.ndarray, np.ndarray]] = []

    def duality_gap(pair: tuple[np.ndarray, np.ndarray]) -> float:
        return float((A @ pair[0]).max() + (A @ pair[1]).max())

    before, restarts, expected = duality_gap((x, y)), 0, []
    for _ in range(60):
        new = onto_simplex(x + eta * A @ y)
        y = onto_simplex(y - eta * A.T @ (2 * new - x))
        x = new
        pairs.append((x, y))
        average = (np.mean([p for p, _ in pairs], axis=0), np.mean([q for _, q in pairs], axis=0))
        better = (x, y) if duality_gap((x, y)) < duality_gap(average) else average
        expected.append(((x + y) / 2, (better[0] + better[1]) / 2))
        if duality_gap(better) <= part * before:
            before, pairs, restarts = duality_gap(better), [], restarts + 1
            x, y = better
    seen: list[Seen] = []
    restarted_primal_dual(
        game,
        [0.5, 0.1, 0.1, 0.1, 0.1, 0.1],
        iterations=60,
        step=eta,
        restart=part,
        tolerance=1e-300,
        callback=seen.append,
    )
    assert eta * np.linalg.norm(A, 2) < 1 and restarts >= 3
    for s, (last, mean) in zip(seen, expected, strict=True):
        np.testing.assert_allclose(s.last, last, atol=1e-12)
        np.testing.assert_allclose(s.average, mean, atol=1e-12)


@pytest.mark.parametrize("size, seed", [(2, 0), (10, 1), (40, 2), (101, 3)])
def test_random_games_are_solved_with_adaptive_and_with_fixed_steps(size: int, seed: int) -> None:
    game = uniform_game(size, seed)
    adaptive = restarted_primal_dual(game, tolerance=1e-8)
    fixed = restarted_primal_dual(game, step=0.9 / np.linalg.norm(game.matrix, 2), tolerance=1e-6)
    for found, tolerance in ((adaptive, 1e-8), (fixed, 1e-6)):
        assert found.converged and found.gap == exploitability(game, found.policy) <= tolerance
    program = linprog(
        np.append(np.zeros(size), 1),
        A_ub=np.column_stack([game.matrix, -np.ones(size)]),
        b_ub=np.zeros(size),
        A_eq=np.append(np.ones(size), 0)[None],
        b_eq=[1],
        bounds=[(0, None)] * size + [(None, None)],
    )
    np.testing.assert_allclose(adaptive.policy, program.x[:size], atol=1e-5)  # the equilibrium is unique


def test_the_gap_falls_linearly() -> None:
    """A ten times longer run wins several digits, where 1/T would win one."""
    found = restarted_primal_dual(uniform_game(20, 4), iterations=4000, tolerance=1e-14)
    assert found.gap < 1e-13
    first = int(np.argmax(found.history < 1e-5))
    assert int(np.argmax(found.history < 1e-10)) < 6 * first


def test_low_rank_games_need_adaptive_steps() -> None:
    game = low_rank_game(150, 0)
    adaptive = restarted_primal_dual(game, iterations=3000, tolerance=1e-6)
    fixed = restarted_primal_dual(game, iterations=3000, tolerance=1e-6, step=0.99 / np.linalg.norm(game.matrix, 2))
    assert adaptive.converged and not fixed.converged
    assert fixed.gap > 20 * adaptive.gap


@pytest.mark.parametrize("size", [1, 3, 150, 230])
def test_norms_bound_the_payoffs(size: int) -> None:
    generator = np.random.default_rng(size)
    game = uniform_game(size, size)
    exact = float(np.linalg.norm(game.matrix, 2))
    assert spectral_norm(game.payoffs) == pytest.approx(exact, rel=1e-3)
    assert largest_payoff(game.payoffs) == np.abs(game.matrix).max()
    factors = generator.normal(size=(size, 2))
    linear, logistic = Factored(factors, ROTATION, "identity"), Factored(3 * factors, ROTATION, "logistic")
    for factored in (linear, logistic):
        assert largest_payoff(factored) >= np.abs(factored.dense()).max()
        assert spectral_norm(factored) == pytest.approx(float(np.linalg.norm(factored.dense(), 2)), rel=1e-3, abs=1e-12)
    assert largest_payoff(logistic) <= 0.5
    assert spectral_norm(Dense(np.zeros((size, size)))) == 0


@pytest.mark.parametrize("size", [5, 230])
@pytest.mark.parametrize("scale", [1e-180, 1e200])
def test_norms_of_payoffs_whose_squares_are_no_floats(
    size: int, scale: float, capfd: pytest.CaptureFixture[str]
) -> None:
    game = uniform_game(size, 1)
    norm = spectral_norm(skew_game(scale * game.matrix).payoffs)
    assert norm == pytest.approx(scale * float(np.linalg.norm(game.matrix, 2)), rel=1e-3)
    if size == 5:
        found = restarted_primal_dual(skew_game(scale * game.matrix), tolerance=1e-6 * scale)
        assert found.converged
    assert capfd.readouterr() == ("", "")  # LAPACK complains on standard error


def test_a_large_factored_game_never_becomes_a_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions on a circle, each beating the half to its left: uniform is an equilibrium; A would be 3 GiB."""

    def refused(_: Factored) -> np.ndarray:
        raise AssertionError("multiplied out")

    monkeypatch.setattr(Factored, "dense", refused)
    angles = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    game = game_of(Factored(np.column_stack([np.cos(angles), np.sin(angles)]), ROTATION, "identity"))
    start = np.linspace(0.5, 1.5, 20_000) / 20_000
    found = restarted_primal_dual(game, start / start.sum(), iterations=200, tolerance=1e-8)
    assert found.converged


@pytest.mark.parametrize(
    "keywords, named",
    [
        ({"step": 10.0}, "step: step .* must be less than 1, got .* here"),
        ({"restart": 1.0}, "restart: must be less than 1"),
        ({"restart": 0}, "restart: must be positive"),
    ],
)
def test_bad_steps_are_named(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        restarted_primal_dual(uniform_game(4, 0), **keywords)


@pytest.mark.parametrize("game", [uniform_game(1001, 0), low_rank_game(1001, 0)], ids=["uniform", "low rank"])
def test_a_thousand_actions(game: PreferenceGame) -> None:
    found = restarted_primal_dual(game, tolerance=1e-6)
    assert found.converged and exploitability(game, found.policy) <= 1e-6
