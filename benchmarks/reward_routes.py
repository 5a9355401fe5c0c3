"""The routes of the reward study, for a batch of data sets at once: see ``reward_study.py`` for what they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from solvers.rewards.direct import margins, rewards

Array = NDArray[np.float64]

TAUS = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)  # downwards: the games are solved along them
PRIORS = (0.1, 1.0, 10.0, 100.0)
DESCENTS = (10, 30, 100, 300)
FIXED = (PRIORS.index(1.0), TAUS.index(0.1))
FIXED_DPO = (DESCENTS.index(100), TAUS.index(0.1))
REWARD, DPO, IPO, NASH, SMOOTHED = ROUTES = ("reward", "DPO", "IPO", "Nash", "Nash, smoothed by BT")
CERTIFIED = 1e-8  # the largest gap of a regularised game that counts as solved


def responses(utility: Array, reference: Array) -> Array:
    """``π ∝ μ exp(utility / τ)`` for every τ, ``(..., τ, N)``."""
    return np.stack([softmax(np.log(reference) + utility / tau, axis=-1) for tau in TAUS], axis=-2)


def equilibria(A: Array, reference: Array) -> Array:
    """The policies of the regularised symmetric games A for every τ, ``(..., τ, N)``.

    Newton's method on ``u = A π_u`` with ``π_u ∝ μ exp(u / τ)``, from the solution for the τ before. The Jacobian
    ``I - A (diag π - π πᵀ) / τ`` is regular, since skew times semi-definite has imaginary eigenvalues only, so halving
    the step always lowers |u - A π_u|. Raises ``ArithmeticError`` if a gap stays above CERTIFIED.
    """
    items = A.shape[-1]
    batch = A.shape[:-2]
    games = A.reshape(-1, items, items)
    logs = np.broadcast_to(np.log(reference), (*batch, items)).reshape(-1, items)
    u = np.zeros_like(logs)
    found = []
    for tau in TAUS:

        def residual(chosen: NDArray[np.intp], at: Array, tau: float = tau) -> tuple[Array, Array]:
            policy = softmax(logs[chosen] + at / tau, axis=-1)
            return policy, at - np.einsum("bij,bj->bi", games[chosen], policy)

        todo = np.arange(len(games))
        policy, miss = residual(todo, u)
        for _ in range(100):
            open_ = np.abs(miss).max(-1) > CERTIFIED / 100
            todo, policy, miss = todo[open_], policy[open_], miss[open_]
            if not todo.size:
                break
            covariance = np.eye(items) * policy[:, None, :] - policy[:, :, None] * policy[:, None, :]
            step = np.linalg.solve(np.eye(items) - games[todo] @ covariance / tau, -miss[..., None])[..., 0]
            length, before = np.ones((len(todo), 1)), rms_rows(miss)
            for _ in range(30):
                policy, miss = residual(todo, u[todo] + length * step)
                worse = rms_rows(miss) > (1 - 0.1 * length[:, 0]) * before
                if not worse.any():
                    break
                length[worse] /= 2
            u[todo] += length * step
        found.append(softmax(logs + u / tau, axis=-1))
        worst = gaps(games, np.exp(logs), found[-1], tau).max(initial=0.0)
        if not worst <= CERTIFIED:
            raise ArithmeticError(f"a game with τ = {tau:g} is solved to a gap of {worst:.1e} only")
    return np.stack(found, axis=-2).reshape(*batch, len(TAUS), items)


def rms_rows(x: Array) -> Array:
    return np.asarray(np.sqrt(np.mean(x**2, axis=-1)))


def gaps(A: Array, reference: Array, policy: Array, tau: float) -> Array:
    """``2τ [log Σ μ exp(A π / τ) + KL(π‖μ)]``: how far the policy is from the equilibrium of its game, >= 0."""
    gains = np.einsum("...ij,...j->...i", A, policy) / tau + np.log(reference)
    top = gains.max(-1, keepdims=True)
    best = top[..., 0] + np.log(np.exp(gains - top).sum(-1))
    ratio = np.log(np.maximum(policy, np.finfo(float).tiny)) - np.log(reference)
    return np.asarray(2 * tau * (best + (policy * ratio).sum(-1)))


def policies(counts: Array, reference: Array) -> dict[str, Array]:
    """The policies of every route, ``(..., settings, τ, N)``; a setting is a prior, or for DPO a number of steps."""
    mu = np.broadcast_to(reference[:, None, :], counts.shape[:-1])
    met = counts + np.swapaxes(counts, -1, -2)
    fitted = [rewards(counts, prior=prior) for prior in PRIORS]
    r = fitted[FIXED[0]]
    model = expit(r[..., :, None] - r[..., None, :])

    def games(towards: Array | float) -> Array:
        estimates = np.stack([(counts + k * towards) / (met + k) for k in PRIORS], axis=2)
        estimates[..., np.arange(counts.shape[-1]), np.arange(counts.shape[-1])] = 0.5
        return equilibria(estimates - 0.5, mu[:, :, None, :])

    return {
        REWARD: np.stack([responses(r, mu) for r in fitted], axis=2),
        DPO: np.stack([responses(r, mu) for r in descents(counts)], axis=2),
        IPO: np.stack([responses(margins(counts, prior=prior), mu) for prior in PRIORS], axis=2),
        NASH: games(0.5),
        SMOOTHED: games(model),
    }


def descents(counts: Array) -> Iterator[Array]:
    """DPO's implicit rewards after each number of steps."""
    for steps in DESCENTS:
        yield rewards(counts, steps=steps)


def limits(P: Array, coverage: Array, reference: Array) -> dict[str, Array]:
    """The policies of every route on endless data, ``(B, τ, N)``. DPO's is *reward*'s: that is where descent ends."""
    weights = coverage * P
    reward, game = responses(rewards(weights), reference), equilibria(P - 0.5, reference)
    ipo = responses(margins(weights), reference)
    return dict(zip(ROUTES, (reward, reward, ipo, game, game), strict=True))
