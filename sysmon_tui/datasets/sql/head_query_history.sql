-- Purpose: the newest event time that the table holds; a row of the future (a wrong clock) dates nothing.
-- Tables: system.query.history
-- Grants: SELECT on system.query
SELECT MAX(end_time) AS head
FROM system.query.history
WHERE start_time >= timestamp_micros(:scan_start_us)
  AND end_time < timestamp_micros(:window_end_us)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
