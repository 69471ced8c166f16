"""What the pages have in common: their style, sections and tables, and that whatever came from outside is escaped."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is markup already, and is not escaped again."""

    __slots__ = ()


def document(title: str, body: Iterable[str]) -> str:
    """A whole page."""
    return PAGE.format(title=escape(title), style=STYLE, body="\n".join(body))


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
:root{--ground:#f6f7f9;--card:#fff;--line:#e1e4ea;--text:#1a1f2b;--dim:#596275;--link:#1d4fd7;--track:#e8ebf0;
--good:#0f7a45;--good-bg:#e2f5ea;--bad:#b42318;--bad-bg:#fdeae8;
--busy:#8a5300;--busy-bg:#fdf1d8;--calm:#4b5468;--calm-bg:#eceff4}
@media(prefers-color-scheme:dark){:root{--ground:#0f1218;--card:#171b23;--line:#2a303c;--text:#e6e9ef;--dim:#9aa4b6;
--link:#8fb2ff;--track:#262c38;--good:#5fd39a;--good-bg:#12301f;--bad:#ff9489;--bad-bg:#3a1715;
--busy:#f0bd62;--busy-bg:#33260c;--calm:#aab3c5;--calm-bg:#242a35}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 40px}
header{display:flex;flex-wrap:wrap;gap:12px 24px;justify-content:space-between;align-items:flex-end;margin-bottom:24px}
h1{font-size:24px;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:16px;margin:36px 0 12px;display:flex;gap:10px;align-items:baseline}
h3{font-size:15px;margin:0;display:flex;flex-wrap:wrap;gap:8px;align-items:center;overflow-wrap:anywhere}
h2 small,.sub,footer,.more{color:var(--dim);font-size:13px;font-weight:400}.sub{margin:2px 0 0}
nav{display:flex;flex-wrap:wrap;gap:6px 18px}a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:0}
.tiles div,.card,.scroll,.empty{background:var(--card);border:1px solid var(--line);border-radius:10px}
.tiles div{padding:14px 16px;min-width:0}dt{color:var(--dim);font-size:13px}dd{margin:0}
.tiles b{display:flex;align-items:center;height:32px;font-size:22px;font-weight:600;margin:2px 0 4px;white-space:nowrap}
.tiles b,.num,.meter span{font-variant-numeric:tabular-nums}
.tiles dd>span{color:var(--dim);font-size:13px;overflow-wrap:anywhere}
.card{padding:16px 18px;margin-bottom:12px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px 24px;margin:14px 0 0}
.facts dd{overflow-wrap:anywhere}
.good{--ink:var(--good);--wash:var(--good-bg)}.bad{--ink:var(--bad);--wash:var(--bad-bg)}
.busy{--ink:var(--busy);--wash:var(--busy-bg)}.calm{--ink:var(--calm);--wash:var(--calm-bg)}
.badge{display:inline-block;border-radius:999px;padding:1px 9px;font-size:12px;line-height:1.5;font-weight:600;
color:var(--ink);background:var(--wash);white-space:nowrap}
.meter{display:grid;grid-template-columns:1fr auto;gap:4px 16px;margin-top:14px;font-size:13px}
.meter span:nth-child(2){color:var(--dim)}
.meter>i{grid-column:1/-1;height:6px;border-radius:3px;background:var(--track);overflow:hidden}
.meter>i>i{display:block;height:100%;border-radius:3px;background:var(--ink)}
.note{margin:14px 0 0;padding:8px 12px;border-radius:8px;font-size:13px;overflow-wrap:anywhere;background:var(--bad-bg)}
.note b{color:var(--bad)}.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse;font-size:14px}
th{color:var(--dim);font-size:13px;font-weight:500;text-align:left;white-space:nowrap}
th,td{padding:9px 16px;border-bottom:1px solid var(--line);vertical-align:top}tbody tr:last-child td{border-bottom:0}
td small{display:block;color:var(--dim);font-size:12px}td time{white-space:nowrap}
td time{text-decoration:none}.num{text-align:right;white-space:nowrap}
time{text-decoration:underline dotted 1px var(--dim);text-underline-offset:3px;cursor:help}
code,.path{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.none{color:var(--dim)}.empty{margin:0;padding:18px;color:var(--dim)}footer{margin-top:36px}
.ask{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;margin:0 0 12px}
.ask label{color:var(--dim);font-size:13px}
.ask input{flex:1 1 320px;min-width:0;padding:8px 12px;border:1px solid var(--line);border-radius:8px;
background:var(--card);color:var(--text);font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.ask button{padding:8px 16px;border:0;border-radius:8px;background:var(--link);color:var(--card);font:inherit;
font-size:14px;font-weight:600;cursor:pointer}
.ask input:focus-visible,.ask button:focus-visible{outline:2px solid var(--link);outline-offset:2px}
h2.path{font-size:14px;font-weight:600;margin-bottom:2px;overflow-wrap:anywhere}section>.sub{margin-bottom:12px}
.card+.scroll,.scroll+.scroll{margin-top:12px}
@media(max-width:640px){main{padding:20px 14px 32px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
.tiles div:last-child{grid-column:1/-1}.side{display:none}th,td{padding:8px 12px}}
"""
