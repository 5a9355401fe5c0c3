"""PrefLib's orders (.soc, .soi, .toc, .toi), each as the comparisons of every two items that it lists.

After metadata in lines with ``#`` comes ``count: 3,{1,4},2``: so many voters have this order, the best first, braces
around items that tie. Names stand in ``# ALTERNATIVE NAME 3: …``. Source: N. Mattei and T. Walsh, PrefLib: a
library for preferences, Algorithmic Decision Theory 2013, and the format page of preflib.org.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path

from solvers.rewards.data_sets.tally import Tally

BLOCK = 1 << 22
NAME = re.compile(r"#\s*ALTERNATIVE NAME (\d+)\s*:\s*(.*)", re.IGNORECASE)
ORDER = re.compile(r"(\d+)\s*:\s*(.+)")
PLACE = re.compile(r"\{([^{}]*)\}|([^,{}]+)")
TOTAL = re.compile(r"#\s*NUMBER ALTERNATIVES\s*:\s*(\d+)", re.IGNORECASE)


def read_preflib(text: TextIOWrapper, path: Path, tally: Tally, report: bool, moved: Callable[[], None]) -> None:
    """Counts the comparisons of each order as often as it was given."""
    names: dict[int, str] = {}
    shown: dict[int, str] = {}
    most, line, orders = 0, 0, 0
    tally.rankings = True
    while lines := text.readlines(BLOCK):
        for raw in lines:
            line += 1
            written = raw.strip()
            named, total = NAME.match(written), TOTAL.match(written)
            if named:
                names[int(named[1])] = named[2].strip() or named[1]
                shown = {}
            if total:
                most = int(total[1])
            if not written or written.startswith("#"):
                continue
            try:
                count, places = parse_order(written)
                for item in (item for place in places for item in place):
                    if not 1 <= item <= (most or item):
                        raise ValueError(f"there is no alternative {item}: the file has 1 to {most}")
            except ValueError as error:
                tally.reject(line, str(error), written, str(path), report)
                continue
            orders += count
            shown = shown or _labels(names)
            _count_order(count, [[shown.get(item, str(item)) for item in place] for place in places], tally)
        moved()
    tally.notes.append(f"{orders:,} orders were read as the comparisons of every two items that they list.")


def parse_order(written: str) -> tuple[int, list[list[int]]]:
    """How many voters, and the items that tie at each place, the best first. Raises ``ValueError``."""
    match = ORDER.fullmatch(written)
    if not match:
        raise ValueError("expected 'count: 3,{1,4},2'" + (" (an old PrefLib file)" if written[:1].isdigit() else ""))
    if int(match[1]) < 1:
        raise ValueError("the count of an order must be positive, got 0")
    body = match[2].replace(" ", "")
    found = list(PLACE.finditer(body))
    if ",".join(part[0] for part in found) != body:
        raise ValueError("expected items between commas, and braces around ties")
    places = []
    for part in found:
        words = (part[1] if part[1] is not None else part[2]).split(",")
        if not all(word.isascii() and word.isdigit() for word in words):
            raise ValueError(f"an alternative is a number, got {part[0]!r}")
        places.append([int(word) for word in words])
    items = [item for place in places for item in place]
    for item, times in Counter(items).items():
        if times > 1:
            raise ValueError(f"alternative {item} is listed twice")
    return int(match[1]), places


def _labels(names: dict[int, str]) -> dict[int, str]:
    """What to call the alternatives: by name, with the number where several have the same."""
    times = Counter(names.values())
    return {item: name if times[name] < 2 else f"{name} ({item})" for item, name in names.items()}


def _count_order(count: int, places: list[list[str]], tally: Tally) -> None:
    for k, place in enumerate(places):
        for at, item in enumerate(place):
            for tied in place[at + 1 :]:
                tally.add(item, tied, True, times=count)
            for lower in places[k + 1 :]:
                for worse in lower:
                    tally.add(item, worse, times=count)
