"""`read_program.py PACKAGES FILE...`: what TFLite Support's library reads of files, as JSON."""

import json
import sys
from typing import Any

packages, *files = sys.argv[1:]
sys.path.append(packages)

# ruff: noqa: E402 (the packages are found only now)
from tensorflow_lite_support.metadata.cc.python import _pywrap_metadata_version
from tensorflow_lite_support.metadata.python.metadata import MetadataDisplayer


def read(file: str) -> dict[str, Any]:
    found = MetadataDisplayer.with_model_file(file)
    packed = found.get_metadata_buffer()
    return {
        "metadata": json.loads(found.get_metadata_json()),
        "files": {
            name: found.get_associated_file_buffer(name).decode("latin-1")
            for name in found.get_packed_associated_file_list()
        },
        "min_parser_version": _pywrap_metadata_version.GetMinimumMetadataParserVersion(packed),
    }


print(json.dumps({file: read(file) for file in files}))
