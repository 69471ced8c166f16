"""A measure waits for the streams it needs, and for those it may read where their source follows them."""

import pytest

from exporter.catalogue import Measure, Observation
from exporter.measures.flow import OPENED
from exporter.model import Repository, Stream, Subject, Thing, Told
from exporter.runtime.books import Books
from exporter.store.sqlite import SqliteStore
from tests.stories import POLICY, at, change

CHANGES, DEPLOYMENTS, ISSUES = Stream.CHANGES, Stream.DEPLOYMENTS, Stream.ISSUES


def observe(story, policy):
    """One observation at the opening."""
    yield Observation(OPENED.name, "opened", "", story.events[0].at, ("unmarked",), 1)


MEASURE = Measure("toy", (OPENED,), 1, observe, Thing.CHANGE, (CHANGES,), optional=(DEPLOYMENTS, ISSUES))


@pytest.fixture
def store():
    found = SqliteStore(None)
    follow(found, CHANGES, ISSUES)
    found.add("forge", [Told(Subject("R", "C1", 1), tuple(change("opened 5h")))], 0)
    yield found
    found.close()


def follow(store, *streams):
    store.discover("forge", [Repository("R", "acme/shop")], streams)


def settle(store):
    """Settle what is due with the books of a new process; how many observations the ledger holds then."""
    books = Books(store, [MEASURE], POLICY)
    while not books.settle("forge", 0):
        pass
    return len(list(store.ledger())), (1, "toy") in books.reach.whole


def test_it_waits_for_a_stream_that_is_followed_and_not_for_one_that_is_not(store):
    """Issues are followed and lag behind; deployments are not, and no one waits for them."""
    store.progress([1], CHANGES, watermark=at("9h"))
    assert settle(store) == (0, False)
    store.progress([1], ISSUES, watermark=at("4h"))
    assert settle(store) == (0, True)
    store.progress([1], ISSUES, watermark=at("5h"))
    assert settle(store) == (1, True)


def test_a_stream_that_is_switched_off_is_waited_for_no_more(store):
    """Though what is due was noted while it was followed."""
    store.progress([1], CHANGES, watermark=at("9h"))
    store.progress([1], ISSUES, watermark=at("4h"))
    settle(store)
    follow(store, CHANGES)
    assert settle(store) == (1, True)


def test_a_stream_that_is_switched_on_is_waited_for_until_it_is_read(store):
    follow(store, CHANGES)
    store.progress([1], CHANGES, watermark=at("4h"))
    settle(store)
    follow(store, CHANGES, DEPLOYMENTS)
    store.progress([1], CHANGES, watermark=at("9h"))
    assert settle(store) == (0, True)
    store.progress([1], DEPLOYMENTS, watermark=at("9h"))
    assert settle(store) == (1, True)


def test_a_repository_that_is_gone_follows_what_it_did(store):
    """Its streams stand still, all of them, and nothing is counted without one."""
    store.progress([1], CHANGES, watermark=at("9h"))
    store.progress([1], ISSUES, watermark=at("4h"))
    store.discover("forge", [], (CHANGES, ISSUES))
    assert settle(store) == (0, True)


def test_the_gate_is_in_the_order_of_the_streams_names():
    assert MEASURE.gate_of({ISSUES, DEPLOYMENTS}) == (CHANGES, DEPLOYMENTS, ISSUES)
    assert MEASURE.gate_of({ISSUES}) == (CHANGES, ISSUES)
    assert MEASURE.gate_of(set()) == (CHANGES,)
