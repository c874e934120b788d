"""What a run tells of itself while it runs, in the words of a measurement."""

from workloads.meter.machine import this_machine as this_machine
from workloads.meter.meter import Meter as Meter
from workloads.meter.sampler import Sampler as Sampler
from workloads.meter.versions import versions as versions
