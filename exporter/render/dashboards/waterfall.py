"""Bars of which each begins where the one before it ended: Grafana has no such panel, and stacks these instead.

Under each bar stands another that nobody sees. Levels are never negative, since each is a sum of times, so that all
bars stand on 0 and none is cut.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from exporter.render.dashboards.panels import GREY, Panel, override, table

STEP, UNDER = "step", "under"
"""The label that tells the bars apart, and what they stand on."""
WHOLE, LESS, MORE = "whole", "shorter", "longer"
"""What is seen: the first and the last bar, and those between by the way they lead."""


class Whole(NamedTuple):
    """A bar from 0: the query of its length."""

    name: str
    length: str


class Part(NamedTuple):
    """A bar from one level to the next: queries of the level that it leads to, and of how far that is from the last."""

    name: str
    level: str
    change: str


def waterfall(
    title: str,
    about: str,
    bars: Sequence[Whole | Part],
    colours: tuple[str, str],
    *,
    unit: str,
    none: str,
    width: int,
    height: int,
    decimals: int,
) -> Panel:
    """The bars in their order, each numbered by its place; ``colours`` are of parts that lead down and up.

    Source: https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/bar-chart/
    """
    panel = table(title, about, {STEP: STEP}, _queries(bars), none=none, sort=STEP, width=width, height=height)
    seen = zip((WHOLE, LESS, MORE), (GREY, *colours), strict=True)
    panel["type"] = "barchart"
    panel["fieldConfig"] = {
        "defaults": {
            "color": {"mode": "palette-classic"},
            "custom": {"axisBorderShow": False, "axisPlacement": "auto", "fillOpacity": 80, "lineWidth": 0},
            "decimals": decimals,
            "min": 0,
            "noValue": none,
            "unit": unit,
        },
        "overrides": [
            override(
                UNDER,
                color={"fixedColor": "transparent", "mode": "fixed"},
                custom__fillOpacity=0,
                custom__hideFrom={"legend": True, "tooltip": True, "viz": False},
            ),
            *(override(name, color={"fixedColor": colour, "mode": "fixed"}) for name, colour in seen),
        ],
    }
    panel["options"] = {
        "barRadius": 0,
        "barWidth": 0.97,
        "groupWidth": 0.9,
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "orientation": "vertical",
        "showValue": "never",
        "stacking": "normal",
        "tooltip": {"mode": "multi", "sort": "none"},
        "xField": STEP,
        "xTickLabelRotation": 0,
        "xTickLabelSpacing": 0,
    }
    ordered = {"id": "sortBy", "options": {"fields": {}, "sort": [{"desc": False, "field": STEP}]}}
    panel["transformations"] = [*panel["transformations"], ordered]
    return panel


def _queries(bars: Sequence[Whole | Part]) -> Mapping[str, str]:
    """What is asked for: one value for each bar that has such a piece, and none for the others."""
    wholes, under, less, more = [], [], [], []
    for place, bar in enumerate(bars):
        if isinstance(bar, Whole):
            wholes.append(_step(place, bar.name, bar.length))
        else:
            under.append(_step(place, bar.name, f"{bar.level}\n- clamp_min({bar.change}, 0)"))
            less.append(_step(place, bar.name, f"clamp_min(0 - {bar.change}, 0)"))
            more.append(_step(place, bar.name, f"clamp_min({bar.change}, 0)"))
    return {
        name: "\nor\n".join(each)
        for name, each in ((UNDER, under), (WHOLE, wholes), (LESS, less), (MORE, more))
    }  # fmt: skip


def _step(place: int, name: str, expr: str) -> str:
    lines = "\n".join(f"  {line}" for line in expr.splitlines())
    return f'label_replace(\n{lines},\n  "{STEP}", "{place} {name}", "", ""\n)'
