-- Purpose: the audit events of a window, newest first; with :failed_logins only those.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
WITH
-- include: audit_rows
, matched AS (
  SELECT
    events.*,
    event_time AS sort_time,
    -- An event without an id is told apart by what it says.
    COALESCE(
      event_id,
      md5(CONCAT_WS('/', workspace_id, service_name, action_name, user_email, source_ip, request_id, user_agent))
    ) AS row_key
  FROM events
  WHERE (NOT :failed_logins OR is_failed_login)
    AND (:outcome IS NULL OR status = :outcome)
    AND (:status_code IS NULL OR status_code = :status_code)
    AND (:action_like IS NULL OR action_name LIKE :action_like ESCAPE '!')
    AND (:user_like IS NULL OR user_email LIKE :user_like ESCAPE '!')
),
meta AS (
  SELECT (SELECT COUNT(*) FROM matched) AS total, head.as_of AS as_of FROM head
),
page AS (
  SELECT * FROM matched
  WHERE :after_us IS NULL
    OR sort_time < timestamp_micros(:after_us)
    OR (sort_time = timestamp_micros(:after_us) AND row_key >= :after_key)
  ORDER BY sort_time DESC, row_key
  LIMIT :row_limit
)
SELECT
  page.event_id, page.event_time, page.workspace_id, page.user_email, page.service_name, page.action_name,
  page.status, page.status_code,
  LEFT(page.error_message, :text_chars + 1) AS error_message,
  page.source_ip, page.user_agent,
  LEFT(to_json(page.request_params), :params_chars + 1) AS request_params,
  unix_micros(page.sort_time) AS sort_us, page.row_key, meta.total, meta.as_of
FROM meta LEFT JOIN page ON TRUE
ORDER BY page.sort_time DESC, page.row_key
