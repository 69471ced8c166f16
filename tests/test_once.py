"""One load to the end: how often a source is asked again, and when it is given up."""

import asyncio

import pytest

from exporter import once
from exporter.config import load as read
from exporter.config import parse
from exporter.errors import RateLimited, Refused, SecondaryLimited, ServerError, Unauthorised
from exporter.model import Stream
from exporter.once import PATIENCE, NotComplete
from exporter.runtime.health import Health


class Source:
    """Answers each pass with the next of a list: a result, or an error; loads for as many passes as are told."""

    name = "forge"
    streams = (Stream.CHANGES,)

    def __init__(self, passes, loading=1):
        self.passes = list(passes)
        self.left = loading

    async def poll(self, until):
        assert until() is False
        answer = self.passes.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.left -= answer == "success"
        return answer

    async def loading(self):
        return self.left > 0

    async def close(self):
        pass


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(once, "PAUSE", 0)


def load(source):
    health = Health()
    asyncio.run(once._load(source, health))
    return health


def test_a_source_of_which_nothing_could_be_read_is_no_empty_organisation(monkeypatch):
    """What would be printed says that nothing goes on."""
    lost = Source([ServerError("502")] * PATIENCE)
    monkeypatch.setattr(once.wiring, "sources", lambda *_: [lost])
    config = parse("sources: [{name: forge, token_file: t, include: ['a/*'], history: 2026-01-01}]", "c.yaml", {})
    with pytest.raises(NotComplete, match="forge: nothing could be read; the reason is in the log above"):
        asyncio.run(once.once(config, None))


def test_a_load_is_followed_by_one_more_poll():
    """What happened while history was read is read, too."""
    source = Source(["success"] * 3)
    health = load(source)
    assert len(source.passes) == 1
    assert health.polls["forge", "changes", "success"] == 2


def test_a_source_that_recovers_is_read_to_its_end():
    """Two failures, a load, a failure, and the poll after it: patience begins anew with each success."""
    first, second, third, fourth = (ServerError("502") for _ in range(4))
    source = Source([first, second, "success", third, fourth, "success", "unasked"])
    health = load(source)
    assert source.passes == ["unasked"]
    assert health.errors["forge", ServerError.reason] == 4
    assert health.polls["forge", "changes", "failure"] == 4


@pytest.mark.parametrize("answer", [ServerError("502"), "partial"])
def test_a_source_that_keeps_failing_is_given_up_without_an_error(answer):
    """Whether what is known suffices is for the watermarks to say."""
    source = Source([answer] * (PATIENCE + 1))
    assert asyncio.run(once._load(source, Health())) == "forge"
    assert len(source.passes) == 1


@pytest.mark.parametrize("kind", [RateLimited, SecondaryLimited])
def test_a_rate_limit_is_waited_for_however_often_it_speaks(kind, monkeypatch):
    """An hour's limit is met more than once in a long load; each wait is as long as the limit says."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(once.asyncio, "sleep", sleep)
    limits = [kind("spent", after=3000 + n) for n in range(PATIENCE + 1)]
    source = Source([*limits, "success", "success"])
    load(source)
    assert source.passes == []
    assert waits == [3000 + n for n in range(PATIENCE + 1)]


@pytest.mark.parametrize(("error", "asked"), [(Unauthorised("401"), 1), (Refused("403"), PATIENCE)])
def test_a_credential_that_is_refused_is_an_error(error, asked):
    source = Source([error] * 5)
    with pytest.raises(type(error)):
        load(source)
    assert 5 - len(source.passes) == asked


def configured(history):
    text = f"sources: [{{name: forge, token_file: t, include: ['a/*'], history: {history}}}]\nstore: {{path: s.db}}"
    return parse(text, "c.yaml", {})


def test_a_ledger_that_begins_too_late_prints_nothing_false():
    """60 days of history before day 100 need a ledger from day 40; one from day 50 would miss ten days in silence."""
    day = 86400
    once._within(configured("60d"), {"forge": 40 * day}, 100 * day)
    with pytest.raises(NotComplete, match="begins at 1970-02-20T00:00:00Z"):
        once._within(configured("60d"), {"forge": 50 * day}, 100 * day)
    with pytest.raises(NotComplete):
        once._within(configured("2020-01-01"), {"forge": 1_577_836_800}, 1_577_836_800)


def test_notes_alone_are_an_organisation(tmp_path):
    """Two sprints back from 2025-12-11 have one note each, of which one names QA; the third file has no date."""
    (tmp_path / "notes").mkdir()
    for name, text in (("2025-11-13.md", "QA again"), ("2025-11-27.md", "all well"), ("undated.md", "QA")):
        (tmp_path / "notes" / name).write_text(text)
    path = tmp_path / "c.yaml"
    source = "{name: retros, provider: notes, notes: [notes/*.md], team: pay, history: 2025-11-01}"
    path.write_text(f"sources: [{source}]\nteams: {{pay: [acme/*]}}\n")
    page = asyncio.run(once.once(read(path, {}), 1_765_411_200)).decode().splitlines()
    found = [line for line in page if line.startswith(("sdlc_retro", "sdlc_repo"))]
    assert [line for line in found if 'theme="' not in line or '"qa"' in line] == [
        'sdlc_retro_mentions_ratio{scope="all",theme="qa"} 0.5',
        'sdlc_retro_mentions_ratio{scope="pay",theme="qa"} 0.5',
        'sdlc_retro_mentions_samples{scope="all"} 2.0',
        'sdlc_retro_mentions_samples{scope="pay"} 2.0',
        'sdlc_retro_mentions_total{theme="qa"} 1.0',
    ]
    assert 'sdlc_exporter_errors_total{reason="bad_note",source="retros"} 1.0' in page
