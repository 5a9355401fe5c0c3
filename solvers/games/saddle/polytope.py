"""Polytopes of policies, ``X = {π in the simplex: G π <= h, E π = f}``, and what solvers need of them.

Two maximisations over X, each with an upper bound that is rigorous whatever the solver did, as *any* multipliers
``λ >= 0`` of G and ρ of E give one (Lagrangian duality; C stacks G and E, b stacks h and f, κ stacks λ and ρ):

    max_X c·x                          <=  κ·b + max_i (c - Cᵀκ)_i                               (linear)
    max_X c·x - s Σ x_i (log x_i - z_i)  <=  κ·b + s log Σ_i exp(z_i + (c - Cᵀκ)_i / s)          (entropic)

The linear one is a linear program (HiGHS); the entropic one is the step of mirror descent, and the best reply of a
KL-regularised player: x = softmax(z + (c - Cᵀκ)/s), with κ by a projected Newton method on the right side, which is
smooth and convex in as many unknowns as there are rows of C; where it fails, along a path from a flatter softmax.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.special import log_softmax, logsumexp

from solvers.arguments import real_array, whole_number
from solvers.games.payoffs import Array, require_memory

GOOD = 1e-13  # a residual of the entropic step that needs no second attempt
FEASIBLE = 1e-9  # by how much a policy may miss a constraint, in units of twice its largest coefficient
EMPTY = "the polytope is empty: no policy satisfies G π <= h and E π = f together"


@dataclass(frozen=True, slots=True, eq=False)
class Polytope:
    """The policies over `size` actions with ``G π <= h`` and ``E π = f``.

    G: (k, size) and h: (k,), or both ``None``; E: (l, size) and f: (l,), or both ``None``. Without any it is the
    simplex. Afterwards the arrays are float64 and read-only, each row with its bound over its largest absolute
    coefficient, so that HiGHS, whose tolerances are absolute, sees it in whatever unit it was; `interior` is a policy
    of X with all the actions that any of its policies plays. Raises ``ValueError`` if shapes do not fit, a number is
    not finite, or no policy is in X; ``GameTooLarge``.
    """

    size: int
    G: Any = None
    h: Any = None
    E: Any = None
    f: Any = None
    interior: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        size = whole_number(self.size, "size", 1)
        require_memory(4.0 * size, f"a polytope of policies over {size:,} actions")
        G, h = _rows(self.G, self.h, "G", "h", size)
        E, f = _rows(self.E, self.f, "E", "f", size)
        if (h < -1).any() or (np.abs(f) > 1).any():  # the rows of a policy are within [-1, 1]
            raise ValueError(EMPTY)
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
        """By how much at most a policy misses a constraint, in units of twice the constraint's largest coefficient."""
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
    largest = np.abs(matrix).max(axis=1)
    unit = np.where(largest > 0, largest, 1.0)
    with np.errstate(over="ignore"):  # a bound that is infinite in this unit
        matrix, vector = matrix / unit[:, None], vector / unit
    # A row of zeros is met or is not, by any policy, however small its bound.
    vector = np.where(largest > 0, vector, 2 * np.sign(vector))
    if name == "G":
        vector = np.minimum(vector, 1.0)  # no policy reaches more, and HiGHS is to see no huge number
    matrix.setflags(write=False)
    vector.setflags(write=False)
    return matrix, vector


def _interior(size: int, G: Array, h: Array, E: Array, f: Array) -> Array:
    """A policy in X of the largest support: max Σ u over ``u <= x, u <= 1``, x in the cone of X, ``Σ x = s >= 1``."""
    if not (len(h) or len(f)):
        return np.full(size, 1 / size)
    require_memory(6.0 * size * (size + len(h) + len(f)), f"a polytope of policies over {size:,} actions")
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
        method="highs-ds",
        options={"maxiter": _steps(upper, equal)},
    )
    if found.status == 0:
        x = found.x[size : 2 * size] / found.x[-1]
        x[found.x[:size] < 1e-9] = 0.0
        return np.asarray(x / x.sum())
    # empty, or a cone so thin that HiGHS gave up: the mean of the policies that play each action as often as any may
    most = [_program(G, h, E, f, unit) for unit in np.eye(size)]
    return np.asarray(np.mean([np.maximum(program.x, 0) for program in most], axis=0))


def _program(G: Array, h: Array, E: Array, f: Array, c: Array) -> Any:
    """HiGHS's maximum of c·x over X; ``ValueError`` if X is empty, ``ArithmeticError`` if HiGHS fails otherwise."""
    found = linprog(
        -c,
        A_ub=G if len(h) else None,
        b_ub=h if len(h) else None,
        A_eq=np.vstack([E, np.ones(len(c))]),
        b_eq=np.append(f, 1.0),
        method="highs-ds",
        options={"maxiter": 10 * _steps(G, E)},
    )
    if found.status == 2:
        raise ValueError(EMPTY)
    if found.status != 0:
        raise ArithmeticError(f"HiGHS did not maximise over the polytope: {found.message}")
    return found


def _steps(upper: Array, equal: Array) -> int:
    """Far more pivots than a program of such rows takes; one that goes in circles is given up, on any machine alike."""
    return 10_000 + 50 * (len(upper) + len(equal) + int(upper.shape[1]))


def require_polytope(polytope: object) -> Polytope:
    """The polytope itself; ``TypeError`` for anything else."""
    if not isinstance(polytope, Polytope):
        raise TypeError(
            f"polytope must be a Polytope, got {type(polytope).__name__}: Polytope(size, G, h, E, f) makes one"
        )
    return polytope


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
    found = _program(polytope.G, polytope.h, polytope.E, polytope.f, c / scale)
    inequality = -np.asarray(found.ineqlin.marginals) if len(polytope.h) else np.zeros(0)
    multipliers = np.concatenate([np.maximum(inequality, 0), -np.asarray(found.eqlin.marginals)[:-1]]) * scale
    bound = float(multipliers @ polytope.bounds + (c - polytope.rows.T @ multipliers).max())
    return Maximum(np.asarray(found.x), bound, multipliers)


def entropic_maximum(
    polytope: Polytope, c: Array, weight: float, logs: Array, start: Array | None = None
) -> tuple[Array, Maximum]:
    """``max_X c·x - weight Σ x_i (log x_i - logs_i)``: log x, then the maximum. logs may be -inf where X has no mass.

    start: multipliers to begin with. The bound holds even where the constraints of x are missed, if rounding makes
    that so: :meth:`Polytope.violation` says by how much.
    """
    a = logs + c / weight
    if polytope.free:
        z = log_softmax(a)
        return z, Maximum(np.exp(z), float(weight * logsumexp(a)), np.zeros(0))
    dual = _Dual(polytope.rows, polytope.bounds, np.arange(len(polytope.bounds)) < len(polytope.h))
    found = dual.minimise(a, np.zeros(len(dual.b)) if start is None else start / weight)
    if found.residual > GOOD:  # far from the start: from a flat softmax, step by step, to this one
        seen = np.isfinite(a)
        height, u = a[seen].max(), np.zeros(len(dual.b))
        t = min(1.0, 4 / max(float(np.ptp(a[seen])), 4.0))
        while True:
            path = dual.minimise(np.where(seen, t * np.where(seen, a - height, 0), -np.inf), u)
            if t == 1:
                break
            longer = min(1.0, 2 * t)
            u, t = path.u * (longer / t), longer
        found = min(found, dual.at(a, path.u), key=lambda at: at.residual)
    return found.z, Maximum(np.exp(found.z), weight * found.value, weight * found.u)


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """The dual function at u: its value, log x, its gradient, and by how much x or u misses optimality."""

    u: Array
    value: float
    z: Array
    gradient: Array
    residual: float


@dataclass(frozen=True, slots=True, eq=False)
class _Dual:
    """``log Σ exp(a - Cᵀu) + u·b`` over u, not negative where weak: the dual of the entropic maximum, u = κ/weight."""

    C: Array
    b: Array
    weak: NDArray[np.bool_]

    def at(self, a: Array, u: Array) -> _At:
        logits = a - self.C.T @ u
        z = log_softmax(logits)
        gradient = self.b - self.C @ np.exp(z)
        # a weak row: satisfied, and its multiplier 0 unless it is tight
        off = np.where(self.weak & (u == 0), np.maximum(-gradient, 0), np.abs(gradient))
        size = 1 + np.abs(self.C).max(axis=1)
        return _At(u, float(logsumexp(logits) + u @ self.b), z, gradient, float((off / size).max()))

    def minimise(self, a: Array, u: Array) -> _At:
        """Projected Newton steps with Levenberg's damping; ends where no step helps."""
        now, damping = self.at(a, u), 1e-12
        far = 100 + float(np.ptp(a[np.isfinite(a)]))  # no step changes logits by more
        for _ in range(100):
            if now.residual < 1e-15:
                break
            moving = ~self.weak | (now.u > 0) | (now.gradient < 0)  # others stay at 0
            x, C = np.exp(now.z), self.C[moving]
            centred = C - (C @ x)[:, None]
            hessian = (centred * x) @ centred.T
            scale = max(float(np.trace(hessian)) / len(C), 1e-12)
            for _ in range(25):
                step = np.linalg.lstsq(hessian + damping * scale * np.eye(len(C)), -now.gradient[moving], rcond=None)[0]
                trial = now.u.copy()
                trial[moving] += step * min(1.0, far / (1e-300 + float(np.abs(self.C[moving].T @ step).max())))
                trial[self.weak] = np.maximum(trial[self.weak], 0)
                new = self.at(a, trial)
                descent = new.value <= now.value + 1e-4 * float(now.gradient @ (trial - now.u))
                # values cannot tell points apart that differ by rounding: residuals still can
                near = new.residual < 0.5 * now.residual and new.value <= now.value + 1e-12 * (1 + abs(now.value))
                if (descent and new.value < now.value) or near:
                    now, damping = new, max(damping / 10, 1e-15)
                    break
                damping = min(10 * damping, 1e12)
            else:
                break
        return now
