"""The worked example of docs/definitions.md as changes: nine of ten alike in each stage, the tenth long."""

from exporter.diagnosis.weeks import WEEK, Settings
from exporter.model import Origin, Stage
from exporter.passages import Passage, Spell

HOUR = 3600
START = 2600 * WEEK + 4 * 86400
ADOPTION = START + 16 * WEEK
AT = ADOPTION + 14 * WEEK
SETTINGS = Settings(adoption=ADOPTION, start=START)

BEFORE = {
    Stage.CODING: 20,
    Stage.PICKUP: 8,
    Stage.REVIEW: 10,
    Stage.MERGE_WAIT: 2,
    Stage.QA: 40,
    Stage.DEPLOY_WAIT: 20,
}
NOW = {
    Stage.CODING: 14,
    Stage.PICKUP: 12,
    Stage.REVIEW: 11,
    Stage.MERGE_WAIT: 2,
    Stage.QA: 41,
    Stage.DEPLOY_WAIT: 20,
}
LONG = {
    Stage.CODING: 60,
    Stage.PICKUP: 35,
    Stage.REVIEW: 35,
    Stage.MERGE_WAIT: 9,
    Stage.QA: 120,
    Stage.DEPLOY_WAIT: 60,
}
"""Hours of the tenth change; as one of ten it is beyond 90 and within 95 %, so that it is the cap."""


def made(scale: int = 1) -> list[Passage]:
    """Ten changes a week, to their very end; all durations ``scale`` times as long."""
    weeks = range(START - 2 * WEEK, AT, WEEK)
    return [one(week, place, NOW if week >= ADOPTION else BEFORE, scale) for week in weeks for place in range(10)]


def one(week: int, place: int, means: dict[Stage, int], scale: int) -> Passage:
    """The change of a place in its week; (10 mean - long) / 9 h for nine of ten, so that the mean is as given."""
    entered, spells = week + place * 60, []
    for number, stage in enumerate(means):
        nine = 400 * (10 * means[stage] - LONG[stage])
        seconds = scale * (LONG[stage] * HOUR if number == place else nine)
        spells.append(Spell(stage, entered, seconds, True))
        entered += seconds
    begins = {spell.stage: spell.entered for spell in spells}
    return Passage(
        repository=1,
        origin=Origin.ASSISTED if means is NOW and place < 5 else Origin.UNMARKED,
        author=f"dev{place % 6}",
        began=week + place * 60,
        ready=begins[Stage.PICKUP],
        merged=begins[Stage.QA],
        closed=None,
        produced=entered,
        reviewed=True,
        lines=100,
        commits=3,
        spells=tuple(spells),
    )
