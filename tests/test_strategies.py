"""Strategies: what they draw is valid, what they claim is reached, and the simplest example is the one shown."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import prefcore as pc
from prefcore import catalogue
from prefcore import strategies as ps
from prefcore.assertions import UndecidedAxiom, assert_axiom, assert_refuted
from prefcore.comparisons import Comparisons
from prefcore.formula import Formula
from prefcore.processes import action_probabilities, tabulate
from prefcore.relations import formula_of

ROOT = Path(__file__).resolve().parent.parent
OUTCOMES = ("a", "b", "c")
HALF = Fraction(1, 2)
POINTS = tuple(pc.Distribution.point(o) for o in OUTCOMES)
A, B, C = POINTS
some = settings(max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
search = settings(max_examples=2000, database=None, derandomize=True, phases=[Phase.generate, Phase.shrink])


def simplest(strategy: st.SearchStrategy[Any], holds: Callable[[Any], Any] = lambda _: True) -> Any:
    return find(strategy, lambda x: bool(holds(x)), settings=search)


def reached(strategy: st.SearchStrategy[Any], holds: Callable[[Any], Any]) -> Any:
    """An example with the property, not the simplest."""
    return find(strategy, lambda x: bool(holds(x)), settings=settings(search, phases=[Phase.generate]))


def never(strategy: st.SearchStrategy[Any], holds: Callable[[Any], Any]) -> bool:
    """Whether 300 examples lack the property."""
    try:
        find(strategy, lambda x: bool(holds(x)), settings=settings(search, max_examples=500))
    except NoSuchExample:
        return True
    return False


def named(strategy: st.SearchStrategy[Any], holds: Callable[[Any], Any] = lambda _: True) -> str:
    return str(simplest(strategy, holds).name)


# -- lotteries, payoffs, events -------------------------------------------------------------------------------------


@some
@given(st.integers(1, 5), st.data())
def test_lotteries_are_exact_and_have_a_small_common_denominator(denominator: int, data: st.DataObject) -> None:
    drawn = data.draw(ps.lotteries(OUTCOMES, denominator))
    assert isinstance(drawn, pc.Distribution)
    assert drawn.support <= set(OUTCOMES)
    assert all(type(p) is Fraction for _, p in drawn.items())
    assert sum(p for _, p in drawn.items()) == 1
    assert any(all((p * d).denominator == 1 for _, p in drawn.items()) for d in range(1, denominator + 1))


@pytest.mark.parametrize(
    "target",
    [
        pc.Distribution(dict(zip(OUTCOMES, (Fraction(n, 4) for n in w), strict=True)))
        for w in product(range(5), repeat=3)
        if sum(w) == 4
    ],
    ids=str,
)
def test_every_lottery_of_a_denominator_is_reached(target: pc.Distribution) -> None:
    assert reached(ps.lotteries(OUTCOMES, 4), lambda x: x == target) == target


def test_lotteries_shrink_to_few_outcomes_and_small_denominators() -> None:
    lotteries = ps.lotteries(OUTCOMES)
    assert simplest(lotteries) == A
    assert simplest(lotteries, lambda x: len(x) > 1) == pc.mix(HALF, A, B)
    assert simplest(lotteries, lambda x: x["c"] > 0) == C
    assert simplest(lotteries, lambda x: 0 < x["b"] < HALF) == pc.Distribution({"a": "2/3", "b": "1/3"})


def test_payoffs_shrink_to_zeros_and_whole_numbers() -> None:
    payoffs = ps.payoffs(OUTCOMES, bound=2, max_denominator=3)
    assert simplest(payoffs) == dict.fromkeys(OUTCOMES, 0)
    assert simplest(payoffs, lambda u: u["b"] > 1) == {"a": 0, "b": 2, "c": 0}
    assert simplest(payoffs, lambda u: 0 < u["b"] < HALF) == {"a": 0, "b": Fraction(1, 3), "c": 0}
    assert never(payoffs, lambda u: any(abs(v) > 2 or v.denominator > 3 for v in u.values()))


def test_events_shrink_to_few_early_outcomes() -> None:
    assert simplest(ps.events(OUTCOMES)) == frozenset()
    assert simplest(ps.events(OUTCOMES, min_size=1)) == {"a"}
    assert simplest(ps.events(OUTCOMES), lambda e: len(e) == 2) == {"a", "b"}
    assert simplest(ps.events(OUTCOMES), lambda e: len(e) == 3) == set(OUTCOMES)


# -- relations ------------------------------------------------------------------------------------------------------

pairs = st.tuples(ps.lotteries(OUTCOMES), ps.lotteries(OUTCOMES))
VOCABULARY = vars(catalogue)


@pytest.mark.parametrize("kind", ps.KINDS)
def test_a_relation_is_its_text(kind: str) -> None:
    """The name, read as Python, is the same relation."""

    @settings(some, max_examples=40)
    @given(ps.relations(OUTCOMES, kinds=[kind]), st.lists(pairs, min_size=1, max_size=5))
    def agree(drawn: pc.Relation[Any], compared: list[Any]) -> None:
        assert repr(drawn) == f"<relation {drawn.name}>"
        if kind == "semilinear":
            read = eval(f"lambda A, B: {drawn.name}")  # of bools and exact numbers: no symbol, no prefcore
        else:
            assert drawn.name.startswith(f"{kind}(")
            read = eval(drawn.name, dict(VOCABULARY))
        for x, y in compared:
            assert drawn(x, y) is read(x, y)

    agree()


def dominated(x: pc.Distribution, y: pc.Distribution, payoff: dict[str, int]) -> bool:
    """First-order dominance by the definition."""
    return all(y.at_most(payoff, t) <= x.at_most(payoff, t) for t in payoff.values())


def not_preferred(x: pc.Distribution, y: pc.Distribution, phi: Callable[[str, str], int]) -> bool:
    """``Σ_o Σ_p x(o) y(p) φ(o, p) <= 0``."""
    return sum(p * q * phi(o, v) for o, p in x.items() for v, q in y.items()) <= 0


def shortfall(x: pc.Distribution, t: int, payoff: dict[str, int]) -> Fraction:
    return x.expect(lambda o: max(0, t - payoff[o]))


def second_dominated(x: pc.Distribution, y: pc.Distribution, payoff: dict[str, int]) -> bool:
    """Second-order dominance by the expected shortfalls below every payoff."""
    return all(shortfall(y, t, payoff) <= shortfall(x, t, payoff) for t in payoff.values())


def outperformed(x: pc.Distribution, y: pc.Distribution, payoff: dict[str, int]) -> bool:
    """An independent draw of y is as often above one of x as below it."""
    return (
        sum(p * q * ((payoff[v] > payoff[o]) - (payoff[v] < payoff[o])) for o, p in x.items() for v, q in y.items())
        >= 0
    )


def worse_at_worst(x: pc.Distribution, y: pc.Distribution, payoff: dict[str, int]) -> bool:
    return min(payoff[o] for o in x.support) <= min(payoff[o] for o in y.support)


def of_variance(x: pc.Distribution, y: pc.Distribution, payoff: dict[str, int], aversion: str) -> bool:
    def value(z: pc.Distribution) -> Fraction:
        mean = z.expect(payoff)
        return mean - Fraction(aversion) * z.expect(lambda o: (payoff[o] - mean) ** 2)

    return value(x) <= value(y)


READ_ALL_OUTCOMES: dict[str, Callable[..., bool]] = {
    "stochastic_dominance": dominated,
    "second_order_dominance": second_dominated,
    "skew_symmetric": not_preferred,
    "outperforming": outperformed,
    "worst_case": worse_at_worst,
    "mean_variance": of_variance,
}
BY_THE_CATALOGUES_TESTS = (
    *("third_order_dominance", "support_lexicographic", "mean_semideviation", "disappointment_aversion"),
)


@pytest.mark.parametrize("kind", [k for k in ps.KINDS if k not in BY_THE_CATALOGUES_TESTS])
def test_the_formula_of_a_drawn_relation_says_what_its_function_says(kind: str) -> None:
    @settings(some, max_examples=60)
    @given(ps.relations(OUTCOMES, kinds=[kind]), pairs)
    def agree(drawn: pc.Relation[Any], compared: Any) -> None:
        if kind in READ_ALL_OUTCOMES:  # the function asks a symbol for all outcomes: it has no answer of its own
            by_hand = eval(drawn.name, {kind: lambda *given: lambda x, y: READ_ALL_OUTCOMES[kind](x, y, *given)})
            assert drawn(*compared) is by_hand(*compared)
        else:
            assert drawn(*compared) is drawn.function(*compared)

    agree()


@some
@given(ps.relations(OUTCOMES))
def test_every_relation_is_traced(drawn: pc.Relation[Any]) -> None:
    assert isinstance(formula_of(drawn, OUTCOMES), Formula)


@pytest.mark.parametrize("kind", ps.KINDS)
def test_every_kind_is_among_all_relations(kind: str) -> None:
    head = f"{kind}(" if kind != "semilinear" else ("A.", "B.", "(")
    assert reached(ps.relations(OUTCOMES), lambda r: r.name.startswith(head))


def test_relations_shrink_to_expected_reward() -> None:
    relations = ps.relations(OUTCOMES)
    assert named(relations) == "expected_reward({'a': 0, 'b': 0, 'c': 0})"
    assert named(relations, lambda r: not r(B, A)) == "expected_reward({'a': 0, 'b': 1, 'c': 0})"
    assert named(relations, lambda r: not r(A, B) and not r(B, A)) == "equality()"


def intransitive(r: pc.Relation[Any]) -> bool:
    return any(r(x, y) and r(y, z) and not r(x, z) for x, y, z in product(POINTS, repeat=3))


@pytest.mark.parametrize(
    "property_",
    [
        intransitive,
        lambda r: not r(A, A),
        lambda r: r(A, A) and not r(A, B) and not r(B, A),
        lambda r: r(A, B) and not r(pc.mix(HALF, A, C), pc.mix(HALF, B, C)),
    ],
    ids=["intransitive", "irreflexive", "partial", "inconsistent"],
)
@pytest.mark.parametrize("relations", [ps.relations, ps.semilinear_relations])
def test_relations_break_every_axiom(
    relations: Callable[..., st.SearchStrategy[Any]], property_: Callable[[Any], bool]
) -> None:
    assert property_(reached(relations(OUTCOMES), property_))


def test_relations_have_strict_cycles() -> None:
    def cyclic(r: pc.Relation[Any]) -> bool:
        return all(pc.compare(r, x, y) == "≺" for x, y in ((A, B), (B, C), (C, A)))

    assert cyclic(reached(ps.relations(OUTCOMES, ["skew_symmetric", "majority"]), cyclic))


def test_semilinear_relations_shrink_to_one_comparison() -> None:
    flat = ps.semilinear_relations(OUTCOMES, depth=0)
    assert named(flat) == named(ps.semilinear_relations(OUTCOMES)) == "A.prob({'a'}) <= B.prob({'a'})"
    assert named(flat, lambda r: not r(A, A)) == "A.prob({'a'}) < B.prob({'a'})"
    assert (
        named(flat, lambda r: "expect" in r.name)
        == "A.expect({'a': 0, 'b': 0, 'c': 0}) <= B.expect({'a': 0, 'b': 0, 'c': 0})"
    )
    assert (
        named(ps.semilinear_relations(OUTCOMES), lambda r: "&" in r.name)
        == "(A.prob({'a'}) <= B.prob({'a'})) & (A.prob({'a'}) <= B.prob({'a'}))"
    )


@some
@given(st.integers(0, 3), st.data())
def test_semilinear_relations_have_the_depth_asked_for(depth: int, data: st.DataObject) -> None:
    name = data.draw(ps.semilinear_relations(OUTCOMES, depth)).name
    nested = deepest = 0
    for before, here in zip(" " + name, name, strict=False):
        nested += (here == "(" and not before.isalpha()) - (here == ")" and before != "}")
        deepest = max(deepest, nested)
    assert nested == 0 and deepest <= depth
    assert len(re.findall("<=|>=|==|!=|<|>", name)) <= 2**depth


# -- processes ------------------------------------------------------------------------------------------------------

OBSERVATIONS, ACTIONS = ("dry", "wet"), ("hold", "release")
environments = ps.environments(OBSERVATIONS, ACTIONS)


@some
@given(environments, st.data())
def test_environments_are_functions_of_the_history(environment: ps.TabledEnvironment, data: st.DataObject) -> None:
    step = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(OBSERVATIONS))
    steps = data.draw(st.lists(step, max_size=6))
    history = ("dry", *(label for pair in steps for label in pair))
    for asked in (((), None), (history, "hold"), (history, "release")):
        row = environment(*asked)
        assert set(row) <= set(OBSERVATIONS) and sum(row.values()) == 1
        assert all(type(p) is Fraction and p > 0 for p in row.values())
        assert environment(*asked) == row
    copy = eval(repr(environment), {"TabledEnvironment": ps.TabledEnvironment, "Distribution": pc.Distribution})
    assert copy == environment and copy(history, "hold") == environment(history, "hold")


def test_the_longest_fitting_end_of_a_history_counts() -> None:
    dry, wet = (pc.Distribution.point(o) for o in OBSERVATIONS)
    even = pc.mix(HALF, dry, wet)
    environment = ps.TabledEnvironment(dry, even, {("dry", "hold"): wet, ("wet", "release", "dry", "hold"): dry})
    assert environment((), None) == {"dry": 1}
    assert environment(("dry",), "release") == {"dry": HALF, "wet": HALF}
    assert environment(("dry",), "hold") == environment(("dry", "release", "dry"), "hold") == {"wet": 1}
    assert environment(("wet", "release", "dry"), "hold") == {"dry": 1}
    assert environment(("dry", "hold", "wet", "release", "dry"), "hold") == {"dry": 1}


def test_environments_shrink_and_may_remember_all() -> None:
    dry = pc.Distribution.point("dry")
    assert simplest(environments) == ps.TabledEnvironment(dry, dry, {})
    now, before = ("dry", "hold"), ("wet", "release", "dry", "hold")

    def remembers(e: ps.TabledEnvironment) -> bool:
        return e(before[:-1], "hold") != e(("dry", *before[1:-1]), "hold")

    found = simplest(environments, remembers)
    assert len(found.after) == 1 and len(next(iter(found.after))) == 4 and found.first == dry
    assert never(ps.environments(OBSERVATIONS, ACTIONS, memory=1), remembers)
    assert simplest(environments, lambda e: now in e.after).after == {now: dry}


@some
@given(ps.processes(), st.data())
def test_processes_and_policies_are_valid(process: pc.DirectPreferenceProcess, data: st.DataObject) -> None:
    tabulation = tabulate(process)
    assert 1 <= process.horizon <= 2
    assert set(tabulation.outcomes) <= set(process.observations)
    policy = data.draw(ps.policies(process))
    assert set(policy.choices) == set(tabulation.histories)
    for history in tabulation.histories:
        action_probabilities(process, policy, history)  # raises for what is not available
    distribution = pc.trajectory_distribution(process, policy).map(process.outcome)
    assert sum(p for _, p in distribution.items()) == 1
    assert process.preference(distribution, distribution) in (True, False)
    assert "0x" not in repr(process) + repr(policy)
    copy = eval(repr(policy), {"TabledPolicy": ps.TabledPolicy, "Distribution": pc.Distribution})
    assert copy == policy


def test_processes_shrink_to_the_simplest() -> None:
    low = pc.Distribution.point("low")
    found = simplest(ps.processes())
    assert (found.horizon, found.available) == (1, None)
    assert found.environment == ps.TabledEnvironment(low, low, {})
    assert found.preference.name == "expected_reward({'low': 0, 'half': 0, 'full': 0})"
    found = simplest(ps.processes(horizon=3), lambda p: p.horizon > 1 and p.available is not None)
    assert found.horizon == 2 and found.environment == ps.TabledEnvironment(low, low, {})
    assert found.available == ps.TabledActions({"low": ("hold",)}, ("hold", "release"))


def test_a_process_takes_the_preference_it_is_given() -> None:
    mine = pc.expected_reward({"dry": 0, "wet": 1})
    assert simplest(ps.processes(mine, observations=OBSERVATIONS)).preference is mine
    drawn = ps.relations(OBSERVATIONS, ["majority"])
    assert simplest(ps.processes(drawn, observations=OBSERVATIONS)).preference.name == "majority({'dry': 0, 'wet': 0})"


def dam() -> pc.DirectPreferenceProcess:
    return pc.DirectPreferenceProcess(
        observations=OBSERVATIONS,
        actions=ACTIONS,
        horizon=2,
        initial={"dry": 1},
        environment=lambda history, action: {"dry": HALF, "wet": HALF} if action == "hold" else {"wet": 1},
        preference=pc.indifference(),
        available=lambda history: ("release",) if history[-1] == "wet" else ACTIONS,
    )


def test_policies_shrink_to_the_first_available_action() -> None:
    first = {h: "release" if h[-1] == "wet" else "hold" for h in tabulate(dam()).histories}
    assert len(first) == 4
    for deterministic in (True, False):
        assert simplest(ps.policies(dam(), deterministic)).choices == first

    def mixes(p: ps.TabledPolicy) -> bool:
        return any(isinstance(p(h), dict) for h in p.choices)

    found = simplest(ps.policies(dam()), mixes)
    mixed = [h for h in first if isinstance(found(h), dict)]
    assert len(mixed) == 1 and found(mixed[0]) == {"hold": HALF, "release": HALF}
    assert {h: a for h, a in found.choices.items() if h != mixed[0]} == {
        h: a for h, a in first.items() if h != mixed[0]
    }
    assert never(ps.policies(dam(), deterministic=True), mixes)


def test_every_deterministic_policy_is_reached() -> None:
    def takes(choices: dict[Any, str], p: ps.TabledPolicy) -> bool:
        return choices.items() <= p.choices.items()

    for one, two in product(ACTIONS, repeat=2):
        choices = {("dry",): one, ("dry", "hold", "dry"): two}
        found = simplest(ps.policies(dam(), True), partial(takes, choices))
        assert found.choices[("dry",)] == one


# -- comparisons ----------------------------------------------------------------------------------------------------


def test_comparison_sets_shrink_to_few_simple_pairs() -> None:
    sets = ps.comparison_sets(OUTCOMES)
    assert simplest(sets) == Comparisons((), ())
    assert simplest(sets, lambda s: s.strict and s.weak) == Comparisons(((A, A),), ((A, A),))
    assert simplest(sets, lambda s: any(x["a"] < y["a"] for x, y in s.weak)) == Comparisons((), ((B, A),))


@some
@given(ps.relations(OUTCOMES), st.data())
def test_comparison_sets_of_a_relation_hold_in_it(relation: pc.Relation[Any], data: st.DataObject) -> None:
    drawn = data.draw(ps.comparison_sets(OUTCOMES, relation))
    assert all(relation(x, y) and not relation(y, x) for x, y in drawn.strict)
    assert all(relation(x, y) for x, y in drawn.weak)
    assert len(drawn.strict) <= 3 and len(drawn.weak) <= 3


def test_comparison_sets_of_a_relation_are_reached() -> None:
    mine = pc.expected_reward({"a": 2, "b": 1, "c": 0})
    found = simplest(ps.comparison_sets(OUTCOMES, mine), lambda s: s.strict and s.weak)
    assert found == Comparisons(((B, A),), ((A, A),))


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error, message, wrong",
    [
        (TypeError, "outcomes must be a sequence", lambda: ps.lotteries("abc")),
        (ValueError, "outcomes must not be empty", lambda: ps.payoffs([])),
        (ValueError, "listed twice", lambda: ps.events(["a", "a"])),
        (ValueError, "max_denominator must be at least 1", lambda: ps.lotteries(OUTCOMES, 0)),
        (TypeError, "max_denominator must be an int", lambda: ps.lotteries(OUTCOMES, 2.0)),  # type: ignore[arg-type]
        (ValueError, "min_size must be between 0 and the number of outcomes, 3", lambda: ps.events(OUTCOMES, 4)),
        (ValueError, "unknown kind 'reward': choose from expected_reward", lambda: ps.relations(OUTCOMES, ["reward"])),
        (TypeError, r"write \['cvar'\]", lambda: ps.relations(OUTCOMES, "cvar")),
        (ValueError, "at least one of", lambda: ps.relations(OUTCOMES, [])),
        (ValueError, "depth must be a whole number", lambda: ps.semilinear_relations(OUTCOMES, -1)),
        (TypeError, "observations must be a sequence", lambda: ps.environments("dw", ACTIONS)),
        (ValueError, "actions must be distinct", lambda: ps.environments(OBSERVATIONS, ("hold", "hold"))),
        (TypeError, "preference must be a relation or a strategy", lambda: ps.processes(lambda A, B: True)),  # type: ignore[arg-type]
        (ValueError, "horizon must be at least 1", lambda: ps.processes(horizon=0)),
        (pc.ProcessTooLarge, "raise limit=", lambda: ps.policies(dam(), limit=4)),
        (TypeError, "relation must be a relation", lambda: ps.comparison_sets(OUTCOMES, lambda A, B: True)),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_told_at_the_door(error: type[Exception], message: str, wrong: Callable[[], object]) -> None:
    """When the strategy is made, not when it is drawn from."""
    with pytest.raises(error, match=message):
        wrong()


def test_a_policy_says_which_history_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"no action at \('wet',\)"):
        simplest(ps.policies(dam()))(("wet",))


# -- assertions -----------------------------------------------------------------------------------------------------

WATER = {"flood": 0, "low": 1, "full": 7}


@pc.relation
def safe_then_rich(A: Any, B: Any) -> Any:
    a, b = A.prob({"flood"}), B.prob({"flood"})
    return (a > b) | ((a == b) & (A.expect(WATER) <= B.expect(WATER)))


@pc.relation
def opaque(A: Any, B: Any) -> Any:
    return len(A.support) >= 0


def test_assertions_pass() -> None:
    verdict = assert_axiom(safe_then_rich, "convex", WATER)
    assert isinstance(verdict, pc.Proved)
    assert pc.kernel.check(verdict.claim, verdict.evidence) == verdict
    found: Any = assert_refuted(safe_then_rich, "interpolation", WATER)
    assert safe_then_rich(found.A, found.B) and safe_then_rich(found.B, found.C)
    assert not any(
        pc.compare(safe_then_rich, pc.mix(Fraction(k, 12), found.A, found.C), found.B) == "~" for k in range(13)
    )


def test_a_refuted_axiom_fails_with_the_counterexample_in_words() -> None:
    with pytest.raises(AssertionError) as failure:
        assert_axiom(safe_then_rich, "interpolation", WATER)
    message = str(failure.value)
    assert type(failure.value) is AssertionError
    said = "safe_then_rich, interpolation (A ≼ B ≼ C implies αA+(1-α)C ~ B for some α in [0, 1]), over 3 outcomes"
    assert message.startswith(f"{said}: refuted. ")
    found: Any = assert_refuted(safe_then_rich, "interpolation", WATER)
    for name in "ABC":
        assert f"{name} = {getattr(found, name)}" in message


def test_a_proved_axiom_is_not_refuted() -> None:
    with pytest.raises(
        AssertionError, match=r"safe_then_rich, convex .*: proved \(.*\), but was to be refuted"
    ) as failure:
        assert_refuted(safe_then_rich, "convex", WATER)
    assert type(failure.value) is AssertionError


@pytest.mark.parametrize("assertion", [assert_axiom, assert_refuted])
def test_what_is_not_decided_fails_both_ways_and_says_so(assertion: Callable[..., object]) -> None:
    with pytest.raises(UndecidedAxiom, match=r"not known, because .*black box.*What to do: write it with expectations"):
        assertion(opaque, "transitive", WATER, budget=2)
    assert issubclass(UndecidedAxiom, AssertionError)


@pytest.mark.parametrize("assertion", [assert_axiom, assert_refuted])
def test_assertions_do_not_hide_mistakes(assertion: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="unknown axiom 'transitve'"):
        assertion(safe_then_rich, "transitve", WATER)
    with pytest.raises(TypeError, match="axiom must be one name"):
        assertion(safe_then_rich, ["transitive"], WATER)
    with pytest.raises(ValueError, match="budget must be a positive number"):
        assertion(safe_then_rich, "total", WATER, budget=0)
    with pytest.raises(TypeError, match=r"decorate the function with @pc\.relation"):
        assertion(lambda A, B: True, "total", WATER)


# -- the documentation ----------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs/property-tests.md").read_text(encoding="utf-8")
(SAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def pytest_on(path: Path, text: str) -> subprocess.CompletedProcess[str]:
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", path.name]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)


def test_the_sample_test_file_runs(tmp_path: Path) -> None:
    done = pytest_on(tmp_path / "test_sample.py", SAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SAMPLE.count('def test_') + 3} passed" in done.stdout  # one is run for four axioms


def test_the_sample_fails_as_the_page_says_with_a_clean_traceback(tmp_path: Path) -> None:
    wrong = SAMPLE.replace('["preorder", "total", "consistent", "convex"]', '["interpolation"]')
    assert wrong != SAMPLE
    done = pytest_on(tmp_path / "test_sample.py", wrong)
    assert done.returncode == 1
    (said,) = re.findall(r"AssertionError: (.*?) …\n", PAGE)
    assert f"AssertionError: {said} " in done.stdout
    assert "assertions.py" not in done.stdout.split("short test summary")[0]
    assert "1 failed, 3 passed" in done.stdout


def test_the_page_names_every_strategy_with_its_defaults() -> None:
    for name in re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE):
        assert callable(getattr(ps, name))
    public = {n for n, f in vars(ps).items() if not n.startswith("_") and getattr(f, "__module__", "") == ps.__name__}
    functions = {n for n in public if not isinstance(getattr(ps, n), type)}
    assert functions == set(re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE))


def test_importing_prefcore_does_not_load_hypothesis() -> None:
    code = (
        "import sys, prefcore as pc\n"
        "assert 'hypothesis' not in sys.modules\n"
        "assert pc.strategies.lotteries and 'hypothesis' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
