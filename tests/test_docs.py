"""The pages of the documentation run: each page's Python, from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(p.name for p in DOCS.glob("*.md") if BLOCK.search(p.read_text(encoding="utf-8")))
ELSEWHERE = {"property-tests.md"}  # a test file of its own, which test_strategies runs


def test_there_are_pages_with_code() -> None:
    assert {"utilities.md", "reward-shapes.md"} <= set(PAGES)


@pytest.mark.parametrize("page", sorted(set(PAGES) - ELSEWHERE))
def test_the_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        exec(compile(block, page, "exec"), names)
