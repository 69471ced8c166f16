"""What the report says of one scope, the most important first."""

from collections.abc import Iterable, Iterator

from exporter.diagnosis.terms import Diagnosis, Interval, Period, Reading, ScopeReport, StageTime, Verdict
from exporter.model import Stage
from exporter.report import plots
from exporter.report.blocks import (
    Badge,
    Block,
    Cell,
    Doubts,
    Entries,
    Entry,
    Fact,
    Facts,
    Finding,
    Heading,
    Points,
    Prose,
    Table,
)
from exporter.report.flow import flow
from exporter.report.shortage import Needs, short_of
from exporter.report.words import (
    FLAGS,
    NOT_TOLD,
    SIGNALS,
    SILENCING,
    STAGES,
    TONES,
    VERDICTS,
    WEEK,
    change,
    date,
    divides,
    percent,
    percents,
    plural,
    scope_title,
    span,
    spans,
    whole,
)

WEEKS_IN_A_ROW = 3
"""So many weekly verdicts in a row an alert waits for."""
AT_CAP = 0.9
"""A stage whose mean is at least this part of its cap has hardly a change that is not counted as the cap."""
NO_SHARE = "–"
"""Coding is what the gain is in, and a stage that nobody entered has none: neither takes a share of it."""
ACTIVE = {True: Badge("active", "bad"), False: Badge("not there", "good"), None: Badge("cannot be measured", "calm")}


def sections(report: ScopeReport, anchor: str, needs: Needs) -> Iterator[Block]:
    """All blocks of one scope."""
    diagnosis = report.diagnosis
    yield Heading(scope_title(diagnosis.scope), 2, anchor)
    word, meaning = VERDICTS[diagnosis.verdict]
    yield Finding(verdict_badge(diagnosis), diagnosis.sentence, meaning)
    yield Facts(_certainty(diagnosis, word))
    yield Facts(_most_important(diagnosis), large=True)
    if diagnosis.flags:
        yield Doubts(tuple((FLAGS[flag], sentence) for flag, sentence in diagnosis.flags))
    if short := short_of(diagnosis, needs):
        yield Heading("What is short", 3)
        yield Points(short)
    yield from _hours(diagnosis)
    yield from _signals(report.signals)
    yield from flow(diagnosis)
    yield from _rests_on(report)
    yield Heading("What cannot be told, and why", 3)
    yield Points(report.missing) if report.missing else Prose("No input is missing beyond what is said above.")


def verdict_badge(diagnosis: Diagnosis) -> Badge:
    """The verdict's word in the tone of the verdict."""
    return Badge(VERDICTS[diagnosis.verdict][0], TONES.get(diagnosis.verdict, "calm"))


def absorbed_part(diagnosis: Diagnosis) -> Interval | None:
    """A, where it may be shown."""
    return diagnosis.absorbed if divides(diagnosis) else None


def _certainty(diagnosis: Diagnosis, word: str) -> tuple[Fact, ...]:
    facts = [Fact("Decided by", diagnosis.reason)]
    if diagnosis.verdict != Verdict.INSUFFICIENT_DATA:
        facts.append(Fact("How sure", _how_sure(diagnosis)))
    if diagnosis.bottleneck is not None:
        chances = (each.probability for each in diagnosis.stages if each.stage is diagnosis.bottleneck)
        chance = next((each for each in chances if each is not None), None)
        often = "" if chance is None else f"; it grew most in {percent(chance)} of the draws"
        facts.append(Fact("Stage that took most", STAGES[diagnosis.bottleneck] + often, "bottleneck"))
    elif diagnosis.stages:
        facts.append(
            Fact(
                "Stage that took most",
                f"none is named where the verdict is {word}"
                if word != "absorbed"
                else "none can be named: no stage surely grew most",
                "bottleneck",
            )
        )
    return tuple(facts)


def _how_sure(diagnosis: Diagnosis) -> str:
    told = "one week's verdict"
    if diagnosis.verdict == Verdict.ABSORBED:
        weeks = max(diagnosis.absorbed_weeks, 1)  # this week's is one
        told = f"{plural(weeks, 'weekly verdict')} in a row"
        if weeks < WEEKS_IN_A_ROW:
            told += f", of the {WEEKS_IN_A_ROW} that an alert waits for"
    doubts = len(diagnosis.flags)
    doubted = f"{plural(doubts, 'doubt')} below" if doubts else "no doubt was found"
    return f"{told}; {doubted}. Intervals are 90 %."


def _most_important(diagnosis: Diagnosis) -> tuple[Fact, ...]:
    return (
        Fact("Saved in coding, per change", _spans(diagnosis.gain), "gain"),
        Fact("Added by the other stages", _spans(diagnosis.downstream), "downstream"),
        Fact("Lead time", _lead(diagnosis), "lead"),
        Fact("Absorbed part of the gain", _absorbed(diagnosis), "absorbed"),
    )


def _lead(diagnosis: Diagnosis) -> str:
    before, now, lead = diagnosis.lead_before, diagnosis.lead_now, diagnosis.lead
    if before is None and now is None:
        return NOT_TOLD if lead is None else spans(lead, signed=True)
    levels = f"{_span(before)} → {_span(now)}" if before is None or now is None else change(before, now)
    return f"{levels}: {_spans(lead)}"


def _absorbed(diagnosis: Diagnosis) -> str:
    told = absorbed_part(diagnosis)
    if told is not None:
        return percents(told)
    if diagnosis.gain is None:
        return f"{NOT_TOLD}: no gain could be worked out"
    doubts = [FLAGS[flag] for flag, _ in diagnosis.flags if flag in SILENCING]
    if doubts:
        return f"{NOT_TOLD}: {doubts[0][0].lower()}{doubts[0][1:]}"
    return f"{NOT_TOLD}: there is no sure and visible gain to divide by"


def _hours(diagnosis: Diagnosis) -> Iterator[Block]:
    yield Heading("Where the hours went", 3)
    if not diagnosis.stages:
        yield Prose(f"{NOT_TOLD.capitalize()}: there are no two spans whose stages could be compared.")
    elif (fall := plots.waterfall(diagnosis)) is not None:
        yield fall
    else:
        yield Prose(f"The lead time before is {NOT_TOLD}, so the changes of the stages have nothing to start from.")
    if (part := absorbed_part(diagnosis)) is not None:
        yield plots.absorbed(part)
    if diagnosis.stages:
        yield _stage_table(diagnosis)
        if capped := tuple(_capped(diagnosis.stages)):
            yield Doubts(capped)
        if (each := plots.stages(diagnosis)) is not None:
            yield each
    details = tuple(_details(diagnosis))
    told = tuple(each for each in details if each.value != NOT_TOLD)
    if told:
        yield Facts(told)
    if lacking := [each.name[0].lower() + each.name[1:] for each in details if each.value == NOT_TOLD]:
        yield Prose(f"{NOT_TOLD.capitalize()}: {', '.join(lacking)}.")


def _stage_table(diagnosis: Diagnosis) -> Table:
    rows = tuple(
        (STAGES[each.stage], *_times(each), _both(each.entered), _part_of_gain(each, diagnosis))
        for each in diagnosis.stages
    )
    heads = ("stage", "before", "now", "change (90 %)", "n", "of gain")
    return Table("Expected time of one change in each stage", heads, rows, right=(1, 2, 3, 4, 5))


def _capped(stages: Iterable[StageTime]) -> Iterator[tuple[str, str]]:
    """Stages whose times cannot become much longer, whatever happens, since each spell counts up to the cap only."""
    for each in stages:
        if any(each.entered) and each.now.estimate >= AT_CAP * each.cap:
            said = f"Nearly every change reaches it, so {STAGES[each.stage]} truly takes longer than is told here."
            yield f"{STAGES[each.stage]} is at its cap of {span(each.cap)}", said


def _times(stage: StageTime) -> tuple[str, str, str]:
    """Before, now and the change; a stage that no change entered has no times, and not times of 0."""
    if not any(stage.entered):
        return "none", "none", "no change entered"
    return spans(stage.before), spans(stage.now), spans(stage.delta, signed=True)


def _both(counts: tuple[int, int]) -> str:
    return " → ".join(map(whole, counts))


def _part_of_gain(stage: StageTime, diagnosis: Diagnosis) -> str:
    if stage.stage is Stage.CODING or not any(stage.entered):
        return NO_SHARE
    return NOT_TOLD if stage.share is None or not divides(diagnosis) else percent(stage.share)


def _details(diagnosis: Diagnosis) -> Iterator[Fact]:
    yield Fact("Added up to the merge", _spans(diagnosis.cycle), "cycle")
    yield Fact("Largest possible cut", _percent(diagnosis.ceiling, "of the lead time before"), "ceiling")
    yield Fact("Least visible difference", _span(diagnosis.detectable), "detectable")
    yield Fact("Other mix of changes", NOT_TOLD if diagnosis.mix is None else _mixed(diagnosis.mix), "mix")
    entered = [each for each in diagnosis.stages if any(each.entered)]
    chances = [(STAGES[each.stage], each.probability) for each in entered if each.probability is not None]
    if chances:
        said = ", ".join(f"{name} {percent(chance)}" for name, chance in chances)
        yield Fact("Grew most in the draws", said, "probability")
    if entered:
        said = ", ".join(f"{STAGES[each.stage]} {span(each.cap)}" for each in entered)
        yield Fact("Caps", said, "cap")
    control = diagnosis.controlled
    if control is None:
        yield Fact("Difference to repositories of little AI", NOT_TOLD, "controlled")
        return
    told = control.absorbed if divides(diagnosis) else None
    yield Fact(
        "Difference to repositories of little AI",
        f"saved in coding {spans(control.gain, signed=True)}, added by the other stages "
        f"{spans(control.downstream, signed=True)}, absorbed {percents(told) if told else NOT_TOLD}; "
        f"n = {_both(control.changes)} changes of the others",
        "controlled",
    )


def _mixed(mix: float) -> str:
    """A raw cut beyond that of like changes comes from changes that are quicker by their kind."""
    if span(mix) == span(0):
        return "makes no difference"
    way = "shorter" if mix > 0 else "longer"
    return f"makes the way {span(abs(mix))} {way} by itself; left out here"


def _signals(signals: Iterable[Reading]) -> Iterator[Block]:
    signals = tuple(signals)
    yield Heading("The five signals", 3)
    if not signals:
        yield Prose(f"{NOT_TOLD.capitalize()}: none of the signals was worked out.")
        return
    rows: list[tuple[Cell, ...]] = [(SIGNALS[each.signal], ACTIVE[each.active], each.sentence) for each in signals]
    yield Table("Signals", ("signal", "state", "what was seen"), tuple(rows), plain=True)
    figures = tuple(
        Entry(f"{SIGNALS[each.signal]}: {figure.name}", figure.value, figure.metric)
        for each in signals
        for figure in each.figures
    )
    if figures:
        yield Entries("Figures of the signals", figures)


def _rests_on(report: ScopeReport) -> Iterator[Block]:
    diagnosis = report.diagnosis
    yield Heading("What this rests on", 3)
    unknown = NOT_TOLD if diagnosis.baseline is None else "not configured: the baseline is the weeks with the least AI"
    adopted = unknown if diagnosis.adoption is None else date(diagnosis.adoption)
    yield Facts(
        (Fact("Adoption", adopted, "adoption"), Fact("Up to", f"{date(diagnosis.at)}, the end of the last whole week"))
    )
    if diagnosis.baseline is None and diagnosis.current is None:
        yield Prose(f"{NOT_TOLD.capitalize()}: which weeks to compare.")
    else:
        yield _periods(diagnosis.baseline, diagnosis.current)
    if report.coverage:
        rows = tuple(
            (each.what, "unknown" if each.ratio is None else percent(each.ratio), each.sentence)
            for each in report.coverage
        )
        yield Table(
            "Coverage: how much of the numbers rests on data", ("input", "covered", "what that means"), rows, right=(1,)
        )
    else:
        yield Prose(f"Coverage: {NOT_TOLD}.")


def _periods(before: Period | None, now: Period | None) -> Table:
    def row(name: str, said: Iterable[str]) -> tuple[str, ...]:
        return (name, *said)

    both = (before, now)
    rows = (
        row("weeks", (_weeks(each) for each in both)),
        row("changes that became ready", (NOT_TOLD if each is None else whole(each.changes) for each in both)),
        row("authors", (NOT_TOLD if each is None else whole(each.authors) for each in both)),
        row("AI share", (NOT_TOLD if each is None else _share(each.ai_share) for each in both)),
        row("merged unreviewed", (NOT_TOLD if each is None else _share(each.unreviewed_share) for each in both)),
        row("with one commit", (NOT_TOLD if each is None else _share(each.one_commit_share) for each in both)),
    )
    return Table("The two spans", ("", "baseline", "current weeks"), rows, right=(1, 2))


def _weeks(period: Period | None) -> str:
    if period is None or not period.weeks:
        return NOT_TOLD
    whole_span = (period.end - period.start) // WEEK
    gaps = "" if whole_span == len(period.weeks) else ", not all in a row"
    return f"{len(period.weeks)}, {date(period.start)} to {date(period.end - 1)}{gaps}"


def _share(value: float | None) -> str:
    return NOT_TOLD if value is None else percent(value)


def _span(value: float | None) -> str:
    return NOT_TOLD if value is None else span(value)


def _spans(value: Interval | None) -> str:
    return NOT_TOLD if value is None else spans(value, signed=True)


def _percent(value: float | None, of: str) -> str:
    return NOT_TOLD if value is None else f"{percent(value)} {of}"
