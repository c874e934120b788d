"""Presets of each benchmark: what its settings are before anything is given.

``small`` trains in seconds on a CPU; ``paper`` has the sizes that were published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "small_cnn": {
        "small": {
            "model": {"image_size": 48, "filters": [8, 16, 32], "dense": 64},
            "global_batch": 32,
            "epochs": 6,
            "samples": 600,
        },
        "paper": {"global_batch": 32, "epochs": 30, "samples": 4000},
    },
    "mlp": {
        "small": {
            "model": {"features": 64, "hidden": [64, 64]},
            "global_batch": 64,
            "epochs": 6,
            "samples": 2048,
        },
        "paper": {"global_batch": 128, "epochs": 5, "samples": 60000},
    },
    "tape_network": {
        "small": {
            "features": 16,
            "classes": 5,
            "global_batch": 128,
            "steps": 150,
            "samples": 1024,
            "learning_rate": 0.003,
        },
        "paper": {
            "features": 784,
            "hidden": 128,
            "classes": 10,
            "global_batch": 128,
            "epochs": 5,
            "samples": 60000,
            "learning_rate": 0.01,
        },
    },
    "resnet50": {
        "small": {
            "model": {"image_size": 32, "width": 8, "blocks": [1, 1, 1], "classes": 4},
            "global_batch": 32,
            "epochs": 5,
            "samples": 512,
            "learning_rate": 0.003,
        },
        "paper": {
            "optimizer": "momentum",
            "learning_rate": 0.1,
            "schedule": "steps",
            "schedule_warmup_steps": 25000,
            "l2": 5e-5,
            "global_batch": 256,
            "epochs": 90,
            "samples": 1281167,
        },
    },
    "bert": {
        "small": {
            "model": {
                "layers": 2,
                "width": 64,
                "heads": 4,
                "sequence": 16,
                "vocabulary": 32,
                "positions": 16,
                "dropout": 0.0,
            },
            "global_batch": 32,
            "epochs": 8,
            "samples": 2048,
            "learning_rate": 0.003,
            "schedule_warmup_steps": 40,
        },
        "paper": {
            "model": {
                "layers": 12,
                "width": 768,
                "heads": 12,
                "sequence": 512,
                "vocabulary": 30522,
            },
            "global_batch": 256,
            "steps": 1000000,
            "learning_rate": 1e-4,
            "schedule": "cosine",
            "schedule_warmup_steps": 10000,
            "samples": 1000000,
        },
    },
    "gpt": {
        "small": {
            "model": {"layers": 2, "width": 64, "heads": 4, "sequence": 32, "vocabulary": 64},
            "global_batch": 32,
            "epochs": 4,
            "samples": 1024,
            "learning_rate": 0.003,
        },
        "paper": {
            "model": {
                "layers": 12,
                "width": 768,
                "heads": 12,
                "sequence": 1024,
                "vocabulary": 50257,
            },
            "global_batch": 512,
            "steps": 100000,
            "learning_rate": 6e-4,
            "schedule": "cosine",
            "schedule_warmup_steps": 2000,
            "samples": 1000000,
        },
    },
    "dlrm": {
        "small": {
            "model": {"bottom": [32, 16], "top": [32, 16, 1], "tables": 8, "table_rows": 400},
            "global_batch": 128,
            "epochs": 2,
            "samples": 16384,
            "learning_rate": 0.005,
        },
        "paper": {
            "optimizer": "sgd",
            "learning_rate": 1.0,
            "global_batch": 32768,
            "epochs": 1,
            "samples": 4195197692,
        },
    },
    "serve": {
        "small": {},
        "paper": {"training": {"preset": "paper", "steps": 10}, "serving": {"requests": 10000}},
    },
}
