"""The exact von Neumann winner: published answers, what is known of tournaments, and z3 on whether it is unique."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

import prefcore as pc
from prefcore.matrix_games import Winner
from solvers.games.exact import face as face_module
from solvers.games.exact.face import equilibrium_face, whole_rows
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.exact.simplex import strictly_complementary
from solvers.games.game import (
    PreferenceGame,
    exact_exploitability,
    exploitability,
    game_of,
    rational_rows,
    skew_game,
)
from solvers.games.payoffs import Factored, GameTooLarge

F = Fraction
EPSILON = F(1, 30)
DICE = ((2, 4, 9), (1, 6, 8), (3, 5, 7))


def beats(first: tuple[int, ...], second: tuple[int, ...]) -> Fraction:
    return F(sum(a > b for a in first for b in second), len(first) * len(second))


def symmetric(n: int, wins: dict[tuple[int, int], Any]) -> PreferenceGame:
    P = [[F(1, 2)] * n for _ in range(n)]
    for (i, j), p in wins.items():
        P[i][j], P[j][i] = F(p), 1 - F(p)
    return PreferenceGame(P)


def random_game(n: int, seed: int, parts: int = 100) -> PreferenceGame:
    """Every entry a multiple of 1/parts; 1: a tournament."""
    generator = np.random.default_rng(seed)
    return symmetric(n, {(i, j): F(int(generator.integers(parts + 1)), parts) for i in range(n) for j in range(i)})


PUBLISHED = {
    "dice": (
        PreferenceGame([[beats(a, b) if a != b else F(1, 2) for b in DICE] for a in DICE]),
        (F(1, 3), F(1, 3), F(1, 3)),
    ),
    "three types of NLHF, section 3.2": (
        # y2 over y1: 1/3 - ε; y1 over y3 and y3 over y2: 1/3 + ε/2 each; otherwise a tie
        symmetric(
            3,
            {
                (1, 0): F(1, 2) + (F(1, 3) - EPSILON) / 2,
                (0, 2): F(1, 2) + (F(1, 3) + EPSILON / 2) / 2,
                (2, 1): F(1, 2) + (F(1, 3) + EPSILON / 2) / 2,
            },
        ),
        (F(1, 3) + EPSILON / 2, F(1, 3) + EPSILON / 2, F(1, 3) - EPSILON),
    ),
    "COMAL": (symmetric(3, {(1, 0): "9/10", (2, 1): "9/10", (0, 2): "4/5"}), (F(4, 11), F(3, 11), F(4, 11))),
    "perturbed rock-paper-scissors": (
        skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]]),
        (F(3, 7), F(3, 7), F(1, 7)),
    ),
    "Condorcet": (symmetric(3, {(1, 0): "2/3", (1, 2): "3/5", (0, 2): 1}), (F(0), F(1), F(0))),
    "one action": (PreferenceGame([[F(1, 2)]]), (F(1),)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_answers(name: str, tmp_path: Path) -> None:
    game, policy = PUBLISHED[name]
    found = exact_von_neumann_winner(game)
    assert found.policy == policy
    assert found.unique and found.support == tuple(i for i, p in enumerate(policy) if p)
    path = pc.save_certificate(found.verdict, tmp_path / "winner.json")
    stored = pc.load_certificate(path)
    assert isinstance(stored, pc.Proved) and isinstance(stored.claim, Winner)
    assert stored.claim.policy == policy
    assert [[a - F(1, 2) for a in row] for row in stored.claim.matrix] == [list(r) for r in rational_rows(game)]


def is_another(game: PreferenceGame, policy: tuple[Fraction, ...]) -> bool:
    """z3: whether some equilibrium differs from the policy."""
    x = [z3.Real(f"x{i}") for i in range(game.size)]
    number = [z3.Q(p.numerator, p.denominator) for p in policy]
    solver = z3.Solver()
    solver.add(*(v >= 0 for v in x), z3.Sum(x) == 1, z3.Or([v != p for v, p in zip(x, number, strict=True)]))
    for row in rational_rows(game):
        solver.add(z3.Sum([z3.Q(a.numerator, a.denominator) * v for a, v in zip(row, x, strict=True)]) <= 0)
    found = solver.check()
    assert found in (z3.sat, z3.unsat)
    return bool(found == z3.sat)


entries = st.sampled_from([F(x) for x in ("0", "0", "1", "-1", "1/2", "-1/3", "2")])


@st.composite
def small_games(draw: st.DrawFn) -> PreferenceGame:
    n = draw(st.integers(1, 6))
    A = [[F(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            A[i][j] = draw(entries)
            A[j][i] = -A[i][j]
    return skew_game(A)


@given(small_games())
@settings(max_examples=150, deadline=None)
def test_small_games_with_ties(game: PreferenceGame) -> None:
    """Degenerate ones, with equilibria that are not unique more often than not."""
    found = exact_von_neumann_winner(game)
    assert exact_exploitability(game, found.policy) <= 0
    assert found.unique is not is_another(game, found.policy)
    strictly_complementary_exactly(game, found.policy)


def strictly_complementary_exactly(game: PreferenceGame, policy: tuple[Fraction, ...]) -> None:
    for row, p in zip(rational_rows(game), policy, strict=True):
        gain = sum((a * q for a, q in zip(row, policy, strict=True)), F(0))
        assert (p > 0 and gain == 0) or (p == 0 and gain < 0)


@given(small_games())
@settings(max_examples=100, deadline=None)
def test_the_simplex_alone(game: PreferenceGame) -> None:
    """It needs no guess; where the equilibrium is unique it is the same."""
    policy = tuple(strictly_complementary(*whole_rows(rational_rows(game))))
    assert sum(policy) == 1
    strictly_complementary_exactly(game, policy)
    found = exact_von_neumann_winner(game)
    assert [p > 0 for p in policy] == [p > 0 for p in found.policy]
    assert not found.unique or policy == found.policy


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [10, 31, 50])
def test_the_simplex_on_larger_games(size: int, seed: int) -> None:
    game = random_game(size, seed)
    policy = tuple(strictly_complementary(*whole_rows(rational_rows(game))))
    assert policy == exact_von_neumann_winner(game).policy


@pytest.mark.parametrize("size, seed", [(2, 0), (3, 0), (3, 1), (7, 0), (10, 1), (26, 2), (51, 0), (101, 0), (101, 1)])
def test_tournaments(size: int, seed: int) -> None:
    """Fisher and Ryan 1992; Laffond, Laslier and Le Breton 1993: unique, odd support, odd numerators."""
    found = exact_von_neumann_winner(random_game(size, seed, 1))
    assert found.unique
    assert len(found.support) % 2 == 1
    unit = np.lcm.reduce([p.denominator for p in found.policy], dtype=object)
    assert unit % 2 == 1
    assert all(int(found.policy[i] * unit) % 2 == 1 for i in found.support)


def test_floats_are_the_numbers_that_they_store() -> None:
    P = np.array([[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])
    game = PreferenceGame(P)
    found = exact_von_neumann_winner(game)
    assert exact_exploitability(game, found.policy) == 0
    assert found.policy != (F(4, 11), F(3, 11), F(4, 11))  # .1 is not 1/10
    assert np.allclose([float(p) for p in found.policy], [4 / 11, 3 / 11, 4 / 11], atol=1e-15)
    matrix = found.verdict.claim.matrix if isinstance(found.verdict.claim, Winner) else ()
    assert matrix[0][1] == F(1, 2) + F(float(game.matrix[0, 1]))


@pytest.mark.parametrize("size", [20, 101])
def test_games_of_floats(size: int) -> None:
    U = np.triu(np.random.default_rng(size).random((size, size)), 1)
    game = PreferenceGame(U + np.tril(1 - U.T, -1) + np.eye(size) / 2)
    found = exact_von_neumann_winner(game)
    assert exact_exploitability(game, found.policy) == 0
    assert abs(exploitability(game, [float(p) for p in found.policy])) < 1e-15


FACTORED: tuple[Literal["identity", "logistic"], ...] = ("identity", "logistic")


def test_factored_games() -> None:
    u = np.random.default_rng(0).normal(size=(40, 4))
    S = np.array([[0, 1.0, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1], [0, 0, -1, 0]])
    for link in FACTORED:
        game = game_of(Factored(u, S, link))
        assert exact_exploitability(game, exact_von_neumann_winner(game).policy) <= 0


@pytest.mark.parametrize("rank", [2, 4])
def test_factors_are_multiplied_exactly(rank: int) -> None:
    """As rounding would break their ties: 150 actions were too many for what is found then."""
    u = np.random.default_rng(0).normal(size=(201, rank))
    S = np.kron(np.eye(rank // 2), [[0.0, 1.0], [-1.0, 0.0]])
    found = exact_von_neumann_winner(game_of(Factored(u, S, "identity")))
    assert found.dimension == 200 - rank and len(found.support) == 201  # u spreads around 0 in all directions
    for k in range(rank):
        assert sum(p * F(x) for p, x in zip(found.policy, u[:, k].tolist(), strict=True)) == 0
    few = game_of(Factored(u[:9], S, "identity"))
    for i, row in enumerate(rational_rows(few)):
        for j, a in enumerate(row):
            x, y = ([F(v) for v in u[k].tolist()] for k in (i, j))
            assert a == sum(x[k] * y[k + 1] - x[k + 1] * y[k] for k in range(0, rank, 2))


@pytest.mark.parametrize("tiny", [F(1, 10**12), F(1, 10**30), F(1, 10**400)])
def test_differences_that_no_float_shows(tiny: Fraction) -> None:
    """Rock, paper and scissors with an advantage below rounding; and a Condorcet winner by no more than that."""
    cycle = skew_game([[0, -1, 1], [1, 0, -1 - tiny], [-1, 1 + tiny, 0]])
    total = 3 + tiny
    assert exact_von_neumann_winner(cycle).policy == ((1 + tiny) / total, 1 / total, 1 / total)
    least = symmetric(4, {(2, j): F(1, 2) + tiny for j in (0, 1, 3)})
    found = exact_von_neumann_winner(least)
    assert found.policy == (0, 0, 1, 0) and found.unique


@pytest.mark.parametrize("scale", [F(1, 10**200), F(10**200), F(7, 3)])
def test_the_scale_of_the_payoffs_does_not_matter(scale: Fraction) -> None:
    A = rational_rows(random_game(12, 4))
    scaled = skew_game([[scale * a for a in row] for row in A])
    assert exact_von_neumann_winner(scaled).policy == exact_von_neumann_winner(skew_game(A)).policy


def test_clones_losers_and_ties() -> None:
    """A clone: the copies share what the one had. All tie: the simplest policy of all."""
    game = random_game(9, 3)
    found = exact_von_neumann_winner(game)
    chosen = found.support[0]
    A = rational_rows(game)
    order = [*range(9), chosen]
    cloned = exact_von_neumann_winner(skew_game([[A[i][j] for j in order] for i in order]))
    assert cloned.dimension == 1 and not cloned.unique
    assert cloned.policy[chosen] + cloned.policy[9] == found.policy[chosen]
    assert [p for i, p in enumerate(cloned.policy) if i not in (chosen, 9)] == [
        p for i, p in enumerate(found.policy) if i != chosen
    ]
    kept = [i for i in range(9) if found.policy[i] or i % 2]
    smaller = exact_von_neumann_winner(skew_game([[A[i][j] for j in kept] for i in kept]))
    assert smaller.policy == tuple(found.policy[i] for i in kept)
    ties = exact_von_neumann_winner(PreferenceGame([[F(1, 2)] * 7] * 7))
    assert ties.policy == (F(1, 7),) * 7 and ties.dimension == 6
    assert "that it wins is certified; one of a set of dimension 6" in repr(ties)
    assert "that it wins is certified; the only one, as exact elimination finds" in repr(found)


def test_where_every_guess_fails_the_simplex_does(monkeypatch: pytest.MonkeyPatch) -> None:
    game = random_game(20, 8)
    expected = exact_von_neumann_winner(game)
    assert expected.method == "interior point"
    monkeypatch.setattr(face_module, "_guesses", lambda A: iter([("chance", [0, 1, 2], np.ones(20) / 20)]))
    found = exact_von_neumann_winner(game)
    assert found.method == "exact simplex" and found.policy == expected.policy
    monkeypatch.setattr(face_module, "SIMPLEX_WORK", 10.0)
    with pytest.raises(GameTooLarge, match="3 of 20 actions"):
        exact_von_neumann_winner(game)


@pytest.mark.parametrize("seed", range(3))
def test_clones_that_differ_by_less_than_rounding_shows(seed: int) -> None:
    """Every policy on the clones is within 1e-13 of an equilibrium; only one is exactly one."""
    generator = np.random.default_rng(seed)
    base = np.triu(generator.normal(size=(8, 8)), 1)
    base = base - base.T
    order = np.arange(30) % 8
    noise = np.triu(generator.normal(size=(30, 30)), 1) * 1e-14
    game = skew_game(base[np.ix_(order, order)] + noise - noise.T)
    found = exact_von_neumann_winner(game)
    assert exact_exploitability(game, found.policy) == 0
    strictly_complementary_exactly(game, found.policy)
    assert found.unique


def test_what_is_refused() -> None:
    wrong: Any
    for wrong in (None, [[F(1, 2)]], np.ones((2, 2)) / 2):
        for function in (exact_von_neumann_winner, equilibrium_face):
            with pytest.raises(TypeError, match="PreferenceGame"):
                function(wrong)
    big = game_of(Factored(np.ones((10**6, 1)), np.zeros((1, 1)), "identity"))
    with pytest.raises(GameTooLarge, match="1,000,000 actions"):
        exact_von_neumann_winner(big)


def test_fifty_actions_take_a_hundredth_of_what_they_took_elsewhere() -> None:
    """pygambit.nash.lp_solve(rational=True) took 4.9 s; the aim is less than 90 ms."""
    games = [random_game(50, seed) for seed in range(5)]
    exact_von_neumann_winner(games[0])
    start = time.process_time()
    for game in games:
        exact_von_neumann_winner(game)
    assert (time.process_time() - start) / len(games) < 0.09
