"""A Markov decision contest solved in rational arithmetic, with a certificate that anybody can check.

The program of :func:`solvers.games.solve_contest` with the numbers of the model and of the comparison as they are. Its
solution is an occupancy x, normalised, and values V with

    V(s) >= (φx)(s, a) + γ Σ P(s' | s, a) V(s')   for all s, a,     and   (1-γ) ι·V = 0,

so that every policy, of whatever memory, has ``d·φx <= (1-γ) ι·V = 0``: no policy beats this one, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from solvers.games.contests.decision_contest import require_model
from solvers.games.game import PreferenceGame, rational_rows, require_game
from solvers.rewards.linear import Program, maximise
from solvers.rewards.markov.markov_models import MarkovModel

ZERO, ONE = Fraction(0), Fraction(1)
LIMIT = 200  # state–action pairs; beyond, the rationals become too long


@dataclass(frozen=True, slots=True, eq=False)
class ExactContest:
    """policy: ``{state: {action: probability}}``; occupancy: ``{(state, action): x}``, of sum 1; values: V."""

    policy: Mapping[Any, Mapping[Any, Fraction]]
    occupancy: Mapping[tuple[Any, Any], Fraction]
    values: Mapping[Any, Fraction]


def exact_contest(model: MarkovModel, comparison: PreferenceGame) -> ExactContest:
    """A stationary policy that no policy beats, exactly; uniform in states that it never reaches.

    comparison: a game whose actions are the (state, action) pairs in the order of ``model.rows``; one of floats is
    taken to be the exact numbers that it stores. Raises ``TypeError`` for what is no model or no game,
    ``ValueError`` if the sizes differ or there are more than 200 pairs, :class:`solvers.rewards.linear.NotSolved` if no
    exact optimum was found.
    """
    require_model(model)
    require_game(comparison)
    pairs = list(product(model.states, model.actions))
    n, S = len(pairs), len(model.states)
    if comparison.size != n:
        raise ValueError(f"comparison: of {comparison.size} pairs; the model has {n}")
    if n > LIMIT:
        raise ValueError(f"the model has {n} state–action pairs, more than {LIMIT}: solve_contest solves it in floats")
    phi, gamma = rational_rows(comparison), model.discount
    place = {s: n + i for i, s in enumerate(model.states)}
    weak, flow = [], [dict[int, Fraction]() for _ in range(S)]
    for i, (s, a) in enumerate(pairs):
        row = {j: -phi[i][j] for j in range(n) if phi[i][j]}
        row[place[s]] = ONE
        flow[place[s] - n][i] = ONE
        for following, p in model.rows[s, a].items():
            row[place[following]] = row.get(place[following], ZERO) - gamma * p
            into = flow[place[following] - n]
            into[i] = into.get(i, ZERO) - gamma * p
        weak.append((tuple(row.items()), ZERO))
    start = [(1 - gamma) * model.start[s] for s in model.states]
    found = maximise(
        Program(
            {place[s]: -w for s, w in zip(model.states, start, strict=True)},
            [ZERO] * n + [None] * S,
            [None] * (n + S),
            weak,
            [(tuple(row.items()), w) for row, w in zip(flow, start, strict=True)],
        )
    )
    x = dict(zip(pairs, found.point[:n], strict=True))
    visits = {s: sum((x[s, a] for a in model.actions), ZERO) for s in model.states}
    even = Fraction(1, len(model.actions))
    return ExactContest(
        {s: {a: x[s, a] / visits[s] if visits[s] else even for a in model.actions} for s in model.states},
        x,
        dict(zip(model.states, found.point[n:], strict=True)),
    )
