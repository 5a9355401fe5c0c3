"""Functionals of a lottery, and which way they are good: what lexicographic and constrained orders are made of."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore.catalogue.arguments import Functional, functional_of
from prefcore.distribution import Event, Number, Payoff, exact, indicator


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

    def value(self, lottery: Any) -> Any:
        """The functional, signed so that more is better."""
        return self.functional(lottery) * self.sign


def maximize(functional: Functional) -> Objective:
    """More of the functional is better."""
    return Objective(functional_of(functional, "an objective"), 1)


def minimize(functional: Functional) -> Objective:
    """Less of the functional is better."""
    return Objective(functional_of(functional, "an objective"), -1)


@dataclass(frozen=True, eq=False, slots=True)
class Constraint:
    """``sign · (functional - bound) <= 0``: sign 1 for an upper bound, -1 for a lower one."""

    functional: Functional
    bound: Fraction
    sign: int

    def excess(self, lottery: Any) -> Any:
        """By how much the constraint is violated; satisfied if not positive."""
        return (self.functional(lottery) - self.bound) * self.sign


def at_most(functional: Functional, bound: Number) -> Constraint:
    """The constraint ``functional <= bound``."""
    return Constraint(functional_of(functional, "a constraint"), exact(bound, "bound"), 1)


def at_least(functional: Functional, bound: Number) -> Constraint:
    """The constraint ``functional >= bound``."""
    return Constraint(functional_of(functional, "a constraint"), exact(bound, "bound"), -1)
