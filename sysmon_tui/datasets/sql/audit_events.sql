-- Purpose: the audit events of a window, newest first, and their counts, failed logins apart; with :failed_logins only those,
-- with :logins all authentication, whatever came of it.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
WITH
-- include: audit_rows
, matched AS (
  SELECT
    events.*,
    event_time AS sort_time,
    event_time AS span_time,
    CASE WHEN is_failed_login THEN 'failed_login' ELSE status END AS span_status
  FROM events
  WHERE event_time >= timestamp_micros(:since_us)
    AND (NOT :failed_logins OR is_failed_login)
    AND (NOT :logins OR is_authentication)
    AND (:outcome IS NULL OR status = :outcome)
    AND (:status_code IS NULL OR status_code = :status_code)
    AND (:action_like IS NULL OR action_name LIKE :action_like ESCAPE '!')
    AND (:user_like IS NULL OR user_email LIKE :user_like ESCAPE '!')
),
-- include: listing
SELECT
  listed.event_id, listed.event_time, listed.workspace_id, listed.user_email, listed.service_name, listed.action_name,
  listed.status, listed.status_code,
  LEFT(listed.error_message, :text_chars + 1) AS error_message,
  listed.source_ip, listed.user_agent,
  LEFT(to_json(listed.request_params), :params_chars + 1) AS request_params,
  listed.sort_us, listed.row_key, listed.span_us, listed.counted_status, listed.span_count, head.as_of
FROM head LEFT JOIN listed ON TRUE
ORDER BY listed.span_us, listed.counted_status, listed.sort_us DESC, listed.row_key
