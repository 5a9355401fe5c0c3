"""Claims about linear systems, comparisons and representations, with certificates and an oracle of their own.

The oracle is z3 for systems, and for representations the relation evaluated anew against the lexicographic order on
many lotteries. Nothing here asks the kernel whether the kernel is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from random import Random
from typing import Any

import z3
from kernel_oracle import HALF, SURE, THREE, U, V, W, achieved, formulas, holds, menu, points_of, process, simple

import prefcore as pc
from prefcore.axioms import NEVER
from prefcore.claims import BlackBox, Claim, Domain, HasUtility, Menu, Represents, Simplex, Solvable
from prefcore.comparisons import Comparisons
from prefcore.evidence import Counterexample, Refutation
from prefcore.representations import difference
from prefcore.search.hulls import hull_of
from prefcore.search.semilinear import Deadline, decide
from prefcore.systems import LinearSystem, Motzkin, Point, Row

F = Fraction
ONE, ZERO = F(1), F(0)
D, point = pc.Distribution, pc.Distribution.point


def solvable(system: LinearSystem) -> bool:
    """z3's answer."""
    solver = z3.Solver()

    def total(row: Row) -> Any:
        return z3.Sum([z3.Q(c.numerator, c.denominator) * z3.Real(f"x{i}") for i, c in row[0]] + [z3.RealVal(0)])

    solver.add([total(row) > z3.Q(row[1].numerator, row[1].denominator) for row in system.strict])
    solver.add([total(row) >= z3.Q(row[1].numerator, row[1].denominator) for row in system.weak])
    solver.add([total(row) == z3.Q(row[1].numerator, row[1].denominator) for row in system.equal])
    found = solver.check()
    assert found in (z3.sat, z3.unsat)
    return bool(found == z3.sat)


def gains(comparisons: Comparisons) -> LinearSystem:
    """What comparisons ask of a utility, written down anew: a variable for each outcome."""
    listed = list(comparisons.outcomes)

    def row(A: pc.Distribution, B: pc.Distribution) -> Row:
        return tuple((i, B[o] - A[o]) for i, o in enumerate(listed)), ZERO

    strict, weak = ([row(*pair) for pair in pairs] for pairs in (comparisons.strict, comparisons.weak))
    return LinearSystem(len(listed), tuple(strict), tuple(weak))


def expected(utilities: Sequence[Sequence[Fraction]], a: Sequence[Fraction]) -> list[Fraction]:
    return [sum((p * v for p, v in zip(a, u, strict=True)), ZERO) for u in utilities]


def lexicographic(utilities: Sequence[Sequence[Fraction]], a: Sequence[Fraction], b: Sequence[Fraction]) -> bool:
    """``u(a) ≤_lex u(b)``, as Python compares lists."""
    return expected(utilities, a) <= expected(utilities, b)


@cache
def lotteries_over(n: int) -> tuple[tuple[Fraction, ...], ...]:
    rng, found = Random(n), []
    for _ in range(40):
        weights = [rng.choice((0, 0, 1, 2, 5, 11)) for _ in range(n)]
        if sum(weights):
            found.append(tuple(F(w, sum(weights)) for w in weights))
    return (*simple(n), *found)


@cache
def table(relation: Any, points: tuple[tuple[Fraction, ...], ...]) -> list[bool]:
    return [holds(relation, a, b) for a in points for b in points]


def represents(claim: Represents) -> bool:
    """Whether the relation and the order agree on many pairs of lotteries of the domain."""
    n = len(claim.domain.outcomes)
    points = lotteries_over(n) if isinstance(claim.domain, Simplex) else tuple(points_of(claim.domain))
    orders = [expected(claim.utilities, a) for a in points]
    return table(claim.relation, points) == [a <= b for a in orders for b in orders]


def true(claim: Claim) -> bool:
    if isinstance(claim, HasUtility):
        return solvable(gains(claim.comparisons))
    if isinstance(claim, Solvable):
        return solvable(claim.system)
    assert isinstance(claim, Represents)
    return represents(claim)


# -- certificates -----------------------------------------------------------------------------------------------------


def vector(*utilities: dict[int, int]) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(tuple(F(u[o]) for o in THREE) for u in utilities)


def proof(claim: Represents) -> Refutation:
    assert not isinstance(claim.relation, BlackBox)
    hull = hull_of(claim.domain, difference(claim.relation, claim.utilities))
    for definitions in (False, True):
        found = decide(NEVER, hull, Deadline.after(20), definitions)
        if isinstance(found, Refutation):
            return found
    raise AssertionError(found)


def representation(name: str, utilities: tuple[tuple[Fraction, ...], ...], domain: Domain | None = None) -> Represents:
    return Represents(formulas()[name], utilities, domain or Simplex(range(3)))


def row(*coefficients: int, bound: int | Fraction = 0) -> Row:
    return tuple((i, F(c)) for i, c in enumerate(coefficients) if c), F(bound)


A, B, C = point(0), point(1), D({0: HALF, 2: HALF})
THIRD = D({0: F(1, 3), 1: F(2, 3)})
SYSTEM = LinearSystem(3, (row(1, -1), row(0, 1, -2, bound=-1)), (row(0, 0, 1, bound=2),), (row(1, 1, 1, bound=30),))


def of_pairs(strict: Any = (), weak: Any = ()) -> HasUtility:
    return HasUtility(Comparisons(strict, weak, range(3)))


def motzkin(strict: Any = (), weak: Any = (), equal: Any = ()) -> Motzkin:
    return Motzkin(*(tuple((i, F(w)) for i, w in weights) for weights in (strict, weak, equal)))


@cache
def certificates() -> dict[str, tuple[Any, Any]]:
    even, seldom = D({0: F(1, 4), 1: F(1, 4), 2: HALF}), D({0: F(1, 4), 1: F(3, 4)})
    assert achieved(process().process.tree, (SURE[0],), 3) == tuple(even[o] for o in THREE)
    assert achieved(process().process.tree, (SURE[1],), 3) == tuple(seldom[o] for o in THREE)
    circle = LinearSystem(2, (row(1, -1),), (row(0, 1, bound=HALF),), (row(2, 0, bound=1),))
    found: dict[str, tuple[Any, Any]] = {
        "a utility": (of_pairs([(A, C), (C, B)], [(THIRD, B)]), Point((ZERO, ONE, HALF))),
        "a utility, weakly": (of_pairs((), [(A, B), (B, A)]), Point((ONE, ONE, ZERO))),
        "no utility, strictly": (of_pairs([(A, B), (THIRD, A), (B, C)]), motzkin([(0, 2), (1, 3)])),
        "no utility, strictly and weakly": (of_pairs([(A, B)], [(B, C), (C, A)]), motzkin([(0, 1)], [(0, 1), (1, 1)])),
        "no utility, as nothing beats itself": (of_pairs([(C, C)], [(A, B)]), motzkin([(0, 1)])),
        "a solution": (Solvable(SYSTEM), Point((F(50, 3), F(10), F(10, 3)))),
        "no solution, by bounds": (
            Solvable(LinearSystem(1, (), (row(1, bound=3), row(-1, bound=-2)), ())),
            motzkin((), [(0, 1), (1, 1)]),
        ),
        "no solution, by a strict row": (Solvable(circle), motzkin([(0, 2)], [(0, 2)], [(0, -1)])),
        "no solution of equations": (
            Solvable(LinearSystem(2, (row(1, 1),), (), (row(1, 2, bound=1), row(2, 4, bound=F(5, 3))))),
            motzkin((), (), [(0, 6), (1, -3)]),
        ),
        "not representable": (representation("cvar", vector(U)), None),
        "not represented by this": (representation("reward", vector(V)), Counterexample(point(0), point(1))),
        "not represented on a menu": (
            representation("tie", vector(V), Menu((A, B, C), THREE)),
            Counterexample(B, A),
        ),
        "not represented where achieved": (
            representation("reward", vector(W), process()),
            Counterexample(even, seldom, policies=((SURE[0],), (SURE[1],))),
        ),
    }
    for label, claim in {
        "represented": representation("reward", vector({0: 1, 1: 3, 2: 7})),
        "represented by a vector": representation("tie", vector(U, V)),
        "represented by half": representation("collapsed", vector(U)),
        "represented by nothing": representation("indifference", ()),
        "represented by a constant": representation("indifference", vector(dict.fromkeys(THREE, 4))),
        "represented on a menu": representation("tie", vector(U, V), menu()),
        "represented where achieved": representation("rare", vector(U), process()),
    }.items():
        found[label] = claim, proof(claim)
    a, b = next(
        (a, b) for a, b in product(simple(3), repeat=2) if holds(formulas()["cvar"], a, b) and U_of(a) > U_of(b)
    )
    lotteries = [D({o: p for o, p in enumerate(x) if p}) for x in (a, b)]
    found["not representable"] = found["not representable"][0], Counterexample(*lotteries)
    return found


def U_of(a: Sequence[Fraction]) -> Fraction:
    return sum((p * U[o] for o, p in enumerate(a)), ZERO)


LABELS = sorted(certificates())
EXPECTED = {label: pc.Refuted if label.startswith("no") else pc.Proved for label in LABELS}
