"""One change's facts put in order, cut into lives and folded: when it waited, for whom, and what the stages were.

Everything here is causal: what is said about a second depends only on facts dated at or before it, so that a reading
once made stays true when more facts arrive (the settling law). Seconds are Unix time, UTC.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from exporter.model import (
    Actor,
    BaseChanged,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    Event,
    Fact,
    FilesChanged,
    IssueClosed,
    IssueReopened,
    Linked,
    Merged,
    Opened,
    Pushed,
    QueueState,
    Ready,
    Referred,
    Reopened,
    Reviewed,
    ReviewRequested,
    Stage,
    Verdict,
)
from exporter.spans import Span, within

_SAME_SECOND: dict[type, int] = {
    kind: rank
    for rank, kind in enumerate(
        (
            Opened,
            Described,
            Committed,
            Referred,
            Linked,
            Pushed,
            BaseChanged,
            Drafted,
            Ready,
            ReviewRequested,
            Commented,
            Reviewed,
            Dismissed,
            Merged,
            Closed,
            Reopened,
            FilesChanged,
            IssueClosed,
            IssueReopened,
        )
    )
}
"""The order facts of one second are read in: a review before the merge it allowed, a closing before a reopening."""

E = TypeVar("E", bound=Event)

AWAITING = frozenset({QueueState.AWAITING_REVIEW, QueueState.AWAITING_REREVIEW})


class Rules(Protocol):
    """Who counts as a reviewer."""

    def is_reviewer_person(self, actor: Actor) -> bool:
        """Whether a review by this account is a person's."""
        ...


class Definitions(Protocol):
    """What this room needs of the policy."""

    @property
    def rules(self) -> Rules:
        """Who counts as a reviewer."""
        ...

    @property
    def abandoned_after(self) -> int:
        """Seconds a closed change may rest before it is abandoned."""
        ...

    @property
    def first_activity_within(self) -> int:
        """Seconds before the opening in which an author date is believed."""
        ...

    @property
    def comments_count(self) -> bool:
        """Whether a plain comment is a review."""
        ...


def ordered(events: Iterable[E]) -> tuple[E, ...]:
    """The same facts in the one order every reader uses, whatever order they came in; a repeated id counts once."""
    unique = {event.id: event for event in events}
    return tuple(sorted(unique.values(), key=lambda event: (event.at, _SAME_SECOND.get(type(event), 0), event.id)))


def until(events: Sequence[E], at: int) -> tuple[E, ...]:
    """The ordered facts dated at or before a second."""
    return tuple(events[: bisect_right(events, at, key=lambda event: event.at)])


@dataclass(frozen=True, slots=True)
class Wait:
    """One stay in the review queue; ``left`` and ``by`` are None while it lasts."""

    entered: Fact
    left: Fact | None = None
    by: str | None = None


@dataclass(slots=True)
class Life:
    """A change from its opening, or from a reopening after it was abandoned, to its end.

    ``ready`` (T3) is None while it never left draft; ``first_review`` (T4) is the first person's review since then;
    ``merged`` (T6); ``closed`` is the closing that still stands. ``early_review``: a person reviewed the draft.
    """

    start: Opened | Reopened
    opened: Opened
    draft: bool
    ready: Fact | None = None
    first_review: Reviewed | Commented | None = None
    merged: Merged | None = None
    closed: Closed | None = None
    early_review: bool = False
    rounds: int = 0
    waits: list[Wait] = field(default_factory=list)
    reviews: list[Reviewed] = field(default_factory=list)
    state: QueueState | None = None

    @property
    def open(self) -> bool:
        """Neither merged nor closed, as far as the facts go."""
        return self.merged is None and self.closed is None

    @property
    def reviewed(self) -> bool:
        """A person reviewed it, as a draft or later, before it was merged."""
        return self.first_review is not None or self.early_review


class _Fold:
    """Walks one life's facts, keeping which verdicts are in force and whether a re-review is due (definitions 17)."""

    def __init__(self, life: Life, definitions: Definitions) -> None:
        self.life = life
        self.definitions = definitions
        self.given: list[Reviewed] = []
        self.dismissed: set[str] = set()
        self.rereview = False
        self.round_phase = 0
        self._ready_if_not_draft(life.start)

    def step(self, event: Fact) -> None:
        """Take in one fact."""
        life = self.life
        if life.merged is not None:
            self._late(event)
            return
        match event:
            case Ready():
                life.draft = False
                self._ready_if_not_draft(event)
            case Drafted():
                life.draft = True
            case Reviewed():
                self._review(event)
            case Commented() if self.definitions.comments_count and self._by_person(event.actor):
                self._review_by_person(event, Verdict.COMMENTED)
            case Dismissed():
                self._dismiss(event)
            case Committed() | Pushed():
                self._push(event)
            case ReviewRequested():
                self._ask_again(event)
            case Merged():
                life.merged = event
            case Closed():
                life.closed = event
            case Reopened():
                life.closed = None
            case _:
                pass
        self._queue(event)

    def _late(self, event: Fact) -> None:
        """A review after the merge is a review, and moves nothing else."""
        if isinstance(event, Reviewed) and not self._own_review(event):
            self.life.reviews.append(event)

    def _ready_if_not_draft(self, event: Fact) -> None:
        if self.life.ready is None and not self.life.draft:
            self.life.ready = event
            self._queue(event)

    def _own(self, actor: Actor) -> bool:
        return actor.login == self.life.opened.author.login

    def _own_review(self, event: Reviewed) -> bool:
        """A reply by the author. Two deleted accounts may be one, unless it judged: nobody judges an own change."""
        return self._own(event.reviewer) and (event.reviewer.login != "" or event.verdict is Verdict.COMMENTED)

    def _from_the_other_side(self, commit: Committed) -> bool:
        """A commit by a reviewer, or by a bot on a person's change, is not the author's answer to a review."""
        if not commit.login or commit.login == self.life.opened.author.login:
            return False
        reviewer = any(review.reviewer.login == commit.login for review in self.given)
        return reviewer or (commit.login.endswith("[bot]") and not self.life.opened.author.bot)

    def _by_person(self, actor: Actor) -> bool:
        return not self._own(actor) and self.definitions.rules.is_reviewer_person(actor)

    def _review(self, event: Reviewed) -> None:
        if self._own_review(event):
            return
        self.life.reviews.append(event)
        if self.definitions.rules.is_reviewer_person(event.reviewer):
            self._review_by_person(event, event.verdict)

    def _review_by_person(self, event: Reviewed | Commented, verdict: Verdict) -> None:
        life = self.life
        if self.round_phase == 2:
            life.rounds += 1
        if verdict is Verdict.CHANGES_REQUESTED:
            self.round_phase = 1
        elif self.round_phase == 2:
            self.round_phase = 0
        if life.ready is None:
            life.early_review = True
            return
        if life.first_review is None:
            life.first_review = event
        self.rereview = False
        if isinstance(event, Reviewed):
            self.given.append(event)

    def _dismiss(self, event: Dismissed) -> None:
        """Losing the last approval asks for a new review; where a request for changes was the state, it stays so."""
        was_approved = self._verdict_state() is QueueState.APPROVED
        self.dismissed.add(event.review)
        if was_approved and self._verdict_state() is not QueueState.APPROVED:
            self.rereview = True

    def _push(self, event: Committed | Pushed) -> None:
        if isinstance(event, Committed) and self._from_the_other_side(event):
            return
        if self.round_phase == 1:
            self.round_phase = 2
        if self._verdict_state() in (QueueState.CHANGES_REQUESTED, QueueState.COMMENTED):
            self.rereview = self.life.first_review is not None

    def _ask_again(self, event: ReviewRequested) -> None:
        asked_before = event.reviewer != "" and any(each.reviewer.login == event.reviewer for each in self.given)
        if asked_before and self._verdict_state() in (QueueState.CHANGES_REQUESTED, QueueState.COMMENTED):
            self.rereview = True

    def _opinions(self) -> dict[str, Verdict]:
        """Each reviewer's latest undismissed verdict; a comment does not take back an approval or a request."""
        opinions: dict[str, Verdict] = {}
        for review in self.given:
            who = review.reviewer.login or review.id
            if review.id in self.dismissed or (review.verdict is Verdict.COMMENTED and who in opinions):
                continue
            opinions[who] = review.verdict
        return opinions

    def _verdict_state(self) -> QueueState:
        opinions = set(self._opinions().values())
        if Verdict.CHANGES_REQUESTED in opinions:
            return QueueState.CHANGES_REQUESTED
        return QueueState.APPROVED if Verdict.APPROVED in opinions else QueueState.COMMENTED

    def _state(self) -> QueueState | None:
        life = self.life
        if life.ready is None or life.draft or not life.open:
            return None
        if life.first_review is None:
            return QueueState.AWAITING_REVIEW
        return QueueState.AWAITING_REREVIEW if self.rereview else self._verdict_state()

    def _queue(self, event: Fact) -> None:
        life = self.life
        life.state = self._state()
        waiting = bool(life.waits) and life.waits[-1].left is None
        if life.state in AWAITING and not waiting:
            life.waits.append(Wait(event))
        elif life.state not in AWAITING and waiting:
            life.waits[-1] = Wait(life.waits[-1].entered, event, _LEFT_BY[type(event)])


_LEFT_BY = {Reviewed: "review", Commented: "review", Merged: "merge", Closed: "close", Drafted: "draft"}


def lives(events: Sequence[Fact], definitions: Definitions) -> list[Life]:
    """Cut ordered facts into lives (definitions 12) and fold each; empty while the opening itself is not known."""
    opened = next((event for event in events if isinstance(event, Opened)), None)
    if opened is None:
        return []
    fold = _Fold(Life(opened, opened, opened.draft), definitions)
    found = [fold.life]
    for event in events:
        if isinstance(event, Opened):
            continue
        if not _abandoned(fold.life, event.at, definitions):
            fold.step(event)
        elif isinstance(event, Ready | Drafted):
            fold.life.draft = isinstance(event, Drafted)
        elif isinstance(event, Reopened):
            fold = _Fold(Life(event, opened, fold.life.draft), definitions)
            found.append(fold.life)
    return found


def _abandoned(life: Life, at: int, definitions: Definitions) -> bool:
    closed = life.closed
    return life.merged is None and closed is not None and at > closed.at + definitions.abandoned_after


def first_activity(life: Life, events: Sequence[Fact], at: int, definitions: Definitions) -> int:
    """T1: the opening, or the earliest believable author date of the commits known by ``at`` (definitions 11, 12)."""
    if isinstance(life.start, Reopened):
        return life.start.at
    opened = life.opened.at
    earliest = opened - definitions.first_activity_within
    authored = (event.authored for event in events if isinstance(event, Committed) and event.at <= at)
    return min((date for date in authored if earliest <= date <= opened), default=opened)


def final_approval(life: Life, events: Sequence[Fact], definitions: Definitions) -> int | None:
    """T5 of a merged life: the last person's approval in (T3, T6] in force at T6, else T6 (definitions 9)."""
    merged = life.merged
    if merged is None:
        return None
    return last_approval(life, events, definitions, merged.at) or merged.at


def last_approval(life: Life, events: Sequence[Fact], definitions: Definitions, end: int) -> int | None:
    """The last person's approval in (T3, end] that is in force at the end; None without one."""
    ready, first = life.ready, life.first_review
    if ready is None or first is None:
        return None
    dismissed = {event.review for event in events if isinstance(event, Dismissed) and event.at <= end}
    approvals = (
        review.at
        for review in life.reviews
        if review.verdict is Verdict.APPROVED
        and max(ready.at + 1, first.at) <= review.at <= end
        and review.id not in dismissed
        and definitions.rules.is_reviewer_person(review.reviewer)
    )
    return max(approvals, default=None)


def stages(
    life: Life, events: Sequence[Fact], definitions: Definitions, without: Sequence[Span] = ()
) -> Iterator[tuple[Stage, int]]:
    """The stages of a merged life in seconds; each >= 0, and together exactly T6 - T1. Nothing while unmerged.

    ``without``: disjoint spans that belong to another stage; they are taken out of what they fall in.
    """
    for stage, begin, end in cut(life, events, definitions):
        yield stage, end - begin - within(without, begin, end)


def cut(life: Life, events: Sequence[Fact], definitions: Definitions) -> Iterator[tuple[Stage, int, int]]:
    """The stages of a merged life from second to second."""
    if life.merged is None:
        return
    end = life.merged.at
    start = first_activity(life, events, end, definitions)
    if life.ready is None:
        yield Stage.CODING, start, end
        return
    ready = life.ready.at
    yield Stage.CODING, start, ready
    approved = final_approval(life, events, definitions) or end
    if life.first_review is not None:
        yield Stage.PICKUP, ready, life.first_review.at
        yield Stage.REVIEW, life.first_review.at, approved
        yield Stage.MERGE_WAIT, approved, end
    elif life.early_review:
        yield Stage.REVIEW, ready, approved
        yield Stage.MERGE_WAIT, approved, end
    else:
        yield Stage.UNREVIEWED, ready, end
