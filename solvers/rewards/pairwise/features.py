"""Rewards that are linear in features, ``r(x) = θ·φ(x)``, from pairwise comparisons.

With ``P(x preferred to y) = σ(r(x) - r(y))`` and δ_k = φ(winner) - φ(loser) of the k-th comparison, of weight w_k, θ
minimises

    -Σ w_k log σ(θ·δ_k) + λ/2 |θ|²,

which is convex: conditional logistic regression without an intercept. Without a prior (λ = 0) the minimum exists and is
unique if and only if the δ_k span all directions (else some features are *collinear* on these comparisons) and no
direction v has v·δ_k >= 0 for all k, and > 0 for some (else the data are *separable*; Albert and Anderson 1984, *On the
existence of maximum likelihood estimates in logistic regression models*). Fitted chances of losing r_k > 0 with
``Σ w_k r_k δ_k = 0`` exclude such a v (Stiemke's lemma); where they don't settle it, a linear program does (HiGHS).
scipy's trust-region Newton method does the minimising; it ends where the loss has no digits left, so plain Newton
steps follow, which look at the gradient only, until the margins θ·δ have settled.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import qr, solve_triangular
from scipy.optimize import linprog, minimize
from scipy.sparse import issparse

from solvers.arguments import Floats, real_array, real_number, whole_number
from solvers.rewards.pairwise.win_counts import LEAST, MOST

RANK = 1e-10  # below which, relative to the largest, a pivot counts as zero
POLISH = 4
SETTLED = 500  # tolerances by which the last step may move a margin θ·δ
STALLED = 1e-4  # by which it would, if the gradient falls no further
WIDEST = 1e100  # difference of a feature, whose square is still a float
MARGIN = 1e-6  # by which a direction separates, features being scaled to mean square one


@dataclass(frozen=True, slots=True)
class FeatureDiagnosis:
    """What speaks against the weights θ, features being named.

    ``separable``: some direction of θ explains every comparison, so the likelihood grows along it for ever;
    ``direction`` is one (empty if not). ``collinear``: for each feature that the comparisons can't tell from others,
    its name and those it is a combination of (none: it never differed).
    """

    separable: bool
    direction: tuple[float, ...]
    collinear: tuple[tuple[str, tuple[str, ...]], ...]
    findings: tuple[str, ...]
    advice: str

    def __str__(self) -> str:
        return "\n".join([*(f"- {line}" for line in self.findings), f"Advice: {self.advice}"])


@dataclass(frozen=True, eq=False)
class LinearReward:
    """Weights of features; NaN where the likelihood has no unique maximum.

    ``theta``: one weight a feature. ``converged``: whether it is the unique maximum, the gradient within tolerance,
    and Newton's last step moved no margin θ·δ by more than 500 tolerances (5e-7; where rounding forbids it, 1e-4).
    ``gradient_norm``: the largest entry of the gradient divided by the scale of its feature and the total weight.
    ``log_likelihood``: in nats, without the prior's term; where there is no maximum, what the search ended with.
    """

    theta: Floats
    converged: bool
    iterations: int
    gradient_norm: float
    log_likelihood: float
    regularisation: float
    diagnosis: FeatureDiagnosis
    differences: Floats
    weights: Floats

    @cached_property
    def covariance(self) -> Floats:
        """The inverse Fisher information of θ; with a prior, of the Gaussian approximation of the posterior."""
        size = len(self.theta)
        if not np.isfinite(self.theta).all():
            return np.full((size, size), np.nan)
        information = _hessian(self.theta, self.differences, self.weights, self.regularisation)
        scale = 1 / np.sqrt(np.diagonal(information))
        return np.asarray(np.linalg.inv(information * np.outer(scale, scale)) * np.outer(scale, scale))

    @cached_property
    def standard_errors(self) -> Floats:
        """One a feature: the square roots of the diagonal of ``covariance``."""
        return np.sqrt(np.diagonal(self.covariance))

    def rewards(self, features: npt.ArrayLike) -> Floats:
        """``θ·φ`` for each row φ."""
        return np.asarray(np.asarray(features, dtype=np.float64) @ self.theta)


def bradley_terry_loss(
    theta: npt.ArrayLike, differences: npt.ArrayLike, weights: npt.ArrayLike | None = None, regularisation: float = 0.0
) -> tuple[float, Floats]:
    """``-Σ w log σ(θ·δ) + λ/2 |θ|²`` in nats, and its gradient; ``differences`` has a row δ for each comparison.

    ``weights`` are zero or more, and one if not given. Raises ``ValueError`` for what is not finite, negative weights
    or regularisation, and shapes that don't go together; ``TypeError`` for what is no number.
    """
    return _loss(*_given(theta, differences, weights, regularisation))


def _given(
    theta: npt.ArrayLike, differences: npt.ArrayLike, weights: npt.ArrayLike | None, regularisation: float
) -> tuple[Floats, Floats, Floats, float]:
    rows, at = _finite(differences, "differences"), real_array(theta, "theta")
    if at.shape != (rows.shape[1],):
        raise ValueError(f"theta must have a weight for each of the {rows.shape[1]} features; its shape is {at.shape}")
    if not np.isfinite(at).all():
        raise ValueError(f"theta must be finite, got {at[~np.isfinite(at)][0]}")
    w = np.ones(len(rows)) if weights is None else real_array(weights, "weights")
    if w.shape != (len(rows),):
        raise ValueError(f"weights must be one for each of the {len(rows)} comparisons; their shape is {w.shape}")
    if not (np.isfinite(w) & (w >= 0)).all():
        raise ValueError(f"weights must be finite and zero or more, got {w[~(np.isfinite(w) & (w >= 0))][0]}")
    return at, rows, w, _prior(regularisation)


def _prior(regularisation: float) -> float:
    value = real_number(regularisation, "regularisation")
    if not 0 <= value < np.inf:
        raise ValueError(f"regularisation must be finite and zero or more, got {regularisation}")
    return value


def _loss(at: Floats, rows: Floats, w: Floats, regularisation: float) -> tuple[float, Floats]:
    margin = rows @ at
    value = w @ np.logaddexp(0.0, -margin) + 0.5 * regularisation * (at @ at)
    return float(value), regularisation * at - rows.T @ (w * _losing(margin))


def bradley_terry_hessian(
    theta: npt.ArrayLike, differences: npt.ArrayLike, weights: npt.ArrayLike | None = None, regularisation: float = 0.0
) -> Floats:
    """The second derivatives of ``bradley_terry_loss``, whose arguments are the same."""
    return _hessian(*_given(theta, differences, weights, regularisation))


def _hessian(at: Floats, rows: Floats, w: Floats, regularisation: float) -> Floats:
    losing = _losing(rows @ at)
    curvature = w * losing * (1 - losing)
    return np.asarray((rows.T * curvature) @ rows + regularisation * np.eye(len(at)))


def _losing(margin: Floats) -> Floats:
    """σ(-margin), without overflow."""
    small = np.exp(-np.abs(margin))
    return np.where(margin >= 0, small, 1.0) / (1.0 + small)


def linear_reward(
    features: npt.ArrayLike | None,
    comparisons: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    regularisation: float = 0.0,
    names: Sequence[str] | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 200,
) -> LinearReward:
    """The weights θ of a reward ``r = θ·φ`` by maximum likelihood.

    ``features``: a row φ(x) for each item x, and ``comparisons``: a pair of rows' positions (winner, loser) for each
    comparison; or ``features=None``, and ``comparisons``: a row φ(winner) - φ(loser) each. ``weights``: one positive
    number a comparison. ``regularisation`` λ: a Gaussian prior of variance 1/λ on each weight. ``names`` of the
    features, for the diagnosis.

    If the maximum doesn't exist or isn't unique, ``theta`` is NaN and ``diagnosis`` says why. Raises ``ValueError`` or
    ``TypeError`` for empty or non-finite data, an item compared with itself, positions out of range, weights of zero or
    below, and arguments out of range.
    """
    rows = _differences(features, comparisons)
    count, size = rows.shape
    w = np.ones(count) if weights is None else real_array(weights, "weights")
    if w.shape != (count,):
        raise ValueError(f"weights must be one for each of the {count} comparisons; their shape is {w.shape}")
    fine = (w >= LEAST) & (w <= MOST)
    if not fine.all():
        wrong = int(np.flatnonzero(~fine)[0])
        raise ValueError(
            f"weights must be positive and finite, from {LEAST:g} to {MOST:g}; comparison {wrong + 1} has {w[wrong]}"
        )
    regularisation = _prior(regularisation)
    if not real_number(tolerance, "tolerance") > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    whole_number(max_iterations, "max_iterations", 1)
    if names is not None and not isinstance(names, Sized):
        raise TypeError(f"names must be a sequence, one for each feature, got {type(names).__name__}")
    labels = [f"feature {k}" for k in range(size)] if names is None else [str(name) for name in names]
    if len(labels) != size:
        raise ValueError(f"names must be one for each of the {size} features, got {len(labels)}")

    largest = np.abs(rows).max(axis=0)
    strange = np.flatnonzero((largest > 0) & ~((largest >= 1 / WIDEST) & (largest <= WIDEST)))
    if len(strange):
        raise ValueError(
            f"{labels[strange[0]]} has differences of {largest[strange[0]]:g} between winner and loser, beyond "
            f"{1 / WIDEST:g} to {WIDEST:g}: rescale it"
        )
    scale = np.sqrt((rows**2).mean(axis=0))
    scale[scale == 0] = 1.0
    scaled, share, ridge = rows / scale, w / w.sum(), regularisation / w.sum() / scale**2

    def loss(z: Floats) -> tuple[float, Floats]:
        value, gradient = _loss(z, scaled, share, 0.0)
        return value + 0.5 * float(ridge @ z**2), gradient + ridge * z

    def curvature(z: Floats) -> Floats:
        return np.asarray(_hessian(z, scaled, share, 0.0) + np.diag(ridge))

    options = {"gtol": min(1e-6, tolerance), "maxiter": max_iterations, "max_trust_radius": 1e6}
    found = minimize(loss, np.zeros(size), jac=True, hess=curvature, method="trust-exact", options=options)

    def polished(z: Floats, steps: int) -> tuple[Floats, float, bool, int]:
        """Plain Newton steps while the gradient falls; its norm; whether the margins have settled; and how many."""
        norm = float(np.abs(loss(z)[1]).max())
        for taken in range(steps):
            slope, bend = loss(z)[1], curvature(z)
            # Scaled to a diagonal of ones, lest a weight that is hardly determined passes for one that is not at all.
            unit = 1 / np.sqrt(np.where(np.diagonal(bend) > 0, np.diagonal(bend), 1.0))
            step = unit * np.linalg.lstsq(bend * np.outer(unit, unit), unit * slope)[0]
            left = float(np.abs(loss(z - step)[1]).max())
            moved = float(np.abs(scaled @ step).max())
            if not left < norm:  # nearly collinear features end so: rounding hides what is left of the gradient
                return z, norm, moved <= max(STALLED, SETTLED * tolerance), taken
            z, norm = z - step, left
            if moved <= SETTLED * tolerance:
                return z, norm, True, taken + 1
        return z, norm, False, steps

    at, norm, settled, more = polished(np.asarray(found.x, dtype=np.float64), POLISH)
    collinear = _collinear(scaled, labels)
    losing = _losing(scaled @ at)
    # If v·δ >= 0 throughout, |v| <= 1, then w r (v·δ) <= Σ w r (v·δ) <= size * norm for each comparison.
    clear = not collinear and bool(size * norm <= MARGIN * (share * losing).min())
    direction = np.zeros(size) if clear else _separating(scaled) / scale
    separable = bool(direction.any())
    exists = regularisation > 0 or not (separable or collinear)
    if exists and not settled:
        at, norm, settled, further = polished(at, max(0, max_iterations - int(found.nit) - more))
        more += further
    converged = exists and norm <= tolerance and settled
    return LinearReward(
        theta=at / scale if exists else np.full(size, np.nan),
        converged=converged,
        iterations=int(found.nit) + more,
        gradient_norm=norm,
        log_likelihood=-_loss(at, scaled, w, 0.0)[0],
        regularisation=float(regularisation),
        diagnosis=_diagnosis(direction, collinear, labels, exists, converged),
        differences=rows,
        weights=w,
    )


def _differences(features: npt.ArrayLike | None, comparisons: npt.ArrayLike) -> Floats:
    """The rows φ(winner) - φ(loser), checked."""
    if features is None:
        return _finite(comparisons, "comparisons")
    table = _finite(features, "features")
    if len(table) < 2:
        raise ValueError("features have a single row: at least two items are needed")
    if isinstance(comparisons, np.ma.MaskedArray):
        raise ValueError("comparisons must not be masked: leave out those that are")
    if comparisons is None or issparse(comparisons):
        raise TypeError("comparisons must be pairs of row numbers (winner, loser), an array of shape (m, 2)")
    try:
        pairs = np.asarray(comparisons)
    except ValueError as error:
        raise ValueError(f"comparisons must be pairs (winner, loser), all of them: {error}") from error
    if pairs.size == 0:
        raise ValueError("comparisons are empty: at least one is needed")
    if pairs.dtype.kind not in "iu":
        raise TypeError(f"comparisons must be pairs of row numbers (winner, loser), got dtype {pairs.dtype}")
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"comparisons must be pairs (winner, loser), an array of shape (m, 2), not {pairs.shape}")
    wrong = np.flatnonzero(((pairs < 0) | (pairs >= len(table))).any(axis=1))
    if len(wrong):
        raise ValueError(f"comparison {wrong[0] + 1} is {pairs[wrong[0]].tolist()}: rows are 0 to {len(table) - 1}")
    itself = np.flatnonzero(pairs[:, 0] == pairs[:, 1])
    if len(itself):
        raise ValueError(f"comparison {itself[0] + 1} compares item {pairs[itself[0], 0]} with itself: leave it out")
    with np.errstate(over="ignore"):  # what is infinite is refused with what is too large
        return np.asarray(table[pairs[:, 0]] - table[pairs[:, 1]])


def _finite(values: Any, name: str) -> Floats:
    table = real_array(values, name)
    if table.size == 0:
        raise ValueError(f"{name} are empty")
    if table.ndim != 2:
        raise ValueError(f"{name} must be a matrix with a row of features each; the shape is {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} must be finite; row {int(np.argwhere(~np.isfinite(table))[0, 0])} is not")
    return table


def _collinear(rows: Floats, labels: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each feature that is a combination of others on all comparisons, and which: by pivoted QR."""
    size = rows.shape[1]
    upper, pivots = qr(rows, mode="r", pivoting=True)
    upper = upper[: min(rows.shape)]
    pivot = np.abs(np.diagonal(upper))
    rank = int((pivot > RANK * max(pivot[0], np.finfo(float).tiny)).sum()) if pivot[0] > 0 else 0
    dependent = []
    for k in range(rank, size):
        share = solve_triangular(upper[:rank, :rank], upper[:rank, k]) if rank else np.zeros(0)
        used = [int(pivots[m]) for m in range(rank) if abs(share[m]) > 1e-8]
        dependent.append((int(pivots[k]), sorted(used)))
    return tuple((labels[k], tuple(labels[m] for m in used)) for k, used in sorted(dependent))


def _separating(rows: Floats) -> Floats:
    """A direction v with ``v·δ >= 0`` for all rows and > 0 for some; zeros if there is none."""
    unique = np.unique(rows, axis=0)
    found = linprog(-unique.sum(axis=0), A_ub=-unique, b_ub=np.zeros(len(unique)), bounds=(-1, 1), method="highs")
    if found.status != 0:
        raise RuntimeError(f"HiGHS did not decide whether the data are separable: {found.message}")
    margin = unique @ found.x
    # The maximum of Σ v·δ is zero if nothing separates; the solver's feasibility tolerance is 1e-7 a row.
    return np.asarray(found.x) if margin.max() > MARGIN and margin.min() >= -1e-7 else np.zeros(rows.shape[1])


def _diagnosis(
    direction: Floats,
    collinear: tuple[tuple[str, tuple[str, ...]], ...],
    labels: list[str],
    exists: bool,
    converged: bool,
) -> FeatureDiagnosis:
    findings, advice = [], []
    separable = bool(direction.any())
    if separable:
        strongest = sorted(range(len(labels)), key=lambda k: -abs(direction[k]))[:6]
        words = ", ".join(f"{labels[k]}: {direction[k]:+.3g}" for k in strongest if direction[k])
        without = "" if exists else " The estimate diverges."
        findings.append(f"separable: weights in the direction ({words}) explain every comparison.{without}")
        advice.append("Set regularisation > 0 (a prior), use fewer features, or collect closer comparisons.")
    for name, others in collinear:
        what = f"a combination of {', '.join(others)}" if others else "the same for winner and loser"
        findings.append(f"collinear: {name} is {what} in all comparisons, so its weight is not determined.")
    if collinear:
        advice.append("Drop the collinear features, or set regularisation > 0.")
    if exists and not converged:
        findings.append("The iterations ended before the weights had settled: raise max_iterations.")
    if not findings:
        findings.append("no objection: the comparisons determine every weight.")
    found = tuple(direction.tolist()) if separable else ()
    return FeatureDiagnosis(separable, found, collinear, tuple(findings), " ".join(advice) or "None needed.")
