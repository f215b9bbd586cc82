-- The facts that have left the history.
DELETE FROM lakeflow.job_run_timeline WHERE arrival < instant($before);
DELETE FROM lakeflow.job_task_run_timeline WHERE arrival < instant($before);
DELETE FROM query.history WHERE arrival < instant($before);
DELETE FROM compute.warehouse_events WHERE arrival < instant($before);
DELETE FROM access.audit WHERE arrival < instant($before);
