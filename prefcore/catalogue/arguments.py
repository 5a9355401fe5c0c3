"""What the catalogue accepts, checked at the door, and what it reads of the outcomes at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from prefcore.distribution import Number, Payoff, exact, payoff_at
from prefcore.relations import Function, Relation, relation
from prefcore.tracing import at_the_door, outcomes_of

AnyRelation = Relation[Function]
Functional = Callable[[Any], Any]


def named(name: str, function: Function) -> AnyRelation:
    """The relation of that name."""
    function.__name__ = name
    return relation(function)


def payoff_of(payoff: Payoff, name: str = "payoff") -> Payoff:
    """A mapping or a function. Raises ``TypeError``."""
    if not isinstance(payoff, Mapping) and not callable(payoff):
        raise TypeError(f"{name} must be a mapping outcome -> number or a function, got {payoff!r}")
    return payoff


def payoffs_of(payoffs: Sequence[Payoff], name: str) -> tuple[Payoff, ...]:
    """At least one payoff. Raises ``TypeError`` for what is no sequence of payoffs, ``ValueError`` for none."""
    if not isinstance(payoffs, Sequence) or isinstance(payoffs, (str, bytes)):
        raise TypeError(f"{name} must be a sequence of payoffs, got {payoffs!r}")
    if not payoffs:
        raise ValueError(f"{name} must hold at least one payoff")
    return tuple(payoff_of(u, f"{name}[{k}]") for k, u in enumerate(payoffs))


def functional_of(functional: Functional, name: str) -> Functional:
    """A function of one lottery. Raises ``TypeError``."""
    if not callable(functional):
        raise TypeError(f"{name} must be a functional such as pc.expect(payoff) or pc.prob(event), got {functional!r}")
    return functional


def no_less(value: Number, bound: int, name: str) -> Fraction:
    """An exact number that is no less than `bound`. Raises ``ValueError``."""
    number = exact(value, name)
    if number < bound:
        raise ValueError(f"{name} must be at least {bound}, got {value!r}")
    return number


def share_of(value: Number, name: str) -> Fraction:
    """An exact number in [0, 1]. Raises ``ValueError``."""
    number = exact(value, name)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value!r}")
    return number


def numbers_of(values: Sequence[Number], count: int, name: str, each: str) -> tuple[Fraction, ...]:
    """As many non-negative exact numbers as asked for. Raises ``TypeError``, ``ValueError``."""
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be a sequence of numbers, got {values!r}")
    if len(values) != count:
        raise ValueError(f"{name} must hold one number for each of the {count} {each}, got {len(values)}")
    return tuple(no_less(x, 0, f"{name}[{k}]") for k, x in enumerate(values))


def values_at(lottery: Any, payoff: Payoff) -> dict[Any, Fraction]:
    """The payoff of each outcome at hand."""
    with at_the_door():
        return {o: payoff_at(payoff, o) for o in outcomes_of(lottery)}


def conjoined(conditions: Iterable[Any]) -> Any:
    """All of the conditions."""
    result: Any = True
    for condition in conditions:
        result = condition & result
    return result
