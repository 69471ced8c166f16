"""Plots as SVG that needs nothing from elsewhere.

Places along the axis are percentages and all else is pixels, so that letters keep their size in any window.
"""

from collections.abc import Iterator
from html import escape

from exporter.report.blocks import Axis, Lane, Plot, Row

LETTERS, BAR, LEAN, GAP = 20, 14, 9, 12
"""Pixels: the line of a row's label, a bar, one of several bars, the space to the next row."""
ABOVE, BELOW = 18, 22
LEFT, WIDE = 0.5, 97.0
"""Per cent: where the axis begins, and how far it reaches."""


def svg(plot: Plot, name: str) -> str:
    """One plot; ``name`` is unique on its page."""
    top = float(ABOVE if plot.axis.marks else 4)
    tall = BAR if all(len(row.lanes) == 1 for row in plot.rows) else LEAN
    steps = [LETTERS + tall * len(row.lanes) + GAP for row in plot.rows]
    bottom = top + sum(steps)
    parts = [*_ticks(plot.axis, top, bottom), *_marks(plot.axis, top, bottom)]
    for index, row in enumerate(plot.rows):
        following = plot.rows[index + 1] if plot.linked and index + 1 < len(plot.rows) else None
        parts += _row(plot, row, top, tall)
        if following is not None:
            at = _x(plot.axis, row.lanes[-1].end)
            begin = top + LETTERS + tall
            parts.append(_line(at, begin, at, begin + GAP + LETTERS, "link"))
        top += steps[index]
    said = " ".join((plot.says, *(f"{row.label or plot.title}: {row.value}." for row in plot.rows)))
    return (
        f'<svg class="plot" role="img" aria-labelledby="{name}-title {name}-desc" width="100%" '
        f'height="{bottom + BELOW:g}"><title id="{name}-title">{escape(plot.title)}</title>'
        f'<desc id="{name}-desc">{escape(said)}</desc>{"".join(parts)}</svg>'
    )


def _row(plot: Plot, row: Row, top: float, tall: int) -> Iterator[str]:
    base = top + LETTERS - 6
    for index, lane in enumerate(row.lanes):
        yield from _lane(plot, lane, top + LETTERS + index * tall, tall - (1 if len(row.lanes) > 1 else 0))
    if row.label:
        yield f'<text class="label" x="{LEFT}%" y="{base:g}">{escape(row.label)}</text>'
    yield f'<text class="value" x="{LEFT + WIDE}%" y="{base:g}" text-anchor="end">{escape(row.value)}</text>'


def _lane(plot: Plot, lane: Lane, y: float, tall: float) -> Iterator[str]:
    axis = plot.axis
    begin, end = sorted(axis.place(each) * WIDE for each in (lane.start, lane.end))
    wide = max(end - begin, 0.3 if plot.linked else 0.0)
    yield (
        f'<rect class="{lane.tone}" x="{LEFT + begin:.3f}%" y="{y:g}" width="{wide:.3f}%" height="{tall:g}" rx="2"/>'
    )
    if axis.cut and lane.tone == "total":
        yield (
            f'<svg x="{LEFT + begin + 2:.3f}%" y="{y - 2:g}" width="14" height="{tall + 4:g}">'
            f'<path class="cut" d="M1 {tall + 4:g}L7 0M7 {tall + 4:g}L13 0"/></svg>'
        )
    if lane.interval is not None:
        low, high = (_x(axis, each) for each in (lane.interval.lower, lane.interval.upper))
        middle, half = y + tall / 2, tall / 2 - 2
        for kind in ("halo", "whisker"):
            yield _line(low, middle, high, middle, kind)
            yield _line(low, middle - half, low, middle + half, kind)
            yield _line(high, middle - half, high, middle + half, kind)


def _ticks(axis: Axis, top: float, bottom: float) -> Iterator[str]:
    for value, name in axis.ticks:
        place = axis.place(value)
        anchor = "start" if place < 0.04 else "end" if place > 0.96 else "middle"
        yield _line(_x(axis, value), top, _x(axis, value), bottom, "grid")
        yield (
            f'<text class="tick" x="{_x(axis, value):.3f}%" y="{bottom + 15:g}" text-anchor="{anchor}">'
            f"{escape(name)}</text>"
        )


def _marks(axis: Axis, top: float, bottom: float) -> Iterator[str]:
    for value, name in axis.marks:
        yield _line(_x(axis, value), top, _x(axis, value), bottom, "mark")
        # The first name ends at its line and the others begin there, so that lines close to each other can be read.
        anchor = "end" if value == axis.marks[0][0] else "start"
        place = f'x="{_x(axis, value):.3f}%" y="{top - 5:g}" text-anchor="{anchor}"'
        yield f'<text class="tick" {place}>{escape(name)}</text>'


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.place(value) * WIDE


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.3f}%" y1="{y1:g}" x2="{x2:.3f}%" y2="{y2:g}"/>'
