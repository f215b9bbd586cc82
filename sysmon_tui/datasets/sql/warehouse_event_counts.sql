-- Purpose: warehouse events of a window by kind over time.
-- Tables: system.compute.warehouse_events
-- Grants: SELECT on system.compute
WITH recent AS (
  SELECT DISTINCT workspace_id, warehouse_id, event_type, event_time
  FROM system.compute.warehouse_events
  WHERE event_time >= timestamp_micros(:window_start_us)
    AND event_time < timestamp_micros(:window_end_us)
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
),
head AS (
  SELECT MAX(event_time) AS as_of FROM recent
),
bucketed AS (
  SELECT event_type AS status, (unix_micros(event_time) DIV :bucket_us) * :bucket_us AS bucket_start_us FROM recent
)
SELECT
  timestamp_micros(bucketed.bucket_start_us) AS bucket_start,
  bucketed.status,
  COUNT(bucketed.bucket_start_us) AS count,
  head.as_of
FROM head LEFT JOIN bucketed ON TRUE
GROUP BY bucketed.bucket_start_us, bucketed.status, head.as_of
ORDER BY bucket_start, bucketed.status
