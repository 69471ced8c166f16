"""One pull request taken apart: facts in order, stages, origin and why; or one series, and the rows it came from."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from exporter import wiring
from exporter.catalogue import METRICS, Kind, load
from exporter.change import Change
from exporter.config import Config
from exporter.config.settings import Source as SourceSettings
from exporter.errors import ConfigError, NotComplete, NotFound
from exporter.measures.queue import standing
from exporter.model import (
    Committed,
    Described,
    Dismissed,
    Fact,
    FilesChanged,
    Linked,
    Merged,
    Opened,
    Reviewed,
    ReviewRequested,
    Stage,
    Thing,
    Told,
)
from exporter.policy import Policy
from exporter.providers.base import Request
from exporter.providers.github.provider import GitHub, Unread
from exporter.runtime.audit import Answer, answer, ask
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane
from exporter.store.base import RepositoryRow, RepositoryState
from exporter.store.sqlite import SqliteStore
from exporter.tables import table
from exporter.timeline import Life


def series(config: Config, selector: str, at: int | None, most: int) -> list[Answer]:
    """The series that a selector means, as the store has them: as published at its last poll, or as of an instant.

    An exporter may be running on the store: nothing is written, and what it writes meanwhile is not seen.

    Raises:
        Unanswerable: the selector means no series, or too many; ConfigError: there is no store.
        NotComplete: not everything up to the instant is known; StoreError: the store cannot be read.
    """
    path = config.store.path
    if path is None:
        raise ConfigError("a series is explained from the store, and there is none; set store.path")
    if not Path(path).exists():
        raise ConfigError(f"{path}: there is no store yet; run the exporter once, or look at store.path")
    store = SqliteStore(path, read_only=True)
    try:
        store.still()
        kept = wiring.books(store, config, until=at)
        rows = kept.reach.streams.values()
        last = max((row.last_success or 0 for row in rows), default=0)
        if at is not None:
            _require(rows, at)
            kept.publish_organisation()
        starts, seen = wiring.ledger_starts(store, config, last), wiring.first_seen(store, config, last)
        shown = wiring.snapshot(kept, Health(), config, starts, seen)
        shown.build(float(last if at is None else at))
        return answer(ask(shown, selector), store, most)
    finally:
        store.close()


def _require(rows: Iterable[RepositoryRow], at: int) -> None:
    short = [row for row in rows if row.state is not RepositoryState.GONE and (row.watermark or 0) < at]
    if short:
        named = ", ".join(f"{row.name} ({row.stream})" for row in short[:5])
        raise NotComplete(f"not everything up to the instant is known: {named}; an earlier one may work")


async def fetch(config: Config, url: str) -> Told:
    """Ask the source that the address belongs to for one pull request.

    Raises:
        ConfigError: no source has this host; NotFound: no credential sees it.
    """
    host = urlsplit(url).hostname or ""
    fitting = [each for each in config.sources if each.provider == "github" and _serves(each, host)]
    if not fitting:
        raise ConfigError(
            f"no source of this configuration serves {host or url}; write the whole address of the pull request"
        )
    owner = urlsplit(url).path.strip("/").partition("/")[0].lower()
    for settings in fitting:
        lanes = wiring.lanes(settings, Health())
        try:
            for lane in await lanes.lanes():
                if lane.owners is not None and owner not in lane.owners:
                    continue
                provider = wiring.provider(settings, config)
                told = await _drain(lane, [provider.change(url)])
                if told:
                    return await _with_files(lane, provider, told[0])
        finally:
            await lanes.close()
    raise NotFound(f"no pull request at {url}, or the credential may not see it")


async def _drain(lane: Lane, pending: list[Request]) -> list[Told]:
    told: list[Told] = []
    while pending:
        page = await lane.ask(pending.pop())
        told += page.told
        pending += page.then
    return told


async def _with_files(lane: Lane, provider: GitHub, told: Told) -> Told:
    """The same with its files, from which its size is read, once it is merged."""
    merged = next((each.at for each in told.events if isinstance(each, Merged)), None)
    if merged is None:
        return told
    subject = told.subject
    unread = Unread(subject.repository, subject.key, subject.number, merged)
    files = await _drain(lane, provider.files([unread]))
    return Told(subject, (*told.events, *(event for each in files for event in each.events)))


def _serves(settings: SourceSettings, host: str) -> bool:
    own = urlsplit(settings.url).hostname or ""
    return host in (own, own.removeprefix("api."), f"www.{own.removeprefix('api.')}")


class Kept(NamedTuple):
    """What the store has of a change: its ledger rows as (metric, cause, part), and the facts it is bound to."""

    entered: set[tuple[str, str, str]]
    bound: list[list[Fact]]


def kept(config: Config, url: str) -> Kept | None:
    """What is known of the change beside what the forge says of itself; None without a store, or where it is not in."""
    path = config.store.path
    if path is None or not Path(path).exists():
        return None
    parts = urlsplit(url).path.strip("/").split("/")
    if len(parts) < 4 or not parts[3].isdigit():
        return None
    store = SqliteStore(path, read_only=True)
    try:
        row = store.find("/".join(parts[:2]), int(parts[3]))
        if row is None:
            return None
        rows = store.entered([row.id]).get(row.id, [])
        return Kept({(each.metric, each.cause, each.part) for each in rows}, store.bound([row.id]).get(row.id, []))
    finally:
        store.close()


def report(told: Told, policy: Policy, known: Kept | None) -> str:
    """The explanation as text. Without a store, only what the change's own facts tell is read from them."""
    change = Change(told.events, policy, known.bound if known else (), told.subject.key, told.subject.number)
    last = change.events[-1].at
    decision = change.decision(last)
    why = f"rule {decision.rule}: {decision.evidence}" if decision.rule else "no marker was found"
    parts = [
        f"Change number {told.subject.number}",
        f"\nOrigin: {decision.origin}{f' ({decision.tool})' if decision.tool else ''} — {why}",
        "\nFacts\n"
        + table(("when (UTC)", "what", "detail"), [_fact(event, policy, change) for event in change.events]),
    ]
    parts.append("\nStages\n" + _stages(change))
    parts.append(
        "\nReadings\n" + table(("date (UTC)", "metric", "labels", "value", "ledger"), list(_readings(change, known)))
    )
    return "\n".join(parts) + "\n"


def _stages(change: Change) -> str:
    merged = [life for life in change.lives if life.merged is not None]
    if not merged:
        now = standing(change)
        state = (now.state or "draft") if now else "closed"
        return f"not merged: {state}" + (f", waiting since {_time(now.since)}" if now and now.since is not None else "")
    spent = [each for life in merged for each in _spent(change, life)]
    rows = [(stage, _span(seconds)) for stage, seconds in spent]
    total = sum(seconds for _, seconds in spent)
    counted = change.in_stage_statistics(merged[-1].merged.at if merged[-1].merged else 0)
    note = "" if counted else "\nnot in stage statistics: bots' changes and reverts are only counted"
    return table(("stage", "time"), [*rows, ("lead time", _span(total))]) + note


def _spent(change: Change, life: Life) -> Iterator[tuple[str, int]]:
    """Each stage of a merged life; what QA had before the merge also where it has not come into production."""
    yield from change.stages(life)
    after = change.after_the_merge(life)
    had = change.had_by_the_merge(life)
    if had and not after:
        yield f"{Stage.QA}, told once it is in production", had
    yield from after


def _readings(change: Change, known: Kept | None) -> Iterator[tuple[str, ...]]:
    measures = [each for each in load() if each.of is Thing.CHANGE and (known or not each.reads_more)]
    found = [each for measure in measures for each in measure.observe(change, change.policy)]
    for each in sorted(found, key=lambda each: (each.at, each.metric, each.part)):
        metric = METRICS[each.metric]
        if metric.kind is Kind.FACT:
            continue
        labels = ", ".join(f"{name}={value}" for name, value in zip(metric.labels[1:], each.labels, strict=True))
        mark = (
            "" if known is None else "entered" if (each.metric, each.cause, each.part) in known.entered else "not yet"
        )
        yield _time(each.at), each.metric, labels, str(each.value), mark


def _fact(event: Fact, policy: Policy, change: Change) -> tuple[str, str, str]:
    detail = ""
    match event:
        case Opened():
            detail = f"by {event.author.login or 'a deleted account'}, branch {event.head}"
            detail += ", as a draft" if event.draft else ""
        case Reviewed():
            person = policy.rules.is_reviewer_person(event.reviewer)
            own = change.opened is not None and event.reviewer.login == change.opened.author.login
            kind = "the author's own: no review" if own else "a person's" if person else "a bot's: no human review"
            detail = f"{event.verdict} by {event.reviewer.login or 'a deleted account'}, {kind}"
        case Dismissed():
            given = next(
                (each for each in change.events if isinstance(each, Reviewed) and each.id == event.review), None
            )
            detail = f"the review by {given.reviewer.login or 'a deleted account'}" if given else ""
        case Committed():
            detail = f"{event.sha[:10]}, authored {_time(event.authored)}"
        case ReviewRequested():
            detail = event.reviewer
        case FilesChanged():
            lines = sum(added + deleted for path, added, deleted in event.files if policy.counted(path))
            detail = f"{len(event.files)} files, {lines} lines that count"
        case Linked():
            detail = "answers " + ", ".join([*(f"#{number}" for number in event.issues), *event.keys])
        case Described():
            detail = f"{len(event.lines)} lines that may carry a marker"
    return _time(event.at), type(event).__name__, detail


def _time(second: int | None) -> str:
    with suppress(OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(second or 0, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return str(second)


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts + [f"{rest} s"] * bool(rest)) or "0 s"
