"""`python -m tests.phone`: a virtual phone to try things on, until Ctrl-C or the end of input.

It can have the app of `--runner app` where this computer has what runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from tests.phone.machine import MachineError
from tests.phone.phone import Phone
from tests.phone.programs import FetchError
from tests.phone.with_apps import make_apps, missing_packages


def main() -> int:
    """Run a phone, and switch on the faults that are typed."""
    missing = missing_packages()
    if missing:
        print(f"Without apps: that needs the Debian packages {' '.join(missing)}.", flush=True)
    try:
        phone = Phone(None if missing else make_apps)
    except (FetchError, MachineError) as error:
        print(f"No virtual phone: {error}.", file=sys.stderr)
        return 1
    with phone:
        faults: dict[str, Callable[[], object]] = {
            "unplug": phone.unplug,
            "plug": phone.plug,
            "reboot": phone.reboot,
            "unauthorize": phone.unauthorize,
            "authorize": phone.authorize,
            "freeze": phone.freeze,
            "thaw": phone.thaw,
            "throttle": phone.throttle,
            "cool": phone.cool_down,
        }
        if not missing:
            faults |= {
                "lock": partial(phone.apps.settings.update, locked=True),
                "unlock": partial(phone.apps.settings.update, locked=False),
                "forbid": partial(setattr, phone.apps, "refusal", "INSTALL_FAILED_USER_RESTRICTED"),
                "allow": partial(setattr, phone.apps, "refusal", ""),
            }
        print(f"adb connect {phone.serial}", flush=True)
        print(f"Type one of: {', '.join(faults)}.", flush=True)
        try:
            for line in sys.stdin:
                fault = faults.get(line.strip())
                if fault is None:
                    print(f"'{line.strip()}' is none of them.", flush=True)
                else:
                    fault()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
