"""Asking and storing overlap: a page is stored while the next one is on its way."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from exporter.errors import StoreFull
from exporter.model import Subject, Told
from exporter.providers.base import Page, Request
from exporter.runtime.health import Health
from exporter.runtime.reading import Reader

TOLD = Told(Subject("R", "PR", 1), ())


def request(number: int) -> Request:
    return Request(kind="changes", path=f"/{number}", read=lambda response: Page())


class Lane:
    """Answers every request with a page of one change, and notes when it was asked."""

    clock = SimpleNamespace(now=lambda: 0)

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened

    async def ask(self, request: Request, *, urgent: bool = True) -> Page:
        self.happened.append(f"ask {request.path}")
        await asyncio.sleep(0)
        return Page(told=(TOLD,))


def reader(happened: list[str], fault: Exception | None = None) -> Reader:
    async def desk(function: Any, *arguments: Any) -> None:
        happened.append("store")
        await asyncio.sleep(0.01)
        happened.append("stored")
        if fault is not None:
            raise fault

    return Reader("acme", SimpleNamespace(add=None), desk, Health(), 0)  # type: ignore[arg-type]


def test_the_next_page_is_asked_for_while_the_last_one_is_stored_and_all_are_stored_in_the_end():
    """The second question goes out before the first page is stored; the two are stored one after another."""
    happened: list[str] = []
    outcome = asyncio.run(reader(happened).drain(Lane(happened), [request(1), request(2)], wanted={"R"}))  # type: ignore[arg-type]
    assert happened.index("ask /2") < happened.index("stored")
    assert [each for each in happened if each.startswith("store")] == ["store", "stored"] * 2
    assert outcome.changes == 2


def test_a_page_that_could_not_be_stored_ends_the_list():
    """No third question after the first page failed to be kept."""
    happened: list[str] = []
    requests = [request(number) for number in (1, 2, 3)]
    with pytest.raises(StoreFull):
        asyncio.run(reader(happened, StoreFull("full")).drain(Lane(happened), requests, wanted={"R"}))  # type: ignore[arg-type]
    assert "ask /3" not in happened
