"""Refutations that need no search: every lemma closes a short chain of literals that hold outright.

Many axioms of conjunctions (dominance, equality, unanimity) follow atom by atom: ``A_k <= B_k`` and ``B_k <= C_k``
contradict ``A_k > C_k``. For each open literal, the known ones are added to it so that one variable after another
cancels. Thousands of atoms take milliseconds; where it finds nothing, z3 takes over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from prefcore.clauses import Clauses, Exact, Monomial, Polynomial, add
from prefcore.evidence import Lemma, Refutation
from prefcore.kernel import EvidenceRejected, check_lemma
from prefcore.search.hulls import Hull
from prefcore.search.propagation import Propagator, refutation

LONGEST = 3  # known literals in a chain
EFFORT = 60  # sums tried for one literal
PATIENCE = 100  # literals in a row without a lemma before it gives up


def refute(system: Clauses, hull: Hull) -> Refutation | None:
    """A refutation by unit propagation and chains of literals that hold outright, or None."""
    propagator = Propagator()
    for clause in system.clauses:
        propagator.add(clause)
    known = _Known(system, hull)
    lemmas: list[Lemma] = []
    misses = 0
    for literal in _candidates(system, propagator):
        known.extend(propagator.facts())
        found = known.contradiction(literal)
        misses = 0 if found else misses + 1
        if found:
            lemmas.append(found)
            propagator.add(tuple(-x for x in found.literals))
        if misses > PATIENCE:
            return None
    if propagator.hints(()) is None:
        return None
    return refutation(system.clauses, lemmas, [], system.definitions)


def _candidates(system: Clauses, propagator: Propagator) -> Iterator[int]:
    """Literals that may contradict what is known, as long as there is no conflict: open ones, then the latest facts."""
    for number in system.atoms:
        for literal in (number, -number):
            if propagator.conflicting():
                return
            if not propagator.settled(number):
                yield literal
    for literal in reversed(propagator.facts()[:]):
        if propagator.conflicting():
            return
        if abs(literal) in system.atoms:
            yield literal


class _Known:
    """The atoms that hold outright, by the variables that they could cancel."""

    def __init__(self, system: Clauses, hull: Hull) -> None:
        self.system, self.hull = system, hull
        self._by: dict[tuple[Monomial, bool], list[int]] = {}  # (variable, sign of its coefficient) -> literals
        self._seen = 0

    def row(self, literal: int) -> Polynomial:
        p = self.system.atoms[abs(literal)]
        return p if literal > 0 else {m: -c for m, c in p.items()}

    def extend(self, facts: Sequence[int]) -> None:
        """Takes in what has been added to the facts since the last call."""
        for literal in facts[self._seen :]:
            if abs(literal) in self.system.atoms:
                for monomial, c in self.row(literal).items():
                    if monomial:
                        self._by.setdefault((monomial, c > 0), []).append(literal)
        self._seen = len(facts)

    def contradiction(self, literal: int) -> Lemma | None:
        """A lemma that the literal contradicts known ones."""
        stack: list[tuple[Polynomial, tuple[tuple[int, Exact], ...]]] = [(self.row(literal), ((literal, 1),))]
        for _ in range(EFFORT):
            if not stack:
                return None
            total, used = stack.pop()
            pivot = next((m for m in total if m), None)
            if pivot is None:
                return self._lemma(used)
            if len(used) > LONGEST:
                continue
            c = total[pivot]
            for other in self._by.get((pivot, c < 0), ()):
                row = self.row(other)
                weight = Fraction(-c) / row[pivot]
                summed = dict(total)
                add(summed, row, weight)
                stack.append((summed, (*used, (other, weight))))
        return None

    def _lemma(self, used: Sequence[tuple[int, Exact]]) -> Lemma | None:
        weights: dict[int, Fraction] = {}
        for literal, weight in used:
            weights[literal] = weights.get(literal, Fraction(0)) + weight
        lemma = Lemma(tuple(weights), tuple(weights.values()))
        try:
            check_lemma(self.system, lemma, self.hull.largest)
        except EvidenceRejected:
            return None
        return lemma
