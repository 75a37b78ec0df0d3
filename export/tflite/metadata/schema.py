"""The tables of TensorFlow Lite metadata, as metadata_schema.fbs of TFLite Support names them.

Fields stand in the schema's order, which is that of their places in a packed table. A type in
brackets is a list; a union takes two places, for the name of its table and for the table itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Four bytes that packed metadata has at place 4.
IDENTIFIER = b"M001"

#: The table that all others are in.
ROOT = "ModelMetadata"

#: Numbers: name of their type -> how `struct` packs one, little-endian.
NUMBERS: Mapping[str, str] = {"ubyte": "<B", "int": "<i", "uint": "<I", "float": "<f"}

#: Enumerations, of a byte each; names by number.
ENUMS: Mapping[str, tuple[str, ...]] = {
    "AssociatedFileType": (
        "UNKNOWN",
        "DESCRIPTIONS",
        "TENSOR_AXIS_LABELS",
        "TENSOR_VALUE_LABELS",
        "TENSOR_AXIS_SCORE_CALIBRATION",
        "VOCABULARY",
        "SCANN_INDEX_FILE",
    ),
    "ColorSpaceType": ("UNKNOWN", "RGB", "GRAYSCALE"),
    "BoundingBoxType": ("UNKNOWN", "BOUNDARIES", "UPPER_LEFT", "CENTER"),
    "CoordinateType": ("RATIO", "PIXEL"),
    "ScoreTransformationType": ("IDENTITY", "LOG", "INVERSE_LOGISTIC"),
}

#: Unions: the tables that may stand in them, by number from 1; 0 is none.
UNIONS: Mapping[str, tuple[str, ...]] = {
    "ContentProperties": (
        "FeatureProperties",
        "ImageProperties",
        "BoundingBoxProperties",
        "AudioProperties",
    ),
    "ProcessUnitOptions": (
        "NormalizationOptions",
        "ScoreCalibrationOptions",
        "ScoreThresholdingOptions",
        "BertTokenizerOptions",
        "SentencePieceTokenizerOptions",
        "RegexTokenizerOptions",
    ),
}

_TABLES: Mapping[str, str] = {
    "AssociatedFile": "name:string description:string type:AssociatedFileType locale:string "
    "version:string",
    "FeatureProperties": "",
    "ImageSize": "width:uint height:uint",
    "ImageProperties": "color_space:ColorSpaceType default_size:ImageSize",
    "AudioProperties": "sample_rate:uint channels:uint",
    "BoundingBoxProperties": "index:[uint] type:BoundingBoxType coordinate_type:CoordinateType",
    "ValueRange": "min:int max:int",
    "Content": "content_properties:ContentProperties range:ValueRange",
    "NormalizationOptions": "mean:[float] std:[float]",
    "ScoreCalibrationOptions": "score_transformation:ScoreTransformationType default_score:float",
    "ScoreThresholdingOptions": "global_score_threshold:float",
    "BertTokenizerOptions": "vocab_file:[AssociatedFile]",
    "SentencePieceTokenizerOptions": "sentencePiece_model:[AssociatedFile] "
    "vocab_file:[AssociatedFile]",
    "RegexTokenizerOptions": "delim_regex_pattern:string vocab_file:[AssociatedFile]",
    "ProcessUnit": "options:ProcessUnitOptions",
    "Stats": "max:[float] min:[float]",
    "TensorGroup": "name:string tensor_names:[string]",
    "TensorMetadata": "name:string description:string dimension_names:[string] content:Content "
    "process_units:[ProcessUnit] stats:Stats associated_files:[AssociatedFile]",
    "CustomMetadata": "name:string data:[ubyte]",
    "SubGraphMetadata": "name:string description:string input_tensor_metadata:[TensorMetadata] "
    "output_tensor_metadata:[TensorMetadata] associated_files:[AssociatedFile] "
    "input_process_units:[ProcessUnit] output_process_units:[ProcessUnit] "
    "input_tensor_groups:[TensorGroup] output_tensor_groups:[TensorGroup] "
    "custom_metadata:[CustomMetadata]",
    "ModelMetadata": "name:string description:string version:string "
    "subgraph_metadata:[SubGraphMetadata] author:string license:string "
    "associated_files:[AssociatedFile] min_parser_version:string",
}


@dataclass(frozen=True)
class Field:
    """A field of a table.

    Attributes:
        name: In the schema.
        kind: ``string``, a number, an enumeration, a union or a table.
        many: Whether it is a list of these.
        slot: Its place; a union's name stands here, and its table in the next.
    """

    name: str
    kind: str
    many: bool
    slot: int


def _fields(text: str) -> Iterator[Field]:
    slot = 0
    for field in text.split():
        name, _, kind = field.partition(":")
        bare = kind.strip("[]")
        yield Field(name, bare, bare != kind, slot)
        slot += places(bare)


def places(kind: str) -> int:
    """Return how many places of its table a field of a kind takes."""
    return 2 if kind in UNIONS else 1


#: Table -> its fields.
FIELDS: Mapping[str, tuple[Field, ...]] = {
    name: tuple(_fields(text)) for name, text in _TABLES.items()
}
