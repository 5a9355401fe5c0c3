"""Intervals of [0, 1] with ends that belong to them or don't: where a utility can still be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from solvers.rewards.elicitation.farey import simplest_inside


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`, without an end that is open."""

    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def at(cls, value: Fraction) -> Interval:
        """The one number `value`."""
        return cls(value, value)

    @property
    def is_point(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high and not (self.low_open or self.high_open)

    @property
    def is_empty(self) -> bool:
        """Whether it is none."""
        return self.low > self.high or (self.low == self.high and not self.is_point)

    @property
    def inner(self) -> Fraction:
        """The number of a point; else the simplest number strictly between the ends."""
        return self.low if self.is_point else simplest_inside(self.low, self.high)

    def below(self, value: Fraction, is_open: bool = False) -> Interval:
        """The part of it that is at most `value`, or less if `is_open`."""
        if value > self.high or (value == self.high and self.high_open):
            return self
        return Interval(self.low, value, self.low_open, is_open)

    def above(self, value: Fraction, is_open: bool = False) -> Interval:
        """The part of it that is at least `value`, or more if `is_open`."""
        if value < self.low or (value == self.low and self.low_open):
            return self
        return Interval(value, self.high, is_open, self.high_open)
