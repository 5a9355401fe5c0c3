"""Relations: a Python function of two lotteries, traced once into a formula.

``@relation`` calls the function on two symbolic lotteries (:mod:`prefcore.tracing`) and keeps the formula; a function
that cannot be traced is kept as a black box, with the reason and the line.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from prefcore.claims import BlackBox
from prefcore.distribution import Distribution
from prefcore.formula import Formula, evaluate, feature_values
from prefcore.tracing import (
    MAX_PATHS,
    Condition,
    FormulaTooLarge,
    InvalidRelation,
    Lottery,
    NotTraceable,
    Term,
    Trace,
    finish,
    join_paths,
    shown,
)

Function = Callable[[Any, Any], Any]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True, eq=False)
class Relation(Generic[F]):
    """A binary relation on lotteries, ``A ≼ B`` read as "B is at least as preferred as A".

    Calling it with two distributions evaluates the traced formula exactly, over the union of their supports; inside
    another relation it is a condition of that one.
    """

    function: F
    name: str

    def __call__(self, A: Any, B: Any) -> Any:
        if isinstance(A, Lottery) or isinstance(B, Lottery):
            return self.function(A, B)  # part of another relation that is being traced
        for lottery in (A, B):
            if not isinstance(lottery, Distribution):
                raise TypeError(f"a relation compares Distributions, got {lottery!r}")
        outcomes = tuple(dict.fromkeys((*A, *B)))
        traced = formula_of(self, outcomes, closed=False)
        if isinstance(traced, BlackBox):
            return answer_of(traced.function(A, B), self.name)
        a, b = (feature_values(traced, [(outcomes.index(o), p) for o, p in x.items()]) for x in (A, B))
        return evaluate(traced, a, b)

    def __repr__(self) -> str:
        return f"<relation {self.name}>"


def relation(function: F) -> Relation[F]:
    """Makes a relation of a function ``(A, B) -> condition`` that says when B is at least as preferred as A."""
    if not callable(function):
        raise TypeError(f"@relation decorates a function of two lotteries, got {function!r}")
    try:
        inspect.signature(function).bind(None, None)
    except ValueError:
        pass  # a builtin that doesn't say
    except TypeError as error:
        name = getattr(function, "__name__", repr(function))
        raise TypeError(f"@relation decorates a function of two lotteries (A, B), and {name} is not: {error}") from None
    return Relation(function, getattr(function, "__name__", type(function).__name__))


def compare(preference: Relation[Any], A: Distribution, B: Distribution) -> str:
    """How A stands to B: ``"≺"`` (B is better), ``"~"``, ``"≻"`` or ``"incomparable"``."""
    return {(True, False): "≺", (True, True): "~", (False, True): "≻", (False, False): "incomparable"}[
        preference(A, B), preference(B, A)
    ]


def answer_of(value: object, name: str) -> bool:
    """A relation's answer as a bool; a ``TypeError`` if it is none."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"the relation {name} must return a comparison or True or False, got {shown(value)}")
    return bool(value)


def outcomes_tuple(outcomes: object) -> tuple[Any, ...]:
    """The outcomes as a tuple of distinct values; raises ``ValueError``/``TypeError`` at the door."""
    if isinstance(outcomes, (str, bytes)) or not hasattr(outcomes, "__iter__"):
        raise TypeError(f"outcomes must be a sequence of outcomes, got {outcomes!r}")
    listed = tuple(outcomes)
    if not listed:
        raise ValueError("outcomes must not be empty")
    seen: set[Any] = set()
    for outcome in listed:
        if not isinstance(outcome, Hashable):
            raise TypeError(f"outcomes must be hashable, got {outcome!r}")
        if outcome in seen:
            raise ValueError(f"outcome {outcome!r} is listed twice")
        seen.add(outcome)
    return listed


_TRACED: ContextVar[tuple[Relation[Any], ...]] = ContextVar("traced", default=())  # the relations being traced


@lru_cache(maxsize=32)
def formula_of(preference: Relation[Any], outcomes: tuple[Any, ...], closed: bool = True) -> Formula | BlackBox:
    """The relation's formula over these outcomes, or the black box it stays, with the reason.

    `closed` says that events may name no other outcome. Raises ``ValueError`` for a payoff with gaps, ``TypeError``
    for a relation that is written wrongly or returns no truth value, ``FormulaTooLarge`` with the size.
    """
    trace = Trace(outcomes, closed)
    if preference in _TRACED.get():
        raise InvalidRelation(
            f"the relation {preference.name} asks for its own formula while it is traced (check, solve)"
        )
    token = _TRACED.set((*_TRACED.get(), preference))
    paths: list[tuple[list[tuple[int, bool]], int]] = []
    try:
        while True:
            trace.asked = []
            lotteries = Lottery(trace, 0), Lottery(trace, 1)
            value = preference.function(*lotteries)
            if isinstance(value, Term):
                raise InvalidRelation(f"the relation {preference.name} must return a comparison, got a number")
            if isinstance(value, Condition):
                lotteries[0].own(value)
            result = (
                value.index if isinstance(value, Condition) else trace.truth(_answer_traced(value, preference.name))
            )
            paths.append((trace.asked, result))
            if trace.refused is not None:
                raise trace.refused
            if len(paths) > MAX_PATHS:
                raise NotTraceable(f"the trace has more than {MAX_PATHS} paths")
            while trace.script and not trace.script[-1]:
                trace.script.pop()
            if not trace.script:
                break
            trace.script[-1] = False
    except (InvalidRelation, FormulaTooLarge):
        raise
    except (TypeError, AttributeError, NotImplementedError) as error:
        return BlackBox(preference.name, preference.function, _reason(trace.refused or error, preference.function))
    finally:
        _TRACED.reset(token)
    return finish(trace, join_paths(trace, paths))


def _answer_traced(value: object, name: str) -> bool:
    try:
        return answer_of(value, name)
    except TypeError as error:
        raise InvalidRelation(str(error)) from None


def _reason(error: Exception, function: Function) -> str:
    """The message with the line of the user's function at which the trace stopped."""
    code = getattr(function, "__code__", None)
    place = ""
    frame = error.__traceback__
    while frame is not None:
        if code is not None and frame.tb_frame.f_code.co_filename == code.co_filename:
            text = linecache.getline(code.co_filename, frame.tb_lineno).strip()
            place = f" (line {frame.tb_lineno}{': ' + text if text else ''})"
        frame = frame.tb_next
    return f"{error}{place}"
