-- Purpose: the runs of jobs that took :min_us at least, and those that go on and have taken as long, newest first.
-- Tables: system.lakeflow.job_run_timeline, system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
-- How long a run that goes on has taken is known up to its last slice; one whose slices have stopped does not go on.
-- The time between a run's end and its repair is nobody's slowness.
WITH
-- include: run_fold
, lasting AS (
  SELECT
    workspace_id, job_id, run_id, workflow_name, status, start_time, end_time, last_seen,
    CASE
      WHEN attempts > 1 THEN LEAST(duration_seconds, CAST(covered_us AS DOUBLE) / 1000000)
      WHEN status = 'RUNNING' THEN CAST(unix_micros(last_seen) - unix_micros(start_time) AS DOUBLE) / 1000000
      ELSE duration_seconds
    END AS duration_seconds
  FROM runs
  WHERE job_id IS NOT NULL
),
answer AS (
  SELECT lasting.*
  FROM lasting CROSS JOIN head
  WHERE duration_seconds * 1000000 >= :min_us
    AND (status <> 'RUNNING' OR last_seen >= timestamp_micros(unix_micros(head.as_of) - :silent_us))
)
SELECT
  answer.workspace_id, answer.job_id, answer.run_id, answer.workflow_name, answer.status, answer.start_time,
  answer.end_time, answer.duration_seconds, answer.last_seen, head.as_of
FROM head LEFT JOIN answer ON TRUE
ORDER BY COALESCE(answer.end_time, answer.last_seen) DESC, answer.workspace_id, answer.run_id, answer.job_id
LIMIT :row_limit
