"""TensorFlow benchmarks, probes, their meter, and the launcher that runs them on real hosts."""
