"""What was declared and what follows from it, each number marked as modelled; beside the measured, never blended."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from exporter.diagnosis.terms import Economics, Interval
from exporter.report.blocks import Block, Fact, Facts, Heading, Points, Prose
from exporter.report.words import NOT_TOLD, number, numbers, span, spans

EACH = "per developer and week"
MODELLED = "modelled"

Value = TypeVar("Value")


def economics(told: Economics | None) -> Iterator[Block]:
    """The perception gap, the seats and the return."""
    yield Heading("What it costs and what it is worth (modelled)", 2, "economics")
    if told is None:
        yield Prose(
            f"{NOT_TOLD.capitalize()}: without two spans to compare there is no saving to put beside what is declared."
        )
        return
    money = f"{told.currency} a week".strip()
    yield Facts(
        (
            Fact(
                "Saved as people report",
                _or("no self-report is declared", told.reported, lambda each: f"{span(each)} {EACH}"),
                "reported",
            ),
            Fact(
                "Saved as measured",
                _or("no saving is measured", told.measured, lambda each: f"{_signed(each)} {EACH}, {MODELLED}"),
                "measured",
            ),
            Fact(
                "Perception gap",
                _or("it needs both", gap(told), lambda each: f"{_signed(each)} {EACH}, {MODELLED}"),
                "gap",
            ),
        ),
        large=True,
    )
    yield Facts(
        (
            Fact("Developers", f"{number(told.developers)} authors a week", "developers"),
            Fact(
                "Cost of the seats",
                _or("no cost is declared", told.cost, lambda each: f"{number(each)} {money}, as declared"),
                "cost",
            ),
            Fact(
                "Worth of the saving",
                _or(
                    "it needs a declared cost of an hour and a measured saving",
                    told.worth,
                    lambda each: f"{numbers(each, money)}, {MODELLED}",
                ),
                "worth",
            ),
            Fact(
                "Return",
                _or(
                    "it needs the cost of the seats and the worth of the saving",
                    told.ratio,
                    lambda each: f"{numbers(each)} times the cost of the seats, {MODELLED}",
                ),
                "ratio",
            ),
        )
    )
    if told.assumptions:
        yield Heading("What is assumed", 3)
        yield Points(told.assumptions)


def gap(told: Economics) -> Interval | None:
    """What people report less what is measured; only the latter has bounds."""
    if told.reported is None or told.measured is None:
        return None
    estimate, lower, upper = (told.reported - each for each in told.measured)
    return Interval(estimate, upper, lower)


def _signed(interval: Interval) -> str:
    return spans(interval, signed=True)


def _or(why: str, value: Value | None, said: Callable[[Value], str]) -> str:
    return f"{NOT_TOLD}: {why}" if value is None else said(value)
