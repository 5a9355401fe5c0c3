"""Polytopes of policies, ``X = {π in the simplex: G π <= h, E π = f}``, and what solvers need of them.

Two maximisations over X, each with an upper bound that is rigorous whatever the solver did, as *any* multipliers
``λ >= 0`` of G and ρ of E give one (Lagrangian duality; C stacks G and E, b stacks h and f, κ stacks λ and ρ):

    max_X c·x                          <=  κ·b + max_i (c - Cᵀκ)_i                               (linear)
    max_X c·x - s Σ x_i (log x_i - z_i)  <=  κ·b + s log Σ_i exp(z_i + (c - Cᵀκ)_i / s)          (entropic)

The linear one is a linear program (HiGHS); the entropic one is the step of mirror descent, and the best reply of a
KL-regularised player: x = softmax(z + (c - Cᵀκ)/s), with κ by a projected Newton method on the right side, which is
smooth and convex in as many unknowns as there are rows of C.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.special import log_softmax, logsumexp

from solvers.arguments import real_array, whole_number
from solvers.games.payoffs import Array

FEASIBLE = 1e-9  # by how much a policy may miss a constraint, in units of 1 + its largest coefficient


@dataclass(frozen=True, slots=True, eq=False)
class Polytope:
    """The policies over `size` actions with ``G π <= h`` and ``E π = f``.

    G: (k, size) and h: (k,), or both ``None``; E: (l, size) and f: (l,), or both ``None``. Without any it is the
    simplex. Afterwards the arrays are float64 and read-only, `interior` is a policy of X with all the actions that any
    of its policies plays. Raises ``ValueError`` if shapes do not fit, a number is not finite, or no policy is in X.
    """

    size: int
    G: Any = None
    h: Any = None
    E: Any = None
    f: Any = None
    interior: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        size = whole_number(self.size, "size", 1)
        G, h = _rows(self.G, self.h, "G", "h", size)
        E, f = _rows(self.E, self.f, "E", "f", size)
        for name, value in {"size": size, "G": G, "h": h, "E": E, "f": f}.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "interior", _interior(size, G, h, E, f))

    @property
    def rows(self) -> Array:
        """C: G over E."""
        return np.vstack([self.G, self.E])

    @property
    def bounds(self) -> Array:
        """b: h and then f."""
        return np.concatenate([self.h, self.f])

    @property
    def free(self) -> bool:
        """Whether it is the whole simplex."""
        return not (len(self.h) or len(self.f))

    def violation(self, policy: Array) -> float:
        """By how much at most a policy misses a constraint, in units of 1 + the constraint's largest coefficient."""
        if self.free:
            return 0.0
        C = self.rows
        off = C @ policy - self.bounds
        off[len(self.h) :] = np.abs(off[len(self.h) :])
        return float(np.maximum(off / (1 + np.abs(C).max(axis=1)), 0).max())


def _rows(rows: Any, bounds: Any, name: str, of: str, size: int) -> tuple[Array, Array]:
    if (rows is None) is not (bounds is None):
        raise ValueError(f"{name} and {of} go together: give both or none")
    if rows is None:
        return np.zeros((0, size)), np.zeros(0)
    matrix, vector = np.atleast_2d(real_array(rows, name)), np.atleast_1d(real_array(bounds, of))
    if matrix.ndim != 2 or matrix.shape[1] != size or vector.shape != (len(matrix),):
        raise ValueError(
            f"{name} and {of}: shapes {matrix.shape} and {vector.shape}; give rows of {size} and a bound for each"
        )
    if not np.isfinite(matrix).all() or not np.isfinite(vector).all():
        raise ValueError(f"{name} and {of}: must be finite; leave out a row that bounds nothing")
    matrix.setflags(write=False)
    vector.setflags(write=False)
    return matrix, vector


def _interior(size: int, G: Array, h: Array, E: Array, f: Array) -> Array:
    """A policy in X of the largest support: max Σ u over ``u <= x, u <= 1``, x in the cone of X, ``Σ x = s >= 1``."""
    if not (len(h) or len(f)):
        return np.full(size, 1 / size)
    upper = np.vstack(
        [
            np.hstack([np.zeros((len(h), size)), G, -h[:, None]]),
            np.hstack([np.eye(size), -np.eye(size), np.zeros((size, 1))]),
        ]
    )
    equal = np.vstack(
        [
            np.hstack([np.zeros((len(f), size)), E, -f[:, None]]),
            np.hstack([np.zeros(size), np.ones(size), [-1.0]]),
        ]
    )
    objective = np.concatenate([-np.ones(size), np.zeros(size + 1)])
    found = linprog(
        objective,
        A_ub=upper,
        b_ub=np.zeros(len(upper)),
        A_eq=equal,
        b_eq=np.zeros(len(equal)),
        bounds=[(0, 1)] * size + [(0, None)] * size + [(1, None)],
        method="highs",
    )
    if found.status == 2:
        raise ValueError("the polytope is empty: no policy satisfies G π <= h and E π = f together")
    if found.x is None:
        raise ValueError(f"no policy of the polytope was found: {found.message}")
    x = found.x[size : 2 * size] / found.x[-1]
    x[found.x[:size] < 1e-9] = 0.0
    return np.asarray(x / x.sum())


def require_in(polytope: Polytope, policy: Array, name: str) -> None:
    """Raises ``ValueError`` if a policy misses a constraint by more than 1e-9."""
    if polytope.violation(policy) > FEASIBLE:
        raise ValueError(f"{name}: misses a constraint of its polytope by {polytope.violation(policy):.3g}")


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """A maximiser over X, and an upper bound on the maximum from its multipliers (λ and then ρ)."""

    point: Array
    bound: float
    multipliers: Array


def linear_maximum(polytope: Polytope, c: Array) -> Maximum:
    """``max_X c·x`` by HiGHS; the bound is recomputed from the multipliers. ``ArithmeticError`` if HiGHS fails."""
    if polytope.free:
        best = int(np.argmax(c))
        vertex = np.zeros(polytope.size)
        vertex[best] = 1.0
        return Maximum(vertex, float(c[best]), np.zeros(0))
    scale = float(np.abs(c).max()) or 1.0  # HiGHS's tolerances are absolute
    found = linprog(
        -c / scale,
        A_ub=polytope.G if len(polytope.h) else None,
        b_ub=polytope.h if len(polytope.h) else None,
        A_eq=np.vstack([polytope.E, np.ones(polytope.size)]),
        b_eq=np.append(polytope.f, 1.0),
        method="highs-ds",
    )
    if found.x is None:
        raise ArithmeticError(f"HiGHS did not maximise over the polytope: {found.message}")
    inequality = -np.asarray(found.ineqlin.marginals) if len(polytope.h) else np.zeros(0)
    multipliers = np.concatenate([np.maximum(inequality, 0), -np.asarray(found.eqlin.marginals)[:-1]]) * scale
    bound = float(multipliers @ polytope.bounds + (c - polytope.rows.T @ multipliers).max())
    return Maximum(np.asarray(found.x), bound, multipliers)


def entropic_maximum(
    polytope: Polytope, c: Array, weight: float, logs: Array, start: Array | None = None
) -> tuple[Array, Maximum]:
    """``max_X c·x - weight Σ x_i (log x_i - logs_i)``: log x, then the maximum. logs may be -inf where X has no mass.

    start: multipliers to begin with. Raises ``ArithmeticError`` if the constraints cannot be met to 1e-10.
    """
    if polytope.free:
        z = logs + c / weight
        return log_softmax(z), Maximum(np.exp(log_softmax(z)), float(weight * logsumexp(z)), np.zeros(0))
    C, b, weak = polytope.rows, polytope.bounds, np.arange(len(polytope.bounds)) < len(polytope.h)
    kappa = np.zeros(len(b)) if start is None else start
    size = 1 + np.abs(C).max(axis=1)

    def at(kappa: Array) -> tuple[float, Array, Array, float]:
        z = logs + (c - C.T @ kappa) / weight
        logits = log_softmax(z)
        gradient = b - C @ np.exp(logits)
        # a weak row: satisfied, and its multiplier 0 unless it is tight
        off = np.where(weak, np.where(kappa > 0, np.abs(gradient), np.maximum(-gradient, 0)), np.abs(gradient)) / size
        return float(weight * logsumexp(z) + kappa @ b), logits, gradient, float(off.max())

    value, z, gradient, residual = at(kappa)
    for _ in range(100):
        if residual < 1e-14:
            break
        moving = ~weak | (kappa > 0) | (gradient < 0)  # a weak row whose multiplier is 0 and would fall stays there
        x, Cx = np.exp(z), C[moving]
        mean = Cx @ x
        hessian = ((Cx * x) @ Cx.T - np.outer(mean, mean)) / weight
        direction = np.zeros(len(b))
        direction[moving] = -np.linalg.lstsq(hessian, gradient[moving], rcond=1e-14)[0]
        step = 1.0
        while step > 1e-10:
            trial = kappa + step * direction
            trial[weak] = np.maximum(trial[weak], 0)
            new = at(trial)
            # values cannot tell steps apart when they differ by rounding: residuals still can
            descent = new[0] <= value + 1e-4 * float(gradient @ (trial - kappa))
            if descent or (new[3] < 0.5 * residual and new[0] <= value + 1e-12 * (1 + abs(value))):
                break
            step /= 2
        else:
            break
        kappa, (value, z, gradient, residual) = trial, new
    x = np.exp(z)
    if polytope.violation(x) > 1e-10:
        raise ArithmeticError(
            f"the entropic step over the polytope missed a constraint by {polytope.violation(x):.1e}; "
            "rows that are nearly dependent do that: leave out redundant ones"
        )
    return z, Maximum(x, value, kappa)
