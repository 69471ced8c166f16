"""Tickets of the pretend organisation: bugs that are found, and the time testers take."""

from random import Random

from exporter.model import IssueClosed, IssueEvent, IssueOpened, Labelled, Noted

DAY, HOUR = 86400, 3600
BUG, PRODUCTION, BY_QA, IN_QA, QA_BLOCKED = "bug", "production", "found in qa", "in qa", "qa blocked"
RETRO = "retrospective"


def bug(rng: Random, ticket: int, found: int, *, in_production: bool) -> tuple[IssueEvent, ...]:
    """The bug of a number, found at a second (Unix), by users or before the release, and closed some days later."""
    said = rng.random() < 0.7
    labels = (BUG, PRODUCTION) if in_production else (BUG, BY_QA) if said else (BUG,)
    closed = found + round(rng.uniform(0.1, 9) * DAY)
    return (
        IssueOpened("opened", found, number=ticket),
        *(Labelled(f"labelled:{label}", found + 5, label, True) for label in labels),
        IssueClosed("closed", closed),
    )


def tested(
    rng: Random, ticket: int, number: int, opened: int, merged: int, hours: float, blocked: float
) -> tuple[IssueEvent, ...]:
    """The ticket of a change opened and merged then (Unix seconds): testers take it, and take about so many hours.

    ``ticket``, ``number``: its own and the change's. ``blocked``: the share of those hours for which they cannot go on.
    """
    entered = merged + rng.randrange(600, 4 * HOUR)
    took = round(hours * HOUR * rng.lognormvariate(0, 0.6))
    left = entered + took
    stuck = round(took * min(0.9, blocked * rng.uniform(0.5, 1.5)))
    halt = entered + (took - stuck) // 2
    return (
        IssueOpened("opened", opened, number=ticket),
        Labelled("qa:on", entered, IN_QA, True),
        Labelled("blocked:on", halt, QA_BLOCKED, True),
        Labelled("blocked:off", halt + stuck, QA_BLOCKED, False),
        Labelled("qa:off", left, IN_QA, False),
        IssueClosed("closed", left + 60, by=number),
    )


def retrospective(held: int, themes: tuple[str, ...]) -> tuple[IssueEvent, ...]:
    """The notes of a retrospective held then (Unix seconds), which named these themes."""
    return (
        IssueOpened("opened", held),
        Labelled(f"labelled:{RETRO}", held + 5, RETRO, True),
        Noted(f"noted@{held}", held + 5, themes),
        IssueClosed("closed", held + HOUR),
    )
