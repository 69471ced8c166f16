"""Where the gain of one scope goes: everything put together, from passages to a sentence."""

from collections.abc import Callable, Sequence

from exporter.diagnosis.tally import Tally
from exporter.diagnosis.terms import Diagnosis, Period, Verdict
from exporter.diagnosis.verdict import short
from exporter.diagnosis.weeks import WEEK, Settings, windows
from exporter.passages import Passage

ALERT_WEEKS = 3
"""Weekly verdicts in a row that are counted at most: as many as an alert waits for."""


def diagnose(
    scope: str,
    passages: Sequence[Passage],
    at: int,
    settings: Settings,
    control: Sequence[Passage] = (),
    releases: Sequence[int] = (),
) -> Diagnosis:
    """The diagnosis of a scope at the end of a week (Monday 0:00 UTC), of its changes as known then.

    ``control`` are the changes of repositories with little AI, compared over the same weeks; ``releases`` are the
    seconds of the scope's production releases. The order of what is given does not matter. numpy is imported only
    where there is enough to compare.

    Raises:
        ValueError: ``at`` is not the end of a week.
    """
    tally = Tally(passages)
    chosen = windows(at, settings, tally.ai_shares() if settings.adoption is None else {})
    if isinstance(chosen, str):
        return _insufficient(scope, at, settings, chosen)
    before, now = tally.period(chosen.before), tally.period(chosen.now)
    if lacking := short(before, now, settings.least_changes, settings.least_authors):
        return _insufficient(scope, at, settings, lacking, before, now)
    from exporter.diagnosis.comparison import compare

    return compare(scope, at, settings, tally, chosen, Tally(control), releases)


def absorbed_weeks(diagnosis: Callable[[int], Diagnosis], at: int, most: int = ALERT_WEEKS) -> int:
    """How many weekly verdicts in a row, the one of ``at`` included, say absorbed; at most ``most``.

    Two of the same weeks, as during a freeze, are one.
    """
    told: set[tuple[int, ...]] = set()
    for weeks in range(most):
        found = diagnosis(at - weeks * WEEK)
        if found.verdict is not Verdict.ABSORBED:
            break
        told.add(found.current.weeks if found.current is not None else ())
    return len(told)


def _insufficient(
    scope: str, at: int, settings: Settings, lacking: str, before: Period | None = None, now: Period | None = None
) -> Diagnosis:
    return Diagnosis(
        scope=scope,
        at=at,
        verdict=Verdict.INSUFFICIENT_DATA,
        reason=f"{lacking[0].upper()}{lacking[1:]}.",
        sentence=f"Nothing can be said yet: {lacking}.",
        adoption=settings.adoption,
        baseline=before,
        current=now,
    )
