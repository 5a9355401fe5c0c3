"""Axioms on what a process achieves and on menus, through ``pc.check``, against oracles that share no code with it.

A relation is a tree of affine comparisons ``a·A + b·B + k (op) 0``, kept three times: as the Python function that is
checked, as a plain evaluation, and as an encoding for z3. The achievable set is the convex hull of the outcome
distributions of all deterministic policies, listed by recursion over histories; the lotteries of an axiom are weights
on these vertices, and for consistency and convexity measures ``αA, αB, (1-α)C`` (theory.md, section 4). Closedness is
asked with an infinitesimal step from B towards C; interpolation and betweenness by refinement over α, exactly at the
break points of all comparisons on the segment. On menus every tuple is gone through.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from random import Random
from typing import Any

import networkx
import pytest
import z3

import prefcore as pc
import solvers
from prefcore.claims import Optimal
from prefcore.evidence import Both, ConditionHolds, Refutation, ValueOrder
from prefcore.processes import policy_table
from prefcore.trees import Tabulation

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)
Vector = tuple[Fraction, ...]
UNMIXED = ("reflexive", "transitive", "quasi_transitive", "negatively_transitive", "total")
BY_VALUE = ("monotone", "risk_averse", "spread_averse")
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": lambda x, y: x >= y,
    ">": lambda x, y: x > y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}


# -- relations as trees ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Atom:
    """``a·A + b·B + k (op) 0``."""

    a: Vector
    b: Vector
    k: Fraction
    op: str


@dataclass(frozen=True)
class Joint:
    """A conjunction, disjunction or denial."""

    kind: str
    parts: tuple[Atom | Joint, ...]


Tree = Atom | Joint


def both(*parts: Tree) -> Joint:
    return Joint("and", parts)


def either(*parts: Tree) -> Joint:
    return Joint("or", parts)


def no(part: Tree) -> Joint:
    return Joint("not", (part,))


def dot(c: Sequence[Fraction], x: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(c, x, strict=True)), ZERO)


def holds(tree: Tree, A: Vector, B: Vector) -> bool:
    """``A ≼ B``, plainly."""
    if isinstance(tree, Atom):
        return bool(OPERATORS[tree.op](dot(tree.a, A) + dot(tree.b, B) + tree.k, 0))
    values = (holds(part, A, B) for part in tree.parts)
    return not next(values) if tree.kind == "not" else all(values) if tree.kind == "and" else any(values)


def atoms_of(tree: Tree) -> Iterator[Atom]:
    if isinstance(tree, Atom):
        yield tree
    else:
        for part in tree.parts:
            yield from atoms_of(part)


def strictly(tree: Tree, A: Vector, B: Vector) -> bool:
    return holds(tree, A, B) and not holds(tree, B, A)


def relation_of(tree: Tree, outcomes: Sequence[Any], name: str) -> pc.Relation[Any]:
    """The tree as a user would write it, with expectations."""

    def condition(node: Tree, A: Any, B: Any) -> Any:
        if isinstance(node, Atom):
            left = A.expect(dict(zip(outcomes, node.a, strict=True)))
            right = B.expect(dict(zip(outcomes, node.b, strict=True)))
            return OPERATORS[node.op](left + right + node.k, 0)
        parts = [condition(part, A, B) for part in node.parts]
        if node.kind == "not":
            return ~parts[0]
        found = parts[0]
        for part in parts[1:]:
            found = found & part if node.kind == "and" else found | part
        return found

    return pc.Relation(lambda A, B: condition(tree, A, B), name)


def compare(u: Vector, v: Vector, op: str = ">=", k: Fraction = ZERO) -> Atom:
    """``v·B - u·A + k (op) 0``."""
    return Atom(tuple(-x for x in u), v, k, op)


def better(u: Vector) -> Atom:
    return compare(u, u)


def only(u: Vector, side: int, k: Fraction, op: str) -> Atom:
    none = (ZERO,) * len(u)
    return Atom(u, none, k, op) if side == 0 else Atom(none, u, k, op)


def minus(u: Vector) -> Vector:
    return tuple(-x for x in u)


def lexicographic(*us: Vector) -> Tree:
    tree: Tree = better(us[-1])
    for u in reversed(us[:-1]):
        tree = either(compare(u, u, ">"), both(compare(u, u, "=="), tree))
    return tree


def known_relations(n: int, rng: Random) -> list[tuple[str, Any, Tree]]:
    """Relations of the catalogue over outcomes 0, …, n-1, each with its tree, written from its definition."""
    names = range(n)
    u, v, w = (tuple(Fraction(rng.randint(-3, 4), rng.choice((1, 1, 2, 3))) for _ in names) for _ in range(3))
    us, vs, ws = (dict(zip(names, x, strict=True)) for x in (u, v, w))
    levels = sorted(set(u))
    bad = rng.sample(names, rng.randint(1, n - 1))
    event: Vector = tuple(Fraction(o in bad) for o in names)
    bound, share = rng.choice((ZERO, Fraction(1, 10), Fraction(1, 3), HALF)), rng.choice((HALF, Fraction(1, 3), ONE))
    below = {x: tuple(Fraction(value <= x) for value in u) for x in levels}
    # CVaR is the largest of t - E (t - u)⁺ / share over the payoffs t
    tails = [tuple(t - max(ZERO, t - value) / share for value in u) for t in levels]
    penalty: Vector = tuple(Fraction(rng.randint(1, 4)) if o in bad else ZERO for o in names)
    fine_a, fine_b = only(event, 0, -bound, ">="), only(event, 1, -bound, ">=")
    infeasible_a, infeasible_b = both(fine_a, only(event, 0, -bound, "!=")), both(fine_b, only(event, 1, -bound, "!="))
    chance = either(
        both(infeasible_a, no(infeasible_b)),
        both(no(infeasible_a), no(infeasible_b), better(u)),
        both(infeasible_a, infeasible_b, better(minus(event))),
    )
    least = both(either(compare(u, u), compare(v, u)), either(compare(u, v), compare(v, v)))
    votes = either(both(better(u), better(v)), both(better(u), better(w)), both(better(v), better(w)))
    at_quantile = both(*(either(no(only(below[x], 1, -share, ">=")), only(below[x], 0, -share, ">=")) for x in levels))
    risky = either(
        compare(minus(penalty), minus(penalty), ">"),
        both(
            compare(penalty, penalty, "=="),
            either(only(penalty, 0, ZERO, ">"), better(u)),
        ),
    )
    each = [tuple(Fraction(o == i) for o in names) for i in names]
    return [
        ("expected_reward", pc.expected_reward(us), better(u)),
        (
            "lexicographic",
            pc.lexicographic(pc.maximize(pc.expect(us)), pc.minimize(pc.prob(set(bad)))),
            lexicographic(u, minus(event)),
        ),
        ("chance_constraint", pc.chance_constraint(set(bad), bound, us), chance),
        ("cvar", pc.cvar(us, share), both(*(either(*(compare(s, t) for t in tails)) for s in tails))),
        ("quantile", pc.quantile(us, share), at_quantile),
        ("pareto", pc.pareto(us, vs), both(better(u), better(v))),
        ("stochastic_dominance", pc.stochastic_dominance(us), both(*(better(minus(below[x])) for x in levels))),
        ("majority", pc.majority(us, vs, ws), votes),
        ("maxmin", pc.maxmin(us, vs), least),
        ("semiorder", pc.semiorder(us, share), compare(u, u, ">=", share)),
        ("excess_risk", pc.excess_risk({o: p for o, p in enumerate(penalty) if p}, us), risky),
        ("equality", pc.equality(), both(*(compare(e, e, "==") for e in each))),
        ("indifference", pc.indifference(), only((ZERO,) * n, 0, ZERO, ">=")),
    ]


def random_tree(n: int, rng: Random, depth: int = 2) -> Tree:
    """Anything: comparisons of the same or different functionals, thresholds, and their combinations."""
    if depth and rng.random() < 0.65:
        kind = rng.choice(("and", "or", "or", "not"))
        count = 1 if kind == "not" else 2
        return Joint(kind, tuple(random_tree(n, rng, depth - 1) for _ in range(count)))
    u = tuple(Fraction(rng.randint(-2, 3), rng.choice((1, 1, 1, 2, 3))) for _ in range(n))
    op, k = rng.choice((">=", ">=", ">=", ">", "==", "!=")), rng.choice((ZERO, ZERO, HALF, Fraction(-1, 3)))
    match rng.choice(("same", "same", "same", "threshold", "other")):
        case "same":
            return compare(u, u, op, rng.choice((ZERO, ZERO, ZERO, k)))
        case "threshold":
            return only(u, rng.randint(0, 1), k, op)
    return compare(u, tuple(Fraction(rng.randint(-2, 3)) for _ in range(n)), op, k)


# -- a process, and its deterministic policies ----------------------------------------------------------------------


def random_process(rng: Random, horizon: int, outcomes: int) -> pc.DirectPreferenceProcess:
    """A process of two or three observations and two actions, some histories with one of them; all by tables."""
    observations = tuple("xyz"[: 3 if horizon == 1 else 2])
    actions = ("a", "b") if horizon == 2 else ("a", "b", "c")

    def row() -> dict[str, Fraction]:
        weights = [rng.randint(0, 3) for _ in observations]
        weights[rng.randrange(len(weights))] += rng.randint(1, 4)
        return {o: Fraction(w, sum(weights)) for o, w in zip(observations, weights, strict=True) if w}

    first = row()
    rows: dict[tuple[Any, ...], dict[str, Fraction]] = {}
    offered: dict[tuple[Any, ...], tuple[str, ...]] = {}
    seen: dict[tuple[Any, ...], int] = {}
    level: list[tuple[Any, ...]] = [(o,) for o in observations]
    for _ in range(horizon):
        following = []
        for history in level:
            offered[history] = actions if rng.random() < 0.7 else tuple(rng.sample(actions, len(actions) - 1))
            for action in actions:
                rows[(*history, action)] = row()
                following += [(*history, action, o) for o in observations]
        level = following
    for trajectory in level:
        seen[trajectory] = rng.randrange(outcomes)
    return pc.DirectPreferenceProcess(
        observations,
        actions,
        horizon,
        environment=lambda history, action: rows[(*history, action)],
        preference=pc.indifference(),
        initial=first,
        outcome=seen.__getitem__,
        available=offered.__getitem__,
    )


def vertices_of(process: pc.DirectPreferenceProcess) -> list[dict[Any, Fraction]]:
    """The outcome distributions of all deterministic policies, each once."""

    def mixed(parts: Sequence[tuple[Fraction, dict[Any, Fraction]]]) -> dict[Any, Fraction]:
        total: dict[Any, Fraction] = {}
        for p, x in parts:
            for o, q in x.items():
                total[o] = total.get(o, ZERO) + p * q
        return total

    def distinct(found: Iterator[dict[Any, Fraction]]) -> list[dict[Any, Fraction]]:
        return list({frozenset(x.items()): x for x in found}.values())

    def after(row: dict[Any, Fraction], prefix: tuple[Any, ...]) -> list[dict[Any, Fraction]]:
        ways = [[(p, x) for x in below((*prefix, o))] for o, p in row.items() if p]
        return distinct(mixed(chosen) for chosen in product(*ways))

    def below(history: tuple[Any, ...]) -> list[dict[Any, Fraction]]:
        if len(history) == 2 * process.horizon + 1:
            return [{process.outcome(history): ONE}]
        offered = process.actions if process.available is None else process.available(history)
        return distinct(x for a in offered for x in after(dict(process.environment(history, a)), (*history, a)))

    assert process.initial is not None
    return after(dict(process.initial), ())


# -- the oracle -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Symbolic:
    """A measure: weights on points, times a factor."""

    parts: tuple[tuple[Any, Vector], ...]

    def value(self, c: Vector) -> Any:
        return z3.Sum([z3.RealVal(0), *(w * q(dot(c, x)) for w, x in self.parts)])

    def __add__(self, other: Symbolic) -> Symbolic:
        return Symbolic(self.parts + other.parts)

    def times(self, factor: Any) -> Symbolic:
        return Symbolic(tuple((factor * w, x) for w, x in self.parts))


def q(x: Fraction) -> Any:
    return z3.Q(x.numerator, x.denominator)


def said(tree: Tree, A: Symbolic, B: Symbolic, mass: Any = 1) -> Any:
    """``A ≼ B`` for measures of this mass."""
    if isinstance(tree, Atom):
        return OPERATORS[tree.op](A.value(tree.a) + B.value(tree.b) + q(tree.k) * mass, 0)
    parts = [said(part, A, B, mass) for part in tree.parts]
    return z3.Not(parts[0]) if tree.kind == "not" else z3.And(parts) if tree.kind == "and" else z3.Or(parts)


def said_near(tree: Tree, A: tuple[Symbolic, Symbolic], B: tuple[Symbolic, Symbolic]) -> Any:
    """The same of ``A + εA'`` and ``B + εB'``, ε infinitesimal: start and end of each segment are given."""
    if isinstance(tree, Atom):
        start = A[0].value(tree.a) + B[0].value(tree.b) + q(tree.k)
        slope = A[1].value(tree.a) - A[0].value(tree.a) + B[1].value(tree.b) - B[0].value(tree.b)
        if tree.op in (">=", ">"):
            return z3.Or(start > 0, z3.And(start == 0, OPERATORS[tree.op](slope, 0)))
        zero = z3.And(start == 0, slope == 0)
        return zero if tree.op == "==" else z3.Not(zero)
    parts = [said_near(part, A, B) for part in tree.parts]
    return z3.Not(parts[0]) if tree.kind == "not" else z3.And(parts) if tree.kind == "and" else z3.Or(parts)


class Oracle:
    """Raw z3 over the convex hull of some points."""

    def __init__(self, tree: Tree, points: Sequence[Vector], value: Vector | None = None) -> None:
        self.tree, self.points, self.value = tree, list(points), value

    def measure(self, solver: z3.Solver, name: str, mass: Any = 1) -> Symbolic:
        weights = [z3.Real(f"{name}{i}") for i in range(len(self.points))]
        solver.add(*(w >= 0 for w in weights), z3.Sum(weights) == mass)
        return Symbolic(tuple(zip(weights, self.points, strict=True)))

    def _lottery(self, model: z3.ModelRef, measure: Symbolic) -> Vector:
        weights = [model.eval(w, model_completion=True) for w, _ in measure.parts]
        found = [Fraction(w.numerator_as_long(), w.denominator_as_long()) for w in weights]
        return tuple(sum((p * x[o] for p, x in zip(found, self.points, strict=True)), ZERO) for o in range(self.size))

    @property
    def size(self) -> int:
        return len(self.points[0])

    def strict(self, A: Symbolic, B: Symbolic, mass: Any = 1) -> Any:
        return z3.And(said(self.tree, A, B, mass), z3.Not(said(self.tree, B, A, mass)))

    def holds(self, axiom: str) -> bool | None:
        """Whether the axiom holds; None where the oracle does not know."""
        if axiom == "preorder":
            parts = [self.holds("reflexive"), self.holds("transitive")]
            return None if None in parts else all(parts)
        if axiom == "acyclic":
            return self._acyclic()
        if axiom == "betweenness":
            return self._betweenness()
        if axiom in ("interpolation", "interpolation_open"):
            return self._interpolation(axiom == "interpolation")
        solver = z3.Solver()
        solver.set("timeout", 20_000)
        solver.add(self._negation(axiom, solver))
        found = solver.check()
        return None if found == z3.unknown else found == z3.unsat

    def _negation(self, axiom: str, solver: z3.Solver) -> Any:
        tree, strict = self.tree, self.strict
        if axiom in ("consistent", "convex"):
            alpha = z3.Real("alpha")
            solver.add(alpha > 0, alpha < 1)
            A, B = self.measure(solver, "a", alpha), self.measure(solver, "b", alpha)
            C = self.measure(solver, "c", 1 - alpha)
            before, after = said(tree, A, B, alpha), said(tree, A + C, B + C)
            return before != after if axiom == "convex" else z3.And(before, z3.Not(after))
        A, B, C = (self.measure(solver, name) for name in "abc")
        match axiom:
            case "reflexive":
                return z3.Not(said(tree, A, A))
            case "total":
                return z3.And(z3.Not(said(tree, A, B)), z3.Not(said(tree, B, A)))
            case "transitive":
                return z3.And(said(tree, A, B), said(tree, B, C), z3.Not(said(tree, A, C)))
            case "quasi_transitive":
                return z3.And(strict(A, B), strict(B, C), z3.Not(strict(A, C)))
            case "negatively_transitive":
                return z3.And(strict(A, C), z3.Not(strict(A, B)), z3.Not(strict(B, C)))
            case "continuous":
                upper = z3.And(z3.Not(said(tree, A, B)), said_near(tree, (A, A), (B, C)))
                lower = z3.And(z3.Not(said(tree, B, A)), said_near(tree, (B, C), (A, A)))
                return z3.Or(upper, lower)
        assert axiom in BY_VALUE and self.value is not None
        return z3.And(*self._dominates(axiom, A, B), z3.Not(said(tree, A, B)))

    def _dominates(self, axiom: str, A: Symbolic, B: Symbolic) -> list[Any]:
        """B dominates A: F_B <= F_A, or so its integral (``E (x - v)⁺`` is smaller at every level x)."""
        assert self.value is not None
        value, levels = self.value, sorted(set(self.value))
        if axiom == "monotone":
            functionals = [tuple(Fraction(v <= x) for v in value) for x in levels]
        else:
            functionals = [tuple(max(ZERO, x - v) for v in value) for x in levels]
        said_so = [B.value(f) <= A.value(f) for f in functionals]
        return [*said_so, B.value(value) == A.value(value)] if axiom == "spread_averse" else said_so

    def _acyclic(self) -> bool | None:
        """False if there is a cycle of three or four; True only by a property that rules out all."""
        for length in (3, 4):
            solver = z3.Solver()
            solver.set("timeout", 5_000)
            around = [self.measure(solver, f"x{i}_") for i in range(length)]
            solver.add(*(self.strict(x, y) for x, y in zip(around, [*around[1:], around[0]], strict=True)))
            if solver.check() == z3.sat:
                return False
        return True if self.holds("quasi_transitive") or self.holds("transitive") else None

    def _betweenness(self) -> bool | None:
        """Refuted at some α of a list; held where nonlinear arithmetic says so in time."""
        for alpha in (HALF, Fraction(1, 7), Fraction(8, 9), Fraction(1, 100), Fraction(99, 100), None):
            solver = z3.Solver() if alpha is not None else z3.SolverFor("QF_NRA")
            solver.set("timeout", 2_000)
            x: Any = z3.Real("alpha") if alpha is None else q(alpha)
            solver.add(x > 0, x < 1)
            A, B = self.measure(solver, "a"), self.measure(solver, "b")
            mixture = A.times(x) + B.times(1 - x)
            solver.add(self.strict(A, B), z3.Not(z3.And(self.strict(A, mixture), self.strict(mixture, B))))
            found = solver.check()
            if found == z3.sat:
                return False
            if alpha is None and found == z3.unsat:
                return True
        return None

    def _interpolation(self, ends: bool) -> bool | None:
        """Looks for A ≼ B ≼ C at which none of the α listed so far serves; exact on the segment then.

        A total relation with closed contour sets has interpolation: a segment is no union of two disjoint closed parts.
        """
        if ends and self.holds("total") and self.holds("continuous"):
            return True
        solver = z3.Solver()
        solver.set("timeout", 10_000)
        A, B, C = (self.measure(solver, name) for name in "abc")
        solver.add(said(self.tree, A, B), said(self.tree, B, C))
        todo = [ZERO, ONE, HALF] if ends else [HALF, Fraction(1, 3)]
        for _ in range(15):
            for alpha in todo:
                X = A.times(q(alpha)) + C.times(q(1 - alpha))
                solver.add(z3.Not(z3.And(said(self.tree, X, B), said(self.tree, B, X))))
            found = solver.check()
            if found != z3.sat:
                return True if found == z3.unsat else None
            points = [self._lottery(solver.model(), x) for x in (A, B, C)]
            todo = serving(self.tree, *points, ends)[:1]
            if not todo:
                return False
        return None


def between(x: Vector, y: Vector, alpha: Fraction) -> Vector:
    return tuple(alpha * p + (1 - alpha) * r for p, r in zip(x, y, strict=True))


def cuts(tree: Tree, at: Callable[[Fraction], tuple[Vector, Vector]]) -> list[Fraction]:
    """0, 1, where a comparison of the two lotteries changes on the way, and the midpoints; sorted."""
    zero, one = at(ZERO), at(ONE)
    found = {ZERO, ONE}
    for atom in atoms_of(tree):
        start, end = (dot(atom.a, x) + dot(atom.b, y) + atom.k for x, y in (zero, one))
        if start != end and 0 <= (root := start / (start - end)) <= 1:
            found.add(root)
    listed = sorted(found)
    return sorted([*listed, *((x + y) / 2 for x, y in pairwise(listed))])


def serving(tree: Tree, A: Vector, B: Vector, C: Vector, ends: bool) -> list[Fraction]:
    """The α, among break points and midpoints, at which αAC ~ B."""

    def mixture(alpha: Fraction) -> Vector:
        return between(A, C, alpha)

    tried = {*cuts(tree, lambda a: (mixture(a), B)), *cuts(tree, lambda a: (B, mixture(a)))}
    listed = sorted(tried)
    listed = sorted({*listed, *((x + y) / 2 for x, y in pairwise(listed))})
    if not ends:
        listed = [a for a in listed if 0 < a < 1]
    return [a for a in listed if holds(tree, mixture(a), B) and holds(tree, B, mixture(a))]


def fails_at(axiom: str, tree: Tree, points: Sequence[Vector], alpha: Fraction | None, value: Vector | None) -> bool:
    """Whether the axiom is violated by these lotteries, by plain evaluation."""
    A, B, C = [*points, points[0], points[0]][:3]
    match axiom:
        case "reflexive":
            return not holds(tree, A, A)
        case "preorder":
            return not holds(tree, A, A) or (len(points) == 3 and fails_at("transitive", tree, points, None, value))
        case "total":
            return not holds(tree, A, B) and not holds(tree, B, A)
        case "transitive":
            return holds(tree, A, B) and holds(tree, B, C) and not holds(tree, A, C)
        case "quasi_transitive":
            return strictly(tree, A, B) and strictly(tree, B, C) and not strictly(tree, A, C)
        case "negatively_transitive":
            return strictly(tree, A, C) and not strictly(tree, A, B) and not strictly(tree, B, C)
        case "acyclic":
            return all(strictly(tree, x, y) for x, y in zip(points, [*points[1:], A], strict=True))
        case "consistent" | "convex":
            assert alpha is not None and 0 < alpha < 1
            before, after = holds(tree, A, B), holds(tree, between(A, C, alpha), between(B, C, alpha))
            return (before and not after) or (axiom == "convex" and before != after)
        case "betweenness":
            assert alpha is not None and 0 < alpha < 1
            X = between(A, B, alpha)
            return strictly(tree, A, B) and not (strictly(tree, A, X) and strictly(tree, X, B))
        case "interpolation" | "interpolation_open":
            return holds(tree, A, B) and holds(tree, B, C) and not serving(tree, A, B, C, axiom == "interpolation")
        case "continuous":

            def near(first: bool) -> bool:
                def at(t: Fraction) -> tuple[Vector, Vector]:
                    X = between(C, B, t)
                    return (A, X) if first else (X, A)

                t = cuts(tree, at)[1]  # between 0 and the first change
                return not holds(tree, *at(ZERO)) and holds(tree, *at(t))

            return near(True) or near(False)
    assert value is not None
    return dominates(axiom, value, A, B) and not holds(tree, A, B)


def dominates(axiom: str, value: Vector, A: Vector, B: Vector) -> bool:
    """B dominates A; by the survival function and by shortfalls."""
    for x in set(value):
        if axiom == "monotone":
            above = [sum((p for p, v in zip(L, value, strict=True) if v >= x), ZERO) for L in (A, B)]
            if above[1] < above[0]:
                return False
        else:
            short = [sum((p * max(ZERO, x - v) for p, v in zip(L, value, strict=True)), ZERO) for L in (A, B)]
            if short[1] > short[0]:
                return False
    return axiom != "spread_averse" or dot(value, A) == dot(value, B)


# -- pc.check(relation, process=…) ----------------------------------------------------------------------------------


def policy_of(tabulation: Tabulation, table: Any) -> Callable[[Any], Any]:
    rows = {
        history: {a: p for a, p in zip(actions, row, strict=True) if p}
        for history, actions, row in zip(tabulation.histories, tabulation.actions, table, strict=True)
    }
    return rows.__getitem__


def lotteries_of(evidence: Any) -> list[pc.Distribution]:
    if isinstance(evidence, pc.Cycle):
        return list(evidence.lotteries)
    return [x for x in (evidence.A, evidence.B, evidence.C) if x is not None]


def compare_with_oracle(
    process: pc.DirectPreferenceProcess,
    relation: pc.Relation[Any],
    tree: Tree,
    n: int,
    value: Vector,
    axioms: Sequence[str],
    folder: Any,
    name: str,
) -> Counter[tuple[str, str]]:
    """Everything that a report on the achievable set says, held against the oracle. Counts of what was seen."""
    payoff = dict(enumerate(value))
    start = time.process_time()
    report = pc.check(relation, process=process, axioms=axioms, budget=BUDGET, value=payoff)
    seconds = time.process_time() - start
    points = [tuple(x.get(o, ZERO) for o in range(n)) for x in vertices_of(process)]
    oracle = Oracle(tree, points, value)
    tabulation = report.domain.process
    seen: Counter[tuple[str, str]] = Counter()
    if seconds > 5:
        seen["slow", f"{name}: {seconds:.1f} s, {len(points)} points"] += 1
    for path in report.save_certificates(folder):
        assert type(pc.load_certificate(path)) is type(report[path.stem])
    for axiom in axioms:
        verdict, expected = report[axiom], oracle.holds(axiom)
        about = f"{name}: {axiom}: {verdict!r}, z3 says {expected}, {tree}, points {points}"
        kind = type(verdict).__name__
        seen[axiom, kind] += 1
        seen[axiom, f"{kind} where z3 says {expected}"] += 1
        if isinstance(verdict, pc.Unknown):
            seen["unknown", f"{name}, {axiom}: {verdict.reason} ({verdict.budget:.1f} s), z3 says {expected}"] += 1
        if isinstance(verdict, pc.Proved):
            assert expected is not False, about
        elif isinstance(verdict, pc.Refuted):
            evidence = verdict.evidence
            lotteries = lotteries_of(evidence)
            assert len(evidence.policies) == len(lotteries), about
            for lottery, table, made in zip(lotteries, evidence.policies, verdict.policies, strict=True):
                for policy in (policy_of(tabulation, table), made):
                    achieved = pc.trajectory_distribution(process, policy).map(process.outcome)
                    assert achieved == lottery, about
            vectors = [tuple(x[o] for o in range(n)) for x in lotteries]
            alpha = None if isinstance(evidence, pc.Cycle) else evidence.alpha
            assert fails_at(axiom, tree, vectors, alpha, value), about
            assert expected is not True, about
    return seen


LAST = ("betweenness", "interpolation", "interpolation_open")  # they may use up the time
PROCESS_AXIOMS = tuple(a for a in pc.AXIOMS if a not in LAST) + LAST
BUDGET = 30.0


def trial(seed: int, folder: Any, relations: int, axioms: Sequence[str] = PROCESS_AXIOMS) -> Counter[tuple[str, str]]:
    """A random process, and some relations on its outcomes."""
    rng = Random(seed)
    horizon, n = rng.choice((1, 1, 2)), rng.randint(2, 4)
    process = random_process(rng, horizon, n)
    value = tuple(Fraction(rng.randint(0, 3)) for _ in range(n))
    known = known_relations(n, rng)
    chosen: list[tuple[str, Any, Tree]] = rng.sample(known, max(1, relations // 2))
    for i in range(relations - len(chosen)):
        tree = random_tree(n, rng)
        chosen.append((f"random {i}", relation_of(tree, range(n), f"random {i}"), tree))
    seen: Counter[tuple[str, str]] = Counter()
    for name, relation, tree in chosen:
        for _ in range(5):  # the relation and its tree are the same relation
            A, B = (tuple(Fraction(x, 6) for x in drawn) for drawn in (_six(rng, n), _six(rng, n)))
            lotteries = [pc.Distribution({o: p for o, p in enumerate(x) if p}) for x in (A, B)]
            assert relation(*lotteries) is holds(tree, A, B), (name, A, B)
        seen += compare_with_oracle(process, relation, tree, n, value, axioms, folder, f"seed {seed}, {name}")
    return seen


def _six(rng: Random, n: int) -> list[int]:
    drawn = Counter(rng.randrange(n) for _ in range(6))
    return [drawn[o] for o in range(n)]


# Few enough for every day: seeds at which each kind of verdict occurs.
@pytest.mark.parametrize("seed", range(1, 3))
def test_the_achievable_set_against_z3(seed, tmp_path):
    seen = trial(seed, tmp_path, 2)
    assert sum(count for (_, kind), count in seen.items() if kind == "Proved") > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_the_achievable_set_against_z3_at_length(seed, tmp_path):
    trial(seed, tmp_path, 4)


def cautious_choice() -> pc.DirectPreferenceProcess:
    """The process of theory.md's *Beware*: all achievable lotteries satisfy the constraint, a conditional does not."""

    def environment(history: Any, action: Any) -> dict[str, Any]:
        return {"bad": HALF, "ok": HALF} if (history[-1], action) == ("decide", "a") else {"ok": 1}

    return pc.DirectPreferenceProcess(
        observations=("decide", "skip", "bad", "ok"),
        actions=("a", "b"),
        horizon=1,
        environment=environment,
        preference=pc.chance_constraint({"bad"}, Fraction(1, 10), {"bad": 20, "ok": 0}),
        initial={"decide": Fraction(1, 10), "skip": Fraction(9, 10)},
        outcome=lambda trajectory: trajectory[-1],
    )


def test_axioms_on_the_achievable_set_do_not_certify_a_policy():
    process = cautious_choice()
    relation = process.preference
    report = pc.check(relation, process=process)
    assert report.proved("preorder", "total", "consistent", "convex", "interpolation")
    assert isinstance(pc.check(relation, ("ok", "bad"))["consistent"], pc.Refuted)
    tabulation = report.domain.process

    def takes(action: str) -> Callable[[Any], str]:
        return lambda history: action

    # Choosing b satisfies the optimality condition at both histories …
    decide, skip = ("decide",), ("skip",)
    for history, action in product((decide, skip), process.actions):
        after = pc.trajectory_distribution(process, takes("b"), given=(history, action)).map(process.outcome)
        own = pc.trajectory_distribution(process, takes("b"), given=history).map(process.outcome)
        assert relation(after, own)
    # … and yet a is strictly better at the start.
    first, second = (pc.trajectory_distribution(process, takes(x)).map(process.outcome) for x in "ba")
    assert pc.compare(relation, first, second) == "≺"

    solution = solvers.solve(process)
    assert not isinstance(solution.verdict, pc.Proved) or solution.policy(decide) == "a"
    verdict = solvers.check_optimality(process, takes("b"))
    assert isinstance(verdict, pc.Refuted) and verdict.better_policy(decide) == "a"
    assert not isinstance(solvers.check_optimality(process, takes("a")), pc.Refuted)

    preorder, consistent = report["preorder"].evidence, report["consistent"].evidence
    assert isinstance(preorder, (Both, ValueOrder)) and isinstance(consistent, Refutation)
    for action in "ab":
        claim = Optimal(tabulation, report.traced, policy_table(process, tabulation, takes(action)))
        with pytest.raises(pc.EvidenceRejected):
            pc.kernel.check(claim, ConditionHolds(preorder, consistent))
    # The same record from the simplex, for a relation that has the axioms there, is accepted: a is best, b is not.
    simple = pc.check(pc.expected_reward({"bad": 20, "ok": 0}), tabulation.outcomes)
    holds_everywhere = ConditionHolds(simple["preorder"].evidence, simple["consistent"].evidence)
    claims = {
        action: Optimal(tabulation, simple.traced, policy_table(process, tabulation, takes(action))) for action in "ab"
    }
    assert isinstance(pc.kernel.check(claims["a"], holds_everywhere), pc.Proved)
    with pytest.raises(pc.EvidenceRejected):
        pc.kernel.check(claims["b"], holds_everywhere)


def test_a_stored_refutation_on_the_achievable_set_stands_for_that_process_only(tmp_path):
    process = cautious_choice()
    report = pc.check(pc.pareto({"bad": 20, "ok": 0}, {"bad": 0, "ok": 1}), process=process, axioms=["total"])
    path = report.save_certificates(tmp_path)[0]
    assert isinstance(pc.load_certificate(path, report["total"].claim), pc.Refuted)
    content = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(content)
    assert "9/10" in text
    path.write_text(text.replace("9/10", "8/10").replace('"1/10"', '"2/10"'), encoding="utf-8")
    with pytest.raises(pc.EvidenceRejected):  # another process: its policies achieve other lotteries
        pc.load_certificate(path)


# -- pc.check(relation, menu=…) -------------------------------------------------------------------------------------


def random_lottery(rng: Random, n: int, denominator: int) -> Vector:
    drawn = Counter(rng.randrange(n) for _ in range(denominator))
    return tuple(Fraction(drawn[o], denominator) for o in range(n))


Answers = list[list[bool]]


def violated_on(axiom: str, tree: Tree, menu: Sequence[Vector], value: Vector, at: Answers) -> bool:
    """Whether the axiom fails at some tuple of the menu, by loops over all; `at` says of each pair whether x ≼ y."""
    n = range(len(menu))
    strict = [[at[i][j] and not at[j][i] for j in n] for i in n]
    match axiom:
        case "reflexive":
            return any(not at[i][i] for i in n)
        case "total":
            return any(not at[i][j] and not at[j][i] for i in n for j in n)
        case "transitive":
            return any(at[i][j] and at[j][k] and not at[i][k] for i in n for j in n for k in n)
        case "preorder":
            return any(violated_on(part, tree, menu, value, at) for part in ("reflexive", "transitive"))
        case "quasi_transitive":
            return any(strict[i][j] and strict[j][k] and not strict[i][k] for i in n for j in n for k in n)
        case "negatively_transitive":
            return any(strict[i][k] and not strict[i][j] and not strict[j][k] for i in n for j in n for k in n)
        case "acyclic":
            reach = [list(row) for row in strict]
            for k in n:
                for i in n:
                    if reach[i][k]:
                        reach[i] = [x or y for x, y in zip(reach[i], reach[k], strict=True)]
            return any(reach[i][i] for i in n)
        case "monotone" | "risk_averse" | "spread_averse":
            return any(not at[i][j] and dominates(axiom, value, menu[i], menu[j]) for i in n for j in n)
        case "interpolation" | "interpolation_open":
            ends = axiom == "interpolation"
            return any(
                at[i][j] and at[j][k] and not serving(tree, menu[i], menu[j], menu[k], ends)
                for i in n
                for j in n
                for k in n
            )
        case "betweenness":
            return any(_betweenness_fails(tree, menu[i], menu[j]) for i in n for j in n if strict[i][j])
    assert axiom in ("consistent", "convex")
    for A, B, C in product(menu, repeat=3):
        before = holds(tree, A, B)
        if axiom == "consistent" and not before:
            continue
        tried = cuts(tree, lambda a, A=A, B=B, C=C: (between(A, C, a), between(B, C, a)))
        after = {holds(tree, between(A, C, a), between(B, C, a)) for a in tried if 0 < a < 1}
        if after != {before}:
            return True
    return False


def _betweenness_fails(tree: Tree, A: Vector, B: Vector) -> bool:
    def mixture(a: Fraction) -> Vector:
        return between(A, B, a)

    tried: set[Fraction] = set()
    for way in (
        lambda a: (A, mixture(a)),
        lambda a: (mixture(a), A),
        lambda a: (B, mixture(a)),
        lambda a: (mixture(a), B),
    ):
        tried |= set(cuts(tree, way))
    listed = sorted(tried)
    listed = sorted({*listed, *((x + y) / 2 for x, y in pairwise(listed))})
    return any(not (strictly(tree, A, mixture(a)) and strictly(tree, mixture(a), B)) for a in listed if 0 < a < 1)


def menu_trial(
    seed: int, size: int, axioms: Sequence[str], folder: Any, relations: int = 2
) -> Counter[tuple[str, str]]:
    """A random menu and a few relations on it. Counts of what was seen."""
    rng = Random(seed)
    n = rng.randint(2, 4)
    value = tuple(Fraction(rng.randint(0, 3)) for _ in range(n))
    # repeated lotteries, and lotteries over different outcomes
    menu = [random_lottery(rng, n, rng.choice((1, 2, 3, 5, 12))) for _ in range(size)]
    menu += rng.sample(menu, min(2, size))
    lotteries = [pc.Distribution({o: p for o, p in enumerate(x) if p}) for x in menu]
    chosen = rng.sample(known_relations(n, rng), relations)
    trees = (random_tree(n, rng) for _ in range(relations))
    chosen += [(f"random {i}", relation_of(tree, range(n), f"random {i}"), tree) for i, tree in enumerate(trees)]
    seen: Counter[tuple[str, str]] = Counter()
    for name, relation, tree in chosen:
        report = pc.check(relation, menu=lotteries, axioms=axioms, value=dict(enumerate(value)), budget=60)
        for path in report.save_certificates(folder):
            assert type(pc.load_certificate(path)) is type(report[path.stem])
        at = [[holds(tree, x, y) for y in menu] for x in menu]
        for axiom in axioms:
            verdict, violated = report[axiom], violated_on(axiom, tree, menu, value, at)
            about = f"seed {seed}, {name}, {axiom}: {verdict!r}, violated: {violated}, {tree}, {menu}"
            seen[axiom, type(verdict).__name__] += 1
            if isinstance(verdict, pc.Unknown):
                seen["unknown", f"seed {seed}, {name}, {axiom}, violated: {violated}, {verdict.reason}"] += 1
                continue
            assert isinstance(verdict, pc.Refuted) is violated, about
            if violated:
                found = lotteries_of(verdict.evidence)
                assert all(x in lotteries for x in found), about
                vectors = [tuple(x[o] for o in range(n)) for x in found]
                alpha = getattr(verdict.evidence, "alpha", None)
                assert fails_at(axiom, tree, vectors, alpha, value), about
    return seen


MENU_AXIOMS = (*UNMIXED, "preorder", "acyclic", *BY_VALUE)
MIXING_AXIOMS = ("consistent", "convex", "betweenness", "interpolation", "interpolation_open")


@pytest.mark.parametrize(("seed", "size"), [(0, 3), (1, 8), (2, 16), (3, 30), (6, 60)])
def test_menus_against_loops(seed, size, tmp_path):
    seen = menu_trial(seed, size, MENU_AXIOMS, tmp_path, 1)
    assert not any(kind == "Unknown" for _, kind in seen)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_menus_against_loops_at_length(seed, tmp_path):
    seen = menu_trial(seed, 1 + seed % 50, MENU_AXIOMS, tmp_path)
    assert not any(kind == "Unknown" for _, kind in seen)


@pytest.mark.parametrize("seed", range(1, 7))
def test_mixtures_of_menus_against_break_points(seed, tmp_path):
    seen = menu_trial(seed, 3 + seed % 2, MIXING_AXIOMS, tmp_path, 1)
    assert not any(kind == "Unknown" for axiom, kind in seen if not axiom.startswith("interpolation"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_mixtures_of_menus_against_break_points_at_length(seed, tmp_path):
    menu_trial(seed, 3 + seed % 2, MIXING_AXIOMS, tmp_path)


def test_a_menu_of_one_lottery():
    only = [pc.Distribution({"a": HALF, "b": HALF})]
    axioms = [a for a in pc.AXIOMS if a != "continuous"]
    report = pc.check(pc.expected_reward({"a": 0, "b": 1}), menu=only * 3, axioms=axioms, value={"a": 0, "b": 1})
    assert report.proved(*(axiom for axiom in axioms if axiom != "interpolation_open"))
    assert not report.refuted("interpolation_open")  # each α in (0, 1) serves
    assert len(report.domain.lotteries) == 1
    refuted = pc.check(pc.Relation(lambda A, B: A["a"] < B["a"], "less"), menu=only, axioms=["reflexive", "transitive"])
    assert isinstance(refuted["reflexive"], pc.Refuted) and isinstance(refuted["transitive"], pc.Proved)
    assert only[0] == refuted["reflexive"].evidence.A


def test_lotteries_over_different_outcomes():
    """An intransitive relation whose cycle is on the menu, among lotteries that share no outcome."""
    menu = [pc.Distribution.point(o) for o in ("rock", "paper", "scissors", "well")]
    order = ("rock", "paper", "scissors")

    def wins(x: Any, y: Any) -> int:
        return (0, 1, -1)[(order.index(x) - order.index(y)) % 3] if x in order and y in order else 0

    report = pc.check(pc.skew_symmetric(wins), menu=menu)
    cycle = report["acyclic"].evidence
    assert isinstance(cycle, pc.Cycle) and {o for x in cycle.lotteries for o in x} == set(order)
    assert isinstance(report["transitive"], pc.Refuted) and isinstance(report["total"], pc.Proved)
    # Without one of the three there is no cycle, though the relation has one on the simplex.
    rest = pc.check(pc.skew_symmetric(wins), menu=menu[1:], axioms=["acyclic", "quasi_transitive", "transitive"])
    assert isinstance(rest["acyclic"], pc.Proved) and isinstance(rest["transitive"], pc.Refuted)


@pytest.mark.parametrize("cyclic", [False, True])
def test_a_large_menu_is_quick(cyclic):
    rng = Random(5)
    weights = [[rng.randint(0, 40) for _ in range(4)] for _ in range(1500)]
    menu = [pc.Distribution({o: Fraction(w, sum(ws)) for o, w in enumerate(ws) if w}) for ws in weights if sum(ws)]
    u, v, w = {0: 0, 1: 1, 2: 3, 3: 7}, {0: 0, 1: 5, 2: 2, 3: 1}, {0: 2, 1: 0, 2: 9, 3: 4}
    start = time.process_time()
    report = pc.check(pc.majority(u, v, w) if cyclic else pc.pareto(u, v), menu=menu)
    seconds = time.process_time() - start
    expected = {"reflexive": True, "transitive": not cyclic, "preorder": not cyclic, "total": cyclic}
    expected |= {"quasi_transitive": not cyclic, "acyclic": not cyclic, "negatively_transitive": False}
    assert {axiom: isinstance(verdict, pc.Proved) for axiom, verdict in report.items()} == expected
    assert seconds < 10, seconds


def nine_policies() -> pc.DirectPreferenceProcess:
    """More deterministic policies than a hull lists from the start; they achieve all of 0 … 3."""
    outcome = {("x", "a"): 0, ("x", "b"): 1, ("x", "c"): 2, ("y", "a"): 3, ("y", "b"): 1, ("y", "c"): 2}
    return pc.DirectPreferenceProcess(
        observations=("x", "y"),
        actions=("a", "b", "c"),
        horizon=1,
        environment=lambda history, action: {"x": 1},
        preference=pc.indifference(),
        initial={"x": HALF, "y": HALF},
        outcome=lambda trajectory: outcome[trajectory[:2]],
    )


def row(text: str) -> Vector:
    return tuple(Fraction(x) for x in text.split())


_u, _v = row("-1 2 -3 1/2"), row("-2 -1/2 2/3 3")
LARGER_HULLS: dict[str, tuple[str, Tree]] = {
    "a rise or a coincidence": (
        "acyclic",
        either(no(Atom(_u, minus(_u), ZERO, ">=")), Atom(row("1 0 -3 -2/3"), row("2 -2 0 -1"), ZERO, "==")),
    ),
    "a difference or a rise": (
        "interpolation",
        either(compare(row("-1 1/2 -1/3 3"), row("-1 1/2 -1/3 3"), "!="), better(_v)),
    ),
}


@pytest.mark.parametrize("name", LARGER_HULLS)
def test_terms_on_the_hull_of_many_policies(name, tmp_path):
    axiom, tree = LARGER_HULLS[name]
    relation = relation_of(tree, range(4), name)
    value = (ZERO, ONE, ONE, ONE)
    compare_with_oracle(nine_policies(), relation, tree, 4, value, [axiom], tmp_path, name)


# -- the condensation of a menu ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_the_classes_of_a_menu_are_its_condensation(seed):
    rng = Random(seed)
    payoffs = [{o: rng.randint(0, 3) for o in "abc"} for _ in range(3)]
    relation = [pc.majority, pc.pareto, lambda *us: pc.semiorder(us[0], 1)][seed % 3](*payoffs)
    menu = []
    while len(menu) < 25:
        weights = [rng.randint(0, 3) for _ in "abc"]
        if any(weights):
            lottery = pc.Distribution({o: Fraction(w, sum(weights)) for o, w in zip("abc", weights, strict=True)})
            menu += [lottery] if lottery not in menu else []
        if rng.random() < 0.02:
            break
    report = pc.check(relation, menu=menu, axioms=["reflexive"])
    graph = networkx.DiGraph((x, y) for x in menu for y in menu if relation(x, y))
    graph.add_nodes_from(menu)
    classes = report.classes
    assert {frozenset(c) for c in classes} == {frozenset(c) for c in networkx.strongly_connected_components(graph)}
    place = {x: i for i, c in enumerate(classes) for x in c}
    assert all(place[x] <= place[y] for x, y in graph.edges)
    with pytest.raises(AttributeError, match="menu"):
        _ = pc.check(relation, list("abc"), ["reflexive"]).classes
