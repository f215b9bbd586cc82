-- Fragment: the statements in `chosen` as a listing, newest end first, and their counts by state; ends the text.
matched AS (
  SELECT
    chosen.*,
    end_time AS sort_time,
    CONCAT(COALESCE(workspace_id, ''), '/', COALESCE(statement_id, '')) AS row_key,
    end_time AS span_time,
    status AS span_status
  FROM chosen
),
-- include: listing
SELECT
  listed.workspace_id, listed.statement_id, listed.status, listed.user_email, listed.warehouse_id,
  listed.statement_type,
  LEFT(listed.statement_text, :text_chars + 1) AS statement_text,
  listed.error_class,
  LEFT(listed.error_message, :text_chars + 1) AS error_message,
  listed.client_application, listed.start_time, listed.end_time,
  listed.total_duration_ms, listed.waiting_for_compute_duration_ms, listed.waiting_at_capacity_duration_ms,
  listed.compilation_duration_ms, listed.execution_duration_ms,
  listed.read_rows, listed.read_bytes, listed.produced_rows, listed.spilled_local_bytes, listed.from_result_cache,
  listed.sort_us, listed.row_key, listed.span_us, listed.counted_status, listed.span_count, head.as_of
FROM head LEFT JOIN listed ON TRUE
ORDER BY listed.span_us, listed.counted_status, listed.sort_us DESC, listed.row_key
