"""The von Neumann winner among the policies of a polytope: a linear program with a certificate of best replies.

For ``X = {π in the simplex: G π <= h, E π = f}`` (policies that an appeal to fairness, safety or a parameterisation
allows), π is a winner of X if no policy of X beats it: ``max_{ν in X} νᵀAπ <= 0``. The inner maximum is dualised,

    min  λ·h + ρ·f + v    over  π in X, λ >= 0, ρ, v   with   v 1 + Gᵀλ + Eᵀρ >= Aπ,

whose value is 0 by symmetry. The gap over X, ``2 max_{ν in X} νᵀAπ``, is recomputed from π, bounded by the multipliers
of a second linear program. The unrestricted gap of such a policy is in general positive.
Example (Munos et al. 2024, 2312.00886, appendix): Bradley–Terry scores (0, log 9, log 2) and π(y1) = 2 π(y2): the
policy of the best mean score, (2/3, 1/3, 0), loses to (0, 0, 1), which wins with probability 50/99 (it with 49/99).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linprog

from prefcore.distribution import exact
from prefcore.systems import Row
from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, policy_of, positive, rational_rows, require_game
from solvers.games.payoffs import require_memory
from solvers.games.saddle.polytope import Polytope, linear_maximum, require_in, require_polytope
from solvers.rewards.linear import Program, maximise

ZERO, ONE = Fraction(0), Fraction(1)
LIMIT = 500  # actions and constraints: some ten seconds; beyond, the rationals become too long


def constrained_winner(game: PreferenceGame, polytope: Polytope, tolerance: float = 1e-9) -> Equilibrium:
    """A policy of the polytope that no policy of the polytope beats.

    Returns an :class:`Equilibrium` whose gap is the one over the polytope (:func:`constrained_gap`); tolerance is
    absolute, in units of the game's payoffs. Raises ``TypeError`` for what is no game or no polytope, ``ValueError`` if
    the sizes differ, ``GameTooLarge`` if the program would not fit.
    """
    within = positive(tolerance, "tolerance")
    _require_size(game, polytope)
    n, k, m = game.size, len(polytope.h), len(polytope.f)
    require_memory(4 * n * (n + k + m), f"the linear program of {n:,} actions")
    A = game.matrix
    scale = float(np.abs(A).max()) or 1.0
    # unknowns: π, λ, ρ, v
    replies = np.hstack([A / scale, -polytope.G.T, -polytope.E.T, -np.ones((n, 1))])
    inside = np.hstack([polytope.G, np.zeros((k, k + m + 1))])
    equal = np.vstack(
        [
            np.hstack([polytope.E, np.zeros((m, k + m + 1))]),
            np.hstack([np.ones(n), np.zeros(k + m + 1)]),
        ]
    )
    found = linprog(
        np.concatenate([np.zeros(n), polytope.h, polytope.f, [1.0]]),
        A_ub=np.vstack([replies, inside]),
        b_ub=np.concatenate([np.zeros(n), polytope.h]),
        A_eq=equal,
        b_eq=np.append(polytope.f, 1.0),
        bounds=[(0, None)] * (n + k) + [(None, None)] * (m + 1),
        method="highs",
    )
    if found.x is None:  # both sides are feasible, so HiGHS failed; the inside of X is the best there is
        policy, reason = polytope.interior, f"HiGHS: {found.message}"
    else:
        policy, reason = np.maximum(found.x[:n], 0), f"the gap of HiGHS's policy was not within {within:g}"
        policy /= policy.sum()
    gap = constrained_gap(game, polytope, policy)
    return Equilibrium(
        policy=policy,
        gap=gap,
        converged=gap <= within,
        iterations=int(found.nit),
        method="linear program over a polytope",
        tolerance=within,
        history=np.array([gap]),
        reason="" if gap <= within else reason,
        last=policy,
        last_gap=gap,
    )


def constrained_gap(game: PreferenceGame, polytope: Polytope, policy: ArrayLike) -> float:
    """``2 max_{ν in X} νᵀAπ``, an upper bound from multipliers.

    Raises ``TypeError`` for what is no game or no polytope, ``ValueError`` unless π is a policy of X.
    """
    _require_size(game, polytope)
    pi = policy_of(policy, game.size)
    require_in(polytope, pi, "policy")
    return 2 * linear_maximum(polytope, game.advantages(pi)).bound


@dataclass(frozen=True, slots=True, eq=False)
class ExactConstrained:
    """A policy of the polytope, with the multipliers that prove it: ``Gᵀλ + Eᵀρ + v >= Aπ``, ``λ·h + ρ·f + v = 0``.

    So every ν of the polytope has ``νᵀAπ <= λ·h + ρ·f + v = 0``: none beats π, exactly.
    """

    policy: tuple[Fraction, ...]
    weak: tuple[Fraction, ...]
    equal: tuple[Fraction, ...]
    level: Fraction


def exact_constrained_winner(
    game: PreferenceGame,
    *,
    G: Sequence[Sequence[Any]] = (),
    h: Sequence[Any] = (),
    E: Sequence[Sequence[Any]] = (),
    f: Sequence[Any] = (),
) -> ExactConstrained:
    """A winner among the policies with ``G π <= h`` and ``E π = f``, in rational arithmetic.

    Numbers are int, Fraction, Decimal, "1/3", or floats, which are the exact numbers that they store, as are those of
    a game of floats. Raises ``ValueError`` for shapes, an empty polytope, or more than 500 actions and constraints,
    ``TypeError`` for what is no game, ``NotSolved`` if no exact basis was found.
    """
    n, k, m = require_game(game).size, len(G), len(E)
    if n + k + m > LIMIT:
        raise ValueError(
            f"the game has {n} actions and there are {k + m} constraints, together more than {LIMIT}: "
            "constrained_winner solves it in floats"
        )
    for name, rows, of, bounds in (("G", G, "h", h), ("E", E, "f", f)):
        if len(rows) != len(bounds) or any(len(row) != n for row in rows):
            raise ValueError(f"{name} and {of}: give rows of {n}, and a bound for each")
    upper = [[exact(value, f"G[{i}]") for value in row] for i, row in enumerate(G)]
    equal = [[exact(value, f"E[{i}]") for value in row] for i, row in enumerate(E)]
    most, right = [exact(value, "h") for value in h], [exact(value, "f") for value in f]
    Polytope(n, *_in_floats(upper, most), *_in_floats(equal, right))  # raises if it is empty
    # The program has each row over its largest coefficient, and none that bounds nothing; its multipliers are mended.
    kept = [r for r in range(k) if most[r] < _unit(upper[r])]
    units = [_unit(upper[r]) for r in kept] + [_unit(row) for row in equal]
    upper, most = _over([upper[r] for r in kept], [most[r] for r in kept])
    equal, right = _over(equal, right)
    every, k = k, len(kept)
    weak: list[Row] = []
    for i, row in enumerate(rational_rows(game)):
        terms = [(j, -a) for j, a in enumerate(row) if a]
        terms += [(n + r, upper[r][i]) for r in range(k) if upper[r][i]]
        terms += [(n + k + r, equal[r][i]) for r in range(m) if equal[r][i]]
        weak.append(((*terms, (n + k + m, ONE)), ZERO))
    weak += [(tuple((j, -g) for j, g in enumerate(row) if g), -b) for row, b in zip(upper, most, strict=True)]
    flat: list[Row] = [(tuple((j, e) for j, e in enumerate(row) if e), b) for row, b in zip(equal, right, strict=True)]
    flat.append((tuple((j, ONE) for j in range(n)), ONE))
    costs = dict(enumerate([*most, *right, ONE], n))
    found = maximise(
        Program(
            {j: -c for j, c in costs.items()},
            [ZERO] * (n + k) + [None] * (m + 1),
            [None] * (n + k + m + 1),
            weak,
            flat,
        )
    )
    x = found.point
    weights = [value / unit for value, unit in zip(x[n : n + k + m], units, strict=True)]
    multipliers = dict(zip(kept, weights[:k], strict=True))
    return ExactConstrained(x[:n], tuple(multipliers.get(r, ZERO) for r in range(every)), tuple(weights[k:]), x[-1])


def _unit(row: Sequence[Fraction]) -> Fraction:
    return max(map(abs, row)) or ONE


def _over(rows: list[list[Fraction]], bounds: list[Fraction]) -> tuple[list[list[Fraction]], list[Fraction]]:
    units = [_unit(row) for row in rows]
    scaled = [[value / unit for value in row] for row, unit in zip(rows, units, strict=True)]
    return scaled, [b / unit for b, unit in zip(bounds, units, strict=True)]


def _in_floats(rows: list[list[Fraction]], bounds: list[Fraction]) -> tuple[Any, Any]:
    """Rows over their largest coefficients, which may be beyond all floats; a bound of 2 is beyond all policies."""
    if not rows:
        return None, None
    scaled, over = _over(rows, bounds)
    return [[float(v) for v in row] for row in scaled], [float(max(min(b, 2 * ONE), -2 * ONE)) for b in over]


def _require_size(game: PreferenceGame, polytope: Polytope) -> None:
    if require_game(game).size != require_polytope(polytope).size:
        raise ValueError(f"polytope: is one of policies over {polytope.size} actions; the game has {game.size}")
