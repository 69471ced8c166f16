"""A list of requests drained into a store: what is kept, what a failure holds, and how it is taken up again."""

import asyncio
from collections import deque
from collections.abc import Iterator

import pytest

from exporter.errors import Garbled, Overloaded, Refused, SecondaryLimited, ServerError, Unauthorised, Unreachable
from exporter.model import Actor, Opened, Repository, Subject, Told
from exporter.providers.base import Fault, Page, Request
from exporter.runtime.desk import Desk
from exporter.runtime.reading import IN_A_ROW, Outcome, Reader, Work
from exporter.store.sqlite import SqliteStore
from tests.runtime.waiting import answer, lane, request


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    """Two repositories that nothing was read of."""
    made = SqliteStore(None)
    made.discover("forge", [Repository("R_1", "acme/a"), Repository("R_2", "acme/b")])
    yield made
    made.close()


def told(number: int, repository: str = "R_1") -> Told:
    opened = Opened("opened", 1_000_000 + number, Actor("ann"), False, "topic", "main")
    return Told(Subject(repository, f"PR_{number}", number), (opened,))


def about(page: Page, *repositories: str, changes: tuple[str, ...] = ()) -> Request:
    return request(lambda response: page, repositories=repositories, changes=changes)


def drained(store, requests, answers, *, wanted=("R_1", "R_2"), until=lambda: False):
    """How a list of requests went."""
    made, wire, _ = lane(answers)

    async def go():
        desk = Desk()
        reader = Reader("forge", store, desk, made.health, 0)
        work = Work(deque(requests), wanted)
        try:
            return await reader.go_on(made, work, until), work, wire, made.health
        finally:
            await desk.close(5)

    return asyncio.run(go())


def numbers(store: SqliteStore) -> list[int]:
    return [row.number for repository in store.repositories() for row in store.subjects(repository.id, open_only=False)]


def test_what_answers_lead_to_is_asked_at_once_and_everything_is_stored(store):
    second = about(Page(told=(told(2),)))
    first = about(Page(told=(told(1),), then=(second,)))
    finished, work, wire, _ = drained(store, [first, about(Page(told=(told(3, "R_2"),)))], [answer()] * 3)
    assert finished
    assert [sent.read(answer()).told[0].subject.number for sent, _ in wire.sent] == [1, 2, 3]
    assert (numbers(store), work.outcome.changes) == ([1, 2, 3], 3)


def test_only_what_is_wanted_is_stored_and_only_its_faults_count(store):
    """A search by owner also finds what nobody asked for."""
    page = Page(
        told=(told(1), told(2, "R_2")), faults=(Fault("R_2", "partial_answer", "x"), Fault("", "partial_answer", "y"))
    )
    _, work, _, health = drained(store, [about(page)], [answer()], wanted=("R_1",))
    assert (numbers(store), work.outcome.changes) == ([1], 1)
    assert (work.outcome.faults, len(work.outcome.unplaced)) == ({}, 1)
    assert health.errors["forge", "partial_answer"] == 1


def test_a_failure_about_named_repositories_holds_only_those_and_names_its_changes(store):
    requests = [about(Page(), "R_1", changes=("PR_9",)), about(Page(told=(told(2, "R_2"),)), "R_2")]
    finished, work, _, health = drained(store, requests, [Refused("no"), answer()])
    assert finished
    assert work.outcome.faults == {"R_1": Fault("R_1", "refused", "no")}
    assert work.outcome.failed == {"PR_9"}
    assert numbers(store) == [2]
    assert health.errors["forge", "refused"] == 1


def test_a_failure_about_all_ends_the_list_and_what_was_read_stays(store):
    with pytest.raises(Refused):
        drained(
            store,
            [about(Page(told=(told(1),))), about(Page()), about(Page(told=(told(3),)))],
            [answer(), Refused("no")],
        )
    assert numbers(store) == [1]


@pytest.mark.parametrize("error", [Unauthorised("x"), SecondaryLimited("x", after=3000), Unreachable("x")])
def test_a_failure_that_is_not_about_repositories_is_never_laid_at_their_door(store, error):
    with pytest.raises(type(error)):
        drained(store, [about(Page(), "R_1"), about(Page(), "R_2")], [error] * 5)


def test_a_list_whose_server_is_in_trouble_is_left_after_three_failures_in_a_row(store):
    """Of a hundred requests fifteen are sent: five attempts for each of three. All hundred are held."""
    requests = [about(Page(), f"R_{n}") for n in range(100)]
    finished, work, wire, _ = drained(store, requests, [ServerError("x")] * 500)
    assert finished
    assert len(wire.sent) == 5 * IN_A_ROW
    assert len(work.outcome.faults) == 100


def test_failures_with_answers_between_them_are_no_trouble_of_the_server(store):
    requests = [about(Page(), f"R_{n}") for n in range(8)]
    bad, good = [ServerError("x")] * 5, [answer()]
    _, work, _, _ = drained(store, requests, (bad + bad + good) * 2 + bad + good)
    assert sorted(work.outcome.faults) == ["R_0", "R_1", "R_3", "R_4", "R_6"]


def test_failures_that_are_not_the_servers_do_not_leave_the_list(store):
    for error in (Garbled("x"), Overloaded("x"), Refused("x")):
        requests = [about(Page(), f"R_{n}") for n in range(5)]
        _, work, _, _ = drained(store, requests, [error] * 25)
        assert len(work.outcome.faults) == 5
        assert work.outcome.failed == set()


def test_a_list_makes_way_after_each_request_and_is_taken_up_where_it_was(store):
    made, wire, _ = lane([answer()] * 3)
    work = Work(deque(about(Page(told=(told(n),))) for n in range(3)), ("R_1",))

    async def go():
        desk = Desk()
        reader = Reader("forge", store, desk, made.health, 0)
        seen = [(await reader.go_on(made, work, lambda: True), len(wire.sent), numbers(store)) for _ in range(3)]
        await desk.close(5)
        return seen

    assert asyncio.run(go()) == [(False, 1, [0]), (False, 2, [0, 1]), (True, 3, [0, 1, 2])]


def test_a_request_that_met_a_limit_is_asked_again_when_the_list_is_taken_up(store):
    made, wire, time = lane([SecondaryLimited("x", after=3000), answer()])
    work = Work(deque([about(Page(told=(told(1),)))]), ("R_1",))

    async def go():
        desk = Desk()
        reader = Reader("forge", store, desk, made.health, 0)
        with pytest.raises(SecondaryLimited):
            await reader.go_on(made, work)
        time.now += 3000
        finished = await reader.go_on(made, work)
        await desk.close(5)
        return finished

    assert asyncio.run(go())
    assert (len(wire.sent), numbers(store)) == (2, [1])


def test_a_watermark_is_never_taken_from_another_repository_and_never_goes_back(store):
    """One is ahead of the new mark, the other has none."""
    one, two = store.repositories()
    store.progress([one.id], watermark=5000, cursor=5300)

    async def go():
        desk = Desk()
        reader = Reader("forge", store, desk, lane([])[0].health, 0)
        await reader.read(store.repositories(), Outcome(), 4400, cursor=4300, watermark=4000)
        await desk.close(5)

    asyncio.run(go())
    assert [(row.watermark, row.cursor, row.state) for row in store.repositories()] == [
        (5000, 4300, "ok"),
        (4000, 4300, "ok"),
    ]
    assert two.watermark is None
