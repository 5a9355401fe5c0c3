"""Interpolation says "there is an α": named rules prove it, simple lotteries on a face refute it.

In order: T7 (closed and total); a triple ``A ≼ B ≼ C`` on a face that no mixture meets; the end-point rule; fixed
witnesses; and z3's quantifier elimination for a triple whose A and C are simple and whose B is anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial, reduce
from itertools import islice, product
from operator import or_

import z3

from prefcore import kernel
from prefcore.axioms import (
    END_POINTS,
    EXISTENTIAL,
    NEVER,
    Statement,
    match_statement,
    span_statement,
    witness_statement,
)
from prefcore.claims import Axiom
from prefcore.distribution import Distribution
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
    continuous,
    evaluate,
    feature_terms,
    feature_values,
    gap,
    is_closed,
    parts,
)
from prefcore.search import farkas, grid
from prefcore.search.semilinear import EXPLICIT, Deadline, decide

FIRST_FACES = 4  # on which simple triples are tried before any proof
TERMS = 10  # of which one is tried to match
WITNESSES = (
    (Fraction(1, 2),),
    (Fraction(0), Fraction(1, 2), Fraction(1)),
    (Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), Fraction(1)),
)


def find(
    claim: Axiom,
    total: Refutation | ValueOrder | None,
    on_faces: Callable[[int], Iterator[tuple[Sequence[int], Formula]]],
    deadline: Deadline,
) -> Evidence | None:
    """Evidence for or against interpolation; `on_faces(size)` gives faces with the relation traced anew on them."""
    formula, axiom = claim.relation, claim.axiom
    assert isinstance(formula, Formula)
    closed = EXISTENTIAL[axiom]
    if closed and total is not None and is_closed(formula):
        return ClosedAndTotal(total, None)
    for face, local in islice(on_faces(3), FIRST_FACES):
        found = _on_grid(local, face, closed, claim, deadline.sooner(1.0))
        if found is not None or not deadline.left:
            return found
    everything = range(formula.outcomes)
    ends: list[tuple[Distribution, Distribution]] = []  # A and C of triples that some α do not serve
    for rule, statement in _rules(closed):
        answer = decide(statement, formula, deadline.sooner(3.0))
        if isinstance(answer, Refutation):
            return rule(answer)
        if answer is not None:
            first, middle, last = (Distribution(lottery) for lottery in answer[0])
            found = _counterexample(formula, everything, claim, closed, (first, middle, last))
            if found is not None:
                return found
            ends.append((first, last))
    if closed and total is not None and not any(isinstance(node, If) for node in formula.nodes):
        refuted = decide(NEVER, gap(formula), deadline.sooner(5.0))
        if isinstance(refuted, Refutation):
            return ClosedAndTotal(total, refuted)
    for term in islice(_one_sided(formula), TERMS) if closed else ():
        matching = _matching(formula, term, deadline.sooner(5.0))
        if matching is not None:
            return matching
    if formula.outcomes <= EXPLICIT:
        found = _by_elimination(formula, everything, closed, claim, deadline, ends)
        if found is not None:
            return found
    for face, local in islice(on_faces(3), FIRST_FACES, None):
        found = _on_grid(local, face, closed, claim, deadline.sooner(1.0))
        if found is not None or not deadline.left:
            return found
    for size in (3, 4):
        for face, local in on_faces(size):
            simple = grid.lotteries(range(local.outcomes), 2)
            found = _by_elimination(local, face, closed, claim, deadline, list(product(simple, simple)))
            if found is not None or not deadline.left:
                return found
    return None


def _rules(closed: bool) -> Iterator[tuple[Callable[[Refutation], Evidence], Statement]]:
    """Rules that a clausal proof establishes, with the statement to be refuted."""
    if closed:
        yield EndPoints, END_POINTS
    for alphas in WITNESSES:
        if closed or 0 not in alphas:
            yield partial(FixedWitnesses, alphas), witness_statement(alphas)


def _one_sided(formula: Formula) -> Iterator[int]:
    """Terms that read one lottery only, and change continuously with it: candidates to be matched."""
    reads: list[int] = []  # 1 for A, 2 for B, 3 for both
    for i, node in enumerate(formula.nodes):
        terms, conditions = parts(node)
        reads.append(
            1 << node.side if isinstance(node, Feature) else reduce(or_, (reads[j] for j in (*terms, *conditions)), 0)
        )
        if reads[i] == 1 and isinstance(node, (Feature, Max, Min, Product)) and continuous(formula, i):
            yield i


def _matching(formula: Formula, term: int, deadline: Deadline) -> Matching | None:
    span = decide(span_statement(term), formula, deadline)
    if not isinstance(span, Refutation):
        return None
    match = decide(match_statement(term, feature_terms(formula)), formula, deadline)
    return Matching(term, span, match) if isinstance(match, Refutation) else None


def _counterexample(
    formula: Formula, face: Sequence[int], claim: Axiom, closed: bool, triple: Sequence[Distribution]
) -> Counterexample | None:
    """The triple by the claim's outcomes, if no mixture meets its middle."""
    values = [feature_values(formula, x.items()) for x in triple]
    try:
        kernel.check_no_mixture(formula, values, closed)
    except kernel.EvidenceRejected:
        return None
    a, b, c = (Distribution({claim.domain.outcomes[face[i]]: p for i, p in x.items()}) for x in triple)
    return Counterexample(a, b, c)


def _on_grid(
    formula: Formula, face: Sequence[int], closed: bool, claim: Axiom, deadline: Deadline
) -> Counterexample | None:
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
                    found = _counterexample(formula, face, claim, closed, (points[i], points[j], points[k]))
                    if found is not None or not deadline.left:
                        return found
    return None


# -- any B between two simple lotteries -----------------------------------------------------------------------------


def _by_elimination(
    formula: Formula,
    face: Sequence[int],
    closed: bool,
    claim: Axiom,
    deadline: Deadline,
    ends: Sequence[tuple[Distribution, Distribution]],
) -> Counterexample | None:
    """With A and C fixed, ``αAC`` is linear in α and B is free: z3 decides "some B, every α" over linear arithmetic."""
    alpha = z3.Real("alpha")
    x = [z3.Real(f"x{o}") for o in range(formula.outcomes)]
    b = [z3.Sum([x[o] * f[o] for o in range(formula.outcomes)]) for f in formula.features]
    for first, last in ends:
        if not deadline.left:
            return None
        a, c = (feature_values(formula, lottery.items()) for lottery in (first, last))
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
        middle = Distribution({o: farkas.fraction(w) for o, w in weights.items()})
        found = _counterexample(formula, face, claim, closed, (first, middle, last))
        if found is not None:
            return found
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
