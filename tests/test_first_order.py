"""First-order methods of the original game against plain implementations, theorems, and known equilibria."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pyspiel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_spiel.python.algorithms import cfr
from open_spiel.python.algorithms.exploitability import nash_conv

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.fictitious_play import fictitious_play
from solvers.games.first_order.loop import Iterate, Seen, run
from solvers.games.first_order.mirror_descent import mirror_descent
from solvers.games.first_order.multiplicative_weights import multiplicative_weights
from solvers.games.first_order.optimistic_multiplicative_weights import optimistic_multiplicative_weights
from solvers.games.first_order.policy_mixtures import past_policy_mixture
from solvers.games.first_order.primal_dual import restarted_primal_dual
from solvers.games.first_order.regret_matching import (
    Observe,
    Player,
    increasing,
    increasing_predictive_regret_matching_plus,
    plain,
    predictive_regret_matching_plus,
    regret_matching_plus,
)
from solvers.games.game import PreferenceGame, exploitability, game_of, skew_game
from solvers.games.payoffs import Factored
from solvers.games.second_order.newton import regularised_equilibrium

Method = Callable[..., Equilibrium]

COMAL = PreferenceGame([[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])
FAST = [
    optimistic_multiplicative_weights,
    predictive_regret_matching_plus,
    increasing_predictive_regret_matching_plus,
    restarted_primal_dual,
    past_policy_mixture,
]
SLOW = [multiplicative_weights, regret_matching_plus, fictitious_play]
METHODS = FAST + SLOW
ORIGINAL_ONLY = [method for method in METHODS if method not in (optimistic_multiplicative_weights, past_policy_mixture)]


def uniform_game(n: int, seed: int) -> PreferenceGame:
    P = np.triu(np.random.default_rng(seed).uniform(size=(n, n)), 1)
    return PreferenceGame(P + np.tril(1 - P.T, -1) + np.eye(n) / 2)


# -- known equilibria, one table for all methods ----------------------------------------------------------------------

DICE = [["1/2", "5/9", "4/9"], ["4/9", "1/2", "5/9"], ["5/9", "4/9", "1/2"]]
# NLHF, section 3.2, ε = 1/10: y2 ≻ y1 for a share 1/3 - ε, y1 ≻ y3 and y3 ≻ y2 for 1/3 + ε/2 each, otherwise ties
THREE_TYPES = [["1/2", "23/60", "83/120"], ["37/60", "1/2", "37/120"], ["37/120", "83/120", "1/2"]]
KNOWN: list[tuple[str, PreferenceGame, list[float]]] = [
    ("dice", PreferenceGame(DICE), [1 / 3, 1 / 3, 1 / 3]),
    ("NLHF's three types", PreferenceGame(THREE_TYPES), [1 / 3 + 0.05, 1 / 3 + 0.05, 1 / 3 - 0.1]),
    ("COMAL", COMAL, [4 / 11, 3 / 11, 4 / 11]),
    ("perturbed rock-paper-scissors", skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]]), [3 / 7, 3 / 7, 1 / 7]),
    ("one action", PreferenceGame([[0.5]]), [1.0]),
    ("a Condorcet winner", PreferenceGame([[0.5, 0.2, 0.4], [0.8, 0.5, 0.3], [0.6, 0.7, 0.5]]), [0, 0, 1]),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name, game, known", KNOWN, ids=[name for name, _, _ in KNOWN])
def test_the_unique_equilibrium_is_found(method: Method, name: str, game: PreferenceGame, known: list[float]) -> None:
    tolerance = 1e-7 if method in FAST else 2e-2
    found = method(game, [0.2, 0.5, 0.3] if game.size == 3 else None, iterations=40_000, tolerance=tolerance)
    assert found.converged and not found.reason
    assert found.gap <= tolerance and found.gap == exploitability(game, found.policy)
    assert found.policy.sum() == pytest.approx(1, abs=1e-12) and (found.policy >= 0).all()
    np.testing.assert_allclose(found.policy, known, atol=20 * tolerance / np.abs(game.matrix).max(initial=0.1))


@pytest.mark.parametrize("method", METHODS)
def test_an_equilibrium_to_begin_with_is_kept(method: Method) -> None:
    ties = PreferenceGame(np.full((4, 4), 0.5))
    found = method(ties, [0.1, 0.2, 0.3, 0.4], tolerance=1e-12)
    assert found.converged and found.iterations == 1 and found.gap == 0
    if method not in (fictitious_play, past_policy_mixture):  # those play a pure best response at once
        np.testing.assert_allclose(found.policy, [0.1, 0.2, 0.3, 0.4], rtol=1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_clones_share_the_mass_and_certain_preferences_are_no_obstacle(method: Method) -> None:
    """Rock, paper, scissors, scissors with probabilities 0 and 1."""
    P = [[0.5, 0, 1, 1], [1, 0.5, 0, 0], [0, 1, 0.5, 0.5], [0, 1, 0.5, 0.5]]
    tolerance = 1e-6 if method in FAST else 2e-2
    found = method(PreferenceGame(P), iterations=40_000, tolerance=tolerance)
    assert found.converged
    mass = [found.policy[0], found.policy[1], found.policy[2:].sum()]
    np.testing.assert_allclose(mass, 1 / 3, atol=4 * tolerance)


@pytest.mark.parametrize("method", [method for method in FAST if method is not optimistic_multiplicative_weights])
@pytest.mark.parametrize("size", [10, 51])
def test_random_games_are_solved_to_a_certified_gap(method: Method, size: int) -> None:
    for seed in range(3):
        game = uniform_game(size, seed)
        found = method(game, iterations=60_000, tolerance=1e-5, every=10)
        assert found.converged and exploitability(game, found.policy) <= 1e-5


@pytest.mark.parametrize("seed", range(3))
def test_optimistic_averages_obey_their_theorem_where_the_last_iterate_is_slow(seed: int) -> None:
    """With the default step, 1/(4 a) for τ = 0, constant: the average's gap is at most 2 log N / (η T) for every T.

    [Syrgkanis et al. 2015, Proposition 5, in self-play]; adaptive steps do better, by their average and by the last.
    """
    game = uniform_game(51, seed)
    eta = 1 / (4 * float(np.abs(game.matrix).max()))
    keywords: dict[str, Any] = {"iterations": 20_000, "tolerance": 1e-300, "every": 10}
    constant = optimistic_multiplicative_weights(game, adaptive=False, **keywords)
    assert constant.average_history is not None and constant.average is not None
    T = np.arange(1, constant.iterations + 1)
    seen = np.isfinite(constant.average_history)
    assert seen.sum() == 2000 and (constant.average_history <= 2 * np.log(51) / (eta * T))[seen].all()
    assert constant.average_gap == exploitability(game, constant.average)
    same = optimistic_multiplicative_weights(game, adaptive=False, step=eta, **keywords)
    np.testing.assert_array_equal(same.policy, constant.policy)
    adaptive = optimistic_multiplicative_weights(game, **keywords)
    assert adaptive.average is not None
    assert adaptive.average_gap == exploitability(game, adaptive.average) < min(1e-4, constant.average_gap / 4)
    assert adaptive.last_gap < min(2e-3, constant.last_gap / 4)


# -- one step at a time, against plain implementations ----------------------------------------------------------------


def rational_game(n: int, seed: int) -> list[list[Fraction]]:
    generator = np.random.default_rng(seed)
    P = [[Fraction(1, 2)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            P[i][j] = Fraction(int(generator.integers(0, 7)), 6)
            P[j][i] = 1 - P[i][j]
    return P


def rational_matching(P: list[list[Fraction]], iterations: int, predictive: bool) -> tuple[list[Fraction], list[Any]]:
    """RM⁺ and PRM⁺, alternating with quadratic averaging, straight from their definitions and in rationals."""
    n = len(P)
    policies = [[Fraction(1, n)] * n for _ in range(2)]
    regrets = [[Fraction(0)] * n for _ in range(2)]
    total, weight = [Fraction(0)] * n, 0
    for t in range(1, iterations + 1):
        answered = policies[1]
        for player in range(2):
            other = policies[1 - player]
            gains = [sum(((P[i][j] - Fraction(1, 2)) * other[j] for j in range(n)), Fraction(0)) for i in range(n)]
            value = sum(x * g for x, g in zip(policies[player], gains, strict=True))
            regrets[player] = [max(r + g - value, Fraction(0)) for r, g in zip(regrets[player], gains, strict=True)]
            play = regrets[player]
            if predictive:
                play = [max(r + g - value, Fraction(0)) for r, g in zip(regrets[player], gains, strict=True)]
            if sum(play):
                policies[player] = [p / sum(play) for p in play]
        total = [a + t * t * (x + y) for a, x, y in zip(total, policies[0], answered, strict=True)]
        weight += 2 * t * t
    return [a / weight for a in total], policies


@pytest.mark.parametrize("predictive", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_regret_matching_takes_the_steps_of_its_definition(predictive: bool, seed: int) -> None:
    P = rational_game(4, seed)
    method: Method = predictive_regret_matching_plus if predictive else regret_matching_plus
    average, policies = rational_matching(P, 7, predictive)
    found = method(PreferenceGame(P), iterations=7, tolerance=1e-300)
    assert found.average is not None and found.last is not None
    np.testing.assert_allclose(found.average, [float(a) for a in average], atol=1e-13)
    np.testing.assert_allclose(found.last, [float((x + y) / 2) for x, y in zip(*policies, strict=True)], atol=1e-13)


def test_fictitious_play_breaks_ties_by_number_as_in_rationals() -> None:
    """Thirds are no floats, yet in halves and from one action every tie is exact: rock, paper, scissors, clones."""
    A = [[0, -1, 1, 1], [1, 0, -1, -1], [-1, 1, 0, 0], [-1, 1, 0, 0]]
    plays, responses = [Fraction(1, 4)] * 4, []
    for _ in range(1, 60):
        gains = [sum(a * p for a, p in zip(row, plays, strict=True)) for row in A]
        responses.append(gains.index(max(gains)))
        plays[responses[-1]] += 1
    seen: list[Seen] = []
    found = fictitious_play(skew_game(A), iterations=59, tolerance=1e-300, callback=seen.append)
    assert [int(s.last.argmax()) for s in seen] == responses and len(set(responses)) == 3
    np.testing.assert_allclose(found.policy, [float(p / 60) for p in plays], atol=1e-15)


def test_multiplicative_weights_multiplies_weights_and_is_mirror_descent_without_a_magnet() -> None:
    game, eta = uniform_game(6, 3), 0.7
    weights = np.array([0.1, 0.2, 0.3, 0.15, 0.15, 0.1])
    start, played = weights.copy(), []
    for _ in range(9):
        policy = weights / weights.sum()
        played.append(policy)
        weights = weights * np.exp(eta * (game.preferences @ policy))  # P or A: the same but for a factor
    found = multiplicative_weights(game, start, iterations=9, step=eta, tolerance=1e-300)
    assert found.last is not None
    np.testing.assert_allclose(found.last, weights / weights.sum(), rtol=1e-13)
    np.testing.assert_allclose(found.policy, np.mean(played, axis=0), rtol=1e-13)
    magnet = mirror_descent(game, start, 1e-12, 9, step=eta, tolerance=1e-300)
    np.testing.assert_allclose(found.last, magnet.policy, rtol=1e-9)


@pytest.mark.parametrize("tau", [0.0, 0.3])
def test_optimistic_steps_are_those_of_the_method_of_two_sequences(tau: float) -> None:
    game, eta = uniform_game(6, 4), 0.4
    mu = np.array([0.1, 0.2, 0.3, 0.15, 0.15, 0.1])

    def step(base: np.ndarray, at: np.ndarray) -> np.ndarray:
        new = base ** (1 - eta * tau) * mu ** (eta * tau) * np.exp(eta * (game.preferences @ at))
        return np.asarray(new / new.sum())

    base = middle = mu
    middles = []
    for _ in range(8):
        middle = step(base, middle)
        base = step(base, middle)
        middles.append(middle)
    seen: list[Seen] = []
    optimistic_multiplicative_weights(
        game, mu, tau, 8, step=eta, adaptive=False, tolerance=1e-300, callback=seen.append
    )
    for s, expected in zip(seen, middles, strict=True):
        np.testing.assert_allclose(s.last, expected, rtol=1e-12)
    if not tau:  # z⁺ = z + η (2g_t - g_{t-1})
        z, before = np.log(middles[0]), game.matrix @ mu
        for expected in middles[1:]:
            now = game.matrix @ (np.exp(z) / np.exp(z).sum())
            z, before = z + eta * (2 * now - before), now
            np.testing.assert_allclose(np.exp(z) / np.exp(z).sum(), expected, rtol=1e-12)


def test_regrets_agree_with_those_of_open_spiel() -> None:
    game = uniform_game(5, 8)
    turns = pyspiel.convert_to_turn_based(pyspiel.create_matrix_game(game.matrix, -game.matrix))
    solver = cfr.CFRPlusSolver(turns)
    for _ in range(25):
        solver.evaluate_and_update_policy()
    x, y = solver.current_policy().action_probability_array
    found = regret_matching_plus(game, iterations=25, tolerance=1e-300)
    assert found.last is not None
    np.testing.assert_allclose(found.last, (x + y) / 2, atol=1e-12)
    table = solver.current_policy()
    table.action_probability_array[:] = found.policy
    assert nash_conv(turns, table) == pytest.approx(found.gap, abs=1e-12)


# -- theorems, for every T --------------------------------------------------------------------------------------------

small_games = st.builds(uniform_game, st.integers(2, 8), st.integers(0, 10**6))


@settings(max_examples=25, deadline=None)
@given(small_games, st.floats(0.01, 5), st.integers(0, 10**6))
def test_the_average_of_multiplicative_weights_obeys_its_theorem(game: PreferenceGame, eta: float, seed: int) -> None:
    mu = np.random.default_rng(seed).dirichlet(np.ones(game.size)) * 0.9 + 0.1 / game.size
    found = multiplicative_weights(game, mu, iterations=200, step=eta, tolerance=1e-300)
    T = np.arange(1, found.iterations + 1)
    bound = 2 * (np.log(1 / mu.min()) / (eta * T) + eta * np.abs(game.matrix).max() ** 2 / 2)
    assert (found.history <= bound + 1e-12).all()


def test_the_default_step_of_multiplicative_weights_brings_the_bound_to_its_least() -> None:
    game = uniform_game(7, 0)
    largest = np.abs(game.matrix).max()
    found = multiplicative_weights(game, iterations=500, tolerance=1e-300)
    assert found.gap <= 2 * largest * math.sqrt(2 * math.log(7) / 500)
    same = multiplicative_weights(
        game, iterations=500, tolerance=1e-300, step=math.sqrt(2 * math.log(7) / 500) / largest
    )
    np.testing.assert_allclose(found.policy, same.policy, rtol=1e-12)


def test_the_last_iterate_of_multiplicative_weights_diverges_and_the_average_does_not() -> None:
    seen: list[Seen] = []
    found = multiplicative_weights(
        COMAL, [0.4, 0.25, 0.35], iterations=8000, step=0.1, tolerance=1e-9, callback=seen.append
    )
    gaps = np.array([s.last_gap for s in seen]).reshape(8, 1000).max(axis=1)
    assert (np.diff(gaps) > 0).all() and gaps[-1] > 4 * gaps[0]
    assert not found.converged and "not within 1e-09" in found.reason
    assert found.gap < 2e-3 and found.average_gap == found.gap and found.last_gap == pytest.approx(seen[-1].last_gap)
    assert found.last is not None and exploitability(COMAL, found.last) == found.last_gap


@pytest.mark.parametrize("observe, factor", [(plain, 1.0), (increasing, 5.0)])
@settings(max_examples=15, deadline=None)
@given(small_games, st.integers(0, 10**6))
def test_regrets_obey_their_bounds(observe: Observe, factor: float, game: PreferenceGame, seed: int) -> None:
    """‖R_T‖² <= a² N T (RM⁺) and 5 a² N T (increasing) in self-play, four times RM⁺'s when two players alternate."""
    most = np.abs(game.matrix).max() ** 2 * game.size * (1 + 1e-12)
    nothing, start = np.zeros(game.size), np.random.default_rng(seed).dirichlet(np.ones(game.size))
    alone = first = second = Player(nothing, start)
    for t in range(1, 301):
        alone = observe(alone, game.advantages(alone.policy))
        assert alone.regrets @ alone.regrets <= factor * most * t
        if observe is plain:
            first = observe(first, game.advantages(second.policy))
            second = observe(second, game.advantages(first.policy))
            assert max(first.regrets @ first.regrets, second.regrets @ second.regrets) <= 4 * most * t


def test_alternating_regrets_exceed_the_bound_of_self_play() -> None:
    """a² N T = 3 in rock, paper, scissors after one step: the alternating form's bound has to be a larger one."""
    game, start = skew_game([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]), np.array([1, 1, 12]) / 14
    player = Player(np.zeros(3), start)
    answer = plain(player, game.advantages(start))
    answered = plain(player, game.advantages(answer.policy))
    assert answer.regrets @ answer.regrets <= 3 < 3.75 < answered.regrets @ answered.regrets


@settings(max_examples=8, deadline=None)
@given(small_games)
def test_the_average_of_regret_matching_obeys_its_bound(game: PreferenceGame) -> None:
    """6 a √(N / T) in self-play, 12 a √(N / T) alternating; no gap exceeds 2 a, which is more from T = 36 N on."""
    largest, iterations = np.abs(game.matrix).max(), 400 * game.size
    for alternating, factor in ((False, 6.0), (True, 12.0)):
        found = regret_matching_plus(game, iterations=iterations, tolerance=1e-300, alternating=alternating)
        T = np.arange(1, found.iterations + 1)
        discrete = (T**3 / 3) / np.cumsum(T**2)  # Σ t² for T³/3
        bound = factor * largest * np.sqrt(game.size / T) * discrete
        assert (found.history <= bound + 1e-12).all() and bound[-1] < 0.61 * largest


SLOW_FOR_PREDICTIONS = [[3, 0, -3], [0, 3, -4], [0, 0, 1]]  # Farina et al. 2023 (2305.14709, section 4)


def product_game(M: np.ndarray) -> PreferenceGame:
    """A zero-sum game whose players draw which side they are on: an action is a row and a column of M."""
    n, k = M.shape
    row = M.reshape(n, 1, 1, k) - M.T.reshape(1, k, n, 1)
    return skew_game(np.broadcast_to(row, (n, k, n, k)).reshape(n * k, n * k) / 2)


@pytest.mark.parametrize(
    "game", [product_game(np.array(SLOW_FOR_PREDICTIONS)), COMAL, skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]])]
)
def test_regrets_that_never_shrink_make_predictions_converge(game: PreferenceGame) -> None:
    """Simultaneous PRM⁺ circles with a gap that does not fall; with growing regrets T · gap falls, and π converges."""
    start = np.full(game.size, 0.5 / (game.size - 1))
    start[-1] = 0.5
    keywords: dict[str, Any] = {"iterations": 8000, "tolerance": 1e-300, "alternating": False}
    circling = predictive_regret_matching_plus(game, start, **keywords)
    growing = increasing_predictive_regret_matching_plus(game, start, **keywords)
    assert circling.last_gap > 0.1 and growing.last_gap < 1e-6
    assert growing.gap < circling.gap / 20
    T = np.arange(1, 8001)
    rate = T * growing.history
    assert rate[4000:].max() < rate[100:200].max() / 10


def test_increasing_regrets_do_not_depend_on_the_scale_of_payoffs() -> None:
    game = uniform_game(9, 2)
    for method in (increasing_predictive_regret_matching_plus, predictive_regret_matching_plus, regret_matching_plus):
        one = method(game, iterations=300, tolerance=1e-300)
        other = method(skew_game(64 * game.matrix), iterations=300, tolerance=1e-300)
        np.testing.assert_array_equal(one.policy, other.policy)  # a power of two scales floats exactly


@pytest.mark.parametrize("tau", [0.05, 0.3, 2.0])
def test_the_last_optimistic_iterate_converges_at_the_rate_of_the_theorem(tau: float) -> None:
    """Cen, Wei and Chi 2021, Theorem 1: KL(π* ‖ π_{t+1}) <= 2 (1 - ητ)^t KL(π* ‖ μ)."""
    game = uniform_game(8, 11)
    mu = np.random.default_rng(1).dirichlet(np.ones(8))
    best = regularised_equilibrium(game, mu, tau).policy
    largest = np.abs(game.matrix).max()
    eta = 1 / max(2 * tau + 2 * largest, 4 * largest)
    seen: list[Seen] = []
    found = optimistic_multiplicative_weights(
        game, mu, tau, 3000, adaptive=False, tolerance=1e-12, callback=seen.append
    )
    assert found.converged and found.tau == tau
    assert exploitability(game, found.policy, reference=mu, tau=tau) == found.gap
    start = float((best * np.log(best / mu)).sum())
    for s in seen:
        distance = float((best * np.log(best / s.last)).sum())
        assert distance <= 2 * (1 - eta * tau) ** (s.iteration - 1) * start + 1e-11
    quick = optimistic_multiplicative_weights(game, mu, tau, 3000, tolerance=1e-12)
    assert quick.converged and quick.iterations < found.iterations
    np.testing.assert_allclose(quick.policy, best, atol=1e-6)


# -- the loop, and the door -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_runs_are_deterministic_and_tell_the_callback_what_they_return(method: Method) -> None:
    game = uniform_game(12, 5)
    seen: list[Seen] = []
    found = method(game, iterations=23, tolerance=1e-300, callback=seen.append)
    again = method(game, iterations=23, tolerance=1e-300, every=10)
    np.testing.assert_array_equal(found.policy, again.policy)
    assert [s.iteration for s in seen] == list(range(1, found.iterations + 1))
    assert not found.converged and found.reason and "NOT CONVERGED" in repr(found)
    assert len(found.history) == found.iterations and np.isfinite(found.history).all()
    judged = np.flatnonzero(np.isfinite(again.history)) + 1
    assert judged.tolist() == sorted({*range(10, again.iterations + 1, 10), again.iterations})
    np.testing.assert_array_equal(again.history[judged - 1], found.history[judged - 1])
    for s in seen:
        assert s.last_gap == pytest.approx(exploitability(game, s.last), abs=1e-13)
        assert s.average is None or s.average_gap == pytest.approx(exploitability(game, s.average), abs=1e-13)
    which = found.last if found.average is None or method is optimistic_multiplicative_weights else found.average
    assert which is found.policy


def test_what_a_callback_raises_ends_the_run() -> None:
    def stop(_: Seen) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        regret_matching_plus(COMAL, callback=stop)


def test_a_drifting_claim_of_an_algorithm_is_not_believed() -> None:
    """Gains that an algorithm hands over are checked before a run ends as converged."""
    away = np.array([1.0, 0.0, 0.0])
    claims = (Iterate(away, None, np.zeros(3)) for _ in range(5))
    found = run(COMAL, claims, method="a liar", answer="last", iterations=9, tolerance=1e-3)
    assert not found.converged and found.gap == exploitability(COMAL, away)
    assert found.iterations == 5 and "nothing left to do" in found.reason
    np.testing.assert_array_equal(found.history, found.gap)


def test_iterates_that_are_no_longer_finite_end_the_run_at_the_last_that_was() -> None:
    good, bad = np.full(3, 1 / 3), np.full(3, np.nan)
    found = run(COMAL, iter([Iterate(good), Iterate(bad)]), method="steps", answer="last", iterations=9, tolerance=1e-9)
    assert not found.converged and "smaller steps" in found.reason and found.policy is good
    with pytest.raises(FloatingPointError, match="first iterate"):
        run(COMAL, iter([Iterate(bad)]), method="steps", answer="last", iterations=9, tolerance=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_factored_game_is_solved_without_its_matrix(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    factored = Factored(generator.normal(size=(230, 2)), np.array([[0.0, 1.0], [-1.0, 0.0]]), "logistic")
    game, stored = game_of(factored), skew_game(factored.dense())

    def refused(_: Factored) -> np.ndarray:
        raise AssertionError("multiplied out")

    monkeypatch.setattr(Factored, "dense", refused)
    weights = method in (multiplicative_weights, optimistic_multiplicative_weights)
    keywords = {"step": 0.3} if weights else {}  # by default from max |A|, of which factors tell a bound
    found = method(game, iterations=40, tolerance=1e-300, **keywords)
    same = method(stored, iterations=found.iterations, tolerance=1e-300, **keywords)
    np.testing.assert_allclose(found.policy, same.policy, rtol=1e-6, atol=1e-12)
    assert found.gap == pytest.approx(same.gap, rel=1e-6, abs=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_bad_arguments_are_named(method: Method) -> None:
    for keywords, named in [
        ({"reference": [0.5, 0.5, 0.0]}, "reference: gives action 2 no mass"),
        ({"reference": [0.5, 0.5]}, r"reference: has shape \(2,\)"),
        ({"reference": [0.5, 0.5, np.nan]}, "reference: the probability of action 2"),
        ({"tau": -0.1}, "tau: "),
        ({"tau": np.nan}, "tau: "),
        ({"iterations": 0}, "iterations must be at least 1"),
        ({"every": 0}, "every must be at least 1"),
        ({"tolerance": 0}, "tolerance: must be positive"),
        ({"tolerance": np.nan}, "tolerance: must be positive"),
    ]:
        with pytest.raises(ValueError, match=named):
            method(COMAL, **keywords)
    for keywords in ({"tau": "much"}, {"iterations": 2.5}, {"iterations": True}):
        with pytest.raises(TypeError, match=next(iter(keywords))):
            method(COMAL, **keywords)


@pytest.mark.parametrize("method", ORIGINAL_ONLY)
def test_methods_of_the_original_game_name_a_regularised_one(method: Method) -> None:
    with pytest.raises(ValueError, match=r"tau: .* solves the regularised one"):
        method(COMAL, None, 0.1)


@pytest.mark.parametrize("step", [0, -1, np.inf, np.nan])
def test_steps_must_be_positive(step: float) -> None:
    for method in (multiplicative_weights, optimistic_multiplicative_weights, restarted_primal_dual):
        with pytest.raises(ValueError, match="step: "):
            method(COMAL, step=step)
    with pytest.raises(ValueError, match=r"step: step \* tau must be less than 1"):
        optimistic_multiplicative_weights(COMAL, None, 2.0, step=0.5)
