"""What each layer class of Keras costs, by the name and configuration in a model file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from domain.architectures.layer_work import LayerWork, Shape
from domain.errors import ScenarioError

Config = Mapping[str, Any]
_Rule = Callable[[LayerWork, Config, list[Shape]], Shape]


def apply_layer(work: LayerWork, name: str, config: Config, inputs: list[Shape]) -> Shape:
    """Adds one layer of class ``name`` and gives the shape that comes out.

    Raises:
        ScenarioError: a class that is not counted.
    """
    rule = _RULES.get(name)
    if rule is None:
        raise ScenarioError(
            f"class {name} is not counted; describe the model as {{kind: cnn}}, "
            "{kind: network} or by raw figures"
        )
    if config.get("data_format") == "channels_first" and name != "Flatten":
        raise ScenarioError("channels_first is not counted; save it as channels_last")
    return rule(work, config, inputs)


def _convolution(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.convolve(
        inputs[0],
        config["filters"],
        config["kernel_size"],
        config["strides"],
        _padding(config),
        bias=config["use_bias"],
        groups=config.get("groups", 1),
        dilation=config.get("dilation_rate", 1),
    )


def _depthwise(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    channels = inputs[0][-1]
    return work.convolve(
        inputs[0],
        channels * config.get("depth_multiplier", 1),
        config["kernel_size"],
        config["strides"],
        _padding(config),
        bias=config["use_bias"],
        groups=channels,
        dilation=config.get("dilation_rate", 1),
    )


def _separable(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    shape = _depthwise(work, {**config, "use_bias": False}, inputs)
    return work.convolve(shape, config["filters"], 1, bias=config["use_bias"])


def _transposed(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.transpose_convolve(
        inputs[0],
        config["filters"],
        config["kernel_size"],
        config["strides"],
        padding=_padding(config),
        bias=config["use_bias"],
    )


def _padding(config: Config) -> str:
    # A causal convolution pads as much as "same" does, all of it in front.
    return "valid" if config["padding"] == "valid" else "same"


def _pool(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.pool(inputs[0], config["pool_size"], config["strides"], _padding(config))


def _global_pool(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    *spatial, channels = inputs[0]
    out = *((1,) * len(spatial) if config.get("keepdims") else ()), channels
    return work.reduce(inputs[0], out)


def _dense(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.dense(inputs[0], config["units"], config["use_bias"])


def _normalise(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    trained = config.get("scale", True) + config.get("center", True)
    if config.get("rms_scaling"):
        trained = 1
    return work.normalise(inputs[0], trained * inputs[0][-1])


def _rms(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.normalise(inputs[0], inputs[0][-1])


def _embedding(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.embed(inputs[0], config["input_dim"], config["output_dim"])


def _attention(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    value = inputs[1] if len(inputs) > 1 else inputs[0]
    work.attend(
        _sequence(inputs[0]),
        config["num_heads"],
        head_width=config["key_dim"],
        value_width=config.get("value_dim"),
        context=(_sequence(value)[0], value[-1]),
        qkv_bias=config["use_bias"],
        out_bias=config["use_bias"],
    )
    return inputs[0]


def _sequence(shape: Shape) -> tuple[int, int]:
    return prod(shape[:-1]), shape[-1]


def _recurrent(gates: int) -> _Rule:
    def rule(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
        # A GRU that resets after the product has a second bias (cuDNN's form).
        biases = (2 if config.get("reset_after") else 1) if config["use_bias"] else 0
        out = work.recur(inputs[0], config["units"], gates=gates, biases=biases)
        return out if config.get("return_sequences") else out[1:]

    return rule


def _bidirectional(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    inner = config["layer"]
    apply_layer(work, inner["class_name"], inner["config"], inputs)
    out = apply_layer(work, inner["class_name"], inner["config"], inputs)
    joined = config.get("merge_mode", "concat") == "concat"
    return (*out[:-1], out[-1] * 2) if joined else out


def _time_distributed(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    inner, (steps, *shape) = config["layer"], inputs[0]
    one = LayerWork()
    out = apply_layer(one, inner["class_name"], inner["config"], [tuple(shape)])
    # All steps are one call of each kernel.
    one.matrix_kernels /= steps
    one.elementwise_kernels /= steps
    work.add(one, times=steps, parameters=1)
    return (steps, *out)


def _merge(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.merge(max(inputs, key=prod), len(inputs))


def _concatenate(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    out = list(inputs[0])
    axis = config.get("axis", -1)
    axis = axis - 1 if axis > 0 else axis
    out[axis] = sum(shape[axis] for shape in inputs)
    return work.copy(tuple(out))


def _dropout(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.dropout(inputs[0])


def _same(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return inputs[0]


def _prelu(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    shared = {axis - 1 for axis in config.get("shared_axes") or ()}
    sizes = [1 if axis in shared else size for axis, size in enumerate(inputs[0])]
    work.parameters += prod(sizes)
    return work.copy(inputs[0])


def _flatten(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return (prod(inputs[0]),)


def _reshape(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    sizes, elements = list(config["target_shape"]), prod(inputs[0])
    if -1 in sizes:
        known = -prod(sizes)
        sizes[sizes.index(-1)] = elements // known
    return tuple(sizes)


def _permute(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.copy(tuple(inputs[0][axis - 1] for axis in config["dims"]), kept=False)


def _repeat(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    return work.copy((config["n"], *inputs[0]), kept=False)


def _resize(sign: int, key: str) -> _Rule:
    def rule(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
        *spatial, channels = inputs[0]
        sides = config[key]
        pairs = [sides] if len(spatial) == 1 else [sides] * len(spatial)
        if isinstance(sides, list | tuple):
            pairs = list(sides) if len(spatial) > 1 else [sides]
        out = (
            *(
                size + sign * (sum(pair) if isinstance(pair, list | tuple) else 2 * pair)
                for size, pair in zip(spatial, pairs, strict=True)
            ),
            channels,
        )
        return work.copy(out, kept=False)

    return rule


def _upsample(work: LayerWork, config: Config, inputs: list[Shape]) -> Shape:
    *spatial, channels = inputs[0]
    factor = config["size"]
    factors = [factor] * len(spatial) if isinstance(factor, int) else factor
    out = *(size * by for size, by in zip(spatial, factors, strict=True)), channels
    return work.copy(out, kept=False)


_ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "GELU")
_NOTHING = (
    "Rescaling", "Normalization", "Masking", "Identity", "ActivityRegularization", "Cast",
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomTranslation",
    "RandomBrightness",
)  # fmt: skip
_RULES: dict[str, _Rule] = {
    **{f"Conv{n}D": _convolution for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": _transposed for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": _depthwise for n in (1, 2)},
    **{f"SeparableConv{n}D": _separable for n in (1, 2)},
    **{f"{kind}Pooling{n}D": _pool for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"Global{kind}Pooling{n}D": _global_pool for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"ZeroPadding{n}D": _resize(1, "padding") for n in (1, 2, 3)},
    **{f"Cropping{n}D": _resize(-1, "cropping") for n in (1, 2, 3)},
    **{f"UpSampling{n}D": _upsample for n in (1, 2, 3)},
    **dict.fromkeys(("BatchNormalization", "LayerNormalization", "GroupNormalization"), _normalise),
    **dict.fromkeys(("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
                     "GaussianDropout", "AlphaDropout", "GaussianNoise"), _dropout),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _merge),
    **dict.fromkeys((*_ACTIVATIONS, *_NOTHING), _same),
    "RMSNormalization": _rms,
    "PReLU": _prelu,
    "Dense": _dense,
    "Embedding": _embedding,
    "MultiHeadAttention": _attention,
    "LSTM": _recurrent(4),
    "GRU": _recurrent(3),
    "SimpleRNN": _recurrent(1),
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
    "Concatenate": _concatenate,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat,
}  # fmt: skip
