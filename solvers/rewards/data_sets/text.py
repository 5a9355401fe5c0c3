"""A data-set report as a table that a person reads in ten seconds, and as plain data."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from fractions import Fraction
from math import isfinite
from textwrap import wrap
from typing import Any
from unicodedata import category

import numpy as np

from prefcore.verdicts import Refuted
from solvers.rewards.data_sets.adjusted import Adjusted
from solvers.rewards.data_sets.advice import LEVEL, in_words, p_words
from solvers.rewards.data_sets.hodge import Hodge
from solvers.rewards.data_sets.misfit import Misfit, free_pairs
from solvers.rewards.data_sets.own_cycles import GroupCycles, share_of_cyclic_triads
from solvers.rewards.data_sets.report import DataSetReport
from solvers.rewards.data_sets.tally import named

WIDTH = 110
KEPT = "\n\u200c\u200d"  # line breaks, and what joins letters and pictures
SHOWN = 12  # items in the table
MOST_ONE_SIDED = 0.05  # of the pairs, for which the cyclic part is told
LEFT_OUT = {"counts", "frequencies"}  # of the plain data


def as_text(report: DataSetReport) -> str:
    """The report as text: the recommendation first."""
    advice = report.recommendation
    head = f"{report.source}: {counted(report)}"
    lines = [head, "", *_paragraph("Recommendation", str(advice) + ".")]
    for caution in advice.cautions:
        lines += _paragraph("", f"- {caution}.")
    lines.append("")
    for name, said in rows(report):
        lines += _paragraph(name, said)
    lines += ["", *_held_out(report)] if report.held_out else []
    lines += ["", *_items(report)] if report.scores and not even(report) else []
    lines += [""] if report.notes or report.malformed else []
    for note in report.notes:
        lines += _paragraph("note", note)
    for line in report.malformed_lines:
        lines += _paragraph("malformed", f"line {line.line}: {line.reason}")
    more = report.malformed - len(report.malformed_lines)
    if more > 0:
        lines += _paragraph("", f"and {more:,} more")
    return printable("\n".join(lines))


def counted(report: DataSetReport) -> str:
    """How many comparisons, items, judges and contexts there are."""
    c = report.coverage
    parts = [f"{number_of(c.comparisons, 'comparison')} of {number_of(c.items, 'text' if report.text else 'item')}"]
    parts += [number_of(c.judges, "judge")] if c.judges else []
    parts += [number_of(c.contexts, "prompt" if report.text else "context")] if c.contexts else []
    return ", ".join(parts)


def _paragraph(name: str, said: str) -> list[str]:
    first, rest = f"  {name:<16}", " " * 18
    return wrap(said, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False)


def rows(report: DataSetReport) -> list[tuple[str, str]]:
    """What was found, as (name, sentence)."""
    found = [("coverage", coverage(report)), ("connected", connected(report))]
    own = report.cycles.own
    if own is not None and own.triads != 0:
        found.append(("own cycles", _own(report, own)))
    if report.cycles.pooled.triads != 0 or report.cycles.majority:
        found.append(("majority cycle", _majority(report)))
    if report.position is not None:
        found.append(("position", _position(report)))
    if report.length is not None:
        longer = report.length.longer
        found.append(
            (
                "length",
                f"the longer text was preferred in {longer} of {longer.total:,} (p {in_words(longer.p_value)}); "
                f"correlation {report.length.correlation:+.2f}",
            )
        )
    if report.transitivity:
        found.append(("transitivity", _transitivity(report)))
    if report.misfit is not None:
        found.append(("one reward", misfit_in_words(report.misfit)))
    beside = beside_what(report)
    if beside is not None:
        found.append((f"beside {' and '.join(beside.names)}", _beside(beside)))
    if report.winner is not None:
        found.append(("von Neumann", winner(report)))
    if report.hodge is not None and circles(report):
        found.append(("cyclic part", cyclic_part(report)))
    return found


def even(report: DataSetReport) -> bool:
    """Whether no compared pair has a majority."""
    return not (report.counts.wins != report.counts.losses).any()


def circles(report: DataSetReport) -> bool:
    """Whether something can run in circles: some circle of pairs was compared, and not all answers are ties."""
    return report.coverage.ties < report.coverage.comparisons and free_pairs(report.counts) > 0


def coverage(report: DataSetReport) -> str:
    """How much was asked, in a sentence."""
    c = report.coverage
    ties = f"; {number_of(c.ties, 'tie')} ({100 * c.ties / c.comparisons:.1f} %)" if c.ties else "; no ties"
    weight = f", of weight {c.weight:,.6g}" if c.weight != c.comparisons else ""
    were = "was" if c.possible == 1 else "were"
    share = f"{c.pairs:,} of {number_of(c.possible, 'pair')} {were} compared"
    if report.text:
        share = f"{number_of(c.pairs, 'pair')} of texts {'was' if c.pairs == 1 else 'were'} compared"
    each = "once" if c.most == 1 else f"{c.fewest:,} times"
    if c.fewest < c.most:
        each = f"{c.fewest:,} to {c.most:,} times (median {c.median:,.4g})"
    return f"{share}, each {each}{weight}{ties}"


def connected(report: DataSetReport) -> str:
    """Whether the items hang together, in a sentence."""
    c = report.connectivity
    if report.text and c.components > 1:
        return f"within prompts only: {c.components:,} parts, the largest of {c.largest:,} texts"
    if c.components > 1:
        return f"no: {c.components:,} parts that were never compared, the largest of {c.largest:,} items"
    if c.strong > 1:
        first = _listed(c.first)
        return f"yes, but scores would be infinite: {c.strong:,} groups in a chain; {first} never lost to the rest"
    if report.coverage.ties == report.coverage.comparisons:
        return "yes, by ties alone: there are no scores"
    return "yes, and strongly: Bradley–Terry scores exist"


def _own(report: DataSetReport, own: GroupCycles) -> str:
    said = f"{own.cyclic:,} of {own.groups:,} {own.kind} contain a cycle ({100 * own.share:.1f} %)"
    if report.cycles.by_chance is not None:
        mean, low, high = report.cycles.by_chance
        said += f"; independent answers by one reward: {mean:.0f} [{low:.0f}, {high:.0f}]"
    share = share_of_cyclic_triads(own)
    if share is not None:
        said += f". Triads: {own.cyclic_triads:,} of {own.triads:,} cyclic ({100 * share:.1f} %; coin tosses: 25 %)"
    if own.contradictions:
        said += f". {own.contradictions:,} pairs answered both ways by the same"
    judges = report.cycles.judges
    if judges is not None:
        said += f". Of all their answers, {judges.cyclic:,} of {judges.groups:,} judges have a majority cycle"
    return said


def _majority(report: DataSetReport) -> str:
    ring = report.cycles.majority
    if not ring:
        return "none: the majorities are transitive"
    weak = next((t.p_value for t in report.transitivity if t.kind == "weak" and t.p_value is not None), None)
    beside = beside_what(report)
    why = "; chance makes such cycles, too, where chances are near even: this one is not tested"
    if weak is not None:
        why = "; beyond chance" if weak < LEVEL else "; no more than chance makes"
        why += f", but {_effects(beside)} may make it" if beside and weak < LEVEL else ""
    return f"most prefer {' over '.join(named(item) for item in (*ring, ring[0]))}{why}"


def _position(report: DataSetReport) -> str:
    position = report.position
    assert position is not None
    first = position.first
    said = f"the first shown was preferred in {first} of {first.total:,} (p {in_words(first.p_value)})"
    if position.advantage is not None and position.p_value is not None:
        said += (
            f"; within pairs it multiplies the odds by {position.advantage:.2f} [{position.low:.2f}, "
            f"{position.high:.2f}] (p {in_words(position.p_value)})"
        )
    return said


def _transitivity(report: DataSetReport) -> str:
    parts = []
    for test in report.transitivity:
        p = "no p-value" if test.p_value is None else f"p {in_words(test.p_value, test.draws)}"
        verdict = "" if test.p_value is None else "rejected, " if test.p_value < 0.05 else "not rejected, "
        parts.append(f"{test.kind} {verdict}{p}{'' if test.exact else ' (bound)'}")
    beside = beside_what(report)
    said = "; ".join(parts) + (f". Not corrected for {_effects(beside)}" if beside else "")
    if report.frequencies is not None:
        kinds = ("weak", "moderate", "strong")
        broken = [k for k in kinds if isinstance(report.frequencies[f"{k}_stochastic_transitivity"], Refuted)]
        said += f". The shares as they are violate {_and(broken)}" if broken else ". The shares as they are satisfy it"
    return said


def misfit_in_words(misfit: Misfit) -> str:
    """What one reward throws away, in a sentence."""
    excess = misfit.excess
    how = {"bootstrap": "by redrawing"}.get(misfit.method, misfit.method)
    return (
        f"Bradley–Terry loses {misfit.nats:.4f} nats an answer, {misfit.by_chance:.4f} of it by chance: "
        f"excess {excess.value:.4f} [{excess.low:.4f}, {excess.high:.4f}]; fit p {p_words(misfit)} ({how})"
    )


def beside_what(report: DataSetReport) -> Adjusted | None:
    """The fit beside position and length, if their effect is significant."""
    return report.adjusted if report.adjusted is not None and report.adjusted.p_value < LEVEL else None


def _effects(beside: Adjusted) -> str:
    return " or ".join(beside.names)


def _beside(found: Adjusted) -> str:
    if found.misfit is None:
        return "merit cannot be told from it: no circle of pairs was asked both ways"
    return misfit_in_words(found.misfit)


def predictions(report: DataSetReport) -> list[tuple[str, str, str, str]]:
    """Held-out predictions as rows: who predicts, wrong, points saved, nats saved (against one reward)."""
    held = report.held_out
    if held is None:
        return []
    names = {"reward": "one reward", "pair": "each pair's own share"}
    found = []
    for p in held.predictions:
        wrong, nats = p.wrong_saved, p.nats_saved
        saved = f"{100 * wrong.value:+.1f} [{100 * wrong.low:+.1f}, {100 * wrong.high:+.1f}]"
        nat = f"{nats.value:+.3f} [{nats.low:+.3f}, {nats.high:+.3f}]"
        first = p.name == "reward"
        name = names.get(p.name, f"a reward for each {p.name}")
        found.append((name, f"{100 * p.wrong:.1f} %", "" if first else saved, "" if first else nat))
    return found


def _held_out(report: DataSetReport) -> list[str]:
    held = report.held_out
    assert held is not None
    over = f"intervals over {held.clusters} judges" if held.clusters else "intervals over answers"
    lines = [f"  {'held-out predictions':<26}{'wrong':>7}   {'points saved':<20}  {'nats saved':<24}".rstrip()]
    lines += [
        f"  {name:<26}{wrong:>7}   {saved:<20}  {nat:<24}".rstrip() for name, wrong, saved, nat in predictions(report)
    ]
    return [*lines, f"  ({held.folds} folds, {over})"]


def winner(report: DataSetReport) -> str:
    """The lottery that no item beats, in a sentence."""
    found = report.winner
    assert found is not None
    if even(report):
        return "none: every compared pair is even, so all items are as good"
    names = [named(report.items[k]) for k in found.support[:6]]
    parts = [f"{name} {100 * found.probabilities[k]:.1f} %" for name, k in zip(names, found.support, strict=False)]
    parts += ["…"] if len(found.support) > 6 else []
    single = "" if found.margin is None else f", which beats every other by {100 * found.margin:.1f} points or more"
    if found.margin == 0:
        single = ", which no other beats"
    again = {score.item: score.resampled for score in report.scores}
    share = again.get(report.items[found.support[0]], float("nan"))
    unsure = f"; redrawn data give {names[0]} {100 * share:.0f} %" if isfinite(share) else ""
    return f"{', '.join(parts)}{single} (gap {found.gap:.1g}){unsure}"


def cyclic_part(report: DataSetReport) -> str:
    """How much runs in circles, in a sentence."""
    found = report.hodge
    assert found is not None
    if found.one_sided > MOST_ONE_SIDED * len(found.flow):
        return f"cannot be told: {found.one_sided:,} of {len(found.flow):,} pairs went one way only (infinite log-odds)"
    said = f"{100 * found.cyclic_share:.1f} % of the log-odds' squared norm runs in circles"
    strength = found.by_chance is not None and found.cyclic_share > 2 * found.by_chance and not report.cycles.majority
    return said + by_chance(found) + ("; no majorities do: it is misfit of strength" if strength else "")


def by_chance(found: Hodge) -> str:
    """How much of the cyclic part chance explains."""
    if found.by_chance is None:
        return ""
    if found.by_chance >= found.cyclic_share:
        return ", no more than chance makes"
    return f"; {100 * found.by_chance:.1f} % is to be expected by chance"


def _items(report: DataSetReport) -> list[str]:
    shown = report.scores[:SHOWN]
    width = max(4, *(len(named(s.item)) for s in shown))
    lines = [f"  {'item':<{width}}   score   95 % interval    winner"]
    for s in shown:
        score = f"{s.score:+6.2f}" if isfinite(s.score) else "     –"
        interval = f"[{s.low:+.2f}, {s.high:+.2f}]" if isfinite(s.low) else ""
        part = f"{100 * s.winner:6.1f} %" if s.winner > 0 else ""
        lines.append(f"  {named(s.item):<{width}}  {score}   {interval:<15} {part}".rstrip())
    if len(report.scores) > SHOWN:
        lines.append(f"  … and {len(report.scores) - SHOWN:,} more")
    return lines


def printable(text: str) -> str:
    """The text with control, format and other invisible characters written out, so that a terminal obeys none."""
    hidden = {c for c in set(text) if category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in KEPT}
    return text.translate({ord(c): c.encode("unicode_escape").decode() for c in hidden})


def number_of(number: int, what: str) -> str:
    """``1 judge``, ``2,000 judges``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _listed(items: tuple[Any, ...]) -> str:
    return ", ".join(named(item) for item in items[:4]) + (", …" if len(items) > 4 else "")


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# -- plain data -----------------------------------------------------------------------------------------------------


def as_data(report: DataSetReport) -> dict[str, Any]:
    """Every field as numbers, strings, lists and objects; NaN and infinity as ``None``."""
    data = {f.name: _data(getattr(report, f.name)) for f in fields(report) if f.name not in LEFT_OUT}
    frequencies = report.frequencies
    data["frequencies"] = frequencies and {a: type(v).__name__.lower() for a, v in frequencies.verdicts.items()}
    return data


def _data(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _data(getattr(value, f.name)) for f in fields(value) if f.name not in LEFT_OUT}
    if isinstance(value, np.ndarray):
        return _data(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_data(part) for part in value]
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    if isinstance(value, (float, Fraction, np.floating)):
        return float(value) if isfinite(value) else None
    return str(value)
