"""Options of a request, parsed once from the query (deletes: or the body): writes, deletes, lists, watches.

In: Query, body. Out: frozen options, or the 400 and 422 answers in the stock words.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from apiserver.request_info import Query, Request
from apiserver.storage.refusals import plain_failure
from apiserver.storage.store import parse_revision
from karmada.api.errors import ApiError, BadRequest, FieldError, Invalid, invalid
from karmada.api.objects import Object

FieldValidation = Literal["Ignore", "Warn", "Strict"]
PROPAGATION_POLICIES: Final = ("Foreground", "Background", "Orphan")
_META: Final = "meta.k8s.io"
_TRUE: Final = ("true", "1")
_MAX_MANAGER: Final = 128


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """dryRun, fieldManager, fieldValidation and force of a create, update or patch."""

    dry_run: bool
    field_manager: str
    field_validation: FieldValidation
    force: bool = False
    manager_given: bool = False
    validation_given: bool = False

    @classmethod
    def parse(cls, request: Request, kind: str) -> "WriteOptions":
        """kind is CreateOptions, UpdateOptions or PatchOptions. Raises Invalid."""
        query = request.query
        errors: list[FieldError] = []
        dry_run = _dry_run(query.getall("dryRun"), errors)
        validation = query.get("fieldValidation") or "Warn"
        if validation not in ("Ignore", "Warn", "Strict"):
            errors.append(
                FieldError(
                    "FieldValueNotSupported",
                    "fieldValidation",
                    f'Unsupported value: "{validation}": supported values: "", "Ignore", "Strict", "Warn"',
                )
            )
        manager = query.get("fieldManager")
        errors += _manager_errors(manager)
        if errors:
            raise invalid(_META, kind, "", errors)
        return cls(
            dry_run,
            manager or default_manager(request.headers.get("user-agent", "")),
            validation,  # type: ignore[arg-type]
            force=query.get("force") in _TRUE,
            manager_given=bool(manager),
            validation_given=bool(query.get("fieldValidation")),
        )

    def as_object(self, kind: str) -> Object:
        """The options as admission webhooks get them."""
        obj: Object = {"kind": kind, "apiVersion": f"{_META}/v1"}
        if self.dry_run:
            obj["dryRun"] = ["All"]
        if self.manager_given:
            obj["fieldManager"] = self.field_manager
        if self.validation_given:
            obj["fieldValidation"] = self.field_validation
        return obj


def default_manager(user_agent: str) -> str:
    """What field manager a client is when it does not say."""
    prefix = user_agent.partition("/")[0][:_MAX_MANAGER]
    return prefix if prefix.isprintable() else "".join(filter(str.isprintable, prefix))


def _dry_run(values: list[str], errors: list[FieldError]) -> bool:
    given = [value for value in values if value]
    if any(value != "All" for value in given):
        shown = "[" + ",".join(f'"{value}"' for value in given) + "]"
        errors.append(
            FieldError(
                "FieldValueNotSupported", "dryRun", f'Unsupported value: {shown}: supported values: "All"'
            )
        )
    return bool(given)


def _manager_errors(manager: str) -> list[FieldError]:
    if len(manager.encode()) > _MAX_MANAGER:
        return [
            FieldError(
                "FieldValueTooLong", "fieldManager", f"Too long: may not be more than {_MAX_MANAGER} bytes"
            )
        ]
    return [
        FieldError(
            "FieldValueInvalid",
            "fieldManager",
            f'Invalid value: "{manager}": invalid character U+{ord(character):04X} (at position {position})',
        )
        for position, character in enumerate(manager)
        if not character.isprintable()
    ]


# -- delete -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    dry_run: bool = False
    grace_period_seconds: int | None = None
    propagation_policy: str = ""
    """Foreground, Background, Orphan; "" leaves it to the kind."""
    uid: str = ""
    resource_version: str = ""
    orphan_dependents: bool | None = None

    @classmethod
    def of(cls, options: Object) -> "DeleteOptions":
        """Of a DeleteOptions object. Raises BadRequest, Invalid."""
        errors: list[FieldError] = []
        dry_run = _dry_run(_list_of(options.get("dryRun")), errors)
        policy = options.get("propagationPolicy") or ""
        orphan = options.get("orphanDependents")
        if policy and orphan is not None:
            errors.append(
                FieldError(
                    "FieldValueInvalid",
                    "propagationPolicy",
                    f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set',
                )
            )
        elif policy and policy not in PROPAGATION_POLICIES:
            supported = ", ".join(f'"{value}"' for value in (*PROPAGATION_POLICIES, "nil"))
            errors.append(
                FieldError(
                    "FieldValueNotSupported",
                    "propagationPolicy",
                    f'Unsupported value: "{policy}": supported values: {supported}',
                )
            )
        if errors:
            raise invalid(_META, "DeleteOptions", "", errors)
        preconditions = options.get("preconditions") or {}
        grace = options.get("gracePeriodSeconds")
        if orphan is not None:
            policy = "Orphan" if orphan else "Background"
        return cls(
            dry_run=dry_run,
            grace_period_seconds=None if grace is None else (1 if grace < 0 else int(grace)),
            propagation_policy=policy,
            uid=preconditions.get("uid") or "",
            resource_version=preconditions.get("resourceVersion") or "",
            orphan_dependents=orphan,
        )

    def as_object(self) -> Object:
        """The options as admission webhooks get them."""
        obj: Object = {"kind": "DeleteOptions", "apiVersion": f"{_META}/v1"}
        if self.grace_period_seconds is not None:
            obj["gracePeriodSeconds"] = self.grace_period_seconds
        if self.uid or self.resource_version:
            pinned = {"uid": self.uid, "resourceVersion": self.resource_version}
            obj["preconditions"] = {name: value for name, value in pinned.items() if value}
        if self.propagation_policy:
            obj["propagationPolicy"] = self.propagation_policy
        if self.dry_run:
            obj["dryRun"] = ["All"]
        return obj

    @classmethod
    def from_query(cls, query: Query) -> "DeleteOptions":
        options: Object = {
            "dryRun": query.getall("dryRun"),
            "propagationPolicy": query.get("propagationPolicy"),
        }
        if grace := query.get("gracePeriodSeconds"):
            options["gracePeriodSeconds"] = _integer(grace)
        if orphan := query.get("orphanDependents"):
            options["orphanDependents"] = orphan in _TRUE
        return cls.of(options)


def _list_of(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


# -- list and watch -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Of a list or watch. revision is None when no resourceVersion was given."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    revision: int | None = None
    exact: bool = False
    """The list must be as of revision; otherwise at least as new."""
    timeout_seconds: int = 0
    bookmarks: bool = False
    initial_events: bool | None = None

    @classmethod
    def parse(cls, query: Query, *, watch: bool) -> "ListOptions":
        """Raises BadRequest, Invalid and the unclassified 500 of a watch from a malformed version."""
        match = query.get("resourceVersionMatch")
        initial = query.get("sendInitialEvents") in _TRUE if "sendInitialEvents" in query else None
        token = query.get("continue")
        version = query.get("resourceVersion")
        _check_match(match, version, token, initial=initial, watch=watch)
        limit = _integer(query.get("limit") or "0")
        try:
            revision = parse_revision(version)
        except ValueError as error:
            raise _malformed_version(version, str(error), watch=watch) from error
        if not watch and token and version not in ("", "0"):
            raise BadRequest("specifying resource version is not allowed when using continue")
        first_page = limit > 0 and not token and revision > 0 and not match
        return cls(
            label_selector=query.get("labelSelector"),
            field_selector=query.get("fieldSelector"),
            limit=max(limit, 0) if version != "0" or match else 0,
            continue_token=token,
            revision=revision if version else None,
            exact=match == "Exact" or first_page,
            timeout_seconds=max(_integer(query.get("timeoutSeconds") or "0"), 0),
            bookmarks=query.get("allowWatchBookmarks") in _TRUE,
            initial_events=initial,
        )


def _check_match(match: str, version: str, token: str, *, initial: bool | None, watch: bool) -> None:
    text = ""
    field = "resourceVersionMatch"
    if initial is not None and not watch:
        field, text = "sendInitialEvents", "sendInitialEvents is forbidden for list"
    elif initial is not None and match != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    elif watch and initial is None and match:
        text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    elif match and not watch and token:
        text = "resourceVersionMatch is forbidden when continue is provided"
    elif match and not watch and not version:
        text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
    elif match and match not in ("Exact", "NotOlderThan"):
        raise _bad_list_option(
            "FieldValueNotSupported",
            field,
            f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""',
        )
    elif match == "Exact" and version == "0":
        text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
    if text:
        raise _bad_list_option("FieldValueForbidden", field, f"Forbidden: {text}")


def _bad_list_option(cause: str, field: str, text: str) -> Invalid:
    return invalid(_META, "ListOptions", "", [FieldError(cause, field, text)])


def _malformed_version(version: str, text: str, *, watch: bool) -> ApiError:
    message = f'resourceVersion: Invalid value: "{version}": {text}'
    return plain_failure(message) if watch else BadRequest(f"invalid resource version: {message}")


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error
