"""Direct preference optimisation on distributions: DPO and IPO over all policies on finitely many items.

``counts[i, j]`` says how often item i was preferred to item j, μ is the reference policy and τ > 0 the weight of the
divergence from it. Both methods choose the log-ratios ``h_i = log(π_i / μ_i)`` of a policy π on the items:

* **DPO** (Rafailov et al. 2023, equation 7) minimises ``-Σ_ij counts_ij log σ(τ (h_i - h_j))``. Put ``r = τ h``: this
  is the likelihood of Bradley and Terry's model, so over *all* policies DPO's optimum is ``π ∝ μ exp(r / τ)`` with the
  model's best r: it is what fitting a reward and optimising it gives. Gradient descent on the logits of π from π = μ
  with step size η walks through ``r ← r + η τ² ∇``, the path of a reward that is fitted with step size η τ², so that
  stopping early agrees as well. Differences come from regularisation, and from policies that cannot be chosen freely.
* **IPO** (Azar et al. 2024, equation 17) minimises ``Σ_ij counts_ij (h_i - h_j - 1 / (2τ))²``. That is linear in h:
  ``h = x / τ`` where the graph Laplacian of the comparisons times x is half the wins minus half the losses. When pairs
  are drawn from μ × μ and there is no end of them, ``x_i - Σ_j μ_j x_j = Σ_j μ_j (P_ij - 1/2)``: a regularised best
  response to μ, whatever the probabilities of preference P.

A *prior* of κ comparisons in each pair, half of them won, keeps either from running away on few data: with items that
only win the likelihood has no maximum (Ford 1957). Leading axes are a batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, softmax

from solvers.arguments import real_array, real_number, whole_number
from solvers.rewards.pairwise.win_counts import MOST

Array = NDArray[np.float64]

PRECISION = 1e-9  # of Newton's last step, which squares the error: what is left is about 1e-16
STEPS = 200


def dpo(counts: ArrayLike, reference: ArrayLike, tau: float, *, prior: float = 0.0, steps: int | None = None) -> Array:
    """The policy that minimises DPO's loss, of shape ``(..., N)``; or, given `steps`, where gradient descent gets.

    counts: ``(..., N, N)``, zero or more (weights need not be whole); reference: ``(..., N)``, positive, sums to 1;
    tau: positive, in log-odds of a comparison; prior: comparisons added to each pair. With `steps`, the logits descend
    the mean loss from the reference with the step size ``2 / (τ² max_i share_i)``, at which it falls every time;
    ``share_i`` is the part of all comparisons in which i takes part. Raises ``ValueError`` on bad input, and if there
    is no optimum: without a prior and `steps`, every item must be reachable from every other along wins.
    """
    return _policy(reference, rewards(counts, prior=prior, steps=steps), tau)


def ipo(counts: ArrayLike, reference: ArrayLike, tau: float, *, prior: float = 0.0) -> Array:
    """The policy that minimises IPO's loss, of shape ``(..., N)``. The arguments are those of :func:`dpo`.

    Raises ``ValueError`` on bad input, and without a prior if the compared pairs do not connect all items.
    """
    return _policy(reference, margins(counts, prior=prior), tau)


def rewards(counts: ArrayLike, *, prior: float = 0.0, steps: int | None = None) -> Array:
    """The implicit reward ``r = τ h`` of :func:`dpo`, which depends on neither τ nor μ; its mean is 0."""
    number = None if steps is None else whole_number(steps, "steps:", 0)
    wins = _with_prior(counts, prior)
    lost = np.swapaxes(wins, -1, -2)
    met = wins + lost
    r: Array = np.zeros(wins.shape[:-1])

    def gradient() -> Array:
        # Each pair by itself: the sum of wins less that of expected wins would lose a rare loss.
        return np.asarray((wins * expit(-_gaps(r)) - lost * expit(_gaps(r))).sum(-1))

    if number is not None:
        size = 2 / np.maximum(met.sum(-1).max(-1, keepdims=True), np.finfo(float).tiny)
        for _ in range(number):
            r += size * gradient()
        return np.asarray(r - r.mean(-1, keepdims=True))
    if not prior:
        _require_connected(wins, "strong", "every item must be reachable from every other along wins")
    for _ in range(STEPS):
        step = _solved(met * expit(_gaps(r)) * expit(-_gaps(r)), gradient())
        width = np.ptp(step, axis=-1, keepdims=True) + np.finfo(float).tiny
        # Along a step whose entries differ by c or less the curvature grows by e^(ct) at most (Bach 2010), so that
        # after log(1 + c) / c of Newton's step the loss is still falling: no search along the line.
        r = r + step * np.log1p(width) / width
        if width.max(initial=0.0) <= PRECISION * max(1.0, float(np.abs(r).max(initial=0.0))):
            return np.asarray(r - r.mean(-1, keepdims=True))
    raise ValueError(f"counts: no optimum within {STEPS} steps of Newton's method; give a prior, such as prior=1")


def _gaps(r: Array) -> Array:
    """``r_i - r_j``."""
    return np.asarray(r[..., :, None] - r[..., None, :])


def margins(counts: ArrayLike, *, prior: float = 0.0) -> Array:
    """``x = τ h`` of :func:`ipo`, which depends on neither τ nor μ: the least squares of wins; its mean is 0."""
    wins = _with_prior(counts, prior)
    if not prior:
        _require_connected(wins, "weak", "the compared pairs must connect all items")
    lost = np.swapaxes(wins, -1, -2)
    return _solved(wins + lost, (wins - lost).sum(-1) / 2)


def _solved(weights: Array, right: Array) -> Array:
    """x of mean 0 with ``Σ_j weights_ij (x_i - x_j) = right_i``: the Laplacian, made regular by a constant."""
    n = weights.shape[-1]
    degrees = weights.sum(-1)
    scale = degrees.mean(-1)[..., None, None] / n
    laplacian = np.eye(n) * degrees[..., None] - weights + scale
    return np.asarray(np.linalg.solve(laplacian, right[..., None])[..., 0])


def _policy(reference: ArrayLike, utility: Array, tau: float) -> Array:
    """``π ∝ μ exp(utility / τ)``."""
    mu = real_array(reference, "reference:")
    if mu.ndim < 1 or mu.shape[-1] != utility.shape[-1]:
        raise ValueError(f"reference: shape {mu.shape} for {utility.shape[-1]} items; give a probability for each")
    if not (np.all(mu > 0) and np.allclose(mu.sum(-1), 1, rtol=0, atol=1e-9)):
        raise ValueError("reference: its probabilities must be positive and sum to 1; drop the items it never gives")
    weight = real_number(tau, "tau:")
    if not (np.isfinite(weight) and weight > 0):
        raise ValueError(f"tau: must be positive and finite, not {tau}")
    return np.asarray(softmax(np.log(mu) + utility / weight, axis=-1))


def _with_prior(counts: ArrayLike, prior: float) -> Array:
    wins = real_array(counts, "counts:")
    if wins.ndim < 2 or wins.shape[-1] != wins.shape[-2] or wins.shape[-1] < 2:
        raise ValueError(f"counts: shape {wins.shape}; must be (..., N, N) with two items or more")
    if not (np.all(np.isfinite(wins)) and np.all(wins >= 0)):
        raise ValueError("counts: must be finite and zero or more")
    if np.any(np.diagonal(wins, axis1=-2, axis2=-1)):
        raise ValueError("counts: an item is compared with itself; the diagonal must be 0")
    if wins.max(initial=0.0) > MOST:
        raise ValueError(f"counts: must be at most {MOST:g}, found {wins.max():g}; count in larger units")
    added = real_number(prior, "prior:")
    if not (np.isfinite(added) and added >= 0):
        raise ValueError(f"prior: must be finite and zero or more, not {prior}")
    return wins + (added / 2) * (1 - np.eye(wins.shape[-1]))


def _require_connected(wins: Array, connection: str, what: str) -> None:
    n = wins.shape[-1]
    for position in np.ndindex(wins.shape[:-2]):
        graph: Any = wins[position] > 0
        number, _ = connected_components(graph, directed=True, connection=connection)
        if number > 1:
            where = f" (batch {position})" if position else ""
            raise ValueError(
                f"counts: there is no single optimum{where}: {what}, and these {n} items fall into "
                f"{number} parts; give a prior, such as prior=1, or drop items"
            )
