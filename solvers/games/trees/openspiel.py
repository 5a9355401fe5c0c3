"""OpenSpiel's games as tree games; the library itself does not import ``pyspiel``, whose objects it reads by name.

A turn-based two-player zero-sum game with perfect recall: information sets are called by OpenSpiel's information state
strings, actions by its numbers, so that policies of either can be compared.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from solvers.arguments import whole_number
from solvers.games.payoffs import GameTooLarge
from solvers.games.trees.tree_game import TreeGame, sequence_payoffs
from solvers.games.trees.treeplex import treeplex_of

HISTORIES = 2_000_000  # that are read without being asked to
DENOMINATOR = 10**6  # the largest of a chance probability that is read as a fraction

Sequence = tuple[int, int] | None  # information set, action's position


def from_openspiel(game: Any, *, exact: bool = False, limit: int = HISTORIES) -> TreeGame:
    """The sequence form of a ``pyspiel`` game (``pyspiel.load_game("kuhn_poker")``).

    exact: read probabilities and returns as the fractions with denominators up to 10⁶ that they round, so that values
    can be had in rationals. limit: of histories. Raises ``ValueError`` for a game that is not for two players, has
    no information state strings, simultaneous moves, chance that is only sampled, returns that don't sum to 0,
    imperfect recall or, with `exact`, numbers that are no such fractions; ``GameTooLarge`` as soon as a random descent
    or the list says that it has more histories than the limit; ``TypeError`` for what is no game of OpenSpiel's.
    """
    if not all(callable(getattr(game, name, None)) for name in ("get_type", "num_players", "new_initial_state")):
        raise TypeError(f'game must be one of pyspiel, got {type(game).__name__}: pass pyspiel.load_game("kuhn_poker")')
    most = whole_number(limit, "limit", 1)
    if game.num_players() != 2:
        raise ValueError(f"game: has {game.num_players()} players; a tree game has two")
    kind = game.get_type()
    if not kind.provides_information_state_string:
        raise ValueError("game: has no information state strings, by which policies are told what they know")
    if kind.chance_mode.name == "SAMPLED_STOCHASTIC":
        raise ValueError("game: its chance is sampled, without probabilities")
    size = _estimated_size(game)
    if size > 2 * most:
        raise GameTooLarge(f"the game has about {size:.1e} histories, more than the limit of {most:,}: raise limit=")
    number = _fraction if exact else float
    sets: tuple[list[Any], list[Any]] = ([], [])
    known: tuple[dict[str, int], dict[str, int]] = ({}, {})
    ends: list[tuple[Sequence, Sequence, Any]] = []
    stack: list[tuple[Any, Sequence, Sequence, Any]] = [(game.new_initial_state(), None, None, number(1))]
    seen = 0
    while stack:
        state, mine, theirs, chance = stack.pop()
        seen += 1
        if seen > most:
            raise GameTooLarge(f"the game has more than {most:,} histories: raise limit=")
        if state.is_terminal():
            won, lost = state.returns()
            if won + lost != 0:
                raise ValueError(f"game: returns {won:g} and {lost:g} after {state}; a zero-sum game's sum to 0")
            ends.append((mine, theirs, chance * number(won)))
        elif state.is_chance_node():
            stack.extend(
                (state.child(a), mine, theirs, chance * number(p)) for a, p in reversed(state.chance_outcomes())
            )
        else:
            player = state.current_player()
            before = (mine, theirs)[player]
            label, actions = state.information_state_string(player), tuple(state.legal_actions())
            j = known[player].setdefault(label, len(sets[player]))
            if j == len(sets[player]):
                sets[player].append((label, before, actions))
            elif sets[player][j][1:] != (before, actions):
                raise ValueError(
                    f"game: the information state {label!r} is met after different actions of its player, or with "
                    "others to choose from: he must have perfect recall"
                )
            for k in range(len(actions) - 1, -1, -1):
                taken = (j, k)
                after = (taken, theirs) if player == 0 else (mine, taken)
                stack.append((state.child(actions[k]), *after, chance))
    made = treeplex_of(sets[0]), treeplex_of(sets[1])

    def sequence(player: int, at: Sequence) -> int:
        plex, numbers = made[player]
        return 0 if at is None else int(plex.first[numbers[at[0]]]) + at[1]

    entries = [(sequence(0, s), sequence(1, t), v) for s, t, v in ends if v]
    shape = made[0][0].sequences, made[1][0].sequences
    return TreeGame((made[0][0], made[1][0]), sequence_payoffs(entries, shape, exact=exact))


def _fraction(value: float) -> Fraction:
    near = Fraction(value).limit_denominator(DENOMINATOR)
    if float(near) != value:
        raise ValueError(f"game: {value!r} is no fraction with a denominator up to {DENOMINATOR:,}; leave exact out")
    return near


def _estimated_size(game: Any, descents: int = 20) -> float:
    """Knuth's estimate of the number of histories: the mean, over random descents, of products of branching factors."""
    generator = np.random.default_rng(0)
    total = 0.0
    for _ in range(descents):
        state, width = game.new_initial_state(), 1.0
        while not state.is_terminal():
            if state.is_simultaneous_node():
                raise ValueError("game: has simultaneous moves; pass pyspiel.convert_to_turn_based(game)")
            actions = state.legal_actions()
            width *= len(actions)
            total += width
            state = state.child(actions[int(generator.integers(len(actions)))])
    return total / descents
