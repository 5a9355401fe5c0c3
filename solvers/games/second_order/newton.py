"""Newton's method for the KL-regularised game, with a homotopy in its strength.

With ``t = 1/τ`` and log-policies z, the equilibrium is the root, up to a constant to which the softmax is blind, of

    F(z) = z - log μ - t A p,    p = softmax(z),    J = I - t A D,    D = diag(p) - p pᵀ

A is skew, so the eigenvalues of ``A D`` are imaginary, those of J have real part 1, and J is never singular. t grows
from 0, where p = μ and J = I, to 1/τ. One factorisation of J serves a stretch of the path: a step along the tangent
``J z' = A p``, of a length found by trying, and Newton's steps with the same factors back to the path; each costs a
product and two triangular solves. The measure of a point is ``K = KL(p‖q)``, q = softmax(log μ + t A p) its best
response: ``gap_τ = 2 τ K``. K is convex in p, and zero at the equilibrium only.

Actions of probability below 1e-20 drop out of J: theirs is the explicit part of ``x = r + t A D x``. If A = U S Uᵀ is
known by N × r factors, so is J, and ``I - t (Uᵀ D U) S``, r × r, is factorised in its place (Woodbury).
Sources: the fixed point is Munos et al. 2024's (2312.00886, section 4); the path is, for uniform μ and λ = 1/τ, that of
logit equilibria, followed as in Turocy 2005 (Games and Economic Behavior 51) with the tangent and corrections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import lu_factor, lu_solve
from scipy.special import log_softmax
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.divergences import log_divergence
from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, exploitability, positive, reference_of
from solvers.games.payoffs import Array, Dense, Factored, Payoffs, require_memory
from solvers.games.second_order.threads import suited_to

NEGLIGIBLE = 1e-20  # probability below which an action's effect on the others is left out of J
NEAR = 0.01  # K within which a point counts as on the path
ZERO = 1e-30  # K that no further step would lower
CHORDS = 10  # Newton's steps with one factorisation
POLISH = 50  # of them, at the end
ATTEMPTS = 14  # lengths tried with one factorisation
REFINEMENTS = 2  # of them, after one has succeeded
MODERATE = 1e50  # τ beyond which, or below its inverse, payoffs are divided by τ: products of them would overflow
START = 1e-6  # of the first t tried, the least
HALVINGS = 30  # of a step at constant t, where the full one fails
DELAY = 2.0  # seconds before a progress bar shows

Solve = Callable[[Array], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A log-policy z on or near the path at t: p = exp(z), its gain Ap, the residual F(z) up to a constant, and K."""

    t: float
    z: Array
    policy: Array
    gain: Array
    residual: Array
    divergence: float


At = Callable[[float, Array], Point]


def regularised_equilibrium(
    game: PreferenceGame,
    reference: ArrayLike | None,
    tau: float,
    *,
    tolerance: float = 1e-12,
    iterations: int = 200,
    progress: bool | None = None,
) -> Equilibrium:
    """The equilibrium of the game regularised by ``τ KL(π‖μ)``, by Newton's method; it is unique.

    reference: μ, mass everywhere; ``None``: uniform. tolerance: of the regularised gap, in units of the payoffs; once
    within it the policy is polished with the factors at hand. iterations: the largest number of factorisations, which
    ``Equilibrium.iterations`` counts (none if τ is large). history: the regularised gap, at `tau`, after each.
    progress: a bar after two seconds; ``None``: on a terminal only. Time: ``2/3 N³`` operations for a factorisation, of
    some 5 to 45, or ``N r²`` for factored games whose link is the identity; with the logistic link all N² probabilities
    are computed first, so that 20,000 actions take half an hour on a core, however low their rank. Memory: two more
    N × N matrices, or N × r. Raises ``ValueError`` for a reference that is no policy or has zero mass,
    for tau, tolerance or iterations that are not positive, and ``GameTooLarge``.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    within = positive(tolerance, "tolerance")
    limit = whole_number(iterations, "iterations", 1)
    if weight < np.finfo(float).tiny:
        raise ValueError(f"tau: {weight:g} is below all normal floats; von_neumann_winner solves the game of tau = 0")
    disable = None if progress is None else not progress
    # What overflows is a step too long, which is not taken.
    with (
        suited_to(game.size),
        tqdm(total=limit, desc="Newton", disable=disable, delay=DELAY, leave=False) as bar,
        np.errstate(over="ignore", invalid="ignore"),
    ):
        payoffs, unit = stored(game), 1.0
        if not 1 / MODERATE < weight < MODERATE:
            unit = 4.0 ** int(np.log2(weight) / 2)  # of payoffs and τ; its root is a power of two as well
            payoffs = _in_units(payoffs, unit)
        point, history, reason = followed(payoffs, np.log(mu), weight / unit, within / unit, limit, bar.update, unit)
    policy = point.policy / point.policy.sum()
    gap = exploitability(game, policy, reference=mu, tau=weight)  # THE JUDGE
    converged = gap <= within
    return Equilibrium(
        policy=policy,
        gap=gap,
        converged=converged,
        iterations=len(history),
        method="Newton with homotopy",
        tolerance=within,
        history=np.array(history),
        tau=weight,
        reference=mu,
        reason="" if converged else reason or f"the gap of the rounded policy was not within {within:g}",
        last=policy,
        last_gap=gap,
    )


def followed(
    payoffs: Payoffs,
    log_mu: Array,
    tau: float,
    tolerance: float,
    limit: int,
    tell: Callable[[], object] = lambda: None,
    unit: float = 1.0,
) -> tuple[Point, list[float], str]:
    """The last point, the gap after each factorisation, and what stopped the run if not the tolerance.

    log_mu: the logarithm of a reference whose probabilities may be too small for floats. unit: that of payoffs, tau and
    tolerance, by which gaps are multiplied.
    """
    target = 1 / tau

    def at(t: float, z: Array) -> Point:
        return _point(payoffs, log_mu, t, z)

    point = at(0.0, log_mu)
    identity: Solve = np.copy  # J at t = 0
    solve = identity
    growth = 1.0
    history: list[float] = []
    while True:
        start = point
        point, growth = _advanced(at, solve, start, target, growth)
        gap = 2 * tau * log_divergence(point.z, log_softmax(log_mu + target * point.gain))
        done = point.t == target and gap <= tolerance
        if done:
            point = _corrected(at, solve, point, POLISH)
            gap = 2 * tau * point.divergence
        if solve is not identity:
            history.append(gap * unit)
            tell()
        if done:
            return point, history, ""
        if point is start:
            reached = unit / point.t if point.t else np.inf
            return point, history, f"no step was found at tau = {reached:g}: rounding"
        if len(history) == limit:
            return point, history, f"the gap was not within {tolerance * unit:g} after {limit} factorisations"
        solve = _factorised(payoffs, point)


def _point(payoffs: Payoffs, log_mu: Array, t: float, z: Array) -> Point:
    z = log_softmax(z)
    policy = np.exp(z)
    gain = payoffs.times(policy)
    log_best = log_softmax(log_mu + t * gain)
    residual = z - log_best
    return Point(t, z, policy, gain, residual, log_divergence(z, log_best))


def _advanced(at: At, solve: Solve, point: Point, target: float, growth: float) -> tuple[Point, float]:
    """The furthest point found along the path, and by which factor to try t next; the same point if there is none."""
    back = -solve(point.residual)
    if point.t < target:
        tangent = solve(point.gain)

        def attempt(reach: float) -> Point:
            return _corrected(at, solve, at(reach, point.z + back + (reach - point.t) * tangent))

        if point.t:
            found = _furthest(attempt, point.t, target, growth)
        else:  # where A moves nothing by more than a factor e
            near = min(target, 1 / max(float(np.ptp(point.gain)), 1 / target))
            found = _furthest(attempt, START * near, target, 1 / START)
        if found is not None:
            return found, max((found.t / point.t) ** 1.2 if point.t else 4.0, 1.2)
    length = 1.0
    for _ in range(HALVINGS):
        found = at(point.t, point.z + length * back)
        if length == 1:
            found = _corrected(at, solve, found)
        if found.divergence < (1 - 0.1 * length) * point.divergence:
            return found, 2.0
        length /= 2
    return point, growth


def _furthest(attempt: Callable[[float], Point], t: float, target: float, growth: float) -> Point | None:
    """The largest t' in (t, target] found from which corrections lead to the path, by bisection of log(t'/t)."""
    top = float(np.log(target / t))
    good, bad, length = 0.0, np.inf, min(float(np.log(growth)), top)
    best, refinements = None, REFINEMENTS
    for _ in range(ATTEMPTS):
        found = attempt(target if length == top else t * float(np.exp(length)))
        if found.divergence <= NEAR:
            best, good = found, length
        else:
            bad = length
        if good == top or (best is not None and not refinements):
            break
        refinements -= best is not None
        length = min(2 * length, top) if bad == np.inf else (good + bad) / 2
    return best


def _corrected(at: At, solve: Solve, point: Point, most: int = CHORDS) -> Point:
    """Newton's steps with the same factors, at constant t, as long as they halve K."""
    for _ in range(most):
        if point.divergence <= ZERO:
            break
        found = at(point.t, point.z - solve(point.residual))
        if not found.divergence < point.divergence:
            break
        slow = found.divergence > point.divergence / 2
        point = found
        if slow:
            break
    return point


def _in_units(payoffs: Payoffs, unit: float) -> Payoffs:
    """The payoffs divided by a power of four, so exactly."""
    if isinstance(payoffs, Dense):
        return Dense(payoffs.matrix / unit)
    return Factored(payoffs.factors / unit**0.5, payoffs.skew, payoffs.link)


def stored(game: PreferenceGame) -> Payoffs:
    """A as products need it: by its factors if the link is the identity, otherwise as a matrix."""
    payoffs = game.payoffs
    if isinstance(payoffs, Dense) or payoffs.link == "identity":
        return payoffs
    return Dense(game.matrix)


def _factorised(payoffs: Payoffs, point: Point) -> Solve:
    """``r -> J⁻¹ r``."""
    if isinstance(payoffs, Factored):
        return _factorised_by_rank(payoffs, point)
    t = point.t
    active = np.flatnonzero(point.policy > NEGLIGIBLE)
    p = point.policy[active]
    require_memory(2.0 * len(active) ** 2, f"Newton's matrix for {len(active):,} actions")
    jacobian = payoffs.matrix[np.ix_(active, active)]
    jacobian -= (jacobian @ p)[:, None]
    jacobian *= -t * p  # -t A D, as (A D)[i, j] = (A[i, j] - (A p)[i]) p[j]
    jacobian[np.diag_indices(len(p))] += 1
    factors = lu_factor(jacobian.T, overwrite_a=True, check_finite=False)  # the transpose lies as LAPACK wants it

    def solve(r: Array) -> Array:
        x = lu_solve(factors, r[active], trans=1, check_finite=False)
        change = np.zeros(len(r))
        change[active] = p * (x - p @ x)
        return np.asarray(r + payoffs.times(t * change))

    return solve


def _factorised_by_rank(payoffs: Factored, point: Point) -> Solve:
    """The same for A = U S Uᵀ: x = r + t U S y, y = Uᵀ D x, so that (I - t (Uᵀ D U) S) y = Uᵀ D r."""
    t, p = point.t, point.policy
    U, S = payoffs.factors, payoffs.skew
    centred = U - p @ U  # Uᵀ D = centredᵀ diag(p)
    weighted = p[:, None] * centred
    factors = lu_factor(np.eye(len(S)) - t * (centred.T @ weighted) @ S, check_finite=False)

    def solve(r: Array) -> Array:
        y = lu_solve(factors, weighted.T @ r, check_finite=False)
        return np.asarray(r + t * (U @ (S @ y)))

    return solve
