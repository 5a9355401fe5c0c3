"""Questions to an oracle that may err: repeated until the answers lead, and decided once.

Let each answer be wrong independently with probability at most p < 1/2. A question is repeated until k more answers say
the one than the other. This is Wald's sequential probability ratio test, a random walk with ends ±k: it decides wrongly
with probability at most ``ε = 1/(1 + ((1-p)/p)^k)``, and takes ``k(1-2ε)/(1-2p)`` answers on average if the error is p
exactly. With k the least such that ``Q ε <= 1 - confidence``, where Q is the
largest number of different questions that a run can ask, *all* the questions are decided rightly with at least the
stated confidence (union bound: the questions are chosen adaptively, but each test's error is at most ε whatever was
asked before).

Errors that persist, the same wrong answer whenever the same question is asked, are outside of this model: no repetition
detects them.

Source: Wald, *Sequential analysis*, 1947.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, log, log1p
from typing import Any

from prefcore.comparisons import Comparisons
from prefcore.distribution import Distribution

Oracle = Callable[[Distribution, Distribution], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that was decided: ``A ≼ B`` if it `holds`, else ``B ≺ A``, which a total relation then means.

    yes, no: how often the oracle said so. purpose: why it was asked.
    """

    A: Distribution
    B: Distribution
    holds: bool
    yes: int
    no: int
    purpose: str

    def __str__(self) -> str:
        return f"{self.A} ≼ {self.B}" if self.holds else f"{self.B} ≺ {self.A}"


class Exhausted(Exception):
    """The oracle may be called no more."""


@dataclass
class Asked:
    """Asks each question until the answers lead by `lead`, once and for all."""

    oracle: Oracle
    lead: int
    limit: int | None
    progress: Callable[[Answer], None] | None
    queries: int = 0
    record: dict[tuple[Distribution, Distribution], Answer] = field(default_factory=dict)

    def known(self, A: Distribution, B: Distribution) -> bool:
        """Whether it was decided whether ``A ≼ B``."""
        return (A, B) in self.record

    def __call__(self, A: Distribution, B: Distribution, purpose: str) -> bool:
        if (A, B) not in self.record:
            counts = [0, 0]
            while abs(counts[1] - counts[0]) < self.lead:
                counts[self._once(A, B)] += 1
            self.record[A, B] = Answer(A, B, counts[1] > counts[0], counts[1], counts[0], purpose)
            if self.progress is not None:
                self.progress(self.record[A, B])
        return self.record[A, B].holds

    def _once(self, A: Distribution, B: Distribution) -> bool:
        if self.limit is not None and self.queries >= self.limit:
            raise Exhausted
        self.queries += 1
        value = self.oracle(A, B)
        if type(value).__name__ not in ("bool", "bool_"):
            raise TypeError(f"the oracle must answer True or False, got {value!r} when asked whether {A} ≼ {B}")
        return bool(value)

    def comparisons(self, outcomes: tuple[Any, ...]) -> Comparisons:
        """All that was decided; an answer of no means the strict opposite, as the order of a utility is total."""
        strict = [(x.B, x.A) for x in self.record.values() if not x.holds]
        weak = [(x.A, x.B) for x in self.record.values() if x.holds]
        return Comparisons(strict, weak, outcomes)


def lead_for(p: Fraction, confidence: Fraction, questions: int) -> int:
    """The least k with ``questions · 1/(1 + ((1-p)/p)^k) <= 1 - confidence``."""
    if p == 0 or questions == 0:
        return 1
    odds = float(questions / (1 - confidence) - 1)
    return max(1, ceil(log(odds) / log1p(float((1 - 2 * p) / p)))) if odds > 1 else 1
