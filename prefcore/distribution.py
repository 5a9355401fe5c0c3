"""Finite distributions with exact probabilities.

A distribution (lottery) over outcomes is a function ``A`` with ``A[o] >= 0`` and ``sum_o A[o] = 1``. For α in [0, 1]
the mixture ``αA + (1-α)C`` is again one; ``expect`` and ``prob`` are linear in it. Everything is a ``Fraction``.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

Outcome = Hashable
Number = int | float | Fraction | Decimal | str
Payoff = Mapping[Any, Any] | Callable[[Any], Any]
Event = Set[Any] | Callable[[Any], Any]

_RATIONAL = re.compile(r"\s*[+-]?\d+(/\d+|\.\d*)?\s*")


def exact(value: object, what: str = "value") -> Fraction:
    """The exact rational that `value` stores.

    An int, ``Fraction``, ``Decimal`` or string such as "1/3" or "0.1" is itself; a float is the dyadic number that it
    stores, so the float .1 exceeds 1/10. Raises ``TypeError`` for anything else (a bool included) and ``ValueError``
    for NaN, infinities and malformed strings; `what` names the culprit in the message.
    """
    if isinstance(value, bool):
        raise TypeError(f"{what} must be a number, got the truth value {value}")
    if isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, (numbers.Real, Decimal)):
        if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
            raise ValueError(f"{what} must be finite, got {value}")
        if hasattr(value, "as_integer_ratio"):
            return Fraction(*map(int, value.as_integer_ratio()))
        return Fraction(float(value))
    if isinstance(value, str):
        if not _RATIONAL.fullmatch(value):
            raise ValueError(f'{what} must be a number such as "1/3" or "0.1", got {value!r}')
        try:
            return Fraction(value)
        except ZeroDivisionError:
            raise ValueError(f"{what} has a zero denominator: {value!r}") from None
    raise TypeError(f'{what} must be an int, Fraction, Decimal, float or a string such as "1/3", got {value!r}')


def is_exact(value: object) -> bool:
    """Whether a value is a ``Fraction`` in lowest terms, with the sign of its numerator: not a forged one."""
    if type(value) is not Fraction:
        return False
    p, q = value.numerator, value.denominator
    return type(p) is int and type(q) is int and q > 0 and math.gcd(p, q) == 1


def payoff_at(payoff: Payoff, outcome: Outcome) -> Fraction:
    """The payoff of one outcome, exactly. Raises ``ValueError`` if the payoff does not cover it."""
    if isinstance(payoff, Mapping):
        if outcome not in payoff:
            raise ValueError(f"the payoff has no value for outcome {outcome!r}: give every outcome a number")
        return exact(payoff[outcome], f"the payoff of outcome {outcome!r}")
    if not callable(payoff):
        raise TypeError(f"a payoff is a mapping outcome -> number or a function, got {payoff!r}")
    try:
        value = payoff(outcome)
    except Exception as error:
        raise ValueError(
            f"the payoff function raised {type(error).__name__} at outcome {outcome!r}: {error}"
        ) from error
    return exact(value, f"the payoff of outcome {outcome!r}")


def exact_payoffs(payoff: Payoff, outcomes: Sequence[Outcome]) -> list[int | Fraction]:
    """The payoff of each outcome, exactly; whole numbers as ints, which is quick where there are millions.

    Raises as :func:`payoff_at` does.
    """
    try:
        raw = [payoff[o] for o in outcomes] if isinstance(payoff, Mapping) else [payoff(o) for o in outcomes]
    except Exception:  # told properly below, with its outcome
        raw = [None]
    if set(map(type, raw)) <= {int, Fraction}:
        return raw
    return [payoff_at(payoff, o) for o in outcomes]


def indicator(event: Event) -> Callable[[Outcome], bool]:
    """Membership in an event given as a set or a predicate; a string or a list is a ``TypeError``."""
    if isinstance(event, Set):
        return event.__contains__
    if not callable(event):
        raise TypeError(
            f"an event is a set of outcomes or a predicate, got {event!r}: write {{{event!r}}} for one outcome"
        )

    def holds(outcome: Outcome) -> bool:
        value = event(outcome)
        if type(value) is not bool and type(value).__name__ not in ("bool", "bool_"):
            raise TypeError(f"an event's predicate must return True or False, got {value!r} for outcome {outcome!r}")
        return bool(value)

    return holds


class Distribution:
    """A finite distribution with exact probabilities: immutable, hashable, equal by value.

    `probabilities` maps outcomes (any hashable values) to numbers, or is an iterable of ``(outcome, number)`` pairs.
    Numbers are read by :func:`exact`; they must be non-negative and sum to exactly one. Only where a float is among
    them, a sum within ``n·2⁻⁵²`` of one is renormalised exactly, and ``.renormalised`` says so. Outcomes of
    probability zero are dropped, so ``support`` is what can happen.

    Raises ``ValueError`` for an empty, negative, NaN, infinite or wrongly summing distribution and for a repeated
    outcome, ``TypeError`` for what is no number or no mapping.
    """

    __slots__ = ("_hash", "_probabilities", "renormalised")
    _probabilities: Mapping[Outcome, Fraction]
    _hash: int
    renormalised: bool

    def __init__(self, probabilities: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> None:
        pairs = list(probabilities.items()) if isinstance(probabilities, Mapping) else _pairs(probabilities)
        if not pairs:
            raise ValueError("a distribution needs at least one outcome, got none")
        values: dict[Outcome, Fraction] = {}
        for outcome, number in pairs:
            if outcome in values:
                raise ValueError(f"outcome {outcome!r} is given twice: add its probabilities up first")
            values[outcome] = exact(number, f"the probability of outcome {outcome!r}")
            if values[outcome] < 0:
                raise ValueError(f"the probability of outcome {outcome!r} is negative: {number!r}")
        total = sum(values.values(), Fraction(0))
        rounded = total != 1 and any(
            isinstance(number, numbers.Real) and not isinstance(number, numbers.Rational) for _, number in pairs
        )
        if total != 1 and not (rounded and abs(total - 1) <= Fraction(len(pairs), 2**52)):
            raise ValueError(f"the probabilities sum to {total} (about {float(total):.12g}), not 1")
        self._fill({o: p / total if rounded else p for o, p in values.items() if p}, rounded)

    def _fill(self, values: dict[Outcome, Fraction], renormalised: bool) -> None:
        object.__setattr__(self, "_probabilities", MappingProxyType(values))
        object.__setattr__(self, "renormalised", renormalised)
        object.__setattr__(self, "_hash", hash(frozenset(values.items())))

    @classmethod
    def _trusted(cls, values: dict[Outcome, Fraction], renormalised: bool = False) -> Distribution:
        """A distribution from positive Fractions that are known to sum to one."""
        self = cls.__new__(cls)
        self._fill(values, renormalised)
        return self

    @classmethod
    def point(cls, outcome: Outcome) -> Distribution:
        """The distribution that gives `outcome` for certain."""
        return cls._trusted({outcome: Fraction(1)})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Distribution is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Distribution is immutable")

    def __reduce__(self) -> tuple[Any, tuple[dict[Outcome, Fraction], bool]]:
        return (_restored, (dict(self._probabilities), self.renormalised))

    @property
    def support(self) -> frozenset[Any]:
        """The outcomes of positive probability."""
        return frozenset(self._probabilities)

    def items(self) -> Iterable[tuple[Any, Fraction]]:
        """``(outcome, probability)`` over the support, in the order given."""
        return self._probabilities.items()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._probabilities)

    def __len__(self) -> int:
        return len(self._probabilities)

    def __getitem__(self, outcome: Outcome) -> Fraction:
        return self._probabilities.get(outcome, Fraction(0))

    def prob(self, event: Event) -> Fraction:
        """The probability of an event: a set of outcomes or a predicate."""
        holds = indicator(event)
        return sum((p for o, p in self.items() if holds(o)), Fraction(0))

    def expect(self, payoff: Payoff) -> Fraction:
        """The expected payoff; `payoff` is a mapping outcome -> number or a function."""
        return sum((p * payoff_at(payoff, o) for o, p in self.items()), Fraction(0))

    def values(self, payoff: Payoff) -> tuple[Fraction, ...]:
        """The different values that the payoff takes on the support, ascending."""
        return tuple(sorted({payoff_at(payoff, o) for o in self}))

    def at_most(self, payoff: Payoff, value: Number) -> Fraction:
        """The distribution function: the probability that the payoff is at most `value`."""
        bound = exact(value, "value")
        return sum((p for o, p in self.items() if payoff_at(payoff, o) <= bound), Fraction(0))

    def cvar(self, payoff: Payoff, level: Number) -> Fraction:
        """The mean of the worst `level` share of the payoff: ``max_t t - E (t - payoff)⁺ / level``.

        `level` is in (0, 1]. Source: Rockafellar and Uryasev, *Optimization of conditional value-at-risk*, 2000.
        """
        share = tail_level(level)

        def shortfall(t: Fraction) -> Fraction:
            return self.expect(lambda o: max(Fraction(0), t - payoff_at(payoff, o)))

        return max(t - shortfall(t) / share for t in self.values(payoff))

    def quantile(self, payoff: Payoff, level: Number) -> Fraction:
        """The lower quantile ``min {x : P(payoff <= x) >= level}``, `level` in (0, 1]."""
        share = tail_level(level)
        return next(x for x in self.values(payoff) if self.at_most(payoff, x) >= share)

    def map(self, function: Callable[[Any], Any]) -> Distribution:
        """The distribution of ``function(outcome)``. A ``None`` is refused: it is what ``dict.get`` says of a gap."""
        values: dict[Outcome, Fraction] = {}
        for outcome, p in self.items():
            image = function(outcome)
            if image is None:
                raise ValueError(f"the function given to map returned None for outcome {outcome!r}")
            values[image] = values.get(image, Fraction(0)) + p
        return Distribution._trusted(values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Distribution):
            return NotImplemented
        return self._probabilities == other._probabilities

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return "Distribution({" + ", ".join(f"{o!r}: {str(p)!r}" for o, p in self.items()) + "})"

    def __str__(self) -> str:
        """A lottery in words: ``9/10 low + 1/10 flood``."""
        return " + ".join(f"{o}" if p == 1 else f"{p} {o}" for o, p in self.items())


def _restored(values: dict[Outcome, Fraction], renormalised: bool) -> Distribution:
    """A copied or unpickled distribution, checked once more."""
    return Distribution._trusted(dict(Distribution(values).items()), renormalised)


def _pairs(probabilities: object) -> list[tuple[Any, Any]]:
    if isinstance(probabilities, (str, bytes)) or not isinstance(probabilities, Iterable):
        raise TypeError(f"a distribution is a mapping outcome -> probability, got {probabilities!r}")
    pairs = list(probabilities)
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise TypeError("a distribution is a mapping outcome -> probability or an iterable of such pairs")
    return pairs


def tail_level(level: object) -> Fraction:
    """A level in (0, 1], exactly."""
    share = exact(level, "level")
    if not 0 < share <= 1:
        raise ValueError(f"level must be in (0, 1], got {level!r}")
    return share


def mix(alpha: Number, first: Distribution, second: Distribution) -> Distribution:
    """The mixture ``αA + (1-α)B``: with probability `alpha` draw from `first`, else from `second`."""
    weight = exact(alpha, "alpha")
    if not 0 <= weight <= 1:
        raise ValueError(f"alpha must be in [0, 1], got {alpha!r}")
    for name, lottery in (("first", first), ("second", second)):
        if not isinstance(lottery, Distribution):
            raise TypeError(f"the {name} argument to mix must be a Distribution, got {lottery!r}")
    values: dict[Outcome, Fraction] = {}
    for share, lottery in ((weight, first), (1 - weight, second)):
        if share:
            for outcome, p in lottery.items():
                values[outcome] = values.get(outcome, Fraction(0)) + share * p
    return Distribution._trusted(values)
