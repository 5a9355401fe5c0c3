"""Pairs of texts, as preference data for language models come: ``prompt``, ``chosen``, ``rejected``.

A text is a string or a list of chat messages ``{"role": …, "content": …}``. Where there is no prompt it is what both
texts begin with: the messages that agree, or up to the last ``Assistant:`` of a written-out dialogue. What is left is
the response, whose characters are its length. A response is known by a digest of its prompt and itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from hashlib import blake2b
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

from prefcore.pictures.svg import shortened
from solvers.rewards.data_sets.tally import Arguments, Shown, Tally

SHOWN = 48  # characters of a text
BLOCK = 1 << 22
TURN = "\n\nAssistant:"  # in written-out dialogues


class Entry(Protocol):
    """A judgement that can be counted."""

    def put(self, tally: Tally, times: int) -> None:
        """Counts it `times` times."""


def read_jsonl(
    text: TextIOWrapper,
    path: Path,
    tally: Tally,
    report: bool,
    moved: Callable[[], None],
    parse: Callable[[dict[str, Any]], Entry],
) -> None:
    """Counts one object a line."""
    line = 0
    while lines := text.readlines(BLOCK):
        for written in lines:
            line += 1
            if not written.strip():
                continue
            try:
                record = json.loads(written, object_pairs_hook=_once)
                if not isinstance(record, dict):
                    raise ValueError(f"expected an object, got {shortened(written, SHOWN)}")
                parse(record).put(tally, 1)
            except RecursionError:
                tally.reject(line, "nested too deeply", written, str(path), report)
            except json.JSONDecodeError as error:
                tally.reject(line, f"no JSON: {error.msg} at character {error.pos + 1}", written, str(path), report)
            except ValueError as error:
                tally.reject(line, str(error), written, str(path), report)
        moved()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is given twice")
    return found


def text_row(
    record: dict[str, Any],
    truth: Callable[[Any], bool],
    rest: Callable[[dict[str, Any], str, str], tuple[float, Any, tuple[int, int] | None]],
) -> tuple[Arguments, Shown]:
    """The arguments of ``Tally.add`` for a pair of texts, and how to call them."""
    for name in ("chosen", "rejected"):
        if record.get(name) is None:
            raise ValueError(f"there is no {name!r}")
    prompt, chosen, rejected = _parts(record)
    if chosen == rejected:
        raise ValueError("chosen and rejected are the same text")
    one, other = _digest(prompt, chosen), _digest(prompt, rejected)
    first = {"chosen": "winner", "rejected": "loser"}.get(str(record.get("first") or ""))
    given = {name: record.get(name) for name in ("weight", "position")}
    if record.get("first"):
        if first is None:
            raise ValueError(f"first must be 'chosen' or 'rejected', got {record['first']!r}")
        given["first"] = first
    weight, shown_first, _ = rest(given, "winner", "loser")
    first_key = {"winner": one, "loser": other}.get(shown_first)
    judge, tie = None if record.get("judge") == "" else record.get("judge"), record.get("tie")
    if not isinstance(judge, Hashable):
        raise ValueError(f"judge must be a string or a number, got {type(judge).__name__}")
    arguments: Arguments = (
        one,
        other,
        tie is not None and truth(tie),
        judge,
        _digest(prompt, "") if prompt else None,
        weight,
        first_key,
        (len(chosen), len(rejected)),
    )
    return arguments, (_label(chosen), _label(rejected), _label(prompt))


def _label(text: str) -> str:
    return shortened(text[: 4 * SHOWN], SHOWN) or "(empty)"


def _digest(prompt: str, response: str) -> bytes:
    """Sixteen bytes that tell pairs of a prompt and a response apart."""
    try:
        parts = prompt.encode(), response.encode()
    except UnicodeEncodeError:
        raise ValueError("the text is not UTF-8") from None
    return blake2b(parts[0] + b"\0" + parts[1], digest_size=16, salt=len(parts[0]).to_bytes(8, "big")).digest()


def _parts(record: dict[str, Any]) -> tuple[str, str, str]:
    """The prompt and the two responses."""
    given = record.get("prompt")
    prompt = "" if given is None else "\n".join(_messages(given, "prompt"))
    chosen, rejected = _messages(record["chosen"], "chosen"), _messages(record["rejected"], "rejected")
    same = 0
    while same < min(len(chosen), len(rejected)) - 1 and chosen[same] == rejected[same]:
        same += 1
    shared = chosen[:same]
    one, other = "\n".join(chosen[same:]), "\n".join(rejected[same:])
    if given is None:
        at = one.rfind(TURN) + len(TURN)
        if at >= len(TURN) and one[:at] == other[:at]:
            shared, one, other = [*shared, one[:at]], one[at:], other[at:]
        prompt = "\n".join(shared)
    return prompt, one, other


def _messages(value: Any, name: str) -> list[str]:
    """The texts of the messages, one for a string."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a string or a list of messages, got {type(value).__name__}")
    if not value and name != "prompt":
        raise ValueError(f"{name} has no messages")
    return [_content(message, name) for message in value]


def _content(message: Any, name: str) -> str:
    content = message.get("content") if isinstance(message, dict) else message
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise ValueError(f"a message of {name} has no 'content' that is text")
    return content
