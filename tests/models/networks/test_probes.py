"""The probes of G1 to G4 against Tables 1 to 4 of the ShuffleNet V2 paper."""

from pathlib import Path

import pytest
import torch
from torch import nn

from _edgeship.errors import InputError
from _edgeship.models import zoo
from _edgeship.models.complexity import per_layer
from tests.models.construct import on_meta
from tests.models.published import computed, export_float_and_int8, output_shape

pytestmark = pytest.mark.slow

PLACES = 56 * 56

# Table 1: (c1, c2) by ratio; Table 2: channels by groups.
G1 = {
    "gpu": {1: (128, 128), 2: (90, 180), 6: (52, 312), 12: (36, 432)},
    "arm": {1: (32, 32), 2: (22, 44), 6: (13, 78), 12: (9, 108)},
}
G2 = {"gpu": {1: 128, 2: 180, 4: 256, 8: 360}, "arm": {1: 64, 2: 90, 4: 128, 8: 180}}
G3 = ("1_fragment", "2_fragments_series", "4_fragments_series")
G3 += ("2_fragments_parallel", "4_fragments_parallel")
G4 = ("relu_shortcut", "relu", "shortcut", "plain")


def _convolutions(name: str) -> list[tuple[int, ...]]:
    """Return the weight shape of each convolution in the order of its call."""
    network = on_meta(name)
    rows = per_layer(network, (1, *zoo.spec(name).input_size))
    return [
        tuple(network.get_submodule(row.name).weight.shape) for row in rows if row.kind == "Conv2d"
    ]


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("ratio", [1, 2, 6, 12])
@pytest.mark.parametrize("platform", ["gpu", "arm"])
def test_g1_has_the_channels_of_table_1_and_equal_mult_adds(
    platform: str, ratio: int, scale: int
) -> None:
    name = f"probe_g1_{platform}_1to{ratio}" + (f"_x{scale}" if scale > 1 else "")
    c1, c2 = (scale * channels for channels in G1[platform][ratio])
    assert zoo.spec(name).input_size == (c1, 56, 56)
    assert _convolutions(name) == [(c2, c1, 1, 1), (c1, c2, 1, 1)] * 10
    assert computed(name).mult_adds == 10 * 2 * c1 * c2 * PLACES
    # The paper rounds the channels down: they are the most that do not exceed the first row.
    first, width = G1[platform][1][0], G1[platform][ratio][0]
    assert width**2 * ratio <= first**2 < (width + 1) ** 2 * ratio


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("platform", ["gpu", "arm"])
def test_g2_has_the_channels_of_table_2_and_equal_mult_adds(
    platform: str, groups: int, scale: int
) -> None:
    """One cell cannot be built: 180 channels in 8 groups (ARM, x1); 184 are used there."""
    name = f"probe_g2_{platform}_{groups}groups" + (f"_x{scale}" if scale > 1 else "")
    impossible = (platform, groups, scale) == ("arm", 8, 1)
    channels = 184 if impossible else scale * G2[platform][groups]
    assert _convolutions(name) == [(channels, channels // groups, 1, 1)] * 10
    mult_adds = computed(name).mult_adds
    assert mult_adds == 10 * channels**2 // groups * PLACES
    first = computed(name.replace(f"{groups}groups", "1groups")).mult_adds
    assert mult_adds / first == pytest.approx(1, rel=0.034 if impossible else 0.012)


@pytest.mark.parametrize("c", [64, 128, 256, 512])
@pytest.mark.parametrize("variant", G3)
def test_g3_has_the_mult_adds_of_one_fragment(variant: str, c: int) -> None:
    fragments = int(variant[0])
    shapes = _convolutions(f"probe_g3_{variant}_c{c}")
    assert len(set(shapes)) == 1 and len(shapes) == 10 * fragments
    width = shapes[0][0]
    assert shapes[0] == (width, width, 1, 1)
    assert computed(f"probe_g3_{variant}_c{c}").mult_adds == 10 * fragments * width**2 * PLACES
    assert fragments * width**2 <= c**2 < fragments * (width + 1) ** 2


@pytest.mark.parametrize("c", [32, 64, 128])
def test_g4_variants_differ_in_element_wise_operations_only(c: int) -> None:
    inner = c // 4
    for variant in G4:
        name = f"probe_g4_{variant}_c{c}"
        block = [(inner, c, 1, 1), (inner, inner, 3, 3), (c, inner, 1, 1)]
        assert _convolutions(name) == block * 10
        assert computed(name).mult_adds == 10 * (2 * c * inner + 9 * inner**2) * PLACES


def test_g4_has_what_its_name_says() -> None:
    x = torch.randn(2, 32, 5, 5, generator=torch.Generator().manual_seed(0))
    for variant in G4:
        block = zoo.create(f"probe_g4_{variant}_c32")[0]
        with torch.no_grad():
            expected = block.residual(x) + (x if "shortcut" in variant else 0)
            expected = expected.clamp(min=0) if "relu" in variant else expected
            assert torch.equal(block(x), expected)
        relus = sum(isinstance(layer, nn.ReLU) for layer in block.modules())
        assert relus == (2 if "relu" in variant else 0)


@pytest.mark.parametrize(("variant", "lifted"), [("relu", True), ("plain", False)])
def test_g4_relus_pass_most_values(variant: str, lifted: bool) -> None:
    """Random layers that cut half of them off amplify rounding, layer by layer."""
    block = zoo.create(f"probe_g4_{variant}_c32")[5]
    biases = torch.cat([m.bias for m in block.modules() if isinstance(m, nn.BatchNorm2d)])
    assert biases.mean().item() == pytest.approx(2 if lifted else 0, abs=0.1)


def test_parallel_fragments_see_the_same_input_and_are_added() -> None:
    block = zoo.create("probe_g3_4_fragments_parallel_c64")[0]
    x = torch.randn(2, 32, 5, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = torch.stack([branch(x) for branch in block.branches]).sum(0)
        torch.testing.assert_close(block(x), expected)


def test_published_speeds_are_those_of_the_tables() -> None:
    speeds = {name: dict(zoo.spec(name).published_speed) for name in zoo.names("probe_*")}
    assert len(speeds) == 24 + 24 + 20 + 12
    assert speeds["probe_g1_gpu_1to1"] == {"gpu": 1480}
    assert speeds["probe_g1_arm_1to12_x4"] == {"arm": 4.4}
    assert speeds["probe_g2_gpu_8groups_x2"] == {"gpu": 445}
    assert speeds["probe_g2_arm_4groups"] == {"arm": 32.9}
    assert speeds["probe_g3_1_fragment_c64"] == {"arm": 40.2}
    assert speeds["probe_g3_2_fragments_series_c128"] == {"gpu": 1790, "arm": 10.1}
    assert speeds["probe_g3_4_fragments_parallel_c512"] == {"gpu": 292}
    assert speeds["probe_g4_plain_c32"] == {"gpu": 2842, "arm": 66.3}
    assert speeds["probe_g4_relu_c128"] == {"gpu": 1735, "arm": 5.2}
    assert all(speeds.values())


@pytest.mark.parametrize("name", ["probe_g1_arm_1to6", "probe_g2_arm_8groups", "probe_g4_relu_c32"])
def test_forward_shapes(name: str) -> None:
    channels = zoo.spec(name).input_size[0]
    for shape in [(2, channels, 56, 56), (1, channels, 33, 7), (1, channels, 1, 1)]:
        assert output_shape(name, shape) == shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 10}, "probe_g1_arm_1to1 has no classifier"),
        ({"in_channels": 3}, "input of probe_g1_arm_1to1 has 32 channels, not 3"),
    ],
)
def test_a_probe_has_no_ends_to_set(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        zoo.create("probe_g1_arm_1to1", **arguments)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("probe_g1_arm_1to12", 9),
        ("probe_g2_arm_8groups", 184),
        ("probe_g3_2_fragments_parallel_c64", 45),
        ("probe_g4_relu_shortcut_c32", 32),
    ],
)
def test_export(name: str, channels: int, tmp_path: Path) -> None:
    export_float_and_int8(name, (1, channels, 16, 16), tmp_path, calib="random")
