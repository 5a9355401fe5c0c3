"""Deciding a negated axiom over a formula: lotteries that satisfy it, or a clausal refutation.

The clauses go to z3 over one real variable per feature and measure (or, over few vertices, per vertex and measure).
Features without their hull are a relaxation: if z3 says unsat, the theory lemmas in its log become Farkas lemmas and
the Boolean part is solved again for steps with hints; if it says sat, the point is separated from the hull of the
features by a valid cut, or lies in it, and the vertices that span it are solved exactly.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import z3
from scipy.optimize import linprog

from prefcore.axioms import ALPHA, Statement
from prefcore.clauses import Exact, FeatureOf, clauses_of
from prefcore.evidence import Lemma, ProductLemma, Refutation
from prefcore.formula import Formula
from prefcore.search import direct, farkas
from prefcore.search.encoding import MASSES, Encoding, Row, add, at_least_zero
from prefcore.search.hulls import Hull
from prefcore.search.propagation import Clause, refutation

EXPLICIT = 8  # vertices up to which there is a variable for each
MAX_ROUNDS = 60  # cuts, and Boolean models to refute
WIDEST_FACE = 40  # vertices with a variable each when no proof is wanted

Lotteries = tuple[list[tuple[tuple[int, Fraction], ...]], Fraction | None]  # (lotteries by a vertex' position, α)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment, on the monotonic clock, after which a search gives up."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        return max(0.0, self.at - time.monotonic())

    def sooner(self, seconds: float) -> Deadline:
        return Deadline(min(self.at, time.monotonic() + seconds))


# -- one question to z3 ---------------------------------------------------------------------------------------------


def _solver(text: str, deadline: Deadline) -> z3.Solver:
    solver = z3.SimpleSolver()
    solver.set("arith.solver", 2)  # the default arithmetic logs its lemmas incompletely
    solver.set("timeout", max(1, int(deadline.left * 1000)))
    solver.from_string(text)
    return solver


@dataclass(slots=True)
class _Log:
    """What z3 said on its way: conflicts of literals (theory lemmas), and clauses that it learned."""

    conflicts: dict[Clause, None] = field(default_factory=dict)
    learned: list[Clause] = field(default_factory=list)


def _ask(encoding: Encoding, cuts: Sequence[Row], deadline: Deadline, log: _Log | None) -> tuple[str, z3.Solver]:
    """z3's answer to the clauses and cuts; what it says on its way goes into the log."""

    def note(hint: z3.ExprRef, _: object, clause: z3.AstVector) -> None:
        kind = hint.decl().name() if hint is not None and z3.is_const(hint) else ""
        if log is not None and kind in ("smt", "rup"):
            # Facts about the domain drop out: a lemma's bound implies them.
            read = [encoding.back(clause[i]) for i in range(len(clause))]
            found = [x for x in read if x is not None]
            if kind == "rup":
                log.learned.append(tuple(found))
            elif found and all(abs(x) in encoding.system.atoms for x in found):
                log.conflicts[tuple(sorted({-x for x in found}))] = None

    solver = _solver("\n".join([encoding.problem(), *(f"(assert {at_least_zero(cut)})" for cut in cuts)]), deadline)
    listener = None if log is None else z3.OnClause(solver, note)
    answer = str(solver.check())
    del listener
    return answer, solver


def boolean_model(
    clauses: Sequence[Clause], lemmas: Sequence[Lemma | ProductLemma], deadline: Deadline
) -> tuple[list[Clause] | None, list[int] | None]:
    """The clauses learned on the way to unsat, or the literals of a model."""
    learned: list[Clause] = []

    def note(hint: z3.ExprRef, _: object, clause: z3.AstVector) -> None:
        if hint is None or not z3.is_const(hint) or hint.decl().name() != "rup":
            return
        found: list[int] = []
        for i in range(len(clause)):
            negative = z3.is_not(clause[i])
            name = (clause[i].arg(0) if negative else clause[i]).decl().name()
            if not name.startswith("b") or not name[1:].isdigit():
                return
            found.append(-int(name[1:]) if negative else int(name[1:]))
        learned.append(tuple(found))

    every = [*clauses, *(tuple(-x for x in lemma.literals) for lemma in lemmas)]
    names = {abs(x): z3.Bool(f"b{abs(x)}") for clause in every for x in clause}
    lines = [f"(declare-const b{x} Bool)" for x in names]
    lines += [f"(assert (or {' '.join(f'b{x}' if x > 0 else f'(not b{-x})' for x in clause)}))" for clause in every]
    solver = _solver("\n".join(lines).replace("(or )", "false"), deadline)
    log = z3.OnClause(solver, note)
    answer = solver.check()
    del log
    if answer == z3.unsat:
        return learned, None
    if answer == z3.unknown:
        return None, None
    model = solver.model()
    values = ((x, model.eval(variable)) for x, variable in names.items())
    return None, [x if z3.is_true(value) else -x for x, value in values if z3.is_true(value) or z3.is_false(value)]


def _conflicts(encoding: Encoding, literals: Sequence[int], cuts: Sequence[Row], deadline: Deadline) -> list[list[int]]:
    """Disjoint minimal sets of the literals that contradict each other."""
    tracked = {z3.Bool(f"t{i}"): x for i, x in enumerate(literals) if abs(x) in encoding.atoms}
    lines = encoding.domain() + [f"(assert {at_least_zero(cut)})" for cut in cuts]
    for marker, x in tracked.items():
        lines += [f"(declare-const {marker} Bool)", f"(assert (=> {marker} {encoding.literal(x)}))"]
    solver = _solver("\n".join(lines), deadline)
    solver.set("core.minimize", True)
    found: list[list[int]] = []
    while solver.check(*tracked) == z3.unsat:
        core = list(solver.unsat_core())
        found.append([tracked[marker] for marker in core])
        if not core:
            break
        for marker in core:
            del tracked[marker]
    return found


# -- unsat: the refutation ------------------------------------------------------------------------------------------


def _certify(encoding: Encoding, log: _Log, cuts: Sequence[Row], hull: Hull, deadline: Deadline) -> Refutation | None:
    """The refutation that the log suggests; where it has gaps, the Boolean part is solved again, lemma by lemma."""
    system = encoding.system
    lemmas: dict[tuple[int, ...], Lemma] = {}

    def learn(conflict: Sequence[int]) -> bool:
        found = farkas.lemma(system, conflict, hull)
        if found is None or tuple(sorted(found.literals)) in lemmas:
            return False
        lemmas[tuple(sorted(found.literals))] = found
        return True

    for conflict in log.conflicts:
        learn(conflict)
        if not deadline.left:
            return None
    logged = refutation(system.clauses, list(lemmas.values()), log.learned, system.definitions)
    if logged is not None:
        return logged
    while deadline.left:
        learned, model = boolean_model(system.clauses, list(lemmas.values()), deadline)
        if learned is not None:
            return refutation(system.clauses, list(lemmas.values()), learned, system.definitions)
        if model is None:
            return None
        progress = [learn(conflict) for conflict in _conflicts(encoding, model, cuts, deadline)]
        if not any(progress):
            return None
    return None


# -- sat: cuts, or lotteries ----------------------------------------------------------------------------------------


def _valid_cuts(encoding: Encoding, hull: Hull) -> list[Row]:
    """Bounds of the features, and order between neighbours that one dominates everywhere; each is >= 0."""
    system = encoding.system
    cuts: list[Row] = []
    of_measure: dict[int, dict[int, Row]] = {}
    for number, variable in enumerate(system.variables):
        if isinstance(variable, FeatureOf):
            of_measure.setdefault(variable.measure, {})[variable.feature] = encoding.values[number]
    features = range(len(system.formula.features))
    order = sorted(features, key=lambda k: (sum(value[k] for value in hull.values), k))
    seen = [[value[k] for value in hull.values] for k in features]
    below = [  # what the known vertices suggest is asked of the whole hull
        (i, j)
        for i, j in itertools.pairwise(order)
        if all(a <= b for a, b in zip(seen[i], seen[j], strict=True)) and hull.largest(((1, i), (-1, j))) <= 0
    ]
    equations = hull.equalities()
    bounds = {k: (-hull.largest(((-1, k),)), hull.largest(((1, k),))) for k in features}
    for measure, values in of_measure.items():
        mass = MASSES[system.statement.masses[measure]]
        for k, value in values.items():
            bottom, top = ({name: c * end for name, c in mass.items()} for end in bounds[k])
            cuts += [add(dict(value), bottom, -1), add(top, value, -1)]
        cuts += [add(dict(values[j]), values[i], -1) for i, j in below if i in values and j in values]
        for direction, c in equations:
            if all(k in values for _, k in direction):
                row = {name: -c * m for name, m in mass.items()}
                for w, k in direction:
                    add(row, values[k], w)
                cuts += [row, {name: -m for name, m in row.items()}]
    return cuts


def _at(model: z3.ModelRef, row: Row) -> Fraction:
    """The value of a row in a model."""
    value = Fraction(0)
    for name, c in row.items():
        value += c * (farkas.fraction(model.eval(z3.Real(name), model_completion=True)) if name else 1)
    return value


def _separate(encoding: Encoding, model: z3.ModelRef, hull: Hull) -> tuple[list[Row], set[int]]:
    """Cuts that the model's feature values violate; without any, the vertices that span those values."""
    system = encoding.system
    cuts: list[Row] = []
    span: set[int] = set()
    for measure, kind in enumerate(system.statement.masses):
        numbers = {
            v.feature: n for n, v in enumerate(system.variables) if isinstance(v, FeatureOf) and v.measure == measure
        }
        ks = sorted(numbers)
        mass = _at(model, MASSES[kind])
        point = [_at(model, encoding.values[numbers[k]]) / mass for k in ks]
        for _ in range(MAX_ROUNDS):
            spanning, direction = _projected(hull, ks, point)
            if not direction:
                span |= spanning
                break
            # Any direction gives a valid cut, since its bound is exact; it must exclude the point to be of use.
            largest = hull.largest(direction)
            at_point = dict(zip(ks, point, strict=True))
            if sum((c * at_point[k] for c, k in direction), Fraction(0)) > largest:
                cut = {name: c * largest for name, c in MASSES[kind].items()}
                for c, k in direction:
                    add(cut, encoding.values[numbers[k]], -c)
                cuts.append(cut)
                break
            if not hull.add(hull.extreme(direction)):
                span |= spanning
                break
    return cuts, span


def _projected(hull: Hull, ks: Sequence[int], point: Sequence[Fraction]) -> tuple[set[int], list[tuple[int, int]]]:
    """The known vertices that come nearest to the point, and the direction that leads out to it, if it is outside."""
    matrix = np.array([[float(value[k]) for value in hull.values] for k in ks]).reshape(len(ks), len(hull.values))
    scale = np.maximum(np.abs(matrix).max(axis=1, initial=1.0), 1e-300)
    target = np.array([float(y) for y in point]) / scale
    # min Σ (s⁺ + s⁻) with columns·p + s⁺ - s⁻ = target, p in the simplex; its duals separate
    rows, n = len(ks), len(hull.values)
    left = np.vstack(
        [np.hstack([matrix / scale[:, None], np.eye(rows), -np.eye(rows)]), np.r_[np.ones(n), np.zeros(2 * rows)]]
    )
    answer = linprog(
        np.r_[np.zeros(n), np.ones(2 * rows)],
        A_eq=left,
        b_eq=np.r_[target, 1.0],
        bounds=(0, None),
        method="highs",
    )
    if not answer.success:
        return set(), []
    spanning = {int(o) for o in np.flatnonzero(answer.x[:n] > 1e-9)}
    if answer.fun <= 1e-9:
        return spanning, []
    slopes = answer.eqlin.marginals[:rows] / scale
    rounded = [round(float(d)) for d in slopes * (10**6 / max(np.abs(slopes).max(), 1e-300))]
    return spanning, [(c, k) for c, k in zip(rounded, ks, strict=True) if c]


def _lotteries(encoding: Encoding, model: z3.ModelRef, positions: Sequence[int]) -> Lotteries:
    """The lotteries of an explicit model, by the given positions of its vertices, and its α."""
    lotteries = []
    for measure, kind in enumerate(encoding.system.statement.masses):
        mass = _at(model, MASSES[kind])
        weights = [_at(model, x) / mass for x in encoding.weights[measure]]
        lotteries.append(tuple((o, w) for o, w in zip(positions, weights, strict=True) if w))
    with_alpha = ALPHA in encoding.system.statement.masses
    return lotteries, _at(model, MASSES[ALPHA]) if with_alpha else None


def decide(
    statement: Statement, hull: Hull, deadline: Deadline, definitions: bool = True
) -> Refutation | Lotteries | None:
    """A refutation of the negated axiom, lotteries at which it holds, or None within the deadline.

    Without `definitions`, opaque terms are arbitrary: a refutation stands, lotteries may be spurious.
    """
    system = clauses_of(statement, hull.formula, definitions)
    chained = direct.refute(system, hull)
    if chained is not None:
        return chained
    explicit = hull.complete and len(hull.vertices) <= EXPLICIT
    encoding = Encoding(system, hull.values if explicit else None)
    cuts: list[Row] = []
    log = _Log()
    for attempt in range(MAX_ROUNDS):
        answer, solver = _ask(encoding, cuts, deadline, log)
        if answer == "unsat":
            return _certify(encoding, log, cuts, hull, deadline)
        if answer != "sat" or not deadline.left:
            return None
        if explicit:
            return _lotteries(encoding, solver.model(), range(len(hull.vertices)))
        if attempt == 0 and definitions:
            found = find(statement, hull, deadline, hull.extremes())
            if found is not None:
                return found
        new, span = _separate(encoding, solver.model(), hull)
        if not new:
            return find(statement, hull, deadline, sorted(span | set(hull.extremes()))) if definitions else None
        cuts += new if attempt else new + _valid_cuts(encoding, hull)
    return None


def find(statement: Statement, hull: Hull, deadline: Deadline, face: Sequence[int]) -> Lotteries | None:
    """Lotteries over known vertices, by position, at which the negated axiom holds, or None; no proof."""
    if not 0 < len(face) <= WIDEST_FACE:
        return None
    return _found(statement, hull.formula, [hull.values[i] for i in face], face, deadline)


def find_on(statement: Statement, local: Formula, deadline: Deadline) -> Lotteries | None:
    """Lotteries over the few outcomes of a formula at which the negated axiom holds, or None; no proof."""
    columns = [tuple(f[o] for f in local.features) for o in range(local.outcomes)]
    return _found(statement, local, columns, range(local.outcomes), deadline)


def _found(
    statement: Statement,
    formula: Formula,
    columns: Sequence[Sequence[Exact]],
    positions: Sequence[int],
    deadline: Deadline,
) -> Lotteries | None:
    encoding = Encoding(clauses_of(statement, formula, True), columns)
    answer, solver = _ask(encoding, [], deadline, None)
    return _lotteries(encoding, solver.model(), positions) if answer == "sat" else None
