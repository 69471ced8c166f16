"""What a diagnosis says: verdict, stages, flow, flags, signals and what they rest on, as plain values.

Durations are seconds and instants Unix seconds, UTC. ``Interval`` bounds are two-sided at 90 %. None is what cannot be
told; nothing missing is a 0.
"""

from enum import StrEnum

from msgspec import Struct

from exporter.model import Stage
from exporter.statistics.interval import Interval

__all__ = ["Interval"]


class Verdict(StrEnum):
    """What became of the gain in coding time."""

    ABSORBED = "absorbed"
    PASSED = "passed"
    NO_GAIN = "no_gain"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT_DATA = "insufficient_data"
    NOT_MEASURABLE = "not_measurable"


class Signal(StrEnum):
    """The five observations of teams whose gain does not arrive."""

    CYCLE_TIME_RISING = "cycle_time_rising"
    TEST_MAINTENANCE_CLIMBING = "test_maintenance_climbing"
    ESCAPE_RATE_DRIFTING = "escape_rate_drifting"
    RELEASE_FREQUENCY_FLAT = "release_frequency_flat"
    QA_BLOCKING = "qa_blocking"


class Flag(StrEnum):
    """What makes a diagnosis less certain than its intervals say (the source's section 4.4)."""

    CODING_UNRELIABLE = "coding_unreliable"  # the share of one-commit changes moved by more than 10 points
    DENOMINATOR_SMALL = "denominator_small"  # the gain is too small to divide by
    MIX_CHANGED = "mix_changed"  # much of the raw difference is other sizes or repositories
    UNREVIEWED_ROSE = "unreviewed_rose"  # merges without review rose by more than 10 points
    NOT_STATIONARY = "not_stationary"  # queues grew: averages of waits lag behind (Little's law, or arrivals > served)
    TEAM_CHANGED = "team_changed"  # the number of authors changed by a third or more
    RELEASE_TRAINS = "release_trains"  # releases keep a timetable: latency may be absorbed, throughput is not
    BASELINE_UNUSUAL = "baseline_unusual"  # the baseline was worse than the weeks around it: regression to the mean
    LITTLE_CONTRAST = "little_contrast"  # the share of AI changes hardly differs between the windows
    PRODUCTION_UNKNOWN = "production_unknown"  # nothing tells when code is in production: the way ends at the merge
    CONTROL_DISAGREES = "control_disagrees"  # teams of little AI changed alike in the same weeks


class Period(Struct, frozen=True):
    """Whole weeks (Monday 0:00 UTC) that are compared: the begin of each; changes that became ready in them; authors.

    ``ai_share`` is of the changes merged in them, 0 to 1; None without a merge.
    """

    weeks: tuple[int, ...]
    changes: int
    authors: int
    ai_share: float | None = None
    unreviewed_share: float | None = None
    one_commit_share: float | None = None

    @property
    def start(self) -> int:
        """The first second."""
        return self.weeks[0]

    @property
    def end(self) -> int:
        """The second after the last."""
        return self.weeks[-1] + 7 * 86400


class StageTime(Struct, frozen=True):
    """Expected seconds a change spends in a stage, capped, standardised and weighted with the share that enters it.

    ``delta`` is now less before (for coding too: negative is a gain). ``share`` is the part of the gain that the stage
    takes (a_k), only where absorption may be told. ``probability``: how often of the bootstrap's draws this stage grew
    most. ``entered``: spells that began in the baseline and in the current weeks. ``cap`` is tau, seconds.
    """

    stage: Stage
    before: Interval
    now: Interval
    delta: Interval
    entered: tuple[int, int]
    cap: float
    share: float | None = None
    probability: float | None = None


class Gate(Struct, frozen=True):
    """Changes a week that pass a gate, in the baseline and now, and how that grew per developer-week (log ratio)."""

    name: str  # ready, merged, abandoned, in_production, releases
    before: float
    now: float
    growth: float | None = None


class Flow(Struct, frozen=True):
    """The accounting identity of changes: what became ready was merged, abandoned, or is in the queue now.

    ``waiting``: growth of the changes in review over the baseline and over the current weeks; ``undeployed`` likewise
    between merge and production, None without production. ``unfollowed``: changes merged in them of which nobody knows
    when they are in production. ``absorbed`` is A_T, the part of the growth of ready changes
    that did not reach production; ``shares`` are its parts by where it stayed. None where ready changes did not grow.
    ``utilisation``: arrivals over first reviews in the current weeks. ``little``: eps of Little's law for the review
    queue, current weeks.
    """

    gates: tuple[Gate, ...]
    waiting: tuple[int, int]
    undeployed: tuple[int, int] | None = None
    unfollowed: tuple[int, int] | None = None
    absorbed: float | None = None
    shares: tuple[tuple[str, float], ...] = ()
    utilisation: float | None = None
    little: float | None = None


class Controlled(Struct, frozen=True):
    """The same differences less those of repositories of little AI in the same weeks (difference in differences).

    ``changes`` are the control's, in the baseline and now.
    """

    changes: tuple[int, int]
    gain: Interval
    downstream: Interval
    absorbed: Interval | None


class Diagnosis(Struct, frozen=True):
    """The answer for one scope at one instant, the end of the last whole week.

    ``gain`` is G: seconds of coding per change saved. ``downstream`` is the sum of what the other stages grew by.
    ``cycle`` is the growth of pickup, review, merge_wait and unreviewed together. ``lead`` is now less before.
    ``absorbed`` is A = downstream / gain, None wherever a gate forbids to plot it. ``ceiling`` is the largest possible
    cut of lead time, gain / lead before. ``detectable`` is the least difference that could be seen (2.5 standard
    errors), seconds. ``mix`` is what the raw difference of lead times holds beyond the standardised one, seconds.
    ``reason`` is the gate that decided, in one sentence with its figures; ``sentence`` is the finding for a team lead.
    """

    scope: str
    at: int
    verdict: Verdict
    reason: str
    sentence: str
    adoption: int | None = None
    baseline: Period | None = None
    current: Period | None = None
    stages: tuple[StageTime, ...] = ()
    gain: Interval | None = None
    downstream: Interval | None = None
    cycle: Interval | None = None
    lead: Interval | None = None
    lead_before: float | None = None
    lead_now: float | None = None
    absorbed: Interval | None = None
    ceiling: float | None = None
    detectable: float | None = None
    mix: float | None = None
    bottleneck: Stage | None = None
    flow: Flow | None = None
    controlled: Controlled | None = None
    flags: tuple[tuple[Flag, str], ...] = ()  # each with its sentence and figures
    absorbed_weeks: int = 0  # weekly verdicts in a row, this one included, that are ``absorbed``


class Figure(Struct, frozen=True):
    """One number of the evidence: what it is, its value as a person reads it, and the metric that exports it."""

    name: str
    value: str
    metric: str = ""


class Reading(Struct, frozen=True):
    """Whether a signal is there; ``active`` is None where that cannot be measured, as ``sentence`` then says."""

    signal: Signal
    active: bool | None
    sentence: str
    figures: tuple[Figure, ...] = ()


class Coverage(Struct, frozen=True):
    """How much of a number rests on data: ``what`` as in ``sdlc_exporter_coverage_ratio``; 0 to 1, None if unknown."""

    what: str
    ratio: float | None
    sentence: str


class Economics(Struct, frozen=True):
    """What was declared and what follows from it, per week and organisation unless said otherwise; all modelled.

    ``reported`` is the self-reported saving, seconds per developer and week; ``measured`` the measured one: coding less
    what was added downstream. ``developers``: authors a week in the current weeks. ``cost`` of the seats a week and the
    ``worth`` of the measured saving are in the declared currency; ``ratio`` is worth / cost.
    """

    developers: float
    measured: Interval | None
    reported: float | None = None
    currency: str = ""
    cost: float | None = None
    worth: Interval | None = None
    ratio: Interval | None = None
    assumptions: tuple[str, ...] = ()


class ScopeReport(Struct, frozen=True):
    """One scope's diagnosis with its signals, and what cannot be told of it and why."""

    diagnosis: Diagnosis
    signals: tuple[Reading, ...]
    coverage: tuple[Coverage, ...] = ()
    missing: tuple[str, ...] = ()


class Report(Struct, frozen=True):
    """All scopes, ``all`` first, then teams by name; ``version`` is the exporter's."""

    at: int
    version: str
    scopes: tuple[ScopeReport, ...]
    economics: Economics | None = None
    sources: tuple[str, ...] = ()
