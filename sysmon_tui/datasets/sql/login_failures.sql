-- Purpose: the refused logins of a window by user and by address, most first, and whether a login went through after one.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
-- After one, not after the last: who gets in and is refused again got in. Users count in small letters, addresses
-- without their port; events that name none are counted under NULL, of which nobody knows who got in.
WITH
-- include: audit_rows
,
-- include: login_rows
,
-- One pass over the events for both: a UNION of them would read the table twice.
tried AS (
  SELECT
    kinds.counted_by,
    CASE WHEN kinds.counted_by = 'user' THEN known_user ELSE address END AS name,
    CASE WHEN kinds.counted_by = 'user' THEN address ELSE known_user END AS other,
    event_time,
    is_failed_login,
    is_login
  FROM addressed
  CROSS JOIN (SELECT 'user' AS counted_by UNION ALL SELECT 'address' AS counted_by) AS kinds
  WHERE event_time >= timestamp_micros(:since_us) AND (is_failed_login OR is_login)
),
counted AS (
  SELECT
    counted_by,
    name,
    COUNT_IF(is_failed_login) AS failures,
    COUNT(DISTINCT CASE WHEN is_failed_login THEN other END) AS others,
    MIN(CASE WHEN is_failed_login THEN event_time END) AS first_failure,
    MAX(CASE WHEN is_failed_login THEN event_time END) AS last_failure,
    MAX(CASE WHEN is_login THEN event_time END) AS last_login
  FROM tried
  GROUP BY counted_by, name
),
refused AS (
  SELECT
    counted.*,
    CASE WHEN name IS NOT NULL AND last_login > first_failure THEN last_login END AS let_in_at,
    COUNT(*) OVER (PARTITION BY counted_by) AS names,
    ROW_NUMBER() OVER (PARTITION BY counted_by ORDER BY failures DESC, last_failure DESC, name) AS place
  FROM counted
  WHERE failures > 0
)
SELECT
  refused.counted_by, refused.name, refused.failures, refused.others, refused.first_failure, refused.last_failure,
  refused.let_in_at, refused.names, head.as_of
FROM head LEFT JOIN refused ON refused.place <= :row_limit
ORDER BY refused.counted_by, refused.place
