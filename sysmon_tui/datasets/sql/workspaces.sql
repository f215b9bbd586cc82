-- Purpose: the host of every workspace, for links to rows of workspaces other than the one we are connected to.
-- Tables: system.access.workspaces_latest
-- Grants: SELECT on system.access
SELECT workspace_id, MAX(workspace_name) AS workspace_name, MAX(workspace_url) AS workspace_url
FROM system.access.workspaces_latest
GROUP BY workspace_id
ORDER BY workspace_id
LIMIT :row_limit
