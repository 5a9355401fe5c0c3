"""Ready-made relations, one short definition each. They carry no known answers: each, written by hand, gets the same
verdicts. ``A ≼ B`` reads "B is at least as preferred as A"; payoffs are mappings or functions, more is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from prefcore.clauses import Exact, whole
from prefcore.distribution import Event, Number, Payoff, exact, indicator, payoff_at, tail_level
from prefcore.relations import Function, Relation, at_the_door, cumulative_of, fits, outcomes_of, relation

Functional = Callable[[Any], Any]
AnyRelation = Relation[Function]


@dataclass(frozen=True, eq=False, slots=True)
class expect:
    """The functional ``A -> A.expect(payoff)``."""

    payoff: Payoff

    def __call__(self, lottery: Any) -> Any:
        return lottery.expect(self.payoff)


@dataclass(frozen=True, eq=False, slots=True)
class prob:
    """The functional ``A -> A.prob(event)``."""

    event: Event

    def __post_init__(self) -> None:
        indicator(self.event)

    def __call__(self, lottery: Any) -> Any:
        return lottery.prob(self.event)


@dataclass(frozen=True, eq=False, slots=True)
class Objective:
    """A functional with its direction: sign 1 to maximise, -1 to minimise."""

    functional: Functional
    sign: int


def maximize(functional: Functional) -> Objective:
    """More of the functional is better."""
    return Objective(_functional(functional), 1)


def minimize(functional: Functional) -> Objective:
    """Less of the functional is better."""
    return Objective(_functional(functional), -1)


def _functional(functional: Functional) -> Functional:
    if not callable(functional):
        raise TypeError(
            f"an objective needs a functional such as pc.expect(payoff) or pc.prob(event), got {functional!r}"
        )
    return functional


def _named(name: str, function: Function) -> AnyRelation:
    function.__name__ = name
    return relation(function)


def _payoff(payoff: Payoff, name: str = "payoff") -> Payoff:
    if not isinstance(payoff, Mapping) and not callable(payoff):
        raise TypeError(f"{name} must be a mapping outcome -> number or a function, got {payoff!r}")
    return payoff


def expected_reward(payoff: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ E_A u <= E_B u`` [von Neumann and Morgenstern 1944]."""
    u = _payoff(payoff)
    return _named("expected_reward", lambda A, B: A.expect(u) <= B.expect(u))


def lexicographic(*objectives: Objective) -> AnyRelation:
    """Compares by the first objective that differs [Hausner 1954]; two give tie-breaking."""
    if not objectives:
        raise ValueError("lexicographic needs at least one objective")
    for objective in objectives:
        if not isinstance(objective, Objective):
            raise TypeError(f"lexicographic takes pc.maximize(…) and pc.minimize(…), got {objective!r}")

    def order(A: Any, B: Any) -> Any:
        result: Any = True
        for objective in reversed(objectives):
            a, b = objective.functional(A) * objective.sign, objective.functional(B) * objective.sign
            result = (a <= b) if result is True else (a < b) | ((a == b) & result)
        return result

    return _named("lexicographic", order)


def excess_risk(penalty: Mapping[Any, Number] | Payoff, payoff: Payoff) -> AnyRelation:
    """Less expected penalty first; if both are zero, more expected payoff; if equal and positive, indifferent.

    `penalty` is non-negative; outcomes absent from a mapping have none. [CPP24] has it as a consistent relation that
    no reward and no vector of rewards expresses.
    """
    _payoff(penalty, "penalty")
    u = _payoff(payoff)

    def cost(outcome: Any) -> Fraction:
        absent = isinstance(penalty, Mapping) and outcome not in penalty
        value = Fraction(0) if absent else payoff_at(penalty, outcome)
        if value < 0:
            raise ValueError(f"the penalty of outcome {outcome!r} is negative: {value}")
        return value

    def order(A: Any, B: Any) -> Any:
        a, b = A.expect(cost), B.expect(cost)
        return (a > b) | ((a == b) & ((a > 0) | (A.expect(u) <= B.expect(u))))

    return _named("excess_risk", order)


def chance_constraint(event: Event, limit: Number, payoff: Payoff) -> AnyRelation:
    """Feasible, ``P(event) <= limit``, beats infeasible; feasible by expected payoff, infeasible by less ``P(event)``.

    [Charnes and Cooper 1959].
    """
    indicator(event)
    bound = exact(limit, "limit")
    if not 0 <= bound <= 1:
        raise ValueError(f"limit must be a probability, got {limit!r}")
    u = _payoff(payoff)

    def order(A: Any, B: Any) -> Any:
        a, b = A.prob(event), B.prob(event)
        return ((b <= bound) & ((a > bound) | (A.expect(u) <= B.expect(u)))) | ((a > bound) & (b > bound) & (b <= a))

    return _named("chance_constraint", order)


def cvar(payoff: Payoff, level: Number) -> AnyRelation:
    """Compares the mean of the worst `level` share of the payoff [Rockafellar and Uryasev 2000]."""
    u, share = _payoff(payoff), tail_level(level)
    return _named("cvar", lambda A, B: A.cvar(u, share) <= B.cvar(u, share))


def quantile(payoff: Payoff, level: Number) -> AnyRelation:
    """Compares the lower quantile ``min {x : P(payoff <= x) >= level}`` [Manski 1988; Rostek 2010]."""
    u, share = _payoff(payoff), tail_level(level)
    return _named("quantile", lambda A, B: A.quantile(u, share) <= B.quantile(u, share))


def _some(payoffs: tuple[Payoff, ...], name: str) -> tuple[Payoff, ...]:
    if not payoffs:
        raise ValueError(f"{name} needs at least one payoff")
    return tuple(_payoff(u) for u in payoffs)


def pareto(*payoffs: Payoff) -> AnyRelation:
    """``A ≼ B`` if no expected payoff is lower in B: a partial order."""
    us = _some(payoffs, "pareto")

    def order(A: Any, B: Any) -> Any:
        result: Any = True
        for u in us:
            result = (A.expect(u) <= B.expect(u)) & result
        return result

    return _named("pareto", order)


def stochastic_dominance(payoff: Payoff) -> AnyRelation:
    """First-order: ``P_B(payoff <= t) <= P_A(payoff <= t)`` for every t [Hadar and Russell 1969].

    The thresholds t range over the payoffs of all outcomes at hand.
    """
    u = _payoff(payoff)

    def order(A: Any, B: Any) -> Any:
        result: Any = True
        for a, b in zip(cumulative_of(A, u), cumulative_of(B, u), strict=True):
            result = (b <= a) & result
        return result

    return _named("stochastic_dominance", order)


def majority(*payoffs: Payoff) -> AnyRelation:
    """``A ≼ B`` if at least half of the voters have ``E_A u <= E_B u``: total, but cyclic [Condorcet 1785]."""
    us = _some(payoffs, "majority")
    quorum = (len(us) + 1) // 2

    def order(A: Any, B: Any) -> Any:
        # enough[j]: at least j of the voters so far agree; no denial, so the formula stays closed.
        enough: list[Any] = [True] + [False] * quorum
        for u in us:
            agrees = A.expect(u) <= B.expect(u)
            for j in range(quorum, 0, -1):
                enough[j] = (agrees & enough[j - 1]) | enough[j]
        return enough[quorum]

    return _named("majority", order)


def skew_symmetric(phi: Callable[[Any, Any], Any]) -> AnyRelation:
    """``φ(x, y) > 0`` says that x is preferred to y; ``A ≼ B ⇔ E φ(A, B) <= 0`` [Fishburn 1988].

    φ must satisfy ``φ(x, y) = -φ(y, x)``: a ``ValueError`` names the first pair that does not. Only the rank of φ
    matters: with rows I that span it, ``φ = φ[:, I] φ[I, I]⁻¹ φ[I, :]``.
    """
    if not callable(phi):
        raise TypeError(f"phi must be a function of two outcomes, got {phi!r}")

    def order(A: Any, B: Any) -> Any:
        outcomes = outcomes_of(A)
        fits(len(outcomes), outcomes)
        matrix = [[_entry(phi, x, y) for y in outcomes] for x in outcomes]
        for i, x in enumerate(outcomes):
            for j, y in enumerate(outcomes[: i + 1]):
                if matrix[i][j] != -matrix[j][i]:
                    raise ValueError(
                        f"phi is not skew-symmetric: φ({x!r}, {y!r}) = {matrix[i][j]}, φ({y!r}, {x!r}) = {matrix[j][i]}"
                    )
        index = {o: k for k, o in enumerate(outcomes)}
        value: Any = 0
        for r, s, pivot in _skew_factors(matrix):
            ra, sa, rb, sb = (lottery.expect(lambda o, row=row: row[index[o]]) for lottery in (A, B) for row in (r, s))
            value = value + (ra * sb - sa * rb) * Fraction(1, pivot)
        return value <= 0

    return _named("skew_symmetric", order)


def _entry(phi: Callable[[Any, Any], Any], x: Any, y: Any) -> Exact:
    value = phi(x, y)
    with at_the_door():
        return value if type(value) is int else whole(exact(value, f"φ({x!r}, {y!r})"))


def _skew_factors(matrix: list[list[Exact]]) -> list[tuple[list[Exact], list[Exact], Exact]]:
    """``φ(x, y) = Σ (r(x) s(y) - s(x) r(y)) / pivot``: rows r, s of what is left, eliminated pair by pair."""
    left = [row[:] for row in matrix]
    factors = []
    for i, j in combinations(range(len(left)), 2):
        pivot = left[i][j]
        if not pivot:
            continue
        r, s = left[i][:], left[j][:]
        factors.append((r, s, pivot))
        for x, row in enumerate(left):
            if r[x] or s[x]:
                a, b = Fraction(r[x], pivot), Fraction(s[x], pivot)
                for y, (p, q) in enumerate(zip(r, s, strict=True)):
                    if p or q:
                        row[y] -= a * q - b * p
    return factors


def indifference() -> AnyRelation:
    """Everything is as good as everything."""
    return _named("indifference", lambda A, B: True)


def equality() -> AnyRelation:
    """``A ≼ B ⇔ A = B``: nothing compares but with itself."""
    return _named("equality", lambda A, B: A == B)
