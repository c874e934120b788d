"""Training data from local folders, ``gs://`` and ``s3://`` as tf.data datasets.

``files`` tells what a URL holds; ``tfrecords`` and ``contents`` read it; around the loop that
reads stands ``explained``, which turns what went wrong into one sentence. ``moved_bytes`` is
what came from object stores so far.
"""

from workloads.readers.failures import explained as explained
from workloads.readers.locations import File as File
from workloads.readers.locations import files as files
from workloads.readers.locations import labelled_files as labelled_files
from workloads.readers.objects import contents as contents
from workloads.readers.ranges import moved_bytes as moved_bytes
from workloads.readers.tfrecords import tfrecords as tfrecords
