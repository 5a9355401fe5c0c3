"""The HTML page of a report: one self-contained document with the table, the counterexamples and the pictures.

``fragment`` is for a notebook, ``document`` for a file: inline CSS, no scripts, nothing from the network. Every text of
the user's (names, outcomes, reasons) is escaped. The pictures that other packages attach to a report are put in as they
are; they are trusted to be SVG.

Over a simplex of three outcomes or more the indifference sets are drawn, over three of them; of a menu the relation as
a matrix; and every counterexample that three outcomes hold as a Machina triangle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefcore.claims import BlackBox, Menu, Simplex
from prefcore.formula import feature_values
from prefcore.pages.counterexamples import lotteries_listed, section_of, stories_of
from prefcore.pages.elements import MARKS, STYLE, drawn_figure, formulas, inline, spoken, unique
from prefcore.pictures.corners import map_corners
from prefcore.pictures.svg import plain, shortened
from prefcore.triangle import indifference_map
from prefcore.verdicts import Unknown, Verdict

if TYPE_CHECKING:
    from prefcore.report import Report, Section

__all__ = ["document", "fragment"]

SHOWN_OUTCOMES = 12
DRAWN_LOTTERIES = 200  # of a menu; a black box is asked about fewer pairs
ASKED_LOTTERIES = 30


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


def fragment(report: Report, name: str = "") -> str:
    """The report as HTML to be shown inside a notebook.

    name: what the ids of its pictures begin with, different for each report on a page; by default it is made of what
    the report says, so that different reports in a notebook have different ids.
    """
    heading, table = _heading(report), _table(report)
    stories = list(stories_of(report))
    name = name or unique("machina", heading, table, *(lotteries_listed(report, story.evidence) for story in stories))
    parts = [f"<style>{STYLE}</style>", '<div class="prefcore">', heading, table]
    if isinstance(report.domain, Menu):
        parts.append(_menu(report, report.domain, name))
    if stories:
        parts += ["<h2>Counterexamples</h2>", *(section_of(report, story, name) for story in stories)]
    if report.consequences:
        items = (
            f'<li>{plain(c.statement)} <span class="quiet">[{plain(c.theorem)}]</span></li>'
            for c in report.consequences
        )
        parts.append(f"<h2>What follows</h2><ul>{''.join(items)}</ul>")
    if report.domain is None or isinstance(report.domain, Simplex):
        parts.append(_map(report, name))
    parts += [_section(section) for section in report.sections]
    return "\n".join([*filter(None, parts), "</div>"])


# -- heading and table ----------------------------------------------------------------------------------------------


def _title(report: Report) -> str:
    return report.title or report.relation.name


def _heading(report: Report) -> str:
    everywhere = report.domain is None or isinstance(report.domain, Simplex)
    lines = [
        f"<h1>{plain(_title(report))}</h1>",
        f'<p class="quiet">A preference{" on all lotteries" if everywhere else ""} {plain(report.where)}: '
        f"{_outcomes(report.outcomes)}.<br>"
        "A ≼ B reads “B is at least as preferred as A”; "
        f"{'' if everywhere else f'A, B and C range over {_range(report)}; '}α is in (0, 1).</p>",
    ]
    if isinstance(report.traced, BlackBox):
        told = any(isinstance(v, Unknown) and report.traced.reason in v.reason for v in report.values())
        why = "" if told else f": {plain(report.traced.reason)}"
        lines.append(f"<p>It could not be traced, so it can be refuted but not proved{why}.</p>")
    return "\n".join(lines)


def _range(report: Report) -> str:
    if isinstance(report.domain, Menu):
        return "the menu, their mixtures need not be on it"
    return "the outcome distributions that policies achieve"


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
            return f"as for {spoken(before)} ({verdict.budget:.1f} s)"
    return summary(verdict)


def _row(axiom: str, verdict: Verdict, grounds: str) -> str:
    from prefcore.report import STATEMENTS

    mark, word = MARKS[type(verdict)]
    return (
        f'<tr><th scope="row">{plain(spoken(axiom))}</th><td>{formulas(STATEMENTS.get(axiom, ""))}</td>'
        f'<td class="verdict {word}"><span class="mark" aria-hidden="true">{mark}</span>{word}</td>'
        f"<td>{plain(grounds)}</td></tr>"
    )


# -- pictures of the whole relation ---------------------------------------------------------------------------------


def _map(report: Report, name: str) -> str:
    """The indifference sets over three of the outcomes."""
    if len(report.outcomes) < 3 or report.traced is None:
        return ""

    def drawn() -> str:
        corners = map_corners(report.relation, report.outcomes)
        assert corners is not None
        return indifference_map(report.relation, corners, name=f"{name}-map")

    only = "" if len(report.outcomes) == 3 else ", over three of the outcomes"
    caption = f"The lotteries{only}: corners are sure outcomes, mixing is a straight line."
    return f"<section><h2>Indifference sets</h2>\n{drawn_figure(report, drawn, caption)}</section>"


def _menu(report: Report, menu: Menu, name: str) -> str:
    """The relation among the lotteries of a menu as a matrix, and the first of them."""
    count = len(menu.lotteries)
    listed = "".join(f"<li>{plain(shortened(str(x), 200))}</li>" for x in menu.lotteries[:SHOWN_OUTCOMES])
    more = f'<p class="quiet">… and {count - SHOWN_OUTCOMES} more.</p>' if count > SHOWN_OUTCOMES else ""
    parts = ["<h2>The menu</h2>", f"<ol>{listed}</ol>{more}"]
    most = ASKED_LOTTERIES if isinstance(report.traced, BlackBox) else DRAWN_LOTTERIES
    if report.traced is None or count > most:
        why = f"of {count} lotteries; it is drawn up to {most}" if report.traced is not None else "is not known"
        parts.append(f'<p class="quiet">No picture: the relation {why}.</p>')
    else:
        caption = "Row ≼ column where it is dark: the lotteries by their numbers, the best first."
        parts.append(drawn_figure(report, lambda: _heat(report, menu, f"{name}-menu"), caption))
    return "\n".join(["<section>", *parts, "</section>"])


def _heat(report: Report, menu: Menu, name: str) -> str:
    from prefcore.heatmap import heatmap  # with numpy, which the rest of the page does without
    from prefcore.menus import rows_of

    n = len(menu.lotteries)
    if isinstance(report.traced, BlackBox):
        truth = [[bool(report.relation(A, B)) for B in menu.lotteries] for A in menu.lotteries]
    else:
        assert report.traced is not None
        index = {o: i for i, o in enumerate(menu.outcomes)}
        values = [feature_values(report.traced, [(index[o], p) for o, p in x.items()]) for x in menu.lotteries]
        truth = [[bool(row >> j & 1) for j in range(n)] for row in rows_of(report.traced, values)]
    return heatmap(truth, [str(k + 1) for k in range(n)], "relation", name=name)


# -- sections of other packages -------------------------------------------------------------------------------------


def _section(section: Section) -> str:
    lines = [line for line in section.text.splitlines() if line.strip()]
    laid_out = any(line.startswith((" ", "\t")) or "  " in line.strip() for line in lines)
    text = f"<pre>{plain(section.text)}</pre>" if laid_out else "\n".join(f"<p>{plain(line)}</p>" for line in lines)
    figure = f"<figure>{inline(section.svg)}</figure>" if section.svg else ""
    return f"<h2>{plain(section.title)}</h2>\n{text}\n{figure}"
