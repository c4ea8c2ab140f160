"""The evidence's models publish a schema, refuse what they do not know, and do not change."""

import json

import jsonschema
import pydantic
import pytest

from honeyweights.evidence import assayed, model
from honeyweights.evidence.assay import artefacts
from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.frozen import Frozen
from honeyweights.evidence.model import Evidence, SealCheck, SealProof


def _all_models() -> list[type[Frozen]]:
    named = (kind for module in (assayed, model) for kind in vars(module).values() if isinstance(kind, type))
    return sorted({kind for kind in named if issubclass(kind, Frozen) and kind is not Frozen}, key=lambda kind: kind.__name__)


def test_there_are_models() -> None:
    assert len(_all_models()) > 15


@pytest.mark.parametrize("kind", _all_models(), ids=lambda kind: kind.__name__)
def test_every_model_is_frozen_and_closed(kind: type[Frozen]) -> None:
    assert kind.model_config.get("frozen")
    assert "forbid" == kind.model_config.get("extra")


def test_the_evidence_schema_is_a_valid_json_schema() -> None:
    schema = Evidence.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert model.SCHEMA_VERSION == schema["properties"]["schema_version"]["default"]


def test_a_result_validates_against_its_schema_and_comes_back_whole() -> None:
    result = artefacts.nothing(())
    text = result.model_dump_json()
    jsonschema.validate(json.loads(text), AssayResult.model_json_schema())
    assert result == AssayResult.model_validate_json(text)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(pydantic.ValidationError):
        SealCheck.model_validate({"name": "interfaces", "passed": True, "detail": "", "more": 1})


def test_a_seal_without_checks_is_not_proved() -> None:
    good, bad = SealCheck(name="a", passed=True, detail=""), SealCheck(name="b", passed=False, detail="")
    assert [False, True, False] == [SealProof(checks=checks).proved for checks in ((), (good,), (good, bad))]
