"""What a benchmark run is set to: read and checked before TensorFlow is imported.

A wrong file is told at once, and whoever only wants to know what would run (a prediction, a
launcher) need not have TensorFlow.
"""

from __future__ import annotations

from workloads.settings.benchmarks import BENCHMARKS as BENCHMARKS
from workloads.settings.benchmarks import DLRM as DLRM
from workloads.settings.benchmarks import GPT as GPT
from workloads.settings.benchmarks import MLP as MLP
from workloads.settings.benchmarks import BenchmarkSettings as BenchmarkSettings
from workloads.settings.benchmarks import Bert as Bert
from workloads.settings.benchmarks import ResNet50 as ResNet50
from workloads.settings.benchmarks import Serve as Serve
from workloads.settings.benchmarks import SmallCnn as SmallCnn
from workloads.settings.benchmarks import TapeNetwork as TapeNetwork
from workloads.settings.reading import read_settings as read_settings
from workloads.settings.training import Training as Training
