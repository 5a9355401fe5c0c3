"""The average of an algorithm's iterates, for those that are made without it."""

from __future__ import annotations

from collections.abc import Iterator

from solvers.games.first_order.loop import Iterate
from solvers.games.game import PreferenceGame
from solvers.games.payoffs import Array


def with_average(game: PreferenceGame, start: Array, steps: Iterator[Iterate]) -> Iterator[Iterate]:
    """The same iterates with the average of the T + 1 policies so far, `start` the first; and its gain, if known."""
    policies, gains = start, game.advantages(start)
    for number, iterate in enumerate(steps, 2):
        policies = policies + iterate.last
        if iterate.last_gain is None:
            yield Iterate(iterate.last, policies / number)
            continue
        gains = gains + iterate.last_gain
        yield Iterate(iterate.last, policies / number, iterate.last_gain, gains / number)
