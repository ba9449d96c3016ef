"""The two wires of exec and attach: frames in pieces, hostile lengths, compressed headers."""

import struct
import zlib

import pytest
from multidict import MultiDict

from apiserver.handlers.streams import spdy, websocket
from apiserver.handlers.streams.dictionary import CHECKSUM, DICTIONARY
from karmada.api.errors import BadRequest
from karmada.api.remote_command import exit_code, exit_status


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A frame as a client sends it."""
    mask = b"\x01\x02\x03\x04"
    size = len(payload)
    head = bytes(((0x80 if final else 0) | opcode,))
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return head + length + mask + websocket.unmasked(payload, mask)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_frames_may_arrive_in_any_pieces(step: int) -> None:
    sent = masked(websocket.BINARY, b"\x00hello") + masked(websocket.PING, b"p")
    sent += masked(websocket.BINARY, b"x" * 300)
    frames = websocket.Frames()
    found = [each for start in range(0, len(sent), step) for each in frames.feed(sent[start : start + step])]
    assert found == [
        (websocket.BINARY, b"\x00hello"),
        (websocket.PING, b"p"),
        (websocket.BINARY, b"x" * 300),
    ]


def test_a_message_in_fragments_is_put_together() -> None:
    frames = websocket.Frames()
    sent = masked(websocket.BINARY, b"ab", final=False) + masked(websocket.PING, b"")
    sent += masked(websocket.CONTINUATION, b"cd")
    assert frames.feed(sent) == [(websocket.PING, b""), (websocket.BINARY, b"abcd")]


def test_what_is_sent_can_be_read_back() -> None:
    for size in (0, 125, 126, 65535, 65536):
        assert websocket.Frames().feed(websocket.frame(websocket.BINARY, b"y" * size)) == [
            (websocket.BINARY, b"y" * size)
        ]


def test_a_length_no_message_has_is_refused() -> None:
    with pytest.raises(BadRequest, match="too long"):
        websocket.Frames().feed(b"\x82\xff" + (1 << 40).to_bytes(8, "big"))


def test_a_websocket_names_the_protocol_both_know() -> None:
    headers = {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol": "v5.channel.k8s.io"}
    head, protocol = websocket.handshake(headers)
    assert protocol == "v5.channel.k8s.io"
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
    with pytest.raises(BadRequest, match="none of the protocols"):
        websocket.handshake({**headers, "sec-websocket-protocol": "mqtt"})


def test_spdy_picks_a_protocol_out_of_several_headers() -> None:
    assert b"X-Stream-Protocol-Version: v4.channel.k8s.io\r\n" in spdy.handshake(
        ["v4.channel.k8s.io", "channel.k8s.io"]
    )
    with pytest.raises(BadRequest, match="unable to negotiate"):
        spdy.handshake(["channel.k8s.io"])


def test_the_dictionary_is_that_of_the_protocol() -> None:
    assert zlib.adler32(DICTIONARY) == CHECKSUM


def test_header_blocks_remember_those_before_them() -> None:
    packer = zlib.compressobj(zdict=DICTIONARY)
    headers = spdy.Headers()
    for kind in ("error", "stdout"):
        words = [b"StreamType", kind.encode()]
        plain = struct.pack(">I", 1) + b"".join(struct.pack(">I", len(word)) + word for word in words)
        block = packer.compress(plain) + packer.flush(zlib.Z_SYNC_FLUSH)
        assert headers.read(block) == {"streamtype": kind}
    with pytest.raises(BadRequest, match="cannot be read"):
        headers.read(b"\xff\xff")


@pytest.mark.parametrize("code", [0, 1, 127, 255])
def test_an_exit_code_survives_the_status(code: int) -> None:
    assert exit_code(exit_status(code)) == code


def test_other_failures_are_no_exit_code() -> None:
    assert exit_code({"status": "Failure", "reason": "BadRequest"}) is None


def test_headers_that_come_twice_survive_impersonation() -> None:
    from apiserver.filters.impersonation import without_impersonation

    headers = MultiDict([("x-stream-protocol-version", "a"), ("x-stream-protocol-version", "b")])
    headers.add("impersonate-user", "eve")
    assert [value for _, value in without_impersonation(headers).items()] == ["a", "b"]
