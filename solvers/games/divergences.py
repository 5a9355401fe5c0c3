"""The Kullback–Leibler divergence of policies that are known by their logarithms."""

from __future__ import annotations

import numpy as np

from solvers.games.payoffs import Array


def log_divergence(log_p: Array, log_q: Array) -> float:
    """``KL(p‖q) = Σ p (f - 1 + exp(-f))``, f = log p - log q: no term is negative, so close policies lose no digits."""
    f = log_p - log_q
    p = np.exp(log_p)
    near = np.where(np.abs(f) < 1, f, 0.0)
    terms = p * (near + np.expm1(-near))
    far = near != f
    terms[far] = p[far] * (f[far] - 1) + np.exp(log_q[far])  # exp(-f) may overflow
    return float(terms.sum())
