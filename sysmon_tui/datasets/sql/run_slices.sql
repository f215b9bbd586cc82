-- Purpose: slices for the local copy: those that ended since :since_us, or, with :whole_runs, all of the runs that
--   have such a slice, that may still go on, or that :run_keys names.
-- Tables: system.lakeflow.job_run_timeline
-- Grants: SELECT on system.lakeflow
WITH slices AS (
-- include: run_rows
    AND (:whole_runs OR period_end_time >= timestamp_micros(:since_us))
),
head AS (
  SELECT MAX(period_end_time) AS as_of FROM slices
),
touched AS (
  SELECT DISTINCT slices.workspace_id, slices.run_id
  FROM slices CROSS JOIN head
  WHERE slices.period_end_time >= timestamp_micros(:since_us)
    OR slices.period_end_time >= timestamp_micros(unix_micros(head.as_of) - :silent_us)
    OR array_contains(split(:run_keys, ','), CONCAT(COALESCE(slices.workspace_id, ''), '/', slices.run_id))
)
SELECT slices.*
FROM slices
JOIN touched
  -- A row without an id is a run of its own kind in the other statements too.
  ON COALESCE(touched.workspace_id, '') = COALESCE(slices.workspace_id, '')
  AND COALESCE(touched.run_id, '') = COALESCE(slices.run_id, '')
ORDER BY slices.period_end_time DESC, slices.workspace_id, slices.run_id, slices.period_start_time
LIMIT :row_limit
