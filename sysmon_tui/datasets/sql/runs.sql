-- Purpose: the runs of a window, one row per run, newest first; also one job's history and one run. And their counts.
-- Tables: system.lakeflow.job_run_timeline, system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
-- Every answer has at least one row: counts and `as_of` come from the same snapshot as the rows.
-- A run is counted at its end, a running one where it was last seen.
WITH
-- include: run_fold
, matched AS (
  SELECT
    runs.*,
    CASE WHEN :newest_by_end THEN end_time ELSE start_time END AS sort_time,
    CONCAT(COALESCE(workspace_id, ''), '/', COALESCE(run_id, '')) AS row_key,
    COALESCE(end_time, last_seen) AS span_time,
    status AS span_status
  FROM runs
  WHERE (:name_like IS NULL OR workflow_name LIKE :name_like ESCAPE '!')
    AND (:statuses = '' OR array_contains(split(:statuses, ','), status))
),
-- include: listing
SELECT
  listed.workspace_id, listed.job_id, listed.run_id, listed.workflow_name, listed.run_type, listed.trigger_type,
  listed.status, listed.start_time, listed.end_time, listed.duration_seconds, listed.attempts,
  listed.termination_code, listed.termination_type, listed.run_as,
  listed.sort_us, listed.row_key, listed.span_us, listed.counted_status, listed.span_count, head.as_of
FROM head LEFT JOIN listed ON TRUE
ORDER BY listed.span_us, listed.counted_status, listed.sort_us DESC, listed.row_key
