"""From a relation in closed form to its utility, or its lexicographic vector of utilities, with a proof (T4, T5).

A total convex pre-order on a simplex orders *directions* d with Σ d = 0, by whether ``p ≼ p + εd`` at an interior point
p: by convexity neither p nor ε matters. Its first utility is found on a basis of directions, each turned so that it is
≽ 0. For two of them

    cut(d, e) = sup {t >= 0 : te ≼ d}

is exact, as the relation changes along the segment from d to -e at a break point of its atoms. It is infinite where d
outweighs every multiple of e; a direction that no other one outweighs is the unit, and the cuts by it are the utility.
The directions ``d - cut(d, e)e`` are those of utility zero; they hold the next utility, until all of them are
indifferent to 0. What is found is a candidate only: the kernel checks a clausal proof that the vector orders all pairs
of lotteries as the relation does. Source: T4; T5 (Hausner 1954).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import prefcore as pc
from prefcore import kernel
from prefcore.axioms import NEVER
from prefcore.checking import seconds_of
from prefcore.claims import Represents, Simplex
from prefcore.evidence import Refutation
from prefcore.formula import Formula, Product, Quotient, evaluate
from prefcore.records import EvidenceRejected
from prefcore.relations import Relation
from prefcore.report import Report
from prefcore.representations import difference
from prefcore.search import polynomial
from prefcore.search.hulls import hull_of
from prefcore.search.semilinear import Deadline, decide
from prefcore.segments import line, truths
from prefcore.verdicts import Proved, Refuted, Unknown
from solvers.rewards.square import solve_square

ZERO, ONE = Fraction(0), Fraction(1)
KINDS = 400  # of outcomes that the relation tells apart
NEEDED = ("total", "transitive", "convex")

Vector = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Representation:
    """The utilities that represent a relation: one by T4, a vector compared lexicographically by T5.

    verdict: ``Proved`` of the claim :class:`prefcore.claims.Represents`, with `utilities` (outcome -> Fraction, each
    from 0 to 1) and `theorem` "T4" or "T5"; ``Refuted``, the axiom that fails, so that there is no such vector; or
    ``Unknown``. `report` has the axioms.
    """

    verdict: Proved | Refuted | Unknown
    theorem: str | None
    utilities: tuple[Mapping[Any, Fraction], ...]
    report: Report

    @property
    def utility(self) -> Mapping[Any, Fraction]:
        """The only utility (T4). Raises ``ValueError`` if there are several, or none."""
        if self.theorem != "T4":
            raise ValueError("no single utility represents the relation: see .utilities and .verdict")
        return self.utilities[0]

    def __str__(self) -> str:
        if isinstance(self.verdict, Unknown):
            return f"unknown: {self.verdict.reason}"
        if isinstance(self.verdict, Refuted):
            return f"no vector of utilities represents it: {self.verdict}"
        rows = [
            f"  u{k + 1 if len(self.utilities) > 1 else ''}: " + ", ".join(f"{o} {u}" for o, u in utility.items())
            for k, utility in enumerate(self.utilities)
        ]
        how = "expected utility" if self.theorem == "T4" else "a vector of utilities, compared lexicographically,"
        return "\n".join([f"{how} represents it ({self.theorem}; checked by the kernel)", *rows])


def represent(relation: Relation[Any], outcomes: Iterable[Any], *, budget: float | None = None) -> Representation:
    """The exact utility of a relation that satisfies T4's axioms, or the lexicographic vector by T5's, with a proof.

    budget: seconds, by default as many as :func:`prefcore.check` has; raises as that does.
    """
    start = time.monotonic()
    allowed = seconds_of(budget)
    report = pc.check(relation, outcomes, axioms=(*NEEDED, "interpolation"), budget=allowed)
    for axiom in NEEDED:
        verdict = report[axiom]
        if isinstance(verdict, Refuted):
            return Representation(verdict, None, (), report)
    deadline = Deadline.after(max(1.0, allowed - (time.monotonic() - start)))

    def unknown(reason: str, advice: str) -> Representation:
        return Representation(Unknown(None, reason, advice, time.monotonic() - start), None, (), report)

    formula = report.traced
    if not isinstance(formula, Formula):
        return unknown("the relation was not traced to a formula", "solvers.elicit asks it for a utility")
    kinds = sorted(set(zip(*formula.features, strict=True))) if formula.features else [()]
    if len(kinds) > KINDS:
        return unknown(f"the relation tells {len(kinds)} kinds of outcomes apart, more than {KINDS}", "merge outcomes")
    try:
        found = _utilities(formula, [[Fraction(v) for v in kind] for kind in kinds], deadline)
    except EvidenceRejected as reason:
        return unknown(f"no cut was found along a segment: {reason}", "solvers.elicit asks for a utility")
    except TimeoutError:
        return unknown("the time is used up", "raise budget=")
    place = {kind: k for k, kind in enumerate(kinds)}
    columns = list(zip(*formula.features, strict=True)) if formula.features else [()] * formula.outcomes
    vectors = tuple(tuple(u[place[column]] for column in columns) for u in found)
    proved = _proved(formula, vectors, report.outcomes, deadline)
    if proved is None:
        return unknown("no proof was found that the utilities found represent the relation", "raise budget=")
    utilities = tuple(MappingProxyType(dict(zip(report.outcomes, u, strict=True))) for u in vectors)
    return Representation(proved, "T4" if len(vectors) == 1 else "T5", utilities, report)


def _proved(
    formula: Formula, vectors: tuple[Vector, ...], outcomes: Sequence[Any], deadline: Deadline
) -> Proved | None:
    domain = Simplex(outcomes)
    claim = Represents(formula, vectors, domain)
    hull = hull_of(domain, difference(formula, vectors))
    nonlinear = any(isinstance(node, (Product, Quotient)) for node in formula.nodes)
    for definitions in (False, True):
        answer = decide(NEVER, hull, deadline, definitions)
        if isinstance(answer, Refutation):
            break
    else:
        answer = polynomial.refute(NEVER, hull, deadline) if nonlinear else None
    if not isinstance(answer, Refutation):
        return None
    try:
        verdict = kernel.check(claim, answer)
    except EvidenceRejected:
        return None
    return verdict if isinstance(verdict, Proved) else None


def _utilities(formula: Formula, kinds: Sequence[Sequence[Fraction]], deadline: Deadline) -> list[Vector]:
    """The candidate utilities of the kinds of outcomes, most important first, each from 0 to 1."""
    n = len(kinds)
    units = [tuple(Fraction(i == k) - Fraction(k == 0) for k in range(n)) for i in range(1, n)]
    order = _Directions(formula, kinds)
    basis: list[Vector] = units
    stars: list[Vector] = []
    found: list[Vector] = []
    while True:
        basis = [d if order.above(d) else tuple(-x for x in d) for d in basis]
        moving = [d for d in basis if not order.above(tuple(-x for x in d))]
        if not moving:
            break
        star = moving[0]
        for d in moving[1:]:
            if not deadline.left:
                raise TimeoutError
            if order.cut(d, star) is None:
                star = d
        rest = [d for d in basis if d is not star]
        cuts = []
        for d in rest:
            if not deadline.left:
                raise TimeoutError
            cut = order.cut(d, star) if d in moving else ZERO
            if cut is None:
                raise EvidenceRejected("the order of directions is not that of a total convex pre-order")
            cuts.append(cut)
        rows = [dict(enumerate(d[1:])) for d in (*stars, star, *rest)]  # a functional on differences to the first kind
        solved = solve_square(rows, [*(ZERO for _ in stars), ONE, *cuts])
        assert solved is not None, "a basis of directions is regular"
        found.append(_from_0_to_1([ZERO, *solved]))
        stars.append(star)
        basis = [tuple(x - cut * y for x, y in zip(d, star, strict=True)) for d, cut in zip(rest, cuts, strict=True)]
    return found or [(ZERO,) * n]


def _from_0_to_1(utility: Sequence[Fraction]) -> Vector:
    low, high = min(utility), max(utility)
    return tuple((u - low) / (high - low) for u in utility)


class _Directions:
    """The order of directions at the lottery that gives every kind the same probability."""

    def __init__(self, formula: Formula, kinds: Sequence[Sequence[Fraction]]) -> None:
        self.formula = formula
        self.columns = list(zip(*kinds, strict=True))
        self.middle = [sum(column, ZERO) / len(kinds) for column in self.columns]
        self.size = len(kinds)

    def _moved(self, d: Vector) -> list[Fraction]:
        step = 1 / (self.size * max(map(abs, d)))  # keeps every probability >= 0
        shift = (sum((x * c for x, c in zip(d, column, strict=True) if x), ZERO) for column in self.columns)
        return [m + step * s for m, s in zip(self.middle, shift, strict=True)]

    def above(self, d: Vector) -> bool:
        """``0 ≼ d``."""
        return not any(d) or evaluate(self.formula, self.middle, self._moved(d))

    def cut(self, d: Vector, e: Vector) -> Fraction | None:
        """``sup {t : te ≼ d}`` for d ≽ 0 and e ≻ 0; None if it is infinite."""
        most = max(*map(abs, d), *map(abs, e))
        start, end = (tuple(x / most for x in z) for z in (d, e))
        step = Fraction(1, self.size)
        ends = []
        for z, sign in ((start, step), (end, -step)):
            shift = (sum((x * c for x, c in zip(z, column, strict=True) if x), ZERO) for column in self.columns)
            ends.append([m + sign * s for m, s in zip(self.middle, shift, strict=True)])
        pieces = truths(self.formula, [(m, ZERO) for m in self.middle], line(*ends))
        alpha = next((at for at, truth in pieces if not truth), ONE)  # (1-α)d - αe is ≽ 0 up to here
        return None if alpha == 1 else alpha / (1 - alpha)
