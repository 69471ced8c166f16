"""Expected times of the stages, before and now: standardised, open changes included, with what other weeks might say.

Importing this module imports numpy.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from exporter.catalogue import DAY
from exporter.diagnosis.draws import draws, widened
from exporter.diagnosis.strata import Strata, spread, strata
from exporter.diagnosis.survival import Flags, Floats, Whole, restricted_means, survivor_quantile
from exporter.diagnosis.tally import Tally
from exporter.diagnosis.weeks import WEEK, Windows
from exporter.model import Stage

STAGES = tuple(Stage)
PLACE = {stage: place for place, stage in enumerate(STAGES)}
CODING = PLACE[Stage.CODING]
AFTER = (PLACE[Stage.QA], PLACE[Stage.DEPLOY_WAIT])
CAP = 0.95
"""Share of the baseline's stays that are over by the cap of their stage."""

LEAST_CAP = float(DAY)
"""Seconds. Where hardly anything took time, the cap would be hardly any, and hide whatever comes to take a day."""
COMPARED = 2
"""The baseline and the current weeks."""


class Estimate(NamedTuple):
    """Rows are draws, the first of them what was seen; columns are ``STAGES``; seconds.

    ``raw`` are the expected lead times of all changes alike, (before, now), and ``around`` the times of the stages
    beside the baseline, likewise. ``entered`` counts stays by period and stage.
    """

    before: Floats
    now: Floats
    raw: tuple[float, float]
    around: Floats
    caps: Floats
    entered: Whole


class Stays(NamedTuple):
    """One row for each stay in a stage: which stage, which change, when it began and how long it lasted; all of one
    change in one stage are one.
    """

    stage: Whole
    change: Whole
    entered: Whole
    seconds: Floats
    ended: Flags


def estimate(tally: Tally, windows: Windows, at: int, around: tuple[int, ...] = ()) -> Estimate:
    """The expected times of the stages of one scope (definitions 147, 148); ``around``: weeks beside the baseline."""
    periods = (windows.before, windows.now, around)
    changes = _Changes(tally, periods)
    stays = _stays(tally)
    period, week = changes.place(stays.entered)
    caps = np.array([_cap(stays, period, stage) for stage in range(len(STAGES))])
    seen = _seen(stays, float(caps[CODING]), windows, at)
    arms = (draws(len(windows.before), 0), draws(len(windows.now), 1), np.ones((1, len(around))))
    found = [np.zeros((len(arm), len(STAGES))) for arm in arms]
    raw = np.zeros((len(arms), len(STAGES)))
    entered = np.zeros((len(arms), len(STAGES)), np.int64)
    everyone = np.arange(len(tally.passages))
    for stage in range(len(STAGES)):
        refused, refused_period, refused_week = changes.without(stays, stage)
        for arm, drawn in enumerate(arms):
            rows = changes.ordered(
                np.flatnonzero((stays.stage == stage) & (period == arm) & seen), stays.change, week, stays.seconds
            )
            none = changes.ordered(np.flatnonzero(refused & (refused_period == arm)), everyone, refused_week)
            cohort = _Cohort(
                stays.change[rows], stays.seconds[rows], stays.ended[rows], week[rows], none, refused_week[none]
            )
            plain = cohort.plain(drawn, float(caps[stage]))
            entered[arm, stage], raw[arm, stage] = len(rows), plain[0]
            if arm < COMPARED:
                found[arm][:, stage] = cohort.standardised(drawn, float(caps[stage]), changes.strata, arm, plain)
    before, now = (widened(found[arm], len(periods[arm])) for arm in range(COMPARED))
    return Estimate(before, now, (float(raw[0].sum()), float(raw[1].sum())), raw[2], caps, entered[:COMPARED])


class _Cohort(NamedTuple):
    """The stays that began in a period's weeks in one stage, and the changes settled to have none (``without``)."""

    change: Whole
    seconds: Floats
    ended: Flags
    week: Whole
    without: Whole
    without_week: Whole

    def plain(self, draws: Floats, cap: float) -> Floats:
        """The expected time per change, all changes alike."""
        return self._expected(
            np.arange(len(self.change)),
            np.ones(len(self.change)),
            self.without_week,
            np.ones(len(self.without)),
            draws,
            cap,
            np.zeros(len(draws)),
        )

    def standardised(self, draws: Floats, cap: float, strata: Strata, period: int, plain: Floats) -> Floats:
        """The expected time per change in the baseline's mix; a stratum without changes is taken to be as all are."""
        if len(strata.mix) == 1:
            return plain
        rows, of, parts = spread(strata, period, self.change, self.seconds, self.ended)
        none, none_of, none_parts = spread(strata, period, self.without)
        total = np.zeros(len(draws))
        here, refused = _places(of, len(strata.mix)), _places(none_of, len(strata.mix))
        for stratum in np.flatnonzero(strata.mix):
            mine, without = here[stratum], refused[stratum]
            total += strata.mix[stratum] * self._expected(
                rows[mine], parts[mine], self.without_week[none[without]], none_parts[without], draws, cap, plain
            )
        return total

    def _expected(
        self,
        rows: Whole,
        parts: Floats,
        without: Whole,
        without_parts: Floats,
        draws: Floats,
        cap: float,
        lacking: Floats,
    ) -> Floats:
        """The share of changes that enter the stage times the expected stay; ``lacking`` where no change is told of."""
        weeks = draws.shape[1]
        entered = draws @ np.bincount(self.week[rows], parts, weeks)
        changes = entered + draws @ np.bincount(without, without_parts, weeks)
        if not changes.any():
            return lacking
        stay = np.zeros(len(draws))
        if len(rows):
            stay = restricted_means(self.seconds[rows], self.ended[rows], parts, self.week[rows], draws, cap)
        told = changes > 1e-12
        return np.where(told, np.divide(entered * stay, changes, out=np.zeros_like(stay), where=told), lacking)


class _Changes:
    """The changes of a scope as columns, and where on the two periods' weeks a second lies."""

    def __init__(self, tally: Tally, periods: Sequence[tuple[int, ...]]) -> None:
        changes = tally.passages
        told = sorted((week, period, place) for period, weeks in enumerate(periods) for place, week in enumerate(weeks))
        self._begins, self._period, self._number = np.array(told, np.int64).T
        repositories = np.array([each.repository for each in changes], np.int64)
        lines = np.array([-1 if each.lines is None else each.lines for each in changes], np.int64)
        ready = _seconds([entered for entered, _ in tally.review])
        self._left = _seconds([left for _, left in tally.review])
        self._end = _seconds(
            [
                each.produced if each.merged is not None and each.repository in tally.known else left
                for each, (_, left) in zip(changes, tally.review, strict=True)
            ]
        )
        self._told = np.array([bool(each.spells) for each in changes], np.bool_)
        period, _ = self.place(ready)
        period = np.where(self._told, period, -1)
        self.strata = strata(repositories, lines, [each.merged is not None for each in changes], period)

    def place(self, seconds: Whole) -> tuple[Whole, Whole]:
        """The period a second lies in (-1 for none) and the number of its week there."""
        week = np.searchsorted(self._begins, seconds, side="right") - 1
        inside = (week >= 0) & (seconds < self._begins[week] + WEEK)
        return np.where(inside, self._period[week], -1), self._number[week]

    def ordered(self, rows: Whole, change: Whole, *by: Whole | Floats) -> Whole:
        """Rows in an order that what is told decides alone: sums of the same parts in another order may differ."""
        strata = (self.strata.of[change[rows]], self.strata.first[change[rows]])
        return rows[np.lexsort((*strata, *(column[rows] for column in by)))]

    def without(self, stays: Stays, stage: int) -> tuple[Flags, Whole, Whole]:
        """Which changes have no stay in a stage for good, and the period and week in which that was settled.

        Every change is coded. What is merged or closed will not be reviewed any more; what is in production, or closed,
        will neither be tested nor wait for its deployment.
        """
        settled = self._end if stage in AFTER else self._left
        without = self._told & (settled >= 0) & (stage != CODING)
        without[stays.change[stays.stage == stage]] = False
        return (without, *self.place(settled))


def _places(of: Whole, many: int) -> list[Whole]:
    """For each stratum the places in a column that are its own, in their order."""
    order = np.argsort(of, kind="stable")
    return np.split(order, np.searchsorted(of[order], np.arange(1, many)))


def _stays(tally: Tally) -> Stays:
    """All stays; those of one change in one stage are added up from the first on."""
    told = [
        (PLACE[spell.stage], number, spell.entered, max(0, spell.seconds), not spell.ended)
        for number, each in enumerate(tally.passages)
        for spell in each.spells
    ]
    columns = np.array(told, np.int64).reshape(-1, 5)
    places, change = columns[:, 0], columns[:, 1]
    known = np.array([tally.follows(each) for each in tally.passages], np.bool_)
    columns = columns[np.lexsort((columns[:, 2], change, places))]
    columns = columns[known[columns[:, 1]] | ~np.isin(columns[:, 0], AFTER)]
    places, change = columns[:, 0], columns[:, 1]
    starts = np.flatnonzero(np.diff(places, prepend=-1) | np.diff(change, prepend=-1))
    return Stays(
        places[starts],
        change[starts],
        columns[starts, 2],
        np.add.reduceat(columns[:, 3], starts).astype(float) if len(starts) else np.zeros(0),
        np.add.reduceat(columns[:, 4], starts) == 0 if len(starts) else np.zeros(0, np.bool_),
    )


def _cap(stays: Stays, period: Whole, stage: int) -> float:
    """The time within which 95 % of the baseline's stays are over; of the current ones where the baseline has none."""
    for arm in range(COMPARED):
        here = (stays.stage == stage) & (period == arm)
        if here.any():
            return max(LEAST_CAP, survivor_quantile(stays.seconds[here], stays.ended[here], CAP))
    return LEAST_CAP


def _seen(stays: Stays, cap: float, windows: Windows, at: int) -> Flags:
    """Whether a stay would be seen however long it is.

    Coding is seen when the change is proposed, so of what was begun lately only what was quick is known. Coding that
    began less than the cap ago is left out, up to half of the current weeks.
    """
    latest = at - min(cap, len(windows.now) * WEEK / 2)
    seen: Flags = (stays.stage != CODING) | (stays.entered <= latest)
    return seen


def _seconds(dates: Sequence[int | None]) -> Whole:
    """Dates as a column, -1 for what did not happen."""
    return np.array([-1 if each is None else each for each in dates], np.int64)
