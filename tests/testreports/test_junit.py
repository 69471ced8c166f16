"""Reports as the tools write them, by hand; and what is refused of XML."""

import pytest

from exporter.testreports import Limits, Reason, read_archive
from exporter.testreports.junit import seconds
from tests.testreports.zips import suite, zipped


def read(text, limits=None):
    reports = read_archive(zipped(junit=text), limits=limits or Limits())
    assert reports.left_out == ()
    return reports


def reason(text, limits=None):
    reports = read_archive(zipped(junit=text), limits=limits or Limits())
    assert reports.read == reports.passed == reports.failed == 0
    ((word, count),) = reports.left_out
    assert count == 1
    return word


def counts(reports):
    return (reports.passed, reports.failed, reports.error, reports.skipped)


def names(ids):
    return sorted(each.rpartition("#")[0] for each in ids)


PYTEST = """<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1"
failures="1" skipped="2" tests="5" time="2.25" timestamp="2026-11-30T10:00:00.123456+00:00" hostname="runner">
<testcase classname="tests.test_cart" name="test_adds[1-2]" time="0.5"><properties><property name="k" value="v"/>
</properties></testcase>
<testcase classname="tests.test_cart" name="test_total" time="1.25"><failure message="assert 1 == 2">def test():
E assert</failure><system-out>secret</system-out></testcase>
<testcase classname="tests.test_cart" name="test_db" time="0.5"><error message="failed on setup">x</error></testcase>
<testcase classname="tests.test_cart" name="test_later" time="0"><skipped type="pytest.skip" message="no">n</skipped>
</testcase><testcase classname="tests.test_cart" name="test_xfail" time="0"><skipped type="pytest.xfail" message=""/>
</testcase></testsuite></testsuites>"""


def test_pytest():
    reports = read(PYTEST)
    assert counts(reports) == (1, 1, 1, 2)
    assert reports.seconds == 2.25  # 0.5 + 1.25 + 0.5
    assert names(reports.red) == ["tests.test_cart::test_db", "tests.test_cart::test_total"]
    assert (reports.flaky, reports.red_more, reports.flaky_more, reports.read) == ((), 0, 0, 1)


def test_nothing_of_messages_and_output_is_kept():
    assert not any(word in repr(read(PYTEST)) for word in ("secret", "assert", "runner", "setup"))


SUREFIRE = """<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0" name="shop.CartTest">
<properties><property name="java.version" value="21"/></properties>
<testcase name="mended" classname="shop.CartTest" time="0.1"><flakyFailure message="m" type="t">
<stackTrace>s</stackTrace><system-out>o</system-out></flakyFailure></testcase>
<testcase name="threw" classname="shop.CartTest" time="0.1"><flakyError type="t"/></testcase>
<testcase name="never" classname="shop.CartTest" time="1,234.5"><failure type="t">s</failure><rerunFailure type="t"/>
<rerunError type="t"/></testcase>
<testcase name="fine" classname="shop.CartTest" time=""/></testsuite>"""


def test_surefire_says_itself_what_failed_and_then_passed():
    reports = read(SUREFIRE)
    assert counts(reports) == (3, 1, 0, 0)
    assert names(reports.flaky) == ["shop.CartTest::mended", "shop.CartTest::threw"]
    assert names(reports.red) == ["shop.CartTest::never"]
    assert reports.seconds == 1234.7  # 0.1 + 0.1 + 1234.5


def test_a_rerun_alone_means_that_the_last_run_passed():
    assert names(read(suite('<testcase name="a"><rerunFailure/></testcase>')).flaky) == ["shop::a"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_test_listed_red_and_green_is_flaky(order):
    """As plugins that run a failed test again list it: one case for each try, both counted."""
    tries = ['<testcase classname="t" name="a"><failure/></testcase>', '<testcase classname="t" name="a"/>']
    reports = read(suite(*(tries[each] for each in order)))
    assert counts(reports) == (1, 1, 0, 0)
    assert (names(reports.flaky), reports.red) == (["t::a"], ())


def test_the_same_name_in_two_reports_or_suites_is_two_tests():
    """Legs of a matrix in one artifact: red on one platform and green on another is no flake."""
    red, green = '<testcase classname="t" name="a"><error/></testcase>', '<testcase classname="t" name="a"/>'
    two = read_archive(zipped(**{"py311-junit": suite(red), "py312-junit": suite(green)}))
    one = read(f"<testsuites>{suite(red, name='linux')}{suite(green, name='windows')}</testsuites>")
    for reports in (two, one):
        assert (names(reports.red), reports.flaky) == (["t::a"], ())


def test_dates_and_run_numbers_in_names_of_files_and_suites_are_not_part_of_a_test():
    def ids(stamp):
        text = suite('<testcase classname="t" name="a"><error/></testcase>', name=f"run {stamp}")
        return read_archive(zipped(**{f"test-{stamp}": text})).red

    assert ids("2026-11-30T10.00.01") == ids("2026-12-01T09.30.59")
    assert ids("20261130100001") == ids("20261201093059")
    assert ids("6f1c2a3e-0d4b-4c5a-9e8f-001122334455") == ids("7f1c2a3e-0d4b-4c5a-9e8f-001122334455")
    assert ids("py311") != ids("py312")


def test_a_number_in_a_tests_own_name_tells_it_from_others():
    cases = '<testcase name="a[1000000]"><failure/></testcase><testcase name="a[2000000]"/>'
    assert names(read(suite(cases)).red) == ["shop::a[1000000]"]


def test_jest():
    """jest-junit repeats the whole title as the class; a snapshot's difference can be long."""
    text = f"""<testsuites name="jest tests" tests="2" failures="1" time="3.1"><testsuite name="cart" errors="0"
    failures="1"><testcase classname="cart adds" name="cart adds" time="0.003"/>
    <testcase classname="cart sums" name="cart sums" time="0.5"><failure>{"-" * 3_000_000}</failure></testcase>
    </testsuite></testsuites>"""
    reports = read(text)
    assert (counts(reports), names(reports.red), reports.seconds) == ((1, 1, 0, 0), ["cart sums"], 0.503)


def test_go():
    """go-junit-report and gotestsum: the class is the package, subtests carry slashes."""
    text = """<testsuites tests="3"><testsuite name="acme.io/shop" tests="3" failures="1" time="0.020">
    <properties><property name="go.version" value="go1.23"/></properties>
    <testcase classname="acme.io/shop" name="TestSum" time="0.010"><failure message="Failed" type=""/></testcase>
    <testcase classname="acme.io/shop" name="TestSum/eur" time="0.000"></testcase>
    <testcase classname="acme.io/shop" name="TestSlow" time="0.000"><skipped message="short"></skipped></testcase>
    <system-out>log</system-out></testsuite></testsuites>"""
    reports = read(text)
    assert (counts(reports), names(reports.red)) == ((1, 1, 0, 1), ["acme.io/shop::TestSum"])


def test_mocha_nests_suites_and_an_unnamed_class_is_the_suite():
    text = """<testsuites name="Mocha Tests"><testsuite name="Root Suite"><testsuite name="cart">
    <testcase name="adds"><failure/></testcase></testsuite><testcase name="loads"><failure/></testcase></testsuite>
    </testsuites>"""
    assert names(read(text).red) == ["Root Suite::loads", "cart::adds"]


def test_ctest_and_googletest_say_it_in_an_attribute():
    text = """<testsuite name="Linux-c++" tests="6"><testcase name="a" classname="a" time="0.1" status="run"/>
    <testcase name="b" classname="b" time="0.1" status="fail"><failure message=""/><system-out>x</system-out></testcase>
    <testcase name="c" classname="c" status="fail"/><testcase name="d" classname="d" status="disabled"/>
    <testcase name="e" classname="e" status="notrun" result="suppressed"/>
    <testcase name="f" classname="f" status="run" result="completed"/></testsuite>"""
    assert counts(read(text)) == (2, 2, 0, 2)


def test_converted_nunit_and_namespaces():
    text = """<testsuites xmlns="urn:x"><j:testsuite xmlns:j="urn:x" name="Shop.dll"><j:testcase name="Adds"
    classname="Shop.Cart" time="0,5" assertions="1"><j:failure/></j:testcase></j:testsuite></testsuites>"""
    reports = read(text)
    assert (names(reports.red), reports.seconds) == (["Shop.Cart::Adds"], 0.5)


def test_only_a_cases_own_children_say_how_it_ended():
    """What a report holds beside cases, or deep inside one, is no result."""
    text = suite("<error/>", '<testcase name="a"><system-out><failure/></system-out></testcase>')
    assert counts(read(text)) == (1, 0, 0, 0)


def test_of_two_results_of_one_case_the_worse_holds():
    assert counts(read(suite('<testcase name="a"><skipped/><error/><failure/></testcase>'))) == (0, 0, 1, 0)


def test_a_long_name_keeps_its_tail_and_stays_itself():
    """Forty-eight bytes of the name remain, three of them for the ellipsis; the number tells equal tails apart."""
    long = "x" * 1000
    one, two = read(
        suite(*(f'<testcase classname="{letter}{long}" name="ends"><error/></testcase>' for letter in "ab"))
    ).red
    assert one != two
    assert names([one, two]) == ["…" + "x" * 39 + "::ends"] * 2


def test_a_name_without_letters_of_ascii_is_cut_between_characters():
    (only,) = read(suite(f'<testcase name="{"ü" * 100}"><error/></testcase>')).red
    assert names([only]) == ["…" + "ü" * 22]  # 48 bytes - 3 for the ellipsis = 45, 22 of two bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.25", 0.25),
        ("", 0.0),
        (" 3 ", 3.0),
        ("1,234", 1234.0),
        ("1,234.567", 1234.567),
        ("12,345,678", 0.0),  # 143 days
        ("0,123", 0.123),
        ("12,5", 12.5),
        ("nan", 0.0),
        ("inf", 0.0),
        ("-1", 0.0),
        ("1e9", 0.0),
        ("1.5s", 0.0),
    ],
)
def test_times(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "us-ascii"])
def test_encodings(encoding):
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    letter = "&#228;" if encoding == "us-ascii" else "ä"
    text = f'<?xml version="1.0" encoding="{declared}"?>' + suite(f'<testcase name="{letter}"><error/></testcase>')
    assert names(read(text.encode(encoding)).red) == ["shop::ä"]


@pytest.mark.parametrize("encoding", ["utf-32", "shift_jis", "klingon", "zlib", "punycode", "unicode_escape"])
def test_encodings_the_parser_does_not_know_are_a_reason(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + suite('<testcase name="a"><error/></testcase>')
    assert reason(text) in {Reason.ENCODING, Reason.NOT_XML}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<testsuite>",
        "<testsuite></testsuites>",
        suite('<testcase name="a"/>') + "trailing",
        b"<testsuite><testcase name='\xff\xfe'/></testsuite>",
        "<testsuite>&undefined;</testsuite>",
        "<testsuite>\0</testsuite>",
    ],
)
def test_garbage_is_no_xml(text):
    assert reason(text) == Reason.NOT_XML


def test_a_report_cut_short_counts_nothing():
    assert reason('<testsuite><testcase name="a"/><testcase name="b"><failure/>') == Reason.NOT_XML


@pytest.mark.parametrize("text", ["<coverage/>", "<test-run><testsuite/></test-run>", "<assemblies/>"])
def test_other_dialects_are_called_so(text):
    assert reason(text) == Reason.NOT_JUNIT


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE testsuite [<!ENTITY l0 "ha">{LAUGHS}]>',
        f'<!DOCTYPE testsuite [<!ENTITY l9 "{"a" * 50_000}">]>',
        '<!DOCTYPE testsuite [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE testsuite [<!ENTITY % d SYSTEM "http://example.org/x.dtd">%d;]>',
    ],
    ids=["billion laughs", "quadratic", "external", "parameter"],
)
def test_a_document_type_is_refused_before_it_defines_anything(doctype):
    assert reason(doctype + suite(f'<testcase name="{"&l9;" * 1000}"/>')) == Reason.DOCTYPE


@pytest.mark.parametrize(
    "doctype",
    ["testsuite", 'testsuite SYSTEM "http://example.org/x.dtd"', 'report PUBLIC "-//JACOCO//DTD" "report.dtd"'],
)
def test_no_document_type_is_needed_so_none_is_read(doctype):
    assert reason(f"<!DOCTYPE {doctype}>" + suite('<testcase name="a"/>')) == Reason.DOCTYPE


def test_nesting_has_an_end():
    """The limit is 64 with the root: 63 suites below it are read, 64 are not."""
    assert counts(read("<testsuite>" * 63 + "<testcase/>" + "</testsuite>" * 63)) == (1, 0, 0, 0)
    assert reason("<testsuite>" * 64 + "<testcase/>" + "</testsuite>" * 64) == Reason.TOO_LARGE


@pytest.mark.parametrize("text", ['<testsuite name="{}"/>', "<testsuite><!--{}--></testsuite>", "<{}/>"])
def test_a_tag_or_comment_without_end_is_not_waited_for(text):
    assert reason(text.format("x" * 4_000_000)) == Reason.TOO_LARGE


def test_a_message_of_hundreds_of_kilobytes_in_an_attribute_is_read():
    assert counts(read(suite(f'<testcase name="a"><failure message="{"x" * 500_000}"/></testcase>'))) == (0, 1, 0, 0)


@pytest.mark.parametrize("limits", [Limits(cases=2), Limits(elements=3)])
def test_cases_and_elements_have_an_end(limits):
    assert counts(read(suite('<testcase name="a"/>' * 2), limits)) == (2, 0, 0, 0)
    assert reason(suite('<testcase name="a"/>' * 3), limits) == Reason.TOO_LARGE
