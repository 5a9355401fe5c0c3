"""One reward beside effects that have nothing to do with what is compared: where an item was shown, how long it was.

Let z = +1 where i was shown first, -1 where j was, 0 where it is not known; likewise +1 where i's text was the longer.

    (1)  logit P(i over j) = s_i - s_j + β·z       scores, and effects that are the same for all pairs
    (2)  logit P(i over j) = y_ij + β·z            a log-odds of its own for each pair, and such effects

Twice the difference of their log-likelihoods is the deviance of one reward *beside these effects*. It has about the
chi-square distribution, with as many degrees of freedom as (2) has free parameters more than (1), if (1) is true; none
are left where every circle of pairs was asked in one order only, so that merit and position cannot be told apart. That
β is zero is tested beside scores: (1) against scores alone. Where few answers of a kind are to be expected, the
deviance is compared with those of data drawn from (1).

The effect of length is meant for items whose texts vary (models, systems); where items are texts, scores have it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.special import expit
from scipy.stats import chi2, norm

from solvers.rewards.data_sets.held_out import Interval
from solvers.rewards.data_sets.logistic import logistic
from solvers.rewards.data_sets.misfit import DRAWS, FEW, MOST_DRAWN, Misfit, around, decided, noncentral
from solvers.rewards.data_sets.tally import Floats, Ints
from solvers.rewards.pairwise.win_counts import WinCounts

MOST_ITEMS, MOST_PAIRS = 500, 5_000
FEW_DRAWS = 20  # data sets drawn where there are many pairs
PRIOR = 1e-6  # keeps scores finite where they would not be
EFFECTS = ("position", "length")


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The fit beside the effects with these names.

    log_odds: what being first, being the longer adds to the log-odds, beside scores. p_value: of "they add nothing",
    beside scores. coin: of "all scores are equal", beside them. misfit: of one reward beside them; ``None`` if it
    cannot be tested.
    """

    names: tuple[str, ...]
    log_odds: tuple[float, ...]
    p_value: float
    coin: float
    misfit: Misfit | None


@dataclass(frozen=True, slots=True)
class _Cells:
    """Answers that are no ties, an entry for each pair and z. pair: the place of its pair; shift: zeros."""

    items: int
    i: Ints
    j: Ints
    pair: Ints
    z: Floats  # (cells, effects)
    wins: Floats
    losses: Floats
    names: tuple[str, ...]

    def scored(self) -> csr_array:
        """The design of (1) without its effects."""
        cells = np.arange(len(self.i))
        signs = np.repeat([1.0, -1.0], len(cells))
        return csr_array((signs, (np.tile(cells, 2), np.concatenate([self.i, self.j]))), (len(cells), self.items))

    def own(self) -> csr_array:
        """The design of (2) without its effects."""
        cells = np.arange(len(self.i))
        return csr_array((np.ones(len(cells)), (cells, self.pair)), (len(cells), int(self.pair.max()) + 1))

    def beside(self, design: csr_array) -> csr_array:
        """A design with the effects as its last columns."""
        return csr_array(hstack([design, csr_array(self.z)], format="csr"))


def adjusted(
    counts: WinCounts, known: dict[tuple[int, int, int, int], float], generator: np.random.Generator
) -> Adjusted | None:
    """The fit beside the effects of position and length. known: weights of decided answers by winner, loser, and
    whether the winner was shown first and was the longer (+1), or the loser (-1).

    ``None`` if nothing is known, for more than 500 items or 5,000 pairs.
    """
    used = decided(counts)
    if not known or counts.size > MOST_ITEMS or len(used.i) > MOST_PAIRS:
        return None
    cells = _cells(used, known)
    if not cells.names:
        return None
    alone, both, own = cells.scored(), cells.beside(cells.scored()), cells.beside(cells.own())
    rank = _rank(both)
    effects = rank - _rank(alone)
    if not effects:
        return None
    fitted = _fit(both, cells.wins, cells.losses)
    bare = csr_array(cells.z)
    gains = [
        2 * (_value(both, fitted, cells) - _value(less, _fit(less, cells.wins, cells.losses), cells))
        for less in (alone, bare)
    ]
    free = _rank_of_own(cells) - rank
    return Adjusted(
        names=cells.names,
        log_odds=tuple(float(b) for b in fitted[-len(cells.names) :]),
        p_value=float(chi2.sf(max(gains[0], 0.0), effects)),
        coin=float(chi2.sf(max(gains[1], 0.0), rank - _rank(bare))),
        misfit=_misfit(cells, both, own, fitted, free, generator) if free else None,
    )


def _cells(used: WinCounts, known: dict[tuple[int, int, int, int], float]) -> _Cells:
    place = {pair: k for k, pair in enumerate(zip(used.i.tolist(), used.j.tolist(), strict=True))}
    found: dict[tuple[int, int, int], list[float]] = {}
    rest = np.stack([used.wins, used.losses])
    for (winner, loser, first, longer), weight in known.items():
        up = winner < loser
        k, sign = place[(winner, loser) if up else (loser, winner)], 1 if up else -1
        found.setdefault((k, sign * first, sign * longer), [0.0, 0.0])[0 if up else 1] += weight
        rest[0 if up else 1, k] -= weight
    rest[rest < 1e-9 * np.stack([used.totals] * 2)] = 0.0  # what rounding leaves
    for k in np.flatnonzero(rest.sum(axis=0)).tolist():
        entry = found.setdefault((k, 0, 0), [0.0, 0.0])
        entry[0] += rest[0, k]
        entry[1] += rest[1, k]
    keys = np.array(list(found), dtype=np.int64)
    values = np.array(list(found.values()))
    varied = [bool(keys[:, 1 + e].any()) for e in range(2)]
    return _Cells(
        used.size,
        used.i[keys[:, 0]],
        used.j[keys[:, 0]],
        keys[:, 0],
        keys[:, 1:][:, varied].astype(float),
        values[:, 0],
        values[:, 1],
        tuple(name for name, is_there in zip(EFFECTS, varied, strict=True) if is_there),
    )


def _rank(design: csr_array) -> int:
    """By the Gram matrix: the entries are 0 and ±1, so its singular values are far from zero or zero."""
    gram = (design.T @ design).toarray()
    return int(np.linalg.matrix_rank(gram, hermitian=True)) if len(gram) else 0


def _rank_of_own(cells: _Cells) -> int:
    """The rank of the design of (2): one for each pair, and that of the effects within pairs."""
    times = np.bincount(cells.pair)
    within = cells.z.copy()
    for effect in within.T:
        effect -= (np.bincount(cells.pair, effect) / times)[cells.pair]
    return len(times) + int(np.linalg.matrix_rank(within.T @ within, hermitian=True, tol=1e-9))


def _fit(design: csr_array, wins: Floats, losses: Floats) -> Floats:
    return logistic(design, wins, losses, np.zeros(len(wins)), PRIOR)


def _value(design: csr_array, at: Floats, cells: _Cells) -> float:
    return _likelihood(design @ at, cells.wins, cells.losses)


def _likelihood(x: Floats, wins: Floats, losses: Floats) -> float:
    return -float(wins @ np.logaddexp(0, -x) + losses @ np.logaddexp(0, x))


def _deviance(both: csr_array, own: csr_array, wins: Floats, losses: Floats) -> float:
    values = [_likelihood(design @ _fit(design, wins, losses), wins, losses) for design in (own, both)]
    return max(2 * (values[0] - values[1]), 0.0)


def _misfit(
    cells: _Cells, both: csr_array, own: csr_array, fitted: Floats, free: int, generator: np.random.Generator
) -> Misfit:
    statistic = _deviance(both, own, cells.wins, cells.losses)
    totals = cells.wins + cells.losses
    chance, total = expit(both @ fitted), float(totals.sum())
    pairs = int(cells.pair.max()) + 1
    expected = np.bincount(cells.pair, totals * np.minimum(chance, 1 - chance), pairs)
    thin = bool((expected < FEW).mean() > 0.2)
    rough, whole = thin or bool((expected < 1).any()), bool((totals == np.rint(totals)).all())
    method = "chi-square"
    middle, p_value = float(free), float(chi2.sf(statistic, free))
    draws, scale = 0, 2 * total
    excess = Interval(max(statistic - free, 0.0), *noncentral(statistic, free))
    if rough and whole:
        method, draws = "bootstrap", DRAWS if pairs <= MOST_DRAWN else FEW_DRAWS
        asked = np.rint(totals).astype(np.int64)
        drawn = np.empty(draws)
        for k in range(draws):
            wins = generator.binomial(asked, chance).astype(float)
            drawn[k] = _deviance(both, own, wins, totals - wins)
        middle, spread = float(drawn.mean()), float(drawn.std(ddof=1))
        excess = around(statistic - middle, spread)
        p_value = float((1 + (drawn >= statistic).sum()) / (1 + draws))
        if draws == FEW_DRAWS:
            method, draws, p_value = "moments", 0, float(norm.sf((statistic - middle) / max(spread, 1.0)))
    scaled = Interval(excess.value / scale, excess.low / scale, excess.high / scale)
    return Misfit(total, statistic / scale, middle / scale, scaled, statistic, free, p_value, method, thin, draws)
