"""Many trials: in chunks, over several processes; their certificates re-checked; their counts as a table."""

from __future__ import annotations

import multiprocessing
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from .recheck import rechecked
from .trial import CHECKED, run

CHUNK = 100


@dataclass(slots=True)
class Result:
    """Counts by axiom and by kind of relation, the disputes, and the seconds, summed over processes, and elapsed."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    disputes: list[str] = field(default_factory=list)
    slow: list[tuple[float, int]] = field(default_factory=list)  # seconds, index
    unknown: list[str] = field(default_factory=list)  # where z3 knows
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    busy: float = 0.0
    elapsed: float = 0.0

    def add(self, other: Result) -> None:
        self.counts += other.counts
        self.kinds += other.kinds
        self.disputes += other.disputes
        self.slow = sorted(self.slow + other.slow, reverse=True)[:5]
        self.unknown += other.unknown
        for who, seconds in other.seconds.items():
            self.seconds[who] += seconds
        self.busy += other.busy


def chunk(seed: int, indices: range, folder: Path | None = None) -> Result:
    """Runs these relations, then re-checks all their certificates in one fresh process."""
    result = Result()
    start = time.process_time()
    certificates: list[tuple[int, str, str, str]] = []
    for index in indices:
        began = time.process_time()
        trial = run(seed, index)
        result.slow.append((time.process_time() - began, index))
        result.unknown += [f"{index}: {u}" for u in trial.unknown]
        for who, seconds in trial.seconds.items():
            result.seconds[who] += seconds
        result.counts += trial.counts
        result.kinds[trial.kind] += 1
        result.disputes += trial.disputes
        certificates += [(index, *c) for c in trial.certificates]
    texts = [text for *_, text in certificates]
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"seed-{seed}-{indices.start}.jsonl"
        file.write_text("".join(t + "\n" for t in texts), encoding="utf-8")
        texts = file.read_text(encoding="utf-8").splitlines()
    began = time.monotonic()
    answers = rechecked(texts)
    result.seconds["the fresh kernel (elapsed)"] += time.monotonic() - began
    for (index, ours, axiom, text), answer in zip(certificates, answers, strict=True):
        result.counts[axiom, "re-checked"] += answer == (ours, axiom)
        if answer != (ours, axiom):
            result.disputes.append(f"relation {index} of seed {seed}: {ours} {axiom} re-checks as {answer}: {text}")
    result.slow = sorted(result.slow, reverse=True)[:5]
    result.busy = time.process_time() - start
    return result


def campaign(
    seed: int, indices: range, jobs: int, folder: Path | None = None, progress: TextIO | None = None
) -> Result:
    """All chunks of these relations, over `jobs` processes."""
    start = time.monotonic()
    total = Result()
    chunks = [indices[i : i + CHUNK] for i in range(0, len(indices), CHUNK)]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(chunk, seed, part, folder) for part in chunks]
        for done, future in enumerate(futures, 1):
            total.add(future.result())
            if progress is not None:
                progress.write(f"{done}/{len(chunks)} chunks, {len(total.disputes)} disputes\n")
                progress.flush()
    total.elapsed = time.monotonic() - start
    return total


COLUMNS = {
    "proved": "Proved",
    "refuted": "Refuted",
    "unknown": "Unknown",
    "z3 agrees": "z3 agrees",
    "cvc5 agrees": "cvc5 agrees",
    "z3 open": "z3 open",
    "cvc5 open": "cvc5 open",
    "re-evaluated": "re-evaluated",
    "re-checked": "re-checked",
}


def table(result: Result, seed: int, start: int, count: int, jobs: int) -> str:
    """The counts as Markdown."""
    return "\n".join(_lines(result, seed, start, count, jobs)) + "\n"


def _lines(result: Result, seed: int, start: int, count: int, jobs: int) -> Iterator[str]:
    yield "# Soundness campaign: random semilinear relations against raw z3 and cvc5"
    yield ""
    yield f"Seed {seed}, relations {start} to {start + count - 1}, on 1 to 5 outcomes; {jobs} processes."
    yield f"Python {platform.python_version()} on {platform.system()} {platform.machine()}."
    yield ""
    yield f"**Disagreements: {len(result.disputes)}.** {count} relations in {result.elapsed:.0f} s"
    parts = ", ".join(f"{seconds:.0f} s {name}" for name, seconds in result.seconds.items())
    yield f"({result.busy / max(1, count):.2f} s of a core each; {parts})."
    yield ""
    head = ["axiom", *COLUMNS]
    rows = [[a, *(str(result.counts[a, key]) for key in COLUMNS.values())] for a in CHECKED]
    rows.append(["all", *(str(sum(result.counts[a, key] for a in CHECKED)) for key in COLUMNS.values())])
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    for row in (head, ["-" * w for w in widths], *rows):
        yield "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
    yield ""
    yield "Open: a time-out, or, for interpolation, betweenness and acyclicity, that finitely many linear questions"
    yield "did not decide it. Re-evaluated: counterexamples, by an evaluator of the campaign's own. Re-checked:"
    yield "certificates, by the kernel, from JSON, in a fresh process without solvers."
    formulas = result.counts["formula", "z3 agrees"], result.counts["formula", "z3 open"]
    yield f"Stored formulas that z3 shows to say what the relation says: {formulas[0]} ({formulas[1]} open)."
    sampled = sum(n for (_, what), n in result.counts.items() if what == "sampled")
    yield f"Proofs of interpolation and betweenness tried at {sampled} random lotteries."
    unknown = {(a, w): n for (a, w), n in sorted(result.counts.items()) if w.startswith("Unknown, ")}
    if unknown:
        yield ""
        yield "Unknown where z3 knows: " + ", ".join(f"{a} {w[9:]} {n}" for (a, w), n in unknown.items()) + "."
    yield ""
    yield "Relations by kind: " + ", ".join(f"{k} {n}" for k, n in result.kinds.most_common()) + "."
