"""``pc.check`` beyond the classical axioms: grids of lotteries as oracle, black boxes, malformed and extreme input.

On a grid every pair and triple is asked in plain exact arithmetic. An axiom that fails there must be refuted, and one
that is proved must not fail there; what only limits or all α decide (continuity, interpolation) is checked where it was
refuted. Counterexamples are evaluated again.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import pytest

import prefcore as pc
from prefcore.catalogue.examples import EXAMPLES, Example

HALF = Fraction(1, 2)
TINY, HUGE = Fraction(1, 10**18), 10**300
ALPHAS = (HALF, Fraction(1, 4), Fraction(9, 10))
BY_VALUE = ("monotone", "risk_averse", "spread_averse")
OUTCOMES = ("a", "b", "c", "d")
PAYOFF = {"a": 0, "b": 1, "c": 2, "d": 5}


# -- the axioms on a grid, plainly ----------------------------------------------------------------------------------


def grid(outcomes: Sequence[Any], denominators: Sequence[int]) -> list[pc.Distribution]:
    found: dict[pc.Distribution, None] = {}
    for d in denominators:
        for counts in product(range(d + 1), repeat=len(outcomes)):
            if sum(counts) == d:
                weights = {o: Fraction(c, d) for o, c in zip(outcomes, counts, strict=True) if c}
                found[pc.Distribution(weights)] = None
    return list(found)


class Asked:
    """A relation's answers, each asked for once, and what the axioms say of given lotteries."""

    def __init__(self, relation: Callable[[Any, Any], bool], value: Any) -> None:
        self.below = cache(relation)
        self.mix = cache(pc.mix)
        self.value = value

    def strict(self, A: Any, B: Any) -> bool:
        return self.below(A, B) and not self.below(B, A)

    def dominated(self, axiom: str, A: Any, B: Any) -> bool:
        """B dominates A; from the quantile side: sums of the worst shares for second order."""
        levels = sorted({self.value[o] for o in (*A, *B)})
        for x in levels:
            if axiom == "monotone":
                above = [sum(p for o, p in L.items() if self.value[o] >= x) for L in (A, B)]
                if above[1] < above[0]:
                    return False
            else:
                short = [sum(p * max(0, x - self.value[o]) for o, p in L.items()) for L in (A, B)]
                if short[1] > short[0]:
                    return False
        return axiom != "spread_averse" or A.expect(self.value) == B.expect(self.value)

    def fails(self, axiom: str, lotteries: Sequence[Any], alpha: Fraction | None = None) -> bool:
        """Whether these lotteries (and α) violate the axiom; of interpolation and continuity what a few α show."""
        below, strict = self.below, self.strict
        A, B, C = [*lotteries, lotteries[0], lotteries[0]][:3]
        match axiom:
            case "reflexive":
                return not below(A, A)
            case "total":
                return not below(A, B) and not below(B, A)
            case "transitive":
                return below(A, B) and below(B, C) and not below(A, C)
            case "preorder":
                return not below(A, A) or (len(lotteries) == 3 and self.fails("transitive", lotteries))
            case "quasi_transitive":
                return strict(A, B) and strict(B, C) and not strict(A, C)
            case "negatively_transitive":
                return strict(A, C) and not strict(A, B) and not strict(B, C)
            case "acyclic":
                return all(strict(x, y) for x, y in zip(lotteries, [*lotteries[1:], A], strict=True))
            case "consistent" | "convex":
                before = below(A, B)
                if axiom == "consistent" and not before:
                    return False
                assert alpha is not None
                return before is not below(self.mix(alpha, A, C), self.mix(alpha, B, C))
            case "betweenness":
                if not strict(A, B):
                    return False
                assert alpha is not None
                X = self.mix(alpha, A, B)
                return not (strict(A, X) and strict(X, B))
            case "interpolation" | "interpolation_open":
                mixtures = [pc.mix(Fraction(i, 24), A, C) for i in range(1, 24)]
                mixtures += [A, C] if axiom == "interpolation" else []
                return below(A, B) and below(B, C) and not any(below(x, B) and below(B, x) for x in mixtures)
            case "continuous":
                near = [pc.mix(t, C, B) for t in (Fraction(1, 10**6), Fraction(1, 10**9))]
                upper = not below(A, B) and all(below(A, x) for x in near)
                return upper or (not below(B, A) and all(below(x, A) for x in near))
        assert axiom in BY_VALUE
        return self.dominated(axiom, A, B) and not below(A, B)


COUNTS = {"reflexive": 1, "total": 2, "betweenness": 2, **dict.fromkeys(BY_VALUE, 2)}


def fails_on(axiom: str, asked: Asked, points: Sequence[Any]) -> bool:
    """Whether the axiom is seen to fail among these lotteries."""
    if axiom == "acyclic":
        return _has_cycle([[asked.strict(x, y) for y in points] for x in points])
    if axiom == "preorder":
        return any(fails_on(part, asked, points) for part in ("reflexive", "transitive"))
    alphas = ALPHAS if axiom in ("consistent", "convex", "betweenness") else (None,)
    tuples = product(points, repeat=COUNTS.get(axiom, 3))
    return any(asked.fails(axiom, lotteries, alpha) for lotteries in tuples for alpha in alphas)


def _has_cycle(edges: list[list[bool]]) -> bool:
    """By taking away, again and again, what has no successor."""
    left = set(range(len(edges)))
    while True:
        ends = {i for i in left if not any(edges[i][j] for j in left)}
        if not ends:
            return bool(left)
        left -= ends


def lotteries_of(evidence: Any) -> list[pc.Distribution]:
    if isinstance(evidence, pc.Cycle):
        return list(evidence.lotteries)
    return [x for x in (evidence.A, evidence.B, evidence.C) if x is not None]


LIMITS = ("continuous", "interpolation", "interpolation_open")


def compare_with_grid(report: pc.Report, relation: Any, points: Sequence[Any], value: Any) -> list[str]:
    """What the report says against the grid; returns the axioms left unknown."""
    asked = Asked(relation, value)
    for axiom, verdict in report.items():
        if isinstance(verdict, pc.Refuted):
            evidence = verdict.evidence
            assert asked.fails(axiom, lotteries_of(evidence), getattr(evidence, "alpha", None)), (axiom, evidence)
        elif axiom not in LIMITS:
            if isinstance(verdict, pc.Proved):
                assert not fails_on(axiom, asked, points), axiom
            else:
                assert not fails_on(axiom, asked, points), f"{axiom} fails on the grid and stays {verdict}"
    return [axiom for axiom, verdict in report.items() if isinstance(verdict, pc.Unknown)]


def looked_at(report: pc.Report) -> None:
    """The report prints and renders, whatever is in it."""
    assert report.title or report.relation.name in str(report)
    assert report._repr_html_().strip().startswith("<")
    assert all(str(c) for c in report.consequences)


POLYNOMIAL = (
    *(
        "mean_variance",
        "mean_semideviation",
        "mixture_symmetric",
        "skew_symmetric",
        "outperforming",
        "regret",
        "pairwise",
    ),
    *("weighted_utility", "entropic_risk", "quadratic_utility"),
)
OPEN = {  # as docs/catalogue.md lists them, and no others
    "third_order_dominance": {"transitive", "quasi_transitive", "preorder", "acyclic"},
    "disappointment_aversion": {"betweenness", "interpolation_open", "monotone", "risk_averse", "spread_averse"},
}
DAILY = ("expected_reward", "lexicographic", "cvar", "pareto", "semiorder", "worst_case")


def on_a_grid(example: Example, denominators: Sequence[int]) -> None:
    axioms = [a for a in pc.AXIOMS if example.value is not None or a not in BY_VALUE]
    report = pc.check(example.relation, example.outcomes, axioms, 60, value=example.value)
    unknown = compare_with_grid(report, example.relation, grid(example.outcomes, denominators), example.value)
    looked_at(report)
    if example.name not in POLYNOMIAL:
        assert set(unknown) <= OPEN.get(example.name, set()), [report[axiom] for axiom in unknown]


@pytest.mark.parametrize("name", DAILY)
def test_some_of_the_catalogue_against_a_grid(name):
    on_a_grid(next(e for e in EXAMPLES if e.name == name), (1, 2))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_the_catalogue_against_a_grid(example):
    on_a_grid(example, (1, 2, 3))


# -- one outcome, two outcomes --------------------------------------------------------------------------------------


def always(A: Any, B: Any) -> bool:
    return True


def never(A: Any, B: Any) -> bool:
    return False


SMALL = {
    "expected": pc.expected_reward(PAYOFF),
    "indifference": pc.indifference(),
    "equality": pc.equality(),
    "always": pc.relation(always),
    "never": pc.relation(never),
    "strict": pc.Relation(lambda A, B: A.expect(PAYOFF) < B.expect(PAYOFF), "strict"),
    "different": pc.Relation(lambda A, B: A.expect(PAYOFF) != B.expect(PAYOFF), "different"),
    "pareto": pc.pareto(PAYOFF, {"a": 2, "b": 1, "c": 0, "d": 0}),
    "cvar": pc.cvar(PAYOFF, HALF),
    "quantile": pc.quantile(PAYOFF, HALF),
    "chance": pc.chance_constraint({"a"}, Fraction(1, 10), PAYOFF),
    "excess": pc.excess_risk({"a": 2}, PAYOFF),
    "semiorder": pc.semiorder(PAYOFF, Fraction(1, 3)),
    "worst_case": pc.worst_case(PAYOFF),
    "dominance": pc.stochastic_dominance(PAYOFF),
    "variance": pc.mean_variance(PAYOFF, HALF),
}

# What holds on one outcome, where A = B = C: everything, if A ≼ A; else what does not ask for A ≼ A.
ALONE = {
    True: set(pc.AXIOMS),
    False: set(pc.AXIOMS) - {"reflexive", "total", "preorder", *BY_VALUE},
}


@pytest.mark.parametrize("name", SMALL)
def test_one_outcome(name):
    relation, only = SMALL[name], pc.Distribution.point("a")
    for report in (
        pc.check(relation, ["a"], pc.AXIOMS, 20, value=PAYOFF),
        pc.check(relation, axioms=[a for a in pc.AXIOMS if a != "continuous"], menu=[only], value=PAYOFF, budget=20),
    ):
        for axiom, verdict in report.items():
            expected = pc.Proved if axiom in ALONE[relation(only, only)] else pc.Refuted
            assert type(verdict) is expected, (name, axiom, verdict)
        looked_at(report)


# Left unknown on two outcomes: mixtures of a polynomial relation; "different" is no preference anyone would state.
OPEN_ON_TWO = {
    "variance": ("consistent", "convex", "betweenness", "interpolation_open"),
    "different": ("interpolation_open",),
}


@pytest.mark.parametrize("name", SMALL)
def test_two_outcomes(name):
    relation = SMALL[name]
    report = pc.check(relation, ["a", "b"], pc.AXIOMS, 30, value=PAYOFF)
    unknown = compare_with_grid(report, relation, grid(["a", "b"], (1, 2, 3, 4, 10)), PAYOFF)
    assert set(unknown) <= set(OPEN_ON_TWO.get(name, ())), unknown
    looked_at(report)


# -- black boxes ----------------------------------------------------------------------------------------------------


def wide(A: Any, B: Any) -> bool:
    return len(A.support) >= len(B.support)


def logarithmic(A: Any, B: Any) -> bool:
    return math.log(1 + float(A.expect(PAYOFF))) <= math.log(1 + float(B.expect(PAYOFF)))


def scattered(A: Any, B: Any) -> bool:
    """Less entropy is better."""
    first, second = (-sum(float(p) * math.log(float(p)) for _, p in L.items()) for L in (A, B))
    return bool(first >= second)


def beaten(A: Any, B: Any) -> bool:
    wins = {"a": "b", "b": "c", "c": "a"}

    def chance(X: Any, Y: Any) -> float:
        return sum(float(p) * float(Y[wins[o]]) for o, p in X.items() if o in wins)

    return chance(A, B) <= chance(B, A)


def one_in_ten(A: Any, B: Any) -> bool:
    """A chance constraint that cannot be traced."""
    ok = [float(L.prob({"a"})) <= 0.25 for L in (A, B)]
    return ok[1] and (not ok[0] or float(A.expect(PAYOFF)) <= float(B.expect(PAYOFF)))


BLACK = {
    wide: ("consistent", "convex", "betweenness", "monotone", "spread_averse"),
    scattered: ("consistent", "betweenness", "monotone"),
    beaten: ("transitive", "quasi_transitive", "preorder", "acyclic", "negatively_transitive", "monotone"),
    one_in_ten: ("reflexive", "total", "consistent", "preorder"),
}


@pytest.mark.parametrize("function", BLACK, ids=lambda f: f.__name__)
def test_what_refutes_a_black_box_is_right_and_simple(function):
    report = pc.check(pc.Relation(function, function.__name__), OUTCOMES, BLACK[function], 60, value=PAYOFF)
    asked = Asked(function, PAYOFF)
    for axiom, verdict in report.items():
        assert isinstance(verdict, pc.Refuted), (axiom, verdict)
        lotteries = lotteries_of(verdict.evidence)
        assert asked.fails(axiom, lotteries, getattr(verdict.evidence, "alpha", None)), verdict.evidence
        assert all(p.denominator <= 6 for x in lotteries for _, p in x.items()), verdict.evidence
        assert len({o for x in lotteries for o in x}) <= 4, verdict.evidence
    looked_at(report)


def tried_of(verdict: Any) -> int:
    found = re.search(r"among (\d+) that were tried", verdict.reason)
    assert found, verdict.reason
    return int(found.group(1))


def test_a_black_box_that_has_the_axiom_stays_unknown_with_the_number_tried():
    report = pc.check(
        pc.relation(logarithmic), OUTCOMES, ["reflexive", "total", "convex", "monotone"], 60, value=PAYOFF
    )
    for verdict in report.values():
        assert isinstance(verdict, pc.Unknown)
        assert "black box" in verdict.reason and "float()" in verdict.reason
        assert tried_of(verdict) >= 100
    looked_at(report)
    limits = pc.check(pc.relation(logarithmic), OUTCOMES, ["interpolation", "continuous"], 60)
    assert all(isinstance(v, pc.Unknown) and "no finite number of answers" in v.reason for v in limits.values())


def test_nothing_is_proved_of_a_black_box_on_a_menu():
    menu = [pc.Distribution.point(o) for o in "abc"]
    report = pc.check(pc.relation(wide), menu=menu, axioms=["reflexive", "transitive"], budget=20)
    assert all(isinstance(v, pc.Unknown) for v in report.values())
    cyclic = pc.check(pc.relation(beaten), menu=menu, axioms=["transitive", "acyclic"], budget=20)
    assert all(isinstance(v, pc.Refuted) for v in cyclic.values())
    assert all(x in menu for v in cyclic.values() for x in lotteries_of(v.evidence))
    looked_at(report)
    looked_at(cyclic)


def test_exceptions_of_a_black_box_are_told_not_raised():
    def divides(A: Any, B: Any) -> bool:
        return 1 / float(A["a"]) >= 1 / float(B["a"])

    report = pc.check(pc.relation(divides), OUTCOMES, ["reflexive", "transitive"], 30)
    for verdict in report.values():
        assert isinstance(verdict, pc.Unknown) and "ZeroDivisionError" in verdict.reason
    looked_at(report)

    def answers_late(A: Any, B: Any) -> Any:
        return None if len(A.support) > 1 else True

    report = pc.check(pc.relation(answers_late), OUTCOMES, ["reflexive"], 30)
    assert isinstance(report["reflexive"], pc.Unknown) and "must return" in report["reflexive"].reason


# At 20 ms an answer there are fifty; a pair takes one or two, and a triple of lotteries seen before takes none, but the
# 26 lotteries' pairs alone are far more than fifty.
TRIED_IN_A_SECOND = 1500


def test_a_slow_black_box_counts_what_it_asked():
    report, _, answers = slowly_asked()
    assert answers < 200
    assert sum(map(tried_of, report.values())) < TRIED_IN_A_SECOND, [v.reason for v in report.values()]


def test_a_slow_black_box_respects_the_budget():
    report, seconds, _ = slowly_asked()
    assert seconds < 4
    assert all(isinstance(v, pc.Unknown) for v in report.values())


def slowly_asked() -> tuple[pc.Report, float, int]:
    """A report on a relation that takes 20 ms for an answer, within one second; the seconds; the answers."""
    asked: list[None] = []

    def slow(A: Any, B: Any) -> bool:
        asked.append(None)
        time.sleep(0.02)
        return len(A.support) <= len(B.support)

    start = time.monotonic()
    report = pc.check(pc.relation(slow), OUTCOMES, ["transitive", "total"], 1.0)
    return report, time.monotonic() - start, len(asked)


# -- numbers at the ends of the scale -------------------------------------------------------------------------------


def test_tie_breaking_by_nearly_the_same_payoff_is_not_expected_reward():
    u, same = {"a": 0, "b": 1, "c": 2}, {"a": 1, "b": 3, "c": 5}
    near = {"a": 0, "b": 1 + TINY, "c": 2}
    first, second = pc.maximize(pc.expect(u)), pc.maximize(pc.expect(near))
    broken = pc.check(pc.lexicographic(first, second), list(u), pc.AXIOMS, 60, value=u)
    plain = pc.check(pc.lexicographic(first, pc.maximize(pc.expect(same))), list(u), pc.AXIOMS, 60, value=u)
    assert {a for a, v in broken.items() if isinstance(v, pc.Refuted)} == {
        "interpolation",
        "interpolation_open",
        "continuous",
    }
    assert {a for a, v in plain.items() if isinstance(v, pc.Refuted)} == {"interpolation_open"}
    assert not any(isinstance(v, pc.Unknown) for v in (*broken.values(), *plain.values()))
    looked_at(broken)


def test_nearly_equal_payoffs_are_told_apart():
    u = {"a": 0, "b": 1, "c": 1 - TINY}
    level = {"a": 0, "b": 1, "c": 1}
    assert isinstance(pc.check(pc.expected_reward(u), list(u), ["monotone"], value=level)["monotone"], pc.Refuted)
    assert isinstance(pc.check(pc.expected_reward(u), list(u), ["monotone"], value=u)["monotone"], pc.Proved)
    close = pc.pareto(level, {"a": 0, "b": 1 + TINY, "c": 1})
    assert isinstance(pc.check(close, list(u), ["total"])["total"], pc.Refuted)
    assert isinstance(pc.check(pc.pareto(level, {"a": 1, "b": 3, "c": 3}), list(u), ["total"])["total"], pc.Proved)


@pytest.mark.parametrize("bound", [HUGE, Fraction(1, HUGE)], ids=["huge", "tiny"])
def test_enormous_and_tiny_constants(bound):
    u = {"a": -HUGE, "b": Fraction(1, HUGE), "c": HUGE}
    w = {"a": 0, "b": 1, "c": 3}

    def either(A: Any, B: Any) -> Any:
        return (A.expect(u) <= bound) | (A.expect(w) <= B.expect(w))

    relation = pc.relation(either)
    report = pc.check(relation, list(u), pc.AXIOMS, 60, value=w)
    unknown = compare_with_grid(report, relation, grid(list(u), (1, 2, 3)), w)
    assert not unknown
    looked_at(report)
    expected = pc.check(pc.expected_reward({"a": 0, "b": HUGE, "c": HUGE + 1}), list(u), pc.AXIOMS, 60, value=w)
    assert {a for a, v in expected.items() if not isinstance(v, pc.Proved)} == {"interpolation_open"}
    looked_at(expected)
    points = [pc.Distribution({"a": 1}), pc.Distribution({"c": 1}), pc.Distribution({"a": 1 - TINY, "c": TINY})]
    on_menu = pc.check(relation, menu=points, budget=20)
    for axiom, verdict in on_menu.items():
        assert isinstance(verdict, pc.Refuted) is fails_on(axiom, Asked(relation, w), points), axiom
    looked_at(on_menu)


# -- what is malformed ----------------------------------------------------------------------------------------------

GOOD = pc.expected_reward(PAYOFF)
MENU = [pc.Distribution.point("a"), pc.Distribution.point("b")]


def _relation(function: Callable[[Any, Any], Any]) -> pc.Relation[Any]:
    return pc.Relation(function, "mine")


MALFORMED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "an event of another outcome": (
        lambda: pc.check(_relation(lambda A, B: A.prob({"zz"}) <= B.prob({"zz"})), OUTCOMES),
        ValueError,
        "zz",
    ),
    "another outcome": (lambda: pc.check(_relation(lambda A, B: A["zz"] <= B["zz"]), OUTCOMES), ValueError, "zz"),
    "a bare string for an event": (
        lambda: pc.check(_relation(lambda A, B: A.prob("a") <= B.prob("a")), OUTCOMES),
        TypeError,
        "event",
    ),
    "a denominator that can vanish": (
        lambda: pc.check(_relation(lambda A, B: 1 / A.expect(PAYOFF) <= 1 / B.expect(PAYOFF)), OUTCOMES),
        ValueError,
        "zero",
    ),
    "a payoff with gaps": (
        lambda: pc.check(_relation(lambda A, B: A.expect({"a": 1}) <= B.expect({"a": 1})), OUTCOMES),
        ValueError,
        "'b'",
    ),
    "a number for a comparison": (lambda: pc.check(_relation(lambda A, B: A["a"]), OUTCOMES), TypeError, "comparison"),
    "None for a comparison": (lambda: pc.check(_relation(lambda A, B: None), OUTCOMES), TypeError, "comparison"),
    "a verdict for a comparison": (
        lambda: pc.check(_relation(lambda A, B: pc.check(GOOD, OUTCOMES)["total"]), OUTCOMES),
        TypeError,
        "Proved",
    ),
    "no relation": (lambda: pc.check(lambda A, B: True, OUTCOMES), TypeError, "@pc.relation"),  # type: ignore[arg-type]
    "no domain": (lambda: pc.check(GOOD), TypeError, "domain"),
    "two domains": (lambda: pc.check(GOOD, OUTCOMES, menu=MENU), TypeError, "domain"),
    "a string for outcomes": (lambda: pc.check(GOOD, "abcd"), TypeError, "outcomes"),
    "no outcomes": (lambda: pc.check(GOOD, []), ValueError, "outcomes"),
    "an outcome twice": (lambda: pc.check(GOOD, ["a", "b", "a"]), ValueError, "twice"),
    "a string for axioms": (lambda: pc.check(GOOD, OUTCOMES, "total"), TypeError, "axioms"),
    "no axioms": (lambda: pc.check(GOOD, OUTCOMES, []), ValueError, "axioms"),
    "a misspelt axiom": (lambda: pc.check(GOOD, OUTCOMES, ["totl"]), ValueError, "did you mean 'total'"),
    "an axiom's class": (lambda: pc.check(GOOD, OUTCOMES, [pc.Axiom]), ValueError, "unknown axiom"),  # type: ignore
    "a list for an axiom": (lambda: pc.check(GOOD, OUTCOMES, [["total"]]), ValueError, "unknown axiom"),  # type: ignore
    "monotone in nothing": (lambda: pc.check(GOOD, OUTCOMES, ["monotone"]), ValueError, "value="),
    "risk_averse in nothing": (lambda: pc.check(GOOD, OUTCOMES, ["risk_averse"]), ValueError, "value="),
    "spread_averse on a menu": (lambda: pc.check(GOOD, menu=MENU, axioms=["spread_averse"]), ValueError, "value="),
    "a value with gaps": (lambda: pc.check(GOOD, OUTCOMES, value={"a": 1}), ValueError, "'b'"),
    "a string for a value": (lambda: pc.check(GOOD, OUTCOMES, value="a"), TypeError, "payoff"),  # type: ignore
    "a value that is no number": (
        lambda: pc.check(GOOD, OUTCOMES, value={**PAYOFF, "a": float("nan")}),
        ValueError,
        "finite",
    ),
    "continuity of a menu": (lambda: pc.check(GOOD, menu=MENU, axioms=["continuous"]), ValueError, "continuous"),
    "an empty menu": (lambda: pc.check(GOOD, menu=[]), ValueError, "menu"),
    "a lottery for a menu": (lambda: pc.check(GOOD, menu=MENU[0]), TypeError, "menu"),
    "outcomes for a menu": (lambda: pc.check(GOOD, menu=OUTCOMES), TypeError, "menu"),  # type: ignore
    "mappings for a menu": (lambda: pc.check(GOOD, menu=[{"a": 1}]), TypeError, "Distributions"),  # type: ignore
    "outcomes for a process": (lambda: pc.check(GOOD, process=OUTCOMES), TypeError, "process"),  # type: ignore
    "no time": (lambda: pc.check(GOOD, OUTCOMES, budget=0), ValueError, "budget"),
    "less than no time": (lambda: pc.check(GOOD, OUTCOMES, budget=-1), ValueError, "budget"),
    "time that is no number": (lambda: pc.check(GOOD, OUTCOMES, budget=float("nan")), ValueError, "budget"),
    "a string of time": (lambda: pc.check(GOOD, OUTCOMES, budget="3"), TypeError, "budget"),  # type: ignore
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_input_is_named(case):
    call, error, text = MALFORMED[case]
    with pytest.raises(error) as raised:
        call()
    assert text in str(raised.value)


def test_a_check_within_a_relation_is_part_of_it():
    """A relation may ask for a report on another one; what it may not do is ask about its own lotteries."""

    def guarded(A: Any, B: Any) -> Any:
        return pc.check(GOOD, OUTCOMES, ["total"]).proved("total") and A.expect(PAYOFF) <= B.expect(PAYOFF)

    report = pc.check(pc.relation(guarded), OUTCOMES)
    assert report.proved("preorder", "total", "convex", "interpolation")

    def asks_about_itself(A: Any, B: Any) -> Any:
        return pc.check(GOOD, menu=[A, B], axioms=["total"]).proved("total")

    report = pc.check(pc.relation(asks_about_itself), OUTCOMES, ["reflexive"], 3)
    assert isinstance(report["reflexive"], pc.Unknown) and "black box" in report["reflexive"].reason

    def takes_a_verdict_for_true(A: Any, B: Any) -> Any:
        return bool(pc.check(GOOD, OUTCOMES, ["total"])["total"]) and A.expect(PAYOFF) <= B.expect(PAYOFF)

    report = pc.check(pc.relation(takes_a_verdict_for_true), OUTCOMES, ["reflexive"], 3)
    assert isinstance(report["reflexive"], pc.Unknown) and "no truth value" in report["reflexive"].reason


def test_hardly_any_time_is_no_crash():
    tough = pc.conjunction(pc.cvar(PAYOFF, HALF), pc.quantile(PAYOFF, Fraction(1, 3)))
    report = pc.check(tough, OUTCOMES, pc.AXIOMS, 1e-9, value=PAYOFF)
    asked = Asked(tough, PAYOFF)
    for axiom, verdict in report.items():
        if isinstance(verdict, pc.Refuted):
            assert asked.fails(axiom, lotteries_of(verdict.evidence), getattr(verdict.evidence, "alpha", None))
    looked_at(report)
