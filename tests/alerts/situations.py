"""Tests for promtool, each of one alert's trouble in one situation."""

from exporter.catalogue import DAY, HOUR, MINUTE
from tests.alerts.cases import BY_NAME, GRAFANA, RUNBOOKS, START, WATERMARK, Case, last_success, watermark
from tests.alerts.healthy import HEALTHY, STREAMS
from tests.alerts.near_misses import NearMiss
from tests.alerts.promtool import BESIDE, Firing, Test, alert_series, fired, scenario
from tests.alerts.scrapes import POD, STATIC, Page, Scrapes, Target, lives, turns

DOWN, STALE, STUCK = (BY_NAME[name] for name in ("SdlcExporterDown", "SdlcSourceStale", "SdlcWatermarkStuck"))
NEXT: Target = {**POD, "instance": "10.0.0.8:9517", "pod": "sdlc-exporter-1"}
LAST: Target = {**POD, "instance": "10.0.0.9:9517", "pod": "sdlc-exporter-2"}
SHARED = "SdlcExportersShareJob"
ELSEWHERE: tuple[Target, ...] = ({"job": "other"}, {**STATIC, "namespace": "south"})


def series(case: Case, target: Target = STATIC) -> str:
    """The case's alert by its labels."""
    return alert_series(case.alert, case.firing(target).labels)


def begun(case: Case, target: Target, at: int) -> tuple[int, str, dict[str, float]]:
    """For ``samples``: since when the case's alert has been pending or firing, and that no other is."""
    named = f'ALERTS_FOR_STATE{{alertname!~"{DOWN.alert}|{BESIDE}"}}'
    return at, f"max without (__name__) ({named})", {series(case, target): START + case.holds}


def whole(case: Case) -> Test:
    """The trouble comes, lasts and goes."""
    step, length = case.step, case.resolves + case.step
    return scenario(
        [Scrapes(case.page(end=case.ends))],
        step=step,
        length=length,
        firing=[
            (case.fires - step, case.alert, []),
            (case.fires, case.alert, [case.firing(STATIC)]),
            (case.resolves, case.alert, []),
        ],
        samples=[
            fired(step, length, {series(case): case.wait // step}, "pending"),
            fired(step, length, {series(case): (case.resolves - case.fires) // step}),
        ],
    )


def brief(case: Case) -> Test:
    """Twice the trouble is over just before it would be told."""
    again = case.fires + 2 * case.step
    page = case.page(again + case.wait, again, case.page(case.fires))
    length = again + case.wait + case.step
    return scenario([Scrapes(page)], step=case.step, length=length, samples=[fired(case.step, length, {})])


def just_not(near: NearMiss) -> Test:
    """All the time the trouble is there but for the last bit of it, and not even that is pending.

    Two pods show it, as where one follows the other, and make it no more; that there are two is told in time.
    Nor does it help that another repository, team or source of the same exporter, and the same one of two other
    exporters, have the whole trouble.
    """
    case = BY_NAME[near.alert]
    step, length = case.step, case.fires + 2 * case.step
    page = {**case.another.page(), **case.trouble, **near.page}
    others = [{**POD, "job": "other"}, {**POD, "namespace": "south"}]
    told = [series(case.another, POD), *(series(case, target) for target in others)]
    return scenario(
        [Scrapes(page, POD), Scrapes(page, NEXT), *(Scrapes(case.page(), target) for target in others)],
        step=step,
        length=length,
        samples=[
            fired(step, length, dict.fromkeys(told, 3), but=SHARED),
            fired(step, length, dict.fromkeys(told, case.wait // step), "pending", but=SHARED),
        ],
    )


def replaced(case: Case) -> Test:
    """A new pod comes while the alert is pending, and another while it fires; each time two are there for a scrape.

    While there are two, what is said is what one would say; but increases of a pod's few samples are estimates.
    """
    step = case.step
    first, second = case.fires - step, case.fires + step
    end = second + 2 * step
    said = [] if case.lasts else [(second, case.alert, [case.firing(POD)])]
    return scenario(
        lives(case.page(), (POD, 0, first + step), (NEXT, first, second + step), (LAST, second, None)),
        step=step,
        length=end,
        firing=said,
        samples=[fired(step, end, {series(case, POD): 4}), begun(case, POD, end)],
    )


def unscraped(case: Case) -> Test:
    """One scrape of a minute fails in the middle of the wait, which goes on all the same."""
    step, missed = MINUTE, START + case.holds + case.wait // 2
    end = case.fires + 2 * step
    return scenario(
        [Scrapes(case.page(), STATIC, 0, missed), Scrapes(case.page(), STATIC, missed + step)],
        step=step,
        length=end,
        samples=[fired(step, end, {series(case): 3})],
    )


def away(case: Case) -> Test:
    """While the alert fires, Prometheus does not reach the exporter for two hours; that is told beside it."""
    step = min(case.step, HOUR)
    gone, back = case.fires + step, case.fires + step + 2 * HOUR
    end = back + step
    down = HOUR // step + min(DOWN.keep // step, 2)
    evaluations = {series(case): (end - case.fires) // step + 1, series(DOWN): down}
    return scenario(
        [Scrapes(case.page(), STATIC, 0, gone), Scrapes(case.page(), STATIC, back)],
        step=step,
        length=end,
        firing=[(end, case.alert, [case.firing(STATIC)])],
        samples=[begun(case, STATIC, end), fired(step, end, evaluations)],
    )


def beside_others(case: Case) -> Test:
    """Of three exporters of the same repositories, told apart by job or namespace, two have the trouble.

    To the third the same is none, by its own thresholds, or it is healthy where no threshold decides.
    """
    step, length = case.step, case.fires + case.step
    one, calm, other = {"job": "a"}, {"job": "b"}, {"job": "a", "namespace": "south"}
    bearable = {**case.page(), **case.bearable} if case.bearable else HEALTHY
    return scenario(
        [Scrapes(case.page(), one), Scrapes(bearable, calm), Scrapes(case.page(), other)],
        step=step,
        length=length,
        firing=[
            (case.fires - step, case.alert, []),
            (case.fires, case.alert, [case.firing(one), case.firing(other)]),
        ],
        samples=[fired(step, length, {series(case, one): 2, series(case, other): 2})],
    )


def silent(case: Case, told: Case, more: Page) -> Test:
    """What is known of the source is old: that is told, and of its repositories nothing is even pending.

    That other exporters read theirs makes no difference.
    """
    step, length = case.stride, case.wait + case.stride
    waits = max(told.wait // step, 1)
    return scenario(
        [Scrapes({**case.page(start=0), **told.trouble, **more}), *(Scrapes(HEALTHY, each) for each in ELSEWHERE)],
        step=step,
        length=length,
        firing=[(length, told.alert, [told.firing(STATIC)])],
        samples=[
            fired(step, length, {series(told): length // step + 1 - waits}),
            fired(step, length, {series(told): waits}, "pending"),
        ],
    )


def of_stream(told: Case, stream: str) -> Case:
    """What is told of the changes of a source, of another of its streams."""
    return told._replace(
        labels={**told.labels, "stream": stream},
        description=told.description.replace("(changes)", f"({stream})"),
        trouble={series.replace('stream="changes"', f'stream="{stream}"'): old for series, old in told.trouble.items()},
    )


def stale(case: Case, stream: str) -> Test:
    """One stream of the source has not been read for an hour: that is told under its name, and nothing of the case."""
    return silent(case, of_stream(STALE, stream), {watermark(stream): STUCK.trouble[WATERMARK]})


def stuck(case: Case, stream: str) -> Test:
    """One stream of the source is read, and nothing of it is counted."""
    return silent(case, of_stream(STUCK, stream), {})


def all_failing(case: Case, stream: str) -> Test:
    """In one stream of the source no repository is healthy, and so it has no watermark."""
    return silent(case, of_stream(STALE, stream), {watermark(stream): None})


def old(source: str, *streams: str) -> Page:
    """A source of which these streams, or all, have not been read since the beginning."""
    return {kind(each, source): 0 for each in streams or STREAMS for kind in (last_success, watermark)}


def off(source: str, *streams: str) -> Page:
    """A source of which these streams are not switched on."""
    return dict.fromkeys(old(source, *streams), None)


def fires(case: Case, more: Page) -> Test:
    """The case is told in time whatever else there is on the page; so are all sources of other exporters stale."""
    elsewhere = {**HEALTHY, **old("forge"), **old("attic")}
    return scenario(
        [Scrapes({**case.page(start=0), **more}), *(Scrapes(elsewhere, target) for target in ELSEWHERE)],
        step=case.stride,
        length=case.wait,
        firing=[(case.wait - case.stride, case.alert, []), (case.wait, case.alert, [case.firing(STATIC)])],
    )


def off_is_silent(case: Case, *streams: str) -> Test:
    """These streams are not switched on; what their numbers were is still on the page, and nobody is told anything."""
    step, length = case.stride, case.wait + case.stride
    nothing = [fired(step, length, {}), fired(step, length, {}, "pending")]
    page = {**case.page(start=0), **off("forge", *streams)}
    return scenario([Scrapes(page)], step=step, length=length, samples=nothing)


def other_stale(case: Case) -> Test:
    """Another source is stale, which nobody of the team has anything in."""
    return fires(case, old("attic"))


THIRD = 'sdlc_repository_info{repository="acme/old",source="shed",team="basket"}'


def partly_off(case: Case, *streams: str) -> Test:
    """The team has a third repository, in a source where these streams are not switched on."""
    shed = {kind(each, "shed"): HEALTHY[kind(each)] for each in STREAMS for kind in (last_success, watermark)}
    return fires(case, {THIRD: 1, **shed, **off("shed", *streams)})


def partly_stale(case: Case, *streams: str) -> Test:
    """The team has a third repository, whose source is stale. Other teams are fresh, and so are other exporters."""
    page = {**case.page(start=0), **old("shed", *streams), THIRD: 1}
    return scenario(
        [Scrapes(page), *(Scrapes(HEALTHY, target) for target in ELSEWHERE)],
        step=case.stride,
        length=case.wait + case.stride,
        firing=[(case.wait, case.alert, []), (case.wait + case.stride, case.alert, [])],
    )


def organisation(*stale: str, name: str = "SdlcEscapeRateDrifting") -> Test:
    """All repositories together have the trouble, and no team has; it is told unless a stream of a source is stale."""
    team = BY_NAME[name]
    case = team._replace(
        labels={**team.labels, "team": "all"},
        description=team.description.replace("basket", "all"),
        dashboard=team.dashboard.replace("basket", "all"),
        trouble={series.replace("basket", "all"): value for series, value in team.trouble.items()},
    )
    page = {**case.page(start=0), **(old("attic", *stale) if stale else {})}
    end = case.wait + case.stride
    return scenario(
        [Scrapes(page), *(Scrapes(HEALTHY, target) for target in ELSEWHERE)],
        step=case.stride,
        length=end,
        firing=[
            (case.wait - case.stride, case.alert, []),
            (end, case.alert, [] if stale else [case.firing(STATIC)]),
        ],
    )


def nobodys() -> Test:
    """Notes that are no team's own name QA, and no repository is nobody's."""
    team = BY_NAME["SdlcQaBlocking, named"]
    case = team._replace(
        labels={**team.labels, "team": "none"},
        description=team.description.replace("basket", "none"),
        dashboard=team.dashboard.replace("basket", "none"),
        trouble={series.replace("basket", "none"): value for series, value in team.trouble.items()},
    )
    page = {**HEALTHY, **case.trouble}
    return scenario(
        [Scrapes(page), *(Scrapes(HEALTHY, target) for target in ELSEWHERE)],
        step=case.step,
        length=DAY,
        firing=[(DAY, case.alert, [case.firing(STATIC)])],
    )


def bad_polls() -> Test:
    """The watermark is gone from 10 to 60 minutes into a trouble: within an hour before there is one that is younger.

    To another exporter it does not come back. The last one, of 5 minutes into the trouble and then 6 minutes old, is an
    hour old 59 minutes into it; so the alert holds for the last time after 55, and three hours after 60 it is over.
    """
    case = BY_NAME["SdlcReviewWaitTooLong"]
    step, gone, length = case.step, START + 10 * MINUTE, START + 5 * HOUR
    mark = HEALTHY[WATERMARK]
    back = {**case.page(), WATERMARK: turns(gone, mark, turns(START + HOUR, lambda time: None, mark))}
    away = {**case.page(), WATERMARK: turns(gone, mark, lambda time: None)}
    one, other = {"job": "back"}, {"job": "away"}
    evaluations = {
        series(case, one): (length - case.fires) // step + 1,
        series(case, other): (START + 4 * HOUR - case.fires) // step,
    }
    return scenario(
        [Scrapes(back, one), Scrapes(away, other)],
        step=step,
        length=length,
        samples=[fired(step, length, evaluations)],
    )


def spread(case: Case) -> Test:
    """The team's second repository is in another source than the first."""
    here = 'sdlc_repository_info{{repository="acme/cart",source="{}",team="basket"}}'
    return fires(case, {here.format("forge"): lambda time: None, here.format("attic"): 1})


def shared_annotations(exporters: int, job: str) -> dict[str, str]:
    """What is said of some exporters under one job."""
    return {
        "summary": "Several exporters share a job, and alerts take them for one.",
        "description": f"{exporters} exporters are scraped as job {job}. When one of them is gone nobody is told, and "
        "thresholds of one are compared with numbers of the other. Each needs a job of its own.",
        "runbook_url": f"{RUNBOOKS}/{SHARED}.md",
        "dashboard_url": f"{GRAFANA}/d/sdlc-exporter",
    }


def shared() -> Test:
    """From 1:00 to before 4:00 two exporters have one job; at 4:00 the scrape of 3:56 is still seen."""
    step, length = 4 * MINUTE, 5 * HOUR
    labels = {"job": "sdlc", "severity": "warning"}
    return scenario(
        [
            Scrapes(HEALTHY, STATIC),
            Scrapes(HEALTHY, {**STATIC, "instance": "exporter-of-data:9517"}, HOUR, 4 * HOUR),
        ],
        step=step,
        length=length,
        firing=[
            (2 * HOUR - step, SHARED, []),
            (2 * HOUR, SHARED, [Firing(SHARED, labels, shared_annotations(2, "sdlc"))]),
            (4 * HOUR + step, SHARED, []),
        ],
        samples=[
            fired(step, length, {alert_series(SHARED, labels): 31}),
            fired(step, length, {alert_series(SHARED, labels): 15}, "pending"),
        ],
    )
