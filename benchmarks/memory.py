"""How much memory processes hold."""

from collections.abc import Mapping

import psutil


def resident_bytes(pids: Mapping[str, int]) -> dict[str, int]:
    """Return what each process and its children hold, by name.

    Pages that several processes share are counted in parts where the system tells (Linux: PSS), otherwise in each.
    """
    return {name: sum(_bytes(one) for one in _family(pid)) for name, pid in pids.items()}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _bytes(process: psutil.Process) -> int:
    whole = process.memory_full_info()
    return int(getattr(whole, "pss", whole.rss))
