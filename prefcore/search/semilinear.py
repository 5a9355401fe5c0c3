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
from math import gcd, lcm
from typing import Any, TypeAlias

import numpy as np
import z3
from scipy.optimize import linprog

from prefcore.axioms import ALPHA, ONE, REST, Statement
from prefcore.clauses import Clauses, Exact, FeatureOf, Mass, Monomial, clauses_of
from prefcore.evidence import Lemma, ProductLemma, Refutation
from prefcore.formula import Formula
from prefcore.search import direct, farkas
from prefcore.search.hulls import Hull
from prefcore.search.propagation import Clause, refutation

EXPLICIT = 8  # vertices up to which there is a variable for each
MAX_ROUNDS = 60  # cuts, and Boolean models to refute
WIDEST_FACE = 40  # vertices with a variable each when no proof is wanted

Lotteries = tuple[list[tuple[tuple[int, Fraction], ...]], Fraction | None]  # (lotteries by a vertex' position, α)
Row = dict[str, Fraction]  # a linear expression over z3's names; "" is the constant
Canonical = tuple[tuple[str, int], ...]

MASSES: dict[str, Row] = {
    ONE: {"": Fraction(1)},
    ALPHA: {"alpha": Fraction(1)},
    REST: {"": Fraction(1), "alpha": Fraction(-1)},
}


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


def _add(into: Row, other: Row, weight: int | Fraction) -> Row:
    for name, c in other.items():
        into[name] = into.get(name, Fraction(0)) + weight * c
    return into


def _canonical(row: Row) -> Canonical:
    """The row scaled to coprime integers."""
    kept = {name: c for name, c in row.items() if c}
    scale = lcm(*(c.denominator for c in kept.values()))
    integers = {name: c.numerator * (scale // c.denominator) for name, c in kept.items()}
    content = gcd(*integers.values()) or 1
    return tuple(sorted((name, c // content) for name, c in integers.items()))


def _text(row: Row) -> str:
    """``row >= 0`` in SMT-LIB; text is parsed by z3 itself, far faster than expressions are built through Python."""
    terms = [f"(* {_number(c)} {name})" if name else _number(c) for name, c in _canonical(row)]
    return f"(>= (+ 0.0 {' '.join(terms)}) 0.0)" if terms else "true"


def _number(value: int) -> str:
    return f"{value}.0" if value >= 0 else f"(- {-value}.0)"


@dataclass(slots=True)
class _Encoding:
    """The clauses in z3's terms, and the way back from its atoms to our literals."""

    system: Clauses
    columns: Sequence[Sequence[Exact]] | None  # the features' values at each vertex, if there is a variable for each
    values: dict[int, Row] = field(default_factory=dict)  # by variable number
    weights: dict[int, list[Row]] = field(default_factory=dict)  # by measure, explicit only
    atoms: dict[int, str] = field(default_factory=dict)
    numbers: dict[Canonical, int] = field(default_factory=dict)  # of "row >= 0"
    names: dict[str, None] = field(default_factory=dict)  # real variables
    _known: dict[int, tuple[z3.ExprRef, int | None]] = field(default_factory=dict)  # by z3's id of the expression

    def __post_init__(self) -> None:
        self.names["alpha"] = None
        if self.columns is not None:
            for m, kind in enumerate(self.system.statement.masses):
                first: list[Row] = [{f"x{m}_{o}": Fraction(1)} for o in range(len(self.columns) - 1)]
                last = dict(MASSES[kind])
                for x in first:
                    self.names.update(dict.fromkeys(x))
                    _add(last, x, Fraction(-1))
                self.weights[m] = [*first, last]
        for number, variable in enumerate(self.system.variables):
            match variable:
                case Mass():
                    self.values[number] = {"alpha": Fraction(1)}
                case FeatureOf(measure, feature) if self.columns is not None:
                    value: Row = {}
                    for x, column in zip(self.weights[measure], self.columns, strict=True):
                        if column[feature]:
                            _add(value, x, column[feature])
                    self.values[number] = value
                case _:
                    self.values[number] = {f"v{number}": Fraction(1)}
                    self.names[f"v{number}"] = None
        for literal, p in self.system.atoms.items():
            row: Row = {}
            for monomial, c in p.items():
                _add(row, self.monomial(monomial), c)
            self.atoms[literal] = _text(row)
            self.numbers.setdefault(_canonical(row), literal)

    def monomial(self, monomial: Monomial) -> Row:
        """A product of variables is a variable of its own: a relaxation."""
        if len(monomial) == 1:
            return self.values[monomial[0]]
        name = "m" + "_".join(map(str, monomial)) if monomial else ""
        if name:
            self.names[name] = None
        return {name: Fraction(1)}

    def literal(self, literal: int) -> str:
        positive = self.atoms.get(abs(literal), f"b{abs(literal)}")
        return positive if literal > 0 else f"(not {positive})"

    def domain(self) -> list[str]:
        """Declarations, ``0 < α < 1`` and non-negative weights."""
        lines = [f"(declare-const {name} Real)" for name in self.names]
        lines.append("(assert (and (> alpha 0.0) (< alpha 1.0)))")
        lines += [f"(assert {_text(x)})" for row in self.weights.values() for x in row]
        return lines

    def problem(self) -> str:
        """The domain and the clauses."""
        booleans = {abs(x) for clause in self.system.clauses for x in clause} - self.atoms.keys()
        lines = self.domain() + [f"(declare-const b{n} Bool)" for n in sorted(booleans)]
        lines += [f"(assert (or {' '.join(map(self.literal, clause))}))" for clause in self.system.clauses]
        return "\n".join(lines)

    def back(self, expression: z3.ExprRef) -> int | None:
        """Our literal for one of z3's, or None for a fact about the domain."""
        key = expression.get_id()
        if key not in self._known:  # the expression is kept, or z3 would give its id to another
            self._known[key] = expression, self._read(expression)
        return self._known[key][1]

    def _read(self, expression: z3.ExprRef) -> int | None:
        parsed = _parse(expression.sexpr())
        sign = 1
        while isinstance(parsed, list) and parsed[0] == "not":
            sign, parsed = -sign, parsed[1]
        if isinstance(parsed, str):
            return sign * int(parsed[1:]) if parsed.startswith("b") else None
        if parsed[0] not in ("<=", ">=", "<", ">"):
            return None
        left, right = (_linear(side) for side in parsed[1:])
        if left is None or right is None:
            return None
        if parsed[0] in ("<", ">"):  # the denial of >= or <=
            sign = -sign
        if parsed[0] in ("<=", ">"):
            left, right = right, left
        number = self.numbers.get(_canonical(_add(left, right, -1)))
        return None if number is None else sign * number


Parsed: TypeAlias = Any  # a token, or a list of them: far faster than walking z3's own expressions


def _parse(text: str) -> Parsed:
    """An s-expression as nested lists."""
    stack: list[list[Parsed]] = [[]]
    for token in text.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    return stack[0][0]


def _constant(parsed: Parsed) -> Fraction | None:
    """The number that an s-expression writes, if it is one."""
    if isinstance(parsed, str):
        return Fraction(parsed) if parsed[0].isdigit() else None
    values = [_constant(part) for part in parsed[1:]]
    if parsed[0] == "-" and len(values) == 1 and values[0] is not None:
        return -values[0]
    if parsed[0] == "/" and len(values) == 2 and values[0] is not None and values[1]:
        return values[0] / values[1]
    return None


def _linear(parsed: Parsed) -> Row | None:
    """A linear s-expression as a row; None if it isn't linear."""
    row: Row = {}
    terms = parsed[1:] if isinstance(parsed, list) and parsed[0] == "+" else [parsed]
    for term in terms:
        scale, name = Fraction(1), ""
        for factor in term[1:] if isinstance(term, list) and term[0] == "*" else [term]:
            value = _constant(factor)
            if value is not None:
                scale *= value
            elif isinstance(factor, str) and not name:
                name = factor
            else:
                return None
        row[name] = row.get(name, Fraction(0)) + scale
    return row


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


def _ask(encoding: _Encoding, cuts: Sequence[Row], deadline: Deadline, log: _Log | None) -> tuple[str, z3.Solver]:
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

    solver = _solver("\n".join([encoding.problem(), *(f"(assert {_text(cut)})" for cut in cuts)]), deadline)
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


def _conflicts(
    encoding: _Encoding, literals: Sequence[int], cuts: Sequence[Row], deadline: Deadline
) -> list[list[int]]:
    """Disjoint minimal sets of the literals that contradict each other."""
    tracked = {z3.Bool(f"t{i}"): x for i, x in enumerate(literals) if abs(x) in encoding.atoms}
    lines = encoding.domain() + [f"(assert {_text(cut)})" for cut in cuts]
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


def _certify(encoding: _Encoding, log: _Log, cuts: Sequence[Row], hull: Hull, deadline: Deadline) -> Refutation | None:
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


def _valid_cuts(encoding: _Encoding, hull: Hull) -> list[Row]:
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
            cuts += [_add(dict(value), bottom, -1), _add(top, value, -1)]
        cuts += [_add(dict(values[j]), values[i], -1) for i, j in below if i in values and j in values]
        for direction, c in equations:
            if all(k in values for _, k in direction):
                row = {name: -c * m for name, m in mass.items()}
                for w, k in direction:
                    _add(row, values[k], w)
                cuts += [row, {name: -m for name, m in row.items()}]
    return cuts


def _at(model: z3.ModelRef, row: Row) -> Fraction:
    """The value of a row in a model."""
    value = Fraction(0)
    for name, c in row.items():
        value += c * (farkas.fraction(model.eval(z3.Real(name), model_completion=True)) if name else 1)
    return value


def _separate(encoding: _Encoding, model: z3.ModelRef, hull: Hull) -> tuple[list[Row], set[int]]:
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
                    _add(cut, encoding.values[numbers[k]], -c)
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


def _lotteries(encoding: _Encoding, model: z3.ModelRef, positions: Sequence[int]) -> Lotteries:
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
    encoding = _Encoding(system, hull.values if explicit else None)
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
    encoding = _Encoding(clauses_of(statement, formula, True), columns)
    answer, solver = _ask(encoding, [], deadline, None)
    return _lotteries(encoding, solver.model(), positions) if answer == "sat" else None
