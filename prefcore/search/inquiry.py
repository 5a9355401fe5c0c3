"""One relation on one domain: which finder is asked for which axiom, from cheap to dear.

Over a simplex: the named rule "V(A) <= V(B)", one face of three outcomes with the relation traced anew on it, the
relaxation with opaque terms, more faces, the whole question. On the achievable set of a process the faces are those of
a few policies. A menu is gone through. A black box is asked. Whatever a finder returns goes through the kernel; what
the kernel rejects does not count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, product
from typing import Any

from prefcore import kernel
from prefcore.axioms import (
    ACYCLIC,
    ACYCLIC_BY,
    COMPOUND,
    CONTINUOUS,
    DOMINANCE,
    EXISTENTIAL,
    NEEDS,
    NEVER,
    SPLIT,
    UNIVERSAL,
    Statement,
    betweenness_at,
    cycle_statement,
    potential_statement,
)
from prefcore.claims import Achievable, Axiom, BlackBox, Domain, Menu, Simplex
from prefcore.closures import gap, is_closed
from prefcore.distribution import Distribution
from prefcore.dominances import violation
from prefcore.evidence import (
    Both,
    ClosedContours,
    Counterexample,
    Cycle,
    Evidence,
    Potential,
    Refutation,
    Split,
    Through,
    ValueOrder,
)
from prefcore.formula import Formula, If, Max, Min, Product, Quotient
from prefcore.records import EvidenceRejected
from prefcore.relations import Relation, formula_of
from prefcore.search import blackbox, faces, grid, interpolation, jumps, menu, polynomial, shrink
from prefcore.search.hulls import Hull, Mixed, hull_of
from prefcore.search.semilinear import EXPLICIT, Deadline, decide, find_on
from prefcore.tracing import fits
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict

MANY_NODES = 3000  # beyond which opaque terms are not defined case by case
MORE_FACES = 35
FEW_FEATURES = 12  # with which the whole question is as quick as a face
MIXING = (Fraction(1, 2), Fraction(1, 4), Fraction(9, 10))  # at which betweenness is tried
CYCLES = (3, 4, 5)  # lengths of cycles that are looked for
POTENTIALS = 20  # terms that may rise or fall with every strict preference


# An axiom fails wherever one of these does.
REFUTED_WITH = {
    "convex": ("consistent",),
    "interpolation_open": ("interpolation",),
    "risk_averse": ("monotone", "spread_averse"),
}


@dataclass(slots=True)
class Inquiry:
    """The verdicts so far (an axiom may serve another), and the hull of the domain."""

    relation: Relation[Any]
    domain: Domain
    closed: bool
    traced: Formula | BlackBox
    value: tuple[Fraction, ...] | None
    deadline: Deadline
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    note: str = ""  # what the finders have to say if the axiom stays unknown
    _hull: Hull | None = None
    _kinds: list[int] = field(default_factory=list)

    def verdict(self, axiom: str) -> Verdict:
        """The verdict on one axiom."""
        if axiom not in self.verdicts:
            start = time.monotonic()
            claim = Axiom(self.traced, axiom, self.domain, self.value if axiom in DOMINANCE else None)
            self.note = ""
            verdict = self._decided(claim)
            self.verdicts[axiom] = self._unknown(claim, time.monotonic() - start) if verdict is None else verdict
        return self.verdicts[axiom]

    def _unknown(self, claim: Axiom, seconds: float) -> Unknown:
        if isinstance(self.traced, BlackBox):
            reason = f"the relation is a black box: {self.traced.reason}; {self.note or 'no finder applies'}"
            return Unknown(claim, reason, "write it with expectations, probabilities and comparisons of them", seconds)
        if self.note:
            return Unknown(claim, self.note, "raise budget=, or try less", seconds)
        if not self.deadline.left:
            return Unknown(claim, "the time is used up", "raise budget=, or try fewer outcomes", seconds)
        nonlinear = any(isinstance(node, (Product, Quotient)) for node in self.traced.nodes)
        if nonlinear:
            reason = "it multiplies or divides expectations: no simple lotteries refute it, no products prove it"
            return Unknown(claim, reason, "try fewer outcomes", seconds)
        return Unknown(
            claim, "the finders have no rule that decides it", "raise budget=, or try fewer outcomes", seconds
        )

    def _decided(self, claim: Axiom) -> Verdict | None:
        for evidence in self._evidence(claim):
            try:
                return kernel.check(claim, evidence)
            except EvidenceRejected:
                continue
        return None

    def _proof(self, axiom: str) -> Refutation | ValueOrder | None:
        """The evidence for an axiom, if it was proved by such."""
        verdict = self.verdict(axiom)
        found = verdict.evidence if isinstance(verdict, Proved) else None
        return found if isinstance(found, (Refutation, ValueOrder)) else None

    # -- which finder for which axiom ---------------------------------------------------------------------------

    def _evidence(self, claim: Axiom) -> Iterator[Evidence]:
        if claim.axiom in COMPOUND and not isinstance(self.domain, Menu):
            yield from self._compound(claim.axiom)
        elif isinstance(self.traced, BlackBox):
            yield from self._by_asking(claim)
        elif isinstance(self.domain, Menu):
            yield from self._on_menu(claim, self.traced)
        else:
            yield from self._on_hull(claim, self.traced)

    def _on_hull(self, claim: Axiom, formula: Formula) -> Iterator[Evidence]:
        for other in REFUTED_WITH.get(claim.axiom, ()):
            verdict = self.verdicts.get(other)
            if isinstance(verdict, Refuted):
                yield verdict.evidence
        if claim.axiom in EXISTENTIAL:
            yield from self._existential(claim)
        elif claim.axiom == CONTINUOUS:
            yield from self._continuous(claim, formula)
        elif claim.axiom == ACYCLIC:
            yield from self._acyclic(claim)
        elif claim.axiom == "betweenness":
            yield from self._betweenness(claim, formula)
        elif claim.axiom in DOMINANCE:
            assert self.value is not None
            fits(len(formula.features) + len(set(self.value)), self.domain.outcomes)
            yield from self._universal(claim, violation(formula, claim.axiom, self.value), NEVER)
        else:
            yield from self._universal(claim, formula, UNIVERSAL[claim.axiom])

    def _compound(self, axiom: str) -> Iterator[Evidence]:
        parts = [self.verdict(name) for name in COMPOUND[axiom]]
        self.note = f"neither is refuted, nor are both proved: {' and '.join(COMPOUND[axiom])}"
        proofs = [v.evidence for v in parts if isinstance(v, Proved)]
        yield from (v.evidence for v in parts if isinstance(v, Refuted))
        if len(proofs) == len(parts):
            reflexive, transitive = proofs
            if isinstance(reflexive, (Refutation, ValueOrder)) and isinstance(transitive, (Refutation, ValueOrder)):
                yield Both(reflexive, transitive)

    def hull(self) -> Hull:
        """The hull of the domain through the relation's features."""
        if self._hull is None:
            assert isinstance(self.traced, Formula)
            self._hull = hull_of(self.domain, self.traced)
        return self._hull

    def _existential(self, claim: Axiom) -> Iterator[Evidence]:
        found = interpolation.find(
            self.hull(),
            claim.axiom,
            self._proof("total"),
            self._on_faces,
            lambda face, mixed: self._named(face, mixed, None),
            self.deadline,
        )
        if found is not None:
            yield found

    def _universal(self, claim: Axiom, formula: Formula, statement: Statement) -> Iterator[Evidence]:
        mixes = NEEDS[claim.axiom][1]
        if not mixes:
            yield ValueOrder()
        opaque = any(isinstance(node, (Max, Min, If, Quotient)) for node in formula.nodes)
        nonlinear = any(isinstance(node, (Product, Quotient)) for node in formula.nodes)
        hull = self.hull() if formula is self.traced else hull_of(self.domain, formula)
        large = len(hull.vertices) > EXPLICIT or not hull.complete
        if large and (opaque or len(formula.features) > FEW_FEATURES):
            yield from self._on_some_faces(claim, statement, 3, 0, 1)
        if not (mixes and opaque):
            yield from self._asked(claim, statement, hull, definitions=not opaque)
        if nonlinear:
            yield from self._polynomial(claim, statement, hull)
        if large or nonlinear:
            yield from self._on_some_faces(claim, statement, 3, 0, MORE_FACES)
            yield from self._on_some_faces(claim, statement, 4, 0, MORE_FACES)
        if opaque and len(formula.nodes) <= MANY_NODES:
            yield from self._asked(claim, statement, hull, definitions=True)

    def _polynomial(self, claim: Axiom, statement: Statement, hull: Hull) -> Iterator[Evidence]:
        """Simple lotteries on faces; a proof by products; points that nonlinear arithmetic finds on faces."""
        for size, count in ((3, 4), (4, 2)):
            for face, local in islice(self._asked_on_faces(claim, size), count) if self.deadline.left else ():
                found = grid.on_formula(claim.axiom, local, self.deadline.sooner(10.0))
                if found is not None:
                    yield self._named(face, *found)
        proof = polynomial.refute(statement, hull, self.deadline.sooner(10.0))
        if proof is not None:
            yield proof
        within = self.deadline.sooner(5.0)
        for size in (3, 4):
            for face, local in islice(self._asked_on_faces(claim, size), 2):
                for lotteries, alpha in polynomial.points(statement, local, within) if within.left else ():
                    yield self._named(face, lotteries, alpha)

    def _asked_on_faces(self, claim: Axiom, size: int) -> Iterator[tuple[Any, Formula]]:
        """Faces with the formula of which the statement speaks: the relation, or the violation of dominance by it."""
        for face, local in self._on_faces(size):
            if claim.axiom not in DOMINANCE:
                yield face, local
            elif not isinstance(self.domain, Achievable):
                assert self.value is not None
                yield face, violation(local, claim.axiom, [self.value[o] for o in face])

    def _asked(self, claim: Axiom, statement: Statement, hull: Hull, definitions: bool) -> Iterator[Evidence]:
        answer = decide(statement, hull, self.deadline, definitions)
        if isinstance(answer, Refutation):
            yield answer
        elif answer is not None:
            if claim.axiom in UNIVERSAL and not NEEDS[claim.axiom][1] and isinstance(self.domain, Simplex):
                for face, local in islice(self._on_faces(3), 4):  # mostly simple lotteries will do as well
                    simple = grid.on_formula(claim.axiom, local, self.deadline.sooner(1.0))
                    if simple is not None:
                        yield self._named(face, *simple)
            lotteries, alpha = answer
            named = self._named(None, lotteries, alpha, hull)
            yield shrink.simplest(claim, named) if isinstance(self.domain, Simplex) else named

    def _betweenness(self, claim: Axiom, formula: Formula) -> Iterator[Evidence]:
        for alpha in MIXING:
            yield from self._on_some_faces(claim, betweenness_at(alpha), 3, 0, 4, alpha)
        hull = self.hull()
        for statement, rule in ((UNIVERSAL["betweenness"], None), (SPLIT, Split)):
            answer = decide(statement, hull, self.deadline.sooner(10.0))
            if isinstance(answer, Refutation):
                yield answer if rule is None else rule(answer)
        nonlinear = any(isinstance(node, (Product, Quotient)) for node in formula.nodes)
        for size in (3, 4) if nonlinear else ():
            for face, local in islice(self._on_faces(size), 4):
                found = grid.on_formula(claim.axiom, local, self.deadline.sooner(2.0))
                if found is not None:
                    yield self._named(face, *found)
        for alpha in MIXING:
            answer = decide(betweenness_at(alpha), hull, self.deadline.sooner(10.0))
            if answer is not None and not isinstance(answer, Refutation):
                yield self._named(None, answer[0], alpha)
        for size in (3, 4):
            for alpha in MIXING:
                yield from self._on_some_faces(claim, betweenness_at(alpha), size, 0, MORE_FACES, alpha)

    def _acyclic(self, claim: Axiom) -> Iterator[Evidence]:
        for premise in reversed(ACYCLIC_BY):
            proof = self._proof(premise)
            if proof is not None:
                yield Through(premise, proof)
        for size in (3, 4):
            for face, local in islice(self._on_faces(size), 4):
                found = menu.shortest_cycle_on_grid(local)
                if found is not None:
                    yield self._cycle(self._named_lotteries(face, found, self.hull()))
        for term, rising in islice(product(interpolation.one_sided(self.hull().formula), (True, False)), POTENTIALS):
            answer = decide(potential_statement(term, rising), self.hull(), self.deadline.sooner(5.0))
            if isinstance(answer, Refutation):
                yield Potential(term, rising, answer)
        for length in CYCLES:
            answer = decide(cycle_statement(length), self.hull(), self.deadline.sooner(10.0))
            if answer is not None and not isinstance(answer, Refutation):
                yield self._cycle(self._named_lotteries(None, answer[0], self.hull()))

    def _continuous(self, claim: Axiom, formula: Formula) -> Iterator[Evidence]:
        open_sides = [side for side in (1, 0) if not is_closed(formula, (side,))]
        if not open_sides:
            yield ClosedContours(None, None)
            return
        for face, local in islice(self._on_faces(3), 4):
            for look in (jumps.at_break_points, jumps.on_grid):
                found = look(local, self.deadline.sooner(1.0))
                if found is not None:
                    yield self._named(face, found, None)
        proofs: dict[int, Refutation | None] = {0: None, 1: None}
        for side in open_sides:
            try:
                hull = hull_of(self.domain, gap(formula, (side,)))
            except ValueError:  # too many cases
                break
            answer = decide(NEVER, hull, self.deadline.sooner(10.0))
            if isinstance(answer, Refutation):
                proofs[side] = answer
            elif answer is not None:
                found = jumps.near(formula, hull, answer[0], side)
                if found is not None:
                    yield self._named(None, found, None, hull)
        if all(proofs[side] is not None for side in open_sides):
            yield ClosedContours(proofs[1], proofs[0])
        for size in (3, 4):
            for face, local in islice(self._on_faces(size), MORE_FACES):
                for look in (jumps.at_break_points, jumps.on_grid):
                    found = look(local, self.deadline.sooner(2.0))
                    if found is not None:
                        yield self._named(face, found, None)
                if not self.deadline.left:
                    return

    # -- faces, and the lotteries found on them -----------------------------------------------------------------

    def _on_faces(self, size: int) -> Iterator[tuple[Any, Formula]]:
        """Faces, on a simplex with the relation traced anew: thresholds that no outcome reaches drop out."""
        assert isinstance(self.traced, Formula)
        if isinstance(self.domain, Achievable):
            yield from self.hull().faces(size)
            return
        if not self._kinds:
            self._kinds = faces.kinds_of(self.traced)
        for face in faces.faces(self._kinds, size):
            local = formula_of(self.relation, tuple(self.domain.outcomes[o] for o in face), closed=False)
            if isinstance(local, Formula):
                yield face, local

    def _on_some_faces(
        self, claim: Axiom, statement: Statement, size: int, start: int, stop: int, alpha: Fraction | None = None
    ) -> Iterator[Evidence]:
        for face, local in islice(self._asked_on_faces(claim, size), start, stop):
            if not self.deadline.left:
                return
            answer = find_on(statement, local, self.deadline.sooner(2.0))
            if answer is not None:
                yield from self._simplified(claim, face, answer[0], answer[1] if alpha is None else alpha)

    def _simplified(
        self, claim: Axiom, face: Any, lotteries: Sequence[Mixed], alpha: Fraction | None
    ) -> Iterator[Evidence]:
        """The lotteries in the claim's terms; on a simplex made simple on the face."""
        if claim.axiom == ACYCLIC:
            yield self._cycle(self._named_lotteries(face, lotteries, self.hull()))
            return
        named = self._named(face, lotteries, alpha)
        if not isinstance(self.domain, Simplex):
            yield named
            return
        value = None if claim.value is None else tuple(claim.value[o] for o in face)
        local = formula_of(self.relation, tuple(self.domain.outcomes[o] for o in face), closed=False)
        on_face = Axiom(local, claim.axiom, Simplex(tuple(self.domain.outcomes[o] for o in face)), value)
        try:
            kernel.check(on_face, named)
        except EvidenceRejected:  # monomials were variables of their own
            return
        yield shrink.simplest(on_face, named)

    def _named(
        self, face: Any, lotteries: Sequence[Mixed], alpha: Fraction | None, hull: Hull | None = None
    ) -> Counterexample:
        """Lotteries over a face's points (over the hull's vertices where the face is None) in the claim's terms."""
        named = self._named_lotteries(face, lotteries, hull or self.hull())
        A, B, C = [*(x for x, _ in named), None, None][:3]
        assert A is not None
        return Counterexample(A, B, C, alpha, tuple(p for _, p in named if p is not None))

    def _named_lotteries(self, face: Any, lotteries: Sequence[Mixed], hull: Hull) -> list[tuple[Distribution, Any]]:
        if face is None:
            return [hull.lottery(mixed) for mixed in lotteries]
        if isinstance(self.domain, Achievable):
            return [self.hull().lottery([(face[i], p) for i, p in mixed]) for mixed in lotteries]
        return [(Distribution({self.domain.outcomes[face[i]]: p for i, p in mixed}), None) for mixed in lotteries]

    def _cycle(self, named: Sequence[tuple[Distribution, Any]]) -> Cycle:
        return Cycle(tuple(x for x, _ in named), tuple(p for _, p in named if p is not None))

    # -- menus, black boxes ----------------------------------------------------------------------------------------

    def _on_menu(self, claim: Axiom, formula: Formula) -> Iterator[Evidence]:
        assert isinstance(self.domain, Menu)
        found, self.note = menu.find(claim, formula, self.domain, self.deadline)
        if found is not None:
            yield found
        if claim.axiom not in COMPOUND:  # what holds on the whole simplex holds on the menu
            note = self.note
            for evidence in self._on_hull(claim, formula):
                if not isinstance(evidence, (Counterexample, Cycle)):
                    yield evidence
            self.note = note

    def _by_asking(self, claim: Axiom) -> Iterator[Evidence]:
        if claim.axiom in EXISTENTIAL or claim.axiom == CONTINUOUS:
            self.note = f"no finite number of answers refutes {claim.axiom}"
            return
        found, self.note = blackbox.find(claim, self.deadline)
        if found is not None:
            yield found
