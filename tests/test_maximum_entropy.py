"""The winner of largest entropy: against cvxpy, against regularised equilibria near τ = 0, and by its certificate."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr
from test_equilibrium_set import games, with_many_winners

from solvers.games.exact import maximum_entropy
from solvers.games.exact.equilibrium_set import equilibrium_vertices
from solvers.games.exact.face import equilibrium_face
from solvers.games.exact.maximum_entropy import least_divergence, maximum_entropy_winner
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.game import PreferenceGame, exact_exploitability, exploitability, skew_game
from solvers.games.payoffs import Array
from solvers.games.second_order.newton import regularised_equilibrium

F = Fraction
CYCLE = ((0, -1, 1), (1, 0, -1), (-1, 1, 0))


def block_game(inner: int, outer: int, seed: int) -> PreferenceGame:
    """`inner` actions that tie, and `outer` that cut off corners of their simplex."""
    generator = np.random.default_rng(seed)
    A = np.zeros((inner + outer, inner + outer), dtype=int)
    A[:inner, inner:] = generator.integers(-3, 6, (inner, outer))
    A[inner:, :inner] = -A[:inner, inner:].T
    return skew_game(A.tolist())


def by_cvxpy(game: PreferenceGame, mu: Array) -> tuple[Array, float]:
    p = cp.Variable(game.size)
    problem = cp.Problem(cp.Minimize(cp.sum(cp.rel_entr(p, mu))), [game.matrix @ p <= 0, cp.sum(p) == 1, p >= 0])
    problem.solve(solver=cp.CLARABEL)
    assert problem.status == cp.OPTIMAL
    policy = np.maximum(p.value, 0.0)
    return policy, float(rel_entr(policy, mu).sum())


@pytest.mark.parametrize("reference", ["uniform", "random"])
@pytest.mark.parametrize("inner, outer, seed", [(5, 4, 1), (5, 4, 5), (8, 8, 0), (12, 20, 1), (30, 40, 2)])
def test_against_cvxpy(inner: int, outer: int, seed: int, reference: str) -> None:
    game = block_game(inner, outer, seed)
    mu = np.random.default_rng(seed).dirichlet(np.ones(game.size)) if reference == "random" else np.full(game.size, 1.0)
    mu /= mu.sum()
    found = least_divergence(game, reference=mu)
    assert found.winner.converged and abs(found.excess) < 1e-13
    assert found.winner.gap == exploitability(game, found.winner.policy) < 1e-13
    policy, value = by_cvxpy(game, mu)
    assert abs(found.divergence - value) < 1e-6
    assert np.abs(found.winner.policy - policy).max() < 1e-3  # as the square root of the former
    assert np.isclose(found.divergence, rel_entr(found.winner.policy, mu).sum(), atol=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_limit_of_regularised_equilibria(seed: int) -> None:
    game = with_many_winners(seed)
    for reference in (None, np.random.default_rng(seed).dirichlet(np.ones(game.size))):
        policy = maximum_entropy_winner(game, reference=reference).policy
        distance = []
        for tau in (1e-3, 1e-5):
            near = regularised_equilibrium(game, reference, tau, tolerance=1e-13)
            assert near.converged
            distance.append(float(np.abs(near.policy - policy).max()))
        assert distance[1] < 1e-3 and distance[1] <= max(distance[0] / 30, 1e-9)


@given(games(7), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_bound_holds_for_every_winner(game: PreferenceGame, seed: int) -> None:
    """Recomputed from the multipliers, it is below the divergence of all mixtures of the vertices, and attained."""
    generator = np.random.default_rng(seed)
    mu = generator.dirichlet(np.ones(game.size)) if seed else np.full(game.size, 1 / game.size)
    found = least_divergence(game, reference=mu)
    assert found.winner.converged and abs(found.excess) < 1e-12
    vertices = np.array(equilibrium_vertices(game), dtype=float)
    for weights in (*np.eye(len(vertices)), *generator.dirichlet(np.ones(len(vertices)), 20)):
        assert rel_entr(weights @ vertices, mu).sum() >= found.bound - 1e-12
    face = equilibrium_face(game)
    if face.dimension:
        outside = np.setdiff1d(np.arange(game.size), face.played)
        assert (found.multipliers[outside] >= 0).all()
        played = list(face.played)
        exponent = (game.matrix @ found.multipliers)[played]
        assert abs(-np.log(mu[played] @ np.exp(exponent)) - found.bound) < 1e-11
    else:
        assert np.array_equal(found.winner.policy, [float(p) for p in exact_von_neumann_winner(game).policy])


def test_clones_have_the_same_mass() -> None:
    order = [0, 1, 2, 2, 2, 0]
    found = maximum_entropy_winner(skew_game([[CYCLE[i][j] for j in order] for i in order]))
    assert np.allclose(found.policy, [1 / 6, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 6], atol=1e-14)
    A = np.triu(np.random.default_rng(3).integers(-999, 1000, (12, 12)), 1)
    A = A - A.T
    order = [*range(12), *range(12)]
    doubled = maximum_entropy_winner(skew_game(A[np.ix_(order, order)].tolist())).policy
    single = exact_von_neumann_winner(skew_game(A.tolist()))
    assert single.unique
    assert np.allclose(doubled[:12], doubled[12:], atol=1e-14)
    assert np.allclose(2 * doubled[:12], [float(p) for p in single.policy], atol=1e-14)


def test_ties() -> None:
    n = 50
    ties = PreferenceGame([[F(1, 2)] * n] * n)
    assert np.allclose(maximum_entropy_winner(ties).policy, 1 / n, atol=1e-15)
    mu = np.random.default_rng(0).dirichlet(np.ones(n))
    assert np.allclose(maximum_entropy_winner(ties, reference=mu).policy, mu, atol=1e-13)
    assert least_divergence(ties, reference=mu).divergence < 1e-14
    one = maximum_entropy_winner(PreferenceGame([[F(1, 2)]]))
    assert one.policy == [1.0] and one.converged
    cycles = np.kron(np.eye(4, dtype=int), np.array(CYCLE))
    assert np.allclose(maximum_entropy_winner(skew_game(cycles.tolist())).policy, 1 / 12, atol=1e-15)


@pytest.mark.parametrize("scale", [F(1, 10**30), F(10**30)])
def test_the_scale_of_the_payoffs_does_not_matter(scale: Fraction) -> None:
    game = block_game(6, 6, 3)
    scaled = skew_game([[scale * int(a) for a in row] for row in game.matrix.tolist()])
    expected = least_divergence(game)
    found = least_divergence(scaled, tolerance=max(1e-9, float(scale) * 1e-9))
    assert np.allclose(found.winner.policy, expected.winner.policy, atol=1e-13)
    assert abs(found.excess) < 1e-13
    assert np.allclose(found.multipliers * float(scale), expected.multipliers, atol=1e-9)


def test_a_reference_far_from_every_winner() -> None:
    game = block_game(8, 8, 1)
    mu = np.exp(-40.0 * np.arange(16))
    mu /= mu.sum()
    found = least_divergence(game, reference=mu)
    assert found.winner.converged and abs(found.excess) < 1e-10


def far_apart(tiny: Fraction, seed: int) -> PreferenceGame:
    """As :func:`block_game`, but half of the payoffs are smaller by this factor."""
    generator = np.random.default_rng(seed)
    A = [[F(0)] * 9 for _ in range(9)]
    for i in range(5):
        for j in range(5, 9):
            A[i][j] = int(generator.integers(-3, 6)) * (tiny if generator.random() < 0.5 else F(1))
            A[j][i] = -A[i][j]
    return skew_game(A)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("digits", [16, 20, 30, 40, 400])
@pytest.mark.parametrize("seed", range(6))
def test_payoffs_of_different_orders(digits: int, seed: int) -> None:
    """Converged or not, the bound is below the divergences of all vertices; it never says less than that of λ = 0."""
    game = far_apart(F(1, 10**digits), seed)
    found = least_divergence(game)
    mu = np.full(9, 1 / 9)
    for vertex in equilibrium_vertices(game):
        assert rel_entr(np.array(vertex, dtype=float), mu).sum() >= found.bound - 1e-9
    assert 0 <= found.divergence - found.bound + 1e-9 <= np.log(9)
    assert found.winner.converged or "the entropy within" in found.winner.reason


@pytest.mark.filterwarnings("error")
def test_a_game_that_is_singular_in_floats() -> None:
    d = F(1, 6 * 10**15)
    game = skew_game(
        [
            [0, -d, 0, 0, -2 * d],
            [d, 0, F(-1, 6), -2 * d, F(1, 3)],
            [0, F(1, 6), 0, 0, d],
            [0, 2 * d, 0, 0, -d],
            [2 * d, F(-1, 3), -d, d, 0],
        ]
    )
    found = least_divergence(game)
    played = np.array(equilibrium_vertices(game), dtype=float)
    assert found.winner.converged
    policy, value = by_cvxpy_among(played)
    assert np.abs(found.winner.policy - policy).max() < 1e-3 and abs(found.divergence - value) < 1e-6


def by_cvxpy_among(vertices: Array) -> tuple[Array, float]:
    """The mixture of vertices of largest entropy, which needs no payoffs."""
    weights = cp.Variable(len(vertices), nonneg=True)
    mixed = vertices.T @ weights
    uniform = np.full(vertices.shape[1], 1 / vertices.shape[1])
    cp.Problem(cp.Minimize(cp.sum(cp.rel_entr(mixed, uniform))), [cp.sum(weights) == 1]).solve(solver=cp.CLARABEL)
    policy = np.maximum(mixed.value, 0.0)
    return policy, float(rel_entr(policy, uniform).sum())


def test_the_gap_that_decides_is_exact() -> None:
    """Of payoffs around 1e20 the judge sees multiples of 1e4 only; that of the rounded policy is not 0."""
    generator = np.random.default_rng(0)
    hidden = 0
    for _ in range(20):
        A = np.triu(generator.integers(-(10**18), 10**18, (5, 5)), 1)
        game = skew_game([[100 * (int(A[i, j]) - int(A[j, i])) for j in range(5)] for i in range(5)])
        found = maximum_entropy_winner(game)
        weights = [F(p) for p in found.policy.tolist()]
        exactly = exact_exploitability(game, [w / sum(weights) for w in weights])
        assert found.converged is (exactly <= 1e-9 and found.gap <= 1e-9)
        hidden += found.gap <= 1e-9 < exactly
        assert maximum_entropy_winner(game, 1e8).converged
    assert hidden


def test_an_answer_that_is_not_within_the_tolerance_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An equilibrium, but not that of largest entropy."""
    monkeypatch.setattr(maximum_entropy, "BARRIERS", np.zeros(0))
    found = least_divergence(block_game(5, 4, 1))
    assert found.winner.gap < 1e-14 and found.excess > 1e-3
    assert not found.winner.converged and "the entropy within" in found.winner.reason


def test_what_is_refused() -> None:
    game = block_game(5, 4, 1)
    wrong: Any
    for wrong in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="tolerance"):
            maximum_entropy_winner(game, wrong)
    for wrong in ([0.5, 0.5], [0.0, *[1 / 8] * 8], [np.nan] * 9, [1.0] * 9):
        with pytest.raises(ValueError, match="reference"):
            maximum_entropy_winner(game, reference=wrong)
    with pytest.raises(TypeError, match="PreferenceGame"):
        wrong = None
        maximum_entropy_winner(wrong)
