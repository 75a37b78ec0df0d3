"""`python -m tests.phone`: a virtual phone to try things on, until Ctrl-C or the end of input."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.phone.machine import MachineError
from tests.phone.phone import Phone
from tests.phone.programs import FetchError


def main() -> int:
    """Run a phone, and switch on the faults that are typed."""
    try:
        phone = Phone()
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
