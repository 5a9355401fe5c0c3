"""The von Neumann winner of largest entropy, or nearest to a reference: one answer where there are many.

Among the equilibria E the one of least ``KL(p‖μ)`` is unique; for uniform μ its entropy is the largest. It is the limit
of the regularised equilibria as τ → 0, and gives clones the same mass. With B the actions that some equilibrium plays
(:mod:`solvers.games.exact.face`, exactly) and N the others,

    minimise Σ p log(p/μ)  subject to  A_BB p_B = 0,  s = -A_NB p_B >= 0,  1·p = 1.

Newton's method in an orthonormal basis of the null space, with a logarithmic barrier for s that shrinks; each time the
constraints that seem active are made equations, which if they are the right ones gives the answer to rounding. The
certificate: for all multipliers λ with λ_N >= 0, and every equilibrium p,

    KL(p‖μ)  >=  -log Σ_{b in B} μ_b exp((A λ)_b),

as ``KL(p‖q) >= 0`` for ``q ∝ μ exp(A λ)``, and ``p·Aλ = -λ·Ap = λ_N·s >= 0``. The least one attains it. Where payoffs
differ by many orders floats may not get there, and what rounding can do to the bound is counted against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import fmpz_mat
from numpy.typing import ArrayLike
from scipy.linalg import lu_factor, lu_solve, null_space
from scipy.optimize import nnls
from scipy.special import logsumexp, rel_entr

from solvers.games.equilibrium import Equilibrium
from solvers.games.exact.face import Face, admitted, face_of, null_directions, whole_rows
from solvers.games.game import PreferenceGame, Rationals, exploitability, positive, rational_rows, reference_of
from solvers.games.payoffs import Array

METHOD = "maximum entropy"
BARRIERS = 10.0 ** -np.arange(2, 15, 2)  # weights of the barrier, payoffs being at most 1
STEPS = 100  # Newton steps for each
DECREMENT = 1e-22  # of the objective, by which a Newton step is the last
ACTIVE = (1e-12, 1e-9, 1e-6, 1e-3)  # slacks below which constraints may have multipliers, tried in turn
ROUNDING = 1e-14  # what a slack may be below zero
EPSILON = float(np.finfo(float).eps)
TINY = 1e-300  # probabilities below which their inverses would not be floats
ROOM = 1e-150  # slacks below which squares of their inverses would not be


@dataclass(frozen=True, slots=True, eq=False)
class LeastDivergence:
    """The winner of least KL(p‖μ) and the certificate that it is.

    winner: the policy with its gap; converged if that, computed exactly, and `excess` are within the tolerance with
    all that rounding can hide. divergence: KL(π‖μ), in nats. bound: no von Neumann winner has a smaller one.
    multipliers: λ (N,), from which the bound follows.
    """

    winner: Equilibrium
    divergence: float
    bound: float
    multipliers: Array

    @property
    def excess(self) -> float:
        """``divergence - bound``, the duality gap; rounding may make it some 1e-16 less than 0."""
        return self.divergence - self.bound


def maximum_entropy_winner(
    game: PreferenceGame, tolerance: float = 1e-9, *, reference: ArrayLike | None = None
) -> Equilibrium:
    """The von Neumann winner of largest entropy; with a reference μ (mass everywhere), the one of least KL(p‖μ).

    tolerance: of the gap, in units of the payoffs, and of the entropy, in nats; `converged` is true if both are within
    it, the gap in exact numbers: that of large payoffs may be too small for the judge's floats. A game of floats is
    taken to be the exact numbers that it stores: a tie that rounding broke is no tie. Raises ``TypeError`` for no
    game, ``ValueError`` for a tolerance or reference that is none, ``GameTooLarge``. The certificate is in
    :func:`least_divergence`.
    """
    return least_divergence(game, tolerance, reference=reference).winner


def least_divergence(
    game: PreferenceGame, tolerance: float = 1e-9, *, reference: ArrayLike | None = None
) -> LeastDivergence:
    """What :func:`maximum_entropy_winner` returns, with the bound that shows it and the multipliers of the bound."""
    within = positive(tolerance, "tolerance")
    rows = rational_rows(admitted(game))
    face = face_of(game, rows)
    mu = reference_of(reference, game)
    B = np.array(face.played)
    scale = float(np.abs(game.matrix).max()) or 1.0
    program = _program(game.matrix / scale, face, mu)
    p, history = program.start, [program.start]
    best = program.certified(p)
    if face.dimension:
        for weight in BARRIERS:
            p = _newton(program, program.basis, p, weight, history)
            for candidate in (p, _at_active(program, p, weight, history)):
                if candidate is not None:
                    best = min(best, program.certified(candidate), key=_excess)
            if best.divergence - best.bound <= min(ROUNDING, within):
                break
    policy = _spread(best.block, B, game.size)
    gap = exploitability(game, policy)
    exactly = max(gap, float(_exact_gap(rows, policy, face.played)))
    gaps = [2 * float(game.advantages(_spread(q, B, game.size)).max()) for q in history]
    converged = exactly <= within and _excess(best) <= within
    aim = "the entropy" if reference is None else "the divergence"
    reason = f"the gap is {exactly:.1e} and {aim} within {_excess(best):.1e} of the optimum, for all that floats show"
    winner = Equilibrium(
        policy=policy,
        gap=gap,
        converged=converged,
        iterations=len(history) - 1,
        method=METHOD,
        tolerance=within,
        history=np.array(gaps),
        reference=mu,
        reason="" if converged else reason,
        last=policy,
        last_gap=gap,
    )
    return LeastDivergence(winner, best.divergence, best.bound, best.multipliers / scale)


def _exact_gap(rows: Rationals, policy: Array, played: Sequence[int]) -> Fraction:
    """The gap of a policy of floats, divided by their sum, in the units of the payoffs."""
    weights, _ = whole_rows((tuple(Fraction(float(policy[j])) for j in played),))
    whole, units = whole_rows(tuple(tuple(row[j] for j in played) for row in rows))
    gains = (fmpz_mat(whole) * fmpz_mat(weights).transpose()).entries()
    return max(Fraction(int(gain), unit) for gain, unit in zip(gains, units, strict=True)) * 2 / sum(weights[0])


def _spread(block: Array, B: Array, size: int) -> Array:
    policy = np.zeros(size)
    policy[B] = block
    return policy


class _Certified(NamedTuple):
    """A policy on B, its divergence, a lower bound for that of all equilibria and by how much rounding may move it."""

    block: Array
    divergence: float
    bound: float
    rounding: float
    multipliers: Array


def _excess(found: _Certified) -> float:
    return found.divergence - found.bound + found.rounding


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """The program, in floats: A divided by its largest entry, and rows outside B by theirs."""

    start: Array  # (|B|,) in the relative interior
    basis: Array  # Q, (|B|, d), orthonormal: the null space of A_BB
    inner: Array  # A_BB
    slopes: Array  # G = -A_NB, each row divided by its largest entry: s = G p
    units: Array  # these entries
    others: Array  # N, as numbers of actions
    played: Array  # B
    mu: Array  # on B

    def certified(self, p: Array) -> _Certified:
        """p with the multipliers that come closest to showing that it is optimal; λ = 0, if no others are better.

        At the optimum ``log(p/μ) = c + A_BB ν + A_BN λ``: its part in the null space gives c and λ, the rest ν.
        """
        divergence = float(rel_entr(p, self.mu).sum())
        none = np.zeros(len(self.played) + len(self.others))
        if self.basis.shape[1] == 1:  # there is no other equilibrium
            return _Certified(p, divergence, divergence, 0.0, none)
        best = _Certified(p, divergence, -float(np.log(self.mu.sum())), 0.0, none)
        Q, slack = self.basis, self.slopes @ p
        target = np.log(np.maximum(p, TINY) / self.mu)
        constant = Q.sum(axis=0)
        factors = lu_factor(self.inner + Q @ Q.T)  # regular, and A_BB on what is orthogonal to the null space
        for near in ACTIVE:
            active = np.flatnonzero(slack < near)
            slopes = self.slopes[active]
            solution, _ = nnls(np.column_stack((constant, -constant, (slopes @ Q).T)), Q.T @ target)
            rest = target - (solution[0] - solution[1]) - slopes.T @ solution[2:]
            nu = lu_solve(factors, rest - Q @ (Q.T @ rest))
            if not np.isfinite(nu).all():
                continue
            bound = -float(logsumexp(self.inner @ nu + slopes.T @ solution[2:], b=self.mu))
            sizes = np.abs(self.inner) @ np.abs(nu) + np.abs(slopes).T @ solution[2:]
            rounding = float(EPSILON * len(none) * sizes.max())
            if bound - rounding > best.bound - best.rounding:
                multipliers = none.copy()
                multipliers[self.played] = nu
                multipliers[self.others[active]] = solution[2:] / self.units[active]
                best = _Certified(p, divergence, bound, rounding, multipliers)
        return best


def _program(A: Array, face: Face, mu: Array) -> _Program:
    B = np.array(face.played)
    others = np.setdiff1d(np.arange(len(A)), B)
    slopes = -A[np.ix_(others, B)]
    units = np.abs(slopes).max(axis=1)
    units[units < TINY] = 1.0
    return _Program(
        start=np.array([float(face.interior[i]) for i in B]),
        basis=null_directions(face.basis),
        inner=A[np.ix_(B, B)],
        slopes=slopes / units[:, None],
        units=units,
        others=others,
        played=B,
        mu=mu[B],
    )


def _newton(program: _Program, basis: Array, p: Array, weight: float, history: list[Array]) -> Array:
    """Minimises ``Σ p log(p/μ) - weight Σ log s`` over the span of the basis, from p > 0 (and s > 0 with a barrier)."""
    slopes = program.slopes if weight else program.slopes[:0]
    along = slopes @ basis
    total = basis.sum(axis=0)
    size = len(total)

    def objective(q: Array, slack: Array) -> float:
        return float(rel_entr(q, program.mu).sum() - weight * np.log(slack).sum())

    slack = slopes @ p
    if p.min() < TINY or slack.min(initial=1.0) < ROOM:
        return p  # there is no room that floats show
    value = objective(p, slack)
    for _ in range(STEPS):
        gradient = basis.T @ np.log(p / program.mu) - weight * (along.T @ (1 / slack))
        scaled = along / slack[:, None]
        system = np.zeros((size + 1, size + 1))
        system[:size, :size] = basis.T @ (basis / p[:, None]) + weight * scaled.T @ scaled
        system[:size, size] = system[size, :size] = total
        try:
            step = np.linalg.solve(system, np.append(-gradient, 0.0))[:size]
        except np.linalg.LinAlgError:
            break  # p or s differ by more than floats show
        dp, ds = basis @ step, along @ step
        descent = float(gradient @ step)
        if -descent <= DECREMENT:
            break
        length = min(1.0, 0.99 / max(1e-300, float((-dp / p).max()), float((-ds / slack).max(initial=0.0))))
        while length > 1e-12:
            trial, room = p + length * dp, slack + length * ds
            if trial.min() > TINY and room.min(initial=1.0) > ROOM:
                reached = objective(trial, room)
                if reached <= value + 0.1 * length * descent:
                    break
            length /= 2
        else:
            break  # rounding
        p, slack, value = trial / trial.sum(), slopes @ (trial / trial.sum()), reached
        history.append(p)
        if slack.min(initial=1.0) < ROOM:
            break
    return p


def _at_active(program: _Program, p: Array, weight: float, history: list[Array]) -> Array | None:
    """The optimum with the constraints that seem active as equations; None if it violates another one."""
    active = program.slopes @ p < np.sqrt(weight)  # the multiplier is weight / s
    basis = program.basis
    if active.any():
        basis = basis @ null_space(program.slopes[active] @ basis, rcond=1e-10)
    if not basis.shape[1]:
        return None
    start = basis @ (basis.T @ p)
    if start.min() <= 0:
        return None
    found = _newton(program, basis, start / start.sum(), 0.0, history)
    return found if (program.slopes @ found).min(initial=0.0) >= -ROUNDING else None
