"""Newton's method for scores of paired comparisons: the information matrix is the Laplacian of a weighted graph.

With curvature h of the pair (i, j) as the weight of that edge, minus the second derivative of the log-likelihood in the
scores is ``L = Σ h (e_i - e_j)(e_i - e_j)ᵀ``. Its kernel consists of the shifts of each block of linked items, so one
asks for mean zero in each block. A tie parameter borders L by one row, which a Schur complement takes care of. Up to
``DENSE`` items a step solves with the full matrix; beyond, by conjugate gradients preconditioned with the diagonal
(fast when items have met many others), and, where these don't end, by sparse factors (fast when items have met few).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dposv
from scipy.sparse import coo_array, csc_array, csr_array, diags_array
from scipy.sparse.linalg import LinearOperator, cg, splu

from solvers.rewards.pairwise.pair_likelihoods import Derivatives, evaluate
from solvers.rewards.pairwise.win_counts import Floats, WinCounts

DENSE = 160  # items up to which the full matrix is cheaper than conjugate gradients
ROUNDS = 400  # of conjugate gradients before sparse factors are tried
FINEST = 1e-6  # relative precision that is asked of them: the next step makes up for the rest
FEW = 12  # pairs an item up to which sparse factors are likely to stay sparse
HALVINGS = 60
NEAR = 1e-4  # nats

Solve = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False, slots=True)
class Maximum:
    """Where Newton's method ended; ``gradient_norm`` and ``settled`` are as ``maximise`` says."""

    scores: Floats
    tie: float
    value: float
    iterations: int
    gradient_norm: float
    settled: bool


def maximise(
    counts: WinCounts,
    kind: str,
    blocks: npt.NDArray[np.int32] | None,
    *,
    ridge: float = 0.0,
    tie: float | None = None,
    tolerance: float = 1e-9,
    limit: int = 100,
    start: Floats | None = None,
    settle: bool = True,
) -> Maximum:
    """The scores that maximise ``likelihood - ridge/2 Σ s²``, of mean zero in each block (None: a single one).

    ``tie`` is where the tie parameter starts; None says that there is none. The gradient norm is the largest over the
    items of |∂/∂s_i| divided by the number of comparisons of i (plus the ridge, if any): a difference of shares of
    wins, whatever the scale of the weights; the derivative by the tie parameter is divided by the number of all
    comparisons. The value that is returned is the log-likelihood, without the penalty.

    A share of wins is blind to rare losses and weak priors, which move scores all the same. So the scores have
    *settled*, which is waited for if ``settle``, only when Newton's last step moved none by more than
    ``c = sqrt(1000 tolerance)``, so that about c²/2 is left at most (along a step of c curvatures change by a factor of
    e^c at most), and none would now move by more than ``10 tolerance`` on its own.
    """
    i, j, size = counts.i, counts.j, counts.size
    per_item = np.maximum(counts.per_item + ridge, np.finfo(float).tiny)
    total = float(counts.totals.sum())
    s = np.zeros(size) if start is None else start.copy()
    at = 0.0 if tie is None else tie
    now = evaluate(kind, counts, s[i] - s[j], at)
    objective = now.value - _penalty(ridge, s)
    iterations, ahead, settled = 0, np.inf, False
    step, tie_step, length = np.zeros_like(s), 0.0, 1.0
    while True:
        gradient: Floats = np.subtract(np.bincount(i, now.by_x, size), np.bincount(j, now.by_x, size), dtype=np.float64)
        gradient = gradient - ridge * s if ridge else gradient
        norm = float((np.abs(gradient) / per_item).max())
        norm = max(norm, abs(now.by_tie) / total) if tie is not None else norm
        # The last gain foreseen is half a squared error in standard errors, which the step has squared once more.
        if norm == 0 or (norm <= tolerance and ahead <= NEAR):
            moved = length * max(float(np.abs(centred(step, blocks)).max()), abs(tie_step)) if iterations else np.inf
            short = moved <= np.sqrt(1e3 * tolerance)
            settled = norm == 0 or bool(short and _alone(counts, now, gradient, ridge) <= 10 * tolerance)
            if settled or not settle:
                break
        if iterations >= limit:
            break
        solve = _solver(counts, now.curvature, blocks, ridge, min(1e-2, max(norm, FINEST)))
        step, tie_step = _direction(counts, now, gradient, solve, tie is not None)
        ahead = float(gradient @ step) + now.by_tie * tie_step
        length = 1.0
        for _ in range(HALVINGS):
            tried, tried_at = s + length * step, at + length * tie_step
            then = evaluate(kind, counts, tried[i] - tried[j], tried_at)
            reached = then.value - _penalty(ridge, tried)
            # Close to the maximum rounding hides the gain: a step that loses no more than that is taken.
            if reached >= objective + 1e-4 * length * ahead - 1e-14 * (min(1.0, total) + abs(objective)):
                break
            length /= 2
        else:
            break
        s, at, now, objective = tried, tried_at, then, reached
        iterations += 1
    return Maximum(centred(s, blocks), at, now.value, iterations, norm, settled)


def _penalty(ridge: float, s: Floats) -> float:
    return 0.5 * ridge * float(s @ s) if ridge else 0.0


def _alone(counts: WinCounts, now: Derivatives, gradient: Floats, ridge: float) -> float:
    """The farthest that Newton's method would move a score if it moved alone, which needs no system to be solved."""
    degrees = np.bincount(counts.i, now.curvature, counts.size) + np.bincount(counts.j, now.curvature, counts.size)
    return float((np.abs(gradient) / np.maximum(degrees + ridge, np.finfo(float).tiny)).max())


def centred(scores: Floats, blocks: npt.NDArray[np.int32] | None) -> Floats:
    """Scores shifted to mean zero in each block."""
    if blocks is None:
        return np.asarray(scores - scores.mean(), dtype=np.float64)
    means = np.bincount(blocks, scores) / np.bincount(blocks)
    return np.asarray(scores - means[blocks], dtype=np.float64)


def _direction(counts: WinCounts, now: Derivatives, gradient: Floats, solve: Solve, tied: bool) -> tuple[Floats, float]:
    step = solve(gradient)
    if not tied:
        return step, 0.0
    border = border_of(counts, now)
    across = solve(border)
    left = now.tie_curvature - float(border @ across)
    tie_step = (now.by_tie - float(border @ step)) / max(left, 1e-12 * now.tie_curvature)
    return step - tie_step * across, tie_step


def border_of(counts: WinCounts, now: Derivatives) -> Floats:
    """Minus the second derivatives by a score and the tie parameter, one an item."""
    assert now.mixed is not None
    border = np.bincount(counts.i, now.mixed, counts.size) - np.bincount(counts.j, now.mixed, counts.size)
    return np.asarray(border, dtype=np.float64)


def information(
    counts: WinCounts, curvature: Floats, blocks: npt.NDArray[np.int32] | None, ridge: float
) -> tuple[Floats, float]:
    """The dense Laplacian plus the ridge, made invertible by ``pin`` times the ones of each block; and that pin."""
    size = counts.size
    matrix = np.zeros((size, size))
    matrix[counts.i, counts.j] = -curvature
    matrix += matrix.T
    degrees = -matrix.sum(axis=1)
    matrix.flat[:: size + 1] = degrees + ridge
    pin = float(degrees.sum()) / size**2
    matrix += pin if blocks is None else pin * (blocks[:, None] == blocks)
    return matrix, pin


def _solver(
    counts: WinCounts, curvature: Floats, blocks: npt.NDArray[np.int32] | None, ridge: float, precision: float
) -> Solve:
    if counts.size <= DENSE:
        matrix, _ = information(counts, curvature, blocks, ridge)
        return lambda b: _dense(matrix, b)
    return iterative(counts, curvature, blocks, ridge, precision)


def _dense(matrix: Floats, right: Floats) -> Floats:
    _, found, failed = dposv(matrix, right)
    return np.asarray(np.linalg.lstsq(matrix, right)[0] if failed else found)


def iterative(
    counts: WinCounts, curvature: Floats, blocks: npt.NDArray[np.int32] | None, ridge: float, precision: float
) -> Solve:
    """Solves with the Laplacian plus the ridge, without making it dense, to a relative precision."""
    size = counts.size
    starts = np.concatenate([[0], np.cumsum(np.bincount(counts.i, minlength=size))])
    upper = csr_array((curvature, counts.j, starts), (size, size))
    lower = upper.T
    degrees = np.full(size, ridge)
    for ends in (counts.i, counts.j):
        degrees += np.bincount(ends, curvature, size)
    safe = np.where(degrees > 0, degrees, 1.0)
    laplacian = LinearOperator((size, size), lambda v: degrees * v - upper @ v - lower @ v, dtype=np.float64)
    jacobi = LinearOperator((size, size), lambda v: v / safe, dtype=np.float64)

    def solve(right: Floats) -> Floats:
        flat, info = cg(laplacian, right, rtol=precision, atol=0.0, maxiter=ROUNDS, M=jacobi)
        if info == 0:
            return np.asarray(flat)
        if len(counts.i) <= FEW * size:
            return _factored(counts, curvature, degrees, blocks, ridge, right)
        return np.asarray(cg(laplacian, right, flat, rtol=precision, atol=0.0, maxiter=10 * ROUNDS, M=jacobi)[0])

    return solve


def _factored(
    counts: WinCounts,
    curvature: Floats,
    degrees: Floats,
    blocks: npt.NDArray[np.int32] | None,
    ridge: float,
    right: Floats,
) -> Floats:
    """By sparse factors; without a ridge the first item of each block is held at zero."""
    size = counts.size
    off = coo_array((curvature, (counts.i, counts.j)), (size, size))
    matrix = csr_array(diags_array(degrees) - off - off.T)
    firsts = np.zeros(1, dtype=np.int64) if blocks is None else np.unique(blocks, return_index=True)[1]
    free = np.ones(size, dtype=np.bool_)
    if ridge == 0:
        free[firsts] = False
    kept = np.flatnonzero(free)
    found = np.zeros(size)
    factors = splu(csc_array(matrix[kept][:, kept]), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    found[kept] = factors.solve(right[kept])
    return centred(found, blocks)
