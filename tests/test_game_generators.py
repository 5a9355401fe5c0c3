"""Generated games: what each promises, against brute force and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import find, given, settings
from scipy.stats import kstest

from solvers.games.building.generators import (
    cyclic_game,
    random_condorcet_game,
    random_low_rank_game,
    random_tournament,
    random_uniform_game,
    random_voter_game,
)
from solvers.games.building.strategies import preference_games
from solvers.games.game import PreferenceGame, exact_exploitability, exploitability
from solvers.games.payoffs import Factored, GameTooLarge

Made = Callable[[int, np.random.Generator], PreferenceGame]

RANDOM: dict[str, Made] = {
    "uniform": random_uniform_game,
    "tournament": random_tournament,
    "condorcet": random_condorcet_game,
    "low rank": lambda n, g: random_low_rank_game(n, 4, g),
    "scores only": lambda n, g: random_low_rank_game(n, 0, g),
    "voters": lambda n, g: random_voter_game(n, 6, g),
}


@pytest.mark.parametrize("made", RANDOM.values(), ids=RANDOM)
@pytest.mark.parametrize("size", [1, 2, 7])
def test_random_games_are_games_and_the_generator_decides(made: Made, size: int) -> None:
    game, again, other = (made(size, np.random.default_rng(seed)) for seed in (3, 3, 4))
    P = game.preferences
    assert P.shape == (size, size)
    assert np.array_equal(game.matrix, -game.matrix.T)
    assert P.min() >= 0
    assert P.max() <= 1
    assert np.array_equal(game.matrix, again.matrix)
    assert size < 7 or not np.array_equal(game.matrix, other.matrix)
    assert not game.matrix.flags.writeable or isinstance(game.payoffs, Factored)


@pytest.mark.parametrize("made", RANDOM.values(), ids=RANDOM)
def test_bad_arguments_are_named(made: Made) -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="size must be at least 1"):
        made(0, generator)
    with pytest.raises(TypeError, match="generator must be"):
        made(3, cast(Any, np.random))


@pytest.mark.parametrize("made", [random_uniform_game, random_tournament, random_condorcet_game])
def test_a_game_that_would_not_fit_is_refused(made: Made) -> None:
    with pytest.raises(GameTooLarge, match="1,000,000 actions"):
        made(1_000_000, np.random.default_rng(0))


def test_uniform_preferences_are_uniform() -> None:
    P = random_uniform_game(200, np.random.default_rng(0)).preferences
    assert kstest(P[np.triu_indices(200, 1)], "uniform").pvalue > 0.01


def test_a_tournament_is_fair_and_has_no_ties() -> None:
    P = random_tournament(200, np.random.default_rng(0)).preferences
    above = P[np.triu_indices(200, 1)]
    assert set(above) == {0.0, 1.0}
    assert abs(above.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(above))


@pytest.mark.parametrize("seed", range(20))
def test_a_condorcet_game_has_one_action_that_beats_all(seed: int) -> None:
    A = random_condorcet_game(9, np.random.default_rng(seed)).matrix
    assert sum((np.delete(row, i) > 0).all() for i, row in enumerate(A)) == 1


def test_low_rank_games_are_the_logistic_of_their_formula() -> None:
    game = random_low_rank_game(12, 4, np.random.default_rng(5))
    payoffs = game.payoffs
    assert isinstance(payoffs, Factored)
    u, r = payoffs.factors[:, :4], payoffs.factors[:, 4]
    for i in range(12):
        for j in range(12):
            cycle = u[i, 0] * u[j, 2] + u[i, 1] * u[j, 3] - u[i, 2] * u[j, 0] - u[i, 3] * u[j, 1]
            assert game.preferences[i, j] == pytest.approx(1 / (1 + np.exp(-(cycle + (r[i] - r[j]) / 2))), abs=1e-14)
    logits = np.log(game.preferences / (1 - game.preferences))
    assert np.linalg.matrix_rank(logits, tol=1e-9) == 6


def test_low_rank_games_are_not_multiplied_out() -> None:
    game = random_low_rank_game(200_000, 8, np.random.default_rng(0))  # 320 GB as a matrix
    point = np.zeros(game.size)
    point[17] = 1.0
    assert game.advantages(point)[17] == 0
    with pytest.raises(GameTooLarge):
        _ = game.matrix
    with pytest.raises(ValueError, match="rank: must be even"):
        random_low_rank_game(5, 3, np.random.default_rng(0))


def test_voters_are_counted_exactly() -> None:
    generator, twin = np.random.default_rng(8), np.random.default_rng(8)
    game = random_voter_game(5, 7, generator)
    places = [twin.permutation(5) for _ in range(7)]
    assert game.rationals is not None
    for i, j in permutations(range(5), 2):
        ahead = sum(place[i] < place[j] for place in places)
        assert game.rationals[i][j] == Fraction(ahead, 7) - Fraction(1, 2)


def test_one_voter_makes_an_order() -> None:
    A = random_voter_game(6, 1, np.random.default_rng(0)).matrix
    assert sorted((A > 0).sum(axis=1)) == list(range(6))


@pytest.mark.parametrize("size", [3, 4, 5, 8, 9])
@pytest.mark.parametrize("probability", [1, Fraction(5, 9), 0.75, Fraction(1, 10**40)])
def test_in_a_cycle_each_beats_the_next_and_uniform_wins(size: int, probability: float | Fraction) -> None:
    game = cyclic_game(size, probability)
    P = game.preferences
    for i in range(size):
        for j in range(size):
            expected = probability if j == (i + 1) % size else 1 - probability if i == (j + 1) % size else 0.5
            assert P[i, j] == pytest.approx(float(expected), abs=1e-15)
    assert exact_exploitability(game, [Fraction(1, size)] * size) == 0
    assert exploitability(game, np.eye(size)[0]) == pytest.approx(abs(float(2 * probability - 1)))
    # Unique if and only if only multiples of 1 are annihilated: -A p >= 0 with p > 0 forces A q = 0 for every winner q.
    assert np.linalg.matrix_rank(game.matrix) == (size - 1 if size % 2 else size - 2)


def test_a_cycle_has_three_actions_and_a_probability() -> None:
    with pytest.raises(ValueError, match="size must be at least 3"):
        cyclic_game(2)
    with pytest.raises(ValueError, match="probability: must be between 0 and 1"):
        cyclic_game(3, Fraction(3, 2))
    with pytest.raises(ValueError, match="probability must be finite, got nan"):
        cyclic_game(3, float("nan"))
    assert cyclic_game(3, "1/3").rationals == cyclic_game(3, Fraction(1, 3)).rationals
    assert cyclic_game(3, Decimal("0.6")).rationals == cyclic_game(3, "3/5").rationals
    for wrong in (None, [0.5], True):
        with pytest.raises(TypeError, match="probability must be"):
            cyclic_game(3, cast(Any, wrong))
    with pytest.raises(ValueError, match="probability must be a number"):
        cyclic_game(3, "a third")


@settings(max_examples=60, deadline=None)
@given(preference_games())
def test_the_strategy_makes_exact_games(game: PreferenceGame) -> None:
    assert 1 <= game.size <= 6
    assert game.rationals is not None
    n = range(game.size)
    assert all(game.rationals[i][j] == -game.rationals[j][i] for i in n for j in n)
    assert all(abs(a) <= Fraction(1, 2) for row in game.rationals for a in row)


@settings(max_examples=60, deadline=None)
@given(preference_games(3, 5, ties=False))
def test_the_strategy_without_ties_has_none(game: PreferenceGame) -> None:
    assert 3 <= game.size <= 5
    assert all((row != 0).sum() == game.size - 1 for row in game.matrix)


@pytest.mark.parametrize(
    "kind",
    [
        lambda A: len({tuple(row) for row in A.tolist()}) < len(A),  # copies
        lambda A: bool((np.abs(A) == 0.5).any()),  # certain preferences
        lambda A: bool((A[np.triu_indices(4, 1)] != 0).all()),  # no ties
    ],
)
def test_the_strategy_finds_every_kind(kind: Callable[[Any], bool]) -> None:
    found = find(preference_games(4, 4), lambda game: kind(game.matrix), settings=settings(database=None))
    assert kind(found.matrix)
