"""What is counted of changes in whole weeks: how many became ready, were merged, given up, deployed, and by whom."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from exporter.catalogue import DAY
from exporter.diagnosis.terms import Period
from exporter.diagnosis.weeks import WEEK, floor
from exporter.model import Origin, Stage
from exporter.passages import Passage

MARKED = (Origin.AGENTIC, Origin.ASSISTED)
LEFT_BEHIND = 30 * DAY
"""How much later what was merged has to be in production for a change that is not to be left behind."""


class Dates:
    """When things happened, so that those of a week can be counted and those before a second, too."""

    def __init__(self, seconds: Iterable[int]) -> None:
        self._seconds = sorted(seconds)

    def __len__(self) -> int:
        return len(self._seconds)

    def before(self, second: int) -> int:
        """How many lie before a second."""
        return bisect_left(self._seconds, second)

    def within(self, weeks: Iterable[int]) -> int:
        """How many lie in the weeks with these begins."""
        return sum(self.before(week + WEEK) - self.before(week) for week in weeks)

    def between(self, first: int, last: int) -> Sequence[int]:
        """Those in [first, last), in order."""
        return self._seconds[self.before(first) : self.before(last)]


class Tally:
    """The dates of the changes of one scope; bots' changes are not among them.

    A change is in review from when it became ready until it was merged or closed, and between merge and production
    until it is deployed. What is merged without ever having become ready did so at its merge. Where nothing was ever
    produced in a repository, nothing tells of production: a change's way ends there at the merge.
    """

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.passages = [each for each in passages if each.origin is not Origin.BOT]
        self.known = frozenset(each.repository for each in self.passages if each.produced is not None)
        """Repositories of which production is known."""
        arrived: defaultdict[int, list[int]] = defaultdict(list)
        for each in self.passages:
            if each.produced is not None and each.merged is not None:
                arrived[each.repository].append(each.merged)
        self._arrived = {repository: (min(merges), max(merges)) for repository, merges in arrived.items()}
        self.review = [_review(each) for each in self.passages]
        """When each change entered review and when it left; None for what did not happen."""
        self._weeks: defaultdict[int, list[Passage]] = defaultdict(list)
        self._merges: defaultdict[int, list[Passage]] = defaultdict(list)
        ready: list[int] = []
        merged: list[int] = []
        abandoned: list[int] = []
        deployable: list[int] = []
        produced: list[int] = []
        seen: list[int] = []
        unseen: list[int] = []
        for each, (entered, left) in zip(self.passages, self.review, strict=True):
            if entered is None:
                continue
            ready.append(entered)
            self._weeks[floor(entered)].append(each)
            reviewed = next((spell.entered for spell in each.spells if spell.stage is Stage.REVIEW), None)
            if reviewed is not None:
                seen.append(reviewed)
            elif left is not None:
                unseen.append(left)
            if left is None:
                continue
            (abandoned if each.merged is None else merged).append(left)
            if each.merged is None:
                continue
            self._merges[floor(left)].append(each)
            if self.follows(each):
                deployable.append(left)
                if each.produced is not None:
                    produced.append(max(each.produced, left))
        self.ready, self.merged, self.abandoned = Dates(ready), Dates(merged), Dates(abandoned)
        self.deployable, self.produced = Dates(deployable), Dates(produced)
        """Merges where production is known, and when they came into it."""
        self.first_reviews, self.unreviewed = Dates(seen), Dates(unseen)
        """First reviews, and when changes left review without one."""

    def follows(self, passage: Passage) -> bool:
        """Whether a change that was merged can be followed into production (definitions 152).

        It cannot where its repository tells of none; where it was merged before all that is known to have come there,
        for the first deployment that is known does not say what was there before; and where a change that was merged a
        month later came there, and it did not: it is on another branch.
        """
        if passage.produced is not None:
            return True
        first, last = self._arrived.get(passage.repository, (None, 0))
        merged = passage.merged
        return merged is not None and first is not None and first <= merged and last < merged + LEFT_BEHIND

    def ai_shares(self) -> dict[int, float]:
        """Of the changes merged in a week the share with a marker of AI, by the week's begin."""
        return {week: _share(each.origin in MARKED for each in here) or 0.0 for week, here in self._merges.items()}

    def authors(self, weeks: Iterable[int]) -> int:
        """How many people wrote the changes that became ready in these weeks."""
        return len({each.author for week in weeks for each in self._weeks.get(week, ()) if each.author})

    def period(self, weeks: tuple[int, ...]) -> Period:
        """What is told of the weeks that are compared."""
        ready = [each for week in weeks for each in self._weeks.get(week, ())]
        merged = [each for week in weeks for each in self._merges.get(week, ())]
        return Period(
            weeks=weeks,
            changes=len(ready),
            authors=self.authors(weeks),
            ai_share=_share(each.origin in MARKED for each in merged),
            unreviewed_share=_share(not each.reviewed for each in merged),
            one_commit_share=_share(each.commits == 1 for each in ready if each.commits > 0),
        )

    def stays(self, longest: int) -> list[tuple[int, int]]:
        """From when to when each change was in review, for so many seconds at most; open ones as if for that long."""
        told = ((begin, begin + longest if end is None else end) for begin, end in self.review if begin is not None)
        return [(begin, min(end, begin + longest)) for begin, end in told]

    def merged_in(self, weeks: Iterable[int]) -> Iterator[Passage]:
        """The changes merged in these weeks."""
        return (each for week in weeks for each in self._merges.get(week, ()))


def _review(passage: Passage) -> tuple[int | None, int | None]:
    entered = passage.merged if passage.ready is None else passage.ready
    left = passage.closed if passage.merged is None else passage.merged
    return entered, None if left is None or entered is None else max(left, entered)


def _share(those: Iterable[bool]) -> float | None:
    told = list(those)
    return sum(told) / len(told) if told else None
