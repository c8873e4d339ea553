"""Checking data: leaks, duplicates and confounds in annotated clips."""
