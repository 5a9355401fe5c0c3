"""How well rewards predict answers that they have not seen, against each pair's own frequency.

The answers of each pair are shuffled and dealt to `folds` parts, so that these have as many of it, but for one. (Beyond
two million answers each goes to a part at random.) Parts are not balanced by outcome, which would let a predictor guess
what was left out; so where a pair's answers are exactly even, the rest leans the other way, and its own share is wrong
more often than a coin. Each predictor is
fitted without a part and judged on it, by the share of wrong predictions (an even prediction is half wrong; ties are
left out) and by the mean of -ln of the probability that it gave the answer (nats). The predictors:

* ``"reward"``: Bradley–Terry scores of all answers;
* ``"pair"``: the share of wins of the same pair, with one pseudo-answer on each side: any preference whatever;
* ``"judge"``, ``"context"``: Bradley–Terry scores of the same judge or context, drawn to those of all.

All scores have a Gaussian prior of variance 1, so they exist. Intervals are for the mean difference from ``"reward"``,
by judges (clusters) where there are 20 or more, else by answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit
from scipy.stats import t as student

from solvers.rewards.data_sets.logistic import logistic
from solvers.rewards.data_sets.tally import Answers, Floats, Ints

MOST_GROUPS = 200  # judges, or contexts, whose own scores are fitted
MOST_ITEMS = 2_000
FEWEST_CLUSTERS = 20
PRIOR = 1.0
MOST_DEALT = 2_000_000  # answers that are dealt out one by one
EVEN = 1e-12  # from one half, for a prediction to be even


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """One predictor on held-out answers.

    wrong: the share of wrong predictions; nats: the mean of -ln of the probability of the answer. wrong_saved,
    nats_saved: how much less than with one Bradley–Terry reward (positive: it is better).
    """

    name: str
    wrong: float
    nats: float
    wrong_saved: Interval
    nats_saved: Interval


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions of `answers` answers that are no ties; clusters: the judges that the intervals are over, or 0."""

    answers: int
    folds: int
    clusters: int
    predictions: tuple[Prediction, ...]
    not_fitted: tuple[str, ...]

    def __getitem__(self, name: str) -> Prediction | None:
        return next((p for p in self.predictions if p.name == name), None)


@dataclass(frozen=True, slots=True)
class _Folded:
    """Answers that are no ties, and how many of each are in each fold. pair: the place of its pair in low, high."""

    entries: Answers
    pair: Ints
    low: Ints
    high: Ints
    upward: Floats  # 1 where the winner is the pair's low item
    weights: Floats  # (entries, folds): the weight in each fold
    counts: Ints  # (entries, folds): the answers in each fold


def predict(
    answers: Answers, items: int, generator: np.random.Generator, folds: int = 5, contexts: bool = True
) -> HeldOut | None:
    """Judges the predictors; without `contexts` none by context, as where each context has items of its own.

    ``None`` for more than 2,000 items, or where no answer is left to fit with.
    """
    folded = _fold(answers, generator, folds)
    total = int(folded.counts.sum())
    if items > MOST_ITEMS or total < 2 * folds:
        return None
    probabilities: dict[str, Floats] = {"reward": np.empty(folded.weights.shape)}
    probabilities["pair"] = np.empty(folded.weights.shape)
    grouped: dict[str, Ints] = {}
    not_fitted = []
    for name, column in (("judge", folded.entries.judge), ("context", folded.entries.context)):
        groups = len(np.unique(column[column > 0]))
        if name == "context" and not contexts:
            continue
        if 2 <= groups <= MOST_GROUPS:
            grouped[name], probabilities[name] = column, np.empty(folded.weights.shape)
        elif groups > MOST_GROUPS:
            not_fitted.append(f"a reward for each of {groups:,} {name}s (more than {MOST_GROUPS})")
    for fold in range(folds):
        train = folded.weights.sum(axis=1) - folded.weights[:, fold]
        scores = _scores(folded, train, np.ones(len(train), dtype=bool), items, None)
        probabilities["reward"][:, fold] = _chance(folded, scores)
        probabilities["pair"][:, fold] = _own_share(folded, train)
        for name, column in grouped.items():
            probabilities[name][:, fold] = probabilities["reward"][:, fold]
            for group in np.unique(column[column > 0]):
                mine = column == group
                own = scores + _scores(folded, train, mine, items, scores)
                probabilities[name][mine, fold] = _chance(folded, own)[mine]
    return _judged(folded, probabilities, total, folds, tuple(not_fitted))


def _fold(answers: Answers, generator: np.random.Generator, folds: int) -> _Folded:
    kept = ~answers.tie
    names = ("judge", "context", "winner", "loser", "tie", "records", "weight")
    entries = Answers(**{name: getattr(answers, name)[kept] for name in names})
    low, high = np.minimum(entries.winner, entries.loser), np.maximum(entries.winner, entries.loser)
    pairs, pair = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    pair = pair.ravel()
    counts = _dealt(entries.records, pair, folds, generator)
    weights = counts * (entries.weight / entries.records)[:, None]
    upward = (entries.winner == low).astype(float)
    return _Folded(entries, pair, pairs[0], pairs[1], upward, weights, counts)


def _dealt(records: Ints, pair: Ints, folds: int, generator: np.random.Generator) -> Ints:
    """How many answers of each entry fall into each fold: each pair's are dealt one by one, from a fold at random."""
    if records.sum() > MOST_DEALT:
        return np.asarray(generator.multinomial(records, np.full(folds, 1 / folds)), dtype=np.int64)
    entry = np.repeat(np.arange(len(records)), records)
    order = np.lexsort([generator.random(len(entry)), pair[entry]])
    entry = entry[order]
    sizes = np.bincount(pair[entry])
    rank = np.arange(len(entry)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    begin = generator.integers(0, folds, len(sizes))
    fold = (rank + np.repeat(begin, sizes)) % folds
    return np.bincount(entry * folds + fold, minlength=len(records) * folds).reshape(len(records), folds)


def _scores(folded: _Folded, train: Floats, used: NDArray[np.bool_], items: int, around: Floats | None) -> Floats:
    """Scores with a Gaussian prior; with `around`, what is to be added to those."""
    pairs = len(folded.low)
    wins = np.bincount(folded.pair[used], (train * folded.upward)[used], pairs).astype(float)
    losses = np.bincount(folded.pair[used], (train * (1 - folded.upward))[used], pairs).astype(float)
    met = wins + losses > 0
    if not met.any():
        return np.zeros(items)
    low, high = folded.low[met], folded.high[met]
    shift = np.zeros(len(low)) if around is None else around[low] - around[high]
    known, places = np.unique(np.concatenate([low, high]), return_inverse=True)
    scores = np.zeros(items)
    signs, rows = np.repeat([1.0, -1.0], len(low)), np.tile(np.arange(len(low)), 2)
    slope = csr_array((signs, (rows, places)), (len(low), len(known)))
    scores[known] = logistic(slope, wins[met], losses[met], shift, PRIOR)
    return scores


def _chance(folded: _Folded, scores: Floats) -> Floats:
    """The probability of each entry's answer."""
    entries = folded.entries
    return np.asarray(expit(scores[entries.winner] - scores[entries.loser]), dtype=np.float64)


def _own_share(folded: _Folded, train: Floats) -> Floats:
    """The same by the pair's own answers, with one pseudo-answer on each side."""
    pairs = len(folded.low)
    wins = np.bincount(folded.pair, train * folded.upward, pairs)
    total = np.bincount(folded.pair, train, pairs)
    up = ((wins + 1) / (total + 2))[folded.pair]
    return np.where(folded.upward == 1, up, 1 - up)


def _judged(
    folded: _Folded, probabilities: dict[str, Floats], total: int, folds: int, not_fitted: tuple[str, ...]
) -> HeldOut:
    judges = folded.entries.judge
    clusters = len(np.unique(judges)) if (judges > 0).all() else 0
    clusters = clusters if clusters >= FEWEST_CLUSTERS else 0
    losses = {
        name: ((p < 0.5 - EVEN) + 0.5 * (np.abs(p - 0.5) <= EVEN), -np.log(np.maximum(p, np.finfo(float).tiny)))
        for name, p in probabilities.items()
    }
    weight = float(folded.weights.sum())
    base = losses["reward"]
    predictions = tuple(
        Prediction(
            name,
            float((folded.weights * wrong).sum()) / weight,
            float((folded.weights * nats).sum()) / weight,
            _mean(folded, base[0] - wrong, clusters),
            _mean(folded, base[1] - nats, clusters),
        )
        for name, (wrong, nats) in losses.items()
    )
    return HeldOut(total, folds, clusters, predictions, not_fitted)


def _mean(folded: _Folded, difference: Floats, clusters: int) -> Interval:
    """The weighted mean with its interval, over clusters or over answers."""
    weights, counts = folded.weights, folded.counts
    total = float(weights.sum())
    mean = float((weights * difference).sum()) / total
    off = difference - mean
    if clusters:
        sums = np.bincount(folded.entries.judge, (weights * off).sum(axis=1))
        error = sqrt(float(sums @ sums) * clusters / (clusters - 1)) / total
        reach = float(student.ppf(0.975, clusters - 1)) * error
    else:
        each = (folded.entries.weight / folded.entries.records)[:, None]
        error = sqrt(float((counts * (each * off) ** 2).sum())) / total
        reach = float(student.ppf(0.975, max(int(counts.sum()) - 1, 1))) * error
    return Interval(mean, mean - reach, mean + reach)
