"""Mirror-prox and its one-gradient variant, for convex–concave games over policies, in log space, with their own steps.

With w = (x, y), ``G = (-∇ₓf, ∇ᵧf)``, and Prox the entropic step, in which a KL penalty is kept as it is:

    w' = Prox_w(η g),  w⁺ = Prox_w(η G(w')),       Prox_w(v) = argmin_u  v·u + η (R + S)(u) + KL(u‖w),

g = G(w) in mirror-prox (Nemirovski 2004); in optimistic gradient (Popov 1980) g is G at the previous w', which saves
every other gradient. For each u, three-point inequalities give

    η G(w')·(w' - u)  <=  KL(u‖w) - KL(u‖w⁺) + { η (G(w') - g)·(w' - w⁺) - KL(w'‖w) - KL(w⁺‖w') },

so that, where the sum in braces is not positive, the average of the w', weighted by η, has a gap of at most
``max_u KL(u‖w_0) / Σ η``: O(1/T). η is halved until that holds and grows by a fifth after each step, so no Lipschitz
constant is asked for; the optimistic variant may spend what the previous step left over. Where the gap has halved, or
it has not for 36% of all iterations, both start anew from the better of the last iterate and the average (the rules of
restarted PDHG, Applegate et al. 2021, 2105.12715 and 2106.04756), after which bilinear games were linear, too, in every
run that we looked at; with KL penalties on both sides the last iterate is linear by itself. χ² penalties count to f.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.first_order.loop import DELAY
from solvers.games.game import positive
from solvers.games.payoffs import Array
from solvers.games.saddle.certificates import GapCertificate, certify, duality_gap, require_tangents
from solvers.games.saddle.polytope import FEASIBLE, Polytope, entropic_maximum
from solvers.games.saddle.saddle_point import SaddlePoint
from solvers.games.saddle.saddle_problem import Penalty, SaddleProblem, gradients_at, require_problem

HALVINGS = 60
RESTART, LONG = 0.5, 0.36


@dataclass(frozen=True, slots=True, eq=False)
class SaddleSeen:
    """What a callback is told after each judged iteration; ``nan`` where there is no average yet."""

    iteration: int
    last: tuple[Array, Array]
    last_gap: float
    average: tuple[Array, Array]
    average_gap: float


SaddleCallback = Callable[[SaddleSeen], object]


def mirror_prox(
    problem: SaddleProblem,
    iterations: int = 10_000,
    *,
    tolerance: float = 1e-6,
    step: float | None = None,
    every: int = 10,
    callback: SaddleCallback | None = None,
    progress: bool | None = None,
) -> SaddlePoint:
    """Mirror-prox from the uniform policies (from the inside of the polytopes): two gradients of f an iteration.

    step: the first η, by default 1 / the largest absolute entry of the gradients. every: certify each so many
    iterations. Other arguments as for all first-order methods; tolerance is absolute, in units of f. What is returned
    is certified *if f is concave–convex with these gradients*, which :func:`duality_gap` tests at the start and at the
    end, as far as it shows towards the vertices. Raises :class:`NotConvexConcave` where it is refuted,
    ``ValueError``/``TypeError`` for arguments, or where f is not finite.
    """
    return _run(problem, False, "mirror-prox", iterations, tolerance, step, every, callback, progress)


def optimistic_gradient(
    problem: SaddleProblem,
    iterations: int = 10_000,
    *,
    tolerance: float = 1e-6,
    step: float | None = None,
    every: int = 10,
    callback: SaddleCallback | None = None,
    progress: bool | None = None,
) -> SaddlePoint:
    """Optimistic mirror descent: one gradient of f an iteration. Arguments and errors as of :func:`mirror_prox`."""
    return _run(problem, True, "optimistic gradient", iterations, tolerance, step, every, callback, progress)


@dataclass(slots=True, eq=False)
class _Player:
    """A player's log-policy, and the multipliers at which its last step over its polytope ended."""

    polytope: Polytope
    penalty: Penalty | None
    z: Array
    multipliers: Array | None = None

    def step(self, ascent: Array, eta: float) -> Array:
        """The log-policy after an entropic step along `ascent`."""
        tau = self.penalty.weight if self.penalty is not None and self.penalty.kind == "kl" else 0.0
        logs, weight = self.z, 1.0
        if tau and self.penalty is not None:
            weight = 1 + eta * tau
            logs = (self.z + eta * tau * np.log(self.penalty.reference)) / weight
        z, found = entropic_maximum(self.polytope, eta * ascent, weight, logs, self.multipliers)
        self.multipliers = found.multipliers
        off = self.polytope.violation(found.point)
        if off > FEASIBLE:
            raise ArithmeticError(
                f"a step within the polytope missed a constraint by {off:.1e}: leave out redundant rows"
            )
        return z

    def ascent(self, gradient: Array, x: Array) -> Array:
        """The gradient of f with the smooth penalty, χ², taken off."""
        if self.penalty is None or self.penalty.kind == "kl":
            return gradient
        return gradient - 2 * self.penalty.weight * (x - self.penalty.reference) / self.penalty.reference


def _start(polytope: Polytope | None, penalty: Penalty | None) -> _Player:
    assert polytope is not None
    with np.errstate(divide="ignore"):
        return _Player(polytope, penalty, np.log(polytope.interior))


def _run(
    problem: SaddleProblem,
    optimistic: bool,
    method: str,
    iterations: int,
    tolerance: float,
    step: float | None,
    every: int,
    callback: SaddleCallback | None,
    progress: bool | None,
) -> SaddlePoint:
    require_problem(problem)
    count, stride = whole_number(iterations, "iterations", 1), whole_number(every, "every", 1)
    within = positive(tolerance, "tolerance")
    one, two = _start(problem.x_polytope, problem.x_penalty), _start(problem.y_polytope, problem.y_penalty)

    def field(zx: Array, zy: Array) -> tuple[Array, Array]:
        x, y = _read_only(np.exp(zx)), _read_only(np.exp(zy))
        up, down = gradients_at(problem, x, y)
        return one.ascent(up, x), two.ascent(-down, y)

    started = _judged(problem, np.exp(one.z), np.exp(two.z))
    first = started[0]
    require_tangents(problem, started[1], started[2], first)  # a wrong gradient need not be followed to the end
    g = field(one.z, two.z)
    spread = max(float(np.ptp(a)) for a in g) or 1.0
    eta = 1 / max(1e-12, *(float(np.abs(a).max()) for a in g)) if step is None else positive(step, "step")
    longest = 1e9 * eta
    last_gaps, average_gaps = np.full(count, np.nan), np.full(count, np.nan)
    sums, weight, left, mark = (np.zeros(problem.shape[0]), np.zeros(problem.shape[1])), 0.0, 0.0, first.gap
    best = last = average = started
    done, began = 0, 0
    reason = f"the gap was not within {within:g} after {count:,} iterations"
    disable = None if progress is None else not progress
    with tqdm(total=count, desc=method, disable=disable, delay=DELAY, leave=False) as bar:
        while done < count and best[0].gap > within:
            if not optimistic and done:
                g = field(one.z, two.z)
            for halving in range(HALVINGS):
                if optimistic and halving == HALVINGS // 4:
                    g, left = field(one.z, two.z), 0.0  # what it remembers misleads: an extragradient step
                half = one.step(g[0], eta), two.step(g[1], eta)
                there = field(*half)
                new = one.step(there[0], eta), two.step(there[1], eta)
                cost = -eta * sum(
                    float((a - b) @ (np.exp(u) - np.exp(v))) for a, b, u, v in zip(there, g, half, new, strict=True)
                )
                earned = sum(
                    _divergence(u, z) + _divergence(v, u) for u, v, z in zip(half, new, (one.z, two.z), strict=True)
                )
                if cost <= earned + left + 1e-15:
                    break
                eta /= 2
            else:
                reason = "no step was short enough: f does not seem to have a continuous gradient"
                break
            left = max(0.0, earned - cost) if optimistic else 0.0
            one.z, two.z = new
            g = there
            for total, u in zip(sums, half, strict=True):
                total += eta * np.exp(u)
            weight += eta
            eta = min(1.2 * eta, longest)  # where no step costs anything it would grow for ever
            done += 1
            if done % stride and done < count:
                continue
            last = _judged(problem, np.exp(one.z), np.exp(two.z))
            average = _judged(problem, sums[0] / weight, sums[1] / weight)
            last_gaps[done - 1], average_gaps[done - 1] = last[0].gap, average[0].gap
            if callback is not None:
                callback(SaddleSeen(done, last[1:], last[0].gap, average[1:], average[0].gap))
            bar.update(done - bar.n)
            better = min(last, average, key=lambda judged: judged[0].gap)
            best = min(best, better, key=lambda judged: judged[0].gap)
            if better[0].gap <= RESTART * mark or done - began > LONG * done + 100:
                mark, began = better[0].gap, done
                # a little of the start, too: from a mass of e^-k it takes some k / η steps to come back
                share = min(0.1, max(0.0, 0.1 * mark / spread))  # rounding may make a gap of zero negative
                one.z, two.z = _mixed(better[1], one, share), _mixed(better[2], two, share)
                g, left = field(one.z, two.z), 0.0
                sums, weight = (np.zeros_like(sums[0]), np.zeros_like(sums[1])), 0.0
    found = duality_gap(problem, best[1], best[2])  # THE JUDGE has the last word, and tests the tangents
    assert problem.x_polytope is not None and problem.y_polytope is not None
    converged = found.gap <= within
    return SaddlePoint(
        x=best[1],
        y=best[2],
        value=found.value,
        gap=found.gap,
        lower=found.lower,
        upper=found.upper,
        converged=converged,
        iterations=done,
        method=method,
        tolerance=within,
        history=last_gaps[:done],
        average_history=average_gaps[:done],
        reason="" if converged else reason,
        violation=max(problem.x_polytope.violation(best[1]), problem.y_polytope.violation(best[2])),
        last=last[1:],
        last_gap=last[0].gap,
        average=average[1:],
        average_gap=average[0].gap,
    )


Judged = tuple[GapCertificate, Array, Array]


def _judged(problem: SaddleProblem, x: Array, y: Array) -> Judged:
    x, y = _read_only(x), _read_only(y)  # what callbacks are shown stays what it is
    return certify(problem, x, y), x, y


def _read_only(policy: Array) -> Array:
    policy.setflags(write=False)
    return policy


def _divergence(p: Array, q: Array) -> float:
    """KL of log-policies; by ``q (d e^d - e^d + 1)``, whose terms are not negative, so that tiny ones do not cancel."""
    seen = np.isfinite(q) & np.isfinite(p)
    d, mass = p[seen] - q[seen], np.exp(q[seen])
    small = np.abs(d) < 1e-3
    near = np.where(small, d, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.where(small, 0.0, np.exp(p[seen]) * d - np.exp(p[seen]) + mass)
    return float((mass * near**2 * (0.5 + near / 3 + near**2 / 8) + far).sum())


def _mixed(policy: Array, player: _Player, share: float) -> Array:
    """log of the policy with a share of the inside of its polytope."""
    with np.errstate(divide="ignore"):
        return np.log((1 - share) * policy + share * player.polytope.interior)
