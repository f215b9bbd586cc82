-- Purpose: what was changed in the time of an incident, with the logins and the refusals that belong to it. Of each
-- class come the :class_rows events that are about one of :subjects or by one of them, then those nearest to :near_us.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
-- Why a class has a number of rows for itself: a deployment that rewrites a thousand tables must not hide the one grant
-- that was taken away. A change that was refused has changed nothing and is left out.
WITH
-- include: audit_rows
,
-- include: login_rows
,
aimed AS (
  SELECT
    addressed.*,
    LOWER(action_name) AS action,
    -- What the event is about. Services name it differently; a permission's object comes as /jobs/123.
    LOWER(COALESCE(
      NULLIF(request_params['job_id'], ''),
      NULLIF(request_params['jobId'], ''),
      NULLIF(regexp_extract(request_params['resourceId'], '[^/]+$', 0), ''),
      NULLIF(request_params['warehouseId'], ''),
      NULLIF(request_params['endpointId'], ''),
      NULLIF(request_params['securable_full_name'], ''),
      NULLIF(request_params['full_name_arg'], ''),
      CASE
        WHEN request_params['schema_name'] <> ''
          THEN CONCAT_WS('.', request_params['catalog_name'], request_params['schema_name'], request_params['name'])
        WHEN request_params['catalog_name'] <> ''
          THEN CONCAT_WS('.', request_params['catalog_name'], request_params['name'])
      END,
      NULLIF(request_params['targetUserName'], ''),
      NULLIF(request_params['userName'], ''),
      NULLIF(request_params['servicePrincipalName'], ''),
      NULLIF(request_params['id'], ''),
      NULLIF(request_params['name'], ''),
      NULLIF(request_params['path'], '')
    )) AS target
  FROM addressed
),
told AS (
  SELECT
    aimed.*,
    CASE
      WHEN array_contains(split(:subjects, ','), target) THEN 0
      -- Who deploys a thousand tables may be who the job runs as.
      WHEN array_contains(split(:subjects, ','), known_user) OR array_contains(split(:subjects, ','), address) THEN 1
      ELSE 2
    END AS distance,
    status = 'success'
      AND (
        action RLIKE '^(add|activate|batch|change|checkout|create|deactivate|delete|deny|disable|edit|enable|garbagecollect|generatedbtoken|grant|import|install|mount|move|patch|permanentdelete|pull|put|remove|rename|replace|reset|resize|restore|revoke|rotate|set|stop|transfer|trash|undelete|uninstall|unmount|update|upsert|workspaceconfedit|databricksaccess)'
        OR action LIKE '%delete%' OR action LIKE '%trash%'
      ) AS is_change
  FROM aimed
),
classed AS (
  SELECT
    told.*,
    CASE
      WHEN is_failed_login THEN 'failed_login'
      WHEN is_login THEN 'login'
      WHEN service_name = 'unityCatalog' AND status_code IN (401, 403) THEN 'denied'
      WHEN NOT is_change THEN NULL
      -- A run stores what its tasks tell one another; that changes no job.
      WHEN service_name = 'jobs' AND (action IN ('create', 'update', 'reset', 'delete') OR action LIKE '%acl%') THEN 'job'
      WHEN service_name = 'deltaPipelines' THEN 'pipeline'
      WHEN service_name = 'databrickssql' AND action RLIKE '(warehouse|endpoint)' THEN 'warehouse'
      WHEN service_name IN ('clusters', 'clusterPolicies', 'instancePools', 'globalInitScripts', 'clusterLibraries')
        -- A cluster that has nothing to do is ended by the system, hundreds of times a day.
        AND NOT (service_name = 'clusters' AND COALESCE(known_user, '') = '') THEN 'cluster'
      WHEN service_name = 'unityCatalog' AND action RLIKE '(permission|binding|owner)' THEN 'grant'
      WHEN service_name = 'unityCatalog' THEN 'catalog'
      WHEN action RLIKE '(ipaccesslist|workspaceconf|setting|network|mount|databricksaccess)' THEN 'setting'
      WHEN action RLIKE '(token|credential|secret|password|mfa)' OR service_name = 'secrets' THEN 'credential'
      WHEN action RLIKE '(acl|permission|owner)' OR service_name = 'sqlPermissions' THEN 'permission'
      WHEN service_name IN ('accounts', 'accountsManager', 'groups', 'iamRole', 'servicePrincipals') THEN 'principal'
      WHEN service_name IN ('repos', 'gitCredentials') THEN 'code'
      WHEN array_contains(split(:subjects, ','), known_user) THEN 'other'
    END AS class
  FROM told
)
SELECT
  event_id, event_time, workspace_id, user_email, service_name, action_name, status, status_code,
  LEFT(error_message, :text_chars + 1) AS error_message,
  source_ip, user_agent,
  LEFT(to_json(request_params), :params_chars + 1) AS request_params,
  class, target, address
FROM classed
WHERE event_time >= timestamp_micros(:since_us)
  AND class IS NOT NULL
  -- Logins that went through are counted in hundreds of thousands: only those of the people it is about.
  AND (class <> 'login' OR distance < 2)
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY class
  ORDER BY distance, ABS(unix_micros(event_time) - :near_us), row_key
) <= :class_rows
ORDER BY event_time DESC, row_key
