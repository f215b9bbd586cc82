-- Purpose: the newest version of each job that changed since :since_us.
-- Tables: system.lakeflow.jobs
-- Grants: SELECT on system.lakeflow
SELECT workspace_id, job_id, name, run_as, run_as_user_name, change_time, delete_time
FROM system.lakeflow.jobs
WHERE (change_time >= timestamp_micros(:since_us) OR change_time IS NULL)
  AND (:workspace_ids = '' OR array_contains(split(:workspace_ids, ','), workspace_id))
QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, job_id ORDER BY change_time DESC) = 1
ORDER BY workspace_id, job_id
LIMIT :row_limit
