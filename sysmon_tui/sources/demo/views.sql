-- What a reader sees: the published columns of the rows that have arrived.
-- The subquery on the one-row clock is read once a statement and compared in a join with one row.

CREATE SCHEMA system_tables.lakeflow;
CREATE SCHEMA system_tables.query;
CREATE SCHEMA system_tables.compute;
CREATE SCHEMA system_tables.access;

CREATE VIEW system_tables.lakeflow.jobs AS
SELECT * EXCLUDE (arrival) FROM demo_estate.lakeflow.jobs
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.lakeflow.job_tasks AS
SELECT * EXCLUDE (arrival) FROM demo_estate.lakeflow.job_tasks
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.lakeflow.job_run_timeline AS
SELECT * EXCLUDE (arrival) FROM demo_estate.lakeflow.job_run_timeline
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.lakeflow.job_task_run_timeline AS
SELECT * EXCLUDE (arrival) FROM demo_estate.lakeflow.job_task_run_timeline
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.query.history AS
SELECT * EXCLUDE (arrival) FROM demo_estate.query.history
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.compute.warehouses AS
SELECT * EXCLUDE (arrival) FROM demo_estate.compute.warehouses
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.compute.warehouse_events AS
SELECT * EXCLUDE (arrival) FROM demo_estate.compute.warehouse_events
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.access.audit AS
SELECT * EXCLUDE (arrival) FROM demo_estate.access.audit
WHERE arrival <= (SELECT now FROM demo_estate.main.clock);

CREATE VIEW system_tables.access.workspaces_latest AS
SELECT * FROM demo_estate.access.workspaces_latest;
