"""One load to the end: how often a source is asked again, and when it is given up."""

import asyncio

import pytest

from exporter import once
from exporter.errors import Refused, ServerError, Unauthorised
from exporter.once import PATIENCE
from exporter.runtime.health import Health


class Source:
    """Answers each pass with the next of a list: a result, or an error; loads for as many passes as are told."""

    name = "forge"

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


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(once, "PAUSE", 0)


def load(source):
    health = Health()
    asyncio.run(once._load(source, health))
    return health


def test_a_load_is_followed_by_one_more_poll():
    """What happened while history was read is read, too."""
    source = Source(["success"] * 3)
    health = load(source)
    assert len(source.passes) == 1
    assert health.polls["forge", "changes", "success"] == 2


def test_a_source_that_recovers_is_read_to_its_end():
    """Two failures, a load, a failure, and the poll after it: patience begins anew with each success."""
    error = ServerError("502")
    source = Source([error, error, "success", error, error, "success", "unasked"])
    health = load(source)
    assert source.passes == ["unasked"]
    assert health.errors["forge", ServerError.reason] == 4
    assert health.polls["forge", "changes", "failure"] == 4


@pytest.mark.parametrize("answer", [ServerError("502"), "partial"])
def test_a_source_that_keeps_failing_is_given_up_without_an_error(answer):
    """Whether what is known suffices is for the watermarks to say."""
    source = Source([answer] * (PATIENCE + 1))
    load(source)
    assert len(source.passes) == 1


@pytest.mark.parametrize(("error", "asked"), [(Unauthorised("401"), 1), (Refused("403"), PATIENCE)])
def test_a_credential_that_is_refused_is_an_error(error, asked):
    source = Source([error] * 5)
    with pytest.raises(type(error)):
        load(source)
    assert 5 - len(source.passes) == asked
