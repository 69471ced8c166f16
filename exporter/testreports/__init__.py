"""From the bytes of a CI artifact to what the tests in it said: bytes in, values out.

Everything in an artifact is written by whoever may open a change, so nothing in it is believed or kept: no message, no
stack trace, no output; of a test's name its tail, and only where the test was red.
"""

from exporter.testreports.archive import DEFAULT_GLOBS, read_archive
from exporter.testreports.limits import LeftOut, Limits, Reason
from exporter.testreports.reports import Reports, Result, flaky, kept, numbered, turned_green

__all__ = [
    "DEFAULT_GLOBS",
    "LeftOut",
    "Limits",
    "Reason",
    "Reports",
    "Result",
    "flaky",
    "kept",
    "numbered",
    "read_archive",
    "turned_green",
]
