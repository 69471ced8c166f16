"""docs/dashboards.md, written from the rows of the dashboards."""

from collections.abc import Iterator

from exporter.render.dashboards.files import DASHBOARDS
from exporter.render.dashboards.rows import Dashboard, described

INTRODUCTION = """\
# Dashboards

Written from `exporter/render/dashboards/` by `exporter/render/dashboards/document.py`; a test keeps it equal.

The files are in `dashboards/`, for Grafana 10.4 and newer; `sdlc-exporter dashboards -o DIR` writes the same, and the
Helm chart installs them. They are read-only where they are provisioned: save a copy to change one. The address of a
dashboard, its `uid`, never changes.

- Every panel says in its description what it counts, over which time, what good looks like, and which choices do not
  narrow it: exact windows are there per team, and not for any set of repositories.
- Dashed is a threshold from the exporter's configuration; where an alert compares with it, it is the same number.
  Dotted is the own baseline over 90 days, or a figure of the industry, named with its source: context, never a target.
- `n` is how many readings a percentile rests on. Below 30 it is an anecdote.
- *Window* is 7, 28 or 90 days. Percentiles and means are exact over it from the first day on. What comes from counters
  begins with the first scrape, and needs a Prometheus that keeps as much.
- *Team* is a team of the configuration, `all` the organisation, `none` the repositories without a team. What is kept
  for the organisation only, or folded into `other`, is in `all`.
- Nobody is named. In a repository or team with a single reviewer the waits are that one's work all the same: make teams
  of three or more. Changes for each reviewer are shown from three reviewers on.
- The pictures are previews, drawn by `tools/preview` with Grafana's own libraries from a simulated quarter of a
  pretend organisation.
- Releases are shown on every page where something posts an annotation with the tag `release` to Grafana. Alerts that
  fire are shown too, except those of severity info. So is the day from which on AI counts as adopted, where a team can
  be chosen; a time range that begins later does not show it.
"""


def render() -> str:
    """All dashboards with their rows and panels, as Markdown."""
    return "\n".join([INTRODUCTION, *(line for each in DASHBOARDS for line in _dashboard(each))])


def _dashboard(dashboard: Dashboard) -> Iterator[str]:
    yield from (f"## {dashboard.title}", "", f"{dashboard.about} (`{dashboard.uid}`)", "")
    if dashboard.pictured:
        yield from (
            f"![Preview of the dashboard {dashboard.title}](images/{dashboard.uid.removeprefix('sdlc-')}.png)",
            "",
        )
    for row in dashboard.rows:
        yield from (f"### {row.title}", "")
        panels = [described(panel, dashboard) for panel in row.panels if "description" in panel]
        yield from (f"- **{panel['title']}.** {panel['description']}" for panel in panels)
        yield ""
