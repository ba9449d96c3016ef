"""Keys of other issuers: JSON Web Key Sets, and the signatures of tokens checked with them. Pure.

In: a key set as its issuer publishes it, tokens. Out: whether a key of it signed the token. oidc.py fetches
the sets and reads what the claims say.
"""

from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from apiserver.filters.authentication.jwt import MalformedToken, PublicKey, decode_part, read_unverified

_HASHES: Final = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_CURVE_OF: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
ALGORITHMS: Final = frozenset({f"{family}{size}" for family in ("RS", "ES", "PS") for size in _HASHES})


class KeySet:
    """The keys of one issuer. A key without an id is tried for every token."""

    def __init__(self, document: Any) -> None:
        """Raises ValueError for what is no key set; single keys that make no sense are left out."""
        listed = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise ValueError("the key set has no keys")
        self._keys: list[tuple[str, PublicKey]] = []
        for entry in listed:
            if isinstance(entry, dict) and (key := _key(entry)) is not None:
                self._keys.append((str(entry.get("kid") or ""), key))

    def knows(self, key_id: str) -> bool:
        return any(name == key_id for name, _ in self._keys)

    def verify(self, token: str, algorithms: frozenset[str]) -> bool:
        """Whether one of the keys signed token, by one of the algorithms. Raises MalformedToken."""
        header, _ = read_unverified(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in algorithms & ALGORITHMS:
            return False
        signed, _, signature = token.rpartition(".")
        raw = decode_part(signature)
        return any(
            _is_signature(algorithm, key, raw, signed.encode())
            for name, key in self._keys
            if not key_id or not name or name == key_id
        )


def key_set(body: bytes) -> KeySet:
    """Raises ValueError."""
    return KeySet(orjson.loads(body))


def _key(entry: dict[str, Any]) -> PublicKey | None:
    """None for a key of a kind nobody signs tokens with here, or for a broken one."""
    if entry.get("use") not in (None, "", "sig"):
        return None
    try:
        match entry.get("kty"):
            case "RSA":
                return rsa.RSAPublicNumbers(_number(entry["e"]), _number(entry["n"])).public_key()
            case "EC":
                curve = _CURVES[entry["crv"]]
                return ec.EllipticCurvePublicNumbers(
                    _number(entry["x"]), _number(entry["y"]), curve
                ).public_key()
    except (KeyError, ValueError, TypeError, AttributeError, MalformedToken, UnsupportedAlgorithm):
        return None
    return None


def _number(text: str) -> int:
    return int.from_bytes(decode_part(text), "big")


def _is_signature(algorithm: str, key: PublicKey, signature: bytes, data: bytes) -> bool:
    family, digest = algorithm[:2], _HASHES[algorithm[2:]]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if family == "RS":
                key.verify(signature, data, padding.PKCS1v15(), digest)
            elif family == "PS":
                salted = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
                key.verify(signature, data, salted, digest)
            else:
                return False
            return True
        if _CURVE_OF.get(algorithm) != key.curve.name or len(signature) % 2 or not signature:
            return False
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True
