"""docs/providers, written from what each service says of itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from exporter.catalogue import exported, gates
from exporter.config.services import own
from exporter.config.settings import Source
from exporter.config.strict import keys
from exporter.model import Stream
from exporter.providers import services
from exporter.providers.github import about
from exporter.providers.service import Service
from exporter.render.configuration import table_of

STREAMS = {
    Stream.CHANGES: "changes (pull requests, merge requests)",
    Stream.RUNS: "runs (of CI), with test reports",
    Stream.DEPLOYMENTS: "deployments, releases and tags",
    Stream.ISSUES: "issues and incidents",
    Stream.CODE: "code",
    Stream.FINDINGS: "findings of security scanners",
}
WRITTEN = "Written from the code by `exporter/render/providers.py`; a test keeps it equal."


class About(NamedTuple):
    """What a page is made of."""

    name: str
    title: str
    url: str
    serves: bool
    streams: Sequence[Stream]
    needs: Mapping[Stream, str]
    costs: Mapping[Stream, str]
    cannot: Sequence[str]
    service: Service | None


def pages() -> dict[str, str]:
    """Each provider's page by its file's name, and the index."""
    every = [_github(), *(_of(each) for _, each in sorted(services().items()))]
    return {"README.md": _index(every), **{f"{each.name}.md": _page(each) for each in every}}


def _github() -> About:
    streams = tuple(about.NEEDS)
    url = "https://api.github.com"
    return About("github", "GitHub", url, False, streams, about.NEEDS, about.COSTS, about.CANNOT, None)


def _of(service: Service) -> About:
    return About(
        service.name, service.title, service.url, service.serves, service.streams, service.needs, service.costs,
        service.cannot, service,
    )  # fmt: skip


def _index(every: Sequence[About]) -> str:
    rows = []
    for stream, words in STREAMS.items():
        marks = " | ".join("yes" if stream in each.streams else "" for each in every)
        rows.append(f"| {words} | {marks} |")
    heads = " | ".join(f"[{each.title}]({each.name}.md)" for each in every)
    lines = [
        "# Providers", "", WRITTEN, "",
        f"| what it tells | {heads} |", f"|---|{'---|' * len(every)}", *rows, "",
        "A service without repositories of its own tells of those of another source, which its key `of` names. One",
        "source tells a stream of a forge's repositories, not two.", "",
        "`sdlc-exporter doctor -c FILE` asks each source what its credential may read, and lists the metrics that will",
        "be missing.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _page(told: About) -> str:
    return "\n".join([*_chapters(told)]).rstrip() + "\n"


def _chapters(told: About) -> Iterator[str]:
    yield from (f"# {told.title}", "", WRITTEN, "")
    yield f"`provider: {told.name}`" + (
        "; its repositories are those of the source that `of` names." if told.serves else "."
    )
    if told.url:
        yield f"`url` is `{told.url}` unless another is written."
    elif told.service is not None:
        yield "`url` has to be written: the address that people open."
    yield from ("", "## Permissions, and what they give", "")
    yield from ("| stream | needs | metrics with it, beside those of changes |", "|---|---|---|")
    for stream in told.streams:
        names = ", ".join(f"`{name}`" for name in _metrics(stream))
        yield f"| `{stream}` | {told.needs.get(stream, '')} | {names} |"
    yield from ("", "## What is asked, and how often", "", "| stream | requests |", "|---|---|")
    for stream in told.streams:
        yield f"| `{stream}` | {told.costs.get(stream, '')} |"
    yield from ("", "## What it cannot tell", "", *(f"- {_sentence(each)}" for each in told.cannot), "")
    if told.service is not None:
        yield from _keys(told.service)


def _metrics(stream: Stream) -> list[str]:
    """Metrics that need a stream, and beside it changes at the most."""
    allowed = {Stream.CHANGES, stream}
    return [
        row.name
        for row in exported()
        if any(stream in way and set(way) <= allowed for way in gates(row))
        and not any(stream not in way and set(way) <= allowed for way in gates(row))
    ]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:].rstrip(".") + "."


def _keys(service: Service) -> Iterator[str]:
    mine = own(service)
    yield from ("## Keys", "", "Keys of its own:", "", *table_of(service.options), "")
    common = ", ".join(f"`{name}`" for name in keys(Source) if name in mine and name not in keys(service.options))
    yield f"Of [those of every source](../configuration.md) it takes {common}."
