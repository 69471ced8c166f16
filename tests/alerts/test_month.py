"""Thirty days of review queues, hour by hour: which of them page somebody, when, and when that is over.

The repositories get a change an hour from 9 to 17, Monday to Friday, and each is reviewed an hour later; six more
always wait, so that no queue is too short to be called growing. What happens to a queue begins on Monday, day 11.

An hour lies between two scrapes and two evaluations: the rules compare sums over seven days and wait for whole hours,
and thirty days take seconds instead of a minute.
"""

from exporter.catalogue import HOUR
from tests.alerts.cases import BY_NAME, Case
from tests.alerts.healthy import FORGE, OWN, source, thresholds
from tests.alerts.promtool import alert_series, check, fired, needs_promtool, scenario
from tests.alerts.queues import (
    FRIDAY,
    MONDAY,
    SATURDAY,
    SUNDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    WEEK,
    Queue,
    Rate,
    office,
    weekday,
)
from tests.alerts.scrapes import POD, STATIC, Page, Scrapes, Target, Value, lives
from tests.alerts.situations import DOWN

pytestmark = needs_promtool

HOURS = 30 * 24
EVENT = 11 * 24
"""Monday of the second whole week, at 0:00."""
ARRIVALS, REVIEWS = office(9, 17), office(10, 18)


def both(one: Rate, other: Rate) -> Rate:
    return lambda hour: one(hour) + other(hour)


def then(before: Rate, *later: tuple[int, Rate]) -> Rate:
    """Other rates, each from an hour on."""
    return lambda hour: [before, *(rate for begin, rate in later if hour >= begin)][-1](hour)


def weekly(day: int, hour_of_day: int, changes: int = 1) -> Rate:
    return lambda hour: changes * (weekday(hour) == day and hour % 24 == hour_of_day)


def nothing(_: int) -> float:
    return 0


def once(rate: Rate) -> Rate:
    """Only on the Monday of the event."""
    return then(nothing, (EVENT, rate), (EVENT + 24, nothing))


def cleared(hour: int) -> float:
    """Fifteen reviews on a Monday: two an hour from 9, and the last one at 16."""
    return (weekday(hour) == MONDAY) * (2 * (9 <= hour % 24 < 16) + (hour % 24 == 16))


BURST = weekly(MONDAY, 5, 15)
FEW, THEIR_REVIEWS = both(weekly(TUESDAY, 10), weekly(THURSDAY, 10)), both(weekly(WEDNESDAY, 10), weekly(FRIDAY, 10))

QUIET = {
    "steady": Queue(ARRIVALS, REVIEWS),
    "bots-every-monday": Queue(both(ARRIVALS, BURST), both(REVIEWS, cleared)),
    "bots-one-monday": Queue(both(ARRIVALS, once(BURST)), both(REVIEWS, once(cleared))),
    "vacation": Queue(
        then(ARRIVALS, (EVENT, office(9, 17, 0.4)), (EVENT + WEEK, ARRIVALS)),
        then(REVIEWS, (EVENT, office(10, 18, 0.4)), (EVENT + WEEK, REVIEWS)),
    ),
    "two-a-week": Queue(FEW, THEIR_REVIEWS),
    "known-since-today": Queue(ARRIVALS, REVIEWS, since=0),
}
SURGES = {
    "doubled": Queue(then(ARRIVALS, (EVENT, office(9, 17, 2))), REVIEWS),
    "nobody-reviews": Queue(ARRIVALS, then(REVIEWS, (EVENT, nothing), (EVENT + WEEK, office(10, 18, 3)))),
    "bots-where-two-a-week-are-usual": Queue(both(FEW, once(BURST)), both(THEIR_REVIEWS, once(cleared))),
}


def shown(queues: dict[str, Queue]) -> Page:
    """An exporter's page over the thirty days."""
    page: dict[str, Value] = {**OWN, **thresholds(), **source(FORGE)}
    for name, each in queues.items():
        page[f'sdlc_repository_info{{repository="acme/{name}",source="{FORGE}",team="basket"}}'] = 1
        page |= each.page(f"acme/{name}", HOURS)
    return page


def growing(repository: str, by: int = 0) -> Case:
    """The page about one of them, which grew by so many."""
    case = BY_NAME["SdlcReviewQueueGrowing"]
    return case._replace(
        labels={**case.labels, "repository": f"acme/{repository}"},
        description=f"In acme/{repository} (team basket) the number of changes that wait for a review grew by {by} "
        "within seven days, more than chance explains.",
        dashboard=f"sdlc-review?var-repository=acme%2F{repository}",
    )


def series(repository: str, target: Target) -> str:
    return alert_series("SdlcReviewQueueGrowing", growing(repository).firing(target).labels)


def hour(day: int, of_day: int) -> int:
    """Seconds at an hour of a day."""
    return (day * 24 + of_day) * HOUR


def test_only_queues_that_grow_page_somebody(tmp_path):
    """No other alert fires, and none about the quiet queues: the steady one, bursts of bots that are cleared within a
    day, a week at 40 %, two changes a week, the first week of data.

    *Arrivals doubled.* 40 come in a week, and from Monday 8 more a day. On Tuesday at 15:00 the queue has grown by
    8 + 6 = 14, and 14 / sqrt(54 + 40 + 1) = 1.44; at 16:00 by 15, and 15 / sqrt(55 + 40 + 1) = 1.53 > 1.5. So it pages
    on Tuesday, day 12, at 20:00, when two days' worth is 16, and goes on for as long as nothing changes.

    *Nobody reviews.* On Tuesday at 14:00, 8 + 4 = 12 reviews are missing, and 12 / sqrt(40 + 28 + 1) = 1.44; at 15:00
    13, and 13 / sqrt(40 + 27 + 1) = 1.58. It pages on Tuesday at 19:00 with 16. Reviewers are back on Monday, day 18,
    and give 24 a day. On Tuesday at 11:00 6 + 40 + 8 + 2 - 24 - 3 = 29 wait, a week earlier 6 + 8 + 2 = 16 did, so the
    growth is still 13; at 12:00 it is 10, and 10 / sqrt(40 + 30 + 1) = 1.19. It ends 12 hours later, on day 20 at 0:00.

    *Fifteen at once where two a week are usual.* Seven days cannot tell this burst from a pile-up: at 6:00 on Monday
    15 / sqrt(17 + 2 + 1) = 3.35. It pages at 10:00, when 13 are left. At 13:00 7 are, and 7 / sqrt(17 + 10 + 1) = 1.32.
    It ends on Tuesday at 1:00.
    """
    end = HOURS * HOUR
    test = scenario(
        [Scrapes(shown(QUIET | SURGES))],
        step=HOUR,
        length=end,
        firing=[
            (at, "SdlcReviewQueueGrowing", [growing(*each).firing(STATIC) for each in expected])
            for at, expected in (
                (hour(11, 9), []),
                (hour(11, 10), [("bots-where-two-a-week-are-usual", 13)]),
                (hour(12, 1), []),
                (hour(12, 19), [("nobody-reviews", 16)]),
                (hour(12, 20), [("nobody-reviews", 16), ("doubled", 16)]),
                (hour(16, 12), [("nobody-reviews", 40), ("doubled", 40)]),  # Saturday, after five days
                (hour(19, 23), [("nobody-reviews", 13), ("doubled", 40)]),
                (hour(20, 0), [("doubled", 40)]),
                (end, [("doubled", 40)]),
            )
        ],
        samples=[
            fired(HOUR, end, {
                series("bots-where-two-a-week-are-usual", STATIC): 15,  # Monday 10:00 to Tuesday 1:00
                series("nobody-reviews", STATIC): (19 * 24 + 24) - (12 * 24 + 19),
                series("doubled", STATIC): HOURS - (12 * 24 + 20) + 1,
            }),
        ],
    )  # fmt: skip
    check(tmp_path, test)


def test_restarts_and_absences_move_no_page(tmp_path):
    """A new pod every Thursday at noon, and after two hours without any every Saturday and Sunday from 3:00.

    The pages come and go as if nothing had been; what is told of besides is that the exporter is down, an hour into
    each absence.
    """
    end = HOURS * HOUR
    page = shown({"steady": QUIET["steady"], **SURGES})
    weekends = [(hour(day, 3), hour(day, 5)) for day in range(30) if day % 7 in (SATURDAY, SUNDAY)]
    breaks = sorted(weekends + [(hour(day, 12), hour(day, 12)) for day in range(7, 30, 7)])
    begins, ends = [0, *(back for _, back in breaks)], [*(gone for gone, _ in breaks), None]
    pods = [
        {**POD, "instance": f"10.0.0.{number}:9517", "pod": f"sdlc-exporter-{number}"} for number in range(len(ends))
    ]
    down = DOWN.firing(POD)
    test = scenario(
        lives(page, *zip(pods, begins, ends, strict=True)),
        step=HOUR,
        length=end,
        samples=[
            fired(HOUR, end, {
                series("bots-where-two-a-week-are-usual", POD): 15,
                series("nobody-reviews", POD): 173,
                series("doubled", POD): HOURS - (12 * 24 + 20) + 1,
                alert_series(down.alert, down.labels): len(weekends) * (1 + DOWN.keep // HOUR),
            }),
        ],
    )  # fmt: skip
    check(tmp_path, test)
