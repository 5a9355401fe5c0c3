"""Utilities from comparisons, against z3, scipy's HiGHS and arithmetic of this file's own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from systems_oracle import gains, solvable
from utilities_oracle import (
    ONE,
    D,
    F,
    by_scipy,
    data_sets,
    drawn,
    explained,
    largest_gap,
    point,
    values,
    verified,
    x,
    y,
    z,
)

import prefcore as pc
from prefcore.claims import Solvable
from prefcore.comparisons import Comparisons
from solvers.rewards.linear import NotSolved
from solvers.rewards.utilities import (
    difference_bounds,
    implied,
    is_unique,
    recover_utility,
)


@given(data_sets())
@settings(max_examples=120, deadline=None)
def test_recovery_of_random_data(data: Comparisons) -> None:
    answer = recover_utility(data)
    verified(answer, data)
    assert isinstance(answer.verdict, pc.Proved) is solvable(gains(data))
    if answer.margin is not None:
        assert answer.margin == largest_gap(data)
        claim = answer.largest.claim
        assert isinstance(claim, Solvable) and not solvable(claim.system)
        (more,) = claim.system.strict
        assert more[1] == answer.margin and more[0] == ((len(data.outcomes), ONE),)
    assert str(answer)


# -- what a person may ask --------------------------------------------------------------------------------------------


def test_a_chain_of_a_thousand_outcomes() -> None:
    n = 1000
    data = Comparisons([(point(i), point(i + 1)) for i in range(n - 1)])
    answer = recover_utility(data)
    assert answer.margin == F(1, 999)
    assert answer.utility == {i: F(i, 999) for i in range(n)}
    assert isinstance(answer.largest, pc.Refuted)
    assert "… and 988 more outcomes" in str(answer)


def test_a_circle_of_three_hundred_outcomes() -> None:
    n = 300
    data = Comparisons([(point(i), point((i + 1) % n)) for i in range(n)])
    answer = recover_utility(data)
    verified(answer, data)
    assert answer.weights is not None and len(set(answer.weights)) == 1
    assert "… and 288 more" in str(answer)


def test_a_comparison_of_a_lottery_with_itself() -> None:
    half = D({"x": F(1, 2), "z": F(1, 2)})
    for lottery in (x, half):
        strict = Comparisons([(x, y), (lottery, D(dict(lottery.items())))])
        answer = recover_utility(strict)
        verified(answer, strict)
        assert answer.weights == (0, 1) or (answer.weights is not None and not answer.weights[0])
        weak = Comparisons([(x, y)], [(lottery, lottery)])
        assert recover_utility(weak).margin == 1


def test_contradictory_duplicates() -> None:
    data = Comparisons([(x, y)] * 50 + [(y, x)] + [(y, z)] * 3)
    answer = recover_utility(data)
    verified(answer, data)
    assert len(answer.conflict) == 2 and {pair for _, pair, _ in answer.conflict} == {(x, y), (y, x)}
    assert {sign for sign, _, _ in answer.conflict} == {"≺"}
    mixed = Comparisons([(x, y)], [(y, x)])
    assert [(sign, pair) for sign, pair, _ in recover_utility(mixed).conflict] == [("≺", (x, y)), ("≼", (y, x))]


def test_weak_comparisons_only() -> None:
    for weak in ([(x, y)], [(x, y), (y, x)], [(x, x)], [(x, y), (y, z), (z, x)]):
        data = Comparisons((), weak)
        answer = recover_utility(data)
        verified(answer, data)
        assert answer.margin is None and isinstance(answer.verdict, pc.Proved)
    assert recover_utility(Comparisons((), [(x, y), (y, z)])).utility == {"x": 0, "y": F(1, 2), "z": 1}


def test_one_outcome() -> None:
    assert recover_utility(Comparisons((), [(x, x)])).utility is not None
    assert isinstance(recover_utility(Comparisons([(x, x)])).verdict, pc.Refuted)
    assert is_unique(Comparisons((), [(x, x)]))


def test_bad_input() -> None:
    for function in (recover_utility, is_unique, lambda d: implied(d, x, y), lambda d: difference_bounds(d, x, y)):
        with pytest.raises(ValueError, match="there are no comparisons"):
            function(Comparisons())
        for wrong in (None, [(x, y)], "xy", ([], [])):
            with pytest.raises(TypeError, match=r"solvers\.Comparisons"):
                function(wrong)
    bad: Any
    for bad in ("xy", x, None, 5, b"x"):
        with pytest.raises(TypeError, match="strict must be pairs"):
            Comparisons(bad)
    for bad in ([(x, y, z)], [(x,)], [("x", "y")], [x], [((x, y), (y, z))], [(x, None)]):
        with pytest.raises(TypeError, match="at position 0"):
            Comparisons(bad)
        with pytest.raises(TypeError, match="at position 1"):
            Comparisons((), [(x, y), *bad])
    with pytest.raises(ValueError, match="different from each other"):
        Comparisons([(x, y)], outcomes=["x", "y", "x"])
    with pytest.raises(ValueError, match="leave out 'y'"):
        Comparisons([(x, y)], outcomes=["x"])
    generated = Comparisons((pair for pair in [(x, y), (y, z)]), iter([(x, z)]))
    assert len(generated) == 3 and generated.outcomes == ("x", "y", "z")


def test_outcomes_of_every_kind() -> None:
    names = ["höchst", "雨", ("o", "a", "o"), 3, F(1, 2), None, frozenset({1}), ""]
    data = Comparisons([(point(a), D({a: F(1, 3), b: F(2, 3)})) for a, b in pairwise(names)])
    answer = recover_utility(data)
    verified(answer, data)
    assert "雨" in str(answer) and "('o', 'a', 'o')" in str(answer)


def test_lotteries_of_floats_are_the_dyadic_numbers_that_they_store() -> None:
    rng = Random(5)
    u = values(rng, 6)
    found = []
    for _ in range(60):
        shares = [[rng.random() for _ in range(3)] for _ in range(2)]
        pair = tuple(D({o: s / sum(x) for o, s in zip(rng.sample(range(6), 3), x, strict=True)}) for x in shares)
        found.append(pair if explained(u, (pair[0], pair[1])) > 0 else pair[::-1])
    data = Comparisons([(A, B) for A, B in found])
    answer = recover_utility(data)
    verified(answer, data)
    assert isinstance(answer.verdict, pc.Proved) and answer.margin == largest_gap(data)
    tenth = D({"x": 0.1, "y": 0.9})  # the float .1 exceeds 1/10
    assert implied(Comparisons([(x, y)]), tenth, D({"x": F(1, 10), "y": F(9, 10)})) in "≺≻"


@pytest.mark.parametrize("digits", [3, 9, 12, 30])
def test_probabilities_of_very_different_sizes(digits: int) -> None:
    tiny = F(1, 10**digits)
    rare = D({"x": 1 - tiny, "z": tiny})
    rarer = D({"x": 1 - tiny**2, "y": tiny**2})
    for strict in ([(rarer, rare), (x, rarer)], [(rare, rarer), (x, rare)], [(rare, x), (y, rarer), (z, y)]):
        data = Comparisons(strict)
        answer = recover_utility(data)
        verified(answer, data)
        assert isinstance(answer.verdict, pc.Proved)
        assert answer.margin == largest_gap(data)
    nearly = Comparisons([(x, z), (rare, x)])
    verified(recover_utility(nearly), nearly)
    assert isinstance(recover_utility(nearly).verdict, pc.Refuted)


def test_degenerate_data() -> None:
    """The same few comparisons many times, and lotteries that all lie on one line."""
    line = [D({"x": F(k, 50), "y": 1 - F(k, 50)}) if 0 < k < 50 else (y, x)[k // 50] for k in range(51)]
    data = Comparisons([(A, B) for i, A in enumerate(line) for B in line[i + 1 :]], [(x, x)] * 20)
    answer = recover_utility(data)
    verified(answer, data)
    assert answer.margin == F(1, 50)
    turned = Comparisons([*data.strict, (line[30], line[29])])
    verified(recover_utility(turned), turned)
    assert isinstance(recover_utility(turned).verdict, pc.Refuted)


def test_an_answer_in_no_time_is_unknown() -> None:
    data = drawn(Random(1), 20, 100, values(Random(2), 20))
    answer = recover_utility(data, seconds=1e-9)
    assert isinstance(answer.verdict, pc.Unknown) and answer.verdict.advice and "unknown" in str(answer)
    assert answer.utility is None and answer.weights is None and answer.conflict == ()
    for function in (lambda: implied(data, x, y, seconds=1e-9), lambda: is_unique(data, seconds=1e-9)):
        with pytest.raises(NotSolved):
            function()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    data = drawn(Random(1), 8, 30, values(Random(2), 8))
    recover_utility(data)
    recover_utility(Comparisons([(x, y), (y, x)]))
    implied(data, point(0), point(1))
    difference_bounds(data, point(0), point(1))
    is_unique(data)
    assert capfd.readouterr() == ("", "")


# -- larger data ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), [(10, 40), (30, 300), (60, 5000)])
def test_larger_data_against_scipy(n: int, m: int) -> None:
    rng = Random(n)
    data = drawn(rng, n, m, values(rng, n), 100)
    answer = recover_utility(data)
    verified(answer, data)
    assert answer.margin is not None and float(answer.margin) == pytest.approx(by_scipy(data), abs=1e-9)
    turned = rng.sample(range(m), m // 20)
    wrong = Comparisons([p[::-1] if i in turned else p for i, p in enumerate(data.strict)], outcomes=range(n))
    answer = recover_utility(wrong)
    verified(answer, wrong)
    assert isinstance(answer.verdict, pc.Proved) is (by_scipy(wrong) > 1e-9)
    assert m < 300 or isinstance(answer.verdict, pc.Refuted)


@pytest.mark.slow
def test_exactness_at_scale() -> None:
    """20,000 comparisons over 300 outcomes: the margin has hundreds of digits, and every comparison is re-checked."""
    rng = Random(300)
    data = drawn(rng, 300, 20_000, values(rng, 300), 100)
    answer = recover_utility(data)
    verified(answer, data)
    assert answer.margin is not None and answer.margin.denominator > 10**100
    assert float(answer.margin) == pytest.approx(by_scipy(data), abs=1e-9)
    turned = rng.sample(range(20_000), 400)
    wrong = Comparisons([p[::-1] if i in turned else p for i, p in enumerate(data.strict)], outcomes=range(300))
    answer = recover_utility(wrong)
    verified(answer, wrong)
    assert isinstance(answer.verdict, pc.Refuted)


@pytest.mark.parametrize("epsilon", [F(1, 10**7), F(1, 10**9), F(1, 10**15)])
def test_many_lotteries_that_hardly_differ(epsilon: F) -> None:
    rng = Random(3)
    utility = [rng.random() for _ in range(60)]
    pairs = []
    for _ in range(1500):
        i, j, k = rng.sample(range(60), 3)
        low, high = sorted((i, j), key=utility.__getitem__)
        pairs.append(tuple(D({k: 1 - epsilon, o: epsilon}) for o in (low, high)))
    answer = recover_utility(Comparisons(pairs))
    assert isinstance(answer.verdict, pc.Proved) and answer.margin is not None and answer.margin > 0
    assert isinstance(answer.largest, pc.Refuted)
    turned = recover_utility(Comparisons([*pairs, pairs[7][::-1]]))
    assert isinstance(turned.verdict, pc.Refuted)


def test_long_numbers_are_shown_short_and_certified(tmp_path: Path) -> None:
    rng = Random(5)
    n = 60
    utility = [rng.random() for _ in range(n)]
    pairs = []
    for _ in range(300):
        lots = []
        for _ in range(2):
            o, q = rng.sample(range(n), 2)
            p = F(rng.randrange(1, 10**150), 10**150)
            lots.append(D({o: p, q: 1 - p}))
        lots.sort(key=lambda lottery: sum(float(p) * utility[o] for o, p in lottery.items()))
        pairs.append(tuple(lots))
    answer = recover_utility(Comparisons(pairs))
    assert answer.margin is not None and answer.margin.denominator > 10**4300
    assert "≈" in str(answer) and len(repr(answer)) < 2000
    path = pc.save_certificate(answer.verdict, tmp_path / "long.json")
    assert isinstance(pc.load_certificate(path), pc.Proved)
