"""The report of a check: a table, its counterexamples in words, and what the theorems conclude."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prefcore.by_axiom import ByAxiom
from prefcore.certificates import save_certificate, write_atomically
from prefcore.claims import Achievable, BlackBox, Domain, Menu
from prefcore.conclusions import Consequence, consequences
from prefcore.distribution import Distribution
from prefcore.evidence import (
    Both,
    ClosedAndTotal,
    ClosedContours,
    Counterexample,
    Cycle,
    EndPoints,
    Evidence,
    FixedWitnesses,
    Matching,
    Potential,
    Refutation,
    Split,
    Through,
    ValueOrder,
)
from prefcore.formula import Formula
from prefcore.relations import Relation
from prefcore.stochastic import Enumerated
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict
from prefcore.words import in_words

STATEMENTS = {
    "reflexive": "A ≼ A",
    "transitive": "A ≼ B and B ≼ C imply A ≼ C",
    "quasi_transitive": "A ≺ B and B ≺ C imply A ≺ C",
    "negatively_transitive": "A ≺ C implies A ≺ B or B ≺ C",
    "preorder": "reflexive and transitive",
    "total": "A ≼ B or B ≼ A",
    "consistent": "A ≼ B implies αA+(1-α)C ≼ αB+(1-α)C",
    "convex": "A ≼ B if and only if αA+(1-α)C ≼ αB+(1-α)C",
    "betweenness": "A ≺ B implies A ≺ αA+(1-α)B ≺ B",
    "interpolation": "A ≼ B ≼ C implies αA+(1-α)C ~ B for some α in [0, 1]",
    "interpolation_open": "A ≼ B ≼ C implies αA+(1-α)C ~ B for some α in (0, 1)",
    "continuous": "{B : A ≼ B} and {B : B ≼ A} are closed",
    "acyclic": "there is no A₁ ≺ A₂ ≺ … ≺ A₁",
    "monotone": "if B dominates A to first order, A ≼ B",
    "risk_averse": "if B dominates A to second order, A ≼ B",
    "spread_averse": "if A is a mean-preserving spread of B, A ≼ B",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part that another package adds to a report: a title, its text, and an optional inline SVG picture."""

    title: str
    text: str
    svg: str = ""


@dataclass(frozen=True, slots=True)
class Report(ByAxiom):
    """The verdicts of one relation on one domain; a mapping from the axiom's name."""

    relation: Relation[Any]
    outcomes: tuple[Any, ...]
    traced: Formula | BlackBox | None
    verdicts: Mapping[str, Verdict]
    sections: tuple[Section, ...] = ()
    title: str = ""
    domain: Domain | None = None

    def proved(self, *axioms: str) -> bool:
        """Whether all of these axioms are proved."""
        return all(isinstance(self.verdicts.get(axiom), Proved) for axiom in axioms)

    def refuted(self, axiom: str) -> bool:
        """Whether the axiom is refuted."""
        return isinstance(self.verdicts.get(axiom), Refuted)

    @property
    def consequences(self) -> tuple[Consequence, ...]:
        """What the theorems conclude from these verdicts."""
        return consequences(self)

    @property
    def where(self) -> str:
        """The domain in words."""
        outcomes = _count(len(self.outcomes), "outcome")
        if isinstance(self.domain, Menu):
            return f"on a menu of {_count(len(self.domain.lotteries), 'lottery', 'lotteries')} over {outcomes}"
        if isinstance(self.domain, Achievable):
            decisions = _count(len(self.domain.process.tree.branches), "decision history", "decision histories")
            return f"on what policies achieve in a process of {decisions} and {outcomes}"
        return f"over {outcomes}"

    @property
    def classes(self) -> tuple[tuple[Distribution, ...], ...]:
        """The condensation of the relation on a menu: its strongly connected classes, from low to high.

        Lotteries of one class are joined by chains of ≼ both ways: indifferent where ≼ is transitive, else perhaps on a
        cycle. No class comes after one that is above it. Raises ``AttributeError`` for a report on another domain or
        about a black box.
        """
        if not isinstance(self.domain, Menu) or not isinstance(self.traced, Formula):
            raise AttributeError("only a traced relation on a menu has classes")
        from prefcore.search.menu import classes

        lotteries = self.domain.lotteries
        return tuple(tuple(lotteries[i] for i in members) for members in classes(self.traced, self.domain))

    def titled(self, title: str) -> Report:
        """The report under a title of its own; without one it bears the relation's name."""
        return replace(self, title=title)

    def with_section(self, title: str, text: str, svg: str = "") -> Report:
        """The report with one more section at its end."""
        return replace(self, sections=(*self.sections, Section(title, text, svg)))

    def __str__(self) -> str:
        width = max(len(axiom) for axiom in self.verdicts)
        first: dict[str, str] = {}  # where a reason for not knowing was told
        lines = [f"{self.title or self.relation.name} ({self.where})", ""]
        for axiom, verdict in self.verdicts.items():
            mark = {Proved: "proved ", Refuted: "refuted", Unknown: "unknown"}[type(verdict)]
            told = first.setdefault(verdict.reason, axiom) if isinstance(verdict, Unknown) else axiom
            lines.append(f"  {axiom:<{width}}  {mark}  {summary(verdict) if told == axiom else f'as for {told}'}")
        stories = [(a, v.evidence) for a, v in self.verdicts.items() if isinstance(v, Refuted) and a != "preorder"]
        if stories:
            lines += ["", "Counterexamples"]
            lines += [
                f"  {a}: {in_words(a, e, self.relation)}" for a, e in stories if isinstance(e, (Counterexample, Cycle))
            ]
        if self.consequences:
            lines += ["", "What follows", *(f"  {c}" for c in self.consequences)]
        for section in self.sections:
            lines += ["", section.title, *(f"  {line}" for line in section.text.splitlines())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from prefcore import page  # drawn only when somebody looks

        return page.fragment(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes one self-contained HTML page: the table, the counterexamples, the pictures."""
        from prefcore import page

        return write_atomically(path, page.document(self))

    def save_certificates(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes ``AXIOM.json`` for each axiom that was proved or refuted, for ``prefcore verify``."""
        return [
            save_certificate(verdict, Path(folder) / f"{axiom}.json")
            for axiom, verdict in self.verdicts.items()
            if isinstance(verdict, (Proved, Refuted)) and not isinstance(self.traced, BlackBox)
        ]


def summary(verdict: Verdict) -> str:
    """One line on what a verdict rests on."""
    if isinstance(verdict, Unknown):
        return f"{verdict.reason} ({verdict.budget:.1f} s); {verdict.advice}"
    if isinstance(verdict, Refuted):
        return "by a cycle" if isinstance(verdict.evidence, Cycle) else "by a counterexample"
    return _grounds(verdict.evidence)


def _grounds(evidence: Evidence) -> str:
    match evidence:
        case ValueOrder():
            return "it compares a value, V(A) <= V(B)"
        case Refutation(_, lemmas, steps):
            return f"by {_count(len(lemmas), 'Farkas lemma')} and {_count(len(steps), 'step')}"
        case ClosedAndTotal():
            return "T7: closed and total"
        case EndPoints(refutation):
            return f"α = 0 or 1 serves, {_grounds(refutation)}"
        case Matching(_, span, match):
            both = len(span.lemmas) + len(match.lemmas)
            return f"the α that matches a functional of B serves, by {_count(both, 'Farkas lemma')}"
        case FixedWitnesses(alphas, refutation):
            return f"one of α = {', '.join(map(str, alphas))} serves, {_grounds(refutation)}"
        case Both():
            return "both proved"
        case Split(refutation):
            return f"{_grounds(refutation)}, each lottery split in two"
        case ClosedContours(None, None):
            return "it is closed by its form"
        case ClosedContours(upper, lower):
            parts = [part for part in (upper, lower) if part is not None]
            return f"its closure adds nothing, {' and '.join(map(_grounds, parts))}"
        case Through(axiom, refutation):
            return f"it is {axiom.replace('_', '-')}, {_grounds(refutation)}"
        case Potential(_, rising, refutation):
            return f"a value {'rises' if rising else 'falls'} with every strict preference, {_grounds(refutation)}"
        case Enumerated():
            return "all pairs of the menu were compared"
        case _:
            return type(evidence).__name__


def _count(n: int, noun: str, plural: str = "") -> str:
    return f"{n} {noun if n == 1 else plural or noun + 's'}"
