"""Symbolic numbers and conditions, and the trace to which they belong.

Sums, products, quotients, ``minimum`` and ``maximum`` of terms are terms, comparisons are conditions; ``&``, ``|`` and
``~`` join them. Where Python asks for the truth of a condition, the trace forks. Whatever else is done with a symbol
ends the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn

from prefcore.distribution import Outcome, exact
from prefcore.drafts import Draft, Functional, InvalidRelation, at_the_door
from prefcore.formula import And, Max, Min, Node, Or, Product, Quotient, range_of

MAX_DEPTH = 200  # decisions on one path of it
MAX_QUESTIONS = 250_000  # comparisons whose truth a relation may ask for


class NotTraceable(TypeError):
    """The relation does something with a symbol that has no formula."""


class VanishingDenominator(ValueError):
    """The relation divides by an expectation that can be zero."""


def shown(value: object) -> str:
    try:
        return repr(value)
    except NotTraceable:
        return "something with a symbolic value"


@dataclass(slots=True)
class Trace:
    """The formula under construction, shared by all paths, and the path being followed."""

    outcomes: tuple[Outcome, ...]
    closed: bool  # whether an event may name only these outcomes
    draft: Draft = field(init=False)
    refused: NotTraceable | None = None  # kept, in case that the function swallows it
    script: list[bool] = field(default_factory=list)  # answers to give on this path
    asked: list[tuple[int, bool]] = field(default_factory=list)  # conditions decided on this path
    questions: int = 0  # asked on all paths

    def __post_init__(self) -> None:
        self.draft = Draft(self.outcomes)

    def node(self, node: Node) -> int:
        return self.draft.node(node)

    def truth(self, value: bool) -> int:
        return self.draft.truth(value)

    def join(self, kind: type[And] | type[Or], conditions: Sequence[int]) -> int:
        return self.draft.join(kind, conditions)

    def functional(self, side: int, values: Sequence[Fraction | int]) -> Term:
        """The term ``Σ_o L[o]·values[o]`` of the lottery on that side."""
        return self.term(side, self.draft.feature(values))

    def term(self, side: int, functional: Functional) -> Term:
        """``scale · E f_k + shift`` as a term."""
        return Term(self, *self.draft.linear(side, functional))

    def number(self, term: Term) -> int:
        """The node of a term, its functionals merged."""
        return self.draft.number(term.constant, term.linear)

    def quotient(self, numerator: Term, denominator: Term) -> Term:
        """``numerator / denominator``; the denominator is linear, and of one sign at every outcome."""
        below = self.number(denominator)
        bounds = range_of(self.draft.nodes, self.draft.features, below)
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

    def compare(self, op: str, term: Term) -> Condition:
        return Condition(self, self.draft.comparison(op, term.constant, term.linear))

    def ask(self, condition: int) -> bool:
        """The truth of a condition on this path: known, scripted, or forked (first True)."""
        node = self.draft.nodes[condition]
        if node == And(()) or node == Or(()):
            return node == And(())
        self.questions += 1
        if self.questions > MAX_QUESTIONS:
            raise InvalidRelation(f"the relation asked for {MAX_QUESTIONS} comparisons: it seems to loop for ever")
        known = dict(self.asked)
        if condition in known:
            return known[condition]
        if self.draft.negate(condition) in known:
            return not known[self.draft.negate(condition)]
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
        if isinstance(other, Symbol):
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
        return Condition(self.trace, self.trace.draft.negate(self.index))

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        i = self._read(other)
        return Condition(self.trace, self.trace.draft.choose(self.index, i, self.trace.draft.negate(i)))

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return ~(self == other)

    __hash__ = Symbol.__hash__

    def __bool__(self) -> bool:
        return self.trace.ask(self.index)

    def _no_arithmetic(self, other: object = None) -> NoReturn:
        raise InvalidRelation("a condition was used as a number: use an if, or count with prefcore's catalogue")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __lt__ = __le__ = __gt__ = __ge__ = _no_arithmetic


def minimum(*terms: Any) -> Any:
    """The smallest of some expectations and numbers, as one term (``min`` forks the trace instead)."""
    return _extremum(Min, terms)


def maximum(*terms: Any) -> Any:
    """The largest of some expectations and numbers, as one term (``max`` forks the trace instead)."""
    return _extremum(Max, terms)


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
