"""The soundness campaign (see ``campaign``): a few relations always, ten thousand in ``make test-all``."""

from __future__ import annotations

from fractions import Fraction

import pytest
from campaign import smt, trial
from campaign.recheck import rechecked
from campaign.runner import chunk
from campaign.trees import (
    AtMost,
    Cases,
    Compare,
    Condition,
    Every,
    Functional,
    Lottery,
    Not,
    Number,
    Quantile,
    Same,
    Some,
    Tail,
    Term,
    cuts_of,
    holds,
    indifferent_points,
    moved,
)
from campaign.violation import is_violated

CHUNKS, LENGTH = 20, 500


def agreed(seed: int, indices: range) -> None:
    result = chunk(seed, indices)
    assert not result.disputes, "\n\n".join(result.disputes[:5])
    for axiom in trial.CHECKED:
        counts = {what: n for (a, what), n in result.counts.items() if a == axiom}
        decided = counts.get("Proved", 0) + counts.get("Refuted", 0)
        assert counts.get("re-checked", 0) == decided, axiom
        assert counts.get("re-evaluated", 0) == counts.get("Refuted", 0), axiom
        if axiom in trial.ALWAYS:
            assert decided + counts.get("Unknown", 0) == len(indices)
            assert counts["Proved"] > len(indices) / 20, f"{axiom} is hardly ever proved"
            assert counts["Refuted"] > len(indices) / 20, f"{axiom} is hardly ever refuted"
        if axiom in smt.LINEAR:
            assert counts.get("z3 agrees", 0) + counts.get("z3 open", 0) >= decided, axiom
            assert counts.get("cvc5 agrees", 0) >= 0.9 * decided, f"cvc5 has hardly an answer to {axiom}"


@pytest.mark.parametrize("part", range(2))
def test_a_few_relations(part: int) -> None:
    agreed(1, range(part * 20, part * 20 + 20))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(CHUNKS))
def test_ten_thousand_relations(part: int) -> None:
    agreed(0, range(part * LENGTH, (part + 1) * LENGTH))


# -- the campaign would notice ---------------------------------------------------------------------------------------


def test_a_verdict_on_another_relation_is_disputed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = trial.relation_of
    monkeypatch.setattr(trial, "relation_of", lambda tree: honest(Not(tree)))
    for i in range(4):
        assert trial.run(3, i).disputes


def test_a_certificate_for_another_relation_is_rejected() -> None:
    first, second = trial.run(3, 0).certificates, trial.run(3, 5).certificates
    texts = [text for *_, text in first]
    assert rechecked(texts) == [(ours, axiom) for ours, axiom, _ in first]
    spoiled = text_with_evidence_of(second[1][2], first[1][2])
    assert rechecked([spoiled])[0][0] == "EvidenceRejected"


def text_with_evidence_of(other: str, text: str) -> str:
    return text[: text.index('"evidence":')] + other[other.index('"evidence":') :]


# -- the oracles know the literature's classification ----------------------------------------------------------------

ZERO, HALF = Fraction(0), Fraction(1, 2)
U: Lottery = tuple(map(Fraction, (0, 1, 3, 7)))
V: Lottery = tuple(map(Fraction, (0, 5, 2, 1)))
W: Lottery = tuple(map(Fraction, (2, 0, 9, 4)))
BAD: Lottery = tuple(map(Fraction, (1, 0, 0, 0)))


def says(op: str, term: Term) -> Condition:
    """``V(A) op V(B)``."""
    return Compare(op, term, moved(term, (1, 1)))


u, v, w, bad = (Functional(0, x) for x in (U, V, W, BAD))
feasible = Compare("<=", bad, Number(Fraction(1, 10)))
two_of_three = [Every((says("<=", x), says("<=", y))) for x, y in ((u, v), (v, w), (u, w))]
LITERATURE: dict[str, tuple[Condition, str]] = {  # reflexive … interpolation, continuous: theory.md, section 5
    "expected reward": (says("<=", u), "++++++ +"),
    "tie-breaking": (Some((says("<", u), Every((says("=", u), says("<=", v))))), "+++++- -"),
    "excess risk": (
        Some((says(">", bad), Every((says("=", bad), Some((Compare(">", bad, Number(ZERO)), says("<=", u))))))),
        "++++-- -",
    ),
    "chance constraint": (
        Cases(
            feasible,
            Every((moved(feasible, (1, 1)), says("<=", u))),
            Some((moved(feasible, (1, 1)), says(">=", bad))),
        ),
        "+++--- -",
    ),
    "CVaR": (says("<=", Tail(0, U, HALF)), "+++--+ +"),
    "lower median": (says("<=", Quantile(0, U, HALF)), "+++--- -"),
    "Pareto": (Every((says("<=", u), says("<=", v))), "++-++- +"),
    "stochastic dominance": (Every(tuple(says(">=", AtMost(0, U, x)) for x in U)), "++-++- +"),
    "majority": (Some(tuple(two_of_three)), "+-+++? +"),
    "equality": (Same(), "++-+++ +"),
}


@pytest.mark.parametrize("name", LITERATURE)
def test_oracles_know_the_classification(name: str) -> None:
    tree, known = LITERATURE[name]
    answers: dict[str, trial.Answer] = {}
    axioms = ("reflexive", "transitive", "total", "consistent", "convex", "interpolation", "", "continuous")
    for axiom, sign in zip(axioms, known, strict=True):
        if axiom:
            answer = answers[axiom] = trial.oracle(axiom, tree, 4, U, answers)
            expected = {"+": trial.HOLDS, "-": trial.FAILS, "?": trial.HOLDS}[sign]
            assert {answer.z3, answer.cvc5} == {expected}, axiom
            if expected == trial.FAILS:
                assert is_violated(axiom, tree, answer.lotteries, answer.alpha)


def test_a_segment_is_cut_where_the_relation_changes() -> None:
    """The median of ``α·(7) + (1-α)·(0)`` jumps at 1/2, and the mean reaches 3 at 3/7."""
    worst: Lottery = tuple(map(Fraction, (1, 0, 0, 0)))
    best: Lottery = tuple(map(Fraction, (0, 0, 0, 1)))
    middle: Lottery = tuple(map(Fraction, (0, 0, 1, 0)))
    median = says("<=", Quantile(0, U, HALF))
    segment = ((worst, middle), (best, middle))
    assert HALF in cuts_of(median, segment)
    assert not indifferent_points(median, best, middle, worst)
    mean = says("<=", u)
    assert indifferent_points(mean, best, middle, worst) == [Fraction(3, 7)]
    assert holds(median, (worst, middle)) and not holds(median, (best, middle))
