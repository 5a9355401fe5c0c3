"""Polynomial relations: exact points by nonlinear real arithmetic, and Positivstellensatz lemmas by linear programming.

z3's nlsat solves the clauses over the outcomes' probabilities; its point is rounded to rationals and put to the
kernel, so that nothing is trusted. A proof refutes one Boolean model after the other: its literals ``p_i >= 0``
contradict each other if multipliers ``Σ c·(probabilities)`` with c >= 0 make ``Σ multiplier_i · p_i``
non-positive on every tuple of outcomes. The c come from a linear program in floats and are rounded; the kernel sees
whether they serve.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import z3
from scipy.optimize import linprog

from prefcore.axioms import ONE, Statement
from prefcore.clauses import Clauses, FeatureOf, Mass, Monomial, Polynomial, clauses_of
from prefcore.evidence import Lemma, ProductLemma, Refutation
from prefcore.formula import Formula
from prefcore.kernel import check_product_lemma
from prefcore.polynomials import Product, degrees_of, draws, kinds_of, size_of, value_at
from prefcore.records import EvidenceRejected
from prefcore.search import farkas
from prefcore.search.hulls import Hull
from prefcore.search.propagation import refutation
from prefcore.search.semilinear import Deadline, Lotteries, boolean_model

SMALL = 6  # outcomes with probabilities of their own
TUPLES = 3000  # of outcomes, in one linear program
KINDS = 12  # outcomes that the features tell apart
MODELS = 40  # Boolean models that are refuted
DENOMINATORS = (4, 12, 100, 1000, 10**6)  # to which an irrational point is rounded
ROUNDED = 2520  # the largest denominator of a multiplier's coefficient


# -- points ---------------------------------------------------------------------------------------------------------


def points(statement: Statement, formula: Formula, deadline: Deadline) -> Iterator[Lotteries]:
    """Lotteries over a few outcomes at which the negated axiom may hold, rounded ever more finely."""
    if formula.outcomes > SMALL:
        return
    for inside in (True, False):  # a point where no inequality is tight survives rounding
        model = _solution(clauses_of(statement, formula, True), inside, deadline.sooner(5.0))
        if model is not None:
            weights, alpha = model
            for denominator in DENOMINATORS:
                yield [_rounded(w, denominator) for w in weights], alpha


def _rounded(weights: Sequence[Fraction], denominator: int) -> tuple[tuple[int, Fraction], ...]:
    """A lottery near these weights."""
    near = [max(Fraction(0), w).limit_denominator(denominator) for w in weights]
    total = sum(near, Fraction(0))
    return tuple((o, w / total) for o, w in enumerate(near) if w)


def _solution(system: Clauses, inside: bool, deadline: Deadline) -> tuple[list[list[Fraction]], Fraction | None] | None:
    masses = system.statement.masses
    alpha = z3.Real("alpha")
    lotteries = [[z3.Real(f"x{m}_{o}") for o in range(system.formula.outcomes)] for m in range(len(masses))]
    kinds = {ONE: z3.RealVal(1), "α": alpha, "1-α": 1 - alpha}
    values: list[z3.ArithRef] = []
    for number, variable in enumerate(system.variables):
        match variable:
            case Mass():
                values.append(alpha)
            case FeatureOf(measure, feature):
                f = system.formula.features[feature]
                terms = [x * c for x, c in zip(lotteries[measure], f, strict=True) if c]
                values.append(kinds[masses[measure]] * z3.Sum([z3.RealVal(0), *terms]))
            case _:
                values.append(z3.Real(f"v{number}"))
    atoms: dict[int, z3.ArithRef] = {}
    for number, p in system.atoms.items():
        atoms[number] = z3.Sum([z3.RealVal(0), *(_term(values, monomial, c) for monomial, c in p.items())])

    def literal(x: int) -> z3.BoolRef:
        if abs(x) not in atoms:
            return z3.Bool(f"b{x}") if x > 0 else z3.Not(z3.Bool(f"b{-x}"))
        p = atoms[abs(x)]
        return p < 0 if x < 0 else p > 0 if inside else p >= 0

    solver = z3.Then("simplify", "purify-arith", "smt").solver() if len(system.clauses) > 60 else z3.Solver()
    solver.set("timeout", max(1, int(deadline.left * 1000)))
    solver.add(alpha > 0, alpha < 1)
    for lottery in lotteries:
        solver.add(*(x >= 0 for x in lottery), z3.Sum(lottery) == 1)
    solver.add(*(z3.Or([literal(x) for x in clause]) for clause in system.clauses))
    if solver.check() != z3.sat:
        return None
    model = solver.model()
    weights = [[_number(model, x) for x in lottery] for lottery in lotteries]
    return weights, _number(model, alpha) if any(kind != ONE for kind in masses) else None


def _term(values: Sequence[z3.ArithRef], monomial: Monomial, c: int | Fraction) -> z3.ArithRef:
    term: z3.ArithRef = farkas.rational(c)
    for number in monomial:
        term = term * values[number]
    return term


def _number(model: z3.ModelRef, x: z3.ArithRef) -> Fraction:
    """The value of a variable, to twenty digits where it is irrational."""
    value = model.eval(x, model_completion=True)
    return farkas.fraction(value if z3.is_rational_value(value) else value.approx(20))


# -- proofs ---------------------------------------------------------------------------------------------------------


def refute(statement: Statement, hull: Hull, deadline: Deadline) -> Refutation | None:
    """A clausal refutation with Positivstellensatz lemmas, for statements about lotteries of mass one."""
    if any(kind != ONE for kind in statement.masses):
        return None
    system = clauses_of(statement, hull.formula, True)
    lemmas: list[Lemma | ProductLemma] = []
    for _ in range(MODELS):
        if not deadline.left:
            return None
        learned, model = boolean_model(system.clauses, lemmas, deadline)
        if learned is not None:
            return refutation(system.clauses, lemmas, learned, True)
        if model is None:
            return None
        literals = [x for x in model if abs(x) in system.atoms]
        found = _lemma(system, literals, deadline)
        if found is None:
            return None
        lemmas.append(found)
    return None


def _lemma(system: Clauses, literals: Sequence[int], deadline: Deadline) -> ProductLemma | None:
    """A lemma that some of the literals contradict each other: by constants, then with probabilities."""
    if len(kinds_of(system)) > KINDS:
        return None
    usable = [x for x in literals if _plain(system.atoms[abs(x)], system)]
    kinds = kinds_of(system)
    single = product(range(len(system.statement.masses)), kinds)
    factors: list[Factors] = [(), *(((m, o),) for m, o in single)]
    highest = max((len(m) for x in usable for m in system.atoms[abs(x)]), default=0)
    for most in (0, max(2, highest), highest + 1):  # the degree of the products
        columns = [
            (x, factor)
            for x in usable
            for factor in factors
            if not factor or max(map(len, system.atoms[abs(x)]), default=0) < most
        ]
        products = [_product(system, *column) for column in columns]
        degrees = degrees_of(products, system)
        if not columns or size_of(degrees, len(kinds)) > TUPLES or not deadline.left:
            continue
        found = _program(system, columns, products, degrees, kinds)
        if found is not None:
            return found
    return None


def _plain(p: Polynomial, system: Clauses) -> bool:
    return all(isinstance(system.variables[n], FeatureOf) for monomial in p for n in monomial)


Factors = tuple[tuple[int, int], ...]  # probabilities of outcomes, by measure
Column = tuple[int, Factors]  # a literal, and what it is multiplied by


def _product(system: Clauses, literal: int, factors: Factors) -> Product:
    return Fraction(1 if literal > 0 else -1), factors, system.atoms[abs(literal)]


def _program(
    system: Clauses,
    columns: Sequence[Column],
    products: Sequence[Product],
    degrees: Sequence[int],
    kinds: Sequence[int],
) -> ProductLemma | None:
    """Coefficients >= 0 of the columns with no sum above zero, and some strict literal at 1; or all sums below zero."""
    matrix = np.array([[float(value_at(p, drawn, system)) for p in products] for drawn in draws(degrees, kinds)])
    count = len(matrix)
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    strict = np.array([float(x < 0 and not factors) for x, factors in columns]) / scale
    cost = 1.0 + np.array([float(len(factors)) for _, factors in columns])
    attempts: list[tuple[Any, Any, Any, Any]] = []
    if strict.any():
        attempts.append((matrix / scale, np.zeros(count), strict[None, :], np.ones(1)))
    attempts.append((matrix / scale, -np.ones(count), None, None))
    for left, right, equal, one in attempts:
        answer = linprog(cost, A_ub=left, b_ub=right, A_eq=equal, b_eq=one, bounds=(0, None), method="highs")
        if answer.success:
            found = _made(system, columns, answer.x / scale)
            if found is not None:
                return found
    return None


def _made(system: Clauses, columns: Sequence[Column], weights: np.ndarray) -> ProductLemma | None:
    """The lemma with these weights, scaled and rounded to simple fractions, if the kernel accepts it."""
    largest = float(weights.max(initial=0.0))
    if largest <= 0:
        return None
    kept = [i for i in range(len(columns)) if weights[i] > 1e-9 * largest]
    for unit in sorted({float(weights[i]) for i in kept}, reverse=True)[:4]:
        multipliers: dict[int, list[tuple[Fraction, Factors]]] = {}
        for i in kept:
            c = Fraction(float(weights[i]) / unit).limit_denominator(ROUNDED)
            if c:
                multipliers.setdefault(columns[i][0], []).append((c, columns[i][1]))
        lemma = ProductLemma(tuple(multipliers), tuple(tuple(m) for m in multipliers.values()))
        try:
            check_product_lemma(system, lemma)
        except EvidenceRejected:
            continue
        return lemma
    return None
