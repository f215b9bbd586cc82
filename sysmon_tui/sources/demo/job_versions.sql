-- lakeflow.jobs and lakeflow.job_tasks: one row a change. Columns that came later are NULL on versions
-- from before $columns_added_s.

INSERT INTO lakeflow.jobs BY NAME
WITH version AS (
  SELECT job.*, changed_s, version_name, gone_s
  FROM job, LATERAL (
    SELECT created_s AS changed_s,
      CASE role WHEN 'renamed' THEN 'crew_pairing' ELSE name END AS version_name, NULL::BIGINT AS gone_s
    UNION ALL
    SELECT $t0 - 86400 * days, old_name, NULL
    FROM (VALUES (25, 'crew_pairing_v2'), (11, 'crew_optimizer'), (2, 'crew_pairing_optimizer')) AS r (days, old_name)
    WHERE role = 'renamed'
    UNION ALL
    SELECT $t0 - 86400 * (3 + id_no % 30), name, NULL WHERE role IS NULL AND id_no % 3 = 0
    UNION ALL
    SELECT deleted_s, name, deleted_s WHERE deleted_s IS NOT NULL
  )
  WHERE run_type = 'JOB_RUN'
)
SELECT account_id() AS account_id, workspace_id, job_id_of(id_no) AS job_id, version_name AS name,
  user_id AS creator_id, user_id AS run_as,
  MAP {'team': pick(hash(job_no), 1, ['journey', 'finance', 'ops', 'ml', 'platform']),
       'cost_centre': (4000 + job_no % 17)::VARCHAR} AS tags,
  instant(changed_s) AS change_time, instant(gone_s) AS delete_time,
  CASE workspace_no WHEN 2 THEN '' ELSE 'Owned by ' || email || '. Runbook: wiki.halden-air.example/jobs/' || job_no END
    AS description,
  CASE WHEN changed_s >= $columns_added_s AND trigger_type = 'CRON' THEN {
    'file_arrival': NULL, 'periodic': NULL, 'continuous': NULL, 'table_update': NULL,
    'schedule': {'quartz_cron_expression': '0 0/' || least(period_s // 60, 59) || ' * * * ?', 'timezone_id': 'UTC'}
  } END AS "trigger",
  CASE WHEN changed_s >= $columns_added_s THEN trigger_type END AS trigger_type,
  CASE WHEN changed_s >= $columns_added_s THEN if(job_no % 4 = 0, application_id, email) END AS run_as_user_name,
  CASE WHEN changed_s >= $columns_added_s THEN email END AS creator_user_name,
  CASE WHEN changed_s >= $columns_added_s THEN job_no % 23 = 19 END AS paused,
  CASE WHEN changed_s >= $columns_added_s THEN (median_s * 4)::BIGINT END AS timeout_seconds,
  CASE WHEN changed_s >= $columns_added_s THEN
    [{'metric': 'RUN_DURATION_SECONDS', 'operator': 'GREATER_THAN', 'value': (median_s * 3)::BIGINT}] END AS health_rules,
  CASE WHEN changed_s >= $columns_added_s AND job_no % 2 = 0 THEN
    {'kind': 'BUNDLE', 'metadata_file_path': '/Workspace/bundles/' || version_name || '/state/metadata.json'} END
    AS deployment,
  CASE WHEN changed_s >= $columns_added_s THEN instant(created_s) END AS create_time,
  instant(changed_s + 900) AS arrival
FROM version
ORDER BY job_no, changed_s;

INSERT INTO lakeflow.job_tasks BY NAME
WITH step AS (
  SELECT job.*, part, ['ingest', 'validate', 'transform', 'enrich', 'aggregate', 'publish'] AS keys
  FROM job, LATERAL (SELECT unnest(range(task_count)) AS part)
  WHERE run_type = 'JOB_RUN'
), version AS (
  SELECT *, created_s AS changed_s, keys[1 + part] AS task_key, NULL::BIGINT AS gone_s FROM step
  UNION ALL
  SELECT *, $t0 - 86400 * 11, keys[1 + part], NULL FROM step WHERE role = 'renamed'
  UNION ALL
  -- A task that was taken out of its job.
  SELECT *, $t0 - 86400 * 9, 'backfill', $t0 - 86400 * 9 FROM step WHERE role = 'origin' AND part = 0
  UNION ALL
  SELECT *, deleted_s, keys[1 + part], deleted_s FROM step WHERE deleted_s IS NOT NULL
)
SELECT account_id() AS account_id, workspace_id, job_id_of(id_no) AS job_id, task_key,
  if(part = 0, []::VARCHAR[], [keys[part]]) AS depends_on_keys,
  instant(changed_s) AS change_time, instant(gone_s) AS delete_time,
  CASE WHEN changed_s >= $columns_added_s THEN (median_s * 4)::BIGINT END AS timeout_seconds,
  instant(changed_s + 900) AS arrival
FROM version
ORDER BY job_no, part, changed_s;
