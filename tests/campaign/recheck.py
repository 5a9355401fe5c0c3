"""Certificates re-checked by the kernel in a fresh process, which reads JSON lines and never loads a solver."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import prefcore

# Run by ``python -c``: one JSON string, a certificate, a line; one line of answer for each.
_WORKER = """
import json, sys
import prefcore.certificates, prefcore.kernel
from prefcore.records import EvidenceRejected, from_json
for line in sys.stdin:
    try:
        claim, evidence = from_json(json.loads(line))
        verdict = prefcore.kernel.check(claim, evidence)
        answer = [type(verdict).__name__, claim.axiom]
    except EvidenceRejected as error:
        answer = ["EvidenceRejected", str(error)]
    print(json.dumps(answer))
assert not {"z3", "cvc5", "highspy", "flint", "scipy"} & set(sys.modules), "the kernel's process has loaded a solver"
"""


def rechecked(certificates: list[str]) -> list[tuple[str, str]]:
    """For each certificate the verdict's class and its axiom, or "EvidenceRejected" and the reason.

    Raises ``RuntimeError`` if the process fails or answers less than it was asked.
    """
    if not certificates:
        return []
    done = subprocess.run(
        [sys.executable, "-c", _WORKER],
        input="".join(json.dumps(c) + "\n" for c in certificates),
        capture_output=True,
        text=True,
        cwd=Path(prefcore.__file__).parents[1],  # the very same package
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(answers) != len(certificates):
        raise RuntimeError(f"the fresh process failed after {len(answers)} certificates: {done.stderr[-2000:]}")
    return [(str(verdict), str(detail)) for verdict, detail in answers]
