"""One random relation: prefcore's verdicts, the oracles' answers, and whether they agree.

An axiom whose negation is linear is put to z3 and cvc5 as it is. For interpolation and betweenness, whose negations are
not, the oracle refines: it asks z3 for lotteries at which none of finitely many α serves; if there are none the axiom
holds (cvc5 confirms); if there are, all break points along the segment are tried exactly: either no α serves, and the
axiom fails, or one does, and it joins the list. Each "sat" of z3 is checked on the tree itself, so that a slip in the
translation cannot pass for agreement.
"""

from __future__ import annotations

import json
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any

import prefcore as pc
from prefcore.axioms import AXIOMS
from prefcore.records import to_json

from . import smt
from .generate import random_lottery, random_relation
from .oracles import ask_cvc5, ask_z3
from .spoken import outcomes_for, payoff, relation_of
from .trees import Condition, Lottery, cuts_of, holds, indifferent_points, telling
from .violation import is_violated, strictly

HOLDS, FAILS, OPEN = "holds", "fails", "open"
FROM = {"unsat": HOLDS, "sat": FAILS, "unknown": OPEN}
OURS = {"Proved": HOLDS, "Refuted": FAILS, "Unknown": OPEN}
PLAIN = (*smt.LINEAR, "continuous")
BY_VALUE = smt.DOMINANCE
ALWAYS = ("reflexive", "transitive", "preorder", "total", "consistent", "convex", "interpolation")
SOMETIMES = (
    *("quasi_transitive", "negatively_transitive", "acyclic", "continuous", "betweenness", "interpolation_open"),
    *BY_VALUE,
)
CHECKED = tuple(a for a in (*ALWAYS, *SOMETIMES) if a in AXIOMS)
BUDGET = 60.0  # seconds that prefcore may take for all axioms of a relation
ROUNDS = 6  # of the refining oracle
EXTRA = 3  # axioms of SOMETIMES that a relation is checked for
SAMPLES = 6  # triples, pairs at which a proof or a trace is tried
ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


@dataclass(slots=True)
class Trial:
    """What became of one relation: `counts` by ``(axiom, what)``; `disputes` is empty unless something is wrong.

    `unknown`: the axioms that prefcore leaves open though z3 does not. `seconds`: of this process, by who used them.
    """

    index: int
    kind: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    disputes: list[str] = field(default_factory=list)
    certificates: list[tuple[str, str, str]] = field(default_factory=list)  # verdict, axiom, JSON
    unknown: list[str] = field(default_factory=list)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the oracles say: each "holds", "fails" or "open", and the lotteries of z3's model, with α."""

    z3: str
    cvc5: str
    lotteries: tuple[Lottery, ...] = ()
    alpha: Fraction | None = None


def run(seed: int, index: int) -> Trial:
    """Generates, checks and compares the index-th relation of a seed."""
    n, tree, kind = random_relation(seed, index)
    trial = Trial(index, kind.split(",")[0])
    try:
        _compare(trial, n, tree, Random(f"{seed}:{index}:samples"))
    except Exception:
        trial.disputes.append(f"crash on {n} outcomes, {tree}\n{traceback.format_exc()}")
    trial.disputes = [f"relation {index} of seed {seed} ({kind}): {d}" for d in trial.disputes]
    return trial


def _compare(trial: Trial, n: int, tree: Condition, rng: Random) -> None:
    relation, names = relation_of(tree), outcomes_for(n)
    value = random_value(rng, n)
    known = [a for a in SOMETIMES if a in AXIOMS]
    extra = rng.sample(known, min(EXTRA, len(known)))
    axioms = [a for a in CHECKED if a in ALWAYS or a in extra]
    options: dict[str, Any] = {"value": payoff(value)} if set(BY_VALUE) & set(axioms) else {}
    start = time.process_time()
    report = pc.check(relation, names, axioms=axioms, budget=BUDGET, **options)
    trial.seconds["prefcore"] += time.process_time() - start
    for A, B in ((random_lottery(rng, n), random_lottery(rng, n)) for _ in range(3)):
        if relation(spoken(A), spoken(B)) is not holds(tree, (A, B)):
            trial.disputes.append(f"the relation, called, says other than the tree at {A}, {B}: {tree}")
    answers: dict[str, Answer] = {}
    for axiom in axioms:
        verdict = report[axiom]
        ours = type(verdict).__name__
        start = time.process_time()
        answer = answers[axiom] = oracle(axiom, tree, n, value, answers)
        trial.seconds["the oracles"] += time.process_time() - start
        trial.counts[axiom, ours] += 1
        where = f"{axiom}: prefcore says {ours}, z3 {answer.z3}, cvc5 {answer.cvc5}, on {n} outcomes, {tree}"
        for name, said in (("z3", answer.z3), ("cvc5", answer.cvc5)):
            if said == OPEN:
                trial.counts[axiom, f"{name} open"] += 1
            elif OURS[ours] == OPEN:
                trial.counts[axiom, f"Unknown, {said}"] += name == "z3"
                trial.unknown += [f"{axiom} ({said})"] if name == "z3" else []
            elif said == OURS[ours]:
                trial.counts[axiom, f"{name} agrees"] += 1
            else:
                trial.disputes.append(where)
        if {answer.z3, answer.cvc5} == {HOLDS, FAILS}:
            trial.disputes.append(f"the oracles differ: {where}")
        if answer.lotteries and not is_violated(axiom, tree, answer.lotteries, answer.alpha, value):
            trial.disputes.append(f"z3's model is no counterexample: {answer.lotteries} {answer.alpha}: {where}")
        if isinstance(verdict, pc.Refuted):
            lotteries, alpha = counterexample(verdict.evidence, names)
            trial.counts[axiom, "re-evaluated"] += 1
            if not is_violated(axiom, tree, lotteries, alpha, value):
                trial.disputes.append(f"no counterexample: {lotteries} {alpha}: {where}")
        if isinstance(verdict, pc.Proved):
            for lotteries, alpha in samples(axiom, tree, n, rng):
                trial.counts[axiom, "sampled"] += 1
                if is_violated(axiom, tree, lotteries, alpha, value):
                    trial.disputes.append(f"violated at {lotteries} {alpha}: {where}")
        if isinstance(verdict, (pc.Proved, pc.Refuted)):
            trial.certificates.append((ours, axiom, to_json(verdict.claim, verdict.evidence)))
    _compare_formulas(trial, n, tree)


def _compare_formulas(trial: Trial, n: int, tree: Condition) -> None:
    """The formula that the certificates are about says what the tree says, at all lotteries."""
    formulas: list[dict[str, Any]] = []
    for _, axiom, certificate in trial.certificates:
        claim = json.loads(certificate)["claim"]
        if claim["axiom"] != axiom or claim["domain"] != n:
            trial.disputes.append(f"the certificate for {axiom} is about {claim['axiom']} on {claim['domain']}")
        if claim["relation"] not in formulas:
            formulas.append(claim["relation"])
    for formula in formulas:
        answer = FROM[ask_z3(smt.unlike(tree, n, formula))[0]]
        trial.counts["formula", {HOLDS: "z3 agrees", FAILS: "differs", OPEN: "z3 open"}[answer]] += 1
        if answer == FAILS:
            trial.disputes.append(f"the stored formula {formula} says other than the tree {tree}")


# -- lotteries -------------------------------------------------------------------------------------------------------


def spoken(lottery: Lottery) -> pc.Distribution:
    return pc.Distribution({f"o{i}": p for i, p in enumerate(lottery)})


def counterexample(evidence: Any, names: Sequence[str]) -> tuple[list[Lottery], Fraction | None]:
    """The lotteries of a counterexample or a cycle, and α."""
    found = getattr(evidence, "lotteries", None)
    if found is None:
        found = [x for x in (evidence.A, evidence.B, evidence.C) if x is not None]
    lotteries = [tuple(x[o] for o in names) for x in found]
    assert all(sum(x) == 1 and min(x) >= 0 for x in lotteries)
    return lotteries, getattr(evidence, "alpha", None)


def random_value(rng: Random, n: int) -> Lottery:
    """The payoff by which dominance is meant."""
    return tuple(Fraction(rng.randint(0, 4)) for _ in range(n))


def samples(axiom: str, tree: Condition, n: int, rng: Random) -> Iterator[tuple[list[Lottery], Fraction | None]]:
    """Lotteries to try a proof on, for the axioms that no linear oracle decides."""
    if axiom in ("interpolation", "interpolation_open"):
        for _ in range(SAMPLES):
            yield [random_lottery(rng, n) for _ in range(3)], None
    if axiom == "betweenness":
        for _ in range(SAMPLES):
            A, B = random_lottery(rng, n), random_lottery(rng, n)
            if strictly(tree, A, B):
                yield from (([A, B], alpha) for alpha in inner_points(tree, A, B))


def inner_points(tree: Condition, A: Lottery, B: Lottery) -> list[Fraction]:
    """α in (0, 1), all that tell for the relations between A, B and ``αA + (1-α)B``."""
    cuts: set[Fraction] = set()
    for end in (A, B):
        cuts |= cuts_of(tree, ((end, B), (end, A))) | cuts_of(tree, ((B, end), (A, end)))
    return [alpha for alpha in telling(cuts) if 0 < alpha < 1]


# -- oracles ---------------------------------------------------------------------------------------------------------


def oracle(axiom: str, tree: Condition, n: int, value: Lottery, before: dict[str, Answer]) -> Answer:
    """What z3 and cvc5 say of an axiom; `before` has their answers on the others."""
    if axiom == "preorder":
        parts = before["reflexive"], before["transitive"]
        failing = next((p for p in parts if p.z3 == FAILS), Answer(OPEN, OPEN))
        said = (worst(p.z3 for p in parts), worst(p.cvc5 for p in parts))
        return Answer(*said, failing.lotteries, failing.alpha)
    if axiom in ("interpolation", "interpolation_open"):
        return interpolation(tree, n, before["total"], axiom == "interpolation")
    if axiom == "betweenness":
        return betweenness(tree, n)
    if axiom == "acyclic":
        return acyclic(tree, n, before)
    text = smt.dominated(axiom, tree, value) if axiom in BY_VALUE else smt.negated(axiom, tree, n)
    answer, model = ask_z3(text)
    lotteries, alpha = lotteries_of(model, n) if answer == "sat" else ((), None)
    return Answer(FROM[answer], FROM[ask_cvc5(text)], lotteries, alpha)


def worst(answers: Iterator[str]) -> str:
    said = set(answers)
    return FAILS if FAILS in said else OPEN if OPEN in said else HOLDS


def lotteries_of(model: dict[str, Fraction], n: int) -> tuple[tuple[Lottery, ...], Fraction | None]:
    """The lotteries of a model, divided by their masses, in their order; and α."""
    alpha = model.get("alpha")
    found: list[Lottery] = []
    for name in smt.NAMES:
        if f"{name}0" in model or (n == 1 and name == "A"):
            measure = [model.get(f"{name}{i}", ZERO) for i in range(n)]
            mass = sum(measure)
            found.append(tuple(x / mass for x in measure))
    return tuple(found), alpha


def interpolation(tree: Condition, n: int, total: Answer, ends: bool) -> Answer:
    """Refines a list of α until it serves for all A ≼ B ≼ C, or lotteries are found for which no α does.

    Else it holds if ≼ is total and closed (T7), both being linear questions; else lotteries at a jump are tried.
    `ends`: whether α may be 0 or 1.
    """
    alphas = [ONE, ZERO] if ends else [HALF]
    for _ in range(ROUNDS):
        text = smt.not_interpolated(tree, n, alphas)
        answer, model = ask_z3(text)
        if answer != "sat":
            return Answer(FROM[answer], FROM[ask_cvc5(text)] if answer == "unsat" else OPEN)
        (A, B, C), _alpha = lotteries_of(model, n)
        found = [x for x in indifferent_points(tree, A, B, C) if ends or 0 < x < 1]
        if not found:
            return Answer(FAILS, FAILS if ask_cvc5(text) == "sat" else OPEN, (A, B, C))
        alphas.append(min(found, key=lambda x: x.denominator))
    if total.z3 == HOLDS and ends:
        text = smt.negated("closed", tree, n)
        if ask_z3(text)[0] == "unsat":
            return Answer(HOLDS, HOLDS if ask_cvc5(text) == "unsat" and total.cvc5 == HOLDS else OPEN)
    text = smt.jumping(tree, n)
    answer, model = ask_z3(text)
    if answer == "sat":
        (A, B, C), _alpha = lotteries_of(model, n)
        if not [x for x in indifferent_points(tree, A, B, C) if ends or 0 < x < 1]:
            return Answer(FAILS, FAILS if ask_cvc5(text) == "sat" else OPEN, (A, B, C))
    return Answer(OPEN, OPEN)


def betweenness(tree: Condition, n: int) -> Answer:
    """Fails if it does at one of a few α; the oracles cannot say that it holds at all of them."""
    text = smt.not_between(tree, n, [HALF, Fraction(1, 10), Fraction(9, 10)])
    answer, model = ask_z3(text)
    if answer != "sat":
        return Answer(OPEN, OPEN)
    (A, B), _alpha = lotteries_of(model, n)
    alpha = next((x for x in inner_points(tree, A, B) if is_violated("betweenness", tree, [A, B], x)), None)
    return Answer(FAILS, FAILS if ask_cvc5(text) == "sat" else OPEN, (A, B), alpha)


def acyclic(tree: Condition, n: int, before: dict[str, Answer]) -> Answer:
    """Holds if ≺ is transitive; fails if there is a strict cycle of three or four."""
    chain = before["quasi_transitive"] if "quasi_transitive" in before else oracle("quasi_transitive", tree, n, (), {})
    if chain.z3 == HOLDS:
        return Answer(HOLDS, chain.cvc5)
    for cycle in ("cycle3", "cycle4"):
        text = smt.negated(cycle, tree, n)
        answer, model = ask_z3(text)
        if answer == "sat":
            return Answer(FAILS, FROM[ask_cvc5(text)], lotteries_of(model, n)[0])
    return Answer(OPEN, OPEN)
