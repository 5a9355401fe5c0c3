"""The HTML page of a report: one self-contained document with the table, the counterexamples and the pictures.

``fragment`` is for a notebook, ``document`` for a file: inline CSS, no scripts, nothing from the network. Every text of
the user's (names, outcomes, reasons) is escaped. The pictures that other packages attach to a report are put in as they
are; they are trusted to be SVG.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefcore.claims import BlackBox
from prefcore.distribution import mix
from prefcore.evidence import Counterexample
from prefcore.triangle import choose_corners, machina_triangle, plain, shortened
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict
from prefcore.words import sentence

if TYPE_CHECKING:
    from prefcore.report import Report, Section

DRAWN = ("transitive", "preorder", "consistent", "convex", "interpolation")
SHOWN_OUTCOMES = 12
MARKS: dict[type[Any], tuple[str, str]] = {
    Proved: ("✓", "proved"),
    Refuted: ("✗", "refuted"),
    Unknown: ("?", "unknown"),
}

_MIXED = "Mixing both with C moves AB to the parallel segment A′B′. "
CAPTIONS = {
    "consistent": _MIXED + "B is at least as good as A, so B′ should be at least as good as A′; it is not.",
    "convex": _MIXED + "A′ and B′ should compare as A and B do; they do not.",
    "interpolation": "B lies between A and C, yet the dashed segment from A to C meets no lottery indifferent to B.",
    "transitive": "Each arrow leads to a lottery that is at least as good. None leads from A to C.",
}

STYLE = """
.prefcore{color:#1a1a1a;background:#fff;max-width:820px;font:15px/1.5 'Helvetica Neue',Arial,'Liberation Sans',
'DejaVu Sans',sans-serif;padding:.1em 1em}
.prefcore h1{font-size:1.75em;line-height:1.2;margin:.6em 0 .1em;font-weight:600;overflow-wrap:anywhere}
.prefcore h2{font-size:1.2em;margin:1.9em 0 .5em;padding-bottom:.2em;border-bottom:1px solid #c9ced4;font-weight:600}
.prefcore h3{font-size:1em;margin:1.4em 0 .2em;font-weight:600}
.prefcore p{margin:.35em 0;overflow-wrap:anywhere}
.prefcore .quiet{color:#535c66}
.prefcore code{font:13px/1.4 'DejaVu Sans Mono',Menlo,Consolas,monospace;background:#f2f4f6;padding:.05em .35em;
border-radius:3px}
.prefcore table{border-collapse:collapse;width:100%;margin:.8em 0;background:#fff;font-size:14px}
.prefcore th,.prefcore td{text-align:left;vertical-align:top;padding:.42em .9em .42em 0;
border-bottom:1px solid #e3e6ea;overflow-wrap:anywhere}
.prefcore thead th{border-bottom:1.5px solid #4a525b;font-weight:600}
.prefcore tbody th{font-weight:600;white-space:nowrap}
.prefcore td:nth-child(2){min-width:15em}
.prefcore .verdict{white-space:nowrap;font-weight:600}
.prefcore .mark{display:inline-block;width:1.35em;height:1.35em;line-height:1.35em;text-align:center;
margin-right:.45em;border:1.5px solid;border-radius:50%;font-size:.86em}
.prefcore .proved{color:#08519c}
.prefcore .refuted{color:#b3420b}
.prefcore .unknown{color:#535c66}
.prefcore figure{margin:.7em 0 1.2em}
.prefcore figure svg{max-width:100%;height:auto;display:block}
.prefcore figcaption{color:#535c66;font-size:13.5px;margin-top:.2em}
.prefcore .formula{white-space:nowrap}
.prefcore .lotteries{padding-left:1.2em}
.prefcore .lotteries span{display:inline-block;margin-right:1.6em}
.prefcore .lotteries .formula{display:inline;margin:0}
.prefcore ul{margin:.4em 0;padding-left:1.3em}
.prefcore li{margin:.2em 0}
.prefcore pre{font:13px/1.45 'DejaVu Sans Mono',Menlo,Consolas,monospace;background:#f6f7f9;padding:.7em .9em;
overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
@media print{.prefcore{max-width:none;padding:0;font-size:11pt;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
.prefcore figure svg{width:78%}
.prefcore section,.prefcore figure,.prefcore tr,.prefcore li{break-inside:avoid}
.prefcore h2,.prefcore h3{break-after:avoid}}
"""


def document(*reports: Report) -> str:
    """One or more reports as a whole page."""
    body = "\n".join(fragment(report, f"machina{i}") for i, report in enumerate(reports))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{plain(_title(reports[0]))}</title>"
        "<style>body{margin:0;background:#fff}.prefcore{margin:1.2em auto 3em}</style></head>\n"
        f"<body>{body}</body></html>\n"
    )


def fragment(report: Report, name: str = "machina") -> str:
    """The report as HTML to be shown inside a notebook; `name` begins the ids of its pictures."""
    parts = [f"<style>{STYLE}</style>", '<div class="prefcore">', _heading(report), _table(report)]
    stories = list(_stories(report))
    if stories:
        parts += ["<h2>Counterexamples</h2>", *(_counterexample(report, story, name) for story in stories)]
    if report.consequences:
        items = (
            f'<li>{plain(c.statement)} <span class="quiet">[{plain(c.theorem)}]</span></li>'
            for c in report.consequences
        )
        parts.append(f"<h2>What follows</h2><ul>{''.join(items)}</ul>")
    parts += [_section(section) for section in report.sections]
    return "\n".join([*parts, "</div>"])


# -- heading and table ----------------------------------------------------------------------------------------------


def _title(report: Report) -> str:
    return report.title or report.relation.name


def _heading(report: Report) -> str:
    count = len(report.outcomes)
    lines = [
        f"<h1>{plain(_title(report))}</h1>",
        f'<p class="quiet">A preference over the lotteries on {count} outcome{"" if count == 1 else "s"}: '
        f"{_outcomes(report.outcomes)}.<br>"
        "A ≼ B reads “B is at least as preferred as A”; α is in (0, 1).</p>",
    ]
    if isinstance(report.traced, BlackBox):
        told = any(isinstance(v, Unknown) and report.traced.reason in v.reason for v in report.values())
        why = "" if told else f": {plain(report.traced.reason)}"
        lines.append(f"<p>It could not be traced, so it can be refuted but not proved{why}.</p>")
    return "\n".join(lines)


def _outcomes(outcomes: tuple[Any, ...]) -> str:
    """The outcomes as a list in a sentence; the first and the last of them if they are many."""
    labels = [f"<code>{plain(shortened(str(o), 40))}</code>" for o in _some(outcomes)]
    if len(outcomes) > SHOWN_OUTCOMES:
        labels.insert(-1, "…")
    return ", ".join(labels)


def _some(outcomes: tuple[Any, ...]) -> tuple[Any, ...]:
    return outcomes if len(outcomes) <= SHOWN_OUTCOMES else (*outcomes[: SHOWN_OUTCOMES - 2], outcomes[-1])


def _table(report: Report) -> str:
    first: dict[tuple[str, str], str] = {}
    rows = []
    for axiom, verdict in report.items():
        grounds = _grounds(axiom, verdict, first)
        rows.append(_row(axiom, verdict, grounds))
    head = "<tr><th>axiom</th><th>statement</th><th>verdict</th><th>rests on</th></tr>"
    return f"<table><thead>{head}</thead><tbody>\n{chr(10).join(rows)}\n</tbody></table>"


def _grounds(axiom: str, verdict: Verdict, first: dict[tuple[str, str], str]) -> str:
    """What a verdict rests on; a reason for not knowing is told only at the `first` axiom that has it."""
    from prefcore.report import summary  # report imports this module only to draw

    if isinstance(verdict, Unknown):
        before = first.setdefault((verdict.reason, verdict.advice), axiom)
        if before != axiom:
            return f"as for {_spoken(before)} ({verdict.budget:.1f} s)"
    return summary(verdict)


def _spoken(axiom: str) -> str:
    return axiom.replace("_", " ")


def _row(axiom: str, verdict: Verdict, grounds: str) -> str:
    from prefcore.report import STATEMENTS

    mark, word = MARKS[type(verdict)]
    return (
        f'<tr><th scope="row">{plain(_spoken(axiom))}</th><td>{_formulas(STATEMENTS.get(axiom, ""))}</td>'
        f'<td class="verdict {word}"><span class="mark" aria-hidden="true">{mark}</span>{word}</td>'
        f"<td>{plain(grounds)}</td></tr>"
    )


# -- counterexamples ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Story:
    """A counterexample, and the axiom at which the same lotteries were shown before."""

    axiom: str
    evidence: Counterexample
    before: str


def _stories(report: Report) -> Iterator[_Story]:
    shown: dict[Counterexample, str] = {}
    for axiom, verdict in report.items():
        if not isinstance(verdict, Refuted) or not isinstance(verdict.evidence, Counterexample):
            continue
        if axiom == "preorder" and verdict.evidence in shown:
            continue  # its counterexample is that of the axiom that fails
        yield _Story(axiom, verdict.evidence, shown.get(verdict.evidence, ""))
        shown.setdefault(verdict.evidence, axiom)


def _counterexample(report: Report, story: _Story, name: str) -> str:
    lines = [f"<h3>Not {plain(_spoken(story.axiom))}</h3>", f"<p>{_formulas(_sentence(report, story))}</p>"]
    if story.before:
        lines.append(f'<p class="quiet">The lotteries are those for {plain(_spoken(story.before))}.</p>')
    else:
        lines.append(_lotteries(story.evidence))
    if story.axiom in DRAWN and story.before not in DRAWN:
        lines.append(_picture(report, story, name))
    return "\n".join(["<section>", *lines, "</section>"])


def _sentence(report: Report, story: _Story) -> str:
    """What fails, without the lotteries, which the page lists."""
    told = sentence(story.axiom, story.evidence, report.relation)
    return f"{told[:1].upper()}{told[1:]}."


def _lotteries(evidence: Counterexample) -> str:
    A, B, C, alpha = evidence.A, evidence.B, evidence.C, evidence.alpha
    lines = [[(name, x) for name, x in (("A", A), ("B", B), ("C", C)) if x is not None]]
    if alpha is not None and B is not None and C is not None:
        lines.append([("A′ = αA+(1-α)C", mix(alpha, A, C)), ("B′ = αB+(1-α)C", mix(alpha, B, C))])
    named = [[f"<span><i>{_formulas(name)}</i> = {plain(str(x))}</span>" for name, x in line] for line in lines]
    if alpha is not None:
        named[0].append(f"<span><i>α</i> = {alpha}</span>")
    return "".join(f'<p class="lotteries">{" ".join(line)}</p>' for line in named)


def _formulas(text: str) -> str:
    """The text with its mixtures kept on one line each."""
    safe = plain(text)
    for x in "AB":
        safe = safe.replace(f"α{x}+(1-α)C", f'<span class="formula">α{x}+(1-α)C</span>')
    return safe


def _picture(report: Report, story: _Story, name: str) -> str:
    """The Machina triangle of a counterexample, or the reason why there is none."""
    evidence = story.evidence
    points = {n: x for n, x in (("A", evidence.A), ("B", evidence.B), ("C", evidence.C)) if x is not None}
    needed = {o for lottery in points.values() for o in lottery.support}
    if len(report.outcomes) < 3:
        return '<p class="quiet">No picture: a triangle needs three outcomes.</p>'
    if len(needed) > 3:
        return f'<p class="quiet">No picture: the lotteries need {len(needed)} outcomes, a triangle has three.</p>'
    try:
        corners = choose_corners(report.relation, report.outcomes, tuple(points.values()))
        svg = machina_triangle(
            report.relation, corners or (), points, evidence.alpha, story.axiom, f"{name}-{story.axiom}"
        )
    except Exception as error:
        # A black box may raise anything where nobody has asked it yet; the rest of the report stands.
        if not isinstance(report.traced, BlackBox):
            raise
        return f'<p class="quiet">No picture: the relation raised {plain(f"{type(error).__name__}: {error}")}.</p>'
    caption = CAPTIONS.get("transitive" if story.axiom == "preorder" else story.axiom, "")
    return f"<figure>{svg}<figcaption>{plain(caption)}</figcaption></figure>"


# -- sections of other packages -------------------------------------------------------------------------------------


def _section(section: Section) -> str:
    lines = [line for line in section.text.splitlines() if line.strip()]
    laid_out = any(line.startswith((" ", "\t")) or "  " in line.strip() for line in lines)
    text = f"<pre>{plain(section.text)}</pre>" if laid_out else "\n".join(f"<p>{plain(line)}</p>" for line in lines)
    figure = f"<figure>{_inline(section.svg)}</figure>" if section.svg else ""
    return f"<h2>{plain(section.title)}</h2>\n{text}\n{figure}"


def _inline(svg: str) -> str:
    """The ``<svg>`` element without what may stand before it in a file."""
    return svg[max(svg.find("<svg"), 0) :]
