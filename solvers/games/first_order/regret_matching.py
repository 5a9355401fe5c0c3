"""Regret matching⁺, predictive regret matching⁺, and predictive regret matching⁺ whose regrets never shrink.

With the gains ``u = A y`` against the opponent's y, and the regrets ``g_t = u_t - ⟨u_t, x_t⟩ 1``:

    RM⁺        x_t ∝ R_{t-1},                R_t = [R_{t-1} + g_t]₊
    PRM⁺       x_t ∝ [R_{t-1} + g_{t-1}]₊,   R_t = [R_{t-1} + g_t]₊
    increasing x_t ∝ [R_{t-1} + u_{t-1} - γ 1]₊  with γ such that its norm is ‖R_{t-1}‖₂,
               R_t = [R_{t-1} + u_t - c 1]₊      with c <= ⟨u_t, x_t⟩ the largest such that its norm is >= ‖R_{t-1}‖₂

*Alternating*: there are two policies, each answers the other's newest one, and an iteration takes two products with A;
the pair's duality gap ``max A x̄ + max A ȳ`` bounds the gap of ``(x̄ + ȳ) / 2``, which is the average that is returned.
*Simultaneous* (``alternating=False``): one policy plays itself, at one product an iteration. Averages weigh iteration t
by t² (*quadratic*), x_{t+1} with the y_t that it answers. Regrets are bounded by R: for every T, in the simultaneous
form with quadratic averages, the gap of the average is at most ``2 T² max R_T / Σ t²``. RM⁺'s R obeys ``‖R_T‖₂² <=
Σ ‖g_t‖₂²``. In self-play ``⟨u_t, x_t⟩ = 0``, thus ``‖R_T‖₂² <= a² N T`` with a = max |A|, and the gap is at most
``6 a √(N / T)``. In the alternating form g may be twice as large: there ``‖R_T‖₂² <= 4 a² N T`` for either player, and
the bound is ``12 a √(N / T)``, as RM⁺'s next policy is no worse against what it has just seen (Burch et al. 2019).

PRM⁺ is the best in practice for crude accuracy, but can be as slow as 1/√T, as R may shrink, and 1/‖R‖ acts as a step
size. The third form has the invariant by which IREG-PRM⁺ (2510.04407) repairs this, ``‖R_t‖ >= ‖R_{t-1}‖``, by which
the average's gap falls as 1/T; like it, it has no parameter and does not depend on the payoffs' scale. Its two
equations are derived here from that invariant, they are not copied from the paper. What is proved of them: R still
bounds the regrets, as c <= ⟨u_t, x_t⟩, and in the simultaneous form ``‖R_T‖₂² <= 5 a² N T``, which is RM⁺'s rate; the
rate of 1/T is measured.
Sources: Tammelin 2014 (1407.5042); Burch et al. 2019 (1810.11542, alternation); Farina et al. 2021 (2007.14358,
Algorithm 3); Zhang, Anagnostides and Sandholm 2025 (2510.04407).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run, unregularised
from solvers.games.game import PreferenceGame, reference_of
from solvers.games.payoffs import Array


def regret_matching_plus(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 10_000,
    *,
    alternating: bool = True,
    tolerance: float = 1e-4,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Regret matching⁺ (CFR⁺ of a game of one decision); the answer is the quadratic average.

    reference: the first policy (``None``: uniform). tau must be 0 (``magnetic_mirror_descent`` is a method of the
    regularised game). alternating: see the module. every, callback, progress:
    :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument.
    """
    return _solve(
        "regret matching⁺", plain, game, reference, tau, iterations, alternating, tolerance, every, callback, progress
    )


def predictive_regret_matching_plus(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 100_000,
    *,
    alternating: bool = True,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Predictive regret matching⁺, the last gains predicting the next; the answer is the quadratic average.

    Arguments and errors are those of :func:`regret_matching_plus`.
    """
    return _solve(
        "predictive regret matching⁺",
        predictive,
        game,
        reference,
        tau,
        iterations,
        alternating,
        tolerance,
        every,
        callback,
        progress,
    )


def increasing_predictive_regret_matching_plus(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 100_000,
    *,
    alternating: bool = True,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Predictive regret matching⁺ whose regrets' norm never falls, after IREG-PRM⁺; the answer is the average.

    Arguments and errors are those of :func:`regret_matching_plus`.
    """
    return _solve(
        "increasing predictive regret matching⁺",
        increasing,
        game,
        reference,
        tau,
        iterations,
        alternating,
        tolerance,
        every,
        callback,
        progress,
    )


class Player(NamedTuple):
    """What a player has: its regrets R, and the policy that it plays next."""

    regrets: Array
    policy: Array


Observe = Callable[[Player, Array], Player]


def plain(player: Player, gains: Array) -> Player:
    """RM⁺, having seen the gains of this iteration; with no regrets at all, the policy stays."""
    regrets = np.maximum(player.regrets + (gains - gains @ player.policy), 0.0)
    return Player(regrets, _proportional(regrets, player.policy))


def predictive(player: Player, gains: Array) -> Player:
    """PRM⁺."""
    instantaneous = gains - gains @ player.policy
    regrets = np.maximum(player.regrets + instantaneous, 0.0)
    return Player(regrets, _proportional(np.maximum(regrets + instantaneous, 0.0), player.policy))


def increasing(player: Player, gains: Array) -> Player:
    """PRM⁺ whose regrets' norm never falls."""
    before = float(np.linalg.norm(player.regrets))
    total = player.regrets + gains
    regrets = np.maximum(total - gains @ player.policy, 0.0)
    if np.linalg.norm(regrets) < before:
        regrets = on_sphere(total, before)
    return Player(regrets, _proportional(on_sphere(regrets + gains, float(np.linalg.norm(regrets))), player.policy))


def on_sphere(vector: Array, norm: float) -> Array:
    """``[v - γ 1]₊`` with γ such that its 2-norm is that given; exact, by sorting, in O(N log N)."""
    if norm == 0:
        return np.zeros_like(vector)
    top = float(vector.max())
    below = top - np.sort(vector)[::-1]  # from the largest entry: the k-th joins when γ <= top - below[k]
    number = np.arange(1, len(vector) + 1)
    first, second = np.cumsum(below), np.cumsum(below * below)
    # ‖[v - γ]₊‖² at γ = top - below[k], for k + 1 entries; it grows with k.
    reached = number * below * below - 2 * below * first + second
    k = int(np.searchsorted(reached, norm * norm, side="right")) - 1
    mean = first[k] / number[k]
    spread = second[k] / number[k] - mean * mean  # Σ (below - mean)² / k
    depth = mean + np.sqrt(max(norm * norm / number[k] - spread, 0.0))
    return np.asarray(np.maximum(vector - (top - depth), 0.0))


def _proportional(weights: Array, otherwise: Array) -> Array:
    total = weights.sum()
    return weights / total if total > 0 else otherwise


def alternately(game: PreferenceGame, observe: Observe, start: Array) -> Iterator[Iterate]:
    """Two players, each of which answers the other's newest policy."""
    nothing = np.zeros_like(start)
    first, second = Player(nothing, start), Player(nothing, start)
    policies, gains, total, t = nothing, nothing, 0.0, 0
    against_second = game.advantages(second.policy)
    while True:
        t += 1
        first = observe(first, against_second)
        against_first = game.advantages(first.policy)
        weight = float(t * t)
        policies = policies + weight * (first.policy + second.policy)
        gains = gains + weight * (against_first + against_second)
        total += 2 * weight
        second = observe(second, against_first)
        against_second = game.advantages(second.policy)
        last = (first.policy + second.policy) / 2
        yield Iterate(last, policies / total, (against_first + against_second) / 2, gains / total)


def simultaneously(game: PreferenceGame, observe: Observe, start: Array) -> Iterator[Iterate]:
    """One player against itself."""
    nothing = np.zeros_like(start)
    player = Player(nothing, start)
    policies, gains, total, t = nothing, nothing, 0.0, 0
    gain = game.advantages(player.policy)
    while True:
        t += 1
        weight = float(t * t)
        policies, gains, total = policies + weight * player.policy, gains + weight * gain, total + weight
        player = observe(player, gain)
        gain = game.advantages(player.policy)
        yield Iterate(player.policy, policies / total, gain, gains / total)


def _solve(
    method: str,
    observe: Observe,
    game: PreferenceGame,
    reference: ArrayLike | None,
    tau: float,
    iterations: int,
    alternating: bool,
    tolerance: float,
    every: int,
    callback: Callback | None,
    progress: bool | None,
) -> Equilibrium:
    unregularised(tau, method, "magnetic_mirror_descent")
    start = reference_of(reference, game)
    return run(
        game,
        (alternately if alternating else simultaneously)(game, observe, start),
        method=method,
        answer="average",
        iterations=iterations,
        tolerance=tolerance,
        reference=start,
        every=every,
        callback=callback,
        progress=progress,
    )
