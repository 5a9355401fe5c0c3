"""The vertices of the set of equilibria, against all bases of its inequalities, tried one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from solvers.games.exact.equilibrium_set import equilibrium_vertices
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.game import PreferenceGame, exact_exploitability, rational_rows, skew_game
from solvers.games.payoffs import GameTooLarge

F = Fraction
Policy = tuple[Fraction, ...]


def solved(rows: list[list[Fraction]], rhs: list[Fraction]) -> Policy | None:
    """Gauss and Jordan, in Fractions; None if singular."""
    n = len(rows)
    M = [[*row, b] for row, b in zip(rows, rhs, strict=True)]
    for k in range(n):
        pivot = next((i for i in range(k, n) if M[i][k]), None)
        if pivot is None:
            return None
        M[k], M[pivot] = M[pivot], M[k]
        M[k] = [x / M[k][k] for x in M[k]]
        for i in range(n):
            if i != k:
                M[i] = [x - M[i][k] * y for x, y in zip(M[i], M[k], strict=True)]
    return tuple(row[n] for row in M)


def by_bases(game: PreferenceGame) -> list[Policy]:
    """Each choice of N - 1 tight ones of the 2N inequalities p >= 0 and A p <= 0."""
    n, A = game.size, rational_rows(game)
    tight = [[F(i == j) for j in range(n)] for i in range(n)] + [list(row) for row in A]
    found = set()
    for chosen in combinations(tight, n - 1):
        p = solved([[F(1)] * n, *chosen], [F(1)] + [F(0)] * (n - 1))
        if p is not None and min(p) >= 0 and all(sum(a * q for a, q in zip(row, p, strict=True)) <= 0 for row in A):
            found.add(p)
    return sorted(found, reverse=True)


entries = st.sampled_from([F(x) for x in ("0", "0", "0", "1", "-1", "1/2")])


@st.composite
def games(draw: st.DrawFn, most: int = 5) -> PreferenceGame:
    n = draw(st.integers(1, most))
    A = [[F(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            A[i][j] = draw(entries)
            A[j][i] = -A[i][j]
    return skew_game(A)


@given(games())
@settings(max_examples=60, deadline=None)
def test_small_games_by_their_bases(game: PreferenceGame) -> None:
    assert list(equilibrium_vertices(game)) == by_bases(game)


def with_many_winners(seed: int) -> PreferenceGame:
    """A random game whose inner block ties, so that the equilibria are a polytope with cut corners."""
    generator = np.random.default_rng(seed)
    inner, outer = 5, 4
    A = np.zeros((inner + outer, inner + outer), dtype=int)
    A[:inner, inner:] = generator.integers(-2, 4, (inner, outer))
    A[inner:, :inner] = -A[:inner, inner:].T
    return skew_game(A.tolist())


@pytest.mark.parametrize("seed", range(8))
def test_larger_sets_by_linear_programs(seed: int) -> None:
    """Vertices: no mixture of the others; and no direction in which any equilibrium goes beyond all of them."""
    game = with_many_winners(seed)
    vertices = equilibrium_vertices(game)
    V = np.array(vertices, dtype=float)
    for v in vertices:
        assert exact_exploitability(game, v) <= 0
        assert rank_of_tight(game, v) == game.size
    assert len(set(vertices)) == len(vertices)
    generator = np.random.default_rng(seed)
    for _ in range(60):
        direction = generator.normal(size=game.size)
        program = linprog(
            -direction,
            A_ub=game.matrix,
            b_ub=np.zeros(game.size),
            A_eq=np.ones((1, game.size)),
            b_eq=[1.0],
            method="highs",
        )
        assert program.status == 0
        assert abs(-program.fun - (V @ direction).max()) < 1e-9


def rank_of_tight(game: PreferenceGame, p: Policy) -> int:
    A = rational_rows(game)
    tight = [[1.0] * game.size]
    for i, row in enumerate(A):
        if not p[i]:
            tight.append([float(i == j) for j in range(game.size)])
        if not sum(a * q for a, q in zip(row, p, strict=True)):
            tight.append([float(a) for a in row])
    return int(np.linalg.matrix_rank(np.array(tight)))


def test_the_sets_above_are_not_trivial() -> None:
    counts = [len(equilibrium_vertices(with_many_winners(seed))) for seed in range(8)]
    assert max(counts) >= 6 and min(counts) >= 1


@given(games(7))
@settings(max_examples=60, deadline=None)
def test_one_vertex_if_and_only_if_unique(game: PreferenceGame) -> None:
    vertices, winner = equilibrium_vertices(game), exact_von_neumann_winner(game)
    assert winner.unique is (len(vertices) == 1)
    assert not winner.unique or vertices == (winner.policy,)
    assert len(vertices) > winner.dimension


def test_known_sets() -> None:
    cycle = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
    cloned = skew_game([[cycle[i][j] for j in (0, 1, 2, 2)] for i in (0, 1, 2, 2)])
    third = F(1, 3)
    assert equilibrium_vertices(cloned) == ((third, third, third, 0), (third, third, 0, third))
    ties = PreferenceGame([[F(1, 2)] * 40] * 40)
    assert equilibrium_vertices(ties) == tuple(tuple(F(i == j) for j in range(40)) for i in range(40))
    assert equilibrium_vertices(PreferenceGame([[F(1, 2)]])) == ((F(1),),)
    cycles = np.kron(np.eye(4, dtype=int), np.array(cycle))  # four cycles that tie: one vertex each
    assert len(equilibrium_vertices(skew_game(cycles.tolist()))) == 4


def test_a_large_game_with_one_winner() -> None:
    U = np.triu(np.random.default_rng(0).random((60, 60)), 1)
    game = PreferenceGame(U + np.tril(1 - U.T, -1) + np.eye(60) / 2)
    assert equilibrium_vertices(game) == (exact_von_neumann_winner(game).policy,)


def test_what_is_refused() -> None:
    game = with_many_winners(0)
    with pytest.raises(GameTooLarge, match="9 actions are a set of dimension"):
        equilibrium_vertices(game, most=1)
    wrong: Any
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="most"):
            equilibrium_vertices(game, most=wrong)
    for wrong in (None, 1.5, True):
        with pytest.raises(TypeError, match="most"):
            equilibrium_vertices(game, most=wrong)
    with pytest.raises(TypeError, match="PreferenceGame"):
        wrong = [[0.5]]
        equilibrium_vertices(wrong)
