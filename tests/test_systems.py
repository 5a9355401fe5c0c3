"""Linear systems, comparisons and representations in the kernel: what it accepts of them is true."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_certificates import accepted
from kernel_oracle import HALF, U, V, W, formulas, holds
from systems_oracle import (
    EXPECTED,
    LABELS,
    ONE,
    ZERO,
    A,
    B,
    C,
    D,
    F,
    certificates,
    gains,
    lexicographic,
    motzkin,
    point,
    proof,
    representation,
    row,
    solvable,
    true,
    vector,
)
from test_kernel import mutations

import prefcore as pc
from prefcore import kernel
from prefcore.certificates import load_certificate, save_certificate
from prefcore.claims import Claim, HasUtility, Represents, Solvable
from prefcore.comparisons import Comparisons, system_of
from prefcore.evidence import Counterexample, Evidence, Refutation, ValueOrder
from prefcore.records import EvidenceRejected, from_json, to_json
from prefcore.stochastic import Enumerated
from prefcore.systems import LinearSystem, Motzkin, Point, Row
from prefcore.verdicts import about
from solvers.__main__ import main


def test_there_are_certificates_of_every_new_kind() -> None:
    listed = [(type(claim), type(evidence), EXPECTED[label]) for label, (claim, evidence) in certificates().items()]
    for claim in (HasUtility, Solvable):
        assert {(claim, Point, pc.Proved), (claim, Motzkin, pc.Refuted)} <= set(listed)
    assert {(Represents, Refutation, pc.Proved), (Represents, Counterexample, pc.Refuted)} <= set(listed)
    domains = {(type(c.domain), EXPECTED[x]) for x, (c, _) in certificates().items() if isinstance(c, Represents)}
    assert len(domains) == 6


@pytest.mark.parametrize("label", LABELS)
def test_certificates_are_accepted_and_true(label: str) -> None:
    claim, evidence = certificates()[label]
    verdict = kernel.check(claim, evidence)
    assert type(verdict) is EXPECTED[label]
    assert true(claim) is isinstance(verdict, pc.Proved)
    assert about(claim) in repr(verdict)
    with pytest.raises(TypeError, match="truth value"):
        bool(verdict)


@pytest.mark.parametrize("label", LABELS)
def test_json_round_trip(label: str, tmp_path: Path) -> None:
    claim, evidence = certificates()[label]
    text = to_json(claim, evidence)
    stored_claim, stored = from_json(text)
    assert stored == evidence and to_json(stored_claim, stored) == text
    path = save_certificate(kernel.check(claim, evidence), tmp_path / "certificate.json")
    assert type(load_certificate(path)) is type(load_certificate(path, claim)) is EXPECTED[label]
    for other, (different, _) in certificates().items():
        if different != claim:
            with pytest.raises(EvidenceRejected, match="another claim"):
                load_certificate(path, different)
        assert (different == claim) is (other == label)


# Each mutation, or of the evidence that has thousands every seventh, and the others among the long tests.
MANY = ("represented on a menu", "represented by a vector", "represented by half", "represented where achieved")
SOME_OR_ALL = [
    *((label, 7 if label in MANY else 1) for label in LABELS),
    *(pytest.param(label, 1, marks=pytest.mark.slow) for label in MANY),
]


@pytest.mark.parametrize("label, every", SOME_OR_ALL)
def test_mutated_evidence_is_rejected_or_shows_the_same(label: str, every: int) -> None:
    claim, evidence = certificates()[label]
    body = json.loads(to_json(claim, evidence))
    rejected = 0
    for mutated in islice(mutations(body["evidence"]), 0, None, every):
        verdict = accepted(json.dumps({**body, "evidence": mutated}))
        rejected += verdict is None
        assert verdict is None or type(verdict) is EXPECTED[label], mutated
    assert rejected > 40


@pytest.mark.parametrize("label, every", SOME_OR_ALL)
def test_a_mutated_claim_is_decided_only_as_it_is(label: str, every: int) -> None:
    """Whatever is accepted of a claim that differs in one place is what an independent oracle says of that claim."""
    body = json.loads(to_json(*certificates()[label]))
    known: dict[str, bool] = {}
    accepted_claims = 0
    for mutated in islice(mutations(body["claim"]), 0, None, every):
        text = json.dumps({**body, "claim": mutated})
        verdict: Any = accepted(text)
        if verdict is None:
            continue
        accepted_claims += 1
        written = to_json(verdict.claim, verdict.evidence)
        if isinstance(verdict.claim, Represents) and isinstance(verdict, pc.Refuted):
            a, b = (
                tuple(x[o] for o in range(len(verdict.claim.domain.outcomes)))
                for x in (verdict.evidence.A, verdict.evidence.B)
            )
            assert holds(verdict.claim.relation, a, b) is not lexicographic(verdict.claim.utilities, a, b), mutated
            continue
        if written not in known and (accepted_claims <= 60 or accepted_claims % 5 == 0):
            known[written] = true(verdict.claim)
        assert known.get(written, isinstance(verdict, pc.Proved)) is isinstance(verdict, pc.Proved), mutated
    assert accepted_claims < 1000


@pytest.mark.parametrize("label", LABELS)
def test_every_evidence_on_every_claim_shows_only_what_is_true(label: str) -> None:
    _, evidence = certificates()[label]
    utilities = [x for k in range(3) for x in product(vector(U, V, W), repeat=k)]
    claims: list[Claim] = [claim for claim, _ in certificates().values()]
    claims += [representation(name, chosen) for name in formulas() for chosen in utilities]
    truth: dict[int, bool] = {}
    for k, claim in enumerate(claims):
        try:
            verdict = kernel.check(claim, evidence)
        except EvidenceRejected:
            continue
        truth[k] = true(claim)
        assert truth[k] is isinstance(verdict, pc.Proved), claim
    assert truth


# -- small systems, completely ----------------------------------------------------------------------------------------


numbers = st.sampled_from([F(x) for x in (-2, -1, 0, 0, 0, 1, 1, 2)] + [HALF, F(-1, 3)])


@st.composite
def systems(draw: st.DrawFn) -> LinearSystem:
    n = draw(st.integers(0, 3))
    terms = st.lists(st.tuples(st.integers(0, max(0, n - 1)), numbers), max_size=3 if n else 0).map(tuple)
    rows = st.lists(st.tuples(terms, numbers), max_size=2).map(tuple)
    return LinearSystem(n, draw(rows), draw(rows), draw(rows))


@given(systems(), st.data())
@settings(max_examples=300, deadline=None)
def test_small_evidence_about_small_systems(system: LinearSystem, data: st.DataObject) -> None:
    """A variable may occur twice in a row, and a row twice among the weights: they are added up."""
    chosen = [
        data.draw(st.lists(st.tuples(st.integers(-1, 2), numbers), max_size=3).map(tuple))
        for _ in (system.strict, system.weak, system.equal)
    ]
    values = tuple(data.draw(st.lists(numbers, min_size=system.variables, max_size=system.variables)))
    for evidence in (Motzkin(*chosen), Point(values)):
        try:
            verdict = kernel.check(Solvable(system), evidence)
        except EvidenceRejected:
            if isinstance(evidence, Point):
                assert not satisfied(system, values)
            else:
                assert not contradictory(system, chosen)
            continue
        assert isinstance(verdict, pc.Proved) is solvable(system)


def satisfied(system: LinearSystem, values: Sequence[Fraction]) -> bool:
    def excess(rows: Sequence[Row]) -> list[Fraction]:
        return [sum((c * values[i] for i, c in terms), -bound) for terms, bound in rows]

    strict, weak, equal = map(excess, (system.strict, system.weak, system.equal))
    return min([ONE, *strict]) > 0 and min([ZERO, *weak]) >= 0 and not any(equal)


def contradictory(system: LinearSystem, chosen: Sequence[Sequence[tuple[int, Fraction]]]) -> bool:
    """By the definition: one weight a row."""
    columns = [ZERO] * system.variables
    total = ZERO
    positive = False
    for kind, (rows, weights) in enumerate(zip((system.strict, system.weak, system.equal), chosen, strict=True)):
        if any(not 0 <= i < len(rows) or (w < 0 and kind < 2) for i, w in weights):
            return False
        for k, (terms, bound) in enumerate(rows):
            weight = sum((w for i, w in weights if i == k), ZERO)
            positive |= kind == 0 and weight > 0
            total += weight * bound
            for i, c in terms:
                columns[i] += weight * c
    return not any(columns) and (total > 0 or (total == 0 and positive))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparisons:
    shares = st.sampled_from([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (1, 1, 1), (3, 1, 0), (1, 2, 5)])
    lottery = shares.map(lambda w: D({o: F(x, sum(w)) for o, x in zip("äb☃", w, strict=True) if x}))
    pairs = st.lists(st.tuples(lottery, lottery), max_size=3)
    return Comparisons(draw(pairs), draw(pairs), tuple("äb☃"))


@given(comparisons(), st.data())
@settings(max_examples=300, deadline=None)
def test_small_evidence_about_small_comparisons(data: Comparisons, drawn: st.DataObject) -> None:
    weights = [
        tuple((i, drawn.draw(st.sampled_from([ZERO, ONE, F(2), HALF]))) for i in range(len(pairs)))
        for pairs in (data.strict, data.weak)
    ]
    values = tuple(drawn.draw(st.lists(numbers, min_size=3, max_size=3)))
    system = gains(data)
    for evidence in (Motzkin(*weights), Point(values)):
        try:
            verdict = kernel.check(HasUtility(data), evidence)
        except EvidenceRejected:
            if isinstance(evidence, Point):
                assert not satisfied(system, values)
            else:
                assert not contradictory(system, [*weights, ()])
            continue
        assert isinstance(verdict, pc.Proved) is solvable(system)
        assert to_json(*from_json(to_json(verdict.claim, evidence))) == to_json(verdict.claim, evidence)


# -- forgeries --------------------------------------------------------------------------------------------------------


def forged(numerator: Any, denominator: Any) -> Fraction:
    """A Fraction that no arithmetic gives."""
    made: Any = object.__new__(Fraction)
    made._numerator, made._denominator = numerator, denominator
    return made


class Half(Fraction):
    pass


BAD: list[Any] = [1.0, 0.5, 1, True, "1", None, 1j, float("nan"), forged(1, -1), forged(2, 2), forged(1, 0)]
BAD += [forged(1.0, 1), forged(True, 1), forged(1, 2.0), Half(1), (ONE,), [ONE]]
CLASH = LinearSystem(1, (row(1),), (row(-1),))


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_numbers_that_are_not_exact_are_rejected(bad: Any) -> None:
    clash = HasUtility(Comparisons([(A, B)], [(B, A)]))
    assert isinstance(kernel.check(clash, motzkin([(0, 1)], [(0, 1)])), pc.Refuted)
    assert isinstance(kernel.check(Solvable(CLASH), motzkin([(0, 1)], [(0, 1)])), pc.Refuted)
    lottery = object.__new__(pc.Distribution)
    object.__setattr__(lottery, "_probabilities", {0: bad})
    object.__setattr__(lottery, "_hash", 0)
    claims: list[tuple[Any, Any]] = [
        (claim, evidence)
        for claim in (clash, Solvable(CLASH))
        for evidence in (
            Motzkin(((0, bad),), ((0, ONE),)),
            Motzkin(((0, ONE),), ((0, bad),)),
            Motzkin(((0, ONE),), ((0, ONE),), ((0, bad),)),
            Motzkin(((bad, ONE),), ((0, ONE),)) if type(bad) is not int else None,
            Motzkin(bad, ((0, ONE),)),
            Point((bad, ONE)),
            Point((bad,)),
        )
    ]
    claims += [
        (HasUtility(Comparisons([(lottery, B)])), Point((ZERO, ONE))),
        (HasUtility(Comparisons([(B, lottery)], outcomes=(0, 1))), Point((ONE, ZERO))),
        (HasUtility(Comparisons([], [(B, lottery)], outcomes=(0, 1))), Point((ONE, ZERO))),
        (Solvable(LinearSystem(1, ((((0, bad),), ZERO),))), Point((ONE,))),
        (Solvable(LinearSystem(1, ((((0, ONE),), bad),))), Point((F(10),))),
        (Solvable(LinearSystem(1, (), (), ((((0, bad),), ZERO),))), Point((ZERO,))),
        (Solvable(LinearSystem(1, (((bad, ONE),),))), Point((ONE,))),
        (Solvable(LinearSystem(bad)) if type(bad) is not int else None, Point((ZERO,))),
        (representation("reward", ((ZERO, bad, F(3)),)), proof(representation("reward", vector(U)))),
    ]
    for claim, evidence in claims:
        with pytest.raises(EvidenceRejected):
            kernel.check(claim, evidence)


def test_what_is_no_distribution_is_rejected() -> None:
    for probabilities in (
        {0: HALF},
        {0: ONE, 1: ONE},
        {0: F(3, 2), 1: -HALF},
        {0: ZERO, 1: ONE},
        {},
        {7: ONE},
    ):
        lottery = pc.Distribution._trusted(probabilities)
        for claim in (Comparisons([(lottery, B)], outcomes=range(9)), Comparisons((), [(B, lottery)], range(9))):
            if probabilities == {7: ONE}:
                object.__setattr__(claim, "outcomes", (0, 1))
            for evidence in (Point((ZERO, ONE, *([ZERO] * 7))), Point((ONE, ZERO, *([ZERO] * 7))), Point((ZERO, ONE))):
                with pytest.raises(EvidenceRejected):
                    kernel.check(HasUtility(claim), evidence)


def test_outcomes_are_different_and_cover_the_lotteries() -> None:
    good = Comparisons([(A, B)])
    for outcomes in ((0, 0, 1), (0, 1, True), (0,), (), (1,), None, 5):
        claim = replace_outcomes(good, outcomes)
        for values in ((ZERO, ONE), (ZERO, ONE, ONE), (ZERO, ZERO, ONE), (ZERO,), ()):
            with pytest.raises(EvidenceRejected):
                kernel.check(HasUtility(claim), Point(values))
    wrong: Any
    for wrong in (None, (), [], {}, "x", good.strict, system_of(good), type("Mine", (Comparisons,), {})([(A, B)])):
        with pytest.raises(EvidenceRejected):
            kernel.check(HasUtility(wrong), Point((ZERO, ONE)))


def test_a_range_of_outcomes_has_no_negative_places() -> None:
    point = pc.Distribution.point
    claim = replace_outcomes(Comparisons([(point(-1), point(2))]), range(3))  # the range's last number is 2 as well
    with pytest.raises(EvidenceRejected):
        kernel.check(HasUtility(claim), Motzkin(((0, ONE),)))


def test_a_lottery_that_changes_its_mind_is_rejected() -> None:
    class Fickle(pc.Distribution):
        pass

    claim = Comparisons([(Fickle({0: 1}), Fickle({1: 1}))])
    with pytest.raises(EvidenceRejected, match="malformed"):
        kernel.check(HasUtility(claim), Point((ZERO, ONE)))


def test_numbers_of_more_digits_than_python_writes_at_once(tmp_path: Path) -> None:
    huge = Fraction(10**9001 + 7, 3**20000)
    claim = Solvable(LinearSystem(1, ((((0, ONE),), huge),)))
    for value in (huge + 1, huge):
        text = to_json(claim, Point((value,)))
        assert from_json(text) == (claim, Point((value,)))
    path = save_certificate(kernel.check(claim, Point((huge + 1,))), tmp_path / "huge.json")
    assert isinstance(load_certificate(path, claim), pc.Proved)
    with pytest.raises(EvidenceRejected, match="lowest terms"):
        from_json(to_json(claim, Point((huge,))).replace('"strict":[[[[0,"1"]],"', '"strict":[[[[0,"1"]],"0'))


def replace_outcomes(comparisons: Comparisons, outcomes: Any) -> Comparisons:
    made = Comparisons(comparisons.strict, comparisons.weak)
    object.__setattr__(made, "outcomes", outcomes)
    return made


@pytest.mark.parametrize("label", LABELS)
def test_weights_and_points_of_the_wrong_shape_are_rejected(label: str) -> None:
    claim, _ = certificates()[label]
    wrong: tuple[Evidence, ...] = (Motzkin(), Enumerated(), ValueOrder(), Refutation(False, (), ()))
    wrong += (Counterexample(A), Counterexample(A, B, C), Counterexample(A, B, None, HALF), Counterexample(A, A))
    for kind, i in product(range(3), (-1, 10, 10**30)):
        weights: list[Any] = [(), (), ()]
        weights[kind] = ((i, ONE),)
        wrong += (Motzkin(*weights),)
    for evidence in (*wrong, Motzkin(((0, -ONE),)), Motzkin((), ((0, -ONE),)), Motzkin(((0, ZERO),)), Point(())):
        with pytest.raises(EvidenceRejected):
            kernel.check(claim, evidence)
    if not isinstance(claim, Represents):
        for length in (1, 2, 4, 100):
            with pytest.raises(EvidenceRejected):
                kernel.check(claim, Point((F(1, 7),) * length))


def test_weights_on_equal_rows_have_no_place_among_comparisons() -> None:
    claim, _ = certificates()["no utility, strictly"]
    for extra in (((0, ONE),), ((0, ZERO),), ((-1, ONE),)):
        with pytest.raises(EvidenceRejected):
            kernel.check(claim, Motzkin(((0, F(2)), (1, F(3))), (), extra))


def test_no_evidence_shows_anything_of_a_system_with_rows_about_other_variables() -> None:
    for i in (-1, 1, 10**30):
        for rows in (((((i, ONE),), ZERO),), ((((0, ONE), (i, ONE)), ZERO),)):
            for system in (LinearSystem(1, rows), LinearSystem(1, (), rows), LinearSystem(1, (), (), rows)):
                for evidence in (Point((ONE,)), motzkin([(0, 1)]), motzkin((), [(0, 1)]), motzkin((), (), [(0, 1)])):
                    with pytest.raises(EvidenceRejected):
                        kernel.check(Solvable(system), evidence)
    with pytest.raises(EvidenceRejected):
        kernel.check(Solvable(LinearSystem(-1)), Point(()))


def test_a_huge_system_is_decided_by_what_it_says() -> None:
    contradiction = ((), ONE), ((), ONE)
    huge = LinearSystem(10**30, (), contradiction)
    assert isinstance(kernel.check(Solvable(huge), motzkin((), [(0, 1)])), pc.Refuted)
    with pytest.raises(EvidenceRejected):
        kernel.check(Solvable(LinearSystem(10**30)), Point(()))
    big = F(10**4000 + 1, 10**3999)
    system = LinearSystem(1, (), (), ((((0, big),), big**2),))
    assert isinstance(kernel.check(Solvable(system), Point((big,))), pc.Proved)
    with pytest.raises(EvidenceRejected):
        kernel.check(Solvable(system), Point((big + F(1, 10**4000),)))


# -- files ------------------------------------------------------------------------------------------------------------


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    for label in LABELS:
        yield label, save_certificate(kernel.check(*certificates()[label]), folder / f"{label}.json")


def test_the_command_line_verifies_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label, path in files(tmp_path):
        assert main(["verify", str(path)]) == 0
        assert capsys.readouterr().out.startswith("refuted" if label.startswith("no") else "proved")
    example = tmp_path / "mine.py"
    example.write_text(
        "import prefcore as pc\nfrom prefcore.comparisons import Comparisons\n"
        "x, y, z = (pc.Distribution.point(o) for o in 'xyz')\n"
        "data = Comparisons([(x, y), (y, z)], [(z, x)])\nother = Comparisons([(y, x), (y, z)], [(z, x)])\n",
        encoding="utf-8",
    )
    x, y, z = (point(o) for o in "xyz")
    verdict = kernel.check(HasUtility(Comparisons([(x, y), (y, z)], [(z, x)])), motzkin([(0, 1), (1, 1)], [(0, 1)]))
    path = save_certificate(verdict, tmp_path / "data.json")
    assert main(["verify", str(path), "--claim", f"{example}:data"]) == 0
    assert main(["verify", str(path), "--claim", f"{example}:other"]) == 1
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ('"strict":[[0,"1"]', '"strict":[[0,"2"]'),
        ('"outcomes":3', '"outcomes":2'),
        ('"weak"', '"week"'),
    ):
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        assert main(["verify", str(path)]) == 1
    capsys.readouterr()


def test_a_claim_is_known_by_its_comparisons_not_by_the_names_of_outcomes(tmp_path: Path) -> None:
    verdict = kernel.check(HasUtility(Comparisons([(A, B)])), Point((ZERO, ONE)))
    path = save_certificate(verdict, tmp_path / "c.json")
    load_certificate(path, HasUtility(Comparisons([(point("x"), point("y"))])))
    for other in (
        Comparisons([(B, A)], outcomes=(0, 1)),
        Comparisons((), [(A, B)]),
        Comparisons([(A, B)], outcomes=(0, 1, 2)),
        Comparisons([(A, B), (A, B)]),
        Comparisons([(A, B)], [(A, B)]),
        Comparisons([(A, D({0: HALF, 1: HALF}))]),
    ):
        with pytest.raises(EvidenceRejected, match="another claim"):
            load_certificate(path, HasUtility(other))
