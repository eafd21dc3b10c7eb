-- Jobs: what is asked for now, done later and asked after in between is one request.
--
-- A background response, a batch, a fine-tuning, a video: its creation, what was read of it and its end are events
-- with one job_id, from any process, in any order (lib/footprint/ingest/jobs.py). store_events stores them like others;
-- then merge_jobs leaves one row of each job: the one that says most, with what only the creation knows. Flags say
-- what an event is: job_open (the job has not ended), job_read (who made it is not known, but who read it).
--
-- An answer of the Responses API that can be read again has ':answered' behind the job's name: such a row is a request of
-- its own, also where a gateway gives several the same name, and what was read is dropped.

create or replace function private.job_of(p_job_id text) returns text
language sql immutable parallel safe
begin atomic
  select case when right(p_job_id, 9) = ':answered' then left(p_job_id, -9) else p_job_id end;
end;
comment on function private.job_of(text) is 'The job that a job_id names, whether its answer came at once or not.';

-- Two batches with events of one job follow one another, whatever connection they come by. Answers that came at once
-- concern no other answer: their locks are shared. Few buckets, because locks of a transaction lie in shared memory.
create or replace function private.lock_jobs(p_events jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  b record;
begin
  for b in
    select 8001072000000000 + (hashtextextended(private.job_of(j.job_id), 0) & 63) as key, bool_or(private.job_of(j.job_id) = j.job_id) as is_alone
      from (select e ->> 'job_id' as job_id from jsonb_array_elements(p_events) e where jsonb_typeof(e) = 'object') as j
     where j.job_id <> '' group by 1 order by 1
  loop
    if b.is_alone then
      perform pg_advisory_xact_lock(b.key);
    else
      perform pg_advisory_xact_lock_shared(b.key);
    end if;
  end loop;
end
$$;
comment on function private.lock_jobs(jsonb) is
  'Waits for other batches with events of the same jobs. To be called before the statement that stores them, so that it sees what they stored.';

create or replace function private.job_state(p_row public.request_logs) returns integer
language sql immutable set search_path = '' as $$
  select case
    when not o.is_open and o.is_known then 1 when not o.is_open and p_row.status <> 'success' then 2
    when o.is_known then 3 when not o.is_open then 4 else 5 end
  from (select coalesce('job_open' = any (p_row.flags), false), p_row.tokens_used > 0 or p_row.cost_usd is not null) as o (is_open, is_known)
$$;
comment on function private.job_state(public.request_logs) is
  'How much a row says of its job, 1 being most: ended and what it used or cost; ended without success; what it will cost; ended; not ended.';

create or replace function private.merge_jobs(p_events jsonb, p_user_id text, p_team text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_jobs text[];
  v_gone uuid[];
  v_kept jsonb;    -- job → event
  v_answer jsonb;  -- source → rows deleted
  v_zone constant text := private.reporting_timezone();
  v_planning_rate constant numeric := (private.setting('fx_planning_rate_eur_per_usd') #>> '{}')::numeric;
begin
  v_jobs := array(
    select j.job from (
      select distinct private.job_of(e ->> 'job_id') as job from jsonb_array_elements(p_events) e
       where jsonb_typeof(e) = 'object' and e ->> 'job_id' <> '') as j
     -- One look-up in the index for each; an answer that nobody read again ends here.
     cross join lateral (select count(*) from (select from public.request_logs r where r.job_id = j.job limit 2) x) as own (rows)
     where own.rows > 1
        or own.rows = 1 and exists (select from public.request_logs r where r.job_id = j.job || ':answered'));
  if v_jobs = '{}' then
    return '{}';
  end if;

  with locked as materialized (
    select r.* from public.request_logs r
     where r.job_id in (select j from unnest(v_jobs) j union all select j || ':answered' from unnest(v_jobs) j)
       and (p_user_id is null or r.user_profile_id = p_user_id) and (p_team is null or r.team = p_team)
     order by r.event_id for no key update
  ), answered as (
    select distinct private.job_of(l.job_id) as job from locked l where private.job_of(l.job_id) <> l.job_id
  ), ranked as (
    select l.*, a.job is not null as is_answered,
           row_number() over (partition by l.job_id order by private.job_state(l.*), (l.tokens_used > 0)::int desc,
             (l.cost_usd is not null)::int desc, l.started_at, l.event_id) as place
      from locked l left join answered a on a.job = l.job_id
     where private.job_of(l.job_id) = l.job_id
  )
  select array_agg(k.event_id order by k.event_id) filter (where k.is_answered or k.place > 1),
         jsonb_object_agg(k.job_id, k.event_id) filter (where not k.is_answered and k.place = 1)
    into v_gone, v_kept from ranked k;

  with everything as (
    select r.*, coalesce('job_open' = any (r.flags), false) as is_open, coalesce('job_read' = any (r.flags), false) as is_read,
           (v_kept ->> r.job_id)::uuid as kept
      from public.request_logs r
     where r.event_id = any (v_gone) or r.event_id in (select id::uuid from jsonb_each_text(v_kept) as x (job, id))
  ), told as (
    select e.kept, bool_and(e.is_open) as is_open, bool_and(e.is_read) as is_read,
           (array_agg(e.event_id order by e.user_profile_id is null, e.is_read,
              array_position(array['verified', 'session', 'signed', 'declared'], e.attribution), e.started_at, e.event_id))[1] as person
      from everything e where e.kept is not null group by e.kept having count(*) > 1
  ), said as (
    -- Who made the job says when, by what and for whom; who read it speaks only where nobody else does.
    select t.kept, t.is_open, t.is_read, t.person,
           (array_agg(e.started_at order by e.place))[1] as started_at,
           (array_agg(e.source order by e.place))[1] as source,
           (array_agg(e.litellm_call_id order by e.place) filter (where e.litellm_call_id is not null))[1] as litellm_call_id,
           (array_agg(e.trace_id order by e.place) filter (where e.trace_id is not null))[1] as trace_id,
           (array_agg(e.session_id order by e.place) filter (where e.session_id is not null))[1] as session_id,
           (array_agg(e.end_user order by e.place) filter (where e.end_user is not null))[1] as end_user,
           (array_agg(e.team order by e.place) filter (where e.team is not null))[1] as team,
           (array_agg(e.model_group order by e.place) filter (where e.model_group is not null))[1] as model_group,
           (array_agg(to_jsonb(e.tags) order by e.place) filter (where e.tags is not null))[1] as tags,
           (array_agg(e.stream order by e.place) filter (where e.stream is not null))[1] as stream,
           (array_agg(e.latency_s order by e.place) filter (where e.latency_s is not null))[1] as latency_s,
           (array_agg(e.quantities order by e.place) filter (where e.quantities is not null))[1] as quantities,
           (array_agg(e.service_tier order by e.place) filter (where e.service_tier is not null))[1] as service_tier,
           (array_agg(e.model order by e.place) filter (where e.model <> 'unknown'))[1] as model
      from told t join (select x.*, row_number() over (order by x.is_read, x.started_at, x.event_id) as place from everything x) e on e.kept = t.kept
     where t.is_read or not e.is_read or e.event_id = t.kept
     group by t.kept, t.is_open, t.is_read, t.person
  ), wanted as (
    select s.kept, s.started_at, s.source, s.litellm_call_id, s.trace_id, s.session_id, s.end_user, coalesce(p.team, s.team) as team,
           s.model_group, case when s.tags is not null then array(select jsonb_array_elements_text(s.tags)) end as tags, s.stream,
           s.latency_s, coalesce(r.quantities, s.quantities) as quantities, coalesce(r.service_tier, s.service_tier) as service_tier,
           -- A row with tokens was weighed as its own model.
           case when r.model = 'unknown' and r.tokens_used = 0 and s.model is not null then s.model else r.model end as model,
           p.user_profile_id, p.attribution, p.user_email, p.user_name,
           nullif(array(select f from unnest(r.flags) f where (f <> 'job_open' or s.is_open) and (f <> 'job_read' or s.is_read)), '{}') as flags,
           cost.usd as cost_usd, cost.eur as cost_eur, case when r.cost_usd is not null then fx.rate end as rate,
           case when r.cost_usd is not null then fx.day end as day
      from said s join public.request_logs r on r.event_id = s.kept join public.request_logs p on p.event_id = s.person
      cross join lateral private.fx_on((s.started_at at time zone v_zone)::date, v_planning_rate) as fx
      cross join lateral private.cost_in_both(r.cost_usd, r.reported_cost, r.reported_currency, fx.rate,
        (s.started_at at time zone v_zone)::date) as cost
  )
  update public.request_logs r
     set started_at = w.started_at, source = w.source, litellm_call_id = w.litellm_call_id, trace_id = w.trace_id, session_id = w.session_id,
         end_user = w.end_user, team = w.team, model_group = w.model_group, tags = w.tags, stream = w.stream, latency_s = w.latency_s,
         quantities = w.quantities, service_tier = w.service_tier, model = w.model, user_profile_id = w.user_profile_id,
         attribution = w.attribution, user_email = w.user_email, user_name = w.user_name, flags = w.flags,
         cost_usd = coalesce(w.cost_usd, r.cost_usd), cost_eur = coalesce(w.cost_eur, r.cost_eur),
         fx_eur_per_usd = coalesce(w.rate, r.fx_eur_per_usd), fx_date = case when w.rate is not null then w.day else r.fx_date end
    from wanted w
   where r.event_id = w.kept
     and (r.started_at, r.source, r.litellm_call_id, r.trace_id, r.session_id, r.end_user, r.team, r.model_group, r.tags, r.stream, r.latency_s,
          r.quantities, r.service_tier, r.model, r.user_profile_id, r.attribution, r.user_email, r.user_name, r.flags) is distinct from
         (w.started_at, w.source, w.litellm_call_id, w.trace_id, w.session_id, w.end_user, w.team, w.model_group, w.tags, w.stream, w.latency_s,
          w.quantities, w.service_tier, w.model, w.user_profile_id, w.attribution, w.user_email, w.user_name, w.flags);

  if v_gone is null then
    return '{}';
  end if;
  -- What was asked and answered goes on with the row that stays.
  update public.request_payloads p set event_id = k.event_id, user_profile_id = k.user_profile_id
    from public.request_logs g
    join public.request_logs k on k.event_id = (v_kept ->> g.job_id)::uuid
   where p.event_id = g.event_id and g.event_id = any (v_gone) and k.user_profile_id is not null
     and not exists (select from public.request_payloads o where o.event_id = k.event_id)
     and g.event_id = (select min(q.event_id::text)::uuid from public.request_payloads q join public.request_logs h on h.event_id = q.event_id
                        where h.job_id = g.job_id and h.event_id = any (v_gone));
  with gone as (
    delete from public.request_logs r where r.event_id = any (v_gone) returning r.source)
  select coalesce(jsonb_object_agg(g.source, g.rows), '{}') into v_answer from (select source, count(*) as rows from gone group by source) g;
  return v_answer;
end
$$;
comment on function private.merge_jobs(jsonb, text, text) is
  'Leaves one row of each job that a batch has events of, within the scope of a key, and answers by source how many it deleted.';

revoke execute on function private.job_of(text), private.lock_jobs(jsonb), private.job_state(public.request_logs),
  private.merge_jobs(jsonb, text, text) from public, anon, authenticated, service_role;
