"""Records and JSON: the certificate format, and the type check of evidence. Trusted.

Everything is driven by the types that the records declare. A ``Fraction`` is written "p/q", a distribution as
``[[outcome index, "p/q"], …]``, a record as an object with its class under "kind", a simplex as its number of
outcomes, a tabulation as its tree. Unknown, missing and repeated fields are rejected, and so is every float.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import lru_cache
from types import UnionType
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints

from prefcore.claims import Axiom, BlackBox, Claim, Menu, Represents, Simplex
from prefcore.comparisons import Comparisons, Pair
from prefcore.distribution import Distribution, is_exact
from prefcore.evidence import Evidence
from prefcore.trees import HistoryTree, Tabulation

FORMAT = "prefcore-certificate/1"
_EXACT = re.compile(r"-?\d+(/\d+)?")


class EvidenceRejected(ValueError):
    """The evidence does not establish the claim, or is malformed."""


def alternatives(kind: Any) -> tuple[Any, ...]:
    """The members of a union, or the type itself."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


@lru_cache(maxsize=256)
def _hints(record: Any) -> dict[str, Any]:
    hints = get_type_hints(record)
    return {f.name: hints[f.name] for f in fields(record)}


def conforms(value: object, kind: Any) -> bool:
    """Whether a value has exactly the declared type, all the way down; bools are no ints, floats are nothing."""
    return _test_of(kind)(value)


Test = Callable[[Any], bool]


@lru_cache(maxsize=512)
def _test_of(kind: Any) -> Test:
    """The test of a type, made once: there may be millions of values."""
    tuples = [_tuple_test(get_args(option)) for option in alternatives(kind) if get_origin(option) is tuple]
    by_type = {option: _record_test(option) for option in alternatives(kind) if get_origin(option) is not tuple}

    def test(value: object) -> bool:
        if type(value) is tuple:
            return any(fits(value) for fits in tuples)
        return type(value) in by_type and by_type[type(value)](value)

    return test


def _tuple_test(items: tuple[Any, ...]) -> Test:
    if len(items) == 2 and items[1] is Ellipsis:
        each = _test_of(items[0])
        return lambda value: all(map(each, value))
    tests = [_test_of(item) for item in items]
    return lambda value: len(value) == len(tests) and all(fits(v) for fits, v in zip(tests, value, strict=True))


def _record_test(kind: Hashable) -> Test:
    """The test of what is of this very class already."""
    if kind is Fraction:
        return is_exact
    tests = [(name, _test_of(field)) for name, field in _hints(kind).items()] if is_dataclass(kind) else []
    return lambda value: all(fits(getattr(value, name)) for name, fits in tests)


# -- writing --------------------------------------------------------------------------------------------------------


def _encode(value: object, outcomes: Sequence[Any]) -> object:
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is Fraction:
        return _written(value)
    if type(value) is tuple:
        return [_encode(v, outcomes) for v in value]
    if type(value) is Distribution:
        return [[outcomes.index(o), _written(p)] for o, p in value.items()]
    if type(value) is Simplex:
        return len(value.outcomes)
    if type(value) is Menu:
        return {"kind": "Menu", "outcomes": len(value.outcomes), "lotteries": _encode(value.lotteries, outcomes)}
    if type(value) is Comparisons:
        place = {o: i for i, o in enumerate(value.outcomes)}
        pairs = (
            [[[[place[o], _written(p)] for o, p in x.items()] for x in pair] for pair in s]
            for s in (value.strict, value.weak)
        )
        strict, weak = pairs
        return {"kind": "Comparisons", "outcomes": len(value.outcomes), "strict": strict, "weak": weak}
    if type(value) is Tabulation:
        return _encode(value.tree, outcomes)
    if type(value) is BlackBox:
        raise ValueError(f"a claim about a black box cannot be stored as a certificate: {value.reason}")
    if is_dataclass(value) and not isinstance(value, type):
        body = {n: _encode(getattr(value, n), outcomes) for n in _hints(type(value))}
        return {"kind": type(value).__name__, **body}
    raise TypeError(f"a record cannot hold {value!r}")


def to_json(claim: Claim, evidence: Evidence) -> str:
    """The certificate of a claim and its evidence. Raises ``ValueError`` for a black box."""
    outcomes: Sequence[Any] = claim.domain.outcomes if isinstance(claim, (Axiom, Represents)) else ()
    body = {"format": FORMAT, "claim": _encode(claim, outcomes), "evidence": _encode(evidence, outcomes)}
    return json.dumps(body, separators=(",", ":"))


DIGITS = 4000  # Python converts numbers of no more than 4,300 digits at once


def _written(value: Fraction) -> str:
    sign, above, below = "-" if value < 0 else "", abs(value.numerator), value.denominator
    return sign + _digits(above) + (f"/{_digits(below)}" if below != 1 else "")


def _digits(number: int) -> str:
    parts = []
    while number >= 10**DIGITS:
        number, rest = divmod(number, 10**DIGITS)
        parts.append(str(rest).zfill(DIGITS))
    return "".join((str(number), *reversed(parts)))


def _whole(digits: str) -> int:
    sign, number = (-1, 0) if digits.startswith("-") else (1, 0)
    digits = digits.removeprefix("-")
    first = len(digits) % DIGITS
    for start in range(first - DIGITS if first else 0, len(digits), DIGITS):
        number = number * 10**DIGITS + int(digits[max(start, 0) : start + DIGITS])
    return sign * number


# -- reading --------------------------------------------------------------------------------------------------------


def _fraction(data: object) -> Fraction:
    if type(data) is not str or not _EXACT.fullmatch(data):
        raise EvidenceRejected(f'an exact number is a string "p/q", got {data!r}')
    above, _, below = data.partition("/")
    value = Fraction(_whole(above), _whole(below or "1"))
    if _written(value) != data:
        raise EvidenceRejected(f"{data!r} is not in lowest terms")
    return value


def _menu(data: dict[str, Any]) -> Menu:
    if set(data) != {"kind", "outcomes", "lotteries"} or type(data["outcomes"]) is not int or data["outcomes"] < 1:
        raise EvidenceRejected("a Menu has a number of outcomes, and lotteries")
    return Menu(_decode(data["lotteries"], tuple[Distribution, ...]), range(data["outcomes"]))


def _comparisons(data: dict[str, Any]) -> Comparisons:
    if set(data) != {"kind", "outcomes", "strict", "weak"} or type(data["outcomes"]) is not int or data["outcomes"] < 0:
        raise EvidenceRejected("Comparisons have a number of outcomes, strict and weak pairs")
    strict, weak = (_decode(data[name], tuple[Pair, ...]) for name in ("strict", "weak"))
    return Comparisons(strict, weak, range(data["outcomes"]))


def _decode(data: Any, kind: Any) -> Any:
    options = alternatives(kind)
    if data is None and type(None) in options:
        return None
    if isinstance(data, dict):
        if Menu in options and data.get("kind") == "Menu":
            return _menu(data)
        if Comparisons in options and data.get("kind") == "Comparisons":
            return _comparisons(data)
        if Tabulation in options:
            return Tabulation.unlabelled(_decode(data, HistoryTree))
        for option in options:
            if is_dataclass(option) and isinstance(option, type) and option.__name__ == data.get("kind"):
                hints = _hints(option)
                if set(data) != {"kind", *hints}:
                    raise EvidenceRejected(f"a {option.__name__} has the fields {sorted(hints)}, got {sorted(data)}")
                return option(**{n: _decode(data[n], k) for n, k in hints.items()})
        raise EvidenceRejected(f"unexpected record of kind {data.get('kind')!r}")
    for option in options:
        if option is Simplex and type(data) is int and data >= 1:
            return Simplex(range(data))
        if option is Fraction:
            return _fraction(data)
        if option is Distribution:
            pairs = _decode(data, tuple[tuple[int, Fraction], ...])
            if not all(p > 0 for _, p in pairs):
                raise EvidenceRejected("a distribution lists positive probabilities only")
            return Distribution(pairs)
        if option in (int, str, bool) and type(data) is option:
            return data
        if get_origin(option) is tuple and type(data) is list:
            args = get_args(option)
            if len(args) == 2 and args[1] is Ellipsis:
                if args[0] is int and all(type(v) is int for v in data):
                    return tuple(data)
                return tuple(_decode(v, args[0]) for v in data)
            if len(data) == len(args):
                return tuple(_decode(v, a) for v, a in zip(data, args, strict=True))
    raise EvidenceRejected(f"expected {kind}, got {str(data)[:80]}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise EvidenceRejected("a field is given twice")
    return result


def _no_float(text: str) -> NoReturn:
    raise EvidenceRejected(f'floats are not evidence: {text} must be written exactly, as "p/q"')


def from_json(text: str) -> tuple[Claim, Evidence]:
    """The claim and evidence of a certificate, typed; raises ``EvidenceRejected`` for anything malformed."""
    try:
        body = json.loads(text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float)
        if not isinstance(body, dict) or body.get("format") != FORMAT or set(body) != {"format", "claim", "evidence"}:
            raise EvidenceRejected(f'a certificate has "format": "{FORMAT}", "claim" and "evidence", and nothing else')
        return _decode(body["claim"], Claim), _decode(body["evidence"], Evidence)
    except EvidenceRejected:
        raise
    except (
        ValueError,
        TypeError,
        ArithmeticError,
        RecursionError,
    ) as error:  # malformed JSON or records
        raise EvidenceRejected(f"the certificate is malformed: {error}") from error
