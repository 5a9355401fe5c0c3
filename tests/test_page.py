"""The page of a report, and the Machina triangles in it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

import prefcore as pc
from prefcore import page
from prefcore.report import STATEMENTS, Report
from prefcore.triangle import choose_corners, machina_triangle

HALF = Fraction(1, 2)
OUTCOMES = ["flood", "low", "half", "full"]
WATER = {"flood": 0, "low": 1, "half": 3, "full": 7}
CHANCE = pc.chance_constraint({"flood"}, Fraction(1, 10), WATER)
NASTY = '<b>&"x'
VOID = {"meta", "br", "hr", "img", "link", "input"}


def report_of(relation: pc.Relation[Any], outcomes: list[Any], *axioms: str) -> Report:
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
    (svg,) = pictures(html)
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
    box = replace(first.traced, function=fragile)  # type: ignore[arg-type, type-var]
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


# -- the triangle ---------------------------------------------------------------------------------------------------

FACE = ("flood", "half", "full")
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
