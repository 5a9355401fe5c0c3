"""Assertions for test suites: a relation satisfies an axiom, or it does not.

They ask :func:`prefcore.check` and fail with the counterexample in words. What is not decided fails, too, with an error
of its own: "not known" is neither "holds" nor "fails".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from prefcore.checking import check
from prefcore.relations import Relation
from prefcore.report import STATEMENTS, Report, summary
from prefcore.verdicts import Proved, Refuted, Unknown
from prefcore.words import in_words

if TYPE_CHECKING:
    from prefcore.evidence import Counterexample, Cycle


class UndecidedAxiom(AssertionError):
    """The axiom is neither proved nor refuted: the message says why, and what to do."""


def assert_axiom(
    relation: Relation[Any],
    axiom: str,
    outcomes: Iterable[Any],
    *,
    value: Any = None,
    budget: float | None = None,
) -> Proved:
    """Passes, with the verdict, if it is proved that `relation` satisfies `axiom` on the simplex over `outcomes`.

    axiom: a name that ``pc.check`` knows. value: the payoff that orders the outcomes, for the axioms that need one.
    budget: seconds. Raises ``AssertionError`` with the counterexample in words if the axiom is refuted,
    :class:`UndecidedAxiom` if it is not decided, and what ``pc.check`` raises for malformed arguments.
    """
    __tracebackhide__ = True
    report = _report(relation, axiom, outcomes, value, budget)
    verdict = report[axiom]
    if isinstance(verdict, Refuted):
        raise AssertionError(f"{_about(report, axiom)}: refuted. {_story(report, axiom, verdict)}")
    if isinstance(verdict, Unknown):
        raise UndecidedAxiom(_undecided(report, axiom, verdict))
    return verdict


def assert_refuted(
    relation: Relation[Any],
    axiom: str,
    outcomes: Iterable[Any],
    *,
    value: Any = None,
    budget: float | None = None,
) -> Counterexample | Cycle:
    """Passes, with the counterexample, if `axiom` is refuted for `relation` on the simplex over `outcomes`.

    The counterexample has lotteries ``A``, ``B``, ``C`` and ``alpha`` (None where the axiom has none).
    Arguments are those of :func:`assert_axiom`. Raises ``AssertionError`` if the axiom is proved,
    :class:`UndecidedAxiom` if it is not decided, and what ``pc.check`` raises for malformed arguments.
    """
    __tracebackhide__ = True
    report = _report(relation, axiom, outcomes, value, budget)
    verdict = report[axiom]
    if isinstance(verdict, Proved):
        raise AssertionError(f"{_about(report, axiom)}: proved ({summary(verdict)}), but was to be refuted")
    if isinstance(verdict, Unknown):
        raise UndecidedAxiom(_undecided(report, axiom, verdict))
    return cast("Counterexample | Cycle", verdict.evidence)  # the kernel refutes axioms by nothing else


def _report(relation: Relation[Any], axiom: str, outcomes: Iterable[Any], value: Any, budget: float | None) -> Report:
    __tracebackhide__ = True
    if not isinstance(axiom, str):
        raise TypeError(f'axiom must be one name, such as "transitive", got {axiom!r}')
    needed = {} if value is None else {"value": value}
    return check(relation, outcomes, [axiom], budget=budget, **needed)


def _about(report: Report, axiom: str) -> str:
    said = STATEMENTS.get(axiom, "")
    count = len(report.outcomes)
    return f"{report.relation.name}, {axiom}{f' ({said})' if said else ''}, over {count} outcome{'s' * (count > 1)}"


def _story(report: Report, axiom: str, verdict: Refuted) -> str:
    found: Any = verdict.evidence
    return in_words(axiom, found, report.relation)


def _undecided(report: Report, axiom: str, verdict: Unknown) -> str:
    return f"{_about(report, axiom)}: not known, because {verdict.reason}. What to do: {verdict.advice}"
