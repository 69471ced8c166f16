"""A page with what streams beside the changes tell, whoever reads them: told to the books by hand."""

from dataclasses import replace

from msgspec import structs

from exporter import model
from exporter.catalogue import DAY
from exporter.config.settings import DiagnosisSettings, Thresholds
from exporter.model import Actor, Found, IssueClosed, Landed, Outcome, Ran, Removed, Result, Severity, Stream, Thing
from exporter.runtime.diagnosing import Diagnosing
from tests.branch import ENDS, line
from tests.runtime.desk import PRESENTATION, Desk
from tests.shipments import deployment
from tests.stories import POLICY, START, at, change
from tests.tickets import issue

HOME = "acme/told"
END = START + 115 * DAY
CLAUDE = " with Co-authored-by: Claude <noreply@anthropic.com>"
WRITTEN = (("topic", ""), ("codex/x", ""), ("topic", ""), ("topic", CLAUDE))
"""Head branch and mark of every fourth change."""
FILES = "a.py +30 -12, tests/test_a.py +9 -4, tests/e2e/test_b.py +3 -1, tests/integration/test_c.py +2 -1"


FASTER = 110
"""The last change that was written for four days; the others were for half of one."""
DECLARED = DiagnosisSettings(reported_hours_saved=3.6, seats=9, seat_price=30, hourly_rate=90)


def page() -> str:
    """The page at the end, as Prometheus reads it."""
    windows = replace(
        PRESENTATION,
        repository_windows=("7d", "28d", "90d"),
        stage_windows=True,
        thresholds_ratios=dict(Thresholds().ratios),
        thresholds_changes=dict(Thresholds().changes),
    )
    with Desk(presentation=windows, policy=structs.replace(POLICY, blame=True)) as desk:
        desk.discover(HOME, streams=Stream)
        for number in range(1, 221):
            if number > FASTER or number % 5 != 4:  # more of them once they are written faster
                _change(desk, number, *WRITTEN[number % 4])
        _deployments(desk)
        _runs(desk)
        _issues(desk)
        _findings(desk)
        _commits(desk)
        desk.mark(END)
        desk.books.publish_organisation()
        desk.text(END)
        desk.release()
        desk.snapshot.diagnosed(Diagnosing(desk.snapshot, DECLARED).look())
        return desk.text(END)


def _change(desk: Desk, number: int, head: str, mark: str) -> None:
    """One that was red at first and merged within a day, two a day; nobody reviewed the tenth, and QA had the fifth."""
    day, sha = number // 2, f"{number:040x}"
    reviews = (f"reviewed {day}d2h by bob: changes requested", f"reviewed {day}d3h by bob: approved")
    tested = (f"labelled {day}d4h: qa", f"unlabelled {day}d6h: qa")
    lines = (
        f"opened {day}d by dev{number % 6} on {head}",
        f"committed {day}d authored {24 * day - (96 if number <= FASTER else 12)}h{mark}",
        *(reviews if number % 10 else ()),
        *(tested if number % 5 == 0 else ()),
        f"merged {day}d9h",
        f"files {day}d9h: {FILES}",
    )
    facts = change(*lines)
    desk.tell(HOME, number, [structs.replace(each, sha=sha) if hasattr(each, "sha") else each for each in facts])
    began, ended = at(f"{day}d"), at(f"{day}d1h")
    ran = Ran("ran", ended, "CodeQL", head, False, sha, 1, Result.FAILURE, began, began, ("lint",))
    tested = model.Tested("tested", ended, sha, 1, 9, 1, 1, 1, ("A",), ("B",))
    desk.tell(HOME, number, [ran, tested], thing=Thing.RUN)


def _deployments(desk: Desk) -> None:
    """One a week, after one that failed, and some elsewhere."""
    for week in range(1, 17):
        shas = tuple(f"{number:040x}" for number in range(14 * week - 14, 14 * week))
        since = f"{7 * week - 7}d12h" if week > 1 else ""
        told = deployment(f"{7 * week}d12h", brought=shas, since=since, failed=f"{7 * week}d10h", sha=f"head{week}")
        desk.tell(HOME, week, told, thing=Thing.DEPLOYMENT)
    others = [("production", Outcome.FAILURE), ("staging", Outcome.ERROR), ("preview", Outcome.SUCCESS)]
    for number, (environment, outcome) in enumerate(others, 100):
        desk.tell(HOME, number, deployment("110d", environment, outcome), thing=Thing.DEPLOYMENT)


def _runs(desk: Desk) -> None:
    """Attempts that ended in every way, for changes and on the default branch, and reds that became green."""
    for number, words in enumerate([*ENDS, "red twice", "green twice"], 1000):
        end, _, twice = words.partition(" ")
        told = f"c{number} {end} 114d1h asked 114d started 114d {twice}".rstrip()
        desk.tell(HOME, number, line(told, default=number % 2 == 0), thing=Thing.RUN)
    desk.tell(HOME, 1900, line("d red 114d: unit tests A flaky B", default=True), thing=Thing.RUN)
    greens = {
        "tests/test_a.py +3 -1": 101,
        "a.py +3 -1": 102,
        "a.py +3 -1, tests/test_a.py +1 -1": 103,
        "b.md +3 -1": 104,
    }
    told = []
    for files, day in greens.items():
        told += [f"r{day} red {day}d: unit", f"g{day} green {day}d5h", f"worked r{day}..g{day} {day}d5h: {files}"]
    for number in (1, 3):  # an agentic and an assisted one
        sha, day = f"{number:040x}", 100 - number
        told += [
            f"r{day} red {day}d: unit",
            f"{sha} green {day}d5h",
            f"worked r{day}..{sha} {day}d5h: tests/a.py +3 -1",
        ]
    told += ["z red 105d: unit", "z green 105d1h twice"]
    desk.tell(HOME, 2000, line(*told, default=True), thing=Thing.LINE)
    desk.tell(HOME, 2001, line("p1 red 106d: unit", "p2 green 107d"), thing=Thing.LINE)


def _issues(desk: Desk) -> None:
    """Defects found before and after the release, a stay in QA, and incidents that name a change each."""
    stories = (
        ("opened 60d", "labelled 60d: bug", "closed 61d"),
        ("opened 60d", "labelled 60d: bug", "labelled 60d: production", "closed 61d"),
        (
            "opened 60d",
            "labelled 61d: qa",
            "labelled 62d: qa blocked",
            "unlabelled 63d: qa blocked",
            "unlabelled 64d: qa",
        ),
        *((f"opened {day}d", f"noted {day}d: qa review ci environment requirements") for day in range(31, 115, 14)),
        *(("opened 3d", "labelled 3d: incident", f"names 3d: #{number}", "closed 4d") for number in (1, 2, 3)),
    )
    for number, lines in enumerate(stories, 3000):
        desk.tell(HOME, number, issue(*lines), thing=Thing.ISSUE)


def _findings(desk: Desk) -> None:
    """One of each severity, on the head of a change."""
    for number, severity in enumerate(Severity, 200):
        desk.tell(HOME, number, [Found("found", at(f"{number // 2}d1h"), severity, (number,))], thing=Thing.FINDING)


def _commits(desk: Desk) -> None:
    """The merges of all that have an outcome; the lines of each third went two days later, with a bug that closed."""
    for number in range(1, 171):
        sha, when = f"{number:040x}", at(f"{number // 2}d9h")
        facts: list[model.Fact] = [Landed("landed", when, sha, Actor(""), "", "", (), 9, 0, 0)]
        if number % 3 == 0:
            fix, then = f"{number + 4:040x}", at(f"{number // 2 + 2}d9h")
            facts.append(Removed(f"removed:{fix}", then, fix, 2, 3))
            closed = IssueClosed("closed", then, True, 0, fix)
            bug = [*issue("opened 0d", "labelled 0d: bug"), closed]
            desk.tell(HOME, 4000 + number, bug, thing=Thing.ISSUE)
        desk.tell(HOME, number, facts, thing=Thing.COMMIT)
