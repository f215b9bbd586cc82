-- Purpose: the newest event time that the table holds; a row of the future (a wrong clock) dates nothing.
-- Tables: system.compute.warehouse_events
-- Grants: SELECT on system.compute
SELECT MAX(event_time) AS head
FROM system.compute.warehouse_events
WHERE event_time >= timestamp_micros(:scan_start_us)
  AND event_time < timestamp_micros(:window_end_us)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
