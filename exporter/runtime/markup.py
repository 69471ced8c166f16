"""What the pages have in common: their style, sections and tables, and that whatever came from outside is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from exporter import looks


class Html(str):
    """Text that is markup already, and is not escaped again."""

    __slots__ = ()


def document(title: str, body: Iterable[str]) -> str:
    """A whole page."""
    return PAGE.format(title=escape(title), style=looks.STYLE + STYLE, body="\n".join(body))


def section(title: str, content: str, note: str = "") -> str:
    """A heading, with a remark beside it, and what stands under it."""
    said = f"<small>{escape(note)}</small>" if note else ""
    return f"<section><h2>{title}{said}</h2>{content}</section>"


def table(label: str, columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls in itself, by keyboard too, where the window is narrow.

    Of the kinds of columns, ``num`` stands to the right, and ``side`` is left out of a narrow window.
    """
    head = "".join(f'<th scope="col" class="{kind}">{title}</th>' for title, kind in zip(columns, kinds, strict=True))
    cells = (
        "".join(f'<td class="{kind}">{cell(value)}</td>' for value, kind in zip(row, kinds, strict=True))
        for row in rows
    )
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table><thead><tr>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cell(value: str) -> str:
    """Text as markup; what is markup already stays as it is."""
    return value if isinstance(value, Html) else escape(value)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>{style}</style></head>
<body><main>
{body}
</main></body></html>
"""

STYLE = """
header{display:flex;flex-wrap:wrap;gap:12px 24px;justify-content:space-between;align-items:flex-end;margin-bottom:24px}
h2 small,.more{color:var(--dim);font-size:13px;font-weight:400}
nav{display:flex;flex-wrap:wrap;gap:6px 18px}
.tiles b{display:flex;align-items:center;height:32px;font-size:22px;font-weight:600;margin:2px 0 4px;white-space:nowrap}
.tiles dd>span{color:var(--dim);font-size:13px;overflow-wrap:anywhere}
.meter{display:grid;grid-template-columns:1fr auto;gap:4px 16px;margin-top:14px;font-size:13px}
.meter span:nth-child(2){color:var(--dim)}
.meter>i{grid-column:1/-1;height:6px;border-radius:3px;background:var(--track);overflow:hidden}
.meter>i>i{display:block;height:100%;border-radius:3px;background:var(--ink)}
.note{margin:14px 0 0;padding:8px 12px;border-radius:8px;font-size:13px;overflow-wrap:anywhere;background:var(--bad-bg)}
.note b{color:var(--bad)}
td small{display:block;color:var(--dim);font-size:12px}td time{white-space:nowrap}td time{text-decoration:none}
time{text-decoration:underline dotted 1px var(--dim);text-underline-offset:3px;cursor:help}
.none{color:var(--dim)}
.ask{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;margin:0 0 12px}
.ask label{color:var(--dim);font-size:13px}
.ask input{flex:1 1 320px;min-width:0;padding:8px 12px;border:1px solid var(--line);border-radius:8px;
background:var(--card);color:var(--text);font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.ask button{padding:8px 16px;border:0;border-radius:8px;background:var(--link);color:var(--card);font:inherit;
font-size:14px;font-weight:600;cursor:pointer}
.ask input:focus-visible,.ask button:focus-visible{outline:2px solid var(--link);outline-offset:2px}
h2.path{font-size:14px;font-weight:600;margin-bottom:2px;overflow-wrap:anywhere}section>.sub{margin-bottom:12px}
.card+.scroll,.scroll+.scroll{margin-top:12px}
"""
