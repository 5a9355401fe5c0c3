"""What else to mind: notes on how the data were read, and cautions that go with the recommendation."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import numpy as np

from prefcore.pictures.svg import shortened
from solvers.rewards.data_sets.advice import NOTEWORTHY, SEVERAL, Findings, better_group, saved
from solvers.rewards.data_sets.effects import LengthEffect, PositionEffect
from solvers.rewards.data_sets.report import Coverage, Cycles
from solvers.rewards.data_sets.tally import SHOWN, Answers, Tally

MOST_COMPARED_LABELS = 20_000
FEW_ANSWERS = 10  # of a pair, or of a judge


def notes_on(tally: Tally, answers: Answers) -> list[str]:
    """How the data were read."""
    notes = []
    if tally.not_kept:
        notes.append(
            f"{tally.not_kept:,} of {tally.total:,} judgements are about pairs that were not kept: there are more "
            f"than {tally.most_keys:,} pairs. They are missing below."
        )
    if tally.extra and bool((answers.weight != answers.records).any()):
        notes.append("Weights count as that many answers in tests and intervals.")
    if tally.judges and tally.unknown_judges:
        notes.append(f"{tally.unknown_judges:,} judgements name no judge.")
    if tally.lone_lengths:
        notes.append(f"{tally.lone_lengths:,} judgements give the length of one text only: it is not used.")
    if tally.empty_texts:
        notes.append(f"{tally.empty_texts:,} judgements are about an empty text.")
    repeated = int((answers.records - 1).sum())
    if tally.text and not tally.judges and repeated:
        notes.append(f"{repeated:,} judgements repeat another of the same two texts to the letter.")
    alike: dict[str, Any] = {}
    if not tally.text and len(tally.labels) <= MOST_COMPARED_LABELS:
        for label in tally.labels:
            key = " ".join(normalize("NFKC", str(label)).casefold().split())
            if key in alike:
                one, other = (shortened(repr(name), SHOWN) for name in (alike[key], label))
                notes.append(f"{one} and {other} are almost the same name, and count as different items.")
            alike.setdefault(key, label)
    return notes


def cautions_on(
    tally: Tally,
    coverage: Coverage,
    cycles: Cycles,
    position: PositionEffect | None,
    length: LengthEffect | None,
    found: Findings,
    method: str,
    reason: str,
) -> tuple[str, ...]:
    """What to mind whatever is done."""
    said = []
    if length is not None and (length.longer.low > 0.55 or length.longer.high < 0.45):
        which = "longer" if length.longer.share > 0.5 else "shorter"
        share = max(length.longer.share, 1 - length.longer.share)
        said.append(f"the {which} text was preferred in {100 * share:.0f} %: whatever is trained may learn length")
    if position is not None and position.advantage is not None and position.p_value is not None:
        if position.p_value < 0.01 and not 1 / 1.1 <= position.advantage <= 1.1:
            where = "first" if position.advantage > 1 else "second"
            factor = max(position.advantage, 1 / position.advantage)
            said.append(f"being shown {where} multiplies the odds by {factor:.2f}: show each pair in both orders")
    elif position is not None and position.first.p_value < 0.01:
        alike = found.beside is None or found.beside.misfit is None
        said.append(
            f"the first shown was preferred in {100 * position.first.share:.0f} %, and no pair was shown both ways: "
            f"{'merit and position cannot be told apart' if alike else 'show each in both orders'}"
        )
    held = found.held_out
    group = better_group(held)
    if group is not None and group.nats_saved.low > NOTEWORTHY and method != SEVERAL:
        said.append(f"{group.name}s differ: with a reward for each, {saved(group)}")
    chance = cycles.by_chance
    if cycles.own is not None and chance is not None and cycles.own.cyclic > chance[2]:
        said.append(
            f"more {cycles.own.kind} contain a cycle than independent answers by one reward would ({chance[0]:.0f})"
        )
    if found.untested and found.untested not in reason:
        said.append(found.untested)
    if 0.2 * coverage.comparisons < coverage.ties < coverage.comparisons:
        said.append(
            f"{100 * coverage.ties / coverage.comparisons:.0f} % are ties: use a model that has them (Davidson)"
        )
    if found.misfit is not None and found.misfit.thin:
        why = "answers a pair are few" if coverage.median < FEW_ANSWERS else "many pairs are nearly one-sided"
        said.append(f"{why}: the misfit's interval is rough")
    if tally.rankings:
        said.append("the comparisons come from orders and depend on each other: intervals are too narrow")
    if tally.malformed:
        said.append(f"{tally.malformed:,} malformed records were left out")
    return tuple(said)


def untested(answers: Answers) -> str:
    """Says that judges could not be compared, if there are some and they have few answers each."""
    judges, place = np.unique(answers.judge[answers.judge > 0], return_inverse=True)
    if len(judges) < 2:
        return ""
    each = float(np.median(np.bincount(place, answers.records[answers.judge > 0])))
    if each >= FEW_ANSWERS:
        return ""
    times = "one answer" if each == 1 else f"{each:.4g} answers"
    return f"whether judges differ cannot be tested: {len(judges):,} judges, with {times} each (median)"
