"""Names of models as people write them: routes, ARNs, prices, quantisations and tunings. Pure.

LiteLLM's own list is written one way, and `names` reads it. What requests bear besides is brought
into that form here, by rules that are written down, before the ladder is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

# Longer than any name that a provider gives; what is longer is no name and is not taken apart,
# like one with characters that nobody sees.
LONGEST_NAME = 300

# Whoever runs these chooses the ids: a size in one of them is a weak sign of a model. (Makers of
# closed models write none; what stands there with a size is somebody's server with their API.)
CHOSEN_IDS = {
    *("azure", "azure_text", "sagemaker", "sagemaker_chat", "sagemaker_nova", "litellm_proxy"),
    *("openai", "text-completion-openai", "anthropic"),
    *("hosted_vllm", "vllm", "llamafile", "lm_studio", "oobabooga", "openai_like", "petals"),
    *("baseten", "bytez", "custom", "custom_openai", "docker_model_runner", "predibase"),
    *("triton", "xinference"),
}
# A word of these beside the size says whose size it is.
_FAMILY = re.compile(
    r"apertus|baichuan|bloom|chatglm|command-|dbrx|deepseek|devstral|dolphin|ernie|eurollm|exaone"
    r"|falcon|gemma|gpt-?j-|gpt-neox|granite|hermes|hunyuan|internlm|jamba|kimi|llama|llava"
    r"|magistral|minicpm|minimax|ministral|minitron|mistral|mixtral|nemotron|olmo|openchat|pixtral"
    r"|pythia|qwen|salamandra|sarvam|skywork|smollm|starcoder|stablelm|telechat|teuken|vicuna"
    r"|voxtral|wizardlm|zephyr|(^|-)codestral"
    r"|(^|-)(aya|cogito|dolly|glm|jais|ling|lfm|mamba|mimo|mpt|opt|orca|phi|plamo|qwq|ring|rnj"
    r"|seed-oss|solar|step|tulu|xgen|yi|zamba)-?(?=\d|-|$)"
)
# What a provider's part of an aggregator's name says about the names that follow it.
_VENDORS = {
    "anthropic": "anthropic",
    "cohere": "cohere",
    "google": "gemini",
    "mistralai": "mistral",
    "mistral-ai": "mistral",
    "openai": "openai",
}
_AGGREGATORS = {
    *("aiml", "cometapi", "github", "helicone", "litellm_proxy", "openrouter", "poe"),
    *("vercel_ai_gateway", "zenmux"),
}
_AZURE_OPENAI = re.compile(r"^(chatgpt-|gpt-|o\d)")

# Not text, whatever their size: pictures, films, sound, recognition, ordering, classifying.
_NOT_TEXT = re.compile(
    r"(^|-)(asr|aura|audio|avatar|bark|bert|canary|canvas|chatterbox|clip|colbert|cosmos|dall-e|diffusion"
    r"|eleven|esm2|esmfold|f5-tts|flux|gliner|hunyuanvideo|ideogram|image|imagegen|imagen|images"
    r"|kling|kokoro|lipsync|live|ltx|lyria|moderation|music|musicgen|nova-reel|nova-sonic|ocr\d?"
    r"|orpheus|parakeet|playai|prompt-guard|realtime|recraft|reel|retrieval|sam|sd3|sdxl"
    r"|seedance|seedream|siglip|sonic|sora|speech|stt|t2i|t2v|i2v|tdt|transcribe|transcription|tts"
    r"|upscale|veo|video|voicechat|wan|wan2|wan-2|whisper|whisperx|xtts)(-|$)"
)
# Prompt guards, of whichever size, and names in which a word runs on.
_NOT_TEXT_ANYWHERE = re.compile(
    r"hunyuanocr|lightonocr|olmocr|paddleocr|promptguard|qwen-?image|rerank|ssd-1b|stable-diffusion"
    r"|stable-image|vibevoice|voxtral-mini-(2602|latest|transcribe)|whisper"
)

_ARN = re.compile(r"arn:aws[a-z-]*:(bedrock|sagemaker):[^:]*:[^:]*:(.+)$")
# Resources of Bedrock whose id says which model it is; any other is a label of its owner's.
_TELLING = ("inference-profile", "foundation-model", "custom-model")
_COHERE_LABS = re.compile(r"(^|/)c4ai-(?=command-(a|r7b))")
_GUFF = re.compile(r"^(registry\.ollama\.ai|hf\.co|huggingface\.co|@cf|@hf)/")
# Ways of selling at OpenRouter and of choosing a host at Hugging Face, after the name.
_SOLD_AS = re.compile(
    r":(beta|cheapest|exacto|extended|fastest|floor|free|nitro|online|preferred|self-moderated"
    r"|thinking)$|\[1m\]$"
)
_ROUTED = re.compile(r":[a-z-]+$")
_EFFORT = re.compile(r"^((?:o\d|gpt-[5-9])[a-z0-9.-]*?)-(minimal|low|medium|high|xhigh)$")
_TUNED = re.compile(r"[.-]ft-[a-z0-9-]+$")
# How the weights are stored: the numbers are as many.
_STORED = re.compile(
    r"[-_.@:]("
    r"(i1[-_.])?gguf|ggml|mlx|exl[23]|onnx|awq|gptq|gptqmodel|bnb|hqq|qat|dwq|imat|imatrix|fp8[-_]dynamic|fp8[-_]block"
    r"|(ud[-_])?i?q\d(_[0-9ks]|_k)?(_(s|m|l|xl|xs|xxs|nl))?|f16|fp16|f32|fp32|bf16|fp8|fp4|nf4|int[48]"
    r"|[mn]x?fp[48]|w\d+a\d+|quantized|\d(\.\d+)?[-_]?bits?|\d+(\.\d+)?bpw|unsloth|autoround"
    r"|g\d+|marlin|autogptq)$"
)
# Together's ways of serving a model with fewer bits.
_SERVED = re.compile(r"-(lite|tput)$")
_UNDERSCORED = re.compile(r"(?<=\d)_(?=\d)")
_MILLIONS = re.compile(r"(?<=-)(a?)(\d{2,3})m(?=-|$)")


@dataclass(frozen=True)
class Written:
    """A name as it was written, in the form that the ladder reads.

    Attributes:
        provider: Whose names these are: the vendor's, at hosts that name one.
        model: The name without what only says how it is served, sold, stored or tuned.
        stored: Whether it named a way of storing weights, which no measurement was made with.
        chosen: Whether whoever runs it chose the id.
        opaque: Whether it is a label that says nothing of the model.
    """

    provider: str
    model: str
    stored: bool = False
    chosen: bool = False
    opaque: bool = False


def read_written(provider: str, model: str) -> Written:
    """Bring a name into the ladder's form.

    Args:
        provider: LiteLLM's provider, lower case; may be empty.
        model: Model without the provider's prefix, any case.
    """
    name = model.strip().lower()
    if len(name) > LONGEST_NAME or not (name.isascii() and name.isprintable()):
        return Written(provider, "", opaque=True)
    named, opaque = _out_of_arn(unquote(name) if "%3a" in name else name)
    named = _COHERE_LABS.sub(r"\1", _GUFF.sub("", named))
    vendor = _vendor(provider, named)
    named = _SOLD_AS.sub("", named)
    if provider == "huggingface":
        named = _ROUTED.sub("", named)
    if provider == "together_ai":
        named = _SERVED.sub("", named)
    head, slash, last = named.rpartition("/")
    last = _EFFORT.sub(r"\1", _TUNED.sub("", _base_of_tuned(last)))
    last, stored = _stored(last)
    last = _MILLIONS.sub(_in_billions, _UNDERSCORED.sub(".", last))
    return Written(
        provider=vendor,
        model=f"{head}{slash}{last}",
        stored=stored,
        chosen=provider in CHOSEN_IDS or _of_an_account(provider, named),
        opaque=opaque or named.startswith("~"),
    )


def is_text_name(name: str) -> bool:
    """Return whether nothing in a slug says that a model makes something else than text."""
    return not (_NOT_TEXT.search(name) or _NOT_TEXT_ANYWHERE.search(name))


def names_a_family(name: str) -> bool:
    """Return whether a slug has the name of a family of models in it, and not a size only."""
    return bool(_FAMILY.search(name))


def _out_of_arn(name: str) -> tuple[str, bool]:
    """Return the model that an ARN names, and whether it names none."""
    found = _ARN.search(name)
    if not found:
        return name, False
    kind, _, rest = found.group(2).partition("/")
    if found.group(1) != "bedrock" or kind not in _TELLING:
        return rest, True
    return rest.partition("/")[0], False


def _vendor(provider: str, name: str) -> str:
    if provider == "azure_ai" and _AZURE_OPENAI.match(name):
        return "azure"
    owner = name.split("/")[-2] if "/" in name else ""
    return _VENDORS.get(owner, provider) if provider in _AGGREGATORS else provider


def _base_of_tuned(last: str) -> str:
    """``ft:base:organisation:name:id`` → ``base``: a fine-tuned model is as large as its base."""
    return last.split(":")[1] if last.startswith("ft:") else last


def _of_an_account(provider: str, name: str) -> bool:
    """Whether this is a customer's own deployment at Fireworks."""
    return (
        provider == "fireworks_ai"
        and name.startswith("accounts/")
        and not name.startswith("accounts/fireworks/")
    )


def _stored(name: str) -> tuple[str, bool]:
    shorter = _STORED.sub("", name)
    if shorter in ("", name):
        return name, False
    return _stored(shorter)[0], True


def _in_billions(found: re.Match[str]) -> str:
    return f"{found.group(1)}{int(found.group(2)) / 1000:g}b"
