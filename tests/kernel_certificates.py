"""Valid certificates, one of every kind of evidence and on every kind of domain, for the tests of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from kernel_oracle import (
    DOMINANCE,
    HALF,
    PAYOFF,
    SURE,
    THREE,
    U,
    achieved,
    claim,
    deterministic,
    formulas,
    menu,
    over,
    point,
    process,
    relations,
    tabulation,
)

import prefcore as pc
from prefcore import formula as fm
from prefcore import kernel
from prefcore.axioms import (
    END_POINTS,
    NEVER,
    SPLIT,
    UNIVERSAL,
    match_statement,
    potential_statement,
    span_statement,
    witness_statement,
)
from prefcore.checking import check_on
from prefcore.claims import Achievable, Axiom, Domain, Menu, Simplex
from prefcore.closures import gap
from prefcore.distribution import Distribution
from prefcore.dominances import violation as violation_of_dominance
from prefcore.evidence import (
    Both,
    ClosedAndTotal,
    ClosedContours,
    Counterexample,
    Cycle,
    EndPoints,
    Enumerated,
    FixedWitnesses,
    Matching,
    Potential,
    ProductLemma,
    Refutation,
    Split,
    Through,
    ValueOrder,
)
from prefcore.formula import Formula
from prefcore.matrix_games import Evaluated, Response, Winner
from prefcore.records import EvidenceRejected, from_json, to_json
from prefcore.search.semilinear import Deadline, decide
from prefcore.trees import HistoryTree

REFUTING = (Counterexample, Cycle)


def refutation(statement: Any, formula: Formula, definitions: bool, domain: Domain | None = None) -> Refutation | None:
    answer = decide(statement, over(domain or Simplex(range(3)), formula), Deadline.after(20), definitions)
    return answer if isinstance(answer, Refutation) else None


def proof(statement: Any, name: str, definitions: bool, domain: Domain | None = None) -> Refutation:
    answer = refutation(statement, formulas()[name], definitions, domain)
    assert answer is not None, (name, statement)
    return answer


def refuted_gap(name: str, sides: tuple[int, ...] = (0, 1), domain: Domain | None = None) -> Refutation:
    answer = refutation(NEVER, gap(formulas()[name], sides), False, domain)
    assert answer is not None
    return answer


def refuted_dominance(name: str, axiom: str, domain: Domain | None = None, definitions: bool = False) -> Refutation:
    answer = refutation(NEVER, violation_of_dominance(formulas()[name], axiom, PAYOFF), definitions, domain)
    assert answer is not None
    return answer


def matched(name: str, term: int) -> Matching:
    """Proofs that matching the values of this term serves; whether the term may be matched is the kernel's affair."""
    span, match = span_statement(term), match_statement(term, fm.feature_terms(formulas()[name]))
    return Matching(term, proof(span, name, True), proof(match, name, True))


@cache
def certificates() -> dict[str, tuple[Axiom, Any]]:
    """Claims with evidence that holds, covering every kind of evidence about axioms, and every domain."""
    half, thirds = (HALF,), (Fraction(1, 3), Fraction(2, 3))
    x, y = (Distribution.point(o) for o in (0, 1))
    even = Distribution({0: HALF, 2: HALF})
    on = process()
    tree = on.process.tree
    (upper, lower), rarely = SURE, Distribution({0: Fraction(1, 4), 1: Fraction(1, 4), 2: HALF})
    seldom = Distribution({0: Fraction(1, 4), 1: Fraction(3, 4)})
    assert achieved(tree, (upper,), 3) == point(rarely, THREE)
    assert achieved(tree, (lower,), 3) == point(seldom, THREE)
    a, b = menu().lotteries[:2]
    total, transitive, consistent = UNIVERSAL["total"], UNIVERSAL["transitive"], UNIVERSAL["consistent"]
    result: dict[str, tuple[Axiom, Any]] = {
        "value order, total": (claim("reward", "total"), ValueOrder()),
        "value order, pre-order of quantiles": (claim("median", "preorder"), ValueOrder()),
        "value order, transitive CVaR": (claim("cvar", "transitive"), ValueOrder()),
        "value order of quotients": (claim("weighted", "negatively_transitive"), ValueOrder()),
        "value order, quasi-transitive": (claim("reward", "quasi_transitive"), ValueOrder()),
        "refutation by one step": (claim("reward", "convex"), proof(UNIVERSAL["convex"], "reward", False)),
        "refutation with lemmas": (claim("tie", "transitive"), proof(transitive, "tie", False)),
        "refutation with α": (claim("tie", "consistent"), proof(consistent, "tie", False)),
        "refutation by the domain": (claim("excess", "consistent"), proof(consistent, "excess", False)),
        "refutation with definitions": (claim("best", "transitive"), proof(transitive, "best", True)),
        "refutation with cases": (claim("median", "total"), proof(total, "median", True)),
        "refutation of products": (claim("skew", "total"), proof(total, "skew", False)),
        "refutation of strict premises": (
            claim("just noticeable", "quasi_transitive"),
            proof(UNIVERSAL["quasi_transitive"], "just noticeable", False),
        ),
        "refutation with two denials": (
            claim("strict", "negatively_transitive"),
            proof(UNIVERSAL["negatively_transitive"], "strict", False),
        ),
        "between, with α as a variable": (
            claim("weighted", "betweenness"),
            proof(UNIVERSAL["betweenness"], "weighted", True),
        ),
        "between, split": (claim("excess", "betweenness"), Split(proof(SPLIT, "excess", False))),
        "closed by value": (claim("cvar", "interpolation"), ClosedAndTotal(ValueOrder(), None)),
        "closed by refutation": (
            claim("majority", "interpolation"),
            ClosedAndTotal(proof(total, "majority", False), None),
        ),
        "closed without a gap": (
            claim("collapsed", "interpolation"),
            ClosedAndTotal(proof(total, "collapsed", False), refuted_gap("collapsed")),
        ),
        "end points": (claim("equality", "interpolation"), EndPoints(proof(END_POINTS, "equality", False))),
        "matching": (
            claim("collapsed", "interpolation"),
            matched("collapsed", fm.feature_terms(formulas()["collapsed"])[0]),
        ),
        "fixed witness": (
            claim("equality", "interpolation_open"),
            FixedWitnesses(half, proof(witness_statement(half), "equality", False)),
        ),
        "fixed witnesses": (
            claim("indifference", "interpolation"),
            FixedWitnesses(thirds, proof(witness_statement(thirds), "indifference", False)),
        ),
        "both": (
            claim("tie", "preorder"),
            Both(proof(UNIVERSAL["reflexive"], "tie", False), proof(transitive, "tie", False)),
        ),
        "both, one by value": (claim("reward", "preorder"), Both(ValueOrder(), proof(transitive, "reward", False))),
        "closed contours by form": (claim("pareto", "continuous"), ClosedContours(None, None)),
        "closed contours without gaps": (
            claim("collapsed", "continuous"),
            ClosedContours(refuted_gap("collapsed", (1,)), refuted_gap("collapsed", (0,))),
        ),
        "no cycle, by value": (claim("reward", "acyclic"), ValueOrder()),
        "no cycle, through values": (claim("cvar", "acyclic"), Through("quasi_transitive", ValueOrder())),
        "no cycle, through transitivity": (
            claim("pareto", "acyclic"),
            Through("transitive", proof(transitive, "pareto", False)),
        ),
        "no cycle, through strict transitivity": (
            claim("just noticeable", "acyclic"),
            Through("quasi_transitive", proof(UNIVERSAL["quasi_transitive"], "just noticeable", False)),
        ),
        "monotone": (claim("just noticeable", "monotone"), refuted_dominance("just noticeable", "monotone")),
        "risk averse": (claim("reward", "risk_averse"), refuted_dominance("reward", "risk_averse")),
        "averse to spreads": (claim("cvar", "spread_averse"), refuted_dominance("cvar", "spread_averse", None, True)),
        "no cycle, by a potential": (
            claim("just noticeable", "acyclic"),
            Potential(0, True, proof(potential_statement(0, True), "just noticeable", False)),
        ),
        "risk averse, by products": (claim("weighted", "risk_averse"), None),
        "not reflexive": (claim("strict", "reflexive"), Counterexample(even)),
        "no pre-order, by one lottery": (claim("strict", "preorder"), Counterexample(even)),
        "no pre-order, by three": (claim("majority", "preorder"), None),
        "not total": (claim("pareto", "total"), Counterexample(x, y)),
        "not transitive": (claim("majority", "transitive"), None),
        "not consistent": (claim("cvar", "consistent"), None),
        "not convex": (claim("excess", "convex"), None),
        "not between": (claim("cvar", "betweenness"), None),
        "not negatively transitive": (claim("pareto", "negatively_transitive"), None),
        "not quasi-transitive": (claim("majority", "quasi_transitive"), None),
        "no interpolation": (claim("tie", "interpolation"), None),
        "no interpolation of medians": (claim("median", "interpolation"), None),
        "no interpolation inside": (claim("reward", "interpolation_open"), Counterexample(x, x, y)),
        "no interpolation beyond a threshold": (claim("bent", "interpolation"), None),
        "a jump": (claim("tie", "continuous"), None),
        "a cycle": (claim("majority", "acyclic"), None),
        "dominated yet better": (claim("equality", "monotone"), Counterexample(x, y)),
        "averse to no risk": (claim("median", "risk_averse"), None),
        "averse to no spread": (claim("median", "spread_averse"), None),
        "on a menu: total": (claim("reward", "total", menu()), Enumerated()),
        "on a menu: transitive": (claim("tie", "transitive", menu()), Enumerated()),
        "on a menu: consistent": (claim("excess", "consistent", menu()), Enumerated()),
        "on a menu: between": (claim("tie", "betweenness", menu()), Enumerated()),
        "on a menu: acyclic": (claim("majority", "acyclic", menu()), Enumerated()),
        "on a menu: monotone": (claim("just noticeable", "monotone", menu()), Enumerated()),
        "on a menu: not total": (claim("pareto", "total", menu()), Counterexample(a, b)),
        "achieved: transitive": (claim("rare", "transitive", on), proof(transitive, "rare", False, on)),
        "achieved: consistent": (claim("rare", "consistent", on), proof(consistent, "rare", False, on)),
        "achieved: closed contours": (
            claim("rare", "continuous", on),
            ClosedContours(refuted_gap("rare", (1,), on), refuted_gap("rare", (0,), on)),
        ),
        "achieved: monotone": (claim("rare", "monotone", on), refuted_dominance("rare", "monotone", on)),
        "achieved: not total": (
            claim("equality", "total", on),
            Counterexample(rarely, seldom, policies=((upper,), (lower,))),
        ),
        "achieved: no reflexivity": (claim("strict", "reflexive", on), Counterexample(rarely, policies=((upper,),))),
        "achieved: a jump": (claim("strict", "continuous", on), None),
    }
    for label, (about, evidence) in result.items():
        if evidence is None:
            result[label] = about, found_by_check(about)
    found = result["a cycle"][1]
    assert isinstance(found, Cycle)
    result["on a menu: a cycle"] = claim("majority", "acyclic", Menu((even, *found.lotteries), range(3))), found
    by_products = result["risk averse, by products"][1]
    assert isinstance(by_products, Refutation) and isinstance(by_products.lemmas[0], ProductLemma)
    chosen = one_of(found.lotteries)
    policies = tuple(deterministic(chosen.process.tree))
    result["achieved: a cycle"] = claim("majority", "acyclic", chosen), Cycle(found.lotteries, policies)
    return result


def one_of(lotteries: Sequence[Distribution]) -> Achievable:
    """A process with one decision, in which each of these lotteries over 0, 1 and 2 is an action."""
    rows = tuple(tuple((p, 1 + o) for o, p in x.items()) for x in lotteries)
    return Achievable(tabulation(HistoryTree(((Fraction(1), 0),), (rows,), THREE)))


def found_by_check(about: Axiom) -> Any:
    """What the whole pipeline finds; the kernel and the oracle judge it in the tests."""
    name = next(name for name, f in formulas().items() if f is about.relation)
    value = U if about.axiom in DOMINANCE else None
    verdict = check_on(relations()[name], about.domain, [about.axiom], 20, False, value)[about.axiom]
    assert not isinstance(verdict, pc.Unknown), (name, about.axiom)
    return verdict.evidence


@cache
def game_certificates() -> dict[str, tuple[Winner, Evaluated | Response]]:
    """Claims about games and policies, with evidence that holds."""

    def game(n: int, wins: dict[tuple[int, int], str]) -> tuple[tuple[Fraction, ...], ...]:
        """P from the probabilities of some pairs; the others tie."""
        P = [[HALF] * n for _ in range(n)]
        for (i, j), p in wins.items():
            P[i][j], P[j][i] = Fraction(p), 1 - Fraction(p)
        return tuple(map(tuple, P))

    def policy(text: str) -> tuple[Fraction, ...]:
        return tuple(map(Fraction, text.split()))

    cycle = game(3, {(1, 0): "9/10", (2, 1): "9/10", (0, 2): "4/5"})
    perturbed = game(3, {(0, 1): "-1/2", (0, 2): "7/2", (1, 2): "-5/2"})  # no probabilities
    condorcet = game(3, {(0, 1): "2/3", (0, 2): "1", (1, 2): "51/100"})
    return {
        "one action": (Winner(game(1, {}), policy("1")), Evaluated()),
        "a cycle": (Winner(cycle, policy("4/11 3/11 4/11")), Evaluated()),
        "other payoffs": (Winner(perturbed, policy("3/7 3/7 1/7")), Evaluated()),
        "a Condorcet winner": (Winner(condorcet, policy("1 0 0")), Evaluated()),
        "all tie": (Winner(game(2, {}), policy("1/3 2/3")), Evaluated()),
        "a cycle, uniformly": (Winner(cycle, policy("1/3 1/3 1/3")), Response(2)),
        "a Condorcet loser": (Winner(condorcet, policy("0 0 1")), Response(1)),
        "half of a loser": (Winner(condorcet, policy("1/2 1/2 0")), Response(0)),
    }


LABELS = sorted(certificates())


def text_of(label: str) -> str:
    return to_json(*certificates()[label])


def accepted(text: str) -> pc.Proved | pc.Refuted | None:
    """The verdict of a certificate, or None if it is rejected; any other exception is the test's failure."""
    try:
        return kernel.check(*from_json(text))
    except EvidenceRejected:
        return None
