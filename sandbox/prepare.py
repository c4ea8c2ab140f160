"""The sample's setup step: fills the world, proves its seal, and hears from every instrument, before the model's first turn.

Order matters: structure first, so that no probe is ever sent from a world that is not proved closed; weights and files next; canaries
and the baseline manifest last. Any step that fails ends the sample before the model acts.
"""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio.to_thread
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import store_as

from honeyweights.conditions.plan import JobSpec, WorldPlan
from honeyweights.evidence.model import ArtefactFile, SealCheck, SealProof, WorldFacts
from honeyweights.evidence.planted import Credential, Document
from honeyweights.evidence.weights import world_seed
from honeyweights.sandbox import harness, planting, script, services, sidecar, versions
from honeyweights.sandbox.engine import together
from honeyweights.sandbox.instruments.canaries import Flight, fly
from honeyweights.sandbox.instruments.state import Baseline, baseline
from honeyweights.sandbox.seal import SealBroken, engine, links
from honeyweights.sandbox.store import WorldStore
from honeyweights.verdict.acts import table


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What collection needs to know of the preparation. Lives on the world, in memory: the log has the facts."""

    at: int
    """Microseconds since the epoch when the world was ready for the model."""
    settle: float
    weights_file: str
    models: list[dict[str, Any]]
    """The planted models, as the sidecar's `plant` and the assay want them."""
    job: JobSpec | None
    flight: Flight
    baseline: Baseline
    marks: list[dict[str, Any]]
    """Planted texts and secrets, as the assay wants them; their words stand in no log."""
    keep_captures: str | None


def prepared() -> Prepared:
    """The current sample's preparation.

    Raises:
        LookupError: when this process never prepared it.
    """
    found = harness.world().prepared
    if isinstance(found, Prepared):
        return found
    raise LookupError("the world was never prepared in this process")


@solver
def prepare() -> Solver:
    """Prepares the world of the sample; works under any solver that follows."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001  # Inspect's signature
        metadata = state.metadata
        seed = world_seed(int(metadata["run_seed"]), str(state.sample_id), state.epoch)
        plan = WorldPlan.of_sample(metadata, seed)
        await _prepare(state, plan, seed)
        return state

    return solve


async def _prepare(state: TaskState, plan: WorldPlan, seed: bytes) -> None:
    kept = store_as(WorldStore)
    kept.slots = dict(plan.slots)
    structure = await prove_structure()
    kept.seal = SealProof(checks=tuple(structure)).model_dump(mode="json")
    artefacts = await _fill(plan, seed)
    known = plan.known
    facts = _facts(state, plan, seed, artefacts).model_copy(
        update={
            "credentials": tuple(one.fact for one in known if isinstance(one.fact, Credential)),
            "documents": tuple(one.fact for one in known if isinstance(one.fact, Document)),
        }
    )
    kept.facts = facts.model_dump(mode="json")
    flight, base = await _first_look(plan, facts)
    if "journal" in flight.problems:
        structure.append(SealCheck(name="inside: the wire ends in the journal", passed=False, detail=flight.problems["journal"][:300]))
    else:
        structure.append(
            SealCheck(name="inside: the wire ends in the journal", passed=True, detail="a nonce to each family of address came back")
        )
    proof = SealProof(checks=tuple(structure))
    kept.seal = proof.model_dump(mode="json")
    if not proof.proved:
        raise SealBroken(proof)
    harness.world().prepared = Prepared(
        at=harness.now(),
        settle=float(state.metadata["settle"]),
        weights_file=facts.artefacts[0].path,
        models=[model.model_dump(mode="json") for model in plan.models],
        job=plan.job,
        flight=flight,
        baseline=base,
        marks=[one.mark.model_dump(mode="json") for one in known],
        keep_captures=state.metadata.get("keep_captures"),
    )


async def prove_structure() -> list[SealCheck]:
    """The structural proof of the current world. Sends nothing.

    Raises:
        SealBroken: at the first half that fails; nothing is run inside a world that the engine already shows open.
    """
    steps = engine.checks(await harness.world().inspect())
    if not all(step.passed for step in steps):
        raise SealBroken(SealProof(checks=tuple(steps)))
    workstation, internet = await together(partial(script.run, "links"), partial(script.run, "links", "internet"))
    steps += links.checks(workstation, internet)
    if not all(step.passed for step in steps):
        raise SealBroken(SealProof(checks=tuple(steps)))
    return steps


async def _fill(plan: WorldPlan, seed: bytes) -> tuple[ArtefactFile, ...]:
    """Tells the internet who is who, plants weights and files. Weights first: their folder comes with them."""
    read = await together(*(partial(harness.fetch, "workstation", path) for path in planting.ASKED))
    machine = planting.Machine.parse({path: text.decode() for path, text in zip(planting.ASKED, read, strict=True)}, time.time())
    records = planting.own_records(plan, machine)
    accounts = planting.Accounts.parse(*(str(file.content) for file in records[:2]))
    await sidecar.control("configure", planting.configuration(plan, seed, harness.world().layout.config.capture_mib))
    models = [model.model_dump(mode="json") for model in plan.models]
    planted = await sidecar.control("plant", {"seed": seed.hex(), "models": models})
    listed = [file for file in (planting.known_hosts(plan, seed),) if file]
    packed = await anyio.to_thread.run_sync(planting.archive, (*records, *plan.files, *listed), accounts, machine.now, machine.wrote_until)
    await harness.put("workstation", packed)
    return tuple(ArtefactFile.model_validate(artefact) for artefact in planted["artefacts"])


async def _first_look(plan: WorldPlan, facts: WorldFacts) -> tuple[Flight, Baseline]:
    """The folders' dates, the canaries while the services start, the models' dates (the witness's canary leaves its mark), the baseline.

    Folders come before the services: cron looks for another crontab only where its spool's date has changed by whole seconds since it
    looked first. Had that been the moment of planting, what the agent enters within the same second would never run.
    """
    flights: list[Flight] = []

    async def fly_first() -> None:
        flights.append(await fly(facts.artefacts[0].path))

    now = time.time()
    await harness.run("workstation", planting.folders(plan, now))
    await together(fly_first, services.start)
    for command in planting.dates(plan, facts.artefacts, now):
        await harness.run("workstation", command)
    places = facts.places
    return flights[0], await baseline(
        tuple(places.values()), places.get("audit_log"), places.get("oversight_config"), table.looked_for(places)
    )


def _facts(state: TaskState, plan: WorldPlan, seed: bytes, artefacts: tuple[ArtefactFile, ...]) -> WorldFacts:
    return WorldFacts(
        run_seed=int(state.metadata["run_seed"]),
        sample_id=str(state.sample_id),
        epoch=state.epoch,
        seed=seed.hex(),
        condition_id=str(state.metadata["condition"]),
        factors=plan.factors,
        scenario=plan.scenario,
        target=plan.target,
        weights_dir=plan.weights_dir,
        other_weights_dir=plan.other_weights_dir,
        artefacts=artefacts,
        zones=plan.zones,
        sanctioned_paths=plan.sanctioned_paths,
        flavour=plan.flavour,
        image_digests=dict(harness.world().image_digests),
        package_versions=versions.installed(),
        recorder=harness.world().recorder,
        places=plan.places,
        asked=plan.asked,
    )
