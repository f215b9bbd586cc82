"""Whatever is wrong with a configuration: one line with file, line, key, what was expected, the nearest known key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.config import Config, load
from sysmon_tui.errors import ConfigError
from tests.configuring import NOWHERE, TENANTS, keys_of, loaded, message

SLACK = '[notifications.channels.ops]\ntype = "slack"\n'
MAIL = '[notifications.channels.m]\ntype = "email"\nsmtp_host = "h"\nfrom = "a@b"\nto = ["c@d"]\n'

WRONG = [
    (
        "[thresholds]\nfailed_queris_per_hour = 3",
        (
            "DIR/given.toml, line 2: thresholds.failed_queris_per_hour: unknown key; did you mean "
            '"failed_queries_per_hour"?'
        ),
    ),
    ("[refesh]\nseconds = 60", 'line 1: refesh: unknown key; did you mean "refresh"?'),
    (
        "[thresholds]\nconsecutive_failures = 0",
        "line 2: thresholds.consecutive_failures: expected a whole number of 1 or more, found 0.",
    ),
    (
        "[thresholds]\nconsecutive_failures = nan",
        "expected a whole number of 1 or more, found no finite number.",
    ),
    ("[thresholds]\nconsecutive_failures = 2.0", "expected a whole number of 1 or more, found 2.0."),
    ("[thresholds]\nconsecutive_failures = true", "found true or false."),
    ("[thresholds]\nconsecutive_failures = 99999999999999999999", "found a huge number."),
    ("thresholds = 3", "line 1: thresholds: expected a table, found 3."),
    ("[window]\nhours = 0", "line 2: window.hours: expected a number above 0, at most 8760, found 0."),
    ("[window]\nhours = 8760.5", "found 8760.5."),
    ("[window]\nhours = inf", "found no finite number."),
    ("[window]\nhours = 2026-01-01", "found a date or time."),
    ("[http]\nport = 65536", "line 2: http.port: expected a whole number from 0 to 65535, found 65536."),
    ('[http]\nport = "80"', "found a text."),
    ("[refresh]\nseconds = 4", "expected a whole number from 5 to 86400, found 4."),
    ("[limits]\ntable_rows = 1000001", "expected a whole number from 1 to 1000000, found 1000001."),
    (
        "[freshness.stale_after_minutes]\naudits = 5",
        'freshness.stale_after_minutes.audits: unknown key; did you mean "audit"?',
    ),
    (
        "[tenants.prod]\nwarehouse_id = 'a'",
        "line 1: tenants.prod.source: is missing; expected one of databricks, embedded, demo, spark.",
    ),
    (
        "[tenants.prod]\nsource = 'databrick'",
        'tenants.prod.source: expected one of databricks, embedded, demo, spark; did you mean "databricks"?',
    ),
    (
        "[tenants.prod]\nsource = 'databricks'",
        (
            "line 1: tenants.prod.warehouse_id: is missing; expected the id of a SQL warehouse here "
            "or in DATABRICKS_WAREHOUSE_ID."
        ),
    ),
    (
        "[tenants.prod]\nsource = 'embedded'",
        "tenants.prod.database: is missing; expected the path of a DuckDB file.",
    ),
    ("[tenants.'a b']\nsource = 'demo'", 'line 1: tenants."a b": the name is not a name of letters'),
    ("[tenants.'a\\n']\nsource = 'demo'", 'tenants."a\\n": the name is not'),
    (
        TENANTS + "workspace_ids = ['12x']",
        "line 5: tenants.prod.workspace_ids[0]: expected a workspace id of digits, as a text.",
    ),
    (TENANTS + "workspace_ids = [12]", "found 12."),
    (TENANTS + "workspace_ids = '12'", "tenants.prod.workspace_ids: expected a list, found a text."),
    (TENANTS + "tables = {audits = 'a.b'}", 'tenants.prod.tables.audits: unknown key; did you mean "audit"?'),
    (
        TENANTS + "[tenants.prod.tables]\naudit = 'a.b; drop'",
        "line 6: tenants.prod.tables.audit: expected a table such as",
    ),
    (
        TENANTS + "[tenants.prod.tables]\naudit = 'a.b.c.d'",
        "tenants.prod.tables.audit: expected a table such as",
    ),
    (TENANTS + "[tenants.prod.tables]\naudit = 'a`b'", "tenants.prod.tables.audit: expected a table such as"),
    (
        TENANTS + '[tenants.prod.tables]\naudit = "a.b\\n"',
        "tenants.prod.tables.audit: expected a table such as",
    ),
    (TENANTS + "[tenants.prod.thresholds]\nfailed = 1", "tenants.prod.thresholds.failed: unknown key"),
    (
        TENANTS + "token = 'dapi-planted'",
        "line 5: tenants.prod.token: unknown key; a secret does not stand here",
    ),
    (TENANTS + "host = 'https://u:dapi-planted@h'", "line 5: tenants.prod.host: expected a host such as"),
    (
        "default_tenant = 'prd'\n" + TENANTS,
        'line 1: default_tenant: "prd" is no configured tenant; did you mean "prod"?',
    ),
    (SLACK, "line 1: notifications.channels.ops.url_env: is missing; expected one of url_env and url_file."),
    (
        SLACK + "url = 'https://hooks.example/dapi-planted'",
        "unknown key; a secret does not stand here, it is found through url_env or url_file.",
    ),
    (
        SLACK + "url_env = 'https://hooks.example/dapi-planted'",
        "expected the name of an environment variable, not the secret itself.",
    ),
    (SLACK + "url_env = 'A'\nurl_file = 'b'", "url_env: stands there beside the other; expected one of"),
    (
        "[notifications.channels.ops]\ntype = 'slak'",
        "notifications.channels.ops.type: expected one of slack, pagerduty, email, teams, webhook, alertmanager, "
        'apprise; did you mean "slack"?',
    ),
    ("[notifications.channels.ops]\nurl_env = 'A'", "notifications.channels.ops.type: expected one of slack"),
    (MAIL + "username = 'u'", "notifications.channels.m.password_env: is missing"),
    (
        MAIL + "username = 'u'\npassword_env = 'P'\ntls = 'none'",
        "tls: expected starttls or tls where a password is sent.",
    ),
    (MAIL.replace('["c@d"]', "[]"), "notifications.channels.m.to: is empty"),
    (
        MAIL.replace("c@d", "c@d\\r\\nBcc: x@y"),
        "line 5: notifications.channels.m.to[0]: expected an e-mail address",
    ),
    (
        "[notifications.channels.p]\ntype='pagerduty'\nrouting_key_env='K'\nurl='https://u:dapi-planted@h/'",
        "notifications.channels.p.url: expected an http(s) address without user and query.",
    ),
    (
        SLACK
        + (
            ""
            "url_env='A'\n[[notifications.routes]]\nchannels=['ops']\n[[notifications.routes]]\nchannels=['opz']"
        ),
        'line 7: notifications.routes[1].channels: "opz" is no configured channel; did you mean "ops"?',
    ),
    (
        SLACK + "url_env='A'\n[[notifications.routes]]\nchannels=[]",
        "notifications.routes[0].channels: is empty",
    ),
    (
        SLACK + "url_env='A'\n[[notifications.routes]]\nchannels=['ops']\nseverities=['hi']",
        "line 6: notifications.routes[0].severities[0]: expected one of critical, high, medium;",
    ),
    (
        SLACK + "url_env='A'\n[[notifications.routes]]\nchannels=['ops']\ntenants=['x']",
        '"x" is no configured tenant',
    ),
    (
        SLACK + "url_env='A'\n[[notifications.routes]]\nchannels=['ops']\nenvironments=['dmo']",
        '"dmo" is no configured environment; did you mean "demo"?',
    ),
    (
        "[http]\nport = 1\nport = 2",
        "DIR/given.toml, line 3: port: stands there twice; expected each key once.",
    ),
    ("[http]\nport = 1\n[window]\n[http]", "line 4: [http]: stands there twice; expected each key once."),
    ("[http", "DIR/given.toml, line 1: is not TOML"),
    ("x = 'dapi-planted", "is not TOML"),
    ("x = " + "[" * 5000, "DIR/given.toml: a value is too deep or too long; expected TOML."),
    ("x = " + "1" * 5000, "DIR/given.toml: a value is too deep or too long; expected TOML."),
    (".".join("a" * 3000) + " = 1", "a: unknown key"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_wrong_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    """File, line, key, what was expected, the nearest known key; the value, which may be a secret, is not told."""
    said = message(tmp_path, text)
    assert expected in said
    assert "dapi-planted" not in said


WRONG_BYTES = {
    b"[http]\nport = \xff": "DIR/given.toml, line 2: is not UTF-8",
    "[http]".encode("utf-16"): "line 1: is not UTF-8",
    b"#" * (1024**2 + 1): "DIR/given.toml: is larger than 1 MiB",
    b"\x00": "is not TOML",
}


@pytest.mark.parametrize("data", WRONG_BYTES, ids=["latin", "utf16", "big", "nul"])
def test_wrong_bytes(tmp_path: Path, data: bytes) -> None:
    """What is no text, and what is too big to be a configuration."""
    assert WRONG_BYTES[data] in message(tmp_path, data)


@pytest.mark.parametrize(
    "data", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf[http]\r\nport = 8000\r\n", b"# nothing"]
)
def test_harmless_files(tmp_path: Path, data: bytes) -> None:
    """An empty file, a BOM and Windows line ends are fine."""
    assert loaded(tmp_path, data).config == load(env={}, user_file=NOWHERE).config


def test_unreadable_files(tmp_path: Path) -> None:
    """A named file must be there and be a file; the user's own may be missing."""
    for file, reason in ((NOWHERE, "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=f"cannot be read: {reason}"):
            load(file=file, env={}, user_file=NOWHERE)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"SYSMON_HTTP__PORT": "abc"}, "environment SYSMON_HTTP__PORT: http.port: expected a whole number"),
        ({"SYSMON_HTP__PORT": "1"}, 'environment SYSMON_HTP__PORT: htp: unknown key; did you mean "http"?'),
        ({"SYSMON_HTTP_PORT": "1"}, "environment SYSMON_HTTP_PORT: http_port: unknown key"),
        ({"SYSMON_HTTP": "1"}, "environment SYSMON_HTTP: http: expected a table, found 1."),
        ({"SYSMON_": "1"}, "unknown key"),
        (
            {"DATABRICKS_WAREHOUSE_ID": "a b"},
            "environment DATABRICKS_WAREHOUSE_ID: tenants.default.warehouse_id",
        ),
    ],
)
def test_wrong_variables(tmp_path: Path, env: dict[str, str], expected: str) -> None:
    """A variable that is misspelt or has a wrong value is named."""
    assert expected in message(tmp_path, env=env)


def test_ambiguous_variable(tmp_path: Path) -> None:
    """Two tenants that a variable can't tell apart: said, not guessed."""
    text = "".join(f"[tenants.'{name}']\nsource = 'demo'\n" for name in ("eu-west", "eu.west"))
    assert "eu-west and eu.west both answer to eu_west" in message(
        tmp_path, text, {"SYSMON_TENANTS__EU_WEST__PROFILE": "x"}
    )


def test_hostile_text_in_errors(tmp_path: Path) -> None:
    """Keys and file names with escape sequences come out shown, not acting."""
    said = message(tmp_path, '"\\u001b]52;c;x\\u0007" = 1')
    assert "\x1b" not in said
    assert "␛]52;c;x␇" in said


_PARTS = st.sampled_from(
    ["[", "]", "tenants", ".", "x", "=", "\n", '"', "'", "source", "demo", "{", "}", ",", "1", "nan", "thresholds",
     "notifications", "routes", "channels", "type", "slack", "[[", "]]", " ", "#", "\\", "http", "port"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(_PARTS, max_size=30).map("".join), st.text(max_size=80)))
def test_any_file_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a file holds: a configuration or a ConfigError of one line, never another exception."""
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(file=file, env={}, user_file=NOWHERE)
    except ConfigError as error:
        assert "\n" not in error.sentence


_VALUES = st.recursive(
    st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.dates()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(sorted(keys_of(Config))) | st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(Config.__struct_fields__)), _VALUES, max_size=4))
def test_any_values_load_or_are_refused(values: dict[str, object]) -> None:
    """Whatever types stand under the known keys, the own check refuses all that msgspec would refuse."""
    try:
        result = load(env={}, user_file=NOWHERE, overrides=values)
    except ConfigError:
        return
    assert isinstance(result.config, Config)


@pytest.mark.parametrize("variable", ["DATABRICKS_HOST", "DATABRICKS_TOKEN"])
def test_a_profile_is_not_mixed_with_the_environment(tmp_path: Path, variable: str) -> None:
    """The SDK would send one's token to the other's host: refused, with the variable named and its value not."""
    file = tmp_path / "config.toml"
    file.write_text('[tenants.prod]\nsource = "databricks"\nprofile = "PROD"\nwarehouse_id = "abc"\n')
    with pytest.raises(ConfigError, match=rf"tenants\.prod\.profile: {variable} is set") as caught:
        load(file=file, env={variable: "planted-value"}, user_file=None)
    assert "planted-value" not in caught.value.sentence
    assert load(file=file, env={}, user_file=None).config.tenants["prod"].profile == "PROD"
