"""Signatures of every kind, checked with keys as issuers publish them."""

from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from apiserver.filters.authentication.jwt import encode_part
from apiserver.filters.authentication.key_sets import ALGORITHMS, KeySet, key_set

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
EC = {name: ec.generate_private_key(curve) for name, curve in CURVES.items()}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVE_OF = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def number(value: int) -> str:
    return encode_part(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_entry(**fields: Any) -> dict[str, Any]:
    public = RSA.public_key().public_numbers()
    return {"kty": "RSA", "n": number(public.n), "e": number(public.e), "kid": "rsa", **fields}


def ec_entry(curve: str) -> dict[str, Any]:
    public = EC[curve].public_key().public_numbers()
    return {"kty": "EC", "crv": curve, "x": number(public.x), "y": number(public.y), "kid": curve}


def signed(algorithm: str, *, key_id: str = "", claims: Any = None) -> str:
    header = {"alg": algorithm, **({"kid": key_id} if key_id else {})}
    text = f"{encode_part(orjson.dumps(header))}.{encode_part(orjson.dumps(claims or {'sub': 'a'}))}"
    family, digest = algorithm[:2], HASHES[algorithm[2:]]
    if family == "ES":
        key = EC[CURVE_OF[algorithm]]
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(digest)))
        raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    elif family == "PS":
        raw = RSA.sign(text.encode(), padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH), digest)
    else:
        raw = RSA.sign(text.encode(), padding.PKCS1v15(), digest)
    return f"{text}.{encode_part(raw)}"


KEYS = KeySet({"keys": [rsa_entry(), *map(ec_entry, CURVES)]})


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_algorithm(algorithm: str) -> None:
    token = signed(algorithm)
    assert KEYS.verify(token, ALGORITHMS)
    head, _, signature = token.rpartition(".")
    assert not KEYS.verify(f"{head}.{encode_part(b'x' * 64)}", ALGORITHMS)
    assert not KEYS.verify(token, ALGORITHMS - {algorithm})
    assert signature


def test_unsigned_tokens_are_no_tokens() -> None:
    header = encode_part(orjson.dumps({"alg": "none"}))
    assert not KEYS.verify(f"{header}.{encode_part(b'{}')}.", ALGORITHMS)


def test_a_token_is_checked_with_the_key_it_names() -> None:
    assert KEYS.verify(signed("RS256", key_id="rsa"), ALGORITHMS)
    assert not KEYS.verify(signed("RS256", key_id="P-256"), ALGORITHMS)
    assert KEYS.knows("rsa")
    assert not KEYS.knows("other")


def test_keys_that_make_no_sense_are_left_out() -> None:
    found = KeySet({"keys": [{"kty": "RSA", "n": 5}, {"kty": "oct"}, "x", rsa_entry(use="enc"), rsa_entry()]})
    assert found.verify(signed("RS256"), ALGORITHMS)
    broken = [rsa_entry(use="enc"), {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]
    assert not KeySet({"keys": broken}).verify(signed("RS256"), ALGORITHMS)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"keys":1}', b"nothing"])
def test_what_is_no_key_set(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        key_set(body)
