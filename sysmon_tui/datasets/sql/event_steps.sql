-- Fragment: a column: the order in which a warehouse goes through the events of one instant; 7 is a word we don't know.
    CASE event_type
      WHEN 'STARTING' THEN 1 WHEN 'RUNNING' THEN 2 WHEN 'SCALED_UP' THEN 3 WHEN 'SCALED_DOWN' THEN 4
      WHEN 'STOPPING' THEN 5 WHEN 'STOPPED' THEN 6 ELSE 7
    END AS step
