"""What a panel asks Prometheus for: a metric of the catalogue, narrowed by the variables of its dashboard.

Matchers are keywords: ``state="approved"``, ``state="~awaiting_.+"`` for a pattern, ``origin="!bot"`` for all but one.
"""

from exporter.catalogue import METRICS, load

load()

SUFFIXES = ("_bucket", "_sum", "_count")
"""What Prometheus adds to a histogram's name."""


def series(name: str, over: str = "", /, **matchers: str) -> str:
    """Everything the exporter has under a name; with ``over``, the increase of a counter over that range.

    Raises:
        KeyError: the catalogue has no such metric, or it has no such label.
    """
    labels = _labels(name)
    for label in matchers:
        if label != "le" and label not in labels:
            raise KeyError(f"{name} has no label {label}")
    found = f"{name}{{{', '.join(_matcher(label, value) for label, value in {'job': '~$job', **matchers}.items())}}}"
    return f"increase({found}[{over}])" if over else found


def chosen(name: str, over: str = "", /, **matchers: str) -> str:
    """What of it the reader chose: repositories of the team, the team itself, origins, as far as it has such labels.

    A label among ``matchers`` is left to them.

    Raises:
        KeyError: the catalogue has no such metric, or it has no such label.
    """
    labels = _labels(name)
    wanted = {"origin": "~$origin"}
    wanted |= {"repository": "~$repository"} if "repository" in labels else {"team": "$team"}
    narrowed = {label: value for label, value in wanted.items() if label in labels} | matchers
    found = series(name, over, **narrowed)
    members = series("sdlc_team_repository_info", team="$team")
    return f"{found}\nand on (job, repository) {members}" if "repository" in labels else found


def threshold(unit: str, name: str) -> str:
    """A threshold as the exporter states it; ``unit`` is ``seconds``, ``ratio`` or ``changes``."""
    return largest(series(f"sdlc_threshold_{unit}", name=name))


def total(what: str, *by: str) -> str:
    """The sum, for each combination of these labels."""
    return _aggregated("sum", what, by)


def largest(what: str, *by: str) -> str:
    """The largest, for each combination of these labels."""
    return _aggregated("max", what, by)


def smallest(what: str, *by: str) -> str:
    """The smallest, for each combination of these labels."""
    return _aggregated("min", what, by)


def share(part: str, whole: str, *by: str) -> str:
    """Which share of a whole a part is: 0 where there is none of it, absent where there is no whole."""
    return f"""\
(
{_indented(total(part, *by))}
  or
{_indented(total(whole, *by))} * 0
)
/
({total(whole, *by)} > 0)"""


def mean(histogram: str, over: str, *by: str, **matchers: str) -> str:
    """The mean of a histogram's readings within a range, absent where there are none."""
    sums, counts = (chosen(f"{histogram}{each}", over, **matchers) for each in ("_sum", "_count"))
    return f"{total(sums, *by)}\n/ ({total(counts, *by)} > 0)"


def _aggregated(how: str, what: str, by: tuple[str, ...]) -> str:
    body = f"(\n{_indented(what)}\n)" if "\n" in what else f"({what})"
    return f"{how} by ({', '.join(by)}) {body}" if by else f"{how}{body}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _matcher(label: str, value: str) -> str:
    sign = value[: len(value) - len(value.lstrip("!~"))]
    return f'{label}{sign if sign == "!~" else sign + "=" if sign == "!" else "=" + sign}"{value[len(sign) :]}"'


def _labels(name: str) -> tuple[str, ...]:
    if name not in METRICS:
        name = next((name.removesuffix(each) for each in SUFFIXES if name.endswith(each)), name)
    return METRICS[name].labels
