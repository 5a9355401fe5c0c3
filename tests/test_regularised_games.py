"""First-order methods of regularised games: one step by hand, their theorems at each iterate, and Newton's answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import rel_entr, softmax

from solvers.games.building.generators import random_tournament, random_uniform_game
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.extragradient import extragradient
from solvers.games.first_order.loop import Seen
from solvers.games.first_order.magnetic_mirror_descent import magnetic_mirror_descent
from solvers.games.first_order.mirror_descent import mirror_descent
from solvers.games.first_order.moving_magnet import moving_magnet
from solvers.games.first_order.nash_md import nash_md
from solvers.games.first_order.proximal_point import proximal_point
from solvers.games.game import PreferenceGame, exploitability, skew_game
from solvers.games.second_order.newton import regularised_equilibrium

Array = NDArray[np.float64]
Method = Callable[..., Equilibrium]

REGULARISED: list[Method] = [mirror_descent, nash_md, extragradient, magnetic_mirror_descent]
ORIGINAL: list[Method] = [moving_magnet, proximal_point]
COMAL = PreferenceGame([[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])  # 2410.23223: b≻a .9, c≻b .9, a≻c .8
PERTURBED = skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]])  # 2206.05825
UNIFORM = np.full(3, 1 / 3)


def drawn(size: int, seed: int) -> tuple[PreferenceGame, Array]:
    """A game of EGPO's experiments: P uniform, the reference the softmax of a standard normal."""
    generator = np.random.default_rng(seed)
    return random_uniform_game(size, generator), np.asarray(softmax(generator.standard_normal(size)))


def kl(p: Array, q: Array) -> float:
    """KL(p‖q) by its definition."""
    return float(rel_entr(p, q).sum())


def iterates(
    method: Method, game: PreferenceGame, reference: Any, tau: float, count: int, **keywords: Any
) -> list[Seen]:
    """What a callback sees of `count` iterations."""
    seen: list[Seen] = []
    method(game, reference, tau, count, tolerance=1e-300, callback=seen.append, **keywords)
    return seen


# -- one step, in probabilities ---------------------------------------------------------------------------------------


def normalised(weights: Array) -> Array:
    return weights / weights.sum()


def tilted(P: Array, base: Array, against: Array, eta: float) -> Array:
    return normalised(base * np.exp(eta * (P @ against)))


def by_hand(name: str, P: Array, pi: Array, mu: Array, tau: float, eta: float) -> Array:
    """games.md's table, as it is written."""
    mixture = normalised(pi ** (1 - eta * tau) * mu ** (eta * tau))
    if name == "mirror_descent":
        return tilted(P, mixture, pi, eta)
    if name == "nash_md":
        return tilted(P, mixture, mixture, eta)
    if name == "extragradient":
        return tilted(P, mixture, tilted(P, mixture, pi, eta), eta)
    return normalised((pi * mu ** (eta * tau) * np.exp(eta * (P @ pi))) ** (1 / (1 + eta * tau)))


@pytest.mark.parametrize("method", REGULARISED)
def test_steps_by_hand(method: Method) -> None:
    game, mu = drawn(7, 0)
    tau, eta, expected = 0.2, 0.7, mu
    for seen in iterates(method, game, mu, tau, 5, step=eta):
        expected = by_hand(method.__name__, game.preferences, expected, mu, tau, eta)
        np.testing.assert_allclose(seen.last, expected, rtol=1e-13)
        assert seen.last_gap == pytest.approx(exploitability(game, expected, reference=mu, tau=tau), abs=1e-14)


def test_nash_md_by_hand_with_the_steps_of_theorem_1() -> None:
    game, mu = drawn(7, 1)
    expected = mu
    for t, seen in enumerate(iterates(nash_md, game, mu, 0.3, 6)):
        expected = by_hand("nash_md", game.preferences, expected, mu, 0.3, 2 / (0.3 * (t + 2)))
        np.testing.assert_allclose(seen.last, expected, rtol=1e-13)


def test_moving_magnet_by_hand() -> None:
    game, mu = drawn(7, 2)
    expected = magnet = mu
    for t, seen in enumerate(iterates(moving_magnet, game, mu, 0.3, 9, step=0.5, inner=3)):
        magnet = expected if t % 3 == 0 else magnet
        expected = by_hand("magnetic", game.preferences, expected, magnet, 0.3, 0.5)
        np.testing.assert_allclose(seen.last, expected, rtol=1e-13)
        assert seen.last_gap == pytest.approx(exploitability(game, expected), abs=1e-14)


def test_moving_magnet_by_hand_without_a_number_of_steps() -> None:
    """Each move is to a best response q, and KL(π*‖q) <= KL(π*‖ρ) - .8 KL(π‖ρ) for the equilibrium π*."""
    tau, eta, star = 0.3, 0.5, np.array([4, 3, 4]) / 11
    policy = magnet = np.array([0.8, 0.1, 0.1])
    moves, move = 0, False
    for seen in iterates(moving_magnet, COMAL, magnet, tau, 60, step=eta):
        if move:
            before, between = magnet, policy
            policy = magnet = normalised(magnet * np.exp(COMAL.matrix @ policy / tau))
            assert kl(star, magnet) <= kl(star, before) - 0.8 * kl(between, before) + 1e-15
            moves, move = moves + 1, False
        else:
            policy = by_hand("magnetic", COMAL.preferences, policy, magnet, tau, eta)
            best = normalised(magnet * np.exp(COMAL.matrix @ policy / tau))
            move = kl(policy, best) <= kl(policy, magnet) / 5
        np.testing.assert_allclose(seen.last, policy, rtol=1e-12)
    assert 3 < moves < 30


@pytest.mark.parametrize("inner", ["newton", "extragradient"])
def test_proximal_steps_are_regularised_equilibria(inner: str) -> None:
    game, reference = drawn(7, 3)
    for seen in iterates(proximal_point, game, reference, 0.2, 4, inner=inner):
        exact = normalised(reference * np.exp(game.matrix @ seen.last / 0.2))  # the fixed point
        np.testing.assert_allclose(seen.last, exact, rtol=1e-10 if inner == "newton" else 0.02)
        reference = seen.last


@pytest.mark.parametrize("method", REGULARISED)
def test_averages_are_told_apart_from_the_last_iterate(method: Method) -> None:
    game, mu = drawn(7, 5)
    policies = [mu]
    for seen in iterates(method, game, mu, 0.2, 6):
        policies.append(seen.last)
        np.testing.assert_allclose(seen.average, np.mean(policies, axis=0), rtol=1e-13)
        assert seen.average is not None
        assert seen.average_gap == pytest.approx(exploitability(game, seen.average, reference=mu, tau=0.2), abs=1e-14)
    found = method(game, mu, 0.2, 6, tolerance=1e-300)
    assert found.policy is found.last and found.gap == found.last_gap
    assert found.average is not None and found.average_history is not None
    assert found.average_gap == exploitability(game, found.average, reference=mu, tau=0.2) != found.gap
    assert found.average_history[-1] == pytest.approx(found.average_gap, abs=1e-14)


def test_online_is_magnetic_mirror_descent() -> None:
    """With step sizes η and η/(1-ητ); games.md, the row of online mirror descent."""
    game, mu = drawn(20, 4)
    for tau, eta in [(0.1, 0.5), (1.0, 0.3), (0.01, 5.0)]:
        online = iterates(mirror_descent, game, mu, tau, 60, step=eta)
        magnetic = iterates(magnetic_mirror_descent, game, mu, tau, 60, step=eta / (1 - eta * tau))
        for one, other in zip(online, magnetic, strict=True):
            np.testing.assert_allclose(one.last, other.last, rtol=1e-12, atol=1e-13)


# -- theorems ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.02, 0.3, 2.0])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_the_average_of_online_mirror_descent_obeys_its_theorem(tau: float, share: float) -> None:
    """For steps by which the last iterate spirals away, too."""
    eta = share / tau
    for game, mu in (drawn(9, 5), (COMAL, UNIFORM), (PERTURBED, np.array([0.8, 0.15, 0.05]))):
        magnetic, largest = eta / (1 - share), float(abs(game.matrix).max())
        for seen in iterates(mirror_descent, game, mu, tau, 200, step=eta):
            terms = np.log(1 / mu.min()) / (magnetic * (seen.iteration + 1)), magnetic * largest**2 / 2
            assert seen.average_gap <= 2 * sum(terms) + 1e-12


def test_the_average_of_online_mirror_descent_converges_where_the_last_iterate_does_not() -> None:
    tau, steps = 0.001, 20_000
    found = mirror_descent(COMAL, [0.6, 0.3, 0.1], tau, steps, step=0.05, every=100)
    assert found.last_gap > 0.05 and found.average_gap < found.last_gap / 10


@pytest.mark.parametrize("tau", [0.02, 0.1, 0.5, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_theorem_1_of_nash_md_for_every_horizon(tau: float, seed: int) -> None:
    """Munos et al. 2024: KL(π*_τ‖π_T) <= 8/(τ²(T+1)). Its steps do not depend on T: one run shows all horizons."""
    for game, mu in (drawn(8, seed), (COMAL, UNIFORM), (random_tournament(9, np.random.default_rng(seed)), None)):
        reference = np.full(game.size, 1 / game.size) if mu is None else mu
        star = regularised_equilibrium(game, reference, tau).policy
        for seen in iterates(nash_md, game, mu, tau, 300):
            assert kl(star, seen.last) <= 8 / (tau**2 * (seen.iteration + 1))


def test_a_constant_step_biases_nash_md() -> None:
    floors = []
    for eta in (0.4, 0.1):
        found = nash_md(COMAL, UNIFORM, 0.1, 3000, step=eta, tolerance=1e-14)
        assert not found.converged and found.history[-1] == pytest.approx(
            found.history[-500], rel=1e-6
        )  # it has settled
        floors.append(found.gap)
    decreasing = nash_md(COMAL, UNIFORM, 0.1, 3000, tolerance=1e-14)
    assert floors[0] > 5 * floors[1] > 5 * decreasing.gap


@pytest.mark.parametrize(
    ("method", "keywords", "step", "factor"),
    [
        (mirror_descent, {}, lambda tau, a: tau / (a**2 + tau**2), lambda eta, tau: 1 - eta * tau),
        (magnetic_mirror_descent, {}, lambda tau, a: tau / a**2, lambda eta, tau: 1 / (1 + eta * tau)),
        (extragradient, {"step": "theory"}, lambda tau, a: 1 / (tau + 2 * a), lambda eta, tau: 1 - eta * tau),
        (extragradient, {}, lambda tau, a: 1 / (tau + 2 * a), lambda eta, tau: 1 - eta * tau),
    ],
)
@pytest.mark.parametrize("tau", [0.05, 0.3, 2.0])
def test_linear_last_iterates(
    method: Method,
    keywords: dict[str, Any],
    step: Callable[[float, float], float],
    factor: Callable[[float, float], float],
    tau: float,
) -> None:
    """The distance KL(π*‖π_T) falls by the theorem's factor in each step; adaptive steps are no shorter."""
    for game, mu in (drawn(9, 5), (COMAL, UNIFORM), (PERTURBED, UNIFORM)):
        shrinks = factor(step(tau, float(abs(game.matrix).max())), tau)
        star = regularised_equilibrium(game, mu, tau).policy
        distance = kl(star, mu)
        for seen in iterates(method, game, mu, tau, 80, **keywords):
            following = kl(star, seen.last)
            assert following <= shrinks * distance + 1e-14
            distance = following


def test_adaptive_steps_are_worth_it() -> None:
    """EGPO's experiment with β = .01, lr = .02, of step 4 lr / (10 β) = .8: a fourth of its iterations at most."""
    for seed in range(10):
        game, mu = drawn(10, seed)
        published = extragradient(game, mu, 0.01, 5000, step=0.8, tolerance=1e-6)
        adaptive = extragradient(game, mu, 0.01, 5000, tolerance=1e-6)
        assert published.converged and adaptive.converged and adaptive.iterations <= published.iterations / 4


def test_proximal_steps_come_nearer_to_the_equilibrium() -> None:
    """KL(π*‖π⁺) <= KL(π*‖π) - KL(π⁺‖π), for the original game's π* = (4, 3, 4)/11."""
    star, before = np.array([4, 3, 4]) / 11, np.array([0.8, 0.1, 0.1])
    for seen in iterates(proximal_point, COMAL, before, 0.3, 30):
        assert kl(star, seen.last) <= kl(star, before) - kl(seen.last, before) + 1e-14
        before = seen.last


# -- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", REGULARISED)
@pytest.mark.parametrize("tau", [0.1, 1.0])
def test_agreement_with_newton(method: Method, tau: float) -> None:
    """gap_τ >= 2τ KL(π‖π*), which bounds the distance (Pinsker)."""
    tolerance = 1e-7 if method is nash_md else 1e-12
    for game, mu in (drawn(6, 6), (COMAL, np.array([0.5, 0.2, 0.3]))):
        found = method(game, mu, tau, 20_000, tolerance=tolerance)
        assert found.converged and found.tau == tau and found.method
        assert found.gap == exploitability(game, found.policy, reference=mu, tau=tau) <= tolerance
        star = regularised_equilibrium(game, mu, tau).policy
        assert np.abs(found.policy - star).sum() <= np.sqrt(tolerance / tau) + 1e-12


@pytest.mark.parametrize("method", REGULARISED)
def test_a_fixed_reference_stalls(method: Method) -> None:
    """At the original gap of the τ-Nash, .0245 for COMAL's game, uniform μ and τ = .1."""
    found = method(COMAL, None, 0.1, 20_000, tolerance=1e-8)
    assert found.converged and exploitability(COMAL, found.policy) == pytest.approx(0.0245, abs=1e-4)


@pytest.mark.parametrize("method", ORIGINAL)
@pytest.mark.parametrize(("game", "star"), [(COMAL, [4, 3, 4]), (PERTURBED, [3, 3, 1])])
def test_moving_references_reach_the_original_equilibrium(
    method: Method, game: PreferenceGame, star: list[int]
) -> None:
    largest = float(abs(game.matrix).max())
    found = method(game, [0.6, 0.3, 0.1], 0.2 * largest, 3000, tolerance=1e-9)
    assert found.converged and found.tau == 0
    assert found.gap == exploitability(game, found.policy) <= 1e-9
    assert found.policy == pytest.approx(np.array(star) / sum(star), abs=1e-8)


@pytest.mark.parametrize("times", [0.05, 0.3, 1, 3, 10])
@pytest.mark.parametrize(("game", "star"), [(COMAL, [4, 3, 4]), (PERTURBED, [3, 3, 1])])
def test_the_moving_magnet_converges_by_default_for_every_tau(
    times: float, game: PreferenceGame, star: list[int]
) -> None:
    largest = float(abs(game.matrix).max())
    found = moving_magnet(game, [0.4, 0.25, 0.35], times * largest, 40_000, tolerance=1e-6 * largest, every=50)
    assert found.converged and found.policy == pytest.approx(np.array(star) / sum(star), abs=1e-5)


def test_a_published_number_of_steps_may_be_too_small() -> None:
    """K = 1 is multiplicative weights, whose last iterate diverges."""
    found = moving_magnet(COMAL, [0.4, 0.25, 0.35], 1.2, 2000, inner=1, every=50)
    assert not found.converged and found.gap > 0.5
    kept = moving_magnet(COMAL, [0.4, 0.25, 0.35], 1.2, 5000, inner=6, tolerance=1e-6, every=50)
    assert kept.converged


def test_probabilities_below_all_floats() -> None:
    """An action that always loses: its probability underflows, its logarithm does not, and the others converge."""
    P = np.full((4, 4), 0.5)
    P[:3, :3] = COMAL.preferences
    P[:3, 3], P[3, :3] = 1, 0
    for inner in ("newton", "extragradient"):
        found = proximal_point(PreferenceGame(P), None, 0.002, 30, inner=inner, tolerance=1e-300)
        assert found.policy == pytest.approx(np.array([4, 3, 4, 0]) / 11, abs=1e-10) and found.policy[3] == 0


def test_what_stopped_a_proximal_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A τ so small that rounding hides Newton's path, and a step that extragradient has no time for."""
    found = proximal_point(COMAL, [0.8, 0.1, 0.1], 1e-12, 50, tolerance=1e-300)
    assert not found.converged and found.iterations < 50 and found.gap < 1e-9
    assert "Newton's method was not done: no step was found at tau = " in found.reason
    at_rounding = proximal_point(COMAL, [0.8, 0.1, 0.1], 1e-8, 50, tolerance=1e-300)
    assert at_rounding.iterations < 10 and at_rounding.gap < 1e-15 and "rounding" in at_rounding.reason
    monkeypatch.setattr("solvers.games.first_order.proximal_point.ENOUGH", 10)
    cut = proximal_point(COMAL, [0.8, 0.1, 0.1], 1e-3, 3, inner="extragradient")
    assert not cut.converged and "cut off after 10 iterations of extragradient" in cut.reason
    assert "extragradient" not in proximal_point(COMAL, None, 0.3, 1, inner="extragradient", tolerance=1e-300).reason


@pytest.mark.parametrize("method", REGULARISED + ORIGINAL)
def test_games_without_a_contest(method: Method) -> None:
    mu = np.array([0.2, 0.3, 0.5])
    found = method(PreferenceGame(np.full((3, 3), 0.5)), mu, 0.1, 3)
    assert found.converged and found.policy == pytest.approx(mu, abs=1e-15)
    assert method(PreferenceGame([[0.5]]), None, 0.1, 3).policy == [1.0]


@pytest.mark.parametrize("method", REGULARISED + ORIGINAL)
def test_every_iterate_is_seen_and_the_same_each_time(method: Method) -> None:
    game, mu = drawn(12, 7)
    seen = iterates(method, game, mu, 0.2, 6)
    again = method(game, mu, 0.2, 6, tolerance=1e-300)
    assert [s.iteration for s in seen] == [1, 2, 3, 4, 5, 6] and again.iterations == 6
    assert seen[-1].last.tobytes() == again.policy.tobytes()
    assert np.array_equal([s.last_gap for s in seen], again.history)
    assert not again.converged and "6 iterations" in again.reason
    strided = method(game, mu, 0.2, 6, tolerance=1e-300, every=4)
    assert np.isfinite(strided.history).tolist() == [False, False, False, True, False, True]


# -- bad arguments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", REGULARISED + ORIGINAL)
@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((None, 0, 5), ValueError, "tau"),
        ((None, -0.1, 5), ValueError, "tau"),
        ((None, np.nan, 5), ValueError, "tau"),
        ((None, None, 5), TypeError, "tau"),
        ((None, 0.1, 0), ValueError, "iterations"),
        ((None, 0.1, 2.5), TypeError, "iterations"),
        (([0.5, 0.5, 0], 0.1, 5), ValueError, "reference.*no mass"),
        (([0.5, 0.5], 0.1, 5), ValueError, "reference"),
        (([2, -1, 0], 0.1, 5), ValueError, "reference"),
        (([np.nan, 0.5, 0.5], 0.1, 5), ValueError, "reference"),
    ],
)
def test_bad_arguments(method: Method, arguments: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        method(COMAL, *arguments)


@pytest.mark.parametrize(
    ("method", "keywords", "says"),
    [
        (mirror_descent, {"step": 11}, "step: must be at most 1/tau = 10"),
        (nash_md, {"step": 11}, "step"),
        (extragradient, {"step": 11}, "step"),
        (extragradient, {"step": "fast"}, "step: must be 'adaptive', 'theory' or a number"),
        (mirror_descent, {"step": 0}, "step"),
        (magnetic_mirror_descent, {"step": -1}, "step"),
        (moving_magnet, {"step": np.inf}, "step"),
        (moving_magnet, {"inner": 0}, "inner"),
        (proximal_point, {"inner": "simplex"}, "inner"),
        (proximal_point, {"tolerance": 0}, "tolerance"),
        (nash_md, {"every": 0}, "every"),
    ],
)
def test_bad_keywords(method: Method, keywords: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        method(COMAL, None, 0.1, 5, **keywords)
