"""JSON Schemas of payloads, scenario files, replay files and the report."""
