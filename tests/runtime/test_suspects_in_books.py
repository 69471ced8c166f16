"""The ledger's laws where a commit's lines, the changes, what closed and what shipped come by streams of their own."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY
from exporter.model import TOLD_BY, Actor, IssueClosed, Landed, Removed, Stream, Thing
from tests.runtime.desk import Desk, settled_page
from tests.shipments import deployment
from tests.stories import POLICY, START, at, change
from tests.things import CASES
from tests.tickets import issue

BLAMING = msgspec.structs.replace(POLICY, blame=True)
STREAMS = (Stream.CHANGES, Stream.CODE, Stream.DEPLOYMENTS, Stream.ISSUES)
END = START + 80 * DAY
EVER = START + 2000 * DAY
SHA, FIX = "a1" * 20, "f1" * 20
SUSPECT = 'sdlc_change_suspects_total{origin="unmarked",outcome="suspect",repository="o/a"}'
CLEAR = SUSPECT.replace('suspect"', 'clear"')
WORLD = {
    Stream.CODE: [
        (
            Thing.COMMIT,
            [
                Landed("landed", at("1h"), SHA, Actor(""), "", "", (), 9, 0, 0),
                Removed(f"removed:{FIX}", at("35d"), FIX, 2, 3),
            ],
        )
    ],
    Stream.CHANGES: [
        (Thing.CHANGE, change("opened 0h", f"merged 1h as {SHA}")),
        (Thing.CHANGE, change("opened 34d by ann", f"merged 35d as {FIX}")),
    ],
    Stream.DEPLOYMENTS: [(Thing.DEPLOYMENT, deployment("10d", brought=(SHA,)))],
    Stream.ISSUES: [
        (
            Thing.ISSUE,
            [*issue("opened 34d", "labelled 34d: bug"), IssueClosed("closed", at("35d"), True, 7, FIX)],
        )
    ],
}
"""In production on day 10, so that the fix of day 35 is within the 30 days; the bug it closed makes it one."""


def tell(desk, stream, until=END):
    for number, (thing, events) in enumerate(WORLD[stream]):
        desk.tell("o/a", number, [each for each in events if each.at <= until], thing=thing)


def mark(desk, stream, until):
    desk.store.progress([1], stream, watermark=until, cursor=until, last_success=until, state="ok")
    desk.settle()


@given(st.permutations(STREAMS))
@settings(max_examples=24, deadline=None)
def test_the_streams_may_come_in_any_order(order):
    """Nothing is said before the last of them is read beyond the 30 days; then the suspect is there, and not late."""
    with Desk(policy=BLAMING) as desk:
        desk.discover("o/a", streams=STREAMS)
        for stream in order:
            assert not any(row.metric == "sdlc_change_suspects_total" for row in desk.store.ledger())
            tell(desk, stream)
            mark(desk, stream, END)
        desk.books.publish_organisation()
        page = desk.page(END)
        assert (page[SUSPECT], CLEAR in page) == (1, False)
        assert (desk.books.late.total(), desk.books.drift.total()) == (0, 0)


def test_code_that_is_late_holds_suspects_back_and_no_outcome():
    """The changes' and others' watermarks are far ahead; the clone stands at day 20, and later at the end."""
    with Desk(policy=BLAMING) as desk:
        desk.discover("o/a", streams=STREAMS)
        for stream in STREAMS:
            tell(desk, stream, until=END if stream is not Stream.CODE else at("20d"))
            mark(desk, stream, END if stream is not Stream.CODE else at("20d"))
        told = {row.metric for row in desk.store.ledger()}
        assert "sdlc_change_outcomes_total" in told
        assert "sdlc_change_suspects_total" not in told
        tell(desk, Stream.CODE)
        mark(desk, Stream.CODE, END)
        assert [row.labels for row in desk.store.ledger() if row.metric == "sdlc_change_suspects_total"] == [
            ("unmarked", "suspect")
        ]
        assert (desk.books.late.total(), desk.books.drift.total()) == (0, 0)


@given(CASES[Thing.COMMIT], st.lists(st.tuples(st.integers(0, 150), st.sampled_from(STREAMS)), max_size=8))
@settings(max_examples=60, deadline=None)
def test_watermarks_that_step_apart_give_the_ledger_of_one_that_jumps(case, marks):
    """Random commits with what they are bound to; each stream's facts come as its own watermark steps."""
    world = [(case.subject, case.events), *((other.subject, other.events) for other in case.others)]

    def lived(steps):
        known = dict.fromkeys(STREAMS, 0)
        with Desk(policy=BLAMING) as desk:
            desk.discover("o/a", streams=STREAMS)
            for until, stream in [*steps, *((EVER, each) for each in STREAMS)]:
                known[stream] = max(known[stream], until)
                for subject, events in world:
                    if TOLD_BY[subject.thing] is stream:
                        past = [each for each in events if each.at <= known[stream]]
                        number = int("".join(filter(str.isdigit, subject.key)))
                        desk.tell("o/a", number, past, thing=subject.thing)
                mark(desk, stream, known[stream])
            desk.books.publish_organisation()
            assert (desk.books.late.total(), desk.books.drift.total()) == (0, 0)
            return settled_page(desk, EVER)

    steps = [(START + day * DAY, stream) for day, stream in sorted(marks, key=lambda each: each[0])]
    assert lived(steps) == lived([])
