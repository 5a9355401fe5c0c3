"""The maximum of a likelihood of paired comparisons, if there is one; and its deviance from the saturated model.

Where the graph of wins is not strongly connected, the likelihood comes arbitrarily near the sum of the maxima within
its strongly connected components: comparisons across them all went one way, and their chances tend to one. So the
supremum, and the deviance, are known even where no maximum is attained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.arguments import whole_number
from solvers.rewards.pairwise.newton import maximise
from solvers.rewards.pairwise.objections import FEWEST, LEVEL, GoodnessOfFit, chi_square
from solvers.rewards.pairwise.pair_likelihoods import Derivatives, chances, evaluate, saturated
from solvers.rewards.pairwise.win_counts import (
    Floats,
    WinCounts,
    is_strongly_connected,
    members_of,
    strong_components,
)


@dataclass(frozen=True, eq=False)
class PairwiseFit:
    """``unique``: the likelihood has a unique maximum. ``exists``: so, or by the prior, it has with it.

    ``blocks``: the component of each item, within which alone comparisons were used (None: all were). ``levels``:
    groups of items that the tie parameter separates as it diverges. ``value``: the log-likelihood, or its supremum.
    ``settled``: the scores, not only the shares of wins, are within tolerance.
    """

    counts: WinCounts
    kind: str
    ridge: float
    tolerance: float
    limit: int
    unique: bool
    exists: bool
    blocks: npt.NDArray[np.int32] | None
    levels: tuple[tuple[int, ...], ...]
    scores: Floats
    tie: float
    value: float
    iterations: int
    gradient_norm: float
    settled: bool

    @property
    def tied(self) -> bool:
        """Whether the model has a tie parameter."""
        return self.kind in ("davidson", "rao-kupper")

    @property
    def used(self) -> WinCounts:
        """The comparisons within the blocks."""
        return self.counts if self.blocks is None else self.counts.only(inside(self.counts, self.blocks))

    def derivatives(self) -> Derivatives:
        """The likelihood's, at the scores."""
        used = self.used
        return evaluate(self.kind, used, self.scores[used.i] - self.scores[used.j], self.tie)

    def chances(self) -> tuple[Floats, Floats, Floats]:
        """Of each outcome, for each pair that was used."""
        used = self.used
        return chances(self.kind, self.scores[used.i] - self.scores[used.j], self.tie)


def fit_pairs(
    counts: WinCounts, kind: str, ridge: float, tolerance: float, limit: int, start: Floats | None = None
) -> PairwiseFit:
    """The fit of a model of that kind: "logit", "probit" (both without ties), "davidson" or "rao-kupper"."""
    if kind in ("davidson", "rao-kupper") and not counts.ties.any():
        kind = "logit"  # which is where either goes as its chance of a tie goes to zero
    tied = kind in ("davidson", "rao-kupper")
    connected = is_strongly_connected(counts)
    levels = tie_levels(counts) if tied else ()
    unique = connected and not levels
    decided = bool(counts.wins.any() or counts.losses.any())
    exists = unique or (ridge > 0 and (decided or not tied))
    blocks = None if exists or connected else strong_components(counts)
    used = counts if blocks is None else counts.only(inside(counts, blocks))
    tie = _start(used, kind) if tied else None
    found = maximise(
        used, kind, blocks, ridge=ridge, tie=tie, tolerance=tolerance, limit=limit, start=start, settle=exists
    )
    return PairwiseFit(
        counts,
        kind,
        ridge,
        tolerance,
        limit,
        unique,
        exists,
        blocks,
        levels,
        found.scores,
        found.tie,
        found.value,
        found.iterations,
        found.gradient_norm,
        found.settled,
    )


def inside(counts: WinCounts, blocks: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """The pairs within a block."""
    return np.asarray(blocks[counts.i] == blocks[counts.j])


def _start(counts: WinCounts, kind: str) -> float:
    """The tie parameter that is best when all scores are equal, kept finite."""
    share = float(counts.ties.sum() / counts.totals.sum())
    share = min(share, 1 - 1e-6)
    return float(np.log(2 * share / (1 - share)) if kind == "davidson" else np.log((1 + share) / (1 - share)))


def tie_levels(counts: WinCounts) -> tuple[tuple[int, ...], ...]:
    """The groups along which the likelihood never falls as the tie parameter grows; none if it must fall.

    They are levels of d with d_i >= d_j + 1 for each win of i over j, d_i >= d_j - 1 for each tie: longest paths, which
    exist unless some cycle has more wins than ties.
    """
    if not counts.ties.any():
        return ()
    won, lost, drawn = counts.wins > 0, counts.losses > 0, counts.ties > 0
    i, j = counts.i, counts.j
    uppers = np.concatenate([i[won], j[lost], i[drawn], j[drawn]])
    lowers = np.concatenate([j[won], i[lost], j[drawn], i[drawn]])
    steps = np.concatenate([np.ones(int(won.sum() + lost.sum())), -np.ones(2 * int(drawn.sum()))])
    if (won & lost).any():
        return ()
    level = np.zeros(counts.size)
    for _ in range(counts.size + 1):
        raised = level.copy()
        np.maximum.at(raised, uppers, level[lowers] + steps)
        if (raised == level).all():
            return members_of((level.max() - level).astype(np.int32))
        if raised.max() >= counts.size:
            return ()
        level = raised
    return ()


# -- goodness of fit ------------------------------------------------------------------------------------------------


def degrees_of_freedom(fit: PairwiseFit) -> int:
    """Parameters of the saturated model less those of the fitted one, over the comparisons that were used."""
    used = fit.used
    blocks = 1 if fit.blocks is None else int(fit.blocks.max()) + 1
    return len(used.i) * (2 if fit.tied else 1) - (fit.counts.size - blocks) - fit.tied


def deviance(fit: PairwiseFit) -> float:
    """``2 (L_saturated - L)``, in nats."""
    return 2 * (saturated(fit.counts) - fit.value)


def by_chi_square(fit: PairwiseFit, halves: bool) -> GoodnessOfFit:
    """The deviance by its limiting distribution."""
    used = fit.used
    cells = fit.chances()[: 3 if fit.tied else 2]
    expected = np.concatenate([used.totals * cell for cell in cells])
    notes = []
    if halves:
        notes.append("ties count as halves, which makes the deviance smaller than the distribution supposes")
    if not is_whole(fit.counts) and not halves:
        notes.append("the weights are no whole numbers, so the distribution need not be right")
    if fit.ridge > 0:
        notes.append("the prior makes the deviance larger than the distribution supposes")
    return chi_square(deviance(fit), max(degrees_of_freedom(fit), 0), expected, notes)


def by_bootstrap(fit: PairwiseFit, generator: np.random.Generator, repetitions: int) -> GoodnessOfFit:
    """The deviance by those of data drawn from the fitted model with the same numbers of comparisons."""
    if not is_whole(fit.counts):
        raise ValueError("a bootstrap draws whole comparisons: counts and ties (not halves) must be whole numbers")
    whole_number(repetitions, "repetitions", 1)
    used, found = fit.used, deviance(fit)
    p = np.stack(fit.chances(), axis=1)
    p /= p.sum(axis=1, keepdims=True)
    numbers = np.rint(used.totals).astype(np.int64)
    larger = 0
    for _ in range(repetitions):
        drawn = generator.multinomial(numbers, p).astype(np.float64)
        sample = WinCounts(used.size, used.i, used.j, *np.ascontiguousarray(drawn.T))
        again = fit_pairs(sample, fit.kind, fit.ridge, 1e-6, fit.limit, fit.scores)
        larger += deviance(again) >= found - 1e-9 * (1 + abs(found))
    p_value = (1 + larger) / (1 + repetitions)
    few = repetitions < FEWEST
    note = f"p can't be as small as {LEVEL}: that takes {FEWEST} data sets" if few else ""
    return GoodnessOfFit(found, degrees_of_freedom(fit), p_value, "parametric bootstrap", repetitions, False, note)


def is_whole(counts: WinCounts) -> bool:
    """Whether all counts, ties included, are whole numbers."""
    parts: Sequence[Floats] = (counts.wins, counts.losses, counts.ties)
    return all(bool((x == np.rint(x)).all()) for x in parts)
