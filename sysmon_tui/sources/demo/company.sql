-- Halden Air, an invented airline: its workspaces, people, service principals and tables.

CREATE TABLE workspace AS
SELECT * FROM (VALUES
  (0, '4021177350968812', 'halden-prod', 'demo-prod.cloud.example'),
  (1, '7730415528016093', 'halden-analytics', 'demo-analytics.cloud.example'),
  (2, '1588902467731450', 'halden-staging', 'demo-staging.cloud.example')
) AS w (workspace_no, workspace_id, workspace_name, workspace_url);

INSERT INTO access.workspaces_latest
SELECT account_id(), workspace_id, workspace_name, workspace_url, instant($t0 - 86400 * (900 - 200 * workspace_no)),
  'RUNNING'
FROM workspace;

CREATE TABLE person AS
WITH names AS (
  SELECT
    ['Astrid', 'Bjorn', 'Carmen', 'Dmitri', 'Elif', 'Farid', 'Greta', 'Hiro', 'Ines', 'Jonas', 'Keiko', 'Lars',
     'Maren', 'Nikhil', 'Oona', 'Pavel', 'Quinn', 'Rosa', 'Sven', 'Tariq', 'Ulla', 'Vikram', 'Wanda', 'Yusuf'] AS given,
    ['Aalto', 'Berger', 'Castillo', 'Dahl', 'Eriksen', 'Fontaine', 'Gupta', 'Halvorsen', 'Ivanova', 'Jansen',
     'Kowalski'] AS family
)
SELECT i AS person_no,
  lower(given[1 + i % 24] || '.' || family[1 + (i * 7 + i // 24) % 11]) || '@halden-air.example' AS email,
  given[1 + i % 24] || ' ' || family[1 + (i * 7 + i // 24) % 11] AS display_name,
  (4400000000000000 + i * 71993331117)::VARCHAR AS user_id
FROM names, range(48) AS people (i)
ORDER BY person_no;

CREATE TABLE principal AS
SELECT * FROM (VALUES
  (0, '0f6d3c1e-57b4-4b0e-a1c7-3d1b7c9a2e01', 'sp-journey-platform'),
  (1, '5b0a9f77-1c2d-49e8-8a63-90c4d5e6f702', 'sp-finance-close'),
  (2, 'c3d4e5f6-2a1b-4c3d-9e8f-7a6b5c4d3e03', 'sp-ml-features'),
  (3, '9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c04', 'sp-sysmon')
) AS p (principal_no, application_id, display_name);

CREATE TABLE source_table AS
SELECT row_number() OVER () - 1 AS table_no, full_name
FROM (SELECT unnest([
  'prod.journey.itinerary_events', 'prod.sales.bookings', 'prod.fares.fare_rules', 'prod.ops.flight_legs',
  'prod.crew.rosters', 'prod.loyalty.accruals', 'prod.finance.ledger_entries', 'prod.maintenance.work_orders',
  'prod.bags.bag_scans', 'prod.web.click_events', 'prod.ops.disruptions', 'prod.sales.refunds']) AS full_name);
