"""Time series as Prometheus' remote write takes them: the protobuf message ``prometheus.WriteRequest`` of protocol 1.0.

Four messages of two fields each need no library. A request is its series one after another.
Source: https://prometheus.io/docs/specs/remote_write_spec/
"""

from collections.abc import Mapping
from struct import Struct

VARINT, DOUBLE, BYTES = 0, 1, 2
"""Wire types. Source: https://protobuf.dev/programming-guides/encoding/"""
_double = Struct("<d").pack


def varint(number: int) -> bytes:
    """A whole number from 0 on, seven bits in a byte, the lowest first."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def stamp(milliseconds: int) -> bytes:
    """The timestamp of a ``Sample``, milliseconds since the epoch."""
    return _tag(2, VARINT) + varint(milliseconds)


def head(labels: Mapping[str, str], stamp: bytes) -> bytes:
    """What a ``TimeSeries`` of one sample begins with: everything before the sample's value.

    ``labels`` with the metric's name as ``__name__``; an empty one is the same as none. They have to stand in the order
    of their names.
    """
    pairs = (_text(1, name) + _text(2, value) for name, value in sorted(labels.items()) if value)
    named = b"".join(_tag(1, BYTES) + varint(len(pair)) + pair for pair in pairs)
    value = _tag(1, DOUBLE)
    sample = _tag(2, BYTES) + varint(len(value) + 8 + len(stamp)) + value
    return _tag(1, BYTES) + varint(len(named) + len(sample) + 8 + len(stamp)) + named + sample


def series(head: bytes, value: float, stamp: bytes) -> bytes:
    """A ``TimeSeries`` of one sample, as it stands in a ``WriteRequest``."""
    return head + _double(value) + stamp


def _tag(field: int, wire: int) -> bytes:
    return varint(field << 3 | wire)


def _text(field: int, text: str) -> bytes:
    written = text.encode("utf-8", "replace")
    return _tag(field, BYTES) + varint(len(written)) + written
