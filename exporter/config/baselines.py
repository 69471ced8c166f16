"""What contradicts itself in the section ``diagnosis``, and what is hardly meant there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from exporter.config.faults import Faults, join
from exporter.config.scalars import suggest
from exporter.config.settings import Config

WEEK = 7 * 86400
BEFORE_ADOPTION = 14 * WEEK
"""Twelve weeks of baseline that end two weeks before the adoption (definitions 25)."""
PRICED = ("seats", "seat_price")


def check_diagnosis(config: Config, faults: Faults) -> None:
    """Note every contradiction in the section."""
    section = config.diagnosis
    for team in section.team_adoption_dates:
        if team not in config.teams and not faults.touched("teams"):
            remedy = suggest(team, config.teams) if config.teams else "list it there"
            place = join("diagnosis.team_adoption_dates", team)
            faults.add(place, f"there is no team '{team}' under teams; {remedy}")
    for freeze, place in zip(section.freezes, faults.entries("diagnosis.freezes"), strict=True):
        if not faults.touched(place) and freeze.end < freeze.begin:
            faults.add(f"{place}.end", f"{freeze.end} is before the begin, {freeze.begin}; write a later day")
    minutes = ("diagnosis.review_minutes_least", "diagnosis.review_minutes_most")
    if not faults.touched(*minutes) and section.review_minutes_most < section.review_minutes_least:
        least = f"{section.review_minutes_least:g}"
        faults.add(minutes[1], f"is less than the least, {least}; write {least} or more")
    given = [key for key in PRICED if getattr(section, key) is not None]
    if len(given) == 1 and not faults.touched(*(f"diagnosis.{key}" for key in PRICED)):
        lacks = next(key for key in PRICED if key not in given)
        faults.add(f"diagnosis.{given[0]}", f"says nothing without {lacks}; write that too")


def diagnosis_warnings(config: Config, now: int | None) -> Iterator[str]:
    """A baseline before the ledger's begin: the diagnosis would have nothing to compare with (definitions 25)."""
    section = config.diagnosis
    adopted = {"diagnosis.adoption_date": section.adoption_date} if section.adoption_date else {}
    adopted |= {join("diagnosis.team_adoption_dates", team): day for team, day in section.team_adoption_dates.items()}
    for source in config.sources:
        start = source.history.start if now is None else source.history.resolve(now)
        if start is None or source.provider == "notes":
            continue
        for place, day in adopted.items():
            if start > midnight(day) - BEFORE_ADOPTION:
                wanted = datetime.fromtimestamp(midnight(day) - BEFORE_ADOPTION, UTC).date()
                yield (
                    f"source {source.name}: its history begins less than 14 weeks before {place}, {day}, so there is "
                    f"no whole baseline; write history: {wanted} or earlier before the first start"
                )


def midnight(day: date) -> int:
    """The first second of a day, UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
