"""Reports written by hand: the worked example of the definitions, and what is said where there is no answer."""

from exporter.diagnosis.terms import (
    Controlled,
    Coverage,
    Diagnosis,
    Economics,
    Figure,
    Flag,
    Flow,
    Gate,
    Interval,
    Period,
    Reading,
    Report,
    ScopeReport,
    Signal,
    StageTime,
    Verdict,
)
from exporter.model import Stage

HOUR, DAY, WEEK = 3600, 86400, 604800
MONDAY = 1_767_571_200  # 2026-01-05 00:00 UTC
NOW = MONDAY + 46 * WEEK  # 2026-11-23
ADOPTED = MONDAY + 14 * WEEK  # 2026-04-13


def hours(estimate, less, more):
    return Interval(estimate * HOUR, less * HOUR, more * HOUR)


def weeks(first, count):
    return tuple(MONDAY + (first + each) * WEEK for each in range(count))


BASELINE = Period(weeks(0, 12), 360, 11, ai_share=0.04, unreviewed_share=0.06, one_commit_share=0.31)
CURRENT = Period(weeks(34, 12), 468, 12, ai_share=0.63, unreviewed_share=0.08, one_commit_share=0.35)


def stage(name, before, now, spread, n, cap, share=None, probability=None):
    """Times in hours; every bound lies ``spread`` hours from its estimate."""
    change = now - before
    return StageTime(
        name,
        before=hours(before, before - spread, before + spread),
        now=hours(now, now - spread, now + spread),
        delta=hours(change, change - spread, change + spread),
        entered=n,
        cap=cap * HOUR,
        share=share,
        probability=probability,
    )


# Coding 20 -> 14, the others 80 -> 86: +4 pickup, +1 review, +1 qa. G = 6, A = 6/6, L = 100 before and now.
STAGES = (
    stage(Stage.CODING, 20, 14, 1.5, (360, 468), 96),
    stage(Stage.PICKUP, 8, 12, 1.2, (338, 431), 48, 4 / 6, 0.96),
    stage(Stage.REVIEW, 10, 11, 0.8, (338, 420), 60, 1 / 6, 0.02),
    stage(Stage.MERGE_WAIT, 2, 2, 0.3, (330, 396), 12, 0.0, 0.0),
    stage(Stage.QA, 40, 41, 0.9, (330, 360), 120, 1 / 6, 0.02),
    stage(Stage.DEPLOY_WAIT, 20, 20, 0.7, (330, 360), 80, 0.0, 0.0),
)
# 30 -> 39 ready a week (ln 1.3 = 0.262), 30 -> 33 merged (0.095), 30 -> 30 in production: A_T = 1 - 0/0.262.
# Before: 360 = 360 + 0 + 0. Now: 468 = 396 + 24 + 48, and 396 = 360 + 36.
FLOW = Flow(
    (
        Gate("ready", 30, 39, 0.262),
        Gate("merged", 30, 33, 0.095),
        Gate("abandoned", 0, 2, None),
        Gate("in_production", 30, 30, 0.0),
        Gate("releases", 1, 1, 0.0),
    ),
    waiting=(0, 48),
    undeployed=(0, 36),
    absorbed=1.0,
    shares=(("review", 0.64), ("after the merge", 0.36)),
    utilisation=1.08,
    little=0.21,
)
SENTENCE = "Coding is 6 h faster per change; all 6 h are lost again, 4 h of them waiting for a first human review."
ABSORBED = Diagnosis(
    "all",
    NOW,
    Verdict.ABSORBED,
    reason="The absorbed part is 100 %, its lower bound of 62 % above 25 %.",
    sentence=SENTENCE,
    adoption=ADOPTED,
    baseline=BASELINE,
    current=CURRENT,
    stages=STAGES,
    gain=hours(6, 4.5, 7.5),
    downstream=hours(6, 3.9, 8.1),
    cycle=hours(5, 3.4, 6.6),
    lead=hours(0, -2.6, 2.6),
    lead_before=100 * HOUR,
    lead_now=100 * HOUR,
    absorbed=Interval(1.0, 0.62, 1.44),
    ceiling=0.06,
    detectable=4.0 * HOUR,
    mix=-1.3 * HOUR,
    bottleneck=Stage.PICKUP,
    flow=FLOW,
    controlled=Controlled((120, 131), hours(5.5, 3.1, 7.9), hours(5.2, 2.0, 8.4), Interval(0.95, 0.4, 1.7)),
    flags=(
        (Flag.NOT_STATIONARY, "1.08 changes became ready for one first review, and the queue grew by 48."),
        (Flag.MIX_CHANGED, "Of the raw difference of 1.3 h all is larger changes and other repositories."),
    ),
    absorbed_weeks=3,
)
SIGNALS = (
    Reading(
        Signal.CYCLE_TIME_RISING,
        True,
        "From asking for a review to the merge a change takes 5.0 h longer than in the baseline, beyond chance.",
        (
            Figure("growth up to the merge", "+5.0 h (+3.4 to +6.6)", "sdlc_diagnosis_stage_delta_seconds"),
            Figure("changes", "n = 468"),
        ),
    ),
    Reading(Signal.TEST_MAINTENANCE_CLIMBING, None, "Test maintenance needs the stream runs, which is not read."),
    Reading(
        Signal.ESCAPE_RATE_DRIFTING,
        False,
        "Escapes are 1.1 times what they were, and chance alone does as much.",
        (Figure("ratio of escape rates", "1.1 (0.7 to 1.6)", "sdlc_escape_drift_ratio"),),
    ),
    Reading(
        Signal.RELEASE_FREQUENCY_FLAT,
        True,
        "30 % more changes become ready and releases are 1.0 a week, as before.",
        (Figure("releases a week", "1.0 → 1.0", "sdlc_diagnosis_flow_weekly_changes"),),
    ),
    Reading(Signal.QA_BLOCKING, None, "No issue has a label that tells QA has it."),
)
COVERAGE = (
    Coverage("origin", 0.93, "For 93 % of the changes it is known whether they carry a marker of AI."),
    Coverage("production", 0.91, "Of 91 % of the merged changes it is known when they were in production."),
    Coverage("tests", None, "Test reports are not read."),
)
ECONOMICS = Economics(
    developers=12,
    measured=Interval(0.6 * HOUR, -0.2 * HOUR, 1.4 * HOUR),
    reported=4 * HOUR,
    currency="EUR",
    cost=120,
    worth=Interval(540, -180, 1260),
    ratio=Interval(4.5, -1.5, 10.5),
    assumptions=("An hour costs 75 EUR, as declared.", "Every author of the current weeks has a seat."),
)
WHOLE = ScopeReport(ABSORBED, SIGNALS, COVERAGE, ("Test maintenance: the stream runs is not read (streams: [runs]).",))

NO_GAIN = ScopeReport(
    Diagnosis(
        "search",
        NOW,
        Verdict.NO_GAIN,
        reason="The gain of 0.8 h is less than a tenth of the 20 h that coding took.",
        sentence="Coding takes 19 h per change, as good as the 20 h before: there is no gain to lose.",
        adoption=ADOPTED,
        baseline=BASELINE,
        current=CURRENT,
        stages=(stage(Stage.CODING, 20, 19.2, 1.5, (90, 96), 96), stage(Stage.PICKUP, 8, 8.4, 1.0, (84, 88), 48)),
        gain=hours(0.8, -0.7, 2.3),
        downstream=hours(0.4, -0.6, 1.4),
        cycle=hours(0.4, -0.6, 1.4),
        lead=hours(-0.4, -2.2, 1.4),
        lead_before=28 * HOUR,
        lead_now=27.6 * HOUR,
        ceiling=0.029,
        detectable=2.7 * HOUR,
        mix=0.0,
        flow=Flow(
            (Gate("ready", 7.5, 8, 0.065), Gate("merged", 7, 7.5, 0.069), Gate("abandoned", 0.5, 0.5, 0.0)), (0, 0)
        ),
        flags=((Flag.PRODUCTION_UNKNOWN, "No deployments, releases or tags are read."),),
    ),
    SIGNALS,
    COVERAGE,
)
# 18 of 30 changes and 3 of 5 authors in 6 weeks: 3 a week, so that ten weeks hold 30.
INSUFFICIENT = ScopeReport(
    Diagnosis(
        "mobile",
        NOW,
        Verdict.INSUFFICIENT_DATA,
        reason="18 changes became ready since the adoption, fewer than 30.",
        sentence="Too little has happened since the adoption to compare.",
        adoption=MONDAY + 40 * WEEK,
        baseline=Period(weeks(26, 12), 34, 5, ai_share=0.0),
        current=Period(weeks(40, 6), 18, 3, ai_share=0.5),
    ),
    (),
)
# The gain is 6 h, and 12.5 h is the least that could be seen: (12.5 / 6)^2 = 4.3 times as many changes.
NOT_MEASURABLE = ScopeReport(
    Diagnosis(
        "payments",
        NOW,
        Verdict.NOT_MEASURABLE,
        reason="At most 6 % of the lead time could be saved, and 12.5 % is the least that could be seen.",
        sentence="Coding is 6 h faster per change, but lead times vary so much that 12.5 h is the least to be seen.",
        adoption=ADOPTED,
        baseline=BASELINE,
        current=CURRENT,
        stages=STAGES,
        gain=hours(6, 1.5, 10.5),
        downstream=hours(6, -4, 16),
        lead=hours(0, -8.2, 8.2),
        lead_before=100 * HOUR,
        lead_now=100 * HOUR,
        absorbed=Interval(1.0, -2.0, 9.0),
        ceiling=0.06,
        detectable=12.5 * HOUR,
        flags=(
            (Flag.CODING_UNRELIABLE, "Changes with one commit: 31 % before, 48 % now."),
            (Flag.BASELINE_UNUSUAL, "The lead time of the baseline was 40 % above that of the weeks around it."),
        ),
    ),
    SIGNALS,
    (),
    ("Deployments are not read, so that the way ends at the merge.",),
)


def report(*scopes, economics=ECONOMICS, sources=("acme-github",)):
    return Report(NOW, "0.1.0", scopes or (WHOLE,), economics, sources)
