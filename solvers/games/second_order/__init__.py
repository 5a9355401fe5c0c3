"""Second-order and exact-to-rounding methods: interior point, linear program, double oracle, Newton."""
