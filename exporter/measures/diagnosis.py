"""The rows of the diagnosis and of the five signals; ``runtime.diagnosing`` feeds them from ``exporter.diagnosis``."""

from exporter.catalogue import Group, Kind, Metric, metric

SPANS = ("before", "now")
"""The label ``span``: the baseline, and the last twelve whole weeks."""
GATES = ("ready", "merged", "abandoned", "in_production", "releases")
"""What changes pass, and at the end how many releases they take."""
QUEUES = ("review", "undeployed")
"""Where changes wait that have passed a gate: for the merge, and between merge and production."""
SHARES = ("ai", "unreviewed", "one_commit")
"""The label ``name`` of the baseline's shares."""


def _row(name: str, text: str, *labels: str, why: str = "") -> Metric:
    return metric(f"sdlc_{name}", Kind.GAUGE, Group.DIAGNOSIS, text, labels=labels, why=why)


GAIN = _row(
    "diagnosis_gain_seconds",
    "Coding time saved per change: what coding took in the baseline less what it takes in the last twelve whole weeks.",
    "scope",
    why="The gain that the other stages can absorb; negative where coding takes longer than it did.",
)
GAIN_BOUND = _row(
    "diagnosis_gain_bound_seconds",
    "Bounds (90 %) of the coding time saved per change.",
    "scope",
    "bound",
    why="A gain whose lower bound is not above 0 may be none.",
)
STAGE_DELTA = _row(
    "diagnosis_stage_delta_seconds",
    "How much longer a change stays in a stage than in the baseline, of like changes, open ones included.",
    "scope",
    "stage",
    "bound",
    why="Means that add up over the stages: what coding gained, and where it went.",
)
STAGE_SECONDS = _row(
    "diagnosis_stage_seconds",
    "Expected time of a change in a stage over the last twelve whole weeks, of like changes as in the baseline.",
    "scope",
    "stage",
    why="The baseline's is sdlc_baseline_seconds.",
)
ABSORBED = _row(
    "diagnosis_absorbed_ratio",
    "Part of the gain in coding that the other stages took; above 1 changes take longer than before.",
    "scope",
    "bound",
    why="0: the gain arrives; 1: all of it is lost. Absent where the gain is too small to divide by.",
)
VERDICT = _row(
    "diagnosis_verdict",
    "1 for the verdict of the last whole week, 0 for the others.",
    "scope",
    "verdict",
    why="What may be said of the gain, with every doubt taken into account.",
)
ABSORBED_WEEKS = _row(
    "diagnosis_absorbed_verdicts",
    "Weekly verdicts in a row, up to the last one and at most three, that say absorbed.",
    "scope",
    why="One week may be chance; alerts wait for three.",
)
BOTTLENECK = _row(
    "diagnosis_bottleneck",
    "1 for the stage that surely took most of an absorbed gain, 0 for the others.",
    "scope",
    "stage",
    why="Named only where the verdict is absorbed and four of five draws agree; all 0 where it is passed, else absent.",
)
FLAG = _row(
    "diagnosis_flag",
    "1 for each doubt about the diagnosis that holds, 0 for those that do not.",
    "scope",
    "flag",
    why="Each says why the intervals are too narrow or the comparison is unfair.",
)
CEILING = _row(
    "diagnosis_ceiling_ratio",
    "Largest possible cut of lead time by the gain in coding: the gain by the baseline's lead time.",
    "scope",
    why="Where coding is a tenth of the way, halving it shortens the way by a twentieth at most.",
)
DETECTABLE = _row(
    "diagnosis_detectable_seconds",
    "Least difference of lead times that could be told from chance.",
    "scope",
    why="A gain below this cannot be followed, whatever becomes of it.",
)
CHANGES = _row(
    "diagnosis_samples",
    "Changes that became ready in the baseline (before) and in the last twelve whole weeks (now).",
    "scope",
    "span",
    why="Below thirty there is no verdict.",
)
FLOW = _row(
    "diagnosis_flow_weekly_changes",
    "Changes a week that pass a gate, in the baseline (before) and in the last twelve whole weeks (now).",
    "scope",
    "gate",
    "span",
    why="Flow in is flow out plus growth: what is ready and not in production waits or was abandoned.",
)
FLOW_GROWTH = _row(
    "diagnosis_queue_growth_weekly_changes",
    "By how many changes a week a queue grew over the current weeks: review, or between merge and production.",
    "scope",
    "queue",
    why="Flow in = flow out + growth.",
)
FLOW_ABSORBED = _row(
    "diagnosis_flow_absorbed_ratio",
    "Part of the growth of ready changes that did not reach production; absent where they did not grow.",
    "scope",
    why="Throughput may be absorbed where latency is not.",
)
END = _row(
    "diagnosis_end_timestamp_seconds",
    "End of the whole weeks that the diagnosis is of.",
    "scope",
    why="A diagnosis that no longer moves is one of the past.",
)
ADOPTION = _row(
    "adoption_timestamp_seconds",
    "When AI was taken up, as the configuration says; absent where it does not.",
    "scope",
    why="What panels mark as the day everything is compared with.",
)
BASELINE_SECONDS = _row(
    "baseline_seconds",
    "Expected time of a change in a stage in the baseline weeks, open ones included.",
    "scope",
    "stage",
    why="The own past: the only baseline that fits.",
)
BASELINE_RATIO = _row(
    "baseline_ratio",
    "Shares of the baseline weeks: ai (changes with a marker), unreviewed (merged without a review), one_commit.",
    "scope",
    "name",
    why="If these moved, the comparison did too.",
)
SIGNAL = _row(
    "signal_active",
    "1 where one of the five signals is there, 0 where it is not; absent where it cannot be measured.",
    "scope",
    "signal",
    why="Each needs evidence beyond chance; the report gives the figures.",
)
ROI = _row(
    "roi_ratio",
    "Modelled: what the measured saving is worth by what the seats cost, both as declared.",
    "bound",
    why="An interval on purpose: at most its sign is to be believed.",
)
REPORTED_SAVED = _row(
    "reported_saved_seconds",
    "Time per developer and week that people say they save, from the configuration.",
    why="Felt, not measured: put it beside sdlc_measured_saved_seconds.",
)
MEASURED_SAVED = _row(
    "measured_saved_seconds",
    "Modelled: coding time saved per developer and week, less the work added in review, rework and test upkeep.",
    "bound",
    why="The perception gap is the reported saving less this.",
)
ROWS = tuple(each for each in tuple(globals().values()) if isinstance(each, Metric))
"""All of them."""
