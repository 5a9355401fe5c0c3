"""The counterexamples on the page of a report: the lotteries, the policies that achieve them, and a triangle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from prefcore.claims import Achievable, Menu
from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample, Cycle
from prefcore.pages.elements import PRIMES, drawn_figure, formulas, spoken
from prefcore.pictures.corners import choose_corners
from prefcore.pictures.svg import plain, shortened
from prefcore.trees import PolicyTable, Tabulation
from prefcore.triangle import machina_triangle
from prefcore.verdicts import Refuted
from prefcore.words import lotteries_of, sentence

if TYPE_CHECKING:
    from prefcore.report import Report

SHOWN_HISTORIES = 8  # of the policies that achieve a counterexample

# Axioms whose counterexamples are drawn alike: the same lotteries need one picture only.
LIKE = {"preorder": "transitive", "convex": "consistent", "risk_averse": "monotone", "spread_averse": "monotone"}
_MIXED = "Mixing both with C moves AB to the parallel segment A′B′. "
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


@dataclass(frozen=True, slots=True)
class Story:
    """A counterexample, and the axioms at which the same lotteries were shown before."""

    axiom: str
    evidence: Counterexample | Cycle
    before: tuple[str, ...]


def stories_of(report: Report) -> Iterator[Story]:
    """The counterexamples of a report, in its order; that of a pre-order once, at the axiom which fails."""
    shown: dict[Counterexample | Cycle, tuple[str, ...]] = {}
    for axiom, verdict in report.items():
        if not isinstance(verdict, Refuted) or not isinstance(verdict.evidence, (Counterexample, Cycle)):
            continue
        before = shown.get(verdict.evidence, ())
        if axiom == "preorder" and before:
            continue  # its counterexample is that of the axiom that fails
        yield Story(axiom, verdict.evidence, before)
        shown[verdict.evidence] = (*before, axiom)


def section_of(report: Report, story: Story, name: str) -> str:
    """A counterexample as HTML; `name` is what the ids of its picture begin with."""
    lines = [f"<h3>Not {plain(spoken(story.axiom))}</h3>", f"<p>{formulas(_sentence(report, story))}</p>"]
    if story.before:
        lines.append(f'<p class="quiet">The lotteries are those for {plain(spoken(story.before[0]))}.</p>')
    else:
        lines.append(lotteries_listed(report, story.evidence))
        if isinstance(report.domain, Achievable):
            lines.append(_policies(report.domain.process, story.evidence))
    if story.axiom in CAPTIONS and LIKE.get(story.axiom, story.axiom) not in {LIKE.get(a, a) for a in story.before}:
        lines.append(_picture(report, story, f"{name}-{story.axiom}"))
    return "\n".join(["<section>", *filter(None, lines), "</section>"])


def _sentence(report: Report, story: Story) -> str:
    """What fails, without the lotteries, which the page lists."""
    told = sentence(story.axiom, story.evidence, report.relation)
    return f"{told[:1].upper()}{told[1:]}."


def lotteries_listed(report: Report, evidence: Counterexample | Cycle) -> str:
    """The named lotteries, numbered as on the menu if they are of one; the mixtures on a line of their own."""
    named = [
        (f"{PRIMES.get(name, '')}{name}", f"{plain(str(x))}{_number(report, x) if name not in PRIMES else ''}")
        for name, x in lotteries_of(evidence)
    ]
    lines = [[(name, x) for name, x in named if "α" not in name], [(name, x) for name, x in named if "α" in name]]
    if isinstance(evidence, Counterexample) and evidence.alpha is not None:
        lines[0].append(("α", str(evidence.alpha)))
    told = [[f"<span><i>{formulas(name)}</i> = {x}</span>" for name, x in line] for line in lines if line]
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


def _picture(report: Report, story: Story, name: str) -> str:
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
    return drawn_figure(report, drawn, caption)


def _drawn(story: Story) -> tuple[dict[str, Distribution], Fraction | None, str]:
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
