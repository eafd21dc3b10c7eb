-- The shape of a hosted Supabase project of late 2026, for tests of `footprint migrate` as the role `postgres`, which
-- is no superuser there. Never part of a deployment.
--
-- Run it as the superuser `supabase_admin`, in each empty database of a cluster made with `initdb -U supabase_admin`;
-- PostgreSQL 15 to 18, no extension needed. Roles belong to the cluster and are made once. All else belongs to the
-- database. A copy of it (create database ... template) needs `owner postgres`: owner and rights of a database are not
-- copied, and `postgres` may create in `public` only as its owner.
--
-- Settings, to be set before (`set footprint_test.storage_policies = 'refused'`):
--   footprint_test.storage_policies  'allowed' (default): `postgres` makes policies on the tables of Storage
--                                    'refused': that ends in 42501, as where the project lacks the grant
--                                    'none': no schema `storage` at all
--   footprint_test.old_defaults      'off' (default): a new object in `public` is granted to nobody
--                                    'on': all is granted to the API roles, as in projects from before 2026-05-30
--                                    'rest': what Supabase's switch leaves. It takes back what the API can use;
--                                    truncate, references and trigger (maintain too, from 17) on a new table stay
--
-- Facts, not text, from these repositories: supabase/postgres (its image's init scripts and migrations: roles, owners,
-- grants, event triggers), supabase/auth (where its migrations up to 20260625000000 end), supabase/storage (tenant
-- migrations up to 0063), supabase/supautils (what it lets `postgres` do), supabase/supabase (pg-meta's SQL of the
-- switch for default privileges); and Supabase's changelog 45329 (no default grants) and 34270 (auth and storage are
-- closed). Roles, memberships, owners and grants agree with dumps of hosted projects that people published.
--
-- Missing, so no test may rely on it:
--   safeupdate (session_preload_libraries of `authenticator`): update and delete without where are refused through the
--     API. It cannot be loaded here; a test reads our SQL for such statements instead.
--   supautils beyond policies and triggers: it keeps `postgres` from altering its reserved roles (anon, authenticated,
--     service_role, authenticator, the supabase_ ones), on 15 also from granting them, and lets it make extensions and
--     event triggers.
--   extensions (pgcrypto, uuid-ossp, pg_stat_statements, Vault), Realtime, GraphQL, pg_cron, pg_net, PgBouncer's schema,
--     Storage's tables for multipart uploads, Iceberg and vectors, and the tables for SCIM and recovery codes of Auth.
--   automatic RLS (function public.rls_auto_enable): a choice when the project is made, off unless chosen.

do $$
begin
  if current_user <> 'supabase_admin' or not (select rolsuper from pg_roles where rolname = current_user) then
    raise exception 'hosted_supabase.sql is for the superuser supabase_admin, not for %', current_user;
  end if;
  if exists (select from pg_roles where rolname = 'postgres' and rolsuper) then
    raise exception 'in this cluster postgres is a superuser, as it is on no hosted project: initdb -U supabase_admin';
  end if;
  if coalesce(nullif(current_setting('footprint_test.storage_policies', true), ''), 'allowed') not in ('allowed', 'refused', 'none')
     or coalesce(nullif(current_setting('footprint_test.old_defaults', true), ''), 'off') not in ('off', 'on', 'rest') then
    raise exception 'a setting footprint_test.* has a value that hosted_supabase.sql does not know';
  end if;
end
$$;

-- Roles. Several databases may be made at once: whoever comes second waits for the first and finds all roles there.
-- Statement times hold for whoever logs in as the role; PostgREST, which logs in as `authenticator`, sets those of the
-- role it takes on, but a plain `set role` does not.
do $$
declare
  r record;
begin
  lock table pg_catalog.pg_authid in share row exclusive mode;
  if exists (select from pg_roles where rolname = 'supabase_privileged_role') then
    return;
  end if;
  for r in select * from (values
    ('postgres', 'login createdb createrole replication bypassrls'),
    ('anon', 'nologin'),
    ('authenticated', 'nologin'),
    ('service_role', 'nologin bypassrls'),
    ('authenticator', 'login noinherit'),
    ('dashboard_user', 'nologin createdb createrole replication'),
    ('pgbouncer', 'login'),
    ('supabase_auth_admin', 'login noinherit createrole'),
    ('supabase_storage_admin', 'login noinherit createrole'),
    ('supabase_realtime_admin', 'nologin noinherit'),
    ('supabase_replication_admin', 'login replication'),
    ('supabase_etl_admin', 'login replication bypassrls'),
    ('supabase_read_only_user', 'login bypassrls'),
    ('supabase_privileged_role', 'nologin')) as v (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = r.name) then
      execute format('create role %I %s', r.name, r.attributes);
    end if;
  end loop;

  grant anon, authenticated, service_role to authenticator, postgres, supabase_realtime_admin;
  grant authenticator to supabase_storage_admin;
  grant pg_monitor, pg_read_all_data to postgres, supabase_etl_admin, supabase_read_only_user;
  grant pg_signal_backend to postgres;
  grant supabase_privileged_role to postgres, supabase_etl_admin;
  if current_setting('server_version_num')::integer >= 160000 then
    -- Since 16, createrole alone no longer lets `postgres` grant a role: it needs the admin option.
    grant anon, authenticated, service_role, authenticator, pg_monitor, pg_read_all_data, pg_signal_backend,
          pg_create_subscription to postgres with admin option;
  end if;

  alter role anon set statement_timeout = '3s';
  alter role authenticated set statement_timeout = '8s';
  alter role authenticator set statement_timeout = '8s';
  alter role authenticator set lock_timeout = '8s';
  alter role postgres set search_path = "\$user", public, extensions; -- with its backslash, as it is there
  alter role supabase_admin set search_path = "$user", public, auth, extensions;
  alter role supabase_auth_admin set search_path = auth;
  alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
  alter role supabase_storage_admin set search_path = storage;
  alter role supabase_realtime_admin set search_path = public, extensions, realtime;
  alter role supabase_read_only_user set default_transaction_read_only = on;
end
$$;

-- The database and its schemas. `public` stays with pg_database_owner, which is `postgres` here.
do $$
begin
  execute format('alter database %I owner to postgres', current_database());
  execute format('grant all on database %I to postgres, dashboard_user', current_database());
  execute format('grant create on database %I to supabase_auth_admin, supabase_storage_admin', current_database());
end
$$;
grant usage on schema public to postgres, anon, authenticated, service_role;
create schema extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role;
grant all on schema extensions to dashboard_user;
alter default privileges in schema extensions grant all on tables to postgres with grant option;
alter default privileges in schema extensions grant all on routines to postgres with grant option;
alter default privileges in schema extensions grant all on sequences to postgres with grant option;
create schema auth;
grant usage on schema auth to postgres, anon, authenticated, service_role;
grant all on schema auth to supabase_auth_admin, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on routines to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on sequences to postgres, dashboard_user;

-- Rights on objects to come in `public`. Those of supabase_admin's own objects nobody but Supabase can change; the
-- switch changes those of `postgres`. Neither reaches the execute that PUBLIC has on every new function.
do $$
declare
  v_mode constant text := coalesce(nullif(current_setting('footprint_test.old_defaults', true), ''), 'off');
  v_role text;
  v_kind text;
begin
  if v_mode = 'off' then
    return;
  end if;
  foreach v_role in array array['postgres', 'supabase_admin'] loop
    foreach v_kind in array array['tables', 'functions', 'sequences'] loop
      execute format('alter default privileges for role %I in schema public grant all on %s to postgres, anon, authenticated, service_role',
                     v_role, v_kind);
    end loop;
  end loop;
  if v_mode = 'rest' then
    alter default privileges for role postgres in schema public
      revoke select, insert, update, delete on tables from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public revoke all on functions from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public revoke all on sequences from anon, authenticated, service_role;
  end if;
end
$$;

-- Auth (GoTrue). Its role makes and owns all of it; `postgres` is no member of that role (34270): it uses the tables,
-- references them and makes triggers on them, but creates nothing in the schema and alters no table.
set role supabase_auth_admin;

create type auth.factor_type as enum ('totp', 'webauthn', 'phone');
create type auth.factor_status as enum ('unverified', 'verified');
create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
create type auth.code_challenge_method as enum ('s256', 'plain');
create type auth.one_time_token_type as enum ('confirmation_token', 'reauthentication_token', 'recovery_token',
  'email_change_token_new', 'email_change_token_current', 'phone_change_token');
create type auth.oauth_registration_type as enum ('dynamic', 'manual');
create type auth.oauth_client_type as enum ('public', 'confidential');
create type auth.oauth_authorization_status as enum ('pending', 'approved', 'denied', 'expired');
create type auth.oauth_response_type as enum ('code');

create table auth.users (
  instance_id uuid, id uuid primary key, -- no default: GoTrue draws the id
  aud varchar(255), role varchar(255), email varchar(255), encrypted_password varchar(255),
  email_confirmed_at timestamptz, invited_at timestamptz,
  confirmation_token varchar(255), confirmation_sent_at timestamptz,
  recovery_token varchar(255), recovery_sent_at timestamptz,
  email_change_token_new varchar(255), email_change varchar(255), email_change_sent_at timestamptz,
  last_sign_in_at timestamptz, raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_super_admin boolean,
  created_at timestamptz, updated_at timestamptz,
  phone text default null::varchar unique, phone_confirmed_at timestamptz,
  phone_change text default ''::varchar, phone_change_token varchar(255) default '', phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current varchar(255) default '',
  email_change_confirm_status smallint default 0 check (email_change_confirm_status >= 0 and email_change_confirm_status <= 2),
  banned_until timestamptz, reauthentication_token varchar(255) default '', reauthentication_sent_at timestamptz,
  is_sso_user boolean not null default false, deleted_at timestamptz, is_anonymous boolean not null default false
);
create index users_instance_id_idx on auth.users (instance_id);
create index users_instance_id_email_idx on auth.users (instance_id, lower(email));
create index users_is_anonymous_idx on auth.users (is_anonymous);
create unique index users_email_partial_key on auth.users (email) where is_sso_user = false;
create unique index confirmation_token_idx on auth.users (confirmation_token) where confirmation_token !~ '^[0-9 ]*$';
create unique index recovery_token_idx on auth.users (recovery_token) where recovery_token !~ '^[0-9 ]*$';
create unique index email_change_token_current_idx on auth.users (email_change_token_current) where email_change_token_current !~ '^[0-9 ]*$';
create unique index email_change_token_new_idx on auth.users (email_change_token_new) where email_change_token_new !~ '^[0-9 ]*$';
create unique index reauthentication_token_idx on auth.users (reauthentication_token) where reauthentication_token !~ '^[0-9 ]*$';

create table auth.identities (
  provider_id text not null, user_id uuid not null references auth.users on delete cascade,
  identity_data jsonb not null, provider text not null,
  last_sign_in_at timestamptz, created_at timestamptz, updated_at timestamptz,
  email text generated always as (lower(identity_data ->> 'email')) stored,
  id uuid primary key default gen_random_uuid(),
  constraint identities_provider_id_provider_unique unique (provider_id, provider)
);
create index identities_user_id_idx on auth.identities (user_id);
create index identities_email_idx on auth.identities (email text_pattern_ops);

create table auth.oauth_clients (
  id uuid primary key, client_secret_hash text, registration_type auth.oauth_registration_type not null,
  redirect_uris text not null, grant_types text not null, client_name text, client_uri text, logo_uri text,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), deleted_at timestamptz,
  client_type auth.oauth_client_type not null default 'confidential',
  token_endpoint_auth_method text not null check (token_endpoint_auth_method in ('client_secret_basic', 'client_secret_post', 'none'))
);
create table auth.sessions (
  id uuid primary key, user_id uuid not null references auth.users on delete cascade,
  created_at timestamptz, updated_at timestamptz, factor_id uuid, aal auth.aal_level, not_after timestamptz,
  refreshed_at timestamp, user_agent text, ip inet, tag text,
  oauth_client_id uuid references auth.oauth_clients on delete cascade,
  refresh_token_hmac_key text, refresh_token_counter bigint,
  scopes text constraint sessions_scopes_length check (char_length(scopes) <= 4096)
);
create index user_id_created_at_idx on auth.sessions (user_id, created_at);
create index sessions_user_id_idx on auth.sessions (user_id);
create index sessions_not_after_idx on auth.sessions (not_after desc);
create index sessions_oauth_client_id_idx on auth.sessions (oauth_client_id);

create table auth.refresh_tokens (
  instance_id uuid, id bigserial primary key, token varchar(255) constraint refresh_tokens_token_unique unique,
  user_id varchar(255), revoked boolean, created_at timestamptz, updated_at timestamptz, parent varchar(255),
  session_id uuid references auth.sessions on delete cascade
);
create index refresh_tokens_instance_id_idx on auth.refresh_tokens (instance_id);
create index refresh_tokens_instance_id_user_id_idx on auth.refresh_tokens (instance_id, user_id);
create index refresh_tokens_parent_idx on auth.refresh_tokens (parent);
create index refresh_tokens_session_id_revoked_idx on auth.refresh_tokens (session_id, revoked);
create index refresh_tokens_updated_at_idx on auth.refresh_tokens (updated_at desc);

-- Of oauth_clients and the tables from here on, plain indexes and checks on lengths and forms are left out.
create table auth.instances (id uuid primary key, uuid uuid, raw_base_config text, created_at timestamptz, updated_at timestamptz);
create table auth.schema_migrations (version varchar(255) primary key);
create table auth.audit_log_entries (
  instance_id uuid, id uuid primary key, payload json, created_at timestamptz, ip_address varchar(64) not null default ''
);
create table auth.one_time_tokens (
  id uuid primary key, user_id uuid not null references auth.users on delete cascade, token_type auth.one_time_token_type not null,
  token_hash text not null, relates_to text not null,
  created_at timestamp not null default now(), updated_at timestamp not null default now()
);
create unique index one_time_tokens_user_id_token_type_key on auth.one_time_tokens (user_id, token_type);
create table auth.flow_state (
  id uuid primary key, user_id uuid, auth_code text, code_challenge_method auth.code_challenge_method, code_challenge text,
  provider_type text not null, provider_access_token text, provider_refresh_token text,
  created_at timestamptz, updated_at timestamptz, authentication_method text not null, auth_code_issued_at timestamptz,
  invite_token text, referrer text, oauth_client_state_id uuid, linking_target_id uuid, email_optional boolean not null default false
);

create table auth.mfa_factors (
  id uuid primary key, user_id uuid not null references auth.users on delete cascade, friendly_name text,
  factor_type auth.factor_type not null, status auth.factor_status not null,
  created_at timestamptz not null, updated_at timestamptz not null, secret text, phone text,
  last_challenged_at timestamptz unique, web_authn_credential jsonb, web_authn_aaguid uuid, last_webauthn_challenge_data jsonb
);
create unique index mfa_factors_user_friendly_name_unique on auth.mfa_factors (friendly_name, user_id) where trim(friendly_name) <> '';
create unique index unique_phone_factor_per_user on auth.mfa_factors (user_id, phone);
create table auth.mfa_challenges (
  id uuid primary key,
  factor_id uuid not null constraint mfa_challenges_auth_factor_id_fkey references auth.mfa_factors on delete cascade,
  created_at timestamptz not null, verified_at timestamptz, ip_address inet not null, otp_code text, web_authn_session_data jsonb
);
create table auth.mfa_amr_claims (
  session_id uuid not null references auth.sessions on delete cascade,
  created_at timestamptz not null, updated_at timestamptz not null, authentication_method text not null,
  id uuid constraint amr_id_pk primary key,
  constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method)
);
create table auth.webauthn_credentials (
  id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users on delete cascade,
  credential_id bytea not null, public_key bytea not null, attestation_type text not null default '', aaguid uuid,
  sign_count bigint not null default 0, transports jsonb not null default '[]', backup_eligible boolean not null default false,
  backed_up boolean not null default false, friendly_name text not null default '',
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), last_used_at timestamptz
);
create unique index webauthn_credentials_credential_id_key on auth.webauthn_credentials (credential_id);
create table auth.webauthn_challenges (
  id uuid primary key default gen_random_uuid(), user_id uuid references auth.users on delete cascade,
  challenge_type text not null check (challenge_type in ('signup', 'registration', 'authentication')),
  session_data jsonb not null, created_at timestamptz not null default now(), expires_at timestamptz not null
);

create table auth.sso_providers (
  id uuid primary key, resource_id text, created_at timestamptz, updated_at timestamptz, disabled boolean
);
create unique index sso_providers_resource_id_idx on auth.sso_providers (lower(resource_id));
create table auth.sso_domains (
  id uuid primary key, sso_provider_id uuid not null references auth.sso_providers on delete cascade, domain text not null,
  created_at timestamptz, updated_at timestamptz
);
create unique index sso_domains_domain_idx on auth.sso_domains (lower(domain));
create table auth.saml_providers (
  id uuid primary key, sso_provider_id uuid not null references auth.sso_providers on delete cascade,
  entity_id text not null unique, metadata_xml text not null, metadata_url text, attribute_mapping jsonb,
  created_at timestamptz, updated_at timestamptz, name_id_format text
);
create table auth.saml_relay_states (
  id uuid primary key, sso_provider_id uuid not null references auth.sso_providers on delete cascade,
  request_id text not null, for_email text, redirect_to text, created_at timestamptz, updated_at timestamptz,
  flow_state_id uuid references auth.flow_state on delete cascade
);

create table auth.oauth_authorizations (
  id uuid primary key, authorization_id text not null unique,
  client_id uuid not null references auth.oauth_clients on delete cascade, user_id uuid references auth.users on delete cascade,
  redirect_uri text not null, scope text not null, state text, resource text, code_challenge text,
  code_challenge_method auth.code_challenge_method, response_type auth.oauth_response_type not null default 'code',
  status auth.oauth_authorization_status not null default 'pending', authorization_code text unique,
  created_at timestamptz not null default now(), expires_at timestamptz not null default (now() + interval '3 minutes'),
  approved_at timestamptz, nonce text, constraint oauth_authorizations_expires_at_future check (expires_at > created_at)
);
create index oauth_auth_pending_exp_idx on auth.oauth_authorizations (expires_at) where status = 'pending';
create table auth.oauth_consents (
  id uuid primary key, user_id uuid not null references auth.users on delete cascade,
  client_id uuid not null references auth.oauth_clients on delete cascade,
  scopes text not null, granted_at timestamptz not null default now(), revoked_at timestamptz,
  constraint oauth_consents_user_client_unique unique (user_id, client_id),
  constraint oauth_consents_revoked_after_granted check (revoked_at is null or revoked_at >= granted_at)
);
create index oauth_consents_active_user_client_idx on auth.oauth_consents (user_id, client_id) where revoked_at is null;
create index oauth_consents_active_client_idx on auth.oauth_consents (client_id) where revoked_at is null;
create table auth.oauth_client_states (
  id uuid primary key, provider_type text not null, code_verifier text, created_at timestamptz not null
);
create table auth.custom_oauth_providers (
  id uuid primary key default gen_random_uuid(), provider_type text not null check (provider_type in ('oauth2', 'oidc')),
  identifier text not null unique, name text not null, client_id text not null, client_secret text not null,
  acceptable_client_ids text[] not null default '{}', scopes text[] not null default '{}', pkce_enabled boolean not null default true,
  attribute_mapping jsonb not null default '{}', authorization_params jsonb not null default '{}', enabled boolean not null default true,
  email_optional boolean not null default false, issuer text, discovery_url text, skip_nonce_check boolean not null default false,
  cached_discovery jsonb, discovery_cached_at timestamptz, authorization_url text, token_url text, userinfo_url text, jwks_uri text,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  custom_claims_allowlist text[] not null default '{}'
);

-- Row level security without a policy: nobody but the owner and who bypasses it. The tables after 2024 have none.
do $$
declare
  v_table text;
begin
  foreach v_table in array array['schema_migrations', 'instances', 'users', 'audit_log_entries', 'saml_relay_states',
    'refresh_tokens', 'mfa_factors', 'sessions', 'sso_providers', 'sso_domains', 'mfa_challenges', 'mfa_amr_claims',
    'saml_providers', 'flow_state', 'identities', 'one_time_tokens']
  loop
    execute format('alter table auth.%I enable row level security', v_table);
    execute format('grant select on auth.%I to postgres with grant option', v_table);
  end loop;
end
$$;
revoke all on auth.schema_migrations from postgres, dashboard_user;
grant select on auth.schema_migrations to postgres with grant option;

create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid
$$;
create function auth.role() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
                  (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'))::text
$$;
create function auth.email() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
                  (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'))::text
$$;
create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                  nullif(current_setting('request.jwt.claims', true), ''))::jsonb
$$;
reset role;

-- Storage: what of it a policy or a bucket of ours can touch. Its role owns the tables, `postgres` is no member of it.
-- Whoever deletes rows by hand is refused: the files would stay.
do $storage$
begin
  if current_setting('footprint_test.storage_policies', true) = 'none' then
    return;
  end if;
  create schema storage;
  grant usage on schema storage to anon, authenticated, service_role;
  grant usage on schema storage to postgres with grant option;
  grant all on schema storage to dashboard_user;
  grant all on schema storage to supabase_storage_admin with grant option;
  set local role supabase_storage_admin;

  create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
  create table storage.buckets (
    id text primary key, name text not null, owner uuid, created_at timestamptz default now(), updated_at timestamptz default now(),
    public boolean default false, avif_autodetection boolean default false, file_size_limit bigint, allowed_mime_types text[],
    owner_id text, type storage.buckettype not null default 'STANDARD',
    versioning_status text not null default 'DISABLED' check (versioning_status in ('DISABLED', 'ENABLED', 'SUSPENDED')),
    constraint buckets_versioning_standard_only_check check (type = 'STANDARD' or versioning_status = 'DISABLED'),
    constraint buckets_versioning_dark_check check (versioning_status = 'DISABLED')
  );
  create unique index bname on storage.buckets (name);
  create table storage.objects (
    id uuid primary key default gen_random_uuid(),
    bucket_id text constraint "objects_bucketId_fkey" references storage.buckets, name text, owner uuid,
    created_at timestamptz default now(), updated_at timestamptz default now(), last_accessed_at timestamptz default now(),
    metadata jsonb, path_tokens text[] generated always as (string_to_array(name, '/')) stored, version text, owner_id text,
    user_metadata jsonb, archived_at timestamptz, is_delete_marker boolean not null default false, is_versioned boolean not null default false
  );
  create unique index bucketid_objname on storage.objects (bucket_id, name);
  create index name_prefix_search on storage.objects (name text_pattern_ops);
  create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
  create index idx_objects_bucket_id_name_lower on storage.objects (bucket_id, lower(name) collate "C");
  alter table storage.buckets enable row level security;
  alter table storage.objects enable row level security;
  grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
  grant all on storage.buckets, storage.objects to postgres with grant option;

  create function storage.foldername(name text) returns text[] language sql immutable as
    $$ select (string_to_array(name, '/'))[1:array_length(string_to_array(name, '/'), 1) - 1] $$;
  create function storage.filename(name text) returns text language sql immutable as
    $$ select (string_to_array(name, '/'))[array_length(string_to_array(name, '/'), 1)] $$;
  create function storage.extension(name text) returns text language sql immutable as
    $$ select reverse(split_part(reverse(storage.filename(name)), '.', 1)) $$;
  create function storage.update_updated_at_column() returns trigger language plpgsql as $$
    begin
      new.updated_at = now();
      return new;
    end $$;
  create function storage.enforce_bucket_name_length() returns trigger language plpgsql as $$
    begin
      if length(new.name) > 100 then
        raise exception 'the bucket name "%" has more than 100 characters', new.name;
      end if;
      return new;
    end $$;
  create function storage.protect_delete() returns trigger language plpgsql as $$
    begin
      if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
        raise exception using errcode = '42501', message = 'no direct delete from the tables of Storage; use its API';
      end if;
      return null;
    end $$;
  create trigger update_objects_updated_at before update on storage.objects
    for each row execute function storage.update_updated_at_column();
  create trigger enforce_bucket_name_length_trigger before insert or update of name on storage.buckets
    for each row execute function storage.enforce_bucket_name_length();
  create trigger protect_buckets_delete before delete on storage.buckets for each statement execute function storage.protect_delete();
  create trigger protect_objects_delete before delete on storage.objects for each statement execute function storage.protect_delete();
end
$storage$;
reset role;

-- What supautils does for `postgres` (its policy_grants and drop_trigger_grants): on some tables that are another's, it
-- makes, alters and drops policies and drops triggers. All else that only an owner may do (alter table, comment, create
-- index) stays refused. As there, each such command of `postgres` locks all these tables against everybody until its
-- transaction ends, whichever table it is for. supautils runs the command as a superuser; here `postgres` is written
-- in as owner while it runs, in the catalogue, for `alter table ... owner to` would merge the grants of both.
create table extensions.supautils_grants (relation regclass primary key, owner regrole not null);
revoke all on extensions.supautils_grants from postgres;
insert into extensions.supautils_grants
select c.oid, c.relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'auth' and c.relname in ('audit_log_entries', 'identities', 'refresh_tokens', 'sessions', 'users')
    or n.nspname = 'storage' and c.relname in ('buckets', 'objects')
       and current_setting('footprint_test.storage_policies', true) is distinct from 'refused';
create function extensions.supautils_stand_in() returns event_trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_table regclass;
begin
  if coalesce(nullif(current_setting('role'), 'none'), session_user) <> 'postgres' then
    return;
  end if;
  if tg_event = 'ddl_command_start' then
    for v_table in select g.relation from extensions.supautils_grants g order by g.relation loop
      execute format('lock table %s in access exclusive mode', v_table);
    end loop;
  end if;
  update pg_catalog.pg_class c
     set relowner = case tg_event when 'ddl_command_start' then 'postgres'::regrole else g.owner end
    from extensions.supautils_grants g where c.oid = g.relation;
end
$$;
create event trigger supautils_stand_in_start on ddl_command_start
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER') execute function extensions.supautils_stand_in();
create event trigger supautils_stand_in_end on ddl_command_end
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER') execute function extensions.supautils_stand_in();

-- Tells PostgREST of a changed schema, once a transaction; not of temporary tables and not of what Supabase's own
-- schemas hold, but for triggers there.
create function extensions.pgrst_ddl_watch() returns event_trigger language plpgsql set search_path = '' as $$
begin
  if exists (select from pg_catalog.pg_event_trigger_ddl_commands() c
              where c.command_tag in ('CREATE SCHEMA', 'ALTER SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE',
                      'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'CREATE VIEW', 'ALTER VIEW', 'CREATE MATERIALIZED VIEW',
                      'ALTER MATERIALIZED VIEW', 'CREATE FUNCTION', 'ALTER FUNCTION', 'CREATE TYPE', 'ALTER TYPE', 'CREATE RULE', 'COMMENT')
                and coalesce(c.schema_name, '') not in ('pg_temp', 'auth', 'realtime', '_realtime', 'storage')
                 or c.command_tag = 'CREATE TRIGGER' and c.object_identity not like '% pg\_temp.%') then
    notify pgrst, 'reload schema';
  end if;
end
$$;
create function extensions.pgrst_drop_watch() returns event_trigger language plpgsql set search_path = '' as $$
begin
  if exists (select from pg_catalog.pg_event_trigger_dropped_objects() o
              where o.object_type in ('schema', 'table', 'foreign table', 'view', 'materialized view', 'function', 'type', 'rule')
                and not o.is_temporary and coalesce(o.schema_name, '') not in ('auth', 'realtime', '_realtime', 'storage')
                 or o.object_type = 'trigger' and o.object_identity not like '% pg\_temp.%') then
    notify pgrst, 'reload schema';
  end if;
end
$$;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_drop_watch();
