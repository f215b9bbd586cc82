-- Purpose: the latest name of every warehouse, deleted ones included: rows of the past still name them.
-- Tables: system.compute.warehouses
-- Grants: SELECT on system.compute
SELECT workspace_id, warehouse_id, warehouse_name
FROM system.compute.warehouses
WHERE :workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id)
QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, warehouse_id ORDER BY change_time DESC) = 1
ORDER BY workspace_id, warehouse_id
LIMIT :row_limit
