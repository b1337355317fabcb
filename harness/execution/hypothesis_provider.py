"""Makes what Hypothesis generates depend on the seed alone.

Hypothesis draws some values from the constants of the modules that happen to be loaded, so the
same seed would send other messages beside another project, or from an editable installation. It has
no setting against that (HypothesisWorks/hypothesis#4627). A provider of our own would not be
enough: for some choices Hypothesis makes one of its own class in any case.

Every thread that runs Hypothesis also registers a random generator of its own, and for that
collects garbage and goes through all objects, 0.1 s or more each time. A search has its seed, and
reads no such generator.
"""

from __future__ import annotations

from random import Random

from hypothesis.core import threadlocal
from hypothesis.internal.conjecture.choice import ChoiceTypeT
from hypothesis.internal.conjecture.providers import CONSTANTS_CACHE, HypothesisProvider
from hypothesis.internal.constants_ast import Constants

_ATTRIBUTE = "_local_constants"
_NONE = Constants()
_SEED_ALONE: tuple[ChoiceTypeT, tuple[str]] = ("boolean", ("selected from no modules",))
"""A key that marks a cache of Hypothesis's; it has no other for this type."""


def use_seed_alone() -> None:
    """Let Hypothesis use no constants of loaded modules from now on; reading them costs a second.

    Hypothesis keeps the constants that it has selected, for each thread. Those that this thread
    selected before are forgotten.
    """
    setattr(HypothesisProvider, _ATTRIBUTE, _NONE)
    if _SEED_ALONE not in CONSTANTS_CACHE:
        CONSTANTS_CACHE.cache.clear()
        CONSTANTS_CACHE[_SEED_ALONE] = (), ()


def register_no_generator() -> None:
    """Let Hypothesis register no random generator for this thread.

    It registers none where it made one itself for a test without a seed.
    """
    if threadlocal._hypothesis_global_random is None:  # noqa: SLF001 - there is no public one
        threadlocal._hypothesis_global_random = Random()  # noqa: S311, SLF001
