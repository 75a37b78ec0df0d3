"""What an APK's manifest says, read by androguard."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from androguard.core.apk import APK
from loguru import logger
from lxml import etree

logger.disable("androguard")
logging.getLogger("androguard").setLevel(logging.ERROR)

ANDROID = "{http://schemas.android.com/apk/res/android}"


@dataclass(frozen=True)
class Component:
    """An activity, service, receiver or provider.

    Attributes:
        kind: The element's name.
        name: Of its class, with the package.
        exported: Whether other apps can start it.
        permission: What they need for that, or "".
        actions: The actions of its intent filters.
    """

    kind: str
    name: str
    exported: bool
    permission: str
    actions: frozenset[str]


def manifest_of(apk: Path) -> etree._Element:
    """Return the root element of the manifest in an APK."""
    return APK(str(apk)).get_android_manifest_xml()


def components(manifest: etree._Element) -> list[Component]:
    """Return all components that a manifest names."""
    kinds = ("activity", "activity-alias", "service", "receiver", "provider")
    return [
        _component(element) for kind in kinds for element in manifest.findall(f"application/{kind}")
    ]


def _component(element: etree._Element) -> Component:
    name = element.get(f"{ANDROID}name")
    package = element.getroottree().getroot().get("package")
    actions = frozenset(each.get(f"{ANDROID}name") for each in element.iter("action"))
    return Component(
        element.tag,
        package + name if name.startswith(".") else name,
        # Since Android 12 an app with a filter must say whether it is exported.
        element.get(f"{ANDROID}exported", "true" if actions else "false") == "true",
        element.get(f"{ANDROID}permission", ""),
        actions,
    )
