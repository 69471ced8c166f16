"""What an artifact may not do to us, and that it costs no other report."""

import gc
import random
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from io import BytesIO

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.errors import ExporterError, Unreadable
from exporter.testreports import Limits, Reason, Reports, read_archive
from tests.testreports.zips import CASES, packed, patched, suite, zipped

GOOD = suite(CASES)


def left_out(body, limits=None):
    """The reasons, once the good report beside the bad one has been counted."""
    reports = read_archive(body, limits=limits or Limits())
    assert (reports.read, reports.passed) == (1, 1)
    return dict(reports.left_out)


@pytest.mark.parametrize(
    "name",
    [
        "junit.xml",
        "a/b/TEST-com.acme.CartTest.xml",
        "build/test-results/test/com.acme.Cart.xml",
        "report.xml",
        "py311/pytest.xml",
        "results.xml",
        "phpunit.xml",
        "win\\TestResults.xml",
    ],
)
def test_the_names_under_which_projects_upload_reports_are_read(name):
    assert read_archive(packed({name: GOOD})).read == 1


@pytest.mark.parametrize("name", ["coverage.xml", "pom.xml", "junit.json", "junit.xml/", "checkstyle.xml"])
def test_other_files_are_neither_read_nor_missing(name):
    assert read_archive(packed({name: GOOD})) == Reports()


def test_globs_of_ones_own_replace_the_usual_ones():
    body = packed({"out/cases.xml": GOOD, "junit.xml": GOOD})
    assert read_archive(body, globs=("out/*.xml",)).read == 1


def test_an_empty_archive_has_no_reports():
    assert read_archive(packed({})) == Reports()


@pytest.mark.parametrize("body", [b"", b"PK", b"not found", packed({"junit.xml": GOOD})[:-30]])
def test_what_is_no_whole_zip_is_said_to_be_none(body):
    with pytest.raises(Unreadable, match="no readable zip"):
        read_archive(body)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd-test.xml", "/junit.xml", "C:/junit.xml", "a/../junit.xml", "a\\..\\junit.xml"]
)
def test_a_name_that_leaves_its_folder_is_refused(name):
    assert left_out(packed({name: GOOD, "junit.xml": GOOD})) == {Reason.UNSAFE_NAME: 1}


def test_a_name_that_is_long_beyond_reason_is_refused_before_it_is_matched():
    assert left_out(packed({"junit" * 4000 + ".xml": GOOD, "junit.xml": GOOD})) == {Reason.UNSAFE_NAME: 1}


def test_of_two_files_with_one_name_neither_is_read():
    target = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w") as archive:
        warnings.simplefilter("ignore")
        for name in ("test.xml", "test.xml", "junit.xml"):
            archive.writestr(name, GOOD)
    assert left_out(target.getvalue()) == {Reason.DUPLICATE: 2}


def test_a_symbolic_link_is_not_a_file():
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("test.xml")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("junit.xml", GOOD)
    assert left_out(target.getvalue()) == {Reason.NOT_A_FILE: 1}


def test_a_name_that_goes_on_after_its_end_is_refused():
    """A name is cut at its first zero byte, by zipfile and not by everybody."""
    body = packed({"test.xml_.exe": GOOD, "junit.xml": GOOD}).replace(b"test.xml_", b"test.xml\0")
    assert left_out(body) == {Reason.UNSAFE_NAME: 1}


def test_an_encrypted_file_is_not_read():
    body = packed({"test.xml": GOOD, "junit.xml": GOOD})
    assert left_out(patched(body, 8, "<H", 1, local_at=6)) == {Reason.ENCRYPTED: 1}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_methods_of_compression_that_artifacts_do_not_use_are_refused(method):
    body = packed({"test.xml": GOOD, "junit.xml": GOOD})
    assert left_out(patched(body, 10, "<H", method, local_at=8)) == {Reason.COMPRESSION: 1}


def test_a_zip_in_a_zip_is_not_opened():
    inner = packed({"test.xml": GOOD})
    assert left_out(packed({"test.xml": inner, "inner.zip": inner, "junit.xml": GOOD})) == {Reason.NOT_XML: 1}


def test_a_bomb_is_put_out_at_the_limit_and_takes_no_memory():
    """Ten megabytes of blanks are 10 kB deflated; each of a hundred such files is stopped after 1 MB."""
    blanks = b"<testsuite>" + b" " * 10_000_000
    body = packed({f"test{number:03}.xml": blanks for number in range(100)} | {"a-test.xml": GOOD})
    limits = Limits(member_bytes=1 << 20, total_bytes=1 << 30)
    lying = body.replace(struct.pack("<I", len(blanks)), struct.pack("<I", 1000))  # every header says a thousand bytes
    tracemalloc.start()
    try:
        assert left_out(body, limits) == {Reason.TOO_LARGE: 100}
        assert set(left_out(lying, limits)) <= {Reason.TOO_LARGE, Reason.DAMAGED}
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_header_that_claims_less_than_there_is_gains_nothing():
    """A size of 20 bytes with the checksum of those 20: zipfile hands out no more, and that is no XML."""
    start = GOOD.encode()[:20]
    body = packed({"test.xml": GOOD, "junit.xml": GOOD})
    lying = patched(patched(body, 24, "<I", 20, local_at=22), 16, "<I", zlib.crc32(start), local_at=14)
    assert left_out(lying) == {Reason.NOT_XML: 1}


def test_a_header_that_claims_more_than_is_allowed_is_not_even_opened():
    body = packed({"test.xml": GOOD, "junit.xml": GOOD})
    assert left_out(patched(body, 24, "<I", 0xFFFFFFF0, local_at=22)) == {Reason.TOO_LARGE: 1}


def test_a_zip64_directory_that_lies_about_where_and_how_large_is_damage_or_too_large():
    """0xFFFFFFFF sends the reader to an extra field (id 1) of 8-byte numbers; here they are the largest there are."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("junit.xml", GOOD)
        info = zipfile.ZipInfo("test.xml")
        info.extra = struct.pack("<HHQQ", 1, 16, 2**64 - 1, 2**63 - 1)
        archive.writestr(info, GOOD)
    body = target.getvalue()
    size_lie = patched(body, 24, "<I", 0xFFFFFFFF, entry=1)
    assert left_out(size_lie) == {Reason.TOO_LARGE: 1}
    assert left_out(patched(body, 42, "<I", 0xFFFFFFFF, entry=1)) == {Reason.DAMAGED: 1}


@pytest.mark.parametrize("lie", [{42: 2**32 - 2}, {20: 2**20, 24: 2**20}], ids=["beyond the end", "too long"])
def test_a_directory_that_points_astray_is_damage(lie):
    body = packed({"junit.xml": GOOD, "test.xml": GOOD}, zipfile.ZIP_STORED)
    for at, value in lie.items():
        body = patched(body, at, "<I", value, entry=1)
    assert left_out(body) == {Reason.DAMAGED: 1}


def test_a_directory_that_says_it_begins_later_than_it_does_damages_all():
    """Every file is then looked for before the first byte; newer versions of zipfile see it coming."""
    body = bytearray(packed({"junit.xml": GOOD}))
    struct.pack_into("<I", body, body.index(b"PK\x05\x06") + 16, len(body) + 1000)
    try:
        found = read_archive(bytes(body)).left_out
    except Unreadable:
        return
    assert found == ((Reason.DAMAGED, 1),)


def test_a_name_that_is_not_in_its_encoding_makes_the_directory_unreadable():
    body = packed({"jünit.xml": GOOD})
    with pytest.raises(Unreadable, match="no readable zip"):
        read_archive(body.replace("ü".encode(), b"\xff\xff"))


def test_all_reports_share_one_allowance():
    """Two of three reports of 1,000 bytes fit into 2,500 bytes."""
    text = suite(CASES).ljust(1000)
    body = zipped(test1=text, test2=text, test3=text)
    reports = read_archive(body, limits=Limits(total_bytes=2500))
    assert (reports.read, reports.passed, reports.left_out) == (2, 2, ((Reason.TOO_LARGE, 1),))


def test_reports_beyond_the_allowed_number_are_counted_and_not_read():
    body = packed({f"test{number}.xml": GOOD for number in range(5)})
    reports = read_archive(body, limits=Limits(members=3))
    assert (reports.read, reports.left_out) == (3, ((Reason.TOO_MANY, 2),))


def test_entries_that_share_their_bytes_are_refused():
    """Fifield's bomb: the directory lists one kernel of compressed bytes under many names."""
    kernel = packed({"test.xml": GOOD})
    start = kernel.index(b"PK\x01\x02")
    end = kernel.index(b"PK\x05\x06")
    entry = kernel[start:end]
    count = 50
    directory = entry * count
    close = bytearray(kernel[end:])
    struct.pack_into("<HHII", close, 8, count, count, len(directory), start)
    names = b"".join(entry.replace(b"test.xml", b"te%02d.xml" % number) for number in range(count))
    reports = read_archive(kernel[:start] + names + bytes(close), globs=("*.xml",))
    assert (reports.read, reports.left_out) == (0, ((Reason.OVERLAPPING, count),))


def test_an_entry_that_reaches_into_the_next_is_refused():
    body = packed({"test.xml": GOOD, "junit.xml": GOOD})
    assert left_out(patched(body, 20, "<I", 150, local_at=18)) == {Reason.OVERLAPPING: 1}


def test_a_hundred_thousand_files_are_refused_before_the_directory_is_read():
    """An entry is at least 46 bytes: 4.6 MB of directory, for which zipfile would take fifty."""
    entry = b"PK\x01\x02" + bytes(42)
    body = entry * 100_000 + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(entry) * 100_000, 0, 0)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="more than 20000 files"):
            read_archive(body)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_file_whose_checksum_is_wrong_is_damaged():
    body = packed({"test.xml": GOOD, "junit.xml": GOOD})
    assert left_out(patched(body, 16, "<I", 1, local_at=14)) == {Reason.DAMAGED: 1}


def test_the_order_of_the_files_does_not_matter():
    reports = {f"test{number}.xml": suite(CASES.replace("adds", f"adds{number}")) for number in range(20)}
    backwards = dict(reversed(reports.items()))
    limits = Limits(members=7)
    assert read_archive(packed(reports), limits=limits) == read_archive(packed(backwards), limits=limits)


def test_a_fact_of_a_huge_red_report_stays_below_20_kb():
    """Fifty thousand tests with long names, a tenth of them red or flaky in all ways JSON finds expensive."""
    bad = "".join(
        f'<testcase name="{"&quot;" * 30}{chr(92) * 30}{number}"><{("flakyError", "failure")[number % 2]}/></testcase>'
        for number in range(5000)
    )
    body = zipped(junit=suite(bad, *(CASES.replace("adds", f"adds {number}") for number in range(45_000))))
    reports = read_archive(body)
    # Of 5,000 every second failed for good, the others passed in the end: 45,000 + 2,500.
    assert (reports.passed, reports.failed, len(reports.red), len(reports.flaky)) == (47_500, 2500, 80, 40)
    assert (reports.red_more, reports.flaky_more) == (2420, 2460)
    assert len(msgspec.json.encode(reports)) < 20_000


def test_files_that_are_refused_leave_nothing_behind():
    """A thousand broken files of 60 kB, and a collector that does not come: what stays is their directory."""
    body = packed({f"test{number}.xml": b"<testsuite>" + b" " * 60_000 + b"<" for number in range(1000)})
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        assert read_archive(body).left_out == ((Reason.NOT_XML, 1000),)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
        gc.enable()


LIMITS = Limits(member_bytes=50_000, total_bytes=100_000, elements=1000, cases=500)


def _mutated(seed):
    chance = random.Random(seed)
    body = bytearray(packed({"test.xml": suite(CASES, "<testcase><failure/></testcase>"), "junit.xml": GOOD * 3}))
    for _ in range(chance.randrange(1, 6)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body[: chance.randrange(len(body) // 2, len(body) + 1)] if chance.random() < 0.1 else body)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=300), st.integers(0, 2**32).map(_mutated)))
def test_any_bytes_are_read_or_refused_in_our_own_words(body):
    try:
        reports = read_archive(body, limits=LIMITS)
    except ExporterError:
        return
    assert reports.passed + reports.failed + reports.error + reports.skipped <= LIMITS.cases


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet="<>/&;!?[]-'\"= testsuitecasenameéπ\0", max_size=200)))
def test_any_report_is_counted_or_left_out_with_a_reason(text):
    reports = read_archive(zipped(junit=text), limits=LIMITS)
    assert reports.read + sum(count for _, count in reports.left_out) == 1
