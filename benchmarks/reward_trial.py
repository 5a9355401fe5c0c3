"""Problems, data, the judge and the statistics of the reward study: see ``reward_study.py`` for what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from reward_routes import DPO, FIXED, FIXED_DPO, NASH, REWARD, ROUTES, Array, limits, policies
from scipy.special import expit, softmax
from scipy.stats import t as student

SCALE = 1.5  # root mean square of either part of the log-odds: the better of two items typically wins 4 times in 5
RESAMPLES = 2000
TUNED, BLIND, SAME = WAYS = ("tuned", "blind", "fixed")


@dataclass(frozen=True, slots=True)
class Design:
    """The size of the study. The first `held_out` problems choose the settings; the rest are the test."""

    items: int = 16
    sizes: tuple[int, ...] = (50, 200, 800, 3200, 12800)
    levels: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0)
    noises: tuple[float, ...] = (0.0, 0.1, 0.3)
    held_out: int = 40
    test: int = 40
    sets: int = 8
    pairs: str = "reference"  # or "uniform"

    @property
    def problems(self) -> int:
        return self.held_out + self.test


QUICK = Design(items=6, sizes=(40, 400), levels=(0.0, 0.3, 1.0), noises=(0.1,), held_out=4, test=6, sets=3)


# -- problems and data ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problems:
    """Transitive ``(B, N)`` and cyclic ``(B, N, N)`` parts of the log-odds, references ``(B, N)``, and all random
    numbers behind the data, ``(B, sets, n)``: the two items of each comparison and a uniform number for its label."""

    utility: Array
    cyclic: Array
    reference: Array
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    uniform: Array

    def preference(self, level: float) -> Array:
        """P of each problem at a level γ, without flips."""
        transitive = self.utility[:, :, None] - self.utility[:, None, :]
        return np.asarray(expit(np.sqrt(1 - level) * transitive + np.sqrt(level) * self.cyclic))

    def coverage(self, pairs: str) -> Array:
        """The probability of each ordered pair, half of the unordered one's."""
        items = self.reference.shape[-1]
        mu = self.reference if pairs == "reference" else np.ones_like(self.reference)
        weights = mu[:, :, None] * mu[:, None, :] * (1 - np.eye(items))
        return np.asarray(weights / weights.sum((-1, -2), keepdims=True))


def draw(design: Design, seed: int) -> Problems:
    """All problems, each from its own stream of random numbers."""
    parts: list[tuple[NDArray[Any], ...]] = []
    n, high = design.items, max(design.sizes)
    upper = np.triu_indices(n, 1)
    for stream in np.random.SeedSequence(seed).spawn(design.problems):
        source = np.random.default_rng(stream)
        s = source.standard_normal(n)
        u, v = (x - x.mean(-1, keepdims=True) for x in source.standard_normal((2, 2, n)))
        mu = softmax(source.standard_normal(n))
        c = u.T @ v - v.T @ u
        d = s[:, None] - s
        s, c = ((s - s.mean()) * SCALE / rms(d[upper]), c * SCALE / rms(c[upper]))
        weights = mu[upper[0]] * mu[upper[1]] if design.pairs == "reference" else np.ones(len(upper[0]))
        pair = source.choice(len(weights), size=(design.sets, high), p=weights / weights.sum())
        parts.append((s, c, mu, upper[0][pair], upper[1][pair], source.random((design.sets, high))))
    return Problems(*(np.stack(column) for column in zip(*parts, strict=True)))


def rms(x: Array) -> float:
    return float(np.sqrt(np.mean(x**2)))


def flipped(P: Array, noise: float) -> Array:
    """The probabilities of labels that are flipped with a probability."""
    return noise + (1 - 2 * noise) * P


def count(problems: Problems, P: Array, size: int) -> Array:
    """``counts[b, r, i, j]``: how often i is preferred to j in the first comparisons of each data set."""
    first, second = problems.first[..., :size], problems.second[..., :size]
    batch, sets = first.shape[:2]
    items = P.shape[-1]
    won = problems.uniform[..., :size] < P[np.arange(batch)[:, None, None], first, second]
    places = np.where(won, first * items + second, second * items + first)
    places += np.arange(batch * sets).reshape(batch, sets, 1) * items**2
    found = np.bincount(places.ravel(), minlength=batch * sets * items**2)
    return found.reshape(batch, sets, items, items).astype(float)


# -- the judge ------------------------------------------------------------------------------------------------------


def exploitability(A: Array, policy: Array) -> Array:
    """``2 max_y (A π)_y`` for policies of any shape ``(B, ..., N)``, A of shape ``(B, N, N)``."""
    flat = policy.reshape(len(A), -1, A.shape[-1])
    return np.asarray(2 * (flat @ np.swapaxes(A, -1, -2)).max(-1).reshape(policy.shape[:-1]))


def win_rate(A: Array, policy: Array, other: Array) -> Array:
    """The probability that a policy is preferred to another, both of shape ``(B, sets, N)``."""
    return 0.5 + np.asarray(np.einsum("brn,bnm,brm->br", policy, A, other))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one route achieves in one cell: an entry for each test problem, a mean over its data sets."""

    setting: tuple[int, int]
    bias: Array
    prior: Array
    shift: Array
    spread: Array
    variance: Array  # of the policy: the sum over items
    wins: Array  # over μ
    against: Array  # over the policy of *Nash*
    regret: Array

    @property
    def total(self) -> Array:
        """The exploitability."""
        return self.bias + self.prior + self.shift + self.spread


@dataclass(frozen=True, slots=True)
class Cell:
    """The outcome of every route for each way to choose settings: ``chosen[way][route]``."""

    noise: float
    size: int
    level: float
    chosen: dict[str, dict[str, Outcome]]

    @property
    def tuned(self) -> dict[str, Outcome]:
        return self.chosen[TUNED]


def judge(problems: Problems, design: Design, noise: float, size: int) -> list[Cell]:
    """The cells of one noise and size, at all levels."""
    mu, held, coverage = problems.reference, design.held_out, problems.coverage(design.pairs)
    rows, scores = [], []
    for level in design.levels:
        P = problems.preference(level)
        labels = flipped(P, noise)
        found = policies(count(problems, labels, size), mu)
        typical = policies((2 * size * coverage * labels)[held:, None], mu[held:])  # the expected counts
        endless = limits(labels[held:], coverage[held:], mu[held:])
        scores.append({r: exploitability(P[:held] - 0.5, found[r][:held]).mean((0, 1)) for r in ROUTES})
        rows.append((P[held:] - 0.5, endless, typical, {r: found[r][held:] for r in ROUTES}))
    blind = {route: best(sum(score[route] for score in scores)) for route in ROUTES}
    fixed = {route: FIXED_DPO if route == DPO else FIXED for route in ROUTES}
    cells = []
    for level, score, (A, endless, typical, found) in zip(design.levels, scores, rows, strict=True):
        tuned = {route: best(score[route]) for route in ROUTES}
        utility = np.sqrt(1 - level) * problems.utility[held:]
        cell = Cell(noise, size, level, {way: {} for way in WAYS})
        for way, settings in zip(WAYS, (tuned, blind, fixed), strict=True):
            rival = found[NASH][:, :, *settings[NASH]]
            for route, setting in settings.items():
                stages = (endless[route][:, setting[1]], typical[route][:, 0, *setting], found[route][:, :, *setting])
                cell.chosen[way][route] = outcome(A, setting, stages, rival, mu[held:], utility)
        cells.append(cell)
    return cells


def best(scores: Array) -> tuple[int, int]:
    """The setting and τ of the least score."""
    row, column = np.unravel_index(int(scores.argmin()), scores.shape)
    return int(row), int(column)


def outcome(
    A: Array, setting: tuple[int, int], stages: tuple[Array, Array, Array], rival: Array, mu: Array, utility: Array
) -> Outcome:
    """What comes of a route's policies for endless data, for the expected counts, and for each data set."""
    endless, typical, policy = stages
    mean = policy.mean(1)
    scores = [exploitability(A, x) for x in (endless, typical, mean)]
    return Outcome(
        setting=setting,
        bias=scores[0],
        prior=scores[1] - scores[0],
        shift=scores[2] - scores[1],
        spread=exploitability(A, policy).mean(1) - scores[2],
        variance=policy.var(1, ddof=1).sum(-1),
        wins=win_rate(A, policy, np.broadcast_to(mu[:, None, :], policy.shape)).mean(1),
        against=win_rate(A, policy, rival).mean(1),
        regret=utility.max(-1) - np.einsum("brn,bn->br", policy, utility).mean(1),
    )


# -- statistics -----------------------------------------------------------------------------------------------------


def interval(values: Array) -> tuple[float, float, float]:
    """The mean and its interval of 95 %."""
    n = len(values)
    half = float(student.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    mean = float(values.mean())
    return mean, mean - half, mean + half


def crossing(levels: Sequence[float], advantages: Array) -> float:
    """The least γ from which on the mean of advantages ``(γ, problems)`` is positive; ∞ if it is not at the last one.

    Linear between levels; the least level, if the mean is positive throughout.
    """
    mean = advantages.mean(-1)
    below = np.flatnonzero(mean <= 0)
    if not below.size:
        return float(levels[0])
    k = int(below[-1])
    if k == len(levels) - 1:
        return float("inf")
    return float(levels[k] + (levels[k + 1] - levels[k]) * -mean[k] / (mean[k + 1] - mean[k]))


def crossing_interval(levels: Sequence[float], advantages: Array, seed: int) -> tuple[float, float, float]:
    """The crossing and its interval of 95 %, by drawing problems anew."""
    source = np.random.default_rng(seed)
    drawn = source.integers(advantages.shape[1], size=(RESAMPLES, advantages.shape[1]))
    ends = np.quantile([crossing(levels, advantages[:, d]) for d in drawn], (0.025, 0.975), method="nearest")
    return crossing(levels, advantages), float(ends[0]), float(ends[1])


def study(design: Design, seed: int) -> list[Cell]:
    """All cells: by noise, then size, then level."""
    problems = draw(design, seed)
    return [cell for line in product(design.noises, design.sizes) for cell in judge(problems, design, *line)]


def advantage(cell: Cell, route: str, way: str = TUNED) -> Array:
    """By how much a route is less exploitable than *reward*, on each test problem."""
    return cell.chosen[way][REWARD].total - cell.chosen[way][route].total
