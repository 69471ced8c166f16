"""The rows of the diagnosis: the stays and the changes of the weeks that it compares, read from the facts again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from exporter.diagnosis.tally import Tally
from exporter.diagnosis.terms import Diagnosis, Period
from exporter.diagnosis.weeks import floor
from exporter.measures import diagnosis as rows
from exporter.model import Origin, Stage
from exporter.passages import Passage, passages
from exporter.policy import Policy
from exporter.runtime.audit.rows import Called, Found, Row, Tell, Telling
from exporter.runtime.audit.series import Series
from exporter.runtime.audit.state import said
from exporter.runtime.diagnosing import BATCH, changes, looked_at, scopes
from exporter.runtime.snapshot import Snapshot
from exporter.store.base import SubjectRow
from exporter.store.sqlite import SqliteStore

Names = Mapping[int, Called]
Way = tuple[SubjectRow, Passage]
SPANS = ("before", "now")


class Look(NamedTuple):
    """What was looked at: a scope's repositories and definitions, and the weeks that were compared."""

    found: Diagnosis
    members: Sequence[int]
    policy: Policy
    places: Names

    @property
    def periods(self) -> list[tuple[str, Period]]:
        """The baseline and the current weeks, by the words of the label ``span``."""
        told = zip(SPANS, (self.found.baseline, self.found.current), strict=True)
        return [(span, period) for span, period in told if period is not None]

    def ways(self, store: SqliteStore) -> Iterator[Way]:
        """The scope's changes as they were known at the end of the last week; none of bots."""
        for repository in self.members:
            subjects = store.subjects(repository, open_only=False)
            for start in range(0, len(subjects), BATCH):
                for row, change in changes(store, subjects[start : start + BATCH], self.policy):
                    for each in passages(change.at(self.found.at), repository, self.found.at):
                        if each.origin is not Origin.BOT:
                            yield row, each


def _look(snapshot: Snapshot, series: Series, places: Names) -> Look | None:
    scope = series.named["scope"]
    found = next((each.diagnosis for each in snapshot.scopes() if each.diagnosis.scope == scope), None)
    if found is None or found.baseline is None or found.current is None:
        return None
    return Look(found, scopes(looked_at(snapshot)).get(scope, ()), snapshot.books.policy, places)


def stays(snapshot: Snapshot, series: Series, places: Names) -> Tell | None:
    """The stays in a stage that began in the weeks that are compared."""
    look = _look(snapshot, series, places)
    return look and partial(_stays, look, series.metric.name, Stage(series.named.get("stage", Stage.CODING)))


def _stays(look: Look, metric: str, stage: Stage, store: SqliteStore, most: int) -> Found:
    spans = {week: span for span, period in look.periods for week in period.weeks}
    told = Telling(look.places)
    found = [
        told.about(
            row, metric, {"stage": stage, "span": span, "over": "yes" if spell.ended else "no"}, spell.seconds,
            spell.entered,
        )
        for row, way in look.ways(store)
        for spell in way.spells
        if spell.stage is stage and (span := spans.get(floor(spell.entered))) is not None
    ]  # fmt: skip
    how = (
        f"what Kaplan and Meier's curve makes of the stays in {stage} that began in the weeks compared, in the mix of "
        "the baseline (definitions 148); value: seconds, at least so many where it is not over"
    )
    return _newest(how, None, found, most)


def gate(snapshot: Snapshot, series: Series, places: Names) -> Tell | None:
    """The changes that passed a gate in the weeks of a span, or how many of them there are a week."""
    look = _look(snapshot, series, places)
    if look is None:
        return None
    if series.named.get("gate") == "releases":
        return OF_RELEASES(snapshot, series, places)
    return partial(_passed, look, series.metric.name, series.named.get("gate"), series.named["span"])


def _passed(look: Look, metric: str, name: str | None, span: str, store: SqliteStore, most: int) -> Found:
    period = dict(look.periods)[span]
    weeks, told, ways = set(period.weeks), Telling(look.places), list(look.ways(store))
    tally = Tally(way for _, way in ways)
    passed = (
        _passing(tally, way, *review)[name or "ready"] for (_, way), review in zip(ways, tally.review, strict=True)
    )
    found = [
        told.about(row, metric, {"span": span}, 1, at)
        for (row, _), at in zip(ways, passed, strict=True)
        if at is not None and floor(at) in weeks
    ]
    count = float(len(found))
    if name is None:
        return _newest("how many changes became ready in these weeks", count, found, most)
    return _newest(f"how many rows there are, by {len(weeks)} weeks", count / len(weeks), found, most)


def _passing(tally: Tally, way: Passage, ready: int | None, left: int | None) -> Mapping[str, int | None]:
    """When a change that was in review from one second to another passed each gate; None where it did not."""
    arrived = way.produced if way.merged is not None and tally.follows(way) else None
    return {
        "ready": ready,
        "merged": left if way.merged is not None else None,
        "abandoned": left if way.merged is None else None,
        "in_production": None if arrived is None or left is None else max(arrived, left),
    }


def _newest(how: str, value: float | None, found: Iterable[Row], most: int) -> Found:
    ordered = sorted(found, key=lambda row: (-(row.at or 0), row.repository, row.number or 0))
    return Found(how, value, tuple(ordered[:most]), len(ordered))


OF_RELEASES = said("releases a week of these weeks; their rows are those of sdlc_releases_total")
OF_STAGES = "see the rows of sdlc_diagnosis_stage_delta_seconds of this scope, and the report at /diagnosis; {scope}"
OF_REPORT = "it has no rows of its own: the report at /diagnosis tells what it rests on, with figures and n; {scope}"
DECLARED = "modelled from the diagnosis of the organisation and what the section diagnosis declares; see /diagnosis"

DIAGNOSED: dict[str, Callable[[Snapshot, Series, Names], Tell | None]] = {
    **{row.name: said(OF_REPORT if "scope" in row.labels else DECLARED) for row in rows.ROWS},
    **{row.name: said(OF_STAGES) for row in (rows.ABSORBED, rows.CEILING, rows.DETECTABLE, rows.BOTTLENECK)},
    **{row.name: stays for row in (rows.STAGE_DELTA, rows.STAGE_SECONDS, rows.BASELINE_SECONDS)},
    **{row.name: stays for row in (rows.GAIN, rows.GAIN_BOUND)},
    **{row.name: gate for row in (rows.CHANGES, rows.FLOW)},
}
