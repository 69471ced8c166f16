"""Every command through its real process: what it prints, what it leaves, and how it ends."""

import csv
import fcntl
import io
import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exporter import __version__
from tests.double import TOKEN
from tests.double.hand import NOW
from tests.system.places import END, Place, placed
from tests.system.processes import Samples, apart_from_own, command, configuration, running, samples

FINE, FAILURE, USAGE, NOT_COMPLETE, STORE, REFUSED = range(6)

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Iterator[tuple[Place, subprocess.CompletedProcess[str]]]:
    """A place whose store holds everything, and how ``once`` said so."""
    with placed(tmp_path_factory.mktemp("loaded")) as here:
        yield here, command("once", "-c", here.config, "--at", END)


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


# check-config


def test_check_config_says_that_a_good_file_is_fine(place):
    """It asks no source."""
    done = command("check-config", "-c", place.config)
    assert (done.returncode, done.stdout) == (FINE, f"{place.config}: fine; 1 source\n")
    assert place.double.count() == 0


def test_check_config_tells_every_fault_of_a_bad_file_at_once(place):
    place.config.write_text(place.config.read_text() + "sever: {listen: x}\nseries: {budget: many}\n")
    done = command("check-config", "-c", place.config)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "sever" in done.stderr
    assert "did you mean 'server'?" in done.stderr
    assert "series.budget" in done.stderr


def test_check_config_reads_the_web_configuration_too(place):
    text = place.config.read_text().replace("'127.0.0.1:0'", "'127.0.0.1:0', web_config_file: nowhere.yaml")
    place.config.write_text(text)
    done = command("check-config", "-c", place.config)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "nowhere.yaml" in done.stderr


def test_a_missing_file_and_an_unknown_option_are_usage():
    assert command("run", "-c", "/nowhere.yaml").returncode == USAGE
    assert command("once").returncode == USAGE
    assert command("once", "-c", "x.yaml", "--at", "2025-06-01T00:00:00").returncode == USAGE


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(place):
    for output, said in (
        (place.folder, "is no file; name a file to write"),
        ("", "is no file; name a file to write"),
        (place.folder / "none" / "sdlc.prom", "; make it first"),
    ):
        done = command("once", "-c", place.config, "-o", output)
        assert done.returncode == USAGE
        assert said in done.stderr
        assert "acme" not in done.stderr


def test_version_is_the_packages():
    assert command("--version").stdout == f"sdlc-exporter {__version__}\n"


# once


def test_once_prints_the_stories_as_they_stood(loaded):
    """Of 20 stories and the archived one, 21 opened and one again; 14 merged once reviewed, 2 were not reviewed."""
    _, done = loaded
    assert done.returncode == FINE, done.stderr
    found = samples(done.stdout)
    totals = {
        name: sum(v for (each, _), v in found.items() if each == name)
        for name in ("sdlc_changes_opened_total", "sdlc_changes_merged_total", "sdlc_changes_abandoned_total")
    }
    assert list(totals.values()) == [22, 16, 2]
    assert value(found, "sdlc_changes_merged_total", reviewed="no", origin="unmarked", repository="umbrella/web") == 1
    assert value(found, "sdlc_exporter_repositories", source="forge", state="ok") == 4


def test_once_writes_a_file_whole_or_not_at_all(place):
    """The world ends on 30 June; five minutes before its end nothing is sure, and what was there stays."""
    out = place.folder / "sdlc.prom"
    assert command("once", "-c", place.config, "--at", END, "-o", out).returncode == FINE
    before = out.read_text()
    assert "sdlc_changes_opened_total{" in before
    done = command("once", "-c", place.config, "--at", NOW - 60, "-o", out)
    assert (done.returncode, done.stdout, out.read_text()) == (NOT_COMPLETE, "", before)
    assert "not complete: " in done.stderr
    assert sorted(each.name for each in place.folder.glob("sdlc*")) == ["sdlc.prom"]


def test_once_prints_nothing_about_an_instant_that_is_not_complete(loaded):
    place, _ = loaded
    done = command("once", "-c", place.config, "--at", "2025-07-15T00:00:00Z")
    assert (done.returncode, done.stdout) == (NOT_COMPLETE, "")


def test_once_without_an_instant_takes_the_latest_that_is_complete(loaded):
    """That is five minutes before the world's end, which search may lag behind."""
    place, _ = loaded
    latest = command("once", "-c", place.config)
    named = command("once", "-c", place.config, "--at", NOW - 300)
    assert latest.returncode == named.returncode == FINE
    assert apart_from_own(latest.stdout) == apart_from_own(named.stdout)


def test_once_without_a_store_tells_the_past_as_a_store_does_and_leaves_nothing(loaded, tmp_path):
    """As of 10 May, twenty hours in, what came later counts for nothing (definitions 8)."""
    place, _ = loaded
    bare = configuration(tmp_path, place.double.url, store=False)
    fresh, kept = (command("once", "-c", path, "--at", "2025-05-10T20:00:00Z") for path in (bare, place.config))
    assert fresh.returncode == kept.returncode == FINE, fresh.stderr + kept.stderr
    assert apart_from_own(fresh.stdout) == apart_from_own(kept.stdout)
    assert sum(v for (n, _), v in samples(fresh.stdout).items() if n == "sdlc_changes_opened_total") == 11
    assert sorted(each.name for each in tmp_path.iterdir()) == ["exporter.yaml", "token"]


def test_once_ends_with_5_when_the_token_is_refused(place):
    place.double.revoke()
    done = command("once", "-c", place.config)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert "refused: " in done.stderr
    assert TOKEN not in done.stderr


# explain


def lines(text: str) -> list[str]:
    """The lines of a report with single spaces."""
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (
            "reviewed_and_merged",
            ["Origin: unmarked — no marker was found", "coding 2 h", "pickup 4 h", "review 0 s", "merge_wait 6 h",
             "lead time 12 h", "2025-05-01 04:00:00 sdlc_change_review_wait_seconds origin=unmarked 14400 entered",
             "2025-05-01 10:00:00 sdlc_change_size_lines origin=unmarked 43 entered"],
        ),
        (
            "by_agent",
            ["Origin: agentic (copilot) — rule copilot-agent-account: account copilot-swe-agent[bot]",
             "2025-05-11 02:00:00 Reviewed commented by copilot-pull-request-reviewer[bot], a bot's: no human review",
             "pickup 2 h", "2025-05-11 04:00:00 sdlc_ai_changes_total tool=copilot 1 entered"],
        ),
        (
            "unreviewed",
            ["2025-05-09 00:15:00 Reviewed commented by ann, the author's own: no review", "unreviewed 30 min",
             "2025-05-09 00:30:00 sdlc_changes_merged_total origin=unmarked, reviewed=no 1 entered"],
        ),
        (
            "approval_dismissed",
            ["2025-05-05 02:00:00 Dismissed the review by bob", "pickup 1 h", "review 4 h", "merge_wait 1 h"],
        ),
        (
            "agent_trailer",
            ["Origin: assisted (claude-code) — rule claude-code-commit: commit ce597bc900: "
             "co-author noreply@anthropic.com"],
        ),
        (
            "revert",
            ["not in stage statistics: bots' changes and reverts are only counted"],
        ),
        (
            "agent_branch",
            ["Origin: agentic (codex) — rule codex-branch: branch codex/add-retries",
             "not merged: awaiting_review, waiting since 2025-05-12 00:00:00"],
        ),
    ],
)  # fmt: skip
def test_explain_takes_a_change_apart(loaded, story, expected):
    place, _ = loaded
    done = command("explain", "-c", place.config, place.url(story))
    assert done.returncode == FINE, done.stderr
    told = lines(done.stdout)
    assert [line for line in expected if line not in told] == [], done.stdout


def test_explain_says_which_readings_are_not_in_the_ledger_yet(place):
    """Without a store it says nothing of a ledger; with one that does not know the change, neither."""
    done = command("explain", "-c", place.config, place.url("by_bot"))
    assert done.returncode == FINE, done.stderr
    assert not re.search(r"entered$|not yet$", done.stdout, re.MULTILINE)


def test_explain_refuses_what_no_source_serves_and_says_what_is_not_there(loaded):
    place, _ = loaded
    foreign = command("explain", "-c", place.config, "https://gitlab.example/acme/shop/-/merge_requests/1")
    assert (foreign.returncode, foreign.stdout) == (USAGE, "")
    assert "no source of this configuration serves gitlab.example" in foreign.stderr
    absent = command("explain", "-c", place.config, f"{place.double.url}/acme/shop/pull/4711")
    assert (absent.returncode, absent.stdout) == (FAILURE, "")


# explain, of a series

UNREVIEWED = 'sdlc_changes_merged_total{repository="umbrella/web",origin="unmarked",reviewed="no"}'


def test_explain_tells_the_rows_of_a_series_while_an_exporter_holds_the_store(loaded):
    """One change of umbrella/web was merged unreviewed. Nothing is written: the lock is another's, and stays so."""
    place, _ = loaded
    with (place.folder / "state.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = command("explain", "-c", place.config, UNREVIEWED, "--format", "csv", "--at", END)
        text = command("explain", "-c", place.config, UNREVIEWED, "--at", END)
        told = command("explain", "-c", place.config, UNREVIEWED, "--format", "json", "--limit", "0", "--at", END)
    assert done.returncode == text.returncode == told.returncode == FINE, done.stderr
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (row["series"], row["published"], row["from_rows"], row["rows"]) == (UNREVIEWED, "1", "1", "1")
    assert (row["thing"], row["value"]) == ("change", "1")
    assert re.fullmatch(rf"http://[\w.:]+/umbrella/web/pull/{row['number']}", row["url"])
    (answer,) = json.loads(told.stdout)["answers"]
    assert (answer["published"], answer["rows"][0]["number"]) == (1, int(row["number"]))
    assert "from rows 1: the sum of the rows' values" in lines(text.stdout)


def test_explain_of_a_series_says_what_it_needs(place, loaded):
    """A store; one that is there; a series that exists; and an instant about which everything is known."""
    bare = configuration(place.folder, place.double.url, store=False)
    done = command("explain", "-c", bare, UNREVIEWED)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "a series is explained from the store, and there is none; set store.path" in done.stderr
    place, _ = loaded
    done = command("explain", "-c", place.config, "sdlc_changes_merge_total", "--at", END)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "there is no metric sdlc_changes_merge_total; there is sdlc_changes_merged_total" in done.stderr
    done = command("explain", "-c", place.config, UNREVIEWED, "--at", "2025-07-15T00:00:00Z")
    assert (done.returncode, done.stdout) == (NOT_COMPLETE, "")
    assert command("explain", "-c", place.config, UNREVIEWED, "--limit", "-1").returncode == USAGE


# plan and rebuild


def test_plan_says_what_there_is(loaded):
    """Four repositories and 21 changes."""
    place, _ = loaded
    done = command("plan", "-c", place.config)
    assert done.returncode == FINE, done.stderr
    row = next(line for line in lines(done.stdout) if line.startswith("forge "))
    assert row.split()[1:3] == ["4", "21"]


def test_rebuild_empties_the_ledger_and_the_next_start_fills_it_again(place):
    before = command("once", "-c", place.config, "--at", END)
    done = command("rebuild", "-c", place.config)
    assert done.returncode == FINE
    assert "Every counter restarts" in done.stdout
    with closing(sqlite3.connect(place.folder / "state.db")) as db:
        assert db.execute("SELECT count(*) FROM ledger").fetchone() == (0,)
    after = command("once", "-c", place.config, "--at", END)
    assert apart_from_own(after.stdout) == apart_from_own(before.stdout)


def test_rebuild_without_a_store_is_usage(place):
    path = configuration(place.folder, place.double.url, store=False)
    assert command("rebuild", "-c", path).returncode == USAGE


# The store


def test_a_store_that_cannot_be_used_ends_with_4_and_a_sentence(place):
    """No folder, a newer schema, something else altogether; and not a word on standard output."""
    text = place.config.read_text()
    with closing(sqlite3.connect(place.folder / "newer.db")) as db:
        db.execute("PRAGMA user_version = 99")
    (place.folder / "other.db").write_text("This is no database at all, and long enough to be read as one." * 20)
    for name, says in (
        ("missing/state.db", "not writable"),
        ("newer.db", "written by a newer sdlc-exporter (schema 99"),
        ("other.db", "not a readable state database"),
    ):
        place.config.write_text(text.replace("path: state.db", f"path: {name}"))
        for words in (("once",), ("run",)):
            done = command(*words, "-c", place.config)
            assert (done.returncode, done.stdout) == (STORE, ""), done.stderr
            assert re.search(rf"^store: \S*{name}: {re.escape(says)}", done.stderr, re.MULTILINE), done.stderr
            assert "Traceback" not in done.stderr


# The demo


def test_demo_answers_with_review_metrics_and_a_page(tmp_path):
    """Without network and configuration; started again on its store it has lost nothing."""
    arguments = ("demo", "--listen", "127.0.0.1:0", "--repositories", 3, "--store", tmp_path / "demo.db")
    seen: list[Samples] = []
    for _ in range(2):
        with running(tmp_path, *arguments) as here:
            here.loaded("demo")
            page = here.ask("/")
            assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert "acme/pay-" in page.text
            seen.append(here.scrape())
            assert here.ask("/-/reload", "POST").status == 400
    first, second = seen
    counters = {key for key in first if key[0].endswith(("_total", "_count")) and "exporter" not in key[0]}
    assert {name for name, _ in counters} >= {
        "sdlc_changes_merged_total",
        "sdlc_change_review_wait_seconds_count",
        "sdlc_reviews_total",
    }
    assert [key for key in counters if second[key] < first[key]] == []
    assert any(name == "sdlc_review_queue_changes" and count for (name, _), count in first.items())


def test_commands_in_the_documents_exist():
    """docs/command-line.md, the Makefile's demo and --help know the same commands."""
    root = Path(__file__).resolve().parents[2]
    told = command("--help").stdout
    for name in re.findall(r"^\| `([a-z-]+)", (root / "docs" / "command-line.md").read_text(), re.MULTILINE):
        assert name in told
    demo = re.search(r"demo .*", (root / "Makefile").read_text())
    options = set(re.findall(r"--\w+", demo[0] if demo else ""))
    assert options <= set(re.findall(r"--\w+", command("demo", "--help").stdout))
    assert options
