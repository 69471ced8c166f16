"""The five signals, each with a cause of its own: the sign rises, alerts follow, panels say so, and only then.

Five months of half the pretend organisation, told once without any cause and once with each alone (``worlds.py``), in a
real Prometheus: an exporter under a job of its own for each. That GitHub's double tells the same story in the same
numbers is shown elsewhere (``tests/double/test_pretend.py``).

Rules are the shipped ones, with their durations, evaluated at the scrapes, which are four days apart: an alert that
waits for a day fires where its expression holds at two of them on end, one that waits for two weeks where it holds at
five. What comes and goes in between is not seen.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from exporter.demo import CAUSES
from exporter.render.rules.files import GROUPS
from tests.alerts.episodes import episodes
from tests.alerts.replay import BLOCK
from tests.observed.test_panels import queries
from tests.quarter import Filled, Quarter, serving
from tests.quarter.filling import PROMTOOL, stamped
from tests.quarter.serving import PROMETHEUS
from tests.system.processes import ROOT, environment
from tests.system.worlds import STEP, WAYS

pytestmark = pytest.mark.system

LATELY = 'team="all",window="28d"'

Page = Mapping[str, float]


def total(page: Page, name: str, *having: str) -> float:
    """The sum over all series of a name that have these labels."""
    found = [value for series, value in page.items() if series.partition("{")[0] == name]
    chosen = [
        value
        for series, value in page.items()
        if series.partition("{")[0] == name and all(each in series for each in having)
    ]
    assert found, name
    return sum(chosen)


def pickup(page: Page) -> float:
    """Signal 1: seconds a change waits for its first review, on the mean of the last four weeks."""
    name, having = "sdlc_team_stage_window", ('team="all"', 'window="28d"', 'stage="pickup"')
    weights = {
        series.replace("_samples", "_mean_seconds"): value
        for series, value in page.items()
        if series.startswith(f"{name}_samples") and all(each in series for each in having)
    }
    return sum(page[series] * weight for series, weight in weights.items()) / sum(weights.values())


def mending(page: Page) -> float:
    """Signal 2: the share of the time on tests that went into what was there."""
    return page[f"sdlc_team_test_update_ratio{{{LATELY}}}"]


def escaped(page: Page) -> float:
    """Signal 3: the share of merged changes that were named by a revert within 30 days, all time."""
    name = "sdlc_change_outcomes_total"
    return total(page, name, 'outcome="escaped"') / total(page, name)


def batch(page: Page) -> float:
    """Signal 4: changes in a release; where releases stay as rare and more is merged, they grow."""
    return page[f"sdlc_team_release_window_mean_changes{{{LATELY}}}"]


def with_qa(page: Page) -> float:
    """Signal 5: seconds a ticket is with QA, all time."""
    return total(page, "sdlc_qa_seconds_sum") / total(page, "sdlc_qa_seconds_count")


SIGNS: dict[str, tuple[Callable[[Page], float], float]] = {
    "review": (pickup, 1.5),
    "tests": (mending, 1.5),
    "escapes": (escaped, 1.5),
    "releases": (batch, 1.5),
    "qa": (with_qa, 1.5),
}
"""For each cause its sign, and by how much that has to rise at the least."""
STILL = 1.25
"""By how much a sign may move at the most while its cause is not at work."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every page of every exporter, as ``WAY/INSTANT.txt``."""
    folder = tmp_path_factory.mktemp("signals")
    env = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
    words = [sys.executable, "-m", "tests.system.worlds", folder]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(told: Path) -> dict[str, Page]:
    """What each exporter says at the end, value by series."""
    return {way: read(max((told / way).glob("*.txt"))) for way in WAYS}


def read(path: Path) -> Page:
    """A page by its series."""
    lines = (line.rpartition(" ") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def test_every_cause_has_a_sign():
    assert set(SIGNS) == set(CAUSES)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_sign_rises_when_and_only_when_its_cause_is_at_work(pages, cause):
    sign, least = SIGNS[cause]
    base = sign(pages["none"])
    rises = {name: sign(page) / base for name, page in pages.items()}
    print(f"{cause}: {sign.__name__} {base:.3g} without; times " + ", ".join(f"{n} {r:.2f}" for n, r in rises.items()))
    assert rises[cause] > least
    assert all(1 / STILL < rise < STILL for name, rise in rises.items() if name != cause)


# Alerts

FOLLOW = {
    "none": set(),
    "review": {"SdlcReviewWaitTooLong"},
    "tests": {"SdlcMoreFixingThanWriting", "SdlcTestMaintenanceClimbing", "SdlcFlakyTestsHigh"},
    "escapes": {"SdlcEscapeRateDrifting"},
    "releases": {"SdlcReleaseFrequencyFlat"},
    "qa": {"SdlcQaBlocking"},
}
"""The alerts that each cause sets off, and nothing else does."""
STILL_QUIET = {
    "SdlcReviewQueueGrowing": "a queue has no memory in this organisation: it is longer, and in balance again at once",
    "SdlcReviewCapacityExceeded": "the same, for a team",
    "SdlcUnreviewedMergesRising": "a tenth is merged without a review in the end, which is less than a tenth more",
    "SdlcFirstAttemptFailuresRising": "they rise over five months, and never by a tenth within one",
    "SdlcChangeFailRateHigh": "with a seventh of them failing at the worst the threshold is not reached",
}
"""Alerts about the signals that no cause sets off, and why."""
BESIDE = {
    "SdlcGainAbsorbed": "three weekly verdicts in a row: the gain is looked at twice here",
    "SdlcTeamNotJudged": "streams that are stale",
    "SdlcAiQualityGap": "AI changes beside others: most of them come late, when more goes wrong whoever wrote it",
    "SdlcAgenticChangesWaiting": "agents' changes beside others: people put them off whatever the cause",
}
"""Alerts about something else than the five signals, which are not asked."""


SIGNALS = {
    "review": "cycle_time_rising",
    "tests": "test_maintenance_climbing",
    "escapes": "escape_rate_drifting",
    "releases": "release_frequency_flat",
    "qa": "qa_blocking",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_signal_is_active_when_and_only_when_its_cause_is_at_work(told, way):
    """On two pages in a row, or on the last one, which alone has a diagnosis: one look in twenty errs by chance."""
    active = [
        set(re.findall(r'(?m)^sdlc_signal_active\{scope="all",signal="(\w+)"\} 1\.0$', file.read_text()))
        for file in sorted((told / way).glob("*.txt"))
    ]
    lasting = {each for one, other in pairwise(active) for each in one & other} | active[-1]
    assert lasting == ({SIGNALS[way]} if way in SIGNALS else set())


@pytest.fixture(scope="module")
def server(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    """A Prometheus with all that rules and panels ask for of every page; the job is the cause's name."""
    if not (PROMETHEUS and PROMTOOL):
        pytest.skip("prometheus and promtool are not installed")
    folder, instants, samples = tmp_path_factory.mktemp("prometheus"), set[int](), 0
    exprs = [row.expr for group in GROUPS.values() for row in group.rows] + [query.expr() for query in QUERIES.values()]
    named = {name.encode() for expr in exprs for name in re.findall(r"sdlc_\w+", expr)}
    with (folder / "scrapes.txt").open("wb") as text:
        for path in sorted(told.glob("*/*.txt")):
            at, target = int(path.stem), b'{instance="exporter:9517",job="%b"' % path.parent.name.encode()
            instants.add(at)
            lines = stamped(path.read_bytes(), at, target).splitlines(keepends=True)
            kept = [line for line in lines if line.partition(b"{")[0] in named]
            text.writelines(kept)
            samples += len(kept)
        text.write(b"# EOF\n")
    words = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", f"--max-block-duration={BLOCK}"]
    subprocess.run([str(PROMTOOL), *words, text.name, folder / "data"], check=True, capture_output=True)
    filled = Filled(min(instants), max(instants), STEP, len(instants), samples, Path(text.name).stat().st_size)
    (folder / "quarter.json").write_text(json.dumps(filled._asdict()))
    with serving(folder) as found:
        yield found


@pytest.fixture(scope="module")
def fired(server: Quarter) -> dict[str, set[str]]:
    """By cause, the alerts about the signals that fired at some time."""
    found: dict[str, set[str]] = {way: set() for way in WAYS}
    for name in (*STILL_QUIET, *(name for names in FOLLOW.values() for name in names)):
        for episode in episodes(server, name, STEP):
            found[episode.labels["job"]].add(name)
    return found


def test_every_alert_about_numbers_has_its_place():
    places = [*FOLLOW.values(), STILL_QUIET.keys(), BESIDE.keys()]
    assert sorted(name for names in places for name in names) == sorted(
        alert.name for alert in GROUPS["sdlc-review.yaml"].alerts
    )


@pytest.mark.parametrize("way", WAYS)
def test_the_alerts_of_a_cause_fire_when_and_only_when_it_is_at_work(fired, way):
    assert fired[way] == FOLLOW[way]


# Panels


class Panel(NamedTuple):
    """A query of a panel by what its line is called, and what it shows of its cause.

    ``times``: by how much it moves at the least, by that without the cause. Without it the panel's threshold is passed:
    its dashed line, or where it turns red; where there is none, 0. ``ever``: at some time, and not just at the end.
    """

    cause: str
    dashboard: str
    title: str
    line: str
    times: float = 0
    ever: bool = False


PANELS = (
    Panel("review", "overview", "Hours per merged change, by stage", "pickup", times=1.5),
    Panel("review", "review", "Longest wait in working hours", "longest wait", ever=True),
    Panel("tests", "tests", "Fixing, of test work", "fixing, of test work"),
    Panel("tests", "tests", "More fixing than writing?", "update"),
    Panel("tests", "tests", "Does upkeep climb?", "lower"),
    Panel("escapes", "quality", "Escaped now, by before", "at least", ever=True),
    Panel("releases", "releases", "Releases per week, over time", "releases", times=1 / 1.5),
    Panel("releases", "releases", "Changes per release, over time", "changes", times=1.5),
    Panel("qa", "quality", "Blocked, of the time with QA", "at least"),
    Panel("qa", "quality", "Hours with QA, mean", "with QA", times=1.5),
)
TITLES = {(f"sdlc-{panel.dashboard}", panel.title) for panel in PANELS}
QUERIES = {
    (each.dashboard, each.panel["title"], each.target["legendFormat"]): each
    for each in queries()
    if (each.dashboard, each.panel["title"]) in TITLES
}


def shown(server: Quarter, panel: Panel, line: str, way: str) -> list[float]:
    """What a line of the panel is at each scrape of one exporter."""
    expr = QUERIES[f"sdlc-{panel.dashboard}", panel.title, line].expr(job=way, team="shop")
    ((_, values),) = server.ask_range(expr, server.begin, server.end, STEP)
    return [value for _, value in values]


def limit(server: Quarter, panel: Panel) -> float:
    """The panel's threshold."""
    if (f"sdlc-{panel.dashboard}", panel.title, "limit") not in QUERIES:
        return 0.0
    return shown(server, panel, "limit", "none")[-1]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel.cause}: {panel.title}")
def test_a_panel_says_so_when_and_only_when_its_cause_is_at_work(server, panel):
    lines = {way: shown(server, panel, panel.line, way) for way in WAYS}
    values = {way: max(line) if panel.ever else line[-1] for way, line in lines.items()}
    print(f"{panel.title}: " + ", ".join(f"{way} {value:.3g}" for way, value in values.items()))
    others = [value for way, value in values.items() if way != panel.cause]
    if panel.times:
        times = values[panel.cause] / values["none"]
        assert times >= panel.times if panel.times > 1 else times <= panel.times
        assert all(1 / STILL < value / values["none"] < STILL for value in others)
    else:
        assert values[panel.cause] > limit(server, panel)
        assert max(others) <= limit(server, panel)


def qa_stage(page: Page) -> float:
    """Seconds a change is with QA on its way to production, all time."""
    name = "sdlc_change_stage_seconds"
    return total(page, f"{name}_sum", 'stage="qa"') / total(page, f"{name}_count", 'stage="qa"')


def test_the_stage_of_changes_with_qa_is_longer_when_testers_stay_as_many(pages):
    """By tickets and by staging together: most changes are on staging for some hours, whatever testers do."""
    base = qa_stage(pages["none"])
    rises = {name: qa_stage(page) / base for name, page in pages.items()}
    print(f"qa stage: {base / 3600:.1f} h without; times " + ", ".join(f"{n} {r:.2f}" for n, r in rises.items()))
    assert rises["qa"] > 1.2
    assert all(1 / STILL < rise < STILL for name, rise in rises.items() if name != "qa")
