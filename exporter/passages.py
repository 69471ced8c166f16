"""A change's way from the first keystroke to production, as far as it has come: what the diagnosis is made of."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exporter.change import LAST_IN_PRODUCTION, Change
from exporter.model import Environment, Merged, Origin, QueueState, Stage
from exporter.spans import Span, within
from exporter.timeline import Life, cut, first_activity, last_approval


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


def passages(change: Change, repository: int, second: int) -> Iterator[Passage]:
    """Every life of a change that holds no facts later than a second (``Change.at``), as it stands then.

    What is merged and not in production waits for a deployment, until it would be in none (90 days): where nothing
    tells of production, such a wait says nothing, which a reader has to know of the repository as a whole.
    """
    for life in change.lives:
        merged, closed = life.merged, None if life.merged is not None else life.closed
        end = merged.at if merged is not None else closed.at if closed is not None else second
        spells = sorted(_spells(change, life, second, end), key=lambda spell: spell.entered)
        yield Passage(
            repository=repository,
            origin=change.origin(end),
            author=life.opened.author.login,
            began=first_activity(life, change.events, end, change.policy),
            ready=None if life.ready is None else life.ready.at,
            merged=None if merged is None else merged.at,
            closed=None if closed is None else closed.at,
            produced=None if merged is None else change.production(merged),
            reviewed=life.reviewed,
            lines=None if merged is None else change.lines(merged.at),
            commits=len(change.commits(end)),
            spells=tuple(spells) if change.in_stage_statistics(end) else (),
        )


def _spells(change: Change, life: Life, second: int, end: int) -> Iterator[Spell]:
    qa = change.with_qa(end)
    over = life.merged is not None or life.closed is not None
    stays = list(_before_the_merge(change, life, end))
    for stage, begin, until in stays:
        yield Spell(stage, begin, until - begin - within(qa, begin, until), over or until < end)
    if life.merged is not None:
        yield from _after_the_merge(change, life, life.merged, second)
    elif had := within(qa, stays[0][1], end):
        entered = next(max(begin, stays[0][1]) for begin, until in qa if until > stays[0][1])
        yield Spell(Stage.QA, entered, had, over or qa[-1][1] < end)


def _before_the_merge(change: Change, life: Life, end: int) -> Iterator[tuple[Stage, int, int]]:
    """The stages up to an end from second to second; an unmerged life is cut as far as it had come by then.

    A closed change may still be reviewed or marked as ready: that moves nothing unless it is reopened.
    """
    if life.merged is not None:
        yield from cut(life, change.events, change.policy)
        return
    start = first_activity(life, change.events, end, change.policy)
    if life.ready is None or life.ready.at > end:
        yield Stage.CODING, start, end
        return
    ready, first = life.ready.at, life.first_review
    yield Stage.CODING, start, ready
    if first is None or first.at > end:
        yield Stage.REVIEW if life.early_review else Stage.PICKUP, ready, end
        return
    yield Stage.PICKUP, ready, first.at
    approved = last_approval(life, change.events, change.policy, end) if life.state is QueueState.APPROVED else None
    yield Stage.REVIEW, first.at, end if approved is None else approved
    if approved is not None:
        yield Stage.MERGE_WAIT, approved, end


def _after_the_merge(change: Change, life: Life, merged: Merged, second: int) -> Iterator[Spell]:
    """QA, where something tells of it, and the wait for deployment, over or not."""
    staged = change.arrived(merged, Environment.STAGING)
    if told := dict(change.after_the_merge(life)):
        for stage, seconds in told.items():
            entered = merged.at if stage is Stage.DEPLOY_WAIT else _at_qa_since(change.with_qa(second), staged, merged)
            yield Spell(stage, entered, seconds, True)
        return
    last = min(second, merged.at + LAST_IN_PRODUCTION)
    qa = change.with_qa(last)
    before, after = change.had_by_the_merge(life), within(qa, merged.at, last)
    if before + after:
        yield Spell(Stage.QA, _at_qa_since(qa, staged, merged), before + after, qa[-1][1] < last)
    elif staged is not None and staged <= last:
        yield Spell(Stage.DEPLOY_WAIT, merged.at, staged - merged.at, True)
        yield Spell(Stage.QA, staged, last - staged, False)
        return
    yield Spell(Stage.DEPLOY_WAIT, merged.at, last - merged.at - after, False)


def _at_qa_since(qa: Sequence[Span], staged: int | None, merged: Merged) -> int:
    """When QA first had a merged change: by the first stay it is told of, else from staging on."""
    return qa[0][0] if qa else merged.at if staged is None else staged
