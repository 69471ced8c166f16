"""What the pretend organisation's scanner finds: on heads of changes that are merged, and now and then by its timer."""

from collections.abc import Sequence
from random import Random

from exporter.demo.cast import Writer
from exporter.model import Fact, FilesChanged, FindingEvent, Found, Judged, Merged, Opened, Origin, Severity

HOUR, DAY = 3600, 86400

CHANCES = {Origin.UNMARKED: 0.05, Origin.ASSISTED: 0.07, Origin.AGENTIC: 0.11, Origin.BOT: 0.0}
"""Of the changes that are merged, the share on whose head something is found."""
LOCK, OUTDATED = "package-lock.json", 0.05
"""What bots' updates change, and the share of them that bring a version which is known to be vulnerable."""
GRADES = {Severity.CRITICAL: 1, Severity.HIGH: 5, Severity.MEDIUM: 8, Severity.LOW: 4, Severity.UNKNOWN: 2}
WRONG, ACCEPTED = 0.2, 0.1
"""Shares that are dismissed as false positives, and for other reasons."""


def scanned(rng: Random, number: int, writer: Writer, facts: Sequence[Fact]) -> tuple[FindingEvent, ...]:
    """What a scan finds on the head of a change (its number) within two days before its merge; mostly nothing."""
    merged = next((event for event in facts if isinstance(event, Merged)), None)
    opened = next((event for event in facts if isinstance(event, Opened)), None)
    if merged is None or opened is None or rng.random() >= CHANCES[writer.origin]:
        return ()
    at = max(opened.at, merged.at - rng.randrange(60, 2 * DAY))
    return (Found("found", at, _grade(rng), (number,)), *_triaged(rng, merged.at))


def outdated(rng: Random, facts: Sequence[Fact]) -> tuple[FindingEvent, ...]:
    """That a merged change brought a vulnerable dependency, as is known some minutes later; mostly nothing."""
    merged = next((event for event in facts if isinstance(event, Merged)), None)
    files = {path for event in facts if isinstance(event, FilesChanged) for path, *_ in event.files}
    if merged is None or LOCK not in files or rng.random() >= OUTDATED:
        return ()
    at = merged.at + rng.randrange(60, 600)
    return (Found("found", at, _grade(rng), manifest=LOCK), *_triaged(rng, at))


def timed(rng: Random, chance: float, at: int) -> tuple[FindingEvent, ...]:
    """What a scan that no change asked for finds at a second, for no change can be named for it; mostly nothing."""
    if rng.random() >= chance:
        return ()
    return (Found("found", at, _grade(rng), (), (f"{rng.getrandbits(160):040x}",)), *_triaged(rng, at))


def _grade(rng: Random) -> Severity:
    return rng.choices(list(GRADES), list(GRADES.values()))[0]


def _triaged(rng: Random, since: int) -> tuple[Judged, ...]:
    """What somebody decides within ten days, if anything."""
    fate, at = rng.random(), since + rng.randrange(HOUR, 10 * DAY)
    return (Judged(f"dismissed@{at}", at, fate < WRONG),) if fate < WRONG + ACCEPTED else ()
