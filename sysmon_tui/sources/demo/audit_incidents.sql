-- access.audit of the two incidents, and the few refusals of an ordinary hour.

-- One list of steps a scene: an offset from the climax, how often and how far apart, who, from where,
-- what, with which outcome. `tried` is the user a failed login named; its identity stays unknown.
CREATE OR REPLACE TEMP TABLE scene AS
WITH step (scene, step_no, from_s, times, apart_s, email, tried, ip, service_name, action_name, status_code, refusal,
           params) AS (VALUES
  -- The cause of the data incident: a table dropped, a grant gone, the mend afterwards.
  ('data', 1, -9660, 1, 0, 'maren.dahl@halden-air.example', NULL, '10.20.4.17', 'unityCatalog', 'updatePermissions', 200, NULL,
    MAP {'securable_full_name': 'prod.journey.itinerary_events', 'changes': '[{"principal":"journey-readers","remove":["SELECT"]}]'}),
  ('data', 2, -9640, 1, 0, 'maren.dahl@halden-air.example', NULL, '10.20.4.17', 'unityCatalog', 'deleteTable', 200, NULL,
    MAP {'full_name_arg': 'prod.journey.itinerary_events'}),
  ('data', 3, -4800, 40, 100, '0f6d3c1e-57b4-4b0e-a1c7-3d1b7c9a2e01', NULL, '10.20.8.3', 'unityCatalog', 'getTable', 403,
    'PERMISSION_DENIED: User does not have SELECT on Table ''prod.journey.itinerary_events''.',
    MAP {'full_name_arg': 'prod.journey.itinerary_events'}),
  ('data', 4, 1500, 1, 0, 'maren.dahl@halden-air.example', NULL, '10.20.4.17', 'unityCatalog', 'createTable', 200, NULL,
    MAP {'full_name_arg': 'prod.journey.itinerary_events'}),
  -- A brute force against one user from one address, then the way in.
  ('attack', 10, -2520, 14, 60, NULL, 'ops.admin@halden-air.example', '185.220.101.47', 'accounts', 'login', 401, 'Invalid credentials', NULL),
  ('attack', 11, -2500, 9, 90, 'unknown', 'ops.admin@halden-air.example', '185.220.101.47:51312', 'accounts', 'oidcBrowserLogin', 403, 'User is not authorized', NULL),
  ('attack', 12, -2480, 8, 100, 'unknown', 'ops.admin@halden-air.example', '185.220.101.47', 'accounts', 'samlLogin', 401, 'SAML assertion rejected', NULL),
  ('attack', 13, -2470, 6, 130, NULL, 'ops.admin@halden-air.example', '185.220.101.47', 'accounts', 'tokenLogin', 401, 'Invalid access token', NULL),
  ('attack', 14, -1440, 1, 0, 'ops.admin@halden-air.example', 'ops.admin@halden-air.example', '185.220.101.47', 'accounts', 'login', 200, NULL, NULL),
  -- What the intruder does, and a visit by the vendor's staff.
  ('attack', 20, -1380, 1, 0, 'ops.admin@halden-air.example', NULL, '185.220.101.47', 'accounts', 'setAccountAdmin', 200, NULL,
    MAP {'targetUserName': 'ops.helper@halden-air.example'}),
  ('attack', 21, -1350, 1, 0, 'ops.admin@halden-air.example', NULL, '185.220.101.47', 'accounts', 'addPrincipalToGroup', 200, NULL,
    MAP {'targetGroupName': 'admins', 'targetUserName': 'ops.helper@halden-air.example'}),
  ('attack', 22, -1320, 1, 0, 'ops.admin@halden-air.example', NULL, '185.220.101.47', 'accounts', 'generateDbToken', 200, NULL,
    MAP {'lifetime_h': '8760', 'comment': 'backup'}),
  ('attack', 23, -1300, 1, 0, 'ops.admin@halden-air.example', NULL, '185.220.101.47', 'accounts', 'updateIpAccessList', 200, NULL,
    MAP {'label': 'office', 'ipAddresses': '0.0.0.0/0', 'listType': 'ALLOW'}),
  ('attack', 24, -1700, 1, 0, 'support@vendor.example', NULL, '198.51.100.20', 'genie', 'databricksAccess', 200, NULL,
    MAP {'approver': 'elif.dahl@halden-air.example', 'duration': '14400', 'reason': 'Support case 00417733'}),
  ('attack', 25, -1200, 60, 6, 'ops.admin@halden-air.example', NULL, '185.220.101.47', 'workspace', 'fileDelete', 200, NULL,
    MAP {'path': '/Workspace/Shared/runbooks'}),
  ('attack', 26, -1250, 14, 8, 'ops.admin@halden-air.example', NULL, '185.220.101.47', 'secrets', 'getSecret', 200, NULL,
    MAP {'scope': 'halden-prod'}),
  -- Beside the attack what only looks like one: nine mistakes and then the way in; twelve, and the way in long after.
  ('attack', 50, -1900, 9, 40, NULL, 'tove.lind@halden-air.example', '10.22.1.61:49822', 'accounts', 'login', 401, 'Invalid credentials', NULL),
  ('attack', 51, -1500, 1, 0, 'tove.lind@halden-air.example', 'tove.lind@halden-air.example', '10.22.1.61:49830', 'accounts', 'login', 200, NULL, NULL),
  ('attack', 52, -2510, 12, 30, NULL, 'piet.maas@halden-air.example', '10.22.1.62', 'accounts', 'login', 401, 'Invalid credentials', NULL),
  ('attack', 53, -680, 1, 0, 'piet.maas@halden-air.example', 'piet.maas@halden-air.example', '10.22.1.62', 'accounts', 'login', 200, NULL, NULL),
  -- And what the service desk does all day.
  ('attack', 54, -1420, 1, 0, 'service.desk@halden-air.example', NULL, '10.22.1.60', 'accounts', 'addPrincipalToGroup', 200, NULL,
    MAP {'targetGroupName': 'analysts', 'targetUserName': 'tove.lind@halden-air.example'}),
  ('attack', 55, -1400, 1, 0, 'service.desk@halden-air.example', NULL, '10.22.1.60', 'accounts', 'removePrincipalFromGroup', 200, NULL,
    MAP {'targetGroupName': 'admins', 'targetUserName': 'piet.maas@halden-air.example'}),
  ('attack', 56, -1340, 1, 0, 'service.desk@halden-air.example', NULL, '10.22.1.60', 'accounts', 'generateDbToken', 200, NULL,
    MAP {'lifetime_h': '24', 'comment': 'import of the day'}),
  ('attack', 57, -1310, 1, 0, 'service.desk@halden-air.example', NULL, '10.22.1.60', 'accounts', 'setAccountAdmin', 403,
    'Only account admins can perform this action.', MAP {'targetUserName': 'service.desk@halden-air.example'})
)
SELECT step.*, k, turn, climax_s + from_s + k * apart_s AS event_s, hash($seed, scene, turn, step_no, k) AS h
FROM step
JOIN (
  SELECT 'data' AS scene, turn, climax_s FROM incidents($from + 9660, $to + 9660, $t0, $data_period)
  UNION ALL
  SELECT 'attack', turn, climax_s FROM incidents($from + 2520, $to + 2520, $t0, $attack_period)
) AS happening USING (scene),
LATERAL (SELECT unnest(range(times)) AS k);

-- A password spray, against each of eighteen users once; its twin, nine people whose passwords have run out, behind one
-- address; and the ordinary hour's mistakes.
INSERT INTO scene BY NAME
SELECT turn, person_no AS k, 'unknown' AS email, person.email AS tried, '45.155.205.233:' || (50000 + person_no * 13) AS ip,
  'accounts' AS service_name, if(person_no % 2 = 0, 'login', 'samlLogin') AS action_name,
  if(person_no % 3 = 0, 403, 401) AS status_code, 'Invalid credentials' AS refusal, 30 AS step_no, 'attack' AS scene,
  climax_s - 2800 + person_no * 75 AS event_s, hash($seed, 'spray', turn, person_no) AS h
FROM incidents($from + 2800, $to + 2800, $t0, $attack_period), person
WHERE person_no < 18
UNION ALL BY NAME
SELECT turn, person_no AS k, 'unknown' AS email, person.email AS tried, '198.51.100.77:' || (40000 + person_no * 7) AS ip,
  'accounts' AS service_name, 'login' AS action_name, 401 AS status_code, 'Password expired' AS refusal,
  60 AS step_no, 'attack' AS scene, climax_s - 2700 + (person_no - 18) * 240 AS event_s,
  hash($seed, 'expired', turn, person_no) AS h
FROM incidents($from + 2800, $to + 2800, $t0, $attack_period), person
WHERE person_no BETWEEN 18 AND 26
UNION ALL BY NAME
SELECT hour_s AS turn, k, NULL AS email, person.email AS tried, '10.20.3.' || person_no AS ip,
  if(k = 2, 'unityCatalog', 'accounts') AS service_name,
  ['login', 'tokenLogin', 'getTable'][1 + k] AS action_name, [401, 401, 403][1 + k] AS status_code,
  'Refused' AS refusal, 40 AS step_no, 'ordinary' AS scene,
  hour_s + below(hash($seed, 'mistake', hour_s, k), 0, 3600) AS event_s, hash($seed, 'mistake', hour_s, k) AS h
FROM range($from, $to, 3600) AS hours (hour_s), range(3) AS r (k), person
WHERE person_no = below(hash($seed, 'mistake', hour_s, k), 1, 48)
  AND unit(hash($seed, 'mistake', hour_s, k), 2) < 0.3 + 0.7 * load(hour_s);

INSERT INTO access.audit BY NAME
SELECT account_id() AS account_id,
  CASE service_name WHEN 'workspace' THEN workspace_id WHEN 'secrets' THEN workspace_id ELSE '0' END AS workspace_id,
  '2.0' AS version, instant(event_s) AS event_time, instant(event_s)::DATE AS event_date, ip AS source_ip_address,
  CASE WHEN scene = 'attack' AND step_no < 50 THEN 'python-requests/2.32.3' ELSE 'Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0' END AS user_agent,
  {'email': email, 'subject_name': NULL} AS user_identity,
  service_name, action_name, uuid_of(h, 10) AS request_id,
  CASE
    WHEN tried IS NOT NULL THEN MAP {'user': tried, 'authentication_method': 'PASSWORD'}
    WHEN action_name = 'generateDbToken' THEN MAP {
      'tokenExpirationTime': ((event_s + 3600 * params['lifetime_h']::BIGINT) * 1000)::VARCHAR,
      'tokenHash': md5(step_no || '/' || turn), 'comment': params['comment']}
    WHEN action_name = 'fileDelete' THEN MAP {'path': '/Workspace/Shared/runbooks/page_' || k}
    WHEN action_name = 'getSecret' THEN MAP {'scope': 'halden-prod', 'key': 'feed-' || k}
    WHEN service_name = 'unityCatalog' THEN map_concat(params, MAP {'workspace_id': workspace_id})
    ELSE params END AS request_params,
  {'status_code': status_code, 'error_message': refusal, 'result': NULL} AS response,
  CASE WHEN service_name IN ('workspace', 'secrets') THEN 'WORKSPACE_LEVEL' ELSE 'ACCOUNT_LEVEL' END AS audit_level,
  uuid_of(h, 12) AS event_id,
  {'run_by': email, 'run_as': email, 'acting_resource': NULL, 'run_by_display_name': NULL, 'run_as_display_name': NULL}
    AS identity_metadata,
  instant(event_s + 180 + below(h, 14, 200)) AS arrival
FROM scene
JOIN workspace ON workspace_no = 0
ORDER BY event_s, step_no, k;
