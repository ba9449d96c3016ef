"""Signed tokens: the keys service account tokens are signed and verified with, and their public form (JWKS).

ES256 for our own elliptic key, RS256 for an RSA key somebody brings. In: claims. Out: a compact JWT, and
back. Nothing here knows what the claims mean: service_account.py does.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Claims: TypeAlias = dict[str, Any]

_COORDINATE_BYTES: Final = 32  # P-256


class MalformedToken(Exception):
    """Not a compact JWT at all: some other kind of token."""


class TokenKeys:
    """One key to sign with, and every key (this one included) whose signatures are accepted."""

    def __init__(self, private_pem: bytes, *, other_public_pems: Sequence[bytes] = ()) -> None:
        key = serialization.load_pem_private_key(private_pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise TypeError("the service account key must be an elliptic curve (P-256) or RSA key")
        self.private = key
        self.key_id = key_id(key.public_key())
        self._public: dict[str, PublicKey] = {self.key_id: key.public_key()}
        for pem in other_public_pems:
            public = serialization.load_pem_public_key(pem)
            if isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
                self._public[key_id(public)] = public

    def sign(self, claims: Claims) -> str:
        header = {"alg": algorithm(self.private.public_key()), "kid": self.key_id}
        signed = f"{encode_part(orjson.dumps(header))}.{encode_part(orjson.dumps(claims))}"
        return f"{signed}.{encode_part(_sign(self.private, signed.encode()))}"

    def verify(self, token: str) -> bool:
        """Is token signed by one of the keys? Raises MalformedToken."""
        header, _ = read_unverified(token)
        signed, _, signature = token.rpartition(".")
        wanted = header.get("kid")
        keys = [self._public[wanted]] if wanted in self._public else list(self._public.values())
        raw = decode_part(signature)
        return any(
            header.get("alg") == algorithm(key) and _is_signature(key, raw, signed.encode()) for key in keys
        )

    def algorithms(self) -> list[str]:
        return sorted({algorithm(key) for key in self._public.values()})

    def jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set others verify our tokens with."""
        return {"keys": [_jwk(key, name) for name, key in self._public.items()]}


def read_unverified(token: str) -> tuple[dict[str, Any], Claims]:
    """Header and claims as written; nothing about them is proved. Raises MalformedToken."""
    parts = token.split(".")
    if len(parts) != 3:
        raise MalformedToken
    try:
        header, claims = (orjson.loads(decode_part(part)) for part in parts[:2])
    except orjson.JSONDecodeError as error:
        raise MalformedToken from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise MalformedToken
    return header, claims


def key_id(key: PublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encode_part(hashlib.sha256(der).digest())


def algorithm(key: PublicKey) -> str:
    return "RS256" if isinstance(key, rsa.RSAPublicKey) else "ES256"


def encode_part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_part(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedToken from error


def _sign(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def _is_signature(key: PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif len(signature) != 2 * _COORDINATE_BYTES:
            return False
        else:
            r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
            encoded = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            key.verify(encoded, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _jwk(key: PublicKey, name: str) -> dict[str, str]:
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        shape = {"kty": "RSA", "n": _number(rsa_numbers.n), "e": _number(rsa_numbers.e)}
    else:
        point = key.public_numbers()
        shape = {
            "kty": "EC",
            "crv": "P-256",
            "x": encode_part(point.x.to_bytes(_COORDINATE_BYTES, "big")),
            "y": encode_part(point.y.to_bytes(_COORDINATE_BYTES, "big")),
        }
    return {"use": "sig", "kty": shape.pop("kty"), "kid": name, "alg": algorithm(key), **shape}


def _number(value: int) -> str:
    return encode_part(value.to_bytes((value.bit_length() + 7) // 8, "big"))
