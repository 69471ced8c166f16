"""What a diagnosis rests on: the flow of changes, the five signals, the doubts about it, and what people say."""

from exporter.diagnosis.terms import Flag, Signal
from exporter.measures.diagnosis import QUEUES
from exporter.render.dashboards.panels import (
    COLOURED_TEXT,
    COLOURS,
    GREEN,
    GREY,
    ORANGE,
    Panel,
    ask,
    coloured,
    lines,
    link,
    mapped,
    override,
    stat,
    table,
    timeline,
)
from exporter.render.dashboards.scope import BEFORE, BOUNDS, NO_DIAGNOSIS, NO_GAIN, NO_STAGES, hours, told
from exporter.render.dashboards.series import largest, series

NO_FLOW = "no flow is compared yet: see the verdict"
NO_SIGNAL = "cannot be measured here"
NOT_STATED = "economics are not in the configuration"

SIGNALS = {1: ("there", ORANGE), 0: ("not there", GREEN)}
DOUBTS = {1: ("holds", ORANGE), 0: ("–", GREY)}
FLAGS = {
    Flag.CODING_UNRELIABLE: "the share of changes with one commit moved by more than 10 points, so that coding time is "
    "another thing than before",
    Flag.DENOMINATOR_SMALL: "the gain is too small to divide by",
    Flag.MIX_CHANGED: "much of the raw difference is other sizes or repositories",
    Flag.UNREVIEWED_ROSE: "merges without a review rose by more than 10 points, which hides the wait for one",
    Flag.NOT_STATIONARY: "queues grew, and averages of waits lag behind",
    Flag.TEAM_CHANGED: "the number of authors changed by a third or more",
    Flag.RELEASE_TRAINS: "releases keep a timetable, which no faster coding shortens",
    Flag.BASELINE_UNUSUAL: "the baseline was worse than the weeks around it, and would have become better anyway",
    Flag.LITTLE_CONTRAST: "the share of AI changes hardly differs between the two",
    Flag.PRODUCTION_UNKNOWN: "nothing tells when code is in production, and the way ends at the merge",
    Flag.CONTROL_DISAGREES: "teams with little AI changed alike in the same weeks",
}


def weekly(gate: str, span: str) -> str:
    """Changes a week that pass a gate."""
    return told("diagnosis_flow_weekly_changes", gate=gate, span=span)


def by_queue(*exprs: str) -> str:
    """One value for each queue."""
    return "\nor\n".join(
        f'label_replace({expr}, "queue", "{queue}", "", "")' for queue, expr in zip(QUEUES, exprs, strict=True)
    )


FLOW = (
    table(
        "Changes a week, by gate",
        "Changes that passed each gate a week, in the baseline and in the last twelve whole weeks, and releases. Good "
        "is as much more in production as is ready. Nothing here is of like changes: more and smaller ones count too.",
        {"gate": "Gate"},
        {
            "Baseline": told("diagnosis_flow_weekly_changes", "gate", span="before"),
            "Now": told("diagnosis_flow_weekly_changes", "gate", span="now"),
            "Now by baseline": f"{told('diagnosis_flow_weekly_changes', 'gate', span='now')}\n"
            f"/ ({told('diagnosis_flow_weekly_changes', 'gate', span='before')} > 0)",
        },
        none=NO_FLOW,
        sort="Baseline",
        width=12,
        height=8,
        overrides=[override(name, decimals=1) for name in ("Baseline", "Now")]
        + [override("Now by baseline", decimals=2)],
    ),
    table(
        "Flow in = flow out + growth, a week",
        "Of the last twelve whole weeks: what came to a queue a week, what left it, and by how much it grew. To review "
        "comes what is ready, and what is merged or abandoned leaves; undeployed is what is merged, until it is in "
        "production. Good is no growth. What does not add up became a draft again, was opened anew, or went into "
        "production unseen.",
        {"queue": "Queue"},
        {
            "In": by_queue(weekly("ready", "now"), weekly("merged", "now")),
            "Out": by_queue(
                f"({weekly('merged', 'now')} + {weekly('abandoned', 'now')})", weekly("in_production", "now")
            ),
            "Growth": told("diagnosis_queue_growth_weekly_changes", "queue"),
        },
        none=NO_FLOW,
        sort="Growth",
        width=12,
        height=8,
        overrides=[override(name, decimals=1) for name in ("In", "Out", "Growth")],
    ),
    lines(
        "Changes a week, by gate, over time",
        "Changes that passed each gate a week, in the twelve whole weeks before each point. Good is production that "
        "rises with what is ready; a gap that opens between two gates is work that waits, or is thrown away.",
        [ask(told("diagnosis_flow_weekly_changes", "gate", span="now"), "{{gate}}")],
        unit="short",
        decimals=0,
        none=NO_FLOW,
        step="6h",
    ),
    lines(
        "Part of the growth that does not reach production",
        "Of the growth of ready changes per developer and week since the baseline, the part that did not arrive in "
        "production: at 0 as much more is in production, at 1 no more than before. Good is near 0. It is absent where "
        "no more became ready, and counts changes of whatever size.",
        [ask(told("diagnosis_flow_absorbed_ratio"), "not in production")],
        unit="percentunit",
        none="no more became ready than before, or production is unknown",
        step="6h",
        least=None,
        soft=1,
    ),
)


def signal(which: Signal, title: str, says: str, dashboard: str) -> Panel:
    """Whether one of the five is there, and a link to what it rests on."""
    return stat(
        title,
        f"{says} Good is not there. Empty is that it cannot be measured, and not that it is not there.",
        [ask(told("signal_active", signal=which), title.lower(), at_end=True)],
        unit="short",
        none=NO_SIGNAL,
        words=SIGNALS,
        links=link("What it rests on", dashboard),
    )


FIVE = (
    signal(
        Signal.CYCLE_TIME_RISING,
        "Cycle time rises",
        "Coding got faster and the time from ready to merged longer, both beyond chance, since the baseline. What it "
        "rests on is in SDLC / Review.",
        "sdlc-review",
    ),
    signal(
        Signal.TEST_MAINTENANCE_CLIMBING,
        "Test upkeep climbs",
        "Over six sprints each developer spends more and more time on old test lines, beyond chance. What it rests on "
        "is in SDLC / Tests.",
        "sdlc-tests",
    ),
    signal(
        Signal.ESCAPE_RATE_DRIFTING,
        "More escapes",
        "A larger share of changes is reverted, mended or causes incidents than before, beyond chance. What it rests "
        "on is in SDLC / Quality, and is a month old when it is known.",
        "sdlc-quality",
    ),
    signal(
        Signal.RELEASE_FREQUENCY_FLAT,
        "Releases do not keep up",
        "More changes are ready than before, beyond chance, and there are no more releases. What it rests on is in "
        "SDLC / Releases.",
        "sdlc-releases",
    ),
    signal(
        Signal.QA_BLOCKING,
        "QA is blocked",
        "QA waits for much of the time that it has issues, beyond chance, or retrospectives keep naming it. What it "
        "rests on is in SDLC / Quality.",
        "sdlc-quality",
    ),
    stat(
        "Signals",
        "How many of the five signals are there, and how many can be measured. Good is none of five.",
        [
            ask(f"sum({told('signal_active', 'signal')})", "there", at_end=True),
            ask(f"count({told('signal_active', 'signal')})", "measured", at_end=True),
        ],
        unit="short",
        decimals=0,
        none=NO_SIGNAL,
        shows="value_and_name",
    ),
    timeline(
        "The five signals over time",
        "Each signal since the first scrape; one that cannot be measured has no line. Good is none for weeks. Signals "
        "are told each by its own evidence, and several at once are no proof of one cause.",
        [ask(told("signal_active", "signal"), "{{signal}}")],
        words=SIGNALS,
        none=NO_SIGNAL,
        width=24,
        height=7,
    ),
)

SURE = (
    stat(
        "Changes compared",
        "Changes that became ready in the baseline and in the last twelve whole weeks. Good is many: below 30 on one "
        "side there is no verdict, and a hundred still tell only large effects.",
        [
            ask(told("diagnosis_samples", span="before"), BEFORE, at_end=True),
            ask(told("diagnosis_samples", span="now"), "now", at_end=True),
        ],
        unit="short",
        decimals=0,
        none=NO_DIAGNOSIS,
        shows="value_and_name",
        width=6,
    ),
    stat(
        "Largest possible cut of lead time",
        "The saved coding time by the whole way of the baseline: if nothing of it were absorbed, changes would arrive "
        "so much earlier, and no more. Good is what you hope for; where it is small, look for time in other stages.",
        [ask(told("diagnosis_ceiling_ratio"), "ceiling", at_end=True)],
        unit="percentunit",
        decimals=1,
        none=NO_GAIN,
        width=6,
    ),
    stat(
        "Least difference that can be told",
        "Hours by which lead times have to differ to be told from chance. Good is well below the saved coding time: a "
        "gain that is smaller cannot be followed, whatever becomes of it.",
        [ask(hours(told("diagnosis_detectable_seconds")), "detectable", at_end=True)],
        unit="suffix:h",
        decimals=1,
        none=NO_STAGES,
        width=6,
    ),
    stat(
        "Age of the diagnosis",
        "How long ago the last week ended that the diagnosis is of. Good is up to 7 days and a little: it moves once a "
        "week. From 15 days on it is one of the past, and the alert is silent.",
        [ask(f"time() - {told('diagnosis_end_timestamp_seconds')}", "age", at_end=True)],
        unit="s",
        decimals=0,
        none=NO_DIAGNOSIS,
        links=link("How sources are read", "sdlc-exporter"),
        width=6,
    ),
    table(
        "Doubts",
        "What makes the diagnosis less certain than its bounds say. Good is that none holds. "
        + "; ".join(f"{flag}: {sentence}" for flag, sentence in FLAGS.items())
        + ".",
        {"flag": "Doubt"},
        {"Holds": told("diagnosis_flag", "flag")},
        none=NO_DIAGNOSIS,
        sort="Holds",
        width=8,
        height=13,
        overrides=[override("Holds", mappings=mapped(DOUBTS), custom__width=90, **COLOURED_TEXT)],
    ),
    timeline(
        "Doubts over time",
        "Which doubts held since the first scrape, in the words of the table beside it. Good is that none holds; one "
        "that comes and goes with the verdict decides it.",
        [ask(told("diagnosis_flag", "flag"), "{{flag}}")],
        words=DOUBTS,
        none=NO_DIAGNOSIS,
        width=10,
        height=13,
    ),
    table(
        "What the baseline was like",
        "Shares of the changes of the baseline weeks: with an AI marker, merged without a review, with one commit "
        "only. Good is a small share of AI: where tools were used before, the baseline has a part of the gain in it.",
        {"name": "Changes"},
        {"Share": told("baseline_ratio", "name")},
        none=NO_STAGES,
        sort="Share",
        width=6,
        height=13,
        overrides=[override("Share", unit="percentunit", decimals=0, custom__width=90)],
    ),
)

PER_WEEK = "per developer and week"
WORTH = (
    lines(
        f"Hours saved {PER_WEEK}: felt, and modelled",
        "What people say they save, from the configuration, beside the coding time saved less the work added in "
        "review, rework and test upkeep, which is modelled, with its bounds (90%). Of the whole organisation, whatever "
        "team is chosen. Good is two lines that meet; the gap is what is felt and not found. Waiting is in neither.",
        [
            ask(hours(largest(series("sdlc_reported_saved_seconds"))), "felt"),
            ask(hours(largest(series("sdlc_measured_saved_seconds"), "bound")), "modelled, {{bound}}"),
        ],
        unit="suffix:h",
        none=NOT_STATED,
        step="6h",
        least=None,
        overrides=[
            override(f"modelled, {each}", color={"fixedColor": COLOURS[each], "mode": "fixed"}) for each in BOUNDS
        ],
    ),
    lines(
        "Worth of the saving by the cost of the seats (modelled)",
        "The modelled saving, at the declared worth of an hour, by the declared cost of the seats, with its bounds "
        "(90%); of the whole organisation. Good is a lower bound above 1; at most on which side of 1 it lies is to be "
        "believed. A saved hour is worth nothing where it is absorbed.",
        [ask(largest(series("sdlc_roi_ratio"), "bound"), "{{bound}}")],
        unit="short",
        decimals=2,
        none=NOT_STATED,
        step="6h",
        least=None,
        overrides=coloured(BOUNDS),
    ),
)
