"""Whatever a forge, the network or the disk does: nothing is lost, nothing counted twice, and the reason is told.

Each fault meets the real process. A second source in the same process must not notice; in the end the store must tell
what an undisturbed load of the same world tells.
"""

import itertools
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.double import App, Double, Installation
from tests.double.faults import Asked
from tests.system.fault_harness import DAY, HOUR, LAG, Scene, dated, happen, scene, small_world
from tests.system.processes import command, until

pytestmark = pytest.mark.system

STORE = 4


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    """Two sources, loaded and polling every second."""
    with scene(tmp_path) as found, found.process():
        yield found


BURSTS: list[tuple[str, dict[str, Any], str]] = [
    ("status", {"code": 502}, "server_error"),
    ("status", {"code": 504}, "timeout"),
    ("reset", {}, "unreachable"),
    ("cut", {}, "unreachable"),
    ("truncated", {}, "bad_answer"),
    ("html", {}, "bad_answer"),
    ("secondary", {"after": 1}, "secondary_limited"),
    ("secondary", {"after": 1, "code": 429}, "secondary_limited"),
    ("primary", {}, "rate_limited"),
    ("primary", {"code": 403}, "rate_limited"),
    ("resource_limits", {}, "resource_limit"),
    ("complaint", {"message": "an error that does not say where"}, "partial_answer"),
    ("null_node", {"kind": "FORBIDDEN"}, "partial_answer"),
]


def test_bursts_of_bad_answers_cost_seconds_and_no_fact(here: Scene) -> None:
    """Of each kind one or two, while things happen; the other source does not notice."""
    for fault, how, reason in BURSTS:
        print(fault, how)
        before = here.errors(reason)
        when = {"reset": here.world.now + 2} if fault == "primary" else {}
        times = 2 if how.get("code") == 502 else 1
        here.double.fail(fault, times=times, when="Search", **how, **when)
        facts = happen(here.world)
        here.says(reason, before)
        here.calm_goes_on()
        here.knows(facts)
    here.ends_well()
    here.here.stop()
    here.same_as_undisturbed()


def test_an_answer_slower_than_the_time_limit_is_given_up_and_asked_for_again(tmp_path: Path) -> None:
    with scene(tmp_path, more="token_file: token, include: ['acme/*'], timeout: 1s") as here, here.process():
        facts = happen(here.world)
        here.double.fail("slow", times=2, seconds=3, when="Search")
        here.says("timeout")
        here.calm_goes_on()
        here.knows(facts)
        here.ends_well()
        here.here.stop()
        here.same_as_undisturbed()


def test_a_revoked_token_holds_the_watermarks_until_another_one_is_in_the_file(here: Scene) -> None:
    """No restart: the file is read again at every request."""
    here.double.revoke()
    facts = happen(here.world)
    here.says("unauthorised")
    until(lambda: here.here.value("sdlc_exporter_repositories", source="forge", state="failing") == 3)
    held = here.watermarks()
    here.world.now += HOUR
    here.calm_goes_on()
    assert here.watermarks() == held
    assert not here.known(facts)
    here.double.add_token("ghp_another")
    (here.folder / "token").write_text("ghp_another\n")
    here.knows(facts)
    here.ends_well()
    here.here.stop()
    assert "ghp_" not in here.here.log
    here.same_as_undisturbed()


def test_a_forbidden_repository_is_held_back_alone(here: Scene) -> None:
    """Its nodes are null wherever they occur; the other repositories go on, by the pulse."""
    shut, other = list(here.world.repositories.values())[:2]
    fault = here.double.fail("null_repository", times=None, repository=shut.id, kind="FORBIDDEN")
    inside, outside = happen(here.world, shut), happen(here.world, other)
    here.knows(outside)
    here.says("partial_answer")
    until(lambda: here.here.value("sdlc_exporter_repositories", source="forge", state="failing") == 1)
    held = here.watermarks()
    here.world.now += HOUR
    until(lambda: here.watermarks()[other.id] > held[other.id] + HOUR // 2, "the other repository goes on")
    assert here.watermarks()[shut.id] == held[shut.id]
    assert not here.known(inside)
    here.calm_goes_on()
    fault.lift()
    here.knows(inside)
    here.ends_well()
    here.here.stop()
    here.same_as_undisturbed()


def test_without_search_every_repository_is_asked(here: Scene) -> None:
    here.double.fail("no_search", times=None)
    facts = happen(here.world)
    here.knows(facts)
    here.says("partial_answer")
    assert here.double.count("Pulse") > 0
    here.calm_goes_on()
    here.ends_well()
    here.here.stop()
    here.same_as_undisturbed()


def test_a_renamed_repository_keeps_all_that_happened_under_either_name(tmp_path: Path) -> None:
    """It is named in the configuration, so that search is silent about it until the next look for repositories."""
    with scene(tmp_path, more="token_file: token, include: ['acme/service-0000', 'acme/service-0001']") as here:
        home = next(iter(here.world.repositories.values()))
        with here.process():
            facts = happen(here.world)
            here.knows(facts)
            here.world.rename(home, "acme/renamed")
            unseen = happen(here.world)
            here.calm_goes_on()
            assert not here.known(unseen)
        with here.process():
            here.knows(unseen)
            here.ends_well()
        assert here.ask("SELECT name FROM repository WHERE key = ?", home.id) == [("acme/renamed",)]
        here.same_as_undisturbed()


def test_a_deleted_repository_is_gone_and_takes_nothing_with_it(tmp_path: Path) -> None:
    """The others' numbers are those of a world that never had it; the organisation's sums keep what they counted."""
    with scene(tmp_path) as here:
        doomed, other = list(here.world.repositories.values())[:2]
        with here.process():
            here.world.delete(doomed)
            facts = happen(here.world, other)
            here.knows(facts)
        with here.process() as process:
            until(lambda: process.value("sdlc_exporter_repositories", source="forge", state="gone") == 1)
            assert doomed.name not in process.ask("/metrics").text
            here.calm_goes_on()
        here.same_as_undisturbed(lambda line: 'repository="all"' not in line)


def test_an_emptied_repository_lets_no_counter_fall(here: Scene) -> None:
    home = next(iter(here.world.repositories.values()))
    opened = "sdlc_changes_opened_total"
    before = {key: value for key, value in here.here.scrape().items() if key[0] == opened}
    here.world.empty(home)
    here.world.now += HOUR
    facts = [(here.world.open(home, "ann"), "opened")]
    here.knows(facts)
    here.calm_goes_on()
    here.ends_well()
    after = here.here.scrape()
    assert before
    assert all(after[key] >= value for key, value in before.items())


def test_pages_that_move_while_they_are_read_lose_nothing(tmp_path: Path) -> None:
    """800 changes in pages of a hundred; at each of the first pages one change of the window moves to its end."""
    world = small_world("acme", changes=800)
    with scene(tmp_path, world) as here:
        pulls = [pull for pull in world.pulls.values() if pull.closed is None]
        moved: list[tuple[Any, str]] = []

        def move(asked: Asked) -> None:
            if asked.operation == "Search" and asked.variables["after"] and len(moved) < 4:
                pull = pulls.pop()
                moved.append((pull, world.review(pull, "mover").id))

        here.double.on_request(move)
        with here.process():
            until(lambda: len(moved) == 4 or None, "pages moved")
            here.knows(moved)
            here.calm_goes_on()
        here.same_as_undisturbed()


def test_a_server_that_answers_small_pages_only_is_asked_for_small_pages(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        here.double.fail("over", times=None, first=25, when=lambda asked: asked.operation in ("Search", "Files"))
        with here.process():
            facts = happen(here.world)
            here.knows(facts)
            here.says("server_error")
            here.calm_goes_on()
        here.same_as_undisturbed()


def test_a_first_load_through_all_kinds_of_bad_answers_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    """Every second answer of the load is bad, each time in another way."""
    world = small_world("acme", changes=400)
    with scene(tmp_path, world) as here:
        kinds = [("status", {}), ("reset", {}), ("cut", {}), ("truncated", {}), ("html", {}), ("complaint", {})]
        random.Random(3).shuffle(kinds)
        for number, (kind, how) in enumerate(kinds):
            here.double.fail(kind, times=1, when=lambda asked, number=number: asked.n % 12 == 2 * number + 1, **how)
        done = command("once", "-c", here.config, "-o", here.folder / "out.txt")
        assert done.returncode == 0, done.stderr
        assert sum(fault.met for fault in here.double.faults) >= 4
        here.same_as_undisturbed()


def test_one_answer_with_a_wrong_date_moves_no_watermark(here: Scene) -> None:
    """One machine of the forge lives a day ahead; the next answer is right again."""
    fault = dated(here.double, lambda: here.world.now + DAY)
    until(lambda: fault.times == 0)
    facts = happen(here.world)
    here.knows(facts)
    assert max(here.watermarks().values()) <= here.world.now - LAG
    here.calm_goes_on()
    here.here.stop()
    here.same_as_undisturbed()


def test_a_clock_that_jumps_ahead_and_back_loses_nothing(here: Scene) -> None:
    """The forge's own clock: what happens is dated by it, and still found after it was set right."""
    before = happen(here.world)
    here.knows(before)
    here.world.now += DAY
    ahead = happen(here.world)
    here.knows(ahead)
    until(lambda: min(here.watermarks().values()) > here.world.now - DAY, "the new time is believed")
    here.world.now -= DAY
    fresh = here.world.open(next(iter(here.world.repositories.values())), "cat")
    until(lambda: here.ask("SELECT 1 FROM subject WHERE key = ?", fresh.id), "polls go on")
    here.calm_goes_on()
    here.ends_well()
    here.here.stop()
    here.world.now += 2 * DAY
    here.calm.world.now += 2 * DAY
    here.same_as_undisturbed()


def test_hours_without_the_exporter_are_read_before_they_count(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        with here.process():
            facts = happen(here.world)
            here.knows(facts)
        here.world.now += 5 * HOUR
        missed = happen(here.world)
        here.world.now += 5 * HOUR
        assert not here.known(missed)
        with here.process():
            here.knows(missed)
            until(lambda: min(here.watermarks().values()) > here.world.now - HOUR, "the watermark follows")
        here.same_as_undisturbed()


# --- the disk ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of eight megabytes."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    folder = tmp_path / "state"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Takes all the room there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                for _ in itertools.count():
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def test_a_full_disk_stops_the_clock_and_not_the_process(small_disk: Path, tmp_path: Path) -> None:
    """Once there is room again it goes on where it was."""
    with scene(tmp_path) as here:
        with here.process() as process:
            ballast = fill(small_disk)
            facts = [fact for _ in range(3) for fact in happen(here.world)]
            here.says("store_full")
            assert process.ask("/-/healthy").status == 200
            assert "sdlc_changes_opened_total" in process.ask("/metrics").text
            ballast.unlink()
            here.knows(facts)
            here.ends_well()
        here.same_as_undisturbed()


def test_a_read_only_store_is_refused_and_taken_up_once_it_is_writable(small_disk: Path, tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        with here.process():
            pass
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        done = command("run", "-c", here.config)
        assert done.returncode == STORE
        assert "not writable" in done.stderr
        assert "Traceback" not in done.stderr
        facts = happen(here.world)
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        with here.process():
            here.knows(facts)
        here.same_as_undisturbed()


# --- a GitHub App ---


def test_an_app_reads_all_its_installations_and_one_that_is_suspended_hurts_no_other(tmp_path: Path) -> None:
    """Two installations in one source; then the app's key is replaced, and the key file follows."""
    world = small_world("acme")
    extra = small_world("umbrella")
    for one in extra.repositories.values():
        world.repositories[one.id] = one
        world.names[one.name] = one
        for pull in one.pulls.values():
            pull.id = f"umbrella-{pull.id}"
            world.add(pull)
    more = "app: {id: 77, key_file: key.pem}, include: ['acme/*', 'umbrella/*']"
    with scene(tmp_path, world, more) as here:
        installations = [Installation(1, "acme"), Installation(2, "umbrella"), Installation(3, "left", suspended=True)]
        app = here.double.add_app(App(77, installations))
        (here.folder / "key.pem").write_text(app.pem)
        shut, other = (
            next(one for one in world.repositories.values() if one.owner == owner) for owner in ("umbrella", "acme")
        )
        with here.process() as process:
            installations[1].suspended = True
            expire(here.double)
            inside, outside = happen(world, shut), happen(world, other)
            here.knows(outside)
            here.says("refused")
            here.calm_goes_on()
            assert not here.known(inside)
            installations[1].suspended = False
            here.knows(inside)
            here.ends_well()

            del app.key  # the next look makes another one
            expire(here.double)
            late = happen(world, other)
            here.says("unauthorised")
            assert not here.known(late)
            (here.folder / "key.pem").write_text(app.pem)
            here.knows(late)
            here.ends_well()
            assert "PRIVATE KEY" not in process.log
            assert "ghs_" not in process.log
        here.same_as_undisturbed()


def expire(double: Double) -> None:
    """Every installation token ends now."""
    for text, token in double.auth.tokens.items():
        token.revoked = token.revoked or text.startswith("ghs_")
