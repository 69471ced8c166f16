"""Histories through the real process: no token, no network, a local repository, and a kill in the middle."""

import random
import time
from functools import partial
from pathlib import Path

import pytest

from exporter.runtime.git import basic
from tests.code.history import DAY, START, History
from tests.code.test_lines import grow, text
from tests.system.processes import apart_from_own, command, running, samples, until

pytestmark = pytest.mark.system

FINE, USAGE, NOT_COMPLETE = 0, 2, 3
NOW = (int(time.time()) - START) / DAY
"""Today, in days of the made histories."""


def configured(folder: Path, source: str, more: str = "") -> Path:
    path = folder / "exporter.yaml"
    path.write_text(f"sources: [{{name: local, provider: git, {source}}}]\nserver: {{listen: '127.0.0.1:0'}}\n{more}")
    return path


def shares(text: str) -> dict[tuple[str, str], float]:
    """Share by name and origin or layer, of a month and the one repository."""
    found = {}
    for (name, labels), value in samples(text).items():
        told = dict(labels)
        if name.startswith("sdlc_code") and name.endswith("ratio"):
            assert (told["repository"], told["window"]) == ("acme/shop", "28d")
            found[name, told.get("origin", told.get("layer", ""))] = value
    return found


def test_a_local_repository_alone_without_token_gives_the_shares_counted_by_hand(tmp_path):
    """On the 20th day before now five lines and a test of five; then one of the five goes, and the five are copied.

    Of the first 10 lines 1 is gone after 14 days. Of 10 + 5 new lines 5 are copies. 5 of the 16 lines touched are the
    test's. The copy is younger than 14 days.
    """
    history = History(tmp_path / "acme" / "shop")
    block = text(*"abcde")
    history.commit(NOW - 20, {"a.py": text(*"xyzuv"), "tests/test_a.py": block}, "first")
    history.commit(NOW - 15, {"a.py": text(*"xyzu")}, "second")
    history.commit(NOW - 10, {"b.py": block}, "third\n\nCo-authored-by: Claude <noreply@anthropic.com>")
    done = command("once", "-c", configured(tmp_path, f"locations: ['{history.folder}']"))
    assert done.returncode == FINE, done.stderr
    assert shares(done.stdout) == {
        ("sdlc_code_churn_14d_ratio", "unmarked"): 0.1,
        ("sdlc_code_duplicated_ratio", "unmarked"): 0,
        ("sdlc_code_duplicated_ratio", "assisted"): 1,
        ("sdlc_code_moved_ratio", "unmarked"): 0,
        ("sdlc_code_moved_ratio", "assisted"): 0,
        ("sdlc_code_test_ratio", "unit"): 5 / 16,
    }
    assert not [name for name, _ in samples(done.stdout) if name.startswith(("sdlc_review", "sdlc_changes"))]


def test_a_relative_path_begins_at_the_configurations_folder_and_a_glob_finds_repositories(tmp_path):
    history = History(tmp_path / "git" / "acme" / "shop")
    history.commit(NOW - 5, {"a.py": text("a")}, "first")
    done = command("once", "-c", configured(tmp_path, "locations: [git/acme/*]"))
    assert done.returncode == FINE, done.stderr
    assert {name for name, _ in shares(done.stdout)} == {"sdlc_code_duplicated_ratio", "sdlc_code_moved_ratio"}


def noted(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.glob("*.lines")}


def differs(folder: Path, before: dict[Path, int]) -> bool:
    return noted(folder) != before


def test_a_kill_in_the_middle_of_a_history_is_made_good_by_the_next_start(tmp_path):
    """4,000 commits over three months; killed as soon as the first thousand are noted, and once more later."""
    history = History(tmp_path / "acme" / "shop")
    told = grow(random.Random(1), 4000, pace=0.02)[0]
    first = NOW - 1 - told[-1][0]
    history.fast((first + day, files, message) for day, files, message in told)
    source = f"locations: ['{history.folder}'], interval: 1s, history: 2020-01-01"
    at = int(time.time()) - 3600
    undisturbed = command("once", "-c", configured(tmp_path, source), "--at", at)
    assert undisturbed.returncode == FINE, undisturbed.stderr
    assert len(shares(undisturbed.stdout)) == 3
    config = configured(tmp_path, source, "store: {path: state.db}\n")
    notes = tmp_path / "clones" / "local"
    for _ in range(2):
        with running(tmp_path, "run", "-c", config) as process:
            before = noted(notes)
            until(partial(differs, notes, before), "a note of how far it is")
            process.kill()
    resumed = command("once", "-c", config, "--at", at)
    assert resumed.returncode == FINE, resumed.stderr
    assert apart_from_own(resumed.stdout) == apart_from_own(undisturbed.stdout)


def test_a_credential_is_in_no_message(tmp_path):
    secret = "s3cretOfGit"
    (tmp_path / "token").write_text(secret)
    place = "https://127.0.0.1:9/acme/shop.git"
    done = command("once", "-c", configured(tmp_path, f"locations: ['{place}'], token_file: token"))
    assert done.returncode == NOT_COMPLETE
    assert "acme/shop" in done.stderr
    for each in (secret, basic("x-access-token", secret).partition(" ")[2]):
        assert each not in done.stderr + done.stdout


def test_an_address_with_a_password_is_refused_without_repeating_it(tmp_path):
    done = command("check-config", "-c", configured(tmp_path, "locations: ['https://ann:s3cret@git.example/a/b.git']"))
    assert done.returncode == USAGE
    assert "s3cret" not in done.stderr
    assert "holds a user or password" in done.stderr
