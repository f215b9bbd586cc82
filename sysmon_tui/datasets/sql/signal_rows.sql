-- Fragment: of `events` (audit_rows) those that security rules count, each with its gravest signal, in `judged`.
-- A brute force is a login that succeeds after :brute_force_failures refused ones of its user, or from its address,
-- within a quarter of an hour; so the scan begins that much before :since_us. An event without a status counts as done.
-- include: login_rows
,
signalled AS (
  SELECT
    addressed.*,
    CASE
      WHEN status = 'success'
        AND (
          action_name IN ('setAccountAdmin', 'changeAccountOwner', 'setAdmin')
          OR (
            action_name IN ('addPrincipalToGroup', 'addPrincipalsToGroup')
            AND LOWER(request_params['targetGroupName']) = 'admins'
          )
        ) THEN 'admin_granted'
      WHEN status = 'success'
        AND LOWER(action_name) LIKE '%ipaccesslist%'
        AND (
          LOWER(action_name) LIKE '%create%' OR LOWER(action_name) LIKE '%update%'
          OR LOWER(action_name) LIKE '%replace%' OR LOWER(action_name) LIKE '%delete%'
        ) THEN 'access_list_changed'
      WHEN status = 'success' AND service_name = 'genie' AND action_name = 'databricksAccess' THEN 'vendor_access'
      WHEN status = 'success'
        AND action_name = 'generateDbToken'
        -- Milliseconds as text; not a number says nothing, 0 and below is for ever.
        AND (
          TRY_CAST(regexp_extract(request_params['tokenExpirationTime'], '^-?[0-9]+$', 0) AS BIGINT) <= 0
          OR TRY_CAST(regexp_extract(request_params['tokenExpirationTime'], '^-?[0-9]+$', 0) AS BIGINT)
            > event_us DIV 1000 + :token_lifetime_ms
        ) THEN 'long_lived_token'
      WHEN is_failed_login THEN 'failed_login'
      WHEN service_name = 'unityCatalog' AND status_code IN (401, 403) THEN 'denied'
      WHEN status = 'success'
        AND known_user IS NOT NULL
        AND (LOWER(action_name) LIKE '%delete%' OR LOWER(action_name) LIKE '%trash%') THEN 'deleted'
    END AS own_signal
  FROM addressed
),
-- Failures up to the event less those up to a quarter of an hour before it: of a frame that slides, engines count every
-- row anew.
counted AS (
  SELECT
    signalled.*,
    CASE
      WHEN is_login AND known_user IS NOT NULL
        THEN COUNT(CASE WHEN is_failed_login THEN 1 END) OVER (
          PARTITION BY known_user ORDER BY event_us RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) - COUNT(CASE WHEN is_failed_login THEN 1 END) OVER (
          PARTITION BY known_user ORDER BY event_us RANGE BETWEEN UNBOUNDED PRECEDING AND 900000000 PRECEDING
        )
      ELSE 0
    END AS by_user,
    CASE
      WHEN is_login AND address IS NOT NULL
        THEN COUNT(CASE WHEN is_failed_login THEN 1 END) OVER (
          PARTITION BY address ORDER BY event_us RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) - COUNT(CASE WHEN is_failed_login THEN 1 END) OVER (
          PARTITION BY address ORDER BY event_us RANGE BETWEEN UNBOUNDED PRECEDING AND 900000000 PRECEDING
        )
      ELSE 0
    END AS by_address
  FROM signalled
  WHERE own_signal IS NOT NULL OR is_login
),
judged AS (
  SELECT
    counted.*,
    CASE WHEN GREATEST(by_user, by_address) >= :brute_force_failures THEN 'brute_force' ELSE own_signal END AS signal
  FROM counted
  WHERE event_time >= timestamp_micros(:since_us)
)
