"""Every number of a report: what it is, in which unit, which metric exports it, and where its rule stands."""

from msgspec import Struct

from exporter.diagnosis.terms import Flag, Signal
from exporter.model import Stage

DOCUMENT = "docs/definitions.md"
SECTION = "Diagnosis"
HOME = "https://github.com/sdlc-exporter/sdlc-exporter/blob/main/docs/definitions.md"
"""The project's page of rules, with whose numbers and sections the appendix refers to it."""
RULES = "145 to 157"


class Definition(Struct, frozen=True):
    """One number's. ``key`` is its anchor; ``metric`` is empty where none exports it; ``rule`` is of the document."""

    key: str
    name: str
    text: str
    metric: str = ""
    rule: str = SECTION


INTERVALS = (
    "Intervals are two-sided at 90 %: the truth is below one time in twenty, and above one time in twenty, if weeks "
    "are alike. They come from drawing whole blocks of weeks again, and are too narrow where queues grow, so that one "
    "weekly verdict may be chance; alerts wait for three in a row."
)
SPANS = (
    "A change is compared with like changes (repository, size, kind) in the proportions of the baseline, those still "
    "open included up to the day of the report. Times are of the clock, nights and weekends included, and UTC."
)

DEFINITIONS = (
    Definition(
        "gain",
        "Saved in coding",
        "G: expected coding time of a change in the baseline less that in the current weeks. Coding is from the first "
        "commit to the change asking for a review. Negative: coding takes longer than it did.",
        "sdlc_diagnosis_gain_seconds",
    ),
    Definition(
        "downstream",
        "Added by the other stages",
        "The sum of what all stages but coding take longer than in the baseline.",
        "sdlc_diagnosis_stage_delta_seconds",
    ),
    Definition(
        "cycle",
        "Added up to the merge",
        "The part of it between asking for a review and the merge: wait for a review, review, wait for the merge, and "
        "changes that are open without a review.",
        "sdlc_diagnosis_stage_delta_seconds",
    ),
    Definition(
        "lead",
        "Lead time",
        "L: the sum of all stages, from the first commit to production, or to the merge where production is unknown. "
        "Its change is what was added less what was saved.",
        "sdlc_diagnosis_stage_seconds",
    ),
    Definition(
        "absorbed",
        "Absorbed part of the gain",
        "A = added by the other stages / saved in coding. 0 %: the whole gain arrives. 100 %: all of it is lost. "
        "Above: changes take longer than before. Below 0 %: the other stages became faster too. Shown only where there "
        "surely is a gain that these data could follow.",
        "sdlc_diagnosis_absorbed_ratio",
    ),
    Definition(
        "stage",
        "Time in a stage",
        "Expected time of a change in a stage: the area under the curve of those still in it (Kaplan-Meier) up to the "
        "cap, times the share of changes that enter it. So the stages add up to the lead time.",
        "sdlc_diagnosis_stage_seconds",
    ),
    Definition(
        "stage-before",
        "Time in a stage, before",
        "The same in the baseline weeks.",
        "sdlc_baseline_seconds",
    ),
    Definition(
        "delta",
        "Change of a stage",
        "Time in the stage in the current weeks less that in the baseline; + is longer.",
        "sdlc_diagnosis_stage_delta_seconds",
    ),
    Definition("cap", "Cap of a stage", "The 95th percentile of the baseline. What is longer counts as long as this."),
    Definition(
        "entered",
        "n of a stage",
        "Spells of the stage that began in the baseline and in the current weeks.",
    ),
    Definition(
        "share",
        "Share of the gain",
        "The change of a stage / saved in coding. The shares add up to the absorbed part.",
    ),
    Definition(
        "probability",
        "Grew most in",
        "How many of the draws of weeks have this stage grow most.",
    ),
    Definition(
        "bottleneck",
        "Stage that took most",
        "Named only where the verdict is absorbed, this stage grew most in four of five draws, and it surely grew.",
        "sdlc_diagnosis_bottleneck",
    ),
    Definition(
        "verdict",
        "Verdict",
        "What may be said of the gain, with every doubt taken into account; the gate that decided is beside it.",
        "sdlc_diagnosis_verdict",
    ),
    Definition(
        "weeks",
        "Weekly verdicts in a row",
        "Verdicts at the end of each week, up to this one, that say absorbed without a break; at most three.",
        "sdlc_diagnosis_absorbed_verdicts",
    ),
    Definition(
        "flags",
        "Doubts",
        "What makes the comparison unfair or the intervals too narrow. Each is 0 or 1.",
        "sdlc_diagnosis_flag",
    ),
    Definition(
        "ceiling",
        "Largest possible cut",
        "Saved in coding / lead time before: the cut of lead time if no other stage took any of it.",
        "sdlc_diagnosis_ceiling_ratio",
    ),
    Definition(
        "detectable",
        "Least visible difference",
        "The least difference of lead times that these data could tell from chance: 2.5 standard errors.",
        "sdlc_diagnosis_detectable_seconds",
    ),
    Definition(
        "mix",
        "Other mix of changes",
        "By how much a change's way is longer or shorter since changes are of other sizes, kinds and repositories: the "
        "raw difference of lead times less that of like changes. It is in no other number here.",
    ),
    Definition(
        "controlled",
        "Difference to repositories of little AI",
        "The same differences less those of repositories with little AI in the same weeks, so that what befell all "
        "(holidays, reorganisations) falls out.",
    ),
    Definition(
        "adoption",
        "Adoption",
        "When AI was adopted: as configured, else the end of the baseline that was chosen by its low share of AI.",
        "sdlc_adoption_timestamp_seconds",
    ),
    Definition(
        "changes",
        "Changes compared",
        "Changes that became ready in the baseline (before) and in the current weeks (now), whole weeks from Monday.",
        "sdlc_diagnosis_samples",
    ),
    Definition("authors", "Authors", "How many different accounts these changes have. They are counted, never named."),
    Definition(
        "shares",
        "AI share, merged unreviewed, one commit",
        "Of the changes merged in the weeks, those with a marker of AI, without a review, and with a single commit.",
        "sdlc_baseline_ratio",
    ),
    Definition(
        "gates",
        "Changes through each gate",
        "Changes a week that became ready, were merged, abandoned, or reached production; and releases a week.",
        "sdlc_diagnosis_flow_weekly_changes",
    ),
    Definition(
        "growth",
        "Growth of a gate",
        "Growth per week and author from the baseline to now; computed as the logarithm of the ratio (30 % more is "
        "0.262), since logarithms add up over gates.",
    ),
    Definition(
        "waiting",
        "Growth of a queue",
        "Changes in review, or merged and not in production, at the end of the weeks less at their begin. What became "
        "ready was merged, was abandoned, or is in the queue: flow in = flow out + growth, in whole changes.",
        "sdlc_diagnosis_queue_growth_weekly_changes",
    ),
    Definition(
        "flow",
        "Absorbed part of the growth",
        "A_T = 1 - growth in production / growth of ready changes (of logarithms): the part of the growth that did not "
        "arrive in production, or at the merge where nothing tells of production. Not told where ready changes hardly "
        "grew.",
        "sdlc_diagnosis_flow_absorbed_ratio",
    ),
    Definition(
        "utilisation",
        "Load of review",
        "Changes that became ready over first reviews, current weeks. Above 1 the queue grows whatever averages say.",
        "sdlc_review_utilisation_ratio",
    ),
    Definition(
        "little",
        "Check by Little's law",
        "How far the changes waiting differ from arrivals times wait, as a part of them. Above 25 % the queue is not "
        "steady, and its size tells more than its waits.",
    ),
    Definition(
        "signals",
        "Signals",
        "Five observations of teams whose gain does not arrive. Active needs evidence beyond chance; one that cannot "
        "be measured is neither active nor absent.",
        "sdlc_signal_active",
    ),
    Definition(
        "coverage",
        "Coverage",
        "The share of the changes or repositories for which the input was there.",
        "sdlc_exporter_coverage_ratio",
    ),
    Definition("developers", "Developers", "Authors a week in the current weeks; modelled as those who use the seats."),
    Definition(
        "reported",
        "Saved as people report",
        "Time saved per developer and week as people say, from the configuration. Felt, not measured.",
        "sdlc_reported_saved_seconds",
    ),
    Definition(
        "measured",
        "Saved as measured (modelled)",
        "Coding time saved per developer and week, less the work added in review, rework and test upkeep.",
        "sdlc_measured_saved_seconds",
    ),
    Definition("gap", "Perception gap", "What people report less what is measured."),
    Definition("cost", "Cost of the seats", "A week, as declared in the configuration."),
    Definition(
        "worth", "Worth of the measured saving (modelled)", "A week: the saving times the declared cost of an hour."
    ),
    Definition(
        "ratio",
        "Return (modelled)",
        "Worth / cost of the seats. An interval on purpose: at most its side of 1 is to be believed.",
        "sdlc_roi_ratio",
    ),
)

PARTS = {
    Stage.CODING: "From the first commit to asking for a review.",
    Stage.PICKUP: "From asking for a review to the first one by somebody else.",
    Stage.REVIEW: "From the first review to the last approval before the merge.",
    Stage.MERGE_WAIT: "From that approval to the merge.",
    Stage.UNREVIEWED: "From ready to the merge, of changes that nobody reviewed.",
    Stage.QA: "While QA has the change, by the labels of issues or from staging to production.",
    Stage.DEPLOY_WAIT: "From the merge to production, without the time that QA had it.",
}
DOUBTS = {
    Flag.CODING_UNRELIABLE: "The share of changes with a single commit moved by more than 10 points, so that the first "
    "commit no longer says when coding began. Hours of stages stand; the absorbed part does not.",
    Flag.DENOMINATOR_SMALL: "The gain is so small that dividing by it makes any number.",
    Flag.MIX_CHANGED: "Much of the raw difference is that changes are of other sizes, kinds or repositories.",
    Flag.UNREVIEWED_ROSE: "Merges without a review rose by more than 10 points, which hides waits for reviews; the "
    "verdict is at most inconclusive.",
    Flag.NOT_STATIONARY: "Queues grew, so waits of changes that are still open are yet to come; look at the flow.",
    Flag.TEAM_CHANGED: "The number of authors changed by a third or more.",
    Flag.RELEASE_TRAINS: "Releases keep a timetable, so waiting for one takes the same time whatever happens before.",
    Flag.BASELINE_UNUSUAL: "The baseline was worse than the weeks around it, and would have become better by itself.",
    Flag.LITTLE_CONTRAST: "The share of AI changes hardly differs between the two spans, so neither is one without AI.",
    Flag.PRODUCTION_UNKNOWN: "Nothing tells when code is in production, so the way ends at the merge.",
    Flag.CONTROL_DISAGREES: "Teams of little AI changed alike in the same weeks, so AI need not be the reason.",
}
EVIDENCE = {
    Signal.CYCLE_TIME_RISING: "Changes take longer from asking for a review to the merge than in the baseline, beyond "
    "chance.",
    Signal.TEST_MAINTENANCE_CLIMBING: "The work of keeping tests green grows from sprint to sprint, beyond chance.",
    Signal.ESCAPE_RATE_DRIFTING: "More of the changes in production had to be reverted or fixed than before, beyond "
    "chance.",
    Signal.RELEASE_FREQUENCY_FLAT: "More changes become ready, and releases are no more than before.",
    Signal.QA_BLOCKING: "QA holds back more than a quarter of the issues, surely, or was named in most retrospectives.",
}
