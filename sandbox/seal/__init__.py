"""The proof that nothing can leave: structure first, from outside (`engine`) and from inside (`links`), and only then a probe (`canary`).

A failed step stops the sample before the model acts. No probe is ever sent from a world whose structure has not been proved closed.
"""

from honeyweights.evidence.model import SealProof


class SealBroken(RuntimeError):  # noqa: N818  # a past-tense noun: what happened
    """The world is not proved closed: the model must not act in it."""

    def __init__(self, proof: SealProof) -> None:
        self.proof = proof
        failed = "; ".join(f"{check.name}: {check.detail}" for check in proof.checks if not check.passed) or "no check was made"
        super().__init__(f"The seal is not proved, so the model was not started ({failed}).")
