"""The embedded Supabase: PostgreSQL and Supabase Lite, for demos, tests and development.

Never for production: a deployment uses hosted or self-hosted Supabase.
"""
