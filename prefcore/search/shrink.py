"""Counterexamples that a person can read: each lottery and α is replaced by the simplest that still refutes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from prefcore import kernel
from prefcore.claims import Axiom
from prefcore.distribution import Distribution
from prefcore.evidence import Counterexample
from prefcore.search import grid

ALPHAS = tuple(Fraction(*pair) for pair in ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 10), (9, 10)))
WIDEST = 3  # outcomes of a lottery that are tried in all their simple mixtures


def _weight(lottery: Distribution) -> int:
    return sum(p.denominator.bit_length() + 2 for _, p in lottery.items())


def simplest(claim: Axiom, evidence: Counterexample) -> Counterexample:
    """A counterexample to the same claim with simpler numbers; the given one if none is found."""
    best = evidence
    for _ in range(2):
        before = best
        for name in ("A", "B", "C"):
            lottery = getattr(best, name)
            if lottery is not None:
                support = list(lottery)
                candidates = grid.lotteries(support, 4 if len(support) <= WIDEST else 1)
                candidates = [c for c in candidates if _weight(c) < _weight(lottery)]
                best = _first(claim, best, name, sorted(candidates, key=_weight))
        if best.alpha is not None and best.alpha not in ALPHAS[:1]:
            simpler = [a for a in ALPHAS if a.denominator < best.alpha.denominator]
            best = _first(claim, best, "alpha", simpler)
        if best == before:
            break
    return best


def _first(
    claim: Axiom, evidence: Counterexample, name: str, values: list[Distribution] | list[Fraction]
) -> Counterexample:
    for value in values:
        changed: dict[str, Any] = {name: value}
        candidate = replace(evidence, **changed)
        try:
            kernel.check(claim, candidate)
        except kernel.EvidenceRejected:
            continue
        return candidate
    return evidence
