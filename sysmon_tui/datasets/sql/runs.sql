-- Purpose: the runs of a window, one row per run, newest first; also one job's history and one run.
-- Tables: system.lakeflow.job_run_timeline, system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
-- Every answer has at least one row: `total` and `as_of` come from the same snapshot as the rows.
WITH
-- include: run_fold
, matched AS (
  SELECT
    runs.*,
    CASE WHEN :newest_by_end THEN end_time ELSE start_time END AS sort_time,
    CONCAT(COALESCE(workspace_id, ''), '/', COALESCE(run_id, '')) AS row_key
  FROM runs
  WHERE (:name_like IS NULL OR workflow_name LIKE :name_like ESCAPE '!')
    AND (:statuses = '' OR array_contains(split(:statuses, ','), status))
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
  page.workspace_id, page.job_id, page.run_id, page.workflow_name, page.run_type, page.trigger_type,
  page.status, page.start_time, page.end_time, page.duration_seconds, page.attempts,
  page.termination_code, page.termination_type, page.run_as,
  unix_micros(page.sort_time) AS sort_us, page.row_key, meta.total, meta.as_of
FROM meta LEFT JOIN page ON TRUE
ORDER BY page.sort_time DESC, page.row_key
