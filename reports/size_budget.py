"""How much evidence the page may hold: what comes first gets it, whatever is left out is said."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

BYTES = 3_000_000  # with everything else that is bounded, the page stays under 5 MB
LEFT_OUT = Markup(
    '<p class="meta">The evidence is left out here, so that this page opens at once: '
    "<code>certification.json</code> has it.</p>"
)


@dataclass
class SizeBudget:
    """What is left of a number of bytes."""

    left: int = BYTES

    def __call__(self, evidence: Markup) -> Markup:
        """Let evidence through while it fits; what does not fit takes nothing."""
        size = len(evidence.encode())
        if size > self.left:
            return LEFT_OUT
        self.left -= size
        return evidence
