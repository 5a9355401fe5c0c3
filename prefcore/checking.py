"""``check``: which axioms a relation satisfies, each with evidence from a finder and a verdict from the kernel.

The finders are tried from cheap to dear: the named rule "V(A) <= V(B)", one face of three outcomes with the relation
traced anew on it, the relaxation with opaque terms, more faces, the whole question. Whatever they return goes through
the kernel; what the kernel rejects does not count.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from prefcore import kernel
from prefcore.axioms import AXIOMS, COMPOUND, EXISTENTIAL, NEEDS, UNIVERSAL
from prefcore.claims import Axiom, BlackBox, Simplex
from prefcore.distribution import Distribution
from prefcore.evidence import Both, Counterexample, Evidence, Refutation, ValueOrder
from prefcore.formula import Formula, If, Max, Min, Product
from prefcore.records import EvidenceRejected
from prefcore.relations import FormulaTooLarge, Relation, answer_of, formula_of, outcomes_tuple
from prefcore.report import Report
from prefcore.search import faces, grid, interpolation, shrink
from prefcore.search.semilinear import EXPLICIT, Deadline, Lotteries, decide, find
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict

DEFAULT_AXIOMS = ("reflexive", "transitive", "preorder", "total", "consistent", "convex", "interpolation")
DEFAULT_BUDGET = 120.0  # seconds for all axioms together
MANY_NODES = 3000  # beyond which opaque terms are not defined case by case
MORE_FACES = 35
FEW_FEATURES = 12  # with which the whole question is as quick as a face


def check(
    relation: Relation[Any],
    outcomes: Iterable[Any],
    axioms: Sequence[str] | None = None,
    budget: float | None = None,
) -> Report:
    """Decides axioms of `relation` on the simplex over `outcomes`; the report maps each axiom to its verdict.

    axioms: names from ``reflexive, transitive, preorder, total, consistent, convex, interpolation`` (the default) and
    ``interpolation_open``. budget: seconds for all of them together; an axiom that is not decided within it is
    ``Unknown`` and says so.

    Raises ``ValueError``/``TypeError`` for malformed outcomes, a payoff with gaps, an event that names none of the
    outcomes, or a relation that does not return a comparison.
    """
    return check_on(relation, outcomes_tuple(outcomes), axioms, budget, closed=True)


def check_on(
    relation: Relation[Any],
    outcomes: tuple[Any, ...],
    axioms: Sequence[str] | None,
    budget: float | None,
    closed: bool,
) -> Report:
    """As :func:`check`; `closed` says that events may name only the given outcomes."""
    if not isinstance(relation, Relation):
        raise TypeError(f"check needs a relation: decorate the function with @pc.relation, got {relation!r}")
    if isinstance(axioms, str):
        raise TypeError(f"axioms must be a sequence of names, got {axioms!r}: write [{axioms!r}]")
    names = DEFAULT_AXIOMS if axioms is None else tuple(axioms)
    if not names:
        raise ValueError("axioms must name at least one axiom")
    for name in names:
        if name not in AXIOMS:
            raise ValueError(f"unknown axiom {name!r}: choose from {', '.join(AXIOMS)}")
    if isinstance(budget, (bool, str)):
        raise TypeError(f"budget must be a number of seconds, got {budget!r}")
    seconds = DEFAULT_BUDGET if budget is None else float(budget)
    if not seconds > 0:
        raise ValueError(f"budget must be a positive number of seconds, got {budget!r}")
    try:
        traced = formula_of(relation, outcomes, closed)
    except FormulaTooLarge as error:
        unknown = Unknown(None, str(error), "merge outcomes that the relation does not tell apart", 0.0)
        return Report(relation, outcomes, None, dict.fromkeys(names, unknown))
    inquiry = _Inquiry(relation, outcomes, closed, traced, Deadline.after(seconds))
    return Report(relation, outcomes, traced, {name: inquiry.verdict(name) for name in names})


@dataclass(slots=True)
class _Inquiry:
    """One relation on one simplex, and the verdicts so far (an axiom may serve another)."""

    relation: Relation[Any]
    outcomes: tuple[Any, ...]
    closed: bool
    traced: Formula | BlackBox
    deadline: Deadline
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    raised: str = ""  # what a black box raised when it was asked

    def verdict(self, axiom: str) -> Verdict:
        if axiom not in self.verdicts:
            start = time.monotonic()
            claim = Axiom(self.traced, axiom, Simplex(self.outcomes))
            verdict = self._decided(claim)
            self.verdicts[axiom] = self._unknown(claim, time.monotonic() - start) if verdict is None else verdict
        return self.verdicts[axiom]

    def _unknown(self, claim: Axiom, seconds: float) -> Unknown:
        if isinstance(self.traced, BlackBox):
            found = self.raised or "; no counterexample among simple lotteries"
            reason = f"the relation is a black box: {self.traced.reason}{found}"
            return Unknown(claim, reason, "write it with expectations, probabilities and comparisons of them", seconds)
        nonlinear = any(isinstance(node, Product) for node in self.traced.nodes)
        if nonlinear:
            reason = "a product of expectations, and monomials as variables do not decide it"
            return Unknown(claim, reason, "try fewer outcomes", seconds)
        reason = "the time is used up" if not self.deadline.left else "the finders have no rule that decides it"
        return Unknown(claim, reason, "raise budget=, or try fewer outcomes", seconds)

    def _decided(self, claim: Axiom) -> Verdict | None:
        for evidence in self._evidence(claim):
            try:
                return kernel.check(claim, evidence)
            except EvidenceRejected:
                continue
        return None

    # -- finders, from cheap to dear ----------------------------------------------------------------------------

    def _evidence(self, claim: Axiom) -> Iterator[Evidence]:
        if isinstance(self.traced, BlackBox):
            yield from self._by_asking(claim)
        elif claim.axiom in COMPOUND:
            yield from self._compound(claim.axiom)
        elif claim.axiom in EXISTENTIAL:
            yield from self._existential(claim)
        else:
            yield from self._universal(claim, self.traced)

    def _compound(self, axiom: str) -> Iterator[Evidence]:
        parts = [self.verdict(name) for name in COMPOUND[axiom]]
        proofs = [v.evidence for v in parts if isinstance(v, Proved)]
        yield from (v.evidence for v in parts if isinstance(v, Refuted))
        if len(proofs) == len(parts):
            reflexive, transitive = proofs
            if isinstance(reflexive, (Refutation, ValueOrder)) and isinstance(transitive, (Refutation, ValueOrder)):
                yield Both(reflexive, transitive)

    def _existential(self, claim: Axiom) -> Iterator[Evidence]:
        total = self.verdict("total")
        proof = total.evidence if isinstance(total, Proved) else None
        found = interpolation.find(
            claim,
            proof if isinstance(proof, (Refutation, ValueOrder)) else None,
            self._on_faces,
            self.deadline,
        )
        if found is not None:
            yield found

    def _universal(self, claim: Axiom, formula: Formula) -> Iterator[Evidence]:
        statement = UNIVERSAL[claim.axiom]
        mixes = NEEDS[claim.axiom][1]
        if not mixes:
            yield ValueOrder()
        opaque = any(isinstance(node, (Max, Min, If)) for node in formula.nodes)
        polynomial = any(isinstance(node, Product) for node in formula.nodes)
        large = formula.outcomes > EXPLICIT
        if large and (opaque or len(formula.features) > FEW_FEATURES):
            yield from self._on_some_faces(claim, 3, 0, 1)
        if not (mixes and opaque):
            answer = decide(statement, formula, self.deadline, definitions=not opaque)
            yield from self._answers(claim, formula, answer)
        if large or polynomial:
            yield from self._on_some_faces(claim, 3, 0, MORE_FACES)
            yield from self._on_some_faces(claim, 4, 0, MORE_FACES)
        if opaque and len(formula.nodes) <= MANY_NODES:
            yield from self._answers(claim, formula, decide(statement, formula, self.deadline))

    def _answers(self, claim: Axiom, formula: Formula, answer: Refutation | Lotteries | None) -> Iterator[Evidence]:
        if isinstance(answer, Refutation):
            yield answer
        elif answer is not None:
            yield from self._counterexample(claim, formula, answer, range(len(self.outcomes)))

    def _counterexample(
        self, claim: Axiom, local: Formula, answer: Lotteries, face: Sequence[int]
    ) -> Iterator[Counterexample]:
        """The lotteries as a counterexample over a face's outcomes, made simple there."""
        lotteries, alpha = answer
        named = [Distribution({self.outcomes[face[o]]: p for o, p in lottery}) for lottery in lotteries]
        A, B, C = [*named, None, None][:3]
        assert A is not None
        found = Counterexample(A, B, C, alpha)
        on_face = Axiom(local, claim.axiom, Simplex(tuple(self.outcomes[o] for o in face)))
        try:
            kernel.check(on_face, found)
        except EvidenceRejected:  # monomials were variables of their own
            return
        yield shrink.simplest(on_face, found)

    def _on_faces(self, size: int) -> Iterator[tuple[Sequence[int], Formula]]:
        """Faces with the relation traced anew on them: thresholds that no outcome reaches drop out."""
        assert isinstance(self.traced, Formula)
        for face in faces.faces(self.traced, size):
            local = formula_of(self.relation, tuple(self.outcomes[o] for o in face), closed=False)
            if isinstance(local, Formula):
                yield face, local

    def _on_some_faces(self, claim: Axiom, size: int, start: int, stop: int) -> Iterator[Evidence]:
        for face, local in islice(self._on_faces(size), start, stop):
            if not self.deadline.left:
                return
            answer = find(UNIVERSAL[claim.axiom], local, self.deadline.sooner(2.0))
            if answer is not None:
                yield from self._counterexample(claim, local, answer, face)
                if any(isinstance(node, Product) for node in local.nodes):
                    yield from self._asking_on(claim, [self.outcomes[o] for o in face], 1.0)

    # -- black boxes --------------------------------------------------------------------------------------------

    def _by_asking(self, claim: Axiom) -> Iterator[Evidence]:
        if claim.axiom in EXISTENTIAL:
            return
        for size in (2, 3):
            for start in range(max(1, len(self.outcomes) - size + 1)):
                if not self.deadline.left:
                    return
                yield from self._asking_on(claim, self.outcomes[start : start + size], 5.0)

    def _asked(self, A: Distribution, B: Distribution) -> bool:
        """The relation's answer; a black box is asked itself, not traced once more."""
        if isinstance(self.traced, BlackBox):
            return answer_of(self.traced.function(A, B), self.traced.name)
        return bool(self.relation(A, B))

    def _asking_on(self, claim: Axiom, outcomes: Sequence[Any], seconds: float) -> Iterator[Evidence]:
        deadline = self.deadline.sooner(seconds)
        try:
            found = grid.counterexample(claim.axiom, self._asked, grid.lotteries(outcomes), deadline)
        except Exception as error:  # the user's own code, at lotteries that nobody has tried before
            self.raised = f"; asked about simple lotteries it raised {type(error).__name__}: {error}"
            return
        if found is not None:
            yield found
