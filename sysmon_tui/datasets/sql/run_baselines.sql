-- Purpose: per job, how long its last successful runs took: the median, and the median distance from it.
-- Tables: system.lakeflow.job_run_timeline, system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
-- Of fewer than five nobody knows what is usual; more than fifty tell what was usual long ago.
WITH
-- include: run_fold
, successes AS (
  SELECT
    workspace_id,
    job_id,
    -- As in long_runs.sql: without the time between a run's end and its repair.
    CASE
      WHEN attempts > 1 THEN LEAST(duration_seconds, CAST(covered_us AS DOUBLE) / 1000000)
      ELSE duration_seconds
    END AS duration_seconds
  FROM runs
  WHERE job_id IS NOT NULL AND status = 'SUCCEEDED' AND duration_seconds IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, job_id ORDER BY end_time DESC, run_id DESC) <= 50
),
centres AS (
  SELECT workspace_id, job_id, COUNT(*) AS runs, median(duration_seconds) AS median_seconds
  FROM successes
  GROUP BY workspace_id, job_id
  HAVING COUNT(*) >= 5
)
SELECT
  centres.workspace_id,
  centres.job_id,
  centres.runs,
  centres.median_seconds,
  median(ABS(successes.duration_seconds - centres.median_seconds)) AS mad_seconds
FROM centres
JOIN successes ON successes.workspace_id = centres.workspace_id AND successes.job_id = centres.job_id
GROUP BY centres.workspace_id, centres.job_id, centres.runs, centres.median_seconds
ORDER BY centres.workspace_id, centres.job_id
LIMIT :row_limit
