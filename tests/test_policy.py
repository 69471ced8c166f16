"""Generated files, reverts, and the hash of all definitions."""

from dataclasses import dataclass

import msgspec
import pytest

from exporter.markers import marker_lines
from exporter.model import Actor, Deployed, Described, Layer, Opened, Outcome
from exporter.policy import Policy, compile_rules, packaged

POLICY = Policy(compile_rules(packaged()))


@pytest.mark.parametrize(
    "path",
    [
        "vendor/github.com/x/y.go",
        "services/pay/vendor/y.go",
        "web/node_modules/left-pad/index.js",
        "go.sum",
        "tools/go.sum",
        "poetry.lock",
        "web/package-lock.json",
        "pnpm-lock.yaml",
        "api/pay_pb2.py",
        "api/pay.pb.go",
        "static/app.min.js",
        "web/dist/app.js",
        "web/__snapshots__/a.test.js.snap",
        "pkg/zz_generated.deepcopy.go",
        "src/Form.designer.cs",
    ],
)
def test_what_nobody_wrote_by_hand_is_left_out(path):
    assert not POLICY.counted(path)


@pytest.mark.parametrize(
    "path",
    [
        "src/vendors.go",
        "vendor.go",
        "src/lock.py",
        "distance/x.py",
        "dist.py",
        "go.summary",
        "src/pb2.py",
        "minified/js.js",
        "package.json",
        "src/generated.py",
        "README.md",
    ],
)
def test_a_similar_name_is_counted(path):
    assert POLICY.counted(path)


@pytest.mark.parametrize(
    ("glob", "left_out", "counted"),
    [
        ("docs/*.md", "docs/a.md", "docs/sub/a.md"),
        ("docs/**", "docs/sub/a.md", "src/docs/a.md"),
        ("**/gen/*.go", "gen/a.go", "gen/sub/a.go"),
        ("**/gen/*.go", "a/b/gen/a.go", "a/regen/a.go"),
        ("/build.py", "build.py", "sub/build.py"),
        ("a?c.txt", "x/abc.txt", "x/a/c.txt"),
        ("a+(b).txt", "a+(b).txt", "aab.txt"),
        ("snapshots/", "x/snapshots/y/z", "x/snapshots"),
    ],
)
def test_globs_are_read_over_the_whole_path(glob, left_out, counted):
    policy = msgspec.structs.replace(POLICY, generated=(glob,))
    assert not policy.counted(left_out)
    assert policy.counted(counted)


def test_without_globs_every_file_is_counted():
    policy = msgspec.structs.replace(POLICY, generated=())
    assert policy.counted("go.sum")
    assert policy.counted("")


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("tests/shop.py", Layer.UNIT),
        ("shop/tests/__init__.py", Layer.UNIT),
        ("conftest.py", Layer.UNIT),
        ("test_shop.py", Layer.UNIT),
        ("pkg/shop_test.go", Layer.UNIT),
        ("pkg/testdata/order.json", Layer.UNIT),
        ("web/src/Cart.test.tsx", Layer.UNIT),
        ("web/src/__tests__/Cart.js", Layer.UNIT),
        ("app/cart.spec.ts", Layer.UNIT),
        ("spec/models/order_spec.rb", Layer.UNIT),
        ("src/test/java/acme/CartTest.java", Layer.UNIT),
        ("Shop.Tests/CartFacts.cs", Layer.UNIT),
        ("ShopTests/CartTests.swift", Layer.UNIT),
        ("src/CartTests.cs", Layer.UNIT),
        ("t/00-load.t", Layer.UNIT),
        ("tests/fixtures/order.json", Layer.UNIT),
        ("tests/integration/test_db.py", Layer.INTEGRATION),
        ("src/test/java/acme/CartIT.java", Layer.INTEGRATION),
        ("tests/test_integration_db.py", Layer.INTEGRATION),
        ("pkg/db_integration_test.go", Layer.INTEGRATION),
        ("tests/system/test_run.py", Layer.INTEGRATION),
        ("e2e/cart.ts", Layer.E2E),
        ("cypress/support/commands.js", Layer.E2E),
        ("app/cart.e2e.ts", Layer.E2E),
        ("app/cart.cy.ts", Layer.E2E),
        ("tests/integration/e2e/cart.py", Layer.E2E),
        ("ShopUITests/CartTests.swift", Layer.E2E),
        ("features/cart.feature", Layer.E2E),
    ],
)
def test_a_test_has_one_layer(path, layer):
    assert POLICY.is_test(path)
    assert POLICY.test_layer(path) is layer


@pytest.mark.parametrize(
    "path",
    [
        "src/latest.py",
        "contest/entry.py",
        "testing.md",
        "src/inspect.go",
        "integration/salesforce.py",
        "ui/cart.ts",
        "a.ts",
    ],
)
def test_a_name_that_sounds_like_a_test_is_none(path):
    assert not POLICY.is_test(path)
    assert POLICY.test_layer(path) is None


def opened(head: str) -> Opened:
    return Opened("o", 0, author=Actor("ada"), draft=False, head=head, base="main")


@pytest.mark.parametrize("head", ["revert-12-fix-login", "revert-1234-copilot/fix"])
def test_the_buttons_branch_is_a_revert(head):
    assert POLICY.is_revert(opened(head), None)


@pytest.mark.parametrize(
    "body",
    [
        "Reverts acme/shop#12",
        "This is broken.\n\nReverts acme/shop#12, see there.",
        "- Reverts #12",
        "Reverts https://github.com/acme/shop/pull/12",
        "This reverts commit 0123456789abcdef0123456789abcdef01234567.",
        "this reverts commit 0123456",
        "This reverts merge request !12",
    ],
)
def test_a_line_that_names_what_it_takes_back_is_a_revert(body):
    assert POLICY.is_revert(opened("fix"), Described("d", 0, lines=marker_lines(body)))


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("revert", ""),
        ("revert-button", ""),
        ("feature/revert-12-x", ""),
        ("fix", "Reverts the order of the list"),
        ("fix", "> Reverts acme/shop#12"),
        ("fix", "```\nThis reverts commit 0123456.\n```"),
        ("fix", "This does what reverts acme/shop#12 could not"),
        ("fix", "This reverts commit messages to plain text"),
    ],
)
def test_a_mention_of_reverting_is_no_revert(head, body):
    assert not POLICY.is_revert(opened(head), Described("d", 0, lines=marker_lines(body)))


def test_the_definition_is_the_same_for_the_same_definitions():
    assert Policy(compile_rules(packaged())).definition == POLICY.definition


@dataclass(frozen=True)
class Other:
    field: str
    value: object


@pytest.mark.parametrize(
    "other",
    [
        Other("abandoned_after", 1),
        Other("first_activity_within", 1),
        Other("findings_after", 1),
        Other("comments_count", True),
        Other("generated", ("*.lock",)),
        Other("test_files", ("tests/",)),
        Other("e2e_tests", ()),
        Other("integration_tests", ()),
        Other("neutral_files", ()),
        Other("other_jobs", ()),
        Other("most_of_a_fix", 1),
        Other("most_of_a_day", 1),
        Other("rules", compile_rules(packaged(), disabled=["gemini-branch"])),
        Other("rules", compile_rules(packaged(), bots=["acme-robot"])),
        Other("rules", compile_rules(packaged(), people=["acme-helper"])),
    ],
    ids=lambda other: other.field,
)
def test_each_definition_changes_the_hash(other):
    assert msgspec.structs.replace(POLICY, **{other.field: other.value}).definition != POLICY.definition


@pytest.mark.parametrize("field", ["sprint", "productive_week"])
def test_what_only_says_how_windows_are_told_leaves_the_hash_alone(field):
    """No observation depends on it, so a new value must not cut the ledger's history in two."""
    assert msgspec.structs.replace(POLICY, **{field: 1}).definition == POLICY.definition


@pytest.mark.parametrize(
    ("path", "product"),
    [
        ("src/pay.py", True),
        ("poetry.lock", True),
        ("Dockerfile", True),
        ("tests/test_pay.py", False),
        ("docs/pay.py", False),
        ("src/README.md", False),
        (".github/workflows/ci.yml", False),
        ("tools/.gitignore", False),
    ],
)
def test_what_belongs_to_the_product(path, product):
    assert POLICY.is_product(path) is product


@pytest.mark.parametrize(
    ("workflow", "job", "tests"),
    [
        ("CI", "unit (3.11)", True),
        ("CI", "build", True),
        ("CI", "Lint", False),
        ("Lint and test", "test", True),
        ("Lint and test", "ruff", False),
        ("Deploy", "smoke", False),
        ("Deploy", "smoke-tests", True),
        ("CodeQL", "analyze", False),
    ],
)
def test_which_jobs_run_tests(workflow, job, tests):
    assert POLICY.is_test_job(workflow, job) is tests


def test_without_names_of_other_jobs_every_job_runs_tests():
    assert msgspec.structs.replace(POLICY, other_jobs=()).is_test_job("Deploy", "lint")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("production", "production"),
        ("Prod", "production"),
        ("prod-eu-west", "production"),
        ("live", "production"),
        ("api-production", "production"),
        ("eu/prod/api", "production"),
        ("Production – shop", "production"),
        ("staging", "staging"),
        ("api-staging-2", "staging"),
        ("pre-production", "staging"),
        ("preprod", "staging"),
        ("non-prod", "staging"),
        ("QA", "staging"),
        ("Preview – shop", "other"),
        ("development", "other"),
        ("github-pages", "other"),
        ("reproduction", "other"),
        ("", "other"),
    ],
)
def test_an_environment_is_known_by_its_name(name, meant):
    """What precedes production is asked first, so that its name may end in the same word."""
    assert POLICY.environment(name) == meant


def test_a_release_goes_to_production_where_it_counts_and_an_environment_of_that_name_is_another_thing():
    release = Deployed("released", 0, "release", "a", Outcome.SUCCESS, 0, "v1.0.0", counts=True)
    assert POLICY.in_production(release)
    assert not POLICY.in_production(msgspec.structs.replace(release, counts=False))
    assert not POLICY.in_production(msgspec.structs.replace(release, named=""))
    deployed = msgspec.structs.replace(release, environment="prod", named="")
    assert POLICY.in_production(deployed)
    assert not POLICY.in_production(msgspec.structs.replace(deployed, counts=False))


def test_other_environments_are_another_definition():
    other = msgspec.structs.replace(POLICY, production=("shop",), staging=())
    assert (other.environment("SHOP"), other.environment("staging")) == ("production", "other")
    assert len({POLICY.definition, other.definition, msgspec.structs.replace(POLICY, staging=()).definition}) == 3
