"""``python -m tests.campaign --seed 0 --count 10000 --jobs 2``: runs the campaign and writes its table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .runner import campaign, table

FULL, RESULTS = 10_000, Path("benchmarks/results/campaign.md")


def main() -> int:
    """Exit status 0 if nothing is disputed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="the first relation's index")
    parser.add_argument("--count", type=int, default=FULL)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--certificates", type=Path, help="a folder for the certificates, one file of JSON lines a chunk"
    )
    parser.add_argument("--out", type=Path, help=f"the table's file (from {FULL} relations on: {RESULTS})")
    options = parser.parse_args()
    last = options.start + options.count
    result = campaign(options.seed, range(options.start, last), options.jobs, options.certificates, sys.stderr)
    text = table(result, options.seed, options.start, options.count, options.jobs)
    sys.stdout.write(text)
    slowest = ", ".join(f"{index} ({seconds:.1f} s)" for seconds, index in result.slow)
    sys.stderr.write(f"slowest relations: {slowest}\n")
    sys.stderr.write("".join(f"unknown to prefcore: {u}\n" for u in result.unknown))
    for dispute in result.disputes:
        sys.stdout.write(f"\nDISPUTED {dispute}\n")
    out = options.out or (RESULTS if options.count >= FULL else None)
    if out is not None:
        out.write_text(text, encoding="utf-8")
    return 1 if result.disputes else 0


if __name__ == "__main__":
    sys.exit(main())
