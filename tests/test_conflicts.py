"""Which comparisons to drop, against the enumeration of all sets of comparisons."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from itertools import combinations
from random import Random

import pytest
from systems_oracle import gains, solvable
from utilities_oracle import D, F, by_scipy, drawn, point, values, verified

import prefcore as pc
from prefcore.comparisons import Comparisons
from solvers.rewards import conflicts
from solvers.rewards.conflicts import Dropped, comparisons_to_drop
from solvers.rewards.linear import NotSolved

x, y, z = map(point, "xyz")


def without(data: Comparisons, strict: Collection[int], weak: Collection[int]) -> Comparisons:
    return Comparisons(
        [p for i, p in enumerate(data.strict) if i not in strict],
        [p for i, p in enumerate(data.weak) if i not in weak],
        data.outcomes,
    )


def fewest(data: Comparisons) -> int:
    """By trying all sets, the smallest first; z3 decides each."""
    m = len(data.strict)
    for size in range(len(data) + 1):
        for gone in combinations(range(len(data)), size):
            if solvable(gains(without(data, gone, [i - m for i in gone]))):
                return size
    raise AssertionError("without comparisons every utility will do")


def sufficient(found: Dropped, data: Comparisons) -> None:
    """The rest has a utility, which `recovery` shows."""
    assert list(found.strict) == sorted(set(found.strict)) and list(found.weak) == sorted(set(found.weak))
    assert set(found.strict) <= set(range(len(data.strict))) and set(found.weak) <= set(range(len(data.weak)))
    assert len(found) == len(found.strict) + len(found.weak)
    rest = without(data, found.strict, found.weak)
    assert isinstance(found.recovery.verdict, pc.Proved)
    if len(rest):
        assert found.recovery.comparisons == rest
        verified(found.recovery, found.recovery.comparisons)
    assert f"drop {len(found)} comparison{'' if len(found) == 1 else 's'}, " in str(found)


def inclusion_minimal(found: Dropped, data: Comparisons) -> None:
    """None of them can be kept beside the rest."""
    for i in found.strict:
        assert not solvable(gains(without(data, set(found.strict) - {i}, found.weak))), i
    for i in found.weak:
        assert not solvable(gains(without(data, found.strict, set(found.weak) - {i}))), i


def small(seed: int) -> Comparisons:
    rng = Random(seed)
    n = rng.randint(2, 4)
    data = drawn(rng, n, rng.randint(2, 9), None if seed % 3 else values(rng, n, 50), 3)
    pairs = list(data.strict)
    if seed % 3 == 0:
        pairs = [p[::-1] if rng.random() < 0.3 else p for p in pairs]
    cut = rng.randint(1, len(pairs))
    return Comparisons(pairs[:cut], pairs[cut:], range(n))


@pytest.mark.parametrize("seed", range(60))
def test_a_minimum_is_one(seed: int) -> None:
    data = small(seed)
    found = comparisons_to_drop(data)
    assert found.kind == "minimum"
    sufficient(found, data)
    assert len(found) == fewest(data)
    inclusion_minimal(found, data)


@pytest.mark.parametrize("seed", range(60))
def test_the_method_for_large_data_on_small(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflicts, "FEW", 0)
    data = small(seed)
    found = comparisons_to_drop(data)
    sufficient(found, data)
    least = fewest(data)
    assert found.kind == ("inclusion-minimal" if least else "minimum")
    assert len(found) >= least
    inclusion_minimal(found, data)


def test_known_data() -> None:
    duplicates = Comparisons([(x, y)] * 5 + [(y, x)] * 2)
    found = comparisons_to_drop(duplicates)
    assert (found.strict, found.weak, found.kind) == ((5, 6), (), "minimum")
    circle = Comparisons([(x, y), (y, z)], [(z, x)])
    assert len(comparisons_to_drop(circle)) == 1
    itself = Comparisons([(x, x), (x, y), (z, z)])
    assert comparisons_to_drop(itself).strict == (0, 2)
    nothing = Comparisons([(x, x)])
    alone = comparisons_to_drop(nothing)
    assert alone.strict == (0,) and alone.kind == "minimum"
    assert set(alone.recovery.utility or ()) == {"x"}
    good = Comparisons([(x, y), (y, z)], [(x, z)])
    kept = comparisons_to_drop(good)
    assert len(kept) == 0 and kept.kind == "minimum" and kept.recovery.comparisons == good
    heavy = Comparisons([(y, x)], [(x, y)] * 4)  # one strict against four weak ones
    assert (comparisons_to_drop(heavy).strict, comparisons_to_drop(heavy).weak) == ((0,), ())
    unlisted = Comparisons([(x, y), (y, x)], outcomes=["x", "y", "never seen"])
    assert "never seen" in (comparisons_to_drop(unlisted).recovery.utility or {})


def test_bad_input_and_no_time() -> None:
    with pytest.raises(ValueError, match="no comparisons"):
        comparisons_to_drop(Comparisons())
    with pytest.raises(NotSolved):
        comparisons_to_drop(Comparisons([(x, y), (y, x)]), seconds=1e-9)


@pytest.mark.parametrize(("n", "m", "share"), [(8, 60, 20), (15, 150, 30)])
def test_turned_comparisons(n: int, m: int, share: int) -> None:
    """Of data with a utility a few were turned: no more than those need be dropped."""
    rng = Random(m)
    right = drawn(rng, n, m, values(rng, n))
    turned = set(rng.sample(range(m), m // share))
    data = Comparisons([p[::-1] if i in turned else p for i, p in enumerate(right.strict)], outcomes=range(n))
    found = comparisons_to_drop(data)
    sufficient(found, data)
    assert found.kind == "minimum" and 0 < len(found) <= len(turned)
    inclusion_minimal(found, data)


@pytest.mark.slow
def test_larger_data_have_a_set_of_which_none_can_be_kept() -> None:
    rng = Random(7)
    right = drawn(rng, 12, 2500, values(rng, 12), 30)
    turned = set(rng.sample(range(2500), 25))
    data = Comparisons([p[::-1] if i in turned else p for i, p in enumerate(right.strict)], outcomes=range(12))
    found = comparisons_to_drop(data, seconds=120.0)
    assert found.kind == "inclusion-minimal"
    sufficient(found, data)
    assert len(found) <= 25
    for i in found.strict:  # 2,500 comparisons are too many for z3
        assert by_scipy(without(data, set(found.strict) - {i}, ())) < 1e-9, i


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    data = Comparisons([(x, y), (y, x), (y, z), (z, D({"x": Fraction(1, 2), "y": F(1, 2)}))], [(z, x)])
    comparisons_to_drop(data)
    monkeypatch.setattr(conflicts, "FEW", 0)
    comparisons_to_drop(data)
    assert capfd.readouterr() == ("", "")
