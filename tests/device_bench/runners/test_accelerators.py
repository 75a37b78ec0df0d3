"""The native runner on GPUs and NPUs: this computer's GPU, which may be a program, and others."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from _edgeship.device_bench.building.bundle import LOADER
from _edgeship.device_bench.building.litert_library import GPU_LIBRARY, host_abi
from _edgeship.device_bench.devices.adb import AdbDevice
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.runners import native_runner
from _edgeship.device_bench.runners.base import Accelerated, Job
from _edgeship.device_bench.runners.find import runner
from _edgeship.device_bench.runners.native_runner import NativeRunner
from _edgeship.errors import DeviceError, InputError
from _edgeship.export.tflite.building.graph import options
from tests.device_bench.measurement.fakes import PHONE
from tests.device_bench.small_files import SHAPE, chain, image, interpret, needs_native
from tests.export.delegates.gpu_here import accelerator
from tests.export.delegates.test_gpu_log import ADAPTER, PARTLY
from tests.export.tflite.small_graphs import Small
from tests.phone.phone import Phone

ON_GPU = MeasurementSettings(
    accelerator="gpu", warmup_runs=0, warmup_seconds=0, runs=2, seconds=0, rounds=1, timeout=120
)
END = '{"event":"end","peak_rss_bytes":null,"fully_accelerated":%s,"outputs":[3]}\n'
REPORT = (
    '{"event":"init","ns":1}\n{"event":"first","ns":1}\n'
    '{"event":"run","ns":1,"mhz":null,"capped":null}\n'
)


def rank_five() -> bytes:
    """A shuffle of channels by way of a tensor with five axes, which GPUs refuse."""
    small = Small(image=SHAPE)
    small.constant("apart", np.array([1, 8, 8, 2, 2], np.int32))
    small.constant("turn", np.array([0, 1, 2, 4, 3], np.int32))
    small.constant("together", np.array(SHAPE, np.int32))
    to_five = options("ReshapeOptions", newShape=[1, 8, 8, 2, 2])
    small.op("RESHAPE", "image apart", "five", (1, 8, 8, 2, 2), opts=to_five)
    small.op("TRANSPOSE", "five turn", "turned", (1, 8, 8, 2, 2), opts=options("TransposeOptions"))
    to_four = options("ReshapeOptions", newShape=list(SHAPE))
    small.op("RESHAPE", "turned together", "scores", SHAPE, opts=to_four)
    return small.out("scores").data()


def library(folder: Path, name: str, code: str = "", compiler: str = "cc") -> Path:
    """Compile a shared library of C, which says on standard error that it was loaded."""
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    source, built = folder / f"{name}.c", folder / name
    source.write_text(
        "#include <stdio.h>\n__attribute__((constructor)) static void loaded(void) {\n"
        f'  fputs("ERROR: {name} was loaded\\n", stderr);\n}}\n{code}'
    )
    subprocess.run([compiler, "-shared", "-fPIC", "-o", built, source], check=True)  # noqa: S603
    return built


def run_here(runner: NativeRunner, data: bytes, settings: MeasurementSettings, folder: Path):
    """Run a file on this computer."""
    file, raw = folder / "a.tflite", folder / "input.bin"
    file.write_bytes(data)
    raw.write_bytes(image().tobytes())
    with Workspace(LocalDevice()) as own:
        runner.prepare(own)
        job = Job(own.put(file), settings, (own.put(raw),), want_outputs=True)
        return runner.run(own, job)


class Scripted(LocalDevice):
    """A phone whose runner ends as it is told; it keeps the words, and what lay beside them."""

    selector = "adb:FAKE"

    def __init__(self, done: Completed) -> None:
        super().__init__()
        self._done = done
        self.words: list[str] = []
        self.there: dict[str, bytes] = {}

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        if not any(word.endswith(LOADER) for word in argv):
            return super().run(argv, timeout=timeout, on_line=on_line)
        folder = Path(argv[4])
        self.words = list(argv[5:])
        self.there = {path.name: path.read_bytes() for path in folder.iterdir()}
        (folder / "outputs").write_bytes(b"abc")
        return self._done


@pytest.fixture
def local_abi(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone of this computer's ABI, so that nothing has to be compiled for another."""
    known = PHONE.model_copy(update={"abi": host_abi()})
    monkeypatch.setattr(native_runner, "read_properties", lambda device: known)


@needs_native
class TestHere:
    def test_a_file_runs_on_the_gpu(self, tmp_path: Path) -> None:
        driver = accelerator()
        data = chain()
        outcome = run_here(NativeRunner("gpu"), data, ON_GPU, tmp_path)
        assert outcome.accelerated == Accelerated(driver.device, driver.software, 0)
        [scores] = interpret(data, image())
        assert outcome.outputs is not None
        given = np.frombuffer(outcome.outputs[0], np.float32).reshape(scores.shape)
        np.testing.assert_allclose(given, scores, rtol=1e-2, atol=1e-2)
        assert outcome.process.fully_accelerated is True

    @pytest.mark.slow
    def test_a_run_ends_when_its_outputs_are_there(self, tmp_path: Path) -> None:
        """Asking takes microseconds, and the work of this file tens of milliseconds."""
        driver = accelerator()
        if not driver.software:
            pytest.skip(f"{driver.device} may be as fast as that")
        shape = (1, 96, 96, 64)
        small = Small(image=shape)
        small.constant("w", np.zeros((64, 3, 3, 64), np.float32))
        small.constant("b", np.zeros(64, np.float32))
        same = options("Conv2DOptions", strideH=1, strideW=1)
        small.op("CONV_2D", "image w b", "scores", shape, opts=same)
        file = tmp_path / "a.tflite"
        file.write_bytes(small.out("scores").data())
        with Workspace(LocalDevice()) as own:
            runner = NativeRunner("gpu")
            runner.prepare(own)
            process = runner.run(own, Job(own.put(file), ON_GPU)).process
        assert min(process.runs) > 5_000_000

    def test_a_refused_file_says_what_would_fall_back_and_why(self, tmp_path: Path) -> None:
        accelerator()
        with pytest.raises(DeviceError, match="does not take the whole file") as caught:
            run_here(NativeRunner("gpu"), rank_five(), ON_GPU, tmp_path)
        assert "3 operators would fall back" in caught.value.what
        assert "RESHAPE (Tensor dimensions must be less than 5." in caught.value.why

    def test_a_driver_that_does_not_exist(self, tmp_path: Path, monkeypatch) -> None:
        from _edgeship.export.delegates.accelerator import find_accelerator

        find_accelerator.cache_clear()
        monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
        try:
            with pytest.raises(InputError, match="finds no driver") as caught:
                run_here(NativeRunner("gpu"), chain(), ON_GPU, tmp_path)
        finally:
            find_accelerator.cache_clear()
        assert "chromium" in caught.value.todo

    def test_a_library_of_ones_own_is_loaded_in_place_of_litert_s(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtOpenClAccelerator.so")
        with pytest.raises(DeviceError, match="The runner failed") as caught:
            run_here(NativeRunner("gpu", [own]), chain(), ON_GPU, tmp_path)
        assert f"{own.name} was loaded" in caught.value.why

    def test_an_npus_libraries_are_looked_for_beside_the_runner(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtDispatch_Test.so")
        plugin = library(tmp_path, "libLiteRtCompilerPlugin_Test.so")
        settings = ON_GPU.model_copy(update={"accelerator": "npu"})
        with pytest.raises(DeviceError, match="The runner failed") as caught:
            run_here(NativeRunner("npu", [own, plugin]), chain(), settings, tmp_path)
        # The plugin comes first, and this one compiles nothing.
        assert f"{plugin.name} was loaded" in caught.value.why
        assert "dispatch library" in caught.value.todo


@needs_native
@pytest.mark.usefixtures("local_abi")
class TestPhone:
    def test_a_library_is_pushed_beside_litert_and_asked_for(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtOpenClAccelerator.so")
        helper = library(tmp_path, "libhelper.so")
        real = ADAPTER.replace("SwiftShader Device (Subzero)", "Adreno (TM) 740")
        log = real.replace("CPU / Software", "IntegratedGPU")
        phone = Scripted(Completed(0, REPORT + END % "true", log))
        runner = NativeRunner("gpu", [own, helper])
        with Workspace(phone) as workspace:
            runner.prepare(workspace)
            outcome = runner.run(workspace, Job("a.tflite", ON_GPU))
        assert outcome.accelerated == Accelerated("Adreno (TM) 740", software=False, left=0)
        for file in (own, helper):
            assert phone.there[file.name] == file.read_bytes()
        assert "libLiteRt.so" in phone.there
        assert GPU_LIBRARY not in phone.there  # that one is for Linux
        place = phone.words.index("--accelerator")
        assert phone.words[place + 1] == "gpu"
        assert phone.words[phone.words.index("--library-path") + 1] == "."

    def test_a_dispatch_library_is_looked_for_in_the_runners_folder(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtDispatch_Test.so")
        phone = Scripted(Completed(0, REPORT + END % "true", ""))
        settings = ON_GPU.model_copy(update={"accelerator": "npu"})
        runner = NativeRunner("npu", [own])
        with Workspace(phone) as workspace:
            runner.prepare(workspace)
            outcome = runner.run(workspace, Job("a.tflite", settings))
        assert phone.there[own.name] == own.read_bytes()
        assert phone.words[phone.words.index("--npu-folder") + 1] == "."
        assert outcome.accelerated == Accelerated("", None, 0)

    def test_without_a_library_it_says_how_a_phones_gpu_is_reached(self) -> None:
        with (
            Workspace(Scripted(Completed(0, "", ""))) as workspace,
            pytest.raises(InputError, match="no accelerator for a phone's GPU") as caught,
        ):
            NativeRunner("gpu").prepare(workspace)
        assert "--runner app" in caught.value.todo

    def test_what_litert_does_not_call_accelerated_is_an_error(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtOpenClAccelerator.so")
        runner = NativeRunner("gpu", [own])
        with Workspace(Scripted(Completed(0, REPORT + END % "false", ""))) as workspace:
            runner.prepare(workspace)
            with pytest.raises(DeviceError, match="does not say that the GPU ran the whole file"):
                runner.run(workspace, Job("a.tflite", ON_GPU))

    def test_a_refusal_on_a_phone(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtOpenClAccelerator.so")
        said = '{"event":"error","what":"it does not take the model (LiteRT 504)."}\n'
        runner = NativeRunner("gpu", [own])
        with Workspace(Scripted(Completed(1, said, PARTLY))) as workspace:
            runner.prepare(workspace)
            with pytest.raises(DeviceError, match="72 operators would fall back"):
                runner.run(workspace, Job("a.tflite", ON_GPU))

    def test_an_accelerator_that_crashes_is_named(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtOpenClAccelerator.so")
        runner = NativeRunner("gpu", [own])
        with Workspace(Scripted(Completed(132, "", ADAPTER))) as workspace:
            runner.prepare(workspace)
            with pytest.raises(DeviceError, match="GPUs ended the process") as caught:
                runner.run(workspace, Job("a.tflite", ON_GPU))
        assert "killed by signal 4" in caught.value.why

    def test_a_library_for_another_machine(self, tmp_path: Path, monkeypatch) -> None:
        own = library(tmp_path, "libLiteRtOpenClAccelerator.so")
        data = bytearray(own.read_bytes())
        data[18] = {62: 183, 183: 62}[data[18]]
        own.write_bytes(data)
        with (
            Workspace(Scripted(Completed(0, "", ""))) as workspace,
            pytest.raises(InputError, match="and the device is"),
        ):
            NativeRunner("gpu", [own]).prepare(workspace)

    def test_a_library_for_androids_c_library(self, tmp_path: Path) -> None:
        own = library(tmp_path, "libLiteRtOpenClAccelerator.so")
        # The name of a library that it needs is cut to Android's: nothing else in it matters here.
        own.write_bytes(own.read_bytes().replace(b"libc.so.6\0", b"libc.so\0\0\0"))
        with (
            Workspace(Scripted(Completed(0, "", ""))) as workspace,
            pytest.raises(InputError, match="for Android's C library") as caught,
        ):
            NativeRunner("gpu", [own]).prepare(workspace)
        assert "app build --litert" in caught.value.todo


@pytest.mark.slow
def test_a_library_of_arm64_is_loaded_on_a_phone(phone: Phone, tmp_path: Path) -> None:
    """The real adb, and LiteRT for arm64 in an emulator."""
    own = library(tmp_path, "libLiteRtOpenClAccelerator.so", compiler="aarch64-linux-gnu-gcc")
    file = tmp_path / "a.tflite"
    file.write_bytes(chain())
    runner = NativeRunner("gpu", [own])
    with Workspace(AdbDevice(phone.serial)) as workspace:
        runner.prepare(workspace)
        with pytest.raises(DeviceError, match="The runner failed") as caught:
            runner.run(workspace, Job(workspace.put(file), ON_GPU))
    assert f"{own.name} was loaded" in caught.value.why


def test_the_virtual_device_has_no_gpu() -> None:
    from _edgeship.device_bench.runners.accelerator_files import bring

    device = LocalDevice()
    device.unit = "instructions"
    with pytest.raises(InputError, match="The virtual device has no GPU"):
        bring(Workspace(device), "gpu", (), "arm64-v8a")


def test_an_npu_without_a_library_is_an_error() -> None:
    with pytest.raises(InputError, match="An NPU needs its vendor's dispatch library") as caught:
        runner("native", accelerator="npu")
    assert "--accelerator-library" in caught.value.todo


def test_libraries_must_be_there_and_have_a_name_that_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such library"):
        runner("native", accelerator="gpu", libraries=[tmp_path / "libLiteRtGpuAccelerator.so"])
    other = tmp_path / "libOther.so"
    other.touch()
    for kind, like in (("gpu", "libLiteRtOpenClAccelerator.so"), ("npu", "libLiteRtDispatch_")):
        with pytest.raises(InputError, match=f"one for {kind.upper()}s by its name") as caught:
            runner("native", accelerator=kind, libraries=[other])
        assert like in caught.value.why
    spaced = tmp_path / "lib LiteRtGpuAccelerator.so"
    spaced.touch()
    with pytest.raises(InputError, match="must be plain"):
        runner("native", accelerator="gpu", libraries=[spaced])
    named = "libLiteRtOpenClAccelerator.so"
    same = [tmp_path / folder / named for folder in ("a", "b")]
    for file in same:
        file.parent.mkdir()
        file.touch()
    with pytest.raises(InputError, match=f"Two libraries are called {named}"):
        runner("native", accelerator="gpu", libraries=same)


@pytest.mark.parametrize(
    ("name", "kind"), [("python", "gpu"), ("app", "npu"), ("benchmark_model", "npu")]
)
def test_runners_that_cannot_use_it_say_so_before_anything_is_built(name: str, kind: str) -> None:
    with pytest.raises(InputError, match=f"The {name} runner cannot use the {kind.upper()}"):
        runner(name, accelerator=kind)


@pytest.mark.parametrize("name", ["app", "benchmark_model"])
def test_runners_that_bring_their_own_take_no_library(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--accelerator-library is not for"):
        runner(name, accelerator="gpu", libraries=[tmp_path / "libLiteRtGpuAccelerator.so"])
