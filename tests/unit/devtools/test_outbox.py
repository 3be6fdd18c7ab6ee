import json
from pathlib import Path

from scripts.devtools.outbox import Message, read_messages


def test_whole_lines_are_read_and_half_ones_left_for_later(tmp_path: Path):
    path = tmp_path / "sms.ndjson"
    assert read_messages(path) == ([], 0)
    first = json.dumps(
        {"at": "2026-01-01T00:00:00Z", "to": "+12125550123", "body": "123456", "reference": "pv_1"}
    )
    second = json.dumps({"at": "2026-01-01T00:00:01Z", "to": "+353861234567", "body": "654321"})
    path.write_text(f"{first}\n{second[:20]}")
    messages, end = read_messages(path)
    assert messages == [Message("2026-01-01T00:00:00Z", "+12125550123", "123456", "pv_1")]
    path.write_text(f"{first}\n{second}\n")
    messages, end = read_messages(path, end)
    assert [message.body for message in messages] == ["654321"]
    assert read_messages(path, end) == ([], end)
