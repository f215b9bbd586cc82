-- Purpose: runs of a window by status over time; the sum over all buckets is the total of `runs`.
-- Tables: system.lakeflow.job_run_timeline, system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
-- A run stands in the bucket in which it ended, a running one where it was last seen.
WITH
-- include: run_fold
, bucketed AS (
  SELECT
    status,
    (unix_micros(COALESCE(end_time, last_seen)) DIV :bucket_us) * :bucket_us AS bucket_start_us
  FROM runs
)
SELECT
  timestamp_micros(bucketed.bucket_start_us) AS bucket_start,
  bucketed.status,
  COUNT(bucketed.bucket_start_us) AS count,
  head.as_of
FROM head LEFT JOIN bucketed ON TRUE
GROUP BY bucketed.bucket_start_us, bucketed.status, head.as_of
ORDER BY bucket_start, bucketed.status
