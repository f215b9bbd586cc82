-- Purpose: audit events of a window by outcome over time, failed logins apart; the sum over all buckets is the total.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
WITH
-- include: audit_rows
, bucketed AS (
  SELECT
    CASE WHEN is_failed_login THEN 'failed_login' ELSE status END AS status,
    (unix_micros(event_time) DIV :bucket_us) * :bucket_us AS bucket_start_us
  FROM events
)
SELECT
  timestamp_micros(bucketed.bucket_start_us) AS bucket_start,
  bucketed.status,
  COUNT(bucketed.bucket_start_us) AS count,
  head.as_of
FROM head LEFT JOIN bucketed ON TRUE
GROUP BY bucketed.bucket_start_us, bucketed.status, head.as_of
ORDER BY bucket_start, bucketed.status
