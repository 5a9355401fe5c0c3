"""The duality gap of two policies of a convex–concave game, as an upper bound that is rigorous.

    gap(x, y) = max_x' F(x', y) - min_y' F(x, y')  >= 0,    zero exactly at the saddle points.

With ``F = f - R + S``, f concave in x, ``f(x', y) <= f(x, y) + ∇ₓf(x, y)·(x' - x)``, so that

    max_x' F(x', y)  <=  f(x, y) - ∇ₓf·x + S(y) + max_X { ∇ₓf·x' - R(x') },

and the last maximum is bounded by its dual: closed forms for KL and χ² on the simplex, multipliers otherwise. The same
for y. If f is bilinear the first inequality is an equality and the bound is the gap; otherwise it exceeds the gap by
what f curves between x and the best reply, and both vanish together at a saddle point. The only thing believed is that
f is concave–convex with these gradients: where the best reply does better than its bound, that is refuted and raises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from solvers.games.payoffs import Array
from solvers.games.saddle.polytope import require_in
from solvers.games.saddle.saddle_problem import ROUNDING, NotConvexConcave, SaddleProblem, best_reply, policies_of


@dataclass(frozen=True, slots=True, eq=False)
class GapCertificate:
    """``lower <= min_y' F(x, y')`` and ``max_x' F(x', y) <= upper``; so the game's value is between, and F(x, y).

    gap: upper - lower. value: F(x, y). x_reply, y_reply: the policies at which the linearised maxima were found.
    """

    gap: float
    lower: float
    upper: float
    value: float
    x_reply: Array
    y_reply: Array


def duality_gap(problem: SaddleProblem, x: ArrayLike, y: ArrayLike) -> GapCertificate:
    """The certified gap of policies x (n,) and y (m,).

    Raises ``ValueError`` for what is no policy of the polytopes, or where F is not finite, and
    :class:`NotConvexConcave` if a best reply does better than concavity allows: no bound of such a function is valid.
    """
    pi, nu = policies_of(problem, x, y)
    assert problem.x_polytope is not None and problem.y_polytope is not None
    require_in(problem.x_polytope, pi, "x")
    require_in(problem.y_polytope, nu, "y")
    certificate = certify(problem, pi, nu)
    slack = ROUNDING * max(1.0, abs(certificate.upper), abs(certificate.lower))
    better, worse = problem.total(certificate.x_reply, nu), problem.total(pi, certificate.y_reply)
    if better > certificate.upper + slack:
        raise NotConvexConcave(
            f"f is not concave in x (or gradient_x is wrong): a reply reaches {better:.6g}, its tangents allow "
            f"{certificate.upper:.6g}; no duality gap can be certified"
        )
    if worse < certificate.lower - slack:
        raise NotConvexConcave(
            f"f is not convex in y (or gradient_y is wrong): a reply reaches {worse:.6g}, its tangents allow "
            f"{certificate.lower:.6g}; no duality gap can be certified"
        )
    if certificate.gap < -slack:
        raise NotConvexConcave(f"the duality gap is negative, {certificate.gap:.3g}: F is not convex–concave")
    return certificate


def certify(problem: SaddleProblem, x: Array, y: Array) -> GapCertificate:
    """:func:`duality_gap` of policies that are known to be some, without the test of concavity."""
    assert problem.x_polytope is not None and problem.y_polytope is not None
    f = float(problem.value(x, y))
    up, down = problem.gradient_x(x, y), problem.gradient_y(x, y)
    if not np.isfinite(f) or not np.isfinite(up).all() or not np.isfinite(down).all():
        raise ValueError("f or a gradient of it is not finite at these policies: it must be on all of the simplex")
    if up.shape != x.shape or down.shape != y.shape:
        raise ValueError(f"gradients: have shapes {up.shape} and {down.shape}; give {x.shape} and {y.shape}")
    R = 0.0 if problem.x_penalty is None else problem.x_penalty.value(x)
    S = 0.0 if problem.y_penalty is None else problem.y_penalty.value(y)
    best_x = best_reply(problem.x_polytope, up, problem.x_penalty)
    best_y = best_reply(problem.y_polytope, -down, problem.y_penalty)
    upper = f - float(up @ x) + S + best_x.bound
    lower = f - float(down @ y) - R - best_y.bound
    return GapCertificate(upper - lower, lower, upper, f - R + S, best_x.point, best_y.point)
