"""Weights for Farkas lemmas: exact, by the left kernel of a few rows, or by a linear program with lazy columns.

A lemma's literals ``p_i >= 0`` (or > 0) contradict each other on the simplex iff weights ``w >= 0`` make
``Σ w_i p_i`` bounded by zero there, strictly where no strict literal carries weight (Motzkin).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import z3
from flint import fmpq, fmpq_mat

from prefcore.axioms import ONE, REST
from prefcore.clauses import Clauses, FeatureOf, Mass, Polynomial
from prefcore.evidence import Lemma
from prefcore.kernel import EvidenceRejected, check_lemma
from prefcore.search.hulls import Hull


def lemma(system: Clauses, literals: Sequence[int], hull: Hull) -> Lemma | None:
    """The lemma that these literals contradict each other, with only the literals that carry weight; or None."""
    for weigh in (_ones, _kernel, _program):
        weights = weigh(system, literals, hull)
        if weights is None:
            continue
        pairs = [(literal, w) for literal, w in zip(literals, weights, strict=True) if w]
        found = Lemma(tuple(literal for literal, _ in pairs), tuple(w for _, w in pairs))
        try:
            check_lemma(system, found, hull.largest)
        except EvidenceRejected:
            continue
        return found
    return None


def _row(system: Clauses, literal: int) -> Polynomial:
    """The polynomial that the literal says is >= 0 (or > 0)."""
    p = system.atoms[abs(literal)]
    return p if literal > 0 else {m: -c for m, c in p.items()}


def _ones(system: Clauses, literals: Sequence[int], hull: Hull) -> list[Fraction] | None:
    return [Fraction(1)] * len(literals)


def _kernel(system: Clauses, literals: Sequence[int], hull: Hull) -> list[Fraction] | None:
    """The weights under which every variable cancels, if they are unique up to scale."""
    rows = [_row(system, literal) for literal in literals]
    monomials = sorted({m for row in rows for m in row if m})
    if not monomials or len(rows) > 60:
        return None
    entries = [[_fmpq(row.get(m, Fraction(0))) for row in rows] for m in monomials]
    reduced, rank = fmpq_mat(entries).rref()
    if rank != len(rows) - 1:
        return None
    weights = [Fraction(0)] * len(rows)
    pivots: list[int] = []
    for r in range(rank):
        pivots.append(next(c for c in range(len(rows)) if reduced[r, c] != 0))
    (free,) = set(range(len(rows))) - set(pivots)
    weights[free] = Fraction(1)
    for r, c in enumerate(pivots):
        value = reduced[r, free]
        weights[c] = -Fraction(int(value.p), int(value.q))
    return weights if all(w >= 0 for w in weights) else None


def _fmpq(value: int | Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _program(system: Clauses, literals: Sequence[int], hull: Hull) -> list[Fraction] | None:
    """The weights by an exact linear program; a vertex' constraint enters when it is violated."""
    rows = [_row(system, literal) for literal in literals]
    w = [z3.Real(f"w{i}") for i in range(len(rows))]
    solver = z3.SimpleSolver()
    solver.set("timeout", 10_000)
    solver.add(*(x >= 0 for x in w))
    ends: list[list[z3.ArithRef]] = [[], []]
    bounds: dict[int, z3.ArithRef] = {}  # the largest coefficient of each measure
    by_measure: dict[int, dict[int, list[tuple[int, int | Fraction]]]] = {}  # measure -> feature -> (row, coefficient)
    other: dict[tuple[int, ...], list[z3.ArithRef]] = {}
    for i, row in enumerate(rows):
        for monomial, c in row.items():
            variable = system.variables[monomial[0]] if len(monomial) == 1 else None
            if not monomial or isinstance(variable, Mass):
                for end in ends[0 if not monomial else 1 :]:
                    end.append(w[i] * rational(c))
            elif isinstance(variable, FeatureOf):
                by_measure.setdefault(variable.measure, {}).setdefault(variable.feature, []).append((i, c))
            else:
                other.setdefault(monomial, []).append(w[i] * rational(c))
    solver.add(*(z3.Sum(terms) == 0 for terms in other.values()))
    for measure in by_measure:
        bounds[measure] = z3.Real(f"bound{measure}")
        mass = system.statement.masses[measure]
        if mass in (ONE, REST):
            ends[0].append(bounds[measure])
        if mass != REST:
            ends[1].append(bounds[measure])
    slack = [z3.Real("slack0"), z3.Real("slack1")]
    strict = [w[i] for i, literal in enumerate(literals) if literal < 0]
    solver.add(*(s >= 0 for s in slack))
    solver.add(*(z3.Sum(end) + s <= 0 for end, s in zip(ends, slack, strict=True)))
    solver.add(z3.Sum([*strict, *slack]) == 1)
    for measure, features in by_measure.items():
        solver.add(_column(w, bounds[measure], features, hull.values[0]))
    while solver.check() == z3.sat:
        model = solver.model()
        weights = [fraction(model.eval(x, model_completion=True)) for x in w]
        violated = False
        for measure, features in by_measure.items():
            combined = [(sum((weights[i] * c for i, c in column), Fraction(0)), k) for k, column in features.items()]
            combined = [(c, k) for c, k in combined if c]
            if not combined:
                continue
            if hull.largest(combined) > fraction(model.eval(bounds[measure], model_completion=True)):
                vertex = hull.extreme(combined)
                hull.add(vertex)
                solver.add(_column(w, bounds[measure], features, hull.values[hull.vertices.index(vertex)]))
                violated = True
        if not violated:
            return weights
    return None


def _column(
    w: list[z3.ArithRef],
    bound: z3.ArithRef,
    features: dict[int, list[tuple[int, int | Fraction]]],
    values: Sequence[int | Fraction],
) -> z3.BoolRef:
    terms = [w[i] * rational(c * values[k]) for k, column in features.items() for i, c in column if values[k]]
    return z3.Sum([*terms, z3.RealVal(0)]) <= bound


def rational(value: int | Fraction) -> z3.RatNumRef:
    return z3.RealVal(str(value))


def fraction(value: z3.RatNumRef) -> Fraction:
    return Fraction(value.numerator_as_long(), value.denominator_as_long())
