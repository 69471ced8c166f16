"""A caller of the double for tests: one request, one connection, the whole answer."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.double.server import LOOPBACK, TOKEN, Double


class Got(NamedTuple):
    """An answer: ``headers`` have lower-case names, ``body`` is the text."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def call(
    double: Double,
    method: str,
    path: str,
    body: Any = None,
    token: str | None = TOKEN,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10,
) -> Got:
    """Sends one request and reads the whole answer."""
    connection = http.client.HTTPConnection(LOOPBACK, double.port, timeout=timeout)
    sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        response = connection.getresponse()
        text = response.read().decode()
        return Got(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
    finally:
        connection.close()


def ask(double: Double, query: str, _path: str = "/graphql", **variables: Any) -> Got:
    """Sends one GraphQL query with the double's own token."""
    return call(double, "POST", _path, {"query": query, "variables": variables})
