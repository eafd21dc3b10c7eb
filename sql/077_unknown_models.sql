-- Unknown is not zero: models that no factor is known for, and how they get one.
--
-- A request whose model has no factor has no impact and says so (impact_reason no_factor). Two ways out:
-- `footprint resolve` adds a factor to the active set for each name that the ladder can match by now, and
-- an admin maps a name to a known model or enters a size with its source (map_model, audited). Either
-- fills only the rows that had nothing; to change what other requests say takes a restatement.

-- Factors are insert-only, so that what was derived with one can always be derived again. Adding one to
-- a set changes no figure of it.

create or replace function private.size_figures(p_factor_set text, p_kind text, p_active_b float8, p_total_b float8)
returns table (energy_j_per_token_out float8, embodied_gco2e_per_token_out float8, embodied_gco2e_per_token_in float8)
language sql stable security definer set search_path = '' as $$
  select (k ->> 'embedding_j_per_b')::float8 * p_active_b, 0::float8,
         (k ->> 'embedding_j_per_b')::float8 * p_active_b * (k ->> 'embodied_gco2e_per_j')::float8
  from public.factor_sets s
  cross join lateral (select s.sources -> 'constants') as c (k)
  where s.factor_set = p_factor_set and p_kind = 'embedding'
  union all
  select (k ->> 'size_coefficient_j')::float8
           * power(greatest(p_active_b, (k ->> 'size_minimum_active_b')::float8), (k ->> 'size_exponent_active')::float8)
           * power(greatest(p_total_b, (k ->> 'size_minimum_total_b')::float8), (k ->> 'size_exponent_total')::float8),
         ((k ->> 'latency_active_s')::float8 * p_active_b + (k ->> 'latency_batch_s')::float8 * (k ->> 'batch_size')::float8
            + (k ->> 'latency_constant_s')::float8)
           * (a.n / (k ->> 'accelerators_per_server')::float8 * (k ->> 'server_embodied_kgco2e')::float8
              + a.n * (k ->> 'accelerator_embodied_kgco2e')::float8) * 1000
           / ((k ->> 'hardware_life_s')::float8 * (k ->> 'batch_size')::float8),
         0::float8
  from public.factor_sets s
  cross join lateral (select s.sources -> 'constants') as c (k)
  cross join lateral (select power(2::float8, ceil(ln(ceil((k ->> 'memory_margin')::float8 * p_total_b * (k ->> 'weight_bytes')::float8
    / (k ->> 'accelerator_memory_gb')::float8)) / ln(2::float8) - 1e-9))) as a (n)
  where s.factor_set = p_factor_set and p_kind = 'text'
$$;
comment on function private.size_figures(text, text, float8, float8) is
  'Accelerator J per token, embodied gCO2e per generated and per read token of a kind and size (billions of parameters), with the constants of a factor set; as energy_from_size, embodied_from_size and embedding_energy_from_size in engine.py.';

-- Weights and band of a factor made from a size: an embedding weighs by what it reads.
create or replace function private.size_weights(p_factor_set text, p_kind text, p_evidence text)
returns table (band numeric, weight_input numeric, weight_cached numeric, host_overhead numeric)
language sql stable security definer set search_path = '' as $$
  select (case p_kind when 'text' then k -> 'bands' else k -> 'embedding_bands' end ->> p_evidence)::numeric,
         case p_kind when 'text' then (k ->> 'weight_input')::numeric else 1 end,
         case p_kind when 'text' then (k ->> 'weight_cached')::numeric else 1 end,
         (k ->> 'host_overhead')::numeric
  from public.factor_sets s
  cross join lateral (select s.sources -> 'constants') as c (k)
  where s.factor_set = p_factor_set
$$;
comment on function private.size_weights(text, text, text) is
  'Band (by open or closed evidence), weights of input tokens and host overhead of a kind of factor, from the constants of a set.';

create or replace function private.fill_unknown(p_provider text, p_model text, p_limit bigint) returns bigint
language sql security definer set search_path = '' as $$
  select private.derive_again(
    format('r.impact_reason in (''no_factor'', ''not_modelled'') and private.kind_of_call(r.call_type) is not null'
           ' and r.provider = %L and r.model = %L', p_provider, p_model),
    private.setting('active_factor_set') #>> '{}', null, p_limit)
$$;
comment on function private.fill_unknown(text, text, bigint) is
  'Derives requests of a name that had no factor, now that there is one; answers how many.';

-- The names that have requests without an impact, as they are written there.
create or replace view private.unfactored_names with (security_invoker = true) as
  select r.provider, r.model, k.kind, count(*) as requests, sum(r.tokens_used) as tokens_used, sum(r.cost_eur) as cost_eur,
         min(r.started_at) as first_seen, max(r.started_at) as last_seen
  from public.request_logs r
  cross join lateral private.kind_of_call(r.call_type) as k (kind)
  where r.impact_reason in ('no_factor', 'not_modelled') and k.kind is not null
  group by r.provider, r.model, k.kind;
comment on view private.unfactored_names is 'Names of models without a factor, by what they were asked for (text or embedding), with their requests, tokens and known cost.';
revoke all on private.unfactored_names from public, anon, authenticated, service_role;

create or replace function private.unknown_models() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_admin();
  return coalesce((select jsonb_agg(to_jsonb(u) order by u.tokens_used desc, u.provider, u.model) from private.unfactored_names u), '[]');
end
$$;
comment on function private.unknown_models() is 'The admin queue: models without a factor, the most tokens first; admins only.';
create or replace function private.map_model(
  p_provider text, p_model text, p_target_provider text, p_target_model text,
  p_active_b float8, p_total_b float8, p_disclosed boolean, p_source text, p_kind text
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_set constant text := private.setting('active_factor_set') #>> '{}';
  v_evidence constant text := case when coalesce(p_disclosed, false) then 'open' else 'closed' end;
  v_kind constant text := coalesce(p_kind, 'text');
  v_before jsonb;
  m public.model_mappings;
  v_filled bigint := 0;
  n record;
begin
  perform private.require_admin();
  m.provider := lower(btrim(coalesce(p_provider, '')));
  m.model := lower(btrim(coalesce(p_model, '')));
  if m.model = '' or length(m.model) > 300 then
    raise sqlstate 'PT400' using message = 'Say which model: a name of 1 to 300 characters.';
  elsif coalesce(btrim(p_source), '') = '' then
    raise sqlstate 'PT400' using message = 'Say where it is known from: a source is needed.';
  elsif (p_target_model is null) = (p_total_b is null) then
    raise sqlstate 'PT400' using message = 'Give either a known model or a size.';
  elsif v_kind not in ('text', 'embedding') then
    raise sqlstate 'PT400' using message = 'What it is asked for is text or embedding.';
  end if;
  m.source := left(btrim(p_source), 1000);
  m.created_by := private.current_user_id();
  if p_target_model is not null then
    m.target_provider := lower(btrim(coalesce(p_target_provider, '')));
    m.target_model := lower(btrim(p_target_model));
    if not exists (select 1 from public.impact_factors f where f.factor_set = v_set and f.provider = m.target_provider and f.model = m.target_model
                    and f.kind = v_kind) then
      raise sqlstate 'PT404' using message = format('%s/%s has no factor for %s in set %s: choose a model that has one.', m.target_provider, m.target_model,
        case v_kind when 'text' then 'text' else 'embeddings' end, v_set);
    end if;
  else
    if not (p_total_b > 0 and p_total_b < 100000 and coalesce(p_active_b, p_total_b) > 0 and coalesce(p_active_b, p_total_b) <= p_total_b) then
      raise sqlstate 'PT400' using message = 'A size is in billions of parameters: active from 0 to total, total below 100000.';
    end if;
    m.target_provider := m.provider;
    m.target_model := m.model || '@admin-' || (1 + (select count(*) from public.impact_factors f
      where f.factor_set = v_set and f.provider = m.provider and starts_with(f.model, m.model || '@admin-')));
    insert into public.impact_factors (factor_id, factor_set, provider, model, kind, match, evidence, energy_j_per_token_out,
      embodied_gco2e_per_token_out, embodied_gco2e_per_token_in, band, weight_input, weight_cached, host_overhead,
      parameters_active_b, parameters_total_b, sources)
    select v_set || '/' || m.target_provider || '/' || m.target_model, v_set, m.target_provider, m.target_model, v_kind, 'admin', v_evidence,
           f.energy_j_per_token_out::numeric, f.embodied_gco2e_per_token_out::numeric, f.embodied_gco2e_per_token_in::numeric,
           w.band, w.weight_input, w.weight_cached, w.host_overhead, coalesce(p_active_b, p_total_b)::numeric, p_total_b::numeric,
           jsonb_build_object('energy', case v_kind when 'text' then 'size-fit' else 'embedding-work' end, 'size', 'admin', 'matched', m.source)
      from private.size_figures(v_set, v_kind, coalesce(p_active_b, p_total_b), p_total_b) as f
      cross join private.size_weights(v_set, v_kind, v_evidence) as w
     where f.energy_j_per_token_out is not null and f.embodied_gco2e_per_token_out is not null and w.band is not null;
    if not found then
      raise sqlstate 'PT409' using message = format('Factor set %s does not hold the constants for a size: run `footprint factors sync --activate`.', v_set);
    end if;
  end if;
  select to_jsonb(x) into v_before from public.model_mappings x where x.provider = m.provider and x.model = m.model;
  insert into public.model_mappings (provider, model, target_provider, target_model, source, created_by)
  values (m.provider, m.model, m.target_provider, m.target_model, m.source, m.created_by)
  on conflict (provider, model) do update set target_provider = excluded.target_provider, target_model = excluded.target_model,
    source = excluded.source, created_by = excluded.created_by, created_at = now()
  returning * into m;
  perform private.audit('model.map', m.provider || '/' || m.model, v_before, to_jsonb(m));
  -- Within one statement of the API only so many rows: `footprint resolve` fills the others.
  select u.provider, u.model into n from private.unfactored_names u
   where lower(u.provider) = m.provider and lower(u.model) = m.model and u.kind = v_kind order by u.requests desc limit 1;
  if n.model is not null then
    v_filled := private.fill_unknown(n.provider, n.model, 20000);
  end if;
  return jsonb_build_object('filled', v_filled, 'left', (select coalesce(sum(u.requests), 0) from private.unfactored_names u
    where lower(u.provider) = m.provider and lower(u.model) = m.model and u.kind = v_kind), 'target', m.target_provider || '/' || m.target_model);
end
$$;
comment on function private.map_model(text, text, text, text, float8, float8, boolean, text, text) is
  'Gives a model the factor of a known one, or one from its size, and fills its requests that had none; admins only, audited.';

create or replace function public.unknown_models() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.unknown_models() $$;
comment on function public.unknown_models() is 'Models without a factor, with requests, tokens, known cost, first and last seen; admins only.';
create or replace function public.map_model(
  p_provider text, p_model text, p_source text, p_target_provider text default null, p_target_model text default null,
  p_active_b float8 default null, p_total_b float8 default null, p_disclosed boolean default false, p_kind text default 'text'
) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.map_model(p_provider, p_model, p_target_provider, p_target_model, p_active_b, p_total_b, p_disclosed, p_source, p_kind)
$$;
comment on function public.map_model(text, text, text, text, text, float8, float8, boolean, text) is
  'Says what a model is when asked for text or embeddings (p_kind): like a known one (p_target_...), or of a size in billions of parameters, with a source; fills its requests that had no impact. Admins only.';

-- Another set starts without the sizes that admins entered: they are worked out anew with its constants.
create or replace function private.carry_admin_factors(p_factor_set text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  insert into public.impact_factors (factor_id, factor_set, provider, model, kind, match, evidence, energy_j_per_token_out,
    embodied_gco2e_per_token_out, embodied_gco2e_per_token_in, band, weight_input, weight_cached, host_overhead,
    parameters_active_b, parameters_total_b, sources)
  select distinct on (o.provider, o.model) p_factor_set || '/' || o.provider || '/' || o.model, p_factor_set, o.provider, o.model, o.kind, 'admin', o.evidence,
         f.energy_j_per_token_out::numeric, f.embodied_gco2e_per_token_out::numeric, f.embodied_gco2e_per_token_in::numeric,
         w.band, w.weight_input, w.weight_cached, w.host_overhead, o.parameters_active_b, o.parameters_total_b, o.sources
    from public.impact_factors o
    join public.model_mappings m on m.target_provider = o.provider and m.target_model = o.model
    cross join lateral private.size_figures(p_factor_set, o.kind, o.parameters_active_b::float8, o.parameters_total_b::float8) as f
    cross join lateral private.size_weights(p_factor_set, o.kind, o.evidence) as w
   where o.match = 'admin' and o.factor_set <> p_factor_set and f.energy_j_per_token_out is not null and f.embodied_gco2e_per_token_out is not null and w.band is not null
   order by o.provider, o.model, o.factor_set desc
  on conflict do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.carry_admin_factors(text) is
  'Gives a set the factors of the sizes that admins entered for another one; answers how many it did not have.';
create or replace function private.on_factor_set_activated() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.carry_admin_factors(new.value #>> '{}');
  return null;
end
$$;
comment on function private.on_factor_set_activated() is 'Trigger of settings: the set that becomes active gets the sizes that admins entered.';
create or replace trigger on_factor_set_activated after update on public.settings
  for each row when (new.key = 'active_factor_set') execute function private.on_factor_set_activated();

create or replace function private.activate_factor_set(p_factor_set text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_before constant jsonb := private.setting('active_factor_set');
begin
  update public.settings set value = to_jsonb(p_factor_set), updated_by = private.current_user_id()
   where key = 'active_factor_set' and value is distinct from to_jsonb(p_factor_set);
  if found then
    perform private.audit('factor_set.activate', p_factor_set, v_before, to_jsonb(p_factor_set));
  end if;
end
$$;
comment on function private.activate_factor_set(text) is
  'New requests are derived with this set from now on; stored ones keep theirs. Audited; for an operator at the database.';

revoke execute on function private.activate_factor_set(text), private.size_figures(text, text, float8, float8), private.size_weights(text, text, text), private.fill_unknown(text, text, bigint), private.unknown_models(),
  private.map_model(text, text, text, text, float8, float8, boolean, text, text), private.carry_admin_factors(text), private.on_factor_set_activated(),
  public.unknown_models(), public.map_model(text, text, text, text, text, float8, float8, boolean, text)
  from public, anon, authenticated, service_role;
grant execute on function private.unknown_models(), private.map_model(text, text, text, text, float8, float8, boolean, text, text),
  public.unknown_models(), public.map_model(text, text, text, text, text, float8, float8, boolean, text) to authenticated;
