"""The symbols with which a relation is traced, and the formula that they build.

Expectations and probabilities of a symbolic lottery are terms, comparisons are conditions; ``&``, ``|``, ``~``, sums,
products, quotients, ``minimum`` and ``maximum`` build the formula. Where Python asks for the truth of a condition
(``if``, ``and``, ``or``, ``not``, chained comparisons, ``min``, ``max``), the trace forks: the relation is called again
with the other answer, and the results are joined by a case distinction. Whatever else is done with a symbol ends the
trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, gcd, lcm
from typing import Any, NoReturn

from prefcore.distribution import (
    Distribution,
    Event,
    Number,
    Outcome,
    Payoff,
    exact,
    exact_payoffs,
    indicator,
    tail_level,
)
from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Node,
    Not,
    Or,
    Product,
    Quotient,
    parts,
    range_of,
    renumbered,
)

MAX_PATHS = 1024  # forks of one trace
MAX_DEPTH = 200  # decisions on one path of it
MAX_QUESTIONS = 250_000  # comparisons whose truth a relation may ask for
MAX_ENTRIES = 8_000_000  # integers in the feature table of one formula


class NotTraceable(TypeError):
    """The relation does something with a symbol that has no formula."""


class InvalidRelation(TypeError):
    """The relation is written wrongly: what it says can't be meant."""


class UnknownOutcome(ValueError):
    """An event names an outcome that is none."""


class VanishingDenominator(ValueError):
    """The relation divides by an expectation that can be zero."""


class FormulaTooLarge(ValueError):
    """The formula would not fit: it says its size."""


@contextmanager
def at_the_door() -> Iterator[None]:
    """A wrong argument is the user's mistake, not a reason to keep the relation as a black box."""
    try:
        yield
    except TypeError as error:
        raise InvalidRelation(str(error)) from error


def shown(value: object) -> str:
    try:
        return repr(value)
    except NotTraceable:
        return "something with a symbolic value"


def fits(functionals: int, outcomes: Sequence[Outcome]) -> None:
    """Raises ``FormulaTooLarge`` if the values of so many functionals would not fit in a formula."""
    if functionals * len(outcomes) > MAX_ENTRIES:
        raise FormulaTooLarge(
            f"the relation reads {functionals} functionals of {len(outcomes)} outcomes, "
            f"more than the {MAX_ENTRIES} numbers that a formula may hold"
        )


# -- the trace ------------------------------------------------------------------------------------------------------


Functional = tuple[int, Fraction, Fraction]  # k, scale and shift: scale · f_k + shift


def _reached(t: int, payoff: int) -> int:
    return int(payoff <= t)


def _shortfall(t: int, payoff: int) -> int:
    return max(0, t - payoff)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A payoff's values, as integers over a common denominator, and as a functional."""

    values: list[int | Fraction]
    integers: list[int]
    scale: int
    functional: Functional


@dataclass(slots=True)
class Trace:
    """Nodes and features under construction, shared by all paths, and the path being followed."""

    outcomes: tuple[Outcome, ...]
    closed: bool  # whether an event may name only these outcomes
    nodes: list[Node] = field(default_factory=list)
    numbers: dict[Node, int] = field(default_factory=dict)
    features: list[tuple[int, ...]] = field(default_factory=list)
    interned: dict[tuple[int, ...], int] = field(default_factory=dict)
    families: dict[object, list[tuple[int, Functional]]] = field(default_factory=dict)
    readings: dict[int, _Reading] = field(default_factory=dict)  # of payoffs, by identity
    refused: NotTraceable | None = None  # kept, in case that the function swallows it
    script: list[bool] = field(default_factory=list)  # answers to give on this path
    asked: list[tuple[int, bool]] = field(default_factory=list)  # conditions decided on this path
    questions: int = 0  # asked on all paths

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

    def expectation(self, side: int, payoff: Payoff) -> Term:
        """The expected payoff of the lottery on that side."""
        return self.term(side, self.reading(payoff).functional)

    def functional(self, side: int, values: Sequence[Fraction | int]) -> Term:
        """The term ``Σ_o L[o]·values[o]`` of the lottery on that side."""
        return self.term(side, self.feature(values))

    def family(self, kind: Callable[[int, int], int], payoffs: Sequence[int]) -> list[tuple[int, Functional]]:
        """``kind(t, payoff)`` as a functional for each value t of the payoffs, ascending; read for both lotteries."""
        key = kind, tuple(payoffs)
        if key not in self.families:
            thresholds = sorted(set(payoffs))
            fits(len(thresholds), self.outcomes)
            self.families[key] = [(t, self.feature([kind(t, u) for u in payoffs])) for t in thresholds]
        return self.families[key]

    def unit(self, side: int, outcome: int) -> Term:
        """The probability of one outcome."""
        n = len(self.outcomes)
        if n == 1:
            return Term(self, Fraction(1), {})
        vector = (0,) * outcome + (1,) + (0,) * (n - outcome - 1)
        if vector in self.interned:
            return self.term(side, (self.interned[vector], Fraction(1), Fraction(0)))
        return self.functional(side, vector)

    def term(self, side: int, functional: Functional) -> Term:
        """``scale · E f_k + shift`` as a term."""
        k, scale, shift = functional
        return Term(self, shift, {self.node(Feature(side, k)): scale} if k >= 0 else {})

    def number(self, term: Term) -> int:
        """The node of a term, its functionals merged: one feature for each lottery."""
        linear = dict(term.linear)
        constant = term.constant
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
                merged = self.functional(side, total)
                constant += merged.constant
                for i, w in merged.linear.items():
                    linear[i] = linear.get(i, Fraction(0)) + w
        linear = {i: w for i, w in linear.items() if w}
        if not constant and len(linear) == 1 and next(iter(linear.values())) == 1:
            return next(iter(linear))
        return self.node(Affine(constant, tuple((w, i) for i, w in sorted(linear.items()))))

    def quotient(self, numerator: Term, denominator: Term) -> Term:
        """``numerator / denominator``; the denominator is linear, and of one sign at every outcome."""
        below = self.number(denominator)
        bounds = range_of(self.nodes, self.features, below)
        if bounds is None:
            raise self.refusal("division by what is not linear in the probabilities (multiply the inequality out)")
        low, high = bounds
        if high < 0:
            return self.quotient(-numerator, -denominator)
        if low <= 0 and self.asked:
            raise self.refusal("division by an expectation that only a case distinction keeps from zero")
        if low <= 0:
            raise VanishingDenominator(
                f"the relation divides by an expectation that can be zero: it ranges from {low} to {high} over the "
                "outcomes; divide by one that is positive at every outcome, or multiply the inequality out"
            )
        ratio = self.node(Quotient(self.number(numerator), below))
        return Term(self, Fraction(0), {ratio: Fraction(1)})

    def refusal(self, what: str) -> NotTraceable:
        """The error that ends the trace, kept in case that the function swallows it."""
        self.refused = NotTraceable(f"{what} has no formula")
        return self.refused

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

    def compare(self, op: str, term: Term) -> Condition:
        if not term.linear:
            sign = term.constant
            return Condition(self, self.truth(sign >= 0 if op == ">=" else sign > 0 if op == ">" else sign == 0))
        return Condition(self, self.node(Atom(op, self.number(term))))

    def ask(self, condition: int) -> bool:
        """The truth of a condition on this path: known, scripted, or forked (first True)."""
        node = self.nodes[condition]
        if node == And(()) or node == Or(()):
            return node == And(())
        self.questions += 1
        if self.questions > MAX_QUESTIONS:
            raise InvalidRelation(f"the relation asked for {MAX_QUESTIONS} comparisons: it seems to loop for ever")
        known = dict(self.asked)
        if condition in known:
            return known[condition]
        if self.negate(condition) in known:
            return not known[self.negate(condition)]
        if len(self.asked) >= MAX_DEPTH:
            raise NotTraceable(f"more than {MAX_DEPTH} decisions on one path")
        if len(self.asked) == len(self.script):
            self.script.append(True)
        answer = self.script[len(self.asked)]
        self.asked.append((condition, answer))
        return answer


def _refusal(what: str) -> Callable[..., Any]:
    def method(self: Symbol, *_: object) -> NoReturn:
        self.refuse(what)

    return method


class Symbol:
    """What depends on the lotteries, and what no symbol can do: each attempt ends the trace with its reason."""

    __slots__ = ("trace",)
    __array_ufunc__ = None
    trace: Trace

    def own(self, other: Symbol) -> None:
        """Raises ``InvalidRelation`` for a symbol that was kept from the tracing of something else."""
        if other.trace is not self.trace:
            raise InvalidRelation("a symbolic value was kept from another call and used in this one")

    def refuse(self, what: str) -> NoReturn:
        """Ends the trace."""
        raise self.trace.refusal(what)

    __hash__ = _refusal("putting a symbolic value into a set or a dictionary")
    __float__ = _refusal("float() of a symbolic value")
    __int__ = _refusal("int() of a symbolic value")
    __complex__ = _refusal("complex() of a symbolic value")
    __index__ = _refusal("using a symbolic value as an index")
    __iter__ = _refusal("iterating over a symbolic value")
    __len__ = _refusal("len() of a symbolic value")
    __contains__ = _refusal("membership in a symbolic lottery")
    __str__ = __repr__ = __format__ = _refusal("the text of a symbolic value")
    __round__ = __floor__ = __ceil__ = __trunc__ = _refusal("rounding a symbolic value")
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = _refusal("whole division")
    __rpow__ = _refusal("a power with a symbolic exponent")


class Term(Symbol):
    """A number that depends on the lotteries: ``constant + Σ weight · node``."""

    __slots__ = ("constant", "linear")

    def __init__(self, trace: Trace, constant: Fraction, linear: dict[int, Fraction]) -> None:
        self.trace, self.constant, self.linear = trace, constant, linear

    def _read(self, other: object) -> Term:
        if isinstance(other, Term):
            self.own(other)
            return other
        if isinstance(other, (Condition, Lottery)):
            raise InvalidRelation(f"a {type(other).__name__.lower()} cannot be used as a number")
        with at_the_door():
            return Term(self.trace, exact(other, "a number in a relation"), {})

    def __add__(self, other: object) -> Term:
        term = self._read(other)
        linear = dict(self.linear)
        for i, w in term.linear.items():
            linear[i] = linear.get(i, Fraction(0)) + w
        return Term(self.trace, self.constant + term.constant, {i: w for i, w in linear.items() if w})

    __radd__ = __add__

    def __neg__(self) -> Term:
        return self * -1

    def __pos__(self) -> Term:
        return self

    def __sub__(self, other: object) -> Term:
        return self + -self._read(other)

    def __rsub__(self, other: object) -> Term:
        return self._read(other) + -self

    def __mul__(self, other: object) -> Term:
        term = self._read(other)
        if self.linear and term.linear:
            product = self.trace.node(Product(self.trace.number(self), self.trace.number(term)))
            return Term(self.trace, Fraction(0), {product: Fraction(1)})
        scale, linear = (self.constant, term) if not self.linear else (term.constant, self)
        weights = {i: w * scale for i, w in linear.linear.items()} if scale else {}
        return Term(self.trace, linear.constant * scale, weights)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Term:
        term = self._read(other)
        if term.linear:
            return self.trace.quotient(self, term)
        if not term.constant:
            raise ZeroDivisionError("division by zero in a relation")
        return self * (1 / term.constant)

    def __rtruediv__(self, other: object) -> Term:
        return self._read(other) / self

    def __pow__(self, exponent: object) -> Term:
        if type(exponent) is not int or exponent < 0:
            self.refuse(f"the power {exponent!r}")
        result = self._read(1)
        for _ in range(exponent):
            result = result * self
        return result

    def __abs__(self) -> Term:
        largest: Term = maximum(self, -self)
        return largest

    def __le__(self, other: object) -> Condition:
        return self.trace.compare(">=", self._read(other) - self)

    def __lt__(self, other: object) -> Condition:
        return self.trace.compare(">", self._read(other) - self)

    def __ge__(self, other: object) -> Condition:
        return self.trace.compare(">=", self - other)

    def __gt__(self, other: object) -> Condition:
        return self.trace.compare(">", self - other)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self.trace.compare("=", self - other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return ~(self == other)

    __hash__ = Symbol.__hash__

    def __bool__(self) -> bool:
        raise InvalidRelation("a number was used as a condition: compare it with something")

    def _parenthesise(self, other: object) -> NoReturn:
        raise InvalidRelation(
            "& and | bind tighter than comparisons: parenthesise the comparisons, (x <= y) & (u <= v)"
        )

    __and__ = __or__ = __rand__ = __ror__ = __xor__ = __rxor__ = _parenthesise

    def __invert__(self) -> NoReturn:
        raise InvalidRelation("~ denies a condition, not a number: parenthesise the comparison, ~(x <= y)")


class Condition(Symbol):
    """A truth value that depends on the lotteries."""

    __slots__ = ("index",)

    def __init__(self, trace: Trace, index: int) -> None:
        self.trace, self.index = trace, index

    def _read(self, other: object) -> int:
        if isinstance(other, Condition):
            self.own(other)
            return other.index
        if type(other).__name__ in ("bool", "bool_"):
            return self.trace.truth(bool(other))
        raise InvalidRelation(
            f"a condition was joined with {shown(other)}: parenthesise the comparisons, (x <= y) & (u <= v)"
        )

    def __and__(self, other: object) -> Condition:
        return Condition(self.trace, self.trace.join(And, (self.index, self._read(other))))

    def __or__(self, other: object) -> Condition:
        return Condition(self.trace, self.trace.join(Or, (self.index, self._read(other))))

    __rand__ = __and__
    __ror__ = __or__

    def __xor__(self, other: object) -> Condition:
        return ~(self == other)

    __rxor__ = __xor__

    def __invert__(self) -> Condition:
        return Condition(self.trace, self.trace.negate(self.index))

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        i = self._read(other)
        return Condition(self.trace, self.trace.choose(self.index, i, self.trace.negate(i)))

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return ~(self == other)

    __hash__ = Symbol.__hash__

    def __bool__(self) -> bool:
        return self.trace.ask(self.index)

    def _no_arithmetic(self, other: object = None) -> NoReturn:
        raise InvalidRelation("a condition was used as a number: use an if, or count with prefcore's catalogue")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __lt__ = __le__ = __gt__ = __ge__ = _no_arithmetic


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
        return self.trace.expectation(self.side, payoff)

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
        payoffs, scale = self.trace.payoffs(payoff)
        return self.trace.functional(self.side, [_reached(floor(bound * scale), u) for u in payoffs])

    def cvar(self, payoff: Payoff, level: Number) -> Term:
        """``max_t t - E (t - payoff)⁺ / level`` over the payoff's values t [Rockafellar and Uryasev 2000]."""
        with at_the_door():
            share = tail_level(level)
        payoffs, scale = self.trace.payoffs(payoff)
        shortfalls = ((t, self.trace.term(self.side, f)) for t, f in self.trace.family(_shortfall, payoffs))
        largest: Term = maximum(*((t - below / share) / scale for t, below in shortfalls))
        return largest

    def quantile(self, payoff: Payoff, level: Number) -> Term:
        """``min {x : P(payoff <= x) >= level}``."""
        with at_the_door():
            share = tail_level(level)
        trace = self.trace
        payoffs, scale = trace.payoffs(payoff)
        *lower, (top, _) = trace.family(_reached, payoffs)
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
            there = self.trace.unit(other.side, i) if isinstance(other, Lottery) else other[o]
            equal.append((self.trace.unit(self.side, i) == there).index)
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
    payoffs, _ = lottery.trace.payoffs(payoff)
    return tuple(lottery.trace.term(lottery.side, f) for _, f in lottery.trace.family(_reached, payoffs))


def _some(outcomes: Sequence[Outcome]) -> str:
    shown = ", ".join(repr(o) for o in outcomes[:6])
    return f"({shown}{', …' if len(outcomes) > 6 else ''})"


def _extremum(kind: type[Max] | type[Min], terms: tuple[Any, ...]) -> Any:
    if not terms:
        raise InvalidRelation("minimum and maximum need at least one argument")
    symbolic = next((t for t in terms if isinstance(t, Term)), None)
    if symbolic is None:
        numbers = [exact(t, "an argument of minimum or maximum") for t in terms]
        return max(numbers) if kind is Max else min(numbers)
    trace = symbolic.trace
    numbers_of = sorted({trace.number(symbolic._read(t)) for t in terms})
    if len(numbers_of) == 1:
        return symbolic._read(terms[0])
    return Term(trace, Fraction(0), {trace.node(kind(tuple(numbers_of))): Fraction(1)})


def minimum(*terms: Any) -> Any:
    """The smallest of some expectations and numbers, as one term (``min`` forks the trace instead)."""
    return _extremum(Min, terms)


def maximum(*terms: Any) -> Any:
    """The largest of some expectations and numbers, as one term (``max`` forks the trace instead)."""
    return _extremum(Max, terms)


# -- the end of a trace ------------------------------------------------------------------------------------------------


def join_paths(trace: Trace, paths: list[tuple[list[tuple[int, bool]], int]]) -> int:
    """The case distinctions along which the paths, listed depth first with True first, were forked."""
    stack: list[tuple[list[tuple[int, bool]], int]] = []
    for path, value in paths:
        while stack and stack[-1][0] and path and not path[-1][1] and len(stack[-1][0]) == len(path):
            before, then = stack.pop()
            assert before[:-1] == path[:-1] and before[-1] == (path[-1][0], True)
            value = trace.choose(path[-1][0], then, value)
            path = path[:-1]
        stack.append((path, value))
    ((_, value),) = stack
    return value


def finish(trace: Trace, root: int) -> Formula:
    """The formula with the nodes and features that the root needs, renumbered."""
    needed = {root}
    for i in range(root, -1, -1):
        if i in needed:
            for kind in parts(trace.nodes[i]):
                needed.update(kind)
    kept = sorted(needed)
    number = {old: new for new, old in enumerate(kept)}
    used = sorted({n.index for i in kept if isinstance(n := trace.nodes[i], Feature)})
    feature = {old: new for new, old in enumerate(used)}
    nodes = tuple(renumbered(trace.nodes[i], number, feature) for i in kept)
    return Formula(len(trace.outcomes), tuple(trace.features[k] for k in used), nodes)
