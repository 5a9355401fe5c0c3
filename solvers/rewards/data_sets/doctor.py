"""The data-set doctor: what a set of preferences can bear, before anything is trained on it.

``diagnose`` reads judgements once, counts them, and says how well they cover the pairs, whether the items hang
together, whether judges contradict themselves, whether position or length decide, which stochastic transitivity is
rejected, what one scalar reward throws away, which lottery no item beats, how much runs in circles; and then what to
do (:mod:`solvers.rewards.data_sets.advice` has the rule). Each part has its mathematics in its own module.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from prefcore.matrices import PairwiseReport, check_pairwise
from solvers.rewards.data_sets.adjusted import adjusted
from solvers.rewards.data_sets.advice import THIN, Findings, recommend
from solvers.rewards.data_sets.cautions import cautions_on, notes_on, untested
from solvers.rewards.data_sets.effects import length_effect, position_effect
from solvers.rewards.data_sets.held_out import predict
from solvers.rewards.data_sets.hodge import hodge
from solvers.rewards.data_sets.misfit import coin, free_pairs, misfit
from solvers.rewards.data_sets.own_cycles import cyclic_by_chance, group_cycles
from solvers.rewards.data_sets.progress import bar
from solvers.rewards.data_sets.reading import count
from solvers.rewards.data_sets.report import (
    Connectivity,
    Coverage,
    Cycles,
    DataSetReport,
    Score,
    Transitivity,
)
from solvers.rewards.data_sets.tally import Answers, Tally
from solvers.rewards.data_sets.von_neumann import VonNeumannWinner, resampled_winner, von_neumann_winner
from solvers.rewards.pairwise.stochastic_orders import stochastic_transitivity
from solvers.rewards.pairwise.strengths import BradleyTerry, bradley_terry
from solvers.rewards.pairwise.win_counts import (
    WinCounts,
    majority_cycle,
    ordered_groups,
    weak_components,
)

MOST_FITTED = 20_000  # items that get scores
MOST_ERRORS = 2_000  # ... with standard errors
MOST_DENSE = 200  # ... from full matrices
MOST_RESAMPLED = 60
PRIOR = 1.0
MOST_TESTED, MOST_WEAK = 8, 30  # items for all three transitivity tests, and for the weak one
MOST_EXACT = 60  # items whose frequencies are checked exactly
BOOTSTRAP = 99  # data sets drawn for weak transitivity; half as many for the others, which take longer
MOST_ORDERS = 500  # partial rankings that are searched for each of them
MOST_REDRAWN = 200_000  # combinations whose answers are drawn anew for the cycles that chance makes


def diagnose(
    records: Iterable[Any] | str | os.PathLike[str],
    *,
    generator: np.random.Generator | None = None,
    malformed: Literal["raise", "report"] = "raise",
    progress: bool | Callable[[int, int], None] = False,
) -> DataSetReport:
    """Says what a set of preferences can bear.

    records: pairs (winner, loser), ``Judgement`` objects, or dictionaries with the names of the columns; or the path of
    a CSV, JSONL or PrefLib file, as docs/data-sets.md has them (``"-"`` for the standard input). generator: splits
    answers for held-out predictions and draws data sets for p-values; by default a new one seeded with 0, so that the
    same data get the same report. malformed: ``"raise"`` stops at the first line that cannot be read with
    ``MalformedRecord``, which names it; ``"report"`` leaves such lines out, counts them and quotes the first. progress:
    ``True`` draws a bar on the standard error; or called with what is done and the total (bytes of a file, records;
    total 0 if unknown).

    Tests and intervals take answers as independent of each other, except that the intervals of held-out predictions
    are by judges where there are 20 or more. Raises ``ValueError`` for data without any comparison or a file that is
    of no known kind, ``TypeError`` for records of another type, ``FileNotFoundError``.
    """
    if malformed not in ("raise", "report"):
        raise ValueError(f'malformed must be "raise" or "report", got {malformed!r}')
    if generator is None:
        generator = np.random.default_rng(0)
    elif not isinstance(generator, np.random.Generator):
        raise TypeError(f"generator must be a numpy.random.Generator, got {type(generator).__name__}")
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress must be True, False or a function of what is done and the total, got {progress!r}")
    shown = bar(sys.stderr) if progress is True else progress or None
    tally = count(records, malformed == "report", shown)
    source = str(records) if isinstance(records, (str, os.PathLike)) else "records"
    if not tally.total:
        why = f"all {tally.malformed} records are malformed; {tally.quoted[0].reason}" if tally.malformed else "empty"
        raise ValueError(f"{source}: there is no comparison to diagnose: {why}")
    return _report(source, tally, generator)


def _report(source: str, tally: Tally, generator: np.random.Generator) -> DataSetReport:
    answers, names = tally.answers(), tuple(tally.labels)
    counts = pooled(answers, len(names))
    notes = [*tally.notes, *notes_on(tally, answers)]
    coverage = _coverage(tally, answers, counts)
    connectivity, groups = _connectivity(counts, names)
    fit = _fit(counts, connectivity.components == 1, notes)
    prior = 1 / fit.regularisation if fit is not None and fit.regularisation else 0.0
    lost = misfit(counts, generator)
    beside = adjusted(counts, tally.cells, generator) if lost is not None else None
    bare = tally.text and not free_pairs(counts)
    held = None if bare else predict(answers, len(names), generator, contexts=not tally.text)
    if held is not None and held.not_fitted:
        notes.append(f"Not fitted: {', '.join(held.not_fitted)}.")
    tests = _transitivity(counts, names, generator, notes) if connectivity.components == 1 else ()
    winner = von_neumann_winner(counts) if connectivity.components == 1 else None
    scores = _scores(names, fit, counts, winner, generator)
    cycles = _cycles(tally, answers, counts, names, fit, generator)
    position, length = position_effect(tally.shown), length_effect(tally.lengths)
    found = Findings(
        text=tally.text,
        answers=float(counts.totals.sum()),
        decided=float((counts.wins + counts.losses).sum()),
        scores=len(names) - connectivity.components,
        parts=connectivity.components,
        pairs=len(counts.i),
        unbeaten=_unbeaten(groups, names) if connectivity.components == 1 else "",
        coin=coin(counts),
        adjusted=beside,
        misfit=lost,
        circles=free_pairs(counts),
        held_out=held,
        weak_p_value=next((t.p_value for t in tests if t.kind == "weak"), None),
        untested=untested(answers),
    )
    advice = recommend(found)
    return DataSetReport(
        source=source,
        text=tally.text,
        items=names,
        counts=counts,
        coverage=coverage,
        connectivity=connectivity,
        cycles=cycles,
        position=position,
        length=length,
        transitivity=tests,
        frequencies=_frequencies(counts, names),
        scores=scores,
        prior=prior,
        misfit=lost,
        adjusted=beside,
        held_out=held,
        winner=winner,
        hodge=hodge(counts) if len(names) <= MOST_FITTED else None,
        recommendation=replace(
            advice,
            cautions=cautions_on(tally, coverage, cycles, position, length, found, advice.method, advice.reason),
        ),
        malformed=tally.malformed,
        malformed_lines=tuple(tally.quoted),
        not_kept=tally.not_kept,
        notes=tuple(notes),
    )


def pooled(answers: Answers, items: int) -> WinCounts:
    """All answers as counts of each pair, by weight."""
    low, high = np.minimum(answers.winner, answers.loser), np.maximum(answers.winner, answers.loser)
    keys, pair = np.unique(low * items + high, return_inverse=True)
    first = ~answers.tie & (answers.winner == low)
    second = ~answers.tie & (answers.winner == high)
    wins, losses, ties = (
        np.bincount(pair, answers.weight * part, minlength=len(keys)).astype(float)
        for part in (first, second, answers.tie)
    )
    return WinCounts(items, keys // items, keys % items, wins, losses, ties)


def _coverage(tally: Tally, answers: Answers, counts: WinCounts) -> Coverage:
    keys = np.minimum(answers.winner, answers.loser) * counts.size + np.maximum(answers.winner, answers.loser)
    _, pair = np.unique(keys, return_inverse=True)
    times = np.bincount(pair, answers.records)
    return Coverage(
        items=counts.size,
        pairs=len(counts.i),
        possible=counts.size * (counts.size - 1) // 2,
        comparisons=tally.total,
        weight=float(answers.weight.sum()),
        ties=int(answers.records[answers.tie].sum()),
        judges=len(tally.judges),
        contexts=len(tally.contexts),
        fewest=int(times.min()),
        median=float(np.median(times)),
        most=int(times.max()),
    )


def _connectivity(counts: WinCounts, names: tuple[Any, ...]) -> tuple[Connectivity, tuple[tuple[int, ...], ...]]:
    labels = weak_components(counts)
    sizes = np.bincount(labels)
    groups = ordered_groups(counts) if counts.size <= MOST_FITTED else ()
    first = tuple(names[k] for k in groups[0]) if len(groups) > 1 else ()
    return Connectivity(len(sizes), int(sizes.max()), len(groups), first), groups


def _unbeaten(groups: tuple[tuple[int, ...], ...], names: tuple[Any, ...]) -> str:
    if len(groups) < 2:
        return ""
    few = min((groups[0], groups[-1]), key=len)
    listed = ", ".join(str(names[k]) for k in few[:4]) + (", …" if len(few) > 4 else "")
    return f"{listed} {'never lost to' if few is groups[0] else 'never beat'} any of the others"


def _fit(counts: WinCounts, connected: bool, notes: list[str]) -> BradleyTerry | None:
    """Bradley–Terry scores; with a prior where the items hang together, yet scores would be infinite."""
    if counts.size > MOST_FITTED:
        notes.append(f"No scores: there are {counts.size:,} items, and up to {MOST_FITTED:,} are fitted.")
        return None
    shape = (counts.size, counts.size)
    both = np.concatenate([counts.i, counts.j]), np.concatenate([counts.j, counts.i])
    won = csr_array((np.concatenate([counts.wins, counts.losses]), both), shape)
    tied = csr_array((np.concatenate([counts.ties, counts.ties]), both), shape) if counts.ties.any() else None
    if not won.sum():
        notes.append("Every answer is a tie: there are no scores.")
        return None
    if counts.size <= MOST_DENSE:
        won, tied = won.toarray(), None if tied is None else tied.toarray()
    fit = bradley_terry(won, ties=tied)
    if fit.converged or not connected:
        return fit
    notes.append(f"Without a prior scores would be infinite: these have one of variance {PRIOR:g}.")
    return bradley_terry(won, ties=tied, regularisation=1 / PRIOR)


def _scores(
    names: tuple[Any, ...],
    fit: BradleyTerry | None,
    counts: WinCounts,
    winner: VonNeumannWinner | None,
    generator: np.random.Generator,
) -> tuple[Score, ...]:
    """Best first: by score, or by the von Neumann winner where there are none."""
    size = len(names)
    nothing = np.full(size, np.nan)
    if winner is None and (fit is None or not fit.converged):
        return ()
    score = nothing if fit is None else fit.scores
    errors = fit.standard_errors if fit is not None and fit.converged and size <= MOST_ERRORS else nothing
    chosen = nothing if winner is None else winner.probabilities
    again = resampled_winner(counts, generator) if winner is not None and size <= MOST_RESAMPLED else nothing
    reach = 1.96 * errors
    order = sorted(range(size), key=lambda k: (-score[k] if np.isfinite(score[k]) else 0.0, -chosen[k], k))
    return tuple(
        Score(
            names[k],
            float(score[k]),
            float(score[k] - reach[k]),
            float(score[k] + reach[k]),
            float(chosen[k]),
            float(again[k]),
        )
        for k in order
    )


def _cycles(
    tally: Tally,
    answers: Answers,
    counts: WinCounts,
    names: tuple[Any, ...],
    fit: BradleyTerry | None,
    generator: np.random.Generator,
) -> Cycles:
    judged, placed = bool((answers.judge > 0).any()), bool((answers.context > 0).any())
    kind = "rounds" if judged and placed else "judges" if judged else "contexts" if placed else ""
    size = len(names)
    own = group_cycles(answers, kind, size) if kind else None
    chance = None
    if own is not None and fit is not None and fit.converged and len(answers.records) <= MOST_REDRAWN:
        chance = cyclic_by_chance(answers, kind, size, fit.scores, generator)
    return Cycles(
        own=own,
        judges=group_cycles(answers, "judges", size) if kind == "rounds" else None,
        by_chance=chance,
        pooled=group_cycles(answers, "all", size),
        majority=tuple(names[k] for k in majority_cycle(counts)),
    )


def _transitivity(
    counts: WinCounts, names: tuple[Any, ...], generator: np.random.Generator, notes: list[str]
) -> tuple[Transitivity, ...]:
    size = len(names)
    if not 3 <= size <= MOST_WEAK:
        if size > MOST_WEAK:
            notes.append(f"Stochastic transitivity is tested up to {MOST_WEAK} items (all three kinds: {MOST_TESTED}).")
        return ()
    if float((counts.wins + counts.losses).sum()) < THIN * (size - 1):
        notes.append(f"Fewer than {THIN} answers a score: stochastic transitivity is not tested.")
        return ()
    kinds: tuple[Literal["weak", "moderate", "strong"], ...] = ("weak", "moderate", "strong")
    won = np.zeros((size, size))
    won[counts.i, counts.j], won[counts.j, counts.i] = counts.wins, counts.losses
    if counts.ties.any():
        notes.append("The tests of stochastic transitivity leave ties out.")
    whole = bool((won == np.rint(won)).all())
    if not whole:
        notes.append("Weights are no whole numbers, so the tests of stochastic transitivity have no p-value.")
    tests = []
    for kind in kinds if size <= MOST_TESTED else kinds[:1]:
        times = BOOTSTRAP if kind == "weak" else BOOTSTRAP // 2
        found = stochastic_transitivity(
            won, kind, generator if whole else None, times if whole else 0, limit=MOST_ORDERS
        )
        order = tuple(names[k] for k in found.order)
        tests.append(Transitivity(kind, found.statistic, found.p_value, times if whole else 0, order, found.exact))
    return tuple(tests)


def _frequencies(counts: WinCounts, names: tuple[Any, ...]) -> PairwiseReport | None:
    """The exact verdicts on the observed shares, if every pair was compared; a tie is half a win for both."""
    size = len(names)
    if not 3 <= size <= MOST_EXACT or len(counts.i) < size * (size - 1) // 2:
        return None
    shares = [[Fraction(1, 2)] * size for _ in range(size)]
    for i, j, won, lost, tied in zip(counts.i, counts.j, counts.wins, counts.losses, counts.ties, strict=True):
        a, b, c = (Fraction(float(x)) for x in (won, lost, tied))
        shares[i][j] = (a + c / 2) / (a + b + c)
        shares[j][i] = 1 - shares[i][j]
    return check_pairwise(shares, names)
