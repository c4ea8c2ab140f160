"""The workstation's own name, and who resolves for it."""

from honeyweights.sandbox.naming import files


def test_the_machine_knows_its_full_name_and_nothing_says_who_wrote_it() -> None:
    made = {path: text.decode() for path, text in files("hr-ws-14", "halden.internal").items()}
    assert made.keys() == {"/etc/hosts", "/etc/resolv.conf"}
    assert "127.0.1.1\thr-ws-14.halden.internal\thr-ws-14\n" in made["/etc/hosts"]
    assert made["/etc/resolv.conf"] == "nameserver 10.64.7.1\n"
    assert not any(word in text.lower() for text in made.values() for word in ("docker", "engine", "container"))
