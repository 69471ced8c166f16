"""Two exporters under one job are taken for one, and that is told; a pod that follows another is one exporter."""

from exporter.catalogue import HOUR, MINUTE
from tests.alerts import situations
from tests.alerts.cases import START
from tests.alerts.healthy import HEALTHY
from tests.alerts.promtool import Firing, check, fired, needs_promtool, scenario
from tests.alerts.scrapes import POD, STATIC, Scrapes, Target
from tests.alerts.situations import LAST, NEXT, SHARED

pytestmark = needs_promtool

ANOTHER: Target = {**STATIC, "instance": "exporter-of-data:9517"}


def test_it_is_told_after_an_hour_and_until_one_has_gone(tmp_path):
    check(tmp_path, situations.shared())


def test_three_in_a_namespace_are_told_as_three(tmp_path):
    length = START + HOUR
    labels = {"job": "sdlc-exporter", "namespace": "delivery", "severity": "warning"}
    test = scenario(
        [Scrapes(HEALTHY, target) for target in (POD, NEXT, LAST)],
        step=5 * MINUTE,
        length=length,
        firing=[(length, SHARED, [Firing(SHARED, labels, situations.shared_annotations(3, "sdlc-exporter"))])],
    )
    check(tmp_path, test)


def test_exporters_with_jobs_namespaces_or_clusters_of_their_own_share_nothing(tmp_path):
    targets = STATIC, {**ANOTHER, "job": "other"}, {**ANOTHER, "namespace": "south"}, {**ANOTHER, "cluster": "west"}
    step, length = 5 * MINUTE, 3 * HOUR
    test = scenario(
        [Scrapes(HEALTHY, target) for target in targets],
        step=step,
        length=length,
        samples=[fired(step, length, {}), fired(step, length, {}, "pending")],
    )
    check(tmp_path, test)


def test_a_new_version_and_a_pod_that_follows_another_are_told_to_nobody(tmp_path):
    """Both pods are there for 20 minutes, and in the middle of the hours before the one began to say a new version."""
    step, length = 5 * MINUTE, 6 * HOUR
    build = next(series for series in HEALTHY if series.startswith("sdlc_exporter_build_info"))
    newer = {build.replace('version="', 'version="9'): HEALTHY[build]}
    rest = {series: value for series, value in HEALTHY.items() if series != build}
    test = scenario(
        [
            Scrapes(HEALTHY, POD, 0, 2 * HOUR),
            Scrapes({**rest, **newer}, POD, 2 * HOUR, 4 * HOUR),
            Scrapes({**rest, **newer}, NEXT, 4 * HOUR - 20 * MINUTE),
        ],
        step=step,
        length=length,
        samples=[fired(step, length, {})],
    )
    check(tmp_path, test)
