#!/usr/bin/env python3
"""Reads a bundle as a research object with `rocrate`, and checks the rules of RO-Crate 1.1 and of the Process Run Crate
profile 0.5 that its validator would check (which needs the network).

    check_crate.py BUNDLE.zip RUNS
"""
import json
import sys
import tempfile
import zipfile

from rocrate.rocrate import ROCrate

bundle, runs = sys.argv[1], int(sys.argv[2])
with tempfile.TemporaryDirectory() as folder:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        names = set(archive.namelist())
        archive.extractall(folder)
        document = json.loads(archive.read("ro-crate-metadata.json"))
    crate = ROCrate(folder)

    # RO-Crate 1.1, "Root Data Entity" and "Metadata File Descriptor".
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    assert len(entities) == len(document["@graph"]), "an identifier is there twice"
    assert all("@type" in entity for entity in document["@graph"])
    descriptor = entities["ro-crate-metadata.json"]
    assert descriptor["about"] == {"@id": "./"} and descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities["./"]
    for key in ("name", "description", "datePublished", "license"):
        assert root[key], key
    assert crate.root_dataset["datePublished"] and crate.root_dataset["name"]
    # Every file but the description and the manifest is a data entity, and every data entity is a file.
    parts = {part["@id"] for part in root["hasPart"]}
    files = {entity.id for entity in crate.data_entities}
    assert parts == files, (parts ^ files)
    assert {entity["@id"] for entity in document["@graph"] if "File" in entity["@type"]} == parts
    assert names - {"ro-crate-metadata.json", "manifest.json"} == {entity["name"] for entity in document["@graph"]
                                                                  if "File" in entity["@type"]}

    def references(value):
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                yield value["@id"]
            for part in value.values():
                yield from references(part)
        elif isinstance(value, list):
            for part in value:
                yield from references(part)

    external = ("https://w3id.org/ro/crate/", "http://schema.org/")
    for entity in document["@graph"]:
        for target in references(entity):
            assert target in entities or target.startswith(external), target

    # Process Run Crate 0.5: what was run, by what, with what, and what came of it.
    profile = "https://w3id.org/ro/wfrun/process/0.5"
    assert {"@id": profile} in root["conformsTo"] and entities[profile]["@type"] == "CreativeWork"
    actions = [entity for entity in document["@graph"] if entity["@type"] == "CreateAction"]
    assert len(actions) == runs
    mentioned = {mention["@id"] for mention in root["mentions"]}
    for action in actions:
        assert action["@id"] in mentioned
        assert entities[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
        assert entities[action["instrument"]["@id"]]["name"]
        assert all(target["@id"] in parts for target in action["result"]) and action["result"]
        kinds = {str(entities[target["@id"]]["@type"]) for target in action["object"]}
        assert kinds <= {"File", "PropertyValue"}, kinds
        for target in action["object"]:
            if entities[target["@id"]]["@type"] == "PropertyValue":
                assert "name" in entities[target["@id"]] and "value" in entities[target["@id"]]
        assert action["actionStatus"]["@id"].endswith("CompletedActionStatus")
        assert action["startTime"] <= action["endTime"]
print(f"{len(actions)} actions, {len(parts)} files")
