-- Purpose: the audit events that security rules count, newest first, each with its gravest signal, and their counts.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
WITH
-- include: audit_rows
,
-- include: signal_rows
,
matched AS (
  SELECT
    judged.*,
    event_time AS sort_time,
    event_time AS span_time,
    signal AS span_status
  FROM judged
  WHERE signal IS NOT NULL
    -- Of a flood of refusals only the newest rows come; what stands alone must not go under in it.
    AND (NOT :grave_only OR signal NOT IN ('failed_login', 'denied', 'deleted'))
),
-- include: listing
SELECT
  listed.event_id, listed.event_time, listed.workspace_id, listed.user_email, listed.address, listed.service_name,
  listed.action_name, listed.status_code, listed.signal,
  LEFT(
    COALESCE(
      NULLIF(listed.request_params['targetUserName'], ''),
      NULLIF(listed.request_params['targetGroupName'], ''),
      NULLIF(listed.request_params['full_name_arg'], ''),
      NULLIF(listed.request_params['securable_full_name'], ''),
      NULLIF(listed.request_params['path'], ''),
      NULLIF(listed.request_params['label'], ''),
      NULLIF(listed.request_params['name'], ''),
      NULLIF(listed.request_params['comment'], ''),
      NULLIF(listed.request_params['reason'], ''),
      NULLIF(listed.request_params['jobId'], ''),
      NULLIF(listed.request_params['cluster_id'], '')
    ),
    :target_chars
  ) AS target,
  CASE WHEN listed.signal = 'brute_force' THEN GREATEST(listed.by_user, listed.by_address) END AS failures,
  CASE
    WHEN listed.signal <> 'brute_force' THEN NULL
    WHEN listed.by_user >= listed.by_address THEN 'user'
    ELSE 'address'
  END AS matched_by,
  listed.sort_us, listed.row_key, listed.span_us, listed.counted_status, listed.span_count, head.as_of
FROM head LEFT JOIN listed ON TRUE
ORDER BY listed.span_us, listed.counted_status, listed.sort_us DESC, listed.row_key
