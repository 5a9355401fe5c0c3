"""Steps of mirror descent over complete strings are soft recursions over prefixes: to 1e-12, string by string."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp, rel_entr

from solvers.games.building.generators import random_uniform_game
from solvers.games.first_order.extragradient import extragradient
from solvers.games.first_order.mirror_descent import mirror_descent
from solvers.games.first_order.nash_md import nash_md
from solvers.games.game import PreferenceGame, exploitability
from solvers.games.trees.builders import complete_strings, string_sequences, token_game
from solvers.games.trees.judge import tree_exploitability
from solvers.games.trees.mirror_descent import dilated_mirror_descent
from solvers.games.trees.recursion import soft_recursion
from solvers.games.trees.tree_game import TreeGame
from solvers.games.trees.treeplex import divergence, log_divergence, plan_of, read_policy

VOCABULARY, LENGTH = "abc", 4
STRINGS = complete_strings(VOCABULARY, LENGTH)
RULES: dict[Literal["mirror descent", "Nash-MD", "extragradient"], Any] = {
    "mirror descent": mirror_descent,
    "Nash-MD": nash_md,
    "extragradient": extragradient,
}


def by_prefix(strings: tuple[Any, ...], weights: np.ndarray) -> dict[Any, dict[Any, float]]:
    """The conditional distributions of the next token of a distribution over strings, by adding up: no treeplex."""
    mass: dict[Any, float] = {}
    for string, weight in zip(strings, weights, strict=True):
        for t in range(len(string) + 1):
            mass[string[:t]] = mass.get(string[:t], 0.0) + weight
    policy: dict[Any, dict[Any, float]] = {}
    for prefix, weight in mass.items():
        if prefix:
            policy.setdefault(prefix[:-1], {})[prefix[-1]] = weight / mass[prefix[:-1]]
    return policy


def setting(seed: int) -> tuple[PreferenceGame, TreeGame, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    matrix = random_uniform_game(len(STRINGS), generator)
    game = token_game(None, VOCABULARY, LENGTH, games={None: matrix})
    pi, mu = generator.dirichlet(np.ones(len(STRINGS)), size=2)
    return matrix, game, pi, mu


def logs_of(game: TreeGame, weights: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(read_policy(game.players[0], by_prefix(STRINGS, weights))))


def strings_of(game: TreeGame, logs: np.ndarray) -> np.ndarray:
    return np.asarray(plan_of(game.players[0], np.exp(logs))[string_sequences(game)[0]])


@pytest.mark.parametrize(("eta", "tau"), [(0.3, 0.2), (5.0, 0.2), (2.0, 0.0), (0.01, 30.0)])
def test_steps_over_strings_are_soft_recursions(eta: float, tau: float) -> None:
    matrix, game, pi, mu = setting(3)
    plex = game.players[0]
    A, share = matrix.matrix, eta * tau

    def leaves(policy: np.ndarray, gains: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(log_softmax((1 - share) * np.log(policy) + share * np.log(mu) + eta * gains)))

    def recursion(gains: np.ndarray) -> np.ndarray:
        return soft_recursion(plex, logs_of(game, pi), logs_of(game, mu), gains, eta, tau)[0]

    def gains_against(logs: np.ndarray) -> np.ndarray:
        return game.gains(0, plan_of(plex, np.exp(logs)))

    # mirror descent (INPO), and extragradient's half and full step
    half = recursion(gains_against(logs_of(game, pi)))
    assert strings_of(game, half) == pytest.approx(leaves(pi, A @ pi), abs=1e-12)
    full = recursion(gains_against(half))
    assert strings_of(game, full) == pytest.approx(leaves(pi, A @ leaves(pi, A @ pi)), abs=1e-12)
    # Nash-MD: the mixture comes from the same recursion with V(leaf) = 0
    mixture = recursion(np.zeros(plex.sequences))
    m = leaves(pi, np.zeros(len(STRINGS)))
    assert strings_of(game, mixture) == pytest.approx(m, abs=1e-12)
    assert strings_of(game, recursion(gains_against(mixture))) == pytest.approx(leaves(pi, A @ m), abs=1e-12)


def test_the_recursion_is_that_of_the_text() -> None:
    """In plain Python, prefix by prefix, its V, too."""
    matrix, game, pi, mu = setting(4)
    plex = game.players[0]
    eta, tau = 0.7, 0.4
    p, q = by_prefix(STRINGS, pi), by_prefix(STRINGS, mu)
    gain = dict(zip(STRINGS, matrix.advantages(pi), strict=True))
    values: dict[Any, float] = {x: eta * gain[x] for x in STRINGS}
    expected: dict[Any, np.ndarray] = {}
    for t in range(LENGTH - 1, -1, -1):
        for h in product(VOCABULARY, repeat=t):
            logits = [
                (1 - eta * tau) * np.log(p[h][a]) + eta * tau * np.log(q[h][a]) + values[(*h, a)] for a in VOCABULARY
            ]
            values[h] = float(logsumexp(logits))
            expected[h] = np.array(logits) - values[h]
    gains = game.gains(0, plan_of(plex, read_policy(plex, p)))
    found, soft = soft_recursion(plex, logs_of(game, pi), logs_of(game, mu), gains, eta, tau)
    for j, h in enumerate(plex.labels):
        assert soft[j] == pytest.approx(values[h], abs=1e-12)
        assert found[plex.first[j] : plex.first[j + 1]] == pytest.approx(expected[h], abs=1e-12)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_divergence_of_strings_is_the_sum_over_prefixes(seed: int) -> None:
    _, game, pi, mu = setting(seed)
    plex = game.players[0]
    b, c = (read_policy(plex, by_prefix(STRINGS, weights)) for weights in (pi, mu))
    kl = float(rel_entr(pi, mu).sum())
    assert divergence(plex, b, c) == pytest.approx(kl, abs=1e-12)
    assert log_divergence(plex, np.log(b), np.log(c)) == pytest.approx(kl, abs=1e-12)


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("step", [0.5, None])
def test_runs_are_those_of_the_matrix_methods(rule: Any, step: float | None) -> None:
    matrix, game, _, mu = setting(6)
    tree = dilated_mirror_descent(game, by_prefix(STRINGS, mu), 0.1, 60, rule=rule, step=step, tolerance=1e-13)
    flat = RULES[rule](matrix, mu, 0.1, 60, step=step, tolerance=1e-13)
    assert tree.iterations == flat.iterations
    assert tree.plans[0][string_sequences(game)[0]] == pytest.approx(flat.policy, abs=1e-12)
    assert tree.gap == pytest.approx(flat.gap, abs=1e-12)
    assert tree.history == pytest.approx(flat.history, abs=1e-12)


def test_the_judge_sees_what_it_sees_on_the_matrix() -> None:
    matrix, game, pi, mu = setting(7)
    policy, reference = by_prefix(STRINGS, pi), by_prefix(STRINGS, mu)
    assert tree_exploitability(game, policy) == pytest.approx(exploitability(matrix, pi), abs=1e-14)
    assert tree_exploitability(game, policy, reference=reference, tau=0.03) == pytest.approx(
        exploitability(matrix, pi, reference=mu, tau=0.03), abs=1e-12
    )


def test_several_prompts_and_strings_of_different_lengths() -> None:
    """The steps under each prompt are those of its own game, whatever its probability; "." ends a string."""
    generator = np.random.default_rng(8)
    strings = complete_strings("ab.", 3, ".")
    assert strings[:3] == ((".",), ("a", "."), ("b", "."))
    assert len(strings) == len(set(strings)) == 1 + 2 + 4 * 3
    games = {prompt: random_uniform_game(len(strings), generator) for prompt in ("why", "how")}
    game = token_game({"why": "1/4", "how": "3/4"}, "ab.", 3, games=games, end=".")
    mus = {prompt: generator.dirichlet(np.ones(len(strings))) for prompt in games}
    reference = {(prompt, prefix): row for prompt, mu in mus.items() for prefix, row in by_prefix(strings, mu).items()}
    tau, eta = 0.2, 0.4
    tree = dilated_mirror_descent(game, reference, tau, 15, rule="mirror descent", step=eta, tolerance=1e-15)
    gap = 0.0
    for k, (prompt, share) in enumerate((("why", 0.25), ("how", 0.75))):
        flat = mirror_descent(games[prompt], mus[prompt], tau, 15, step=eta, tolerance=1e-15)
        assert tree.plans[0][string_sequences(game)[k]] == pytest.approx(flat.policy, abs=1e-12)
        gap += share * flat.gap
    assert tree.gap == pytest.approx(gap, abs=1e-12)
    original = sum(
        share * exploitability(games[p], tree.plans[0][string_sequences(game)[k]] / tree.plans[0][0])
        for k, (p, share) in enumerate((("why", 0.25), ("how", 0.75)))
    )
    assert tree_exploitability(game, tree.plans[0]) == pytest.approx(original, abs=1e-12)


def test_steps_out_of_range_are_refused() -> None:
    _, game, pi, mu = setting(9)
    plex = game.players[0]
    p, q, zeros = logs_of(game, pi), logs_of(game, mu), np.zeros(plex.sequences)
    for eta, tau in ((0.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.5), (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="eta and tau"):
            soft_recursion(plex, p, q, zeros, eta, tau)
    with pytest.raises(ValueError, match="gains"):
        soft_recursion(plex, p, q, zeros[1:], 0.1, 1.0)
    with pytest.raises(ValueError, match="log_policy"):
        soft_recursion(plex, p * np.nan, q, zeros, 0.1, 1.0)
    # all of the weight on μ: a policy with zeros is left behind
    certain = np.where(np.arange(plex.sequences) % 3 == 1, 0.0, -np.inf)
    certain[0] = 0.0
    found, _ = soft_recursion(plex, certain, q, zeros, 0.5, 2.0)
    assert found == pytest.approx(q, abs=1e-12)
    # and a smaller weight keeps them
    found, _ = soft_recursion(plex, certain, q, zeros, 0.5, 1.0)
    assert np.exp(found) == pytest.approx(np.exp(certain), abs=1e-12)


@pytest.mark.parametrize("tau", [1e2, 1e4, 1e6])
def test_no_digits_of_a_regularised_gap_are_lost(tau: float) -> None:
    """At large τ the gap is a small difference of large numbers, unless it is computed as a divergence."""
    matrix, game, _, mu = setting(11)
    reference = by_prefix(STRINGS, mu)
    found = tree_exploitability(game, reference, reference=reference, tau=tau)
    expected = exploitability(matrix, mu, reference=mu, tau=tau)
    assert found == pytest.approx(expected, rel=1e-13 * tau, abs=0)  # the policies are known to 1e-16 only
    tilted = mu * np.exp(matrix.advantages(mu) / tau)
    tilted /= tilted.sum()  # nearer to the equilibrium
    near = tree_exploitability(game, by_prefix(STRINGS, tilted), reference=reference, tau=tau)
    assert 0 <= near < found
