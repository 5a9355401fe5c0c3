"""The maximum of a logistic likelihood with a Gaussian prior, by Newton's method."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import cg, spsolve
from scipy.special import expit

from solvers.rewards.data_sets.tally import Floats

DENSE, STEPS = 100, 60  # coefficients up to which the full matrix is solved, and Newton steps
STRONG = 0.1  # a prior from which on conjugate gradients converge soon


def logistic(slope: csr_array, wins: Floats, losses: Floats, shift: Floats, prior: float) -> Floats:
    """The b that maximise ``Σ wins ln σ(x) + losses ln σ(-x) - prior Σ b² / 2`` where ``x = slope b + shift``.

    The penalty bounds the curvature from below, and a step is halved while it loses.
    """
    size = slope.shape[1]
    small = size <= DENSE
    design: Any = slope.toarray() if small else slope
    b, total = np.zeros(size), wins + losses

    def loss(at: Floats) -> float:
        x = design @ at + shift
        return float(wins @ np.logaddexp(0, -x) + losses @ np.logaddexp(0, x) + prior / 2 * (at @ at))

    now = loss(b)
    for _ in range(STEPS):
        p = expit(design @ b + shift)
        gradient = design.T @ (total * p - wins) + prior * b
        weight = total * p * (1 - p)
        if small:
            step = np.linalg.solve(design.T @ (weight[:, None] * design) + prior * np.eye(size), gradient)
        else:
            curvature = design.T @ diags_array(weight) @ design + prior * eye_array(size, format="csr")
            step = cg(curvature, gradient, rtol=1e-6)[0] if prior >= STRONG else spsolve(curvature.tocsc(), gradient)
        if float(gradient @ step) < 1e-10 * (1 + now):
            break
        length = 1.0
        while (then := loss(b - length * step)) > now and length > 1e-9:
            length /= 2
        b, now = b - length * step, then
    return b
