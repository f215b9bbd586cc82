"""`alerts test`: files of rows with arrival times against the timeline of alert states, as users write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sysmon_tui.alerts.rules import BUILT_IN
from sysmon_tui.cli import cli
from sysmon_tui.services.rule_tests.known import _ENTITIES
from sysmon_tui.services.rule_tests.places import line_of
from tests.commanding import ROOT, run

EXAMPLE = ROOT / "tests" / "example_rule_tests.toml"

# Lateness of half an hour: timelines that a reader can add up.
TOP = """
defaults = true
evaluate = { from = "10:00", until = "12:00", every_minutes = 10 }
[thresholds]
failed_queries_per_hour = 3
[freshness.allowed_lateness_minutes]
job_run_timeline = 30
query_history = 30
"""
FAILED_QUERIES = """
[[tests]]
name = "failed queries"
  [[tests.rows]]
  table = "query_history"
  at = "10:11"
  times = 3
  columns = { execution_status = "FAILED" }
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No user file, and no variable of ours or of Databricks."""
    for name in ("DATABRICKS_HOST", "DATABRICKS_WAREHOUSE_ID", "SYSMON_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def tried(home: Path, text: str, *options: str) -> Result:
    """`alerts test` on a file of this text; its name in what is told is FILE."""
    file = home / "rules_test.toml"
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(cli, ["alerts", "test", *options, str(file)], prog_name="sysmon-tui")


def told(result: Result, home: Path) -> str:
    return result.output.replace(str(home / "rules_test.toml"), "FILE")


def assert_passes(home: Path, text: str, *options: str) -> None:
    result = tried(home, text, *options)
    assert (result.exit_code, result.output.count("ok  ")) == (0, text.count("[[tests]]")), result.output


# What it tells ---------------------------------------------------------------------------------------------------


def test_the_example_for_users_passes_as_a_process(tmp_path: Path) -> None:
    """The file that the README shows runs and passes; each test is a line."""
    ended = run(tmp_path, "alerts", "test", str(EXAMPLE))
    lines = ended.stdout.decode().splitlines()
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert len(lines) == EXAMPLE.read_text().count("[[tests]]")
    assert all(line.startswith("ok    ") for line in lines)


def test_a_failure_shows_both_timelines_and_what_the_alert_said(home: Path) -> None:
    """Exit 1; expected against found, and the message of each moment from where they part; other tests run on."""
    calm = '[[tests]]\nname = "calm"\n[[tests.expect]]\nrule = "query.failed_per_hour"\nstates = []\n'
    expect = """
  [[tests.expect]]
  rule = "query.failed_per_hour"
  states = [{ at = "10:20", state = "firing", value = 4 }, { at = "11:10", state = "resolved" }]
"""
    result = tried(home, TOP + FAILED_QUERIES + expect + calm)
    assert result.exit_code == 1
    assert told(result, home) == (
        "FAIL  failed queries\n"
        "      query.failed_per_hour\n"
        "        expected  10:20 firing 4, 11:10 resolved\n"
        "        found     10:20 firing 3, 11:50 resolved 3\n"
        "        at 10:20, firing: 3 failed queries in the hour up to 2026-01-01 10:15 UTC (threshold 3).\n"
        + next(line + "\n" for line in result.output.splitlines() if "at 11:50, resolved: 3 failed" in line)
        + "ok    calm\n"
    )


def test_of_several_files_each_line_names_its_own(home: Path) -> None:
    """All files are read before the first is run: a mistake in the last comes at once."""
    expect = '[[tests.expect]]\nrule = "query.failed_per_hour"\nstates = []\n'
    one, other = home / "one.toml", home / "other.toml"
    one.write_text(TOP + '[[tests]]\nname = "a"\n' + expect)
    other.write_text(TOP + '[[tests]]\nname = "b"\n' + expect)
    both = ["alerts", "test", str(one), str(other)]
    result = CliRunner().invoke(cli, both)
    assert result.output == f"ok    {one}: a\nok    {other}: b\n"
    other.write_text("nonsense = 1\n")
    result = CliRunner().invoke(cli, both)
    assert (result.exit_code, result.stdout) == (2, "")


def test_names_and_rows_of_strangers_are_harmless_on_a_terminal(home: Path) -> None:
    """Neither the file's words nor the rows' act on what shows them."""
    result = tried(
        home,
        TOP
        + """
[[tests]]
name = "evil \\u202e\\u009b2J"
  [[tests.rows]]
  table = "query_history"
  at = "10:11"
  times = 3
  columns = { execution_status = "FAILED", error_message = "[BAD] x", executed_by = "\\u001b]0;x\\u0007" }
  [[tests.expect]]
  rule = "own.by_user"
  states = []
[rules."own.by_user"]
dataset = "queries"
group_by = ["user_email"]
filter = { status = "FAILED" }
value = 3
""",
    )
    assert result.exit_code == 1
    assert "firing 3" in result.output
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(result.output)


# What the rules do -----------------------------------------------------------------------------------------------


def test_a_late_row_fires_when_it_arrives_and_not_before(home: Path) -> None:
    """Failures of 10:11 that arrive at 10:47 fire at 10:50; the hour they are in ends as if they had been in time."""
    rows = FAILED_QUERIES.replace("times = 3", 'times = 3\n  arrives = "10:47"')
    expect = """
  [[tests.expect]]
  rule = "query.failed_per_hour"
  states = [{ at = "10:50", state = "firing", value = 3 }, { at = "11:50", state = "resolved", value = 3 }]
"""
    assert_passes(home, TOP + rows + expect)
    with_delay = rows.replace('arrives = "10:47"', "delay_minutes = 36")
    assert_passes(home, TOP + with_delay + expect)


@pytest.mark.parametrize(("lateness", "resolved"), [(1, "11:20"), (9, "11:30"), (29, "11:50"), (30, "11:50")])
def test_it_resolves_only_past_the_allowed_lateness(home: Path, lateness: int, resolved: str) -> None:
    """The window is over at 11:11; the alert ends once the table has come so many minutes farther."""
    top = TOP.replace("query_history = 30", f"query_history = {lateness}")
    expect = f"""
  [[tests.expect]]
  rule = "query.failed_per_hour"
  states = [{{ at = "10:20", state = "firing" }}, {{ at = "{resolved}", state = "resolved" }}]
"""
    assert_passes(home, top + FAILED_QUERIES + expect)


def test_a_rule_with_for_minutes_is_pending_first_and_keeps_firing(home: Path) -> None:
    """Pending from what meets it, firing when it has held by event time, and on for as long as it is kept."""
    rules = '[rules."query.failed_per_hour"]\nfor_minutes = 20\nkeep_firing_minutes = 45\n'
    expect = """
  [[tests.expect]]
  rule = "query.failed_per_hour"
  states = [
    { at = "10:20", state = "pending" },
    { at = "10:40", state = "firing", value = 3 },
    { at = "12:40", state = "resolved" },
  ]
"""
    top = TOP.replace('until = "12:00"', 'until = "13:10"')
    assert_passes(home, top + rules + FAILED_QUERIES + expect)
    brief = rules.replace("for_minutes = 20", "for_minutes = 90")
    only_pending = """
  [[tests.expect]]
  rule = "query.failed_per_hour"
  states = [{ at = "10:20", state = "pending" }, { at = "11:20", state = "inactive" }]
"""
    assert_passes(home, TOP + brief + FAILED_QUERIES + only_pending)


def test_a_rule_of_ones_own_that_wants_few_waits_for_late_rows(home: Path) -> None:
    """`<` holds only where no more rows come; a row that comes late after all ends it."""
    rule = """
[rules."etl.no_load"]
dataset = "workflows"
filter = { workflow_name = "load_*", status = "SUCCEEDED" }
window_minutes = 30
comparison = "<"
value = 1
"""
    loads = """
[[tests]]
name = "loads stop"
  [[tests.rows]]
  table = "job_run_timeline"
  at = "-2 00:01"
  times = 289
  every_minutes = 12
  columns = { run_name = "load_orders", job_id = "7" }
"""
    late = '[[tests.rows]]\ntable = "job_run_timeline"\nat = "10:49"\narrives = "11:19"\n'
    late += 'columns = { run_name = "load_orders", job_id = "7" }\n'
    expect = """
  [[tests.expect]]
  rule = "etl.no_load"
  states = [{ at = "11:10", state = "firing", value = 0 }%s]
"""
    # The last load ends at 09:37: half an hour without begins at 10:07 and is certain when the table is past 10:37.
    fires = expect % ""
    assert_passes(home, TOP + rule + loads + fires.replace("11:10", "10:50"))
    ended = ', { at = "11:20", state = "resolved" }, { at = "12:00", state = "firing", value = 0 }'
    assert_passes(home, TOP + rule + loads + late + (expect % ended).replace("11:10", "10:50"))


def test_a_silent_table_is_unknown_and_no_other_is(home: Path) -> None:
    """A firing alert keeps firing on a table that has fallen silent; what did not fire can't be known."""
    top = TOP.replace("[thresholds]", "[freshness.stale_after_minutes]\nquery_history = 60\n[thresholds]")
    expect = """
  silent_from = { query_history = "10:30" }
  [[tests.expect]]
  rule = "%s"
  states = [%s]
  [[tests.expect]]
  rule = "freshness.query_history"
  states = [{ at = "11:30", state = "firing" }]
  [[tests.expect]]
  rule = "workflow.failed_per_hour"
  states = []
"""
    quiet = '[[tests]]\nname = "quiet"\n'
    unknown = expect % ("query.failed_per_hour", '{ at = "11:30", state = "unknown" }')
    assert_passes(home, top + quiet + unknown)
    silent = FAILED_QUERIES.replace(
        "  [[tests.rows]]", '  silent_from = { query_history = "10:30" }\n  [[tests.rows]]'
    )
    firing = expect % ("query.failed_per_hour", '{ at = "10:20", state = "firing" }')
    assert_passes(home, top + silent + firing.replace('  silent_from = { query_history = "10:30" }\n', ""))
    never = '[[tests]]\nname = "n"\nsilent = ["audit"]\n[[tests.expect]]\nrule = "security.brute_force"\n'
    assert_passes(home, TOP + never + 'states = [{ at = "10:00", state = "unknown" }]\n')
    nothing = never.replace('silent = ["audit"]', "heartbeat_minutes = 0")
    assert_passes(home, TOP + nothing + 'states = [{ at = "10:00", state = "unknown" }]\n')


def test_an_entity_is_told_from_the_others(home: Path) -> None:
    """Of a rule on each job one may fire while another does not; {n} numbers the rows."""
    text = (
        TOP
        + """
[[tests]]
name = "of two jobs one fails"
  [[tests.rows]]
  table = "job_run_timeline"
  at = "10:01"
  times = 3
  every_minutes = 5
  columns = { job_id = "bad", result_state = "FAILED" }
  [[tests.rows]]
  table = "job_run_timeline"
  at = "10:01"
  times = 3
  every_minutes = 5
  columns = { job_id = "j{n}", run_name = "n{n}", result_state = "FAILED" }
  [[tests.expect]]
  rule = "workflow.consecutive_failures"
  entity = { job_id = "bad" }
  states = [{ at = "10:20", state = "firing", value = 3 }]
  [[tests.expect]]
  rule = "workflow.consecutive_failures"
  entity = { job_id = "j3" }
  states = []
"""
    )
    assert_passes(home, text)


def test_with_others_false_nothing_else_may_fire(home: Path) -> None:
    """A test may demand that its rows page for what it names alone; innocent rows and the heartbeat fire nothing."""
    tables = ("job_run_timeline", "query_history", "audit", "warehouse_events", "jobs", "warehouses")
    innocent = "".join(f'[[tests.rows]]\ntable = "{table}"\nat = "09:15"\ntimes = 30\n' for table in tables)
    calm = '[[tests]]\nname = "calm"\nothers = false\nevaluate = ["10:00", "10:30"]\n'
    assert_passes(home, TOP + calm + innocent)
    stray = FAILED_QUERIES.replace(
        'name = "failed queries"', 'name = "s"\nothers = false\nevaluate = ["10:30"]'
    )
    result = tried(home, TOP + stray)
    assert result.exit_code == 1
    assert (
        "      query.failed_per_hour fires at 10:30, and nothing else should: 3 failed queries"
        in result.output
    )


def test_times_are_of_the_day_of_another_day_or_whole(home: Path) -> None:
    """A clock, a clock with days before it, and TOML's own dates and times mean the same instants."""
    top = TOP.replace("defaults = true", "defaults = true\nday = 2026-03-10").replace(
        '{ from = "10:00", until = "12:00", every_minutes = 10 }',
        '["-1 23:50", "10:20", 10:30:00, "2026-03-10 10:40", 2026-03-10T11:50:00Z, "+1 00:10"]',
    )
    expect = """
  [[tests.expect]]
  rule = "query.failed_per_hour"
  states = [{ at = 2026-03-10T11:20:00+01:00, state = "firing" }, { at = "11:50", state = "resolved" }]
"""
    assert_passes(home, top + FAILED_QUERIES + expect)


def test_columns_of_every_kind_are_written_as_toml_has_them(home: Path) -> None:
    """Texts, numbers, dates, structs, maps and lists of structs; {n} in any text of them."""
    text = (
        TOP
        + """
[[tests]]
name = "kinds"
evaluate = ["10:20"]
  [[tests.rows]]
  table = "audit"
  at = "10:11"
  times = 2
  [tests.rows.columns]
  event_date = 2026-01-01
  action_name = "addPrincipalToGroup"
  user_identity = { email = "boss{n}@example.com" }
  request_params = { targetGroupName = "admins", targetUserName = "new{n}@example.com" }
  [[tests.rows]]
  table = "job_run_timeline"
  at = "10:11"
  [tests.rows.columns]
  period_start_time = "10:10"
  run_duration_seconds = 60
  compute_ids = ["c{n}"]
  compute = [{ type = "WAREHOUSE", warehouse_id = "w" }]
  job_parameters = { a = { value = "b" } }
  [[tests.rows]]
  table = "query_history"
  at = "10:11"
  columns = { from_result_cache = true, query_tags = {}, read_io_cache_percent = 7 }
  [[tests.expect]]
  rule = "security.admin_granted"
  entity = { user_email = "boss2@example.com" }
  states = [{ at = "10:20", state = "firing" }]
  [[tests.expect]]
  rule = "workflow.failed_per_hour"
  states = []
"""
    )
    assert_passes(home, text)


# Whose rules -----------------------------------------------------------------------------------------------------

OF_ONE_RULE = """
evaluate = ["10:20"]
[[tests]]
name = "t"
  [[tests.rows]]
  table = "query_history"
  at = "10:11"
  columns = { execution_status = "FAILED", error_message = "[OOM] no memory" }
  [[tests.expect]]
  rule = "%s"
  states = [{ at = "10:20", state = "firing", value = 1 }]
"""


def test_the_rules_are_those_of_the_configuration(home: Path) -> None:
    """Thresholds and own rules of --config and --tenant hold; the file says over them; `defaults` puts them aside."""
    config = home / "config.toml"
    config.write_text(
        '[tenants.a]\nsource = "demo"\n[tenants.a.thresholds]\nfailed_queries_per_hour = 1\n'
        '[tenants.b]\nsource = "demo"\n'
        '[rules."etl.oom"]\ndataset = "queries"\nfilter = { error_class = "OOM" }\nvalue = 1\n'
    )
    options = ("--config", str(config), "--tenant", "a")
    built_in, own = OF_ONE_RULE % "query.failed_per_hour", OF_ONE_RULE % "etl.oom"
    assert_passes(home, built_in, *options)
    assert_passes(home, own, *options)
    assert tried(home, built_in, "--config", str(config), "--tenant", "b").exit_code == 1
    assert tried(home, "defaults = true\n" + built_in, *options).exit_code == 1
    assert tried(home, built_in + "[thresholds]\nfailed_queries_per_hour = 2\n", *options).exit_code == 1
    assert_passes(home, built_in + '[rules."query.failed_per_hour"]\nseverity = "high"\n', *options)
    unnamed = tried(home, built_in, "--config", str(config))
    assert unnamed.exit_code == 2 and "Name one with --tenant: a, b." in unnamed.output
    off = tried(home, built_in + '[rules."query.failed_per_hour"]\nenabled = false\n', *options)
    assert off.exit_code == 2 and "query.failed_per_hour is off in this configuration." in off.output


# What is wrong with a file ---------------------------------------------------------------------------------------

ROW = '[[tests]]\nname = "t"\n[[tests.rows]]\ntable = "audit"\nat = "10:00"\n'
EXPECT = '[[tests.expect]]\nrule = "security.brute_force"\nstates = []\n'
EVALUATE = 'evaluate = ["10:00", "10:30"]\n'

WRONG = [
    ("[[tests]]\nnam = 1", 'FILE, line 2: tests[0].nam: unknown key; did you mean "name"?'),
    ("[[tests]]\nothers = false", "FILE, line 1: tests[0].name: is missing; expected a text of one line"),
    ("", "FILE: tests: is missing; expected a test at least."),
    ("x = [", "FILE, line 1: is not TOML: Invalid value."),
    ('day = "monday"', "FILE, line 1: day: expected a date such as 2026-03-10"),
    ("day = 0001-01-01", "FILE, line 1: day: expected a day from 2000 to 2099."),
    (
        '[[tests]]\nname = "t"',
        "line 1: tests[0].expect: is missing; a test expects something, or says others",
    ),
    (ROW + EXPECT, "line 1: tests[0].evaluate: is missing; expected when to evaluate, such as { from"),
    (
        'evaluate = ["10:00", "9:00"]\n' + ROW + EXPECT,
        "line 1: evaluate[1]: expected a time after the one before",
    ),
    (
        'evaluate = "10:00"\n' + ROW + EXPECT,
        "line 1: evaluate: expected a list of times, or a table with from, until and every_minutes.",
    ),
    (
        'evaluate = { from = "1:00" }\n' + ROW + EXPECT,
        "line 1: evaluate.until: is missing; expected a time such as",
    ),
    (
        'evaluate = { from = "1:00", until = "2:00", every_minutes = 0.01 }\n' + ROW + EXPECT,
        "line 1: evaluate: expected 1 to 2000 evaluations.",
    ),
    (
        EVALUATE + ROW.replace('"audit"', '"audits"'),
        "line 5: tests[0].rows[0].table: expected one of job_run_timeline, query_history, warehouse_events, audit, "
        'jobs, warehouses; did you mean "audit"?',
    ),
    (
        EVALUATE + ROW.replace("10:00", "25:00") + EXPECT,
        'line 6: tests[0].rows[0].at: expected a time such as "10:20"',
    ),
    (
        EVALUATE + ROW.replace("10:00", "2020-01-01 10:00") + EXPECT,
        "rows[0].at: is more than 366 days from 2026-01-01.",
    ),
    (
        EVALUATE + ROW + 'arrives = "9:59"\n' + EXPECT,
        "rows[0].arrives: expected a time that is not before `at`.",
    ),
    (
        EVALUATE + ROW + 'arrives = "11:00"\ndelay_minutes = 5\n' + EXPECT,
        "line 8: tests[0].rows[0].delay_minutes: `arrives` says it too; expected one of them.",
    ),
    (
        EVALUATE + ROW + "delay_minutes = -1\n",
        "delay_minutes: expected minutes from 0 to a year of them, found -1.",
    ),
    (EVALUATE + ROW + "times = 0\n", "rows[0].times: expected a whole number from 1 to 10000, found 0."),
    (EVALUATE + ROW + "every_minutes = 5\n" + EXPECT, "rows[0].every_minutes: is for rows with `times`."),
    (
        EVALUATE + ROW + "lasts_minutes = 5\n" + EXPECT,
        "rows[0].lasts_minutes: is for job_run_timeline and query_history.",
    ),
    (
        EVALUATE + ROW + 'columns = { acton_name = "x" }\n' + EXPECT,
        'line 7: tests[0].rows[0].columns.acton_name: audit has no such column; did you mean "action_name"?',
    ),
    (
        EVALUATE + ROW + "columns = { response.status = 401 }\n" + EXPECT,
        'columns.response.status: unknown field; did you mean "status_code"?',
    ),
    (EVALUATE + ROW + "columns = { response = 401 }\n" + EXPECT, "columns.response: expected a table."),
    (
        EVALUATE + ROW + "columns = { event_id = 7 }\n" + EXPECT,
        'columns.event_id: expected a text, such as "7".',
    ),
    (
        EVALUATE + ROW + 'columns = { response.status_code = "401" }\n' + EXPECT,
        "columns.response.status_code: expected a whole number of at most 2147483647.",
    ),
    (
        EVALUATE + ROW + 'columns = { event_time = "10:00" }\n' + EXPECT,
        "columns.event_time: is what `at` says; expected it there.",
    ),
    (
        EVALUATE + ROW + 'columns = { arrival = "10:00" }\n' + EXPECT,
        "columns.arrival: audit has no such column",
    ),
    (
        EVALUATE + ROW + 'without = ["acton_name"]\n' + EXPECT,
        'without[0]: audit has no such column; did you mean "act',
    ),
    (
        EVALUATE + ROW + EXPECT.replace("brute_force", "brute_forse"),
        'line 8: tests[0].expect[0].rule: there is no such rule; did you mean "security.brute_force"?',
    ),
    (
        EVALUATE + ROW + EXPECT + 'entity = { user = "x" }\n',
        "entity.user: alerts of security.brute_force have no such field; known here: user_email.",
    ),
    (
        EVALUATE
        + ROW
        + EXPECT.replace("brute_force", "failed_logins_per_hour")
        + 'entity = { user = "x" }\n',
        "entity.user: alerts of security.failed_logins_per_hour have no such field; it counts everybody together.",
    ),
    (
        EVALUATE + ROW + EXPECT.replace("[]", '[{ at = "10:20", state = "firing" }]'),
        "line 9: tests[0].expect[0].states[0].at: nothing is evaluated then; the nearest evaluation is at 10:30.",
    ),
    (
        EVALUATE + ROW + EXPECT.replace("[]", '[{ at = "10:00", state = "fireing" }]'),
        'states[0].state: expected one of inactive, pending, firing, resolved, unknown; did you mean "firing"?',
    ),
    (
        EVALUATE + ROW + EXPECT.replace("[]", '[{ at = "10:00", state = "inactive" }]'),
        "states[0].state: expected a change; it is inactive already.",
    ),
    (
        EVALUATE
        + ROW
        + EXPECT.replace("[]", '[{ at = "10:30", state = "firing" }, { at = "10:00", state = "resolved" }]'),
        "states[1].at: expected a time after the state before it.",
    ),
    (
        EVALUATE + ROW + EXPECT.replace("[]", '[{ at = "10:00", state = "unknown", value = 1 }]'),
        "states[0].value: a rule that is unknown has no value.",
    ),
    (
        "[thresholds]\nfailed_logins = 1\n" + ROW,
        'line 2: thresholds.failed_logins: unknown key; did you mean "failed_logins_per_hour"?',
    ),
    (
        '[rules."own.x"]\ndataset = "queries"\nvalue = 1\nfilter = { stats = "x" }\n' + ROW,
        'line 4: rules."own.x".filter.stats: queries has no such column; did you mean "status"?',
    ),
    (
        "[freshness.allowed_lateness]\naudit = 1\n" + ROW,
        "freshness.allowed_lateness: unknown key; did you mean",
    ),
    (EVALUATE + ROW + EXPECT + "[[tests]]\nname = 3", "line 11: tests[1].name: expected a text of one line"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_file_is_one_line_with_its_key(home: Path, text: str, expected: str) -> None:
    """Exit 2: the file, the line, the key, what was expected and the nearest that is known; nothing has run."""
    result = tried(home, text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert expected in told_wrong(result, home)


def told_wrong(result: Result, home: Path) -> str:
    return result.stderr.replace(str(home / "rules_test.toml"), "FILE")


def test_a_file_that_is_not_there_is_one_line(home: Path) -> None:
    """As it is with a configuration."""
    result = CliRunner().invoke(cli, ["alerts", "test", str(home / "none.toml")])
    assert result.exit_code == 2 and result.output.endswith(
        "none.toml: cannot be read: No such file or directory.\n"
    )


def test_the_line_of_a_key_in_lists_within_lists() -> None:
    """A row is found in its own test; what is missing is looked for where it would stand."""
    text = "[[a]]\n[[a.b]]\nx = 1\n[[a.b]]\nx = 1\n[[a]]\n[[a.b]]\nx = 1\n"
    found = [
        line_of(text, path) for path in (("a", 0, "b", 1, "x"), ("a", 1, "b", 0, "x"), ("a", 1, "c"), ("z",))
    ]
    assert found == [5, 8, 6, None]


def test_entities_are_of_rules_that_exist() -> None:
    """A rule that is renamed takes its fields along."""
    assert set(_ENTITIES) <= set(BUILT_IN)
