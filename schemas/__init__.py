"""JSON Schemas of everything that crosses a boundary: payloads, scenario files, the report."""
