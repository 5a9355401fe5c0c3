"""What functions of tree games refuse, with an error that says what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyspiel
import pytest

from solvers.games.game import PreferenceGame
from solvers.games.payoffs import GameTooLarge
from solvers.games.trees.builders import complete_strings, string_sequences, token_game
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
from solvers.games.trees.treeplex import behaviour_of, plan_of, policy_at, read_policy, treeplex_of

HALF = Fraction(1, 2)
MATRIX = PreferenceGame([["1/2", "1/3"], ["2/3", "1/2"]])
GAME = token_game(None, "ab", 1, games={None: MATRIX})
EVEN = {(): {"a": HALF, "b": HALF}}

OF_GAMES: list[Callable[[Any], Any]] = [
    sequence_form_program,
    counterfactual_regret_plus,
    string_sequences,
    lambda game: dilated_mirror_descent(game, None, 0.1, 10),
    lambda game: tree_exploitability(game, EVEN),
    lambda game: best_response(game, EVEN),
    lambda game: exact_tree_exploitability(game, EVEN),
    lambda game: exact_best_response(game, EVEN),
    lambda game: exact_tree_value(game, EVEN),
]
OF_TREEPLEXES: list[Callable[[Any], Any]] = [
    lambda plex: plan_of(plex, np.ones(3)),
    lambda plex: behaviour_of(plex, np.ones(3)),
    lambda plex: policy_at(plex, np.ones(3)),
    lambda plex: read_policy(plex, EVEN),
    lambda plex: soft_recursion(plex, np.zeros(3), np.zeros(3), np.zeros(3), 0.1, 0.1),
]


@pytest.mark.parametrize("function", OF_GAMES)
@pytest.mark.parametrize("thing", [None, MATRIX, MATRIX.matrix, [[0, 1], [-1, 0]]])
def test_what_is_no_tree_game_is_refused(function: Callable[[Any], Any], thing: Any) -> None:
    with pytest.raises(TypeError, match=f"game must be a TreeGame, got {type(thing).__name__}: token_game"):
        function(thing)


@pytest.mark.parametrize("function", OF_TREEPLEXES)
def test_what_is_no_treeplex_is_refused(function: Callable[[Any], Any]) -> None:
    for thing in (None, GAME):
        with pytest.raises(TypeError, match=f"treeplex must be a Treeplex, got {type(thing).__name__}"):
            function(thing)
        with pytest.raises(TypeError, match="sets must be a sequence"):
            treeplex_of(thing)


@pytest.mark.parametrize("function", [plan_of, behaviour_of, policy_at])
def test_arrays_of_the_wrong_size_are_refused(function: Callable[[Any, Any], Any]) -> None:
    plex = GAME.players[0]
    for size in (2, 4):
        with pytest.raises(ValueError, match="give 3 numbers, one for each sequence"):
            function(plex, np.ones(size))
    with pytest.raises(TypeError, match="must be an array, got dict"):
        function(plex, EVEN)


def test_what_is_no_game_of_openspiel_is_refused() -> None:
    for thing in (None, "kuhn_poker", GAME):
        with pytest.raises(TypeError, match=r"pass pyspiel\.load_game"):
            from_openspiel(thing)
    with pytest.raises(ValueError, match="no information state strings"):
        from_openspiel(pyspiel.load_game("breakthrough(rows=3,columns=2)"))
    with pytest.raises(ValueError, match="chance is sampled"):
        from_openspiel(pyspiel.load_game("bridge_uncontested_bidding"))


def test_errors_of_token_games_name_the_prompt() -> None:
    half = PreferenceGame([["1/2"] * 2] * 2)
    with pytest.raises(ValueError, match="games: 'q' is none of the prompts, which are 'p'"):
        token_game({"p": 1}, "ab", 1, games={"p": half, "q": half})
    with pytest.raises(TypeError, match="games: must be a mapping"):
        token_game(None, "ab", 1, games=[half])
    with pytest.raises(
        ValueError, match=r"preference\(x, y\) stands for preference\('p', x, y\): .*nan, no probability"
    ):
        token_game({"p": 1}, "ab", 1, lambda _p, _x, _y: float("nan"))
    with pytest.raises(TypeError, match=r"stands for preference\(None, x, y\)"):
        token_game(None, "ab", 1, lambda _p, _x, _y: True)


def test_strings_that_would_not_fit_are_refused() -> None:
    for length in (40, 10**9):
        with pytest.raises(GameTooLarge, match="strings and prefixes"):
            complete_strings("ab", length)
    for error, match, arguments in (
        (ValueError, "length", ("ab", -1)),
        (TypeError, "vocabulary", (None, 2)),
        (ValueError, "end", ("ab", 2, "c")),
    ):
        with pytest.raises(error, match=match):
            complete_strings(*arguments)


def test_pairs_that_would_not_fit_are_refused_before_strings_are_listed() -> None:
    for end, strings in ((None, 2**22), (".", 2**21 * 3 + 2**21 - 1)):
        tokens = "ab" if end is None else "ab."
        with pytest.raises(GameTooLarge, match=f"a game of {strings:,} actions"):
            token_game(None, tokens, 22, lambda _p, _x, _y: HALF, end=end)


def test_exact_policies_are_read_as_strictly_as_others() -> None:
    assert exact_tree_exploitability(GAME, EVEN) == Fraction(1, 6)
    for bad, match in (
        (EVEN | {("a",): {"a": 1}}, r"\('a',\) is no information set"),
        ({}, "give the information set"),
        ({(): "ab"}, "give the information set"),
        ({(): {"a": "x", "b": 1}}, r"at \(\) a probability is no finite number"),
        ({(): {"a": "1/0", "b": 1}}, r"at \(\) a probability is no finite number"),
        ({(): {"a": Decimal("inf"), "b": 1}}, r"at \(\) a probability is no finite number"),
    ):
        with pytest.raises(ValueError, match=match):
            exact_tree_exploitability(GAME, bad)
    with pytest.raises(TypeError, match=r"at \(\): give int, Fraction or text"):
        exact_tree_exploitability(GAME, {(): {"a": np.float32(0.5), "b": HALF}})
    with pytest.raises(ValueError, match="player: must be 0 or 1"):
        exact_best_response(GAME, EVEN, 2)
    kuhn = from_openspiel(pyspiel.load_game("kuhn_poker"), exact=True)
    with pytest.raises(ValueError, match="second: the game is not symmetric"):
        exact_tree_value(kuhn, {label: {0: 1} for label in kuhn.players[0].labels})
    with pytest.raises(ValueError, match="must be one that token_game made"):
        string_sequences(kuhn)
