"""Bytes of the protobuf message, put together by hand after the encoding's description."""

import pytest

from exporter.write_request import head, series, stamp, varint


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),  # 0000001 0000000
        (300, "ac02"),  # 0000010 0101100
        (1_700_000_000_000, "80d095ffbc31"),
    ],
)
def test_a_number_is_written_seven_bits_at_a_time(number, written):
    """The last: 1.7e12 = 49 * 2^35 + 60 * 2^28 + 127 * 2^21 + 21 * 2^14 + 80 * 2^7 + 0, each but the last or 0x80."""
    assert varint(number).hex() == written


def test_one_series_of_one_sample():
    """Label a=b is 0a 01 'a' 12 01 'b', six bytes; the sample 09 and a double, 10 and 5: eleven; 2 + 6 + 2 + 11."""
    at = stamp(5)
    assert at.hex() == "1005"
    found = series(head({"a": "b"}, at), 1.0, at)
    label = "0a06" + "0a0161" + "120162"
    sample = "120b" + "09" + "000000000000f03f" + "1005"
    assert found.hex() == "0a15" + label + sample
    assert 0x15 == 21 == 2 + 6 + 2 + 11


def test_labels_stand_in_the_order_of_their_names_and_empty_ones_not_at_all():
    """Capital letters come before the underscore of ``__name__``, small ones after it."""
    at = stamp(5)
    found = head({"z": "1", "__name__": "up", "Env": "x", "gone": ""}, at)
    env, name, last = b"\n\x03Env\x12\x01x", b"\n\x08__name__\x12\x02up", b"\n\x01z\x12\x011"
    named = b"\n\x08" + env + b"\n\x0e" + name + b"\n\x06" + last
    assert found == b"\n" + bytes([len(named) + 13]) + named + b"\x12\x0b\x09"


def test_lengths_count_bytes_and_not_letters():
    """A label of 200 letters of two bytes: 400 is 90 03, and the pair with its name 3 + 3 + 400."""
    at = stamp(5)
    found = head({"a": "é" * 200}, at)
    pair = b"\n\x01a\x12\x90\x03" + "é".encode() * 200
    named = b"\n" + varint(len(pair)) + pair
    assert found == b"\n" + varint(len(named) + 13) + named + b"\x12\x0b\x09"
