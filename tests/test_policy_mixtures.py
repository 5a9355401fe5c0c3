"""Mixtures of policies and self-play against them: definitions in plain Python, theorems, and other solvers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult

from solvers.games.first_order.fictitious_play import fictitious_play
from solvers.games.first_order.loop import Seen
from solvers.games.first_order.policy_mixtures import (
    arithmetic_mixture,
    geometric_mixture,
    past_policy_mixture,
    policy_mixture,
)
from solvers.games.first_order.regret_matching import predictive_regret_matching_plus
from solvers.games.game import PreferenceGame, exploitability, skew_game
from solvers.games.payoffs import GameTooLarge
from solvers.games.second_order.newton import regularised_equilibrium


def uniform_game(n: int, seed: int) -> PreferenceGame:
    P = np.triu(np.random.default_rng(seed).uniform(size=(n, n)), 1)
    return PreferenceGame(P + np.tril(1 - P.T, -1) + np.eye(n) / 2)


def test_mixtures_are_those_of_their_definitions() -> None:
    policies = [[0.5, 0.25, 0.25], [0.1, 0.6, 0.3]]
    np.testing.assert_allclose(arithmetic_mixture(policies), [0.3, 0.425, 0.275], rtol=1e-15)
    np.testing.assert_allclose(arithmetic_mixture(policies, [0.75, 0.25]), [0.4, 0.3375, 0.2625], rtol=1e-15)
    product = np.array([0.5**0.75 * 0.1**0.25, 0.25**0.75 * 0.6**0.25, 0.25**0.75 * 0.3**0.25])
    np.testing.assert_allclose(geometric_mixture(policies, [0.75, 0.25]), product / product.sum(), rtol=1e-14)


def test_geometric_mixtures_keep_what_all_policies_allow() -> None:
    mixed = geometric_mixture([[0.5, 0.5, 0], [0, 0.5, 0.5], [0.2, 0.3, 0.5]])
    np.testing.assert_array_equal(mixed, [0, 1, 0])
    np.testing.assert_allclose(geometric_mixture([[0.5, 0.5, 0], [0, 0, 1]], [1, 0]), [0.5, 0.5, 0], rtol=1e-15)
    tiny = geometric_mixture([[1e-300, 1 - 1e-300], [1e-300, 1 - 1e-300]])
    assert tiny[0] == pytest.approx(1e-300, rel=1e-12)
    with pytest.raises(ValueError, match="no action has mass in all of them"):
        geometric_mixture([[1, 0], [0, 1]])


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 6), st.integers(1, 7), st.integers(0, 10**6))
def test_no_policy_beats_the_mixture_of_them(n: int, k: int, seed: int) -> None:
    game = uniform_game(n, seed)
    policies = np.random.default_rng(seed).dirichlet(np.full(n, 0.5), size=k)
    mixed = policy_mixture(policies, game)
    np.testing.assert_allclose(mixed.policy, mixed.weights @ policies, atol=1e-15)
    assert max(policy @ game.matrix @ mixed.policy for policy in policies) <= 1e-9
    assert mixed.meta_gap <= 2e-9 and mixed.gap == exploitability(game, mixed.policy)
    assert mixed.gap >= mixed.meta_gap - 1e-12


def test_the_mixture_of_all_actions_is_the_equilibrium() -> None:
    mixed = policy_mixture(np.eye(3), skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]]))
    np.testing.assert_allclose(mixed.policy, [3 / 7, 3 / 7, 1 / 7], atol=1e-12)
    assert mixed.gap <= 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_optimal_mixtures_end_with_an_equilibrium(seed: int) -> None:
    game = uniform_game(30, seed)
    seen: list[Seen] = []
    found = past_policy_mixture(game, tolerance=1e-9, callback=seen.append)
    assert found.converged and found.iterations <= 30
    responses = [int(s.last.argmax()) for s in seen]
    assert len(set(responses)) == len(responses)  # each is new, so there are no more than N
    other = predictive_regret_matching_plus(game, iterations=40_000, tolerance=1e-7, every=50)
    np.testing.assert_allclose(found.policy, other.policy, atol=1e-3)  # the equilibrium is unique
    before = np.full(30, 1 / 30)
    for s in seen:  # each is a best response to the mixture before it
        assert s.last @ game.advantages(before) == game.advantages(before).max()
        assert s.average is not None
        before = s.average


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_optimal_mixtures_do_not_depend_on_the_scale_of_payoffs(scale: float) -> None:
    game = uniform_game(12, 1)
    found = past_policy_mixture(skew_game(scale * game.matrix), tolerance=1e-9 * scale)
    assert found.converged
    np.testing.assert_allclose(found.policy, past_policy_mixture(game, tolerance=1e-9).policy, atol=1e-8)


def test_uniform_mixtures_are_fictitious_play() -> None:
    game = uniform_game(8, 3)
    found = past_policy_mixture(game, iterations=300, weights="uniform", tolerance=1e-300)
    np.testing.assert_allclose(found.policy, fictitious_play(game, iterations=300, tolerance=1e-300).policy, atol=1e-12)


@pytest.mark.parametrize("tau", [0.2, 1.0])
def test_regularised_responses_lead_to_the_regularised_equilibrium(tau: float) -> None:
    game = uniform_game(7, 5)
    mu = np.random.default_rng(5).dirichlet(np.ones(7))
    found = past_policy_mixture(game, mu, tau, 5000, tolerance=1e-7)
    assert found.converged and found.gap == exploitability(game, found.policy, reference=mu, tau=tau)
    np.testing.assert_allclose(found.policy, regularised_equilibrium(game, mu, tau).policy, atol=2e-3)
    first = past_policy_mixture(game, mu, tau, 1, tolerance=1e-300)
    response = mu * np.exp(game.matrix @ mu / tau)
    np.testing.assert_allclose(first.policy, (mu + response / response.sum()) / 2, rtol=1e-13)


BAD_POLICIES: list[tuple[Any, str]] = [
    ([], "policies: have shape"),
    ([0.5, 0.5], "policies: have shape"),
    ([[0.5, 0.5], [0.7, 0.7]], r"policies\[1\]: sums to 1.4"),
    ([[0.5, 0.5], [np.nan, 0.5]], r"policies\[1\]: the probability of action 0"),
    ([[0.5, 0.5], [1.0]], "policies must be rectangular"),
]


@pytest.mark.parametrize("policies, named", BAD_POLICIES)
def test_what_is_no_policy_is_named(policies: Any, named: str) -> None:
    for mix in (arithmetic_mixture, geometric_mixture):
        with pytest.raises(ValueError, match=named):
            mix(policies)
    with pytest.raises(ValueError, match=named):
        policy_mixture(policies, uniform_game(2, 0))


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="weights: sums to"):
        arithmetic_mixture([[1, 0], [0, 1]], [1, 0.5])
    with pytest.raises(ValueError, match="policies: have 2 probabilities, the game has 3 actions"):
        policy_mixture([[1, 0]], uniform_game(3, 0))
    matrix: Any = uniform_game(2, 0).preferences
    with pytest.raises(TypeError, match="game must be a PreferenceGame, got ndarray"):
        policy_mixture([[1, 0]], matrix)
    best: Any = "best"
    with pytest.raises(ValueError, match="weights: must be 'optimal' or 'uniform', got 'best'"):
        past_policy_mixture(uniform_game(3, 0), weights=best)
    with pytest.raises(ValueError, match="with tau > 0 take 'uniform'"):
        past_policy_mixture(uniform_game(3, 0), None, 0.1, weights="optimal")


def test_a_linear_program_that_failed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = OptimizeResult(status=4, message="numerical difficulties")
    monkeypatch.setattr("solvers.games.first_order.policy_mixtures.linprog", lambda *_, **__: failed)
    for solve in (lambda game: policy_mixture([[1, 0]], game), past_policy_mixture):
        with pytest.raises(RuntimeError, match=r"HiGHS did not solve .*numerical difficulties"):
            solve(uniform_game(2, 0))


def test_policies_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    game = uniform_game(30, 0)
    monkeypatch.setattr("os.sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else 2)
    with pytest.raises(GameTooLarge, match="31 policies of 30 actions"):
        past_policy_mixture(game)
