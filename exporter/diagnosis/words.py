"""Durations, shares and intervals as people read them."""

from exporter.statistics.interval import Interval

HOUR = 3600


def span(interval: Interval) -> str:
    """An interval of seconds in hours or days: ``4.1 h (2.0 to 6.3)``."""
    unit, size = ("d", 86400) if max(map(abs, interval)) >= 72 * HOUR else ("h", HOUR)
    shown = [_figures(value / size) for value in interval]
    return f"{shown[0]} {unit} ({shown[1]} to {shown[2]})"


def share(ratio: float) -> str:
    """A share in per cent, with a decimal below ten: ``4.1%``, ``41%``."""
    return f"{ratio * 100:.1f}%" if 0 < abs(ratio) < 0.0995 else f"{ratio * 100:.0f}%"


def _figures(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 9.95 else f"{value:.0f}"
