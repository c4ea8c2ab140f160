"""The page of clients and the clients are the same, and `make test` has one for each protocol that the workstation's own speak."""

from pathlib import Path

from clients import rows


def test_the_page_is_made_of_the_clients(root: Path) -> None:
    assert rows.page() == (root / "docs" / "internet-matrix.md").read_text(encoding="utf-8"), "make it anew as its second paragraph says"


def test_clients_have_names_and_hosts_of_their_own() -> None:
    clients, _, cannot = rows.load()
    assert len(clients) > 100
    assert len({row.client for row in clients}) == len({row.host for row in clients}) == len(clients)
    assert all(len(row["why"]) > 10 for row in cannot)


def test_each_protocol_is_tried_by_make_test() -> None:
    clients, _, _ = rows.load()
    assert {row.package for row in clients if row.first} == {"lab"}
    assert {row.protocol for row in clients if row.package == "lab"} == {row.protocol for row in clients if row.first}


def test_a_file_is_found_where_it_is_and_nowhere_else() -> None:
    clients, _, _ = rows.load()
    file = bytes(range(256)) * 469 + b"x"
    for row in clients:
        assert row.found(file, [b"something else", b""]) < 32, row.client
    plain = next(row for row in clients if row.how == "whole")
    assert (plain.found(file[: rows.SIZE], [file[: rows.SIZE]]), plain.found(file, [file[:5000]])) == (rows.SIZE, 5000)
    name = next(row for row in clients if row.how == "labels")
    asked = "".join(f"{file[at : at + 28].hex()}.{at // 28}.{name.host}\n" for at in range(0, name.part, 28)).encode()
    assert name.found(file, [asked]) == name.part
