"""The symbols with which a relation is traced, and the formula that they build.

Expectations and probabilities of a symbolic lottery are terms, comparisons are conditions; ``&``, ``|``, ``~``, sums,
products, quotients, ``minimum`` and ``maximum`` build the formula. Where Python asks for the truth of a condition
(``if``, ``and``, ``or``, ``not``, chained comparisons, ``min``, ``max``), the trace forks: the relation is called again
with the other answer, and the results are joined by a case distinction. Whatever else is done with a symbol ends the
trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Any, NoReturn

from prefcore.distribution import Distribution, Event, Number, Outcome, Payoff, exact, indicator, tail_level
from prefcore.drafts import FormulaTooLarge, InvalidRelation, at_the_door, fits
from prefcore.formula import And, Feature, Formula, If, parts, renumbered
from prefcore.symbols import (
    Condition,
    NotTraceable,
    Symbol,
    Term,
    Trace,
    VanishingDenominator,
    maximum,
    minimum,
    shown,
)

__all__ = [
    "MAX_PATHS",
    "Condition",
    "FormulaTooLarge",
    "InvalidRelation",
    "Lottery",
    "NotTraceable",
    "Term",
    "Trace",
    "UnknownOutcome",
    "VanishingDenominator",
    "at_the_door",
    "cumulative_of",
    "finish",
    "fits",
    "join_paths",
    "maximum",
    "minimum",
    "outcomes_of",
    "shown",
]

MAX_PATHS = 1024  # forks of one trace


class UnknownOutcome(ValueError):
    """An event names an outcome that is none."""


def _reached(t: int, payoff: int) -> int:
    return int(payoff <= t)


def _shortfall(t: int, payoff: int) -> int:
    return max(0, t - payoff)


class Lottery(Symbol):
    """A symbolic lottery: it reads like a :class:`Distribution`, and gives terms for numbers.

    It has those methods of a distribution that mean the same over more outcomes: what depends on the support, such as
    ``support`` and ``values``, ends the trace.
    """

    __slots__ = ("side",)

    def __init__(self, trace: Trace, side: int) -> None:
        self.trace, self.side = trace, side

    def expect(self, payoff: Payoff) -> Term:
        """The expected payoff."""
        return self.trace.term(self.side, self.trace.draft.reading(payoff).functional)

    def prob(self, event: Event) -> Term:
        """The probability of an event."""
        with at_the_door():
            holds = indicator(event)
        if self.trace.closed and not callable(event):
            for outcome in event:
                if outcome not in self.trace.outcomes:
                    raise UnknownOutcome(
                        f"the event names {outcome!r}, which is not among the outcomes {_some(self.trace.outcomes)}"
                    )
        return self.trace.functional(self.side, [int(holds(o)) for o in self.trace.outcomes])

    def __getitem__(self, outcome: Outcome) -> Term:
        if isinstance(outcome, Symbol):
            self.refuse("an outcome that depends on the lotteries")
        return self.prob(frozenset({outcome}))

    def at_most(self, payoff: Payoff, value: Number) -> Term:
        """The distribution function: the probability that the payoff is at most `value`."""
        with at_the_door():
            bound = exact(value, "value")
        payoffs, scale = self.trace.draft.payoffs(payoff)
        return self.trace.functional(self.side, [_reached(floor(bound * scale), u) for u in payoffs])

    def cvar(self, payoff: Payoff, level: Number) -> Term:
        """``max_t t - E (t - payoff)⁺ / level`` over the payoff's values t [Rockafellar and Uryasev 2000]."""
        with at_the_door():
            share = tail_level(level)
        payoffs, scale = self.trace.draft.payoffs(payoff)
        shortfalls = ((t, self.trace.term(self.side, f)) for t, f in self.trace.draft.family(_shortfall, payoffs))
        largest: Term = maximum(*((t - below / share) / scale for t, below in shortfalls))
        return largest

    def quantile(self, payoff: Payoff, level: Number) -> Term:
        """``min {x : P(payoff <= x) >= level}``."""
        with at_the_door():
            share = tail_level(level)
        trace = self.trace
        payoffs, scale = trace.draft.payoffs(payoff)
        *lower, (top, _) = trace.draft.family(_reached, payoffs)
        node = trace.number(Term(trace, Fraction(top, scale), {}))
        for t, below in reversed(lower):
            reached = trace.term(self.side, below) >= share
            node = trace.node(If(reached.index, trace.number(Term(trace, Fraction(t, scale), {})), node))
        return Term(trace, Fraction(0), {node: Fraction(1)})

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        if isinstance(other, Distribution):
            other = {o: other[o] for o in self.trace.outcomes}
        elif isinstance(other, Lottery):
            self.own(other)
        else:
            raise InvalidRelation(f"a lottery was compared with {shown(other)}")
        fits(len(self.trace.outcomes), self.trace.outcomes)
        equal = []
        for i, o in enumerate(self.trace.outcomes):
            there = self.trace.term(other.side, self.trace.draft.unit(i)) if isinstance(other, Lottery) else other[o]
            equal.append((self.trace.term(self.side, self.trace.draft.unit(i)) == there).index)
        return Condition(self.trace, self.trace.join(And, equal))

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return ~(self == other)

    def _not_ordered(self, other: object) -> NoReturn:
        raise InvalidRelation("lotteries have no order of their own: compare expectations or probabilities of theirs")

    __lt__ = __le__ = __gt__ = __ge__ = _not_ordered
    __hash__ = Symbol.__hash__

    def __getattr__(self, name: str) -> NoReturn:
        self.refuse(f".{name} of a symbolic lottery")


def outcomes_of(lottery: Lottery) -> tuple[Any, ...]:
    """All outcomes at hand; for the catalogue, whose relations mean the same over more of them."""
    return lottery.trace.outcomes


def cumulative_of(lottery: Lottery, payoff: Payoff) -> tuple[Term, ...]:
    """The distribution function at each value that the payoff takes on the outcomes at hand, ascending."""
    payoffs, _ = lottery.trace.draft.payoffs(payoff)
    return tuple(lottery.trace.term(lottery.side, f) for _, f in lottery.trace.draft.family(_reached, payoffs))


def _some(outcomes: Sequence[Outcome]) -> str:
    shown = ", ".join(repr(o) for o in outcomes[:6])
    return f"({shown}{', …' if len(outcomes) > 6 else ''})"


# -- the end of a trace ---------------------------------------------------------------------------------------------


def join_paths(trace: Trace, paths: list[tuple[list[tuple[int, bool]], int]]) -> int:
    """The case distinctions along which the paths, listed depth first with True first, were forked."""
    stack: list[tuple[list[tuple[int, bool]], int]] = []
    for path, value in paths:
        while stack and stack[-1][0] and path and not path[-1][1] and len(stack[-1][0]) == len(path):
            before, then = stack.pop()
            assert before[:-1] == path[:-1] and before[-1] == (path[-1][0], True)
            value = trace.draft.choose(path[-1][0], then, value)
            path = path[:-1]
        stack.append((path, value))
    ((_, value),) = stack
    return value


def finish(trace: Trace, root: int) -> Formula:
    """The formula with the nodes and features that the root needs, renumbered."""
    needed = {root}
    for i in range(root, -1, -1):
        if i in needed:
            for kind in parts(trace.draft.nodes[i]):
                needed.update(kind)
    kept = sorted(needed)
    number = {old: new for new, old in enumerate(kept)}
    used = sorted({n.index for i in kept if isinstance(n := trace.draft.nodes[i], Feature)})
    feature = {old: new for new, old in enumerate(used)}
    nodes = tuple(renumbered(trace.draft.nodes[i], number, feature) for i in kept)
    return Formula(len(trace.outcomes), tuple(trace.draft.features[k] for k in used), nodes)
