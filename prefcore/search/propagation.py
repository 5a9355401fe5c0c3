"""Unit propagation with hints: from clauses that a solver says it learned to the steps of a clausal refutation.

A clause C follows by reverse unit propagation if assuming it false leads to a conflict by unit clauses alone; the
clauses that became unit on the way to the conflict, in order, are the hints (Cruz-Filipe et al., LRAT, 2017).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prefcore.evidence import Lemma, ProductLemma, Refutation, Step

Clause = tuple[int, ...]


class Propagator:
    """Clauses with two watched literals each, and a trail of what follows from none (kept) and from assumptions."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self._watches: dict[int, list[int]] = {}
        self._order: list[list[int]] = []  # the literals of each clause, the watched ones first
        self._reason: dict[int, int] = {}  # true literal -> clause, or -1 for an assumption
        self._trail: list[int] = []
        self._conflict: int | None = None  # a clause that is false outright

    def add(self, clause: Clause) -> None:
        number = len(self.clauses)
        self.clauses.append(clause)
        # A watch on a literal that is false already must be its last resort.
        order = sorted(set(clause), key=lambda literal: -literal in self._reason)
        self._order.append(order)
        for literal in order[:2]:
            self._watches.setdefault(literal, []).append(number)
        free = [literal for literal in order if -literal not in self._reason]
        if not free:
            self._conflict = number if self._conflict is None else self._conflict
        elif len(free) == 1 and free[0] not in self._reason and self._conflict is None:
            self._conflict = self._assume(free[0], number)

    def _assume(self, literal: int, reason: int) -> int | None:
        """Adds a true literal and all that follows; the clause that became false, if one did."""
        head = len(self._trail)
        self._reason[literal] = reason
        self._trail.append(literal)
        while head < len(self._trail):
            false = -self._trail[head]
            head += 1
            watching = self._watches.get(false, [])
            self._watches[false] = keep = []
            for position, number in enumerate(watching):
                order = self._order[number]
                if order[0] == false and len(order) > 1:
                    order[0], order[1] = order[1], order[0]
                other = order[0]
                if other in self._reason and other != false:
                    keep.append(number)
                    continue
                for k in range(2, len(order)):
                    if -order[k] not in self._reason:
                        order[1], order[k] = order[k], order[1]
                        self._watches.setdefault(order[1], []).append(number)
                        break
                else:
                    keep.append(number)
                    if -other in self._reason or other == false:
                        keep.extend(watching[position + 1 :])
                        return number
                    self._reason[other] = number
                    self._trail.append(other)
        return None

    def facts(self) -> list[int]:
        """The literals that follow from the clauses by unit propagation, in order."""
        return self._trail

    def conflicting(self) -> bool:
        """Whether the clauses contradict each other by unit propagation alone."""
        return self._conflict is not None

    def settled(self, number: int) -> bool:
        """Whether a literal or its denial is among the facts."""
        return number in self._reason or -number in self._reason

    def hints(self, clause: Clause) -> list[int] | None:
        """The hints by which the clause follows, or None."""
        mark = len(self._trail)
        conflict = self._conflict
        for literal in clause:
            if conflict is not None:
                break
            if literal in self._reason:  # the clause is true already: its reason is the conflict
                conflict = self._reason[literal]
                if conflict == -1:
                    conflict = None
                    continue
                break
            if -literal not in self._reason:
                conflict = self._assume(-literal, -1)
        result = None if conflict is None else self._explain(conflict)
        for literal in self._trail[mark:]:
            del self._reason[literal]
        del self._trail[mark:]
        return result

    def _explain(self, conflict: int) -> list[int]:
        needed = {-literal for literal in self.clauses[conflict]}
        chain = [conflict]
        for literal in reversed(self._trail):
            reason = self._reason[literal]
            if literal in needed and reason >= 0:
                chain.append(reason)
                needed.update(-other for other in self.clauses[reason] if other != literal)
        return chain[::-1]


def refutation(
    clauses: Sequence[Clause], lemmas: Sequence[Lemma | ProductLemma], learned: Iterable[Clause], definitions: bool
) -> Refutation | None:
    """A trimmed refutation from the clauses, the lemmas and clauses learned from them; None if it has a gap."""
    propagator = Propagator()
    for clause in clauses:
        propagator.add(clause)
    for lemma in lemmas:
        propagator.add(tuple(-literal for literal in lemma.literals))
    first = len(propagator.clauses)
    steps: dict[int, Step] = {}
    for clause in (*learned, ()):
        final = propagator.hints(())
        if final is not None:
            steps[len(propagator.clauses)] = Step((), tuple(final))
            propagator.add(())
            break
        hints = propagator.hints(clause)
        if hints is not None:  # a solver may also log what needs no proof here; a real gap shows at the end
            steps[len(propagator.clauses)] = Step(clause, tuple(hints))
            propagator.add(clause)
    else:
        return None
    return _trimmed(len(clauses), first, lemmas, steps, definitions)


def _trimmed(
    clauses: int, first: int, lemmas: Sequence[Lemma | ProductLemma], steps: dict[int, Step], definitions: bool
) -> Refutation:
    """Only the lemmas and steps on which the last step rests, renumbered."""
    needed = {max(steps)}
    for number in range(max(steps), first - 1, -1):
        if number in needed:
            needed.update(steps[number].hints)
    kept = [n for n in range(clauses, max(steps) + 1) if n in needed]
    number_of = {n: n for n in range(clauses)} | {old: clauses + new for new, old in enumerate(kept)}
    return Refutation(
        definitions,
        tuple(lemmas[n - clauses] for n in kept if n < first),
        tuple(Step(steps[n].clause, tuple(number_of[h] for h in steps[n].hints)) for n in kept if n >= first),
    )
