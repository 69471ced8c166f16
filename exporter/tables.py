"""Columns of text for the terminal."""

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows under their heads, each column as wide as it needs; columns numbered in ``right`` end flush."""
    everything = [tuple(heads), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in everything) for column in range(len(heads))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  " + "  ".join(cells).rstrip()

    rule = "  " + "  ".join("-" * width for width in widths)
    return "\n".join([line(everything[0]), rule, *(line(row) for row in everything[1:])])
