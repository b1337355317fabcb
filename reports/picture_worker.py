"""A script that draws: it reads Vega-Lite specifications and writes an SVG for each.

Both are lines of JSON. The script ends with its input, and so with the process that started it,
however that ends; an exception ends it too.
"""

from __future__ import annotations

import json
import sys

from vl_convert import vegalite_to_svg

if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(vegalite_to_svg(line))}\n")
        sys.stdout.flush()
