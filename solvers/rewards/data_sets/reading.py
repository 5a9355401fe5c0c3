"""Streaming readers of preference data: CSV, JSONL and PrefLib files, or judgements from memory, into a ``Tally``.

* CSV: a header with ``winner`` and ``loser``, and if there are any ``tie``, ``judge``, ``context``, ``weight``,
  ``first`` (which of the two was shown first) or ``position`` (at which of 1 and 2 the winner was shown),
  ``winner_length`` and ``loser_length``. Separators are commas, semicolons or tabs, as the header has them; quotes
  and line breaks inside quotes are as in RFC 4180. ``chosen`` and ``rejected`` are texts, as in JSONL.
* JSONL: an object a line with ``chosen`` and ``rejected``, strings or lists of chat messages, and mostly ``prompt``;
  or with the names of CSV. Texts of different prompts are different items, and the prompt is the context.
* PrefLib .soc, .soi, .toc, .toi (Mattei and Walsh 2013): after lines with ``#``, ``count: 3,{1,4},2`` is an order,
  the best first, braces around ties. Each order compares every two items that it lists; what it does not list it does
  not compare.

A file is read once, in blocks; a line that cannot be read is named by its number.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from prefcore.pictures.svg import shortened
from prefcore.words import nearest
from solvers.rewards.data_sets.jsonl import read_jsonl, text_row
from solvers.rewards.data_sets.preflib import read_preflib
from solvers.rewards.data_sets.tally import (
    Arguments,
    Judgement,
    Malformed,
    MalformedRecord,
    Shown,
    Tally,
    check_text,
    fault,
)

__all__ = ["Judgement", "Malformed", "MalformedRecord", "count", "read"]

Progress = Callable[[int, int], None]  # bytes (or records) done, and in all (0: unknown)

BLOCK = 1 << 20  # characters that are read at once
BATCH = 1 << 16  # records from memory
REQUIRED = ("winner", "loser")
OPTIONAL = ("tie", "judge", "context", "weight", "first", "position", "winner_length", "loser_length")
PLAIN = ("winner", "loser", "tie", "judge", "context")  # columns that are counted in bulk
TEXTS = ("chosen", "rejected")
YES = {"1", "true", "yes", "y", "t", "tie", "1.0"}
NO = {"", "0", "false", "no", "n", "f", "0.0"}
ORDERS = (".soc", ".soi", ".toc", ".toi")
OTHER_RECORDS = {
    "DataFrame": "pass frame.to_dict('records'), with the columns of a CSV file",
    "TextIOWrapper": "pass its path",
    "BufferedReader": "pass its path",
    "StringIO": "write it to a file and pass its path",
}
OTHER = {
    ".wmd": "PrefLib's .wmd holds weighted matching data, no preferences between pairs",
    ".cat": "PrefLib's .cat holds categories, no comparisons",
    ".gz": "unpack it first",
    ".zip": "unpack it first",
    ".parquet": "write it as JSONL first",
    ".xlsx": "write it as CSV first",
}


def count(
    records: Iterable[Any] | str | os.PathLike[str],
    report: bool = False,
    progress: Progress | None = None,
    tally: Tally | None = None,
) -> Tally:
    """Reads a file, or judgements from memory: ``Judgement`` objects, pairs (winner, loser), or dictionaries with the
    names of the columns.

    report: count malformed lines instead of raising ``MalformedRecord`` at the first. Raises ``ValueError`` for a file
    of another kind or without a needed column, ``FileNotFoundError``, and ``TypeError`` for records of another type.
    """
    tally = Tally() if tally is None else tally
    if isinstance(records, (str, os.PathLike)):
        read(Path(records), tally, report, progress)
    elif isinstance(records, Mapping) or type(records).__name__ in OTHER_RECORDS:
        kind = type(records).__name__
        what = OTHER_RECORDS.get(kind, "make it a list of Judgement(winner, loser, weight=count)")
        raise TypeError(f"records must be judgements, pairs or the path of a file, got a {kind}: {what}")
    elif isinstance(records, Iterable):
        _from_memory(records, tally, report, progress)
    else:
        raise TypeError(f"records must be judgements, pairs or the path of a file, got {type(records).__name__}")
    return tally


def read(path: Path, tally: Tally, report: bool = False, progress: Progress | None = None) -> None:
    """Counts a file's judgements in the tally; ``-`` is the standard input."""
    path = Path("/dev/stdin") if str(path) == "-" else path
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it")
    suffix = path.suffix.lower()
    if suffix in OTHER:
        raise ValueError(f"{path}: {OTHER[suffix]}")
    with open(path, "rb") as raw:
        head = raw.peek(4096)[:4096]
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError(f"{path} is UTF-16: write it as UTF-8")
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not start:
            return
        text = TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        size = path.stat().st_size

        def moved() -> None:
            if progress is not None and raw.seekable():
                progress(min(raw.tell(), size), size)

        moved()
        if suffix in ORDERS or (suffix not in (".csv", ".tsv", ".jsonl") and start.startswith(b"#")):
            read_preflib(text, path, tally, report, moved)
        elif suffix in (".jsonl", ".ndjson", ".json") or start.startswith(b"{"):
            if start.startswith(b"["):
                raise ValueError(f"{path} is one JSON array: write one JSON object a line (JSONL)")
            read_jsonl(text, path, tally, report, moved, json_row)
        else:
            _read_csv(text, path, tally, report, moved)
        moved()


# -- from memory ----------------------------------------------------------------------------------------------------


def _from_memory(records: Iterable[Any], tally: Tally, report: bool, progress: Progress | None) -> None:
    total = len(records) if isinstance(records, Sized) else 0
    number = 0
    stream = iter(records)
    while block := list(islice(stream, BATCH)):
        for record in block:
            number += 1
            try:
                _add_record(record, tally)
            except ValueError as error:
                tally.reject(number, str(error), str(record), "", report)
            except TypeError as error:
                raise TypeError(f"record {number}: {error}") from error
        if progress is not None:
            progress(number, total)


def _add_record(record: Any, tally: Tally) -> None:
    if isinstance(record, Judgement):
        r = record
        known = (r.winner_length is not None) + (r.loser_length is not None)
        lengths = (int(r.winner_length or 0), int(r.loser_length or 0)) if known == 2 else None
        tally.lone_lengths += known == 1
        tally.add(r.winner, r.loser, bool(r.tie), r.judge, r.context, r.weight, r.first, lengths)
        return
    if isinstance(record, dict):
        json_row(record, _label).put(tally, 1)
        return
    if isinstance(record, np.ndarray):
        record = record.tolist()
    if not isinstance(record, (tuple, list)):
        raise TypeError(
            "expected a pair (winner, loser), a Judgement, or a dictionary with winner and loser or chosen and "
            f"rejected, got {shortened(repr(record), 80)}"
        )
    if len(record) != 2:
        raise ValueError(f"a pair has a winner and a loser, got {len(record)} entries; for more use Judgement")
    fault(record[0], record[1], 1)
    tally.add(record[0], record[1])


# -- CSV ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns that are read: their names, and where they stand."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    width: int


def _read_csv(text: TextIOWrapper, path: Path, tally: Tally, report: bool, moved: Callable[[], None]) -> None:
    line, delimiter, columns = 0, ",", None
    while lines := text.readlines(BLOCK):
        first = line + 1
        if columns is None:
            delimiter, header, used = _header(lines, path)
            columns, lines, first = _columns(header, path), lines[used:], first + used
            line += used
        for rows, starts in _parsed(lines, first, delimiter, text, path, tally, report):
            _count_rows(rows, starts, columns, path, tally, report)
        line = first + len(lines) - 1  # a record that ran on has put its further lines into `lines`
        moved()


def _header(lines: list[str], path: Path) -> tuple[str, list[str], int]:
    """The separator, the names of the columns, and how many lines they took."""
    used = next((k for k, line in enumerate(lines) if line.strip()), len(lines) - 1)
    head = lines[used]
    delimiter = max(",;\t", key=head.count)
    try:
        row = next(csv.reader([head], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise MalformedRecord(used + 1, f"the header cannot be read: {error}", str(path)) from error
    return delimiter, [name.strip() for name in row], used + 1


def _columns(header: list[str], path: Path) -> _Columns:
    lowered = [name.lower() for name in header]
    needed = TEXTS if "chosen" in lowered and "winner" not in lowered else REQUIRED
    for name in needed:
        if name not in lowered:
            found = ", ".join(repr(h) for h in header)
            raise ValueError(f"{path} has no column {name!r}{nearest(name, lowered)}: its first line has {found}")
    names = [n for n in (*needed, *(("prompt",) if needed == TEXTS else ()), *OPTIONAL) if n in lowered]
    for name in names:
        if lowered.count(name) > 1:
            raise ValueError(f"{path} has {lowered.count(name)} columns named {name!r}: keep one")
    return _Columns(tuple(names), tuple(lowered.index(n) for n in names), len(header))


def _parsed(
    lines: list[str], first: int, delimiter: str, text: TextIOWrapper, path: Path, tally: Tally, report: bool
) -> Iterator[tuple[list[list[str]], Callable[[int], int]]]:
    """The rows of these lines, and at which line each begins; `lines` grows where a record runs on."""
    if not any('"' in line for line in lines):
        try:
            yield list(csv.reader(lines, delimiter=delimiter, strict=True)), lambda k: first + k
            return
        except csv.Error:
            pass  # a field that is too long: named below
    rows: list[list[str]] = []
    starts: list[int] = []
    at = 0

    def feed() -> Iterator[str]:
        nonlocal at
        while True:
            if at == len(lines):
                lines.extend(islice(text, 1))
                if at == len(lines):
                    return
            at += 1
            yield lines[at - 1]

    end, start = len(lines), 0
    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while at < end:
        start = at
        try:
            row = next(reader)
        except csv.Error as error:
            yield rows, list(starts).__getitem__
            rows, starts = [], []
            tally.reject(first + start, f"no CSV: {error}", lines[start], str(path), report)
            at = start + 1  # what an unclosed quote has swallowed is read again
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
            continue
        rows.append(row)
        starts.append(first + start)
    yield rows, starts.__getitem__


def _count_rows(
    rows: list[list[str]],
    starts: Callable[[int], int],
    columns: _Columns,
    path: Path,
    tally: Tally,
    report: bool,
) -> None:
    """Counts equal rows together; where one of them is at fault, one by one, so that its line can be named."""
    pick, parse = itemgetter(*columns.places), _parser(columns.names)
    if rows and set(map(len, rows)) == {columns.width}:
        if set(columns.names) <= {*PLAIN}:
            by_name: dict[str, Any] = dict(zip(columns.names, zip(*map(pick, rows), strict=True), strict=True))
            parts = (by_name.get(name) for name in PLAIN[2:])
            if tally.add_columns(by_name["winner"], by_name["loser"], *parts):
                return
        counted = Counter(map(pick, rows))
        try:
            for field in {field for key in counted for field in key}:
                check_text(field, "a field")
            parsed = list(map(parse, counted))
        except ValueError:
            pass
        else:
            for entry, times in zip(parsed, counted.values(), strict=True):
                entry.put(tally, times)
            return
    for k, row in enumerate(rows):
        if not any(map(str.strip, row)) and len(row) < columns.width:
            continue  # a blank line
        try:
            if len(row) != columns.width:
                raise ValueError(f"{len(row)} fields, where the first line has {columns.width}")
            parse(pick(row)).put(tally, 1)
        except ValueError as error:
            tally.reject(starts(k), str(error), ",".join(row), str(path), report)


@dataclass(slots=True)
class _Entry:
    """A judgement as the arguments of ``Tally.add``."""

    arguments: Arguments
    shown: Shown = None
    lone: bool = False  # whether one length is given only

    def put(self, tally: Tally, times: int) -> None:
        tally.text = tally.text or self.shown is not None
        tally.lone_lengths += times * self.lone
        tally.empty_texts += times * (self.shown is not None and 0 in (self.arguments[7] or ()))
        tally.add(*self.arguments, times, self.shown)


def _parser(names: tuple[str, ...]) -> Callable[[tuple[str, ...]], _Entry]:
    """What makes a judgement of the fields with these names."""
    order = (*REQUIRED, *OPTIONAL)
    w, ls, t, j, c, weight, f, p, wl, ll = (names.index(name) if name in names else None for name in order)
    extra = any(place is not None for place in (weight, f, p, wl, ll))

    def labelled(key: tuple[str, ...]) -> _Entry:
        assert w is not None and ls is not None
        winner, loser = key[w], key[ls]
        tie = t is not None and key[t] != "0" and truth(key[t])
        judge = None if j is None else key[j] or None
        context = None if c is None else key[c] or None
        if not extra:
            if winner == loser or not winner or not loser:
                fault(winner, loser, 1)
            return _Entry((winner, loser, tie, judge, context, 1, None, None))
        given = {name: key[k] for k, name in enumerate(names)}
        return _Entry((winner, loser, tie, judge, context, *_rest(given, winner, loser)), lone=_lone(given))

    def texts(key: tuple[str, ...]) -> _Entry:
        return _Entry(*text_row(dict(zip(names, key, strict=True)), truth, _rest))

    return texts if names[0] == TEXTS[0] else labelled


def json_row(record: dict[str, Any], plain: Callable[[Any, str], Any] | None = None) -> _Entry:
    """A judgement from an object with the names of the columns. plain: what reads a label; by default strings and
    numbers only.
    """
    named, written = [n for n in REQUIRED if n in record], [n for n in TEXTS if n in record]
    if named and written:
        both = f"{written[0]!r} and {named[0]!r}"
        raise ValueError(f"there are both {both}: keep winner and loser, or chosen and rejected")
    if "model_a" in record and "loser" not in record:
        raise ValueError(
            "there is no 'loser': an arena's record; write the names that stand in model_a and model_b as winner and "
            "loser, and a tie as tie: 1"
        )
    if not named:
        return _Entry(*text_row(record, truth, _rest))
    read = _plain if plain is None else plain
    given = {name: read(record[name], name) for name in (*REQUIRED, *OPTIONAL) if record.get(name) is not None}
    for name in REQUIRED:
        if name not in given:
            raise ValueError(f"there is no {name!r}")
    winner, loser = given["winner"], given["loser"]
    tie = truth(given.get("tie", ""))
    rest = _rest(given, winner, loser)
    return _Entry((winner, loser, tie, given.get("judge"), given.get("context"), *rest), lone=_lone(given))


def _lone(given: Mapping[str, Any]) -> bool:
    return len([name for name in ("winner_length", "loser_length") if given.get(name) not in (None, "")]) == 1


def _label(value: Any, name: str) -> Any:
    if not isinstance(value, Hashable):
        raise ValueError(f"{name} must be hashable, got {type(value).__name__}")
    return value


def _plain(value: Any, name: str) -> str:
    if isinstance(value, (str, int, float)):
        return value if isinstance(value, str) else str(value)
    raise ValueError(f"{name} must be a string or a number, got {type(value).__name__}")


def _rest(given: dict[str, Any], winner: str, loser: str) -> tuple[float, str | None, tuple[int, int] | None]:
    """The weight, which was shown first, and the lengths, if they are given; a judgement that is none is an error."""
    present = {name: value for name, value in given.items() if value is not None and value != ""}
    weight, first = _number(present.get("weight", 1), "weight"), present.get("first")
    if "position" in present and first is None:
        position = str(present["position"]).strip()
        if position not in ("1", "2"):
            raise ValueError(f"position must be 1 or 2, at which the winner was shown, got {position!r}")
        first = winner if position == "1" else loser
    elif "position" in present and str(present["position"]).strip() != ("1" if first == winner else "2"):
        raise ValueError(f"first is {shortened(repr(first), 80)}, and position is {present['position']!r}: give one")
    fault(winner, loser, weight, first)
    long, short = present.get("winner_length"), present.get("loser_length")
    if long is None or short is None:
        return weight, first, None
    sizes = _number(long, "winner_length"), _number(short, "loser_length")
    if min(sizes) < 0 or any(size != int(size) for size in sizes):
        raise ValueError(f"a length must be a whole number of characters, got {long} and {short}")
    return weight, first, (int(sizes[0]), int(sizes[1]))


def _number(value: Any, name: str) -> float:
    try:
        if isinstance(value, str) and not (value.isascii() and "_" not in value):
            raise ValueError
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, got {shortened(repr(value), 80)}") from None
    except OverflowError:
        raise ValueError(f"{name} must be finite, got a number of {len(str(value))} digits") from None
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return int(number) if number.is_integer() else number


def truth(word: Any) -> bool:
    """What a field says of a tie."""
    said = str(word).strip().lower()
    if said not in YES and said not in NO:
        raise ValueError(f"tie must be 0 or 1, got {word!r}")
    return said in YES
