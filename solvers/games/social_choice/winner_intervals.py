"""How sure data are of their von Neumann winner: its probabilities with bootstrap intervals.

Data sets like the one at hand are drawn from it with replacement, the winner of each is computed, and an item's
interval holds the middle 95% of the probabilities it got [Efron and Tibshirani 1993, section 13.3]. Either judges are
drawn, each with all of their answers, or answers, a pair's own number from its own shares. Judges are the right unit
where they differ in taste or give many answers each: answers then are no independent draws, and intervals of answers
come out too short. The winner jumps where the data turn a majority around, so the distribution of an item's
probability has lumps, often at 0 and 1; an interval says how far it may jump, its coverage is not exactly 95%.
Where all answers on a pair agree, they do so in every data set that is drawn from them: a single answer on each pair
gives intervals of width zero, and no certainty. The record's `caution` says for how many pairs that is so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from scipy.sparse import issparse
from tqdm import tqdm

from solvers.arguments import real_number, require_generator, whole_number
from solvers.games.building.builders import shares_game
from solvers.games.building.exact_games import require_pairs
from solvers.games.first_order.loop import DELAY
from solvers.games.game import PreferenceGame
from solvers.games.payoffs import Array
from solvers.games.second_order.interior_point import interior_point
from solvers.games.social_choice.majorities import condorcet_winner
from solvers.rewards.data_sets.doctor import pooled
from solvers.rewards.data_sets.reading import count
from solvers.rewards.data_sets.tally import Answers
from solvers.rewards.pairwise.win_counts import WinCounts, read_counts

WITHIN = 1e-9  # of the gap of each winner

Unit = Literal["judges", "answers"]
Draw = Callable[[np.random.Generator], WinCounts]


@dataclass(frozen=True, slots=True, eq=False)
class WinnerInterval:
    """The von Neumann winner of comparisons, and what it is in data sets drawn anew.

    labels: the items. policy: (N,), the winner of the data; lower, upper: (N,), the ends of each item's interval, of
    which `level` is the share of data sets within. resampled: (times, N), the winners of the data sets. resample: what
    was drawn. gap: the largest of all these winners' gaps. converged: whether all are within 1e-9. caution: which pairs
    drawn data sets cannot turn, those whose answers all agree or that nobody compared, so that intervals are too short;
    empty if there are none.
    """

    labels: tuple[Any, ...]
    policy: Array
    lower: Array
    upper: Array
    resampled: Array
    level: float
    resample: Unit
    gap: float
    converged: bool
    caution: str = ""

    @property
    def wins_alone(self) -> Array:
        """``(N,)``: in which share of the data sets each item is the winner by itself, with probability 1."""
        return np.asarray((self.resampled == 1).mean(axis=0))


def winner_interval(
    comparisons: Any,
    generator: np.random.Generator,
    times: int = 1000,
    *,
    resample: Unit | None = None,
    level: float = 0.95,
    unseen: Fraction | float | None = None,
    progress: bool | None = None,
) -> WinnerInterval:
    """The von Neumann winner with a bootstrap interval for the probability of each item.

    comparisons: pairwise counts as in :func:`solvers.games.game_from_counts` (an array, nested lists of three or more
    items, or the items and counts of :func:`solvers.comparison_counts`), or judgements as :func:`solvers.diagnose`
    reads them (``Judgement`` objects, pairs, or a file's path). resample: ``"judges"``, by default if all judgements
    name theirs, or ``"answers"``, which asks for whole weights. level: of the interval. unseen: ``Fraction(1, 2)``
    takes pairs that were never compared for ties; pairs that only a drawn data set lacks always are. Where there are
    several winners it is one that treats equal items alike. Raises ``ValueError`` and ``TypeError`` for arguments that
    don't fit.
    """
    require_generator(generator)
    number = whole_number(times, "times", 2)
    share = real_number(level, "level")
    if not 0 < share < 1:
        raise ValueError(f"level: must be between 0 and 1, got {level}")
    if resample not in (None, "judges", "answers"):
        raise ValueError(f"resample: must be 'judges' or 'answers', got {resample!r}")
    labels, counts, answers = _read(comparisons)
    require_pairs(counts.size)
    judges = 0 if answers is None else int(answers.judge.max(initial=0))
    known = answers is not None and bool(answers.judge.all()) and judges > 1
    unit: Unit = resample or ("judges" if known else "answers")
    if unit == "judges" and (answers is None or not known):
        raise ValueError("resample: judges can be drawn only if two or more are named, and one with every judgement")
    draw = _judges_drawn(answers, counts.size, judges) if unit == "judges" and answers else _answers_drawn(counts)

    policy, worst = _winner(shares_game(counts, labels, unseen))
    resampled = np.empty((number, counts.size))
    disable = None if progress is None else not progress
    for k in tqdm(range(number), desc="data sets", disable=disable, delay=DELAY, leave=False):
        resampled[k], gap = _winner(shares_game(draw(generator), labels, Fraction(1, 2)))
        worst = max(worst, gap)
    tail = (1 - share) / 2
    lower, upper = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return WinnerInterval(
        labels, policy, lower, upper, resampled, share, unit, worst, worst <= WITHIN, _caution(counts)
    )


def _read(comparisons: Any) -> tuple[tuple[Any, ...], WinCounts, Answers | None]:
    if isinstance(comparisons, tuple) and len(comparisons) == 2 and issparse(comparisons[1]):
        return tuple(comparisons[0]), read_counts(comparisons[1]), None
    if isinstance(comparisons, np.ndarray) or issparse(comparisons):
        counts = read_counts(comparisons)
        return tuple(range(counts.size)), counts, None
    square = _square(comparisons)
    if square == 2:
        raise ValueError(
            "comparisons: these lists may be two judgements or counts of two items; pass np.array(counts), or tuples "
            "(winner, loser)"
        )
    if square:
        counts = read_counts(np.array(comparisons))
        return tuple(range(counts.size)), counts, None
    tally = count(comparisons)
    if not tally.items:
        raise ValueError("comparisons: there are no judgements")
    if tally.notes:
        raise ValueError(f"comparisons: are too many kinds to be drawn anew. {' '.join(tally.notes)}")
    answers = tally.answers()
    return tuple(tally.labels), pooled(answers, len(tally.items)), answers


def _square(comparisons: Any) -> int:
    """The number of items of counts as nested lists, with nothing on the diagonal; 0 for what is none."""
    if not isinstance(comparisons, list) or len(comparisons) < 2:
        return 0
    size = len(comparisons)
    if not all(isinstance(row, list) and len(row) == size for row in comparisons):
        return 0
    if any(isinstance(x, bool) or not isinstance(x, int | float | np.number) for row in comparisons for x in row):
        return 0
    return 0 if any(comparisons[k][k] for k in range(size)) else size


def _caution(counts: WinCounts) -> str:
    totals = counts.totals
    agree = (totals > 0) & (np.maximum(np.maximum(counts.wins, counts.losses), counts.ties) == totals)
    pairs = counts.size * (counts.size - 1) // 2
    unseen = pairs - int((totals > 0).sum())
    parts = []
    if agree.any():
        parts.append(
            f"all answers agree on {int(agree.sum()):,} of {pairs:,} pairs, on one from {totals[agree].min():g}"
        )
    if unseen:
        parts.append(f"{unseen:,} of {pairs:,} pairs were never compared and are always ties")
    return (
        "; ".join(parts) + ": no data set drawn from these turns such a pair, so intervals are too short"
        if parts
        else ""
    )


def _answers_drawn(counts: WinCounts) -> Draw:
    parts = np.stack([counts.wins, counts.losses, counts.ties], axis=1)
    if (parts != np.rint(parts)).any():
        raise ValueError("comparisons: have weights that are not whole, so answers cannot be drawn; draw judges")
    totals = counts.totals.astype(np.int64)
    shares = parts / counts.totals[:, None]

    def draw(generator: np.random.Generator) -> WinCounts:
        return WinCounts(counts.size, counts.i, counts.j, *generator.multinomial(totals, shares).astype(float).T)

    return draw


def _judges_drawn(answers: Answers, size: int, judges: int) -> Draw:
    def draw(generator: np.random.Generator) -> WinCounts:
        drawn = np.bincount(generator.integers(1, judges + 1, judges), minlength=judges + 1)
        weight = answers.weight * drawn[answers.judge]
        return pooled(replace(answers, weight=weight), size)

    return draw


def _winner(game: PreferenceGame) -> tuple[Array, float]:
    """The winner and its gap: the Condorcet winner, or an interior point of all winners, which favours no equal."""
    alone = condorcet_winner(game)
    if alone is not None:
        return np.eye(1, game.size, alone)[0], 0.0
    found = interior_point(game, tolerance=WITHIN, progress=False)
    return found.policy, found.gap
