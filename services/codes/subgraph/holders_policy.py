"""Who may ask who holds a code: whoever is signed in is answered what she may see, which is decided code by code."""

from services.kit.policy import PUBLIC, SIGNED_IN, Rule

HOLDERS: dict[str, Rule] = {
    "Query.accessCodeByValue": SIGNED_IN,
    "User.id": PUBLIC,
    "User.accessCodes": SIGNED_IN,
    "AccessCodeConnection.*": PUBLIC,
    "AccessCodeEdge.*": PUBLIC,
}
