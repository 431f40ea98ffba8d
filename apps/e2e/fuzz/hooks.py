"""Keeps the fuzzer from locking itself out: it is logged in as the first account."""

import schemathesis

OWN_ACCOUNT = "/v1/users/{uid}"
NOBODY = "2147483647"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A new password would end the token, and without the account there is nobody."""
    if case.operation.path != OWN_ACCOUNT:
        return
    if isinstance(case.body, dict):
        case.body.pop("password", None)
    if case.method.upper() == "DELETE":
        uid = str((case.path_parameters or {}).get("uid"))
        # The account is also known by its UUID, and as 01.
        if not (uid.isascii() and uid.isdigit() and int(uid) > 1):
            case.path_parameters["uid"] = NOBODY
