"""What a model is fitted to unless the user names files: networks of many kinds, kept cheap."""

from __future__ import annotations

#: Name in the catalog, and height of the picture. Two sizes of a family tell what a layer's size
#: does; families differ in kernels, groups and what lies between layers.
NETWORKS = (
    ("shufflenet_v2_x0_5", 128),
    ("shufflenet_v2_x1_0", 224),
    ("shufflenet_v1_g3_x0_5", 128),
    ("shufflenet_v1_g1_x0_5", 96),
    ("mobilenet_v1_x0_25", 128),
    ("mobilenet_v1_x0_5", 192),
    ("mobilenet_v2_x0_5", 128),
    ("mobilenet_v2_x1_0", 160),
    ("rexnet_x1_0", 96),
    ("rexnet_lite_x1_0", 128),
    ("effnet", 32),
    ("effnet_large", 32),
    ("xception_like_x0_5", 128),
    ("densenet_like_x0_5", 128),
    ("repvgg_a0_deployed", 96),
    ("resnet_50", 64),
    ("se_resnet_50", 64),
)
