"""What happens in a simulated quarter: the pretend organisation's story, a surge at its end, and what goes wrong."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.demo import NUMBERS_A_DAY, Organisation
from exporter.model import Committed, Ran, Reviewed, Subject, Tested, Thing, Told
from tests.double import TOKEN, Double, World

SURGE, SURGE_LASTS = "acme/web-shop", 3 * DAY
"""Twice the changes come here, while the reviewers of its team are away."""
REWRITTEN = "acme/data-reports"
"""Branches are deleted here: of every third change the commits cannot be read."""
SHUT = "acme/pay-ledger"
"""Forbidden to the credential for some days."""
REPORTING = "acme/pay-"
"""So begin the repositories whose runs upload test reports. Each is a zip to be read, and all would take too long."""


def story(organisation: Organisation, end: int) -> list[Told]:
    """The organisation's story up to a little after the end, with the surge and without the commits that are lost."""
    keys = {each.name: each.key for each in organisation.all_repositories()}
    since, until = end - SURGE_LASTS, end + HOUR
    changes = [*organisation.told(0, until), *_more(organisation, keys[SURGE], since, until)]
    deserted = {key for name, key in keys.items() if name.startswith(SURGE.partition("-")[0])}
    reporting = {key for name, key in keys.items() if name.startswith(REPORTING)}
    told = [
        each for each in organisation.delivered(0, until) if each.subject.thing is not Thing.COMMIT
    ]  # no trees here
    delivered = [_unreported(_halted(each, deserted, since), reporting) for each in told]
    return [*(_unreviewed(_unread(each, keys[REWRITTEN]), deserted, since) for each in changes), *delivered]


def _halted(told: Told, deserted: set[str], since: int) -> Told:
    """Where nothing is merged any more, only branches of changes have runs, and nothing is shipped or tested."""
    branch = told.subject.thing is Thing.RUN and not any(isinstance(each, Ran) and each.default for each in told.events)
    if branch or told.subject.repository not in deserted:
        return told
    return Told(told.subject, tuple(event for event in told.events if event.at <= since))


def _more(organisation: Organisation, repository: str, since: int, until: int) -> Iterator[Told]:
    """About as many changes again for one repository: those another seed tells, under numbers of their own."""
    twin = Organisation(start=organisation.start, seed=organisation.seed + 1, repositories=organisation.repositories)
    for change in twin.told(since, until):
        if change.subject.repository == repository and change.events[0].at > since:
            number = change.subject.number + NUMBERS_A_DAY // 2
            yield Told(Subject(repository, f"{repository}:{number}", number), change.events)


def _unreviewed(change: Told, deserted: set[str], since: int) -> Told:
    """A change that would be reviewed by those who are away goes no further."""
    if change.subject.repository not in deserted:
        return change
    for place, event in enumerate(change.events):
        if isinstance(event, Reviewed) and not event.reviewer.bot and event.at > since:
            return Told(change.subject, change.events[:place])
    return change


def _unread(change: Told, repository: str) -> Told:
    if change.subject.repository != repository or change.subject.number % 3:
        return change
    return Told(change.subject, tuple(event for event in change.events if not isinstance(event, Committed)))


def _unreported(told: Told, reporting: set[str]) -> Told:
    if told.subject.repository in reporting:
        return told
    return Told(told.subject, tuple(event for event in told.events if not isinstance(event, Tested)))


def mishaps(double: Double, begin: int, end: int) -> list[tuple[int, Callable[[], object]]]:
    """What goes wrong, and when, oldest first: spread over the quarter, however long that is."""
    world = double.world

    def fail(*which: Any, **how: Any) -> Callable[[], object]:
        return partial(double.fail, *which, **how)

    spread = (
        (0.12, fail("status", 6, code=502)),
        (0.22, fail("status", 2, code=504)),
        (0.30, fail("secondary", after=45)),
        (0.38, fail("html")),
        (0.44, fail("reset", 2)),
        # At night: the daily count asks about what was fine before the poll, and would miss six hours of changes.
        (0.505, fail("null_repository", None, "/graphql", repository=world.names[SHUT].id, kind="FORBIDDEN")),
        (0.505, fail("forbidden", None, lambda asked: asked.path.startswith(f"/repos/{SHUT}/"))),
        (0.55, double.heal),
        (0.60, partial(files_unknown, world)),
        # Search is behind by less than polls overlap, and by more than the watermark stays back.
        (0.64, partial(setattr, world, "lag", 14 * MINUTE)),
        (0.70, partial(setattr, world, "lag", 0)),
        (0.74, partial(new_word, world)),
        (0.78, partial(pushed_late, world)),
        (0.82, partial(double.limits.spend, TOKEN, "graphql", 4800)),
        (0.88, fail("unauthorised")),
    )
    late = ((50 * MINUTE, fail("status", 2, code=502)), (20 * MINUTE, fail("status", code=504)))
    return [
        *((begin + round(share * (end - begin)), what) for share, what in spread),
        *((end - before, what) for before, what in late),
    ]


def files_unknown(world: World) -> None:
    """GitHub cannot tell the files of the three changes merged last."""
    merged = [pull for pull in world.pulls.values() if pull.merged is not None]
    for pull in sorted(merged, key=lambda each: each.merged or 0)[-3:]:
        pull.files = None


def new_word(world: World) -> None:
    """A bot reviews in a way that GitHub has just invented."""
    pull = next(pull for pull in reversed(world.pulls.values()) if pull.closed is None)
    world.review(pull, "coderabbitai[bot]", "SUGGESTED")


def pushed_late(world: World) -> None:
    """Commits with an AI marker, made before the first review, are pushed a day after: what was counted is not so."""
    for pull in world.pulls.values():
        first = next((each for each in pull.reviews() if each.actor and each.actor.kind == "User"), None)
        if pull.closed is None and first is not None and first.at < world.now - DAY:
            world.push(pull, message="Work\n\nCo-Authored-By: Claude <noreply@anthropic.com>", committed=first.at - 1)
