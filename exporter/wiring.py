"""From a configuration to the parts at work: the one place that knows how they fit."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import structs

from exporter.catalogue import Detail, exported, load
from exporter.config import Config
from exporter.config.contradictions import served
from exporter.config.services import options
from exporter.config.settings import Source as SourceSettings
from exporter.demo import Organisation
from exporter.errors import ConfigError
from exporter.exposition import Exposition
from exporter.labels import LabelRules
from exporter.model import Stream
from exporter.policy import Policy, compile_rules, packaged, ships
from exporter.providers import services
from exporter.providers.base import Home, Request
from exporter.providers.github.answers import budget
from exporter.providers.github.artifacts import Wanted
from exporter.providers.github.compare import compare
from exporter.providers.github.deployments import DeploymentsOf as DeploymentsOfGitHub
from exporter.providers.github.findings import SORTS
from exporter.providers.github.findings import Findings as FindingsOf
from exporter.providers.github.issues import issues
from exporter.providers.github.provider import GitHub
from exporter.providers.github.runs import Runs as RunsOfGitHub
from exporter.providers.github.stirring import stirred
from exporter.providers.service import Client, DeploymentsOf, Service, Setup, bearer
from exporter.retro import RetroRules
from exporter.runtime.between import Between, Compare
from exporter.runtime.books import Books
from exporter.runtime.clock import ServerClock
from exporter.runtime.code_source import Clones, CodeSource, Whereabouts
from exporter.runtime.credentials import AppKey, Credential, TokenFile, TokenVariable
from exporter.runtime.demo_source import DemoSource
from exporter.runtime.deployments import Deployments
from exporter.runtime.desk import Desk
from exporter.runtime.findings import Findings
from exporter.runtime.health import Health
from exporter.runtime.inquiry import Searching
from exporter.runtime.issues import Issues
from exporter.runtime.joined import Joined, LaneOf
from exporter.runtime.joint import JointStream
from exporter.runtime.lane import Lane
from exporter.runtime.lanes import AppLanes, Lanes, OneToken
from exporter.runtime.limits import Limits
from exporter.runtime.notes import NotesSource
from exporter.runtime.pulses import Pulses
from exporter.runtime.reading import Reader
from exporter.runtime.replay import Replay
from exporter.runtime.runs import Runs
from exporter.runtime.selection import Selection
from exporter.runtime.service_source import Leading, ServiceSource, ServingSource
from exporter.runtime.singly import Singly
from exporter.runtime.snapshot import NO_TEAM, Presentation, Snapshot
from exporter.runtime.source import GithubSource
from exporter.runtime.stream import Asking, Beside, SideStream
from exporter.runtime.transport import Transport
from exporter.runtime.whereabouts import AtForge, Located, web_root
from exporter.store.base import RepositoryRow
from exporter.store.sqlite import SqliteStore

GITHUB_JSON = "application/vnd.github+json"
DEMO_LEAD = 180 * 86400
FIRST = {"git": Stream.CODE, "notes": Stream.ISSUES}
"""What a source tells that does not tell of changes."""


class Source(Protocol):
    """What the runtime asks of a source, whatever answers behind it."""

    name: str
    of: str
    """The source of whose repositories it tells; mostly itself."""
    streams: tuple[Stream, ...]

    async def poll(self, until: Callable[[], bool]) -> str:
        """One pass; ``success`` or ``partial``."""
        ...

    async def loading(self) -> bool:
        """Whether some repository's history is still to be read."""
        ...

    async def close(self) -> None:
        """Give back what is open."""
        ...


def policy(config: Config) -> Policy:
    """The definitions in force."""
    origin, tests = config.origin, config.tests
    return Policy(
        rules=compile_rules(packaged(), origin.rules, origin.disable, origin.bots, origin.people),
        abandoned_after=config.review.abandoned_after,
        comments_count=config.review.comments_count,
        generated=config.review.left_out,
        test_files=tests.all_files,
        e2e_tests=tests.e2e,
        integration_tests=tests.integration,
        neutral_files=tests.neutral,
        other_jobs=tests.other_jobs,
        most_of_a_fix=tests.most_of_a_fix,
        most_of_a_day=tests.most_of_a_day,
        sprint=tests.sprint,
        productive_week=tests.productive_week,
        labels=LabelRules(**{name: value for name, value in structs.asdict(config.issues).items() if name != "keys"}),
        production=config.delivery.production,
        staging=config.delivery.staging,
        retro=retro_rules(config),
        findings_after=config.findings.counted_after,
        blame=config.escapes.blame,
    )


def retro_rules(config: Config) -> RetroRules:
    """Which issues are retrospective notes, and what a note names."""
    return RetroRules(**structs.asdict(config.retrospectives))


def presentation(config: Config, ledger_starts: dict[str, int], seen: dict[str, int]) -> Presentation:
    """How numbers are shown."""
    series, calendar = config.series, config.calendar
    return Presentation(
        prefixes={source.name: source.repository_prefix for source in config.sources},
        intervals={source.name: source.interval for source in config.sources},
        teams=config.teams,
        hours={team: hours.clock for team, hours in calendar.teams.items()},
        default_hours=calendar.default.clock,
        thresholds_seconds={str(name): value for name, value in config.thresholds.seconds.items()},
        thresholds_ratios={str(name): value for name, value in config.thresholds.ratios.items()},
        thresholds_changes={str(name): value for name, value in config.thresholds.changes.items()},
        repository_windows=series.repository_windows,
        stage_windows=series.stage_windows,
        budget=series.budget,
        budgets=series.budgets,
        ledger_starts=ledger_starts,
        first_seen=seen,
        first_streams={each.name: FIRST[each.provider] for each in config.sources if each.provider in FIRST},
        serving={each.name: (each.of or "", stream) for each in config.sources for stream in served(each)},
        roots={each.name: web_root(each.url) for each in config.sources if each.provider == "github"},
        notes={each.name: each.team or NO_TEAM for each in config.sources if each.provider == "notes"},
    )


def books(store: SqliteStore, config: Config, until: int | None = None) -> Books:
    """The books over a store; ``until`` for the one-shot mode."""
    return Books(store, load(), policy(config), until=until, **_kept_as(config))


def replay(store: SqliteStore, config: Config, start: int, end: int) -> Replay:
    """The books over a store from one second to another."""
    return Replay(store, load(), policy(config), start=start, end=end, **_kept_as(config))


def _kept_as(config: Config) -> dict[str, Any]:
    return {
        "budget": config.series.budget,
        "budgets": config.series.budgets,
        "details": {metric: Detail(word) for metric, word in config.series.detail.items()},
        "quiet_after": config.series.quiet_after,
    }


def _settled_once(store: SqliteStore, name: str, value: int) -> int:
    """What was kept under a name at the first start; at the first start this value."""
    kept = store.get(name)
    if kept is not None:
        return int(kept)
    if not store.read_only:
        store.put(name, str(value))
    return value


def ledger_starts(store: SqliteStore, config: Config, now: int) -> dict[str, int]:
    """When each source's ledger begins: resolved at its first start, then kept (definitions 2)."""

    def begin(source: SourceSettings) -> int:
        return now - DEMO_LEAD if source.provider == "demo" else source.history.resolve(now)

    return {each.name: _settled_once(store, ledger_start(each.name), begin(each)) for each in config.sources}


def ledger_start(source: str) -> str:
    """The name under which the store keeps when a source's ledger begins."""
    return f"ledger_start:{source}"


def first_seen(store: SqliteStore, config: Config, now: int) -> dict[str, int]:
    """When each source was first configured: what never succeeded has been silent since then."""
    return {each.name: _settled_once(store, f"first_seen:{each.name}", now) for each in config.sources}


def snapshot(
    kept: Books,
    health: Health,
    config: Config,
    starts: dict[str, int],
    seen: dict[str, int] | None = None,
    shared: Mapping[str, str] | None = None,
) -> Snapshot:
    """What shows the books; ``shared`` are labels that every sample has besides its own."""
    return Snapshot(kept, health, presentation(config, starts, seen or {}), Exposition(exported(), shared))


def lanes(settings: SourceSettings, health: Health) -> Lanes:
    """The credentials of a source."""
    service = services().get(settings.provider)
    accept, said = (GITHUB_JSON, budget) if service is None else (service.accept, service.budget)
    clock = ServerClock()
    health.clocks[settings.name] = clock.now
    transport = Transport(settings.name, settings.url, settings.timeout, health, clock, settings.ca_file, accept)

    def make(credential: Credential, owners: frozenset[str] | None = None, resource: str = "") -> Lane:
        # A reload does not make GitHub forget what it said of the credential's limits.
        limits = health.limits.setdefault((settings.name, resource), Limits(settings.name, settings.reserve))
        limits.reserve = settings.reserve
        wait = float(settings.retry_wait)
        return Lane(
            settings.name,
            transport,
            credential,
            limits,
            health,
            clock,
            owners,
            resource=resource,
            first_wait=wait,
            budget=said,
        )

    if settings.app is not None:
        key = AppKey(settings.app.id, settings.app.key_file, clock.now)
        return AppLanes(make(key, None, "app:"), paths(settings.url)[0], make, settings.app.installation_id)
    return OneToken(make(token(settings)))


def provider(settings: SourceSettings, config: Config) -> GitHub:
    """What asks GitHub."""
    _, graphql = paths(settings.url)
    comments, topics = config.review.comments_count, bool(settings.topics)
    return GitHub(graphql, comments=comments, topics=topics, keys=config.issues.keys)


def selection(settings: SourceSettings) -> Selection:
    """Which repositories a source reads."""
    return Selection(
        include=settings.include,
        exclude=settings.exclude,
        owners=(*settings.organisations, *settings.users),
        topics=settings.topics,
        archived=settings.archived,
        forks=settings.forks,
    )


def paths(url: str) -> tuple[str, str]:
    """REST root and GraphQL path of a GitHub address: github.com, or GitHub Enterprise Server's /api/v3.

    Source: https://docs.github.com/enterprise-server/graphql/guides/forming-calls-with-graphql
    """
    path = urlsplit(url).path.rstrip("/")
    return path, path.removesuffix("/v3") + "/graphql" if path.endswith("/api/v3") else path + "/graphql"


def pulse_of(graphql: str) -> Callable[[Sequence[Home]], list[Request]]:
    """What asks GitHub in which repositories something moved."""
    return lambda homes: stirred(graphql, [each.key for each in homes])


def wanted_reports(config: Config) -> Wanted | None:
    """Which artifacts are read for test reports; None for none."""
    reports = config.reports
    return Wanted(reports.artifacts, reports.files, reports.largest_mib << 20) if reports.artifacts else None


def deployments(
    settings: SourceSettings, config: Config, told: DeploymentsOf, reader: Reader, pulses: Pulses
) -> Deployments:
    """The walk along a source's deployments."""
    shipping = partial(ships, shipping=config.delivery.workflows, not_shipping=config.delivery.no_workflows)
    by_runs = shipping if Stream.RUNS in {*settings.streams, *beside(settings, config)} else None
    return Deployments(told, reader, pulses, policy(config), settings.production, config.delivery.release_tag, by_runs)


def sides(
    settings: SourceSettings, config: Config, reader: Reader, monotonic: Callable[[], float] = time.monotonic
) -> list[Beside]:
    """The streams of a GitHub source beside its changes, as configured."""
    rest, graphql = paths(settings.url)
    pulses, interval = Pulses(reader, pulse_of(graphql), monotonic), settings.stream_interval
    ask: dict[str, Callable[[Reader, Pulses], Asking]] = {
        Stream.RUNS: lambda reader, pulses: Runs(RunsOfGitHub(rest, graphql), reader, pulses, wanted_reports(config)),
        Stream.DEPLOYMENTS: lambda reader, pulses: deployments(
            settings, config, DeploymentsOfGitHub(graphql, rest), reader, pulses
        ),
    }
    asked = [ask[name](reader.of(Stream(name)), pulses) for name in settings.streams if name in ask]
    found: list[Beside] = [SideStream(each, reader.of(each.stream), interval, monotonic) for each in asked]
    if Stream.ISSUES in settings.streams:
        own = reader.of(Stream.ISSUES)
        asking = Issues(issues(graphql, retro_rules(config)), own, Searching(settings.poll, monotonic))
        found.append(JointStream(asking, own, interval, monotonic))
    if Stream.FINDINGS in settings.streams:
        sorts = [SORTS[word] for word in settings.findings]
        found.append(Findings(FindingsOf(rest), reader.of(Stream.FINDINGS), interval, monotonic, sorts))
    for each in found:
        reader.health.source(settings.name, (each.stream,))
    return found


def interval(config: Config, source: Source) -> int:
    """Seconds between two polls of a source."""
    settings = next(each for each in config.sources if each.name == source.name)
    aside = source.streams[0] is Stream.CODE and settings.provider != "git"
    return settings.stream_interval if aside else settings.interval


def located(settings: SourceSettings, reader: Reader) -> Located:
    """The repositories a git source lists."""
    credential = token(settings) if settings.token_file or settings.token_env else None
    return Located(
        reader,
        settings.locations,
        settings.named,
        branch=settings.branch,
        credential=credential,
        ca_file=settings.ca_file or "",
    )


def at_forge(settings: SourceSettings, reader: Reader, other: GithubSource) -> AtForge:
    """The repositories a GitHub source finds, to be cloned."""
    _, graphql = paths(settings.url)
    pulses = Pulses(reader, pulse_of(graphql))
    return AtForge(reader, other.finder, pulses, web_root(settings.url), settings.ca_file or "")


def clones(settings: SourceSettings, config: Config) -> Clones:
    """Where a source's clones are kept: beside the store, or with it until the process ends."""
    folder = config.store.clones or (config.store.path and str(Path(config.store.path).parent / "clones"))
    if folder:
        return Clones(Path(folder) / settings.name)
    made = tempfile.TemporaryDirectory(prefix="sdlc-exporter-clones-", ignore_cleanup_errors=True)
    return Clones(Path(made.name), made.cleanup)


def code_source(
    settings: SourceSettings,
    config: Config,
    reader: Reader,
    kept: Books,
    where: Whereabouts,
    changed: Callable[[], None] = lambda: None,
) -> CodeSource:
    """What reads the histories of a source's repositories."""
    reader.health.source(settings.name, (Stream.CODE,))
    return CodeSource(where, clones(settings, config), reader, kept, policy(config), changed)


def token(settings: SourceSettings) -> Credential:
    """A source's token, in the form that its service wants."""
    service = services().get(settings.provider)
    form = bearer if service is None else service.authorization
    if settings.token_file:
        return TokenFile(settings.token_file, form)
    return TokenVariable(settings.token_env or "", os.environ, form)


def setup(settings: SourceSettings, config: Config, service: Service) -> Setup:
    """What a service's client is made from."""
    return Setup(
        root=urlsplit(settings.url).path.rstrip("/"),
        include=settings.include,
        options=options(settings, service),
        comments=config.review.comments_count,
        reports=config.reports.artifacts,
        retro=retro_rules(config),
        keys=config.issues.keys,
    )


def asked_of(
    stream: Stream, client: Client, reader: Reader, compare: Compare, lane_of: LaneOf | None = None
) -> Joined | None:
    """How a stream of a service is asked for; None where its client does not tell it so."""
    questions = client.questions(stream)
    if questions is None:
        return None
    between = Between(reader, compare) if stream is Stream.RUNS else None
    return Joined(stream, questions, reader, between, lane_of)


def service_source(
    settings: SourceSettings,
    config: Config,
    reader: Reader,
    kept: Books,
    changed: Callable[[], None] = lambda: None,
    monotonic: Callable[[], float] = time.monotonic,
) -> ServiceSource:
    """A source with repositories at work, whose service is known by the protocol alone."""
    service = services()[settings.provider]
    client = service.client(setup(settings, config, service))
    pulses, interval = Pulses(reader, client.stirred, monotonic), settings.stream_interval
    found: list[Beside] = []
    for stream in (Stream(each) for each in settings.streams):
        own = reader.of(stream)
        questions, told = client.questions(stream), client.deployments()
        if questions is not None and stream in client.pulsed:
            between = Between(own, client.compare) if stream is Stream.RUNS else None
            asking: Asking = Singly(stream, questions, own, pulses, between)
            found.append(SideStream(asking, own, interval, monotonic))
        elif joined := asked_of(stream, client, own, client.compare):
            found.append(JointStream(joined, own, interval, monotonic))
        elif stream is Stream.DEPLOYMENTS and told is not None:
            walk = deployments(settings, config, told, own, pulses)
            found.append(SideStream(walk, own, interval, monotonic))
        reader.health.source(settings.name, (stream,))
    leading = asked_of(Stream.CHANGES, client, reader, client.compare)
    if leading is None:
        raise ConfigError(f"{service.title} tells of no changes")
    return ServiceSource(
        client,
        selection(settings),
        lanes(settings, reader.health),
        reader,
        kept,
        Leading(leading, reader, 0, monotonic),
        sides=found,
        beside=beside(settings, config),
        rediscover=settings.rediscover,
        changed=changed,
        monotonic=monotonic,
    )


def serving_source(
    settings: SourceSettings,
    config: Config,
    reader: Reader,
    kept: Books,
    forge: GithubSource | ServiceSource,
    changed: Callable[[], None] = lambda: None,
    monotonic: Callable[[], float] = time.monotonic,
) -> ServingSource:
    """A source at work that tells of a forge's repositories; ``reader``: of the stream, on the forge's behalf.

    What lies between two commits is asked of the forge, which has the code.
    """
    service = services()[settings.provider]
    client = service.client(setup(settings, config, service))
    reader.health.source(settings.name, service.streams)
    asking = asked_of(reader.stream, client, reader, compare_at(forge), lane_at(forge))
    if asking is None:
        raise ConfigError(f"{service.title} does not tell of {reader.stream}")
    leading = Leading(asking, reader, 0, monotonic)
    return ServingSource(settings.name, lanes(settings, reader.health), leading, kept, changed, asking.hear)


def compare_at(forge: GithubSource | ServiceSource) -> Compare:
    """What asks a forge what lies between two commits."""
    if isinstance(forge, ServiceSource):
        return forge.client.compare
    rest = forge.rest
    return lambda home, gap: compare(rest, home, gap)


def lane_at(forge: GithubSource | ServiceSource) -> LaneOf:
    """Who of a forge's credentials answers for a repository."""

    async def find(row: RepositoryRow) -> Lane | None:
        owner = row.name.partition("/")[0].lower()
        return next((each for each in await forge.lanes.lanes() if each.owners is None or owner in each.owners), None)

    return find


def beside(settings: SourceSettings, config: Config) -> tuple[Stream, ...]:
    """The streams of a source's repositories that another source reads, or its own clones."""
    code = (Stream.CODE,) if Stream.CODE in settings.streams else ()
    return (*code, *(stream for each in config.sources if each.of == settings.name for stream in served(each)))


def source(
    settings: SourceSettings,
    config: Config,
    reader: Reader,
    kept: Books,
    changed: Callable[[], None] = lambda: None,
) -> Source:
    """A source at work."""
    reader.health.source(settings.name, (Stream.CHANGES,))
    if settings.provider in services():
        return service_source(settings, config, reader, kept, changed)
    if settings.provider == "demo":
        organisation = Organisation(seed=settings.seed, repositories=settings.repositories, start=reader.ledger_start)
        return DemoSource(organisation, reader, kept, time.time, changed)
    return GithubSource(
        provider(settings, config),
        selection(settings),
        lanes(settings, reader.health),
        reader,
        kept,
        sides=sides(settings, config, reader),
        beside=beside(settings, config),
        rest=paths(settings.url)[0],
        mode=settings.poll,
        rediscover=settings.rediscover,
        changed=changed,
    )


def sources(
    config: Config,
    store: SqliteStore,
    desk: Desk,
    kept: Books,
    health: Health,
    starts: dict[str, int],
    changed: Callable[[], None] = lambda: None,
) -> list[Source]:
    """All sources of a configuration."""
    found: list[Source] = []
    for each in config.sources:
        reader = Reader(each.name, store, desk, health, starts[each.name])
        if each.provider == "git":
            found.append(code_source(each, config, reader.of(Stream.CODE), kept, located(each, reader), changed))
            continue
        if each.provider == "notes":
            health.source(each.name, NotesSource.streams)
            found.append(NotesSource(each.notes, retro_rules(config), reader.of(Stream.ISSUES), kept, changed))
            continue
        if served(each):
            continue
        made = source(each, config, reader, kept, changed)
        found.append(made)
        if isinstance(made, GithubSource) and Stream.CODE in each.streams:
            found.append(code_source(each, config, reader.of(Stream.CODE), kept, at_forge(each, reader, made), changed))
    forges = {each.name: each for each in found if isinstance(each, GithubSource | ServiceSource)}
    for each in config.sources:
        if (streams := served(each)) and each.of in forges:
            reader = Reader(each.of, store, desk, health, starts[each.of], streams[0], each.name)
            found.append(serving_source(each, config, reader, kept, forges[each.of], changed))
    return found
