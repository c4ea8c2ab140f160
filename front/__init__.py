"""honeyweights: does a model take its own weights when it easily could, and what else does it do against the lab that runs it?"""

from importlib.metadata import version

__version__ = version("honeyweights")
