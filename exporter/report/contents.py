"""The whole report as blocks: a table of all scopes, the organisation, what it costs, the teams, the appendix."""

from collections.abc import Iterator

from exporter.diagnosis.terms import Report, ScopeReport
from exporter.report.appendix import DEFINITIONS, DOCUMENT, DOUBTS, EVIDENCE, INTERVALS, PARTS, RULES, SECTION, SPANS
from exporter.report.blocks import Block, Cell, Entries, Entry, Heading, Prose, Table
from exporter.report.economics import economics
from exporter.report.scopes import absorbed_part, sections, verdict_badge
from exporter.report.shortage import Needs
from exporter.report.words import FLAGS, NOT_TOLD, SIGNALS, STAGES, VERDICTS, WHOLE, minute, percents, spans

TITLE = "Is the gain in coding absorbed?"


def blocks(report: Report, needs: Needs) -> Iterator[Block]:
    """Everything that is said, in its order; each format writes it in its own way."""
    yield Heading(TITLE, 1)
    yield Prose(_from(report))
    if not report.scopes:
        yield Prose(
            "There is no scope to report on: no repository was selected, none is read up to the last whole week, or "
            "nothing was looked at yet since the start or a reload."
        )
    anchors = [f"scope-{index}" for index, _ in enumerate(report.scopes)]
    if len(report.scopes) > 1:
        yield _summary(report.scopes, anchors)
    first = 0
    for index, scope in enumerate(report.scopes):
        if scope.diagnosis.scope != WHOLE:
            break
        yield from sections(scope, anchors[index], needs)
        first = index + 1
    yield from economics(report.economics)
    for scope, anchor in zip(report.scopes[first:], anchors[first:], strict=True):
        yield from sections(scope, anchor, needs)
    yield from _appendix()


def _from(report: Report) -> str:
    sources = f" Read from {', '.join(report.sources)}." if report.sources else ""
    return (
        f"As of {minute(report.at)}, of whole weeks from Monday, UTC. sdlc-exporter {report.version}.{sources} "
        "Times are means per change with 90 % intervals; no number here is of a person."
    )


def _summary(scopes: tuple[ScopeReport, ...], anchors: list[str]) -> Table:
    rows = tuple(_line(each) for each in scopes)
    heads = ("scope", "verdict", "saved in coding", "absorbed", "took most", "signals", "doubts")
    links = tuple(f"#{each}" for each in anchors)
    return Table("All scopes", heads, rows, right=(2, 3, 5, 6), links=links)


def _line(report: ScopeReport) -> tuple[Cell, ...]:
    diagnosis = report.diagnosis
    absorbed = absorbed_part(diagnosis)
    told = [each for each in report.signals if each.active is not None]
    return (
        diagnosis.scope,
        verdict_badge(diagnosis),
        NOT_TOLD if diagnosis.gain is None else spans(diagnosis.gain),
        NOT_TOLD if absorbed is None else percents(absorbed),
        "none named" if diagnosis.bottleneck is None else STAGES[diagnosis.bottleneck],
        f"{sum(each.active is True for each in told)} of {len(told)}" if told else NOT_TOLD,
        str(len(diagnosis.flags)),
    )


def _appendix() -> Iterator[Block]:
    yield Heading("Appendix: every number's definition", 2, "appendix")
    yield Prose(f"The rules are in {DOCUMENT}, section {SECTION}, rules {RULES}. {INTERVALS} {SPANS}")
    numbers = (Entry(each.name, each.text, each.metric, f"def-{each.key}") for each in DEFINITIONS)
    yield Entries("Numbers", tuple(numbers))
    yield Entries("Stages", tuple(Entry(STAGES[each], text) for each, text in PARTS.items()))
    yield Entries("Verdicts", tuple(Entry(word, meaning) for word, meaning in VERDICTS.values()))
    yield Entries("Doubts", tuple(Entry(FLAGS[each], text) for each, text in DOUBTS.items()))
    yield Entries("Signals", tuple(Entry(SIGNALS[each], text) for each, text in EVIDENCE.items()))
