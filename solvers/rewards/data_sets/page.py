"""The HTML page of a data-set report: the recommendation, a table, and pictures; one self-contained document.

Everything of the user's (labels, file names, malformed lines) is escaped.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path

from prefcore.pages.elements import STYLE, figure, unique
from prefcore.pictures.svg import plain
from solvers.rewards.data_sets.pictures import MOST_ROWS, matrix_of, pairs_matrix, scores_plot
from solvers.rewards.data_sets.report import DataSetReport
from solvers.rewards.data_sets.text import circles, counted, cyclic_part, even, predictions, printable, rows

HEAD = "<tr><th>question</th><th>finding</th></tr>"
OWN_STYLE = """
.prefcore .advice{border-left:4px solid #2166ac;background:#f3f7fb;padding:.5em 1em;margin:1em 0}
.prefcore .advice.more,.prefcore .advice.tentative{border-color:#b35806;background:#fdf6ee}
.prefcore .advice p{margin:.2em 0}
.prefcore .advice .method{font-size:1.15em;font-weight:600}
.prefcore .findings tbody th{width:9em}
.prefcore .predictions td:nth-child(2){min-width:4em}
"""


def document(report: DataSetReport) -> str:
    """The report as a whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        f"<title>{plain(_title(report))}</title>"
        "<style>body{margin:0;background:#fff}.prefcore{margin:1.2em auto 3em}</style></head>\n"
        f"<body>{fragment(report)}</body></html>\n"
    )


def fragment(report: DataSetReport) -> str:
    """The report as HTML to be shown inside a notebook."""
    table = "".join(f'<tr><th scope="row">{plain(name)}</th><td>{plain(said)}</td></tr>' for name, said in rows(report))
    name = unique("doctor", str(report.source), table)
    parts = [
        f'<style>{STYLE}{OWN_STYLE}</style><div class="prefcore">',
        f'<h1>{plain(_title(report))}</h1><p class="quiet">{plain(counted(report))}</p>',
        _advice(report),
        f'<table class="findings"><thead>{HEAD}</thead><tbody>{table}</tbody></table>',
        _predictions(report),
        *_pictures(report, name),
        *_notes(report),
        "</div>",
    ]
    return printable("\n".join(parts))


def _title(report: DataSetReport) -> str:
    return f"Preferences: {Path(report.source).name}"


def _advice(report: DataSetReport) -> str:
    advice = report.recommendation
    kind = " more" if advice.method.startswith("collect") else " tentative" if advice.tentative else ""
    cautions = "".join(f"<li>{plain(caution)}</li>" for caution in advice.cautions)
    return (
        f'<div class="advice{kind}"><p class="method">{plain(_first_upper(advice.method))}'
        f"{', tentatively' if advice.tentative else ''}</p><p>{plain(_first_upper(advice.reason))}.</p>"
        f"{f'<ul>{cautions}</ul>' if cautions else ''}</div>"
    )


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pictures(report: DataSetReport, name: str) -> list[str]:
    parts = []
    few = f" The first {MOST_ROWS} of {len(report.items):,} items." if len(report.items) > MOST_ROWS else ""
    if any(isfinite(s.score) for s in report.scores):
        said = "Bradley–Terry scores, the best first. A difference of 1 is odds of 2.7 to 1."
        if report.winner is not None:
            said += " Right: the lottery that no item beats on average; orange: its mean over data drawn anew."
        parts += ["<h2>Scores</h2>", figure(scores_plot(report), said + few)]
    found = report.hodge
    if even(report):
        return ['<p class="quiet">No pictures: every pair that was compared is even.</p>']
    if report.text and report.connectivity.components > 1:
        return ['<p class="quiet">No pictures: texts are compared within their prompts only.</p>']
    if found is None or report.connectivity.components > 1:
        return parts
    counts, wide = report.counts, ("−{0:.2f}", "0", "+{0:.2f}")
    drawn = (
        (
            "Wins",
            (counts.wins - counts.losses) / counts.totals,
            "Wins minus losses, as a share of the answers",
            "Blue: the row is preferred to the column. Hatched: never compared.",
        ),
        (
            "What scores can say",
            found.gradient,
            "The transitive part of the log-odds: differences of scores",
            "Differences of scores, by weighted least squares.",
        ),
        (
            "What runs in circles",
            found.cyclic,
            "The cyclic part of the log-odds: what is left",
            f"{cyclic_part(report)}. Mind the scale of its colours.",
        ),
    )[: 3 if circles(report) else 1]
    for k, (heading, values, title, said) in enumerate(drawn):
        matrix, labels = matrix_of(report, values)
        parts += [
            f"<h2>{heading}</h2>",
            figure(pairs_matrix(matrix, labels, title, wide, f"{name}-{k}"), said + few),
        ]
    return parts


def _predictions(report: DataSetReport) -> str:
    held = report.held_out
    if held is None:
        return ""
    body = "".join(
        f'<tr><th scope="row">{plain(name)}</th>' + "".join(f"<td>{plain(part)}</td>" for part in rest) + "</tr>"
        for name, *rest in predictions(report)
    )
    over = f"over {held.clusters} judges" if held.clusters else "over answers"
    return (
        '<h2>Predictions of held-out answers</h2><table class="predictions">'
        "<thead><tr><th>by</th><th>wrong</th><th>points saved</th>"
        f"<th>nats saved</th></tr></thead><tbody>{body}</tbody></table>"
        f'<p class="quiet">{held.folds} folds; saved: against one reward, with 95 % intervals {over}.</p>'
    )


def _notes(report: DataSetReport) -> list[str]:
    parts = []
    if report.notes:
        items = "".join(f"<li>{plain(note)}</li>" for note in report.notes)
        parts.append(f"<h2>Notes</h2><ul>{items}</ul>")
    if report.malformed:
        lines = "".join(
            f"<li>line {line.line}: {plain(line.reason)}<br><code>{plain(line.text)}</code></li>"
            for line in report.malformed_lines
        )
        more = report.malformed - len(report.malformed_lines)
        rest = f"<p>and {more:,} more</p>" if more > 0 else ""
        parts.append(f"<h2>Malformed records: {report.malformed:,}</h2><ul>{lines}</ul>{rest}")
    return parts
