"""The HTML page of a report: one self-contained document with the table, the counterexamples and the pictures.

``fragment`` is for a notebook, ``document`` for a file: inline CSS, no scripts, nothing from the network. Every text of
the user's (names, outcomes, reasons) is escaped. The pictures that other packages attach to a report are put in as they
are; they are trusted to be SVG.

Over a simplex of three outcomes or more the indifference sets are drawn, over three of them; of a menu the relation as
a matrix; and every counterexample that three outcomes hold as a Machina triangle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from prefcore.claims import Achievable, BlackBox, Menu, Simplex
from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample, Cycle
from prefcore.formula import feature_values
from prefcore.pictures.corners import choose_corners, map_corners
from prefcore.pictures.counterexamples import MIXED
from prefcore.pictures.svg import XMLNS, plain, shortened
from prefcore.trees import PolicyTable, Tabulation
from prefcore.triangle import indifference_map, machina_triangle
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict
from prefcore.words import lotteries_of, sentence

if TYPE_CHECKING:
    from prefcore.report import Report, Section

__all__ = ["document", "fragment", "map_corners"]

SHOWN_OUTCOMES = 12
SHOWN_HISTORIES = 8  # of the policies that achieve a counterexample
DRAWN_LOTTERIES = 200  # of a menu; a black box is asked about fewer pairs
ASKED_LOTTERIES = 30
MARKS: dict[type[Any], tuple[str, str]] = {
    Proved: ("✓", "proved"),
    Refuted: ("✗", "refuted"),
    Unknown: ("?", "unknown"),
}

# Axioms whose counterexamples are drawn alike: the same lotteries need one picture only.
LIKE = {"preorder": "transitive", "convex": "consistent", "risk_averse": "monotone", "spread_averse": "monotone"}
_MIXED = "Mixing both with C moves AB to the parallel segment A′B′. "
_INDEPENDENT = (
    " The dashed blue curve is the one through B mixed with C: by independence the curve through B′ lay there."
)
CAPTIONS = {
    "transitive": "Each arrow leads to a lottery that is at least as good. None leads from A to C.",
    "quasi_transitive": "Each arrow leads to a better lottery, yet C is not better than A.",
    "negatively_transitive": "C is better than A (dashed), yet B is neither better than A nor worse than C.",
    "total": "Seen from B, A is neither better nor worse nor as good.",
    "consistent": _MIXED + "B is at least as good as A, so B′ should be at least as good as A′; it is not.",
    "convex": _MIXED + "A′ and B′ should compare as A and B do; they do not.",
    "betweenness": "B is better than A (arrow), so M = αA+(1-α)B should be better than A and worse than B; it is not.",
    "interpolation": "B lies between A and C, yet the dashed segment from A to C meets no lottery indifferent to B.",
    "interpolation_open": (
        "B lies between A and C, yet no lottery strictly inside the dashed segment from A to C is indifferent to B."
    ),
    "continuous": "Seen from A: on the way from C to the limit B all that is near B stands alike; B does not.",
    "acyclic": "Seen from {first}, {second} is better and {last} worse; yet steps of ≺ lead from {second} to {last}.",
    "monotone": "B dominates A to first order, so A should be worse than B, or as good; it is not.",
    "risk_averse": "B dominates A to second order, so A should be worse than B, or as good; it is not.",
    "spread_averse": "A is a mean-preserving spread of B, so A should be worse than B, or as good; it is not.",
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
.prefcore .policies{width:auto}
.prefcore .policies th,.prefcore .policies td{padding:.25em 1.6em .25em 0}
.prefcore .policies td:nth-child(2){min-width:0}
.prefcore.prefcore.prefcore :is(tr,th,td){background:#fff;text-align:left;vertical-align:top}
.prefcore.prefcore.prefcore table{table-layout:auto;color:inherit;font-size:14px}
.prefcore.prefcore :is(h1,h2,h3,p,li,pre,code):not(.quiet){color:inherit}
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


def fragment(report: Report, name: str = "") -> str:
    """The report as HTML to be shown inside a notebook.

    name: what the ids of its pictures begin with, different for each report on a page; by default it is made of what
    the report says, so that different reports in a notebook have different ids.
    """
    heading, table = _heading(report), _table(report)
    stories = list(_stories(report))
    name = name or unique("machina", heading, table, *(_lotteries(report, story.evidence) for story in stories))
    parts = [f"<style>{STYLE}</style>", '<div class="prefcore">', heading, table]
    if isinstance(report.domain, Menu):
        parts.append(_menu(report, report.domain, name))
    if stories:
        parts += ["<h2>Counterexamples</h2>", *(_counterexample(report, story, name) for story in stories)]
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


def unique(prefix: str, *texts: str) -> str:
    """An id that begins with `prefix` and goes with these texts."""
    return prefix + blake2b("\0".join(texts).encode(), digest_size=5).hexdigest()


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
    return f"<section><h2>Indifference sets</h2>\n{_figure(report, drawn, caption)}</section>"


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
        parts.append(_figure(report, lambda: _heat(report, menu, f"{name}-menu"), caption))
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


def _figure(report: Report, drawn: Callable[[], str], caption: str) -> str:
    """A picture with its caption, or the reason why there is none."""
    try:
        svg = drawn()
    except Exception as error:
        # A black box may raise anything where nobody has asked it yet; the rest of the report stands.
        if not isinstance(report.traced, BlackBox):
            raise
        return f'<p class="quiet">No picture: the relation raised {plain(f"{type(error).__name__}: {error}")}.</p>'
    return figure(svg, caption + (_INDEPENDENT if f'stroke-dasharray="{MIXED}"' in svg else ""))


def figure(svg: str, caption: str) -> str:
    """An SVG picture inside a page, with its caption."""
    return f"<figure>{_inline(svg)}<figcaption>{plain(caption)}</figcaption></figure>"


# -- counterexamples ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Story:
    """A counterexample, and the axioms at which the same lotteries were shown before."""

    axiom: str
    evidence: Counterexample | Cycle
    before: tuple[str, ...]


def _stories(report: Report) -> Iterator[_Story]:
    shown: dict[Counterexample | Cycle, tuple[str, ...]] = {}
    for axiom, verdict in report.items():
        if not isinstance(verdict, Refuted) or not isinstance(verdict.evidence, (Counterexample, Cycle)):
            continue
        before = shown.get(verdict.evidence, ())
        if axiom == "preorder" and before:
            continue  # its counterexample is that of the axiom that fails
        yield _Story(axiom, verdict.evidence, before)
        shown[verdict.evidence] = (*before, axiom)


def _counterexample(report: Report, story: _Story, name: str) -> str:
    lines = [f"<h3>Not {plain(_spoken(story.axiom))}</h3>", f"<p>{_formulas(_sentence(report, story))}</p>"]
    if story.before:
        lines.append(f'<p class="quiet">The lotteries are those for {plain(_spoken(story.before[0]))}.</p>')
    else:
        lines.append(_lotteries(report, story.evidence))
        if isinstance(report.domain, Achievable):
            lines.append(_policies(report.domain.process, story.evidence))
    if story.axiom in CAPTIONS and LIKE.get(story.axiom, story.axiom) not in {LIKE.get(a, a) for a in story.before}:
        lines.append(_picture(report, story, f"{name}-{story.axiom}"))
    return "\n".join(["<section>", *filter(None, lines), "</section>"])


def _sentence(report: Report, story: _Story) -> str:
    """What fails, without the lotteries, which the page lists."""
    told = sentence(story.axiom, story.evidence, report.relation)
    return f"{told[:1].upper()}{told[1:]}."


PRIMES = {"αA+(1-α)C": "A′ = ", "αB+(1-α)C": "B′ = ", "αA+(1-α)B": "M = "}  # as the pictures name the mixtures


def _lotteries(report: Report, evidence: Counterexample | Cycle) -> str:
    """The named lotteries, numbered as on the menu if they are of one; the mixtures on a line of their own."""
    named = [
        (f"{PRIMES.get(name, '')}{name}", f"{plain(str(x))}{_number(report, x) if name not in PRIMES else ''}")
        for name, x in lotteries_of(evidence)
    ]
    lines = [[(name, x) for name, x in named if "α" not in name], [(name, x) for name, x in named if "α" in name]]
    if isinstance(evidence, Counterexample) and evidence.alpha is not None:
        lines[0].append(("α", str(evidence.alpha)))
    told = [[f"<span><i>{_formulas(name)}</i> = {x}</span>" for name, x in line] for line in lines if line]
    return "".join(f'<p class="lotteries">{" ".join(line)}</p>' for line in told)


def _number(report: Report, lottery: Distribution) -> str:
    if not isinstance(report.domain, Menu) or lottery not in report.domain.lotteries:
        return ""
    return f' <span class="quiet">(number {report.domain.lotteries.index(lottery) + 1})</span>'


def _policies(process: Tabulation, evidence: Counterexample | Cycle) -> str:
    """The policies that achieve the lotteries, as far as they differ: a row for each decision history."""
    names = [name for name, _ in lotteries_of(evidence)][: len(evidence.policies)]
    reached = [_reached(process, table) for table in evidence.policies]
    rows: list[str] = []
    alike = 0
    for d, history in enumerate(process.histories):
        cells = [
            _choice(process, d, table) if there[d] else "–"
            for table, there in zip(evidence.policies, reached, strict=True)
        ]
        if len(set(cells) - {"–"}) < 2:
            alike += any(there[d] for there in reached)
            continue
        shown = f"<code>{plain(shortened(_history(history), 60))}</code>"
        rows.append(f'<tr><th scope="row">{shown}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    if not rows:
        return ""
    left = len(rows) - SHOWN_HISTORIES
    more = [f"as they do after {left} more"] if left > 0 else []
    more += [f"after {alike} others they act alike, or one of them only gets there"] if alike else []
    note = f'<p class="quiet">… {"; ".join(more)}.</p>' if more else ""
    head = "".join(f"<th>{plain(name)}</th>" for name in names)
    return (
        "<p>Policies achieve these lotteries; this is where they act differently:</p>"
        f'<table class="policies"><thead><tr><th>after</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows[:SHOWN_HISTORIES])}</tbody></table>{note}"
    )


def _reached(process: Tabulation, table: PolicyTable) -> list[bool]:
    """Which decision histories the policy reaches."""
    tree = process.tree
    reached = [False] * (len(tree.branches) + len(tree.outcome))
    for _, node in tree.initial:
        reached[node] = True
    for d, rows in enumerate(tree.branches):
        for chosen, row in zip(table[d], rows, strict=True):
            if reached[d] and chosen:
                for _, child in row:
                    reached[child] = True
    return reached[: len(tree.branches)]


def _choice(process: Tabulation, d: int, table: PolicyTable) -> str:
    taken = [(str(a), p) for a, p in zip(process.actions[d], table[d], strict=True) if p]
    if len(taken) == 1:
        return plain(shortened(taken[0][0], 30))
    return plain(", ".join(f"{p if len(str(p)) < 10 else f'{float(p):.4f}…'} {shortened(a, 20)}" for a, p in taken))


def _history(history: Any) -> str:
    return ", ".join(map(str, history)) if isinstance(history, tuple) else str(history)


def _formulas(text: str) -> str:
    """The text with its mixtures kept on one line each."""
    safe = plain(text)
    for mixture in PRIMES:
        safe = safe.replace(mixture, f'<span class="formula">{mixture}</span>')
    return safe


def _picture(report: Report, story: _Story, name: str) -> str:
    """The Machina triangle of a counterexample, or the reason why there is none."""
    points, alpha, drawn_as = _drawn(story)
    needed = {o for lottery in points.values() for o in lottery.support}
    if len(report.outcomes) < 3:
        return '<p class="quiet">No picture: a triangle needs three outcomes.</p>'
    if len(needed) > 3:
        return f'<p class="quiet">No picture: the lotteries need {len(needed)} outcomes, a triangle has three.</p>'

    def drawn() -> str:
        corners = choose_corners(report.relation, report.outcomes, tuple(points.values()))
        return machina_triangle(report.relation, corners or (), points, alpha, drawn_as, name)

    caption = CAPTIONS["transitive" if story.axiom == "preorder" else story.axiom]
    if isinstance(story.evidence, Cycle):
        first, second, *_, last = points
        caption = caption.format(first=first, second=second, last=last)
    return _figure(report, drawn, caption)


def _drawn(story: _Story) -> tuple[dict[str, Distribution], Fraction | None, str]:
    """The lotteries to mark, the α of mixtures with C, and the axiom whose arrows, segments and curves fit.

    Everything is seen from B, or from the first lottery where none is called B: of a jump at B from A.
    """
    evidence = story.evidence
    if isinstance(evidence, Cycle):
        return dict(lotteries_of(evidence)), None, "transitive"
    points = {n: x for n, x in (("A", evidence.A), ("B", evidence.B), ("C", evidence.C)) if x is not None}
    if story.axiom == "betweenness" and evidence.B is not None and evidence.alpha is not None:
        return points | {"M": mix(evidence.alpha, evidence.A, evidence.B)}, None, "transitive"
    if story.axiom == "continuous" and evidence.B is not None and evidence.C is not None:
        return {"A": evidence.A, "limit B": evidence.B, "C": evidence.C}, None, ""
    if story.axiom in ("preorder", "quasi_transitive"):
        return points, None, "transitive"
    # Arrows say ≼: where there is none, the dashed segment from A to C, if there is a C, says what belongs together.
    arrows = ("transitive", "consistent", "convex")
    return points, evidence.alpha, story.axiom if story.axiom in arrows else "interpolation"


# -- sections of other packages -------------------------------------------------------------------------------------


def _section(section: Section) -> str:
    lines = [line for line in section.text.splitlines() if line.strip()]
    laid_out = any(line.startswith((" ", "\t")) or "  " in line.strip() for line in lines)
    text = f"<pre>{plain(section.text)}</pre>" if laid_out else "\n".join(f"<p>{plain(line)}</p>" for line in lines)
    figure = f"<figure>{_inline(section.svg)}</figure>" if section.svg else ""
    return f"<h2>{plain(section.title)}</h2>\n{text}\n{figure}"


def _inline(svg: str) -> str:
    """The ``<svg>`` element without what may stand before it in a file, and without the namespace that HTML knows."""
    return svg[max(svg.find("<svg"), 0) :].replace(f" {XMLNS}", "", 1)
