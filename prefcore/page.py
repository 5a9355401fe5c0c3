"""The HTML page of a report: one self-contained document with the table, the counterexamples and the pictures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefcore.report import Report


def fragment(report: Report) -> str:
    """The report as HTML to be shown inside a notebook."""
    return f"<pre>{escape(str(report))}</pre>"


def document(report: Report) -> str:
    """The report as a whole page."""
    return f"<!doctype html><meta charset='utf-8'><title>{escape(report.relation.name)}</title>{fragment(report)}"
