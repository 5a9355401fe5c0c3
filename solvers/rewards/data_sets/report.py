"""What the data-set doctor reports: one small record for each question, and the report that holds them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefcore.certificates import write_atomically
from prefcore.matrices import PairwiseReport
from solvers.rewards.data_sets.adjusted import Adjusted
from solvers.rewards.data_sets.advice import Recommendation
from solvers.rewards.data_sets.effects import LengthEffect, PositionEffect
from solvers.rewards.data_sets.held_out import HeldOut
from solvers.rewards.data_sets.hodge import Hodge
from solvers.rewards.data_sets.misfit import Misfit
from solvers.rewards.data_sets.own_cycles import GroupCycles
from solvers.rewards.data_sets.tally import Malformed
from solvers.rewards.data_sets.von_neumann import VonNeumannWinner
from solvers.rewards.pairwise.win_counts import WinCounts


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was asked.

    pairs: that were compared, of `possible`. comparisons: judgements read; weight: the sum of their weights. fewest,
    median, most: comparisons of a compared pair. judges, contexts: how many, 0 if none are named.
    """

    items: int
    pairs: int
    possible: int
    comparisons: int
    weight: float
    ties: int
    judges: int
    contexts: int
    fewest: int
    median: float
    most: int


@dataclass(frozen=True, slots=True)
class Connectivity:
    """components: parts between which nothing was compared. strong: parts each of which has both lost to and beaten
    or tied the others in a circle: 1 if Bradley–Terry scores exist. first: the items of the best part if there are more
    (up to 20,000 items)."""

    components: int
    largest: int
    strong: int
    first: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycles:
    """own: cycles within rounds, judges or contexts, whichever is finest; ``None`` if no one is named. judges: within
    all answers of each judge, where `own` is of rounds. by_chance: the number of cyclic groups, with a range of 95 %,
    if all answered independently by the pooled Bradley–Terry scores. pooled: of all answers as one group.
    majority: items of which most prefer each to the next, and the last to the first (empty: none).
    """

    own: GroupCycles | None
    judges: GroupCycles | None
    by_chance: tuple[float, float, float] | None
    pooled: GroupCycles
    majority: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Transitivity:
    """A test of one kind of stochastic transitivity: weak, moderate or strong.

    p_value: by parametric bootstrap with so many `draws`; ``None`` if weights are no whole numbers. order: the
    likeliest, the best first. exact: whether no order does better.
    """

    kind: str
    statistic: float
    p_value: float | None
    draws: int
    order: tuple[Any, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class Score:
    """An item's Bradley–Terry score (log-odds, of mean zero) with its 95 % interval; NaN if there is none.

    winner: its probability in the von Neumann winner; resampled: the mean of that in data sets drawn anew (NaN if that
    was not done).
    """

    item: Any
    score: float
    low: float
    high: float
    winner: float
    resampled: float


@dataclass(frozen=True, slots=True)
class DataSetReport:
    """What ``diagnose`` found. A part is ``None`` where the data do not have it or are too large; `notes` says so."""

    source: str
    text: bool  # whether the items are texts
    items: tuple[Any, ...]
    counts: WinCounts = field(repr=False)
    coverage: Coverage
    connectivity: Connectivity
    cycles: Cycles
    position: PositionEffect | None
    length: LengthEffect | None
    transitivity: tuple[Transitivity, ...]
    frequencies: PairwiseReport | None
    scores: tuple[Score, ...]
    prior: float  # the variance of the prior without which scores would be infinite; 0 if none was needed
    misfit: Misfit | None
    adjusted: Adjusted | None  # the misfit beside effects of position and length
    held_out: HeldOut | None
    winner: VonNeumannWinner | None
    hodge: Hodge | None
    recommendation: Recommendation
    malformed: int
    malformed_lines: tuple[Malformed, ...]
    not_kept: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        from solvers.rewards.data_sets.text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from solvers.rewards.data_sets.page import fragment

        return fragment(self)

    def data(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        from solvers.rewards.data_sets.text import as_data

        return as_data(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes one self-contained HTML page."""
        from solvers.rewards.data_sets.page import document

        return write_atomically(path, document(self))
