-- Purpose: finished statements of a window by status over time; the sum over all buckets is the total of `queries`.
-- Tables: system.query.history
-- Grants: SELECT on system.query
WITH
-- include: query_rows
, bucketed AS (
  SELECT status, (unix_micros(end_time) DIV :bucket_us) * :bucket_us AS bucket_start_us FROM queries
)
SELECT
  timestamp_micros(bucketed.bucket_start_us) AS bucket_start,
  bucketed.status,
  COUNT(bucketed.bucket_start_us) AS count,
  head.as_of
FROM head LEFT JOIN bucketed ON TRUE
GROUP BY bucketed.bucket_start_us, bucketed.status, head.as_of
ORDER BY bucket_start, bucketed.status
