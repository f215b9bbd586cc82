-- Purpose: the events of warehouses, newest first, from before the window on so that the state is carried in.
-- Tables: system.compute.warehouse_events
-- Grants: SELECT on system.compute
SELECT DISTINCT workspace_id, warehouse_id, event_type, cluster_count, event_time
FROM system.compute.warehouse_events
WHERE event_time >= timestamp_micros(:scan_start_us)
  AND event_time < timestamp_micros(:window_end_us)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
  AND (:warehouse_id IS NULL OR warehouse_id = :warehouse_id)
ORDER BY event_time DESC, workspace_id, warehouse_id, event_type
LIMIT :row_limit
