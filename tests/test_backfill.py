"""What of the past is told, into a file that is whole, or to a receiver from where it was left off."""

import asyncio
import json
import logging
import re
import shlex
import shutil
from itertools import pairwise

import cramjam
import pytest

from exporter import backfill
from exporter.backfill import Order, Progress, Span
from exporter.catalogue import DAY, HOUR
from exporter.cli import _parser, _receiver
from exporter.config import load
from exporter.errors import ConfigError
from exporter.once import NotComplete
from exporter.runtime.health import Health
from exporter.runtime.remote_write import Password, Receiver
from exporter.wiring import ledger_start
from tests.runtime.desk import SOURCE, Desk
from tests.runtime.test_remote_write import read
from tests.stories import START, at
from tools.generate import ROOT

LEDGER = at("-100d")
SHARED = {"job": "sdlc"}
OPENED = 'sdlc_changes_opened_total{job="sdlc",origin="unmarked",repository="o/a"}'


@pytest.fixture
def place(tmp_path):
    """The configuration of a store with two repositories: three changes by day 3, loaded then and read up to day 8."""
    path = tmp_path / "exporter.yaml"
    source = f"{{name: {SOURCE}, url: 'http://127.0.0.1:9', token_file: t, include: ['o/*'], history: 200d}}"
    path.write_text(f"sources: [{source}]\nstore: {{path: state.db}}\n")
    with Desk(tmp_path / "state.db") as desk:
        desk.store.put(ledger_start(SOURCE), str(LEDGER))
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 1h by ann", "reviewed 2h by bob: approved", "merged 3h")
        desk.story("o/a", 2, "opened 25h by ann")
        desk.story("o/b", 1, "opened 50h by ann")
        desk.passed("3d")
        desk.story("o/b", 2, "opened 4d by ann")
        desk.passed("8d")
    return path


def told(path, order, do, caplog=None):
    """What is made of a place's past."""

    async def once():
        def nothing(health: Health) -> None:
            raise AssertionError("a source was asked")

        async with backfill.past(load(path, {}), order, nothing) as past:
            return await found if asyncio.iscoroutine(found := do(past)) else found

    if caplog is not None:
        caplog.set_level(logging.INFO)
    return asyncio.run(once())


def hears(what):
    async def show(*how):
        what(how)

    return show


def span(path, caplog, since=None, until=None, step=HOUR):
    return told(path, Order(since, until, step, SHARED), lambda past: past.span, caplog), caplog.text


# Which time


def test_the_whole_past_is_from_the_ledgers_start_to_the_first_load(place, caplog):
    """What came later a running exporter has shown."""
    assert span(place, caplog)[0] == Span(LEDGER, at("3d"), HOUR)
    assert "when the first load was complete; all is known up to 2023-11-21T00:00:00Z" in caplog.text


def test_what_is_asked_for_is_told_as_far_as_it_is_known(place, caplog):
    found, said = span(place, caplog, at("1d"), at("5d"))
    assert found == Span(at("1d"), at("5d"), HOUR)
    assert "it ends" not in said
    found, said = span(place, caplog, LEDGER - DAY, at("9d"))
    assert found == Span(LEDGER, at("8d"), HOUR)
    assert "nothing that happened before 2023-08-05T00:00:00Z is counted" in said
    assert "more is not known of o/a: changes, o/b: changes" in said


def test_it_is_said_from_when_on_windows_are_whole(place, caplog):
    """The ledger begins 100 days before; windows of 90 days are whole 10 days before."""
    assert "whole from 2023-11-03T00:00:00Z on" in span(place, caplog)[1]
    caplog.clear()
    assert "whole from" not in span(place, caplog, at("-10d"))[1]


def test_where_there_is_nothing_to_tell_nothing_is_written(place, caplog):
    for since, until in ((at("9d"), None), (at("2d"), at("2d")), (None, LEDGER)):
        with pytest.raises(NotComplete, match="nothing to tell between"):
            span(place, caplog, since, until)


def test_a_repository_that_cannot_be_loaded_is_left_out_and_named(place, caplog):
    with Desk(place.parent / "state.db") as desk:
        desk.discover("o/a", "o/b", "o/c")
        (other,) = [row.id for row in desk.store.repositories() if row.key == "o/c"]
        desk.store.progress([other], state="failing", reason="refused")
    assert span(place, caplog)[0] == Span(LEDGER, at("3d"), HOUR)
    assert "left out, since their history could not be loaded: o/c: changes (refused)" in caplog.text


def test_a_store_that_is_still_being_loaded_tells_nothing(place, caplog):
    """Another process holds it and will have all of it soon."""
    with Desk(place.parent / "state.db") as desk:
        desk.discover("o/a", "o/b", "o/c")
        with pytest.raises(NotComplete, match=r"o/c: changes.*another sdlc-exporter uses it"):
            span(place, caplog)


def test_a_store_that_another_process_writes_into_is_read(place, caplog):
    with Desk(place.parent / "state.db") as desk:
        desk.passed("9d")
        assert span(place, caplog, at("1d"), at("9d"))[0] == Span(at("1d"), at("9d"), HOUR)


def test_instants_are_whole_steps_and_both_ends():
    """From 0:30 to 3:10 by the hour; taken up at 2:00; and from a whole step to another."""
    half, ten = START + HOUR // 2, START + 3 * HOUR + 600
    hours = [START + hour * HOUR for hour in range(5)]
    assert list(Span(half, ten, HOUR).instants()) == [half, *hours[1:4], ten]
    assert list(Span(half, ten, HOUR).instants(hours[2])) == [*hours[2:4], ten]
    assert list(Span(half, ten, HOUR).instants(ten)) == [ten]
    assert list(Span(hours[0], hours[3], HOUR).instants()) == hours[:4]


@pytest.mark.parametrize("store", ["", "store: {path: state.db}\n"])
def test_where_there_is_no_store_everything_is_loaded_first(tmp_path, store):
    """Two notes, of which one names QA; a store that is configured is kept, and then nothing is asked again."""
    (tmp_path / "notes").mkdir()
    for name, text in (("2025-11-13.md", "QA again"), ("2025-11-27.md", "all well")):
        (tmp_path / "notes" / name).write_text(text)
    path = tmp_path / "c.yaml"
    source = "{name: retros, provider: notes, notes: [notes/*.md], team: pay, history: 2025-11-01}"
    path.write_text(f"sources: [{source}]\nteams: {{pay: [acme/*]}}\n{store}")
    before, december = 1_762_560_000, 1_764_547_200  # whole steps are 8 November, and no other until the end

    async def once():
        async with backfill.past(load(path, {}), Order(None, december, 30 * DAY, {}), lambda health: None) as past:
            return [line for moment in past.moments() for line in moment.text().decode().splitlines()]

    for _ in range(2):
        lines = [line for line in asyncio.run(once()) if line.startswith('sdlc_retro_mentions_total{theme="qa"}')]
        assert [line.partition("} ")[2] for line in lines] == [f"0.0 {before}", f"1.0 {december}"]
    assert (tmp_path / "state.db").exists() is bool(store)


# A file


def test_a_file_holds_every_instant_and_ends(place, tmp_path):
    """Opened 1 h and 25 h in: two on day 2, and the series' zero on the eve of its first reading."""
    out, shown = tmp_path / "past.om", []
    order = Order(at("-1d"), at("2d"), DAY, SHARED)
    instants, samples = told(place, order, lambda past: backfill.write(past, out, hears(shown.append)))
    lines = out.read_text().splitlines()
    assert (instants, samples, lines[-1]) == (4, len(lines) - 1, "# EOF")
    assert not any(line.startswith("#") for line in lines[:-1])
    assert [line.removeprefix(OPENED) for line in lines if line.startswith(OPENED)] == [
        f" 0.0 {at('0d')}",
        f" 1.0 {at('1d')}",
        f" 2.0 {at('2d')}",
    ]
    assert shown[0] == (0.0, at("-1d"))
    assert shown[-1] == (1.0, at("2d"))


def test_a_file_that_could_not_be_finished_is_not_there(place, tmp_path):
    """What was there before stays."""
    out = tmp_path / "past.om"
    out.write_text("before")

    def full(how):
        if how[0] > 0.5:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        told(place, Order(at("0d"), at("2d"), HOUR, SHARED), lambda past: backfill.write(past, out, hears(full)))
    assert out.read_text() == "before"
    assert [*tmp_path.glob("past*")] == [out]


# A receiver


class Mortal:
    """A receiver that takes so many instants and is then killed."""

    def __init__(self, lives):
        self.lives = lives
        self.taken = []

    async def write(self, encoded):
        body = list(read(cramjam.snappy.compress_raw(b"".join(encoded))))
        if not self.lives:
            raise KeyboardInterrupt
        self.lives -= 1
        self.taken += body


def sent(place, receiver, order, path):
    def send(past):
        return backfill.send(past, receiver, past.progress(path, {"url": "http://r/"}), hears(print))

    return told(place, order, send)


def test_a_run_that_was_killed_is_taken_up_where_it_was(place, tmp_path):
    """However often it dies, the receiver has what one run would have sent; where it died, some of it twice."""
    order, path = Order(at("-1d"), at("3d"), 8 * HOUR, SHARED), tmp_path / "progress.json"
    once = Mortal(1000)
    assert sent(place, once, order, tmp_path / "other.json") == 13
    taken, deaths = [], 0
    for lives in (1, 3, 0, 2, 1000):
        receiver = Mortal(lives)
        try:
            sent(place, receiver, order, path)
        except KeyboardInterrupt:
            deaths += 1
        taken += receiver.taken
    assert deaths == 4
    assert set(taken) == set(once.taken)
    seconds = [at for *_, at in taken]
    assert len(taken) - len(set(taken)) < 20
    assert all(later >= earlier for earlier, later in pairwise(seconds))
    assert sent(place, Mortal(0), order, path) == 0
    later = Mortal(1000)
    assert sent(place, later, order._replace(until=at("5d")), path) == 6
    assert {second for *_, second in later.taken} == {at(f"{hours}h") * 1000 for hours in range(80, 121, 8)}


class Strict:
    """A receiver that takes nothing older than what it has of a series; it is killed in the middle of one moment."""

    def __init__(self):
        self.newest = {}
        self.lives = 1000

    async def write(self, encoded):
        body = list(read(cramjam.snappy.compress_raw(b"".join(encoded))))
        self.lives -= 1
        for labels, _, second in body if self.lives else body[: len(body) // 2]:
            assert second >= self.newest.get(labels, 0), "out of order"
            self.newest[labels] = second
        if not self.lives:
            raise KeyboardInterrupt


def test_a_receiver_without_a_window_for_late_samples_can_be_taken_up_too(place, tmp_path):
    """Killed in the middle of each page and each birth: what stood one instant before is not told again after it."""
    order, moments = Order(at("-1d"), at("3d"), 8 * HOUR, SHARED), []
    told(place, order, lambda past: moments.extend(moment.whole for moment in past.moments()))
    assert (moments.count(True), moments.count(False)) == (13, 2)
    for lives in range(1, 16):
        receiver, path = Strict(), tmp_path / f"{lives}.json"
        receiver.lives = lives
        with pytest.raises(KeyboardInterrupt):
            sent(place, receiver, order, path)
        receiver.lives = 1000
        sent(place, receiver, order, path)


def test_a_file_and_a_receiver_are_told_the_same(place, tmp_path):
    order, out, receiver = Order(at("-1d"), at("3d"), 8 * HOUR, SHARED), tmp_path / "past.om", Mortal(1000)
    told(place, order, lambda past: backfill.write(past, out, hears(print)))
    sent(place, receiver, order, tmp_path / "progress.json")
    written = set()
    for line in out.read_text().splitlines()[:-1]:
        series, value, second = line.rsplit(" ", 2)
        labels = {("__name__", series.partition("{")[0]), *re.findall(r'(\w+)="([^"]*)"', series)}
        written.add((tuple(sorted(labels)), float(value), int(second) * 1000))
    assert len(written) == len(receiver.taken) > 1000
    assert written == set(receiver.taken)


@pytest.mark.parametrize("text", ["", "[]", '{"order": "x"}', '{"order": 1, "done": "x"}'])
def test_a_file_that_is_no_progress_is_refused(tmp_path, text):
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="not a file of progress"):
        Progress(path, {"url": "http://r/"}, Order(None, None, HOUR, {}), Span(0, 1, HOUR)).done()


def test_progress_of_another_order_is_not_taken_up(tmp_path):
    path, order, span = tmp_path / "p.json", Order(None, None, HOUR, SHARED), Span(0, 10, HOUR)
    progress = Progress(path, {"url": "http://r/"}, order, span)
    assert progress.done() is None
    progress.keep(7)
    assert progress.done() == 7
    assert json.loads(path.read_text())["done"] == 7
    for other in (
        Progress(path, {"url": "http://s/"}, order, span),
        Progress(path, {"url": "http://r/"}, order._replace(shared={}), span),
        Progress(path, {"url": "http://r/"}, order, span._replace(start=1)),
        Progress(path, {"url": "http://r/"}, order, span._replace(step=60)),
    ):
        with pytest.raises(ConfigError, match="begun with another store"):
            other.done()


def test_two_tenants_or_users_of_one_address_have_each_their_own_progress(place, tmp_path):
    """Who has taken all of it says nothing of the other; the same twice is the same, in another case of letters too."""
    ways = [
        Receiver("http://r/"),
        Receiver("http://r/", headers={"X-Scope-OrgID": "acme"}),
        Receiver("http://r/", headers={"X-Scope-OrgID": "other"}),
        Receiver("http://r/", Password("ann", str)),
        Receiver("http://r/", Password("bob", str)),
        Receiver("http://s/"),
    ]
    config = load(place, {})
    assert len({backfill.progress_path(config, each.told_apart) for each in ways}) == 6
    assert Receiver("http://r/", headers={"x-scope-orgid": "acme"}).told_apart == ways[1].told_apart
    assert "acme" not in str(ways[1].told_apart)
    path, order = tmp_path / "p.json", Order(at("-1d"), at("3d"), 8 * HOUR, SHARED)
    told(place, order, lambda past: past.progress(path, ways[1].told_apart).keep(past.span.end))
    with pytest.raises(ConfigError, match="user or header"):
        told(place, order, lambda past: past.progress(path, ways[2].told_apart).done())


def test_progress_of_another_store_is_not_taken_up(place, tmp_path):
    path, order = tmp_path / "p.json", Order(at("-1d"), at("3d"), 8 * HOUR, SHARED)
    told(place, order, lambda past: past.progress(path, {}).keep(past.span.end))
    shutil.copy(place.parent / "state.db", place.parent / "other.db")
    place.write_text(place.read_text().replace("state.db", "other.db"))
    with pytest.raises(ConfigError, match="another store"):
        told(place, order, lambda past: past.progress(path, {}).done())


# The command line


@pytest.mark.parametrize(
    ("words", "warned"),
    [
        ("http://mimir/push --token-file t", True),
        ("https://mimir/push --token-file t", False),
        ("http://127.0.0.1:9/push --token-file t", False),
        ("http://mimir/push", False),
    ],
)
def test_a_credential_that_is_sent_unencrypted_is_said(words, warned, caplog):
    """Not to this machine, and not where there is none."""
    _receiver(_parser().parse_args(["backfill", "-c", "c", "--remote-write", *words.split()]))
    assert ("unencrypted" in caplog.text) is warned


def test_a_password_without_its_user_is_not_left_out(tmp_path):
    options = ["backfill", "-c", "c", "--remote-write", "http://r/", "--password-file", str(tmp_path)]
    with pytest.raises(ConfigError, match="--user NAME"):
        _receiver(_parser().parse_args(options))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--step 30s -o x", "too short"),
        ("--step 1 -o x", "has no unit"),
        ("--from yesterday -o x", "not a time"),
        ("--from 1767225600000 -o x", "not a time"),
        ("-o /dev/null", "is no file"),
        ("-o /", "is no file"),
        ("--remote-write http://h:99999/x", "is no web address"),
        ("--remote-write http://[h/x", "is no web address"),
        ("--label repository=x -o x", "label of our own metrics"),
        ("--label le=1 -o x", "label of our own metrics"),
        ("--label 1=2 -o x", "is no label"),
        ("--remote-write ftp://h/x", "no web address"),
        ("--remote-write https://a:b@h/x", "anybody's"),
        ("--remote-write https://h/x --header Authorization=x", "anybody's"),
        ("--remote-write https://h/x --header =x", "is no header"),
        ("--remote-write https://h/x -o x", "not allowed with"),
        ("", "required"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(words, said, capsys):
    with pytest.raises(SystemExit):
        _parser().parse_args(["backfill", "-c", "c.yaml", *words.split()])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["README.md", "docs/backfill.md"])
def test_the_commands_of_the_documents_are_understood(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / name).read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("sdlc-exporter backfill ")]
    assert commands
    for words in commands:
        _parser().parse_args(words[1:])


def test_a_date_is_its_midnight():
    options = _parser().parse_args(["backfill", "-c", "c", "--from", "2023-11-13", "--to", "1699920000", "-o", "x"])
    assert (options.since, options.until, options.step) == (START, START + DAY, HOUR)
