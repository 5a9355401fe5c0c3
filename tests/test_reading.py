"""Reading preference data: every format against a reader of its own, every malformed line by its number."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.rewards.data_sets.progress import bar
from solvers.rewards.data_sets.reading import count
from solvers.rewards.data_sets.tally import Judgement, MalformedRecord, Tally

Counts = Counter[tuple[Any, Any, Any, Any, bool]]


def counted(tally: Tally) -> Counts:
    """Judge, context, winner, loser (of a tie in the order of names) and tie, with how often."""
    answers = tally.answers()
    judges = {k: name for name, k in tally.judges.items()}
    found: Counts = Counter()
    for k in range(len(answers.records)):
        pair = [tally.labels[answers.winner[k]], tally.labels[answers.loser[k]]]
        tie = bool(answers.tie[k])
        context = answers.context[k]
        placed = tally.context_labels[context - 1] if context else None
        pair = sorted(pair) if tie else pair
        found[judges.get(int(answers.judge[k])), placed, pair[0], pair[1], tie] += int(answers.records[k])
    return found


def written(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# -- CSV ------------------------------------------------------------------------------------------------------------

labels = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=6)
rows = st.tuples(st.one_of(st.just(""), labels), st.one_of(st.just(""), labels), labels, labels, st.booleans()).filter(
    lambda row: row[2] != row[3]
)


@given(st.lists(rows, min_size=1, max_size=30), st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_csv_counts_what_the_standard_reader_reads(
    tmp_path_factory: pytest.TempPathFactory, table: list[Any], delimiter: str, end: str
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end)
    writer.writerow(["judge", "context", "winner", "loser", "tie"])
    writer.writerows([*row[:4], int(row[4])] for row in table)
    path = written(tmp_path_factory.mktemp("csv"), b"\xef\xbb\xbf" + buffer.getvalue().encode())
    expected: Counts = Counter()
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=delimiter):
            pair = [row["winner"], row["loser"]]
            pair = sorted(pair) if row["tie"] == "1" else pair
            expected[row["judge"] or None, row["context"] or None, pair[0], pair[1], row["tie"] == "1"] += 1
    assert counted(count(path)) == expected


@given(st.lists(rows, min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_counting_in_bulk_is_counting_one_by_one(table: list[Any]) -> None:
    columns: list[Any] = [list(column) for column in zip(*table, strict=True)]
    judge, context, winner, loser, tie = columns
    bulk, single = Tally(), Tally()
    assert bulk.add_columns(winner, loser, ["01"[t] for t in tie], judge, context)
    for j, c, w, lo, t in table:
        single.add(w, lo, t, j or None, c or None)
    assert counted(bulk) == counted(single)
    assert (bulk.total, bulk.unknown_judges) == (single.total, single.unknown_judges)


def test_every_column_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "loser,winner,weight,position,first,winner_length,loser_length,note\n"
        "b,a,2.5,1,,10,0,x\na,b,1,2,,3,3,\nb,a,,,b,,,\nb,a,,,,7,,\n",
    )
    tally = count(path)
    answers = tally.answers()
    assert answers.weight.sum() == 2.5 + 1 + 1 + 1 and answers.records.sum() == 4
    assert tally.shown == {(0, 1): [1, 1], (1, 0): [0, 1]}  # a is item 0: shown first, and second; b second
    assert (tally.lengths.longer, tally.lengths.shorter, tally.lengths.equal) == (1, 0, 1)


LONG = "a" * 96 + ",b\n"
MALFORMED = [  # the lines after the header, the line at fault, why, and how many records are left
    ("a,a\n", 2, "compared with itself", 0),
    ("a,b\n,b\n", 3, "the winner is empty", 1),
    ("a,b\n\n\na,b,c\n", 5, "3 fields, where the first line has 2", 1),
    ("a,b\nc\n", 3, "1 fields", 1),
    ('a,b\n"x\ny",b\nc,c\n', 5, "compared with itself", 2),  # after a line break inside quotes
    ('a,b\n"x,b\nc,d\n', 3, "no CSV", 2),
    ('a,b\n"x"y,b\n', 3, "no CSV", 1),
    (b"a,b\n\xff,b\n", 3, "not UTF-8", 1),
    (LONG * 20_001 + "c,c\n" + LONG, 20_003, "compared with itself", 20_002),  # in a later block
]


@pytest.mark.parametrize(("body", "line", "reason", "left"), MALFORMED)
def test_a_malformed_line_is_named_and_the_others_are_kept(
    tmp_path: Path, body: str | bytes, line: int, reason: str, left: int
) -> None:
    path = written(tmp_path, b"winner,loser\n" + (body if isinstance(body, bytes) else body.encode()))
    with pytest.raises(MalformedRecord, match=reason) as caught:
        count(path)
    assert caught.value.line == line and f"line {line}:" in str(caught.value)
    tally = count(path, report=True)
    assert [bad.line for bad in tally.quoted] == [line] and tally.malformed == 1
    assert tally.total == left == sum(tally.records.values())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("a,b,2,1,1,,", "tie must be 0 or 1"),
        ("a,b,0,0,1,,", "weight must be a positive"),
        ("a,b,0,-1,1,,", "weight must be a positive"),
        ("a,b,0,nan,1,,", "weight must be finite"),
        ("a,b,0,many,1,,", "weight must be a number"),
        ("a,b,0,1,3,,", "position must be 1 or 2"),
        ("a,b,0,1,,c,", "first must be the winner or the loser"),
        ("a,b,0,1,2,a,", "first is 'a', and position is '2'"),
        ("a,b,0,1e19,1,,", "weight must be a positive number from 1e-06 to 1e"),
        ("a,b,0,1e-320,1,,", "weight must be a positive number from 1e-06 to 1e"),
        ("a,b,0,1_000,1,,", "weight must be a number"),
        ("a,b,0,１２,1,,", "weight must be a number"),
    ],
)
def test_a_field_out_of_range_is_named(tmp_path: Path, fields: str, reason: str) -> None:
    path = written(tmp_path, f"winner,loser,tie,weight,position,first,judge\nx,y,0,1,1,,\n{fields}\n")
    with pytest.raises(MalformedRecord, match=f"line 3: {reason}"):
        count(path)


def test_an_unclosed_quote_loses_no_other_line(tmp_path: Path) -> None:
    path = written(tmp_path, 'winner,loser\n"a,b\n' + "c,d\n" * 5000)
    tally = count(path, report=True)
    assert (tally.total, tally.malformed) == (5000, 1)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("d.csv", "winner,looser\na,b\n", "no column 'loser' .*did you mean 'looser'"),
        ("d.csv", "winner,loser,winner\na,b,c\n", "2 columns named 'winner'"),
        ("d.csv", "winner,loser\n".encode("utf-16"), "UTF-16"),
        ("d.wmd", "1,2\n", "matching data"),
        ("d.csv.gz", "x", "unpack"),
        ("d.json", '[{"chosen": "a"}]', "one JSON object a line"),
    ],
)
def test_a_file_of_another_kind_is_an_error(tmp_path: Path, name: str, text: str | bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        count(written(tmp_path, text, name))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.csv"):
        count(tmp_path / "nothing.csv")
    with pytest.raises(ValueError, match="folder"):
        count(tmp_path)


# -- bounded memory, progress ---------------------------------------------------------------------------------------


def test_what_is_not_kept_is_said_and_nothing_is_lost() -> None:
    tally = Tally(most_keys=60)
    for k in range(4000):
        i, j = k % 5, (k // 5) % 5 + 5
        tally.add(f"i{i}", f"i{j}", judge=f"j{k % 7}", context=f"c{k % 11}")
    assert tally.finer == 0 and len(tally.notes) == 2 and len(tally.records) == 25
    assert "Contexts were not told apart" in tally.notes[0] and "Judges were" in tally.notes[1]
    assert sum(tally.records.values()) == tally.total == 4000
    for k in range(200):
        tally.add(f"new{k}", "i0")
    assert tally.not_kept == 200 - 35
    assert sum(tally.records.values()) + tally.not_kept == tally.total == 4200


def test_weights_survive_the_merging_of_contexts() -> None:
    tally = Tally(most_keys=3)
    for k in range(10):
        tally.add("a", "b", judge="j", context=k, weight=1.5)
    assert tally.answers().weight.sum() == 15


def test_progress_runs_to_the_end_and_is_off_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "winner,loser\n" + LONG * 30_000)
    seen: list[tuple[int, int]] = []
    count(path, progress=lambda done, total: seen.append((done, total)))
    size = path.stat().st_size
    assert seen == sorted(seen) and len(seen) > 2 and seen[-1] == (size, size)
    assert capsys.readouterr() == ("", "")
    stream = io.StringIO()
    draw = bar(stream)
    for done, total in [*seen, seen[-1]]:
        draw(done, total)
    assert stream.getvalue().count("\n") == 1 and "100 %" in stream.getvalue()


def test_a_larger_file_takes_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for blocks in (4, 10):
        path = tmp_path / f"{blocks}.csv"
        with path.open("w") as file:
            file.write("judge,winner,loser\n")
            for k in range(blocks):
                file.write("".join(f"judge-{m % 50},item-{m % 13},other-{m % 7}-{k % 3}\n" for m in range(20_000)))
        tracemalloc.start()
        assert count(path).total == 20_000 * blocks
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


# -- JSONL ----------------------------------------------------------------------------------------------------------


def jsonl(folder: Path, *records: Any) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return written(folder, "\n".join(lines) + "\n", "data.jsonl")


def test_texts_of_different_prompts_are_different_items(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        {"prompt": "p", "chosen": "yes", "rejected": "no"},
        {"prompt": "q", "chosen": "yes", "rejected": "no", "judge": 0},
        "",
        {"prompt": "p", "chosen": "no", "rejected": "yes"},
        {"prompt": "p", "chosen": "no", "rejected": "yes", "first": "rejected"},
    )
    tally = count(path)
    assert tally.text and tally.labels == ["yes", "no", "yes", "no"]
    assert tally.context_labels == ["p", "q"] and list(tally.judges) == [0]
    assert (tally.lengths.longer, tally.lengths.shorter) == (2, 2) and tally.shown == {(1, 0): [0, 1]}


CHAT = [{"role": "user", "content": "p"}]
SAME = {"prompt": "p", "chosen": "yes!", "rejected": "no"}
LAYOUTS = [
    SAME,
    {"prompt": CHAT, "chosen": [{"role": "assistant", "content": "yes!"}], "rejected": [{"content": "no"}]},
    {"chosen": [*CHAT, {"content": "yes!"}], "rejected": [*CHAT, {"content": [{"type": "text", "text": "no"}]}]},
]


@pytest.mark.parametrize("record", LAYOUTS)
def test_the_layouts_of_the_ecosystem_are_one(tmp_path: Path, record: Any) -> None:
    tally = count(jsonl(tmp_path, SAME, record))
    assert len(tally.labels) == 2 and tally.total == 2 and list(tally.records.values()) == [2]


def test_texts_in_csv_are_those_in_jsonl(tmp_path: Path) -> None:
    table = written(tmp_path, 'prompt\tchosen\trejected\np\t"yes\n!"\tno\np\tno\t"yes\n!"\n', "data.tsv")
    lines = jsonl(
        tmp_path, *({"prompt": "p", "chosen": a, "rejected": b} for a, b in (("yes\n!", "no"), ("no", "yes\n!")))
    )
    one, other = count(table), count(lines)
    assert (one.items, one.records, one.lengths) == (other.items, other.records, other.lengths) and one.text


def test_the_prompt_of_a_written_dialogue_is_what_both_share(tmp_path: Path) -> None:
    start = "\n\nHuman: hello\n\nAssistant:"
    tally = count(jsonl(tmp_path, {"chosen": f"{start} good day", "rejected": f"{start} go"}))
    assert tally.labels == ["good day", "go"] and tally.lengths.longer == 1 and len(tally.contexts) == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ('{"prompt": "p", "chosen": "a"', "no JSON"),
        ("[1]", "expected an object"),
        ({"prompt": "p", "chosen": "a"}, "no 'rejected'"),
        ({"prompt": "p", "chosen": "a", "rejected": "a"}, "the same text"),
        ({"prompt": "p", "chosen": "a", "rejected": 3}, "string or a list of messages"),
        ({"prompt": "p", "chosen": [{"role": "x"}], "rejected": "b"}, "no 'content'"),
        ({"winner": "a"}, "no 'loser'"),
        ({"winner": "model_a", "model_a": "x", "model_b": "y"}, "model_a and model_b as winner and loser"),
        ({"chosen": "a", "rejected": "b", "winner": "c", "loser": "d"}, "both 'chosen' and 'winner'"),
        ('{"winner": "a", "loser": "b", "loser": "c"}', "'loser' is given twice"),
        ({"chosen": [], "rejected": "b"}, "chosen has no messages"),
        ({"winner": "a", "loser": "b", "weight": 10**400}, "weight must be finite"),
        ({"winner": "a", "loser": "b", "weight": 0}, "weight must be a positive"),
        ({"prompt": "p", "chosen": "a", "rejected": "b", "weight": 0}, "weight must be a positive"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_malformed_object_is_named_by_its_line(tmp_path: Path, record: Any, reason: str) -> None:
    path = jsonl(tmp_path, SAME, record, SAME)
    with pytest.raises(MalformedRecord, match=f"line 2: .*{reason}"):
        count(path)
    tally = count(path, report=True)
    assert (tally.total, tally.malformed) == (2, 1)


# -- PrefLib --------------------------------------------------------------------------------------------------------

HEAD = "# FILE NAME: x.toi\n# NUMBER ALTERNATIVES: 4\n" + "".join(
    f"# ALTERNATIVE NAME {k}: {name}\n" for k, name in enumerate(("Ann", "Bo", "Ann", "Dé"), 1)
)
NAMES = {1: "Ann (1)", 2: "Bo", 3: "Ann (3)", 4: "Dé"}


def test_orders_give_their_pairs(tmp_path: Path) -> None:
    orders = {"60: 3,1,{2,4}": [[3], [1], [2, 4]], "7: {1,2}": [[1, 2]], "1: 4, 2": [[4], [2]]}
    tally = count(written(tmp_path, HEAD + "\n".join(orders) + "\n", "x.toi"))
    expected: Counts = Counter()
    for line, places in orders.items():
        where = {item: k for k, place in enumerate(places) for item in place}
        for a, b in combinations(where, 2):
            above, below = (a, b) if where[a] <= where[b] else (b, a)
            tie = where[a] == where[b]
            pair = sorted((NAMES[above], NAMES[below])) if tie else [NAMES[above], NAMES[below]]
            expected[None, None, pair[0], pair[1], tie] += int(line.split(":")[0])
    assert counted(tally) == expected and "68 orders" in tally.notes[0]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("3,1,2", "expected 'count:.*old PrefLib"),
        ("2: 1,5", "no alternative 5"),
        ("2: 1,{2,3", "braces around ties"),
        ("2: 1,1", "listed twice"),
        ("0: 1,2", "must be positive"),
        ("2: a,b", "a number"),
    ],
)
def test_a_malformed_order_is_named_by_its_line(tmp_path: Path, order: str, reason: str) -> None:
    path = written(tmp_path, f"{HEAD}1: 1,2\n{order}\n", "x.soi")
    with pytest.raises(MalformedRecord, match=f"line 8: .*{reason}"):
        count(path)


# -- from memory ----------------------------------------------------------------------------------------------------


def test_pairs_and_judgements_from_memory() -> None:
    records = [("a", "b"), Judgement("b", "a", judge=1, weight=2), Judgement("a", "b", tie=True), [(1, 2), (3, 4)]]
    tally = count(iter(records))
    assert tally.labels == ["a", "b", (1, 2), (3, 4)] and tally.total == 4
    assert tally.answers().weight.tolist() == [1, 2, 1, 1]


def test_records_that_are_none() -> None:
    with pytest.raises(MalformedRecord, match="record 2: 'b' is compared with itself") as caught:
        count([("a", "b"), ("b", "b")])
    assert caught.value.line == 2
    with pytest.raises(MalformedRecord, match="record 1: a pair has"):
        count([("a", "b", "c")])
    for wrong in (["ab"], [3], [({}, "a")], [{1, 2}]):
        with pytest.raises(TypeError, match="record 1"):
            count(wrong)
    not_records: Any = 3
    with pytest.raises(TypeError, match="records must be"):
        count(not_records)
    long: list[Any] = [("x" * 1_000_000,) * 2]
    with pytest.raises(MalformedRecord) as told:
        count(long)
    assert len(str(told.value)) < 300 and 'malformed="report"' in str(told.value)
    with pytest.raises(MalformedRecord, match="NaN"):
        count([("a", float("nan"))])
    for weight, first in ((0.0, None), (float("inf"), None), (1.0, "c")):
        with pytest.raises(ValueError):
            Judgement("a", "b", weight=weight, first=first)


class DataFrame(dict[str, list[str]]):
    """What pandas calls its tables."""


@pytest.mark.parametrize(
    ("records", "advice"),
    [
        (Counter({("a", "b"): 300, ("b", "a"): 100}), r"Judgement\(winner, loser, weight=count\)"),
        (DataFrame(winner=["a"], loser=["b"]), r"to_dict\('records'\)"),
        (io.StringIO("winner,loser\na,b\n"), "pass its path"),
        (io.TextIOWrapper(io.BytesIO(b"winner,loser\na,b\n")), "pass its path"),
    ],
)
def test_what_holds_records_in_another_way_is_refused_with_what_to_do(records: Any, advice: str) -> None:
    with pytest.raises(TypeError, match=advice):
        count(records)


def test_dictionaries_and_rows_of_arrays_are_records() -> None:
    records: list[Any] = [
        {"winner": 1, "loser": 2, "judge": "x", "weight": 2, "note": []},
        np.array([2, 1]),
        {"winner": 1, "loser": 2, "tie": True, "winner_length": 3},
    ]
    tally = count(records)
    assert tally.labels == [1, 2] and tally.total == 3 and tally.answers().weight.sum() == 4
    assert tally.lone_lengths == 1 and list(tally.judges) == ["x"]
    texts = count([{"prompt": "p", "chosen": "yes", "rejected": ""}] * 2)
    assert texts.text and texts.total == 2 and texts.empty_texts == 2


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"tie": "0"}, TypeError),
        ({"tie": 2}, TypeError),
        ({"tie": "no"}, TypeError),
        ({"judge": ["x"]}, TypeError),
        ({"context": {}}, TypeError),
        ({"judge": float("nan")}, ValueError),
        ({"winner_length": -1, "loser_length": 2}, ValueError),
        ({"loser_length": 1.5}, ValueError),
        ({"weight": 1e10}, ValueError),
        ({"weight": 10**400}, ValueError),
        ({"weight": 1e-320}, ValueError),
    ],
)
def test_a_judgement_says_which_of_its_fields_is_wrong(given: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(given))):
        Judgement("a", "b", **given)


def test_a_pipe_is_read_like_a_file() -> None:
    for text, total in (("winner,loser\na,b\nb,a\n", 2), ('{"winner": "a", "loser": "b"}\n', 1), ("", 0)):
        code = "from solvers.rewards.data_sets.reading import count; print(count('-', progress=print).total)"
        done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == str(total)
