"""What the diagnosis says of the scope that the reader chose as team: what to ask for, and what is said without it."""

from exporter.catalogue import HOUR
from exporter.model import Stage
from exporter.render.dashboards.series import largest, series

NO_DIAGNOSIS = "no diagnosis yet: it follows the first load of the history"
NO_STAGES = "no stages are compared yet: see the verdict"
NO_GAIN = "no gain is told: see the verdict"
BOUNDS = ("estimate", "lower", "upper")
BEFORE = "baseline"
"""How the legend of what was before the adoption ends."""


def told(name: str, *by: str, **matchers: str) -> str:
    """What the diagnosis of the chosen scope says, for each combination of labels."""
    return largest(series(f"sdlc_{name}", scope="$team", **matchers), *by)


def added(name: str, *stages: Stage, **matchers: str) -> str:
    """The sum over some stages, of those that there are."""
    among = "~" + "|".join(stages) if len(stages) > 1 else str(stages[0])
    return f"sum({told(name, 'stage', stage=among, **matchers)})"


def hours(expr: str) -> str:
    """Seconds as hours."""
    return f"{expr} / {HOUR}"
