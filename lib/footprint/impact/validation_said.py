"""The comparison with published figures in words and rows, misses included. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from footprint.impact.validation import Comparison, Summary, compared, summary, upper_scenario

SOURCES = {
    "Google2025": "Google, median Gemini Apps prompt, May 2025",
    "Google2025-narrow": "Google, the same prompt, accelerators only",
    "OpenAI2025": "OpenAI, average ChatGPT query, June 2025",
    "EpochAI2025": "Epoch AI 2025, typical query",
    "EpochAI2025-10k": "Epoch AI 2025, 10,000 tokens in",
    "EpochAI2025-100k": "Epoch AI 2025, 100,000 tokens in",
    "InferenceMAX/muxup2026": "InferenceMAX, evaluated by muxup.com 2026",
    "ML.ENERGYv3": "ML.ENERGY v3 benchmark",
    "Jegham2025v6": "Jegham et al. 2025 (v6)",
}


def validation_rows(found: Sequence[Comparison]) -> list[list[str]]:
    """Return the table of comparisons: reference, tokens, Wh of each, ratios, and the verdict."""
    return [
        [
            SOURCES.get(row.source, row.source),
            row.model,
            f"{row.tokens_in:,} / {row.tokens_out:,}",
            _wh(row.reference_wh),
            f"{_wh(row.ours.mid)} ({_wh(row.ours.low)}–{_wh(row.ours.high)})",
            f"{row.ratio:.2f}",
            "–".join(dict.fromkeys(_wh(end) for end in row.theirs)) if row.theirs else "unknown",
            f"{row.their_ratio:.2f}" if row.their_ratio else "",
            verdict(row),
        ]
        for row in found
    ]


VALIDATION_HEAD = (
    *("Reference", "Model", "Tokens in / out", "Wh", "Ours, Wh (90 % band)", "Ours ÷ reference"),
    *("EcoLogits, Wh", "EcoLogits ÷ reference", "Verdict"),
)


def verdict(row: Comparison) -> str:
    """Return how our figure does against one reference, in words."""
    near = 0.5 <= row.ratio <= 2
    if row.is_inside:
        return "inside the band" if near else "inside the band, beyond 2×"
    return f"miss: {row.ratio:.2g}×"


def summary_text(name: str, found: Summary) -> str:
    """Return the geometric mean and spread of a method in a sentence."""
    return (
        f"{name}: geometric mean ratio {found.geometric_mean:.2f}, spread ×/÷{found.spread:.2f}, "
        f"{found.within_two} of {found.cases} within a factor of two"
    )


def validation_text() -> str:
    """Return in Markdown how both methods stand against the published figures."""
    ours, theirs = compared(), upper_scenario()
    inside = sum(row.is_inside for row in ours)
    upper_inside = sum(row.is_inside for row in theirs)
    times_below = 1 / summary(row.ratio for row in theirs).geometric_mean
    return (
        f"{inside} of {len(ours)} published figures lie inside our 90 % band.\n\n"
        f"- {summary_text('Ours', summary(row.ratio for row in ours))}.\n"
        f"- {summary_text('EcoLogits', summary(row.their_ratio for row in ours))}.\n\n"
        "Where the reference gives no tokens, 250 generated ones are assumed for a chat prompt. "
        "ML.ENERGY's models are compared by the size formula alone, without their own measurement; "
        "EcoLogits counts generated tokens only. No constant is tuned to a single reference. The "
        "size formula was fitted on configurations of ML.ENERGY and the host overhead is taken "
        "from Google's shares: their rows are not independent of the method; OpenAI's, Epoch AI's "
        "and InferenceMAX's are.\n\n"
        f"Jegham et al. 2025 stand as the upper scenario: {upper_inside} of their {len(theirs)} "
        f"figures lie inside our band, and ours are {times_below:.1f} times below theirs in the "
        "geometric mean, most for small models, where theirs stand far above every measurement. "
        "They are reported, not fitted. Mistral's life cycle analysis (1.14 gCO2e and 45 mL for "
        "400 tokens) includes training and making the hardware: another boundary, not a comparison."
    )


def _wh(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.3g}"
