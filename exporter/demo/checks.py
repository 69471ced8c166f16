"""CI in the pretend organisation: what a change's pushes set off, what turns red, and who mends it."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from exporter.demo.cast import Climate
from exporter.model import (
    Closed,
    Committed,
    Fact,
    FilesChanged,
    Merged,
    Opened,
    Ran,
    Result,
    Reviewed,
    RunEvent,
    Tested,
    Worked,
)

WORKFLOW = ".github/workflows/ci.yaml"
FLAKY, TESTS, PRODUCT, BOTH, SETUP = "flaky", "tests", "product", "both", "setup"


Files = tuple[str, int, int]
"""A file's path, and its added and deleted lines."""


class Push(NamedTuple):
    """A head of a branch that CI runs for; ``at`` in Unix seconds."""

    at: int
    sha: str


class Run(NamedTuple):
    """One run with the facts of all its attempts."""

    number: int
    branch: str
    default: bool
    events: tuple[RunEvent, ...]


def _summed(*rows: Iterable[Files]) -> tuple[Files, ...]:
    """Added and deleted lines by path."""
    found: dict[str, tuple[int, int]] = {}
    for path, added, deleted in chain.from_iterable(rows):
        before = found.get(path, (0, 0))
        found[path] = before[0] + added, before[1] + deleted
    return tuple((path, *lines) for path, lines in sorted(found.items()))


class Checks:
    """The runs of one change, and the commits that mend what they find.

    ``rotten``: tests break more often, and more of what is mended is the tests themselves, as AI is taken up.
    ``alone``: whether nothing else is merged around a second, so that what turns red there is green when repeated.
    """

    def __init__(
        self,
        rng: Random,
        weather: Climate,
        change: tuple[Fact, ...],
        number: int,
        *,
        rotten: bool,
        alone: Callable[[int], bool],
    ) -> None:
        self.alone = alone
        self.rng, self.weather, self.change, self.number = rng, weather, change, number
        self.rotten = weather.progress if rotten else 0.0
        self.runs: list[Run] = []
        self.worked: list[Worked] = []
        self.mended: list[Committed] = []
        self.branch = next(event.head for event in change if isinstance(event, Opened))
        self._commits = [event for event in change if isinstance(event, Committed)]

    def tell(self) -> None:
        """Run CI for every push, mend what it finds where there is time, and run it for the merge."""
        reviews = [event.at for event in self.change if isinstance(event, Reviewed) and not event.reviewer.bot]
        ends = [event.at for event in self.change if isinstance(event, Merged | Closed)]
        heads = {commit.at: commit for commit in self._commits}
        pushes = [heads[at] for at in sorted(heads)]
        for place, head in enumerate(pushes):
            after = [commit.at for commit in pushes[place + 1 :]] + [at for at in reviews + ends if at > head.at]
            self._check(head, min(after, default=head.at))
        for merged in (event for event in self.change if isinstance(event, Merged)):
            red = self.rng.random() < 0.04 + 0.03 * self.rotten and self.alone(merged.at)
            self._run(Push(merged.at, merged.sha), "main", default=True, red=red)

    def mended_change(self) -> Iterator[Fact]:
        """The change's own facts, with the commits that mended what CI found and the lines they brought."""
        mended = [row for worked in self.worked for row in worked.files]
        for event in self.change:
            yield replace(event, files=_summed(event.files, mended)) if isinstance(event, FilesChanged) else event
        yield from self.mended

    def _check(self, head: Committed, until: int) -> None:
        red = self.rng.random() < 0.12 + 0.14 * self.rotten
        kind = self.rng.choices(
            (FLAKY, TESTS, PRODUCT, BOTH, SETUP),
            (0.3, 0.2 + 0.35 * self.rotten, 0.4 - 0.15 * self.rotten, 0.1, 0.04),
        )[0]
        ended = self._run(Push(head.at, head.sha), self.branch, default=False, red=red, mended=kind != FLAKY)
        work = round(self.rng.uniform(0.3, 1.0) * 3600 * (1 + self.rotten))
        if not red or kind == FLAKY or ended + work + 60 >= until:
            return self._repeat() if red and kind != FLAKY else None
        sha = f"{self.rng.getrandbits(160):040x}"
        at = ended + work
        mend = Committed(f"commit:{sha}", at, sha, at - 60, head.names, head.emails, head.login, head.trailers)
        self.mended.append(mend)
        green = self._run(Push(at, sha), self.branch, default=False, red=False)
        begun = (f"{sha[::-1]}", ended + 300, head.login or head.emails[0], head.trailers)
        commits = (begun, (sha, at - 60, head.login or head.emails[0], head.trailers))
        self.worked.append(Worked(f"worked:{head.sha}:{sha}", green, head.sha, sha, self._mended_files(kind), commits))
        return None

    def _mended_files(self, kind: str) -> tuple[tuple[str, int, int], ...]:
        lines = 2 + self.rng.randrange(12)
        test, product = ("tests/test_part00.py", lines, lines // 4), ("src/part00.py", lines, lines // 3)
        setup = (WORKFLOW, 3, 1)
        return {TESTS: (test,), PRODUCT: (product,), BOTH: (product, test), SETUP: (setup,)}[kind]

    def _run(self, push: Push, branch: str, *, default: bool, red: bool, mended: bool = False) -> int:
        """One run; a red one whose commit is not mended is repeated, and is green then. When the last attempt ended."""
        number = self.number * 100 + len(self.runs)
        ended, attempts = push.at, 2 if red and not mended else 1
        events: list[RunEvent] = []
        for attempt in range(1, attempts + 1):
            failed = red and attempt == 1
            asked = ended + (8 if attempt == 1 else self.rng.randrange(120, 2400))
            started = asked + round(self.rng.expovariate(1 / (25 + 60 * max(0.0, self.weather.progress)))) + 2
            ended = started + round(420 * self.rng.lognormvariate(0, 0.3))
            events += self._attempt(number, push.sha, branch, attempt, failed, (asked, started, ended), default)
        self.runs.append(Run(number, branch, default, tuple(events)))
        return ended

    def _attempt(
        self, number: int, sha: str, branch: str, attempt: int, failed: bool, times: tuple[int, int, int], default: bool
    ) -> Iterator[RunEvent]:
        asked, started, ended = times
        result, jobs = (Result.FAILURE, ("test",)) if failed else (Result.SUCCESS, ())
        yield Ran(
            f"ran:{number}:{attempt}", ended, WORKFLOW, branch, default, sha, attempt, result, asked, started, jobs
        )
        parts = self.rng.sample(range(20), 1 + self.rng.randrange(3))
        red = tuple(f"tests.test_part{part:02}" for part in parts) * failed
        cases = 240 + self.number // 50
        errors = int(len(red) > 1)  # a fixture that breaks
        failed_cases = len(red) - errors
        yield Tested(f"tests:{number}:{attempt}", ended, sha, attempt, cases - len(red), failed_cases, errors, 4, red)

    def _repeat(self) -> None:
        """The last run was red, and nobody had the time to mend it: the tests are flaky after all."""
        run = self.runs[-1]
        first = next(event for event in run.events if isinstance(event, Ran))
        asked = first.at + self.rng.randrange(120, 900)
        times = (asked, asked + 20, asked + 20 + round(420 * self.rng.lognormvariate(0, 0.3)))
        again = self._attempt(run.number, first.sha, run.branch, 2, False, times, run.default)
        self.runs[-1] = run._replace(events=(*run.events, *again))
