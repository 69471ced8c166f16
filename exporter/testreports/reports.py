"""What is kept of a run's test reports, and which tests were red and green on the same code.

A test is kept as a number of 48 bits, the hash of where and what it is. The green ones are far too many to list, so
they are added up: each number goes into the bucket its first bits name, and only the sums are kept (``greens``). Two
runs of one commit run the same tests, so where a bucket's sums differ by just the tests that were red before, these
are green now. That asks for at most 6 kB however many tests there are, and it errs to one side: sums that agree by
chance are as rare as one in 2^38, while a run of other tests in that bucket only leaves the question open.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from itertools import permutations
from typing import Protocol

from msgspec import Struct

BITS = 48
MOST_BUCKETS = 1024
MOST_KEPT = 16
"""Buckets of sums that are kept for good, in 96 bytes; one odd test then hides the flakes of two of them."""
MOST_RED, MOST_FLAKY = 80, 40
LONGEST_TAIL = 48
_RED, _GREEN = 1, 2
_NUMBERS = 1 << BITS


class Result(StrEnum):
    """How a test case ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class Reports(Struct, frozen=True, array_like=True):
    """What all reports of one artifact say together; less than 20 kB as JSON.

    ``passed`` to ``skipped`` count cases as the reports list them, so a test that was tried twice counts twice.
    ``seconds`` is the sum of their times. ``red``: tests that never passed, at most 80 (those with the smallest
    numbers, so that two long lists name the same tests), ``red_more``: how many others. ``flaky``: tests that failed
    and passed, at most 40. An id is the tail of the test's name, ``#`` and its number. ``read``: reports counted.
    ``left_out``: reasons, and how many reports each cost.
    """

    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0
    seconds: float = 0.0
    red: tuple[str, ...] = ()
    red_more: int = 0
    flaky: tuple[str, ...] = ()
    flaky_more: int = 0
    greens: bytes = b""
    read: int = 0
    left_out: tuple[tuple[str, int], ...] = ()


class Case(Struct, frozen=True):
    """One test case of a report. ``was_red``: it failed at least once, whatever its result."""

    number: int
    name: str
    result: Result
    seconds: float
    was_red: bool


@dataclass(slots=True)
class Tally:
    """Cases added up; a number each, and a name only where a test was red."""

    counts: dict[Result, int] = field(default_factory=lambda: dict.fromkeys(Result, 0))
    seconds: float = 0.0
    outcomes: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        """Count one case."""
        self.counts[case.result] += 1
        self.seconds += case.seconds
        outcome = (_RED if case.was_red else 0) | (_GREEN if case.result is Result.PASSED else 0)
        if outcome:
            self.outcomes[case.number] = self.outcomes.get(case.number, 0) | outcome
        if case.was_red:
            self.names[case.number] = case.name

    def merge(self, other: "Tally") -> None:
        """Count all that another has counted."""
        for result, count in other.counts.items():
            self.counts[result] += count
        self.seconds += other.seconds
        for number, outcome in other.outcomes.items():
            self.outcomes[number] = self.outcomes.get(number, 0) | outcome
        self.names |= other.names

    def reports(self, read: int, left_out: Iterable[tuple[str, int]]) -> Reports:
        """What is kept of it."""
        red = sorted(number for number, outcome in self.outcomes.items() if outcome == _RED)
        both = sorted(number for number, outcome in self.outcomes.items() if outcome == _RED | _GREEN)
        return Reports(
            passed=self.counts[Result.PASSED],
            failed=self.counts[Result.FAILED],
            error=self.counts[Result.ERROR],
            skipped=self.counts[Result.SKIPPED],
            seconds=round(self.seconds, 3),
            red=tuple(f"{self.names[number]}#{number:012x}" for number in red[:MOST_RED]),
            red_more=len(red[MOST_RED:]),
            flaky=tuple(f"{self.names[number]}#{number:012x}" for number in both[:MOST_FLAKY]),
            flaky_more=len(both[MOST_FLAKY:]),
            greens=_sums([number for number, outcome in self.outcomes.items() if outcome & _GREEN]),
            read=read,
            left_out=tuple(sorted(left_out)),
        )


def numbered(*parts: str) -> int:
    """The number of what these texts name together."""
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=BITS // 8).digest(), "big")


def tail(name: str) -> str:
    """The readable end of a name in at most 48 bytes of UTF-8, with ``…`` for what is missing.

    Quotation marks and backslashes become ``'`` and ``/``, since JSON would write each of them as two bytes.
    """
    whole = name.replace('"', "'").replace("\\", "/").encode()
    if len(whole) <= LONGEST_TAIL:
        return whole.decode()
    return "…" + whole[-(LONGEST_TAIL - len("…".encode())) :].decode(errors="ignore")


class Told(Protocol):
    """What is compared of a report: the ids of its red tests, and the sums of its green ones."""

    @property
    def red(self) -> tuple[str, ...]:
        """Ids of tests that never passed."""
        ...

    @property
    def greens(self) -> bytes:
        """The numbers of those that passed, added up in buckets."""
        ...


def kept(greens: bytes) -> bytes:
    """The same sums in at most ``MOST_KEPT`` buckets."""
    size = min(len(greens) // (BITS // 8), MOST_KEPT)
    return b"".join(each.to_bytes(BITS // 8, "big") for each in _folded(greens, size)) if size else b""


def turned_green(before: Told, after: Told) -> frozenset[str]:
    """The listed red tests of one report that are certainly green in another, which ran the same tests or only these.

    Those that cannot be told are left out: where other tests came, went or were skipped in the same bucket, or where
    either side had more reds there than it lists.
    """
    if not before.red or not after.greens:
        return frozenset()
    size = min(len(each) for each in (before.greens, after.greens) if each) // (BITS // 8)
    then, now = _folded(before.greens, size), _folded(after.greens, size)
    left, came = _by_bucket(set(before.red) - set(after.red), size), _by_bucket(set(after.red) - set(before.red), size)
    found: set[str] = set()
    for bucket, ids in left.items():
        mended = sum(map(_number, ids))
        broken = sum(map(_number, came.get(bucket, ())))
        if now[bucket] in (mended % _NUMBERS, (then[bucket] + mended - broken) % _NUMBERS):
            found.update(ids)
    return frozenset(found)


def flaky(results: Iterable[tuple[str, str, Reports]]) -> set[str]:
    """The tests that failed and passed on the same code, given (sha, place, reports) of each run or attempt.

    "We define a 'flaky' test result as a test that exhibits both a passing and a failing result with the same code"
    (https://testing.googleblog.com/2016/05/flaky-tests-at-google-and-how-we.html). ``place`` names what ran it, such as
    workflow and artifact: the same test red on one platform and green on another is no flake. The order of the runs
    does not matter.
    """
    runs: defaultdict[tuple[str, str], list[Reports]] = defaultdict(list)
    for sha, place, reports in results:
        runs[sha, place].append(reports)
    found: set[str] = set()
    for group in runs.values():
        found.update(*(each.flaky for each in group))
        for one, other in permutations(group, 2):
            found |= turned_green(one, other)
    return found


_ID = re.compile(rf".*#([0-9a-f]{{{BITS // 4}}})", re.DOTALL)


def _number(test: str) -> int:
    return int(test[-BITS // 4 :], 16)


def _by_bucket(tests: Iterable[str], size: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for test in filter(_ID.fullmatch, tests):
        found.setdefault(_number(test) * size >> BITS, []).append(test)
    return found


def _sums(numbers: Sequence[int]) -> bytes:
    """Sums of the numbers by bucket: twice as many buckets as numbers, rounded up to a power of two, at most 1,024."""
    if not numbers:
        return b""
    size = min(1 << (2 * len(numbers) - 1).bit_length(), MOST_BUCKETS)
    buckets = [0] * size
    for number in numbers:
        buckets[number * size >> BITS] += number
    return b"".join((each % _NUMBERS).to_bytes(BITS // 8, "big") for each in buckets)


def _folded(sums: bytes, size: int) -> list[int]:
    """The same sums in fewer buckets: a bucket's neighbours share its first bits."""
    if not sums:
        return [0] * size
    width = BITS // 8
    whole = [int.from_bytes(sums[at : at + width], "big") for at in range(0, len(sums), width)]
    span = len(whole) // size
    return [sum(whole[at : at + span]) % _NUMBERS for at in range(0, len(whole), span)]
