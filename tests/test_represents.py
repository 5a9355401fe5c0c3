"""Representations in the kernel: no wrong vector of utilities is proved, whatever the relation."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest
from kernel_oracle import THREE, U, V, W, formulas, process
from systems_oracle import ONE, ZERO, A, B, F, certificates, point, proof, representation, represents, vector

import prefcore as pc
from prefcore import kernel
from prefcore.axioms import NEVER
from prefcore.claims import Achievable, BlackBox, Menu, Represents, Simplex
from prefcore.evidence import Counterexample, Refutation
from prefcore.records import EvidenceRejected
from prefcore.representations import difference
from prefcore.search.hulls import hull_of
from prefcore.search.semilinear import Deadline, decide


def test_a_black_box_is_never_represented() -> None:
    box: Any = BlackBox("reward", lambda A, B: A.expect(U) <= B.expect(U), "a box")
    claim = Represents(box, vector(U), Simplex(range(3)))
    for evidence in (*(e for _, e in certificates().values()), Counterexample(A, B), Counterexample(B, A)):
        with pytest.raises(EvidenceRejected):
            kernel.check(claim, evidence)


@pytest.mark.parametrize("name", sorted(formulas()))
def test_a_vector_is_proved_only_if_it_orders_lotteries_as_the_relation_does(name: str) -> None:
    rng = Random(name)
    proved = 0
    fixed = [vector(), vector(U), vector(V), vector(U, V), vector(V, U), vector(U, V, W), vector(U, W), vector(U, U)]
    drawn = [tuple(tuple(F(rng.randint(-2, 3)) for _ in THREE) for _ in range(rng.randint(1, 2))) for _ in range(12)]
    for utilities in (*fixed, *drawn):
        claim = representation(name, utilities)
        right = represents(claim)
        for definitions in (False, True):
            differs = difference(claim.relation, utilities)
            try:
                found = decide(NEVER, hull_of(claim.domain, differs), Deadline.after(5), definitions)
            except ValueError:  # a product is beyond this finder
                continue
            if isinstance(found, Refutation):
                proved += 1
                assert isinstance(kernel.check(claim, found), pc.Proved) and right
    assert (proved > 0) is (name in ("reward", "tie", "collapsed", "indifference"))


def test_scaling_shifting_and_repeating_change_nothing() -> None:
    for scale, shift in product((ONE, F(7, 3), F(1, 10**20)), (ZERO, F(-5, 11))):
        moved = tuple(tuple(scale * v + shift for v in u) for u in vector(U, V))
        for utilities in (moved, (*moved, *moved), (moved[0], moved[0], moved[1])):
            claim = representation("tie", utilities)
            assert represents(claim) and isinstance(kernel.check(claim, proof(claim)), pc.Proved)
        for utilities in (moved[::-1], tuple(tuple(-v for v in u) for u in moved)):
            claim = representation("tie", utilities)
            assert not represents(claim)
            for _, evidence in certificates().values():
                try:
                    assert isinstance(kernel.check(claim, evidence), pc.Refuted)
                except EvidenceRejected:
                    continue


def test_malformed_representations_are_rejected() -> None:
    good, evidence = certificates()["represented by a vector"]
    (u, v) = good.utilities
    bad: list[Any] = [((), ()), (u[:2], v), ((*u, ONE), v), ([*u], v), [u, v], None, (u, None), ((u,), v), u]
    for utilities in bad:
        with pytest.raises(EvidenceRejected):
            kernel.check(replace(good, utilities=utilities), evidence)
    none: Any = None
    for domain in (Simplex(range(2)), Simplex(range(4)), Simplex(()), none, Menu((), THREE), Achievable(none)):
        with pytest.raises(EvidenceRejected):
            kernel.check(replace(good, domain=domain), evidence)
    with pytest.raises(EvidenceRejected):  # on a process, lotteries come with the policies that achieve them
        kernel.check(representation("reward", vector(V), process()), Counterexample(point(0), point(1)))
    refuted = kernel.check(*certificates()["not represented where achieved"])
    assert isinstance(refuted, pc.Refuted) and len(refuted.policies) == 2
