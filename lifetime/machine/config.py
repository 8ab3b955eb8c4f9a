"""The sizes of a model from its ``config.json``: every key that shapes it is read, or is an error."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..arrays import brief, closest
from .families import FAMILIES, KEYS
from .sizes import insist
from .span import Span

_OPTIONAL = ("kv_heads", "head_size", "shared_experts", "q_rank")

_WINDOWS = ("full_attention", "sliding_attention", "chunked_attention")
_WINDOW, _CHUNK = "sliding_window", "attention_chunk_size"
_IMPOSSIBLE = {
    "is_encoder_decoder": "false: a decoder alone",
    "full_attention_interval": "left out: all layers attend in full or to a window",
    "linear_attn_config": "left out: all layers attend in full or to a window",
    "state_size": "left out: a state space is no attention",
    "ssm_state_size": "left out: a state space is no attention",
    "mamba_num_heads": "left out: a state space is no attention",
    "mamba_d_state": "left out: a state space is no attention",
    "hybrid_override_pattern": "left out: all layers are alike",
    "layers_block_type": "left out: all layers are alike",
    "block_configs": "left out: all layers are alike",
    "num_query_heads": "left out: all layers are alike",
    "cross_attention_layers": "left out: no layers attend to pictures",
}
_SHAPE = re.compile(
    r"(^|_)(n|num|sizes?|dims?|widths?|heads?|layers?|rank|experts?|bias|norm|window|inner|tie|mlp|moe|chunk|ratios?|"
    r"sparse|linear|conv|ssm|mamba|state|pattern|types|index|hc|groups|lora|share|shared|expansion|multi|query)(_|$)"
)
_HARMLESS = re.compile(
    r"dropout|eps(ilon)?$|^n_ctx$|rope|rotary|token|position|quant|dtype|version|nextn|mtp|loss|router|rout|group$|topk|beams?|penalty|"
    r"return|temperature|scaling|scale|initial|std|clip|limit|freeze|image|vision|audio|^ep_|norm_type|norm_topk|"
    r"pretraining|label|ngram|min_|max_len|memory|summary|sequence|seq|apply_residual|hash_|sinkhorn|cache|prefix|logits|"
    r"torchscript|softcap|multiplier|num_hidden_layers_|unpadded|multiple_of|tokenizer|prune|jitter|_of_mtp|class|query_pre|type_vocab"
)


class _Keys:
    """The keys of a config, which remember that they were read."""

    def __init__(self, config, family):
        self.values, self.seen = family.defaults | config, {"model_type", "architectures", *family.ignored}

    def get(self, *names, default=None):
        """The value of the first of these keys that has one."""
        self.seen.update(names)
        found = {name: self.values[name] for name in names if self.values.get(name) is not None}
        for name, value in found.items():
            first = next(iter(found))
            insist(value == found[first], name, value, f"{found[first]}, as {first} is")
        return next(iter(found.values()), default)

    def name(self, *names):
        """Which of these keys has a value; the first if none has."""
        return next((name for name in names if self.values.get(name) is not None), names[0])

    def size(self, *names, least=1, default=None):
        value = self.get(*names, default=default)
        if value is None:
            raise ValueError(f"{names[0]} must be in the config: a whole number, {least} or more; it is missing")
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value >= least and value % 1 == 0
        insist(whole, self.name(*names), value, f"a whole number, {least} or more")
        return int(value)

    def flag(self, name):
        value = self.get(name, default=False)
        insist(isinstance(value, bool), name, value, "true or false")
        return value

    def words(self, name, layers, valid):
        """A word for each layer, or None."""
        words = self.get(name)
        if words is None:
            return None
        insist(isinstance(words, list) and len(words) == layers, name, words, f"a list of {layers}, one for each layer")
        for word in words:
            insist(word in valid, name, word, f"made of {', '.join(valid)}")
        return words


def read(config, build):
    """What ``build`` makes of the sizes that a config gives: a dict, or the path of a file."""
    source = ""
    if not isinstance(config, dict):
        source = str(config)
        config = json.loads(Path(config).read_text(encoding="utf-8"))
        insist(isinstance(config, dict), source, config, "a JSON object")
    config = _text_model(config)
    for name, valid in _IMPOSSIBLE.items():
        insist(not config.get(name), name, config.get(name), valid)
    kind = config.get("model_type")
    if kind not in FAMILIES:
        raise ValueError(
            f"model_type must be that of a known family; got {brief(kind)}; {closest(str(kind), FAMILIES)}"
        )
    family = FAMILIES[kind]
    keys = _Keys(config, family)
    values = _sizes(keys, family)
    values |= family.more(keys, values)
    for name, valid in family.valid.items():
        value = keys.get(name, default=valid[0])
        insist(value in valid, name, value, f"{' or '.join(map(json.dumps, valid))} with model_type {kind}")
    for name, value in config.items():
        if value and name not in keys.seen and _SHAPE.search(name) and not _HARMLESS.search(name):
            raise ValueError(
                f"{name} must be left out with model_type {kind}, which has no such key; got {brief(value)}"
            )
    try:
        return build(**values, name=str(config.get("_name_or_path") or ""), source=source)
    except ValueError as error:
        size, _, rest = str(error).partition(" ")
        raise ValueError(f"{keys.name(*(KEYS | family.keys).get(size, (size,)))} {rest}") from None


def _text_model(config):
    """The config of the text model of a multimodal one, with what it does not say itself."""
    for name in ("text_config", "llm_config", "language_config"):
        if isinstance(config.get(name), dict):
            outer = {key: config[key] for key in ("tie_word_embeddings", "_name_or_path") if key in config}
            return _text_model(outer | config[name])
    return config


def _sizes(keys, family):
    where = KEYS | family.keys
    sizes = {name: keys.size(*where[name]) for name in ("layers", "width", "heads", "vocabulary")}
    layers = sizes["layers"]
    sizes["dense_layers"] = _dense_layers(keys, layers) if "experts" in where else 0
    needed = [name for name in where if name not in sizes]
    if "experts" in where and not sizes["dense_layers"]:
        keys.get(*where["ffn_width"])
        needed.remove("ffn_width")
    for name in needed:
        default = 4 * sizes["width"] if name == "ffn_width" and family.wide else None
        if keys.get(*where[name]) is not None or name not in _OPTIONAL:
            sizes[name] = keys.size(*where[name], least=int(name != "shared_experts"), default=default)
    if "head_size" not in sizes:
        whole = sizes["width"] % sizes["heads"] == 0
        insist(whole, keys.name(*where["width"]), sizes["width"], f"a multiple of {sizes['heads']} heads")
        sizes["head_size"] = sizes["width"] // sizes["heads"]
    sizes["tied"] = keys.flag("tie_word_embeddings")
    sizes["qk_norm"] = "".join(word for name, word in family.qk_norms.items() if keys.flag(name))
    words = [word for name, word in family.biases.items() if keys.flag(name)]
    biases = " ".join([*words, family.fixed.get("biases", "")]).strip()
    return sizes | _windows(keys, family.windows, layers) | family.fixed | {"biases": biases}


def _dense_layers(keys, layers):
    """Layers without experts, by whichever of the keys there are."""
    words = keys.words("mlp_layer_types", layers, ("dense", "sparse"))
    first, every = keys.size("first_k_dense_replace", default=0, least=0), keys.size("moe_layer_freq", default=1)
    step = keys.size("decoder_sparse_step", "interleave_moe_layer_step", default=1)
    dense, sparse = keys.get("mlp_only_layers", default=[]), keys.get("moe_layers") or range(layers)
    if words is not None:
        return words.count("dense")
    has = [
        i >= first and i % every == 0 and (i + 1) % step == 0 and i not in dense and i in sparse for i in range(layers)
    ]
    return has.count(False)


def _windows(keys, kind, layers):
    """Which layers attend to a window or a chunk, and how far it reaches."""
    words = None if kind is None else keys.words("layer_types", layers, _WINDOWS)
    if words is None and not kind:
        return {}
    chunks = kind == "chunks"
    on, reach = keys.get("use_sliding_window", default=True), keys.get(_CHUNK if chunks else _WINDOW)
    late, every = keys.get("max_window_layers"), keys.get("sliding_window_pattern", "_sliding_window_pattern")
    every = keys.get("no_rope_layer_interval", default=4) if chunks else every or kind
    near = keys.get("no_rope_layers") if chunks else None  # those with rotary positions
    if words is None:
        is_near = {"all": lambda i: True, "late": lambda i: i >= late}.get(kind, lambda i: (i + 1) % every > 0)
        near = near or [is_near(i) for i in range(layers)]
        words = [("chunked" if chunks else "sliding") if on and reach and is_near else "full" for is_near in near]
    count = {word: sum(w.startswith(word) for w in words) for word in ("sliding", "chunked")}
    found = {"window": keys.size(_WINDOW), "windowed_layers": count["sliding"]} if count["sliding"] else {}
    spans = (Span(layers=count["chunked"], chunk=keys.size(_CHUNK)),) if count["chunked"] else ()
    return found | {"spans": spans}
