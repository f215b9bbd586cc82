"""An audit event of an incident in words: what it was done to, what that does, whom it names. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sysmon_tui.text import one_line

Effect = Literal["removed", "edited", "added"]

# Classes of incident_changes.sql that are no change.
SYMPTOMS = ("failed_login", "login", "denied")

_PAST = {
    "activate": "activated",
    "add": "added",
    "batch": "edited",
    "change": "edited",
    "checkout": "checked out",
    "create": "created",
    "databricksaccess": "given",
    "deactivate": "deactivated",
    "delete": "deleted",
    "deny": "denied",
    "disable": "disabled",
    "edit": "edited",
    "enable": "enabled",
    "garbagecollect": "removed",
    "generate": "created",
    "grant": "granted",
    "import": "imported",
    "install": "installed",
    "mount": "mounted",
    "move": "moved",
    "patch": "edited",
    "permanentdelete": "deleted",
    "pull": "pulled",
    "put": "written",
    "remove": "removed",
    "rename": "renamed",
    "replace": "replaced",
    "reset": "edited",
    "resize": "resized",
    "restore": "restored",
    "revoke": "revoked",
    "rotate": "rotated",
    "set": "set",
    "stop": "stopped",
    "transfer": "transferred",
    "trash": "deleted",
    "undelete": "restored",
    "uninstall": "uninstalled",
    "unmount": "unmounted",
    "update": "edited",
    "upsert": "edited",
}
_VERB = re.compile("|".join(sorted(_PAST, key=len, reverse=True)), re.IGNORECASE)
# What was there is there no more under its name, or not in its old form.
_REMOVING = frozenset(
    (
        *(
            "deactivated",
            "deleted",
            "denied",
            "disabled",
            "moved",
            "removed",
            "renamed",
            "revoked",
            "rotated",
        ),
        *("stopped", "uninstalled", "unmounted"),
    )
)
_ADDING = frozenset(
    (
        "activated",
        "added",
        "created",
        "enabled",
        "given",
        "granted",
        "imported",
        "installed",
        "mounted",
        "restored",
    )
)
_NOUNS = {"grant": "grant", "permission": "permission", "job": "job", "pipeline": "pipeline", "code": "repo"}
_ACTION_NOUNS = {"databricksaccess": "access of Databricks staff", "workspaceconfedit": "workspace setting"}
_CLUSTER_NOUNS = {
    "clusterPolicies": "cluster policy",
    "instancePools": "instance pool",
    "globalInitScripts": "global init script",
    "clusterLibraries": "cluster library",
}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TARGET_CHARS = 120
_REPEATED = frozenset({"login", "failed_login", "denied", "other"})
_APART = timedelta(minutes=30)


@dataclass(frozen=True)
class Change:
    """One audit event, or several alike. `phrase` is what was done to what kind of thing, such as `grant revoked`.

    `kind` is the class of incident_changes.sql. `named` are the people and groups that it names. Names are in lower
    case. `id` is the first one's, `ids` are all. What was `mended_at` some time causes nothing after it.
    """

    id: str | None
    at: datetime
    workspace_id: str | None
    kind: str
    noun: str
    past: str
    effect: Effect
    target: str
    who: str
    address: str
    named: frozenset[str] = frozenset()
    details: str = ""
    status: str = "success"
    count: int = 1
    until: datetime | None = None
    mended_at: datetime | None = None
    ids: frozenset[str] = frozenset()

    @property
    def phrase(self) -> str:
        return f"{self.noun} {self.past}"

    @property
    def said(self) -> str:
        """In full, of several alike how many."""
        times = f"{self.count} × " if self.count > 1 else ""  # noqa: RUF001 (the sign for times)
        of = one_line(self.target, _TARGET_CHARS)
        if self.kind in ("login", "failed_login"):
            return f"{times}{self.phrase}" + (f" from {one_line(self.address, 60)}" if self.address else "")
        return f"{times}{self.phrase}{': ' if of else ''}{of}{self.details}"


def grouped(changes: Iterable[Change]) -> list[Change]:
    """Oldest first; what comes by the dozen (logins, refusals, deletions) once where it lies close together."""
    done: list[Change] = []
    last: dict[tuple[str, ...], int] = {}
    for one in sorted(changes, key=lambda one: (one.at, one.id or "", one.said)):
        of = (one.address or one.who,) if one.kind == "failed_login" else (one.phrase, one.who)
        key, place = (one.kind, *of), last.get((one.kind, *of))
        if one.kind not in _REPEATED or place is None or one.at - (done[place].until or one.at) > _APART:
            last[key] = len(done)
            done.append(replace(one, until=one.at, ids=_known(one.id), named=_everybody(one)))
        else:
            done[place] = _with(done[place], one)
    return done


def _with(group: Change, one: Change) -> Change:
    return replace(
        group,
        count=group.count + 1,
        until=one.at,
        ids=group.ids | _known(one.id),
        named=group.named | _everybody(one),
        who=group.who if group.who == one.who else "",
        target=group.target if group.target == one.target else "",
    )


def _everybody(one: Change) -> frozenset[str]:
    """Of refused logins also who tried: several people may have."""
    return one.named | _known(one.who) if one.kind == "failed_login" else one.named


def _known(text: str | None) -> frozenset[str]:
    return frozenset({text} if text else ())


def change(row: Mapping[str, Any]) -> Change:
    """From a row of incident_changes."""
    parameters = _object(row["request_params"])
    kind, action = str(row["class"]), str(row["action_name"] or "")
    match = _VERB.match(action)
    past = _PAST[match[0].lower()] if match else "edited"
    noun = _noun(kind, action, str(row["service_name"] or ""), action[match.end() :] if match else action)
    if kind in SYMPTOMS or kind == "other":
        noun, past = one_line(action, 60), {"login": "went through", "other": "done"}.get(kind, "refused")
    removed, added, named = _grants(parameters)
    if kind == "grant" and (removed or added):
        past = "revoked" if removed else "given"
    effect: Effect = "removed" if past in _REMOVING else "added" if past in _ADDING else "edited"
    details = f" ({one_line(', '.join(removed or added), _TARGET_CHARS)})" if removed or added else ""
    return Change(
        id=row["event_id"],
        at=row["event_time"],
        workspace_id=_workspace(row["workspace_id"], parameters),
        kind=kind,
        noun=noun,
        past=past,
        effect=effect,
        target=str(row["target"] or "").lower(),
        who=str(row["user_email"] or "").lower(),
        address=str(row["address"] or ""),
        named=named | _people(parameters),
        details=details,
        status=str(row["status"] or ""),
    )


def _noun(kind: str, action: str, service: str, object_of_verb: str) -> str:
    if kind == "cluster":
        return _CLUSTER_NOUNS.get(service, "cluster")
    named = _NOUNS.get(kind) or _ACTION_NOUNS.get(action.lower())
    if named:
        return named
    words = [word.lower() for word in _WORD.findall(object_of_verb)]
    if kind == "credential" and "token" in words:
        return "token"
    if kind == "principal" and (not words or "group" in words):
        return "group member" if len(words) > 1 else "group" if words else "user"
    return " ".join(words).replace("ip access", "IP access") or kind


def _grants(parameters: Mapping[str, Any]) -> tuple[list[str], list[str], frozenset[str]]:
    """What a change of permissions takes away, what it gives, and whom it names."""
    changes = parameters.get("changes")
    found = _json(changes) if isinstance(changes, str) else changes
    removed: list[str] = []
    added: list[str] = []
    named = set()
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict):
            principal = str(one.get("principal") or "")
            named.add(principal.lower())
            removed += [f"{privilege} from {principal}" for privilege in _texts(one.get("remove"))]
            added += [f"{privilege} to {principal}" for privilege in _texts(one.get("add"))]
    return removed, added, frozenset(named - {""})


def _people(parameters: Mapping[str, Any]) -> frozenset[str]:
    names = ("targetUserName", "userName", "user", "targetGroupName", "servicePrincipalName", "tokenOwner")
    ids = ("targetUserId", "userId", "targetServicePrincipalName", "servicePrincipalApplicationId")
    return frozenset(str(parameters[name]).lower() for name in (*names, *ids) if parameters.get(name))


def _workspace(workspace_id: str | None, parameters: Mapping[str, Any]) -> str | None:
    """Events of the account may name a workspace; None is every one of them."""
    named = parameters.get("workspace_id")
    found = str(named) if workspace_id in (None, "0") and named else workspace_id
    return None if found in (None, "0") else found


def _object(text: str | None) -> dict[str, Any]:
    found = _json(text or "{}")
    return found if isinstance(found, dict) else {}


def _json(text: str) -> object:
    """None for one that was cut."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
