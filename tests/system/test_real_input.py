"""All the real pull requests, read over HTTP by the real command, come to what a second count of the files comes to."""

import gzip
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.double import load_real, real_data, serve
from tests.system.processes import Samples, command, configuration, samples
from tests.system.recount import Reading, Recount, when

END = "2026-08-31T00:00:00Z"
BUSY = "2025-06-10T00:00:00Z"
"""When most of the agents' pull requests were under way."""
INSTANTS = [END, BUSY]
MISSING = "the real pull requests are not here: set SDLC_REAL_DATA to their folder"

pytestmark = [
    pytest.mark.system,
    pytest.mark.real,
    pytest.mark.skipif(real_data() is None, reason=MISSING),
]

COUNTED = {
    "sdlc_changes_opened_total": ("origin",),
    "sdlc_changes_ready_total": ("origin",),
    "sdlc_changes_merged_total": ("origin", "reviewed"),
    "sdlc_changes_abandoned_total": ("origin",),
    "sdlc_review_queue_entered_total": ("origin",),
    "sdlc_review_queue_left_total": ("origin", "by"),
    "sdlc_change_review_wait_seconds": ("origin",),
}
"""What is counted again, with the labels beside ``repository``."""
WAIT = "sdlc_change_review_wait_seconds"
Change = tuple[str, int]


class Loaded(NamedTuple):
    """The raw lines by change, the expositions by instant, and the ledger by change."""

    lines: dict[Change, dict[str, Any]]
    shown: dict[str, Samples]
    ledger: dict[Change, list[Reading]]


def raw_lines() -> Iterator[tuple[Change, dict[str, Any]]]:
    """Every pull request of the files, by repository and number."""
    for file in sorted((real_data() or Path()).glob("*.jsonl.gz")):
        repository = ""
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                if line["type"] == "repo":
                    repository = line["full_name"]
                elif line["type"] == "pr":
                    yield (repository, line["number"]), line


def ledger(path: Path) -> dict[Change, list[Reading]]:
    """What the store's file holds, read as any SQLite file."""
    found: dict[Change, list[Reading]] = defaultdict(list)
    db = sqlite3.connect(path)
    words = dict(db.execute("SELECT id, text FROM word"))
    rows = db.execute(
        "SELECT name, number, metric, at, labels, value FROM ledger"
        " JOIN subject ON subject.id = subject JOIN repository ON repository.id = ledger.repository"
    )
    for repository, number, metric, at, labels, value in rows:
        if words[metric] in COUNTED:
            found[repository, number].append(Reading(words[metric], at, tuple(json.loads(words[labels])), value))
    db.close()
    return found


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """One load of everything at the end of the data, and a second look, from the same store, at a busy day."""
    folder = tmp_path_factory.mktemp("real")
    world = load_real(real_data() or "")
    owners = sorted({f"{one.owner}/*" for one in world.repositories.values()})
    shown = {}
    with serve(world, fast=True, clock="world") as double:
        wanted = f"include: {json.dumps(owners)}, history: 2018-01-01"
        path = configuration(folder, double.url, "series: {quiet_after: 5000d}\n", source=wanted)
        for instant in INSTANTS:
            done = command("once", "-c", path, "--at", instant)
            assert done.returncode == 0, done.stderr
            shown[instant] = samples(done.stdout)
    return Loaded(dict(raw_lines()), shown, ledger(folder / "state.db"))


@pytest.fixture(scope="module", params=INSTANTS)
def counted(request: pytest.FixtureRequest, loaded: Loaded) -> tuple[str, dict[Change, Recount]]:
    """The second count as of an instant."""
    instant = request.param
    return instant, {change: Recount(line, when(instant)) for change, line in loaded.lines.items()}


def test_every_change_is_in_the_ledger_with_the_same_dates_labels_and_values(loaded, counted):
    """Opened, ready, merged and whether reviewed, abandoned, both ends of every wait, review waits to the second."""
    instant, changes = counted
    differing = {}
    for change, recount in changes.items():
        ours = Counter(recount.readings())
        theirs = Counter(row for row in loaded.ledger.get(change, ()) if row.at <= when(instant))
        if ours != theirs:
            differing[change] = (sorted(ours - theirs), sorted(theirs - ours))
    assert not differing, f"{len(differing)} changes (in the files, in the ledger): {dict(list(differing.items())[:5])}"


def test_counters_of_every_repository_are_the_sums_of_its_changes(loaded, counted):
    """One sample for each combination that occurred, none for any other; a wait's sum is in whole seconds."""
    instant, changes = counted
    expected: Samples = Counter()
    for (repository, _), recount in changes.items():
        for metric, _, labels, value in recount.readings():
            key = frozenset({"repository": repository, **dict(zip(COUNTED[metric], labels, strict=True))}.items())
            if metric == WAIT:
                expected[f"{metric}_sum", key] += value
                expected[f"{metric}_count", key] += 1
            else:
                expected[metric, key] += 1
    names = {name for name, _ in expected} | COUNTED.keys()
    assert {key: value for key, value in loaded.shown[instant].items() if key[0] in names} == expected


def test_open_changes_stand_where_their_facts_put_them(loaded, counted):
    """Drafts and the five states of the queue, per repository and origin; zeros stand for what occurred before."""
    instant, changes = counted
    expected: Samples = Counter()
    for (repository, _), recount in changes.items():
        stands = recount.stands()
        if stands is not None:
            state, origin = stands
            if state == "draft":
                expected["sdlc_draft_changes", frozenset({("repository", repository), ("origin", origin)})] += 1
            else:
                key = frozenset({("repository", repository), ("origin", origin), ("state", state)})
                expected["sdlc_review_queue_changes", key] += 1
    names = ("sdlc_draft_changes", "sdlc_review_queue_changes")
    assert {key: value for key, value in loaded.shown[instant].items() if key[0] in names and value} == expected


def test_oldest_wait_of_every_repository_is_the_age_of_its_longest_waiting_change(loaded, counted):
    instant, changes = counted
    expected: dict[str, float] = {}
    for (repository, _), recount in changes.items():
        stands, life = recount.stands(), recount.lives[-1] if recount.lives else None
        waits = recount.waits(life) if life and stands and stands[0].startswith("awaiting") else []
        age = when(instant) - waits[-1][0].at if waits else 0
        expected[repository] = max(age, expected.get(repository, 0))
    found = {
        dict(labels)["repository"]: value
        for (name, labels), value in loaded.shown[instant].items()
        if name == "sdlc_review_queue_oldest_wait_seconds"
    }
    assert found == expected


def test_the_count_is_of_all_the_data(loaded):
    """2,268 pull requests, 1,566 of them merged, 1,290 with a first review by a person after they were ready."""
    rows = Counter(row.metric for rows in loaded.ledger.values() for row in rows)
    assert len(loaded.lines) == rows["sdlc_changes_opened_total"] == 2268
    assert rows["sdlc_changes_merged_total"] == 1566
    assert rows[WAIT] == 1290
    busy = loaded.shown[BUSY]
    waiting = sum(v for (name, labels), v in busy.items() if ("state", "awaiting_review") in labels)
    assert waiting > 50


def test_every_counter_keeps_the_identity_of_the_queue(loaded, counted):
    """Over all time, entered - left is the number of changes that wait now."""
    instant, _ = counted
    totals: Counter[str] = Counter()
    for (name, labels), value in loaded.shown[instant].items():
        state = dict(labels).get("state", "")
        if name == "sdlc_review_queue_changes" and state.startswith("awaiting"):
            totals["waiting"] += int(value)
        elif name.startswith("sdlc_review_queue_") and name.endswith("_total"):
            totals[name] += int(value)
    assert totals["sdlc_review_queue_entered_total"] - totals["sdlc_review_queue_left_total"] == totals["waiting"] > 0
