"""What makes the kernel of the trials quick: no figure is rendered, and what no change touches is not found again."""

import functools
import gc
import importlib
import io
import pickle
import sys
from types import FunctionType

import numpy as np
from IPython import get_ipython

# The slow functions whose result depends on nothing but their arguments.
FOUND_ONCE = (
    *(f"sympy.{name}" for name in ("integrate", "lambdify", "limit", "nsolve", "series", "simplify", "solve")),
    "lifetime.fit",
    "lifetime.Fit.bootstrap",
)


class ByValue(pickle.Pickler):
    """Refuses what is not known by its bytes: what a notebook defines, and generators, which a call changes."""

    def reducer_override(self, thing):
        if isinstance(thing, np.random.Generator) or getattr(thing, "__module__", None) == "__main__":
            raise pickle.PicklingError(f"{thing!r} is not known by its bytes")
        return NotImplemented


def pickled(thing):
    """Return the bytes of a value, or None if it has none that tell it from every other."""
    file = io.BytesIO()
    try:
        ByValue(file, pickle.HIGHEST_PROTOCOL).dump(thing)
    except Exception:  # each library has its own for "cannot be pickled"
        return None
    return file.getvalue()


def found_once(function):
    """Return the function with a memory, by value: every call gets a result of its own."""
    known = {}

    @functools.wraps(function)
    def remembering(*args, **kwargs):
        key = pickled((args, kwargs))
        if key in known:
            return known[key]()
        result = function(*args, **kwargs)
        stored = pickled(result)
        if key and stored:
            known[key] = lambda: pickle.loads(stored)
        elif key and isinstance(result, FunctionType):  # of lambdify
            known[key] = lambda: result
        return result

    remembering.found_once = True
    return remembering


def reset():
    """Forget the notebook that ran before: only imports, and what is found once, may stay."""
    shell = get_ipython()
    shell.config.InlineBackend.figure_formats = set()  # heard when pyplot is imported: figures are made, not rendered
    for path in FOUND_ONCE:
        module, *owner, name = path.split(".")
        owner = functools.reduce(getattr, owner, importlib.import_module(module))
        if not hasattr(getattr(owner, name), "found_once"):
            setattr(owner, name, found_once(getattr(owner, name)))
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
    shell.run_line_magic("reset", "-f")
    gc.freeze()  # or each collection, of which a reset makes two, would go through all imports again
