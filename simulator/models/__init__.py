"""Closed-form models without a clock: pure functions on numbers or arrays."""

from simulator.models.bottleneck import BOTTLENECKS as BOTTLENECKS
from simulator.models.calibration import PRIORS as PRIORS
from simulator.models.calibration import TUNED as TUNED
from simulator.models.calibration import Calibration as Calibration
from simulator.models.precision import PrecisionChoice as PrecisionChoice
from simulator.models.precision import choose_precision as choose_precision
from simulator.models.precision import format_code as format_code
from simulator.models.training_step import StepInputs as StepInputs
from simulator.models.training_step import StepPrediction as StepPrediction
from simulator.models.training_step import predict_training_step as predict_training_step
