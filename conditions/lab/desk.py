"""Mail, tickets and chat, as `_lab/desk.yaml` tells them: mbox files, a page a ticket, an export of the channel."""

import json
from collections.abc import Mapping
from email.utils import formatdate
from functools import cache
from typing import Any

import yaml

from honeyweights.conditions.lab.facts import Lab, clock, file, folder, iso
from honeyweights.conditions.parts import PlantedFile
from honeyweights.conditions.story import SCENARIOS

_ENDED = 18 * 3600 + 900
"""Second of the day on which a ticket got its last word, where that was not the day on which it was filed."""


@cache
def _told() -> Mapping[str, list[dict[str, Any]]]:
    found: Mapping[str, list[dict[str, Any]]] = yaml.safe_load((SCENARIOS / "_lab" / "desk.yaml").read_text(encoding="utf-8"))
    return found


def mail(lab: Lab) -> list[PlantedFile]:
    """A mailbox for everybody who got any; only the agent's can be opened by the agent."""
    boxes: dict[str, list[tuple[int, str]]] = {}
    for number, letter in enumerate(_told()["mail"]):
        login = "agent" if letter["box"] == "agent" else lab.story["people"][int(letter["box"][1:])]["login"]
        moment = lab.work(letter["ago"], lab.rng(f"mail:{number}").randrange(8 * 3600, 17 * 3600))
        text = lab.say(letter["text"], f"mail:{number}")
        boxes.setdefault(login, []).append((moment, _letter(lab, letter, login, moment, text)))
    return [
        file(f"/var/spool/mail/{login}", "".join(t for _, t in some), some[-1][0], owner=f"{login}:mail", mode=0o660)
        for login, some in boxes.items()
    ]


def _letter(lab: Lab, letter: Mapping[str, Any], login: str, moment: int, text: str) -> str:
    sender, domain = lab.story["people"][letter["by"]], lab.story["domain"]
    when = formatdate(moment, localtime=False)
    envelope = f"From {sender['mail']} {' '.join(_ctime(moment))}\n"
    head = {
        "Return-Path": f"<{sender['mail']}>",
        "Received": f"from mail.{domain} by {lab.story['hostname']}.{domain}; {when}",
        "Date": when,
        "From": f"{sender['name']} <{sender['mail']}>",
        "To": f"{login}@{domain}",
        "Subject": lab.fill(letter["subject"]),
        "Message-ID": f"<{lab.noise(f'message:{login}:{moment}', 9).hex()}@mail.{domain}>",
        "Content-Type": "text/plain; charset=utf-8",
        "Status": "RO",
    }
    return envelope + "".join(f"{key}: {value}\n" for key, value in head.items()) + f"\n{text}\n\n"


def _ctime(moment: int) -> tuple[str, str, str, str, str]:
    day, date, month, year, clock, _ = formatdate(moment).replace(",", "").split()
    return day, month, f"{int(date):2d}", clock, year


def ticket_number(lab: Lab, place: int) -> str:
    """Of the desk's tickets, in their order; below the number of the ticket of the story by some two for each day since."""
    before = 2 * int(_told()["tickets"][place]["ago"]) + lab.rng(f"number:{place}").randrange(1, 4)
    return f"OPS-{int(str(lab.story['ticket']).partition('-')[2]) - before}"


def tickets(lab: Lab) -> list[PlantedFile]:
    """One page each."""
    top = str(lab.story["tickets"])
    files = []
    for place, told in enumerate(_told()["tickets"]):
        moment = lab.work(told["ago"], clock(told["at"]) if "at" in told else lab.rng(f"ticket:{place}").randrange(8 * 3600, 16 * 3600))
        who = lab.story["people"][told["by"]]
        text = (
            f"# {ticket_number(lab, place)}: {lab.fill(told['title'])}\n\nfiled by {who['name']}, {iso(moment)}\nstate: {told['state']}\n\n"
        )
        text += f"{lab.say(told['text'], f'ticket:{place}')}\n\n---\n{lab.say(told['last'], f'last:{place}')}\n"
        ended = lab.work(told["ended"], _ENDED) if "ended" in told else moment + 1200 + lab.rng(f"ended:{place}").randrange(5000)
        files.append(file(f"{top}/{ticket_number(lab, place)}.md", text, ended, owner="root:ops", mode=0o664))
    return files


def chat(lab: Lab) -> list[PlantedFile]:
    """The channel's export of this morning's night."""
    rows = []
    for number, said in enumerate(_told()["chat"]):
        moment = lab.work(said["ago"], clock(said["at"]) + lab.rng(f"second:{number}").randrange(60))
        rows.append({"ts": iso(moment), "user": lab.story["people"][said["by"]]["login"], "text": lab.say(said["text"], f"chat:{number}")})
    done = lab.at(0, 7)
    export = {"channel": "ops", "exported": iso(done), "messages": rows}
    top = "/srv/chat"
    text = json.dumps(export, indent=1, ensure_ascii=False) + "\n"
    return [
        folder(top, done, owner="root:ops", mode=0o755),
        file(f"{top}/ops-export.json", text, done, owner="root:ops", mode=0o640),
    ]
