"""Elicitation: exact for rational utilities, near the information bound, robust to noise, and not taken in."""

import contextlib
import io
import re
from collections import Counter
from fractions import Fraction
from itertools import product
from math import gcd, log2
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_farey import farey_sequence

import prefcore as pc
from prefcore.catalogue.examples import EXAMPLES
from prefcore.strategies import payoffs
from solvers.rewards.elicitation.gambles import Elicitation, elicit
from solvers.rewards.elicitation.questions import lead_for

F = Fraction
WATER = {"flood": 0, "low": 1, "half": 3, "full": 7}


class Counting:
    """An oracle that remembers what it was asked."""

    def __init__(self, relation):
        self.relation, self.asked = relation, []

    def __call__(self, A, B):
        self.asked.append((A, B))
        return self.relation(A, B)


def normalised(payoff):
    low, high = min(payoff.values()), max(payoff.values())
    return {o: F(v - low) / (high - low) if high > low else F(0) for o, v in payoff.items()}


def draw_utility(rng, outcomes, denominator):
    """Uniform over F_D, with a worst and a best at random places."""
    values = []
    while len(values) < outcomes:
        q, p = rng.integers(1, denominator + 1), rng.integers(0, denominator + 1)
        if p <= q and gcd(p, q) == 1:
            values.append(F(int(p), int(q)))
    worst, best = rng.choice(outcomes, size=2, replace=False)
    values[worst], values[best] = F(0), F(1)
    return dict(enumerate(values))


def assert_contradiction(found: Elicitation, relation):
    """The counterexample, checked without the kernel: its answers are the oracle's, and their weighted sum is zero."""
    assert isinstance(found.verdict, pc.Refuted)
    assert pc.kernel.check(found.verdict.claim, found.verdict.evidence) == found.verdict
    shown = found.counterexample
    assert shown is not None and len(shown.answers) <= len(found.intervals) + 1
    total = Counter()
    for answer, weight in zip(shown.answers, shown.weights, strict=True):
        assert weight > 0 and relation(answer.A, answer.B) is answer.holds
        lower, higher = (answer.A, answer.B) if answer.holds else (answer.B, answer.A)
        for lottery, sign in ((higher, weight), (lower, -weight)):
            for outcome, p in lottery.items():
                total[outcome] += sign * p
    assert not any(total.values()) and any(not a.holds for a in shown.answers)


# -- exact utilities ------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: payoffs(range(n), bound=5, max_denominator=4)))
def test_rational_utilities_are_found_exactly(payoff):
    oracle = Counting(pc.expected_reward(payoff))
    found = elicit(oracle, list(payoff), F(1, 100))  # normalised denominators are at most 40
    assert found.utility == normalised(payoff)
    assert found.converged and all(found.exact.values())
    assert found.intervals == {o: (u, u) for o, u in found.utility.items()}
    assert isinstance(found.verdict, pc.Proved) and found.counterexample is None
    assert found.queries == len(oracle.asked) == len(set(oracle.asked)) == len(found.record) == len(found.answers)


def test_the_number_of_questions_is_near_the_information_bound():
    rng = np.random.default_rng(20)
    with_audit, without = [], []
    for _ in range(12):
        utility = draw_utility(rng, 10, 1000)
        found = elicit(pc.expected_reward(utility), list(utility))
        assert found.utility == utility and found.bound == 153
        with_audit.append(found.queries / found.bound)
        without.append((found.queries - found.audited) / found.bound)
    assert max(with_audit) < 1.5 and np.mean(with_audit) < 1.35
    assert np.mean(without) < 1.15


def test_a_search_takes_hardly_more_questions_than_bits():
    """Over all utilities in F_40, exactly: the average is above the entropy, and by at most a fifth."""
    members = farey_sequence(40)
    questions = []
    for u in members:
        found = elicit(pc.expected_reward({"a": 0, "b": 1, "c": u}), list("abc"), F(1, 40), audit=0)
        assert found.utility["c"] == u
        questions.append(found.queries)
    assert log2(len(members)) < np.mean(questions) - 4 < 1.15 * log2(len(members))
    assert max(questions) <= 4 + 1.5 * log2(len(members))


def test_the_bound_counts_utilities():
    for n, D in product((2, 3, 4), (2, 3, 4)):
        normal = [u for u in product(farey_sequence(D), repeat=n) if (min(u), max(u)) == (0, 1)]
        found = elicit(pc.indifference(), range(n), F(1, D))
        assert 2 ** (found.bound - 1) < len(normal) + 1 <= 2**found.bound


def test_worst_and_best_take_three_halves_of_n_questions():
    for n in range(2, 12):
        found = elicit(pc.expected_reward({i: (7 * i) % n for i in range(n)}), range(n), audit=0)
        extremes = [a for a in found.record if len(a.A) == len(a.B) == 1 and not a.purpose.startswith("which gamble")]
        assert len(extremes) <= -(-3 * n // 2) - 1


def test_simple_utilities_and_ties_take_few_questions():
    half = elicit(pc.expected_reward({"a": 0, "b": F(1, 2), "c": 1}), ["a", "b", "c"], audit=0)
    assert half.utility["b"] == F(1, 2) and half.queries <= 4 + 7
    rng, tied, distinct = np.random.default_rng(4), [], []
    for _ in range(6):
        utility = draw_utility(rng, 10, 1000)
        pool = sorted(utility.values())[:5:2]
        ties = {o: pool[i] for o, i in enumerate(rng.integers(3, size=8))} | {8: F(0), 9: F(1)}
        found = elicit(pc.expected_reward(ties), range(10), audit=0)
        assert found.utility == ties
        tied.append(found.queries)
        distinct.append(elicit(pc.expected_reward(utility), range(10), audit=0).queries)
    assert sum(tied) < 0.75 * sum(distinct)


@settings(max_examples=30, deadline=None)
@given(st.fractions(0, 1, max_denominator=10**6), st.integers(2, 300))
def test_other_utilities_are_bounded(u, D):
    found = elicit(pc.expected_reward({"a": 0, "b": u, "c": 1}), ["a", "b", "c"], F(1, D))
    low, high = found.intervals["b"]
    assert found.converged and isinstance(found.verdict, pc.Proved)
    assert found.exact["b"] == (u.denominator <= D)
    if found.exact["b"]:
        assert low == u == high
    else:
        assert low < u < high and low < found.utility["b"] < high
        assert high - low <= F(1, D) and max(low.denominator, high.denominator) <= D


def test_precision_need_not_be_one_over_a_whole_number():
    found = elicit(pc.expected_reward({"a": 0, "b": F(1, 334), "c": 1}), ["a", "b", "c"], F(3, 1000))
    assert found.exact["b"] and found.utility["b"] == F(1, 334)


def test_a_fine_precision():
    u = F(271829, 999983)
    found = elicit(pc.expected_reward({"a": 0, "b": u, "c": 1}), ["a", "b", "c"], F(1, 10**6), audit=0)
    assert found.exact["b"] and found.utility["b"] == u and found.queries < 46


def test_a_single_outcome_needs_no_question():
    found = elicit(lambda A, B: 1 / 0, ["only"])
    assert (found.utility, found.queries, found.bound, found.converged) == ({"only": 0}, 0, 0, True)
    assert isinstance(found.verdict, pc.Proved)


def test_indifference_is_said():
    found = elicit(pc.indifference(), list("abcde"))
    assert found.utility == dict.fromkeys("abcde", 0) and all(found.exact.values())
    assert "Everything is indifferent" in str(found)


# -- oracles without a utility ---------------------------------------------------------------------------------------

# Expected utilities, and lexicographic orders: any finite number of their answers is explained by a utility (T5).
EXPLAINED = {"expected_reward", "quadratic_utility", "entropic_risk", "indifference", "lexicographic", "excess_risk"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_the_catalogue(example):
    found = elicit(example.relation, example.outcomes)
    assert found.converged and found.audited <= 2 * len(example.outcomes) + 10
    if example.name in EXPLAINED:
        assert isinstance(found.verdict, pc.Proved)
    else:
        assert_contradiction(found, example.relation)


@pytest.mark.parametrize(
    "make",
    [
        lambda u, v, share: pc.cvar(u, share),
        lambda u, v, share: pc.quantile(u, share),
        lambda u, v, share: pc.pareto(u, v),
        lambda u, v, share: pc.chance_constraint({0}, share / 2, u),
        lambda u, v, share: pc.weighted_utility(u, {o: x + 1 for o, x in v.items()}),
        lambda u, v, share: pc.worst_case(u),
        lambda u, v, share: pc.stochastic_dominance(u),
        lambda u, v, share: pc.mean_semideviation(u, share),
    ],
    ids=["cvar", "quantile", "pareto", "chance", "weighted_utility", "worst_case", "dominance", "semideviation"],
)
def test_the_default_audit_refutes_random_relations(make):
    """Six outcomes with different payoffs: far from a utility, and found out each time."""
    rng = np.random.default_rng(8)
    for _ in range(6):
        u, v = (dict(enumerate(map(int, rng.choice(21, size=6, replace=False)))) for _ in range(2))
        relation = make(u, v, F(int(rng.integers(2, 9)), 10))
        assert_contradiction(elicit(relation, range(6), F(1, 200)), relation)


def test_a_majority_needs_a_longer_audit():
    """A voters' cycle in a narrow cone of directions: missed by default, refuted by more questions."""
    rng, refuted = np.random.default_rng(2), Counter()
    for _ in range(25):
        relation = pc.majority(*(dict(enumerate(map(int, rng.integers(21, size=4)))) for _ in range(3)))
        for audit in (0, None, 100):
            refuted[audit] += isinstance(elicit(relation, range(4), F(1, 200), audit=audit).verdict, pc.Refuted)
    assert refuted[0] < refuted[None] < refuted[100]


def test_a_lexicographic_order_is_not_found_out_but_not_called_exact():
    safe_first = pc.lexicographic(pc.minimize(pc.prob({"flood"})), pc.maximize(pc.expect(WATER)))
    found = elicit(safe_first, list(WATER), audit=60)
    assert isinstance(found.verdict, pc.Proved)  # as T5 says it must be
    assert found.intervals["low"] == found.intervals["half"] == (F(999, 1000), 1)
    assert not found.exact["low"] and not found.exact["half"]
    assert 1 > found.utility["half"] > found.utility["low"] > F(999, 1000)  # so it does explain their order
    assert "as far as this precision tells" in str(found)
    assert isinstance(pc.check(safe_first, list(WATER))["interpolation"], pc.Refuted)  # the formula tells


def test_allais_in_words():
    """Kahneman and Tversky's certainty effect, from a weighted utility: three answers that contradict each other."""
    prizes = {"nothing": 0, "3000": 3, "4000": 4}
    relation = pc.weighted_utility(prizes, {"nothing": 3, "3000": 2, "4000": 1})
    found = elicit(relation, list(prizes))
    assert_contradiction(found, relation)
    text = str(found)
    assert f"No expected utility explains these {len(found.counterexample.answers)} answers:" in text
    assert all(str(answer) in text for answer in found.counterexample.answers)


def test_counterexamples_stay_short_among_many_outcomes():
    relation = pc.cvar({o: o * o for o in range(16)}, F(1, 2))
    found = elicit(relation, range(16), F(1, 100))
    assert_contradiction(found, relation)
    assert len(found.counterexample.answers) <= 4


def test_a_cycle_of_outcomes():
    beats = {("rock", "scissors"), ("scissors", "paper"), ("paper", "rock")}
    relation = pc.skew_symmetric(lambda x, y: ((x, y) in beats) - ((y, x) in beats))
    found = elicit(relation, ["rock", "paper", "scissors"])
    assert_contradiction(found, relation)
    assert all(len(a.A) == len(a.B) == 1 for a in found.counterexample.answers)


def test_incomparable_outcomes():
    """No to A ≼ B and to B ≼ A: two answers that contradict each other already."""
    found = elicit(lambda A, B: A == B, ["a", "b"])
    assert isinstance(found.verdict, pc.Refuted) and len(found.counterexample.answers) == 2


@settings(max_examples=25, deadline=None)
@given(payoffs(range(5), bound=20), st.integers(0, 80))
def test_an_audit_of_any_length_is_passed_by_a_utility(payoff, audit):
    found = elicit(pc.expected_reward(payoff), range(5), F(1, 20), audit=audit)
    assert isinstance(found.verdict, pc.Proved) and found.audited == audit
    assert all(
        low <= u <= high for u, (low, high) in zip(normalised(payoff).values(), found.intervals.values(), strict=True)
    )


def test_a_utility_is_given_that_explains_the_audit_too():
    """1/√2-like utilities: only some points of the intervals agree with mixtures of two of them."""
    utility = {"a": 0, "b": F(7071, 10000), "c": F(7070, 10000), "d": 1}
    relation = pc.expected_reward(utility)
    found = elicit(relation, list(utility), F(1, 10), audit=200)
    assert isinstance(found.verdict, pc.Proved)
    mine = pc.expected_reward(found.utility)
    assert all(mine(a.A, a.B) is a.holds for a in found.record)


# -- noise ----------------------------------------------------------------------------------------------------------


def noisy(relation, p, rng):
    return lambda A, B: relation(A, B) ^ bool(rng.random() < p)


def test_the_lead_is_the_least_that_serves():
    for p, confidence, questions in product((F(1, 100), F(1, 10), F(2, 5)), (F(1, 2), F(99, 100)), (1, 10, 500)):
        k = lead_for(p, confidence, questions)
        wrong = [questions / (1 + ((1 - p) / p) ** j) for j in (k - 1, k)]
        assert wrong[1] <= 1 - confidence and (k == 1 or wrong[0] > 1 - confidence)


def test_repeating_decides_as_the_gamblers_ruin_says():
    """One question, thousands of times: errors 1/(1 + ((1-p)/p)^k), answers k(1-2ε)/(1-2p)."""
    rng, p, runs = np.random.default_rng(7), 0.3, 2000
    low_first = pc.expected_reward({"a": 0, "b": 1})
    wrong, asked, k = 0, 0, None
    for _ in range(runs):
        found = elicit(noisy(low_first, p, rng), ["a", "b"], error=F(3, 10), confidence=F(7, 10), audit=0)
        first = found.record[0]
        k = abs(first.yes - first.no)
        wrong += not first.holds
        asked += first.yes + first.no
    epsilon = 1 / (1 + (0.7 / 0.3) ** k)
    assert abs(wrong / runs - epsilon) < 4 * (epsilon / runs) ** 0.5
    assert abs(asked / runs - k * (1 - 2 * epsilon) / (1 - 2 * p)) < 0.2


@pytest.mark.parametrize("p", [F(1, 20), F(1, 5)])
def test_noise_is_withstood_at_the_stated_confidence(p):
    """Coverage over many runs, and the number of queries by the formula."""
    rng, runs, right = np.random.default_rng(11), 60, 0
    per_question, ratios = [], []
    for _ in range(runs):
        utility = draw_utility(rng, 4, 30)
        relation = pc.expected_reward(utility)
        found = elicit(noisy(relation, float(p), rng), range(4), F(1, 30), error=p, confidence=F(9, 10))
        right += found.utility == utility and all(relation(a.A, a.B) is a.holds for a in found.record)
        per_question.append(found.queries / len(found.record))
        ratios.append(found.queries / found.bound)
    assert right >= 0.9 * runs
    first = found.record[0]
    k = abs(first.yes - first.no)
    assert abs(np.mean(per_question) - k / (1 - 2 * float(p))) < 0.05 * k
    q = float(p)
    capacity = 1 + q * log2(q) + (1 - q) * log2(1 - q)
    assert np.mean(per_question) < 3.5 / capacity and np.mean(ratios) < 6


def test_noise_does_not_hide_a_contradiction():
    rng, relation = np.random.default_rng(3), pc.cvar(WATER, F(1, 2))
    for _ in range(5):
        assert_contradiction(elicit(noisy(relation, 0.1, rng), list(WATER), F(1, 50), error=F(1, 10)), relation)


@pytest.mark.slow
@pytest.mark.parametrize("p", [F(1, 20), F(1, 5), F(2, 5)])
def test_coverage_in_a_thousand_runs(p):
    """A lower confidence, so that a miss is seen: at most 30% may go wrong, and the union bound is not vacuous."""
    rng, runs, right = np.random.default_rng(5), 1000, 0
    for _ in range(runs):
        utility = draw_utility(rng, 3, 12)
        relation = pc.expected_reward(utility)
        found = elicit(noisy(relation, float(p), rng), range(3), F(1, 12), error=p, confidence=F(7, 10), audit=0)
        right += found.utility == utility
    assert 0.7 * runs <= right < runs


# -- budgets and bad input ------------------------------------------------------------------------------------------


def test_a_budget_gives_bounds_and_no_utility():
    utility = {"a": F(1, 3), "b": 0, "c": F(5, 7), "d": 1}
    relation = pc.expected_reward(utility)
    full = elicit(relation, list(utility))
    needed = full.queries - full.audited
    widths = []
    for budget in range(full.queries + 1):
        found = elicit(relation, list(utility), max_queries=budget)
        assert found.queries == min(budget, full.queries) and isinstance(found.verdict, pc.Proved)
        assert found.converged is (budget >= needed) and (found.utility is None) is not found.converged
        assert all(low <= utility[o] <= high for o, (low, high) in found.intervals.items())
        widths.append(sum(high - low for low, high in found.intervals.values()))
    assert widths == sorted(widths, reverse=True)
    assert "budget ran out" in str(elicit(relation, list(utility), max_queries=9))


def test_progress_is_told():
    told = []
    found = elicit(pc.expected_reward(WATER), list(WATER), progress=told.append)
    assert tuple(told) == found.record


def test_answers_of_numpy_are_answers():
    found = elicit(lambda A, B: np.bool_(A.expect(WATER) <= B.expect(WATER)), list(WATER))
    assert found.utility == normalised(WATER)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"outcomes": []}, ValueError, "outcomes must not be empty"),
        ({"outcomes": ["a", "b", "a"]}, ValueError, "'a' is listed twice"),
        ({"outcomes": "ab"}, TypeError, "outcomes must be a sequence"),
        ({"outcomes": [["a"], "b"]}, TypeError, "hashable"),
        ({"precision": 0}, ValueError, "precision must be in (0, 1)"),
        ({"precision": 1}, ValueError, "precision must be in (0, 1)"),
        ({"precision": F(1, 10**7)}, ValueError, "precision must be at least 1/1000000"),
        ({"precision": "fine"}, ValueError, "precision must be a number"),
        ({"error": F(1, 2)}, ValueError, "error must be in [0, 1/2)"),
        ({"error": -0.1}, ValueError, "error must be in [0, 1/2)"),
        ({"confidence": 1}, ValueError, "confidence must be in (0, 1)"),
        ({"audit": -1}, ValueError, "audit must be a whole number"),
        ({"max_queries": 2.5}, ValueError, "max_queries must be a whole number"),
        ({"oracle": "yes"}, TypeError, "oracle must be a function"),
        ({"oracle": lambda A, B: None}, TypeError, "got None when asked whether a ≼ b"),
        ({"oracle": lambda A, B: 1}, TypeError, "True or False, got 1 when asked"),
    ],
)
def test_bad_input_is_refused_at_the_door(arguments, error, message):
    given_ = {"oracle": pc.indifference(), "outcomes": ["a", "b"]} | arguments
    with pytest.raises(error) as raised:
        elicit(given_.pop("oracle"), given_.pop("outcomes"), **given_)
    assert message in str(raised.value)


def test_what_the_oracle_raises_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        elicit(lambda A, B: 1 / 0, ["a", "b"])


def test_the_page_runs_and_prints_what_it_says():
    page = (Path(__file__).parent.parent / "docs" / "elicitation.md").read_text(encoding="utf-8")
    (code,), (text,) = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("python", "text"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == text
