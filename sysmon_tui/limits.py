"""Every ceiling, with its reason. What a configuration may change has its default in default_config.toml."""

from __future__ import annotations

# A listing asks for at most this many rows over HTTP and `query`; more is paged by cursor.
MAX_PAGE_ROWS = 10_000
DEFAULT_PAGE_ROWS = 100

# System tables keep a year: a longer window can hold nothing more.
MAX_HOURS = 8760.0
DEFAULT_HOURS = 24.0

# What a table of the terminal app loads; a million rows still scroll, more is no longer read by a person.
DEFAULT_TABLE_ROWS = 10_000
MAX_TABLE_ROWS = 1_000_000

# A statement text can be megabytes; this much is shown, exported and sent.
MAX_TEXT_CHARS = 4096
# request_params of an audit event as JSON: cut before it reaches the client.
MAX_PARAMS_CHARS = 16_384

# A run that began before the window still belongs to it: slices are read this far before its start.
# A week holds every batch job; where a longer one began is asked for by itself (services/starts.py). A run that is
# repaired more than a week after its end is shown as its repair alone: nothing in the new rows says that it is one.
RUN_LOOKBACK_HOURS = 168.0
# A statement can run for days (two is STATEMENT_TIMEOUT's default, and a setting). Wide, because the end times of the
# window prune as well.
QUERY_LOOKBACK_HOURS = 24.0 * 31
# The state of a warehouse is carried into the window from its last event; none is silent for three months.
WAREHOUSE_LOOKBACK_HOURS = 24.0 * 92
# "Trailing failures, however far back": the retention of the tables.
STREAK_LOOKBACK_HOURS = MAX_HOURS
# A job whose last failure is older than this is not run any more: its streak pages nobody.
STREAK_RECENT_HOURS = 24.0 * 35
# A run without an end whose slices stopped this long before the table's head has lost its last slice.
RUN_SILENT_HOURS = 3.0

# Failures read for the hourly rules: far above any threshold; beyond it the count is told as "at least".
ALERT_ROWS = 20_000

# Starts of runs longer than the lookback, kept because they never change.
KNOWN_STARTS = 100_000

# Counts over time: a window is divided into so many buckets, of a second at least.
COUNT_BUCKETS = 96


def count_bucket_s(hours: float) -> int:
    """The width of a bucket of counts over a window: whole seconds, so that buckets of two readings agree."""
    return max(1, int(hours * 3600 / COUNT_BUCKETS))


# Counts are read in thirds of a bucket, so that a refresh reads little more than it must.
SPANS_A_BUCKET = 3
# What ran on a warehouse is read by the hour: a row a warehouse and span.
WAREHOUSE_SPAN_S = 3600

# A refresh reads again what is younger than the newest event it has seen less this: rows come out of order. Where they
# come later, the overlap grows up to the second.
OVERLAP_HOURS = 1.0
WIDEST_OVERLAP_HOURS = 24.0
# The tables of runs and warehouse events are small: there the overlap costs little.
MIRROR_OVERLAP_HOURS = 4.0
# So often everything is read anew whatever the refreshes say: the longest that a row which is later than the overlap
# stays unseen.
FULL_READ_S = 900.0
# The local copy of a table: hours it has at least, rows it has at most (170 bytes each), ids of older runs (8 each).
# A window with more rows is read by the engine each time.
MIRROR_HOURS = 25.0
MIRROR_ROWS = 200_000
MIRROR_IDS = 2_000_000
# Rows go into a copy so many at a time.
MIRROR_SLICE_ROWS = 20_000
# What the engine of a copy may use: a statement on the most rows takes a third of it.
MIRROR_MEMORY_MB = 512

# Answers kept per tenant: filters come from strangers, memory must not grow with them.
CACHED_ANSWERS = 256
CACHED_ROWS = 3_000_000
# A refused or broken statement is not asked again before this, whoever asks.
DENIED_RETRY_S = 300.0
FAILED_RETRY_S = 15.0

# So many failures in a row that concern every statement, and the source is held to be down. Then it is asked by one
# request after this long, which doubles up to the second while it stays down.
CIRCUIT_FAILURES = 3
CIRCUIT_OPEN_S = 15.0
CIRCUIT_LONGEST_S = 120.0

# Nobody has looked for this long, and refreshes by the clock become rarer: twice as far apart each time it passes
# again, up to the longest spacing, or the warehouse's auto-stop and a margin if that is longer, so that it can stop.
IDLE_S = 300.0
LONGEST_SPACING_S = 1800.0
AUTO_STOP_MARGIN_S = 120.0
# What is assumed of a warehouse that can't be asked: the default of serverless ones.
AUTO_STOP_S = 600.0
# What the statements of a refresh take, for the budget.
REFRESH_TAKES_S = 10.0
# How long what the workspace's API says of the warehouse and of active runs holds, how long one call may take, how many
# are under way, how many active runs are read, and how many failed tasks of a run are asked for their error.
LIVE_S = 10.0
LIVE_TIMEOUT_S = 10.0
LIVE_PATIENCE_S = 3.0
LIVE_AT_ONCE = 4
ACTIVE_RUNS = 240
TASK_ERRORS = 8
# Of a listing the newest failed runs whose errors are asked for.
RUNS_WITH_ERRORS = 10
# Runs whose errors are kept, and how much of an error: a trace can be megabytes.
KNOWN_ERRORS = 512
MAX_ERROR_CHARS = 20_000

# An incident's timeline: how far before its first failure it looks, how far before the alert a failure may have been
# the first, how long after the alert it goes on, and how much it reads of a kind: more is no story any more.
INCIDENT_LEAD_HOURS = 6.0
INCIDENT_BACK_HOURS = 24.0 * 7
INCIDENT_AFTER_HOURS = 24.0
INCIDENT_ROWS = 200
INCIDENT_RUNS = 500

# A window that a table refuses to answer whole is halved down to this.
NARROWEST_HOURS = 1.0
# A refused width is tried again after this long.
REFUSED_WIDTH_S = 3600.0

# How long a client of `serve`, and a screen of the app, wait for a warehouse that is starting before they are told so.
CLIENT_PATIENCE_S = 10.0
SCREEN_PATIENCE_S = 2.0

# Statements of one tenant at work at the same time: a small warehouse runs ten side by side.
STATEMENTS_AT_ONCE = 8

# INLINE answers are refused by the service beyond 25 MiB; listings above this many rows go by external links.
INLINE_MAX_ROWS = 10_000
# One answer's download: the rows ceiling times a generous row. No statement of ours answers more rows.
MAX_RESULT_BYTES = 2 * 1024**3
MAX_RESULT_ROWS = 3_000_000
# Chunks of one answer under way at the same time: at first, and at most. One that takes longer than this waits for the
# network, and then another beside it costs nothing.
CHUNKS_AT_FIRST = 2
CHUNKS_AT_ONCE = 8
SLOW_CHUNK_S = 0.15
# Links that lead nowhere, behind a firewall or for a moment, are not followed again before this.
STORAGE_CLOSED_S = 900.0
# At exit, how long a source may take to cancel its statements before it is left behind.
CLOSE_S = 3.0
