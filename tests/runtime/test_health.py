"""What the exporter counts of its own work."""

from exporter.errors import ServerError
from exporter.providers.base import Budget
from exporter.runtime.health import Health
from exporter.runtime.limits import Limits


def test_a_failure_is_counted_once_however_many_hands_it_goes_through():
    health, error = Health(), ServerError("502")
    health.failed(10, "forge", error)
    health.failed(11, "forge", error)
    health.failed(12, "forge", ServerError("502"))
    assert health.errors["forge", "server_error"] == 2
    assert [trouble.at for trouble in health.recent] == [12, 10]


def test_a_source_that_is_not_configured_any_more_leaves_its_counters_only():
    health = Health()
    for name in ("here", "left"):
        health.failed(10, name, ServerError("502"))
        health.budgets[name, "graphql"] = Budget("graphql", 5000, 4000, 99)
        health.loading[name] = 0.5
        health.clocks[name] = lambda: 0
        health.limits[name, ""] = Limits(name, 0.2)
    health.forget_all_but({"here"})
    assert set(health.budgets) == {("here", "graphql")}
    assert set(health.limits) == {("here", "")}
    assert set(health.loading) == set(health.clocks) == set(health.last_error) == {"here"}
    assert health.errors["left", "server_error"] == 1
