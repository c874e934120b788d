"""The software that a run rests on, by name."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

PACKAGES = ("windtunnel", "tensorflow", "keras", "numpy", "obstore")


def versions() -> dict[str, str]:
    """Versions by name; CUDA and cuDNN are those that the loaded TensorFlow was built with."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        built = tensorflow.sysconfig.get_build_info()
        for name in ("cuda", "cudnn"):
            if told := built.get(f"{name}_version"):
                found[name] = str(told)
    return found
