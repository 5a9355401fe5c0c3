"""Games of processes with chance, several turns and prompts: against normal forms, exact sums and other solvers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import cvxpy as cp
import numpy as np
import pyspiel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prefcore.catalogue as pc
from prefcore.distribution import Distribution
from prefcore.processes import DirectPreferenceProcess, ProcessTooLarge, trajectory_distribution
from solvers.games.building.builders import low_rank_game
from solvers.games.game import PreferenceGame, exploitability, skew_game
from solvers.games.payoffs import Factored, GameTooLarge
from solvers.games.trees.builders import complete_strings, process_game, token_game
from solvers.games.trees.equilibrium import TreeSeen
from solvers.games.trees.judge import (
    best_response,
    exact_best_response,
    exact_tree_exploitability,
    exact_tree_value,
    tree_exploitability,
)
from solvers.games.trees.mirror_descent import dilated_mirror_descent
from solvers.games.trees.openspiel import from_openspiel
from solvers.games.trees.recursion import soft_recursion
from solvers.games.trees.regret_matching import counterfactual_regret_plus
from solvers.games.trees.sequence_program import sequence_form_program
from solvers.games.trees.tree_game import OutcomePayoffs, TreeGame
from solvers.games.trees.treeplex import Treeplex, behaviour_of, divergence, log_divergence, plan_of, read_policy

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


def environment(history: tuple[Any, ...], action: Any) -> dict[Any, Fraction]:
    """Chance that looks at the whole history."""
    seen = sum(history[::2]) + len(history)
    low = Fraction(1 + (seen + ord(action)) % 3, 4)
    return {0: low, 1: 1 - low}


def score(trajectory: tuple[Any, ...]) -> int:
    return sum(
        (k + 1) * ("abc".index(a) + 2 * o)
        for k, (a, o) in enumerate(zip(trajectory[1::2], trajectory[2::2], strict=True))
    ) + int(trajectory[0])


def beats(x: Any, y: Any) -> int:
    """A preference between trajectories that goes round in a circle."""
    return (score(x) - score(y) + 1) % 3 - 1


def process_of(
    horizon: int, preference: Any, actions: str = "ab", initial: dict[int, Any] | None = None, **more: Any
) -> DirectPreferenceProcess:
    start = {0: 1} if initial is None else initial
    return DirectPreferenceProcess((0, 1), tuple(actions), horizon, environment, preference, start, **more)


TWO_TURNS = process_of(2, pc.skew_symmetric(beats))
PROMPTS = process_of(1, pc.skew_symmetric(beats), "abc", {0: THIRD, 1: 1 - THIRD})


def pure_policies(plex: Treeplex) -> Iterator[dict[Any, dict[Any, Any]]]:
    for choice in product(*plex.actions):
        yield {label: {a: 1} for label, a in zip(plex.labels, choice, strict=True)}


def random_policy(plex: Treeplex, generator: np.random.Generator) -> dict[Any, dict[Any, Fraction]]:
    policy = {}
    for label, actions in zip(plex.labels, plex.actions, strict=True):
        weights = generator.integers(1, 9, size=len(actions)).tolist()
        policy[label] = {a: Fraction(w, sum(weights)) for a, w in zip(actions, weights, strict=True)}
    return policy


def lottery(process: DirectPreferenceProcess, policy: dict[Any, dict[Any, Any]]) -> Distribution:
    """D^π, as the processes have it."""
    return trajectory_distribution(process, lambda history: policy[history])


def expected_phi(process: DirectPreferenceProcess, first: Any, second: Any, common_start: bool = False) -> Fraction:
    """E φ(X, Y), summed up."""
    one, other = lottery(process, first), lottery(process, second)
    start: dict[Any, Fraction] = {}
    for x, p in one.items():
        start[x[0]] = start.get(x[0], Fraction(0)) + p
    return sum(
        (
            p * q * beats(x, y) / (start[x[0]] if common_start else 1)
            for x, p in one.items()
            for y, q in other.items()
            if not common_start or x[0] == y[0]
        ),
        Fraction(0),
    )


@pytest.mark.parametrize("common_start", [False, True])
@pytest.mark.parametrize("process", [TWO_TURNS, PROMPTS])
def test_payoffs_are_expectations_of_phi(process: DirectPreferenceProcess, common_start: bool) -> None:
    game = process_game(process, common_start=common_start)
    generator = np.random.default_rng(1)
    for _ in range(3):
        first, second = (random_policy(game.players[0], generator) for _ in range(2))
        expected = expected_phi(process, first, second, common_start)
        assert exact_tree_value(game, first, second) == expected
        plans = [plan_of(game.players[0], read_policy(game.players[0], p)) for p in (first, second)]
        assert game.value(plans[0], plans[1]) == pytest.approx(float(expected), abs=1e-14)
        assert plans[0] @ game.payoffs.sequence_matrix() @ plans[1] == pytest.approx(float(expected), abs=1e-14)


@pytest.mark.parametrize("common_start", [False, True])
@pytest.mark.parametrize("process", [TWO_TURNS, PROMPTS])
def test_the_tree_is_the_game_of_its_deterministic_policies(
    process: DirectPreferenceProcess, common_start: bool
) -> None:
    """Judged against the normal form: all deterministic policies, whose number is exponential in the histories'."""
    game = process_game(process, common_start=common_start)
    plex = game.players[0]
    pure = list(pure_policies(plex))
    policy = random_policy(plex, np.random.default_rng(2))
    best = max(expected_phi(process, deviation, policy, common_start) for deviation in pure)
    assert exact_tree_exploitability(game, policy) == 2 * best
    assert tree_exploitability(game, policy) == pytest.approx(float(2 * best), abs=1e-14)
    assert best_response(game, policy).value == pytest.approx(float(best), abs=1e-14)
    found = exact_best_response(game, policy)[1]
    against = {label: {a: 1} for label, a in found.items()}
    assert expected_phi(process, against, policy, common_start) == best
    plans = np.array([plan_of(plex, read_policy(plex, p)) for p in pure])
    U = game.payoffs.sequence_matrix().toarray()
    assert pytest.approx(0, abs=1e-15) == U + U.T
    winner = sequence_form_program(game)
    assert winner.converged
    assert float((plans @ U @ winner.plans[0]).max()) == pytest.approx(winner.gap / 2, abs=1e-12)
    assert winner.gap <= 1e-9


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_the_dilated_divergence_is_that_of_trajectories(seed: int) -> None:
    """D(x‖x') = KL(D^π‖D^π'), chance included."""
    generator = np.random.default_rng(seed)
    for process in (TWO_TURNS, PROMPTS):
        plex = process_game(process, common_start=bool(seed % 2)).players[0]
        policies = [random_policy(plex, generator) for _ in range(2)]
        one, other = (lottery(process, p) for p in policies)
        kl = sum(float(p) * math.log(p / other[x]) for x, p in one.items())
        found = divergence(plex, *(read_policy(plex, p) for p in policies))
        assert found == pytest.approx(kl, abs=1e-13)


def soft_best(plex: Treeplex, gains: np.ndarray, mu: np.ndarray, tau: float) -> float:
    """``max_x gains·x - τ D(x‖μ)`` by a convex program over realisation plans."""
    x = cp.Variable(plex.sequences, nonneg=True)
    spent, flows = 0.0, [x[0] == 1]
    for j in range(plex.sets):
        mine = slice(int(plex.first[j]), int(plex.first[j + 1]))
        flows.append(cp.sum(x[mine]) == x[int(plex.parent[j])])
        spent += plex.weights[j] * cp.sum(cp.rel_entr(x[mine], x[int(plex.parent[j])] * mu[mine]))
    return float(cp.Problem(cp.Maximize(gains @ x - tau * spent), flows).solve(solver=cp.CLARABEL))


@pytest.mark.parametrize("common_start", [False, True])
def test_the_regularised_gap_is_that_of_a_convex_program(common_start: bool) -> None:
    game = process_game(PROMPTS if common_start else TWO_TURNS, common_start=common_start)
    plex, tau = game.players[0], 0.2
    generator = np.random.default_rng(3)
    policy, reference = (random_policy(plex, generator) for _ in range(2))
    mu, b = read_policy(plex, reference), read_policy(plex, policy)
    gap = 2 * (soft_best(plex, game.gains(0, plan_of(plex, b)), mu, tau) + tau * divergence(plex, b, mu))
    assert tree_exploitability(game, policy, reference=reference, tau=tau) == pytest.approx(gap, abs=1e-6)


def test_kuhn_poker_regularised() -> None:
    """Two different players: the gap by two convex programs; small weights lead to the value -1/18."""
    game, tau = from_openspiel(pyspiel.load_game("kuhn_poker")), 0.1
    generator = np.random.default_rng(7)
    policies, references = (tuple(random_policy(plex, generator) for plex in game.players) for _ in range(2))
    behaviours = [read_policy(plex, p) for plex, p in zip(game.players, policies, strict=True)]
    plans = [plan_of(plex, b) for plex, b in zip(game.players, behaviours, strict=True)]
    gap = 0.0
    for player, plex in enumerate(game.players):
        mu = read_policy(plex, references[player])
        gap += soft_best(plex, game.gains(player, plans[1 - player]), mu, tau)
        gap += tau * divergence(plex, behaviours[player], mu)
    assert tree_exploitability(game, *policies, reference=references, tau=tau) == pytest.approx(gap, abs=1e-6)
    for rule in ("extragradient", "mirror descent"):
        result = dilated_mirror_descent(game, references, tau, 5000, rule=rule, tolerance=1e-11, every=10)
        assert result.converged
    little = dilated_mirror_descent(game, references, 1e-3, 5000, tolerance=1e-9, every=10)
    assert little.converged
    assert little.value == pytest.approx(-1 / 18, abs=1e-3)
    with pytest.raises(ValueError, match="pair of policies"):
        tree_exploitability(game, *policies, reference=references[0], tau=tau)


def test_extragradient_contracts_as_it_promises() -> None:
    """D(x*‖x_t) falls by 1 - ητ at least in each step, with the theory's steps, chance and several turns included."""
    game, tau = process_game(TWO_TURNS), 0.2
    plex = game.players[0]
    reference = random_policy(plex, np.random.default_rng(4))
    best = dilated_mirror_descent(game, reference, tau, 1000, tolerance=1e-14)
    assert best.converged
    target = np.log(behaviour_of(plex, best.plans[0]))
    distances = [log_divergence(plex, target, np.log(read_policy(plex, reference)))]

    def measure(seen: TreeSeen) -> None:
        distances.append(log_divergence(plex, target, np.log(behaviour_of(plex, seen.last[0]))))

    step = 1 / (tau + 2 * game.payoffs.bound)
    dilated_mirror_descent(game, reference, tau, 60, step=step, callback=measure, tolerance=1e-14)
    assert distances[-1] > 1e-12  # far enough from rounding for ratios to tell
    assert all(after <= (1 - step * tau) * before for before, after in pairwise(distances))


def test_regularised_equilibria_of_a_process_converge_at_every_rule() -> None:
    game = process_game(TWO_TURNS)
    reference = random_policy(game.players[0], np.random.default_rng(4))
    answers = []
    for rule, iterations, tolerance in (("extragradient", 300, 1e-12), ("mirror descent", 3000, 1e-12)):
        result = dilated_mirror_descent(game, reference, 0.2, iterations, rule=rule, tolerance=tolerance)
        assert result.converged
        assert tree_exploitability(game, result.policy, reference=reference, tau=0.2) <= 1e-11
        answers.append(result.plans[0])
    assert answers[0] == pytest.approx(answers[1], abs=1e-5)
    nash = dilated_mirror_descent(game, reference, 0.2, 2000, rule="Nash-MD", tolerance=1e-4, every=10)
    assert nash.converged
    theory = dilated_mirror_descent(game, reference, 0.2, 5, step=1 / (0.2 + 2 * game.payoffs.bound), every=1)
    assert (np.diff(theory.history) < 0).all()


def test_unregularised_averages_approach_the_winner() -> None:
    game = process_game(TWO_TURNS)
    for result in (
        dilated_mirror_descent(game, None, 0, 2000, tolerance=1e-3, every=10),
        dilated_mirror_descent(game, None, 0, 4000, rule="mirror descent", step=0.05, tolerance=5e-2, every=10),
        counterfactual_regret_plus(game, 3000, tolerance=1e-5),
        counterfactual_regret_plus(game, 3000, tolerance=1e-5, predictive=True),
    ):
        assert result.converged, result
        assert result.plans[0] is result.plans[1]
        assert tree_exploitability(game, result.policy) == pytest.approx(result.gap, abs=1e-12)


def test_averages_are_what_they_should_be() -> None:
    game = process_game(TWO_TURNS)
    plex = game.players[0]
    start = read_policy(plex, random_policy(plex, np.random.default_rng(8)))
    gains = game.gains(0, plan_of(plex, start))
    half = soft_recursion(plex, np.log(start), np.log(start), gains, 0.3, 0.0)[0]
    once = dilated_mirror_descent(game, plan_of(plex, start), 0, 1, step=0.3)
    assert once.plans[0] == pytest.approx(plan_of(plex, np.exp(half)), abs=1e-14)  # mirror-prox averages half steps
    seen: list[TreeSeen] = []
    result = counterfactual_regret_plus(game, 9, every=1, tolerance=1e-15, callback=seen.append)
    both = sum(t * (s.last[0] + s.last[1]) for t, s in enumerate(seen, 1)) / (2 * sum(range(1, 10)))
    assert result.plans[0] == pytest.approx(both, abs=1e-14)


def test_outcomes_that_many_trajectories_share_are_added_up() -> None:
    process = process_of(2, pc.skew_symmetric(lambda x, y: (x - y) ** 3), outcome=lambda h: score(h) // 3)
    game = process_game(process)
    generator = np.random.default_rng(9)
    first, second = (random_policy(game.players[0], generator) for _ in range(2))
    one, other = lottery(process, first), lottery(process, second)
    expected = sum(p * q * (score(x) // 3 - score(y) // 3) ** 3 for x, p in one.items() for y, q in other.items())
    assert exact_tree_value(game, first, second) == expected
    assert len(payoffs_of(game).blocks[0][1].payoffs.dense()) < len(one)


# -- factored payoffs -----------------------------------------------------------------------------------------------


def payoffs_of(game: TreeGame) -> OutcomePayoffs:
    assert isinstance(game.payoffs, OutcomePayoffs)
    return game.payoffs


def test_additive_preferences_make_no_matrix_and_their_winner_maximises_expected_reward() -> None:
    process = process_of(2, pc.skew_symmetric(lambda x, y: score(x) - score(y)))
    games = [process_game(process), process_game(process, phi=lambda x, y: score(x) - score(y))]
    games.append(process_game(process_of(2, pc.expected_reward(score))))
    rewards = []
    for game in games:
        (_, matrix), *_ = payoffs_of(game).blocks
        assert isinstance(matrix.payoffs, Factored)
        assert matrix.payoffs.factors.shape[1] == 2
        result = sequence_form_program(game)
        assert result.converged
        exact = {h: {a: Fraction(round(p)) for a, p in row.items()} for h, row in result.policy.items()}
        rewards.append(lottery(process, exact).expect(score))
    best = max(lottery(process, p).expect(score) for p in pure_policies(games[0].players[0]))
    assert rewards == [best] * 3


def test_the_program_with_factors_is_the_program_without() -> None:
    generator = np.random.default_rng(5)
    S = generator.normal(size=(4, 4))
    factors = {}

    def factored(outcomes: tuple[Any, ...]) -> PreferenceGame:
        factors[outcomes] = generator.normal(size=(len(outcomes), 4))
        return low_rank_game(factors[outcomes], S - S.T, "identity")

    process = process_of(3, pc.skew_symmetric(beats))
    game = process_game(process, payoffs=factored)

    def multiplied(outcomes: tuple[Any, ...]) -> PreferenceGame:
        A = factors[outcomes] @ (S - S.T) @ factors[outcomes].T
        return skew_game((A - A.T) / 2)

    dense = process_game(process, payoffs=multiplied)
    assert payoffs_of(game).factors() is not None
    assert payoffs_of(dense).factors() is None
    for method in ("simplex", "interior point"):
        one, other = sequence_form_program(game, method=method), sequence_form_program(dense, method=method)
        assert one.converged
        assert other.converged
        assert tree_exploitability(dense, one.plans[0]) == pytest.approx(one.gap, abs=1e-12)
        assert tree_exploitability(game, other.plans[0]) == pytest.approx(other.gap, abs=1e-12)


def test_a_token_game_of_a_million_pairs_is_played_from_its_factors() -> None:
    """1,024 strings of low rank: the sequence form and CFR⁺ don't make the pairs."""
    generator = np.random.default_rng(6)
    strings = complete_strings("abcd", 5)
    S = generator.normal(size=(6, 6))
    matrix = low_rank_game(generator.normal(size=(len(strings), 6)), S - S.T, "identity")
    game = token_game(None, "abcd", 5, games={None: matrix})
    result = sequence_form_program(game)
    assert result.converged
    at = payoffs_of(game).reach.indices
    assert exploitability(matrix, result.plans[0][at]) == pytest.approx(result.gap, abs=1e-10)


# -- tokens -----------------------------------------------------------------------------------------------------------


def test_the_three_answers_of_a_circle_are_mixed_evenly_under_each_prompt() -> None:
    """Rock, paper, scissors under one prompt, a favourite under the other."""

    def preference(prompt: str, x: tuple[str, ...], y: tuple[str, ...]) -> Fraction:
        a, b = ("abc".index(z[0]) for z in (x, y))
        if prompt == "circle":
            return HALF + Fraction((a - b + 1) % 3 - 1, 2)
        return HALF + Fraction((a > b) - (a < b), 4)

    game = token_game({"circle": HALF, "favourite": HALF}, "abc", 2, preference)
    result = sequence_form_program(game)
    assert result.converged
    assert list(result.policy["circle", ()].values()) == pytest.approx([THIRD] * 3)
    assert result.policy["favourite", ()]["c"] == pytest.approx(1)
    even = {label: dict.fromkeys("abc", THIRD) for label in game.players[0].labels}
    winner = even | {("favourite", ()): {"c": 1}}
    assert exact_tree_exploitability(game, winner) == 0
    assert exact_tree_exploitability(game, even) == 2 * HALF * Fraction(1, 4) * Fraction(2, 3)


def test_a_string_may_consist_of_its_end_alone() -> None:
    assert complete_strings(".", 3, ".") == ((".",),)
    game = token_game(None, ".", 3, lambda _p, _x, _y: HALF, end=".")
    assert game.players[0].sequences == 2
    assert tree_exploitability(game, {(): {".": 1}}) == 0


# -- what is refused --------------------------------------------------------------------------------------------------


def test_bad_arguments_are_refused_by_name() -> None:
    def half(_prompt: Any, _x: Any, _y: Any) -> Fraction:
        return HALF

    for error, match, arguments, more in (
        (ValueError, "vocabulary", (None, "aa", 2, half), {}),
        (ValueError, "vocabulary", (None, "", 2, half), {}),
        (ValueError, "length", (None, "ab", 0, half), {}),
        (TypeError, "length", (None, "ab", 1.5, half), {}),
        (ValueError, "end", (None, "ab", 2, half), {"end": "."}),
        (ValueError, "exactly one", (None, "ab", 2), {}),
        (ValueError, "games: give one for the prompt 'p'", ({"p": 1}, "ab", 2), {"games": {}}),
        (ValueError, "a game of 1 actions for 4", (None, "ab", 2), {"games": {None: PreferenceGame([["1/2"]])}}),
        (TypeError, "PreferenceGame", (None, "ab", 2), {"games": {None: np.eye(4)}}),
        (GameTooLarge, "prefixes and tokens", (None, "ab", 60, half), {}),
        (GameTooLarge, "prefixes and tokens", (None, range(50_000), 10**9, half), {}),
        (GameTooLarge, "prefixes and tokens", (None, "a", 10**10, half), {}),
        (ValueError, "prompts: .* sum to 5/6", ({"p": HALF, "q": THIRD}, "ab", 2, half), {}),
        (ValueError, "prompts: 'p' has probability 0", ({"p": 0, "q": 1}, "ab", 2, half), {}),
        (ValueError, "prompts: .* one outcome", ({}, "ab", 2, half), {}),
        (TypeError, "prompts: ", (["p", "q"], "ab", 2, half), {}),
        (TypeError, "vocabulary", (None, 5, 2, half), {}),
        (TypeError, "preference", (None, "ab", 2, "half"), {}),
        (ValueError, "nan, no probability", (None, "ab", 2, lambda _p, _x, _y: float("nan")), {}),
    ):
        with pytest.raises(error, match=match):
            token_game(*arguments, **more)
    with pytest.raises(TypeError, match="DirectPreferenceProcess"):
        process_game("process")
    with pytest.raises(ValueError, match="phi and payoffs"):
        process_game(TWO_TURNS, phi=beats, payoffs=lambda _o: PreferenceGame([["1/2"]]))
    with pytest.raises(ValueError, match="skew"):
        process_game(TWO_TURNS, phi=lambda _x, _y: 1)
    with pytest.raises(TypeError, match="relation"):
        process_game(process_of(1, lambda _a, _b: True))
    with pytest.raises(ProcessTooLarge):
        process_game(TWO_TURNS, limit=3)


def test_bad_regularisation_is_refused_by_name() -> None:
    game = process_game(TWO_TURNS)
    plex = game.players[0]
    even = {label: dict.fromkeys(actions, HALF) for label, actions in zip(plex.labels, plex.actions, strict=True)}
    certain = even | {plex.labels[0]: {"a": 1}}
    for one in ({"reference": even}, {"tau": 0.1}):
        with pytest.raises(ValueError, match="reference and tau go together"):
            tree_exploitability(game, even, **one)
    with pytest.raises(ValueError, match="tau"):
        tree_exploitability(game, even, reference=even, tau=0.0)
    with pytest.raises(ValueError, match="no mass"):
        tree_exploitability(game, even, reference=certain, tau=0.1)
    with pytest.raises(ValueError, match="no mass"):
        dilated_mirror_descent(game, certain, 0.1, 10)
    with pytest.raises(ValueError, match="rule"):
        dilated_mirror_descent(game, None, 0.1, 10, rule="magic")
    with pytest.raises(ValueError, match="step"):
        dilated_mirror_descent(game, None, 0.1, 10, step=11.0)
    for tau in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="tau"):
            dilated_mirror_descent(game, None, tau, 10)
    with pytest.raises(ValueError, match="tau"):
        dilated_mirror_descent(game, None, 0, 10, rule="Nash-MD")
    # a certain policy has a regularised gap, only not against a reference that rules it out
    assert tree_exploitability(game, certain, reference=even, tau=0.1) > 0
