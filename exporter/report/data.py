"""The report for programs: JSON of ``docs/diagnose.schema.json``, every key always there, null where nothing is known.

Durations are whole seconds, shares and ratios have four decimals, instants are RFC 3339 in UTC.
"""

import math
from typing import Any

import msgspec

from exporter.diagnosis.terms import (
    Controlled,
    Economics,
    Flow,
    Interval,
    Period,
    Reading,
    Report,
    ScopeReport,
    StageTime,
)
from exporter.report.appendix import DEFINITIONS, DOCUMENT
from exporter.report.economics import gap
from exporter.report.scopes import absorbed_part
from exporter.report.shortage import Needs, short_of
from exporter.report.words import divides, instant
from exporter.statistics.interval import LEVEL

FORMAT = 1
"""Raised when a key goes or means something else; a further key does not raise it."""

Json = dict[str, Any]


def data(report: Report, needs: Needs) -> str:
    """The whole report as indented JSON."""
    content = {
        "format": FORMAT,
        "at": instant(report.at),
        "exporter_version": report.version,
        "interval_level": LEVEL,
        "sources": report.sources,
        "scopes": [_scope(each, needs) for each in report.scopes],
        "economics": _economics(report.economics) if report.economics else None,
        "definitions": [
            {"name": each.name, "text": each.text, "metric": each.metric or None, "rules": f"{DOCUMENT}, {each.rule}"}
            for each in DEFINITIONS
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def _scope(report: ScopeReport, needs: Needs) -> Json:
    told = report.diagnosis
    gated = divides(told)
    return {
        "scope": told.scope,
        "at": instant(told.at),
        "verdict": told.verdict,
        "reason": told.reason,
        "sentence": told.sentence,
        "short_of": short_of(told, needs),
        "absorbed_weeks": told.absorbed_weeks,
        "bottleneck": told.bottleneck,
        "adoption": None if told.adoption is None else instant(told.adoption),
        "baseline": _period(told.baseline),
        "current": _period(told.current),
        "gain_seconds": _interval(told.gain),
        "downstream_seconds": _interval(told.downstream),
        "cycle_seconds": _interval(told.cycle),
        "lead_seconds": _interval(told.lead),
        "lead_before_seconds": _number(told.lead_before),
        "lead_now_seconds": _number(told.lead_now),
        "absorbed_ratio": _interval(absorbed_part(told), 4),
        "ceiling_ratio": _number(told.ceiling, 4),
        "detectable_seconds": _number(told.detectable),
        "mix_seconds": _number(told.mix),
        "stages": [_stage(each, gated) for each in told.stages],
        "flow": _flow(told.flow) if told.flow else None,
        "controlled": _controlled(told.controlled, gated) if told.controlled else None,
        "flags": [{"flag": flag, "sentence": sentence} for flag, sentence in told.flags],
        "signals": [_signal(each) for each in report.signals],
        "coverage": [
            {"what": each.what, "ratio": _number(each.ratio, 4), "sentence": each.sentence} for each in report.coverage
        ],
        "missing": report.missing,
    }


def _period(period: Period | None) -> Json | None:
    if period is None:
        return None
    return {
        "weeks": [instant(each) for each in period.weeks],
        "changes": period.changes,
        "authors": period.authors,
        "ai_ratio": _number(period.ai_share, 4),
        "unreviewed_ratio": _number(period.unreviewed_share, 4),
        "one_commit_ratio": _number(period.one_commit_share, 4),
    }


def _stage(stage: StageTime, gated: bool) -> Json:
    return {
        "stage": stage.stage,
        "before_seconds": _interval(stage.before),
        "now_seconds": _interval(stage.now),
        "delta_seconds": _interval(stage.delta),
        "entered": _both(stage.entered),
        "cap_seconds": _number(stage.cap),
        "share_ratio": _number(stage.share, 4) if gated else None,
        "grew_most_ratio": _number(stage.probability, 4),
    }


def _flow(flow: Flow) -> Json:
    return {
        "gates": [
            {
                "gate": each.name,
                "weekly_before": _number(each.before, 4),
                "weekly_now": _number(each.now, 4),
                "growth_log_ratio": _number(each.growth, 4),
            }
            for each in flow.gates
        ],
        "growth_in_review": _both(flow.waiting),
        "growth_undeployed": None if flow.undeployed is None else _both(flow.undeployed),
        "absorbed_ratio": _number(flow.absorbed, 4),
        "shares": [{"where": where, "ratio": _number(share, 4)} for where, share in flow.shares],
        "utilisation_ratio": _number(flow.utilisation, 4),
        "little_ratio": _number(flow.little, 4),
    }


def _controlled(told: Controlled, gated: bool) -> Json:
    return {
        "changes": _both(told.changes),
        "gain_seconds": _interval(told.gain),
        "downstream_seconds": _interval(told.downstream),
        "absorbed_ratio": _interval(told.absorbed, 4) if gated else None,
    }


def _signal(reading: Reading) -> Json:
    figures = [{"name": each.name, "value": each.value, "metric": each.metric or None} for each in reading.figures]
    return {"signal": reading.signal, "active": reading.active, "sentence": reading.sentence, "figures": figures}


def _economics(told: Economics) -> Json:
    return {
        "modelled": True,
        "developers": _number(told.developers, 1),
        "reported_seconds": _number(told.reported),
        "measured_seconds": _interval(told.measured),
        "gap_seconds": _interval(gap(told)),
        "currency": told.currency or None,
        "weekly_cost": _number(told.cost, 2),
        "weekly_worth": _interval(told.worth, 2),
        "return_ratio": _interval(told.ratio, 4),
        "assumptions": told.assumptions,
    }


def _both(pair: tuple[int, int]) -> Json:
    before, now = pair
    return {"before": before, "now": now}


def _interval(interval: Interval | None, digits: int = 0) -> Json | None:
    return interval and {name: _number(value, digits) for name, value in interval._asdict().items()}


def _number(value: float | None, digits: int = 0) -> float | None:
    """Rounded; None for what has no bound."""
    if value is None or not math.isfinite(value):
        return None
    return round(value, digits) if digits else round(value)
