"""Runs the rules, as they are committed, through ``promtool test rules``."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.alerts.scrapes import Scrapes, input_series, selector

PROMTOOL = shutil.which("promtool")
RULES = Path(__file__).resolve().parents[2] / "alerts"

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")

Test = dict[str, Any]
BESIDE = "SdlcTeamNotJudged"
"""It fires beside those that tell of a stale stream, for each team."""


class Firing(NamedTuple):
    """An alert as Alertmanager is told of it; labels without ``alertname``."""

    alert: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def scenario(
    scrapes: Sequence[Scrapes],
    *,
    step: int,
    length: int,
    firing: Sequence[tuple[int, str, Sequence[Firing]]] = (),
    samples: Sequence[tuple[int, str, Mapping[str, float]]] = (),
) -> Test:
    """One test, over ``length`` seconds, for ``check``; scrapes and evaluations are ``step`` seconds apart.

    Scrapes and evaluations fall together, so a step may be longer than the five minutes that Prometheus looks back:
    a rule sees the samples of the evaluation's own second, and of no earlier one unless it asks for a range.

    ``firing``: when, the name of an alert, and all that fire under it then. ``samples``: when, a query, and its whole
    answer by labels.
    """
    return {
        "interval": f"{step}s",
        "input_series": input_series(scrapes, step, length),
        "alert_rule_test": [
            {
                "eval_time": f"{at}s",
                "alertname": alert,
                "exp_alerts": [
                    {"exp_labels": dict(each.labels), "exp_annotations": dict(each.annotations)} for each in expected
                ],
            }
            for at, alert, expected in firing
        ],
        "promql_expr_test": [
            {
                "eval_time": f"{at}s",
                "expr": expr,
                "exp_samples": [{"labels": labels, "value": value} for labels, value in expected.items()],
            }
            for at, expr, expected in samples
        ],
    }


def fired(
    step: int, length: int, expected: Mapping[str, int], state: str = "firing", but: str = ""
) -> tuple[int, str, dict[str, float]]:
    """For ``samples``: at how many evaluations of the whole test each alert (labels as PromQL writes them) fired.

    What is not in ``expected`` never did; nobody asks of ``but``, nor of ``BESIDE``, which has tests of its own.
    """
    alerts = f'ALERTS{{alertstate="{state}",alertname!~"{but}|{BESIDE}"}}'
    query = f"sum without (alertstate) (count_over_time({alerts}[{length + step}s]))"
    return length, query, {labels: float(count) for labels, count in expected.items()}


def alert_series(alert: str, labels: Mapping[str, str]) -> str:
    """An alert's labels, with its name among them, as PromQL writes them."""
    return selector({"alertname": alert, **labels})


def told(folder: Path, test: Test, rules: Path = RULES) -> str:
    """What promtool finds wrong; empty when all is as expected.

    Groups are evaluated in a fixed order, since promtool takes the files' groups in any. It lives for so short a time
    that collecting garbage early, a quarter of it, gains nothing.
    """
    path = folder / "test.json"
    document = {
        "rule_files": [str(each) for each in sorted(rules.glob("*.yaml"))],
        "evaluation_interval": test["interval"],
        "group_eval_order": ["sdlc-exporter", "sdlc-review"],
        "tests": [test],
    }
    path.write_text(json.dumps(document))
    words, env = [str(PROMTOOL), "test", "rules", str(path)], {**os.environ, "GOGC": "400"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == (1 if "FAILED" in done.stdout + done.stderr else 0), done.stderr
    return done.stderr + done.stdout if done.returncode else ""


def check(folder: Path, test: Test) -> None:
    """Fails with what promtool says where the rules do something else than the test expects."""
    assert not (said := told(folder, test)), said
