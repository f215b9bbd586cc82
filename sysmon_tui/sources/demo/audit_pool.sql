-- A few thousand audit events to draw from, weighted as in a real account: most are calls with a token.

CREATE TABLE audit_pool AS
WITH kind (kind_no, weight, service_name, action_name, account_level, background) AS (VALUES
  (0, 300, 'accounts', 'tokenLogin', false, false),
  (1, 110, 'accounts', 'oidcTokenAuthorization', false, false),
  (2, 60, 'accounts', 'workspaceInHouseOAuthClientAuthentication', false, false),
  (3, 12, 'accounts', 'samlLogin', true, false),
  (4, 6, 'accounts', 'oidcBrowserLogin', true, false),
  (5, 8, 'accounts', 'mintOAuthToken', true, false),
  (6, 4, 'accounts', 'logout', true, false),
  (7, 130, 'unityCatalog', 'getTable', true, false),
  (8, 70, 'unityCatalog', 'generateTemporaryTableCredential', true, false),
  (9, 30, 'unityCatalog', 'getSchema', true, false),
  (10, 12, 'unityCatalog', 'updateTables', true, false),
  (11, 5, 'unityCatalog', 'deltaSharingQueryTable', true, false),
  (12, 60, 'databrickssql', 'commandSubmit', false, false),
  (13, 60, 'databrickssql', 'commandFinish', false, false),
  (14, 6, 'databrickssql', 'downloadQueryResult', false, false),
  (15, 30, 'jobs', 'runStart', false, true),
  (16, 30, 'jobs', 'runSucceeded', false, true),
  (17, 4, 'jobs', 'changeJobAcl', false, false),
  (18, 3, 'jobs', 'update', false, false),
  (19, 20, 'notebook', 'runCommand', false, false),
  (20, 8, 'notebook', 'attachNotebook', false, false),
  (21, 6, 'workspace', 'fileCreate', false, false),
  (22, 2, 'workspace', 'fileDelete', false, false),
  (23, 5, 'secrets', 'getSecret', false, false),
  (24, 4, 'clusters', 'start', false, true),
  (25, 4, 'clusters', 'delete', false, true),
  (26, 6, 'dbfs', 'read', false, true),
  (27, 2, 'repos', 'pull', false, false)
), ranged AS (
  SELECT *, sum(weight) OVER (ORDER BY kind_no) AS upto, sum(weight) OVER () AS everything FROM kind
), slot AS (
  SELECT pool_no, hash($seed, 'audit', pool_no) AS h FROM range(4096) AS pool (pool_no)
)
SELECT pool_no,
  CASE WHEN account_level THEN '0' ELSE w.workspace_id END AS workspace_id,
  CASE WHEN account_level THEN 'ACCOUNT_LEVEL' ELSE 'WORKSPACE_LEVEL' END AS audit_level,
  service_name, action_name,
  CASE kind_no
    WHEN 3 THEN 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/141.0 Safari/537.36'
    WHEN 4 THEN 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Edg/141.0'
    WHEN 24 THEN '' ELSE pick(h, 2, ['sysmon_tui/0.1.0 databricks-sdk-py/0.156.0', 'databricks-sdk-py/0.154.0',
      'Databricks-JDBC/3.0.1', 'Terraform/1.13 databricks-tf-provider/1.91', 'Apache-HttpClient/4.5']) END AS user_agent,
  CASE below(h, 3, 12)
    WHEN 0 THEN ''
    WHEN 1 THEN '0.0.0.0'
    WHEN 2 THEN '127.0.0.1'
    WHEN 3 THEN '10.21.' || below(h, 4, 16) || '.' || below(h, 5, 250) || ':' || (40000 + below(h, 6, 20000))
    ELSE '10.20.' || below(h, 4, 16) || '.' || below(h, 5, 250) END AS source_ip_address,
  CASE
    WHEN service_name = 'unityCatalog' THEN MAP {'full_name_arg': full_name, 'workspace_id': w.workspace_id}
    WHEN service_name = 'accounts' THEN MAP {'user': if(kind_no = 0 AND h % 3 = 0, sysmon.application_id, email),
      'authentication_method': pick(h, 7, ['TOKEN', 'OAUTH', 'SAML'])}
    WHEN service_name = 'databrickssql' THEN MAP {'warehouseId': printf('%016x', h), 'fileType': 'arrows'}
    WHEN service_name = 'jobs' THEN MAP {'jobId': job_id_of(below(h, 9, 42)), 'runId': run_id_of(below(h, 9, 42), 28000000 + pool_no)}
    WHEN service_name = 'secrets' THEN MAP {'scope': 'halden-prod', 'key': 'feed-' || below(h, 10, 20)}
    ELSE MAP {'path': '/Workspace/Users/' || email || '/draft_' || below(h, 11, 90), 'clusterId': '0812-' || pool_no}
  END AS request_params,
  {'status_code': 200, 'error_message': NULL::VARCHAR, 'result': if(kind_no = 16, '{"state":"SUCCEEDED"}', NULL)} AS response,
  {'email': CASE
      WHEN background THEN 'System-User'
      WHEN kind_no = 0 AND h % 3 = 0 THEN sysmon.application_id
      WHEN kind_no IN (0, 1, 2, 8) AND h % 2 = 0 THEN p.application_id
      ELSE email END,
   'subject_name': NULL::VARCHAR} AS user_identity,
  CASE WHEN account_level OR h % 4 > 0 THEN NULL ELSE
    {'run_by': email, 'run_as': p.application_id, 'acting_resource': NULL::VARCHAR,
     'run_by_display_name': person.display_name, 'run_as_display_name': p.display_name} END AS identity_metadata
FROM slot
JOIN ranged ON below(h, 1, everything) >= upto - weight AND below(h, 1, everything) < upto
JOIN workspace AS w ON w.workspace_no = [0, 0, 0, 1, 1, 2][1 + below(h, 12, 6)]
JOIN person ON person_no = below(h, 13, 48)
JOIN principal AS p ON p.principal_no = below(h, 14, 3)
JOIN principal AS sysmon ON sysmon.principal_no = 3
JOIN source_table ON table_no = below(h, 15, 12)
ORDER BY pool_no;
