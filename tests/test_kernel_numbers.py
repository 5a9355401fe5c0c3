"""The kernel's numbers are exact: no float decides anything, wherever it is hidden."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from kernel_certificates import certificates
from kernel_oracle import HALF, THREE, claim, formulas

import prefcore as pc
from prefcore import formula as fm
from prefcore import kernel
from prefcore.axioms import UNIVERSAL
from prefcore.claims import Achievable, Axiom, Menu, Simplex
from prefcore.clauses import clauses_of
from prefcore.distribution import Distribution
from prefcore.evidence import (
    ClosedContours,
    Counterexample,
    Enumerated,
    Lemma,
    ProductLemma,
    Refutation,
    Step,
    ValueOrder,
)
from prefcore.formula import Formula
from prefcore.records import EvidenceRejected
from prefcore.relations import formula_of
from prefcore.trees import HistoryTree, Tabulation

BIG = 2**60


def almost_a_reward() -> Axiom:
    """Independence fails by a part in 2⁶⁰: in floats the two coefficients are one number."""
    assert float(BIG + 1) == float(BIG)
    preference = pc.relation(lambda A, B: BIG * A[1] <= (BIG + 1) * B[1])
    assert isinstance(pc.check(preference, THREE, axioms=["convex"])["convex"], pc.Refuted)
    return Axiom(formula_of(preference, THREE), "convex", Simplex(range(3)))


def slightly_different_payoffs() -> Axiom:
    """Independence fails because A's payoffs (1, 2⁶⁰) and B's (1 + 2⁻⁵², 2⁶⁰) differ by less than their float sum."""
    assert (1 + 2**-52) + 2.0**60 == 1 + 2.0**60
    u, v = {0: 0, 1: 1, 2: BIG}, {0: 0, 1: 1 + Fraction(1, 2**52), 2: BIG}
    preference = pc.relation(lambda A, B: A.expect(u) <= B.expect(v))
    assert isinstance(pc.check(preference, THREE, axioms=["convex"])["convex"], pc.Refuted)
    return Axiom(formula_of(preference, THREE), "convex", Simplex(range(3)))


NUMBERS = (1 + 2.0**-52, 1.0, 2.0**60, 2.0**-60)


@pytest.mark.parametrize("make", [almost_a_reward, slightly_different_payoffs])
def test_a_refutation_that_floats_would_accept(make: Any) -> None:
    about = make()
    system = clauses_of(UNIVERSAL["convex"], about.relation, False)
    assert system.clauses == [(1, 2), (-1, -2)]
    steps = (Step((), (2, 3, 0, 1)), Step((1,), (0, 2)), Step((), (4, 1, 3)))
    tried = 0
    for first, second in product(NUMBERS, repeat=2):
        for exactly in (True, False):
            weights: Any = (Fraction(first), Fraction(second)) if exactly else (first, second)
            for literals in ((-1, 2), (1, -2)):
                with pytest.raises(EvidenceRejected):
                    kernel.check(about, Refutation(False, (Lemma(literals, weights),), (Step((), (2, 0, 1)),)))
                tried += 1
            pair = (Lemma((-1, 2), weights), Lemma((1, -2), weights))
            for proof in (steps[:1], steps[1:], (Step((-1, 2), (3,)), Step((), (4, 0, 1)))):
                with pytest.raises(EvidenceRejected):
                    kernel.check(about, Refutation(False, pair, proof))
    assert tried == 64


def test_the_same_refutation_of_a_reward_is_accepted() -> None:
    """The control: with equal coefficients the lemmas hold, whatever common weight they carry."""
    preference = pc.relation(lambda A, B: (BIG + 1) * A[1] + A[2] / 3 <= (BIG + 1) * B[1] + B[2] / 3)
    about = Axiom(formula_of(preference, THREE), "total", Simplex(range(3)))
    for weight in (Fraction(1), Fraction(NUMBERS[0]), Fraction(BIG), Fraction(1, BIG)):
        lemma = Lemma((-1, -2), (weight, weight))
        good = Refutation(False, (lemma,), (Step((), (0, 1, 2)),))
        assert isinstance(kernel.check(about, good), pc.Proved)
        for changed in (weight + Fraction(1, 2**80), weight * (1 + Fraction(1, 2**52)), -weight, Fraction(0)):
            with pytest.raises(EvidenceRejected):
                kernel.check(about, replace(good, lemmas=(Lemma((-1, -2), (weight, changed)),)))


class Half(Fraction):
    pass


class Zero(int):
    pass


@pytest.mark.parametrize("weight", [1.0, 1, True, "1", None, math.nan, Half(1), Zero(1), [1], 1j])
def test_weights_in_memory_are_fractions(weight: Any) -> None:
    about, good = certificates()["refutation with lemmas"]
    assert good.lemmas
    for i, lemma in enumerate(good.lemmas):
        for k in range(len(lemma.weights)):
            weights = (*lemma.weights[:k], weight, *lemma.weights[k + 1 :])
            lemmas = (*good.lemmas[:i], Lemma(lemma.literals, weights), *good.lemmas[i + 1 :])
            with pytest.raises(EvidenceRejected):
                kernel.check(about, replace(good, lemmas=lemmas))


@pytest.mark.parametrize(
    "alpha", [0.5, 1, "1/2", None, math.nan, Half(1, 2), Fraction(0), Fraction(1), Fraction(-1, 2)]
)
def test_alphas_in_memory_are_fractions_in_the_open_interval(alpha: Any) -> None:
    about, good = certificates()["not consistent"]
    with pytest.raises(EvidenceRejected):
        kernel.check(about, replace(good, alpha=alpha))
    about, witnesses = certificates()["fixed witness"]
    if not isinstance(alpha, type(None)):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, replace(witnesses, alphas=(alpha,)))


@pytest.mark.parametrize("integer", [1.0, True, "1", None, Fraction(1), Zero(1)])
def test_literals_and_hints_in_memory_are_integers(integer: Any) -> None:
    about, good = certificates()["refutation with lemmas"]
    lemma, step = good.lemmas[0], good.steps[-1]
    for changed in (
        replace(good, lemmas=(replace(lemma, literals=(integer, *lemma.literals[1:])), *good.lemmas[1:])),
        replace(good, steps=(*good.steps[:-1], replace(step, hints=(integer, *step.hints)))),
        replace(good, steps=(Step((integer,), ()), *good.steps)),
        replace(good, definitions=integer if integer is not True else 1),
        replace(good, steps=list(good.steps)),
        replace(good, lemmas=[*good.lemmas]),
    ):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, changed)


def number_that_lies(numerator: Any, denominator: Any = 1) -> Fraction:
    forged = Fraction(1)
    forged._numerator, forged._denominator = numerator, denominator  # type: ignore[attr-defined]
    return forged


def test_a_fraction_with_a_float_inside_proves_nothing() -> None:
    about = almost_a_reward()
    for forged in (number_that_lies(1.0), number_that_lies(1, 1.0), number_that_lies(1.0, 1.0), number_that_lies(1.5)):
        for weights in ((forged, forged), (Fraction(1), forged), (forged, Fraction(1))):
            lemmas = (Lemma((-1, 2), weights), Lemma((1, -2), weights))
            for steps in ((Step((), (2, 0, 1)),), (Step((1,), (0, 2)), Step((), (4, 1, 3)))):
                with pytest.raises(EvidenceRejected):
                    kernel.check(about, Refutation(False, lemmas, steps))


def test_no_formula_holds_a_float() -> None:
    formula = formulas()["reward"]
    affine = next(i for i, node in enumerate(formula.nodes) if isinstance(node, fm.Affine))
    node = formula.nodes[affine]
    assert isinstance(node, fm.Affine)
    for features in (((0.0, 1, 3),), ((0, True, 3),), ((0, Fraction(1), 3),), [(0, 1, 3)], ((0, 1),)):
        with pytest.raises(ValueError):
            Formula(3, features, formula.nodes)  # type: ignore[arg-type]
    for changed in (fm.Affine(0.0, node.terms), fm.Affine(Fraction(0), ((1.0, 0), (Fraction(1), 1)))):  # type: ignore
        with pytest.raises(ValueError):
            Formula(3, formula.features, (*formula.nodes[:affine], changed, *formula.nodes[affine + 1 :]))


def forged_formula(outcomes: Any, features: Any, nodes: Any) -> Formula:
    """A formula that never passed its own checks, as an unpickled or hand-made one might be."""
    formula = object.__new__(Formula)
    for name, value in (("outcomes", outcomes), ("features", features), ("nodes", nodes)):
        object.__setattr__(formula, name, value)
    return formula


def test_a_formula_that_avoided_its_checks_is_checked_again() -> None:
    good = formulas()["reward"]
    evidence = certificates()["refutation by one step"][1]
    assert isinstance(kernel.check(Axiom(good, "convex", Simplex(range(3))), evidence), pc.Proved)
    floats = ((0.0, 1.0, 3.0),)
    coefficient = tuple(
        fm.Affine(0.0, tuple((float(w), i) for w, i in node.terms)) if isinstance(node, fm.Affine) else node  # type: ignore
        for node in good.nodes
    )
    cyclic = (*good.nodes[:-1], fm.Atom(">=", 40))
    for forged in (
        forged_formula(3, floats, good.nodes),
        forged_formula(3, good.features, coefficient),
        forged_formula(3, good.features, cyclic),
        forged_formula(3, good.features, list(good.nodes)),
        forged_formula(3, good.features, (*good.nodes, "true")),
        forged_formula(3.0, good.features, good.nodes),
    ):
        for proof in (evidence, ValueOrder(), Counterexample(Distribution.point(0), Distribution.point(1))):
            for axiom in ("convex", "total"):
                with pytest.raises(EvidenceRejected):
                    kernel.check(Axiom(forged, axiom, Simplex(range(3))), proof)


@pytest.mark.parametrize(
    "probabilities",
    [
        ({0: 0.5}, {0: math.nan}),
        ({0: math.nan}, {1: math.nan}),
        ({0: 0.5, 1: 0.5}, {2: 1.0}),
        ({0: Fraction(2), 1: Fraction(-1)}, {2: Fraction(1)}),
        ({0: Fraction(1, 3)}, {1: Fraction(1)}),
        ({}, {1: Fraction(1)}),
    ],
)
def test_a_distribution_that_avoided_its_checks_refutes_nothing(probabilities: tuple[Any, Any]) -> None:
    A, B = (Distribution._trusted(p) for p in probabilities)
    with pytest.raises(EvidenceRejected):
        kernel.check(claim("pareto", "total"), Counterexample(A, B))
    with pytest.raises(EvidenceRejected):
        kernel.check(claim("reward", "total"), Counterexample(A, B))
    with pytest.raises(EvidenceRejected):
        kernel.check(claim("strict", "reflexive"), Counterexample(A))


def test_a_fraction_with_a_negative_denominator_is_no_weight() -> None:
    """``1/-1`` compares as if it were positive: as a weight it would let a literal contradict itself."""
    formula = formula_of(pc.relation(lambda A, B: A.expect({0: 0, 1: 1, 2: 3}) <= 1), THREE)
    assert isinstance(formula, Formula)
    assert clauses_of(UNIVERSAL["total"], formula, False).clauses == [(-1,), (-2,)]
    itself = Lemma((-1, -1), (Fraction(1), number_that_lies(1, -1)))
    with pytest.raises(EvidenceRejected):
        kernel.check(Axiom(formula, "total", Simplex(range(3))), Refutation(False, (itself,), (Step((), (0, 1, 2)),)))


def test_a_fraction_with_a_negative_denominator_is_no_probability() -> None:
    """3 - 1 - 1 is one, yet no distribution: its expected payoff is 8, where no outcome has more than 3."""
    minus = number_that_lies(1, -1)
    reading = (fm.Feature(0, 0), fm.Affine(Fraction(3), ((Fraction(-1), 0),)), fm.Atom(">=", 1))
    about = Axiom(Formula(3, ((0, 1, 3),), reading), "reflexive", Simplex(range(3)))
    with pytest.raises(EvidenceRejected):
        kernel.check(about, Counterexample(Distribution._trusted({2: Fraction(3), 1: minus, 0: minus})))


def test_a_forged_distribution_gives_no_verdict_on_a_menu_either() -> None:
    twice = Distribution._trusted({0: Fraction(1), 1: Fraction(1)})
    less = Distribution._trusted({0: HALF})
    minus = Distribution._trusted({0: Fraction(2), 1: Fraction(-1)})
    for wrong in (twice, less, minus):
        about = Axiom(formulas()["reward"], "total", Menu((Distribution.point(0), wrong), range(3)))
        for evidence in (Enumerated(), ValueOrder(), Counterexample(wrong, Distribution.point(0))):
            with pytest.raises(EvidenceRejected):
                kernel.check(about, evidence)


def forged_tree(initial: Any, branches: Any, outcome: Any) -> HistoryTree:
    """A tree that never passed its own checks."""
    tree = object.__new__(HistoryTree)
    for name, value in (("initial", initial), ("branches", branches), ("outcome", outcome)):
        object.__setattr__(tree, name, value)
    return tree


@pytest.mark.parametrize(
    "parts",
    [
        (((0.5, 0), (0.5, 1)), (), (0, 1)),
        (((HALF, 0), (HALF, 5)), (), (0, 1)),
        (((HALF, 0), (HALF, -1)), (), (0, 1)),
        (((Fraction(1), 0),), (((((Fraction(1), 0),),)),), (0, 1)),  # a loop
        (((Fraction(1), 0),), ((),), (0, 1)),
        (((HALF, 0),), (), (0,)),
        (((Fraction(2), 0), (Fraction(-1), 1)), (), (0, 1)),
        (((Fraction(1), 0),), (), (3,)),
        (((Fraction(1), 0),), (), (-1,)),
        (((Fraction(1), 0),), (), (1.0,)),
        ((), (), ()),
    ],
)
def test_a_tree_that_avoided_its_checks_is_checked_again(parts: tuple[Any, Any, Any]) -> None:
    tree = forged_tree(*parts)
    process = Tabulation(tree, (), (), range(3))
    for evidence in (ValueOrder(), Counterexample(Distribution.point(0), policies=((),))):
        for axiom in ("total", "reflexive"):
            with pytest.raises(EvidenceRejected):
                kernel.check(Axiom(formulas()["reward"], axiom, Achievable(process)), evidence)


@pytest.mark.parametrize(
    "value", [(0.0, 1.0, 3.0), (0, 1, 3), ("0", "1", "3"), (Half(0), Half(1), Half(3)), (Fraction(1),) * 2, None, ()]
)
def test_the_value_of_a_dominance_is_a_fraction_for_each_outcome(value: Any) -> None:
    about, good = certificates()["risk averse"]
    with pytest.raises(EvidenceRejected):
        kernel.check(replace(about, value=value), good)
    about, bad = certificates()["averse to no risk"]
    with pytest.raises(EvidenceRejected):
        kernel.check(replace(about, value=value), bad)
    about, other = certificates()["value order, total"]
    with pytest.raises(EvidenceRejected, match="dominance"):
        kernel.check(replace(about, value=(Fraction(0),) * 3), other)


def test_a_product_of_a_high_degree_is_refused_before_its_draws_are_counted() -> None:
    system_of = formula_of(pc.relation(lambda A, B: A.expect({0: 0, 1: 1, 2: 3}) * B[0] <= 1), THREE)
    assert isinstance(system_of, Formula)
    lemma = ProductLemma((-1,), (((Fraction(1), ((0, 0),) * 40),),))
    with pytest.raises(EvidenceRejected, match="degree"):
        kernel.check(Axiom(system_of, "total", Simplex(THREE)), Refutation(True, (lemma,), (Step((), (0,)),)))


def test_case_distinctions_in_themselves_are_refused_before_they_are_drawn_out() -> None:
    nodes: list[Any] = [fm.Feature(0, 0), fm.Atom(">", 0)]
    for _ in range(60):
        nodes.append(fm.If(1, len(nodes) - 1 if len(nodes) > 2 else 0, len(nodes) - 1 if len(nodes) > 2 else 0))
    nodes.append(fm.Atom(">=", len(nodes) - 1))
    nested = Formula(3, ((0, 1, 3),), tuple(nodes))
    refutation = Refutation(True, (), (Step((), (0,)),))
    with pytest.raises(EvidenceRejected, match="too many case distinctions"):
        kernel.check(Axiom(nested, "continuous", Simplex(THREE)), ClosedContours(refutation, refutation))
