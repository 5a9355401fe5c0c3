"""How large the payoffs are, which step sizes are chosen by: the largest entry of A, and its spectral norm."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from solvers.games.payoffs import Array, Dense, Payoffs

SMALL = 200  # up to this size all singular values are found at once, which is as fast as an iteration


def largest_payoff(payoffs: Payoffs) -> float:
    """``max |A_ij|``; of factored payoffs a bound by Cauchy–Schwarz (at most 1/2 for probabilities)."""
    if isinstance(payoffs, Dense):
        return float(payoffs.matrix.max())  # as A is skew
    lengths = np.linalg.norm(payoffs.factors, axis=1)
    images = np.linalg.norm(payoffs.factors @ payoffs.skew.T, axis=1)
    bound = float(lengths.max() * images.max())
    return bound if payoffs.link == "identity" else min(bound / 4, 0.5)  # the logistic curve has slope 1/4 at most


def spectral_norm(payoffs: Payoffs) -> float:
    """``‖A‖₂`` to some 1e-4 of it, by Lanczos' method for ``AᵀA = -A²``; from a fixed start, so deterministic."""
    largest = largest_payoff(payoffs)
    if largest == 0:
        return 0.0  # Lanczos' method refuses the zero matrix
    size = payoffs.size
    # Of A / largest: the squares of large payoffs overflow, those of small ones are lost.
    if size <= SMALL:
        return largest * float(np.linalg.norm(payoffs.dense() / largest, 2))

    def squared(v: Array) -> Array:
        return np.asarray(-payoffs.times(payoffs.times(v) / largest) / largest)

    start = np.cos(np.arange(size) ** 2)  # no accidental symmetry
    operator = LinearOperator((size, size), matvec=squared, dtype=np.float64)
    values = eigsh(operator, k=1, v0=start, tol=1e-4, return_eigenvectors=False)
    return largest * float(np.sqrt(max(values[0], 0.0)))
