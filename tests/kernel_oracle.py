"""What the tests of the kernel share: an oracle of their own for relations, axioms and domains, and certificates.

Nothing here asks the kernel whether the kernel is right: formulas are evaluated anew, and axioms are tested by brute
force on simple lotteries of the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from typing import Any

import prefcore as pc
from prefcore import formula as fm
from prefcore import kernel
from prefcore.claims import Achievable, Axiom, Domain, Menu, Simplex
from prefcore.clauses import Clauses
from prefcore.distribution import Distribution
from prefcore.domains import largest_over
from prefcore.evidence import (
    Cycle,
    Lemma,
)
from prefcore.formula import Formula
from prefcore.relations import formula_of
from prefcore.search.hulls import Hull, hull_of
from prefcore.trees import HistoryTree, PolicyTable, Tabulation

THREE = (0, 1, 2)
HALF = Fraction(1, 2)
DOMINANCE = ("monotone", "risk_averse", "spread_averse")
Point = tuple[Fraction, ...]  # a lottery: the probability of each outcome


# -- formulas, evaluated anew ----------------------------------------------------------------------------------------


def values(formula: Formula, a: Point, b: Point) -> list[Any]:
    """Every node's value at two lotteries, straight from the definition of the nodes."""
    done: list[Any] = []
    for node in formula.nodes:
        match node:
            case fm.Feature():
                pairs = zip(b if node.side else a, formula.features[node.index], strict=True)
                done.append(sum((p * v for p, v in pairs if p and v), Fraction(0)))
            case fm.Affine():
                done.append(sum((w * done[i] for w, i in node.terms), node.constant))
            case fm.Product():
                done.append(done[node.left] * done[node.right])
            case fm.Quotient():
                done.append(done[node.numerator] / done[node.denominator])
            case fm.Max():
                done.append(max(done[i] for i in node.terms))
            case fm.Min():
                done.append(min(done[i] for i in node.terms))
            case fm.If():
                done.append(done[node.then] if done[node.condition] else done[node.otherwise])
            case fm.Atom():
                t = done[node.term]
                done.append({">=": t >= 0, ">": t > 0, "=": t == 0}[node.op])
            case fm.Not():
                done.append(not done[node.condition])
            case fm.And():
                done.append(all(done[i] for i in node.conditions))
            case fm.Or():
                done.append(any(done[i] for i in node.conditions))
            case _:
                raise AssertionError(node)
    return done


def holds(formula: Formula, a: Point, b: Point) -> bool:
    return bool(values(formula, a, b)[-1])


def mixed(alpha: Fraction, a: Point, c: Point) -> Point:
    return tuple(alpha * x + (1 - alpha) * y for x, y in zip(a, c, strict=True))


def point(lottery: Distribution, outcomes: Sequence[Any]) -> Point:
    """A distribution as the probability of each outcome."""
    assert all(o in outcomes for o in lottery)
    return tuple(lottery[o] for o in outcomes)


def lottery(p: Point) -> Distribution:
    return Distribution({o: x for o, x in enumerate(p) if x})


def simple(n: int) -> list[Point]:
    """Some simple lotteries over n outcomes: points, halves, thirds of different ones, and one slanted."""
    points = [
        tuple(Fraction(sum(c == o for c in chosen), 2) for o in range(n)) for chosen in product(range(n), repeat=2)
    ]
    points.append(tuple(Fraction(1, n) for _ in range(n)))
    if n > 1:
        points.append((Fraction(9, 10), Fraction(1, 10), *([Fraction(0)] * (n - 2))))
    return list(dict.fromkeys(points))


# -- domains: processes by enumeration of their policies -------------------------------------------------------------


def deterministic(tree: HistoryTree) -> Iterator[PolicyTable]:
    """Every deterministic policy of a tree, as a table."""
    for actions in product(*(range(len(rows)) for rows in tree.branches)):
        yield tuple(
            tuple(Fraction(int(i == a)) for i in range(len(rows)))
            for a, rows in zip(actions, tree.branches, strict=True)
        )


def achieved(tree: HistoryTree, policy: PolicyTable, n: int) -> Point:
    """What a policy achieves: the probabilities of all ways through the tree, added up."""
    found = [Fraction(0)] * n
    stack = [(p, node) for p, node in tree.initial]
    while stack:
        p, node = stack.pop()
        if node >= len(tree.branches):
            found[tree.outcome[node - len(tree.branches)]] += p
            continue
        for chosen, row in zip(policy[node], tree.branches[node], strict=True):
            stack += [(p * chosen * q, child) for q, child in row]
    return tuple(found)


def points_of(domain: Domain) -> list[Point]:
    """Simple lotteries of a domain."""
    n = len(domain.outcomes)
    if isinstance(domain, Menu):
        return [point(x, domain.outcomes) for x in domain.lotteries]
    if isinstance(domain, Achievable):
        vertices = list(dict.fromkeys(achieved(domain.process.tree, x, n) for x in deterministic(domain.process.tree)))
        assert len(vertices) <= 8, "too many for brute force"
        middles = [mixed(HALF, x, y) for x, y in pairwise(vertices)]
        return list(dict.fromkeys((*vertices, *middles)))
    return simple(n)


# -- axioms, by brute force --------------------------------------------------------------------------------------------


Way = Callable[[Fraction], Sequence[tuple[Point, Point]]]  # the pairs of lotteries that are compared at α


def alphas_of(formula: Formula, pairs: Way) -> list[Fraction] | None:
    """Enough α in [0, 1] to see every truth value of the comparisons; None if a term is not piecewise linear.

    Break points are found by evaluation alone: between two neighbours every term is linear, so that its zeros (and,
    for maxima and minima, the points where two arguments cross) follow from two values.
    """
    known = {Fraction(0), Fraction(1)}
    for k, node in enumerate(formula.nodes):
        if not isinstance(node, (fm.Max, fm.Min, fm.Atom)):
            continue
        starts = sorted(known)
        for low, high in pairwise(starts):
            inside = [low + (high - low) * Fraction(t, 5) for t in (1, 2, 4)]
            first_nodes = replace(formula, nodes=(*formula.nodes[: k + 1], fm.And(())))
            tables = [[values(first_nodes, *pair) for pair in pairs(x)] for x in inside]
            for rows in zip(*tables, strict=True):
                if isinstance(node, fm.Atom):
                    lines = [[r[node.term] for r in rows]]
                else:
                    lines = [[r[i] - r[j] for r in rows] for i in node.terms for j in node.terms if i < j]
                for first, second, third in lines:
                    slope = (second - first) / (inside[1] - inside[0])
                    if third != first + slope * (inside[2] - inside[0]):
                        return None
                    if slope and low < inside[0] - first / slope < high:
                        known.add(inside[0] - first / slope)
    starts = sorted(known)
    return sorted({*starts, *((x + y) / 2 for x, y in pairwise(starts))})


def meets(formula: Formula, a: Point, b: Point, c: Point, closed: bool) -> bool | None:
    """Whether some mixture of a and c is exactly as good as b."""

    def some(alphas: list[Fraction]) -> bool:
        inside = [x for x in alphas if closed or 0 < x < 1]
        return any(holds(formula, x, b) and holds(formula, b, x) for x in (mixed(alpha, a, c) for alpha in inside))

    if some([Fraction(1), Fraction(0), HALF]):
        return True
    alphas = alphas_of(formula, lambda alpha: [(mixed(alpha, a, c), b), (b, mixed(alpha, a, c))])
    return None if alphas is None else some(alphas)


def jumps(formula: Formula, a: Point, b: Point, c: Point) -> bool:
    """Whether the relation to a jumps at b on the way from c: what holds at ever smaller ε does not at ε = 0."""
    near = [mixed(1 - Fraction(1, 10**k), b, c) for k in (200, 300)]
    upper = all(holds(formula, a, x) for x in near) and not holds(formula, a, b)
    return upper or (all(holds(formula, x, a) for x in near) and not holds(formula, b, a))


def dominates(axiom: str, payoff: Sequence[Fraction], a: Point, b: Point) -> bool:
    """Whether b dominates a in the payoff, by sums of distribution functions."""
    steps = sorted(set(payoff))

    def below(p: Point, t: Fraction) -> Fraction:
        return sum((x for x, v in zip(p, payoff, strict=True) if v <= t), Fraction(0))

    if axiom == "monotone":
        return all(below(b, t) <= below(a, t) for t in steps)
    area = Fraction(0)  # between the two distribution functions, up to each step
    for s, t in pairwise(steps):
        area += (t - s) * (below(a, s) - below(b, s))
        if area < 0:
            return False
    return axiom == "risk_averse" or area == 0  # the whole area is the difference of the means


def circle(formula: Formula, points: Sequence[Point]) -> list[Point] | None:
    """A cycle of ≺ among the points, found by taking away what has nothing below it; None if all goes."""
    left = list(points)
    below = {
        x: {y for y in points if holds(formula, y, x) and not holds(formula, x, y)} for x in points
    }  # what is worse
    while True:
        kept = [x for x in left if below[x] & set(left)]
        if kept == left:
            return left or None
        left = kept


def violation(formula: Formula, axiom: str, points: Sequence[Point], payoff: Sequence[Fraction] | None = None) -> Any:
    """Some of the points at which the axiom fails, or None."""
    below = {(a, b): holds(formula, a, b) for a in points for b in points}

    def strictly(a: Point, b: Point) -> bool:
        return below[a, b] and not below[b, a]

    pairs, triples = product(points, repeat=2), product(points, repeat=3)
    few = list(dict.fromkeys((*points[:2], *points[-2:])))
    match axiom:
        case "reflexive":
            return next((a for a in points if not below[a, a]), None)
        case "total":
            return next((p for p in pairs if not below[p] and not below[p[::-1]]), None)
        case "transitive":
            return next(((a, b, c) for a, b, c in triples if below[a, b] and below[b, c] and not below[a, c]), None)
        case "preorder":
            return violation(formula, "reflexive", points) or violation(formula, "transitive", points)
        case "quasi_transitive":
            return next(
                ((a, b, c) for a, b, c in triples if strictly(a, b) and strictly(b, c) and not strictly(a, c)), None
            )
        case "negatively_transitive":
            return next(
                ((a, b, c) for a, b, c in triples if strictly(a, c) and not strictly(a, b) and not strictly(b, c)), None
            )
        case "acyclic":
            return circle(formula, points)
        case "consistent" | "convex":
            for a, b in pairs:
                if axiom == "consistent" and not below[a, b]:
                    continue
                for c, alpha in product(few, (HALF, Fraction(1, 10))):
                    if holds(formula, mixed(alpha, a, c), mixed(alpha, b, c)) is not below[a, b]:
                        return a, b, c, alpha
            return None
        case "betweenness":
            for a, b in pairs:
                for alpha in (HALF, Fraction(1, 10), Fraction(2, 3)) if strictly(a, b) else ():
                    if not is_between(formula, a, b, mixed(alpha, a, b)):
                        return a, b, alpha
            return None
        case "interpolation" | "interpolation_open":
            for a, b, c in product(few, repeat=3):
                if below[a, b] and below[b, c] and meets(formula, a, b, c, axiom == "interpolation") is False:
                    return a, b, c
            return None
        case "continuous":
            return next((t for t in product(few, repeat=3) if jumps(formula, *t)), None)
        case _:
            assert payoff is not None and axiom in DOMINANCE
            return next((p for p in pairs if dominates(axiom, payoff, *p) and not below[p]), None)


def is_between(formula: Formula, a: Point, b: Point, m: Point) -> bool:
    """``a ≺ m ≺ b``."""
    return (holds(formula, a, m), holds(formula, m, a), holds(formula, m, b), holds(formula, b, m)) == (
        *(True, False),
        *(True, False),
    )


def false_at(formula: Formula, axiom: str, found: Any, outcomes: Sequence[Any], payoff: Any = None) -> bool:
    """Whether the axiom fails at a counterexample or cycle."""
    if isinstance(found, Cycle):
        points = [point(x, outcomes) for x in found.lotteries]
        steps = zip(points, (*points[1:], points[0]), strict=True)
        return axiom == "acyclic" and all(holds(formula, x, y) and not holds(formula, y, x) for x, y in steps)
    points = [point(x, outcomes) for x in (found.A, found.B, found.C) if x is not None]
    assert all(sum(p) == 1 and min(p) >= 0 for p in points)
    alpha = found.alpha
    assert alpha is None or 0 < alpha < 1
    if axiom in ("interpolation", "interpolation_open"):
        a, b, c = points
        between = holds(formula, a, b) and holds(formula, b, c)
        return between and meets(formula, a, b, c, axiom == "interpolation") is False
    if axiom == "continuous":
        return jumps(formula, *points)
    if axiom == "betweenness":
        a, b = points
        strictly = holds(formula, a, b) and not holds(formula, b, a)
        return strictly and not is_between(formula, a, b, mixed(alpha, a, b))
    if axiom in ("consistent", "convex"):
        a, b, c = points
        before, after = holds(formula, a, b), holds(formula, mixed(alpha, a, c), mixed(alpha, b, c))
        return before is not after and (before or axiom == "convex")
    return violation(formula, axiom, points, payoff) is not None


def disproved(claim: Axiom) -> Any:
    """Lotteries of the claim's domain at which its axiom fails, or None."""
    assert isinstance(claim.relation, Formula)
    return violation(claim.relation, claim.axiom, points_of(claim.domain), claim.value)


def refutes(claim: Axiom, found: Any) -> bool:
    """Whether a counterexample or cycle belongs to the claim's domain, and the axiom fails there."""
    formula, domain = claim.relation, claim.domain
    assert isinstance(formula, Formula)
    given = found.lotteries if isinstance(found, Cycle) else [x for x in (found.A, found.B, found.C) if x is not None]
    points = [point(x, domain.outcomes) for x in given]
    if isinstance(domain, Menu):
        assert all(x in domain.lotteries for x in given)
    if isinstance(domain, Achievable):
        n = len(domain.outcomes)
        assert points == [achieved(domain.process.tree, policy, n) for policy in found.policies]
    else:
        assert found.policies == ()
    return false_at(formula, claim.axiom, found, domain.outcomes, claim.value)


# -- relations, claims and domains ------------------------------------------------------------------------------------

U, V, W = {0: 0, 1: 1, 2: 3}, {0: 1, 1: 0, 2: 1}, {0: 2, 1: 2, 2: 0}
PAYOFF = (Fraction(0), Fraction(1), Fraction(3))  # U, as the value of an axiom


@cache
def relations() -> dict[str, pc.Relation[Any]]:
    return {
        "reward": pc.expected_reward(U),
        "tie": pc.lexicographic(pc.maximize(pc.expect(U)), pc.maximize(pc.expect(V))),
        "collapsed": pc.lexicographic(pc.maximize(pc.expect(U)), pc.maximize(pc.expect({0: 1, 1: 3, 2: 7}))),
        "excess": pc.excess_risk({0: 2}, U),
        "cvar": pc.cvar(U, HALF),
        "median": pc.quantile(U, HALF),
        "pareto": pc.pareto(U, V),
        "majority": pc.majority(U, V, W),
        "skew": pc.skew_symmetric(lambda x, y: (0, 1, -1)[(x - y) % 3]),
        "indifference": pc.indifference(),
        "equality": pc.equality(),
        "strict": pc.relation(lambda A, B: A.expect(U) < B.expect(U)),
        "bent": pc.relation(lambda A, B: pc.maximum(A.expect(U), 4 * A[0], 1) <= pc.minimum(B.expect(U) + 1, 3 * B[1])),
        "best": pc.relation(lambda A, B: pc.maximum(A.expect(U), A[0]) <= pc.maximum(B.expect(U), B[1], 0)),
        "weighted": pc.relation(lambda A, B: A.expect(U) / (1 + A[0]) <= B.expect(U) / (1 + B[0])),
        "just noticeable": pc.relation(lambda A, B: A.expect(U) <= B.expect(U) + HALF),
        "rare": pc.relation(lambda A, B: (A.expect(U) <= B.expect(U)) & ((A[0] * 4 <= 3) | (A[1] > B[2]))),
    }


@cache
def formulas() -> dict[str, Formula]:
    found = {name: formula_of(relation, THREE) for name, relation in relations().items()}
    return {name: f for name, f in found.items() if isinstance(f, Formula)}


def claim(name: str, axiom: str, domain: Domain | None = None) -> Axiom:
    value = PAYOFF if axiom in DOMINANCE else None
    return Axiom(formulas()[name], axiom, domain or Simplex(range(3)), value)


def tabulation(tree: HistoryTree) -> Tabulation:
    return Tabulation.unlabelled(tree)


SURE = (Fraction(1), Fraction(0)), (Fraction(0), Fraction(1))


@cache
def process() -> Achievable:
    """One decision, shown with probability 1/2: outcome 2, or 1; else 0 or 1. So P(0) is at most 1/4."""
    quarter, one = Fraction(1, 4), Fraction(1)
    tree = HistoryTree(
        ((HALF, 0), (quarter, 1), (quarter, 2)),
        ((((one, 3),), ((one, 2),)),),
        (0, 1, 2),
    )
    return Achievable(tabulation(tree))


@cache
def menu() -> Menu:
    """A sure thing and two gambles."""
    return Menu(tuple(lottery(simple(3)[k]) for k in (0, 1, -1)), range(3))


def over(domain: Domain, formula: Formula) -> Hull:
    """The domain's hull through a formula's features."""
    return hull_of(domain, formula)


def over_all(formula: Formula) -> Hull:
    """The hull of all lotteries over the formula's outcomes."""
    return hull_of(Simplex(range(formula.outcomes)), formula)


def check_lemma(system: Clauses, lemma: Lemma) -> None:
    """The kernel's check of a lemma about all lotteries."""
    kernel.check_lemma(system, lemma, largest_over(Simplex(range(system.formula.outcomes)), system.formula))
