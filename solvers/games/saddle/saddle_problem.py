"""Convex–concave games: ``F(x, y) = f(x, y) - R(x) + S(y)``, concave in the policy x and convex in the policy y.

The first player maximises F, the second minimises it. f is the user's smooth part, with its value and both gradients;
R and S are *penalties*, which are known in closed form, weight τ and reference μ:

    kl    τ Σ x_i log (x_i / μ_i)          (the entropy bonus -τ H(x) up to a constant, for uniform μ)
    chi2  τ Σ (x_i - μ_i)² / μ_i

A penalty is needed for what is not smooth on the boundary of the simplex, KL, and pays elsewhere, as its best reply is
exact: the dual bounds that :func:`duality_gap` uses are those of ``max_X c·x - R(x)`` below.
Risk: what a user may want to penalise is that x wins against some opponents and loses to others. With y the
distribution of opponents and ``p = Aᵀx`` the advantages against each, ``y·p - λ Var_y(p)`` is concave in x (a variance
is convex in p) and convex in y (a variance is concave in the distribution), and ``Σ_j y_j u(p_j + 1/2)`` with a concave
utility u is concave in x and linear in y. ``u(xᵀPy)`` itself is not convex in y, nor is the win rate less a variance
over judges: those are no convex–concave games. The conditional value at risk of p over y is one, but as y is free to
choose the worst opponents itself, ``min_y CVaR_y(p) = min_j p_j``, its game is the plain one.
Sources: Sion 1958; Munos et al. 2024 (2312.00886) for KL; Huang et al. 2024 (2407.13399) for χ².
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import rel_entr

from solvers.arguments import real_array, real_number, require_generator, whole_number
from solvers.games.game import PreferenceGame, everywhere_positive, policy_of, positive, reference_of
from solvers.games.payoffs import Array
from solvers.games.saddle.polytope import Maximum, Polytope, entropic_maximum, linear_maximum

Value = Callable[[Array, Array], float]
Gradient = Callable[[Array, Array], Array]
ROUNDING = 1e-9


class NotConvexConcave(ValueError):
    """A function was seen not to be concave in x, or not convex in y, or its gradient is not its gradient."""


@dataclass(frozen=True, slots=True, eq=False)
class Penalty:
    """``weight · D(x‖reference)``, D the KL or the χ² divergence. reference: a policy with mass everywhere."""

    kind: Literal["kl", "chi2"]
    weight: float
    reference: Array

    def __post_init__(self) -> None:
        if self.kind not in ("kl", "chi2"):
            raise ValueError(f"kind must be 'kl' or 'chi2', got {self.kind!r}")
        object.__setattr__(self, "weight", positive(self.weight, "weight"))
        given = real_array(self.reference, "reference")
        mu = everywhere_positive(given, given.size)
        mu.setflags(write=False)
        object.__setattr__(self, "reference", mu)

    def value(self, x: Array) -> float:
        """What is subtracted from the player's payoff at policy x."""
        if self.kind == "kl":
            return self.weight * float(rel_entr(x, self.reference).sum())
        return self.weight * float(((x - self.reference) ** 2 / self.reference).sum())


@dataclass(frozen=True, slots=True, eq=False)
class SaddleProblem:
    """``max_x min_y f(x, y) - R(x) + S(y)``.

    shape: the numbers (n, m) of the first and the second player's actions. value, gradient_x, gradient_y: f(x, y) and
    its gradients, (n,) and (m,), at policies x (n,) and y (m,); f must be concave in x and convex in y, and finite on
    all policies. x_penalty, y_penalty: R and S. x_polytope, y_polytope: what restricts the players; ``None``: nothing.
    value, gradient_x, gradient_y are called with read-only float64 arrays and must answer in float64 precision; lists
    will do. Raises ``ValueError`` where sizes do not fit, ``TypeError`` for what is no function. What the functions
    answer is looked at when they are called; whether f is concave–convex with these gradients by :func:`duality_gap`
    and, on request, by :func:`check_gradients` and :func:`check_convex_concave`.
    """

    shape: tuple[int, int]
    value: Value
    gradient_x: Gradient
    gradient_y: Gradient
    x_penalty: Penalty | None = None
    y_penalty: Penalty | None = None
    x_polytope: Polytope | None = None
    y_polytope: Polytope | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.shape, tuple) or len(self.shape) != 2:
            raise TypeError(f"shape must be a pair, the numbers of both players' actions, got {self.shape!r}")
        n, m = (whole_number(size, "shape", 1) for size in self.shape)
        object.__setattr__(self, "shape", (n, m))
        for name in ("value", "gradient_x", "gradient_y"):
            if not callable(getattr(self, name)):
                raise TypeError(f"{name} must be a function of x (n,) and y (m,), got {getattr(self, name)!r}")
        for player, size in (("x", n), ("y", m)):
            penalty, polytope = getattr(self, f"{player}_penalty"), getattr(self, f"{player}_polytope")
            if not isinstance(penalty, Penalty | None) or not isinstance(polytope, Polytope | None):
                raise TypeError(f"{player}_penalty and {player}_polytope: give a Penalty and a Polytope, or None")
            if penalty is not None and len(penalty.reference) != size:
                raise ValueError(f"{player}_penalty: its reference has {len(penalty.reference)} actions, not {size}")
            if polytope is None:
                object.__setattr__(self, f"{player}_polytope", Polytope(size))
            elif polytope.size != size:
                raise ValueError(f"{player}_polytope: has {polytope.size} actions, not {size}")

    def total(self, x: Array, y: Array) -> float:
        """F(x, y), penalties included."""
        value = value_at(self, x, y)
        if self.x_penalty is not None:
            value -= self.x_penalty.value(x)
        if self.y_penalty is not None:
            value += self.y_penalty.value(y)
        return value


def require_problem(problem: object) -> SaddleProblem:
    """The problem itself; ``TypeError`` for anything else, a bare matrix above all."""
    if not isinstance(problem, SaddleProblem):
        raise TypeError(
            f"problem must be a SaddleProblem, got {type(problem).__name__}: bilinear_problem(M) or "
            "regularised_problem(game, tau) makes one"
        )
    return problem


def value_at(problem: SaddleProblem, x: Array, y: Array) -> float:
    """f(x, y), or an error if it is no finite number."""
    value = real_number(problem.value(x, y), "value(x, y)")
    if not np.isfinite(value):
        raise ValueError(f"value(x, y): is not finite, {value}; f must be on all policies")
    return value


def gradients_at(problem: SaddleProblem, x: Array, y: Array) -> tuple[Array, Array]:
    """Both gradients of f at (x, y), or an error if they are no finite numbers, or too few or many."""
    return _gradient_at(problem, "gradient_x", x, y, x.shape), _gradient_at(problem, "gradient_y", x, y, y.shape)


def _gradient_at(problem: SaddleProblem, name: str, x: Array, y: Array, shape: tuple[int, ...]) -> Array:
    given: Any = getattr(problem, name)(x, y)
    gradient = real_array(given, f"{name}(x, y)")
    if gradient.shape != shape:
        raise ValueError(f"{name}(x, y): has shape {gradient.shape}; give {shape}")
    if not np.isfinite(gradient).all():
        raise ValueError(f"{name}(x, y): is not finite; f must have gradients on all policies")
    return gradient


# -- ready-made games -----------------------------------------------------------------------------------------------


def bilinear_problem(
    payoffs: ArrayLike,
    *,
    x_penalty: Penalty | None = None,
    y_penalty: Penalty | None = None,
    x_polytope: Polytope | None = None,
    y_polytope: Polytope | None = None,
) -> SaddleProblem:
    """``xᵀ M y`` with penalties and polytopes; payoffs: M, (n, m), what the first player gains.

    Raises ``ValueError``/``TypeError`` for what is no finite matrix, or penalties and polytopes of other sizes.
    """
    M = _matrix(payoffs, "payoffs")
    return SaddleProblem(
        (M.shape[0], M.shape[1]),
        lambda x, y: float(x @ M @ y),
        lambda x, y: np.asarray(M @ y),
        lambda x, y: np.asarray(M.T @ x),
        x_penalty,
        y_penalty,
        x_polytope,
        y_polytope,
    )


def regularised_problem(
    game: PreferenceGame,
    weight: float,
    reference: ArrayLike | None = None,
    *,
    kind: Literal["kl", "chi2"] = "kl",
    polytope: Polytope | None = None,
) -> SaddleProblem:
    """``xᵀAy - τ D(x‖μ) + τ D(y‖μ)``, antisymmetric, of value 0; both players restricted to the same polytope.

    weight: τ > 0. reference: μ; uniform if ``None``, which for KL is entropy regularisation. Raises ``TypeError`` for
    what is no game, ``ValueError`` for τ, a reference without mass somewhere, or a polytope of another size.
    """
    penalty = Penalty(kind, weight, reference_of(reference, game))
    return SaddleProblem(
        (game.size, game.size),
        lambda x, y: float(x @ game.advantages(y)),
        lambda x, y: game.advantages(y),
        lambda x, y: -game.advantages(x),
        penalty,
        penalty,
        polytope,
        polytope,
    )


def mean_variance_problem(
    payoffs: ArrayLike,
    risk_aversion: float,
    *,
    x_penalty: Penalty | None = None,
    y_penalty: Penalty | None = None,
    x_polytope: Polytope | None = None,
    y_polytope: Polytope | None = None,
) -> SaddleProblem:
    """``y·p - λ Var_{j ~ y}(p_j)`` with ``p = Mᵀx``: a win rate less λ times its variance over the opponents.

    payoffs: M, (n, m). risk_aversion: λ >= 0, in 1 / units of M. Raises as :func:`bilinear_problem`, and ``ValueError``
    for a λ that is negative or not finite.
    """
    M = _matrix(payoffs, "payoffs")
    weight = real_number(risk_aversion, "risk_aversion")
    if not 0 <= weight < np.inf:
        raise ValueError(f"risk_aversion: must be finite and not negative, got {risk_aversion}")

    def value(x: Array, y: Array) -> float:
        p = M.T @ x
        mean = float(y @ p)
        return mean - weight * float(y @ (p - mean) ** 2)

    def gradient_x(x: Array, y: Array) -> Array:
        p = M.T @ x
        return np.asarray(M @ (y * (1 - 2 * weight * (p - y @ p))))

    def gradient_y(x: Array, y: Array) -> Array:
        p = M.T @ x
        return np.asarray(p - weight * (p**2 - 2 * float(y @ p) * p))

    return SaddleProblem(
        (M.shape[0], M.shape[1]), value, gradient_x, gradient_y, x_penalty, y_penalty, x_polytope, y_polytope
    )


def log_utility_problem(
    preferences: ArrayLike,
    floor: float,
    *,
    x_penalty: Penalty | None = None,
    y_penalty: Penalty | None = None,
    x_polytope: Polytope | None = None,
    y_polytope: Polytope | None = None,
) -> SaddleProblem:
    """``Σ_j y_j log(floor + (Pᵀx)_j)``: the expected log-utility of the probability to win against the opponent j.

    preferences: P, (n, m), probabilities. floor: > 0, so that the utility of never winning is finite. Raises
    as :func:`bilinear_problem`, and ``ValueError`` for what is no probability, or a floor that is not positive.
    """
    P = _matrix(preferences, "preferences")
    if not ((P >= 0) & (P <= 1)).all():
        raise ValueError("preferences: must be probabilities, in [0, 1]")
    least = positive(floor, "floor")
    return SaddleProblem(
        (P.shape[0], P.shape[1]),
        lambda x, y: float(y @ np.log(least + P.T @ x)),
        lambda x, y: np.asarray(P @ (y / (least + P.T @ x))),
        lambda x, y: np.asarray(np.log(least + P.T @ x)),
        x_penalty,
        y_penalty,
        x_polytope,
        y_polytope,
    )


def _matrix(values: ArrayLike, name: str) -> Array:
    M = real_array(values, name)
    if M.ndim != 2 or not M.size or not np.isfinite(M).all():
        raise ValueError(f"{name}: has shape {M.shape}; give a finite matrix of at least one row and column")
    return M


# -- best replies ---------------------------------------------------------------------------------------------------


def best_reply(polytope: Polytope, c: Array, penalty: Penalty | None, start: Array | None = None) -> Maximum:
    """``max_X c·x - R(x)`` with a rigorous upper bound; start: multipliers to begin with."""
    if penalty is None:
        return linear_maximum(polytope, c)
    if penalty.kind == "kl":
        logs = np.where(polytope.interior > 0, np.log(penalty.reference), -np.inf)
        return entropic_maximum(polytope, c, penalty.weight, logs, start)[1]
    if polytope.free:
        x, bound = _chi2_maximum(c, penalty)
        return Maximum(x, bound, np.zeros(0))
    C, b, weak = polytope.rows, polytope.bounds, len(polytope.h)

    def dual(kappa: Array) -> tuple[float, Array]:
        x, bound = _chi2_maximum(c - C.T @ kappa, penalty)
        return bound + float(kappa @ b), b - C @ x

    found = minimize(
        dual,
        np.zeros(len(b)) if start is None else start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * weak + [(None, None)] * (len(b) - weak),
        options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 1000},
    )
    kappa = np.asarray(found.x)
    return Maximum(_chi2_maximum(c - C.T @ kappa, penalty)[0], dual(kappa)[0], kappa)


def _chi2_maximum(c: Array, penalty: Penalty) -> tuple[Array, float]:
    """``max c·x - τ Σ (x - μ)²/μ`` over the simplex: x = μ [1 + (c - λ)/(2τ)]₊, λ by sorting; the dual value at λ."""
    tau, mu = penalty.weight, penalty.reference
    order = np.argsort(-c)
    mass, sums = np.cumsum(mu[order]), np.cumsum((mu * c)[order])
    # with the first k actions: Σ μ (1 + (c - λ)/2τ) = 1
    levels = (sums + 2 * tau * (mass - 1)) / mass
    inside = np.flatnonzero(c[order] + 2 * tau > levels)
    level = float(levels[inside[-1]])
    x = mu * np.maximum(1 + (c - level) / (2 * tau), 0)
    bound = level + float(((c - level) * x - tau * (x - mu) ** 2 / mu).sum())
    return x / x.sum(), bound


# -- is it what it should be? ---------------------------------------------------------------------------------------


def check_gradients(problem: SaddleProblem, generator: np.random.Generator, *, samples: int = 5) -> float:
    """Compares both gradients of f with central differences along differences of policies; the largest relative error.

    Raises :class:`NotConvexConcave`, naming the gradient, if it is beyond 1e-5, ``ValueError``/``TypeError`` for what
    is no gradient.
    """
    worst = 0.0
    for x, y, other_x, other_y in _draws(problem, generator, samples):
        up, down = gradients_at(problem, x, y)
        for name, gradient, towards in (("gradient_x", up, other_x - x), ("gradient_y", down, other_y - y)):
            t = 1e-5
            step_x, step_y = (t * towards, 0.0) if name == "gradient_x" else (0.0, t * towards)
            slope = (value_at(problem, x + step_x, y + step_y) - value_at(problem, x - step_x, y - step_y)) / (2 * t)
            said = float(gradient @ towards)
            error = abs(said - slope) / max(1e-3, abs(slope), abs(said))
            if not error <= 1e-5:
                raise NotConvexConcave(f"{name}: says {said:.6g} along a direction where f rises by {slope:.6g}")
            worst = max(worst, error)
    return worst


def check_convex_concave(problem: SaddleProblem, generator: np.random.Generator, *, samples: int = 100) -> None:
    """Looks for chords that show that f is not concave in x or not convex in y; raises :class:`NotConvexConcave`.

    Penalties are convex by construction. Not to find one is no proof.
    """
    for x, y, other_x, other_y in _draws(problem, generator, samples):
        for name, sign, ends, middle in (
            (
                "concave in x",
                1.0,
                (value_at(problem, x, y), value_at(problem, other_x, y)),
                value_at(problem, (x + other_x) / 2, y),
            ),
            (
                "convex in y",
                -1.0,
                (value_at(problem, x, y), value_at(problem, x, other_y)),
                value_at(problem, x, (y + other_y) / 2),
            ),
        ):
            below = sign * (sum(ends) / 2 - middle)
            if not below <= ROUNDING * max(1.0, *map(abs, ends)):
                raise NotConvexConcave(
                    f"f is not {name}: between two policies its middle misses the chord by {below:.3g}"
                )


def _draws(
    problem: SaddleProblem, generator: np.random.Generator, samples: int
) -> list[tuple[Array, Array, Array, Array]]:
    require_generator(generator)
    n, m = require_problem(problem).shape
    draws = []
    for k in range(whole_number(samples, "samples", 1)):
        # flat and peaked policies in turn: curvature of the wrong sign may show near the vertices only
        share = 1.0 if k % 2 else 0.2
        x, other_x = generator.dirichlet(np.full(n, share), 2)
        y, other_y = generator.dirichlet(np.full(m, share), 2)
        mix = 0.01  # so that central differences stay inside
        x, y = (1 - mix) * x + mix / n, (1 - mix) * y + mix / m
        draws.append((x, y, (1 - mix) * other_x + mix / n, (1 - mix) * other_y + mix / m))
    return draws


def policies_of(problem: SaddleProblem, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Both players' policies as float64, or ``ValueError``."""
    n, m = require_problem(problem).shape
    return policy_of(x, n, "x"), policy_of(y, m, "y")
