"""The Kullback–Leibler divergence of policies that are known by their logarithms."""

from __future__ import annotations

import numpy as np

from solvers.games.payoffs import Array


def log_divergence(log_p: Array, log_q: Array) -> float:
    """``KL(p‖q)``, without loss of digits where policies are close."""
    return float(divergence_terms(log_p, log_q).sum())


def divergence_terms(log_p: Array, log_q: Array) -> Array:
    """``p (f - 1 + exp(-f))``, f = log p - log q: none is negative, and those of a distribution sum to ``KL(p‖q)``.

    A logarithm of -inf in p is a probability of zero, whose term is q; where q has one, p must, too.
    """
    none = np.isneginf(log_p)
    f = np.where(none, 0.0, log_p - np.where(none, 0.0, log_q))
    p = np.exp(log_p)
    near = np.where(np.abs(f) < 1, f, 0.0)
    terms = p * (near + np.expm1(-near))
    far = (near != f) | none
    terms[far] = p[far] * (f[far] - 1) + np.exp(log_q[far])  # exp(-f) may overflow
    return np.asarray(terms)
