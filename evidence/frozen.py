"""The base of everything that evidence is made of."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of all evidence: immutable, and a key that the schema does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
