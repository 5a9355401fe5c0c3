"""A formula under construction: its nodes, and the functionals of lotteries that they read, each kept once.

Conditions are simplified where that is free. What would not fit in a formula, and what the user can't have meant, is
refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm

from prefcore.distribution import Outcome, Payoff, exact_payoffs
from prefcore.formula import Affine, And, Atom, Feature, Node, Not, Or

MAX_ENTRIES = 8_000_000  # integers in the feature table of one formula

Functional = tuple[int, Fraction, Fraction]  # k, scale and shift: scale · f_k + shift


class InvalidRelation(TypeError):
    """The relation is written wrongly: what it says can't be meant."""


class FormulaTooLarge(ValueError):
    """The formula would not fit: it says its size."""


@contextmanager
def at_the_door() -> Iterator[None]:
    """A wrong argument is the user's mistake, not a reason to keep the relation as a black box."""
    try:
        yield
    except TypeError as error:
        raise InvalidRelation(str(error)) from error


def fits(functionals: int, outcomes: Sequence[Outcome]) -> None:
    """Raises ``FormulaTooLarge`` if the values of so many functionals would not fit in a formula."""
    if functionals * len(outcomes) > MAX_ENTRIES:
        raise FormulaTooLarge(
            f"the relation reads {functionals} functionals of {len(outcomes)} outcomes, "
            f"more than the {MAX_ENTRIES} numbers that a formula may hold"
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A payoff's values, as integers over a common denominator, and as a functional."""

    values: list[int | Fraction]
    integers: list[int]
    scale: int
    functional: Functional


@dataclass(slots=True)
class Draft:
    """Nodes and features so far, by number."""

    outcomes: tuple[Outcome, ...]
    nodes: list[Node] = field(default_factory=list)
    numbers: dict[Node, int] = field(default_factory=dict)
    features: list[tuple[int, ...]] = field(default_factory=list)
    interned: dict[tuple[int, ...], int] = field(default_factory=dict)
    families: dict[object, list[tuple[int, Functional]]] = field(default_factory=dict)
    readings: dict[int, _Reading] = field(default_factory=dict)  # of payoffs, by identity

    def node(self, node: Node) -> int:
        number = self.numbers.get(node)
        if number is None:
            self.numbers[node] = number = len(self.nodes)
            self.nodes.append(node)
        return number

    # features

    def feature(self, values: Sequence[Fraction | int]) -> Functional:
        """``(k, scale, shift)`` with values = scale·f_k + shift; k = -1 for a constant."""
        scale = lcm(*{v.denominator for v in values})
        integers = [v.numerator * (scale // v.denominator) for v in values] if scale > 1 else [*map(int, values)]
        low, high = min(integers), max(integers)
        if low == high:
            return -1, Fraction(0), Fraction(low, scale)
        step = gcd(*{v - low for v in integers})
        # Don't flip signs: only a vector whose negative is known already is written as -f.
        up = tuple((v - low) // step for v in integers)
        if up not in self.interned:
            down = tuple((high - v) // step for v in integers)
            if down in self.interned:
                return self.interned[down], Fraction(-step, scale), Fraction(high, scale)
            fits(len(self.features) + 1, self.outcomes)
            self.interned[up] = len(self.features)
            self.features.append(up)
        return self.interned[up], Fraction(step, scale), Fraction(low, scale)

    def payoffs(self, payoff: Payoff) -> tuple[list[int], int]:
        """The payoff of each outcome times a common denominator, and that denominator."""
        read = self.reading(payoff)
        return read.integers, read.scale

    def reading(self, payoff: Payoff) -> _Reading:
        """The payoff as it is now; what was made of it is kept as long as it does not change."""
        with at_the_door():
            values = exact_payoffs(payoff, self.outcomes)
        kept = self.readings.get(id(payoff))
        if kept is None or kept.values != values:
            scale = lcm(*{v.denominator for v in values})
            integers = [v.numerator * (scale // v.denominator) for v in values] if scale > 1 else [*map(int, values)]
            k, step, shift = self.feature(integers)
            kept = self.readings[id(payoff)] = _Reading(values, integers, scale, (k, step / scale, shift / scale))
        return kept

    def family(self, kind: Callable[[int, int], int], payoffs: Sequence[int]) -> list[tuple[int, Functional]]:
        """``kind(t, payoff)`` as a functional for each value t of the payoffs, ascending; read for both lotteries."""
        key = kind, tuple(payoffs)
        if key not in self.families:
            thresholds = sorted(set(payoffs))
            fits(len(thresholds), self.outcomes)
            self.families[key] = [(t, self.feature([kind(t, u) for u in payoffs])) for t in thresholds]
        return self.families[key]

    def unit(self, outcome: int) -> Functional:
        """The probability of one outcome, as a functional."""
        n = len(self.outcomes)
        if n == 1:
            return -1, Fraction(0), Fraction(1)
        vector = (0,) * outcome + (1,) + (0,) * (n - outcome - 1)
        if vector in self.interned:
            return self.interned[vector], Fraction(1), Fraction(0)
        return self.feature(vector)

    def linear(self, side: int, functional: Functional) -> tuple[Fraction, dict[int, Fraction]]:
        """``scale · E f_k + shift`` of the lottery on that side, as a constant and weights of nodes."""
        k, scale, shift = functional
        return shift, {self.node(Feature(side, k)): scale} if k >= 0 else {}

    def number(self, constant: Fraction, linear: dict[int, Fraction]) -> int:
        """The node of a term, its functionals merged: one feature for each lottery."""
        linear = dict(linear)
        for side in (0, 1):
            of_side = {i: w for i, w in linear.items() if isinstance(n := self.nodes[i], Feature) and n.side == side}
            if len(of_side) > 1:
                total: list[Fraction | int] = [0] * len(self.outcomes)
                for i, w in of_side.items():
                    node = self.nodes[i]
                    assert isinstance(node, Feature)
                    weight: Fraction | int = w.numerator if w.denominator == 1 else w
                    for o, value in enumerate(self.features[node.index]):
                        if value:
                            total[o] += weight * value
                    del linear[i]
                shift, merged = self.linear(side, self.feature(total))
                constant += shift
                for i, w in merged.items():
                    linear[i] = linear.get(i, Fraction(0)) + w
        linear = {i: w for i, w in linear.items() if w}
        if not constant and len(linear) == 1 and next(iter(linear.values())) == 1:
            return next(iter(linear))
        return self.node(Affine(constant, tuple((w, i) for i, w in sorted(linear.items()))))

    # conditions, simplified where that is free

    def truth(self, value: bool) -> int:
        return self.node(And(()) if value else Or(()))

    def negate(self, i: int) -> int:
        node = self.nodes[i]
        if isinstance(node, Not):
            return node.condition
        if node == And(()) or node == Or(()):
            return self.truth(node == Or(()))
        return self.node(Not(i))

    def join(self, kind: type[And] | type[Or], conditions: Sequence[int]) -> int:
        neutral, absorbing = (And(()), Or(())) if kind is And else (Or(()), And(()))
        members: dict[int, None] = {}
        for i in conditions:
            node = self.nodes[i]
            for j in node.conditions if isinstance(node, kind) else (i,):
                if self.nodes[j] == absorbing or self.negate(j) in members:
                    return self.node(absorbing)
                if self.nodes[j] != neutral:
                    members[j] = None
        if kind is Or:  # t > 0 or t = 0 is t >= 0, which T7 can use
            for j in list(members):
                node = self.nodes[j]
                equal = self.numbers.get(Atom("=", node.term)) if isinstance(node, Atom) and node.op == ">" else None
                if equal in members and isinstance(node, Atom):
                    del members[j], members[equal]
                    members[self.node(Atom(">=", node.term))] = None
        if len(members) == 1:
            return next(iter(members))
        return self.node(kind(tuple(sorted(members))))

    def choose(self, condition: int, then: int, otherwise: int) -> int:
        """``then`` if the condition holds, else ``otherwise``; without denials where the branches allow it."""
        yes, no = self.truth(True), self.truth(False)
        if then == otherwise:
            return then
        if then == yes or otherwise == no:
            return self.join(Or, (condition, otherwise)) if then == yes else self.join(And, (condition, then))
        denied = self.negate(condition)
        if then == no or otherwise == yes:
            return self.join(And, (denied, otherwise)) if then == no else self.join(Or, (denied, then))
        return self.join(Or, (self.join(And, (condition, then)), self.join(And, (denied, otherwise))))

    def comparison(self, op: str, constant: Fraction, linear: dict[int, Fraction]) -> int:
        """The condition that a term is positive, at least 0 or equal to 0."""
        if not linear:
            return self.truth(constant >= 0 if op == ">=" else constant > 0 if op == ">" else constant == 0)
        return self.node(Atom(op, self.number(constant, linear)))
