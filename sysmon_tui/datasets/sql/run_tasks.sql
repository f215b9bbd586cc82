-- Purpose: the task runs of one job run, in the order in which they started.
-- Tables: system.lakeflow.job_task_run_timeline
-- Grants: SELECT on system.lakeflow
-- A task that was repaired has several task runs; each is a row.
WITH slices AS (
  SELECT *
  FROM system.lakeflow.job_task_run_timeline
  WHERE period_start_time >= timestamp_micros(:scan_start_us)
    AND period_start_time < timestamp_micros(:window_end_us)
    AND period_end_time < timestamp_micros(:window_end_us)
    AND workspace_id = :workspace_id
    AND job_run_id = :run_id
),
folded AS (
  SELECT
    workspace_id,
    run_id,
    MAX(job_run_id) AS job_run_id,
    MAX(task_key) AS task_key,
    MIN(period_start_time) AS start_time,
    MAX(period_end_time) AS last_seen,
    COUNT(result_state) AS results,
    MAX(
      named_struct(
        'ended_at', period_end_time,
        'state', UPPER(result_state),
        'code', termination_code,
        'type', termination_type,
        'seconds', NULLIF(execution_duration_seconds, 0)
      )
    ) FILTER (WHERE result_state IS NOT NULL) AS outcome
  FROM slices
  GROUP BY workspace_id, run_id
)
SELECT
  workspace_id,
  run_id,
  job_run_id,
  task_key,
  CASE
    WHEN results = 0 THEN 'RUNNING'
-- include: run_states
    ELSE outcome.state
  END AS status,
  start_time,
  outcome.ended_at AS end_time,
  CASE
    WHEN results > 0 THEN CAST(unix_micros(outcome.ended_at) - unix_micros(start_time) AS DOUBLE) / 1000000
  END AS duration_seconds,
  CAST(outcome.seconds AS DOUBLE) AS execution_seconds,
  outcome.code AS termination_code,
  outcome.type AS termination_type
FROM folded
ORDER BY start_time, task_key, run_id
LIMIT :row_limit
