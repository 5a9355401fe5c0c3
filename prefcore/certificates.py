"""Certificates on disk: a claim and its evidence in JSON, re-checked by the kernel alone.

The format is in ``docs/certificate-format.md``. Files are written to a temporary name and renamed, so a reader never
sees half of one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from prefcore import kernel
from prefcore.claims import Achievable, Axiom, Claim, Domain, HasUtility, Menu, Optimal, Represents, Simplex, Solvable
from prefcore.comparisons import Comparisons
from prefcore.matrix_games import Winner
from prefcore.records import EvidenceRejected, from_json, to_json
from prefcore.stochastic import ChoiceAxiom, PairwiseAxiom
from prefcore.verdicts import Proved, Refuted


def write_atomically(path: str | os.PathLike[str], text: str) -> Path:
    """Writes a text file under a temporary name in the same folder and renames it; returns its path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=target.name, suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def save_certificate(verdict: Proved | Refuted, path: str | os.PathLike[str]) -> Path:
    """Stores what a verdict rests on. Raises ``TypeError`` for Unknown, ``ValueError`` for a black box."""
    if not isinstance(verdict, (Proved, Refuted)):
        raise TypeError("only a Proved or Refuted verdict has a certificate")
    return write_atomically(path, to_json(verdict.claim, verdict.evidence))


def load_certificate(path: str | os.PathLike[str], claim: Claim | None = None) -> Proved | Refuted:
    """Re-checks a stored certificate with the kernel; outcomes come back by index.

    With `claim`, it must be about that very claim. Raises ``EvidenceRejected`` for a certificate that is malformed,
    about another claim, or proves nothing; ``OSError`` if the file cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise EvidenceRejected(f"the certificate is not text: {error}") from error
    stored, evidence = from_json(text)
    if claim is not None and not same_claim(stored, claim):
        raise EvidenceRejected("the certificate is about another claim")
    return kernel.check(stored, evidence)


def _same_domain(stored: Domain, domain: Domain) -> bool:
    if isinstance(stored, Achievable) and isinstance(domain, Achievable):
        return stored.process.tree == domain.process.tree
    if isinstance(stored, Menu) and isinstance(domain, Menu):
        index = {o: i for i, o in enumerate(domain.outcomes)}
        return stored.lotteries == tuple(x.map(index.__getitem__) for x in domain.lotteries)
    return isinstance(stored, Simplex) and isinstance(domain, Simplex) and len(stored.outcomes) == len(domain.outcomes)


def same_claim(stored: Claim, claim: Claim) -> bool:
    """Whether a stored claim is the given one, outcomes being known by their index."""
    if isinstance(stored, Axiom) and isinstance(claim, Axiom):
        same = (stored.axiom, stored.relation, stored.value) == (claim.axiom, claim.relation, claim.value)
        return same and _same_domain(stored.domain, claim.domain)
    if isinstance(stored, Optimal) and isinstance(claim, Optimal):
        same_process = stored.process.tree == claim.process.tree
        return same_process and (stored.relation, stored.policy) == (claim.relation, claim.policy)
    if isinstance(stored, Represents) and isinstance(claim, Represents):
        same = (stored.relation, stored.utilities) == (claim.relation, claim.utilities)
        return same and _same_domain(stored.domain, claim.domain)
    if isinstance(stored, HasUtility) and isinstance(claim, HasUtility):
        index = {o: i for i, o in enumerate(claim.comparisons.outcomes)}
        strict, weak = (
            [(A.map(index.__getitem__), B.map(index.__getitem__)) for A, B in pairs]
            for pairs in (claim.comparisons.strict, claim.comparisons.weak)
        )
        return stored.comparisons == Comparisons(strict, weak, range(len(index)))
    return stored == claim if isinstance(stored, (PairwiseAxiom, ChoiceAxiom, Solvable, Winner)) else False
