"""Log-likelihoods of paired comparisons, concave in all parameters, with their first and second derivatives.

For a pair (i, j) let x = s_i - s_j. The chances that i is preferred, that j is, and of a tie:

* logit (Bradley and Terry 1952): σ(x), σ(-x), none;
* probit (Thurstone 1927, case V; Mosteller 1951): Φ(x), Φ(-x), none;
* Davidson (1970): ``e^(x/2) / Z``, ``e^(-x/2) / Z``, ``ν / Z``, Z the sum of the three; its parameter here is log ν;
* Rao and Kupper (1967): ``σ(x - κ)``, ``σ(-x - κ)`` and what is left, which is
  ``(e^(2κ) - 1) σ(x - κ) σ(-x - κ)``; its parameter here is κ = log θ > 0.

Davidson's is a log-linear model, hence concave in (s, log ν). The tie of Rao and Kupper is the event that a logistic
error falls between -κ - x and κ - x, a convex set of (x, κ, error), so that its chance is log-concave in (x, κ) by
Prékopa's theorem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, xlogy

from solvers.rewards.pairwise.win_counts import Floats, WinCounts

CHUNK = 8192  # pairs whose likelihood is taken at once
HALF_LOG_TAU = 0.5 * float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False, slots=True)
class Derivatives:
    """A log-likelihood in nats; its gradient; and minus its second derivatives, which are zero or more in x and tie.

    ``by_x`` and ``curvature`` have one entry a pair; ``by_tie``, ``mixed`` (one a pair) and ``tie_curvature`` speak of
    the tie parameter and are zero without one.
    """

    value: float
    by_x: Floats
    curvature: Floats
    by_tie: float = 0.0
    mixed: Floats | None = None
    tie_curvature: float = 0.0


Likelihood = Callable[[WinCounts, Floats, float], Derivatives]  # of the counts, x of each pair, the tie parameter


def logit(counts: WinCounts, x: Floats, tie: float = 0.0) -> Derivatives:
    """Bradley and Terry's model; ties must be counted as something else."""
    small = np.exp(-np.abs(x))
    logs = np.log1p(small)
    whole = 1.0 + small
    high, low = 1.0 / whole, small / whole
    positive = x >= 0
    p, q = np.where(positive, high, low), np.where(positive, low, high)
    value = -(counts.wins @ (logs + np.maximum(-x, 0.0)) + counts.losses @ (logs + np.maximum(x, 0.0)))
    return Derivatives(float(value), counts.wins * q - counts.losses * p, (counts.wins + counts.losses) * (high * low))


def probit(counts: WinCounts, x: Floats, tie: float = 0.0) -> Derivatives:
    """Thurstone and Mosteller's model, in units in which the chance is Φ(s_i - s_j)."""
    forth, back = log_ndtr(x), log_ndtr(-x)
    density = -0.5 * x * x - HALF_LOG_TAU
    up, down = np.exp(density - forth), np.exp(density - back)  # the inverse Mills ratios
    by_x = counts.wins * up - counts.losses * down
    curvature = counts.wins * up * (up + x) + counts.losses * down * (down - x)
    return Derivatives(float(counts.wins @ forth + counts.losses @ back), by_x, np.maximum(curvature, 0.0))


def davidson(counts: WinCounts, x: Floats, tie: float) -> Derivatives:
    """Davidson's model; ``tie`` is log ν."""
    half = 0.5 * x
    norm = np.logaddexp(np.logaddexp(half, -half), tie)
    p, q, t = np.exp(half - norm), np.exp(-half - norm), np.exp(tie - norm)
    n = counts.totals
    value = (counts.wins - counts.losses) @ half + tie * counts.ties.sum() - n @ norm
    return Derivatives(
        float(value),
        0.5 * (counts.wins * (2 * q + t) - counts.losses * (2 * p + t) + counts.ties * (q - p)),
        0.25 * n * (4 * p * q + t * (p + q)),  # E[(±1)²] - E[±1]², written without a difference
        float(counts.ties.sum() - n @ t),
        -0.5 * n * (p - q) * t,
        float(n @ (t * (p + q))),
    )


def rao_kupper(counts: WinCounts, x: Floats, tie: float) -> Derivatives:
    """Rao and Kupper's model; ``tie`` is κ, and the value is minus infinity where it is not positive."""
    if tie <= 0:
        return Derivatives(-np.inf, x, x)
    a, b, drawn = counts.wins + counts.ties, counts.losses + counts.ties, float(counts.ties.sum())
    forth, back = np.logaddexp(0.0, tie - x), np.logaddexp(0.0, tie + x)
    f, g = np.exp(tie - x - forth), np.exp(tie + x - back)  # σ(κ - x), σ(κ + x)
    below = float(-np.expm1(-2 * tie))
    value = drawn * (2 * tie + np.log(below)) - a @ forth - b @ back
    u, v = a * f * (1 - f), b * g * (1 - g)
    return Derivatives(
        float(value),
        a * f - b * g,
        u + v,
        float(2 * drawn / below - a @ f - b @ g),
        v - u,
        float((u + v).sum() + 4 * drawn * np.exp(-2 * tie) / below**2),
    )


def evaluate(kind: str, counts: WinCounts, x: Floats, tie: float = 0.0) -> Derivatives:
    """The likelihood of that kind, some thousand pairs at a time: arrays that fit a cache are ten times as fast."""
    likelihood, number = LIKELIHOODS[kind], len(x)
    if number <= CHUNK:
        return likelihood(counts, x, tie)
    by_x, curvature, mixed = np.empty(number), np.empty(number), np.zeros(number)
    value, by_tie, tie_curvature, bordered = 0.0, 0.0, 0.0, False
    for start in range(0, number, CHUNK):
        part = slice(start, start + CHUNK)
        at = likelihood(counts.only(part), x[part], tie)
        by_x[part], curvature[part] = at.by_x, at.curvature
        if at.mixed is not None:
            mixed[part], bordered = at.mixed, True
        value, by_tie, tie_curvature = value + at.value, by_tie + at.by_tie, tie_curvature + at.tie_curvature
    return Derivatives(value, by_x, curvature, by_tie, mixed if bordered else None, tie_curvature)


def saturated(counts: WinCounts) -> float:
    """The log-likelihood (in nats) when each pair has chances of its own: the frequencies."""
    value = 0.0
    for start in range(0, len(counts.i), CHUNK):
        part = counts.only(slice(start, start + CHUNK))
        n = part.totals
        value += float((xlogy(part.wins, part.wins / n) + xlogy(part.losses, part.losses / n)).sum())
        value += float(xlogy(part.ties, part.ties / n).sum()) if part.ties.any() else 0.0
    return value


def chances(model: str, x: Floats, tie: float) -> tuple[Floats, Floats, Floats]:
    """The chances that i is preferred, that j is, and of a tie, for each x; the sum of each three is one."""
    if model == "davidson":
        half = 0.5 * x
        norm = np.logaddexp(np.logaddexp(half, -half), tie)
        return np.exp(half - norm), np.exp(-half - norm), np.exp(tie - norm)
    if model == "probit":
        return np.exp(log_ndtr(x)), np.exp(log_ndtr(-x)), np.zeros_like(x)
    if model == "logit":
        return np.exp(-np.logaddexp(0.0, -x)), np.exp(-np.logaddexp(0.0, x)), np.zeros_like(x)
    forth, back = np.logaddexp(0.0, tie - x), np.logaddexp(0.0, tie + x)
    drawn = 2 * tie + np.log(-np.expm1(-2 * tie)) - forth - back
    return np.exp(-forth), np.exp(-back), np.exp(drawn)


LIKELIHOODS: dict[str, Likelihood] = {
    "logit": logit,
    "probit": probit,
    "davidson": davidson,
    "rao-kupper": rao_kupper,
}
