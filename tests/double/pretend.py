"""The pretend organisation of ``exporter.demo`` as a world: what its story tells happens there when its time comes."""

from collections import deque
from collections.abc import Iterable
from operator import itemgetter

from exporter.demo import Organisation
from exporter.model import (
    BaseChanged,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    Fact,
    FilesChanged,
    Linked,
    Merged,
    Opened,
    Pushed,
    Ready,
    Referred,
    Reopened,
    Reviewed,
    ReviewRequested,
    Subject,
    Thing,
    Told,
)
from tests.double.backstage import Backstage
from tests.double.facts import Item, PullRequest, Team
from tests.double.world import World

TEAM = "team:"
"""What the story writes before the name of a team that is asked to review."""


class Play:
    """A story on its way into a world. Ids and numbers in the world are the story's own."""

    def __init__(self, world: World, organisation: Organisation, told: Iterable[Told]) -> None:
        self.world = world
        self._backstage = Backstage(world)
        facts = ((event.at, each.subject, event) for each in told for event in each.events)
        self._to_come = deque(sorted(facts, key=itemgetter(0)))
        self._reviews: dict[tuple[str, str], Item] = {}
        for each in organisation.all_repositories():
            world.add_repository(each.name, id=each.key, default_branch=each.default_branch, topics=each.topics)

    def until(self, second: float) -> None:
        """Let time pass up to a second (Unix), with all that happens up to it."""
        world = self.world
        with world.lock:
            while self._to_come and self._to_come[0][0] <= second:
                at, subject, event = self._to_come.popleft()
                world.now = max(world.now, at)
                self._happen(subject, event)
            world.now = max(world.now, second)

    def _happen(self, subject: Subject, event: Fact) -> None:
        """Enter one fact into the world.

        Raises:
            TypeError: a kind of fact that is not known here.
        """
        world, at = self.world, event.at
        if subject.thing is not Thing.CHANGE:
            self._backstage.happen(subject, event)
            return
        if isinstance(event, Opened):
            world.open(
                world.repositories[subject.repository],
                event.author.login,
                at=at,
                id=subject.key,
                number=subject.number,
                draft=event.draft,
                head=event.head,
                base=event.base,
            )
            return
        pull = world.pulls[subject.key]
        match event:
            case Described() if at == pull.created:
                pull.body = "\n\n".join(event.lines)
            case Described():
                world.edit(pull, "\n\n".join(event.lines), at)
            case Linked() if at == pull.created:
                pull.body += "".join(f"\n\nRefs #{number}" for number in event.issues)
            case Committed():
                self._commit(pull, event)
            case Reviewed():
                review = world.review(pull, event.reviewer.login, event.verdict.upper(), at)
                self._reviews[subject.key, event.id] = review
            case Dismissed():
                world.dismiss(pull, self._reviews[subject.key, event.review], at=at)
            case ReviewRequested():
                team = event.reviewer.startswith(TEAM)
                world.request(pull, Team(event.reviewer.removeprefix(TEAM)) if team else event.reviewer, at)
            case Commented():
                world.comment(pull, event.actor.login, at)
            case Ready():
                world.ready(pull, at)
            case Drafted():
                world.redraft(pull, at)
            case Pushed():
                world.force_push(pull, at)
            case BaseChanged():
                world.retarget(pull, event.base, at)
            case Merged():
                world.merge(pull, at=at, sha=event.sha)
                self._backstage.merged(pull.repository, event)
            case FilesChanged():
                pull.files = list(event.files)
            case Closed() if pull.merged is None:
                world.close(pull, at=at)
            case Closed():
                pass  # the merge closed it
            case Reopened():
                world.reopen(pull, at=at)
            case Referred():
                pass  # the branch or the description says it
            case _:
                raise TypeError(f"the world has nothing for {event}")

    def _commit(self, pull: PullRequest, event: Committed) -> None:
        message = "\n".join(("Work", "", *event.trailers))
        commit = self.world.push(pull, message=message, at=event.at, authored=event.authored, sha=event.sha)
        commit.names, commit.emails, commit.login = event.names, event.emails, event.login or None
