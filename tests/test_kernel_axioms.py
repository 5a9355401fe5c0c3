"""The kernel's rules, one after the other: what each may conclude, and what it must not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import product
from operator import and_
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kernel_certificates import certificates, matched, proof, refutation
from kernel_oracle import (
    DOMINANCE,
    HALF,
    PAYOFF,
    THREE,
    Point,
    U,
    V,
    W,
    alphas_of,
    check_lemma,
    claim,
    false_at,
    formulas,
    holds,
    jumps,
    lottery,
    meets,
    mixed,
    over_all,
    simple,
    values,
    violation,
)

import prefcore as pc
from prefcore import formula as fm
from prefcore import kernel, segments
from prefcore.axioms import (
    AXIOMS,
    NEEDS,
    SPLIT,
    UNIVERSAL,
    Comparison,
    Statement,
    match_statement,
    span_statement,
    witness_statement,
)
from prefcore.claims import Axiom, Simplex
from prefcore.clauses import Clauses, FeatureOf, Mass, Opaque, clauses_of
from prefcore.closures import drawn_out, gap, is_closed
from prefcore.distribution import Distribution
from prefcore.evidence import (
    ClosedAndTotal,
    ClosedContours,
    Counterexample,
    Cycle,
    FixedWitnesses,
    Lemma,
    Matching,
    Potential,
    ProductLemma,
    Refutation,
    Split,
    Step,
    Through,
    ValueOrder,
)
from prefcore.formula import Formula, feature_values
from prefcore.polynomials import upper_bound
from prefcore.records import EvidenceRejected
from prefcore.relations import formula_of
from prefcore.search.semilinear import Deadline, decide


def valued(axiom: str) -> tuple[Fraction, ...] | None:
    """The payoff, for axioms that speak of one."""
    return PAYOFF if axiom in DOMINANCE else None


# -- steps and lemmas -------------------------------------------------------------------------------------------------


def test_the_steps_end_in_the_empty_clause_by_earlier_clauses() -> None:
    about, good = certificates()["refutation by one step"]
    assert good == Refutation(False, (), (Step((), (0, 1)),))
    for steps in (
        (),
        (Step((), ()),),
        (Step((), (0,)),),
        (Step((), (2,)),),  # itself
        (Step((), (-1,)),),
        (Step((), (-2, -1)),),  # the same clauses, counted from the end
        (Step((), (0, 10**30)),),
        (Step((1,), (0, 1)),),
        (Step((), (0, 1)), Step((1,), (0, 1))),
        (Step((0,), (0, 1)),),
    ):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, Refutation(False, (), steps))


def test_a_lemma_needs_atoms_and_as_many_weights() -> None:
    about, good = certificates()["refutation with lemmas"]
    one = Fraction(1)
    for literals, weights in (
        ((), ()),
        ((1,), ()),
        ((), (one,)),
        ((0,), (one,)),
        ((10**9,), (one,)),
        ((1, -1), (Fraction(0), Fraction(0))),
        ((1,), (one,)),
        ((-1,), (-one,)),
    ):
        lemmas = (Lemma(literals, weights), *good.lemmas[1:])
        with pytest.raises(EvidenceRejected):
            kernel.check(about, replace(good, lemmas=lemmas))


def test_a_lemma_takes_no_negative_weight() -> None:
    """``p < 0`` and ``-p >= 0`` agree with each other, yet their difference is 0 > 0."""
    system = clauses_of(UNIVERSAL["total"], formulas()["reward"], False)
    one = Fraction(1)
    assert system.atoms[1] == {m: -c for m, c in system.atoms[2].items()}
    check_lemma(system, Lemma((-1, -2), (one, one)))
    for literals, weights in (((-1, 2), (one, -one)), ((1, -2), (-one, one)), ((-1, 1, 2), (one, one, Fraction(-2)))):
        with pytest.raises(EvidenceRejected):
            check_lemma(system, Lemma(literals, weights))


@pytest.mark.parametrize(("mass", "good"), [("1", True), ("α", False), ("1-α", False)])
def test_the_bound_counts_a_measure_by_its_mass(mass: str, good: bool) -> None:
    """Three events of which every outcome is in two: their probabilities add up to twice the mass."""
    pairs = ({0, 1}, {1, 2}, {0, 2})
    formula = formula_of(pc.relation(lambda A, B: reduce(and_, (B.prob(e) <= HALF for e in pairs))), THREE)
    assert isinstance(formula, Formula) and len(formula.features) == 3
    system = Clauses(Statement((mass,), ()), formula, False)
    system.comparison(Comparison(((Fraction(1), 0),), ((Fraction(1), 0),)))
    lemma = Lemma(tuple(sorted(system.atoms)), (Fraction(1),) * 3)  # 3/2 - Σ P >= 0, times two
    assert len(lemma.literals) == 3
    if good:
        check_lemma(system, lemma)
    else:  # the mass may be next to nothing, and then the literals are true together
        with pytest.raises(EvidenceRejected):
            check_lemma(system, lemma)


@given(st.lists(st.tuples(st.integers(-6, 6), st.fractions(-2, 2, max_denominator=4)), max_size=4), st.data())
@settings(max_examples=120, deadline=None)
def test_an_accepted_lemma_is_true_on_simple_lotteries(pairs: list[tuple[int, Fraction]], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["tie", "excess", "pareto", "majority", "equality"]))
    axiom = data.draw(st.sampled_from(["transitive", "consistent"]))
    system = clauses_of(UNIVERSAL[axiom], formulas()[name], True)
    lemma = Lemma(tuple(x for x, _ in pairs), tuple(w for _, w in pairs))
    try:
        check_lemma(system, lemma)
    except EvidenceRejected:
        return
    chosen = data.draw(st.sampled_from([Fraction(1, 3), Fraction(1, 100), Fraction(99, 100)]))
    for a, b, c in product(simple(3), repeat=3):
        masses = {"1": Fraction(1), "α": chosen, "1-α": 1 - chosen}
        measures = [
            tuple(masses[mass] * p for p in x) for mass, x in zip(system.statement.masses, (a, b, c), strict=True)
        ]

        def value(variable: Any, measures: list[Point] = measures) -> Fraction:
            if hasattr(variable, "feature"):
                vector = system.formula.features[variable.feature]
                return sum((p * v for p, v in zip(measures[variable.measure], vector, strict=True)), Fraction(0))
            return chosen  # the mass α

        def true(literal: int) -> bool:
            p = system.atoms[abs(literal)]
            total = sum((k * math.prod(value(system.variables[i]) for i in m) for m, k in p.items()), Fraction(0))
            return total >= 0 if literal > 0 else total < 0

        assert not all(true(literal) for literal in lemma.literals)


# -- the clauses mean what the axiom says -----------------------------------------------------------------------------


def random_formula(rng: Random, outcomes: int = 3) -> Formula:
    """Terms and conditions of every kind over one to three features, quotients by positive ones included."""
    vectors = tuple(tuple(rng.choice((-1, 0, 1, 2, 3)) for _ in range(outcomes)) for _ in range(rng.randint(1, 3)))
    nodes: list[fm.Node] = [fm.Feature(side, k) for k in range(len(vectors)) for side in (0, 1)]
    linear, terms = len(nodes), list(range(len(nodes)))
    conditions: list[int] = []

    def number() -> Fraction:
        return rng.choice((Fraction(1), Fraction(-1), HALF, Fraction(2), Fraction(-1, 3), Fraction(0)))

    def add(node: fm.Node, kind: list[int]) -> None:
        kind.append(len(nodes))
        nodes.append(node)

    for _ in range(rng.randint(3, 7)):
        i, j = rng.choice(terms), rng.choice(terms)
        match rng.randrange(8):
            case 0 | 1:
                add(fm.Affine(number(), ((number(), i), (number(), j))[: rng.randint(0, 2)]), terms)
            case 2:
                add(fm.Product(i, j), terms)
            case 3:
                k = rng.randrange(linear)
                weight = Fraction(rng.choice((0, 1, 2)), 2)
                below = fm.Affine(Fraction(2), ((weight, k),)[: rng.randint(0, 1)])  # at least 1
                add(below, terms)
                add(fm.Quotient(i, terms[-1]), terms)
            case 4:
                add(fm.Max((i, j)), terms)
            case 5:
                add(fm.Min((i, j)), terms)
            case 6 if conditions:
                add(fm.If(rng.choice(conditions), i, j), terms)
            case _:
                add(fm.Atom(rng.choice((">=", ">", "=")), i), conditions)
    for i in terms[-2:]:
        add(fm.Atom(rng.choice((">=", ">", "=", ">=")), i), conditions)
    for _ in range(rng.randint(1, 3)):
        i, j = rng.choice(conditions), rng.choice(conditions[-3:])
        add(rng.choice((fm.Not(j), fm.And((i, j)), fm.Or((i, j)))), conditions)
    return Formula(outcomes, vectors, tuple(nodes))


def true_literals(system: Clauses, measures: list[Point], alpha: Fraction) -> Callable[[int], bool]:
    """The truth of each literal where the measures and α are these, by the structure of variables and literals."""
    numbers: dict[int, Fraction] = {}
    structures = {number: key for key, number in system._literals.items()}

    def polynomial(p: Any) -> Fraction:
        return sum((c * math.prod(variable(i) for i in m) for m, c in dict(p).items()), Fraction(0))

    def ratio(key: Any) -> Fraction:
        return polynomial(key[0]) / (polynomial(key[1]) if len(key) == 2 else 1)

    def variable(i: int) -> Fraction:
        if i in numbers:
            return numbers[i]
        match system.variables[i]:
            case FeatureOf(measure, feature):
                pairs = zip(measures[measure], system.formula.features[feature], strict=True)
                numbers[i] = sum((p * v for p, v in pairs), Fraction(0))
            case Mass():
                numbers[i] = alpha
            case Opaque(("max" | "min" as kind, keys), _):
                numbers[i] = (max if kind == "max" else min)(ratio(k) for k in keys)  # type: ignore[attr-defined]
            case Opaque(("if", condition, then, otherwise), _):
                numbers[i] = ratio(then if true(condition) else otherwise)  # type: ignore[arg-type]
            case Opaque(("quotient", above, below), _):
                numbers[i] = ratio(above) / ratio(below)
            case other:
                raise AssertionError(other)
        return numbers[i]

    def true(literal: int) -> bool:
        if literal < 0:
            return not true(-literal)
        if literal in system.atoms:
            return polynomial(system.atoms[literal]) >= 0
        kind, members = structures[literal]  # type: ignore[misc]
        assert kind == "and"
        return all(true(x) for x in members)

    return true


MIXED = ("consistent", "convex", "betweenness")


def fails_at(formula: Formula, axiom: str, lotteries: Sequence[Point], alpha: Fraction) -> bool:
    """Whether an axiom fails at these lotteries and this α."""
    named = [lottery(x) for x in lotteries]
    found = Counterexample(*named, *([None] * (3 - len(named))), alpha=alpha if axiom in MIXED else None)
    if axiom in ("transitive", "quasi_transitive", "negatively_transitive"):
        a, b, c = lotteries

        def weakly(x: Point, y: Point) -> bool:
            return holds(formula, x, y)

        def strictly(x: Point, y: Point) -> bool:
            return holds(formula, x, y) and not holds(formula, y, x)

        if axiom == "transitive":
            return weakly(a, b) and weakly(b, c) and not weakly(a, c)
        if axiom == "quasi_transitive":
            return strictly(a, b) and strictly(b, c) and not strictly(a, c)
        return strictly(a, c) and not strictly(a, b) and not strictly(b, c)
    if axiom == "total":
        a, b = lotteries
        return not holds(formula, a, b) and not holds(formula, b, a)
    return false_at(formula, axiom, found, range(formula.outcomes))


def measured(statement: Statement, lotteries: Sequence[Point], alpha: Fraction) -> list[Point]:
    """The measures of a statement where the lotteries and α are these."""
    masses = {"1": Fraction(1), "α": alpha, "1-α": 1 - alpha}
    each = [x for x in lotteries for _ in (0, 1)] if statement is SPLIT else lotteries
    return [tuple(masses[m] * p for p in x) for m, x in zip(statement.masses, each, strict=True)]


def random_point(rng: Random, outcomes: int) -> Point:
    while not any(weights := [rng.choice((0, 0, 1, 1, 2, 3)) for _ in range(outcomes)]):
        pass
    return tuple(Fraction(w, sum(weights)) for w in weights)


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_clauses_hold_exactly_where_the_axiom_fails(seed: int, definitions: bool) -> None:
    """So whatever refutes the clauses proves the axiom."""
    rng = Random(seed)
    formula = random_formula(rng)
    for axiom, statement in (*UNIVERSAL.items(), ("betweenness", SPLIT)):
        system = clauses_of(statement, formula, definitions)
        count = NEEDS[axiom][0]
        for _ in range(4):
            alpha = rng.choice((HALF, Fraction(1, 3), Fraction(9, 10), Fraction(1, 50)))
            lotteries = [random_point(rng, formula.outcomes) for _ in range(count)]
            if count > 1 and rng.random() < 0.2:
                lotteries[1] = lotteries[0]
            true = true_literals(system, measured(statement, lotteries, alpha), alpha)
            clauses = all(any(true(x) for x in clause) for clause in system.clauses)
            assert clauses is fails_at(formula, axiom, lotteries, alpha), (axiom, statement is SPLIT)


# -- interpolation: no α works ----------------------------------------------------------------------------------------


BENT = {
    "cvar": pc.cvar(U, HALF),
    "median": pc.quantile(U, HALF),
    "bent": pc.relation(
        lambda A, B: pc.maximum(A.expect(U), 4 * A[0], 1) <= pc.minimum(B.expect(U) + 1, 3 * B[1] + B[0])
    ),
    "window": pc.relation(
        lambda A, B: (A[0] <= B[0] + Fraction(1, 3)) & (A[1] * 2 > B[2]) | (A.expect(U) == B.expect(V))
    ),
    "absolute": pc.relation(lambda A, B: abs(A.expect(U) - 1) <= abs(B.expect(U) - 1)),
    "far off": pc.relation(lambda A, B: abs(A.expect(U) - 1) >= abs(B.expect(U) - 1)),
    "spread": pc.relation(lambda A, B: pc.maximum(A[0], A[1], A[2]) >= pc.maximum(B[0], B[1], B[2])),
    "nested": pc.relation(lambda A, B: pc.minimum(pc.maximum(A[0], A[1]), abs(A[2] - HALF)) * 2 <= B.expect(V)),
    "if": pc.relation(lambda A, B: (A.expect(U) if A[0] > B[0] else A.expect(W)) <= B.expect(U) + HALF),
    "tie": pc.lexicographic(pc.maximize(pc.expect(U)), pc.maximize(pc.expect(V))),
}


@st.composite
def points(draw: st.DrawFn) -> Point:
    weights = draw(st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any))
    return tuple(Fraction(w, sum(weights)) for w in weights)


@given(st.sampled_from(sorted(BENT)), points(), points(), points(), st.booleans())
@settings(max_examples=120, deadline=None)
def test_the_search_along_a_segment_agrees_with_another(name: str, a: Point, b: Point, c: Point, closed: bool) -> None:
    formula = formula_of(BENT[name], THREE)
    assert isinstance(formula, Formula)
    between = holds(formula, a, b) and holds(formula, b, c)
    expected = between and meets(formula, a, b, c, closed) is False
    lotteries = (Distribution({o: p for o, p in enumerate(x) if p}) for x in (a, b, c))
    about = Axiom(formula, "interpolation" if closed else "interpolation_open", Simplex(range(3)))
    try:
        kernel.check(about, Counterexample(*lotteries))
        found = True
    except EvidenceRejected:
        found = False
    assert found is expected


def test_a_maximum_changes_its_argument_inside_a_segment() -> None:
    """V = max(x, 1 - x) is 3/4 at C, 1/2 on the way, 7/8 at B and 1 at A, so that some mixture meets B."""
    preference = pc.relation(lambda A, B: pc.maximum(A[0], 1 - A[0]) >= pc.maximum(B[0], 1 - B[0]))
    formula = formula_of(preference, (0, 1))
    assert isinstance(formula, Formula)
    A, B, C = (Distribution({0: x, 1: 1 - x}) for x in (Fraction(1), Fraction(7, 8), Fraction(1, 4)))
    with pytest.raises(EvidenceRejected, match="indifferent"):
        kernel.check(Axiom(formula, "interpolation", Simplex(range(2))), Counterexample(A, B, C))


# -- random relations: every verdict of the whole pipeline is true ----------------------------------------------------


coefficients = st.tuples(*[st.integers(-2, 2)] * 3)
sizes = st.sampled_from([Fraction(0), Fraction(0), HALF, Fraction(-1, 2), Fraction(1)])
comparisons = st.tuples(st.sampled_from(["<=", "<", "==", "bent", "alike"]), coefficients, coefficients, sizes)
random_relations = st.recursive(
    comparisons, lambda inner: st.tuples(st.sampled_from(["and", "or", "not and"]), inner, inner), max_leaves=3
)


def read(tree: Any, A: Any, B: Any) -> Any:
    operator, *rest = tree
    if operator in ("and", "or", "not and"):
        x, y = (read(part, A, B) for part in rest)
        return x & y if operator == "and" else x | y if operator == "or" else ~x & y
    u, v, c = (dict(enumerate(rest[0])), dict(enumerate(rest[1])), rest[2])
    match operator:
        case "<=":
            return A.expect(u) <= B.expect(v) + c
        case "<":
            return A.expect(u) < B.expect(v) + c
        case "==":
            return A.expect(u) == B.expect(u) + c
        case "alike":
            return A.expect(u) <= B.expect(u)
    return pc.maximum(A.expect(u), A.expect(v) + c) <= pc.maximum(B.expect(u), B.expect(v) + c)


@given(random_relations)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_verdicts_on_random_relations_are_true(tree: Any) -> None:
    report = pc.check(pc.relation(lambda A, B: read(tree, A, B)), THREE, axioms=AXIOMS, budget=2, value=U)
    formula = report.traced
    assert isinstance(formula, Formula)
    for axiom, verdict in report.items():
        if isinstance(verdict, pc.Proved):
            assert violation(formula, axiom, simple(3), valued(axiom)) is None, axiom
        elif isinstance(verdict, pc.Refuted):
            assert false_at(formula, axiom, verdict.evidence, THREE, valued(axiom)), axiom


# -- rules ------------------------------------------------------------------------------------------------------------


def test_a_value_order_is_an_antisymmetric_difference() -> None:
    total = ("reflexive", "transitive", "total", "preorder", "quasi_transitive", "negatively_transitive", "acyclic")
    for wrong in (
        lambda A, B: A.expect(U) <= B.expect(V),
        lambda A, B: A.expect(U) < B.expect(U),
        lambda A, B: A.expect(U) <= B.expect(U) + 1,
        lambda A, B: A.expect(U) * B.expect(V) <= A.expect(V) * B.expect(U),
        lambda A, B: abs(A.expect(U) - B.expect(U)) <= 0,
        lambda A, B: pc.maximum(A[0], B[1]) <= pc.maximum(B[0], A[1]),
        lambda A, B: (A[0] if A[1] > B[1] else A[2]) <= (B[0] if B[1] > A[1] else B[2]),
        lambda A, B: A.expect(U) == B.expect(U),
        lambda A, B: (A.expect(U) <= B.expect(U)) & (A[0] <= B[0]),
        lambda A, B: True,
    ):
        formula = formula_of(pc.relation(wrong), THREE)
        assert isinstance(formula, Formula)
        for axiom in total:
            with pytest.raises(EvidenceRejected):
                kernel.check(Axiom(formula, axiom, Simplex(range(3))), ValueOrder())
    for right in (
        lambda A, B: A.expect(U) ** 3 <= B.expect(U) ** 3,
        lambda A, B: pc.maximum(A[0], A[1] * A[2]) - A[1] <= pc.maximum(B[0], B[1] * B[2]) - B[1],
    ):
        formula = formula_of(pc.relation(right), THREE)
        assert isinstance(formula, Formula)
        for axiom in total:
            assert isinstance(kernel.check(Axiom(formula, axiom, Simplex(range(3))), ValueOrder()), pc.Proved)
            assert violation(formula, axiom, simple(3)) is None
        for axiom in set(AXIOMS) - set(total):
            with pytest.raises(EvidenceRejected):
                kernel.check(Axiom(formula, axiom, Simplex(range(3)), valued(axiom)), ValueOrder())


def test_t7_needs_a_formula_that_is_closed_by_its_form() -> None:
    for name in ("tie", "excess", "median", "strict"):
        for axiom in ("interpolation", "interpolation_open"):
            with pytest.raises(EvidenceRejected):
                kernel.check(claim(name, axiom), ClosedAndTotal(ValueOrder(), None))
    closed = certificates()["closed by value"]
    with pytest.raises(EvidenceRejected):
        kernel.check(replace(closed[0], axiom="interpolation_open"), closed[1])
    total = proof(UNIVERSAL["total"], "tie", False)
    with pytest.raises(EvidenceRejected, match="T7"):
        kernel.check(claim("tie", "interpolation"), ClosedAndTotal(total, None))
    without_gap = certificates()["closed without a gap"][1]
    for name in ("tie", "excess", "median", "strict", "pareto", "equality"):
        for axiom in AXIOMS:
            with pytest.raises(EvidenceRejected):
                kernel.check(claim(name, axiom), without_gap)
            with pytest.raises(EvidenceRejected):
                kernel.check(claim(name, axiom), replace(without_gap, total=ValueOrder()))
    denied = formula_of(pc.relation(lambda A, B: ~(A.expect(U) > B.expect(U))), THREE)
    assert isinstance(denied, Formula)
    evidence = pc.check(pc.relation(lambda A, B: ~(A.expect(U) > B.expect(U))), THREE)["total"].evidence
    verdict = kernel.check(Axiom(denied, "interpolation", Simplex(range(3))), ClosedAndTotal(evidence, None))
    assert isinstance(verdict, pc.Proved), "a denied strict atom is closed"


@pytest.mark.parametrize(
    "order",
    [
        lambda A, B: ~(A.expect(U) >= B.expect(U)) | ((A.expect(U) == B.expect(U)) & (A.expect(V) <= B.expect(V))),
        lambda A, B: (A.expect(U) <= B.expect(U)) & ((A.expect(U) != B.expect(U)) | (A.expect(V) <= B.expect(V))),
        lambda A, B: (A.expect(U) < B.expect(U)) | ((A.expect(U) == B.expect(U)) & (A.expect(V) <= B.expect(V))),
    ],
)
def test_t7_sees_a_strict_atom_however_it_is_written(order: Any) -> None:
    preference = pc.relation(order)
    formula = formula_of(preference, THREE)
    report = pc.check(preference, THREE, axioms=["total", "interpolation"])
    assert isinstance(formula, Formula) and isinstance(report["total"], pc.Proved)
    assert isinstance(report["interpolation"], pc.Refuted)
    with pytest.raises(EvidenceRejected, match="T7"):
        kernel.check(Axiom(formula, "interpolation", Simplex(range(3))), ClosedAndTotal(report["total"].evidence, None))


@pytest.mark.parametrize("name", ["tie", "excess", "strict"])
def test_what_is_not_closed_has_a_gap(name: str) -> None:
    with_gap = gap(formulas()[name])
    several = [*simple(3), (Fraction(2, 3), Fraction(0), Fraction(1, 3))]
    assert any(holds(with_gap, a, b) for a in several for b in several)


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_case_distinctions_inside_terms_are_drawn_out(seed: int) -> None:
    rng = Random(seed)
    formula = formulas()["median"] if seed % 5 == 0 else random_formula(rng)
    plain = drawn_out(formula)
    assert not any(isinstance(node, fm.If) for node in plain.nodes)
    for _ in range(5):
        a, b = random_point(rng, 3), random_point(rng, 3)
        assert holds(plain, a, b) is holds(formula, a, b)


def test_medians_have_a_gap() -> None:
    with_gap = gap(formulas()["median"])
    assert any(holds(with_gap, a, b) for a, b in product(simple(3), repeat=2))


def test_a_match_needs_a_span() -> None:
    """Low, then high, then middling P: the middling ones lie between the others by P, yet above both."""

    def rank(L: Any) -> Any:
        low, high = L[0] * 3 < 1, L[0] * 3 > 2
        return low, high

    def order(A: Any, B: Any) -> Any:
        (low, _), (low_b, high_b) = rank(A), rank(B)
        return low | (~low_b & (~high_b | rank(A)[1]))

    formula = formula_of(pc.relation(order), (0, 1))
    assert isinstance(formula, Formula) and len(formula.features) == 1
    about = Axiom(formula, "interpolation", Simplex(range(2)))
    half = Distribution({0: HALF, 1: HALF})
    gap = Counterexample(Distribution.point(1), Distribution.point(0), half)
    assert isinstance(kernel.check(about, gap), pc.Refuted)
    (term,) = fm.feature_terms(formula)[:1]
    match = decide(match_statement(term, fm.feature_terms(formula)), over_all(formula), Deadline.after(20))
    assert isinstance(match, Refutation)
    assert not isinstance(decide(span_statement(term), over_all(formula), Deadline.after(20)), Refutation)
    other = certificates()["matching"][1]
    for span in (match, other.span, other.match, Refutation(False, (), (Step((), (0, 1)),))):
        for node in (*range(-1, len(formula.nodes) + 1), 10**30):
            with pytest.raises(EvidenceRejected):
                kernel.check(about, Matching(node, span, match))


def test_only_a_continuous_term_is_matched() -> None:
    """Medians jump: between A and C there may be no mixture whose median is B's, though it would serve."""
    about = claim("median", "interpolation")
    assert isinstance(kernel.check(about, certificates()["no interpolation of medians"][1]), pc.Refuted)
    jumps = [i for i, node in enumerate(formulas()["median"].nodes) if isinstance(node, fm.If)]
    for term in (jumps[-1], jumps[len(jumps) // 2 - 1]):
        try:
            evidence = matched("median", term)
        except AssertionError:  # it is no value of the whole lottery
            continue
        with pytest.raises(EvidenceRejected, match="continuous"):
            kernel.check(about, evidence)
        break
    else:
        pytest.fail("no case distinction of the median could be matched")
    good = certificates()["matching"][1]
    collapsed = formulas()["collapsed"]
    for node in range(-1, len(collapsed.nodes) + 1):
        if not 0 <= node < len(collapsed.nodes) or isinstance(collapsed.nodes[node], fm.CONDITIONS):
            with pytest.raises(EvidenceRejected):
                kernel.check(claim("collapsed", "interpolation"), replace(good, term=node))


@pytest.mark.parametrize("alphas", [(-1,), (2,), (0,), (1,), (0, 1), (HALF, 1), (HALF, Fraction(-1, 2))])
def test_witnesses_are_in_the_interval_that_the_axiom_names(alphas: tuple[Any, ...]) -> None:
    exactly = tuple(Fraction(x) for x in alphas)
    witnesses = FixedWitnesses(exactly, proof(witness_statement(exactly), "indifference", False))
    for axiom, inside in (
        ("interpolation", all(0 <= x <= 1 for x in alphas)),
        ("interpolation_open", all(0 < x < 1 for x in alphas)),
    ):
        if inside:
            assert isinstance(kernel.check(claim("indifference", axiom), witnesses), pc.Proved)
        else:
            with pytest.raises(EvidenceRejected, match="out of range"):
                kernel.check(claim("indifference", axiom), witnesses)


@given(random_relations, points(), points())
@settings(max_examples=80, deadline=None)
def test_a_gap_lies_outside_the_relation_and_its_closure_contains_it(tree: Any, a: Point, b: Point) -> None:
    formula = formula_of(pc.relation(lambda A, B: read(tree, A, B)), THREE)
    assert isinstance(formula, Formula)
    with_gap = gap(formula)
    table = values(with_gap, a, b)
    root = len(formula.nodes) - 1
    last = with_gap.nodes[-1]
    assert isinstance(last, fm.And)
    closure = last.conditions[0]
    assert is_closed(Formula(3, formula.features, with_gap.nodes[: closure + 1]))
    assert table[root] is holds(formula, a, b)
    assert table[-1] is (table[closure] and not table[root])
    assert table[closure] or not table[root], "the relation implies its closure"
    # Closed: what holds on the way to (a, b), as near as we like, holds there.
    uniform = tuple(Fraction(1, 3) for _ in range(3))
    near = [mixed(Fraction(1, 10**k), uniform, x) for k in (9, 12, 15) for x in (a, b)]
    if all(holds(formula, near[i], near[i + 1]) for i in (0, 2, 4)):
        assert table[closure]


# -- germs, gaps and contours -----------------------------------------------------------------------------------------


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_a_germ_is_the_truth_at_tiny_numbers(seed: int) -> None:
    rng = Random(seed)
    formula = random_formula(rng)
    a, b, c, d = (random_point(rng, 3) for _ in range(4))
    if rng.random() < 0.4:
        a = b
    lines = [
        segments.line(feature_values(formula, enumerate(x)), feature_values(formula, enumerate(y)))
        for x, y in ((a, c), (b, d))
    ]
    near = {holds(formula, mixed(1 - e, a, c), mixed(1 - e, b, d)) for e in (Fraction(1, 10**90), Fraction(1, 10**140))}
    assert near == {segments.at_the_start(formula, *lines)}


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_the_truths_along_two_segments_are_all_of_them(seed: int) -> None:
    rng = Random(seed)
    formula = random_formula(rng)
    a, b, c, d = (random_point(rng, 3) for _ in range(4))
    lines = [
        segments.line(feature_values(formula, enumerate(x)), feature_values(formula, enumerate(y)))
        for x, y in ((a, b), (c, d))
    ]
    alphas = alphas_of(formula, lambda t: [(mixed(t, b, a), mixed(t, d, c))])
    try:
        found = segments.everywhere(formula, *lines)
    except EvidenceRejected:  # products and quotients: some term is not piecewise linear
        assert any(isinstance(node, (fm.Product, fm.Quotient)) for node in formula.nodes)
        return
    if alphas is not None:
        assert found == {holds(formula, mixed(t, b, a), mixed(t, d, c)) for t in alphas if 0 < t < 1}
    for t in (Fraction(k, 23) for k in range(1, 23)):
        assert holds(formula, mixed(t, b, a), mixed(t, d, c)) in found


@given(st.integers(0, 2**32), st.sampled_from([(0,), (1,), (0, 1)]))
@settings(max_examples=150, deadline=None)
def test_where_a_relation_jumps_its_gap_holds(seed: int, sides: tuple[int, ...]) -> None:
    """What holds on the way to a pair holds there in the closure, as far as these sides move."""
    rng = Random(seed)
    formula = random_formula(rng)
    with_gap = gap(formula, sides)
    a, b, c, d = (random_point(rng, 3) for _ in range(4))
    table = values(with_gap, a, b)
    last = with_gap.nodes[-1]
    assert isinstance(last, fm.And)
    closure, denied = last.conditions
    assert table[denied] is not holds(formula, a, b)
    assert table[closure] or not holds(formula, a, b), "the relation implies its closure"
    assert table[-1] is (table[closure] and not holds(formula, a, b))
    near = []
    for e in (Fraction(1, 10**90), Fraction(1, 10**140)):
        x = mixed(1 - e, a, c) if 0 in sides else a
        y = mixed(1 - e, b, d) if 1 in sides else b
        near.append(holds(formula, x, y))
    if all(near):
        assert table[closure], "what holds as near as we like holds in the closure"
        if is_closed(formula, sides):
            assert holds(formula, a, b)


def test_contours_may_be_closed_on_one_side_only() -> None:
    """``U(A) < 1 or U(B) >= 1`` is closed in B and open in A: both gaps, and both forms, are needed."""
    low = formula_of(pc.relation(lambda A, B: (A.expect(U) < 1) | (B.expect(U) >= 1)), THREE)
    high = formula_of(pc.relation(lambda A, B: (A.expect(U) <= 1) | (B.expect(U) > 1)), THREE)
    assert isinstance(low, Formula) and isinstance(high, Formula)
    other = certificates()["closed contours without gaps"][1]
    for formula in (low, high):
        about = Axiom(formula, "continuous", Simplex(range(3)))
        assert any(jumps(formula, *triple) for triple in product(simple(3), repeat=3))
        for upper, lower in product((None, other.upper, other.lower), repeat=2):
            with pytest.raises(EvidenceRejected):
                kernel.check(about, ClosedContours(upper, lower))
    assert is_closed(low, (1,)) and not is_closed(low, (0,))
    assert is_closed(high, (0,)) and not is_closed(high, (1,))


def test_closed_contours_need_both_gaps() -> None:
    about, good = certificates()["closed contours without gaps"]
    assert good.upper is not None and good.lower is not None
    for upper, lower in ((None, good.lower), (good.upper, None), (None, None)):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, ClosedContours(upper, lower))
    with pytest.raises(EvidenceRejected):
        kernel.check(claim("tie", "continuous"), good)


@pytest.mark.parametrize("name", ["median", "tie", "excess", "strict", "rare"])
def test_what_jumps_has_no_closed_contours(name: str) -> None:
    about = claim(name, "continuous")
    assert isinstance(about.relation, Formula)
    several = [*simple(3), (Fraction(2, 3), Fraction(0), Fraction(1, 3))]
    assert any(jumps(about.relation, *triple) for triple in product(several, repeat=3))
    for label, (_, evidence) in certificates().items():
        if not isinstance(evidence, (Counterexample, Cycle)):
            with pytest.raises(EvidenceRejected):
                kernel.check(about, evidence)
        else:
            assert label


def test_a_jump_is_towards_b() -> None:
    """``U(A) < U(B)`` jumps at B ~ A from above; C = B, or C on the wrong side, shows nothing."""
    x, y, z = (Distribution.point(o) for o in THREE)
    about = claim("strict", "continuous")
    assert isinstance(kernel.check(about, Counterexample(y, y, z)), pc.Refuted)
    assert isinstance(kernel.check(about, Counterexample(y, y, x)), pc.Refuted), "the lower contour set"
    for wrong in (Counterexample(y, y, y), Counterexample(y, x, z), Counterexample(x, y, z), Counterexample(y, y)):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, wrong)
    with pytest.raises(EvidenceRejected):
        kernel.check(about, Counterexample(y, y, z, HALF))


# -- which rule serves which axiom ------------------------------------------------------------------------------------


def test_a_split_serves_betweenness_only() -> None:
    about, good = certificates()["between, split"]
    for name, axiom in product(formulas(), AXIOMS):
        if (name, axiom) != ("excess", "betweenness"):
            other = claim(name, axiom)
            try:
                kernel.check(other, good)
            except EvidenceRejected:
                continue
            assert axiom == "betweenness" and violation(other.relation, axiom, simple(3)) is None, name
    with pytest.raises(EvidenceRejected):
        kernel.check(about, good.refutation)
    with pytest.raises(EvidenceRejected):
        kernel.check(claim("weighted", "betweenness"), Split(certificates()["between, with α as a variable"][1]))


def test_what_is_not_between_is_not_refuted_in_either_form() -> None:
    for name in ("cvar", "median", "just noticeable", "best"):
        assert violation(formulas()[name], "betweenness", simple(3)) is not None
        for statement in (SPLIT, UNIVERSAL["betweenness"]):
            assert refutation(statement, formulas()[name], True) is None


def test_acyclicity_follows_from_transitivity_of_either_kind_and_nothing_else() -> None:
    about, good = certificates()["no cycle, through strict transitivity"]
    for premise in (*AXIOMS, "", "Transitive", "cycle"):
        for evidence in (good.evidence, ValueOrder()):
            if (premise, evidence) != (good.axiom, good.evidence):
                with pytest.raises(EvidenceRejected):
                    kernel.check(about, Through(premise, evidence))
    for axiom in AXIOMS:
        if axiom != "acyclic":
            with pytest.raises(EvidenceRejected):
                kernel.check(claim("just noticeable", axiom), good)
    consistent = certificates()["refutation with α"][1]
    for premise in AXIOMS:
        with pytest.raises(EvidenceRejected):
            kernel.check(claim("majority", "acyclic"), Through(premise, consistent))


def test_a_potential_is_a_term_that_strict_preference_raises() -> None:
    about, good = certificates()["no cycle, by a potential"]
    formula = about.relation
    assert isinstance(formula, Formula)
    for term in range(-1, len(formula.nodes) + 2):
        for rising in (True, False):
            try:
                kernel.check(about, Potential(term, rising, good.refutation))
            except EvidenceRejected:
                assert (term, rising) != (good.term, good.rising)
                continue
            points = simple(3)
            for a, b in product(points, repeat=2):
                if holds(formula, a, b) and not holds(formula, b, a):
                    before, after = values(formula, a, a)[term], values(formula, b, b)[term]
                    assert (before < after) if rising else (before > after)
    for name in ("majority", "skew"):
        for term, rising in product(range(len(formulas()[name].nodes)), (True, False)):
            with pytest.raises(EvidenceRejected):
                kernel.check(claim(name, "acyclic"), Potential(term, rising, good.refutation))


def test_a_cycle_is_strict_all_the_way_round() -> None:
    about, good = certificates()["a cycle"]
    x, y, z = good.lotteries[:3]
    assert isinstance(kernel.check(about, good), pc.Refuted)
    assert isinstance(kernel.check(about, Cycle((*good.lotteries, *good.lotteries))), pc.Refuted)
    for wrong in ((), (x,), (x, y), (x, x), (*good.lotteries[::-1],), (x, x, y, z), (x, y, z, z)):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, Cycle(wrong))
    for axiom in AXIOMS:
        if axiom != "acyclic":
            with pytest.raises(EvidenceRejected):
                kernel.check(claim("majority", axiom), good)
    with pytest.raises(EvidenceRejected):
        kernel.check(about, Cycle(good.lotteries, (((Fraction(1),),),) * 3))
    for name in ("reward", "indifference", "just noticeable", "pareto"):
        with pytest.raises(EvidenceRejected):
            kernel.check(claim(name, "acyclic"), good)


def test_a_refutation_of_dominance_is_about_one_kind_and_one_payoff() -> None:
    about, good = certificates()["monotone"]
    turned = tuple(-v for v in PAYOFF)
    for axiom, value in product(DOMINANCE, (PAYOFF, turned, (Fraction(0),) * 3)):
        other = replace(about, axiom=axiom, value=value)
        try:
            kernel.check(other, good)
        except EvidenceRejected:
            continue
        assert violation(about.relation, axiom, simple(3), value) is None
    with pytest.raises(EvidenceRejected):
        kernel.check(replace(about, value=turned), good)


# -- products of literals ---------------------------------------------------------------------------------------------


def of_kind(formula: Formula, point: Sequence[Fraction], outcome: int) -> Fraction:
    """The probability of the outcomes that no feature tells from this one."""
    alike = (all(f[o] == f[outcome] for f in formula.features) for o in range(formula.outcomes))
    return sum((p for p, like in zip(point, alike, strict=True) if like), Fraction(0))


@given(st.integers(0, 2**32))
@example(568212)
@settings(max_examples=100, deadline=None)
def test_the_bound_of_products_is_one(seed: int) -> None:
    rng = Random(seed)
    formula = random_formula(rng)
    system = clauses_of(UNIVERSAL[rng.choice(("transitive", "total"))], formula, True)
    masses = len(system.statement.masses)
    products = []
    for _ in range(rng.randint(1, 3)):
        chosen = tuple((rng.randrange(masses), rng.randrange(3)) for _ in range(rng.randint(0, 2)))
        products.append((Fraction(rng.randint(-3, 3), 2), chosen, rng.choice(list(system.atoms.values()))))
    if any(len(m) > 3 for _, _, p in products for m in p):
        return
    try:
        bound = upper_bound(products, system)
    except EvidenceRejected:  # an opaque term
        return
    for _ in range(6):
        points = [random_point(rng, 3) for _ in range(masses)]
        total = Fraction(0)
        for coefficient, chosen, p in products:
            value = Fraction(0)
            for monomial, c in p.items():
                term = Fraction(c)
                for number in monomial:
                    v = system.variables[number]
                    assert isinstance(v, FeatureOf)
                    pairs = zip(points[v.measure], formula.features[v.feature], strict=True)
                    term *= sum((x * f for x, f in pairs), Fraction(0))
                value += term
            total += coefficient * value * math.prod(of_kind(formula, points[m], o) for m, o in chosen)
        assert total <= bound


def test_a_product_lemma_is_strict_only_by_a_plain_literal() -> None:
    """``P_A(0) · (U(A) - U(B)) > 0`` needs P_A(0) > 0: with that multiplier a strict literal is a weak one."""
    system = clauses_of(UNIVERSAL["total"], formulas()["reward"], True)
    assert system.clauses == [(-1,), (-2,)]
    one = (Fraction(1), ())
    for m, o in product((0, 1), THREE):
        weak = (Fraction(1), ((m, o),))
        with pytest.raises(EvidenceRejected):
            kernel.check_product_lemma(system, ProductLemma((-1, -2), ((weak,), (weak,))))
    kernel.check_product_lemma(system, ProductLemma((-1, -2), ((one,), (one,))))
    for multipliers in (
        (),
        ((one,),),
        ((one,), ((Fraction(-1), ()),)),
        (((Fraction(0), ()),), ((Fraction(0), ()),)),
        ((one,), ()),
        (((Fraction(1), ((0, 3),)),), (one,)),
        (((Fraction(1), ((2, 0),)),), (one,)),
        (((Fraction(1), ((-1, 0),)),), (one,)),
        (((Fraction(1), ((0, -1),)),), (one,)),
    ):
        with pytest.raises(EvidenceRejected):
            kernel.check_product_lemma(system, ProductLemma((-1, -2), multipliers))


@pytest.mark.parametrize("axiom", ["consistent", "convex"])
def test_products_are_of_lotteries_not_of_measures_of_less_mass(axiom: str) -> None:
    system = clauses_of(UNIVERSAL[axiom], formulas()["reward"], True)
    for literals in ((1, -1), (-1, 1), (1, -2), (-1, 2)):
        with pytest.raises(EvidenceRejected):
            kernel.check_product_lemma(system, ProductLemma(literals, (((Fraction(1), ()),),) * 2))


@pytest.mark.parametrize("seed", range(8))
def test_a_divisor_that_can_vanish_makes_no_formula(seed: int) -> None:
    rng = Random(seed)
    vectors = (tuple(rng.choice((0, 1, 2, -1)) for _ in range(3)), (0, 1, 3))
    top = min(vectors[0])
    for constant in (Fraction(-top), Fraction(-top) - HALF, Fraction(-max(vectors[0])) - 1):
        below = fm.Affine(constant, ((Fraction(1), 0),))  # zero at an outcome, or of both signs, or negative
        nodes = (fm.Feature(0, 0), fm.Feature(1, 1), below, fm.Quotient(1, 2), fm.Atom(">=", 3))
        with pytest.raises(ValueError, match="divides"):
            Formula(3, vectors, nodes)
        forged = object.__new__(Formula)
        for name, value in (("outcomes", 3), ("features", vectors), ("nodes", nodes)):
            object.__setattr__(forged, name, value)
        for evidence in (ValueOrder(), Counterexample(Distribution.point(0)), certificates()["monotone"][1]):
            with pytest.raises(EvidenceRejected):
                kernel.check(Axiom(forged, "reflexive", Simplex(range(3))), evidence)
    good = fm.Affine(Fraction(1, 1000) - top, ((Fraction(1), 0),))
    Formula(3, vectors, (fm.Feature(0, 0), fm.Feature(1, 1), good, fm.Quotient(1, 2), fm.Atom(">=", 3)))
    for nonlinear in (fm.Product(0, 0), fm.Max((0, 1)), fm.Quotient(1, 4)):
        nodes = (fm.Feature(0, 0), fm.Feature(1, 1), fm.Affine(Fraction(5), ()), nonlinear)
        shifted = fm.Affine(Fraction(100), ((Fraction(1), 3),))
        with pytest.raises(ValueError):
            Formula(3, vectors, (*nodes, shifted, fm.Quotient(1, 4), fm.Atom(">=", 5)))
