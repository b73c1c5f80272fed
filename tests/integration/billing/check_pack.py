"""Checks an evidence pack with nothing but Python: python check_pack.py FILE; exit 1 says what is wrong.

It imports nothing of the project, as whoever judges the evidence would want it.
"""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def wrong_with(raw):
    """Every thing that is wrong with a pack, as sentences."""
    archive = zipfile.ZipFile(io.BytesIO(raw))
    manifest = json.loads(archive.read("manifest.json"))
    listed = {one["name"]: one for one in manifest["files"]}
    for name in sorted(set(archive.namelist()) - set(listed) - {"manifest.json"}):
        yield f"{name} is not in the manifest"
    for name, one in listed.items():
        data = archive.read(name) if name in archive.namelist() else b""
        if sha256(data) != one["sha256"] or len(data) != one["bytes"]:
            yield f"{name} is not what the manifest says"

    def lines(name):
        return [json.loads(line) for line in archive.read(name).splitlines()]

    log, chain, entries = lines("log.ndjson"), lines("chain.ndjson"), lines("entries.ndjson")
    covered = {}
    for number, link in enumerate(chain):
        made = sha256(canonical([link["previous"], link["first_seq"], link["items"]]))
        if made != link["hash"]:
            yield f"the link at {link['first_seq']} does not follow"
        before = chain[number - 1] if number else None
        apart = before is None or before["last_seq"] + 1 != link["first_seq"]
        if not apart and before["hash"] != link["previous"]:
            yield f"the link at {link['first_seq']} follows another"
        for place, item in enumerate(link["items"]):
            covered[link["first_seq"] + place] = item
    for row in log:
        if sha256(row["body"].encode()) != row["body_hash"]:
            yield f"the body of log row {row['seq']} is not what its hash says"
        said = [row["body_hash"], row["outcome"], row["author_id"]]
        if covered.get(row["seq"]) != said:
            yield f"log row {row['seq']} is not in the chain"
    if manifest["chain_reaches_head"] and chain[-1]["hash"] != manifest["heads"]["log_hash"]:
        yield "the chain does not end at the head of the log"
    for entry in entries:
        if sha256(canonical([entry["prev_hash"], entry["content"]])) != entry["hash"]:
            yield f"entry {entry['seq']} is not what was chained"
        legs = entry["content"][14]
        if sum(leg[3] if leg[2] == "D" else -leg[3] for leg in legs):
            yield f"entry {entry['seq']} does not balance"
    if not json.loads(archive.read("verdict.json"))["clean"]:
        yield "the books' own checks found something"


if __name__ == "__main__":
    found = list(wrong_with(Path(sys.argv[1]).read_bytes()))
    print("\n".join(found) or "clean")
    sys.exit(1 if found else 0)
