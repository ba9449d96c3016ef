"""How a stream ends, and what is asked for when it begins."""

import orjson
import pytest

from karmada.api.remote_command import exit_status
from karmada.cli.scope import CommandError
from karmada.cli.streams import StreamWish, code_of


@pytest.mark.parametrize("code", [0, 1, 137])
def test_the_exit_code_is_that_of_the_command(code: int) -> None:
    assert code_of(orjson.dumps(exit_status(code))) == code


@pytest.mark.parametrize(
    ("status", "complaint"),
    [
        (b'{"status":"Failure","message":"no such container"}', "no such container"),
        (b"junk", "cannot be read"),
    ],
)
def test_other_ends_are_errors(status: bytes, complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        code_of(status)


@pytest.mark.parametrize(
    ("stdin", "tty", "query"),
    [
        (False, False, "container=c&command=a+b&command=c&stdout=true&stderr=true"),
        (True, True, "container=c&command=a+b&command=c&stdin=true&stdout=true&tty=true"),
    ],
)
def test_a_terminal_has_no_stream_for_errors(stdin: bool, tty: bool, query: str) -> None:
    wish = StreamWish("/x", {"container": "c"}, stdin=stdin, tty=tty, command=("a b", "c"))
    assert wish.full_query == query
