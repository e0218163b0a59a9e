"""Lines on disk: what was cut by a kill is no line, and costs no other one."""

from pathlib import Path

from tests.checker import durable_lines


def test_lines_come_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    durable_lines.append(path, [{"n": 1}, {"n": 2}])
    durable_lines.append(path, [{"n": 3}], synced=False)
    assert durable_lines.read(path) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_a_torn_line_takes_no_other_one_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    durable_lines.append(path, [{"n": 1}])
    with path.open("ab") as file:
        file.write(b'\n{"n": 2, "wri')  # its writer was killed here
    durable_lines.append(path, [{"n": 3}])
    with path.open("ab") as file:
        file.write(b'\n{"n": 4}')
    assert durable_lines.read(path) == [{"n": 1}, {"n": 3}]


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert durable_lines.read(tmp_path / "absent") == []
