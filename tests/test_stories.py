"""From a violation to a decision problem: T3's processes, money pumps and jumps in price, each against plain Fractions.

The oracles know nothing of the library's formulas: relations are Python functions of dictionaries, processes are listed
and policies enumerated by hand.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import FrozenInstanceError, dataclass
from fractions import Fraction
from itertools import product

import pytest

import prefcore as pc
import solvers
from prefcore.relations import formula_of
from solvers.__main__ import main
from solvers.refuted import relation_of

F = Fraction
OUTCOMES = ("flood", "low", "half", "full")
WATER = {"flood": 0, "low": 1, "half": 3, "full": 7}
QUIET = {"flood": 0, "low": 5, "half": 2, "full": 1}
FISH = {"flood": 2, "low": 0, "half": 9, "full": 4}
BEATS = {("low", "flood"), ("half", "low"), ("flood", "half")}


def phi(x, y):
    return ((x, y) in BEATS) - ((y, x) in BEATS)


RELATIONS = {
    "chance": pc.chance_constraint({"flood"}, F(1, 10), WATER),
    "cvar": pc.cvar(WATER, F(1, 2)),
    "median": pc.quantile(WATER, F(1, 2)),
    "majority": pc.majority(WATER, QUIET, FISH),
    "skew": pc.skew_symmetric(phi),
    "tie": pc.lexicographic(pc.maximize(pc.expect(WATER)), pc.maximize(pc.expect(QUIET))),
    "excess": pc.excess_risk({"flood": 20}, WATER),
    "pareto": pc.pareto(WATER, QUIET),
    "dominance": pc.stochastic_dominance(WATER),
    "reward": pc.expected_reward(WATER),
}


# -- the same relations on dictionaries -----------------------------------------------------------------------------


def mean(lottery, payoff):
    return sum((p * payoff[o] for o, p in lottery.items()), F(0))


def worst_half(lottery):
    left, total = F(1, 2), F(0)
    for outcome in sorted(lottery, key=WATER.__getitem__):
        taken = min(left, lottery[outcome])
        total, left = total + taken * WATER[outcome], left - taken
    return 2 * total


def lower_median(lottery):
    below = F(0)
    for outcome in sorted(lottery, key=WATER.__getitem__):
        below += lottery[outcome]
        if below >= F(1, 2):
            return WATER[outcome]
    raise AssertionError


def chance(a, b):
    risks = [x.get("flood", F(0)) for x in (a, b)]
    fit = [r <= F(1, 10) for r in risks]
    if fit[0] != fit[1]:
        return fit[1]
    return mean(a, WATER) <= mean(b, WATER) if fit[0] else risks[1] <= risks[0]


def excess(a, b):
    risks = [x.get("flood", F(0)) for x in (a, b)]
    if risks[0] != risks[1]:
        return risks[1] < risks[0]
    return risks[0] > 0 or mean(a, WATER) <= mean(b, WATER)


def reaches(lottery, value):
    return sum((p for o, p in lottery.items() if WATER[o] >= value), F(0))


ORACLES = {
    "chance": chance,
    "cvar": lambda a, b: worst_half(a) <= worst_half(b),
    "median": lambda a, b: lower_median(a) <= lower_median(b),
    "majority": lambda a, b: sum(mean(a, u) <= mean(b, u) for u in (WATER, QUIET, FISH)) >= 2,
    "skew": lambda a, b: sum((p * q * phi(x, y) for x, p in a.items() for y, q in b.items()), F(0)) <= 0,
    "tie": lambda a, b: (mean(a, WATER), mean(a, QUIET)) <= (mean(b, WATER), mean(b, QUIET)),
    "excess": excess,
    "pareto": lambda a, b: mean(a, WATER) <= mean(b, WATER) and mean(a, QUIET) <= mean(b, QUIET),
    "dominance": lambda a, b: all(reaches(a, v) <= reaches(b, v) for v in WATER.values()),
}


def plain(lottery):
    return dict(lottery.items())


def blend(alpha, a, c):
    mixed = {o: alpha * a.get(o, F(0)) + (1 - alpha) * c.get(o, F(0)) for o in {*a, *c}}
    return {o: p for o, p in mixed.items() if p}


_reports: dict = {}


def report(name):
    if name not in _reports:
        _reports[name] = pc.check(RELATIONS[name], OUTCOMES)
    return _reports[name]


# -- T3 -------------------------------------------------------------------------------------------------------------

INCONSISTENT = ("chance", "cvar", "median", "skew")


def test_which_axioms_fail() -> None:
    for name in RELATIONS:
        assert report(name).refuted("consistent") == (name in INCONSISTENT), name
        assert report(name).refuted("transitive") == (name in ("majority", "skew")), name


def walk(process, policy):
    """The lottery over outcomes of a policy (history -> action), by going through the process by hand."""
    lottery: dict = {}
    for o0, p0 in process.initial.items():
        action = policy((o0,))
        for o1, p1 in process.environment((o0,), action).items():
            outcome = process.outcome((o0, action, o1))
            lottery[outcome] = lottery.get(outcome, F(0)) + p0 * p1
    return lottery


@pytest.mark.parametrize("name", INCONSISTENT)
def test_the_condition_is_followed_and_regretted(name) -> None:
    below, verdict = ORACLES[name], report(name)["consistent"]
    regret = solvers.regret_process(verdict)
    process = regret.process
    assert isinstance(process, pc.DirectPreferenceProcess) and process.horizon == 1
    assert dict(process.initial) == {"decide": verdict.evidence.alpha, "skip": 1 - verdict.evidence.alpha}
    # Always b satisfies D(h·a) ≼ D(h) at both histories, by an oracle on the environment's rows.
    for o0, action in product(("decide", "skip"), process.actions):
        after, here = (plain(process.environment((o0,), x)) for x in (action, "b"))
        assert regret.followed((o0,)) == "b" and regret.better((o0,)) == "a"
        assert below(after, here), (o0, action)
    assert {(c.history, c.action) for c in regret.condition} == set(product((("decide",), ("skip",)), ("a", "b")))
    # Of all four deterministic policies b is not the best, and a is strictly better.
    lotteries = {}
    for at_decide, at_skip in product("ab", repeat=2):
        chosen = {("decide",): at_decide, ("skip",): at_skip}
        lotteries[at_decide, at_skip] = walk(process, chosen.__getitem__)
    assert lotteries["b", "b"] == plain(regret.followed_outcomes) and lotteries["a", "a"] == plain(
        regret.better_outcomes
    )
    assert lotteries["b", "a"] == lotteries["b", "b"] and lotteries["a", "b"] == lotteries["a", "a"]
    assert not below(lotteries["a", "a"], lotteries["b", "b"]) and below(lotteries["b", "b"], lotteries["a", "a"])
    assert regret.strict
    # The judges of policies agree.
    assert solvers.violations(process, regret.followed) == ()
    judged = solvers.check_optimality(process, regret.followed)
    assert isinstance(judged, pc.Refuted) and judged.better_policy(("decide",)) == "a"
    with pytest.raises(FrozenInstanceError):
        regret.strict = False


@pytest.mark.parametrize("name", INCONSISTENT)
def test_the_process_may_have_the_relation_itself(name) -> None:
    regret = solvers.regret_process(report(name)["consistent"].evidence, RELATIONS[name])
    assert regret.process.preference is RELATIONS[name] and regret.strict
    assert isinstance(solvers.check_optimality(regret.process, regret.followed), pc.Refuted)
    assert str(regret) == str(solvers.regret_process(report(name)["consistent"]))


def test_the_story_of_a_regret_is_told() -> None:
    regret = solvers.regret_process(report("chance")["consistent"])
    text = str(regret)
    for lottery in (regret.A, regret.B, regret.C, regret.followed_outcomes, regret.better_outcomes):
        assert str(lottery) in text
    assert "Followed: b." in text and "Better: a." in text and "strictly better" in text
    picture = ET.fromstring(regret.svg)
    labels = [node.text for node in picture.iter() if node.tag == "text"]
    assert {"decide", "skip", "a", "b"} <= set(labels)
    assert any(str(regret.better_outcomes) in label for label in labels)
    assert regret.svg in regret._repr_html_()


def test_a_counterexample_alone_brings_the_least_reflexive_relation() -> None:
    A, B, C = (pc.Distribution({o: 1}) for o in ("x", "<y>", "decide"))  # an outcome named like the observation
    regret = solvers.regret_process(pc.Counterexample(A, B, C, F(10**30, 3 * 10**30 + 1)))
    below = regret.process.preference
    lotteries = [A, B, C, regret.followed_outcomes, regret.better_outcomes]
    for X, Y in product(lotteries, repeat=2):
        assert below(X, Y) is (X == Y or (X, Y) == (A, B))
    assert not regret.strict and "do not compare" in str(regret) and "Better" not in str(regret)
    assert walk(regret.process, regret.followed) == plain(regret.followed_outcomes)
    assert isinstance(solvers.check_optimality(regret.process, regret.followed), pc.Refuted)
    assert "&lt;y&gt;" in regret.svg and "<y>" not in regret._repr_html_()
    ET.fromstring(regret.svg)


def test_a_black_box_is_regretted_too() -> None:
    @pc.relation
    def support(A, B):
        return len(A.support) >= len(B.support)

    point, half = pc.Distribution({"a": 1}), pc.Distribution({"a": F(1, 2), "b": F(1, 2)})
    other = pc.Distribution({"c": 1})
    example = pc.Counterexample(pc.Distribution({"a": 1}), other, pc.Distribution({"a": 1}), F(1, 2))
    assert support(point, other) and not support(point, half)
    regret = solvers.regret_process(example, support)  # a joins what C has already
    assert regret.strict and not isinstance(solvers.check_optimality(regret.process, regret.followed), pc.Proved)


def test_counterexamples_to_convexity_only_in_this_direction() -> None:
    half = F(1, 2)
    risky, rich, poor = (pc.Distribution({o: 1}) for o in ("flood", "full", "low"))
    backwards = pc.Counterexample(rich, poor, risky, half)  # poor ≺ rich, yet mixed with a flood they are the same
    verdict = pc.kernel.check(report("excess")["convex"].claim, backwards)
    with pytest.raises(ValueError, match="in a direction that is not T3's"):
        solvers.regret_process(verdict)
    forwards = pc.kernel.check(report("chance")["convex"].claim, report("chance")["consistent"].evidence)
    assert solvers.regret_process(forwards).strict
    rich_first = report("chance")["consistent"].evidence
    swapped = pc.Counterexample(rich_first.B, rich_first.A, rich_first.C, rich_first.alpha)
    with pytest.raises(ValueError, match="exchange A and B"):
        solvers.regret_process(swapped, RELATIONS["chance"])


def test_a_relation_that_is_not_reflexive_is_refused() -> None:
    @pc.relation
    def less(A, B):
        return (A.expect(WATER) < B.expect(WATER)) & (A.prob({"flood"}) == 0)

    A, B, C = (pc.Distribution({o: 1}) for o in ("low", "full", "flood"))
    assert less(A, B) and not less(pc.mix(F(1, 2), A, C), pc.mix(F(1, 2), B, C))
    with pytest.raises(ValueError, match="not reflexive"):
        solvers.regret_process(pc.Counterexample(A, B, C, F(1, 2)), less)


# -- money pumps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["majority", "skew"])
@pytest.mark.parametrize("axiom", ["transitive", "preorder"])
def test_a_money_pump_goes_round(name, axiom) -> None:
    below = ORACLES[name]
    pump = solvers.money_pump(report(name)[axiom])
    assert pump.closed and len(pump.trades) == 3
    for trade, following in zip(pump.trades, (*pump.trades[1:], pump.trades[0]), strict=True):
        assert trade.offered == following.held and trade.names[1] == following.names[0]
        held, offered = plain(trade.held), plain(trade.offered)
        assert below(held, offered) and trade.strict is (not below(offered, held))
    assert pump.charged == tuple(i for i, t in enumerate(pump.trades) if t.strict)
    assert pump.charged and pump.strict is (len(pump.charged) == 3)
    assert pump.trades[-1].strict, "not A ≼ C, so C ≺ A"
    assert "a money pump." in str(pump) and str(pump.trades[0].held) in str(pump)


def test_a_strict_cycle_is_charged_at_every_step() -> None:
    @dataclass(frozen=True)
    class Cycle:
        lotteries: tuple

    points = tuple(pc.Distribution({o: 1}) for o in ("flood", "low", "half"))
    pump = solvers.money_pump(Cycle(points), RELATIONS["skew"])
    assert pump.strict and pump.charged == (0, 1, 2) and "paid at every step" in str(pump)
    assert [t.names for t in pump.trades] == [("A1", "A2"), ("A2", "A3"), ("A3", "A1")]
    assert solvers.money_pump(Cycle(points)).strict  # the least relation that says so
    with pytest.raises(ValueError, match="not A1 ≼ A2"):
        solvers.money_pump(Cycle(points[::-1]), RELATIONS["skew"])
    with pytest.raises(ValueError, match="no step of the cycle is strict"):
        solvers.money_pump(Cycle(points), pc.indifference())
    for lotteries in (points[:1], (), "low", (points[0], "low"), None):
        with pytest.raises((ValueError, TypeError)):
            solvers.money_pump(Cycle(lotteries))


def test_without_totality_the_swaps_end_at_something_not_as_good() -> None:
    A, B, C = (pc.Distribution({o: 1}) for o in ("low", "half", "full"))

    @pc.relation
    def near(A, B):  # never more than a little at once: semiorder-like, but one-sided
        gain = B.expect(WATER) - A.expect(WATER)
        return (gain >= 0) & (gain <= 4)

    pump = solvers.money_pump(pc.Counterexample(A, B, C), near)
    assert not pump.closed and [t.strict for t in pump.trades] == [True, True]
    assert [t.offered for t in pump.trades] == [B, C] and not near(A, C) and not near(C, A)
    assert "no money pump" in str(pump) and "not as good as A" in str(pump)
    assert not solvers.money_pump(pc.Counterexample(A, B, C)).closed
    with pytest.raises(ValueError, match="transitivity does not fail"):
        solvers.money_pump(pc.Counterexample(A, B, C), RELATIONS["reward"])
    with pytest.raises(ValueError, match="not A ≼ B"):
        solvers.money_pump(pc.Counterexample(C, B, A), near)


# -- interpolation --------------------------------------------------------------------------------------------------

UNPRICED = ("chance", "median", "tie", "excess", "pareto", "dominance")


@pytest.mark.parametrize("name", UNPRICED)
def test_the_switch_point_is_where_the_mixtures_stop_being_better(name) -> None:
    below, verdict = ORACLES[name], report(name)["interpolation"]
    found = solvers.unpriced(verdict)
    a, b, c = plain(found.A), plain(found.B), plain(found.C)
    signs = {(True, False): "≺", (False, True): "≻", (False, False): "incomparable", (True, True): "~"}

    def stands(alpha):
        mixed = blend(alpha, a, c)
        return signs[below(mixed, b), below(b, mixed)]

    # The stretches cover [0, 1] without gap or overlap, and say what the oracle says: at their ends, just inside
    # of them, and on a grid that knows no break points.
    grid = {F(i, 239) for i in range(240)}
    ends = {end for s in found.stretches for end in (s.low, s.high)}
    near = {e + d for e in ends for d in (F(-1, 10**9), F(1, 10**9))}
    for alpha in {alpha for alpha in grid | ends | near if 0 <= alpha <= 1}:
        (stretch,) = (
            s
            for s in found.stretches
            if s.low < alpha < s.high or (alpha == s.low and s.with_low) or (alpha == s.high and s.with_high)
        )
        assert stretch.stands == stands(alpha) != "~", alpha
    assert found.stretches[0].low == 0 and found.stretches[-1].high == 1
    # Better before the switch, not better after it.
    step = F(1, 10**9)
    assert found.at == stands(found.alpha) and plain(found.mixture) == blend(found.alpha, a, c)
    assert found.below == (stands(found.alpha - step) if found.alpha > 0 else None)
    assert found.above == (stands(found.alpha + step) if found.alpha < 1 else None)
    assert all(stands(alpha) == "≻" for alpha in grid if alpha < found.alpha)
    assert all(stands(alpha) != "≻" for alpha in grid if alpha > found.alpha)
    total = name not in ("pareto", "dominance")
    assert found.sharp is total
    assert str(found.mixture) in str(found) and f"α* = {found.alpha}" in str(found)
    assert ("not comparable" in str(found)) is not total
    assert solvers.unpriced(verdict.evidence, RELATIONS[name]) == found


def test_a_switch_point_known_by_hand() -> None:
    point = {o: pc.Distribution({o: 1}) for o in OUTCOMES}
    example = pc.Counterexample(point["flood"], point["low"], point["half"])
    found = solvers.unpriced(example, RELATIONS["chance"])
    assert (found.alpha, found.below, found.at, found.above) == (F(1, 10), "≻", "≻", "≺")
    found = solvers.unpriced(example, RELATIONS["median"])  # half flood, half half: the lower median is a flood
    assert (found.alpha, found.below, found.at, found.above) == (F(1, 2), "≻", "≺", "≺")
    found = solvers.unpriced(example, RELATIONS["excess"])
    assert (found.alpha, found.below, found.at, found.above) == (0, None, "≻", "≺")
    assert "at most like B" in str(found)


def test_many_switches() -> None:
    @pc.relation
    def bands(A, B):
        """Better, worse, better, worse, as the probability of x grows; nothing is exactly as good as y."""
        a, b = A.prob({"x"}), B.prob({"x"})
        middle_a, middle_b = A.prob({"y"}) == 1, B.prob({"y"}) == 1
        good_a, good_b = ((p < F(1, 5)) | ((p >= F(2, 5)) & (p <= F(3, 5))) for p in (a, b))
        good_a, good_b = good_a & ~middle_a, good_b & ~middle_b
        return (middle_a & (middle_b | good_b)) | (~middle_a & (good_b | (middle_b & ~good_a)))

    A, B, C = (pc.Distribution({o: 1}) for o in "xyz")
    found = solvers.unpriced(pc.Counterexample(A, B, C), bands)
    assert [(s.low, s.high, s.stands) for s in found.stretches] == [
        (0, F(1, 5), "≻"),
        (F(1, 5), F(2, 5), "≺"),
        (F(2, 5), F(3, 5), "≻"),
        (F(3, 5), 1, "≺"),
    ]
    assert [(s.with_low, s.with_high) for s in found.stretches] == [
        (True, False),
        (True, False),
        (True, True),
        (False, True),
    ]
    assert found.alpha == F(1, 5) and found.at == "≺"


def test_what_can_be_priced_is_refused() -> None:
    point = {o: pc.Distribution({o: 1}) for o in OUTCOMES}
    example = pc.Counterexample(point["flood"], point["low"], point["half"])
    with pytest.raises(ValueError, match="interpolation does not fail"):
        solvers.unpriced(example, RELATIONS["reward"])
    with pytest.raises(ValueError, match="A ≼ B ≼ C does not hold"):
        solvers.unpriced(pc.Counterexample(point["half"], point["low"], point["flood"]), RELATIONS["chance"])
    with pytest.raises(ValueError, match="second argument"):
        solvers.unpriced(example)

    @pc.relation
    def support(A, B):
        return len(A.support) >= len(B.support)

    with pytest.raises(ValueError, match="black box"):
        solvers.unpriced(example, support)

    @pc.relation
    def spread(A, B):
        a, b = (x.expect(WATER) * x.expect(WATER) for x in (A, B))
        return a <= b

    with pytest.raises(ValueError, match="not piecewise linear"):
        solvers.unpriced(example, spread)


# -- verdicts that are none of these --------------------------------------------------------------------------------

CALLS = {
    "consistent": solvers.regret_process,
    "transitive": solvers.money_pump,
    "interpolation": solvers.unpriced,
}


@pytest.mark.parametrize("axiom", CALLS)
def test_other_verdicts_raise_with_advice(axiom) -> None:
    call = CALLS[axiom]
    advice = rf"report\['{axiom}'\]"
    with pytest.raises(ValueError, match=f"proves the axiom {axiom}.*{advice}"):
        call(report("reward")[axiom])
    with pytest.raises(ValueError, match=f"Unknown.*out of time.*more budget.*{advice}"):
        call(pc.Unknown(None, "out of time", "give more budget", 1.0))
    other = report("pareto")["total"]
    with pytest.raises(ValueError, match=f"refutes the axiom total.*{advice}"):
        call(other)
    regret = solvers.regret_process(report("cvar")["consistent"])
    policy = solvers.check_optimality(regret.process, regret.followed)
    with pytest.raises(ValueError, match=f"about a policy.*{advice}"):
        call(policy)
    for nonsense in (None, 3, "consistent", report("cvar")):
        with pytest.raises(TypeError, match="expected a verdict or a Counterexample"):
            call(nonsense)
    with pytest.raises(ValueError, match="does not have the lotteries A, B, C"):
        call(report("pareto")["total"].evidence)
    with pytest.raises(TypeError, match=r"@pc\.relation"):
        call(report("skew")[axiom] if axiom != "interpolation" else report("tie")[axiom], lambda A, B: True)


def test_a_counterexample_needs_its_alpha() -> None:
    example = report("cvar")["consistent"].evidence
    A, B, C = example.A, example.B, example.C
    with pytest.raises(ValueError, match="no alpha"):
        solvers.regret_process(pc.Counterexample(A, B, C))
    for call in (solvers.money_pump, solvers.unpriced):
        with pytest.raises(ValueError, match="an alpha"):
            call(example, RELATIONS["cvar"])
    for alpha in (F(0), F(1), F(3, 2), 0.5):
        with pytest.raises(ValueError, match=r"alpha must be a Fraction in \(0, 1\)"):
            solvers.regret_process(pc.Counterexample(A, B, C, alpha))
    with pytest.raises(ValueError, match="give a counterexample to 'consistent'"):
        solvers.regret_process(example, RELATIONS["reward"])
    with pytest.raises(ValueError, match="T3 needs"):
        solvers.regret_process(pc.Counterexample(A, A, C, F(1, 2)))


# -- relations made of formulas -------------------------------------------------------------------------------------

SAMPLE = [
    pc.Distribution({o: F(w, sum(weights)) for o, w in zip(OUTCOMES, weights, strict=True) if w})
    for weights in ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 1), (1, 9, 0, 0), (1, 0, 9, 0), (2, 3, 5, 0), (1, 1, 1, 1))
]


@pytest.mark.parametrize("name", RELATIONS)
def test_a_formula_becomes_the_relation_that_it_is_of(name) -> None:
    relation = RELATIONS[name]
    again = relation_of(formula_of(relation, OUTCOMES), OUTCOMES, name)
    for A, B in product(SAMPLE, repeat=2):
        assert again(A, B) is relation(A, B)
        if name in ORACLES:
            assert again(A, B) is ORACLES[name](plain(A), plain(B))
    traced = pc.check(again, OUTCOMES)
    assert {axiom: type(v) for axiom, v in traced.items()} == {axiom: type(v) for axiom, v in report(name).items()}
    with pytest.raises(ValueError, match="'drought' is none of the 4"):
        again(pc.Distribution({"drought": 1}), SAMPLE[0])


# -- the report -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RELATIONS)
def test_explain_tells_a_story_for_each_refuted_axiom(name) -> None:
    told = solvers.explain(report(name))
    assert told.verdicts is report(name).verdicts
    titles = [section.title.split(":")[0] for section in told.sections]
    refuted = [axiom for axiom in CALLS if report(name).refuted(axiom)]
    spoken = {"consistent": "Not consistent", "transitive": "Not transitive", "interpolation": "No interpolation"}
    assert titles == [spoken[axiom] for axiom in refuted]
    for axiom, section in zip(refuted, told.sections, strict=True):
        assert section.text == str(CALLS[axiom](report(name)[axiom]))
        assert section.title in str(told) and section.title in told._repr_html_()
    assert solvers.explain(told).sections == told.sections


def test_explain_says_what_it_cannot_tell() -> None:
    @pc.relation
    def less(A, B):
        return (A.expect(WATER) < B.expect(WATER)) & (A.prob({"flood"}) == 0)

    report = pc.check(less, OUTCOMES)
    assert report.refuted("reflexive") and report.refuted("consistent")
    section = solvers.explain(report).sections[0]
    assert "can't be shown" in section.text and "not reflexive" in section.text
    with pytest.raises(TypeError, match="must be a Report"):
        solvers.explain(report["consistent"])


def test_the_command_line_tells_them(tmp_path, capsys) -> None:
    file = tmp_path / "risky.py"
    file.write_text(
        "from fractions import Fraction\nimport prefcore as pc\n"
        "outcomes = ['flood', 'low', 'half', 'full']\n"
        "water = {'flood': 0, 'low': 1, 'half': 3, 'full': 7}\n"
        "risky = pc.chance_constraint({'flood'}, Fraction(1, 10), water)\n"
    )
    assert main(["check", f"{file}:risky", "--html", str(tmp_path / "r.html")]) == 0
    out = capsys.readouterr().out
    assert "a process in which following it is regretted" in out and "no price separates" in out
    page = (tmp_path / "r.html").read_text()
    assert "no price separates" in page and 'class="regret"' in page
    assert main(["check", f"{file}:risky", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [s["title"].split(":")[0] for s in data["stories"]] == ["Not consistent", "No interpolation"]
    assert data["verdicts"]["consistent"]["verdict"] == "refuted"
