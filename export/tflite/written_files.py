"""What .tflite files of all schemes are made from."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from _edgeship.errors import UnsupportedError, VerificationError
from _edgeship.export.calibration.ranges import Observed, Ranges
from _edgeship.export.calibration.source import tried_on
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.contract.target import Job
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.tflite import picking
from _edgeship.export.tflite.bias_correction import corrected_if_better
from _edgeship.export.tflite.borders.windows import Growth
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.byte_job import ByteInput
from _edgeship.export.tflite.byte_port import range_of_bytes
from _edgeship.export.tflite.calibrate import observe_activations
from _edgeship.export.tflite.described_file import contents_of, described, picking_contents
from _edgeship.export.tflite.float_file import FloatFile
from _edgeship.export.tflite.given_scales import FileScales, file_scales
from _edgeship.export.tflite.integer_layout import IntegerLayout
from _edgeship.export.tflite.kept_layers import kept_tensors, operators_of
from _edgeship.export.tflite.made_file import MadeFile, Origin
from _edgeship.export.tflite.multipliers import demand_computable, largest_multiplier
from _edgeship.export.tflite.quantization import ACTIVATION_BITS, quantize
from _edgeship.export.tflite.real_parts import real_parts
from _edgeship.export.tflite.writer import from_bytes
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity

#: The scheme that XNNPACK computes in half precision.
HALF = "fp16"

#: What names of tensors begin with in ranges of the file whose channels were left as they are.
_UNCHANGED = "unchanged:"


@dataclass(frozen=True)
class Prepared:
    """A network as float TFLite; see `export.contract.target.Prepared`.

    Attributes:
        job: What is exported; its graph, samples and reference are those of centred bytes where
            files take bytes.
        fed: What files are verified on, as they take it.
        growths: Name of a value of the graphs -> what its spatial axes were grown by.
        file: The float32 file, on which ranges are measured and whose weights alone are quantized.
        half: The one whose operators suit half precision; the same one if there is none.
        in_half: That one as it is written in half precision.
        in_integers: The file that is quantized with activations, if any is.
        detail: What was made.
        parity: How the outputs changed when frames were folded, if they were.
        notes: Remarks for the end.
        picking: How the boxes of a detector are picked in further files, if they are.
        byte_input: How files take the bytes of pictures, if they do.
    """

    job: Job
    fed: Sequence[Sample]
    growths: Mapping[str, Growth]
    file: FloatFile
    half: FloatFile
    in_half: bytes
    in_integers: IntegerLayout | None
    detail: str
    parity: Parity | None
    notes: Sequence[str]
    picking: picking.Picking | None = None
    byte_input: ByteInput | None = None

    @property
    def reference(self) -> Outputs:
        """What the files are compared with."""
        return self.job.reference

    @property
    def io(self) -> FileIO:
        """The inputs and outputs of the files as they are written."""
        own = self.byte_input
        return self.file.lowered.io if own is None else own.io(self.file.lowered.io)

    def trace(self, scheme: Scheme) -> Mapping[str, tuple[str, Perm]]:
        """Return which tensors of a scheme's file hold which values of the graph, in what order."""
        own = self.in_integers if scheme.name in ACTIVATION_BITS else None
        changed: Collection[str] = () if own is None else own.changed
        trace = self._float(scheme).trace
        return {name: at for name, at in trace.items() if name not in changed}

    def _float(self, scheme: Scheme) -> FloatFile:
        """Return the float32 file that a scheme's file is made from."""
        return self.half if scheme.name == HALF else self.file

    def operators(self) -> Mapping[str, str]:
        """Return which operators compute the values of the graph."""
        return operators_of(from_bytes(self.file.data), self.file.graph, self.file.trace)

    def calibrate(self) -> Observed:
        """Observe every activation on all samples."""
        own = real_parts(from_bytes(self.file.data), self.file.trace, self.growths)
        integers = self.in_integers
        data = self.file.data if integers is None else integers.measured
        observed = observe_activations(data, self.job.samples, self.file.lowered.io, crops=own)
        if integers is not None and integers.unchanged is not None:
            plain = integers.unchanged.measured
            before = observe_activations(plain, self.job.samples, self.file.lowered.io, crops=own)
            for name, seen in before.histograms.items():
                observed.beside[_UNCHANGED + name] = seen
        return observed

    def rehearse(
        self,
        scheme: Scheme,
        ranges: Ranges,
        samples: Sequence[Sample],
        keep: Collection[str] = (),
        finished: bool = False,
    ) -> Outputs:
        """Return what the file of a scheme computes from samples; biases as in `finished` ones."""
        scales = self._scales(scheme)
        data = self._write(scheme, ranges, keep, scales, corrects=finished and scheme.calibrated)
        session = TFLiteSession(data, self.io)
        fed = samples if self.byte_input is None else self.byte_input.pixels(samples)
        return [session.run(sample) for sample in fed]

    def write(self, scheme: Scheme, ranges: Ranges, keep: Collection[str] = ()) -> MadeFile:
        """Make the file of a scheme."""
        scales = self._scales(scheme)
        plain = self._write(scheme, ranges, keep, scales, corrects=scheme.calibrated)
        contents = contents_of(self.job, self.io, self.byte_input)
        picked = None
        if self.picking is not None:
            more = picking_contents(contents, self.picking)
            picked = described(self.picking.append(plain), more.table(), more.files)
        data = described(plain, contents.table(), contents.files)
        origin = Origin(
            self.job,
            self.fed,
            self._float(scheme).graph,
            self.io,
            self.trace(scheme),
            self.picking,
            self.byte_input,
        )
        return MadeFile(origin, scheme, data, len(data) - len(plain), scales, picked)

    def _write(
        self,
        scheme: Scheme,
        ranges: Ranges,
        keep: Collection[str],
        scales: FileScales | None,
        corrects: bool,
    ) -> bytes:
        """Make the file of a scheme; correcting biases takes too long to do it for each try.

        It does not yet say what it is.
        """
        plain, data = self._quantized(scheme, ranges, keep, scales)
        if corrects and scales is None:
            own = self.job
            data = corrected_if_better(data, plain, own.samples, self.file.lowered.io, own.parts)
        if self.byte_input is not None:
            data = self.byte_input.write(data, self.file.lowered.io)
        return data

    def _quantized(
        self, scheme: Scheme, ranges: Ranges, keep: Collection[str], scales: FileScales | None
    ) -> tuple[bytes, bytes]:
        """Return the float file that a scheme's file is made from, and that file.

        Of channels brought to one size and channels as they were, 8 bits take what keeps more of
        the outputs on samples of the calibration. 16 bits need none of it, and their weights, in 8
        bits, would lose by it.
        """
        wanted = self.job.request.io_dtype
        dtype = wanted if wanted in scheme.io_dtypes else "float32"
        made, source = [], self._float(scheme)
        for data, own in self._sources(scheme, ranges):
            kept = kept_tensors(from_bytes(data), source.graph, source.trace, keep)
            if keep and not kept:
                raise UnsupportedError(
                    "No operator of the file computes the layers that are to stay in float.",
                    todo="name others; `sensitivity` prints the operator of each layer",
                )
            made.append((data, quantize(data, scheme.name, own, dtype, scales, kept)))
        best = made[0] if len(made) == 1 else max(made, key=lambda pair: self._worst_db(pair[1]))
        if ACTIVATION_BITS.get(scheme.name) == 8:
            demand_computable(best[1], scheme.name)
        return best

    def _sources(self, scheme: Scheme, ranges: Ranges) -> list[tuple[bytes, Ranges]]:
        """Return the float files that a scheme's file can be made from, with their ranges."""
        if scheme.name not in ACTIVATION_BITS:
            return [(self.in_half if scheme.name == HALF else self.file.data, ranges)]
        if self.byte_input is not None:
            of_bytes = range_of_bytes(self.byte_input.scale)
            named = (self.byte_input.name, _UNCHANGED + self.byte_input.name)
            ranges = ranges | dict.fromkeys(named, of_bytes)
        integers = self.in_integers
        if integers is None:
            return [(self.file.data, ranges)]
        changed = (integers.data, integers.ranges(ranges))
        if integers.unchanged is None:
            return [changed]
        before = {
            name.removeprefix(_UNCHANGED): bounds
            for name, bounds in ranges.items()
            if name.startswith(_UNCHANGED)
        }
        plain = (integers.unchanged.data, integers.unchanged.ranges(before))
        return [plain] if ACTIVATION_BITS[scheme.name] > 8 else [changed, plain]

    def _worst_db(self, data: bytes) -> float:
        """Return the SQNR in dB that a file leaves of the worst part of the outputs.

        It is minus infinity where LiteRT refuses the file, as it does where a weight is so large
        beside the others that a product has no scale in 8 bits.
        """
        # Some of these LiteRT does not refuse: it ends the process.
        if largest_multiplier(data).ends_process:
            return -math.inf
        try:
            found = self._tried(data)
        except VerificationError:
            return -math.inf
        parity = compare(self._exact, found, parts=self.job.parts)
        return min(part.sqnr_db for part in parity.parts)

    @cached_property
    def _exact(self) -> Outputs:
        """What the float file computes from the samples that quantized ones are tried on."""
        return self._tried(self.file.data)

    def _tried(self, data: bytes) -> Outputs:
        session = TFLiteSession(data, self.file.lowered.io)
        return [session.run(sample) for sample in tried_on(self.job.samples)]

    def _scales(self, scheme: Scheme) -> FileScales | None:
        """Return the scales of a file that was quantized before, as far as a scheme can have them.

        16 bits take none of 8: what rounds less keeps more of the network.
        """
        given, bits = self.job.given, ACTIVATION_BITS.get(scheme.name)
        if given is None or bits is None:
            return None
        return file_scales(from_bytes(self.file.data), self.file.trace, given, bits)
