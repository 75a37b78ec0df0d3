"""What ONNX Runtime cannot run: which operators, attributes and types it has kernels for."""

from __future__ import annotations

from tests.conformance.refusals.refusal import Refusal

_NO_OPERATOR = "ONNX Runtime does not know the operator, or one of its attributes"
_NO_TYPE = "ONNX Runtime has no kernel for these types"
_NO_FORM = "ONNX Runtime's kernel does not take these attributes or shapes"

REFUSALS = (
    Refusal(
        "the operator set is newer than this ONNX Runtime",
        "ValidateOpsetForDomain",
        (
            "test_causal_conv_with_state_b1_c1_degenerate",
            "test_causal_conv_with_state_basic",
            "test_causal_conv_with_state_decode_step",
            "test_causal_conv_with_state_fp16",
            "test_causal_conv_with_state_kernel_size_one",
            "test_causal_conv_with_state_short_input_no_past_state",
            "test_causal_conv_with_state_silu",
            "test_causal_conv_with_state_silu_fp16",
            "test_causal_conv_with_state_silu_with_past_state",
            "test_causal_conv_with_state_swish_alias",
            "test_causal_conv_with_state_with_bias",
            "test_causal_conv_with_state_with_bias_and_past_state",
            "test_causal_conv_with_state_with_past_state",
            "test_linear_attention_decode_step",
            "test_linear_attention_delta",
            "test_linear_attention_explicit_scale",
            "test_linear_attention_fp16",
            "test_linear_attention_gated",
            "test_linear_attention_gated_delta",
            "test_linear_attention_gated_delta_beta_scalar",
            "test_linear_attention_gated_delta_?qa",
            "test_linear_attention_gated_per_head_decay",
            "test_linear_attention_linear",
            "test_linear_attention_linear_t1_no_past",
            "test_linear_attention_no_past_explicit_zeros",
            "test_linear_attention_prefill_with_past",
        ),
    ),
    Refusal(
        "the file format is newer than this ONNX Runtime",
        "Unsupported model IR version",
        (
            "test_spacetodepth",
            "test_spacetodepth_crd_mode_example",
            "test_spacetodepth_dcr_mode_example",
            "test_spacetodepth_example",
            "test_swiglu",
            "test_swiglu_alpha",
            "test_swiglu_float16",
        ),
    ),
    Refusal(
        _NO_OPERATOR,
        "Fatal error",
        (
            "test_flexattention",
            "test_flexattention_causal_mask",
            "test_flexattention_diff_head_sizes",
            "test_flexattention_double",
            "test_flexattention_fp16",
            "test_flexattention_gqa",
            "test_flexattention_prob_mod",
            "test_flexattention_relative_positional",
            "test_flexattention_scaled",
            "test_flexattention_score_mod",
            "test_flexattention_soft_cap",
        ),
    ),
    Refusal(
        _NO_OPERATOR,
        "INVALID_GRAPH",
        (
            "test_attention_3d_local_window",
            "test_attention_bidirectional_window",
            "test_attention_local_window",
            "test_attention_local_window_default",
            "test_attention_local_window_ext_cache_float16_mask",
            "test_attention_local_window_ext_cache_rank?_mask",
            "test_attention_local_window_ext_cache_rank?_*_mask",
            "test_attention_local_window_gqa_rank4_mask",
            "test_attention_local_window_rank1_boolean_mask",
            "test_attention_local_window_with_past",
        ),
    ),
    Refusal(
        _NO_TYPE,
        "INVALID_GRAPH",
        ("test_bitshift_*_int8*", "test_bitshift_*_int16", "test_bitshift_*_int[36]*"),
    ),
    Refusal(
        _NO_TYPE,
        "NOT_IMPLEMENTED",
        (
            "test_bitcast_bool_to_uint8",
            "test_bitshift_*_uint16",
            "test_max_*int16",
            "test_min_*int16",
            "test_pow_types_float32_uint*",
            "test_top_k_uint64",
        ),
    ),
    Refusal(
        _NO_TYPE,
        "RUNTIME_EXCEPTION",
        ("test_reduce_max_empty_set_bool",),
    ),
    Refusal(
        _NO_FORM,
        "NOT_IMPLEMENTED",
        ("test_roialign_aligned_false", "test_roialign_aligned_true", "test_roialign_mode_max"),
    ),
    Refusal(
        _NO_FORM,
        "Exception during initialization",
        ("test_gru_batchwise", "test_lstm_batchwise", "test_simple_rnn_batchwise"),
    ),
    Refusal(
        _NO_FORM,
        "Non-zero status code",
        (
            "test_attention_4d_causal_padded_kv_bf16",
            "test_attention_4d_diff_heads_mask4d_padded_kv",
            "test_attention_4d_padded_kv_bf16",
            "test_convinteger_with_padding",
            "test_mod_float*_mixed_sign_fmod_0",
            "test_mod_float_edge_cases_fmod_0_float*",
        ),
    ),
    Refusal(
        "float64 is computed in float32, which has other bits",
        "BitCast requires input and output types to have the same bit-width",
        ("test_bitcast_float64_to_int64", "test_bitcast_int64_to_float64"),
    ),
)
