SELECT
  found.kind,
  found.rule,
  found.side,
  found.entity,
  found.entity AS label,
  timestamp_micros(found.started_us) AS started_at,
  CASE WHEN found.ended_us <= unix_micros(head.as_of) THEN timestamp_micros(found.ended_us) END AS ended_at,
  found.peak,
  found.total,
  head.as_of
FROM head LEFT JOIN found ON TRUE
ORDER BY found.kind, found.started_us DESC, found.rule, found.total DESC, found.entity
LIMIT :row_limit
