"""Calls the app's arm64 library on bionic's libc, emulated; prints what happened as JSON.

on_bionic.py PACKAGES LIBRARY FOLDER: packages with the emulator; the library; the folder with
libLiteRt.so.
"""

import json
import logging
import struct
import sys

PACKAGES, LIBRARY, FOLDER = sys.argv[1:]
sys.path.insert(0, PACKAGES)

from emulite import AndroidEmulator64, AndroidProfile  # noqa: E402
from emulite.android.java.lang.java_class import JavaClass  # noqa: E402
from emulite.android.java.lang.java_object import JavaObject  # noqa: E402
from emulite.android.java.lang.java_string import JavaString  # noqa: E402

FILES = "/data/data/dev.edgeship.bench/files"
MODEL = "/system/build.prop"  # The fake takes any file.
STRINGS = "[Ljava/lang/String;"

logging.disable(logging.WARNING)
emulator = AndroidEmulator64(
    search_paths=[FOLDER], profile=AndroidProfile(package_name="dev.edgeship.bench", seed=1)
)
emulator.load_library(LIBRARY)
native = emulator.java_class("dev.edgeship.bench.Native")


def strings(*texts):
    return JavaObject(
        JavaClass(STRINGS), [None if text is None else JavaString(text) for text in texts]
    )


def run(*words):
    signature = f"({STRINGS}Ljava/lang/String;)I"
    return native.call_static("run", signature, strings(*words), f"{FILES}/report.jsonl")


def open_model(path):
    why = strings(None)
    signature = f"(Ljava/lang/String;ILjava/lang/String;{STRINGS})J"
    number = native.call_static("open", signature, path, 1, "cpu", why)
    return number, why.value[0].value if number == 0 else ""


def buffer(data):
    address = emulator.allocate_bytes(data)
    return JavaObject(JavaClass("java/nio/DirectByteBuffer"), (int(address), len(data)))


def bytes_of(direct):
    address, size = direct.value
    return bytes(emulator.memory.read(address, size))


def infer(number, given, taken):
    signature = "(JLjava/nio/ByteBuffer;Ljava/nio/ByteBuffer;)J"
    return native.call_static("infer", signature, number, given, taken)


found = {
    "modules": [module.name for module in emulator.modules],
    "unresolved": [list(symbol) for symbol in emulator.unresolved_symbols],
    "codes": [
        run("--model", MODEL, "--runs", "3", "--warmup-runs", "1", "--threads", "2"),
        run("--model", "/nonexistent 🙂"),
        run("--model", MODEL, "--profile", "--outputs", f"{FILES}/out", "--cores", "0"),
    ],
}
found["missing"] = open_model("/nonexistent")
number, found["why"] = open_model(MODEL)
if number:
    values = bytes.fromhex("0000803f") * 10
    given, taken = buffer(values), buffer(bytes(40))
    shape = bytes(native.call_static("inputShape", "(J)[I", number).value)
    found["shape"] = list(struct.unpack(f"<{len(shape) // 4}i", shape))
    found["type"] = native.call_static("outputType", "(J)I", number)
    found["ns"] = infer(number, given, taken)
    found["taken"] = bytes_of(taken).hex()
    found["wrong"] = infer(number, buffer(values[:-1]), taken)
    native.call_static("close", "(J)V", number)
    native.call_static("close", "(J)V", number)
    found["closed"] = infer(number, given, taken)
    found["outputs"] = emulator.read_file(f"{FILES}/out").hex()
found["report"] = emulator.read_file(f"{FILES}/report.jsonl").decode()
print(json.dumps(found))
