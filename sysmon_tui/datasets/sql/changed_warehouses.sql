-- Purpose: the newest version of each warehouse that changed since :since_us.
-- Tables: system.compute.warehouses
-- Grants: SELECT on system.compute
SELECT
  workspace_id, warehouse_id, warehouse_name, warehouse_size, warehouse_type, auto_stop_minutes, change_time, delete_time
FROM system.compute.warehouses
WHERE (change_time >= timestamp_micros(:since_us) OR change_time IS NULL)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, warehouse_id ORDER BY change_time DESC) = 1
ORDER BY workspace_id, warehouse_id
LIMIT :row_limit
