"""Games to test and to time solvers with: each drawn by a generator that is passed in, or known in advance.

| game | preferences | its von Neumann winner |
|---|---|---|
| `random_uniform_game` | ``P[i, j]`` uniform on [0, 1] for i < j | unique with probability 1, of odd support |
| `random_tournament` | 0 or 1, a fair coin for each pair | unique, of odd support [Fisher and Ryan 1992] |
| `random_low_rank_game` | ``σ(uᵀJu' + (r - r')/2)`` | of small support |
| `random_condorcet_game` | uniform, but one action beats every other | that action |
| `random_voter_game` | shares of voters who rank at random | unique if their number is odd [Laffond et al. 1997] |
| `cyclic_game` | each beats the next, other pairs tie | uniform; unique if the number of actions is odd |
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from prefcore.distribution import exact
from solvers.arguments import require_generator, whole_number
from solvers.games.building.exact_games import margin_game, require_pairs
from solvers.games.game import PreferenceGame, game_of
from solvers.games.payoffs import Array, Dense, Factored, require_memory


def random_uniform_game(size: int, generator: np.random.Generator) -> PreferenceGame:
    """``P[i, j]`` drawn uniformly from [0, 1) for each i < j: the games of EGPO's experiments [2503.08942]."""
    n = _checked(size, generator)
    return _skew(generator.uniform(-0.5, 0.5, (n, n)))


def random_tournament(size: int, generator: np.random.Generator) -> PreferenceGame:
    """Of each two actions one is always preferred, ``P`` is 0 or 1, each way round with probability 1/2."""
    n = _checked(size, generator)
    return _skew(generator.integers(0, 2, (n, n)).astype(np.float64) - 0.5)


def random_low_rank_game(size: int, rank: int, generator: np.random.Generator) -> PreferenceGame:
    """``P = σ(uᵀJu' + (r - r')/2)``: u standard normal of dimension `rank`, r standard normal, J the symplectic form.

    What learned preference models look like [Zhang et al. 2024, 2410.02197]: cycles from u, scores r. The matrix is
    not stored. rank: even, 0 for scores alone; J pairs the first half of u's entries with the second.
    """
    require_generator(generator)
    n, r = whole_number(size, "size", 1), whole_number(rank, "rank", 0)
    if r % 2:
        raise ValueError(f"rank: must be even, as a skew-symmetric form has even rank, got {r}")
    require_memory((r + 2) * float(n), f"factors of {n:,} actions and rank {r + 2}")
    factors = np.ones((n, r + 2))
    factors[:, :r] = generator.standard_normal((n, r))
    factors[:, r] = generator.standard_normal(n)
    skew = np.zeros((r + 2, r + 2))
    half = r // 2
    skew[np.arange(half), half + np.arange(half)] = 1
    skew[r, r + 1] = 0.5
    return game_of(Factored(factors, skew - skew.T, "logistic"))


def random_condorcet_game(size: int, generator: np.random.Generator) -> PreferenceGame:
    """A uniform game but for one action, drawn at random, that is preferred to every other: ``1/2 < P <= 1``."""
    n = _checked(size, generator)
    upper = generator.uniform(-0.5, 0.5, (n, n))
    winner = int(generator.integers(n))
    beats = (1 - generator.random(n)) / 2  # 1 - [0, 1) is positive
    upper[winner, winner:] = beats[winner:]
    upper[:winner, winner] = -beats[:winner]
    return _skew(upper)


def random_voter_game(size: int, voters: int, generator: np.random.Generator) -> PreferenceGame:
    """``P[i, j]``, exactly, the share of voters who rank i before j: impartial culture, all rankings equally likely.

    One voter's ranking is a Condorcet order; an even number of voters makes ties.
    """
    n, number = _checked(size, generator), whole_number(voters, "voters", 1)
    wins = np.zeros((n, n), dtype=np.int64)
    for _ in range(number):
        place = generator.permutation(n)
        wins += place[:, None] < place
    return margin_game(wins - wins.T, number)


def cyclic_game(size: int, probability: Fraction | int | float | Decimal | str = 1) -> PreferenceGame:
    """Action i is preferred to i + 1, and the last to the first, with this probability; other pairs tie.

    size: 3 (rock, paper, scissors, in the order in which each beats the next) or more. probability: "1/3" will do; a
    float is the number that it stores. The game is exact.
    """
    n = whole_number(size, "size", 3)
    require_pairs(n)
    share = exact(probability, "probability")
    if not 0 <= share <= 1:
        raise ValueError(f"probability: must be between 0 and 1, got {probability}")
    at = np.arange(n)
    turn = np.zeros((n, n), dtype=np.int64)
    turn[at, (at + 1) % n] = 1
    turn -= turn.T
    half = share - Fraction(1, 2)
    entries = {-1: -half, 0: Fraction(0), 1: half}
    rationals = tuple(tuple(map(entries.__getitem__, row)) for row in turn.tolist())
    A = np.asarray(turn * float(half), dtype=np.float64)
    A.setflags(write=False)
    return game_of(Dense(A), rationals=rationals)


def _checked(size: int, generator: np.random.Generator) -> int:
    require_generator(generator)
    n = whole_number(size, "size", 1)
    require_pairs(n)
    return n


def _skew(values: Array) -> PreferenceGame:
    """The game of the entries above the diagonal."""
    upper = np.triu(values, 1)
    A = upper - upper.T
    A.setflags(write=False)
    return game_of(Dense(A))
