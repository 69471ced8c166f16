"""A change's way from the first keystroke to production, as far as it has come: what the diagnosis is made of."""

from typing import NamedTuple

from exporter.model import Origin, Stage


class Spell(NamedTuple):
    """A stay in a stage: when it began (Unix seconds), how long it has lasted (seconds), and whether it is over.

    One that is not over lasts until the second of the look at least: it is right-censored. ``seconds`` leave out what
    QA had of it, so ``entered + seconds`` may lie before its end.
    """

    stage: Stage
    entered: int
    seconds: int
    ended: bool


class Passage(NamedTuple):
    """One life of a change as known at one second; times are Unix seconds, None for what has not happened by then.

    ``began`` is T1, ``ready`` T3, ``merged`` T6, ``produced`` T9; ``closed`` is the closing without a merge that
    stands. ``reviewed``: a person reviewed it before the merge, or so far. ``lines``: changed lines that count, None
    where the files were not read. ``commits``: how many are known. ``author`` tells people apart in memory and is never
    shown. ``spells`` are in order of entry; changes of bots and reverts have none.
    """

    repository: int
    origin: Origin
    author: str
    began: int
    ready: int | None
    merged: int | None
    closed: int | None
    produced: int | None
    reviewed: bool
    lines: int | None
    commits: int
    spells: tuple[Spell, ...]
