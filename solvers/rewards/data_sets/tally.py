"""What is counted of a stream of judgements: pairs, groups, positions, lengths, with bounded memory.

A judgement says that its `winner` was preferred to its `loser`, or that they tied. Equal judgements are counted, not
kept, under the key (judge, context, winner, loser, tie). Where there are too many keys the context is given up first,
then the judge, and last pairs that were not seen before; `notes` says which, and how many judgements it concerns.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from math import inf, log, prod
from operator import eq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prefcore.pictures.svg import shortened

MOST_KEYS = 2_000_000  # distinct (judge, context, winner, loser, tie); about 250 bytes each
MOST_ITEMS = 2_000_000
MOST_LINES = 20  # malformed lines that are quoted
LEAST, MOST = 1e-6, 1e9  # weights; beyond, sums of them lose the small ones
SHOWN, LABEL = 80, 24  # characters of a label in an error, and in a report
BITS = 24  # of an item, a judge or a context in a packed key
MASK = (1 << BITS) - 1

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Winner, loser, tie, judge, context, weight, which was shown first, and the lengths of the two texts.
Arguments = tuple[
    Hashable, Hashable, bool, Hashable | None, Hashable | None, float, Hashable | None, tuple[int, int] | None
]
Shown = tuple[Any, Any, str] | None  # how to call winner, loser and context


class MalformedRecord(ValueError):
    """A line or record that cannot be read. `line` is its number, from 1; `reason` says what is wrong.

    ``diagnose(…, malformed="report")``, ``--malformed report`` on the command line, leaves such lines out.
    """

    def __init__(self, line: int, reason: str, source: str = "") -> None:
        what, option = ("line", "--malformed report") if source else ("record", 'malformed="report"')
        super().__init__(f"{source or 'records'}, {what} {line}: {reason} ({option} leaves such {what}s out)")
        self.line, self.reason, self.source = line, reason, source


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer: `winner` was preferred to `loser`, or they tied.

    judge: who answered. context: what the two were answers to (a prompt, a programme, a room). weight: from 1e-6 to
    1e9. first: which of the two was shown first. winner_length, loser_length: of their texts, in characters.

    Raises ``ValueError`` for an item compared with itself, a weight out of range, a `first` that is neither item, a
    length that is no whole number; ``TypeError`` for a `tie` that is neither true nor false, and unhashable labels.
    """

    winner: Hashable
    loser: Hashable
    tie: bool = False
    judge: Hashable | None = None
    context: Hashable | None = None
    weight: float = 1
    first: Hashable | None = None
    winner_length: int | None = None
    loser_length: int | None = None

    def __post_init__(self) -> None:
        fault(self.winner, self.loser, self.weight, self.first)
        if not isinstance(self.tie, (bool, np.bool_)):
            raise TypeError(f"tie must be True or False, got {self.tie!r}")
        for name in ("judge", "context"):
            label = getattr(self, name)
            if not isinstance(label, Hashable):
                raise TypeError(f"{name} must be hashable, got {type(label).__name__}")
            if label != label:
                raise ValueError(f"{name} is not a number (NaN): leave it out where it is unknown")
        for name in ("winner_length", "loser_length"):
            size = getattr(self, name)
            if size is not None and not (isinstance(size, (int, np.integer)) and size >= 0):
                raise ValueError(f"{name} must be a whole number of characters, got {size!r}")


def fault(winner: object, loser: object, weight: object, first: object = None) -> None:
    """Raises ``ValueError``/``TypeError`` if a judgement is none."""
    for name, item in (("winner", winner), ("loser", loser)):
        if item is None or item == "":
            raise ValueError(f"the {name} is empty")
        if not isinstance(item, Hashable):
            raise TypeError(f"the {name} must be hashable, got {type(item).__name__}")
        if item != item:
            raise ValueError(f"the {name} is not a number (NaN)")
    if winner == loser:
        name = shortened(repr(winner), SHOWN)
        raise ValueError(f"{name} is compared with itself: the winner and the loser must differ")
    if first is not None and first != winner and first != loser:
        raise ValueError(f"first must be the winner or the loser, got {shortened(repr(first), SHOWN)}")
    if isinstance(weight, bool) or not isinstance(weight, numbers.Real):
        raise TypeError(f"weight must be a number, got {weight!r}")
    try:
        size = float(weight)
    except OverflowError:
        size = inf
    if not LEAST <= size <= MOST:
        raise ValueError(f"weight must be a positive number from {LEAST:g} to {MOST:g}, got {size:g}")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that was left out, because ``malformed="report"`` was asked for."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The counted judgements as arrays of equal length, one entry for each judge, context, pair and outcome.

    judge, context: from 1, or 0 if unknown. winner, loser: positions in the items; of a tie the smaller comes first.
    records: how many judgements; weight: the sum of their weights.
    """

    judge: Ints
    context: Ints
    winner: Ints
    loser: Ints
    tie: NDArray[np.bool_]
    records: Ints
    weight: Floats


@dataclass(frozen=True, slots=True)
class Lengths:
    """Of judgements with text that are no ties. With d = ln((1 + winner's length) / (1 + loser's)): Σd and Σd²."""

    longer: int = 0
    shorter: int = 0
    equal: int = 0
    sum: float = 0.0
    squares: float = 0.0


@dataclass(slots=True)
class Tally:
    """Counts judgements one by one. `finer` is what is still told apart: 2 judge and context, 1 judge, 0 neither."""

    most_keys: int = MOST_KEYS
    most_items: int = MOST_ITEMS
    items: dict[Hashable, int] = field(default_factory=dict)
    labels: list[Any] = field(default_factory=list)
    judges: dict[Hashable, int] = field(default_factory=dict)
    contexts: dict[Hashable, int] = field(default_factory=dict)
    context_labels: list[str] = field(default_factory=list)
    records: dict[int, int] = field(default_factory=dict)
    extra: dict[int, float] = field(default_factory=dict)  # weight beyond 1 for each record
    shown: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    # Weights of decided answers by winner, loser, and whether the winner was first and was longer (+1) or not (-1).
    cells: dict[tuple[int, int, int, int], float] = field(default_factory=dict)
    lengths: Lengths = field(default_factory=Lengths)
    total: int = 0
    not_kept: int = 0
    unknown_judges: int = 0
    empty_texts: int = 0
    lone_lengths: int = 0  # judgements that give the length of one text only
    finer: int = 2
    malformed: int = 0
    quoted: list[Malformed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    text: bool = False  # whether the items are texts
    rankings: bool = False  # whether several comparisons come from one order

    def add(
        self,
        winner: Hashable,
        loser: Hashable,
        tie: bool = False,
        judge: Hashable | None = None,
        context: Hashable | None = None,
        weight: float = 1,
        first: Hashable | None = None,
        lengths: tuple[int, int] | None = None,
        times: int = 1,
        shown: Shown = None,
    ) -> None:
        """Counts `times` equal judgements, which :func:`fault` has passed.

        lengths: of the winner's and the loser's text. shown: how to call winner, loser and context, where what is
        given only identifies them.
        """
        i, j = self.items.get(winner), self.items.get(loser)
        if i is None or j is None:
            check_text(winner, "the winner")
            check_text(loser, "the loser")
        self.total += times
        if lengths is not None and not tie:
            self._measure(*lengths, times)
        if (i is None or j is None) and len(self.items) + 2 > self.most_items:
            self.not_kept += times
            return
        if i is None:
            i = self._item(winner, shown[0] if shown else winner)
        if j is None:
            j = self._item(loser, shown[1] if shown else loser)
        judged = self._judge(judge, judge) if judge is not None and self.finer > 0 else 0
        placed = self._context(context, shown[2] if shown else context) if context is not None else 0
        self.unknown_judges += times * (judge is None)
        low, high = (j, i) if tie and i > j else (i, j)
        kept = self._count(_packed(judged, placed, low, high, tie), times)
        if kept is None:
            return
        if weight != 1:
            self.extra[kept] = self.extra.get(kept, 0.0) + (float(weight) - 1) * times
        if first is not None and not tie:
            self.shown.setdefault((i, j), [0, 0])[0 if first == winner else 1] += times
        at = 0 if first is None else 1 if first == winner else -1
        longer = 0 if lengths is None or shown else (lengths[0] > lengths[1]) - (lengths[0] < lengths[1])
        if not tie and (at or longer):  # where items are texts, length is theirs
            self.cells[i, j, at, longer] = self.cells.get((i, j, at, longer), 0.0) + float(weight) * times

    def add_columns(
        self,
        winner: Sequence[str],
        loser: Sequence[str],
        tie: Sequence[str] | None,
        judge: Sequence[str] | None,
        context: Sequence[str] | None,
    ) -> bool:
        """Counts many judgements of weight 1 at once, a column for each part; ``""`` is an unknown judge or context.

        Answers ``False``, with nothing counted, where one of them is at fault or there is no room for all their labels:
        then they are to be counted one by one. tie: of ``"0"`` and ``"1"``.
        """
        items = {*winner, *loser}
        bad = "" in items or any(map(eq, winner, loser)) or (tie is not None and not {*tie} <= {"0", "1"})
        if bad or len(self.items) + len(items) > self.most_items:
            return False
        judge, context = judge if self.finer > 0 else None, context if self.finer > 1 else None
        judges, contexts = {*judge} if judge else set(), {*context} if context else set()
        if len(self.judges) + len(judges) >= MASK or len(self.contexts) + len(contexts) >= self.most_keys:
            return False
        try:
            for label in chain(items, judges, contexts):
                check_text(label, "a label")
        except ValueError:
            return False
        size = len(winner)
        none = np.zeros(size, dtype=np.int64)
        i, j = (_numbered(self.items, self._item, column) for column in (winner, loser))
        tied = none if tie is None else np.fromiter(map("1".__eq__, tie), np.int64, size)
        columns = [
            none if judge is None else _numbered(self.judges, self._judge, judge),
            none if context is None else _numbered(self.contexts, self._context, context),
            np.where((tied == 1) & (i > j), j, i),
            np.where((tied == 1) & (i > j), i, j),
            tied,
        ]
        sizes = [int(column.max()) + 1 for column in columns]
        if prod(sizes) >= 1 << 62:
            return False
        keys = np.ravel_multi_index(tuple(columns), sizes)
        distinct, counts = np.unique(keys, return_counts=True)
        self.total += size
        self.unknown_judges += size if judge is None else int((columns[0] == 0).sum())
        parts = (part.tolist() for part in np.unravel_index(distinct, sizes))
        for a, b, c, d, e, times in zip(*parts, counts.tolist(), strict=True):
            self._count(_packed(a, b, c, d, e), times)
        return True

    def reject(self, line: int, reason: str, text: str, source: str, report: bool) -> None:
        """Raises ``MalformedRecord``, or counts the line if only a report is wanted."""
        if not report:
            raise MalformedRecord(line, reason, source)
        self.malformed += 1
        if len(self.quoted) < MOST_LINES:
            readable = text[:120].encode("utf-8", "backslashreplace").decode()
            self.quoted.append(Malformed(line, reason, readable))

    def answers(self) -> Answers:
        """The counts as arrays, in the order in which they first came."""
        size = len(self.records)
        keys = list(self.records)

        def part(shift: int) -> Ints:
            return np.fromiter((key >> shift & MASK for key in keys), dtype=np.int64, count=size)

        records = np.fromiter(self.records.values(), dtype=np.int64, count=size)
        extra = np.fromiter((self.extra.get(key, 0.0) for key in keys), dtype=float, count=size)
        tie = np.fromiter((key & 1 for key in keys), dtype=bool, count=size)
        judge, context, winner, loser = (part(1 + BITS * place) for place in (3, 2, 1, 0))
        return Answers(judge, context, winner, loser, tie, records, records + extra)

    def _item(self, key: Hashable, label: Any) -> int:
        self.labels.append(label)
        return self.items.setdefault(key, len(self.items))

    def _judge(self, judge: Hashable, label: Any) -> int:
        known = self.judges.get(judge)
        if known is None:
            check_text(judge, "the judge")
            if len(self.judges) >= MASK:
                self._give_up(0)
                return 0
            known = self.judges[judge] = len(self.judges) + 1
        return known

    def _context(self, context: Hashable, label: Any) -> int:
        known = self.contexts.get(context)
        if known is None:
            check_text(context, "the context")
            if self.finer < 2 or len(self.contexts) >= self.most_keys:
                return 0
            known = self.contexts[context] = len(self.contexts) + 1
            self.context_labels.append(str(label))
        return known

    def _measure(self, winner: int, loser: int, times: int) -> None:
        d, old = log((1 + winner) / (1 + loser)), self.lengths
        self.lengths = Lengths(
            old.longer + times * (winner > loser),
            old.shorter + times * (winner < loser),
            old.equal + times * (winner == loser),
            old.sum + times * d,
            old.squares + times * d * d,
        )

    def _count(self, key: int, times: int) -> int | None:
        """Counts a key and returns it as it is kept; gives up the context, then the judge, until there is room."""
        if self.finer < 2:
            key = _coarse(key, self.finer)
        known = self.records.get(key)
        while known is None and len(self.records) >= self.most_keys:
            if not self.finer:
                self.not_kept += times
                return None
            self._give_up(self.finer - 1)
            key = _coarse(key, self.finer)
            known = self.records.get(key)
        self.records[key] = (known or 0) + times
        return key

    def _give_up(self, finer: int) -> None:
        self.finer = finer
        what = "Contexts were" if finer else "Judges were"
        self.notes.append(
            f"{what} not told apart: there are more than {self.most_keys:,} combinations of judge, context and pair, "
            "so what depends on them is missing here."
        )
        for name in ("records", "extra"):
            merged: dict[int, Any] = {}
            for key, value in getattr(self, name).items():
                coarse = _coarse(key, finer)
                merged[coarse] = merged.get(coarse, 0) + value
            setattr(self, name, merged)


def _numbered(table: Mapping[Hashable, int], add: Callable[[str, str], int], column: Sequence[str]) -> Ints:
    """The numbers of the labels in a column, new ones added; 0 for ``""``."""
    for label in dict.fromkeys(column):
        if label and label not in table:
            add(label, label)
    return np.fromiter(map(table.get, column, repeat(0)), dtype=np.int64, count=len(column))


def _packed(judge: int, context: int, i: int, j: int, tie: bool) -> int:
    return (((judge << BITS | context) << BITS | i) << BITS | j) << 1 | tie


def _coarse(key: int, finer: int) -> int:
    pair = key & ((1 << 2 * BITS + 1) - 1)
    return pair | (key >> 3 * BITS + 1 << 3 * BITS + 1 if finer else 0)


def check_text(label: object, what: str) -> None:
    """Raises ``ValueError`` for bytes that were no UTF-8 (read with surrogate escapes)."""
    if isinstance(label, str) and not label.isascii():
        try:
            label.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"{what} is not UTF-8 text: {label.encode('utf-8', 'backslashreplace').decode()}"
            ) from None


def named(item: Any, limit: int = LABEL) -> str:
    """An item's name on one line; quoted where blanks at its ends would not be seen."""
    text = str(item)
    return shortened(text if text == text.strip() else repr(text), limit)
