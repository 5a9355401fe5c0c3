"""The kernel on menus and on what a process achieves, and the theorem that needs more than that."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_certificates import certificates, one_of, proof, refutation
from kernel_oracle import (
    DOMINANCE,
    HALF,
    PAYOFF,
    THREE,
    Point,
    achieved,
    claim,
    deterministic,
    formulas,
    holds,
    is_between,
    lottery,
    menu,
    mixed,
    points_of,
    process,
    simple,
    violation,
)

import prefcore as pc
from prefcore import formula as fm
from prefcore import kernel
from prefcore.arrays import largest_sum
from prefcore.axioms import AXIOMS, UNIVERSAL
from prefcore.claims import Achievable, Axiom, BlackBox, Menu, Optimal, Simplex
from prefcore.clauses import FeatureOf, clauses_of
from prefcore.distribution import Distribution
from prefcore.domains import best, largest_over, outcome_distribution
from prefcore.evidence import (
    BetterPolicy,
    Both,
    ClosedAndTotal,
    ClosedContours,
    ConditionHolds,
    Counterexample,
    Cycle,
    Enumerated,
    Lemma,
    ValueOrder,
)
from prefcore.formula import Formula, feature_values
from prefcore.records import EvidenceRejected, from_json, to_json
from prefcore.relations import formula_of
from prefcore.trees import HistoryTree, PolicyTable, Tabulation

ONE = Fraction(1)

# -- menus -------------------------------------------------------------------------------------------------------------

PAIRS = ("reflexive", "transitive", "preorder", "total", "quasi_transitive", "negatively_transitive", "acyclic")


@pytest.mark.parametrize("name", sorted(formulas()))
@pytest.mark.parametrize("seed", [0, 1])
def test_enumeration_decides_pairs_and_dominance(name: str, seed: int) -> None:
    rng = Random(seed)
    chosen = Menu(tuple(lottery(p) for p in rng.sample(simple(3), rng.randint(1, 5))), range(3))
    for axiom in (*PAIRS, *DOMINANCE):
        about = claim(name, axiom, chosen)
        broken = violation(formulas()[name], axiom, points_of(chosen), about.value)
        try:
            assert isinstance(kernel.check(about, Enumerated()), pc.Proved)
            assert broken is None, axiom
        except EvidenceRejected:
            assert broken is not None, axiom


@pytest.mark.parametrize("name", ["tie", "excess", "cvar", "median", "pareto", "just noticeable", "strict", "best"])
def test_enumeration_of_mixtures_sees_every_alpha(name: str) -> None:
    """Accepted: no α out of many breaks it; rejected: one of those where something can change does."""
    formula = formulas()[name]
    rng = Random(len(name))
    alphas = [Fraction(k, 60) for k in range(1, 60)]
    for size in (1, 2, 2, 2):
        points = rng.sample(simple(3), size)
        chosen = Menu(tuple(lottery(p) for p in points), range(3))
        for axiom in ("consistent", "convex", "betweenness"):
            broken = False
            for a, b in product(points, repeat=2):
                below, back = holds(formula, a, b), holds(formula, b, a)
                if axiom == "betweenness":
                    broken |= below and not back and not all(is_between(formula, a, b, mixed(t, a, b)) for t in alphas)
                    continue
                for c in points:
                    after = {holds(formula, mixed(t, a, c), mixed(t, b, c)) for t in alphas}
                    broken |= (below and False in after) or (axiom == "convex" and not below and True in after)
            try:
                kernel.check(claim(name, axiom, chosen), Enumerated())
                assert not broken, (axiom, points)
            except EvidenceRejected:
                assert broken, (axiom, points)


def test_enumeration_sees_a_single_alpha() -> None:
    """``A_0 != 1/3 or A_0 = B_0``: only the mixture with exactly one third is worse than itself with another third."""
    relation = pc.relation(lambda A, B: (3 * A[0] != 1) | (3 * B[0] == 1) | (A[1] == B[1]))
    formula = formula_of(relation, THREE)
    assert isinstance(formula, Formula)
    x, y, z = (Distribution.point(o) for o in THREE)
    about = Axiom(formula, "consistent", Menu((x, y, z), range(3)))
    assert violation(formula, "consistent", points_of(about.domain)) is None, "half and a tenth do not show it"
    with pytest.raises(EvidenceRejected):
        kernel.check(about, Enumerated())


def test_enumeration_is_for_menus_and_for_what_is_finite() -> None:
    for axiom in AXIOMS:
        for domain in (Simplex(range(3)), process()):
            with pytest.raises(EvidenceRejected):
                kernel.check(claim("reward", axiom, domain), Enumerated())
    with pytest.raises(EvidenceRejected):
        kernel.check(claim("indifference", "continuous", menu()), Enumerated())
    low, middle, high = (Distribution.point(o) for o in (0, 1, 2))
    between = Menu((low, middle, high), range(3))
    for axiom in (
        "interpolation",
        "interpolation_open",
    ):  # the α that serves is found, or there is none
        assert isinstance(kernel.check(claim("indifference", axiom, menu()), Enumerated()), pc.Proved)
        with pytest.raises(EvidenceRejected):
            kernel.check(claim("tie", axiom, between), Enumerated())
    assert isinstance(kernel.check(claim("reward", "interpolation", between), Enumerated()), pc.Proved)
    with pytest.raises(EvidenceRejected):  # low ~ low ≺ high: only α = 1 serves
        kernel.check(claim("reward", "interpolation_open", between), Enumerated())
    black = Axiom(BlackBox("always", lambda A, B: True, ""), "total", menu())
    with pytest.raises(EvidenceRejected):
        kernel.check(black, Enumerated())
    for product_name in ("skew", "weighted"):  # a product of two mixtures is not piecewise linear
        with pytest.raises(EvidenceRejected):
            kernel.check(claim(product_name, "consistent", menu()), Enumerated())


def test_malformed_menus_give_no_verdict() -> None:
    x, y = Distribution.point(0), Distribution.point(1)
    formula = formulas()["reward"]
    for lotteries, outcomes in (
        ((), range(3)),
        ([x, y], range(3)),
        ((x, y), range(2)),
        ((x, y), range(4)),
        ((x, y), ()),
        ((x, Distribution.point(3)), range(3)),
        ((x, Distribution.point("0")), range(3)),
        ((x, "y"), range(3)),
        ((x, None), range(3)),
        ((x, {0: 1}), range(3)),
    ):
        wrong: Any = Menu(lotteries, outcomes)  # type: ignore[arg-type]
        for evidence in (Enumerated(), ValueOrder(), Counterexample(x, y), certificates()["both"][1].transitive):
            with pytest.raises(EvidenceRejected):
                kernel.check(Axiom(formula, "transitive", wrong), evidence)
            with pytest.raises(EvidenceRejected):
                kernel.check(Axiom(formula, "total", wrong), evidence)


def test_a_counterexample_comes_from_the_menu() -> None:
    x, y, z = (Distribution.point(o) for o in THREE)
    about = Axiom(formulas()["equality"], "total", Menu((x, y), range(3)))
    assert isinstance(kernel.check(about, Counterexample(x, y)), pc.Refuted)
    half = Distribution({0: HALF, 1: HALF})
    for a, b in ((x, z), (z, x), (x, half), (half, half)):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, Counterexample(a, b))
    with pytest.raises(EvidenceRejected):
        kernel.check(about, Counterexample(x, y, policies=(((ONE,),), ((ONE,),))))
    found = certificates()["not convex"][1]
    excess = Axiom(formulas()["excess"], "convex", Menu((found.A, found.B, found.C), range(3)))
    assert isinstance(kernel.check(excess, found), pc.Refuted), "mixtures may leave the menu"
    for missing in {found.A, found.B, found.C}:
        rest = tuple(w for w in (x, y, z, half, found.A, found.B, found.C) if w != missing)
        with pytest.raises(EvidenceRejected, match="menu"):
            kernel.check(replace(excess, domain=Menu(rest, range(3))), found)


def test_what_the_simplex_has_every_menu_has() -> None:
    for about, evidence in certificates().values():
        if isinstance(about.domain, Simplex) and not isinstance(evidence, (Counterexample, Cycle)):
            if about.axiom == "continuous":  # which speaks of limits
                with pytest.raises(EvidenceRejected):
                    kernel.check(replace(about, domain=menu()), evidence)
                continue
            assert isinstance(kernel.check(replace(about, domain=menu()), evidence), pc.Proved)


# -- the achievable set ------------------------------------------------------------------------------------------------


def random_tree(rng: Random, outcomes: int = 3) -> HistoryTree:
    """At most three decisions with up to three actions; nodes may be reached in several ways or not at all."""
    decisions = rng.randint(0, 3)
    leaves = rng.randint(1, 4)

    def row(lowest: int) -> tuple[tuple[Fraction, int], ...]:
        children = rng.sample(range(lowest, decisions + leaves), min(rng.randint(1, 3), decisions + leaves - lowest))
        weights = [rng.randint(1, 3) for _ in children]
        return tuple((Fraction(w, sum(weights)), child) for w, child in zip(weights, children, strict=True))

    branches = tuple(tuple(row(d + 1) for _ in range(rng.randint(1, 3))) for d in range(decisions))
    return HistoryTree(row(0), branches, tuple(rng.randrange(outcomes) for _ in range(leaves)))


def random_policy(rng: Random, tree: HistoryTree) -> PolicyTable:
    table = []
    for actions in tree.branches:
        weights = [rng.randint(0, 2) for _ in actions]
        weights[rng.randrange(len(weights))] += 1
        table.append(tuple(Fraction(w, sum(weights)) for w in weights))
    return tuple(table)


seeds = st.integers(0, 2**32)


@given(seeds)
@settings(max_examples=150, deadline=None)
def test_the_largest_value_is_that_of_the_best_policy(seed: int) -> None:
    rng = Random(seed)
    tree = random_tree(rng)
    vectors = tuple(tuple(rng.randint(-3, 5) for _ in range(3)) for _ in range(2))
    formula = Formula(3, vectors, (fm.Or(()),))
    domain = Achievable(Tabulation.unlabelled(tree))
    weights = [(Fraction(rng.randint(-4, 4), rng.randint(1, 3)), k) for k in range(rng.randint(0, 2))]

    def value(p: Point) -> Fraction:
        return sum((w * f * x for w, k in weights for f, x in zip(vectors[k], p, strict=True)), Fraction(0))

    every = [value(achieved(tree, policy, 3)) for policy in deterministic(tree)]
    found = largest_over(domain, formula)(weights)
    assert found == max(every)
    assert value(achieved(tree, random_policy(rng, tree), 3)) <= found
    at_outcomes = [sum((w * vectors[k][o] for w, k in weights), Fraction(0)) for o in range(3)]
    largest, actions = best(tree, at_outcomes)
    table = tuple(
        tuple(Fraction(int(i == a)) for i in range(len(rows))) for a, rows in zip(actions, tree.branches, strict=True)
    )
    assert value(achieved(tree, table, 3)) == largest == found


@given(seeds)
@settings(max_examples=100, deadline=None)
def test_an_induced_distribution_adds_up_the_ways(seed: int) -> None:
    rng = Random(seed)
    tree = random_tree(rng)
    policy = random_policy(rng, tree)
    expected = achieved(tree, policy, 3)
    assert outcome_distribution(tree, policy) == {o: p for o, p in enumerate(expected) if p}


@given(seeds, st.booleans())
@settings(max_examples=60, deadline=None)
def test_an_accepted_lemma_is_true_of_what_is_achieved(seed: int, scaled: bool) -> None:
    """Random lemmas, of which the tree makes many true that are false on the simplex."""
    rng = Random(seed)
    tree = random_tree(rng)
    domain = Achievable(Tabulation.unlabelled(tree))
    name = rng.choice(["tie", "excess", "rare", "pareto", "just noticeable"])
    statement = UNIVERSAL["consistent" if scaled else "total"]
    system = clauses_of(statement, formulas()[name], True)
    atoms = sorted(system.atoms)
    for _ in range(20):
        literals = tuple(rng.choice((-1, 1)) * rng.choice(atoms) for _ in range(rng.randint(1, 3)))
        lemma = Lemma(literals, tuple(Fraction(rng.randint(0, 3), 2) for _ in literals))
        try:
            kernel.check_lemma(system, lemma, largest_over(domain, formulas()[name]))
        except EvidenceRejected:
            continue
        alpha = rng.choice((HALF, Fraction(1, 50), Fraction(49, 50)))
        masses = [{"1": ONE, "α": alpha, "1-α": 1 - alpha}[m] for m in statement.masses]
        for _ in range(8):
            measures = [tuple(m * x for x in achieved(tree, random_policy(rng, tree), 3)) for m in masses]

            def value(variable: Any, measures: list[Point] = measures, alpha: Fraction = alpha) -> Fraction:
                if not isinstance(variable, FeatureOf):
                    return alpha
                vector = system.formula.features[variable.feature]
                return sum((p * f for p, f in zip(measures[variable.measure], vector, strict=True)), Fraction(0))

            def true(literal: int) -> bool:
                total = Fraction(0)
                for monomial, c in system.atoms[abs(literal)].items():
                    term = Fraction(c)
                    for number in monomial:
                        term *= value(system.variables[number])
                    total += term
                return total >= 0 if literal > 0 else total < 0

            assert not all(true(x) for x in literals)


def test_policies_achieve_the_lotteries_of_a_counterexample() -> None:
    about, good = certificates()["achieved: not total"]
    (upper,), (lower,) = good.policies
    assert isinstance(kernel.check(about, good), pc.Refuted)
    x = Distribution.point(0)
    half = (HALF, HALF)
    for wrong in (
        replace(good, policies=()),
        replace(good, policies=good.policies[:1]),
        replace(good, policies=(*good.policies, good.policies[0])),
        replace(good, policies=good.policies[::-1]),
        replace(good, policies=((upper,), (half,))),
        replace(good, policies=((upper, upper), (lower,))),
        replace(good, policies=((), (lower,))),
        replace(good, policies=((upper[:1],), (lower,))),
        replace(good, policies=((upper,), ((Fraction(-1), Fraction(2)),))),
        replace(good, policies=((upper,), ((Fraction(0), Fraction(2)),))),
        replace(good, policies=((upper,), ((Fraction(0), HALF),))),
        replace(good, A=x),
        replace(good, A=x, B=Distribution.point(1)),
        replace(good, A=good.B, B=good.A),
        replace(good, A=good.B),
    ):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, wrong)
    swapped = Counterexample(good.B, good.A, policies=good.policies[::-1])
    assert isinstance(kernel.check(about, swapped), pc.Refuted)
    between = Distribution({0: Fraction(1, 4), 1: HALF, 2: Fraction(1, 4)})
    stochastic = Counterexample(good.A, between, policies=((upper,), (half,)))
    assert isinstance(kernel.check(about, stochastic), pc.Refuted)
    for domain in (Simplex(range(3)), Menu((good.A, good.B), range(3))):
        with pytest.raises(EvidenceRejected):
            kernel.check(replace(about, domain=domain), good)
        assert isinstance(kernel.check(replace(about, domain=domain), replace(good, policies=())), pc.Refuted)


def test_a_cycle_is_achieved_by_its_policies() -> None:
    about, good = certificates()["achieved: a cycle"]
    assert isinstance(kernel.check(about, good), pc.Refuted)
    n = len(good.lotteries)
    for policies in ((), good.policies[:-1], (*good.policies[1:], good.policies[0]), (good.policies[0],) * n):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, Cycle(good.lotteries, policies))
    poorer = one_of((*good.lotteries[:-1], Distribution.point(0)))
    with pytest.raises(EvidenceRejected):
        kernel.check(replace(about, domain=poorer), good)


def test_what_is_proved_of_one_process_does_not_hold_on_the_simplex() -> None:
    for label in ("achieved: transitive", "achieved: consistent", "achieved: closed contours", "achieved: monotone"):
        about, good = certificates()[label]
        assert isinstance(kernel.check(about, good), pc.Proved)
        for domain in (Simplex(range(3)), menu(), one_of([Distribution.point(o) for o in THREE])):
            with pytest.raises(EvidenceRejected):
                kernel.check(replace(about, domain=domain), good)
    points = [*simple(3), (Fraction(4, 5), Fraction(1, 5), Fraction(0))]
    for axiom in ("consistent", "monotone"):
        assert violation(formulas()["rare"], axiom, points, PAYOFF if axiom in DOMINANCE else None) is not None


def test_an_outcome_that_the_tree_does_not_have() -> None:
    on = process().process
    wrong = Achievable(replace(on, outcomes=range(2)))
    formula = formula_of(pc.relation(lambda A, B: A[0] <= B[0]), (0, 1))
    assert isinstance(formula, Formula)
    with pytest.raises(EvidenceRejected, match="outcome"):
        kernel.check(Axiom(formula, "total", wrong), ValueOrder())
    more = Achievable(replace(on, outcomes=range(4)))
    larger = formula_of(pc.relation(lambda A, B: A[3] + A[0] <= B[3] + B[0]), (0, 1, 2, 3))
    assert isinstance(larger, Formula)
    assert isinstance(kernel.check(Axiom(larger, "total", more), ValueOrder()), pc.Proved)


@pytest.mark.parametrize("label", ["achieved: not total", "achieved: consistent", "on a menu: a cycle"])
def test_domains_survive_json(label: str) -> None:
    about, evidence = certificates()[label]
    stored, again = from_json(to_json(about, evidence))
    assert isinstance(stored, Axiom) and again == evidence and type(stored.domain) is type(about.domain)
    if isinstance(about.domain, Achievable):
        assert isinstance(stored.domain, Achievable) and stored.domain.process.tree == about.domain.process.tree
    else:
        assert stored.domain == about.domain


# -- T1 ----------------------------------------------------------------------------------------------------------------


def test_t1_needs_its_axioms_on_the_whole_simplex() -> None:
    """The example of the theory: P(bad) is at most 1/20 whatever is done, so that the constraint never binds; yet at
    `decide` it does, and the policy that no action improves there is not optimal.
    """
    decide, skip = Fraction(1, 10), Fraction(9, 10)
    tree = HistoryTree(((decide, 0), (skip, 1)), ((((HALF, 2), (HALF, 3)), ((ONE, 1),)),), (1, 0, 1))
    payoff = {0: 20, 1: 0}  # outcome 0 is bad, and pays
    relation = pc.chance_constraint({0}, Fraction(1, 10), payoff)
    formula = formula_of(relation, (0, 1))
    assert isinstance(formula, Formula)
    table = Tabulation.unlabelled(tree)
    domain = Achievable(table)
    risky, safe = ((ONE, Fraction(0)),), ((Fraction(0), ONE),)
    a, b = achieved(tree, risky, 2), achieved(tree, safe, 2)
    assert holds(formula, b, a) and not holds(formula, a, b), "the risky policy is strictly better"
    at_decide = (HALF, HALF), (Fraction(0), ONE)
    assert holds(formula, *at_decide) and not holds(formula, *at_decide[::-1]), "though at `decide` it is worse"

    proofs = {}
    for axiom in ("reflexive", "transitive", "consistent", "total"):
        found = refutation(UNIVERSAL[axiom], formula, True, domain)
        assert found is not None, axiom
        assert isinstance(kernel.check(Axiom(formula, axiom, domain), found), pc.Proved)
        proofs[axiom] = found
    about = Optimal(table, formula, safe)
    assert isinstance(kernel.check(about, BetterPolicy(risky)), pc.Refuted)
    pre = Both(proofs["reflexive"], proofs["transitive"])
    on_simplex = {x: refutation(UNIVERSAL[x], formula, True, Simplex(range(2))) for x in ("reflexive", "transitive")}
    everywhere = Both(on_simplex["reflexive"] or ValueOrder(), on_simplex["transitive"] or ValueOrder())
    assert isinstance(kernel.check(Axiom(formula, "preorder", Simplex(range(2))), everywhere), pc.Proved)
    for preorder in (pre, everywhere, ValueOrder()):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, ConditionHolds(preorder, proofs["consistent"]))


def test_t1_accepts_what_holds_everywhere() -> None:
    tree = process().process.tree
    good = (ONE, Fraction(0)), (Fraction(0), ONE)
    tie = formulas()["tie"]
    preorder, consistent = certificates()["both"][1], proof(UNIVERSAL["consistent"], "tie", False)
    about = Optimal(process().process, tie, (good[0],))
    assert holds(tie, achieved(tree, (good[1],), 3), achieved(tree, (good[0],), 3))
    assert isinstance(kernel.check(about, ConditionHolds(preorder, consistent)), pc.Proved)
    worse = replace(about, policy=(good[1],))
    with pytest.raises(EvidenceRejected):
        kernel.check(worse, ConditionHolds(preorder, consistent))
    assert isinstance(kernel.check(worse, BetterPolicy((good[0],))), pc.Refuted)


def test_evidence_of_one_kind_of_claim_serves_no_other() -> None:
    about = Optimal(process().process, formulas()["tie"], ((ONE, Fraction(0)),))
    for _, evidence in certificates().values():
        with pytest.raises(EvidenceRejected):
            kernel.check(about, evidence)
    for evidence in (ConditionHolds(ValueOrder(), proof(UNIVERSAL["consistent"], "tie", False)), BetterPolicy(())):
        for axiom, domain in product(AXIOMS, (Simplex(range(3)), menu(), process())):
            with pytest.raises(EvidenceRejected):
                kernel.check(claim("tie", axiom, domain), evidence)


def test_interpolation_on_a_menu_or_process_is_about_all_mixtures() -> None:
    """Strict preference has no mixture that is indifferent, wherever A, B and C are from."""
    closed, none = ClosedAndTotal(ValueOrder(), None), ClosedContours(None, None)
    for domain in (menu(), process()):
        assert isinstance(kernel.check(claim("cvar", "interpolation", domain), closed), pc.Proved)
        assert isinstance(kernel.check(claim("cvar", "continuous", process()), none), pc.Proved)
        for name in ("tie", "strict", "median"):
            with pytest.raises(EvidenceRejected):
                kernel.check(claim(name, "interpolation", domain), closed)


# -- many outcomes -----------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(*[st.integers(-(2**40), 2**40)] * 3), min_size=1, max_size=4),
    st.lists(st.integers(-(2**40), 2**40).filter(bool), min_size=4, max_size=4),
    st.integers(0, 70),
)
@settings(max_examples=200, deadline=None)
def test_arrays_find_the_largest_sum(features: list[tuple[int, ...]], weights: list[int], shift: int) -> None:
    formula = Formula(3, tuple(features), (fm.Or(()),))
    integers = [(weights[k] << shift, k) for k in range(len(features))]
    expected = max(sum(w * features[k][o] for w, k in integers) for o in range(3))
    arrays: dict[int, Any] = {}
    assert largest_sum(formula, integers, arrays) == expected
    assert largest_sum(formula, integers, arrays) == expected, "with the arrays that were kept"
    assert largest_over(Simplex(range(3)), formula)(integers) == expected


def test_the_largest_value_over_a_simplex_of_many_outcomes() -> None:
    n = 5000
    rng = Random(1)
    features = tuple(tuple(rng.randint(-9, 9) for _ in range(n)) for _ in range(3))
    formula = Formula(n, features, (fm.Or(()),))
    largest = largest_over(Simplex(range(n)), formula)
    for _ in range(5):
        weights = [(Fraction(rng.randint(-5, 5) or 1, rng.randint(1, 7)), k) for k in range(3)]
        assert largest(weights) == max(sum(w * features[k][o] for w, k in weights) for o in range(n))
    assert feature_values(formula, [(7, ONE)]) == [Fraction(f[7]) for f in features]
