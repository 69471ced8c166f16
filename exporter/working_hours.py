"""A team's working hours: whether an instant lies in them, and how much working time lies between two instants.

Hours are wall-clock hours of a time zone. Between two changes of a zone's offset the wall clock runs evenly, so working
time is whole weeks times a week's hours plus what is left over, summed over the stretches of even offset: exact on the
days when clocks change, and as cheap for ten years as for a day.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from exporter.catalogue import DAY, HOUR
from exporter.errors import ConfigError

MONDAY = 4 * DAY
"""1970-01-05, the first Monday after the epoch, in seconds."""


class WorkingHours(Struct, frozen=True):
    """When a team works.

    ``zone`` is an IANA name, ``days`` count from 0 = Monday, ``start`` and ``end`` are seconds after local midnight,
    ``holidays`` are ISO dates on which nobody works.

    Raises:
        ConfigError: every fault at once, each with its remedy.
    """

    zone: str = "UTC"
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    start: int = 9 * HOUR
    end: int = 17 * HOUR
    holidays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise ConfigError("\n".join(faults))

    def open(self, at: int) -> bool:
        """Whether the team works at this second (Unix time)."""
        local = datetime.fromtimestamp(at, ZoneInfo(self.zone))
        if local.weekday() not in self.days or local.date().isoformat() in self.holidays:
            return False
        return self.start <= local.hour * HOUR + local.minute * 60 + local.second < self.end

    def elapsed(self, since: int, until: int) -> int:
        """Working seconds from ``since`` to ``until`` (Unix time); 0 when ``until`` is not later."""
        if until <= since:
            return 0
        return sum(
            self._worked(ends + offset) - self._worked(begins + offset)
            for begins, ends, offset in _stretches(self.zone, since, until)
        )

    def _worked(self, wall: int) -> int:
        """Working seconds from the first Monday after the epoch to a wall-clock second."""
        length, days = self.end - self.start, frozenset(self.days)
        weeks, rest = divmod(wall - MONDAY, 7 * DAY)
        weekday, second = divmod(rest, DAY)
        today = min(max(second - self.start, 0), length)
        whole = weeks * len(days) + sum(day < weekday for day in days)
        free = _free(self.holidays, self.days)
        day = wall // DAY
        place = bisect_left(free, day)
        if weekday not in days or free[place : place + 1] == (day,):
            today = 0
        return (whole - place) * length + today

    def _faults(self) -> Iterator[str]:
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            yield f"zone {self.zone!r} is not known; write an IANA name such as Europe/Berlin"
        if not all(0 <= day <= 6 for day in self.days) or len(set(self.days)) != len(self.days):
            yield f"days {list(self.days)}: write each once, from 0 (Monday) to 6 (Sunday)"
        if not 0 <= self.start < self.end <= DAY:
            yield f"hours {self.start} to {self.end} s: the end has to come after the start, both inside one day"
        for holiday in self.holidays:
            try:
                date.fromisoformat(holiday)
            except ValueError:
                yield f"holiday {holiday!r} is not a date; write it as 2026-12-25"


@lru_cache(maxsize=256)
def _free(holidays: tuple[str, ...], days: tuple[int, ...]) -> tuple[int, ...]:
    """The holidays that fall on working days, as sorted days since the epoch."""
    epoch = date(1970, 1, 1)
    dates = {date.fromisoformat(each) for each in holidays}
    return tuple(sorted((each - epoch).days for each in dates if each.weekday() in days))


def _stretches(zone: str, since: int, until: int) -> Iterator[tuple[int, int, int]]:
    """The span cut where the zone's offset changes: (begin, end, offset), all in seconds."""
    begins = since
    while begins < until:
        year = datetime.fromtimestamp(begins, UTC).year
        for ends, offset in _offsets(zone, year):
            if ends > begins:
                yield begins, min(ends, until), offset
                begins = min(ends, until)
            if begins == until:
                return


@lru_cache(maxsize=2048)
def _offsets(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """The stretches of even offset in a year (UTC): when each ends, and its offset."""
    info = ZoneInfo(zone)
    begin, end = (int(datetime(each, 1, 1, tzinfo=UTC).timestamp()) for each in (year, year + 1))
    found = []
    for day in range(begin, end, DAY):
        before, after = _offset(info, day), _offset(info, day + DAY)
        if before != after:
            found.append((_change(info, day, day + DAY), before))
    return (*found, (end, _offset(info, end - 1)))


def _change(info: ZoneInfo, low: int, high: int) -> int:
    """The first second with the offset that holds at ``high``; the offset changes once between the two."""
    old = _offset(info, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(info, middle) == old:
            low = middle
        else:
            high = middle
    return high


def _offset(info: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, info).utcoffset() or timedelta()
    return int(offset.total_seconds())
