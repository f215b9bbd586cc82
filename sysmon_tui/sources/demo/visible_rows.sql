-- What can be seen so far, over all tables.
SELECT sum(rows)
FROM (
  SELECT count(*) FILTER (WHERE arrival <= instant($t0)) AS rows FROM lakeflow.jobs
  UNION ALL SELECT count(*) FILTER (WHERE arrival <= instant($t0)) FROM lakeflow.job_tasks
  UNION ALL SELECT count(*) FILTER (WHERE arrival <= instant($t0)) FROM lakeflow.job_run_timeline
  UNION ALL SELECT count(*) FILTER (WHERE arrival <= instant($t0)) FROM lakeflow.job_task_run_timeline
  UNION ALL SELECT count(*) FILTER (WHERE arrival <= instant($t0)) FROM query.history
  UNION ALL SELECT count(*) FILTER (WHERE arrival <= instant($t0)) FROM compute.warehouses
  UNION ALL SELECT count(*) FILTER (WHERE arrival <= instant($t0)) FROM compute.warehouse_events
  UNION ALL SELECT count(*) FILTER (WHERE arrival <= instant($t0)) FROM access.audit
  UNION ALL SELECT count(*) FROM access.workspaces_latest
);
