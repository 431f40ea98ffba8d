"""Keeps the fuzzer from locking itself out: it asks with a key of the first account."""

import schemathesis

OWN_ACCOUNT = "/v1/users/{uid}"
NOBODY = "2147483647"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Without the account there is nobody."""
    if case.operation.path != OWN_ACCOUNT:
        return
    if case.method.upper() == "DELETE":
        uid = str((case.path_parameters or {}).get("uid"))
        # The account is also known by its UUID, and as 01.
        if not (uid.isascii() and uid.isdigit() and int(uid) > 1):
            case.path_parameters["uid"] = NOBODY
