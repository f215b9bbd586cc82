-- Purpose: the newest event time that the table holds; a row of the future (a wrong clock) dates nothing.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
SELECT MAX(event_time) AS head
FROM system.access.audit
WHERE event_date >= :first_date
  AND event_time < timestamp_micros(:window_end_us)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id) OR workspace_id = '0')
