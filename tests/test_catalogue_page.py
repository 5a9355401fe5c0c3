"""The generated page of the catalogue, and the page of the axioms that it rests on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest

import prefcore as pc
from prefcore.axioms import AXIOMS, DOMINANCE
from prefcore.catalogue.examples import EXAMPLES, Example
from prefcore.checking import DEFAULT_AXIOMS, MENU_AXIOMS, VALUE_AXIOMS
from prefcore.evidence import AxiomEvidence
from prefcore.records import to_json
from prefcore.relations import formula_of
from solvers import catalogue_page
from solvers.__main__ import main

DOCS = Path(__file__).parent.parent / "docs"
BY_NAME = {example.name: example for example in EXAMPLES}
CHOSEN = ("expected_reward", "majority", "bewley")


@pytest.fixture(scope="module")
def entries() -> list[catalogue_page.Entry]:
    return [catalogue_page.classify(BY_NAME[name], 20) for name in CHOSEN]


@pytest.fixture(scope="module")
def folder(entries: list[catalogue_page.Entry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docs")
    catalogue_page.save(path, entries)
    return path


def rows_of(text: str) -> dict[str, list[str]]:
    """The rows of the first table whose head begins with "relation", by relation."""
    _, _, table = text.partition("| relation |")
    lines = table.split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {re.sub(r"\[(.*)\]\(.*\)", r"\1", first): rest for first, *rest in cells}


def checked(name: str) -> pc.Report:
    example = BY_NAME[name]
    axioms = [axiom for axiom in AXIOMS if axiom not in DOMINANCE or example.value is not None]
    return pc.check(example.relation, example.outcomes, axioms, 20, value=example.value)


def test_the_table_has_the_verdicts(folder: Path) -> None:
    rows = rows_of((folder / "catalogue.md").read_text())
    assert list(rows) == list(CHOSEN)
    marks = {pc.Proved: "✓", pc.Refuted: "✗", pc.Unknown: "?"}
    for name, cells in rows.items():
        report = checked(name)
        told = dict(zip(AXIOMS, cells, strict=False))
        assert told == {axiom: marks[type(report[axiom])] if axiom in report else "–" for axiom in AXIOMS}
    assert rows["expected_reward"][:5] == ["✓"] * 5 and "–" in rows["bewley"] and "–" not in rows["majority"]


def test_times_and_sizes_are_told(entries: list[catalogue_page.Entry], folder: Path) -> None:
    for name, cells in rows_of((folder / "catalogue.md").read_text()).items():
        seconds, recheck, size = cells[-3:]
        assert float(seconds) >= 0 and float(recheck) >= 0
        report = checked(name)
        known = [v for v in report.values() if not isinstance(v, pc.Unknown)]
        whole = sum(len(to_json(v.claim, v.evidence)) for v in known)
        assert 20 * len(known) < int(size.replace(",", "")) < whole
    assert all(0 <= cell.seconds <= entry.seconds for entry in entries for cell in entry.cells)


def test_the_size_is_that_of_the_evidence_alone() -> None:
    verdict = pc.check(pc.equality(), ["a", "b"], ["total"])["total"]
    assert isinstance(verdict, pc.Refuted)
    written = '{"kind":"Counterexample","A":[[0,"1"]],"B":[[1,"1"]],"C":null,"alpha":null,"policies":[]}'
    evidence = pc.Counterexample(pc.Distribution.point("a"), pc.Distribution.point("b"))
    assert catalogue_page.evidence_size(pc.kernel.check(verdict.claim, evidence)) == len(written)
    assert catalogue_page.evidence_size(pc.Unknown(None, "why", "what", 0.0)) == 0


def test_every_picture_is_an_xml_file_that_the_page_shows(folder: Path) -> None:
    text = (folder / "catalogue.md").read_text()
    shown = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)
    assert shown == [f"catalogue/{name}.svg" for name in CHOSEN]
    for path in shown:
        assert ElementTree.parse(folder / path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_everything_but_the_times_is_the_same_again() -> None:
    """Whatever was asked before: a finder's answers depend on what its solver did."""
    once, again = (
        {entry.name: entry for entry in catalogue_page.classify_all(names, 20)}["interval_order"]
        for names in (["interval_order"], ["majority", "interval_order"])
    )
    assert once.picture == again.picture
    for x, y in zip(once.cells, again.cells, strict=True):
        assert (x.axiom, x.mark, x.grounds, x.size) == (y.axiom, y.mark, y.grounds, y.size)


def test_unknown_cells_are_listed_with_their_reasons(entries: list[catalogue_page.Entry]) -> None:
    assert "## Unknown\n\nNone." in catalogue_page.page(entries)
    cells = tuple(catalogue_page.Cell(axiom, "?", "too hard; wait", 0.0, 0) for axiom in ("total", "risk_averse"))
    text = catalogue_page.page([catalogue_page.Entry("expected_reward", cells, 1.0, 0.0, "", "no reason")])
    assert "- `expected_reward`, total, risk averse: too hard; wait." in text
    assert "No picture: no reason." in text


def test_a_relation_over_two_outcomes_has_no_picture() -> None:
    example = Example("equality", pc.equality(), ("a", "b"), None)
    entry = catalogue_page.classify(example, 10)
    assert entry.picture == "" and "three outcomes" in entry.unpictured


def test_the_printed_calls_make_the_relations() -> None:
    """The page's code, run as a reader would, gives the formulas that were classified."""
    text = catalogue_page.page([])
    scope: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], scope)
    for example in EXAMPLES:
        entry = catalogue_page.Entry(example.name, (), 0.0, 0.0, "", "not drawn")
        (call,) = re.findall(r"```python\n(pc\..*?)\n```", catalogue_page.page([entry]), re.DOTALL)
        made = eval(call, scope)
        assert formula_of(made, example.outcomes, True) == formula_of(example.relation, example.outcomes, True), call


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_definition_is_markdown(example: Example) -> None:
    text = catalogue_page.definition(example.name)
    assert len(text) > 20 and not any(mark in text for mark in ("``", ":func:", "CPP24"))


# -- the command ----------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main(["catalogue", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_command_writes_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = run(capsys, "--out", tmp_path / "docs", "--only", "equality, cvar", "--budget", "20")
    assert status == 0 and err == "" and "2 relations" in out
    assert list(rows_of((tmp_path / "docs" / "catalogue.md").read_text())) == ["cvar", "equality"]
    assert {path.name for path in (tmp_path / "docs" / "catalogue").iterdir()} == {"cvar.svg", "equality.svg"}


def test_the_command_speaks_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(capsys, "--out", tmp_path, "--only", "equality", "--json")
    (row,) = json.loads(out)
    assert status == 0 and row["relation"] == "equality" and row["verdicts"]["total"] == "refuted" and row["bytes"] > 0


def test_mistakes_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "--only", "cvvar", "--out", tmp_path) == (
        2,
        "",
        "prefcore catalogue: the catalogue has no 'cvvar' (did you mean 'cvar'?)\n",
    )
    file = tmp_path / "file"
    file.write_text("")
    assert "must be a folder" in run(capsys, "--out", file)[2]
    status, _, err = run(capsys, "--out", tmp_path, "--budget", "0")
    assert status == 2 and "positive number of seconds" in err
    assert not (tmp_path / "catalogue.md").exists()


class Terminal:
    """A standard error that is a terminal."""

    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return True


def test_a_progress_bar_that_can_be_turned_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert main(["catalogue", "--out", str(tmp_path), "--only", "equality"]) == 0
    assert "0/1 equality" in terminal.written and terminal.written.endswith("\n") and "1/1" in terminal.written
    terminal.written = ""
    assert main(["catalogue", "--out", str(tmp_path), "--only", "equality", "--no-progress"]) == 0
    assert terminal.written == ""


# -- what is in the documentation -----------------------------------------------------------------------------------


def test_every_relation_and_every_axiom_is_in_the_written_page() -> None:
    text = (DOCS / "catalogue.md").read_text(encoding="utf-8")
    rows = rows_of(text)
    assert list(rows) == [example.name for example in EXAMPLES]
    assert all(len(cells) == len(AXIOMS) + 3 for cells in rows.values())
    for path in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text):
        ElementTree.parse(DOCS / path)
    assert {path.stem for path in (DOCS / "catalogue").glob("*.svg")} == set(re.findall(r"catalogue/(\w+)\.svg", text))


def section(heading: str) -> str:
    text = (DOCS / "axioms.md").read_text(encoding="utf-8")
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_every_axiom_is_stated_with_its_quantifiers_and_its_source() -> None:
    rows = [line.split(" | ") for line in section("The axioms").splitlines() if line.startswith("| `")]
    stated = {cells[0].strip("| `"): cells[1:] for cells in rows}
    assert sorted(stated) == sorted(AXIOMS)
    for statement, quantifiers, source in stated.values():
        assert statement and quantifiers.startswith("for all")
        assert source.strip("| ")


def test_every_axiom_has_its_evidence_and_every_evidence_its_axiom() -> None:
    text = section("What proves and what refutes them")
    first = "".join(line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `"))
    assert sorted(re.findall(r"`(\w+)`", first)) == sorted(AXIOMS)
    for kind in get_args(AxiomEvidence):
        assert f"`{kind.__name__}`" in text, kind


def test_the_defaults_are_told() -> None:
    _, _, told = section("The axioms").partition("By default")
    first, second = told.partition("on a menu")[::2]
    assert set(re.findall(r"`([a-z_]+)`", first)) == {*DEFAULT_AXIOMS, *VALUE_AXIOMS}
    assert {*DEFAULT_AXIOMS[:4], *re.findall(r"`([a-z_]+)`", second)} == set(MENU_AXIOMS)


def test_the_pages_link_to_files_that_exist() -> None:
    for page in ("axioms.md", "catalogue.md", "pairwise.md"):
        for link in re.findall(r"\]\(([^)#]+\.md)\)", (DOCS / page).read_text(encoding="utf-8")):
            assert (DOCS / link).is_file(), (page, link)
