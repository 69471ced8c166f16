"""Asks each source what its credential may read, at a few requests each, and tells which metrics will be missing.

Nothing is stored. A source that cannot be asked stops no other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import json

from exporter import wiring
from exporter.catalogue import exported, gates
from exporter.config import Config
from exporter.config.contradictions import has_repositories, served
from exporter.config.settings import Source as SourceSettings
from exporter.errors import ExporterError
from exporter.model import Repository, Stream
from exporter.providers import services
from exporter.providers.base import Home, Request, Wanted
from exporter.providers.github import findings as github_findings
from exporter.providers.github.about import NEEDS
from exporter.providers.github.deployments import DeploymentsOf
from exporter.providers.github.issues import issues
from exporter.providers.github.runs import Runs
from exporter.providers.service import Client
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane
from exporter.runtime.selection import Selection
from exporter.tables import table

OK = "ok"
UNREACHABLE = "check url, ca_file, and the way to the host; the credential was not tried"
NEVER = 1 << 40
"""Seconds: nothing changed since then, so that an answer tells only whether it may be read."""
NAMED = 8
"""Metrics that a line names."""


@dataclass
class Finding:
    """How it went to ask for a stream, or for the repositories (no stream): a word, a sentence and a remedy."""

    stream: str
    state: str = OK
    said: str = ""
    remedy: str = ""


@dataclass
class Examined:
    """One source: how many repositories were found and are selected, what may be read, and what that leaves out."""

    source: str
    provider: str
    found: int = 0
    selected: int = 0
    requests: int = 0
    limit: str = ""
    findings: list[Finding] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything that it follows can be read."""
        return all(each.state == OK for each in self.findings)


class _Asking:
    """Requests through one source's credentials, counted; errors become findings."""

    def __init__(self, settings: SourceSettings, told: Examined) -> None:
        self.health = Health()
        self.lanes = wiring.lanes(settings, self.health)
        self.told = told
        self.now = 0

    async def first(self) -> Lane:
        """The first credential."""
        lane = (await self.lanes.lanes())[0]
        self.now = lane.clock.now()
        return lane

    async def stream(self, stream: str, requests: Sequence[Request], remedy: str) -> None:
        """How a question about a stream goes."""
        finding = Finding(stream)
        if not requests:
            said, remedy = "none of the repositories is asked about", "name some of them in the source's own keys"
            self.told.findings.append(Finding(stream, "empty", said, remedy))
            return
        try:
            lane = await self.first()
            faults = [fault for request in requests for fault in (await lane.ask(request)).faults]
            if faults:
                finding.state, finding.said = faults[0].reason, faults[0].message
        except ExporterError as error:
            finding.state, finding.said = error.reason, str(error)
        unreachable = finding.state in ("unreachable", "timeout")
        finding.remedy = "" if finding.state == OK else UNREACHABLE if unreachable else remedy
        self.told.findings.append(finding)

    async def close(self) -> None:
        """Give back the connections; note what was spent."""
        await self.lanes.close()
        self.told.requests = sum(self.health.requests.values())
        budgets = list(self.health.budgets.values())
        if budgets:
            least = min(budgets, key=lambda each: each.remaining / max(1, each.limit))
            self.told.limit = f"{least.remaining} of {least.limit} left ({least.resource})"


async def examine(config: Config) -> list[Examined]:
    """What each source may read. Sources that tell of another's repositories come after it."""
    homes: dict[str, list[Home]] = {}
    found: dict[str, Examined] = {}
    for settings in sorted(config.sources, key=lambda each: bool(served(each))):
        told = found[settings.name] = Examined(settings.name, settings.provider)
        if has_repositories(settings) or served(settings):
            asking = _Asking(settings, told)
            try:
                await _look(settings, config, asking, homes)
            finally:
                await asking.close()
    for settings in config.sources:
        found[settings.name].missing = dict(_missing(settings, config, found))
    return [found[each.name] for each in config.sources]


async def _look(settings: SourceSettings, config: Config, asking: _Asking, homes: dict[str, list[Home]]) -> None:
    """Ask one source for its repositories, and then for each stream."""
    told = asking.told
    try:
        here = await _repositories(settings, config, asking, homes)
    except ExporterError as error:
        told.findings.append(Finding("", error.reason, str(error), "mend this first; nothing else was asked"))
        return
    told.selected = len(here)
    homes[settings.name] = here
    if not here and settings.of is not None and served(settings):
        said, remedy = (
            f"{settings.of} has no repository to tell of",
            f"mend {settings.of} first; nothing was asked",
        )
        told.findings.append(Finding("", "empty", said, remedy))
        return
    if not here:
        told.findings.append(Finding("", "empty", "no repository is selected", "check include, exclude and access"))
        return
    if settings.provider == "github":
        await _github(settings, config, asking, here)
    else:
        await _service(settings, config, asking, here)


async def _repositories(
    settings: SourceSettings, config: Config, asking: _Asking, homes: dict[str, list[Home]]
) -> list[Home]:
    """The repositories that a source would read, or those of the source that it serves."""
    if settings.of is not None and served(settings):
        return homes.get(settings.of, [])
    selection = wiring.selection(settings)
    if settings.provider == "github":
        provider = wiring.provider(settings, config)
        requests = [*map(provider.owner, selection.listed_owners()), *provider.named(selection.exact_names())]
    else:
        requests = list(_client(settings, config).repositories())
    pages = await (await asking.first()).ask_all(requests)
    found = [each for page in pages for each in page.repositories]
    asking.told.found = len(found)
    for fault in (fault for page in pages for fault in page.faults):
        asking.told.findings.append(Finding("", fault.reason, fault.message, "check include, and that it may be seen"))
    return _homes(found, selection)


def _homes(found: Iterable[Repository], selection: Selection) -> list[Home]:
    return [Home(each.key, each.name, each.default_branch) for each in found if selection.takes(each)]


def _client(settings: SourceSettings, config: Config) -> Client:
    service = services()[settings.provider]
    return service.client(wiring.setup(settings, config, service))


async def _github(settings: SourceSettings, config: Config, asking: _Asking, here: list[Home]) -> None:
    """One question a stream, about the first repository."""
    home, now = here[0], asking.now
    rest, graphql = wiring.paths(settings.url)
    wanted = Wanted(home.key, now, now, now)
    requests: dict[Stream, Sequence[Request]] = {
        Stream.CHANGES: wiring.provider(settings, config).pulse({home.key: NEVER}),
        Stream.RUNS: [Runs(rest, graphql).created(home, now - 1, now)],
        Stream.DEPLOYMENTS: [DeploymentsOf(graphql, rest).latest(wanted, "deployments", first=1)],
        Stream.ISSUES: issues(graphql).pulse({home.key: NEVER}),
        Stream.FINDINGS: [
            github_findings.Findings(rest).alerts(
                github_findings.SORTS[word], home.name.partition("/")[0], {home.name.lower(): home}, now
            )
            for word in settings.findings
        ],
    }
    for stream in (Stream.CHANGES, *map(Stream, settings.streams)):
        if stream in requests:
            await asking.stream(stream, requests[stream], NEEDS[stream])


async def _service(settings: SourceSettings, config: Config, asking: _Asking, here: list[Home]) -> None:
    """One question a stream: of the first repository, or of all where the question is the same."""
    await asking.first()
    service, client, now = services()[settings.provider], _client(settings, config), asking.now
    streams = service.streams if service.serves else (Stream.CHANGES, *map(Stream, settings.streams))
    for stream in streams:
        questions, deployments = client.questions(stream), client.deployments()
        if questions is not None:
            asked = questions.since(here if service.serves else here[:1], now)[:1]
        elif stream is Stream.DEPLOYMENTS and deployments is not None:
            asked = [deployments.latest(Wanted(here[0].key, now, now, now), "deployments")]
        else:
            continue
        await asking.stream(stream, asked, service.needs.get(stream, ""))


def _missing(settings: SourceSettings, config: Config, found: dict[str, Examined]) -> Iterator[tuple[str, list[str]]]:
    """Metrics that a source's repositories will not have, by the stream that lacks, and why."""
    if not has_repositories(settings):
        return
    tellers = {Stream.CHANGES: settings.name} | {Stream(each): settings.name for each in settings.streams}
    tellers |= {stream: each.name for each in config.sources if each.of == settings.name for stream in served(each)}
    refused = {
        stream
        for stream, teller in tellers.items()
        for finding in found[teller].findings
        if finding.state != OK and finding.stream in ("", stream)
    }
    readable = {stream for stream in tellers if stream not in refused}
    for stream in Stream:
        if stream in readable:
            continue
        names = [row.name for row in exported() if (ways := gates(row)) and _only_by(ways, stream, readable)]
        if names:
            why = "cannot be read" if stream in refused else "is not followed"
            yield f"{stream} {why}", names


def _only_by(ways: set[tuple[Stream, ...]], stream: Stream, readable: set[Stream]) -> bool:
    """Whether a metric lacks a stream: no way to it is open, and one would be with it."""
    return not any(set(way) <= readable for way in ways) and any(stream in way for way in ways)


def report(found: Sequence[Examined]) -> str:
    """What was found, as tables for the terminal."""
    parts = []
    for each in found:
        spent = f"; {each.requests} requests" if each.requests else ""
        limit = f"; {each.limit}" if each.limit else ""
        count = f": {each.selected} repositories" if each.selected else ""
        parts.append(f"{each.source} ({each.provider}){count}{spent}{limit}")
        if each.findings:
            rows = [(one.stream or "repositories", one.state, one.said, one.remedy) for one in each.findings]
            parts.append(table(("what", "state", "said", "remedy"), rows))
        elif not each.requests:
            parts.append("  nothing to ask; it needs no service")
        for why, names in each.missing.items():
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            parts.append(f"  {why}, so these will be missing: {', '.join(names[:NAMED])}{more}")
        parts.append("")
    return "\n".join(parts)


def as_json(found: Sequence[Examined]) -> str:
    """The same for programs."""
    return json.format(json.encode([_plain(each) for each in found]), indent=2).decode() + "\n"


def _plain(told: Examined) -> dict[str, object]:
    return {**vars(told), "findings": [vars(each) for each in told.findings], "whole": told.whole}
