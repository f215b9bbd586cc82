-- Fragment: the events of `events` (audit_rows) in `addressed`, with who they concern, from where, and whether they are
-- a login that went through.
given AS (
  SELECT
    events.*,
    unix_micros(event_time) AS event_us,
    -- Nobody in particular is no user, and no address says where from.
    CASE WHEN LOWER(user_email) NOT IN ('unknown', 'system-user') THEN LOWER(user_email) END AS known_user,
    -- With a port as 192.0.2.1:443 and [2001:db8::1]:443; two colons are an address of version 6.
    LOWER(TRIM(
      CASE
        WHEN source_ip LIKE '[%' THEN regexp_extract(source_ip, '^\\[([^\\]]*)', 1)
        WHEN source_ip LIKE '%:%:%' THEN source_ip
        ELSE split_part(source_ip, ':', 1)
      END
    )) AS given_address
  FROM events
),
addressed AS (
  SELECT
    given.*,
    CASE WHEN given_address NOT IN ('', '0.0.0.0', '127.0.0.1', '::', '::1') THEN given_address END AS address,
    is_authentication
      AND status_code BETWEEN 200 AND 299
      AND action_name NOT IN ('IpAccessDenied', 'accountIpAclsValidationFailed') AS is_login
  FROM given
)
