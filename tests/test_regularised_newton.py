"""Newton's method for regularised games, against closed forms, a convex solver and the judge, on easy and hard ones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, softmax

from solvers.games.building.generators import random_low_rank_game, random_tournament, random_uniform_game
from solvers.games.divergences import log_divergence
from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, exploitability, game_of, skew_game
from solvers.games.payoffs import Factored, GameTooLarge
from solvers.games.second_order.newton import regularised_equilibrium

Array = NDArray[np.float64]

KINDS = {
    "uniform": random_uniform_game,
    "tournament": random_tournament,
    "low rank": lambda size, generator: random_low_rank_game(size, 8, generator),
}
PERTURBED = skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]])  # Sokota et al. 2023


def drawn(size: int, generator: np.random.Generator) -> Array:
    """A reference as in EGPO's experiments: the softmax of a standard normal."""
    return np.asarray(softmax(generator.standard_normal(size)))


def symplectic(size: int, rank: int, generator: np.random.Generator) -> PreferenceGame:
    """A game of N × rank factors and the identity as link, its payoffs at most 1/2."""
    factors = generator.standard_normal((size, rank))
    form = np.kron(np.eye(rank // 2), [[0.0, 1.0], [-1.0, 0.0]])
    return game_of(Factored(factors, form / (2 * (factors**2).sum(1).max()), "identity"))


def certified(game: PreferenceGame, reference: Any, tau: float, most: int = 45) -> Equilibrium:
    """The equilibrium, and what is promised of it."""
    found = regularised_equilibrium(game, reference, tau)
    mu = np.full(game.size, 1 / game.size) if reference is None else reference
    assert found.converged and not found.reason, found
    assert found.gap == exploitability(game, found.policy, reference=mu, tau=tau) <= 1e-12
    assert found.iterations == len(found.history) <= most, found
    return found


def by_convex_programming(game: PreferenceGame, reference: Array, tau: float) -> Array:
    """The policy of least regularised gap, which is convex in the policy, by an interior-point solver."""
    policy = cp.Variable(game.size)
    soft = cp.log_sum_exp(game.matrix @ policy / tau + np.log(reference))
    gap = soft + cp.sum(cp.rel_entr(policy, reference))
    cp.Problem(cp.Minimize(gap), [cp.sum(policy) == 1]).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11
    )
    return np.asarray(policy.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 5, 10, 20, 101])
@pytest.mark.parametrize("tau", [10, 1, 0.1, 0.01, 1e-3, 1e-4])
def test_gap_within_45_factorisations(kind: str, size: int, tau: float) -> None:
    for seed in range(4):
        generator = np.random.default_rng([seed, size])
        game = KINDS[kind](size, generator)
        certified(game, drawn(size, generator), tau)
        certified(game, None, tau)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tau", [0.1, 0.01, 1e-3, 1e-4])
def test_a_thousand_actions_and_many_small_games(kind: str, tau: float) -> None:
    generator = np.random.default_rng(0)
    for _ in range(3):
        certified(KINDS[kind](1001, generator), drawn(1001, generator), tau)
    for size in range(2, 60):
        for _ in range(3):
            certified(KINDS[kind](size, generator), drawn(size, generator), tau)


@pytest.mark.parametrize(("tau", "measured"), [(0.1, 13), (0.01, 25), (0.001, 34)])
def test_ten_games_of_egpo(tau: float, measured: int) -> None:
    """Not more factorisations than a plain homotopy needed, in any of them."""
    for seed in range(10):
        generator = np.random.default_rng(seed)
        game = random_uniform_game(10, generator)
        certified(game, drawn(10, generator), tau, measured)


@pytest.mark.parametrize("tau", [2.0, 0.3, 0.1])
@pytest.mark.parametrize("size", [3, 4, 5])
def test_against_convex_programming(size: int, tau: float) -> None:
    generator = np.random.default_rng(size)
    for game in (random_uniform_game(size, generator), random_tournament(size, generator)):
        mu = drawn(size, generator)
        assert certified(game, mu, tau).policy == pytest.approx(by_convex_programming(game, mu, tau), abs=2e-6)


def test_payoffs_beyond_probabilities() -> None:
    mu = np.array([0.5, 0.2, 0.3])
    found = certified(PERTURBED, mu, 0.5)
    assert found.policy == pytest.approx(by_convex_programming(PERTURBED, mu, 0.5), abs=2e-6)
    certified(PERTURBED, None, 1e-4)


@pytest.mark.parametrize("tau", [100.0, 1.0, 0.05, 1e-3])
def test_two_actions_in_closed_form(tau: float) -> None:
    """z₁ - z₂ = log(μ₁/μ₂) + a/τ, whatever the policy, as A p differs between the two actions by a (p₁ + p₂)."""
    game = PreferenceGame([[0.5, 0.6], [0.4, 0.5]])
    found = certified(game, np.array([0.1, 0.9]), tau)
    assert found.policy == pytest.approx([(s := expit(np.log(1 / 9) + 0.1 / tau)), 1 - s], abs=1e-13)


@pytest.mark.parametrize("tau", [10.0, 1.0, 0.1, 0.01])
def test_a_reward_in_closed_form(tau: float) -> None:
    """A = (r - r')/2: the answer is RLHF's, π ∝ μ exp(r/2τ); dense, and by factors."""
    generator = np.random.default_rng(3)
    r, mu = generator.uniform(-0.5, 0.5, 40), drawn(40, generator)
    expected = softmax(np.log(mu) + r / (2 * tau))
    dense = skew_game((r[:, None] - r) / 2)
    factored = game_of(Factored(np.stack([r, np.ones(40)], 1), np.array([[0, 0.5], [-0.5, 0]]), "identity"))
    for game in (dense, factored):
        np.testing.assert_allclose(certified(game, mu, tau).policy, expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("tau", [1.0, 0.01, 1e-3])
def test_the_fixed_point_to_rounding(tau: float) -> None:
    """The gap is quadratic in the error; the policy itself is polished until log π = log μ + Aπ/τ + constant."""
    generator = np.random.default_rng(4)
    game, mu = random_uniform_game(30, generator), drawn(30, generator)
    pi = certified(game, mu, tau).policy
    np.testing.assert_allclose(pi, softmax(np.log(mu) + game.matrix @ pi / tau), rtol=1e-9)


@pytest.mark.parametrize("tau", [1.0, 0.01, 1e-3, 1e-4])
def test_factors_or_a_matrix(tau: float) -> None:
    generator = np.random.default_rng(5)
    game = symplectic(60, 8, generator)
    mu = drawn(60, generator)
    by_factors, by_matrix = certified(game, mu, tau), certified(skew_game(game.matrix), mu, tau)
    np.testing.assert_allclose(by_factors.policy, by_matrix.policy, rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("size", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_million_actions_by_factors(size: int) -> None:
    game = symplectic(size, 8, np.random.default_rng(6))
    assert certified(game, None, 1e-3).policy.shape == (size,)


def test_a_logistic_link_needs_the_matrix() -> None:
    with pytest.raises(GameTooLarge):
        regularised_equilibrium(random_low_rank_game(1_000_000, 8, np.random.default_rng(6)), None, 0.1)


def test_clones_share_what_one_would_get() -> None:
    generator = np.random.default_rng(7)
    game, mu = random_uniform_game(6, generator), drawn(6, generator)
    copies = np.array([0, 1, 1, 2, 2, 2, 3, 4, 5])
    share = np.array([1, 0.25, 0.75, 0.2, 0.3, 0.5, 1, 1, 1])
    cloned = certified(skew_game(game.matrix[np.ix_(copies, copies)]), mu[copies] * share, 0.01)
    np.testing.assert_allclose(cloned.policy, certified(game, mu, 0.01).policy[copies] * share, rtol=1e-8, atol=1e-14)


def test_games_without_a_contest() -> None:
    mu = np.array([0.2, 0.3, 0.5])
    for tau in (10, 1e-4):
        found = certified(PreferenceGame(np.full((3, 3), 0.5)), mu, tau)
        assert found.policy == pytest.approx(mu, abs=1e-15) and found.iterations == 0
        assert certified(PreferenceGame([[0.5]]), None, tau).policy == [1.0]
    sure = skew_game(np.sign(np.subtract.outer(np.arange(9)[::-1], np.arange(9)[::-1])) / 2)  # 0 beats 1 beats 2 …
    found = certified(sure, np.r_[1e-10, np.full(8, (1 - 1e-10) / 8)], 1e-4)
    assert found.policy == pytest.approx(np.eye(9)[0], abs=1e-15)


def test_exact_games_and_references_near_zero() -> None:
    third = Fraction(1, 3)
    game = PreferenceGame([["1/2", third, 1], [2 * third, "1/2", 0], [0, 1, "1/2"]])
    certified(game, [1 - 2e-12, 1e-12, 1e-12], 1e-4)
    certified(game, np.array([1.0, 1e-300, 5e-324]), 0.01)


def test_same_answer_each_time() -> None:
    generator = np.random.default_rng(8)
    game, mu = random_tournament(25, generator), drawn(25, generator)
    first, second = (regularised_equilibrium(game, mu, 1e-3) for _ in range(2))
    assert first.policy.tobytes() == second.policy.tobytes() and first.iterations == second.iterations


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-300, 2.0**300, 2.0**900, 2.0**990])
def test_the_scale_of_payoffs_and_tau_does_not_matter(scale: float) -> None:
    """Powers of two are exact, and so are the answers."""
    generator = np.random.default_rng(0)
    for tau in (0.1, 0.001):
        games = [(random_uniform_game(7, generator), symplectic(30, 2, generator))]
        games += [(skew_game(a.matrix * scale), low_rank_of(b, scale)) for a, b in games]
        for plain, scaled in zip(*games, strict=True):
            expected = regularised_equilibrium(plain, None, tau)
            found = regularised_equilibrium(scaled, None, tau * scale, tolerance=1e-12 * scale)
            assert expected.converged and found.converged, found
            assert np.abs(found.policy - expected.policy).max() < 1e-13
            assert np.allclose(found.history, expected.history * scale, rtol=1e-6, atol=1e-14 * scale)


def low_rank_of(game: PreferenceGame, scale: float) -> PreferenceGame:
    """The game with payoffs that are as large, by its factors."""
    assert isinstance(game.payoffs, Factored)
    return game_of(Factored(game.payoffs.factors * scale**0.5, game.payoffs.skew, "identity"))


@pytest.mark.filterwarnings("error")
def test_a_tau_that_dwarfs_all_payoffs_leaves_the_reference() -> None:
    mu = drawn(3, np.random.default_rng(0))
    for tau in (1e300, 1.7e308):
        found = regularised_equilibrium(PERTURBED, mu, tau)
        assert found.converged and np.abs(found.policy - mu).max() < 1e-15


def test_an_unfinished_run_says_so() -> None:
    game = random_uniform_game(10, np.random.default_rng(9))
    found = regularised_equilibrium(game, None, 1e-4, iterations=3)
    assert not found.converged and found.iterations == 3 and "3 factorisations" in found.reason
    assert found.gap == exploitability(game, found.policy, reference=np.full(10, 0.1), tau=1e-4) > 1e-12
    huge = regularised_equilibrium(skew_game(1e150 * game.matrix), None, 0.1)
    assert not huge.converged and "rounding" in huge.reason


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "says"),
    [
        ((None, 0), {}, ValueError, "tau"),
        ((None, -1.0), {}, ValueError, "tau"),
        ((None, np.nan), {}, ValueError, "tau"),
        ((None, np.inf), {}, ValueError, "tau"),
        ((None, 1e-310), {}, ValueError, "von_neumann_winner"),
        ((None, "soft"), {}, TypeError, "tau"),
        (([0.5, 0.5, 0], 0.1), {}, ValueError, "reference.*no mass"),
        (([0.5, 0.5], 0.1), {}, ValueError, "reference"),
        (([0.5, 0.6, 0.1], 0.1), {}, ValueError, "reference"),
        (([np.nan, 0.5, 0.5], 0.1), {}, ValueError, "reference"),
        ((None, 0.1), {"tolerance": 0}, ValueError, "tolerance"),
        ((None, 0.1), {"iterations": 0}, ValueError, "iterations"),
        ((None, 0.1), {"iterations": 1.5}, TypeError, "iterations"),
    ],
)
def test_bad_arguments(arguments: tuple[Any, Any], keywords: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        regularised_equilibrium(PERTURBED, *arguments, **keywords)


def test_divergence_keeps_its_digits() -> None:
    """Where p and q agree to ten digits, half the χ² distance is right to all that matter; far off, the definition."""
    generator = np.random.default_rng(10)
    p = log_softmax(generator.standard_normal(50))
    e = generator.standard_normal(50) * 1e-10
    q = log_softmax(p + e)
    assert log_divergence(p, q) == pytest.approx(float(np.exp(p) @ (e - np.exp(p) @ e) ** 2) / 2, rel=1e-4)
    far = log_softmax(40 * generator.standard_normal(50))
    assert log_divergence(p, far) == pytest.approx(float(np.exp(p) @ (p - far)), rel=1e-12)
    assert log_divergence(log_softmax([0.0, -2000.0]), log_softmax([-2000.0, 0.0])) == pytest.approx(2000)
