-- The system tables that the monitor reads, as published: Databricks SQL, column for column.
-- Tests hold every local stand-in against it. All columns are nullable; timestamps are UTC instants.

CREATE TABLE IF NOT EXISTS system.lakeflow.jobs (
  account_id STRING,
  workspace_id STRING,
  job_id STRING,  -- unique only within workspace_id
  name STRING,  -- LEFT JOIN from runs: one-off SUBMIT_RUN and WORKFLOW_RUN runs have no row here
  creator_id STRING,  -- numeric principal id as string
  tags map<string,string>,
  run_as STRING,  -- numeric principal id as string; NOT an e-mail
  change_time TIMESTAMP,  -- SCD2 version time (UTC)
  delete_time TIMESTAMP,  -- non-NULL = deleted
  description STRING,  -- empty when customer-managed keys are configured
  `trigger` struct<file_arrival:struct<url:string,min_time_between_triggers_seconds:int,wait_after_last_change_seconds:int>,periodic:struct<interval:int,units:string>,continuous:struct<enabled:boolean>,table_update:struct<table_names:array<string>,min_time_between_triggers_seconds:bigint,wait_after_last_change_seconds:bigint,condition:string>,schedule:struct<quartz_cron_expression:string,timezone_id:string>>,  -- NULL on rows emitted before ~Dec 2025
  trigger_type STRING,  -- NULL on rows emitted before ~Dec 2025
  run_as_user_name STRING,  -- NULL on rows emitted before ~Dec 2025; e-mail, SP application id or group name
  creator_user_name STRING,  -- NULL on rows emitted before ~Dec 2025
  paused BOOLEAN,  -- NULL on rows emitted before ~Dec 2025
  timeout_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025
  health_rules array<struct<metric:string,operator:string,value:bigint>>,  -- NULL on rows emitted before ~Dec 2025
  deployment struct<kind:string,metadata_file_path:string>,  -- NULL on rows emitted before ~Dec 2025
  create_time TIMESTAMP  -- NULL on rows emitted before ~Dec 2025
) USING parquet;

CREATE TABLE IF NOT EXISTS system.lakeflow.job_tasks (
  account_id STRING,
  workspace_id STRING,
  job_id STRING,
  task_key STRING,
  depends_on_keys array<string>,
  change_time TIMESTAMP,
  delete_time TIMESTAMP,
  timeout_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025
  health_rules array<struct<metric:string,operator:string,value:bigint>>  -- NULL on rows emitted before ~Dec 2025
) USING parquet;

CREATE TABLE IF NOT EXISTS system.lakeflow.job_run_timeline (
  account_id STRING,
  workspace_id STRING,
  job_id STRING,
  run_id STRING,
  period_start_time TIMESTAMP,  -- slice start (UTC); the only time filter that prunes
  period_end_time TIMESTAMP,  -- slice end (UTC)
  trigger_type STRING,
  result_state STRING,  -- NULL on every slice but the last; NULL while running
  run_type STRING,
  run_name STRING,  -- the only name of SUBMIT_RUN runs
  compute_ids array<string>,  -- only job compute of WORKFLOW_RUN parents; use the task timeline otherwise
  termination_code STRING,  -- as result_state
  job_parameters map<string,map<string,string>>,  -- real type is a nested map
  source_task_run_id STRING,  -- NULL on rows emitted before ~Dec 2025
  root_task_run_id STRING,  -- NULL on rows emitted before ~Dec 2025
  compute array<struct<type:string,cluster_id:string,warehouse_id:string>>,  -- NULL on rows emitted before ~Dec 2025
  termination_type STRING,  -- SUCCESS|INTERNAL_ERROR|CLIENT_ERROR|CLOUD_FAILURE (Jobs API vocabulary); NULL on rows emitted before ~Dec 2025
  setup_duration_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025
  queue_duration_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025
  run_duration_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025; 0 is used too - treat 0 as absent
  cleanup_duration_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025
  execution_duration_seconds BIGINT  -- NULL on rows emitted before ~Dec 2025
) USING parquet;

CREATE TABLE IF NOT EXISTS system.lakeflow.job_task_run_timeline (
  account_id STRING,
  workspace_id STRING,
  job_id STRING,
  run_id STRING,  -- TASK run id
  period_start_time TIMESTAMP,
  period_end_time TIMESTAMP,
  task_key STRING,
  compute_ids array<string>,
  result_state STRING,  -- NULL on every slice but the last
  job_run_id STRING,  -- joins job_run_timeline.run_id
  parent_run_id STRING,
  termination_code STRING,
  compute array<struct<type:string,cluster_id:string,warehouse_id:string>>,  -- NULL on rows emitted before ~Dec 2025 (doc: array; inner struct assumed equal to job_run_timeline.compute)
  termination_type STRING,  -- NULL on rows emitted before ~Dec 2025
  task_parameters map<string,map<string,string>>,  -- NULL on rows emitted before ~Dec 2025 (doc says map; inner type ASSUMED equal to job_parameters)
  setup_duration_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025
  cleanup_duration_seconds BIGINT,  -- NULL on rows emitted before ~Dec 2025
  execution_duration_seconds BIGINT  -- NULL on rows emitted before ~Dec 2025
) USING parquet;

CREATE TABLE IF NOT EXISTS system.query.history (
  account_id STRING,
  workspace_id STRING,
  statement_id STRING,
  executed_by STRING,
  session_id STRING,
  execution_status STRING,  -- terminal states only: FINISHED|FAILED|CANCELED
  compute struct<type:string,cluster_id:string,warehouse_id:string>,  -- type WAREHOUSE or SERVERLESS_COMPUTE
  executed_by_user_id STRING,
  statement_text STRING,  -- empty with CMK; long texts are stored compressed and may be cut
  statement_type STRING,
  error_message STRING,  -- empty with CMK
  client_application STRING,
  client_driver STRING,
  total_duration_ms BIGINT,
  waiting_for_compute_duration_ms BIGINT,
  waiting_at_capacity_duration_ms BIGINT,
  execution_duration_ms BIGINT,
  compilation_duration_ms BIGINT,
  total_task_duration_ms BIGINT,
  result_fetch_duration_ms BIGINT,
  start_time TIMESTAMP,  -- best prune column
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
  query_source struct<job_info:struct<job_id:string,job_run_id:string,job_task_run_id:string>,legacy_dashboard_id:string,dashboard_id:string,alert_id:string,notebook_id:string,sql_query_id:string,genie_space_id:string,pipeline_info:struct<pipeline_id:string,update_id:string>>,  -- real struct has no job_task_key although an old doc example shows one
  executed_as_user_id STRING,
  executed_as STRING,
  written_rows BIGINT,
  written_files BIGINT,
  cache_origin_statement_id STRING,
  query_parameters struct<named_parameters:map<string,struct<exprs:array<struct<tag:string,data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,literal:struct<data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,int_value:int,long_value:bigint,double_value:double,float_value:float,byte_value:int,short_value:int,string_value:string,boolean_value:boolean,decimal_value:struct<value:string,precision:int,scale:int>,binary_value:binary,timestamp_value:bigint,timestamp_ntz_value:bigint,date_value:bigint,calendar_interval_value:struct<months:int,days:int,microseconds:bigint>,day_time_interval_value:bigint,year_month_interval_value:int>,seq_expression:struct<children:array<bigint>>,function:struct<function_name:string,arguments:array<bigint>>,alias:struct<expr:bigint,name:array<string>,metadata:string>,sort_order:struct<child:bigint,direction:string,null_ordering:string>,lambda_function:struct<function:bigint,arguments:array<struct<name_parts:array<string>>>>,window:struct<window_function:bigint,partition_spec:array<bigint>,order_spec:array<bigint>>,unresolved_extract_value:struct<child:bigint,extraction:bigint>,update_fields:struct<struct_expression:bigint,field_name:string,value_expression:bigint>,unresolved_named_lambda_variable:struct<name_parts:array<string>>,named_argument_expression:struct<key:string,value:bigint>,id:bigint>>>>,pos_parameters:array<struct<exprs:array<struct<tag:string,data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,literal:struct<data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,int_value:int,long_value:bigint,double_value:double,float_value:float,byte_value:int,short_value:int,string_value:string,boolean_value:boolean,decimal_value:struct<value:string,precision:int,scale:int>,binary_value:binary,timestamp_value:bigint,timestamp_ntz_value:bigint,date_value:bigint,calendar_interval_value:struct<months:int,days:int,microseconds:bigint>,day_time_interval_value:bigint,year_month_interval_value:int>,seq_expression:struct<children:array<bigint>>,function:struct<function_name:string,arguments:array<bigint>>,alias:struct<expr:bigint,name:array<string>,metadata:string>,sort_order:struct<child:bigint,direction:string,null_ordering:string>,lambda_function:struct<function:bigint,arguments:array<struct<name_parts:array<string>>>>,window:struct<window_function:bigint,partition_spec:array<bigint>,order_spec:array<bigint>>,unresolved_extract_value:struct<child:bigint,extraction:bigint>,update_fields:struct<struct_expression:bigint,field_name:string,value_expression:bigint>,unresolved_named_lambda_variable:struct<name_parts:array<string>>,named_argument_expression:struct<key:string,value:bigint>,id:bigint>>>>,truncated:boolean>,
  query_tags map<string,string>,
  pruned_files_bytes BIGINT,  -- 2026
  read_files_bytes BIGINT  -- 2026
) USING parquet;

CREATE TABLE IF NOT EXISTS system.compute.warehouses (
  warehouse_id STRING,
  workspace_id STRING,
  account_id STRING,
  warehouse_name STRING,
  warehouse_type STRING,  -- CLASSIC|PRO|SERVERLESS (the REST API says PRO + enable_serverless_compute)
  warehouse_channel STRING,  -- CURRENT|PREVIEW
  warehouse_size STRING,  -- 2X_SMALL..5X_LARGE (underscores; the REST API says 2X-Small)
  min_clusters INT,
  max_clusters INT,
  auto_stop_minutes INT,
  tags map<string,string>,
  change_time TIMESTAMP,  -- SCD2 version time
  delete_time TIMESTAMP,
  created_by STRING
) USING parquet;

CREATE TABLE IF NOT EXISTS system.compute.warehouse_events (
  account_id STRING,
  workspace_id STRING,
  warehouse_id STRING,
  event_type STRING,  -- STARTING|RUNNING|SCALED_UP|SCALED_DOWN|STOPPING|STOPPED
  cluster_count INT,  -- clusters running at the event
  event_time TIMESTAMP
) USING parquet;

CREATE TABLE IF NOT EXISTS system.access.audit (
  account_id STRING,
  workspace_id STRING,  -- '0' for account-level events
  version STRING,
  event_time TIMESTAMP,
  event_date DATE,  -- ALWAYS filter on it
  source_ip_address STRING,
  user_agent STRING,
  session_id STRING,
  user_identity struct<email:string,subject_name:string>,
  service_name STRING,
  action_name STRING,
  request_id STRING,
  request_params map<string,string>,  -- all values strings; may contain e-mails, SQL text, tokens hashes
  response struct<status_code:int,error_message:string,result:string>,  -- status_code is INT
  audit_level STRING,  -- WORKSPACE_LEVEL|ACCOUNT_LEVEL
  event_id STRING,
  identity_metadata struct<run_by:string,run_as:string,acting_resource:string,run_by_display_name:string,run_as_display_name:string>
) USING parquet
PARTITIONED BY (event_date);

CREATE TABLE IF NOT EXISTS system.access.workspaces_latest (
  account_id STRING,
  workspace_id STRING,
  workspace_name STRING,
  workspace_url STRING,  -- the host for links
  create_time TIMESTAMP,
  status STRING  -- NOT_PROVISIONED|PROVISIONING|RUNNING|FAILED|BANNED
) USING parquet;
