"""The report as one HTML file without scripts or anything from elsewhere, for screens, light or dark, and paper."""

from collections.abc import Sequence
from html import escape

from exporter import looks
from exporter.report.appendix import DOCUMENT, HOME, SECTION
from exporter.report.blocks import (
    Badge,
    Block,
    Cell,
    Doubts,
    Entries,
    Facts,
    Finding,
    Heading,
    Plot,
    Points,
    Prose,
    Table,
)
from exporter.report.charts import svg

WORDY = 40
"""Characters from which on a cell may be as wide as there is room."""


def page(blocks: Sequence[Block], title: str) -> str:
    """The whole file."""
    parts: list[str] = []
    inside = False
    for index, block in enumerate(blocks):
        if isinstance(block, Heading) and block.level == 2:
            parts.append(f'{"</section>" if inside else ""}<section id="{escape(block.anchor)}">')
            inside = True
        parts.append(_part(block, f"plot-{index}"))
    parts.append("</section>" if inside else "")
    return PAGE.format(title=escape(title), style=looks.STYLE + STYLE, body="\n".join(filter(None, parts)))


def _part(block: Block, name: str) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
        case Finding():
            return (
                f'<div class="card finding">{_cell(block.verdict)}<p class="headline">{escape(block.sentence)}</p>'
                f'<p class="sub">{escape(block.meaning)}</p></div>'
            )
        case Prose():
            return f'<p class="prose">{_linked(block.text)}</p>'
        case Doubts():
            shown = (f'<p class="doubt"><b>{escape(name)}</b> {escape(said)}</p>' for name, said in block.items)
            return "".join(shown)
        case Points():
            return f'<ul class="card">{"".join(f"<li>{escape(each)}</li>" for each in block.items)}</ul>'
        case Facts():
            return _facts(block)
        case Table():
            return _table(block)
        case Entries():
            return _entries(block)
        case Plot():
            return _figure(block, name)


def _linked(said: str) -> str:
    return escape(said).replace(DOCUMENT, f'<a href="{HOME}#{SECTION.lower()}">{DOCUMENT}</a>')


def _facts(facts: Facts) -> str:
    cells = []
    for each in facts.facts:
        name = f'<a href="#def-{each.key}">{escape(each.name)}</a>' if each.key else escape(each.name)
        cells.append(f"<div><dt>{name}</dt><dd>{_split(each.value) if facts.large else escape(each.value)}</dd></div>")
    return f'<dl class="{"tiles" if facts.large else "card lines"}">{"".join(cells)}</dl>'


def _split(value: str) -> str:
    """The estimate large, and what follows it small: its bounds, or why there is none."""
    cut = min((value.index(each) for each in (" (", ": ", " per ") if each in value), default=len(value))
    rest = value[cut:].removeprefix(":").strip()
    return f"<b>{escape(value[:cut])}</b>" + (f"<span>{escape(rest)}</span>" if rest else "")


def _entries(entries: Entries) -> str:
    rows = []
    for each in entries.entries:
        note = f"<br><code>{escape(each.note)}</code>" if each.note else ""
        anchor = f' id="{escape(each.anchor)}"' if each.anchor else ""
        rows.append(f"<div{anchor}><dt>{escape(each.word)}{note}</dt><dd>{escape(each.text)}</dd></div>")
    return f'<p class="caption">{escape(entries.caption)}</p><dl class="card lines entries">{"".join(rows)}</dl>'


def _table(table: Table) -> str:
    kinds = ["num" if column in table.right else "" for column in range(len(table.heads))]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(each)}</th>' for each, kind in zip(table.heads, kinds, strict=True)
    )
    rows = []
    for index, row in enumerate(table.rows):
        cells = [_cell(each) for each in row]
        if table.links:
            cells[0] = f'<a href="{escape(table.links[index])}">{cells[0]}</a>'
        shown = (
            f'<td class="{_kind(each, kind)}">{cell}</td>' for each, cell, kind in zip(row, cells, kinds, strict=True)
        )
        rows.append(f"<tr>{''.join(shown)}</tr>")
    caption = escape(table.caption)
    title = "" if table.plain else f'<p class="caption">{caption}</p>'
    return (
        f'{title}<div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _kind(value: Cell, kind: str) -> str:
    return "wordy" if isinstance(value, str) and len(value) > WORDY and not kind else kind


def _cell(value: Cell) -> str:
    if isinstance(value, Badge):
        return f'<span class="badge {value.tone}">{escape(value.word)}</span>'
    return f"<code>{escape(value)}</code>" if value.startswith("sdlc_") else escape(value)


def _figure(plot: Plot, name: str) -> str:
    keys = "".join(f'<span><i class="{tone}"></i>{escape(word)}</span>' for tone, word in plot.legend)
    cut = "<span><b>//</b> the axis does not begin at 0</span>" if plot.axis.cut else ""
    legend = f'<p class="legend">{keys}{cut}</p>' if keys or cut else ""
    return (
        f'<figure class="card"><figcaption><b>{escape(plot.title)}</b>'
        f'<span class="sub">{escape(plot.says)}{_thin(plot)}</span>'
        f"</figcaption>{legend}{svg(plot, name)}</figure>"
    )


def _thin(plot: Plot) -> str:
    bounded = any(lane.interval for row in plot.rows for lane in row.lanes)
    return " Thin lines are 90 % intervals." if bounded else ""


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>{style}</style></head>
<body><main>
{body}
</main></body></html>
"""

STYLE = """
section{margin-top:44px;border-top:1px solid var(--line)}section h2{font-size:20px;margin:24px 0 12px}
section h3{margin:28px 0 10px}h2,h3{break-after:avoid}.prose{margin:8px 0 14px;max-width:80ch;overflow-wrap:anywhere}
.finding .headline{font-size:19px;line-height:1.4;margin:10px 0 6px;font-weight:600;max-width:70ch;
overflow-wrap:anywhere}
.tiles{margin-bottom:12px}.tiles b{display:block;font-size:20px;font-weight:600;line-height:1.3;margin:4px 0 0}
.tiles span{color:var(--dim);font-size:13px;font-variant-numeric:tabular-nums}dt a{color:inherit;
text-decoration:underline dotted 1px var(--dim);text-underline-offset:3px}
.lines{margin-top:0}.lines div{display:grid;grid-template-columns:200px 1fr;gap:2px 20px;padding:5px 0}
.lines dd{overflow-wrap:anywhere}ul.card{padding-left:36px;overflow-wrap:anywhere}
.doubt{margin:0 0 8px;padding:9px 14px;border-radius:8px;background:var(--busy-bg);border-left:4px solid var(--busy);
overflow-wrap:anywhere}.doubt b{color:var(--busy);margin-right:4px}
figure{margin:0 0 12px;break-inside:avoid}figcaption b,figcaption span{display:block;max-width:80ch}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0 4px;font-size:13px;color:var(--dim)}
.legend i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:6px;vertical-align:-1px;
background:var(--fill)}
.plot{display:block;max-width:1000px;margin-top:8px;overflow:visible;font-size:13px}.plot text{fill:var(--text)}
.plot .value{font-variant-numeric:tabular-nums}.plot .tick{fill:var(--dim);font-size:12px}
.plot .label,.plot .value{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.plot rect{fill:var(--fill)}.less{--fill:var(--good)}.more{--fill:var(--bad)}
.total,.now{--fill:var(--link)}.before{--fill:var(--dim)}.part{--fill:var(--busy)}
.plot .whisker{stroke:var(--text);stroke-width:1.5}.plot .halo{stroke:var(--card);stroke-width:3.5}
.plot .grid{stroke:var(--line)}
.plot .link{stroke:var(--dim);stroke-dasharray:2 3}.plot .mark{stroke:var(--busy);stroke-dasharray:5 3;stroke-width:1.5}
.plot .cut{stroke:var(--card);stroke-width:3;fill:none}
.caption{margin:16px 0 6px;font-weight:600;font-size:14px}.scroll{margin-bottom:12px}.wordy{min-width:260px}
td{overflow-wrap:break-word}tr{break-inside:avoid}.lines div:target{background:var(--busy-bg)}
.entries dt{color:var(--text)}.entries code{color:var(--dim);font-size:11.5px;overflow-wrap:anywhere}
.entries div{grid-template-columns:300px 1fr;break-inside:avoid}
@media(max-width:640px){.lines div,.entries div{grid-template-columns:1fr}.wordy{min-width:180px}
.tiles b{font-size:17px}.finding .headline{font-size:17px}
.tiles div:last-child{grid-column:auto}}
@media print{body{background:none;font-size:9.5pt}main{max-width:none;padding:0}h1{font-size:16pt}
section{margin-top:24px}section h2{font-size:13pt;margin:14px 0 8px}section h3{margin:14px 0 6px}
.caption,h2,h3{break-after:avoid}.scroll{overflow:visible}.card,.tiles div{padding:8px 12px}
.card,.scroll,.tiles div{border-color:#bbb;break-inside:avoid}.entries.card{break-inside:auto}
.tiles{grid-template-columns:repeat(auto-fit,minmax(130px,1fr))}.tiles b{font-size:12pt}
.lines div{padding:2px 0;break-inside:avoid}.plot{font-size:11px}.plot .tick{font-size:10px}
.finding .headline{font-size:12pt;margin:6px 0 4px}dt,.sub,.legend,.tiles span{font-size:8.5pt}
.plot rect,.legend i,.badge,.doubt{print-color-adjust:exact;-webkit-print-color-adjust:exact}
th,td{padding:3px 8px;font-size:9pt;white-space:normal}.wordy{min-width:0}dt a{text-decoration:none}}
@page{margin:14mm}
"""
