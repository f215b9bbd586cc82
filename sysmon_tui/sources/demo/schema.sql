-- The base tables behind system_tables: the published columns and one of ours, `arrival`, the instant
-- from which a row can be seen. They hold rows of the coming hours too; views.sql hides those.
-- query_parameters is cut short: the published type has 120 leaves, nothing here fills it, and it alone
-- would be a tenth of the build's time.

CREATE SCHEMA lakeflow;
CREATE SCHEMA query;
CREATE SCHEMA compute;
CREATE SCHEMA access;

-- The estate's time. One row, moved by DemoEstate.advance().
CREATE TABLE clock (now TIMESTAMP);
INSERT INTO clock VALUES (NULL);

CREATE TABLE lakeflow.jobs (
  account_id VARCHAR,
  workspace_id VARCHAR,
  job_id VARCHAR,
  name VARCHAR,
  creator_id VARCHAR,
  tags MAP(VARCHAR, VARCHAR),
  run_as VARCHAR,
  change_time TIMESTAMP,
  delete_time TIMESTAMP,
  description VARCHAR,
  "trigger" STRUCT(file_arrival STRUCT(url VARCHAR, min_time_between_triggers_seconds INTEGER, wait_after_last_change_seconds INTEGER), periodic STRUCT(interval INTEGER, units VARCHAR), continuous STRUCT(enabled BOOLEAN), table_update STRUCT(table_names VARCHAR[], min_time_between_triggers_seconds BIGINT, wait_after_last_change_seconds BIGINT, condition VARCHAR), schedule STRUCT(quartz_cron_expression VARCHAR, timezone_id VARCHAR)),
  trigger_type VARCHAR,
  run_as_user_name VARCHAR,
  creator_user_name VARCHAR,
  paused BOOLEAN,
  timeout_seconds BIGINT,
  health_rules STRUCT(metric VARCHAR, operator VARCHAR, value BIGINT)[],
  deployment STRUCT(kind VARCHAR, metadata_file_path VARCHAR),
  create_time TIMESTAMP,
  arrival TIMESTAMP
);

CREATE TABLE lakeflow.job_tasks (
  account_id VARCHAR,
  workspace_id VARCHAR,
  job_id VARCHAR,
  task_key VARCHAR,
  depends_on_keys VARCHAR[],
  change_time TIMESTAMP,
  delete_time TIMESTAMP,
  timeout_seconds BIGINT,
  health_rules STRUCT(metric VARCHAR, operator VARCHAR, value BIGINT)[],
  arrival TIMESTAMP
);

CREATE TABLE lakeflow.job_run_timeline (
  account_id VARCHAR,
  workspace_id VARCHAR,
  job_id VARCHAR,
  run_id VARCHAR,
  period_start_time TIMESTAMP,
  period_end_time TIMESTAMP,
  trigger_type VARCHAR,
  result_state VARCHAR,
  run_type VARCHAR,
  run_name VARCHAR,
  compute_ids VARCHAR[],
  termination_code VARCHAR,
  job_parameters MAP(VARCHAR, MAP(VARCHAR, VARCHAR)),
  source_task_run_id VARCHAR,
  root_task_run_id VARCHAR,
  compute STRUCT(type VARCHAR, cluster_id VARCHAR, warehouse_id VARCHAR)[],
  termination_type VARCHAR,
  setup_duration_seconds BIGINT,
  queue_duration_seconds BIGINT,
  run_duration_seconds BIGINT,
  cleanup_duration_seconds BIGINT,
  execution_duration_seconds BIGINT,
  arrival TIMESTAMP
);

CREATE TABLE lakeflow.job_task_run_timeline (
  account_id VARCHAR,
  workspace_id VARCHAR,
  job_id VARCHAR,
  run_id VARCHAR,
  period_start_time TIMESTAMP,
  period_end_time TIMESTAMP,
  task_key VARCHAR,
  compute_ids VARCHAR[],
  result_state VARCHAR,
  job_run_id VARCHAR,
  parent_run_id VARCHAR,
  termination_code VARCHAR,
  compute STRUCT(type VARCHAR, cluster_id VARCHAR, warehouse_id VARCHAR)[],
  termination_type VARCHAR,
  task_parameters MAP(VARCHAR, MAP(VARCHAR, VARCHAR)),
  setup_duration_seconds BIGINT,
  cleanup_duration_seconds BIGINT,
  execution_duration_seconds BIGINT,
  arrival TIMESTAMP
);

CREATE TABLE query.history (
  account_id VARCHAR,
  workspace_id VARCHAR,
  statement_id VARCHAR,
  executed_by VARCHAR,
  session_id VARCHAR,
  execution_status VARCHAR,
  compute STRUCT(type VARCHAR, cluster_id VARCHAR, warehouse_id VARCHAR),
  executed_by_user_id VARCHAR,
  statement_text VARCHAR,
  statement_type VARCHAR,
  error_message VARCHAR,
  client_application VARCHAR,
  client_driver VARCHAR,
  total_duration_ms BIGINT,
  waiting_for_compute_duration_ms BIGINT,
  waiting_at_capacity_duration_ms BIGINT,
  execution_duration_ms BIGINT,
  compilation_duration_ms BIGINT,
  total_task_duration_ms BIGINT,
  result_fetch_duration_ms BIGINT,
  start_time TIMESTAMP,
  end_time TIMESTAMP,
  update_time TIMESTAMP,
  read_partitions BIGINT,
  pruned_files BIGINT,
  read_files BIGINT,
  read_rows BIGINT,
  produced_rows BIGINT,
  read_bytes BIGINT,
  read_io_cache_percent TINYINT,
  from_result_cache BOOLEAN,
  spilled_local_bytes BIGINT,
  written_bytes BIGINT,
  shuffle_read_bytes BIGINT,
  query_source STRUCT(job_info STRUCT(job_id VARCHAR, job_run_id VARCHAR, job_task_run_id VARCHAR), legacy_dashboard_id VARCHAR, dashboard_id VARCHAR, alert_id VARCHAR, notebook_id VARCHAR, sql_query_id VARCHAR, genie_space_id VARCHAR, pipeline_info STRUCT(pipeline_id VARCHAR, update_id VARCHAR)),
  executed_as_user_id VARCHAR,
  executed_as VARCHAR,
  written_rows BIGINT,
  written_files BIGINT,
  cache_origin_statement_id VARCHAR,
  query_parameters STRUCT(truncated BOOLEAN),
  query_tags MAP(VARCHAR, VARCHAR),
  pruned_files_bytes BIGINT,
  read_files_bytes BIGINT,
  arrival TIMESTAMP
);

CREATE TABLE compute.warehouses (
  warehouse_id VARCHAR,
  workspace_id VARCHAR,
  account_id VARCHAR,
  warehouse_name VARCHAR,
  warehouse_type VARCHAR,
  warehouse_channel VARCHAR,
  warehouse_size VARCHAR,
  min_clusters INTEGER,
  max_clusters INTEGER,
  auto_stop_minutes INTEGER,
  tags MAP(VARCHAR, VARCHAR),
  change_time TIMESTAMP,
  delete_time TIMESTAMP,
  created_by VARCHAR,
  arrival TIMESTAMP
);

CREATE TABLE compute.warehouse_events (
  account_id VARCHAR,
  workspace_id VARCHAR,
  warehouse_id VARCHAR,
  event_type VARCHAR,
  cluster_count INTEGER,
  event_time TIMESTAMP,
  arrival TIMESTAMP
);

CREATE TABLE access.audit (
  account_id VARCHAR,
  workspace_id VARCHAR,
  version VARCHAR,
  event_time TIMESTAMP,
  event_date DATE,
  source_ip_address VARCHAR,
  user_agent VARCHAR,
  session_id VARCHAR,
  user_identity STRUCT(email VARCHAR, subject_name VARCHAR),
  service_name VARCHAR,
  action_name VARCHAR,
  request_id VARCHAR,
  request_params MAP(VARCHAR, VARCHAR),
  response STRUCT(status_code INTEGER, error_message VARCHAR, result VARCHAR),
  audit_level VARCHAR,
  event_id VARCHAR,
  identity_metadata STRUCT(run_by VARCHAR, run_as VARCHAR, acting_resource VARCHAR, run_by_display_name VARCHAR, run_as_display_name VARCHAR),
  arrival TIMESTAMP
);

CREATE TABLE access.workspaces_latest (
  account_id VARCHAR,
  workspace_id VARCHAR,
  workspace_name VARCHAR,
  workspace_url VARCHAR,
  create_time TIMESTAMP,
  status VARCHAR
);
