"""Distributions: exact numbers in, exact numbers out, errors at the door, and nothing that can be changed."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import prefcore as pc
from prefcore.distribution import exact

HALF = Fraction(1, 2)
few = settings(max_examples=100, deadline=None)

fractions = st.fractions(min_value=-20, max_value=20, max_denominator=12)


@st.composite
def lotteries(draw: st.DrawFn, outcomes: str = "abcdef") -> pc.Distribution:
    weights = draw(st.lists(st.integers(0, 9), min_size=len(outcomes), max_size=len(outcomes)).filter(any))
    return pc.Distribution({o: Fraction(w, sum(weights)) for o, w in zip(outcomes, weights, strict=True)})


payoffs = st.fixed_dictionaries(dict.fromkeys("abcdef", fractions))
levels = st.fractions(min_value=0, max_value=1, max_denominator=12).filter(bool)


# -- exact numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (3, Fraction(3)),
        (-(10**400), Fraction(-(10**400))),
        (Fraction(2, 6), Fraction(1, 3)),
        (Decimal("0.1"), Fraction(1, 10)),
        (Decimal("-1.25e-3"), Fraction(-1, 800)),
        ("1/3", Fraction(1, 3)),
        (" -2/6 ", Fraction(-1, 3)),
        ("0.1", Fraction(1, 10)),
        ("+7", Fraction(7)),
        (0.5, HALF),
        (0.1, Fraction(3602879701896397, 2**55)),
        (5e-324, Fraction(1, 2**1074)),
        (-0.0, Fraction(0)),
        (np.int64(-4), Fraction(-4)),
        (np.uint8(255), Fraction(255)),
        (np.float64(0.1), Fraction(3602879701896397, 2**55)),
        (np.float32(0.1), Fraction(13421773, 2**27)),
        (np.float16(0.1), Fraction(819, 2**13)),
    ],
)
def test_a_number_is_what_it_stores(value: object, meaning: Fraction) -> None:
    result = exact(value)
    assert result == meaning
    assert type(result) is Fraction
    assert type(result.numerator) is int and type(result.denominator) is int


def test_a_float_is_dyadic_so_point_one_exceeds_a_tenth() -> None:
    assert exact(0.1) > exact("0.1") == Fraction(1, 10)


def test_a_long_double_is_exact_too() -> None:
    third = np.longdouble(1) / 3
    assert exact(third) == Fraction(*third.as_integer_ratio())


def test_a_large_decimal_is_finite() -> None:
    assert exact(Decimal("1e400")) == 10**400


@given(st.floats(allow_nan=False, allow_infinity=False))
@few
def test_every_float_is_read_exactly(value: float) -> None:
    assert exact(value) == Fraction(*value.as_integer_ratio())


@pytest.mark.parametrize("value", [True, False, np.True_, None, [1], (1, 2), 1j, b"1", object()])
def test_what_is_no_number_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="the weight"):
        exact(value, "the weight")


@pytest.mark.parametrize(
    "value",
    [
        *(math.nan, math.inf, -math.inf, np.float64("nan"), Decimal("nan"), Decimal("sNaN"), Decimal("-inf")),
        *("nan", "inf", "", "1/0", "1/-3", "a", "1_000", "1//2", "0x1", "1/2/3"),
    ],
)
def test_what_is_no_finite_number_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError):
        exact(value, "the weight")


# -- construction ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "half", [HALF, "1/2", "0.5", Decimal("0.5"), 0.5, np.float64(0.5), np.float32(0.5)], ids=lambda h: type(h).__name__
)
def test_probabilities_of_any_exact_type(half: object) -> None:
    lottery = pc.Distribution({"x": half, "y": Fraction(1, 2)})
    assert lottery == pc.Distribution({"y": HALF, "x": HALF})
    assert lottery["x"] == HALF
    assert type(lottery["x"]) is Fraction
    assert not lottery.renormalised


def test_pairs_and_points_and_numpy_integers() -> None:
    assert pc.Distribution([("x", np.int64(1)), ("y", 0)]) == pc.Distribution.point("x") == pc.Distribution({"x": 1})
    assert pc.Distribution((o, Fraction(1, 4)) for o in range(4)).support == frozenset(range(4))


def test_outcomes_of_probability_zero_are_not_in_the_support() -> None:
    lottery = pc.Distribution({"x": 1, "y": 0, "z": 0.0})
    assert lottery.support == {"x"}
    assert lottery["y"] == lottery["never seen"] == 0
    assert len(lottery) == 1 and list(lottery) == ["x"] and list(lottery.items()) == [("x", Fraction(1))]


def test_floats_that_sum_to_one_are_left_alone() -> None:
    lottery = pc.Distribution({"x": 0.25, "y": 0.75})
    assert not lottery.renormalised


def test_floats_that_almost_sum_to_one_are_renormalised_exactly() -> None:
    given_ = {"x": 0.1, "y": 0.2, "z": 0.7}
    total = sum(map(Fraction, given_.values()))
    assert total != 1
    lottery = pc.Distribution(given_)
    assert lottery.renormalised
    assert sum(p for _, p in lottery.items()) == 1
    for outcome, p in given_.items():
        assert lottery[outcome] == Fraction(p) / total


def test_one_float_among_exact_numbers_suffices_for_renormalising() -> None:
    lottery = pc.Distribution({"x": Fraction(1, 3), "y": 2 / 3})
    assert lottery.renormalised
    assert lottery["x"] + lottery["y"] == 1


@pytest.mark.parametrize("outcomes", [2, 5])
def test_the_tolerance_is_n_times_two_to_the_minus_52(outcomes: int) -> None:
    rest = dict.fromkeys(range(outcomes - 2), 0.0)
    inside = {"x": Fraction(1, 2), "y": HALF + Fraction(outcomes, 2**52), **rest}
    just = {o: float(p) for o, p in inside.items()}
    assert just["y"] == inside["y"], "the test needs a representable number"
    assert pc.Distribution(just).renormalised
    outside = dict(just, y=math.nextafter(just["y"], 2))
    with pytest.raises(ValueError, match="sum to"):
        pc.Distribution(outside)


@pytest.mark.parametrize(
    "probabilities",
    [
        {"x": HALF, "y": HALF + Fraction(1, 2**60)},
        {"x": Decimal("0.3333333333333333"), "y": Decimal("0.6666666666666666")},
        {"x": "0.9999999999999999999"},
        {"x": 1, "y": 1},
        {"x": 0},
        {"x": 0.5, "y": 0.25},
    ],
)
def test_exact_numbers_that_do_not_sum_to_one_are_an_error(probabilities: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="sum to"):
        pc.Distribution(probabilities)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(lambda ps: sum(ps) > 0.01))
@few
def test_normalised_floats_are_always_accepted_and_sum_to_one(numbers: list[float]) -> None:
    total = sum(numbers)
    lottery = pc.Distribution({i: p / total for i, p in enumerate(numbers)})
    assert sum(p for _, p in lottery.items()) == 1


@pytest.mark.parametrize(
    ("probabilities", "error", "message"),
    [
        ({}, ValueError, "at least one outcome"),
        ([], ValueError, "at least one outcome"),
        ({"x": -1, "y": 2}, ValueError, "'x' is negative"),
        ({"x": 1.5, "y": -0.5}, ValueError, "'y' is negative"),
        ({"x": math.nan}, ValueError, "'x' must be finite"),
        ({"x": math.inf}, ValueError, "'x' must be finite"),
        ({"x": Decimal("nan")}, ValueError, "'x' must be finite"),
        ({"x": "one"}, ValueError, "'x'"),
        ({"x": True}, TypeError, "'x' must be a number"),
        ({"x": np.True_}, TypeError, "'x'"),
        ({"x": None}, TypeError, "'x'"),
        ([("x", HALF), ("x", HALF)], ValueError, "'x' is given twice"),
        ([(1, HALF), (1.0, HALF)], ValueError, "given twice"),
        ([("x", HALF, 0), ("y", HALF, 0)], TypeError, "pairs"),
        ([["x", 1]], TypeError, "pairs"),
        (["x"], TypeError, "pairs"),
        ("x", TypeError, "mapping"),
        (1, TypeError, "mapping"),
        (None, TypeError, "mapping"),
        ([([], 1)], TypeError, "unhashable"),
    ],
)
def test_errors_at_the_door(probabilities: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pc.Distribution(probabilities)  # type: ignore[arg-type]


# -- a value --------------------------------------------------------------------------------------------------------


def test_nothing_can_be_set_or_deleted() -> None:
    lottery = pc.Distribution({"x": HALF, "y": HALF})
    for name in ("renormalised", "_probabilities", "_hash", "support", "anything"):
        with pytest.raises(AttributeError):
            setattr(lottery, name, 1)
    with pytest.raises(TypeError):
        lottery["x"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        lottery._probabilities["x"] = Fraction(1)  # type: ignore[index]
    assert not hasattr(lottery, "__dict__")
    assert lottery == pc.Distribution({"x": HALF, "y": HALF})


@pytest.mark.parametrize("name", ["renormalised", "_probabilities", "_hash"])
def test_attributes_can_not_be_deleted(name: str) -> None:
    lottery = pc.Distribution.point("x")
    with pytest.raises(AttributeError):
        delattr(lottery, name)
    assert lottery == pc.Distribution.point("x")


def test_the_mapping_it_was_made_from_can_change() -> None:
    source = {"x": HALF, "y": HALF}
    lottery = pc.Distribution(source)
    source["x"] = Fraction(1)
    assert lottery["x"] == HALF


@given(lotteries(), lotteries())
@few
def test_equal_means_equal_probabilities_and_then_the_hashes_agree(a: pc.Distribution, b: pc.Distribution) -> None:
    assert (a == b) is all(a[o] == b[o] for o in "abcdef")
    shuffled = pc.Distribution(dict(reversed(list(a.items()))))
    assert shuffled == a and hash(shuffled) == hash(a) and len({a, shuffled}) == 1


def test_equality_with_other_things() -> None:
    lottery = pc.Distribution.point("x")
    assert lottery != {"x": 1}
    assert lottery != "x"
    assert lottery != pc.Distribution.point("y")


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_equal(again: object) -> None:
    lottery = pc.Distribution({"x": 0.1, "y": 0.2, "z": 0.7})
    same = again(lottery)  # type: ignore[operator]
    assert same == lottery and hash(same) == hash(lottery)
    assert same.renormalised is lottery.renormalised is True


def test_repr_is_code_and_str_is_words() -> None:
    lottery = pc.Distribution({"low": Fraction(9, 10), "flood": Fraction(1, 10)})
    assert eval(repr(lottery), {"Distribution": pc.Distribution}) == lottery
    assert str(lottery) == "9/10 low + 1/10 flood"
    assert str(pc.Distribution.point("low")) == "low"


# -- events and payoffs ---------------------------------------------------------------------------------------------

LOTTERY = pc.Distribution({"low": Fraction(9, 10), "flood": Fraction(1, 10)})


def test_events_are_sets_or_predicates() -> None:
    tenth = Fraction(1, 10)
    assert LOTTERY.prob({"flood"}) == LOTTERY.prob(frozenset({"flood"})) == LOTTERY.prob({"flood": 0}.keys()) == tenth
    assert LOTTERY.prob(lambda o: o == "flood") == LOTTERY.prob(lambda o: np.bool_(o == "flood")) == tenth
    assert LOTTERY.prob(set()) == 0 and LOTTERY.prob({"flood", "low"}) == 1
    assert LOTTERY.prob({"elsewhere"}) == 0
    assert type(LOTTERY.prob({"flood"})) is type(LOTTERY.prob(set())) is Fraction


@pytest.mark.parametrize("event", ["flood", ["flood"], ("flood",), {"flood": True}, None, 1])
def test_other_events_are_type_errors(event: object) -> None:
    with pytest.raises(TypeError, match="an event is a set"):
        LOTTERY.prob(event)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [1, None, "yes", Fraction(1), []])
def test_a_predicate_says_true_or_false(answer: object) -> None:
    with pytest.raises(TypeError, match="True or False"):
        LOTTERY.prob(lambda o: answer)


def test_payoffs_are_mappings_or_functions() -> None:
    assert LOTTERY.expect({"low": 1, "flood": -9}) == 0
    assert LOTTERY.expect(len) == Fraction(9, 10) * 3 + Fraction(1, 10) * 5
    assert LOTTERY.expect({"low": "1/9", "flood": 0.5}) == Fraction(1, 10) + Fraction(1, 20)
    assert LOTTERY.values(len) == (3, 5)


def test_a_payoff_with_a_gap_names_the_outcome() -> None:
    with pytest.raises(ValueError, match="'flood'"):
        LOTTERY.expect({"low": 1})
    with pytest.raises(ValueError, match=r"KeyError.*'flood'"):
        LOTTERY.expect({"low": 1}.__getitem__)
    with pytest.raises(TypeError, match="'flood'"):
        LOTTERY.expect({"low": 1}.get)
    for level_functional in (LOTTERY.cvar, LOTTERY.quantile):
        with pytest.raises(ValueError, match="'flood'"):
            level_functional({"low": 1}, HALF)


@pytest.mark.parametrize("bad", [math.nan, math.inf, "x"])
def test_a_payoff_that_is_not_finite_names_the_outcome(bad: object) -> None:
    with pytest.raises(ValueError, match="'low'"):
        LOTTERY.expect({"low": bad, "flood": 0})


def test_a_payoff_is_a_number_not_a_truth_value() -> None:
    with pytest.raises(TypeError, match="'low'"):
        LOTTERY.expect(lambda o: True)
    with pytest.raises(TypeError, match="payoff is a mapping"):
        LOTTERY.expect(3)  # type: ignore[arg-type]


def test_map() -> None:
    assert LOTTERY.map({"low": "dry", "flood": "wet"}.get) == pc.Distribution(
        {"dry": Fraction(9, 10), "wet": Fraction(1, 10)}
    )
    assert LOTTERY.map(lambda o: "same") == pc.Distribution.point("same")
    with pytest.raises(ValueError, match=r"None for outcome 'flood'"):
        LOTTERY.map({"low": "dry"}.get)


@given(lotteries(), payoffs)
@few
def test_map_then_expect_is_expect_of_the_composition(a: pc.Distribution, u: dict[str, Fraction]) -> None:
    assert a.map(u.__getitem__).expect(lambda x: x) == a.expect(u) == sum(a[o] * u[o] for o in "abcdef")


# -- mixtures -------------------------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), st.fractions(0, 1, max_denominator=12), payoffs)
@few
@example(pc.Distribution.point("a"), pc.Distribution.point("b"), Fraction(0), dict.fromkeys("abcdef", Fraction(1)))
@example(pc.Distribution.point("a"), pc.Distribution.point("b"), Fraction(1), dict.fromkeys("abcdef", Fraction(1)))
def test_mix(a: pc.Distribution, b: pc.Distribution, alpha: Fraction, u: dict[str, Fraction]) -> None:
    mixture = pc.mix(alpha, a, b)
    for o in "abcdef":
        assert mixture[o] == alpha * a[o] + (1 - alpha) * b[o]
    assert mixture.support == {o for o in "abcdef" if mixture[o]}
    assert mixture.expect(u) == alpha * a.expect(u) + (1 - alpha) * b.expect(u)
    assert mixture == pc.Distribution(dict(mixture.items()))


def test_mix_reads_alpha_like_any_number() -> None:
    x, y = pc.Distribution.point("x"), pc.Distribution.point("y")
    for half in (HALF, "1/2", 0.5, Decimal("0.5"), np.float64(0.5)):
        assert pc.mix(half, x, y) == pc.Distribution({"x": HALF, "y": HALF})
    assert pc.mix(1, x, y) == x and pc.mix(0, x, y) == y


@pytest.mark.parametrize("alpha", [-1, 2, Fraction(101, 100), -5e-324, "3/2", math.nan, math.inf])
def test_mix_rejects_an_alpha_outside_zero_and_one(alpha: object) -> None:
    with pytest.raises(ValueError, match="alpha"):
        pc.mix(alpha, LOTTERY, LOTTERY)  # type: ignore[arg-type]


@pytest.mark.parametrize("alpha", [True, None, [1]])
def test_mix_rejects_an_alpha_that_is_no_number(alpha: object) -> None:
    with pytest.raises(TypeError, match="alpha"):
        pc.mix(alpha, LOTTERY, LOTTERY)  # type: ignore[arg-type]


def test_mix_rejects_what_is_no_distribution() -> None:
    with pytest.raises(TypeError, match="first"):
        pc.mix(HALF, {"x": 1}, LOTTERY)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="second"):
        pc.mix(1, LOTTERY, "low")  # type: ignore[arg-type]


# -- tails ----------------------------------------------------------------------------------------------------------


def worst_share(a: pc.Distribution, u: dict[str, Fraction], level: Fraction) -> Fraction:
    """The mean of the worst share, by pouring out the probability from the lowest payoff upwards."""
    left, total = level, Fraction(0)
    for outcome in sorted("abcdef", key=u.__getitem__):
        taken = min(left, a[outcome])
        total += taken * u[outcome]
        left -= taken
    assert left == 0
    return total / level


@given(lotteries(), payoffs, levels)
@few
def test_cvar_is_the_mean_of_the_worst_share(a: pc.Distribution, u: dict[str, Fraction], level: Fraction) -> None:
    assert a.cvar(u, level) == worst_share(a, u, level)


@given(lotteries(), payoffs)
@few
def test_cvar_at_level_one_is_the_mean(a: pc.Distribution, u: dict[str, Fraction]) -> None:
    assert a.cvar(u, 1) == a.expect(u)


@given(lotteries(), payoffs, levels)
@few
def test_quantile_is_the_least_value_that_reaches_the_level(
    a: pc.Distribution, u: dict[str, Fraction], level: Fraction
) -> None:
    reached = [x for x in set(u.values()) if sum(a[o] for o in "abcdef" if u[o] <= x) >= level]
    assert a.quantile(u, level) == min(reached)


def test_the_lower_median_of_a_fair_coin_is_the_lower_value() -> None:
    coin = pc.Distribution({"low": HALF, "high": HALF})
    assert coin.quantile({"low": 0, "high": 1}, HALF) == 0
    assert coin.quantile({"low": 0, "high": 1}, HALF + Fraction(1, 10**9)) == 1
    assert coin.quantile({"low": 0, "high": 1}, 1) == 1


@pytest.mark.parametrize("level", [0, -1, Fraction(11, 10), math.nan, "x"])
def test_a_level_is_positive_and_at_most_one(level: object) -> None:
    for functional in (LOTTERY.cvar, LOTTERY.quantile):
        with pytest.raises(ValueError, match="level"):
            functional({"low": 0, "flood": 1}, level)  # type: ignore[arg-type]


def test_a_level_is_a_number() -> None:
    for functional in (LOTTERY.cvar, LOTTERY.quantile):
        with pytest.raises(TypeError, match="level"):
            functional({"low": 0, "flood": 1}, True)
