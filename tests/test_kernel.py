"""The kernel: what it accepts is true, whatever the evidence; what it is given, it answers or rejects."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_certificates import LABELS, REFUTING, accepted, certificates, text_of
from kernel_oracle import DOMINANCE, HALF, PAYOFF, claim, disproved, formulas, refutes

import prefcore as pc
from prefcore import evidence as ev
from prefcore import kernel
from prefcore.axioms import AXIOMS
from prefcore.claims import Achievable, Axiom, BlackBox, Menu, Simplex
from prefcore.distribution import Distribution
from prefcore.evidence import (
    Both,
    ClosedAndTotal,
    ClosedContours,
    Counterexample,
    Cycle,
    EndPoints,
    Enumerated,
    FixedWitnesses,
    Lemma,
    Potential,
    ProductLemma,
    Refutation,
    Split,
    Step,
    Through,
    ValueOrder,
)
from prefcore.records import EvidenceRejected, from_json, to_json


def test_the_certificates_cover_every_kind_of_evidence() -> None:
    kinds = {type(evidence) for _, evidence in certificates().values()}
    assert kinds == set(ev.AxiomEvidence.__args__)
    assert {about.axiom for about, _ in certificates().values()} == set(AXIOMS)
    assert {type(about.domain) for about, _ in certificates().values()} == {Simplex, Menu, Achievable}
    assert any(e.definitions and e.lemmas for _, e in certificates().values() if isinstance(e, Refutation))


@pytest.mark.parametrize("label", LABELS)
def test_valid_evidence_is_accepted_and_true(label: str) -> None:
    about, evidence = certificates()[label]
    verdict = kernel.check(about, evidence)
    if isinstance(evidence, REFUTING):
        assert type(verdict) is pc.Refuted
        assert refutes(about, evidence)
    else:
        assert type(verdict) is pc.Proved
        assert disproved(about) is None
    assert verdict.claim is about and verdict.evidence is evidence


@pytest.mark.parametrize("label", LABELS)
def test_json_round_trip(label: str) -> None:
    about, evidence = certificates()[label]
    text = to_json(about, evidence)
    stored_claim, stored = from_json(text)
    assert stored == evidence
    assert stored_claim.relation == about.relation and stored_claim.axiom == about.axiom
    assert to_json(stored_claim, stored) == text
    assert type(kernel.check(stored_claim, stored)) is type(kernel.check(about, evidence))


KNOWN: dict[tuple[Any, ...], bool] = {}


def unbroken(about: Axiom) -> bool:
    """Whether brute force finds nothing against the claim; each claim is tried once."""
    domain = about.domain
    where = domain.lotteries if isinstance(domain, Menu) else None
    where = domain.process.tree if isinstance(domain, Achievable) else where
    key = about.relation, about.axiom, about.value, where
    if key not in KNOWN:
        KNOWN[key] = disproved(about) is None
    return KNOWN[key]


@pytest.mark.parametrize("label", LABELS)
def test_evidence_serves_no_other_axiom_that_fails(label: str) -> None:
    about, evidence = certificates()[label]
    for name in formulas():
        for axiom in AXIOMS:
            other = claim(name, axiom, about.domain)
            try:
                verdict = kernel.check(other, evidence)
            except EvidenceRejected:
                continue
            if isinstance(verdict, pc.Proved):
                assert unbroken(other), (name, axiom)
            else:
                assert refutes(other, evidence), (name, axiom)


# -- every single mutation --------------------------------------------------------------------------------------------


RECORDS = ["Counterexample", "Refutation", "ValueOrder", "Lemma", "Step", "EndPoints", "Both", "ConditionHolds", "Max"]
RECORDS += ["Min", "And", "Or", "Not", "Atom", "Feature", "Affine", "Product", "If", "Formula", "Simplex", "Axiom"]
RECORDS += ["Quotient", "Split", "Through", "Cycle", "Enumerated", "ClosedContours", "Menu", "Achievable"]
RECORDS += ["HistoryTree", "Tabulation", "Potential", "ProductLemma"]


def others(node: Any) -> Iterator[Any]:
    """What may stand in the place of a JSON value."""
    yield from (None, 0.5, 1.0, "x", "", [], {}, [node], {"kind": "ValueOrder"})
    if isinstance(node, bool):
        yield not node
        yield int(node)
    elif isinstance(node, int):
        yield from (node + 1, node - 1, -node - 1, 10**30, -(10**30), True, str(node), float(node))
    elif isinstance(node, str):
        if node and (node[0].isdigit() or node[0] == "-"):
            yield from ("0", "1", "-1", "1/2", "-1/3", "7/5", "1000000000000000000000", f"-{node}".replace("--", ""))
            yield from ("1/0", "2/4", f"{node}/1", float(Fraction(node)))
        elif node in (">=", ">", "="):
            yield from ({">=", ">", "=", "<", "!="} - {node})
        elif node in AXIOMS:
            yield from (axiom for axiom in AXIOMS if axiom != node)
        else:
            yield from (kind for kind in RECORDS if kind != node)
    elif isinstance(node, (list, dict)):
        yield from (0, True, "1")


def mutations(node: Any) -> Iterator[Any]:
    """Every tree that differs from this one in a single place."""
    yield from others(node)
    if isinstance(node, list):
        for i, item in enumerate(node):
            yield node[:i] + node[i + 1 :]
            yield [*node[: i + 1], *node[i:]]
            if i:
                yield [*node[: i - 1], item, node[i - 1], *node[i + 1 :]]
            for changed in mutations(item):
                yield [*node[:i], changed, *node[i + 1 :]]
        yield node[::-1]
        yield [*node, 0]
    elif isinstance(node, dict):
        yield {**node, "comment": "x"}
        for key, item in node.items():
            yield {k: v for k, v in node.items() if k != key}
            yield {(f"{k}_" if k == key else k): v for k, v in node.items()}
            for changed in mutations(item):
                yield {**node, key: changed}


def test_mutations_are_many_and_different() -> None:
    tree = json.loads(text_of("not total"))["evidence"]
    found = {json.dumps(x) for x in mutations(tree)} - {json.dumps(tree)}
    assert len(found) > 200


@pytest.mark.parametrize("label", LABELS)
def test_mutated_evidence_is_rejected_or_proves_the_same(label: str) -> None:
    about, evidence = certificates()[label]
    body = json.loads(text_of(label))
    meaning = type(kernel.check(about, evidence))
    rejected = 0
    for mutated in mutations(body["evidence"]):
        verdict = accepted(json.dumps({**body, "evidence": mutated}))
        if verdict is None:
            rejected += 1
            continue
        assert type(verdict) is meaning, mutated
        assert isinstance(verdict.claim, Axiom)
        assert verdict.claim.relation == about.relation and verdict.claim.axiom == about.axiom
        if isinstance(verdict, pc.Refuted):
            assert refutes(verdict.claim, verdict.evidence), mutated
    least = 10 if isinstance(evidence, (Enumerated, ValueOrder, ClosedContours)) else 20
    assert rejected > least


@pytest.mark.parametrize("label", LABELS)
def test_a_mutated_claim_is_proved_only_if_it_is_true(label: str) -> None:
    body = json.loads(text_of(label))
    proved = 0
    for mutated in mutations(body["claim"]):
        verdict = accepted(json.dumps({**body, "claim": mutated}))
        if verdict is None:
            continue
        assert isinstance(verdict.claim, Axiom)
        if isinstance(verdict, pc.Refuted):
            assert refutes(verdict.claim, verdict.evidence), mutated
            continue
        proved += 1
        if proved <= 8 or proved % 10 == 0:  # brute force is slow
            assert unbroken(verdict.claim), mutated


def test_mutations_of_the_frame() -> None:
    body = json.loads(text_of("closed by value"))
    for mutated in (*others(body), {k: v for k, v in body.items() if k != "format"}, {**body, "more": 1}):
        assert accepted(json.dumps(mutated)) is None
    for kind in ("prefcore-certificate/2", "", None, 1, "prefcore-certificate/1 "):
        assert accepted(json.dumps({**body, "format": kind})) is None
    text = json.dumps(body)
    assert accepted(text) is not None
    assert accepted(text.replace('"axiom":', '"axiom": "total", "axiom":')) is None, "a repeated field"
    assert accepted(text + " ") is not None and accepted(text + "]") is None and accepted(text * 2) is None


def test_a_zero_denominator_is_rejected() -> None:
    text = text_of("refutation by one step")
    assert text.count('"-1"') and accepted(text) is not None
    assert accepted(text.replace('"-1"', '"1/0"', 1)) is None


@pytest.mark.parametrize("label", LABELS)
def test_every_number_as_a_float_is_rejected_in_json(label: str) -> None:
    text = text_of(label)
    for part in ("claim", "evidence"):

        def as_floats(node: Any, at: list[int]) -> Any:
            """The tree with its at[0]-th number turned into a float."""
            if isinstance(node, dict):
                return {k: as_floats(v, at) for k, v in node.items()}
            if isinstance(node, list):
                return [as_floats(v, at) for v in node]
            exact_text = isinstance(node, str) and node.lstrip("-")[:1].isdigit()
            if isinstance(node, bool) or not (isinstance(node, int) or exact_text):
                return node
            at[0] -= 1
            return float(Fraction(node)) if at[0] == -1 else node

        body = json.loads(text)
        for k in range(10_000):
            at = [k]
            changed = {**body, part: as_floats(body[part], at)}
            if at[0] >= 0:
                break
            assert accepted(json.dumps(changed)) is None
    for word in ("NaN", "Infinity", "-Infinity", "1e5", "1.0", "1E400"):
        assert accepted(text.replace('"evidence":{', f'"evidence":{{"x":{word},', 1)) is None
        assert accepted(word) is None


@pytest.mark.parametrize(
    "number", ["2/4", "-0", "1/1", "01", "+1/2", " 1/2", "1/2 ", "0.5", "½", "١/٢", "1/-2", "--1", "", "/2"]
)
def test_a_number_is_written_in_one_way(number: str) -> None:
    text = text_of("not consistent")
    alpha = str(certificates()["not consistent"][1].alpha)
    assert f'"alpha":"{alpha}"' in text
    assert accepted(text.replace(f'"alpha":"{alpha}"', f'"alpha":{json.dumps(number)}')) is None


@pytest.mark.parametrize("label", LABELS)
def test_an_unknown_or_missing_field_is_rejected_everywhere(label: str) -> None:
    def changed(node: Any) -> Iterator[Any]:
        if isinstance(node, list):
            for i, item in enumerate(node):
                yield from ([*node[:i], x, *node[i + 1 :]] for x in changed(item))
        if isinstance(node, dict):
            yield {**node, "comment": "x"}
            for key, item in node.items():
                yield {k: v for k, v in node.items() if k != key}
                yield from ({**node, key: x} for x in changed(item))

    body = json.loads(text_of(label))
    for different in changed(body):
        assert accepted(json.dumps(different)) is None


# -- anything at all gives a verdict or a rejection -------------------------------------------------------------------


json_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["1/2", "0", "-1", "1/0", ">=", "=", *AXIOMS, *RECORDS]),
)
names = st.sampled_from(
    [
        "kind",
        "A",
        "B",
        "C",
        "alpha",
        "lemmas",
        "steps",
        "definitions",
        "clause",
        "hints",
        "literals",
        "weights",
        "relation",
        "axiom",
        "domain",
        "outcomes",
        "features",
        "nodes",
        "refutation",
        "total",
        "alphas",
        "policy",
    ]
)
trees = st.recursive(
    json_leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(names, st.text(max_size=3)), inner, max_size=4),
        st.tuples(st.sampled_from(RECORDS), inner).map(lambda p: {"kind": p[0], "literals": p[1], "weights": p[1]}),
    ),
    max_leaves=12,
)
fuzz = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(trees, st.sampled_from(["all", "claim", "evidence", "relation"]), st.sampled_from(LABELS))
@fuzz
def test_any_json_gives_a_verdict_or_a_rejection(tree: Any, place: str, label: str) -> None:
    body = json.loads(text_of(label))
    if place == "all":
        body = tree
    elif place == "relation":
        body["claim"]["relation"] = tree
    else:
        body[place] = tree
    verdict = accepted(json.dumps(body))
    assert verdict is None or type(verdict) in (pc.Proved, pc.Refuted)


@given(st.text(max_size=60))
@fuzz
def test_any_text_is_rejected(text: str) -> None:
    assert accepted(text) is None


@pytest.mark.parametrize("label", ["both", "not convex"])
def test_every_truncation_is_rejected(label: str) -> None:
    text = text_of(label)
    for k in range(len(text)):
        assert accepted(text[:k]) is None
    for k in range(0, len(text), 3):
        verdict = accepted(text[:k] + text[k + 1 :])
        assert verdict is None or type(verdict) is type(accepted(text))


@pytest.mark.parametrize("opening", ["[", '{"kind":', '{"claim":', "[[],", '{"a":{"b":['])
def test_deep_nesting_is_rejected(opening: str) -> None:
    body = json.loads(text_of("not total"))
    for depth in (50, 900, 5_000, 100_000):
        deep = opening * depth
        assert accepted(deep) is None
        closing = deep[::-1].translate(str.maketrans("[{", "]}", ':",abcdeiklmnd'))
        closed = f"{deep}0{closing}" if set(opening) == {"["} else deep
        assert accepted(closed) is None
        for part in ("claim", "evidence"):
            marked = json.dumps({**body, part: "HERE"})
            assert accepted(marked.replace('"HERE"', closed)) is None


def test_huge_numbers_are_rejected_or_decided() -> None:
    text = text_of("not total")
    digits = "9" * 5_000
    for number in (digits, f"-{digits}", f'"{digits}"', f'"1/{digits}"', "1" + "0" * 4_000):
        for place in ('"domain":3', '"outcomes":3', '"term":2', '"constant":"0"'):
            assert place in text
            key = place.split(":")[0]
            verdict = accepted(text.replace(place, f"{key}:{number}", 1))
            assert verdict is None or isinstance(verdict, pc.Refuted)


class Odd:
    """Answers everything, none of it true."""

    relation = formula = outcomes = nodes = features = axiom = domain = lemmas = steps = property(lambda self: self)

    def __getattr__(self, name: str) -> Any:
        return self

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self, self))

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __call__(self, *arguments: Any) -> Any:
        return self


class Angry:
    """Raises whatever is done with it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __len__(self) -> int:
        raise OverflowError

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __hash__(self) -> int:
        raise RecursionError

    def __repr__(self) -> str:
        raise MemoryError


class Infinite(list[int]):
    def __len__(self) -> int:
        return sys.maxsize


class MyAxiom(Axiom):
    pass


# Angry comes last, Odd before it: neither lets itself be compared.
WRONG: tuple[Any, ...] = (
    *(None, 0, -1, 1.5, math.nan, True, "total", b"x", (), [], {}, object(), type, Axiom),
    *(Odd(), Angry()),
)
TOTAL, ODD = 6, len(WRONG) - 2


@pytest.mark.parametrize("position", range(len(WRONG)))
def test_claims_of_the_wrong_type_are_rejected(position: int) -> None:
    wrong = WRONG[position]
    evidence = ValueOrder()
    formula = formulas()["reward"]
    domain = Simplex(range(3))
    for about in (
        wrong,
        Axiom(wrong, "total", domain),
        Axiom(formula, "TOTAL" if wrong is WRONG[TOTAL] else wrong, domain),
        Axiom(formula, "total", wrong),
        Axiom(formula, "total", domain, wrong) if wrong is not None else None,
        Axiom(formula, "monotone", domain, wrong),
        Axiom(formula, "monotone", domain, (Fraction(0), wrong, Fraction(1))),
        Axiom(formula, "total", Menu(wrong, range(3))),
        Axiom(formula, "total", Menu((wrong,), range(3))),
        Axiom(formula, "total", Achievable(wrong)),
        Axiom(formula, "total", Achievable(replace(certificates()["achieved: a jump"][0].domain.process, tree=wrong))),
        Axiom(formula, "total", Simplex(wrong)) if position != ODD else None,
        Axiom(BlackBox("x", wrong, "y"), "total", domain),
        MyAxiom(formula, "total", domain),
        pc.Optimal(wrong, formula, ((Fraction(1),),)),
        pc.Optimal(wrong, wrong, wrong),
    ):
        for proof in (evidence, Enumerated(), certificates()["not total"][1]):
            with pytest.raises(EvidenceRejected):
                kernel.check(about, proof)


@pytest.mark.parametrize("position", range(len(WRONG)))
def test_evidence_of_the_wrong_type_is_rejected(position: int) -> None:
    wrong = WRONG[position]
    about = claim("tie", "transitive")
    good = certificates()["refutation with lemmas"][1]
    for evidence in (
        wrong,
        Refutation(wrong, good.lemmas, good.steps) if type(wrong) is not bool else wrong,
        Refutation(False, wrong, good.steps),
        Refutation(False, good.lemmas, wrong),
        Refutation(False, (wrong,), good.steps),
        Refutation(False, good.lemmas, (wrong,)),
        Refutation(False, (Lemma(wrong, (Fraction(1),)),), good.steps),
        Refutation(False, (Lemma((1,), wrong),), good.steps),
        Refutation(False, good.lemmas, (Step(wrong, ()),)),
        Refutation(False, good.lemmas, (Step((), wrong),)),
        Both(wrong, wrong),
        ClosedAndTotal(wrong, None),
        ClosedAndTotal(ValueOrder(), wrong),
        EndPoints(wrong),
        FixedWitnesses(wrong, good),
        FixedWitnesses((wrong,), good),
        Counterexample(wrong, wrong, wrong, wrong),
        Counterexample(Distribution.point(0), Distribution.point(1), policies=wrong)
        if type(wrong) is not tuple
        else None,
        Counterexample(Distribution.point(0), Distribution.point(1), policies=(wrong,)),
        Cycle(wrong),
        Cycle((Distribution.point(0), wrong)),
        Split(wrong),
        Potential(wrong, True, good),
        Potential(0, wrong, good) if type(wrong) is not bool else None,
        Potential(0, True, wrong),
        Refutation(False, (ProductLemma(wrong, (((Fraction(1), ()),),)),), good.steps),
        Refutation(False, (ProductLemma((1,), wrong),), good.steps),
        Refutation(False, (ProductLemma((1,), (wrong,)),), good.steps) if type(wrong) is not tuple else None,
        Refutation(False, (ProductLemma((1,), ((wrong,),)),), good.steps),
        Refutation(False, (ProductLemma((1,), (((wrong, ()),),)),), good.steps),
        Refutation(False, (ProductLemma((1,), (((Fraction(1), (wrong,)),),)),), good.steps),
        Refutation(False, (ProductLemma((1,), (((Fraction(1), ((0, wrong),)),),)),), good.steps),
        Through(wrong, good),
        Through("transitive", wrong),
        ClosedContours(wrong, None) if wrong is not None else None,
        ClosedContours(None, wrong) if wrong is not None else None,
        Counterexample(Distribution.point(0), wrong, wrong),
    ):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, evidence)


def test_a_counterexample_stays_in_the_domain_and_has_the_lotteries_it_needs() -> None:
    x, y, out = Distribution.point(0), Distribution.point(1), Distribution.point("elsewhere")
    about = claim("pareto", "total")
    assert isinstance(kernel.check(about, Counterexample(x, y)), pc.Refuted)
    for evidence in (
        Counterexample(x),
        Counterexample(x, None, y),
        Counterexample(x, y, x),
        Counterexample(x, y, None, HALF),
        Counterexample(x, out),
        Counterexample(out, y),
        Counterexample(x, Distribution({1: HALF, "elsewhere": HALF})),
        Counterexample(x, x),
    ):
        with pytest.raises(EvidenceRejected):
            kernel.check(about, evidence)
    for domain in (
        Simplex(range(2)),
        Simplex(range(4)),
        Simplex(()),
        Simplex(range(10**30)),
        Simplex(Infinite([0, 1])),
    ):
        with pytest.raises(EvidenceRejected):
            kernel.check(Axiom(about.relation, "total", domain), Counterexample(x, y))


def test_a_black_box_is_refuted_by_its_answers_and_never_proved() -> None:
    x, y = Distribution.point(0), Distribution.point(1)
    never = Axiom(BlackBox("never", lambda A, B: False, ""), "total", Simplex(range(3)))
    assert isinstance(kernel.check(never, Counterexample(x, y)), pc.Refuted)
    always = Axiom(BlackBox("always", lambda A, B: True, ""), "total", Simplex(range(3)))
    for evidence in (Counterexample(x, y), ValueOrder(), Refutation(False, (), (Step((), ()),))):
        with pytest.raises(EvidenceRejected):
            kernel.check(always, evidence)
    for _, evidence in certificates().values():
        if not isinstance(evidence, REFUTING):
            for axiom in AXIOMS:
                value = PAYOFF if axiom in DOMINANCE else None
                with pytest.raises(EvidenceRejected):
                    kernel.check(replace(always, axiom=axiom, value=value), evidence)
    with pytest.raises(EvidenceRejected):  # finitely many answers never refute "there is an α"
        kernel.check(replace(never, axiom="interpolation"), Counterexample(x, y, x))

    def raises(A: Any, B: Any) -> bool:
        raise KeyError("mine")

    for answer in (raises, lambda A, B: None, lambda A, B: 0, lambda A, B: [], lambda: False):
        with pytest.raises(EvidenceRejected):
            kernel.check(replace(never, relation=BlackBox("x", answer, "")), Counterexample(x, y))


# -- what the trusted code loads --------------------------------------------------------------------------------------


FORBIDDEN = ("z3", "numpy", "scipy", "highspy", "flint", "hypothesis", "cvxpy", "matplotlib", "sympy", "torch")


@pytest.mark.parametrize("module", ["prefcore.kernel", "prefcore"])
def test_importing_loads_no_finder_and_no_library_of_theirs(module: str) -> None:
    loaded = f"[m for m in sys.modules if m.split('.')[0] in {FORBIDDEN} or m.startswith('prefcore.search')]"
    code = f"import sys, {module}; print(*{loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
