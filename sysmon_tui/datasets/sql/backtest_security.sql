-- Purpose: what the rules about the audit log would have raised over a window: each page, and who and what made the noise.
-- Tables: system.access.audit
-- Grants: SELECT on system.access
-- The window begins :lead_us early, so that what was under way at its start is known and is no page of it.
WITH
-- include: audit_rows
,
-- include: signal_rows
,
-- include: backtest_rules
,
-- One pass over the events for all rules: a UNION would read the table once for each.
rule_events AS (
  SELECT
    rules.*,
    CASE
      WHEN rules.rule = 'security.failed_logins_per_hour' THEN ''
      WHEN rules.rule = 'security.password_spray' THEN judged.address
      ELSE COALESCE(judged.user_email, '')
    END AS entity,
    judged.event_us AS at_us,
    CASE WHEN rules.rule = 'security.password_spray' THEN COALESCE(judged.user_email, '') END AS counted,
    judged.user_email AS who,
    CASE
      WHEN rules.rule IN ('security.failed_logins_per_hour', 'security.brute_force') THEN judged.address
      ELSE judged.action_name
    END AS what
  FROM judged
  JOIN rules
    ON (rules.rule = 'security.failed_logins_per_hour' AND judged.signal = 'failed_login')
    OR (rules.rule = 'security.password_spray' AND judged.signal = 'failed_login' AND judged.address IS NOT NULL)
    OR (rules.rule = 'security.denied_burst' AND judged.signal = 'denied' AND judged.user_email IS NOT NULL)
    OR (rules.rule = 'security.mass_delete' AND judged.signal = 'deleted' AND judged.user_email IS NOT NULL)
    OR (
      judged.signal IN ('brute_force', 'admin_granted', 'access_list_changed', 'vendor_access', 'long_lived_token')
      AND rules.rule = CONCAT('security.', judged.signal)
    )
),
-- include: backtest_islands
,
islands AS (
  SELECT * FROM counted_islands
),
-- include: backtest_episodes
-- include: backtest_answer
