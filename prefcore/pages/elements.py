"""The elements of an HTML page: its style, the marks of verdicts, figures, and the words of axioms."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from prefcore.claims import BlackBox
from prefcore.pictures.counterexamples import MIXED
from prefcore.pictures.svg import XMLNS, plain
from prefcore.verdicts import Proved, Refuted, Unknown

if TYPE_CHECKING:
    from prefcore.report import Report

MARKS: dict[type[Any], tuple[str, str]] = {
    Proved: ("✓", "proved"),
    Refuted: ("✗", "refuted"),
    Unknown: ("?", "unknown"),
}
PRIMES = {"αA+(1-α)C": "A′ = ", "αB+(1-α)C": "B′ = ", "αA+(1-α)B": "M = "}  # as the pictures name the mixtures
_INDEPENDENT = (
    " The dashed blue curve is the one through B mixed with C: by independence the curve through B′ lay there."
)

STYLE = """
.prefcore{color:#1a1a1a;background:#fff;max-width:820px;font:15px/1.5 'Helvetica Neue',Arial,'Liberation Sans',
'DejaVu Sans',sans-serif;padding:.1em 1em}
.prefcore h1{font-size:1.75em;line-height:1.2;margin:.6em 0 .1em;font-weight:600;overflow-wrap:anywhere}
.prefcore h2{font-size:1.2em;margin:1.9em 0 .5em;padding-bottom:.2em;border-bottom:1px solid #c9ced4;font-weight:600}
.prefcore h3{font-size:1em;margin:1.4em 0 .2em;font-weight:600}
.prefcore p{margin:.35em 0;overflow-wrap:anywhere}
.prefcore .quiet{color:#535c66}
.prefcore code{font:13px/1.4 'DejaVu Sans Mono',Menlo,Consolas,monospace;background:#f2f4f6;padding:.05em .35em;
border-radius:3px}
.prefcore table{border-collapse:collapse;width:100%;margin:.8em 0;background:#fff;font-size:14px}
.prefcore th,.prefcore td{text-align:left;vertical-align:top;padding:.42em .9em .42em 0;
border-bottom:1px solid #e3e6ea;overflow-wrap:anywhere}
.prefcore thead th{border-bottom:1.5px solid #4a525b;font-weight:600}
.prefcore tbody th{font-weight:600;white-space:nowrap}
.prefcore td:nth-child(2){min-width:15em}
.prefcore .verdict{white-space:nowrap;font-weight:600}
.prefcore .mark{display:inline-block;width:1.35em;height:1.35em;line-height:1.35em;text-align:center;
margin-right:.45em;border:1.5px solid;border-radius:50%;font-size:.86em}
.prefcore .proved{color:#08519c}
.prefcore .refuted{color:#b3420b}
.prefcore .unknown{color:#535c66}
.prefcore figure{margin:.7em 0 1.2em}
.prefcore figure svg{max-width:100%;height:auto;display:block}
.prefcore figcaption{color:#535c66;font-size:13.5px;margin-top:.2em}
.prefcore .formula{white-space:nowrap}
.prefcore .lotteries{padding-left:1.2em}
.prefcore .lotteries span{display:inline-block;margin-right:1.6em}
.prefcore .lotteries .formula{display:inline;margin:0}
.prefcore ul{margin:.4em 0;padding-left:1.3em}
.prefcore li{margin:.2em 0}
.prefcore pre{font:13px/1.45 'DejaVu Sans Mono',Menlo,Consolas,monospace;background:#f6f7f9;padding:.7em .9em;
overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.prefcore .policies{width:auto}
.prefcore .policies th,.prefcore .policies td{padding:.25em 1.6em .25em 0}
.prefcore .policies td:nth-child(2){min-width:0}
.prefcore.prefcore.prefcore :is(tr,th,td){background:#fff;text-align:left;vertical-align:top}
.prefcore.prefcore.prefcore table{table-layout:auto;color:inherit;font-size:14px}
.prefcore.prefcore :is(h1,h2,h3,p,li,pre,code):not(.quiet){color:inherit}
@media print{.prefcore{max-width:none;padding:0;font-size:11pt;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
.prefcore figure svg{width:78%}
.prefcore section,.prefcore figure,.prefcore tr,.prefcore li{break-inside:avoid}
.prefcore h2,.prefcore h3{break-after:avoid}}
"""


def unique(prefix: str, *texts: str) -> str:
    """An id that begins with `prefix` and goes with these texts."""
    return prefix + blake2b("\0".join(texts).encode(), digest_size=5).hexdigest()


def spoken(axiom: str) -> str:
    """The name of an axiom in words."""
    return axiom.replace("_", " ")


def formulas(text: str) -> str:
    """The text with its mixtures kept on one line each."""
    safe = plain(text)
    for mixture in PRIMES:
        safe = safe.replace(mixture, f'<span class="formula">{mixture}</span>')
    return safe


def figure(svg: str, caption: str) -> str:
    """An SVG picture inside a page, with its caption."""
    return f"<figure>{inline(svg)}<figcaption>{plain(caption)}</figcaption></figure>"


def drawn_figure(report: Report, drawn: Callable[[], str], caption: str) -> str:
    """A picture with its caption, or the reason why there is none."""
    try:
        svg = drawn()
    except Exception as error:
        # A black box may raise anything where nobody has asked it yet; the rest of the report stands.
        if not isinstance(report.traced, BlackBox):
            raise
        return f'<p class="quiet">No picture: the relation raised {plain(f"{type(error).__name__}: {error}")}.</p>'
    return figure(svg, caption + (_INDEPENDENT if f'stroke-dasharray="{MIXED}"' in svg else ""))


def inline(svg: str) -> str:
    """The ``<svg>`` element without what may stand before it in a file, and without the namespace that HTML knows."""
    return svg[max(svg.find("<svg"), 0) :].replace(f" {XMLNS}", "", 1)
