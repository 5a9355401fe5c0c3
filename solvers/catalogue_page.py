"""The catalogue as a page of the documentation: each relation with its definition, its picture and its verdicts.

``classify`` decides all axioms of one example and measures it; ``save`` writes ``catalogue.md`` and the pictures. The
command ``prefcore catalogue`` does both, each example in a process of its own: what a finder returns depends on what
its solver did before. So everything but the times is the same in every run, where no time limit cuts in.
"""

from __future__ import annotations

import ast
import inspect
import json
import multiprocessing
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefcore import catalogue, kernel
from prefcore.axioms import AXIOMS, DOMINANCE
from prefcore.catalogue import examples
from prefcore.catalogue.examples import Example
from prefcore.certificates import write_atomically
from prefcore.checking import DEFAULT_BUDGET
from prefcore.claims import Simplex
from prefcore.distribution import payoff_at
from prefcore.evidence import Counterexample, Cycle
from prefcore.pictures.corners import map_corners
from prefcore.records import to_json
from prefcore.relations import formula_of
from prefcore.report import summary
from prefcore.search.inquiry import Inquiry
from prefcore.search.semilinear import Deadline
from prefcore.triangle import indifference_map
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict
from prefcore.words import lotteries_of

PAGE, PICTURES = "catalogue.md", "catalogue"
MARKS = {Proved: "✓", Refuted: "✗", Unknown: "?"}
SHORT = {
    "reflexive": "refl",
    "transitive": "trans",
    "quasi_transitive": "q-tr",
    "negatively_transitive": "n-tr",
    "total": "total",
    "consistent": "cons",
    "convex": "conv",
    "betweenness": "betw",
    "preorder": "pre",
    "interpolation": "interp",
    "interpolation_open": "i-open",
    "continuous": "cont",
    "acyclic": "acyc",
    "monotone": "mono",
    "risk_averse": "r-av",
    "spread_averse": "s-av",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One axiom: its mark, what the verdict rests on or why there is none, its seconds, and its evidence's bytes."""

    axiom: str
    mark: str
    grounds: str
    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One relation: its cells, the seconds of the check and of the kernel's re-check, and its picture.

    picture: a whole SVG file, or ``""``; `unpictured` then says why.
    """

    name: str
    cells: tuple[Cell, ...]
    seconds: float
    rechecked: float
    picture: str
    unpictured: str

    @property
    def size(self) -> int:
        """Bytes of all evidence."""
        return sum(cell.size for cell in self.cells)

    def mark(self, axiom: str) -> str:
        """``✓``, ``✗``, ``?``, or ``–`` where the axiom was not asked about."""
        return next((cell.mark for cell in self.cells if cell.axiom == axiom), "–")


def classify_all(names: Sequence[str], budget: float = DEFAULT_BUDGET) -> Iterator[Entry]:
    """The entries of these examples, in this order, each from a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        yield from pool.map(_classify_named, names, [budget] * len(names))


def _classify_named(name: str, budget: float) -> Entry:
    return classify(next(example for example in examples.EXAMPLES if example.name == name), budget)


def classify(example: Example, budget: float = DEFAULT_BUDGET) -> Entry:
    """The example's verdicts on all axioms that mean something for it, as ``check`` gives them, timed; its picture.

    An axiom may rest on others (a pre-order on transitivity): their seconds count where the first of them is asked
    for, in the order of ``prefcore.AXIOMS``. budget: seconds for all axioms together.
    """
    axioms = [axiom for axiom in AXIOMS if axiom not in DOMINANCE or example.value is not None]
    values = None if example.value is None else tuple(payoff_at(example.value, o) for o in example.outcomes)
    start = time.perf_counter()
    traced = formula_of(example.relation, example.outcomes, closed=True)
    deadline = Deadline.after(budget)
    inquiry = Inquiry(example.relation, Simplex(example.outcomes), True, traced, values, deadline)
    verdicts: dict[str, Verdict] = {}
    seconds: dict[str, float] = {}
    for axiom in axioms:
        before = time.perf_counter()
        verdicts[axiom] = inquiry.verdict(axiom)
        seconds[axiom] = time.perf_counter() - before
    decided = time.perf_counter()
    for verdict in verdicts.values():
        if not isinstance(verdict, Unknown):
            kernel.check(verdict.claim, verdict.evidence)
    rechecked = time.perf_counter()
    cells = tuple(
        Cell(axiom, MARKS[type(verdict)], _grounds(verdict), seconds[axiom], evidence_size(verdict))
        for axiom, verdict in verdicts.items()
    )
    picture, unpictured = _picture(example)
    return Entry(example.name, cells, decided - start, rechecked - decided, picture, unpictured)


def evidence_size(verdict: Verdict) -> int:
    """Bytes of the verdict's evidence as JSON, without the claim (which holds the formula); 0 if there is none."""
    if isinstance(verdict, Unknown):
        return 0
    evidence = json.loads(to_json(verdict.claim, verdict.evidence))["evidence"]
    return len(json.dumps(evidence, separators=(",", ":")).encode())


def _picture(example: Example) -> tuple[str, str]:
    corners = map_corners(example.relation, example.outcomes)
    if corners is None:
        return "", f"a triangle needs three outcomes, and there are {len(example.outcomes)}"
    return indifference_map(example.relation, corners, name=example.name), ""


def save(folder: Path, entries: Sequence[Entry]) -> list[Path]:
    """Writes ``catalogue.md`` and ``catalogue/NAME.svg`` into the folder."""
    pictures = [
        write_atomically(folder / PICTURES / f"{entry.name}.svg", entry.picture) for entry in entries if entry.picture
    ]
    return [write_atomically(folder / PAGE, page(entries)), *pictures]


# -- the page -------------------------------------------------------------------------------------------------------


def page(entries: Sequence[Entry]) -> str:
    """The whole page in Markdown."""
    parts = [
        "# The catalogue",
        "<!-- Written by `prefcore catalogue --out docs`. Edit docstrings, or prefcore/catalogue/examples.py. -->",
        _INTRODUCTION.format(setting=_setting(), count=_counted(entries)),
        "## Relation × axiom",
        _legend(),
        _table(entries),
        *_unknown(entries),
        "## The relations",
        *(_section(entry) for entry in entries),
    ]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """The ready-made relations, one example of each, with the verdicts of `pc.check` on every axiom of
[axioms.md](axioms.md), over the whole simplex. Each proof and each counterexample was re-checked by the kernel. The
command `prefcore catalogue --out docs` writes this page; everything on it but the times is the same in every run, as
long as no time limit cuts in.

The examples use these names. Most are over the four levels of a dam, and `WATER` is the payoff that orders the outcomes
for `monotone`, `risk_averse` and `spread_averse`.

```python
{setting}
```

{count}"""


def _setting() -> str:
    """The constants and functions that the examples use, read from their source."""
    tree = ast.parse(inspect.getsource(examples))
    lines = ["from fractions import Fraction", "import prefcore as pc", ""]
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            if all(name.isupper() for name in names):
                lines.append(ast.unparse(node))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name != "_water":
            node.body = [part for part in node.body if not isinstance(part, ast.Expr)]  # its docstring
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
            lines += ["", ast.unparse(node)]
    return "\n".join(lines)


def _counted(entries: Sequence[Entry]) -> str:
    marks = [cell.mark for entry in entries for cell in entry.cells]
    proved, refuted, unknown = map(marks.count, MARKS.values())
    return (
        f"{_many(len(entries), 'relation')} and {_many(len(marks), 'verdict')}: {proved} proved, {refuted} refuted, "
        f"{unknown} unknown; found in {sum(e.seconds for e in entries):.0f} s and re-checked in "
        f"{sum(e.rechecked for e in entries):.1f} s, with {sum(e.size for e in entries):,} bytes of evidence."
    )


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _legend() -> str:
    short = ", ".join(f"*{SHORT[axiom]}* {axiom.replace('_', ' ')}" for axiom in AXIOMS if SHORT[axiom] != axiom)
    return (
        "✓ proved, ✗ refuted by an exact counterexample, ? unknown, – not asked, as no payoff orders the outcomes. "
        "*Seconds*: tracing and all axioms. *Re-check*: the kernel's seconds for all of the evidence. *Bytes*: all of "
        f"the evidence, as JSON without the formula. In the head: {short}."
    )


def _table(entries: Sequence[Entry]) -> str:
    head = ["relation", *(SHORT[axiom] for axiom in AXIOMS), "seconds", "re-check", "bytes"]
    rows = [
        [
            f"[{entry.name}](#{entry.name})",
            *(entry.mark(axiom) for axiom in AXIOMS),
            f"{entry.seconds:.2f}",
            f"{entry.rechecked:.2f}",
            f"{entry.size:,}",
        ]
        for entry in entries
    ]
    return _markdown(head, rows, "center")


def _unknown(entries: Sequence[Entry]) -> Iterator[str]:
    """Why the unknown cells are unknown: one line for each relation and reason."""
    lines = []
    for entry in entries:
        reasons: dict[str, list[str]] = {}
        for cell in entry.cells:
            if cell.mark == MARKS[Unknown]:
                reasons.setdefault(cell.grounds, []).append(cell.axiom)
        lines += [f"- `{entry.name}`, {_spoken(axioms)}: {reason}." for reason, axioms in reasons.items()]
    yield "## Unknown"
    yield "\n".join(lines) if lines else "None."


def _spoken(axioms: Sequence[str]) -> str:
    return ", ".join(axiom.replace("_", " ") for axiom in axioms)


def _section(entry: Entry) -> str:
    name = entry.name
    parts = [f"### {name}", definition(name), f"```python\n{_calls()[name]}\n```"]
    if entry.picture:
        parts.append(f"![Indifference sets of {name}]({PICTURES}/{name}.svg)")
    else:
        parts.append(f"No picture: {entry.unpictured}.")
    rows = [[cell.axiom, cell.mark, cell.grounds, f"{cell.seconds:.3f}", f"{cell.size:,}"] for cell in entry.cells]
    table = _markdown(["axiom", "verdict", "rests on", "seconds", "bytes"], rows, "left")
    parts.append(f"<details><summary>Time and size of each verdict</summary>\n\n{table}\n\n</details>")
    return "\n\n".join(parts)


def _grounds(verdict: Verdict) -> str:
    """The rule, the lotteries of a counterexample, or the reason and the advice."""
    if isinstance(verdict, Unknown):
        return f"{verdict.reason}; {verdict.advice}"
    evidence = verdict.evidence
    if not isinstance(evidence, (Counterexample, Cycle)):
        return summary(verdict)
    named = [f"{name} = {lottery}" for name, lottery in lotteries_of(evidence) if "α" not in name]
    if isinstance(evidence, Counterexample) and evidence.alpha is not None:
        named.append(f"α = {evidence.alpha}")
    return "; ".join(named)


def definition(name: str) -> str:
    """The docstring of a relation of the catalogue up to the paragraph that names a source, in Markdown."""
    paragraphs = (inspect.getdoc(getattr(catalogue, name)) or "").split("\n\n")
    cited = [i for i, text in enumerate(paragraphs) if re.search(r"\[[^\]]*(\d{4}|CPP24)[^\]]*\]", text)]
    chosen = paragraphs[: cited[0] + 1] if cited else paragraphs[:1]
    text = "\n\n".join(" ".join(part.split()) for part in chosen)
    text = text.replace("[CPP24]", "[Colaço Carr, Panangaden and Precup 2024]")
    return re.sub(r":func:`([^`]*)`", r"`\1`", text).replace("``", "`")


def _calls() -> Mapping[str, str]:
    """How the examples are built: the call of each, read from their source."""
    tree = ast.parse(inspect.getsource(examples))
    parts: dict[str, ast.expr] = {}
    calls: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            parts[node.targets[0].id] = node.value
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and len(call.args) >= 2 and isinstance(call.args[0], ast.Constant):
            calls[str(call.args[0].value)] = ast.unparse(_Spelled(parts).visit(call.args[1]))
    return calls


class _Spelled(ast.NodeTransformer):
    """Names as a user writes them: ``pc`` for the catalogue, and the value of a relation that has a private name."""

    def __init__(self, parts: Mapping[str, ast.expr]) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id == "c":
            return ast.Name("pc", node.ctx)
        if node.id.startswith("_") and node.id in self.parts:
            return self.visit(self.parts[node.id])
        return node


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: str) -> str:
    """A table; the first column is text, the others are as `numbers` says: "left", "center" or "right"."""
    rule = {"left": ":--", "center": ":-:", "right": "--:"}[numbers]
    lines = [list(head), [":--", *[rule] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '∣') for cell in line)} |" for line in lines)
