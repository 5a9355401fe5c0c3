"""Games in the kernel: what it accepts of a policy is true, by sums of Fractions that share nothing with it."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_certificates import accepted, game_certificates
from test_kernel import mutations

import prefcore as pc
from prefcore import kernel
from prefcore.certificates import load_certificate, same_claim, save_certificate
from prefcore.evidence import Enumerated, Evidence, ValueOrder
from prefcore.matrix_games import Evaluated, Response, Winner, excesses
from prefcore.records import EvidenceRejected, from_json, to_json
from prefcore.systems import Point
from prefcore.verdicts import about
from solvers.__main__ import main

F = Fraction
LABELS = sorted(game_certificates())


def chances(claim: Winner) -> list[Fraction]:
    """The probability with which each action beats the policy, for a game and a policy that are ones; else fails."""
    P, n = claim.matrix, len(claim.matrix)
    assert n and {len(row) for row in P} == {n} and len(claim.policy) == n
    assert all(P[i][j] + P[j][i] == 1 for i in range(n) for j in range(n))
    assert sum(claim.policy) == 1 and all(p >= 0 for p in claim.policy)
    return [sum((p * w for p, w in zip(row, claim.policy, strict=True)), F(0)) for row in P]


def agrees(verdict: pc.Proved | pc.Refuted) -> bool:
    assert isinstance(verdict.claim, Winner)
    if isinstance(verdict, pc.Proved):
        return verdict.evidence == Evaluated() and max(chances(verdict.claim)) <= F(1, 2)
    assert isinstance(verdict.evidence, Response)
    return chances(verdict.claim)[verdict.evidence.action] > F(1, 2)


@pytest.mark.parametrize("label", LABELS)
def test_certificates_are_accepted_and_true(label: str) -> None:
    claim, evidence = game_certificates()[label]
    verdict = kernel.check(claim, evidence)
    assert type(verdict) is (pc.Proved if evidence == Evaluated() else pc.Refuted)
    assert agrees(verdict)
    assert "von Neumann winner" in about(claim) and about(claim) in repr(verdict)


@pytest.mark.parametrize("label", LABELS)
def test_files(label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claim, evidence = game_certificates()[label]
    text = to_json(claim, evidence)
    assert from_json(text) == (claim, evidence) and to_json(*from_json(text)) == text
    path = save_certificate(kernel.check(claim, evidence), tmp_path / "winner.json")
    assert load_certificate(path, claim) == kernel.check(claim, evidence)
    assert main(["verify", str(path)]) == 0
    assert "von Neumann winner" in capsys.readouterr().out
    for other, (different, _) in game_certificates().items():
        assert same_claim(claim, different) is (other == label)
        if other != label:
            with pytest.raises(EvidenceRejected, match="another claim"):
                load_certificate(path, different)
    path.write_text(text.replace('"kind":"Winner"', '"kind":"Loser"'))
    assert main(["verify", str(path)]) == 1


@pytest.mark.parametrize("label", LABELS)
def test_mutated_evidence_is_rejected_or_shows_the_same(label: str) -> None:
    claim, evidence = game_certificates()[label]
    body = json.loads(to_json(claim, evidence))
    rejected = 0
    for mutated in (
        *mutations(body["evidence"]),
        {"kind": "Evaluated"},
        *({"kind": "Response", "action": k} for k in range(-3, 4)),
    ):
        verdict = accepted(json.dumps({**body, "evidence": mutated}))
        rejected += verdict is None
        assert verdict is None or (agrees(verdict) and verdict.claim == claim)
        assert verdict is None or type(verdict.evidence) is type(evidence)
    assert rejected > 15


@pytest.mark.parametrize("label", LABELS)
def test_a_mutated_claim_is_decided_only_as_it_is(label: str) -> None:
    body = json.loads(to_json(*game_certificates()[label]))
    rejected = 0
    for mutated in mutations(body["claim"]):
        verdict = accepted(json.dumps({**body, "claim": mutated}))
        rejected += verdict is None
        assert verdict is None or agrees(verdict)
    assert rejected > 100


numbers = st.sampled_from([F(x) for x in ("0", "1/2", "1/3", "1", "2/3", "-1", "2")])


@given(st.integers(1, 4), st.data())
@settings(max_examples=300, deadline=None)
def test_small_games(n: int, data: st.DataObject) -> None:
    """Skew ones, and now and then one entry that is not; distributions, and now and then something else."""
    P = [[F(1, 2)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            P[i][j] = data.draw(numbers)
            P[j][i] = 1 - P[i][j]
    weights = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(any))
    policy = [F(w, sum(weights)) for w in weights]
    if data.draw(st.integers(0, 4)) == 0:
        P[data.draw(st.integers(0, n - 1))][data.draw(st.integers(0, n - 1))] += data.draw(numbers)
    if data.draw(st.integers(0, 4)) == 0:
        policy[data.draw(st.integers(0, n - 1))] += data.draw(numbers)
    claim = Winner(tuple(map(tuple, P)), tuple(policy))
    for evidence in (Evaluated(), *map(Response, range(-1, n + 1))):
        try:
            verdict = kernel.check(claim, evidence)
        except EvidenceRejected:
            try:
                beaten = [p > F(1, 2) for p in chances(claim)]
            except AssertionError:
                continue
            if isinstance(evidence, Response):
                assert not 0 <= evidence.action < n or not beaten[evidence.action]
            else:
                assert any(beaten)
            continue
        assert agrees(verdict)


def forged(numerator: Any, denominator: Any) -> Fraction:
    """A Fraction that no arithmetic gives."""
    made: Any = object.__new__(Fraction)
    made._numerator, made._denominator = numerator, denominator
    return made


class Half(Fraction):
    pass


BAD: list[Any] = [1.0, 0.5, 1, True, "1", None, float("nan"), forged(1, -1), forged(2, 4), forged(1, 0), Half(1, 2)]
BAD += [forged(-1, -2), (F(1, 2),), [F(1, 2)]]


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_what_is_not_exact_or_no_record_is_rejected(bad: Any) -> None:
    half, one = F(1, 2), F(1)
    rejected: list[tuple[Any, Any]] = [
        (Winner(((bad,),), (one,)), Evaluated()),
        (Winner(((half, bad), (half, half)), (half, half)), Evaluated()),
        (Winner(((half,),), (bad,)), Evaluated()),
        (Winner(((half, half), (half, half)), (half, bad)), Evaluated()),
        (Winner(((half, half), (half, half)), bad), Evaluated()),
        (Winner(bad, (one,)), Evaluated()),
        (Winner((bad,), (one,)), Evaluated()) if bad != (half,) else (bad, Evaluated()),
        (Winner(((half, one), (F(0), half)), (F(0), one)), Response(bad) if type(bad) is not int else bad),
        (Winner(((half, one), (F(0), half)), (F(0), one)), bad),
        (bad, Evaluated()),
    ]
    for claim, evidence in rejected:
        with pytest.raises(EvidenceRejected):
            kernel.check(claim, evidence)


class Mine(Winner):
    pass


def test_what_is_no_game_or_no_policy_is_rejected() -> None:
    claim, evidence = game_certificates()["a cycle"]
    P, policy = claim.matrix, claim.policy
    wrong = [
        Winner((), ()),
        replace(claim, matrix=P[:2]),
        replace(claim, matrix=(*P, P[0])),
        replace(claim, matrix=(P[0], P[1], P[2][:2])),
        replace(claim, matrix=(*P[:2], (*P[2][:2], F(0)))),
        replace(claim, policy=policy[:2]),
        replace(claim, policy=(*policy, F(0))),
        replace(claim, policy=(F(4, 11), F(3, 11), F(3, 11))),
        replace(claim, policy=(F(8, 11), F(6, 11), F(-3, 11))),
        replace(claim, policy=(F(0), F(0), F(0))),
        Mine(P, policy),
    ]
    for different in wrong:
        for given_ in (evidence, Response(0), Response(1), Response(2)):
            with pytest.raises(EvidenceRejected):
                kernel.check(different, given_)
    others: tuple[Evidence, ...] = (Enumerated(), ValueOrder(), Point(policy))
    for other in others:
        with pytest.raises(EvidenceRejected):
            kernel.check(claim, other)


def test_numbers_of_many_digits() -> None:
    tiny = F(1, 10**5000)
    P = ((F(1, 2), F(1, 2) + tiny), (F(1, 2) - tiny, F(1, 2)))
    assert isinstance(kernel.check(Winner(P, (F(1), F(0))), Evaluated()), pc.Proved)
    beaten = Winner(P, (1 - tiny, tiny))
    assert isinstance(kernel.check(beaten, Response(0)), pc.Refuted)
    with pytest.raises(EvidenceRejected):
        kernel.check(beaten, Evaluated())
    assert from_json(to_json(beaten, Response(0))) == (beaten, Response(0))


def test_two_hundred_actions_take_well_under_a_second() -> None:
    generator = random.Random(5)
    n = 200
    P = [[F(1, 2)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            P[i][j] = F(generator.random())
            P[j][i] = 1 - P[i][j]
    weights = [generator.randrange(1, 10**1000) for _ in range(n)]
    claim = Winner(tuple(map(tuple, P)), tuple(F(w, sum(weights)) for w in weights))
    found = chances(claim)
    best = max(range(n), key=found.__getitem__)
    start = time.process_time()
    assert isinstance(kernel.check(claim, Response(best)), pc.Refuted)
    with pytest.raises(EvidenceRejected, match="beats"):
        kernel.check(claim, Evaluated())
    assert time.process_time() - start < 0.6
    assert [x > 0 for x in excesses(claim.matrix, claim.policy)] == [p > F(1, 2) for p in found]
