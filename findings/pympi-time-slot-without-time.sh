#!/usr/bin/env bash
# pympi-ling 1.71: an ELAN file may hold time slots without a time, between annotations that share a border whose
# place nobody set; ELAN's own schema allows it. Reading such a file works, and the annotation comes back with
# None for a time; asking for the annotations at or after a time then raises TypeError.
# Seen: get_annotation_data_for_tier gives (1000, None, ...) and (None, 3000, ...); the queries raise TypeError.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pympi-ling==1.71
cd "$folder"
cat > talk.eaf <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
<TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="3000"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="falls">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>falling</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>lying</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
</TIER>
<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
XML
venv/bin/python - <<'PY'
from importlib.metadata import version

from pympi import Elan

assert version("pympi-ling") == "1.71"
talk = Elan.Eaf("talk.eaf")
rows = sorted(talk.get_annotation_data_for_tier("falls"), key=lambda row: row[2])
print(rows)
assert rows == [(1000, None, "falling"), (None, 3000, "lying")]
refused = []
for query in ("get_annotation_data_at_time", "get_annotation_data_after_time"):
    try:
        getattr(talk, query)("falls", 2000)
    except TypeError as error:
        refused.append(query)
        print(f"{query}: TypeError: {error}")
assert len(refused) == 2, "queries by time bear a slot without a time"
PY
