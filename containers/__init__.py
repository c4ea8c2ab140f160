"""The three images of a world, as files: what is built (`*/Dockerfile`, C sources) and the code that runs in the internet sidecar."""

from pathlib import Path

ROOT = Path(__file__).parent
"""Where the images' build files stand, in a checkout and in an installed wheel alike."""
