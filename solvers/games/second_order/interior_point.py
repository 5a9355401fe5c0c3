"""The self-dual interior-point method for the original game: the default.

A policy p with ``s = v 1 - A p >= 0`` has gap at most 2v, and as ``p·Ap = 0``, ``p·s = v``: the linear program of the
game is its own dual, so one pair (p, s) with one step length is all there is. The central path is ``p∘s = σμ 1`` with
``μ = p·s/N``; with ``D = diag(s/p)`` Newton's equations for a target r of ``p∘s`` come down to

    (D - A) dp = (r - p∘s)/p - dv 1,    1·dp = 0,    ds = dv 1 - A dp,

one factorisation of ``D - A`` an iteration, shared by all right sides: the predictor (r = 0), Mehrotra's corrector, and
Gondzio's corrections for centrality. The symmetric part of ``D - A`` is D, so it is never singular.

Before the gap is small the predictor tells which actions will be played: those with ``dp/p > -1/2`` (Tapia's
indicator). When the same ones are named twice, the equilibrium on that support is solved for directly
(:mod:`solvers.games.second_order.support`); if it passes the judge it is the answer, exact to rounding and with zeros
outside its support; otherwise the iteration goes on. Sources: Mehrotra 1992; Gondzio 1996; El-Bakry, Tapia and
Zhang 1994.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import DELAY, Callback, Iterate, Seen
from solvers.games.game import PreferenceGame, exploitability, positive
from solvers.games.payoffs import Array, Indices, require_memory
from solvers.games.second_order.support import on_support

METHOD = "interior point"
MATRICES = 3  # N × N arrays held at once
CORRECTIONS = 3  # Gondzio's, an iteration
STALLED = 10  # iterations without a smaller gap after which rounding has won


def interior_point(
    game: PreferenceGame,
    *,
    tolerance: float = 1e-9,
    iterations: int = 100,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """A von Neumann winner by the self-dual interior-point method, O(N³) an iteration, some 5 to 15 iterations.

    tolerance: of the gap, absolute. The policy is either the equilibrium on a support, exact to rounding and zero
    elsewhere, or, where no guess of a support passed the judge, an interior point, positive everywhere. iterations,
    callback and progress: as in :func:`solvers.games.first_order.loop.run`; each factorisation is an iteration. Raises
    ``TypeError`` for no game, ``ValueError`` for a tolerance or iterations that are not positive, ``GameTooLarge``.
    """
    if not isinstance(game, PreferenceGame):
        raise TypeError(f"game must be a PreferenceGame, got {type(game).__name__}: pass PreferenceGame(P)")
    within = positive(tolerance, "tolerance")
    count = whole_number(iterations, "iterations", 1)
    require_memory(MATRICES * game.size**2, f"the interior-point method on {game.size:,} actions")
    best: Iterate | None = None
    best_gap = np.inf
    gaps: list[float] = []
    since = 0
    disable = None if progress is None else not progress
    with tqdm(total=count, desc=METHOD, disable=disable, delay=DELAY, leave=False) as bar:
        for iterate in central_path(game.matrix, within):
            assert iterate.last_gain is not None
            gap = float(2 * iterate.last_gain.max())
            gaps.append(gap)
            since = 0 if gap < best_gap else since + 1
            if gap < best_gap:
                best, best_gap = iterate, gap
            if callback is not None:
                callback(Seen(len(gaps), iterate.last, gap, None, np.nan))
            bar.update(1)
            if best_gap <= within or len(gaps) == count or since == STALLED:
                break
    assert best is not None
    gap = exploitability(game, best.last)
    reason = ""
    if not gap <= within:
        spent = f"after {count:,} iterations" if len(gaps) == count else "and rounding lets it fall no further"
        reason = f"the gap was not within {within:g} {spent}"
    return Equilibrium(
        policy=best.last,
        gap=gap,
        converged=gap <= within,
        iterations=len(gaps),
        method=METHOD,
        tolerance=within,
        history=np.array(gaps),
        reason=reason,
        last=best.last,
        last_gap=gap,
    )


def central_path(A: Array, within: float) -> Iterator[Iterate]:
    """The iterates, first the uniform policy; a candidate on a support once one has a gap within `within`."""
    size = len(A)
    p = np.full(size, 1 / size)
    Ap = A @ p
    yield Iterate(p, None, Ap)
    v = 2 * Ap.max() + 2e-3 * np.abs(A).max()
    s = v - Ap
    system = np.empty((size, size), order="F")
    diagonal = system.reshape(-1, order="F")[:: size + 1]
    ones = np.ones(size)
    named = tried = np.zeros(0, dtype=np.intp)
    while True:
        D = s / p
        system.T[...] = A  # the transpose: -A
        diagonal += D
        factors, pivots, failed = dgetrf(system, overwrite_a=1)
        if failed or not np.isfinite(D).all():
            return
        newton = _Newton(factors, pivots, p, s, dgetrs(factors, pivots, ones)[0])
        products = p * s
        mu = products.sum() / size
        dp, ds, dv = newton.direction(-products)
        support = np.flatnonzero(dp > -0.5 * p)
        if np.array_equal(support, named) and not np.array_equal(support, tried):
            tried = support
            found = on_support(A, support, p)
            if found is not None and 2 * found[1].max() <= within:
                yield Iterate(found[0], None, found[1])
                return
        named = support

        length = min(_reach(p, dp), _reach(s, ds))
        affine = ((p + length * dp) @ (s + length * ds)) / size
        goal = (affine / mu) ** 3 * mu
        target = goal - products - dp * ds
        dp, ds, dv = newton.direction(target)
        length = min(_reach(p, dp), _reach(s, ds))
        for _ in range(CORRECTIONS):
            ahead = min(1.0, 1.08 * length + 0.08)
            w = (p + ahead * dp) * (s + ahead * ds)
            corrected = target + np.maximum(np.clip(w, 0.1 * goal, 10 * goal) - w, -10 * goal)
            dp2, ds2, dv2 = newton.direction(corrected)
            longer = min(_reach(p, dp2), _reach(s, ds2))
            if longer < length + 1e-3:
                break
            target, dp, ds, dv, length = corrected, dp2, ds2, dv2, longer

        length *= 0.99
        p = p + length * dp
        p /= p.sum()
        Ap = A @ p
        v += length * dv
        slack = (v - Ap).min()
        if slack <= 0:  # rounding: the level is raised until every action is below it again
            v += 2e-16 * max(v, -slack) - slack
        s = np.maximum(v - Ap, 1e-300)
        if 2 * Ap.max() <= within and not np.array_equal(support, tried):
            found = on_support(A, support, p)
            if found is not None and 2 * found[1].max() <= within:
                yield Iterate(found[0], None, found[1])
                return
        yield Iterate(p, None, Ap)


@dataclass(frozen=True, slots=True)
class _Newton:
    """A factorisation of ``D - A`` and its solution y for the right side 1."""

    factors: Array
    pivots: Indices
    p: Array
    s: Array
    y: Array

    def direction(self, change: Array) -> tuple[Array, Array, float]:
        """dp, ds and dv that change p∘s by so much, to first order."""
        x = dgetrs(self.factors, self.pivots, change / self.p)[0]
        dv = x.sum() / self.y.sum()
        dp = x - dv * self.y
        return dp, (change - self.s * dp) / self.p, dv


def _reach(x: Array, dx: Array) -> float:
    """The largest step of at most 1 that keeps ``x + step · dx`` from being negative."""
    return min(1.0, 1.0 / max(1e-300, float((-dx / x).max())))
