"""The self-dual interior-point method for the original game: the default.

A policy p with ``s = v 1 - A p >= 0`` has gap at most 2v, and as ``p·Ap = 0``, ``p·s = v``: the linear program of the
game is its own dual, so one pair (p, s) with one step length is all there is. The central path is ``p∘s = σμ 1`` with
``μ = p·s/N``; with ``D = diag(s/p)`` Newton's equations for a change r of ``p∘s`` come down to

    [ D - A   1 ] [dp]   [ r/p ]
    [ 1ᵀ      0 ] [dv] = [  0  ],    ds = r/p - D dp,

one factorisation an iteration, shared by all right sides: the predictor (``r = -p∘s``), Mehrotra's corrector, and
Gondzio's corrections for centrality. The symmetric part of ``D - A`` is D, so the system is never singular, and if the
equilibrium is unique its condition stays bounded as p approaches it: large systems are factorised in float32, which
takes half the time, and each solution is refined in float64; p, v and s are always recomputed in float64, so that
rounding costs centrality only, never feasibility. If refinement does not converge, float64 takes over.

Before the gap is small the predictor tells which actions will be played: those with ``dp/p > -1/2`` (Tapia's
indicator). When it names nearly the same ones twice, the equilibrium on that support is solved for directly
(:mod:`solvers.games.second_order.support`); if it passes the judge it is the answer, exact to rounding and with zeros
outside its support; otherwise the iteration goes on. Sources: Mehrotra 1992; Gondzio 1996; El-Bakry, Tapia and
Zhang 1994.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrf, dgetrs, sgetrf, sgetrs
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import DELAY, Callback, Iterate, Seen
from solvers.games.game import PreferenceGame, exploitability, positive, require_game
from solvers.games.payoffs import Array, Indices, require_memory
from solvers.games.second_order.support import on_support
from solvers.games.second_order.threads import suited_to

METHOD = "interior point"
MATRICES = 4  # N × N arrays held at once
SINGLE = 128  # actions from which on float32 pays
CORRECTIONS = 2, 5  # Gondzio's, an iteration, for games of fewer and of more than 300 actions
FLIPS = 0.02  # of the actions that the predictor may change its mind about, for its support to be tried
ROUGH, WRONG = 1e-3, 0.05  # errors of dp/p from which on a solution is refined, or float32 given up
ROUNDING = 1e-14  # in units of the largest payoff: a gap on a support that nothing will improve on
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
    require_game(game)
    within = positive(tolerance, "tolerance")
    count = whole_number(iterations, "iterations", 1)
    require_memory(MATRICES * game.size**2, f"the interior-point method on {game.size:,} actions")
    best: Iterate | None = None
    best_gap = np.inf
    gaps: list[float] = []
    since = 0
    disable = None if progress is None else not progress
    with suited_to(game.size), tqdm(total=count, desc=METHOD, disable=disable, delay=DELAY, leave=False) as bar:
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
    """The iterates, first the uniform policy; it ends with a candidate on a support once one is good enough."""
    size = len(A)
    largest = float(A.max())
    if largest and not 1e-6 < largest < 1e6:  # float32 has a narrow range
        for iterate in central_path(A / largest, within / largest):
            assert iterate.last_gain is not None
            yield Iterate(iterate.last, None, largest * iterate.last_gain)
        return
    p = np.full(size, 1 / size)
    Ap = A @ p
    yield Iterate(p, None, Ap)
    v = 1.1 * Ap.max() + 1e-3 * largest
    s = v - Ap
    enough = max(within, ROUNDING * largest)
    single = size >= SINGLE
    corrections = CORRECTIONS[size > 300]
    named = tried = np.zeros(0, dtype=np.intp)
    while True:
        products = p * s
        mu = products.sum() / size
        newton = _factorised(A, p, s, single)
        if newton is None:
            return
        dp, ds, dv, error = newton.direction(-products, single)
        if error > WRONG:
            single = False
            newton = _factorised(A, p, s, single)
            if newton is None:
                return
            dp, ds, dv, error = newton.direction(-products, single)
        refined = error > ROUGH
        leaving = dp / p
        support = np.flatnonzero(leaving > -0.5)
        flips = len(np.setxor1d(support, named, assume_unique=True))
        named = support
        guess = _odd(support, leaving) if flips else support
        if flips <= FLIPS * size and not np.array_equal(guess, tried):
            tried = guess
            found = on_support(A, guess, p)
            if found is not None and 2 * found[1].max() <= enough:
                yield Iterate(found[0], None, found[1])
                return

        length = min(_reach(p, dp), _reach(s, ds))
        affine = ((p + length * dp) @ (s + length * ds)) / size
        goal = (affine / mu) ** 3 * mu  # Mehrotra's σ
        target = goal - products - dp * ds
        dp, ds, dv, _ = newton.direction(target, refined)
        length = min(_reach(p, dp), _reach(s, ds))
        for _ in range(corrections):
            ahead = min(1.0, 1.08 * length + 0.08)
            w = (p + ahead * dp) * (s + ahead * ds)
            corrected = target + np.maximum(np.clip(w, 0.1 * goal, 10 * goal) - w, -10 * goal)
            dp2, ds2, dv2, _ = newton.direction(corrected, refined)
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
        if 2 * Ap.max() <= within:  # an interior answer; on the support it would be exact
            for guess in (support, _odd(support, leaving)):
                found = None if np.array_equal(guess, tried) else on_support(A, guess, p)
                if found is not None and 2 * found[1].max() <= enough:
                    yield Iterate(found[0], None, found[1])
                    return
        yield Iterate(p, None, Ap)


@dataclass(frozen=True, slots=True)
class _Newton:
    """Newton's equations at (p, s), factorised."""

    A: Array
    p: Array
    s: Array
    factors: Array | NDArray[np.float32]
    pivots: NDArray[np.int32]

    def direction(self, change: Array, refine: bool) -> tuple[Array, Array, float, float]:
        """dp, ds and dv that change p∘s by so much, to first order; and by how much refinement changed dp/p."""
        size = len(self.p)
        right = np.zeros(size + 1)
        right[:size] = change / self.p
        x = self._solve(right)
        error = 0.0
        if refine:
            residual = right.copy()
            residual[:size] -= self.s / self.p * x[:size] - self.A @ x[:size] + x[size]
            residual[size] -= x[:size].sum()
            more = self._solve(residual)
            x = x + more
            error = float((np.abs(more[:size]) / self.p).max())
        dp = x[:size]
        return dp, (change - self.s * dp) / self.p, float(x[size]), error if error == error else np.inf

    def _solve(self, right: Array) -> Array:
        if self.factors.dtype == np.float32:
            return np.asarray(sgetrs(self.factors, self.pivots, right.astype(np.float32))[0], dtype=np.float64)
        return np.asarray(dgetrs(self.factors, self.pivots, right)[0])


def _odd(support: Indices, leaving: Array) -> Indices:
    """The support of a unique equilibrium is odd: an even one loses or gets the action that is least clear."""
    if len(support) % 2:
        return support
    unclear = int(np.abs(leaving + 0.5).argmin())
    return np.setxor1d(support, [unclear], assume_unique=True)


def _factorised(A: Array, p: Array, s: Array, single: bool) -> _Newton | None:
    """Newton's equations, in float32 or float64; ``None`` if rounding has made them singular."""
    size = len(A)
    system = np.empty((size + 1, size + 1), dtype=np.float32 if single else np.float64, order="F")
    system.T[:size, :size] = A  # the transpose: -A
    system[size], system[:, size] = 1.0, 1.0
    system[size, size] = 0.0
    system.reshape(-1, order="F")[: size * (size + 2) : size + 2] += np.minimum(s / p, 1e30)
    factors, pivots, failed = (sgetrf if single else dgetrf)(system, overwrite_a=1)
    return None if failed else _Newton(A, p, s, factors, pivots)


def _reach(x: Array, dx: Array) -> float:
    """The largest step of at most 1 that keeps ``x + step · dx`` from being negative."""
    return min(1.0, 1.0 / max(1e-300, float((-dx / x).max())))
