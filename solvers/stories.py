"""The sections of a report that tell what its refuted axioms lead to: a regret, a money pump, a jump in price."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from prefcore.claims import BlackBox
from prefcore.report import Report, Section
from prefcore.verdicts import Refuted
from solvers.price import unpriced
from solvers.pump import money_pump
from solvers.regret import regret_process

Story = Callable[[Any], tuple[str, str]]  # a refuted verdict -> text and picture


def _regret(verdict: Refuted) -> tuple[str, str]:
    regret = regret_process(verdict)
    return str(regret), regret.svg


def _pump(verdict: Refuted) -> tuple[str, str]:
    return str(money_pump(verdict)), ""


def _price(verdict: Refuted) -> tuple[str, str]:
    return str(unpriced(verdict)), ""


STORIES: tuple[tuple[tuple[str, ...], str, Story], ...] = (
    (("consistent",), "Not consistent: a process in which following it is regretted (T3)", _regret),
    (("acyclic", "transitive"), "Not transitive: a money pump", _pump),
    (("interpolation",), "No interpolation: two lotteries that no price separates (T4)", _price),
)


def explain(report: Report) -> Report:
    """The report with a section for each refuted axiom that leads to a decision problem.

    For "consistent" the process of T3 with both policies, for "acyclic" or else "transitive" the money pump, for
    "interpolation" the lotteries that no price separates. A story that can't be told says why; nothing is proved anew.
    """
    if not isinstance(report, Report):
        raise TypeError(f"report must be a Report, as pc.check gives it, got {report!r}")
    told = {section.title for section in report.sections}
    for section in _sections(report):
        if section.title not in told:
            report = report.with_section(section.title, section.text, section.svg)
    return report


def _sections(report: Report) -> Iterator[Section]:
    for axioms, title, story in STORIES:
        refuted = [verdict for axiom in axioms if isinstance(verdict := report.verdicts.get(axiom), Refuted)]
        if not refuted:
            continue
        try:
            text, svg = story(refuted[0])
        except Exception as error:
            # A black box may raise anything where nobody has asked it yet; the rest of the report stands.
            if not isinstance(error, ValueError) and not isinstance(report.traced, BlackBox):
                raise
            text, svg = f"This can't be shown here: {error}.", ""
        yield Section(title, text, svg)
