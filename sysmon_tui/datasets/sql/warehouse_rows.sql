-- Fragment: the warehouse events since :scan_start_us in `raw_events`, each once, and the warehouses as they are in `known`.
raw_events AS (
  SELECT DISTINCT
    workspace_id, warehouse_id, event_type, cluster_count, event_time,
-- include: event_steps
  FROM system.compute.warehouse_events
  WHERE event_time >= timestamp_micros(:scan_start_us)
    AND event_time < timestamp_micros(:window_end_us)
    AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
),
head AS (
  SELECT MAX(event_time) AS as_of FROM raw_events
),
known AS (
  SELECT
    workspace_id, warehouse_id, warehouse_name, warehouse_size, warehouse_type, auto_stop_minutes, delete_time
  FROM system.compute.warehouses
  WHERE :workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, warehouse_id ORDER BY change_time DESC) = 1
)
