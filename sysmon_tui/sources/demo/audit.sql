-- access.audit: the everyday traffic, hour by hour along the load curve.

INSERT INTO access.audit BY NAME
WITH counted AS (
  SELECT hour_s, unnest(range(floor($audit_rate * load(hour_s + 1800) * density(hour_s, $dense_from)
    + unit(hash($seed, 'hour', hour_s), 0))::BIGINT)) AS i
  FROM range($from, $to, 3600) AS hours (hour_s)
), drawn AS (
  SELECT hour_s, hash($seed, hour_s, i) AS h FROM counted
), timed AS (
  SELECT h, below(h, 1, 4096) AS pool_no, hour_s * 1000 + below(h, 2, 3600000) AS event_ms FROM drawn
)
SELECT account_id() AS account_id, workspace_id, '2.0' AS version,
  make_timestamp(event_ms * 1000) AS event_time, make_timestamp(event_ms * 1000)::DATE AS event_date,
  source_ip_address, user_agent, user_identity, service_name, action_name,
  uuid_of(h, 3) AS request_id, request_params, response, audit_level, uuid_of(h, 5) AS event_id, identity_metadata,
  make_timestamp((event_ms + 1000 * lag_s(h, 7, 3, 20)) * 1000) AS arrival
FROM timed JOIN audit_pool USING (pool_no);

-- Every three hundredth row comes twice, the second time some minutes later.
INSERT INTO access.audit
SELECT * REPLACE (arrival + INTERVAL 7 MINUTE AS arrival)
FROM access.audit
WHERE event_time >= instant($from) AND event_time < instant($to) AND hash($seed, event_id) % 300 = 0
ORDER BY event_time, event_id;
