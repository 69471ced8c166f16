"""A pretend Jira, Cloud or Data Center: plain state, its answers, and a server on this machine."""

from tests.double.jira.server import serve
from tests.double.jira.tracker import CLOUD, DATACENTER, Ticket, Tracker

__all__ = ["CLOUD", "DATACENTER", "Ticket", "Tracker", "serve"]
