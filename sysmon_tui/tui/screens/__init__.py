"""What opens over the tabs: detail views, help, the choice of a tenant."""
