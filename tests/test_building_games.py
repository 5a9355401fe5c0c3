"""Games built from functions, counts, voters, scores, factors and processes, against definitions in fractions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.special import expit

from solvers.games.building.builders import (
    game_from_counts,
    game_from_function,
    game_from_scores,
    game_from_voters,
    low_rank_game,
)
from solvers.games.building.processes import game_from_phi
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.game import PreferenceGame, exploitability
from solvers.games.payoffs import Factored, GameTooLarge
from solvers.games.second_order.winner import von_neumann_winner
from solvers.rewards.pairwise.win_counts import comparison_counts

HALF = Fraction(1, 2)
DICE = {"A": (2, 4, 9), "B": (1, 6, 8), "C": (3, 5, 7)}


def beats(x: str, y: str) -> Fraction:
    """How often a die rolls higher, a tie being half."""
    rolls = list(product(DICE[x], DICE[y]))
    return sum((Fraction(1 if a > b else 0) + (HALF if a == b else 0) for a, b in rolls), Fraction(0)) / len(rolls)


# -- functions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("both_orders", [True, False])
def test_efrons_dice_are_exact(both_orders: bool) -> None:
    game = game_from_function(DICE, beats, both_orders=both_orders)
    assert game.labels == ("A", "B", "C")
    assert game.rationals is not None
    for i, j in product(range(3), repeat=2):
        assert game.rationals[i][j] + HALF == beats("ABC"[i], "ABC"[j])
    assert exact_von_neumann_winner(game).policy == (Fraction(1, 3),) * 3
    assert exploitability(game, [1, 0, 0]) == pytest.approx(1 / 9)  # C beats A 5 times in 9


@pytest.mark.parametrize(
    ("kind", "exact"),
    [
        (Fraction, True),
        (str, True),
        (lambda p: Decimal(1) if p == 1 else Decimal(0) if p == 0 else Decimal("0.5"), True),
        (float, False),
        (np.float32, False),
    ],
)
def test_answers_are_exact_as_they_come(kind: Callable[[Fraction], Any], exact: bool) -> None:
    def order(x: int, y: int) -> Any:
        return kind(Fraction((x > y) - (x < y), 2) + HALF)

    game = game_from_function(range(3), order)
    assert (game.rationals is not None) is exact
    assert game.preferences.tolist() == [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]]


def test_one_float_makes_a_game_of_floats() -> None:
    game = game_from_function([*"ab"], lambda x, y: HALF if x == y else 0.25 if x < y else Fraction(3, 4))
    assert game.rationals is None
    assert game.preferences.tolist() == [[0.5, 0.25], [0.75, 0.5]]


def test_only_as_many_pairs_are_evaluated_as_were_asked_for() -> None:
    asked: list[tuple[int, int]] = []

    def preference(x: int, y: int) -> float:
        asked.append((x, y))
        return 0.5

    game_from_function(range(4), preference, both_orders=False)
    assert asked == [(i, j) for i in range(4) for j in range(i + 1, 4)]
    asked.clear()
    game_from_function(range(4), preference)
    assert sorted(asked) == sorted([*product(range(4), repeat=2)])


def test_what_floats_miss_is_averaged_and_said() -> None:
    game = game_from_function([*"ab"], lambda x, y: 0.5 if x == y else 0.3 if x < y else 0.7 + 1e-13)
    assert game.asymmetry == pytest.approx(1e-13, rel=0.01)
    assert np.array_equal(game.matrix, -game.matrix.T)


@pytest.mark.parametrize(
    ("preference", "message"),
    [
        (lambda x, y: 0.6, r"preference\('a', 'a'\) is 0.6: of two that are the same it is 1/2"),
        (lambda x, y: 0.5 + 0.1 * (x < y), "'a' to 'b' has probability 0.6, 'b' to 'a' 0.5, which sums to 1.1"),
        (lambda x, y: Fraction(1, 3 if (x, y) == ("b", "c") else 2), "'b' to 'c' has probability 1/3, 'c' to 'b' 1/2"),
        (lambda x, y: 2 if x < y else HALF, r"preference\('a', 'b'\) is 2, no probability"),
        (lambda x, y: float("nan"), "is nan, no probability"),
        (lambda x, y: "a third", "is 'a third', no finite number"),
        (lambda x, y: "1/0", "no finite number"),
    ],
)
def test_the_pair_at_fault_is_named(preference: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        game_from_function([*"abc"], preference)


def test_a_function_must_give_numbers_for_a_number_of_things_that_fits() -> None:
    with pytest.raises(TypeError, match="return a probability"):
        game_from_function([*"abc"], lambda x, y: x > y)
    with pytest.raises(TypeError, match="preference"):
        game_from_function([*"abc"], lambda x, y: None)
    with pytest.raises(TypeError, match="must be a function"):
        game_from_function([*"abc"], cast(Any, 0.5))
    with pytest.raises(TypeError, match="trajectories must be a sequence"):
        game_from_function(cast(Any, 3), beats)
    with pytest.raises(ValueError, match="one or more"):
        game_from_function([], beats)
    with pytest.raises(ValueError, match="labels: 1 for 3"):
        game_from_function([*"ABC"], beats, labels=["x"])
    with pytest.raises(GameTooLarge):
        game_from_function(range(300_000), lambda x, y: 1 / 0)


# -- counts ---------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 5).flatmap(lambda n: st.lists(st.integers(0, 9), min_size=2 * n * n, max_size=2 * n * n)))
def test_counts_are_shares(numbers: list[int]) -> None:
    n = int((len(numbers) // 2) ** 0.5)
    wins, upper = np.array(numbers).reshape(2, n, n)
    np.fill_diagonal(wins, 0)
    ties = np.triu(upper, 1) + np.triu(upper, 1).T
    if not (wins.any() or ties.any()):
        return
    game = game_from_counts(wins, ties, unseen=HALF)
    assert game.rationals is not None
    for i, j in product(range(n), repeat=2):
        total = int(wins[i, j] + wins[j, i] + ties[i, j])
        share = (int(wins[i, j]) + Fraction(int(ties[i, j]), 2)) / total if total else HALF
        assert game.rationals[i][j] == share - HALF
        assert game.matrix[i, j] == float(share - HALF)


def test_recorded_comparisons_keep_their_labels() -> None:
    records = [("tea", "coffee"), ("coffee", "milk"), ("milk", "tea"), ("tea", "coffee"), ("coffee", "tea")]
    game = game_from_counts(comparison_counts(records))
    assert game.labels == ("tea", "coffee", "milk")
    assert game.rationals is not None
    assert game.rationals[0][1] == Fraction(1, 6)
    winner = exact_von_neumann_winner(game).policy  # margins: tea 1/3, coffee 1, milk 1
    assert winner == (Fraction(3, 7), Fraction(3, 7), Fraction(1, 7))


def test_weights_make_a_game_of_floats() -> None:
    game = game_from_counts([[0, 1.5], [0.5, 0]])
    assert game.rationals is None
    assert game.preferences.tolist() == [[0.5, 0.75], [0.25, 0.5]]


@pytest.mark.parametrize("missing", [(0, 1), (0, 3), (1, 2), (2, 3)])
def test_a_pair_that_was_never_compared_is_named(missing: tuple[int, int]) -> None:
    wins = 1 - np.eye(4)
    wins[missing] = wins[missing[::-1]] = 0
    x, y = ("abcd"[k] for k in missing)
    with pytest.raises(ValueError, match=f"'{x}' and '{y}' were never compared; pass unseen=Fraction"):
        game_from_counts(wins, labels="abcd")
    assert game_from_counts(wins, unseen=0.5).preferences[missing] == 0.5


def test_counts_have_one_label_each_and_only_ties_stand_for_nothing() -> None:
    with pytest.raises(ValueError, match="only 1/2 treats both"):
        game_from_counts([[0, 1], [1, 0]], unseen=0.3)
    with pytest.raises(ValueError, match="labels: 3 for 2 items"):
        game_from_counts([[0, 1], [1, 0]], labels="abc")
    with pytest.raises(ValueError, match="zero or more"):
        game_from_counts([[0, -1], [1, 0]])


class Frame:
    """What of a data frame is looked at."""

    def __init__(self, numbers: list[list[int]], index: Any, columns: Any) -> None:
        self.numbers, self.index, self.columns = numbers, index, columns

    def to_numpy(self) -> Any:
        return np.array(self.numbers)


def test_a_data_frame_has_labels() -> None:
    frame = Frame([[0, 3, 1], [1, 0, 1], [1, 1, 0]], [*"abc"], [*"abc"])
    game = game_from_counts(frame, Frame([[0, 0, 2], [0, 0, 0], [2, 0, 0]], [*"abc"], [*"abc"]))
    assert game.labels == ("a", "b", "c")
    assert game.rationals is not None
    assert game.rationals[0] == (0, Fraction(1, 4), 0)
    assert game_from_counts(frame, labels="xyz").labels == ("x", "y", "z")
    with pytest.raises(ValueError, match=r"wins: the rows are \['a', 'b'\]… and the columns \['b', 'a'\]"):
        game_from_counts(Frame([[0, 3], [1, 0]], [*"ab"], [*"ba"]))
    with pytest.raises(ValueError, match=r"ties: its items are \['c', 'b', 'a'\]…, those of wins \['a'"):
        game_from_counts(frame, Frame([[0] * 3] * 3, [*"cba"], [*"cba"]))


def test_no_comparison_at_all_is_all_ties_if_that_is_asked_for() -> None:
    for zeros in (np.zeros((3, 3)), csr_array((3, 3))):
        game = game_from_counts(zeros, unseen=HALF)
        assert game.rationals == ((Fraction(0),) * 3,) * 3
        with pytest.raises(ValueError, match="'a' and 'b' were never compared"):
            game_from_counts(zeros, labels="abc")
    assert game_from_counts(np.zeros((2, 2)), np.zeros((2, 2)), unseen=HALF).matrix.tolist() == [[0, 0], [0, 0]]


# -- voters ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=1)))
def test_voters_are_shares_and_majorities(worth: list[list[int]]) -> None:
    n, votes = len(worth[0]), [1 + k % 3 for k in range(len(worth))]
    tiers = [[{i for i in range(n) if row[i] == level} for level in sorted(set(row), reverse=True)] for row in worth]
    shares = game_from_voters(utilities=worth, votes=votes)
    assert game_from_voters(tiers, votes=votes, labels=range(n)).rationals == shares.rationals
    signs = game_from_voters(utilities=worth, votes=votes, majorities=True).rationals
    assert shares.rationals is not None
    assert signs is not None
    for i, j in product(range(n), repeat=2):
        margin = sum(v * ((row[i] > row[j]) - (row[i] < row[j])) for row, v in zip(worth, votes, strict=True))
        assert shares.rationals[i][j] == Fraction(margin, 2 * sum(votes))
        assert signs[i][j] == Fraction((margin > 0) - (margin < 0), 2)


@pytest.mark.parametrize(
    ("rankings", "message"),
    [
        ([["a", "b"], ["b"]], "ballot 1 does not rank 'a': put what it ranks last"),
        ([["a", "b"], ["b", "c"]], "ballot 1 ranks 'c', which is not among"),
        ([["a", "b"], ["b", "a", "b"]], "ballot 1 ranks one twice"),
        ([["a", "a"]], "ballot 0 ranks an alternative twice"),
        ([], "rankings must hold one or more"),
        ([[]], "ballot 0 must hold one or more"),
    ],
)
def test_the_ballot_at_fault_is_named(rankings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        game_from_voters(rankings)


@pytest.mark.parametrize(
    ("rankings", "labels"),
    [
        ("[[{'tea', 'coffee', 'milk', 'water'}]]", ["coffee", "milk", "tea", "water"]),
        ("[['x', {'b', 'a', 'c'}], [{'a', 'x'}, 'c', 'b']]", ["x", "c", "b", "a"]),
        ("[[{1, 'a', 2.5, 10}], [['a', 1], {10, 2.5}]]", ["a", 1, 2.5, 10]),
    ],
)
def test_the_rows_of_alternatives_in_a_set_are_the_same_each_time(rankings: str, labels: list[Any]) -> None:
    """Python's sets of text list it in another order in each process."""
    program = f"from solvers import games; print(list(games.game_from_voters({rankings}).labels))"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == str(labels)


def test_a_set_has_no_order() -> None:
    with pytest.raises(TypeError, match="ballot 0 must be a sequence"):
        game_from_voters(cast(Any, [{"a", "b"}]))
    with pytest.raises(TypeError, match="rankings must be a sequence"):
        game_from_voters({("a", "b"), ("b", "a")})


def test_voters_give_one_kind_of_ballot() -> None:
    with pytest.raises(ValueError, match="give rankings, or utilities="):
        game_from_voters()
    with pytest.raises(ValueError, match="give rankings, or utilities="):
        game_from_voters([["a"]], utilities=[[1]])
    with pytest.raises(ValueError, match="that of action 1 to voter 0 is nan"):
        game_from_voters(utilities=[[1, np.nan]])
    with pytest.raises(ValueError, match="shape"):
        game_from_voters(utilities=[1, 2])
    with pytest.raises(ValueError, match="votes: 1 for 2 ballots"):
        game_from_voters(utilities=[[1, 2], [2, 1]], votes=[1])
    with pytest.raises(ValueError, match="votes: of ballot 1 must be a whole number"):
        game_from_voters(utilities=[[1, 2], [2, 1]], votes=cast(Any, [1, 0.5]))
    with pytest.raises(ValueError, match="votes: add up"):
        game_from_voters(utilities=[[1, 2], [2, 1]], votes=[2**53, 1])


# -- scores and factors ---------------------------------------------------------------------------------------------


def test_bradley_terry_scores_are_never_multiplied_out() -> None:
    scores = np.log([1, 9, 2])  # the appendix of NLHF
    game = game_from_scores(scores, labels="abc")
    assert np.allclose(game.preferences, expit(scores[:, None] - scores), atol=1e-15)
    assert isinstance(game.payoffs, Factored)
    assert von_neumann_winner(game).policy.tolist() == [0, 1, 0]
    large = game_from_scores(np.linspace(0, 1, 500_000))
    assert exploitability(large, np.eye(1, 500_000, 499_999)[0]) == pytest.approx(0, abs=1e-15)
    with pytest.raises(ValueError, match="that of action 1 is inf"):
        game_from_scores([0, np.inf])
    with pytest.raises(ValueError, match="shape"):
        game_from_scores([[0, 1]])


@pytest.mark.parametrize("link", ["identity", "logistic"])
def test_factors_give_their_products(link: Any) -> None:
    generator = np.random.default_rng(0)
    u, S = generator.standard_normal((6, 4)), np.triu(generator.standard_normal((4, 4)), 1)
    game = low_rank_game(u, S - S.T, link)
    products = np.array([[x @ (S - S.T) @ y for y in u] for x in u])
    assert np.allclose(game.matrix, products if link == "identity" else expit(products) - 0.5, atol=1e-14)
    u[:] = 0  # the game has a copy
    assert game.matrix.any()


def test_the_factor_at_fault_is_named() -> None:
    J = [[0, 1], [-1, 0]]
    with pytest.raises(ValueError, match=r"factors: entry \[1, 0\] is nan"):
        low_rank_game([[1, 2], [np.nan, 0]], J, "identity")
    with pytest.raises(ValueError, match=r"S\[0, 1\] \+ S\[1, 0\] = 2"):
        low_rank_game([[1, 2]], [[0, 1], [1, 0]], "identity")
    with pytest.raises(ValueError, match="factors of rank 3"):
        low_rank_game([[1, 2, 3]], J, "identity")
    with pytest.raises(ValueError, match="link: must be"):
        low_rank_game([[1, 2]], J, cast(Any, "probit"))
    with pytest.raises(ValueError, match="beyond all floats"):
        low_rank_game([[1e200, 1e200]], J, "logistic")
    with pytest.raises(ValueError, match="factors: has shape"):
        low_rank_game([1, 2], J, "identity")


def test_one_action_is_a_game() -> None:
    games: list[PreferenceGame] = [
        game_from_function([*"a"], lambda x, y: HALF),
        game_from_voters([["a"]]),
        game_from_scores([3]),
        game_from_phi([*"a"], lambda x, y: 0),
    ]
    for game in games:
        assert game.matrix.tolist() == [[0]]
        assert von_neumann_winner(game).policy.tolist() == [1]
