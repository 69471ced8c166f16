"""The pretend Jira answers over HTTP, asks who one is, and fails when it is told to."""

import json
import urllib.error
import urllib.request

import pytest

from exporter.providers.jira.answers import authorization
from tests.double.jira import CLOUD, DATACENTER, Tracker, serve
from tests.double.jira.tracker import Answer

BODY = {
    "jql": 'project in ("SHOP") AND updated >= 0 ORDER BY updated ASC, key ASC',
    "fields": ["labels"],
    "maxResults": 9,
}


def call(url, path, secret=None, body=BODY):
    headers = {"Authorization": authorization(secret or Tracker().secret), "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)  # noqa: S310 - of this machine
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize(
    ("deployment", "path"), [(CLOUD, "/rest/api/3/search/jql"), (DATACENTER, "/rest/api/2/search")]
)
def test_a_search_is_answered_to_whom_it_knows(deployment, path):
    tracker = Tracker(deployment, secret="a:b" if deployment == CLOUD else "token")
    tracker.add("SHOP-1", 5, labels=["x"])
    with serve(tracker) as url:
        status, found = call(url, path, tracker.secret)
        assert (status, [each["fields"] for each in found["issues"]]) == (200, [{"labels": ["x"]}])
        assert call(url, path, "somebody else")[0] == 401
        tracker.faults.append(Answer(429, {}, {"retry-after": "3"}))
        assert [call(url, path, tracker.secret)[0] for _ in range(2)] == [429, 200]


def test_other_searches_and_paths_are_refused():
    tracker = Tracker()
    tracker.add("SHOP-1", 5)
    with serve(tracker) as url:
        assert call(url, "/rest/api/3/search/jql", body=BODY | {"jql": "order by key"})[0] == 400
        unknown = BODY | {"jql": BODY["jql"].replace("SHOP", "NONE")}
        assert call(url, "/rest/api/3/search/jql", body=unknown)[0] == 400
        assert call(url, "/rest/api/2/search")[0] == 410
        assert call(url, "/rest/api/3/issue/1")[0] == 404
