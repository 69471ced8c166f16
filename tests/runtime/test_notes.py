"""Files of retrospective notes read into a real store: once, whatever happens to the files."""

import asyncio
import os

import pytest
from msgspec import structs

from exporter.catalogue import DAY, exported, load
from exporter.errors import NotFound
from exporter.exposition import Exposition
from exporter.model import Stream
from exporter.retro import RetroRules
from exporter.runtime import notes as module
from exporter.runtime.books import Books
from exporter.runtime.health import Health
from exporter.runtime.notes import NotesSource
from exporter.runtime.reading import Reader
from exporter.runtime.snapshot import Presentation, Snapshot
from exporter.store.base import RepositoryState
from exporter.store.sqlite import SqliteStore
from tests.stories import POLICY

START = 1_761_955_200
"""2025-11-01 00:00 UTC."""
NOW = START + 40 * DAY


async def desk(function, *args, **kwargs):
    return function(*args, **kwargs)


class Process:
    """One process that reads the notes of a folder at a time of its own."""

    def __init__(self, folder, *globs, team="none", policy=POLICY, now=NOW):
        self.now = now
        self.store = SqliteStore(folder / "state.db")
        self.books = Books(self.store, load(), policy)
        self.health = Health()
        reader = Reader("retros", self.store, desk, self.health, START, Stream.ISSUES)
        globs = [str(folder / each) for each in globs or ("notes/**/*.*",)]
        self.source = NotesSource(globs, policy.retro, reader, self.books, clock=lambda: self.now)
        self.presentation = Presentation(
            intervals={"retros": 60}, first_streams={"retros": Stream.ISSUES}, notes={"retros": team}
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def poll(self):
        return asyncio.run(self.source.poll(lambda: False))

    def mentions(self):
        """How often each theme is in the ledger."""
        found: dict = {}
        for row in self.store.ledger():
            if row.metric == "sdlc_retro_mentions_total":
                found[row.labels[0]] = found.get(row.labels[0], 0) + 1
        return found

    def notes(self):
        """How many notes are in the ledger."""
        return sum(row.metric == "retro_note" and row.labels == ("",) for row in self.store.ledger())

    def troubles(self):
        return [each.message for each in self.health.recent]

    def page(self):
        """The lines of the page that speak of retrospectives or of repositories."""
        self.books.publish_organisation()
        snapshot = Snapshot(self.books, self.health, self.presentation, Exposition(exported()))
        lines = snapshot.build(float(self.now)).text.decode().splitlines()
        return [line for line in lines if line.startswith(("sdlc_retro", "sdlc_repo", "sdlc_team_repo"))]


def write(folder, name, text, at=0):
    """A file in the folder of notes, whose time is so many seconds on from the usual."""
    path = folder / "notes" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (NOW + at, NOW + at))
    return path


def test_a_theme_counts_once_a_note(tmp_path):
    write(tmp_path, "2025-11-13.md", "QA, QA and testers; code review")
    write(tmp_path, "2025-11-27.md", "qa")
    write(tmp_path, "old/2025-10-30.md", "qa, before the ledger begins")
    with Process(tmp_path) as process:
        assert process.poll() == "success"
        assert process.mentions() == {"qa": 2, "review": 1}
        assert process.troubles() == []


def test_the_page_has_themes_alone_and_no_repository(tmp_path):
    """11-13 and 11-27 are two sprints back from 12-11; QA was named in one of the two."""
    write(tmp_path, "2025-11-13.md", "qa")
    write(tmp_path, "2025-11-27.md", "all well")
    with Process(tmp_path, team="pay") as process:
        process.poll()
        lines = process.page()
    assert [line for line in lines if "sdlc_repo" in line or "sdlc_team" in line] == []
    assert 'sdlc_retro_mentions_total{theme="qa"} 1.0' in lines
    for scope in ("all", "pay"):
        assert f'sdlc_retro_mentions_samples{{scope="{scope}"}} 2.0' in lines
        assert f'sdlc_retro_mentions_ratio{{scope="{scope}",theme="qa"}} 0.5' in lines
        assert f'sdlc_retro_mentions_ratio{{scope="{scope}",theme="ci"}} 0.0' in lines
    assert len(lines) == 1 + 2 + 2 * 5


def test_a_note_of_today_counts_when_the_day_is_over(tmp_path):
    """NOW is 2025-12-11 00:00: the day of the note has 86,399 seconds to go."""
    write(tmp_path, "2025-12-11.md", "qa")
    with Process(tmp_path) as process:
        process.poll()
        assert process.mentions() == {}
        process.now += DAY - 1
        process.poll()
        assert process.mentions() == {"qa": 1}
        assert sum(process.books.late.values()) == 0


def test_a_file_that_was_touched_moved_or_copied_counts_nothing_again(tmp_path):
    path = write(tmp_path, "2025-11-13.md", "qa")
    with Process(tmp_path) as process:
        process.poll()
        write(tmp_path, "2025-11-13.md", "qa", at=5)
        process.poll()
        write(tmp_path, "copy/2025-11-13.md", "qa")
        process.poll()
        path.unlink()
        process.poll()
        write(tmp_path, "copy/2025-11-13.md", "qa, and now CI", at=9)
        process.poll()
        assert (process.mentions(), process.notes()) == ({"qa": 1, "ci": 1}, 1)
        assert sum(process.books.drift.values()) == 0


def test_a_restart_counts_nothing_again_even_of_a_file_that_changed_before_it(tmp_path):
    write(tmp_path, "2025-11-13.md", "qa")
    with Process(tmp_path) as process:
        process.poll()
        write(tmp_path, "2025-11-13.md", "code review", at=5)
        process.poll()
    write(tmp_path, "2025-11-13.md", "code review, flaky", at=7)
    with Process(tmp_path) as process:
        process.poll()
        assert process.mentions() == {"qa": 1, "review": 1, "ci": 1}
        assert process.notes() == 1


def test_what_is_named_later_counts_at_the_notes_date_and_is_told_as_late(tmp_path):
    write(tmp_path, "2025-11-13.md", "all well")
    with Process(tmp_path) as process:
        process.poll()
        process.now += DAY
        write(tmp_path, "2025-11-13.md", "qa", at=5)
        process.poll()
        (row,) = [row for row in process.store.ledger() if row.metric == "sdlc_retro_mentions_total"]
        assert row.at == START + 13 * DAY - 1  # the end of 11-13
        assert process.books.late["sdlc_retro_mentions_total"] == 1


def test_one_file_written_anew_for_every_retrospective_is_many_notes(tmp_path):
    with Process(tmp_path) as process:
        for number, day in enumerate((13, 27)):
            write(tmp_path, "retro.md", f"---\ndate: 2025-11-{day}\n---\nqa", at=number)
            process.poll()
        assert process.mentions() == {"qa": 2}


def test_a_table_has_a_note_for_each_date(tmp_path):
    write(tmp_path, "retro.csv", "date,card\n2025-11-13,qa\n2025-11-13,testers\n2025-11-27,QA\n")
    with Process(tmp_path) as process:
        process.poll()
        write(tmp_path, "retro.csv", "date,card\n2025-11-13,qa\n2025-11-27,QA\n2025-12-04,qa\n", at=5)
        process.poll()
        assert process.mentions() == {"qa": 3}


def test_files_that_cannot_be_used_are_told_once_with_a_remedy_and_stop_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 1 << 10)
    write(tmp_path, "undated.md", "qa")
    write(tmp_path, "2025-11-14.md", "x" * 1025)
    write(tmp_path, "2025-11-15.md", "x" * 1024)
    write(tmp_path, "2025-11-13.md", "qa")
    with Process(tmp_path) as process:
        assert process.poll() == "success"
        assert process.poll() == "success"
        undated, large = process.troubles()
        assert undated.startswith(f"{tmp_path}/notes/undated.md: it has no date; write `date: 2026-11-13` in its front")
        assert large.startswith(f"{tmp_path}/notes/2025-11-14.md: is larger than")
        assert process.health.errors["retros", "bad_note"] == 2
        assert (process.mentions(), process.notes()) == ({"qa": 1}, 2)
        write(tmp_path, "undated.md", "---\ndate: 2025-11-20\n---\nqa", at=5)
        process.poll()
        assert process.mentions() == {"qa": 2}


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """This one is a plain file by its looks, and its first byte is nowhere."""
    with Process(tmp_path, "/proc/self/mem") as process:
        assert process.poll() == "success"
        assert process.troubles() == ["/proc/self/mem: cannot be read: Input/output error; let this user read it"]


def test_no_more_files_are_read_than_agreed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_FILES", 2)
    for day in (13, 14, 15):
        write(tmp_path, f"2025-11-{day}.md", "qa")
    with Process(tmp_path) as process:
        process.poll()
        assert process.mentions() == {"qa": 2}
        assert process.troubles() == [
            f"{tmp_path}/notes/2025-11-15.md: is one file too many; narrow `notes` to 2 files"
        ]


def test_where_no_file_is_the_source_fails_and_what_was_counted_stays(tmp_path):
    path = write(tmp_path, "2025-11-13.md", "qa")
    with Process(tmp_path) as process:
        process.poll()
        path.unlink()
        with pytest.raises(NotFound, match=r"no file matches .*; look at its `notes`"):
            process.poll()
        (row,) = process.store.repositories("retros", Stream.ISSUES)
        assert row.state is RepositoryState.FAILING
        assert process.mentions() == {"qa": 1}


def test_other_keywords_hold_for_notes_after_the_change(tmp_path):
    """The note of 11-13 had named nothing by the old words, and does not by the new ones; that of 12-12 does."""
    write(tmp_path, "2025-11-13.md", "the lab")
    with Process(tmp_path) as process:
        process.poll()
    other = structs.replace(POLICY, retro=RetroRules(qa=("lab",)))
    write(tmp_path, "2025-12-12.md", "the lab")
    with Process(tmp_path, policy=other, now=NOW + 3 * DAY) as process:
        process.poll()
        assert process.mentions() == {"qa": 1}
