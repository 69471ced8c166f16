"""What a dashboard is, before it is written as JSON."""

from msgspec import Struct

from exporter.render.dashboards.panels import Panel


class Row(Struct, frozen=True):
    """A question, and the panels that answer it from left to right; those of one line are equally high."""

    title: str
    panels: tuple[Panel, ...]


class Dashboard(Struct, frozen=True, kw_only=True):
    """One dashboard. ``uid`` is part of its address and never changes; ``variables`` are keys of ``VARIABLES``.

    ``pictured``: there is a preview of it in docs/images.
    """

    uid: str
    title: str
    about: str
    variables: tuple[str, ...]
    rows: tuple[Row, ...]
    since: str = "now-30d"
    pictured: bool = True


def described(panel: Panel, dashboard: Dashboard) -> Panel:
    """The panel, whose description says which of the reader's choices do not narrow it."""
    asked = [query["expr"] for query in panel.get("targets", ()) if "$team" in query["expr"]]
    offered = [name for name in ("repository", "origin") if name in dashboard.variables]
    ignored = [name for name in offered if asked and not any(f"${name}" in expr for expr in asked)]
    if not ignored:
        return panel
    return panel | {"description": f"{panel['description']} Not narrowed by the choice of {' and '.join(ignored)}."}
