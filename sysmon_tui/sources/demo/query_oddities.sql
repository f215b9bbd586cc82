-- query.history rows that break careless readers: every eight hours one of each.

INSERT INTO query.history BY NAME
WITH odd (no, workspace_no, statement_text, statement_type, execution_status, error_message, client, duration_ms) AS (VALUES
  -- 60 kB with newlines, tabs, terminal escapes and markup.
  (0, 0, '-- generated' || chr(10) || chr(9) || chr(27) || '[2J' || chr(27) || ']0;owned' || chr(7) || '[/x] [@click=app.quit]x[/]' || chr(10)
     || repeat('SELECT ''' || chr(27) || '[31mred' || chr(27) || '[0m'' AS c UNION ALL' || chr(10) || chr(9), 1600) || 'SELECT 1',
   'SELECT', 'FINISHED', NULL, 'Databricks SQL Editor', 5400),
  (1, 2, NULL, NULL, 'FAILED', NULL, NULL, 80),
  (2, 2, '', NULL, 'FAILED', '', 'Databricks SQL Editor', 90),
  (3, 0, 'SELEC 1', NULL, 'FAILED', '[PARSE_SYNTAX_ERROR] Syntax error at or near ''SELEC''. SQLSTATE: 42601 (line 1, pos 0)',
   'Databricks SQL Editor', 40),
  (4, 0, 'SELECT ''' || chr(8238) || 'gnp.tnuoma' || ''' AS [bold]', 'SELECT', 'FAILED',
   '[UNRESOLVED_COLUMN.WITHOUT_SUGGESTION] A column with name `' || chr(27) || ']52;c;ZXZpbA==' || chr(7) || '` cannot be resolved. [/x] SQLSTATE: 42703',
   'Power BI', 120),
  (5, 0, 'SELECT * FROM prod.web.click_events CROSS JOIN prod.bags.bag_scans', 'SELECT', 'CANCELED', NULL,
   'Databricks SQL Editor', 2700000)
), placed AS (
  SELECT odd.*, turn, $t0 + turn * 28800 - 2400 - no * 45 AS end_s, hash($seed, 'odd', turn, no) AS h
  FROM odd, range(ceil(($from + 2700 - $t0) / 28800)::BIGINT, ceil(($to + 2700 - $t0) / 28800)::BIGINT) AS t (turn)
  WHERE turn >= -21
)
SELECT account_id() AS account_id, workspace_id, uuid_of(h, 1) AS statement_id, email AS executed_by,
  uuid_of(h, 3) AS session_id, execution_status,
  {'type': 'SERVERLESS_COMPUTE', 'cluster_id': NULL, 'warehouse_id': NULL} AS compute,
  user_id AS executed_by_user_id, statement_text, statement_type, error_message, client AS client_application,
  duration_ms AS total_duration_ms, 0 AS waiting_for_compute_duration_ms, 0 AS waiting_at_capacity_duration_ms,
  duration_ms AS execution_duration_ms, 0 AS compilation_duration_ms,
  make_timestamp((end_s * 1000 - duration_ms) * 1000) AS start_time, instant(end_s) AS end_time, instant(end_s + 1) AS update_time,
  0 AS read_rows, 0 AS produced_rows, 0 AS read_bytes, false AS from_result_cache, 0 AS spilled_local_bytes,
  instant(end_s + 180 + below(h, 5, 600)) AS arrival
FROM placed
JOIN workspace USING (workspace_no)
JOIN person ON person_no = 9
ORDER BY end_s;
