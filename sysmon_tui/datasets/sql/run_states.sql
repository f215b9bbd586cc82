-- Fragment: the words of the Jobs API for a result, as the tables spell them; within a CASE over outcome.state.
      WHEN outcome.state = 'CANCELED' THEN 'CANCELLED'
      WHEN outcome.state = 'SUCCESS' THEN 'SUCCEEDED'
      WHEN outcome.state = 'TIMEDOUT' THEN 'TIMED_OUT'
