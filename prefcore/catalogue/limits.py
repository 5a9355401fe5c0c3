"""Limits first: risk that must not be, chances that must be small, constraints.

Each has a measure ``v >= 0`` of the violation, zero for the feasible lotteries: less of it is better, and where there
is none, a payoff decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, payoff_of, share_of
from prefcore.catalogue.objectives import Constraint, Objective
from prefcore.distribution import Event, Number, Payoff, indicator, payoff_at
from prefcore.tracing import maximum


def excess_risk(penalty: Mapping[Any, Number] | Payoff, payoff: Payoff) -> AnyRelation:
    """Less expected penalty first; if both are zero, more expected payoff; if equal and positive, indifferent.

    `penalty` is non-negative; outcomes absent from a mapping have none. [CPP24] has it as a consistent relation that
    no reward and no vector of rewards expresses.
    """
    payoff_of(penalty, "penalty")
    u = payoff_of(payoff)

    def cost(outcome: Any) -> Fraction:
        absent = isinstance(penalty, Mapping) and outcome not in penalty
        value = Fraction(0) if absent else payoff_at(penalty, outcome)
        if value < 0:
            raise ValueError(f"the penalty of outcome {outcome!r} is negative: {value}")
        return value

    def order(A: Any, B: Any) -> Any:
        a, b = A.expect(cost), B.expect(cost)
        return (a > b) | ((a == b) & ((a > 0) | (A.expect(u) <= B.expect(u))))

    return named("excess_risk", order)


def chance_constraint(event: Event, limit: Number, payoff: Payoff) -> AnyRelation:
    """Feasible, ``P(event) <= limit``, beats infeasible; feasible by expected payoff, infeasible by less ``P(event)``.

    [Charnes and Cooper 1959].
    """
    indicator(event)
    bound = share_of(limit, "limit")
    u = payoff_of(payoff)

    def order(A: Any, B: Any) -> Any:
        a, b = A.prob(event), B.prob(event)
        return ((b <= bound) & ((a > bound) | (A.expect(u) <= B.expect(u)))) | ((a > bound) & (b > bound) & (b <= a))

    return named("chance_constraint", order)


def constrained(constraints: Sequence[Constraint], objective: Objective) -> AnyRelation:
    """Constrained optimisation, feasible first [Deb 2000].

    A feasible lottery, which meets all `constraints` (:func:`at_most`, :func:`at_least`), beats an infeasible one; two
    feasible ones compare by the objective; two infeasible ones by the smaller sum of their violations
    ``max(0, excess)``, and are indifferent if those are equal.
    """
    if not isinstance(constraints, Sequence) or isinstance(constraints, (str, bytes)):
        raise TypeError(f"constraints must be a sequence of constraints, got {constraints!r}")
    if not constraints:
        raise ValueError("constraints must hold at least one constraint")
    for constraint in constraints:
        if not isinstance(constraint, Constraint):
            raise TypeError(f"constraints takes at_most(…) and at_least(…), got {constraint!r}")
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be pc.maximize(…) or pc.minimize(…), got {objective!r}")
    limits = tuple(constraints)

    def order(A: Any, B: Any) -> Any:
        a, b = (sum(maximum(0, limit.excess(lottery)) for limit in limits) for lottery in (A, B))
        return (b < a) | ((a == b) & ((a > 0) | (objective.value(A) <= objective.value(B))))

    return named("constrained", order)
