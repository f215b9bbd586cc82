-- Purpose: the finished statements of a window, newest end first.
-- Tables: system.query.history
-- Grants: SELECT on system.query
WITH
-- include: query_rows
, matched AS (
  SELECT queries.*, end_time AS sort_time, CONCAT(COALESCE(workspace_id, ''), '/', COALESCE(statement_id, '')) AS row_key
  FROM queries
  WHERE (:statuses = '' OR array_contains(split(:statuses, ','), status))
    AND (:user_like IS NULL OR user_email LIKE :user_like ESCAPE '!')
),
meta AS (
  SELECT (SELECT COUNT(*) FROM matched) AS total, head.as_of AS as_of FROM head
),
page AS (
  SELECT * FROM matched
  WHERE :after_us IS NULL
    OR sort_time < timestamp_micros(:after_us)
    OR (sort_time = timestamp_micros(:after_us) AND row_key >= :after_key)
  ORDER BY sort_time DESC, row_key
  LIMIT :row_limit
)
SELECT
  page.workspace_id, page.statement_id, page.status, page.user_email, page.warehouse_id, page.statement_type,
  LEFT(page.statement_text, :text_chars + 1) AS statement_text,
  page.error_class,
  LEFT(page.error_message, :text_chars + 1) AS error_message,
  page.client_application, page.start_time, page.end_time,
  page.total_duration_ms, page.waiting_for_compute_duration_ms, page.waiting_at_capacity_duration_ms,
  page.compilation_duration_ms, page.execution_duration_ms,
  page.read_rows, page.read_bytes, page.produced_rows, page.spilled_local_bytes, page.from_result_cache,
  unix_micros(page.sort_time) AS sort_us, page.row_key, meta.total, meta.as_of
FROM meta LEFT JOIN page ON TRUE
ORDER BY page.sort_time DESC, page.row_key
