"""Black boxes: simple lotteries are gone through, then Hypothesis draws exact ones and shrinks what refutes.

Nothing is proved of a black box; what is found is put to the kernel, which asks the relation itself once more.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore import kernel
from prefcore.axioms import ACYCLIC, NEEDS, UNIVERSAL
from prefcore.claims import Axiom, BlackBox, Menu
from prefcore.distribution import Distribution
from prefcore.evidence import Counterexample, Cycle
from prefcore.records import EvidenceRejected
from prefcore.relations import answer_of
from prefcore.search import grid
from prefcore.search.semilinear import Deadline

EXAMPLES = 500  # that are drawn at most
SECONDS = 5.0  # for one axiom
SIMPLE = 3  # outcomes whose simple lotteries are gone through first, three at a time
FACES = 4
LONGEST = 5  # of the cycles
ALPHAS = tuple(Fraction(*pair) for pair in ((1, 2), (1, 3), (1, 4), (3, 4), (1, 10), (9, 10)))


class _Over(Exception):
    """The time is over."""


def find(claim: Axiom, deadline: Deadline) -> tuple[Counterexample | Cycle | None, str]:
    """The simplest counterexample that was found, or None; and what was tried."""
    inquiry = _Inquiry(claim, deadline.sooner(SECONDS))
    found: Counterexample | Cycle | None = None
    found = inquiry.among_simple() if claim.axiom in UNIVERSAL and not isinstance(claim.domain, Menu) else None
    found = found or inquiry.among_drawn()
    if found is not None:
        return found, ""
    note = f"no counterexample among {inquiry.tried} that were tried"
    raised = inquiry.raised
    return None, note if raised is None else f"{note}; asked it raised {type(raised).__name__}: {raised}"


@dataclass(slots=True)
class _Inquiry:
    claim: Axiom
    deadline: Deadline
    tried: int = 0
    raised: BaseException | None = None  # by the user's own code, at lotteries that nobody has tried before

    def refutes(self, candidate: Counterexample | Cycle) -> bool:
        """Whether the kernel accepts it."""
        self.tried += 1
        if not self.deadline.left:
            raise _Over
        try:
            kernel.check(self.claim, candidate)
        except EvidenceRejected as rejected:
            self.raised = self.raised or rejected.__cause__
            return False
        return True

    def among_simple(self) -> Counterexample | None:
        """The first counterexample of lotteries with small denominators on a few faces."""
        relation, outcomes = self.claim.relation, list(self.claim.domain.outcomes)
        assert isinstance(relation, BlackBox)

        def holds(a: Distribution, b: Distribution) -> bool:
            return answer_of(relation.function(a, b), relation.name)

        for start in range(max(1, min(FACES, len(outcomes) - SIMPLE + 1))):
            points = grid.lotteries(outcomes[start : start + SIMPLE])
            try:
                found, tried = grid.counterexample(
                    self.claim.axiom, holds, points, self.deadline.sooner(SECONDS / FACES)
                )
            except Exception as error:
                self.raised = error
                return None
            self.tried += tried
            if found is not None:
                return found
        return None

    def among_drawn(self) -> Counterexample | Cycle | None:
        """The smallest counterexample that Hypothesis comes to."""
        import hypothesis
        from hypothesis import strategies as st

        best: list[Counterexample | Cycle] = []
        count, with_alpha = NEEDS.get(self.claim.axiom, (0, False))
        alphas = st.sampled_from(ALPHAS)

        def build(drawn: list[Distribution], alpha: Fraction) -> Counterexample | Cycle:
            if self.claim.axiom == ACYCLIC:
                return Cycle(tuple(drawn))
            A, B, C = [*drawn, None, None][:3]
            assert A is not None
            return Counterexample(A, B, C, alpha if with_alpha else None)

        def refutes(candidate: Counterexample | Cycle) -> bool:
            if self.refutes(candidate):
                best.append(candidate)
            return bool(best) and best[-1] is candidate

        sizes = (2, LONGEST) if self.claim.axiom == ACYCLIC else (count, count)
        drawn = st.lists(_lotteries(self.claim, st), min_size=sizes[0], max_size=sizes[1])
        settings = hypothesis.settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        )
        with suppress(hypothesis.errors.NoSuchExample, _Over):
            hypothesis.find(st.builds(build, drawn, alphas), refutes, settings=settings, random=random.Random(0))
        return best[-1] if best else None


def _lotteries(claim: Axiom, st: Any) -> Any:
    """Exact lotteries of the domain, as lists of equally likely outcomes, that shrink to short lists of the first."""
    if isinstance(claim.domain, Menu):
        return st.sampled_from(claim.domain.lotteries)
    outcomes = list(claim.domain.outcomes)

    def lottery(drawn: list[Any]) -> Distribution:
        return Distribution({o: Fraction(drawn.count(o), len(drawn)) for o in dict.fromkeys(drawn)})

    return st.lists(st.sampled_from(outcomes), min_size=1, max_size=6).map(lottery)
