"""From a guess of the support to the equilibrium on it, to rounding: the null vector of a skew-symmetric matrix.

If B is the support of an equilibrium whose supporting actions are exactly those that do not lose to it, ``A_BB q = 0``.
With δ small the iteration

    q ← δ (δ I - A_BB)⁻¹ q,    q ← q / Σ q

is inverse iteration: A_BB has imaginary eigenvalues only, so that the matrix is never singular, and every step shrinks
all but the null space by δ/|λ|. From a policy near the equilibrium it ends in the nearest null vector, whether the
null space has one dimension (then B is odd) or more, as with ties and clones. What comes out is only a candidate: the
caller judges it.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs

from solvers.games.payoffs import Array, Indices

SHIFT = 1e-9  # δ in units of the largest entry: far below the other eigenvalues, far above rounding
ROUNDING = 1e-12  # what is this close to zero, below it, may be zero
ROUNDS = 3


def null_policy(block: Array, start: Array) -> Array | None:
    """A policy near `start` with ``block @ q = 0`` to rounding, or ``None`` if there is none that is not negative.

    block: ``A[B][:, B]``, skew-symmetric; start: (k,) positive. Entries of the null vector above -1e-12 but not above
    0 are zero in the policy.
    """
    size = len(block)
    if not size:
        return None
    scale = float(np.abs(block).max())
    if not scale:
        return np.asarray(start / start.sum())
    shifted = np.empty((size, size), order="F")
    shifted.T[...] = block  # the transpose: -A
    shifted.reshape(-1, order="F")[:: size + 1] += SHIFT * scale
    factors, pivots, failed = dgetrf(shifted, overwrite_a=1)
    if failed:
        return None
    q = start
    for _ in range(ROUNDS):
        q = dgetrs(factors, pivots, q)[0]
        total = q.sum()
        if not (total > 0 and np.isfinite(total)):
            return None
        q = q / total
    if q.min() < -ROUNDING:
        return None
    if q.min() < 0:
        q = np.maximum(q, 0.0)
        q /= q.sum()
    return np.asarray(q)


def on_support(matrix: Array, support: Indices, start: Array) -> tuple[Array, Array] | None:
    """The candidate π on a support and ``A π``, or ``None``; start: a policy (N,) that is positive on the support."""
    rows = matrix[support]
    q = null_policy(rows[:, support], start[support])
    if q is None:
        return None
    policy = np.zeros(len(matrix))
    policy[support] = q
    return policy, np.asarray(-(q @ rows))
