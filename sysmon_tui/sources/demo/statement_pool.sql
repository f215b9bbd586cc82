-- A few thousand statements to draw from: templates filled with a day, a number and a table. The first
-- half is what people and dashboards ask, the second what jobs write.

CREATE TABLE statement_pool AS
WITH template (kind, no, statement_type, median_ms, read_mb, client, text) AS (VALUES
  ('ask', 0, 'SELECT', 900, 40, 'Databricks SQL Dashboard', 'SELECT date_trunc(''hour'', booked_at) AS hour, count(*) AS bookings, sum(fare_eur) AS revenue
FROM prod.sales.bookings
WHERE booked_at >= ''{day}'' AND market_id = {n}
GROUP BY 1
ORDER BY 1'),
  ('ask', 1, 'SELECT', 1500, 180, 'Databricks SQL Dashboard', 'SELECT origin, destination, avg(delay_min) AS delay, count(*) AS legs
FROM prod.ops.flight_legs
WHERE departure_date = ''{day}''
GROUP BY ALL
HAVING count(*) > {n} % 10
ORDER BY delay DESC
LIMIT 50'),
  ('ask', 2, 'SELECT', 350, 5, 'Databricks SQL Editor', 'SELECT * FROM {table} WHERE id = {n} LIMIT 100'),
  ('ask', 3, 'SELECT', 4200, 900, 'Power BI', 'SELECT c.tier, sum(a.points) AS points FROM prod.loyalty.accruals a JOIN prod.loyalty.customers c USING (customer_id) WHERE a.accrued_on BETWEEN ''{day}'' - INTERVAL {n} DAYS AND ''{day}'' GROUP BY c.tier'),
  ('ask', 4, 'SELECT', 250, 1, 'Databricks SQL Alert', 'SELECT count(*) AS late FROM prod.bags.bag_scans WHERE scanned_at >= ''{day}'' AND status = ''MISHANDLED'' AND station_id = {n}'),
  ('ask', 5, 'SELECT', 9000, 4200, 'Tableau', 'WITH sessions AS (
  SELECT visitor_id, session_id, min(ts) AS started, max(ts) AS ended, count(*) AS hits
  FROM prod.web.click_events
  WHERE ts >= ''{day}''
  GROUP BY ALL
)
SELECT percentile_approx(unix_timestamp(ended) - unix_timestamp(started), 0.5) AS median_s, count(*) FROM sessions WHERE hits > {n} % 7'),
  ('ask', 6, 'DESCRIBE', 60, 0, 'Databricks SQL Editor', 'DESCRIBE TABLE EXTENDED {table}'),
  ('ask', 7, 'SHOW', 50, 0, 'Databricks SQL Editor', 'SHOW TABLES IN prod.journey LIKE ''itinerary*'''),
  ('ask', 8, 'SELECT', 2500, 300, 'DataGrip', 'select l.account, sum(l.debit) - sum(l.credit) as balance from prod.finance.ledger_entries l where l.period = ''{day}'' and l.entity = {n} group by l.account'),
  ('ask', 9, 'EXPLAIN', 120, 0, 'Databricks SQL Editor', 'EXPLAIN FORMATTED SELECT * FROM {table} WHERE updated_at > ''{day}'''),
  ('ask', 10, 'SELECT', 700, 25, 'Databricks SQL Genie Space', '-- How many refunds were paid for route {n} since {day}?
SELECT count(*), sum(amount_eur) FROM prod.sales.refunds WHERE route_id = {n} AND paid_at >= ''{day}'''),
  ('ask', 11, 'SELECT', 1800, 120, 'Looker', 'SELECT rosters.base AS "rosters.base", COUNT(DISTINCT rosters.crew_id) AS "rosters.crew" FROM prod.crew.rosters AS rosters WHERE rosters.duty_date = ''{day}'' GROUP BY 1 LIMIT {n}'),
  ('ask', 12, 'SET', 8, 0, 'Databricks SQL Connector', 'SET TIMEZONE = ''Europe/Oslo'''),
  ('ask', 13, 'USE', 6, 0, 'Databricks SQL Connector', 'USE SCHEMA prod.ops'),
  ('ask', 14, 'SELECT', 1300, 60, 'sysmon_tui/0.1.0 databricks-sdk-py/0.156.0 python/3.11.7 os/linux auth/pat', 'SELECT workspace_id, run_id, max(period_end_time) AS ended FROM system.lakeflow.job_run_timeline WHERE period_start_time >= ''{day}'' GROUP BY ALL'),
  ('write', 0, 'MERGE', 14000, 2600, 'Databricks Jobs', 'MERGE INTO {table} AS t
USING (SELECT * FROM staging.updates_{n} WHERE load_date = ''{day}'') AS s
ON t.id = s.id
WHEN MATCHED THEN UPDATE SET *
WHEN NOT MATCHED THEN INSERT *'),
  ('write', 1, 'INSERT', 7000, 1100, 'Databricks Jobs', 'INSERT INTO {table} SELECT * FROM raw.events_{n} WHERE ingest_date = ''{day}'''),
  ('write', 2, 'COPY', 11000, 3000, 'Databricks Jobs', 'COPY INTO {table} FROM ''/Volumes/raw/feeds/{n}/{day}'' FILEFORMAT = PARQUET'),
  ('write', 3, 'OPTIMIZE', 30000, 8000, 'Databricks Jobs', 'OPTIMIZE {table} WHERE event_date = ''{day}'' ZORDER BY (id)'),
  ('write', 4, 'DELETE', 5000, 700, 'Databricks Jobs', 'DELETE FROM {table} WHERE customer_id = {n} AND requested_on <= ''{day}'''),
  ('write', 5, 'UPDATE', 4000, 500, 'Databricks Jobs', 'UPDATE {table} SET status = ''CLOSED'' WHERE batch = {n} AND closed_on = ''{day}'''),
  ('write', 6, 'CREATE', 900, 0, 'dbt', 'CREATE OR REPLACE VIEW prod.marts.daily_{n} AS SELECT * FROM {table} WHERE day >= ''{day}'''),
  ('write', 7, 'ANALYZE', 3000, 200, 'Databricks Jobs', 'ANALYZE TABLE {table} COMPUTE STATISTICS FOR ALL COLUMNS'),
  ('write', 8, 'TRUNCATE', 400, 0, 'dbt', 'TRUNCATE TABLE staging.updates_{n}'),
  ('write', 9, 'SELECT', 6000, 1500, 'Databricks Jobs', 'SELECT count(*) FROM {table} WHERE ingest_date = ''{day}'' AND partition_no = {n}'),
  ('write', 10, 'REFRESH', 2500, 100, 'Databricks Jobs', 'REFRESH MATERIALIZED VIEW prod.marts.route_margin_{n}'),
  ('write', 11, 'GRANT', 90, 0, 'Terraform', 'GRANT SELECT ON TABLE {table} TO `analysts`'),
  ('write', 12, 'OTHER', 300, 0, 'Databricks Jobs', 'CALL prod.ops.recalculate_slots({n}, ''{day}'')')
), slot AS (
  SELECT pool_no, if(pool_no < 2048, 'ask', 'write') AS kind, hash($seed, 'statement', pool_no) AS h,
    CASE WHEN pool_no % 61 = 14 AND pool_no < 2048 THEN 14 ELSE pool_no % if(pool_no < 2048, 14, 13) END AS no
  FROM range(4096) AS pool (pool_no)
)
SELECT pool_no, statement_type, median_ms::DOUBLE AS median_ms, read_mb::DOUBLE AS read_mb, client,
  replace(replace(replace(text, '{day}', strftime(instant($t0 - 86400 * below(h, 1, 40)), '%Y-%m-%d')),
    '{n}', (1 + below(h, 2, 400))::VARCHAR), '{table}', full_name) AS statement_text,
  CASE WHEN client LIKE 'sysmon_tui%' THEN MAP {'app': 'sysmon_tui', 'panel': 'runs'}
       WHEN client = 'dbt' THEN MAP {'app': 'dbt', 'target': 'prod'} END AS query_tags,
  CASE WHEN client LIKE 'sysmon_tui%' THEN sysmon.application_id
       WHEN kind = 'write' THEN p.application_id ELSE email END AS executed_by,
  CASE WHEN kind = 'write' OR client LIKE 'sysmon_tui%' THEN (8800000000000000 + p.principal_no)::VARCHAR ELSE user_id END
    AS executed_by_user_id,
  CASE client WHEN 'Databricks SQL Dashboard' THEN uuid_of(h, 5) END AS dashboard_id,
  CASE client WHEN 'Databricks SQL Alert' THEN uuid_of(h, 6) END AS alert_id,
  CASE client WHEN 'Databricks SQL Genie Space' THEN uuid_of(h, 7) END AS genie_space_id,
  CASE client WHEN 'Databricks SQL Editor' THEN uuid_of(h, 8) END AS sql_query_id,
  client = 'Databricks Jobs' AS is_job
FROM slot
JOIN template USING (kind, no)
JOIN source_table ON table_no = below(h, 3, 12)
JOIN person ON person_no = below(h, 4, 48)
JOIN principal AS p ON p.principal_no = below(h, 9, 3)
JOIN principal AS sysmon ON sysmon.principal_no = 3
ORDER BY pool_no;

-- How statements fail when nothing larger is the matter.
CREATE TABLE statement_error AS
SELECT row_number() OVER () - 1 AS error_no, message, parses
FROM (VALUES
  ('[TABLE_OR_VIEW_NOT_FOUND] The table or view `prod`.`sales`.`bookngs` cannot be found. Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42P01; line 1 pos 14', true),
  ('[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `fare_eurr` cannot be resolved. Did you mean one of the following? [`fare_eur`, `fare_id`]. SQLSTATE: 42703; line 1 pos 46', true),
  ('[PARSE_SYNTAX_ERROR] Syntax error at or near ''FORM''. SQLSTATE: 42601 (line 1, pos 9)' || chr(10) || chr(10) || '== SQL ==' || chr(10) || 'SELECT * FORM bookings' || chr(10) || '---------^^^', false),
  ('[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have permission SELECT on table ''prod.finance.ledger_entries''. SQLSTATE: 42501', true),
  ('[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. SQLSTATE: 22012', true),
  ('[CAST_INVALID_INPUT] The value ''n/a'' of the type "STRING" cannot be cast to "BIGINT" because it is malformed. SQLSTATE: 22018', true),
  ('[DELTA_CONCURRENT_APPEND] ConcurrentAppendException: Files were added to partition [event_date] by a concurrent update. SQLSTATE: 2D521', true),
  ('[FAILED_READ_FILE.FILE_NOT_EXIST] Error while reading file abfss://lake/bags/part-00017.parquet. SQLSTATE: KD001', true),
  ('[DELTA_MISSING_TRANSACTION_LOG] Incompatible format detected. SQLSTATE: 42000', true),
  ('[QUERY_EXECUTION_TIMEOUT_EXCEEDED] Query execution exceeded the timeout of 3600 seconds. SQLSTATE: 57KD0', true),
  ('[MISSING_AGGREGATION] The non-aggregating expression "origin" is based on columns which are not participating in the GROUP BY clause. SQLSTATE: 42803', true),
  ('[AMBIGUOUS_REFERENCE] Reference `id` is ambiguous, could be: [`a`.`id`, `b`.`id`]. SQLSTATE: 42704', true)
) AS e (message, parses);
