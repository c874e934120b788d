"""The parameters that the closed forms cannot derive: efficiencies, latencies, overheads.

All of them in one frozen object, each with its unit and where its prior comes from, so
that fitting to measurements is replacing one object by another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

# Which half, on which rows: ``validation.training_fit``.
_FITTED = "fitted on half of the published runs"
# Starting from NCCL's tuning constants: ``validation.collectives_fit`` names them.
_NCCL = "fitted on half of the nccl-tests timings"


def _prior(value: float, unit: str, source: str) -> float:
    prior: float = field(default=value, metadata={"unit": unit, "source": source})
    return prior


@dataclass(frozen=True, slots=True)
class Calibration:
    """One set of parameters; the defaults are priors for hardware that nobody measured."""

    version: str = "priors-1"
    gemm_efficiency_16bit: float = _prior(0.63, "fraction of peak", _FITTED)
    gemm_efficiency_tf32: float = _prior(0.771, "fraction of peak", _FITTED)
    gemm_efficiency_fp32: float = _prior(0.859, "fraction of peak", _FITTED)
    gemm_efficiency_8bit: float = _prior(
        0.40, "fraction of peak", "assumed: stock software was not measured at 8 bit"
    )
    convolution_efficiency_16bit: float = _prior(0.606, "fraction of peak", _FITTED)
    convolution_efficiency_tf32: float = _prior(0.43, "fraction of peak", _FITTED)
    convolution_efficiency_fp32: float = _prior(0.95, "fraction of peak", _FITTED)
    convolution_efficiency_8bit: float = _prior(
        0.60, "fraction of peak", "assumed: three quarters of 16 bit"
    )
    kernel_ramp_seconds: float = _prior(
        1.5e-4, "s of a matrix kernel before it runs at full rate", _FITTED
    )
    memory_efficiency: float = _prior(0.88, "fraction of peak bandwidth", _FITTED)
    attention_efficiency_share: float = _prior(
        0.71, "efficiency of products of scores over that of others", _FITTED
    )
    elementwise_traffic_factor: float = _prior(2.3, "moved bytes over counted bytes", _FITTED)
    score_traffic_factor: float = _prior(
        0.69, "moved bytes of attention scores over counted bytes", _FITTED
    )
    kernel_launch_seconds: float = _prior(4.2e-6, "s", _FITTED)
    host_launch_seconds: float = _prior(
        5e-6, "s of the host per kernel", "assumed: a graph of operations without Python"
    )
    host_collective_seconds: float = _prior(
        3e-5, "s of the host per collective", "assumed: a few launches and a synchronisation"
    )
    step_overhead_seconds: float = _prior(1e-3, "s per step", _FITTED)

    micro_batch_overhead_seconds: float = _prior(
        1e-5, "s per micro batch", "assumed: the host prepares the next one meanwhile"
    )
    pipeline_hop_seconds: float = _prior(
        5e-5, "s per hand-over between stages", "assumed: a launch and a synchronisation"
    )

    overlap_fraction: float = _prior(0.55, "fraction of the backward pass", _FITTED)
    straggler_variation: float = _prior(
        0.003, "coefficient of variation of one accelerator's step", _FITTED
    )

    collective_launch_seconds: float = _prior(7.5e-6, "s per collective", _NCCL)
    bulk_launch_seconds: float = _prior(12.8e-6, "s more where messages are large", _NCCL)
    link_latency_seconds: float = _prior(0.55e-6, "s per hop of small messages", _NCCL)
    bulk_link_latency_seconds: float = _prior(2.25e-6, "s per hop of large messages", _NCCL)
    link_efficiency: float = _prior(0.815, "fraction of the link rate", _NCCL)
    switch_reduce_share: float = _prior(
        1.0,
        "efficiency of reducing switches over that of links",
        "assumed where the kind of link was not measured",
    )
    point_to_point_share: float = _prior(
        0.82, "efficiency of one pair of ranks over that of a ring", _NCCL
    )
    pcie_efficiency: float = _prior(
        0.45,
        "fraction of the slot rate",
        "assumed: copies pass through host memory and share a root",
    )
    network_latency_seconds: float = _prior(22.3e-6, "s per hop of small messages", _NCCL)
    bulk_ring_latency_factor: float = _prior(
        2.34, "hop of large messages in a ring over one of small", _NCCL
    )
    bulk_tree_latency_factor: float = _prior(
        4.6, "hop of large messages in a tree over one of small", _NCCL
    )
    network_efficiency: float = _prior(0.94, "fraction of the NIC rate", _NCCL)
    network_tree_share: float = _prior(0.927, "efficiency of trees over that of rings", _NCCL)
    low_latency_bandwidth_share: float = _prior(
        0.22, "bandwidth of small messages over that of large ones", _NCCL
    )
    fill_factor: float = _prior(0.99, "cost of filling the pipeline over its theory", _NCCL)
    fill_limit_latencies: float = _prior(
        2.55, "square of half the most that filling costs, in latencies", _NCCL
    )
    torus_hop_seconds: float = _prior(
        1e-6, "s per hop", "Austin et al., How to Scale Your Model, 2025 (recalled)"
    )
    torus_efficiency: float = _prior(
        0.90,
        "fraction of the link rate",
        "Austin et al., How to Scale Your Model, 2025: 45 of 50 GB/s per link (recalled)",
    )

    framework_reserve_bytes: float = _prior(
        1.5e9, "B per accelerator", "assumed: context, communicator buffers, libraries"
    )
    usable_memory_fraction: float = _prior(
        0.95, "fraction of nominal memory", "assumed: reserved by the driver and fragmented"
    )
    gemm_activation_factor: float = _prior(
        1.7,
        "kept bytes over counted bytes",
        "largest batches of NVIDIA's TensorFlow BERT examples on 16 to 80 GB accelerators: "
        "unfused operations keep copies",
    )
    convolution_activation_factor: float = _prior(
        1.1,
        "kept bytes over counted bytes",
        "at most 1.2: ResNet-50 trains with 256 images at 16 bit in 16 GB",
    )

    jpeg_decode_bytes_per_second_per_vcpu: float = _prior(
        11e6,
        "B/s of compressed images",
        "at least 89 ImageNet JPEGs (110 kB) per hardware thread: TensorFlow benchmarks 2017, "
        "AlexNet, real data, four P100 of a DGX-1",
    )
    token_samples_per_second_per_vcpu: float = _prior(
        5e3, "sequences/s", "assumed: parsing a stored record of token ids"
    )
    tabular_samples_per_second_per_vcpu: float = _prior(
        1e5, "rows/s", "assumed: parsing a stored binary record"
    )

    first_byte_seconds: float = _prior(
        0.15, "s", "AWS, S3 User Guide, Optimizing performance: 100-200 ms for small objects"
    )
    connection_bytes_per_second: float = _prior(
        85e6, "B/s", "AWS, S3 performance design patterns: 85-90 MB/s per request (recalled)"
    )
    connections_per_node: float = _prior(
        32.0, "parallel reads of one node", "assumed: tf.data interleave over 32 files"
    )
    local_nvme_bytes_per_second: float = _prior(
        2e9, "B/s of one node", "assumed: one NVMe disk of a cloud machine, sequential reads"
    )
    startup_seconds: float = _prior(
        90.0, "s", "assumed: start of the program, compilation of the first step"
    )
    run_to_run_variation: float = _prior(
        0.03,
        "coefficient of variation",
        "spread of equal MLPerf training submissions: medians of 0.4 to 11 % by round",
    )


PRIORS = Calibration()
"""For software as it comes: a framework that launches every operation, nothing fused by hand."""

TUNED = replace(
    PRIORS,
    gemm_efficiency_16bit=0.61,
    gemm_efficiency_8bit=0.76,
    convolution_efficiency_16bit=0.55,
    kernel_ramp_seconds=1.06e-5,
    attention_efficiency_share=0.8,
    elementwise_traffic_factor=0.73,
    score_traffic_factor=0.14,
    kernel_launch_seconds=3.1e-6,
    step_overhead_seconds=1.7e-4,
    overlap_fraction=0.6,
    gemm_activation_factor=1.05,
)
"""For tuned software: fused kernels, captured graphs. Fitted to the same half of the runs; what
is not named here was not told apart by them. Fused operations keep no copies of activations: at
most 1.05 times what is counted, for MPT 350M was trained with 32 sequences of 1,024 tokens at
once in 40 GB (llm-foundry)."""


def describe_parameters(calibration: Calibration = PRIORS) -> list[tuple[str, float, str, str]]:
    """(name, value, unit, source) of each parameter, for tables and reports."""
    return [
        (each.name, getattr(calibration, each.name), each.metadata["unit"], each.metadata["source"])
        for each in fields(calibration)
        if each.metadata
    ]
