"""Maps of indifference, heat maps, and both as matplotlib figures, against what is known of the relations drawn."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from io import BytesIO
from itertools import pairwise, permutations
from math import hypot
from typing import Any
from xml.etree import ElementTree

import matplotlib
import networkx as nx
import numpy as np
import pytest

import prefcore as pc
from prefcore import figures, page
from prefcore.heatmap import colour, heatmap
from prefcore.pictures.contours import Contours
from prefcore.pictures.intransitivity import Heat, heat
from prefcore.pictures.plane import CORNERS, XY
from prefcore.pictures.stands import APART, BETTER, BORDER, JUMP, SAME
from prefcore.triangle import contours_of, indifference_map, scene

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HALF = Fraction(1, 2)
FACE = ("flood", "half", "full")
WATER = {"flood": 0, "half": 3, "full": 7}
WEIGHT = {"flood": 1, "half": 3, "full": 1}
BEATS = {("flood", "half"), ("half", "full"), ("full", "flood")}
SVG = "{http://www.w3.org/2000/svg}"


@pc.relation
def weighted_utility(A: Any, B: Any) -> Any:
    return A.expect(PAID) * B.expect(WEIGHT) <= B.expect(PAID) * A.expect(WEIGHT)


@pc.relation
def mean_variance(A: Any, B: Any) -> Any:
    square = {o: WATER[o] ** 2 for o in FACE}

    def worth(X: Any) -> Any:
        return X.expect(WATER) - Fraction(1, 8) * (X.expect(square) - X.expect(WATER) * X.expect(WATER))

    return worth(A) <= worth(B)


PAID = {o: WATER[o] * WEIGHT[o] for o in FACE}


def lowest_worth(X: Any) -> Any:
    return pc.minimum(X.expect(WATER), 2 * X.prob({"half"}) + 5 * X.prob({"full"}) + Fraction(1, 3))


def lowest_outcome(X: Any) -> Any:
    return 0 if X.prob({"flood"}) > 0 else 3 if X.prob({"half"}) > 0 else 7


RELATIONS: dict[str, pc.Relation[Any]] = {
    "expected": pc.expected_reward(WATER),
    "lexicographic": pc.lexicographic(pc.minimize(pc.prob({"flood"})), pc.maximize(pc.expect(WATER))),
    "excess": pc.excess_risk({"flood": 20}, WATER),
    "chance": pc.chance_constraint({"flood"}, Fraction(1, 10), WATER),
    "cvar": pc.cvar(WATER, HALF),
    "quantile": pc.quantile(WATER, HALF),
    "pareto": pc.pareto(WATER, {"flood": 2, "half": 9, "full": 4}),
    "dominance": pc.stochastic_dominance(WATER),
    "majority": pc.majority(WATER, {"flood": 9, "half": 2, "full": 4}, {"flood": 3, "half": 5, "full": 1}),
    "cyclic": pc.skew_symmetric(lambda x, y: ((x, y) in BEATS) - ((y, x) in BEATS)),
    "weighted": weighted_utility,
    "mean_variance": mean_variance,
    "worst_case": pc.relation(lambda A, B: lowest_outcome(A) <= lowest_outcome(B)),
    "indifference": pc.indifference(),
    "equality": pc.equality(),
}
TRANSITIVE = {*RELATIONS} - {"majority", "cyclic"}


def weights(p: XY) -> tuple[float, float, float]:
    """Probabilities of flood, half, full at a place: the inverse of a map that the corners fix."""
    matrix = np.array([[x for x, _ in CORNERS], [y for _, y in CORNERS], [1, 1, 1]])
    first, second, third = np.linalg.solve(matrix, [*p, 1])
    return float(first), float(second), float(third)


def expectation(p: XY) -> float:
    return sum(w * WATER[o] for w, o in zip(weights(p), FACE, strict=True))


def worst_half(p: XY) -> float:
    left, total = 0.5, 0.0
    for w, o in zip(weights(p), FACE, strict=True):
        total += min(w, left) * WATER[o]
        left -= min(w, left)
    return 2 * total


def weighted_mean(p: XY) -> float:
    pairs = list(zip(weights(p), FACE, strict=True))
    return sum(w * WEIGHT[o] * WATER[o] for w, o in pairs) / sum(w * WEIGHT[o] for w, o in pairs)


def spread_mean(p: XY) -> float:
    pairs = list(zip(weights(p), FACE, strict=True))
    mean = sum(w * WATER[o] for w, o in pairs)
    return mean - sum(w * (WATER[o] - mean) ** 2 for w, o in pairs) / 8


def curves(shown: Contours, kind: str = SAME) -> list[list[list[XY]]]:
    return [level.chart.borders.get(kind, []) for level in shown.levels]


def between(line: Sequence[XY]) -> list[XY]:
    """Places along a line, its corners and three on each side."""
    steps = [(p, q, t / 4) for p, q in pairwise(line) for t in range(5)]
    return [(p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])) for p, q, t in steps]


# -- maps of indifference -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def maps() -> dict[str, Contours]:
    return {name: contours_of(relation, FACE) for name, relation in RELATIONS.items()}


@cache
def drawn(name: str) -> str:
    return indifference_map(RELATIONS[name], FACE, name=name)


def words(name: str) -> str:
    return svg_texts(drawn(name))


@pytest.mark.parametrize("name", RELATIONS)
def test_a_map_is_a_small_file_of_its_own(name: str) -> None:
    svg = drawn(name)
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg" and len(svg) < 60_000
    assert all(outcome in root.findtext(f"{SVG}title", "") for outcome in FACE)
    ground = root.find(f"{SVG}rect")
    assert ground is not None and ground.get("fill") == "#ffffff" and ground.get("width") == root.get("width")
    assert all(f'id="{used}"' in svg for used in re.findall(r"url\(#([^)]*)\)", svg))
    # Nothing lies outside the picture.
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for text in root.findall(f"{SVG}text"):
        assert 0 < float(text.get("y", "")) < height and 0 < float(text.get("x", "")) < width
        if text.get("text-anchor") == "start":
            assert float(text.get("x", "")) + 6.7 * len(text.text or "") < width


@pytest.mark.parametrize(
    ("name", "value"),
    [("expected", expectation), ("cvar", worst_half), ("weighted", weighted_mean), ("mean_variance", spread_mean)],
)
def test_what_is_indifferent_has_the_value_of_its_reference(
    maps: dict[str, Contours], name: str, value: Callable[[XY], float]
) -> None:
    drawn = 0
    for level, lines in zip(maps[name].levels, curves(maps[name]), strict=True):
        for p in (p for line in lines for p in between(line)):
            assert value(p) == pytest.approx(value(level.place), abs=0.02)  # a pixel is worth 7/346
            drawn += 1
    assert drawn >= 30


def test_expected_reward_has_parallel_lines_and_weighted_utility_a_fan(maps: dict[str, Contours]) -> None:
    def directions(name: str) -> list[float]:
        ends = [(line[0], line[-1]) for lines in curves(maps[name]) for line in lines if len(line) == 2]
        assert len(ends) == 7
        return [float(np.degrees(np.arctan2(q[1] - p[1], q[0] - p[0]))) % 180 for p, q in ends]

    assert np.ptp(directions("expected")) < 0.5
    assert np.ptp(directions("weighted")) > 30


def test_cvar_bends_where_half_the_probability_is_spent(maps: dict[str, Contours]) -> None:
    bends = [p for lines in curves(maps["cvar"]) for line in lines for p in line[1:-1]]
    assert bends
    for p in bends:  # within flood and half, or from half to full, the worst half has the same value per probability
        flood, half, _ = weights(p)
        assert min(abs(flood - 0.5), abs(flood + half - 0.5)) < 0.01


def test_a_lexicographic_relation_has_jumps_only(maps: dict[str, Contours]) -> None:
    shown = maps["lexicographic"]
    assert all(set(level.chart.borders) == {JUMP} for level in shown.levels)
    for level, lines in zip(shown.levels, curves(shown, JUMP), strict=True):
        for p in (p for line in lines for p in line):
            assert weights(p)[0] == pytest.approx(weights(level.place)[0], abs=0.003)
    assert "No indifference curves" in words("lexicographic") and "indifference curve " not in words("lexicographic")
    assert "indifference curve " in words("chance")


def test_both_parts_of_a_chance_constraint_are_drawn(maps: dict[str, Contours]) -> None:
    floods = [weights(level.place)[0] for level in maps["chance"].levels]
    assert min(floods) < 0.1 < max(floods)
    assert {kind for level in maps["chance"].levels for kind in level.chart.borders} == {SAME, JUMP}


@pytest.mark.parametrize("name", RELATIONS)
def test_a_broken_chain_is_one(maps: dict[str, Contours], name: str) -> None:
    chain = maps[name].chain
    assert (chain is None) is (name in TRANSITIVE)
    if chain:
        x, y, z = (pc.Distribution({o: Fraction(w, sum(ws)) for o, w in zip(FACE, ws, strict=True)}) for ws in chain)
        relation = RELATIONS[name]
        assert relation(x, y) and relation(y, z) and not relation(x, z)
        assert "not transitive" in words(name)


def test_curves_cross_only_without_transitivity(maps: dict[str, Contours]) -> None:
    assert [name for name, shown in maps.items() if shown.crossing] == ["majority", "cyclic"]
    # φ·B ⟂ (1, 1, 1)/3 for every B: each indifference curve of the cycle passes through the middle.
    middle = (sum(x for x, _ in CORNERS) / 3, sum(y for _, y in CORNERS) / 3)
    for lines in curves(maps["cyclic"]):
        assert min(hypot(p[0] - middle[0], p[1] - middle[1]) for p in finely(lines)) < 1


def finely(lines: Sequence[Sequence[XY]]) -> list[XY]:
    pairs = [(p, q, t / 200) for line in lines for p, q in pairwise(line) for t in range(201)]
    return [(p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])) for p, q, t in pairs]


def test_the_edge_without_risk_is_ordered_unlike_the_inside(maps: dict[str, Contours]) -> None:
    assert [name for name, shown in maps.items() if shown.rim] == ["excess", "worst_case"]
    (edge,) = maps["excess"].rim
    assert edge.fixed and edge.fixed[0] == 0
    better = next((p, q) for stand, p, q in edge.runs if stand == BETTER)
    full = CORNERS[2]
    assert min(hypot(p[0] - full[0], p[1] - full[1]) for p in better) < 8


def test_an_edge_better_than_the_inside_is_shown(maps: dict[str, Contours]) -> None:
    (edge,) = maps["worst_case"].rim  # without floods the worst outcome is half
    ((stand, p, q),) = edge.runs
    assert edge.fixed is None and stand == BETTER
    assert min(hypot(p[0] - x, p[1] - y) for x, y in CORNERS[1:]) < 8 and hypot(p[0] - q[0], p[1] - q[1]) > 390
    assert "better than the inside" in words("worst_case") and len(maps["worst_case"].levels) == 1


def test_curves_of_quotients_and_of_minima_are_indifference_curves() -> None:
    quotient = pc.relation(lambda A, B: A.expect(PAID) / A.expect(WEIGHT) <= B.expect(PAID) / B.expect(WEIGHT))
    lowest = pc.relation(lambda A, B: lowest_worth(A) <= lowest_worth(B))
    for relation in (quotient, lowest):
        shown = contours_of(relation, FACE)
        assert all(set(level.chart.borders) == {SAME} for level in shown.levels) and len(shown.levels) >= 7
    for level, lines in zip((shown := contours_of(quotient, FACE)).levels, curves(shown), strict=True):
        for p in (p for line in lines for p in between(line)):
            assert weighted_mean(p) == pytest.approx(weighted_mean(level.place), abs=0.02)


def test_thick_sets_are_drawn_once_each(maps: dict[str, Contours]) -> None:
    shown = maps["quantile"]
    assert len(shown.levels) == 3 and all(SAME in level.chart.regions for level in shown.levels)
    assert drawn("quantile").count('fill="url(#quantile-thick)"') == 4  # and in the legend
    assert len(maps["indifference"].levels) == 1


def test_what_is_incomparable_is_hatched(maps: dict[str, Contours]) -> None:
    for name, shown in maps.items():
        partial = name in ("pareto", "dominance", "equality")
        assert shown.partial is partial
        assert (f"url(#{name}-incomparable)" in drawn(name)) is partial
    assert "No two of these lotteries are comparable" in words("equality")


def test_the_cone_of_better_lotteries_begins_at_its_reference(maps: dict[str, Contours]) -> None:
    for name in ("pareto", "dominance"):
        level = maps[name].levels[0]
        places = [p for loop in level.chart.regions[BETTER] for p in loop]
        assert min(hypot(p[0] - level.place[0], p[1] - level.place[1]) for p in places) < 1.5


@pytest.mark.parametrize(("name", "value"), [("expected", expectation), ("cvar", worst_half)])
def test_arrows_lead_to_better_lotteries(maps: dict[str, Contours], name: str, value: Callable[[XY], float]) -> None:
    arrows = maps[name].arrows
    assert len(arrows) >= 5
    assert all(value(end) > value(start) for start, end in arrows)


def test_levels_may_be_given() -> None:
    lottery = pc.Distribution({"flood": HALF, "full": HALF})
    shown = contours_of(RELATIONS["expected"], FACE, [lottery])
    assert [level.place for level in shown.levels] == [pytest.approx((162, 222.8))]
    assert expectation(curves(shown)[0][0][0]) == pytest.approx(3.5, abs=0.02)
    assert len(contours_of(RELATIONS["expected"], FACE, 3).levels) == 3


def test_indifference_is_not_claimed_where_it_is_not() -> None:
    square = pc.relation(lambda A, B: A.expect(WATER) * A.expect(WATER) < B.expect(WATER) * B.expect(WATER))
    assert all(set(level.chart.borders) == {BORDER} for level in contours_of(square, FACE).levels)


def test_errors_of_maps_at_the_door() -> None:
    relation = RELATIONS["expected"]
    with pytest.raises(ValueError, match="three different outcomes"):
        indifference_map(relation, ("flood", "flood", "full"))
    with pytest.raises(ValueError, match="1 to 20"):
        indifference_map(relation, FACE, 0)
    with pytest.raises(ValueError, match="at least one lottery"):
        indifference_map(relation, FACE, [])
    with pytest.raises(ValueError, match="over the corners"):
        indifference_map(relation, FACE, [pc.Distribution({"low": 1})])


# -- the violated parallelism ---------------------------------------------------------------------------------------


def away(line: Sequence[XY], others: Sequence[Sequence[XY]]) -> float:
    """The largest distance of the line's ends from the other lines."""
    places = finely(others)
    return max(min(hypot(p[0] - x, p[1] - y) for x, y in places) for p in (line[0], line[-1]))


def test_the_mixed_curve_is_that_of_the_mixture_just_under_independence() -> None:
    points = {
        "A": pc.Distribution.point("half"),
        "B": pc.Distribution({"flood": Fraction(1, 4), "full": Fraction(3, 4)}),
        "C": pc.Distribution.point("half"),
    }
    for name, apart in (("expected", False), ("cvar", True)):
        shown = scene(RELATIONS[name], FACE, points, HALF, "convex")
        assert shown is not None and shown.beside is not None and shown.mixed
        distance = max(away(line, shown.beside.borders[SAME]) for line in shown.mixed)
        assert distance > 20 if apart else distance < 1
        for line in shown.mixed:  # the mixed curve runs through B′
            assert min(hypot(p[0] - shown.places["B′"][0], p[1] - shown.places["B′"][1]) for p in finely([line])) < 1


# -- heat maps ------------------------------------------------------------------------------------------------------


def random_matrix(seed: int, n: int) -> list[list[Fraction]]:
    rng = np.random.default_rng(seed)
    P = [[HALF] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            P[i][j] = Fraction(int(rng.integers(0, 13)), 12)
            P[j][i] = 1 - P[i][j]
    return P


def brute(P: list[list[Fraction]], kind: str) -> dict[tuple[int, int, int], Fraction]:
    found = {}
    for i, j, k in permutations(range(len(P)), 3):
        if P[i][j] >= HALF and P[j][k] >= HALF:
            gap = (HALF if kind == "weak" else max(P[i][j], P[j][k])) - P[i][k]
            if gap > 0:
                found[i, j, k] = gap
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("view", ["preference", "weak", "strong"])
def test_heat_maps_of_probabilities_by_brute_force(seed: int, view: Any) -> None:
    P = random_matrix(seed, 7)
    shown = heat(P, view=view)
    items = shown.order
    score = [sum((P[i][j] > HALF) - (P[i][j] < HALF) for j in range(7)) for i in items]
    assert sorted(items) == list(range(7)) and score == sorted(score, reverse=True)
    violations = {kind: brute(P, kind) for kind in ("weak", "strong")}
    for a, i in enumerate(items):
        for b, k in enumerate(items):
            if a == b:
                assert np.isnan(shown.values[a, b])
            elif view == "preference":
                assert shown.values[a, b] == float(P[i][k])
            else:
                gaps = [gap for (x, _, z), gap in violations[view].items() if (x, z) == (i, k)]
                assert shown.values[a, b] == pytest.approx(float(max(gaps, default=Fraction(0))))
    kind = view if view != "preference" else "weak" if violations["weak"] else "strong"
    assert shown.triple is not None
    i, j, k = (items[x] for x in shown.triple)
    assert violations[kind][i, j, k] == max(violations[kind].values())
    cyclic = {pair for i, j, k in violations["weak"] for pair in ((i, j), (j, k), (k, i))}
    assert {(items[a], items[b]) for a, b in shown.marked} == cyclic


def test_violations_smaller_than_floats_see_are_found() -> None:
    tiny = Fraction(1, 10**40)
    up, down = HALF + tiny, HALF - tiny
    shown = heat([[HALF, up, down], [down, HALF, up], [up, down, HALF]])
    assert shown.triple is not None and len(shown.marked) == 3
    assert heat([[HALF, up, up], [down, HALF, up], [down, down, HALF]]).triple is None


def test_floats_are_judged_as_the_numbers_they_are() -> None:
    # 1/2 + 2^-53 rounds to 1/2, so the next float is the least that wins.
    up = 0.5 + 2.0**-52
    floats = [[0.5, up, 1 - up], [1 - up, 0.5, up], [up, 1 - up, 0.5]]
    for P in (floats, [[Fraction(p) for p in row] for row in floats]):
        shown = heat(P)
        assert shown.triple is not None and len(shown.marked) == 3


def test_a_transitive_matrix_is_said_to_be_so() -> None:
    notes = " ".join(heat([[0.5, 0.6, 0.7], [0.4, 0.5, 0.6], [0.3, 0.4, 0.5]]).notes)
    assert "weak stochastic transitivity holds" in notes and "Strong stochastic transitivity holds" in notes
    assert "Worst" not in notes


def svg_texts(svg: str) -> str:
    return " ".join(text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text"))


def test_a_small_heat_map_has_labels_numbers_and_the_worst_triple_in_words() -> None:
    P = [[0.5, 0.75, 0.25], [0.25, 0.5, 0.625], [0.75, 0.375, 0.5]]
    svg = heatmap(P, ["<tea>", "milk", "a very long name of a drink"])
    text = svg_texts(svg)
    assert "<tea>" in text and "a very long nam…" in text and ".75" in text and ".62" in text
    assert "Worst against weak stochastic transitivity" in text and "only 0.25" in text
    assert svg.count('stroke-dasharray="4 2.5"') == 2  # the cell that fails, and its sample


def cells_of(svg: str) -> np.ndarray[Any, Any]:
    image = ElementTree.fromstring(svg).find(f"{SVG}image")
    assert image is not None
    data = b64decode(image.get("href", "").removeprefix("data:image/png;base64,"))
    return np.rint(plt.imread(BytesIO(data), format="png") * 255).astype(int)


def test_the_picture_of_many_items_has_the_colours_of_their_cells() -> None:
    P = random_matrix(3, 60)
    pixels, shown = cells_of(heatmap(P)), heat(P)
    assert pixels.shape[:2] == (60, 60)
    for i in range(0, 60, 7):
        for j in range(60):
            expected = [int(colour(shown, float(shown.values[i, j]))[k : k + 2], 16) for k in (1, 3, 5)]
            assert np.abs(pixels[i, j, :3] - expected).max() <= 2


@pytest.mark.parametrize("n", [1, 2, 40, 200])
def test_heat_maps_of_every_size_are_small(n: int) -> None:
    rng = np.random.default_rng(n)
    P = np.triu(rng.random((n, n)), 1)
    P = P + np.tril(1 - P.T, -1) + HALF * np.eye(n)
    for view in ("preference", "weak", "strong"):
        svg = heatmap(P.astype(float), [f"item {k}" for k in range(n)], view=view)
        assert len(svg) < 60_000 and ElementTree.fromstring(svg).tag == f"{SVG}svg"


def test_more_items_than_cells_are_averaged() -> None:
    M = np.tri(401, dtype=bool)
    shown = heat(M, order="given")
    assert shown.together == 3 and shown.values.shape == (134, 134)
    assert shown.values[5, 4] == 1 and shown.values[4, 5] == 0 and shown.values[4, 4] == pytest.approx(6 / 9)
    assert "401 items" in svg_texts(heatmap(M))


# -- relations on a menu --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_components_are_ordered_along_the_condensation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    M = rng.random((9, 9)) < 0.2
    shown = heat(M)
    graph = nx.DiGraph([(i, j) for i in range(9) for j in range(9) if M[i, j]])
    components = [frozenset(c) for c in nx.strongly_connected_components(graph)]
    several = {c for c in components if len(c) > 1}
    assert {frozenset(shown.order[a:b]) for a, b, _ in shown.blocks} == several
    inside = {(a, b) for start, stop, _ in shown.blocks for a in range(start, stop) for b in range(start, stop)}
    for a in range(9):
        for b in range(a + 1, 9):
            assert (a, b) in inside or not shown.values[a, b]
    broken = [(i, j, k) for i, j, k in permutations(range(9), 3) if M[i, j] and M[j, k] and not M[i, k]]
    assert (shown.triple is None) is (not broken)
    if shown.triple:
        assert tuple(shown.order[x] for x in shown.triple) in broken


def test_indifference_classes_are_told_from_cycles() -> None:
    values = [3, 1, 2, 2, 0, 1, 1]
    M = [[a <= b for b in values] for a in values]
    shown = heat(M)
    assert [values[i] for i in shown.order] == sorted(values, reverse=True)
    assert shown.blocks == ((1, 3, False), (3, 6, False)) and shown.triple is None
    M[0][4] = True  # the best is no better than the worst
    shown = heat(M, components=[[0, 1, 2, 3, 4, 5, 6]])
    assert shown.blocks == ((0, 7, True),) and shown.triple is not None
    assert "component with a cycle" in svg_texts(heatmap(M))


@pytest.mark.parametrize(
    ("matrix", "arguments", "message"),
    [
        ([[0.5, 0.5]], {}, "square"),
        ([[0.5, 0.9], [0.9, 0.5]], {}, r"P\[i\]\[j\] \+ P\[j\]\[i\] = 1"),
        ([[HALF, HALF + Fraction(1, 10**15)], [HALF, HALF]], {}, "= 1"),
        ([[0.5, 1.5], [-0.5, 0.5]], {}, "probabilities"),
        ([[0.5, float("nan")], [0.5, 0.5]], {}, "probabilities"),
        ([[0, 2], [-1, 0]], {}, "probabilities"),
        ([[0.5]], {"labels": ["a", "b"]}, "labels"),
        ([[0.5]], {"view": "relation"}, "view"),
        ([[True]], {"view": "weak"}, "view"),
        ([[0.5]], {"view": "other"}, "view"),
        ([[0.5]], {"order": "best"}, "order"),
        ([[0.5]], {"components": [[0]]}, "components"),
        ([[True, False], [True, True]], {"components": [[0]]}, "each of the 2 items"),
    ],
)
def test_errors_of_heat_maps_at_the_door(matrix: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        heatmap(matrix, **arguments)


# -- matplotlib -----------------------------------------------------------------------------------------------------


def at(lottery: pc.Distribution) -> tuple[float, float]:
    return float(lottery["half"] + lottery["full"] / 2), float(lottery["full"]) * 3**0.5 / 2


def test_a_figure_has_the_curves_at_their_places() -> None:
    figure, axes = plt.subplots()
    assert figures.triangle(RELATIONS["expected"], FACE, ax=axes) is axes
    blue = [line for line in axes.lines if line.get_color() == "#2171b5"]
    assert len(blue) == 7 and [line.get_label() for line in blue].count("indifference curve") == 1
    for line in blue:  # along a curve E water is 3·half + 7·full, with full = 2y/√3 and half = x - y/√3
        values = [3 * (x - y / 3**0.5) + 14 * y / 3**0.5 for x, y in line.get_xydata()]
        assert np.ptp(values) < 0.02
    assert axes.get_aspect() == 1
    assert {text.get_text() for text in axes.texts} >= set(FACE)
    plt.close(figure)


def test_a_figure_of_a_counterexample_has_its_points() -> None:
    A, B, C = (pc.Distribution(x) for x in ({"half": 1}, {"flood": "1/10", "full": "9/10"}, {"flood": 1}))
    axes = figures.triangle(RELATIONS["chance"], FACE, {"A": A, "B": B, "C": C}, HALF, "consistent")
    drawn = {line.get_gid(): line.get_xydata()[0] for line in axes.lines if line.get_gid()}
    expected = {"A": A, "B": B, "C": C, "A′": pc.mix(HALF, A, C), "B′": pc.mix(HALF, B, C)}
    assert drawn.keys() == expected.keys()
    for label, lottery in expected.items():
        assert drawn[label] == pytest.approx(at(lottery), abs=1e-3)
    segments = [line.get_xydata() for line in axes.lines if line.get_color() == "#111111" and not line.get_gid()]
    for p, q in (("A", "B"), ("A′", "B′")):
        wanted = np.array([at(expected[p]), at(expected[q])])
        assert any(s.shape == (2, 2) and np.allclose(s, wanted, atol=1e-3) for s in segments)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "better than B" in labels and "indifferent to B′" in labels
    plt.close(axes.figure)


def test_figures_fill_regions_and_hatch_what_is_incomparable() -> None:
    axes = figures.triangle(RELATIONS["pareto"], FACE)
    patches = {patch.get_label(): patch for patch in axes.patches}
    assert patches["incomparable"].get_hatch() == "////"
    shown = contours_of(RELATIONS["pareto"], FACE)
    outline = {tuple(np.round(figures.unit(p), 6)) for loop in shown.levels[0].chart.regions[BETTER] for p in loop}
    vertices = patches["better"].get_path().vertices
    assert outline <= {tuple(np.round(v, 6)) for v in vertices}
    assert set(shown.levels[0].chart.regions) == {BETTER, "worse", APART}
    plt.close(axes.figure)


def test_a_figure_of_a_heat_map_shows_its_values_and_outlines() -> None:
    P = random_matrix(1, 6)
    figure, axes = plt.subplots()
    assert figures.heatmap(P, list("abcdef"), ax=axes) is axes
    shown: Heat = heat(P, list("abcdef"))
    assert np.array_equal(np.ma.filled(axes.images[0].get_array(), np.nan), shown.values, equal_nan=True)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(shown.labels)
    assert shown.triple is not None
    i, j, k = shown.triple
    corners = {(patch.get_x() + 0.5, patch.get_y() + 0.5) for patch in axes.patches}
    assert corners == {(j, i), (k, j), (k, i)}  # x is the column
    dots = {(int(y), int(x)) for x, y in axes.collections[0].get_offsets()}
    assert dots == shown.marked
    plt.close(figure)


def test_a_figure_of_a_relation_outlines_its_components() -> None:
    values = [1, 0, 0]
    axes = figures.heatmap([[a <= b for b in values] for a in values])
    (patch,) = axes.patches
    assert patch.get_bbox().bounds == (0.5, 0.5, 2, 2)
    plt.close(axes.figure)


def test_figures_say_what_is_missing_and_load_matplotlib_late() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import prefcore as pc; from prefcore import figures\n"
        "try: figures.triangle(pc.equality(), 'abc')\n"
        "except ImportError as error: assert 'prefcore[plot]' in str(error), error\n"
        "else: raise SystemExit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lotteries_with_a_fourth_outcome_are_refused() -> None:
    with pytest.raises(ValueError, match="over the corners"):
        figures.triangle(RELATIONS["expected"], FACE, {"A": pc.Distribution.point("low")})


# -- in a notebook --------------------------------------------------------------------------------------------------


def test_the_style_of_a_report_touches_nothing_else_on_the_page() -> None:
    style = re.sub(r"@media print\{(.*?\})\}", r"\1", page.STYLE, flags=re.DOTALL)
    selectors = [
        s.strip() for part in re.findall(r"([^{}]+)\{[^{}]*\}", style) for s in re.split(r",(?![^(]*\))", part)
    ]
    assert len(selectors) > 30
    assert all(re.match(r"\.prefcore\b", s) for s in selectors), selectors
