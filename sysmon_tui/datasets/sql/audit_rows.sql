-- Fragment: the audit events since :scan_start_us in `events`, each once. Statements list those since :since_us.
-- Why so: event_date is the column that prunes and is in UTC; account-level events have workspace '0' and concern
-- every tenant, those of Unity Catalog name their workspace in a parameter; an event may be delivered twice; the
-- user of a failed login is often only in the request.
recent AS (
  SELECT *
  FROM system.access.audit
  WHERE event_date >= :first_date
    AND event_date <= :last_date
    AND event_time >= timestamp_micros(:scan_start_us)
    AND event_time < timestamp_micros(:window_end_us)
    AND (
      :workspace_ids = ''
      OR array_contains(split(:workspace_ids, ','), workspace_id)
      OR (
        workspace_id = '0'
        AND (
          request_params['workspace_id'] IS NULL
          OR request_params['workspace_id'] = '0'
          OR array_contains(split(:workspace_ids, ','), request_params['workspace_id'])
        )
      )
    )
  QUALIFY event_id IS NULL OR ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY event_time) = 1
),
head AS (
  SELECT MAX(event_time) AS as_of FROM recent
),
named AS (
  SELECT
    event_id,
    event_time,
    workspace_id,
    COALESCE(
      CASE WHEN user_identity.email NOT IN ('', 'unknown') THEN user_identity.email END,
      NULLIF(request_params['user'], ''),
      NULLIF(user_identity.email, '')
    ) AS user_email,
    service_name,
    action_name,
    CASE WHEN response.status_code >= 400 THEN 'failure' ELSE 'success' END AS status,
    response.status_code AS status_code,
    response.error_message AS error_message,
    source_ip_address AS source_ip,
    user_agent,
    request_id,
    request_params,
    -- The authentication actions, by name and by pattern: clouds and years differ.
    service_name = 'accounts'
      AND (
        LOWER(action_name) LIKE '%login%'
        OR LOWER(action_name) LIKE '%authentication%'
        OR action_name IN (
          'oidcTokenAuthorization', 'aadTokenLogin', 'mintOAuthToken', 'mintOAuthAuthorizationCode',
          'IpAccessDenied', 'accountIpAclsValidationFailed'
        )
      ) AS is_authentication
  FROM recent
),
events AS (
  SELECT
    named.*,
    -- An event without an id is told apart by what it says.
    COALESCE(
      event_id,
      md5(CONCAT_WS('/', workspace_id, service_name, action_name, user_email, source_ip, request_id, user_agent))
    ) AS row_key,
    is_authentication AND status_code IN (401, 403) AS is_failed_login
  FROM named
)
