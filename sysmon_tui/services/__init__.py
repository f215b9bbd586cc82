"""The two doors: `query.QueryService` (asked through `monitor.Monitor`) and `alerting.AlertingService`."""
