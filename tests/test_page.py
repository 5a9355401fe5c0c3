"""The page of a report, and the Machina triangles in it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread

import prefcore as pc
from prefcore import page
from prefcore.claims import BlackBox
from prefcore.pictures.corners import map_corners
from prefcore.report import STATEMENTS, Report
from prefcore.triangle import choose_corners, machina_triangle

HALF = Fraction(1, 2)
OUTCOMES = ["flood", "low", "half", "full"]
WATER = {"flood": 0, "low": 1, "half": 3, "full": 7}
CHANCE = pc.chance_constraint({"flood"}, Fraction(1, 10), WATER)
FACE = ("flood", "half", "full")
NASTY = '<b>&"x'
VOID = {"meta", "br", "hr", "img", "link", "input"}


def report_of(relation: pc.Relation[Any], outcomes: Sequence[Any], *axioms: str) -> Report:
    return pc.check(relation, outcomes, axioms=axioms or None, budget=20)


def pictures(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def texts(svg: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in svg.iter("text")]


class Tags(HTMLParser):
    """Checks that every tag is closed in its order, and gathers what a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.opened: list[str] = []
        self.seen = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.opened.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.seen += data


# -- the page -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chance() -> Report:
    return report_of(CHANCE, OUTCOMES)


def test_the_document_is_one_closed_page_without_network(chance: Report) -> None:
    html = page.document(chance)
    tags = Tags(html)
    assert tags.open == []
    assert [tags.opened.count(tag) for tag in ("html", "head", "body", "table")] == [1, 1, 1, 1]
    assert not {"script", "link", "iframe", "img"} & set(tags.opened)
    for word in ("http", "@import", "<script"):
        assert word not in html
    # The only url() is that of a pattern in the same page.
    assert all(f'id="{name}"' in html for name in re.findall(r"url\(#([^)]*)\)", html))
    assert html.count("url(") == html.count("url(#")


def test_every_axiom_has_its_row(chance: Report) -> None:
    seen = Tags(page.document(chance)).seen
    for axiom, verdict in chance.items():
        assert axiom in seen and STATEMENTS[axiom] in seen
        assert type(verdict).__name__.lower() in seen
    for consequence in chance.consequences:
        assert consequence.statement in seen and consequence.theorem in seen


def test_the_chance_constraint_is_drawn_with_its_counterexample() -> None:
    html = page.document(report_of(CHANCE, ["flood", "half", "full"], "consistent"))
    svg, whole = pictures(html)
    assert "better than B" in texts(svg) and "indifference curve" in texts(whole)
    assert {"A", "B", "C", "A′", "B′"} <= {label for text in texts(svg) for label in text.split(", ")}
    assert {"flood", "half", "full"} <= set(texts(svg))


def test_pictures_are_xml_and_their_ids_differ(chance: Report) -> None:
    svgs = pictures(page.document(chance))
    ids = [element.get("id") for svg in svgs for element in svg.iter() if element.get("id")]
    assert svgs and len(ids) == len(set(ids))


def test_labels_are_escaped_everywhere() -> None:
    payoff = {NASTY: 0, "half": 3, "full\x00": 7}
    relation = replace(pc.chance_constraint({NASTY}, Fraction(1, 10), payoff), name=NASTY)
    report = report_of(relation, list(payoff)).with_section(NASTY, f"{NASTY}\n  laid out").titled(NASTY)
    html = page.document(report)
    tags = Tags(html)
    assert tags.open == [] and "b" not in tags.opened
    assert NASTY not in html and "\x00" not in html
    assert NASTY in tags.seen
    assert pictures(html)


def test_sections_follow_with_their_pictures() -> None:
    svg = "<?xml version='1.0'?><!DOCTYPE svg><svg width='9'><circle r='4'/></svg>"
    report = report_of(pc.indifference(), OUTCOMES, "total").with_section("The policy", "hold\nrelease", svg)
    html = page.fragment(report.with_section("A table", "a  b\n1  2"))
    assert "The policy" in html and "<p>release</p>" in html and "<pre>a  b\n1  2</pre>" in html
    assert "<svg width='9'>" in html and "<?xml" not in html


def test_unknown_says_why_once() -> None:
    unknown = pc.Unknown(None, "the time is used up", "raise budget=", 1.5)
    report = Report(pc.equality(), ("a", "b"), None, {"total": unknown, "convex": unknown})
    seen = Tags(page.document(report)).seen
    assert seen.count("the time is used up") == 1 and "as for total" in seen and "unknown" in seen


def opaque(A: Any, B: Any) -> bool:
    return float(A.expect(WATER)) * float(A["flood"]) <= float(B.expect(WATER)) * float(B["flood"])


def test_a_black_box_is_shown_and_drawn() -> None:
    report = report_of(pc.relation(opaque), OUTCOMES)
    html = page.document(report)
    assert "could not be traced" in html and pictures(html)


def test_a_black_box_that_raises_leaves_the_rest_of_the_page() -> None:
    def fragile(A: Any, B: Any) -> bool:
        if len(A) > 2:
            raise ZeroDivisionError("<here>")
        return float(A["flood"]) <= float(B["flood"])

    first = report_of(pc.relation(opaque), OUTCOMES, "consistent")
    broken = pc.relation(fragile)
    evidence = pc.Counterexample(*(pc.Distribution.point(o) for o in ("flood", "low", "half")))
    verdict = pc.Refuted(first["consistent"].claim, evidence)
    assert isinstance(first.traced, BlackBox)
    box = replace(first.traced, function=fragile)
    html = page.document(Report(broken, tuple(OUTCOMES), box, {"transitive": verdict}))
    assert "the relation raised ZeroDivisionError: &lt;here&gt;" in html


@pytest.mark.parametrize("count", [1, 2])
def test_few_outcomes_render_without_a_picture(count: int) -> None:
    html = page.document(report_of(pc.quantile(WATER, HALF), OUTCOMES[:count]))
    assert Tags(html).open == [] and not pictures(html)
    assert f"{count} outcome" in html


def test_many_outcomes_are_shortened() -> None:
    names = [f"state{i}" for i in range(100)]
    html = page.document(report_of(pc.indifference(), names, "total"))
    assert "100 outcomes" in html and "state99" in html and "state50" not in html


def test_drawing_loads_no_finder() -> None:
    code = "import sys, prefcore.page; print(sorted({'z3', 'scipy', 'matplotlib', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


# -- what each kind of evidence looks like -----------------------------------------------------------------------


def point(outcome: str) -> pc.Distribution:
    return pc.Distribution.point(outcome)


def labels_of(svg: ElementTree.Element) -> set[str]:
    return {label for text in texts(svg) for label in text.split(", ")}


def seen_in(html: str) -> str:
    tags = Tags(html)
    assert tags.open == []
    return " ".join(tags.seen.split())


ROCK = pc.skew_symmetric(lambda x, y: (0, 1, -1)[("low", "half", "full").index(x) - ("low", "half", "full").index(y)])


def test_a_cycle_is_listed_and_drawn_from_its_first_lottery() -> None:
    report = pc.check(ROCK, OUTCOMES[1:], ["acyclic"])
    assert isinstance(report["acyclic"].evidence, pc.Cycle)  # type: ignore[union-attr]
    html = page.document(report)
    svg, _ = pictures(html)
    assert {"A₁", "A₂", "A₃"} <= labels_of(svg) and "better than A₁" in texts(svg)
    assert "A₁, A₂, A₃ is worse than the next" in seen_in(html) and "by a cycle" in seen_in(html)


def test_betweenness_is_drawn_with_its_mixture() -> None:
    html = page.document(report_of(pc.cvar(WATER, HALF), OUTCOMES, "betweenness"))
    svg, _ = pictures(html)
    assert {"A", "B", "M"} <= labels_of(svg)
    assert "M = αA+(1-α)B" in seen_in(html)


def test_a_jump_is_seen_from_the_lottery_that_does_not_move() -> None:
    html = page.document(report_of(CHANCE, OUTCOMES, "continuous"))
    svg, _ = pictures(html)
    assert {"A", "limit B", "C"} <= labels_of(svg) and "better than A" in texts(svg)


def test_dominance_is_told_and_drawn_once_for_the_same_lotteries() -> None:
    worse = pc.expected_reward({o: -x for o, x in WATER.items()})
    report = pc.check(worse, OUTCOMES, ["monotone", "risk_averse"], value=WATER)
    html = page.document(report)
    assert "B dominates A to first order, yet it is not as good." in seen_in(html)
    same = report["monotone"].evidence == report["risk_averse"].evidence  # type: ignore[union-attr]
    assert len(pictures(html)) == (2 if same else 3)


def test_negative_transitivity_has_no_arrow_through_b() -> None:
    html = page.document(
        report_of(pc.pareto(WATER, {"low": 5, "half": 2, "full": 1}), OUTCOMES[1:], "negatively_transitive")
    )
    assert "C is better than A (dashed)" in seen_in(html)
    assert isinstance(pictures(html)[0], ElementTree.Element)


def test_the_dashed_curve_is_explained_where_there_is_one() -> None:
    with_curve = page.document(report_of(CHANCE, FACE, "consistent"))
    assert 'stroke-dasharray="7 4"' in with_curve and "The dashed blue curve" in with_curve
    without = page.document(report_of(pc.expected_reward(WATER), OUTCOMES, "interpolation_open"))
    assert 'stroke-dasharray="7 4"' not in without and "The dashed blue curve" not in without


# -- the three domains ----------------------------------------------------------------------------------------------


def test_a_menu_is_numbered_and_drawn_as_a_matrix() -> None:
    menu = [*map(point, OUTCOMES[1:]), pc.Distribution({"low": HALF, "full": HALF})]
    report = pc.check(ROCK, menu=menu)
    html = page.document(report)
    seen = seen_in(html)
    assert "on a menu of 4 lotteries over 3 outcomes" in seen and "(number 1)" in seen
    heat = next(svg for svg in pictures(html) if "row ≼ column" in texts(svg))
    assert "Indifference sets" not in seen
    image = next(heat.iter("image")).get("href", "").removeprefix("data:image/png;base64,")
    cells = imread(BytesIO(b64decode(image)))
    assert cells.shape[:2] == (4, 4)
    assert (cells[:, :, 0] < 0.5).sum() == sum(ROCK(A, B) for A in menu for B in menu)


def test_a_long_menu_is_not_drawn() -> None:
    menu = [pc.Distribution({"low": Fraction(k, 300), "full": Fraction(300 - k, 300)}) for k in range(201)]
    seen = seen_in(page.document(pc.check(pc.expected_reward(WATER), menu=menu, axioms=["total"])))
    assert "No picture: the relation of 201 lotteries" in seen and "… and 189 more." in seen


def test_the_policies_of_a_counterexample_are_named_where_they_differ() -> None:
    process = pc.DirectPreferenceProcess(
        observations=("start", "flood", "half", "full"),
        actions=("hold", "release"),
        horizon=1,
        environment=lambda history, action: {"full": HALF, "flood": HALF} if action == "hold" else {"half": 1},
        preference=CHANCE,
        initial={"start": 1},
        outcome=lambda trajectory: trajectory[-1],
    )
    report = pc.check(CHANCE, process=process, axioms=["convex"])
    assert isinstance(report["convex"], pc.Refuted)
    html = page.document(report)
    seen = seen_in(html)
    assert "on what policies achieve in a process of 1 decision history" in seen
    assert "this is where they act differently" in seen and "start" in seen
    (rows,) = re.findall(r"<tbody>(<tr><th scope=\"row\"><code>start.*?)</tbody>", html)
    cells = re.findall(r"<td>(.*?)</td>", rows)
    evidence = report["convex"].evidence
    for cell, lottery in zip(cells, (evidence.A, evidence.B, evidence.C), strict=True):  # type: ignore[union-attr]
        released = lottery["half"]
        assert ("hold" in cell) is (released < 1) and ("release" in cell) is (released > 0)


def test_ids_of_different_reports_differ_in_a_notebook() -> None:
    reports = [
        report_of(CHANCE, OUTCOMES, "consistent"),
        report_of(pc.cvar(WATER, HALF), OUTCOMES, "consistent"),
        report_of(CHANCE, OUTCOMES[:1] + OUTCOMES[2:], "consistent"),
        pc.check(ROCK, menu=[*map(point, OUTCOMES[1:])]),
    ]
    pairs = [pc.check_pairwise([["1/2", p], [q, "1/2"]])._repr_html_() for p, q in (("1/3", "2/3"), ("1/4", "3/4"))]
    ids = [
        {element.get("id") for svg in pictures(html) for element in svg.iter() if element.get("id")}
        for html in [*(report._repr_html_() for report in reports), *pairs]
    ]
    assert all(ids) and sum(map(len, ids)) == len(set().union(*ids))
    assert reports[0]._repr_html_() == replace(reports[0])._repr_html_()  # ids are of what is told, not of the object


def test_a_matrix_is_drawn_up_to_a_size() -> None:
    thirds = [["1/2", "2/3", "1/3"], ["1/3", "1/2", "2/3"], ["2/3", "1/3", "1/2"]]
    html = pc.check_pairwise(thirds, ["tea", NASTY, "rum"])._repr_html_()
    (svg,) = pictures(html)
    assert {"tea", NASTY} <= set(texts(svg)) and NASTY not in html
    assert seen_in(html).startswith(seen_in(f"<style>{page.STYLE}</style>"))
    large = pc.check_pairwise([[HALF] * 201] * 201, axioms=["weak_stochastic_transitivity"])._repr_html_()
    assert not pictures(large) and "up to 200 are drawn" in large


def test_the_map_takes_outcomes_between_which_something_happens() -> None:
    """Of a hundred outcomes all but three are alike: a map of others is blank."""
    payoff = dict.fromkeys(range(98), 0) | {98: 1, 99: 2}
    corners = map_corners(pc.expected_reward(payoff), range(100))
    assert corners is not None and corners[-1] == 99
    assert map_corners(CHANCE, OUTCOMES[:2]) is None
    assert map_corners(CHANCE, OUTCOMES) in {
        ("flood", "half", "full"),
        ("flood", "low", "full"),
        ("flood", "low", "half"),
    }


def test_printing_draws_nothing() -> None:
    code = (
        "import sys, prefcore as pc\n"
        "print(pc.check(pc.equality(), list('abc'), ['total']))\n"
        "assert not {'prefcore.page', 'prefcore.triangle', 'prefcore.heatmap'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# -- the triangle ---------------------------------------------------------------------------------------------------

A, B, C = (pc.Distribution(x) for x in ({"half": 1}, {"flood": "1/10", "full": "9/10"}, {"flood": 1}))


def fills(svg: str) -> str:
    return " ".join(element.get("fill", "") for element in ElementTree.fromstring(svg) if element.tag == "path")


def test_regions_of_expected_reward_meet_at_the_line_through_the_reference() -> None:
    # On the face flood, half, full, E water = 3 meets the edge flood-full at 3/7 full: x = 62 + 200·3/7.
    svg = machina_triangle(pc.expected_reward(WATER), FACE, {"B": pc.Distribution.point("half")})
    outline = next(e for e in ElementTree.fromstring(svg) if e.tag == "path" and e.get("fill") == "#b3d3ee")
    places = [tuple(map(float, p.split())) for p in re.findall(r"[\d.]+ [\d.]+", outline.get("d", ""))]
    assert len(places) == 3
    left = min(places)
    assert left == pytest.approx((62 + 200 * 3 / 7, 396 - 346.4 * 3 / 7), abs=0.6)


def test_an_indifference_region_is_filled_and_incomparable_lotteries_are_hatched() -> None:
    assert "machina-indifferent" in fills(machina_triangle(pc.quantile(WATER, HALF), FACE, {"B": C}))
    middle = pc.Distribution({o: Fraction(1, 3) for o in FACE})
    assert "machina-incomparable" in fills(machina_triangle(pc.stochastic_dominance(WATER), FACE, {"B": middle}))


def test_a_jump_is_told_from_an_indifference_curve() -> None:
    low = {"B": pc.Distribution({"flood": HALF, "half": HALF})}
    exact, jump = "indifferent to B", "nothing between is indifferent"
    lexicographic = pc.lexicographic(pc.minimize(pc.prob({"flood"})), pc.maximize(pc.expect(WATER)))
    assert exact in machina_triangle(pc.expected_reward(WATER), FACE, low)
    assert exact in machina_triangle(pc.cvar(WATER, Fraction(3, 4)), FACE, low)
    assert jump not in machina_triangle(pc.expected_reward(WATER), FACE, low)
    assert jump in machina_triangle(lexicographic, FACE, low)
    assert exact not in machina_triangle(lexicographic, FACE, low)


def test_the_rim_appears_where_an_edge_differs_from_the_inside() -> None:
    low = {"B": pc.Distribution.point("half")}
    assert "the rim" in machina_triangle(pc.excess_risk({"flood": 20}, WATER), FACE, low)
    assert "the rim" not in machina_triangle(pc.expected_reward(WATER), FACE, low)


def test_points_that_coincide_share_a_label() -> None:
    svg = ElementTree.fromstring(machina_triangle(CHANCE, FACE, {"A": A, "B": C, "C": C}, HALF, "convex"))
    assert "B, C, B′" in texts(svg)


def test_no_picture_without_three_outcomes_and_errors_at_the_door() -> None:
    four = pc.Distribution({o: Fraction(1, 4) for o in OUTCOMES})
    assert machina_triangle(CHANCE, FACE, {"A": four}) == ""
    assert choose_corners(CHANCE, OUTCOMES, [four]) is None
    assert choose_corners(CHANCE, OUTCOMES[:2], [C]) is None
    with pytest.raises(ValueError, match="three different outcomes"):
        machina_triangle(CHANCE, ("low", "low", "full"), {"A": A})
    with pytest.raises(ValueError, match="at least one lottery"):
        machina_triangle(CHANCE, FACE, {})


def test_corners_go_from_worst_to_best_and_are_filled_up() -> None:
    assert choose_corners(CHANCE, OUTCOMES, [A, B, C]) == FACE
    filled = choose_corners(CHANCE, OUTCOMES, [A])
    assert filled is not None and "half" in filled and len(set(filled)) == 3


def test_a_picture_takes_less_than_half_a_second() -> None:
    start = time.process_time()
    machina_triangle(CHANCE, FACE, {"A": A, "B": B, "C": C}, HALF, "consistent")
    assert time.process_time() - start < 0.5


def inside(p: tuple[float, float], loops: list[list[tuple[float, float]]]) -> bool:
    """Even-odd rule."""
    crossed = 0
    for loop in loops:
        for (x1, y1), (x2, y2) in zip(loop, loop[1:] + loop[:1], strict=True):
            if (y1 > p[1]) != (y2 > p[1]) and p[0] < x1 + (p[1] - y1) / (y2 - y1) * (x2 - x1):
                crossed += 1
    return crossed % 2 == 1


COLOURS = {
    "#b3d3ee": "≻",
    "#fdead0": "≺",
    "url(#machina-indifferent)": "~",
    "url(#machina-incomparable)": "incomparable",
}


@pytest.mark.parametrize(
    "relation",
    [
        CHANCE,
        pc.quantile(WATER, HALF),
        pc.cvar(WATER, HALF),
        pc.stochastic_dominance(WATER),
        pc.majority(WATER, {"flood": 2, "half": 9, "full": 4}, {"flood": 0, "half": 2, "full": 1}),
        pc.skew_symmetric(lambda x, y: (WATER[x] - WATER[y]) ** 3),
    ],
    ids=lambda relation: relation.name,
)
def test_colours_agree_with_the_relation(relation: pc.Relation[Any]) -> None:
    """An oracle: the relation, asked directly at lotteries whose neighbours all stand alike to the reference."""
    reference = pc.Distribution({"flood": Fraction(1, 5), "half": Fraction(1, 5), "full": Fraction(3, 5)})
    svg = ElementTree.fromstring(machina_triangle(relation, FACE, {"B": reference}))
    regions: dict[str, list[list[tuple[float, float]]]] = {}
    for path in svg.findall("path"):
        if path.get("fill") in COLOURS:
            loops = [re.findall(r"([\d.]+) ([\d.]+)", part) for part in path.get("d", "").split("Z")]
            regions[COLOURS[path.get("fill", "")]] = [[(float(x), float(y)) for x, y in loop] for loop in loops if loop]
    asked = 0
    for i in range(1, 19):
        for j in range(1, 19 - i):
            near = [(i + di, j + dj) for di, dj in ((0, 0), (0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1), (0.1, -0.1))]
            stands = set()
            for a, b in near:
                x, y = Fraction(a).limit_denominator(10) / 19, Fraction(b).limit_denominator(10) / 19
                stands.add(pc.compare(relation, pc.Distribution(zip(FACE, (x, y, 1 - x - y), strict=True)), reference))
            if len(stands) == 1:
                place = (62 + 400 * j / 19 + 200 * (19 - i - j) / 19, 396 - 346.4 * (19 - i - j) / 19)
                assert [stand for stand, loops in regions.items() if inside(place, loops)] == list(stands)
                asked += 1
    assert asked > 90


# -- the documentation ----------------------------------------------------------------------------------------------


def test_the_notebook_page_runs() -> None:
    text = (Path(__file__).parent.parent / "docs" / "notebook.md").read_text(encoding="utf-8")
    scope: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, scope)
    ElementTree.fromstring(scope["svg"])
    assert "A′" in {label.get_text() for label in scope["axes"].texts}
