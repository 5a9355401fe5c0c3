"""The duality gap of two policies of a convex–concave game, as an upper bound that is rigorous
of concave–convex functions.

    gap(x, y) = max_x' F(x', y) - min_y' F(x, y')  >= 0,    zero exactly at the saddle points.

With ``F = f - R + S``, f concave in x, ``f(x', y) <= f(x, y) + ∇ₓf(x, y)·(x' - x)``, so that

    max_x' F(x', y)  <=  f(x, y) - ∇ₓf·x + S(y) + max_X { ∇ₓf·x' - R(x') },

and the last maximum is bounded by its dual: closed forms for KL and χ² on the simplex, multipliers otherwise. The same
for y. If f is bilinear the first inequality is an equality and the bound is the gap; otherwise it exceeds the gap by
what f curves between x and the best reply, and both vanish together at a saddle point.

**The certificate is valid if f is concave–convex and the gradients are its gradients.** That is believed of black
boxes, but not blindly: the inequality above is tested, in steps of 1 and of 1/1000 of the way, from x towards each
vertex of the simplex that the polytope allows, the best and the worst reply, and the inside, and the same for y: some
2 (n + m) values of f. On the whole simplex a gradient that is wrong by more than rounding at (x, y) is found out thus
whatever it is, wrong signs included, where f is linear near it: slopes of f towards the vertices, weighted by x, sum to
0, and so do those that the gradient says; if none is below f's, they are the same wherever x has mass, and where it has
none, they are not less, so that the bound holds. Curvature of the wrong sign is found out where one of these points
lies above the tangent plane. What is *not* found out: a bump of f between the points looked at, and, on a polytope,
what shows only towards others of its vertices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.games.divergences import log_divergence
from solvers.games.payoffs import Array
from solvers.games.saddle.polytope import FEASIBLE, Polytope, linear_maximum, require_in
from solvers.games.saddle.saddle_problem import (
    ROUNDING,
    NotConvexConcave,
    Penalty,
    SaddleProblem,
    best_reply,
    gradients_at,
    policies_of,
    value_at,
)

NEAR = 1e-3  # of the way to a vertex: small enough to see slopes, large enough that rounding does not hide them


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

    Valid if f is concave in x and convex in y, with these gradients. That is tested towards all vertices, by some
    2 (n + m) values of f: a wrong gradient or curvature of the wrong sign is found out where it shows there, a bump
    between them is not (the module's docstring says more). Raises :class:`NotConvexConcave`, naming the gradient or the
    curvature, where it is refuted: no bound of such a function is valid; ``ValueError`` for what is no policy of the
    polytopes, or where f is not finite; ``TypeError`` for what is no problem.
    """
    pi, nu = policies_of(problem, x, y)
    assert problem.x_polytope is not None and problem.y_polytope is not None
    require_in(problem.x_polytope, pi, "x")
    require_in(problem.y_polytope, nu, "y")
    for policy in (pi, nu):
        policy.setflags(write=False)
    certificate = certify(problem, pi, nu)
    require_tangents(problem, pi, nu, certificate)
    weights = [p.weight for p in (problem.x_penalty, problem.y_penalty) if p is not None]
    if certificate.gap < -ROUNDING * max(1.0, abs(certificate.upper), abs(certificate.lower), *weights):
        raise NotConvexConcave(f"the duality gap is negative, {certificate.gap:.3g}: F is not convex–concave")
    return certificate


def require_tangents(problem: SaddleProblem, x: Array, y: Array, certificate: GapCertificate) -> None:
    """Raises :class:`NotConvexConcave` where f is above its tangent plane in x, or below that in y, at (x, y)."""
    assert problem.x_polytope is not None and problem.y_polytope is not None
    f, (up, down) = value_at(problem, x, y), gradients_at(problem, x, y)
    away = gradients_at(problem, certificate.x_reply, certificate.y_reply)  # in a fair game all is 0 at (x, y)
    scale = max(abs(f), *(float(np.abs(g).max()) for g in (up, down, *away)))

    def along_x(point: Array) -> float:
        return value_at(problem, point, y)

    def along_y(point: Array) -> float:
        return -value_at(problem, x, point)

    for name, shape, along, level, at, slope, polytope, reply in (
        ("gradient_x", "concave in x", along_x, f, x, up, problem.x_polytope, certificate.x_reply),
        ("gradient_y", "convex in y", along_y, -f, y, -down, problem.y_polytope, certificate.y_reply),
    ):
        worst, said = 0.0, ""
        for point in _points(polytope, slope, reply):
            tangent = float(slope @ (point - at))
            far = along(point) - level - tangent
            near = (along(at + NEAR * (point - at)) - level) / NEAR - tangent
            # what rounding does to f, of the size `scale`, is divided by the length of the step
            if far <= ROUNDING * max(scale, abs(far + tangent)) and near <= ROUNDING * scale:
                continue
            if max(far, near) <= worst:
                continue
            worst, sign = max(far, near), 1 if name == "gradient_x" else -1
            if near > far / 2:
                said = (
                    f"{name} is not f's gradient (or f is not {shape}): towards a policy it says a slope of "
                    f"{sign * tangent:.6g}, and f has one of {sign * (tangent + near):.6g}"
                )
            else:
                said = (
                    f"f is not {shape} (or {name} is wrong): at a policy it is "
                    f"{sign * (level + tangent + far):.6g}, its tangent plane {sign * (level + tangent):.6g}"
                )
        if said:
            raise NotConvexConcave(f"{said}; no duality gap can be certified")


def _points(polytope: Polytope, slope: Array, reply: Array) -> Iterator[Array]:
    """Policies of the polytope to look at from a point where f has this slope."""
    yield reply
    yield polytope.interior
    if not polytope.free:
        yield linear_maximum(polytope, -slope).point  # where f rises if the slope has the wrong sign
    for i in range(polytope.size):
        vertex = np.zeros(polytope.size)
        vertex[i] = 1.0
        if polytope.violation(vertex) <= FEASIBLE:
            yield vertex


def certify(problem: SaddleProblem, x: Array, y: Array) -> GapCertificate:
    """:func:`duality_gap` of policies that are known to be some, without the tests of f."""
    assert problem.x_polytope is not None and problem.y_polytope is not None
    f, (up, down) = value_at(problem, x, y), gradients_at(problem, x, y)
    R = 0.0 if problem.x_penalty is None else problem.x_penalty.value(x)
    S = 0.0 if problem.y_penalty is None else problem.y_penalty.value(y)
    best_x = best_reply(problem.x_polytope, up, problem.x_penalty)
    best_y = best_reply(problem.y_polytope, -down, problem.y_penalty)
    gain_x = _gain(problem.x_polytope, problem.x_penalty, up, x, best_x.bound - (float(up @ x) - R))
    gain_y = _gain(problem.y_polytope, problem.y_penalty, -down, y, best_y.bound - (float(-down @ y) - S))
    value = f - R + S
    return GapCertificate(gain_x + gain_y, value - gain_y, value + gain_x, value, best_x.point, best_y.point)


def _gain(polytope: Polytope, penalty: Penalty | None, c: Array, x: Array, difference: float) -> float:
    """``max_X { c·x' - R(x') } - (c·x - R(x))``: the difference; ``τ KL(x‖reply)`` if terms of size τ would cancel."""
    if penalty is None or penalty.kind != "kl" or not polytope.free:
        return difference
    with np.errstate(divide="ignore"):
        return penalty.weight * log_divergence(np.log(x), log_softmax(np.log(penalty.reference) + c / penalty.weight))
