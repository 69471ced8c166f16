"""What became of the gain of faster coding: whether it arrives, and which stage takes it.

Everything here is the exporter's diagnosis of one scope, as it states it: no panel divides by a gain that the exporter
does not divide by.
"""

from exporter.catalogue import HOUR
from exporter.diagnosis.terms import Verdict
from exporter.model import Stage
from exporter.render.dashboards.evidence import FIVE, FLOW, SURE, WORTH
from exporter.render.dashboards.panels import (
    COLOURS,
    GREEN,
    ORANGE,
    ask,
    coloured,
    dotted,
    lines,
    override,
    stat,
    table,
    timeline,
)
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.scope import BEFORE, BOUNDS, NO_DIAGNOSIS, NO_GAIN, NO_STAGES, added, hours, told
from exporter.render.dashboards.series import threshold
from exporter.render.dashboards.waterfall import Part, Whole, waterfall

WEEK = 7 * 24 * HOUR
NO_SHARE = "not told: the gain is too small to divide by, or doubtful"
AFTER = tuple(each for each in Stage if each is not Stage.CODING)
"""The stages that can take what coding gains."""
WORDS = {place: (each.replace("_", " "), COLOURS[each]) for place, each in enumerate(Verdict, 1)}
STAGES = {0: ("none named", GREEN)} | {
    place: (each.replace("_", " "), COLOURS[each]) for place, each in enumerate(AFTER, 1)
}

CODE = "\nor\n".join(
    f"{place} * ({told('diagnosis_verdict', verdict=each)} == 1)" for place, each in enumerate(Verdict, 1)
)
"""The verdict as its place among all of them; the first that is there, where several exporters differ."""
MOST = "\nor\n".join([
    *(f"{place} * ({told('diagnosis_bottleneck', stage=each)} == 1)" for place, each in enumerate(AFTER, 1)),
    f"0 * {told('diagnosis_bottleneck')}",
])  # fmt: skip
"""The stage that takes most as its place among those after coding; 0 where none is named."""
LEAD_BEFORE = added("baseline_seconds", *Stage)
LEAD_NOW = added("diagnosis_stage_seconds", *Stage)
CHANGES = {each: told("diagnosis_stage_delta_seconds", stage=each, bound="estimate") for each in Stage}


def level(place: int) -> str:
    """How long the whole way takes when the stages up to one have become what they are now."""
    passed = added("diagnosis_stage_delta_seconds", *tuple(Stage)[: place + 1], bound="estimate")
    return hours(f"(\n  {LEAD_BEFORE}\n  + {passed}\n)")


HEADLINES = (
    stat(
        "What became of the gain",
        "The verdict of the last whole week. *absorbed*: of the time that coding saves, other stages surely take more "
        "than a quarter. *passed*: they surely take less than half. *no gain*: coding is not surely faster, or by less "
        "than a tenth. *inconclusive*: either may be. *insufficient data*: fewer than 30 changes or 5 people on one "
        "side. *not measurable*: even the largest possible effect would drown in chance. Good is passed. It says "
        "nothing of why; without a diagnosis it is empty. Of several jobs choose one: their diagnoses do not add up.",
        [ask(CODE, "verdict", at_end=True)],
        unit="short",
        none=NO_DIAGNOSIS,
        words=WORDS,
        width=6,
    ),
    stat(
        "Coding time saved",
        "Hours of coding that a change takes less than in the baseline, of like changes, by the estimate; its bounds "
        "are below. Good is above 0. Coding begins with the first commit: what was thought before it is not in it.",
        [ask(hours(told("diagnosis_gain_seconds")), "saved per change", at_end=True)],
        unit="suffix:h",
        decimals=1,
        none=NO_GAIN,
    ),
    stat(
        "Absorbed part of the gain",
        "Part of the saved coding time that the other stages took, by the estimate: at 0 the gain arrives, at 1 all of "
        "it is lost, and above 1 changes take longer than before. Good is near 0 or below. It is empty where the gain "
        "is too small to divide by or its measure is in doubt, and never guessed. Believe it with its bounds only.",
        [ask(told("diagnosis_absorbed_ratio", bound="estimate"), "absorbed", at_end=True)],
        unit="percentunit",
        decimals=0,
        none=NO_SHARE,
        width=5,
    ),
    stat(
        "Stage that takes most",
        "The stage that surely took most of an absorbed gain, named where four of five draws agree. Good is none. "
        "Waiting shows where work piles up, and not who could do what about it.",
        [ask(MOST, "stage", at_end=True)],
        unit="short",
        none=NO_DIAGNOSIS,
        words=STAGES,
        width=5,
    ),
    stat(
        "Weeks in a row, absorbed",
        "Weekly verdicts in a row, up to the last one, that say absorbed; three at most are counted. Good is 0, and "
        "one week may be chance. Red from the threshold absorbed on, which the alert compares with too.",
        [ask(told("diagnosis_absorbed_verdicts"), "weeks", at_end=True)],
        unit="short",
        decimals=0,
        none=NO_DIAGNOSIS,
        limit=f"{threshold('seconds', 'absorbed')} / {WEEK}",
    ),
)

COURSE = (
    timeline(
        "Verdicts over time",
        "The verdict at each time since the first scrape; it changes when a week is over. Good is passed, for weeks. "
        "What turns back and forth is a close call and no change of the team.",
        [ask(CODE, "verdict")],
        words=WORDS,
        none=NO_DIAGNOSIS,
        width=24,
        height=4,
    ),
    lines(
        "Coding time saved, with its bounds",
        "Hours of coding that a change takes less than in the baseline, and the bounds of that (90%). Good is a lower "
        "bound above 0: before that there is no gain whose way could be followed. Intervals are rather too narrow than "
        "too wide.",
        [
            ask(hours(told("diagnosis_gain_seconds")), "estimate"),
            ask(hours(told("diagnosis_gain_bound_seconds", bound="lower")), "lower"),
            ask(hours(told("diagnosis_gain_bound_seconds", bound="upper")), "upper"),
        ],
        unit="suffix:h",
        none=NO_GAIN,
        step="6h",
        least=None,
        overrides=coloured(BOUNDS),
    ),
    lines(
        "Absorbed part of the gain, with its bounds",
        "Part of the saved coding time that the other stages took, and its bounds (90%). The verdict is absorbed where "
        "the lower one is above 25%, and passed where the upper one is below 50%. Good is an upper bound that falls. "
        "It ends where the gain is too small to divide by, and says nothing there.",
        [ask(told("diagnosis_absorbed_ratio", "bound"), "{{bound}}")],
        unit="percentunit",
        none=NO_SHARE,
        step="6h",
        least=None,
        soft=1,
        overrides=coloured(BOUNDS),
    ),
)

TIME = (
    waterfall(
        "From the baseline to now, by stage",
        "How many hours a change took from the first commit to its end in the baseline, what each stage has added to "
        "or taken from that since, and what it takes now. Bars of stages begin where the one before ended, and all "
        "stand on 0, so that their size is their share of the way. Of like changes, open ones included. Good is a last "
        "bar that is as much shorter as coding is. By estimates; the bounds are in the table.",
        [
            Whole(BEFORE, hours(LEAD_BEFORE)),
            *(Part(each, level(place), hours(CHANGES[each])) for place, each in enumerate(Stage)),
            Whole("now", hours(LEAD_NOW)),
        ],
        (GREEN, ORANGE),
        unit="suffix:h",
        decimals=0,
        none=NO_STAGES,
        width=14,
        height=11,
    ),
    table(
        "Hours per change, by stage",
        "What a change is expected to spend in each stage, in the baseline and in the last twelve whole weeks, and the "
        "difference with its bounds (90%); changes that skip a stage count as 0 there. Means that add up. Good is a "
        "difference below 0; one whose bounds lie on both sides of 0 may be none. A stage without a source is not "
        "there.",
        {"stage": "Stage"},
        {
            "Baseline": hours(told("baseline_seconds", "stage")),
            "Now": hours(told("diagnosis_stage_seconds", "stage")),
            "Change": hours(told("diagnosis_stage_delta_seconds", "stage", bound="estimate")),
            "At least": hours(told("diagnosis_stage_delta_seconds", "stage", bound="lower")),
            "At most": hours(told("diagnosis_stage_delta_seconds", "stage", bound="upper")),
        },
        none=NO_STAGES,
        sort="Change",
        width=10,
        height=11,
        overrides=[
            override(name, unit="suffix:h", decimals=1) for name in ("Baseline", "Now", "Change", "At least", "At most")
        ],
    ),
    lines(
        "Coding time against the time after it",
        "Hours per change in coding and in all stages after it, of like changes as in the baseline; dotted, the "
        "baseline of each. Good is coding below its dotted line and the other not above its own: the gain arrives. "
        "Each point is of the twelve whole weeks before it, so that news is half there after six weeks.",
        [
            ask(hours(added("diagnosis_stage_seconds", Stage.CODING)), "coding"),
            ask(hours(added("baseline_seconds", Stage.CODING)), f"coding, {BEFORE}"),
            ask(hours(added("diagnosis_stage_seconds", *AFTER)), "after coding"),
            ask(hours(added("baseline_seconds", *AFTER)), f"after coding, {BEFORE}"),
        ],
        unit="suffix:h",
        none=NO_STAGES,
        step="6h",
        overrides=[
            *coloured([Stage.CODING]),
            override("after coding", color={"fixedColor": ORANGE, "mode": "fixed"}),
            *dotted(["coding", "after coding"], BEFORE),
        ],
    ),
    lines(
        "Hours per change, by stage, over time",
        "What a change is expected to spend in each stage, of like changes as in the baseline, open ones included; the "
        "stages add up to the whole way. Good is a stack that falls as coding does.",
        [ask(hours(told("diagnosis_stage_seconds", "stage")), "{{stage}}")],
        unit="suffix:h",
        none=NO_STAGES,
        step="6h",
        stack="normal",
        overrides=coloured(Stage),
    ),
)


DASHBOARD = Dashboard(
    uid="sdlc-gain",
    title="Where the gain goes",
    about="Does the gain of faster coding arrive, and which stage takes it where it does not?",
    variables=("datasource", "job", "team"),
    rows=(
        Row("Does the gain arrive?", (*HEADLINES, *COURSE)),
        Row("Where does the time go?", TIME),
        Row("Where are the changes?", FLOW),
        Row("Which of the five signals are there?", FIVE),
        Row("How sure is that?", SURE),
        Row("What is felt, and what is it worth?", WORTH),
    ),
    since="now-90d",
    pictured=False,
)
