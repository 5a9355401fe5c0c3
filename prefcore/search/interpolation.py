"""Interpolation says "there is an α": named rules prove it, simple lotteries on a face refute it.

In order: T7 (closed and total); a triple ``A ≼ B ≼ C`` on a face that no mixture meets; the end-point rule; fixed
witnesses, refined by the triples that they do not serve; and z3's quantifier elimination for a triple whose A and C
are simple and whose B is anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import reduce
from itertools import islice, product
from operator import or_
from typing import Any

import z3

from prefcore.axioms import (
    END_POINTS,
    EXISTENTIAL,
    NEVER,
    match_statement,
    span_statement,
    witness_statement,
)
from prefcore.closures import gap, is_closed
from prefcore.evidence import (
    ClosedAndTotal,
    Counterexample,
    EndPoints,
    Evidence,
    FixedWitnesses,
    Matching,
    Refutation,
    ValueOrder,
)
from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Not,
    Or,
    Product,
    Quotient,
    continuous,
    evaluate,
    feature_terms,
    feature_values,
    parts,
)
from prefcore.records import EvidenceRejected
from prefcore.search import farkas, grid
from prefcore.search.hulls import Hull, Mixed, hull_of
from prefcore.search.semilinear import Deadline, decide
from prefcore.segments import no_mixture, serving

FIRST_FACES = 4  # on which simple triples are tried before any proof
TERMS = 10  # of which one is tried to match
FEW_ATOMS = 40  # with which quantifiers are soon eliminated
ELIMINATION = 10.0  # seconds on one face
WITNESSES = 12  # sets of α that are tried


Named = Callable[[Any, Sequence[Mixed]], Counterexample]  # lotteries over a face's points, in the claim's terms


def find(
    hull: Hull,
    axiom: str,
    total: Refutation | ValueOrder | None,
    on_faces: Callable[[int], Iterator[tuple[Any, Formula]]],
    named: Named,
    deadline: Deadline,
) -> Evidence | None:
    """Evidence for or against interpolation on the hull.

    on_faces(size) gives faces, each with the relation on it; named(face, lotteries) makes the counterexample of
    lotteries over a face's points, or over the hull's vertices where the face is None.
    """
    formula, closed = hull.formula, EXISTENTIAL[axiom]
    if closed and total is not None and is_closed(formula):
        return ClosedAndTotal(total, None)
    for face, local in islice(on_faces(3), FIRST_FACES):
        found = _on_grid(local, face, closed, named, deadline.sooner(1.0))
        if found is not None or not deadline.left:
            return found
    if closed:
        answer = decide(END_POINTS, hull, deadline.sooner(3.0))
        if isinstance(answer, Refutation):
            return EndPoints(answer)
    refined = _refined(hull, closed, named, deadline.sooner(6.0))
    if refined is not None:
        return refined
    few = sum(1 for node in formula.nodes if isinstance(node, Atom)) <= FEW_ATOMS
    for face, local in islice(on_faces(3), FIRST_FACES if few else 0):
        simple = [tuple(x.items()) for x in grid.lotteries(range(local.outcomes), 2)]
        found = _by_elimination(local, face, closed, named, deadline.sooner(2.0), list(product(simple, simple)))
        if found is not None:
            return found
    with suppress(ValueError):  # too many cases
        refuted = decide(NEVER, hull_of(hull.domain, gap(formula)), deadline.sooner(5.0)) if closed and total else None
        if total is not None and isinstance(refuted, Refutation):
            return ClosedAndTotal(total, refuted)
    for term in islice(one_sided(formula), TERMS) if closed else ():
        matching = _matching(hull, term, deadline.sooner(5.0))
        if matching is not None:
            return matching
    for face, local in islice(on_faces(3), FIRST_FACES, None):
        found = _on_grid(local, face, closed, named, deadline.sooner(1.0))
        if found is not None or not deadline.left:
            return found
    for size in (3, 4):
        for face, local in on_faces(size):
            simple = [tuple(x.items()) for x in grid.lotteries(range(local.outcomes), 2)]
            found = _by_elimination(local, face, closed, named, deadline, list(product(simple, simple)))
            if found is not None or not deadline.left:
                return found
    return None


def _values(hull: Hull, mixed: Mixed) -> list[Fraction]:
    """The features of a lottery over the hull's vertices."""
    return [sum((p * hull.values[i][k] for i, p in mixed), Fraction(0)) for k in range(len(hull.formula.features))]


def _unmet(formula: Formula, values: Sequence[Sequence[Fraction]], closed: bool) -> bool:
    """Whether no mixture of the first and last meets the middle, as the kernel will see it."""
    a, b, c = values
    in_vain = evaluate(formula, b, a) or evaluate(formula, c, b)  # an end serves, and halving is of [0, 1]
    try:
        no_mixture(formula, values, closed, halving=closed and not in_vain)
    except EvidenceRejected:
        return False
    return True


def _refined(hull: Hull, closed: bool, named: Named, deadline: Deadline) -> Evidence | None:
    """Fixed witnesses, or a triple that no α serves; an α that serves one joins the list, and z3 is asked again."""
    alphas = {Fraction(1, 2)} if not closed else {Fraction(0), Fraction(1, 2), Fraction(1)}
    for _ in range(WITNESSES):
        listed = tuple(sorted(alphas))
        answer = decide(witness_statement(listed), hull, deadline.sooner(3.0))
        if isinstance(answer, Refutation):
            return FixedWitnesses(listed, answer)
        if answer is None or not deadline.left:
            return None
        values = [_values(hull, mixed) for mixed in answer[0]]
        if _unmet(hull.formula, values, closed):
            return named(None, answer[0])
        serving = _serving(hull.formula, values, closed)
        if serving is None or serving in alphas:
            return None
        alphas.add(serving)
    return None


def _serving(formula: Formula, values: Sequence[Sequence[Fraction]], closed: bool) -> Fraction | None:
    """An α at which the mixture of the first and last is indifferent to the middle, if that is found."""
    try:
        return serving(formula, values, closed)
    except EvidenceRejected:  # not piecewise linear
        return None


def one_sided(formula: Formula) -> Iterator[int]:
    """Terms that read one lottery only, and change continuously with it: candidates to be matched."""
    reads: list[int] = []  # 1 for A, 2 for B, 3 for both
    for i, node in enumerate(formula.nodes):
        terms, conditions = parts(node)
        reads.append(
            1 << node.side if isinstance(node, Feature) else reduce(or_, (reads[j] for j in (*terms, *conditions)), 0)
        )
        if reads[i] == 1 and isinstance(node, (Feature, Max, Min, Product, Quotient)) and continuous(formula, i):
            yield i


def _matching(hull: Hull, term: int, deadline: Deadline) -> Matching | None:
    span = decide(span_statement(term), hull, deadline)
    if not isinstance(span, Refutation):
        return None
    match = decide(match_statement(term, feature_terms(hull.formula)), hull, deadline)
    return Matching(term, span, match) if isinstance(match, Refutation) else None


def _on_grid(formula: Formula, face: Any, closed: bool, named: Named, deadline: Deadline) -> Counterexample | None:
    points = grid.lotteries(range(formula.outcomes))
    values = [feature_values(formula, x.items()) for x in points]
    below = [[evaluate(formula, a, b) for b in values] for a in values]
    n = range(len(points))
    for i in n:
        for j in n:
            if not below[i][j] or (closed and below[j][i]):
                continue
            for k in n:
                if below[j][k] and not (closed and below[k][j]):
                    if _unmet(formula, [values[x] for x in (i, j, k)], closed):
                        return named(face, [tuple(points[x].items()) for x in (i, j, k)])
                    if not deadline.left:
                        return None
    return None


# -- any B between two simple lotteries -----------------------------------------------------------------------------


def _by_elimination(
    formula: Formula,
    face: Any,
    closed: bool,
    named: Named,
    deadline: Deadline,
    ends: Sequence[tuple[Mixed, Mixed]],
) -> Counterexample | None:
    """With A and C fixed, ``αAC`` is linear in α and B is free: z3 decides "some B, every α" over linear arithmetic."""
    if any(isinstance(node, (Product, Quotient)) for node in formula.nodes):
        return None
    deadline = deadline.sooner(ELIMINATION)
    alpha = z3.Real("alpha")
    x = [z3.Real(f"x{o}") for o in range(formula.outcomes)]
    b = [z3.Sum([x[o] * f[o] for o in range(formula.outcomes)]) for f in formula.features]
    for first, last in ends:
        if not deadline.left:
            return None
        a, c = (feature_values(formula, lottery) for lottery in (first, last))
        mixture = [farkas.rational(z) + alpha * farkas.rational(y - z) for y, z in zip(a, c, strict=True)]
        meets = z3.And(_condition(formula, mixture, b), _condition(formula, b, mixture))
        inside = z3.And(alpha >= 0, alpha <= 1) if closed else z3.And(alpha > 0, alpha < 1)
        solver = z3.SolverFor("LRA")
        solver.set("timeout", max(1, int(deadline.sooner(0.5).left * 1000)))
        solver.add(*(v >= 0 for v in x), z3.Sum(x) == 1)
        solver.add(
            _condition(formula, [farkas.rational(v) for v in a], b),
            _condition(formula, b, [farkas.rational(v) for v in c]),
        )
        solver.add(z3.ForAll([alpha], z3.Implies(inside, z3.Not(meets))))
        if solver.check() != z3.sat:
            continue
        model = solver.model()
        weights = {o: model.eval(v, model_completion=True) for o, v in enumerate(x)}
        if not all(z3.is_rational_value(w) for w in weights.values()):
            continue
        middle = tuple((o, p) for o, w in weights.items() if (p := farkas.fraction(w)))
        if _unmet(formula, [a, feature_values(formula, middle), c], closed):
            return named(face, (first, middle, last))
    return None


def _condition(formula: Formula, left: Sequence[z3.ArithRef], right: Sequence[z3.ArithRef]) -> z3.BoolRef:
    """The relation as a z3 expression."""
    table: list[z3.ExprRef] = []
    for node in formula.nodes:
        match node:
            case Feature(side, index):
                table.append((left, right)[side][index])
            case Affine(constant, terms):
                table.append(z3.Sum([farkas.rational(constant), *(farkas.rational(w) * table[i] for w, i in terms)]))
            case Product(i, j):
                table.append(table[i] * table[j])
            case Quotient(i, j):
                table.append(table[i] / table[j])
            case Max(terms) | Min(terms):
                value = table[terms[0]]
                for i in terms[1:]:
                    better = table[i] > value if isinstance(node, Max) else table[i] < value
                    value = z3.If(better, table[i], value)
                table.append(value)
            case If(condition, then, otherwise):
                table.append(z3.If(table[condition], table[then], table[otherwise]))
            case Atom(op, term):
                value = table[term]
                table.append(value >= 0 if op == ">=" else value > 0 if op == ">" else value == 0)
            case Not(condition):
                table.append(z3.Not(table[condition]))
            case And(conditions):
                table.append(z3.And([table[i] for i in conditions]))
            case Or(conditions):
                table.append(z3.Or([table[i] for i in conditions]))
    return table[-1]
