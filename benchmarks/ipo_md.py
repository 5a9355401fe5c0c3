"""The propositions of IPO-MD (Calandriello et al. 2024, 2403.08635), by enumerating all pairs of answers.

The population loss, over pairs from a sampling policy m that is not differentiated, is

    L(θ; m) = Σ_{y, y'} m(y) m(y') [ P(y, y') (h(y, y') - 1/2τ)² + P(y', y) (h(y', y) - 1/2τ)² ],
    h(y, y') = log π(y)/μ(y) - log π(y')/μ(y'),   π = softmax(θ).

Online IPO samples from m = π, IPO-MD(β) from ``m = π^{1-β} μ^β``, normalised. Gradients are taken from this sum by
complex steps, which are exact to rounding; nothing of the algebra that the propositions do is used. Stationary points
are found by a root finder from random logits, and compared with Newton's equilibria of the games that they should be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from reproduction import comal, dice, normal_softmax, publish
from scipy.optimize import root
from scipy.special import expit, log_softmax, softmax
from tables import aligned

from solvers.games.building.generators import random_uniform_game
from solvers.games.game import PreferenceGame, exploitability
from solvers.games.payoffs import Array
from solvers.games.second_order.newton import regularised_equilibrium

TINY = 1e-30  # the complex step
BETAS = (0.0, 0.125, 0.5, 1.0)
TAUS = (1.0, 0.1)
STARTS = 20
Gradient = Callable[[Array], Array]


def log_policy(theta: Any) -> Any:
    """log softmax, of complex logits too."""
    top = np.real(theta).max()
    return theta - top - np.log(np.exp(theta - top).sum())


def complex_gradient(function: Callable[[Any], Any], theta: Array) -> Array:
    """∇f, from ``Im f(θ + iε e_k) / ε``: no cancellation."""
    steps = np.eye(len(theta)) * TINY * 1j
    return np.array([np.imag(function(theta + step)) / TINY for step in steps])


def mixture(theta: Array, mu: Array, beta: float) -> Array:
    """``π^{1-β} μ^β``, normalised."""
    return np.asarray(softmax((1 - beta) * log_softmax(theta) + beta * np.log(mu)))


def pairs(theta: Any, mu: Array) -> Any:
    """h(y, y') for all pairs."""
    ratio = log_policy(theta) - np.log(mu)
    return ratio[:, None] - ratio


def ipo_loss(theta: Any, sampled: Array, P: Array, mu: Array, tau: float) -> Any:
    """L(θ; m), over all pairs and both verdicts."""
    h = pairs(theta, mu)
    return (np.outer(sampled, sampled) * (P * (h - 0.5 / tau) ** 2 + P.T * (-h - 0.5 / tau) ** 2)).sum()


def dpo_loss(theta: Any, sampled: Array, P: Array, mu: Array, tau: float) -> Any:
    """The same with DPO's ``-log σ(τ h)`` for the square."""
    h = tau * pairs(theta, mu)
    return (np.outer(sampled, sampled) * (P * np.log(1 + np.exp(-h)) + P.T * np.log(1 + np.exp(h)))).sum()


def ipo_gradient(P: Array, mu: Array, tau: float, beta: float, loss: Callable[..., Any] = ipo_loss) -> Gradient:
    """∇L at θ, the sampling policy being that of θ but held."""
    return lambda theta: complex_gradient(lambda z: loss(z, mixture(theta, mu, beta), P, mu, tau), theta)


def self_play_gradient(P: Array, mu: Array, tau: float) -> Gradient:
    """∇ of ``P(π ≻ π') - τ KL(π‖μ)``, π' = π held: Nash-MD-PG with β = 0."""

    def value(theta: Any, held: Array) -> Any:
        log = log_policy(theta)
        return (np.exp(log) * (P @ held - tau * (log - np.log(mu)))).sum()

    return lambda theta: complex_gradient(lambda z: value(z, np.asarray(softmax(theta))), theta)


def field(P: Array, mu: Array, tau: float, beta: float, theta: Array, *, centred: bool) -> Array:
    """``E_{y ~ π'}[∇log π(y) (P(y ≻ π') - 1/2 - τ log π(y)/μ(y))]``, the last two less their mean if `centred`."""
    m = mixture(theta, mu, beta)
    log = log_softmax(theta)
    gains = P @ m - 0.5 - tau * (log - np.log(mu))
    gains = gains - (m @ gains if centred else 0.0)
    scores = np.eye(len(mu)) - np.exp(log)  # row y: ∇log π(y)
    return np.asarray((m * gains) @ scores)


def stationary(gradient: Gradient, mu: Array, beta: float, generator: np.random.Generator) -> list[Array]:
    """The policies with mass everywhere at which the gradient vanishes, from random logits.

    The root finder sees ∇L divided by m: ∇L itself vanishes at every vertex, where nothing else is sampled.
    """
    found = []
    for _ in range(STARTS):
        start = generator.standard_normal(len(mu))
        answer = root(lambda z: gradient(z) / mixture(z, mu, beta), start, method="lm", options={"xtol": 1e-14})
        if answer.success and np.abs(answer.fun).max() < 1e-9:
            found.append(np.asarray(softmax(answer.x)))
    return found


def fixed_point(game: PreferenceGame, mu: Array, tau: float, beta: float) -> Array:
    """π*_β by Proposition 5.2: the best response to the equilibrium with weight τ/(1 - β); to μ itself if β = 1."""
    mixed = mu
    if beta < 1:
        mixed = regularised_equilibrium(game, mu, tau / (1 - beta), tolerance=1e-14, progress=False).policy
    return np.asarray(softmax(np.log(mu) + game.advantages(mixed) / tau))


def bradley_terry(size: int, generator: np.random.Generator) -> tuple[Array, PreferenceGame]:
    """Rewards, and the game of the chances that they give."""
    rewards = generator.standard_normal(size)
    return rewards, PreferenceGame(expit(rewards[:, None] - rewards))


def dpo_at(game: PreferenceGame, policy: Array, mu: Array, tau: float) -> float:
    """The largest entry of online DPO's gradient at a policy."""
    gradient = ipo_gradient(game.preferences, mu, tau, 0.0, dpo_loss)
    return float(np.abs(gradient(np.log(policy))).max())


HEADER = ("game", "τ", "β", "roots", "π*_β differs", "gap of its mixture", "5.1, centred", "5.1, plain")


def document(quick: bool, chart: Path) -> tuple[list[str], bool]:
    generator = np.random.default_rng(2403)
    games = {"COMAL's": comal(), "uniform, 3": random_uniform_game(3, generator)}
    if not quick:
        games["uniform, 5"] = random_uniform_game(5, generator)
    rows, right, most, self_play = [], True, 0.0, 0.0
    for name, game in games.items():
        P, mu = game.preferences, normal_softmax(game.size, generator)
        for tau in TAUS:
            theta = generator.standard_normal(game.size)
            online = ipo_gradient(P, mu, tau, 0.0)(theta)
            self_play = max(self_play, np.abs(online + 4 / tau * self_play_gradient(P, mu, tau)(theta)).max())
            for beta in BETAS:
                gradient = ipo_gradient(P, mu, tau, beta)
                roots, goal = stationary(gradient, mu, beta, generator), fixed_point(game, mu, tau, beta)
                off = max(float(np.abs(x - goal).max()) for x in roots)
                most = max(most, off)
                gap = "(μ)"
                if beta < 1:
                    mixed = mixture(np.log(roots[0]), mu, beta)
                    gap = f"{abs(exploitability(game, mixed, reference=mu, tau=tau / (1 - beta))):.0e}"
                found = gradient(theta)
                misses = [
                    float(
                        np.abs(found + 4 / tau * field(P, mu, tau, beta, theta, centred=c)).max() / np.abs(found).max()
                    )
                    for c in (True, False)
                ]
                right = right and off < 1e-8 and misses[0] < 1e-10
                said = f"{len(roots)} of {STARTS}", f"{off:.0e}", gap, *(f"{x:.0e}" for x in misses)
                rows.append((name, f"{tau:g}", f"{beta:g}", *said))

    two = {p: PreferenceGame([[0.5, p], [1 - p, 0.5]]) for p in (0.5, 0.7)}
    half = np.full(2, 0.5)
    at_nash = {
        p: dpo_at(g, regularised_equilibrium(g, half, 0.1, progress=False).policy, half, 0.1) for p, g in two.items()
    }
    rewards, transitive = bradley_terry(5, generator)
    mu = normal_softmax(5, generator)
    at_rlhf = dpo_at(transitive, np.asarray(softmax(np.log(mu) + rewards / 0.5)), mu, 0.5)
    third = np.full(3, 1 / 3)
    at_dice = dpo_at(dice(), third, third, 0.1)
    right = right and self_play < 1e-9 and at_nash[0.5] < 1e-12 < 1e-3 < at_nash[0.7] and max(at_rlhf, at_dice) < 1e-12
    lines = [
        "# IPO-MD's propositions, by enumeration",
        "",
        "2403.08635. Gradients are those of the population losses, a sum over all pairs of answers, by complex steps.",
        f"roots: how many of {STARTS} random logits led a root finder to a policy with mass everywhere at which",
        "∇L(θ; m) vanishes; π*_β differs: the largest difference of any of them from the best response to Newton's",
        "equilibrium for τ/(1 - β). gap: of π*_β's mixture with the reference (softmax of a standard normal), in the",
        "game regularised by τ/(1 - β). β = 1 samples from the reference alone. 5.1: by how much the gradient at",
        "random logits differs, relatively, from `-(4/τ) E_{y ~ π'} [∇log π(y) (P(y ≻ π') - 1/2 - τ log π(y)/μ(y))]`;",
        "centred: with the bracket less its mean under π'.",
        "",
        *aligned(HEADER, rows, range(1, len(HEADER))),
        "",
        "* Proposition 4.1 (β = 0: the stationary point of online IPO is the regularised Nash policy), (13) and 5.2",
        f"  (the mixture is Nash for τ/(1 - β)): all roots are that policy, to {most:.0e}.",
        f"* Proposition 4.2 (online IPO's gradient is self-play's, times -4/τ): to {self_play:.0e}.",
        "* Proposition 5.1: exact with the centred bracket. Without the mean it holds for β = 0 only, as the mean of",
        "  ∇log π under π' is not 0 for β > 0; the stationary points of the loss are (13)'s all the same. (The factor",
        "  is 4/τ for the loss as it is written here; the statement was read in secondary sources, the paper itself",
        "  was not at hand.)",
        "* Online DPO is no Nash method (theorem F.6): at the Nash policy of two answers, p = .7, its gradient is",
        f"  {at_nash[0.7]:.2g}, and {at_nash[0.5]:.0e} for p = .5. It vanishes at the RLHF policy of a Bradley–Terry",
        f"  model (theorem F.7: {at_rlhf:.0e}), and for dice with the uniform reference (remark F.8: {at_dice:.0e}).",
        "",
        "All as published, 5.1 with the mean." if right else "DISAGREES.",
    ]
    return lines, right


if __name__ == "__main__":
    sys.exit(publish(__doc__, "ipo_md", document))
