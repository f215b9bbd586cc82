"""What an admin must run so that a principal can read a table, or use a warehouse: ready to paste.

Names of principals come from the workspace; in back-ticks, with those in them doubled, they are nothing but names.
"""

from __future__ import annotations

import json
import re

from sysmon_tui.text import one_line
from sysmon_tui.views.findings import ApiCall

SYSTEM = "system"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_METASTORE = re.compile(r"[A-Za-z0-9-]{1,64}")
# Service principals are named by their application id.
_APPLICATION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def catalog_of(table: str) -> str | None:
    """None for a name without one: the session's default is meant."""
    parts = table.split(".")
    return parts[0] if len(parts) == 3 else None


def system_schema_of(table: str) -> str | None:
    """The system schema that a table is in; None for a view or a copy of the tenant's own."""
    parts = table.split(".")
    return parts[1] if len(parts) == 3 and parts[0].lower() == SYSTEM else None


def to_read(table: str, principal: str | None, *, has_catalog: bool) -> tuple[str, ...]:
    """The grants for a table. `has_catalog` leaves out the one on its catalog."""
    parts = [_identifier(part) for part in table.split(".")]
    to = f"TO {_quoted(principal or '<principal>')}"
    texts = []
    if len(parts) == 3 and not has_catalog:
        texts.append(f"GRANT USE CATALOG ON CATALOG {parts[0]} {to}")
    schema = ".".join(parts[:-1])
    if system_schema_of(table) is not None:
        return (*texts, f"GRANT USE SCHEMA, SELECT ON SCHEMA {schema} {to}")
    if schema:
        texts.append(f"GRANT USE SCHEMA ON SCHEMA {schema} {to}")
    return (*texts, f"GRANT SELECT ON TABLE {'.'.join(parts)} {to}")


def to_enable(schema: str, metastore_id: str | None) -> ApiCall:
    """The call that enables a system schema."""
    known = metastore_id is not None and _METASTORE.fullmatch(metastore_id)
    metastore = metastore_id if known else "<metastore_id>"
    return ApiCall("PUT", f"/api/2.1/unity-catalog/metastores/{metastore}/systemschemas/{schema}")


def to_use(warehouse_id: str, principal: str | None) -> ApiCall:
    """The call that adds CAN USE to what the principal may do with a warehouse."""
    name = one_line(principal or "<principal>")
    kind = "service_principal_name" if _APPLICATION.fullmatch(name) else "user_name"
    body = {"access_control_list": [{kind: name, "permission_level": "CAN_USE"}]}
    return ApiCall("PATCH", f"/api/2.0/permissions/warehouses/{warehouse_id}", json.dumps(body))


def _identifier(part: str) -> str:
    return part if _PLAIN.fullmatch(part) else _quoted(part)


def _quoted(name: str) -> str:
    return "`" + one_line(name).replace("`", "``") + "`"
