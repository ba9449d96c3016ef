"""Audit files are rotated, and what is put aside goes in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apiserver.filters.audit_backends import AuditFile, BothSinks, Rotation, superfluous
from karmada.runtime.clock import ManualClock

NOW = datetime(2026, 5, 10, tzinfo=UTC)
BACKUPS = [(f"audit-{days}.log", NOW - timedelta(days=days)) for days in (1, 2, 3, 8)]


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        pytest.param(Rotation(), [], id="kept-for-ever"),
        pytest.param(Rotation(max_backups=2), ["audit-3.log", "audit-8.log"], id="so-many"),
        pytest.param(Rotation(max_days=7), ["audit-8.log"], id="so-old"),
        pytest.param(Rotation(max_backups=3, max_days=2), ["audit-3.log", "audit-8.log"], id="both"),
    ],
)
def test_what_goes(rotation: Rotation, expected: list[str]) -> None:
    assert superfluous(BACKUPS, rotation, now=NOW) == expected


def test_a_full_file_is_put_aside_and_nothing_is_lost(tmp_path: Path) -> None:
    path, clock = tmp_path / "audit.log", ManualClock(NOW)
    (tmp_path / "audit-mine.log").write_text("not a backup")
    line = b"x" * (400 * 1024 - 1) + b"\n"
    with AuditFile(path, Rotation(max_megabytes=1), clock=clock) as sink:
        BothSinks([sink]).write(line)
        sink.write(line)
    with AuditFile(path, Rotation(max_megabytes=1), clock=clock) as sink:
        sink.write(line)
    aside = sorted(file.name for file in tmp_path.glob("audit-2*.log"))
    assert aside == ["audit-2026-05-10T00-00-00.000000.log"]
    assert path.stat().st_size == len(line)
    assert (tmp_path / aside[0]).stat().st_size == 2 * len(line)
    assert (tmp_path / "audit-mine.log").exists()
