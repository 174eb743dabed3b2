"""Rewrites that ClickHouse need not try on our own queries.

It goes through the whole of a query for each of them, and they find nothing: these queries are written as meant.
Without them a map is planned in two thirds of the time (make bench ONLY=planning). Rewrites that read less stay on.
"""

_REWRITES = """
aggregators_of_group_by_keys and_compare_chain arithmetic_operations_in_aggregate_functions dictget_tuple_element
empty_string_comparisons extract_common_expressions group_by_constant_keys group_by_function_keys
injective_functions_in_group_by injective_functions_in_limit_by injective_functions_inside_uniq
limit_by_function_keys multiif_to_if normalize_count_variants or_like_chain
redundant_comparisons redundant_functions_in_order_by rewrite_aggregate_function_with_if rewrite_array_exists_to_has
rewrite_has_to_in rewrite_like_perfect_affix rewrite_regexp_functions rewrite_sum_if_to_count_if syntax_fuse_functions
time_filter_with_preimage trivial_group_by_limit_query truncate_order_by_after_group_by_keys uniq_to_count
"""
# Settings of a query. A server of another version passes over those that it does not know.
AS_WRITTEN = {f"optimize_{name}": 0 for name in _REWRITES.split()}
