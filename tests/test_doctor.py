"""The data-set doctor: the advice on data of known make, the report, the page and the command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import combinations, permutations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from preference_data import drawn, scores_matrix

from prefcore.verdicts import Refuted
from solvers.__main__ import main
from solvers.rewards.data_sets.advice import DPO, MORE, NASH, REWARD, SEVERAL
from solvers.rewards.data_sets.doctor import diagnose, pooled
from solvers.rewards.data_sets.reading import count
from solvers.rewards.data_sets.tally import Judgement, MalformedRecord

# -- the advice -----------------------------------------------------------------------------------------------------


def texts(folder: Path, prompts: int, responses: int, generator: np.random.Generator) -> Path:
    lines = []
    for k in range(prompts):
        for a, b in combinations(range(responses), 2):
            long, short = f"answer {a} " * (responses - a), f"answer {b} " * (responses - b)
            pair = (long, short) if generator.random() < 0.75 else (short, long)
            lines.append(json.dumps({"prompt": f"p{k}", "chosen": pair[0], "rejected": pair[1]}))
    path = folder / "texts.jsonl"
    path.write_text("\n".join(lines))
    return path


def cases(folder: Path) -> Iterable[tuple[str, Any, str, bool, str]]:
    generator = np.random.default_rng(11)
    fine = scores_matrix(np.linspace(1.5, -1.5, 6))
    ring = np.array([[0, 0.9, 0.1], [0.1, 0, 0.9], [0.9, 0.1, 0]])
    bent = scores_matrix(np.array([0.6, 0.2, -0.2, -0.6]))
    bent[0, 1], bent[1, 0] = bent[0, 1] + 0.03, bent[1, 0] - 0.03
    yield "scores", drawn(fine, 6000, generator), REWARD, False, "fits the pooled answers"
    yield "cycle", drawn(ring, 2000, generator), NASH, False, "run in a circle, beyond chance"
    tastes = [r for k in range(24) for r in drawn(fine if k % 2 else fine.T, 100, generator, judge=k)]
    yield "tastes", tastes, SEVERAL, False, "judges differ"
    yield "apart", [*drawn(fine, 200, generator), ("x", "y"), ("y", "x")] * 10, MORE, False, "2 parts"
    yield "thin", drawn(scores_matrix(np.zeros(20)), 100, generator), MORE, False, "100 answers are few for 19 scores"
    yield (
        "separable",
        [*drawn(fine, 300, generator), *[("top", f"i{k}") for k in range(6)] * 3],
        MORE,
        False,
        "never lost",
    )
    yield "two items", [("a", "b"), ("a", "b"), ("b", "a")] * 30, REWARD, True, "no circle of pairs"
    yield "texts", texts(folder, 150, 2, generator), DPO, True, "cannot be tested"
    tiny = [(f"i{i}", f"i{j}", int(1e5 * bent[i, j])) for i, j in permutations(range(4), 2)]
    yield (
        "tiny",
        [Judgement(a, b, weight=n) for a, b, n in tiny for _ in range(3)],
        REWARD,
        False,
        "significant .* but tiny",
    )


def test_the_advice_fits_data_of_known_make(tmp_path: Path) -> None:
    for name, records, method, tentative, reason in cases(tmp_path):
        advice = diagnose(records).recommendation
        assert (advice.method, advice.tentative) == (method, tentative), (name, str(advice))
        assert re.search(reason, advice.reason), (name, advice.reason)


def test_length_is_cautioned_against(tmp_path: Path) -> None:
    report = diagnose(texts(tmp_path, 200, 3, np.random.default_rng(0)))
    assert any("longer text was preferred" in caution for caution in report.recommendation.cautions)
    assert report.misfit is None and "600 answers for 400 scores" in report.recommendation.reason
    assert "within prompts only: 200 parts" in str(report)


def test_texts_whose_prompts_were_answered_often_are_tested(tmp_path: Path) -> None:
    path = texts(tmp_path, 10, 3, np.random.default_rng(0))
    path.write_text("\n".join([path.read_text()] * 15))
    report = diagnose(path)
    assert report.misfit is not None and report.misfit.degrees_of_freedom <= 10  # one circle a prompt at most
    assert report.misfit.answers == 450 and report.connectivity.components == 10


# -- the report -----------------------------------------------------------------------------------------------------


def everything() -> list[Judgement]:
    """Data with every part of the report."""
    generator = np.random.default_rng(8)
    P = scores_matrix(np.array([1.0, 0.4, 0, -0.9]))
    found = []
    for k, record in enumerate(drawn(P, 2000, generator, ties=0.1)):
        first = record.winner if generator.random() < 0.6 else record.loser
        judge, context = f"j{k % 25}", f"c{k % 3}"
        lengths = int(generator.integers(1, 90)), int(generator.integers(1, 50))
        found.append(Judgement(record.winner, record.loser, record.tie, judge, context, 1, first, *lengths))
    return found


def test_the_figures_that_are_printed_are_those_of_the_data() -> None:
    records = everything()
    report = diagnose(records)
    said, c = str(report), report.coverage
    assert (c.items, c.pairs, c.possible, c.comparisons, c.judges, c.contexts) == (4, 6, 6, 2000, 25, 3)
    assert c.ties == sum(r.tie for r in records) and f"{c.ties} ties" in said
    per_pair = [sum({r.winner, r.loser} == {f"i{a}", f"i{b}"} for r in records) for a, b in combinations(range(4), 2)]
    assert (c.fewest, c.median, c.most) == (min(per_pair), float(np.median(per_pair)), max(per_pair))
    assert report.position is not None and report.position.first.total == 2000 - c.ties
    assert report.position.first.count == sum(r.first == r.winner for r in records if not r.tie)
    assert {test.kind for test in report.transitivity} == {"weak", "moderate", "strong"}
    assert report.winner is not None and report.hodge is not None and report.held_out is not None
    assert [score.item for score in report.scores] == ["i0", "i1", "i2", "i3"]
    own = report.cycles.own
    assert own is not None and own.kind == "rounds" and f"{own.cyclic} of {own.groups} rounds" in said
    for heading in ("Recommendation", "coverage", "position", "length", "one reward", "held-out", "von Neumann"):
        assert heading in said
    assert max(map(len, said.splitlines())) <= 120


def test_the_observed_shares_are_checked_exactly() -> None:
    report = diagnose([("a", "b")] * 2 + [("b", "a")] + [("b", "c")] * 2 + [("c", "b"), ("c", "a")])
    assert report.frequencies is not None
    assert isinstance(report.frequencies["weak_stochastic_transitivity"], Refuted)
    assert report.cycles.majority and set(report.cycles.majority) == {"a", "b", "c"}


def test_only_ties_are_called_so(tmp_path: Path) -> None:
    report = diagnose([Judgement("A", "B", tie=True), Judgement("B", "C", tie=True)] * 50)
    said, advice = str(report), report.recommendation
    assert (advice.method, advice.cautions) == (MORE, ()) and "every answer is a tie" in advice.reason
    assert "scores exist" not in said and "by ties alone" in said and "all items are as good" in said
    assert [score.winner for score in report.scores] == pytest.approx([1 / 3] * 3)
    page = report.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<svg" not in page and "every pair that was compared is even" in page
    assert "squared norm" not in page and "<h2>Scores" not in page
    line = tmp_path / "one.jsonl"
    line.write_text('{"chosen": "a", "rejected": "b", "tie": 1}\n')
    assert diagnose(line).recommendation.method == MORE
    line.write_text('{"chosen": "a", "rejected": "b"}\n')
    assert "1 answer about texts, and at least 100" in diagnose(line).recommendation.reason
    assert "No pictures" in diagnose(texts(tmp_path, 60, 2, np.random.default_rng(0)))._repr_html_()


def test_two_items_have_nothing_that_runs_in_circles() -> None:
    report = diagnose([("a", "b")] * 40 + [("b", "a")] * 20)
    assert "runs in circles" not in report._repr_html_() and report._repr_html_().count("<svg") == 2


def test_answers_that_all_agree_have_no_cyclic_part_and_are_not_few() -> None:
    report = diagnose([("a", "b"), ("b", "c"), ("a", "c")] * 200)
    assert "cannot be told: 3 of 3 pairs went one way only" in str(report)
    assert "answers a pair are few" not in str(report) and "nearly one-sided" in str(report)


def test_a_large_cyclic_part_without_a_cycle_is_called_strength() -> None:
    P = np.full((5, 5), 0.6)
    P[np.arange(4), np.arange(1, 5)] = 0.95
    P = np.triu(P, 1) + np.tril(1 - P.T, -1)
    report = diagnose(drawn(P, 4000, np.random.default_rng(0)))
    assert report.hodge is not None and report.hodge.cyclic_share > 0.5
    assert "it is misfit of strength" in str(report) and report.recommendation.method == REWARD
    assert report.transitivity[1].draws == 49 and "moderate rejected, p ≤ 0.02 (49 draws)" in str(report)


def test_a_majority_cycle_is_not_left_without_comment() -> None:
    items = scores_matrix(np.linspace(1, -1, 60))
    said = str(diagnose(drawn(items, 4000, np.random.default_rng(0))))
    assert "majority cycle  most prefer" in said and "chance makes such cycles" in said
    ring = np.array([[0, 0.9, 0.1], [0.1, 0, 0.9], [0.9, 0.1, 0]])
    assert re.search("; beyond\\s+chance", str(diagnose(drawn(ring, 500, np.random.default_rng(0)))))


def test_what_is_one_is_written_so() -> None:
    said = str(diagnose([Judgement("a", "b", judge="x", context="y")]))
    assert "1 comparison of 2 items, 1 judge, 1 context" in said and "1 answer is few for a score" in said
    assert "1 of 1 pair was compared" in said


def test_the_same_data_give_the_same_report_and_weights_are_repetitions() -> None:
    records = drawn(scores_matrix(np.array([1.0, 0, -1])), 300, np.random.default_rng(0))
    assert str(diagnose(records)) == str(diagnose(iter(records)))
    twice = [Judgement(r.winner, r.loser, weight=2) for r in records]
    one, other = diagnose([*records, *records]), diagnose(twice)
    assert one.misfit is not None and other.misfit is not None
    assert one.misfit.nats == pytest.approx(other.misfit.nats) and one.scores[0].score == other.scores[0].score
    assert other.coverage.comparisons == 300 and other.coverage.weight == 600
    assert pooled(count(records).answers(), 3).totals.sum() == 300


ODD: dict[str, list[Any]] = {
    "one comparison": [("a", "b")],
    "all ties": [Judgement("a", "b", tie=True)] * 5,
    "a judge with one answer": [Judgement("a", "b", judge="x")],
    "a judge that contradicts itself": [Judgement("a", "b", judge="x"), Judgement("b", "a", judge="x")],
    "fractional weights": [Judgement(a, b, weight=0.3) for a, b in permutations("abc", 2)],
    "unicode and numbers": [("日本", 3), (3, "é\n<b>"), ("é\n<b>", "日本")],
    "one way": [("a", "b"), ("b", "c"), ("a", "c")] * 20,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_data_get_a_report_a_page_and_json(tmp_path: Path, name: str) -> None:
    report = diagnose(ODD[name])
    assert "Recommendation" in str(report)
    assert json.loads(json.dumps(report.data(), allow_nan=False))["coverage"]["comparisons"] == len(ODD[name])
    page = report.save(tmp_path / "page.html").read_text(encoding="utf-8")
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg)
    if name == "a judge that contradicts itself":
        assert report.cycles.own is not None and report.cycles.own.contradictions == 1


def test_names_that_are_almost_alike_are_pointed_out() -> None:
    notes = diagnose([("model", "Model "), ("Model ", "other")]).notes
    assert any("'model' and 'Model ' are almost the same name" in note for note in notes)


def test_nothing_to_diagnose_and_arguments_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no comparison"):
        diagnose([])
    with pytest.raises(ValueError, match="1 records are malformed; 'a' is compared with itself"):
        diagnose([("a", "a")], malformed="report")
    with pytest.raises(MalformedRecord):
        diagnose([("a", "a")])
    wrong: Any = "ignore"
    with pytest.raises(ValueError, match="malformed must be"):
        diagnose([("a", "b")], malformed=wrong)
    with pytest.raises(TypeError, match="progress must be"):
        diagnose([("a", "b")], progress=wrong)
    seed: Any = 3
    with pytest.raises(TypeError, match=r"numpy\.random\.Generator"):
        diagnose([("a", "b")], generator=seed)


def test_names_reach_no_terminal_raw() -> None:
    names = "\x1b[31mred", "\u202egnp.exe", "a", "a ", "zwj \u200d"
    said = str(diagnose([*combinations(names, 2)] * 3 + [*combinations(names[::-1], 2)]))
    assert not set("\x1b\u202e\x85") & set(said) and "\\x1b[31mred" in said and "'a '" in said and "zwj \u200d" in said


def test_the_page_escapes_names_and_needs_nothing_else(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    records = [(bad, "b"), ("b", "c"), ("c", bad), ("a&b", "c"), ("c", "a&b")] * 30 + [("b", "b")]
    page = diagnose(records, malformed="report").save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page and "a&amp;b" in page
    assert page.count("<svg") == 4 and "Malformed records: 1" in page
    assert not re.search(r'(?:src|href)="(?!data:)|url\((?!#)|@import', page)
    assert page.index('class="advice') < page.index("<table") < page.index("<svg")


def test_many_items_are_drawn_in_part(tmp_path: Path) -> None:
    records = drawn(scores_matrix(np.linspace(2, -2, 70)), 3000, np.random.default_rng(0))
    page = diagnose(records).save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<title>i0 over i1: " in page and "never compared</title>" in page  # what cells without numbers say
    assert "The first 60 of 70 items." in page and len(page) < 3_000_000


# -- the command line -----------------------------------------------------------------------------------------------


def test_the_command_prints_saves_and_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, page = tmp_path / "data.csv", tmp_path / "page.html"
    path.write_text("winner,loser\na,b\nb,a\nb,b\n")
    assert main(["diagnose", str(path)]) == 2
    assert "line 4: 'b' is compared with itself" in capsys.readouterr().err
    assert main(["diagnose", str(path), "--malformed", "report", "--html", str(page)]) == 0
    said = capsys.readouterr()
    assert "line 4" in said.out and "2 comparisons of 2 items" in said.out and said.err == ""
    assert page.read_text().startswith("<!doctype html>")
    assert main(["diagnose", str(path), "--malformed", "report", "--json", "--seed", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["malformed"] == 1
    for arguments in ([str(tmp_path / "no.csv")], [str(tmp_path)], [str(path), "--seed", "-1"]):
        assert main(["diagnose", *arguments]) == 2
        assert capsys.readouterr().err.startswith("prefcore diagnose: ")
    assert main(["diagnose", str(path), "--malformed", "report", "--html", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert f"--html {tmp_path} is a folder" in said.err and ".part" not in said.err
    assert main(["diagnose", str(path), "--malformed", "report", "--html", f"{path}/page.html"]) == 2
    said = capsys.readouterr()
    assert f"--html {path}/page.html: " in said.err and "2 comparisons" in said.out  # the work is not lost
